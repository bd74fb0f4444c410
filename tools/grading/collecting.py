"""The submissions in a folder, one notebook for each student, and what is wrong with the rest.

Known forms, in any mixture:

- ``STUDENT.ipynb``, and ``STUDENT/anything.ipynb``;
- Canvas: ``lastname_12345_67890_03-published-numbers-1.ipynb`` (with ``LATE`` behind the name);
- Moodle: ``First Last_12345_assignsubmission_file_`` as a folder, or as the start of a file name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.grading.restoring import known_names, name_of, own_facts

LARGEST_MB = 25
MOODLE = re.compile(r"(?P<name>.+?_\d+)_assignsubmission_file(?:_.*)?", re.S)
CANVAS = re.compile(r"(?P<name>[^_]+?)(?:_LATE)?_(?P<user>\d+)_\d+_.+", re.S)
IGNORED = {"__MACOSX", ".ipynb_checkpoints", "desktop.ini", "Thumbs.db"}


class CollectError(ValueError):
    """A folder from which nothing can be graded."""


@dataclass
class Submission:
    """One student's notebook, or the reason why there is none to grade."""

    student: str
    path: Path | None = None
    fault: str = ""
    digest: str = ""


def student_of(name: str) -> str:
    """The student that a file or folder of this name belongs to.

    >>> student_of("curie_LATE_12345_67890_03-published-numbers-1")
    'curie_12345'
    >>> student_of("Marie Curie_12345_assignsubmission_file_")
    'Marie Curie_12345'
    >>> student_of("marie.curie")
    'marie.curie'
    """
    if found := MOODLE.fullmatch(name):
        return found["name"]
    if found := CANVAS.fullmatch(name):
        return f"{found['name']}_{found['user']}"
    return name


def shown(name: str) -> str:
    """A file name without what a terminal or a page would take for more than text."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:120]


def collected(folder: Path) -> list[Submission]:
    """Every submission in a folder, sorted by student.

    Raises
    ------
    CollectError
        When the folder is not there, or holds nothing.
    """
    if not folder.is_dir():
        raise CollectError(f"{folder} is not a folder")
    found: dict[str, list[Path]] = {}
    faults: dict[str, list[str]] = {}
    for path in sorted(folder.iterdir()):
        if path.name in IGNORED or path.name.startswith("."):
            continue
        student = student_of(path.name if path.is_dir() else path.stem)
        if path.is_symlink():
            faults.setdefault(student, []).append(f"{shown(path.name)} is a link, not a file")
        elif path.is_dir():
            inside = notebooks_below(path)
            if inside:
                found.setdefault(student, []).extend(inside)
            else:
                faults.setdefault(student, []).append(
                    f"there is no notebook in {shown(path.name)}/"
                )
        elif path.suffix.lower() == ".ipynb":
            found.setdefault(student, []).append(path)
        else:
            hint = "; unpack it first" if path.suffix.lower() in (".zip", ".gz", ".7z") else ""
            faults.setdefault(student, []).append(
                f"{shown(path.name)} is not a notebook (.ipynb){hint}"
            )
    made = []
    for student in sorted(found.keys() | faults.keys()):
        paths = found.get(student, [])
        if len(paths) > 1:
            names = ", ".join(shown(path.relative_to(folder).as_posix()) for path in paths)
            made.append(Submission(student, fault=f"two or more notebooks: {names}; keep one"))
        elif paths:
            made.append(checked(student, paths[0]))
        else:
            made.append(Submission(student, fault="; ".join(faults[student])))
    if not made:
        raise CollectError(
            f"{folder} is empty; it should hold one notebook for each student, as STUDENT.ipynb, "
            "as STUDENT/anything.ipynb, or as Canvas and Moodle name them"
        )
    return made


def notebooks_below(folder: Path) -> list[Path]:
    """The notebooks in a student's folder, without links, backups and hidden files."""
    return [
        path
        for path in sorted(folder.rglob("*.ipynb"))
        if path.is_file()
        and not path.is_symlink()
        and not any(
            part in IGNORED or part.startswith(".") for part in path.relative_to(folder).parts
        )
    ]


def checked(student: str, path: Path) -> Submission:
    """A submission with its digest, or too large for one."""
    size = path.stat().st_size / 2**20
    if size > LARGEST_MB:
        return Submission(
            student, path, f"{shown(path.name)} has {size:,.0f} MB, more than {LARGEST_MB}; "
            "clear the outputs and hand it in again"
        )  # fmt: skip
    return Submission(student, path, digest=hashlib.sha256(path.read_bytes()).hexdigest())


def read(path: Path) -> NotebookNode:
    """A submission's notebook, however odd its cells.

    Raises
    ------
    CollectError
        When the file holds no notebook.
    """
    name = shown(path.name)
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CollectError(f"{name} is not a notebook: it does not hold valid JSON") from error
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise CollectError(f"{name} is not a notebook of format 4: it has no list of cells")
    # Outputs are thrown away here: the notebook runs anew, and they may be large.
    cells = [
        {key: cell.get(key) for key in ("cell_type", "source", "metadata") if key in cell}
        for cell in data["cells"]
        if isinstance(cell, dict)
    ]
    metadata = data.get("metadata") if isinstance(data.get("metadata"), dict) else {}
    try:
        return nbformat.from_dict({"cells": cells, "metadata": metadata})
    except RecursionError as error:
        raise CollectError(f"{name} is not a notebook: it is nested too deep") from error


def misfit(notebook: NotebookNode, grading: NotebookNode, *, any_version: bool = False) -> str:
    """Why a notebook cannot be graded as this assignment; empty when it can."""
    wanted = grading.metadata.bond
    said = own_facts(notebook)
    known = known_names(grading)
    there = {name_of(cell) for cell in notebook.cells} & known
    other = said.get("assignment")
    if isinstance(other, str) and other != wanted.assignment:
        return f"this is the notebook of {shown(other)}, not of {wanted.assignment}"
    if not there:
        return f"none of the cells of {wanted.assignment} is in the notebook"
    digest = said.get("digest")
    if not any_version and isinstance(digest, str) and digest != wanted.get("digest"):
        return (
            f"the notebook was made from another version of {wanted.assignment} "
            f"({shown(digest)[:16]}, now {wanted.get('digest')}); "
            "--any-version grades it all the same"
        )
    return ""


def assignment_of(submissions: list[Submission]) -> str:
    """The assignment that most of the notebooks name.

    Raises
    ------
    CollectError
        When none of them names one.
    """
    names: Counter[str] = Counter()
    for submission in submissions:
        if submission.path and not submission.fault:
            try:
                name = own_facts(read(submission.path)).get("assignment")
            except CollectError:
                continue
            if isinstance(name, str) and re.fullmatch(r"[\w-]+", name):
                names[name] += 1
    if not names:
        raise CollectError("no notebook says which assignment it is of: name it with --assignment")
    return min(names, key=lambda name: (-names[name], name))
