"""Time the build and the helpers, each goal beside its figure.

``python -m tools.bench`` takes about three minutes; ``--only`` runs one part. Times depend
on the machine; ratios, taken in one run, depend on it less. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools import book, programs

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "_build", "__pycache__", ".hypothesis", ".pytest_cache", "*.egg-info"
)


def seconds(command: list[str], folder: Path) -> float:
    """How long a command takes; it must succeed."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.perf_counter() - start


def build_times() -> list[tuple[str, str, str]]:
    """A cold build, one with nothing changed, and one after an edit of one chapter."""
    command = [*programs.jupyter_book(), "build", ".", "-W", "-n", "--keep-going"]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "book"
        shutil.copytree(book.ROOT, copy, ignore=NOT_COPIED)
        cold = seconds(command, copy)
        warm = min(seconds(command, copy) for _ in range(2))
        chapter = book.chapters(copy)[-1]
        text = chapter.read_text(encoding="utf-8")
        chapter.write_text(text.replace("```{code-cell} ipython3\n", "```{code-cell} ipython3\n# edited\n", 1))
        edited = seconds(command, copy)
    return [
        ("build, cold", f"{cold:.1f} s", ""),
        ("build, nothing changed", f"{warm:.1f} s", "under 5 s"),
        ("build, one chapter edited", f"{edited:.1f} s", "under 15 s"),
    ]


def import_time(code: str, runs: int = 5) -> float:
    """Median time of a fresh interpreter that runs some imports, less a bare start."""

    def median(line: str) -> float:
        return statistics.median(seconds([sys.executable, "-c", line], book.ROOT) for _ in range(runs))

    return median(code) - median("pass")


def import_times() -> list[tuple[str, str, str]]:
    """The chapters' imports, and the helpers' as a ratio to pandas alone."""
    chapter = import_time("import numpy, pandas, matplotlib.pyplot")
    pandas = import_time("import pandas")
    helpers = import_time("from helpers import consistency, estimators, figures, published")
    return [
        ("imports of a chapter", f"{chapter:.2f} s", "at most 0.7 s"),
        ("import of all helpers / of pandas", f"{helpers / pandas:.2f}", "at most 1.3"),
    ]


def search_times() -> list[tuple[str, str, str]]:
    """The search for sample sizes against the same search, one size at a time."""
    from helpers import consistency

    def search(n_max: int) -> None:
        consistency.n_from_r_p(-0.65, 0.002, r_decimals=2, p_decimals=3, n_max=n_max)

    def one_by_one() -> None:
        for n in range(3, 1001):
            consistency.p_range(-0.655, -0.645, n)

    search(10)  # loads scipy
    start = time.perf_counter()
    for _ in range(20):
        search(1000)
    at_once = (time.perf_counter() - start) / 20
    start = time.perf_counter()
    one_by_one()
    return [
        ("search of 1,000 sizes, one by one / at once", f"{(time.perf_counter() - start) / at_once:.0f}", "at least 20")
    ]


def matching_times() -> list[tuple[str, str, str]]:
    """The search for matched trials: speed, against two bounds, and how it grows.

    In processor time, so that other work on the machine counts less.
    """
    import numpy as np
    from helpers.codebook import read_assumptions, read_codebook
    from helpers.matching import MOVES_PER_SCORE, Matcher
    from helpers.published import read_ledger

    parts = read_ledger(), read_codebook(), read_assumptions()
    matcher = Matcher(*parts)
    matcher.scores(1, np.random.default_rng(1))  # compiles, or loads what is compiled
    start = time.process_time()
    matcher.scores(100, np.random.default_rng(1))
    trials = 100 / (time.process_time() - start)
    compiled = moves_a_second(matcher, 1000)
    plain = moves_a_second(Matcher(*parts, compiled=False), 20)
    naive = naive_moves_a_second(matcher)
    raw = raw_moves_a_second(matcher)
    rows = [
        ("matching: trials a second, one core", f"{trials:.0f}", "at least 40"),
        ("matching: moves a second, compiled", f"{compiled:,.0f}", "at least 15,000,000"),
        ("matching: moves a second, plain Python", f"{plain:,.0f}", "at least 250,000"),
        ("matching: moves, compiled / all recomputed", f"{compiled / naive:,.0f}", ""),
        ("matching: bare moves / moves, compiled", f"{raw / compiled:.1f}", ""),
    ]
    figures = {}
    for people in (24, 100, 400):
        for variables in (10, 20, 40):
            study = synthetic_study(people, variables)
            moves = moves_a_second(study, MOVES_PER_SCORE)
            size = f"{people} x {variables}"
            per_score = MOVES_PER_SCORE / moves
            figures[people * variables] = people * variables * per_score
            rows.append((f"matching: ns a move, us a score, {size}", f"{1e9 / moves:.0f}, {1e6 * per_score:.0f}", ""))
    power = np.polyfit(np.log(list(figures)), np.log(list(figures.values())), 1)[0]
    rows.append(("matching: time grows as (rows x columns)^", f"{power:.2f}", "at most 1"))
    return rows


