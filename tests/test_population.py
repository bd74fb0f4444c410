"""The completed population: margins by brute force, draws by simulation, means that follow."""

import math

import numpy as np
import pytest
from helpers.codebook import CodebookError, read_assumptions, read_codebook
from helpers.population import (
    Population,
    complete_population,
    correlation_problem,
    margin,
)
from helpers.published import read_ledger
from helpers.targets import ImpossibleLedger
from hypothesis import given, settings
from hypothesis import strategies as st
from ministudy import mean_and_sd, row, study
from scipy import stats


@pytest.fixture(scope="module")
def book():
    return read_ledger(), read_codebook(), read_assumptions()


@pytest.fixture(scope="module")
def population(book):
    return complete_population(*book)


def moments(curve, step=1.0):
    """Mean and SD by summing over the scores."""
    k = (curve.low + np.arange(curve.mass.size)) * step
    mean = sum(m * x for m, x in zip(curve.mass, k, strict=True))
    return mean, math.sqrt(sum(m * (x - mean) ** 2 for m, x in zip(curve.mass, k, strict=True)))


# --- margins ---------------------------------------------------------------------------------------


@settings(max_examples=80)
@given(
    st.sampled_from([(0, 52, 1), (17, 52, 1), (0, 100, 1), (-3, 3, 0.1), (1, 7, 0.5), (0, 3, 1), (-20, -5, 1)]),
    st.floats(0.03, 0.97), st.floats(0.02, 0.97),
)  # fmt: skip
def test_a_margin_has_its_mean_and_sd_and_the_largest_entropy(scale, place, spread):
    low, high, step = scale
    mean = low + place * (high - low)
    # The least SD about a mean between two scores is that of these two alone.
    part = (mean / step) % 1
    least, most = step * math.sqrt(part * (1 - part)), math.sqrt((mean - low) * (high - mean))
    sd = least + spread * (most - least)
    curve = margin(mean, sd, low, high, step)
    assert curve.low == round(low / step) and curve.mass.size == round((high - low) / step) + 1
    assert curve.mass.sum() == pytest.approx(1, abs=1e-12) and (curve.mass >= 0).all()
    found = moments(curve, step)
    assert found == (pytest.approx(mean, abs=2e-6 * sd), pytest.approx(sd, abs=2e-6 * sd))
    # Largest entropy at these moments: the log of the mass is a parabola.
    seen = np.flatnonzero(curve.mass > 1e-9)
    if seen.size > 4:
        x = np.linspace(-1, 1, curve.mass.size)[seen]
        log_mass = np.log(curve.mass[seen])
        rest = log_mass - np.polyval(np.polyfit(x, log_mass, 2), x)
        assert np.abs(rest).max() < 1e-3


def test_no_other_distribution_of_these_moments_has_more_entropy():
    curve = margin(8.0, 7.1, 0, 52)
    k = np.arange(53.0)
    rng = np.random.default_rng(1)
    base = np.vstack([np.ones(53), k, k * k])
    for _ in range(200):
        # A direction that changes neither the total nor the mean nor the SD.
        move = rng.standard_normal(53) * curve.mass
        move -= (curve.mass * base).T @ np.linalg.solve((base * curve.mass) @ base.T, base @ move)
        other = curve.mass + 0.1 * move / np.abs(move / curve.mass).max()
        assert np.abs(base @ other - base @ curve.mass).max() < 1e-9
        assert stats.entropy(other) < stats.entropy(curve.mass)


@pytest.mark.parametrize(
    ("mean", "sd"),
    [(5, 0.1), (0.01, 0.1), (9.99, 0.1), (5, 4.999), (1, 2.99), (0.3, 1.7), (5.5, 0.5000001), (5, 1e-4), (0.05, 0.25)],
)
def test_extreme_margins(mean, sd):
    curve = margin(mean, sd, 0, 10)
    assert moments(curve) == (pytest.approx(mean, abs=1e-5 * max(sd, 0.1)), pytest.approx(sd, abs=1e-5 * max(sd, 0.1)))
    assert np.isfinite(curve.z).all() and (np.diff(curve.z) >= 0).all()


@pytest.mark.parametrize("sd", [0.05, 0.3, 5.3])
def test_a_margin_that_no_scores_have_is_the_nearest(sd):
    # About 5.5 the least SD of whole scores is 0.5, about 5 the largest is 5.
    mean = 5 if sd > 1 else 5.5
    assert moments(margin(mean, sd, 0, 10)) == (pytest.approx(mean), pytest.approx(5 if sd > 1 else 0.5, abs=1e-6))


