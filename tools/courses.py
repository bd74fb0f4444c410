"""Ready courses: what is read, done in class and handed in, with every sum computed.

A course is a file in ``book/courses``::

    class_minutes: 90
    meetings:
      - title: Can these numbers be?
        read: [03-published-numbers]
        class:
          - {minutes: 60, do: "..."}
          - {minutes: 30, do: "..."}
        assignment: 03-published-numbers
        prepare: "..."

``read`` is read before the meeting, ``assignment`` is handed in after it. Minutes of reading
come from the chapters' openings, those of assignments from their sheets. `load` stops at a
course that the map of the chapters does not allow: a chapter before one that it builds on,
an assignment on a chapter that nobody has read, activities that do not fill the class.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from tools import assignments, book, chapter_map

FOLDER = Path("book/courses")
NONE = "\u2013"
KEYS = {"title", "read", "class", "assignment", "prepare", "project"}


class CourseError(ValueError):
    """A course that cannot be held as it stands; the message says where and why."""


class Activity(NamedTuple):
    """One part of a meeting."""

    minutes: int
    do: str


class Meeting(NamedTuple):
    """One meeting of a course."""

    title: str
    read: tuple[str, ...]
    activities: tuple[Activity, ...]
    assignment: str | None
    prepare: str
    project: str


class Course(NamedTuple):
    """A course, checked."""

    name: str
    class_minutes: int
    meetings: tuple[Meeting, ...]

    @property
    def chapters(self) -> tuple[str, ...]:
        """Every chapter that is read, in the order of reading."""
        return tuple(name for meeting in self.meetings for name in meeting.read)


def path_of(name: str, root: Path = book.ROOT) -> Path:
    """The file of a course."""
    return root / FOLDER / f"{name}.yml"


def load(name: str, root: Path = book.ROOT) -> Course:
    """A course of the book, checked against the map of its chapters.

    Raises
    ------
    CourseError
        When the file is missing or malformed, or the course does not fit the chapters.
    """
    path = path_of(name, root)
    if not path.is_file():
        raise CourseError(f"there is no course {path.name}")
    course = read(path.read_text(encoding="utf-8"), name)
    if wrong := faults(course, chapter_map.chapters(root)):
        raise CourseError(f"{path.name}: {wrong[0]}")
    return course


def read(text: str, name: str) -> Course:
    """A course from the text of its file.

    Raises
    ------
    CourseError
        When something is missing, unknown or of the wrong kind.
    """
    facts = yaml.safe_load(text)
    if not isinstance(facts, dict) or facts.keys() != {"class_minutes", "meetings"}:
        raise CourseError(f"{name}: a course has 'class_minutes' and 'meetings', and nothing else")
    meetings = tuple(meeting(raw, f"{name}, meeting {at}") for at, raw in enumerate(facts["meetings"], 1))
    return Course(name, facts["class_minutes"], meetings)


def meeting(raw: Mapping, where: str) -> Meeting:
    """One meeting, its parts checked."""
    if unknown := sorted(raw.keys() - KEYS):
        raise CourseError(f"{where}: unknown key {unknown[0]!r}")
    for key in ("title", "read", "class", "prepare"):
        if key not in raw:
            raise CourseError(f"{where}: {key!r} is missing")
    activities = []
    for one in raw["class"]:
        if one.keys() != {"minutes", "do"} or not isinstance(one["minutes"], int) or one["minutes"] < 1:
            raise CourseError(f"{where}: an activity has 'minutes', a whole number, and 'do'")
        activities.append(Activity(one["minutes"], one["do"]))
    return Meeting(
        raw["title"], tuple(raw["read"]), tuple(activities), raw.get("assignment"), raw["prepare"],
        raw.get("project", ""),
    )  # fmt: skip


def faults(course: Course, chapters: Sequence[chapter_map.Chapter]) -> list[str]:
    """A sentence for each place where a course does not fit the chapters or the clock."""
    known = {chapter.stem: chapter for chapter in chapters}
    found, met = [], []
    for at, one in enumerate(course.meetings, 1):
        for name in one.read:
            if name not in known:
                found.append(f"meeting {at} reads {name}, which is no chapter")
                continue
            if name in met:
                found.append(f"meeting {at} reads {name} again")
            missing = [need for need in known[name].builds_on if need not in met]
            found += [f"meeting {at} reads {name} before {need}, on which it builds" for need in missing]
            met.append(name)
        if one.assignment and one.assignment not in met:
            found.append(f"meeting {at} assigns {one.assignment}, which nobody has read")
        total = sum(activity.minutes for activity in one.activities)
        if total != course.class_minutes:
            found.append(f"the activities of meeting {at} take {total} minutes, not {course.class_minutes}")
    return found


def can_be_left_out(course: Course, chapters: Sequence[chapter_map.Chapter]) -> list[chapter_map.Chapter]:
    """The chapters of a course on which no other chapter of it builds; not its last, the goal."""
    within = [chapter for chapter in chapters if chapter.stem in course.chapters]
    needed = {need for chapter in within for need in chapter.builds_on}
    needed |= set(course.chapters[-1:])
    return [chapter for chapter in within if chapter.stem not in needed]


class Load(NamedTuple):
    """What a meeting asks of a student, in minutes."""

    reading: int
    in_class: int
    assignment: int

    @property
    def at_home(self) -> int:
        """Reading and assignment together."""
        return self.reading + self.assignment


def loads(course: Course, root: Path = book.ROOT) -> list[Load]:
    """The minutes of each meeting, from the chapters' openings and the sheets."""
    minutes = {chapter.stem: chapter.minutes for chapter in chapter_map.chapters(root)}
    found = []
    for one in course.meetings:
        sheet = assignments.sheet_path(one.assignment, root) if one.assignment else None
        handed_in = assignments.read_sheet(sheet).minutes if sheet and sheet.is_file() else 0
        found.append(Load(sum(minutes[name] for name in one.read), course.class_minutes, handed_in))
    return found


