"""The command ``python -m helpers.design_analysis``: a table of what studies can find.

It checks the grid and the place for the output before any work, writes each finished chunk
of replicates to a journal beside the output, and writes the table with its provenance at
the end, whole or not at all. A run that was stopped goes on from the journal when the same
command is given again.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib.util
import io
import json
import os
import platform
import re
import shlex
import shutil
import sys
import time
import warnings
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers import design_analysis
from helpers._refusal import Refusal
from helpers.design_analysis import COUNTS, ESTIMATORS, SUMS, Grid, Work, WorkerError

try:
    import fcntl
except ImportError:  # not on Windows; two runs at once are then not noticed
    fcntl = None

__all__ = ["main"]

#: Of the journal; another one is not read.
FORMAT = 1
#: At most so many bytes are written to try the disk; beyond that its own word is taken.
PROBE = 64 * 2**20
#: Seconds between two moments at which the journal is certainly on the disk.
SYNC_SECONDS = 1.0
#: How an operating system says that there is no room.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

EPILOG = f"""\
estimators:
{chr(10).join(f"  {name:<11}{what}" for name, (_, what) in ESTIMATORS.items())}

lists:
  Several values make several cells: --n 16 20 24. A range has a first value, a last
  value and a step: --n 10:100:10 or --r -0.5:0:0.1. Every estimator meets every n,
  every r and every dropout.

what is written:
  OUT                   one row a cell, as CSV or Parquet by its ending
  OUT.provenance.json   the command, the seed, the versions, and what each column means;
                        a Parquet file holds the same
  OUT.journal           while the command runs: the finished chunks. A command that was
                        stopped goes on from there when it is given again. With more
                        --replicates it does so too

  The same command gives the same bytes for any --jobs and any --scheduler.

exit codes:
  0    written
  2    a faulty option, an output that is in the way or cannot be written, or a cluster
       that cannot be used; nothing was computed
  3    stopped in the middle, by a full disk or a lost cluster; the same command goes on
  130  stopped by Ctrl-C; the same command goes on

examples:
  python -m helpers.design_analysis --n 16:40:4 --r -0.28 -0.45 --out power.csv
  python -m helpers.design_analysis --estimator pearson bca --n 24 --r -0.45:0:0.05 \\
      --dropout 0 0.2 --mechanism worse --replicates 50000 --out coverage.parquet
  python -m helpers.design_analysis --estimator williams zou --n 24 100 --r -0.45 \\
      --second -0.20 --tie 0.6 --out difference.csv --scheduler tcp://127.0.0.1:8786

a cluster:
  dask scheduler
  dask worker tcp://HOST:8786 --no-nanny --nthreads 1      (one for each core)