def moves_a_second(matcher, moves_per_score: int) -> float:
    """How many moves one core tries in a second while the penalty's weight grows."""
    import numpy as np

    state = matcher.start(np.random.default_rng(2))
    matcher.anneal(state, 2)
    best = 0.0
    for _ in range(3):
        state = matcher.start(np.random.default_rng(3))
        start = time.process_time()
        matcher.anneal(state, moves_per_score)
        best = max(best, moves_per_score * len(state["cell_i"]) / (time.process_time() - start))
    return best


def naive_moves_a_second(matcher) -> float:
    """The same when numpy computes every derived score and every statistic anew."""
    import numpy as np

    rng = np.random.default_rng(4)
    state = matcher.start(rng)
    moves = 300
    start = time.process_time()
    for _ in range(moves):
        cell = rng.integers(len(state["cell_i"]))
        i, c = state["cell_i"][cell], state["cell_c"][cell]
        before = state["x"][i].copy()
        penalty = state["penalty"].sum()
        state["x"][i, c] = np.clip(before[c] + rng.integers(-3, 4), state["cell_low"][cell], state["cell_high"][cell])
        for d in range(matcher.n_base, len(matcher.columns)):
            state["x"][:, d] = matcher._derive(d, state["x"])
        matcher._sum(state)
        if state["penalty"].sum() > penalty:
            state["x"][i] = before
    return moves / (time.process_time() - start)


def raw_moves_a_second(matcher) -> float:
    """A compiled loop that only draws single scores and moves them within their limits."""
    import numpy as np
    from numba import njit

    @njit
    def loop(words, x, cell_at, low, high):
        made = 0
        for word in words:
            cell = ((word & 0xFFFFFF) * len(cell_at)) >> 24
            after = x[cell_at[cell]] + ((word >> 40) & 7) - 3
            if low[cell] <= after <= high[cell]:
                x[cell_at[cell]] = after
                made += 1
        return made

    state = matcher.start(np.random.default_rng(5))
    at = state["cell_i"] * len(matcher.columns) + state["cell_c"]
    x = state["x"].ravel().copy()
    loop(state["rng"].integers(0, 2**63, size=10), x, at, state["cell_low"], state["cell_high"])
    moves = 1000 * len(at)
    start = time.process_time()
    words = state["rng"].integers(0, 2**63, size=moves)  # as the search draws its own
    loop(words, x, at, state["cell_low"], state["cell_high"])
    return moves / (time.process_time() - start)


