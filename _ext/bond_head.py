"""Sphinx extension: what a page says of itself to search engines and to those who share it.

What it does:

1. gives each page a title of its own, a description, the tags for a link's preview and the
   colors of the browser's frame; and the landing page and the chapters a block that says
   what they teach, for machines;
2. draws a picture for each chapter's link (``tools.social``), into ``_social``;
3. writes ``404.html``, the page for an address that leads nowhere;
4. with ``bond_address`` in ``_config.yml``, the public address of the site, makes addresses
   whole, names each page's one true address, and writes ``sitemap.xml`` and ``robots.txt``.

Without ``bond_address`` the address of a picture is relative. Some networks follow it and
some do not; nothing else is lost.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable
from html import escape, unescape
from pathlib import Path
from urllib.parse import urlsplit

from bond_find import minutes_of
from bond_html import change_pages
from docutils import nodes
from sphinx.errors import ConfigError
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import api, book, chapter_map, citation, opening, social  # noqa: E402

logger = logging.getLogger(__name__)

SHORTEST, LONGEST = 50, 160  # of a description, in characters
MISSING = "404"
FIXED = {
    "search": "Search every chapter, term and helper of the book The Bond or the Drug? for a word.",
    MISSING: "The address leads to no page of the book. Search it, or go on from here.",
}
FIXED_TITLES = {"search": "Search", MISSING: "This page is not here"}
GROUNDS = {"light": "#fdfcf8", "dark": "#16191e"}  # --bond-ground of the stylesheet
CITED = re.compile(r"\s*[\[(][^\[\]()]*\b(?:19|20)\d\d[a-z]?[\])]")
NUMBERED = re.compile(r"^\d+\.\s+")
TITLE = re.compile(r"\s*<title>.*?</title>", re.S)
LOCAL = re.compile(
    r'(?<=\s)(href|src|action|data-content_root)="(?![a-z][a-z0-9+.-]*:|/|#)([^"]*)"'
)
UNFIT = "\0"  # stands for a formula, which no description can hold
TEXT_BLOCKS = (nodes.section, nodes.document)
SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z“‘0-9])")
SUBPAGES = ("book/01-headline", "book/glossary", "book/api")


def check_address(app, config):
    """Refuse an address that no reader could open, and let Sphinx know a good one."""
    address = str(config.bond_address or "").strip()
    if not address:
        config.bond_address = ""
        return
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            f"bond_address in _config.yml is {address!r}; it must be the whole address of the "
            "site, such as 'https://example.org/book/', or empty"
        )
    config.bond_address = address.rstrip("/") + "/"


def find_templates(app, config):
    """Let Sphinx find the template of ``404.html``."""
    config.templates_path = [*config.templates_path, str(Path(__file__).parent / "templates")]


# Words


def plain(node) -> str:
    """The words of a node; a mark for what is no words.

    >>> plain(nodes.paragraph("", "", nodes.Text("By "), nodes.emphasis("", "t")))
    'By t'
    """
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.raw | nodes.system_message):
        return ""
    if isinstance(node, nodes.math | nodes.image):
        return UNFIT
    return "".join(plain(child) for child in node.children)


def tidy(text: str) -> str:
    """One line, without the citations in brackets.

    >>> tidy("It worked\\n[Davis et al., 2021], they say.")
    'It worked, they say.'
    """
    return " ".join(CITED.sub("", text).split())


def running_text(doctree) -> list[str]:
    """The paragraphs that stand in the page itself, not in a box, list or table."""
    found = []
    for paragraph in doctree.findall(nodes.paragraph):
        holder = paragraph.parent
        is_box = isinstance(holder, nodes.container) and "hero" in holder.get("classes", [])
        text = tidy(plain(paragraph))
        if (isinstance(holder, TEXT_BLOCKS) or is_box) and text and UNFIT not in text:
            found.append(text)
    return found


def summary(texts: Iterable[str]) -> str:
    """Whole sentences as far as there is room; a part of one only where too little is left.

    >>> summary(["First sentence here.", "A second one, of the next paragraph."])
    'First sentence here. A second one, of the next paragraph.'
    >>> summary(["word " * 60])[-13:], len(summary(["word " * 60]))
    ('d word word …', 156)
    """
    sentences = [sentence for text in texts for sentence in SENTENCE.split(text)]
    said = ""
    for sentence in sentences:
        longer = f"{said} {sentence}".strip()
        if len(longer) <= LONGEST:
            said = longer
        elif len(said) < SHORTEST:
            return cut(longer)
        else:
            break
    return said


def cut(text: str) -> str:
    """A text up to the last whole word that there is room for."""
    return text[: LONGEST - 2].rsplit(" ", 1)[0].rstrip(" ,;:") + " …"


def chapter_summary(question: str, objectives: Iterable[str]) -> str:
    """A chapter's question, and the first of its objectives that there is room for.

    >>> chapter_summary("Did it improve?", ["tell " + "much " * 30, "say what a change means"])
    'Did it improve? Learn to say what a change means.'
    """
    for objective in objectives:
        text = f"{question} Learn to {objective.rstrip('.')}."
        if len(text) <= LONGEST and UNFIT not in text:
            return text
    return question if len(question) <= LONGEST else cut(question)


def opening_words(doctree) -> tuple[str, list[str]]:
    """The question and the objectives of a chapter, as printed; empty on other pages."""
    for box in doctree.findall(nodes.container):
        if "chapter-opening" in box.get("classes", []):
            questions = [p for p in box.findall(nodes.paragraph) if "question" in p["classes"]]
            lists = [u for u in box.findall(nodes.bullet_list) if "objectives" in u["classes"]]
            return tidy(plain(questions[0])), [tidy(plain(item)) for item in lists[0].children]
    return "", []


def described(pagename: str, doctree) -> str:
    """The description of a page."""
    if doctree is None:
        return FIXED.get(pagename, "")
    question, objectives = opening_words(doctree)
    if question:
        return chapter_summary(question, objectives)
    name = pagename.removeprefix("book/api/")
    lead = [f"helpers.{name}:"] if pagename != name and name in api.modules() else []
    texts = running_text(doctree)
    return summary([" ".join([*lead, *texts[:1]]), *texts[1:]])


def padded(text: str, title: str, name: str) -> str:
    """A description that is long enough, with the book's name where the page says little.

    >>> padded("Short.", "One", "The Book")
    'Short. A page of The Book, which rebuilds a clinical study from its printed numbers.'
    """
    if len(text) >= SHORTEST:
        return text
    lead = text or f"{title}."
    longer = f"{lead} A page of {name}, which rebuilds a clinical study from its printed numbers."
    return longer if len(longer) <= LONGEST else cut(longer)


def titled(app, pagename: str, title: str) -> str:
    """What the browser's tab says.

    The landing page has the whole title of the book; a chapter goes without its number.
    """
    if pagename == app.config.root_doc:
        return cited(app).get("title", app.config.html_title)
    title = FIXED_TITLES.get(pagename) or NUMBERED.sub("", unescape(re.sub(r"<[^>]*>", "", title)))
    name = pagename.removeprefix("book/api/")
    title = f"helpers.{name}" if pagename != name and name in api.modules() else title
    return f"{title} — {app.config.html_title}"


# The head


def describe_page(app, pagename, templatename, context, doctree):
    """Keep what goes into a page's head, until the page is written."""
    if app.builder.format != "html" or not templatename.endswith(".html"):
        return
    title = titled(app, pagename, context.get("title", ""))
    name = app.config.html_title
    short = name if pagename == app.config.root_doc else title.removesuffix(f" — {name}")
    text = padded(described(pagename, doctree), short, name)
    context["bond_title"] = title
    context["bond_head"] = "\n    ".join(head(app, pagename, short, text, doctree))


