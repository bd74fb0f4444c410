"""The scoreboard page: every ledger row beside the synthetic trial and the ensemble.

The table is made when the book is built. A row that does not match stops the build.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

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


class ScoreboardError(ValueError):
    """A row of the ledger that the synthetic data do not reproduce."""


def table(data: Path = book.ROOT / "data") -> tuple[pd.DataFrame, pd.Series, int]:
    """The scoreboard, the study of each row, and the number of trials.

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
    return board, ledger["study"], ensemble["trial"].nunique()


def titles(data: Path) -> dict[str, str]:
    """What the data package calls each variable of the ledger."""
    package = json.loads((data / "datapackage.json").read_text(encoding="utf-8"))
    resource = next(part for part in package["resources"] if part["name"] == "published")
    return {variable["name"]: variable["title"] for variable in resource["variables"]}


def as_html(data: Path = book.ROOT / "data") -> str:
    """The summary and the table, as HTML."""
    board, study, trials = table(data)
    unchecked = int((~board["checked"]).sum())
    head = "".join(
        f'<th scope="col"{kind}>{text}</th>'
        for text, kind in (
            ("Number", ""), ("<em>n</em>", ' class="number"'), ("Published", ' class="number"'),
            ("Rebuilt", ' class="number"'), (f"In {trials:,} trials", ' class="number"'), ("Match", ""),
        )
    )  # fmt: skip
    bodies = []
    for key in dict.fromkeys(study):
        rows = "\n".join(_row(id, board.loc[id]) for id in board.index[study == key])
        name = html.escape(STUDIES.get(key, key))
        bodies.append(f'<tbody>\n<tr class="study"><th scope="rowgroup" colspan="6">{name}</th></tr>\n{rows}\n</tbody>')
    return (
        f'<p class="scoreboard-summary">All {len(board)} rows match: in the synthetic trial of this book, and in each of '
        f"{trials:,} synthetic trials. A dagger (†) marks the {unchecked} published numbers that were not read again in their source.</p>\n"
        f'<div class="table-scroll"><table class="scoreboard"><caption>Published numbers beside synthetic trials</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n" + "\n".join(bodies) + "\n</table></div>"
    )


def _row(id: str, row: pd.Series) -> str:
    """One number: its words, its formula, its row id as a link to itself."""
    anchor = "row-" + id.replace(".", "-")  # the theme's script takes a dot for a class
    what = re.sub(r"^([dp]) ", r"<em>\1</em> ", html.escape(row["what"]))
    dagger = "" if row["checked"] else ' <abbr title="not read again in its source">†</abbr>'
    numbers = "".join(
        f'<td class="number">{html.escape(str(cell))}{mark}</td>'
        for cell, mark in ((row["n"], ""), (row["printed"], dagger), (row["rebuilt"], ""), (row["over_all"], ""))
    )
    return (
        f'<tr id="{anchor}"><th scope="row">{what}<span class="how">{html.escape(row["how"])}</span>'
        f'<a href="#{anchor}"><code>{html.escape(id).replace(".", ".<wbr>")}</code></a></th>{numbers}'
        '<td class="match"><span aria-hidden="true">✓</span> matches</td></tr>'
    )
