"""Lean pages: one stylesheet with what is used, few scripts, small fonts, nothing inline."""

import io
import re
import sys

import pytest
from fontTools.ttLib import TTFont
from minibook import MiniBook

from tools import book, fonts, stylesheet

sys.path.insert(0, str(book.ROOT / "_ext"))
import bond_lean  # noqa: E402  (the line above makes it importable)

# The stylesheet

PAGE = (
    '<body><div class="box wide" id="top" title="a > b"><input disabled><p class=plain>text</p>'
    '<svg viewBox="0 0 1 1"><path style="fill: var(--paint)"/></svg></div></body>'
)


def bundled(css, page=PAGE, script="", **more):
    """What is left of a stylesheet ``a/b.css``."""
    use = stylesheet.use_of([page], [script])
    return stylesheet.bundle(["a/b.css"], {"a/b.css": css, **more}.__getitem__, use)


@pytest.mark.parametrize(
    "selector",
    [
        ".box", "#top", "p.plain", "div > .wide::before", "[disabled]", "input:focus", "*",
        ":root", "html body", ".box:not(.gone)",
        "div:is(.gone, .wide)", "div:has(> p)", "p:nth-child(2n + 1)", "path", "INPUT",
    ],
)  # fmt: skip
def test_a_rule_that_a_page_can_use_stays(selector):
    assert "color:red" in bundled(f"{selector} {{ color: red }}")


@pytest.mark.parametrize(
    "selector",
    [
        ".gone", "#gone", "table", ".box .gone", "[data-gone]", "div:is(.gone, .lost)",
        ".box:has(.gone)", "div.box > ul", ".a", ".text",
    ],
)  # fmt: skip
def test_a_rule_that_no_page_can_use_goes(selector):
    assert bundled(f"{selector} {{ color: red }}") == ""


def test_of_a_list_the_used_selectors_stay():
    assert bundled(".gone, .box, ul { color: red }") == ".box{color:red}"


def test_states_that_a_script_sets_stay():
    script = 'box.classList.toggle("shown"); root.dataset.bigMode = "x"; fold.open = true;'
    css = ".shown { color: red } [data-big-mode] { color: red } p[open] { color: red }"
    assert bundled(css) == ""
    assert bundled(css, script=script).count("color:red") == 3


def test_groups_keep_what_is_used_in_them():
    css = "@media print { .gone { top: 0 } p { top: 0 } } @supports (top: 0) { .gone { top: 0 } }"
    assert bundled(css) == "@media print{p{top:0}}"


def test_custom_properties_that_nothing_reads_go():
    css = """:root { --read: var(--deep); --deep: red; --gone: blue; --lost: var(--gone);
        --paint: green } p { color: var(--read) }"""
    left = bundled(css)
    assert set(re.findall(r"(--\w+):", left)) == {"--read", "--deep", "--paint"}


def test_a_custom_property_that_only_an_animation_reads_stays():
    css = ":root { --end: 9px } @keyframes turn { to { top: var(--end) } } p { animation: turn 1s }"
    assert "--end:9px" in bundled(css)


def test_animations_and_fonts_go_with_their_last_use():
    css = """@keyframes turn { to { top: 0 } } @keyframes idle { to { top: 0 } }
        @font-face { font-family: "One"; src: url(one.woff2) }
        @font-face { font-family: "Two"; src: url(two.woff2) }
        p { animation: turn 1s; font: 1rem "One", serif } .gone { font-family: "Two" }"""
    left = bundled(css)
    assert "@keyframes turn" in left and "idle" not in left
    assert "one.woff2" in left and "two.woff2" not in left


def test_addresses_hold_from_the_place_of_the_bundle():
    css = 'p { background: url("../c/x.svg?v=1"); mask: url("data:image/svg+xml,%3Csvg%3E") }'
    assert bundled(css) == 'p{background:url("c/x.svg");mask:url("data:image/svg+xml,%3Csvg%3E")}'


def test_an_import_is_taken_in():
    assert bundled('@import "../c.css"; p { top: 0 }', **{"c.css": "p { left: 0 }"}) == (
        "p{left:0}p{top:0}"
    )


@pytest.mark.parametrize(
    ("css", "words"),
    [
        ('@import "c.css" print;', "a/b.css: an @import with a condition"),
        ("p { color: red; & b { top: 0 } }", "a/b.css, line 1: nested rules"),
        ("p { color }", "a/b.css, line 1"),
        ("\n} p {}", "a/b.css, line 2"),
    ],
)
def test_a_stylesheet_that_cannot_be_bundled_is_named(css, words):
    with pytest.raises(stylesheet.StylesheetError, match=re.escape(words)):
        bundled(css)


# Fonts


