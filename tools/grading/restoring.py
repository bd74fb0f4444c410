"""The submission as it is run: given cells from the grading version, answers from the student.

Whatever a submission did to the given cells, to their order or to their metadata, only two things
are taken from it: the text of each answer cell, found by its ``grade_id``, and cells of the
student's own, which stay behind the known cell that they followed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode

PLACEHOLDERS = {"", "write your answer here", "your answer here"}
HIDDEN = re.compile(r"^.*### BEGIN HIDDEN TESTS$.*?### END HIDDEN TESTS$", re.M | re.S)
MOST_NAMED = 5
"""Cells that one sentence names."""
DELETED = "# The answer cell is not in the submission."
LONGEST_CELL = 200_000
LONGEST_PARSED = 20_000
MOST_CELLS = 500


@dataclass
class Step:
    """One cell of a submission as it is run.

    Attributes
    ----------
    kind : str
        ``given``, ``answer``, ``written``, ``hidden`` or ``extra``.
    cell : NotebookNode
        What is shown and, but for hidden checks, run.
    name : str
        The ``grade_id``; for the student's own cells, one made here.
    exercise : str
        The exercise that it belongs to, or nothing.
    points : float
        What it is worth, as the grading version says.
    what, code : str
        What a hidden check tests, in words and in code.
    rubric : list
        Points and words, for a written answer.
    """

    kind: str
    cell: NotebookNode
    name: str
    exercise: str = ""
    points: float = 0.0
    what: str = ""
    code: str = ""
    rubric: list = field(default_factory=list)
    missing: bool = False


def facts(cell: Any) -> dict:
    """What nbgrader's metadata say of a cell; nothing when they are damaged."""
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    found = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def name_of(cell: Any) -> str:
    """The ``grade_id`` of a cell, or nothing."""
    found = facts(cell).get("grade_id")
    return found if isinstance(found, str) else ""


def source_of(cell: Any) -> str:
    """The text of a cell, whatever form a notebook gives it."""
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source[:LONGEST_CELL] if isinstance(source, str) else ""


def known_names(grading: NotebookNode) -> set[str]:
    """The names of all cells of an assignment."""
    return {name_of(cell) for cell in grading.cells} - {""}


def restored(submission: NotebookNode, grading: NotebookNode) -> list[Step]:
    """The steps of a submission in the order of the grading version."""
    wanted = known_names(grading)
    answers: dict[str, str] = {}
    behind: dict[str, list[NotebookNode]] = {}
    last = ""
    for cell in list(submission.get("cells", []))[:MOST_CELLS]:
        name = name_of(cell)
        if name in wanted:
            last = name
            if name not in answers:
                answers[name] = source_of(cell)
                continue
            # A given cell twice is dropped; a second answer runs as the student's own cell.
            if not is_answer(grading, name):
                continue
        behind.setdefault(last, []).append(cell)
    steps = list(own_steps(behind.get("", []), "", ""))
    for cell in grading.cells:
        step = step_of(cell, answers)
        steps.append(step)
        steps += own_steps(behind.get(step.name, []), step.name, step.exercise)
    return steps


def is_answer(grading: NotebookNode, name: str) -> bool:
    """Whether a cell of the grading version is the student's to write."""
    return any(facts(cell).get("solution") for cell in grading.cells if name_of(cell) == name)


def own_steps(cells: list, last: str, exercise: str) -> Iterator[Step]:
    """The student's own cells behind a known one."""
    for number, cell in enumerate(cells, 1):
        source = source_of(cell)
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            made = nbformat.v4.new_code_cell(source, id=f"own-{number}")
        else:
            made = nbformat.v4.new_markdown_cell(source, id=f"own-{number}")
        yield Step("extra", made, f"{last or 'top'} +{number}", exercise)


def step_of(cell: NotebookNode, answers: dict[str, str]) -> Step:
    """A cell of the grading version, with the student's text where it is an answer."""
    said, name = facts(cell), name_of(cell)
    own = cell.metadata.get("bond", {})
    exercise = own.get("exercise", "")
    code = cell.cell_type == "code"
    make = nbformat.v4.new_code_cell if code else nbformat.v4.new_markdown_cell
    points = float(said.get("points") or 0) if said.get("grade") else 0.0
    if said.get("solution"):
        missing = name not in answers
        source = answers.get(name, DELETED if code else "")
        kind = "answer" if code else "written"
        rubric = [list(row) for row in own.get("rubric", [])]
        return Step(kind, make(source), name, exercise, points, rubric=rubric, missing=missing)
    if said.get("grade") and code:
        what = own.get("what", "") or name
        return Step("hidden", make(f"# Graded: {what}"), name, exercise, points, what, cell.source)
    return Step("given", make(cell.source), name, exercise)


