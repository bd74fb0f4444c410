"""The replicate engine: each statistic against scipy and statsmodels on the same rows, the two
methods against each other and against exact distributions, and the same bytes in any order."""

import builtins
import importlib
import sys

import numpy as np
import pytest
from helpers import _replicate_kernels as kernels
from helpers import estimators, replicates
from helpers.replicates import (
    CHUNK,
    Battery,
    chunk_rng,
    draw_covariances,
    draw_rows,
    study_battery,
)
from scipy import stats

BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
EVERYTHING = {
    "pairs": [(0, 1), (3, 2), (4, 0), (1, 3), (0, 4)],
    "growth": (1, 2),
    "differences": [(0, 1, 2), (4, 3, 1)],
    "slopes": [(3, 0), (2, 4)],
    "ranks": True,
}


def a_correlation(k=5, seed=1):
    return np.corrcoef(np.random.default_rng(seed).standard_normal((k, 2 * k)))


def a_pattern(n, k=5, seed=2):
    present = np.random.default_rng(seed).random((n, k)) < 0.85
    present[:6] = True
    return present


def expected(battery, trial):
    """The same statistics of one trial, by scipy and statsmodels."""
    import statsmodels.api as sm

    def together(*variables):
        some = trial[:, list(variables)]
        return some[~np.isnan(some).any(axis=1)].T

    found = {"r": [], "p": [], "rank_r": [], "rank_p": [], "williams_t": [], "williams_p": []}
    for pair in battery.pairs:
        for names, function in ((("r", "p"), stats.pearsonr), (("rank_r", "rank_p"), stats.spearmanr)):
            result = function(*together(*pair))
            found[names[0]].append(result.statistic)
            found[names[1]].append(result.pvalue)
    before, after = together(*battery.growth)
    test = stats.ttest_rel(after, before)
    found["t"], found["growth_p"] = test.statistic, test.pvalue
    found["d"] = (after - before).mean() / np.sqrt((before.var(ddof=1) + after.var(ddof=1)) / 2)
    for triple in battery.differences:
        j, k, h = together(*triple)
        r = [np.corrcoef(*both)[0, 1] for both in ((j, k), (j, h), (k, h))]
        t, p = estimators.williams_test(*r, len(j))
        found["williams_t"].append(t)
        found["williams_p"].append(p)
    for name in ("slope", "se", "se_hc3", "p_hc3"):
        found[name] = []
    for y, x in battery.slopes:
        outcome, predictor = together(y, x)
        fit = sm.OLS(outcome, sm.add_constant(predictor)).fit()
        robust = fit.get_robustcov_results("HC3", use_t=True)
        found["slope"].append(fit.params[1])
        found["se"].append(fit.bse[1])
        found["se_hc3"].append(robust.bse[1])
        found["p_hc3"].append(robust.pvalues[1])
    return found


def assert_equal_to_singles(battery, rows, results, tolerance=1e-10):
    for i, trial in enumerate(rows):
        wanted = expected(battery, trial)
        assert set(wanted) == set(results)
        for name, value in wanted.items():
            np.testing.assert_allclose(results[name][i], value, rtol=1e-9, atol=tolerance, err_msg=name)


# --- each statistic against the textbook's program ---------------------------------------------


@BOTH
@pytest.mark.parametrize("n", [24, 25, 7, 8, 41])
def test_complete_rows_give_what_scipy_and_statsmodels_give(n, compiled):
    battery = Battery(a_correlation(), n, **EVERYTHING, change=0.4)
    results = battery.run(12, seed=3, compiled=compiled)
    assert_equal_to_singles(battery, battery.rows(12, seed=3), results)


