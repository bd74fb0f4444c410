"""The grader: points, files, interruption, messages; with a small assignment and few kernels."""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import handed_in
import pytest
from handed_in import RIGHT, WORDS, save, student
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tools import book, grade
from tools.grade import Limits, grade_folder, grade_notebook, load_assignment
from tools.grading import collecting, reporting, restoring
from tools.grading.collecting import CollectError, collected, student_of

LIMITS = Limits(seconds=30, total_seconds=600, memory_mb=700)
SAME_LIMITS = ("--seconds", "30", "--total-seconds", "600", "--memory", "700")
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def source():
    """The grading version of the small assignment."""
    return handed_in.grading()


@pytest.fixture(scope="module")
def shelf(source, tmp_path_factory):
    """A folder as 'make assignments' leaves it."""
    folder = tmp_path_factory.mktemp("assignments")
    save(source, folder / "99-small" / "grading" / "99-small.ipynb")
    save(student(source, RIGHT, WORDS), folder / "99-small" / "solution" / "99-small.ipynb")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file's rows."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def files(folder: Path) -> dict[str, bytes]:
    """Name and content of each file below a folder."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


# Points


def test_untouched_scores_nothing_and_raises_nothing(source):
    outcome = grade_notebook(student(source), source, LIMITS)
    assert outcome.points == {"ex-half": 0, "ex-double": 0, "ex-root": 0, "ex-words": 0}
    assert outcome.status == "graded" and not outcome.trouble
    assert not any(
        o.output_type == "error" for c in outcome.notebook.cells for o in c.get("outputs", [])
    )
    assert [w.answered for w in outcome.written] == [False]


def test_a_solution_scores_everything_and_one_mistake_its_points_only(source):
    answers = RIGHT | {"double": "def double(x):\n    return 6\n"}
    for given, lost in ((RIGHT, set()), (answers, {"ex-double"})):
        before = student(source, given, WORDS)
        handed = copy.deepcopy(before)
        outcome = grade_notebook(handed, source, LIMITS)
        full = {"ex-half": 2, "ex-double": 2, "ex-root": 2, "ex-words": 0}
        assert outcome.points == {name: 0 if name in lost else n for name, n in full.items()}
        assert handed == before, "the submission was changed"
        assert [w.answered for w in outcome.written] == [True]
        assert all(bool(check.message) == (check.points == 0) for check in outcome.checks)


def test_later_cells_and_own_cells_do_not_change_earlier_results(source):
    made = student(source, RIGHT, WORDS)
    at = [c.metadata.nbgrader.grade_id for c in made.cells].index("ex-half-answer")
    made.cells.insert(at + 1, new_code_cell("own = half(8)"))
    made.cells.append(new_code_cell("print('own', own)\nhalf = None\nmath.sqrt = None"))
    outcome = grade_notebook(made, source, LIMITS)
    assert sum(outcome.points.values()) == 6
    assert "own 4.0" in str(outcome.notebook.cells[-1].outputs)
    kinds = [c.metadata.bond.kind for c in outcome.notebook.cells]
    assert kinds[at + 1] == "extra" and kinds[-1] == "extra"


def test_no_evidence_no_points(source, monkeypatch):
    """A check that says nothing, or shows another word, has not passed."""
    from tools.grading.kernels import Kernel, Ran

    ask = Kernel._ask
    for said in ({}, {"reached": "another word"}, {"reached": None}):

        def answer(self, order, code, seconds, said=said):
            return (Ran(), said) if order.get("do") == "check" else ask(self, order, code, seconds)

        monkeypatch.setattr(Kernel, "_ask", answer)
        outcome = grade_notebook(student(source, RIGHT), source, LIMITS)
        assert sum(outcome.points.values()) == 0
        assert all(check.message for check in outcome.checks)


# Restoration


def test_given_cells_come_from_the_grading_version(source):
    made = student(source, RIGHT)
    handed_in.cell(made, "setup").source = "math = 'edited'"
    made.cells.append(copy.deepcopy(handed_in.cell(made, "ex-half-answer")))
    made.cells.append(copy.deepcopy(handed_in.cell(made, "setup")))
    made.cells = [c for c in made.cells if c.metadata.nbgrader.grade_id != "ex-root-answer"]
    steps = restoring.restored(made, source)
    named = {step.name: step for step in steps}
    assert named["setup"].cell.source == "import math"
    assert named["ex-root-answer"].missing
    assert "sqrt" not in named["ex-root-answer"].cell.source, "the solution was handed to a student"
    assert [s.kind for s in steps].count("extra") == 1, (
        "a second answer runs, a second given cell does not"
    )
    known = [s.name for s in steps if s.kind != "extra"]
    assert known == [c.metadata.nbgrader.grade_id for c in source.cells]


@pytest.mark.parametrize(
    "cell",
    [
        {},
        {"cell_type": "code"},
        {"cell_type": "code", "source": 7, "metadata": []},
        {"cell_type": "code", "source": ["1\n", None, "2"], "metadata": {"nbgrader": "x"}},
        {"cell_type": 3, "source": "x", "metadata": {"nbgrader": {"grade_id": ["a"]}}},
    ],
)
def test_odd_cells_do_not_stop_it(source, cell):
    made = {"cells": [cell], "metadata": {}}
    assert len(restoring.restored(made, source)) == len(source.cells) + 1


@pytest.mark.parametrize(
    "text", ["", "  \n", "*Write your answer here.*", "YOUR ANSWER HERE", "**"]
)
def test_empty_and_untouched_words_are_no_answer(text):
    assert restoring.is_unanswered(text)
    assert not restoring.is_unanswered(text + " It is 24.")


def test_what_was_put_back_is_said_in_plain_words(source):
    made = student(source, RIGHT)
    handed_in.cell(made, "ex-half-check-1").source = "print('✓')"
    handed_in.cell(made, "ex-root-hidden-1").source += "\nprint('✓')"
    handed_in.cell(made, "ex-double-hidden-1").metadata.nbgrader.points = 50
    handed_in.cell(made, "ex-half-check-1").metadata.nbgrader.grade = True
    made.cells = [c for c in made.cells if c.metadata.nbgrader.grade_id not in ("setup", "ex-root")]
    assert restoring.put_back(made, source) == [
        "We put back given cells that were not in the notebook: setup, ex-root.",
        "We put back given cells that were changed: ex-half-check-1, ex-root-hidden-1.",
        "We put back points that were changed in the notebook's metadata: ex-half-check-1, "
        "ex-double-hidden-1.",
    ]
    outcome = grade_notebook(made, source, LIMITS)
    assert outcome.trouble == restoring.put_back(made, source)
    assert sum(outcome.points.values()) == 6 and outcome.status == "graded"
    made.cells = []
    assert restoring.put_back(made, source) == [
        "We put back given cells that were not in the notebook: head, setup, ex-half, "
        "ex-half-check-1, ex-half-hidden-1 and 6 more."
    ]


def test_nothing_is_said_of_what_programs_rewrite(source):
    made = student(source, RIGHT, WORDS)
    for number, cell in enumerate(made.cells):
        cell.id = f"new-{number}"
        cell.metadata |= {"collapsed": False, "vscode": {"languageId": "python"}, "id": "Xy7"}
        cell.metadata.nbgrader.locked = False
        cell.metadata.nbgrader.pop("schema_version")
        if cell.cell_type == "code":
            cell.outputs = [new_output("stream", text="old")]
            cell.execution_count = 7
        if not cell.metadata.nbgrader.solution:
            cell.source = "\r\n" + cell.source.replace("\n", "  \r\n") + "\r\n\r\n"
    check = handed_in.cell(made, "ex-half-check-1")
    check.source = check.source.replace("'", '"').replace("try:", "# mine\ntry:\n")
    made.cells.reverse()
    assert restoring.put_back(made, source) == []
    check.source = check.source.replace("half(1)", "half(2)")
    assert len(restoring.put_back(made, source)) == 1
    # Another version has other given cells.
    made.metadata.bond.digest = "d0"
    assert restoring.put_back(made, source) == []


@pytest.mark.parametrize("odd", ["(" * 50_000, "-" * 19_000 + "1", "a" + ".b" * 9_000, "x\0"])
def test_code_that_no_parser_reads_is_a_changed_cell(source, odd):
    made = student(source)
    handed_in.cell(made, "ex-half-hidden-1").source = odd
    handed_in.cell(made, "ex-half-answer").source = odd
    assert restoring.put_back(made, source) == [
        "We put back given cells that were changed: ex-half-hidden-1."
    ]
    assert "ex-half" not in restoring.unanswered(restoring.restored(made, source))


EMPTY = 'def half(x):\n    """Half of x."""\n    ...\n'


def test_an_answer_left_empty_is_called_so(source):
    made = student(source, RIGHT | {"half": EMPTY, "double": "def double(x):\n    return\n"})
    outcome = grade_notebook(made, source, LIMITS)
    said = {check.exercise: check.message for check in outcome.checks}
    assert said["ex-half"] == "not answered" and said["ex-root"] == ""
    assert said["ex-double"] not in ("", "not answered")
    assert not outcome.trouble


@pytest.mark.parametrize(
    ("answers", "own", "wanted"),
    [
        ({"half": EMPTY}, "print(1)", True),
        ({"half": "def half(x):\n    pass"}, "", True),
        ({"half": EMPTY}, "half = lambda x: 1 / 0", False),
        ({"half": EMPTY, "root": "def half(x): return x"}, "", False),
        ({"half": EMPTY + "y = 1"}, "", False),
        ({"half": "def half(x):\n    'Half.'"}, "", False),
        ({"half": "half ="}, "", False),
        ({"half": ""}, "", False),
        ({"half": RIGHT["half"]}, "", False),
    ],
)
def test_only_a_certain_answer_counts_as_left_empty(source, answers, own, wanted):
    made = student(source, RIGHT | answers)
    made.cells.append(new_code_cell(own))
    found = restoring.unanswered(restoring.restored(made, source))
    assert found == ({"ex-half"} if wanted else set())


# Collecting


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("ada", "ada"),
        ("ada_lovelace", "ada_lovelace"),
        ("lovelaceada_12345_67890_03-published-numbers-1", "lovelaceada_12345"),
        ("lovelaceada_LATE_12345_67890_a_b", "lovelaceada_12345"),
        ("Ada Lovelace_12345_assignsubmission_file_", "Ada Lovelace_12345"),
        ("Ada Lovelace_12345_assignsubmission_file", "Ada Lovelace_12345"),
        ("Ada Lovelace_12345_assignsubmission_file_03.ipynb", "Ada Lovelace_12345"),
    ],
)
def test_names_of_learning_platforms(name, wanted):
    assert student_of(name) == wanted


def test_every_fault_of_a_folder_is_named(source, shelf, tmp_path):
    other, old = student(source), student(source)
    other.metadata.bond.assignment = "05-attachment"
    old.metadata.bond.digest = "d0"
    place = tmp_path / "in"
    save(other, place / "chapter.ipynb")
    save(old, place / "version.ipynb")
    save(student(source), place / "two" / "a.ipynb")
    save(student(source), place / "two" / "deep" / "b.ipynb")
    save({"cells": [], "metadata": {}}, place / "bare.ipynb")
    (place / "empty").mkdir()
    (place / "json.ipynb").write_text('{"cells": [')
    (place / "deep.ipynb").write_text("[" * 100_000)
    (place / "paper.pdf").write_bytes(b"%PDF")
    (place / "packed.zip").write_bytes(b"PK")
    (place / "link.ipynb").symlink_to(place / "version.ipynb")
    with (place / "large.ipynb").open("wb") as file:
        file.truncate(100 * 2**20)
    (place / ".DS_Store").write_bytes(b"")
    out = tmp_path / "out"
    made = grade_folder(place, out, load_assignment("99-small", shelf), LIMITS, quiet=True)
    said = {row["student"]: row["trouble"] for row in rows(out / "gradebook.csv")}
    wanted = {
        "chapter": "the notebook of 05-attachment, not of 99-small",
        "version": "another version of 99-small (d0, now d1)",
        "two": "two or more notebooks: two/a.ipynb, two/deep/b.ipynb",
        "bare": "none of the cells of 99-small",
        "empty": "no notebook in empty/",
        "json": "does not hold valid JSON",
        "deep": "does not hold valid JSON",
        "paper": "paper.pdf is not a notebook",
        "packed": "unpack it first",
        "link": "is a link",
        "large": "has 100 MB",
    }
    assert said.keys() == wanted.keys()
    for name, text in wanted.items():
        assert text in said[name]
        assert text.split(" (")[0] in (out / "feedback" / f"{name}.html").read_text()
    assert made["refused"] == len(wanted) and made["mean"] is None
    assert "no mean of 9 points (refused ones do not count)" in grade.summary_text(made)
    assert all(
        row["total"] == "0" and row["status"] == "refused" for row in rows(out / "gradebook.csv")
    )


def test_another_version_is_graded_on_demand(source):
    old = student(source)
    old.metadata.bond.digest = "d0"
    assert collecting.misfit(old, source)
    assert not collecting.misfit(old, source, any_version=True)


def test_a_folder_without_submissions_is_an_error(tmp_path):
    with pytest.raises(CollectError, match="is empty"):
        collected(tmp_path)
    with pytest.raises(CollectError, match="not a folder"):
        collected(tmp_path / "nowhere")


def test_a_missing_or_damaged_assignment_is_an_error(source, shelf, tmp_path):
    with pytest.raises(grade.GradeError, match="make assignments"):
        load_assignment("98-none", shelf)
    doubled = copy.deepcopy(source)
    doubled.cells[2].metadata.nbgrader.grade_id = "setup"
    save(doubled, tmp_path / "99-small" / "grading" / "99-small.ipynb")
    with pytest.raises(grade.GradeError, match="Duplicate grade id"):
        load_assignment("99-small", tmp_path)


# A class


@pytest.fixture(scope="module")
def classroom(source, tmp_path_factory):
    """Six submissions: two right, two wrong in one place, one untouched, one full of markup."""
    folder = tmp_path_factory.mktemp("class") / "in"
    save(student(source, RIGHT, WORDS), folder / "ada.ipynb")
    save(
        student(source, RIGHT, WORDS),
        folder / "Émilie du Châtelet_7_assignsubmission_file_" / "x.ipynb",
    )
    save(student(source, RIGHT | {"half": "def half(x):\n    return 1\n"}), folder / "bob.ipynb")
    save(student(source, RIGHT | {"root": "root = abs"}, WORDS), folder / "=1+1.ipynb")
    save(student(source), folder / "untouched.ipynb")
    shown = (
        "from IPython.display import HTML, SVG, display, Markdown\n"
        f"display(HTML({EVIL!r}), Markdown({EVIL!r}))\nprint({EVIL!r})\n"
        "display({'image/png': 'PHNjcmlwdD4=', 'text/plain': '<b>no picture</b>'}, raw=True)\n"
        "display({'image/svg+xml': '<svg onload=alert(1)></svg>'}, raw=True)\n"
        f"raise ValueError({EVIL!r})\n"
    )
    words = f"{EVIL}\n\n[click](javascript:alert(1)) <a href='javascript:alert(1)'>x</a>\n\n![p](http://192.0.2.1/p.png)"
    evil = student(
        source,
        RIGHT | {"half": shown, "double": f"def double(x):\n    raise ValueError({EVIL!r})\n"},
        words,
    )
    evil.cells += [new_code_cell("object()"), new_markdown_cell(f"# {EVIL}")]
    evil.cells[-2].outputs = [new_output("stream", text="an old output")]
    save(evil, folder / "<script>alert(2)<.ipynb")
    return folder


@pytest.fixture(scope="module")
def once(classroom, shelf, tmp_path_factory):
    """The class graded, one notebook at a time."""
    out = tmp_path_factory.mktemp("once")
    made = grade_folder(classroom, out, load_assignment("99-small", shelf), LIMITS, quiet=True)
    return out, made


def test_the_gradebook_of_a_class(once):
    out, made = once
    table = {row["student"]: row for row in rows(out / "gradebook.csv")}
    assert list(table) == [
        "<script>alert(2)<", "'=1+1", "ada", "bob", "untouched", "Émilie du Châtelet_7",
    ]  # fmt: skip
    assert table["ada"] | {"trouble": ""} == {
        "student": "ada", "ex-half": "2", "ex-double": "2", "ex-root": "2", "ex-words": "0",
        "total": "6", "possible": "9", "percent": "66.7", "status": "graded",
        "to_grade": "ex-words", "trouble": "",
    }  # fmt: skip
    assert (table["bob"]["ex-half"], table["bob"]["total"]) == ("0", "4")
    assert table["bob"]["to_grade"] == ""
    assert table["untouched"]["total"] == "0"
    assert made["mean"] == pytest.approx((6 + 6 + 4 + 4 + 0 + 2) / 6)
    assert made["run"] == 6


def test_feedback_cannot_carry_anything_active(once):
    html5lib = pytest.importorskip("html5lib")
    out, _ = once
    allowed = {"meta", "style", "title", "img", "a"}
    for path in (*(out / "feedback").iterdir(), out / "written.html"):
        tree = html5lib.parse(path.read_text(encoding="utf-8"), namespaceHTMLElements=False)
        for element in tree.iter():
            if not isinstance(element.tag, str):
                continue
            assert element.tag not in {
                "script",
                "svg",
                "iframe",
                "object",
                "embed",
                "form",
                "link",
                "base",
            }
            for name, value in element.attrib.items():
                assert not name.lower().startswith("on")
                if name in {"src", "href"}:
                    assert element.tag in allowed
                    assert value.startswith(
                        "data:image/png;base64," if name == "src" else ("http", "mailto:")
                    )
        text = path.read_text(encoding="utf-8")
        assert "an old output" not in text
    page = (out / "feedback" / f"{reporting.file_name('<script>alert(2)<')}.html").read_text()
    assert "&lt;script&gt;alert(1)" in page and "&lt;b&gt;no picture" in page


def test_feedback_says_what_failed_and_not_how_it_is_checked(once):
    out, _ = once
    page = (out / "feedback" / "bob.html").read_text()
    assert "half of other numbers" in page and "half of 3 is 1.5" in page
    assert "assert half(3)" not in page and "HIDDEN" not in page
    assert "2 of 2: double of other numbers" in page
    assert "says what a half is" in page and "No answer; 0 of 3" in page


def test_nothing_is_run_twice_and_changes_are(once, classroom, shelf, source, monkeypatch):
    out, _ = once
    before = files(out)
    monkeypatch.setattr(grade, "work", None)  # would fail if anything were run
    made = grade_folder(classroom, out, load_assignment("99-small", shelf), LIMITS, quiet=True)
    assert made["run"] == 0 and files(out) == before
    submissions = collected(classroom)
    assignment = load_assignment("99-small", shelf)
    key = grade.result_key(submissions[0], assignment, LIMITS, False)
    assert key != grade.result_key(submissions[0], assignment, Limits(seconds=6), False)
    assert key != grade.result_key(submissions[1], assignment, LIMITS, False)
    assignment.digest = "other"
    assert key != grade.result_key(submissions[0], assignment, LIMITS, False)


def test_two_jobs_make_the_same_files(once, classroom, shelf, tmp_path):
    assignment = load_assignment("99-small", shelf)
    grade_folder(classroom, tmp_path / "two", assignment, LIMITS, jobs=2, quiet=True)
    assert files(tmp_path / "two") == files(once[0])


def test_a_killed_run_goes_on_where_it_was(once, classroom, shelf, tmp_path):
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "tools.grade", str(classroom), "--out", str(out), "--jobs", "1",
        "--assignments", str(shelf), *SAME_LIMITS,
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(book.ROOT / "src")}
    first = subprocess.Popen(
        command,
        cwd=book.ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while len(list(out.glob("results/*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    first.wait()
    kept = files(out / "results")
    kept = {name: content for name, content in kept.items() if name.endswith(".json")}
    assert 2 <= len(kept) < 6
    times = {name: (out / "results" / name).stat().st_mtime_ns for name in kept}
    second = subprocess.run(
        command, cwd=book.ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert f"{6 - len(kept)} run now" in second.stdout
    assert all((out / "results" / name).stat().st_mtime_ns == at for name, at in times.items())
    whole = {name: content for name, content in files(out).items() if not name.endswith(".part")}
    assert whole == files(once[0])


def test_points_for_words_change_totals_without_a_run(
    once, classroom, shelf, tmp_path, monkeypatch
):
    out, _ = once
    for name, content in files(out).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    sheet = rows(tmp_path / "written.csv")
    assert {row["student"]: row["points"] for row in sheet}["untouched"] == "0"
    filled = tmp_path / "filled.csv"
    text = (tmp_path / "written.csv").read_text(encoding="utf-8")
    text = text.replace("ada,ex-words,,3,", "ada,ex-words,2.5,3,<b>good</b>").replace(
        "'=1+1,ex-words,,3,", '\'=1+1,ex-words,"1,5",3,'
    )
    filled.write_text(text, encoding="utf-8")
    monkeypatch.setattr(grade, "work", None)
    assignment = load_assignment("99-small", shelf)
    grade_folder(classroom, tmp_path, assignment, LIMITS, written=filled, quiet=True)
    table = {row["student"]: row for row in rows(tmp_path / "gradebook.csv")}
    assert (table["ada"]["ex-words"], table["ada"]["total"], table["ada"]["to_grade"]) == (
        "2.5",
        "8.5",
        "",
    )
    assert table["'=1+1"]["ex-words"] == "1.5"
    assert (
        "2.5 of 3 points. &lt;b&gt;good&lt;/b&gt;"
        in (tmp_path / "feedback" / "ada.html").read_text()
    )
    again = rows(tmp_path / "written.csv")
    assert next(row for row in again if row["student"] == "ada")["points"] == "2.5"
    # Without --written a later run must still count the points that somebody typed.
    grade_folder(classroom, tmp_path, assignment, LIMITS, quiet=True)
    assert "ada,ex-words,2.5" in (tmp_path / "written.csv").read_text()
    table = {row["student"]: row for row in rows(tmp_path / "gradebook.csv")}
    assert table["ada"]["ex-words"] == "2.5"
    # Another sheet in its place: what was typed before is kept beside it.
    filled.write_text(text.replace("2.5,3", "1,3"), encoding="utf-8")
    grade_folder(classroom, tmp_path, assignment, LIMITS, written=filled, quiet=True)
    assert "ada,ex-words,2.5" in (tmp_path / "written-kept.csv").read_text()
    assert "ada,ex-words,1" in (tmp_path / "written.csv").read_text()


MOODLE = """\
Identifier,Full name,Status,Grade,Maximum grade,Last modified (grade)
Participant 7,Émilie du Châtelet,Submitted,,9.00,-
Participant 8,"Lovelace, Ada",No submission,,9.00,-
"""


def test_the_command_fills_in_a_file_and_runs_nothing_for_it(
    once, classroom, shelf, tmp_path, monkeypatch, capsys
):
    out, export = tmp_path / "out", tmp_path / "export.csv"
    for name, content in files(once[0]).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    monkeypatch.setattr(grade, "work", None)  # would fail if anything were run
    export.write_text(MOODLE.replace("9.00", "10.00"), encoding="utf-8")
    command = [
        str(classroom), "--out", str(out), "--assignments", str(shelf), *SAME_LIMITS,
        "--into", str(export),
    ]  # fmt: skip
    assert grade.main(command) == 1
    said = capsys.readouterr()
    assert "set Grade to Point and 9" in said.err and not said.out, "known before grading"
    export.write_text(MOODLE, encoding="utf-8")
    assert grade.main(command) == 1
    said = capsys.readouterr()
    assert "totals still lack points" in said.err and "0 run now" in said.out
    assert not (out / "for-moodle.csv").exists()
    sheet = (out / "written.csv").read_text(encoding="utf-8")
    (out / "written.csv").write_text(sheet.replace(",ex-words,,3,", ",ex-words,2.5,3,"), "utf-8")
    assert grade.main(command) == 0
    said = capsys.readouterr()
    assert "No submission, cell left as it was: Lovelace, Ada (8)." in said.out
    assert (out / "for-moodle.csv").read_text(encoding="utf-8") == MOODLE.replace(
        "Submitted,,", "Submitted,8.5,"
    )
    with zipfile.ZipFile(out / "feedback-for-moodle.zip") as archive:
        page = archive.read("Émilie du Châtelet_7_assignsubmission_file_/feedback.html")
    assert "<strong>8.5</strong> of 9 points" in page.decode()
    assert export.read_text(encoding="utf-8") == MOODLE
    with pytest.raises(SystemExit):
        grade.main([*command[:-2], "--column", "Small"])
    assert "add --into FILE" in capsys.readouterr().err


def test_refused_notebooks_do_not_count_in_the_mean(source, shelf, tmp_path):
    results = [
        grade.as_result(collecting.Submission(name), "key", outcome)
        for name, outcome in (
            ("ada", grade.Outcome(points={"ex-half": 2.0, "ex-root": 2.0})),
            ("bob", grade.Outcome(points={"ex-half": 2.0})),
            ("eve", grade.refused("no", load_assignment("99-small", shelf))),
        )
    ]
    made = grade.report(tmp_path, results, load_assignment("99-small", shelf), None)
    assert made["mean"] == 3 and made["refused"] == 1


def words_of(text):
    return [{"student": "ada", "written": [{"exercise": "ex-words", "max": 3, "text": text, "answered": bool(text)}]}]


def test_points_do_not_stick_to_an_answer_that_changed(tmp_path):
    sheet = tmp_path / "written.csv"
    sheet.write_text(reporting.written_csv(words_of("Old."), {"ada": {"ex-words": (2.0, "good")}}))
    assert reporting.read_written(sheet, words_of("Old. ")) == {"ada": {"ex-words": (2.0, "good")}}
    changed = []
    assert reporting.read_written(sheet, words_of("New."), changed) == {}
    assert changed == [
        "ada, ex-words: the answer has changed since it got 2 points; please grade it again."
    ]


def test_automatic_zero_does_not_stick_to_a_late_answer(tmp_path):
    sheet = tmp_path / "written.csv"
    sheet.write_text(reporting.written_csv(words_of(""), {}))
    assert ",0,3,No answer.," in sheet.read_text()
    assert reporting.read_written(sheet, words_of("Late, but here.")) == {}


def test_sheet_with_semicolons_is_read(tmp_path):
    sheet = tmp_path / "w.csv"
    sheet.write_text("student;exercise;points;max;comment\nada;ex-words;2,5;3;fine, really\n")
    assert reporting.read_written(sheet, words_of("x")) == {"ada": {"ex-words": (2.5, "fine, really")}}


def test_missing_sheet_is_named(tmp_path):
    with pytest.raises(reporting.WrittenError, match="there is no file .*nowhere.csv"):
        reporting.read_written(tmp_path / "nowhere.csv", [])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ada,ex-words,4,3,", "from 0 to 3 are possible"),
        ("ada,ex-words,-1,3,", "from 0 to 3"),
        ("ada,ex-words,nan,3,", "from 0 to 3"),
        ("ada,ex-words,many,3,", "not a number"),
        ("eve,ex-words,1,3,", "no written answer of 'eve'"),
        ("ada,ex-half,1,3,", "to 'ex-half'"),
        ("ada,ex-words,1,3,\nada,ex-words,1,3,", "already"),
    ],
)
def test_a_faulty_sheet_of_points_is_an_error_with_its_line(line, message, tmp_path):
    path = tmp_path / "w.csv"
    path.write_text(f"student,exercise,points,max,comment\n{line}\n")
    results = [{"student": "ada", "written": [{"exercise": "ex-words", "max": 3}]}]
    with pytest.raises(reporting.WrittenError, match=message) as caught:
        reporting.read_written(path, results)
    assert "w.csv, line" in str(caught.value)


def test_a_worker_that_dies_costs_its_own_submission(classroom, shelf, monkeypatch):
    monkeypatch.setattr(grade, "work", dying)
    submissions = collected(classroom)
    setup = {"assignment": load_assignment("99-small", shelf)}
    outcomes = {one.student: outcome for one, outcome in grade.graded(submissions, setup, 2)}
    assert len(outcomes) == 6
    assert [name for name, o in outcomes.items() if o.status == "refused"] == ["bob"]
    assert "was ended" in outcomes["bob"].trouble[0]


def test_a_solution_that_fails_its_own_checks_stops_everything(source, classroom, tmp_path):
    wrong = copy.deepcopy(source)
    handed_in.cell(wrong, "ex-half-answer").source = "def half(x):\n    return x\n"
    save(wrong, tmp_path / "99-small" / "grading" / "99-small.ipynb")
    assignment = load_assignment("99-small", tmp_path)
    with pytest.raises(grade.GradeError, match="half of 3 is 1.5"):
        grade_folder(classroom, tmp_path / "out", assignment, LIMITS, quiet=True)
    assert not (tmp_path / "out").exists()


def test_only_a_rehearsal_leaves_machine_code_behind(source, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    plants = "import os\nos.makedirs(os.environ['NUMBA_CACHE_DIR'], exist_ok=True)\n"
    plants += "print('found', os.listdir(os.environ['NUMBA_CACHE_DIR']))\n"
    plants += "open(os.environ['NUMBA_CACHE_DIR'] + '/x.nbc', 'w').close()\n"
    made = student(source, RIGHT | {"half": plants + RIGHT["half"]})
    for rehearsal, there in ((False, []), (True, ["x.nbc"]), (False, ["x.nbc"])):
        outcome = grade_notebook(made, source, LIMITS, kept, rehearsal=rehearsal)
        assert sum(outcome.points.values()) == 6
        assert [path.name for path in kept.iterdir()] == there
    assert "found ['x.nbc']" in str(outcome.notebook.cells)


def dying(submission):
    """Stands for a worker that the system ends at one submission."""
    if submission.student == "bob":
        os._exit(9)
    return grade.Outcome()


def test_file_names_are_plain_and_never_shared():
    names = ["a b", "a_b", "a/b", "../a", "A_b", "é", "..", "x" * 300, "con\nx"]
    made = [reporting.file_name(name) for name in names]
    assert len(set(name.lower() for name in made)) == len(names)
    assert all(
        set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
        for name in made
    )
    assert not any(name.startswith(".") for name in made)


@pytest.mark.parametrize("start", list("=+-@\t|%"))
def test_no_cell_is_a_formula(start):
    text = start + "cmd|' /C calc'!A0"
    safe = reporting.cell_text(text)
    assert not safe.startswith(tuple("=+-@|%\t"))
    assert reporting.uncelled(reporting.cell_text("=a")) == "=a"


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    assert grade.main([str(tmp_path)]) == 1
    assert "is empty" in capsys.readouterr().err
    save({"cells": [], "metadata": {"bond": {"assignment": "98-none"}}}, tmp_path / "a.ipynb")
    assert grade.main([str(tmp_path)]) == 1
    assert "make assignments" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        grade.main([str(tmp_path), "--seconds", "0"])


def test_the_guide_lists_every_option(capsys):
    with pytest.raises(SystemExit):
        grade.main(["--help"])
    known = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.M))
    guide = (book.ROOT / "book" / "grading.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(--[a-z-]+)", guide, re.M))
    # These two are for those who work on the project.
    assert known - {"--assignments", "--bench"} == listed


def test_the_result_of_a_run_holds_no_time_and_no_place(once):
    out, _ = once
    for path in (out / "results").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "seconds" not in json.loads(text)
        assert "grade-" not in text.replace("grade-id", "") and "0x7" not in text