def is_unanswered(text: str) -> bool:
    """Whether a written answer is empty or still the given line."""
    return " ".join(re.findall(r"\w+", text.lower())) in PLACEHOLDERS


def put_back(submission: NotebookNode, grading: NotebookNode) -> list[str]:
    """What was put back because the submission had it otherwise, a sentence for each kind.

    Nothing is said of what no reader of the code would notice, or what Jupyter, Colab and
    VS Code rewrite by themselves: blanks, line ends, the layout of code, comments, outputs, and
    metadata other than the points. A notebook of another version has other given cells by right,
    so nothing is said of it either.
    """
    if own_facts(submission).get("digest") != own_facts(grading).get("digest"):
        return []
    there: dict[str, Any] = {}
    for cell in list(submission.get("cells", []))[:MOST_CELLS]:
        there.setdefault(name_of(cell), cell)
    missing, changed, revalued = [], [], []
    for given in grading.cells:
        name, own = name_of(given), there.get(name_of(given))
        if own is None:
            if not facts(given).get("solution"):
                missing.append(name)
            continue
        if not facts(given).get("solution") and not same_cell(given, own):
            changed.append(name)
        # Some editors write nothing where others write nought.
        wanted, got = facts(given), facts(own)
        if any((wanted.get(key) or 0) != (got.get(key) or 0) for key in ("grade", "points")):
            revalued.append(name)
    found = {
        "given cells that were not in the notebook": missing,
        "given cells that were changed": changed,
        "points that were changed in the notebook's metadata": revalued,
    }
    return [f"We put back {what}: {listed(names)}." for what, names in found.items() if names]


def own_facts(notebook: Any) -> dict:
    """What the notebook's metadata say of its assignment."""
    found = notebook.get("metadata", {}).get("bond")
    return found if isinstance(found, dict) else {}


def listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def same_cell(given: NotebookNode, own: Any) -> bool:
    """Whether a given cell came back as it was handed out, but for blanks, layout and comments."""
    if own.get("cell_type") != given.cell_type:
        return False
    # The student's copy never had the hidden part.
    wanted, got = HIDDEN.sub("", given.source), source_of(own)
    if squeezed(wanted) == squeezed(got):
        return True
    if given.cell_type != "code":
        return False
    trees = [syntax(wanted), syntax(got)]
    return None not in trees and ast.dump(trees[0]) == ast.dump(trees[1])


def squeezed(text: str) -> list[str]:
    """The lines of a text without blanks at their ends and without blank lines."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def syntax(code: str) -> ast.Module | None:
    """The code's syntax tree; None when it has none, or is too long or too deep for one."""
    if len(code) > LONGEST_PARSED:
        return None
    try:
        tree = ast.parse(code)
        ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def stub_names(code: str) -> set[str]:
    r"""The functions of an answer cell that holds nothing but functions left empty.

    The set is empty as soon as the cell holds more: then the student has begun.

    >>> stub_names("def half(x):\n    'Half of x.'\n    ...")
    {'half'}
    >>> stub_names("def half(x):\n    return x / 2")
    set()
    """
    tree = syntax(code)
    names: set[str] = set()
    for node in tree.body if tree else []:
        if not isinstance(node, ast.FunctionDef) or not is_empty(node.body):
            return set()
        names.add(node.name)
    return names


def is_empty(body: list[ast.stmt]) -> bool:
    """Whether statements are only ``...`` or ``pass``, with or without a docstring."""
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:] if isinstance(body[0].value.value, str) else body
    return len(body) == 1 and ast.unparse(body[0]) in ("...", "pass")


def unanswered(steps: list[Step]) -> set[str]:
    """The exercises whose answer cells were certainly left as they were handed out.

    Certain means that no other cell of the student's names the function that was to be written.
    """
    answers: dict[str, set[str]] = {}
    begun: set[str] = set()
    own: list[tuple[Step, str]] = []
    for step in steps:
        if step.kind not in ("answer", "extra") or step.cell.cell_type != "code":
            continue
        own.append((step, step.cell.source))
        if step.kind == "answer":
            names = set() if step.missing else stub_names(step.cell.source)
            answers.setdefault(step.exercise, set()).update(names)
            if not names:
                begun.add(step.exercise)
    return {
        exercise
        for exercise, names in answers.items()
        if exercise not in begun
        and not any(
            re.search(rf"\b{re.escape(name)}\b", text)
            for step, text in own
            if step.kind == "extra" or step.exercise != exercise
            for name in names
        )
    }


def given_imports(grading: NotebookNode) -> list[str]:
    """The imports at the top level of the given and the hidden cells."""
    found: dict[str, None] = {}
    for cell in grading.cells:
        if cell.cell_type != "code" or facts(cell).get("solution"):
            continue
        try:
            body = ast.parse(cell.source).body
        except SyntaxError:
            continue  # a cell with a magic
        for node in body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                found[ast.unparse(node)] = None
    return list(found)
