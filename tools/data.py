"""Make the synthetic data: ``data/trial.csv`` and ``data/ensemble.csv.gz``.

``python -m tools.data`` makes both anew from the ledger, the codebook and the assumptions,
and brings the data package up to date. The same inputs and the same seed give the same
bytes; with ``--check`` nothing is written, and the exit code says whether they do.
"""

from __future__ import annotations

import argparse
import gzip
import io
import sys

import numpy as np

from tools import book, datapackage

SEED = 2024
TRIALS = 1000
DATA = book.ROOT / "data"


def as_csv(frame) -> bytes:
    """A table of whole scores as CSV; a missing score is an empty cell."""
    whole = {name: "Int64" for name in frame.select_dtypes("float").columns}
    text = io.StringIO()
    frame.astype(whole).to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()


def made(trials: int = TRIALS, jobs: int = -1, progress: bool = False) -> dict[str, bytes]:
    """The bytes of each file, by its name; the ensemble is not yet compressed."""
    from helpers.codebook import read_assumptions, read_codebook
    from helpers.matching import Matcher
    from helpers.published import read_ledger

    codebook = read_codebook()
    matcher = Matcher(read_ledger(), codebook, read_assumptions())
    ensemble = matcher.trials(trials, np.random.default_rng(SEED), n_jobs=jobs, progress=progress)
    shipped = ensemble[ensemble["trial"] == most_typical(ensemble, codebook)].drop(columns="trial")
    measured = ["trial", "participant", codebook.group_column, "completed", *codebook.variables]
    return {"trial.csv": as_csv(shipped), "ensemble.csv": as_csv(ensemble[measured])}


def most_typical(ensemble, codebook) -> int:
    """The trial that lies nearest to the ensemble's average in what nobody printed.

    A rule, so that nobody picks a trial for what it shows. Three distances add up: over the
    Pearson correlations of all pairs of columns, over their rank correlations, and over the
    mean, SD and skewness of each column. Each is a mean square in SDs of the ensemble.
    """
    peaks = [name for name, rule in codebook.derived.items() if rule.how == "max_of"]
    names = [*(v.name for v in codebook.variables.values() if not v.only), *peaks]
    upper = np.triu_indices(len(names), 1)
    features: dict[str, list] = {"pearson": [], "spearman": [], "shape": []}
    for _, trial in ensemble.groupby("trial"):
        scores = trial[names]
        for method in ("pearson", "spearman"):
            features[method].append(scores.corr(method).to_numpy()[upper])
        features["shape"].append(np.concatenate([scores.mean(), scores.std(), scores.skew()]))
    return int(np.argmin(np.round(sum(map(squared_distance, features.values())), 9)))


def squared_distance(rows: list) -> np.ndarray:
    """How far each row lies from the average row: a mean square in SDs of each number."""
    table = np.round(np.array(rows), 6)
    # Printed numbers hardly vary; without a floor the last digit would outweigh the rest.
    spread = np.maximum(table.std(axis=0), 0.05)
    return np.mean(((table - table.mean(axis=0)) / spread) ** 2, axis=1)


def compressed(content: bytes) -> bytes:
    """The content as gzip, without the time and the name that would change the bytes."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.data", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args(arguments)
    files = made(progress=True)
    if options.check:
        old = {
            "trial.csv": (DATA / "trial.csv").read_bytes(),
            "ensemble.csv": gzip.decompress((DATA / "ensemble.csv.gz").read_bytes()),
        }
        for name in files:
            print(f"data/{name}: {'the same' if files[name] == old[name] else 'differs'}")
        return int(files != old)
    (DATA / "trial.csv").write_bytes(files["trial.csv"])
    (DATA / "ensemble.csv.gz").write_bytes(compressed(files["ensemble.csv"]))
    return datapackage.main([])


if __name__ == "__main__":
    sys.exit(main())
