"""A small study to try the rebuilding on: a ledger, a codebook and assumptions in a folder."""

import csv
import json

import pandas as pd
from helpers.codebook import read_assumptions, read_codebook
from helpers.matching import Matcher
from helpers.published import COLUMNS, read_ledger

CELLS = {
    "study": "some2020", "group": "all", "op": "=", "source": "some2020", "locator": "Table 2",
    "checked": "true", "n": "", "y": "", "note": "",
}  # fmt: skip


def row(kind, x, value, **cells):
    """Cells of one ledger row; the value as printed gives the decimals."""
    return {"kind": kind, "x": x, "value": value, "decimals": str(len(value.partition(".")[2]))} | cells


def mean_and_sd(x, mean, sd, **cells):
    """The two rows of a variable's mean and SD."""
    return [row("mean", x, mean, **cells), row("sd", x, sd, **cells)]


def ledger(folder, *rows):
    """The ledger of some rows; their ids are r0, r1, ... unless they say so."""
    path = folder / "ledger.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for number, cells in enumerate(rows):
            writer.writerow(CELLS | {"id": f"r{number}"} | cells)
    return read_ledger(path)


def codebook(folder, raw, rows=None):
    """The codebook of some parts, read beside a ledger."""
    path = folder / "codebook.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return read_codebook(path, ledger=rows)


def assumptions(folder, book, *rows):
    """A table of assumptions; each with a reason unless it says so."""
    path = folder / "assumptions.csv"
    columns = ["id", "kind", "x", "y", "group", "value", "reason"]
    table = [{"id": f"a{i}", "y": "", "group": "", "reason": "a guess"} | cells for i, cells in enumerate(rows)]
    pd.DataFrame(table, columns=columns).to_csv(path, index=False)
    return read_assumptions(path, codebook=book)


def study(folder, raw, rows, assumed=()):
    """Ledger, codebook and assumptions of a small study."""
    printed = ledger(folder, *rows)
    book = codebook(folder, raw, printed)
    return printed, book, assumptions(folder, book, *assumed)


def matcher(folder, raw, rows, assumed=(), compiled=None):
    """The search made ready for a small study."""
    return Matcher(*study(folder, raw, rows, assumed), compiled=compiled)
