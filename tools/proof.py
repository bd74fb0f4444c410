"""The proof of each assignment: what it promises holds under the grader, with kernels and limits.

``python -m tools.proof`` (all chapters) or ``python -m tools.proof 07-alliance-growth``. For each
chapter it hands in

- the untouched student copy, which must run without an error and score nothing;
- the solution, which must score every point, written ones by the rubric included;
- each wrong answer of the sheet, which must lose exactly the points that the sheet says. An
  answer touches no other exercise, so one notebook carries one wrong answer of each;
- a hostile notebook: one answer prints without end, asks the network and raises, another
  loops, a given cell is gone, checks and points are edited. The other exercises must get their
  points, the two must say what happened, and no file of the grader may change.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import zip_longest
from pathlib import Path

import nbformat

from tools import assignments, book
from tools.assignments import Sheet
from tools.grade import Limits, Outcome, grade_notebook

# Room for the slowest answer of the book on a busy machine.
ROOMY = Limits(seconds=60, total_seconds=300, memory_mb=3000)
# The hostile notebook waits this long for its loop.
TIGHT = Limits(seconds=8, total_seconds=300, memory_mb=3000)
NOISE = """try:
    import urllib.request
    urllib.request.urlopen("http://example.org", timeout=3)
except Exception as fault:
    print("NETWORK", type(fault).__name__, fault)
else:
    print("NETWORK", "reached".upper())
for _ in range(60):
    print("no end " * 150_000)
raise RuntimeError("on purpose")"""
LOOP = "while True:\n    pass"
GRADER_FILES = ("book", "data", "src", "tools", "_build/assignments")
LARGEST = 2_000_000  # bytes of a graded notebook that printed without end


def full_points(sheet: Sheet) -> dict[str, float]:
    """What each exercise's code is worth."""
    return {task.label: task.points - task.written_points for task in sheet.tasks}


def compared(outcome: Outcome, wanted: Mapping[str, float], name: str) -> list[str]:
    """Where the points are not those wanted, with what the checks said."""
    found = []
    for label, points in wanted.items():
        got = outcome.points.get(label, 0)
        if got != points:
            said = [
                f"{check.grade_id}: {check.message}"
                for check in outcome.checks
                if check.exercise == label and check.message
            ]
            found.append(f"{name}: {label} gets {got:g}, not {points:g} {said}")
    return found


