"""What each row of a ledger asks for: kinds, groups, numbers of participants, intervals."""

import math

import numpy as np
import pytest
from helpers.codebook import read_codebook
from helpers.published import LedgerError, read_ledger
from helpers.targets import (
    ImpossibleLedger,
    correlation_entries,
    find_faults,
    limits,
    pair_count,
    targets,
    test_of_p,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from ministudy import codebook, ledger, mean_and_sd, row
from scipy import stats

RAW = {
    "groups": {"drug": {"enrolled": 14, "analyzed": 12}, "placebo": 8},
    "counts": {"randomized": "enrolled", "completed": "analyzed"},
    "variables": {
        "a": {"scale": [0, 10]}, "b": {"scale": [0, 10]}, "c": {"scale": [-2, 2], "step": 0.5},
        "dose": {"scale": [1, 5], "only": ["drug"]},
    },
    "derived": {
        "peak": {"max_of": ["a", "b"]}, "own": {"by_group": {"drug": "a", "placebo": "b"}},
        "low": {"at_most": ["a", 3]}, "fell": {"reduced_by": ["a", "b", 0.5]},
    },
    "missing": [
        {"count": 3, "variables": ["b"], "group": "drug"}, {"count": 2, "variables": ["c"]},
        {"count": 1, "variables": ["a", "c"], "group": "placebo"},
    ],
}  # fmt: skip


def wanted(folder, *rows, **parts):
    """The targets of a few rows."""
    printed = ledger(folder, *rows)
    return targets(printed, codebook(folder, RAW | parts, printed))


def refused(folder, *rows, **parts):
    """The faults of a few rows: ids and sentences."""
    printed = ledger(folder, *rows)
    faults = find_faults(printed, codebook(folder, RAW | parts, printed))
    if faults:
        with pytest.raises(ImpossibleLedger) as caught:
            targets(printed, codebook(folder, RAW | parts, printed))
        assert caught.value.faults == tuple(faults)
        assert isinstance(caught.value, LedgerError)
    return faults


# --- who has what ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "group", "count"),
    [
        ("a", "", "all", 19), ("a", "", "drug", 12), ("a", "", "placebo", 7),
        ("b", "", "all", 17), ("b", "", "drug", 9), ("b", "", "placebo", 8),
        ("a", "b", "all", 16), ("a", "b", "placebo", 7),
        ("c", "", "all", 17), ("a", "c", "all", 17), ("b", "c", "all", 14),
        ("c", "", "drug", None), ("a", "c", "placebo", None),
        ("dose", "", "all", 12), ("dose", "", "placebo", 0), ("dose", "b", "all", 9), ("dose", "c", "all", None),
        ("peak", "", "all", 16), ("own", "", "all", 20), ("own", "", "drug", 12), ("own", "", "placebo", 8),
        ("low", "", "all", 19), ("fell", "c", "all", 14),
    ],
)  # fmt: skip
def test_pair_count(tmp_path, x, y, group, count):
    book = codebook(tmp_path, RAW, ledger(tmp_path, row("mean", "a", "5")))
    assert pair_count(book, x, y, group) == count
    if y:
        assert pair_count(book, y, x, group) == count


def test_limits(tmp_path):
    book = codebook(tmp_path, RAW, ledger(tmp_path, row("mean", "a", "5"), row("minimum", "b", "4", op=">=")))
    found = {name: limits(book, name) for name in ("a", "b", "c", "peak", "own", "low", "fell")}
    assert found["a"] == (0, 10) and found["b"] == (4, 10) and found["c"] == (-2, 2)
    assert found["peak"] == (4, 10)  # the larger of the two low ends
    assert found["own"] == (0, 10)
    assert found["low"] == found["fell"] == (0, 1)


