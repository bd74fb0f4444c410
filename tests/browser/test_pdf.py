"""The PDF: a small one made here, and the whole book's where it has been made."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.minisite import MiniSite
from tools import pdf, programs, volume

pypdf = pytest.importorskip("pypdf", reason="pypdf is missing: run 'make browser'")
pytest.importorskip("pikepdf", reason="pikepdf is missing: run 'make browser'")
pytest.importorskip("playwright.sync_api", reason="playwright is missing: run 'make browser'")
pytestmark = pytest.mark.skipif(
    not programs.chromium(),
    reason="there is no Chromium here",
)
MILLIMETER = 96 / 25.4
PAPER = {"width": round(162 * MILLIMETER), "height": round(253 * MILLIMETER)}


class Printed:
    """A PDF as its reader sees it."""

    def __init__(self, path):
        self.pdf = pypdf.PdfReader(path)
        self.texts = [page.extract_text() for page in self.pdf.pages]
        self.places = {
            name.removeprefix("/"): self.pdf.get_destination_page_number(place) + 1
            for name, place in self.pdf.named_destinations.items()
        }

    def words(self, number):
        """The words of a page, without spaces: a PDF may part a word anywhere."""
        return squeezed(self.texts[number - 1])

    def bookmarks(self, items=None, level=1):
        """Level, title and page of each bookmark."""
        for item in self.pdf.outline if items is None else items:
            if isinstance(item, list):
                yield from self.bookmarks(item, level + 1)
            else:
                yield level, item.title, self.pdf.get_destination_page_number(item) + 1

    def links(self):
        """The target of each link: a place's name or an address."""
        for page in self.pdf.pages:
            for annotation in page.get("/Annots", []):
                facts = annotation.get_object()
                if facts.get("/Subtype") == "/Link":
                    action = facts.get("/A", {})
                    yield str(facts.get("/Dest") or action.get("/URI") or action.get("/D"))


def squeezed(text):
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    """A small site and the PDF of it."""
    site = MiniSite(tmp_path_factory.mktemp("mini"))
    path = site.root / "out.pdf"
    make_apart(site.site, path, site.root / "print", site.root)
    return site, path


def make_apart(*what):
    """Make a PDF in a thread of its own, since a thread holds one Playwright at a time."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(pdf.make, *what).result()


@pytest.fixture(scope="module")
def whole():
    """The book's own PDF."""
    if not pdf.TARGET.is_file():
        pytest.skip("the PDF is not made: run 'make pdf'")
    return Printed(pdf.TARGET)


def numbers_that_lie(printed):
    """Entries of the contents that name another page than the one they lead to."""
    first = next(n for n, text in enumerate(printed.texts, 1) if text.lstrip().startswith("Contents"))
    last = first
    while printed.texts[last].lstrip().startswith("Contents"):
        last += 1
    listed = " ".join(printed.texts[first - 1 : last])
    faults, seen = [], 0
    part = ""
    for level, title, page in printed.bookmarks():
        part = title if level == 1 else part
        is_leaf = title == volume.FRONT_TITLE or (level == 2 and part != volume.FRONT_TITLE)
        if not is_leaf and not (level == 3 and title[0].isdigit()):
            continue  # a part, or a section that the contents leave out
        name = r"\s*".join(re.escape(letter) for letter in squeezed(title))
        found = re.findall(rf"(?<!\S){name}\s*(\d+)(?!\d)", listed)
        seen += 1
        if str(page) not in found:
            faults.append(f"{title}: {found} instead of {page}")
        if squeezed(title) not in printed.words(page):
            faults.append(f"{title} is not on page {page}")
    assert seen > 3
    return faults


def test_the_contents_name_the_pages(mini):
    printed = Printed(mini[1])
    assert numbers_that_lie(printed) == []
    assert printed.places["map"] > printed.places["chapter-01"] > 3


