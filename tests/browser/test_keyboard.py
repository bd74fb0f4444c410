"""The book by keyboard alone: every stop is reached in order, and every control works."""

import re

import checks_a11y as a11y
import pytest
from test_site import loaded

CHAPTER = "book/05-many-trials.html"
KINDS = (
    "index.html",
    CHAPTER,
    "book/scoreboard.html",
    "book/glossary.html",
    "book/api/matching.html",
    "search.html",
)


def focused(page):
    """The element that has the focus."""
    return page.locator("*:focus")


def tabbed_to(page, selector, most=80):
    """Press Tab until an element has the focus; that element."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return focused(page)
    raise AssertionError(f"{most} presses of Tab do not reach {selector}")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", KINDS)
def test_tab_reaches_everything_in_order(path, width, site, new_page):
    page = new_page(width=width)
    loaded(page, site + path)
    assert a11y.tab_walk(page) == []


def test_shift_tab_goes_back_the_same_way(site, new_page):
    page = new_page()
    loaded(page, site + "index.html")
    there = []
    for _ in range(12):
        page.keyboard.press("Tab")
        there.append(page.evaluate_handle("document.activeElement"))
    for stop in reversed(there[:-1]):
        page.keyboard.press("Shift+Tab")
        assert stop.evaluate("e => e === document.activeElement")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["index.html", CHAPTER, "book/scoreboard.html"])
def test_the_picture_shows_the_focus(path, theme, site, new_page):
    page = new_page(theme)
    loaded(page, site + path)
    assert a11y.focus_pixels(page) == []


@pytest.mark.parametrize("width", [1280, 320])
def test_the_skip_link_skips(width, site, new_page):
    page = new_page(width=width)
    loaded(page, site + CHAPTER)
    page.keyboard.press("Tab")
    assert "skip" in focused(page).inner_text().lower()
    a11y.settled(page)
    assert a11y.ask(page, "focusFaults.bind(null, document.activeElement)") == []
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_what_is_folded_opens_and_closes_by_key(site, new_page):
    page = new_page()
    loaded(page, site + CHAPTER)
    folds = page.locator("main summary:not(.selfcheck *)").all()
    assert len(folds) > 3
    is_open = "e => e === document.activeElement && e.parentElement.open"
    for fold in folds:  # one inside another comes after it
        fold.press("Enter")
        assert fold.evaluate(is_open), fold.inner_text()
    for fold in reversed(folds):
        fold.press("Space")
        assert not fold.evaluate(is_open), fold.inner_text()


OPEN = "dialog[open]"


def has_focus_inside(page, selector):
    """Whether the focus lies inside."""
    return page.evaluate("s => Boolean(document.activeElement.closest(s))", selector)


def test_the_search_dialog_opens_by_key_and_gives_the_focus_back(site, new_page):
    page = new_page()
    loaded(page, site + CHAPTER)
    button = tabbed_to(page, ".search-button__button")
    page.keyboard.press("Enter")
    page.wait_for_selector(OPEN)
    assert has_focus_inside(page, f"{OPEN} input[type=search], {OPEN} input")
    for _ in range(8):  # a dialog keeps the focus from the page behind it
        page.keyboard.press("Tab")
        assert has_focus_inside(page, f"{OPEN}, body") and not has_focus_inside(
            page, "main article"
        )
    page.locator(f"{OPEN} input").first.focus()
    page.keyboard.press("Escape")
    page.wait_for_selector(OPEN, state="detached")
    assert button.evaluate("e => e.matches('.search-button__button')")
    assert page.evaluate("document.activeElement.matches('.search-button__button')")
    page.keyboard.press("Control+k")
    page.wait_for_selector(OPEN)
    page.keyboard.press("Escape")
    page.wait_for_selector(OPEN, state="detached")


def test_the_contents_open_by_key_on_a_phone(site, new_page):
    page = new_page(width=390)
    loaded(page, site + CHAPTER)
    button = tabbed_to(page, ".primary-toggle")
    assert re.search("contents|sidebar|navigation|menu", name_of(button), re.I)
    page.keyboard.press("Enter")
    page.wait_for_selector(OPEN)
    a11y.settled(page)
    links = page.locator(f"{OPEN} a[href$='12-power.html']")
    assert links.first.is_visible()
    page.keyboard.press("Tab")
    assert has_focus_inside(page, OPEN)
    page.keyboard.press("Escape")
    page.wait_for_selector(OPEN, state="detached")
    assert page.evaluate("document.activeElement.matches('.primary-toggle')")


def name_of(element):
    """The words that a screen reader says for a button."""
    return element.evaluate("e => e.getAttribute('aria-label') || e.title || e.innerText")


def test_the_color_mode_changes_by_key_and_says_so(site, new_page):
    page = new_page()
    loaded(page, site + CHAPTER)
    button = tabbed_to(page, ".theme-switch-button")
    seen = set()
    for _ in range(3):
        seen.add((page.evaluate("document.documentElement.dataset.mode"), name_of(button)))
        page.keyboard.press("Enter")
    assert {mode for mode, _ in seen} == {"light", "dark", "auto"}
    assert len({name for _, name in seen}) == 3, "the name of the button does not tell the mode"


def test_code_is_copied_by_key(site, browser):
    with browser.new_context() as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        loaded(page, site + CHAPTER)
        page.wait_for_selector("button.copybtn", state="attached")
        code = page.locator("main pre").first.inner_text().strip()
        tabbed_to(page, "button.copybtn")
        page.keyboard.press("Enter")
        # What an earlier test copied may still be there.
        page.wait_for_function(
            "code => navigator.clipboard.readText().then(text => text.trim() === code)", arg=code
        )


def test_a_slider_moves_by_key_and_says_where_it_is(site, new_page):
    page = new_page()
    loaded(page, site + CHAPTER)
    slider = page.locator("figure.slider-figure input[type=range]").first
    slider.focus()
    page.keyboard.press("Home")
    figure = page.locator("figure.slider-figure").first
    said = figure.inner_text(), slider.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") not in (None, "", said[1])
    assert figure.inner_text() != said[0]
    assert figure.locator("[aria-live], output, [role=status]").count() >= 1


def test_a_quiz_is_answered_by_key(site, new_page):
    page = new_page()
    loaded(page, site + CHAPTER)
    question = page.locator(".selfcheck .sc-question").first
    choice = question.locator("input[type=radio]").first
    choice.focus()
    before = question.inner_text()
    page.keyboard.press("ArrowDown")  # the next option is chosen, and nothing else happens
    assert question.locator("input[type=radio]").nth(1).is_checked()
    assert question.inner_text() == before
    page.keyboard.press("Enter")
    page.wait_for_function(
        "([e, text]) => e.innerText !== text", arg=[question.element_handle(), before]
    )
    assert len(question.inner_text()) > len(before)
    assert page.locator(".selfcheck [role=status], .selfcheck [aria-live]").count() >= 1


def test_the_scoreboard_is_filtered_by_key(site, new_page):
    page = new_page()
    loaded(page, site + "book/scoreboard.html")
    count = page.locator(".scoreboard-filter output")
    before = count.inner_text()
    choice = page.locator(".scoreboard-filter select").first
    choice.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "([e, text]) => e.innerText !== text", arg=[count.element_handle(), before]
    )
    page.locator(".scoreboard-filter button").first.press("Enter")
    assert count.inner_text() == before
