"""Submissions that break, loop, flood, cheat and pry: each is contained, the others are graded."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import handed_in
import pytest
from nbformat.v4 import new_code_cell

from tools import book
from tools.grade import Limits, grade_notebook

LINUX = sys.platform.startswith("linux")
# Only a test of a limit comes near it: the others must pass on a slow machine too.
LIMITS = Limits(seconds=60, total_seconds=600, memory_mb=700)
SECRET = "the-hidden-checks-know-4711"
# Runs the student's function on something that no visible check has.
CHECK = f"assert {{name}}(5) == 5, '{SECRET}'"


def check_of(name: str) -> str:
    """The hidden check for a function that gives back its argument."""
    return CHECK.format(name=name)


def right(name: str) -> str:
    """An answer that passes."""
    return f"def {name}(x):\n    return x\n"


def graded(answers: dict[str, str], limits: Limits = LIMITS, change=None):
    """The outcome of a submission with these answers, and its grading version."""
    source = handed_in.grading({name: check_of(name) for name in answers}, written=False)
    made = handed_in.student(source, answers)
    if change:
        change(made)
    return grade_notebook(made, source, limits)


def won(outcome) -> set[str]:
    """The exercises that got their points."""
    return {name.removeprefix("ex-") for name, points in outcome.points.items() if points}


def message(outcome, name: str) -> str:
    """Why the hidden check of an exercise failed."""
    return next(check.message for check in outcome.checks if check.exercise == f"ex-{name}")


def printed(outcome) -> str:
    """All outputs of a notebook."""
    return "\n".join(str(cell.get("outputs", "")) for cell in outcome.notebook.cells)


def digest(folder: Path) -> str:
    """One word for all files of a folder, with their names."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        total.update(path.as_posix().encode())
        total.update(path.read_bytes() if path.is_file() else b"")
    return total.hexdigest()


@pytest.fixture(scope="module")
def precious(tmp_path_factory):
    """A folder with files of the grader's."""
    folder = tmp_path_factory.mktemp("grader")
    (folder / "gradebook.csv").write_text("student,total\nada,2\n")
    (folder / "results").mkdir()
    (folder / "results" / "ada.json").write_text('{"word": "%s"}' % SECRET)
    return folder


@pytest.fixture(scope="module")
def rough(precious):
    """One submission that does all that need not end the kernel."""
    book_file = (precious / "gradebook.csv").as_posix()
    secret = (precious / "results" / "ada.json").as_posix()
    assignments = (book.ROOT / "_build").as_posix()
    answers = {
        "first": right("first"),
        "raises": "1 / 0\n" + right("raises"),
        "floods": right("floods") + "for _ in range(50):\n    print('x' * 1_000_000)\n",
        "hoards": "big = bytearray(20 * 2**30)\n" + right("hoards"),
        "forks": "import os\nos.fork()\n" + right("forks"),
        "spawns": "import subprocess\nsubprocess.run(['true'])\n" + right("spawns"),
        "leaves": "import sys\nsys.exit(0)\n" + right("leaves"),
        "quits": right("quits") + "quit()\n",
        "fetches": "import urllib.request\nurllib.request.urlopen('http://192.0.2.1/', timeout=1)\n",
        "dials": "import socket\nsocket.create_connection(('127.0.0.1', 80), timeout=1)\n",
        "asks": "import socket\nsocket.getaddrinfo('example.org', 80)\n",
        "writes": f"open({book_file!r}, 'a').write('bob,99')\n",
        "removes": f"import os\nos.remove({book_file!r})\n",
        "reads": f"print(open({secret!r}).read())\n",
        "lists": f"import os\nprint(os.listdir({assignments!r}))\n",
        "moves": "import os\nos.chdir('/')\n" + right("moves"),
        "wanders": right("wanders") + "import os\nos.makedirs('deep/er')\nos.chdir('deep/er')\n",
        "kills": "import os\nos.kill(os.getppid(), 9)\n" + right("kills"),
        "recurses": "def recurses(x):\n    return recurses(x)\n",
        "stops": "def stops(x):\n    if x == 5:\n        raise SystemExit\n    return x\n",
        "hides": "get_ipython().showtraceback = lambda *a, **k: None\n"
        "def hides(x):\n    raise ValueError('no')\n",
        "prints": "def prints(x):\n    print('✓ everything', 'reached')\n    return -1\n",
        "shadows": "sum = 7\n" + right("shadows"),
        "pries": right("pries") + "import gc, os\nprint(In, list(globals()))\n"
        "print([o for o in gc.get_objects() if type(o) is dict and 'hidden' in str(list(o))][:3])\n"
        "print([open(f).read() for f in os.listdir('.') if os.path.isfile(f)])\n"
        "print(dict(os.environ))\n",
        "rewrites": "def rewrites(x):\n    globals()['last'] = lambda y: -y\n    return x\n",
        "last": right("last"),
    }
    before = digest(precious)
    outcome = graded(answers)
    assert digest(precious) == before, "the grader's files were changed"
    return outcome


