"""The self-checks in a browser: by keyboard, with and without a memory, in two tabs, on paper."""

import json

import checks
import pytest

from tests.minibook import MiniBook

QUIZ = """
- id: sum
  question: "What is {a} and $b$?"
  reread: Sums
  compute:
    a: "2"
    b: "2 + 2"
    c: "3"
  options:
    - text: "{c}"
      correct: false
      feedback: "Count again."
    - text: "{b}"
      correct: true
      feedback: "It is $2 + 2$."
    - text: "a *lot*"
      correct: false
      feedback: "How much?"
- id: table
  question: "Which one?"
  reread: "What *is* it?"
  options:
    - {text: first, correct: true, feedback: "The first."}
    - {text: second, correct: false, feedback: "Not the second."}
    - {text: third, correct: false, feedback: "Not the third."}
"""
OTHER = """
- id: sum
  question: "And here?"
  reread: 01-one / Sums
  options:
    - {text: first, correct: true, feedback: "The first."}
    - {text: second, correct: false, feedback: "Not the second."}
    - {text: third, correct: false, feedback: "Not the third."}
"""
PAGE = """# {title}

## Sums

Some words.

## What *is* it?

More words.

## Self-check

```{{selfcheck}} {name}
```
"""
SUM, TABLE = "quiz-01-sum", "quiz-01-table"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A built book of two chapters with a quiz each, and the page of the scores."""
    book = MiniBook(tmp_path_factory.mktemp("quiz"))
    (book.root / "book" / "one.md").unlink()
    names = ("01-one", "02-two")
    pages = "".join(f"  - file: book/{name}\n" for name in (*names, "students"))
    book.write("_toc.yml", f"format: jb-book\nroot: index\nchapters:\n{pages}")
    for name, quiz in zip(names, (QUIZ, OTHER), strict=True):
        book.write(f"book/{name}.md", PAGE.format(title=f"Chapter {name[-3:]}", name=name))
        book.write(f"book/selfcheck/{name}.yml", quiz)
    book.write("book/students.md", "# For students\n\nSome words.\n\n```{selfcheck-overview}\n```\n")
    result = book.build()
    assert result.returncode == 0, result.stdout + result.stderr
    return book.root / "_build" / "html"


@pytest.fixture(scope="module")
def address(folder, serve):
    return serve(folder)


@pytest.fixture
def quiz(address, new_page):
    """The first chapter, open."""
    page = new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(f"{address}book/01-one.html")
    yield page
    assert page.faults == []


def question(page, id_=SUM):
    return page.locator(f"#{id_}")


def answer(page, option, id_=SUM):
    """Choose an option and check it."""
    question(page, id_).get_by_role("radio").nth(option).check()
    question(page, id_).get_by_role("button", name="Check").click()


def shown(page, id_=SUM):
    """Which feedback is to be seen."""
    return [feedback.is_visible() for feedback in question(page, id_).locator(".sc-feedback").all()]


def score(page):
    return page.locator(".sc-score strong").text_content()


def stored(page, name="01-one"):
    text = page.evaluate(f"localStorage.getItem('bond-quiz-{name}')")
    return text and json.loads(text)


# --- a question --------------------------------------------------------------------------


def test_a_question_is_a_group_of_radio_buttons_with_names(quiz):
    group = quiz.get_by_role("group", name="1. What is 2 and")
    assert [radio.get_attribute("type") for radio in group.get_by_role("radio").all()] == ["radio"] * 3
    assert group.get_by_role("radio", name="C. a lot").is_visible()
    assert shown(quiz) == [False] * 3
    assert quiz.locator("details.sc-option").count() == 0
    for target in [*group.locator("label").all(), group.get_by_role("button")]:
        assert target.bounding_box()["height"] >= 24


def test_the_whole_quiz_works_by_keyboard(quiz):
    first = question(quiz).get_by_role("radio").first
    quiz.locator("h2", has_text="Self-check").evaluate("heading => { heading.tabIndex = -1; heading.focus(); }")
    for _ in range(3):  # a permalink may come first
        quiz.keyboard.press("Tab")
        if first.evaluate("radio => radio === document.activeElement"):
            break
    assert first.evaluate("radio => radio === document.activeElement")
    quiz.keyboard.press("ArrowDown")  # the second option, which is right; nothing is answered yet
    assert question(quiz).get_by_role("radio").nth(1).is_checked()
    assert shown(quiz) == [False] * 3 and stored(quiz) is None
    quiz.keyboard.press("Enter")
    assert shown(quiz) == [False, True, False]
    quiz.keyboard.press("Tab")
    assert question(quiz).get_by_role("button").evaluate("button => button === document.activeElement")
    quiz.keyboard.press("Tab")
    quiz.keyboard.press("Space")  # the first option of the second question
    quiz.keyboard.press("Tab")
    quiz.keyboard.press("Space")
    assert shown(quiz, TABLE) == [True, False, False]
    assert score(quiz) == "2 of 2 right on the first try."
    quiz.keyboard.press("Tab")
    assert quiz.get_by_role("button", name="Start over").evaluate("button => button === document.activeElement")
    quiz.keyboard.press("Enter")
    assert first.evaluate("radio => radio === document.activeElement")
    assert (score(quiz), stored(quiz)) == ("0 of 2 right on the first try, 0 answered so far.", None)
    assert quiz.get_by_role("radio", checked=True).count() == 0 and not any(shown(quiz))


def test_nothing_is_checked_without_a_choice(quiz):
    question(quiz).get_by_role("button").click()
    assert shown(quiz) == [False] * 3 and stored(quiz) is None
    assert question(quiz).get_by_role("radio").first.evaluate("radio => radio.validity.valueMissing")


def test_a_wrong_answer_says_why_and_what_to_reread(quiz):
    answer(quiz, 0)
    feedback = question(quiz).locator(".sc-feedback").first
    assert feedback.text_content().split() == "No. Count again. What to reread: Sums.".split()
    link = feedback.get_by_role("link", name="Sums")
    link.click()
    quiz.wait_for_url("**#sums")
    answer(quiz, 1, TABLE)
    link = question(quiz, TABLE).get_by_role("link").first
    assert link.inner_html() == "What <em>is</em> it?" and link.get_attribute("href") == "#what-is-it"


def test_the_right_answer_needs_no_rereading(quiz):
    answer(quiz, 1)
    assert question(quiz).locator(".sc-feedback.correct").get_by_role("link").count() == 0


def test_an_earlier_chapter_may_be_what_to_reread(address, new_page):
    page = new_page()
    page.goto(f"{address}book/02-two.html")
    answer(page, 1, "quiz-02-sum")
    feedback = page.locator(".sc-feedback:visible")
    assert feedback.text_content().strip().endswith("What to reread: Sums, in chapter 1.")
    feedback.get_by_role("link").click()
    page.wait_for_url("**/book/01-one.html#sums")


def test_feedback_is_announced(quiz):
    status = quiz.locator("[role=status].sc-spoken")
    assert status.text_content() == ""
    answer(quiz, 0)
    quiz.wait_for_function("() => document.querySelector('.sc-spoken').textContent")
    said = "No. Count again. What to reread: Sums. 0 of 2 right on the first try, 1 answered so far."
    assert status.text_content() == said
    answer(quiz, 1)
    quiz.wait_for_function("() => document.querySelector('.sc-spoken').textContent.startsWith('Yes')")
    text = status.text_content()  # the formula once, from its MathML
    assert text.count("2") == 2 + 1 and "\\" not in text


# --- the score ---------------------------------------------------------------------------


def test_the_first_try_counts(quiz):
    answer(quiz, 0)
    answer(quiz, 1)
    assert score(quiz) == "0 of 2 right on the first try, 1 answered so far."
    assert shown(quiz) == [True, True, False]  # what was checked stays
    answer(quiz, 0, TABLE)
    assert score(quiz) == "1 of 2 right on the first try."
    assert stored(quiz) == {
        SUM: {"right": False, "chosen": [0, 1]}, TABLE: {"right": True, "chosen": [0]},
    }  # fmt: skip


def test_the_score_is_there_after_a_reload(quiz):
    answer(quiz, 2)
    quiz.reload()
    assert score(quiz) == "0 of 2 right on the first try, 1 answered so far."
    assert shown(quiz) == [False, False, True]
    assert question(quiz).get_by_role("radio").nth(2).is_checked()
    answer(quiz, 1)
    assert score(quiz).startswith("0 of 2")


def test_only_its_own_key_is_stored_and_no_cookie(quiz):
    before = set(quiz.evaluate("Object.keys(localStorage)"))
    answer(quiz, 1)
    assert set(quiz.evaluate("Object.keys(localStorage)")) - before == {"bond-quiz-01-one"}
    assert quiz.evaluate("document.cookie") == ""


@pytest.mark.parametrize(
    "text",
    ["no JSON", "7", "null", "[]", '{"quiz-01-sum": 3}', '{"quiz-01-sum": {"right": true, "chosen": "all"}}',
     '{"quiz-01-sum": {"right": 1, "chosen": [0]}}', '{"quiz-01-sum": {"right": true, "chosen": [-1]}}'],
)  # fmt: skip
def test_what_is_not_ours_is_ignored(quiz, text):
    quiz.evaluate("text => localStorage.setItem('bond-quiz-01-one', text)", text)
    quiz.reload()
    assert score(quiz).startswith("0 of 2") and not any(shown(quiz))
    answer(quiz, 1)
    assert score(quiz).startswith("1 of 2")


def test_an_option_that_is_gone_hurts_nothing(quiz):
    quiz.evaluate("""localStorage.setItem('bond-quiz-01-one',
        '{"quiz-01-sum": {"right": false, "chosen": [9]}, "gone": {"right": true, "chosen": [0]}}')""")
    quiz.reload()
    assert score(quiz) == "0 of 2 right on the first try, 1 answered so far."
    assert not any(shown(quiz))


@pytest.mark.parametrize("way", ["throws", "is missing"])
def test_without_storage_the_score_lasts_as_long_as_the_page(way, address, browser):
    body = "throw new DOMException('denied', 'SecurityError')" if way == "throws" else "return undefined"
    with browser.new_context() as context:
        context.add_init_script(f"Object.defineProperty(window, 'localStorage', {{ get() {{ {body}; }} }});")
        page = context.new_page()
        faults = []
        page.goto(f"{address}book/01-one.html")
        page.on("pageerror", lambda error: faults.append(str(error)))
        answer(page, 1)
        assert score(page) == "1 of 2 right on the first try, 1 answered so far."
        assert "keeps no score" in page.locator(".sc-score").text_content()
        page.get_by_role("button", name="Start over").click()
        assert score(page).startswith("0 of 2") and faults == []


def test_a_full_storage_hurts_nothing(quiz):
    quiz.evaluate("() => { Storage.prototype.setItem = () => { throw new DOMException('full'); }; }")
    answer(quiz, 1)
    answer(quiz, 0, TABLE)
    assert score(quiz) == "2 of 2 right on the first try."


def test_two_tabs_share_a_score(quiz, address):
    other = quiz.context.new_page()
    other.goto(f"{address}book/01-one.html")
    answer(quiz, 1)
    other.wait_for_function("() => document.querySelector('.sc-score strong').textContent.startsWith('1 of 2')")
    answer(other, 1, TABLE)  # keeps what the first tab stored
    quiz.wait_for_function("() => document.querySelector('.sc-score strong').textContent === '1 of 2 right on the first try.'")
    assert set(stored(quiz)) == {SUM, TABLE}
    other.get_by_role("button", name="Start over").click()
    quiz.wait_for_function("() => document.querySelector('.sc-score strong').textContent.startsWith('0 of 2')")
    assert not any(shown(quiz))


# --- the page of the scores --------------------------------------------------------------


def scores(page):
    rows = page.locator(".selfcheck-overview tr[data-quiz]").all()
    return [row.locator("td").all_text_contents() for row in rows]


def test_the_overview_begins_empty_and_says_so(address, new_page):
    page = new_page()
    page.goto(f"{address}book/students.html")
    assert page.get_by_text("No question has been answered in this browser yet.").is_visible()
    assert not page.locator(".selfcheck-overview table").is_visible()
    assert not page.get_by_role("button", name="Forget all answers").is_visible()


def test_the_overview_shows_every_chapter_and_forgets_on_demand(quiz, address):
    answer(quiz, 1)
    answer(quiz, 1, TABLE)
    quiz.evaluate("localStorage.setItem('bond-other', 'stays')")
    quiz.goto(f"{address}book/students.html")
    assert scores(quiz) == [["2 of 2", "1"], ["none", ""]]
    assert quiz.locator("tfoot td").all_text_contents() == ["2 of 3", "1"]
    button = quiz.get_by_role("button", name="Forget all answers")
    quiz.once("dialog", lambda dialog: dialog.dismiss())
    button.press("Enter")
    assert scores(quiz)[0] == ["2 of 2", "1"]
    quiz.once("dialog", lambda dialog: dialog.accept())
    button.press("Enter")
    empty = quiz.get_by_text("No question has been answered in this browser yet.")
    assert empty.is_visible() and empty.evaluate("words => words === document.activeElement")
    assert stored(quiz) is None and quiz.evaluate("localStorage.getItem('bond-other')") == "stays"


def test_the_overview_leads_to_the_quiz(quiz, address):
    answer(quiz, 1)
    quiz.goto(f"{address}book/students.html")
    quiz.get_by_role("link", name="1. Chapter one").last.click()
    quiz.wait_for_url("**/book/01-one.html#selfcheck-01-one")
    assert quiz.locator("#selfcheck-01-one").is_visible()


# --- every page, every way of reading ----------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_quiz_is_accessible_and_fits(theme, address, new_page):
    page = new_page(theme)
    page.goto(f"{address}book/01-one.html")
    answer(page, 0)
    answer(page, 0, TABLE)
    faults = checks.accessibility(page)
    for width in (1280, 320):
        faults += checks.sideways(page, width)
    page.goto(f"{address}book/students.html")
    assert faults + checks.accessibility(page) + checks.sideways(page, 320) == []


def test_without_scripts_each_option_unfolds_and_names_what_to_reread(address, browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}book/01-one.html")
        assert page.locator("input[type=radio]").count() == 0
        page.locator(f"#{SUM} summary").first.press("Enter")
        feedback = page.locator(f"#{SUM} .sc-feedback").first
        assert feedback.is_visible() and feedback.get_by_role("link", name="Sums").is_visible()
        page.goto(f"{address}book/students.html")
        assert not page.locator(".selfcheck-overview").is_visible()


def test_everything_works_from_a_folder(folder, browser):
    # In a context of its own: beside a script that writes to the storage of a file before the
    # page does (`new_page` has one), Chromium now and then loses what the page wrote.
    with browser.new_context() as context:
        page = context.new_page()
        faults = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto((folder / "book" / "01-one.html").as_uri())
        answer(page, 0)
        page.reload()
        assert score(page) == "0 of 2 right on the first try, 1 answered so far."
        page.goto((folder / "book" / "students.html").as_uri())
        assert scores(page)[0] == ["1 of 2", "0"] and faults == []


def test_paper_shows_questions_and_options_and_the_key(quiz):
    answer(quiz, 0)
    quiz.emulate_media(media="print")
    assert question(quiz).locator(".sc-text").nth(2).is_visible()
    for hidden in (".sc-feedback", ".sc-form button", ".sc-score"):
        assert not any(element.is_visible() for element in quiz.locator(hidden).all())
    assert quiz.locator(".sc-key").is_visible()
    assert quiz.locator(".sc-key").text_content() == "Answers: 1 B, 2 A."
    quiz.emulate_media(media="screen")
    assert not quiz.locator(".sc-key").is_visible()


def test_forced_colors_show_what_is_chosen_and_where_the_focus_is(quiz):
    quiz.emulate_media(forced_colors="active")
    radio = question(quiz).get_by_role("radio").first
    radio.focus()
    quiz.keyboard.press("Space")
    style = radio.evaluate("radio => getComputedStyle(radio.closest('.sc-choice')).outlineStyle")
    assert style == "solid"
