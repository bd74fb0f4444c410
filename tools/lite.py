"""The notebooks in the browser: JupyterLite in the folder ``lite`` of the built site.

``python -m tools.lite`` after ``jupyter-book build``. It holds every notebook, the data and
the helpers' wheel. Python itself is not in it: it comes from the address in ``bond_runtime``
of ``_config.yml``, and only when a reader starts a notebook. A security policy in each page
allows the site and that address, and nothing else. The same inputs give the same bytes, and
a finished folder is kept in ``_build/lite`` for the next time.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path

from tools import book, elsewhere, notebooks, packing, plain

SITE = book.ROOT / "_build" / "html"
KEPT = book.ROOT / "_build" / "lite"
FOLDER = "lite"
APP = "notebooks"
EXTENSION = "@jupyterlite/pyodide-kernel-extension"
KERNEL = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
DAY = "1980-01-01T00:00:00Z"
HELPERS = "bond-or-drug-helpers"
# What the kernel or the pages need and Pyodide does not have; all of it pure Python.
EXTRA_WHEELS = ("comm", "seaborn")
FETCHED = (HELPERS, "matplotlib", "networkx", "seaborn", "statsmodels")

SETUP = f"""# Run this cell first: it fetches the packages and the helpers.
import os

import piplite

await piplite.install({list(FETCHED)!r})
os.environ["BOND_DATA"] = os.path.abspath("../data")"""

# Parts of JupyterLite that a reader of the book never meets.
LEFT_OUT = (
    "*.map", "rspack.config*.js", "./package.json", "doc", "*.orig", "install.json",
    "fa-*.svg", "fa-*.eot", "fa-*.ttf", "fa-*.woff",  # the same icons as fa-*.woff2
)  # fmt: skip
ICONS = ("favicon", "favicon-notebook", "favicon-file", *(f"favicon-busy-{n}" for n in (1, 2, 3)))
INLINE = re.compile(r"<script>(?P<code>.*?)</script>|<script type=\"module\">(?P<module>.*?)</script>", re.S)


class LiteError(RuntimeError):
    """The folder cannot be made; the message says why."""


def policy(runtime: str) -> str:
    """The content security policy of the notebooks' pages.

    Styles may stand inline, since JupyterLab sets them so; scripts may not. JupyterLab
    compiles the schemas of its settings to functions, and starts nothing without that, so
    ``unsafe-eval`` is allowed here, and on no page of the book.
    """
    outside = elsewhere.origin(runtime)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' blob: 'unsafe-eval' 'wasm-unsafe-eval' {outside}",
            f"connect-src 'self' blob: data: {outside}",
            "worker-src 'self' blob:",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "manifest-src 'self'",
            "base-uri 'self'",
            "form-action 'none'",
        )
    )


def settings(runtime: str) -> dict:
    """The file ``jupyter-lite.json``: names, and where Python comes from."""
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "The Bond or the Drug?",
            "faviconUrl": "./icon-120x120.png",
            "contentsAllJsonFile": "all.json",
            "litePluginSettings": {
                f"{EXTENSION}:kernel": {
                    "pyodideUrl": f"{runtime}pyodide.mjs",
                    "disablePyPIFallback": True,
                },
            },
        },
    }


def contents(root: Path, cache: Path) -> dict[str, bytes]:
    """The files that a reader finds in the browser's folder, by path."""
    held = {}
    for page in notebooks.pages(root):
        values = notebooks.values_of(page, cache)
        made = notebooks.notebook(page, values, SETUP, link=sibling(root), kernel=KERNEL)
        held[f"book/{page.stem}.ipynb"] = notebooks.as_bytes(made)
    for path in book.files_below(("data",), root):
        held[path.relative_to(root).as_posix()] = path.read_bytes()
    return held


def sibling(root: Path) -> Callable[[str], str | None]:
    """The link from one notebook to another in the same folder."""
    stems = {page.stem for page in notebooks.pages(root)}
    return lambda stem: f"{stem}.ipynb" if stem in stems else None


def wheels(root: Path) -> dict[str, bytes]:
    """The helpers' wheel, and one for each package that the runtime lacks."""
    held = dict([helpers_wheel(root)])
    for name in EXTRA_WHEELS:
        file, content = installed_wheel(name)
        held[file] = content
    return held


def helpers_wheel(root: Path) -> tuple[str, bytes]:
    """The helpers as a wheel: their files, and the few lines that describe them."""
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    about = [
        "Metadata-Version: 2.1",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {one}" for one in project["dependencies"]),
    ]
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    files = {
        path.relative_to(root / "src").as_posix(): path.read_bytes()
        for path in book.files_below(("src/helpers",), root)
    }
    return wheel(stem, files, "\n".join(about) + "\n")


