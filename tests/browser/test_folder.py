"""The zip of the site, unpacked into a path with a space and opened from there."""

import zipfile

import checks
import pytest
from conftest import SITE
from test_site import loaded

from tools import offline


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory, built):
    """The folder that a reader has after unpacking."""
    folder = tmp_path_factory.mktemp("my books") / "a folder"
    archive = offline.bundle(built, folder.parent / "book.zip")
    zipfile.ZipFile(archive).extractall(folder)
    return folder / offline.FOLDER


@pytest.fixture
def opened(unpacked, new_page):
    """A function that opens a page of the folder and gives it with its recorder."""

    def open_page(path, query=""):
        page = new_page()
        recorder = checks.Recorder(page, unpacked.as_uri())
        loaded(page, (unpacked / path).as_uri() + query)
        return page, recorder

    return open_page


def test_a_chapter_has_its_styles_fonts_and_math(opened):
    page, recorder = opened("book/10-four-weeks-twelve-months.html")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(253, 252, 248)"
    assert page.locator(".katex").count() > 10
    loaded_faces = page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert any("KaTeX" in face for face in loaded_faces)
    assert any("Bond Serif" in face for face in loaded_faces)
    # Asked last: some versions of Chromium report their own inspector's look at a file.
    faults = checks.images(page) + recorder.faults
    assert faults + checks.fonts(page) == []


def test_a_slider_moves(opened):
    page, recorder = opened("book/10-four-weeks-twelve-months.html")
    slider = page.locator("main input[type=range]").first
    slider.scroll_into_view_if_needed()
    before = slider.get_attribute("aria-valuetext")
    figure = slider.locator("xpath=ancestor::*[.//*[local-name()='svg']][1]")
    drawing = figure.inner_html()
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") != before
    assert figure.inner_html() != drawing
    assert recorder.faults == []


def test_search_finds_a_word_and_its_result_opens(opened):
    page, recorder = opened("search.html", "?q=randomization")
    page.wait_for_selector("#search-results li a mark")
    faults = list(recorder.faults)
    page.locator("#search-results li a").first.click()
    page.wait_for_url(lambda url: url.startswith("file:") and "search.html" not in url)
    assert page.locator("main article h1").is_visible()
    assert faults + recorder.faults == []


def test_the_folder_is_the_whole_site_but_for_what_needs_a_server(unpacked):
    pages = {path.relative_to(SITE).as_posix() for path in offline.files(SITE)}
    found = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert found == pages | {offline.FIRST}
    assert not (unpacked / "lite").exists()
    assert len(list(unpacked.rglob("*.html"))) > 30


def test_no_link_of_the_folder_is_dead_and_nothing_asks_for_a_server(unpacked):
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    faults = []
    for path in unpacked.rglob("*.html"):
        name = path.relative_to(unpacked).as_posix()
        reader = offline.PageReader(path.read_text(encoding="utf-8"))
        faults += [f"{name} links {link}" for link in offline.dead_links(name, reader.links, names)]
        faults += [f"{name} holds what needs a server" for _ in reader.cuts]
    assert faults == []