@pytest.mark.parametrize(
    ("mean", "sd", "message"),
    [
        (-0.1, 1, "mean must be on the scale from 0 to 10, not -0.1"),
        (10.1, 1, "mean must be on the scale from 0 to 10, not 10.1"),
        (5, 0, "sd must be above 0 and possible on the scale from 0 to 10 with mean 5, not 0"),
        (5, -1, "sd must be above 0"), (5, 6, "with mean 5, not 6"), (1, 3.5, "with mean 1, not 3.5"),
        (math.nan, 1, "mean must be on the scale"), (5, math.nan, "sd must be above 0"), (0, 0.1, "with mean 0"),
    ],
)  # fmt: skip
def test_impossible_margins(mean, sd, message):
    with pytest.raises(ValueError, match=message):
        margin(mean, sd, 0, 10)


def test_scores_are_quantiles():
    curve = margin(8.0, 7.1, 0, 52)
    edges = np.cumsum(curve.mass)
    u = np.random.default_rng(3).random(5000)
    scores = curve.scores(u)
    assert (u <= edges[scores] + 1e-15).all() and (u >= np.where(scores > 0, edges[scores - 1], 0) - 1e-15).all()
    assert curve.scores(np.array([0.0, 1e-9, 1 - 1e-12])).tolist() == [0, 0, np.searchsorted(edges, 1 - 1e-12)]
    # The normal score is the quantile of the middle of the score's share.
    for k in (0, 5, 20):
        assert curve.z[k] == pytest.approx(stats.norm.ppf(edges[k] - curve.mass[k] / 2), abs=1e-9)


# --- draws -------------------------------------------------------------------------------------------


def test_draws_have_the_margins_and_correlations(population):
    people = ["immediate"] * 20_000 + ["delayed"] * 20_000
    scores = population.draw(people, np.random.default_rng(5))
    assert scores.shape == (40_000, 15) and scores.dtype == np.int64
    half = {"immediate": slice(0, 20_000), "delayed": slice(20_000, None)}
    for (name, group), curve in population.margins.items():
        drawn = scores[half[group], population.names.index(name)]
        # Standard errors of a mean and of an SD; five of them for 56 comparisons.
        assert abs(drawn.mean() - curve.mean) < 5 * curve.sd / math.sqrt(20_000)
        assert abs(drawn.std() - curve.sd) < 5 * curve.sd / math.sqrt(2 * 20_000) * 1.3
    # The correlation of the normal scores is that of the matrix, less a little because scores
    # are whole: measured loss at most 0.02. SE 0.007.
    for group in half:
        names = [name for name in population.names if (name, group) in population.margins]
        z = np.array(
            [
                population.margins[name, group].z[
                    scores[half[group], population.names.index(name)] - population.margins[name, group].low
                ]
                for name in names
            ]
        )
        at = [population.names.index(name) for name in names]
        found, wanted = np.corrcoef(z), population.correlation[np.ix_(at, at)]
        assert np.abs(found - wanted).max() < 0.035
        assert abs((found - wanted)[np.triu_indices(len(at), 1)].mean()) < 0.004


def test_a_variable_that_a_group_lacks_is_drawn_as_zero(population):
    scores = population.draw(["immediate"] * 5 + ["delayed"] * 5, np.random.default_rng(1))
    at = population.names.index("grid_hamd_wait5")
    assert (scores[:5, at] == 0).all() and (scores[5:, at] > 0).all()
    again = population.draw(["immediate"] * 5 + ["delayed"] * 5, np.random.default_rng(1))
    assert np.array_equal(scores, again)


def test_the_order_of_the_groups_does_not_mix_them_up():
    curves = {("a", "g"): margin(2, 0.5, 0, 10), ("a", "h"): margin(8, 0.5, 0, 10)}
    population = Population(("a",), np.eye(1), curves)
    scores = population.draw(["h", "g", "h", "g"], np.random.default_rng(1))[:, 0]
    assert (scores[[0, 2]] > 5).all() and (scores[[1, 3]] < 5).all()


# --- means, SDs and correlations of the population ---------------------------------------------------


