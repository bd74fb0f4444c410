"""The book as it stands keeps its own rules."""

import json
import re

import pandas as pd
import pytest
import yaml
from helpers.published import read_ledger

from tools import book, codebook, contract, datapackage, opening, prose, reference, selfcheck

CHAPTERS = book.chapters()
QUIZZES = sorted((book.ROOT / "book" / "selfcheck").glob("*.yml"))


def stem(path):
    return path.stem


def test_every_page_is_in_the_table_of_contents():
    assert book.missing_from_toc() == []
    assert all(book.page_path(name).is_file() for name in book.toc_pages())


@pytest.mark.parametrize("chapter", CHAPTERS, ids=stem)
def test_a_chapter_keeps_the_contract(chapter):
    assert contract.faults(chapter) == []


def test_no_statistic_is_typed_into_prose():
    found = [str(one) for page, text in prose.pages().items() for one in prose.findings(text, page)]
    assert found == []


def test_every_number_typed_on_purpose_is_reviewed():
    assert prose.unreviewed(prose.pages(), prose.allowed_numbers()) == []


@pytest.mark.parametrize("quiz", QUIZZES, ids=stem)
def test_a_quiz_belongs_to_a_chapter_and_can_be_filled(quiz):
    assert quiz.stem in {chapter.stem for chapter in CHAPTERS}
    questions = selfcheck.load(quiz)
    assert len(questions) >= contract.QUESTIONS_AT_LEAST
    texts = [text for q in questions for o in q["options"] for text in (o["text"], o["feedback"])]
    # Markdown reads "16." as the start of a list
    assert not [text for text in texts if re.match(r"\d+[.)](\s|$)", text)]
    assert not [text for text in texts if re.search(r"[{}]|nan|np\.", text.replace("\\sqrt{n}", ""))]


@pytest.mark.parametrize("quiz", QUIZZES, ids=stem)
def test_no_statistic_is_typed_into_a_quiz(quiz):
    """Every number of a quiz is computed, apart from those in its expressions."""
    questions = yaml.safe_load(quiz.read_text(encoding="utf-8"))
    for question in questions:
        texts = [question["question"]]
        texts += [option[key] for option in question["options"] for key in ("text", "feedback")]
        found = prose.findings("\n".join(texts), quiz.name)
        assert found == []


def test_the_right_answer_does_not_always_stand_in_the_same_place():
    places = [
        [option["correct"] for option in question["options"]].index(True)
        for quiz in QUIZZES
        for question in selfcheck.load(quiz)
    ]
    assert max(places.count(place) for place in set(places)) <= 0.5 * len(places)


def test_every_claim_leans_on_rows_that_exist():
    ledger = read_ledger()
    claims = pd.read_csv(book.ROOT / "data" / "claims.csv", index_col="id")
    rows = claims["rows"].dropna().str.split().explode()
    assert set(rows) <= set(ledger.index)
    assert list(claims.index) == [f"C{number}" for number in range(1, 15)]


def test_the_data_package_is_up_to_date():
    package = json.loads(datapackage.PACKAGE.read_text(encoding="utf-8"))
    assert datapackage.outdated(package) == []


def test_the_codebook_names_every_column_and_kind():
    text = codebook.as_markdown(datapackage.PACKAGE)
    for path in (book.ROOT / "data").glob("*.csv"):
        for column in pd.read_csv(path, nrows=0).columns:
            assert f"`{column}`" in text
    for kind in read_ledger()["kind"].unique():
        assert f"`{kind}`" in text


def test_the_ledger_table_shows_every_row_and_marks_those_not_read_again():
    ledger = read_ledger()
    text = codebook.ledger_as_markdown()
    assert text.count("* - ") == len(ledger) + 1
    assert text.count("\u2020") == (~ledger["checked"]).sum()


def test_every_variable_of_the_ledger_is_in_the_codebook():
    package = json.loads(datapackage.PACKAGE.read_text(encoding="utf-8"))
    known = {variable["name"] for variable in package["resources"][0]["variables"]}
    ledger = read_ledger()
    assert (set(ledger["x"]) | set(ledger["y"])) - {""} <= known


@pytest.mark.parametrize("page", book.notebooks(), ids=stem)
def test_a_reference_has_outputs_and_execution_counts(page):
    cells = json.loads(reference.reference_path(page).read_text(encoding="utf-8"))["cells"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(cell["outputs"]) for cell in cells) >= len(cells) / 2


def test_no_reference_is_left_over():
    stored = {path.stem for path in reference.REFERENCES.glob("*.json")}
    assert stored == {page.stem for page in book.notebooks()}


def test_the_instructors_page_can_be_made():
    facts = [opening.from_page(path.read_text(encoding="utf-8"), path.name) for path in CHAPTERS]
    assert all(20 <= fact["minutes"] <= 120 for fact in facts)


def test_no_tracked_file_names_a_place_outside_the_project():
    suffixes = {".py", ".md", ".yml", ".toml", ".sh", ".csv", ".json", ".css", ".js", ".in"}
    for path in book.ROOT.rglob("*"):
        parts = set(path.relative_to(book.ROOT).parts)
        if parts & {".venv", "_build", ".git", "node_modules"} or path.suffix not in suffixes:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        for outside in ("/" + "work/", "/" + "root/", "/" + "tmp/"):
            assert outside not in text, f"{path.name} names {outside}"
