"""The kernel in which a submission runs: first it locks itself in, then it starts.

`tools.grading.kernels` starts this file with a JSON file of settings. Nothing here may be
trusted once a student's code runs: limits that matter are set before, or hold from outside.

What locks the kernel in, in this order:

- on Linux, a network of its own, without any interface, where the system grants one;
- limits of the system on data memory, on the size of files, on processor time, and no core dumps;
- on Linux, Landlock: outside the scratch folder nothing can be written, and nothing but the
  Python installation, the helpers and the data can be read; no TCP; no signals to others;
- everywhere, an audit hook that refuses network addresses, new processes, and files elsewhere,
  in a sentence. Python cannot take such a hook away again, but code that goes around Python
  (``ctypes``) does not meet it. On macOS and Windows this hook is all there is.

Hidden checks come one by one, after the last cell of the student, as a message of their own.
They run in a copy of the names that the notebook had at their place, with the modules' functions
and the built-in ones as they were before the student's first cell, and not by way of IPython:
a patched ``showtraceback`` or ``run_cell`` does not see them. One passes when its last line has
been reached and holds the word that the grader put there for this one run.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import json
import os
import sys
from pathlib import Path

# Beside what the notebooks import, modules whose functions checks lean on.
LEANED_ON = {"builtins", "math", "operator", "random", "statistics"}
OUTPUT_LIMIT = 200_000
"""Characters that one cell can print; the client cuts further."""
COPIED_BYTES = 20_000_000
COPIED_ITEMS = 10_000


def lock_network() -> bool:
    """Leave the network for an empty one; whether that was granted."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    new_user, new_net = 0x10000000, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(new_net) == 0:
        return True
    user, group = os.getuid(), os.getgid()
    if libc.unshare(new_user | new_net):
        return False
    with contextlib.suppress(OSError):  # keeps the user's name; nothing depends on it
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return True


def end_with_parent() -> None:
    """Let Linux end this process when the one that started it is gone."""
    if sys.platform.startswith("linux"):
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def set_limits(memory_mb: int, seconds: int) -> None:
    """Limits of the system for this process, as far as it has them."""
    try:
        import resource
    except ImportError:  # Windows
        return
    megabyte = 2**20
    # Data memory and not addresses: shared libraries reserve gigabytes and use none of them. The
    # slack is for the stacks of threads.
    wanted = {
        "RLIMIT_DATA": (memory_mb + 512) * megabyte,
        "RLIMIT_FSIZE": 50 * megabyte,
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": seconds,
        "RLIMIT_NOFILE": 512,
    }
    for name, value in wanted.items():
        if hasattr(resource, name):
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (value, value))


def lock_files(readable: list[str], writable: list[str]) -> bool:
    """Landlock: these paths and no others, and no TCP; whether it is in force."""
    try:
        import landlockpy as landlock
    except ImportError:
        return False
    if not landlock.supported():
        return False
    read = landlock.AccessFS.READ_FILE | landlock.AccessFS.READ_DIR | landlock.AccessFS.EXECUTE
    read_file = landlock.AccessFS.READ_FILE | landlock.AccessFS.EXECUTE
    rights = landlock.fs_for_abi(landlock.abi_version())
    scope = landlock.Scope.ABSTRACT_UNIX_SOCKET | landlock.Scope.SIGNAL
    with landlock.Ruleset(scoped=scope) as rules:
        for path in readable:
            if os.path.exists(path):
                rules.allow_path(path, read if os.path.isdir(path) else read_file)
        for path in writable:
            if os.path.isdir(path):
                rules.allow_path(path, rights)
            elif os.path.exists(path):
                rules.allow_path(path, landlock.AccessFS.READ_FILE | landlock.AccessFS.WRITE_FILE)
        rules.restrict()
    return True


