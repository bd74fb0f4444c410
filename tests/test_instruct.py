"""What instructors get: ready courses that hold, teaching notes, and what the assignments ask for."""

import os
import re

import minibook
import pytest
import yaml
from bs4 import BeautifulSoup
from minibook import MiniBook

from tools import assignments, book, chapter_map, courses, new_chapter, opening, prose, teaching

NAMES = ("session", "four-weeks", "term")
CHAPTERS = chapter_map.chapters()


def raw(name):
    """A course of the book as its file has it."""
    return yaml.safe_load(courses.path_of(name).read_text(encoding="utf-8"))


# Courses


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_course_holds(name):
    course = courses.load(name)
    assert course.class_minutes == 90
    assert all(meeting.prepare and meeting.activities for meeting in course.meetings)


def test_the_courses_are_what_the_page_calls_them():
    counts = [len(courses.load(name).meetings) for name in NAMES]
    assert counts == [1, 4, 14]
    page = (book.ROOT / "book" / "courses.md").read_text(encoding="utf-8")
    assert re.findall(r"\{course-plan\} (\S+)", page) == list(NAMES)
    assert {path.stem for path in (book.ROOT / courses.FOLDER).iterdir()} == set(NAMES)


def test_a_term_reads_every_chapter_and_can_do_without_two():
    course = courses.load("term")
    assert sorted(course.chapters) == [chapter.stem for chapter in CHAPTERS]
    spare = {chapter.number for chapter in courses.can_be_left_out(course, CHAPTERS)}
    assert {6, 9} <= spare, "the page says that twelve meetings do without chapters 6 and 9"
    # each of the two has a meeting of its own
    assert sum(meeting.read in (("06-depression",), ("09-acute-depression",)) for meeting in course.meetings) == 2


@pytest.mark.parametrize("name", NAMES)
def test_no_week_asks_for_more_than_four_hours_at_home(name):
    assert max(load.at_home for load in courses.loads(courses.load(name))) <= 240


@pytest.mark.parametrize("name", NAMES)
def test_a_course_types_no_statistic(name):
    for meeting in raw(name)["meetings"]:
        texts = [meeting["title"], meeting["prepare"], *(part["do"] for part in meeting["class"])]
        assert prose.findings("\n\n".join(texts), name) == []


def test_minutes_are_those_of_chapters_and_sheets():
    course = courses.load("four-weeks")
    minutes = {chapter.stem: chapter.minutes for chapter in CHAPTERS}
    second = courses.loads(course)[1]
    assert second.reading == minutes["03-published-numbers"]
    assert second.assignment == assignments.read_sheet(assignments.sheet_path("03-published-numbers")).minutes
    assert second.at_home == second.reading + second.assignment
    table = BeautifulSoup(courses.as_table(course), "html.parser").table
    last = [cell.get_text() for cell in table.find_all("tr")[-1].find_all("td")]
    assert int(last[-1]) == sum(load.at_home for load in courses.loads(course))
    assert all(row.th["scope"] == "row" for row in table.tbody.find_all("tr"))


MEETING = {"title": "One", "read": ["01-a"], "class": [{"minutes": 90, "do": "Talk."}], "prepare": "Nothing."}
KNOWN = [
    chapter_map.Chapter("01-a", "A", "", 10, "Nothing", ()),
    chapter_map.Chapter("02-b", "B", "", 20, "Nothing", ("01-a",)),
]


def course(*meetings, **more):
    """A made-up course, read from text."""
    return courses.read(yaml.safe_dump({"class_minutes": 90, "meetings": list(meetings)} | more), "made-up")


FAULTS = {
    "a chapter before its need": ([MEETING | {"read": ["02-b"]}], "reads 02-b before 01-a"),
    "a chapter twice": ([MEETING, MEETING], "meeting 2 reads 01-a again"),
    "no such chapter": ([MEETING | {"read": ["09-x"]}], "reads 09-x, which is no chapter"),
    "an assignment on something unread": ([MEETING | {"assignment": "02-b"}], "assigns 02-b, which nobody has read"),
    "too little to do": ([MEETING | {"class": [{"minutes": 80, "do": "Talk."}]}], "take 80 minutes, not 90"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_course_that_cannot_be_held_is_named(fault):
    meetings, said = FAULTS[fault]
    assert any(said in one for one in courses.faults(course(*meetings), KNOWN))


def test_needs_may_be_read_in_the_same_meeting():
    assert courses.faults(course(MEETING | {"read": ["01-a", "02-b"]}), KNOWN) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.pop("prepare"), "'prepare' is missing"),
        (lambda m: m.update(homework="much"), "unknown key 'homework'"),
        (lambda m: m["class"].append({"minutes": "ten", "do": "Talk."}), "a whole number"),
        (lambda m: m["class"].append({"do": "Talk."}), "a whole number"),
    ],
)
def test_a_malformed_meeting_is_refused(change, said):
    one = yaml.safe_load(yaml.safe_dump(MEETING))
    change(one)
    with pytest.raises(courses.CourseError, match=said):
        course(one)


