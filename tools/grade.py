"""Grade a class: run each student's notebook apart, and write gradebook and feedback.

``python -m tools.grade SUBMISSIONS`` takes a folder with one notebook for each student: as
``STUDENT.ipynb``, as ``STUDENT/anything.ipynb``, or as Canvas and Moodle name their downloads.
It writes to ``--out``:

- ``gradebook.csv``, a row for each student, a column for each exercise;
- ``feedback/STUDENT.html``, one page without scripts that the student gets back;
- ``written.html`` and ``written.csv``, the answers in words, to read and to give points for; with
  the points filled in, the same command makes all pages anew without a run;
- ``results/STUDENT.json``, what each page is made from. A submission that has one is not run
  again, so that a run that was cut off goes on where it was, unless the notebook, the assignment,
  the helpers or the limits have changed.

With ``--into FILE``, a grade file that Canvas or Moodle exported, it also writes ``for-canvas.csv``
or ``for-moodle.csv``, that file with this assignment's points, and for Moodle
``feedback-for-moodle.zip``. It writes neither while answers in words wait for points.

What this keeps out. Each notebook runs in a kernel of its own, in a scratch folder, with an empty
environment, with limits on time, memory, output and files, and under a watch from outside. On
Linux the system itself (Landlock, and a network without an interface where it is granted) keeps
the kernel from files elsewhere and from the network; on macOS and Windows a hook in Python does,
and processor time and memory are watched from outside alone. A hidden check counts only when it
came to its end; that no error was shown is not enough. This stops accidents and the curious: it is
no prison. A student who writes machine code, or who digs through Python's own objects while a
check runs, can forge an answer in the kernel, though not on Linux reach the grader's files. For
that read the code.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from tools import book, packing
from tools.grading import collecting, guard, reporting, systems
from tools.grading.collecting import CollectError, Submission
from tools.grading.kernels import Limits
from tools.grading.reporting import WrittenError
from tools.grading.running import Check, Outcome, Written, grade_notebook
from tools.grading.systems import Standing, SystemFileError

__all__ = ["Check", "Limits", "Outcome", "Written", "grade_notebook"]

ASSIGNMENTS = book.ROOT / "_build" / "assignments"
# A change in these can change a grade.
DECISIVE = ("data", "src/helpers", "tools/grading", "requirements.txt")


class GradeError(ValueError):
    """Grading that cannot begin; the text says what to do."""


@dataclass
class Assignment:
    """A chapter's assignment as the grader needs it."""

    name: str
    grading: NotebookNode
    digest: str

    @property
    def facts(self) -> dict[str, Any]:
        """Title and exercises."""
        return self.grading.metadata.bond


def load_assignment(name: str, folder: Path = ASSIGNMENTS) -> Assignment:
    """The grading version of an assignment, its metadata checked by nbgrader.

    Raises
    ------
    GradeError
        When it has not been made, or is damaged.
    """
    from nbgrader.nbgraderformat import MetadataValidator, ValidationError

    path = folder / name / "grading" / f"{name}.ipynb"
    if not path.is_file():
        raise GradeError(f"there is no {name}/grading in {folder}: run 'make assignments'")
    content = path.read_bytes()
    try:
        made = nbformat.reads(content.decode(), as_version=4)
        MetadataValidator().validate_nb(made)
        known = {exercise.id for exercise in made.metadata.bond.exercises}
        asked = {cell.metadata.bond.exercise for cell in made.cells if cell.metadata.nbgrader.grade}
    except (ValueError, AttributeError, ValidationError) as error:
        raise GradeError(f"{path} is damaged ({error}): run 'make assignments'") from error
    if asked - known:
        raise GradeError(f"{path} grades {min(asked - known)}, which its metadata do not list")
    return Assignment(name, made, hashlib.sha256(content).hexdigest())