def audit_hook(readable: list[str], writable: list[str]):
    """A hook that refuses network, processes, and files outside, in a sentence."""
    real, fspath, fsdecode, own = os.path.realpath, os.fspath, os.fsdecode, os.getpid()
    getcwd, joined = os.getcwd, os.path.join
    places = {
        kind: tuple(os.path.normcase(os.path.realpath(path)) for path in paths)
        for kind, paths in {"read": readable + writable, "write": writable}.items()
    }
    normcase, separator = os.path.normcase, os.sep
    changing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def refuse(sentence: str):
        raise PermissionError(f"Grading does not allow this: {sentence}.")

    def demand(path, kind: str) -> None:
        if path is None:
            path = getcwd()
        if isinstance(path, int):
            return  # a file that is open already
        where = normcase(real(joined(getcwd(), fsdecode(fspath(path)))))
        for place in places[kind]:
            if where == place or where.startswith(place.rstrip(separator) + separator):
                return
        verb = "read" if kind == "read" else "write"
        refuse(f"to {verb} outside the notebook's own folder")

    def local(address) -> bool:
        # Windows makes pairs of sockets by way of this machine's own address.
        if isinstance(address, (str, bytes)):
            return True
        return os.name == "nt" and address[0] in ("127.0.0.1", "::1")

    processes = {
        "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
        "os.spawn", "os.startfile", "os.startfile/2", "pty.spawn", "_winapi.CreateProcess",
    }  # fmt: skip
    names = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
    addresses = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}
    lists = {"os.listdir", "os.scandir", "os.chdir"}
    one_path = {
        "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.truncate", "os.utime",
        "os.setxattr", "os.removexattr", "os.chflags",
    }  # fmt: skip
    two_paths = {"os.rename", "os.link", "os.symlink"}

    def hook(event: str, facts: tuple) -> None:
        if event == "open":
            path, mode, flags = facts
            writes = bool(flags & changing) if isinstance(flags, int) else False
            writes = writes or (isinstance(mode, str) and any(letter in mode for letter in "wax+"))
            demand(path, "write" if writes else "read")
        elif event in processes:
            refuse("to start another program")
        elif event in names:
            refuse("the network")
        elif event in addresses:
            if facts[1] is not None and not local(facts[1]):
                refuse("the network")
        elif event in lists:
            demand(facts[0], "read")
        elif event in one_path:
            demand(facts[0], "write")
        elif event in two_paths:
            # What a symbolic link points at need not be writable; opening it is what counts.
            if event != "os.symlink":
                demand(facts[0], "write")
            demand(facts[1], "write")
        elif event in ("os.kill", "os.killpg") and facts[0] != own:
            refuse("to end another program")
        elif event == "sqlite3.connect":
            database = fsdecode(facts[0]) if isinstance(facts[0], (str, bytes)) else ""
            if database and database != ":memory:":
                demand(database.removeprefix("file:").partition("?")[0], "write")

    return hook


class Pristine:
    """What modules and built-in functions were before the student's first cell."""

    def __init__(self, imports: list[str]) -> None:
        space: dict = {}
        tops = set(LEANED_ON)
        for line in imports:
            # What cannot be imported is an error of the cell that asks for it.
            with contextlib.suppress(Exception):
                exec(line, space)
                for node in ast.parse(line).body:
                    if isinstance(node, ast.Import):
                        tops |= {alias.name.partition(".")[0] for alias in node.names}
                    elif isinstance(node, ast.ImportFrom) and node.module:
                        tops.add(node.module.partition(".")[0])
        self._imports = imports
        self._builtins = dict(vars(builtins))
        self._modules = {
            name: (module, {k: v for k, v in vars(module).items() if callable(v)})
            for name, module in list(sys.modules.items())
            if module is not None and name.partition(".")[0] in tops
        }

    def restore(self) -> None:
        """Put functions and classes back where a module has others under their names."""
        for name, (module, known) in self._modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module
            space = vars(module)
            for key, value in known.items():
                if space.get(key) is not value:
                    space[key] = value

    def space(self, names: dict) -> dict:
        """A copy of the student's names that a check can run in.

        A name such as ``sum`` that the student gave to something else means the built-in
        function here, and a module that the notebook's given cells import is that module.
        """
        kept = {
            key: value
            for key, value in names.items()
            if key.startswith("_") or key not in self._builtins
        }
        kept["__builtins__"] = self._builtins
        for line in self._imports:
            with contextlib.suppress(Exception):
                exec(line, kept)
        return kept


def copied(value):
    """A copy of plain data that a later cell could change in place; all else as it is."""
    kind = f"{type(value).__module__}.{type(value).__name__}"
    try:
        if type(value) in (list, dict, set) and len(value) <= COPIED_ITEMS:
            return copy.deepcopy(value)
        if kind == "numpy.ndarray" and value.nbytes <= COPIED_BYTES:
            return value.copy()
        if kind in ("pandas.DataFrame", "pandas.core.frame.DataFrame"):
            return value.copy() if value.memory_usage().sum() <= COPIED_BYTES else value
        if kind in ("pandas.Series", "pandas.core.series.Series"):
            return value.copy() if value.memory_usage() <= COPIED_BYTES else value
    except Exception:
        return value
    return value


