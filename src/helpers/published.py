"""Read the ledger of published numbers, strictly, into typed rows.

A ledger is a CSV file with one printed number a row. Each row says what was printed,
to how many decimals, and where. The reader changes nothing silently: a cell that is not
exactly what its column promises stops the reading with one sentence that names the
file, the line, the column and the value.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import math
import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = [
    "COLUMNS",
    "DATA",
    "KINDS",
    "LedgerError",
    "OPERATORS",
    "correlations",
    "data_path",
    "interval",
    "read_ledger",
    "rounding_interval",
    "select",
    "value",
]

#: The data folder of the repository. `data_path` also heeds the variable BOND_DATA.
DATA = Path(__file__).resolve().parents[2] / "data"

#: The columns of a ledger file, in the order of the frame that `read_ledger` returns.
COLUMNS = (
    "id", "study", "kind", "x", "y", "group", "n", "op",
    "value", "decimals", "source", "locator", "checked", "note",
)  # fmt: skip

#: Each kind of printed number, with the limits that no value of that kind can pass.
KINDS = {
    "count": (0.0, math.inf),
    "mean": (-math.inf, math.inf),
    "sd": (0.0, math.inf),
    "d_between": (-math.inf, math.inf),
    "d_change": (-math.inf, math.inf),
    "d_growth": (-math.inf, math.inf),
    "r": (-1.0, 1.0),
    "p": (0.0, 1.0),
    "percent": (0.0, 100.0),
    "minimum": (-math.inf, math.inf),
    "range": (-math.inf, math.inf),
}

#: What may stand between a name and its number, and how the book prints it.
OPERATORS = {"=": "", "<": "< ", ">": "> ", "<=": "≤ ", ">=": "≥ "}

_NEEDS_Y = ("r", "d_change", "d_growth")
_ONE_VARIABLE = ("count", "mean", "sd", "d_between", "percent", "minimum", "range")
_MOST_DECIMALS = 12

# [0-9], not \d: \d also takes the digits of other scripts, which float() would accept.
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
_NUMBER_ONLY = re.compile(_NUMBER)
_RANGE_ONLY = re.compile(f"({_NUMBER})-({_NUMBER})")
_WHOLE_ONLY = re.compile(r"0|[1-9][0-9]*")
_ID = re.compile(r"[a-z][a-z0-9_.-]*")
_KEY = re.compile(r"[a-z][a-z0-9]*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_GROUP = re.compile(r"[a-z][a-z0-9_]*(?:-[a-z][a-z0-9_]*)?")


class LedgerError(ValueError):
    """Something in a ledger, or in a question to it, is wrong; the message says what.

    Examples
    --------
    >>> issubclass(LedgerError, ValueError)
    True
    """


def data_path(name: str = "") -> Path:
    """Where a file of the data folder is.

    Parameters
    ----------
    name : str
        File name inside the data folder; empty for the folder itself.

    Returns
    -------
    pathlib.Path
        An existing path. The environment variable BOND_DATA, when it is set, names
        another folder to look in.

    Raises
    ------
    FileNotFoundError
        If the folder or the file does not exist.

    Examples
    --------
    >>> data_path("published.csv").name
    'published.csv'
    """
    chosen = os.environ.get("BOND_DATA")
    folder = Path(chosen) if chosen else DATA
    if not folder.is_dir():
        why = "named by the environment variable BOND_DATA" if chosen else "of the repository"
        raise FileNotFoundError(f"the data folder {why} does not exist: {folder}")
    path = folder / name
    if not path.exists():
        raise FileNotFoundError(f"there is no file {name!r} in the data folder {folder}")
    return path


def rounding_interval(value: float, decimals: int) -> tuple[float, float]:
    """The numbers that are printed as `value` when rounded to `decimals` places.

    Both ends belong to the interval: a source seldom says which way it rounds a half.

    Parameters
    ----------
    value : float
        The printed number; finite, with no more than `decimals` decimal places.
    decimals : int
        Printed decimal places, from 0 to 12.

    Returns
    -------
    tuple of float
        ``(low, high)``, in the unit of `value`: half a unit of the last place either side.

    Raises
    ------
    ValueError
        If `value` is not finite or has more places than `decimals`, or if `decimals`
        is not a whole number from 0 to 12.

    Examples
    --------
    >>> rounding_interval(-0.65, 2)
    (-0.655, -0.645)
    >>> rounding_interval(22.9, 1)
    (22.85, 22.95)
    """
    units, scale = _units(value, decimals, "value", "decimals")
    # One exact division of whole numbers gives the nearest float to each true end.
    return (2 * units - 1) / (2 * scale), (2 * units + 1) / (2 * scale)


def read_ledger(
    path: str | os.PathLike[str] | None = None,
    *,
    sources: Collection[str] | None = None,
    studies: Collection[str] | None = None,
    groups: Collection[str] | None = None,
    variables: Collection[str] | None = None,
) -> pd.DataFrame:
    """Read a ledger of published numbers and check every cell of it.

    Parameters
    ----------
    path : path-like, optional
        A CSV file (UTF-8) with the columns `COLUMNS`, in any order. Without it, the
        ledger of this book is read, and its sources, studies, groups and variables are
        checked against the codebook in ``data/datapackage.json``.
    sources, studies, groups, variables : collection of str, optional
        The names that are allowed in those columns (`variables` for both x and y).
        Without them any well-formed name is allowed.

    Returns
    -------
    pandas.DataFrame
        One row a printed number, in file order. Index: ``id``. Columns: study, kind, x,
        y, group (text, empty when missing), n (Int64, participants), op (one of
        `OPERATORS`), value (float; NaN for the kind "range"), decimals (int), source,
        locator, checked (bool), note, and three that are derived. ``low`` and ``high``
        are the ends of what the row allows, in the unit of the value: half a unit of the
        last printed digit either side of a value, the rest of the scale on the named side
        of a bound such as "< 0.001", the two ends of a range. ``printed`` is the text as
        printed, for example "-0.65", "0.040" or "< 0.001".

    Raises
    ------
    LedgerError
        At the first thing that is wrong: one sentence that names file, line, column and
        value.

    Notes
    -----
    A value may be written with fewer digits than ``decimals``, because spreadsheets drop
    a last zero; it may not be written with more. A byte-order mark and Windows line ends
    are accepted.

    Examples
    --------
    >>> ledger = read_ledger()
    >>> ledger.loc["levin.r.prep.4wk", ["value", "low", "high", "printed"]]
    value      -0.65
    low       -0.655
    high      -0.645
    printed    -0.65
    Name: levin.r.prep.4wk, dtype: object
    """
    if path is None:
        path = data_path("published.csv")
        known = _codebook()
        sources = known["sources"] if sources is None else sources
        studies = known["sources"] if studies is None else studies
        groups = known["groups"] if groups is None else groups
        variables = known["variables"] if variables is None else variables
    allowed = {
        "source": sources, "study": studies, "group": groups, "x": variables, "y": variables,
    }  # fmt: skip

    path = Path(path)
    first_line: dict[str, int] = {}
    rows = []
    for line, cells in _records(path):
        row = _Row(path.name, line, cells).parsed(allowed)
        if row["id"] in first_line:
            raise LedgerError(
                f'{path.name}, line {line}, column "id": "{row["id"]}" is already '
                f"the id of line {first_line[row['id']]}"
            )
        first_line[row["id"]] = line
        rows.append(row)
    if not rows:
        raise LedgerError(f"{path.name}, line 1: the file has column names but no rows")
    frame = pd.DataFrame(rows).set_index("id")
    return frame.astype({"n": "Int64", "decimals": "int64", "checked": "bool", "value": "float"})


def select(
    ledger: pd.DataFrame,
    *,
    study: str | Iterable[str] | None = None,
    kind: str | Iterable[str] | None = None,
    variable: str | Iterable[str] | None = None,
    group: str | Iterable[str] | None = None,
    source: str | Iterable[str] | None = None,
) -> pd.DataFrame:
    """The rows of a ledger that meet every given condition.

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `read_ledger` returns it.
    study, kind, variable, group, source : str or list of str, optional
        A row is kept when its cell is (one of) these. `variable` looks at x and y.

    Returns
    -------
    pandas.DataFrame
        At least one row, with the columns and the order of `ledger`.

    Raises
    ------
    LedgerError
        If a name does not occur in the ledger, or no row meets all conditions together.

    Examples
    --------
    >>> ledger = read_ledger()
    >>> list(select(ledger, kind="r", variable="insight_peak")["printed"])
    ['0.52', '-0.75']
    """
    conditions = {
        "study": study, "kind": kind, "variable": variable, "group": group, "source": source,
    }  # fmt: skip
    keep = pd.Series(True, index=ledger.index)
    said = []
    for name, wanted in conditions.items():
        if wanted is None:
            continue
        wanted = [wanted] if isinstance(wanted, str) else list(wanted)
        columns = ["x", "y"] if name == "variable" else [name]
        present = sorted(set(ledger[columns].to_numpy().ravel()) - {""})
        for item in wanted:
            if item not in present:
                raise LedgerError(
                    f"no row of the ledger has {name} {item!r}; there are: {', '.join(present)}"
                )
        keep &= ledger[columns].isin(wanted).any(axis=1)
        said.append(f"{name} {' or '.join(map(repr, wanted))}")
    if not keep.any():
        raise LedgerError(f"no row of the ledger has all of: {'; '.join(said)}")
    return ledger[keep]


def value(ledger: pd.DataFrame, id: str) -> float:
    """The printed number of one row.

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `read_ledger` returns it.
    id : str
        The id of the row.

    Returns
    -------
    float
        In the unit of the row. For a bound such as "< 0.001" it is the bound.

    Raises
    ------
    LedgerError
        If there is no such id (with the nearest ones), or if the row is a range, which
        has two ends and no single value.

    Examples
    --------
    >>> value(read_ledger(), "levin.growth.d")
    0.43
    """
    row = _row(ledger, id)
    if row["kind"] == "range":
        raise LedgerError(f"row {id!r} is a range ({row['printed']}); use interval() for its ends")
    return float(row["value"])


def interval(ledger: pd.DataFrame, id: str) -> tuple[float, float]:
    """The lowest and the highest number that one row allows.

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `read_ledger` returns it.
    id : str
        The id of the row.

    Returns
    -------
    tuple of float
        ``(low, high)`` in the unit of the row; see `read_ledger`.

    Raises
    ------
    LedgerError
        If there is no such id (with the nearest ones).

    Examples
    --------
    >>> ledger = read_ledger()
    >>> interval(ledger, "levin.growth.d")
    (0.425, 0.435)
    >>> interval(ledger, "registry.range")
    (0.0, 52.0)
    """
    row = _row(ledger, id)
    return float(row["low"]), float(row["high"])


def correlations(ledger: pd.DataFrame) -> pd.DataFrame:
    """Every printed correlation beside its printed p.

    A p belongs to a correlation of the same study, group and pair of variables. Where a
    d of change is printed for that pair too, the ids must tell whose p it is: the id of
    the p is the id of the r with its part "r" written "p".

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `read_ledger` returns it.

    Returns
    -------
    pandas.DataFrame
        One row a correlation; index: the id of the r. Columns: x, y, r (-1 to 1),
        r_decimals, r_low, r_high (its rounding interval), p (0 to 1; NaN when not
        printed), p_decimals (Int64), p_op (empty when not printed), checked (both
        numbers re-read in the source), group, n (Int64, as printed), r_printed and
        p_printed (text).

    Raises
    ------
    LedgerError
        If the ledger has no correlation, or if more than one p could belong to one.

    Examples
    --------
    >>> table = correlations(read_ledger())
    >>> len(table)
    11
    >>> table.loc["levin.r.prep.4wk", ["r_printed", "p_printed"]].tolist()
    ['-0.65', '0.002']
    """
    rows = []
    for row in select(ledger, kind="r").itertuples():
        p = _p_of(ledger, row)
        has_p = p is not None
        rows.append(
            {
                "id": row.Index,
                "x": row.x,
                "y": row.y,
                "r": row.value,
                "r_decimals": row.decimals,
                "r_low": row.low,
                "r_high": row.high,
                "p": p["value"] if has_p else math.nan,
                "p_decimals": p["decimals"] if has_p else pd.NA,
                "p_op": p["op"] if has_p else "",
                "checked": bool(row.checked and (not has_p or p["checked"])),
                "group": row.group,
                "n": row.n,
                "r_printed": row.printed,
                "p_printed": p["printed"] if has_p else "",
            }
        )
    return pd.DataFrame(rows).set_index("id").astype({"p_decimals": "Int64", "n": "Int64"})


# --- the parts ------------------------------------------------------------------------


def _units(value: float, decimals: int, value_name: str, decimals_name: str) -> tuple[int, int]:
    """A printed number as a whole count of its last place, and that place's scale."""
    if isinstance(decimals, bool) or not isinstance(decimals, (int, np.integer)):
        raise ValueError(f"{decimals_name} must be a whole number, not {decimals!r}")
    if not 0 <= decimals <= _MOST_DECIMALS:
        raise ValueError(f"{decimals_name} must be from 0 to {_MOST_DECIMALS}, not {decimals}")
    if not isinstance(value, (int, float, np.integer, np.floating)) or isinstance(value, bool):
        raise ValueError(f"{value_name} must be a number, not {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{value_name} must be finite, not {value}")
    scale = 10 ** int(decimals)
    units = round(float(value) * scale)
    # The second term is what the float itself cannot hold.
    if abs(float(value) * scale - units) > max(1e-6, 1e-15 * abs(units)):
        raise ValueError(
            f"{value_name} {value} has more decimal places than {decimals_name} = {decimals}"
        )
    return units, scale