@BOTH
@pytest.mark.parametrize("n", [24, 31])
def test_missing_patterns_are_deleted_pair_by_pair(n, compiled):
    present = a_pattern(n)
    battery = Battery(a_correlation(), present=present, **EVERYTHING, change=-0.3)
    assert battery.pair_sizes == [int(present[:, pair].all(axis=1).sum()) for pair in battery.pairs]
    assert len(set(battery.pair_sizes)) > 1
    rows = battery.rows(12, seed=4)
    assert np.array_equal(np.isnan(rows[3]), ~present)
    assert_equal_to_singles(battery, rows, battery.run(12, seed=4, compiled=compiled))


@BOTH
@pytest.mark.parametrize("missing", [False, True], ids=["complete", "missing"])
def test_whole_scores_far_from_zero_and_full_of_ties(missing, compiled):
    n = 26
    present = a_pattern(n) if missing else np.ones((n, 5), dtype=bool)
    rows = np.random.default_rng(5).integers(60, 66, size=(300, n, 5)).astype(float)
    rows[:, :, 3] -= 55
    rows[:, ~present] = np.nan
    battery = Battery(a_correlation(), present=present, **EVERYTHING, change=0.9)
    results = battery.of_rows(rows, compiled=compiled)
    assert results["r"].shape == (300, 5)
    some = [0, 1, 255, 256, 299]  # also from the second, unfilled pass
    assert_equal_to_singles(battery, rows[some], {name: value[some] for name, value in results.items()})


@BOTH
def test_ranks_of_more_people_than_a_byte_counts(compiled):
    rows = np.random.default_rng(7).integers(0, 90, size=(4, 300, 2)).astype(float)
    found = Battery(np.eye(2), 300, pairs=[(0, 1)], ranks=True).of_rows(rows, compiled=compiled)
    wanted = [stats.spearmanr(*trial.T).statistic for trial in rows]
    np.testing.assert_allclose(found["rank_r"][:, 0], wanted, atol=1e-12)


@BOTH
def test_what_does_not_vary_has_no_correlation(compiled):
    rows = np.random.default_rng(6).standard_normal((3, 10, 2))
    rows[1, :, 0] = 4.0
    results = Battery(np.eye(2), 10, pairs=[(0, 1)], ranks=True).of_rows(rows, compiled=compiled)
    for name in ("r", "p", "rank_r", "rank_p"):
        assert np.isnan(results[name][1]).all() and np.isfinite(results[name][[0, 2]]).all()


@BOTH
@pytest.mark.parametrize("k", [2, 3, 4, 6, 7, 9, 12])
def test_every_number_of_variables(k, compiled):
    pairs = [(a, b) for a in range(k) for b in range(a)]
    battery = Battery(a_correlation(k), 14, pairs=pairs)
    rows = battery.rows(20, seed=1)
    wanted = np.array([[np.corrcoef(trial[:, a], trial[:, b])[0, 1] for a, b in pairs] for trial in rows])
    np.testing.assert_allclose(battery.run(20, seed=1, compiled=compiled)["r"], wanted, atol=1e-12)
    sums = draw_covariances(a_correlation(k), 14, 20, chunk_rng(1, 0))
    sd = np.sqrt(np.einsum("ijj->ij", sums))
    wanted = np.array([sums[:, a, b] / (sd[:, a] * sd[:, b]) for a, b in pairs]).T
    found = battery.run(20, seed=1, method="wishart", compiled=compiled)["r"]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 12, 21, 22, 23, 24, 25, 26, 27, 60, 121, 998])
