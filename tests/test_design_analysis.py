"""The grid of simulated studies: right in each trial, exact where theory is, the same for any workers."""

import dataclasses
import math
import os
import re
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from helpers import design_analysis, estimators
from helpers.design_analysis import (
    CHUNK,
    ESTIMATORS,
    Cell,
    Grid,
    Work,
    WorkerError,
    analyze,
    n_for_difference,
    n_for_power,
    n_for_width,
    power_of_r,
)
from helpers.population import Margin
from scipy import integrate, special, stats

EVERY = tuple(ESTIMATORS)


def stream(seed, chunk, *part):
    """A chunk's random numbers, from NumPy alone."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(chunk, *part))))


# --- every trial, against slow loops ----------------------------------------------------------


def alone(name, x, y, later, d, resamples):
    """estimate, significant, low, high of one trial, by scipy and statsmodels."""
    n = len(x)
    if name == "pearson":
        answer = stats.pearsonr(x, y)
        return answer.statistic, answer.pvalue < 0.1, *answer.confidence_interval(0.9)
    if name == "spearman":
        answer = stats.spearmanr(x, y)
        r = answer.statistic
        reach = stats.norm.ppf(0.95) * math.sqrt((1 + r**2 / 2) / (n - 3))
        return r, answer.pvalue < 0.1, *np.tanh(np.arctanh(r) + np.array([-reach, reach]))
    if name in ("ols", "hc3"):
        fit = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HC3" if name == "hc3" else "nonrobust", use_t=True)
        return fit.params[1], fit.pvalues[1] < 0.1, *fit.conf_int(0.1)[1]
    if name in ("percentile", "bca"):
        index = stream(5, 1, 3).integers(n, size=(resamples, n))

        r = stats.pearsonr(x, y).statistic
        with np.errstate(invalid="ignore"):
            a, b = ((v[index] - v[index].mean(axis=1, keepdims=True)) / v[index].std(axis=1, keepdims=True) for v in (x, y))
        drawn = (a * b).mean(axis=1)
        if name == "percentile":
            low, high = np.quantile(drawn, [0.05, 0.95])
        else:
            below = ((drawn < r - 1e-12).mean() + (drawn <= r + 1e-12).mean()) / 2
            z0 = stats.norm.ppf(below)
            left = np.array([np.corrcoef(np.delete(x, i), np.delete(y, i))[0, 1] for i in range(n)])
            u = left.mean() - left
            a = (u**3).sum() / (6 * (u**2).sum() ** 1.5)
            z = z0 + stats.norm.ppf([0.05, 0.95])
            low, high = np.quantile(drawn, stats.norm.cdf(z0 + z / (1 - a * z)))
        return r, low > 0 or high < 0, low, high
    if name == "paired":
        answer = stats.ttest_rel(y + d, x)
        return (y + d - x).mean() / math.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2), answer.pvalue < 0.1
    r, second, tie = np.corrcoef([x, y, later])[np.triu_indices(3, 1)]
    if name == "williams":
        return r - second, estimators.williams_test(r, second, tie, n)[1] < 0.1
    low, high = estimators.zou_interval(r, second, tie, n, 0.9)
    return r - second, low > 0 or high < 0, low, high


@pytest.fixture(scope="module")
def slow():
    """A small grid with all that there is, and each of its trials computed alone."""
    grid = Grid(EVERY, n=(9, 12), r=(-0.5, 0.2), dropout=(0, 0.3), mechanism="worse", second=-0.1, tie=0.4, d=0.6, level=0.9, resamples=299)  # fmt: skip
    size, found = 25, {}
    x, rest = stream(5, 1).standard_normal((12, 2, CHUNK)).transpose(1, 2, 0)[:, :size]
    third = stream(5, 1, 1).standard_normal((12, CHUNK)).T[:size]
    uniform = stream(5, 1, 2).random((12, CHUNK)).T[:size]
    for cell in grid.cells():
        root = np.linalg.cholesky([[1, cell.r, -0.1], [cell.r, 1, 0.4], [-0.1, 0.4, 1]])
        for trial in range(size):
            people = root @ [x[trial], rest[trial], third[trial]]
            keep = uniform[trial] >= 2 * cell.dropout * stats.norm.cdf(people[1])
            keep &= np.arange(12) < cell.n
            answer = (math.nan, math.nan)
            if keep.sum() >= 4:
                answer = alone(cell.estimator, *people[:, keep], 0.6, 299)
            answer = [*answer, math.nan, math.nan][:4]
            if np.isnan(answer[: 4 if ESTIMATORS[cell.estimator][0] else 2]).any():
                answer = [math.nan] * 4
            found[cell, trial] = answer
    return grid, size, found


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("name", EVERY)
def test_every_trial_equals_scipy_and_statsmodels_alone(slow, name):
    grid, size, found = slow
    checked = 0
    for cell, answers in Work.of(grid, 5).answers(1, size):
        if cell.estimator != name:
            continue
        got = np.array([part for part in answers if part is not None])
        wanted = np.array([found[cell, trial] for trial in range(size)]).T[: len(got)]
        known = np.isfinite(got).all(axis=0)
        np.testing.assert_array_equal(known, np.isfinite(wanted).all(axis=0))
        np.testing.assert_allclose(got[:, known], wanted[:, known], rtol=0, atol=1e-9)
        checked += known.sum()
    assert checked > 100


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_the_table_is_what_the_trials_say(slow):
    """Every column, computed once more from the trials computed alone."""
    grid, size, found = slow
    work = Work.of(grid, 5)
    table = design_analysis.tabulate(work, {1: size}, {1: work.sums(1, size)})
    assert [tuple(row) for row in table[["estimator", "n", "r", "dropout"]].to_numpy()] == grid.cells()
    for row in table.itertuples():
        cell = Cell(row.estimator, row.n, row.r, row.dropout)
        trials = pd.DataFrame([found[cell, t] for t in range(size)], columns=["estimate", "significant", "low", "high"])
        trials = trials[trials["estimate"].notna()].astype({"significant": bool})
        three = row.estimator in ("williams", "zou")
        target = {"paired": 0.6, "spearman": 6 / math.pi * math.asin(row.r / 2)}.get(row.estimator, row.r + 0.1 if three else row.r)
        assert row.target == pytest.approx(target, abs=1e-9)
        assert (row.replicates, row.computed) == (size, len(trials))
        assert row.mean == pytest.approx(trials["estimate"].mean(), abs=1e-8)
        assert row.sd == pytest.approx(trials["estimate"].std(), abs=1e-8)
        power = trials["significant"].mean()
        assert row.power == pytest.approx(power, abs=1e-9)
        assert row.power_error == pytest.approx(math.sqrt(power * (1 - power) / len(trials)), abs=1e-9)
        hits = trials.loc[trials["significant"], "estimate"]
        if len(hits) > 1:
            wrong = (hits * target < 0).mean()
            assert row.type_s == pytest.approx(wrong, abs=1e-9)
            assert row.type_s_error == pytest.approx(math.sqrt(wrong * (1 - wrong) / len(hits)), abs=1e-9)
            assert row.type_m == pytest.approx(hits.abs().mean() / abs(target), abs=1e-8)
            assert row.type_m_error == pytest.approx(hits.abs().sem() / abs(target), abs=1e-7)
        if ESTIMATORS[row.estimator][0]:
            covered = trials["low"].le(target) & trials["high"].ge(target)
            assert row.coverage == pytest.approx(covered.mean(), abs=1e-9)
            assert row.coverage_error == pytest.approx(math.sqrt(covered.mean() * (1 - covered.mean()) / len(trials)), abs=1e-9)
            assert row.width == pytest.approx((trials["high"] - trials["low"]).mean(), abs=1e-8)
        else:
            assert math.isnan(row.coverage)
            assert math.isnan(row.width)
        assert (math.isnan(row.second), math.isnan(row.d)) == (not three, row.estimator != "paired")
        assert row.mechanism == ("worse" if row.dropout else "")


# --- against theory ---------------------------------------------------------------------------


def errors_off(got, error, exact):
    return abs(got - exact) / error


def test_size_and_coverage_are_exact_where_theory_says_so():
    table = analyze(Grid(("pearson", "ols", "paired"), n=(8, 24), r=0, d=0), 20_000, seed=11)
    for row in table.itertuples():
        assert errors_off(row.power, row.power_error, 0.05) < 4, row
        assert math.isnan(row.type_s)
        assert math.isnan(row.type_m)
    table = analyze(Grid("ols", n=(8, 24), r=(-0.45, 0.2)), 20_000, seed=12)
    for row in table.itertuples():
        assert errors_off(row.coverage, row.coverage_error, 0.95) < 4, row
    # Fisher's interval is not exact, and close.
    assert (analyze(Grid(n=(16, 24), r=(-0.45, 0)), 20_000)["coverage"] - 0.95).abs().max() < 0.01


def test_power_agrees_with_the_exact_power():
    table = analyze(Grid(("pearson", "ols"), n=(12, 24, 40), r=(-0.45, -0.2, 0.3)), 20_000, seed=3)
    for row in table.itertuples():
        assert errors_off(row.power, row.power_error, power_of_r(row.r, row.n)) < 4, row
    paired = analyze(Grid("paired", r=(0.55, 0.2), d=0.43), 20_000, seed=3)
    for row in paired.itertuples():
        shift, edge = math.sqrt(24) * 0.43 / math.sqrt(2 - 2 * row.r), stats.t.ppf(0.975, 23)
        exact = stats.nct.sf(edge, 23, shift) + stats.nct.cdf(-edge, 23, shift)
        assert errors_off(row.power, row.power_error, exact) < 4, row


def density(r, rho, n):
    """Of a sample correlation of normal variables (Hotelling, 1953)."""
    front = (n - 2) * special.gamma(n - 1) * (1 - rho**2) ** ((n - 1) / 2) * (1 - r**2) ** ((n - 4) / 2)
    back = math.sqrt(2 * math.pi) * special.gamma(n - 0.5) * (1 - rho * r) ** (n - 1.5)
    return front / back * special.hyp2f1(0.5, 0.5, n - 0.5, (rho * r + 1) / 2)


def tails(rho, n, alpha=0.05, of=lambda r: 1):
    """The mean of a function over the significant correlations, below 0 and above."""
    t = stats.t.isf(alpha / 2, n - 2)
    edge = t / math.sqrt(n - 2 + t**2)
    both = (-1, -edge), (edge, 1)
    return [integrate.quad(lambda r: of(r) * density(r, rho, n), *ends, epsabs=1e-12)[0] for ends in both]


def test_errors_of_sign_and_size_agree_with_their_integrals():
    rho, n = 0.15, 16
    row = analyze(Grid("pearson", n=n, r=rho), 100_000, seed=4).iloc[0]

    left, right = tails(rho, n)
    size = sum(tails(rho, n, of=abs))
    assert errors_off(row.power, row.power_error, right + left) < 4
    assert errors_off(row.type_s, row.type_s_error, left / (right + left)) < 4
    assert errors_off(row.type_m, row.type_m_error, size / (right + left) / rho) < 4


def test_dropout_at_random_is_a_smaller_study_and_worse_dropout_is_a_biased_one():
    """A share of dropout, a binomial number of participants: the exact power averaged over it."""
    row = analyze(Grid(n=12, r=-0.5, dropout=0.25), 20_000, seed=6).iloc[0]
    left = stats.binom.pmf(np.arange(13), 12, 0.75)[4:]
    exact = left @ [power_of_r(-0.5, n) for n in range(4, 13)] / left.sum()
    assert errors_off(row.power, row.power_error, exact) < 4
    assert row.computed / row.replicates == pytest.approx(left.sum(), abs=0.003)
    worse = analyze(Grid(n=60, r=-0.5, dropout=0.4, mechanism="worse"), 20_000, seed=6).iloc[0]
    assert worse["mean"] > -0.47  # people with high y are gone: the range is narrower
    # All of it is there in no row: the tie of who drops out to y, by a large draw.
    rng = np.random.default_rng(1)
    x, rest = rng.standard_normal((2, 1_000_000))
    y = -0.5 * x + math.sqrt(0.75) * rest
    kept = rng.random(1_000_000) >= 0.8 * stats.norm.cdf(y)
    assert kept.mean() == pytest.approx(0.6, abs=0.003)
    assert worse["mean"] == pytest.approx(np.corrcoef(x[kept], y[kept])[0, 1], abs=0.01)


@pytest.mark.parametrize("rho", [-0.45, 0.8])
def test_the_true_correlation_of_scores_agrees_with_a_million_draws(rho):
    grid = Grid(("pearson", "spearman", "ols"), r=rho, shape="scores", variables=("alliance_prep", "grid_hamd_12mo"))
    work = Work.of(grid, 1)
    x, rest = np.random.default_rng(7).standard_normal((2, 1_000_000))
    x, y = (s.of(z) for s, z in zip(work.scores, (x, rho * x + math.sqrt(1 - rho**2) * rest), strict=True))
    for scores in (x, y):
        assert abs(scores.mean()) < 0.005
        assert scores.std() == pytest.approx(1, abs=0.005)
    r = np.corrcoef(x, y)[0, 1]
    ranks = stats.spearmanr(x, y).statistic
    cells = {cell.estimator: work.target(cell) for cell in grid.cells()}
    assert cells["pearson"] == cells["ols"] == pytest.approx(r, abs=0.004)
    assert cells["spearman"] == pytest.approx(ranks, abs=0.004)
    assert abs(cells["pearson"]) < abs(rho) - 0.01  # whole scores at a floor correlate less
    assert cells["spearman"] != pytest.approx(cells["pearson"], abs=0.001)


def test_ties_count_in_the_true_rank_correlation():
    """Three scores, with most people at the ends of x: midranks are not just shares below."""
    shares = np.array([0.45, 0.1, 0.45]), np.array([0.6, 0.3, 0.1])
    coarse = tuple(design_analysis._Scores(Margin(0.0, 1.0, 0, mass, mass)) for mass in shares)
    work = dataclasses.replace(Work.of(Grid("spearman", r=0.6, shape="scores"), 1), scores=coarse)
    x, rest = np.random.default_rng(7).standard_normal((2, 1_000_000))
    x, y = (s.of(z) for s, z in zip(coarse, (x, 0.6 * x + 0.8 * rest), strict=True))
    assert len(np.unique(x)) == len(np.unique(y)) == 3
    assert work.target(work.grid.cells()[0]) == pytest.approx(stats.spearmanr(x, y).statistic, abs=0.004)


def test_scores_are_those_of_the_population():
    work = Work.of(Grid(shape="scores"), 1)
    curve = work.scores[1].margin
    scores = np.arange(curve.mass.size)
    assert curve.mass @ scores == pytest.approx(8.2, abs=0.1)
    z = np.array([-8.0, 0.0, 8.0])
    spread = math.sqrt(curve.mass @ scores**2 - (curve.mass @ scores) ** 2)
    np.testing.assert_allclose(work.scores[1].of(z)[2] - work.scores[1].of(z)[0], 52 / spread, rtol=1e-6)
    table = analyze(Grid(("pearson", "spearman", "ols"), n=40, r=-0.45, shape="scores"), 20_000)
    assert (table["coverage"] - 0.95).abs().max() < 0.015
    assert (table["mean"] - table["target"]).abs().max() < 0.012


@pytest.mark.parametrize("rho", [0.3, -0.7, 0.99])
def test_step_correlations_have_known_values(rho):
    """Two halves: 2 / pi asin(r). Many steps: 6 / pi asin(r / 2), Spearman's in the normal."""
    half = np.array([0.5, 0.5]), np.array([-1.0, 1.0])
    assert design_analysis.step_correlation(rho, half, half) == pytest.approx(2 / math.pi * math.asin(rho), abs=1e-4)
    many = np.full(4000, 1 / 4000), (np.arange(4000) - 1999.5) / math.sqrt((4000**2 - 1) / 12)
    assert design_analysis.step_correlation(rho, many, many) == pytest.approx(6 / math.pi * math.asin(rho / 2), abs=1e-4)
    assert design_analysis.step_correlation(0.0, half, half) == 0


