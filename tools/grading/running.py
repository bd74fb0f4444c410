"""Points for one submission: run it, then run the hidden checks.

The student's cells run first, in order. Where a hidden check stands, the kernel keeps a copy of
the names; the checks run at the end, each in the names of its place. So no check is in the kernel
while a student's cell runs, no later exercise changes the result of an earlier one, and no check
changes what the notebook shows.

A cell that has to be stopped by ending the kernel is replaced by a sentence, and the notebook
runs again from the start, so that the other exercises get their points.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from tools.grading.kernels import Kernel, KernelGone, Limits
from tools.grading.restoring import (
    Step,
    given_imports,
    is_unanswered,
    put_back,
    restored,
    unanswered,
)

MOST_RUNS = 12
"""Of one submission. A timer of the student's that ends Python ends it in any cell."""
NOT_ANSWERED = "not answered"
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,16}\b")
CELL_FILE = re.compile(r"[^\s\"']*ipykernel_\d+[/\\]\d+\.py")


class Check(NamedTuple):
    """A hidden check: where it stands, points, possible points, why it failed, what it tests."""

    grade_id: str
    points: float
    max: float
    message: str
    exercise: str
    what: str


@dataclass
class Written:
    """A written answer, for a person to grade."""

    grade_id: str
    exercise: str
    max: float
    text: str
    rubric: list
    answered: bool


@dataclass
class Outcome:
    """What grading one submission came to.

    Attributes
    ----------
    points : dict
        Points of the hidden checks by exercise; exercises with only words are there with 0.
    checks : list of Check
        Each hidden check.
    status : str
        ``graded``; ``stopped`` when something had to be stopped and the rest was graded;
        ``refused`` when nothing could be run.
    trouble : list of str
        What went wrong, in sentences for the student.
    seconds, memory_mb : float
        Wall time and peak memory of the kernels.
    notebook : NotebookNode
        The submission with its outputs, without the hidden checks.
    written : list of Written
        The answers in words.
    locks : dict
        Whether the system itself kept the kernel from ``files`` and from the ``network``.
    again : bool
        Whether a later run should try once more: it was not the submission that failed.
    """

    points: dict[str, float] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    status: str = "graded"
    trouble: list[str] = field(default_factory=list)
    seconds: float = 0.0
    memory_mb: float = 0.0
    notebook: NotebookNode = field(default_factory=nbformat.v4.new_notebook)
    written: list[Written] = field(default_factory=list)
    locks: dict[str, bool] = field(default_factory=dict)
    again: bool = False


def grade_notebook(
    notebook: NotebookNode,
    grading: NotebookNode,
    limits: Limits | None = None,
    compiled: Path | None = None,
    *,
    rehearsal: bool = False,
) -> Outcome:
    """Grade one submission.

    Parameters
    ----------
    notebook : NotebookNode
        The submission, as it came. It is not changed.
    grading : NotebookNode
        The grading version of the assignment, with nbgrader's metadata and hidden checks.
    limits : Limits, optional
        Time and memory.
    compiled : Path, optional
        A folder with machine code of the helpers, from a rehearsal.
    rehearsal : bool, optional
        Whether to fill that folder; never with a student's notebook.

    Returns
    -------
    Outcome
        Points, messages, and the notebook with its outputs.
    """
    limits = limits or Limits()
    start = time.monotonic()
    steps = restored(notebook, grading)
    deadline = start + limits.total_seconds
    make = partial(Kernel, limits, given_imports(grading), deadline, compiled, rehearsal=rehearsal)
    run = Run(steps, make, limits, deadline)
    run.to_the_end()
    made = Outcome(
        status="stopped" if run.stopped else "graded",
        trouble=run.trouble() + ([] if rehearsal else put_back(notebook, grading)),
        seconds=time.monotonic() - start,
        memory_mb=run.memory_mb,
        locks=run.locks,
    )
    answer_faults = run.answer_faults()
    empty = unanswered(steps)
    for step in steps:
        if step.kind == "hidden":
            why = run.failed.get(step.name, "the notebook did not come this far")
            if why and step.exercise in empty:
                why = NOT_ANSWERED
            elif why and step.exercise in answer_faults:
                why = f"{answer_faults[step.exercise]}; then: {why}"
            gained = 0.0 if why else step.points
            made.points[step.exercise] = made.points.get(step.exercise, 0.0) + gained
            made.checks.append(Check(step.name, gained, step.points, why, step.exercise, step.what))
            continue
        made.notebook.cells.append(step.cell)
        if step.name in run.stopped and step.cell.cell_type == "code":
            text = f"[This cell {run.stopped[step.name]}; it was left out.]\n"
            step.cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text=text))
        if step.kind == "written":
            made.points.setdefault(step.exercise, 0.0)
            text = step.cell.source
            made.written.append(
                Written(
                    step.name,
                    step.exercise,
                    step.points,
                    text,
                    step.rubric,
                    not is_unanswered(text),
                )
            )
        step.cell.id = f"cell-{len(made.notebook.cells)}"
        step.cell.metadata["bond"] = {"exercise": step.exercise, "kind": step.kind}
    return made


