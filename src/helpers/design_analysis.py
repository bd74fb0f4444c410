"""What a study of this size could find: power, errors of sign and size, coverage.

`analyze` simulates every cell of a `Grid`: an estimator, a number of participants, a true
correlation, a share of dropout. A replicate draws one study from the population, throws
out whom the dropout takes, and estimates. The columns say how often the estimate is
significant (power), how often a significant one has the wrong sign (error of type S), how
far it exaggerates (type M; Gelman and Carlin, 2014), and how often the interval holds the
truth.

Replicates come in chunks of `CHUNK`. Chunk c draws from streams that depend on the seed and
on c alone, and the sums of the chunks are added in the order of c. So the table is the same
for any number of workers, on one computer or on a Dask cluster, and whatever was finished
first. All cells share the streams: the first 24 of 30 participants are those of the cell
with 24. Cells differ with less noise, and a cell's figures do not depend on which others
are asked for.

`power_of_r`, `n_for_power`, `n_for_width` and `n_for_difference` answer the common questions
without a grid. ``python -m helpers.design_analysis --help`` is the command line.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers import _inputs, estimators
from helpers.population import Margin
from helpers.replicates import chunk_rng

__all__ = [
    "CHUNK",
    "ESTIMATORS",
    "Grid",
    "Needed",
    "WorkerError",
    "analyze",
    "n_for_difference",
    "n_for_power",
    "n_for_width",
    "power_of_r",
]

#: Replicates in a chunk, which has its own random streams.
CHUNK = 500
#: A trial with fewer complete participants is not computed.
LEAST = 4
#: Most participants of a cell; `power_of_r` has no limit.
MOST = 10_000
#: How long a task for a worker should take at least, in seconds: chunks go out in groups.
TASK_SECONDS = 0.25
#: Work of fewer seconds than this is not worth starting workers on this computer for.
SMALL_SECONDS = 1.5
#: How long to wait for a Dask scheduler, and for workers that have all gone, in seconds.
CONNECT_SECONDS, LOST_SECONDS = 5.0, 60.0

#: What a cell can estimate: whether it has an interval, and what it is.
ESTIMATORS: dict[str, tuple[bool, str]] = {
    "pearson": (True, "Pearson's r, t test, Fisher's interval"),
    "spearman": (True, "Spearman's r, t approximation, interval of Bonett and Wright (2000)"),
    "ols": (True, "slope of y on x in SDs, classical errors"),
    "hc3": (True, "the same slope, HC3 errors (MacKinnon and White, 1985)"),
    "percentile": (True, "Pearson's r, percentile bootstrap; significant when the interval leaves out 0"),
    "bca": (True, "Pearson's r, BCa bootstrap (Efron, 1987); likewise"),
    "paired": (False, "standardized change d between two ratings that correlate r, paired t test"),
    "williams": (False, "difference of r and a second correlation of x, Williams' test"),
    "zou": (True, "the same difference, Zou's interval (2007); significant when it leaves out 0"),
}
#: Those that need a third variable, and those that need normal ratings.
THREE = ("williams", "zou")
ONLY_NORMAL = ("paired", *THREE)

#: What a chunk gives back for each cell.
SUMS = (
    "computed",  # trials with an answer
    "significant",
    "wrong_sign",  # among the significant
    "estimate",  # sum of the estimates, and of their squares
    "estimate_squared",
    "size",  # sum of the significant estimates' absolute values, and of their squares
    "size_squared",
    "covered",  # intervals that hold the target
    "width",  # sum of the intervals' widths
)
COUNTS = ("computed", "significant", "wrong_sign", "covered")


class WorkerError(RuntimeError):
    """A Dask cluster cannot be used, or workers were lost for good; the message says why.

    Examples
    --------
    >>> issubclass(WorkerError, RuntimeError)
    True
    """


class Cell(NamedTuple):
    """One row of the table."""

    estimator: str
    n: int
    r: float
    dropout: float


@dataclass(frozen=True)
class Grid:
    """What to simulate: every combination of the first four is a cell.

    Parameters
    ----------
    estimator : str or sequence of str
        Of `ESTIMATORS`.
    n : int or sequence of int
        Participants before dropout, from 4 to 10,000.
    r : float or sequence of float
        True correlation of x and y, strictly between -1 and 1. For ``"paired"`` it is that
        of the ratings before and after.
    dropout : float or sequence of float
        The share of participants who lack y. Each estimator takes whom it has.
    mechanism : {"random", "worse"}
        Who lacks y: anyone, or a participant with probability 2 `dropout` F(y), where F(y)
        is the share of people below y. With ``"worse"`` a high y (more depression) is
        missing more often, and `dropout` is at most 0.5.
    second : float, optional
        For ``"williams"`` and ``"zou"``: the true correlation of x with the second outcome.
    tie : float
        For these two: the true correlation of the two outcomes.
    d : float
        For ``"paired"``: the true change in SDs.
    shape : {"normal", "scores"}
        Normal ratings, or whole scores with the margins of two variables of the completed
        population, of which `r` is then the correlation under the scores (of the copula).
    variables : tuple of (str, str)
        For ``"scores"``: x and y.
    level : float
        Confidence of the intervals; tests are at 1 - level.
    resamples : int
        For the bootstrap, at least 99.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or the correlations cannot go together.

    Examples
    --------
    >>> Grid(n=(16, 24), r=(-0.28, 0)).cells()
    [Cell(estimator='pearson', n=16, r=-0.28, dropout=0.0),
     Cell(estimator='pearson', n=16, r=0.0, dropout=0.0),
     Cell(estimator='pearson', n=24, r=-0.28, dropout=0.0),
     Cell(estimator='pearson', n=24, r=0.0, dropout=0.0)]
    """

    estimator: tuple[str, ...] = ("pearson",)
    n: tuple[int, ...] = (24,)
    r: tuple[float, ...] = (-0.28,)
    dropout: tuple[float, ...] = (0.0,)
    mechanism: str = "random"
    second: float | None = None
    tie: float = 0.55
    d: float = 0.43
    shape: str = "normal"
    variables: tuple[str, str] = ("alliance_prep", "grid_hamd_12mo")
    level: float = 0.95
    resamples: int = 1999

    def __post_init__(self):
        def keep(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        for name in ("estimator", "n", "r", "dropout", "variables"):
            value = getattr(self, name)
            several = isinstance(value, Iterable) and not isinstance(value, str)
            keep(name, tuple(value) if several else (value,))
        for name in self.estimator:
            if name not in ESTIMATORS:
                raise ValueError(f"estimator must be one of {', '.join(ESTIMATORS)}, not {name!r}")
        keep("n", tuple(_inputs.whole("n", n, LEAST, MOST) for n in self.n))
        keep("r", tuple(_strictly_inside("r", r) for r in self.r))
        _one_of("mechanism", self.mechanism, ("random", "worse"))
        most = 0.5 if self.mechanism == "worse" else 0.95
        keep("dropout", tuple(_inputs.number("dropout", share, 0, most) for share in self.dropout))
        for name in ("estimator", "n", "r", "dropout"):
            values = getattr(self, name)
            if not values:
                raise ValueError(f"{name} must have at least one value")
            twice = [value for i, value in enumerate(values) if value in values[:i]]
            if twice:
                raise ValueError(f"{name} has {twice[0]!r} twice")
        _one_of("shape", self.shape, ("normal", "scores"))
        only = [name for name in self.estimator if name in ONLY_NORMAL]
        if self.shape == "scores" and only:
            raise ValueError(f"{only[0]} is there for shape 'normal' only, not for 'scores'")
        if self.shape == "scores" and max(map(abs, self.r)) > 0.99:
            raise ValueError("r must be from -0.99 to 0.99 for shape 'scores'")
        if len(self.variables) != 2 or len(set(self.variables)) != 2:
            raise ValueError(f"variables must be two different names, not {self.variables!r}")
        keep("tie", _strictly_inside("tie", self.tie))
        keep("d", _inputs.number("d", self.d, -10, 10))
        self._check_second()
        keep("level", _inputs.confidence(self.level))
        keep("resamples", _inputs.whole("resamples", self.resamples, 99))

    def _check_second(self) -> None:
        three = [name for name in self.estimator if name in THREE]
        if not three:
            if self.second is not None:
                raise ValueError(f"second is for {' and '.join(THREE)} only; none of them is an estimator here")
            return
        if self.second is None:
            raise ValueError(f"{three[0]} compares r with a second correlation: give second")
        object.__setattr__(self, "second", _strictly_inside("second", self.second))
        for r in self.r:
            _third(r, self.second, self.tie)  # or a sentence about the three

    def cells(self) -> list[Cell]:
        """The combinations, in the order of the table's rows."""
        return [Cell(*each) for each in itertools.product(self.estimator, self.n, self.r, self.dropout)]


