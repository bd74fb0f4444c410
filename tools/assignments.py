"""The assignment of each chapter, in three copies from one source.

``python -m tools.assignments 07-alliance-growth`` writes, for one chapter or for all,

- ``student/``, the notebook that is handed out: empty answer cells, visible checks;
- ``solution/``, the same notebook with answers and model texts, run;
- ``grading/``, with the hidden checks, for `tools.grade` or for nbgrader's ``source``;
- and a zip for students with the notebook, the helpers and the data that it reads.

The exercises, their hints and their solutions come from the chapter itself
(``book/NN-name.md``): a solution's cell with the tag ``answer`` defines the functions that
are asked for. What only grading needs stands in a sheet, ``book/assignment/NN-name.md``:
points, minutes and the objective of each exercise, rubrics, visible and hidden checks, and
wrong answers with the points that they must lose. ``--try`` runs all of that in one process
and says where it does not hold.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import hashlib
import io
import json
import os
import re
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import nbformat
import yaml

from tools import book, notebooks, opening, packing, plain

SHEETS = Path("book/assignment")
ROLES = ("setup", "check", "hidden", "wrong")
BETWEEN = range(4, 7)
WRONG_AT_LEAST = 5
STUB = "..."
WRITE_HERE = "*Write your answer here.*"
HEADING = re.compile(r"^## (?P<label>[\w-]+)\s*$", re.M)
TITLE = r"\*\*(?P<title>.+?)[.:]?\*\*(?!\*)"
"""The name of an exercise, which its text begins with; it may hold a stressed word."""
GRADING = re.compile(r"^```\{grading\}\n(?P<yaml>.*?)^```\s*$", re.M | re.S)
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?P<body>.*?)^```\s*$", re.M | re.S)
TAGS = re.compile(r"\A:tags: \[(?P<tags>[\w, -]*)\]\n\n?")
POINTS = re.compile(r"\A# (?P<points>\d+) points?: (?P<what>.+)\n")
LOSES = re.compile(r"\A# loses (?P<points>\d+): (?P<what>.+)\n")
FRONT = re.compile(r"\A---\n(?P<yaml>.*?)^---\n", re.M | re.S)

SETUP = """# Run this cell first. The helpers lie beside this folder, or are installed.
import sys

sys.path.insert(0, "../src")"""


class SheetError(ValueError):
    """A sheet or a chapter's exercise that is not as it must be; the message says where."""


@dataclass(frozen=True)
class Piece:
    """One piece of code of a sheet: a hidden check or a wrong answer, with points and words."""

    points: int
    what: str
    code: str


@dataclass
class Task:
    """What a sheet says of one exercise."""

    label: str
    points: int
    minutes: int
    objective: int
    text: str = ""
    rubric: list[dict] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    hidden: list[Piece] = field(default_factory=list)
    wrong: list[Piece] = field(default_factory=list)

    @property
    def written_points(self) -> int:
        """The points that a person gives."""
        return sum(row["points"] for row in self.rubric)


@dataclass
class Sheet:
    """A chapter's sheet."""

    stem: str
    minutes: int
    setup: list[str]
    tasks: list[Task]
    discussion: list[str] = field(default_factory=list)
    misconceptions: list[dict] = field(default_factory=list)

    @property
    def points(self) -> int:
        """The points of the whole assignment."""
        return sum(task.points for task in self.tasks)


@dataclass
class Exercise:
    """One exercise of a chapter, in plain Markdown with its numbers set in."""

    label: str
    number: str
    title: str = ""
    text: str = ""
    hint: str = ""
    answer: str = ""
    model: str = ""


def sheet_path(stem: str, root: Path = book.ROOT) -> Path:
    """Where a chapter's sheet stands."""
    return root / SHEETS / f"{stem}.md"


