"""The correlation matrix that published numbers leave incomplete.

Some entries are printed, some are only bounded ("not significant"), most are nowhere.
A matrix of correlations has no negative eigenvalue, so the known entries limit the
unknown ones, or contradict one another. Here stands which matrices are left, the one with
the largest determinant among them, and how far each entry can go.

One routine does the work: Newton's method on a logarithmic barrier (Boyd and Vandenberghe,
2004, chapter 11). A set of entries counts as feasible when some matrix within all
intervals has no eigenvalue below -1e-9.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import _inputs

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Incomplete",
    "InfeasibleError",
    "bounds",
    "complete",
    "complete_table",
    "contradiction",
    "feasible",
    "session_peak_correlation",
]

Pair = tuple[str, str]
Rows = tuple[str, ...]

_TOLERANCE = 1e-9  # smallest eigenvalue that still counts as zero
_POINT = 1e-10  # an interval that is narrower is one point
_GAP = 1e-8  # certified distance of a bound from the exact one
_MARGIN = 1e-6  # what relax adds to the least slack


class InfeasibleError(ValueError):
    """No correlation matrix has these entries.

    Parameters
    ----------
    message : str
        What contradicts what.
    rows : tuple of str
        The contradicting ledger rows, in the order of the entries.

    Examples
    --------
    >>> InfeasibleError("r1 and r2 exclude one another", ("r1", "r2")).rows
    ('r1', 'r2')
    """

    def __init__(self, message: str, rows: Rows):
        super().__init__(message)
        self.rows = tuple(rows)


@dataclass(frozen=True, eq=False)
class Incomplete:
    """A correlation matrix of which some entries are known.

    Build it with `from_entries`, which checks everything.

    Attributes
    ----------
    names : tuple of str
        The V variables.
    value : numpy.ndarray
        V x V, symmetric, diagonal 1, NaN where no value is known.
    low, high : numpy.ndarray
        V x V, symmetric, the interval of each entry: -1 and 1 where it is free, 1 on the
        diagonal.
    rows : dict
        The ledger rows or assumptions behind each pair; the pair in the order of `names`.
    entries : tuple
        The entries as given, ``(x, y, low, high, value or None, rows)``.

    Examples
    --------
    >>> known = [("a", "b", 0.55, 0.65, 0.6, ("r1",)), ("b", "c", -0.4, 0.4, None, ("r2",))]
    >>> problem = Incomplete.from_entries("abc", known)
    >>> problem.free_pairs()
    [('a', 'c'), ('b', 'c')]
    >>> problem.rows["a", "b"]
    ('r1',)
    """

    names: tuple[str, ...]
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rows: dict[Pair, Rows]
    entries: tuple[tuple[str, str, float, float, float | None, Rows], ...] = ()

    @classmethod
    def from_entries(cls, names: Iterable[str], entries: Iterable[Sequence[Any]]) -> Incomplete:
        """The problem that a list of entries poses.

        Parameters
        ----------
        names : iterable of str
            The variables, each once.
        entries : iterable
            ``(x, y, low, high, value, rows)``. `value` is None or NaN where only the
            interval is known. The interval is cut to -1 to 1. Entries of the same pair
            are intersected; the value is then the mean of theirs, moved into the
            intersection if it lies outside.

        Returns
        -------
        Incomplete
            The problem.

        Raises
        ------
        InfeasibleError
            If two entries of the same pair have no number in common.
        ValueError
            If there is no name or a double one, or an entry has an unknown name, the same
            name twice, no row, limits in the wrong order or not finite, or a value
            outside its limits.

        Examples
        --------
        >>> twice = [("a", "b", 0.1, 0.2, None, ("r1",)), ("b", "a", 0.3, 0.4, None, ("r2",))]
        >>> Incomplete.from_entries("ab", twice)
        Traceback (most recent call last):
        ...
        helpers.completion.InfeasibleError: r1 and r2 exclude one another: they put the ...
        """
        names = tuple(names)
        if not names:
            raise ValueError("names must hold at least one variable")
        place = {name: i for i, name in enumerate(names)}
        if len(place) < len(names):
            double = next(name for i, name in enumerate(names) if place[name] != i)
            raise ValueError(f"each name must stand once, but {double!r} stands twice")
        checked = tuple(_entry(place, *entry) for entry in entries)
        low, high = _intervals(len(names), place, checked)
        by_pair: dict[Pair, list] = {}
        for entry in checked:
            by_pair.setdefault(entry[:2], []).append(entry)
        value = np.full(low.shape, np.nan)
        np.fill_diagonal(value, 1.0)
        for (x, y), group in by_pair.items():
            a, b = place[x], place[y]
            if low[a, b] > high[a, b] + 1e-12:
                raise _exclusion(x, y, group)
            if low[a, b] > high[a, b]:  # they touch, but for the last digit of a float
                low[a, b] = low[b, a] = high[a, b]
            printed = [entry[4] for entry in group if entry[4] is not None]
            if printed:
                middle = math.fsum(printed) / len(printed)
                value[a, b] = value[b, a] = min(max(middle, low[a, b]), high[a, b])
        rows = {
            pair: tuple(dict.fromkeys(row for entry in group for row in entry[5]))
            for pair, group in by_pair.items()
        }
        for array in (value, low, high):
            array.flags.writeable = False
        return cls(names, value, low, high, rows, checked)

    def free_pairs(self) -> list[Pair]:
        """The pairs without a value, whether bounded or not, in the order of `names`.

        Returns
        -------
        list of tuple of str
            The pairs.

        Examples
        --------
        >>> Incomplete.from_entries("ab", []).free_pairs()
        [('a', 'b')]
        """
        return [
            (self.names[i], self.names[j])
            for i, j in zip(*np.triu_indices(len(self.names), 1), strict=True)
            if np.isnan(self.value[i, j])
        ]


# --- what is possible -----------------------------------------------------------------


def feasible(problem: Incomplete) -> bool:
    """Whether some correlation matrix has every entry in its interval.

    Parameters
    ----------
    problem : Incomplete
        The known entries.

    Returns
    -------
    bool
        True when a matrix with unit diagonal, all entries in their intervals, has no
        eigenvalue below -1e-9.

    Examples
    --------
    >>> known = [("a", "b", 0.9, 0.9, 0.9, ("r1",)), ("b", "c", 0.9, 0.9, 0.9, ("r2",))]
    >>> feasible(Incomplete.from_entries("abc", known))
    True
    >>> known.append(("a", "c", -0.9, -0.9, -0.9, ("r3",)))
    >>> feasible(Incomplete.from_entries("abc", known))
    False
    """
    return _most_definite(problem.low, problem.high)[0] >= -_TOLERANCE


def contradiction(problem: Incomplete) -> Rows:
    """A smallest set of rows, in the sense of deletion, that exclude one another.

    The rows of one entry stand and fall together, and entries with the same rows do too.

    Parameters
    ----------
    problem : Incomplete
        The known entries.

    Returns
    -------
    tuple of str
        The rows, in the order of the entries; without any one entry's rows, the rest is
        feasible. Empty when the problem is feasible. Another such set may exist.

    Examples
    --------
    >>> known = [
    ...     ("a", "b", 0.9, 0.9, 0.9, ("r1",)),
    ...     ("b", "c", 0.9, 0.9, 0.9, ("r2",)),
    ...     ("c", "d", 0.1, 0.2, None, ("r3",)),
    ...     ("a", "c", -0.9, -0.9, -0.9, ("r4",)),
    ... ]
    >>> contradiction(Incomplete.from_entries("abcd", known))
    ('r1', 'r2', 'r4')
    """
    return tuple(dict.fromkeys(row for entry in _clash(problem) for row in entry[5]))


def bounds(problem: Incomplete, pairs: Iterable[Pair] | None = None) -> pd.DataFrame:
    """The lowest and the highest value that each pair can have.

    Every entry may move in its interval, those with a value too.

    Parameters
    ----------
    problem : Incomplete
        The known entries.
    pairs : iterable of tuple of str, optional
        The pairs wanted, every pair without a value by default.

    Returns
    -------
    pandas.DataFrame
        Columns ``x``, ``y``, ``low`` and ``high``, a row for each pair. A bound lies
        within 1e-6 of the exact one. If every possible matrix is singular (as with an
        entry of exactly 1 or -1), they are bounds over matrices with eigenvalues down to
        -1.2e-9, which can lie outside the exact ones by 5e-5.

    Raises
    ------
    InfeasibleError
        If no correlation matrix has these entries.
    ValueError
        If a pair is not one of two different variables.

    Examples
    --------
    >>> known = [("a", "b", 0.6, 0.6, 0.6, ("r1",)), ("b", "c", 0.8, 0.8, 0.8, ("r2",))]
    >>> bounds(Incomplete.from_entries("abc", known)).round(4)
       x  y  low  high
    0  a  c  0.0  0.96
    """
    import pandas as pd

    place = {name: i for i, name in enumerate(problem.names)}
    wanted = problem.free_pairs() if pairs is None else [_pair(place, *pair) for pair in pairs]
    slack, x = _most_definite(problem.low, problem.high)
    if slack < -_TOLERANCE:
        raise _infeasible(problem)
    space = _Space(problem.low, problem.high, ridge=_ridge(slack))
    x = _center(space, x, np.zeros(space.size), 1.0)
    found = [(a, b, *_ends(space, x, problem, place[a], place[b])) for a, b in wanted]
    return pd.DataFrame(found, columns=["x", "y", "low", "high"])


# --- one matrix -----------------------------------------------------------------------


def complete(problem: Incomplete, *, relax: bool = False) -> np.ndarray:
    """The completion with the largest determinant.

    It is the matrix of the normal distribution with the largest entropy (Dempster, 1972);
    it exists and is unique (Grone, Johnson, Sa and Wolkowicz, 1984). Its inverse is zero
    at every free entry that is not at a limit of its interval: given all other variables,
    such a pair is uncorrelated.

    Parameters
    ----------
    problem : Incomplete
        The known entries. Those with a value have that value if some positive definite
        matrix has all of them; otherwise they may lie anywhere in their intervals.
    relax : bool
        Whether to widen all intervals by the least slack that they have in common, and
        1e-6 more, when no positive definite matrix lies within them.

    Returns
    -------
    numpy.ndarray
        V x V, exactly symmetric, diagonal 1, to 10 decimal places. If every possible
        matrix is singular and `relax` is False, it is singular too, to about 1e-8.

    Raises
    ------
    InfeasibleError
        If no correlation matrix has these entries and `relax` is False.

    Examples
    --------
    >>> known = [("a", "b", 0.6, 0.6, 0.6, ("r1",)), ("b", "c", 0.8, 0.8, 0.8, ("r2",))]
    >>> float(complete(Incomplete.from_entries("abc", known))[0, 2])
    0.48
    """
    known = ~np.isnan(problem.value)
    low = np.where(known, problem.value, problem.low)
    high = np.where(known, problem.value, problem.high)
    slack, x = _most_definite(low, high)
    if slack <= _TOLERANCE:
        low, high = problem.low, problem.high
        slack, x = _most_definite(low, high)
    if slack <= _TOLERANCE and relax:
        low, high = _widened(low, high)
        slack, x = _most_definite(low, high)
    elif slack < -_TOLERANCE:
        raise _infeasible(problem)
    space = _Space(low, high, ridge=_ridge(slack))
    x = _largest_determinant(space, x)
    matrix = np.round(space.matrix(x), 10) + 0.0  # no negative zeros
    np.fill_diagonal(matrix, 1.0)
    return matrix


def complete_table(problem: Incomplete) -> pd.DataFrame:
    """Every pair: what is known, what is possible, and the completion.

    Parameters
    ----------
    problem : Incomplete
        The known entries.

    Returns
    -------
    pandas.DataFrame
        Columns ``x``, ``y``, ``kind`` ("fixed" with a value, "bounded" with an interval
        only, "free" with neither), ``low`` and ``high`` (see `bounds`), ``completion``
        (see `complete`) and ``rows``, joined by "; ".

    Raises
    ------
    InfeasibleError
        If no correlation matrix has these entries.

    Examples
    --------
    >>> known = [("a", "b", 0.6, 0.6, 0.6, ("r1",)), ("b", "c", 0.8, 0.8, 0.8, ("r2",))]
    >>> complete_table(Incomplete.from_entries("abc", known)).round(4)
       x  y   kind  low  high  completion rows
    0  a  b  fixed  0.6  0.60        0.60   r1
    1  a  c   free  0.0  0.96        0.48
    2  b  c  fixed  0.8  0.80        0.80   r2
    """
    names = problem.names
    i, j = np.triu_indices(len(names), 1)
    pairs = [(names[a], names[b]) for a, b in zip(i, j, strict=True)]
    bounded = (problem.low[i, j] > -1) | (problem.high[i, j] < 1)
    kind = np.where(bounded, "bounded", "free")
    kind = np.where(np.isnan(problem.value[i, j]), kind, "fixed")
    table = bounds(problem, pairs)
    table.insert(2, "kind", kind)
    table["completion"] = complete(problem)[i, j]
    table["rows"] = ["; ".join(problem.rows.get(pair, ())) for pair in pairs]
    return table


def session_peak_correlation(rho: float) -> float:
    """Correlation of one session's score with the higher score of two sessions.

    Both scores are standard normal with correlation `rho`. Their maximum has variance
    1 - (1 - rho) / pi and covariance (1 + rho) / 2 with either (Clark, 1961).

    Parameters
    ----------
    rho : float
        Correlation of the two scores, from -1 to 1.

    Returns
    -------
    float
        The correlation, from 0 (rho = -1) to 1 (rho = 1).

    Raises
    ------
    ValueError
        If `rho` is outside its range.

    Examples
    --------
    >>> round(session_peak_correlation(0), 4), round(session_peak_correlation(0.5), 4)
    (0.6056, 0.8179)
    """
    rho = float(_inputs.numbers("rho", rho, -1, 1))
    return (1 + rho) / 2 / math.sqrt(1 - (1 - rho) / math.pi)


# --- entries --------------------------------------------------------------------------


def _pair(place: dict[str, int], x: str, y: str) -> Pair:
    """The pair as given, if it is one of two different known variables."""
    for name in (x, y):
        if name not in place:
            raise ValueError(f"{name!r} is not one of the names")
    if x == y:
        raise ValueError(f"an entry needs two different variables, not {x!r} twice")
    return x, y


def _entry(place: dict[str, int], x, y, low, high, value, rows) -> tuple:
    """One entry, checked, its pair in the order of the names, its interval cut to -1 to 1."""
    rows = (rows,) if isinstance(rows, str) else tuple(rows)
    x, y = sorted(_pair(place, x, y), key=place.__getitem__)
    what = f"the entry of {x!r} and {y!r}"
    if not rows:
        raise ValueError(f"{what} needs at least one row")
    low = float(_inputs.numbers(f"low of {what}", low))
    high = float(_inputs.numbers(f"high of {what}", high))
    if low > high:
        raise ValueError(f"low of {what} must not be above high, but they are {low:g} and {high:g}")
    if low > 1 or high < -1:
        raise ValueError(f"{what} must overlap -1 to 1, but lies from {low:g} to {high:g}")
    low, high = max(low, -1.0), min(high, 1.0)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return x, y, low, high, None, rows
    value = float(_inputs.numbers(f"value of {what}", value))
    inside = min(max(value, low), high)
    if abs(value - inside) > 1e-12:  # a computed limit may be off by the last digit of a float
        raise ValueError(f"value of {what} must be from {low:g} to {high:g}, not {value:g}")
    return x, y, low, high, inside, rows


def _intervals(size: int, place: dict[str, int], entries) -> tuple[np.ndarray, np.ndarray]:
    """The lower and the upper limit of every entry, with the entries of a pair intersected."""
    low, high = -np.ones((size, size)), np.ones((size, size))
    np.fill_diagonal(low, 1.0)
    for x, y, bottom, top, _, _ in entries:
        a, b = place[x], place[y]
        low[a, b] = low[b, a] = max(low[a, b], bottom)
        high[a, b] = high[b, a] = min(high[a, b], top)
    return low, high


def _exclusion(x: str, y: str, group: list) -> InfeasibleError:
    """The error of entries of one pair: the first two that have no number in common."""
    first, second = next(
        (a, b)
        for k, b in enumerate(group)
        for a in group[:k]
        if max(a[2], b[2]) > min(a[3], b[3]) + 1e-12
    )
    return InfeasibleError(
        f"{' + '.join(first[5])} and {' + '.join(second[5])} exclude one another: they put the "
        f"correlation of {x!r} and {y!r} from {first[2]:g} to {first[3]:g} and from "
        f"{second[2]:g} to {second[3]:g}",
        tuple(dict.fromkeys(first[5] + second[5])),
    )


def _infeasible(problem: Incomplete) -> InfeasibleError:
    """The error of a problem that is not feasible, with a smallest set of rows."""
    clash = _clash(problem)
    shown = ", ".join(f"{' + '.join(rows)} ({x!r} and {y!r})" for x, y, _, _, _, rows in clash)
    return InfeasibleError(
        f"no correlation matrix has these entries together: {shown}. "
        "Without any one of them, there is one",
        tuple(dict.fromkeys(row for entry in clash for row in entry[5])),
    )


def _clash(problem: Incomplete) -> list[tuple]:
    """The entries of a smallest contradiction, in their order; none when feasible.

    A deletion filter: drop an entry for good whenever the others still contradict.
    Entries on which the most definite matrix does not lean go first, all at once.
    """
    size, place = len(problem.names), {name: i for i, name in enumerate(problem.names)}
    entries = list(problem.entries) or _printed(problem)

    def clashes(some: list[tuple]) -> bool:
        return _most_definite(*_intervals(size, place, some))[0] < -_TOLERANCE

    if not clashes(entries):
        return []
    _, _, force = _most_definite(problem.low, problem.high, with_force=True)
    pull: dict[Rows, float] = {}
    for x, y, _, _, _, rows in entries:
        pull[rows] = max(pull.get(rows, 0.0), abs(force[place[x], place[y]]))
    strong = [e for e in entries if pull[e[5]] > 1e-6 * max(pull.values())]
    kept = strong if clashes(strong) else entries
    for rows in sorted({e[5]: None for e in kept}, key=pull.__getitem__):
        rest = [e for e in kept if e[5] != rows]
        if clashes(rest):
            kept = rest
    return kept


def _printed(problem: Incomplete) -> list[tuple]:
    """The entries of a problem that was built without any: its intervals."""
    entries = []
    for i, j in zip(*np.triu_indices(len(problem.names), 1), strict=True):
        x, y = problem.names[i], problem.names[j]
        rows = tuple(problem.rows.get((x, y), (f"{x}, {y}",)))
        entries.append((x, y, problem.low[i, j], problem.high[i, j], None, rows))
    return [entry for entry in entries if entry[2] > -1 or entry[3] < 1]


# --- the matrices within the intervals ------------------------------------------------


class _Space:
    """The matrices R(x) + ridge * I, where x holds the entries that can move.

    An interval of one point is a constant. A limit at -1 or 1 is none, because no
    eigenvalue is negative. A last unknown s may be added: with ``slack="eigenvalue"`` the
    matrix is R(x) - s I, with ``slack="interval"`` the interval is low - s to high + s.
    """

    def __init__(self, low, high, *, ridge: float = 0.0, slack: str = ""):
        self.i, self.j = np.triu_indices(len(low), 1)
        width = high[self.i, self.j] - low[self.i, self.j]
        if slack != "interval":
            self.i, self.j = self.i[width > _POINT], self.j[width > _POINT]
        i, j = self.i, self.j
        self.constant = (low + high) / 2
        self.constant[i, j] = self.constant[j, i] = 0.0
        np.fill_diagonal(self.constant, 1.0 + ridge)
        self.low, self.high = low[i, j], high[i, j]
        self.below = np.flatnonzero(self.low > -1)
        self.above = np.flatnonzero(self.high < 1)
        self.of_matrix = float(slack == "eigenvalue")
        self.of_limits = float(slack == "interval")
        self.entries = len(i)
        self.size = self.entries + bool(slack)
        self.limits = len(self.below) + len(self.above)
        self.degree = len(low) + self.limits  # of the barrier: the gap is degree / t

    def matrix(self, x: np.ndarray) -> np.ndarray:
        """The matrix at x."""
        matrix = self.constant.copy()
        matrix[self.i, self.j] = matrix[self.j, self.i] = x[: self.entries]
        if self.of_matrix:
            matrix.flat[:: len(matrix) + 1] -= x[-1]
        return matrix

    def direction(self, step: np.ndarray) -> np.ndarray:
        """The change of the matrix along a step."""
        change = np.zeros_like(self.constant)
        change[self.i, self.j] = change[self.j, self.i] = step[: self.entries]
        if self.of_matrix:
            change.flat[:: len(change) + 1] = -step[-1]
        return change

    def distances(self, x: np.ndarray) -> np.ndarray:
        """The distances from the lower limits and then from the upper ones."""
        entries, below, above = x[: self.entries], self.below, self.above
        inside = np.concatenate(
            [entries[below] - self.low[below], self.high[above] - entries[above]]
        )
        return inside + x[-1] if self.of_limits else inside

    def changes(self, step: np.ndarray) -> np.ndarray:
        """The changes of the distances along a step."""
        change = np.concatenate([step[self.below], -step[self.above]])
        return change + step[-1] if self.of_limits else change

    def derivatives(self, inverse, distances, weight) -> tuple[np.ndarray, np.ndarray]:
        """Gradient and Hessian of -weight logdet R - sum log distances."""
        i, j, m = self.i, self.j, self.entries
        first, second = inverse[i], inverse[j]
        gradient = np.zeros(self.size)
        hessian = np.zeros((self.size, self.size))
        gradient[:m] = -2 * weight * inverse[i, j]
        hessian[:m, :m] = first.take(i, 1) * second.take(j, 1)
        hessian[:m, :m] += first.take(j, 1) * second.take(i, 1)
        hessian[:m, :m] *= 2 * weight
        slope, cut = 1 / distances, len(self.below)
        gradient[self.below] -= slope[:cut]
        gradient[self.above] += slope[cut:]
        hessian[self.below, self.below] += slope[:cut] ** 2
        hessian[self.above, self.above] += slope[cut:] ** 2
        if self.of_matrix:
            square = inverse @ inverse
            gradient[-1] = weight * np.trace(inverse)
            hessian[-1, -1] = weight * np.trace(square)
            hessian[:m, -1] = hessian[-1, :m] = -2 * weight * square[i, j]
        if self.of_limits:
            gradient[-1] = -slope.sum()
            hessian[-1, -1] = (slope**2).sum()
            hessian[self.below, -1] += slope[:cut] ** 2
            hessian[self.above, -1] -= slope[cut:] ** 2
            hessian[-1, :m] = hessian[:m, -1]
        return gradient, hessian


def _center(space: _Space, x, cost, weight: float, tolerance: float = 1e-3) -> np.ndarray:
    """Minimize cost'x - weight logdet R(x) - sum log distances, from an x inside.

    Newton's method. Far from the minimum, an exact search along the step; the function is
    self-concordant, so that near the minimum the whole step is safe and the decrement
    squared falls below `tolerance`.
    """
    from scipy.linalg import cho_factor, cho_solve, solve_triangular

    if not space.size:
        return x
    factor = np.linalg.cholesky(space.matrix(x))
    previous = math.inf
    for _ in range(200):
        root = solve_triangular(factor, np.eye(len(factor)), lower=True, check_finite=False)
        distances = space.distances(x)
        gradient, hessian = space.derivatives(root.T @ root, distances, weight)
        gradient += cost
        scale = 1 / np.sqrt(np.diag(hessian))
        hessian *= scale[:, None] * scale
        try:
            solver = cho_factor(hessian, lower=True, check_finite=False, overwrite_a=True)
        except np.linalg.LinAlgError:
            break  # as close as floats allow
        step = -scale * cho_solve(solver, scale * gradient, check_finite=False)
        decrement = float(-gradient @ step)
        if decrement < 1e-4 and decrement > 0.5 * previous or decrement <= 0:
            break  # as close as floats allow
        length = 1.0
        if decrement > 0.04:
            change = root @ space.direction(step) @ root.T
            ratios = [np.linalg.eigvalsh(change), space.changes(step) / distances]
            weights = np.repeat([weight, 1.0], [len(ratios[0]), len(ratios[1])])
            length = _search(float(cost @ step), np.concatenate(ratios), weights)
        for _ in range(30):
            try:
                factor = np.linalg.cholesky(space.matrix(x + length * step))
                if np.all(space.distances(x + length * step) > 0):
                    break
            except np.linalg.LinAlgError:
                pass
            length /= 2
        else:
            break
        x = x + length * step
        previous = decrement
        if decrement < tolerance:
            break
    return x


def _search(slope: float, ratios: np.ndarray, weights: np.ndarray) -> float:
    """The a > 0 that minimizes slope * a - sum weights * log(1 + a * ratios), roughly."""
    lowest = ratios.min()
    left, right = 0.0, -1 / lowest if lowest < 0 else math.inf
    start = slope - float(weights @ ratios)
    a = min(1.0, 0.5 * right)
    for _ in range(30):
        parts = ratios / (1 + a * ratios)
        derivative = slope - float(weights @ parts)
        if abs(derivative) < 0.1 * abs(start):
            break
        left, right = (a, right) if derivative < 0 else (left, a)
        a -= derivative / float(weights @ parts**2)
        if not left < a < right:
            a = (left + right) / 2 if math.isfinite(right) else 2 * left
    return a


def _most_definite(low, high, *, with_force: bool = False) -> tuple:
    """The slack s, and the x of an R(x) whose smallest eigenvalue is s.

    s is the largest possible to 1e-10 if it is below 1e-6 or the problem is clearly
    infeasible; else the first found above 1e-6. The force is the weight, at the largest
    s, of each entry: zero where the entry does not matter.
    """
    space = _Space(low, high, slack="eigenvalue")
    x = (space.low + space.high) / 2
    plain = space.matrix(np.append(x, 0.0))
    smallest = float(np.linalg.eigvalsh(plain)[0])
    if smallest > 1e-6 and not with_force:
        return smallest, x
    if not space.entries:
        return (smallest, x, np.ones_like(plain)) if with_force else (smallest, x)
    x = np.append(x, smallest - 0.5)
    t = 1.0
    while True:
        cost = np.zeros(space.size)
        cost[-1] = -t
        x = _center(space, x, cost, 1.0)
        gap = 1.1 * space.degree / t
        decided = x[-1] > 1e-6 or x[-1] + gap < -_TOLERANCE
        if (decided and not with_force) or gap < 1e-10:
            break
        t *= 20
    if with_force:
        return float(x[-1]), x[:-1], np.linalg.inv(space.matrix(x)) / t
    return float(x[-1]), x[:-1]


def _ridge(slack: float) -> float:
    """What to add to the diagonal so that some matrix is positive definite."""
    return 0.0 if slack > _TOLERANCE else 2e-10 - min(slack, 0.0)


def _widened(low, high) -> tuple[np.ndarray, np.ndarray]:
    """The intervals, wider by the least common slack that allows a matrix, and 1e-6."""
    space = _Space(low, high, slack="interval")
    x = np.zeros(space.size)
    x[-1] = 2.0  # the identity, with room on both sides of each limit
    t = 1.0
    cost = np.zeros(space.size)
    while 1.1 * space.degree / t > _GAP:
        t *= 20
        cost[-1] = t
        x = _center(space, x, cost, 1.0)
    wider = max(float(x[-1]), 0.0) + _MARGIN
    low, high = np.maximum(low - wider, -1.0), np.minimum(high + wider, 1.0)
    np.fill_diagonal(low, 1.0)
    return low, high


def _largest_determinant(space: _Space, x: np.ndarray) -> np.ndarray:
    """The x of the largest determinant within the intervals, from an x inside.

    The distances from the limits weigh less and less beside the determinant.
    """
    weight, none = 1.0, np.zeros(space.size)
    x = _center(space, x, none, weight)
    while space.limits and weight < 1e11:
        weight *= 20
        x = _center(space, x, none, weight)
    return _center(space, x, none, weight, tolerance=1e-24)


def _ends(space: _Space, x, problem: Incomplete, a: int, b: int) -> tuple[float, float]:
    """The lowest and the highest entry (a, b), from the center x of the space."""
    low, high = float(problem.low[a, b]), float(problem.high[a, b])
    a, b = min(a, b), max(a, b)
    at = np.flatnonzero((space.i == a) & (space.j == b))
    if not len(at):
        return low, high
    ends = []
    for sign in (1.0, -1.0):
        cost, here = np.zeros(space.size), x
        t = space.degree / 2.0
        while True:
            cost[at] = sign * t
            here = _center(space, here, cost, 1.0)
            if 1.1 * space.degree / t < _GAP:
                break
            t *= 20
        ends.append(min(max(float(here[at[0]]), low), high))
    return ends[0], ends[1]
