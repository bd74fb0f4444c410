"""The scoreboard shows every row, is computed independently, and stops a build that misses one."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from helpers import report
from helpers.codebook import read_codebook
from helpers.published import read_ledger
from helpers.scoreboard import rebuild, scoreboard
from helpers.trial import add_derived, load_trial
from minibook import HEADER, MiniBook

from tools import book
from tools import scoreboard as page

DATA = book.ROOT / "data"


@pytest.fixture(scope="module")
def ledger():
    return read_ledger()


@pytest.fixture(scope="module")
def codebook():
    return read_codebook()


@pytest.fixture(scope="module")
def ensemble(codebook):
    """All 27 participants of every trial."""
    return add_derived(pd.read_csv(DATA / "ensemble.csv.gz"), codebook)


@pytest.fixture(scope="module")
def soup():
    return BeautifulSoup(page.as_html(), "html.parser")


@pytest.fixture
def data(tmp_path):
    """A copy of the data folder that a test may spoil."""
    return shutil.copytree(DATA, tmp_path / "data")


def spoil(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


# --- the numbers -------------------------------------------------------------------------


def test_all_trials_at_once_give_what_each_alone_gives(ensemble, ledger, codebook):
    some = [0, 195, 499, 999]
    found = report.rebuild_all(ensemble[ensemble["trial"].isin(some)], ledger, codebook)
    for place, number in enumerate(some):
        alone = scoreboard(ensemble[ensemble["trial"] == number], ledger, codebook)["rebuilt"]
        together = pd.Series({id: np.nan if v.ndim == 2 else v[place] for id, v in found.items()})
        pd.testing.assert_series_equal(together, alone, check_names=False, rtol=1e-9)


@pytest.mark.parametrize("meaning", ["pooled", "d_av", "d_rm", "d_z", "first"])
@pytest.mark.parametrize("kind", ["d_growth", "d_change"])
def test_each_meaning_of_d_agrees(meaning, kind, ledger, codebook):
    trial = load_trial(everyone=True).assign(trial=0)
    book_ = replace(codebook, meanings=codebook.meanings | {kind: meaning})
    rows = ledger[ledger["kind"] == kind]
    found = report.rebuild_all(trial, rows, book_)
    for id in rows.index:
        assert found[id][0] == pytest.approx(rebuild(trial, id, rows, book_), rel=1e-12)


def test_kinds_that_the_book_lacks_agree(ledger, codebook):
    """A p between groups, a p of one group, a minimum of one group."""
    trial = load_trial(everyone=True).assign(trial=0)
    rows = ledger.loc[["davis.week5.d", "levin.p.prep.4wk", "levin.r.prep.4wk", "gukasyan.eligibility"]].copy()
    rows.loc["davis.week5.d", "kind"] = "p"
    rows.loc[["levin.p.prep.4wk", "levin.r.prep.4wk"], "group"] = "immediate"
    rows.loc["gukasyan.eligibility", "group"] = "delayed"
    found = report.rebuild_all(trial, rows, codebook)
    for id in rows.index:
        assert found[id][0] == pytest.approx(rebuild(trial, id, rows, codebook), rel=1e-9)


def test_a_trial_of_another_size_is_refused(ensemble, ledger, codebook):
    with pytest.raises(ValueError, match="same number of rows"):
        report.rebuild_all(ensemble.iloc[:-1], ledger, codebook)


def test_one_wrong_score_in_one_of_a_thousand_trials_is_seen(ensemble, ledger, codebook):
    spoiled = ensemble.copy()
    where = spoiled.index[(spoiled["trial"] == 700) & (spoiled["arm"] == "immediate") & spoiled["completed"]][0]
    spoiled.loc[where, "grid_hamd_baseline"] += 3
    table = report.board(spoiled, ledger, codebook, shown=load_trial(everyone=True))
    assert not table.loc["davis.baseline.mean.immediate", "matches"]
    assert table.loc["davis.baseline.mean.delayed", "matches"]


# --- the words ---------------------------------------------------------------------------


def test_ranges_are_two_digits_finer_and_one_number_stands_alone(ledger):
    row = next(ledger.loc[["levin.r.prep.4wk"]].itertuples())
    assert report._range(row, -0.65494, -0.6451) == "\u22120.6549 to \u22120.6451"
    assert report._range(row, -0.65001, -0.65002) == "\u22120.6500"
    p = next(ledger.loc[["levin.p.post2.4wk"]].itertuples())
    assert report._range(p, 1e-9, 2e-4) == "< 0.00001 to 0.00020"


@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("davis.randomised.delayed", "Participants, randomised (delayed)"),
        ("levin.growth.d", "d of the rise from alliance, final preparation session, to alliance, a week after session 2"),
        ("davis.remission.4wk", "Number with depression, 4 weeks, at most 7"),
        ("gukasyan.response.12mo", "Percentage with depression, 12 months, at least 50% below baseline"),
        ("davis.week8.mean.immediate", "Mean of depression, 4 weeks (immediate)"),
    ],
)
def test_a_row_in_words(id, said, ledger, codebook):
    assert report.describe(next(ledger.loc[[id]].itertuples()), codebook) == said


# --- the page ----------------------------------------------------------------------------


def test_every_row_stands_on_the_page_once(soup, ledger):
    rows = soup.select("table.scoreboard tbody tr:not(.study)")
    assert [row["id"] for row in rows] == ["row-" + id.replace(".", "-") for id in ledger.index]
    for row, (id, entry) in zip(rows, ledger.iterrows(), strict=True):
        assert row.select_one("th a")["href"] == "#row-" + id.replace(".", "-")
        cells = [cell.get_text(" ", strip=True) for cell in row.find_all("td")]
        assert len(cells) == 5
        printed = entry["printed"].replace("-", "–" if entry["kind"] == "range" else "\u2212")
        assert cells[1] == printed + ("" if entry["checked"] else " †")
        if entry["op"] == "=" and entry["kind"] != "range":
            assert cells[2] == printed
        assert cells[4] == "✓ matches"


def test_the_summary_counts(soup, ledger):
    text = soup.select_one(".scoreboard-summary").get_text()
    assert f"All {len(ledger)} rows match" in text
    assert f"the {(~ledger['checked']).sum()} published numbers" in text
    assert text.count("1,000") == 1


def test_the_table_can_be_heard(soup):
    assert all(cell.get("scope") in ("col", "row", "rowgroup") for cell in soup.find_all("th"))
    assert soup.table.caption.get_text(strip=True)
    assert "table-scroll" in soup.table.parent["class"]
    assert not soup.select("td:empty")


def test_a_row_that_does_not_match_is_an_error(data):
    spoil(data / "published.csv", ",=,-0.65,2,", ",=,-0.64,2,")
    with pytest.raises(page.ScoreboardError, match=r"1 rows of the ledger do not match: levin\.r\.prep\.4wk"):
        page.as_html(data)


def test_a_changed_score_of_the_trial_is_an_error(data):
    path = data / "trial.csv"
    trial = pd.read_csv(path)
    rated = trial["alliance_prep"].first_valid_index()
    trial.loc[rated, "alliance_prep"] -= 40
    trial.to_csv(path, index=False)
    with pytest.raises(page.ScoreboardError, match=r"\d+ rows of the ledger do not match: levin\.growth\.d"):
        page.as_html(data)


def test_the_page_has_no_typed_row_and_asks_for_the_table():
    text = (book.ROOT / "book" / "scoreboard.md").read_text(encoding="utf-8")
    assert "```{scoreboard}\n```" in text
    assert "synthetic" in text.lower()


def test_a_build_stops_at_a_row_that_does_not_match(tmp_path):
    mini = MiniBook(tmp_path / "book")
    mini.write("book/one.md", HEADER + "# One\n\n```{scoreboard}\n```\n")
    first = mini.build()
    assert first.returncode == 0, first.stdout + first.stderr
    assert mini.page().count("</span> matches") == len(read_ledger())
    spoil(mini.root / "data" / "published.csv", ",=,-0.65,2,", ",=,-0.64,2,")
    second = mini.build()
    assert second.returncode != 0
    assert "do not match: levin.r.prep.4wk" in second.stdout + second.stderr
