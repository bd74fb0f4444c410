"""The search for matched trials: exact where it can be enumerated, true to its sums, reproducible."""

import itertools
import json
import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from helpers import _anneal, matching
from helpers.matching import MatchError, Matcher, matched_trials
from helpers.scoreboard import scoreboard
from helpers.targets import find_faults
from hypothesis import given, note, settings
from hypothesis import strategies as st
from ministudy import matcher, mean_and_sd, row, study
from scipy import stats

SEEDS = st.integers(0, 2**32 - 1)


# --- studies with known true data --------------------------------------------------------

SCALES = [(0, 10, 1), (0, 52, 1), (0, 100, 1), (-3, 3, 0.1), (1, 7, 0.5), (17, 40, 1)]


def printed(value, decimals):
    """A number as a paper prints it."""
    return f"{value:.{decimals}f}"


def printed_p(p):
    return {"value": "0.001", "op": "<"} if p < 0.001 else {"value": printed(p, 3)}


def random_study(seed):
    """A codebook, ledger rows computed from random true data, and these data."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 31))
    first = int(rng.integers(4, n - 3))
    groups = {"drug": first, "placebo": n - first} if rng.random() < 0.6 else {"all_of_us": n}
    group = np.repeat(list(groups), list(groups.values()))
    names = [f"v{k}" for k in range(int(rng.integers(2, 6)))]
    scales = {name: SCALES[rng.integers(len(SCALES))] for name in names}
    scales["v1"] = scales["v0"]
    common = rng.standard_normal(n)
    data = pd.DataFrame({"group": group, "completed": True})
    for name in names:
        low, high, step = scales[name]
        loading = rng.uniform(-0.8, 0.8)
        z = loading * common + math.sqrt(1 - loading**2) * rng.standard_normal(n)
        z += 0.6 * rng.standard_normal() * (group == group[0])
        score = low + (high - low) * (rng.uniform(0.35, 0.65) + rng.uniform(0.12, 0.25) * z)
        data[name] = np.round(np.clip(np.round(score / step), low / step, high / step) * step, 6)
    raw = {
        "groups": groups,
        "variables": {name: {"scale": list(scales[name][:2]), "step": scales[name][2]} for name in names},
        "derived": {
            "peak": {"max_of": ["v0", "v1"]},
            "any": {"by_group": dict(zip(groups, ["v0", "v1"], strict=False))},
            "low": {"at_most": ["v0", float(np.median(data["v0"]))]},
        },
        "missing": [],
    }
    last = names[-1]
    if rng.random() < 0.6 and len(names) > 2:
        pattern = {"count": int(rng.integers(1, 3)), "variables": [last]}
        where = np.arange(n)
        if rng.random() < 0.5:
            pattern["group"] = str(group[0])
            where = np.flatnonzero(group == group[0])
        raw["missing"].append(pattern)
        data.loc[rng.permutation(where)[: pattern["count"]], last] = np.nan
    if scales["v0"][0] >= 0:
        raw["derived"]["fell"] = {"reduced_by": ["v0", "v1", 0.5]}
        data["fell"] = (2 * data["v1"] <= data["v0"]).astype(float)
    data["peak"] = data[["v0", "v1"]].max(axis=1)
    data["any"] = np.where(group == group[0], data["v0"], data["v1"])
    data["low"] = (data["v0"] <= data["v0"].median()).astype(float)
    return raw, random_rows(rng, raw, data, names), data


def random_rows(rng, raw, data, names):
    """Ledger rows that the data have, printed as papers print them."""
    rows, groups = [], raw["groups"]
    few = len(data) < 14  # so few scores fit only so many exact numbers
    open_group = {name for pattern in raw["missing"] if "group" not in pattern for name in pattern["variables"]}
    for name in names:
        by_group = len(groups) == 2 and name not in open_group and rng.random() < 0.5
        for where in groups if by_group else ["all"]:
            scores = data.loc[(data["group"] == where) | (where == "all"), name].dropna()
            if scores.std() == 0:
                return None
            rows += mean_and_sd(
                name,
                printed(scores.mean(), rng.integers(1, 2 if few else 3)),
                printed(scores.std(), rng.integers(1, 2 if few else 3)), group=where,
            )
    pairs = [pair for pair in itertools.combinations(names, 2) if rng.random() < 0.5]
    for one, other in pairs[: 1 if few else 3]:
        both = data[[one, other]].dropna()
        answer = stats.pearsonr(both[one], both[other])
        rows.append(row("r", one, printed(answer.statistic, 2), y=other, id=f"s.r.{one}.{other}"))
        if rng.random() < 0.3:
            rows.append(row("p", other, "0", y=one, id=f"s.p.{one}.{other}") | printed_p(answer.pvalue))
            rows[-1]["decimals"] = "3"
    rise = data["v1"] - data["v0"]
    if rng.random() < 0.5 and rise.std() > 0 and not any(set(("v0", "v1")) == {r["x"], r.get("y")} for r in rows):
        d = rise.mean() / math.sqrt((data["v0"].var() + data["v1"].var()) / 2)
        kind, sign = ("d_growth", 1) if rng.random() < 0.5 else ("d_change", -1)
        rows.append(row(kind, "v0", printed(sign * d, 2), y="v1"))
        p = stats.ttest_rel(data["v0"], data["v1"]).pvalue
        rows.append(row("p", "v0", "0", y="v1", decimals="3") | printed_p(p) | {"decimals": "3"})
    if len(groups) == 2 and rng.random() < 0.7:
        name = names[0]
        one, other = (data.loc[data["group"] == where, name] for where in groups)
        d = stats.ttest_ind(one, other).statistic * math.sqrt(1 / len(one) + 1 / len(other))
        both = "-".join(groups)
        rows.append(row("d_between", name, printed(d, 1), group=both))
        rows.append(row("p", name, "0", group=both) | printed_p(stats.ttest_ind(one, other).pvalue) | {"decimals": "3"})
    rows.append(row("count", "low", str(int(data["low"].sum()))))
    if "fell" in data:
        rows.append(row("percent", "fell", printed(100 * data["fell"].mean(), 0)))
    if not few and rng.random() < 0.3:
        rows.append(row("mean", "peak", printed(data["peak"].mean(), 1)))
        rows.append(row("sd", "any", printed(data["any"].std(), 1)))
    return rows


def true_state(search, data):
    """The state of the search that holds the true data."""
    state = search.start(np.random.default_rng(0))
    names = list(search.codebook.groups)
    kinds = []
    for i, where in enumerate(search.group_names):
        lacking = {
            name for name, variable in search.codebook.variables.items()
            if pd.isna(data[name].iloc[i]) and (not variable.only or where in variable.only)
        }  # fmt: skip
        fits = [p for p, pattern in enumerate(search.codebook.missing) if set(pattern.variables) == lacking and lacking]
        kinds.append(names.index(where) * search.n_patterns + (fits[0] if fits else search.n_patterns - 1))
    state["has"] = search.has[kinds]
    state["side"] = search.side[:, kinds]
    state["n"] = (state["side"] == 1).sum(axis=1).astype(float)
    state["m"] = (state["side"] == 2).sum(axis=1).astype(float)
    for column, name in enumerate(search.columns):
        state["x"][:, column] = np.round(data[name].fillna(0) / search.steps[column]).astype(int)
    search._sum(state)
    return state


RICH = 11  # two groups, a missing pattern, decimals, every kind of row


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """A search over a study with two groups, missing scores, and 20 statistics."""
    raw = {
        "groups": {"drug": {"enrolled": 15, "analyzed": 14}, "placebo": {"enrolled": 14, "analyzed": 12}},
        "variables": {
            "v0": {"scale": [0, 40]}, "v1": {"scale": [0, 40]}, "v2": {"scale": [0, 6], "step": 0.1},
            "v3": {"scale": [-20, 20]}, "dose": {"scale": [0, 9], "only": ["drug"]},
        },
        "derived": {
            "peak": {"max_of": ["v0", "v1"]}, "any": {"by_group": {"drug": "v0", "placebo": "v1"}},
            "low": {"at_most": ["any", 18]}, "fell": {"reduced_by": ["v0", "v1", 0.5]},
        },
        "missing": [{"count": 2, "variables": ["v2"]}, {"count": 1, "variables": ["v3", "v2"], "group": "placebo"}],
    }  # fmt: skip
    rng = np.random.default_rng(RICH)
    common = rng.standard_normal(26)
    group = np.repeat(["drug", "placebo"], [14, 12])
    z = np.array([0.7 * common + 0.7 * rng.standard_normal(26) for _ in range(5)])
    data = pd.DataFrame({"group": group, "completed": True})
    data["v0"] = np.clip(np.round(22 + 8 * z[0]), 0, 40)
    data["v1"] = np.clip(np.round(17 + 8 * z[1] - 3 * (group == "drug")), 0, 40)
    data["v2"] = np.round(np.clip(3 - 1.2 * z[2], 0, 6), 1)
    data["v3"] = np.clip(np.round(8 * z[3]), -20, 20)
    data["dose"] = np.where(group == "drug", np.clip(np.round(5 + 2 * z[4]), 0, 9), np.nan)
    data.loc[[2, 19], "v2"] = np.nan
    data.loc[25, ["v2", "v3"]] = np.nan
    data["peak"] = data[["v0", "v1"]].max(axis=1)
    data["any"] = np.where(group == "drug", data["v0"], data["v1"])
    data["low"] = (data["any"] <= 18).astype(float)
    data["fell"] = (2 * data["v1"] <= data["v0"]).astype(float)
    drug, placebo = data[group == "drug"], data[group == "placebo"]

    def r(x, y):
        both = data[[x, y]].dropna()
        return stats.pearsonr(both[x], both[y])

    rise = data["v1"] - data["v0"]
    spread = math.sqrt((data["v0"].var() + data["v1"].var()) / 2)
    rows = [
        *(part for name in ("v0", "v1") for where, some in (("drug", drug), ("placebo", placebo))
          for part in mean_and_sd(name, printed(some[name].mean(), 1), printed(some[name].std(), 1), group=where)),
        *mean_and_sd("v2", printed(data["v2"].mean(), 1), printed(data["v2"].std(), 2)),
        *mean_and_sd("v3", printed(data["v3"].mean(), 1), printed(data["v3"].std(), 1)),
        *mean_and_sd("dose", printed(drug["dose"].mean(), 1), printed(drug["dose"].std(), 1), group="drug"),
        row("r", "v0", printed(r("v0", "v2").statistic, 2), y="v2"),
        row("r", "peak", printed(r("peak", "v3").statistic, 2), y="v3"),
        row("p", "v2", printed(r("v2", "v3").pvalue, 2), y="v3"),
        row("d_change", "v0", printed(-rise.mean() / spread, 2), y="v1"),
        row("p", "v0", "0", y="v1") | printed_p(stats.ttest_rel(data["v0"], data["v1"]).pvalue) | {"decimals": "3"},
        row("d_between", "v1", printed(stats.ttest_ind(drug["v1"], placebo["v1"]).statistic * math.sqrt(1 / 14 + 1 / 12), 1), group="drug-placebo"),
        row("p", "any", printed(stats.ttest_ind(drug["any"], placebo["any"]).pvalue, 2), group="drug-placebo"),
        row("sd", "any", printed(data["any"].std(), 1)),
        row("count", "low", str(int(data["low"].sum()))),
        row("percent", "fell", printed(100 * data["fell"].mean(), 0)),
        row("mean", "peak", printed(data["peak"].mean(), 1)),
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("rich")
    parts = study(folder, raw, rows)
    return {"parts": parts, "data": data, "search": Matcher(*parts)}


# --- one statistic -----------------------------------------------------------------------------


def by_hand(kind, x, y):
    """The statistic of two columns, or of two groups, by pandas and scipy."""
    x, y = pd.Series(x, dtype=float), pd.Series(y, dtype=float)
    rise = y.mean() - x.mean()
    dividers = {
        "d_pooled": lambda: math.sqrt((x.var() + y.var()) / 2),
        "d_av": lambda: (x.std() + y.std()) / 2,
        "d_z": lambda: (y - x).std(),
        "d_rm": lambda: (y - x).std() / math.sqrt(2 * (1 - x.corr(y))),
        "d_first": lambda: x.std(),
    }
    if kind in dividers:
        return rise / dividers[kind]()
    return {
        "mean": lambda: x.mean(),
        "sd": lambda: x.std(),
        "r": lambda: stats.pearsonr(x, y).statistic,
        "abs_r": lambda: abs(stats.pearsonr(x, y).statistic),
        "d_between": lambda: stats.ttest_ind(x, y).statistic * math.sqrt(1 / len(x) + 1 / len(y)),
        "t_between": lambda: abs(stats.ttest_ind(x, y).statistic),
        "t_paired": lambda: abs(stats.ttest_rel(x, y).statistic),
    }[kind]()


@pytest.mark.parametrize("kind", sorted(_anneal.KINDS))
def test_each_statistic_is_that_of_scipy(kind):
    rng = np.random.default_rng(len(kind))
    for _ in range(40):
        n = int(rng.integers(4, 30))
        m = int(rng.integers(4, 30)) if kind.endswith("between") else n
        x, y = rng.integers(0, 50, n), rng.integers(-20, 30, m)
        if m == n:
            y = y + x * int(rng.integers(-1, 2))
        xy = 0.0 if m != n else float(x @ y)
        sums = (x.sum(), (x * x).sum(), y.sum(), (y * y).sum(), xy)
        value = _anneal.statistic(_anneal.KINDS[kind], float(n), float(m), *map(float, sums))
        assert value == pytest.approx(by_hand(kind, x, y), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", sorted(set(_anneal.KINDS) - {"mean", "sd"}))
def test_what_cannot_be_computed_lies_far_from_everything(kind):
    flat = (12.0, 36.0, 12.0, 36.0, 36.0)
    assert _anneal.statistic(_anneal.KINDS[kind], 4.0, 4.0, *flat) == _anneal.UNDEFINED
    assert _anneal.statistic(_anneal.KINDS["sd"], 4.0, 4.0, *flat) == 0


def test_derived_scores():
    value = _anneal.derived_value
    assert value(_anneal.MAX_OF, 3, 7, 0) == value(_anneal.MAX_OF, 7, 3, 0) == 7
    assert value(_anneal.BY_GROUP, 3, 7, 0) == 3
    assert [value(_anneal.AT_MOST, a, 0, 7) for a in (6, 7, 8)] == [1, 1, 0]
    assert [value(_anneal.REDUCED_BY, 20, b, 0.5) for b in (9, 10, 11)] == [1, 1, 0]


# --- what the loop keeps up to date ------------------------------------------------------------


def recomputed(search, state):
    """The state's sums, penalties and gradient from its scores alone."""
    fresh = dict(state)
    search._sum(fresh)
    kinds = state["has"]
    g = np.zeros((search.n_people, search.n_base))
    for i, where in enumerate(search.group_names):
        seen = np.flatnonzero(kinds[i, : search.n_base])
        names = [search.columns[c] for c in seen]
        z = [
            search.population.margins[name, where].z[state["x"][i, c] - search.population.margins[name, where].low]
            for name, c in zip(names, seen, strict=True)
        ]
        part = search.population.correlation[np.ix_(seen, seen)]
        g[i, seen] = (np.linalg.inv(part) - np.eye(seen.size)) @ np.array(z)
    return fresh["sums"], fresh["penalty"], g


