"""Each estimator against a library's own, and its coverage by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats._resampling import BootstrapResult
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import proportion_confint

from helpers import _bootstrap
from helpers.estimators import (
    bootstrap_interval,
    fisher_interval,
    ols,
    paired,
    partial_correlation,
    pearson,
    rank_interval,
    resample_counts,
    spearman,
    steiger_test,
    williams_test,
    wilson_interval,
    zou_interval,
)

few = settings(max_examples=60)


@few
@given(st.integers(0, 2**32 - 1), st.integers(4, 60), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_fisher_interval_is_that_of_scipy(seed, n, level):
    x, y = np.random.default_rng(seed).standard_normal((2, n))
    answer = stats.pearsonr(x, y)
    other = answer.confidence_interval(level)
    assert fisher_interval(answer.statistic, n, level) == pytest.approx(
        (other.low, other.high), abs=1e-9
    )


def test_fisher_interval_in_arrays_and_at_its_ends():
    low, high = fisher_interval([-0.54, 0, 1], 20)
    assert low[0] == fisher_interval(-0.54, 20)[0]
    assert low[1] == -high[1]
    assert (low[2], high[2]) == (1, 1)
    assert isinstance(fisher_interval(0.5, 20)[0], float)
    assert fisher_interval(np.zeros((2, 1)), np.array([10, 20, 30]))[0].shape == (2, 3)


def test_fisher_interval_covers_the_true_correlation():
    rng = np.random.default_rng(20240314)
    true, n, trials = -0.54, 20, 4000
    x, noise = rng.standard_normal((2, trials, n))
    y = true * x + math.sqrt(1 - true**2) * noise
    x, y = (part - part.mean(1, keepdims=True) for part in (x, y))
    r = (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))
    low, high = fisher_interval(r, n)
    covered = np.mean((low <= true) & (true <= high))
    # Monte Carlo error of a 95% coverage with 4000 trials: 0.0034; 3 of them are allowed.
    assert abs(covered - 0.95) < 3 * math.sqrt(0.95 * 0.05 / trials)


@few
@given(st.integers(1, 80), st.data(), st.sampled_from([0.8, 0.95]))
def test_wilson_interval_is_that_of_statsmodels(n, data, level):
    count = data.draw(st.integers(0, n))
    other = proportion_confint(count, n, alpha=1 - level, method="wilson")
    assert wilson_interval(count, n, level) == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize("true", [0.3, 0.58])
def test_wilson_interval_covers_the_true_share(true):
    # No simulation: the coverage at n = 24 is a sum over the 25 possible counts.
    counts = np.arange(25)
    low, high = wilson_interval(counts, 24)
    covered = stats.binom.pmf(counts, 24, true)[(low <= true) & (true <= high)].sum()
    assert 0.92 < covered < 0.98
    assert low[0] == 0 and high[-1] == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fisher_interval(1.2, 20), "r must be from -1 to 1, not 1.2"),
        (lambda: fisher_interval(0.5, 3), "n must be a whole number of at least 4, not 3"),
        (lambda: fisher_interval(0.5, 20, 95), "level must be between 0 and 1, not 95"),
        (lambda: wilson_interval(25, 24), "count must be at most n, but they are 25 and 24"),
        (lambda: wilson_interval(-1, 24), "count must be a whole number of at least 0, not -1"),
        (lambda: wilson_interval(1.5, 24), "count must be a whole number of at least 0, not 1.5"),
        (lambda: wilson_interval(0, 0), "n must be a whole number of at least 1, not 0"),
    ],
)
def test_a_wrong_parameter_is_named(call, words):
    with pytest.raises(ValueError) as caught:
        call()
    assert words in str(caught.value)


# --- correlations that share a variable ------------------------------------------------

# Made with R's cocor 1.1-4: (r_jk, r_jh, r_kh, n), then each test's values.
COCOR = [
    (
        (-0.45, -0.20, 0.60, 24),
        (-1.436853240875662, 0.1654923325245474),
        (-1.382656843153202, 0.1667701106911443),
        (-0.5975120520570747, 0.09965317696640819),
    ),
    (
        (-0.85, -0.61, 0.60, 24),
        (-2.298469640520057, 0.03190435130933467),
        (-2.18112668322835, 0.02917404773206922),
        (-0.5565141537512353, -0.02539116263430277),
    ),
]


@pytest.mark.parametrize(("given", "williams", "steiger", "zou"), COCOR)
def test_dependent_correlations_are_those_of_cocor(given, williams, steiger, zou):
    assert williams_test(*given) == pytest.approx(williams, abs=1e-10)
    assert steiger_test(*given) == pytest.approx(steiger, abs=1e-10)
    assert zou_interval(*given) == pytest.approx(zou, abs=1e-10)


def test_dependent_correlations_in_arrays_and_turned_around():
    t, p = williams_test([-0.45, -0.85], [-0.20, -0.61], 0.60, 24)
    assert t == pytest.approx([COCOR[0][1][0], COCOR[1][1][0]], abs=1e-10)
    back, same = williams_test(-0.20, -0.45, 0.60, 24)
    assert (back, same) == pytest.approx((-t[0], p[0]))
    low, high = zou_interval(-0.45, -0.20, 0.60, 24)
    assert zou_interval(-0.20, -0.45, 0.60, 24) == pytest.approx((-high, -low))
    assert williams_test(0.3, 0.3, 1.0, 24) == (0.0, 1.0)
    assert steiger_test(0.3, 0.3, 1.0, 24) == (0.0, 1.0)


@pytest.mark.parametrize("function", [williams_test, steiger_test, zou_interval])
def test_impossible_correlations_are_refused(function):
    with pytest.raises(ValueError, match="r_jk = 0.9, r_jh = 0.9, r_kh = -0.5"):
        function(0.9, 0.9, -0.5, 24)
    with pytest.raises(ValueError, match="r_jh must be from -1 to 1"):
        function(0.9, 1.9, 0.5, 24)
    with pytest.raises(ValueError, match="n must be a whole number of at least 4"):
        function(0.3, 0.2, 0.5, 3)


def drawn_correlations(matrix, n, trials, seed):
    """Sample correlations (12, 13, 23) of three normal variables."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((trials, n, 3)) @ np.linalg.cholesky(np.array(matrix)).T
    x -= x.mean(1, keepdims=True)
    x /= np.sqrt((x**2).sum(1, keepdims=True))
    r = np.einsum("tij,tik->tjk", x, x)
    return r[:, 0, 1], r[:, 0, 2], r[:, 1, 2]