class Run:
    """The runs of one submission, until one comes to its end."""

    def __init__(
        self, steps: list[Step], make: Callable[[], Kernel], limits: Limits, deadline: float
    ) -> None:
        self._steps, self._make = steps, make
        self._limits, self._deadline = limits, deadline
        self.stopped: dict[str, str] = {}
        """Cells that were stopped, with the reason; a further run leaves them out."""
        self.failed: dict[str, str] = {}
        """Hidden checks that ran, with why they failed (empty: passed)."""
        self.memory_mb = 0.0
        self.locks: dict[str, bool] = {}
        self._broken = ""
        self._runs = 0
        self._at: Step | None = None
        self._scratch = ""

    def to_the_end(self) -> None:
        """Run, and run again without what ended the kernel, as long as there is time."""
        while not self._broken:
            self._at = None
            kernel = self._make()
            try:
                with kernel:
                    self._scratch = str(kernel.scratch.parent)
                    self.locks = kernel.locks
                    self._once(kernel)
                return
            except KernelGone as gone:
                self._note(str(gone))
            finally:
                self.memory_mb = max(self.memory_mb, kernel.peak_mb)

    def _note(self, why: str) -> None:
        if self._at is None:
            self._broken = why
            return
        self.stopped[self._at.name] = why
        self._runs += 1
        if self._runs == MOST_RUNS:
            self._broken = f"Python ended {MOST_RUNS} times"
        if self._at.kind == "hidden":
            self.failed[self._at.name] = why
        else:
            self._at.cell.outputs = []
        if time.monotonic() > self._deadline:
            self._broken = f"the notebook took longer than {self._limits.total_seconds:g} s in all"

    def _once(self, kernel: Kernel) -> None:
        for step in self._steps:
            self._at = step
            if step.kind == "hidden":
                kernel.keep(step.name)
            elif step.cell.cell_type == "code" and step.name not in self.stopped:
                ran = kernel.run(step.cell.source)
                step.cell.outputs = [self._steady(output) for output in ran.outputs]
                if ran.stopped:
                    self.stopped[step.name] = ran.stopped
        for step in self._steps:
            if step.kind == "hidden" and step.name not in self.failed:
                self._at = step
                self.failed[step.name] = self._plain(kernel.check(step.name, step.code))

    def _plain(self, text: str) -> str:
        """Text without what differs from run to run: addresses and names of scratch files."""
        text = CELL_FILE.sub("cell", ADDRESS.sub("0x…", text))
        return text.replace(self._scratch, "…") if self._scratch else text

    def _steady(self, output: NotebookNode) -> NotebookNode:
        for key in ("text", "evalue"):
            if key in output:
                output[key] = self._plain(output[key])
        if "traceback" in output:
            output["traceback"] = [self._plain(line) for line in output["traceback"]]
        for kind, text in output.get("data", {}).items():
            if kind.startswith("text/"):
                output["data"][kind] = self._plain(text)
        return output

    def answer_faults(self) -> dict[str, str]:
        """For each exercise whose answer cell did not come to its end, why not."""
        found = {}
        for step in self._steps:
            if step.kind != "answer":
                continue
            errors = [o for o in step.cell.outputs if o.output_type == "error"]
            if step.missing:
                found[step.exercise] = "there is no answer cell"
            elif step.name in self.stopped:
                found[step.exercise] = f"the answer cell {self.stopped[step.name]}"
            elif errors:
                said = " ".join(f"{errors[-1].ename}: {errors[-1].evalue}".split()).rstrip(":")
                found[step.exercise] = f"the answer cell ends with {said[:150]}"
        return found

    def trouble(self) -> list[str]:
        """What went wrong, a sentence each."""
        found = []
        for step in self._steps:
            if step.missing:
                found.append(f"The answer cell {step.name} is not in the submission.")
            if step.name in self.stopped:
                cell = "Checking your answer" if step.kind == "hidden" else "A cell"
                where = f" of {step.exercise}" if step.exercise else ""
                found.append(f"{cell}{where} {self.stopped[step.name]}; it was left out.")
        if self._broken:
            found.append(f"Grading had to stop: {self._broken}.")
        return list(dict.fromkeys(found))