# --- one row ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "kind", "low", "high", "n"),
    [
        (row("mean", "a", "5.2"), "mean", 5.15, 5.25, 19),
        (row("mean", "a", "5.1", group="placebo"), "mean", 5.05, 5.15, 7),
        (row("sd", "b", "2"), "sd", 1.5, 2.5, 17),
        (row("sd", "c", "0.5", op=">"), "sd", 0.5, math.inf, 17),
        (row("count", "low", "5"), "mean", 4.5 / 19, 5.5 / 19, 19),
        (row("percent", "low", "26"), "mean", 0.255, 0.265, 19),
        (row("r", "a", "0.43", y="b"), "r", 0.425, 0.435, 16),
        (row("r", "a", "1.00", y="b"), "r", 0.995, 1, 16),
        (row("d_between", "a", "-0.5", group="drug-placebo"), "d_between", -0.55, -0.45, 12),
        (row("d_growth", "a", "0.5", y="b"), "d_pooled", 0.45, 0.55, 16),
        (row("d_change", "a", "0.5", y="b"), "d_pooled", -0.55, -0.45, 16),
        (row("d_change", "a", "0.5", y="b", op=">="), "d_pooled", -math.inf, -0.5, 16),
    ],
)
def test_intervals_of_single_rows(tmp_path, cells, kind, low, high, n):
    (target,) = wanted(tmp_path, cells)
    assert (target.kind, target.n, target.rows) == (kind, n, ("r0",))
    assert (target.x, target.y) == (cells["x"], cells.get("y", ""))
    assert target.groups == tuple(cells.get("group", "all").split("-"))
    assert (target.low, target.high) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


@pytest.mark.parametrize("meaning", ["d_av", "d_rm", "d_z", "first", "pooled"])
def test_meanings_of_a_d_of_change(tmp_path, meaning):
    rows = [row("d_growth", "a", "0.5", y="b"), row("d_change", "a", "0.3", y="c", id="other.d")]
    kind = meaning if meaning.startswith("d_") else f"d_{meaning}"
    raw = {"variables": RAW["variables"] | {"c": {"scale": [0, 10]}}}
    found = wanted(tmp_path, *rows, meanings={"d_growth": meaning}, **raw)
    assert [target.kind for target in found] == [kind, "d_pooled"]
    found = wanted(tmp_path, *rows, meanings={"other.d": meaning}, **raw)
    assert [target.kind for target in found] == ["d_pooled", kind]


@settings(max_examples=60)
@given(st.floats(0.001, 0.9), st.integers(1, 4), st.sampled_from(["r", "paired", "student"]))
def test_a_p_asks_for_the_sizes_that_scipy_turns_into_it(tmp_path_factory, p, decimals, test):
    text = f"{p:.{decimals}f}"
    if float(text) == 0:
        return
    cells = row("p", "a", text, group="drug-placebo") if test == "student" else row("p", "a", text, y="b")
    meanings = {} if test == "student" else {"r0": test}
    (target,) = wanted(tmp_path_factory.mktemp("p"), cells, meanings=meanings)
    df = {"r": 14, "paired": 15, "student": 17}[test]
    assert target.kind == {"r": "abs_r", "paired": "t_paired", "student": "t_between"}[test]
    half = 0.5 * 10.0**-decimals
    for size, printed in ((target.low, float(text) + half), (target.high, float(text) - half)):
        t = size
        if test == "r":
            t = math.inf if size == 1 else size * math.sqrt(df / (1 - size**2))
        assert 2 * stats.t.sf(t, df) == pytest.approx(min(max(printed, 0), 1), abs=1e-9)


def test_p_below_and_above_a_level(tmp_path):
    (below,) = wanted(tmp_path, row("p", "a", "0.05", y="b", op="<"))
    assert below.high == 1 and below.low == pytest.approx(0.4973, abs=1e-4)  # critical r, df 14
    (above,) = wanted(tmp_path, row("p", "a", "0.05", y="b", op=">"))
    assert (above.low, above.high) == (0, pytest.approx(below.low, abs=1e-12))
    (paired,) = wanted(tmp_path, row("p", "a", "0.001", y="b", op="<"), meanings={"r0": "paired"})
    assert paired.high == math.inf and paired.low == pytest.approx(4.073, abs=1e-3)  # df 15


