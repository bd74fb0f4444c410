"""A folder for a paper of your own: ledger, codebook, assumptions, and a page about them.

``python -m tools.new_paper DIR --title "My paper"`` copies the template into a new folder.
It holds a made-up study, whole and consistent, so that everything works from the start:
``python -m tools.build_paper DIR`` checks it, makes matched trials and builds the page.
Replace the study file by file; the page ``book/your-chapter`` goes through the steps.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools import book
from tools.new_chapter import title_fault

TEMPLATE = book.ROOT / "templates" / "own-paper"


class PaperError(ValueError):
    """A folder that cannot be made or built; the message says why."""


def make(folder: Path, title: str, template: Path = TEMPLATE) -> list[Path]:
    """Copy the template into a folder that is new or empty; the files that were written.

    Raises
    ------
    PaperError
        When the folder holds something, is a file, or the title is no line of plain words.
    """
    if folder.exists() and not folder.is_dir():
        raise PaperError(f"{folder} is a file, not a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise PaperError(f"{folder} is not empty; nothing was changed")
    if fault := title_fault(title):
        raise PaperError(fault)
    written = []
    for source in book.files_below((".",), template):
        target = folder / source.relative_to(template)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text(encoding="utf-8").replace("[[title]]", title.strip())
        target.write_text(text, encoding="utf-8")
        written.append(target)
    return written


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when the folder cannot be made."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.new_paper",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write; new or empty")
    parser.add_argument("--title", default="Our paper", help="title of the page (default: Our paper)")
    options = parser.parse_args(arguments)
    try:
        written = make(options.folder, options.title)
    except PaperError as error:
        print(error, file=sys.stderr)
        return 1
    for path in written:
        print(path)
    print(f"Next: fill in the ledger, then 'python -m tools.build_paper {options.folder}'.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
