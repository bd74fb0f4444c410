"""Assignments: a sheet that adds up, three copies from one source, and no answer in a student's.

What a sheet promises of right and wrong answers is tried here in one process for every
chapter; ``make proof`` has the grader do it, with kernels and limits.
"""

import ast
import io
import re
import zipfile

import nbformat
import pytest

from tools import assignments, book, student_site
from tools.assignments import SheetError, Unset

CHAPTERS = {page.stem: page for page in book.chapters()}
STEM = "03-published-numbers"
SHEET = assignments.sheet_path(STEM).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def source():
    """The grading version of chapter 3."""
    return assignments.source_notebook(CHAPTERS[STEM], Unset())


@pytest.fixture
def sheet(tmp_path):
    """A function that reads the sheet of chapter 3 with one thing changed."""

    def changed(old, new):
        assert old in SHEET, f"the sheet does not hold {old!r}"
        path = tmp_path / f"{STEM}.md"
        path.write_text(SHEET.replace(old, new, 1), encoding="utf-8")
        return assignments.read_sheet(path)

    return changed


def test_every_chapter_has_a_sheet():
    assert [stem for stem in CHAPTERS if not assignments.sheet_path(stem).is_file()] == []


def test_no_sheet_without_a_chapter():
    sheets = {path.stem for path in (book.ROOT / assignments.SHEETS).glob("*.md")}
    assert sheets - CHAPTERS.keys() == set()


@pytest.mark.parametrize("stem", CHAPTERS)
def test_right_and_wrong_answers_score_what_they_should(stem):
    assert assignments.try_out(CHAPTERS[stem], Unset()) == []


# What a sheet must be


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("---\nminutes", "minutes", "does not begin with a block"),
        ("minutes: 70\n", "", "lacks 'minutes'"),
        ("## ex-03-six", "Words to all.\n\n## ex-03-six", "words above the first exercise"),
        ("minutes: 70\n", "minutes: 71\n", "take 70 minutes, the sheet says 71"),
        ("minutes: 70\n", "minutes: 70\nhours: 1\n", "unknown key 'hours'"),
        ("points: 4\n", "points: 5\n", "5 points, but checks and rubric make 4"),
        ("points: 4\n", "points: four\n", "'points' must be a whole number"),
        ("objective: 2\n", "objective: 2\nrubrik: 1\n", "unknown key 'rubrik'"),
        ("```{grading}", "```{marking}", "no {grading} block"),
        (":tags: [check]", ":tags: [visible]", "needs one of the tags"),
        ("# 2 points: it is right", "# it is right", "begins with a line such as '# 2 points:"),
        ("# loses 2: takes", "# takes", "begins with a line such as '# loses 2:"),
        ("## ex-03-percent", "## ex-03-six-months", "an exercise stands twice"),
        ("    catch:", "    caught:", "'belief', 'catch' and 'answer'"),
    ],
)
def test_faulty_sheet_is_refused_with_its_place(sheet, old, new, message):
    with pytest.raises(SheetError, match=re.escape(message)) as raised:
        sheet(old, new)
    assert STEM in str(raised.value)


def test_too_few_exercises_are_refused(tmp_path):
    path = tmp_path / f"{STEM}.md"
    path.write_text(SHEET[: SHEET.index("## ex-03-not-related")], encoding="utf-8")
    with pytest.raises(SheetError, match="2 exercises, not 4 to 6"):
        assignments.read_sheet(path)


def test_exercise_that_the_chapter_lacks_is_refused(tmp_path):
    chapter = CHAPTERS[STEM].read_text(encoding="utf-8").replace("ex-03-percent", "ex-03-share")
    (tmp_path / "book" / "assignment").mkdir(parents=True)
    for name in ("references.bib",):
        (tmp_path / "book" / name).write_bytes((book.ROOT / "book" / name).read_bytes())
    (tmp_path / "_toc.yml").write_bytes((book.ROOT / "_toc.yml").read_bytes())
    for page in book.chapters():
        (tmp_path / "book" / page.name).write_bytes(page.read_bytes())
    page = tmp_path / "book" / f"{STEM}.md"
    page.write_text(chapter, encoding="utf-8")
    assignments.sheet_path(STEM, tmp_path).write_text(SHEET, encoding="utf-8")
    with pytest.raises(SheetError, match="no exercise 'ex-03-percent'"):
        assignments.source_notebook(page, Unset())


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\n", "functions and nothing else"),
        ("def f(x):\n    return x\n", "'f' needs a docstring"),
        ('def f(x):\n    "x"\n    return x\nprint(1)\n', "functions and nothing else"),
    ],
)
def test_answer_that_is_no_documented_function_is_refused(code, message):
    with pytest.raises(SheetError, match=message):
        assignments.marked(code, "here")