def test_a_wrong_number_would_be_seen(mini):
    printed = Printed(mini[1])
    page = next(n for n, text in enumerate(printed.texts) if text.lstrip().startswith("Contents"))
    printed.texts[page] = re.sub(r"\d+(?=\s|$)", "99", printed.texts[page])
    assert numbers_that_lie(printed) != []


def test_bookmarks_tags_language_and_title(mini):
    printed = Printed(mini[1])
    marks = list(printed.bookmarks())
    assert (1, "Part I: A & B") in [mark[:2] for mark in marks]
    assert (2, "1. One & two") in [mark[:2] for mark in marks]
    root = printed.pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert printed.pdf.metadata.title.startswith("The Bond or the Drug?")
    assert "/CreationDate" not in printed.pdf.metadata


def test_links_are_live(mini):
    printed = Printed(mini[1])
    targets = set(printed.links())
    assert "https://example.org/paper" in targets
    assert {target.removeprefix("/") for target in targets if not target.startswith("http")} <= set(
        printed.places
    )


def test_a_long_line_of_code_goes_on_with_a_mark(mini):
    printed = Printed(mini[1])
    page = printed.texts[printed.places["chapter-01"] - 1]
    assert "↪" in page
    assert squeezed(page).count("another_long_name") == 9


def test_answers_come_after_the_chapter_with_their_page_on_the_exercise(mini):
    printed = Printed(mini[1])
    page = printed.places["chapter-01-answer-1"]
    assert f"Hintandsolution,page{page}" in printed.words(printed.places["chapter-01--ex-1"])
    assert "Thinkofaline." in printed.words(page)


def test_the_same_site_gives_the_same_bytes(mini):
    site, path = mini
    again = site.root / "again.pdf"
    make_apart(site.site, again, site.root / "print", site.root)
    assert again.read_bytes() == path.read_bytes()


def test_the_whole_book_names_its_pages(whole):
    assert len(whole.pdf.pages) > 250
    assert numbers_that_lie(whole) == []


def test_the_whole_book_has_each_leaf_as_a_bookmark(whole):
    titles = [title for _, title, _ in whole.bookmarks()]
    for wanted in ("Preface", "The scoreboard", "Glossary", "References", volume.ANSWERS):
        assert wanted in titles
    assert len([title for title in titles if re.match(r"\d+\. ", title)]) == 15


def test_no_heading_stands_alone_at_the_foot_of_a_page(whole):
    faults = []
    for _, title, page in whole.bookmarks():
        # The foot of a page holds its number, which the text may give first or last.
        words = re.sub(rf"^{page}|{page}$", "", whole.words(page))
        if words.endswith(squeezed(title)):
            faults.append(f"{title}, page {page}")
    assert faults == []


def test_every_font_is_in_the_file(whole):
    missing, seen = set(), set()
    for page in whole.pdf.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            facts = font.get_object()
            if facts["/Subtype"] != "/Type0":
                continue
            descriptor = facts["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            seen.add(str(facts["/BaseFont"]).partition("+")[2])
            if not {"/FontFile2", "/FontFile3"} & set(descriptor):
                missing.add(facts["/BaseFont"])
    assert missing == set()
    assert {"BondSerif-Regular", "BondSans-Semibold", "DejaVuSansMono"} <= seen


def test_nothing_is_cut_at_the_right_or_higher_than_a_page(whole, browser):
    page = browser.new_page(viewport=PAPER)
    page.emulate_media(media="print")
    page.goto((pdf.FOLDER / "book.html").as_uri())
    wide = page.evaluate(
        """width => [...document.querySelectorAll('main *')]
          .filter(e => !e.closest('.katex, svg') && e.getBoundingClientRect().right > width + 1)
          .map(e => (e.closest('[id]') || e).id + ' ' + e.tagName)""",
        PAPER["width"],
    )
    tall = page.evaluate(
        """height => [...document.querySelectorAll('figure, tr, .whole')]
          .filter(e => e.getBoundingClientRect().height > height)
          .map(e => (e.closest('[id]') || e).id + ' ' + e.tagName)""",
        PAPER["height"],
    )
    page.close()
    assert (wide, tall) == ([], [])
