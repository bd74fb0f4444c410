"""What each row of a ledger asks of a data set: a statistic, and the interval it must meet.

Every number that rounds to a printed one counts as meeting it. Rows that ask the same
thing in two ways (a correlation and its p) become one target with one interval, so that a
contradiction between them shows before anything is searched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers import consistency
from helpers.codebook import Codebook
from helpers.published import LedgerError

__all__ = [
    "ImpossibleLedger",
    "Target",
    "correlation_entries",
    "find_faults",
    "has_column",
    "lacks_column",
    "limits",
    "named_rows",
    "pair_count",
    "targets",
    "test_of_p",
    "used_variables",
]

#: How far outside an interval a statistic may lie and still count as on its end.
TOLERANCE = 1e-9


class ImpossibleLedger(LedgerError):
    """No data set can have these printed numbers.

    Attributes
    ----------
    faults : tuple of (tuple of str, str)
        For each thing that is wrong: the ids of the rows, and one sentence.

    Examples
    --------
    >>> error = ImpossibleLedger([(("a.mean",), "row 'a.mean': too large")])
    >>> error.rows
    ('a.mean',)
    """

    def __init__(self, faults: Iterable[tuple[tuple[str, ...], str]]):
        self.faults = tuple(faults)
        super().__init__("; ".join(sentence for _, sentence in self.faults))

    @property
    def rows(self) -> tuple[str, ...]:
        """Every row that is named, each once."""
        return tuple(dict.fromkeys(row for rows, _ in self.faults for row in rows))


@dataclass(frozen=True)
class Target:
    """One statistic and the interval in which it must lie.

    Attributes
    ----------
    kind : str
        ``mean``, ``sd``, ``r``, ``abs_r``, ``d_between``, ``t_between`` (the size of
        Student's t), ``d_pooled``, ``d_av``, ``d_rm``, ``d_z``, ``d_first`` (of the rise
        from x to y), or ``t_paired`` (the size of the paired t).
    x, y : str
        Columns; y is empty where the statistic has one.
    groups : tuple of str
        One group (``"all"`` for everyone), or two to compare, first minus second.
    low, high : float
        The interval, ends included, in the unit of the statistic.
    n : int
        Participants behind it; in a comparison, of the first group.
    rows : tuple of str
        The rows of the ledger that ask for it.
    """

    kind: str
    x: str
    y: str
    groups: tuple[str, ...]
    low: float
    high: float
    n: int
    rows: tuple[str, ...]


def pair_count(codebook: Codebook, x: str, y: str = "", group: str = "all") -> int | None:
    """How many participants of a group have x, or both x and y.

    Parameters
    ----------
    codebook : Codebook
        Its missing patterns say who lacks what.
    x, y : str
        Columns; without y only x counts.
    group : str
        A group, or ``"all"``.

    Returns
    -------
    int or None
        None where the codebook leaves it open: a pattern that names no group takes
        participants from any.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> pair_count(read_codebook(), "alliance_prep", "insight_peak")
    16
    """
    wanted = [name for name in (x, y) if name]
    groups = list(codebook.groups) if group == "all" else [group]
    able = [g for g in groups if all(has_column(codebook, name, g) for name in wanted)]
    total = sum(codebook.groups[g] for g in able)
    for pattern in codebook.missing:
        lacking = {g: any(lacks_column(codebook, n, g, pattern.variables) for n in wanted) for g in able}
        if not any(lacking.values()):
            continue
        if pattern.group:
            total -= pattern.count if lacking.get(pattern.group) else 0
        elif len(able) == len(codebook.groups) and all(lacking.values()):
            total -= pattern.count
        else:
            return None
    return total


def used_variables(codebook: Codebook, name: str, group: str) -> list[str]:
    """The measured variables that a column uses in one group.

    Parameters
    ----------
    codebook : Codebook
        As `helpers.codebook.read_codebook` returns it.
    name, group : str
        A column, and one group.

    Returns
    -------
    list of str
        The column itself when it is measured; of a choice by group, what that group uses.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> used_variables(read_codebook(), "grid_hamd_week5", "delayed")
    ['grid_hamd_wait5']
    """
    if name in codebook.variables:
        return [name]
    derived = codebook.derived[name]
    parts = [derived.choice[group]] if derived.how == "by_group" else derived.parts
    return [source for part in parts for source in used_variables(codebook, part, group)]


def has_column(codebook: Codebook, name: str, group: str) -> bool:
    """Whether a group has a column at all.

    Parameters
    ----------
    codebook, name, group
        As for `used_variables`.

    Returns
    -------
    bool
        False where a variable that the column uses belongs to other groups only.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> has_column(read_codebook(), "grid_hamd_wait5", "immediate")
    False
    """
    only = [codebook.variables[source].only for source in used_variables(codebook, name, group)]
    return all(not names or group in names for names in only)


def lacks_column(codebook: Codebook, name: str, group: str, missing: tuple[str, ...]) -> bool:
    """Whether somebody who lacks some variables lacks a column too.

    Parameters
    ----------
    codebook, name, group
        As for `used_variables`.
    missing : tuple of str
        The measured variables that are missing.

    Returns
    -------
    bool
        True where the column uses one of them.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> lacks_column(read_codebook(), "insight_peak", "delayed", ("insight_1",))
    True
    """
    return any(source in missing for source in used_variables(codebook, name, group))


def limits(codebook: Codebook, name: str) -> tuple[float, float]:
    """The lowest and the highest score that a column can hold.

    Parameters
    ----------
    codebook : Codebook
        As `helpers.codebook.read_codebook` returns it.
    name : str
        A column, measured or derived.

    Returns
    -------
    tuple of float
        ``(low, high)`` in the unit of the column; 0 and 1 where it holds only these.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> limits(read_codebook(), "mystical_peak")
    (0.0, 100.0)
    """
    if name in codebook.variables:
        variable = codebook.variables[name]
        return variable.low, variable.high
    derived = codebook.derived[name]
    if derived.is_indicator:
        return 0.0, 1.0
    ends = [limits(codebook, part) for part in derived.parts]
    if derived.how == "max_of":
        return max(low for low, _ in ends), max(high for _, high in ends)
    return min(low for low, _ in ends), max(high for _, high in ends)


def test_of_p(ledger: pd.DataFrame, id: str, codebook: Codebook) -> str:
    """Which test a printed p belongs to.

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `helpers.published.read_ledger` returns it.
    id : str
        A row of kind "p".
    codebook : Codebook
        Its ``meanings`` decide where they name the row.

    Returns
    -------
    str
        ``"r"``: the t test of a Pearson correlation; ``"paired"``: the paired t test of a
        change; ``"student"``: the two-sample t test with pooled variance. A p of two
        groups is "student"; otherwise the row of the same pair that it stands beside
        decides, and a p that stands alone is a correlation's.

    Raises
    ------
    LedgerError
        If both a correlation and a d of change could own it.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> from helpers.published import read_ledger
    >>> test_of_p(read_ledger(), "levin.growth.p", read_codebook())
    'paired'
    """
    row = ledger.loc[id]
    meaning = codebook.meanings.get(id)
    if meaning not in (None, "r", "paired") or (meaning and "-" in row["group"]):
        raise LedgerError(
            f"row {id!r}: the codebook calls this p {meaning!r}; a p of two variables can mean r or "
            "paired, a p of two groups is always Student's"
        )
    if meaning:
        return meaning
    if "-" in row["group"]:
        return "student"
    pair = {row["x"], row["y"]}
    near = ledger[
        (ledger["group"] == row["group"])
        & ledger["kind"].isin(["r", "d_change", "d_growth"])
        & np.array([{x, y} == pair for x, y in zip(ledger["x"], ledger["y"], strict=True)])
    ]
    for letter in ("r", "d"):
        twin = ".".join(letter if part == "p" else part for part in id.split("."))
        if twin != id and twin in near.index:
            near = near.loc[[twin]]
    kinds = {"r" if kind == "r" else "paired" for kind in near["kind"]}
    if len(kinds) > 1:
        raise LedgerError(
            f"row {id!r}: it is not clear whether this is the p of a correlation or of a change; "
            "say so under the meanings of the codebook"
        )
    return kinds.pop() if kinds else "r"


test_of_p.__test__ = False  # it is no test of pytest's


def targets(ledger: pd.DataFrame, codebook: Codebook) -> list[Target]:
    """Everything that a data set must meet to match the ledger.

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `helpers.published.read_ledger` returns it.
    codebook : Codebook
        What its variables are.

    Returns
    -------
    list of Target
        One for each statistic; rows of the kinds "range" and "minimum", which limit the
        scales, and counts of people, which the codebook fixes, ask for none.

    Raises
    ------
    ImpossibleLedger
        With every row that no data set can meet.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> from helpers.published import read_ledger
    >>> wanted = targets(read_ledger(), read_codebook())
    >>> [round(t.low, 4) for t in wanted if "levin.p.prep.6mo" in t.rows]
    [-0.4723]
    """
    found, faults = _targets(ledger, codebook)
    faults += _checked(ledger, codebook, found)
    if faults:
        raise ImpossibleLedger(faults)
    return found


def find_faults(ledger: pd.DataFrame, codebook: Codebook) -> list[tuple[tuple[str, ...], str]]:
    """Every reason why no data set can match the ledger.

    Parameters
    ----------
    ledger, codebook
        As for `targets`.

    Returns
    -------
    list of (tuple of str, str)
        The ids of the rows, and one sentence; empty when nothing speaks against it.
        Contradictions among correlations are found by `helpers.completion`.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> from helpers.published import read_ledger
    >>> find_faults(read_ledger(), read_codebook())
    []
    """
    found, faults = _targets(ledger, codebook)
    return faults + _checked(ledger, codebook, found)


def _targets(ledger: pd.DataFrame, codebook: Codebook) -> tuple[list[Target], list]:
    single, faults = [], []
    for row in ledger.itertuples():
        try:
            target = _target(ledger, codebook, row)
        except LedgerError as error:
            faults.append(((row.Index,), str(error)))
            continue
        if target is not None:
            single.append(target)
    merged, more = _merged(single)
    return merged, faults + more


def _target(ledger: pd.DataFrame, codebook: Codebook, row: Any) -> Target | None:
    """What one row asks for, or None when it asks nothing of the scores."""
    if row.kind in ("range", "minimum"):
        known = {*codebook.variables, *codebook.families.values()}
        if row.x not in known:
            raise LedgerError(f"row {row.Index!r}: the codebook has no variable {row.x!r}")
        return None
    groups = tuple(row.group.split("-"))
    for group in groups:
        if group != "all" and group not in codebook.groups:
            raise LedgerError(f"row {row.Index!r}: the codebook has no group {group!r}")
    if row.kind == "count" and row.x in codebook.counts:
        return _people(codebook, row)
    for name in (row.x, row.y):
        if name and name not in codebook.columns():
            raise LedgerError(f"row {row.Index!r}: the codebook has no variable {name!r}")
    sizes = [pair_count(codebook, row.x, row.y, group) for group in groups]
    if any(size is None for size in sizes):
        raise LedgerError(
            f"row {row.Index!r}: it describes one group, but a missing pattern of the codebook "
            "does not say in which group it lies"
        )
    if not pd.isna(row.n) and row.n != sum(sizes):
        raise LedgerError(
            f"row {row.Index!r}: printed with n = {row.n}, but the codebook gives {sum(sizes)} "
            "participants with these variables"
        )
    least = 3 if row.kind in ("r", "p") else 2 if row.kind not in ("mean", "count", "percent") else 1
    if min(sizes) < least:
        raise LedgerError(
            f"row {row.Index!r}: {min(sizes)} participants are too few for the kind {row.kind}"
        )
    return _statistic(ledger, codebook, row, groups, sizes)


def _people(codebook: Codebook, row: Any) -> None:
    table = getattr(codebook, {"enrolled": "enrolled", "analyzed": "groups"}[codebook.counts[row.x]])
    people = sum(table.values()) if row.group == "all" else table[row.group]
    if not row.low <= people <= row.high:
        raise LedgerError(
            f"row {row.Index!r}: {row.printed} {row.x}, but the codebook has {people}"
        )


def _statistic(ledger, codebook, row, groups, sizes) -> Target:
    low, high, kind, x, y, n = row.low, row.high, row.kind, row.x, row.y, sizes[0]
    if kind in ("count", "percent"):
        if (*limits(codebook, x), codebook.step(x)) != (0.0, 1.0, 1.0):
            raise LedgerError(
                f"row {row.Index!r}: a {kind} needs a column of zeros and ones, which {x!r} is not"
            )
        if kind == "count" and row.op in ("<", ">"):  # fewer than 8 are at most 7
            low, high = (low, high - 0.5) if row.op == "<" else (low + 0.5, high)
        unit = n if kind == "count" else 100
        kind, low, high = "mean", low / unit, high / unit
    elif kind in ("d_change", "d_growth"):
        meaning = codebook.meanings.get(row.Index, codebook.meanings[kind])
        if meaning in ("r", "paired"):
            raise LedgerError(f"row {row.Index!r}: the codebook calls this d {meaning!r}, which only a p can be")
        if codebook.step(x) != codebook.step(y):
            raise LedgerError(f"row {row.Index!r}: {x!r} and {y!r} have different steps")
        if kind == "d_change":  # the fall from x to y is minus the rise
            low, high = -high, -low
        kind = meaning if meaning.startswith("d_") else f"d_{meaning}"
    elif kind == "p":
        return _of_p(ledger, codebook, row, groups, sizes)
    elif kind == "r":
        low, high = max(low, -1.0), min(high, 1.0)
    return Target(kind, x, y, groups, low, high, n, (row.Index,))


def _of_p(ledger, codebook, row, groups, sizes) -> Target:
    """The size of t or r that a p asks for: large p, small t."""
    test = test_of_p(ledger, row.Index, codebook)
    df = {"r": sizes[0] - 2, "paired": sizes[0] - 1, "student": sum(sizes) - 2}[test]
    t_low = consistency.t_from_p(min(row.high, 1.0), df) if row.high > 0 else math.inf
    t_high = consistency.t_from_p(row.low, df) if row.low > 0 else math.inf
    if test == "r":
        low, high = (1.0 if math.isinf(t) else t / math.sqrt(t * t + df) for t in (t_low, t_high))
        return Target("abs_r", row.x, row.y, groups, low, high, sizes[0], (row.Index,))
    kind = "t_paired" if test == "paired" else "t_between"
    return Target(kind, row.x, row.y, groups, t_low, t_high, sizes[0], (row.Index,))


def _merged(single: list[Target]) -> tuple[list[Target], list]:
    """Targets of the same statistic made one; their contradictions."""
    merged: dict[tuple, Target] = {}
    faults = []
    for target in single:
        x, y = target.x, target.y
        if target.kind in ("r", "abs_r") and x > y:
            x, y = y, x
        key = (target.kind, x, y, target.groups)
        if key not in merged:
            merged[key] = target
            continue
        both = _both(merged[key], target)
        if both.low > both.high + TOLERANCE:
            faults.append((both.rows, f"{named_rows(both.rows)} cannot both be right"))
        else:
            merged[key] = both
    for key in [key for key in merged if key[0] == "r"]:
        size_key = ("abs_r", *key[1:])
        if size_key not in merged:
            continue
        largest = max(-merged[key].low, merged[key].high)
        if merged[key].low * merged[key].high <= 0 and merged[size_key].low > largest + TOLERANCE:
            both = _both(merged[key], merged[size_key])
            faults.append((both.rows, _disagreement(merged[key], merged[size_key], both.rows)))
        if merged[key].low * merged[key].high > 0:
            signed, size = merged[key], merged.pop(size_key)
            low, high = (size.low, size.high) if signed.low > 0 else (-size.high, -size.low)
            both = _both(signed, Target(*key[:1], signed.x, signed.y, signed.groups, low, high, signed.n, size.rows))
            if both.low > both.high + TOLERANCE:
                faults.append((both.rows, _disagreement(signed, size, both.rows)))
            else:
                merged[key] = both
    return list(merged.values()), faults


def _both(one: Target, other: Target) -> Target:
    return Target(
        one.kind, one.x, one.y, one.groups,
        max(one.low, other.low), min(one.high, other.high), one.n, one.rows + other.rows,
    )  # fmt: skip


def named_rows(rows: Iterable[str]) -> str:
    """Row ids as the beginning of a sentence.

    Parameters
    ----------
    rows : iterable of str
        At least one id.

    Returns
    -------
    str
        Each id once, in quotation marks.

    Examples
    --------
    >>> named_rows(["a.r", "a.p", "a.r"])
    "rows 'a.r' and 'a.p'"
    """
    rows = list(dict.fromkeys(rows))
    if len(rows) == 1:
        return f"row {rows[0]!r}"
    return "rows " + ", ".join(map(repr, rows[:-1])) + f" and {rows[-1]!r}"


def _disagreement(signed: Target, size: Target, rows: tuple[str, ...]) -> str:
    """What a correlation and a p that cannot both hold at this n would need."""
    return (
        f"{named_rows(rows)} cannot both be right with n = {signed.n}: the p asks for a correlation of "
        f"size {size.low:.3f} to {size.high:.3f}"
    )


# --- checks of one row, and of rows together -------------------------------------------


def _checked(ledger: pd.DataFrame, codebook: Codebook, found: list[Target]) -> list:
    faults = []
    checks = (
        _mean_faults, _sd_faults, _everyone_faults, _d_faults, _change_faults, _rise_faults,
        _nested_faults, _group_correlation_faults,
    )  # fmt: skip
    for check in checks:
        faults += check(ledger, codebook, found)
    return faults


def _by_key(found: list[Target], kind: str) -> dict[tuple, Target]:
    return {(t.x, t.groups): t for t in found if t.kind == kind}


def _mean_faults(ledger, codebook, found) -> list:
    """Means off the scale, and means that no total of scores gives (GRIM)."""
    faults = []
    for target in _by_key(found, "mean").values():
        low, high = limits(codebook, target.x)
        if target.high < low - TOLERANCE or target.low > high + TOLERANCE:
            faults.append(
                (target.rows, f"{named_rows(target.rows)}: the mean of {target.x!r} lies outside its scale from {low:g} to {high:g}")
            )
        elif not _totals(target, codebook.step(target.x), low, high).size:
            faults.append(
                (target.rows, f"{named_rows(target.rows)}: no scores of {target.n} participants have this mean (GRIM)")
            )
    return faults


def _totals(target: Target, step: float, low: float, high: float) -> np.ndarray:
    """The totals, counted in steps, that give a mean within the target."""
    slack = TOLERANCE * max(1.0, abs(low), abs(high)) * target.n / step
    least = math.ceil(max(target.low, low) * target.n / step - slack)
    most = math.floor(min(target.high, high) * target.n / step + slack)
    return np.arange(least, most + 1)


def _sd_faults(ledger, codebook, found) -> list:
    """SDs too large for the scale or impossible beside their mean."""
    faults, means = [], _by_key(found, "mean")
    for key, target in _by_key(found, "sd").items():
        step, mean = codebook.step(target.x), means.get(key)
        low, high = (round(end / step) for end in limits(codebook, target.x))
        largest = _largest_sd(target.n, low, high, mean, step)
        rows = target.rows + (mean.rows if mean else ())
        if target.low > largest * step + TOLERANCE:
            faults.append(
                (rows, f"{named_rows(rows)}: an SD of {_shown(ledger, target)} is too large for {target.n} scores from "
                       f"{low * step:g} to {high * step:g}{' with this mean' if mean else ''}; the largest is {largest * step:.3f}")
            )  # fmt: skip
        elif mean is not None and not _grimmer(target, mean, step, low, high):
            faults.append(
                (rows, f"{named_rows(rows)}: no {target.n} scores from {low * step:g} to {high * step:g} have both (GRIMMER)")
            )
    return faults


def _shown(ledger: pd.DataFrame, target: Target) -> str:
    return ledger.loc[target.rows[0], "printed"]


def _largest_sd(n: int, low: int, high: int, mean: Target | None, step: float) -> float:
    if mean is None:
        half = n // 2
        return (high - low) * math.sqrt(half * (n - half) / (n * (n - 1)))
    totals = _totals(mean, step, low * step, high * step)
    if not totals.size:
        return math.inf
    return max(consistency.sd_limits(total / n, n, low, high)[1] for total in totals.tolist())


def _grimmer(sd: Target, mean: Target, step: float, low: int, high: int) -> bool:
    """Whether some scores have a mean and an SD within both targets; True when too many to list."""
    n = sd.n
    if n * (high - low) > 20_000:
        return True
    for total in _totals(mean, step, low * step, high * step).tolist():
        least = max(sd.low / step - TOLERANCE, 0.0) ** 2 * (n - 1) + total**2 / n
        most = (min(sd.high / step, high - low) + TOLERANCE) ** 2 * (n - 1) + total**2 / n
        reach = math.ceil(least - 1e-7), math.floor(most + 1e-7)
        if consistency.squares_reached(n, total, *reach, low, high):
            return True
    return False


def _d_faults(ledger, codebook, found) -> list:
    """A d or a p between groups that the means and SDs of the groups, or each other, exclude."""
    faults, means, sds = [], _by_key(found, "mean"), _by_key(found, "sd")
    sizes = {(t.x, t.groups): t for t in found if t.kind == "d_between"}
    for target in [t for t in found if t.kind in ("d_between", "t_between")]:
        n_a, n_b = (pair_count(codebook, target.x, "", group) for group in target.groups)
        root = math.sqrt(n_a * n_b / (n_a + n_b))
        parts = [table.get((target.x, (group,))) for group in target.groups for table in (means, sds)]
        d = sizes.get((target.x, target.groups))
        if all(parts):
            mean_a, sd_a, mean_b, sd_b = parts

            def pooled(one: float, other: float, n_a=n_a, n_b=n_b) -> float:
                return math.sqrt(((n_a - 1) * one**2 + (n_b - 1) * other**2) / (n_a + n_b - 2))

            gap = (mean_a.low - mean_b.high, mean_a.high - mean_b.low)
            low, high = _ratio(gap, (pooled(sd_a.low, sd_b.low), pooled(sd_a.high, sd_b.high)))
            said = "the means and SDs of the groups give"
        elif target.kind == "t_between" and d is not None:
            parts, low, high, said = [d], d.low, d.high, "at this n the p does not go with"
        else:
            continue
        if target.kind == "t_between":
            low, high = (root * end for end in _size(low, high))
        if _apart(target, low, high):
            rows = target.rows + tuple(row for part in parts for row in part.rows)
            unit = root if target.kind == "t_between" else 1.0
            faults.append(
                (rows, f"{named_rows(target.rows)}: {said} a d from {low / unit:.3f} to {high / unit:.3f} "
                       f"({named_rows(rows[len(target.rows):])})")
            )  # fmt: skip
    return faults


def _ratio(top: tuple[float, float], bottom: tuple[float, float]) -> tuple[float, float]:
    """The lowest and the highest quotient of two intervals, the second not below zero."""
    ends = [a / b if b else math.copysign(math.inf, a) for a in top for b in bottom]
    return min(ends), max(ends)


def _size(low: float, high: float) -> tuple[float, float]:
    """The smallest and the largest size of the numbers of an interval."""
    return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def _apart(target: Target, low: float, high: float) -> bool:
    """Whether a target and an interval have no number in common."""
    slack = TOLERANCE * max(1.0, abs(target.low))
    return target.low > high + slack or target.high < low - slack


def _everyone_faults(ledger, codebook, found) -> list:
    """A mean or an SD of everyone that those of the groups exclude."""
    faults, means, sds = [], _by_key(found, "mean"), _by_key(found, "sd")
    for name in dict.fromkeys(x for x, _ in means):
        able = [(name, (g,)) for g in codebook.groups if has_column(codebook, name, g)]
        parts = [means.get(key) for key in able]
        everyone = means.get((name, ("all",)))
        if len(able) < 2 or not all(parts):
            continue
        step, (low, high) = codebook.step(name), limits(codebook, name)
        totals = [_totals(part, step, low, high) for part in parts]
        if everyone is not None and all(t.size for t in totals):
            sums = _totals(everyone, step, low, high)
            if not any(sum(t[0] for t in totals) <= s <= sum(t[-1] for t in totals) for s in sums):
                rows = everyone.rows + tuple(row for part in parts for row in part.rows)
                faults.append((rows, f"{named_rows(rows)}: the groups' means do not add up to everyone's"))
        spread, spreads = sds.get((name, ("all",))), [sds.get(key) for key in able]
        if spread is None or not all(spreads):
            continue
        bottom, top = _whole_sd(parts, spreads)
        if _apart(spread, bottom, top):
            rows = spread.rows + tuple(row for part in (*parts, *spreads) for row in part.rows)
            faults.append(
                (rows, f"{named_rows(spread.rows)}: the groups' means and SDs give an SD of everyone from "
                       f"{bottom:.3f} to {top:.3f} ({named_rows(rows[len(spread.rows):])})")
            )  # fmt: skip
    return faults


def _whole_sd(means: list[Target], sds: list[Target]) -> tuple[float, float]:
    """Limits of the SD of everyone, from the groups' means and SDs; sharp for two groups."""
    sizes = [mean.n for mean in means]
    total = sum(sizes)
    within = [sum((n - 1) * end**2 for n, end in zip(sizes, ends, strict=True))
              for ends in zip(*((sd.low, sd.high) for sd in sds), strict=True)]  # fmt: skip
    gaps = [
        (n_a * n_b / total, _size(a.low - b.high, a.high - b.low))
        for i, (n_a, a) in enumerate(zip(sizes, means, strict=True))
        for n_b, b in list(zip(sizes, means, strict=True))[i + 1 :]
    ]
    between = [sum(weight * gap[end] ** 2 for weight, gap in gaps) for end in (0, 1)]
    return tuple(math.sqrt((w + b) / (total - 1)) for w, b in zip(within, between, strict=True))


