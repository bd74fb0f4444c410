"""The helpers and the chapters under the versions of packages that a browser gets.

``python -m tools.pyodide_check`` makes an environment in ``_build/pyodide`` with the versions
in ``tools/pyodide-lock.json``, without numba and dask, as in the browser. It runs the helpers'
tests there, and each page's notebook against the stored references, and says which printed
text differs. It exits with 1 when a test fails, a cell stops, or a number differs on a
page that ``DIFFERENT`` does not name with its reason.

The same numbers from the same versions do not prove the browser right: its processor is
WebAssembly and its Python is newer. ``--update`` reads the versions anew from the npm package
of the Pyodide that the installed JupyterLite names.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import nbformat

from tools import book, notebooks, reference

LOCK = book.ROOT / "tools" / "pyodide-lock.json"
FOLDER = book.ROOT / "_build" / "pyodide"
CHECKED = (
    "numpy", "pandas", "scipy", "statsmodels", "patsy", "matplotlib", "pillow", "networkx",
    "joblib", "tqdm",
)  # fmt: skip
# Not in the lock: the site ships it, in the version of the book's own lock.
OWN = ("seaborn",)
TOOLS = ("ipykernel", "pytest", "hypothesis")
# The helpers' tests that need nothing but the helpers, and are quick without numba.
TESTS = ("consistency", "estimators", "published")
# Pages whose printed numbers may differ, and why. Other words and spaces may differ anywhere.
DIFFERENT: dict[str, str] = {}
NUMBER = re.compile(r"[-\u2212]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


class CheckError(RuntimeError):
    """The environment cannot be made; the message says why."""


def locked(path: Path = LOCK) -> dict:
    """The stored versions: of Pyodide, of its Python, and of its packages."""
    return json.loads(path.read_text(encoding="utf-8"))


def pythons() -> Iterator[tuple[tuple[int, int], str]]:
    """The Pythons of this machine, with their versions, newest first."""
    found = {}
    candidates = [shutil.which(f"python3.{minor}") for minor in range(11, 20)]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += [str(path) for path in sorted(versions.glob("3.*/bin/python3"))]
    for candidate in [*filter(None, candidates), sys.executable]:
        ask = [candidate, "-c", "import sys, ensurepip, venv; print(*sys.version_info[:2])"]
        run = subprocess.run(ask, capture_output=True, text=True, check=False)
        if run.returncode == 0:
            found.setdefault(tuple(map(int, run.stdout.split())), candidate)
    yield from sorted(found.items(), reverse=True)


def nearest_python(wanted: str) -> tuple[tuple[int, int], str]:
    """The newest Python here that is not newer than the browser's.

    Raises
    ------
    CheckError
        When no Python here can make an environment.
    """
    limit = tuple(map(int, wanted.split(".")[:2]))
    for version, path in pythons():
        if (3, 11) <= version <= limit:
            return version, path
    raise CheckError(
        "no Python here can make an environment; on Debian and Ubuntu: apt install python3-venv"
    )


def environment(lock: dict, folder: Path = FOLDER) -> Path:
    """The Python of an environment with the locked versions, made if need be.

    Where Python 3.11 is the newest, SciPy is the book's: the browser's wants a newer one.

    Raises
    ------
    CheckError
        When there is no Python for it, or a package cannot be had in its version.
    """
    version, base = nearest_python(lock["python"])
    wanted = [f"{name}=={lock['packages'][name]}" for name in CHECKED]
    own = OWN
    if version < (3, 12):
        wanted = [one for one in wanted if not one.startswith("scipy")]
        own += ("scipy",)
        print(f"Only Python 3.11 is here: scipy is the book's, not {lock['packages']['scipy']}.")
    wanted += [line for line in notebooks.requirements().splitlines() if line.startswith(own)]
    mark = "\n".join([f"{version}", *wanted, *TOOLS])
    python, stamp = folder / "env" / "bin" / "python", folder / "made-from.txt"
    if stamp.is_file() and stamp.read_text() == mark and python.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [base, "-m", "venv", str(folder / "env")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise CheckError(f"{base} could not make an environment:\n{run.stdout}{run.stderr}")
    install = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", *wanted, *TOOLS]
    run = subprocess.run(install, capture_output=True, text=True, check=False)
    if run.returncode:
        raise CheckError(f"pip could not install the locked versions:\n{run.stderr[-1500:]}")
    stamp.write_text(mark)
    return python


def kernel_variables() -> dict[str, str]:
    """The environment of a process that must not see this repository."""
    variables = os.environ | book.kernel_environment()
    variables.pop("PYTHONPATH", None)
    return variables


def run_tests(python: Path) -> bool:
    """Whether the helpers' tests pass there; prints their closing line."""
    files = [f"tests/test_{name}.py" for name in TESTS]
    command = [
        str(python), "-m", "pytest", "-q", "--noconftest", "-c", os.devnull, "--rootdir", ".",
        "-p", "no:cacheprovider", *files,
    ]  # fmt: skip
    variables = kernel_variables() | {"PYTHONPATH": f"{book.ROOT / 'src'}{os.pathsep}{book.ROOT}"}
    run = subprocess.run(
        command, cwd=book.ROOT, env=variables, capture_output=True, text=True, check=False
    )
    lines = run.stdout.strip().splitlines()
    print("\n".join(lines[-1:] if run.returncode == 0 else lines[-40:]))
    return run.returncode == 0


