"""Matched trials: whole data sets that reproduce every row of a ledger.

A trial starts as a draw from the completed population. The search then moves single
scores by a few steps, or moves two scores of a group against each other, and takes a move
by the rule of Metropolis et al. (1953). Its energy is minus the log density of the
population, always at temperature one, plus a penalty for each statistic outside its
interval whose weight grows until nothing outside is left (annealing after Kirkpatrick,
Gelatt and Vecchi, 1983). A last stretch of moves inside the intervals only lets the trial
settle. So a matched trial is close to a draw from the population given that it matches.

``python -m helpers.matching --help`` does the same for any ledger from the command line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from helpers import _anneal
from helpers.codebook import Codebook
from helpers.population import Population, complete_population
from helpers.targets import TOLERANCE, Target, has_column, lacks_column
from helpers.targets import targets as all_targets

__all__ = ["MatchError", "Matcher", "matched_trials"]

#: Weight of the penalty at the beginning and at the end; a miss of one standard error costs it.
WEIGHTS = (10.0, 1e9)
#: Moves for each score, while the weight grows and after it.
MOVES_PER_SCORE = 250
SETTLING_PER_SCORE = 150
#: How often a trial that did not match is begun again.
ATTEMPTS = 20
#: Numbers printed to many digits about few participants are a puzzle, and a puzzle is worth
#: more moves: so many are spent, all attempts together, before a trial is given up.
LEAST_MOVES = 30_000_000
#: Every second of the further attempts has so many times the moves.
PATIENCE = 4


class MatchError(RuntimeError):
    """The search found no trial that matches; the message says which rows it missed.

    Attributes
    ----------
    missed : pandas.DataFrame
        Index: the ids of the rows, joined. Columns: low, high (what was wanted), value
        (the nearest that was reached).

    Examples
    --------
    >>> issubclass(MatchError, RuntimeError)
    True
    """

    def __init__(self, missed: pd.DataFrame, attempts: int):
        self.missed = missed
        said = "; ".join(
            f"{index}: {row.value:.4g} instead of {row.low:.4g} to {row.high:.4g}"
            for index, row in zip(missed.index, missed.itertuples(), strict=True)
        )
        super().__init__(
            f"no matching trial in {attempts} attempts; the nearest one missed {len(missed)} "
            f"of the ledger's statistics ({said}). Rows that hardly agree, or assumptions far "
            "from what the rows need, make this likely"
        )


def matched_trials(
    ledger: pd.DataFrame,
    n_trials: int,
    rng: np.random.Generator,
    *,
    codebook: Codebook | None = None,
    assumptions: pd.DataFrame | None = None,
    n_jobs: int = 1,
    progress: bool = False,
    compiled: bool | None = None,
) -> pd.DataFrame:
    """Different trials that all reproduce every row of a ledger.

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `helpers.published.read_ledger` returns it.
    n_trials : int
        How many, at least 1.
    rng : numpy.random.Generator
        Where the one seed of all trials comes from. Trial k depends on that seed and on k
        alone, so the result is the same for any number of workers.
    codebook, assumptions
        As `helpers.codebook` reads them; without them, the book's own.
    n_jobs : int
        Workers (threads); -1 for one a core.
    progress : bool
        Whether to show a progress bar on stderr.
    compiled : bool, optional
        Whether to use numba; by default where it is installed. The trials are the same
        without it, and take some fifty times longer.

    Returns
    -------
    pandas.DataFrame
        One row a participant and trial: trial (0, 1, ...), participant (an id), the
        group, completed (False for those who were enrolled and not analyzed; they have no
        scores), and each measured and derived column in its unit, missing where the
        pattern says so.

    Raises
    ------
    ImpossibleLedger
        Before any search, if no data set can match; it names the rows.
    MatchError
        If a trial does not match in the given number of attempts; nothing is returned.
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> from helpers.published import read_ledger
    >>> trials = matched_trials(read_ledger(), 2, np.random.default_rng(1))
    >>> trials.groupby("trial")["grid_hamd_4wk"].count().tolist()
    [24, 24]
    """
    from helpers import _inputs
    from helpers.codebook import read_assumptions, read_codebook

    n_trials = _inputs.whole("n_trials", n_trials, 1)
    codebook = read_codebook(ledger=ledger) if codebook is None else codebook
    assumptions = read_assumptions(codebook=codebook) if assumptions is None else assumptions
    matcher = Matcher(ledger, codebook, assumptions, compiled=compiled)
    return matcher.trials(n_trials, rng, n_jobs=n_jobs, progress=progress)


class Matcher:
    """A ledger made ready for the search.

    Parameters
    ----------
    ledger, codebook, assumptions
        As for `matched_trials`.
    compiled : bool, optional
        As for `matched_trials`.

    Attributes
    ----------
    targets : list of Target
        What a trial must meet.
    population : Population
        What it is drawn from.
    columns : list of str
        Measured and derived columns, in the order of the score arrays.

    Raises
    ------
    ImpossibleLedger, CodebookError
        As for `matched_trials`.

    Examples
    --------
    >>> from helpers.codebook import read_assumptions, read_codebook
    >>> from helpers.published import read_ledger
    >>> matcher = Matcher(read_ledger(), read_codebook(), read_assumptions())
    >>> len(matcher.targets), len(matcher.columns)
    (38, 25)
    """

    def __init__(
        self,
        ledger: pd.DataFrame,
        codebook: Codebook,
        assumptions: pd.DataFrame,
        *,
        compiled: bool | None = None,
    ):
        self.codebook = codebook
        self.targets: list[Target] = all_targets(ledger, codebook)
        self.population: Population = complete_population(
            ledger, codebook, assumptions, self.targets
        )
        self.columns = codebook.columns()
        self._loop = None
        if compiled is not False:
            self._loop = _anneal.compiled_anneal()
            if compiled and self._loop is None:
                raise ValueError("compiled: numba is not installed")
        self._place()
        self._prepare_tables()
        self._prepare_rules()
        self._prepare_statistics()

    # --- made once ---------------------------------------------------------------------

    def _place(self) -> None:
        """Who is in which group, and which kinds of participants there are."""
        names = list(self.codebook.groups)
        self.group_names = [g for g in names for _ in range(self.codebook.groups[g])]
        self.group_of = np.array([names.index(g) for g in self.group_names])
        self.n_people = len(self.group_names)
        self.n_base = len(self.codebook.variables)
        index = {name: i for i, name in enumerate(self.columns)}
        self.index = index
        # A kind of participant is a group and a missing pattern (the last one: none).
        patterns = [*self.codebook.missing, None]
        self.n_patterns = len(patterns)
        self.has = np.zeros((len(names) * self.n_patterns, len(self.columns)), dtype=bool)
        for g, group in enumerate(names):
            for p, pattern in enumerate(patterns):
                lacking = pattern.variables if pattern else ()
                for column, name in enumerate(self.columns):
                    here = has_column(self.codebook, name, group)
                    gone = lacks_column(self.codebook, name, group, lacking)
                    self.has[g * self.n_patterns + p, column] = here and not gone

    def _prepare_tables(self) -> None:
        """The margins as tables over scores, and the curvature of each kind of participant."""
        names, groups = list(self.codebook.variables), list(self.codebook.groups)
        self.table = np.zeros((len(groups), self.n_base), dtype=np.int64)
        self.reach = np.ones((len(groups), self.n_base), dtype=np.int64)
        size = 0
        for (name, group), curve in self.population.margins.items():
            at = groups.index(group), names.index(name)
            self.table[at] = size - curve.low
            self.reach[at] = max(1, round(0.5 * curve.sd / self.codebook.variables[name].step))
            size += curve.mass.size
        curves = self.population.margins.values()
        self.z = np.concatenate([curve.z for curve in curves])
        self.log_mass = np.concatenate([curve.log_mass() for curve in curves])
        self.low, self.high = np.array([v.ticks() for v in self.codebook.variables.values()]).T
        self.steps = np.array([self.codebook.step(name) for name in self.columns])
        kinds = self.has.shape[0]
        self.curvature = np.zeros((kinds, self.n_base, self.n_base))
        for kind in range(kinds):
            seen = np.flatnonzero(self.has[kind, : self.n_base])
            if seen.size:
                part = self.population.correlation[np.ix_(seen, seen)]
                inverse = np.linalg.inv(part) - np.eye(seen.size)
                self.curvature[kind][np.ix_(seen, seen)] = np.round((inverse + inverse.T) / 2, 10)

    def _prepare_rules(self) -> None:
        """How derived columns follow, in the order in which they must be computed."""
        n = len(self.columns)
        groups = list(self.codebook.groups)
        self.rule = np.zeros(n, dtype=np.int64)
        self.rule_a = np.zeros(n, dtype=np.int64)
        self.rule_b = np.zeros(n, dtype=np.int64)
        self.rule_limit = np.zeros(n)
        self.rule_pick = np.zeros((n, len(groups)), dtype=np.int64)
        for name, derived in self.codebook.derived.items():
            d = self.index[name]
            self.rule[d] = _anneal.RULES[derived.how]
            self.rule_a[d] = self.index[derived.parts[0]]
            self.rule_b[d] = self.index[derived.parts[-1]]
            step = self.codebook.step(derived.parts[0])
            if derived.how == "at_most":
                self.rule_limit[d] = derived.limit / step + 1e-9
            elif derived.how == "reduced_by":
                self.rule_limit[d] = 1 - derived.limit
            elif derived.how == "by_group":
                self.rule_pick[d] = [self.index[derived.choice[g]] for g in groups]
        self.followers = [
            [self.index[d] for d in self.codebook.derived if name in self.codebook.sources(d)]
            for name in self.codebook.variables
        ]
        self._followers = _flat(self.followers)

    def _prepare_statistics(self) -> None:
        """The statistics that must be met, and which of them each variable touches."""
        groups = list(self.codebook.groups)
        count = len(self.targets)
        self.kind = np.array([_anneal.KINDS[t.kind] for t in self.targets], dtype=np.int64)
        self.stat_x = np.array([self.index[t.x] for t in self.targets], dtype=np.int64)
        self.stat_y = np.array([self.index[t.y] if t.y else -1 for t in self.targets], dtype=np.int64)
        # Means and SDs are counted in steps, as the scores are; the others have no unit.
        self.units = units = np.array(
            [self.steps[self.index[t.x]] if t.kind in ("mean", "sd") else 1.0 for t in self.targets]
        )
        low = np.array([t.low for t in self.targets]) / units
        high = np.array([t.high for t in self.targets]) / units
        self.stat_low = low - TOLERANCE * np.maximum(1.0, np.abs(low))
        self.stat_high = high + TOLERANCE * np.maximum(1.0, np.abs(high))
        # No upper end is still below what cannot be computed (means and SDs always can).
        self.stat_high[np.isinf(self.stat_high) & (self.kind > _anneal.SD)] = _anneal.UNDEFINED / 2
        self.stat_scale = np.array([1 / self._standard_error(t) for t in self.targets]) * units
        # 1: counts, or is of the first group; 2: is of the second group.
        self.side = np.zeros((count, self.has.shape[0]), dtype=np.int64)
        for k, target in enumerate(self.targets):
            there = self.has[:, self.stat_x[k]].copy()
            if target.y:
                there &= self.has[:, self.stat_y[k]]
            of_group = np.arange(self.has.shape[0]) // self.n_patterns
            for side, group in enumerate(target.groups, start=1):
                mine = there if group == "all" else there & (of_group == groups.index(group))
                self.side[k, mine] = side
        touched = []
        for b in range(self.n_base):
            mine = {b, *self.followers[b]}
            hit = [k for k in range(count) if self.stat_x[k] in mine or self.stat_y[k] in mine]
            # Narrow and likely misses first, so that a hopeless move ends early.
            width = (self.stat_high - self.stat_low) * self.stat_scale
            touched.append(sorted(hit, key=lambda k: (width[k], k)))
        self.touched = touched
        self._touched = _flat(touched)
        self._most_touched = max(map(len, touched))

    def _standard_error(self, target: Target) -> float:
        """About how far a draw of the population lies from the target, in its own unit."""
        n = target.n
        if target.kind in ("mean", "sd"):
            if target.x in self.codebook.derived and self.codebook.derived[target.x].is_indicator:
                return 0.5 / math.sqrt(n)
            (source, *_) = self.codebook.sources(target.x)
            sd = np.mean([m.sd for (name, _), m in self.population.margins.items() if name == source])
            return sd / math.sqrt(n if target.kind == "mean" else 2 * n)
        if target.kind in ("r", "abs_r"):
            middle = 0.0 if target.kind == "abs_r" else (target.low + target.high) / 2
            return max(1 - middle**2, 0.05) / math.sqrt(max(n - 2, 1))
        if target.kind in ("t_paired", "t_between"):
            return 1.0
        return math.sqrt(2.0 / n)

    # --- made for each trial -------------------------------------------------------------

    def trials(
        self, n_trials: int, rng: np.random.Generator, *, n_jobs: int = 1, progress: bool = False
    ) -> pd.DataFrame:
        """Matched trials as one frame; see `matched_trials`."""
        scores = self.scores(n_trials, rng, n_jobs=n_jobs, progress=progress)
        return self.frame(scores)

    def scores(
        self, n_trials: int, rng: np.random.Generator, *, n_jobs: int = 1, progress: bool = False
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Matched trials as arrays: scores in steps, and who has what (people x columns)."""
        import joblib

        seed = int(rng.integers(2**63))
        jobs = (joblib.delayed(self._one)(seed, k) for k in range(n_trials))
        workers = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
        found = workers(jobs)
        if progress:
            from tqdm import tqdm

            found = tqdm(found, total=n_trials, desc="matched trials", unit="trial")
        return list(found)

    def _one(self, seed: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k-th trial: attempts until one matches."""
        nearest = None
        for attempt, stubborn in self._attempts():
            sequence = np.random.SeedSequence(seed, spawn_key=(k, attempt))
            state = self.start(np.random.Generator(np.random.PCG64(sequence)))
            if stubborn:
                self.anneal(state, PATIENCE * MOVES_PER_SCORE, stubborn=True)
            else:
                self.anneal(state)
            if not any(state["penalty"]):
                self.settle(state)
                return state["x"], state["has"]
            if nearest is None or sum(state["penalty"]) < sum(nearest["penalty"]):
                nearest = state
        raise MatchError(self.missed(nearest), attempt + 1)

    def _attempts(self) -> Iterator[tuple[int, bool]]:
        """The number of each attempt, and whether it is a stubborn one."""
        spent, attempt = 0, 0
        once = max(1, self.n_people * self.n_base * MOVES_PER_SCORE)
        while attempt < ATTEMPTS or spent < LEAST_MOVES:
            stubborn = attempt >= ATTEMPTS and attempt % 2 == 1
            yield attempt, stubborn
            spent += once * (PATIENCE if stubborn else 1)
            attempt += 1

    def start(self, rng: np.random.Generator) -> dict[str, Any]:
        """A draw from the population, and everything that the inner loop keeps up to date."""
        kind = self._assign(rng)
        x = np.zeros((self.n_people, len(self.columns)), dtype=np.int64)
        x[:, : self.n_base] = self.population.draw(self.group_names, rng)
        for d in range(self.n_base, len(self.columns)):
            x[:, d] = self._derive(d, x)
        has = self.has[kind]
        # Scores that can move, column by column and within it group by group.
        cell_c, cell_i = np.nonzero(has[:, : self.n_base].T)
        cell_g = self.group_of[cell_i]
        segment = cell_c * len(self.codebook.groups) + cell_g
        _, first, size = np.unique(segment, return_index=True, return_counts=True)
        run = np.repeat(np.arange(first.size), size)
        side = self.side[:, kind]
        state = {
            "rng": rng,
            "has": has,
            "x": x,
            "cell_i": cell_i,
            "cell_c": cell_c,
            "cell_table": self.table[cell_g, cell_c],
            "cell_low": self.low[cell_c],
            "cell_high": self.high[cell_c],
            "cell_reach": self.reach[cell_g, cell_c],
            "cell_pattern": kind[cell_i],
            "cell_first_peer": first[run],
            "cell_n_peers": size[run],
            "side": side,
            "n": (side == 1).sum(axis=1).astype(float),
            "m": (side == 2).sum(axis=1).astype(float),
        }
        place = self.table[self.group_of] + x[:, : self.n_base]
        z = np.where(has[:, : self.n_base], self.z[np.where(has[:, : self.n_base], place, 0)], 0.0)
        state["g"] = np.einsum("ib,ibc->ic", z, self.curvature[kind])
        self._sum(state)
        return state

    def _assign(self, rng: np.random.Generator) -> np.ndarray:
        """For each participant the kind: group and missing pattern, patterns at random."""
        pattern = np.full(self.n_people, self.n_patterns - 1)
        groups = list(self.codebook.groups)
        # Patterns that name a group choose first, so that enough participants are left.
        order = sorted(range(self.n_patterns - 1), key=lambda p: not self.codebook.missing[p].group)
        for p in order:
            wanted = self.codebook.missing[p]
            free = pattern == self.n_patterns - 1
            if wanted.group:
                free &= self.group_of == groups.index(wanted.group)
            pattern[rng.permutation(np.flatnonzero(free))[: wanted.count]] = p
        return self.group_of * self.n_patterns + pattern

    def _derive(self, d: int, x: np.ndarray) -> np.ndarray:
        """A derived column from its parts."""
        a, b = x[:, self.rule_a[d]], x[:, self.rule_b[d]]
        rule = self.rule[d]
        if rule == _anneal.MAX_OF:
            return np.maximum(a, b)
        if rule == _anneal.BY_GROUP:
            return x[np.arange(self.n_people), self.rule_pick[d, self.group_of]]
        if rule == _anneal.AT_MOST:
            return (a <= self.rule_limit[d]).astype(np.int64)
        return (b <= self.rule_limit[d] * a + 1e-9).astype(np.int64)

    def _sum(self, state: dict[str, Any]) -> None:
        """The sums behind each statistic, and how far each lies outside its interval."""
        x = state["x"].astype(float)
        one, two = (state["side"] == 1).astype(float), (state["side"] == 2).astype(float)
        vx = x[:, self.stat_x].T
        vy = np.where(self.stat_y[:, None] >= 0, x[:, np.maximum(self.stat_y, 0)].T, 0.0)
        between = two.any(axis=1)
        sums = np.stack(
            [
                (one * vx).sum(1),
                (one * vx * vx).sum(1),
                np.where(between, (two * vx).sum(1), (one * vy).sum(1)),
                np.where(between, (two * vx * vx).sum(1), (one * vy * vy).sum(1)),
                (one * vx * vy).sum(1),
            ],
            axis=1,
        )
        state["sums"] = sums
        value = self.values(state)
        miss = np.maximum(np.maximum(self.stat_low - value, value - self.stat_high), 0)
        state["penalty"] = (miss * self.stat_scale) ** 2

    def values(self, state: dict[str, Any]) -> np.ndarray:
        """Each statistic of a state, with scores counted in steps."""
        return np.array(
            [
                _anneal.statistic(int(kind), n, m, *(float(s) for s in sums))
                for kind, n, m, sums in zip(self.kind, state["n"], state["m"], state["sums"], strict=True)
            ]
        )

    def anneal(
        self,
        state: dict[str, Any],
        moves_per_score: int = MOVES_PER_SCORE,
        *,
        stubborn: bool = False,
    ) -> int:
        """Let the weight of the penalty grow; the number of moves made.

        A stubborn search also lets two participants change places, which keeps the mean
        and the SD of their group, and stops at the first match.
        """
        moves = moves_per_score * len(state["cell_i"])
        blocks = -(-moves // _anneal.BLOCK)
        return self._moves(state, moves, np.geomspace(*WEIGHTS, blocks), stubborn)

    def settle(self, state: dict[str, Any], moves_per_score: int = SETTLING_PER_SCORE) -> int:
        """Move inside the intervals only; the number of moves made."""
        moves = moves_per_score * len(state["cell_i"])
        blocks = -(-moves // _anneal.BLOCK)
        return self._moves(state, moves, np.full(blocks, 1e300))

    def _moves(
        self, state: dict[str, Any], moves: int, weights: np.ndarray, stubborn: bool = False
    ) -> int:
        words = state["rng"].integers(0, 2**63, size=moves)
        patience = state["rng"].standard_exponential(moves)
        most, n = self._most_touched, len(self.columns)
        live = ("x", "g", "sums", "penalty")
        arrays = [state[name].ravel() for name in live]
        rest = [
            n, self.n_base, self.n_people, len(self.codebook.groups), self.group_of,
            state["cell_i"], state["cell_c"], state["cell_table"], state["cell_low"], state["cell_high"],
            state["cell_reach"], state["cell_pattern"], state["cell_first_peer"], state["cell_n_peers"],
            self.z, self.log_mass, self.curvature.ravel(),
            *self._followers,
            self.rule, self.rule_a, self.rule_b, self.rule_limit, self.rule_pick.ravel(),
            *self._touched,
            self.kind, self.stat_x, self.stat_y, state["n"], state["m"],
            self.stat_low, self.stat_high, self.stat_scale, state["side"].ravel(),
            np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64),
            np.zeros(5 * most + 5), np.zeros(most + 1),
        ]  # fmt: skip
        if self._loop is not None:
            return self._loop(words, patience, weights, stubborn, *arrays, *rest)
        # Plain Python is several times faster on lists than on arrays.
        lists = [array.tolist() for array in arrays]
        made = _anneal.anneal(
            words.tolist(), patience.tolist(), weights.tolist(), stubborn, *lists,
            *(part.tolist() if isinstance(part, np.ndarray) else part for part in rest),
        )  # fmt: skip
        for array, values in zip(arrays, lists, strict=True):
            array[:] = values
        return made

    def missed(self, state: dict[str, Any]) -> pd.DataFrame:
        """The statistics of a state that lie outside their intervals."""
        values = self.values(state)
        rows = [
            (", ".join(target.rows), target.low, target.high, value * unit)
            for target, value, miss, unit in zip(
                self.targets, values, state["penalty"], self.units, strict=True
            )
            if miss > 0
        ]
        return pd.DataFrame(rows, columns=["rows", "low", "high", "value"]).set_index("rows")

    # --- as a table ------------------------------------------------------------------------

    def frame(self, scores: list[tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
        """Score arrays as one table, a row a participant and trial."""
        book = self.codebook
        left = [g for g in book.groups for _ in range(book.enrolled[g] - book.groups[g])]
        everyone = np.array(self.group_names + left)
        completed = np.arange(everyone.size) < self.n_people
        order = np.argsort([list(book.groups).index(g) for g in everyone], kind="stable")
        width = max(2, len(str(everyone.size)))
        ids = [f"{book.id_prefix}-{i:0{width}d}" for i in range(1, everyone.size + 1)]
        table: dict[str, Any] = {
            "trial": np.repeat(np.arange(len(scores)), everyone.size),
            "participant": np.tile(ids, len(scores)),
            book.group_column: np.tile(everyone[order], len(scores)),
            "completed": np.tile(completed[order], len(scores)),
        }
        blank = np.full((len(left), len(self.columns)), np.nan)
        stacked = np.concatenate(
            [np.vstack([np.where(has, x, np.nan), blank])[order] for x, has in scores]
        )
        for column, name in enumerate(self.columns):
            table[name] = _in_units(stacked[:, column], self.steps[column])
        return pd.DataFrame(table)


def _flat(lists: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lists in a row: where each begins, how long it is, and all items."""
    sizes = np.array([len(part) for part in lists], dtype=np.int64)
    items = np.array([item for part in lists for item in part] or [0], dtype=np.int64)
    return np.cumsum(sizes) - sizes, sizes, items


def _in_units(ticks: np.ndarray, step: float) -> np.ndarray:
    """Scores in their unit, each the nearest float to its decimal form."""
    if step == int(step):
        return ticks * step
    places = max(0, -math.floor(math.log10(step)) + 6)
    return np.round(ticks * step, places)


def main(arguments: list[str] | None = None) -> int:
    """The command line of this module; see `helpers.cli_matching`.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the command line.

    Returns
    -------
    int
        0 for a match, 2 for a refusal, 3 for no match, 4 for files that cannot be written.
    """
    from helpers.cli_matching import main as run

    return run(arguments)


if __name__ == "__main__":
    import sys

    sys.exit(main())
