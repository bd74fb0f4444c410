"""The inner loops of the bootstrap of a correlation.

Each function runs compiled by numba, or as plain NumPy where numba is not installed. Both
do the same operations in the same order and give the same numbers. The compiled `pick`
needs no full sort: it drops the resamples into bins and sorts only the bins that hold an
end of the interval.
"""

from __future__ import annotations

import functools
import math

import numpy as np

#: A resample whose sum of squares is below this share of the sample's does not vary.
FLAT = 1e-12
#: Correlations that are this close differ by rounding alone.
TIE = 1e-13
#: Bins for the resamples of one sample, and how many resamples are looked at together.
BINS = 512
BLOCK = 32
#: Sums that stay in a core's cache: samples times resamples.
ROOM = 8_000


def correlate(sums, n, own, value, twice_below):
    """Correlation of each resample, from its sums.

    Parameters
    ----------
    sums : numpy.ndarray, shape (samples, 5, times)
        Sums of x, y, xx, yy and xy; x and y have length one in the whole sample.
    n : int
        People in a sample.
    own : numpy.ndarray, shape (samples,)
        Correlation of each sample.
    value : numpy.ndarray, shape (samples, times)
        Receives the correlations.
    twice_below : numpy.ndarray of int, shape (samples,)
        Receives how many lie below the sample's own, counted twice, plus how many equal
        it; -1 where some resample does not vary.
    """
    sx, sy, sxx, syy, sxy = sums.swapaxes(0, 1)
    part = 1.0 / n
    vx = sxx - sx * sx * part
    vy = syy - sy * sy * part
    vxy = sxy - sx * sy * part
    flat = ((vx < FLAT) | (vy < FLAT)).any(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        np.divide(vxy, np.sqrt(np.abs(vx * vy)), out=value)
    apart = value - own[:, None]
    twice_below[:] = (apart < -TIE).sum(axis=1) + (apart <= TIE).sum(axis=1)
    twice_below[flat | ~np.isfinite(own)] = -1


def pick(value, levels, ends):
    """The quantiles of each row, between its order statistics by a straight line.

    Parameters
    ----------
    value : numpy.ndarray, shape (samples, times)
        Finite numbers.
    levels : numpy.ndarray, shape (samples, 2)
        From 0 to 1; a negative one says that the row has no ends.
    ends : numpy.ndarray, shape (samples, 2)
        Receives the quantiles, NaN where there are none.
    """
    times = value.shape[1]
    ordered = np.sort(value, axis=1)
    place = np.maximum(levels, 0.0) * (times - 1)
    rank = np.minimum(place.astype(np.int64), times - 2)
    share = place - rank
    here = np.take_along_axis(ordered, rank, axis=1)
    there = np.take_along_axis(ordered, rank + 1, axis=1)
    ends[:] = here + (there - here) * share
    ends[(levels < 0).any(axis=1)] = np.nan


def _correlate_each(sums, n, own, value, twice_below):
    part = 1.0 / n
    for sample in range(value.shape[0]):
        sx, sy = sums[sample, 0], sums[sample, 1]
        sxx, syy, sxy = sums[sample, 2], sums[sample, 3], sums[sample, 4]
        row = value[sample]
        flat = 0
        for b in range(value.shape[1]):
            vx = sxx[b] - sx[b] * sx[b] * part
            vy = syy[b] - sy[b] * sy[b] * part
            flat += (vx < FLAT) | (vy < FLAT)
            row[b] = (sxy[b] - sx[b] * sy[b] * part) / math.sqrt(abs(vx * vy))
        r = own[sample]
        twice = 0
        for b in range(value.shape[1]):
            twice += (row[b] - r < -TIE) + (row[b] - r <= TIE)
        twice_below[sample] = -1 if flat or not math.isfinite(r) else twice


def _pick_each(value, levels, ends):
    times = value.shape[1]
    bin_of = np.empty(times, np.int32)
    before = np.empty(BINS + 1, np.int32)
    low_few = np.empty(times)
    high_few = np.empty(times)
    for sample in range(value.shape[0]):
        ends[sample, 0] = np.nan
        ends[sample, 1] = np.nan
        if levels[sample, 0] < 0 or levels[sample, 1] < 0:
            continue
        row = value[sample]
        least = row[0]
        most = row[0]
        for b in range(times):
            least = min(least, row[b])
            most = max(most, row[b])
        scale = (BINS - 1e-6) / (most - least) if most > least else 0.0
        before[:] = 0
        for b in range(times):
            bin_of[b] = np.int32((row[b] - least) * scale)
        for b in range(times):
            before[bin_of[b] + 1] += 1
        for at in range(BINS):
            before[at + 1] += before[at]

        # The bins of each end: those of its two order statistics, and all between them.
        low_place = levels[sample, 0] * (times - 1)
        low_rank = min(int(low_place), times - 2)
        low_start = np.int32(np.searchsorted(before, low_rank, side="right") - 1)
        low_stop = np.int32(np.searchsorted(before, low_rank + 1, side="right") - 1)
        high_place = levels[sample, 1] * (times - 1)
        high_rank = min(int(high_place), times - 2)
        high_start = np.int32(np.searchsorted(before, high_rank, side="right") - 1)
        high_stop = np.int32(np.searchsorted(before, high_rank + 1, side="right") - 1)
        n_low = 0
        n_high = 0
        for first in range(0, times, BLOCK):
            last = min(first + BLOCK, times)
            # Most blocks hold nothing that we want; this loop runs many at a time.
            hits = 0
            for b in range(first, last):
                at = bin_of[b]
                hits += ((at >= low_start) & (at <= low_stop)) | (
                    (at >= high_start) & (at <= high_stop)
                )
            if hits == 0:
                continue
            for b in range(first, last):
                at = bin_of[b]
                if low_start <= at <= low_stop:
                    low_few[n_low] = row[b]
                    n_low += 1
                if high_start <= at <= high_stop:
                    high_few[n_high] = row[b]
                    n_high += 1
        low_few[:n_low].sort()
        high_few[:n_high].sort()
        at = low_rank - before[low_start]
        ends[sample, 0] = low_few[at] + (low_few[at + 1] - low_few[at]) * (low_place - low_rank)
        at = high_rank - before[high_start]
        ends[sample, 1] = high_few[at] + (high_few[at + 1] - high_few[at]) * (high_place - high_rank)


@functools.cache
def loops(compiled: bool = True):
    """``(correlate, pick)``, compiled where numba is installed and it is asked for."""
    if compiled:
        try:
            from numba import njit
        except ImportError:
            return correlate, pick
        return (
            njit(nogil=True, cache=True, error_model="numpy")(_correlate_each),
            # Without NaN the least and the greatest can be found many at a time; so no NaN
            # may come in here, and none is tested for.
            njit(nogil=True, cache=True, fastmath={"nnan", "nsz"})(_pick_each),
        )
    return correlate, pick