def check_state(search, state):
    sums, penalty, g = recomputed(search, state)
    assert np.array_equal(state["sums"], sums)
    assert np.allclose(state["penalty"], penalty, rtol=1e-9, atol=1e-12)
    assert np.allclose(state["g"], g, atol=1e-6)
    low, high = search.low, search.high
    seen = state["has"][:, : search.n_base]
    scores = state["x"][:, : search.n_base]
    assert ((scores >= low) & (scores <= high))[seen].all()
    frame = search.frame([(state["x"], state["has"])])
    frame = frame[frame["completed"]].reset_index(drop=True)
    assert (frame["peak"].dropna() == frame[["v0", "v1"]].max(axis=1)).all()


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("moves", [1, 30])
def test_sums_and_gradient_stay_true_to_the_scores(rich, compiled, moves):
    search = Matcher(*rich["parts"], compiled=compiled)
    state = search.start(np.random.default_rng(3))
    check_state(search, state)
    before = state["x"].copy()
    made = search.anneal(state, moves)
    assert 0 < made <= moves * len(state["cell_i"])
    assert (state["x"] != before).any()
    check_state(search, state)
    frame = search.frame([(state["x"], state["has"])])
    frame = frame[frame["completed"]].reset_index(drop=True)
    assert (frame["any"] == np.where(frame["group"] == "drug", frame["v0"], frame["v1"])).all()
    assert (frame["low"] == (frame["any"] <= 18)).all()
    assert (frame["fell"] == (2 * frame["v1"] <= frame["v0"])).all()


