"""The chapter contract, the opening and the quiz: each breach is named."""

import copy

import pytest
import yaml

from tools import book, contract, opening, prose, selfcheck

CHAPTER = book.ROOT / "book" / "03-published-numbers.md"


@pytest.fixture
def chapter(tmp_path):
    """A sound chapter, its quiz beside it, to be broken."""
    (tmp_path / "selfcheck").mkdir()
    quiz = f"{CHAPTER.stem}.yml"
    (tmp_path / "selfcheck" / quiz).write_text((CHAPTER.parent / "selfcheck" / quiz).read_text())
    path = tmp_path / CHAPTER.name
    path.write_text(CHAPTER.read_text())
    assert contract.faults(path) == []
    return path


BREACHES = {
    "no opening": (lambda t: opening.BLOCK.sub("", t), "0 chapter openings"),
    "no question": (lambda t: t.replace("question: ", "query: "), "unknown key 'query'"),
    "no minutes": (lambda t: t.replace("minutes: 60", "minutes: soon"), "needs 'minutes'"),
    "no closing section": (
        lambda t: t.replace("## What it does not show", "## More"),
        "the closing sections are",
    ),
    "a section after the closing": (lambda t: t + "\n## Extra\n", "do not come last"),
    "findings without a number": (
        lambda t: t.replace(contract.section(t, "What we found"), "\nNothing.\n\n"),
        "no computed number",
    ),
    "no key terms": (
        lambda t: t.replace(contract.section(t, "Key terms"), "\nNone.\n\n"),
        "fewer than three glossary terms",
    ),
    "a solution in the open": (
        lambda t: t.replace("{solution-start} ex-03-percent\n:class: dropdown\n", "{solution-start} ex-03-percent\n"),
        "the solution of ex-03-percent is not folded",
    ),
    "an exercise without a solution": (
        lambda t: t.replace("{solution-start} ex-03-percent", "{solution-start} ex-other"),
        "exercise ex-03-percent has no solution",
    ),
    "an exercise without a hint": (
        lambda t: t.replace("{admonition} Hint", "{admonition} Note", 1),
        "exercises but",
    ),
    "another chapter's quiz": (
        lambda t: t.replace("{selfcheck} 03-", "{selfcheck} 04-"),
        "the self-checks are",
    ),
    "too few words": (
        lambda t: t[: t.index("## From ")] + t[t.index("## What we found") :],
        "words, not",
    ),
    "a long cell": (
        lambda t: t.replace("raw = pd", "\n".join(f"a{i} = {i}" for i in range(30)) + "\nraw = pd"),
        "lines, more than 25",
    ),
    "a wide line of code": (
        lambda t: t.replace("raw = pd", "a = " + " + ".join("1" * 40) + "\nraw = pd"),
        "characters wide",
    ),
    "two cells in a row": (
        lambda t: t.replace("\n## A printed", "\n```{code-cell} ipython3\n1\n```\n\n```{code-cell} ipython3\n2\n```\n\n## A printed"),
        "no sentence between them",
    ),
    "two cells with only a label between": (
        lambda t: t.replace("\n## A printed", "\n```{code-cell} ipython3\n1\n```\n\n(cell-two)=\n```{code-cell} ipython3\n2\n```\n\n## A printed"),
        "no sentence between them",
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_named(chapter, breach):
    change, message = BREACHES[breach]
    text = chapter.read_text()
    changed = change(text)
    assert changed != text, "the test did not change the chapter"
    chapter.write_text(changed)
    assert message in "\n".join(contract.faults(chapter))


def test_a_label_adds_no_word():
    text = "One sentence of words.\n\n(cell-one)=\n## More\n"
    assert prose.prose_only(text).split() == "One sentence of words. ## More".split()


QUESTION = {
    "id": "q",
    "question": "How many?",
    "reread": "From *r* and *n* to *p*",
    "compute": {"n": "2 + 2", "double": "2 * n"},
    "options": [
        {"text": "{n}", "correct": True, "feedback": "It is {double:.1f} by two."},
        {"text": "five", "correct": False, "feedback": "No."},
        {"text": "six", "correct": False, "feedback": "No."},
    ],
}


def load(tmp_path, *questions):
    path = tmp_path / "quiz.yml"
    path.write_text(yaml.safe_dump(list(questions), sort_keys=False))
    return selfcheck.load(path)


def test_a_quiz_is_filled_with_computed_numbers(tmp_path):
    (question,) = load(tmp_path, QUESTION)
    assert question["options"][0] == {
        "text": "4", "correct": True, "feedback": "It is 8.0 by two.",
    }  # fmt: skip


def option(key, value, number=1):
    def change(question):
        question["options"][number][key] = value

    return change


QUIZ_FAULTS = {
    "no right answer": (option("correct", False, 0), "0 options are correct"),
    "two right answers": (option("correct", True), "2 options are correct"),
    "no feedback": (option("feedback", ""), "an option needs exactly"),
    "equal options": (option("text", "4"), "two options read the same"),
    "a name without a value": (option("text", "{other}"), "cannot fill"),
    "an expression that fails": (lambda q: q["compute"].update(n="1 / 0"), "division by zero"),
    "no question": (lambda q: q.pop("question"), "'question' is missing"),
    "an unknown key": (lambda q: q.update(hint="none"), "unknown key 'hint'"),
    "two options": (lambda q: q["options"].pop(), "2 options, not three to six"),
}


@pytest.mark.parametrize("fault", QUIZ_FAULTS)
def test_a_faulty_question_is_named(tmp_path, fault):
    change, message = QUIZ_FAULTS[fault]
    question = copy.deepcopy(QUESTION)
    change(question)
    with pytest.raises(selfcheck.SelfCheckError, match=message):
        load(tmp_path, question)


def test_an_id_cannot_stand_twice(tmp_path):
    with pytest.raises(selfcheck.SelfCheckError, match="stands twice"):
        load(tmp_path, QUESTION, QUESTION)
