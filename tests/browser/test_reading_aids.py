"""Every page of the built site, for readers with a keyboard, a screen reader or large text.

What axe finds is in ``test_site.py``. Here: the order of headings and of the
Tab key, marks of focus, underlines, sizes of targets, contrasts that axe does
not measure, zoom, wider text, motion and math.
"""

import re
from collections import Counter
from html import unescape

import checks
import checks_a11y as a11y
import pytest
from conftest import SITE
from test_site import PAGES, loaded

ZOOMED = (640, 320)  # a window of 1280 px at 200 % and at 400 %


@pytest.mark.parametrize("path", PAGES or ["index.html"])
def test_page_in_light(path, site, new_page):
    page = new_page()
    loaded(page, site + path)
    faults = a11y.structure(page) + a11y.formulas(page)
    faults += a11y.link_looks(page) + a11y.targets(page) + a11y.order(page) + a11y.motion(page)
    faults += a11y.focus_marks(page)
    checks.unfold(page)
    faults += a11y.spoken_math(page) + a11y.contrasts(page) + large_text(page)
    assert faults == []


def large_text(page):
    """What is lost or too small when the page is zoomed and its text set wider."""
    faults = []
    for width in ZOOMED:
        a11y.resized(page, width)
        found = a11y.lost(page) + a11y.targets(page)
        faults += [f"at {width} px, {fault}" for fault in found]
    a11y.resized(page, 1280)
    a11y.set_letters(page, 32)
    found = a11y.lost(page) + checks.sideways(page, 1280)
    faults += [f"with letters twice as large, {fault}" for fault in found]
    a11y.set_letters(page, 16)
    a11y.space_text(page)
    for width in (1280, 320):
        a11y.resized(page, width)
        found = a11y.lost(page) + checks.sideways(page, width)
        faults += [f"with wider text at {width} px, {fault}" for fault in found]
    return faults


@pytest.mark.parametrize("path", PAGES or ["index.html"])
def test_page_in_dark(path, site, new_page):
    page = new_page("dark")
    loaded(page, site + path)
    faults = a11y.link_looks(page) + a11y.focus_marks(page)
    checks.unfold(page)
    assert faults + a11y.contrasts(page) == []


def test_every_title_is_another(site):
    titles = Counter(
        unescape(re.search(r"<title>(.*?)</title>", (SITE / path).read_text("utf-8"), re.S)[1])
        for path in PAGES
    )
    assert len(PAGES) > 20
    assert [title for title, count in titles.items() if count > 1] == []


def test_there_are_formulas_to_check(site, new_page):
    page = new_page()
    counted = 0
    for path in PAGES:
        if 'class="katex"' in (SITE / path).read_text("utf-8"):
            loaded(page, site + path)
            counted += page.locator(".katex").count()
    assert counted > 50  # else the checks of math say nothing


SAMPLE = (
    "index.html",
    "book/05-many-trials.html",
    "book/14-three-worlds.html",
    "book/scoreboard.html",
    "book/map.html",
    "book/api/matching.html",
    "search.html",
)


@pytest.mark.parametrize("path", SAMPLE)
def test_page_in_forced_colors(path, site, new_page):
    page = new_page()
    faults = []
    for scheme in ("light", "dark"):
        page.emulate_media(forced_colors="active", color_scheme=scheme)
        loaded(page, site + path)
        found = a11y.forced(page) + a11y.focus_marks(page)
        faults += [f"{scheme}: {fault}" for fault in found]
    assert faults == []


@pytest.mark.parametrize("size", [(390, 844), (844, 390)], ids=["upright", "lying"])
@pytest.mark.parametrize("path", SAMPLE)
def test_page_on_a_phone_held_either_way(path, size, site, new_page):
    page = new_page(width=size[0])
    page.set_viewport_size({"width": size[0], "height": size[1]})
    loaded(page, site + path)
    assert page.locator("main h1").is_visible()
    assert a11y.focus_marks(page) + a11y.lost(page) + a11y.targets(page) == []