def test_a_course_that_is_not_there_or_has_more_is_refused():
    with pytest.raises(courses.CourseError, match="there is no course nothing.yml"):
        courses.load("nothing")
    with pytest.raises(courses.CourseError, match="and nothing else"):
        course(MEETING, room=12)


# Notes and assignments


@pytest.mark.parametrize("page", teaching.with_sheets(), ids=lambda page: page.stem)
def test_the_notes_of_a_chapter_are_whole(page):
    sheet, text = assignments.read_sheet(assignments.sheet_path(page.stem)), teaching.notes(page)
    for question in sheet.discussion:
        assert f"- {question}\n" in text
    assert text.count("*Catch it:*") == text.count("*Say:*") == len(sheet.misconceptions)
    written = [task for task in sheet.tasks if task.rubric]
    assert text.count("**Rubric of exercise") == len(written) >= 1
    assert all(row["for"] in text for task in written for row in task.rubric)
    assert "exercise 0" not in text and "ex-" not in re.sub(r"`[^`]*`", "", text)
    # the number of the chapter and of its exercises are names
    assert prose.findings(re.sub(r"^## \d+ |exercise \d+\.\d+", "", text), page.name) == []


@pytest.mark.parametrize("page", teaching.with_sheets(), ids=lambda page: page.stem)
def test_the_table_names_every_exercise_with_its_objective(page):
    sheet, text = assignments.read_sheet(assignments.sheet_path(page.stem)), teaching.table(page)
    facts = opening.from_page(page.read_text(encoding="utf-8"), page.name)
    rows = [line for line in text.splitlines() if line.startswith("- ")]
    tested = {task.objective for task in sheet.tasks}
    left = [text for number, text in enumerate(facts["objectives"], 1) if number not in tested]
    assert rows[len(sheet.tasks) :] == [f"- *not graded*: {objective}" for objective in left]
    for row, task in zip(rows, sheet.tasks, strict=False):
        assert f"{task.minutes} minutes): {facts['objectives'][task.objective - 1]}" in row
    assert f"{sheet.points} points, about {sheet.minutes} minutes" in text


# The pages, built

EXERCISES = "".join(
    f"\n````{{exercise}}\n:label: ex-01-{name}\n**The {name} one.** Do it.\n````\n"
    for name in ("level", "visit", "rest", "open")
)
CHAPTER = minibook.CHAPTER + "\n## Exercises\n" + EXERCISES
PAGE = """# For instructors

```{course-plan} short
```

```{assignment-table}
```

```{teaching-notes}
```
"""


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    """A book of one chapter with a sheet, a course, and a page that shows both."""
    mini = MiniBook(tmp_path_factory.mktemp("instruct") / "book")
    (mini.root / "book" / "one.md").unlink()
    mini.write("book/01-one.md", CHAPTER)
    sheet = (new_chapter.TEMPLATES / "assignment.md").read_text(encoding="utf-8")
    mini.write("book/assignment/01-one.md", new_chapter.filled(sheet, "01-one", "One"))
    meeting = MEETING | {"read": ["01-one"], "assignment": "01-one"}
    mini.write("book/courses/short.yml", yaml.safe_dump({"class_minutes": 90, "meetings": [meeting]}))
    mini.write("book/instructors.md", PAGE)
    mini.write("_toc.yml", "format: jb-book\nroot: index\nchapters:\n  - file: book/01-one\n  - file: book/instructors\n")
    return mini


def article(mini):
    """The built page for instructors."""
    return BeautifulSoup(mini.read("_build/html/book/instructors.html"), "html.parser").article


def test_the_page_is_built(mini):
    result = mini.build()
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    page = article(mini)
    text = " ".join(page.get_text().split())
    assert "Students spend 1 hour 30 minutes in class and about 1 hour at home." in text
    assert "1.1 The level one (code, 5 points, 15 minutes): say two" in text
    assert "1.4 The open one (written, 5 points, 15 minutes): say one" in text
    assert "\u201cThe interval says where most people are.\u201d" in text
    assert "Rubric of exercise 1.4, The open one" in text
    assert page.find("table", class_="course").find("a", href="01-one.html")


def test_a_changed_sheet_changes_the_page_and_a_faulty_one_stops_the_build(mini):
    mini.replace("book/assignment/01-one.md", "where most people are", "where all people are")
    assert mini.build().returncode == 0
    assert "where all people are" in article(mini).get_text()
    mini.replace("book/courses/short.yml", "class_minutes: 90", "class_minutes: 60")
    result = mini.build()
    assert result.returncode != 0
    assert "short.yml: the activities of meeting 1 take 90 minutes, not 60" in result.stdout + result.stderr
    mini.replace("book/courses/short.yml", "class_minutes: 60", "class_minutes: 90")


def test_students_get_no_notes(mini, monkeypatch):
    monkeypatch.setitem(os.environ, "BOND_SOLUTIONS", "no")
    result = mini.build()
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    text = article(mini).get_text()
    assert "the notes are left out of it" in text
    assert "Rubric" not in text and "Catch it" not in text