def test_a_font_keeps_the_characters_shown_and_gives_the_same_bytes():
    source = (book.ROOT / "_static" / "fonts" / "BondSerif-Regular.woff2").read_bytes()
    shown = fonts.characters(["<p>\u03b2 &minus; <b title='\u0107'>x</b></p>"], css='"\\2713"')
    small = fonts.subset(source, shown)
    held = set(TTFont(io.BytesIO(small)).getBestCmap())
    assert {ord("A"), 0x3B2, 0x2212} <= held and 0x107 not in held
    assert len(small) < len(source) / 2
    assert fonts.subset(source, shown) == small


def test_fonts_are_subset_once_and_again_when_a_page_shows_more(tmp_path):
    source = (book.ROOT / "_static" / "fonts" / "BondSans-Italic.woff2").read_bytes()
    path, cache = tmp_path / "a.woff2", tmp_path / "cache"
    path.write_bytes(source)
    fonts.subset_files([path], set("ab"), cache)
    small = path.read_bytes()
    fonts.subset_files([path], set("ab"), cache)
    assert path.read_bytes() == small
    path.write_bytes(source)  # as Sphinx does when it writes a page
    fonts.subset_files([path], set("ab\u0107"), cache)
    assert 0x107 in TTFont(path).getBestCmap()


# Pages

HEAD = """<html><head>
    <meta charset="utf-8" /><meta name="viewport" content="width=device-width" />
    <script data-cfasync="false">
    document.documentElement.dataset.mode = localStorage.getItem("mode") || "";
    </script>
    <noscript><style>.pst-js-only { display: none; }</style></noscript>
    <link href="../_static/styles/theme.css?digest=1" rel="stylesheet" />
    <link rel="stylesheet" type="text/css" href="../_static/book.css?v=2" />
    <link rel="preload" as="script" href="../_static/scripts/bootstrap.js" />
    <script>let toggleHintShow = 'Click to show';</script>
    <script>DOCUMENTATION_OPTIONS.pagename = 'book/one';</script>
    <script src="../_static/doctools.js?v=1"></script>
    <script src="../_static/book.js?v=3"></script>
    <script src="../_static/early.js?v=4"></script>
    <script src="../_static/quiz.js?v=5"></script>
    <script src="../_static/search.js?v=5"></script>
    <script src="../_static/other.js"></script>
    <title>One</title></head>"""
END = """<script defer src="../_static/scripts/pydata-sphinx-theme.js?digest=1"></script></body>"""


def lean(body="<p>text</p>", pagename="book/one"):
    return bond_lean.lean(f"{HEAD}<body>{body}{END}</html>", "../", pagename)


def test_the_head_starts_with_charset_policy_and_viewport():
    start = re.findall(r"<(?:meta|script|link)[^>]*>", lean())[:5]
    assert start[0] == '<meta charset="utf-8">'
    assert "Content-Security-Policy" in start[1] and "script-src 'self';" in start[1]
    assert start[2].startswith('<meta name="viewport"')
    assert start[3].startswith('<script src="../_static/early.js?v=4" data-fonts="BondSerif-Regular ')
    assert start[4] == '<link rel="stylesheet" href="../_static/site.css">'
    assert lean().count("viewport") == lean().count("charset") == lean().count("stylesheet") == 1


def test_a_page_with_a_question_asks_for_its_italic_early():
    assert "BondSerif-Italic" not in lean()
    assert "BondSerif-Italic" in lean('<div class="chapter-opening docutils container"></div>')


def test_the_policy_allows_nothing_foreign_and_nothing_inline():
    assert "http" not in bond_lean.POLICY and "unsafe-eval" not in bond_lean.POLICY
    assert [part for part in bond_lean.POLICY.split("; ") if "unsafe-inline" in part] == [
        "style-src-attr 'unsafe-inline'"
    ]


def test_a_page_loads_its_own_scripts_deferred():
    assert re.findall(r"<script ([^>]*)>", lean()) == [
        'src="../_static/early.js?v=4" data-fonts="BondSerif-Regular BondSans-Regular BondSans-Semibold"',
        'defer src="../_static/book.js?v=3"',
        'defer src="../_static/other.js"',
    ]
    assert "<script>" not in lean()


def test_a_script_comes_with_its_marker():
    assert "quiz.js" in lean('<div class="sc selfcheck">')
    assert "quiz.js" not in lean("<p>selfcheck</p>")
    assert "search.js" not in lean() and "search.js" in lean(pagename="search")
    assert "doctools.js" not in lean(pagename="search")


