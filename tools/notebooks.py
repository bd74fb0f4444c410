"""Each page with cells as a notebook of its own, and as one zip that runs.

``python -m tools.notebooks --to FOLDER`` writes the notebooks (Binder asks for them in
``book``); with ``--zips`` it writes the archives that the pages offer. The build of the
site does the latter by itself.

A notebook is made from the page's Markdown. Directives, roles and computed numbers become
plain Markdown (`tools.plain`); the cells that only hand numbers to the text go; a first
cell finds the helpers. No output is stored, and the cells' ids are stable, so the same
sources give the same bytes. The computed numbers come from the build's cache of executed
pages; a page that is not there is executed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat

from tools import book, bookkeeping, chapter_map, packing, plain, reference, solutions

FIRST = "READ-ME-FIRST.txt"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
NAME = "bond-or-drug"
"""With the page's name behind it, the folder that an archive unpacks to."""

SETUP = """# Run this cell first: the helpers lie beside this folder.
import sys

sys.path.insert(0, "../src")"""

# What the study is: the helpers read these wherever a page names no others.
STUDY = ("assumptions.csv", "codebook.json", "published.csv")
# Which other file of data/ a helper reads when it is called without a path.
READERS = {
    "load_ensemble": "ensemble.csv.gz",
    "load_trial": "trial.csv",
    "read_claims": "claims.csv",
    "study_battery": "trial.csv",
}
# Every file that decides what the notebooks say.
SOURCES = ("index.md", "_toc.yml", "book", "tools", "LICENSE", "LICENSE-PROSE", *book.SHARED_INPUTS)
PACKAGES = (
    "numpy", "pandas", "scipy", "statsmodels", "matplotlib", "networkx", "seaborn",
    "numba", "joblib", "tqdm", "ipykernel",
)  # fmt: skip

START = """You need Python 3.11, 3.12 or 3.13. In this folder:

  macOS or Linux    python3 -m venv .venv
                    .venv/bin/python -m pip install -r requirements.txt
                    .venv/bin/jupyter lab {folder}/{stem}.ipynb

  Windows           py -3.12 -m venv .venv
                    .venv\\Scripts\\python -m pip install -r requirements.txt
                    .venv\\Scripts\\jupyter lab {folder}\\{stem}.ipynb
"""
"""How to open a notebook from an archive's folder."""
READ_ME = """{title}
A chapter of The Bond or the Drug?, as a notebook that runs.

{start}
The second line downloads the packages; after that nothing is fetched.
Where the packages are there already, open the notebook and leave the folders as they are.

  book/             the notebook, without outputs: run it from top to bottom
  data/             the files that it reads; datapackage.json describes each column
  src/helpers/      the book's helpers, as source; the first cell finds them
  requirements.txt  the versions with which the page was made

Code and helpers: MIT (LICENSE). Text and data: CC BY 4.0 (LICENSE-PROSE).
The trials in data/ are synthetic: they match the published numbers and are nobody's data.
"""


def pages(root: Path = book.ROOT) -> list[Path]:
    """The pages that are offered as notebooks: those below ``book`` with cells."""
    return [path for path in book.notebooks(root) if path.parent.name == "book"]


def state(root: Path = book.ROOT) -> str:
    """A short hash of all that the notebooks are made from, with or without solutions."""
    return book.digest(SOURCES, root) + ("" if solutions.shown(root) else "-without-solutions")


def executed(page: Path, cache: Path):
    """The page with its outputs, as the build's cache of executed pages holds it, or None."""
    from jupyter_cache import get_cache

    if not (cache / "global.db").is_file():
        return None
    found = get_cache(str(cache))
    try:
        return found.get_cache_bundle(found.match_cache_notebook(book.read_notebook(page)).pk).nb
    except KeyError:
        return None


def glued(run) -> dict[str, str]:
    """The numbers that an executed page's cells hand to its text, by name."""
    values = {}
    for cell in book.code_cells(run):
        for output in cell.outputs:
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name:
                values[name] = spoken(output["data"]["text/plain"])
    return values


