"""The scoreboard page: every ledger row beside the synthetic trial and the ensemble.

The table is made when the book is built, for the page and as a CSV file beside it. A row that
does not match stops the build. ``_static/scoreboard.js`` filters the rows of the page.
"""

from __future__ import annotations

import csv
import html
import io
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tools import book

if TYPE_CHECKING:
    import pandas as pd

#: The files of the data folder that the table is made from.
INPUTS = ("published.csv", "codebook.json", "datapackage.json", "trial.csv", "ensemble.csv.gz")
#: What the studies are called, in the order of their rows.
STUDIES = {
    "davis2021": "The trial (Davis and others, 2021)",
    "gukasyan2022": "The follow-up (Gukasyan and others, 2022)",
    "nct03181529": "The registry entry",
    "levin2024": "The alliance study (Levin and others, 2024)",
    "release2024": "The press release",
}


#: The kinds of number that the filter knows, with the ledger's kinds that each holds.
KINDS = {
    "count": ("Counts and percentages", ("count", "percent")),
    "mean": ("Means, SDs and limits", ("mean", "sd", "minimum", "range")),
    "d": ("Effect sizes (d)", ("d_between", "d_change", "d_growth")),
    "r": ("Correlations (r)", ("r",)),
    "p": ("p values", ("p",)),
}
#: Whether a number was read again in its source, for the filter.
CHECKED = {"yes": "Read again", "no": "Not read again (†)"}
#: The file beside the page, and the script that only this page needs.
FILE = "scoreboard.csv"
#: The columns of the file.
COLUMNS = (
    "id", "study", "kind", "what", "how", "n", "published", "rebuilt", "lowest", "highest",
    "matches", "checked", "source", "locator",
)  # fmt: skip
DIGITS = 12
"""Significant digits of a rebuilt number in the file: the same on every machine."""


class ScoreboardError(ValueError):
    """A row of the ledger that the synthetic data do not reproduce."""


class Board(NamedTuple):
    """Everything that the page and the file show."""

    rows: pd.DataFrame
    ledger: pd.DataFrame
    trials: int


def table(data: Path = book.ROOT / "data") -> Board:
    """The scoreboard, the ledger, and the number of trials.

    Raises
    ------
    ScoreboardError
        If a row does not match in the trial or in any trial of the ensemble.
    """
    import pandas as pd
    from helpers import report
    from helpers.codebook import read_codebook
    from helpers.published import read_ledger
    from helpers.trial import add_derived, check_trial, load_trial

    ledger = read_ledger(data / "published.csv")
    codebook = read_codebook(data / "codebook.json", ledger=ledger)
    ensemble = add_derived(pd.read_csv(data / "ensemble.csv.gz"), codebook)
    check_trial(ensemble, codebook, "ensemble.csv.gz", by="trial")
    trial = load_trial(everyone=True, path=data / "trial.csv")
    board = report.board(ensemble, ledger, codebook, shown=trial, titles=titles(data))
    missed = board.index[~board["matches"]]
    if len(missed):
        shown = "; ".join(
            f"{id}: published {board.loc[id, 'printed']}, rebuilt {board.loc[id, 'rebuilt']}, in all trials {board.loc[id, 'over_all']}"
            for id in missed
        )
        raise ScoreboardError(f"{len(missed)} rows of the ledger do not match: {shown}")
    return Board(board, ledger, ensemble["trial"].nunique())


def titles(data: Path) -> dict[str, str]:
    """What the data package calls each variable of the ledger."""
    package = json.loads((data / "datapackage.json").read_text(encoding="utf-8"))
    resource = next(part for part in package["resources"] if part["name"] == "published")
    return {variable["name"]: variable["title"] for variable in resource["variables"]}


