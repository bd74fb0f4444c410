"""What was read, where one stopped, minutes, next and previous, and the keys."""

import json

import checks
import pytest
from bs4 import BeautifulSoup
from conftest import SITE
from test_site import PAGES, loaded

from tools import book, chapter_map

CHAPTER = "book/05-many-trials"
SMALL = "book/02-study"


@pytest.fixture
def opened(site, new_page):
    """A function that opens a page, with what an earlier visit left behind."""

    def open_page(path, kept=None, page=None, **options):
        page = page or new_page(**options)
        if kept is not None:
            page.goto(site + "search.html")
            page.evaluate("kept => localStorage.setItem('bond-read', kept)", kept)
        loaded(page, f"{site}{path}.html")
        return page

    return open_page


def remembered(page):
    """What the browser keeps about reading."""
    return json.loads(page.evaluate("localStorage.getItem('bond-read')") or "{}")


def kept(pages=None, done=(), at=None):
    """The text that an earlier visit left behind."""
    return json.dumps({"pages": pages or {}, "done": dict.fromkeys(done, True), "at": at})


# What was read


def test_the_end_of_a_section_must_be_looked_at(opened):
    page = opened(SMALL)
    assert remembered(page).get("pages", {}) == {}
    section = page.locator("main article > section > section").first
    name = section.get_attribute("id")
    section.locator(".section-end").scroll_into_view_if_needed()
    mark = page.locator(f"#pst-page-toc-nav a[href='#{name}'] .read-mark")
    mark.wait_for(state="attached")
    assert name in remembered(page)["pages"][SMALL]
    assert mark.text_content() == ", read"
    assert page.locator(".bd-docs-nav a.current .read-mark").text_content() == ", begun"
    assert checks.accessibility(page) == []


# A busy browser says late that something is out of sight; this one never says it.
BUSY = """
window.IntersectionObserver = class extends IntersectionObserver {
    constructor(heard) {
        super((entries, self) => heard(entries.filter(entry => entry.isIntersecting), self));
    }
};
"""


@pytest.mark.parametrize("script", ["", BUSY], ids=["quick", "busy"])
def test_passing_by_is_not_reading(script, opened, new_page):
    page = new_page()
    page.add_init_script(script)
    page = opened(SMALL, page=page)
    # In one go: on a slow machine the time between two commands may be longer than a look.
    page.evaluate(
        """() => new Promise(done => {
            scrollTo({top: document.body.scrollHeight, behavior: 'instant'});
            setTimeout(() => { scrollTo({top: 0, behavior: 'instant'}); done(); }, 150);
        })"""
    )
    page.wait_for_timeout(1300)
    ids = page.evaluate("[...document.querySelectorAll('main article > section > section')].map(s => s.id)")
    assert ids[-1] not in remembered(page).get("pages", {}).get(SMALL, [])


def test_a_chapter_is_read_when_its_text_is(opened):
    page = opened(SMALL)
    ids = page.evaluate("[...document.querySelectorAll('main article > section > section')].map(s => s.id)")
    text = [name for name in ids if name not in {"key-terms", "exercises", "self-check"}]
    assert len(text) < len(ids)
    page = opened(SMALL, kept({SMALL: text[1:]}), page)
    page.locator(f"#{text[0]} > .section-end").scroll_into_view_if_needed()
    page.wait_for_function("() => localStorage.getItem('bond-read').includes('\"done\":{\"')")
    assert remembered(page)["done"] == {SMALL: True}
    assert page.locator(".bd-docs-nav a.current .read-mark").text_content() == ", read"


def test_the_start_page_leads_back(opened):
    at = {"page": CHAPTER, "id": "what-a-sentence-adds", "title": "5.3. What a sentence adds"}
    page = opened("index", kept({CHAPTER: ["x"]}, ["book/01-headline"], at))
    line = page.locator(".start-reading")
    assert line.inner_text() == "Continue where you stopped: 5.3. What a sentence adds"
    assert page.locator(".chapter-list a[href*='01-headline'] .read-mark").text_content() == ", read"
    assert page.locator(".chapter-list a[href*='05-many'] .read-mark").text_content() == ", begun"
    assert checks.accessibility(page) == []
    line.locator("a").click()
    page.wait_for_url("**/05-many-trials.html#what-a-sentence-adds")


def test_after_a_chapter_the_next_one_is_offered(opened):
    at = {"page": CHAPTER, "id": "self-check", "title": "5.13. Self-check"}
    page = opened("index", kept({CHAPTER: ["x"]}, [CHAPTER], at))
    assert page.locator(".start-reading").inner_text().endswith("; next comes 6. Did depression improve?")