def test_rows_that_ask_nothing_of_the_scores(tmp_path):
    rows = [
        row("count", "randomized", "22"), row("count", "completed", "20"),
        row("count", "randomized", "14", group="drug"), row("count", "completed", "12", group="drug"),
        row("minimum", "a", "0", op=">="), row("range", "b", "0-10"),
    ]  # fmt: skip
    assert wanted(tmp_path, *rows) == []


# --- which test a p belongs to ------------------------------------------------------------------


def test_which_test_a_p_belongs_to(tmp_path):
    rows = ledger(
        tmp_path,
        row("p", "a", "0.04", group="drug-placebo", id="groups.p"),
        row("r", "a", "0.43", y="b", id="x.r"), row("p", "b", "0.10", y="a", id="x.p"),
        row("d_change", "a", "0.4", y="peak", id="y.d"), row("p", "a", "0.04", y="peak", id="y.p"),
        row("p", "b", "0.04", y="c", id="alone.p"),
        row("r", "dose", "0.1", y="a", id="z.r"), row("d_growth", "a", "0.1", y="dose", id="z.d"),
        row("p", "dose", "0.5", y="a", id="z.p"), row("p", "a", "0.5", y="dose", id="q.p"),
    )  # fmt: skip
    book = codebook(tmp_path, RAW, rows)
    assert test_of_p(rows, "groups.p", book) == "student"
    assert test_of_p(rows, "x.p", book) == "r"
    assert test_of_p(rows, "y.p", book) == "paired"
    assert test_of_p(rows, "alone.p", book) == "r"
    with pytest.raises(LedgerError, match="row 'q.p': it is not clear whether"):
        test_of_p(rows, "q.p", book)
    assert test_of_p(rows, "z.p", book) == "r"  # by its name
    assert test_of_p(rows, "q.p", codebook(tmp_path, RAW | {"meanings": {"q.p": "paired"}}, rows)) == "paired"
    twin = rows.drop(index="z.d")
    assert test_of_p(twin, "z.p", book) == "r"
    # Another group's correlation owns no p of everyone.
    other = rows.drop(index="x.r").copy()
    other.loc["y.d", "group"] = "drug"
    assert test_of_p(other, "y.p", book) == "r"


@pytest.mark.parametrize(
    ("meanings", "sentence"),
    [
        ({"r0": "pooled"}, "row 'r0': the codebook calls this p 'pooled'"),
        ({"r1": "paired"}, "row 'r1': the codebook calls this d 'paired', which only a p can be"),
        ({"d_change": "r"}, "row 'r1': the codebook calls this d 'r', which only a p can be"),
        ({"r2": "paired"}, "row 'r2': the codebook calls this p 'paired'"),
    ],
)
def test_meanings_that_do_not_fit_the_row(tmp_path, meanings, sentence):
    rows = [row("p", "a", "0.3", y="b"), row("d_change", "a", "0.4", y="b"), row("p", "a", "0.3", group="drug-placebo")]
    ((ids, said),) = refused(tmp_path, *rows, meanings=meanings)
    assert said.startswith(sentence) and ids == (sentence.split("'")[1],)


# --- rows about the same thing -------------------------------------------------------------------


def test_a_correlation_and_its_p_make_one_interval(tmp_path):
    (target,) = wanted(tmp_path, row("r", "a", "-0.50", y="b"), row("p", "b", "0.049", y="a"))
    assert target.kind == "r" and target.rows == ("r0", "r1")
    for end, p in ((target.high, 0.0495), (target.low, 0.0485)):
        t = stats.t.isf(p / 2, 14)
        assert end == pytest.approx(-t / math.sqrt(t * t + 14), abs=1e-9)
    assert -0.505 < target.low < target.high < -0.495
    # The order of the rows does not matter for the interval.
    (swapped,) = wanted(tmp_path, row("p", "b", "0.049", y="a"), row("r", "a", "-0.50", y="b"))
    assert (swapped.low, swapped.high, swapped.kind) == (target.low, target.high, "r")
    (positive,) = wanted(tmp_path, row("r", "a", "0.50", y="b"), row("p", "b", "0.049", y="a"))
    assert (positive.low, positive.high) == (-target.high, -target.low)


