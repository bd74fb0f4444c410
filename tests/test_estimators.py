"""Each estimator against a library's own, and its coverage by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from helpers.estimators import fisher_interval, wilson_interval

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
