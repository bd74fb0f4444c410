"""Time the build and the helpers, each goal beside its figure.

``python -m tools.bench`` takes about a minute. Times depend on the machine;
ratios, taken in one run, depend on it less. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools import book

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
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", ".", "-W", "-n", "--keep-going"]
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


def main() -> int:
    """Print the table."""
    argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__).parse_args()
    for measure in (import_times, search_times, build_times):
        print(f"measuring {measure.__name__.replace('_', ' ')} ...", file=sys.stderr)
        for name, figure, goal in measure():
            print(f"{name:<45} {figure:>9}   {goal}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
