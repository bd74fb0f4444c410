"""The shipped synthetic trial and the ensemble, checked as they are loaded.

No file behind these functions holds a real participant. Every score was made so that the
printed numbers come out.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.codebook import Codebook, Derived, read_codebook
from helpers.published import data_path
from helpers.targets import pair_count


__all__ = ["TrialError", "add_derived", "check_trial", "load_ensemble", "load_trial", "to_long"]


class TrialError(ValueError):
    """A trial's table is not what the codebook says; the message names file, row and column.

    Examples
    --------
    >>> issubclass(TrialError, ValueError)
    True
    """


def load_trial(
    form: str = "wide", *, everyone: bool = False, path: str | os.PathLike[str] | None = None
) -> pd.DataFrame:
    """The one synthetic trial that the chapters analyze.

    Parameters
    ----------
    form : {"wide", "long"}
        A row a participant, or a row a rating.
    everyone : bool
        Whether to keep the participants who were randomized and did not complete; they
        have no scores.
    path : path-like, optional
        Another file of the same form.

    Returns
    -------
    pandas.DataFrame
        *Wide*: participant, arm, completed, then one column a score, in the unit of the
        scale (GRID-HAMD points from 0 to 52, the other ratings in percent of the maximum),
        NaN where it is missing, and response and remission as 0 or 1. *Long*: participant,
        arm, measure, visit (an ordered category), score, only ratings that are there.

    Raises
    ------
    TrialError
        If the file is not what the codebook says.
    ValueError
        If `form` is neither of the two.

    Examples
    --------
    >>> load_trial().shape[0]
    24
    >>> load_trial("long").query("measure == 'alliance'").groupby("visit", observed=True).size().tolist()
    [20, 24, 24]
    """
    if form not in ("wide", "long"):
        raise ValueError(f'form must be "wide" or "long", not {form!r}')
    path = Path(path) if path is not None else data_path("trial.csv")
    codebook = read_codebook()
    trial = _read(path)
    check_trial(trial, codebook, path.name)
    if not everyone:
        trial = trial[trial["completed"]].reset_index(drop=True)
    return trial if form == "wide" else to_long(trial, codebook)


def load_ensemble(path: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """A thousand synthetic trials that all reproduce the ledger.

    Parameters
    ----------
    path : path-like, optional
        Another file of the same form.

    Returns
    -------
    pandas.DataFrame
        As the wide form of `load_trial`, participants who completed only, with a first
        column ``trial`` (0, 1, ...). `load_trial` gives the most typical one of them.

    Raises
    ------
    TrialError
        If the file is not what the codebook says.

    Examples
    --------
    >>> ensemble = load_ensemble()
    >>> ensemble["trial"].nunique()
    1000
    """
    path = Path(path) if path is not None else data_path("ensemble.csv.gz")
    codebook = read_codebook()
    frame = _read(path)
    for name in ("trial", codebook.group_column, *codebook.variables):
        if name not in frame:
            raise TrialError(f'{path.name}: the column "{name}" is missing')
    _check_numbers(frame, codebook, path.name)
    frame = add_derived(frame, codebook)
    check_trial(frame, codebook, path.name, by="trial")
    return frame[frame["completed"]].reset_index(drop=True)


def add_derived(trial: pd.DataFrame, codebook: Codebook | None = None) -> pd.DataFrame:
    """A trial with the columns that follow from others.

    Parameters
    ----------
    trial : pandas.DataFrame
        With the measured columns of the codebook.
    codebook : Codebook, optional
        Without it, the book's own.

    Returns
    -------
    pandas.DataFrame
        A copy with the derived columns last; NaN where a part is missing.

    Examples
    --------
    >>> trial = load_trial()
    >>> measured = trial.drop(columns=["mystical_peak"])
    >>> bool(add_derived(measured)["mystical_peak"].equals(trial["mystical_peak"]))
    True
    """
    codebook = read_codebook() if codebook is None else codebook
    table = {name: trial[name] for name in trial.columns if name not in codebook.derived}
    group = trial[codebook.group_column]
    for derived in codebook.derived.values():
        table[derived.name] = _derive(table, group, derived)
    return pd.DataFrame(table)


def _derive(table: dict, group: pd.Series, derived: Derived) -> pd.Series:
    first = table[derived.parts[0]]
    if derived.how == "max_of":
        return np.maximum(first, table[derived.parts[1]])  # NaN where either is missing
    if derived.how == "by_group":
        values = first.astype(float)
        for name, column in derived.choice.items():
            values = values.where(group != name, table[column])
        return values
    last = table[derived.parts[-1]]
    limit = derived.limit if derived.how == "at_most" else (1 - derived.limit) * first
    met = (last <= limit + 1e-9).astype(float)  # 0.2 x 10 is 2, whatever floats make of it
    return met.where(first.notna() & last.notna())


def to_long(trial: pd.DataFrame, codebook: Codebook | None = None) -> pd.DataFrame:
    """A wide trial as one row a rating.

    Parameters
    ----------
    trial : pandas.DataFrame
        The wide form; a column ``trial`` is kept.
    codebook : Codebook, optional
        Whose measured variables to take, with their measure and visit; without it, the
        book's own.

    Returns
    -------
    pandas.DataFrame
        (trial,) participant, the group, measure, visit (an ordered category in the order
        of the codebook), score; ratings that are missing are left out.

    Examples
    --------
    >>> to_long(load_trial()).columns.tolist()
    ['participant', 'arm', 'measure', 'visit', 'score']
    """
    codebook = read_codebook() if codebook is None else codebook
    keys = [name for name in ("trial", "participant", codebook.group_column) if name in trial]
    variables = list(codebook.variables.values())
    long = trial.melt(keys, [v.name for v in variables], "variable", "score").dropna()
    visits = list(dict.fromkeys(v.visit for v in variables))
    long["measure"] = long["variable"].map({v.name: v.measure for v in variables})
    long["visit"] = pd.Categorical(
        long["variable"].map({v.name: v.visit for v in variables}), visits, ordered=True
    )
    return long[[*keys, "measure", "visit", "score"]].reset_index(drop=True)


# --- checks ------------------------------------------------------------------------------


def check_trial(
    trial: pd.DataFrame, codebook: Codebook | None = None, file: str = "trial", by: str = ""
) -> None:
    """Check a trial's table against the codebook.

    Parameters
    ----------
    trial : pandas.DataFrame
        With participant, the group column, completed, and every measured and derived column.
    codebook : Codebook, optional
        Without it, the book's own.
    file : str
        What an error calls the table.
    by : str
        A column that tells several trials apart.

    Raises
    ------
    TrialError
        At the first thing that is wrong.

    Examples
    --------
    >>> check_trial(load_trial(everyone=True))
    """
    codebook = read_codebook() if codebook is None else codebook
    group = codebook.group_column
    wanted = [*([by] if by else []), "participant", group, "completed", *codebook.columns()]
    for name in wanted:
        if name not in trial.columns:
            raise TrialError(f'{file}: the column "{name}" is missing')
    for name in trial.columns:
        if name not in wanted:
            raise TrialError(f'{file}: "{name}" is not a column of the codebook')
    _check_people(trial, codebook, file, by)
    _check_numbers(trial, codebook, file)
    for variable in codebook.variables.values():
        values = trial[variable.name]
        where = trial.index[values.notna() & ~values.between(variable.low, variable.high)]
        _refuse(trial, file, variable.name, where, f"lies outside {variable.low:g} to {variable.high:g}")
        steps = values / variable.step
        where = trial.index[values.notna() & ((steps - steps.round()).abs() > 1e-6)]
        _refuse(trial, file, variable.name, where, f"is no multiple of {variable.step:g}")
        there = values.notna()
        _refuse(trial, file, variable.name, trial.index[there & ~trial["completed"]], "belongs to nobody who completed")
        if variable.only:
            where = trial.index[there & ~trial[group].isin(variable.only)]
            _refuse(trial, file, variable.name, where, f"belongs to a group without {variable.title!r}")
    fresh = add_derived(trial, codebook)
    for name in codebook.derived:
        same = (fresh[name] == trial[name]) | (fresh[name].isna() & trial[name].isna())
        _refuse(trial, file, name, trial.index[~same], "does not follow from the other columns")
    _check_missing(trial, codebook, file, by)


def _refuse(trial: pd.DataFrame, file: str, column: str, where: Iterable, what: str) -> None:
    for row in where:
        value = trial.loc[row, column]
        raise TrialError(
            f'{file}, participant {trial.get("participant", trial.index)[row]}, column "{column}": {value} {what}'
        )


def _check_numbers(trial: pd.DataFrame, codebook: Codebook, file: str) -> None:
    for name in codebook.columns():
        if name in trial and not pd.api.types.is_numeric_dtype(trial[name]):
            numbers = pd.to_numeric(trial[name], errors="coerce")
            where = trial.index[numbers.isna() & trial[name].notna()]
            _refuse(trial, file, name, where, "is not a number")


def _check_people(trial: pd.DataFrame, codebook: Codebook, file: str, by: str) -> None:
    group = codebook.group_column
    unknown = set(trial[group]) - set(codebook.groups)
    if unknown:
        raise TrialError(f'{file}, column "{group}": {sorted(map(str, unknown))[0]!r} is not a group')
    if trial["participant"].isna().any():
        raise TrialError(f'{file}, column "participant": an id is missing')
    if trial["completed"].dtype != bool:
        raise TrialError(f'{file}, column "completed": the values must be True or False')
    keys = [by, "participant"] if by else ["participant"]
    twice = trial.loc[trial.duplicated(keys), "participant"]
    if not twice.empty:
        raise TrialError(f'{file}: the participant "{twice.iloc[0]}" is there twice')
    counts = trial.groupby([*([by] if by else []), group])["completed"].agg(["size", "sum"])
    for g in codebook.groups:
        of_group = counts[counts.index.get_level_values(group) == g]
        wanted = (codebook.enrolled[g], codebook.groups[g])
        if of_group.empty or any(tuple(row) not in (wanted, (wanted[1], wanted[1])) for row in of_group.to_numpy()):
            raise TrialError(
                f'{file}: group "{g}" does not have {wanted[0]} participants, {wanted[1]} of them completed'
            )


def _check_missing(trial: pd.DataFrame, codebook: Codebook, file: str, by: str) -> None:
    """The number of ratings of each variable in each trial is the codebook's."""
    done = trial[trial["completed"]]
    whose = done[by] if by else np.zeros(len(done))
    counts = done.groupby(whose)[list(codebook.variables)].count()
    for name in codebook.variables:
        wanted = pair_count(codebook, name)
        if wanted is None:
            continue  # a pattern without a group leaves it open
        for found in counts[name].unique():
            if found != wanted:
                raise TrialError(f'{file}, column "{name}": {found} scores, not {wanted}')


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except FileNotFoundError:
        raise TrialError(f"there is no trial file {path}") from None
    except (
        OSError, EOFError, zlib.error, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError,
    ) as error:  # fmt: skip
        raise TrialError(f"{path.name} cannot be read: {error}") from None
