"""Sphinx extension: what only instructors need.

``{course-plan} NAME``
    a course from ``book/courses/NAME.yml``: overview with sums, and what happens in class;
``{teaching-notes}``
    discussion questions, misconceptions and rubrics of every chapter with an assignment;
``{assignment-table}``
    the exercises of every assignment with points, minutes and objective.

The notes are left out of a site for students (``bond_solutions: false``).
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from docutils import nodes

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bond_teach import BondDirective, raw  # noqa: E402
from tools import assignments, book, chapter_map, courses, opening, teaching  # noqa: E402

FAULTS = (
    assignments.SheetError, courses.CourseError, chapter_map.MapError, opening.OpeningError,
    yaml.YAMLError,
)  # fmt: skip
LEFT_OUT = "This copy of the book is for students; the notes are left out of it."


class InstructorDirective(BondDirective):
    """A directive that reads the book's chapters and sheets."""

    @property
    def root(self):
        """The top folder of the book."""
        return Path(self.env.srcdir)

    def run(self):
        for path in (*book.chapters(self.root), *teaching.inputs(self.root), self.root / "_toc.yml"):
            self.depend_on(path)
        try:
            return self.content_nodes()
        except FAULTS as error:
            raise self.error(str(error)) from error


class CoursePlan(InstructorDirective):
    """A ready course."""

    required_arguments = 1

    def content_nodes(self):
        name = self.arguments[0]
        self.depend_on(courses.path_of(name, self.root))
        course = courses.load(name, self.root)
        meetings = self.markdown(courses.as_markdown(course, self.root))
        return [raw(courses.as_table(course, self.root)), *meetings]


class TeachingNotes(InstructorDirective):
    """The notes of each chapter."""

    def content_nodes(self):
        if not getattr(self.config, "bond_solutions", True):
            return [nodes.paragraph(text=LEFT_OUT)]
        pages = teaching.with_sheets(self.root)
        return self.markdown("\n".join(teaching.notes(page, self.root) for page in pages), headings=True)


class AssignmentTable(InstructorDirective):
    """What each assignment asks for."""

    def content_nodes(self):
        pages = teaching.with_sheets(self.root)
        return self.markdown("\n".join(teaching.table(page, self.root) for page in pages))


def setup(app):
    app.add_directive("course-plan", CoursePlan)
    app.add_directive("teaching-notes", TeachingNotes)
    app.add_directive("assignment-table", AssignmentTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
