"""Estimators, each equal to its textbook form, for one study or for many at once.

Those that take raw values take them with people along the last axis; every axis before it
holds replicates. ``pearson(x, y)`` with arrays of shape (1000, 24) gives a thousand
correlations of 24 people each, and nothing is looped over in Python.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from helpers import _inputs

__all__ = [
    "Paired",
    "Slopes",
    "bootstrap_interval",
    "fisher_interval",
    "ols",
    "paired",
    "partial_correlation",
    "pearson",
    "rank_interval",
    "resample_counts",
    "spearman",
    "steiger_test",
    "williams_test",
    "wilson_interval",
    "zou_interval",
]


def fisher_interval(r: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Any, Any]:
    """Confidence interval of a Pearson correlation by Fisher's z.

    z = artanh(r) is close to normal with standard error 1 / sqrt(n - 3) (Fisher, 1921).

    Parameters
    ----------
    r : array_like
        Correlations, from -1 to 1.
    n : array_like of int
        Pairs of values, at least 4; broadcast against `r`.
    level : float
        Confidence, between 0 and 1.

    Returns
    -------
    tuple of float or numpy.ndarray
        ``(low, high)``, from -1 to 1, in the broadcast shape. Both are r itself where r is
        -1 or 1.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> low, high = fisher_interval(-0.54, 20)
    >>> round(low, 2), round(high, 2)
    (-0.79, -0.13)
    """
    return _interval_by_z(r, n, level, ranks=False)


def wilson_interval(count: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Any, Any]:
    """Confidence interval of a proportion by the score test (Wilson, 1927).

    Parameters
    ----------
    count : array_like of int
        Participants with the feature, from 0 to n.
    n : array_like of int
        Participants, at least 1; broadcast against `count`.
    level : float
        Confidence, between 0 and 1.

    Returns
    -------
    tuple of float or numpy.ndarray
        ``(low, high)``, from 0 to 1, in the broadcast shape.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> low, high = wilson_interval(14, 24)
    >>> round(low, 2), round(high, 2)
    (0.39, 0.76)
    """
    count = _inputs.wholes("count", count, 0)
    n = _inputs.wholes("n", n, 1)
    if np.any(count > n):
        raise ValueError(f"count must be at most n, but they are {count} and {n}")
    z = _normal_quantile(level)
    middle = (count + z**2 / 2) / (n + z**2)
    reach = z * np.sqrt(count * (n - count) / n + z**2 / 4) / (n + z**2)
    # Rounding errors must not push an end of 0 or 1 out of the scale.
    low = np.where(count == 0, 0.0, middle - reach)
    high = np.where(count == n, 1.0, middle + reach)
    return _inputs.plain(low), _inputs.plain(high)


def williams_test(
    r_jk: ArrayLike, r_jh: ArrayLike, r_kh: ArrayLike, n: ArrayLike
) -> tuple[Any, Any]:
    """Whether two correlations that share a variable differ: Williams' t.

    Asks whether j goes with k as it goes with h, in the same participants. Under bivariate
    normal data and equal correlations the statistic is close to Student's t with n - 3
    degrees of freedom (Williams, 1959; recommended by Steiger, 1980, eq. 7).

    Parameters
    ----------
    r_jk, r_jh : array_like
        The two correlations to compare, from -1 to 1.
    r_kh : array_like
        The correlation of k with h, from -1 to 1.
    n : array_like of int
        Participants, at least 4; broadcast against the correlations.

    Returns
    -------
    tuple of float or numpy.ndarray
        ``(t, p)``: t is positive where r_jk is the larger; p is two-sided.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or no data can have the three correlations.

    Examples
    --------
    >>> t, p = williams_test(-0.45, -0.20, 0.60, 24)
    >>> round(t, 3), round(p, 3)
    (-1.437, 0.165)
    """
    from scipy.special import stdtr

    r_jk, r_jh, r_kh, determinant = _triple(r_jk, r_jh, r_kh)
    n = _inputs.wholes("n", n, 4)
    mean = (r_jk + r_jh) / 2
    spread = 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - r_kh) ** 3
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (r_jk - r_jh) * np.sqrt((n - 1) * (1 + r_kh) / spread)
    # Where k and h are one variable, nothing differs.
    t = np.where(r_jk == r_jh, 0.0, t)
    return _inputs.plain(t), _inputs.plain(2 * stdtr(n - 3, -np.abs(t)))


def steiger_test(
    r_jk: ArrayLike, r_jh: ArrayLike, r_kh: ArrayLike, n: ArrayLike
) -> tuple[Any, Any]:
    """Whether two correlations that share a variable differ: Steiger's z.

    The difference of the two Fisher z, with their covariance taken at the mean of the two
    correlations (Steiger, 1980, eq. 14).

    Parameters
    ----------
    r_jk, r_jh, r_kh, n
        As for `williams_test`.

    Returns
    -------
    tuple of float or numpy.ndarray
        ``(z, p)``; p is two-sided.

    Raises
    ------
    ValueError
        If a parameter is outside its range, no data can have the three correlations, or
        the two that are compared are -1 or 1.

    Examples
    --------
    >>> z, p = steiger_test(-0.45, -0.20, 0.60, 24)
    >>> round(z, 3), round(p, 3)
    (-1.383, 0.167)
    """
    from scipy.special import ndtr

    r_jk, r_jh, r_kh, _ = _triple(r_jk, r_jh, r_kh)
    n = _inputs.wholes("n", n, 4)
    _below_one(r_jk, r_jh)
    mean = (r_jk + r_jh) / 2
    covariance = _psi(mean, mean, r_kh) / (1 - mean**2) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (np.arctanh(r_jk) - np.arctanh(r_jh)) * np.sqrt((n - 3) / (2 - 2 * covariance))
    z = np.where(r_jk == r_jh, 0.0, z)
    return _inputs.plain(z), _inputs.plain(2 * ndtr(-np.abs(z)))


def zou_interval(
    r_jk: ArrayLike, r_jh: ArrayLike, r_kh: ArrayLike, n: ArrayLike, level: float = 0.95
) -> tuple[Any, Any]:
    """Confidence interval of the difference of two correlations that share a variable.

    Puts together the two Fisher intervals and the correlation of the two estimates (Zou,
    2007, eq. 4 and 15).

    Parameters
    ----------
    r_jk, r_jh, r_kh, n
        As for `williams_test`.
    level : float
        Confidence, between 0 and 1.

    Returns
    -------
    tuple of float or numpy.ndarray
        ``(low, high)`` of r_jk - r_jh, from -2 to 2.

    Raises
    ------
    ValueError
        If a parameter is outside its range, no data can have the three correlations, or
        the two that are compared are -1 or 1.

    Examples
    --------
    >>> low, high = zou_interval(-0.45, -0.20, 0.60, 24)
    >>> round(low, 2), round(high, 2)
    (-0.6, 0.1)
    """
    r_jk, r_jh, r_kh, _ = _triple(r_jk, r_jh, r_kh)
    _below_one(r_jk, r_jh)
    low_jk, high_jk = fisher_interval(r_jk, n, level)
    low_jh, high_jh = fisher_interval(r_jh, n, level)
    both = _psi(r_jk, r_jh, r_kh) / ((1 - r_jk**2) * (1 - r_jh**2))

    def reach(one: Any, other: Any) -> Any:
        return np.sqrt(np.maximum(one**2 + other**2 - 2 * both * one * other, 0.0))

    difference = r_jk - r_jh
    low = difference - reach(r_jk - low_jk, high_jh - r_jh)
    high = difference + reach(high_jk - r_jk, r_jh - low_jh)
    return _inputs.plain(low), _inputs.plain(high)


def partial_correlation(r_xy: ArrayLike, r_xz: ArrayLike, r_yz: ArrayLike) -> Any:
    """Correlation of x with y, z held fixed, from the three correlations.

    (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2)) (Yule, 1907): the correlation of
    what is left of x and of y when each is predicted from z by a straight line.

    Parameters
    ----------
    r_xy, r_xz, r_yz : array_like
        Correlations in the same participants, from -1 to 1; r_xz and r_yz strictly inside.

    Returns
    -------
    float or numpy.ndarray
        From -1 to 1, in the broadcast shape.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or no data can have the three correlations.

    Examples
    --------
    >>> round(partial_correlation(-0.61, -0.85, 0.66), 2)
    -0.12
    """
    r_xy, r_xz, r_yz, _ = _triple(r_xy, r_xz, r_yz, names=("r_xy", "r_xz", "r_yz"))
    _below_one(r_xz, r_yz, names=("r_xz", "r_yz"))
    partial = (r_xy - r_xz * r_yz) / np.sqrt((1 - r_xz**2) * (1 - r_yz**2))
    return _inputs.plain(np.clip(partial, -1.0, 1.0))


# --- from raw values: people along the last axis ------------------------------------------


def pearson(x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
    """Pearson's correlation and its two-sided p value.

    t = r sqrt((n - 2) / (1 - r^2)) follows Student's t with n - 2 degrees of freedom where
    the two variables are independent and one of them is normal.

    Parameters
    ----------
    x, y : array_like, shape (..., n)
        At least 3 people along the last axis, the same number in both; the axes before it
        are broadcast.

    Returns
    -------
    tuple of float or numpy.ndarray
        ``(r, p)``, in the shape of the leading axes; NaN where a variable does not vary.

    Raises
    ------
    ValueError
        If a value is not finite, or the shapes do not fit.

    Examples
    --------
    >>> r, p = pearson([1, 2, 3, 4, 5], [2, 1, 4, 3, 6])
    >>> round(r, 3), round(p, 3)
    (0.822, 0.088)
    >>> pearson(np.eye(3), [1, 2, 3])[0].round(2).tolist()
    [-0.87, 0.0, 0.87]
    """
    x, y = _people(3, x=x, y=y)
    r = _correlation(x, y)
    return _inputs.plain(r), _inputs.plain(_p_of_r(r, x.shape[-1]))


def spearman(x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
    """Spearman's rank correlation and its two-sided p value.

    Pearson's correlation of the ranks; ties get the mean of their ranks. The p value takes
    t as for `pearson`, an approximation for ranks (Kendall and Stuart's; as in scipy).

    Parameters
    ----------
    x, y
        As for `pearson`.

    Returns
    -------
    tuple of float or numpy.ndarray
        ``(r, p)``, in the shape of the leading axes; NaN where a variable does not vary.

    Raises
    ------
    ValueError
        As for `pearson`.

    Examples
    --------
    >>> r, p = spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 60])
    >>> round(r, 3), round(p, 3)
    (0.8, 0.104)
    """
    from scipy.stats import rankdata

    x, y = _people(3, x=x, y=y)
    r = _correlation(rankdata(x, axis=-1), rankdata(y, axis=-1))
    return _inputs.plain(r), _inputs.plain(_p_of_r(r, x.shape[-1]))


def rank_interval(r: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Any, Any]:
    """Confidence interval of Spearman's correlation.

    As `fisher_interval`, with the standard error sqrt((1 + r^2 / 2) / (n - 3)) that suits
    ranks better (Bonett and Wright, 2000).

    Parameters
    ----------
    r : array_like
        Rank correlations, from -1 to 1.
    n, level
        As for `fisher_interval`.

    Returns
    -------
    tuple of float or numpy.ndarray
        ``(low, high)``, from -1 to 1, in the broadcast shape.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> low, high = rank_interval(-0.54, 20)
    >>> round(low, 2), round(high, 2)
    (-0.81, -0.1)
    """
    return _interval_by_z(r, n, level, ranks=True)


class Paired(NamedTuple):
    """What `paired` gives; each a float or an array in the shape of the leading axes.

    Attributes
    ----------
    change : float or numpy.ndarray
        Mean of after minus before, in their unit.
    t, p : float or numpy.ndarray
        Student's t with n - 1 degrees of freedom, and its two-sided p value.
    d : float or numpy.ndarray
        The change over the root mean square of the two SDs.
    d_z : float or numpy.ndarray
        The change over the SD of the changes.
    """

    change: Any
    t: Any
    p: Any
    d: Any
    d_z: Any


def paired(before: ArrayLike, after: ArrayLike) -> Paired:
    """Mean change of the same people, its t test, and two standardized changes.

    Parameters
    ----------
    before, after : array_like, shape (..., n)
        At least 2 people along the last axis, the same number in both.

    Returns
    -------
    Paired
        NaN where the changes (t, p, d_z) or the scores (d) do not vary.

    Raises
    ------
    ValueError
        If a value is not finite, or the shapes do not fit.

    Examples
    --------
    >>> answer = paired([1, 2, 3, 4], [2, 2, 5, 6])
    >>> [round(float(part), 2) for part in answer]
    [1.25, 2.61, 0.08, 0.73, 1.31]
    """
    from scipy.special import stdtr

    before, after = _people(2, before=before, after=after)
    n = before.shape[-1]
    rise = after - before
    change = rise.mean(axis=-1)
    variance = _squares(rise) / (n - 1)
    both = (_squares(before) + _squares(after)) / (2 * (n - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        d_z = np.where(variance > 0, change / np.sqrt(variance), np.nan)
        d = np.where(both > 0, change / np.sqrt(both), np.nan)
    t = d_z * np.sqrt(n)
    parts = (change, t, 2 * stdtr(n - 1, -np.abs(t)), d, d_z)
    return Paired(*(_inputs.plain(part) for part in parts))


class Slopes(NamedTuple):
    """What `ols` gives; each an array of shape (..., predictors).

    Attributes
    ----------
    slope : numpy.ndarray
        Units of the outcome per unit of the predictor, the others held fixed.
    se, p : numpy.ndarray
        Classical standard error (one residual variance for all), two-sided p value.
    se_hc3, p_hc3 : numpy.ndarray
        The same from errors that allow a variance to each person.
    """

    slope: np.ndarray
    se: np.ndarray
    p: np.ndarray
    se_hc3: np.ndarray
    p_hc3: np.ndarray


def ols(y: ArrayLike, *predictors: ArrayLike) -> Slopes:
    """Least squares with an intercept, with classical and with HC3 standard errors.

    HC3 divides each squared residual by (1 - leverage)^2 (MacKinnon and White, 1985). Both
    p values take Student's t with n - predictors - 1 degrees of freedom.

    Parameters
    ----------
    y : array_like, shape (..., n)
        The outcome; more people along the last axis than predictors plus 1.
    *predictors : array_like, shape (..., n)
        One or more.

    Returns
    -------
    Slopes
        Of the predictors in their order, the intercept left out; NaN where the predictors
        leave no unique answer. HC3 is NaN where one person decides a slope alone, and a p
        value is NaN where the outcome does not vary.

    Raises
    ------
    ValueError
        If there is no predictor, a value is not finite, or the shapes do not fit.

    Examples
    --------
    >>> fit = ols([2, 1, 4, 3, 6], [1, 2, 3, 4, 5])
    >>> [float(part[0].round(3)) for part in fit]
    [1.0, 0.4, 0.088, 0.615, 0.203]
    """
    from scipy.special import stdtr

    if not predictors:
        raise ValueError("ols needs at least one predictor")
    names = {f"predictor {i + 1}": x for i, x in enumerate(predictors)}
    y, *columns = _people(len(predictors) + 2, y=y, **names)
    df = y.shape[-1] - len(columns) - 1
    y = _centered(y)
    x = np.stack([_centered(column) for column in columns], axis=-2)
    # In units of each predictor's own length, so that the inverse can be trusted.
    length = np.sqrt((x**2).sum(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        x = x / length[..., None]
    inverse = _inverse(x @ np.swapaxes(x, -1, -2))
    weights = inverse @ x  # slope = weights @ y
    slope = (weights @ y[..., None])[..., 0]
    residual = y - (slope[..., None, :] @ x)[..., 0, :]
    variance = (residual**2).sum(axis=-1) / df
    leverage = 1 / y.shape[-1] + (weights * x).sum(axis=-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = residual / np.where(leverage < 1 - 1e-10, 1 - leverage, np.nan)
        se = np.sqrt(variance[..., None] * np.diagonal(inverse, axis1=-2, axis2=-1))
        se_hc3 = np.sqrt((weights**2 * own[..., None, :] ** 2).sum(axis=-1))
        p, p_hc3 = (2 * stdtr(df, -np.abs(slope / error)) for error in (se, se_hc3))
        return Slopes(slope / length, se / length, p, se_hc3 / length, p_hc3)


def _inverse(gram: np.ndarray) -> np.ndarray:
    """Inverses of correlation matrices, NaN for those that have none worth the name."""
    good = np.isfinite(gram).all(axis=(-2, -1))
    safe = np.where(good[..., None, None], gram, np.eye(gram.shape[-1]))
    if gram.shape[-1] > 1:
        # Any row's rest variance below this share is rounding.
        good &= np.linalg.eigvalsh(safe)[..., 0] > 1e-10
        safe = np.where(good[..., None, None], safe, np.eye(gram.shape[-1]))
    return np.where(good[..., None, None], np.linalg.inv(safe), np.nan)


def resample_counts(n: int, times: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of n people is drawn in each bootstrap resample.

    Parameters
    ----------
    n : int
        People, at least 2.
    times : int
        Resamples, at least 2.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of int, shape (times, n)
        Each row sums to n.

    Raises
    ------
    ValueError
        If `n` or `times` is no such number.

    Examples
    --------
    >>> counts = resample_counts(5, 1000, np.random.default_rng(1))
    >>> counts.shape, set(counts.sum(axis=1).tolist())
    ((1000, 5), {5})
    """
    n, times = _inputs.whole("n", n, 2), _inputs.whole("times", times, 2)
    drawn = rng.integers(n, size=(times, n)) + n * np.arange(times)[:, None]
    return np.bincount(drawn.ravel(), minlength=times * n).reshape(times, n)