def test_a_settled_trial_stays_inside_every_interval(rich):
    search = rich["search"]
    for k in range(5):
        state = search.start(np.random.default_rng(k))
        search.anneal(state)
        assert not state["penalty"].any()
        before = state["x"].copy()
        assert search.settle(state) > 0
        check_state(search, state)
        assert not state["penalty"].any()
        assert np.mean((state["x"] != before)[state["has"]]) > 0.2


def test_every_trial_settles_after_it_matched(rich, monkeypatch):
    seen = []

    def settle(self, state):
        seen.append(bool(state["penalty"].any()))

    monkeypatch.setattr(Matcher, "settle", settle)
    rich["search"].scores(3, np.random.default_rng(0))
    assert seen == [False] * 3


def test_statistics_of_a_state_are_those_of_its_table(rich):
    # Each target by pandas and scipy from the frame, apart from the sums of the search.
    search = rich["search"]
    kinds = set()
    for k in range(3):
        state = search.start(np.random.default_rng(k))
        frame = search.frame([(state["x"], state["has"])])
        frame = frame[frame["completed"]]
        for target, value in zip(search.targets, search.values(state), strict=True):
            parts = [frame if g == "all" else frame[frame["group"] == g] for g in target.groups]
            if len(parts) == 2:
                x, y = (part[target.x].dropna() for part in parts)
            elif target.y:
                both = parts[0][[target.x, target.y]].dropna()
                x, y = both[target.x], both[target.y]
                assert len(both) == target.n
            else:
                x = y = parts[0][target.x].dropna()
            unit = search.steps[search.index[target.x]] if target.kind in ("mean", "sd") else 1
            assert value * unit == pytest.approx(by_hand(target.kind, x, y), rel=1e-9, abs=1e-9), target
            kinds.add(target.kind)
    assert kinds == {"mean", "sd", "r", "abs_r", "d_between", "t_between", "d_pooled", "t_paired"}


