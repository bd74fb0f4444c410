"""The scoreboard shows every row, is computed independently, and stops a build that misses one."""

import csv
import io
import re
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
def board():
    return page.table()


@pytest.fixture(scope="module")
def soup(board):
    return BeautifulSoup(page.as_html(board), "html.parser")


@pytest.fixture(scope="module")
def lines(board):
    """The file, as a reader's program reads it."""
    return list(csv.DictReader(io.StringIO(page.as_csv(board))))


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


def test_each_study_has_its_count(soup, ledger):
    said = [item.get_text() for item in soup.select(".scoreboard-studies li")]
    counts = ledger["study"].value_counts(sort=False)
    ends = [f": {n} of {n} row{'s match' if n > 1 else ' matches'}" for n in counts]
    assert [text.endswith(end) for text, end in zip(said, ends, strict=True)] == [True] * len(counts)
    assert said[0].startswith(page.STUDIES["davis2021"])


def test_a_count_tells_a_row_that_does_not_match(board):
    rows = board.rows.copy()
    rows.loc["davis.completed", "matches"] = False
    text = page.as_html(board._replace(rows=rows))
    n = int((board.ledger["study"] == "davis2021").sum())
    assert f"{n - 1} of {n} rows match" in text


# --- the filter --------------------------------------------------------------------------


def test_the_filter_is_hidden_until_a_script_shows_it(soup):
    form = soup.select_one("form.scoreboard-filter")
    assert form.has_attr("hidden") and form["aria-label"]
    controls = form.select("select, input, button")
    assert [control.get("name") for control in controls] == ["study", "kind", "checked", "words", None]
    for control in controls[:-1]:
        assert form.find("label", attrs={"for": control["id"]}).get_text()
    assert form.output.get_attribute_list("for") == [control["id"] for control in controls[:-1]]
    assert controls[-1]["type"] == "button"
    assert not soup.find_all("script")  # a later content policy forbids scripts on the page itself


def test_each_choice_of_the_filter_has_rows_and_says_how_many(soup, ledger):
    found = {
        "study": ledger["study"],
        "kind": ledger["kind"].map(page.kind_of),
        "checked": ledger["checked"].map({True: "yes", False: "no"}),
    }
    for name, values in found.items():
        every, *options = soup.select(f"select[name={name}] option")
        assert every["value"] == ""
        assert {option["value"]: int(option.get_text().rpartition(": ")[2]) for option in options} == values.value_counts().to_dict()


def test_each_row_carries_what_the_filter_asks(soup, ledger):
    rows = soup.select("table.scoreboard tbody tr:not(.study)")
    for row, (_, entry) in zip(rows, ledger.iterrows(), strict=True):
        assert row.parent["data-study"] == entry["study"]
        assert entry["kind"] in page.KINDS[row["data-kind"]][1]
        assert row["data-checked"] == ("yes" if entry["checked"] else "no")


def test_every_kind_of_the_ledger_is_found_under_one_name():
    from helpers.published import KINDS

    assert sorted(kind for _, kinds in page.KINDS.values() for kind in kinds) == sorted(KINDS)


# --- the file ----------------------------------------------------------------------------


def test_the_file_has_every_row_of_the_ledger_in_order(lines, ledger):
    assert [line["id"] for line in lines] == list(ledger.index)
    assert tuple(lines[0]) == page.COLUMNS
    for line, (_, entry) in zip(lines, ledger.iterrows(), strict=True):
        assert [line[name] for name in ("study", "kind", "source", "locator", "published")] == [
            entry["study"], entry["kind"], entry["source"], entry["locator"], entry["printed"],
        ]  # fmt: skip
        assert line["checked"] == str(entry["checked"]).lower()