"""


# --- options ----------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    usual = Grid()
    made = argparse.ArgumentParser(
        prog="python -m helpers.design_analysis",
        description="Simulate what studies of a given size can find: power, errors of sign and size, coverage.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    grid = made.add_argument_group("the grid")
    grid.add_argument("--estimator", nargs="+", metavar="NAME", default=list(usual.estimator), help="one or more of those below (default: pearson)")
    grid.add_argument("--n", nargs="+", metavar="N", default=["24"], help="participants before dropout (default: 24)")
    grid.add_argument("--r", nargs="+", metavar="R", default=["-0.28"], help="true correlations; for paired, of the two ratings (default: -0.28)")
    grid.add_argument("--dropout", nargs="+", metavar="SHARE", default=["0"], help="shares without an outcome (default: 0)")
    grid.add_argument("--mechanism", choices=("random", "worse"), default=usual.mechanism, help="who drops out: anyone, or rather those with a high outcome (default: random)")
    grid.add_argument("--second", metavar="R", help="williams, zou: the true correlation with the second outcome")
    grid.add_argument("--tie", metavar="R", default=usual.tie, help=f"williams, zou: that of the two outcomes (default: {usual.tie:g})")
    grid.add_argument("--d", metavar="D", default=usual.d, help=f"paired: the true change in SDs (default: {usual.d:g})")
    grid.add_argument("--shape", choices=("normal", "scores"), default=usual.shape, help="of the ratings: normal, or the whole scores of this book's study (default: normal)")
    grid.add_argument("--variables", nargs=2, metavar=("X", "Y"), default=list(usual.variables), help=f"scores: which (default: {' '.join(usual.variables)})")
    grid.add_argument("--level", metavar="SHARE", default=usual.level, help=f"confidence; tests are at 1 - level (default: {usual.level:g})")
    grid.add_argument("--resamples", metavar="N", default=usual.resamples, help=f"of the bootstrap (default: {usual.resamples})")
    work = made.add_argument_group("the work")
    work.add_argument("--replicates", metavar="N", default="20000", help="trials in each cell (default: 20000)")
    work.add_argument("--seed", metavar="N", default="1", help="same seed, same bytes (default: 1)")
    work.add_argument("--jobs", metavar="N", default="-1", help="worker processes; -1 for one a core (default: -1)")
    work.add_argument("--scheduler", metavar="ADDRESS", help="let the workers of a Dask scheduler do the work: tcp://HOST:PORT")
    out = made.add_argument_group("the output")
    out.add_argument("--out", metavar="OUT", required=True, help="the table to write: NAME.csv or NAME.parquet")
    out.add_argument("--force", action="store_true", help="replace an existing OUT")
    out.add_argument("--restart", action="store_true", help="throw away the journal of a stopped run")
    out.add_argument("--quiet", action="store_true", help="no progress bar, no closing words")
    return made


def _words(arguments: list[str]) -> list[str]:
    """The arguments, with a space before negative numbers and ranges: else they look like options."""
    return [f" {word}" if re.match(r"-\.?\d", word) else word for word in arguments]


def _decimal(option: str, text: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise Refusal(f"Refused: {option} must be a number, or a range first:last:step, not {text.strip()!r}.")
    return value


def _number(option: str, value: Any) -> float:
    return float(_decimal(option, str(value)))


def _whole(option: str, value: Any) -> int:
    number = _decimal(option, str(value))
    if number != int(number):
        raise Refusal(f"Refused: {option} must be a whole number, not {value}.")
    return int(number)


def _list(option: str, words: list[str]) -> list[float]:
    """Numbers and ranges as numbers, exact in their decimals."""
    found: list[float] = []
    for word in words:
        parts = [_decimal(option, part) for part in word.split(":")]
        if len(parts) == 1:
            found.append(float(parts[0]))
            continue
        if len(parts) != 3:
            raise Refusal(f"Refused: {option}: a range has the form first:last:step, not {word.strip()!r}.")
        first, last, step = parts
        if step == 0 or (last - first) / step < 0:
            raise Refusal(f"Refused: {option}: no step of {step} leads from {first} to {last}.")
        count = int((last - first) / step) + 1
        if count > 10_000:
            raise Refusal(f"Refused: {option}: the range {word.strip()} has {count} values; at most 10000 are possible.")
        found += [float(first + i * step) for i in range(count)]
    return found


def _grid(chosen: argparse.Namespace) -> Grid:
    """The grid that the options describe."""
    options = {
        "n": _list("--n", chosen.n),
        "r": _list("--r", chosen.r),
        "dropout": _list("--dropout", chosen.dropout),
        "second": None if chosen.second is None else _number("--second", chosen.second),
        "tie": _number("--tie", chosen.tie),
        "d": _number("--d", chosen.d),
        "level": _number("--level", chosen.level),
        "resamples": _whole("--resamples", chosen.resamples),
    }
    try:
        return Grid(
            estimator=chosen.estimator, mechanism=chosen.mechanism, shape=chosen.shape,
            variables=chosen.variables, **options,
        )  # fmt: skip
    except ValueError as error:
        raise Refusal(f"Refused: {error}.") from None


# --- the command ------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the command line.

    Returns
    -------
    int
        The exit code; ``--help`` lists them.
    """
    chosen = parser().parse_args(_words(sys.argv[1:] if arguments is None else arguments))
    try:
        with warnings.catch_warnings():
            # What joblib says when it is stopped.
            warnings.filterwarnings("ignore", message=".*tasks which were still being processed")
            return _run(chosen)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return refusal.code
    except KeyboardInterrupt:
        print("Stopped. What is done is kept; the same command goes on from there.", file=sys.stderr)
        return 130


