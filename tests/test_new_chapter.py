"""A new chapter from the scaffold: it keeps the rules, it builds, and faults are named."""

import re
import shutil
import sys

import pytest
import yaml
from bs4 import BeautifulSoup
from minibook import CHAPTER, MiniBook

from tools import assignments, book, contract, new_chapter, prose

TOC = """format: jb-book
root: index
parts:
  - caption: "Part I: One"
    numbered: true
    chapters:
      - file: book/01-one
  - caption: Around the book
    chapters:
      - file: book/glossary
"""
NAME = "02-my-topic"


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    """A book of one chapter and a glossary, and the command run in it."""
    mini = MiniBook(tmp_path_factory.mktemp("new") / "book")
    shutil.copytree(book.ROOT / "templates", mini.root / "templates")
    (mini.root / "book" / "one.md").unlink()
    mini.write("book/01-one.md", CHAPTER)
    mini.write("book/glossary.md", (book.ROOT / "book" / "glossary.md").read_text(encoding="utf-8"))
    mini.write("_toc.yml", TOC)
    mini.result = mini.run(sys.executable, "-m", "tools.new_chapter", NAME, "--title", "My topic")
    return mini


def test_the_command_makes_all_that_a_chapter_needs(mini):
    assert mini.result.returncode == 0, mini.result.stdout + mini.result.stderr
    for path in (f"book/{NAME}.md", f"book/selfcheck/{NAME}.yml", f"book/assignment/{NAME}.md"):
        assert path in mini.result.stdout
        assert not re.search(r"\[\[(stem|number|title)\]\]", mini.read(path))
    assert "# My topic\n" in mini.read(f"book/{NAME}.md")
    toc = yaml.safe_load(mini.read("_toc.yml"))
    assert [entry["file"] for entry in toc["parts"][0]["chapters"]] == ["book/01-one", f"book/{NAME}"]
    assert "execution_count" in mini.read(f"tests/reference/{NAME}.json")


def test_it_keeps_the_contract_and_types_no_number(mini):
    page = mini.root / "book" / f"{NAME}.md"
    assert contract.faults(page) == []
    assert prose.findings(page.read_text(encoding="utf-8"), page.name) == []
    assert contract.drafts(mini.root) == [NAME]


def test_it_builds_and_says_that_it_is_a_draft(mini):
    result = mini.build()
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    page = BeautifulSoup(mini.read(f"_build/html/book/{NAME}.html"), "html.parser").article
    assert "Draft: this chapter is not finished." in page.select_one(".chapter-opening").get_text()
    assert page.find("figure") and len(page.select(".sc-question")) == 5
    assert not [line for line in page.get_text().splitlines() if line.startswith("% ")]


def test_its_assignment_holds(mini):
    page = mini.root / "book" / f"{NAME}.md"
    sheet = assignments.read_sheet(assignments.sheet_path(NAME, mini.root))
    assert sheet.points == sum(task.points for task in sheet.tasks)
    result = mini.run(sys.executable, "-m", "tools.assignments", page.stem, "--try")
    assert f"{NAME}: all holds" in result.stdout, result.stdout + result.stderr


def test_a_second_run_changes_nothing(mini):
    before = mini.read("_toc.yml"), mini.read(f"book/{NAME}.md")
    result = mini.run(sys.executable, "-m", "tools.new_chapter", NAME, "--title", "Another")
    assert result.returncode == 1 and f"book/{NAME}.md is there already" in result.stderr
    assert (mini.read("_toc.yml"), mini.read(f"book/{NAME}.md")) == before


NEXT = len(book.chapters()) + 1


@pytest.mark.parametrize(
    ("name", "title", "said"),
    [
        ("my-topic", "My topic", "is no name of a chapter"),
        (f"{NEXT}-My_Topic", "My topic", "is no name of a chapter"),
        (f"{NEXT}-../x", "My topic", "is no name of a chapter"),
        (f"{NEXT + 1:02}-my-topic", "My topic", f"has the number {NEXT:02}"),
        ("03-my-topic", "My topic", f"has the number {NEXT:02}"),
        ("03-published-numbers", "My topic", "is there already"),
        (f"{NEXT:02}-my-topic", " ", "is no title"),
        (f"{NEXT:02}-my-topic", "# My topic", "is no title"),
        (f"{NEXT:02}-my-topic", "My\ntopic", "is no title"),
    ],
)
def test_a_bad_name_or_title_is_refused(name, title, said):
    with pytest.raises(new_chapter.ChapterError, match=said):
        new_chapter.check(name, title)


def test_a_good_name_is_taken():
    new_chapter.check(f"{NEXT:02}-my-topic", "My topic, in four weeks: *d* or *r*?")


def test_a_book_without_chapters_is_refused():
    with pytest.raises(new_chapter.ChapterError, match="lists no chapter"):
        new_chapter.listed("parts: []\n", "01-one")


# The contract knows drafts


def scaffold(tmp_path, change=lambda text: text):
    """The scaffold as a chapter of a folder."""
    (tmp_path / "selfcheck").mkdir(exist_ok=True)
    for part, path in (("selfcheck.yml", f"selfcheck/{NAME}.yml"), ("chapter.md", f"{NAME}.md")):
        text = (new_chapter.TEMPLATES / part).read_text(encoding="utf-8")
        (tmp_path / path).write_text(change(new_chapter.filled(text, NAME, "My topic")), encoding="utf-8")
    return tmp_path / f"{NAME}.md"


def test_a_draft_may_be_short_and_nothing_else(tmp_path):
    assert contract.faults(scaffold(tmp_path)) == []
    broken = scaffold(tmp_path, lambda text: text.replace("## Key terms", "## Terms"))
    assert any("the closing sections are" in fault for fault in contract.faults(broken))
    long = scaffold(tmp_path, lambda text: text.replace("## What we found", "word " * 3200 + "\n\n## What we found"))
    assert any("words, not 0 to" in fault for fault in contract.faults(long))


def test_without_the_mark_length_and_leftovers_are_named(tmp_path):
    faults = contract.faults(scaffold(tmp_path, lambda text: text.replace("draft: true\n", "")))
    assert any("words, not 1500" in fault for fault in faults)
    assert any("code cells, not 15" in fault for fault in faults)
    assert any("still stands as the scaffold had it: % A line that begins" in fault for fault in faults)
    assert any("still stands as the scaffold had it: Scatter plot of" in fault for fault in faults)


def test_a_draft_is_marked_by_true_alone(tmp_path):
    faults = contract.faults(scaffold(tmp_path, lambda text: text.replace("draft: true", "draft: soon")))
    assert any("draft is true, or it is not there" in fault for fault in faults)


def test_a_note_to_authors_does_not_part_two_cells(tmp_path):
    cell = "```{code-cell} ipython3\n1\n```\n\n"
    change = f"{cell}% A note.\n\n{cell}## What we found"
    broken = scaffold(tmp_path, lambda text: text.replace("## What we found", change))
    assert any("no sentence between them" in fault for fault in contract.faults(broken))


def test_a_release_refuses_a_draft(monkeypatch, capsys):
    monkeypatch.setattr(contract, "drafts", lambda root=None: ["02-my-topic"])
    assert contract.main([]) == 0
    assert "not finished: 02-my-topic" in capsys.readouterr().out
    assert contract.main(["--release"]) == 1
    assert "02-my-topic: a draft, and a release has none" in capsys.readouterr().out