def synthetic_study(people: int, variables: int):
    """A search over a random data set's means, SDs and correlations of neighboring columns."""
    import numpy as np
    from helpers.codebook import read_assumptions, read_codebook
    from helpers.matching import Matcher
    from helpers.published import COLUMNS, read_ledger

    rng = np.random.default_rng([people, variables])
    common = rng.standard_normal((people, 1))
    data = np.clip(np.round(50 + 10 * (common + rng.standard_normal((people, variables)))), 0, 100)
    r = np.corrcoef(data, rowvar=False)
    cells = []
    for k in range(variables):
        cells += [("mean", k, "", data[:, k].mean(), 1), ("sd", k, "", data[:, k].std(ddof=1), 1)]
        if k:
            cells.append(("r", k - 1, f"v{k}", r[k - 1, k], 2))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with (path / "ledger.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for number, (kind, k, y, value, places) in enumerate(cells):
                text = f"{value:.{places}f}"
                writer.writerow([f"r{number}", "s", kind, f"v{k}", y, "all", "", "=", text, places, "s", "made", "true", ""])
        scale = {f"v{k}": {"scale": [0, 100]} for k in range(variables)}
        (path / "codebook.json").write_text(json.dumps({"groups": {"g": people}, "variables": scale}), encoding="utf-8")
        (path / "assumptions.csv").write_text("id,kind,x,y,group,value,reason\n", encoding="utf-8")
        ledger = read_ledger(path / "ledger.csv")
        codebook = read_codebook(path / "codebook.json", ledger=ledger)
        return Matcher(ledger, codebook, read_assumptions(path / "assumptions.csv", codebook=codebook))


#: Replicates in one timing of the engine, and how often each timing is repeated.
REPLICATES, REPEATS = 20_480, 7

PEAK = """
import numpy, scipy.special, sys
from helpers import replicates
compiled, times = sys.argv[1] == "True", int(sys.argv[2])
if compiled:
    import numba, helpers._replicate_kernels
def peak():
    try:  # what this process had; getrusage also counts the one that started it
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
    except OSError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
before = peak()
from tools.bench import batteries
battery = batteries()["full"]
sum((chunk["p"] < 0.05).sum() for chunk in battery.chunks(times, 1, compiled=compiled))
print(peak() - before)
"""

R_LOOP = """
set.seed(1); root <- chol(0.3 + diag(0.7, 12)); times <- 300
used <- system.time(replicate(times, {
  x <- matrix(rnorm(24 * 12), 24) %*% root
  sapply(1:14, function(i) cor.test(x[, (i - 1) %% 12 + 1], x[, (i + (i > 12)) %% 12 + 1])$p.value)
}))
cat((used[[1]] + used[[2]]) / times)
"""


def batteries() -> dict:
    """What the engine is timed with: 24 people by 12 variables, 14 pairs, growth, Williams."""
    import numpy as np
    from helpers.replicates import Battery

    correlation = 0.3 + 0.7 * np.eye(12)
    pairs = [(i % 12, (i + 1 + i // 12) % 12) for i in range(14)]
    core = {"pairs": pairs, "growth": (0, 1), "differences": [(0, 1, 2)]}
    gaps = np.ones((24, 12), dtype=bool)
    gaps[:4, 0] = gaps[5, 1] = gaps[3:8, 2] = False
    return {
        "core": Battery(correlation, 24, **core),
        "full": Battery(correlation, 24, **core, ranks=True, slopes=[(3, 4)]),
        "gaps": Battery(correlation, present=gaps, **core),
    }


def spread(values, goal: float | None, form: str = ".2f", *, at_most: bool = False) -> tuple[str, str]:
    """The median with the least and the largest, and the goal with whether it is met."""
    low, middle, high = min(values), statistics.median(values), max(values)
    figure = f"{middle:{form}} ({low:{form}} to {high:{form}})"
    if goal is None:
        return figure, ""
    met = middle <= goal if at_most else middle >= goal
    word = "at most" if at_most else "at least"
    return figure, f"{word} {goal:,g}: {'met' if met else 'MISSED'}"


def replicates_times() -> list[tuple[str, str, str]]:
    """The replicate engine, as ratios to drawing its random normals alone.

    In processor time but for the two threads: the median of seven (least to largest), each
    against the normals drawn just before.
    """
    import os

    import numpy as np
    from helpers import _replicate_kernels

    sets = batteries()
    normals = np.empty((24, 12, 256))
    rng = np.random.Generator(np.random.SFC64(1))

    def raw() -> None:
        for _ in range(REPLICATES // 256):
            rng.standard_normal(out=normals)

    def path(name: str, **how):
        def run() -> None:
            for _ in sets[name].chunks(REPLICATES, 1, **how):
                pass

        return run

    plain, fast = {"compiled": False}, {"compiled": True}
    paths = [
        ("NumPy rows, core", path("core", **plain), 0.5),
        ("NumPy rows, full", path("full", **plain), None),
        ("NumPy rows with gaps, core", path("gaps", **plain), None),
        ("NumPy Wishart, core", path("core", **plain, method="wishart"), 1.2),
    ]
    if _replicate_kernels.available():
        paths += [
            ("numba rows, core", path("core", **fast), 0.75),
            ("numba rows, full", path("full", **fast), 0.45),
            ("numba rows with gaps, core", path("gaps", **fast), None),
            ("numba Wishart, core", path("core", **fast, method="wishart"), 2.4),
        ]

    def used(function) -> float:
        start = time.process_time()
        function()
        return (time.process_time() - start) / REPLICATES

    for _, function, _ in paths:
        function()  # compiles, or loads what is compiled
    raws, ratios = [], {name: [] for name, _, _ in paths}
    for _ in range(REPEATS):
        for name, function, _ in paths:
            raws.append(used(raw))
            ratios[name].append(raws[-1] / used(function))
    alone = statistics.median(raws)
    rows = [("replicates: normals alone, a second, one core", *spread([1 / x for x in raws], None, ",.0f"))]
    rows += [(f"replicates / normals alone: {name}", *spread(ratios[name], goal)) for name, _, goal in paths]
    if "numba rows, core" in ratios:
        times = [1 / ratio for ratio in ratios["numba rows, core"]]
        rows.append(("time / normals alone: numba rows, core", *spread(times, 1.35, at_most=True)))

    slow = {name: one_by_one(name) for name in ("core", "full")}
    for name, _, _ in paths:
        kind = name.rsplit(" ", 1)[1]
        if "gaps" not in name:
            many = [ratio * slow[kind] / alone for ratio in ratios[name]]
            rows.append((f"replicates / pandas + scipy loop: {name}", *spread(many, 400, ",.0f")))
    rows += [
        (f"pandas + scipy loop / normals alone: {kind}", f"{alone / seconds_each:.5f}", "")
        for kind, seconds_each in slow.items()
    ]

    # The normals alone say what two threads can gain here, and whether the cores were free.
    pieces = [("normals alone", raw_in_threads, None)]
    # About a second each, so that starting the threads does not count.
    for method, times in (("rows", 20 * REPLICATES), ("wishart", 40 * REPLICATES)):
        pieces.append((method, lambda n, m=method, r=times: sets["core"].run(r, 1, method=m, n_jobs=n), 1.9))
    for name, function, goal in pieces:
        if os.cpu_count() == 1:
            rows.append((f"two threads / one, wall time: {name}", "only one core here", ""))
            continue
        function(2)  # starts the threads' machinery
        gains = []
        for _ in range(REPEATS):
            took = []
            for threads in (1, 2):
                start = time.perf_counter()
                function(threads)
                took.append(time.perf_counter() - start)
            gains.append(took[0] / took[1])
        figure, verdict = spread(gains, goal)
        if goal is None:
            free = statistics.median(gains) >= 1.9
        elif not free:
            verdict = f"at least {goal}: no verdict, the second core was busy"
        rows.append((f"two threads / one, wall time: {name}", figure, verdict))

    rows.append(("BCa intervals a second, n = 24, 1,999 resamples", *spread(bca_a_second(), 50_000, ",.0f")))

    for compiled, goal in ((False, 100), (True, 250)):
        if compiled and not _replicate_kernels.available():
            continue
        for times in (20_000, 2_000_000):
            command = [sys.executable, "-c", PEAK, str(compiled), str(times)]
            done = subprocess.run(command, cwd=book.ROOT, capture_output=True, text=True, check=True)
            kind = "numba" if compiled else "NumPy"
            figure = [float(done.stdout)]
            met = "met" if figure[0] < goal else "MISSED"
            rows.append((f"peak above imports, {times:,} reduced: {kind}", f"{figure[0]:.0f} MB", f"under {goal} MB: {met}"))

    if shutil.which("Rscript"):
        done = subprocess.run(["Rscript", "-e", R_LOOP], capture_output=True, text=True, check=True)
        rows.append(("R, 14 cor.test in replicate() / normals alone", f"{alone / float(done.stdout):.5f}", ""))
    else:
        rows.append(("R, 14 cor.test in replicate()", "no Rscript here", ""))
    return rows


def raw_in_threads(threads: int) -> None:
    """Draw the normals of twenty timings, shared by so many threads."""
    import threading

    import numpy as np

    def draw() -> None:
        rng = np.random.Generator(np.random.SFC64(1))
        normals = np.empty((24, 12, 256))
        for _ in range(20 * REPLICATES // 256 // threads):
            rng.standard_normal(out=normals)

    workers = [threading.Thread(target=draw) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def one_by_one(kind: str, times: int = 60) -> float:
    """Seconds that a replicate takes in a loop of pandas, scipy and statsmodels."""
    import numpy as np
    import pandas as pd
    from helpers import estimators
    from scipy import stats

    battery = batteries()[kind]
    root = np.linalg.cholesky(battery.correlation)
    columns = [f"v{i}" for i in range(12)]
    rng = np.random.default_rng(1)
    if kind == "full":
        import statsmodels.formula.api as smf

    def one() -> None:
        data = pd.DataFrame(rng.standard_normal((24, 12)) @ root.T, columns=columns)
        for a, b in battery.pairs:
            stats.pearsonr(data[columns[a]], data[columns[b]])
            if kind == "full":
                stats.spearmanr(data[columns[a]], data[columns[b]])
        before, after = (data[columns[i]] for i in battery.growth)
        stats.ttest_rel(after, before)
        (after - before).mean() / np.sqrt((before.var() + after.var()) / 2)
        r = data[["v0", "v1", "v2"]].corr()
        estimators.williams_test(r.loc["v0", "v1"], r.loc["v0", "v2"], r.loc["v1", "v2"], 24)
        if kind == "full":
            smf.ols("v3 ~ v4", data).fit(cov_type="HC3").pvalues

    one()
    start = time.process_time()
    for _ in range(times):
        one()
    return (time.process_time() - start) / times


def bca_a_second(samples: int = 4000) -> list[float]:
    """Bootstrap intervals of r that one core computes in a second."""
    import numpy as np
    from helpers.estimators import bootstrap_interval, resample_counts

    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, samples, 24))
    counts = resample_counts(24, 1999, rng)
    bootstrap_interval(x[:50], y[:50], counts)
    speeds = []
    for _ in range(REPEATS):
        start = time.process_time()
        bootstrap_interval(x, y, counts)
        speeds.append(samples / (time.process_time() - start))
    return speeds


def grading_times(copies: int = 40) -> list[tuple[str, str, str]]:
    """A class of equal notebooks: what the grader adds to the time that they take by themselves."""
    from tools import grade

    made = sorted(path.name for path in grade.ASSIGNMENTS.glob("*") if (path / "solution").is_dir())
    if not made:
        return [("grading a class", "no assignments", "run 'make assignments' first")]
    found = grade.bench(copies, made[0])
    return [
        (
            f"grading {copies} notebooks: wall time / their own by cores",
            f"{found['ratio']:.2f}",
            "at most 1.2",
        ),
        ("grading: memory of one notebook", f"{found['memory_mb']:.0f} MB", ""),
    ]


PARTS = {
    "imports": import_times,
    "search": search_times,
    "matching": matching_times,
    "replicates": replicates_times,
    "grading": grading_times,
    "build": build_times,
}


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="run this part; may be given again")
    chosen = parser.parse_args(arguments).only or list(PARTS)
    for measure in (PARTS[name] for name in PARTS if name in chosen):
        print(f"measuring {measure.__name__.replace('_', ' ')} ...", file=sys.stderr)
        for name, figure, goal in measure():
            print(f"{name:<59} {figure:>24}   {goal}".rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
