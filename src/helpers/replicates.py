"""Many simulated trials at once, at about the speed of the random numbers themselves.

A replicate is n participants by k variables, drawn from a normal population with a given
correlation matrix. A `Battery` names the statistics that are wanted of each replicate:
correlations, the change from one rating to another, differences of correlations, ranks,
slopes. It draws and computes in chunks that fit the processor's cache.

Two ways lead to the same distribution. ``method="rows"`` draws the participants.
``method="wishart"`` draws only their sums of squares and products, by Bartlett's (1933)
decomposition, which is several times faster; it serves what depends on them alone: not
ranks, not robust errors, not participants who lack a rating.

Chunk c of a seed has its own stream of random numbers (`chunk_rng`). So the first 1,000 of
5,000 replicates are the 1,000 of a shorter run, whoever computes them and in what order.

With numba installed the loops are compiled; plain NumPy draws the same numbers and gives
the same results to 1e-10.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helpers import _inputs

__all__ = ["CHUNK", "Battery", "chunk_rng", "draw_covariances", "draw_rows", "study_battery"]

#: Replicates that share one stream of random numbers.
CHUNK = 2048

#: The blocks of lines in the table of results, in order.
_BLOCKS = (
    "r", "p", "rank_r", "rank_p", "t", "d", "growth_p", "williams_t", "williams_p",
    "slope", "se", "se_hc3", "p_hc3",
)  # fmt: skip
#: Those of which there is one a replicate.
_SINGLE = ("t", "d", "growth_p")


def _kernels():
    """The compiled loops' module; imported late, since numba takes a while."""
    from helpers import _replicate_kernels

    return _replicate_kernels


# --- random numbers -----------------------------------------------------------------------


def chunk_rng(seed: int, chunk: int, part: int = 0) -> np.random.Generator:
    """The random numbers of one chunk.

    Parameters
    ----------
    seed, chunk, part : int
        The seed of the run, the number of the chunk, and which of several streams of the
        chunk; at least 0.

    Returns
    -------
    numpy.random.Generator
        Always the same numbers for the same three, whatever was drawn elsewhere (an SFC64
        generator whose seed has the spawn key ``(chunk,)``, or ``(chunk, part)`` for parts
        above 0).

    Raises
    ------
    ValueError
        If a parameter is no whole number of at least 0.

    Examples
    --------
    >>> chunk_rng(1, 0).random() == chunk_rng(1, 0).random()
    True
    >>> chunk_rng(1, 0).random() == chunk_rng(1, 1).random()
    False
    """
    seed = _inputs.whole("seed", seed, 0)
    chunk = _inputs.whole("chunk", chunk, 0)
    part = _inputs.whole("part", part, 0)
    return _stream(seed, chunk, part)


def _stream(seed: int, chunk: int, part: int = 0) -> np.random.Generator:
    key = (chunk, part) if part else (chunk,)
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))


def draw_rows(
    correlation: ArrayLike, n: int, replicates: int, rng: np.random.Generator
) -> np.ndarray:
    """Participants of a normal population, standardized, for many replicates.

    Parameters
    ----------
    correlation : array_like
        k by k, the population's correlations.
    n : int
        Participants in a replicate.
    replicates : int
        How many.
    rng : numpy.random.Generator
        Where the random numbers come from; whole passes are drawn, so fewer replicates are
        the first of more.

    Returns
    -------
    numpy.ndarray
        Replicates by n by k.

    Raises
    ------
    ValueError
        If the matrix is no positive definite correlation matrix, or a number is no whole
        number of at least 1.

    Examples
    --------
    >>> rows = draw_rows([[1, 0.6], [0.6, 1]], 24, 1000, np.random.default_rng(1))
    >>> rows.shape
    (1000, 24, 2)
    >>> round(float(np.mean(rows[..., 0] * rows[..., 1])), 1)
    0.6
    """
    lower = _root(correlation)
    n = _inputs.whole("n", n, 1)
    replicates = _inputs.whole("replicates", replicates, 1)
    lanes = _kernels().LANES
    out = np.empty((replicates, n, len(lower)))
    normals = np.empty((n, len(lower), lanes))
    for at in range(0, replicates, lanes):
        rng.standard_normal(out=normals)
        some = out[at : at + lanes]
        some[:] = np.moveaxis(np.matmul(lower, normals), 2, 0)[: len(some)]
    return out


def draw_covariances(
    correlation: ArrayLike, n: int, replicates: int, rng: np.random.Generator
) -> np.ndarray:
    """Sums of squares and products about the means, without drawing participants.

    They have a Wishart distribution with n - 1 degrees of freedom. Bartlett (1933): with L
    the triangular root of the correlation matrix and T lower triangular, chi variables on
    its diagonal and standard normal ones below, L T T' L' has that distribution.

    Parameters
    ----------
    correlation, n, replicates, rng
        As for `draw_rows`; n must be larger than the number of variables.

    Returns
    -------
    numpy.ndarray
        Replicates by k by k; divided by n - 1 they are sample covariances.

    Raises
    ------
    ValueError
        As for `draw_rows`, or if n is too small.

    Examples
    --------
    >>> sums = draw_covariances([[1, 0.6], [0.6, 1]], 24, 1000, np.random.default_rng(1))
    >>> sums.shape
    (1000, 2, 2)
    >>> np.round(sums.mean(axis=0) / 23, 1)
    array([[1. , 0.6],
           [0.6, 1. ]])
    """
    lower = _root(correlation)
    k = len(lower)
    n = _inputs.whole("n", n, 1)
    replicates = _inputs.whole("replicates", replicates, 1)
    _enough_for_wishart(n, k)
    width = _kernels().LANES * _kernels().WISHART_BLOCKS
    out = np.empty((replicates, k, k))
    draws = _WishartDraws(n, k, width)
    for at in range(0, replicates, width):
        draws.draw(rng)
        factor = np.matmul(lower, draws.triangles())  # column, variable, replicate
        factor = np.ascontiguousarray(np.transpose(factor, (2, 1, 0)))
        some = out[at : at + width]
        some[:] = np.matmul(factor, np.swapaxes(factor, 1, 2))[: len(some)]
    return out