def test_the_file_says_what_the_table_says(lines, soup, ledger):
    rows = soup.select("table.scoreboard tbody tr:not(.study)")
    for line, row in zip(lines, rows, strict=True):
        head = row.th
        how = head.select_one(".how").get_text()
        assert [line["what"], line["how"]] == [head.get_text().partition(how)[0], how]
        n, published, rebuilt, over_all, match = (cell.get_text().strip() for cell in row.find_all("td"))
        assert line["n"] == n and line["matches"] == "true" and match == "✓ matches"
        assert published.replace("\u2212", "-").replace("–", "-").removesuffix(" †") == line["published"]
        ends = [float(end) for end in re.findall(r"[\d.]+", over_all)]
        finest = 10.0 ** -max(len(end.partition(".")[2]) for end in re.findall(r"[\d.]+", over_all))
        assert abs(float(line["lowest"])) == pytest.approx(ends[0], abs=finest)
        assert abs(float(line["highest"])) == pytest.approx(ends[-1], abs=finest)
        if line["kind"] == "range":
            assert line["rebuilt"] == ""
        else:
            step = 10.0 ** -ledger.loc[line["id"], "decimals"]
            shown = float(rebuilt.replace("\u2212", "-").lstrip("<≤ "))
            bound = rebuilt[0] in "<≤"
            assert float(line["rebuilt"]) <= shown if bound else float(line["rebuilt"]) == pytest.approx(shown, abs=0.5001 * step)


def test_the_numbers_of_the_file_are_the_recomputed_ones(lines, ensemble, ledger, codebook):
    trial = load_trial(everyone=True)
    found = report.rebuild_all(ensemble, ledger, codebook)
    for line in lines:
        ends = (found[line["id"]].min(), found[line["id"]].max())
        assert (float(line["lowest"]), float(line["highest"])) == pytest.approx(ends, rel=1e-11)
        if line["kind"] != "range":
            assert float(line["rebuilt"]) == pytest.approx(rebuild(trial, line["id"], ledger, codebook), rel=1e-11)


def test_the_file_is_plain_for_any_program(board):
    text = page.as_csv(board)
    assert text == page.as_csv(page.table()) and "\r" not in text and text.endswith("\n")
    read = pd.read_csv(io.StringIO(text))
    assert read["matches"].all() and read["matches"].dtype == read["checked"].dtype == bool
    assert all(read[name].dtype.kind in "if" for name in ("n", "rebuilt", "lowest", "highest"))
    assert not text.replace("n \u2212 1", "").count("\u2212")  # no number has a minus that a program cannot read


def test_the_link_tells_the_size_of_the_file(soup, board):
    link = soup.select_one(".scoreboard-file a")
    assert (link["href"], link.has_attr("download")) == ("scoreboard.csv", True)
    size = len(page.as_csv(board).encode())
    assert link.parent.get_text() == f"Download the table (CSV, {round(size / 1000)} kB)"


def test_the_page_explains_every_column_of_the_file():
    text = (book.ROOT / "book" / "scoreboard.md").read_text(encoding="utf-8")
    part = text.partition("## The table as a file")[2].partition("\n## ")[0]
    explained = re.findall(r"`(\w+)`", "".join(line for line in part.splitlines() if line.startswith("`")))
    assert sorted(explained) == sorted(page.COLUMNS)


def test_a_row_that_does_not_match_is_an_error(data):
    spoil(data / "published.csv", ",=,-0.65,2,", ",=,-0.64,2,")
    with pytest.raises(page.ScoreboardError, match=r"1 rows of the ledger do not match: levin\.r\.prep\.4wk"):
        page.table(data)


def test_a_changed_score_of_the_trial_is_an_error(data):
    path = data / "trial.csv"
    trial = pd.read_csv(path)
    rated = trial["alliance_prep"].first_valid_index()
    trial.loc[rated, "alliance_prep"] -= 40
    trial.to_csv(path, index=False)
    with pytest.raises(page.ScoreboardError, match=r"\d+ rows of the ledger do not match: levin\.growth\.d"):
        page.table(data)


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
    # the file lies beside the page, and only this page asks for the filter's script
    built = mini.root / "_build" / "html"
    assert (built / "book" / "scoreboard.csv").read_bytes().decode() == page.as_csv(page.table())
    assert len(re.findall(r'src="[./]*_static/scoreboard\.js', mini.page())) == 1
    for other in ("index.html", "search.html"):
        assert "scoreboard.js" not in mini.read(f"_build/html/{other}")
        assert "book.js" in mini.read(f"_build/html/{other}")
    spoil(mini.root / "data" / "published.csv", ",=,-0.65,2,", ",=,-0.64,2,")
    second = mini.build()
    assert second.returncode != 0
    assert "do not match: levin.r.prep.4wk" in second.stdout + second.stderr
