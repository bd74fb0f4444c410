"""Each estimator against a library's own, and its coverage by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from helpers.estimators import (
    fisher_interval,
    partial_correlation,
    steiger_test,
    williams_test,
    wilson_interval,
    zou_interval,
)

few = settings(max_examples=60, deadline=None)


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
