"""The page around the text: policy, colors, contents, copying, printing, with every key."""

import re

import checks
import costs
import pytest
from conftest import SITE
from test_site import loaded

from tools import serving

CHAPTER = "book/01-headline.html"
TALL = "book/10-four-weeks-twelve-months.html"


@pytest.fixture
def chapter(site, new_page):
    """A chapter on a wide screen."""
    page = new_page()
    loaded(page, site + CHAPTER)
    return page


@pytest.fixture
def phone(site, new_page):
    """A chapter on a phone."""
    page = new_page(width=390)
    loaded(page, site + CHAPTER)
    return page


def focused(page):
    """The selector-like name of what has the focus."""
    return page.evaluate(
        "() => document.activeElement.id || document.activeElement.className"
    )


# The policy

BREACHES = """() => {
    window.breaches = [];
    document.addEventListener('securitypolicyviolation', event =>
        window.breaches.push(event.effectiveDirective));
}"""


@pytest.mark.parametrize("address", ["served", "folder"])
def test_the_policy_stops_what_is_not_of_the_site(address, site, new_page):
    page = new_page()
    page.goto(site + CHAPTER if address == "served" else (SITE / CHAPTER).as_uri())
    page.evaluate(BREACHES)
    page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.injected = true';
            document.head.append(script);
            const image = document.createElement('img');
            image.src = 'https://example.org/x.png';
            document.body.append(image);
            const style = document.createElement('style');
            style.textContent = 'h1 { display: none }';
            document.head.append(style);
            document.body.insertAdjacentHTML('beforeend', '<p id="x" onclick="window.clicked = 1">');
            document.getElementById('x').click();
        }"""
    )
    page.wait_for_function("() => window.breaches.length >= 4")
    found = set(page.evaluate("() => window.breaches"))
    assert found >= {"script-src-elem", "script-src-attr", "img-src", "style-src-elem"}
    assert page.evaluate("() => [window.injected, window.clicked]") == [None, None]
    assert page.locator("h1").first.is_visible()


def test_every_page_has_the_policy():
    pages = [path for path in SITE.rglob("*.html") if "lite" not in path.parts]
    if not pages:
        pytest.skip("the site is not built: run 'make book'")
    without = [
        path.name
        for path in pages
        if "Content-Security-Policy" not in path.read_text(encoding="utf-8")[:600]
    ]
    assert without == []


# Colors


@pytest.mark.parametrize("system", ["light", "dark"])
def test_colors_follow_the_system_until_one_chooses(system, site, browser):
    with browser.new_context(color_scheme=system) as context:
        page = context.new_page()
        recorder = checks.Recorder(page, site)
        loaded(page, site + CHAPTER)
        theme = "() => document.documentElement.dataset.theme"
        assert page.evaluate(theme) == system
        button = page.locator(".theme-switch-button")
        other = "dark" if system == "light" else "light"
        names = []
        for expected in (other, system, system):  # the other one, the same by choice, auto
            button.press("Enter")
            assert page.evaluate(theme) == expected
            names.append(button.get_attribute("aria-label"))
            assert "theme-switch-button" in focused(page)
        assert len(set(names)) == 3
        button.press("Space")
        page.reload()
        assert page.evaluate(theme) == other
        page.wait_for_function("() => document.querySelector('.theme-switch-button').title")
        button.press("Enter")
        button.press("Enter")  # auto
        page.emulate_media(color_scheme=other)
        page.wait_for_function(f"() => document.documentElement.dataset.theme === '{other}'")
        assert recorder.faults == []


def test_a_choice_made_on_the_next_page_holds_on_the_way_back(site, browser):
    with browser.new_context(color_scheme="light") as context:
        page = context.new_page()
        loaded(page, site + CHAPTER)
        loaded(page, site + "index.html")
        page.locator(".theme-switch-button").press("Enter")
        page.go_back()
        page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
        assert page.locator(".theme-switch-button").get_attribute("aria-label") == "Color mode: dark"


def test_no_flash_of_the_wrong_colors(site, new_page):
    page = new_page("dark")
    page.route("**/book.js*", lambda route: route.abort())
    page.goto(site + CHAPTER)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 25, 30)"


def test_a_closed_storage_harms_nothing(site, browser):
    with browser.new_context() as context:
        context.add_init_script(
            "Object.defineProperty(window, 'localStorage', {get() { throw new Error('closed'); }})"
        )
        page = context.new_page()
        recorder = checks.Recorder(page, site)
        loaded(page, site + CHAPTER)
        page.locator(".theme-switch-button").click()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert recorder.faults == []


def test_without_scripts_nothing_offers_what_it_cannot_do(site, browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + CHAPTER)
        assert not page.locator(".theme-switch-button").is_visible()
        assert not page.locator(".search-button__button").first.is_visible()
        assert page.locator("main h1").first.is_visible()


# Search, contents


def test_the_search_dialog_opens_closes_and_gives_the_focus_back(chapter):
    button = chapter.locator(".search-button-field")
    button.press("Enter")
    assert chapter.locator("#pst-search-dialog").evaluate("d => d.open")
    assert chapter.evaluate("document.activeElement.type") == "search"
    chapter.keyboard.press("Escape")
    assert not chapter.locator("#pst-search-dialog").evaluate("d => d.open")
    assert "search-button-field" in focused(chapter)
    chapter.keyboard.press("Control+k")
    assert chapter.locator("#pst-search-dialog").evaluate("d => d.open")
    chapter.mouse.click(5, 5)
    assert not chapter.locator("#pst-search-dialog").evaluate("d => d.open")


@pytest.mark.parametrize(
    ("toggle", "name", "link"),
    [
        ("primary-toggle", "Contents of the book", "02-study.html"),
        ("secondary-toggle", "On this page", "#the-claims-as-data"),
    ],
)
def test_contents_on_a_phone(toggle, name, link, phone):
    links = phone.locator(f'[id$="sidebar"] a[href="{link}"]')
    assert not links.first.is_visible()
    button = phone.get_by_role("button", name=name)
    assert toggle in button.get_attribute("class")
    button.press("Enter")
    dialog = phone.get_by_role("dialog", name=name)
    assert dialog.locator(f'a[href="{link}"]').is_visible()
    assert checks.accessibility(phone) == []
    phone.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert toggle in focused(phone)
    button.click()
    dialog.get_by_role("button", name="Close").click()
    assert not dialog.is_visible() and toggle in focused(phone)
    button.click()
    dialog.locator(f'a[href="{link}"]').click()
    phone.wait_for_url(f"**{link}")
    assert phone.locator("dialog[open]").count() == 0


def test_a_dialog_gives_its_contents_back_when_the_screen_grows(phone):
    phone.locator(".primary-toggle").click()
    phone.set_viewport_size({"width": 1280, "height": 900})
    phone.wait_for_function("() => !document.querySelector('dialog[open]')")
    phone.locator('#pst-primary-sidebar a[href="02-study.html"]').wait_for(state="visible")


def test_the_contents_fold_away_on_a_wide_screen(chapter):
    button = chapter.locator(".primary-toggle")
    link = chapter.locator('#pst-primary-sidebar a[href="02-study.html"]')
    assert button.get_attribute("aria-expanded") == "true" and link.is_visible()
    button.press("Enter")
    assert button.get_attribute("aria-expanded") == "false" and not link.is_visible()
    button.press("Enter")
    assert link.is_visible()


def test_the_page_of_a_late_chapter_is_in_view_in_the_contents(site, new_page):
    page = new_page()
    page.set_viewport_size({"width": 1280, "height": 500})
    loaded(page, site + "book/references.html")
    box = page.locator("#pst-primary-sidebar a.current").bounding_box()
    assert 0 < box["y"] < 500


def test_on_this_page_marks_the_section_that_is_read(chapter):
    chapter.evaluate("document.getElementById('the-claims-as-data').scrollIntoView()")
    chapter.wait_for_selector('.page-toc a[aria-current="location"]')
    marked = chapter.locator('.page-toc a[aria-current="location"]')
    assert [a.get_attribute("href") for a in marked.all()] == ["#the-claims-as-data"]
    chapter.evaluate("scrollTo(0, 0)")
    chapter.wait_for_function("() => !document.querySelector('.page-toc a[aria-current]')")


def test_back_to_the_top(phone):
    button = phone.locator("#pst-back-to-top")
    phone.evaluate("scrollTo(0, 4000)")
    checks.painted(phone)  # the page has noticed
    assert not button.is_visible()
    phone.evaluate("scrollTo(0, 3800)")
    button.wait_for(state="visible")
    button.click()
    phone.wait_for_function("() => scrollY === 0")
    assert focused(phone) == "main-content"


def test_the_skip_link_moves_the_focus(chapter):
    chapter.keyboard.press("Tab")
    assert chapter.locator(".skip-link a").is_visible()
    chapter.keyboard.press("Enter")
    assert focused(chapter) == "main-content"


# Code and permalinks


@pytest.mark.parametrize("way", ["clipboard", "field"])
def test_a_button_copies_the_code(way, site, browser):
    with browser.new_context(reduced_motion="reduce") as context:
        if way == "clipboard":
            context.grant_permissions(["clipboard-read", "clipboard-write"])
        else:
            context.add_init_script("delete Navigator.prototype.clipboard")
        page = context.new_page()
        loaded(page, site + CHAPTER)
        page.evaluate("document.addEventListener('copy', () => (window.copying = true))")
        button = page.locator(".cell_input .copybtn").first
        button.focus()
        assert button.evaluate("b => getComputedStyle(b).opacity") == "1"
        button.press("Enter")
        page.wait_for_function(
            "() => [...document.querySelectorAll('[role=status]')].some(e => e.textContent === 'Copied')"
        )
        code = page.locator(".cell_input pre").first.text_content().rstrip("\n")
        if way == "clipboard":
            assert page.evaluate("navigator.clipboard.readText()") == code
        else:
            assert page.evaluate("window.copying") is True
        assert "copybtn" in focused(page)
        assert checks.icons(page) == []


def test_results_have_no_copy_button(chapter):
    assert chapter.locator(".cell_output .copybtn").count() == 0
    assert chapter.locator(".cell_input .copybtn").count() > 5


def test_permalinks_take_the_focus_and_say_where_they_lead(chapter):
    link = chapter.get_by_role("link", name="Link to: 1.2. The claims as data")
    assert link.evaluate("a => getComputedStyle(a).opacity") == "0"
    link.focus()
    assert link.evaluate("a => getComputedStyle(a).opacity") == "1"
    assert link.get_attribute("href") == "#the-claims-as-data"


# Weight and calm


def test_late_fonts_move_nothing(built, new_page):
    page = new_page(width=390)
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver(list => list.getEntries().forEach(e => (window.shift += e.value)))
            .observe({type: 'layout-shift', buffered: true});"""
    )
    with serving.served(built, delay=costs.late_fonts) as address:
        loaded(page, address + TALL)
    assert page.evaluate("window.shift") < 0.02