def read_sheet(path: Path) -> Sheet:
    """A sheet, read and checked.

    Raises
    ------
    SheetError
        When something is missing, unknown, or does not add up.
    """
    text = path.read_text(encoding="utf-8")
    front = FRONT.match(text)
    if not front:
        raise SheetError(f"{path.name}: the sheet does not begin with a block between --- lines")
    facts = yaml.safe_load(front["yaml"]) or {}
    known = {"minutes", "discussion", "misconceptions"}
    if unknown := sorted(facts.keys() - known):
        raise SheetError(f"{path.name}: unknown key {unknown[0]!r} at the head of the sheet")
    if missing := sorted(known - facts.keys()):
        raise SheetError(f"{path.name}: the head of the sheet lacks {missing[0]!r}")
    for row in facts["misconceptions"]:
        if sorted(row) != ["answer", "belief", "catch"]:
            raise SheetError(f"{path.name}: a misconception has 'belief', 'catch' and 'answer'")
    body = text[front.end() :]
    starts = [*HEADING.finditer(body)]
    head = body[: starts[0].start()] if starts else body
    if lost := CELL.sub("", head).strip():
        raise SheetError(f"{path.name}: words above the first exercise are shown nowhere: {lost[:60]!r}")
    setup = [code for role, code in cells(head, path) if role == "setup"]
    tasks = []
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(body)
        tasks.append(task(start["label"], body[start.end() : end], path))
    made = Sheet(
        path.stem, facts["minutes"], setup, tasks, facts["discussion"], facts["misconceptions"]
    )
    if faults := sheet_faults(made):
        raise SheetError(f"{path.name}: {faults[0]}")
    return made


def sheet_faults(sheet: Sheet) -> list[str]:
    """What a sheet lacks as a whole."""
    found = []
    if len(sheet.tasks) not in BETWEEN:
        found.append(f"{len(sheet.tasks)} exercises, not 4 to 6")
    if not any(task.rubric for task in sheet.tasks):
        found.append("no exercise is written, with a rubric")
    wrong = sum(len(task.wrong) for task in sheet.tasks)
    if wrong < WRONG_AT_LEAST:
        found.append(f"{wrong} wrong answers, fewer than {WRONG_AT_LEAST}")
    minutes = sum(task.minutes for task in sheet.tasks)
    if minutes != sheet.minutes:
        found.append(f"the exercises take {minutes} minutes, the sheet says {sheet.minutes}")
    labels = [task.label for task in sheet.tasks]
    if len(set(labels)) < len(labels):
        found.append("an exercise stands twice")
    if not 3 <= len(sheet.discussion) <= 5:
        found.append(f"{len(sheet.discussion)} questions for discussion, not 3 to 5")
    if not 3 <= len(sheet.misconceptions) <= 5:
        found.append(f"{len(sheet.misconceptions)} misconceptions, not 3 to 5")
    return found


def cells(text: str, path: Path) -> list[tuple[str, str]]:
    """The role and the code of each cell in a part of a sheet."""
    found = []
    for cell in CELL.finditer(text):
        tagged = TAGS.match(cell["body"])
        role = tagged["tags"].strip() if tagged else ""
        if role not in ROLES:
            raise SheetError(f"{path.name}: a cell needs one of the tags {', '.join(ROLES)}")
        found.append((role, cell["body"][tagged.end() :].rstrip("\n") + "\n"))
    return found


def task(label: str, text: str, path: Path) -> Task:
    """What stands below one heading of a sheet."""
    where = f"{path.name}, {label}"
    block = GRADING.search(text)
    if not block:
        raise SheetError(f"{where}: no {{grading}} block")
    facts = yaml.safe_load(block["yaml"]) or {}
    for key in ("points", "minutes", "objective"):
        if not isinstance(facts.get(key), int):
            raise SheetError(f"{where}: {key!r} must be a whole number")
    if unknown := sorted(facts.keys() - {"points", "minutes", "objective", "rubric"}):
        raise SheetError(f"{where}: unknown key {unknown[0]!r}")
    made = Task(label, facts["points"], facts["minutes"], facts["objective"])
    made.rubric = facts.get("rubric", [])
    for row in made.rubric:
        if not isinstance(row, dict) or sorted(row) != ["for", "points"]:
            raise SheetError(f"{where}: each line of the rubric has 'points' and 'for'")
    rest = CELL.sub("", text.replace(block[0], ""))
    made.text = rest.strip("\n")
    for role, code in cells(text, path):
        if role == "check":
            made.checks.append(code)
        elif role in ("hidden", "wrong"):
            pattern = POINTS if role == "hidden" else LOSES
            said = pattern.match(code)
            if not said:
                form = "# 2 points: what it tests" if role == "hidden" else "# loses 2: the mistake"
                raise SheetError(f"{where}: a {role} cell begins with a line such as '{form}'")
            piece = Piece(int(said["points"]), said["what"], code[said.end() :])
            (made.hidden if role == "hidden" else made.wrong).append(piece)
        else:
            raise SheetError(f"{where}: a setup cell stands above the first exercise")
    total = sum(piece.points for piece in made.hidden) + made.written_points
    if total != made.points:
        raise SheetError(f"{where}: {made.points} points, but checks and rubric make {total}")
    if bool(made.hidden) != bool(made.checks):
        raise SheetError(f"{where}: an exercise with code has visible and hidden checks")
    if made.wrong and not made.hidden:
        raise SheetError(f"{where}: a wrong answer, and no hidden check to catch it")
    return made


