"""Sphinx extension: small pages that load one stylesheet and few scripts.

What it does:

1. as a page is written, gives it a head of its own: a policy that allows only the
   site itself, one stylesheet, and the scripts that the page needs, none of which
   holds up the page but the short ``early.js``;
2. takes out of the page what no reader sees: comments, indentation, and the tags
   around words of code that have no color of their own;
3. after the build, writes the one stylesheet from all that the pages asked for,
   with only the rules that some page can use (``tools.stylesheet``), and cuts the
   fonts down to the characters that some page shows (``tools.fonts``);
4. deletes the pages of an earlier build that the book has no more, and the pictures and
   the files in ``_static`` that nothing refers to any more;
5. warns of an inline script, an inline event handler, or a ``style`` element that
   is left in a page, because the policy would stop it.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import quote

from bond_html import change_pages
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import book, fonts, stylesheet  # noqa: E402  (the line above makes it importable)

logger = logging.getLogger(__name__)

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",  # KaTeX places its parts by style attributes
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'self'",
    )
)

# Our scripts, in the order in which they run, and what a page must hold to need one.
# A script with ``None`` is on every page, one with "" on none: another script loads it.
# The search page loads ``SEARCH_SCRIPTS`` itself.
SCRIPTS: dict[str, str | None] = {
    "book.js": None,
    "reading.js": None,
    "quiz.js": r'class="[^"]*\bselfcheck',
    "sliders.js": r"\bslider-figure\b",
    "scoreboard.js": r"\bscoreboard-filter\b",
    "run.js": r'class="[^"]*\brun-this\b',
    "search-index.js": "",
    "search.js": "",
    "minisearch.min.js": "",
}
SEARCH_SCRIPTS = ("search.js",)
# The fonts of the text, of the boxes and the contents, and of the headings.
FIRST_FONTS = ("BondSerif-Regular", "BondSans-Regular", "BondSans-Semibold")
# Scripts of the theme and of Sphinx: ours do what the pages need of them, in a fiftieth of the bytes.
REPLACED_SCRIPTS = (
    "bootstrap.js",
    "clipboard.min.js",
    "copybutton.js",
    "copybutton_funcs.js",
    "design-tabs.js",
    "doctools.js",
    "documentation_options.js",
    "fontawesome.js",
    "language_data.js",
    "pydata-sphinx-theme.js",
    "searchindex.js",
    "searchtools.js",
    "sphinx-book-theme.js",
    "sphinx_highlight.js",
    "togglebutton.js",
)
# The inline scripts that go with them.
INLINE_SETTINGS = re.compile(
    r"<script(?: data-cfasync=\"false\")?>\s*"
    r"(?:(?:let|var|const) (?:toggle\w+|togglebuttonSelector) = '[^']*';"
    r"|DOCUMENTATION_OPTIONS\.\w+ = '[^']*';"
    r"|// Activate the search field on page load.*?"
    r"|document\.documentElement\.dataset\.mode = .*?)"
    r"\s*</script>",
    re.S,
)
REPLACED_FONTS = ("Font Awesome",)  # ``book.css`` draws the icons
BUNDLE = "site.css"
BUNDLE_LINK = re.compile(r"_static/site(?:\.[0-9a-f]{10})?\.css")

STYLE_LINK = re.compile(r"\s*<link\b(?=[^>]*\brel=\"stylesheet\")[^>]*>")
SCRIPT = re.compile(r"\s*<script\b(?P<attributes>[^>]*\bsrc=\"(?P<source>[^\"]*)\"[^>]*)></script>")
HEAD_RUBBISH = (
    re.compile(r"\s*<noscript>\s*<style>.*?</style>\s*</noscript>", re.S),
    re.compile(r"\s*<link\b(?=[^>]*\brel=\"preload\")(?=[^>]*\bas=\"script\")[^>]*>"),
    re.compile(r"\s*<meta name=\"viewport\"[^>]*>"),
    re.compile(r"\s*<meta name=\"docsearch:[^>]*>"),
    re.compile(r"\s*<meta charset=[^>]*>"),
)
BODY_RUBBISH = (
    # What Bootstrap's script would read.
    re.compile(r' data-bs-(?:toggle|placement|spy|target|root-margin)="[^"]*"'),
    re.compile(r'(?<=<body) data-offset="\d*"'),
    # Boxes of the theme that hold nothing.
    re.compile(
        r'<div class="pst-async-banner-revealer d-none">\s*<aside [^>]*></aside>\s*</div>'
    ),
    re.compile(r'<div id="pst-scroll-pixel-helper"></div>'),
    re.compile(r'<header class="bd-header [^>]*>\s*</header>'),
    re.compile(r'<div class="sidebar-primary-items__end sidebar-primary__section">\s*</div>'),
    re.compile(r'<div class="footer-item">\s*</div>'),
    # The same contents a second time, for a way of printing that this book does not use.
    re.compile(r'<div id="jb-print-docs-body".*?(?=<div id="searchbox"|<article)', re.S),
)
LITERAL = re.compile(r"(<(pre|textarea|script)\b.*?</\2>)", re.S)
COMMENT = re.compile(r"<!--.*?-->", re.S)
COLORLESS = re.compile(r'<span class="(?:n|nn|o|p|w|nv|nx)">([^<]*)</span>')

INLINE_SCRIPT = re.compile(
    r"<script\b(?![^>]*\bsrc=)(?![^>]*\btype=\"application/(?:ld\+)?json\")[^>]*>", re.I
)
INLINE_FAULTS = (
    (INLINE_SCRIPT, "an inline script"),
    (re.compile(r"<[a-z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*?\son[a-z]+\s*=", re.I), "an inline event handler"),
    (re.compile(r"<style\b[^>]*>", re.I), "a style element"),
    (re.compile(r"(?:href|src|action)=[\"']javascript:", re.I), "a javascript: address"),
)

# What stays in ``_static`` although nothing refers to it, and why.
KEPT_FILES = {
    "**/LICENSE*": "the license of what lies beside it asks for its text",
    "fonts/OFL-*.txt": "the license of the fonts asks for its text",
}
STATIC_NAME = re.compile(r"_static/([\w./@+-]+)")
CSS_URL = re.compile(r"url\(\s*[\"']?(?!data:)([^\"')?#]+)")
SCRIPT_STRING = re.compile(r"[\"'`]([\w./-]+\.(?:js|json|css|svg|png|webp|woff2|txt))(?:[?#][^\"'`]*)?[\"'`]")


# Pages


def write_lean_pages(app):
    """Let every page of the site pass through ``lean`` on its way to the file."""
    app.bond_styles, app.bond_pages = [], set()
    if app.builder.name not in ("html", "dirhtml"):
        return

    def change(html, context):
        root = context.get("content_root") or "./"
        for path in styles_of(html):
            if path not in app.bond_styles:
                app.bond_styles.append(path)
        name = context.get("pagename", "")
        app.bond_pages.add(name)
        return lean(html, "" if root == "./" else root, name)

    change_pages(app, change)


def styles_of(html: str) -> list[str]:
    """The stylesheets of a page, as paths in ``_static``, in the order of loading.

    >>> styles_of('<link href="../_static/a/b.css?v=1" rel="stylesheet"/>')
    ['a/b.css']
    """
    found = []
    for link in STYLE_LINK.findall(html):
        path = re.search(r'\bhref="([^"?]*)', link)[1]
        if "_static/" in path and not BUNDLE_LINK.search(path):
            found.append(path.split("_static/", 1)[1])
    return found


def lean(html: str, root: str = "", pagename: str = "") -> str:
    """A page with a small head, few scripts, and nothing that no reader sees.

    Parameters
    ----------
    html
        The page as the theme wrote it.
    root
        The way from the page to the top of the site: "" or "../", for example.
    pagename
        The name of the page; the search page keeps the scripts that search.
    """
    if "<head>" not in html:
        return html
    for rubbish in (INLINE_SETTINGS, STYLE_LINK, *HEAD_RUBBISH, *BODY_RUBBISH):
        html = rubbish.sub("", html)
    sources = [match["source"] for match in SCRIPT.finditer(html)]
    html = SCRIPT.sub("", html)
    early = next((source for source in sources if "early.js" in source), "")
    html = html.replace("<head>", "<head>\n" + head_start(root, early, first_fonts(html)), 1)
    html = html.replace("</head>", scripts(sources, html, pagename, root) + "</head>", 1)
    return trimmed(html)


def first_fonts(html: str) -> list[str]:
    """The fonts that a page shows first, so that its first sight has them."""
    large_italic = any(marker in html for marker in ('class="chapter-opening', 'class="hero'))
    return [*FIRST_FONTS, *(["BondSerif-Italic"] if large_italic else [])]


def head_start(root: str, early: str = "", faces: Sequence[str] = FIRST_FONTS) -> str:
    """What the head of every page begins with; ``early`` is the address of ``early.js``."""
    early = early or f"{root}_static/early.js"
    return (
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<script src="{early}" data-fonts="{" ".join(faces)}"></script>\n'
        f'<link rel="stylesheet" href="{root}_static/{BUNDLE}">\n'
    )


def scripts(sources: list[str], html: str, pagename: str, root: str) -> str:
    """The script tags of a page: those of its own that it needs, each once, all deferred."""
    by_name = {posixpath.basename(source.split("?")[0]): source for source in sources}
    searching = [name for name in SEARCH_SCRIPTS if name in by_name] if pagename == "search" else []
    own = [
        name
        for name, marker in SCRIPTS.items()
        if name in by_name
        and name not in searching
        and (marker is None or (marker and re.search(marker, html)))
    ]
    known = {*SCRIPTS, *REPLACED_SCRIPTS, "early.js"}
    others = [name for name in by_name if name not in known]
    order = [*own, *searching, *others]
    return "".join(f'<script defer src="{by_name[name]}"></script>\n' for name in order)


def trimmed(html: str) -> str:
    """HTML without comments, indentation, and tags that color nothing.

    >>> trimmed("<ul>\\n\\n   <li>a</li> <!-- b -->\\n</ul><pre>\\n  c</pre>")
    '<ul>\\n<li>a</li>\\n</ul><pre>\\n  c</pre>'
    >>> trimmed('<pre><span class="n">a</span><span class="w"> </span></pre>')
    '<pre>a </pre>'
    """
    pieces = LITERAL.split(html)
    for index in range(0, len(pieces), 3):
        pieces[index] = re.sub(r"\s*\n\s*", "\n", COMMENT.sub("", pieces[index]))
    for index in range(1, len(pieces), 3):
        if pieces[index].startswith("<pre"):
            pieces[index] = COLORLESS.sub(r"\1", pieces[index])
        pieces[index + 1] = ""  # the name of the tag, which the pattern had to remember
    return "".join(pieces)


# After the build


def finish_site(app, exception):
    """Write the stylesheet, delete what is left over, and check every page."""
    if exception is not None or app.builder.name not in ("html", "dirhtml"):
        return
    if not app.bond_styles:
        return  # no page was written: everything is in place, and was checked
    site = Path(app.outdir)
    drop_old_pages(app, site)
    try:
        write_bundle(site, in_cascade(app.bond_styles, Path(app.srcdir) / "_static"))
    except stylesheet.StylesheetError as error:
        logger.warning("%s", error, type="bond", subtype="style")
        return
    for path in unreferenced(site):
        path.unlink()
    fonts.subset_files(
        (site / "_static").rglob("*.woff2"), shown(site), Path(app.doctreedir).parent / ".fonts"
    )
    drop_empty_folders(site / "_static")
    for fault in inline_faults(site):
        logger.warning("%s", fault, type="bond", subtype="inline")


def drop_old_pages(app, site: Path) -> None:
    """Delete the pages that the book has no more, and the pictures that no page shows any more."""
    names = app.env.found_docs | app.bond_pages
    wanted = {Path(app.builder.get_outfilename(name)) for name in names}
    for path in book.site_pages(site):
        if path not in wanted:
            path.unlink()
    texts = [path.read_text(encoding="utf-8") for path in book.site_pages(site)]
    for path in sorted((site / app.builder.imagedir).glob("*")):
        if not any(quote(path.name) in text for text in texts):
            path.unlink()


def in_cascade(styles: list[str], own: Path) -> list[str]:
    """The stylesheets of theme and extensions as they come, then the book's own by name.

    Jupyter Book lists our own in the order of the disk, which differs between computers, and
    of two rules of one weight the later one wins. ``book.css`` comes first, so that the
    stylesheet of a single thing may change what holds for all.
    """
    ours = [path for path in styles if (own / path).is_file()]
    others = [path for path in styles if path not in ours]
    return [*others, *sorted(ours, key=lambda path: (path != "book.css", path))]


def write_bundle(site: Path, styles: list[str]) -> Path:
    """Write the one stylesheet under a name that changes with it, and point all pages to it."""
    static = site / "_static"
    texts = {path: path.read_text(encoding="utf-8") for path in book.site_pages(site)}
    names = [name for name in ("early.js", *SCRIPTS) if (static / name).is_file()]
    use = stylesheet.use_of(
        texts.values(), [(static / name).read_text(encoding="utf-8") for name in names]
    )
    known = [path for path in styles if (static / path).is_file()]
    css = stylesheet.bundle(
        known, lambda path: (static / path).read_text(encoding="utf-8"), use, REPLACED_FONTS
    )
    css = css.replace("font-display:block", "font-display:swap")  # KaTeX hides a formula else
    digest = hashlib.sha256(css.encode()).hexdigest()[:10]
    target = static / f"site.{digest}.css"
    target.write_text(css, encoding="utf-8")
    for path, text in texts.items():
        linked = BUNDLE_LINK.sub(f"_static/{target.name}", text)
        if linked != text:
            path.write_text(linked, encoding="utf-8")
    return target


def shown(site: Path) -> set[str]:
    """Every character that a page of the site can show."""
    static = site / "_static"
    return fonts.characters(
        (path.read_text(encoding="utf-8") for path in book.site_pages(site)),
        (path.read_text(encoding="utf-8") for path in static.glob("*.js")),
        "".join(path.read_text(encoding="utf-8") for path in static.glob("site.*.css")),
    )


def referenced(site: Path) -> set[str]:
    """Paths in ``_static`` that a page asks for, or a script or stylesheet that one asks for."""
    static = site / "_static"
    found: set[str] = set()
    waiting: set[str] = set()
    for page in book.site_pages(site):
        waiting.update(STATIC_NAME.findall(page.read_text(encoding="utf-8")))
    while waiting:
        name = waiting.pop()
        path = static / name
        if name in found or not path.is_file():
            continue
        found.add(name)
        if path.suffix == ".css":
            names = CSS_URL.findall(path.read_text(encoding="utf-8"))
        elif path.suffix in (".js", ".json", ".webmanifest"):
            names = SCRIPT_STRING.findall(path.read_text(encoding="utf-8"))
            names = [other.split("_static/")[-1] for other in names]
        else:
            continue
        folder = posixpath.dirname(name)
        waiting.update(posixpath.normpath(posixpath.join(folder, other)) for other in names)
        waiting.update(names)
    return found


def unreferenced(site: Path) -> list[Path]:
    """Files in ``_static`` that nothing asks for, but for those with a reason to stay."""
    static = site / "_static"
    asked = referenced(site)
    left = []
    for path in sorted(static.rglob("*")):
        name = path.relative_to(static).as_posix()
        kept = any(fnmatch(name, pattern) for pattern in KEPT_FILES)
        if path.is_file() and name not in asked and not kept:
            left.append(path)
    return left


def drop_empty_folders(folder: Path) -> None:
    """Remove folders that hold nothing any more, the deepest first."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def inline_faults(site: Path) -> list[str]:
    """One sentence for each thing in a page that the policy would stop."""
    faults = []
    for path in book.site_pages(site):
        html = path.read_text(encoding="utf-8")
        for pattern, name in INLINE_FAULTS:
            for match in pattern.finditer(html):
                start = html[match.start() : match.start() + 60].replace("\n", " ")
                faults.append(f"{path.relative_to(site).as_posix()} holds {name}: {start}")
    return faults


def setup(app):
    # After the mends of the other extensions, which wrap the page before.
    app.connect("builder-inited", write_lean_pages, priority=950)
    app.connect("build-finished", finish_site, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