def test_reduced_motion_stops_all(chapter):
    moving = chapter.evaluate(
        """() => [...document.querySelectorAll('*')].filter(e =>
            ['', '::before', '::after'].some(part => {
                const style = getComputedStyle(e, part || null);
                return parseFloat(style.transitionDuration) > 0
                    || (style.animationName !== 'none' && parseFloat(style.animationDuration) > 0);
            })).map(e => e.className).slice(0, 5)"""
    )
    assert moving == []


# Paper


def test_paper_is_light_and_without_navigation(site, new_page):
    page = new_page("dark")
    loaded(page, site + CHAPTER)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    ink = page.evaluate("getComputedStyle(document.querySelector('main p')).color")
    assert re.fullmatch(r"rgb\((\d+), \1, \1\)", ink) and int(re.findall(r"\d+", ink)[0]) < 40
    for selector in (
        "#pst-primary-sidebar", "#pst-secondary-sidebar", ".bd-header-article", ".copybtn",
        ".prev-next-footer", ".headerlink", "#pst-back-to-top",
    ):  # fmt: skip
        assert not page.locator(selector).first.is_visible(), selector
    assert page.locator("main h1").first.is_visible()


def test_paper_shows_what_is_folded_and_folds_it_again(chapter):
    fold = "details.fold, div.cell details.hide"
    count = f"document.querySelectorAll('{fold}').length"
    opened = f"[...document.querySelectorAll('{fold}')].filter(d => d.open).length"
    assert chapter.evaluate(count) > 0 and chapter.evaluate(opened) == 0
    chapter.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert chapter.evaluate(opened) == chapter.evaluate(count)
    assert chapter.evaluate("document.querySelectorAll('.sc-option[open]').length") == 0
    chapter.evaluate("dispatchEvent(new Event('afterprint'))")
    assert chapter.evaluate(opened) == 0


def test_paper_names_the_address_of_a_link_to_elsewhere(site, new_page):
    page = new_page()
    loaded(page, site + "book/references.html")
    page.emulate_media(media="print")
    content = page.evaluate(
        """() => getComputedStyle(
            document.querySelector('main article a[href^="http"]'), '::after').content"""
    )
    assert "http" in content
