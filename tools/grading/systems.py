"""Points into a grade file that Canvas or Moodle exported, for the system to take in again.

We read what both systems document and their source; we had neither to try it on.

Canvas: the gradebook's export (``lib/gradebook_exporter.rb``). The header is ``Student`` (or
``LastName, FirstName``), ``ID``, perhaps ``SIS User ID``, ``SIS Login ID``, ``Integration ID`` and
``Root Account``, then ``Section``, the course's own columns, one column ``Title (id)`` for each
assignment, and totals. There may be a row with ``Manual Posting`` in it; the row that begins with
``    Points Possible`` follows. Each further row is a student, whose ``ID`` is the number in the
file names of *Download Submissions*. The import (``lib/gradebook_importer.rb``) needs the columns
up to ``Section`` and compares every other column with what Canvas holds by then: a grade that was
given after the export would be set back. So `fill` keeps the columns up to ``Section`` and the one
of this assignment, and leaves the rest out.

Moodle: the grading worksheet of an assignment (``mod/assign/gradingtable.php``). The header is
``Identifier`` ("Participant 12345"), ``Full name``, ``Email address`` and the like, ``Status``,
``Grade``, ``Maximum grade`` (a ``Scale`` instead when it is graded so), ``Grade can be changed``,
``Last modified (submission)``, ``Last modified (grade)``, and a column for each kind of feedback.
The upload (``mod/assign/feedback/offline``) looks for ``Identifier``, ``Grade`` and ``Last
modified (grade)`` in the language of whoever uploads; here the language has to be English. The
number of ``Identifier`` is the one in the folders of *Download all submissions*. `fill` changes
``Grade`` alone. *Upload multiple feedback files in a zip* (``mod/assign/feedback/file``) takes
folders ``Full name_12345_assignsubmission_file_`` and goes by the number in them; the underscore
at the end is for Moodle before 4.1.

In both, a point parts the decimals of what we write: both imports read that in every language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools import packing
from tools.grading.collecting import shown
from tools.grading.reporting import file_name

MARKS = ",;\t"
"""What may part the cells of a row."""
BOM = "\ufeff"
NUMBERED = re.compile(r".*_(\d+)", re.S)
PARTICIPANT = re.compile(r"\D*(\d+)\s*")
WITH_ID = re.compile(r"(.*)\s\(\d+\)", re.S)
CANVAS_STUDENT = (
    "Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Integration ID",
    "Root Account", "Section",
)  # fmt: skip
KEPT_CELLS = ("ex", "n/a")
"""Canvas's words for an excused student, and for one who does not have the assignment."""
MOODLE_NEEDS = ("identifier", "grade", "last modified (grade)")
KNOWN_FORMS = (
    "Two forms are known: Canvas's gradebook export, with the columns Student, ID and Section, and "
    "the grading worksheet of an assignment in Moodle, in English, with the columns Identifier, "
    "Grade and Last modified (grade)"
)


class SystemFileError(ValueError):
    """A grade file that cannot be filled in; the text says what to do."""


@dataclass(frozen=True)
class Standing:
    """What a student has: points, state, and the exercises that wait for a person's points."""

    student: str
    total: float
    status: str
    to_grade: Sequence[str] = ()


@dataclass
class Row:
    """A row of a file, its cells as they stand there, with their quotes."""

    line: int
    cells: list[str]
    end: str = ""


@dataclass
class GradeFile:
    """An exported file, with what `fill` needs to know of it.

    Attributes
    ----------
    system : str
        ``Canvas`` or ``Moodle``.
    names, number, grade : list of int, int, int
        The columns with a student's name, number and points.
    kept : list of int
        The columns that go into the new file.
    locked : int or None
        The column that says whether a grade can be changed.
    students : dict
        The rows by the student's number.
    """

    path: Path
    system: str
    mark: str
    start: str
    rows: list[Row]
    names: list[int]
    number: int
    grade: int
    kept: list[int]
    locked: int | None = None
    students: dict[str, Row] = field(default_factory=dict)

    def name_of(self, number: str) -> str:
        """A student's name and number."""
        row = self.students[number]
        name = ", ".join(value_of(row.cells[column]) for column in self.names)
        return shown(f"{name} ({number})")

    def is_closed(self, row: Row) -> bool:
        """Whether the system's own cell says that no points belong here."""
        if self.locked is not None:
            return value_of(row.cells[self.locked]).strip().lower() == "no"
        return (
            self.system == "Canvas"
            and value_of(row.cells[self.grade]).strip().lower() in KEPT_CELLS
        )