def result_key(
    submission: Submission, assignment: Assignment, limits: Limits, any_version: bool
) -> str:
    """What a result depends on, in one word."""
    allowed = " ".join(f"{value:g}" for value in asdict(limits).values())
    parts = [submission.digest, submission.fault, assignment.digest, allowed, str(any_version)]
    return hashlib.sha256("\n".join([*parts, decisive_digest()]).encode()).hexdigest()


def decisive_digest() -> str:
    """A digest of helpers, data and grader, made once."""
    if not hasattr(decisive_digest, "known"):
        decisive_digest.known = book.digest(DECISIVE)
    return decisive_digest.known


def refused(reason: str, assignment: Assignment) -> Outcome:
    """The outcome of a submission that cannot be run."""
    sentence = f"Nothing could be graded: {reason}."
    return Outcome(
        points={exercise["id"]: 0.0 for exercise in assignment.facts["exercises"]},
        status="refused",
        trouble=[sentence],
    )


def rehearse(assignment: Assignment, limits: Limits, compiled: Path) -> None:
    """Grade the assignment's own solution, before any student's; it also compiles the helpers.

    Raises
    ------
    GradeError
        When the solution does not get all points of the checks.
    """
    outcome = grade_notebook(
        assignment.grading, assignment.grading, limits, compiled, rehearsal=True
    )
    missed = [f"{check.grade_id}: {check.message}" for check in outcome.checks if check.message]
    if missed or outcome.status != "graded":
        listed = "\n  ".join(missed + outcome.trouble)
        raise GradeError(
            f"the solution of {assignment.name} itself does not get all points here:\n  {listed}"
        )


def outcome_of(
    submission: Submission,
    assignment: Assignment,
    limits: Limits,
    any_version: bool,
    compiled: Path | None = None,
) -> Outcome:
    """Grade one submission; whatever is wrong with it becomes part of the outcome."""
    if submission.fault or submission.path is None:
        return refused(submission.fault, assignment)
    try:
        notebook = collecting.read(submission.path)
    except CollectError as error:
        return refused(str(error), assignment)
    except OSError as error:
        return refused(f"the file cannot be read ({error.strerror})", assignment)
    reason = collecting.misfit(notebook, assignment.grading, any_version=any_version)
    if reason:
        return refused(reason, assignment)
    return grade_notebook(notebook, assignment.grading, limits, compiled)


def as_result(submission: Submission, key: str, outcome: Outcome) -> dict[str, Any]:
    """An outcome as it is stored: nothing in it differs from run to run."""
    made = asdict(replace(outcome, notebook=None))
    for name in ("seconds", "memory_mb", "locks", "again"):
        del made[name]
    if outcome.again:
        key = ""
    made["checks"] = [check._asdict() for check in outcome.checks]
    return {"student": submission.student, "key": key} | made | {"notebook": outcome.notebook}


def as_json(value: object) -> bytes:
    """A file's bytes; lone halves of characters, which no encoding has, become marks."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "replace")


def stored(path: Path, key: str | None = None) -> dict[str, Any] | None:
    """A result from an earlier run; None when there is none of this key."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and key in (None, found.get("key")) else None


_worker: dict[str, Any] = {}


