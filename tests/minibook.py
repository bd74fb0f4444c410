"""A small copy of the book, for tests that break it on purpose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import book, programs

COPIED = (
    "_config.yml", "_ext", "_static", "_vendor", "conftest.py", "data",
    "pyproject.toml", "requirements.txt", "src", "tools",
)  # fmt: skip

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

"""

# A chapter that has what the tools ask for, before its exercises.
CHAPTER = HEADER + """# One

```{chapter-opening}
question: Does it run?
objectives: [say *one*, say two, say three]
needs: Nothing
builds_on: []
minutes: 5
data: none
```

```{code-cell} ipython3
1 + 1
```
"""

# A cell that leaves a trace of each run, and prints a number from the data.
PAGE = HEADER + """# One

```{code-cell} ipython3
from pathlib import Path

import pandas as pd

with Path("../runs.txt").open("a") as file:
    file.write("run\\n")
ledger = pd.read_csv("../data/published.csv", index_col="id")
ledger.loc["davis.completed", "value"]
```
"""

FIGURE = """
```{{code-cell}} ipython3
---
mystnb:
{metadata}
---
import matplotlib.pyplot as plt

plt.plot([1, 2], [1, 2])
plt.show()
```
"""
ALT = "  image:\n    alt: A line that rises."
CAPTION = "  figure:\n    caption: A line."


class MiniBook:
    """A book of one page below a temporary folder."""

    def __init__(self, folder: Path):
        self.root = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in COPIED:
            source = book.ROOT / name
            if source.is_dir():
                ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
                shutil.copytree(source, folder / name, ignore=ignore)
            else:
                shutil.copy(source, folder / name)
        self.write("_toc.yml", "format: jb-book\nroot: index\nchapters:\n  - file: book/one\n")
        self.write("index.md", "# Mini\n\nA book of one page.\n")
        self.write("book/references.bib", "")
        self.write("book/one.md", PAGE)

    def write(self, name: str, text: str) -> None:
        """Write a file of the book."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def add(self, markdown: str, name: str = "book/one.md") -> None:
        """Add text to a page."""
        self.write(name, self.read(name) + markdown)

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        text = self.read(name)
        assert old in text, f"{name} does not hold {old!r}"
        self.write(name, text.replace(old, new))

    def read(self, name: str) -> str:
        """The text of a file of the book."""
        return (self.root / name).read_text(encoding="utf-8")

    def runs(self) -> int:
        """How often the page was executed."""
        path = self.root / "runs.txt"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def run(self, *command: str) -> subprocess.CompletedProcess:
        """Run a command in the book's folder, with the copy's own helpers."""
        environment = os.environ | {"PYTHONPATH": str(self.root / "src"), "NO_COLOR": "1"}
        environment.pop("PYTEST_XDIST_WORKER", None)
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )

    def build(self) -> subprocess.CompletedProcess:
        """Build the site the way ``make book`` does."""
        return self.run(*programs.jupyter_book(), "build", ".", "-W", "-n", "--keep-going")

    def page(self) -> str:
        """The built page."""
        return self.read("_build/html/book/one.html")

    def styles(self) -> str:
        """The one stylesheet of the built pages."""
        (path,) = (self.root / "_build" / "html" / "_static").glob("site.*.css")
        return path.read_text(encoding="utf-8")

    def reference(self) -> dict:
        """The stored reference of the page."""
        return json.loads(self.read("tests/reference/one.json"))

    def store_reference(self) -> None:
        """Run the page and store what it printed."""
        result = self.run(sys.executable, "-m", "tools.reference")
        assert result.returncode == 0, result.stdout + result.stderr

    def nbval(self) -> subprocess.CompletedProcess:
        """Run the page under nbval."""
        return self.run(sys.executable, "-m", "pytest", "-q", "book")
