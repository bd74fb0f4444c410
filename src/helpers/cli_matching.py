"""The command ``python -m helpers.matching``: matched trials for any ledger.

It reads a ledger, a codebook and the assumptions, refuses what no data can match, searches,
and writes a folder: the trials, a report of published beside rebuilt, and a data package.
The folder appears whole at the end, or not at all.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import platform
import shlex
import shutil
import sys
from importlib import metadata
from pathlib import Path

import pandas as pd

from helpers._refusal import Refusal
from helpers.codebook import (
    ASSUMPTION_COLUMNS,
    Codebook,
    CodebookError,
    read_assumptions,
    read_codebook,
)
from helpers.published import LedgerError, read_ledger

__all__ = ["main"]

#: What the command may write; ``--force`` replaces nothing else.
WRITTEN = {"trials.csv", "report.md", "report.html", "datapackage.json"}

EPILOG = """\
files:
  LEDGER       one printed number a row, in the columns of data/published.csv
  CODEBOOK     groups, scales, derived columns and gaps; see helpers.codebook
  ASSUMPTIONS  id,kind,x,y,group,value,reason; needed only for means and SDs
               that nobody printed

exit codes:
  0  matched and written; with --check: nothing speaks against the ledger
  2  a faulty file, a ledger that no data can match, or a folder that is in the way
  3  no match was found
  4  the files could not be written

example:
  python -m helpers.matching data/worked/sleep/ledger.csv \\
      --codebook data/worked/sleep/codebook.json --trials 10 --seed 1 --out matched
