"""The chapter contract: what every chapter has, and the sizes it keeps to.

``faults(path)`` gives one sentence for each breach. The rules are those of the
book's plan: an opening, a closing, exercises with hint and solution, a quiz, a
length, and small code cells with a sentence before and after each.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from statistics import median

from tools import book, opening, prose, selfcheck

WORDS = (1500, 3200)
CELLS = (15, 40)
LONGEST_CELL = 25
MEDIAN_CELL = 4
WIDEST_LINE = 90  # what fits beside the contents on a laptop
CLOSING = ("What we found", "What it does not show", "Key terms", "Exercises", "Self-check")
EXERCISES_AT_LEAST = 4
QUESTIONS_AT_LEAST = 5
# A chapter's solutions and hidden glue cells are not part of its cell budget.
SOLUTION = re.compile(r"^```\{solution-start\}.*?^```\{solution-end\}\n```", re.S | re.M)
BLOCK = re.compile(r"^(?P<ticks>`{3,})(?P<head>[^\n]*)\n(?P<body>.*?)^(?P=ticks)$", re.S | re.M)
HIDDEN = re.compile(r"(?:---\n(?:(?!---).*\n)*?)?:?tags: \[remove-cell\]")
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```", re.S | re.M)


def faults(path: Path) -> list[str]:
    """Every breach of the contract in one chapter."""
    text = path.read_text(encoding="utf-8")
    try:
        opening.from_page(text, path.name)
        found = []
    except opening.OpeningError as error:
        found = [str(error)]
    rules = (closing_faults, exercise_faults, quiz_faults, length_faults, cell_faults, rhythm_faults)
    for rule in rules:
        found += [f"{path.name}: {fault}" for fault in rule(text, path)]
    return found


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
    for body in CELL.findall(SOLUTION.sub("", text)):
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
    low, high = WORDS
    return [] if low <= words <= high else [f"{words} words, not {low} to {high}"]


def cell_faults(text: str, path: Path) -> list[str]:
    """The number and the size of the code cells."""
    cells = chapter_cells(text)
    sizes = [len(cell.splitlines()) for cell in cells]
    low, high = CELLS
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
        if is_cell and after_cell and not prose.LABEL.sub("", words).strip():
            first = code_lines(block["body"])[0]
            found.append(f"two code cells with no sentence between them, before {first!r}")
        words, after_cell = "", is_cell
    return found


def main() -> int:
    """Print every breach of the contract; 1 when there is one."""
    paths = book.chapters()
    found = [fault for path in paths for fault in faults(path)]
    print("\n".join(found) or f"{len(paths)} chapters keep the contract")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
