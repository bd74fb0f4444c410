"""Every page of the built site, in Chromium, light and dark."""

import checks
import pytest
from conftest import SITE

# JupyterLite is a program of others, with pages and tests of its own (test_run.py); slides are
# made from the pages, and have tests of their own (test_slide_decks.py).
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if path.relative_to(SITE).parts[0] not in {"lite", "slides", "_static"}
)


def loaded(page, address):
    """Open an address and wait until the page stands still."""
    page.goto(address, wait_until="load")
    page.evaluate("document.fonts.ready.then(() => true)")
    checks.painted(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES or ["index.html"])
def test_page(path, theme, site, new_page):
    page = new_page(theme)
    recorder = checks.Recorder(page, site)
    loaded(page, site + path)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    faults = checks.images(page) + checks.icons(page) + checks.fonts(page)
    if path.startswith("book/"):  # the landing page is no page of prose
        faults += checks.measure(page)
    checks.unfold(page)
    faults += checks.accessibility(page)
    for width in (1280, 390, 320):
        faults += checks.sideways(page, width)
    if theme == "light":  # a narrow page has the colors of a wide one, which were looked at
        found = checks.accessibility(page, colors=False)
        faults += [f"at 320 px, {fault}" for fault in found]
    faults += recorder.faults
    assert faults == []


def test_measure_is_known_on_a_chapter(site, new_page):
    page = new_page()
    counted = 0
    for path in [path for path in PAGES if path.startswith("book/0")]:
        loaded(page, site + path)
        counted += len(checks.line_lengths(page))
    assert counted > 25  # else the check of the measure says nothing


def test_search_finds_a_page(site, new_page):
    page = new_page()
    recorder = checks.Recorder(page, site)
    loaded(page, site + "search.html?q=alliance")
    page.wait_for_selector("#search-results li a")
    assert checks.accessibility(page) + recorder.faults == []


NEEDS_HOST = {"404.html"}  # its links start at the host's root


@pytest.mark.parametrize("path", [p for p in PAGES if p not in NEEDS_HOST] or ["index.html"])
def test_page_opens_from_a_folder(path, site, new_page):
    page = new_page()
    recorder = checks.Recorder(page, SITE.as_uri())
    loaded(page, (SITE / path).as_uri())
    # Asked last: some versions of Chromium report their own inspector's look at a file.
    faults = checks.images(page) + recorder.faults
    assert faults + checks.fonts(page) == []


def test_works_without_scripts(site, browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + "index.html")
        assert page.locator("main article h1").is_visible()
