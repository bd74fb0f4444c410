"""Make the worked ledgers in ``data/worked``: two classical studies whose data are known.

``python -m tools.worked`` computes each ledger from the study's true data, rounds as a
paper would, and writes ``ledger.csv`` and ``assumptions.csv``. The codebooks are written by
hand. With ``--check`` nothing is written, and the exit code says whether the files agree.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import sys

import pandas as pd
from scipy import stats

from tools import book

FOLDER = book.ROOT / "data" / "worked"

# Student (1908): extra hours of sleep of ten patients under each of two drugs.
DRUG_1 = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
DRUG_2 = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)


def sleep() -> pd.DataFrame:
    """Student's sleep data in the form of a trial."""
    return pd.DataFrame(
        {
            "participant": [f"P-{i:02d}" for i in range(1, 11)],
            "group": "patients",
            "completed": True,
            "drug_1": DRUG_1,
            "drug_2": DRUG_2,
        }
    )


def teaching() -> pd.DataFrame:
    """The data of Spector and Mazzeo (1980) in the form of a trial."""
    from statsmodels.datasets import spector

    data = spector.load_pandas().data.sort_values("PSI", kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "participant": [f"S-{i:02d}" for i in range(1, len(data) + 1)],
            "group": data["PSI"].map({0.0: "usual", 1.0: "psi"}),
            "completed": True,
            "gpa": data["GPA"].round(2),
            "tuce": data["TUCE"],
            "improved": data["GRADE"],
        }
    )


class Printed:
    """The rows of one ledger, each rounded as a paper would print it."""

    def __init__(self, data: pd.DataFrame, name: str, source: str, locator: str):
        self.data, self.name, self.source, self.locator = data, name, source, locator
        self.rows: list[dict] = []

    def of(self, group: str) -> pd.DataFrame:
        """The participants of a group, or all."""
        return self.data if group == "all" else self.data[self.data["group"] == group]

    def add(self, id, kind, value, decimals, x, y="", group="all", n="", note="") -> None:
        """One row; a number is rounded, a text stays as it is."""
        text = value if isinstance(value, str) else f"{value:.{decimals}f}"
        # A p that rounds to zero is printed as a bound.
        op, text = ("<", f"{10.0**-decimals:.{decimals}f}") if kind == "p" and float(text) == 0 else ("=", text)
        self.rows.append(
            {
                "id": f"{self.name}.{id}", "study": self.source, "kind": kind, "x": x, "y": y,
                "group": group, "n": n, "op": op, "value": text, "decimals": decimals,
                "source": self.source, "locator": self.locator, "checked": "true", "note": note,
            }
        )  # fmt: skip

    def moments(self, x: str, group: str, decimals: int, suffix: str = "") -> None:
        """A mean and an SD."""
        scores = self.of(group)[x]
        self.add(f"{x}.mean{suffix}", "mean", scores.mean(), decimals, x, "", group, len(scores))
        self.add(f"{x}.sd{suffix}", "sd", scores.std(), decimals, x, "", group, len(scores))

    def correlation(self, x: str, y: str) -> None:
        """A correlation and its p."""
        r = stats.pearsonr(self.data[x], self.data[y])
        self.add(f"{x}.{y}.r", "r", r.statistic, 2, x, y, n=len(self.data))
        self.add(f"{x}.{y}.p", "p", r.pvalue, 3, x, y, n=len(self.data))

    def as_csv(self) -> str:
        """The rows as the text of a ledger file."""
        return _csv(self.rows)


def _csv(rows: list[dict]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def sleep_ledger() -> str:
    """What a paper could have printed about Student's data."""
    data = sleep()
    printed = Printed(data, "sleep", "student1908", "computed from the data that the paper prints")
    printed.add("patients", "count", len(data), 0, "patients")
    for drug in ("drug_1", "drug_2"):
        printed.moments(drug, "all", 2)
    printed.correlation("drug_1", "drug_2")
    one, two = data["drug_1"], data["drug_2"]
    d = (two - one).mean() / math.sqrt((one.var() + two.var()) / 2)
    printed.add("rise.d", "d_growth", d, 2, "drug_1", "drug_2", n=len(data), note="over the root mean square of the two SDs")
    printed.add("rise.p", "p", stats.ttest_rel(one, two).pvalue, 4, "drug_1", "drug_2", n=len(data), note="paired t test")
    return printed.as_csv()


def teaching_ledger() -> str:
    """What a paper could have printed about the students of Spector and Mazzeo."""
    data = teaching()
    printed = Printed(data, "teaching", "spector1980", "computed from the data that statsmodels ships")
    for group in ("all", "psi", "usual"):
        suffix = "" if group == "all" else f".{group}"
        printed.add(f"students{suffix}", "count", len(printed.of(group)), 0, "students", group=group)
    for x, decimals in (("gpa", 2), ("tuce", 0)):
        ends = f"{data[x].min():.{decimals}f}-{data[x].max():.{decimals}f}"
        printed.add(f"{x}.range", "range", ends, decimals, x, note="lowest and highest value of the data, taken as the scale")
    for group in ("psi", "usual"):
        for x in ("gpa", "tuce"):
            printed.moments(x, group, 2, f".{group}")
        improved = printed.of(group)["improved"]
        printed.add(f"improved.{group}", "count", int(improved.sum()), 0, "improved", group=group, n=len(improved))
    printed.add("improved", "percent", 100 * data["improved"].mean(), 1, "improved", n=len(data))
    for x, y in (("gpa", "tuce"), ("gpa", "improved"), ("tuce", "improved")):
        printed.correlation(x, y)
    for x in ("gpa", "tuce"):
        one, two = printed.of("psi")[x], printed.of("usual")[x]
        n = len(data)
        pooled = ((len(one) - 1) * one.var() + (len(two) - 1) * two.var()) / (n - 2)
        d = (one.mean() - two.mean()) / math.sqrt(pooled)
        printed.add(f"{x}.d", "d_between", d, 2, x, group="psi-usual", n=n)
        printed.add(f"{x}.p", "p", stats.ttest_ind(one, two).pvalue, 2, x, group="psi-usual", n=n, note="Student's t test")
    return printed.as_csv()


def teaching_assumptions() -> str:
    """The SD of a column of zeros and ones, which follows from its count."""
    rows = []
    data = teaching()
    for group in ("psi", "usual"):
        sd = data.loc[data["group"] == group, "improved"].std()
        rows.append(
            {
                "id": f"sd.improved.{group}", "kind": "sd", "x": "improved", "y": "", "group": group,
                "value": f"{sd:.3f}", "reason": "follows from the printed count: the column holds only zeros and ones",
            }
        )  # fmt: skip
    return _csv(rows)


def made() -> dict[str, str]:
    """The text of each file, by its path below ``data/worked``."""
    return {
        "sleep/ledger.csv": sleep_ledger(),
        "sleep/assumptions.csv": "id,kind,x,y,group,value,reason\n",
        "teaching/ledger.csv": teaching_ledger(),
        "teaching/assumptions.csv": teaching_assumptions(),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.worked", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args(arguments)
    differs = False
    for name, text in made().items():
        path = FOLDER / name
        same = path.is_file() and path.read_text(encoding="utf-8") == text
        differs |= not same
        if options.check:
            print(f"data/worked/{name}: {'the same' if same else 'differs'}")
        elif not same:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"data/worked/{name}: written")
    return int(differs and options.check)


if __name__ == "__main__":
    sys.exit(main())