def value_of(cell: str) -> str:
    """A cell without its quotes.

    >>> value_of('"Curie, ""Manya"" Marie"')
    'Curie, "Manya" Marie'
    """
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def parsed(text: str, mark: str, name: str) -> list[Row]:
    """The rows of a CSV text, cell by cell as they stand there.

    Python's own reader gives the values alone; a file that goes back into a system must keep its
    quotes and its line ends.

    Raises
    ------
    SystemFileError
        With the line where a quote is wrong.
    """
    cell = re.compile(rf'"[^"]*(?:""[^"]*)*"|(?!")[^{mark}\r\n]*')
    rows, row, at, line = [], Row(1, []), 0, 1
    while at < len(text) or row.cells:
        found = cell.match(text, at)
        end = found.end() if found else at
        if not found or text[end : end + 1] not in ("", mark, "\r", "\n"):
            raise SystemFileError(
                f"{name}, line {line}: a quote is not closed, or closed too early"
            )
        row.cells.append(found[0])
        line += len(re.findall(r"\r\n?|\n", found[0]))
        at = end
        if text[at : at + 1] == mark:
            at += 1
            continue
        row.end = "\r\n" if text.startswith("\r\n", at) else text[at : at + 1]
        at += len(row.end)
        line += bool(row.end)
        rows.append(row)
        row = Row(line, [])
    return rows


def opened(path: Path, assignment: Mapping[str, object], column: str = "") -> GradeFile:
    """A system's file, looked through before anything is graded.

    Parameters
    ----------
    path : Path
        What the system exported.
    assignment : mapping
        ``assignment``, ``title`` and ``exercises`` with their ``points``.
    column : str, optional
        The title of the column in Canvas, when it is not the assignment's.

    Raises
    ------
    SystemFileError
        When it is no such file, has no column for the assignment, or gives it other points.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise SystemFileError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SystemFileError(
            f"{path.name} is not a CSV file in UTF-8: give it as the system exported it, not as a "
            "spreadsheet saved it"
        ) from error
    start = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    for mark in MARKS:
        header = [name.strip() for name in header_of(text, mark)]
        lowered = [name.lower() for name in header]
        if {"ID", "Section"} <= set(header) and {"Student", "LastName"} & set(header):
            rows = checked(parsed(text, mark, path.name), path.name)
            return canvas(path, mark, start, rows, header, assignment, column)
        if set(MOODLE_NEEDS[:2]) <= set(lowered):
            rows = checked(parsed(text, mark, path.name), path.name)
            if column:
                raise SystemFileError(
                    f"{path.name} is Moodle's, for one assignment: leave --column out"
                )
            return moodle(path, mark, start, rows, lowered, assignment)
    raise SystemFileError(f"{path.name} is not a grade file that we know. {KNOWN_FORMS}")


def header_of(text: str, mark: str) -> list[str]:
    """The values of the first row; nothing when it cannot be read with this mark."""
    first = re.match(r'(?:"[^"]*"|[^"\r\n])*', text)
    try:
        rows = parsed(first[0] if first else "", mark, "")
    except SystemFileError:
        return []
    return [value_of(cell) for cell in rows[0].cells] if rows else []


def checked(rows: list[Row], name: str) -> list[Row]:
    """The rows, each as long as the header; blank ones may stand between them.

    Raises
    ------
    SystemFileError
        With the line that is too short or too long.
    """
    wanted = len(rows[0].cells)
    for row in rows:
        if row.cells != [""] and len(row.cells) != wanted:
            raise SystemFileError(
                f"{name}, line {row.line}: {len(row.cells)} cells, and the header has {wanted}"
            )
    return rows


def possible_points(assignment: Mapping[str, object]) -> float:
    """What the assignment is worth."""
    return float(sum(exercise["points"] for exercise in assignment["exercises"]))


def number_in(text: str) -> float | None:
    """A number that may have a comma for its decimals; None when it is none."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def canvas(
    path: Path,
    mark: str,
    start: str,
    rows: list[Row],
    header: list[str],
    assignment: Mapping[str, object],
    column: str,
) -> GradeFile:
    """A gradebook export.

    Raises
    ------
    SystemFileError
        When the column or the row of the points is not there, or the points are others.
    """
    grade = canvas_column(path.name, header, assignment, column)
    last = header.index("Section")
    known = [at for at in range(last + 1) if header[at] in CANVAS_STUDENT]
    names = [at for at in known if header[at] in ("Student", "LastName", "FirstName")]
    number = header.index("ID")
    made = GradeFile(path, "Canvas", mark, start, rows, names, number, grade, [*known, grade])
    possible = [row for row in rows if value_of(row.cells[0]).strip() == "Points Possible"]
    if len(possible) != 1:
        raise SystemFileError(
            f"{path.name}: one row should begin with 'Points Possible', and {len(possible)} do; "
            "export the gradebook once more"
        )
    said = value_of(possible[0].cells[grade])
    if number_in(said) != possible_points(assignment):
        raise SystemFileError(
            f"Canvas has {said.strip() or 'no'} points for {header[grade]!r}, and the assignment "
            f"has {possible_points(assignment):g}. In Canvas, set the assignment's points to "
            f"{possible_points(assignment):g}, and export the gradebook once more; we scale nothing"
        )
    for row in rows[1:]:
        if row.cells != [""] and (found := value_of(row.cells[number]).strip()).isdecimal():
            add_student(made, found, row)
    return made