class Checks:
    """Keeps the names of the notebook at each exercise, and runs hidden checks in them."""

    def __init__(self, names: dict, pristine: Pristine, home: str) -> None:
        self._names = names
        self._pristine = pristine
        self._home = home
        self._kept: dict[str, dict] = {}
        self._tools = (compile, exec, ast.parse, type, str, BaseException)

    def keep(self, place: str) -> dict:
        """Remember the names as they are at this place of the notebook."""
        hidden = ("In", "Out", "get_ipython", "exit", "quit", "open")
        self._kept[place] = {
            key: value if key.startswith("_") or key in hidden else copied(value)
            for key, value in self._names.items()
        }
        return {}

    def run(self, place: str, code: str, word: str) -> dict:
        """Run a check; the word comes back when its last line was reached."""
        compile_, exec_, parse, type_, str_, any_error = self._tools
        kept = self._kept[place]
        # Functions of the student look names up here, and find those of this place.
        self._names.clear()
        self._names.update(kept)
        os.chdir(self._home)
        self._pristine.restore()
        tree = parse(code)
        tree.body += parse(f"__reached__ = {word!r}").body
        try:
            space = self._pristine.space(kept)
            exec_(compile_(tree, "<hidden check>", "exec"), space)
        except any_error as error:
            return {
                "error": type_(error).__name__[:80],
                "message": message_of(error),
                **place_of(error),
            }
        return {"reached": space.get("__reached__")}


def message_of(error: BaseException) -> str:
    """The text of an error; its own ``__str__`` can fail."""
    try:
        return str(error)[:2000]
    except BaseException:
        return ""


def place_of(error: BaseException) -> dict:
    """The innermost function of the notebook that the error went through."""
    found, at = {}, error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if "ipykernel_" in code.co_filename or code.co_filename.startswith("<ipython-input"):
            found = {"function": code.co_name[:80], "line": at.tb_lineno}
        at = at.tb_next
    return found


def cap_prints() -> dict:
    """Drop what a cell prints beyond the limit, before it is kept anywhere."""
    from ipykernel.iostream import OutStream

    printed = {"characters": 0, "cut": False}
    write = OutStream.write

    def capped(self, string):
        if not isinstance(string, str):
            return write(self, string)
        room = OUTPUT_LIMIT - printed["characters"]
        printed["characters"] += len(string)
        if len(string) > room:
            printed["cut"] = True
            string = string[: max(room, 0)]
        return write(self, string) if string else 0

    OutStream.write = capped
    return printed


def keep_on() -> None:
    """Let ``quit()`` and ``exit()`` end the cell; the kernel would end later, amid another."""
    from ipykernel.zmqshell import ZMQInteractiveShell

    def ask_exit(self):
        raise SystemExit

    ZMQInteractiveShell.ask_exit = ask_exit


def kernel_class(home: str, imports: list[str], printed: dict):
    """The kernel, with messages for keeping names and for running checks."""
    from ipykernel.ipkernel import IPythonKernel

    class GradedKernel(IPythonKernel):
        checks: Checks | None = None

        async def do_execute(self, code, silent, *args, cell_meta=None, **kwargs):
            """Run a cell as ever, or do what the grader asks for in the message's metadata."""
            printed["characters"] = 0
            order = (cell_meta or {}).get("grader")
            if not order:
                return await super().do_execute(code, silent, *args, cell_meta=cell_meta, **kwargs)
            answer: dict = {}
            try:
                if order["do"] == "start":
                    self.checks = Checks(self.shell.user_ns, Pristine(imports), home)
                elif order["do"] == "keep":
                    self.checks.keep(order["place"])
                elif order["do"] == "ping":
                    ran = await super().do_execute("pass", True, store_history=False)
                    answer = {"works": ran["status"] == "ok"}
                else:
                    answer = self.checks.run(order["place"], code, order["word"])
            except BaseException as error:
                answer = {"error": type(error).__name__[:80], "message": message_of(error)}
            return {
                "status": "ok",
                "execution_count": 0,
                "user_expressions": {},
                "payload": [],
                "grader": answer,
            }

    return GradedKernel


def main() -> None:
    """Lock in, then serve as a kernel."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    end_with_parent()
    sys.dont_write_bytecode = True
    locks = {"network": lock_network()}
    set_limits(settings["memory_mb"], settings["cpu_seconds"])
    readable, writable = settings["readable"], settings["writable"]
    if sys.platform.startswith("linux"):
        readable = [*readable, f"/proc/{os.getpid()}"]
    locks["files"] = lock_files(readable, writable)
    Path(settings["locks"]).write_text(json.dumps(locks), encoding="utf-8")

    from ipykernel.kernelapp import IPKernelApp

    printed = cap_prints()
    keep_on()
    app = IPKernelApp.instance(
        kernel_class=kernel_class(settings["home"], settings["imports"], printed)
    )
    app.initialize(["-f", sys.argv[2], "--HistoryManager.enabled=False", "--log-level=40"])
    sys.argv[1:] = []
    sys.addaudithook(audit_hook(readable, writable))
    app.start()


if __name__ == "__main__":
    main()
