"""One zip of the built site, to carry to a place without a network.

``python -m tools.offline`` after ``make book``. The same site gives the same bytes: files
are sorted, and all carry one time.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path

from tools import book

SITE = book.ROOT / "_build" / "html"
FOLDER = "the-bond-or-the-drug"
TARGET = book.ROOT / "_build" / f"{FOLDER}.zip"
TIME = (1980, 1, 1, 0, 0, 0)
FIRST = "READ-ME-FIRST.txt"
WORDS = """The Bond or the Drug?

Unpack this archive, then open index.html in a browser.
Nothing is loaded from elsewhere; search, math and sliders work without a network.
"""
LEFT_OUT = {".buildinfo", ".nojekyll", "objects.inv"}  # of no use to a reader


class OfflineError(ValueError):
    """A site that is not there."""


def files(site: Path) -> list[Path]:
    """What goes into the archive, sorted by path."""
    found = [path for path in site.rglob("*") if path.is_file() and path.name not in LEFT_OUT]
    return sorted(found, key=lambda path: path.relative_to(site).as_posix())


def bundle(site: Path = SITE, target: Path = TARGET) -> Path:
    """Write the archive, whole or not at all.

    Raises
    ------
    OfflineError
        When the site has not been built.
    """
    if not (site / "index.html").is_file():
        raise OfflineError("the site is not built: run 'make book'")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        add(archive, FIRST, WORDS.encode())
        for path in files(site):
            add(archive, path.relative_to(site).as_posix(), path.read_bytes())
    unfinished.replace(target)
    return target


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file under the archive's one folder, with a fixed time and plain rights."""
    entry = zipfile.ZipInfo(f"{FOLDER}/{name}", TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # the same on every machine
    entry.external_attr = 0o100644 << 16
    archive.writestr(entry, content)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when there is no site."""
    argparse.ArgumentParser(prog="python -m tools.offline", description=__doc__).parse_args(arguments)
    try:
        target = bundle()
    except OfflineError as error:
        print(error, file=sys.stderr)
        return 1
    size = target.stat().st_size / 1e6
    print(f"{target.relative_to(book.ROOT).as_posix()}: {size:.1f} MB; unpack it and open index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