def head(app, pagename: str, short: str, text: str, doctree) -> list[str]:
    """The tags of a page."""
    config = app.config
    number = chapter_number(app, pagename)
    picture = f"_social/{Path(pagename).name if number else 'book'}.png"
    base = config.bond_address or "../" * pagename.count("/")
    tags = [meta("description", text)]
    if pagename == MISSING:
        return [*tags, meta("robots", "noindex"), *colors()]
    address = page_address(app, pagename)
    if address:
        tags.append(f'<link rel="canonical" href="{escape(address)}" />')
    tags += [*colors(), meta("twitter:card", "summary_large_image")]
    properties = {
        "og:type": "website" if pagename == config.root_doc else "article",
        "og:site_name": config.html_title,
        "og:locale": "en_US",
        "og:title": short,
        "og:description": text,
        "og:url": address,
        "og:image": base + picture,
        "og:image:type": "image/png",
        "og:image:width": str(social.SIZE[0]),
        "og:image:height": str(social.SIZE[1]),
        "og:image:alt": picture_text(config, number, short),
    }
    tags += [meta(name, value, "property") for name, value in properties.items() if value]
    if facts := learning(app, pagename, short, text, doctree, number):
        tags.append(f'<script type="application/ld+json">{facts}</script>')
    return tags


