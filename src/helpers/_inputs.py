"""The checks of parameters that the statistical helpers share.

Each gives the parameter in the form that the formulas want, or stops with one
sentence that names the parameter and the bad value.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def numbers(name: str, value: ArrayLike, low: float = -math.inf, high: float = math.inf):
    """The parameter as floats, all finite and within limits, or a sentence that names it."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, not {value!r}") from None
    wrong = ~(np.isfinite(array) & (array >= low) & (array <= high))
    if np.any(wrong):
        bad = array[wrong].flat[0]
        if not math.isfinite(bad):
            raise ValueError(f"{name} must be finite, not {bad}")
        limits = f"at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
        raise ValueError(f"{name} must be {limits}, not {bad:g}")
    return array


def wholes(name: str, value: ArrayLike, low: int) -> np.ndarray:
    """The parameter as whole numbers of at least `low`, or a sentence that names it."""
    array = numbers(name, value)
    wrong = (array != np.floor(array)) | (array < low)
    if np.any(wrong):
        bad = array[wrong].flat[0]
        raise ValueError(f"{name} must be a whole number of at least {low}, not {bad:g}")
    return array.astype(np.int64)


def whole(name: str, value: Any, low: int, high: float = math.inf) -> int:
    """The parameter as one whole number within limits, or a sentence that names it."""
    if np.ndim(value):
        raise ValueError(f"{name} must be one number, not {value!r}")
    number = int(wholes(name, value, low))
    if number > high:
        raise ValueError(f"{name} must be at most {high:g}, not {number}")
    return number


def plain(array: Any) -> Any:
    """A float where the parameters were single numbers, an array where they were arrays."""
    return float(array) if np.ndim(array) == 0 else array


def number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """The parameter as one number within limits, or a sentence that names it."""
    if np.ndim(value):
        raise ValueError(f"{name} must be one number, not {value!r}")
    return float(numbers(name, value, low, high))


def share(name: str, value: Any) -> float:
    """The parameter as one number strictly between 0 and 1."""
    if not 0 < number(name, value) < 1:
        raise ValueError(f"{name} must be between 0 and 1, not {value}")
    return float(value)


def confidence(level: float) -> float:
    """A confidence level, strictly between 0 and 1."""
    return share("level", level)
