"""Make ``data/error_rates.csv``: what the book's tests and intervals do at its sizes.

Size of each test, power, errors of sign and size, and coverage of each interval, by
simulation with `helpers.design_analysis`. ``python -m tools.error_rates`` makes the file
anew and brings the data package up to date; with ``--check`` nothing is written, and the
exit code says whether it is the same.
"""

from __future__ import annotations

import argparse
import sys

from tools import book, datapackage

SEED = 2024
REPLICATES = 20_000
FILE = book.ROOT / "data" / "error_rates.csv"
#: The columns that are kept, in this order.
COLUMNS = (
    "estimator", "shape", "n", "r", "second", "tie", "d", "dropout", "mechanism", "target",
    "replicates", "computed", "power", "power_error", "type_s", "type_s_error", "type_m",
    "type_m_error", "coverage", "coverage_error", "width",
)  # fmt: skip
ONE = ("pearson", "spearman", "ols", "hc3", "percentile", "bca")


def grids():
    """The designs: the study's sizes, no link, a plausible one, and two as large as printed."""
    from helpers.design_analysis import Grid

    for shape in ("normal", "scores"):
        yield Grid(estimator=ONE, n=(16, 20, 24), r=(0, -0.28, -0.45, -0.75), shape=shape)
    for mechanism in ("random", "worse"):
        yield Grid(estimator=ONE, n=24, r=(0, -0.45), dropout=0.2, mechanism=mechanism)
    for second in (-0.45, 0):
        yield Grid(estimator=("williams", "zou"), n=(16, 23, 24), r=-0.45, second=second)
    for d in (0, 0.43):
        yield Grid(estimator="paired", n=(20, 24), r=0.66, d=d)


def made(replicates: int = REPLICATES, jobs: int = -1, progress: bool = False):
    """The table, to four digits."""
    import pandas as pd
    from helpers.design_analysis import analyze

    tables = [analyze(grid, replicates, seed=SEED, n_jobs=jobs, progress=progress) for grid in grids()]
    table = pd.concat(tables, ignore_index=True)[list(COLUMNS)]
    digits = {name: 4 for name in table.select_dtypes("float")}
    return table.round(digits)


def as_csv(table) -> bytes:
    """A missing number is an empty cell."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.error_rates", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args(arguments)
    content = as_csv(made(progress=True))
    if options.check:
        same = FILE.exists() and content == FILE.read_bytes()
        print(f"data/{FILE.name}: {'the same' if same else 'differs'}")
        return int(not same)
    FILE.write_bytes(content)
    return datapackage.main([])


if __name__ == "__main__":
    sys.exit(main())
