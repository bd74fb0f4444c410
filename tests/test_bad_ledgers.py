"""Ledgers that no data can match are refused before any search, with the rows named.

Each case is a small change of a good ledger: the book's own, or one of the worked ones.
"""

import csv
import io
import json
import time

import numpy as np
import pandas as pd
import pytest
from helpers.codebook import read_assumptions, read_codebook
from helpers.matching import Matcher
from helpers.published import LedgerError, data_path, read_ledger
from helpers.targets import find_faults
from scipy import stats

from tools.worked import Printed

GOOD = {
    "book": ("published.csv", "codebook.json", "assumptions.csv"),
    "sleep": ("worked/sleep/ledger.csv", "worked/sleep/codebook.json", "worked/sleep/assumptions.csv"),
    "teaching": (
        "worked/teaching/ledger.csv", "worked/teaching/codebook.json", "worked/teaching/assumptions.csv",
    ),
}  # fmt: skip
SECONDS = 2.0


class Study:
    """A ledger and a codebook that a case may change."""

    def __init__(self, name):
        ledger, codebook, self.assumptions = map(data_path, GOOD[name])
        self.rows = list(csv.DictReader(io.StringIO(ledger.read_text(encoding="utf-8"))))
        self.codebook = json.loads(codebook.read_text(encoding="utf-8"))

    def change(self, old_id, **cells):
        """Other cells in one row."""
        (row,) = [row for row in self.rows if row["id"] == old_id]
        row.update(cells)

    def like(self, id, new_id, **cells):
        """One more row, a changed copy of another."""
        (row,) = [row for row in self.rows if row["id"] == id]
        self.rows.append({**row, "id": new_id, **cells})

    def drop(self, *ids):
        """Without some rows."""
        self.rows = [row for row in self.rows if row["id"] not in ids]

    def match(self, folder):
        """Everything that comes before a search."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        (folder / "ledger.csv").write_text(text.getvalue(), encoding="utf-8")
        (folder / "codebook.json").write_text(json.dumps(self.codebook), encoding="utf-8")
        ledger = read_ledger(folder / "ledger.csv")
        codebook = read_codebook(folder / "codebook.json", ledger=ledger)
        assumptions = read_assumptions(self.assumptions, codebook=codebook)
        return Matcher(ledger, codebook, assumptions, compiled=False)


def three_correlations(study):
    """Two strong links and a strong one the wrong way between the ends."""
    study.drop("teaching.gpa.tuce.p", "teaching.gpa.improved.p", "teaching.tuce.improved.p")
    study.change("teaching.gpa.tuce.r", value="0.90")
    study.change("teaching.gpa.improved.r", value="0.85")
    study.change("teaching.tuce.improved.r", value="-0.80")


CHAIN = ("grid_hamd_1wk", "grid_hamd_4wk", "grid_hamd_3mo", "grid_hamd_6mo", "grid_hamd_12mo")


def a_cycle(study):
    """Four links of almost one, and the ends the other way: no three of them contradict."""
    study.rows = [row for row in study.rows if row["kind"] not in ("r", "p", "d_growth")]
    base = {"kind": "r", "op": "=", "decimals": "2", "group": "all", "n": "24"}
    for first, second in zip(CHAIN, CHAIN[1:], strict=False):
        study.like("davis.completed", f"cycle.{second}", x=first, y=second, value="0.80", **base)
    study.like("davis.completed", "cycle.ends", x=CHAIN[0], y=CHAIN[-1], value="-0.90", **base)
    study.assumptions = data_path(GOOD["book"][2])


def three_in_one_group(study):
    """The same contradiction, in one group only."""
    pairs = {"a": ("gpa", "tuce", "0.90"), "b": ("gpa", "improved", "0.85"), "c": ("tuce", "improved", "-0.80")}
    for letter, (x, y, r) in pairs.items():
        study.like("teaching.gpa.tuce.r", f"one.{letter}", x=x, y=y, value=r, group="psi", n="14")


def no_correlations_assumed(study, folder):
    """The assumptions without correlations, so that only printed ones can contradict."""
    lines = study.assumptions.read_text(encoding="utf-8").splitlines()
    path = folder / "assumptions.csv"
    path.write_text("\n".join(line for line in lines if ",r," not in line) + "\n", encoding="utf-8")
    study.assumptions = path


def lopsided_p(study):
    """A p of a d of change that no correlation of the two ratings allows."""
    study.drop("sleep.drug_1.drug_2.r", "sleep.drug_1.drug_2.p")
    study.change("sleep.rise.d", value="1.80")
    study.change("sleep.rise.p", value="0.6000")


def missing_in_no_group(study):
    study.codebook["missing"] = [{"count": 2, "variables": ["tuce"]}]
    for row in study.rows:
        if "tuce" in (row["x"], row["y"]) and row["n"] == "32":
            row["n"] = "30"


def two_owners_of_a_p(study):
    study.change("sleep.rise.p", id="sleep.change.p")
    study.change("sleep.rise.d", id="sleep.change.size")


CASES = {
    "a mean off the scale": (
        "book", lambda s: s.change("davis.week8.mean.delayed", value="53.5"), ["davis.week8.mean.delayed"]),
    "a mean that no total gives": (
        "teaching", lambda s: s.change("teaching.tuce.mean.psi", value="22.45"), ["teaching.tuce.mean.psi"]),
    "an SD too large for the scale": (
        "teaching", lambda s: s.change("teaching.tuce.sd.usual", value="9.50"), ["teaching.tuce.sd.usual"]),
    "an SD too large for its mean": (
        "book", lambda s: (s.change("davis.week5.mean.immediate", value="0.5"),
                           s.change("davis.week5.sd.immediate", value="9.0"), s.drop("davis.week5.d")),
        ["davis.week5.mean.immediate", "davis.week5.sd.immediate"]),
    "an SD of zero beside a mean between two scores": (
        "teaching", lambda s: s.change("teaching.tuce.sd.psi", value="0.00"), ["teaching.tuce.sd.psi"]),
    "a mean and an SD that no scores share": (
        "teaching", lambda s: (s.change("teaching.tuce.mean.psi", value="22.43"),
                               s.change("teaching.tuce.sd.psi", value="3.87")),
        ["teaching.tuce.mean.psi", "teaching.tuce.sd.psi"]),
    "a count above n": (
        "book", lambda s: s.change("davis.response.1wk", n="", value="25"), ["davis.response.1wk"]),
    "a percentage that no count gives": (
        "book", lambda s: s.change("gukasyan.response.12mo", value="77"), ["gukasyan.response.12mo"]),
    "a count and a percentage that contradict": (
        "teaching", lambda s: s.change("teaching.improved", value="31.3"),
        ["teaching.improved", "teaching.improved.psi", "teaching.improved.usual"]),
    "an r and a p that disagree": (
        "book", lambda s: s.change("levin.p.prep.4wk", value="0.001"), ["levin.r.prep.4wk", "levin.p.prep.4wk"]),
    "an r too small for its p below a level": (
        "book", lambda s: s.change("levin.r.insight.4wk", value="-0.40"), ["levin.r.insight.4wk", "levin.p.insight.4wk"]),
    "an r too large for its p above a level": (
        "book", lambda s: s.like("levin.r.mystical.4wk", "release.r.mystical.12mo", y="grid_hamd_12mo", value="0.60"),
        ["release.r.mystical.12mo", "release.p.mystical.12mo"]),
    "an n that the codebook contradicts": (
        "book", lambda s: s.change("levin.r.mystical.4wk", n="22"), ["levin.r.mystical.4wk"]),
    "an n of one group that the codebook contradicts": (
        "teaching", lambda s: s.change("teaching.gpa.mean.psi", n="15"), ["teaching.gpa.mean.psi"]),
    "a variable that the codebook lacks": (
        "sleep", lambda s: s.change("sleep.drug_1.mean", x="drug_3"), ["sleep.drug_1.mean"]),
    "a second variable that the codebook lacks": (
        "teaching", lambda s: s.change("teaching.gpa.tuce.r", y="iq"), ["teaching.gpa.tuce.r"]),
    "a group that the codebook lacks": (
        "teaching", lambda s: s.change("teaching.gpa.sd.psi", group="web"), ["teaching.gpa.sd.psi"]),
    "a range of a variable that the codebook lacks": (
        "teaching", lambda s: s.like("teaching.tuce.range", "teaching.iq.range", x="iq"), ["teaching.iq.range"]),
    "a d between groups that the means contradict": (
        "book", lambda s: s.change("davis.week5.d", value="1.9"), ["davis.week5.d"]),
    "a d between groups with the wrong sign": (
        "book", lambda s: s.change("davis.week8.d", value="-2.6"), ["davis.week8.d"]),
    "a p between groups that the means contradict": (
        "teaching", lambda s: s.change("teaching.tuce.p", value="0.04"), ["teaching.tuce.p"]),
    "a d of change that the means and SDs contradict": (
        "sleep", lambda s: s.change("sleep.rise.d", value="1.20"), ["sleep.rise.d"]),
    "a paired p that the means, SDs and r contradict": (
        "sleep", lambda s: s.change("sleep.rise.p", value="0.0400"), ["sleep.rise.p"]),
    "a d of change and a paired p that no r reconciles": ("sleep", lopsided_p, ["sleep.rise.d", "sleep.rise.p"]),
    "a d of change over the changes that contradicts its p": (
        "sleep", lambda s: s.codebook.update(meanings={"d_growth": "d_z"}), ["sleep.rise.d", "sleep.rise.p"]),
    "a minimum above the scale": (
        "book", lambda s: s.change("gukasyan.eligibility", value="60"), ["gukasyan.eligibility"]),
    "a mean below the minimum": (
        "book", lambda s: s.change("gukasyan.eligibility", value="24"),
        ["davis.baseline.mean.immediate", "davis.baseline.mean.delayed"]),
    "more remission than response": (
        "book", lambda s: s.change("davis.remission.4wk", value="18"), ["davis.remission.4wk", "davis.response.4wk"]),
    "two means of the same": (
        "sleep", lambda s: s.like("sleep.drug_1.mean", "again.mean", value="0.95"), ["sleep.drug_1.mean", "again.mean"]),
    "two correlations of the same, the other way round": (
        "sleep", lambda s: s.like("sleep.drug_1.drug_2.r", "again.r", x="drug_2", y="drug_1", value="0.70"),
        ["sleep.drug_1.drug_2.r", "again.r"]),
    "two d between the same groups, the other way round": (
        "teaching", lambda s: s.like("teaching.tuce.d", "again.d", group="usual-psi", value="0.22"), ["again.d"]),
    "three correlations that no data have": (
        "teaching", three_correlations,
        ["teaching.gpa.tuce.r", "teaching.gpa.improved.r", "teaching.tuce.improved.r"]),
    "a cycle of correlations": ("book", a_cycle, ["cycle.ends", "cycle.grid_hamd_4wk", "cycle.grid_hamd_12mo"]),
    "a p above and below": (
        "teaching", lambda s: (s.change("teaching.gpa.improved.p", op="<", value="0.010"),
                               s.like("teaching.gpa.improved.p", "again.p", op=">", value="0.050")),
        ["teaching.gpa.improved.p", "again.p"]),
    "too few participants for a correlation": (
        "sleep", lambda s: (s.codebook.update(missing=[{"count": 8, "variables": ["drug_2"]}]),
                            [row.update(n="") for row in s.rows]),
        ["sleep.drug_1.drug_2.r"]),
    "too few participants for an SD": (
        "teaching", lambda s: s.codebook.update(
            missing=[{"count": 13, "variables": ["gpa"], "group": "psi"}]), ["teaching.gpa.sd.psi"]),
    "a p that could belong to either": ("sleep", two_owners_of_a_p, ["sleep.change.p"]),
    "a count of a column that is not zeros and ones": (
        "teaching", lambda s: s.like("teaching.improved.psi", "teaching.tuce.count", x="tuce"), ["teaching.tuce.count"]),
    "a row of one group, and gaps in no group": ("teaching", missing_in_no_group, ["teaching.tuce.mean.psi"]),
    "a wrong number of people": (
        "teaching", lambda s: s.change("teaching.students", value="33"), ["teaching.students"]),
    "a wrong number of people in one group": (
        "book", lambda s: s.change("davis.randomised.delayed", value="13"), ["davis.randomised.delayed"]),
    "a mean of everyone that the groups' means contradict": (
        "teaching", lambda s: s.like("teaching.tuce.mean.psi", "teaching.tuce.mean", group="all", n="32", value="22.50"),
        ["teaching.tuce.mean"]),
    "an SD of everyone that the groups' means and SDs contradict": (
        "teaching", lambda s: (s.like("teaching.tuce.mean.psi", "teaching.tuce.mean", group="all", n="32", value="21.94"),
                               s.like("teaching.tuce.sd.psi", "teaching.tuce.sd", group="all", n="32", value="5.50")),
        ["teaching.tuce.sd"]),
    "a d of change of variables with different steps": (
        "teaching", lambda s: s.like("teaching.gpa.tuce.r", "teaching.d", kind="d_change"), ["teaching.d"]),
    "a count and a bound that excludes it": (
        "teaching", lambda s: s.like("teaching.improved.psi", "teaching.few", op="<", value="8"),
        ["teaching.improved.psi", "teaching.few"]),
    "a d between groups and a p that disagree": (
        "teaching", lambda s: (s.drop(*(f"teaching.tuce.{what}.{group}" for what in ("mean", "sd") for group in ("psi", "usual"))),
                               s.change("teaching.tuce.p", value="0.30")), ["teaching.tuce.d", "teaching.tuce.p"]),
    "three correlations of one group": ("teaching", three_in_one_group, ["one.a", "one.b", "one.c"]),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_the_good_ledgers_are_not_refused(name, tmp_path):
    assert Study(name).match(tmp_path).targets


@pytest.mark.parametrize("case", CASES)
def test_a_bad_ledger_is_refused_before_any_search(case, tmp_path):
    name, change, rows = CASES[case]
    study = Study(name)
    change(study)
    if case == "a cycle of correlations":
        no_correlations_assumed(study, tmp_path)
    start = time.thread_time()  # its own work: a busy machine does not count
    with pytest.raises(LedgerError) as caught:
        study.match(tmp_path)
    assert time.thread_time() - start < SECONDS
    named = " ".join([str(caught.value), *getattr(caught.value, "rows", ())])
    assert [row for row in rows if row not in named] == []


# --- and no true ledger is refused ---------------------------------------------------------


def true_ledger(rng):
    """Random data of two groups, and everything that a paper could print about them."""
    sizes = rng.integers(3, 14, size=2)
    top = int(rng.choice([4, 20, 60]))
    group = np.repeat(["one", "two"], sizes)
    base = rng.integers(0, top + 1, group.size)
    # Often alike, sometimes piled up at an end of the scale.
    later = np.clip(base + rng.integers(-2, 3, group.size), 0, top) if rng.random() < 0.7 else rng.integers(0, 2, group.size) * top
    data = pd.DataFrame({"group": group, "x": base, "y": later})
    data["half"] = (data["y"] <= 0.5 * data["x"]).astype(float)
    data["low"] = (data["y"] <= 0.2 * top).astype(float)
    printed = Printed(data, "true", "made", "made up")
    places = int(rng.integers(0, 3))
    for name in ("x", "y"):
        for part in ("all", "one", "two"):
            printed.moments(name, part, places, f".{part}")
    for name in ("half", "low"):
        for part in ("all", "one", "two"):
            scores = printed.of(part)[name]
            printed.add(f"{name}.{part}.count", "count", int(scores.sum()), 0, name, group=part)
            printed.add(f"{name}.{part}.percent", "percent", 100 * scores.mean(), places, name, group=part)
    for part in ("all", "one", "two"):
        two = printed.of(part)
        if min(two["x"].std(), two["y"].std(), (two["y"] - two["x"]).std()) > 0:
            r = stats.pearsonr(two["x"], two["y"])
            printed.add(f"{part}.r", "r", r.statistic, places, "x", "y", part)
            printed.add(f"{part}.p", "p", r.pvalue, 3, "x", "y", part)
            d, p = two["y"].mean() - two["x"].mean(), stats.ttest_rel(two["x"], two["y"]).pvalue
            divider = {
                "pooled": np.sqrt((two["x"].var() + two["y"].var()) / 2), "first": two["x"].std(),
                "d_av": (two["x"].std() + two["y"].std()) / 2, "d_z": (two["y"] - two["x"]).std(),
            }  # fmt: skip
            for name, sd in divider.items():
                printed.add(f"{part}.{name}.d", "d_growth", d / sd, places, "x", "y", part)
            printed.add(f"{part}.paired.p", "p", p, 3, "x", "y", part)
    for name in ("x", "y"):
        one, two = printed.of("one")[name], printed.of("two")[name]
        pooled = (((sizes - 1) * [one.var(), two.var()]).sum() / (sizes.sum() - 2)) ** 0.5
        if pooled > 0:
            printed.add(f"{name}.d", "d_between", (one.mean() - two.mean()) / pooled, places, name, group="one-two")
            printed.add(f"{name}.p", "p", stats.ttest_ind(one, two).pvalue, 3, name, group="one-two")
    codebook = {
        "groups": {"one": int(sizes[0]), "two": int(sizes[1])},
        "variables": {"x": {"scale": [0, top]}, "y": {"scale": [0, top]}},
        "derived": {"half": {"reduced_by": ["x", "y", 0.5]}, "low": {"at_most": ["y", 0.2 * top]}},
        "meanings": {
            **{f"true.{part}.{name}.d": name for part in ("all", "one", "two") for name in ("first", "d_av", "d_z")},
            **{f"true.{part}.paired.p": "paired" for part in ("all", "one", "two")},
            **{f"true.{part}.p": "r" for part in ("all", "one", "two")},
        },
    }
    ids = {row["id"] for row in printed.rows}
    codebook["meanings"] = {id: meaning for id, meaning in codebook["meanings"].items() if id in ids}
    return printed.as_csv(), codebook


@pytest.mark.parametrize("seed", range(150))
def test_the_ledger_of_true_data_is_never_refused(seed, tmp_path):
    text, raw = true_ledger(np.random.default_rng(seed))
    (tmp_path / "ledger.csv").write_text(text)
    (tmp_path / "codebook.json").write_text(json.dumps(raw))
    ledger = read_ledger(tmp_path / "ledger.csv")
    codebook = read_codebook(tmp_path / "codebook.json", ledger=ledger)
    assert find_faults(ledger, codebook) == []
