"""Sphinx extension: the figures with sliders, on the book's pages.

In a notebook each figure carries its script. A page of the book loads the same script once,
as a file: ``html_static_path`` names the helpers' own ``sliders.js``. What it does:

1. takes the script out of each figure, before any page is written;
2. asks for the file on the pages that hold such a figure;
3. gives the drawings of an EPUB plain colors, since not every reader of those knows
   the custom properties.
"""

from __future__ import annotations

import re

from docutils import nodes

FIGURE = 'class="slider-figure"'
FILE = "sliders.js"
INLINE = re.compile(r'<script data-part="script">.*?</script>', re.S)
COLOR = re.compile(r"var\(--fig-[a-z-]+, (#[0-9a-f]+)\)")


def figures(doctree):
    """The raw HTML of the figures with sliders in a document."""
    for node in doctree.findall(nodes.raw):
        if node.get("format") == "html" and FIGURE in node.astext():
            yield node


def change(node, pattern, new):
    """Replace each match in a raw node."""
    html = pattern.sub(new, node.astext())
    node.rawsource = html
    node.children = []
    node += nodes.Text(html)


def drop_scripts(app, doctree):
    """Take the script out of each figure."""
    for node in figures(doctree):
        change(node, INLINE, "")


def plain_colors(app, doctree, docname):
    """Write the light colors into the drawings of an EPUB."""
    if app.builder.name == "epub":
        for node in figures(doctree):
            change(node, COLOR, r"\1")


def add_script(app, pagename, templatename, context, doctree):
    """Ask for the script on a page with such a figure."""
    if app.builder.name == "html" and FIGURE in context.get("body", ""):
        app.add_js_file(FILE, loading_method="defer")


def setup(app):
    app.connect("doctree-read", drop_scripts)
    app.connect("doctree-resolved", plain_colors)
    # Before other extensions give the page a list of scripts of their own.
    app.connect("html-page-context", add_script, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
