"""Every page keeps to ``budgets.toml``: bytes, requests, no third party, a still layout.

Bytes are what Chromium receives from a server that compresses as a static host does. What a
*next* page costs is the part of a first visit that the landing page had not brought; three
pages are visited that way for real, to show that the sum is right.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import threading

import checks
import costs
import pytest
from conftest import SITE
from PIL import Image

from tools import audit, serving

PAGES = audit.pages(SITE) if (SITE / audit.FIRST).is_file() else [audit.FIRST]
LIMITS = audit.budgets()
REALLY_NEXT = [name for name in PAGES if name.startswith(("book/01", "book/10", "book/glossary"))]


@pytest.fixture(scope="module")
def slow_site(built):
    """The built site, with fonts that come late."""
    with serving.served(built, delay=costs.late_fonts) as address:
        yield address


@pytest.fixture(scope="module")
def arrival(slow_site, browser):
    """What the landing page brings into the cache."""
    with fresh(browser, 390) as context:
        return costs.visit(context, slow_site + audit.FIRST, slow_site, scroll=False).files


@contextlib.contextmanager
def fresh(browser, width):
    """A browser that was never here."""
    context = browser.new_context(viewport={"width": width, "height": 844})
    try:
        yield context
    finally:
        context.close()


@pytest.mark.parametrize("path", PAGES)
def test_page_keeps_to_its_budget(path, slow_site, arrival, browser, record_property):
    with fresh(browser, 390) as context:
        cost = costs.visit(context, slow_site + path, slow_site)
    following = sum(size for name, size in cost.files.items() if name not in arrival)
    figures = {
        "first": sum(cost.files.values()),
        "next": following,
        "scrolled": sum(cost.later.values()),
        "requests": len(cost.files),
        "shift": round(cost.shift, 4),
    }
    for name, value in figures.items():
        record_property(name, value)
    if os.environ.get("BOND_COSTS"):  # a table with pytest -s
        print(f"\n{path:40}", *(f"{name} {value}" for name, value in figures.items()))
    assert costs.over_budget(cost, set(arrival), LIMITS) == []


@pytest.mark.parametrize("path", PAGES)
def test_wide_page_stands_still(path, slow_site, browser):
    with fresh(browser, 1280) as context:
        cost = costs.visit(context, slow_site + path, slow_site)
    assert costs.shift_fault(cost, LIMITS) + cost.foreign == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_start_page_stands_still_for_a_reader_who_returns(width, built, browser):
    place = {"page": "book/05-many-trials", "id": "", "title": "5. Many trials, one abstract"}
    kept = json.dumps({"pages": {place["page"]: ["x"]}, "done": {place["page"]: True}, "at": place})
    late_script = lambda address: 0.8 if address.endswith("/reading.js") else 0  # noqa: E731
    with serving.served(built, late_script) as address, fresh(browser, width) as context:
        context.add_init_script(f"localStorage.setItem('bond-read', {json.dumps(kept)});")
        cost = costs.visit(context, address + audit.FIRST, address)
    assert costs.shift_fault(cost, LIMITS) == []


@pytest.mark.parametrize("path", REALLY_NEXT or [audit.FIRST])
def test_next_page_costs_what_is_new(path, slow_site, arrival, browser):
    with fresh(browser, 390) as context:
        alone = costs.visit(context, slow_site + path, slow_site, scroll=False)
    with fresh(browser, 390) as context:
        costs.visit(context, slow_site + audit.FIRST, slow_site, scroll=False)
        after = costs.visit(context, slow_site + path, slow_site, scroll=False)
    new = sum(size for name, size in alone.files.items() if name not in arrival)
    assert sum(after.files.values()) == pytest.approx(new, abs=2000)  # lengths of heads differ


def test_a_later_page_is_set_in_the_books_fonts(built, browser):
    """A page that is not the first has them in time, from the cache."""
    with serving.served(built) as address, fresh(browser, 1280) as context:
        page = context.new_page()
        for _ in range(20):  # a busy machine may miss the moment, but not each time
            page.goto(address + audit.FIRST)
            faults = checks.foreign_fonts(page)
            if not faults:
                break
    assert faults == []


# That the measures see what they are for.


@pytest.fixture
def bad_site(tmp_path, browser):
    """A function that serves one page with files, and gives the faults of a visit."""

    def measure(body, files=(), delay=costs.late_fonts, width=390, cached=()):
        head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>'
        (tmp_path / "index.html").write_text(head + body, encoding="utf-8")
        for name, content in files:
            (tmp_path / name).write_bytes(content)
        with serving.served(tmp_path, delay) as address, fresh(browser, width) as context:
            cost = costs.visit(context, address + "index.html", address)
        return costs.over_budget(cost, set(cached), LIMITS)

    return measure


def test_sees_a_heavy_page(bad_site):
    # Not a spoiled image: a browser stops fetching it once it sees what it is.
    script = ("large.js", b"/*" + os.urandom(450_000).hex().encode() + b"*/")
    faults = bad_site('<script src="large.js"></script>', [script])
    assert any("bytes of a first page" in fault and "large.js" in fault for fault in faults)
    assert any("bytes of a next page" in fault for fault in faults)


def test_sees_a_heavy_next_page_that_is_light_enough_as_a_first(bad_site):
    script = ("large.js", b"/*" + os.urandom(150_000).hex().encode() + b"*/")
    page = '<script src="large.js"></script>'
    assert any("next page" in fault for fault in bad_site(page, [script]))
    assert bad_site(page, [script], cached=["large.js"]) == []


def test_counts_bytes_after_compression(bad_site):
    assert (
        bad_site('<script src="a.js"></script>', [("a.js", b"/*" + b" " * 2_000_000 + b"*/")]) == []
    )


def noise(width, height):
    """A picture that no compression makes smaller, as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.frombytes("RGB", (width, height), os.urandom(3 * width * height)).save(file, "PNG")
    return file.getvalue()


