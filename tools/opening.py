"""The opening of a chapter: question, objectives, needs, minutes, data.

It stands in the chapter as YAML in a ``{chapter-opening}`` block. The page, the
instructors' table, the map of the chapters and the contract test all read it here.
``needs`` says what a reader must know beforehand; ``builds_on`` names the earlier
chapters without which this one cannot be followed, and only those. ``draft: true`` marks
a chapter that is not finished: it may be short, the page says so, and no release has one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

BLOCK = re.compile(r"^```\{chapter-opening\}\n(.*?)^```", re.M | re.S)
KEYS = {"question": str, "objectives": list, "needs": str, "minutes": int, "data": str}
STEM = re.compile(r"\d\d-[a-z0-9-]+")


class OpeningError(ValueError):
    """An opening that lacks something or says it in the wrong form."""


def parse(text: str) -> dict:
    """The facts in the YAML text of one opening, checked.

    Raises
    ------
    OpeningError
        When a key is missing, unknown or of the wrong kind, when there are not
        three to five objectives, or when ``builds_on`` is no list of chapters.
    """
    facts = yaml.safe_load(text)
    if not isinstance(facts, dict):
        raise OpeningError("the chapter opening is not a list of 'key: value' lines")
    for key in facts.keys() - KEYS.keys() - {"builds_on", "draft"}:
        raise OpeningError(f"the chapter opening has an unknown key {key!r}")
    for key, kind in KEYS.items():
        if not isinstance(facts.get(key), kind) or not facts[key]:
            raise OpeningError(f"the chapter opening needs {key!r} as {kind.__name__}")
    if not 3 <= len(facts["objectives"]) <= 5:
        raise OpeningError(f"3 to 5 objectives are asked for, not {len(facts['objectives'])}")
    if "builds_on" not in facts:
        raise OpeningError("the chapter opening needs 'builds_on', a list that may be empty")
    names = facts["builds_on"]
    if not isinstance(names, list) or not all(STEM.fullmatch(str(name)) for name in names):
        raise OpeningError(f"builds_on is a list of chapters such as [02-study], not {names!r}")
    if names != sorted(set(names)):
        raise OpeningError(f"builds_on names each chapter once, in reading order, not {names!r}")
    if facts.get("draft", True) is not True:
        raise OpeningError("draft is true, or it is not there")
    return facts


def from_page(text: str, name: str) -> dict:
    """The opening of a whole page."""
    blocks = BLOCK.findall(text)
    if len(blocks) != 1:
        raise OpeningError(f"{name} has {len(blocks)} chapter openings, not one")
    try:
        return parse(blocks[0])
    except OpeningError as error:
        raise OpeningError(f"{name}: {error}") from error


def needs(facts: dict, titles: Mapping[str, str]) -> str:
    """What a reader needs, in Markdown: the background, then links to the chapters.

    Raises
    ------
    OpeningError
        When ``builds_on`` names a chapter that ``titles`` does not know.

    >>> facts = {"needs": "A regression", "builds_on": ["02-study"]}
    >>> needs(facts, {"02-study": "The study"})
    'A regression. It builds on {doc}`chapter 2, The study <02-study>`.'
    >>> needs(facts | {"builds_on": []}, {})
    'A regression. It builds on no other chapter.'
    """
    unknown = [name for name in facts["builds_on"] if name not in titles]
    if unknown:
        raise OpeningError(f"builds_on names {unknown[0]!r}, which is no chapter")
    links = [f"{{doc}}`chapter {int(name[:2])}, {titles[name]} <{name}>`" for name in facts["builds_on"]]
    joined = " and ".join(filter(None, [", ".join(links[:-1]), *links[-1:]])) or "no other chapter"
    # A title may end with a mark of its own.
    end = "" if links and titles[facts["builds_on"][-1]].endswith(("?", "!")) else "."
    return f"{facts['needs']}. It builds on {joined}{end}"


def fact_rows(facts: dict, titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """The small facts of the box, as (term, text)."""
    return [
        ("You need", needs(facts, titles)),
        ("Time", f"about {facts['minutes']} minutes"),
        ("Data", facts["data"]),
    ]
