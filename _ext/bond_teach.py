"""Sphinx extension: the blocks that make a chapter teach.

``{chapter-opening}``
    the question, objectives, needs, minutes and data of a chapter, from YAML;
``{chapter-table}``
    every chapter's opening in one table, for instructors;
``{chapter-map}``
    which chapter builds on which, drawn and as a table;
``{citation}``
    how to cite the book, from ``CITATION.cff``;
``{codebook}``
    the tables of ``data/datapackage.json``: sources, files, columns, variables;
``{ledger-table}``
    every row of the ledger;
``{scoreboard}``
    every row of the ledger beside the synthetic trials, with a filter, and as a file beside
    the page; one that does not match is an error;
``{claims-table}``
    every claim of the release with its numbers and its verdict; one that the rule does not
    give is an error;
``{typed}``
    a number that is typed on purpose; the prose lint knows each by name.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective, SphinxRole

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import book, chapter_map, citation, claims, codebook, opening, scoreboard, terms  # noqa: E402

SCOREBOARD = "scoreboard"
"""The key under which a page's metadata keep the scoreboard's file."""


class BondDirective(SphinxDirective):
    """A directive that can turn Markdown text into nodes."""

    def markdown(self, text, headings=False):
        """The nodes of a piece of Markdown."""
        lines = StringList(text.splitlines(), self.get_source_info()[0])
        parent = nodes.section() if headings else nodes.Element()
        self.state.nested_parse(lines, 0, parent, match_titles=headings)
        return parent.children

    def inline(self, text):
        """The nodes of a piece of Markdown that is one paragraph, without the paragraph."""
        children = self.markdown(text)
        if len(children) == 1 and isinstance(children[0], nodes.paragraph):
            return children[0].children
        return children

    def depend_on(self, path):
        """Read this page again when the file changes."""
        self.env.note_dependency(str(path))


class ChapterOpening(BondDirective):
    """The box at the head of a chapter."""

    has_content = True

    def run(self):
        try:
            facts = opening.parse("\n".join(self.content))
        except (opening.OpeningError, yaml.YAMLError) as error:
            raise self.error(str(error)) from error
        box = nodes.container(classes=["chapter-opening"])
        if facts.get("draft"):
            box += nodes.paragraph("", "", nodes.strong(text="Draft: this chapter is not finished."))
        box += nodes.paragraph("", "", *self.inline(facts["question"]), classes=["question"])
        box += nodes.paragraph("", "After this chapter you can", classes=["lead"])
        objectives = nodes.bullet_list(classes=["objectives"])
        for objective in facts["objectives"]:
            objectives += nodes.list_item("", nodes.paragraph("", "", *self.inline(objective)))
        box += objectives
        facts_list = nodes.definition_list(classes=["facts"])
        try:
            rows = opening.fact_rows(facts, self.titles(facts))
        except opening.OpeningError as error:
            raise self.error(str(error)) from error
        for term, text in rows:
            facts_list += nodes.definition_list_item(
                "",
                nodes.term(text=term),
                nodes.definition("", nodes.paragraph("", "", *self.inline(text))),
            )
        box += facts_list
        return [box]

    def titles(self, facts):
        """The titles of the chapters that this one builds on, as far as they exist."""
        paths = {path.stem: path for path in book.chapters(Path(self.env.srcdir))}
        found = {}
        for name in facts["builds_on"]:
            if name in paths:
                self.depend_on(paths[name])
                found[name] = chapter_map.title_of(paths[name].read_text(encoding="utf-8"))
        return found


def raw(html):
    """A piece of HTML as a node."""
    return nodes.raw("", html, format="html")


class ChapterTable(BondDirective):
    """Each chapter's minutes, needs and objectives, taken from its opening."""

    def run(self):
        lines = []
        titles = chapter_map.titles(Path(self.env.srcdir))
        for path in book.chapters(Path(self.env.srcdir)):
            self.depend_on(path)
            text = path.read_text(encoding="utf-8")
            facts = opening.from_page(text, path.name)
            lines += [f"**{{doc}}`{path.stem}`**", ""]
            lines += [f": {facts['question']}", ""]
            lines += [f"  {facts['minutes']} minutes. Needs: {opening.needs(facts, titles)}", ""]
            lines += ["  After it students can:", ""]
            lines += [f"  - {objective}" for objective in facts["objectives"]] + [""]
        return self.markdown("\n".join(lines))