def meta(name: str, text: str, kind: str = "name") -> str:
    """One tag.

    >>> meta("description", 'A "word" & more')
    '<meta name="description" content="A &quot;word&quot; &amp; more" />'
    """
    return f'<meta {kind}="{name}" content="{escape(text)}" />'


def colors() -> list[str]:
    """The color of the browser's own frame."""
    return [
        f'<meta name="theme-color" content="{color}" media="(prefers-color-scheme: {mode})" />'
        for mode, color in GROUNDS.items()
    ]


def picture_text(config, number: int | None, title: str) -> str:
    """What the picture shows, in words."""
    name = f"Chapter {number}: {title}" if number else config.html_title
    return f"{name}, beside two linked rings, one of which holds a capsule"


def chapter_number(app, pagename: str) -> int | None:
    """The number of a chapter, None for another page."""
    stems = {f"book/{path.stem}": path for path in book.chapters(Path(app.srcdir))}
    return int(stems[pagename].name[:2]) if pagename in stems else None


def page_address(app, pagename: str) -> str:
    """The one true address of a page; empty where the site has none."""
    base = app.config.bond_address
    name = "" if pagename == app.config.root_doc else app.builder.get_target_uri(pagename)
    return base and base + name


def learning(app, pagename, title, text, doctree, number) -> str:
    """What the book or a chapter teaches, as JSON-LD in the words of schema.org."""
    config = app.config
    facts = {
        "@context": "https://schema.org",
        "name": title,
        "description": text,
        "inLanguage": "en",
        "url": page_address(app, pagename),
        "author": {"@type": "Organization", "name": config.author},
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "isAccessibleForFree": True,
    }
    if pagename == config.root_doc:
        facts |= {"@type": ["Book", "LearningResource"], "about": cited(app).get("keywords")}
    elif number:
        minutes = minutes_of(Path(app.srcdir)).get(Path(pagename).name)
        facts |= {
            "@type": ["Chapter", "LearningResource"],
            "position": number,
            "isPartOf": {"@type": "Book", "name": config.html_title},
            "timeRequired": minutes and f"PT{minutes}M",
            "teaches": [words for words in opening_words(doctree)[1] if UNFIT not in words],
        }
    else:
        return ""
    facts = {name: value for name, value in facts.items() if value}
    return json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")


def cited(app) -> dict:
    """The facts of the citation file, none where there is no such file."""
    path = Path(app.srcdir) / citation.FILE.name
    return citation.read(path) if path.is_file() else {}


def write_heads(app):
    """Let every page pass through ``with_head`` on its way to the file."""

    def change(html, context):
        if "bond_head" not in context:
            return html
        return with_head(html, context["bond_title"], context["bond_head"])

    change_pages(app, change)


def with_head(html: str, title: str, tags: str) -> str:
    """A page with its own title and tags in place of the theme's.

    >>> with_head("<head><title>a - b</title></head>", "A & b", "<meta>")
    '<head>\\n    <title>A &amp; b</title>\\n    <meta></head>'
    """
    new = f"\n    <title>{escape(title, quote=False)}</title>\n    {tags}"
    return TITLE.sub(lambda match: new, html, count=1)


