"""The claims of the release: their evidence as intervals, and the rule that settles each.

``data/claims.csv`` says of each claim what it states, what design stood behind it, and from
which rows of the ledger an interval can be computed. A written rule turns these into a
verdict, so that a changed number changes the verdicts that hang on it and no others.
"""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from helpers import _inputs, consistency, estimators
from helpers.published import correlations, data_path, read_ledger

__all__ = [
    "COLUMNS",
    "DESIGNS",
    "RULE",
    "SAYS",
    "VERDICTS",
    "ClaimError",
    "evidence",
    "read_claims",
    "recovered_sizes",
    "settled",
]

#: The columns of the file of claims, in order.
COLUMNS = (
    "id", "speaker", "words", "gist", "kind", "also", "x", "y", "rows", "says", "design",
    "evidence", "against", "chapter", "cell", "verdict", "because", "turns",
)  # fmt: skip

#: What a claim may be called in the end.
VERDICTS = ("supported", "supported in these data only", "not shown", "contradicted", "not studied")

#: What a claim says of its number.
SAYS = ("below zero", "above zero", "zero")

#: What stood behind a claim: chance decided; several samples agree by design; one group was
#: watched; nothing that was measured is about it.
DESIGNS = ("randomized", "repeated", "one group", "not measured")

#: The rule, line by line: the first line that fits gives the verdict. The last one is asked
#: at the end, of claims that a line before left as not shown for want of numbers.
RULE = (
    ("nothing that the study measured is about it", "not studied"),
    ("it speaks of a cause, and chance did not decide the thing", "not shown"),
    ("a number that it needs is printed nowhere", "not shown"),
    ("it says zero: the 90% interval lies inside the zone", "supported"),
    ("it says zero: the 95% interval lies outside the zone", "contradicted"),
    ("every 95% interval lies on the side of zero that it names", "supported"),
    ("every 95% interval lies on the other side", "contradicted"),
    ("anything else", "not shown"),
    ("not shown, but a claim that it excludes is supported", "contradicted"),
)

_FOR_WANT_OF_NUMBERS = (2, 7)  # the lines of RULE after which the last one is asked
_KINDS = ("description", "association", "comparison", "cause")
_ITEMS = {"r": 1, "p": 1, "growth": 2, "arms": 1, "difference": 2, "none": 2}
_NEEDED = ("speaker", "words", "gist", "says", "design", "chapter", "cell", "because", "turns")
_OUTCOME = "grid_hamd"


class ClaimError(ValueError):
    """Something in the file of claims is wrong; the message says what.

    Examples
    --------
    >>> issubclass(ClaimError, ValueError)
    True
    """