def _change_faults(ledger, codebook, found) -> list:
    """A d of change and a paired p that no correlation of the two ratings reconciles."""
    faults = []
    tests = {(t.x, t.y, t.groups): t for t in found if t.kind == "t_paired"}
    for d in [t for t in found if t.kind in ("d_pooled", "d_rm", "d_z")]:
        t = tests.get((d.x, d.y, d.groups)) or tests.get((d.y, d.x, d.groups))
        if t is None or d.low * d.high <= 0:
            continue
        small, large = sorted((abs(d.low), abs(d.high)))
        # t = d_z sqrt(n); for the others d = d_z sqrt(2 (1 - r)) at equal SDs, with r from -1
        # to 1, and unequal SDs never widen what a pooled d allows.
        factor = 1.0 if d.kind == "d_z" else 2.0
        root = math.sqrt(d.n)
        too_small = small > factor * t.high / root + TOLERANCE
        too_large = d.kind == "d_z" and large < t.low / root - TOLERANCE
        if too_small or too_large:
            rows = d.rows + t.rows
            faults.append(
                (rows, f"{named_rows(rows)}: with n = {d.n} no correlation of {d.x!r} and {d.y!r} gives both")
            )
    return faults


def _rise_faults(ledger, codebook, found) -> list:
    """A d of change or a paired p that the two means, SDs and correlation exclude."""
    faults, means, sds = [], _by_key(found, "mean"), _by_key(found, "sd")
    known = {(*sorted((t.x, t.y)), t.groups): t for t in found if t.kind == "r"}
    for target in [t for t in found if t.kind in ("d_pooled", "d_av", "d_first", "d_z", "t_paired")]:
        parts = [table.get((name, target.groups)) for name in (target.x, target.y) for table in (means, sds)]
        # The printed means must be of the very participants who have both ratings.
        if not all(part is not None and part.n == target.n for part in parts):
            continue
        mean_x, sd_x, mean_y, sd_y = parts
        rise = (mean_y.low - mean_x.high, mean_y.high - mean_x.low)
        r = known.get((*sorted((target.x, target.y)), target.groups))
        divider = {
            "d_pooled": tuple(math.sqrt((a**2 + b**2) / 2) for a, b in ((sd_x.low, sd_y.low), (sd_x.high, sd_y.high))),
            "d_av": ((sd_x.low + sd_y.low) / 2, (sd_x.high + sd_y.high) / 2),
            "d_first": (sd_x.low, sd_x.high),
        }.get(target.kind) or _sd_of_changes(sd_x, sd_y, *((r.low, r.high) if r else (-1.0, 1.0)))  # fmt: skip
        low, high = _ratio(rise, divider)
        if target.kind == "t_paired":
            low, high = (math.sqrt(target.n) * end for end in _size(low, high))
        if _apart(target, low, high):
            used = [*parts, r] if r and target.kind in ("d_z", "t_paired") else parts
            rows = target.rows + tuple(row for part in used for row in part.rows)
            what = "t" if target.kind == "t_paired" else "d"
            faults.append(
                (rows, f"{named_rows(target.rows)}: {named_rows(rows[len(target.rows):])} give a {what} from {low:.3f} to {high:.3f}, "
                       f"not {target.low:.3f} to {target.high:.3f}")
            )  # fmt: skip
    return faults