class Outcome(NamedTuple):
    """How a page ran: what went wrong, how its text differs, and for how long."""

    fault: str
    lines: list[str]
    seconds: float


def run_page(page: Path, python: Path) -> Outcome:
    """Run a page's notebook under that Python and set it beside the reference."""
    from jupyter_client import KernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    start = time.monotonic()
    values = notebooks.values_of(page)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "page.zip"
        archive.write_bytes(notebooks.archive(page, values))
        zipfile.ZipFile(archive).extractall(folder)
        path = Path(folder) / notebooks.folder_of(page) / "book" / f"{page.stem}.ipynb"
        made = nbformat.read(path, as_version=4)
        manager = KernelManager()
        manager.kernel_spec.argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        client = NotebookClient(
            made, km=manager, timeout=900, coalesce_streams=True,
            resources={"metadata": {"path": str(path.parent)}},
        )  # fmt: skip
        try:
            client.execute(env=kernel_variables())
        except CellExecutionError as error:
            fault = f"STOPPED: {error.ename}: {error.evalue}"
            return Outcome(fault, [], time.monotonic() - start)
        except (CellTimeoutError, DeadKernelError) as error:
            return Outcome(f"STOPPED: {error}", [], time.monotonic() - start)
    fault, lines = difference(page, made)
    return Outcome(fault, lines, time.monotonic() - start)


def difference(page: Path, made) -> tuple[str, list[str]]:
    """The cells whose printed numbers differ from the reference, and all lines that differ.

    Warnings are shown and not compared: they name lines of files.
    """
    stored = json.loads(reference.reference_path(page).read_text(encoding="utf-8"))["cells"]
    lines, cells = [], []
    for cell in book.code_cells(made):
        found = re.fullmatch(r"code-(\d+)", cell.id)
        outputs = [part for part in map(reference.comparable, cell.outputs) if part]
        if not found or not outputs:
            continue
        old = stored[int(found[1])]
        texts = [reference.printed_lines({"cells": [one]}) for one in (old, old | {"outputs": outputs})]
        changed = [
            line
            for line in difflib.unified_diff(*texts, lineterm="", n=0)
            if not line.startswith(("---", "+++", "@@"))
        ]
        if changed:
            lines += [f"cell {found[1]}", *changed]
        if numbers(old["outputs"]) != numbers(outputs):
            cells.append(found[1])
    return f"NUMBERS DIFFER in cell {', '.join(cells)}" if cells else "", lines


def numbers(outputs: list[dict]) -> list[str]:
    """The numbers in a cell's printed text, in order."""
    printed = [one for one in outputs if one.get("name") != "stderr"]
    lines = reference.printed_lines({"cells": [{"first_line": "", "outputs": printed}]})
    return NUMBER.findall("\n".join(lines[1:]))


def npm_lock(version: str) -> dict:
    """The versions in the npm package of one Pyodide."""
    if shutil.which("npm") is None:
        raise CheckError("there is no npm here: install it, it fetches the versions")
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"pyodide@{version}"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            raise CheckError(f"npm has no pyodide@{version}:\n{run.stderr[-500:]}")
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            lock = json.load(archive.extractfile("package/pyodide-lock.json"))
    packages = {name: one["version"] for name, one in sorted(lock["packages"].items())}
    return {"pyodide": version, "python": lock["info"]["python"], "packages": packages}


def update() -> None:
    """Store the versions of the Pyodide that the installed JupyterLite names."""
    from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION

    lock = npm_lock(PYODIDE_VERSION)
    LOCK.write_text(json.dumps(lock, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when something fails or differs without a stored reason."""
    parser = argparse.ArgumentParser(prog="python -m tools.pyodide_check", description=__doc__)
    parser.add_argument("pages", nargs="*", help="page stems, such as 03-numbers (default: all)")
    parser.add_argument("--no-tests", action="store_true", help="run the pages alone")
    parser.add_argument("--update", action="store_true", help="store the versions anew (needs npm)")
    options = parser.parse_args(arguments)
    known = {page.stem: page for page in notebooks.pages()}
    if unknown := set(options.pages) - known.keys():
        parser.error(f"no page with cells is called {sorted(unknown)[0]}")
    os.environ.update(book.kernel_environment())
    try:
        if options.update:
            update()
        lock = locked()
        python = environment(lock)
    except CheckError as error:
        print(error, file=sys.stderr)
        return 1
    ran = subprocess.run([str(python), "--version"], capture_output=True, text=True, check=True)
    print(f"Pyodide {lock['pyodide']}: Python {lock['python']} there, {ran.stdout.strip()} here")
    good = options.no_tests or run_tests(python)
    pages = [known[stem] for stem in options.pages or known]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for page, found in zip(pages, pool.map(lambda one: run_page(one, python), pages), strict=True):
            reason = DIFFERENT.get(page.stem) if found.fault.startswith("NUMBERS") else None
            word = "the numbers of the page" if not found.fault else reason or found.fault
            print(f"{page.stem}: {word} ({found.seconds:.0f} s)", flush=True)
            print("".join(f"  {line}\n" for line in found.lines), end="")
            good &= not found.fault or reason is not None
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
