"""A kernel in a process of its own, with limits and a watch.

`Kernel` starts `tools.grading.guard` in a scratch folder and with an environment that holds
nothing of the grader's. It runs cells one by one, cuts their output while it arrives, interrupts
what takes too long, and ends the process, with all that it started, when an interrupt does not
help. Time, memory, number of processes and size of the scratch folder are watched from here.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import shutil
import sys
import sysconfig
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil
import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from tools import book

GUARD = Path(__file__).with_name("guard.py")
GRACE = 2.0
"""Seconds that a cell has to end after it was interrupted."""
START_SECONDS = 60
PING_SECONDS = 10
MOST_PROCESSES = 16
SCRATCH_MB = 200
LARGEST_MESSAGE = 64 * 2**20
TEXT_LIMIT = 20_000
"""Characters that are kept of one output; of the rest a line says how much it was."""
OUTPUTS_LIMIT = 50
PICTURE_LIMIT = 2 * 2**20
# Files of the system that libraries read; none of them holds a secret.
SYSTEM_FILES = (
    "/usr", "/lib", "/lib64", "/lib32", "/bin", "/opt/homebrew", "/System", "/Library/Fonts",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/etc/timezone", "/etc/fonts",
    "/etc/mime.types", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/os-release",
    "/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf", "/proc/cpuinfo", "/proc/meminfo",
    "/proc/stat", "/proc/version", "/proc/filesystems", "/sys/devices/system/cpu",
    "/sys/fs/cgroup", "/dev/urandom", "/dev/random", "/dev/zero", "/var/cache/fontconfig",
)  # fmt: skip
COMPILED = Path("home", ".numba")
"""Where numba keeps machine code, in the scratch folder."""
KEPT_VARIABLES = ("LANG", "LC_ALL", "PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TZ")


class KernelGone(Exception):
    """The kernel ended, or was ended; the text says why, for the student."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Attributes
    ----------
    seconds : float
        Wall time of one cell or one hidden check.
    total_seconds : float
        Wall time of the whole submission, runs after a crash included.
    memory_mb : int
        Memory of the kernel and of all that it starts.
    """

    seconds: float = 30.0
    total_seconds: float = 300.0
    memory_mb: int = 2048


@dataclass
class Ran:
    """One cell, run: its outputs, and why it was stopped if it was."""

    outputs: list = field(default_factory=list)
    stopped: str = ""


def readable_paths() -> list[str]:
    """What a kernel may read: Python, its packages, the helpers, the data, the system's files."""
    paths = {*SYSTEM_FILES, sys.prefix, sys.base_prefix, os.path.dirname(sys.executable)}
    paths |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths |= {str(book.ROOT / "src"), str(book.ROOT / "data"), str(GUARD)}
    return sorted({os.path.realpath(path) for path in paths if path and os.path.exists(path)})


