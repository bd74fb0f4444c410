"""The map of the chapters: order, direct needs, the table and the drawing."""

import re

import pytest
import yaml
from bs4 import BeautifulSoup

from tools import book, chapter_map, opening, prose
from tools.chapter_map import Chapter

FOUND = chapter_map.chapters()


def chapter(number, *needs, part="Part I: One", minutes=10):
    """A made-up chapter."""
    names = tuple(f"{need:02}-x" for need in needs)
    return Chapter(f"{number:02}-x", f"Title {number}", part, minutes, "Nothing", names)


MADE_UP = [chapter(1), chapter(2), chapter(3, 1), chapter(4, 3), chapter(5, 2, 3), chapter(6, 5)]


def test_every_chapter_says_what_it_builds_on():
    for path in book.chapters():
        block = opening.BLOCK.search(path.read_text(encoding="utf-8"))[1]
        assert isinstance(yaml.safe_load(block)["builds_on"], list), path.name


def test_no_chapter_needs_a_later_one_and_the_needs_form_no_circle():
    numbers = {one.stem: one.number for one in FOUND}
    assert list(numbers.values()) == list(range(1, len(FOUND) + 1))
    for one in FOUND:
        assert all(numbers[name] < one.number for name in one.builds_on)
    import networkx as nx

    graph = nx.DiGraph([(name, one.stem) for one in FOUND for name in one.builds_on])
    assert nx.is_directed_acyclic_graph(graph)
    # only direct needs: the drawing has no arrow that two others stand for
    assert set(graph.edges) == set(nx.transitive_reduction(graph).edges)
    for one in FOUND:
        everything = {c.stem for c in chapter_map.everything_first(FOUND)[one.stem]}
        assert everything == (nx.ancestors(graph, one.stem) if one.stem in graph else set())


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ([chapter(1, 2), chapter(2)], "01-x builds on 02-x, which is no earlier chapter"),
        ([chapter(1, 1)], "01-x builds on 01-x, which is no earlier chapter"),
        ([chapter(1), chapter(2, 7)], "02-x builds on 07-x, which is no earlier chapter"),
        ([chapter(1), chapter(2, 1), chapter(3, 1, 2)], "03-x need not name 01-x"),
    ],
)
def test_needs_that_do_not_fit_are_found(broken, fault):
    assert any(fault in said for said in chapter_map.faults(broken))


def test_the_build_would_stop_at_a_need_that_does_not_fit(monkeypatch):
    monkeypatch.setattr(chapter_map, "faults", lambda found: ["nonsense"])
    with pytest.raises(chapter_map.MapError, match="nonsense"):
        chapter_map.chapters()


def test_all_that_comes_first():
    first = chapter_map.everything_first(MADE_UP)
    assert [one.number for one in first["06-x"]] == [1, 2, 3, 5]
    assert first["01-x"] == first["02-x"] == []


def cells(found):
    """The table as text, a list of rows."""
    table = BeautifulSoup(chapter_map.as_table(found), "html.parser").table
    rows = table.find_all("tr")
    assert all(cell["scope"] == "col" for cell in rows[0].find_all("th"))
    assert all(row.th["scope"] == "row" for row in rows[1:])
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in rows]


def test_the_table_of_a_made_up_book():
    assert cells(MADE_UP)[1:] == [
        ["1 Title 1", "10", "none", "nothing", "yes"],
        ["2 Title 2", "10", "none", "nothing", "yes"],
        ["3 Title 3", "10", "1", "1; 10 minutes", "after 1 chapter"],
        ["4 Title 4", "10", "3", "1 and 3; 20 minutes", "after 2 chapters"],
        ["5 Title 5", "10", "2 and 3", "1 to 3; 30 minutes", "after 3 chapters"],
        ["6 Title 6", "10", "5", "1 to 3 and 5; 40 minutes", "after 4 chapters"],
    ]


