"""How to cite the book, from ``CITATION.cff``."""

from __future__ import annotations

from pathlib import Path

import yaml

from tools import book

FILE = book.ROOT / "CITATION.cff"


def read(path: Path = FILE) -> dict:
    """The facts of the citation file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def authors(facts: dict) -> list[str]:
    """Each author as one name."""
    return [
        one.get("name") or f"{one['given-names']} {one['family-names']}" for one in facts["authors"]
    ]


def sentence(facts: dict) -> str:
    """The citation as a sentence of Markdown."""
    year = str(facts["date-released"])[:4]
    where = "".join(f" <{facts[key]}>" for key in ("url", "repository-code") if key in facts)
    return f"{'; '.join(authors(facts))} ({year}). *{facts['title']}*. Version {facts['version']}.{where}"


def bibtex(facts: dict) -> str:
    """The citation as an entry for a bibliography."""
    fields = {
        "author": " and ".join(f"{{{name}}}" for name in authors(facts)),
        "title": f"{{{facts['title']}}}",
        "year": str(facts["date-released"])[:4],
        "version": str(facts["version"]),
    }
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items()]
    return "\n".join(["@software{bond_or_drug,", *lines, "}"])


def as_markdown(path: Path = FILE) -> str:
    """Both, for a page."""
    facts = read(path)
    return f"{sentence(facts)}\n\n```bibtex\n{bibtex(facts)}\n```"
