"""The self-check quizzes: kept as data, their numbers computed.

A quiz is a list of questions in ``book/selfcheck/NAME.yml``::

    - id: n-insight
      question: How many ... ?
      compute:
        n: "consistency.n_from_r_p(.52, .040, r_decimals=2, p_decimals=3)[0]"
      options:
        - text: "{n}"
          correct: true
          feedback: "..."
      reread: From *r* and *n* to *p*

``reread`` names the section that teaches the answer: its heading, as it is written; or, for an
earlier chapter, the page and the heading, as in ``02-study / Who took part``. The build stops at
one that is not there. Each expression under ``compute`` is evaluated with the book's helpers, the
ledger and the values above it at hand. Its value may stand, in braces, in any text of the question;
``{n:.2f}`` formats it. A literal brace is doubled.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

QUESTION_KEYS = {"id", "question", "compute", "options", "reread"}
EARLIER = re.compile(r"(\d\d-[a-z0-9-]+) / (.+)")
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
OPTION_KEYS = {"text", "correct", "feedback"}


class SelfCheckError(ValueError):
    """A quiz that a reader could not use."""


@cache
def names_at_hand() -> dict:
    """What an expression may use."""
    import numpy as np
    import pandas as pd
    from helpers import consistency, estimators, published

    return {
        "np": np,
        "pd": pd,
        "consistency": consistency,
        "estimators": estimators,
        "published": published,
        "ledger": published.read_ledger(),
    }


def load(path: Path) -> list[dict]:
    """The questions of one quiz, checked, with every number filled in."""
    if not path.is_file():
        raise SelfCheckError(f"there is no quiz {path.name}")
    questions = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not questions or not isinstance(questions, list):
        raise SelfCheckError(f"{path.name} is no list of questions")
    ids = [question.get("id") for question in questions]
    for one in ids:
        if ids.count(one) > 1:
            raise SelfCheckError(f"{path.name}: the id {one!r} stands twice")
    filled_in = []
    for question in questions:
        where = f"{path.name}, question {question.get('id')!r}"
        reread = section(question.get("reread"), path.stem, where)
        filled_in.append(filled(question, where) | {"reread": reread})
    return filled_in


def count(path: Path) -> int:
    """How many questions a quiz has."""
    return len(yaml.safe_load(path.read_text(encoding="utf-8")))


class Section(NamedTuple):
    """A section of a chapter, which a reader may want to reread."""

    page: str
    title: str


def section(reread: str | None, page: str, where: str) -> Section:
    """The section that a question names, of its own chapter or of an earlier one."""
    if not isinstance(reread, str) or not reread.strip():
        raise SelfCheckError(f"{where}: 'reread' is missing, the section that teaches the answer")
    if match := EARLIER.fullmatch(reread):
        if match[1][:2] >= page[:2]:
            raise SelfCheckError(f"{where}: the chapter to reread, {match[1]}, does not come before {page}")
        return Section(match[1], match[2])
    return Section(page, reread)


def filled(question: dict, where: str) -> dict:
    """One question with its expressions evaluated and its texts formatted."""
    check_shape(question, where)
    values = {}
    for name, expression in question.get("compute", {}).items():
        values[name] = evaluate(expression, values, f"{where}, {name}")
    options = [
        {
            "text": fill(option["text"], values, where),
            "correct": option["correct"],
            "feedback": fill(option["feedback"], values, where),
        }
        for option in question["options"]
    ]
    texts = [option["text"] for option in options]
    if len(set(texts)) < len(texts):
        raise SelfCheckError(f"{where}: two options read the same: {texts}")
    return {
        "id": question["id"],
        "question": fill(question["question"], values, where),
        "options": options,
    }


def check_shape(question: dict, where: str) -> None:
    """Stop at a question with a missing, unknown or doubled part."""
    if unknown := question.keys() - QUESTION_KEYS:
        raise SelfCheckError(f"{where}: unknown key {sorted(unknown)[0]!r}")
    for key in ("id", "question", "options"):
        if not question.get(key):
            raise SelfCheckError(f"{where}: {key!r} is missing")
    if not ID.fullmatch(str(question["id"])):
        raise SelfCheckError(f"{where}: the id must be small letters, digits and hyphens")
    options = question["options"]
    if not 3 <= len(options) <= 6:
        raise SelfCheckError(f"{where}: {len(options)} options, not three to six")
    for option in options:
        if option.keys() != OPTION_KEYS or not option["feedback"]:
            raise SelfCheckError(f"{where}: an option needs exactly {sorted(OPTION_KEYS)}")
    right = sum(option["correct"] is True for option in options)
    if right != 1:
        raise SelfCheckError(f"{where}: {right} options are correct, not one")


def evaluate(expression: str, values: dict, where: str):
    """The value of one expression; earlier values of the question are at hand.

    The quizzes are the book's own code, so evaluating them is no risk.
    """
    try:
        return eval(expression, names_at_hand() | values)  # noqa: S307
    except Exception as error:
        raise SelfCheckError(f"{where}: {expression!r} fails: {error}") from error


def fill(text: str, values: dict, where: str) -> str:
    """A text with its computed values set in, and a true minus sign before digits."""
    try:
        return re.sub(r"(?<![\w.])-(?=\.?\d)", "\u2212", str(text).format(**values))
    except (KeyError, IndexError, ValueError) as error:
        raise SelfCheckError(f"{where}: cannot fill {text!r}: {error!r}") from error