def test_the_population_of_the_book(book, population):
    assert population.names == tuple(book[1].variables)
    assert len(population.margins) == 15 * 2 - 2
    of = {key: (curve.mean, curve.sd) for key, curve in population.margins.items()}
    assert of["grid_hamd_baseline", "delayed"] == (pytest.approx(22.5), pytest.approx(4.4))
    # Week 5 of the trial is a week after dose 2 in one arm, and waiting in the other.
    assert of["grid_hamd_1wk", "immediate"] == (pytest.approx(8.0), pytest.approx(7.1))
    assert of["grid_hamd_wait5", "delayed"] == (pytest.approx(23.8), pytest.approx(5.4))
    assert of["grid_hamd_1wk", "delayed"] == (9.0, 7.6)  # assumed
    # A later mean follows from d: it lies d root mean square SDs below the baseline of all.
    mean, sd = of["grid_hamd_6mo", "immediate"]
    baseline = (13 * 22.9 + 11 * 22.5) / 24
    variance = (12 * 3.6**2 + 10 * 4.4**2 + 13 * 11 / 24 * 0.4**2) / 23
    assert sd == 7.4 and mean == pytest.approx(baseline - 2.6 * math.sqrt((variance + sd**2) / 2), abs=1e-9)
    assert of["grid_hamd_6mo", "delayed"] == (mean, sd)
    values = np.linalg.eigvalsh(population.correlation)
    assert values.min() > 0.01
    assert np.array_equal(population.correlation, population.correlation.T)
    r = dict(zip(population.names, population.correlation[population.names.index("alliance_prep")], strict=True))
    assert r["grid_hamd_4wk"] == pytest.approx(-0.65, abs=1e-6)
    assert r["alliance_post2"] == pytest.approx(0.66, abs=0.005)


RAW = {
    "groups": {"g": 10, "h": 6},
    "variables": {name: {"scale": [0, 20]} for name in "abc"},
    "derived": {"own": {"by_group": {"g": "a", "h": "b"}}, "peak": {"max_of": ["a", "b"]}},
}


def population_of(folder, rows, assumed=(), raw=RAW):
    return complete_population(*study(folder, raw, rows, assumed))


def test_where_means_and_sds_come_from(tmp_path):
    rows = [
        *mean_and_sd("a", "10.0", "3.0", group="g"), row("mean", "a", "9.0"), row("sd", "a", "5", op="<", id="bound"),
        *mean_and_sd("own", "12.0", "2.0", group="h", id="x") [:1], row("d_growth", "a", "0.5", y="c"),
    ]  # fmt: skip
    assumed = [
        {"kind": "sd", "x": "a", "value": "4"}, {"kind": "sd", "x": "b", "value": "2.5"},
        {"kind": "mean", "x": "b", "value": "11", "group": "g"}, {"kind": "sd", "x": "c", "value": "3.5"},
        {"kind": "mean", "x": "a", "value": "1"},
    ]  # fmt: skip
    found = {key: (curve.mean, curve.sd) for key, curve in population_of(tmp_path, rows, assumed).margins.items()}
    assert found["a", "g"] == (pytest.approx(10), pytest.approx(3))  # of its own group
    assert found["a", "h"] == (pytest.approx(9), 4)  # of everyone; a bound is no number; assumed
    assert found["b", "h"] == (pytest.approx(12), 2.5)  # of the group's own column
    assert found["b", "g"] == (11, 2.5)
    mean = (10 * 10 + 6 * 9) / 16
    variance = (9 * 3**2 + 5 * 4**2 + 10 * 6 / 16 * 1) / 15
    rise = 0.5 * math.sqrt((variance + 3.5**2) / 2)
    assert found["c", "g"] == found["c", "h"] == (pytest.approx(mean + rise), 3.5)


@pytest.mark.parametrize(("kind", "sign"), [("d_growth", 1), ("d_change", -1)])
@pytest.mark.parametrize("turned", [False, True])
def test_a_mean_follows_from_a_change(tmp_path, kind, sign, turned):
    raw = {"groups": {"g": 10}, "variables": {name: {"scale": [0, 40]} for name in "ac"}}
    x, y = ("c", "a") if turned else ("a", "c")
    rows = [*mean_and_sd("a", "20.0", "3.0"), row(kind, x, "0.8", y=y)]
    found = population_of(tmp_path, rows, [{"kind": "sd", "x": "c", "value": "5"}], raw).margins["c", "g"]
    direction = sign * (-1 if turned else 1)
    assert found.mean == pytest.approx(20 + direction * 0.8 * math.sqrt((9 + 25) / 2), abs=1e-9)


@pytest.mark.parametrize(
    ("rows", "assumed", "message"),
    [
        ([row("mean", "a", "10")], [], "no SD of 'a' in group 'g' is printed; add one to the assumptions"),
        ([row("sd", "a", "3")], [], "no SD of 'b' in group 'g' is printed"),
        ([row("sd", name, "3", id=name) for name in "abc"], [], "no mean of 'a' in group 'g' is printed; add one to the assumptions"),
        ([part for name in "bc" for part in mean_and_sd(name, "10", "3")], [{"kind": "mean", "x": "a", "value": "25"}, {"kind": "sd", "x": "a", "value": "2"}],
         "variable 'a', group 'g': mean must be on the scale from 0 to 20, not 25"),
        ([part for name in "bc" for part in mean_and_sd(name, "10", "3")], [{"kind": "mean", "x": "a", "value": "19"}, {"kind": "sd", "x": "a", "value": "9"}],
         "variable 'a', group 'g': sd must be above 0 and possible"),
    ],
)  # fmt: skip
def test_what_is_neither_printed_nor_assumed_is_asked_for(tmp_path, rows, assumed, message):
    with pytest.raises(CodebookError) as caught:
        population_of(tmp_path, rows, assumed)
    assert message in str(caught.value)