def test_lazy_image_far_below_is_no_part_of_the_first_page(bad_site):
    # A whole image: a browser stops fetching a spoiled one once it sees what it is.
    image = ("large.png", noise(400, 400))
    page = '<div style="height: 9000px"></div><img src="large.png" {} width="9" height="9" alt="">'
    assert bad_site(page.format('loading="lazy"'), [image]) == []
    assert bad_site(page.format(""), [image]) != []


def test_sees_many_requests(bad_site):
    scripts = [(f"{n}.js", b"1") for n in range(LIMITS["requests"]["first_page"] + 1)]
    page = "".join(f'<script src="{name}"></script>' for name, _ in scripts)
    assert any("requests" in fault for fault in bad_site(page, scripts))


def test_sees_a_third_party(bad_site):
    faults = bad_site('<img src="http://elsewhere.example/a.png" width="9" height="9" alt="">')
    assert faults == ["request to a third party: http://elsewhere.example/a.png"]


# Tells the server that text stands on the screen.
PAINTED = (
    '<script>new PerformanceObserver(() => fetch("painted")).observe('
    '{ type: "paint", buffered: true })</script>'
)


def after_paint(suffix):
    """A delay for a kind of file: it comes after the text was painted, however slow that is."""
    painted = threading.Event()

    def delay(address):
        if address.endswith("/painted"):
            painted.set()
        elif address.endswith(suffix):
            painted.wait(costs.PATIENCE)
        return 0

    return delay


def test_sees_an_image_without_a_size(bad_site):
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"/>'
    text = "<p>" + "Text that moves down. " * 40 + PAINTED
    faults = bad_site(f'<img src="a.svg" alt="">{text}', [("a.svg", drawing)], after_paint(".svg"))
    assert any("the layout shifts" in fault for fault in faults)
    sized = f'<img src="a.svg" width="300" height="300" alt="">{text}'
    assert bad_site(sized, [("a.svg", drawing)], after_paint(".svg")) == []


@pytest.mark.parametrize(("display", "still"), [("swap", False), ("optional", True)])
def test_sees_a_late_font_that_moves_text(bad_site, display, still):
    font = ("f.woff2", (audit.book.ROOT / "_static/fonts/BondSerif-Regular.woff2").read_bytes())
    page = (
        f'<style>@font-face {{ font-family: F; src: url("f.woff2"); font-display: {display} }}'
        "p { font: 20px/1.5 F, monospace }</style>"
        f"<p>{'Words that need more room in the one font than in the other. ' * 5}</p>"
        f"<p>{'End. ' * 50}</p>{PAINTED}"
    )
    faults = bad_site(page, [font], after_paint(".woff2"))
    assert (faults == []) is still, faults