def analyze(
    grid: Grid,
    replicates: int = 20_000,
    seed: int = 1,
    n_jobs: int = 1,
    scheduler: str | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Simulate every cell of a grid.

    Parameters
    ----------
    grid : Grid
        What to simulate.
    replicates : int
        Trials in each cell.
    seed : int
        Same seed, same table.
    n_jobs : int
        Worker processes on this computer; -1 for one a core.
    scheduler : str, optional
        The address of a Dask scheduler, such as ``"tcp://host:8786"``; its workers do the
        work then.
    progress : bool
        Whether to show a progress bar on stderr.

    Returns
    -------
    pandas.DataFrame
        One row a cell: estimator, n, r, dropout; mechanism, shape, second, tie, d and level
        (missing where the estimator does not use them); target, the true value of what is
        estimated; replicates and computed, the trials with an answer, over which all that
        follows is taken; mean and sd of the estimates; power, the share of significant
        estimates (the size of the test where the target is 0); type_s, the share of wrong
        signs among them, and type_m, their mean absolute value over that of the target
        (both missing where the target is 0); coverage and mean width of the intervals.
        Names with ``_error`` are Monte Carlo standard errors. Ten significant digits.

    Raises
    ------
    ValueError
        If a parameter is outside its range.
    WorkerError
        If the cluster cannot be used, or workers were lost for good.

    Notes
    -----
    The bootstrap cells share their resamples within a chunk. The Monte Carlo errors take
    the trials as independent, and are a few percent too small there at most.

    Examples
    --------
    >>> table = analyze(Grid(n=(16, 24), r=-0.45), replicates=2000)
    >>> table[["n", "power", "power_error", "type_m"]].round(2)
        n  power  power_error  type_m
    0  16   0.44         0.01    1.38
    1  24   0.62         0.01    1.22
    """
    sizes = chunk_sizes(replicates)
    work = Work.of(grid, seed)
    found = {}
    with bar(progress, sum(sizes.values())) as tick:
        for chunk, sums in run(work, sizes, jobs(n_jobs), scheduler):
            found[chunk] = sums
            tick(sizes[chunk])
    return tabulate(work, sizes, found)


# --- one chunk ------------------------------------------------------------------------------


class Answers(NamedTuple):
    """What an estimator says about each trial; NaN where it has no answer."""

    estimate: np.ndarray
    significant: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


@dataclass(frozen=True)
class _Sample:
    """Trials of one size, as an estimator sees them: people along the last axis."""

    x: np.ndarray
    y: np.ndarray
    later: np.ndarray | None
    changed: np.ndarray | None
    level: float
    counts: Callable[[int], np.ndarray]

    @property
    def n(self) -> int:
        return self.x.shape[-1]

    @property
    def alpha(self) -> float:
        return round(1 - self.level, 12)

    def decided(self, estimate: np.ndarray, p: np.ndarray, low=None, high=None) -> Answers:
        return Answers(estimate, np.where(np.isnan(p), np.nan, p < self.alpha), low, high)


def _decided_by_interval(estimate: np.ndarray, low: np.ndarray, high: np.ndarray) -> Answers:
    out = np.where(np.isnan(low), np.nan, (low > 0) | (high < 0))
    return Answers(estimate, out, low, high)


def _pearson(sample: _Sample) -> Answers:
    r, p = estimators.pearson(sample.x, sample.y)
    low, high = _where_finite(r, lambda r: estimators.fisher_interval(r, sample.n, sample.level))
    return sample.decided(r, p, low, high)


def _spearman(sample: _Sample) -> Answers:
    r, p = estimators.spearman(sample.x, sample.y)
    low, high = _where_finite(r, lambda r: estimators.rank_interval(r, sample.n, sample.level))
    return sample.decided(r, p, low, high)


def _slope(robust: bool) -> Callable[[_Sample], Answers]:
    def answer(sample: _Sample) -> Answers:
        from scipy.special import stdtrit

        fit = estimators.ols(sample.y, sample.x)
        slope = fit.slope[..., 0]
        se, p = (fit.se_hc3, fit.p_hc3) if robust else (fit.se, fit.p)
        reach = stdtrit(sample.n - 2, 1 - sample.alpha / 2) * se[..., 0]
        return sample.decided(slope, p[..., 0], slope - reach, slope + reach)

    return answer


def _bootstrap(method: str) -> Callable[[_Sample], Answers]:
    def answer(sample: _Sample) -> Answers:
        r, _ = estimators.pearson(sample.x, sample.y)
        low, high = estimators.bootstrap_interval(
            sample.x, sample.y, sample.counts(sample.n), sample.level, method
        )
        return _decided_by_interval(r, low, high)

    return answer


def _paired(sample: _Sample) -> Answers:
    change = estimators.paired(sample.x, sample.changed)
    return sample.decided(change.d, change.p)


def _three(sample: _Sample) -> tuple[np.ndarray, ...]:
    return tuple(
        estimators.pearson(*pair)[0]
        for pair in ((sample.x, sample.y), (sample.x, sample.later), (sample.y, sample.later))
    )


def _williams(sample: _Sample) -> Answers:
    now, later, tie = _three(sample)
    return sample.decided(now - later, estimators.williams_test(now, later, tie, sample.n)[1])


def _zou(sample: _Sample) -> Answers:
    now, later, tie = _three(sample)
    return _decided_by_interval(now - later, *estimators.zou_interval(now, later, tie, sample.n, sample.level))


_ANSWER: dict[str, Callable[[_Sample], Answers]] = {
    "pearson": _pearson,
    "spearman": _spearman,
    "ols": _slope(robust=False),
    "hc3": _slope(robust=True),
    "percentile": _bootstrap("percentile"),
    "bca": _bootstrap("bca"),
    "paired": _paired,
    "williams": _williams,
    "zou": _zou,
}


def _where_finite(r: np.ndarray, interval: Callable[[np.ndarray], tuple]) -> tuple[np.ndarray, np.ndarray]:
    """An interval of each correlation that there is."""
    known = np.isfinite(r)
    ends = interval(np.where(known, r, 0.0))
    return tuple(np.where(known, end, np.nan) for end in ends)


@dataclass(frozen=True)
class _Scores:
    """A margin as a step function of a standard normal, with mean 0 and SD 1."""

    margin: Margin
    values: np.ndarray = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "values", _unit_variance(np.arange(self.margin.mass.size), self.margin.mass))

    def of(self, normal: np.ndarray) -> np.ndarray:
        from scipy.special import ndtr

        return self.values[self.margin.scores(ndtr(normal)) - self.margin.low]

    def ranks(self) -> np.ndarray:
        """What midranks are in the population: the share of people below, and half of those level."""
        return _unit_variance(np.cumsum(self.margin.mass) - self.margin.mass / 2, self.margin.mass)


def _unit_variance(values: np.ndarray, mass: np.ndarray) -> np.ndarray:
    values = values - mass @ values
    return values / math.sqrt(mass @ values**2)


@dataclass(frozen=True)
class Work:
    """A grid with all that a worker needs."""

    grid: Grid
    seed: int
    scores: tuple[_Scores, _Scores] | None = None

    @classmethod
    def of(cls, grid: Grid, seed: int) -> Work:
        scores = tuple(map(_Scores, _margins(grid.variables))) if grid.shape == "scores" else None
        return cls(grid, _inputs.whole("seed", seed, 0), scores)

    def target(self, cell: Cell) -> float:
        """The true value of what a cell estimates."""
        if cell.estimator == "paired":
            return self.grid.d
        if cell.estimator in THREE:
            return cell.r - self.grid.second
        if self.scores is None:
            return 6 / math.pi * math.asin(cell.r / 2) if cell.estimator == "spearman" else cell.r
        ranks = cell.estimator == "spearman"
        steps = [(s.margin.mass, s.ranks() if ranks else s.values) for s in self.scores]
        return step_correlation(cell.r, *steps)

    def answers(self, chunk: int, size: int) -> Iterator[tuple[Cell, Answers]]:
        """What each cell says about each of the first `size` trials of a chunk."""
        for sample in self._samples(chunk, size):
            yield from sample

    def _samples(self, chunk: int, size: int) -> Iterator[Iterator[tuple[Cell, Answers]]]:
        grid, most = self.grid, max(self.grid.n)
        # Participants come first, so that those of a small trial begin those of a large one.
        # Whole chunks are drawn, so that a part of one equals its beginning.
        x, rest = chunk_rng(self.seed, chunk).standard_normal((most, 2, CHUNK))[..., :size].swapaxes(0, 1)
        third = uniform = None
        if set(grid.estimator) & set(THREE):
            third = chunk_rng(self.seed, chunk, 1).standard_normal((most, CHUNK))[:, :size]
        if any(grid.dropout):
            uniform = chunk_rng(self.seed, chunk, 2).random((most, CHUNK))[:, :size]

        for n in grid.n:

            @functools.cache
            def counts(complete: int) -> np.ndarray:
                rng = chunk_rng(self.seed, chunk, 3)
                return estimators.resample_counts(complete, grid.resamples, rng)

            def people(part: np.ndarray | None, n: int = n) -> np.ndarray | None:
                return None if part is None else np.ascontiguousarray(part[:n].T)

            drawn, missing = (people(x), people(rest), people(third)), people(uniform)
            for r in grid.r:
                columns, normal = self._columns(r, *drawn)
                for dropout in grid.dropout:
                    present = self._present(normal, missing, dropout)
                    yield self._cells(n, r, dropout, columns, present, counts)

    def _columns(self, r: float, x: np.ndarray, rest: np.ndarray, third: np.ndarray | None):
        """x, y, the second outcome, and y after a change; and y as a normal variable."""
        grid = self.grid
        y = r * x + math.sqrt(1 - r**2) * rest
        later = changed = None
        if third is not None:
            own, left = _third(r, grid.second, grid.tie)
            later = grid.second * x + own * rest + left * third
        if "paired" in grid.estimator:
            changed = y + grid.d
        if self.scores is None:
            return (x, y, later, changed), y
        return (self.scores[0].of(x), self.scores[1].of(y), later, changed), y

    def _present(self, y: np.ndarray, uniform: np.ndarray | None, dropout: float) -> np.ndarray | None:
        """Who has an outcome; None for everyone."""
        if dropout == 0:
            return None
        if self.grid.mechanism == "random":
            return uniform >= dropout
        from scipy.special import ndtr

        return uniform >= 2 * dropout * ndtr(y)

    def _cells(self, n, r, dropout, columns, present, counts) -> Iterator[tuple[Cell, Answers]]:
        """Each estimator on the trials, those with equally many complete participants together."""
        size = len(columns[0])
        groups = [(slice(None), columns)]
        if present is not None:
            groups = []
            complete = present.sum(axis=1)
            for m in np.unique(complete[complete >= LEAST]):
                rows = np.flatnonzero(complete == m)
                here = present[rows]
                groups.append(
                    (rows, [None if c is None else c[rows][here].reshape(len(rows), m) for c in columns])
                )
        for estimator in self.grid.estimator:
            ends = 4 if ESTIMATORS[estimator][0] else 2
            whole = np.full((ends, size), np.nan)
            for rows, parts in groups:
                answers = _ANSWER[estimator](_Sample(*parts, self.grid.level, counts))
                whole[:, rows] = answers[:ends]
            yield Cell(estimator, n, r, dropout), Answers(*whole)

    def sums(self, chunk: int, size: int) -> np.ndarray:
        """The `SUMS` of each cell over the first `size` trials of a chunk, in the order of the cells."""
        place = {cell: i for i, cell in enumerate(self.grid.cells())}
        sums = np.zeros((len(place), len(SUMS)))
        for cell, answers in self.answers(chunk, size):
            sums[place[cell]] = _summed(answers, self.target(cell))
        return sums


def _summed(answers: Answers, target: float) -> list[float]:
    parts = [part for part in answers if part is not None]
    known = np.isfinite(parts).all(axis=0)
    estimate = answers.estimate[known]
    significant = answers.significant[known] == 1
    size = np.abs(estimate[significant])
    wrong = np.sign(estimate[significant]) == -np.sign(target) if target else np.zeros(0)
    covered = width = np.zeros(0)
    if answers.low is not None:
        low, high = answers.low[known], answers.high[known]
        covered, width = (low <= target) & (target <= high), high - low
    return [
        known.sum(), significant.sum(), wrong.sum(), estimate.sum(), (estimate**2).sum(),
        size.sum(), (size**2).sum(), covered.sum(), width.sum(),
    ]  # fmt: skip


# --- the table --------------------------------------------------------------------------------


def chunk_sizes(replicates: int) -> dict[int, int]:
    """How many trials of each chunk are wanted."""
    replicates = _inputs.whole("replicates", replicates, 1)
    return {c: min(CHUNK, replicates - c * CHUNK) for c in range(math.ceil(replicates / CHUNK))}


def tabulate(work: Work, sizes: Mapping[int, int], found: Mapping[int, np.ndarray]) -> pd.DataFrame:
    """The table of `analyze` from the sums of the chunks, added in their order."""
    grid, total = work.grid, np.zeros((len(work.grid.cells()), len(SUMS)))
    for chunk in sorted(sizes):
        total = total + found[chunk]
    rows = [
        _row(work, cell, sum(sizes.values()), dict(zip(SUMS, sums, strict=True)))
        for cell, sums in zip(grid.cells(), total.tolist(), strict=True)
    ]
    return pd.DataFrame(rows)


def _row(work: Work, cell: Cell, replicates: int, sums: dict[str, float]) -> dict[str, Any]:
    grid, target = work.grid, work.target(cell)
    computed, significant = sums["computed"], sums["significant"]

    def mean(total: str, over: float) -> float:
        return sums[total] / over if over else math.nan

    def spread(total: str, over: float) -> float:
        """The SD from a sum and a sum of squares."""
        if over < 2:
            return math.nan
        return math.sqrt(max(0.0, sums[f"{total}_squared"] - sums[total] ** 2 / over) / (over - 1))

    def share_error(share: float, over: float) -> float:
        return math.sqrt(share * (1 - share) / over) if over else math.nan

    row: dict[str, Any] = {**cell._asdict(), "mechanism": grid.mechanism if cell.dropout else ""}
    three, change = cell.estimator in THREE, cell.estimator == "paired"
    row |= {
        "shape": grid.shape,
        "second": grid.second if three else math.nan,
        "tie": grid.tie if three else math.nan,
        "d": grid.d if change else math.nan,
        "level": grid.level,
        "replicates": replicates,
        "computed": int(computed),
    }
    power = mean("significant", computed)
    figures = {
        "target": target,
        "mean": mean("estimate", computed),
        "sd": spread("estimate", computed),
        "power": power,
        "power_error": share_error(power, computed),
    }
    wrong = mean("wrong_sign", significant) if target else math.nan
    scale = abs(target) if target else math.nan
    figures |= {
        "type_s": wrong,
        "type_s_error": share_error(wrong, significant),
        "type_m": mean("size", significant) / scale,
        "type_m_error": spread("size", significant) / math.sqrt(significant or math.nan) / scale,
    }
    has_interval = ESTIMATORS[cell.estimator][0]
    covered = mean("covered", computed) if has_interval else math.nan
    figures |= {
        "coverage": covered,
        "coverage_error": share_error(covered, computed),
        "width": mean("width", computed) if has_interval else math.nan,
    }
    # The last digits of a sum hang on the processor; nobody needs them.
    row |= {name: float(f"{value:.10g}") for name, value in figures.items()}
    return {name: row[name] for name in COLUMNS}


#: The columns of the table.
COLUMNS = (
    "estimator", "n", "r", "dropout", "mechanism", "shape", "second", "tie", "d", "level",
    "target", "replicates", "computed", "mean", "sd", "power", "power_error", "type_s",
    "type_s_error", "type_m", "type_m_error", "coverage", "coverage_error", "width",
)  # fmt: skip


# --- where the work is done --------------------------------------------------------------------


def jobs(n_jobs: int) -> int:
    """The number of worker processes, or a sentence that names it."""
    import os

    if n_jobs == -1:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if n_jobs != int(n_jobs) or n_jobs < 1:
        raise ValueError(f"n_jobs must be a whole number of at least 1, or -1 for one a core, not {n_jobs}")
    return int(n_jobs)


def run(
    work: Work, sizes: Mapping[int, int], n_jobs: int = 1, scheduler: str | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Chunks and their sums, as they get ready."""
    wanted = list(sizes.items())
    if not wanted:
        return
    with _cluster(scheduler) as client:
        # The first one here: a fault shows at once, and the time says how to share the rest.
        (first, size), *rest = wanted
        if rest:  # what is loaded or compiled once must not count
            for _ in work.answers(first, 1):
                pass
        start = time.perf_counter()
        sums = work.sums(first, size)
        took = time.perf_counter() - start
        yield first, sums
        many = max(1, min(200, round(TASK_SECONDS / max(took, 1e-6))))
        tasks = [rest[i : i + many] for i in range(0, len(rest), many)]
        if client is not None:
            results = _on_cluster(client, work, tasks)
        elif n_jobs > 1 and took * len(rest) > SMALL_SECONDS:
            results = _on_cores(n_jobs, work, tasks)
        else:
            results = (_task(work, [one]) for one in rest)
        with contextlib.closing(results):
            for _, done in results:
                yield from done


def _task(work: Work, chunks: list[tuple[int, int]]) -> tuple[dict[str, str], list[tuple[int, np.ndarray]]]:
    """Some chunks, and what computed them."""
    return fingerprint(), [(chunk, work.sums(chunk, size)) for chunk, size in chunks]


def _on_cores(n_jobs: int, work: Work, tasks: list) -> Iterator:
    """The tasks on processes of this computer, as they get ready."""
    from concurrent.futures.process import BrokenProcessPool

    from joblib import Parallel, delayed

    left = {task[0][0]: task for task in tasks}
    for _ in range(4):  # a process that was killed takes all with it: begin again with the rest
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
        try:
            with _deaf(), _quiet():
                results = parallel(delayed(_task)(work, task) for task in list(left.values()))
            for prints, done in results:
                del left[done[0][0]]
                yield prints, done
            return
        except BrokenProcessPool:
            continue
    raise WorkerError("worker processes were ended again and again; perhaps they need more memory than there is")


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Processes that start here never hear a Ctrl-C: the command does, and ends them quietly."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """joblib's tracker of files, which starts here, says nothing of a file that is already gone."""
    import os

    before = os.environ.get("PYTHONWARNINGS")
    more = "ignore:resource_tracker:UserWarning"
    os.environ["PYTHONWARNINGS"] = f"{before},{more}" if before else more
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


def fingerprint() -> dict[str, str]:
    """What the figures hang on beside the seed: the same versions, the same bytes."""
    import scipy

    import helpers

    return {
        "helpers": f"{helpers.__version__}+{_source_digest()}",
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }


@functools.cache
def _source_digest() -> str:
    digest = hashlib.sha256()
    for name in ("design_analysis", "estimators", "replicates", "population", "_bootstrap", "_inputs"):
        digest.update((Path(__file__).with_name(f"{name}.py")).read_bytes())
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def _cluster(scheduler: str | None) -> Iterator[Any]:
    """A connection to a Dask scheduler whose workers have our versions; None without an address."""
    if scheduler is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        raise WorkerError(
            "a scheduler needs dask.distributed, which is not installed: "
            'pip install "bond-or-drug-helpers[cluster]"'
        ) from None
    # Its logs say in forty lines what our errors say in one.
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "distributed"]
    levels = {name: logging.getLogger(name).level for name in {"distributed", *names}}
    for name in levels:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        try:
            client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise WorkerError(
                f"no Dask scheduler answers at {scheduler}: {str(error) or type(error).__name__}"
            ) from None
        with contextlib.closing(client):
            _check(client, scheduler)
            yield client
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _check(client, scheduler: str) -> None:
    """Whether there are workers, all with our versions."""
    if not client.scheduler_info(n_workers=-1)["workers"]:
        raise WorkerError(
            f"the scheduler at {scheduler} has no workers: start some with "
            f"dask worker {scheduler} --no-nanny --nthreads 1"
        )
    try:
        theirs = client.run(fingerprint)
    except Exception as error:
        raise WorkerError(
            "a worker cannot load this package; every worker needs the same version of "
            f"bond-or-drug-helpers as this computer ({type(error).__name__}: {error})"
        ) from None
    for worker, prints in theirs.items():
        _same(prints, worker)


