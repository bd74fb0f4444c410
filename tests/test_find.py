"""The search's index, the minutes in the contents, and what a build writes of both."""

import doctest
import json
import sys

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from minibook import MiniBook
from sphinx import addnodes

from tools import book, chapter_map

sys.path.insert(0, str(book.ROOT / "_ext"))
import bond_find  # noqa: E402  (the line above makes it importable)

# From nodes to entries


def section(name, *children):
    """A section with a title."""
    return nodes.section("", nodes.title(text=name), *children, ids=[name.lower().replace(" ", "-")])


def page(*children):
    """A page of one top section."""
    document = nodes.document(None, None)
    document += section("The page", *children)
    return document


def found(document, **options):
    """The entries as (kind, number, title, text)."""
    numbers = {"": (5,), "#inner-part": (5, 2)}
    entries = bond_find.entries(document, numbers, {}, **options)
    return [(e.kind, e.number, e.title, " ".join(e.text)) for e in entries]


def test_each_section_is_an_entry_with_its_own_text():
    document = page(
        nodes.paragraph(text="Above."), section("Inner part", nodes.paragraph(text="Below\nit."))
    )
    assert found(document) == [
        ("section", "5", "The page", "Above."),
        ("section", "5.2", "Inner part", "Below it."),
    ]


def test_words_of_different_blocks_do_not_run_together():
    items = [nodes.list_item("", nodes.paragraph(text=text)) for text in ("one", "two")]
    assert found(page(nodes.bullet_list("", *items)))[0][3] == "one two"


def test_a_term_of_the_glossary_is_an_entry_without_its_first_use():
    definition = nodes.definition(
        "", nodes.paragraph(text="A check."), nodes.paragraph(text="First in", classes=["first-use"])
    )
    item = nodes.definition_list_item("", nodes.term(text="GRIM", ids=["term-GRIM"]), definition)
    document = page(addnodes.glossary("", nodes.definition_list("", item)))
    assert found(document)[1:] == [("term", "", "GRIM", "A check.")]


def test_an_ordinary_list_of_definitions_is_text():
    item = nodes.definition_list_item(
        "", nodes.term(text="Time"), nodes.definition("", nodes.paragraph(text="an hour"))
    )
    assert found(page(nodes.definition_list("", item))) == [("section", "5", "The page", "Time an hour")]


def test_a_name_of_the_helpers_is_an_entry_under_its_short_name():
    parameters = addnodes.desc_parameterlist(
        "", "", *(addnodes.desc_parameter("", name) for name in ("r", "n"))
    )
    signature = addnodes.desc_signature("", "", ids=["helpers.estimators.fisher_interval"])
    signature += [addnodes.desc_name(text="fisher_interval"), parameters]
    content = addnodes.desc_content("", nodes.paragraph(text="An interval."))
    document = page(addnodes.desc("", signature, content))
    assert found(document)[1:] == [
        ("name", "", "fisher_interval", "fisher_interval(r, n) An interval.")
    ]


def test_what_is_excluded_is_not_found():
    document = page(nodes.paragraph(text="Kept."), nodes.paragraph(text="Gone.", classes=["no"]))
    assert found(document, exclude=lambda node: "no" in bond_find.classes(node))[0][3] == "Kept."


def test_printed_columns_are_left_out_and_captions_stay():
    table = nodes.raw("", "<table><td>0.44</td></table>", format="html", classes=["output"])
    slider = nodes.raw(
        "", '<figure class="slider-figure"><table><td>1.5</td></table>Move it.</figure>',
        format="html", classes=["output"],
    )  # fmt: skip
    assert found(page(table, slider))[0][3] == "Move it."


def test_a_formula_and_code_are_text():
    document = page(
        nodes.paragraph("", "", nodes.Text("Here "), nodes.math(text=r"\rho = \frac{a}{b}")),
        nodes.literal_block(text="import numpy as np\nnp.sqrt(2)"),
    )
    assert found(document)[0][3] == "Here ρ = (a)/(b) np.sqrt(2)"


def test_pictures_scripts_and_drawings_say_nothing():
    html = "<svg><text>axis</text></svg><script>x = 1</script><style>p {}</style><p>seen</p>"
    document = page(nodes.image(alt="a line"), nodes.raw("", html, format="html"))
    assert found(document)[0][3] == "seen"


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(bond_find).failed == 0


