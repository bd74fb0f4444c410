"""The PDF and the EPUB on the site: copies to download, linked where the page asks for them.

Both are made from the finished site, so no page can know while it is written whether they will
be there. A page that holds ``{take-away}`` has one sentence that names the commands; once a file
is made, it is copied into the site and the sentence links it. A new build of the site takes both
out again, so that nobody downloads an old file.
"""

from __future__ import annotations

import html
import posixpath
import re
import shutil
from pathlib import Path

from tools import book, packing

FOLDER = "_downloads"
KINDS = {
    "the-bond-or-the-drug.pdf": ("PDF", "make pdf"),
    "the-bond-or-the-drug.epub": ("EPUB", "make epub"),
}
LARGEST = 8_000_000
"""Bytes. A larger file stays out of the site."""
PLACE = re.compile(r'<p class="?take-away"?>.*?</p>', re.S)


def paragraph(files: dict[str, int], up: str = "") -> str:
    """The paragraph of a page, with the size of each file that the site has.

    >>> paragraph({"the-bond-or-the-drug.pdf": 6_200_000}, "../")
    '<p class="take-away"><a href="../_downloads/the-bond-or-the-drug.pdf">PDF</a> (6.2 MB); <code>make epub</code> makes the EPUB.</p>'
    """
    words = [
        f'<a href="{up}{FOLDER}/{name}">{kind}</a> ({files[name] / 1e6:.1f} MB)'
        if name in files
        else f"<code>{html.escape(command)}</code> makes the {kind}"
        for name, (kind, command) in KINDS.items()
    ]
    return f'<p class="take-away">{"; ".join(words)}.</p>'


def places(site: Path) -> list[Path]:
    """The pages that ask for the files."""
    pages = book.site_pages(site)
    return [path for path in pages if PLACE.search(path.read_text(encoding="utf-8"))]


def show(site: Path) -> None:
    """Write what the site has into the pages that ask for it."""
    files = {
        name: (site / FOLDER / name).stat().st_size
        for name in KINDS
        if (site / FOLDER / name).is_file()
    }
    for page in places(site):
        up = posixpath.relpath(".", page.parent.relative_to(site).as_posix())
        new = paragraph(files, "" if up == "." else f"{up}/")
        text = page.read_text(encoding="utf-8")
        with packing.whole(page) as unfinished:
            text = PLACE.sub(lambda _, new=new: new, text)
            unfinished.write_text(text, encoding="utf-8", newline="")


def offer(file: Path, site: Path) -> bool:
    """Put a file into the site, if a page asks for it and it is not too large."""
    if not places(site) or file.stat().st_size > LARGEST:
        return False
    with packing.whole(site / FOLDER / file.name) as unfinished:
        shutil.copy(file, unfinished)
    show(site)
    return True


def finish(file: Path, site: Path) -> str:
    """Offer a finished file; where it lies, how large it is, and whether the site has it."""
    words = "on the site" if offer(file, site) else "not on the site, which takes smaller ones"
    if not places(site):
        words = "no page of the site asks for it"
    return f"{file.relative_to(book.ROOT).as_posix()}: {file.stat().st_size / 1e6:.1f} MB; {words}"


def withdraw(site: Path) -> None:
    """Take the files out again."""
    there = [site / FOLDER / name for name in KINDS if (site / FOLDER / name).is_file()]
    for path in there:
        path.unlink()
    if there:
        show(site)