def _same(theirs: dict[str, str], worker: str = "a worker") -> None:
    ours = fingerprint()
    other = [f"{name} {theirs.get(name)} instead of {ours[name]}" for name in ours if theirs.get(name) != ours[name]]
    if other:
        raise WorkerError(
            f"{worker} has {', '.join(other)}; every worker needs the same versions as this computer, "
            "or the figures would hang on who computed them"
        )


def _on_cluster(client, work: Work, tasks: list) -> Iterator:
    """The tasks on a Dask cluster, as they get ready.

    Not through joblib's Dask backend: it hands results back only in the order of the tasks,
    and a run that is interrupted should keep whatever is ready.
    """
    from concurrent.futures import CancelledError

    from distributed import wait
    from distributed.scheduler import KilledWorker

    waiting, out, lost_at = iter(tasks), set(), None
    try:
        while True:
            workers = client.scheduler_info(n_workers=-1)["workers"]
            threads = sum(worker["nthreads"] for worker in workers.values())
            # A few for each thread keep all busy; more would only burden the scheduler.
            for task in itertools.islice(waiting, max(0, 4 * max(threads, 1) - len(out))):
                out.add(client.submit(_task, work, task, pure=False))
            if not out:
                return
            try:
                with client.as_current():
                    done, out = wait(out, timeout=min(2.0, LOST_SECONDS / 4), return_when="FIRST_COMPLETED")
            except TimeoutError:
                done = set()
            for future in done:
                prints, results = future.result()
                _same(prints)
                yield prints, results
            if done or threads:
                lost_at = None
            elif lost_at is None:
                lost_at = time.monotonic()
            elif time.monotonic() - lost_at > LOST_SECONDS:
                raise WorkerError(f"all workers have been gone for {LOST_SECONDS:.0f} seconds")
    except (CancelledError, OSError):
        raise WorkerError("the scheduler was lost") from None
    except KilledWorker as error:
        raise WorkerError(f"the same task ended several workers ({error})") from None
    finally:
        client.cancel(list(out))