# --- the same table ---------------------------------------------------------------------------


def test_a_cell_does_not_depend_on_the_other_cells():
    everything = Grid(EVERY, n=(16, 24, 40), r=(-0.3, 0.1), dropout=(0, 0.2), second=0.0, resamples=99)
    large = analyze(everything, 1200)
    for estimator in EVERY:
        small = Grid(estimator, n=24, r=-0.3, dropout=0.2, second=0.0 if estimator in ("williams", "zou") else None, resamples=99)
        row = large.query("estimator == @estimator and n == 24 and r == -0.3 and dropout == 0.2")
        pd.testing.assert_frame_equal(analyze(small, 1200), row.reset_index(drop=True), check_exact=True)


def test_a_part_of_a_chunk_is_its_beginning():
    work = Work.of(Grid(("pearson", "zou"), n=(10, 20), dropout=(0, 0.3), second=0.1), 3)
    for (cell, part), (same, whole) in zip(work.answers(2, 120), work.answers(2, CHUNK), strict=True):
        assert cell == same
        for some, all_of_them in zip(part[:2], whole[:2], strict=True):
            np.testing.assert_allclose(some, all_of_them[:120], rtol=0, atol=1e-12)
    assert design_analysis.chunk_sizes(1200) == {0: CHUNK, 1: CHUNK, 2: 200}


