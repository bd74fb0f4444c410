"""A paper of one's own: the template works as it comes out, and faults stop it with reasons.

The study of the template is made up.
"""

import json
import subprocess
import sys
import zipfile

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from helpers.codebook import read_codebook
from helpers.published import read_ledger
from helpers.scoreboard import scoreboard

from tools import book, build_paper, new_paper, prose


def run(module, *arguments):
    """One of the two commands, as an author types it."""
    command = [sys.executable, "-m", f"tools.{module}", *map(str, arguments)]
    return subprocess.run(command, cwd=book.ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """A folder made and built by the commands."""
    folder = tmp_path_factory.mktemp("own") / "tea"
    made = run("new_paper", folder, "--title", "Tea and sleep")
    assert made.returncode == 0, made.stderr
    built = run("build_paper", folder, "--trials", 5)
    assert built.returncode == 0, built.stdout + built.stderr
    assert f"open {folder / 'site' / 'index.html'}" in built.stdout
    return folder


def test_the_page_is_built_and_leads_back(paper):
    index = BeautifulSoup((paper / "site" / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert index.article.find("a", href="book/paper.html").get_text() == "Tea and sleep"
    page = BeautifulSoup((paper / "site" / "book" / "paper.html").read_text(encoding="utf-8"), "html.parser")
    assert page.h1.get_text().startswith("Tea and sleep")
    assert "made up" in page.article.get_text() and "synthetic" in page.article.get_text()
    assert page.find("figure").img["alt"].startswith("Three panels")
    assert not [line for line in page.article.get_text().splitlines() if line.startswith("% ")]


def test_the_scoreboard_on_the_page_matches(paper):
    page = BeautifulSoup((paper / "site" / "book" / "paper.html").read_text(encoding="utf-8"), "html.parser")
    (board,) = [table for table in page.find_all("table") if "rebuilt_text" in table.get_text()]
    ledger = read_ledger(paper / "data" / "ledger.csv")
    rows = {row.th.get_text(): [cell.get_text() for cell in row.find_all("td")] for row in board.tbody.find_all("tr")}
    assert list(rows) == list(ledger.index)
    for printed, rebuilt, matches in rows.values():
        assert printed == rebuilt and matches == "True"
    assert f"All {len(ledger)} rows come out in all 5 trials." in " ".join(page.article.get_text().split())


def test_every_trial_has_every_printed_number(paper):
    ledger = read_ledger(paper / "data" / "ledger.csv")
    codebook = read_codebook(paper / "data" / "codebook.json", ledger=ledger)
    trials = pd.read_csv(paper / "data" / "matched" / "trials.csv")
    assert trials["trial"].nunique() == 5
    for _, trial in trials.groupby("trial"):
        assert scoreboard(trial, ledger, codebook)["matches"].all()


def test_the_notebook_of_the_page_brings_its_data(paper):
    with zipfile.ZipFile(paper / "site" / "notebooks" / "paper.zip") as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
        assert {"book/paper.ipynb", "data/ledger.csv", "data/codebook.json", "data/matched/trials.csv"} <= names
        notebook = json.loads(archive.read("bond-or-drug-paper/book/paper.ipynb"))
    assert not [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown" and "\n% " in f"\n{''.join(cell['source'])}"]


def test_trials_are_made_again_only_when_a_file_changed(paper, capsys):
    build_paper.match(paper, 5, 1)
    assert "made from the same files before" in capsys.readouterr().out
    trials = paper / "data" / "matched" / "trials.csv"
    before = trials.read_bytes()
    build_paper.match(paper, 4, 1)
    assert trials.read_bytes() != before
    build_paper.match(paper, 5, 1)
    assert trials.read_bytes() == before


# Faults


@pytest.fixture
def fresh(tmp_path):
    """A folder from the template, not built."""
    new_paper.make(tmp_path / "own", "Tea and sleep")
    return tmp_path / "own"


def replace(path, old, new):
    """Change a file that must hold the old text."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_ledger_that_cannot_be_is_refused_with_the_row(fresh, capsys):
    replace(fresh / "data" / "ledger.csv", "0.004,3", "0.04,2")
    assert build_paper.main([str(fresh)]) == 1
    said = capsys.readouterr().err
    assert "tea.after.p" in said and "the ledger is not ready" in said
    assert not (fresh / "data" / "matched").exists() and not (fresh / "site").exists()


def test_a_missing_file_is_named(fresh, capsys):
    (fresh / "data" / "codebook.json").unlink()
    assert build_paper.main([str(fresh)]) == 1
    assert "codebook.json is missing" in capsys.readouterr().err


def test_a_page_without_a_title_is_refused(fresh):
    replace(fresh / "book" / "paper.md", "# Tea and sleep", "Tea and sleep")
    with pytest.raises(new_paper.PaperError, match="has no title"):
        build_paper.title_of(fresh)


def test_what_the_build_said_is_kept_short():
    log = "reading\n\x1b[31mbook/paper.md:3: WARNING: undefined label: 'x'\x1b[39m\nwriting\n"
    assert build_paper.faults(log).splitlines() == ["the page was not built:", "book/paper.md:3: WARNING: undefined label: 'x'"]
    assert build_paper.faults("one\ntwo\n").endswith("one\ntwo")


def test_a_folder_that_holds_something_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert new_paper.main([str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert new_paper.main([str(tmp_path / "mine.txt")]) == 1
    assert "is a file" in capsys.readouterr().err


@pytest.mark.parametrize("title", ["", "# One", "two\nlines"])
def test_a_title_that_would_break_the_page_is_refused(tmp_path, title):
    with pytest.raises(new_paper.PaperError, match="is no title"):
        new_paper.make(tmp_path / "new", title)
    assert not (tmp_path / "new").exists()


def test_the_template_types_no_statistic():
    text = (new_paper.TEMPLATE / "book" / "paper.md").read_text(encoding="utf-8")
    assert prose.findings(text, "paper.md") == []