def test_intervals_are_those_of_the_targets(rich):
    search = rich["search"]
    for k, target in enumerate(search.targets):
        unit = search.steps[search.index[target.x]] if target.kind in ("mean", "sd") else 1
        assert search.stat_low[k] * unit == pytest.approx(target.low, abs=3e-8)
        assert search.stat_low[k] * unit <= target.low
        if math.isfinite(target.high):
            assert search.stat_high[k] * unit == pytest.approx(target.high, abs=3e-8)
        assert search.stat_high[k] * unit >= target.high


def test_the_true_data_meet_their_own_targets(rich):
    state = true_state(rich["search"], rich["data"])
    assert rich["search"].missed(state).empty
    worse = rich["data"].assign(v1=rich["data"]["v1"].where(rich["data"].index != 0, 40))
    missed = rich["search"].missed(true_state(rich["search"], worse))
    assert not missed.empty
    assert ((missed["value"] < missed["low"]) | (missed["value"] > missed["high"])).all()


def test_pairs_exchange_within_a_group_and_a_variable(rich):
    search = rich["search"]
    state = search.start(np.random.default_rng(1))
    i, c = state["cell_i"], state["cell_c"]
    assert len(i) == 14 * 5 + 12 * 4 - 2 - 2
    for cell in range(len(i)):
        first, count = state["cell_first_peer"][cell], state["cell_n_peers"][cell]
        peers = np.arange(first, first + count)
        same = np.flatnonzero((c == c[cell]) & (search.group_of[i] == search.group_of[i[cell]]))
        assert np.array_equal(peers, same) and cell in peers


def test_missing_patterns_take_the_right_participants(rich):
    search = rich["search"]
    lacked = Counter()
    for k in range(400):
        has = search.has[search._assign(np.random.default_rng(k))]
        v2, v3 = ~has[:, search.index["v2"]], ~has[:, search.index["v3"]]
        assert v2.sum() == 3 and v3.sum() == 1
        assert (v3 <= v2).all() and search.group_of[v3].item() == 1
        assert not has[search.group_of == 1, search.index["dose"]].any()
        assert has[search.group_of == 0, search.index["dose"]].all()
        lacked.update(np.flatnonzero(v2 & ~v3).tolist())
    # Two of the 25 without a pattern of their own: 2/25 of the draws for each of the drug
    # group, 11/12 of that for the placebo group, with SE 0.013.
    share = np.array([lacked[i] for i in range(26)]) / 400
    assert np.allclose(share[:14], 2 / 25, atol=0.05) and np.allclose(share[14:], 22 / 300, atol=0.05)


# --- the same with and without numba, for any number of workers --------------------------------


def test_plain_and_compiled_loops_make_the_same_states(rich):
    searches = [Matcher(*rich["parts"], compiled=compiled) for compiled in (True, False)]
    for seed in range(3):
        states = [search.start(np.random.default_rng(seed)) for search in searches]
        made = [search.anneal(state, 25) for search, state in zip(searches, states, strict=True)]
        assert made[0] == made[1] > 100
        for name in ("x", "g", "sums", "penalty"):
            assert states[0][name].tobytes() == states[1][name].tobytes(), name


def test_plain_and_compiled_loops_agree_on_the_trial_of_the_book():
    from helpers.codebook import read_assumptions, read_codebook
    from helpers.published import read_ledger

    parts = read_ledger(), read_codebook(), read_assumptions()
    states = []
    for compiled in (True, False):
        search = Matcher(*parts, compiled=compiled)
        states.append(search.start(np.random.default_rng(2024)))
        search.anneal(states[-1], 40)
    for name in ("x", "g", "sums", "penalty"):
        assert states[0][name].tobytes() == states[1][name].tobytes(), name


