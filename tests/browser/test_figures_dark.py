"""Figures in Chromium: they follow the page's color mode, stay light on paper, and move nothing."""

import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import SITE
from helpers import figures
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "_ext"), str(ROOT / "tests")]
import bond_figures as bond
from drawing import drawn

LIGHT, DARK = figures.GROUND, figures.DARK[figures.GROUND]
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'"
)
CHAPTER = "book/06-depression.html"
CLOSE = 3  # levels of 255 that rounding may add to a color
EDGE = (3, 3)


def picture(locator) -> Image.Image:
    """What is painted where an element stands."""
    return Image.open(io.BytesIO(locator.screenshot())).convert("RGB")


def color_at(locator, place=EDGE) -> str:
    """The color painted at a place of an element."""
    return "#{:02x}{:02x}{:02x}".format(*picture(locator).getpixel(place))


def far(one: str, other: str) -> int:
    """The largest difference of two colors in a channel."""
    return max(abs(int(one[i : i + 2], 16) - int(other[i : i + 2], 16)) for i in (1, 3, 5))


def loaded(page):
    """Wait until every picture has come, also those that wait to be scrolled to."""
    page.evaluate(
        "Promise.all([...document.images].map(i => { i.loading = 'eager'; return i.decode(); }))"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page under the site's policy, with a figure and one that holds a bitmap."""
    folder = tmp_path_factory.mktemp("figures")
    for name, rasterized in (("one", False), ("bitmap", True)):
        svg = bond.following_the_page(bond.written_small(drawn(rasterized=rasterized, color="#22242a")))
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    style = (ROOT / "_static" / "figures.css").read_text(encoding="utf-8")
    (folder / "figures.css").write_text(style, encoding="utf-8")
    (folder / "page.html").write_text(
        f'<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{CSP}"><title>A page</title>'
        f'<link rel="stylesheet" href="figures.css"></head><body class="bd-content">'
        f'<article class="bd-article"><figure><img id="one" alt="A figure" src="one.svg"></figure>'
        f'<figure><img id="bitmap" alt="A figure" src="bitmap.svg"></figure></article></body></html>',
        encoding="utf-8",
    )
    return folder


@pytest.fixture(params=["http", "file"])
def address(request, folder, serve):
    """The page's address, on a server and in a folder."""
    return serve(folder) + "page.html" if request.param == "http" else (folder / "page.html").as_uri()


@pytest.mark.parametrize("system", ["light", "dark"])
def test_a_figure_follows_the_page_and_not_the_system(address, browser, system):
    with browser.new_context(color_scheme=system) as context:
        page = context.new_page()
        page.goto(address)
        loaded(page)
        figure = page.locator("#one")
        assert color_at(figure) == LIGHT
        page.evaluate("document.documentElement.dataset.theme = 'dark'")  # what the switch does
        assert color_at(figure) == DARK
        page.emulate_media(media="print")
        assert color_at(figure) == LIGHT
        page.emulate_media(media="screen")
        page.evaluate("document.documentElement.dataset.theme = 'light'")
        assert color_at(figure) == LIGHT


def test_the_marks_of_a_bitmap_stand_out_in_the_dark(address, browser):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(address)
        loaded(page)
        light = picture(page.locator("#bitmap"))
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        dark = picture(page.locator("#bitmap"))
    # the densest part of the bitmap: ink on light becomes light on dark
    box = (light.width // 3, light.height // 3, light.width // 2, light.height // 2)
    light, dark = (np.asarray(image.crop(box).convert("L")).astype(int) for image in (light, dark))
    assert light.min() < 90 and light.max() > 240
    assert dark.max() > 180 and dark.min() < 40


def test_paper_is_light(folder, browser):
    pypdf = pytest.importorskip("pypdf", reason="pypdf is missing: run 'make browser'")
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto((folder / "page.html").as_uri())
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        loaded(page)
        file = pypdf.PdfReader(io.BytesIO(page.pdf(print_background=True)))
    painted = set()
    for number in range(1, len(file.xref[0]) + 1):
        thing = file.get_object(number)
        if isinstance(thing, pypdf.generic.StreamObject) and thing.get("/Subtype") != "/Image":
            channels = re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg", thing.get_data())
            painted |= {"#" + "".join(f"{round(255 * float(c)):02x}" for c in rgb) for rgb in channels}
    assert LIGHT in painted and DARK not in painted


# The built site


def open_chapter(new_page, site, theme, path=CHAPTER):
    page = new_page(theme)
    page.goto(site + path)
    loaded(page)
    return page


def test_the_figures_of_a_chapter_follow_it(site, new_page):
    for theme, ground in (("light", LIGHT), ("dark", DARK)):
        page = open_chapter(new_page, site, theme)
        pictures = page.locator(".bd-article figure img")
        assert pictures.count() >= 4
        for i in range(pictures.count()):
            assert far(color_at(pictures.nth(i)), ground) <= CLOSE, f"figure {i} in {theme}"


def test_the_figures_of_a_dark_chapter_are_light_on_paper(site, new_page):
    page = open_chapter(new_page, site, "dark")
    page.emulate_media(media="print")
    assert color_at(page.locator(".bd-article figure img").first) == LIGHT


def test_late_pictures_are_there_on_paper(site, new_page):
    page = new_page()
    page.goto(site + CHAPTER)
    page.pdf()
    assert page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length") == 0


def test_no_picture_moves_what_is_around_it(site, new_page):
    page = new_page(width=390)
    page.goto(site + CHAPTER)
    heights = "[...document.querySelectorAll('.bd-article figure img')].map(i => i.getBoundingClientRect().height)"
    before = page.evaluate(heights)
    assert min(before) > 100  # the room is there before the picture is
    loaded(page)
    assert page.evaluate(heights) == pytest.approx(before, abs=1)


def test_a_description_unfolds_by_key_and_is_named_by_its_figure(site, new_page):
    page = open_chapter(new_page, site, "light")
    description = page.locator("details.figure-description").first
    named = page.locator(f"figure img[aria-details={description.get_attribute('id')}]")
    assert named.count() == 1 and not description.locator("p").first.is_visible()
    summary = description.locator("summary")
    assert re.fullmatch(r"Description of figure [\d.]+", summary.inner_text())
    summary.focus()
    page.keyboard.press("Enter")
    assert description.locator("p").first.is_visible()
    page.emulate_media(media="print")
    assert not description.is_visible()


# Against the originals, which matplotlib made, and against WebP


def heaviest(count):
    """The built figures with the most bytes, compressed."""
    built = sorted(SITE.glob("_images/*.svg"), key=lambda p: (-bond.weight(p.read_text()), p.name))
    return built[:count]


def shown(page, path, scale_to=None) -> Image.Image:
    """A file as a browser shows it."""
    page.goto(path.as_uri() if scale_to is None else scale_to)
    return picture(page.locator("svg").first)


def test_the_small_figures_look_like_the_originals(site, browser):
    originals = SITE.parent / "jupyter_execute"
    files = [path for path in heaviest(100) if (originals / path.name).is_file()]
    if not files:
        pytest.skip("the site was not built here: no originals")
    faults = []
    with browser.new_context(device_scale_factor=2, viewport={"width": 700, "height": 800}) as context:
        page = context.new_page()
        for path in [*files[:4], *files[::12]]:
            before, after = (
                np.asarray(shown(page, folder / path.name)).astype(int)
                for folder in (originals, path.parent)
            )
            assert before.shape == after.shape, path.name
            changed = np.mean(np.abs(before - after).max(axis=2) > 32)
            if changed > 0.001:
                faults.append(f"{path.name}: {changed:.2%} of the pixels differ")
    assert faults == []


def test_no_figure_would_be_much_smaller_as_webp(site, browser):
    """The heaviest ones: for the others WebP is several times as large."""
    faults = []
    with browser.new_context(device_scale_factor=2, viewport={"width": 700, "height": 800}) as context:
        page = context.new_page()
        for path in heaviest(6):
            image = shown(page, path)
            sizes = []
            for options in ({"lossless": True}, {"quality": 90}):
                file = io.BytesIO()
                image.save(file, "webp", method=4, **options)
                sizes.append(len(file.getvalue()))
            if min(sizes) < 0.8 * bond.weight(path.read_text(encoding="utf-8")):
                faults.append(f"{path.name}: {min(sizes)} bytes as WebP")
    assert faults == []