def test_the_script_holds_pages_and_rows():
    entry = bond_find.Entry("a", "1.1", "T", "term", ["one", "two"])
    text = bond_find.as_script([("book/x", "1", "X", [entry])])
    start = f"window.{bond_find.VARIABLE}="
    assert text.startswith(start) and text.endswith(";\n")
    index = json.loads(text.removeprefix(start).removesuffix(";\n"))
    assert index["pages"] == [["book/x", "1", "X"]]
    assert index["entries"] == [[0, "a", "1.1", "T", index["kinds"].index("term"), "one two"]]


# Minutes


def test_minutes_stand_behind_chapters_only():
    html = '<a class="reference" href="#">1. Here</a><a class="reference" href="glossary.html">G</a>'
    soup = BeautifulSoup(html, "html.parser")
    assert str(bond_find.with_minutes(soup, "book/01-here", {"01-here": 50})) == (
        '<a class="reference" href="#">1. Here <span class="minutes">50 min</span></a>'
        '<a class="reference" href="glossary.html">G</a>'
    )


def test_every_chapter_has_its_minutes():
    minutes = bond_find.minutes_of(book.ROOT)
    assert minutes == {each.stem: each.minutes for each in chapter_map.chapters(book.ROOT)}
    assert len(minutes) == 15


# What a build writes


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    """A built book of two pages."""
    small = MiniBook(tmp_path_factory.mktemp("find") / "book")
    small.write(
        "_toc.yml",
        "format: jb-book\nroot: index\nchapters:\n  - file: book/one\n  - file: book/two\n",
    )
    small.write("book/one.md", "# One\n\n## Apples\n\nRound and red.\n")
    small.write("book/two.md", "# Two\n\n```{glossary}\npear\n  Green and long.\n```\n")
    result = small.build()
    assert result.returncode == 0, result.stdout + result.stderr
    return small


def index_of(small):
    """The index that a build wrote."""
    text = small.read("_build/html/" + bond_find.INDEX)
    return json.loads(text.partition("=")[2].rstrip(";\n"))


def titles(small):
    """The page and title of each entry."""
    index = index_of(small)
    return [(index["pages"][row[0]][0], row[3]) for row in index["entries"]]


EXPECTED = [("index", "Mini"), ("book/one", "One"), ("book/one", "Apples"), ("book/two", "Two"), ("book/two", "pear")]


def test_the_build_writes_the_index_in_reading_order(mini):
    assert titles(mini) == EXPECTED


def test_nothing_of_the_old_search_is_left(mini):
    out = mini.root / "_build/html"
    for name in bond_find.SPHINX_SEARCH:
        assert not (out / name).exists()
    for path in out.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not any(name in text for name in bond_find.SPHINX_SEARCH), path.name


def test_the_search_page_works_without_scripts_too(mini):
    soup = BeautifulSoup(mini.read("_build/html/search.html"), "html.parser")
    assert soup.select_one("form[role=search] label[for=search-words]")
    assert soup.select_one("noscript a[href='index.html']")
    assert soup.find("link", rel="search") is not None


def test_only_the_search_page_loads_the_search(mini):
    loading = [
        path.name
        for path in (mini.root / "_build/html").rglob("*.html")
        if "_static/search.js?" in path.read_text(encoding="utf-8")
    ]
    assert loading == ["search.html"]
    assert not any(
        "_static/minisearch/minisearch.min.js" in path.read_text(encoding="utf-8")
        for path in (mini.root / "_build/html").rglob("*.html")
    )


def test_a_second_build_keeps_unchanged_pages_and_drops_removed_ones(mini):
    before = (mini.root / "_build/html" / bond_find.INDEX).read_bytes()
    mini.write("book/one.md", "# One\n\n## Quinces\n\nRound and yellow.\n")
    assert mini.build().returncode == 0
    assert titles(mini) == [(page, title.replace("Apples", "Quinces")) for page, title in EXPECTED]
    mini.write("book/one.md", "# One\n\n## Apples\n\nRound and red.\n")
    assert mini.build().returncode == 0
    assert (mini.root / "_build/html" / bond_find.INDEX).read_bytes() == before
