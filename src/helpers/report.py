"""Published beside rebuilt over many trials, as a table, a report and a data package.

The numbers are recomputed here from the scores with plain array arithmetic, for all trials
at once. Nothing is taken over from the search: an error there cannot hide here.
"""

from __future__ import annotations

import hashlib
import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.codebook import Codebook
from helpers.scoreboard import scoreboard
from helpers.targets import TOLERANCE, test_of_p

__all__ = ["board", "data_package", "describe", "rebuild_all", "report_html", "report_markdown", "trials_csv"]

SYNTHETIC = (
    "These data are synthetic. No row is a real participant: every score was made by a search "
    "so that the printed numbers come out."
)


# --- every number of every trial ----------------------------------------------------------


def rebuild_all(
    trials: pd.DataFrame, ledger: pd.DataFrame, codebook: Codebook
) -> dict[str, np.ndarray]:
    """The number of every ledger row in every trial.

    Parameters
    ----------
    trials : pandas.DataFrame
        One row a participant and trial: trial, the group column, completed, and every
        measured and derived column; every trial with the same number of rows.
    ledger : pandas.DataFrame
        As `helpers.published.read_ledger` returns it.
    codebook : Codebook
        As `helpers.codebook.read_codebook` returns it.

    Returns
    -------
    dict of str to numpy.ndarray
        For each row its value in each trial; for a row of kind "range" the lowest and the
        highest score (trials x 2).

    Raises
    ------
    ValueError
        If the trials have different numbers of rows.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> from helpers.published import read_ledger
    >>> from helpers.trial import load_trial
    >>> one = load_trial(everyone=True).assign(trial=0)
    >>> values = rebuild_all(one, read_ledger(), read_codebook())
    >>> values["davis.baseline.mean.immediate"].round(1).tolist()
    [22.9]
    """
    scores = _Scores(trials, codebook)
    with np.errstate(invalid="ignore", divide="ignore"):  # a column without spread has no r
        return {row.Index: scores.value(row, ledger, codebook) for row in ledger.itertuples()}


class _Scores:
    """The columns of all trials as arrays, a row a trial and a column a participant."""

    def __init__(self, trials: pd.DataFrame, codebook: Codebook):
        ordered = trials.sort_values("trial", kind="stable")
        sizes = ordered["trial"].value_counts(sort=False)
        if sizes.nunique() != 1:
            raise ValueError("trials must all have the same number of rows")
        self.shape = (len(sizes), int(sizes.iloc[0]))
        self.table = ordered
        self.group = self._grid(codebook.group_column)
        self.completed = self._grid("completed") if "completed" in ordered else np.ones(self.shape, bool)

    def _grid(self, name: str) -> np.ndarray:
        return self.table[name].to_numpy().reshape(self.shape)

    def of(self, name: str, group: str) -> np.ndarray:
        """Scores of the completers of a group, NaN elsewhere."""
        inside = self.completed if group == "all" else self.completed & (self.group == group)
        return np.where(inside, self._grid(name).astype(float), np.nan)

    def value(self, row: Any, ledger: pd.DataFrame, codebook: Codebook) -> np.ndarray:
        """One ledger row in every trial."""
        groups = row.group.split("-")
        if row.kind == "count" and row.x in codebook.counts:
            who = np.ones(self.shape, bool) if codebook.counts[row.x] == "enrolled" else self.completed
            return (who & ((self.group == row.group) | (row.group == "all"))).sum(axis=1).astype(float)
        if row.kind == "range":
            members = [v for v, family in codebook.families.items() if family == row.x] or [row.x]
            every = np.concatenate([self.of(member, "all") for member in members], axis=1)
            return np.stack([np.nanmin(every, axis=1), np.nanmax(every, axis=1)], axis=1)
        if len(groups) == 2:
            return _between(row.kind, self.of(row.x, groups[0]), self.of(row.x, groups[1]))
        x = self.of(row.x, row.group)
        if not row.y:
            return _one(row.kind, x)
        y = self.of(row.y, row.group)
        x, y = np.where(np.isnan(y), np.nan, x), np.where(np.isnan(x), np.nan, y)
        test = test_of_p(ledger, row.Index, codebook) if row.kind == "p" else ""
        return _two(row.kind, x, y, test, codebook.meanings.get(row.Index, codebook.meanings.get(row.kind, "")))