def values_of(page: Path, cache: Path | None = None) -> dict[str, str]:
    """The computed numbers of a page: from the build's cache, or by running it."""
    return glued(executed(page, cache or latest_cache()) or reference.execute(page))


def spoken(text: str) -> str:
    """A handed value as the text shows it: a string without its quotes."""
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text


def figure_numbers(source, name: str) -> dict[str, str]:
    """The number that the site prints at each figure of a page, by the figure's name."""
    chapter = plain.Page(name, {}, {})
    captions = [
        cell.metadata["mystnb"]["figure"]
        for cell in book.code_cells(source)
        if cell.metadata.get("mystnb", {}).get("figure", {}).get("caption")
    ]
    return {
        figure.get("name", ""): f"Fig. {chapter.numbered(number)}"
        for number, figure in enumerate(captions, start=1)
    }


def notebook(
    page: Path,
    values: Mapping[str, str],
    setup: str = SETUP,
    link: Callable[[str], str | None] = lambda stem: None,
    kernel: Mapping[str, str] = KERNEL,
):
    """A page as a notebook that any viewer can show and any kernel can run.

    Parameters
    ----------
    page : Path
        The page's Markdown.
    values : mapping
        What `glued` gives.
    setup : str
        The first cell's code, which makes the helpers importable.
    link : callable, optional
        The address of another page by its stem, or None for no link.
    kernel : mapping, optional
        The kernelspec to write down.

    Raises
    ------
    plain.PlainError
        When the text holds something that only the site can draw.
    """
    source = as_shown(page)
    context = plain.Page(
        page.stem, values, figure_numbers(source, page.stem), page.parents[1], link
    )
    unseen = hidden(source)
    codes = [cell.source for cell in book.code_cells(source)]
    kept = bookkeeping.without(codes, unseen)
    cells, number = [], 0
    for at, cell in enumerate(source.cells):
        if cell.cell_type != "code":
            text = plain.plain(cell.source, context)
            if text:
                cells.append(nbformat.v4.new_markdown_cell(text, id=f"text-{at}"))
            continue
        code = kept[number]
        if code:
            folded = context.in_solution or number in unseen
            metadata = {"jupyter": {"source_hidden": True}} if folded else {}
            cells.append(nbformat.v4.new_code_cell(code, id=f"code-{number}", metadata=metadata))
            if below := plain.caption(cell.metadata, context):
                cells.append(nbformat.v4.new_markdown_cell(below, id=f"caption-{number}"))
        number += 1
    if listed := plain.references(context):
        cells.append(nbformat.v4.new_markdown_cell(listed, id="references"))
    # The title stays first, so that a viewer's list of headings begins with it.
    cells.insert(1, nbformat.v4.new_code_cell(setup, id="setup"))
    made = nbformat.v4.new_notebook(cells=split_title(cells))
    made.metadata = nbformat.from_dict(
        {"kernelspec": dict(kernel), "language_info": {"name": "python"}}
    )
    nbformat.validate(made)
    return made


def as_shown(page: Path):
    """A page as a notebook, without its solutions where the site does not show them."""
    text = page.read_text(encoding="utf-8")
    return book.as_notebook(text if solutions.shown(page.parents[1]) else solutions.without(text))


def split_title(cells: list) -> list:
    """The cells with the title in a cell of its own, above the set-up."""
    first, setup, *others = cells
    title, _, rest = first.source.partition("\n")
    head = nbformat.v4.new_markdown_cell(title, id="title")
    first.source = rest.strip("\n")
    return [head, setup, *([first] if first.source else []), *others]


def hidden(source) -> set[int]:
    """The numbers of the code cells that the site does not show."""
    return {
        number
        for number, cell in enumerate(book.code_cells(source))
        if "remove-cell" in cell.metadata.get("tags", [])
    }