def canvas_column(
    name: str, header: list[str], assignment: Mapping[str, object], column: str
) -> int:
    """Where this assignment's column is.

    Raises
    ------
    SystemFileError
        When none or several fit; it lists the titles.
    """
    titles = {at: title for at, title in enumerate(header) if WITH_ID.fullmatch(title)}
    wanted = [column] if column else [str(assignment["assignment"]), str(assignment["title"])]
    wanted = [plain(text) for text in wanted]
    found = [at for at, title in titles.items() if plain(title) in wanted] or [
        at for at, title in titles.items() if plain(WITH_ID.fullmatch(title)[1]) in wanted
    ]
    if len(found) == 1:
        return found[0]
    listed = "; ".join(shown(title) for title in titles.values()) or "none"
    asked = repr(column) if column else f"{assignment['assignment']} or {assignment['title']!r}"
    raise SystemFileError(
        f"{name}: {'several columns are' if found else 'no column is'} called {asked}. Name the "
        f"one to fill in with --column. The assignments in the file: {listed}"
    )


def plain(title: str) -> str:
    """A title by which to compare."""
    return " ".join(title.split()).casefold()


def moodle(
    path: Path,
    mark: str,
    start: str,
    rows: list[Row],
    header: list[str],
    assignment: Mapping[str, object],
) -> GradeFile:
    """A grading worksheet.

    Raises
    ------
    SystemFileError
        When Moodle would not take it, or gives the assignment other points.
    """
    missing = [name for name in MOODLE_NEEDS if name not in header]
    if missing:
        raise SystemFileError(
            f"{path.name}: there is no column {missing[0].capitalize()!r}, without which Moodle "
            "takes no worksheet; download it once more, in English"
        )
    places = {name: at for at, name in enumerate(header)}
    names = [places["full name"]] if "full name" in places else []
    made = GradeFile(
        path, "Moodle", mark, start, rows, names, places["identifier"], places["grade"],
        list(range(len(header))), places.get("grade can be changed"),
    )  # fmt: skip
    wanted = possible_points(assignment)
    settings = f"In Moodle's settings of the assignment, set Grade to Point and {wanted:g}, and "
    settings += "download the worksheet once more; we scale nothing"
    if "maximum grade" not in places:
        raise SystemFileError(f"{path.name}: there is no column 'Maximum grade'. {settings}")
    for row in rows[1:]:
        if row.cells == [""]:
            continue
        found = PARTICIPANT.fullmatch(value_of(row.cells[made.number]))
        if not found:
            raise SystemFileError(
                f"{path.name}, line {row.line}: the identifier should be like 'Participant 12345', "
                f"not {shown(value_of(row.cells[made.number]))!r}"
            )
        said = value_of(row.cells[places["maximum grade"]])
        if number_in(said) != wanted:
            raise SystemFileError(
                f"{path.name}, line {row.line}: Moodle has {shown(said.strip()) or 'no'} points, "
                f"and the assignment has {wanted:g}. {settings}"
            )
        add_student(made, found[1], row)
    return made


def add_student(file: GradeFile, number: str, row: Row) -> None:
    """Take a student's row in.

    Raises
    ------
    SystemFileError
        When the number was there before.
    """
    if number in file.students:
        raise SystemFileError(
            f"{file.path.name}, line {row.line}: the student {number} stands in line "
            f"{file.students[number].line} already"
        )
    file.students[number] = row


