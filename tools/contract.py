"""The chapter contract: what every chapter has, and the sizes it keeps to.

``faults(path)`` gives one sentence for each breach. The rules are those of the
book's plan: an opening, a closing, exercises with hint and solution, a quiz, a
length, and small code cells with a sentence before and after each.

``python -m tools.contract`` checks every chapter. A chapter with ``draft: true`` in its
opening may be as short as `tools.new_chapter` made it, and keeps every other rule; with
``--release`` a draft is a breach. A chapter that is no draft holds no sentence of the scaffold.
"""

from __future__ import annotations

import argparse
import re
import sys
from functools import cache
from pathlib import Path
from statistics import median

from tools import book, opening, prose, selfcheck, solutions

WORDS = (1500, 3200)
CELLS = (15, 40)
LONGEST_CELL = 25
MEDIAN_CELL = 4
WIDEST_LINE = 90  # what fits beside the contents on a laptop
CLOSING = ("What we found", "What it does not show", "Key terms", "Exercises", "Self-check")
SCAFFOLD = book.ROOT / "templates" / "chapter" / "chapter.md"
LEFTOVER_WORDS = 8  # a sentence of the scaffold is known by as many words
EXERCISES_AT_LEAST = 4
QUESTIONS_AT_LEAST = 5
# A chapter's solutions and hidden glue cells are not part of its cell budget.
BLOCK = re.compile(r"^(?P<ticks>`{3,})(?P<head>[^\n]*)\n(?P<body>.*?)^(?P=ticks)$", re.S | re.M)
HIDDEN = re.compile(r"(?:---\n(?:(?!---).*\n)*?)?:?tags: \[remove-cell\]")
# What stands in the source of a page and is no sentence on it: targets, notes to authors.
UNREAD = re.compile(rf"{prose.LABEL.pattern}|^% .*$", re.M)
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```", re.S | re.M)


def faults(path: Path) -> list[str]:
    """Every breach of the contract in one chapter."""
    text = path.read_text(encoding="utf-8")
    try:
        opening.from_page(text, path.name)
        found = []
    except opening.OpeningError as error:
        found = [str(error)]
    rules = (
        closing_faults, exercise_faults, quiz_faults, length_faults, cell_faults, rhythm_faults,
        leftover_faults,
    )  # fmt: skip
    for rule in rules:
        found += [f"{path.name}: {fault}" for fault in rule(text, path)]
    return found


def is_draft(text: str) -> bool:
    """Whether a chapter's opening marks it as not finished."""
    return re.search(r"^draft: true$", "".join(opening.BLOCK.findall(text)), re.M) is not None


def closing_faults(text: str, path: Path) -> list[str]:
    """The closing sections, all there, in order, and none empty."""
    headings = re.findall(r"^## (.+)$", text, re.M)
    closing = [heading for heading in headings if heading in CLOSING]
    if closing != list(CLOSING):
        return [f"the closing sections are {closing}, not {list(CLOSING)}"]
    found = [] if headings[-len(CLOSING) :] == list(CLOSING) else ["the closing sections do not come last"]
    if "{glue" not in section(text, "What we found"):
        found.append("'What we found' states no computed number")
    if len(re.findall(r"\{term\}`", section(text, "Key terms"))) < 3:
        found.append("'Key terms' links fewer than three glossary terms")
    return found


def section(text: str, heading: str) -> str:
    """The text below a heading, up to the next one of its level."""
    match = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.S | re.M)
    return match.group(1) if match else ""


def exercise_faults(text: str, path: Path) -> list[str]:
    """Enough exercises, each with a hint and a solution, both folded."""
    labels = re.findall(r"^`{3,}\{exercise\}[^\n]*\n:label: (\S+)", text, re.M)
    found = []
    if len(labels) < EXERCISES_AT_LEAST:
        found.append(f"{len(labels)} exercises, fewer than {EXERCISES_AT_LEAST}")
    solutions = dict(re.findall(r"^```\{solution-start\} (\S+)\n(.*?)^```", text, re.M | re.S))
    hints = re.findall(r"^```\{admonition\} Hint\n:class: ([^\n]*)", text, re.M)
    for label in labels:
        if label not in solutions:
            found.append(f"exercise {label} has no solution")
        elif ":class: dropdown" not in solutions[label]:
            found.append(f"the solution of {label} is not folded")
    if len(hints) != len(labels) or any("dropdown" not in hint for hint in hints):
        found.append(f"{len(labels)} exercises but {len(hints)} folded hints")
    return found


def quiz_faults(text: str, path: Path) -> list[str]:
    """One self-check of the chapter's own, long enough."""
    names = re.findall(r"^```\{selfcheck\} (\S+)", text, re.M)
    if names != [path.stem]:
        return [f"the self-checks are {names}, not [{path.stem!r}]"]
    questions = selfcheck.load(path.parent / "selfcheck" / f"{path.stem}.yml")
    if len(questions) < QUESTIONS_AT_LEAST:
        return [f"{len(questions)} self-check questions, fewer than {QUESTIONS_AT_LEAST}"]
    return []