def _sd_of_changes(x: Target, y: Target, r_low: float, r_high: float) -> tuple[float, float]:
    """Limits of the SD of the changes, from the limits of both SDs and of r."""

    def square(a: float, b: float, r: float) -> float:
        return max(a * a + b * b - 2 * r * a * b, 0.0)

    corners = [(a, b) for a in (x.low, x.high) for b in (y.low, y.high)]
    # The square is convex: its least value lies on an edge, its greatest in a corner.
    edges = [(min(max(r_high * b, x.low), x.high), b) for b in (y.low, y.high)]
    edges += [(a, min(max(r_high * a, y.low), y.high)) for a in (x.low, x.high)]
    least = min(square(a, b, r_high) for a, b in edges)
    return math.sqrt(least), math.sqrt(max(square(a, b, r_low) for a, b in corners))


def _group_correlation_faults(ledger, codebook, found) -> list:
    """Correlations of one group that no data have together."""
    from helpers import completion

    faults = []
    for group in codebook.groups:
        mine = [t for t in found if t.kind == "r" and t.groups == (group,)]
        if len(mine) < 3 or len({t.n for t in mine} | {codebook.groups[group]}) > 1:
            continue  # rows about different participants need not agree
        names = dict.fromkeys(name for t in mine for name in (t.x, t.y))
        entries = [(t.x, t.y, t.low, t.high, None, t.rows) for t in mine]
        clash = completion.contradiction(completion.Incomplete.from_entries(names, entries))
        if clash:
            faults.append((tuple(clash), f"{named_rows(clash)} contradict each other: no data have these correlations together"))
    return faults


