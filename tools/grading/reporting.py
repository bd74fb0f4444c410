"""What comes out of grading: gradebook, feedback, and the sheet for written answers.

All of it is made from the stored results, without running anything. Text of a submission comes
into a page by escaping alone, or, for Markdown, through a list of allowed elements; pictures only
as PNG or JPEG whose bytes are what they say. No page has a script or asks another place for
anything, and each forbids both in its head.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import bleach
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

FOLDER = Path(__file__).with_name("pages")
ELEMENTS = {
    "p", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "br", "hr", "table",
    "thead", "tbody", "tr", "th", "td", "a", "s",
}  # fmt: skip
COLORS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
UNSAFE_START = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
WRITTEN_COLUMNS = ("student", "exercise", "points", "max", "comment")
NO_ANSWER = "No answer."
"""What stands beside the zero of an answer that was left empty."""
ANSWER_COLUMN = "answer"
"""A mark of the answer's text: points for another text do not count."""


class WrittenError(ValueError):
    """A sheet of points for written answers that cannot be used."""


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV in which no cell is a formula to a spreadsheet.

    >>> print(csv_text([["=1+1", -1.0, "-x"]]), end="")
    '=1+1,-1,'-x
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    for row in rows:
        writer.writerow([cell_text(value) for value in row])
    return target.getvalue()


def cell_text(value: object) -> str:
    """One cell: numbers short, text safe."""
    if isinstance(value, (int, float)):
        return f"{value:g}"
    text = " ".join(str(value).split())
    return "'" + text if text.startswith(UNSAFE_START) else text


def uncelled(text: str) -> str:
    """A cell as it was before it was made safe."""
    return text[1:] if text.startswith("'") and text[1:].startswith(UNSAFE_START) else text


def file_name(student: str) -> str:
    """A file name for a student: plain letters, and never the same for two.

    >>> file_name("marie.curie")
    'marie.curie'
    >>> file_name("Marie Curie")
    'Marie_Curie-f49d0583'
    """
    plain = re.sub(r"[^\w.-]", "_", student, flags=re.A).strip(".")[:80]
    # Systems that ignore case would take two students' files for one.
    if plain == student and plain == plain.lower() and plain:
        return plain
    return f"{plain}-{hashlib.sha256(student.encode('utf-8', 'replace')).hexdigest()[:8]}"


def totals(result: Mapping[str, Any], marks: Mapping[str, tuple[float, str]]) -> dict[str, float]:
    """Points by exercise, with those that a person gave for written answers."""
    points = {exercise: float(value) for exercise, value in result["points"].items()}
    for written in result["written"]:
        given = marks.get(written["exercise"])
        if given:
            points[written["exercise"]] = points.get(written["exercise"], 0.0) + given[0]
    return points


def to_grade(
    result: Mapping[str, Any], marks: Mapping[str, tuple[float, str]]
) -> list[str]:
    """The exercises whose written answer nobody has given points yet."""
    return [
        written["exercise"]
        for written in result["written"]
        if written["answered"] and written["exercise"] not in marks
    ]


def gradebook(
    results: Sequence[Mapping[str, Any]],
    assignment: Mapping[str, Any],
    marks: Mapping[str, Mapping[str, tuple[float, str]]],
) -> str:
    """The CSV of a class: a row for each student, a column for each exercise."""
    exercises = [exercise["id"] for exercise in assignment["exercises"]]
    possible = sum(exercise["points"] for exercise in assignment["exercises"])
    rows: list[list[object]] = [
        ["student", *exercises, "total", "possible", "percent", "status", "to_grade", "trouble"]
    ]
    for result in results:
        mine = marks.get(result["student"], {})
        points = totals(result, mine)
        total = sum(points.get(exercise, 0.0) for exercise in exercises)
        rows.append(
            [
                result["student"],
                *(points.get(exercise, 0.0) for exercise in exercises),
                total,
                possible,
                round(100 * total / possible, 1) if possible else 0,
                result["status"],
                " ".join(to_grade(result, mine)),
                " ".join(result["trouble"]),
            ]
        )
    return csv_text(rows)


