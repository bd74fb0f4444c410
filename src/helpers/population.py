"""The completed population: what the trial could be a sample of.

A population is a margin for each variable in each group, and one correlation matrix. The
margins are the distributions of largest entropy on the scale's scores that have the mean
and the SD; the dependence is a Gaussian copula with the completed matrix. A draw gives
whole scores within the scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers import completion
from helpers.codebook import Codebook, CodebookError
from helpers.targets import (
    ImpossibleLedger,
    Target,
    correlation_entries,
    limits,
    named_rows,
    used_variables,
)
from helpers.targets import targets as all_targets

__all__ = [
    "Margin",
    "MissingMoments",
    "Population",
    "complete_population",
    "correlation_problem",
    "margin",
]

#: Quantiles of the normal score beyond these are cut: they happen once in a billion.
_Z_LIMIT = 6.0
#: The least mass, so that a score at the far end of a scale costs much log density and not all of it.
_MASS_FLOOR = 1e-18


class MissingMoments(CodebookError):
    """Some means or SDs are neither printed nor assumed; the message names the first.

    Attributes
    ----------
    lacking : tuple of (str, str, str)
        All of them: "mean" or "sd", the variable, the group.

    Examples
    --------
    >>> print(MissingMoments([("sd", "sleep", "all_of_us")]))
    no SD of 'sleep' in group 'all_of_us' is printed; add one to the assumptions
    """

    def __init__(self, lacking: Sequence[tuple[str, str, str]]):
        self.lacking = tuple(lacking)
        kind, name, group = self.lacking[0]
        called = {"mean": "mean", "sd": "SD"}[kind]
        super().__init__(
            f"no {called} of {name!r} in group {group!r} is printed; add one to the assumptions"
        )


@dataclass(frozen=True)
class Margin:
    """The distribution of one variable in one group.

    Attributes
    ----------
    mean, sd : float
        In the unit of the variable.
    low : int
        The first score, counted in steps from zero.
    mass : numpy.ndarray
        The probability of each score from `low` upward.
    z : numpy.ndarray
        The normal quantile of the middle of each score's share.
    """

    mean: float
    sd: float
    low: int
    mass: np.ndarray
    z: np.ndarray

    def log_mass(self) -> np.ndarray:
        """The log probability of each score, bounded from below."""
        return np.round(np.log(np.maximum(self.mass, _MASS_FLOOR)), 10)

    def scores(self, u: np.ndarray) -> np.ndarray:
        """The score at each cumulative probability, in steps from zero."""
        edges = np.cumsum(self.mass)[:-1]
        return self.low + np.searchsorted(edges, u, side="right")


@dataclass(frozen=True)
class Population:
    """Margins and correlations; see `complete_population`.

    Attributes
    ----------
    names : tuple of str
        The measured variables, in the order of the codebook.
    correlation : numpy.ndarray
        Their completed correlation matrix.
    margins : dict
        (variable, group) to `Margin`.
    """

    names: tuple[str, ...]
    correlation: np.ndarray
    margins: dict[tuple[str, str], Margin]

    def draw(self, groups: list[str], rng: np.random.Generator) -> np.ndarray:
        """Scores for participants of the named groups, one row each, in steps from zero.

        A variable that a group does not have is drawn as zero.
        """
        from scipy.special import ndtr

        root = np.linalg.cholesky(self.correlation)
        normal = rng.standard_normal((len(groups), len(self.names))) @ root.T
        u = ndtr(normal)
        scores = np.zeros(u.shape, dtype=np.int64)
        of = np.array(groups)
        for group in dict.fromkeys(groups):
            rows = np.flatnonzero(of == group)
            for column, name in enumerate(self.names):
                if (name, group) in self.margins:
                    scores[rows, column] = self.margins[name, group].scores(u[rows, column])
        return scores


def margin(mean: float, sd: float, low: float, high: float, step: float = 1.0) -> Margin:
    """The distribution of largest entropy on a scale, given its mean and SD.

    Among all distributions on the scores from `low` to `high` with this mean and this SD
    it assumes least (Jaynes, 1957): the probability of score k is proportional to
    exp(a k + b k^2), a normal curve cut off at the ends of the scale.

    Parameters
    ----------
    mean, sd : float
        In the unit of the scale; `sd` above 0.
    low, high : float
        Ends of the scale, multiples of `step`.
    step : float
        Distance between neighboring scores.

    Returns
    -------
    Margin
        Mean and SD as asked, to 1e-6 of an SD, where some distribution has them.

    Raises
    ------
    ValueError
        If the mean lies outside the scale, or no scores have so large an SD about it.

    Examples
    --------
    >>> curve = margin(8.0, 7.1, 0, 52)
    >>> k = curve.low + np.arange(curve.mass.size)
    >>> round(float(curve.mass @ k), 3), round(float(curve.mass[0]), 3)
    (8.0, 0.089)
    """
    if not low <= mean <= high:
        raise ValueError(f"mean must be on the scale from {low:g} to {high:g}, not {mean:g}")
    if not sd > 0 or sd**2 > (mean - low) * (high - mean) * 1.2:
        raise ValueError(
            f"sd must be above 0 and possible on the scale from {low:g} to {high:g} with mean "
            f"{mean:g}, not {sd:g}"
        )
    first, last = round(low / step), round(high / step)
    u = (np.arange(first, last + 1) * step - mean) / sd
    mass = _largest_entropy(u)
    middle = np.cumsum(mass) - mass / 2
    from scipy.special import ndtri

    z = np.clip(ndtri(np.clip(middle, 1e-12, 1 - 1e-12)), -_Z_LIMIT, _Z_LIMIT)
    return Margin(mean, sd, first, mass, np.round(z, 10))


def _largest_entropy(u: np.ndarray) -> np.ndarray:
    """Probabilities proportional to exp(a u + b u^2) with mean 0 and mean square 1."""
    powers = np.vstack([u, u * u])
    wanted = np.array([0.0, 1.0])
    ridge = 1e-9  # keeps the step finite where two scores leave nothing to choose

    def masses(theta: np.ndarray) -> tuple[np.ndarray, float]:
        exponent = theta @ powers
        top = exponent.max()
        weight = np.exp(exponent - top)
        total = weight.sum()
        value = top + math.log(total) - theta @ wanted + ridge * theta @ theta / 2
        return weight / total, value

    gap = u[1] - u[0]
    # An SD far below one step: begin where the neighbors of the mean have about its square.
    theta = np.array([0.0, -0.5 if gap < 4 else -math.log(2 * gap**2) / gap**2])
    mass, value = masses(theta)
    for _ in range(200):
        moments = powers @ mass
        slope = moments - wanted + ridge * theta
        if np.abs(slope).max() < 1e-13:
            break
        spread = (powers * mass) @ powers.T - np.outer(moments, moments)
        move = np.linalg.solve(spread + ridge * np.eye(2), slope)
        size = 1.0
        while size > 1e-9:
            trial, trial_value = masses(theta - size * move)
            if trial_value <= value - 1e-4 * size * slope @ move:
                break
            size /= 2
        else:
            break
        theta, mass, value = theta - size * move, trial, trial_value
    return np.round(mass, 14) / np.round(mass, 14).sum()


# --- means and SDs ------------------------------------------------------------------------


def complete_population(
    ledger: pd.DataFrame,
    codebook: Codebook,
    assumptions: pd.DataFrame,
    found: list[Target] | None = None,
) -> Population:
    """The population that printed and assumed numbers describe.

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `helpers.published.read_ledger` returns it.
    codebook : Codebook
        As `helpers.codebook.read_codebook` returns it.
    assumptions : pandas.DataFrame
        As `helpers.codebook.read_assumptions` returns it.
    found : list of Target, optional
        What `helpers.targets.targets` returned, to save the work.

    Returns
    -------
    Population
        Means and SDs come from the group's own printed rows, else from those of everyone,
        else from the assumptions, else (a mean) from a printed d of change. Correlations
        are printed, assumed, or completed with the largest determinant.

    Raises
    ------
    MissingMoments
        If a mean or an SD is neither printed nor assumed; it names all of them.
    CodebookError
        If an assumption contradicts the printed rows.
    ImpossibleLedger
        If the printed correlations contradict each other.

    Examples
    --------
    >>> from helpers.codebook import read_assumptions, read_codebook
    >>> from helpers.published import read_ledger
    >>> population = complete_population(read_ledger(), read_codebook(), read_assumptions())
    >>> population.margins["grid_hamd_1wk", "immediate"].mean
    8.0
    """
    found = all_targets(ledger, codebook) if found is None else found
    margins = {}
    moments = _moments(ledger, codebook, assumptions, found)
    for (name, group), (mean, sd) in moments.items():
        variable = codebook.variables[name]
        try:
            margins[name, group] = margin(mean, sd, variable.low, variable.high, variable.step)
        except ValueError as error:
            raise CodebookError(f"variable {name!r}, group {group!r}: {error}") from None
    return Population(
        tuple(codebook.variables), _matrix(ledger, codebook, assumptions, found), margins
    )


def _moments(ledger, codebook, assumptions, found) -> dict[tuple[str, str], tuple[float, float]]:
    """The mean and the SD of each variable in each group that has it."""
    printed = {"mean": {}, "sd": {}}
    for target in found:
        if target.kind not in printed or len(target.groups) != 1:
            continue
        if (ledger.loc[list(target.rows), "op"] != "=").all():
            continue  # a bound says too little to be taken for the population's number
        group = target.groups[0]
        middle = (target.low + target.high) / 2
        if target.x in codebook.variables:
            printed[target.kind][target.x, group] = middle
        elif codebook.derived[target.x].how == "by_group" and group != "all":
            (source,) = used_variables(codebook, target.x, group)
            printed[target.kind].setdefault((source, group), middle)
    assumed = {"mean": {}, "sd": {}}
    for row in assumptions.itertuples():
        if row.kind in assumed:
            assumed[row.kind][row.x, row.group or "all"] = row.value

    def known(kind: str, name: str, group: str) -> float | None:
        for table in (printed[kind], assumed[kind]):
            for where in (group, "all"):
                if (name, where) in table:
                    return float(table[name, where])
        return None

    moments: dict[tuple[str, str], tuple[float, float]] = {}
    waiting, lacking = [], []
    for name, variable in codebook.variables.items():
        for group in codebook.groups:
            if variable.only and group not in variable.only:
                continue
            mean, sd = known("mean", name, group), known("sd", name, group)
            if sd is None:
                lacking.append(("sd", name, group))
                sd = (variable.high - variable.low) / 4  # to see what else is lacking
            if mean is None:
                waiting.append((name, group, sd))
            else:
                moments[name, group] = mean, max(sd, variable.step / 4)
    for name, group, sd in waiting:
        mean = _mean_from_change(codebook, found, moments, name, group, sd)
        if mean is None:
            lacking.append(("mean", name, group))
            mean = sum(limits(codebook, name)) / 2
        moments[name, group] = mean, sd
    if lacking:
        raise MissingMoments(lacking)
    assumed_here = {key[0] for table in assumed.values() for key in table}
    return {
        key: value if key[0] in assumed_here else _inside(codebook.variables[key[0]], *value)
        for key, value in moments.items()
    }


def _inside(variable, mean: float, sd: float) -> tuple[float, float]:
    """A printed mean and SD as those of a population, which a sample's can exceed.

    A sample can lie at one end of the scale, and its SD has the divisor n - 1.
    """
    margin_of_end = variable.step / 8
    mean = min(max(mean, variable.low + margin_of_end), variable.high - margin_of_end)
    return mean, min(sd, math.sqrt((mean - variable.low) * (variable.high - mean)))


def _mean_from_change(codebook, found, moments, name, group, sd) -> float | None:
    """A mean from a printed d of change and the mean of the other rating, if there is one."""
    for target in found:
        if not target.kind.startswith("d_") or target.kind == "d_between" or name not in (target.x, target.y):
            continue
        other = target.y if target.x == name else target.x
        groups = [g for g in codebook.groups if (other, g) in moments]
        if not groups or target.groups not in (("all",), (group,)) or math.isinf(target.high - target.low):
            continue
        mean, spread = _together(codebook, moments, other, groups)
        rise = (target.low + target.high) / 2 * math.sqrt((spread**2 + sd**2) / 2)
        low, high = limits(codebook, name)
        guess = mean + rise if target.y == name else mean - rise
        return min(max(guess, low), high)
    return None


def _together(codebook, moments, name, groups) -> tuple[float, float]:
    """The mean and the SD of a variable over several groups."""
    sizes = np.array([codebook.groups[g] for g in groups], dtype=float)
    means, sds = np.array([moments[name, g] for g in groups]).T
    mean = float(sizes @ means / sizes.sum())
    within = float((sizes - 1) @ sds**2)
    between = float(sizes @ (means - mean) ** 2)
    return mean, math.sqrt((within + between) / (sizes.sum() - 1))


# --- correlations -------------------------------------------------------------------------


def correlation_problem(
    ledger: pd.DataFrame,
    codebook: Codebook,
    assumptions: pd.DataFrame,
    found: list[Target] | None = None,
    *,
    variables: Sequence[str] | None = None,
) -> completion.Incomplete:
    """The incomplete correlation matrix that the rows and the assumptions leave.

    Parameters
    ----------
    ledger, codebook, assumptions, found
        As for `complete_population`.
    variables : sequence of str, optional
        Only these columns, in this order. Bounds do not depend on columns about which no
        row says anything, and are found sooner without them.

    Returns
    -------
    helpers.completion.Incomplete
        Over the named columns; by default every measured variable and every peak of two sessions. The correlation of a
        peak with its sessions follows from that of the sessions
        (`helpers.completion.session_peak_correlation`).

    Raises
    ------
    ImpossibleLedger, CodebookError
        If two entries of the same pair contradict each other.

    Examples
    --------
    >>> from helpers.codebook import read_assumptions, read_codebook
    >>> from helpers.published import read_ledger
    >>> problem = correlation_problem(read_ledger(), read_codebook(), read_assumptions())
    >>> len(problem.names)
    17
    """
    found = all_targets(ledger, codebook) if found is None else found
    peaks = [name for name, rule in codebook.derived.items() if rule.how == "max_of"]
    names = [*codebook.variables, *peaks] if variables is None else list(variables)
    for name in names:
        if name not in codebook.variables and name not in peaks:
            raise CodebookError(f"{name!r} is no measured variable and no peak of two")
    peaks = [name for name in peaks if name in names]
    printed = [
        entry for entry in correlation_entries(ledger, codebook, found)
        if entry[0] in names and entry[1] in names
    ]  # fmt: skip
    known = {frozenset(entry[:2]) for entry in printed}
    assumed = []
    for row in assumptions[assumptions["kind"] == "r"].itertuples():
        pair = frozenset((row.x, row.y))
        if not pair <= set(names):
            continue
        if pair in known and any(entry[4] is not None for entry in printed if set(entry[:2]) == pair):
            continue  # what is printed goes before what is assumed
        assumed.append((row.x, row.y, row.value, row.value, row.value, (row.Index,)))
        known.add(pair)
    sessions = {frozenset(entry[:2]): entry[4] for entry in assumed + printed}
    for peak in peaks:
        one, other = codebook.derived[peak].parts
        r = sessions.get(frozenset((one, other)))
        for session in (one, other):
            if r is not None and session in names and frozenset((session, peak)) not in known:
                value = completion.session_peak_correlation(r)
                assumed.append((session, peak, value, value, value, (f"peak of {one} and {other}",)))
    try:
        return completion.Incomplete.from_entries(names, printed + assumed)
    except completion.InfeasibleError as error:
        raise _refusal(ledger, error) from None


def _refusal(ledger: pd.DataFrame, error: completion.InfeasibleError) -> Exception:
    """Whose fault a contradiction among correlations is."""
    printed = tuple(row for row in error.rows if row in ledger.index)
    assumed = [row for row in error.rows if row not in ledger.index]
    if assumed:
        beside = f" beside {named_rows(printed)}" if printed else ""
        return CodebookError(
            f"no population has the assumed correlations {', '.join(map(repr, assumed))}{beside}"
        )
    return ImpossibleLedger(
        [(printed, f"{named_rows(printed)} contradict each other: no data have these correlations together")]
    )


def _matrix(ledger, codebook, assumptions, found) -> np.ndarray:
    """The completed correlation matrix of the measured variables."""
    problem = correlation_problem(ledger, codebook, assumptions, found)
    try:
        whole = completion.complete(problem)
    except completion.InfeasibleError as error:
        if any(row not in ledger.index for row in error.rows) or _same_people(codebook, found, error.rows):
            raise _refusal(ledger, error) from None
        # Rows about different participants need not agree; take the nearest population.
        whole = completion.complete(problem, relax=True)
    count = len(codebook.variables)
    return whole[:count, :count]


def _same_people(codebook, found, rows) -> bool:
    """Whether the rows' correlations rest on the same participants."""
    lacking = set()
    for target in found:
        if target.kind in ("r", "abs_r") and set(target.rows) & set(rows):
            used = {s for name in (target.x, target.y) for s in codebook.sources(name)}
            lacking.add(
                frozenset(i for i, pattern in enumerate(codebook.missing) if used & set(pattern.variables))
            )
    return len(lacking) <= 1