def test_what_never_ends_is_stopped_and_costs_its_own_points():
    answers = {
        "first": right("first"),
        "loops": "while True:\n    pass\n" + right("loops"),
        "waits": "def waits(x):\n    while x == 5:\n        pass\n    return x\n",
        "last": right("last"),
    }
    outcome = graded(answers, Limits(seconds=3, total_seconds=600, memory_mb=700))
    assert won(outcome) == {"first", "last"}
    for name in ("loops", "waits"):
        assert "took longer than 3 s" in message(outcome, name)


@pytest.mark.parametrize(
    "name", ["first", "last", "floods", "quits", "wanders", "shadows", "pries", "rewrites"]
)
def test_what_is_right_is_graded_among_all_that(rough, name):
    assert name in won(rough), message(rough, name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("raises", "ZeroDivisionError"),
        ("hoards", "MemoryError"),
        ("forks", "to start another program"),
        ("spawns", "to start another program"),
        ("leaves", "SystemExit"),
        ("fetches", "the network"),
        ("dials", "the network"),
        ("asks", "the network"),
        ("writes", "outside the notebook's own folder"),
        ("removes", "outside the notebook's own folder"),
        ("reads", "outside the notebook's own folder"),
        ("lists", "outside the notebook's own folder"),
        ("moves", "outside the notebook's own folder"),
        ("kills", "to end another program"),
        ("recurses", "RecursionError"),
        ("stops", "asked Python to stop"),
        ("hides", "ValueError: no (line 3 in hides())"),
    ],
)
def test_what_is_wrong_is_named_and_costs_its_own_points(rough, name, text):
    assert name not in won(rough)
    assert text in message(rough, name)


def test_printing_what_a_check_might_print_wins_nothing(rough):
    assert "prints" not in won(rough)


def test_a_flood_reaches_neither_memory_nor_the_notebook(rough):
    assert len(printed(rough)) < 300_000
    assert rough.memory_mb < LIMITS.memory_mb
    assert "left out" in printed(rough)


def test_nothing_of_the_hidden_checks_is_in_the_kernel_while_cells_run(rough):
    assert SECRET not in printed(rough)
    assert "HIDDEN TESTS" not in printed(rough)


def test_the_system_itself_locks_the_kernel_in(rough):
    if not LINUX:
        pytest.skip("Landlock is Linux's")
    landlock = pytest.importorskip("landlockpy")
    if not landlock.supported():
        pytest.skip("this kernel has no Landlock")
    assert rough.locks["files"]


def test_code_that_goes_around_python_meets_the_system_lock(precious, rough):
    if not rough.locks.get("files"):
        pytest.skip("no Landlock here")
    target = (precious / "gradebook.csv").as_posix()
    before = digest(precious)
    outcome = graded(
        {
            "a": "import ctypes\nc = ctypes.CDLL(None)\n"
            f"print('fd', c.open({target.encode()!r}, 0))\n"
            f"print('gone', c.unlink({target.encode()!r}))\n" + right("a"),
            "b": "import ctypes, os\nc = ctypes.CDLL(None)\n"
            "print('kill', c.kill(os.getppid(), 0))\n"
            "import socket\ns = socket.socket()\n"
            "there = bytes([2, 0, 0, 80, 127, 0, 0, 1]) + bytes(8)\n"
            "print('net', c.connect(s.fileno(), there, 16))\n"
            + right("b"),
        }
    )
    assert digest(precious) == before
    for what in ("fd", "gone", "kill", "net"):
        assert f"{what} -1" in printed(outcome)
    assert won(outcome) == {"a", "b"}


