"""Stored references: what every cell printed when a person last looked.

``python -m tools.reference`` runs every page with code cells, shows how its
printed text differs from the stored references, and stores the new ones.
``--check`` shows the difference and stores nothing.

A reference is a small JSON file in ``tests/reference``: for each code cell the
hash of its source, its execution count and the text of its outputs. Pictures
are left out; of an HTML table the text is kept, so that a number that stands
only in a table is compared too.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat

from tools import book

REFERENCES = book.ROOT / "tests" / "reference"

# Outputs that hold no comparable text, or text that only repeats another output's.
UNCOMPARED = (
    "image/png",
    "image/jpeg",
    "image/svg+xml",
    "image/webp",
    "application/vnd.jupyter.widget-view+json",
)

# (pattern, replacement), applied to every output before it is compared.
SANITIZE = {
    r"(?s)<style.*?</style>": "",
    r"(?s)<script.*?</script>": "",
    r"</?[a-zA-Z][^<>]*>": " ",  # a tag of an HTML table, or an object's repr
    r"0x[0-9a-fA-F]{6,}": "ADDRESS",
    r"\d+(\.\d+)? ?(ns|µs|us|ms|s) ± .*": "TIMING",
    r"(CPU times|Wall time):.*": "TIMING",
    # statsmodels prints the date and the time of a fit
    r"Date: +\w{3}, \d{2} \w{3} \d{4}": "Date: DATE",
    r"Time: +\d{2}:\d{2}:\d{2}": "Time: TIME",
}


def sanitize(text: str) -> str:
    """A text without what differs from run to run."""
    for pattern, replacement in SANITIZE.items():
        text = re.sub(pattern, replacement, text)
    return text


def html_text(markup: str) -> str:
    """The words and numbers of an HTML output, single spaced."""
    return re.sub(r"\s+", " ", sanitize(markup))


def comparable(output) -> dict | None:
    """The part of one output that is stored and compared, or None."""
    if output.output_type == "stream":
        return {"output_type": "stream", "name": output.name, "text": sanitize(output.text)}
    if output.output_type == "error":
        return {
            "output_type": "error",
            "ename": output.ename,
            "evalue": output.evalue,
            "traceback": [],
        }
    data = {}
    for kind, value in output.data.items():
        if kind == "text/html":
            data[kind] = html_text(value)
        elif kind not in UNCOMPARED:
            data[kind] = sanitize(value) if isinstance(value, str) else value
    return {"output_type": output.output_type, "data": data} if data else None


def source_hash(source: str) -> str:
    """A short hash of a cell's source."""
    return hashlib.sha256(source.strip().encode()).hexdigest()[:12]


def reference_path(page: Path) -> Path:
    """Where the reference of a page is stored."""
    return REFERENCES / f"{page.stem}.json"


def execute(page: Path):
    """A page's notebook, run in its own folder by a fresh kernel."""
    from nbclient import NotebookClient

    notebook = book.read_notebook(page)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(page.parent)}},
        coalesce_streams=True,
    )
    client.execute()
    return notebook


def as_reference(notebook) -> dict:
    """The stored form of an executed notebook."""
    cells = [
        {
            "source": source_hash(cell.source),
            "first_line": cell.source.strip().split("\n")[0],
            "execution_count": cell.execution_count,
            "outputs": [part for part in map(comparable, cell.outputs) if part],
        }
        for cell in book.code_cells(notebook)
    ]
    return {"cells": cells}


def joined(page: Path):
    """A page's notebook with its stored outputs set in, for nbval.

    Raises
    ------
    ValueError
        When the reference is missing, was never run, or belongs to other cells.
    """
    path = reference_path(page)
    again = "look at the difference and store it with 'make reference'"
    if not path.is_file():
        raise ValueError(f"{page.name} has no stored reference; {again}")
    stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
    notebook = book.read_notebook(page)
    cells = book.code_cells(notebook)
    if len(cells) != len(stored):
        raise ValueError(
            f"{page.name} has {len(cells)} code cells, its reference {len(stored)}; {again}"
        )
    for number, (cell, reference) in enumerate(zip(cells, stored, strict=True)):
        if source_hash(cell.source) != reference["source"]:
            raise ValueError(f"{page.name}, cell {number} is not the one in its reference; {again}")
        if not isinstance(reference["execution_count"], int):
            raise ValueError(f"{page.name}, cell {number}: the reference was never run; {again}")
        cell.execution_count = reference["execution_count"]
        cell.outputs = [stored_output(output) for output in reference["outputs"]]
    return notebook


def stored_output(output: dict):
    """A stored output as a notebook output."""
    return nbformat.from_dict({"metadata": {}, **output} if "data" in output else output)


def printed_lines(reference: dict) -> list[str]:
    """A reference as lines of text, for a person to compare."""
    lines = []
    for number, cell in enumerate(reference["cells"]):
        lines.append(f"[{number}] {cell['first_line']}")
        for output in cell["outputs"]:
            texts = output.get("data") or {output.get("name", "error"): output.get("text", "")}
            for kind, text in texts.items():
                if kind == "text/html" and texts.get("text/plain", "").strip():
                    continue  # the plain text shows the same numbers, easier to read
                lines += [f"    {line}" for line in str(text).splitlines()]
    return lines


def show_difference(page: Path, new: dict) -> bool:
    """Print how a page's printed text changed; whether it did."""
    path = reference_path(page)
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"cells": []}
    if old == new:
        print(f"{page.name}: unchanged")
        return False
    difference = list(
        difflib.unified_diff(
            printed_lines(old), printed_lines(new), "stored", "now", lineterm="", n=1
        )
    )
    print(f"{page.name}: {'changed' if difference else 'same printed text, other source'}")
    print("\n".join(difference))
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.reference", description=__doc__)
    parser.add_argument("pages", nargs="*", help="page stems, such as 03-numbers (default: all)")
    parser.add_argument("--check", action="store_true", help="show the difference, store nothing")
    options = parser.parse_args(arguments)
    pages = [p for p in book.notebooks() if not options.pages or p.stem in options.pages]
    if not pages:
        parser.error(f"no page with code cells is called {' or '.join(options.pages)}")
    os.environ.update(book.kernel_environment())
    REFERENCES.mkdir(parents=True, exist_ok=True)
    changed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for page, notebook in zip(pages, pool.map(execute, pages), strict=True):
            new = as_reference(notebook)
            changed |= show_difference(page, new)
            if not options.check:
                text = json.dumps(new, indent=1, ensure_ascii=False) + "\n"
                reference_path(page).write_text(text, encoding="utf-8")
    if not options.pages and not options.check:
        drop_orphans({reference_path(page) for page in pages})
    return int(changed and options.check)


def drop_orphans(wanted: set[Path]) -> None:
    """Delete references whose page is gone."""
    for path in REFERENCES.glob("*.json"):
        if path not in wanted:
            print(f"{path.name}: its page is gone, deleted")
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())
