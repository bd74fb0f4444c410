"""The proof of the assignments must be able to fail: a sheet that lies is caught by the grader."""

import copy

import nbformat
import pytest

from tools import assignments, book, proof
from tools.grade import Outcome

STEM = "03-published-numbers"
PAGE = next(page for page in book.chapters() if page.stem == STEM)


@pytest.fixture(scope="module")
def source():
    return assignments.source_notebook(PAGE, assignments.Unset())


@pytest.fixture
def sheet():
    return assignments.read_sheet(assignments.sheet_path(STEM))


@pytest.fixture
def graded(monkeypatch):
    """Let the grader give what a test says, without a kernel."""

    def give(**facts):
        monkeypatch.setattr(proof, "grade_notebook", lambda *arguments: Outcome(**facts))

    return give


def test_wrong_answer_that_loses_otherwise_is_caught(source, sheet):
    task = next(task for task in sheet.tasks if task.label == "ex-03-percent")
    (piece,) = task.wrong
    task.wrong = [assignments.Piece(2, piece.what, piece.code)]
    (fault, *others) = proof.wrong(source, sheet)
    assert "ex-03-percent gets 0, not 1" in fault
    assert others == []


def test_check_that_an_empty_answer_passes_is_caught(source, sheet):
    made = copy.deepcopy(source)
    cell = next(cell for cell in made.cells if cell.id == "ex-03-percent-hidden-1")
    cell.source = "pass"
    (fault,) = proof.untouched(made, sheet)
    assert "ex-03-percent gets 2, not 0" in fault


def test_solution_that_loses_points_is_caught(graded, source, sheet):
    graded(points=proof.full_points(sheet) | {"ex-03-percent": 1.0})
    assert any(
        "solution: ex-03-percent gets 1, not 3" in fault for fault in proof.solution(source, sheet)
    )


def test_words_that_nobody_sees_are_caught(graded, source, sheet):
    graded(points=proof.full_points(sheet))
    assert "14 of 20 points when a grader gives all for words" in proof.solution(source, sheet)[-1]


def test_containment_that_says_nothing_is_caught(graded, source, sheet):
    graded(points=proof.full_points(sheet))
    faults = proof.hostile(source, sheet)
    first, second = "ex-03-six-months", "ex-03-percent"
    assert [fault for fault in faults if first in fault or second in fault]
    for words in ("refused the network", "raised is not shown", "stopped after its time"):
        assert any(words in fault for fault in faults), words


def test_endless_output_is_caught(graded, source, sheet):
    output = nbformat.v4.new_output("stream", text="x" * (proof.LARGEST + 1))
    noisy = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[output])])
    graded(points=proof.full_points(sheet), notebook=noisy)
    assert any("letters" in fault for fault in proof.hostile(source, sheet))


def test_changed_file_of_the_grader_is_caught(graded, source, sheet, monkeypatch):
    graded(points=proof.full_points(sheet))
    states = iter(["before", "after"])
    monkeypatch.setattr(proof, "state", lambda: next(states))
    assert "hostile: a file of the grader changed" in proof.hostile(source, sheet)


def test_state_sees_a_changed_file(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("one")
    before = proof.state(tmp_path)
    (tmp_path / "data" / "a.txt").write_text("two")
    assert proof.state(tmp_path) != before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["99-nowhere"], "no chapter with a sheet is called '99-nowhere'"),
        (["--jobs", "0"], "--jobs is at least 1"),
    ],
)
def test_bad_arguments_are_refused(arguments, message, capsys):
    with pytest.raises(SystemExit):
        proof.main(arguments)
    assert message in capsys.readouterr().err
