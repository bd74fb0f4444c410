"""Sphinx extension: find a word, and find one's place.

What it does:

1. writes the index of the search, one entry for each section, exercise, term of the glossary
   and public name of the helpers, as a script that also works from a folder on a disk
   (``_static/search.js`` reads it);
2. replaces Sphinx's own search, which finds pages only, and makes the page ``search.html``;
3. says behind each chapter in the contents how long it takes;
4. gives the landing page ``{start-reading}``, the link to the first chapter, which
   ``_static/reading.js`` turns into the place where a reader stopped, and
   ``{chapter-list}``, every chapter with its minutes;
5. puts the button that lists the keyboard shortcuts into the foot of each page.

The text of a page is kept beside its doctree, so that a build that writes three pages
reads three.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path

from bond_teach import BondDirective
from bs4 import BeautifulSoup
from docutils import nodes
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from sphinx import addnodes
from sphinx.util import logging
from sphinx_exercise.nodes import is_exercise_node, is_solution_node

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import book, chapter_map, opening  # noqa: E402  (the line above makes it importable)

logger = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent / "find"
INDEX = "_static/search-index.js"
VARIABLE = "bondSearchIndex"
SPHINX_SEARCH = (
    "searchindex.js",
    "_static/searchtools.js",
    "_static/language_data.js",
    "_static/sphinx_highlight.js",
)
IMPORT = re.compile(r"^(?:import|from \S+ import) [^(\n]*$", re.M)
KINDS = ("section", "term", "name", "exercise", "solution")
SILENT = (
    nodes.image,
    nodes.comment,
    nodes.target,
    nodes.substitution_definition,
    nodes.system_message,
    addnodes.index,
    addnodes.toctree,
)
KEYS_BUTTON = '<button type="button" class="keys-button pst-js-only">Keyboard shortcuts</button>'


@dataclass
class Entry:
    """One thing that a search can find.

    Attributes
    ----------
    anchor : str
        The id on its page.
    number, title : str
        Its number, if it has one, and its heading.
    kind : str
        One of `KINDS`.
    text : list of str
        Its text, a string for each block.
    """

    anchor: str
    number: str
    title: str
    kind: str
    text: list[str] = field(default_factory=list)


# From nodes to entries


def entries(
    doctree: nodes.document,
    section_numbers: Mapping[str, tuple[int, ...]],
    exercise_numbers: Mapping[str, tuple[int, ...]],
    exclude: Callable[[nodes.Node], bool] = lambda node: False,
) -> list[Entry]:
    """What can be found on a page, in its order."""
    found = [Entry("", "", "", "section")]

    def walk(node: nodes.Node, entry: Entry) -> None:
        if isinstance(node, SILENT) or is_printed(node) or exclude(node):
            return
        if "first-use" in classes(node):
            return
        if isinstance(node, nodes.Text):
            entry.text.append(words(node))
        elif isinstance(node, nodes.TextElement):
            if not isinstance(node, nodes.title) or node.astext() != entry.title:
                entry.text.append(words(node))
        else:
            started = start(node, section_numbers, exercise_numbers)
            if started:
                found.append(started)
                entry = started
            children = body(node) if started else node.children
            for child in children:
                walk(child, entry)

    walk(doctree, found[0])
    for entry in found:
        entry.text = [text for text in entry.text if text]
    return [entry for entry in found if entry.title]


def start(node, section_numbers, exercise_numbers) -> Entry | None:
    """The entry that begins with this node, if one does."""
    ids = node.get("ids", [])
    if isinstance(node, nodes.section) and ids and isinstance(node[0], nodes.title):
        number = section_numbers.get(f"#{ids[0]}") or ()
        if isinstance(node.parent, nodes.document):
            number = section_numbers.get("") or ()
        return Entry(ids[0], dotted(number), words(node[0]), "section")
    if isinstance(node, nodes.definition_list_item) and in_glossary(node):
        terms = [child for child in node.children if isinstance(child, nodes.term)]
        title = ", ".join(words(term) for term in terms)
        return Entry(terms[0]["ids"][0], "", title, "term")
    if isinstance(node, addnodes.desc) and node[0].get("ids"):
        name = node[0]["ids"][0]
        return Entry(name, "", name.split(".", 2)[-1], "name")
    if is_exercise_node(node) and ids:
        number = dotted(exercise_numbers.get(ids[0], ()))
        return Entry(ids[0], "", f"Exercise {number}{named(node)}".strip(), "exercise")
    if is_solution_node(node) and ids:
        return Entry(ids[0], "", words(node[0]) or "Solution", "solution")
    return None


def body(node) -> list[nodes.Node]:
    """The children of a node that began an entry, without its heading."""
    if isinstance(node, nodes.definition_list_item):
        return [child for child in node.children if isinstance(child, nodes.definition)]
    if isinstance(node, nodes.section) or is_exercise_node(node) or is_solution_node(node):
        return node.children[1:]
    return node.children


def named(exercise) -> str:
    """The bold words with which an exercise begins, as the end of its title."""
    paragraph = next(exercise.findall(nodes.paragraph), nodes.paragraph())
    first = next((child for child in paragraph.children if child.astext()), None)
    return f": {words(first).rstrip('.')}" if isinstance(first, nodes.strong) else ""


def is_printed(node) -> bool:
    """Whether a node is what a cell printed: a table or text, but no figure with its words.

    Columns of numbers would be a tenth of the index, and nobody looks for them by typing.
    """
    if "output" not in classes(node):
        return False
    return "slider-figure" not in node.astext()


def in_glossary(item) -> bool:
    """Whether an item of a definition list is a term of the glossary."""
    has_term = bool(item.children) and isinstance(item[0], nodes.term) and bool(item[0]["ids"])
    return has_term and isinstance(item.parent.parent, addnodes.glossary)


def classes(node) -> list[str]:
    """The classes of a node; a piece of text has none."""
    return node.get("classes", []) if isinstance(node, nodes.Element) else []


def dotted(number: tuple[int, ...]) -> str:
    """A number such as 5.2, from its parts."""
    return ".".join(str(part) for part in number)


def words(node: nodes.Node) -> str:
    """The text of a node on one line, with formulas as a reader would type them."""
    return " ".join("".join(pieces(node)).split())


def pieces(node: nodes.Node) -> Iterator[str]:
    """The pieces of text in a node."""
    if isinstance(node, nodes.Text):
        yield node.astext()
    elif isinstance(node, nodes.math | nodes.math_block):
        yield formula(node.astext())
    elif isinstance(node, nodes.raw):
        yield plain(node.astext()) if "html" in node.get("format", "").split() else ""
    elif isinstance(node, nodes.literal_block):
        # An imported name is found where it is used.
        yield IMPORT.sub("", node.astext())
    elif isinstance(node, addnodes.desc_parameterlist):
        yield f"({', '.join(words(child) for child in node.children)})"
    elif not isinstance(node, SILENT):
        for child in node.children:
            yield from pieces(child)


@cache
def formula(latex: str) -> str:
    r"""A formula without its commands.

    >>> formula(r"r_{xy} = \frac{a}{1 - b}, \rho^2")
    'r_xy = (a)/(1 - b), ρ^2'
    """
    latex = latex.replace(r"\tfrac", r"\frac").replace(r"\dfrac", r"\frac")
    return reader_of_formulas().latex_to_text(latex)


@cache
def reader_of_formulas() -> LatexNodes2Text:
    """What turns LaTeX to text, with brackets around the parts of a fraction."""
    known = get_default_latex_context_db()
    fraction = MacroTextSpec("frac", "(%s)/(%s)")
    known.add_context_category("fractions", macros=[fraction], prepend=True)
    return LatexNodes2Text(known, math_mode="text", strict_latex_spaces="based-on-source")


class Plain(HTMLParser):
    """Keeps the text of a piece of HTML, without drawings and the tables behind sliders."""

    UNSEEN = frozenset({"script", "style", "template", "svg"})
    INLINE = frozenset({"a", "b", "code", "em", "i", "q", "span", "strong", "sub", "sup"})

    def __init__(self, unseen: frozenset[str]):
        super().__init__()
        self.text: list[str] = []
        self.unseen_tags = unseen
        self.unseen = 0

    def handle_starttag(self, tag, attributes):
        self.unseen += tag in self.unseen_tags
        self.text += [] if tag in self.INLINE else [" "]

    def handle_endtag(self, tag):
        self.unseen -= tag in self.unseen_tags
        self.text += [] if tag in self.INLINE else [" "]

    def handle_data(self, data):
        if not self.unseen:
            self.text.append(data)


def plain(html: str) -> str:
    """The text of a piece of HTML.

    >>> plain("<p>one<script>x = 1</script></p><p>t<b>w</b>o</p>").split()
    ['one', 'two']
    """
    tables = {"table"} if "slider-figure" in html else set()
    parser = Plain(Plain.UNSEEN | tables)
    parser.feed(html)
    parser.close()
    return "".join(parser.text)


# From entries to the index


def as_script(pages: list[tuple[str, str, str, list[Entry]]]) -> str:
    """The index as a script: the pages, and their entries as rows."""
    rows = [
        [at, entry.anchor, entry.number, entry.title, KINDS.index(entry.kind), " ".join(entry.text)]
        for at, (*_, found) in enumerate(pages)
        for entry in found
    ]
    index = {"pages": [list(page[:3]) for page in pages], "kinds": KINDS, "entries": rows}
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    return f"window.{VARIABLE}={text};\n"


def stored(app, docname: str) -> Path:
    """The file that keeps a page's entries between two builds."""
    return Path(app.doctreedir) / "search" / f"{docname}.json"