@contextlib.contextmanager
def bar(wanted: bool, total: int, done: int = 0) -> Iterator[Callable[[int], Any]]:
    """What moves a progress bar on stderr, with the time that is left; or nothing."""
    if not wanted:
        yield lambda size: None
        return
    from tqdm import tqdm

    with tqdm(
        desc="replicates", total=total, initial=done, mininterval=0.5, unit="", unit_scale=True
    ) as shown:
        yield shown.update


# --- scores -----------------------------------------------------------------------------------


def _margins(variables: tuple[str, str]) -> list[Margin]:
    """The two margins in the completed population, the same in all groups."""
    from helpers.codebook import read_assumptions, read_codebook
    from helpers.population import complete_population
    from helpers.published import read_ledger

    ledger = read_ledger()
    codebook = read_codebook(ledger=ledger)
    population = complete_population(ledger, codebook, read_assumptions(codebook=codebook))
    of = {name: [m for (variable, _), m in population.margins.items() if variable == name] for name in population.names}
    same = [name for name, margins in of.items() if len({(m.low, m.mass.tobytes()) for m in margins}) == 1]
    for name in variables:
        if name not in of:
            raise ValueError(f"variables: {name!r} is none of {', '.join(of)}")
        if name not in same:
            raise ValueError(
                f"variables: {name!r} is distributed differently in the groups; take two of {', '.join(same)}"
            )
    return [of[name][0] for name in variables]


