"""The head of each page: title, description, tags for links, addresses; and ``404.html``."""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.core import publish_doctree
from minibook import HEADER, MiniBook
from sphinx.errors import ConfigError

from tools import book

sys.path.insert(0, str(book.ROOT / "_ext"))
import bond_head  # noqa: E402  (the line above makes it importable)

CHAPTER = (
    HEADER
    + """# Did *it* "work"?

```{chapter-opening}
question: Did the one do better than the other, and by how much?
objectives:
  - tell a difference from none, and say so
  - put an interval on $x$
  - stop in time
needs: Nothing
builds_on: []
minutes: 25
data: None
```

A first paragraph that is no description.

```{code-cell} ipython3
1 + 1
```
"""
)
ADDRESS = "https://example.org/a-book/"


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    """A small book with a chapter, built without an address and then with one."""
    mini = MiniBook(tmp_path_factory.mktemp("head") / "a book")
    mini.write("book/01-work.md", CHAPTER)
    mini.write(
        "book/one.md",
        "# About a < b & more\n\nThis page says in its first paragraph, at length, what it is.\n",
    )
    toc = "format: jb-book\nroot: index\nparts:\n  - numbered: true\n    chapters:\n"
    toc += "      - file: book/01-work\n"
    mini.write("_toc.yml", toc + "  - chapters:\n      - file: book/one\n")
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    pages = {}
    for kind in ("without", "with"):
        if kind == "with":
            mini.replace(
                "_config.yml", 'bond_address: ""', f'bond_address: "{ADDRESS.rstrip("/")}"'
            )
            result = mini.build()
            assert result.returncode == 0, result.stdout + result.stderr
        site = mini.root / "_build" / "html"
        pages[kind] = {
            path.relative_to(site).as_posix(): path.read_bytes()
            for path in site.rglob("*")
            if path.suffix in {".html", ".xml", ".txt", ".png"} and "_static" not in path.parts
        }
    return pages


def parsed(mini, name, kind="without"):
    """A built page."""
    return BeautifulSoup(mini[kind][name].decode(), "html.parser")


def said(page, name):
    """The content of the one tag of this name."""
    tags = page.head.find_all("meta", {"name": name}) + page.head.find_all(
        "meta", {"property": name}
    )
    assert len(tags) <= 1, f"{name} is said {len(tags)} times"
    return tags[0]["content"] if tags else None


def test_titles(mini):
    titles = {
        name: parsed(mini, f"{name}.html").title.string
        for name in ("book/01-work", "book/one", "search", "404")
    }
    assert titles == {
        "book/01-work": "Did it “work”? — The Bond or the Drug?",
        "book/one": "About a < b & more — The Bond or the Drug?",
        "search": "Search — The Bond or the Drug?",
        "404": "This page is not here — The Bond or the Drug?",
    }
    assert all(len(parsed(mini, f"{name}.html").find_all("title")) == 1 for name in titles)


def test_descriptions(mini):
    assert said(parsed(mini, "book/01-work.html"), "description") == (
        "Did the one do better than the other, and by how much? "
        "Learn to tell a difference from none, and say so."
    )
    page = said(parsed(mini, "book/one.html"), "description")
    assert page == "This page says in its first paragraph, at length, what it is."
    for name in ("index", "search", "404"):
        text = said(parsed(mini, f"{name}.html"), "description")
        assert bond_head.SHORTEST <= len(text) <= bond_head.LONGEST


def test_tags_of_a_link(mini):
    page = parsed(mini, "book/01-work.html")
    assert said(page, "og:title") == "Did it “work”?"
    assert said(page, "og:type") == "article"
    assert said(page, "og:description") == said(page, "description")
    assert said(page, "og:image") == "../_social/01-work.png"
    assert said(page, "og:image:alt").startswith("Chapter 1: Did it “work”?")
    assert said(page, "twitter:card") == "summary_large_image"
    assert said(parsed(mini, "book/one.html"), "og:image") == "../_social/book.png"
    assert said(parsed(mini, "index.html"), "og:type") == "website"


def test_pictures_are_there(mini):
    assert {name for name in mini["without"] if name.startswith("_social/")} == {
        "_social/01-work.png",
        "_social/book.png",
    }


def test_machines_are_told_what_a_chapter_teaches(mini):
    (block,) = parsed(mini, "book/01-work.html").find_all("script", type="application/ld+json")
    facts = json.loads(block.string)
    assert facts["@type"] == ["Chapter", "LearningResource"]
    assert (facts["position"], facts["timeRequired"]) == (1, "PT25M")
    # An objective with a formula is left out: it would not be the words that a reader sees.
    assert facts["teaches"] == ["tell a difference from none, and say so", "stop in time"]
    assert "url" not in facts
    assert not parsed(mini, "book/one.html").find_all("script", type="application/ld+json")