def written_csv(
    results: Sequence[Mapping[str, Any]], marks: Mapping[str, Mapping[str, tuple[float, str]]]
) -> str:
    """The sheet to fill in: a row for each written answer; an empty answer has its 0 already."""
    rows: list[Sequence[object]] = [(*WRITTEN_COLUMNS, ANSWER_COLUMN)]
    for result in results:
        for written in result["written"]:
            given = marks.get(result["student"], {}).get(written["exercise"])
            points: object = given[0] if given else ("" if written["answered"] else 0)
            comment = given[1] if given else ("" if written["answered"] else NO_ANSWER)
            row = [result["student"], written["exercise"], points, written["max"], comment]
            rows.append([*row, mark_of(written.get("text", ""))])
    return csv_text(rows)


def mark_of(text: str) -> str:
    """A short mark by which a changed answer is known; a letter first, so no sheet counts it."""
    return "a" + hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()[:8]


@contextlib.contextmanager
def sheet_rows(path: Path) -> Iterator[csv.DictReader]:
    """The rows of a sheet; commas or semicolons may part the cells."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        head = file.readline()
        file.seek(0)
        yield csv.DictReader(file, delimiter=";" if head.count(";") > head.count(",") else ",")


def has_points(sheet: Path) -> bool:
    """Whether somebody gave points in a sheet; one that cannot be read counts as such."""
    if not sheet.is_file():
        return False
    with contextlib.suppress(UnicodeDecodeError, csv.Error), sheet_rows(sheet) as rows:
        return any(
            (row.get("points") or "").strip() and row.get("comment") != NO_ANSWER for row in rows
        )
    return True


def read_written(
    path: Path, results: Sequence[Mapping[str, Any]], changed: list[str] | None = None
) -> dict[str, dict[str, tuple[float, str]]]:
    """The points that a person gave, by student and exercise; empty cells are left out.

    Points for an answer that has changed since are left out as well; ``changed`` gets a
    sentence for each.

    Raises
    ------
    WrittenError
        With the line and what is wrong in it.
    """
    answers = {
        (result["student"], written["exercise"]): written
        for result in results
        for written in result["written"]
    }
    marks: dict[str, dict[str, tuple[float, str]]] = {}
    if not path.is_file():
        raise WrittenError(f"there is no file {path}")
    try:
        with sheet_rows(path) as reader:
            missing = [name for name in WRITTEN_COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise WrittenError(f"{path.name}: there is no column {missing[0]!r}")
            for row in reader:
                where = f"{path.name}, line {reader.line_num}"
                student = uncelled((row["student"] or "").strip())
                exercise = (row["exercise"] or "").strip()
                text = (row["points"] or "").strip().replace(",", ".")
                answer = answers.get((student, exercise))
                if answer is None:
                    raise WrittenError(f"{where}: no written answer of {student!r} to {exercise!r}")
                if not text:
                    continue
                try:
                    points = float(text)
                except ValueError:
                    raise WrittenError(f"{where}: {text!r} is not a number of points") from None
                if not 0 <= points <= answer["max"]:
                    raise WrittenError(
                        f"{where}: {points:g} points; from 0 to {answer['max']:g} are possible"
                    )
                graded = (row.get(ANSWER_COLUMN) or "").strip()
                if graded and graded != mark_of(answer.get("text", "")):
                    if changed is not None:
                        changed.append(
                            f"{student}, {exercise}: the answer has changed since it got "
                            f"{points:g} points; please grade it again."
                        )
                    continue
                mine = marks.setdefault(student, {})
                if exercise in mine:
                    raise WrittenError(f"{where}: {student!r} has points for {exercise!r} already")
                mine[exercise] = (points, uncelled((row["comment"] or "").strip()))
    except (OSError, UnicodeDecodeError) as error:
        raise WrittenError(f"{path}: {error}") from error
    return marks


def markdown(text: str) -> Markup:
    """A student's Markdown as a few harmless elements; pictures and HTML stay text."""
    # A folded hint is shown as text: the page has no HTML of a notebook's.
    text = re.sub(r"<details><summary>(.*?)</summary>", r"**\1.**", text).replace("</details>", "")
    made = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image").render(text)
    # A heading of the student's is no heading of the page.
    made = re.sub(r"<h[1-6]>", "<p><strong>", made)
    made = re.sub(r"</h[1-6]>", "</strong></p>", made)
    clean = bleach.clean(
        made,
        tags=ELEMENTS,
        attributes={"a": ["href"]},
        protocols={"http", "https", "mailto"},
        strip=False,
    )
    return Markup(clean.replace("<table>", '<table class="plain">'))


