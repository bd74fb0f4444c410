"""The claims of the release: the file, the intervals, the rule, and the table on the page."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.claims import (
    COLUMNS,
    DESIGNS,
    RULE,
    VERDICTS,
    ClaimError,
    evidence,
    read_claims,
    recovered_sizes,
    settled,
)
from helpers.consistency import d_all
from helpers.estimators import zou_interval
from helpers.published import read_ledger
from scipy import stats

from tools import book
from tools import claims as table

FILE = book.ROOT / "data" / "claims.csv"
CHAPTER = book.ROOT / "book" / "15-what-the-study-shows.md"


@pytest.fixture(scope="module")
def ledger():
    return read_ledger()


@pytest.fixture(scope="module")
def claims():
    return read_claims()


@pytest.fixture(scope="module")
def found(claims, ledger):
    return evidence(claims, ledger)


@pytest.fixture(scope="module")
def zone():
    return table.zone()


def interval(found, claim, place=0):
    row = found[found["claim"] == claim].iloc[place]
    return float(row["low"]), float(row["high"])


# --- the file -----------------------------------------------------------------------------


def test_every_claim_has_a_verdict_from_the_scale(claims):
    assert list(claims.index) == [f"C{number}" for number in range(1, 15)]
    assert set(claims["verdict"]) <= set(VERDICTS)
    assert (claims[["because", "turns"]] != "").all(axis=None)
    assert claims["because"].str.fullmatch(r"[A-Z].*\.").all()


def test_every_ledger_row_that_is_named_exists(claims, ledger):
    named = claims["rows"].str.split().explode().dropna()
    assert set(named) <= set(ledger.index)
    pieces = claims["evidence"].str.split().explode().dropna().str.partition(":")
    behind = pieces.loc[pieces[0] != "none", 2].str.split(",").explode()
    assert set(behind) <= set(ledger.index)
    # what chapter 1 lists behind a claim is in its evidence
    for id, rows in claims["rows"].str.split().items():
        assert set(rows) <= set(re.split(r"[\s,:]", claims.loc[id, "evidence"])), id


def test_words_are_short_phrases(claims):
    assert claims["words"].str.split().str.len().max() <= 12


def test_claims_that_exclude_each_other_say_so_both(claims):
    for id, other in claims["against"].items():
        if other:
            assert claims.loc[other, "against"] == id


def missing_labels(claims, folder):
    """The claims whose label does not stand once, in its chapter, before a cell."""
    missing = []
    for id, claim in claims.iterrows():
        path = Path(folder) / f"{claim['chapter']}.md"
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if len(re.findall(rf"^\({claim['cell']}\)=\n```\{{code-cell\}}", text, re.M)) != 1:
            missing.append(id)
    return missing


def test_every_claim_names_a_cell_of_a_chapter(claims):
    assert missing_labels(claims, book.ROOT / "book") == []


def test_a_label_that_is_dropped_is_noticed(claims, tmp_path):
    for path in book.chapters():
        shutil.copy(path, tmp_path)
    assert missing_labels(claims, tmp_path) == []
    path = tmp_path / "08-alliance-acute.md"
    path.write_text(path.read_text().replace("(cell-way-back)=\n", ""))
    assert missing_labels(claims, tmp_path) == ["C9"]


def test_no_label_is_idle(claims):
    there = {label for path in book.chapters() for label in re.findall(r"^\((cell-[\w-]+)\)=$", path.read_text(), re.M)}
    assert there == set(claims["cell"])


FAULTS = {
    "an unknown verdict": (",not shown,", ",proved,", "C5: verdict must be one of"),
    "an unknown kind": (",description,,", ",story,,", "C2: kind must be one of"),
    "an unknown design": (",randomized,", ",by chance,", "C12: design must be one of"),
    "an unknown row": ("r:levin.r.post2.12mo", "r:levin.r.post3.12mo", "C1: the ledger has no row 'levin.r.post3.12mo'"),
    "an unknown piece": ("growth:levin.growth.d,levin.growth.p", "growth:levin.growth.d", "C2: 'growth:levin.growth.d' is no piece"),
    "evidence for nothing measured": ("one group,none:insight_peak,", "not measured,none:insight_peak,", "C7: evidence is for what was measured"),
    "a claim against itself": (",C7,10-four", ",C5,10-four", "C5: against names 'C5'"),
    "a chapter without a number": (",07-alliance-growth,", ",alliance-growth,", "C2: chapter is 'alliance-growth'"),
    "no reason": ('"Chance decided who started', '""+"Chance', "C12: because is empty"),
    "ids out of order": ("C3,release", "C4,release", "the ids are not"),
    "a column less": (",turns\n", "\n", "the columns are"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_refused(fault, tmp_path, ledger):
    old, new, message = FAULTS[fault]
    if fault == "no reason":
        frame = pd.read_csv(FILE, dtype=str, keep_default_na=False)
        frame.loc[frame["id"] == "C12", "because"] = " "
        frame.to_csv(tmp_path / "claims.csv", index=False)
    elif fault == "a column less":
        pd.read_csv(FILE, dtype=str).drop(columns="turns").to_csv(tmp_path / "claims.csv", index=False)
    else:
        text = FILE.read_text(encoding="utf-8")
        if fault == "evidence for nothing measured":
            old, new = 'below zero,one group,"none:insight_peak', 'below zero,not measured,"none:insight_peak'
        elif fault == "an unknown piece":
            old, new = f'"{old}"', new
        assert old in text, "the test does not change the file"
        (tmp_path / "claims.csv").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ClaimError, match=re.escape(message)):
        read_claims(tmp_path / "claims.csv", ledger)


def test_the_columns_are_those_of_the_helper():
    assert tuple(pd.read_csv(FILE, nrows=0).columns) == COLUMNS


# --- the intervals ------------------------------------------------------------------------


def test_the_sizes_are_those_of_chapter_3(ledger):
    sizes = recovered_sizes(ledger)
    single = {"alliance_prep": 20, "alliance_post2": 24, "mystical_peak": 23, "insight_peak": 16}
    assert {name: sizes[frozenset({name})] for name in single} == single
    assert sizes[frozenset({"alliance_prep", "insight_peak"})] == 16
    assert sizes[frozenset({"alliance_prep", "mystical_peak"})] == 20


def test_no_size_that_fits_is_an_error(ledger):
    changed = ledger.copy()
    changed.loc["levin.r.prep.12mo", "value"] = -0.30
    with pytest.raises(ClaimError, match="no number of participants fits the rows of alliance_prep"):
        recovered_sizes(changed)


def by_hand(r, n, z=1.959963984540054):
    return tuple(np.tanh(np.arctanh(r) + np.array([-1, 1]) * z / np.sqrt(n - 3)))


def test_correlations_have_fishers_interval(found):
    assert interval(found, "C1") == pytest.approx(by_hand(-0.54, 20))
    assert interval(found, "C1", 1) == pytest.approx(by_hand(-0.61, 24))
    assert interval(found, "C3", 1) == pytest.approx(by_hand(0.52, 16))
    assert interval(found, "C4", 1) == pytest.approx(by_hand(-0.75, 16))


def test_a_correlation_known_by_its_p_alone_has_the_widest_interval(found):
    low, high = interval(found, "C6")
    assert low == -high
    # every sample correlation that is not significant keeps inside, and one that is does not
    r = np.linspace(-0.9, 0.9, 3601)
    p = 2 * stats.t.sf(abs(r) * np.sqrt(21 / (1 - r**2)), 21)
    ends = np.array([by_hand(one, 23) for one in r[p > 0.05]])
    assert low <= ends.min() < low + 0.001 and high - 0.001 < ends.max() <= high
    assert by_hand(r[p <= 0.05].max(), 23)[1] > high


def test_the_interval_of_the_growth_is_that_of_the_paired_test(found, ledger):
    """Changes with the printed d (over the spread of people) and p, by another way."""
    rng = np.random.default_rng(15)
    d, n, r = 0.43, 20, 0.5
    t = stats.t.isf(0.015, n - 1)
    noise = rng.normal(size=n)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    change = d + noise * d * np.sqrt(n) / t  # in SDs of people
    ends = stats.ttest_1samp(change, 0).confidence_interval()
    low, high = interval(found, "C2")
    assert low < ends.low < low + 0.03 and high - 0.03 < ends.high < high
    assert d_all(change.mean(), 1, 1, r)["pooled"] == pytest.approx(d)
    assert low > 0  # p is below .05 wherever it was rounded from
    reach = stats.t.isf(0.025, 19)
    corners = [d * (1 + side * reach / stats.t.isf(p / 2, 19)) for d in (0.425, 0.435) for p in (0.025, 0.035) for side in (-1, 1)]
    assert (low, high) == pytest.approx((min(corners), max(corners)))


def test_the_d_between_arms_is_the_printed_one(found, ledger):
    # the note of the ledger row has the interval that the source prints
    for place, row in enumerate(("davis.week5.d", "davis.week8.d")):
        ends = interval(found, "C12", place)
        printed = re.search(r"CI ([\d.]+) to ([\d.]+)", ledger.loc[row, "note"]).groups()
        assert [round(end, 1) for end in ends] == [float(end) for end in printed]
        assert round(found[found["claim"] == "C12"].iloc[place]["estimate"], 1) == ledger.loc[row, "value"]


def test_differences_are_zous_at_the_widest(found):
    pieces = found[found["claim"] == "C10"].set_index("rows")
    one = pieces.loc["levin.r.prep.4wk levin.r.insight.4wk"]
    assert (one["low"], one["high"]) == pytest.approx(zou_interval(-0.65, -0.75, 0.52, 16))
    assert one["n"] == 16
    for rows, a, b, n in (
        ("levin.r.post2.4wk levin.r.insight.4wk", -0.85, -0.75, 16),
        ("levin.r.post2.4wk levin.r.mystical.4wk", -0.85, -0.45, 23),
    ):
        middle, reach = a * b, np.sqrt((1 - a**2) * (1 - b**2))
        low, high = zou_interval(a, b, np.linspace(middle - 0.999 * reach, middle + 0.999 * reach, 5001), n)
        assert pieces.loc[rows, "low"] == pytest.approx(low.min(), abs=0.002)
        assert pieces.loc[rows, "high"] == pytest.approx(high.max(), abs=0.002)


def test_a_difference_with_an_unprinted_side_holds_every_one_that_is_possible(found):
    low, high = interval(found, "C13")
    for other in np.linspace(-0.413, 0.413, 23):
        ends = zou_interval(-0.54, other, 0.49, 20)
        # the critical value at 20 people is a little larger than at 23
        assert low <= ends[0] and ends[1] <= high


def test_a_number_called_unprinted_must_be_so(claims, ledger):
    row = ledger.loc["levin.r.insight.4wk"].copy()
    row["y"] = "grid_hamd_12mo"
    more = pd.concat([ledger, row.to_frame("levin.r.insight.12mo").T])
    more["value"] = more["value"].astype(float)
    with pytest.raises(ClaimError, match="C5: the correlation of insight_peak and grid_hamd_12mo is printed after all"):
        evidence(claims, more, recovered_sizes(ledger))


def test_three_correlations_that_cannot_go_together_are_refused(claims, ledger):
    changed = ledger.copy()
    changed.loc["levin.r.prep.insight", "value"] = -0.52
    with pytest.raises(ClaimError, match="C10: no data can have levin.r.prep.4wk, levin.r.insight.4wk"):
        evidence(claims, changed, recovered_sizes(ledger))


# --- the rule -----------------------------------------------------------------------------


def test_the_rule_gives_the_verdicts_of_the_file(claims, ledger, zone):
    ruled = settled(claims, ledger, zone)
    assert ruled["verdict"].to_dict() == claims["verdict"].to_dict()
    assert settled(claims.assign(verdict="supported"), ledger, zone).equals(ruled)


def test_the_zone_is_that_of_chapter_10(zone):
    text = (book.ROOT / "book" / "10-four-weeks-twelve-months.md").read_text(encoding="utf-8")
    assert 'zone = 3 / (2 * trial["grid_hamd_12mo"].std())' in text
    assert zone == pytest.approx(0.203, abs=0.001)


def after(claims, ledger, zone, changes, **cells):
    """The verdicts that differ once numbers, or cells of a claim, are changed."""
    changed, other = ledger.copy(), claims.copy()
    for row, number in changes.items():
        changed.loc[row, "value"] = number
    for cell, value in cells.items():
        id, column = cell.split("_")
        other.loc[id, column] = value
    ruled = settled(other, changed, zone, recovered_sizes(ledger))["verdict"]
    return ruled[ruled != claims["verdict"]].to_dict()


def test_a_changed_number_changes_the_verdicts_that_hang_on_it(claims, ledger, zone):
    assert after(claims, ledger, zone, {}) == {}
    assert after(claims, ledger, zone, {"levin.r.prep.12mo": -0.30}) == {"C1": "not shown"}
    assert after(claims, ledger, zone, {"levin.r.prep.mystical": 0.40}) == {"C3": "not shown", "C8": "not shown"}
    assert after(claims, ledger, zone, {"levin.r.mystical.4wk": -0.40}) == {"C4": "not shown"}
    turned = {"levin.r.prep.12mo": 0.54, "levin.r.post2.12mo": 0.61}
    assert after(claims, ledger, zone, turned) == {"C1": "contradicted"}
    assert after(claims, ledger, zone, {"davis.week8.mean.immediate": 23.0}) == {"C12": "not shown"}


def test_each_line_of_the_rule_can_decide(claims, ledger, zone):
    sure = {"C1_design": "repeated"}
    assert after(claims, ledger, zone, {}, **sure) == {"C1": "supported"}
    assert after(claims, ledger, zone, {}, C12_design="one group") == {"C12": "not shown"}
    assert after(claims, ledger, zone, {}, C1_also="cause") == {"C1": "not shown"}
    assert after(claims, ledger, zone, {}, C1_design="not measured") == {"C1": "not studied"}
    # one number that is missing is enough, whatever the others say
    assert settled(claims, ledger, zone)["line"].loc[["C5", "C6", "C7", "C9", "C13"]].tolist() == [3, 8, 3, 3, 3]
    # an absence is held against the 90% interval
    inner = float(evidence(claims.loc[["C6"]], ledger, level=0.90)["high"].iloc[0])
    assert inner < float(evidence(claims.loc[["C6"]], ledger)["high"].iloc[0]) - 0.02
    assert settled(claims, ledger, inner + 0.001).loc["C6", "line"] == 4
    assert settled(claims, ledger, inner - 0.001).loc["C6", "line"] == 8
    # a wide zone takes the absence in; an absence with an interval off the zone is contradicted
    assert settled(claims, ledger, 0.9).loc["C6"].tolist() == ["supported in these data only", 4]
    assert after(claims, ledger, zone, {}, C1_says="zero") == {"C1": "not shown"}
    assert after(claims, ledger, 0.05, {}, C1_says="zero") == {"C1": "contradicted"}
    # once insight's row is there, C7 is shown, and C5, which excludes it, is contradicted
    firm = after(claims, ledger, zone, {}, C7_evidence="r:levin.r.insight.4wk")
    assert firm == {"C7": "supported in these data only", "C5": "contradicted"}


def test_two_claims_that_exclude_each_other_cannot_both_be_supported(claims, ledger, zone):
    with pytest.raises(ClaimError, match="exclude each other"):
        after(claims, ledger, zone, {}, C1_against="C4")


def test_a_zone_out_of_range_is_refused(claims, ledger):
    with pytest.raises(ValueError, match="zone"):
        settled(claims, ledger, 1.5)


def test_the_words_of_the_rule_use_the_scale():
    assert {verdict for _, verdict in RULE} <= set(VERDICTS)
    assert "one group" in DESIGNS


# --- the page -----------------------------------------------------------------------------


def test_the_table_has_every_claim_its_links_and_its_verdict(claims, ledger):
    text = table.as_markdown()
    for id, claim in claims.iterrows():
        entry = text.split(f"(claim-{id.lower()})=\n")[1].split("\n(claim-")[0]
        assert claim["gist"] in entry and claim["words"] in entry and claim["because"] in entry
        assert f"**{claim['verdict'].capitalize()}.**" in entry
        assert f"<{claim['cell']}>`" in entry
        for row in re.findall(r"#row-([\w-]+)", entry):
            assert row in {name.replace(".", "-") for name in ledger.index}


def test_the_table_refuses_a_verdict_that_the_rule_does_not_give(tmp_path):
    for name in table.INPUTS:
        shutil.copy(book.ROOT / "data" / name, tmp_path)
    assert table.as_markdown(tmp_path)
    path = tmp_path / "claims.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",14-three-worlds,cell-three-pushes,not shown,", ",14-three-worlds,cell-three-pushes,supported,"))
    with pytest.raises(table.VerdictError, match="C10: the file says 'supported', the rule 'not shown'"):
        table.as_markdown(tmp_path)


def test_the_chapter_shows_the_table_and_the_scoreboard():
    text = CHAPTER.read_text(encoding="utf-8")
    assert "```{claims-table}" in text and "{doc}`scoreboard`" in text
