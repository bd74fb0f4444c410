"""What an instructor needs of each chapter's assignment sheet, as Markdown.

`notes` gives discussion questions, misconceptions and rubrics; `table` gives the exercises
with points, minutes and the objective that each tests. Both read ``book/assignment``.
"""

from __future__ import annotations

import re
from pathlib import Path

from tools import assignments, book, chapter_map, opening

EXERCISE = re.compile(
    rf"^`{{3,}}\{{exercise\}}[^\n]*\n:label: (?P<label>\S+)\n+(?:{assignments.TITLE})?", re.M
)


def with_sheets(root: Path = book.ROOT) -> list[Path]:
    """The chapters that have a sheet, in reading order."""
    return [page for page in book.chapters(root) if assignments.sheet_path(page.stem, root).is_file()]


def inputs(root: Path = book.ROOT) -> list[Path]:
    """Every file that the notes and the table are made from."""
    pages = with_sheets(root)
    return [*pages, *(assignments.sheet_path(page.stem, root) for page in pages)]


def exercise_titles(text: str) -> dict[str, tuple[int, str]]:
    """The number within the chapter, and the title, of each exercise, by its label.

    >>> exercise_titles("````{exercise}\\n:label: ex-01-a\\n**First.** Do it.\\n````\\n")
    {'ex-01-a': (1, 'First')}
    """
    found = enumerate(EXERCISE.finditer(text), 1)
    return {one["label"]: (number, one["title"] or one["label"]) for number, one in found}


def link(page: Path) -> str:
    """A link to a chapter with its number and title."""
    title = chapter_map.title_of(page.read_text(encoding="utf-8"))
    return f"{{doc}}`{int(page.stem[:2])}. {title} <{page.stem}>`"


def notes(page: Path, root: Path = book.ROOT) -> str:
    """The teaching notes of one chapter, below a heading of its own.

    Raises
    ------
    assignments.SheetError
        When the sheet is not as it must be.
    """
    sheet = assignments.read_sheet(assignments.sheet_path(page.stem, root))
    text = page.read_text(encoding="utf-8")
    titles = exercise_titles(text)
    lines = [f"## {int(page.stem[:2])} {chapter_map.title_of(text)}", ""]
    lines += [
        f"{{doc}}`The chapter <{page.stem}>` takes about {opening.from_page(text, page.name)['minutes']} "
        f"minutes to read, its assignment about {sheet.minutes} minutes, for {sheet.points} points.",
        "",
        "**Ask in class**",
        "",
        *[f"- {question}" for question in sheet.discussion],
        "",
        "**What students believe, and how to catch it**",
        "",
    ]
    for one in sheet.misconceptions:
        lines += [f"- \u201c{one['belief']}\u201d", ""]
        lines += [f"  *Catch it:* {one['catch']}", "", f"  *Say:* {one['answer']}", ""]
    for task in sheet.tasks:
        if task.rubric:
            number, title = titles.get(task.label, (0, task.label))
            lines += [f"**Rubric of exercise {int(page.stem[:2])}.{number}, {title}**", ""]
            lines += [f"- {_points(row['points'])}: {row['for']}" for row in task.rubric] + [""]
    return "\n".join(lines)


def table(page: Path, root: Path = book.ROOT) -> str:
    """The exercises of one chapter's assignment: points, minutes, objective.

    Objectives that no exercise tests stand at the end.

    Raises
    ------
    assignments.SheetError
        When the sheet is not as it must be, or names an exercise that the chapter lacks.
    """
    sheet = assignments.read_sheet(assignments.sheet_path(page.stem, root))
    text = page.read_text(encoding="utf-8")
    objectives, titles = opening.from_page(text, page.name)["objectives"], exercise_titles(text)
    lines = [f"**{link(page)}**: {_points(sheet.points)}, about {sheet.minutes} minutes", ""]
    for task in sheet.tasks:
        if task.label not in titles:
            raise assignments.SheetError(f"{page.stem}: the chapter has no exercise {task.label!r}")
        number, title = titles[task.label]
        kind = "written" if task.rubric and not task.hidden else "code and words" if task.rubric else "code"
        lines += [
            f"- *{int(page.stem[:2])}.{number} {title}* ({kind}, {_points(task.points)}, {task.minutes} minutes): "
            f"{objectives[task.objective - 1]}"
        ]
    graded = {task.objective for task in sheet.tasks}
    left = [text for number, text in enumerate(objectives, 1) if number not in graded]
    lines += [f"- *not graded*: {objective}" for objective in left]
    return "\n".join([*lines, ""])


def _points(count: int) -> str:
    return f"{count} point{'s' if count != 1 else ''}"