@pytest.fixture
def small_tasks(monkeypatch):
    """Workers even for little work, one chunk a task."""
    monkeypatch.setattr(design_analysis, "SMALL_SECONDS", 0.0)
    monkeypatch.setattr(design_analysis, "TASK_SECONDS", 0.0)


def test_the_table_is_the_same_for_any_workers_and_any_order(small_tasks):
    grid = Grid(("pearson", "bca"), n=(16, 24), dropout=(0, 0.1), resamples=199)
    one = analyze(grid, 4200, seed=9)
    pd.testing.assert_frame_equal(analyze(grid, 4200, seed=9, n_jobs=2), one, check_exact=True)
    work, sizes = Work.of(grid, 9), design_analysis.chunk_sizes(4200)
    chunks = list(np.random.default_rng(1).permutation(list(sizes)))
    found = {int(c): work.sums(int(c), sizes[c]) for c in chunks}
    assert list(found) != sorted(found)
    pd.testing.assert_frame_equal(design_analysis.tabulate(work, sizes, found), one, check_exact=True)
    assert not analyze(grid, 4200, seed=10)["mean"].equals(one["mean"])


def test_a_killed_process_costs_nothing(small_tasks):
    """The rest is begun again: every chunk comes once, with the same sums."""
    psutil = pytest.importorskip("psutil")
    work, sizes = Work.of(Grid(resamples=99), 2), design_analysis.chunk_sizes(40 * CHUNK)
    found, killed = {}, []
    for chunk, sums in design_analysis.run(work, sizes, n_jobs=2):
        assert chunk not in found
        found[chunk] = sums
        if len(found) == 3:
            children = psutil.process_iter(["pid", "ppid", "cmdline"])  # forgives one that ends now
            killed = [child.pid for child in children if child.info["ppid"] == os.getpid()
                      and any("popen_loky" in word for word in child.info["cmdline"] or [])]  # fmt: skip
            status = Path(f"/proc/{killed[0]}/status")
            if status.exists():  # a Ctrl-C is for the command alone
                ignored = int(re.search(r"SigIgn:\s*(\w+)", status.read_text())[1], 16)
                assert ignored >> (signal.SIGINT - 1) & 1
            os.kill(killed[0], signal.SIGKILL)
    assert killed
    assert found.keys() == sizes.keys()
    for chunk, sums in found.items():
        np.testing.assert_array_equal(sums, work.sums(chunk, CHUNK))