def test_text_and_code_are_the_same_without_what_nobody_sees():
    code = '<pre><span class="kn">import</span><span class="w"> </span><span class="nn">a</span>\n  b</pre>'
    html = lean(f"<!-- note -->\n   \n  <p>a\n   b</p>{code}")
    assert "note" not in html and "<p>a\nb</p>" in html
    assert '<pre><span class="kn">import</span> a\n  b</pre>' in html


def test_what_is_no_page_is_left_alone():
    assert bond_lean.lean("<svg></svg>") == "<svg></svg>"


def test_the_order_of_the_disk_decides_nothing(tmp_path):
    for name in ("a.css", "book.css", "z.css"):
        (tmp_path / name).touch()
    ordered = ["styles/theme.css", "katex.css", "book.css", "a.css", "z.css"]
    for styles in (
        ["styles/theme.css", "z.css", "book.css", "katex.css", "a.css"],
        ["a.css", "styles/theme.css", "katex.css", "z.css", "book.css"],
    ):
        assert bond_lean.in_cascade(styles, tmp_path) == ordered


# The built site

INLINE = """
```{raw} html
<script>1</script><p onclick="go()">x</p><style>p { top: 0 }</style>
<script type="application/json">{"a": 1}</script>
```
"""


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    """A book that was built once."""
    mini = MiniBook(tmp_path_factory.mktemp("lean") / "a book")
    mini.write("_static/extra.css", ".used-class { top: 1px } .spare-class { top: 2px }")
    mini.add("\n:::{div} used-class\ntext \u03b2 $x$\n:::\n")
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    return mini


def site(mini):
    return mini.root / "_build" / "html"


def test_a_used_rule_is_shipped_and_a_spare_one_is_not(mini):
    assert ".used-class{top:1px}" in mini.styles()
    assert "spare-class" not in mini.styles()
    assert len(mini.styles()) < 130_000


def missing(folder):
    """Files of the site that a page asks for in vain."""
    found = []
    for page in book.site_pages(folder):
        html = page.read_text(encoding="utf-8")
        for address in re.findall(r'(?:href|src)="([^"#?]+)', html):
            if re.match(r"[a-z]+:|//", address):
                continue
            # ``404.html`` is shown at any address, so its links begin at the top of the site.
            top = folder if address.startswith("/") else page.parent
            target = top / address.removeprefix("/")
            if not target.exists():
                found.append(f"{page.name}: {address}")
    for name in bond_lean.referenced(folder):
        if name.endswith(".css"):
            css = (folder / "_static" / name).read_text(encoding="utf-8")
            urls = bond_lean.CSS_URL.findall(css)
            found += [f"{name}: {url}" for url in urls if not (folder / "_static" / url).exists()]
    return found


def test_nothing_is_missing_and_nothing_is_left_over(mini):
    assert missing(site(mini)) == []
    assert bond_lean.unreferenced(site(mini)) == []
    names = {path.name for path in (site(mini) / "_static").rglob("*") if path.is_file()}
    assert not names & {*bond_lean.REPLACED_SCRIPTS, "basic.css", "book.css", "pygments.css"}
    assert {"book.js", "early.js", "OFL-BondSans.txt"} <= names
    (site(mini) / "_static" / "spare.js").write_text("")
    assert [path.name for path in bond_lean.unreferenced(site(mini))] == ["spare.js"]
    (site(mini) / "_static" / "spare.js").unlink()


def test_the_fonts_hold_what_the_pages_show(mini):
    font = TTFont(site(mini) / "_static" / "fonts" / "BondSerif-Regular.woff2")
    assert {ord("a"), 0x3B2} <= set(font.getBestCmap())
    assert len(font.getBestCmap()) < 200


def test_a_build_of_one_page_keeps_what_the_others_need_and_drops_what_is_gone(mini):
    before = mini.styles()
    assert "KaTeX_Main" in before  # which the page that is written below does without
    for name in ("book/gone.html", "genindex.html", "_images/gone.svg"):
        mini.write(f"_build/html/{name}", "<html><head></head></html>")
    mini.add("\nAnother line.\n", "index.md")
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    assert mini.styles() == before and missing(site(mini)) == []
    assert [path.name for path in book.site_pages(site(mini))] == [
        "404.html", "one.html", "index.html", "search.html"
    ]  # fmt: skip
    assert not (site(mini) / "_images" / "gone.svg").exists()


def test_inline_code_stops_the_build_until_it_is_gone(mini):
    text = mini.read("book/one.md")
    before = mini.styles()
    mini.add(INLINE)
    for _ in range(2):  # a fault is not forgotten by a second build
        result = mini.build()
        assert result.returncode != 0
        for words in ("an inline script", "an inline event handler", "a style element"):
            assert f"book/one.html holds {words}" in result.stdout + result.stderr
    mini.write("book/one.md", text)
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    assert mini.styles() == before and missing(site(mini)) == []