def test_a_first_visitor_is_sent_to_the_first_chapter_and_nothing_moves(opened):
    page = opened("index")
    assert page.locator(".start-reading").inner_text().startswith("Start reading: 1. ")
    before = page.locator("main article h2").first.bounding_box()["y"]
    at = {"page": CHAPTER, "id": "", "title": "5. Many trials, one abstract"}
    page = opened("index", kept({CHAPTER: ["x"]}, [], at), page)
    assert page.locator("main article h2").first.bounding_box()["y"] == before


def test_the_place_is_kept(opened):
    page = opened(SMALL)
    heading = page.locator("main article h2").nth(2)
    heading.evaluate("h => scrollTo({top: h.getBoundingClientRect().top + scrollY - 100, behavior: 'instant'})")
    page.wait_for_function("() => (JSON.parse(localStorage.getItem('bond-read') || '{}').at || {}).id")
    at = remembered(page)["at"]
    assert at["page"] == SMALL and at["title"].startswith("2.3. ") and "#" not in at["title"]


def test_reading_can_be_forgotten(opened):
    page = opened("book/students", kept({CHAPTER: ["x"]}, ["book/01-headline"]))
    status = page.locator(".reading-status")
    assert status.inner_text() == "In this browser: 1 chapter begun, 1 read to the end."
    page.get_by_role("button", name="Forget what I have read").press("Enter")
    assert "nothing is kept" in status.inner_text()
    assert page.evaluate("localStorage.getItem('bond-read')") is None
    assert page.locator(".read-mark").count() == 0
    assert page.evaluate("document.activeElement.className") == "forget-reading"


@pytest.mark.parametrize("text", ["{", "null", "[]", '"x"', '{"pages": 3, "done": null, "at": 5}',
                                  '{"pages": {"book/02-study": "x"}, "at": {"page": 4}}'])  # fmt: skip
def test_spoiled_memory_breaks_nothing(text, opened, new_page):
    page = new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    opened(SMALL, text, page)
    opened("index", None, page)
    assert errors == [] and page.locator(".start-reading a").count() == 1


def test_a_browser_that_keeps_nothing_works(site, browser):
    with browser.new_context() as context:
        context.add_init_script(
            "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }});"
            "window.failed = []; addEventListener('error', e => { if (/reading|search/.test(e.filename)) failed.push(e.message); });"
        )
        page = context.new_page()
        page.goto(site + "index.html", wait_until="load")
        page.keyboard.press("?")
        assert page.locator(".keys-dialog[open]").count() == 1
        page.keyboard.press("Escape")
        page.goto(site + f"{SMALL}.html", wait_until="load")
        page.locator(".section-end").first.scroll_into_view_if_needed()
        page.wait_for_timeout(1300)
        assert page.evaluate("failed") == []


def test_without_scripts_there_is_nothing_to_see(site, browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + "book/students.html")
        assert page.locator(".forget-reading, .reading-status, .read-mark").count() == 0
        page.goto(site + "index.html")
        assert page.locator(".start-reading").inner_text().startswith("Start reading: 1. ")


# Minutes, next and previous


def soup_of(path):
    """A built page, parsed."""
    return BeautifulSoup((SITE / path).read_text(encoding="utf-8"), "html.parser")


@pytest.mark.skipif(not PAGES, reason="the site is not built: run 'make book'")
def test_contents_and_start_page_say_the_minutes():
    minutes = [f"{each.minutes} min" for each in chapter_map.chapters()]
    for path in ("index.html", f"{CHAPTER}.html", "book/api/matching.html"):
        found = [span.text for span in soup_of(path).select(".bd-docs-nav .minutes")]
        assert found == minutes, path
    assert [span.text for span in soup_of("index.html").select(".chapter-list .minutes")] == minutes


@pytest.mark.skipif(not PAGES, reason="the site is not built: run 'make book'")
def test_each_page_leads_to_the_next_and_the_previous_in_reading_order():
    names = book.toc_pages()
    for i, name in enumerate(names):
        soup = soup_of(f"{name}.html")
        folder = (SITE / name).parent
        for selector, other in ((".left-prev", i - 1), (".right-next", i + 1)):
            link = soup.select_one(f".prev-next-area {selector}")
            if not 0 <= other < len(names):
                assert link is None
                continue
            assert (folder / link["href"]).resolve() == SITE / f"{names[other]}.html"
            assert link.select_one(".prev-next-title").text.strip()
            relation = "prev" if other < i else "next"
            assert soup.find("link", rel=relation)["href"] == link["href"]