def _nested_faults(ledger, codebook, found) -> list:
    """More people below a low threshold than have fallen by a share that it implies."""
    means, faults = _by_key(found, "mean"), []
    for (name, groups), inner in means.items():
        rule = codebook.derived.get(name)
        if rule is None or rule.how != "at_most":
            continue
        for (other, other_groups), outer in means.items():
            wider = codebook.derived.get(other)
            if wider is None or wider.how != "reduced_by" or other_groups != groups:
                continue
            if wider.parts[1] != rule.parts[0]:
                continue
            floor = limits(codebook, wider.parts[0])[0] * (1 - wider.limit)
            # Whole people: a count lies within half a person of what was printed.
            fewest, most = (_totals(t, 1.0, 0.0, 1.0) for t in (inner, outer))
            if floor >= rule.limit and fewest.size and most.size and fewest[0] > most[-1]:
                rows = inner.rows + outer.rows
                faults.append(
                    (rows, f"{named_rows(rows)}: everyone who counts as {name!r} counts as {other!r} too, so the "
                           "first cannot be more")
                )  # fmt: skip
    return faults


# --- what the rows say about correlations ------------------------------------------------


def correlation_entries(
    ledger: pd.DataFrame, codebook: Codebook, found: list[Target] | None = None
) -> list[tuple[str, str, float, float, float | None, tuple[str, ...]]]:
    """What the ledger says about each correlation, for `helpers.completion`.

    Parameters
    ----------
    ledger, codebook
        As for `targets`.
    found : list of Target, optional
        What `targets` returned, to save the work.

    Returns
    -------
    list of tuple
        ``(x, y, low, high, value, rows)``: the interval that the rows leave, the printed
        value (None where there is none), and the ids. A p above a level bounds the size of
        r; a d of change with its p implies the correlation of the two ratings
        (`helpers.consistency.r_from_change`, equal SDs).

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> from helpers.published import read_ledger
    >>> entries = correlation_entries(read_ledger(), read_codebook())
    >>> [(x, y, round(value, 2)) for x, y, low, high, value, rows in entries if "levin.growth.d" in rows]
    [('alliance_prep', 'alliance_post2', 0.66)]
    """
    found = targets(ledger, codebook) if found is None else found
    entries = []
    for target in found:
        if target.groups != ("all",):
            continue
        if target.kind == "r":
            value = float(ledger.loc[target.rows[0], "value"])
            value = min(max(value, target.low), target.high) if ledger.loc[target.rows[0], "op"] == "=" else None
            entries.append((target.x, target.y, target.low, target.high, value, target.rows))
        elif target.kind == "abs_r" and target.high < 1:
            entries.append((target.x, target.y, -target.high, target.high, None, target.rows))
    entries += _implied_by_change(ledger, found)
    return entries


def _implied_by_change(ledger: pd.DataFrame, found: list[Target]) -> list[tuple]:
    tests = {frozenset((t.x, t.y)): t for t in found if t.kind == "t_paired" and t.groups == ("all",)}
    printed = {frozenset((t.x, t.y)) for t in found if t.kind == "r"}
    entries = []
    for d in [t for t in found if t.kind in ("d_pooled", "d_av", "d_rm") and t.groups == ("all",)]:
        t = tests.get(frozenset((d.x, d.y)))
        if t is None or frozenset((d.x, d.y)) in printed or d.low * d.high <= 0:
            continue
        small, large = sorted((abs(d.low), abs(d.high)))
        low = 1 - d.n * large**2 / (2 * t.low**2) if t.low > 0 else -1.0
        high = 1 - d.n * small**2 / (2 * t.high**2) if math.isfinite(t.high) else 1.0
        value = None
        d_row, p_row = ledger.loc[d.rows[0]], ledger.loc[t.rows[0]]
        if p_row["op"] == "=" and d_row["op"] == "=" and 0 < p_row["value"] < 1:
            implied = 1 - d.n * d_row["value"] ** 2 / (2 * consistency.t_from_p(p_row["value"], d.n - 1) ** 2)
            value = float(min(max(implied, low, -1.0), high, 1.0))
        entries.append((d.x, d.y, max(low, -1.0), min(high, 1.0), value, d.rows + t.rows))
    return entries
