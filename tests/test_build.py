"""The strict build: every fault it must stop at, made once on purpose."""

import re

import pytest
from minibook import ALT, CAPTION, FIGURE, HEADER, MiniBook


@pytest.fixture
def mini(tmp_path):
    return MiniBook(tmp_path / "a book")  # a path with a space, on purpose


def test_a_sound_book_builds_and_no_page_goes_stale(mini):
    """One build after another, each after one change; the page tells what was run."""
    mini.add(FIGURE.format(metadata=f"{ALT}\n{CAPTION}"))
    first = mini.build()
    assert first.returncode == 0, first.stdout + first.stderr
    assert mini.runs() == 1
    assert "27" not in visible_numbers(mini.page())

    # what no number depends on runs nothing
    mini.write("README.md", "# Another readme\n")
    mini.write("_static/extra.css", "p { color: inherit; }")
    mini.write("tests/test_something.py", "")
    assert mini.build().returncode == 0
    assert mini.runs() == 1
    assert "p{color:inherit}" in mini.styles()

    # a stylesheet alone runs nothing either, and is on the site all the same
    mini.write("_static/extra.css", "p { color: initial; }")
    assert mini.build().returncode == 0
    assert mini.runs() == 1
    assert "p{color:initial}" in mini.styles()

    # a data file: the new number is on the page
    row = "davis.completed,davis2021,count,completed,,all,,=,24,"
    mini.replace("data/published.csv", row, row.replace("24", "27"))
    assert mini.build().returncode == 0
    assert mini.runs() == 2
    assert "27" in visible_numbers(mini.page())

    # the old data again: the old run is still in its cache
    mini.replace("data/published.csv", row.replace("24", "27"), row)
    assert mini.build().returncode == 0
    assert mini.runs() == 2
    assert "27" not in visible_numbers(mini.page())

    # the helpers and the lock are inputs too
    mini.add("\n# changed\n", "src/helpers/published.py")
    assert mini.build().returncode == 0
    mini.add("\n# changed\n", "requirements.txt")
    assert mini.build().returncode == 0
    assert mini.runs() == 4


def visible_numbers(page):
    """The numbers in the output of the page's first cell."""
    output = page.split("cell_output", 1)[1].split("</pre>")[0]
    return re.findall(r"(?<![\w.])\d+(?![\w.])", re.sub(r"<[^>]*>", " ", output.split(">", 1)[1]))


FAULTS = {
    "an unknown directive": ("\n```{nonsense}\n```\n", "nonsense"),
    "a broken reference": ("\nSee {ref}`nowhere`.\n", "nowhere"),
    "a broken link to a page": ("\nSee {doc}`nowhere`.\n", "nowhere"),
    "a term without an entry": ("\nA {term}`nonsense`.\n", "nonsense"),
    "a citation without an entry": ("\nSee {cite}`nobody1900`.\n", "nobody1900"),
    "a key that was never glued": ("\nIt is {glue:text}`nothing`.\n", "nothing"),
    "a cell that fails": ("\n```{code-cell} ipython3\n1 / 0\n```\n", "Executing notebook failed"),
    "output on stderr": (
        "\n```{code-cell} ipython3\nimport warnings\n\nwarnings.warn('careful')\n```\n",
        "stderr was found",
    ),
    "a figure without alt text": (FIGURE.format(metadata=CAPTION), "no alt text"),
    "a figure without a caption": (FIGURE.format(metadata=ALT), "no caption"),
    "a picture without alt text": ("\n![](../_static/favicon.svg)\n", "no alt text"),
    "a quiz that is not there": ("\n```{selfcheck} nothing\n```\n", "there is no quiz"),
    "an opening without objectives": ("\n```{chapter-opening}\nquestion: Why?\n```\n", "needs"),
}


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """What one build says of a book with a page for each fault: a function of the page."""
    mini = MiniBook(tmp_path_factory.mktemp("faults") / "a book")
    contents = mini.read("_toc.yml")
    for number, (markdown, _) in enumerate(FAULTS.values()):
        mini.write(f"book/fault-{number}.md", f"{HEADER}# Fault {number}\n{markdown}")
        contents += f"  - file: book/fault-{number}\n"
    mini.write("_toc.yml", contents)
    result = mini.build()
    assert result.returncode != 0
    told = result.stdout + result.stderr
    return lambda page: re.findall(rf"book/{page}\.md:[\d:]* (?:WARNING|ERROR): (.*)", told)


# Under -W a warning stops the build as an error does.
@pytest.mark.parametrize("fault", FAULTS)
def test_the_build_stops_at(reported, fault):
    message = FAULTS[fault][1]
    told = reported(f"fault-{list(FAULTS).index(fault)}")
    assert any(message in line for line in told), told


def test_the_build_says_nothing_of_a_sound_page(reported):
    assert reported("one") == []


def test_the_build_stops_at_a_page_outside_the_table_of_contents(mini):
    mini.write("book/forgotten.md", "# Forgotten\n")
    result = mini.build()
    assert result.returncode != 0
    assert "book/forgotten.md is not in _toc.yml" in result.stdout + result.stderr


def test_the_build_stops_at_data_without_a_codebook_entry(mini):
    mini.write("data/secret.csv", "a,b\n1,2\n")
    result = mini.build()
    assert result.returncode != 0
    assert "data/secret.csv has no entry" in result.stdout + result.stderr


def test_a_second_build_of_a_faulty_book_fails_again(mini):
    """Sphinx warns when it reads a page; a saved reading must not hide the fault."""
    mini.add(FAULTS["a broken reference"][0])
    mini.add(FAULTS["a figure without alt text"][0])
    for _ in range(2):
        result = mini.build()
        assert result.returncode != 0
        assert "nowhere" in result.stdout + result.stderr
        assert "no alt text" in result.stdout + result.stderr