def environment(scratch: Path) -> dict[str, str]:
    """The variables of a kernel: none of the grader's but those without which nothing runs."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    home = scratch / "home"
    one_thread = {k: v for k, v in book.kernel_environment().items() if k.endswith("_THREADS")}
    return kept | one_thread | {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "IPYTHONDIR": str(home / ".ipython"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(home / ".matplotlib"),
        "NUMBA_CACHE_DIR": str(scratch / COMPILED),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(book.ROOT / "src"),
        "PYTHONUTF8": "1",
        "TMPDIR": str(scratch / "tmp"),
        "TEMP": str(scratch / "tmp"),
        "TMP": str(scratch / "tmp"),
    }  # fmt: skip


def link(source: Path, target: Path) -> None:
    """A link to a folder, or a copy where the system grants no links."""
    if source.is_dir():
        try:
            target.symlink_to(source, target_is_directory=True)
        except OSError:
            shutil.copytree(source, target)


def end(process: psutil.Process) -> None:
    """End a process and all that came from it."""
    with contextlib.suppress(psutil.Error):
        family = [*process.children(recursive=True), process]
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()


class Watch(threading.Thread):
    """Looks at a kernel's memory, time and processes, and ends it when they go too far."""

    def __init__(self, pid: int, scratch: Path, limits: Limits, deadline: float) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._scratch, self._limits, self._deadline = scratch, limits, deadline
        self._over = threading.Event()
        self.reason = ""
        self.peak_mb = 0.0

    def run(self) -> None:
        """Look ten times a second."""
        turn = 0
        while not self._over.wait(0.1):
            try:
                family = [self._process, *self._process.children(recursive=True)]
            except psutil.Error:
                return
            used = 0
            for member in family:
                with contextlib.suppress(psutil.Error):
                    used += member.memory_info().rss
            self.peak_mb = max(self.peak_mb, used / 2**20)
            turn += 1
            self.reason = self._fault(used / 2**20, len(family), turn)
            if self.reason:
                end(self._process)
                return

    def _fault(self, used_mb: float, processes: int, turn: int) -> str:
        if used_mb > self._limits.memory_mb:
            return f"used more than {self._limits.memory_mb:,} MB of memory"
        if processes > MOST_PROCESSES:
            return f"started more than {MOST_PROCESSES} processes"
        if time.monotonic() > self._deadline:
            return (
                f"was still running after {self._limits.total_seconds:g} s for the whole notebook"
            )
        if turn % 5 == 0 and folder_mb(self._scratch) > SCRATCH_MB:
            return f"wrote more than {SCRATCH_MB} MB of files"
        return ""

    def stop(self) -> None:
        """End the watch."""
        self._over.set()
        self.join(5)