def exercises(page: Path, values: Mapping[str, str]) -> dict[str, Exercise]:
    """The exercises of a chapter, with hints, answers and model texts, by label."""
    source = book.read_notebook(page)
    context = plain.Page(
        page.stem, values, notebooks.figure_numbers(source, page.stem), page.parents[1]
    )
    made: dict[str, Exercise] = {}
    solving: Exercise | None = None
    last: Exercise | None = None
    for cell in source.cells:
        if cell.cell_type == "code":
            if solving and "answer" in cell.metadata.get("tags", []):
                solving.answer += cell.source.strip("\n") + "\n"
            continue
        for kind, argument, text in blocks(cell.source):
            if kind == "exercise":
                options, body = plain.options_of(text.splitlines())
                body = plain.plain(body, context)
                title = re.match(rf"{TITLE}\s*", body)
                last = Exercise(options["label"], context.numbered(len(made) + 1))
                last.title = title["title"] if title else ""
                last.text = body[title.end() :] if title else body
                made[last.label] = last
            elif kind == "solution-start":
                solving = made[argument]
            elif kind == "solution-end":
                solving = None
            elif solving is not None:
                solving.model += "\n\n" + plain.plain(text, context)
            elif kind == "admonition" and argument == "Hint" and last:
                last.hint = plain.plain(plain.options_of(text.splitlines())[1], context)
    for exercise in made.values():
        exercise.model = exercise.model.strip()
    return made


def blocks(markdown: str) -> list[tuple[str, str, str]]:
    """The directives of a cell's Markdown, each with its argument and its body; and the text."""
    found, text, lines, at = [], [], markdown.splitlines(), 0
    page = plain.Page("", {}, {})
    while at < len(lines):
        fence = plain.FENCE.fullmatch(lines[at].strip())
        if not (
            fence and fence["name"] in ("exercise", "solution-start", "solution-end", "admonition")
        ):
            text.append(lines[at])
            at += 1
            continue
        if "\n".join(text).strip():
            found.append(("text", "", "\n".join(text)))
        text = []
        end = plain.closing(lines, at, fence["fence"], page)
        found.append(
            (
                fence["name"],
                (fence["argument"] or "").strip(),
                "\n".join(lines[at + 1 : end]) + "\n",
            )
        )
        at = end + 1
    if "\n".join(text).strip():
        found.append(("text", "", "\n".join(text)))
    return found


def marked(code: str, where: str) -> str:
    """An answer with nbgrader's marks around the body of each function.

    >>> print(marked('def half(x):\\n    "Half of x."\\n    return x / 2\\n', "here"))
    def half(x):
        "Half of x."
        ### BEGIN SOLUTION
        return x / 2
        ### END SOLUTION
    """
    lines, out, at = code.rstrip("\n").split("\n"), [], 0
    body = ast.parse(code).body
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    if len(functions) < len(body) or not functions:
        raise SheetError(f"{where}: an answer cell holds functions and nothing else")
    for node in functions:
        has_words = ast.get_docstring(node) is not None
        if not has_words:
            raise SheetError(
                f"{where}: the function {node.name!r} needs a docstring: it tells students what to write"
            )
        first = node.body[1] if len(node.body) > 1 else node.body[0]
        begin, end = node.body[0].end_lineno, node.end_lineno
        indent = " " * first.col_offset
        out += lines[at:begin] + [f"{indent}### BEGIN SOLUTION"]
        out += lines[begin:end] + [f"{indent}### END SOLUTION"]
        at = end
    return "\n".join(out + lines[at:])


def cell_of(
    kind: str, source: str, grade_id: str, exercise: str, **grader
) -> nbformat.NotebookNode:
    """One cell with nbgrader's metadata and our own."""
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    said = {key: grader.pop(key) for key in ("what", "rubric") if key in grader}
    facts = {"schema_version": 3, "grade_id": grade_id, "grade": False, "solution": False}
    facts |= {"locked": True, "task": False} | grader
    cell = make(source.rstrip("\n"), id=grade_id[:64])
    cell.metadata = nbformat.from_dict({"nbgrader": facts, "bond": {"exercise": exercise} | said})
    return cell


