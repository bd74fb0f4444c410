"""Do printed numbers agree with one another, and what do they imply?

Every function takes numbers as they stand in print, and treats a printed number as the
whole interval that rounds to it. Both ends of that interval count as inside, because a
source seldom says which way it rounds a half; so "does not fit" is safe to say, and
"fits" means that nothing speaks against it.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helpers import _inputs
from helpers.published import _units, rounding_interval

__all__ = [
    "d_all",
    "d_from_means",
    "d_interval",
    "d_range_from_rounded",
    "grim",
    "grim_counts",
    "grim_power",
    "grim_totals",
    "grimmer",
    "n_from_dz_p",
    "n_from_r_p",
    "p_from_r",
    "p_range",
    "r_from_change",
    "r_range_from_change",
    "sd_limits",
    "sd_range_from_rounded_mean",
    "squares_reached",
    "t_from_p",
]

_CHANGE_KINDS = ("d_av", "d_rm", "pooled")
_OPERATORS = ("=", "<", "<=", ">", ">=")


# --- p, r and n -----------------------------------------------------------------------


def p_from_r(r: ArrayLike, n: ArrayLike) -> Any:
    """Two-sided p of a Pearson correlation.

    The t test with n - 2 degrees of freedom of t = r sqrt((n - 2) / (1 - r^2)) (Student,
    1908; Fisher, 1915), written as the incomplete beta function that it equals.

    Parameters
    ----------
    r : array_like
        Correlations, from -1 to 1.
    n : array_like of int
        Pairs of values, at least 3; broadcast against `r`.

    Returns
    -------
    float or numpy.ndarray
        p from 0 to 1, in the broadcast shape; 0 where r is -1 or 1.

    Raises
    ------
    ValueError
        If an r lies outside -1 to 1, or an n is not a whole number of at least 3.

    Examples
    --------
    >>> round(p_from_r(-0.65, 20), 4)
    0.0019
    """
    from scipy.special import betainc

    r = _inputs.numbers("r", r, -1, 1)
    n = _inputs.wholes("n", n, 3)
    return _inputs.plain(betainc((n - 2) / 2, 0.5, (1 - r) * (1 + r)))


def p_range(r_low: ArrayLike, r_high: ArrayLike, n: ArrayLike) -> tuple[Any, Any]:
    """The lowest and the highest p of all correlations from `r_low` to `r_high`.

    Parameters
    ----------
    r_low, r_high : array_like
        Ends of the interval, from -1 to 1, `r_low` not above `r_high`.
    n : array_like of int
        Pairs of values, at least 3.

    Returns
    -------
    tuple of float or numpy.ndarray
        ``(p_low, p_high)``; ``p_high`` is 1 where the interval holds 0.

    Raises
    ------
    ValueError
        If an end lies outside -1 to 1, the ends are in the wrong order, or an n is not a
        whole number of at least 3.

    Examples
    --------
    >>> low, high = p_range(-0.655, -0.645, 20)
    >>> round(low, 5), round(high, 5)
    (0.00172, 0.00214)
    """
    r_low = _inputs.numbers("r_low", r_low, -1, 1)
    r_high = _inputs.numbers("r_high", r_high, -1, 1)
    if np.any(r_low > r_high):
        raise ValueError(f"r_low must not be above r_high, but they are {r_low} and {r_high}")
    holds_zero = (r_low <= 0) & (r_high >= 0)
    nearest = np.where(holds_zero, 0.0, np.minimum(np.abs(r_low), np.abs(r_high)))
    farthest = np.maximum(np.abs(r_low), np.abs(r_high))
    return p_from_r(farthest, n), p_from_r(nearest, n)


def n_from_r_p(
    r: float,
    p: float,
    *,
    r_decimals: int,
    p_decimals: int,
    op: str = "=",
    n_min: int = 3,
    n_max: int = 1000,
) -> np.ndarray:
    """Every sample size for which a printed r and a printed p can both be right.

    Parameters
    ----------
    r : float
        Printed correlation, from -1 to 1.
    p : float
        Printed two-sided p, from 0 to 1, or the bound that was printed.
    r_decimals, p_decimals : int
        Printed decimal places of each.
    op : {"=", "<", "<=", ">", ">="}
        What was printed before `p`. With anything but "=", `p` is an exact bound.
    n_min, n_max : int
        The sizes to try, both included; `n_min` at least 3.

    Returns
    -------
    numpy.ndarray of int
        All n, rising, for which some r in the rounding interval has a p in the rounding
        interval (or within the bound). Empty when none has.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> n_from_r_p(-0.65, 0.002, r_decimals=2, p_decimals=3)
    array([19, 20, 21])
    >>> n_from_r_p(-0.47, 0.036, r_decimals=2, p_decimals=3)
    array([20])
    """
    _inputs.numbers("r", r, -1, 1)
    n = _sizes(n_min, n_max, 3)
    r_low, r_high = rounding_interval(r, r_decimals)
    return n[_p_fits(*p_range(max(r_low, -1), min(r_high, 1), n), p, p_decimals, op)]


def t_from_p(p: ArrayLike, df: ArrayLike) -> Any:
    """The size of t whose two-sided p is `p`.

    Parameters
    ----------
    p : array_like
        Two-sided p, above 0 and at most 1.
    df : array_like
        Degrees of freedom, above 0.

    Returns
    -------
    float or numpy.ndarray
        t, at least 0; the sign of t is not in p.

    Raises
    ------
    ValueError
        If a p or a df is outside its range.

    Examples
    --------
    >>> round(t_from_p(0.03, 19), 3)
    2.346
    """
    from scipy.special import stdtrit

    p = _inputs.numbers("p", p, 0, 1)
    df = _inputs.numbers("df", df, 0)
    if np.any(p == 0):
        raise ValueError("p must be above 0: no finite t has p = 0")
    if np.any(df == 0):
        raise ValueError("df must be above 0")
    # The lower tail keeps its digits where 1 - p / 2 would lose them.
    return _inputs.plain(np.abs(stdtrit(df, p / 2)))


# --- means and counts of whole scores -------------------------------------------------


def grim(mean: float, n: int, decimals: int, *, items: int = 1) -> bool:
    """Whether whole-number scores of n participants can have the printed mean.

    The GRIM test (Brown and Heathers, 2017).

    Parameters
    ----------
    mean : float
        Printed mean.
    n : int
        Participants, at least 1.
    decimals : int
        Printed decimal places of the mean.
    items : int
        Whole-number items that each participant's score is the mean of; 1 for a score
        that is itself a whole number.

    Returns
    -------
    bool
        False when no whole total gives the printed mean.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> grim(22.9, 13, 1), grim(5.19, 28, 2)
    (True, False)
    """
    return bool(grim_totals(mean, n, decimals, items=items).size)


def grim_totals(mean: float, n: int, decimals: int, *, items: int = 1) -> np.ndarray:
    """The whole totals whose mean over n participants rounds to the printed one.

    Parameters
    ----------
    mean, n, decimals, items
        As for `grim`.

    Returns
    -------
    numpy.ndarray of int
        Totals of all scores (with `items`, of all item scores), rising; empty when none
        fits. GRIM knows no scale: totals below 0 are among them where they fit.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> grim_totals(22.9, 13, 1)
    array([298])
    >>> grim_totals(22.5, 11, 1)
    array([247, 248])
    """
    count = _inputs.whole("n", n, 1) * _inputs.whole("items", items, 1)
    units, scale = _units(mean, decimals, "mean", "decimals")
    return _whole_multiples(units, scale, count)


def grim_counts(percent: float, n: int, decimals: int) -> np.ndarray:
    """The counts out of n that are printed as this percentage.

    Parameters
    ----------
    percent : float
        Printed percentage, from 0 to 100.
    n : int
        Participants, at least 1.
    decimals : int
        Printed decimal places of the percentage.

    Returns
    -------
    numpy.ndarray of int
        Counts from 0 to n, rising; empty when none fits.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> grim_counts(58, 24, 0)
    array([14])
    """
    _inputs.numbers("percent", percent, 0, 100)
    n = _inputs.whole("n", n, 1)
    units, scale = _units(percent, decimals, "percent", "decimals")
    counts = _whole_multiples(units, 100 * scale, n)
    return counts[(counts >= 0) & (counts <= n)]


def grim_power(n: int, decimals: int, *, items: int = 1) -> float:
    """The share of printed means, taken at random, that GRIM would reject.

    Parameters
    ----------
    n : int
        Participants, at least 1.
    decimals : int
        Printed decimal places of the mean, at most 6.
    items : int
        As for `grim`.

    Returns
    -------
    float
        From 0 to 1; 0 when n times `items` is at least 10 ** `decimals`, where every
        printed mean is possible. Brown and Heathers (2017) give 1 - n / 10 ** `decimals`;
        this is the exact share, a little lower where a mean falls on a half.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> round(grim_power(24, 2), 2), grim_power(13, 1)
    (0.72, 0.0)
    """
    count = _inputs.whole("n", n, 1) * _inputs.whole("items", items, 1)
    scale = 10 ** _inputs.whole("decimals", decimals, 0, 6)
    if count >= scale:
        return 0.0
    units = np.arange(scale, dtype=np.int64)
    lowest = -((-count * (2 * units - 1)) // (2 * scale))
    highest = (count * (2 * units + 1)) // (2 * scale)
    return float(np.mean(lowest > highest))


# --- standard deviations of whole scores ----------------------------------------------


def sd_limits(
    mean: float, n: int, low: float, high: float, *, whole: bool = True
) -> tuple[float, float]:
    """The smallest and the largest sample SD that n scores with this exact mean can have.

    The smallest has all scores as equal as they can be. The largest has every score but
    at most one at an end of the scale.

    Parameters
    ----------
    mean : float
        The exact mean, from `low` to `high`; for whole scores a whole total over n. For a
        mean as printed use `sd_range_from_rounded_mean`.
    n : int
        Participants, at least 2.
    low, high : float
        Ends of the scale, `low` below `high`; whole numbers when `whole`.
    whole : bool
        Whether scores are whole numbers.

    Returns
    -------
    tuple of float
        ``(smallest, largest)`` SD with divisor n - 1, in the unit of the scale. Both are
        reached.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or no whole total has this mean.

    Examples
    --------
    >>> smallest, largest = sd_limits(104 / 13, 13, 0, 52)
    >>> smallest, round(largest, 2)
    (0.0, 19.53)
    """
    n = _inputs.whole("n", n, 2)
    low, high = _scale(low, high, whole)
    _inputs.numbers("mean", mean, low, high)
    if whole:
        total = round(float(mean) * n)
        if abs(float(mean) * n - total) > 1e-6:
            raise ValueError(
                f"mean must be a whole total over n = {n}, not {mean}; "
                "for a printed mean use sd_range_from_rounded_mean"
            )
        smallest, largest = _square_limits(n, total, int(low), int(high))
        return _sd(n, total, smallest), _sd(n, total, largest)
    return 0.0, _largest_sd(float(mean), n, low, high)


def sd_range_from_rounded_mean(
    mean: float, decimals: int, n: int, low: float, high: float, *, whole: bool = True
) -> tuple[float, float]:
    """The smallest and the largest sample SD that go with a printed mean.

    Parameters
    ----------
    mean : float
        Printed mean.
    decimals : int
        Its printed decimal places.
    n, low, high, whole
        As for `sd_limits`.

    Returns
    -------
    tuple of float
        ``(smallest, largest)`` SD over every mean that rounds to the printed one, in the
        unit of the scale. Both are reached.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or no scores on the scale have this mean.

    Examples
    --------
    >>> smallest, largest = sd_range_from_rounded_mean(22.9, 1, 13, 0, 52)
    >>> round(smallest, 2), round(largest, 2)
    (0.28, 26.03)
    """
    n = _inputs.whole("n", n, 2)
    low, high = _scale(low, high, whole)
    if whole:
        totals = _totals_on_scale(mean, n, decimals, int(low), int(high))
        if not totals:
            raise ValueError(
                f"mean {mean} cannot be the mean of {n} whole scores from {low:g} to {high:g}"
            )
        limits = [(t, *_square_limits(n, t, int(low), int(high))) for t in totals]
        return min(_sd(n, t, q) for t, q, _ in limits), max(_sd(n, t, q) for t, _, q in limits)

    mean_low, mean_high = rounding_interval(mean, decimals)
    if mean_high < low or mean_low > high:
        raise ValueError(f"mean {mean} lies outside the scale from {low:g} to {high:g}")
    mean_low, mean_high = max(mean_low, low), min(mean_high, high)
    # Between means with all scores at the ends of the scale, the largest sum of squares is
    # convex in the mean, so the largest SD is at such a mean or at an end of the interval.
    corners = low + (high - low) * np.arange(n + 1) / n
    inside = corners[(corners > mean_low) & (corners < mean_high)]
    return 0.0, max(_largest_sd(m, n, low, high) for m in (mean_low, *inside, mean_high))


def grimmer(
    mean: float,
    sd: float,
    n: int,
    *,
    mean_decimals: int,
    sd_decimals: int,
    low: int,
    high: int,
) -> bool:
    """Whether n whole scores on the scale can have the printed mean and the printed SD.

    The question of GRIMMER (Anaya, 2016; Allard, 2018), answered exactly. GRIMMER itself
    asks whether a whole sum of squares with the parity of the total lies in the interval
    that the SD allows. That is necessary, and for few scores or near the ends of the scale
    it is not sufficient. Here True means that a set of scores exists, and False that none
    does.

    Parameters
    ----------
    mean, sd : float
        Printed mean and printed sample SD (divisor n - 1), `sd` not negative.
    n : int
        Participants, at least 2.
    mean_decimals, sd_decimals : int
        Printed decimal places of each.
    low, high : int
        Ends of the scale, whole numbers, `low` below `high`.

    Returns
    -------
    bool
        False when no n whole scores from `low` to `high` print this mean and this SD.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Notes
    -----
    For each total and each sum of squares that would print, scores are first sought by
    moving pairs of them apart. Only where that fails, all sums of squares that n scores can
    reach are enumerated, so that a False is a proof.

    Examples
    --------
    >>> grimmer(8.0, 7.1, 13, mean_decimals=1, sd_decimals=1, low=0, high=52)
    True
    >>> grimmer(3.44, 2.47, 18, mean_decimals=2, sd_decimals=2, low=1, high=7)
    False
    """
    n = _inputs.whole("n", n, 2)
    low, high = (int(end) for end in _scale(low, high, True))
    _inputs.numbers("sd", sd, 0)
    units, scale = _units(sd, sd_decimals, "sd", "sd_decimals")
    sd_low = Fraction(max(2 * units - 1, 0), 2 * scale)
    sd_high = Fraction(2 * units + 1, 2 * scale)
    for total in _totals_on_scale(mean, n, mean_decimals, low, high, "mean_decimals"):
        # From sd^2 = (n Q - total^2) / (n (n - 1)), solved for the sum of squares Q.
        least = math.ceil((sd_low**2 * n * (n - 1) + total**2) / n)
        most = math.floor((sd_high**2 * n * (n - 1) + total**2) / n)
        if squares_reached(n, total, least, most, low, high):
            return True
    return False


def squares_reached(n: int, total: int, least: int, most: int, low: int, high: int) -> bool:
    """Whether n whole scores with this total can have a sum of squares within limits.

    Parameters
    ----------
    n : int
        Participants, at least 2.
    total : int
        The sum of their scores.
    least, most : int
        Limits of the sum of squares, both included.
    low, high : int
        Ends of the scale, `low` below `high`.

    Returns
    -------
    bool
        True when such scores exist, False when none do; see `grimmer`.

    Examples
    --------
    >>> squares_reached(3, 6, 13, 15, 0, 5), squares_reached(3, 6, 15, 17, 0, 5)
    (True, False)
    """
    smallest, largest = _square_limits(n, total, low, high)
    least, most = max(least, smallest), min(most, largest)
    # x and x^2 are both odd or both even, so the sums have the same parity.
    least += (least - total) % 2
    wanted = range(least, most + 1, 2)
    if any(_pairs_reach(n, total, squares, low, high) for squares in wanted):
        return True
    return bool(wanted) and _some_reachable(n, total, wanted, low, high)


# --- d between two groups -------------------------------------------------------------


def d_from_means(
    mean_1: ArrayLike,
    sd_1: ArrayLike,
    n_1: ArrayLike,
    mean_2: ArrayLike,
    sd_2: ArrayLike,
    n_2: ArrayLike,
) -> Any:
    """Cohen's d between two groups, with the pooled SD (Cohen, 1988, eq. 2.5.1).

    Parameters
    ----------
    mean_1, mean_2 : array_like
        Group means, in one unit.
    sd_1, sd_2 : array_like
        Sample SDs (divisor n - 1), in the same unit, not negative and not both 0.
    n_1, n_2 : array_like of int
        Participants in each group, at least 2.

    Returns
    -------
    float or numpy.ndarray
        (mean_1 - mean_2) / pooled SD, no unit.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> round(d_from_means(23.8, 5.4, 11, 8.0, 7.1, 13), 2)
    2.48
    """
    difference = _inputs.numbers("mean_1", mean_1) - _inputs.numbers("mean_2", mean_2)
    pooled = _pooled_sd(
        _inputs.numbers("sd_1", sd_1, 0), _inputs.wholes("n_1", n_1, 2),
        _inputs.numbers("sd_2", sd_2, 0), _inputs.wholes("n_2", n_2, 2),
    )  # fmt: skip
    if np.any(pooled == 0):
        raise ValueError("sd_1 and sd_2 must not both be 0: d is not defined")
    return _inputs.plain(difference / pooled)


def d_range_from_rounded(
    mean_1: float,
    sd_1: float,
    n_1: int,
    mean_2: float,
    sd_2: float,
    n_2: int,
    *,
    mean_decimals: int,
    sd_decimals: int,
) -> tuple[float, float]:
    """The lowest and the highest d that go with printed means and SDs.

    Parameters
    ----------
    mean_1, sd_1, n_1, mean_2, sd_2, n_2
        As for `d_from_means`, as printed.
    mean_decimals, sd_decimals : int
        Printed decimal places of the means and of the SDs.

    Returns
    -------
    tuple of float
        ``(low, high)`` of d over the rounding intervals of all four numbers.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or both SDs may be 0 once unrounded.

    Examples
    --------
    >>> low, high = d_range_from_rounded(
    ...     23.8, 5.4, 11, 8.0, 7.1, 13, mean_decimals=1, sd_decimals=1
    ... )
    >>> round(low, 3), round(high, 3)
    (2.44, 2.51)
    """
    n_1, n_2 = _inputs.whole("n_1", n_1, 2), _inputs.whole("n_2", n_2, 2)
    _inputs.numbers("sd_1", sd_1, 0)
    _inputs.numbers("sd_2", sd_2, 0)
    low_1, high_1 = rounding_interval(mean_1, mean_decimals)
    low_2, high_2 = rounding_interval(mean_2, mean_decimals)
    narrow_1, wide_1 = rounding_interval(sd_1, sd_decimals)
    narrow_2, wide_2 = rounding_interval(sd_2, sd_decimals)
    narrow = float(_pooled_sd(max(narrow_1, 0), n_1, max(narrow_2, 0), n_2))
    wide = float(_pooled_sd(wide_1, n_1, wide_2, n_2))
    if narrow == 0:
        raise ValueError(f"sd_1 = {sd_1} and sd_2 = {sd_2} may both be 0: d has no upper limit")
    least, most = low_1 - high_2, high_1 - low_2
    return least / (wide if least > 0 else narrow), most / (narrow if most > 0 else wide)


def d_interval(d: float, n_1: int, n_2: int, *, level: float = 0.95) -> tuple[float, float]:
    """Exact confidence interval of Cohen's d between two groups of normal scores.

    The noncentral t distribution, inverted (Steiger and Fouladi, 1997; Cumming and Finch,
    2001).

    Parameters
    ----------
    d : float
        Mean difference over the pooled SD.
    n_1, n_2 : int
        Participants in each group, at least 2.
    level : float
        Confidence, between 0 and 1.

    Returns
    -------
    tuple of float
        ``(low, high)``, the unit of d.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> low, high = d_interval(2.48, 13, 11)
    >>> round(low, 1), round(high, 1)
    (1.4, 3.5)
    """
    from scipy.optimize import brentq
    from scipy.stats import nct

    _inputs.numbers("d", d)
    n_1, n_2 = _inputs.whole("n_1", n_1, 2), _inputs.whole("n_2", n_2, 2)
    level = _inputs.confidence(level)
    if d < 0:
        # The distribution is computed more exactly in its right half.
        low, high = d_interval(-d, n_1, n_2, level=level)
        return -high, -low
    scale = math.sqrt(n_1 * n_2 / (n_1 + n_2))
    t, df = float(d) * scale, n_1 + n_2 - 2

    def noncentrality(probability: float) -> float:
        def excess(nc: float) -> float:
            return float(nct.cdf(t, df, nc)) - probability

        # The probability of a smaller t falls as the noncentrality rises.
        below, above, step = t, t, 1.0
        while excess(below) < 0:
            below -= step
            step *= 2
        step = 1.0
        while excess(above) > 0:
            above += step
            step *= 2
        return below if below == above else brentq(excess, below, above, xtol=1e-10)

    tail = (1 - level) / 2
    return noncentrality(1 - tail) / scale, noncentrality(tail) / scale


# --- d of change ----------------------------------------------------------------------


def d_all(mean_diff: float, sd_1: float, sd_2: float, r: float) -> dict[str, float]:
    """Four things that are all called Cohen's d of change.

    Parameters
    ----------
    mean_diff : float
        Mean of the differences, in the unit of the scores.
    sd_1, sd_2 : float
        SDs of the two waves, same unit, above 0.
    r : float
        Correlation of the two waves, from -1 to 1.

    Returns
    -------
    dict of float
        ``d_z``: over the SD of the differences (Lakens, 2013, eq. 6); ``d_av``: over the
        mean of the two SDs (eq. 10); ``d_rm``: d_z times sqrt(2 (1 - r)) (eq. 9);
        ``pooled``: over the root of the mean of the two variances.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or the differences do not vary (r = 1 with
        equal SDs), where d_z and d_rm are not defined.

    Examples
    --------
    >>> {name: round(d, 3) for name, d in d_all(5.0, 10.0, 12.0, 0.6).items()}
    {'d_z': 0.5, 'd_av': 0.455, 'd_rm': 0.447, 'pooled': 0.453}
    """
    _inputs.numbers("mean_diff", mean_diff)
    for name, sd in (("sd_1", sd_1), ("sd_2", sd_2)):
        if _inputs.numbers(name, sd, 0) == 0:
            raise ValueError(f"{name} must be above 0")
    _inputs.numbers("r", r, -1, 1)
    variance = (sd_1 - sd_2) ** 2 + 2 * (1 - r) * sd_1 * sd_2
    if variance == 0:
        raise ValueError("r = 1 with equal SDs: the differences do not vary, d_z is not defined")
    d_z = mean_diff / math.sqrt(variance)
    return {
        "d_z": d_z,
        "d_av": mean_diff / ((sd_1 + sd_2) / 2),
        "d_rm": d_z * math.sqrt(2 * (1 - r)),
        "pooled": mean_diff / math.sqrt((sd_1**2 + sd_2**2) / 2),
    }


def n_from_dz_p(
    d: float,
    p: float,
    *,
    d_decimals: int,
    p_decimals: int,
    op: str = "=",
    n_min: int = 2,
    n_max: int = 1000,
) -> np.ndarray:
    """Every number of pairs for which a printed d_z and a printed paired p agree.

    d_z is the mean difference over the SD of the differences, so that t = d_z sqrt(n)
    (Lakens, 2013, eq. 7) whatever the correlation of the waves.

    Parameters
    ----------
    d : float
        Printed d_z.
    p : float
        Printed two-sided p of the paired t test, or the bound that was printed.
    d_decimals, p_decimals : int
        Printed decimal places of each.
    op : {"=", "<", "<=", ">", ">="}
        What was printed before `p`.
    n_min, n_max : int
        The sizes to try, both included; `n_min` at least 2.

    Returns
    -------
    numpy.ndarray of int
        All n that fit, rising; empty when none does.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> n_from_dz_p(0.43, 0.03, d_decimals=2, p_decimals=2)
    array([27, 28, 29, 30])
    """
    from scipy.special import stdtr

    n = _sizes(n_min, n_max, 2)
    d_low, d_high = rounding_interval(abs(d), d_decimals)
    p_low = 2 * stdtr(n - 1, -d_high * np.sqrt(n))
    p_high = 2 * stdtr(n - 1, -max(d_low, 0.0) * np.sqrt(n))
    return n[_p_fits(p_low, p_high, p, p_decimals, op)]


def r_from_change(
    d: ArrayLike, p: ArrayLike, n: ArrayLike, *, kind: str, sd_ratio: ArrayLike = 1.0
) -> Any:
    """The correlation of two paired waves that a d of change and its p imply.

    With k the ratio of the SDs and t from p with n - 1 degrees of freedom, the variance of
    the differences gives, in units of the first SD,
    r = (1 + k^2 - n (d s)^2 / t^2) / (2 k), where s is (1 + k) / 2 for d_av and
    sqrt((1 + k^2) / 2) for pooled. For d_rm it is r = 1 - n d^2 / (2 t^2) for every k.
    (Solved from Lakens, 2013, eq. 7, 9 and 10.)

    Parameters
    ----------
    d : array_like
        d of change, not 0; its sign does not matter.
    p : array_like
        Two-sided p of the paired t test, above 0 and below 1.
    n : array_like of int
        Pairs, at least 2.
    kind : {"d_av", "d_rm", "pooled"}
        What d divides by; see `d_all`. "d_z" implies no correlation.
    sd_ratio : array_like
        SD of the second wave over SD of the first, above 0.

    Returns
    -------
    float or numpy.ndarray
        r, from -1 to 1, in the broadcast shape.

    Raises
    ------
    ValueError
        If a parameter is outside its range, `kind` is "d_z", or no correlation from -1 to
        1 can give these numbers.

    Examples
    --------
    >>> round(r_from_change(0.43, 0.03, 24, kind="d_av"), 3)
    0.585
    """
    d = _inputs.numbers("d", d)
    p = _inputs.numbers("p", p, 0, 1)
    n = _inputs.wholes("n", n, 2)
    ratio = _ratio(sd_ratio)
    _change_kind(kind)
    if np.any(d == 0):
        raise ValueError("d must not be 0: then t is 0 for every correlation")
    if np.any(p == 1):
        raise ValueError("p must be below 1: p = 1 means no change, but d is not 0")
    r = _implied_r(d**2, t_from_p(p, n - 1) ** 2, n, kind, ratio)
    impossible = np.abs(r) > 1 + 1e-12
    if np.any(impossible):
        shape = np.shape(r)
        at = np.unravel_index(np.argmax(impossible), shape) if shape else ()
        bad_d, bad_p, bad_n = (np.broadcast_to(part, shape)[at] for part in (d, p, n))
        raise ValueError(
            f"no correlation can give {kind} = {bad_d:g} with p = {bad_p:g} at n = {bad_n}: "
            f"it would have to be {np.asarray(r)[at]:.3f}"
        )
    return _inputs.plain(np.clip(r, -1, 1))


def r_range_from_change(
    d: float,
    p: float,
    n: int,
    *,
    kind: str,
    d_decimals: int,
    p_decimals: int,
    sd_ratio: float = 1.0,
) -> tuple[float, float]:
    """All correlations of two paired waves that a printed d of change and p allow.

    Parameters
    ----------
    d, p : float
        As printed.
    n : int
        Pairs, at least 2.
    kind : {"d_av", "d_rm", "pooled"}
        What d divides by; see `d_all`.
    d_decimals, p_decimals : int
        Printed decimal places of each.
    sd_ratio : float
        SD of the second wave over SD of the first, above 0.

    Returns
    -------
    tuple of float
        ``(low, high)``, from -1 to 1: r falls as d or p rises, so the ends are at the ends
        of the rounding intervals.

    Raises
    ------
    ValueError
        If a parameter is outside its range, `kind` is "d_z", or no correlation from -1 to
        1 can give these numbers.

    Examples
    --------
    >>> low, high = r_range_from_change(
    ...     0.43, 0.03, 24, kind="d_av", d_decimals=2, p_decimals=2
    ... )
    >>> round(low, 3), round(high, 3)
    (0.548, 0.623)
    """
    _inputs.numbers("p", p, 0, 1)
    n = _inputs.whole("n", n, 2)
    ratio = float(_ratio(sd_ratio))
    _change_kind(kind)
    d_low, d_high = rounding_interval(abs(d), d_decimals)
    p_low, p_high = rounding_interval(p, p_decimals)
    p_high = min(p_high, 1.0)

    # Where d or p may be as good as 0, nothing of d^2 / t^2 is left.
    if d_low <= 0 or p_low <= 0:
        high = float(_implied_r(0.0, 1.0, n, kind, ratio))
    else:
        high = float(_implied_r(d_low**2, t_from_p(p_low, n - 1) ** 2, n, kind, ratio))
    t_low = t_from_p(p_high, n - 1)
    low = float(_implied_r(d_high**2, t_low**2, n, kind, ratio)) if t_low > 0 else -math.inf
    if low > 1 or high < -1:
        raise ValueError(
            f"no correlation can give {kind} = {d} with p = {p} at n = {n}: "
            f"it would have to lie from {low:.3f} to {high:.3f}"
        )
    return max(low, -1.0), min(high, 1.0)


# --- the parts ------------------------------------------------------------------------


def _sizes(n_min: int, n_max: int, least: int) -> np.ndarray:
    n_min = _inputs.whole("n_min", n_min, least)
    return np.arange(n_min, _inputs.whole("n_max", n_max, n_min) + 1)


def _p_fits(p_low: Any, p_high: Any, p: float, decimals: int, op: str) -> np.ndarray:
    """Where the attainable p's, from p_low to p_high, meet the printed one."""
    _inputs.numbers("p", p, 0, 1)
    if op not in _OPERATORS:
        raise ValueError(f"op must be one of {', '.join(_OPERATORS)}, not {op!r}")
    low, high = rounding_interval(p, decimals)
    return {
        "=": (p_low <= high) & (p_high >= low),
        "<": p_low < p,
        "<=": p_low <= p,
        ">": p_high > p,
        ">=": p_high >= p,
    }[op]