def read_claims(
    path: str | os.PathLike[str] | None = None, ledger: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Read the claims and check every cell of them.

    Parameters
    ----------
    path : path-like, optional
        A CSV file with the columns `COLUMNS`; without it, the book's own.
    ledger : pandas.DataFrame, optional
        As `helpers.published.read_ledger` returns it; without it, the book's own.

    Returns
    -------
    pandas.DataFrame
        Index: id (C1, C2 and so on, in order). The other columns as text, empty where the
        file has nothing.

    Raises
    ------
    ClaimError
        At the first thing that is wrong: one sentence that names the claim and the value.

    Examples
    --------
    >>> claims = read_claims()
    >>> claims.loc["C12", ["kind", "design", "verdict"]].tolist()
    ['cause', 'randomized', 'supported']
    """
    ledger = read_ledger() if ledger is None else ledger
    claims = pd.read_csv(data_path("claims.csv") if path is None else path, dtype=str, keep_default_na=False)
    if tuple(claims.columns) != COLUMNS:
        raise ClaimError(f"the columns are {', '.join(claims.columns)}, not {', '.join(COLUMNS)}")
    if claims["id"].tolist() != [f"C{number + 1}" for number in range(len(claims))]:
        raise ClaimError("the ids are not C1, C2 and so on, each once and in order")
    claims = claims.set_index("id")
    for id, claim in claims.iterrows():
        _check(id, claim, claims.index, ledger)
    return claims


def _check(id: str, claim: pd.Series, ids: pd.Index, ledger: pd.DataFrame) -> None:
    """Refuse a claim with a cell that is not what its column promises."""

    def one_of(column: str, allowed: tuple[str, ...]) -> None:
        if claim[column] not in allowed:
            raise ClaimError(f"{id}: {column} must be one of {', '.join(allowed)}, not {claim[column]!r}")

    one_of("kind", _KINDS)
    one_of("also", ("", "cause"))
    one_of("says", SAYS)
    one_of("design", DESIGNS)
    one_of("verdict", VERDICTS)
    for column in _NEEDED:
        if not claim[column].strip():
            raise ClaimError(f"{id}: {column} is empty")
    for column, form in (("chapter", r"\d\d-[a-z0-9-]+"), ("cell", r"cell-[a-z0-9-]+")):
        if not re.fullmatch(form, claim[column]):
            raise ClaimError(f"{id}: {column} is {claim[column]!r}, which is no name of a {column}")
    if claim["against"] and (claim["against"] == id or claim["against"] not in ids):
        raise ClaimError(f"{id}: against names {claim['against']!r}, which is no other claim")
    for row in claim["rows"].split():
        _known(id, row, ledger)
    if (claim["design"] == "not measured") != (claim["evidence"] == ""):
        raise ClaimError(f"{id}: evidence is for what was measured, and only for that")
    for kind, names in _items(id, claim["evidence"]):
        if kind != "none":
            for row in names:
                _known(id, row, ledger)


def _known(id: str, row: str, ledger: pd.DataFrame) -> None:
    if row not in ledger.index:
        raise ClaimError(f"{id}: the ledger has no row {row!r}")


def _items(id: str, text: str) -> Iterator[tuple[str, list[str]]]:
    """Each piece of evidence: its kind and the names behind it."""
    for item in text.split():
        kind, _, names = item.partition(":")
        parts = names.split(",")
        if len(parts) != _ITEMS.get(kind) or not all(parts):
            raise ClaimError(f"{id}: {item!r} is no piece of evidence")
        yield kind, parts


def recovered_sizes(ledger: pd.DataFrame) -> dict[frozenset[str], int]:
    """How many people stand behind the correlations of each set of ratings.

    The sizes that fit each printed r and its p (`helpers.consistency.n_from_r_p`), the same
    for every outcome of one set of ratings. Where several fit, the smallest that is not
    below the size of a set with more ratings: the widest interval.

    Parameters
    ----------
    ledger : pandas.DataFrame
        As `helpers.published.read_ledger` returns it.

    Returns
    -------
    dict
        Participants, by the set of their ratings; depression is no rating here, as everyone
        has it.

    Raises
    ------
    ClaimError
        If no size fits.

    Examples
    --------
    >>> sizes = recovered_sizes(read_ledger())
    >>> sizes[frozenset({"alliance_prep"})], sizes[frozenset({"alliance_prep", "insight_peak"})]
    (20, 16)
    """
    completed = int(ledger.loc["davis.completed", "value"])
    fitting: dict[frozenset[str], set[int]] = {}
    for row in correlations(ledger).itertuples():
        found = consistency.n_from_r_p(
            row.r, row.p, r_decimals=row.r_decimals, p_decimals=row.p_decimals,
            op=row.p_op, n_max=completed,
        )  # fmt: skip
        ratings = frozenset(name for name in (row.x, row.y) if not name.startswith(_OUTCOME))
        fitting[ratings] = fitting.get(ratings, set(found.tolist())) & set(found.tolist())
    sizes: dict[frozenset[str], int] = {}
    for ratings in sorted(fitting, key=len, reverse=True):
        least = max((sizes[more] for more in sizes if more > ratings), default=0)
        fit = [n for n in sorted(fitting[ratings]) if n >= least]
        if not fit:
            raise ClaimError(f"no number of participants fits the rows of {' and '.join(sorted(ratings))}")
        sizes[ratings] = fit[0]
    return sizes


def evidence(
    claims: pd.DataFrame,
    ledger: pd.DataFrame,
    sizes: Mapping[frozenset[str], int] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The intervals behind the claims.

    Each piece of evidence in the column of that name is ``kind:row`` or ``kind:row,row``:

    - ``r`` — a printed correlation, with Fisher's interval;
    - ``p`` — a correlation of which only "p > .05" is known: the widest interval that a
      sample correlation with such a p can have;
    - ``growth`` — a standardized mean change and its p: the interval of the mean change, in
      the same SDs, at its widest over the rounding of both;
    - ``arms`` — a d between two arms, from their printed means and SDs, with its exact
      interval;
    - ``difference`` — two correlations with one outcome, first minus second, with Zou's
      interval; where the correlation of the two ratings is printed, with that, otherwise
      the widest over all that are possible, and likewise over a side known by its p alone.
      Both are taken as if they came from the people who have both ratings;
    - ``none`` — two variables whose correlation is needed and printed nowhere.

    Parameters
    ----------
    claims : pandas.DataFrame
        As `read_claims` returns it.
    ledger : pandas.DataFrame
        As `helpers.published.read_ledger` returns it.
    sizes : mapping, optional
        As `recovered_sizes` returns it; without it, recovered from `ledger`. Give those of
        the printed ledger to see what another correlation would do.
    level : float
        Confidence.

    Returns
    -------
    pandas.DataFrame
        One row for each piece: claim, kind, rows (text), estimate (NaN where only a p is
        known), low, high (NaN where nothing is printed), n (Int64).

    Raises
    ------
    ClaimError
        If a row cannot give what its piece asks, or a ``none`` is printed after all.

    Examples
    --------
    >>> ledger = read_ledger()
    >>> found = evidence(read_claims(), ledger)
    >>> found.loc[found["claim"] == "C1", ["estimate", "low", "high"]].round(2).values.tolist()
    [[-0.54, -0.79, -0.13], [-0.61, -0.81, -0.27]]
    """
    level = _inputs.confidence(level)
    sizes = recovered_sizes(ledger) if sizes is None else sizes
    rows = []
    for id, claim in claims.iterrows():
        for kind, names in _items(id, claim["evidence"]):
            estimate, low, high, n = _PIECES[kind](id, names, ledger, sizes, level)
            rows.append((id, kind, " ".join(names), estimate, low, high, n))
    found = pd.DataFrame(rows, columns=["claim", "kind", "rows", "estimate", "low", "high", "n"])
    return found.astype({"estimate": float, "low": float, "high": float, "n": "Int64"})


Piece = tuple[float, float, float, Any]


def _printed(id: str, name: str, ledger: pd.DataFrame, kinds: tuple[str, ...]) -> pd.Series:
    """A row of the ledger, which must be of one of these kinds."""
    row = ledger.loc[name]
    if row["kind"] not in kinds:
        raise ClaimError(f"{id}: the row {name} is of the kind {row['kind']!r}, not {' or '.join(kinds)}")
    return row


def _size(id: str, ratings: frozenset[str], ledger: pd.DataFrame, sizes: Mapping) -> int:
    """Participants with all these ratings: as recovered, or the fewest that must have them."""
    if ratings in sizes:
        return sizes[ratings]
    alone = [sizes.get(frozenset({rating})) for rating in ratings]
    if None in alone:
        raise ClaimError(f"{id}: no size is known for {' and '.join(sorted(ratings))}")
    completed = int(ledger.loc["davis.completed", "value"])
    return sum(alone) - (len(alone) - 1) * completed


def _ratings(*rows: pd.Series) -> frozenset[str]:
    names = {name for row in rows for name in (row["x"], row["y"])}
    return frozenset(name for name in names if not name.startswith(_OUTCOME))


def _of_r(id: str, names, ledger, sizes, level) -> Piece:
    row = _printed(id, names[0], ledger, ("r",))
    n = _size(id, _ratings(row), ledger, sizes)
    return (row["value"], *estimators.fisher_interval(row["value"], n, level), n)


def _of_p(id: str, names, ledger, sizes, level) -> Piece:
    row = _printed(id, names[0], ledger, ("p",))
    n = _size(id, _ratings(row), ledger, sizes)
    most = _largest_r(id, row, n)
    return math.nan, estimators.fisher_interval(-most, n, level)[0], estimators.fisher_interval(most, n, level)[1], n


def _largest_r(id: str, row: pd.Series, n: int) -> float:
    """The largest correlation whose p is above the printed bound."""
    if row["op"] not in (">", ">="):
        raise ClaimError(f"{id}: {row.name} must be a p above a bound")
    t = consistency.t_from_p(row["value"], n - 2)
    return float(t / math.sqrt(t**2 + n - 2))


def _of_growth(id: str, names, ledger, sizes, level) -> Piece:
    from scipy.special import stdtrit

    d = _printed(id, names[0], ledger, ("d_growth", "d_change"))
    p = _printed(id, names[1], ledger, ("p",))
    n = _size(id, _ratings(d), ledger, sizes)
    reach = float(stdtrit(n - 1, (1 + level) / 2))
    t = float(consistency.t_from_p(p["high"], n - 1))  # the larger p has the wider interval
    ends = [size * (1 + side * reach / t) for size in (d["low"], d["high"]) for side in (-1, 1)]
    return d["value"], min(ends), max(ends), n


def _of_arms(id: str, names, ledger, sizes, level) -> Piece:
    row = _printed(id, names[0], ledger, ("d_between",))
    arms = []
    for group in row["group"].split("-"):
        there = ledger[(ledger["x"] == row["x"]) & (ledger["group"] == group)].set_index("kind")
        if not {"mean", "sd"} <= set(there.index):
            raise ClaimError(f"{id}: no mean and SD of {row['x']} are printed for the arm {group}")
        arms.append((there.loc["mean", "value"], there.loc["sd", "value"], int(there.loc["mean", "n"])))
    d = consistency.d_from_means(*arms[0], *arms[1])
    return (d, *consistency.d_interval(d, arms[0][2], arms[1][2], level=level), arms[0][2] + arms[1][2])


def _of_difference(id: str, names, ledger, sizes, level) -> Piece:
    first, second = (_printed(id, name, ledger, ("r", "p")) for name in names)
    if first["y"] != second["y"]:
        raise ClaimError(f"{id}: {names[0]} and {names[1]} are not about one outcome")
    n = _size(id, _ratings(first, second), ledger, sizes)
    one, other = (_values(id, row, n) for row in (first, second))
    tie = _tie(first["x"], second["x"], ledger)
    found = _widest(one, other, tie, n, level)
    if found is None:
        raise ClaimError(f"{id}: no data can have {names[0]}, {names[1]} and the correlation of their ratings together")
    low, high = found
    printed = first["kind"] == second["kind"] == "r"
    return (first["value"] - second["value"] if printed else math.nan), low, high, n


def _values(id: str, row: pd.Series, n: int) -> np.ndarray:
    """The correlations that a row leaves open: one, or a grid up to the largest."""
    if row["kind"] == "r":
        return np.array([row["value"]])
    most = _largest_r(id, row, n)
    return np.linspace(-most, most, 81)


def _tie(x: str, y: str, ledger: pd.DataFrame) -> float | None:
    """The printed correlation of two ratings, if there is one."""
    r = ledger[ledger["kind"] == "r"]
    there = ((r["x"] == x) & (r["y"] == y)) | ((r["x"] == y) & (r["y"] == x))
    return float(r.loc[there, "value"].iloc[0]) if there.any() else None


def _widest(one: np.ndarray, other: np.ndarray, tie: float | None, n: int, level: float) -> tuple[float, float] | None:
    """Zou's interval at its widest over what is open; nothing where the three cannot go together."""
    share = np.linspace(-1, 1, 203)[1:-1]
    ends = []
    for a, b in itertools.product(one, other):
        middle, reach = a * b, math.sqrt((1 - a**2) * (1 - b**2))
        if tie is not None and abs(tie - middle) >= reach:
            continue  # no data have these three correlations
        ties = middle + reach * share if tie is None else np.array([tie])
        low, high = estimators.zou_interval(a, b, ties, n, level)
        ends.append((np.min(low), np.max(high)))
    return (float(min(low for low, _ in ends)), float(max(high for _, high in ends))) if ends else None


def _of_none(id: str, names, ledger, sizes, level) -> Piece:
    if _tie(*names, ledger) is not None:
        raise ClaimError(f"{id}: the correlation of {names[0]} and {names[1]} is printed after all")
    return math.nan, math.nan, math.nan, None


_PIECES = {
    "r": _of_r, "p": _of_p, "growth": _of_growth, "arms": _of_arms,
    "difference": _of_difference, "none": _of_none,
}  # fmt: skip


def settled(
    claims: pd.DataFrame,
    ledger: pd.DataFrame,
    zone: float,
    sizes: Mapping[frozenset[str], int] | None = None,
) -> pd.DataFrame:
    """The verdict on each claim, by the rule and from the numbers.

    The column of verdicts in `claims` is not looked at.

    Parameters
    ----------
    claims, ledger, sizes
        As for `evidence`.
    zone : float
        A correlation of this size or less counts as none; fixed beforehand, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        Index: id. Columns: verdict (one of `VERDICTS`), line (which line of `RULE`, counted
        from 1). "Supported" means supported in these data only unless the design is
        randomized or repeated.

    Raises
    ------
    ValueError
        If `zone` is out of range.
    ClaimError
        As `evidence`, or if two claims that exclude each other are both supported.

    Examples
    --------
    >>> settled(read_claims(), read_ledger(), zone=0.2).loc[["C1", "C10", "C14"]].values.tolist()
    [['supported in these data only', 6], ['not shown', 2], ['not studied', 1]]
    """
    zone = _inputs.share("zone", zone)
    sizes = recovered_sizes(ledger) if sizes is None else sizes
    wide = evidence(claims, ledger, sizes).groupby("claim")
    narrow = evidence(claims, ledger, sizes, level=0.90).groupby("claim")
    lines = {id: _line(claim, id, wide, narrow, zone) for id, claim in claims.iterrows()}
    firm = {id for id, line in lines.items() if RULE[line][1] == "supported"}
    for id, other in claims["against"].items():
        if other in firm and id in firm:
            raise ClaimError(f"{id} and {other} exclude each other, and both come out as supported")
        if other in firm and lines[id] in _FOR_WANT_OF_NUMBERS:
            lines[id] = len(RULE) - 1
    verdicts = [_worded(RULE[line][1], claims.loc[id, "design"]) for id, line in lines.items()]
    return pd.DataFrame({"verdict": verdicts, "line": [line + 1 for line in lines.values()]}, index=claims.index)


def _line(claim: pd.Series, id: str, wide, narrow, zone: float) -> int:
    """Which line of the rule fits first, counted from 0."""
    if claim["design"] == "not measured":
        return 0
    if "cause" in (claim["kind"], claim["also"]) and claim["design"] != "randomized":
        return 1
    ends = wide.get_group(id)[["low", "high"]]
    if ends.isna().any(axis=None):
        return 2
    if claim["says"] == "zero":
        inner = narrow.get_group(id)
        if (inner["low"] > -zone).all() and (inner["high"] < zone).all():
            return 3
        return 4 if ((ends["low"] > zone) | (ends["high"] < -zone)).all() else 7
    below, above = (ends["high"] < 0).all(), (ends["low"] > 0).all()
    as_said, other = (below, above) if claim["says"] == "below zero" else (above, below)
    return 5 if as_said else 6 if other else 7


def _worded(verdict: str, design: str) -> str:
    return VERDICTS[1] if verdict == "supported" and design not in ("randomized", "repeated") else verdict