def installed_wheel(name: str) -> tuple[str, bytes]:
    """An installed package of pure Python, packed again as the wheel that it came from.

    Raises
    ------
    LiteError
        When it holds compiled code, which no browser could run.
    """
    package = metadata.distribution(name)
    about = package.read_text("METADATA") or ""
    files = {}
    for file in package.files or []:
        if file.suffix in (".so", ".pyd"):
            raise LiteError(f"{name} holds compiled code ({file}), which no browser can run")
        inside = not file.parts[0].endswith(".dist-info") and ".." not in file.parts
        if inside and "__pycache__" not in file.parts:
            files[file.as_posix()] = Path(str(package.locate_file(file))).read_bytes()
    return wheel(f"{package.metadata['Name'].replace('-', '_')}-{package.version}", files, about)


def wheel(stem: str, files: Mapping[str, bytes], about: str) -> tuple[str, bytes]:
    """A wheel of pure Python, the same bytes each time."""
    info = f"{stem}.dist-info"
    kind = "Wheel-Version: 1.0\nGenerator: tools.lite\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    held = dict(files) | {f"{info}/METADATA": about.encode(), f"{info}/WHEEL": kind.encode()}
    listing = io.StringIO()
    rows = csv.writer(listing, lineterminator="\n")
    for name in sorted(held):
        sum_ = base64.urlsafe_b64encode(hashlib.sha256(held[name]).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={sum_}", len(held[name])])
    rows.writerow([f"{info}/RECORD", "", ""])
    held[f"{info}/RECORD"] = listing.getvalue().encode()
    return f"{stem}-py3-none-any.whl", packing.archived(dict(sorted(held.items())))


def fingerprint(root: Path, runtime: str) -> str:
    """A hash of everything that the folder is made from; far quicker than making it."""
    packages = ("jupyterlite-core", "jupyterlite-pyodide-kernel", *EXTRA_WHEELS)
    facts = [runtime, notebooks.state(root), book.digest(("pyproject.toml",), root)]
    facts += [f"{package} {metadata.version(package)}" for package in packages]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def extension_folder() -> Path:
    """Where the kernel's part of JupyterLite is installed."""
    folder = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / EXTENSION
    if not folder.is_dir():
        raise LiteError("jupyterlite-pyodide-kernel is not installed: run 'make env'")
    return folder


def assemble(target: Path, held: Mapping[str, bytes], packed: Mapping[str, bytes], runtime: str):
    """Make the folder by JupyterLite's own command, then trim and guard it."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "wheels").mkdir()
        for name, content in packed.items():
            (work / "wheels" / name).write_bytes(content)
        (work / "jupyter-lite.json").write_text(json.dumps(settings(runtime)), encoding="utf-8")
        command = [
            sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", folder, "--apps", APP,
            "--no-sourcemaps", "--no-unused-shared-packages", "--piplite-wheels", str(work / "wheels"),
            "--output-dir", str(work / "out"), "--config", str(configuration(work)),
        ]  # fmt: skip
        environment = os.environ | {"SOURCE_DATE_EPOCH": "315532800", "TZ": "UTC"}
        run = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if run.returncode or not (work / "out" / APP / "index.html").is_file():
            raise LiteError(f"jupyter lite build failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
        trim(work / "out")
        add_icons(work / "out")
        add_contents(work / "out", held)
        for page in sorted((work / "out").rglob("*.html")):
            guard(page, runtime)
        unfinished = target.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(work / "out", unfinished)
        unfinished.replace(target)


def add_icons(folder: Path) -> None:
    """Add the icons of the browser's tab that the notebooks ask for by name.

    JupyterLite adds others where all of Jupyter's server is installed; those are dropped.
    """
    shutil.rmtree(folder / "static", ignore_errors=True)
    target = folder / "static" / "favicons"
    target.mkdir(parents=True)
    for name in ICONS:
        shutil.copyfile(folder / "icon-120x120.png", target / f"{name}.ico")


def add_contents(folder: Path, held: Mapping[str, bytes]) -> None:
    """Add the reader's files, and a listing of each folder as Jupyter's server would give it.

    JupyterLite makes the listings itself only where all of Jupyter's server is installed.
    """
    for name, content in held.items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for parent in sorted({parent.as_posix() for name in held for parent in Path(name).parents}):
        base = "" if parent == "." else parent
        listed = folder / "api" / "contents" / base / "all.json"
        listed.parent.mkdir(parents=True, exist_ok=True)
        entries = [model(name, held) for name in below(base, held)]
        listed.write_text(json.dumps(model(base, held) | {"content": entries}), encoding="utf-8")


def below(base: str, held: Mapping[str, bytes]) -> list[str]:
    """The files and folders directly in a folder, sorted."""
    prefix = f"{base}/" if base else ""
    inside = [name.removeprefix(prefix) for name in held if name.startswith(prefix)]
    return sorted({prefix + name.split("/")[0] for name in inside})


def model(name: str, held: Mapping[str, bytes]) -> dict:
    """A file or folder as Jupyter's contents service describes it."""
    path = Path(name)
    kind = "directory" if name not in held else "notebook" if path.suffix == ".ipynb" else "file"
    return {
        "name": path.name,
        "path": name,
        "type": kind,
        "format": "json" if kind == "directory" else None,
        "mimetype": None,
        "content": None,
        "size": len(held[name]) if name in held else None,
        "writable": True,
        "created": DAY,
        "last_modified": DAY,
    }


def configuration(work: Path) -> Path:
    """JupyterLite's own settings: this one extension, not what else is installed here."""
    path = work / "jupyter_lite_config.json"
    values = {
        "LiteBuildConfig": {
            "ignore_sys_prefix": ["federated_extensions"],
            "federated_extensions": [str(extension_folder())],
        }
    }
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def trim(folder: Path) -> None:
    """Delete what no reader of the book meets."""
    for pattern in LEFT_OUT:
        for path in [*folder.rglob(pattern)] if "/" not in pattern else [folder / pattern]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def guard(page: Path, runtime: str) -> None:
    """Move a page's inline scripts into files and set the policy before all else."""
    text = page.read_text(encoding="utf-8")

    def moved(found: re.Match) -> str:
        code = (found["code"] or found["module"]).strip() + "\n"
        name = f"start-{hashlib.sha256(code.encode()).hexdigest()[:8]}.js"
        (page.parent / name).write_text(code, encoding="utf-8")
        kind = ' type="module"' if found["module"] else ""
        return f'<script src="{name}"{kind}></script>'

    text = INLINE.sub(moved, text)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(runtime)}">'
    if "<head>" not in text:
        raise LiteError(f"{page.name} has no head to set the policy into")
    text = text.replace("<head>", f'<head>\n    <meta charset="utf-8">\n    {meta}', 1)
    page.write_text(text, encoding="utf-8")