def test_the_same_number_twice_makes_one_interval(tmp_path):
    (target,) = wanted(tmp_path, row("mean", "a", "5.2"), row("mean", "a", "5"))
    assert (target.low, target.high, target.rows) == (5.15, 5.25, ("r0", "r1"))
    (target,) = wanted(tmp_path, row("r", "a", "0.4", y="b"), row("r", "b", "0.43", y="a"))
    assert (target.low, target.high) == (0.425, 0.435)
    first, second = wanted(tmp_path, row("mean", "a", "5.2"), row("mean", "a", "5.2", group="drug"))
    assert first.groups != second.groups


def test_a_correlation_of_zero_keeps_its_p_apart(tmp_path):
    found = wanted(tmp_path, row("r", "a", "0.00", y="b"), row("p", "a", "0.99", y="b"))
    assert [target.kind for target in found] == ["r", "abs_r"]


@pytest.mark.parametrize(
    ("rows", "ids", "sentence"),
    [
        ([row("r", "a", "0.43", y="b"), row("p", "a", "0.5", y="b")], ("r0", "r1"), "cannot both be right with n = 16"),
        ([row("r", "a", "0.00", y="b"), row("p", "a", "0.001", y="b", op="<")], ("r0", "r1"), "cannot both be right with n = 16"),
        ([row("r", "a", "0.43", y="b"), row("r", "b", "0.45", y="a")], ("r0", "r1"), "cannot both be right"),
        ([row("mean", "a", "5.2"), row("mean", "a", "5.4")], ("r0", "r1"), "rows 'r0' and 'r1' cannot both be right"),
        ([row("mean", "nothing", "5.2")], ("r0",), "row 'r0': the codebook has no variable 'nothing'"),
        ([row("range", "nothing", "0-5")], ("r0",), "row 'r0': the codebook has no variable 'nothing'"),
        ([row("mean", "a", "5.2", group="control")], ("r0",), "row 'r0': the codebook has no group 'control'"),
        ([row("d_between", "a", "0.2", group="drug-control")], ("r0",), "row 'r0': the codebook has no group 'control'"),
        ([row("mean", "a", "5.2", n="18")], ("r0",), "row 'r0': printed with n = 18, but the codebook gives 19"),
        ([row("mean", "c", "0.2", group="drug")], ("r0",), "row 'r0': it describes one group, but a missing pattern"),
        ([row("mean", "dose", "2.0", group="placebo")], ("r0",), "row 'r0': 0 participants are too few for the kind mean"),
        ([row("count", "a", "5")], ("r0",), "row 'r0': a count needs a column of zeros and ones, which 'a' is not"),
        ([row("percent", "peak", "5")], ("r0",), "row 'r0': a percent needs a column of zeros and ones"),
        ([row("count", "randomized", "21")], ("r0",), "row 'r0': 21 randomized, but the codebook has 22"),
        ([row("count", "completed", "13", group="drug")], ("r0",), "row 'r0': 13 completed, but the codebook has 12"),
        ([row("d_change", "a", "0.2", y="c")], ("r0",), "row 'r0': 'a' and 'c' have different steps"),
        ([row("mean", "a", "10.2")], ("r0",), "lies outside its scale from 0 to 10"),
        ([row("mean", "a", "5.18", group="placebo")], ("r0",), "no scores of 7 participants have this mean (GRIM)"),
        ([row("mean", "c", "0.03", group="all")], None, ""),
        ([row("sd", "a", "5.4")], ("r0",), "too large for 19 scores from 0 to 10"),
        (mean_and_sd("a", "1.0", "4.5"), ("r1", "r0"), "too large for 19 scores from 0 to 10 with this mean"),
    ],
)  # fmt: skip
def test_contradictions_are_named(tmp_path, rows, ids, sentence):
    faults = refused(tmp_path, *rows)
    if ids is None:
        assert faults == []
        return
    assert (ids, True) in [(rows, sentence in said) for rows, said in faults], faults