def test_williams_and_steiger_keep_their_size():
    matrix = [[1, -0.5, -0.5], [-0.5, 1, 0.6], [-0.5, 0.6, 1]]
    trials = 20_000
    r = drawn_correlations(matrix, 24, trials, 1)
    error = math.sqrt(0.05 * 0.95 / trials)  # Monte Carlo: 0.0015
    assert abs(np.mean(williams_test(*r, 24)[1] < 0.05) - 0.05) < 3 * error + 0.003
    assert abs(np.mean(steiger_test(*r, 24)[1] < 0.05) - 0.05) < 3 * error + 0.006


def test_zou_interval_covers_the_true_difference():
    matrix = [[1, -0.65, -0.3], [-0.65, 1, 0.55], [-0.3, 0.55, 1]]
    trials = 20_000
    low, high = zou_interval(*drawn_correlations(matrix, 24, trials, 2), 24)
    covered = np.mean((low <= -0.35) & (high >= -0.35))
    error = math.sqrt(0.05 * 0.95 / trials)
    assert abs(covered - 0.95) < 3 * error + 0.006


@few
@given(st.integers(0, 2**32 - 1), st.integers(5, 40))
def test_partial_correlation_is_that_of_the_residuals(seed, n):
    x, y, z = np.random.default_rng(seed).standard_normal((3, n))
    y = y + 0.7 * z
    r = np.corrcoef([x, y, z])
    left = [v - np.polyval(np.polyfit(z, v, 1), z) for v in (x, y)]
    assert partial_correlation(r[0, 1], r[0, 2], r[1, 2]) == pytest.approx(
        np.corrcoef(left)[0, 1], abs=1e-9
    )