def _count(x: np.ndarray) -> np.ndarray:
    return (~np.isnan(x)).sum(axis=1)


def _mean(x: np.ndarray) -> np.ndarray:
    return np.nansum(x, axis=1) / _count(x)


def _product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The sample covariance; of x with itself the variance."""
    return np.nansum((x - _mean(x)[:, None]) * (y - _mean(y)[:, None]), axis=1) / (_count(x) - 1)


def _p(t: np.ndarray, df: np.ndarray) -> np.ndarray:
    from scipy import stats

    return 2 * stats.t.sf(np.abs(t), df)


def _one(kind: str, x: np.ndarray) -> np.ndarray:
    if kind == "sd":
        return np.sqrt(_product(x, x))
    if kind == "minimum":
        return np.nanmin(x, axis=1)
    if kind == "count":
        return np.nansum(x, axis=1)
    return _mean(x) * (100 if kind == "percent" else 1)


def _between(kind: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    n, m = _count(x), _count(y)
    pooled = ((n - 1) * _product(x, x) + (m - 1) * _product(y, y)) / (n + m - 2)
    d = (_mean(x) - _mean(y)) / np.sqrt(pooled)
    return d if kind == "d_between" else _p(d * np.sqrt(n * m / (n + m)), n + m - 2)


def _two(kind: str, x: np.ndarray, y: np.ndarray, test: str, meaning: str) -> np.ndarray:
    n = _count(x)
    var_x, var_y, both = _product(x, x), _product(y, y), _product(x, y)
    change, sd_change = _mean(y) - _mean(x), np.sqrt(var_x + var_y - 2 * both)
    if kind == "p" and test == "paired":
        return _p(change / sd_change * np.sqrt(n), n - 1)
    r = both / np.sqrt(var_x * var_y)
    if kind == "r":
        return r
    if kind == "p":
        return _p(r * np.sqrt((n - 2) / np.maximum(1 - r * r, 1e-300)), n - 2)
    divider = {
        "pooled": np.sqrt((var_x + var_y) / 2),
        "d_av": (np.sqrt(var_x) + np.sqrt(var_y)) / 2,
        "d_z": sd_change,
        "d_rm": sd_change / np.sqrt(2 * (1 - r)),
        "first": np.sqrt(var_x),
    }[meaning]
    return (change if kind == "d_growth" else -change) / divider


# --- published beside rebuilt --------------------------------------------------------------


def board(
    trials: pd.DataFrame,
    ledger: pd.DataFrame,
    codebook: Codebook,
    *,
    shown: pd.DataFrame | None = None,
    titles: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Every ledger row beside the same number in one trial and its range over all trials.

    Parameters
    ----------
    trials, ledger, codebook
        As for `rebuild_all`.
    shown : pandas.DataFrame, optional
        The one trial of the column rebuilt; by default the first of `trials`.
    titles : mapping of str to str, optional
        What to call a variable, instead of the codebook's titles.

    Returns
    -------
    pandas.DataFrame
        Index: id. Columns: what (words), how (the formula in words), n, printed, rebuilt
        (printed to the same digits), over_all (the range, two digits finer), matches
        (whether every trial, and the one shown, meets the row), checked (bool), and as
        numbers that nobody rounded: value (NaN for a row of kind "range"), lowest, highest.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> from helpers.published import read_ledger
    >>> from helpers.trial import load_trial
    >>> one = load_trial(everyone=True).assign(trial=0)
    >>> table = board(one, read_ledger(), read_codebook())
    >>> table.loc["levin.r.prep.4wk", ["what", "rebuilt"]].tolist()
    ['Correlation of alliance, final preparation session, with depression, 4 weeks', '−0.65']
    """
    values = rebuild_all(trials, ledger, codebook)
    one = trials[trials["trial"] == trials["trial"].iloc[0]] if shown is None else shown
    single = scoreboard(one, ledger, codebook)
    rows = []
    for row in ledger.itertuples():
        beside, found = single.loc[row.Index], values[row.Index]
        low, high = float(np.min(found)), float(np.max(found))
        test = test_of_p(ledger, row.Index, codebook) if row.kind == "p" else ""
        if row.kind == "range":
            inside = row.low <= low and high <= row.high
        else:
            inside = row.low - TOLERANCE <= low and high <= row.high + TOLERANCE
        rows.append(
            {
                "what": describe(row, codebook, titles, test), "how": beside["what"], "n": int(beside["n"]),
                "printed": _shown(row.printed, row.kind), "rebuilt": _shown(beside["rebuilt_text"]),
                "over_all": _range(row, low, high), "matches": bool(inside and beside["matches"]),
                "checked": bool(row.checked), "value": float(beside["rebuilt"]), "lowest": low, "highest": high,
            }
        )  # fmt: skip
    return pd.DataFrame(rows, index=ledger.index)