def excluded(app) -> Callable[[nodes.Node], bool]:
    """Which nodes the search must not see."""
    return lambda node: is_solution_node(node) and not app.config.bond_search_solutions


def gather(app, docname: str, doctree: nodes.document) -> list[Entry]:
    """The entries of a page, which are also stored."""
    numbers = app.env.toc_secnumbers.get(docname, {})
    figures = app.env.toc_fignumbers.get(docname, {})
    found = entries(doctree, numbers, figures.get("exercise", {}), excluded(app))
    path = stored(app, docname)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(entry) for entry in found]), encoding="utf-8")
    return found


def gather_as_written(app, pagename, templatename, context, doctree):
    """Keep the text of each page that is written."""
    if app.builder.name == "html" and doctree is not None:
        gather(app, pagename, doctree)


def entries_of(app, docname: str) -> list[Entry]:
    """The entries of a page, from this build or an earlier one."""
    path = stored(app, docname)
    if path.is_file():
        return [Entry(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    return gather(app, docname, app.env.get_and_resolve_doctree(docname, app.builder))


def write_index(app, exception):
    """Write the index, and remove what is left of Sphinx's own."""
    if exception is not None or app.builder.name != "html":
        return
    pages = []
    for docname in book.toc_pages(Path(app.srcdir)):
        if docname in app.env.found_docs:
            number = dotted(app.env.toc_secnumbers.get(docname, {}).get("") or ())
            title = words(app.env.titles[docname])
            pages.append((docname, number, title, entries_of(app, docname)))
    out = Path(app.outdir)
    (out / INDEX).write_text(as_script(pages), encoding="utf-8", newline="\n")
    for name in SPHINX_SEARCH:
        (out / name).unlink(missing_ok=True)


# The search page


def prepare(app, config):
    """Our template for the search page, and the button in the foot."""
    config.templates_path = [*config.templates_path, str(TEMPLATES)]
    foot = config.html_theme_options.get("extra_footer") or ""
    config.html_theme_options["extra_footer"] = foot + KEYS_BUTTON


def leave_sphinx_search(app):
    """Keep Sphinx from making an index of its own."""
    if app.builder.name == "html":
        app.builder.search = False


def search_page(app):
    """The page that shows the results of a search."""
    if app.builder.name == "html":
        yield "search", {}, "search.html"


def mend_context(app, pagename, templatename, context, doctree):
    """Say that there is a search, and show the minutes."""
    if app.builder.name != "html":
        return
    has = context["hasdoc"]
    context["hasdoc"] = lambda name: name == "search" or has(name)
    if "generate_toctree_html" in context:
        contents = context["generate_toctree_html"]
        minutes = minutes_of(Path(app.srcdir))
        context["generate_toctree_html"] = lambda *args, **kwargs: with_minutes(
            contents(*args, **kwargs), pagename, minutes
        )


# Minutes


@cache
def minutes_of(root: Path) -> dict[str, int]:
    """The minutes of each chapter, by the stem of its file."""
    found = {}
    for path in book.chapters(root):
        try:
            found[path.stem] = opening.from_page(path.read_text(encoding="utf-8"), path.name)["minutes"]
        except opening.OpeningError:
            continue  # the directive on the page itself reports it
    return found


def with_minutes(contents: BeautifulSoup | str, pagename: str, minutes: Mapping[str, int]):
    """The contents with each chapter's minutes behind its title.

    >>> soup = BeautifulSoup('<a class="reference" href="01-a.html">1. A</a>', "html.parser")
    >>> print(with_minutes(soup, "index", {"01-a": 60}))
    <a class="reference" href="01-a.html">1. A <span class="minutes">60 min</span></a>
    """
    if isinstance(contents, str):
        return contents
    for link in contents.select("a.reference"):
        target = pagename if link["href"] == "#" else link["href"].partition("#")[0]
        stem = target.rpartition("/")[2].removesuffix(".html")
        if stem in minutes and not link.select_one(".minutes"):
            span = contents.new_tag("span", attrs={"class": "minutes"})
            span.string = f"{minutes[stem]} min"
            link.append(" ")
            link.append(span)
    return contents


class ChapterList(BondDirective):
    """Every chapter with its minutes, part by part."""

    def run(self):
        root = Path(self.env.srcdir)
        self.depend_on(root / "_toc.yml")
        for path in book.chapters(root):
            self.depend_on(path)
        box = nodes.container(classes=["chapter-list"])
        for part, chapters in groupby(chapter_map.chapters(root), lambda chapter: chapter.part):
            lines = [f"- {doc_link(each)} [{each.minutes} min]{{.minutes}}" for each in chapters]
            name = nodes.paragraph(text=part, classes=["chapter-list__name"])
            listed = self.markdown("\n".join(lines))
            box += nodes.container("", name, *listed, classes=["chapter-list__part"])
        return [box]


class StartReading(BondDirective):
    """The link to the first chapter; the script makes it the place where one stopped."""

    def run(self):
        root = Path(self.env.srcdir)
        first = book.chapters(root)[0]
        self.depend_on(first)
        chapter = chapter_map.chapters(root)[0]
        text = f"Start reading: {doc_link(chapter)} [{chapter.minutes} min]{{.minutes}}"
        return [nodes.paragraph("", "", *self.inline(text), classes=["start-reading"])]


def doc_link(chapter: chapter_map.Chapter) -> str:
    """A link to a chapter, in Markdown."""
    return f"{{doc}}`{chapter.number}. {chapter.title} </book/{chapter.stem}>`"


def setup(app):
    app.add_config_value("bond_search_solutions", True, "html", bool)
    app.add_directive("chapter-list", ChapterList)
    app.add_directive("start-reading", StartReading)
    app.connect("config-inited", prepare)
    app.connect("builder-inited", leave_sphinx_search)
    app.connect("html-collect-pages", search_page)
    app.connect("html-page-context", gather_as_written)
    app.connect("html-page-context", mend_context, priority=950)
    app.connect("build-finished", write_index, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