"""


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = argparse.ArgumentParser(
        prog="python -m helpers.matching",
        description="Make synthetic trials that reproduce every printed number of a study.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("ledger", metavar="LEDGER.csv", help="the printed numbers")
    made.add_argument("--codebook", metavar="FILE", required=True, help="what the variables are (JSON)")
    made.add_argument("--assumptions", metavar="FILE", help="what nobody printed (CSV); nothing by default")
    made.add_argument("--trials", metavar="N", type=_at_least(1), default=10, help="how many trials (default: 10)")
    made.add_argument("--seed", metavar="N", type=_at_least(0), default=1, help="same seed, same bytes (default: 1)")
    made.add_argument("--out", metavar="FOLDER", help="where to write; must be new or empty")
    made.add_argument("--jobs", metavar="N", type=_jobs, default=1, help="workers; -1 for one a core (default: 1)")
    made.add_argument("--format", choices=("markdown", "html"), default="markdown", help="of the report (default: markdown)")
    made.add_argument("--force", action="store_true", help="replace what an earlier run wrote into FOLDER")
    made.add_argument("--quiet", action="store_true", help="no progress bar, no closing words")
    made.add_argument("--check", action="store_true", help="only check the ledger; search and write nothing")
    return made


def _at_least(least: int):
    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, not {value}")
        return value

    number.__name__ = "whole number"
    return number


def _jobs(text: str) -> int:
    value = int(text)
    if value < 1 and value != -1:
        raise argparse.ArgumentTypeError(f"must be at least 1, or -1 for one a core, not {value}")
    return value


_jobs.__name__ = "whole number"


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
    options = parser()
    chosen = options.parse_args(arguments)
    if not chosen.check and not chosen.out:
        options.error("the folder to write into is missing: --out FOLDER (or --check, which writes nothing)")
    try:
        return _check(chosen) if chosen.check else _match(chosen)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return refusal.code
    except KeyboardInterrupt:
        print("Stopped; nothing was written.", file=sys.stderr)
        return 130


# --- reading -------------------------------------------------------------------------------


def _read(chosen: argparse.Namespace) -> tuple[pd.DataFrame, Codebook, pd.DataFrame]:
    """The three files, or a refusal that says what is wrong with one of them."""
    try:
        ledger = read_ledger(chosen.ledger)
        codebook = read_codebook(chosen.codebook, ledger=ledger)
        if chosen.assumptions:
            assumptions = read_assumptions(chosen.assumptions, codebook=codebook)
        else:
            assumptions = pd.DataFrame(columns=ASSUMPTION_COLUMNS).set_index("id")
    except (LedgerError, CodebookError) as error:
        raise Refusal(f"Refused: {error}") from None
    return ledger, codebook, assumptions.astype({"value": "float"})


def _impossible(error: LedgerError) -> Refusal:
    """Each fault on a line of its own, with its rows."""
    faults = getattr(error, "faults", ((("",), str(error)),))
    lines = ["Refused: no data can have all of these printed numbers. No search was begun."]
    lines += [f"  {number}. {sentence}" for number, (_, sentence) in enumerate(faults, start=1)]
    return Refusal("\n".join(lines))


def _population(ledger: pd.DataFrame, codebook: Codebook, assumptions: pd.DataFrame) -> list[str]:
    """Check everything that comes before a search; what the assumptions still lack.

    Each item is a line for the file of assumptions, without its value and reason.
    """
    from helpers.population import MissingMoments, complete_population

    try:
        try:
            complete_population(ledger, codebook, assumptions)
            return []
        except MissingMoments as error:
            lacking = error.lacking
        # Stand-ins, only to find out what else is wrong.
        whole = assumptions.copy()
        for kind, name, group in lacking:
            variable = codebook.variables[name]
            middle, quarter = (variable.low + variable.high) / 2, (variable.high - variable.low) / 4
            value = middle if kind == "mean" else quarter
            whole.loc[f"{kind}.{name}.{group}"] = [kind, name, "", group, value, "stand-in"]
        complete_population(ledger, codebook, whole)
    except LedgerError as error:
        raise _impossible(error) from None
    except CodebookError as error:
        raise Refusal(f"Refused: {error}") from None
    return [f"{kind}.{name}.{group},{kind},{name},,{group},VALUE,REASON" for kind, name, group in lacking]


def _check(chosen: argparse.Namespace) -> int:
    """Only check the ledger."""
    from helpers.targets import targets

    ledger, codebook, assumptions = _read(chosen)
    lacking = _population(ledger, codebook, assumptions)
    print(f"Nothing speaks against the ledger: {len(ledger)} rows, {len(targets(ledger, codebook))} statistics to meet.")
    if lacking:
        print(_lacking(lacking))
    return 0


def _lacking(lines: list[str]) -> str:
    return "\n".join(
        [
            "A search needs more: some means or SDs are neither printed nor assumed. Add these lines, "
            "with a value and a reason, to the file of assumptions (--assumptions FILE):",
            "  " + ",".join(ASSUMPTION_COLUMNS),
            *(f"  {line}" for line in lines),
        ]
    )


# --- matching ------------------------------------------------------------------------------


def _match(chosen: argparse.Namespace) -> int:
    """Check, search, report, write."""
    import numpy as np

    from helpers import report
    from helpers.matching import Matcher, MatchError

    ledger, codebook, assumptions = _read(chosen)
    lacking = _population(ledger, codebook, assumptions)
    if lacking:
        raise Refusal(f"Refused. {_lacking(lacking)}")
    matcher = Matcher(ledger, codebook, assumptions)
    people = sum(codebook.enrolled.values())
    folder = _folder(chosen.out, chosen.force, bytes_needed=chosen.trials * people * (30 + 6 * len(matcher.columns)) + 2**20)
    try:
        trials = matcher.trials(
            chosen.trials, np.random.default_rng(chosen.seed), n_jobs=chosen.jobs, progress=not chosen.quiet
        )
    except MatchError as error:
        raise Refusal(_no_match(error), 3) from None
    given = {"ledger": chosen.ledger, "codebook": chosen.codebook, "assumptions": chosen.assumptions}
    inputs = {f"{role} {Path(path).name}": _digest(path) for role, path in given.items() if path}
    study = report.Study(
        trials, ledger, codebook, assumptions, _command(chosen), chosen.seed, inputs, _versions()
    )
    table = report.board(trials, ledger, codebook)
    if not table["matches"].all():  # the report recomputes every number by itself
        wrong = ", ".join(table.index[~table["matches"]])
        raise Refusal(f"The report's own arithmetic finds rows that do not match: {wrong}. Nothing was written.", 3)
    files = {"trials.csv": report.trials_csv(trials, codebook).encode()}
    if chosen.format == "html":
        files["report.html"] = report.report_html(study).encode()
    else:
        files["report.md"] = report.report_markdown(study).encode()
    files["datapackage.json"] = report.data_package(study, files).encode()
    _write(folder, files)
    if not chosen.quiet:
        print(f"{chosen.trials} synthetic trials match all {len(ledger)} rows of {Path(chosen.ledger).name}.")
        print(f"{chosen.out}: {', '.join(files)}")
    return 0


def _no_match(error) -> str:
    lines = ["No match was found; nothing was written. The nearest trial missed:"]
    for rows, row in zip(error.missed.index, error.missed.itertuples(), strict=True):
        lines.append(f"  {rows}: {row.value:.4g}, wanted {row.low:.4g} to {row.high:.4g}")
    lines.append("Rows that hardly agree, or assumptions far from what the rows need, make this likely.")
    return "\n".join(lines)


def _command(chosen: argparse.Namespace) -> str:
    """The command without what does not change the result: folders, workers, silence."""
    words = ["python", "-m", "helpers.matching", Path(chosen.ledger).name, "--codebook", Path(chosen.codebook).name]
    if chosen.assumptions:
        words += ["--assumptions", Path(chosen.assumptions).name]
    words += ["--trials", str(chosen.trials), "--seed", str(chosen.seed)]
    if chosen.format != "markdown":
        words += ["--format", chosen.format]
    return shlex.join([*words, "--out", "FOLDER"])


def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _versions() -> dict[str, str]:
    import helpers

    found = {"helpers": helpers.__version__, "Python": platform.python_version()}
    for name in ("numpy", "pandas", "scipy", "numba"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


# --- writing -------------------------------------------------------------------------------


def _folder(out: str, force: bool, bytes_needed: int) -> Path:
    """The folder to write, once it is sure that it can be written."""
    folder = Path(out).resolve()
    parent = folder.parent
    if folder in (parent, Path.cwd()) or folder in Path.cwd().parents:
        raise Refusal(f"Refused: --out {out} is the current folder or holds it; name a new one.")
    if not parent.is_dir():
        raise Refusal(f"Refused: the folder {parent} does not exist, so {folder.name} cannot be made in it.")
    if folder.exists() and not folder.is_dir():
        raise Refusal(f"Refused: {out} is a file, not a folder.")
    present = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    foreign = [name for name in present if name not in WRITTEN]
    if foreign:
        raise Refusal(f"Refused: {out} holds other files ({', '.join(foreign[:3])}); they would be lost. Name a new folder.")
    if present and not force:
        raise Refusal(f"Refused: {out} is not empty ({', '.join(present)}); name a new folder, or use --force to replace these files.")
    try:
        trial = _part(folder)
        trial.mkdir()
        trial.rmdir()
    except OSError as error:
        raise Refusal(f"Refused: nothing can be written into {parent}: {error.strerror}. No search was begun.") from None
    if shutil.disk_usage(parent).free < bytes_needed:
        raise Refusal(f"Refused: the disk of {parent} has not enough room; about {bytes_needed / 2**20:.0f} MB are needed. No search was begun.")
    return folder


def _part(folder: Path) -> Path:
    """Where the files stand until all are written: beside the folder, on the same disk."""
    return folder.with_name(f".{folder.name}.{os.getpid()}.part")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """All files in a folder that appears at once; what was there stays if anything fails."""
    part, old = _part(folder), folder.with_name(f".{folder.name}.{os.getpid()}.old")
    try:
        part.mkdir()
        for name, content in files.items():
            with open(part / name, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if folder.is_dir():
            folder.rename(old)
        try:
            part.rename(folder)
        except OSError:
            if old.is_dir():
                old.rename(folder)
            raise
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        why = "the disk is full" if full else f"the files cannot be written: {error.strerror}"
        raise Refusal(
            f"Nothing was written: {why}. {folder.name} is as it was; once there is room, the same command "
            "gives the same trials.", 4
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