def as_csv(board: Board) -> str:
    """The table as the text of a CSV file, a line for each row of the ledger."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    for (id, row), (_, entry) in zip(board.rows.iterrows(), board.ledger.iterrows(), strict=True):
        numbers = (row["value"], row["lowest"], row["highest"])
        lines.writerow(
            [
                id, entry["study"], entry["kind"], row["what"], row["how"], row["n"], entry["printed"],
                *("" if math.isnan(number) else f"{number + 0.0:.{DIGITS}g}" for number in numbers),
                *(str(bool(row[name])).lower() for name in ("matches", "checked")),
                entry["source"], entry["locator"],
            ]
        )  # fmt: skip
    return out.getvalue()


def as_html(board: Board) -> str:
    """The summary, the filter and the table, as HTML."""
    rows, study, kinds = board.rows, board.ledger["study"], board.ledger["kind"]
    unchecked = int((~rows["checked"]).sum())
    head = "".join(
        f'<th scope="col"{kind}>{text}</th>'
        for text, kind in (
            ("Number", ""), ("<em>n</em>", ' class="number"'), ("Published", ' class="number"'),
            ("Rebuilt", ' class="number"'), (f"In {board.trials:,} trials", ' class="number"'), ("Match", ""),
        )
    )  # fmt: skip
    bodies, counts = [], []
    for key in dict.fromkeys(study):
        ids = rows.index[study == key]
        name = html.escape(STUDIES.get(key, key))
        counts.append(f"<li>{name}: {_of(int(rows.loc[ids, 'matches'].sum()), len(ids))}</li>")
        lines = "\n".join(_row(id, rows.loc[id], kind_of(kinds[id])) for id in ids)
        bodies.append(
            f'<tbody data-study="{html.escape(key)}">\n<tr class="study"><th scope="rowgroup" colspan="6">{name}</th></tr>\n{lines}\n</tbody>'
        )
    size = len(as_csv(board).encode()) / 1000
    return (
        f'<p class="scoreboard-summary">All {len(rows)} rows match: in the synthetic trial of this book, and in each of '
        f"{board.trials:,} synthetic trials. A dagger (†) marks the {unchecked} published numbers that were not read again in their source.</p>\n"
        f'<ul class="scoreboard-studies">{"".join(counts)}</ul>\n'
        f'<p class="scoreboard-file"><a href="{FILE}" download>Download the table</a> (CSV, {size:.0f} kB)</p>\n'
        f"{_filter(board)}\n"
        f'<div class="table-scroll"><table class="scoreboard"><caption>Published numbers beside synthetic trials</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n" + "\n".join(bodies) + "\n</table></div>"
    )


def _of(matched: int, count: int) -> str:
    return f"{matched} of {count} {'row matches' if count == 1 else 'rows match'}"


def kind_of(kind: str) -> str:
    """Under which kind of number the filter finds a row of the ledger."""
    return next(key for key, (_, kinds) in KINDS.items() if kind in kinds)


def _filter(board: Board) -> str:
    """The filter's controls. They stay hidden until the script has made them work."""
    study = board.ledger["study"]
    kinds = board.ledger["kind"].map(kind_of)
    checked = board.rows["checked"].map({True: "yes", False: "no"})
    selects = (
        ("study", "Study", "All studies", {key: STUDIES.get(key, key) for key in dict.fromkeys(study)}, study),
        ("kind", "Kind of number", "All kinds", {key: name for key, (name, _) in KINDS.items()}, kinds),
        ("checked", "In its source", "All rows", CHECKED, checked),
    )
    fields = []
    for name, label, every, choices, values in selects:
        options = [f'<option value="">{every}</option>']
        for key, words in choices.items():
            count = int((values == key).sum())
            if count:
                options.append(f'<option value="{html.escape(key)}">{html.escape(words)}: {count}</option>')
        fields.append(
            f'<div><label for="scoreboard-{name}">{label}</label>'
            f'<select id="scoreboard-{name}" name="{name}">{"".join(options)}</select></div>'
        )
    return (
        '<form class="scoreboard-filter" aria-label="Filter the rows" autocomplete="off" hidden>'
        + "".join(fields)
        + '<div><label for="scoreboard-words">Words in the row</label>'
        '<input type="search" id="scoreboard-words" name="words" spellcheck="false"></div>'
        '<p><output for="scoreboard-study scoreboard-kind scoreboard-checked scoreboard-words"></output> '
        '<button type="button">Show all rows</button></p></form>'
    )


def anchor(id: str) -> str:
    """The name of a row's place on the page; the theme's script would take a dot for a class."""
    return "row-" + id.replace(".", "-")


def link(id: str, page: str = "") -> str:
    """A row's id, linked to its place on the page."""
    return f'<a href="{page}#{anchor(id)}"><code>{html.escape(id).replace(".", ".<wbr>")}</code></a>'


def _row(id: str, row: pd.Series, kind: str) -> str:
    """One number: its words, its formula, its row id as a link to itself."""
    what = re.sub(r"^([dp]) ", r"<em>\1</em> ", html.escape(row["what"]))
    dagger = "" if row["checked"] else ' <abbr title="not read again in its source">†</abbr>'
    numbers = "".join(
        f'<td class="number">{html.escape(str(cell))}{mark}</td>'
        for cell, mark in ((row["n"], ""), (row["printed"], dagger), (row["rebuilt"], ""), (row["over_all"], ""))
    )
    return (
        f'<tr id="{anchor(id)}" data-kind="{kind}" data-checked="{"yes" if row["checked"] else "no"}"><th scope="row">{what}<span class="how">{html.escape(row["how"])}</span>'
        f"{link(id)}</th>{numbers}"
        '<td class="match"><span aria-hidden="true">✓</span> matches</td></tr>'
    )