def in_hours(minutes: int) -> str:
    """Minutes as a person says them.

    >>> in_hours(45), in_hours(60), in_hours(150)
    ('45 minutes', '1 hour', '2 hours 30 minutes')
    """
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} hour{'s' if hours > 1 else ''}"] if hours else []
    parts += [f"{rest} minutes"] if rest or not hours else []
    return " ".join(parts)


def as_table(course: Course, root: Path = book.ROOT) -> str:
    """The overview of a course as an HTML table, for a page beside the chapters."""
    titles, rows = chapter_map.titles(root), []
    sums = loads(course, root)
    for at, (one, load_) in enumerate(zip(course.meetings, sums, strict=True), 1):
        reading = ", ".join(_link(name, titles[name]) for name in one.read) or "nothing new"
        handed_in = _link(one.assignment, f"chapter {int(one.assignment[:2])}") if one.assignment else "none"
        cells = (
            f'<th scope="row">{at}. {html.escape(one.title)}</th><td>{reading}</td>'
            f'<td class="number">{load_.reading}</td><td>{handed_in}</td>'
            f'<td class="number">{load_.assignment or NONE}</td><td class="number">{load_.at_home}</td>'
        )
        rows.append(f"<tr>{cells}</tr>")
    reading, handed_in = sum(s.reading for s in sums), sum(s.assignment for s in sums)
    rows.append(
        f'<tr class="sum"><th scope="row">In all</th><td></td><td class="number">{reading}</td><td></td>'
        f'<td class="number">{handed_in}</td><td class="number">{reading + handed_in}</td></tr>'
    )
    head = "".join(
        f'<th scope="col"{kind}>{text}</th>'
        for text, kind in (
            ("Meeting", ""), ("Read before", ""), ("Reading", ' class="number"'),
            ("Hand in after", ""), ("Assignment", ' class="number"'), ("At home", ' class="number"'),
        )
    )  # fmt: skip
    return (
        '<div class="table-scroll"><table class="chapter-map course">'
        "<caption>What a student does at home for each meeting, in minutes</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )


def _link(stem: str, title: str) -> str:
    text = title if title.startswith("chapter ") else f"{int(stem[:2])} {title}"
    return f'<a class="reference internal" href="{stem}.html">{html.escape(text)}</a>'


def as_markdown(course: Course, root: Path = book.ROOT) -> str:
    """What happens in each meeting, and what the whole asks for, in Markdown."""
    sums = loads(course, root)
    home, taught = sum(s.at_home for s in sums), sum(s.in_class for s in sums)
    count = len(course.meetings)
    lines = [
        f"Students spend {in_hours(taught)} in class and about {in_hours(home)} at home"
        + (f", {in_hours(max(s.at_home for s in sums))} in the fullest week." if count > 1 else "."),
        "",
    ]
    spare = can_be_left_out(course, chapter_map.chapters(root))
    if count > 1 and spare:
        lines += [
            f"Short of time? No other chapter of this course builds on {_or(spare)}.",
            "",
        ]
    for at, one in enumerate(course.meetings, 1):
        if count > 1:
            lines += [f"**Meeting {at}: {one.title}**", ""]
        lines += [f"- *{part.minutes} minutes.* {part.do}" for part in one.activities]
        lines += ["", f"*Prepare:* {one.prepare}", ""]
        if one.project:
            lines += [f"*Project:* {one.project}", ""]
    return "\n".join(lines)


def _or(found: Sequence[chapter_map.Chapter]) -> str:
    numbers = [f"{{doc}}`chapter {one.number} <{one.stem}>`" for one in found]
    return " or ".join(filter(None, [", ".join(numbers[:-1]), *numbers[-1:]]))