def bootstrap_interval(
    x: ArrayLike, y: ArrayLike, counts: ArrayLike, level: float = 0.95, method: str = "bca"
) -> tuple[Any, Any]:
    """Bootstrap confidence interval of Pearson's correlation.

    The percentile interval is cut from the resamples' own distribution. The BCa interval
    corrects the levels at which it cuts for bias and for an error that changes with the
    value (Efron, 1987). All replicates share the resamples in `counts`, so that their sums
    come from one matrix product; the interval of each is as valid as with its own, but the
    resampling errors of the replicates in one call go together.

    Parameters
    ----------
    x, y
        As for `pearson`.
    counts : array_like of int, shape (times, n)
        As `resample_counts` gives them.
    level : float
        Confidence, between 0 and 1.
    method : {"bca", "percentile"}

    Returns
    -------
    tuple of float or numpy.ndarray
        ``(low, high)``, from -1 to 1, in the shape of the leading axes. Equal to
        `scipy.stats.bootstrap` with the same resamples. NaN where a resample does not
        vary, or where BCa is not defined (all resamples on one side).

    Raises
    ------
    ValueError
        If the counts are not those of resamples of n people, or as for `pearson`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.standard_normal((500, 24))
    >>> y = -0.45 * x + 0.893 * rng.standard_normal((500, 24))
    >>> low, high = bootstrap_interval(x, y, resample_counts(24, 1999, rng))
    >>> low.shape, bool((low < high).all())
    ((500,), True)
    """
    from helpers import _bootstrap

    if method not in ("bca", "percentile"):
        raise ValueError(f'method must be "bca" or "percentile", not {method!r}')
    reach = _normal_quantile(level)
    x, y = _people(3, x=x, y=y)
    n = x.shape[-1]
    counts = _inputs.wholes("counts", counts, 0)
    if counts.ndim != 2 or counts.shape[1] != n or len(counts) < 2 or np.any(counts.sum(axis=1) != n):
        raise ValueError(
            f"counts must have a row a resample, at least two, each with the {n} people's counts "
            f"that sum to {n}; its shape is {counts.shape}"
        )
    leading = x.shape[:-1]
    x, y = (_unit(part).reshape(-1, n) for part in (x, y))
    own = (x * y).sum(axis=-1)
    skew = _acceleration(x, y, own)
    terms = np.stack([x, y, x * x, y * y, x * y], axis=1)
    resampled = np.ascontiguousarray(counts.T, dtype=float)
    correlate, pick = _bootstrap.loops()
    # As many samples at a time as keep the sums in the cache, and a few such batches at a
    # time for what has a price per call.
    batch = max(1, _bootstrap.ROOM // len(counts))
    group = 8 * batch
    sums = np.empty((batch, 5, len(counts)))
    value = np.empty((group, len(counts)))
    twice_below = np.empty(group, dtype=np.int64)
    ends = np.empty((len(x), 2))
    for start in range(0, len(x), group):
        size = min(group, len(x) - start)
        for first in range(0, size, batch):
            last = min(first + batch, size)
            here = sums[: last - first]
            np.matmul(
                terms[start + first : start + last].reshape(-1, n),
                resampled,
                out=here.reshape(-1, len(counts)),
            )
            correlate(here, n, own[start + first : start + last], value[first:last], twice_below[first:last])
        some = slice(start, start + size)
        levels = _levels(twice_below[:size] / (2 * len(counts)), skew[some], reach, method)
        pick(value[:size], levels, ends[some])
    low, high = ends.T.reshape(2, *leading)
    return _inputs.plain(low), _inputs.plain(high)


def _levels(below: np.ndarray, skew: np.ndarray, reach: float, method: str) -> np.ndarray:
    """The two cumulative levels at which each interval is cut; -1 where there are none."""
    from scipy.special import ndtr, ndtri

    ends = np.array([-reach, reach])
    if method == "percentile":
        levels = np.where(below[:, None] < 0, np.nan, ndtr(ends))
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            bias = ndtri(np.where(below < 0, np.nan, below))[:, None] + ends
            levels = ndtr(bias - ends + bias / (1 - skew[:, None] * bias))
            levels[np.isinf(bias)] = np.nan
    return np.where(np.isfinite(levels).all(axis=1, keepdims=True), levels, -1.0)


def _acceleration(x: np.ndarray, y: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Efron's acceleration, from the correlations with each person left out in turn."""
    k = x.shape[-1] / (x.shape[-1] - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = (r[:, None] - k * x * y) / np.sqrt((1 - k * x**2) * (1 - k * y**2))
        apart = without.mean(axis=-1, keepdims=True) - without
        squares = apart * apart  # a product is much faster than a power
        return (squares * apart).sum(axis=-1) / (6 * squares.sum(axis=-1) ** 1.5)


def _people(least: int, **values: ArrayLike) -> list[np.ndarray]:
    """The arrays as floats, of one shape, with at least so many people on the last axis."""
    arrays = {name: np.asarray(_inputs.numbers(name, value)) for name, value in values.items()}
    first = next(iter(arrays))
    for name, array in arrays.items():
        if array.ndim == 0:
            raise ValueError(f"{name} must hold several people along its last axis, not one number")
        if array.shape[-1] != arrays[first].shape[-1]:
            raise ValueError(
                f"{name} has {array.shape[-1]} people along its last axis, and {first} has "
                f"{arrays[first].shape[-1]}"
            )
    n = arrays[first].shape[-1]
    if n < least:
        raise ValueError(f"at least {least} people are needed along the last axis, not {n}")
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name}: {array.shape}" for name, array in arrays.items())
        raise ValueError(f"the leading axes do not fit together ({shapes})") from None


def _centered(x: np.ndarray) -> np.ndarray:
    """Each row about its mean; exactly 0 where it does not vary, rounding or not."""
    flat = (x == x[..., :1]).all(axis=-1, keepdims=True)
    return np.where(flat, 0.0, x - x.mean(axis=-1, keepdims=True))


def _squares(x: np.ndarray) -> np.ndarray:
    """Sum of squares about the mean."""
    x = _centered(x)
    return (x * x).sum(axis=-1)


def _unit(x: np.ndarray) -> np.ndarray:
    """Each row about its mean, of length one; NaN where it does not vary."""
    x = _centered(x)
    squares = (x * x).sum(axis=-1, keepdims=True)
    return x / np.sqrt(np.where(squares > 0, squares, np.nan))


def _correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.clip((_unit(x) * _unit(y)).sum(axis=-1), -1.0, 1.0)


def _p_of_r(r: np.ndarray, n: int) -> np.ndarray:
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(r) * np.sqrt((n - 2) / (1 - r**2))
    return 2 * stdtr(n - 2, -t)


# --- shared ---------------------------------------------------------------------------------


def _triple(
    one: ArrayLike, two: ArrayLike, three: ArrayLike, names=("r_jk", "r_jh", "r_kh")
) -> tuple[Any, Any, Any, Any]:
    """Three correlations of three variables, and the determinant of their matrix."""
    checked = [_inputs.numbers(n, v, -1, 1) for n, v in zip(names, (one, two, three), strict=True)]
    one, two, three = np.broadcast_arrays(*checked)
    determinant = 1 - one**2 - two**2 - three**2 + 2 * one * two * three
    if np.any(determinant < -1e-12):
        at = np.argmin(np.ravel(determinant))
        shown = ", ".join(
            f"{name} = {np.ravel(part)[at]:g}" for name, part in zip(names, (one, two, three), strict=True)
        )
        raise ValueError(f"no data can have these three correlations together: {shown}")
    return one, two, three, np.maximum(determinant, 0.0)


def _below_one(one: Any, two: Any, names=("r_jk", "r_jh")) -> None:
    for name, r in zip(names, (one, two), strict=True):
        if np.any(np.abs(r) == 1):
            raise ValueError(f"{name} must lie strictly between -1 and 1")


def _psi(r_jk: Any, r_jh: Any, r_kh: Any) -> Any:
    """n times the covariance of two sample correlations that share a variable.

    Pearson and Filon (1898), in the form of Steiger (1980, eq. 3).
    """
    own = r_kh * (1 - r_jk**2 - r_jh**2)
    return own - r_jk * r_jh * (1 - r_jk**2 - r_jh**2 - r_kh**2) / 2


def _interval_by_z(r: ArrayLike, n: ArrayLike, level: float, ranks: bool) -> tuple[Any, Any]:
    """Interval of a correlation, symmetric on the scale of artanh(r)."""
    r = _inputs.numbers("r", r, -1, 1)
    n = _inputs.wholes("n", n, 4)
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    reach = _normal_quantile(level) / np.sqrt(n - 3)
    if ranks:
        reach = reach * np.sqrt(1 + r**2 / 2)
    return _inputs.plain(np.tanh(z - reach)), _inputs.plain(np.tanh(z + reach))


def _normal_quantile(level: float) -> float:
    """Half the width, in standard errors, of a two-sided normal interval."""
    from scipy.special import ndtri

    return float(ndtri(1 - (1 - _inputs.confidence(level)) / 2))
