"""Every slide of every deck, in Chromium: nothing cut, nothing small, keys, notes, paper."""

import io

import checks
import pytest
from conftest import SITE

from tools import slides

DECKS = sorted(path.stem for path in (SITE / "slides").glob("*.html"))
ONE = "12-power"  # it has figures, a formula-free text, and an interactive figure
FORMULAS = "03-published-numbers"
SMALLEST_TEXT = 24
"""Pixels at 1280 by 720: what the last row can read."""
SMALLEST_LABEL = 13.5
"""The same for the words within a drawing. One tall drawing sets it; most have 17 to 23."""
DRAWN_AT = 15
"""Pixels of the words within a drawing as the page shows it."""

# What is wrong with the slide that shows: cut, sideways, below its foot, or too small.
LOOK = """() => {
    const faults = [], slide = Reveal.getCurrentSlide();
    const scale = Reveal.getScale(), frame = slide.getBoundingClientRect();
    const foot = slide.querySelector('.foot').getBoundingClientRect();
    const name = e => `slide ${slide.id.slice(6)}: ${e.tagName.toLowerCase()}.${e.className}`;
    for (const e of slide.querySelectorAll('*')) {
        if (e.closest('.notes, .foot, svg, .katex-mathml')) continue;
        if (e.closest('.katex') && !e.matches('.katex-html')) continue;
        const box = e.getBoundingClientRect();
        if (box.width < 1 || e.closest('[hidden], .unseen, output')) continue;
        if (box.right > frame.right - 40 * scale || box.left < frame.left + 40 * scale)
            faults.push(`${name(e)} from ${box.left | 0} to ${box.right | 0}`);
        const full = e.closest('.full');  // a picture there may reach down beside the foot
        if (box.bottom > (full ? frame.bottom - 4 * scale : foot.top + 1))
            faults.push(`${name(e)} ends at ${box.bottom | 0}, the foot begins at ${foot.top | 0}`);
        if (e.clientWidth && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 4)
            && getComputedStyle(e).overflow !== 'visible')
            faults.push(`${name(e)} scrolls`);
    }
    const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        const e = node.parentElement;
        if (!node.data.trim() || e.closest('.notes, svg, .katex, [hidden], .unseen, output, script')) continue;
        const size = parseFloat(getComputedStyle(e).fontSize);
        if (size < (e.closest('code') ? 0.82 : 1) * SMALLEST_TEXT) faults.push(`${name(e)} is set in ${size} px`);
    }
    for (const image of slide.querySelectorAll('img')) {
        const label = image.getBoundingClientRect().width / scale / image.naturalWidth * 15.33;
        if (label < SMALLEST_LABEL) faults.push(`${name(image)} has words of ${label} px`);
    }
    return faults;
}""".replace("SMALLEST_TEXT", str(SMALLEST_TEXT)).replace("SMALLEST_LABEL", str(SMALLEST_LABEL))
AT = "() => Reveal.getIndices().h"


@pytest.fixture(scope="module", autouse=True)
def made():
    """Skip when there are no slides; those there are must be today's."""
    if not DECKS:
        pytest.skip("the site has no slides: run 'make book'")