def test_every_fault_is_listed_at_once(tmp_path):
    faults = refused(tmp_path, row("mean", "nothing", "5.2"), row("mean", "a", "11.2"), row("r", "a", "0.4", y="b"), row("p", "a", "0.9", y="b"))
    assert [ids for ids, _ in faults] == [("r0",), ("r2", "r3"), ("r1",)]
    error = ImpossibleLedger(faults)
    assert error.rows == ("r0", "r2", "r3", "r1")
    assert all(sentence in str(error) for _, sentence in faults)


# --- the ledger of the book -----------------------------------------------------------------------


def test_the_targets_of_the_book():
    rows, book = read_ledger(), read_codebook()
    found = targets(rows, book)
    assert len(found) == 38 and find_faults(rows, book) == []
    asked = [id for target in found for id in target.rows]
    assert len(asked) == len(set(asked))
    silent = set(rows.index) - set(asked)
    assert all(rows.loc[id, "kind"] in ("count", "range", "minimum") for id in silent)
    by_row = {id: target for target in found for id in target.rows}
    assert by_row["levin.r.prep.insight"].n == 16 and by_row["levin.r.prep.mystical"].n == 20
    assert by_row["levin.r.mystical.4wk"].n == 23 and by_row["levin.r.insight.4wk"].n == 19
    assert by_row["levin.growth.p"].kind == "t_paired" and by_row["levin.growth.p"].n == 20
    assert by_row["gukasyan.d.4wk"].high < 0  # depression falls
    assert by_row["levin.growth.d"].low > 0  # alliance rises
    assert by_row["davis.week5.d"].groups == ("delayed", "immediate")


def test_what_the_book_says_about_correlations():
    rows, book = read_ledger(), read_codebook()
    entries = {frozenset(entry[:2]): entry for entry in correlation_entries(rows, book)}
    assert len(entries) == 13
    bounded = entries[frozenset(("mystical_peak", "grid_hamd_12mo"))]
    t = stats.t.isf(0.025, 21)
    assert bounded[4] is None and bounded[3] == -bounded[2] == pytest.approx(t / math.sqrt(t * t + 21))
    implied = entries[frozenset(("alliance_prep", "alliance_post2"))]
    # d = t sqrt(2 (1 - r) / n) at equal SDs, solved for r.
    t = stats.t.isf(0.015, 19)
    assert implied[4] == pytest.approx(1 - 20 * 0.43**2 / (2 * t * t), abs=1e-9)
    assert implied[2] < implied[4] < implied[3]
    assert implied[5] == ("levin.growth.d", "levin.growth.p")
    assert entries[frozenset(("alliance_prep", "grid_hamd_4wk"))][4] == -0.65


def test_an_implied_correlation_stays_above_minus_one(tmp_path):
    # The middle of what d and p imply lies below -1, the interval does not.
    raw = {"groups": {"g": 20}, "variables": {name: {"scale": [0, 10]} for name in "ab"}}
    rows = ledger(tmp_path, row("d_growth", "a", "1.0", y="b"), row("p", "a", "0.038", y="b"))
    ((x, y, low, high, value, ids),) = correlation_entries(rows, codebook(tmp_path, raw, rows))
    assert (x, y, low, value, ids) == ("a", "b", -1, -1, ("r0", "r1"))
    assert -0.9 < high < -0.7


def test_implied_correlations_are_those_of_data():
    # With equal SDs the d of a rise and its p give the correlation back exactly.
    rng = np.random.default_rng(4)
    x = rng.standard_normal(20)
    y = 0.6 * x + 0.8 * rng.standard_normal(20)
    y = (y - y.mean()) / y.std() * x.std() + x.mean() + 0.5
    d, t = (y - x).mean() / x.std(ddof=1), stats.ttest_rel(y, x).statistic
    assert 1 - 20 * d**2 / (2 * t**2) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