def _run(chosen: argparse.Namespace) -> int:
    grid = _grid(chosen)
    try:
        work = Work.of(grid, _whole("--seed", chosen.seed))
        sizes = design_analysis.chunk_sizes(_whole("--replicates", chosen.replicates))
        workers = design_analysis.jobs(_whole("--jobs", chosen.jobs))
    except ValueError as error:
        raise Refusal(f"Refused: {error}.") from None
    out = _output(chosen)
    if chosen.scheduler is not None and not re.match(r"\w+://.", chosen.scheduler):
        raise Refusal(f"Refused: --scheduler takes an address such as tcp://HOST:8786, not {chosen.scheduler!r}.")
    with Journal(out, work, restart=chosen.restart) as journal:
        _not_there(chosen, out)
        _room(out, journal, sizes)
        done = {c: sums for c, (size, sums) in journal.found.items() if sizes.get(c) == size}
        started = len(done)
        try:
            _compute(journal, work, sizes, done, workers, chosen)
        except WorkerError as error:
            word, code = ("Stopped", 3) if len(done) > started else ("Refused", 2)
            raise Refusal(f"{word}: {error}.{journal.kept()}", code) from None
        table = design_analysis.tabulate(work, sizes, done)
        _write(out, table, provenance(out, work, table, sum(sizes.values())), journal)
        journal.finished = True
    if not chosen.quiet:
        print(f"{out.name}: {len(table)} cells, {table['replicates'].iloc[0]} replicates in each.")
        few = table[table["computed"] < table["replicates"]]
        if len(few):
            print(f"In {len(few)} cells some trials had no answer; see the column computed.")
    return 0


def _compute(journal: Journal, work: Work, sizes, done: dict[int, np.ndarray], workers: int, chosen) -> None:
    """Run the chunks that are not in the journal, and put each into it."""
    wanted = {c: size for c, size in sizes.items() if c not in done}
    before = sum(sizes[c] for c in done)
    if before and not chosen.quiet:
        print(f"Going on after {before} of {sum(sizes.values())} replicates.", file=sys.stderr)
    results = design_analysis.run(work, wanted, workers, chosen.scheduler)
    with contextlib.closing(results), design_analysis.bar(not chosen.quiet, sum(sizes.values()), before) as tick:
        for chunk, sums in results:
            journal.add(chunk, sizes[chunk], sums)
            done[chunk] = sums
            tick(sizes[chunk])


def _stopped(error: OSError, journal: Journal) -> Refusal:
    why = "the disk is full" if error.errno in FULL else f"writing failed: {error.strerror or error}"
    return Refusal(f"Stopped: {why}.{journal.kept()}", 3)


# --- the journal ------------------------------------------------------------------------------