def test_the_table_has_every_chapter_with_its_link():
    html = chapter_map.as_table(FOUND)
    assert re.findall(r'href="([^"]+)\.html"', html) == [path.stem for path in book.chapters()]
    assert len(cells(FOUND)) == len(book.chapters()) + 1


def test_the_drawing_has_a_dot_a_title_and_an_arrow_for_each():
    svg = BeautifulSoup(chapter_map.as_svg(FOUND), "html.parser").svg
    assert [text.get_text() for text in svg.find_all("text", class_="number")] == [str(c.number) for c in FOUND]
    assert len(svg.find_all("circle", class_="dot")) == len(FOUND)
    assert len(svg.find_all("circle", class_="ring")) == sum(not c.builds_on for c in FOUND)
    assert len(svg.find_all("path", class_="tip")) == sum(len(c.builds_on) for c in FOUND)
    words = " ".join(text.get_text() for text in svg.find_all("text", class_=False))
    assert all(word in words for c in FOUND for word in c.title.split())
    assert len(svg.find_all("text", class_="part")) == len({c.part for c in FOUND})


def test_no_line_of_the_drawing_runs_through_a_dot():
    lane = chapter_map.lanes(FOUND)
    last = {name: one.number for one in FOUND for name in one.builds_on}
    for one in FOUND:
        for other in FOUND:
            if one.number < other.number < last.get(one.stem, 0):
                assert lane[other.stem] != lane[one.stem]
            if other.number == last.get(one.stem) and lane[other.stem] == lane[one.stem]:
                assert one.stem in other.builds_on


def test_the_words_of_the_drawing_name_every_arrow():
    words = chapter_map.in_words(FOUND)
    for one in FOUND:
        if one.builds_on:
            said = re.search(rf"Chapter {one.number} builds on ([^.]*)\.", words)[1]
            assert re.findall(r"\d+", said) == [str(int(name[:2])) for name in one.builds_on]
    assert chapter_map.as_svg(FOUND).count('role="img"') == 1
    assert words in chapter_map.as_svg(FOUND)


def test_every_chapter_belongs_to_a_part():
    assert all(one.part.startswith("Part ") for one in FOUND)


OPENING = """question: Why?
objectives: [one, two, three]
needs: A regression
minutes: 50
data: none
"""


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("", "needs 'builds_on'"),
        ("builds_on: 02-study", "list of chapters"),
        ("builds_on: [study]", "list of chapters"),
        ("builds_on: [3]", "list of chapters"),
        ("builds_on: [03-b, 02-a]", "in reading order"),
        ("builds_on: [02-a, 02-a]", "once"),
    ],
)
def test_a_faulty_line_is_refused(line, fault):
    with pytest.raises(opening.OpeningError, match=fault):
        opening.parse(OPENING + line)


def test_a_box_links_the_chapters_after_the_words():
    facts = opening.parse(OPENING + "builds_on: [02-a, 05-b, 07-c]")
    names = {"02-a": "A", "05-b": "B", "07-c": "C"}
    assert opening.fact_rows(facts, names)[0] == (
        "You need",
        "A regression. It builds on {doc}`chapter 2, A <02-a>`, {doc}`chapter 5, B <05-b>`"
        " and {doc}`chapter 7, C <07-c>`.",
    )
    with pytest.raises(opening.OpeningError, match="'05-b', which is no chapter"):
        opening.fact_rows(facts, {"02-a": "A", "07-c": "C"})


def test_the_needs_of_a_chapter_name_no_chapter_that_it_builds_on():
    """The links say it; words and links could come to differ."""
    for one in FOUND:
        named = {int(number) for number in re.findall(r"\d+", one.needs)}
        assert not named & {int(name[:2]) for name in one.builds_on}, one.stem


def test_the_line_is_no_prose():
    page = "```{chapter-opening}\nbuilds_on: [02-study]\n```\n"
    assert prose.prose_only(page).strip() == ""