def test_p_in_closed_form(df):
    r = np.concatenate([np.linspace(-1, 1, 511), [0.0]])
    terms, odd = replicates._polynomial(df)
    width = -(-max(len(terms), 1) // kernels.SWEEP) * kernels.SWEEP
    padded = np.concatenate([np.zeros(width - len(terms)), terms])
    with np.errstate(divide="ignore"):
        exact = 2 * stats.t.sf(np.abs(r) * np.sqrt(df / (1 - r * r)), df)
    np.testing.assert_allclose(replicates._p_of_r(r, padded, odd), exact, atol=2e-14)
    compiled = np.empty(512)
    for at in range(0, 512, kernels.LANES):
        some = slice(at, at + kernels.LANES)
        kernels._p_values(r[some], padded, odd, compiled[some], np.empty(kernels.LANES))
    np.testing.assert_allclose(compiled, exact, atol=2e-14)
    assert compiled.min() >= 0


# --- compiled and plain -----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["rows", "wishart"])
def test_compiled_and_plain_agree(method):
    options = {**EVERYTHING, "ranks": False, "slopes": ()} if method == "wishart" else EVERYTHING
    battery = Battery(a_correlation(), 24, **options, change=0.2)
    one, other = (battery.run(3000, seed=1, method=method, compiled=how) for how in (True, False))
    assert set(one) == set(other)
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-10, atol=1e-10, err_msg=name)


