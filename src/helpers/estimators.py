"""Estimators, each equal to its textbook form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helpers import _inputs

__all__ = ["fisher_interval", "wilson_interval"]


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


def _normal_quantile(level: float) -> float:
    """Half the width, in standard errors, of a two-sided normal interval."""
    from scipy.special import ndtri

    return float(ndtri(1 - (1 - _inputs.confidence(level)) / 2))