def chapter_cells(text: str) -> list[str]:
    """The code of each cell that a reader meets in the chapter's own text."""
    cells = []
    for body in CELL.findall(solutions.without(text)):
        if is_hidden(body):
            continue
        cells.append("\n".join(code_lines(body)))
    return cells


def is_hidden(body: str) -> bool:
    """Whether a cell is tagged to be left off the page."""
    return HIDDEN.match(body) is not None


def code_lines(body: str) -> list[str]:
    """The lines of a cell that hold code, without its metadata."""
    body = re.sub(r"\A---\n.*?\n---\n", "", body, flags=re.S)
    return [line for line in body.splitlines() if line.strip() and not line.startswith(":")]


def length_faults(text: str, path: Path) -> list[str]:
    """A chapter's words; exercises, solutions and descriptions of figures left aside."""
    before_exercises = prose.without_descriptions(text.split("\n## Exercises\n")[0])
    words = len(re.findall(r"\w+(?:['\u2019-]\w+)*", prose.prose_only(before_exercises)))
    low, high = (0 if is_draft(text) else WORDS[0]), WORDS[1]
    return [] if low <= words <= high else [f"{words} words, not {low} to {high}"]


def cell_faults(text: str, path: Path) -> list[str]:
    """The number and the size of the code cells."""
    cells = chapter_cells(text)
    sizes = [len(cell.splitlines()) for cell in cells]
    low, high = (0 if is_draft(text) else CELLS[0]), CELLS[1]
    found = [] if low <= len(cells) <= high else [f"{len(cells)} code cells, not {low} to {high}"]
    if sizes and max(sizes) > LONGEST_CELL:
        found.append(f"a cell of {max(sizes)} lines, more than {LONGEST_CELL}")
    lines = [line for body in CELL.findall(text) if not is_hidden(body) for line in code_lines(body)]
    found += [
        f"a line of code {len(line)} characters wide: {line.strip()[:40]}..."
        for line in lines
        if len(line) > WIDEST_LINE
    ]
    if sizes and median(sizes) > MEDIAN_CELL:
        found.append(f"a median cell of {median(sizes)} lines, more than {MEDIAN_CELL}")
    return found


def rhythm_faults(text: str, path: Path) -> list[str]:
    """No two code cells in a row without a sentence between them."""
    found, words, end, after_cell = [], "", 0, False
    for block in BLOCK.finditer(text):
        words += text[end : block.start()]
        end = block.end()
        is_cell = block["head"].startswith("{code-cell}")
        if is_cell and is_hidden(block["body"]):
            continue  # a reader does not see it, nor does it part two cells
        if is_cell and after_cell and not UNREAD.sub("", words).strip():
            first = code_lines(block["body"])[0]
            found.append(f"two code cells with no sentence between them, before {first!r}")
        words, after_cell = "", is_cell
    return found


def sentences_by_line(text: str) -> dict[int, str]:
    """What stands in each line of a page for readers, or as a note to its authors."""
    shown = prose.prose_only(text).splitlines()
    notes = {number: line for number, line in enumerate(text.splitlines(), start=1) if line.startswith("% ")}
    return {number: " ".join(line.split()) for number, line in enumerate(shown, start=1)} | notes


@cache
def scaffold_sentences() -> frozenset[str]:
    """The lines of the scaffold that nobody would write by chance."""
    lines = sentences_by_line(SCAFFOLD.read_text(encoding="utf-8")).values() if SCAFFOLD.is_file() else []
    return frozenset(line for line in lines if len(re.findall(r"[A-Za-z]+", line)) >= LEFTOVER_WORDS)


def leftover_faults(text: str, path: Path) -> list[str]:
    """Sentences and notes of the scaffold in a chapter that is no draft any more."""
    if is_draft(text):
        return []
    return [
        f"line {number} still stands as the scaffold had it: {line[:60]}..."
        for number, line in sentences_by_line(text).items()
        if line in scaffold_sentences()
    ]


def drafts(root: Path = book.ROOT) -> list[str]:
    """The names of the chapters that are not finished."""
    return [path.stem for path in book.chapters(root) if is_draft(path.read_text(encoding="utf-8"))]


def main(arguments: list[str] | None = None) -> int:
    """Print every breach of the contract; 1 when there is one."""
    parser = argparse.ArgumentParser(prog="python -m tools.contract", description=__doc__)
    parser.add_argument("--release", action="store_true", help="a draft is a breach, too")
    options = parser.parse_args(arguments)
    paths = book.chapters()
    found = [fault for path in paths for fault in faults(path)]
    unfinished = drafts()
    if options.release:
        found += [f"{name}: a draft, and a release has none" for name in unfinished]
    print("\n".join(found) or f"{len(paths)} chapters keep the contract")
    if unfinished and not options.release:
        print(f"not finished: {', '.join(unfinished)}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
