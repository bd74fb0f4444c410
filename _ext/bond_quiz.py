"""Sphinx extension: the self-checks.

``{selfcheck} NAME``
    the quiz in ``book/selfcheck/NAME.yml``, its numbers computed at build time. Each option
    unfolds to its feedback, with no script; ``_static/quiz.js`` makes a form of each question;
``{selfcheck-overview}``
    a table of every chapter's quiz, which ``quiz.js`` fills from what the browser remembers.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bond_teach import BondDirective, raw  # noqa: E402
from tools import selfcheck  # noqa: E402

logger = logging.getLogger(__name__)
LETTERS = "ABCDEF"
QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "*": "", "`": ""})


class reread(nodes.General, nodes.Element):  # noqa: N801  (docutils' nodes are lower case)
    """A place for the link to the section that teaches an answer."""


class overview(nodes.General, nodes.Element):  # noqa: N801
    """A place for the table of all quizzes."""


class SelfCheck(BondDirective):
    """A quiz: each option unfolds to its feedback, with no script."""

    required_arguments = 1

    def run(self):
        name = self.arguments[0]
        path = Path(self.env.srcdir) / "book" / "selfcheck" / f"{name}.yml"
        self.depend_on(path)
        try:
            questions = selfcheck.load(path)
        except selfcheck.SelfCheckError as error:
            raise self.error(str(error)) from error
        box = nodes.container(classes=["selfcheck"], ids=[f"selfcheck-{name}"])
        for number, question in enumerate(questions, start=1):
            box += self.question_node(number, question, f"quiz-{name[:2]}-{question['id']}")
        box += raw(f'<p class="sc-key">Answers: {key(questions)}.</p>')
        return [box]

    def question_node(self, number, question, id_):
        node = nodes.container(classes=["sc-question"], ids=[id_])
        node += nodes.paragraph(
            "",
            "",
            nodes.strong(text=f"{number}. "),
            *self.inline(question["question"]),
        )
        for letter, option in zip(LETTERS, question["options"], strict=False):
            kind = "correct" if option["correct"] else "wrong"
            word = "Yes." if option["correct"] else "No."
            node += raw('<details class="sc-option"><summary>')
            node += nodes.inline("", f"{letter}. ", *self.inline(option["text"]), classes=["sc-text"])
            node += raw(f'</summary><div class="sc-feedback {kind}">')
            node += nodes.paragraph(
                "", "", nodes.strong(text=f"{word} "), *self.inline(option["feedback"])
            )
            if not option["correct"]:
                node += self.reread_node(question)
            node += raw("</div></details>")
        return node

    def reread_node(self, question):
        section = question["reread"]
        self.depend_on(Path(self.env.srcdir) / "book" / f"{section.page}.md")
        place = reread(page=f"book/{section.page}", title=section.title, question=question["id"])
        text = nodes.Text("What to reread: ")
        return nodes.paragraph("", "", text, place, nodes.Text("."), classes=["sc-reread"])


def key(questions):
    """The right answers in one line, for paper: ``1 C, 2 A``."""
    letters = [
        LETTERS[[option["correct"] for option in question["options"]].index(True)]
        for question in questions
    ]
    return ", ".join(f"{number} {letter}" for number, letter in enumerate(letters, start=1))


class Overview(BondDirective):
    """Every chapter's quiz in one table, to be filled in the browser."""

    def run(self):
        for quiz in quizzes(self.env):
            self.depend_on(quiz)
            self.depend_on(quiz.parents[1] / f"{quiz.stem}.md")
        return [overview()]


def quizzes(env):
    """The files of the quizzes, in the order of the chapters."""
    return sorted((Path(env.srcdir) / "book" / "selfcheck").glob("*.yml"))


class Links(SphinxPostTransform):
    """Sets in the links of the quizzes, when all pages are read."""

    default_priority = 5  # before Sphinx resolves its own

    def run(self, **kwargs):
        for node in list(self.document.findall(reread)):
            node.replace_self(self.link(node))
        for node in list(self.document.findall(overview)):
            is_site = self.app.builder.name == "html"
            node.replace_self([raw(self.table())] if is_site else [])

    def link(self, node):
        """The link to a section; its words alone, with a warning, where it is not found."""
        page, title = node["page"], node["title"]
        found = [
            entry
            for entry in self.env.tocs.get(page, nodes.bullet_list()).findall(nodes.reference)
            if plain(entry.astext()) == plain(title)
        ]
        if len(found) != 1:
            logger.warning(
                "question %r of the self-check wants its readers to reread %r, but %s has %s",
                node["question"], title, page, f"{len(found)} such sections" if found else "no such section",
                location=self.env.docname, type="bond", subtype="reread",
            )  # fmt: skip
            return nodes.inline("", title)
        uri = self.app.builder.get_relative_uri(self.env.docname, page) + found[0]["anchorname"]
        own = page == self.env.docname
        link = nodes.reference(
            "", "", *(child.deepcopy() for child in found[0].children),
            internal=True, refuri=found[0]["anchorname"] if own else uri,
        )  # fmt: skip
        if own:
            return link
        number = int(Path(page).name[:2])
        return nodes.inline("", "", link, nodes.Text(f", in chapter {number}"))

    def table(self):
        """The overview as HTML; without a script it stays hidden."""
        total, rows = 0, []
        for quiz in quizzes(self.env):
            stem, count = quiz.stem, selfcheck.count(quiz)
            title = self.env.titles[f"book/{stem}"].astext()
            total += count
            address = self.app.builder.get_relative_uri(self.env.docname, f"book/{stem}")
            rows.append(
                f'<tr data-quiz="{stem}" data-count="{count}"><th scope="row">'
                f'<a href="{address}#selfcheck-{stem}">{int(stem[:2])}. {escape(title)}</a></th>'
                f'<td class="number"></td><td class="number"></td></tr>'
            )
        return (
            '<div class="selfcheck-overview" hidden>'
            '<p data-part="none" tabindex="-1">No question has been answered in this browser yet.</p>'
            '<div data-part="scores" hidden><div class="table-scroll"><table>'
            "<caption>Your self-checks, as this browser remembers them</caption>"
            '<thead><tr><th scope="col">Chapter</th><th scope="col" class="number">Answered</th>'
            '<th scope="col" class="number">Right on the first try</th></tr></thead>'
            f"<tbody>{''.join(rows)}</tbody>"
            '<tfoot><tr><th scope="row">All chapters</th>'
            f'<td class="number" data-part="answered" data-count="{total}"></td>'
            '<td class="number" data-part="right"></td></tr></tfoot></table></div>'
            '<p><button type="button" data-part="forget">Forget all answers</button></p></div></div>'
        )


def plain(title):
    """A heading without its marks and with straight quotes."""
    return " ".join(title.translate(QUOTES).split())


def setup(app):
    app.add_node(reread)
    app.add_node(overview)
    app.add_directive("selfcheck", SelfCheck)
    app.add_directive("selfcheck-overview", Overview)
    app.add_post_transform(Links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
