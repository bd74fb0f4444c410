"""The heads of all built pages, and the 404 page as a host shows it."""

import json
from collections import Counter

import checks
import pytest
from bs4 import BeautifulSoup
from conftest import SITE

from tools import audit, serving

LARGEST = 60_000  # bytes of a picture


@pytest.fixture(scope="module")
def heads(site):
    """Each page's head."""
    pages = {name: (SITE / name).read_text(encoding="utf-8") for name in audit.pages(SITE)}
    return {
        name: BeautifulSoup(text.split("</head>")[0], "html.parser") for name, text in pages.items()
    }


def content(head, name):
    """What the one tag of this name says."""
    tags = head.find_all("meta", attrs={"name": name}) + head.find_all(
        "meta", attrs={"property": name}
    )
    assert len(tags) == 1, f"{name} is said {len(tags)} times"
    return tags[0]["content"]


def test_every_title_and_description_is_its_own(heads):
    for words in (
        [head.title.string for head in heads.values()],
        [content(h, "description") for h in heads.values()],
    ):
        assert [text for text, count in Counter(words).items() if count > 1] == []


def test_descriptions_are_of_good_length_and_without_residue(heads):
    for name, head in heads.items():
        text = content(head, "description")
        assert 50 <= len(text) <= 160, f"{name}: {text}"
        assert not set("*`{}$\0[]") & set(text), f"{name}: {text}"


def test_every_picture_is_there_and_small(heads):
    names = set()
    for name, head in heads.items():
        if name != "404.html":
            picture = ((SITE / name).parent / content(head, "og:image")).resolve()
            assert picture.is_relative_to(SITE.resolve())
            assert picture.stat().st_size <= LARGEST
            names.add(picture.name)
    assert len(names) >= 16  # one for each chapter, one for the rest
    assert {path.name for path in (SITE / "_social").iterdir()} == names


def test_blocks_for_machines_can_be_read(heads):
    blocks = {n: h.find_all("script", type="application/ld+json") for n, h in heads.items()}
    kinds = Counter(
        json.loads(block.string)["@type"][0] for found in blocks.values() for block in found
    )
    assert kinds["Book"] == 1 and kinds["Chapter"] >= 15


@pytest.fixture(scope="module")
def host(site):
    """The site as a host sends it, which shows the 404 page for what is not there."""
    with serving.served(SITE) as address:
        yield address


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["gone.html", "book/api/gone/deep.html"])
def test_404_page_works_at_any_depth(path, theme, host, new_page):
    page = new_page(theme)
    answers = []
    page.on(
        "response", lambda answer: answers.append((answer.url.removeprefix(host), answer.status))
    )
    page.goto(host + path, wait_until="load")
    assert [answer for answer in answers if answer[1] >= 400] == [(path, 404)]
    assert page.locator("main h1").inner_text().startswith("This page is not here")
    faults = checks.fonts(page) + checks.accessibility(page)
    for width in (1280, 320):
        faults += checks.sideways(page, width)
    assert faults == []
    page.locator("main a", has_text="landing page").click()
    page.wait_for_url(f"{host}index.html")


def test_404_page_searches_by_keyboard(host, new_page):
    page = new_page()
    page.goto(host + "a/b/c.html")
    page.get_by_label("Search this book", exact=True).last.fill("alliance")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=alliance")
    assert page.url.startswith(host + "search.html")