def fill(file: GradeFile, out: Path, standings: Sequence[Standing]) -> list[str]:
    """Write the new file, and for Moodle the zip of feedback, into the folder of the results.

    Students without a submission, refused submissions, and cells that the system has closed stay
    as they were. The exported file is never written to.

    Returns
    -------
    list of str
        What was written, and each student that needs a look, in sentences.

    Raises
    ------
    SystemFileError
        When written answers wait for points, or nobody is in both places.
    """
    target = out / f"for-{file.system.lower()}.csv"
    if target.resolve() == file.path.resolve():
        raise SystemFileError(
            f"{target.name} is what this command writes: with --into name the file that "
            f"{file.system} exported"
        )
    packed = out / "feedback-for-moodle.zip"
    # Of an earlier run: nobody should import it when this one makes none.
    target.unlink(missing_ok=True)
    packed.unlink(missing_ok=True)
    refuse_unfinished(file, standings)
    by_number = numbered(standings)
    both = [number for number in file.students if number in by_number]
    if not both:
        raise SystemFileError(
            f"no submission belongs to a student in {file.path.name}: their numbers, such as "
            f"{next(iter(file.students), 'none')}, are in none of the names of the submissions. "
            "Is it the file of this course, and do the submissions have the names that "
            f"{file.system} gave them?"
        )
    refused = [number for number in both if by_number[number].status == "refused"]
    closed = [n for n in both if n not in refused and file.is_closed(file.students[n])]
    filled = [number for number in both if number not in {*refused, *closed}]
    before = {number: value_of(file.students[number].cells[file.grade]) for number in filled}
    points = {number: f"{round(by_number[number].total, 2):g}" for number in filled}
    packing.write(target, with_points(file, points).encode("utf-8"))
    made = target.name
    if file.system == "Moodle":
        packing.write(packed, feedback_zip(out, by_number, filled))
        made += f" and {packed.name}"
    replaced = [
        f"{file.name_of(number)} had {shown(before[number].strip())}, now {points[number]}"
        for number in filled
        if before[number].strip() and number_in(before[number]) != float(points[number])
    ]
    absent = [file.name_of(number) for number in file.students if number not in by_number]
    without = [one.student for one in standings if number_of(one.student) not in file.students]
    notes = {
        "No submission, cell left as it was": absent,
        "Nothing could be graded, cell left as it was": [file.name_of(n) for n in refused],
        f"Closed in {file.system}, cell left as it was": [file.name_of(n) for n in closed],
        "Other points stood there before": replaced,
        f"Graded, but not in {file.path.name}": [shown(student) for student in without],
    }
    header = shown(value_of(file.rows[0].cells[file.grade]))
    return [
        f"{made}: {header!r} filled in for {len(filled)} of {len(file.students)} students.",
        *(f"{what}: {'; '.join(who)}." for what, who in notes.items() if who),
    ]


def refuse_unfinished(file: GradeFile, standings: Sequence[Standing]) -> None:
    """Stop while a total may still grow: nobody would see in the system that it lacks points.

    Raises
    ------
    SystemFileError
        With the students whose written answers wait.
    """
    waiting = [shown(one.student) for one in standings if one.to_grade]
    if waiting:
        raise SystemFileError(
            f"Nothing was made for {file.system}: totals still lack points for written answers. "
            "Fill in written.csv and run the same command again. The answers are of: "
            f"{'; '.join(waiting)}"
        )


def number_of(student: str) -> str:
    """The number at the end of a student's name, as both systems' downloads have it.

    >>> number_of("Marie Curie_12345")
    '12345'
    >>> number_of("marie.curie")
    ''
    """
    found = NUMBERED.fullmatch(student)
    return found[1] if found else ""


def numbered(standings: Sequence[Standing]) -> dict[str, Standing]:
    """Standings by the student's number.

    Raises
    ------
    SystemFileError
        When two have the same number.
    """
    made: dict[str, Standing] = {}
    for one in standings:
        number = number_of(one.student)
        if number in made:
            raise SystemFileError(
                f"{shown(made[number].student)} and {shown(one.student)} have the same number: "
                "keep one submission of this student and run the same command again"
            )
        if number:
            made[number] = one
    return made


def with_points(file: GradeFile, points: Mapping[str, str]) -> str:
    """The file's text with points in their cells; every other cell as it stood there."""
    by_line = {file.students[number].line: text for number, text in points.items()}
    made = [file.start]
    for row in file.rows:
        cells = list(row.cells)
        if row.line in by_line:
            cells[file.grade] = by_line[row.line]
        if cells != [""]:
            cells = [cells[column] for column in file.kept]
        made.append(file.mark.join(cells) + row.end)
    return "".join(made)


def feedback_zip(out: Path, by_number: Mapping[str, Standing], filled: Sequence[str]) -> bytes:
    """The feedback pages under the folder names that Moodle looks for."""
    files = {}
    for number in filled:
        student = by_number[number].student
        # Moodle takes the name apart at underscores and goes by the number alone.
        name = " ".join(re.sub(r"[^\w .'-]|_", " ", student.removesuffix(f"_{number}")).split())
        page = out / "feedback" / f"{file_name(student)}.html"
        folder = f"{name or 'Student'}_{number}_assignsubmission_file_"
        files[f"{folder}/feedback.html"] = page.read_bytes()
    return packing.archived(files)