def _whole_multiples(units: int, scale: int, count: int) -> np.ndarray:
    """Whole T with T / count from (units - 1/2) / scale to (units + 1/2) / scale."""
    # Whole-number arithmetic, so that a total exactly on a half is never lost.
    lowest = -((-count * (2 * units - 1)) // (2 * scale))
    highest = (count * (2 * units + 1)) // (2 * scale)
    return np.arange(lowest, highest + 1)


def _scale(low: float, high: float, whole: bool) -> tuple[float, float]:
    low, high = float(_inputs.numbers("low", low)), float(_inputs.numbers("high", high))
    if low >= high:
        raise ValueError(f"low must be below high, but they are {low:g} and {high:g}")
    if whole and (low != int(low) or high != int(high)):
        raise ValueError(
            f"low and high must be whole numbers for whole scores, not {low:g} and {high:g}"
        )
    return low, high


def _totals_on_scale(
    mean: float, n: int, decimals: int, low: int, high: int, decimals_name: str = "decimals"
) -> list[int]:
    units, scale = _units(mean, decimals, "mean", decimals_name)
    totals = _whole_multiples(units, scale, n)
    return [int(total) for total in totals if n * low <= total <= n * high]


def _square_limits(n: int, total: int, low: int, high: int) -> tuple[int, int]:
    """Smallest and largest sum of squares of n whole scores with this total."""
    each, over = divmod(total, n)
    smallest = (n - over) * each**2 + over * (each + 1) ** 2
    full, rest = divmod(total - n * low, high - low)
    if full == n:
        return smallest, n * high**2
    largest = full * high**2 + (low + rest) ** 2 + (n - full - 1) * low**2
    return smallest, largest


def _sd(n: int, total: int, squares: int) -> float:
    return math.sqrt((n * squares - total**2) / (n * (n - 1)))


def _largest_sd(mean: float, n: int, low: float, high: float) -> float:
    """Largest SD of n scores of any value: all at the ends of the scale but one."""
    full = min(int(n * (mean - low) / (high - low)), n - 1)
    rest = n * (mean - low) - full * (high - low)
    deviations = full * (high - mean) ** 2 + (low + rest - mean) ** 2
    return math.sqrt((deviations + (n - full - 1) * (mean - low) ** 2) / (n - 1))


def _pairs_reach(n: int, total: int, squares: int, low: int, high: int) -> bool:
    """Try to find n scores with this total and sum of squares; False proves nothing."""
    each, over = divmod(total, n)
    counts = {each: n - over, each + 1: over} if over else {each: n}
    missing = squares - ((n - over) * each**2 + over * (each + 1) ** 2)
    while missing > 0:
        # Moving a score a one down and a score b >= a one up adds 2 (b - a) + 2.
        widest = missing // 2 - 1
        values = sorted(value for value, count in counts.items() if count)
        best = None
        for a in values:
            if a == low:
                continue
            for b in values:
                fits = b < high and 0 <= b - a <= widest and (b > a or counts[a] > 1)
                if fits and (best is None or b - a > best[1] - best[0]):
                    best = a, b
        if best is None:
            return False
        a, b = best
        for value, change in ((a, -1), (a - 1, 1), (b, -1), (b + 1, 1)):
            counts[value] = counts.get(value, 0) + change
        missing -= 2 * (b - a) + 2
    return missing == 0


def _some_reachable(n: int, total: int, wanted: range, low: int, high: int) -> bool:
    """Whether n scores with this total reach one of the wanted sums of squares: a proof."""
    center = round(total / n)
    # Two costs that add up over scores and fix the sum of squares: the squared distance
    # from a center, small for a small SD, and (x - low)(high - x), small for a large one.
    near = [s - 2 * center * total + n * center**2 for s in (wanted[0], wanted[-1])]
    from_ends = [(low + high) * total - n * low * high - s for s in (wanted[-1], wanted[0])]
    if near[1] <= from_ends[1]:
        costs = {x: (x - center) ** 2 for x in range(low, high + 1)}
        least, most = near
    else:
        costs = {x: (x - low) * (high - x) for x in range(low, high + 1)}
        least, most = from_ends
    costs = {x: cost for x, cost in costs.items() if cost <= most}
    if not costs:
        return False

    # reached[t] has bit c set when the scores so far can total t at cost c.
    mask = (1 << (most + 1)) - 1
    reached = {0: 1}
    for left in range(n - 1, -1, -1):
        lowest, highest = total - left * max(costs), total - left * min(costs)
        grown: dict[int, int] = {}
        for t, bits in reached.items():
            for x, cost in costs.items():
                if lowest <= t + x <= highest and (more := (bits << cost) & mask):
                    grown[t + x] = grown.get(t + x, 0) | more
        reached = grown
    return bool(reached.get(total, 0) >> least)


def _pooled_sd(sd_1: Any, n_1: Any, sd_2: Any, n_2: Any) -> Any:
    return np.sqrt(((n_1 - 1) * sd_1**2 + (n_2 - 1) * sd_2**2) / (n_1 + n_2 - 2))


def _ratio(sd_ratio: ArrayLike) -> np.ndarray:
    ratio = _inputs.numbers("sd_ratio", sd_ratio)
    if np.any(ratio <= 0):
        raise ValueError(f"sd_ratio must be above 0, not {ratio[ratio <= 0].flat[0]:g}")
    return ratio


def _change_kind(kind: str) -> None:
    if kind == "d_z":
        raise ValueError(
            'kind "d_z" implies no correlation, for t = d_z sqrt(n) holds with any; '
            "see n_from_dz_p for the n that fit"
        )
    if kind not in _CHANGE_KINDS:
        raise ValueError(f"kind must be one of {', '.join(_CHANGE_KINDS)}, not {kind!r}")


def _implied_r(d_squared: Any, t_squared: Any, n: Any, kind: str, ratio: Any) -> Any:
    """r from d^2, t^2 and n, with both waves in units of the first SD."""
    if kind == "d_rm":
        return 1 - n * d_squared / (2 * t_squared)
    unit_squared = ((1 + ratio) / 2) ** 2 if kind == "d_av" else (1 + ratio**2) / 2
    return (1 + ratio**2 - n * d_squared * unit_squared / t_squared) / (2 * ratio)
