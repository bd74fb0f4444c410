"""Estimators, each equal to its textbook form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helpers import _inputs

__all__ = [
    "fisher_interval",
    "partial_correlation",
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
    r = _inputs.numbers("r", r, -1, 1)
    n = _inputs.wholes("n", n, 4)
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    reach = _normal_quantile(level) / np.sqrt(n - 3)
    return _inputs.plain(np.tanh(z - reach)), _inputs.plain(np.tanh(z + reach))


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


def _normal_quantile(level: float) -> float:
    """Half the width, in standard errors, of a two-sided normal interval."""
    from scipy.special import ndtri

    return float(ndtri(1 - (1 - _inputs.confidence(level)) / 2))