@pytest.fixture
def open_deck(site, browser):
    """A function that opens a deck and waits for it."""
    contexts = []

    def opened(stem, scheme="light", size=(1280, 720), address=site, query="", **options):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, **options
        )
        contexts.append(context)
        page = context.new_page()
        recorder = checks.Recorder(page, address)
        page.goto(f"{address}slides/{stem}.html{query}", wait_until="load")
        if not query and size[0] > 700:
            page.wait_for_selector("html[data-ready]")
        page.evaluate("document.fonts.ready.then(() => true)")
        return page, recorder

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("stem", DECKS)
def test_no_slide_is_cut(stem, open_deck):
    page, recorder = open_deck(stem)
    faults = checks.images(page)
    for size in ((1280, 720), (1024, 768)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        checks.painted(page)  # the deck has noticed
        for number in range(page.evaluate("Reveal.getTotalSlides()")):
            page.evaluate(f"Reveal.slide({number})")
            faults += [f"{size}: {fault}" for fault in page.evaluate(LOOK)]
    assert faults + recorder.faults == []


def test_what_is_cut_or_small_is_found(open_deck):
    page, _ = open_deck(ONE)
    page.evaluate("Reveal.slide(2)")
    assert page.evaluate(LOOK) == []
    page.evaluate("document.querySelector('#slide-3 .words').classList.replace('size-40', 'x')")
    page.evaluate("document.querySelector('#slide-3 h2').style.fontSize = '20px'")
    page.evaluate("document.querySelector('#slide-3 .words').style.fontSize = '90px'")
    faults = " ".join(page.evaluate(LOOK))
    assert "is set in 20 px" in faults and "the foot begins" in faults


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("stem", [ONE, FORMULAS])
def test_a_deck_is_accessible(stem, scheme, open_deck):
    page, recorder = open_deck(stem, scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(253, 252, 248)" if scheme == "light" else "rgb(22, 25, 30)")
    faults = []
    page.keyboard.press("s")
    for number in (0, 3, 6, 13):
        page.evaluate(f"Reveal.slide({number})")
        faults += checks.accessibility(page)
    assert faults + recorder.faults == []


def test_figures_follow_the_colors(open_deck):
    schemes = []
    for scheme in ("light", "dark"):
        page, _ = open_deck(ONE, scheme)
        schemes.append(
            page.evaluate("getComputedStyle(document.querySelector('.slide img')).colorScheme")
        )
    assert schemes == ["light", "dark"]


def test_keys_turn_the_page(open_deck):
    page, recorder = open_deck(ONE)
    for key, expected in (
        ("ArrowRight", 1),
        ("Space", 2),
        ("ArrowLeft", 1),
        ("End", 14),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        assert page.evaluate(AT) == expected
    assert page.locator("#heading-1").is_visible()
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(AT) == 1
    assert recorder.faults == []


def test_a_slider_moves_on_its_slide_and_does_not_turn_it(open_deck):
    page, recorder = open_deck(ONE)
    page.evaluate("Reveal.slide(3)")
    slider = page.locator("section.present input[type=range]").first
    before, said = (
        slider.get_attribute("aria-valuetext"),
        page.locator("section.present .slider-said").inner_text(),
    )
    slider.press("ArrowRight")
    assert page.evaluate(AT) == 3
    assert slider.get_attribute("aria-valuetext") != before
    assert page.locator("section.present .slider-said").inner_text() != said
    assert recorder.faults == []


def test_notes_show_on_demand_and_follow_the_slide(open_deck):
    page, _ = open_deck(ONE)
    notes = page.get_by_role("region", name="Speaker notes")
    assert notes.count() == 0
    page.keyboard.press("s")
    assert "Ask:" in notes.inner_text()
    before = notes.inner_text()
    page.keyboard.press("ArrowRight")
    assert notes.inner_text() != before
    page.evaluate("Reveal.slide(13)")
    assert "Answer:" in notes.inner_text()
    assert "Answer:" not in page.locator("section.present").inner_text()
    assert page.evaluate(LOOK) == []  # the slide made room, and is whole
    page.keyboard.press("s")
    assert notes.count() == 0


@pytest.mark.parametrize("address", ["served", "folder"])
def test_two_windows_turn_together(address, open_deck, site):
    base = site if address == "served" else f"{SITE.as_uri()}/"
    page, recorder = open_deck(ONE, address=base)
    page.keyboard.press("ArrowRight")
    with page.context.expect_page() as opened:
        page.keyboard.press("w")
    other = opened.value
    other.wait_for_selector("html[data-ready]")
    assert other.evaluate(AT) == 1
    assert other.get_by_role("region", name="Speaker notes").is_visible()
    other.keyboard.press("ArrowRight")
    page.wait_for_function("() => Reveal.getIndices().h === 2")
    page.keyboard.press("End")
    other.wait_for_function("() => Reveal.getIndices().h === 14")
    assert recorder.faults == []


def test_a_phone_and_a_page_without_scripts_read_one_below_the_other(open_deck):
    page, recorder = open_deck(ONE, size=(390, 844))
    assert page.locator(".slide").evaluate_all("all => all.every(s => s.checkVisibility())")
    assert checks.sideways(page, 390) == []
    page.locator("summary").first.click()
    assert page.locator(".ask").first.is_visible()
    assert checks.accessibility(page) + recorder.faults == []


def test_paper_has_one_slide_a_page(open_deck):
    pikepdf = pytest.importorskip("pikepdf")
    page, _ = open_deck(ONE)
    page.evaluate("Reveal.slide(4)")
    for address in ("", "?print-pdf"):
        if address:
            page.goto(page.url.partition("#")[0] + address, wait_until="load")
        made = page.pdf(prefer_css_page_size=True, print_background=True)
        pdf = pikepdf.open(io.BytesIO(made))
        assert len(pdf.pages) == 15
        assert [float(side) for side in pdf.pages[0].mediabox[2:]] == [960, 540]


def test_the_chapter_leads_to_its_slides_and_back(site, new_page):
    page = new_page()
    page.goto(f"{site}book/{ONE}.html")
    page.locator("nav.run-this").get_by_role("link", name="Slides").click()
    page.wait_for_selector("html[data-ready]")
    page.evaluate("Reveal.slide(14)")
    page.locator(".chapter-link a").click()
    page.wait_for_url(f"**/book/{ONE}.html#exercises")


def test_the_slides_are_those_of_the_pages(tmp_path):
    """Made again from the same site, they are what the site has."""
    import shutil

    for name in ("book", "_static"):
        shutil.copytree(SITE / name, tmp_path / "site" / name)
    (tmp_path / "site" / "index.html").write_text("")
    slides.make(tmp_path / "site", stamps=tmp_path / "stamps.json")
    for stem in DECKS:
        again = (tmp_path / "site" / "slides" / f"{stem}.html").read_bytes()
        assert again == (SITE / "slides" / f"{stem}.html").read_bytes(), stem