def source_notebook(page: Path, values: Mapping[str, str]) -> nbformat.NotebookNode:
    """The assignment of a chapter as nbgrader's source: answers marked, checks in.

    Raises
    ------
    SheetError
        When sheet and chapter do not fit each other.
    """
    root = page.parents[1]
    sheet = read_sheet(sheet_path(page.stem, root))
    text = page.read_text(encoding="utf-8")
    facts = opening.from_page(text, page.name)
    known = exercises(page, values)
    title = notebooks.chapter_map.title_of(text)
    for task in sheet.tasks:
        if task.label not in known:
            raise SheetError(f"{page.stem}: the chapter has no exercise {task.label!r}")
        if not 1 <= task.objective <= len(facts["objectives"]):
            raise SheetError(
                f"{page.stem}, {task.label}: the chapter has no objective {task.objective}"
            )
    cells = [
        cell_of("markdown", head(title, sheet, known), "head", ""),
        cell_of("code", SETUP, "setup", ""),
    ]
    cells += [cell_of("code", code, f"setup-{n}", "") for n, code in enumerate(sheet.setup, 1)]
    for task in sheet.tasks:
        cells += task_cells(page.stem, task, known[task.label], facts["objectives"])
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata = nbformat.from_dict(
        {
            "kernelspec": dict(notebooks.KERNEL),
            "language_info": {"name": "python"},
            "bond": {
                "assignment": page.stem,
                "title": title,
                "minutes": sheet.minutes,
                "points": sheet.points,
                "exercises": [
                    {
                        "id": task.label,
                        "number": known[task.label].number,
                        "title": plain_words(known[task.label].title),
                        "points": task.points,
                        "minutes": task.minutes,
                        "objective": plain_words(facts["objectives"][task.objective - 1]),
                        "written": bool(task.rubric),
                    }
                    for task in sheet.tasks
                ],
            },
        }
    )
    # Of what students see: a hidden check that is mended makes no notebook an old one.
    made.metadata.bond.digest = hashlib.sha256(
        json.dumps([cell.source for cell in release(made).cells]).encode()
    ).hexdigest()[:16]
    nbformat.validate(made)
    return made


def plain_words(markdown: str) -> str:
    """A line of Markdown without its marks."""
    return re.sub(r"[*`$]", "", markdown)


def head(title: str, sheet: Sheet, known: Mapping[str, Exercise]) -> str:
    """The first cell: what the assignment is, and how it is done."""
    rows = [
        f"| {known[task.label].number} | {known[task.label].title} | {task.points} | {task.minutes} |"
        for task in sheet.tasks
    ]
    return "\n".join(
        [
            f"# Assignment: {title}",
            "",
            f"*The Bond or the Drug?*, chapter {int(sheet.stem[:2])}. "
            f"{sheet.points} points, about {sheet.minutes} minutes.",
            "",
            "| Exercise | | Points | Minutes |",
            "|---|---|---:|---:|",
            *rows,
            "",
            "Replace the three dots in each function, and write where a cell asks for words.",
            "These are graded; other questions are to think about.",
            "Round when you print, not inside a function, unless you are asked to.",
            "The checks below an answer say what it must do at least; grading tries it on other data, too.",
            "A number that is missing belongs to an exercise that stands in the chapter only.",
            "Add cells where you like, and leave the given ones where they are.",
            "Before you hand it in, restart the kernel and run all cells.",
        ]
    )