def step_correlation(
    r: float, one: tuple[np.ndarray, np.ndarray], two: tuple[np.ndarray, np.ndarray]
) -> float:
    """The correlation of two step functions of normal variables that correlate `r`.

    Each is given as the probabilities of its steps and their values, which have mean 0 and
    variance 1. With Hermite coefficients a_k and b_k it is the sum of a_k b_k r^k over k
    (Mehler's formula).

    Examples
    --------
    >>> half = np.array([0.5, 0.5]), np.array([-1.0, 1.0])
    >>> round(step_correlation(0.5, half, half), 6)  # 2 / pi asin(r)
    0.333333
    """
    terms = 1 if r == 0 else min(4000, max(20, math.ceil(math.log(1e-16) / math.log(abs(r)))))
    powers = float(r) ** np.arange(1, terms + 1)
    return float(powers @ (_hermite(*one, terms) * _hermite(*two, terms)))


def _hermite(mass: np.ndarray, values: np.ndarray, terms: int) -> np.ndarray:
    """Coefficients of a step function on the normalized Hermite polynomials 1, 2, ..."""
    from scipy.special import ndtri

    below = np.cumsum(mass)[:-1]
    inner = (below > 0) & (below < 1)
    edges, jumps = ndtri(below[inner]), np.diff(values)[inner]
    # The part above an edge c of polynomial k is phi(c) He_(k-1)(c) / sqrt(k!).
    now = np.exp(-(edges**2) / 2) / math.sqrt(2 * math.pi)
    before = np.zeros_like(now)
    found = np.empty(terms)
    for k in range(1, terms + 1):
        found[k - 1] = jumps @ now / math.sqrt(k)
        before, now = now, (edges * now - math.sqrt(k - 1) * before) / math.sqrt(k)
    return found