class Journal:
    """The finished chunks of a run, one JSON line each, beside its output.

    Every line is handed to the operating system at once, so that it outlives the command;
    about once a second all of them are put on the disk, so that they outlive the computer.
    """

    def __init__(self, out: Path, work: Work, restart: bool = False):
        self.path = out.with_name(out.name + ".journal")
        self.out, self.work, self.restart = out, work, restart
        self.head = {
            "format": FORMAT,
            "grid": design_analysis.as_dict(work.grid),
            "seed": work.seed,
            "chunk_size": design_analysis.CHUNK,
            "versions": design_analysis.fingerprint(),
        }
        self.found: dict[int, tuple[int, np.ndarray]] = {}
        self.finished = False
        self.new = False
        self.synced = 0.0

    def __enter__(self) -> Journal:
        self.file = self._locked()
        try:
            self._read()
        except BaseException:
            self.file.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        # Nothing in it is worth nothing; what was finished is in the output.
        if self.finished or not self.found:
            self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.file.close()

    def _locked(self) -> io.FileIO:
        """The open file, ours alone until we close it."""
        while True:
            try:
                file = open(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
            except OSError as error:
                raise Refusal(f"Refused: nothing can be written into {self.path.parent}: {error.strerror}.") from None
            if fcntl is None:
                return file
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                raise Refusal(f"Refused: another run writes {self.out.name} now; wait for it, or name another --out.") from None
            except OSError:  # a file system without locks
                return file
            # A run that has just ended may have removed the file that we opened.
            try:
                if os.fstat(file.fileno()).st_ino == os.stat(self.path).st_ino:
                    return file
            except FileNotFoundError:
                pass
            file.close()

    def _read(self) -> None:
        if self.restart:
            self.file.truncate(0)
        content = self.file.readall()
        lines = content.split(b"\n")
        good = 0
        # The last part has no end of line: it is empty, or was torn.
        for number, line in enumerate(lines[:-1]):
            try:
                entry = json.loads(line)
                if number == 0:
                    self._compare(entry)
                else:
                    self._keep(entry)
            except (ValueError, KeyError, TypeError):
                break
            good += len(line) + 1
        begun = b'{"format":'
        if good == 0 and len(lines) == 1 and (content.startswith(begun) or begun.startswith(content)):
            pass  # torn in the first line: nothing was finished yet
        elif good == 0:
            raise Refusal(
                f"Refused: {self.path.name} is no journal of this command. Move it away, or give --restart to throw it away."
            )
        self.file.truncate(good)
        self.file.seek(good)
        self.new = good == 0

    def _compare(self, head: dict[str, Any]) -> None:
        """Only the journal of the same figures will do."""
        if not isinstance(head, dict) or "format" not in head:
            raise ValueError("no journal")
        if head == self.head:
            return
        other = [name for name in self.head if head.get(name) != self.head[name]]
        if other == ["versions"]:
            why = "other versions of the software"
        elif "grid" in other and isinstance(head.get("grid"), dict):
            grid = [f"--{name}" for name, value in self.head["grid"].items() if head["grid"].get(name) != value]
            why = f"a run with other options ({', '.join(grid + ['--seed'] * ('seed' in other))})"
        else:
            why = f"a run with another {' and '.join(other).replace('_', ' ')}"
        raise Refusal(
            f"Refused: {self.path.name} holds the finished part of {why}. Give the same command to go on "
            "with that run, name another --out, or give --restart to throw it away."
        )

    def _keep(self, entry: dict[str, Any]) -> None:
        sums = np.array(entry["sums"], dtype=float)
        if sums.shape != (len(self.work.grid.cells()), len(SUMS)):
            raise ValueError("other cells")
        self.found[int(entry["chunk"])] = int(entry["replicates"]), sums

    def line(self, chunk: int, size: int, sums: np.ndarray) -> bytes:
        """A chunk as the journal keeps it: every float comes back to the bit."""
        whole = [name in COUNTS for name in SUMS]
        rows = [[int(v) if w else v for v, w in zip(row, whole, strict=True)] for row in sums.tolist()]
        entry = {"chunk": chunk, "replicates": size, "sums": rows}
        return json.dumps(entry, separators=(",", ":"), allow_nan=False).encode() + b"\n"

    def add(self, chunk: int, size: int, sums: np.ndarray) -> None:
        """Append a chunk."""
        text = self.line(chunk, size, sums)
        if self.new:
            text = json.dumps(self.head, separators=(",", ":")).encode() + b"\n" + text
        start = self.file.tell()
        try:
            while text:  # a disk that takes only a part says why at the next call
                text = text[self.file.write(text) :]
            self._sync()
        except OSError as error:
            with contextlib.suppress(OSError):
                self.file.truncate(start)
            raise _stopped(error, self) from None
        self.new = False
        self.found[chunk] = size, sums

    def _sync(self) -> None:
        if time.monotonic() - self.synced > SYNC_SECONDS:
            os.fsync(self.file.fileno())
            self.synced = time.monotonic()

    def kept(self) -> str:
        """What a stopped run says about the way on."""
        if not self.found:
            return ""
        return (
            f" {len(self.found)} finished chunks are in {self.path.name}; the same command goes on from there."
        )


# --- the output -------------------------------------------------------------------------------


def _sidecar(out: Path) -> Path:
    return out.with_name(out.name + ".provenance.json")


def _output(chosen: argparse.Namespace) -> Path:
    """The output's path, once it is sure that it can be written."""
    out = Path(os.path.abspath(chosen.out))
    if chosen.out.endswith(("/", os.sep)) or os.path.isdir(out):
        raise Refusal(f"Refused: --out {chosen.out} is a folder; name a file in it, such as table.csv.")
    if out.suffix not in (".csv", ".parquet"):
        raise Refusal(f"Refused: --out {chosen.out} must end in .csv or .parquet.")
    if out.suffix == ".parquet" and importlib.util.find_spec("fastparquet") is None:
        raise Refusal(
            "Refused: Parquet needs fastparquet, which is not installed: "
            'pip install "bond-or-drug-helpers[parquet]", or write .csv.'
        )
    _not_there(chosen, out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"Refused: the folder {out.parent} cannot be made: {error.strerror}.") from None
    return out


def _not_there(chosen: argparse.Namespace, out: Path) -> None:
    if chosen.force:
        return
    for path in (out, _sidecar(out)):
        # A run that was stopped between the two files leaves its sidecar and its journal.
        if os.path.exists(path) and (path == out or not os.path.exists(f"{out}.journal")):
            raise Refusal(f"Refused: {path} exists; name another --out, or give --force to replace it.")


def _part(out: Path) -> Path:
    """Where a file stands until it is whole: beside the output, on the same disk."""
    return out.with_name(f".{out.name}.part")


def _room(out: Path, journal: Journal, sizes: Mapping[int, int]) -> None:
    """Try whether the disk has room for the journal and the output."""
    cells = len(journal.work.grid.cells())
    sums = np.full((cells, len(SUMS)), design_analysis.CHUNK / 3)
    missing = len(sizes.keys() - journal.found.keys())
    needed = missing * len(journal.line(10**6, design_analysis.CHUNK, sums)) + cells * 400 + 2**16
    lacking = Refusal(
        f"Refused: the disk of {out.parent} has not enough room; about {needed / 2**20:.1f} MB are needed. Nothing was computed."
    )
    if shutil.disk_usage(out.parent).free < needed:
        raise lacking
    try:
        with open(_part(out), "wb") as file:
            file.writelines(bytes(min(2**20, needed - start)) for start in range(0, min(needed, PROBE), 2**20))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno in FULL:
            raise lacking from None
        raise Refusal(f"Refused: nothing can be written into {out.parent}: {error.strerror}. Nothing was computed.") from None
    finally:
        with contextlib.suppress(OSError):
            _part(out).unlink()


def _write(out: Path, table: pd.DataFrame, described: dict[str, Any], journal: Journal) -> None:
    """The provenance and the table; where the table is, both are whole."""
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    try:
        for path, content in ((_sidecar(out), text), (out, table)):
            part = _part(out)
            if isinstance(content, str):
                part.write_text(content, encoding="utf-8")
            elif out.suffix == ".csv":
                content.to_csv(part, index=False, lineterminator="\n")
            else:
                _parquet(part, content, text)
            with open(part, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(part, path)
    except OSError as error:
        raise _stopped(error, journal) from None
    finally:
        with contextlib.suppress(OSError):
            _part(out).unlink(missing_ok=True)


def _parquet(path: Path, table: pd.DataFrame, text: str) -> None:
    # Not through pandas, whose engine of this name is on its way out.
    from fastparquet import write

    words = [name for name, kind in table.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    write(str(path), table.astype(dict.fromkeys(words, object)), custom_metadata={"provenance": text}, write_index=False)


# --- provenance -------------------------------------------------------------------------------


FIELDS: dict[str, tuple[str, str]] = {
    "estimator": ("Estimator", "What is estimated, and how; see the method notes."),
    "n": ("Participants", "Participants of a trial before dropout."),
    "r": ("True correlation", "Of x and y in the population; for paired, of the ratings before and after. For shape scores, of the normal variables under the scores."),
    "dropout": ("Dropout", "Share of participants who lack the outcome."),
    "mechanism": ("Mechanism", "Who drops out: random, or worse (a high outcome is missing more often); empty without dropout."),
    "shape": ("Shape", "normal, or scores: whole scores with the margins of two variables of the completed population."),
    "second": ("Second correlation", "True correlation of x with the second outcome."),
    "tie": ("Tie", "True correlation of the two outcomes."),
    "d": ("Change", "True change, in SDs."),
    "level": ("Level", "Confidence of the intervals; tests are at 1 - level, two-sided."),
    "target": ("Target", "True value of what is estimated, for everyone, those who drop out included."),
    "replicates": ("Replicates", "Simulated trials."),
    "computed": ("Computed", "Trials with an answer; all further figures are over these."),
    "mean": ("Mean estimate", "Mean of the estimates."),
    "sd": ("SD of the estimates", "Standard deviation of the estimates over trials."),
    "power": ("Power", "Share of significant estimates; the size of the test where the target is 0."),
    "type_s": ("Error of type S", "Share of wrong signs among the significant estimates; missing where the target is 0 or nothing was significant."),
    "type_m": ("Error of type M", "Mean absolute value of the significant estimates over that of the target; missing likewise."),
    "coverage": ("Coverage", "Share of intervals that hold the target; missing where the estimator has no interval."),
    "width": ("Width", "Mean width of the intervals, in the unit of the estimate."),
}  # fmt: skip
SHARES = ("dropout", "level", "power", "type_s", "coverage")

METHOD = [
    "Trials are simulated; no figure rests on a real participant.",
    f"Replicates come in chunks of {design_analysis.CHUNK}. Chunk c draws from NumPy's SFC64 with SeedSequence(seed, spawn_key=(c,)) for the first two variables and spawn_key=(c, part) for the third variable (1), dropout (2) and resampling (3). All cells share these streams, so their errors go together.",
    "Participants with both ratings enter; a trial with fewer than 4 of them is not computed.",
    "A Monte Carlo standard error is that of a share, sqrt(p (1 - p) / trials), or of a mean. It is 0 where all or none of the trials agree; a share of up to 3 / trials is then still possible. Bootstrap estimators share their resamples within a chunk; the error leaves that out, which makes it a few percent too small at most.",
    "Figures are given to ten significant digits.",
]


def _field(name: str, kind: Any) -> dict[str, Any]:
    base, is_error = (name.removesuffix("_error"), name.endswith("_error"))
    title, what = FIELDS[base]
    if is_error:
        title, what = f"{title}: Monte Carlo error", f"Monte Carlo standard error of {base}."
    kind = "string" if not pd.api.types.is_numeric_dtype(kind) else "integer" if pd.api.types.is_integer_dtype(kind) else "number"
    made = {"name": name, "title": title, "description": what, "type": kind}
    if kind == "number":
        if base in SHARES:
            made["unit"] = "share from 0 to 1"
        elif base == "type_m":
            made["unit"] = "multiple of the target"
        elif base in ("target", "mean", "sd", "width"):
            made["unit"] = "of the estimate: correlation, slope in SDs, difference of correlations, or change in SDs"
        elif base == "d":
            made["unit"] = "SD"
        else:
            made["unit"] = "correlation"
    elif kind == "integer":
        made["unit"] = "participants" if name == "n" else "trials"
    if base in SHARES and not is_error:
        made["constraints"] = {"minimum": 0, "maximum": 1}
    return made


def command(work: Work, replicates: int) -> str:
    """The command without what does not change the figures: paths, workers, silence."""
    words = ["python", "-m", "helpers.design_analysis"]
    usual = design_analysis.as_dict(Grid())
    for name, value in design_analysis.as_dict(work.grid).items():
        if value != usual[name] or name in ("estimator", "n", "r", "dropout"):
            words += [f"--{name}", *map(_said, value if isinstance(value, list) else [value])]
    return shlex.join([*words, "--replicates", str(replicates), "--seed", str(work.seed)])


def _said(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def provenance(out: Path, work: Work, table: pd.DataFrame, replicates: int) -> dict[str, Any]:
    """The descriptor of the table, in the form of a frictionless data resource.

    It holds no time, no folder and no number of workers: the same command, the same bytes.
    """
    versions = {**design_analysis.fingerprint(), "Python": platform.python_version(), "pandas": pd.__version__}
    if out.suffix == ".parquet":
        versions["fastparquet"] = metadata.version("fastparquet")
    estimators = {name: ESTIMATORS[name][1] for name in work.grid.estimator}
    resource = {
        "profile": "tabular-data-resource",
        "name": re.sub(r"[^a-z0-9._-]+", "-", out.stem.lower()).strip("-") or "table",
        "title": "Design analysis: power, errors of sign and size, coverage",
        "description": "Synthetic: every trial is simulated. One row a combination of estimator, participants, true correlation and dropout.",
        "path": out.name,
        "format": out.suffix[1:],
    }
    if out.suffix == ".csv":
        resource |= {"mediatype": "text/csv", "encoding": "utf-8"}
    else:
        resource |= {"mediatype": "application/vnd.apache.parquet"}
    return resource | {
        "schema": {
            "fields": [_field(name, kind) for name, kind in table.dtypes.items()],
            "missingValues": [""],
            "primaryKey": ["estimator", "n", "r", "dropout"],
        },
        "licenses": [
            {"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}
        ],
        "synthetic": True,
        "command": command(work, replicates),
        "grid": design_analysis.as_dict(work.grid),
        "seed": work.seed,
        "replicates": replicates,
        "chunk_size": design_analysis.CHUNK,
        "estimators": estimators,
        "method": METHOD,
        "versions": versions,
    }


if __name__ == "__main__":
    sys.exit(main())