@pytest.mark.parametrize(("mean", "sd"), [("0.0", "0.0"), ("20.0", "0.0"), ("10.0", "11.5"), ("0.3", "0.5")])
def test_printed_samples_at_the_ends_of_a_scale_have_a_population(tmp_path, mean, sd):
    raw = {"groups": {"g": 4}, "variables": {"a": {"scale": [0, 20]}}}
    curve = population_of(tmp_path, mean_and_sd("a", mean, sd), raw=raw).margins["a", "g"]
    assert abs(moments(curve)[0] - float(mean)) <= 0.13
    assert np.isfinite(curve.z).all()


# --- the incomplete matrix ---------------------------------------------------------------------------


def test_the_correlation_problem_of_the_book(book):
    problem = correlation_problem(*book)
    assert len(problem.names) == 17 and problem.names[-2:] == ("mystical_peak", "insight_peak")
    at = {name: i for i, name in enumerate(problem.names)}

    def entry(x, y):
        return problem.value[at[x], at[y]], problem.low[at[x], at[y]], problem.high[at[x], at[y]]

    assert entry("alliance_prep", "grid_hamd_4wk")[0] == -0.65
    assert entry("grid_hamd_1wk", "grid_hamd_4wk") == (0.8, 0.8, 0.8)  # assumed
    value, low, high = entry("mystical_peak", "grid_hamd_12mo")
    assert math.isnan(value) and low == -high and 0.41 < high < 0.42  # not significant, in words
    assert entry("grid_hamd_baseline", "alliance_prep")[1:] == (-1, 1)
    # A peak goes with its own sessions.
    value = entry("mystical_1", "mystical_peak")[0]
    rng = np.random.default_rng(1)
    one, other = rng.standard_normal((2, 400_000))
    other = 0.6 * one + 0.8 * other
    assert value == pytest.approx(np.corrcoef(one, np.maximum(one, other))[0, 1], abs=0.005)


def test_the_correlation_problem_of_some_columns(book):
    ledger, codebook, assumed = book
    names = ["alliance_post2", "grid_hamd_4wk", "mystical_peak"]
    problem = correlation_problem(ledger, codebook, assumed, variables=names)
    assert problem.names == tuple(names)
    assert problem.free_pairs() == [("alliance_post2", "mystical_peak")]
    with pytest.raises(CodebookError, match="'response_4wk' is no measured variable and no peak of two"):
        correlation_problem(ledger, codebook, assumed, variables=["response_4wk"])


def test_printed_goes_before_assumed(tmp_path):
    rows = [row("r", "a", "0.30", y="b")]
    assumed = [{"kind": "r", "x": "b", "y": "a", "value": "0.9"}, {"kind": "r", "x": "a", "y": "c", "value": "0.2"}]
    problem = correlation_problem(*study(tmp_path, RAW, rows, assumed), variables=["a", "b", "c"])
    assert problem.value[0, 1] == 0.3 and problem.value[0, 2] == 0.2 and math.isnan(problem.value[1, 2])


@pytest.mark.parametrize(
    ("rows", "assumed", "error", "message"),
    [
        (
            [row("r", "a", "0.90", y="b"), row("r", "b", "0.90", y="c"), row("r", "a", "-0.50", y="c")], [],
            ImpossibleLedger, "rows 'r0', 'r1' and 'r2' contradict each other: no data have these correlations together",
        ),
        (
            [row("r", "a", "0.90", y="b"), row("r", "b", "0.90", y="c")], [{"kind": "r", "x": "a", "y": "c", "value": "-0.5"}],
            CodebookError, "no population has the assumed correlations 'a0' beside rows 'r0' and 'r1'",
        ),
        (
            [row("p", "a", "0.05", y="b", op=">")], [{"kind": "r", "x": "a", "y": "b", "value": "0.9"}],
            CodebookError, "no population has the assumed correlations 'a0' beside row 'r0'",
        ),
    ],
)  # fmt: skip
def test_contradicting_correlations(tmp_path, rows, assumed, error, message):
    known = [{"kind": kind, "x": x, "value": "10" if kind == "mean" else "3", "id": kind + x} for kind in ("mean", "sd") for x in "abc"]
    with pytest.raises(error) as caught:
        population_of(tmp_path, rows, [*({"id": f"a{i}"} | one for i, one in enumerate(assumed)), *known])
    assert message in str(caught.value)
