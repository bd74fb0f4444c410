"""The self-checks: what to reread, the key, and the pages of a book that hold one."""

import re
import sys

import pytest
from bs4 import BeautifulSoup
from minibook import MiniBook

from tools import book, selfcheck

sys.path.insert(0, str(book.ROOT / "_ext"))
import bond_quiz  # noqa: E402

QUIZZES = sorted((book.ROOT / "book" / "selfcheck").glob("*.yml"))
QUIZ = """
- id: one
  question: "Which?"
  reread: {reread}
  options:
    - {{text: first, correct: true, feedback: "The first."}}
    - {{text: second, correct: false, feedback: "Not the second."}}
    - {{text: third, correct: false, feedback: "Not the third."}}
"""
PAGE = "# {title}\n\n## Four *d*'s\n\nWords.\n\n## Twice\n\nWords.\n\n## Twice\n\nWords.\n"


def headings(page):
    """The sections of a chapter, without code."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.findall(r"^##+ (.+)$", text, re.M)


@pytest.mark.parametrize("quiz", QUIZZES, ids=lambda path: path.stem)
def test_every_question_names_a_section_that_teaches_it(quiz):
    apart = {"What we found", "What it does not show", "Key terms", "Exercises", "Self-check"}
    for question in selfcheck.load(quiz):
        page, title = question["reread"]
        found = [one for one in headings(quiz.parents[1] / f"{page}.md") if one == title]
        assert len(found) == 1 and title not in apart, question["id"]


@pytest.mark.parametrize(
    ("reread", "page", "section"),
    [
        ("Four *d*'s", "03-c", ("03-c", "Four *d*'s")),
        ("World 1: the bond works", "14-w", ("14-w", "World 1: the bond works")),
        ("03-c / Twice / thrice", "14-w", ("03-c", "Twice / thrice")),
    ],
)
def test_a_section_stands_in_its_chapter_or_in_an_earlier_one(reread, page, section):
    assert selfcheck.section(reread, page, "here") == section


@pytest.mark.parametrize(
    ("reread", "message"),
    [
        (None, "here: 'reread' is missing"),
        (" ", "here: 'reread' is missing"),
        (["Twice"], "here: 'reread' is missing"),
        ("14-w / Twice", "the chapter to reread, 14-w, does not come before 03-c"),
        ("03-c / Twice", "the chapter to reread, 03-c, does not come before 03-c"),
    ],
)
def test_a_faulty_reread_is_named(reread, message):
    with pytest.raises(selfcheck.SelfCheckError, match=message):
        selfcheck.section(reread, "03-c", "here")


def test_an_id_can_stand_in_an_address(tmp_path):
    path = tmp_path / "01-quiz.yml"
    path.write_text(QUIZ.format(reread="Twice").replace("id: one", "id: One more"))
    with pytest.raises(selfcheck.SelfCheckError, match="the id must be small letters"):
        selfcheck.load(path)


@pytest.mark.parametrize("text", ["", "id: one\n"])
def test_what_is_no_list_of_questions_is_named(tmp_path, text):
    path = tmp_path / "01-one.yml"
    path.write_text(text)
    with pytest.raises(selfcheck.SelfCheckError, match="01-one.yml is no list of questions"):
        selfcheck.load(path)


def test_the_key_names_the_right_letters():
    def question(*right):
        return {"options": [{"correct": one} for one in right]}

    assert bond_quiz.key([question(False, False, True), question(True, False)]) == "1 C, 2 A"


def test_titles_are_compared_without_marks_and_kinds_of_quotes():
    assert bond_quiz.plain("Four *d*'s  of “one” `rise`") == "Four d's of \"one\" rise"


@pytest.fixture
def mini(tmp_path):
    """A book of two pages with a quiz each."""
    result = MiniBook(tmp_path)
    (tmp_path / "book" / "one.md").unlink()
    names = ("01-one", "02-two")
    result.write("_toc.yml", "format: jb-book\nroot: index\nchapters:\n" + "".join(f"  - file: book/{name}\n" for name in names))
    for name in names:
        result.write(f"book/{name}.md", PAGE.format(title=name) + f"\n```{{selfcheck}} {name}\n```\n")
        result.write(f"book/selfcheck/{name}.yml", QUIZ.format(reread="Four *d*'s"))
    return result


def test_a_wrong_answer_links_what_to_reread(mini):
    mini.write("book/selfcheck/02-two.yml", QUIZ.format(reread="01-one / Four *d*'s"))
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    for name, address, words in (
        ("01-one", "#four-ds", "What to reread: Four d’s."),
        ("02-two", "01-one.html#four-ds", "What to reread: Four d’s, in chapter 1."),
    ):
        page = BeautifulSoup(mini.read(f"_build/html/book/{name}.html"), "html.parser")
        (box,) = page.select("div.selfcheck")
        assert box["id"] == f"selfcheck-{name}"
        assert [one["id"] for one in box.select(".sc-question")] == [f"quiz-{name[:2]}-one"]
        assert [link["href"] for link in box.select(".sc-feedback.wrong a")] == [address] * 2
        assert [one.get_text(strip=False).strip() for one in box.select(".sc-reread")] == [words] * 2
        assert box.select(".sc-feedback.correct a") == []
        assert box.select_one(".sc-key").get_text() == "Answers: 1 A."
    assert 'id="four-ds"' in mini.read("_build/html/book/01-one.html")


@pytest.mark.parametrize(
    ("reread", "message"),
    [
        ("Nowhere", "'Nowhere', but book/02-two has no such section"),
        ("Twice", "'Twice', but book/02-two has 2 such sections"),
        ("01-one / Nowhere", "'Nowhere', but book/01-one has no such section"),
        ("01-gone / Twice", "'Twice', but book/01-gone has no such section"),
    ],
)
def test_a_section_that_is_not_there_fails_the_build(mini, reread, message):
    mini.write("book/selfcheck/02-two.yml", QUIZ.format(reread=reread))
    result = mini.build()
    assert result.returncode != 0
    assert "question 'one' of the self-check wants its readers to reread" in result.stderr
    assert message in result.stderr