def test_partial_correlation_at_the_limits():
    assert partial_correlation(0.96, 0.6, 0.8) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="r_xz must lie strictly between"):
        partial_correlation(0.2, 1.0, 0.2)
    with pytest.raises(ValueError, match="no data can have"):
        partial_correlation(-0.9, 0.9, 0.9)


# --- from raw values: each against a library, one study at a time --------------------------


def studies(seed, n, kind, many=7):
    """Two variables in several studies, some with ties, one of them with ties and outliers."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((many, n))
    y = -0.5 * x + rng.standard_normal((many, n))
    if kind == "whole":
        x, y = np.round(2 * x), np.round(2 * y)
    if kind == "skewed":
        x, y = 1e4 + np.exp(2 * x), 1e-4 * np.exp(y)
    return x, y


KINDS = st.sampled_from(["normal", "whole", "skewed"])


@few
@given(st.integers(0, 2**32 - 1), st.integers(3, 60), KINDS)
def test_correlations_are_those_of_scipy(seed, n, kind):
    x, y = studies(seed, n, kind)
    for ours, theirs in ((pearson, stats.pearsonr), (spearman, stats.spearmanr)):
        r, p = ours(x, y)
        for i in range(len(x)):
            if np.ptp(x[i]) == 0 or np.ptp(y[i]) == 0:
                assert np.isnan(r[i]) and np.isnan(p[i])
                continue
            answer = theirs(x[i], y[i])
            if abs(answer.statistic) > 1 - 1e-12:  # on a line, but for rounding
                assert abs(r[i]) > 1 - 1e-11
                continue
            assert (r[i], p[i]) == pytest.approx((answer.statistic, answer.pvalue), abs=1e-10)
            if p[i] < 1e-4 and abs(r[i]) < 0.999:  # small p values are right in their own size
                assert p[i] == pytest.approx(answer.pvalue, rel=1e-8)


@few
@given(st.integers(0, 2**32 - 1), st.integers(3, 60), KINDS)
def test_paired_is_that_of_scipy(seed, n, kind):
    before, after = studies(seed, n, kind)
    ours = paired(before, after)
    for i in range(len(before)):
        rise = after[i] - before[i]
        assert ours.change[i] == pytest.approx(rise.mean(), rel=1e-12, abs=1e-12)
        spread = math.sqrt((before[i].var(ddof=1) + after[i].var(ddof=1)) / 2)
        if np.ptp(rise) == 0 or spread == 0:
            continue
        answer = stats.ttest_rel(after[i], before[i])
        assert (ours.t[i], ours.p[i]) == pytest.approx((answer.statistic, answer.pvalue), rel=1e-10)
        assert ours.d[i] == pytest.approx(rise.mean() / spread, rel=1e-10)
        assert ours.d_z[i] == pytest.approx(rise.mean() / rise.std(ddof=1), rel=1e-10)


@few
@given(st.integers(0, 2**32 - 1), st.integers(6, 60), st.integers(1, 3), KINDS)
def test_slopes_are_those_of_statsmodels(seed, n, q, kind):
    x, y = studies(seed, n, kind)
    others = [np.random.default_rng([seed, 1 + k, 99]).standard_normal(x.shape) + 0.3 * y for k in range(q - 1)]
    ours = ols(y, x, *others)
    assert ours.slope.shape == (len(x), q)
    for i in range(len(x)):
        centered = np.column_stack([x[i], *(other[i] for other in others)])
        centered = centered - centered.mean(0)
        lengths = np.linalg.norm(centered, axis=0)
        if lengths.min() == 0 or np.linalg.cond(centered / lengths) > 1e4 or np.ptp(y[i]) == 0:
            continue
        # Centered for statsmodels' sake: it loses digits to a mean of 10,000.
        design = np.column_stack([np.ones(n), centered])
        fit = OLS(y[i], design).fit()
        assert ours.slope[i] == pytest.approx(fit.params[1:], rel=1e-8, abs=1e-10)
        assert ours.se[i] == pytest.approx(fit.bse[1:], rel=1e-8)
        assert ours.p[i] == pytest.approx(fit.pvalues[1:], abs=1e-9)
        if fit.get_influence().hat_matrix_diag.max() < 1 - 1e-6:
            robust = fit.get_robustcov_results("HC3", use_t=True)
            assert ours.se_hc3[i] == pytest.approx(robust.bse[1:], rel=1e-7)
            assert ours.p_hc3[i] == pytest.approx(robust.pvalues[1:], abs=1e-9)


def test_one_study_alone_gives_plain_numbers():
    x, y = studies(1, 12, "normal")
    assert all(isinstance(part, float) for part in (*pearson(x[0], y[0]), *paired(x[0], y[0])))
    assert pearson(x[0], y)[0].shape == (7,)
    assert pearson(x.reshape(7, 1, 12), y)[1].shape == (7, 7)
    assert ols(y[0], x[0]).slope.shape == (1,)


def test_the_slope_without_an_answer_is_nan_and_spoils_no_other():
    x, y = studies(2, 15, "normal")
    twin = 3 * x + 2  # the same predictor again
    assert np.isnan(ols(y, x, twin).slope).all()
    mixed = np.where(np.arange(7)[:, None] == 3, twin, np.random.default_rng(3).standard_normal(x.shape))
    slope = ols(y, x, mixed).slope
    assert np.isnan(slope[3]).all() and np.isfinite(np.delete(slope, 3, axis=0)).all()
    constant = np.where(np.arange(7)[:, None] == 2, 5.0, x)
    assert np.isnan(ols(y, constant).slope[2]) and np.isnan(pearson(constant, y)[0][2])
    still = ols(np.full(15, 49.7), x[0])  # a mean that floats cannot hold exactly
    assert still.slope == 0 and still.se == 0 and np.isnan([still.p, still.p_hc3]).all()
    # One person alone has the predictor: the residual is 0 and HC3 would be 0 / 0.
    alone = np.zeros(15)
    alone[4] = 1.0
    fit = ols(y[0], alone)
    assert np.isfinite(fit.se).all() and np.isnan(fit.se_hc3).all()


def test_a_constant_that_floats_cannot_hold_exactly_still_does_not_vary():
    y = studies(4, 24, "normal")[1]
    constant = np.full(24, 0.1)
    assert np.isnan(pearson(constant, y)[0]).all()
    assert np.isnan(paired(constant, constant + 0.3).t)
    low, _ = bootstrap_interval(constant, y, resample_counts(24, 99, np.random.default_rng(1)))
    assert np.isnan(low).all()


@few
@given(st.integers(0, 2**32 - 1), st.integers(8, 40), st.sampled_from([0.8, 0.95, 0.99]), KINDS)
def test_bootstrap_interval_is_that_of_scipy_for_the_same_resamples(seed, n, level, kind):
    x, y = studies(seed, n, kind, many=3)
    counts = resample_counts(n, 299, np.random.default_rng(seed))
    for method in ("bca", "percentile"):
        low, high = bootstrap_interval(x, y, counts, level, method)
        for i in range(len(x)):
            resampled = [
                np.corrcoef(np.repeat(x[i], c), np.repeat(y[i], c))[0, 1]
                if np.ptp(np.repeat(x[i], c)) and np.ptp(np.repeat(y[i], c)) else np.nan
                for c in counts
            ]  # fmt: skip
            if np.isnan(resampled).any():
                assert np.isnan(low[i]) and np.isnan(high[i])
                continue
            own = stats.pearsonr(x[i], y[i]).statistic
            # A resample of everyone once is a tie, which rounding must not break.
            resampled = np.where(np.abs(np.array(resampled) - own) < 1e-13, own, resampled)
            earlier = BootstrapResult(None, resampled, None)
            with np.errstate(all="ignore"):
                theirs = stats.bootstrap(
                    (x[i], y[i]), lambda a, b, axis=-1: stats.pearsonr(a, b, axis=axis).statistic,
                    paired=True, vectorized=True, n_resamples=0, method=method,
                    confidence_level=level, bootstrap_result=earlier,
                ).confidence_interval  # fmt: skip
            # A resample of people who are nearly alike has hardly any spread: its sums lose digits.
            spread = min(
                np.std(np.repeat(z[i], c)) / np.abs(z[i] - z[i].mean()).max()
                for z in (x, y) for c in counts
            )  # fmt: skip
            near = 1e-10 if spread > 0.01 else 1e-7
            assert (low[i], high[i]) == pytest.approx((theirs.low, theirs.high), abs=near, nan_ok=True)


@pytest.mark.parametrize("kind", ["normal", "whole", "skewed"])
def test_bootstrap_is_the_same_with_and_without_numba(kind, monkeypatch):
    pytest.importorskip("numba", reason="numba is not installed: there is only one form to test")
    x, y = studies(5, 10, kind, many=40)
    counts = resample_counts(10, 499, np.random.default_rng(5))
    compiled = bootstrap_interval(x, y, counts)
    loops = _bootstrap.loops
    assert loops(True) != loops(False)
    monkeypatch.setattr(_bootstrap, "loops", lambda: loops(False))
    assert np.array_equal(compiled, bootstrap_interval(x, y, counts), equal_nan=True)


def test_an_interval_does_not_depend_on_the_studies_beside_it():
    x, y = studies(6, 24, "normal", many=50)
    counts = resample_counts(24, 999, np.random.default_rng(6))
    low, high = bootstrap_interval(x, y, counts)
    for i in (0, 3, 31, 49):
        assert bootstrap_interval(x[i], y[i], counts) == pytest.approx((low[i], high[i]), abs=1e-12)


def test_resamples_are_those_of_drawing_with_replacement():
    counts = resample_counts(12, 60_000, np.random.default_rng(7))
    assert (counts.sum(axis=1) == 12).all()
    # Each count is binomial(12, 1/12), and two people's go against each other.
    error = math.sqrt(1 / 60_000)
    assert np.abs(counts.mean(axis=0) - 1).max() < 5 * error
    assert np.abs(counts.var(axis=0) - 11 / 12).max() < 0.03
    assert np.cov(counts[:, 0], counts[:, 1])[0, 1] == pytest.approx(-1 / 12, abs=5 * error)


def test_rank_interval_is_wider_than_fishers_by_the_published_factor():
    low, high = rank_interval(0.6, 20)
    half = math.atanh(fisher_interval(0.6, 20)[1]) - math.atanh(0.6)
    assert math.atanh(high) - math.atanh(0.6) == pytest.approx(half * math.sqrt(1.18))
    assert low < fisher_interval(0.6, 20)[0]
    assert rank_interval(1.0, 20) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pearson([1, 2, np.nan], [1, 2, 3]), "x must be finite"),
        (lambda: pearson([1, 2, 3], [1, 2, 3, 4]), "y has 4 people .* and x has 3"),
        (lambda: pearson([1, 2], [2, 1]), "at least 3 people"),
        (lambda: pearson(1.0, [1, 2, 3]), "x must hold several people"),
        (lambda: pearson(np.ones((2, 5)), np.ones((3, 5))), "leading axes do not fit"),
        (lambda: spearman(["a", "b", "c"], [1, 2, 3]), "x must be a number"),
        (lambda: paired([1.0], [2.0]), "at least 2 people"),
        (lambda: ols([1, 2, 3, 4]), "at least one predictor"),
        (lambda: ols([1, 2, 3], [1, 2, 3], [3, 1, 2]), "at least 4 people"),
        (lambda: ols([1, 2, 3, 4], [1, 2, np.inf, 4]), "predictor 1 must be finite"),
        (lambda: resample_counts(1, 10, np.random.default_rng(1)), "n must be"),
        (lambda: bootstrap_interval([1, 2, 3], [2, 1, 3], [[1, 1, 0], [1, 1, 1]]), "sum to 3"),
        (lambda: bootstrap_interval([1, 2, 3], [2, 1, 3], [[1, 1, 1]]), "at least two"),
        (lambda: bootstrap_interval([1, 2, 3], [2, 1, 3], np.ones((5, 3)), method="t"), "method must be"),
        (lambda: bootstrap_interval([1, 2, 3], [2, 1, 3], np.ones((5, 3)), level=95), "level must be"),
        (lambda: rank_interval(0.5, 3), "n must be"),
    ],
)
def test_bad_raw_values_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