def test_without_numba_the_results_are_the_same(monkeypatch):
    """The module is imported anew while numba cannot be."""
    battery = study_battery()
    with_numba = battery.run(500, seed=1)
    whole_import = builtins.__import__

    def no_numba(name, *rest, **others):
        if name.split(".")[0] == "numba":
            raise ImportError(name)
        return whole_import(name, *rest, **others)

    for name in [n for n in sys.modules if n == "numba" or n == "helpers._replicate_kernels"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", no_numba)
    bare = importlib.import_module("helpers._replicate_kernels")
    assert bare is not kernels and not bare.available()
    monkeypatch.setattr(replicates, "_kernels", lambda: bare)
    without = battery.run(500, seed=1)
    for name in with_numba:
        np.testing.assert_allclose(without[name], with_numba[name], rtol=1e-10, atol=1e-10)
    with pytest.raises(ValueError, match="numba is not installed"):
        battery.run(500, seed=1, compiled=True)
    monkeypatch.undo()
    importlib.import_module("helpers").__dict__["_replicate_kernels"] = kernels


# --- the two methods have one distribution ------------------------------------------------------

#: Chance of a false alarm of each of the tests of distribution below.
ALARM = 1e-5


@pytest.mark.parametrize("n", [24, 9])
def test_wishart_and_rows_have_the_same_distributions(n):
    battery = Battery(
        a_correlation(), n, pairs=EVERYTHING["pairs"], growth=(1, 2), change=0.43, differences=[(0, 1, 2)]
    )
    one = battery.run(50_000, seed=1)
    other = battery.run(50_000, seed=2, method="wishart")
    for name in ("r", "t", "d", "williams_t"):
        for a, b in zip(np.atleast_2d(one[name].T), np.atleast_2d(other[name].T), strict=True):
            assert stats.ks_2samp(a, b).pvalue > ALARM, name
    # ... and jointly: the statistics of one replicate go together in the same way.
    both = [np.corrcoef(np.column_stack([x["r"], x["t"], x["williams_t"]]), rowvar=False) for x in (one, other)]
    assert np.abs(both[0] - both[1]).max() < 5.5 * np.sqrt(2 / 50_000)


@pytest.mark.parametrize("draw", [draw_covariances, "rows"])
def test_the_moments_of_the_sums_are_the_wisharts(draw):
    n, times = 12, 60_000
    correlation = a_correlation(4)
    if draw == "rows":
        rows = draw_rows(correlation, n, times, chunk_rng(7, 0))
        rows -= rows.mean(axis=1, keepdims=True)
        sums = np.swapaxes(rows, 1, 2) @ rows
    else:
        sums = draw(correlation, n, times, chunk_rng(7, 0))
    assert np.array_equal(sums, np.swapaxes(sums, 1, 2))
    a, b = np.tril_indices(4)
    flat = sums[:, a, b]
    df = n - 1
    error = flat.std(axis=0) / np.sqrt(times)
    assert np.all(np.abs(flat.mean(axis=0) - df * correlation[a, b]) < 5 * error)
    # cov(S_ab, S_cd) = df (s_ac s_bd + s_ad s_bc)
    s = correlation
    exact = df * (s[np.ix_(a, a)] * s[np.ix_(b, b)] + s[np.ix_(a, b)] * s[np.ix_(b, a)])
    centered = flat - df * correlation[a, b]
    found = centered.T @ centered / times
    square = (centered**2).T @ centered**2 / times
    assert np.all(np.abs(found - exact) < 5 * np.sqrt((square - exact**2) / times))


@pytest.mark.parametrize("method", ["rows", "wishart"])
@pytest.mark.parametrize(("rho", "power"), [(-0.45, 0.62075), (-0.20, 0.15508)])
def test_the_power_of_one_correlation_is_the_exact_one(method, rho, power):
    battery = Battery([[1, rho], [rho, 1]], 24, pairs=[(0, 1)])
    chunks = battery.chunks(200_000, seed=1, method=method)
    share = sum(int((chunk["p"] < 0.05).sum()) for chunk in chunks) / 200_000
    assert abs(share - power) < 4 * np.sqrt(power * (1 - power) / 200_000)


@pytest.mark.parametrize("method", ["rows", "wishart"])
def test_growth_has_the_noncentral_t_distribution(method):
    battery = Battery([[1, 0.6], [0.6, 1]], 20, growth=(0, 1), change=0.43)
    t = battery.run(50_000, seed=3, method=method)["t"]
    shift = 0.43 * np.sqrt(20 / (2 - 2 * 0.6))
    assert stats.kstest(t, stats.nct(19, shift).cdf).pvalue > ALARM


# --- the same bytes -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["rows", "wishart"])
@BOTH
def test_the_same_bytes_however_the_work_is_shared(method, compiled):
    battery = Battery(a_correlation(), 24, pairs=[(0, 1), (2, 4)], growth=(1, 2), differences=[(0, 1, 2)])
    how = {"seed": 1, "method": method, "compiled": compiled}
    many = 5 * CHUNK + 700
    whole = battery.run(many, **how)
    shorter = [battery.run(size, **how) for size in (1, 1000, 3 * CHUNK, 3 * CHUNK + 257)]
    shared = battery.run(many, **how, n_jobs=2)
    for n_jobs in (1, 2):
        chunks = list(battery.chunks(many, **how, n_jobs=n_jobs))
        assert [len(chunk["r"]) for chunk in chunks] == [CHUNK] * 5 + [700]
        for name in whole:
            assert np.concatenate([chunk[name] for chunk in chunks]).tobytes() == whole[name].tobytes()
    for name in whole:
        assert shared[name].tobytes() == whole[name].tobytes()
        for some in shorter:
            assert some[name].tobytes() == whole[name][: len(some[name])].tobytes()
    other = battery.run(1000, **{**how, "seed": 2})
    assert not np.any(np.isin(other["r"], whole["r"]))
    assert len(np.unique(whole["r"])) == whole["r"].size  # no chunk and no pass stands twice


def test_rows_and_sums_begin_alike_too():
    correlation = a_correlation()
    for draw in (draw_rows, draw_covariances):
        few, many = (draw(correlation, 9, times, chunk_rng(3, 1)) for times in (10, 2500))
        assert np.array_equal(few, many[:10])
    battery = Battery(correlation, 9, pairs=[(0, 1)])
    assert np.array_equal(battery.rows(CHUNK, 3), draw_rows(correlation, 9, CHUNK, chunk_rng(3, 0)))


def test_each_chunk_and_part_has_its_stream():
    firsts = [chunk_rng(s, c, p).random() for s in (0, 1) for c in (0, 1, 2) for p in (0, 1)]
    assert len(set(firsts)) == len(firsts)
    seeds = np.random.SeedSequence(5, spawn_key=(3,))
    assert chunk_rng(5, 3).random() == np.random.Generator(np.random.SFC64(seeds)).random()
    seeds = np.random.SeedSequence(5, spawn_key=(3, 2))
    assert chunk_rng(5, 3, 2).random() == np.random.Generator(np.random.SFC64(seeds)).random()


# --- the study ------------------------------------------------------------------------------------


def test_the_studys_battery():
    from helpers.published import read_ledger
    from helpers.trial import load_trial

    battery = study_battery()
    ledger = read_ledger()
    for (a, b), row in zip(battery.pairs, ledger[ledger["kind"] == "r"].itertuples(), strict=False):
        assert (battery.names[a], battery.names[b]) == (row.x, row.y)
        assert battery.correlation[a, b] == pytest.approx(row.value, abs=0.5 * 10**-row.decimals)
    assert len(battery.pairs) == (ledger["kind"] == "r").sum() + 2
    trial = load_trial()
    results = battery.of_rows(trial[list(battery.names)].to_numpy()[None])
    for k, (a, b) in enumerate(battery.pairs):
        assert results["r"][0, k] == pytest.approx(trial[battery.names[a]].corr(trial[battery.names[b]]))
    assert results["d"][0] == pytest.approx(0.43, abs=0.005)
    assert battery.change == 0.43 and study_battery(null=True).change == 0


def test_the_studys_battery_without_any_effect():
    battery = study_battery(null=True)
    for a, b in battery.pairs:
        assert battery.correlation[a, b] == 0
    assert battery.correlation[battery.growth] == study_battery().correlation[battery.growth] > 0.5
    times = 40_000
    results = battery.run(times, seed=1)
    hits = np.column_stack([results["p"], results["growth_p"]]) < 0.05
    assert hits.shape == (times, 14)
    assert np.all(np.abs(hits.mean(axis=0) - 0.05) < 5 * np.sqrt(0.05 * 0.95 / times))
    # The tests depend on each other: the count varies more than that of independent ones.
    assert hits.sum(axis=1).var() > 1.3 * 14 * 0.05 * 0.95


# --- what is refused ------------------------------------------------------------------------------

SINGULAR = [[1, 0.8, 0.6], [0.8, 1, 0], [0.6, 0, 1]]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"correlation": [[1, 0.5], [0.4, 1]]}, r"symmetric, but entry \(0, 1\) is 0.5 and entry \(1, 0\) is 0.4"),
        ({"correlation": SINGULAR}, "positive definite, but its smallest eigenvalue"),
        ({"correlation": [[1, 1.5], [1.5, 1]]}, "positive definite"),
        ({"correlation": [[2, 0], [0, 1]]}, "1 on its diagonal, not 2"),
        ({"correlation": [[1, 0, 0], [0, 1, 0]]}, r"square matrix, not of shape \(2, 3\)"),
        ({"correlation": [[1, np.nan], [np.nan, 1]]}, "correlation must be finite"),
        ({"pairs": [(0, 2)]}, "pairs: there is no variable 2; the last is 1"),
        ({"pairs": [(0, -1)]}, "pairs must be a whole number of at least 0"),
        ({"pairs": [(1, 1)]}, "names the same variable twice"),
        ({"pairs": [(0, 1, 1)]}, "pairs: 2 variables belong together"),
        ({"pairs": [("a", "x")], "names": "ab"}, "pairs: there is no variable 'x'"),
        ({"pairs": [("a", "b")]}, "pairs: there is no variable 'a'"),
        ({"names": "aa"}, "2 different names"),
        ({"growth": (0, 0)}, "growth: .* the same variable twice"),
        ({"differences": [(0, 1, 0)]}, "differences: .* the same variable twice"),
        ({"slopes": [(0, 5)]}, "slopes: there is no variable 5"),
        ({"n": 2}, "pairs: 0 and 1 need at least 3 participants"),
        ({"n": None}, "give n, or present"),
        ({"n": 24.5}, "n must be a whole number"),
        ({"n": None, "present": np.ones((5, 3), dtype=bool)}, "present must be True or False"),
        ({"n": None, "present": np.ones((5, 2))}, "present must be True or False"),
        ({"present": np.ones((5, 2), dtype=bool)}, "n is 24, but present has 5"),
        ({"n": None, "present": np.eye(5, 2) == 0, "names": "ab", "differences": [], "pairs": [("a", "b")]}, None),
        ({"n": None, "present": np.array([[1, 0]] * 9 + [[1, 1]] * 2, dtype=bool)}, "pairs: 0 and 1 need .* not 2"),
        ({"pairs": []}, "needs pairs, growth, differences or slopes"),
        ({"pairs": [], "growth": (0, 1), "ranks": True}, "no pairs"),
        ({"change": np.inf, "growth": (0, 1)}, "change must be finite"),
    ],
)
def test_a_battery_that_cannot_be(options, sentence):
    given = {"correlation": np.eye(2), "n": 24, "pairs": [(0, 1)], **options}
    if sentence is None:
        Battery(**given)
        return
    with pytest.raises(ValueError, match=sentence):
        Battery(**given)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"replicates": 0}, "replicates must be a whole number of at least 1, not 0"),
        ({"replicates": 10.5}, "replicates must be a whole number"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"method": "bartlett"}, "method must be 'rows' or 'wishart'"),
    ],
)
def test_a_run_that_cannot_be(options, sentence):
    battery = Battery(np.eye(2), 24, pairs=[(0, 1)])
    for function in (battery.run, battery.chunks):
        with pytest.raises(ValueError, match=sentence):
            function(**{"replicates": 10, "seed": 1, **options})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"present": a_pattern(24, 2)}, "everyone to have everything"),
        ({"n": 24, "ranks": True}, "to rank"),
        ({"n": 24, "slopes": [(0, 1)]}, "HC3"),
    ],
)
def test_what_the_wishart_cannot_give(options, sentence):
    battery = Battery(np.eye(2), **options, pairs=[(0, 1)])
    with pytest.raises(ValueError, match=sentence):
        battery.run(10, seed=1, method="wishart")