# --- without a grid ----------------------------------------------------------------------------


def power_of_r(r: ArrayLike, n: ArrayLike, alpha: float = 0.05) -> Any:
    """Power of the two-sided t test of a Pearson correlation, exact.

    In bivariate normal data r / sqrt(1 - r^2) is distributed as (Z + rho / sqrt(1 - rho^2) A)
    / B, with Z normal, A and B chi with n - 1 and n - 2 degrees of freedom, all independent
    (Ruben, 1966). A double Gauss-Legendre rule takes the mean over A and B.

    Parameters
    ----------
    r : array_like
        True correlation, strictly between -1 and 1.
    n : array_like of int
        Participants, at least 3; broadcast against `r`.
    alpha : float
        Level of the test, between 0 and 1.

    Returns
    -------
    float or numpy.ndarray
        The probability of p < alpha; `alpha` itself where r is 0.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> round(power_of_r(-0.45, 24), 5)
    0.62075
    >>> power_of_r(0.278, [16, 20, 23, 24]).round(3).tolist()
    [0.182, 0.223, 0.253, 0.263]
    """
    r = _inputs.numbers("r", r, -1, 1)
    n = _inputs.wholes("n", n, 3)
    alpha = _inputs.share("alpha", alpha)
    if np.any(np.abs(r) == 1):
        raise ValueError("r must lie strictly between -1 and 1")
    r, n = np.broadcast_arrays(r, n)
    power = np.empty(r.shape)
    for size in np.unique(n):
        here = n == size
        power[here] = _power(r[here], int(size), alpha)
    return _inputs.plain(power)