def test_without_an_address_nothing_needs_one(mini):
    for name, content in mini["without"].items():
        assert not name.endswith((".xml", ".txt"))
        if name.endswith(".html"):
            page = BeautifulSoup(content.decode(), "html.parser")
            assert page.find("link", rel="canonical") is None and said(page, "og:url") is None


def test_with_an_address_every_page_names_its_own(mini):
    page = parsed(mini, "book/01-work.html", "with")
    assert [link["href"] for link in page.find_all("link", rel="canonical")] == [
        f"{ADDRESS}book/01-work.html"
    ]
    assert said(page, "og:url") == f"{ADDRESS}book/01-work.html"
    assert said(page, "og:image") == f"{ADDRESS}_social/01-work.png"
    assert said(parsed(mini, "index.html", "with"), "og:url") == ADDRESS


def test_sitemap_lists_the_pages_and_no_more(mini):
    root = ElementTree.fromstring(mini["with"]["sitemap.xml"])
    found = [place.text for place in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert found == [ADDRESS, f"{ADDRESS}book/01-work.html", f"{ADDRESS}book/one.html"]
    assert f"Sitemap: {ADDRESS}sitemap.xml" in mini["with"]["robots.txt"].decode()


@pytest.mark.parametrize(("kind", "root"), [("without", "/"), ("with", "/a-book/")])
def test_links_of_the_404_page_hold_at_any_depth(mini, kind, root):
    page = parsed(mini, "404.html", kind)
    links = [
        tag[name] for name in ("href", "src", "action") for tag in page.find_all(attrs={name: True})
    ]
    inside = [link for link in links if not re.match(r"#|[a-z]+:", link)]
    assert len(inside) > 5
    assert [link for link in inside if not link.startswith(root)] == []
    files = {path for path in mini[kind]}
    assert {link.removeprefix(root) for link in inside if link.endswith(".html")} <= files
    assert page.html["data-content_root"] == root
    assert page.find("form", class_="search-form")["action"] == f"{root}search.html"


def test_404_page_asks_not_to_be_found(mini):
    assert said(parsed(mini, "404.html"), "robots") == "noindex"
    assert said(parsed(mini, "index.html"), "robots") is None
    assert b"404" not in mini["with"]["sitemap.xml"]


@pytest.mark.parametrize(
    "address",
    [
        "example.org",
        "ftp://example.org/",
        "https://",
        "/book/",
        "https://example.org/?a=1",
        "https://example.org/#a",
    ],
)
def test_bad_address_is_a_clear_error(address):
    with pytest.raises(
        ConfigError, match=r"bond_address in _config\.yml is .*whole address of the site"
    ):
        bond_head.check_address(None, SimpleNamespace(bond_address=address))


@pytest.mark.parametrize(
    ("given", "known"), [(ADDRESS.rstrip("/"), ADDRESS), (ADDRESS, ADDRESS), ("", ""), (None, "")]
)
def test_good_address(given, known):
    config = SimpleNamespace(bond_address=given)
    bond_head.check_address(None, config)
    assert config.bond_address == known


def test_boxes_lists_and_formulas_are_no_description():
    doctree = publish_doctree(
        "Title\n=====\n\n.. note:: A note first.\n\n- an item\n\n"
        "The value :math:`x` is odd.\n\nWords *at last*.\n"
    )
    assert bond_head.running_text(doctree) == ["Words at last."]


def test_raw_html_is_no_word():
    paragraph = nodes.paragraph("", "", nodes.Text("Two"), nodes.raw("", "<b>", format="html"))
    assert bond_head.plain(paragraph) == "Two"


def test_long_question_is_cut_at_a_word():
    text = bond_head.chapter_summary("Is it so that " * 20 + "?", ["count"])
    assert len(text) <= bond_head.LONGEST
    assert text.endswith(" …") and text.split()[-2] in {"Is", "it", "so", "that"}


def test_grounds_are_those_of_the_stylesheet():
    css = (Path(book.ROOT) / "_static" / "book.css").read_text(encoding="utf-8")
    for mode, color in bond_head.GROUNDS.items():
        rules = re.findall(rf'html\[data-theme="{mode}"\]\s*\{{([^}}]*)', css)
        assert any(f"--bond-ground: {color};" in rule for rule in rules), mode
