"""The prose lint: no statistic is typed into a sentence.

A number in prose must be computed (``{glue:text}``) or come from the ledger at
build time, so that it cannot go stale. This module finds the ones that were
typed. A number that is typed on purpose (a convention such as a conventional level, a
made-up example in an exercise, a quotation) stands in a ``{typed}`` role and has
a row in ``tests/typed_numbers.csv`` with the page, the text and the reason.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path
from typing import NamedTuple

from tools import book

ALLOWED = book.ROOT / "tests" / "typed_numbers.csv"

NUMBER = r"[-\u2212+]?(?:\d+(?:[.,]\d+)?|\.\d+)"
COUNTED = (
    "participants?|patients?|people|persons?|adults?|men|women|rows?|correlations?|claims?|"
    "tests?|studies|trials?|hours?|sessions?|numbers?|ratings?|visits?|cells?|replicates?|draws?"
)
WORDS = (
    "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|"
    "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\\w+)?"
)
SYMBOL = (
    r"(?:[rdptnNRFzMgk]|SD|SE|df|CI|α|β|ρ|alpha|beta|rho|R\^2|d_\{?\w+\}?|r_\{?\w+\}?)"
)
# What counts as a typed statistic, and how the finding is named.
PATTERNS = {
    "a statistic": rf"(?<![\w\\{{]){SYMBOL}\s*(?:=|<|>|≤|≥|≈|\\le|\\ge|\\approx)\s*\\?,?\s*{NUMBER}",
    "a percentage": rf"{NUMBER}\s*(?:\\?%|per\s?cent\b|percentage points?\b)",
    "a decimal number": r"(?<![\w.])[-\u2212+]?\d*\.\d+(?!\w|\.\d)",
    "a mean": rf"\b(?:means?|averages?|medians?|SDs?|standard deviations?)\s+(?:is|was|are|of|=)\s+{NUMBER}",
    "a count": rf"\b(?:\d+|{WORDS})\s+(?:\w+\s+)?(?:{COUNTED})\b",
}
# Numbers that are names or conventions, not results.
CONVENTIONS = re.compile(
    r"\b95% (?:confidence |HC3 )?intervals?|\bmiddle 95%|\b95% of such\b|Python,? (?:version )?\d\.\d+|"
    r"version \d\.\d+|CC BY \d\.\d|\b[Cc]hapters? \d+(?: (?:to|and) \d+)?|\b2021 trial"
)
# A target that other pages link to, on a line of its own.
LABEL = re.compile(r"^\([\w-]+\)=$", re.M)
# Equalities that state a model or a hypothesis, not a result.
HARMLESS = re.compile(r"(?:=|<|>|≤|≥)\s*[-\u2212+]?[01](?![\d.])")


class Finding(NamedTuple):
    """One typed number: where it stands, what it is, what it says."""

    page: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return (
            f"{self.page}, line {self.line}: {self.kind} is typed into the prose: {self.text!r}; "
            "compute it with glue, or mark it with {typed} and list it in tests/typed_numbers.csv"
        )


def blank(match: re.Match) -> str:
    """White space of the same length and lines, so that line numbers stay true."""
    return re.sub(r"[^\n]", " ", match.group())


def prose_only(text: str) -> str:
    """A page with everything but its sentences blanked out.

    What remains: paragraphs, lists, tables, the text of directives, captions, alt
    texts and descriptions of figures. What goes: front matter, code, roles, addresses, labels.
    """
    text = re.sub(r"\A---\n.*?\n---\n", blank, text, flags=re.S)
    text = re.sub(r"^```\{code-cell\}.*?^```", keep_captions, text, flags=re.S | re.M)
    text = without_code_blocks(text)
    text = re.sub(r"^\$\$.*?^\$\$", blank, text, flags=re.S | re.M)
    text = re.sub(r"^(?:minutes|builds_on|draft): .*$", blank, text, flags=re.M)
    text = re.sub(r"^:[\w-]+:.*$", keep_option, text, flags=re.M)
    text = LABEL.sub(blank, text)
    text = re.sub(r"^`{3,}.*$|^:{3,}.*$", blank, text, flags=re.M)
    # roles (computed numbers, citations, references), then inline code
    text = re.sub(r"\{[\w:.+-]+\}`[^`]*`", blank, text)
    text = re.sub(r"`[^`]*`", blank, text)
    text = re.sub(r"\]\([^)]*\)|<https?:[^>]*>|https?://\S+", blank, text)
    return re.sub(r"^% .*$|<!--.*?-->", blank, text, flags=re.M)


def without_code_blocks(text: str) -> str:
    """A page with the blocks of other languages blanked out, and directives kept.

    A directive's fence has a brace after its ticks. Fences are followed in pairs, so that
    the end of one block is never taken for the beginning of the next.
    """
    open_fences: list[tuple[str, bool]] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        fence = re.match(r"(`{3,}|~{3,})\s*(.*)$", line)
        in_code = bool(open_fences) and open_fences[-1][1]
        if fence and not fence[2] and open_fences and fence[1] == open_fences[-1][0]:
            open_fences.pop()
        elif fence and not in_code:
            open_fences.append((fence[1], not fence[2].startswith("{")))
        elif in_code:
            lines[number] = " " * len(line)
    return "\n".join(lines)


def keep_captions(match: re.Match) -> str:
    """A code cell with only its caption and alt text left."""
    cell = match.group()
    body = re.match(r"```\{code-cell\}[^\n]*\n---\n(.*?)\n---\n", cell, flags=re.S)
    if not body:
        return blank(match)
    start, end = body.span(1)
    head = re.sub(r"^(\s*name:|\s*tags:|\s*width:).*$", blank, cell[start:end], flags=re.M)
    hidden = re.compile(r"[^\n]")
    return hidden.sub(" ", cell[:start]) + head + hidden.sub(" ", cell[end:])


def without_descriptions(text: str) -> str:
    r"""A page without the descriptions of its figures, which unfold only for who asks.

    >>> without_descriptions("name: a\nbond:\n  description: >-\n    One.\n\n    Two.\n---\n")
    'name: a\n---\n'
    """
    return re.sub(r"^bond:\n(?:[ ].*\n|\n)*", "", text, flags=re.M)


def keep_option(match: re.Match) -> str:
    """An option line: only captions and alt texts are prose."""
    return match.group() if match.group().startswith((":alt:", ":caption:")) else blank(match)


def typed_roles(text: str) -> list[str]:
    """The text of every ``{typed}`` role of a page."""
    return re.findall(r"\{typed\}`([^`]*)`", text)


def findings(text: str, page: str) -> list[Finding]:
    """Every typed statistic in the prose of one page."""
    prose = CONVENTIONS.sub(blank, prose_only(text))
    found = {}
    for kind, pattern in PATTERNS.items():
        for match in re.finditer(pattern, prose):
            said = match.group().strip()
            if HARMLESS.search(said) and kind == "a statistic":
                continue
            line = prose.count("\n", 0, match.start()) + 1
            if all(said not in other.text or line != other.line for other in found.values()):
                found[match.start(), kind] = Finding(page, line, kind, " ".join(said.split()))
    return [found[key] for key in sorted(found)]


def allowed_numbers(path: Path = ALLOWED) -> list[dict[str, str]]:
    """The reviewed list of numbers that are typed on purpose."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def unreviewed(pages: dict[str, str], allowed: list[dict[str, str]]) -> list[str]:
    """A sentence for each ``{typed}`` role without a reviewed row, and for each idle row."""
    reviewed = {(row["page"], row["text"]): row["reason"].strip() for row in allowed}
    used = {(page, text) for page, source in pages.items() for text in typed_roles(source)}
    faults = [f"{page}: {text!r} is marked as typed but not reviewed" for page, text in sorted(used) if not reviewed.get((page, text))]
    faults += [f"{page}: {text!r} is reviewed but stands nowhere" for page, text in sorted(reviewed.keys() - used)]
    return faults


def pages(root: Path = book.ROOT) -> dict[str, str]:
    """The text of every page in the table of contents, by file name."""
    paths = [book.page_path(name, root) for name in book.toc_pages(root)]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def main() -> int:
    """Print every finding; 1 when there is one."""
    texts = pages()
    faults = [str(finding) for page, text in texts.items() for finding in findings(text, page)]
    faults += unreviewed(texts, allowed_numbers())
    print("\n".join(faults) or f"{len(texts)} pages, no typed statistic")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