def test_what_ends_the_kernel_costs_its_own_points_alone():
    outcome = graded(
        {
            "first": right("first"),
            "breaks": "get_ipython().run_cell = None\n" + right("breaks"),
            "exits": "import os\nos._exit(0)\n",
            "crashes": "import ctypes\nctypes.string_at(0)\n",
            "clings": "while True:\n    try:\n        while True:\n            pass\n"
            "    except BaseException:\n        pass\n",
            "later": "import os\ndef later(x):\n    if x == 5:\n        os._exit(0)\n    return x\n",
            "last": right("last"),
        },
        Limits(seconds=3, total_seconds=600, memory_mb=700),
    )
    assert won(outcome) == {"first", "last"}
    assert outcome.status == "stopped"
    assert "no further cell runs" in message(outcome, "breaks")
    assert "ended Python" in message(outcome, "exits")
    assert "ended Python" in message(outcome, "later")
    assert "did not let itself be stopped" in message(outcome, "clings")
    assert (
        any("ex-crashes" in line and "signal 11" in line for line in outcome.trouble) or not LINUX
    )


def test_memory_and_time_are_watched_from_outside():
    """What the system's limits let through: memory bit by bit, and the sum of all cells."""
    outcome = graded(
        {
            # With pauses, so that the machine has memory left when the watch looks late.
            "eats": "import mmap, time\nkept = []\nwhile True:\n    m = mmap.mmap(-1, 2**22)\n"
            "    m.write(b'x' * 2**22)\n    kept.append(m)\n    time.sleep(0.01)\n",
            "last": right("last"),
        },
        Limits(seconds=60, total_seconds=600, memory_mb=300),
    )
    assert won(outcome) == {"last"}
    assert "300 MB of memory" in message(outcome, "eats")
    slow = {f"s{n}": f"import time\ntime.sleep(1)\n{right(f's{n}')}" for n in range(60)}
    outcome = graded(slow, Limits(seconds=30, total_seconds=2.5, memory_mb=300))
    assert outcome.seconds < 40  # not the sum of all cells
    assert not won(outcome)
    assert any("2.5 s" in line for line in outcome.trouble)


def cheats(notebook) -> None:
    """Edit checks, points and metadata; delete, double and reorder cells."""
    for cell in notebook.cells:
        facts = cell.metadata.nbgrader
        if facts.grade_id.endswith("-hidden-1"):
            cell.source = "print('passed')"
            facts.points, facts.solution = 1000, True
        if facts.grade_id.endswith("-check-1"):
            facts.grade, facts.points, facts.grade_id = True, 50, facts.grade_id
            cell.source = "print('all ✓')"
    names = [cell.metadata.nbgrader.grade_id for cell in notebook.cells]
    gone = handed_in.cell(notebook, "ex-gone-answer")
    setup = handed_in.cell(notebook, "setup")
    notebook.cells.remove(gone)
    notebook.cells.remove(setup)
    notebook.cells.reverse()
    notebook.cells.append(notebook.cells[names.index("head")])
    notebook.cells.append(handed_in.cell(notebook, "ex-good-hidden-1"))
    handed_in.cell(notebook, "ex-typed-answer").cell_type = "markdown"
    notebook.cells += [new_code_cell("import math, builtins\nmath.isclose = lambda *a, **k: True")]
    notebook.cells += [new_code_cell("builtins.abs = lambda x: 0\nmath = None\n")]


def test_edited_deleted_and_reordered_cells_change_nothing():
    source = handed_in.grading(
        {
            "good": check_of("good"),
            "gone": check_of("gone"),
            "typed": check_of("typed"),
            "close": "import math\nassert math.isclose(close(5), 5)",
            "size": "assert abs(size(5) - 5) < 0.1",
        },
        written=False,
    )
    answers = {"good": right("good"), "gone": right("gone"), "typed": right("typed")}
    answers |= {"close": "def close(x):\n    return 0\n", "size": "def size(x):\n    return 0\n"}
    made = handed_in.student(source, answers)
    cheats(made)
    outcome = grade_notebook(made, source, LIMITS)
    assert won(outcome) == {"good", "typed"}
    assert outcome.points["ex-good"] == 2
    assert "there is no answer cell" in message(outcome, "gone")
    assert "all ✓" not in printed(outcome)
    assert sum(check.max for check in outcome.checks) == 10
