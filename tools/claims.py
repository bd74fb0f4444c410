"""The table of claims in chapter 15: the words, the numbers, the verdict and where it is settled.

Made when the book is built, from ``data/claims.csv`` and the ledger. A verdict that the rule of
`helpers.claims` does not give stops the build.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tools import book, scoreboard

if TYPE_CHECKING:
    import pandas as pd

#: The files of the data folder that the table is made from.
INPUTS = ("claims.csv", "published.csv", "datapackage.json", "trial.csv")
#: What the intervals of each kind of evidence are about.
UNITS = {"r": "*r*", "p": "*r*", "growth": "*d*", "arms": "*d*", "difference": "difference"}
#: What the book calls the variables.
NAMES = {
    "alliance_prep": "bond before", "alliance_post2": "bond after",
    "mystical_peak": "mystical experience", "insight_peak": "insight",
    "4wk": "4 weeks", "3mo": "3 months", "6mo": "6 months", "12mo": "12 months",
    "week5": "week 5", "week8": "week 8",
}  # fmt: skip


class VerdictError(ValueError):
    """A verdict in the file that the rule does not give."""


def zone(data: Path = book.ROOT / "data") -> float:
    """The zone of chapter 10: three points of GRID-HAMD for two SDs of experience."""
    from helpers.trial import load_trial

    return 3 / (2 * load_trial(path=data / "trial.csv")["grid_hamd_12mo"].std())


def as_markdown(data: Path = book.ROOT / "data") -> str:
    """One definition for each claim.

    Raises
    ------
    VerdictError
        If a verdict of the file is not the one that the rule gives.
    """
    from helpers.claims import evidence, read_claims, settled
    from helpers.published import read_ledger

    ledger = read_ledger(data / "published.csv")
    claims = read_claims(data / "claims.csv", ledger)
    by_rule = settled(claims, ledger, zone(data))["verdict"]
    for id in claims.index[claims["verdict"] != by_rule]:
        raise VerdictError(f"{id}: the file says {claims.loc[id, 'verdict']!r}, the rule {by_rule[id]!r}")
    found = evidence(claims, ledger)
    lines = []
    for id, claim in claims.iterrows():
        lines += entry(id, claim, found[found["claim"] == id], ledger)
    return "\n".join(lines)


def entry(id: str, claim: pd.Series, found: pd.DataFrame, ledger: pd.DataFrame) -> list[str]:
    """The lines of one claim, as a definition list."""
    kind = f"{claim['kind']} and {claim['also']}" if claim["also"] else claim["kind"]
    chapter = int(claim["chapter"][:2])
    return [
        f"(claim-{id.lower()})=",
        f"{id}: {claim['gist']}",
        f": “{claim['words']}” ({claim['speaker']}; {kind}).",
        "",
        f"  **{claim['verdict'][0].upper()}{claim['verdict'][1:]}.** {claim['because']}",
        "",
        *(f"  - {piece(row, ledger)}" for row in found.itertuples()),
        "",
        f"  Settled in {{ref}}`chapter {chapter} <{claim['cell']}>`. What would turn it: {claim['turns']}.",
        "",
    ]


def piece(row, ledger: pd.DataFrame) -> str:
    """One interval in words, with links to the rows behind it."""
    names = row.rows.split()
    if row.kind == "none":
        return f"{' and '.join(spoken(name) for name in names)}: printed nowhere"
    rows = ledger.loc[names]
    if row.kind == "difference":
        y = rows["y"].iloc[0]
        about = f"{' minus '.join(spoken(x) for x in rows['x'])}, with {spoken(y)}"
    elif row.kind == "growth":
        about = f"{spoken(rows['x'].iloc[0])} to {spoken(rows['y'].iloc[0])}"
    elif row.kind == "arms":
        about = f"waiting minus treated, {spoken(rows['x'].iloc[0])}"
    else:
        about = f"{spoken(rows['x'].iloc[0])} and {spoken(rows['y'].iloc[0])}"
    estimate = "" if row.estimate != row.estimate else f"{signed(row.estimate)}, "
    links = ", ".join(scoreboard.link(name, "scoreboard.html") for name in names)
    unit, ends = UNITS[row.kind], f"{signed(row.low)} to\u00a0{signed(row.high)}"
    return f"{about}: {unit}\u00a0{estimate}{ends}, *n*\u00a0=\u00a0{row.n} ({links})"


def spoken(name: str) -> str:
    """A variable in the book's words."""
    if name.startswith("grid_hamd_"):
        return f"depression at {NAMES[name.removeprefix('grid_hamd_')]}"
    return NAMES[name]


def signed(value: float) -> str:
    """Two decimals and a true minus."""
    text = f"{value:.2f}"
    return (text if float(text) else text.lstrip("-")).replace("-", "\u2212")