def put(source: Path, site: Path, mark: str) -> Path:
    """Copy the folder into the site, unless this very one is there already."""
    target, unfinished = site / FOLDER, site / f"{FOLDER}.part"
    stamp = target / ".made-from"
    shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was stopped
    if not (stamp.is_file() and stamp.read_text() == mark):
        shutil.copytree(source, unfinished)
        (unfinished / stamp.name).write_text(mark)
        shutil.rmtree(target, ignore_errors=True)
        unfinished.replace(target)
    return target


def build(site: Path = SITE, runtime: str | None = None, kept: Path = KEPT) -> Path:
    """Make the folder ``lite`` of a built site.

    Raises
    ------
    LiteError, elsewhere.SettingError, plain.PlainError
        When there is no site, or the folder cannot be made.
    """
    if not (site / "index.html").is_file():
        raise LiteError("the site is not built: run 'make book'")
    address = elsewhere.runtime(runtime or configured_runtime())
    mark = fingerprint(book.ROOT, address)
    made = kept / mark
    if not made.is_dir():
        held = contents(book.ROOT, notebooks.latest_cache())
        assemble(made, held, wheels(book.ROOT), address)
        for old in kept.iterdir():
            if old != made:
                shutil.rmtree(old)
    return put(made, site, mark)


def configured_runtime(root: Path = book.ROOT) -> str:
    """The runtime's address in ``_config.yml``."""
    return book.setting("bond_runtime", "", root)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when the folder cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m tools.lite", description=__doc__)
    parser.add_argument("--site", type=Path, default=SITE, help="the built site")
    parser.add_argument("--runtime", help="another address of Python than the configured one")
    options = parser.parse_args(arguments)
    try:
        target = build(options.site, options.runtime)
    except (LiteError, elsewhere.SettingError, plain.PlainError) as error:
        print(error, file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file()) / 1e6
    print(f"{target}: {size:.1f} MB; it fetches Python from {options.runtime or configured_runtime()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