class ChapterMap(BondDirective):
    """Which chapter builds on which: the drawing, or with ``table`` the table."""

    optional_arguments = 1

    def run(self):
        root = Path(self.env.srcdir)
        for path in (root / "_toc.yml", root / "tools" / "chapter_map.py", *book.chapters(root)):
            self.depend_on(path)
        try:
            found = chapter_map.chapters(root)
        except (chapter_map.MapError, opening.OpeningError) as error:
            raise self.error(str(error)) from error
        table = self.arguments == ["table"]
        return [raw(chapter_map.as_table(found) if table else chapter_map.as_html(found))]


class Citation(BondDirective):
    """How to cite the book, as a sentence and as BibTeX."""

    def run(self):
        path = Path(self.env.srcdir) / "CITATION.cff"
        self.depend_on(path)
        return self.markdown(citation.as_markdown(path))


class Codebook(BondDirective):
    """The data package, as tables a reader can use."""

    def run(self):
        path = Path(self.env.srcdir) / "data" / "datapackage.json"
        self.depend_on(path)
        return self.markdown(codebook.as_markdown(path), headings=True)


class LedgerTable(BondDirective):
    """The ledger, row by row."""

    def run(self):
        self.depend_on(Path(self.env.srcdir) / "data" / "published.csv")
        return self.markdown(codebook.ledger_as_markdown())


class Scoreboard(BondDirective):
    """Published beside rebuilt, row by row."""

    def run(self):
        root = Path(self.env.srcdir)
        for name in scoreboard.INPUTS:
            self.depend_on(root / "data" / name)
        for module in ("tools/scoreboard.py", "src/helpers/report.py", "src/helpers/scoreboard.py"):
            self.depend_on(root / module)
        try:
            board = scoreboard.table(root / "data")
        except (ValueError, OSError) as error:
            raise self.error(str(error)) from error
        self.env.metadata[self.env.docname][SCOREBOARD] = scoreboard.as_csv(board)
        return [raw(scoreboard.as_html(board))]


class ClaimsTable(BondDirective):
    """Every claim of the release, with its numbers and its verdict."""

    def run(self):
        root = Path(self.env.srcdir)
        for name in claims.INPUTS:
            self.depend_on(root / "data" / name)
        for module in ("tools/claims.py", "src/helpers/claims.py"):
            self.depend_on(root / module)
        try:
            text = claims.as_markdown(root / "data")
        except (ValueError, OSError) as error:
            raise self.error(str(error)) from error
        return [nodes.container("", *self.markdown(text), classes=["claims"])]


def write_scoreboard(app, exception):
    """Write the scoreboard's file beside the page that links it."""
    if exception is None and app.builder.format == "html":
        for docname, metadata in app.env.metadata.items():
            if SCOREBOARD in metadata:
                path = (Path(app.outdir) / docname).with_name(scoreboard.FILE)
                path.write_text(metadata[SCOREBOARD], encoding="utf-8", newline="")


class FirstUse(SphinxTransform):
    """Says below each entry of the glossary which page links the term first."""

    default_priority = 500  # after the page is read, before its links are looked up

    def apply(self):
        root = Path(self.env.srcdir)
        if self.env.docname != terms.GLOSSARY:
            return
        first = terms.first_pages(root)
        for path in {root / page for page in first.values()}:
            self.env.note_dependency(str(path))
        for glossary in self.document.findall(addnodes.glossary):
            for item in glossary.findall(nodes.definition_list_item):
                page = first.get(item[0].astext().casefold())
                if page:
                    item[-1] += self.sentence(page)

    def sentence(self, page):
        """`First in chapter 3.`, with a link."""
        link = addnodes.pending_xref(
            "",
            nodes.inline("", terms.page_name(page)),
            refdomain="std",
            reftype="doc",
            reftarget="/" + page.removesuffix(".md"),
            refdoc=self.env.docname,
            refexplicit=True,
            refwarn=True,
        )
        return nodes.paragraph("", "", nodes.Text("First in "), link, nodes.Text("."), classes=["first-use"])


class Typed(SphinxRole):
    """A number typed on purpose, shown as plain text."""

    def run(self):
        return [nodes.inline(self.rawtext, self.text, classes=["typed"])], []


def setup(app):
    app.add_directive("chapter-opening", ChapterOpening)
    app.add_directive("chapter-table", ChapterTable)
    app.add_directive("chapter-map", ChapterMap)
    app.add_directive("citation", Citation)
    app.add_directive("codebook", Codebook)
    app.add_directive("ledger-table", LedgerTable)
    app.add_directive("scoreboard", Scoreboard)
    app.add_directive("claims-table", ClaimsTable)
    app.connect("build-finished", write_scoreboard)
    app.add_role("typed", Typed())
    app.add_transform(FirstUse)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