def as_bytes(made) -> bytes:
    """A notebook as the bytes of its file."""
    return (json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def data_read(page: Path) -> list[str]:
    """The files of ``data`` that a page's cells read, sorted."""
    root = page.parents[1]
    code = "\n".join(cell.source for cell in book.code_cells(book.read_notebook(page)))
    names = {name for reader, name in READERS.items() if re.search(rf"\b{reader}\(", code)}
    names |= {name for name in STUDY if (root / "data" / name).is_file()}
    for named in re.findall(r"\.\./data/([\w./-]+)", code):
        path = root / "data" / named
        below = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
        names |= {p.relative_to(root / "data").as_posix() for p in below}
    return sorted(names)


def package_of(names: Iterable[str], root: Path = book.ROOT) -> dict[str, Any]:
    """The description of the data package, of these files only."""
    package = json.loads((root / "data" / "datapackage.json").read_text(encoding="utf-8"))
    wanted = set(names)
    package["resources"] = [one for one in package["resources"] if one["path"] in wanted]
    return package


def requirements(root: Path = book.ROOT) -> str:
    """What a notebook imports, in the versions of the lock, and an editor to open it."""
    text = (root / "requirements.txt").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^([\w.-]+)(==[^\\\n]*?)\s*\\?$", text)
    lines = [f"{name}{version}" for name, version in found if name in PACKAGES]
    return "\n".join([*lines, "jupyterlab>=4,<5"]) + "\n"


def files(page: Path, made) -> dict[str, bytes]:
    """Everything that the archive of a page holds, by its path there."""
    root = page.parents[1]
    names = data_read(page)
    title = chapter_map.title_of(page.read_text(encoding="utf-8"))
    held = {
        FIRST: READ_ME.format(title=title, start=START.format(folder="book", stem=page.stem), stem=page.stem).encode(),
        "requirements.txt": requirements(root).encode(),
        f"book/{page.stem}.ipynb": as_bytes(made),
        "data/datapackage.json": (json.dumps(package_of(names, root), indent=2) + "\n").encode(),
    }
    for name in ("LICENSE", "LICENSE-PROSE"):
        if (root / name).is_file():
            held[name] = (root / name).read_bytes()
    for name in names:
        held[f"data/{name}"] = (root / "data" / name).read_bytes()
    for path in book.files_below(("src/helpers",), root):
        held[path.relative_to(root).as_posix()] = path.read_bytes()
    return held


def archive(page: Path, values: Mapping[str, str]) -> bytes:
    """The archive of a page: one folder with all that its notebook needs."""
    return packing.in_folder(folder_of(page), files(page, notebook(page, values)), FIRST)


def folder_of(page: Path) -> str:
    """The folder that a page's archive unpacks to."""
    return f"{NAME}-{page.stem}"


def latest_cache(root: Path = book.ROOT) -> Path:
    """Where the build keeps the executed pages of the sources as they are now."""
    return root / "_build" / ".jupyter_cache" / book.digest(book.SHARED_INPUTS, root)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when a page cannot be made a notebook."""
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    parser.add_argument("pages", nargs="*", help="page stems, such as 03-numbers (default: all)")
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where to write")
    parser.add_argument("--zips", action="store_true", help="write archives, not notebooks")
    options = parser.parse_args(arguments)
    known = {page.stem: page for page in pages()}
    if unknown := set(options.pages) - known.keys():
        parser.error(f"no page with cells is called {sorted(unknown)[0]}")
    os.environ.update(book.kernel_environment())
    for stem in options.pages or known:
        try:
            page = known[stem]
            values = values_of(page)
            content = (
                archive(page, values)
                if options.zips
                else as_bytes(notebook(page, values))
            )
        except plain.PlainError as error:
            print(error, file=sys.stderr)
            return 1
        target = options.to / f"{stem}.{'zip' if options.zips else 'ipynb'}"
        with packing.whole(target) as unfinished:
            unfinished.write_bytes(content)
        print(f"{target}: {len(content) / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