def folder_mb(folder: Path) -> float:
    """The size of the files in a folder; what vanishes meanwhile does not count."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total / 2**20


class Kernel:
    """A kernel for one submission; to be used in a ``with`` statement.

    Each kernel begins with a copy of the machine code in `compiled`, so that the helpers are
    compiled once and not for each student. Only a rehearsal, which runs no student's code, adds
    to that folder.

    Raises
    ------
    KernelGone
        From each method, when the process is no longer there.
    """

    def __init__(
        self,
        limits: Limits,
        imports: list[str],
        deadline: float,
        compiled: Path | None = None,
        *,
        rehearsal: bool = False,
    ) -> None:
        self._limits, self._imports, self._deadline = limits, imports, deadline
        self._compiled, self._rehearsal = compiled, rehearsal
        self.peak_mb = 0.0
        self.locks: dict[str, bool] = {}

    def __enter__(self) -> Kernel:
        self._holder = tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True)
        holder = Path(self._holder.name).resolve()
        # The kernel can write in scratch; settings and the kernel's own errors lie beside it.
        self.scratch = scratch = holder / "s"
        for name in ("book", "home", "tmp", "k"):
            (scratch / name).mkdir(parents=True)
        if self._compiled and not self._rehearsal:
            shutil.copytree(self._compiled, scratch / COMPILED)
        link(book.ROOT / "src", scratch / "src")
        link(book.ROOT / "data", scratch / "data")
        settings = holder / "settings.json"
        facts = {
            "memory_mb": self._limits.memory_mb,
            "cpu_seconds": int(2 * self._limits.total_seconds) + 60,
            "readable": [*readable_paths(), str(settings)],
            "writable": [str(scratch), os.path.realpath(os.devnull)],
            "locks": str(scratch / "locks.json"),
            "home": str(scratch / "book"),
            "imports": self._imports,
        }
        settings.write_text(json.dumps(facts), encoding="utf-8")
        spec = holder / "kernels" / "graded"
        spec.mkdir(parents=True)
        command = [sys.executable, "-P", str(GUARD), str(settings), "{connection_file}"]
        (spec / "kernel.json").write_text(
            json.dumps({"argv": command, "display_name": "graded", "language": "python"})
        )
        specs = KernelSpecManager(kernel_dirs=[str(spec.parent)], ensure_native_kernel=False)
        channel = {}
        if os.name != "nt":  # files in place of ports: a kernel needs no network at all
            channel = {"transport": "ipc", "ip": str(scratch / "k" / "k")}
        self._manager = KernelManager(
            kernel_name="graded",
            kernel_spec_manager=specs,
            connection_file=str(scratch / "k" / "connection.json"),
            **channel,
        )
        self._errors = (holder / "errors.txt").open("w+b")
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        self._watch = self._client = None
        self._manager.start_kernel(
            cwd=str(self.scratch / "book"),
            env=environment(self.scratch),
            stdout=self._errors,
            stderr=self._errors,
        )
        pid = self._manager.provisioner.pid
        self._watch = Watch(pid, self.scratch, self._limits, self._deadline)
        self._watch.start()
        self._client = self._manager.client()
        self._client.iopub_channel.socket.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        self._client.start_channels(stdin=False, hb=False)
        try:
            self._client.wait_for_ready(timeout=START_SECONDS)
        except RuntimeError as error:
            if self._watch.reason:  # it did start, and was ended
                raise KernelGone(self._watch.reason) from error
            self._errors.seek(0)
            last = self._errors.read()[-300:].decode(errors="replace").strip()
            raise KernelGone(f"the kernel did not start: {last or error}") from error
        with contextlib.suppress(OSError, ValueError):
            self.locks = json.loads((self.scratch / "locks.json").read_text(encoding="utf-8"))
        self._ask({"do": "start"}, "", START_SECONDS)

    def __exit__(self, *_: object) -> None:
        if self._watch:
            self._watch.stop()
            self.peak_mb = self._watch.peak_mb
            end(self._watch._process)
        if self._client:
            self._client.stop_channels()
        if self._manager.has_kernel:
            self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        self._errors.close()
        if self._rehearsal and self._compiled and (self.scratch / COMPILED).is_dir():
            shutil.copytree(self.scratch / COMPILED, self._compiled, dirs_exist_ok=True)
        self._holder.cleanup()

    def run(self, code: str) -> Ran:
        """Run a cell; one that leaves a kernel in which nothing runs has ended it."""
        ran = self._ask({}, code, self._limits.seconds)[0]
        if not self._ask({"do": "ping"}, "", PING_SECONDS)[1].get("works"):
            end(self._watch._process)
            raise KernelGone("left Python in a state in which no further cell runs")
        return ran

    def keep(self, place: str) -> None:
        """Remember the notebook's names as they are now, under this word."""
        self._ask({"do": "keep", "place": place}, "", self._limits.seconds)

    def check(self, place: str, code: str) -> str:
        """Run a hidden check in the names of a place; empty when it passed, else why not."""
        word = secrets.token_hex(16)
        order = {"do": "check", "place": place, "word": word}
        ran, answer = self._ask(order, code, self._limits.seconds)
        # The rule: a check counts when it showed the word, and for no other reason.
        if not ran.stopped and secrets.compare_digest(str(answer.get("reached", "")), word):
            return ""
        return ran.stopped or in_words(answer)

    def _ask(self, order: dict, code: str, seconds: float) -> tuple[Ran, dict]:
        session, shell = self._client.session, self._client.shell_channel
        content = {
            "code": code,
            "silent": bool(order),
            "store_history": not order,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        # An order in the metadata keeps the guard from running the code as a cell.
        metadata = {"grader": order} if order else {}
        message = session.msg("execute_request", content, metadata=metadata)
        shell.send(message)
        return self._collect(message["header"]["msg_id"], seconds, bool(order))

    def _collect(self, asked: str, seconds: float, silent: bool) -> tuple[Ran, dict]:
        ran, taken = Ran(), Outputs()
        start = time.monotonic()
        limit, idle, answer = start + seconds, False, None
        while not (idle and answer is not None):
            if answer is None:
                answer = self._message(self._client.shell_channel, asked, 0)
            message = self._message(self._client.iopub_channel, asked, 0 if idle else 0.05)
            if message is not None and not idle:
                idle = (
                    message["msg_type"] == "status"
                    and message["content"]["execution_state"] == "idle"
                )
                if not idle and not silent:
                    taken.add(message)
            elif idle and answer is None:
                time.sleep(0.005)
            now = time.monotonic()
            if message is None and not self._alive():
                raise KernelGone(self._why())
            if now > limit:
                if ran.stopped:
                    end(self._watch._process)
                    raise KernelGone(f"{ran.stopped}, and did not let itself be stopped")
                ran.stopped = f"took longer than {seconds:g} s"
                self._manager.interrupt_kernel()
                limit = now + GRACE
        ran.outputs = taken.made()
        return ran, answer["content"].get("grader", {}) or {}

    def _message(self, channel, asked: str, seconds: float) -> dict | None:
        try:
            message = channel.get_msg(timeout=seconds)
        except queue.Empty:
            return None
        except (ValueError, zmq.ZMQError):
            return None  # not signed as the kernel signs, or no message at all
        return message if message["parent_header"].get("msg_id") == asked else None

    def _alive(self) -> bool:
        return self._manager.provisioner.process.poll() is None

    def _why(self) -> str:
        self._watch.join(0.3)  # it may be about to say so
        if self._watch.reason:
            return self._watch.reason
        code = self._manager.provisioner.process.poll()
        return "ended Python" + (f" (signal {-code})" if code is not None and code < 0 else "")


def in_words(answer: dict) -> str:
    """Why a check failed, in a line: the error, and where in the student's code it came up."""
    name, text = answer.get("error"), str(answer.get("message", ""))
    if not name:
        return "the check did not come to its end"
    text = " ".join(text.split())
    text = text if len(text) <= 200 else text[:199] + "…"
    said = text if name == "AssertionError" else f"{name}: {text}" if text else str(name)
    if name == "SystemExit":
        said = "the code asked Python to stop (SystemExit)"
    if name == "TypeError" and "NoneType" in text:
        said += "; does the function return its result?"
    if answer.get("function") and name != "AssertionError":
        where = str(answer["function"])
        where = "" if where == "<module>" else f" in {where}()"
        said += f" (line {int(answer.get('line') or 0)}{where})"
    return said or "the check does not hold"


class Outputs:
    """The outputs of one cell, cut to a size that a page can show."""

    def __init__(self) -> None:
        self._made: list = []
        self._left_out = 0

    def add(self, message: dict) -> None:
        """Take one message of the kernel."""
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            self._made = []
        if kind not in ("stream", "display_data", "execute_result", "error"):
            return
        if kind == "stream" and self._made and self._made[-1].get("name") == content["name"]:
            last = self._made[-1]
            room = TEXT_LIMIT - len(last["text"])
            last["text"] += content["text"][: max(room, 0)]
            self._left_out += max(0, len(content["text"]) - max(room, 0))
            return
        if len(self._made) >= OUTPUTS_LIMIT:
            self._left_out += 1
            return
        output = nbformat.v4.output_from_msg(message)
        if kind == "stream":
            self._left_out += max(0, len(output["text"]) - TEXT_LIMIT)
            output["text"] = output["text"][:TEXT_LIMIT]
        elif kind == "error":
            output["ename"], output["evalue"] = output["ename"][:200], output["evalue"][:2000]
            output["traceback"] = [line[:2000] for line in output["traceback"][-8:]]
        else:
            output["metadata"] = {}
            output["data"] = {
                kind: value
                for kind, value in output["data"].items()
                if isinstance(value, str)
                and len(value) <= (PICTURE_LIMIT if kind.startswith("image/") else TEXT_LIMIT)
            }
        self._made.append(output)

    def made(self) -> list:
        """The outputs, with a last line on what was cut."""
        if self._left_out:
            text = "[The rest of the output was left out.]\n"
            self._made.append(nbformat.v4.new_output("stream", name="stderr", text=text))
        return self._made