def task_cells(stem: str, task: Task, exercise: Exercise, objectives: list[str]) -> list:
    """The cells of one exercise."""
    name = task.label
    points = f"{task.points} point{'s' if task.points != 1 else ''}"
    text = [
        f"## Exercise {exercise.number}: {exercise.title}",
        f"*{points}, about {task.minutes} minutes. You {first_lower(plain_words(objectives[task.objective - 1]))}.*",
        exercise.text,
    ]
    if task.text:
        text.append(task.text)
    if exercise.hint:
        text.append(plain.box("Hint", exercise.hint, folded=True))
    if task.rubric:
        lines = [f"- {row['points']}: {row['for']}" for row in task.rubric]
        text.append("How the words are graded, in points:\n\n" + "\n".join(lines))
    cells = [cell_of("markdown", "\n\n".join(text), name, name)]
    if task.hidden:
        if not exercise.answer:
            raise SheetError(f"{stem}, {name}: no cell of the solution has the tag 'answer'")
        where = f"{stem}, {name}"
        cells.append(
            cell_of(
                "code",
                marked(exercise.answer, where),
                f"{name}-answer",
                name,
                solution=True,
                locked=False,
            )
        )
        for number, code in enumerate(task.checks, 1):
            cells.append(cell_of("code", with_check(code), f"{name}-check-{number}", name))
        for number, piece in enumerate(task.hidden, 1):
            code = f"# Graded: {piece.what}\n### BEGIN HIDDEN TESTS\n{piece.code.rstrip()}\n### END HIDDEN TESTS"
            cells.append(
                cell_of(
                    "code",
                    code,
                    f"{name}-hidden-{number}",
                    name,
                    grade=True,
                    points=piece.points,
                    what=piece.what,
                )
            )
    if task.rubric:
        rubric = [[row["points"], row["for"]] for row in task.rubric]
        cells.append(
            cell_of(
                "markdown", exercise.model, f"{name}-written", name,
                grade=True, solution=True, locked=False, points=task.written_points, rubric=rubric,
            )
        )  # fmt: skip
    return cells


def with_check(code: str) -> str:
    """A visible check that brings what it needs."""
    return code if "import check" in code else "from helpers.checking import check\n\n" + code


def first_lower(text: str) -> str:
    """A sentence's beginning in the middle of another."""
    return text[:1].lower() + text[1:]


