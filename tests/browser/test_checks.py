"""Every check must be able to fail: each is shown a page with one fault."""

import checks
import pytest

GOOD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<link rel="icon" href="data:,">{head}
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body style="margin: 0"><main><article><h1>A page</h1>{body}</article></main></body></html>"""
PROSE = "<p style='width: {width}; font: 16px monospace'>" + "word " * 200 + "</p>"
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


@pytest.fixture
def opened(new_page, serve, tmp_path):
    """A function that opens a page with this body; gives the page and its recorder."""

    def open_page(body="<p>Text.</p>", head="", width=1280):
        html = GOOD.format(body=body, head=head)
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        origin = serve(tmp_path)
        page = new_page(width=width)
        recorder = checks.Recorder(page, origin)
        page.goto(origin + "page.html", wait_until="networkidle")
        return page, recorder

    return open_page


def test_a_good_page_passes(opened):
    page, recorder = opened(f"<p>Text.</p><img alt='A dot.' src='{PIXEL}'>")
    assert checks.accessibility(page) + checks.images(page) + recorder.faults == []
    assert checks.sideways(page, 320) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<img alt='A.' src='https://example.org/a.png'>", "third party: https://example.org"),
        ("<script src='https://cdn.example.org/a.js'></script>", "third party: https://cdn"),
        ("<script>console.error('oh')</script>", "console error: oh"),
        ("<script>console.warn('hm')</script>", "console warning: hm"),
        ("<script>nothing()</script>", "script error: nothing is not defined"),
        ("<script src='missing.js'></script>", "status 404"),
    ],
)
def test_recorder_sees(body, fault, opened):
    _, recorder = opened(body)
    assert any(fault in found for found in recorder.faults)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("<p style='color: #aaa; background: #fff'>Pale.</p>", "color-contrast"),
        (f"<img src='{PIXEL}'>", "image-alt"),
        ("<table><tr><th></th><th>A</th></tr><tr><td>1</td><td>2</td></tr></table>", "empty-table"),
        ("<button aria-label='Find'>Search</button>", "label-content-name-mismatch"),
        ("<h4>Too deep</h4>", "heading-order"),
    ],
)
def test_axe_sees(body, rule, opened):
    page, _ = opened(body)
    assert any(rule in fault for fault in checks.accessibility(page))


def test_axe_sees_outside_landmarks(opened):
    page, _ = opened("</article></main><p>Outside.</p><main hidden><article>")
    assert any("region" in fault for fault in checks.accessibility(page))


def test_axe_sees_what_was_folded(opened):
    page, _ = opened("<details><summary>More</summary><p style='color: #bbb'>Pale.</p></details>")
    assert checks.accessibility(page) == []
    checks.unfold(page)
    assert any("color-contrast" in fault for fault in checks.accessibility(page))
    assert checks.accessibility(page, colors=False) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_sideways_sees_a_wide_block(width, opened):
    page, _ = opened("<div style='width: 1500px; height: 9px'></div>")
    assert any("page is 15" in fault for fault in checks.sideways(page, width))


def test_sideways_sees_what_is_cut_off(opened):
    cut = "<div style='overflow: hidden'><p style='width: 900px'>Text.</p></div>"
    page, _ = opened(cut)
    assert any("p. from 0 to 900" in fault for fault in checks.sideways(page, 320))


def test_sideways_sees_a_scroller_without_focus_or_name(opened):
    wide = "<p style='width: 900px'>Text.</p>"
    page, _ = opened(f"<div class='table' style='overflow-x: auto'>{wide}</div>")
    faults = checks.sideways(page, 320)
    assert any("takes no focus" in fault for fault in faults)
    assert any("has no name" in fault for fault in faults)
    good = "tabindex='0' role='region' aria-label='Table' style='overflow-x: auto'"
    page, _ = opened(f"<div {good}>{wide}</div>")
    assert checks.sideways(page, 320) == []


@pytest.mark.parametrize(
    ("tag", "fault"),
    [
        (f"<img src='{PIXEL}'>", "no alt text"),
        (f"<img alt=' ' src='{PIXEL}'>", "no alt text"),
        (f"<img alt='../_images/abc.svg' src='{PIXEL}'>", "is a path"),
        ("<img alt='Gone.' src='gone.png'>", "broken picture"),
    ],
)
def test_images_sees(tag, fault, opened):
    page, _ = opened(tag)
    assert any(fault in found for found in checks.images(page))


def test_images_allows_a_decoration(opened):
    page, _ = opened(f"<img alt='' role='presentation' src='{PIXEL}'>")
    assert checks.images(page) == []


@pytest.mark.parametrize("width", ["40ch", "90ch"])
def test_measure_sees(width, opened):
    page, _ = opened(PROSE.format(width=width))
    assert "characters a line" in checks.measure(page)[0]


def test_measure_passes_a_good_width(opened):
    page, _ = opened(PROSE.format(width="66ch"))
    assert checks.measure(page) == []


def test_fonts_sees_a_font_of_the_machine(opened):
    page, _ = opened()
    assert any("not in Bond Serif" in fault for fault in checks.fonts(page))


def test_icons_sees_a_missing_picture(opened):
    page, _ = opened("<i class='fa-solid fa-moon'></i>")
    assert any("fa-moon" in fault for fault in checks.icons(page))
