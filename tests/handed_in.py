"""Small assignments and submissions for the tests of the grader: nothing heavy is imported."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

LATER = "# Graded later"
PLACEHOLDER = "*Write your answer here.*"
RIGHT = {
    "half": "def half(x):\n    return x / 2\n",
    "double": "def double(x):\n    return x * 2\n",
    "root": "def root(x):\n    return math.sqrt(x)\n",
}
CHECKS = {
    "half": "assert half(3) == 1.5, 'half of 3 is 1.5'",
    "double": "assert double(3) == 6\nassert double(-2) == -4",
    "root": "assert math.isclose(root(9), 3)",
}
WORDS = "I **think** that halves are halves."


def metadata(name: str, exercise: str = "", own: Mapping | None = None, **facts) -> NotebookNode:
    """A cell's metadata: nbgrader's and our own."""
    grader = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False}
    grader |= {"locked": True, "task": False} | facts
    return nbformat.from_dict(
        {"nbgrader": grader, "bond": {"exercise": exercise} | dict(own or {})}
    )


def grading(checks: Mapping[str, str] = CHECKS, *, written: bool = True) -> NotebookNode:
    """The grading version of an assignment with one function for each check."""
    cells = [
        new_markdown_cell("# Small", metadata=metadata("head")),
        new_code_cell("import math", metadata=metadata("setup")),
    ]
    listed = []
    for name, check in checks.items():
        ex = f"ex-{name}"
        listed.append({"id": ex, "title": f"Write {name}", "points": 2, "written": False})
        hidden = f"{LATER}\n### BEGIN HIDDEN TESTS\n{check}\n### END HIDDEN TESTS"
        seen = f"try:\n    print('✓', {name}(1))\nexcept Exception as error:\n    print('✗', error)"
        answer = RIGHT.get(name, f"def {name}(x):\n    return x\n")
        graded = {"grade": True, "points": 2, "own": {"what": f"{name} of other numbers"}}
        cells += [
            new_markdown_cell(f"## {name}", metadata=metadata(ex, ex)),
            new_code_cell(
                answer, metadata=metadata(f"{ex}-answer", ex, solution=True, locked=False)
            ),
            new_code_cell(seen, metadata=metadata(f"{ex}-check-1", ex)),
            new_code_cell(hidden, metadata=metadata(f"{ex}-hidden-1", ex, **graded)),
        ]
    if written:
        ex = "ex-words"
        rubric = {"rubric": [[2, "says what a half is"], [1, "gives an example"]]}
        facts = {"grade": True, "solution": True, "locked": False, "points": 3, "own": rubric}
        cells.append(
            new_markdown_cell("A half is …", metadata=metadata(f"{ex}-written", ex, **facts))
        )
        listed.append({"id": ex, "title": "In words", "points": 3, "written": True})
    made = new_notebook(cells=cells)
    made.metadata = nbformat.from_dict(
        {"bond": {"assignment": "99-small", "title": "Small", "exercises": listed, "digest": "d1"}}
    )
    for number, cell in enumerate(made.cells):
        cell.id = f"c{number}"
    return made


def student(
    source: NotebookNode, answers: Mapping[str, str] | None = None, words: str = PLACEHOLDER
):
    """The student's copy, with the answers that are given."""
    made = copy.deepcopy(source)
    for cell in made.cells:
        facts, exercise = cell.metadata.nbgrader, cell.metadata.bond.exercise
        if facts.solution and cell.cell_type == "code":
            cell.source = (answers or {}).get(
                exercise.removeprefix("ex-"), "def later(x):\n    ...\n"
            )
        elif facts.solution:
            cell.source = words
        elif facts.grade:
            cell.source = LATER
    return made


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    """A cell by its name."""
    return next(c for c in notebook.cells if c.metadata.nbgrader.grade_id == name)


def save(notebook: NotebookNode, path: Path) -> Path:
    """Write a notebook; the path back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path