# Files


def missing_page(app):
    """The page for an address that leads nowhere."""
    if app.builder.name != "html":
        return
    titles = app.env.titles
    links = [(app.config.root_doc, "The landing page, with all chapters")]
    links += [(page, plain(titles[page])) for page in SUBPAGES if page in titles]
    yield MISSING, {"title": FIXED_TITLES[MISSING], "not_found_links": links}, "404.html"


def write_files(app, exception):
    """Pictures, whole links in ``404.html``, and what needs the site's address."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    draw_pictures(app, out / "_social")
    page = out / f"{MISSING}.html"
    root = urlsplit(app.config.bond_address).path or "/"
    page.write_text(rooted(page.read_text(encoding="utf-8"), root), encoding="utf-8")
    for name, text in files_for_robots(app).items():
        if text:
            (out / name).write_text(text, encoding="utf-8")
        else:
            (out / name).unlink(missing_ok=True)


def rooted(html: str, root: str) -> str:
    """A page whose links start at the site's root, so that they hold at any depth.

    >>> rooted('<a href="book/a.html"><a href="#here"><a href="https://b.org">', "/x/")
    '<a href="/x/book/a.html"><a href="#here"><a href="https://b.org">'
    """
    return LOCAL.sub(lambda match: f'{match[1]}="{root}{match[2].removeprefix("./")}"', html)


def files_for_robots(app) -> dict[str, str]:
    """``sitemap.xml`` and ``robots.txt``; empty texts without an address."""
    if not app.config.bond_address:
        return {"sitemap.xml": "", "robots.txt": ""}
    names = [name for name in book.toc_pages(Path(app.srcdir)) if name in app.env.found_docs]
    rows = "".join(f"  <url><loc>{escape(page_address(app, name))}</loc></url>\n" for name in names)
    sitemap = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}</urlset>\n'
    )
    robots = f"User-agent: *\nAllow: /\n\nSitemap: {app.config.bond_address}sitemap.xml\n"
    return {"sitemap.xml": sitemap, "robots.txt": robots}


def draw_pictures(app, folder: Path) -> None:
    """A picture for each chapter and one for all other pages; old ones go."""
    cache = Path(app.outdir).parent / ".social"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    used = set()
    for name, card in cards(app).items():
        try:
            path = social.kept(card, cache)
        except social.SocialError as error:
            logger.warning("%s", error, location=name, type="bond", subtype="social")
            continue
        used.add(path)
        shutil.copyfile(path, folder / f"{name}.png")
    for path in set(cache.glob("*")) - used:
        path.unlink()


def cards(app) -> dict[str, social.Card]:
    """The words of each picture, by the name of its file."""
    chapters = book.chapters(Path(app.srcdir))
    title = app.config.html_title
    found = {
        "book": social.Card(
            title, title, "A clinical study, rebuilt from its printed numbers alone."
        )
    }
    for path in chapters:
        text = path.read_text(encoding="utf-8")
        try:
            question = opening.from_page(text, path.name)["question"]
        except opening.OpeningError:
            continue  # a fault of the chapter, reported where the chapter is read
        words = (smooth(chapter_map.title_of(text)), smooth(question))
        found[path.stem] = social.Card(title, *words, int(path.name[:2]), len(chapters))
    return found


def smooth(markdown: str) -> str:
    """Markdown as it is printed, without its marks.

    >>> smooth("One of four *d*'s -- or `two`")
    'One of four d’s – or two'
    """
    text = re.sub(r"[*`$]", "", markdown).replace("--", "–")
    return re.sub(r'(^|\s)"', r"\1“", text).replace('"', "”").replace("'", "’")


def setup(app):
    app.add_config_value("bond_address", "", "html")
    app.connect("config-inited", check_address, priority=1)
    app.connect("config-inited", find_templates)
    app.connect("builder-inited", write_heads, priority=950)
    app.connect("html-page-context", describe_page, priority=900)
    app.connect("html-collect-pages", missing_page)
    app.connect("build-finished", write_files, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