def release(source: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The student's notebook: nbgrader takes out solutions and hidden checks."""
    from nbgrader.preprocessors import (
        ClearHiddenTests, ClearOutput, ClearSolutions, ComputeChecksums, LockCells,
    )  # fmt: skip
    from traitlets.config import Config

    settings = Config()
    settings.ClearSolutions.code_stub = {"python": STUB}
    settings.ClearSolutions.text_stub = WRITE_HERE
    made, resources = copy.deepcopy(source), {}
    for step in (LockCells, ClearSolutions, ClearOutput, ClearHiddenTests, ComputeChecksums):
        made, resources = step(config=settings).preprocess(made, resources)
    return made


def solved(source: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The student's notebook with the answers in it."""
    made = release(source)
    for ours, theirs in zip(source.cells, made.cells, strict=True):
        if ours.metadata.nbgrader.solution:
            theirs.source = unmarked(ours.source)
    return made


def unmarked(code: str) -> str:
    """Code without nbgrader's marks."""
    return "\n".join(
        line for line in code.split("\n") if "### BEGIN " not in line and "### END " not in line
    )


# One process, to try a sheet while it is written.


def trial_of(
    submission: nbformat.NotebookNode,
    source: nbformat.NotebookNode,
    answers: Mapping[str, str] = MappingProxyType({}),
) -> tuple[dict[str, int], dict[str, str], list[str]]:
    """The points of each exercise, what went wrong, and the visible checks that failed.

    The submission is run with the hidden checks of the source; an exercise named in
    ``answers`` gets that code for its answer.
    """
    space: dict = {"__name__": "__main__"}
    points, faults, failed = {}, {}, []
    for cell, graded in zip(submission.cells, source.cells, strict=True):
        if cell.cell_type != "code":
            continue
        facts, label = cell.metadata.nbgrader, cell.metadata.bond.exercise
        code = graded.source if facts.grade else cell.source
        if facts.solution and label in answers:
            code = answers[label]
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                exec(compile(code, facts.grade_id, "exec"), space)
        except Exception as error:
            faults[facts.grade_id] = (
                short(error) if facts.grade else "".join(traceback.format_exception(error)[-3:])
            )
        else:
            if facts.grade:
                points[label] = points.get(label, 0) + facts.points
            failed += [line for line in said.getvalue().splitlines() if line.startswith("✗")]
    return points, faults, failed


def short(error: Exception) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def try_out(page: Path, values: Mapping[str, str], root: Path = book.ROOT) -> list[str]:
    """What does not hold of a chapter's assignment, in one process and without a kernel."""
    sheet = read_sheet(sheet_path(page.stem, root))
    source = source_notebook(page, values)
    full = {task.label: task.points - task.written_points for task in sheet.tasks if task.hidden}
    found = []

    points, faults, _ = trial_of(release(source), source)
    found += [f"untouched: {cell} scores" for cell in points]
    found += [
        f"untouched: {name} raises: {text}"
        for name, text in faults.items()
        if "-hidden-" not in name
    ]
    solution = solved(source)
    points, faults, failed = trial_of(solution, source)
    found += [f"solution: {name}: {text}" for name, text in faults.items()]
    found += [
        f"solution: {label} gets {points.get(label, 0)} of {most}"
        for label, most in full.items()
        if points.get(label, 0) != most
    ]
    found += [f"solution: {text}" for text in failed]
    for task in sheet.tasks:
        for piece in task.wrong:
            name = f"wrong, {task.label}, {piece.what!r}"
            points, faults, _ = trial_of(solution, source, {task.label: piece.code})
            for label, most in full.items():
                wanted = most - (piece.points if label == task.label else 0)
                if points.get(label, 0) != wanted:
                    caught = {k: v for k, v in faults.items() if k.startswith(task.label)}
                    found.append(f"{name}: {label} gets {points.get(label, 0)}, not {wanted}: {caught}")
            found += [
                f"{name}: {cell} raises: {text}"
                for cell, text in faults.items()
                if cell.endswith("-answer")
            ]
    return found


class Unset(dict):
    """Stands for the numbers of a chapter that nobody is going to read."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return "…"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when a sheet or its trial fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.assignments",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "chapters", nargs="*", help="stems, such as 07-alliance-growth (default: all)"
    )
    parser.add_argument(
        "--to",
        type=Path,
        default=book.ROOT / "_build" / "assignments",
        metavar="FOLDER",
        help="where to write (default: _build/assignments)",
    )
    parser.add_argument(
        "--try", dest="trying", action="store_true", help="write nothing: try answers and checks"
    )
    options = parser.parse_args(arguments)
    known = {page.stem: page for page in book.chapters() if sheet_path(page.stem).is_file()}
    for stem in options.chapters:
        if stem not in known:
            parser.error(f"no chapter with a sheet in {SHEETS} is called {stem!r}")
    os.environ.update(book.kernel_environment())
    status = 0
    for stem in options.chapters or known:
        try:
            if options.trying:
                faults = try_out(known[stem], Unset())
                print(f"{stem}: " + ("all holds" if not faults else f"{len(faults)} faults"))
                for fault in faults:
                    print("  " + fault)
                status |= bool(faults)
            else:
                write(known[stem], notebooks.values_of(known[stem]), options.to)
        except (SheetError, plain.PlainError, opening.OpeningError) as error:
            print(error, file=sys.stderr)
            status = 1
    return status


def write(page: Path, values: Mapping[str, str], to: Path) -> None:
    """Write the three copies of a chapter, and the zip for students."""
    source = source_notebook(page, values)
    student, folder = release(source), to / page.stem
    copies = {"student": student, "solution": run(solved(source)), "grading": source}
    for name, made in copies.items():
        packing.write(folder / name / f"{page.stem}.ipynb", notebooks.as_bytes(made))
    packing.write(folder / f"{page.stem}-student.zip", archive(page, student))
    print(f"{folder}: student, solution, grading, {page.stem}-student.zip")


def run(made: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A notebook with its outputs."""
    from nbclient import NotebookClient

    return NotebookClient(
        made, timeout=120, resources={"metadata": {"path": str(book.ROOT / "book")}}
    ).execute()


READ_ME = """{title}
An assignment of The Bond or the Drug?

{start}
Answer in the notebook, restart the kernel, run all cells, and hand in that one file.
"""


def archive(page: Path, made: nbformat.NotebookNode) -> bytes:
    """What students get: the notebook with helpers and data, in one folder."""
    title = made.metadata.bond.title
    start = notebooks.START.format(folder="assignment", stem=page.stem)
    held = {
        path: content
        for path, content in notebooks.files(page, made).items()
        if not path.startswith("book/")
    }
    # The chapter's own files are there; an assignment may call other readers.
    code = "\n".join(cell.source for cell in made.cells)
    for reader, name in notebooks.READERS.items():
        if f"{reader}(" in code:
            held[f"data/{name}"] = (page.parents[1] / "data" / name).read_bytes()
    held[notebooks.FIRST] = READ_ME.format(title=title, start=start).encode()
    held[f"assignment/{page.stem}.ipynb"] = notebooks.as_bytes(made)
    folder = f"{notebooks.NAME}-assignment-{page.stem}"
    return packing.in_folder(folder, held, notebooks.FIRST)


if __name__ == "__main__":
    sys.exit(main())