class _WishartDraws:
    """What one pass of Bartlett's decomposition draws."""

    def __init__(self, n: int, k: int, width: int):
        self.shapes = [(n - 1 - j) / 2 for j in range(k)]
        self.gamma = np.empty((k, width))
        # Column by column below the diagonal; the last line is for the mean change.
        self.normal = np.empty((k * (k - 1) // 2 + 1, width))
        self._triangles = None

    def draw(self, rng: np.random.Generator) -> None:
        for shape, line in zip(self.shapes, self.gamma, strict=True):
            rng.standard_gamma(shape, out=line)
        rng.standard_normal(out=self.normal)

    def triangles(self) -> np.ndarray:
        """T by column, row and replicate; zero above the diagonal."""
        k = len(self.gamma)
        if self._triangles is None:
            self._triangles = np.zeros((k, k, self.gamma.shape[1]))
        below = 0
        for j in range(k):
            np.sqrt(2 * self.gamma[j], out=self._triangles[j, j])
            self._triangles[j, j + 1 :] = self.normal[below : below + k - 1 - j]
            below += k - 1 - j
        return self._triangles


def _root(correlation: ArrayLike) -> np.ndarray:
    """The lower triangular root of a correlation matrix, or a sentence about what it lacks."""
    matrix = _inputs.numbers("correlation", correlation)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise ValueError(f"correlation must be a square matrix, not of shape {matrix.shape}")
    if np.abs(np.diag(matrix) - 1).max() > 1e-9:
        worst = np.diag(matrix)[np.abs(np.diag(matrix) - 1).argmax()]
        raise ValueError(f"correlation must have 1 on its diagonal, not {worst:g}")
    if np.abs(matrix - matrix.T).max() > 1e-9:
        a, b = np.unravel_index(np.abs(matrix - matrix.T).argmax(), matrix.shape)
        raise ValueError(
            f"correlation must be symmetric, but entry ({a}, {b}) is {matrix[a, b]:g} and "
            f"entry ({b}, {a}) is {matrix[b, a]:g}"
        )
    least = np.linalg.eigvalsh(matrix)[0]
    if least <= 1e-12:
        raise ValueError(
            f"correlation must be positive definite, but its smallest eigenvalue is {least:.3g}: "
            "no data can have these correlations together, or a variable follows from others"
        )
    return np.linalg.cholesky(matrix)


def _enough_for_wishart(n: int, k: int) -> None:
    if n <= k:
        raise ValueError(
            f"method 'wishart' needs more participants than variables, not {n} of {k}; use 'rows'"
        )


# --- p values in closed form --------------------------------------------------------------


def _polynomial(df: int) -> tuple[list[float], bool]:
    """Coefficients in u = 1 - r^2, highest power first, and whether df is odd.

    A correlation r with df degrees of freedom has the two-sided p (Student, 1908)

    - 1 - |r| (1 + u/2 + 1*3/(2*4) u^2 + ... up to u^(df/2 - 1)) for even df,
    - 1 - 2/pi (asin|r| + |r| sqrt(u) (1 + 2/3 u + 2*4/(3*5) u^2 + ... up to u^((df-3)/2)))
      for odd df.
    """
    odd = df % 2 == 1
    terms = [1.0]
    for i in range(1, (df - 1) // 2 if odd else df // 2):
        terms.append(terms[-1] * (2 * i / (2 * i + 1) if odd else (2 * i - 1) / (2 * i)))
    return ([] if df <= 1 else terms[::-1]), odd


def _p_of_r(r: np.ndarray, coefficients: np.ndarray, odd: bool) -> np.ndarray:
    """The two-sided p of `_polynomial`; good to 1e-14 absolute, not to small p relative."""
    size = np.abs(r)
    u = r * r
    np.subtract(1.0, u, out=u)
    sums = np.zeros_like(u)
    for c in np.trim_zeros(coefficients, "f"):
        sums *= u
        sums += c
    if odd:
        sums *= np.sqrt(np.maximum(u, 0.0))
        sums *= size
        sums += np.arcsin(size)
        sums *= 2 / math.pi
    else:
        sums *= size
    np.subtract(1.0, sums, out=sums)
    return np.maximum(sums, 0.0, out=sums)


# --- the battery --------------------------------------------------------------------------


class Battery:
    """The statistics wanted of each of many replicates of a trial.

    Parameters
    ----------
    correlation : array_like
        k by k, the population's correlations.
    n : int, optional
        Participants, all with all variables; or give `present`.
    present : array_like of bool, optional
        n by k, who has which variable, the same in all replicates. Each pair is computed
        over the participants who have both, each triple over those who have all three.
    names : sequence of str, optional
        Names of the variables, by which the parameters below may call them; without names
        they are called by number, from 0.
    pairs : sequence of pairs
        Whose correlations are wanted, with their p.
    growth : pair, optional
        Two ratings of the same thing, before and after: the paired t, its p, and the mean
        change over the root mean square of the two SDs (the book's *pooled* d).
    change : float
        The population's mean change from the first to the second of them, in SDs.
    differences : sequence of triples
        (j, k, h): whether j goes with k as it goes with h, Williams' t and its p.
    ranks : bool
        Whether the pairs' Spearman correlations are wanted, with midranks for ties.
    slopes : sequence of pairs
        (y, x): the slope of y on x with its classical and its HC3 standard error.

    Raises
    ------
    ValueError
        If the matrix is no positive definite correlation matrix, a variable is unknown or
        named twice in one statistic, or a statistic has too few participants.

    Notes
    -----
    The p values come in closed form (`numpy` and numba have no fast Student distribution):
    right to 1e-14, which serves to count those below a level. A p below about 1e-9 has few
    right digits, and one below 1e-16 can be 0; to report a single p use
    `helpers.estimators.pearson`.

    Examples
    --------
    >>> battery = Battery([[1, -0.45], [-0.45, 1]], 24, pairs=[(0, 1)])
    >>> results = battery.run(20_000, seed=1)
    >>> results["r"].shape
    (20000, 1)
    >>> round(float(np.mean(results["p"] < 0.05)), 2)  # exactly .62075
    0.62
    """

    def __init__(
        self,
        correlation: ArrayLike,
        n: int | None = None,
        *,
        present: ArrayLike | None = None,
        names: Sequence[str] | None = None,
        pairs: Sequence[Sequence[Any]] = (),
        growth: Sequence[Any] | None = None,
        change: float = 0.0,
        differences: Sequence[Sequence[Any]] = (),
        ranks: bool = False,
        slopes: Sequence[Sequence[Any]] = (),
    ):
        self._lower = _root(correlation)
        self.correlation = np.array(correlation, dtype=float)
        self.k = len(self._lower)
        self.names = self._check_names(names)
        self.present = self._check_present(n, present)
        self.n = len(self.present)
        self.complete = bool(self.present.all())
        self.change = float(_inputs.numbers("change", change))
        self.pairs = [self._variables("pairs", pair, 2) for pair in pairs]
        self.growth = None if growth is None else self._variables("growth", growth, 2)
        self.differences = [self._variables("differences", triple, 3) for triple in differences]
        self.slopes = [self._variables("slopes", pair, 2) for pair in slopes]
        self.ranks = bool(ranks)
        if self.ranks and not self.pairs:
            raise ValueError("ranks are taken of pairs, but there are no pairs")
        if not (self.pairs or self.growth or self.differences or self.slopes):
            raise ValueError("a battery needs pairs, growth, differences or slopes")
        self._plan()

    @property
    def pair_sizes(self) -> list[int]:
        """How many participants each pair's correlation rests on."""
        return [len(self._groups[group]) for _, _, group in self._links[: len(self.pairs)]]

    # --- checks ---

    def _check_names(self, names: Sequence[str] | None) -> tuple[str, ...] | None:
        if names is None:
            return None
        names = tuple(names)
        if len(names) != self.k or len(set(names)) != self.k:
            raise ValueError(f"names must be {self.k} different names, not {list(names)}")
        return names

    def _check_present(self, n: int | None, present: ArrayLike | None) -> np.ndarray:
        if present is None:
            if n is None:
                raise ValueError("give n, or present for who has which variable")
            return np.ones((_inputs.whole("n", n, 2), self.k), dtype=bool)
        array = np.asarray(present)
        if array.dtype != bool or array.ndim != 2 or array.shape[1] != self.k:
            raise ValueError(
                f"present must be True or False for each participant and each of the {self.k} "
                f"variables, not {array.dtype} of shape {array.shape}"
            )
        if n is not None and _inputs.whole("n", n, 2) != len(array):
            raise ValueError(f"n is {n}, but present has {len(array)} participants")
        return array.copy()

    def _variables(self, what: str, given: Sequence[Any], count: int) -> tuple[int, ...]:
        given = (given,) if isinstance(given, str) else tuple(given)
        if len(given) != count:
            raise ValueError(f"{what}: {count} variables belong together, not {list(given)}")
        found = tuple(self._variable(what, name) for name in given)
        if len(set(found)) < count:
            raise ValueError(f"{what}: {list(given)} names the same variable twice")
        return found

    def _variable(self, what: str, name: Any) -> int:
        if isinstance(name, str):
            if self.names is None or name not in self.names:
                raise ValueError(f"{what}: there is no variable {name!r}")
            return self.names.index(name)
        number = _inputs.whole(what, name, 0)
        if number >= self.k:
            raise ValueError(f"{what}: there is no variable {number}; the last is {self.k - 1}")
        return number

    def _name(self, variable: int) -> str:
        return repr(self.names[variable]) if self.names else str(variable)

    # --- which sums are needed, and where the results go ---

    def _plan(self) -> None:
        """Links (two variables over a group of participants), and the lines of the table."""
        self._groups: list[np.ndarray] = []
        self._links: list[tuple[int, int, int]] = []
        dfs: list[int] = []

        def group(what: str, variables: tuple[int, ...], least: int) -> int:
            rows = np.flatnonzero(self.present[:, list(variables)].all(axis=1))
            if len(rows) < least:
                whose = " and ".join(self._name(v) for v in variables)
                raise ValueError(
                    f"{what}: {whose} need at least {least} participants who have them all, "
                    f"not {len(rows)}"
                )
            for number, known in enumerate(self._groups):
                if np.array_equal(known, rows):
                    return number
            self._groups.append(rows)
            return len(self._groups) - 1

        def link(a: int, b: int, where: int) -> int:
            if (a, b, where) not in self._links:
                self._links.append((a, b, where))
            return self._links.index((a, b, where))

        def polynomial(df: int) -> int:
            if df not in dfs:
                dfs.append(df)
            return dfs.index(df)

        for pair in self.pairs:  # in their order, even when one stands twice
            self._links.append((*pair, group("pairs", pair, 3)))
        self._growth = np.array([-1, 0])
        if self.growth:
            where = group("growth", self.growth, 2)
            df = len(self._groups[where]) - 1
            self._growth = np.array([link(*self.growth, where), polynomial(df)])
        triples = []
        for j, k, h in self.differences:
            where = group("differences", (j, k, h), 4)
            df = len(self._groups[where]) - 3
            triples.append([link(j, k, where), link(j, h, where), link(k, h, where), polynomial(df)])
        self._triples = np.array(triples, dtype=np.int64).reshape(-1, 4)
        self._slope_links = np.array(
            [link(x, y, group("slopes", (y, x), 3)) for y, x in self.slopes], dtype=np.int64
        )
        links = np.array(self._links, dtype=np.int64)
        self._left, self._right, self._group = (np.ascontiguousarray(column) for column in links.T)
        sizes = np.array([len(rows) for rows in self._groups])
        self._size = sizes[self._group].astype(float)
        self._kind = np.array([polynomial(max(int(m) - 2, 1)) for m in self._size])
        self._rows = np.concatenate(self._groups)
        self._start = np.concatenate([[0], np.cumsum(sizes)])
        # Where a link's sums of squares stand: those of its variables, or two of its own.
        own = 2 * np.arange(len(links))
        self._left_at = self._left if self.complete else own
        self._right_at = self._right if self.complete else own + 1
        self._columns = np.unique(links[:, :2])
        self._ranked = np.unique(np.array(self.pairs, dtype=np.int64))

        sweep = _kernels().SWEEP
        found = [_polynomial(df) for df in dfs]
        width = max(sweep, -(-max(len(terms) for terms, _ in found) // sweep) * sweep)
        self._polynomials = np.zeros((len(dfs), width))
        for line, (terms, _) in zip(self._polynomials, found, strict=True):
            line[width - len(terms) :] = terms
        self._odd = np.array([odd for _, odd in found])

        m, some, slopes = len(self.pairs), len(self.differences), len(self.slopes)
        ranks, grows = m * self.ranks, int(self.growth is not None)
        lines = (m, m, ranks, ranks, grows, grows, grows, some, some, *[slopes] * 4)
        self._places = np.concatenate([[0], np.cumsum(lines)]).astype(np.int64)

    # --- results ---

    def run(
        self,
        replicates: int,
        seed: int,
        *,
        method: str = "rows",
        compiled: bool | None = None,
        n_jobs: int = 1,
    ) -> dict[str, np.ndarray]:
        """Draw replicates and compute the statistics of each.

        Parameters
        ----------
        replicates : int
            How many; the first of a longer run with the same seed are the same.
        seed : int
            At least 0.
        method : {"rows", "wishart"}
            Draw participants, or only their sums of squares and products.
        compiled : bool, optional
            Whether to use the loops compiled by numba; by default where it is installed.
        n_jobs : int
            Threads; -1 for one a core. The results do not depend on it.

        Returns
        -------
        dict of numpy.ndarray
            Replicates first: ``r`` and ``p`` (by pair), ``rank_r`` and ``rank_p``, ``t``,
            ``d`` and ``growth_p`` (one a replicate), ``williams_t`` and ``williams_p`` (by
            triple), ``slope``, ``se``, ``se_hc3`` and ``p_hc3``; those that were asked for.

        Raises
        ------
        ValueError
            If a parameter is outside its range, numba is wanted and not installed, or
            ``"wishart"`` cannot give what the battery asks for.

        Examples
        --------
        >>> battery = Battery(np.eye(3), 24, pairs=[(0, 1)], differences=[(0, 1, 2)])
        >>> results = battery.run(1000, seed=1, method="wishart")
        >>> sorted(results)
        ['p', 'r', 'williams_p', 'williams_t']
        """
        replicates = _inputs.whole("replicates", replicates, 1)
        seed = _inputs.whole("seed", seed, 0)
        table = self._table(replicates)
        make = self._maker(method, compiled)
        waiting = iter(range(-(-replicates // CHUNK)))

        def work() -> None:
            one_pass = make()
            for chunk in waiting:  # whoever is free takes the next
                self._fill(one_pass, seed, chunk, table, chunk * CHUNK)

        if n_jobs == 1 or replicates <= CHUNK:
            work()
        else:
            import joblib

            threads = range(joblib.effective_n_jobs(n_jobs))
            workers = joblib.Parallel(n_jobs=n_jobs, prefer="threads", batch_size=1)
            workers(joblib.delayed(work)() for _ in threads)
        return self._results(table, replicates)

    def chunks(
        self,
        replicates: int,
        seed: int,
        *,
        method: str = "rows",
        compiled: bool | None = None,
        n_jobs: int = 1,
    ) -> Iterator[dict[str, np.ndarray]]:
        """The results of `run`, a chunk at a time, for sums over many replicates.

        Parameters
        ----------
        replicates, seed, method, compiled, n_jobs
            As for `run`.

        Yields
        ------
        dict of numpy.ndarray
            As `run` returns it, for at most `CHUNK` replicates, in order. The memory needed
            does not grow with the number of replicates.

        Examples
        --------
        >>> battery = Battery(np.eye(2), 24, pairs=[(0, 1)])
        >>> some = battery.chunks(100_000, seed=1, method="wishart")
        >>> round(sum(int(np.sum(chunk["p"] < 0.05)) for chunk in some) / 100_000, 2)
        0.05
        """
        replicates = _inputs.whole("replicates", replicates, 1)
        seed = _inputs.whole("seed", seed, 0)
        make = self._maker(method, compiled)
        return self._chunks(replicates, seed, make, n_jobs)

    def _chunks(self, replicates, seed, make, n_jobs):
        starts = range(0, replicates, CHUNK)

        def one(one_pass, start: int) -> dict[str, np.ndarray]:
            size = min(CHUNK, replicates - start)
            table = self._table(size)
            self._fill(one_pass, seed, start // CHUNK, table, 0)
            return self._results(table, size)

        if n_jobs == 1 or len(starts) == 1:
            one_pass = make()
            for start in starts:
                yield one(one_pass, start)
            return
        import joblib

        def several(some: range) -> list[dict[str, np.ndarray]]:
            one_pass = make()
            return [one(one_pass, start) for start in some]

        # A few chunks a time for each thread, in rounds, so that results cannot pile up.
        jobs = joblib.effective_n_jobs(n_jobs)
        with joblib.Parallel(n_jobs=n_jobs, prefer="threads") as workers:
            for at in range(0, len(starts), 8 * jobs):
                round_ = starts[at : at + 8 * jobs]
                parts = [round_[i : i + 4] for i in range(0, len(round_), 4)]
                for found in workers(joblib.delayed(several)(part) for part in parts):
                    yield from found

    def rows(self, replicates: int, seed: int) -> np.ndarray:
        """The participants that `run` draws by ``method="rows"``.

        Parameters
        ----------
        replicates, seed
            As for `run`.

        Returns
        -------
        numpy.ndarray
            Replicates by n by k, NaN where a participant lacks a variable.

        Examples
        --------
        >>> battery = Battery([[1, 0.6], [0.6, 1]], 24, pairs=[(0, 1)])
        >>> rows = battery.rows(10, seed=1)
        >>> first = np.corrcoef(rows[0], rowvar=False)[0, 1]
        >>> bool(np.isclose(battery.run(10, seed=1)["r"][0, 0], first))
        True
        """
        replicates = _inputs.whole("replicates", replicates, 1)
        seed = _inputs.whole("seed", seed, 0)
        parts = [
            draw_rows(self.correlation, self.n, min(CHUNK, replicates - start), _stream(seed, start // CHUNK))
            for start in range(0, replicates, CHUNK)
        ]
        out = np.concatenate(parts)
        if self.growth:
            out[:, :, self.growth[1]] += self.change
        out[:, ~self.present] = np.nan
        return out

    def of_rows(self, rows: ArrayLike, *, compiled: bool | None = None) -> dict[str, np.ndarray]:
        """The battery's statistics of trials that exist already.

        Parameters
        ----------
        rows : array_like
            Trials by n by k; NaN exactly where `present` says that a participant lacks a
            variable. Scores may be tied. `change` plays no part.
        compiled : bool, optional
            As for `run`.

        Returns
        -------
        dict of numpy.ndarray
            As `run` returns it; NaN where a variable does not vary.

        Raises
        ------
        ValueError
            If the shape or the missing scores do not fit the battery.

        Examples
        --------
        >>> battery = Battery(np.eye(2), 4, pairs=[(0, 1)], ranks=True)
        >>> results = battery.of_rows([[[1, 2], [2, 1], [3, 4], [4, 4]]])
        >>> float(results["r"][0, 0].round(3)), float(results["rank_r"][0, 0].round(3))
        (0.775, 0.738)
        """
        rows = np.asarray(rows, dtype=float)
        if rows.ndim != 3 or rows.shape[1:] != (self.n, self.k):
            raise ValueError(
                f"rows must be trials by {self.n} participants by {self.k} variables, "
                f"not of shape {rows.shape}"
            )
        if np.any(np.isinf(rows)) or np.any(np.isnan(rows) == self.present):
            raise ValueError("rows must hold a finite score exactly where present is True")
        # About the means little is lost to rounding; the two ratings of growth move together.
        middle = np.array([rows[:, self.present[:, v], v].mean() if len(rows) else 0.0 for v in range(self.k)])
        if self.growth:
            middle[list(self.growth)] = middle[list(self.growth)].mean()
        given = rows
        rows = np.where(self.present, rows - middle, 0.0)
        lanes = _kernels().LANES
        table = self._table(len(rows))
        one_pass = self._maker("rows", compiled, drawn=False)()
        for at in range(0, len(rows), lanes):
            some = rows[at : at + lanes]
            one_pass.x[:] = 0.0
            one_pass.x[:, :, : len(some)] = np.moveaxis(some, 0, 2)
            with np.errstate(divide="ignore", invalid="ignore"):
                one_pass(None, table, at)
        results = self._results(table, len(rows))
        self._blank_constants(results, given)
        return results

    def _blank_constants(self, results: dict[str, np.ndarray], rows: np.ndarray) -> None:
        """NaN for what rests on a variable that does not vary.

        Sums of squares leave rounding errors there instead of zeros. Drawn participants
        always vary.
        """

        def constant(of: Sequence[int], values: Sequence[np.ndarray]) -> np.ndarray:
            have = np.flatnonzero(self.present[:, list(of)].all(axis=1))
            return np.any([np.all(v[:, have] == v[:, have[:1]], axis=1) for v in values], axis=0)

        columns = np.moveaxis(rows, 2, 0)
        for names, several in (
            (("r", "p", "rank_r", "rank_p"), self.pairs),
            (("williams_t", "williams_p"), self.differences),
            (("slope", "se", "se_hc3", "p_hc3"), self.slopes),
        ):
            for number, of in enumerate(several):
                flat = constant(of, columns[list(of)])
                for name in names:
                    if name in results:
                        results[name][flat, number] = np.nan
        if self.growth:
            before, after = columns[list(self.growth)]
            flat = constant(self.growth, [after - before])
            results["t"][flat] = results["growth_p"][flat] = np.nan
            flat = constant(self.growth, [before]) & constant(self.growth, [after])
            results["d"][flat] = np.nan

    def _table(self, replicates: int) -> np.ndarray:
        """Statistics by replicates, the latter filled up to whole passes."""
        lanes = _kernels().LANES
        return np.empty((self._places[-1], -(-replicates // lanes) * lanes))

    def _results(self, table: np.ndarray, replicates: int) -> dict[str, np.ndarray]:
        results = {}
        for name, first, last in zip(_BLOCKS, self._places, self._places[1:], strict=False):
            if last > first:
                lines = table[first:last, :replicates]
                results[name] = lines[0] if name in _SINGLE else lines.T
        return results

    def _fill(self, one_pass, seed: int, chunk: int, table: np.ndarray, at: int) -> None:
        """Compute one chunk, from the column `at` of the table to its end or the table's."""
        rng = _stream(seed, chunk)
        for place in range(at, min(at + CHUNK, table.shape[1]), one_pass.width):
            one_pass(rng, table, place)

    def _maker(self, method: str, compiled: bool | None, drawn: bool = True):
        """What makes a worker with buffers of its own."""
        if method not in ("rows", "wishart"):
            raise ValueError(f"method must be 'rows' or 'wishart', not {method!r}")
        if method == "wishart":
            if not self.complete:
                raise ValueError("method 'wishart' needs everyone to have everything; use 'rows'")
            if self.ranks:
                raise ValueError("method 'wishart' draws no participants to rank; use 'rows'")
            if self.slopes:
                raise ValueError("method 'wishart' draws no participants for HC3 errors; use 'rows'")
            _enough_for_wishart(self.n, self.k)
        if compiled and not _kernels().available():
            raise ValueError("compiled: numba is not installed")
        if compiled is None:
            compiled = _kernels().available()
        if method == "rows":
            kind = _CompiledRows if compiled else _PlainRows
            return lambda: kind(self, drawn)
        kind = _CompiledWishart if compiled else _PlainWishart
        return lambda: kind(self)


# --- the passes ---------------------------------------------------------------------------


class _Rows:
    """Draws participants: n by k by replicates."""

    def __init__(self, battery: Battery, drawn: bool):
        self.battery = battery
        self.drawn = drawn
        self.width = _kernels().LANES
        self.x = np.empty((battery.n, battery.k, self.width))

    def __call__(self, rng: np.random.Generator | None, table: np.ndarray, at: int) -> None:
        if self.drawn:
            rng.standard_normal(out=self.x)
        self.compute(table, at)


class _CompiledRows(_Rows):
    def __init__(self, battery: Battery, drawn: bool):
        super().__init__(battery, drawn)
        b, lanes, links = battery, self.width, len(battery._links)
        squares = b.k if b.complete else 2 * links
        ranked = 2 * b.n * (1 if b.complete else 2) * lanes if b.ranks else 1
        self.kernel = _kernels().rows_pass
        self.before = (
            self.x.reshape(-1), b._lower, self.drawn, b.n, b.k, b.complete,
            len(b.pairs), b._places, b._left, b._right, b._left_at, b._right_at, b._size,
            b._group, b._rows, b._start, b._kind, b._polynomials, b._odd, b._triples, b._growth,
            b.change * self.drawn, b._slope_links, b._ranked, b.ranks,
        )  # fmt: skip
        self.after = tuple(
            np.empty(size * lanes) for size in (squares, squares, links, links, 4)
        ) + (np.empty(ranked),)

    def compute(self, table: np.ndarray, at: int) -> None:
        self.kernel(*self.before, table, at, *self.after)


class _CompiledWishart:
    def __init__(self, battery: Battery):
        b, lanes, links = battery, _kernels().LANES, len(battery._links)
        self.width = lanes * _kernels().WISHART_BLOCKS
        self.draws = _WishartDraws(b.n, b.k, self.width)
        self.kernel = _kernels().wishart_pass
        self.before = (
            self.draws.gamma.reshape(-1), self.draws.normal.reshape(-1), b._lower, b.n, b.k,
            len(b.pairs), b._places, b._left, b._right, b._left_at, b._right_at, b._size,
            b._kind, b._polynomials, b._odd, b._triples, b._growth, b.change, _drift(b),
            b._columns,
        )  # fmt: skip
        self.after = tuple(np.empty(size * lanes) for size in (b.k, b.k, links, links, 4))

    def __call__(self, rng: np.random.Generator, table: np.ndarray, at: int) -> None:
        self.draws.draw(rng)
        self.kernel(*self.before, table, at, *self.after)


def _drift(battery: Battery) -> float:
    """The standard deviation of the mean change over replicates."""
    if battery.growth is None:
        return 0.0
    return math.sqrt((2 - 2 * battery.correlation[battery.growth]) / battery.n)


class _PlainRows(_Rows):
    """The same in NumPy."""

    def __init__(self, battery: Battery, drawn: bool):
        super().__init__(battery, drawn)
        self.z = np.empty_like(self.x)

    def compute(self, table: np.ndarray, at: int) -> None:
        b, x, z = self.battery, self.x, self.z
        if self.drawn:
            np.matmul(b._lower, x, out=z)
        else:
            z[:] = x
        links = len(b._links)
        product = np.empty((links, self.width))
        if b.complete:
            mean = np.add.reduce(z, axis=0)
            mean /= b.n
            square = np.einsum("ijk,ijk->jk", z, z)
            square -= b.n * mean * mean
            for line, left, right in zip(product, b._left, b._right, strict=True):
                np.einsum("ik,ik->k", z[:, left], z[:, right], out=line)
                line -= b.n * mean[left] * mean[right]
        else:
            mean, square = np.empty((2, 2 * links, self.width))
            for number, (left, right, group) in enumerate(b._links):
                rows = b._groups[group]
                both = z[rows, left], z[rows, right]
                for at_, one in zip((2 * number, 2 * number + 1), both, strict=True):
                    mean[at_] = np.add.reduce(one, axis=0) / len(rows)
                    one -= mean[at_]
                    square[at_] = np.einsum("ik,ik->k", one, one)
                product[number] = np.einsum("ik,ik->k", *both)
        gap = None
        if b.growth:
            link = b._growth[0]
            gap = mean[b._right_at[link]] - mean[b._left_at[link]] + b.change * self.drawn
        _statistics(b, square, product, gap, table, at)
        for number, link in enumerate(b._slope_links):
            _slope(b, number, link, z, mean, square, product, table, at)
        if b.ranks:
            _rank_correlations(b, z, table, at)


class _PlainWishart:
    def __init__(self, battery: Battery):
        self.battery = battery
        self.width = _kernels().LANES * _kernels().WISHART_BLOCKS
        self.draws = _WishartDraws(battery.n, battery.k, self.width)
        self.factor = np.empty((battery.k, battery.k, self.width))

    def __call__(self, rng: np.random.Generator, table: np.ndarray, at: int) -> None:
        b, factor = self.battery, self.factor
        self.draws.draw(rng)
        np.matmul(b._lower, self.draws.triangles(), out=factor)  # column, variable, replicate
        square = np.empty((b.k, self.width))
        product = np.empty((len(b._links), self.width))
        for a in b._columns:
            np.einsum("ik,ik->k", factor[: a + 1, a], factor[: a + 1, a], out=square[a])
        for line, left, right in zip(product, b._left, b._right, strict=True):
            both = min(left, right) + 1
            np.einsum("ik,ik->k", factor[:both, left], factor[:both, right], out=line)
        gap = b.change + _drift(b) * self.draws.normal[-1] if b.growth else None
        _statistics(b, square, product, gap, table, at)


def _store(table: np.ndarray, line: int, at: int, values: np.ndarray) -> None:
    """Write lines of the table from column `at` on, up to its end."""
    values = np.atleast_2d(values)
    room = table.shape[1] - at
    table[line : line + len(values), at : at + values.shape[1]] = values[:, :room]


def _p_lines(b: Battery, r: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """p of lines of correlations that may differ in their degrees of freedom."""
    kinds = np.asarray(kinds)
    if len(set(kinds.tolist())) == 1:
        return _p_of_r(r, b._polynomials[kinds[0]], b._odd[kinds[0]])
    p = np.empty_like(r)
    for kind in np.unique(kinds):
        mine = kinds == kind
        p[mine] = _p_of_r(r[mine], b._polynomials[kind], b._odd[kind])
    return p


def _r_of_t(t: np.ndarray, df: ArrayLike) -> np.ndarray:
    """The correlation that has this t."""
    return t / np.sqrt(t * t + df)


def _statistics(b: Battery, square, product, gap, table: np.ndarray, at: int) -> None:
    """Everything that the moments tell."""
    places, pairs = b._places, len(b.pairs)
    r = np.sqrt(square[b._left_at] * square[b._right_at])
    np.divide(product, r, out=r)
    np.clip(r, -1.0, 1.0, out=r)
    if pairs:
        _store(table, places[0], at, r[:pairs])
        _store(table, places[1], at, _p_lines(b, r[:pairs], b._kind[:pairs]))
    if b.growth:
        link, kind = b._growth
        n = b._size[link]
        both = square[b._left_at[link]] + square[b._right_at[link]]
        t = gap * np.sqrt(n * (n - 1) / (both - 2 * product[link]))
        _store(table, places[4], at, t)
        _store(table, places[5], at, gap * np.sqrt(2 * (n - 1) / both))
        _store(table, places[6], at, _p_lines(b, _r_of_t(t, n - 1)[None], [kind]))
    if len(b._triples):
        n = b._size[b._triples[:, 0], None]
        one, two, tie = r[b._triples[:, 0]], r[b._triples[:, 1]], r[b._triples[:, 2]]
        determinant = np.maximum(1 - one**2 - two**2 - tie**2 + 2 * one * two * tie, 0.0)
        spread = 2 * (n - 1) / (n - 3) * determinant + (0.5 * (one + two)) ** 2 * (1 - tie) ** 3
        t = (one - two) * np.sqrt((n - 1) * (1 + tie) / spread)
        t[one == two] = 0.0
        _store(table, places[7], at, t)
        _store(table, places[8], at, _p_lines(b, _r_of_t(t, n - 3), b._triples[:, 3]))


def _slope(b: Battery, number, link, z, mean, square, product, table, at) -> None:
    """Slope of the second variable of a link on the first, classical and HC3 errors."""
    left, right, group = b._links[link]
    rows = b._groups[group]
    n = len(rows)
    whole = slice(None) if n == b.n else rows
    sxx = square[b._left_at[link]]
    dx = z[whole, left] - mean[b._left_at[link]]
    slope = product[link] / sxx
    error = z[whole, right] - mean[b._right_at[link]] - slope * dx
    part = dx * error / (1 - 1 / n - dx * dx / sxx)
    se = np.sqrt(np.add.reduce(error * error, axis=0) / ((n - 2) * sxx))
    robust = np.sqrt(np.add.reduce(part * part, axis=0)) / sxx
    p = _p_lines(b, _r_of_t(slope / robust, n - 2)[None], [b._kind[link]])
    for block, values in zip((9, 10, 11, 12), (slope, se, robust, p), strict=True):
        _store(table, b._places[block] + number, at, values)


def _midranks(z: np.ndarray) -> np.ndarray:
    """Twice the midranks less their mean, over the first axis.

    A participant ranks up for each who is below and down for each who is above; whole
    numbers of one byte, where they are enough, keep the sums short.
    """
    n = len(z)
    count = np.int8 if n < 128 else np.int64
    twice = np.zeros(z.shape, count)
    for i in range(n - 1):
        above = np.less(z[i + 1 :], z[i]).view(np.int8)
        above -= np.greater(z[i + 1 :], z[i]).view(np.int8)
        twice[i] += np.add.reduce(above, axis=0, dtype=count)
        twice[i + 1 :] -= above
    return twice.astype(float)


def _rank_correlations(b: Battery, z: np.ndarray, table: np.ndarray, at: int) -> None:
    pairs = len(b.pairs)
    r = np.empty((pairs, z.shape[2]))
    if b.complete:
        place = {int(column): i for i, column in enumerate(b._ranked)}
        ranks = _midranks(np.take(z, b._ranked, axis=1))
        square = np.einsum("ijk,ijk->jk", ranks, ranks)
    for line, (left, right, group) in zip(r, b._links[:pairs], strict=True):
        if b.complete:
            one, other = ranks[:, place[left]], ranks[:, place[right]]
            both = square[place[left]] * square[place[right]]
        else:
            one, other = _midranks(z[b._groups[group], left]), _midranks(z[b._groups[group], right])
            both = np.einsum("ik,ik->k", one, one) * np.einsum("ik,ik->k", other, other)
        np.einsum("ik,ik->k", one, other, out=line)
        line /= np.sqrt(both)
    np.clip(r, -1.0, 1.0, out=r)
    _store(table, b._places[2], at, r)
    _store(table, b._places[3], at, _p_lines(b, r, b._kind[:pairs]))


# --- the study ----------------------------------------------------------------------------

_BOND = ("alliance_prep", "alliance_post2")
_EXPERIENCE = ("mystical_peak", "insight_peak")
_DEPRESSION = ("grid_hamd_4wk", "grid_hamd_3mo", "grid_hamd_6mo", "grid_hamd_12mo")
#: Reported in words, without a number.
_IN_WORDS = [("mystical_peak", "grid_hamd_12mo"), ("insight_peak", "grid_hamd_12mo")]


def study_battery(null: bool = False) -> Battery:
    """The study's tests of bond, experience and depression, in its completed population.

    Parameters
    ----------
    null : bool
        Whether nothing goes with anything that the study related: no correlation between
        bond, experience and depression, and no growth. Depression at one visit still goes
        with depression at the others, the first rating of the bond with the last, and one
        kind of experience with the other; so the tests still depend on each other.

    Returns
    -------
    Battery
        14 tests: the 11 printed correlations in the order of the ledger, the 2 of
        experience and depression at 12 months that were reported in words, and the growth
        of the bond from preparation to the end. All over the participants who have the
        ratings in `helpers.trial.load_trial`. The peak of two sessions counts as a normal
        variable here.

    Examples
    --------
    >>> battery = study_battery(null=True)
    >>> battery.n, len(battery.pairs), battery.pair_sizes
    (24, 13, [20, 20, 20, 20, 16, 23, 19, 24, 24, 24, 24, 23, 19])
    """
    from helpers import completion
    from helpers.codebook import read_assumptions, read_codebook
    from helpers.population import correlation_problem
    from helpers.published import read_ledger
    from helpers.trial import load_trial

    ledger = read_ledger()
    names = [*_BOND, *_EXPERIENCE, *_DEPRESSION]
    problem = correlation_problem(ledger, read_codebook(), read_assumptions(), variables=names)
    correlation = completion.complete(problem).copy()
    if null:
        block = np.repeat([0, 1, 2], [len(_BOND), len(_EXPERIENCE), len(_DEPRESSION)])
        correlation[block[:, None] != block] = 0.0
    printed = ledger[(ledger["kind"] == "r") & ledger["x"].isin(names) & ledger["y"].isin(names)]
    return Battery(
        correlation,
        present=load_trial()[names].notna().to_numpy(),
        names=names,
        pairs=[*zip(printed["x"], printed["y"], strict=True), *_IN_WORDS],
        growth=_BOND,
        change=0.0 if null else float(ledger.loc["levin.growth.d", "value"]),
    )