def test_progress_shows_on_stderr(capsys):
    analyze(Grid(), 600, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "600/600" in err


# --- numbers of participants ------------------------------------------------------------------


def test_the_exact_power_has_its_known_values():
    assert power_of_r(-0.45, 24) == pytest.approx(0.62075, abs=5e-6)
    assert power_of_r(-0.20, 24) == pytest.approx(0.15508, abs=5e-6)
    assert power_of_r(0.45, 24) == power_of_r(-0.45, 24)
    assert power_of_r(0.0, [3, 24, 1000], alpha=0.01) == pytest.approx(0.01, abs=1e-9)
    table = power_of_r([[0.1], [0.5]], [10, 20, 30])
    assert table.shape == (2, 3)
    assert table[1, 2] == power_of_r(0.5, 30)
    assert isinstance(power_of_r(0.1, 10), float)


@pytest.mark.parametrize(("r", "n", "alpha"), [(0.3, 3, 0.05), (-0.6, 5, 0.05), (0.278, 99, 0.05), (0.05, 3000, 0.001)])
def test_the_exact_power_agrees_with_noncentral_t(r, n, alpha):
    """Given x, the test's t is noncentral; the mean over x's sum of squares, a chi-square."""
    edge = stats.t.isf(alpha / 2, n - 2)

    def given(squares):
        shift = abs(r) / math.sqrt(1 - r**2) * math.sqrt(squares)
        return (stats.nct.sf(edge, n - 2, shift) + stats.nct.cdf(-edge, n - 2, shift)) * stats.chi2.pdf(squares, n - 1)

    low, high = stats.chi2.ppf(1e-12, n - 1), stats.chi2.isf(1e-12, n - 1)
    exact = integrate.quad(given, low, high, epsabs=1e-10, limit=200)[0]
    assert power_of_r(r, n, alpha) == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize(("r", "n", "alpha"), [(0.15, 16, 0.05), (-0.9, 8, 0.01), (0.99, 5, 0.001), (0.5, 60, 0.05)])
def test_the_exact_power_agrees_with_the_density_of_r(r, n, alpha):
    assert power_of_r(r, n, alpha) == pytest.approx(sum(tails(r, n, alpha)), abs=1e-9)


@pytest.mark.parametrize("r", [0.278, -0.45, 0.97, 0.02])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_the_fewest_participants_for_power(r, power):
    n = n_for_power(r, power)
    assert power_of_r(r, n) >= power
    assert n == 4 or power_of_r(r, n - 1) < power


def test_the_fewest_participants_for_a_width():
    for r, width, level in ((-0.45, 0.3, 0.95), (0, 0.6, 0.9), (0.9, 0.1, 0.99), (0.5, 1.9, 0.95)):
        n = n_for_width(r, width, level)
        low, high = estimators.fisher_interval(r, [max(n - 1, 4), n], level)
        assert (high - low)[1] <= width
        assert n == 4 or (high - low)[0] > width


def test_the_fewest_participants_for_a_difference():
    needed = n_for_difference(-0.45, -0.20, 0.6)
    assert needed.low <= needed.n <= needed.high <= needed.low + 8
    assert needed.power == pytest.approx(0.8, abs=0.01)
    # Whole rows of participants, in the grid, agree with sums of squares alone.
    row = analyze(Grid("williams", n=needed.n, r=-0.45, second=-0.2, tie=0.6), 10_000, seed=8).iloc[0]
    assert abs(row.power - needed.power) < 4 * math.hypot(row.power_error, needed.power_error)
    # Halfway to the wanted power lie fewer, and a higher tie makes the difference easier to see.
    assert n_for_difference(-0.45, -0.20, 0.6, power=0.5, replicates=2000).high < needed.low
    assert n_for_difference(-0.45, -0.20, 0.8, replicates=2000).high < needed.low
    again = n_for_difference(-0.45, -0.20, 0.6, replicates=2000)
    assert again == n_for_difference(-0.45, -0.20, 0.6, replicates=2000)
    assert again.low <= needed.high
    assert needed.low <= again.high


@pytest.mark.parametrize("n", [4, 5, 24])
def test_correlations_from_sums_of_squares_have_their_distribution(n):
    """Without a link the variance of each is 1 / (n - 1); with one, Hotelling's density."""
    rng = np.random.default_rng(3)
    normal, uniform = rng.standard_normal((3, 50_000)), rng.random((3, 50_000))
    for r in design_analysis._three_correlations(np.eye(3), n, normal, uniform):
        assert r.var() * (n - 1) == pytest.approx(1, abs=0.025)
    true = np.array([[1, 0.7, -0.3], [0.7, 1, 0.2], [-0.3, 0.2, 1]])
    found = design_analysis._three_correlations(np.linalg.cholesky(true), n, normal, uniform)
    for r, rho in zip(found, (0.7, -0.3, 0.2), strict=True):
        mean = integrate.quad(lambda r, rho=rho: r * density(r, rho, n), -1, 1)[0]
        assert r.mean() == pytest.approx(mean, abs=4 * r.std() / math.sqrt(50_000))
    assert np.corrcoef(found[0], found[1])[0, 1] > 0.05  # as the two outcomes go together


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: power_of_r(1.0, 24), "strictly between"),
        (lambda: power_of_r(0.3, 2), "n must be"),
        (lambda: power_of_r(0.3, 24, alpha=1), "alpha must be between 0 and 1"),
        (lambda: n_for_power(0.0), "must not be 0"),
        (lambda: n_for_power(0.3, power=0.04), "above alpha"),
        (lambda: n_for_power(0.3, power=1.0), "above alpha"),
        (lambda: n_for_width(0.3, 2.0), "width must be"),
        (lambda: n_for_width(0.3, 0.0), "width must be"),
        (lambda: n_for_difference(0.3, 0.3, 0.5), "must differ"),
        (lambda: n_for_difference(0.9, -0.9, 0.9), "cannot|no data can have"),
        (lambda: n_for_difference(0.3, 0.1, 0.5, replicates=10), "replicates"),
        (lambda: analyze(Grid(), 0), "replicates"),
        (lambda: analyze(Grid(), seed=-1), "seed"),
        (lambda: analyze(Grid(), n_jobs=0), "n_jobs"),
    ],
)
def test_a_parameter_out_of_range_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"estimator": "kendall"}, "pearson, spearman"),
        ({"estimator": ()}, "at least one value"),
        ({"n": 3}, "n must be a whole number of at least 4"),
        ({"n": 24.5}, "n must be a whole number"),
        ({"n": (24, 24)}, "n has 24 twice"),
        ({"n": 20_000}, "at most 10000"),
        ({"r": 1}, "strictly between"),
        ({"r": (0.1, math.nan)}, "finite"),
        ({"r": (-0.28, 0, -0.0)}, "twice"),
        ({"dropout": 1.0}, "dropout must be from 0 to 0.95"),
        ({"dropout": 0.6, "mechanism": "worse"}, "dropout must be from 0 to 0.5"),
        ({"mechanism": "better"}, "random, worse"),
        ({"estimator": "zou"}, "give second"),
        ({"second": 0.1}, "none of them is an estimator"),
        ({"estimator": "zou", "r": 0.9, "second": -0.9, "tie": 0.9}, "r = 0.9, second = -0.9, tie = 0.9"),
        ({"shape": "skewed"}, "normal, scores"),
        ({"shape": "scores", "estimator": "paired"}, "paired is there for shape 'normal' only"),
        ({"shape": "scores", "r": 0.999}, "-0.99 to 0.99"),
        ({"variables": ("a", "a")}, "two different names"),
        ({"level": 1}, "level must be"),
        ({"resamples": 10}, "resamples"),
        ({"d": math.inf}, "d must be finite"),
    ],
)
def test_a_faulty_grid_is_refused_with_one_sentence(options, said):
    with pytest.raises(ValueError, match=said):
        Grid(**options)


@pytest.mark.parametrize(
    ("variables", "said"),
    [(("mood", "alliance_prep"), "'mood' is none of"), (("alliance_prep", "grid_hamd_4wk"), "differently in the groups.*grid_hamd_12mo")],
)
def test_scores_need_variables_with_one_margin(variables, said):
    with pytest.raises(ValueError, match=said):
        analyze(Grid(shape="scores", variables=variables), 500)


def test_a_grid_cannot_be_changed_and_takes_single_values():
    grid = Grid("pearson", 24, -0.28, 0)
    assert grid == Grid()
    with pytest.raises(dataclasses.FrozenInstanceError):
        grid.n = (25,)


def test_no_scheduler_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(design_analysis, "CONNECT_SECONDS", 0.5)
    with pytest.raises(WorkerError, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        analyze(Grid(), 600, scheduler="tcp://127.0.0.1:9")