def _shown(text: str, kind: str = "") -> str:
    """A number as text with a true minus; the hyphen of a printed range stays a dash."""
    return text.replace("-", "–") if kind == "range" else text.replace("-", "\u2212")


def _range(row: Any, low: float, high: float) -> str:
    """A range of values, finer by two digits than the printed number."""
    places = 0 if row.kind == "count" else row.decimals + (0 if row.kind in ("range", "minimum") else 2)

    def text(value: float) -> str:
        if row.kind == "p" and value < 0.5 * 10.0**-places:
            return f"< {10.0**-places:.{places}f}"
        return f"{value + 0.0:.{places}f}"

    ends = list(dict.fromkeys([text(low), text(high)]))
    return _shown(" to ".join(ends))


_KIND_WORDS = {
    "mean": "Mean of {x}", "sd": "SD of {x}", "minimum": "Lowest {x}", "range": "Limits of {x}",
    "count": "Number with {x}", "percent": "Percentage with {x}", "r": "Correlation of {x} with {y}",
    "d_between": "d between groups in {x}", "d_change": "d of the fall from {x} to {y}",
    "d_growth": "d of the rise from {x} to {y}", "p": "p of {x} with {y}",
}  # fmt: skip


def describe(
    row: Any, codebook: Codebook, titles: Mapping[str, str] | None = None, test: str = ""
) -> str:
    """What a ledger row is, in words.

    Parameters
    ----------
    row : named tuple
        A row of ``ledger.itertuples()``.
    codebook : Codebook
        Where the titles of variables come from.
    titles : mapping of str to str, optional
        Titles that go before the codebook's.
    test : str
        For a row of kind "p", what `helpers.targets.test_of_p` says.

    Returns
    -------
    str
        For example "Mean of depression, baseline (immediate)".

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> from helpers.published import read_ledger
    >>> rows = {row.Index: row for row in read_ledger().itertuples()}
    >>> describe(rows["davis.week5.mean.delayed"], read_codebook())
    'Mean of depression, waiting, week 5 (delayed)'
    """
    titles = titles or {}
    group = "" if row.group == "all" else f" ({row.group.replace('-', ' minus ')})"
    if row.kind == "count" and row.x in codebook.counts:
        return f"Participants, {_title(codebook, row.x, 'all', titles)}{group}"
    x, y = (_title(codebook, name, row.group, titles) if name else "" for name in (row.x, row.y))
    words = _KIND_WORDS[row.kind]
    if row.kind == "p":
        change, between = "p of the change from {x} to {y}", "p of the difference between groups in {x}"
        words = {"r": "p of the correlation of {x} with {y}", "paired": change, "student": between}.get(test, words)
    # A title with a comma in it ends with one, too.
    return words.format(x=x + "," * ("," in x and bool(y)), y=y) + group


def _title(codebook: Codebook, name: str, group: str, titles: Mapping[str, str]) -> str:
    """What to call a column within a sentence."""
    if name in titles:
        return _small(titles[name])
    derived = codebook.derived.get(name)
    if derived is not None and derived.how == "by_group" and group in derived.choice:
        return _title(codebook, derived.choice[group], group, titles)
    if derived is not None and not derived.title:
        return _derived_title(codebook, derived, titles)
    variable = codebook.variables.get(name)
    return _small(variable.title if variable else (derived.title if derived else name.replace("_", " ")))