def test_the_wishart_needs_more_participants_than_variables():
    with pytest.raises(ValueError, match="more participants than variables, not 5 of 5"):
        Battery(a_correlation(), 5, pairs=[(0, 1)]).run(10, seed=1, method="wishart")
    with pytest.raises(ValueError, match="more participants than variables"):
        draw_covariances(a_correlation(), 5, 10, np.random.default_rng(1))


@pytest.mark.parametrize("rows", [np.zeros((2, 10, 3)), np.zeros((10, 2)), np.full((1, 10, 2), np.nan), np.full((1, 10, 2), np.inf)])
def test_rows_that_do_not_fit(rows):
    with pytest.raises(ValueError, match="rows must"):
        Battery(np.eye(2), 10, pairs=[(0, 1)]).of_rows(rows)


@pytest.mark.parametrize("compiled", [False, *([True] if kernels.available() else [])])
def test_what_does_not_vary_has_no_statistics(compiled):
    battery = Battery(
        np.eye(3), 24, pairs=[(0, 1), (1, 2)], ranks=True, growth=(0, 2), slopes=[(1, 0), (2, 1)],
        differences=[(1, 0, 2)],
    )  # fmt: skip
    # Means that floats cannot hold exactly: sums of squares leave rounding errors.
    rows = np.round(np.random.default_rng(8).standard_normal((40, 24, 3)), 1) + 50.1
    rows[5, :, 0] = 50.3
    rows[6, :, 2] = rows[6, :, 0] + 1
    results = battery.of_rows(rows, compiled=compiled)
    for name, of in (("r", 0), ("p", 0), ("rank_r", 0), ("slope", 0), ("p_hc3", 0), ("williams_t", 0)):
        assert np.isnan(results[name][5, of]), name
        assert np.isfinite(np.delete(results[name], [5, 6], axis=0)).all(), name
    assert np.isfinite([results["r"][5, 1], results["slope"][5, 1], results["d"][5], results["t"][5]]).all()
    assert np.isnan([results["t"][6], results["growth_p"][6]]).all()
    assert np.isfinite(results["d"][6])