def _power(r: np.ndarray, n: int, alpha: float) -> np.ndarray:
    from scipy.special import ndtr, stdtrit

    (a, weight_a), (b, weight_b) = _chi_rule(n - 1), _chi_rule(n - 2)
    edge = stdtrit(n - 2, 1 - alpha / 2) / math.sqrt(n - 2) * b
    power = np.empty(r.shape)
    for i, rho in enumerate(r.flat):
        shift = abs(rho) / math.sqrt(1 - rho**2) * a[:, None]
        power.flat[i] = weight_a @ (ndtr(shift - edge) + ndtr(-shift - edge)) @ weight_b
    return power


@functools.lru_cache(maxsize=256)
def _chi_rule(df: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of the mean over a chi distribution.

    Its SD is at most 0.71, so that nine to each side leave nothing out. With few degrees of
    freedom the edge of significance is steep.
    """
    from scipy.special import gammaln

    middle = math.sqrt(max(df - 0.5, 0.0))
    low, high = max(0.0, middle - 6.5), middle + 6.5
    points, weights = np.polynomial.legendre.leggauss(80 if df > 10 else 300)
    x = low + (high - low) * (points + 1) / 2
    log_density = (df - 1) * np.log(x) - x**2 / 2 - (df / 2 - 1) * math.log(2) - gammaln(df / 2)
    weights = weights * np.exp(log_density)
    return x, weights / weights.sum()


def n_for_power(r: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """The fewest participants with whom a true correlation is found with some power.

    Parameters
    ----------
    r : float
        True correlation, between -1 and 1 and not 0.
    power : float
        Wanted, above `alpha` and below 1.
    alpha : float
        Level of the two-sided t test.

    Returns
    -------
    int
        At least 4.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> n_for_power(0.278), n_for_power(0.278, power=0.9)
    (99, 131)
    """
    r = _strictly_inside("r", r)
    power, alpha = _power_above(power, alpha)
    if abs(r) < 1e-4:
        raise ValueError(f"r must not be 0, nor so near to it as {r:g}: no number of participants will do")
    return _fewest(lambda n: power_of_r(r, n, alpha) >= power, 4)


def n_for_width(r: float, width: float, level: float = 0.95) -> int:
    """The fewest participants whose Fisher interval is at most so wide (Bonett and Wright, 2000).

    Parameters
    ----------
    r : float
        The correlation about which the interval will lie, strictly between -1 and 1.
    width : float
        Upper minus lower end, above 0 and below 2.
    level : float
        Confidence.

    Returns
    -------
    int
        At least 4.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> n_for_width(-0.45, 0.3)
    111
    """
    r, level = _strictly_inside("r", r), _inputs.confidence(level)
    if not 0.001 <= _inputs.number("width", width) < 2:
        raise ValueError(f"width must be from 0.001 to below 2, not {width:g}")

    def narrow(n: int) -> bool:
        low, high = estimators.fisher_interval(r, n, level)
        return high - low <= width

    return _fewest(narrow, 4)


class Needed(NamedTuple):
    """What `n_for_difference` gives.

    Attributes
    ----------
    n : int
        The fewest participants with the wanted power, as simulated.
    low, high : int
        Where the simulated power, 1.96 Monte Carlo errors up or down, reaches it.
    power, power_error : float
        Simulated at `n`, and its Monte Carlo standard error.
    """

    n: int
    low: int
    high: int
    power: float
    power_error: float


def n_for_difference(
    r: float,
    second: float,
    tie: float,
    power: float = 0.8,
    alpha: float = 0.05,
    replicates: int = 20_000,
    seed: int = 1,
) -> Needed:
    """The fewest participants with whom a difference of two dependent correlations is found.

    The power of Williams' test (`helpers.estimators.williams_test`) over simulated studies.
    Every study is drawn as its sums of squares and products alone (Bartlett, 1933), all
    sizes from the same random numbers, so that power hardly ever falls as n rises.

    Parameters
    ----------
    r, second : float
        The true correlations of x with the one outcome and with the other.
    tie : float
        The true correlation of the two outcomes.
    power, alpha
        As for `n_for_power`.
    replicates : int
        Simulated studies of each size, at least 1,000.
    seed : int
        Same seed, same answer.

    Returns
    -------
    Needed
        The number, and how far Monte Carlo error leaves it open.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or the correlations cannot go together.

    Examples
    --------
    >>> n_for_difference(-0.45, -0.20, 0.6, replicates=5000).n
    85
    """
    r, second, tie = (_strictly_inside(*one) for one in (("r", r), ("second", second), ("tie", tie)))
    own, left = _third(r, second, tie)
    if abs(r - second) < 0.01:
        raise ValueError("r and second must differ by 0.01 at least: smaller differences are out of reach")
    power, alpha = _power_above(power, alpha)
    replicates = _inputs.whole("replicates", replicates, 1000)
    rng = chunk_rng(_inputs.whole("seed", seed, 0), 0)
    normal, uniform = rng.standard_normal((3, replicates)), rng.random((3, replicates))
    root = np.array([[1, 0, 0], [r, math.sqrt(1 - r**2), 0], [second, own, left]])

    @functools.cache
    def simulated(n: int) -> float:
        xy, xz, yz = _three_correlations(root, n, normal, uniform)
        return float((estimators.williams_test(xy, xz, yz, n)[1] < alpha).mean())

    def reaches(errors: float) -> Callable[[int], bool]:
        def enough(n: int) -> bool:
            share = simulated(n)
            return share + errors * math.sqrt(share * (1 - share) / replicates) >= power

        return enough

    n, low, high = (_fewest(reaches(errors), 5) for errors in (0.0, 1.96, -1.96))
    share = simulated(n)
    return Needed(n, low, high, share, math.sqrt(share * (1 - share) / replicates))


def _three_correlations(root: np.ndarray, n: int, normal: np.ndarray, uniform: np.ndarray) -> list[np.ndarray]:
    """Correlations of the first variable with the second and third, and of these, in studies of n.

    `root` is the Cholesky root of the true correlations. Bartlett (1933): the root of the
    sums of squares and products has independent chi variables with n - 1, n - 2 and n - 3
    degrees of freedom in its diagonal, and normal ones below.
    """
    from scipy.special import gammaincinv

    chi = [np.sqrt(2 * gammaincinv((n - 1 - i) / 2, uniform[i])) for i in range(3)]
    zero = np.zeros_like(chi[0])
    standard = np.array([[chi[0], zero, zero], [normal[0], chi[1], zero], [*normal[1:], chi[2]]])
    rows = np.einsum("ij,jks->iks", root, standard)
    rows /= np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return [np.clip((rows[i] * rows[j]).sum(axis=0), -1, 1) for i, j in ((0, 1), (0, 2), (1, 2))]


def _fewest(enough: Callable[[int], bool], least: int) -> int:
    """The smallest whole number that is enough, when every larger one is."""
    if enough(least):
        return least
    high = least
    while not enough(high := 2 * high):
        pass
    low = high // 2  # not enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


# --- checks -------------------------------------------------------------------------------------


def _strictly_inside(name: str, value: Any) -> float:
    number = _inputs.number(name, value)
    if not -1 < number < 1:
        raise ValueError(f"{name} must lie strictly between -1 and 1, not {number:g}")
    return number + 0.0  # no minus zero


def _one_of(name: str, value: Any, names: tuple[str, ...]) -> None:
    if value not in names:
        raise ValueError(f"{name} must be one of {', '.join(names)}, not {value!r}")


def _power_above(power: float, alpha: float) -> tuple[float, float]:
    """A wanted power and a level, the power above the level."""
    alpha = _inputs.share("alpha", alpha)
    if not alpha < _inputs.number("power", power) < 1:
        raise ValueError(f"power must be above alpha and below 1, not {power:g}")
    return float(power), alpha


def _third(r: float, second: float, tie: float) -> tuple[float, float]:
    """How the second outcome is made of y's own part and of a part of its own.

    With x and y's own part it has the true correlations `second` and `tie`; the two numbers
    are the last row of the Cholesky root, without its first.
    """
    determinant = 1 - r**2 - second**2 - tie**2 + 2 * r * second * tie
    if determinant < 1e-10:
        raise ValueError(
            f"no data can have these three correlations together: r = {r:g}, second = {second:g}, tie = {tie:g}"
        )
    return (tie - r * second) / math.sqrt(1 - r**2), math.sqrt(determinant / (1 - r**2))


def as_dict(grid: Grid) -> dict[str, Any]:
    """A grid as JSON gives it back."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(grid).items()}


def main(arguments: list[str] | None = None) -> int:
    """The command line of this module; see `helpers.cli_design`.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the command line.

    Returns
    -------
    int
        The exit code; ``--help`` lists them.
    """
    from helpers.cli_design import main as run

    return run(arguments)


if __name__ == "__main__":
    import sys

    sys.exit(main())