def test_on_this_page_can_be_reached_on_a_phone(opened):
    page = opened(CHAPTER, width=390)
    page.locator(".secondary-toggle").click()
    page.locator("dialog[open]").get_by_role("link", name="5.3. What a sentence adds").click()
    page.wait_for_url("**#what-a-sentence-adds")


# Keys


def test_the_list_of_keys_opens_by_key_and_by_button(opened):
    page = opened(CHAPTER)
    button = page.get_by_role("button", name="Keyboard shortcuts")
    button.focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    assert dialog.is_visible() and dialog.locator("tr").count() == 9
    assert checks.accessibility(page) == []
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.className").startswith("keys-button")
    button.click()
    page.get_by_role("button", name="Close").click()
    assert not dialog.is_visible()


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_list_of_keys_fits(theme, width, opened):
    page = opened(CHAPTER, theme=theme, width=width)
    page.keyboard.press("?")
    box = page.locator(".keys-dialog").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert page.locator(".keys-dialog").evaluate("d => d.scrollWidth <= d.clientWidth")
    assert checks.accessibility(page) == []


def test_keys_move_through_the_book(opened):
    page = opened(CHAPTER)
    page.keyboard.press("n")
    page.wait_for_url("**/06-depression.html")
    page.keyboard.press("p")
    page.wait_for_url("**/05-many-trials.html")
    # In one go: the second key must come within a second of the first.
    page.evaluate(
        """for (const key of "gh")
            document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}))"""
    )
    page.wait_for_url("**/index.html")


def test_c_leads_to_the_contents(opened):
    for width in (1280, 390):
        page = opened(CHAPTER, width=width)
        page.keyboard.press("c")
        page.wait_for_function("() => document.activeElement.closest('.bd-docs-nav a.current')")
        assert page.evaluate("document.activeElement.checkVisibility()")


def test_t_changes_the_color_mode(opened):
    page = opened(CHAPTER)
    before = page.evaluate("document.documentElement.dataset.mode")
    page.keyboard.press("t")
    page.wait_for_function("before => document.documentElement.dataset.mode !== before", arg=before)


@pytest.mark.parametrize("press", ["n", "g h", "?", "/", "t"])
def test_keys_rest_while_one_types_or_holds_another_key(press, opened):
    page = opened(CHAPTER)
    page.evaluate("document.querySelector('main article').prepend(document.createElement('textarea'))")
    page.locator("textarea").focus()
    for one in press.split():
        page.keyboard.press(one)
    assert page.locator("textarea").input_value() == press.replace(" ", "")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Alt+n")
    page.keyboard.press("Shift+N")
    page.wait_for_timeout(100)
    assert page.url.endswith("05-many-trials.html") and page.locator("dialog[open]").count() == 0


def test_keys_rest_on_a_slider_and_in_a_dialog(opened):
    page = opened(CHAPTER)
    page.locator("main input[type=range]").first.focus()
    page.keyboard.press("n")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    page.keyboard.press("n")
    page.wait_for_timeout(150)
    assert page.url.endswith("05-many-trials.html")


def test_keys_can_be_switched_off_for_good(opened):
    page = opened(CHAPTER)
    page.keyboard.press("?")
    page.get_by_role("checkbox", name="Single-key shortcuts are on").press("Space")
    page.keyboard.press("Escape")
    page.reload()
    for key in ("?", "n", "/"):
        page.keyboard.press(key)
    page.wait_for_timeout(150)
    assert page.url.endswith("05-many-trials.html") and page.locator("dialog[open]").count() == 0
    page.keyboard.press("Control+k")  # no single key, so still on
    assert page.locator("#pst-search-dialog[open]").count() == 1
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("checkbox").press("Space")
    assert page.evaluate("localStorage.getItem('bond-keys')") is None


def test_a_held_key_does_not_leaf_on(opened):
    page = opened(CHAPTER)
    page.evaluate(
        "dispatchEvent(new KeyboardEvent('keydown', {key: 'n', repeat: true, bubbles: true, cancelable: true}))"
    )
    page.wait_for_timeout(100)
    assert page.url.endswith("05-many-trials.html")


def test_paper_shows_none_of_it(opened):
    page = opened(CHAPTER, kept({CHAPTER: ["two-trials-one-abstract"]}))
    page.emulate_media(media="print")
    assert page.locator(".keys-button, .read-mark, .mark-bar, #pst-search-dialog").locator("visible=true").count() == 0