def _derived_title(codebook: Codebook, derived: Any, titles: Mapping[str, str]) -> str:
    parts = [_title(codebook, part, "", titles) for part in derived.parts]
    stem = parts[0].partition(", ")[0] + ", "
    rest = [part.removeprefix(stem) for part in parts] if all(p.startswith(stem) for p in parts) else parts
    if derived.how == "at_most":
        return f"{parts[0]}, at most {derived.limit:g}"
    if derived.how == "reduced_by":
        return f"{parts[1]}, at least {derived.limit:.0%} below {rest[0]}"
    head = stem if rest is not parts else ""
    if derived.how == "max_of":
        return f"{head}the larger of {rest[0]} and {rest[1]}"
    return head + " or ".join(f"{r} ({g})" for g, r in zip(derived.choice, rest, strict=False))


def _small(title: str) -> str:
    """A title within a sentence: its first letter small, unless it is an abbreviation."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


# --- files ---------------------------------------------------------------------------------


def places_of(step: float) -> int:
    """How many decimal places the multiples of a step need."""
    return max(0, -Decimal(repr(float(step))).normalize().as_tuple().exponent)


def trials_csv(trials: pd.DataFrame, codebook: Codebook) -> str:
    """Trials as the text of a CSV file.

    Parameters
    ----------
    trials : pandas.DataFrame
        As `helpers.matching.matched_trials` returns it.
    codebook : Codebook
        Its steps say how many digits a score has.

    Returns
    -------
    str
        Whole scores without a decimal point; a missing score is an empty cell.

    Examples
    --------
    >>> from helpers.codebook import read_codebook
    >>> from helpers.trial import load_trial
    >>> trials_csv(load_trial(), read_codebook()).splitlines()[1]
    'SIM-01,immediate,True,18,,,71,63,,64,83,,66,7,7,11,17,18,83,,7,7,1,1,1,1,0,0'
    """
    columns = {}
    for name in trials.columns:
        values = trials[name]
        if name in codebook.variables or name in codebook.derived:
            places = places_of(codebook.step(name))
            values = ["" if math.isnan(v) else f"{v + 0.0:.{places}f}" for v in values.astype(float)]
        columns[name] = values
    return pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")


class Study(NamedTuple):
    """Everything that a report tells about."""

    trials: pd.DataFrame
    ledger: pd.DataFrame
    codebook: Codebook
    assumptions: pd.DataFrame
    command: str
    seed: int
    inputs: dict[str, str]
    versions: dict[str, str]


def data_package(study: Study, files: Mapping[str, bytes]) -> str:
    """The descriptor of the written files, as the text of ``datapackage.json``.

    Parameters
    ----------
    study : Study
        What was matched, and how.
    files : mapping of str to bytes
        The other files, by name; ``trials.csv`` among them.

    Returns
    -------
    str
        JSON in the form of a frictionless data package.
    """
    resources = []
    for name, content in files.items():
        suffix = name.rpartition(".")[2]
        resource: dict[str, Any] = {"profile": "data-resource", "name": name.partition(".")[0], "path": name}
        if name == "trials.csv":
            resource |= _table_resource(study)
        else:
            resource |= {"title": "Published beside rebuilt", "description": "Every row of the ledger, the assumptions, and how the trials were made."}
        resource |= {
            "format": suffix,
            "mediatype": {"csv": "text/csv", "md": "text/markdown", "html": "text/html"}[suffix],
            "encoding": "utf-8",
            "bytes": len(content),
            "hash": "sha256:" + hashlib.sha256(content).hexdigest(),
        }
        resources.append(resource)
    package = {
        "profile": "data-package",
        "name": "matched-trials",
        "title": f"Synthetic trials that match a ledger: {study.codebook.title}",
        "description": f"{SYNTHETIC} Made by the command: {study.command} (seed {study.seed}).",
        "synthetic": True,
        "command": study.command,
        "seed": study.seed,
        "versions": study.versions,
        "sources": [{"title": f"{name}, sha256:{digest}"} for name, digest in study.inputs.items()],
        "resources": resources,
    }
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def _table_resource(study: Study) -> dict[str, Any]:
    book = study.codebook
    required = {"required": True}
    fields: list[dict[str, Any]] = [
        {"name": "trial", "title": "Trial", "description": "Number of the trial, from 0.", "type": "integer",
         "constraints": {**required, "minimum": 0}},
        {"name": "participant", "title": "Participant", "description": "A made-up id of a made-up participant.",
         "type": "string", "constraints": required},
        {"name": book.group_column, "title": "Group", "description": "The group of the participant.",
         "type": "string", "constraints": {**required, "enum": list(book.groups)}},
        {"name": "completed", "title": "Completed", "description": "Whether the participant was analyzed; the others have no scores.",
         "type": "boolean", "trueValues": ["True"], "falseValues": ["False"], "constraints": required},
    ]  # fmt: skip
    from helpers.targets import limits

    for name in book.columns():
        places = places_of(book.step(name))
        low, high = limits(book, name)
        derived = book.derived.get(name)
        title = _title(book, name, "", {})
        field: dict[str, Any] = {
            "name": name,
            "title": title[:1].upper() + title[1:],
            "description": f"{'Follows from other columns' if derived else 'Measured'}: {title}.",
            "type": "number" if places else "integer",
        }
        unit = "0 or 1" if derived and derived.is_indicator else book.variables[book.sources(name)[0]].unit
        if unit:
            field["unit"] = unit
        number = float if places else int
        field["constraints"] = {"minimum": number(round(low, places)), "maximum": number(round(high, places))}
        fields.append(field)
    return {
        "profile": "tabular-data-resource",
        "title": "The matched trials",
        "description": SYNTHETIC,
        "dialect": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "header": True, "lineTerminator": "\n"},
        "schema": {"fields": fields, "missingValues": [""], "primaryKey": ["trial", "participant"]},
    }


# --- the report ----------------------------------------------------------------------------


class _Code(str):
    """Text to be set as code."""


class _Table(NamedTuple):
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def _blocks(study: Study) -> list[tuple[str, Any]]:
    """The report as a list of blocks: what kind, and its content."""
    table = board(study.trials, study.ledger, study.codebook)
    count = study.trials["trial"].nunique()
    matched = int(table["matches"].sum())
    rows = [
        (_Code(id), f"{row.what}; {row.how}", str(row.n), row.printed + ("" if row.checked else " †"),
         row.rebuilt, row.over_all, "✓ matches" if row.matches else "✗ does not match")
        for id, row in zip(table.index, table.itertuples(), strict=True)
    ]  # fmt: skip
    blocks: list[tuple[str, Any]] = [
        ("title", f"Matched trials: {study.codebook.title}"),
        ("strong", SYNTHETIC),
        ("text", f"Trials: {count}. Participants in each: {study.codebook.n} analyzed of {sum(study.codebook.enrolled.values())}. "
                 f"Rows of the ledger that every trial reproduces: {matched} of {len(table)}."),
        ("heading", "Published and rebuilt"),
        ("text", "A row matches when, in every trial, the recomputed number rounds to the printed one, or keeps to a "
                 "printed bound. The range is over all trials, two digits finer than the print."),
        ("table", _Table("Published beside rebuilt", ("Row", "What it is", "n", "Published", "Trial 0", "All trials", "Match"), rows)),
    ]  # fmt: skip
    if not table["checked"].all():
        blocks.append(("text", "† The ledger marks this number as not read again in its source."))
    blocks.append(("heading", "What was assumed"))
    blocks += _assumption_blocks(study)
    blocks += [
        ("heading", "How the columns were read"),
        ("table", _Table("Columns of trials.csv", ("Column", "What it is", "Unit", "Scale", "Step", "Scores"), _column_rows(study))),
        *_meaning_blocks(study),
        ("heading", "What the trials show, and what they do not"),
        ("text", "They show what data behind the printed numbers can look like. They do not show what the data were: "
                 "many other data sets match as well. A statistic that no row fixes is a product of the assumptions, "
                 "of the most even completion of what is open, and of chance."),
        ("heading", "How it was made"),
        ("code", study.command),
        ("list", [f"seed: {study.seed}",
                  *(f"{name}: sha256 {digest}" for name, digest in study.inputs.items()),
                  *(f"{name} {version}" for name, version in study.versions.items())]),
        ("text", "The same files, seed and versions give the same bytes, for any number of workers."),
    ]  # fmt: skip
    return blocks


def _meaning_blocks(study: Study) -> list[tuple[str, Any]]:
    """Which d each row of change means, where there are such rows."""
    kinds = set(study.ledger["kind"])
    used = {key: word for key, word in study.codebook.meanings.items() if key in kinds or key in study.ledger.index}
    if not used:
        return []
    return [("text", "Meanings: " + "; ".join(f"{key} is {word}" for key, word in sorted(used.items())) + ".")]


def _assumption_blocks(study: Study) -> list[tuple[str, Any]]:
    if study.assumptions.empty:
        return [("text", "Nothing: every mean and SD that the search needs is printed.")]
    rows = [
        (_Code(id), row.kind, " and ".join(name for name in (row.x, row.y) if name), row.group or "all",
         f"{row.value:g}".replace("-", "\u2212"), row.reason)
        for id, row in zip(study.assumptions.index, study.assumptions.itertuples(), strict=True)
    ]  # fmt: skip
    head = ("Row", "Kind", "Of", "Group", "Value", "Reason")
    return [("table", _Table("Numbers that nobody printed", head, rows))]


def _column_rows(study: Study) -> list[tuple[str, ...]]:
    from helpers.targets import limits

    book, rows = study.codebook, []
    first = study.trials[study.trials["trial"] == study.trials["trial"].iloc[0]]
    for name in book.columns():
        low, high = limits(book, name)
        title = _title(book, name, "", {})
        source = book.variables[book.sources(name)[0]]
        unit = "0 or 1" if name in book.derived and book.derived[name].is_indicator else source.unit
        rows.append(
            (_Code(name), title, unit, f"{low:g} to {high:g}".replace("-", "\u2212"),
             f"{book.step(name):g}", str(int(first[name].count())))
        )  # fmt: skip
    return rows


def report_markdown(study: Study) -> str:
    """The report as Markdown.

    Parameters
    ----------
    study : Study
        What was matched, and how.

    Returns
    -------
    str
        Published beside rebuilt for every row, the assumptions with their reasons, the
        columns, and how it was made.
    """
    out = []
    for kind, content in _blocks(study):
        if kind == "title":
            out += [f"# {_mark(content)}"]
        elif kind == "heading":
            out += [f"## {_mark(content)}"]
        elif kind == "strong":
            out += [f"**{_mark(content)}**"]
        elif kind == "code":
            out += [f"```\n{content}\n```"]
        elif kind == "list":
            out += ["\n".join(f"- {_mark(item)}" for item in content)]
        elif kind == "table":
            lines = [content.head, ["---"] * len(content.head), *content.rows]
            out += ["\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)]
        else:
            out += [_mark(content)]
    return "\n\n".join(out) + "\n"


def _mark(text: str) -> str:
    """Text with the signs of Markdown made plain."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(str(text).split()))


