"""Sphinx extension: where a page offers the PDF and the EPUB.

``{take-away}``
    a sentence that names the commands; ``make pdf`` and ``make epub`` put the links there.

A build that writes a page takes old copies out of the site, since they show what the pages
said before.
"""

from __future__ import annotations

import sys
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import takeaway  # noqa: E402  (the line above makes it importable)


class TakeAway(SphinxDirective):
    """The paragraph to which ``tools.takeaway`` adds the links."""

    def run(self):
        return [nodes.raw("", takeaway.paragraph({}), format="html")]


def withdraw_old_files(app):
    """Take the PDF and the EPUB out of the site; add no page."""
    if app.builder.name == "html":
        takeaway.withdraw(Path(app.outdir))
    return []


def setup(app):
    app.add_directive("take-away", TakeAway)
    app.connect("html-collect-pages", withdraw_old_files)  # only when a page was written
    return {"parallel_read_safe": True, "parallel_write_safe": True}