def _codebook() -> dict[str, list[str]]:
    """The names that the codebook of the book allows."""
    package = json.loads(data_path("datapackage.json").read_text(encoding="utf-8"))
    resource = next(part for part in package["resources"] if part["name"] == "published")
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    return {
        "sources": [source["name"] for source in package["sources"]],
        "groups": fields["group"]["constraints"]["enum"],
        "variables": [variable["name"] for variable in resource["variables"]],
    }


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise LedgerError(f"there is no ledger file {path}") from None
    except OSError as error:
        raise LedgerError(f"the ledger file {path} cannot be read: {error.strerror}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise LedgerError(
            f"{path.name}, line {line}: the byte 0x{raw[error.start]:02x} is not UTF-8 text"
        ) from None
    if not text.strip():
        raise LedgerError(f"{path.name}, line 1: the file is empty")
    return text


def _records(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    """Each row of the file with the number of its line."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    header: list[str] = []
    while True:
        # A record begins one line after the last one ended, whatever it contains.
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise LedgerError(f"{path.name}, line {line}: the row is not CSV: {error}") from None
        if not header:
            header = cells
            _check_header(path.name, header)
        elif not cells:
            raise LedgerError(f"{path.name}, line {line}: the line is blank")
        elif len(cells) != len(header):
            raise LedgerError(
                f"{path.name}, line {line}: the row has {len(cells)} cells, "
                f"but there are {len(header)} columns"
            )
        else:
            yield line, dict(zip(header, cells, strict=True))


def _check_header(file: str, header: list[str]) -> None:
    for name in header:
        if header.count(name) > 1:
            raise LedgerError(f'{file}, line 1: the column "{name}" is there twice')
    missing = [name for name in COLUMNS if name not in header]
    extra = [name for name in header if name not in COLUMNS]
    if missing and extra:
        raise LedgerError(
            f'{file}, line 1: the column "{missing[0]}" is missing; '
            f'"{extra[0]}" is not a known column'
        )
    if missing:
        raise LedgerError(f'{file}, line 1: the column "{missing[0]}" is missing')
    if extra:
        raise LedgerError(f'{file}, line 1: "{extra[0]}" is not a known column')


class _Row:
    """One row of text, checked cell by cell."""

    def __init__(self, file: str, line: int, cells: dict[str, str]):
        self.file = file
        self.line = line
        self.cells = cells

    def error(self, column: str, what: str) -> LedgerError:
        shown = self.cells[column]
        shown = shown if shown.isprintable() else ascii(shown)[1:-1]
        return LedgerError(f'{self.file}, line {self.line}, column "{column}": "{shown}" {what}')

    def parsed(self, allowed: dict[str, Collection[str] | None]) -> dict[str, Any]:
        for column, cell in self.cells.items():
            if not cell.isprintable():
                raise self.error(column, "contains a line break or another control character")
            if cell != cell.strip():
                raise self.error(column, "has a space before or after it")
        self._form("id", _ID, "is not an id of small letters, digits, dots, dashes and underscores")
        self._form("study", _KEY, "is not a key of small letters and digits")
        self._among("kind", KINDS)
        self._variables()
        self._form("group", _GROUP, "is not a group, or two groups joined by a dash")
        n = self._n()
        self._among("op", OPERATORS)
        numbers = self._numbers(n)
        self._form("source", _KEY, "is not a key of small letters and digits")
        if not self.cells["locator"]:
            raise self.error("locator", "is missing: say where in the source the number stands")
        if self.cells["checked"] not in ("true", "false"):
            raise self.error("checked", "is neither true nor false")
        for column, names in allowed.items():
            if names is not None and self.cells[column]:
                self._among(column, names)
        return {
            **{name: self.cells[name] for name in COLUMNS},
            **numbers,
            "n": pd.NA if n is None else n,
            "checked": self.cells["checked"] == "true",
        }

    def _form(self, column: str, pattern: re.Pattern[str], what: str) -> None:
        if not self.cells[column]:
            raise self.error(column, "is missing")
        if not pattern.fullmatch(self.cells[column]):
            raise self.error(column, what)

    def _among(self, column: str, names: Iterable[str]) -> None:
        if self.cells[column] not in names:
            called = {"op": "operator", "x": "variable", "y": "variable"}.get(column, column)
            raise self.error(column, f"is not a known {called}; expected one of {', '.join(names)}")

    def _variables(self) -> None:
        kind = self.cells["kind"]
        what = "is not a variable name of small letters, digits and underscores"
        self._form("x", _NAME, what)
        compares_groups = "-" in self.cells["group"]
        if kind == "d_between" and not compares_groups:
            raise self.error("group", 'must name two groups, "first-second", for a d_between')
        if kind in _NEEDS_Y or (kind == "p" and not compares_groups):
            if not self.cells["y"]:
                raise self.error("y", f"is missing: the kind {kind} needs two variables")
        if self.cells["y"]:
            if kind in _ONE_VARIABLE:
                raise self.error("y", f"must be empty: the kind {kind} has one variable")
            self._form("y", _NAME, what)
            if self.cells["y"] == self.cells["x"]:
                raise self.error("y", "is the same variable as x")

    def _n(self) -> int | None:
        if not self.cells["n"]:
            return None
        if not _WHOLE_ONLY.fullmatch(self.cells["n"]) or int(self.cells["n"]) < 2:
            raise self.error("n", "is not a whole number of at least 2")
        if int(self.cells["n"]) > 10**9:
            raise self.error("n", "is too large to be a number of participants")
        return int(self.cells["n"])

    def _numbers(self, n: int | None) -> dict[str, Any]:
        """Value, decimals, low, high and printed text."""
        text = self.cells["decimals"]
        if not _WHOLE_ONLY.fullmatch(text) or len(text) > 2 or int(text) > _MOST_DECIMALS:
            raise self.error("decimals", f"is not a whole number from 0 to {_MOST_DECIMALS}")
        decimals = int(text)
        if self.cells["kind"] == "range":
            return self._range(decimals)

        kind, op = self.cells["kind"], self.cells["op"]
        number = self._number(self.cells["value"], decimals)
        lowest, highest = KINDS[kind]
        if not lowest <= number <= highest:
            raise self.error("value", f"is out of range: {_limits(kind)}")
        if kind == "count" and number != int(number):
            raise self.error("value", "is not a whole number, as a count must be")
        if kind == "count" and n is not None and number > n:
            raise self.error("value", f"is a count larger than n = {n}")
        if (op == "<" and number == lowest) or (op == ">" and number == highest):
            raise self.error("value", f"leaves nothing: no {kind} is {op} {number:g}")

        if op == "=":
            low, high = rounding_interval(number, decimals)
            # A rounding interval may stick out of the scale: no p is below 0.
            low, high = max(low, lowest), min(high, highest)
        elif op in ("<", "<="):
            low, high = lowest, number
        else:
            low, high = number, highest
        return {
            "value": number,
            "decimals": decimals,
            "low": low,
            "high": high,
            "printed": f"{OPERATORS[op]}{_padded(self.cells['value'], decimals)}",
        }

    def _range(self, decimals: int) -> dict[str, Any]:
        ends = _RANGE_ONLY.fullmatch(self.cells["value"])
        if not ends:
            raise self.error("value", 'is not a range of two numbers such as "0-52"')
        if self.cells["op"] != "=":
            raise self.error("op", 'must be "=" for a range')
        low, high = (self._number(end, decimals) for end in ends.groups())
        if low >= high:
            raise self.error("value", "is a range whose first end is not the lower one")
        printed = "-".join(_padded(end, decimals) for end in ends.groups())
        return {
            "value": math.nan, "decimals": decimals, "low": low, "high": high, "printed": printed,
        }  # fmt: skip

    def _number(self, text: str, decimals: int) -> float:
        if not text:
            raise self.error("value", "is missing")
        if not _NUMBER_ONLY.fullmatch(text):
            raise self.error("value", "is not a plain decimal number such as -0.65")
        if len(text) > 20:
            raise self.error("value", "has too many digits to be a printed number")
        if len(text.partition(".")[2]) > decimals:
            raise self.error("value", f"has more decimal places than decimals = {decimals}")
        return float(text)


def _limits(kind: str) -> str:
    low, high = KINDS[kind]
    if math.isinf(high):
        return f"the kind {kind} is at least {low:g}"
    return f"the kind {kind} goes from {low:g} to {high:g}"


def _padded(text: str, decimals: int) -> str:
    """The digits as printed: a spreadsheet may have dropped zeros at the end."""
    whole, _, places = text.partition(".")
    return f"{whole}.{places.ljust(decimals, '0')}" if decimals else whole


def _row(ledger: pd.DataFrame, id: str) -> pd.Series:
    if id not in ledger.index:
        near = difflib.get_close_matches(str(id), list(ledger.index), n=3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else (
            f"it has {len(ledger)} rows, from {ledger.index[0]!r} to {ledger.index[-1]!r}"
        )  # fmt: skip
        raise LedgerError(f"the ledger has no row {id!r}; {hint}")
    return ledger.loc[id]


def _p_of(ledger: pd.DataFrame, r: Any) -> pd.Series | None:
    """The row of the p that was printed with one correlation."""
    same = ledger[
        (ledger["study"] == r.study)
        & (ledger["group"] == r.group)
        # A correlation has no direction: x with y is y with x.
        & (
            ((ledger["x"] == r.x) & (ledger["y"] == r.y))
            | ((ledger["x"] == r.y) & (ledger["y"] == r.x))
        )
    ]
    candidates = same[same["kind"] == "p"]
    twin = ".".join("p" if part == "r" else part for part in r.Index.split("."))
    if twin != r.Index and twin in candidates.index:
        return candidates.loc[twin]
    if candidates.empty:
        return None
    rivals = same[(same["kind"] != "p") & (same.index != r.Index)]
    if len(candidates) > 1 or not rivals.empty:
        raise LedgerError(
            f"row {r.Index!r}: it is not clear which p is the p of this correlation "
            f"({', '.join(map(repr, candidates.index))}); give the right one the id {twin!r}"
        )
    return candidates.iloc[0]