def _cell(text: str) -> str:
    return f"`{text}`" if isinstance(text, _Code) else text if text == "---" else _mark(text)


_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: 0.3rem; }
th, td { border-top: 1px solid #8886; padding: 0.3rem 0.7rem; text-align: left; vertical-align: baseline; }
thead th { border-bottom: 2px solid #888; vertical-align: bottom; }
tbody th { font-weight: 400; }
pre { overflow-x: auto; background: #8882; padding: 0.7rem; }
"""


def report_html(study: Study) -> str:
    """The report as one HTML page that needs nothing else.

    Parameters
    ----------
    study : Study
        What was matched, and how.

    Returns
    -------
    str
        The content of `report_markdown`, with named headers for screen readers.
    """
    blocks = _blocks(study)
    out = []
    for kind, content in blocks:
        if kind == "table":
            out.append(_html_table(content))
        elif kind == "list":
            out.append("<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in content) + "</ul>")
        elif kind == "code":
            out.append(f'<pre tabindex="0"><code>{html.escape(content)}</code></pre>')
        else:
            open_, close = {"title": ("<h1>", "</h1>"), "heading": ("<h2>", "</h2>"),
                            "strong": ("<p><strong>", "</strong></p>")}.get(kind, ("<p>", "</p>"))  # fmt: skip
            out.append(f"{open_}{html.escape(content)}{close}")
    title = html.escape(dict(blocks)["title"])
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n" + "\n".join(out) + "\n</main>\n</body>\n</html>\n"
    )


def _html_table(table: _Table) -> str:
    name = html.escape(table.caption, quote=True)
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in table.head)
    rows = []
    for first, *rest in table.rows:
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
        rows.append(f'<tr><th scope="row"><code>{html.escape(first)}</code></th>{cells}</tr>')
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{name}"><table><caption>{name}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )
