"""Read the codebook of a trial: groups, variables, scales, derived columns, missing patterns.

A ledger says what was printed; a codebook says what the columns behind the numbers are.
Together they describe a study well enough to rebuild data for it, so this module and the
ones that build on it know no variable of this book by name.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.published import LedgerError, data_path

__all__ = [
    "ASSUMPTION_COLUMNS",
    "ASSUMPTION_KINDS",
    "Codebook",
    "CodebookError",
    "Derived",
    "Pattern",
    "Variable",
    "read_assumptions",
    "read_codebook",
]

#: What an assumption can be about: a mean, an SD, a correlation, or a number of ratings.
ASSUMPTION_KINDS = ("mean", "sd", "r", "n")

#: The columns of a file of assumptions.
ASSUMPTION_COLUMNS = ("id", "kind", "x", "y", "group", "value", "reason")

#: How a derived column comes from others; see `Derived`.
DERIVATIONS = ("max_of", "by_group", "at_most", "reduced_by")

_TOP = {
    "title", "note", "groups", "counts", "variables", "derived", "missing", "meanings",
    "group_column", "id_prefix",
}  # fmt: skip
_VARIABLE = {"title", "unit", "scale", "family", "step", "only", "measure", "visit"}
_MISSING = {"count", "variables", "group"}
_DERIVED = {"title", *DERIVATIONS}
#: Columns that every table of trials has besides the group and the scores.
RESERVED = ("trial", "participant", "completed", "group")
_D_MEANINGS = ("pooled", "d_av", "d_rm", "d_z", "first")


class CodebookError(ValueError):
    """Something in a codebook or in a table of assumptions is wrong; the message says what.

    Examples
    --------
    >>> issubclass(CodebookError, ValueError)
    True
    """


@dataclass(frozen=True)
class Variable:
    """A measured column.

    Attributes
    ----------
    name, title, unit : str
        Column name, and what a reader sees.
    low, high : float
        Ends of the scale, in the unit of the variable.
    step : float
        Distance between neighboring scores; 1 for whole scores, 0.1 for one decimal.
    only : tuple of str
        The groups that have this variable; empty for all.
    measure, visit : str
        What was rated, and when: the two keys of a table with one row a rating.
    """

    name: str
    low: float
    high: float
    step: float = 1.0
    title: str = ""
    unit: str = ""
    only: tuple[str, ...] = ()
    measure: str = ""
    visit: str = ""

    def ticks(self) -> tuple[int, int]:
        """The ends of the scale, counted in steps from zero."""
        return round(self.low / self.step), round(self.high / self.step)


@dataclass(frozen=True)
class Derived:
    """A column that follows from others.

    Attributes
    ----------
    name : str
        Column name.
    how : str
        ``"max_of"``: the largest of `parts`. ``"by_group"``: for each group the column
        that `choice` names. ``"at_most"``: 1 where the part is at most `limit`, else 0.
        ``"reduced_by"``: 1 where the second part is at most ``(1 - limit)`` times the first.
    parts : tuple of str
        The columns it follows from.
    limit : float
        The threshold of ``at_most``, the share of ``reduced_by``.
    choice : dict
        Group to column, for ``by_group``.
    """

    name: str
    how: str
    parts: tuple[str, ...]
    limit: float = math.nan
    choice: Mapping[str, str] = field(default_factory=dict)
    title: str = ""

    @property
    def is_indicator(self) -> bool:
        """Whether the column holds only 0 and 1."""
        return self.how in ("at_most", "reduced_by")


@dataclass(frozen=True)
class Pattern:
    """Participants who lack the same variables.

    Attributes
    ----------
    count : int
        How many participants.
    variables : tuple of str
        What they lack.
    group : str
        Where they are; empty for anywhere.
    """

    count: int
    variables: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True)
class Codebook:
    """What the columns of a trial are; see `read_codebook`."""

    title: str
    groups: dict[str, int]
    enrolled: dict[str, int]
    counts: dict[str, str]
    variables: dict[str, Variable]
    derived: dict[str, Derived]
    missing: tuple[Pattern, ...]
    meanings: dict[str, Any]
    families: dict[str, str]
    group_column: str = "group"
    id_prefix: str = "S"
    file: str = "codebook"

    @property
    def n(self) -> int:
        """Participants who were analyzed, all groups together."""
        return sum(self.groups.values())

    def columns(self) -> list[str]:
        """Every column with scores, measured ones first."""
        return [*self.variables, *self.derived]

    def sources(self, name: str) -> tuple[str, ...]:
        """The measured variables that a column follows from; itself when it is measured."""
        if name in self.variables:
            return (name,)
        found: list[str] = []
        for part in self.derived[name].parts:
            found += [source for source in self.sources(part) if source not in found]
        return tuple(found)

    def step(self, name: str) -> float:
        """The distance between neighboring scores of a column."""
        if name in self.variables:
            return self.variables[name].step
        derived = self.derived[name]
        return 1.0 if derived.is_indicator else self.step(derived.parts[0])


def read_codebook(
    path: str | os.PathLike[str] | None = None, *, ledger: pd.DataFrame | None = None
) -> Codebook:
    """Read a codebook and check every part of it.

    Parameters
    ----------
    path : path-like, optional
        A JSON file; without it, the codebook of this book's trial. Its parts:

        ``groups``
            group to participants analyzed, or to ``{"enrolled": 15, "analyzed": 13}``.
        ``counts``
            ledger variable to ``"enrolled"`` or ``"analyzed"``, for rows that count people.
        ``variables``
            name to ``{"scale": [0, 52], "step": 1, "family": ..., "only": [...], "title":
            ..., "unit": ..., "measure": ..., "visit": ...}``. Without ``scale`` the limits come from the ledger's row of
            kind "range" for the variable or its family.
        ``derived``
            name to one of ``{"max_of": [a, b]}``, ``{"by_group": {group: a}}``,
            ``{"at_most": [a, limit]}``, ``{"reduced_by": [before, after, share]}``.
        ``missing``
            a list of ``{"count": 4, "variables": [...], "group": ...}``, each naming
            different participants.
        ``group_column``, ``id_prefix``
            the name of the column of groups, and what participants' ids begin with.
        ``meanings``
            ``"d_change"``, ``"d_growth"`` or the id of a row, to what it means: ``"pooled"``, ``"d_av"``, ``"d_rm"``, ``"d_z"``
            or ``"first"`` for a d of change; ``"r"`` or ``"paired"`` for a p.
    ledger : pandas.DataFrame, optional
        As `helpers.published.read_ledger` returns it; without it, the book's own. Its
        "range" and "minimum" rows set the limits of the scales.

    Returns
    -------
    Codebook
        Frozen; scales in the unit of each variable.

    Raises
    ------
    CodebookError
        At the first thing that is wrong: one sentence that names the file and the part.

    Examples
    --------
    >>> codebook = read_codebook()
    >>> codebook.groups
    {'immediate': 13, 'delayed': 11}
    >>> codebook.variables["grid_hamd_baseline"].ticks()
    (17, 52)
    """
    from helpers.published import read_ledger

    path = Path(path) if path is not None else data_path("codebook.json")
    ledger = read_ledger() if ledger is None else ledger
    raw = _json(path)
    return _Reader(path.name, raw, ledger).codebook()


def read_assumptions(
    path: str | os.PathLike[str] | None = None, *, codebook: Codebook | None = None
) -> pd.DataFrame:
    """Read the numbers that are assumed because nobody printed them.

    Parameters
    ----------
    path : path-like, optional
        A CSV file with the columns id, kind (one of `ASSUMPTION_KINDS`), x, y, group
        (empty for all), value and reason; without it, the book's own.
    codebook : Codebook, optional
        Whose names the rows must use; without it, the book's own.

    Returns
    -------
    pandas.DataFrame
        Index: id. The same columns; value as float.

    Raises
    ------
    CodebookError
        If a row is not as described, or has no reason.

    Examples
    --------
    >>> assumed = read_assumptions()
    >>> set(assumed["kind"]) <= set(ASSUMPTION_KINDS)
    True
    """
    path = Path(path) if path is not None else data_path("assumptions.csv")
    codebook = read_codebook() if codebook is None else codebook
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise CodebookError(f"there is no file of assumptions {path}") from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise CodebookError(f"{path.name} cannot be read as CSV: {error}") from None
    if tuple(table.columns) != ASSUMPTION_COLUMNS:
        raise CodebookError(
            f"{path.name}, line 1: the columns are {', '.join(table.columns)}; "
            f"expected {', '.join(ASSUMPTION_COLUMNS)}"
        )
    for row in table.itertuples():
        _check_assumption(path.name, row, codebook)
    twice = table["id"][table["id"].duplicated()]
    if not twice.empty:
        raise CodebookError(f'{path.name}: the id "{twice.iloc[0]}" is there twice')
    return table.assign(value=table["value"].astype(float)).set_index("id")


# --- the parts ------------------------------------------------------------------------


def _check_assumption(file: str, row: Any, codebook: Codebook) -> None:
    where = f"{file}, line {row.Index + 2}"
    if row.kind not in ASSUMPTION_KINDS:
        raise CodebookError(
            f'{where}: kind "{row.kind}" is not one of {", ".join(ASSUMPTION_KINDS)}'
        )
    for name in [row.x] + ([row.y] if row.kind == "r" else []):
        if name not in codebook.columns():
            raise CodebookError(f'{where}: the codebook has no variable "{name}"')
    if row.kind != "r" and row.y:
        raise CodebookError(f'{where}: y must be empty for the kind "{row.kind}", not "{row.y}"')
    if row.group and row.group not in codebook.groups:
        raise CodebookError(f'{where}: the codebook has no group "{row.group}"')
    try:
        value = float(row.value)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CodebookError(f'{where}: the value "{row.value}" is not a number')
    if row.kind == "r" and not -1 < value < 1:
        raise CodebookError(f"{where}: a correlation must lie between -1 and 1, not {value:g}")
    if row.kind == "sd" and value <= 0:
        raise CodebookError(f"{where}: an SD must be above 0, not {value:g}")
    if not row.reason.strip():
        raise CodebookError(f"{where}: the reason is missing")


def _json(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CodebookError(f"there is no codebook file {path}") from None
    except OSError as error:
        raise CodebookError(f"the codebook {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CodebookError(f"{path.name} is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise CodebookError(f"{path.name}, line {error.lineno}: not JSON: {error.msg}") from None
    if not isinstance(raw, dict):
        raise CodebookError(f"{path.name}: the file must hold one JSON object")
    return raw


class _Reader:
    """Turns the parsed JSON into a `Codebook`, part by part."""

    def __init__(self, file: str, raw: dict[str, Any], ledger: pd.DataFrame):
        self.file = file
        self.raw = raw
        self.ledger = ledger

    def error(self, where: str, what: str) -> CodebookError:
        return CodebookError(f"{self.file}, {where}: {what}")

    def part(self, name: str, kind: type, required: bool = False) -> Any:
        if name not in self.raw:
            if required:
                raise CodebookError(f'{self.file}: the part "{name}" is missing')
            return kind()
        if not isinstance(self.raw[name], kind):
            called = {"dict": "an object", "list": "a list", "str": "a text"}[kind.__name__]
            raise self.error(f'"{name}"', f"must be {called}")
        return self.raw[name]

    def codebook(self) -> Codebook:
        for name in self.raw:
            if name not in _TOP:
                raise CodebookError(
                    f'{self.file}: "{name}" is not a known part; there are {", ".join(sorted(_TOP))}'
                )
        groups, enrolled = self.groups()
        variables, families = self.variables(groups)
        derived = self.derived(variables, groups)
        return Codebook(
            title=self.part("title", str) or self.file,
            groups=groups,
            enrolled=enrolled,
            counts=self.counts(),
            variables=variables,
            derived=derived,
            missing=self.missing(variables, groups),
            meanings=self.meanings(),
            families=families,
            group_column=self.name("group_column", "group"),
            id_prefix=self.name("id_prefix", "S"),
            file=self.file,
        )

    def name(self, part: str, default: str) -> str:
        text = self.part(part, str) or default
        taken = {*self.raw.get("variables", {}), *self.raw.get("derived", {}), *RESERVED[:3]}
        if not text.replace("-", "_").isidentifier() or part == "group_column" and text in taken:
            raise self.error(f'"{part}"', f"must be a plain name of its own, not {text!r}")
        return text

    def column(self, where: str, name: str) -> None:
        """Refuse the name of a column that tables of trials have anyway."""
        if not name or name in RESERVED:
            raise self.error(where, f"must have another name; {', '.join(RESERVED)} are taken")

    def names(self, where: str, what: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise self.error(where, f"{what} must be a list of names, not {value!r}")
        return tuple(value)

    def text(self, where: str, what: str, value: Any) -> str:
        if not isinstance(value, str):
            raise self.error(where, f"{what} must be a text, not {value!r}")
        return value

    def whole(self, where: str, value: Any, least: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.error(where, f"must be a whole number of at least {least}, not {value!r}")
        return value

    def number(self, where: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
            raise self.error(where, f"must be a number, not {value!r}"[:200])
        return float(value)

    def groups(self) -> tuple[dict[str, int], dict[str, int]]:
        raw = self.part("groups", dict, required=True)
        if not raw:
            raise CodebookError(f'{self.file}: "groups" names no group')
        analyzed, enrolled = {}, {}
        for name, value in raw.items():
            where = f'group "{name}"'
            if name in ("", "all") or "-" in name:
                raise self.error(where, 'a group needs a name without a dash, and other than "all"')
            if isinstance(value, dict):
                if set(value) != {"enrolled", "analyzed"}:
                    raise self.error(where, 'must give "enrolled" and "analyzed"')
                analyzed[name] = self.whole(where, value["analyzed"], 1)
                enrolled[name] = self.whole(where, value["enrolled"], analyzed[name])
            else:
                analyzed[name] = enrolled[name] = self.whole(where, value, 1)
        if sum(analyzed.values()) < 3:
            raise CodebookError(f"{self.file}: fewer than 3 participants are too few to match")
        return analyzed, enrolled

    def counts(self) -> dict[str, str]:
        raw = self.part("counts", dict)
        for name, value in raw.items():
            if value not in ("enrolled", "analyzed"):
                raise self.error(f'count "{name}"', f'must be "enrolled" or "analyzed", not {value!r}')
        return dict(raw)

    def limits(self, name: str, raw: dict[str, Any]) -> tuple[float, float]:
        where = f'variable "{name}"'
        mine = {name, raw.get("family")} - {None}
        ranges = self.ledger[(self.ledger["kind"] == "range") & self.ledger["x"].isin(mine)]
        lows, highs = list(ranges["low"]), list(ranges["high"])
        if "scale" in raw:
            if not isinstance(raw["scale"], list) or len(raw["scale"]) != 2:
                raise self.error(where, "the scale must be a list of two numbers")
            lows.append(self.number(where, raw["scale"][0]))
            highs.append(self.number(where, raw["scale"][1]))
        if not lows:
            raise self.error(where, "no scale, neither here nor in a range row of the ledger")
        if len(set(lows)) > 1 or len(set(highs)) > 1:
            raise self.error(where, f"the scale differs from the ledger's row {ranges.index[0]!r}")
        low, high = lows[0], highs[0]
        least = self.ledger[(self.ledger["kind"] == "minimum") & (self.ledger["x"] == name)]
        for row in least.itertuples():
            if row.value >= high:
                raise LedgerError(
                    f"row {row.Index!r}: a minimum of {row.printed} leaves nothing of the scale "
                    f"from {low:g} to {high:g}"
                )
            low = max(low, row.value)
        if not low < high:
            raise self.error(where, f"the scale from {low:g} to {high:g} has no width")
        return low, high

    def variables(self, groups: dict[str, int]) -> tuple[dict[str, Variable], dict[str, str]]:
        found, families = {}, {}
        for name, raw in self.part("variables", dict, required=True).items():
            where = f'variable "{name}"'
            if not isinstance(raw, dict):
                raise self.error(where, "must be an object")
            for key in raw:
                if key not in _VARIABLE:
                    raise self.error(where, f'"{key}" is not known; use {", ".join(sorted(_VARIABLE))}')
            self.column(where, name)
            self.text(where, "the family", raw.get("family") or "")
            low, high = self.limits(name, raw)
            step = self.number(where, raw.get("step", 1))
            if step <= 0:
                raise self.error(where, f"the step must be above 0, not {step:g}")
            for end in (low, high):
                if abs(end / step - round(end / step)) > 1e-6:
                    raise self.error(where, f"the end {end:g} is no multiple of the step {step:g}")
            if (high - low) / step > 1_000_000:
                raise self.error(where, "the scale has more than a million steps")
            only = self.names(where, '"only"', raw.get("only", []))
            for group in only:
                if group not in groups:
                    raise self.error(where, f'"only" names the unknown group "{group}"')
            found[name] = Variable(
                name, low, high, step, str(raw.get("title", name)), str(raw.get("unit", "")), only,
                str(raw.get("measure", name)), str(raw.get("visit", "")),
            )  # fmt: skip
            if raw.get("family"):
                families[name] = raw["family"]
        if not found:
            raise CodebookError(f'{self.file}: "variables" names no variable')
        return found, families

    def derived(
        self, variables: dict[str, Variable], groups: dict[str, int]
    ) -> dict[str, Derived]:
        found: dict[str, Derived] = {}
        for name, raw in self.part("derived", dict).items():
            where = f'derived column "{name}"'
            self.column(where, name)
            if name in variables:
                raise self.error(where, "is a variable too")
            rules = [key for key in raw if key in DERIVATIONS] if isinstance(raw, dict) else []
            if len(rules) != 1:
                raise self.error(where, f"must have exactly one of {', '.join(DERIVATIONS)}")
            for key in raw:
                if key not in _DERIVED:
                    raise self.error(where, f'"{key}" is not known; use {", ".join(sorted(_DERIVED))}')
            how = rules[0]
            found[name] = self.rule(where, name, how, raw[how], [*variables, *found], groups)
            if how != "at_most":
                self.same_step(where, found[name], variables, found)
        return found

    def same_step(self, where, one: Derived, variables, found) -> None:
        def step(part: str) -> float:
            if part in variables:
                return variables[part].step
            return 1.0 if found[part].is_indicator else step(found[part].parts[0])

        if len({step(part) for part in one.parts}) > 1:
            raise self.error(where, "its parts have different steps")

    def rule(
        self, where: str, name: str, how: str, raw: Any, known: list[str], groups: dict[str, int]
    ) -> Derived:
        if how == "by_group":
            if not isinstance(raw, dict) or set(raw) != set(groups):
                raise self.error(where, "by_group must name one column for each group")
            self.names(where, "by_group", list(raw.values()))
            parts, limit, choice = tuple(dict.fromkeys(raw.values())), math.nan, dict(raw)
        else:
            sizes = {"max_of": 2, "at_most": 2, "reduced_by": 3}
            if not isinstance(raw, list) or len(raw) != sizes[how]:
                raise self.error(where, f"{how} must be a list of {sizes[how]} things")
            parts = tuple(raw) if how == "max_of" else tuple(raw[:-1])
            limit = math.nan if how == "max_of" else self.number(where, raw[-1])
            choice = {}
        for part in parts:
            if part not in known:
                raise self.error(where, f'follows from the unknown column "{part}"')
        if how == "reduced_by" and not 0 < limit < 1:
            raise self.error(where, f"the share must lie between 0 and 1, not {limit:g}")
        return Derived(name, how, parts, limit, choice)

    def missing(self, variables: dict[str, Variable], groups: dict[str, int]) -> tuple[Pattern, ...]:
        found = []
        for number, raw in enumerate(self.part("missing", list), start=1):
            where = f"missing pattern {number}"
            if not isinstance(raw, dict) or not {"count", "variables"} <= set(raw):
                raise self.error(where, 'must give "count" and "variables"')
            for key in raw:
                if key not in _MISSING:
                    raise self.error(where, f'"{key}" is not known; use {", ".join(sorted(_MISSING))}')
            for name in self.names(where, '"variables"', raw["variables"]):
                if name not in variables:
                    raise self.error(where, f'names the unknown variable "{name}"')
            group = self.text(where, "the group", raw.get("group", ""))
            if group and group not in groups:
                raise self.error(where, f'names the unknown group "{group}"')
            found.append(
                Pattern(self.whole(where, raw["count"], 1), tuple(raw["variables"]), group)
            )
        for group, size in groups.items():
            lacking = sum(pattern.count for pattern in found if pattern.group == group)
            if lacking > size:
                raise CodebookError(
                    f'{self.file}: the missing patterns take {lacking} participants of group '
                    f'"{group}", which has {size}'
                )
        if sum(pattern.count for pattern in found) > sum(groups.values()):
            raise CodebookError(f"{self.file}: the missing patterns take more participants than there are")
        return tuple(found)

    def meanings(self) -> dict[str, Any]:
        raw = self.part("meanings", dict)
        for name, value in raw.items():
            if name not in ("d_change", "d_growth") and name not in self.ledger.index:
                raise self.error(
                    f'meaning of "{name}"', "is neither d_change nor d_growth nor a row of the ledger"
                )
            allowed = (*_D_MEANINGS, "r", "paired")
            if value not in allowed:
                raise self.error(f'meaning of "{name}"', f"must be one of {', '.join(allowed)}")
        return {"d_change": "pooled", "d_growth": "pooled"} | dict(raw)