def output_parts(output: Mapping[str, Any]) -> dict[str, str] | None:
    """One output as text or as a picture; None when it has neither."""
    kind = output["output_type"]
    if kind == "stream":
        return {
            "kind": "error" if output["name"] == "stderr" else "text",
            "text": plain(output["text"]),
        }
    if kind == "error":
        lines = "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}"
        return {"kind": "error", "text": plain(lines)}
    data = output["data"]
    for kind, start in PICTURES.items():
        if kind in data:
            try:
                content = base64.b64decode("".join(data[kind].split()), validate=True)
            except (binascii.Error, ValueError):
                continue
            if content.startswith(start):
                code = base64.b64encode(content).decode()
                return {"kind": "picture", "text": f"data:{kind};base64,{code}"}
    if "text/plain" in data:
        return {"kind": "text", "text": plain(data["text/plain"])}
    if "text/markdown" in data:
        return {"kind": "text", "text": plain(data["text/markdown"])}
    return {"kind": "text", "text": "[an output that is not shown here]"} if data else None


def plain(text: str) -> str:
    """Terminal text without colors and control characters."""
    text = COLORS.sub("", text)
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")


def shown_cells(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cells of a run notebook as a page shows them."""
    made = []
    for number, cell in enumerate(notebook["cells"], 1):
        own = cell["metadata"].get("bond", {})
        facts = {
            "number": number,
            "kind": own.get("kind", "extra"),
            "exercise": own.get("exercise", ""),
        }
        if cell["cell_type"] == "code":
            parts = [part for output in cell["outputs"] if (part := output_parts(output))]
            made.append(facts | {"code": cell["source"], "outputs": parts})
        else:
            made.append(facts | {"text": markdown(cell["source"])})
    return made


def pages() -> Environment:
    """The templates; all text is escaped."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (FOLDER / "style.css").read_text(encoding="utf-8")
    code = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    made.globals["style"] = Markup(style)
    made.globals["policy"] = f"default-src 'none'; img-src data:; style-src 'sha256-{code}'"
    made.filters["points"] = lambda value: f"{value:g}"
    made.filters["markdown"] = markdown
    return made


def feedback(
    environment: Environment,
    result: Mapping[str, Any],
    assignment: Mapping[str, Any],
    marks: Mapping[str, tuple[float, str]],
) -> str:
    """The page that one student gets back."""
    points = totals(result, marks)
    exercises = []
    for exercise in assignment["exercises"]:
        name = exercise["id"]
        exercises.append(
            {
                **exercise,
                "gained": points.get(name, 0.0),
                "checks": [check for check in result["checks"] if check["exercise"] == name],
                "answers": [
                    written | {"given": marks.get(name)}
                    for written in result["written"]
                    if written["exercise"] == name
                ],
            }
        )
    return environment.get_template("feedback.html").render(
        student=result["student"],
        title=assignment["title"],
        exercises=exercises,
        total=sum(exercise["gained"] for exercise in exercises),
        possible=sum(exercise["points"] for exercise in exercises),
        open=bool(to_grade(result, marks)),
        trouble=result["trouble"],
        cells=shown_cells(result["notebook"]),
    )


def written_page(
    environment: Environment,
    results: Sequence[Mapping[str, Any]],
    assignment: Mapping[str, Any],
    marks: Mapping[str, Mapping[str, tuple[float, str]]],
) -> str:
    """All written answers, by exercise, with the rubric, for reading."""
    exercises = []
    for exercise in assignment["exercises"]:
        answers, rubric = [], []
        for result in results:
            for written in result["written"]:
                if written["exercise"] == exercise["id"]:
                    rubric = written["rubric"]
                    given = marks.get(result["student"], {}).get(exercise["id"])
                    answers.append(written | {"student": result["student"], "given": given})
        if answers:
            exercises.append({**exercise, "answers": answers, "rubric": rubric})
    return environment.get_template("written.html").render(
        title=assignment["title"], exercises=exercises
    )
