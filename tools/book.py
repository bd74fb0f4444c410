"""Where the book's files are, and how a chapter is read.

Every tool, test and Sphinx extension asks this module, so that there is one
answer to "which chapters are there" and "which code cells does a chapter have".
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]

# What a chapter's numbers depend on, besides its own cells. A change in any of
# these re-executes every chapter; a change elsewhere re-executes none.
SHARED_INPUTS = ("data", "src/helpers", "requirements.txt", "_config.yml")
# What the look of every page depends on: a change writes the pages anew.
SHARED_LOOKS = ("_static", "_vendor", "_ext", "tools")
# Folders of the built site without pages of the book: files, and what is made from the pages.
NO_PAGES = ("_static", "_images", "_downloads", "_sources", "lite", "slides")
IGNORED_PARTS = ("__pycache__", ".ipynb_checkpoints", ".DS_Store")


def toc_pages(root: Path = ROOT) -> list[str]:
    """Page names in reading order, as ``_toc.yml`` lists them (no suffix)."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))

    def walk(node):
        if isinstance(node, dict):
            if "file" in node:
                yield node["file"]
            for key in ("parts", "chapters", "sections"):
                for child in node.get(key, []):
                    yield from walk(child)

    return [toc["root"], *walk(toc)]


def page_path(name: str, root: Path = ROOT) -> Path:
    """The source file of a page that the table of contents names."""
    path = root / name
    return path if path.suffix == ".md" else root / f"{name}.md"


def site_pages(site: Path) -> list[Path]:
    """The pages of the book in a built site, sorted by path."""
    found = sorted(path.relative_to(site) for path in site.rglob("*.html"))
    return [site / path for path in found if path.parts[0] not in NO_PAGES]


def missing_from_toc(root: Path = ROOT) -> list[str]:
    """Markdown files under ``book/`` that no reader would ever see, sheets of assignments aside."""
    listed = {page_path(name, root).resolve() for name in toc_pages(root)}
    found = sorted((root / "book").rglob("*.md"))
    return [
        path.relative_to(root).as_posix()
        for path in found
        if path.resolve() not in listed
        and path.parent.name != "assignment"
        and not any(part in IGNORED_PARTS for part in path.parts)
    ]


def is_notebook(path: Path) -> bool:
    """Whether a page has cells to run."""
    return "```{code-cell}" in path.read_text(encoding="utf-8")


def notebooks(root: Path = ROOT) -> list[Path]:
    """Every page with code cells, in reading order."""
    paths = [page_path(name, root) for name in toc_pages(root)]
    return [path for path in paths if path.exists() and is_notebook(path)]


def chapters(root: Path = ROOT) -> list[Path]:
    """The numbered chapters (``book/NN-name.md``), in reading order."""
    return [p for p in notebooks(root) if p.parent.name == "book" and p.name[:2].isdigit()]


def read_notebook(path: Path):
    """A chapter as a notebook, by jupytext's MyST reader."""
    return as_notebook(path.read_text(encoding="utf-8"))


def as_notebook(text: str):
    """The text of a chapter as a notebook.

    The format is named outright: jupytext takes a bare ``.md`` for Pandoc.
    """
    import jupytext

    return jupytext.reads(text, fmt="md:myst")


def code_cells(notebook) -> list:
    """The code cells of a notebook, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def files_below(names: tuple[str, ...], root: Path = ROOT) -> list[Path]:
    """The named files, and every file in the named folders, sorted by path."""
    files = []
    for name in names:
        path = root / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        files += [p for p in found if p.is_file() and not set(p.parts) & set(IGNORED_PARTS)]
    return files


def digest(names: tuple[str, ...], root: Path = ROOT) -> str:
    """A short hash of the named files and folders and of the Python version."""
    total = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for path in files_below(names, root):
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(content_of(path) + b"\0")
    return total.hexdigest()[:16]


def setting(name: str, default, root: Path = ROOT):
    """A setting of the site, from the part of ``_config.yml`` that Sphinx gets."""
    path = root / "_config.yml"
    settings = yaml.safe_load(path.read_bytes()) if path.is_file() else None
    return sphinx_settings(settings or {}).get(name, default)


def sphinx_settings(settings: dict) -> dict:
    """What ``_config.yml`` holds for Sphinx; empty when it holds nothing."""
    return (settings.get("sphinx") or {}).get("config") or {}


def content_of(path: Path) -> bytes:
    """What a file says to the chapters: of the configuration, all but the settings of the site.

    A setting whose name begins with ``bond_`` tells how pages are shown. It changes no number,
    so a change of it must not run the chapters anew.
    """
    if path.name != "_config.yml":
        return path.read_bytes()
    settings = yaml.safe_load(path.read_bytes()) or {}
    config = sphinx_settings(settings)
    for name in [name for name in config if str(name).startswith("bond_")]:
        del config[name]
    return yaml.safe_dump(settings, sort_keys=False).encode()


def kernel_environment(root: Path = ROOT) -> dict[str, str]:
    """Environment variables under which every kernel of the book runs.

    One thread per kernel makes sums the same on any machine, and the profile
    of its own keeps a reader's IPython start-up files out of the results.
    """
    profile = root / "_build" / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    # Without this line every kernel start prints a notice about its transport.
    (profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 40\n")
    return {
        "IPYTHONDIR": str(profile.parent),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "VECLIB_MAXIMUM_THREADS": "1",
    }