def errors(notebook: nbformat.NotebookNode) -> list[str]:
    """The errors that a notebook shows."""
    return [
        f"{output.ename}: {output.evalue}"
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def untouched(source, sheet: Sheet) -> list[str]:
    """The student copy as it is handed out."""
    outcome = grade_notebook(assignments.release(source), source, ROOMY)
    found = compared(outcome, dict.fromkeys(full_points(sheet), 0), "untouched")
    found += [f"untouched: an error is shown: {error}" for error in errors(outcome.notebook)]
    found += [
        f"untouched: {one.exercise} counts as answered" for one in outcome.written if one.answered
    ]
    return found + [f"untouched: {trouble}" for trouble in outcome.trouble]


def solution(source, sheet: Sheet) -> list[str]:
    """The answers of the book."""
    outcome = grade_notebook(assignments.solved(source), source, ROOMY)
    found = compared(outcome, full_points(sheet), "solution")
    found += [f"solution: an error is shown: {error}" for error in errors(outcome.notebook)]
    found += [
        f"solution: {one.exercise} counts as not answered"
        for one in outcome.written
        if not one.answered
    ]
    written = sum(one.max for one in outcome.written)
    total = sum(outcome.points.values()) + written
    if total != sheet.points:
        found.append(
            f"solution: {total:g} of {sheet.points} points when a grader gives all for words"
        )
    return found


def wrong(source, sheet: Sheet) -> list[str]:
    """Each wrong answer of the sheet; a notebook takes one of each exercise."""
    found = []
    for number, row in enumerate(zip_longest(*(task.wrong for task in sheet.tasks)), 1):
        mistakes = {
            task.label: piece for task, piece in zip(sheet.tasks, row, strict=True) if piece
        }
        made = with_answers(source, {label: piece.code for label, piece in mistakes.items()})
        outcome = grade_notebook(made, source, ROOMY)
        wanted = full_points(sheet)
        for label, piece in mistakes.items():
            wanted[label] -= piece.points
        names = "; ".join(piece.what for piece in mistakes.values())
        found += compared(outcome, wanted, f"wrong answers {number} ({names})")
    return found


def with_answers(source, answers: Mapping[str, str]) -> nbformat.NotebookNode:
    """The solution with other answers to some exercises."""
    made = assignments.solved(source)
    for cell in made.cells:
        if cell.metadata.nbgrader.grade_id.removesuffix("-answer") in answers:
            if cell.cell_type == "code" and cell.metadata.nbgrader.solution:
                cell.source = answers[cell.metadata.bond.exercise]
    return made


def hostile(source, sheet: Sheet) -> list[str]:
    """A submission that does what none should."""
    first, second, *_ = [task.label for task in sheet.tasks if task.hidden]
    made = with_answers(source, {first: NOISE, second: LOOP})
    made.cells = [
        cell for cell in made.cells if not cell.metadata.nbgrader.grade_id.endswith("-check-1")
    ]
    for cell in made.cells:
        facts = cell.metadata.nbgrader
        if facts.grade and not facts.solution:
            cell.source, facts.points, facts.locked = "pass", 100, False
    before = state()
    outcome = grade_notebook(made, source, TIGHT)
    found = compared(outcome, full_points(sheet) | {first: 0, second: 0}, "hostile")
    if state() != before:
        found.append("hostile: a file of the grader changed")
    text = nbformat.writes(outcome.notebook)
    said = " ".join([text, *outcome.trouble])
    if len(text) > LARGEST:
        found.append(f"hostile: the graded notebook has {len(text)} letters")
    shown = "".join(
        str(dict(output)) for cell in outcome.notebook.cells for output in cell.get("outputs", [])
    )
    if "NETWORK REACHED" in shown or "the network" not in shown:
        found.append("hostile: nothing refused the network")
    if "RuntimeError" not in shown:
        found.append("hostile: the error that was raised is not shown")
    if said.count("We put back") != 3:
        found.append("hostile: nothing says which cells and points were put back")
    if f"{TIGHT.seconds:g} s" not in said:
        found.append("hostile: nothing says that a cell was stopped after its time")
    return found


def state(root: Path = book.ROOT) -> str:
    """A hash of all that grading reads."""
    return book.digest(GRADER_FILES, root)


PARTS = (untouched, solution, wrong, hostile)


def prove(job: tuple[str, str]) -> tuple[str, float, list[str]]:
    """One part of one chapter's proof: its name, how long it took, and what does not hold."""
    stem, part = job
    start = time.monotonic()
    page = next(page for page in book.chapters() if page.stem == stem)
    sheet = assignments.read_sheet(assignments.sheet_path(stem))
    source = assignments.source_notebook(page, assignments.Unset())
    found = next(one for one in PARTS if one.__name__ == part)(source, sheet)
    return f"{stem}, {part}", time.monotonic() - start, found


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when something does not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.proof",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = [page.stem for page in book.chapters() if assignments.sheet_path(page.stem).is_file()]
    parser.add_argument(
        "chapters", nargs="*", help="stems, such as 07-alliance-growth (default: all)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    options = parser.parse_args(arguments)
    for stem in options.chapters:
        if stem not in known:
            parser.error(f"no chapter with a sheet is called {stem!r}")
    if options.jobs < 1:
        parser.error(f"--jobs is at least 1, not {options.jobs}")
    os.environ.update(book.kernel_environment())
    stems = options.chapters or known
    jobs = [(stem, part.__name__) for stem in stems for part in PARTS]
    faults, start = [], time.monotonic()
    with ProcessPoolExecutor(options.jobs) as pool:
        for number, (name, seconds, found) in enumerate(pool.map(prove, jobs), 1):
            verdict = "holds" if not found else "DOES NOT HOLD"
            print(f"[{number}/{len(jobs)}] {name}: {verdict} ({seconds:.1f} s)", flush=True)
            for fault in found:
                print(f"    {fault}", flush=True)
            faults += found
    print(f"{len(stems)} assignments, {len(faults)} faults, {time.monotonic() - start:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
