"""Published beside rebuilt: every row of a ledger, recomputed from a trial's table.

Nothing here knows how a trial was made. Each number is recomputed from the columns with
pandas and scipy, as a reader would, and compared with what was printed.
"""

from __future__ import annotations

import math

import pandas as pd

from helpers.codebook import Codebook, read_codebook
from helpers.targets import TOLERANCE, test_of_p

__all__ = ["rebuild", "scoreboard"]


def scoreboard(
    trial: pd.DataFrame, ledger: pd.DataFrame | None = None, codebook: Codebook | None = None
) -> pd.DataFrame:
    """Every row of the ledger beside the same number in a trial.

    Parameters
    ----------
    trial : pandas.DataFrame
        One trial, a row a participant: the group column, completed, and the measured and
        derived columns of the codebook.
    ledger : pandas.DataFrame, optional
        As `helpers.published.read_ledger` returns it; without it, the book's own.
    codebook : Codebook, optional
        Without it, the book's own.

    Returns
    -------
    pandas.DataFrame
        Index: id, in the order of the ledger. Columns: what (one sentence on what the row
        means), n (participants behind it), printed (text), rebuilt (float), rebuilt_text
        (printed to the same digits), matches (bool).

    Raises
    ------
    ValueError
        If the trial lacks a column that a row needs.

    Examples
    --------
    >>> from helpers.trial import load_trial
    >>> board = scoreboard(load_trial(everyone=True))
    >>> bool(board["matches"].all())
    True
    """
    from helpers.published import read_ledger

    ledger = read_ledger() if ledger is None else ledger
    codebook = read_codebook(ledger=ledger) if codebook is None else codebook
    rows = [_row(trial, ledger, codebook, id) for id in ledger.index]
    return pd.DataFrame(rows, index=ledger.index)


def rebuild(
    trial: pd.DataFrame, id: str, ledger: pd.DataFrame | None = None, codebook: Codebook | None = None
) -> float:
    """The number of one ledger row, recomputed from a trial.

    Parameters
    ----------
    trial, ledger, codebook
        As for `scoreboard`.
    id : str
        A row of the ledger.

    Returns
    -------
    float
        In the unit of the row.

    Examples
    --------
    >>> from helpers.trial import load_trial
    >>> round(rebuild(load_trial(everyone=True), "levin.r.post2.4wk"), 2)
    -0.85
    """
    from helpers.published import read_ledger

    ledger = read_ledger() if ledger is None else ledger
    codebook = read_codebook(ledger=ledger) if codebook is None else codebook
    return _row(trial, ledger, codebook, id)["rebuilt"]


def _row(trial: pd.DataFrame, ledger: pd.DataFrame, codebook: Codebook, id: str) -> dict:
    row = ledger.loc[id]
    who = _participants(trial, codebook)
    what, value, n = _recompute(who, row, codebook, ledger, id)
    low, high = row["low"], row["high"]
    if row["kind"] == "range":
        inside = low <= value[0] and value[1] <= high
        text = f"{value[0]:.{row['decimals']}f} to {value[1]:.{row['decimals']}f}"
        value = math.nan
    else:
        inside = low - TOLERANCE <= value <= high + TOLERANCE
        text = _text(value, row)
    return {
        "what": what, "n": n, "printed": row["printed"], "rebuilt": float(value),
        "rebuilt_text": text, "matches": bool(inside),
    }  # fmt: skip


def _participants(trial: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    group = codebook.group_column
    missing = [name for name in (group, *codebook.columns()) if name not in trial.columns]
    if missing:
        raise ValueError(f"the trial has no column {missing[0]!r}")
    completed = trial["completed"] if "completed" in trial else True
    return trial.assign(group=trial[group], completed=completed)


def _text(value: float, row: pd.Series) -> str:
    """A rebuilt number with the digits of the printed one."""
    if row["op"] in ("<", "<=") and value <= row["value"]:
        return row["printed"]
    # A value exactly on a half may be printed either way; print it as the source does.
    text = f"{value:.{row['decimals']}f}"
    on_half = abs(abs(value - row["value"]) - 0.5 * 10.0 ** -row["decimals"]) < TOLERANCE
    return row["printed"] if row["op"] == "=" and on_half else text


def _recompute(who, row, codebook, ledger, id):
    kind, x, y = row["kind"], row["x"], row["y"]
    if kind == "count" and x in codebook.counts:
        people = who if codebook.counts[x] == "enrolled" else who[who["completed"]]
        people = people if row["group"] == "all" else people[people["group"] == row["group"]]
        return f"participants {codebook.counts[x]}", len(people), len(people)
    who = who[who["completed"]]
    if kind == "range":
        members = [v for v, family in codebook.families.items() if family == x] or [x]
        scores = who[members].stack()
        return "lowest and highest score at any visit", (scores.min(), scores.max()), len(who)
    groups = row["group"].split("-")
    parts = [who if g == "all" else who[who["group"] == g] for g in groups]
    if len(parts) == 2:
        return _between(kind, *(part[x].dropna() for part in parts))
    if not y:
        return _one(kind, parts[0][x].dropna())
    both = parts[0][[x, y]].dropna()
    test = test_of_p(ledger, id, codebook) if kind == "p" else ""
    meaning = codebook.meanings.get(id, codebook.meanings.get(kind, ""))
    return _two(kind, both[x], both[y], test, meaning)


def _one(kind: str, scores: pd.Series):
    n = len(scores)
    if kind == "mean":
        return "arithmetic mean", scores.mean(), n
    if kind == "sd":
        return "sample SD, divisor n − 1", scores.std(ddof=1), n
    if kind == "minimum":
        return "lowest score", scores.min(), n
    if kind == "count":
        return "participants who meet the rule", scores.sum(), n
    return "share who meet the rule, in percent", 100 * scores.mean(), n


def _between(kind: str, one: pd.Series, other: pd.Series):
    from scipy import stats

    n = len(one) + len(other)
    if kind == "p":
        return "Student's t test with pooled variance, two-sided", stats.ttest_ind(one, other).pvalue, n
    pooled = ((len(one) - 1) * one.var() + (len(other) - 1) * other.var()) / (n - 2)
    return "difference in means over the pooled SD", (one.mean() - other.mean()) / math.sqrt(pooled), n


def _two(kind: str, x: pd.Series, y: pd.Series, test: str, meaning: str):
    from scipy import stats

    n = len(x)
    if kind == "r":
        return "Pearson correlation, every pair that is there", x.corr(y), n
    if kind == "p" and test == "paired":
        return "paired t test, two-sided", stats.ttest_rel(x, y).pvalue, n
    if kind == "p":
        return "t test of the Pearson correlation, two-sided", stats.pearsonr(x, y).pvalue, n
    rise = (y - x).mean() if kind == "d_growth" else (x - y).mean()
    sd_z = (y - x).std()
    word = "rise" if kind == "d_growth" else "fall"
    dividers = {
        "pooled": ("root mean square of the two SDs", math.sqrt((x.var() + y.var()) / 2)),
        "d_av": ("mean of the two SDs", (x.std() + y.std()) / 2),
        "d_z": ("SD of the changes", sd_z),
        "d_rm": ("SD of the changes, over √(2(1 − r))", sd_z / math.sqrt(2 * (1 - x.corr(y)))),
        "first": ("SD of the first rating", x.std()),
    }
    name, divider = dividers[meaning]
    return f"mean {word} over the {name}", rise / divider, n