def small_study(folder):
    raw = {"groups": {"g": 12}, "variables": {"a": {"scale": [0, 10]}, "b": {"scale": [0, 10]}}}
    rows = [*mean_and_sd("a", "4.2", "2.1"), *mean_and_sd("b", "5.8", "1.9"), row("r", "a", "0.41", y="b")]
    return study(folder, raw, rows)


def test_plain_and_compiled_trials_are_identical(tmp_path):
    parts = small_study(tmp_path)
    one, other = (
        Matcher(*parts, compiled=compiled).trials(2, np.random.default_rng(5)) for compiled in (True, False)
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_without_numba_the_trials_are_the_same(tmp_path, monkeypatch):
    ledger, codebook, assumed = small_study(tmp_path)
    with_numba = matched_trials(ledger, 1, np.random.default_rng(5), codebook=codebook, assumptions=assumed)
    monkeypatch.setattr(_anneal, "_njit", None)
    assert _anneal.compiled_anneal() is None
    without = matched_trials(ledger, 1, np.random.default_rng(5), codebook=codebook, assumptions=assumed)
    pd.testing.assert_frame_equal(with_numba, without, check_exact=True)
    with pytest.raises(ValueError, match="^compiled: numba is not installed$"):
        matched_trials(ledger, 1, np.random.default_rng(5), codebook=codebook, assumptions=assumed, compiled=True)


def test_trials_depend_on_the_seed_and_their_number_alone(rich):
    search = rich["search"]
    five = search.trials(5, np.random.default_rng(8))
    for jobs in (1, 2, 3):
        again = search.trials(5, np.random.default_rng(8), n_jobs=jobs)
        pd.testing.assert_frame_equal(five, again, check_exact=True)
    three = search.trials(3, np.random.default_rng(8), n_jobs=2)
    pd.testing.assert_frame_equal(three, five[five["trial"] < 3], check_exact=True)
    other = search.trials(3, np.random.default_rng(9))
    scores = [search.columns[c] for c in range(search.n_base)]
    for k in range(3):
        mine, theirs = (frame.loc[frame["trial"] == k, scores].fillna(-9).to_numpy() for frame in (three, other))
        assert (mine != theirs).mean() > 0.3
    first, second = (three.loc[three["trial"] == k, scores].fillna(-9).to_numpy() for k in (0, 1))
    assert (first != second).mean() > 0.3


def test_the_generator_moves_on_and_the_global_one_does_not_matter(rich):
    rng = np.random.default_rng(8)
    one = rich["search"].trials(1, rng)
    np.random.seed(1)
    two = rich["search"].trials(1, rng)
    assert not one["v0"].equals(two["v0"])
    np.random.seed(2)
    pd.testing.assert_frame_equal(one, rich["search"].trials(1, np.random.default_rng(8)), check_exact=True)


# --- the table ----------------------------------------------------------------------------------


def test_the_table_of_trials(rich):
    search = rich["search"]
    frame = search.trials(2, np.random.default_rng(1))
    assert frame.columns.tolist() == ["trial", "participant", "group", "completed", *search.columns]
    assert len(frame) == 2 * 29 and frame["trial"].tolist() == [0] * 29 + [1] * 29
    one = frame[frame["trial"] == 1].reset_index(drop=True)
    assert one["participant"].tolist() == [f"S-{i:02d}" for i in range(1, 30)]
    assert one["group"].tolist() == ["drug"] * 15 + ["placebo"] * 14
    assert one["completed"].tolist() == [True] * 14 + [False] + [True] * 12 + [False] * 2
    assert one.loc[~one["completed"], search.columns].isna().all(axis=None)
    done = one[one["completed"]]
    counts = done[search.columns].count()
    assert counts[["v0", "v1", "v2", "v3", "dose"]].tolist() == [26, 26, 23, 25, 14]
    assert counts[["peak", "any", "low", "fell"]].tolist() == [26] * 4
    # Scores in their unit, each the nearest float to its decimal form.
    assert all(float(f"{value:.1f}") == value for value in done["v2"].dropna())
    assert done["v2"].nunique() > 3
    assert scoreboard(one, *rich["parts"][:2])["matches"].all()


@pytest.mark.parametrize(
    ("step", "ticks", "value"), [(0.1, 3, 0.3), (0.1, 7, 0.7), (0.01, 29, 0.29), (0.5, 7, 3.5), (2.5, 3, 7.5), (1, 4, 4.0), (5, 3, 15.0)]
)
def test_scores_are_the_nearest_floats(step, ticks, value):
    assert matching._in_units(np.array([float(ticks)]), step).tolist() == [value]


def test_a_progress_bar_goes_to_stderr_alone(tmp_path, capfd):
    search = Matcher(*small_study(tmp_path))
    search.trials(2, np.random.default_rng(1))
    assert capfd.readouterr() == ("", "")
    search.trials(2, np.random.default_rng(1), progress=True)
    shown = capfd.readouterr()
    assert shown.out == "" and "matched trials" in shown.err and "2/2" in shown.err


@pytest.mark.parametrize("number", [0, -1, 1.5, float("nan"), "many"])
def test_bad_numbers_of_trials(tmp_path, number):
    ledger, codebook, assumed = small_study(tmp_path)
    with pytest.raises(ValueError, match="n_trials must be"):
        matched_trials(ledger, number, np.random.default_rng(1), codebook=codebook, assumptions=assumed)


# --- a ledger that no trial matches ---------------------------------------------------------


def test_an_unmatchable_ledger_is_given_up_with_its_rows(tmp_path, monkeypatch):
    # No check of single rows sees that a peak cannot lie below one of its parts.
    raw = {
        "groups": {"g": 10},
        "variables": {name: {"scale": [0, 10], "step": 0.5} for name in "ab"},
        "derived": {"peak": {"max_of": ["a", "b"]}},
    }
    rows = [*mean_and_sd("a", "6.0", "1.5"), *mean_and_sd("b", "5.0", "1.5"), row("mean", "peak", "4.0", id="peak.mean")]
    ledger, codebook, assumed = study(tmp_path, raw, rows)
    assert find_faults(ledger, codebook) == []
    monkeypatch.setattr(matching, "ATTEMPTS", 3)
    monkeypatch.setattr(matching, "LEAST_MOVES", 0)
    tried = []
    anneal = Matcher.anneal
    monkeypatch.setattr(Matcher, "anneal", lambda self, state: tried.append(1) or anneal(self, state))
    with pytest.raises(MatchError) as caught:
        matched_trials(ledger, 2, np.random.default_rng(1), codebook=codebook, assumptions=assumed)
    assert len(tried) == 3
    missed = caught.value.missed
    assert set(missed.index) <= {"r0", "r1", "r2", "r3", "peak.mean"} and len(missed)
    for id, found in missed.iterrows():
        assert (found["low"], found["high"]) == (ledger.loc[id, "low"], ledger.loc[id, "high"])
        assert found["value"] < found["low"] or found["value"] > found["high"]
        assert 0 <= found["value"] <= 10
        assert id in str(caught.value)
    # The nearest trial: a's mean and the peak's meet half way, in units of the scale.
    assert abs(missed["value"] - missed[["low", "high"]].mean(axis=1)).max() < 2.5
    assert "3 attempts" in str(caught.value)


def test_a_failed_attempt_is_begun_again(tmp_path, monkeypatch):
    parts = small_study(tmp_path)
    search = Matcher(*parts)
    states = []
    anneal = Matcher.anneal

    def fails_twice(self, state):
        states.append(state["x"].copy())
        if len(states) < 3:
            state["penalty"][0] = 1.0
        else:
            anneal(self, state)

    monkeypatch.setattr(Matcher, "anneal", fails_twice)
    trial = search.trials(1, np.random.default_rng(3))
    assert len(states) == 3
    assert not np.array_equal(states[0], states[1]) and not np.array_equal(states[1], states[2])
    assert scoreboard(trial, *parts[:2])["matches"].all()


# --- exact: small problems that can be enumerated -----------------------------------------------


def log_density(search, where, scores):
    """The population's log density of one participant's scores, lacking ones None."""
    seen = [c for c, score in enumerate(scores) if score is not None]
    z, log_mass = [], 0.0
    for c in seen:
        margin = search.population.margins[search.columns[c], where]
        mass = margin.mass / margin.mass.sum()
        k = scores[c] - margin.low
        z.append(stats.norm.ppf(mass[:k].sum() + mass[k] / 2))
        log_mass += math.log(mass[k])
    part = search.population.correlation[np.ix_(seen, seen)]
    z = np.array(z)
    return log_mass - 0.5 * z @ (np.linalg.inv(part) - np.eye(len(seen))) @ z


class Scripted:
    """A generator that gives the words and the patience it was given."""

    def __init__(self, word, patience):
        self.word, self.patience = word, patience

    def integers(self, low, high, size):
        return np.full(size, self.word, dtype=np.int64)

    def standard_exponential(self, size):
        return np.full(size, self.patience)


def test_a_move_costs_what_it_takes_from_the_log_density(tmp_path):
    # No target touches a or b, so a move is made if its cost is at most the patience.
    raw = {
        "groups": {"drug": 4, "placebo": 3},
        "variables": {"a": {"scale": [0, 12]}, "b": {"scale": [0, 12]}, "c": {"scale": [0, 5]}},
        "missing": [{"count": 2, "variables": ["b"]}],
    }
    assumed = [
        {"kind": "mean", "x": "a", "value": "4"}, {"kind": "sd", "x": "a", "value": "3"},
        {"kind": "mean", "x": "b", "value": "8"}, {"kind": "sd", "x": "b", "value": "2.5"},
        {"kind": "mean", "x": "b", "value": "5", "group": "drug"}, {"kind": "sd", "x": "c", "value": "1.5"},
        {"kind": "r", "x": "a", "y": "b", "value": "0.6"}, {"kind": "r", "x": "b", "y": "c", "value": "-0.5"},
    ]  # fmt: skip
    search = matcher(tmp_path, raw, [row("mean", "c", "2")], assumed)

    def moved(word, patience, seed):
        state = search.start(np.random.default_rng(seed))
        before = state["x"].copy()
        state["rng"] = Scripted(word, patience)
        made = search._moves(state, 1, np.ones(1))
        return made, before, state["x"], state["has"]

    def energy(x, has, i):
        scores = [int(x[i, c]) if has[i, c] else None for c in range(3)]
        return -log_density(search, search.group_names[i], scores)

    kinds = Counter()
    for seed, word in enumerate(np.random.default_rng(1).integers(0, 2**63, size=600).tolist()):
        made, before, after, has = moved(word, 1e9, seed)
        rows, columns = np.nonzero(before != after)
        if not made or 2 in columns:
            continue
        cost = sum(energy(after, has, i) - energy(before, has, i) for i in rows)
        assert moved(word, cost + 1e-6, seed)[0] == 1 and moved(word, cost - 1e-6, seed)[0] == 0
        assert len(set(columns)) == 1
        if len(rows) == 2:  # what one gives the other takes, within a group
            assert (after - before).sum() == 0
            assert search.group_of[rows[0]] == search.group_of[rows[1]]
        kinds[len(rows), has[rows].all()] += 1
    assert min(kinds.values()) > 20 and len(kinds) == 4, kinds


def exact_distribution(search, patterns, allowed, label, dependent=True):
    """The population's distribution over labels, given the targets, by going through all states.

    `patterns` lists for each way in which scores can be missing who has what.
    """
    people = search.group_names
    ranges = [range(v.ticks()[0], v.ticks()[1] + 1) for v in search.codebook.variables.values()]
    total = Counter()
    for has in patterns:
        options = []
        for i, where in enumerate(people):
            choices = [r if has[i][c] else [None] for c, r in enumerate(ranges)]
            own = []
            for scores in itertools.product(*choices):
                parts = [scores] if dependent else [
                    tuple(s if k == c else None for k, s in enumerate(scores)) for c in range(len(scores)) if scores[c] is not None
                ]  # fmt: skip
                own.append((scores, math.exp(sum(log_density(search, where, part) for part in parts))))
            options.append(own)
        mass = Counter()
        for state in itertools.product(*options):
            scores = [score for score, _ in state]
            if allowed(scores):
                mass[label(scores)] += math.prod(weight for _, weight in state)
        whole = sum(mass.values())
        for key, value in mass.items():
            total[key] += value / whole / len(patterns)
    return total


def chi_square(observed, expected, trials):
    """p of Pearson's test, labels with few expected trials taken together; and distance."""
    assert set(observed) <= set(expected)  # nothing that is impossible
    common = [key for key in expected if expected[key] * trials >= 8]
    wanted = np.array([expected[key] for key in common] + [1 - sum(expected[key] for key in common)])
    seen = np.array([observed[key] for key in common] + [trials - sum(observed[key] for key in common)])
    keep = wanted * trials > 1e-6
    p = stats.chisquare(seen[keep], wanted[keep] * trials, sum_check=False).pvalue if keep.sum() > 1 else 1.0
    return p, np.abs(seen / trials - wanted).sum() / 2, len(common)


def settled(search, trials, seed, label):
    counts = Counter()
    for x, has in search.scores(trials, np.random.default_rng(seed)):
        counts[label([tuple(int(x[i, c]) if has[i, c] else None for c in range(search.n_base)) for i in range(search.n_people)])] += 1
    return counts


TRIALS = 3000


def test_settled_trials_of_one_variable_have_the_exact_distribution(tmp_path):
    # Five scores from 0 to 3, their mean printed as 1.2 and their SD above 0.7: the scores at
    # both ends of the scale, in order, so that every state counts.
    raw = {"groups": {"g": 5}, "variables": {"a": {"scale": [0, 3]}}}
    search = matcher(tmp_path, raw, [row("mean", "a", "1.2"), row("sd", "a", "0.7", op=">")], [{"kind": "sd", "x": "a", "value": "0.9"}])

    def allowed(scores):
        values = [score for (score,) in scores]
        return sum(values) == 6 and np.std(values, ddof=1) >= 0.7

    everyone = [[[True]] * 5]
    expected = exact_distribution(search, everyone, allowed, tuple)
    assert len(expected) > 100
    p, distance, labels = chi_square(settled(search, TRIALS, 1, tuple), expected, TRIALS)
    # With so many trials the distance (half the sum of differences) of a perfect sampler
    # is about sqrt(labels / (2 pi trials)) = 0.09.
    assert labels > 100 and p > 1e-3 and distance < 0.13


def test_settled_trials_of_two_variables_have_the_exact_distribution(tmp_path):
    # Four participants, two ratings from 0 to 2; printed: a mean, and r above 0.3.
    raw = {"groups": {"g": 4}, "variables": {"a": {"scale": [0, 2]}, "b": {"scale": [0, 2]}}}
    rows = [row("mean", "a", "1"), row("r", "a", "0.3", y="b", op=">")]
    assumed = [
        {"kind": "sd", "x": "a", "value": "0.8"}, {"kind": "mean", "x": "b", "value": "0.8"},
        {"kind": "sd", "x": "b", "value": "0.7"}, {"kind": "r", "x": "a", "y": "b", "value": "0.6"},
    ]  # fmt: skip
    search = matcher(tmp_path, raw, rows, assumed)
    assert search.population.correlation[0, 1] == pytest.approx(0.6)

    def allowed(scores):
        a, b = np.array(scores, dtype=float).T
        if not 2 <= a.sum() <= 6 or a.std() == 0 or b.std() == 0:
            return False
        return np.corrcoef(a, b)[0, 1] >= 0.3 - 1e-9

    def label(scores):  # who is who does not matter in one group
        return tuple(sorted(scores))

    everyone = [[[True, True]] * 4]
    seen = settled(search, TRIALS, 2, label)
    p, distance, labels = chi_square(seen, exact_distribution(search, everyone, allowed, label), TRIALS)
    assert labels > 60 and p > 1e-3 and distance < 0.1
    # Could it tell? Yes: independent ratings, given the same targets, are another distribution.
    other = exact_distribution(search, everyone, allowed, label, dependent=False)
    p, distance, _ = chi_square(seen, other, TRIALS)
    assert p < 1e-12 and distance > 0.1


def test_settled_trials_of_two_groups_and_missing_scores_have_the_exact_distribution(tmp_path):
    # Two groups of two with means of their own; someone, anyone, lacks the second rating.
    raw = {
        "groups": {"drug": 2, "placebo": 2},
        "variables": {"a": {"scale": [0, 2]}, "b": {"scale": [0, 2]}},
        "missing": [{"count": 1, "variables": ["b"]}],
    }
    rows = [row("mean", "a", "1", group="drug"), row("sd", "b", "0.5", op=">"), row("d_between", "a", "0.3", group="placebo-drug", op="<")]
    assumed = [
        {"kind": "sd", "x": "a", "value": "0.7"}, {"kind": "mean", "x": "a", "group": "placebo", "value": "0.6"},
        {"kind": "mean", "x": "b", "value": "0.8"}, {"kind": "r", "x": "a", "y": "b", "value": "-0.6"},
        {"kind": "mean", "x": "b", "group": "placebo", "value": "1.3"}, {"kind": "sd", "x": "b", "value": "0.7"},
    ]  # fmt: skip
    search = matcher(tmp_path, raw, rows, assumed)

    def allowed(scores):
        a = [score for score, _ in scores]
        b = [score for _, score in scores if score is not None]
        pooled = (np.var(a[:2], ddof=1) + np.var(a[2:], ddof=1)) / 2
        if pooled == 0 or not 1 <= a[0] + a[1] <= 3 or np.std(b, ddof=1) < 0.5:
            return False
        return (np.mean(a[2:]) - np.mean(a[:2])) / math.sqrt(pooled) <= 0.3

    def label(scores):
        first, second = ([tuple(-1 if s is None else s for s in one) for one in part] for part in (scores[:2], scores[2:]))
        return tuple(sorted(first)), tuple(sorted(second))

    patterns = [[[True, i != k] for i in range(4)] for k in range(4)]
    seen = settled(search, TRIALS, 3, label)
    expected = exact_distribution(search, patterns, allowed, label)
    p, distance, labels = chi_square(seen, expected, TRIALS)
    assert labels > 80 and p > 1e-3 and distance < 0.12


# --- any feasible ledger ---------------------------------------------------------------------------


@settings(max_examples=40)
@given(SEEDS)
def test_true_data_meet_every_target_of_their_ledger(tmp_path_factory, seed):
    raw, rows, data = random_study(seed)
    if rows is None:
        return
    note(f"random_study({seed}): {json.dumps(raw)}\n" + "\n".join(map(str, rows)))
    ledger, codebook, assumed = study(tmp_path_factory.mktemp("any"), raw, rows)
    assert find_faults(ledger, codebook) == []
    search = Matcher(ledger, codebook, assumed)
    missed = search.missed(true_state(search, data))
    assert missed.empty, missed
    assert scoreboard(data, ledger, codebook)["matches"].all()


def test_ledgers_of_random_data_are_matched(tmp_path):
    # Many digits about few participants make a puzzle, and some puzzles stay unsolved: then
    # the search says so and returns nothing. Measured: 149 of 150 are solved.
    unsolved = []
    for seed in range(40):
        raw, rows, data = random_study(seed)
        if rows is None:
            continue
        (folder := tmp_path / str(seed)).mkdir()
        ledger, codebook, assumed = study(folder, raw, rows)
        search = Matcher(ledger, codebook, assumed)
        try:
            trial = search.trials(1, np.random.default_rng(seed))
        except MatchError as error:
            assert set(error.missed.index) <= {", ".join(t.rows) for t in search.targets}
            unsolved.append(seed)
            continue
        board = scoreboard(trial, ledger, codebook)
        assert board["matches"].all(), (seed, board[~board["matches"]])
        assert (trial[list(codebook.variables)].count() == data[list(codebook.variables)].count()).all()
    assert len(unsolved) <= 1, unsolved


class OneMove:
    """Stands for a generator: one proposal, which is always taken."""

    def __init__(self, word):
        self.word = word

    def integers(self, low, high, size):
        return np.full(size, self.word)

    def standard_exponential(self, size):
        return np.full(size, 1e9)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_stubborn_search_lets_participants_change_places(tmp_path, compiled):
    raw = {"groups": {"g": 6}, "variables": {"a": {"scale": [0, 9]}}}
    rows = [row("mean", "a", "4.3"), row("sd", "a", "1.0")]
    search = matcher(tmp_path, raw, rows, compiled=compiled)
    scores = [1, 2, 3, 5, 7, 8]
    # The first score and the fourth of its group; the highest bits ask for a change of places.
    word = (3 << 56) | ((3 * 2**16 // 6 + 1) << 24)
    for stubborn, expected in ((True, [5, 2, 3, 1, 7, 8]), (False, None)):
        state = search.start(np.random.default_rng(1))
        state["x"][:, 0] = scores
        search._sum(state)
        state["rng"] = OneMove(word)
        assert search._moves(state, 1, np.ones(1), stubborn) == 1
        assert (state["x"][:, 0].tolist() == expected) is stubborn
        assert state["sums"][0, 0] == sum(scores)  # a pair keeps the total either way


# --- corner cases ------------------------------------------------------------------------


def test_what_cannot_be_computed_never_counts_as_met(tmp_path):
    # All scores equal: t is 0/0. A bound without an upper end must not take that for large.
    raw = {"groups": {"g": 4, "h": 4}, "variables": {"a": {"scale": [0, 2]}}}
    assumed = [{"kind": "mean", "x": "a", "value": "1"}, {"kind": "sd", "x": "a", "value": "0.8"}]
    search = matcher(tmp_path, raw, [row("p", "a", "0.001", group="g-h", op="<")], assumed)
    state = search.start(np.random.default_rng(1))
    state["x"][:] = 1
    search._sum(state)
    assert state["penalty"][0] > 100


@pytest.mark.parametrize("share", [0.3, 0.8, 0.9])
def test_a_fall_by_exactly_the_share_counts(share):
    limit = 1 - share
    exact = round(10 * limit)
    assert _anneal.derived_value(_anneal.REDUCED_BY, 10, exact, limit) == 1
    assert _anneal.derived_value(_anneal.REDUCED_BY, 10, exact + 1, limit) == 0


def test_a_ledger_without_statistics_gives_draws(tmp_path):
    raw = {"groups": {"g": 5}, "variables": {"a": {}}}
    assumed = [{"kind": "mean", "x": "a", "value": "5"}, {"kind": "sd", "x": "a", "value": "2"}]
    search = matcher(tmp_path, raw, [row("range", "a", "0-10")], assumed)
    assert search.targets == []
    assert search.trials(2, np.random.default_rng(1))["a"].between(0, 10).all()
