"""Every check of ``checks_a11y`` must be able to fail: each is shown a page with one fault."""

import checks_a11y as a11y
import pytest

GOOD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ background: #fff; color: #111; font: 16px/1.5 sans-serif; margin: 0 }}
:focus-visible {{ outline: 2px solid #05f; outline-offset: 2px }} {style}</style></head>
<body>{before}<main><article><h1>A page</h1>{body}</article></main></body></html>"""


@pytest.fixture(scope="module")
def window(browser):
    """One window for all the small pages."""
    with browser.new_context(reduced_motion="reduce") as context:
        yield context.new_page()


@pytest.fixture
def opened(window):
    """A function that shows this body in a fresh page."""

    def show(body="<p>Text.</p>", style="", before="", width=1280):
        window.goto("about:blank")
        window.set_viewport_size({"width": width, "height": 900})
        window.emulate_media(forced_colors="none", color_scheme="light")
        window.set_content(GOOD.format(body=body, style=style, before=before))
        return window

    return show


OVER = "position: absolute; inset: 0; opacity: 0"
FORMULA = (
    f'<span class="katex" style="position: relative"><span class="katex-mathml" style="{OVER}">'
    '<math><semantics><mrow><mi>x</mi></mrow><annotation encoding="application/x-tex">\\alpha x'
    "</annotation></semantics></math></span>"
    '<span class="katex-html" aria-hidden="true">x</span></span>'
)
BODY = f"""<nav aria-label="Here"><a href="#a">The first part</a></nav>
<section id="a"><h2>Part <a href="#a" aria-label="Link to Part">#</a></h2>
<p>We read <a href="#b">the second part</a> of the page in a sentence, and {FORMULA}.</p>
<details><summary>More of it</summary><p>Text.</p></details>
<button>Press me</button> <label>Name <input placeholder="Yours" style="color:#111"></label>
<pre><span style="color: #333">x = 1</span></pre>
<table><thead><tr><th>A</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>
<figure><svg role="img" aria-label="A line" width="90" height="30"><text y="20">A</text></svg>
<figcaption>A line.</figcaption></figure></section>
<section id="b"><h2>The second part</h2><p>Text.</p></section>"""
ALL = (
    a11y.structure, a11y.order, a11y.focus_marks, a11y.link_looks, a11y.targets, a11y.contrasts,
    a11y.lost, a11y.motion, a11y.formulas, a11y.forced, a11y.spoken_math,
)  # fmt: skip


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.__name__)
def test_a_good_page_passes(check, opened):
    assert check(opened(BODY)) == []


def test_a_good_page_can_be_walked_and_its_focus_seen(opened):
    page = opened(BODY)
    assert a11y.tab_walk(page) == []
    assert a11y.focus_pixels(page) == []


def found(check, page, *words):
    """Whether one fault holds all the words."""
    faults = check(page)
    return any(all(word in fault for word in words) for fault in faults) or faults


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<h3>Deep</h3>", ("of level 3 follows one of level 1",)),
        ("<h1>Again</h1>", ("2 headings of level 1",)),
        ("<h2><a href='#x'></a></h2>", ("of level 2 is empty",)),
        ("<p>Read on <a href='#x'>here</a>.</p>", ("link to #x", "here")),
        ("<p><a href='#x'><i></i></a></p>", ("link to #x",)),
        ("<a href='/x' target='_blank'>A text</a>", ("new tab",)),
        ("<nav>A</nav>", ("navigation has no name",)),
        ("<nav aria-label='A'>A</nav><nav aria-label='A'>B</nav>", ('two navigations are called "A"',)),
        ("<i id='a'></i><b id='a'></b>", ('2 elements have the id "a"',)),
        ("<p aria-details='gone'>A</p>", ("gone", "not there")),
        ("<video autoplay></video>", ("by itself",)),
        ("<a href='#x' accesskey='x'>A text</a>", ("by itself",)),
        ("<table><tr><td>1</td></tr></table>", ("no header cells",)),
        ("<table><tr><th>A</th></tr><tr><td>1</td></tr></table>", ("neither a column nor a row",)),
        ("<figure><p>A</p></figure>", ("has no caption",)),
        ("<figure><svg></svg><figcaption>A</figcaption></figure>", ("without a role and a name",)),
        ("<section id='s'><h2>A <a href='#s' style='visibility: hidden'>#</a></h2></section>",
         ("the permalink of", "takes no focus")),
    ],
)  # fmt: skip
def test_structure_sees(body, words, opened):
    assert found(a11y.structure, opened(body), *words) is True


def test_structure_sees_no_language_and_no_title(new_page):
    page = new_page()
    page.set_content("<main><h1>A</h1></main>")
    faults = a11y.structure(page)
    assert "the page's language is not given" in faults and "the page has no title" in faults


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<a href='#x' tabindex='3'>A</a>", ("tabindex 3",)),
        ("<div style='display: flex; flex-direction: column-reverse'><a href='#a'>Last</a>"
         "<a href='#b'>First</a></div>", ("First", "is reached after it")),
    ],
)  # fmt: skip
def test_order_sees(body, words, opened):
    assert found(a11y.order, opened(body), *words) is True


@pytest.mark.parametrize(
    ("body", "style", "words"),
    [
        ("<a href='#x'>A</a>", "a:focus-visible { outline: none }", ("no mark of focus",)),
        ("<a href='#x'>A</a>", "a:focus-visible { outline-width: 1px }", ("no mark of focus",)),
        ("<a href='#x'>A</a>", "a:focus-visible { outline-color: #bbb }", ("contrast of 1.9",)),
        ("<a href='#x' style='opacity: 0'>A</a>", "", ("transparent",)),
        ("<a href='#x' style='position: absolute; left: -900px'>A</a>", "", ("outside the window",)),
        ("<a href='#x' style='font-size: 0'>A</a>", "", ("no size",)),
        ("<a href='#x'>A</a><header style='position: fixed; inset: 0'>Bar</header>", "", ("covered by header",)),
    ],
)  # fmt: skip
def test_focus_marks_sees(body, style, words, opened):
    assert found(a11y.focus_marks, opened(body, style), *words) is True


def test_focus_marks_allows_the_mark_of_a_card(opened):
    style = "a:focus-visible { outline: none } .card:focus-within { outline: 2px solid #05f }"
    assert a11y.focus_marks(opened("<div class='card'><a href='#x'>A</a></div>", style)) == []


def test_focus_marks_allows_a_link_that_covers_its_card(opened):
    style = (
        ".card { position: relative; height: 90px } a { font-size: 0; color: transparent }"
        " a::after { content: ''; position: absolute; inset: 0 } .card:focus-within { outline: 2px solid #05f }"
    )
    assert a11y.focus_marks(opened("<div class='card'><a href='#x'>A</a></div>", style)) == []


def test_contrasts_asks_the_rule_that_wins(opened):
    page = opened(
        "<p><a href='#x'>A</a></p>", "a:visited { color: #99f } p a:visited { color: #639 }"
    )
    assert a11y.contrasts(page) == []


def test_focus_marks_waits_for_a_transition(opened):
    style = "a { opacity: 0; transition: opacity 2s } a:focus { opacity: 1 }"
    assert a11y.focus_marks(opened("<a href='#x'>A text</a>", style)) == []


@pytest.mark.parametrize(
    "script",
    [
        "one.onkeydown = event => event.preventDefault()",  # a trap
        "one.onfocus = () => three.focus()",  # a leap
        "two.onfocus = () => two.blur()",  # a focus that runs away
    ],
)
def test_tab_walk_sees(script, opened):
    links = "".join(
        f"<p><a href='#x' id='{name}'>{name}</a></p>" for name in ("one", "two", "three")
    )
    page = opened(links)
    assert a11y.tab_walk(opened(links)) == []
    page.evaluate(f"{script}; 0")
    assert a11y.tab_walk(page) != []


@pytest.mark.parametrize(
    "style",
    [
        ":focus-visible { outline: none }",
        ":focus-visible { outline: 2px solid #ccc }",
        ":focus-visible { outline-offset: 0 } p { overflow: hidden; width: max-content } button { display: block }",
    ],
)
def test_focus_pixels_sees(style, opened):
    page = opened("<p><button>Press me</button></p>", style)
    assert found(a11y.focus_pixels, page, "pixels show the focus") is True


LONG = "A sentence with quite a few words before "


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("a { text-decoration: none }", ("is not underlined",)),
        ("a { text-decoration-color: #ccc }", ("underline with a contrast of 1.6",)),
    ],
)
def test_link_looks_sees(style, words, opened):
    page = opened(f"<p>{LONG}<a href='#x'>a link</a>.</p>", style)
    assert found(a11y.link_looks, page, *words) is True


def test_targets_sees_small_ones_that_crowd(opened):
    small = "<button style='width: 12px; height: 12px; padding: 0; border: 0'>{}</button>"
    assert found(a11y.targets, opened(small.format("a") + small.format("b")), "12 by 12 px") is True
    assert a11y.targets(opened(small.format("a"))) == []  # room around it
    assert (
        a11y.targets(opened("<p>A word, <a href='#a'>i</a><a href='#b'>j</a>, and more.</p>")) == []
    )


@pytest.mark.parametrize(
    ("body", "style", "words"),
    [
        ("<pre><span class='k' style='color: #999'>if</span></pre>", "", ('class "k"', "contrast 2.8")),
        ("<pre><span style='opacity: 0.9'>if</span></pre>", "", ("opacity 0.9",)),
        ("<p><a href='#x'>A</a></p>", "a:visited { color: #99f }", ("A", "visited: contrast")),
        ("<p>A</p>", "::selection { background: #05f; color: #00a }", ("selected text",)),
        ("<input aria-label='A' placeholder='Yours'>", "::placeholder { color: #bbb }", ('hint "Yours"',)),
        ("<input aria-label='A' style='border: 1px solid #ddd'>", "", ("the edge of",)),
        ("<button aria-label='A'><i></i></button>",
         "i { display: block; width: 9px; height: 9px; background: #ddd; mask-image: linear-gradient(#000, #000) }",
         ("the icon of", "3")),
        ("<button aria-label='A'><svg width='9' height='9'><path d='M0 0h9v9z' fill='#ddd'/></svg></button>", "",
         ("the icon of",)),
        ("<details><summary>A</summary>B</details>", "summary { list-style: none }", ("nothing marks",)),
        ("<svg role='img' aria-label='A' width='9' height='9'><text y='9' fill='#bbb'>7</text></svg>", "",
         ('text "7"',)),
    ],
)  # fmt: skip
def test_contrasts_sees(body, style, words, opened):
    assert found(a11y.contrasts, opened(body, style), *words) is True


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<p style='height: 24px; overflow: hidden'>" + LONG * 9 + "</p>", ("is cut off",)),
        ("<div style='height: 20px; line-height: 1.5'><p>One line.</p></div><p style='margin-top: -1.5em'>Two</p>",
         ("lies over",)),
    ],
)  # fmt: skip
def test_lost_sees(body, words, opened):
    assert found(a11y.lost, opened(body, width=320), *words) is True


def test_lost_sees_what_wider_text_loses(opened):
    page = opened(
        "<p style='width: 12em; height: 3em; line-height: 1; overflow: hidden'>Just three lines of it</p>"
    )
    assert a11y.lost(page) == []
    a11y.space_text(page)
    page.evaluate("document.querySelector('p').append(' and some more words')")
    assert found(a11y.lost, page, "is cut off") is True


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("a { transition: color 0.2s }", ("a changes over 0.2s",)),
        (
            "@keyframes k { to { color: red } } a::after { content: '*'; animation: k 1s }",
            ("a::after moves for 1s",),
        ),
        ("html { scroll-behavior: smooth }", ("html scrolls smoothly",)),
    ],
)
def test_motion_sees(style, words, opened):
    assert found(a11y.motion, opened("<a href='#x'>A</a>", style), *words) is True


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (FORMULA[FORMULA.index("<math>") : FORMULA.index("</math>") + 7], "", ("has no MathML",)),
        ("<mi>x</mi>", "", ("empty MathML",)),
        ('class="katex-mathml"', 'aria-hidden="true"', ("hides its MathML",)),
        (' aria-hidden="true"', "", ("read twice",)),
        ("\\alpha x", "", ("its source",)),
        (OVER, "position: absolute; width: 1px; height: 1px; overflow: hidden", ("by touch",)),
        ("<mi>x</mi>", "<merror><mi>x</mi></merror>", ("holds an error",)),
    ],
)
def test_formulas_sees(old, new, words, opened):
    assert found(a11y.formulas, opened(f"<p>{FORMULA.replace(old, new)}</p>"), *words) is True


def test_spoken_math_sees_hidden_and_empty_math(opened):
    hidden = FORMULA.replace('class="katex-mathml"', 'aria-hidden="true"')
    assert found(a11y.spoken_math, opened(hidden), "1 formulas, of which 0") is True
    empty = FORMULA.replace("<mi>x</mi>", "<mi></mi>")
    assert found(a11y.spoken_math, opened(empty), "without any content") is True


def test_forced_sees_what_vanishes(opened):
    style = "i { display: block; width: 9px; height: 9px; background: #000; mask-image: linear-gradient(#000, #000) }"
    svg = "<svg role='img' aria-label='A' width='9' height='9' style='{}'><text y='9' fill='#222'>7</text></svg>"
    page = opened(
        "<button aria-label='A'><i></i></button>" + svg.format("forced-color-adjust: none"), style
    )
    assert a11y.forced(page) == []
    page.emulate_media(forced_colors="active", color_scheme="dark")
    assert found(a11y.forced, page, "the icon") is True
    assert found(a11y.forced, page, 'text "7"') is True
