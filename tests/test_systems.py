"""Points into the files that Canvas and Moodle export: no cell of theirs but one may change."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from tools.grading import reporting, systems
from tools.grading.systems import Standing, SystemFileError, fill, opened

FACTS = {
    "assignment": "99-small",
    "title": "Small things",
    "exercises": [{"id": "ex-a", "points": 6}, {"id": "ex-b", "points": 3}],
}
# With a quoted comma, doubled quotes, a formula, a line break in a cell, and an idle quote.
CANVAS = '''\
Student,ID,SIS User ID,SIS Login ID,Section,Notes,Other (11),Small Things (12),Current Score
,,,,,,,Manual Posting,
    Points Possible,,,,,,10.00,9.00,(read only)
"Curie, Marie",101,c1,curie,"One, ""A""",=1+1,8.00,,80.0
"Lovelace, Ada",102,l1,ada,One,"two
lines",,3.00,
"Noether, Emmy",103,n1,emmy,5" floor,,4.00,EX,
"Hopper, Grace",104,h1,grace,One,,,2.50,
"Student, Test",105,,test,One,,,,
'''
MOODLE = '''\
Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 101,Marie Curie,curie@example.org,Submitted for grading,,9.00,Yes,"Friday, 1 May",-,
Participant 102,"Ada, ""Countess""",al@example.org,Submitted for grading,3.00,9.00,Yes,-,-,"<p>Good,
really</p>"
Participant 103,Emmy Noether,emmy@example.org,Submitted for grading,1.00,9.00,No,-,-,=1+1
Participant 104,Grace Hopper,grace@example.org,No submission,,9.00,Yes,-,-,
'''
STANDINGS = (
    Standing("curie_101", 7.5, "graded"),
    Standing("lovelace_102", 9, "stopped"),
    Standing("noether_103", 4, "graded"),
    Standing("somebody_999", 4, "graded"),
    Standing("own-name", 2, "graded"),
)


def save(folder: Path, text: str, name: str = "export.csv") -> Path:
    """A file with exactly this text."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def filled(folder: Path, text: str, standings=STANDINGS, column: str = "") -> tuple[str, str]:
    """The new file's text, and what is said of it."""
    out = folder / "out"
    for one in standings:
        page = out / "feedback" / f"{reporting.file_name(one.student)}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"<p>{one.student}</p>", encoding="utf-8")
    path = save(folder, text)
    said = fill(opened(path, FACTS, column), out, standings)
    assert path.read_bytes() == text.encode("utf-8"), "the exported file was changed"
    made = next(out.glob("for-*.csv"))
    return made.read_bytes().decode("utf-8"), "\n".join(said)


def test_canvas_gets_its_own_columns_and_this_one(tmp_path):
    made, said = filled(tmp_path, CANVAS)
    assert made == (
        "Student,ID,SIS User ID,SIS Login ID,Section,Small Things (12)\n"
        ",,,,,Manual Posting\n"
        "    Points Possible,,,,,9.00\n"
        '"Curie, Marie",101,c1,curie,"One, ""A""",7.5\n'
        '"Lovelace, Ada",102,l1,ada,One,9\n'
        '"Noether, Emmy",103,n1,emmy,5" floor,EX\n'
        '"Hopper, Grace",104,h1,grace,One,2.50\n'
        '"Student, Test",105,,test,One,\n'
    )
    assert said.split("\n") == [
        "for-canvas.csv: 'Small Things (12)' filled in for 2 of 5 students.",
        "No submission, cell left as it was: Hopper, Grace (104); Student, Test (105).",
        "Closed in Canvas, cell left as it was: Noether, Emmy (103).",
        "Other points stood there before: Lovelace, Ada (102) had 3.00, now 9.",
        "Graded, but not in export.csv: somebody_999; own-name.",
    ]


def test_moodle_keeps_every_cell_but_the_grade(tmp_path):
    made, said = filled(tmp_path, MOODLE)
    assert made == MOODLE.replace("grading,,9.00", "grading,7.5,9.00").replace(
        "grading,3.00,9", "grading,9,9"
    )
    assert "for-moodle.csv and feedback-for-moodle.zip: 'Grade' filled in for 2 of 4" in said
    assert "No submission, cell left as it was: Grace Hopper (104)." in said
    assert "Closed in Moodle, cell left as it was: Emmy Noether (103)." in said
    assert 'Ada, "Countess" (102) had 3.00, now 9' in said


def as_written_elsewhere(text: str) -> str:
    """The same values as a program writes them that knows decimal commas."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows(csv.reader(io.StringIO(text)))
    return "\ufeff" + target.getvalue().replace('"9.00"', '"9,00"').removesuffix("\r\n")


def test_marks_quotes_line_ends_and_the_byte_order_mark_stay_as_they_were(tmp_path):
    text = as_written_elsewhere(MOODLE)
    made, _ = filled(tmp_path, text)
    wanted = text.replace('grading";"";', 'grading";7.5;').replace('grading";"3.00"', 'grading";9')
    assert made == wanted != text
    made, _ = filled(tmp_path / "canvas", as_written_elsewhere(CANVAS))
    first, *_, last = made.split("\r\n")
    assert first == (
        '\ufeff"Student";"ID";"SIS User ID";"SIS Login ID";"Section";"Small Things (12)"'
    )
    assert '\r\n"Curie, Marie";"101";"c1";"curie";"One, ""A""";7.5\r\n' in made
    assert last == '"Student, Test";"105";"";"test";"One";""'


def test_the_zip_has_the_folders_that_moodle_takes_apart_and_the_same_bytes(tmp_path):
    standings = (
        Standing("Émilie_du/Châtelet\\x_102", 9, "graded"),
        Standing("Marie Curie_101", 7.5, "graded"),
    )
    filled(tmp_path, MOODLE, standings)
    packed = (tmp_path / "out" / "feedback-for-moodle.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == [
            "Marie Curie_101_assignsubmission_file_/feedback.html",  # in the order of the worksheet
            "Émilie du Châtelet x_102_assignsubmission_file_/feedback.html",
        ]
        assert archive.read(archive.namelist()[0]) == b"<p>Marie Curie_101</p>"
        for name in archive.namelist():
            # As importziplib.php does it.
            _, number, kind, plugin, rest = name.split("/")[0].split("_", 4)
            assert (number, kind, plugin, rest) in {
                ("101", "assignsubmission", "file", ""), ("102", "assignsubmission", "file", ""),
            }  # fmt: skip
    (tmp_path / "out" / "feedback-for-moodle.zip").unlink()
    filled(tmp_path, MOODLE, tuple(reversed(standings)))
    assert (tmp_path / "out" / "feedback-for-moodle.zip").read_bytes() == packed


def test_a_refused_submission_gets_no_nought(tmp_path):
    standings = (Standing("curie_101", 0, "refused"), Standing("lovelace_102", 0, "graded"))
    made, said = filled(tmp_path, CANVAS, standings)
    assert '"One, ""A""",\n' in made and "ada,One,0\n" in made
    assert "Nothing could be graded, cell left as it was: Curie, Marie (101)." in said


def test_a_total_that_lacks_points_does_not_get_out(tmp_path):
    filled(tmp_path, MOODLE)
    standings = (*STANDINGS, Standing("hopper_104", 1, "graded", ("ex-b",)))
    with pytest.raises(SystemFileError, match="still lack points.*are of: hopper_104"):
        filled(tmp_path, MOODLE, standings)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["feedback"], "one stays"


def test_two_submissions_of_one_number_are_an_error(tmp_path):
    standings = (*STANDINGS, Standing("sklodowska_101", 1, "graded"))
    with pytest.raises(SystemFileError, match="curie_101 and sklodowska_101 have the same number"):
        filled(tmp_path, CANVAS, standings)


def test_a_class_of_another_course_is_an_error(tmp_path):
    with pytest.raises(SystemFileError, match="such as 101, are in none of the names"):
        filled(tmp_path, CANVAS, (Standing("ada", 1, "graded"), Standing("bob_7", 1, "graded")))


def test_the_exported_file_is_never_written_to(tmp_path):
    (tmp_path / "out").mkdir()
    path = save(tmp_path / "out", CANVAS, "for-canvas.csv")
    with pytest.raises(SystemFileError, match="name the file that Canvas exported"):
        fill(opened(path, FACTS), tmp_path / "out", STANDINGS)
    assert path.read_bytes() == CANVAS.encode()


# The column and the points


@pytest.mark.parametrize("title", ["99-small", "99-SMALL", " small  THINGS"])
def test_the_column_is_known_by_the_name_or_the_title(tmp_path, title):
    path = save(tmp_path, CANVAS.replace("Small Things (12)", f"{title} (12)"))
    assert opened(path, FACTS).grade == 7


@pytest.mark.parametrize("column", ["Homework", "homework (12)"])
def test_the_column_can_be_named(tmp_path, column):
    path = save(tmp_path, CANVAS.replace("Small Things", "Homework"))
    assert opened(path, FACTS, column).grade == 7


def test_an_absent_or_ambiguous_column_lists_the_titles(tmp_path):
    path = save(tmp_path, CANVAS.replace("Small Things", "Homework"))
    with pytest.raises(SystemFileError, match=r"no column is.*--column.*Other \(11\); Homework"):
        opened(path, FACTS)
    with pytest.raises(SystemFileError, match="no column is called 'Small'"):
        opened(path, FACTS, "Small")
    path = save(tmp_path, CANVAS.replace("Other (11)", "99-small (11)"))
    with pytest.raises(SystemFileError, match=r"several columns are.*99-small \(11\); Small Th"):
        opened(path, FACTS)
    assert opened(path, FACTS, "Small Things (12)").grade == 7


@pytest.mark.parametrize("said", ["10.00", "", "nine"])
def test_other_points_are_refused_and_not_scaled(tmp_path, said):
    path = save(tmp_path, CANVAS.replace("10.00,9.00", f"10.00,{said}"))
    with pytest.raises(SystemFileError, match="has 9. In Canvas, set the assignment's points to 9"):
        opened(path, FACTS)
    path = save(tmp_path, MOODLE.replace("9.00,Yes", f"{said},Yes", 1))
    with pytest.raises(SystemFileError, match="line 2: .*set Grade to Point and 9"):
        opened(path, FACTS)


# Files that do not fit


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a grade file that we know. Two forms"),
        ("name,points\nada,3\n", "not a grade file that we know. Two forms"),
        ("ID,Vollständiger Name,Bewertung\n", "in English"),
        (CANVAS.replace("    Points Possible", "Points"), "one row should begin with 'Points Poss"),
        (CANVAS.replace('"Hopper, Grace"', '"Hopper" Grace'), "line 8: a quote is not closed"),
        (CANVAS.replace('"Student, Test"', '"Student, Test'), "line 9: a quote is not closed"),
        (CANVAS.replace(",grace,", ",gra,ce,"), "line 8: 10 cells, and the header has 9"),
        (CANVAS.replace(",102,", ",101,"), "line 5: the student 101 stands in line 4 already"),
        (CANVAS.replace(",grace,", ",").replace("\n", "\r\n"), "line 8: 8 cells"),
        (MOODLE.replace("Participant 102", "Ada"), "like 'Participant 12345', not 'Ada'"),
        (MOODLE.replace("Last modified (grade)", "Date"), r"no column 'Last modified \(grade\)'"),
        (MOODLE.replace("Maximum grade", "Scale"), "no column 'Maximum grade'.*Point and 9"),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(SystemFileError, match=message):
        opened(save(tmp_path, text), FACTS)


def test_what_is_no_csv_is_named(tmp_path):
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(SystemFileError, match="book.xlsx is not a CSV file in UTF-8"):
        opened(path, FACTS)
    with pytest.raises(SystemFileError, match="nowhere.csv cannot be read"):
        opened(tmp_path / "nowhere.csv", FACTS)
    with pytest.raises(SystemFileError, match="leave --column out"):
        opened(save(tmp_path, MOODLE), FACTS, "Grade")


@pytest.mark.parametrize(
    "text",
    ["", "\n", "a", "a\n", 'a,"b\r\n""c""",\r\n\r\n,\r"x"', '"",""', "a,b,", '5",x\n'],
)
def test_parsing_loses_no_byte_and_agrees_with_python(text):
    rows = systems.parsed(text, ",", "x.csv")
    assert "".join(",".join(row.cells) + row.end for row in rows) == text
    values = [[systems.value_of(cell) for cell in row.cells] for row in rows]
    wanted = list(csv.reader(io.StringIO(text, newline="")))
    assert [row for row in values if row != [""]] == [row for row in wanted if row]


def test_a_blank_line_is_kept(tmp_path):
    made, _ = filled(tmp_path, CANVAS + "\n")
    assert made.endswith(",test,One,\n\n")
    made, _ = filled(tmp_path / "out", MOODLE + "\r\n")
    assert made.endswith("9.00,Yes,-,-,\n\r\n")
