"""Do printed numbers agree: against scipy, against brute force, and on simulated data."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from helpers import consistency
from helpers.consistency import (
    d_all,
    d_from_means,
    d_interval,
    d_range_from_rounded,
    grim,
    grim_counts,
    grim_power,
    grim_totals,
    grimmer,
    n_from_dz_p,
    n_from_r_p,
    p_from_r,
    p_range,
    r_from_change,
    r_range_from_change,
    sd_limits,
    sd_range_from_rounded_mean,
    t_from_p,
)
from helpers.published import correlations, read_ledger, select, value

few = settings(max_examples=60)
seeds = st.integers(0, 2**32 - 1)


def printed(number, decimals):
    """A number as print has it."""
    return float(f"{number:.{decimals}f}")


def prints_as(number, shown, decimals):
    """Whether a number may have been printed like this, whichever way halves go."""
    return abs(number - shown) <= 0.5 * 10.0**-decimals + 1e-9


# --- what the ledger is known to say --------------------------------------------------

RECOVERED = {
    "levin.r.prep.4wk": [19, 20, 21],
    "levin.r.prep.6mo": [20],
    "levin.r.prep.12mo": [20],
    "levin.r.prep.mystical": [20],
    "levin.r.prep.insight": [16],
    "levin.r.mystical.4wk": [23],
    "levin.r.post2.3mo": [23, 24],
    "levin.r.post2.12mo": [24, 25, 26, 27, 28, 29],
}
AT_LEAST = {"levin.r.insight.4wk": 16, "levin.r.post2.4wk": 11, "levin.r.post2.6mo": 15}


@pytest.fixture(scope="module")
def ledger():
    return read_ledger()


@pytest.fixture(scope="module")
def recovered(ledger):
    return {
        row.Index: n_from_r_p(
            row.r, row.p, r_decimals=row.r_decimals, p_decimals=row.p_decimals, op=row.p_op
        ).tolist()
        for row in correlations(ledger).itertuples()
    }


def test_the_recovered_n_of_every_row(recovered):
    assert set(recovered) == set(RECOVERED) | set(AT_LEAST)
    for row, sizes in RECOVERED.items():
        assert recovered[row] == sizes, row
    for row, least in AT_LEAST.items():
        assert recovered[row] == list(range(least, 1001)), row


def test_one_n_is_common_to_the_rows_of_each_alliance_rating(recovered):
    def common(*rows):
        return set.intersection(*(set(recovered[row]) for row in rows))

    prep = ("levin.r.prep.4wk", "levin.r.prep.6mo", "levin.r.prep.12mo", "levin.r.prep.mystical")
    assert common(*prep) == {20}
    post2 = ("levin.r.post2.4wk", "levin.r.post2.3mo", "levin.r.post2.6mo", "levin.r.post2.12mo")
    assert common(*post2) == {24}
    # Rows with insight and rows with the first alliance rating cannot share one n.
    assert not common("levin.r.prep.insight", "levin.r.prep.mystical")


def test_the_growth_of_the_alliance_is_no_d_z(ledger):
    d, p = value(ledger, "levin.growth.d"), value(ledger, "levin.growth.p")
    fits = n_from_dz_p(d, p, d_decimals=2, p_decimals=2)
    assert fits.tolist() == [27, 28, 29, 30]
    assert fits.min() > value(ledger, "davis.completed")


@pytest.mark.parametrize(
    ("n", "low", "middle", "high"),
    [(20, 0.633, 0.664, 0.695), (23, 0.569, 0.605, 0.641), (24, 0.548, 0.585, 0.623)],
)
@pytest.mark.parametrize("kind", ["d_av", "d_rm", "pooled"])
def test_the_implied_correlation_of_the_alliance_waves(kind, n, low, middle, high):
    # With equal SDs the three definitions are one.
    assert r_from_change(0.43, 0.03, n, kind=kind) == pytest.approx(middle, abs=5e-4)
    assert r_range_from_change(
        0.43, 0.03, n, kind=kind, d_decimals=2, p_decimals=2
    ) == pytest.approx((low, high), abs=5e-4)


def test_every_printed_mean_and_sd_is_possible(ledger):
    for row in select(ledger, kind="mean").itertuples():
        sd = value(ledger, row.Index.replace(".mean.", ".sd."))
        low = 17 if row.x == "grid_hamd_baseline" else 0
        assert grim(row.value, row.n, row.decimals)
        smallest, largest = sd_range_from_rounded_mean(row.value, row.decimals, row.n, low, 52)
        assert smallest <= sd <= largest
        assert grimmer(
            row.value, sd, row.n, mean_decimals=1, sd_decimals=1, low=low, high=52
        )
        # With more than 9 participants one decimal lets every mean pass.
        assert grim_power(row.n, row.decimals) == 0


def test_the_percentages_and_their_counts_agree():
    assert grim_counts(75, 24, 0).tolist() == [18]
    assert grim_counts(58, 24, 0).tolist() == [14]


@pytest.mark.parametrize(("week", "low", "high"), [("week5", 1.4, 3.5), ("week8", 1.5, 3.7)])
def test_d_between_the_arms_and_its_printed_interval(ledger, week, low, high):
    means = [
        part
        for arm, n in (("delayed", 11), ("immediate", 13))
        for part in (
            value(ledger, f"davis.{week}.mean.{arm}"),
            value(ledger, f"davis.{week}.sd.{arm}"),
            n,
        )
    ]
    d = d_from_means(*means)
    assert printed(d, 1) == value(ledger, f"davis.{week}.d")
    least, most = d_range_from_rounded(*means, mean_decimals=1, sd_decimals=1)
    assert least < d < most
    assert tuple(printed(end, 1) for end in d_interval(d, 11, 13)) == (low, high)
    assert f"95% CI {low} to {high}" in ledger.loc[f"davis.{week}.d", "note"]


# --- p, r and n -----------------------------------------------------------------------


@few
@given(seeds, st.integers(3, 60))
def test_p_from_r_is_the_p_of_scipy(seed, n):
    x, y = np.random.default_rng(seed).standard_normal((2, n))
    answer = stats.pearsonr(x, y)
    assert p_from_r(answer.statistic, n) == pytest.approx(answer.pvalue, rel=1e-8, abs=1e-12)


def test_p_from_r_at_its_ends_and_in_arrays():
    assert p_from_r([-1, 0, 1], 10).tolist() == [0, 1, 0]
    assert isinstance(p_from_r(0.5, 10), float)
    table = p_from_r(np.array([[0.1], [0.5]]), np.array([5, 10, 20]))
    assert table.shape == (2, 3)
    assert table[1, 2] == p_from_r(0.5, 20)
    # The tail keeps its digits where 1 - cdf would be 0.
    assert 0 < p_from_r(0.99, 200) < 1e-150


@few
@given(st.floats(0, 0.99), st.floats(0.001, 0.01), st.integers(3, 100))
def test_p_falls_as_the_correlation_or_the_sample_grows(r, more, n):
    assert p_from_r(r + more, n) < p_from_r(r, n)
    assert p_from_r(r, n) == p_from_r(-r, n)
    if r > 0.01:
        assert p_from_r(r, n + 1) < p_from_r(r, n)


@few
@given(st.floats(-1, 1), st.floats(-1, 1), st.integers(3, 60))
def test_p_range_holds_every_p_between_and_reaches_its_ends(one, other, n):
    low, high = sorted((one, other))
    p_low, p_high = p_range(low, high, n)
    inside = np.append(np.linspace(low, high, 101), np.clip(0, low, high))
    p = p_from_r(np.clip(inside, low, high), n)
    assert p_low == pytest.approx(p.min()) and p_high == pytest.approx(p.max())


@few
@given(seeds, st.integers(4, 80), st.integers(1, 3), st.integers(2, 4), st.floats(-2, 2))
def test_the_true_n_always_fits_what_was_printed(seed, n, r_decimals, p_decimals, slope):
    x, noise = np.random.default_rng(seed).standard_normal((2, n))
    r, p = stats.pearsonr(x, slope * x + noise)
    shown = printed(p, p_decimals)
    fits = n_from_r_p(
        printed(r, r_decimals), shown, r_decimals=r_decimals, p_decimals=p_decimals, n_max=100
    )
    assert n in fits
    bound = 10.0**-p_decimals
    op = "<" if p < bound else ">"
    assert n in n_from_r_p(
        printed(r, r_decimals), bound, r_decimals=r_decimals, p_decimals=p_decimals, op=op
    )


def test_n_from_r_p_against_a_search_by_scipy():
    # Independent of the module: t by its textbook form, r on a fine grid.
    for r, p in ((-0.65, 0.002), (0.52, 0.040), (-0.61, 0.001), (0.05, 0.9)):
        grid = np.linspace(r - 0.005, r + 0.005, 401)
        expected = []
        for n in range(3, 120):
            ps = 2 * stats.t.sf(np.abs(grid) * np.sqrt((n - 2) / (1 - grid**2)), n - 2)
            expected += [n] if np.any(np.abs(ps - p) <= 0.0005) else []
        found = n_from_r_p(r, p, r_decimals=2, p_decimals=3, n_max=119)
        assert found.tolist() == expected


def test_n_from_r_p_may_fit_nothing_or_a_perfect_correlation():
    assert n_from_r_p(0.9, 0.5, r_decimals=2, p_decimals=2, n_min=4).size == 0
    assert 10 in n_from_r_p(1.0, 0.0, r_decimals=2, p_decimals=3)
    assert n_from_r_p(0.5, 0.05, r_decimals=2, p_decimals=2, op=">").tolist() == list(range(3, 17))
    # At n = 16 the p of r = 0.495 is above 0.05 and that of r = 0.505 below: both fit.
    assert n_from_r_p(0.5, 0.05, r_decimals=2, p_decimals=2, op="<=")[0] == 16


@few
@given(st.floats(1e-12, 1), st.integers(1, 100))
def test_t_from_p_inverts_the_test(p, df):
    assert 2 * stats.t.sf(t_from_p(p, df), df) == pytest.approx(p, rel=1e-7)


# --- GRIM -----------------------------------------------------------------------------

scores = st.integers(2, 30).flatmap(
    lambda n: st.lists(st.integers(0, 52), min_size=n, max_size=n)
)


@few
@given(scores, st.integers(0, 3))
def test_grim_accepts_every_true_mean(data, decimals):
    mean = printed(np.mean(data), decimals)
    assert grim(mean, len(data), decimals)
    assert sum(data) in grim_totals(mean, len(data), decimals)


@few
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 300), st.integers(1, 2))
def test_grim_rejects_exactly_what_no_total_gives(n, items, units, decimals):
    mean = units / 10**decimals
    count = n * items
    # From below 0: a few points below, the mean of negative scores still prints as 0.
    fits = [t for t in range(-count, 301 * count) if prints_as(t / count, mean, decimals)]
    assert grim_totals(mean, n, decimals, items=items).tolist() == fits
    assert grim(mean, n, decimals, items=items) is bool(fits)


def test_grim_on_worked_examples():
    # Brown and Heathers (2017): a mean of 5.19 is impossible with 28 participants.
    assert not grim(5.19, 28, 2)
    assert grim(5.18, 28, 2) and grim(5.21, 28, 2)
    # Negative scores and halves: 0.125 may be printed 0.12 or 0.13.
    assert grim(-0.12, 8, 2) and grim(-0.13, 8, 2) and not grim(-0.14, 8, 2)


@pytest.mark.parametrize("decimals", [1, 2])
def test_grim_power_is_the_share_that_grim_rejects(decimals):
    scale = 10**decimals
    for n in range(1, scale + 5):
        rejected = [not grim(units / scale, n, decimals) for units in range(scale)]
        assert grim_power(n, decimals) == pytest.approx(np.mean(rejected))
        # The published approximation, 1 - n / scale, is not below it.
        assert grim_power(n, decimals) <= max(0, 1 - n / scale) + 1e-12
    assert grim_power(scale, decimals) == 0


@few
@given(st.integers(1, 60), st.integers(0, 2), st.data())
def test_grim_counts_hold_the_true_count(n, decimals, data):
    count = data.draw(st.integers(0, n))
    shown = printed(100 * count / n, decimals)
    fits = grim_counts(shown, n, decimals)
    assert count in fits
    assert fits.tolist() == [k for k in range(n + 1) if prints_as(100 * k / n, shown, decimals)]


# --- SDs ------------------------------------------------------------------------------


def brute_force(n, low, high):
    """Every (total, SD) that n whole scores can have, with the SD by numpy."""
    found = {}
    for data in itertools.combinations_with_replacement(range(low, high + 1), n):
        found.setdefault(sum(data), set()).add(float(np.std(data, ddof=1)))
    return found


SMALL = [(2, 0, 7), (3, 0, 6), (4, 1, 6), (5, -2, 3), (6, 0, 4), (7, 3, 5)]


@pytest.mark.parametrize(("n", "low", "high"), SMALL)
def test_sd_limits_are_those_of_brute_force(n, low, high):
    for total, sds in brute_force(n, low, high).items():
        assert sd_limits(total / n, n, low, high) == pytest.approx((min(sds), max(sds)), abs=1e-9)


@few
@given(scores)
def test_sd_limits_hold_every_true_sd(data):
    n, sd = len(data), np.std(data, ddof=1)
    smallest, largest = sd_limits(np.mean(data), n, 0, 52)
    assert smallest - 1e-9 <= sd <= largest + 1e-9
    low, high = sd_limits(np.mean(data), n, 0, 52, whole=False)
    assert low == 0 and high >= largest - 1e-9


@few
@given(st.lists(st.floats(0, 52), min_size=2, max_size=20), st.integers(0, 2))
def test_sd_limits_of_scores_that_are_not_whole(data, decimals):
    n, sd = len(data), np.std(data, ddof=1)
    _, largest = sd_limits(min(np.mean(data), 52), n, 0, 52, whole=False)
    assert sd <= largest + 1e-6
    shown = printed(np.mean(data), decimals)
    low, high = sd_range_from_rounded_mean(shown, decimals, n, 0, 52, whole=False)
    assert low == 0 and largest <= high + 1e-6


def test_the_largest_sd_of_scores_that_are_not_whole_is_between_the_ends():
    # The largest SD over means from 2.5 to 3.5 lies inside, where two of four are at each end.
    fine = [sd_limits(m, 4, 0, 6, whole=False)[1] for m in np.linspace(2.5, 3.5, 1001)]
    _, largest = sd_range_from_rounded_mean(3.0, 0, 4, 0, 6, whole=False)
    assert largest == pytest.approx(max(fine)) == pytest.approx(math.sqrt(12))
    assert max(fine[0], fine[-1]) < largest


@few
@given(scores, st.integers(0, 2))
def test_sd_range_of_a_rounded_mean_holds_every_true_sd(data, decimals):
    shown = printed(np.mean(data), decimals)
    low, high = sd_range_from_rounded_mean(shown, decimals, len(data), 0, 52)
    assert low - 1e-9 <= np.std(data, ddof=1) <= high + 1e-9


@few
@given(scores, st.integers(0, 2), st.integers(0, 2))
def test_grimmer_accepts_every_true_mean_and_sd(data, mean_decimals, sd_decimals):
    assert grimmer(
        printed(np.mean(data), mean_decimals),
        printed(np.std(data, ddof=1), sd_decimals),
        len(data),
        mean_decimals=mean_decimals,
        sd_decimals=sd_decimals,
        low=0,
        high=52,
    )


@pytest.mark.parametrize(("n", "low", "high"), SMALL)
@pytest.mark.parametrize(("mean_decimals", "sd_decimals"), [(2, 2), (1, 2), (2, 1)])
def test_grimmer_rejects_exactly_the_impossible(n, low, high, mean_decimals, sd_decimals):
    true = brute_force(n, low, high)
    means = {printed(total / n, mean_decimals) for total in true}
    accepted = rejected = 0
    for mean in sorted(means):
        totals = [t for t in true if prints_as(t / n, mean, mean_decimals)]
        possible = [sd for total in totals for sd in true[total]]
        top = int((high - low) * 10**sd_decimals)
        for units in range(0, top, 1 if sd_decimals == 1 else 3):
            sd = units / 10**sd_decimals
            expected = any(prints_as(one, sd, sd_decimals) for one in possible)
            assert (
                grimmer(mean, sd, n, mean_decimals=mean_decimals, sd_decimals=sd_decimals,
                        low=low, high=high) is expected
            ), (mean, sd)  # fmt: skip
            accepted += expected
            rejected += not expected
    assert rejected > 0 and (accepted > 0 or n == 2)


def test_parity_alone_would_accept_the_impossible():
    # Three scores from 0 to 6 with total 9 cannot have squares that add to 37, although 37
    # has the parity of 9 and lies within the limits of the sum.
    squares = {sum(x * x for x in data) for data in itertools.product(range(7), repeat=3)
               if sum(data) == 9}  # fmt: skip
    assert 37 not in squares and min(squares) < 37 < max(squares)
    sd = math.sqrt((37 - 81 / 3) / 2)
    assert not grimmer(3.0, printed(sd, 3), 3, mean_decimals=1, sd_decimals=3, low=0, high=6)


@few
@given(st.integers(2, 9), st.integers(1, 9), st.data())
def test_the_enumeration_agrees_with_sets_of_sums(n, width, data):
    low = data.draw(st.integers(-5, 5))
    total = data.draw(st.integers(n * low, n * (low + width)))
    reached = {(0, 0)}
    for _ in range(n):
        reached = {(t + x, q + x * x) for t, q in reached for x in range(low, low + width + 1)}
    squares = {q for t, q in reached if t == total}
    least, most = consistency._square_limits(n, total, low, low + width)
    assert (least, most) == (min(squares), max(squares))
    for q in range(least, most + 1, 2):
        found = consistency._some_reachable(n, total, range(q, q + 1), low, low + width)
        assert found is (q in squares)
        if consistency._pairs_reach(n, total, q, low, low + width):
            assert q in squares


def test_grimmer_is_quick_near_the_limits_of_a_long_scale():
    _, largest = sd_limits(50.0, 24, 0, 100)
    arguments = dict(mean_decimals=1, sd_decimals=2, low=0, high=100)
    assert grimmer(50.0, printed(largest, 2), 24, **arguments)
    # One score off an end is the next smaller SD; what is between them is impossible.
    assert not grimmer(50.0, printed(largest - 0.1, 2), 24, **arguments)
    assert not grimmer(50.0, printed(largest + 0.1, 2), 24, **arguments)
    assert not grimmer(50.0, 0.1, 24, **arguments)


# --- d between groups -----------------------------------------------------------------


@few
@given(seeds, st.integers(2, 30), st.integers(2, 30), st.floats(-3, 3))
def test_d_from_means_is_the_t_test_of_scipy(seed, n_1, n_2, shift):
    rng = np.random.default_rng(seed)
    one, other = rng.standard_normal(n_1) + shift, rng.standard_normal(n_2)
    d = d_from_means(one.mean(), one.std(ddof=1), n_1, other.mean(), other.std(ddof=1), n_2)
    t = stats.ttest_ind(one, other).statistic
    assert d == pytest.approx(t * math.sqrt(1 / n_1 + 1 / n_2), rel=1e-9)


def test_d_from_means_takes_arrays():
    d = d_from_means([23.8, 23.5], [5.4, 6.0], 11, [8.0, 8.5], [7.1, 5.7], 13)
    assert d.round(2).tolist() == [2.48, 2.57]


@few
@given(
    st.floats(-20, 20), st.floats(0.5, 9), st.integers(2, 20),
    st.floats(-20, 20), st.floats(0.5, 9), st.integers(2, 20), seeds,
)  # fmt: skip
def test_the_range_of_d_holds_the_true_d_and_is_reached(m_1, s_1, n_1, m_2, s_2, n_2, seed):
    shown = [printed(number, 1) for number in (m_1, s_1, m_2, s_2)]
    low, high = d_range_from_rounded(
        shown[0], shown[1], n_1, shown[2], shown[3], n_2, mean_decimals=1, sd_decimals=1
    )
    assert low - 1e-9 <= d_from_means(m_1, s_1, n_1, m_2, s_2, n_2) <= high + 1e-9
    corners = [
        d_from_means(shown[0] + a, shown[1] + b, n_1, shown[2] + c, shown[3] + d, n_2)
        for a, b, c, d in itertools.product((-0.05, 0.05), repeat=4)
    ]
    assert (low, high) == pytest.approx((min(corners), max(corners)), rel=1e-6)


def noncentral_t_below(t, df, noncentrality):
    """P(T <= t) from the definition: a normal over the root of a chi-square mean, integrated."""
    s = np.linspace(0, 1 + 12 / math.sqrt(df), 20001)
    density = stats.chi.pdf(s * math.sqrt(df), df) * math.sqrt(df)
    return np.trapezoid(special.ndtr(t * s - noncentrality) * density, s)


@few
@given(st.floats(-3, 3), st.integers(3, 40), st.integers(3, 40), st.sampled_from([0.8, 0.95]))
def test_d_interval_inverts_the_definition_of_the_noncentral_t(d, n_1, n_2, level):
    # Not against scipy.special.nctdtrinc: for d near 0 it answers as if d were 0.
    scale = math.sqrt(n_1 * n_2 / (n_1 + n_2))
    tail = (1 - level) / 2
    low, high = d_interval(d, n_1, n_2, level=level)
    assert low < d < high
    for end, probability in ((low, 1 - tail), (high, tail)):
        below = noncentral_t_below(d * scale, n_1 + n_2 - 2, end * scale)
        assert below == pytest.approx(probability, abs=1e-6)


def test_d_interval_covers_the_true_d():
    rng = np.random.default_rng(20240314)
    true, n_1, n_2, trials = 2.5, 11, 13, 300
    one = rng.standard_normal((trials, n_1)) + true
    other = rng.standard_normal((trials, n_2))
    d = d_from_means(one.mean(1), one.std(1, ddof=1), n_1, other.mean(1), other.std(1, ddof=1), n_2)
    covered = np.mean([low <= true <= high for low, high in (d_interval(x, n_1, n_2) for x in d)])
    # Monte Carlo error of a 95% coverage with 300 trials: 0.0126; 3 of them are allowed.
    assert abs(covered - 0.95) < 3 * math.sqrt(0.95 * 0.05 / trials)


# --- d of change ----------------------------------------------------------------------


@few
@given(seeds, st.integers(5, 40), st.floats(0.3, 1.5), st.floats(0.5, 2))
def test_r_from_change_gives_back_the_correlation_of_the_data(seed, n, shift, ratio):
    rng = np.random.default_rng(seed)
    first = rng.standard_normal(n)
    second = ratio * (0.6 * first + 0.8 * rng.standard_normal(n)) + shift
    p = stats.ttest_rel(second, first).pvalue
    assume(1e-12 < p < 0.999)
    r = np.corrcoef(first, second)[0, 1]
    sd_1, sd_2 = first.std(ddof=1), second.std(ddof=1)
    ds = d_all((second - first).mean(), sd_1, sd_2, r)
    difference = second - first
    assert ds["d_z"] == pytest.approx(difference.mean() / difference.std(ddof=1))
    for kind in ("d_av", "d_rm", "pooled"):
        found = r_from_change(ds[kind], p, n, kind=kind, sd_ratio=sd_2 / sd_1)
        assert found == pytest.approx(r, abs=1e-6), kind

    d_shown, p_shown = printed(ds["d_z"], 2), printed(p, 3)
    assert n in n_from_dz_p(d_shown, p_shown, d_decimals=2, p_decimals=3)
    for kind in ("d_av", "d_rm", "pooled"):
        low, high = r_range_from_change(
            printed(ds[kind], 2), p_shown, n, kind=kind, d_decimals=2, p_decimals=3,
            sd_ratio=sd_2 / sd_1,
        )  # fmt: skip
        assert low - 1e-9 <= r <= high + 1e-9, kind


@few
@given(
    st.floats(0.1, 5), st.floats(0.5, 3), st.floats(0.5, 3), st.floats(-0.95, 0.95),
    st.integers(3, 60),
)  # fmt: skip
def test_round_trip_through_all_four_ds(diff, sd_1, sd_2, r, n):
    ds = d_all(diff, sd_1, sd_2, r)
    p = 2 * stats.t.sf(ds["d_z"] * math.sqrt(n), n - 1)
    assume(p > 1e-200)
    for kind in ("d_av", "d_rm", "pooled"):
        assert r_from_change(ds[kind], p, n, kind=kind, sd_ratio=sd_2 / sd_1) == pytest.approx(
            r, abs=1e-6
        )
        # A fall implies the same correlation as a rise.
        assert r_from_change(-ds[kind], p, n, kind=kind, sd_ratio=sd_2 / sd_1) == r_from_change(
            ds[kind], p, n, kind=kind, sd_ratio=sd_2 / sd_1
        )


@pytest.mark.parametrize("kind", ["d_av", "d_rm", "pooled"])
@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.4])
def test_the_implied_correlation_falls_as_d_p_or_n_rises(kind, ratio):
    def r(d=0.43, p=0.03, n=24):
        return r_from_change(d, p, n, kind=kind, sd_ratio=ratio)

    assert r(d=0.42) > r() > r(d=0.44)
    assert r(p=0.02) > r() > r(p=0.04)
    assert r(n=20) > r() > r(n=25)
    low, high = r_range_from_change(
        0.43, 0.03, 24, kind=kind, d_decimals=2, p_decimals=2, sd_ratio=ratio
    )
    assert (low, high) == pytest.approx((r(d=0.435, p=0.035), r(d=0.425, p=0.025)))


def test_the_ratio_of_the_sds_works_both_ways_and_not_at_all_on_d_rm():
    for kind in ("d_av", "pooled"):
        one, other = (r_from_change(0.43, 0.03, 24, kind=kind, sd_ratio=k) for k in (0.8, 1.25))
        assert one == pytest.approx(other)
        assert one > r_from_change(0.43, 0.03, 24, kind=kind)
    assert r_from_change(0.43, 0.03, 24, kind="d_rm", sd_ratio=0.5) == r_from_change(
        0.43, 0.03, 24, kind="d_rm"
    )


def test_r_from_change_takes_arrays_and_names_the_impossible_entry():
    r = r_from_change([0.43, 0.4], 0.03, np.array([[20], [24]]), kind="d_av")
    assert r.shape == (2, 2)
    assert r[1, 0] == r_from_change(0.43, 0.03, 24, kind="d_av")
    with pytest.raises(ValueError, match=r"no correlation can give d_av = 1.8 .* at n = 24"):
        r_from_change([0.43, 1.8], 0.03, 24, kind="d_av")
    with pytest.raises(ValueError, match="it would have to be -"):
        r_from_change(1.8, 0.03, 24, kind="d_rm")


def test_r_range_is_clipped_or_refused():
    arguments = dict(kind="d_av", d_decimals=1, p_decimals=1)
    # p printed 0.0 may be as small as you like: then every variance of the change is 0.
    assert r_range_from_change(0.4, 0.0, 24, **arguments)[1] == 1.0
    assert r_range_from_change(0.0, 0.3, 24, **arguments)[1] == 1.0
    assert r_range_from_change(0.1, 1.0, 2, **arguments)[0] == -1.0
    with pytest.raises(ValueError, match="no correlation can give d_av = 1.8 .*lie from -"):
        r_range_from_change(1.8, 0.03, 24, kind="d_av", d_decimals=1, p_decimals=2)


def test_r_range_of_unequal_sds_cannot_lie_above_one():
    # Twice the SD at the second wave: a tiny p would need a correlation above 1.
    with pytest.raises(ValueError, match="no correlation can give pooled"):
        r_range_from_change(
            0.3, 0.00001, 60, kind="pooled", d_decimals=1, p_decimals=5, sd_ratio=2.0
        )


# --- wrong parameters -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: p_from_r(1.01, 20), "r must be from -1 to 1, not 1.01"),
        (lambda: p_from_r([0.1, -2], 20), "r must be from -1 to 1, not -2"),
        (lambda: p_from_r(math.nan, 20), "r must be finite, not nan"),
        (lambda: p_from_r("high", 20), "r must be a number, not 'high'"),
        (lambda: p_from_r(0.5, 2), "n must be a whole number of at least 3, not 2"),
        (lambda: p_from_r(0.5, 20.5), "n must be a whole number of at least 3, not 20.5"),
        (lambda: p_range(0.5, 0.4, 20), "r_low must not be above r_high"),
        (lambda: n_from_r_p(0.5, 1.2, r_decimals=2, p_decimals=2), "p must be from 0 to 1"),
        (lambda: n_from_r_p(0.555, 0.1, r_decimals=2, p_decimals=2), "more decimal places"),
        (
            lambda: n_from_r_p(0.5, 0.1, r_decimals=2, p_decimals=2, op="~"),
            "op must be one of =, <, <=, >, >=, not '~'",
        ),
        (
            lambda: n_from_r_p(0.5, 0.1, r_decimals=2, p_decimals=2, n_min=30, n_max=20),
            "n_max must be a whole number of at least 30, not 20",
        ),
        (lambda: t_from_p(0, 19), "p must be above 0"),
        (lambda: t_from_p(0.5, 0), "df must be above 0"),
        (lambda: grim(22.95, 13, 1), "mean 22.95 has more decimal places than decimals = 1"),
        (lambda: grim(22.9, 0, 1), "n must be a whole number of at least 1, not 0"),
        (lambda: grim(22.9, 13, -1), "decimals must be from 0 to 12, not -1"),
        (lambda: grim(22.9, 13, 1, items=0), "items must be a whole number of at least 1"),
        (lambda: grim([22.9], 13, 1), "mean must be a number"),
        (lambda: grim_power(13, 7), "decimals must be at most 6, not 7"),
        (lambda: grim_counts(101, 24, 0), "percent must be from 0 to 100, not 101"),
        (lambda: sd_limits(8.03, 13, 0, 52), "mean must be a whole total over n = 13, not 8.03"),
        (lambda: sd_limits(60, 13, 0, 52), "mean must be from 0 to 52, not 60"),
        (lambda: sd_limits(8, 13, 52, 0), "low must be below high, but they are 52 and 0"),
        (lambda: sd_limits(8, 13, 0.5, 52), "low and high must be whole numbers"),
        (lambda: sd_limits(8, 1, 0, 52), "n must be a whole number of at least 2, not 1"),
        (lambda: sd_range_from_rounded_mean(5.19, 2, 28, 1, 7), "cannot be the mean of 28 whole"),
        (
            lambda: sd_range_from_rounded_mean(60.0, 1, 13, 0, 52, whole=False),
            "mean 60.0 lies outside the scale from 0 to 52",
        ),
        (
            lambda: grimmer(8, -1, 13, mean_decimals=1, sd_decimals=1, low=0, high=52),
            "sd must be at least 0, not -1",
        ),
        (
            lambda: grimmer(8, 1.25, 13, mean_decimals=1, sd_decimals=1, low=0, high=52),
            "sd 1.25 has more decimal places than sd_decimals = 1",
        ),
        (
            lambda: grimmer(8.25, 1, 13, mean_decimals=1, sd_decimals=1, low=0, high=52),
            "mean 8.25 has more decimal places than mean_decimals = 1",
        ),
        (lambda: d_from_means(1, 0, 9, 2, 0, 9), "sd_1 and sd_2 must not both be 0"),
        (lambda: d_from_means(1, -1, 9, 2, 1, 9), "sd_1 must be at least 0, not -1"),
        (lambda: d_from_means(1, 1, 9, 2, 1, 1), "n_2 must be a whole number of at least 2"),
        (
            lambda: d_range_from_rounded(1, 0, 9, 2, 0, 9, mean_decimals=1, sd_decimals=1),
            "may both be 0: d has no upper limit",
        ),
        (lambda: d_interval(math.inf, 11, 13), "d must be finite"),
        (lambda: d_interval(2.5, 11, 13, level=95), "level must be between 0 and 1, not 95"),
        (lambda: d_all(1, 0, 1, 0.5), "sd_1 must be above 0"),
        (lambda: d_all(1, 1, 1, 1), "the differences do not vary"),
        (lambda: r_from_change(0.4, 0.03, 24, kind="d_z"), "see n_from_dz_p for the n that fit"),
        (
            lambda: r_range_from_change(0.4, 0.03, 24, kind="d_z", d_decimals=2, p_decimals=2),
            "see n_from_dz_p for the n that fit",
        ),
        (
            lambda: r_from_change(0.4, 0.03, 24, kind="d_s"),
            "kind must be one of d_av, d_rm, pooled, not 'd_s'",
        ),
        (lambda: r_from_change(0, 0.03, 24, kind="d_av"), "d must not be 0"),
        (lambda: r_from_change(0.4, 1, 24, kind="d_av"), "p must be below 1"),
        (lambda: r_from_change(0.4, 0, 24, kind="d_av"), "p must be above 0"),
        (
            lambda: r_from_change(0.4, 0.03, 24, kind="d_av", sd_ratio=0),
            "sd_ratio must be above 0, not 0",
        ),
    ],
)
def test_a_wrong_parameter_is_named(call, words):
    with pytest.raises(ValueError) as caught:
        call()
    assert words in str(caught.value)