def start_worker(setup: dict[str, Any], scratch: str) -> None:
    """Set up a worker process, once: Ctrl-C is the first process's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard.end_with_parent()
    tempfile.tempdir = scratch
    _worker.update(setup)


def work(submission: Submission) -> Outcome:
    """Grade one submission in a worker."""
    return outcome_of(submission, **_worker)


def graded(
    submissions: list[Submission], setup: dict[str, Any], jobs: int
) -> Iterator[tuple[Submission, Outcome]]:
    """Outcomes as they come, from so many processes.

    `setup` holds what `outcome_of` takes besides. When a process dies, what it had is tried again
    by itself, and given up when that dies too; a later run tries it again.
    """
    left = list(submissions)
    alone = False
    while left:
        tried = left[:1] if alone else left
        workers = 1 if alone else min(jobs, len(tried))
        with pool(workers, setup) as executor:
            waiting: dict[Future, Submission] = {}
            with contextlib.suppress(BrokenProcessPool):  # one can die while others still queue
                for one in tried:
                    waiting[executor.submit(work, one)] = one
            died = len(waiting) < len(tried)
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    submission = waiting.pop(future)
                    try:
                        outcome = future.result()
                    except BrokenProcessPool:
                        died = True
                        continue
                    left.remove(submission)
                    yield submission, outcome
        if died and alone:
            submission = left.pop(0)
            outcome = refused("the process that graded it was ended", setup["assignment"])
            yield submission, replace(outcome, again=True)
        alone = alone or died


@contextlib.contextmanager
def pool(workers: int, setup: dict[str, Any]) -> Iterator[ProcessPoolExecutor]:
    """Processes that share nothing; ended at once, with their kernels, when something is raised."""
    executor = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=start_worker,
        initargs=(setup, tempfile.gettempdir()),
    )
    try:
        try:
            executor.submit(os.getpid).result()
        except BrokenProcessPool as error:
            raise GradeError("no process for grading can be started on this machine") from error
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    executor.shutdown()


def grade_folder(
    folder: Path,
    out: Path,
    assignment: Assignment | None = None,
    limits: Limits | None = None,
    *,
    jobs: int = 1,
    written: Path | None = None,
    fresh: bool = False,
    any_version: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """Grade every submission of a folder and write all files.

    Returns
    -------
    dict
        What a summary says: ``students``, ``run``, ``mean`` (without those refused; None when
        all are), ``possible``, ``seconds``, ``run_seconds`` (the notebooks' own, added up),
        ``memory_mb``, ``refused``, ``stopped``, ``unlocked`` (submissions that ran without the
        system's own locks); and ``standings``, what each student has.
    """
    start = time.monotonic()
    limits = limits or Limits()
    submissions = collecting.collected(folder)
    if out.resolve() == folder.resolve():
        raise GradeError(
            "the results cannot go into the folder of the submissions: give another --out"
        )
    assignment = assignment or load_assignment(collecting.assignment_of(submissions))
    places = {
        one.student: out / "results" / f"{reporting.file_name(one.student)}.json"
        for one in submissions
    }
    keys = {one.student: result_key(one, assignment, limits, any_version) for one in submissions}
    todo = [
        one for one in submissions if fresh or not stored(places[one.student], keys[one.student])
    ]
    run_seconds, memory, unlocked = 0.0, 0.0, 0
    setup = {"assignment": assignment, "limits": limits, "any_version": any_version}
    bar = tqdm(
        total=len(submissions), initial=len(submissions) - len(todo), unit="notebook", disable=quiet
    )
    with contextlib.ExitStack() as stack:
        if any(not one.fault for one in todo):
            # The workers' scratch folders lie in this one, and go with it when a run is cut off.
            holder = tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True)
            tempfile.tempdir = stack.enter_context(holder)
            stack.callback(setattr, tempfile, "tempdir", None)
            setup["compiled"] = compiled = Path(holder.name, "compiled")
            compiled.mkdir()
            rehearse(assignment, limits, compiled)
        stack.enter_context(bar)
        outcomes = stack.enter_context(contextlib.closing(graded(todo, setup, jobs)))
        for submission, outcome in outcomes:
            packing.write(
                places[submission.student],
                as_json(as_result(submission, keys[submission.student], outcome)),
            )
            run_seconds += outcome.seconds
            memory = max(memory, outcome.memory_mb)
            unlocked += outcome.status != "refused" and not outcome.locks.get("files", False)
            bar.update()
    results = [stored(places[one.student]) for one in submissions]
    summary = report(out, results, assignment, written)
    return summary | {
        "students": len(submissions),
        "run": len(todo),
        "seconds": time.monotonic() - start,
        "run_seconds": run_seconds,
        "memory_mb": memory,
        "unlocked": unlocked,
    }


def report(
    out: Path, results: list[dict], assignment: Assignment, written: Path | None
) -> dict[str, Any]:
    """Write gradebook, feedback and the pages for written answers, from results alone."""
    facts, changed = assignment.facts, []
    sheet = out / "written.csv"
    # Points that somebody typed count, whether or not the sheet is named again.
    written = written or (sheet if reporting.has_points(sheet) else None)
    marks = reporting.read_written(written, results, changed) if written else {}
    environment = reporting.pages()
    for result in results:
        page = reporting.feedback(environment, result, facts, marks.get(result["student"], {}))
        name = reporting.file_name(result["student"])
        packing.write(out / "feedback" / f"{name}.html", page.encode("utf-8", "replace"))
    book_text = reporting.gradebook(results, facts, marks)
    packing.write(out / "gradebook.csv", book_text.encode("utf-8", "replace"))
    new = reporting.written_csv(results, marks).encode("utf-8", "replace")
    if not sheet.is_file() or sheet.read_bytes() != new:
        keep_filled_in(sheet)
        packing.write(sheet, new)
    page = reporting.written_page(environment, results, facts, marks)
    packing.write(out / "written.html", page.encode("utf-8", "replace"))
    possible = sum(exercise["points"] for exercise in facts["exercises"])
    standings = [standing_of(result, marks.get(result["student"], {})) for result in results]
    points = [one.total for one in standings if one.status != "refused"]
    return {
        "changed": changed,
        "standings": standings,
        "waiting": sum(len(one.to_grade) for one in standings),
        "assignment": assignment.name,
        "mean": sum(points) / len(points) if points else None,
        "possible": possible,
        "refused": sum(result["status"] == "refused" for result in results),
        "stopped": sum(result["status"] == "stopped" for result in results),
    }


def standing_of(result: dict[str, Any], marks: dict[str, tuple[float, str]]) -> Standing:
    """What a student has, with the points that a person gave."""
    total = sum(reporting.totals(result, marks).values())
    to_grade = tuple(reporting.to_grade(result, marks))
    return Standing(result["student"], total, result["status"], to_grade)


def keep_filled_in(sheet: Path) -> None:
    """Put a sheet aside in which somebody gave points, so that no work is lost."""
    if not reporting.has_points(sheet):
        return
    aside = sheet.with_name("written-kept.csv")
    number = 1
    while aside.exists() and aside.read_bytes() != sheet.read_bytes():
        number += 1
        aside = sheet.with_name(f"written-kept-{number}.csv")
    packing.write(aside, sheet.read_bytes())


def bench(
    copies: int, name: str, folder: Path = ASSIGNMENTS, jobs: int | None = None
) -> dict[str, Any]:
    """Grade so many copies of a chapter's solution, and say what the grader adds.

    The measure is the wall time over the notebooks' own time, shared by the cores.
    """
    assignment = load_assignment(name, folder)
    solution = (folder / name / "solution" / f"{name}.ipynb").read_bytes()
    jobs = jobs or os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as place:
        submissions = Path(place) / "in"
        submissions.mkdir()
        for number in range(copies):
            (submissions / f"student-{number:04}.ipynb").write_bytes(solution)
        made = grade_folder(submissions, Path(place) / "out", assignment, jobs=jobs, quiet=True)
    made["ratio"] = made["seconds"] / (made["run_seconds"] / min(jobs, copies))
    return made


def positive(kind: type, text: str):
    """A number above nought, for the command line."""
    value = kind(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when grading cannot begin, 130 when it was cut off."""
    standard = Limits()
    parser = argparse.ArgumentParser(
        prog="python -m tools.grade",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    number, whole = partial(positive, float), partial(positive, int)
    parser.add_argument(
        "folder", type=Path, metavar="SUBMISSIONS", nargs="?", help="the students' notebooks"
    )
    parser.add_argument("--assignment", metavar="NN-name", help="default: what most notebooks say")
    parser.add_argument(
        "--assignments",
        type=Path,
        default=ASSIGNMENTS,
        metavar="FOLDER",
        help="where 'make assignments' put them",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="default: SUBMISSIONS-graded, beside the submissions",
    )
    parser.add_argument(
        "--jobs",
        type=whole,
        default=os.cpu_count() or 1,
        help="notebooks at a time (default: the cores)",
    )
    parser.add_argument(
        "--seconds",
        type=number,
        default=standard.seconds,
        help="for one cell (default: %(default)g)",
    )
    parser.add_argument(
        "--total-seconds",
        type=number,
        default=standard.total_seconds,
        help="for one notebook (default: %(default)g)",
    )
    parser.add_argument(
        "--memory",
        type=whole,
        default=standard.memory_mb,
        metavar="MB",
        help="for one notebook (default: %(default)s)",
    )
    parser.add_argument(
        "--written",
        type=Path,
        metavar="CSV",
        help="points for written answers: written.csv, filled in",
    )
    parser.add_argument(
        "--into",
        type=Path,
        metavar="CSV",
        help="a grade file that Canvas or Moodle exported: make one with these points, to import",
    )
    parser.add_argument(
        "--column",
        default="",
        metavar="TITLE",
        help="the assignment's title in Canvas (default: the name or the title that it has here)",
    )
    parser.add_argument(
        "--any-version",
        action="store_true",
        help="take notebooks of another version of the assignment",
    )
    parser.add_argument("--fresh", action="store_true", help="run every notebook again")
    parser.add_argument(
        "--bench",
        type=whole,
        metavar="N",
        help="grade N copies of the solution of --assignment, and say how long it took",
    )
    options = parser.parse_args(arguments)
    if not options.folder and not (options.bench and options.assignment):
        parser.error("name the folder of the submissions, or --bench N with --assignment")
    if options.column and not options.into:
        parser.error("--column names a column of a file: add --into FILE")
    limits = Limits(options.seconds, options.total_seconds, options.memory)
    try:
        if options.bench:
            made = bench(options.bench, options.assignment, options.assignments, options.jobs)
            print(
                f"{summary_text(made)}\nwall time / notebooks' own time, "
                f"{options.jobs} at a time: {made['ratio']:.2f}"
            )
            return 0
        name = options.assignment or collecting.assignment_of(collecting.collected(options.folder))
        out = options.out or options.folder.with_name(f"{options.folder.resolve().name}-graded")
        assignment = load_assignment(name, options.assignments)
        # A file that does not fit is named before an hour of grading, not behind it.
        into = None
        if options.into:
            into = systems.opened(options.into, assignment.facts, options.column)
        made = grade_folder(
            options.folder,
            out,
            assignment,
            limits,
            jobs=options.jobs,
            written=options.written,
            fresh=options.fresh,
            any_version=options.any_version,
        )
    except (GradeError, CollectError, WrittenError, SystemFileError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nCut off. What was graded is kept: run the same command to go on.", file=sys.stderr)
        return 130
    print(summary_text(made) + f"\n{out}: gradebook.csv, feedback/, written.html, written.csv")
    if into is None:
        return 0
    try:
        print("\n".join(systems.fill(into, out, made["standings"])))
    except SystemFileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def summary_text(made: dict[str, Any]) -> str:
    """How a run went, in a few lines."""
    mean = "no mean" if made["mean"] is None else f"mean {made['mean']:.1f}"
    without = " (refused ones do not count)" if made["refused"] else ""
    lines = [
        f"{made['assignment']}: {made['students']} students, "
        f"{mean} of {made['possible']:g} points{without}; "
        f"{made['run']} run now, {made['stopped']} stopped in part, {made['refused']} refused.",
        f"{made['seconds']:.1f} s, the notebooks' own time {made['run_seconds']:.1f} s, "
        f"at most {made['memory_mb']:.0f} MB for one.",
    ]
    if made["waiting"]:
        lines.append(
            f"{made['waiting']} written answers wait for points: read written.html, fill in "
            "written.csv, and run this again. Until then totals lack them."
        )
    lines += made["changed"]
    if made["unlocked"]:
        lines.append(
            f"{made['unlocked']} ran without the system's own locks on files (Landlock, on Linux): "
            "only Python's hook kept them in."
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
