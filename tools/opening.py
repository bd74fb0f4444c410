"""The opening of a chapter: question, objectives, needs, minutes, data.

It stands in the chapter as YAML in a ``{chapter-opening}`` block. The page, the
instructors' table and the contract test all read it here.
"""

from __future__ import annotations

import re

import yaml

BLOCK = re.compile(r"^```\{chapter-opening\}\n(.*?)^```", re.M | re.S)
KEYS = {"question": str, "objectives": list, "needs": str, "minutes": int, "data": str}


class OpeningError(ValueError):
    """An opening that lacks something or says it in the wrong form."""


def parse(text: str) -> dict:
    """The facts in the YAML text of one opening, checked.

    Raises
    ------
    OpeningError
        When a key is missing, unknown or of the wrong kind, or when there are
        not three to five objectives.
    """
    facts = yaml.safe_load(text)
    if not isinstance(facts, dict):
        raise OpeningError("the chapter opening is not a list of 'key: value' lines")
    for key in facts.keys() - KEYS.keys():
        raise OpeningError(f"the chapter opening has an unknown key {key!r}")
    for key, kind in KEYS.items():
        if not isinstance(facts.get(key), kind) or not facts[key]:
            raise OpeningError(f"the chapter opening needs {key!r} as {kind.__name__}")
    if not 3 <= len(facts["objectives"]) <= 5:
        raise OpeningError(f"3 to 5 objectives are asked for, not {len(facts['objectives'])}")
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


def fact_rows(facts: dict) -> list[tuple[str, str]]:
    """The small facts of the box, as (term, text)."""
    return [
        ("You need", facts["needs"]),
        ("Time", f"about {facts['minutes']} minutes"),
        ("Data", facts["data"]),
    ]