# The three copies


def test_student_copy_holds_no_answer_and_no_hidden_check(source):
    made = assignments.release(source)
    text = nbformat.writes(made)
    assert [line for line in student_site.secret_lines() if line in student_site.normal(text)] == []
    for cell in made.cells:
        assert "### BEGIN" not in cell.source
        assert not cell.get("outputs")


def test_student_copy_keeps_names_and_docstrings(source):
    answers = {
        cell.metadata.bond.exercise: cell.source
        for cell in assignments.release(source).cells
        if cell.metadata.nbgrader.grade_id.endswith("-answer")
    }
    assert answers["ex-03-percent"].splitlines() == [
        "def counts_behind(percent, people):",
        '    """The counts out of `people` that round to a whole percentage, as a list."""',
        "    ...",
    ]


def test_solution_has_answers_and_model_text_and_no_hidden_check(source):
    text = "\n".join(cell.source for cell in assignments.solved(source).cells)
    assert "np.round(100 * counts / people) == percent" in text
    assert "It lists innocent causes first" in text
    assert "grim_power(people, d)" not in text.split("def decimals_needed")[0]
    assert "### BEGIN" not in text


def test_points_minutes_and_objectives_reach_the_student(source):
    head, first = (
        source.cells[0].source,
        next(c for c in source.cells if c.id == "ex-03-six-months"),
    )
    assert "20 points, about 70 minutes" in head
    assert "4 points, about 15 minutes" in first.source
    assert "recompute a p value" in first.source
    assert sum(exercise.points for exercise in source.metadata.bond.exercises) == 20


def test_nbgrader_accepts_the_source(source):
    from nbgrader.preprocessors import CheckCellMetadata

    CheckCellMetadata().preprocess(source, {})


def test_same_source_same_bytes(source):
    again = assignments.source_notebook(CHAPTERS[STEM], Unset())
    assert assignments.notebooks.as_bytes(again) == assignments.notebooks.as_bytes(source)
    made = assignments.release(source)
    pack = [assignments.archive(CHAPTERS[STEM], made) for _ in range(2)]
    assert pack[0] == pack[1]


def test_zip_holds_notebook_helpers_and_data(source):
    content = assignments.archive(CHAPTERS[STEM], assignments.release(source))
    names = {name.split("/", 1)[1] for name in zipfile.ZipFile(io.BytesIO(content)).namelist()}
    assert {f"assignment/{STEM}.ipynb", "data/published.csv", "src/helpers/checking.py"} <= names
    assert not any(name.startswith("book/") for name in names)


def test_unknown_chapter_is_refused(capsys):
    with pytest.raises(SystemExit):
        assignments.main(["99-nowhere"])
    assert "'99-nowhere'" in capsys.readouterr().err


# That a trial finds what a sheet promises wrongly


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "# loses 3: rounds the count",
            "# loses 2: rounds the count",
            "ex-03-percent gets 0, not 1",
        ),
        ("return [19, 20]", "return []", None),
        (
            "assert counts == [5]",
            "assert counts == 5",
            "✗ knows",
        ),
        (
            "assert list(counts_behind(76, 24)) == [] and list(counts_behind(10, 7)) == []",
            "assert not counts_behind(76, 24)",
            "untouched: ex-03-percent scores",
        ),
    ],
)
def test_trial_sees_a_sheet_that_lies(monkeypatch, tmp_path, old, new, message):
    assert old in SHEET
    path = tmp_path / f"{STEM}.md"
    path.write_text(SHEET.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(assignments, "sheet_path", lambda stem, root=None: path)
    faults = assignments.try_out(CHAPTERS[STEM], Unset())
    if message is None:
        assert faults == []
    else:
        assert any(message in fault for fault in faults), faults


def places_asked_of(code: str, answers: set[str]) -> list[str]:
    """Each place of a check that asks an answer for its first or second part by number."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, int)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", None) in answers
    ]


@pytest.mark.parametrize("stem", CHAPTERS)
def test_parts_of_an_answer_may_have_names(stem):
    # A Series with labels has no part 0, and is right wherever a pair is: list() takes both.
    found = []
    for task in assignments.read_sheet(assignments.sheet_path(stem)).tasks:
        written = "\n".join(piece.code for piece in task.wrong)
        answers = set(re.findall(r"^def (\w+)", written, re.M))
        for code in (*task.checks, *(piece.code for piece in task.hidden)):
            found += places_asked_of(code, answers)
    assert not found


def test_a_part_asked_for_by_number_is_found():
    assert places_asked_of("float(both(1, 2)[0])", {"both"}) == ["both(1, 2)[0]"]
    fine = "float(list(both(1, 2))[0]); other(1)[0]; low, high = both(1)"
    assert not places_asked_of(fine, {"both"})
