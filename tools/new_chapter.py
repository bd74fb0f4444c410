"""A new chapter, complete and buildable, to be replaced part by part.

``python -m tools.new_chapter 16-my-topic --title "My topic"`` writes

- ``book/16-my-topic.md``, a short but whole analysis of a printed number: opening, cells,
  a figure with its texts, closings, exercises with hint and solution;
- its self-check, its assignment sheet, and its line in ``_toc.yml``;
- and, after running it, its stored reference.

The chapter is marked as a draft. A draft keeps every rule of the contract but the lower
limits of words and cells, its page says that it is not finished, and a release refuses it.
We do not fill the scaffold up to the length of a chapter: sentences that only fill a page
would have to be found and deleted again. The contract names those that were left.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from tools import assignments, book, opening, reference

TEMPLATES = book.ROOT / "templates" / "chapter"
TITLE = re.compile(r"[^\s#`{}\[\]][^#`{}\[\]\n]*")
LAST_CHAPTER = re.compile(r"^(?P<indent> *)- file: book/(?P<stem>\d\d-[a-z0-9-]+)\n", re.M)


class ChapterError(ValueError):
    """A chapter that cannot be made; the message says why."""


def check(name: str, title: str, root: Path = book.ROOT) -> None:
    """Stop at a name or a title that would not work.

    Raises
    ------
    ChapterError
        When the name is malformed, not the next one, or taken, or when the title is no line
        of plain words.
    """
    if not opening.STEM.fullmatch(name):
        raise ChapterError(
            f"{name!r} is no name of a chapter: two digits, a hyphen, and small letters, digits "
            "or hyphens, such as 16-my-topic"
        )
    if taken := [path for path in files(name, root) if path.exists()]:
        raise ChapterError(f"{taken[0].relative_to(root).as_posix()} is there already; nothing was changed")
    wanted = len(book.chapters(root)) + 1
    if int(name[:2]) != wanted:
        raise ChapterError(
            f"the next chapter has the number {wanted:02}, not {name[:2]}: chapters are numbered in "
            "reading order, and links and exercises name them by number"
        )
    if fault := title_fault(title):
        raise ChapterError(fault)


def title_fault(title: str) -> str:
    """What is wrong with a title; empty when nothing is."""
    if TITLE.fullmatch(title.strip()):
        return ""
    return f"{title!r} is no title: one line of plain words is asked for"


def files(name: str, root: Path = book.ROOT) -> list[Path]:
    """The files that make up a chapter, apart from its stored reference."""
    return [
        root / "book" / f"{name}.md",
        root / "book" / "selfcheck" / f"{name}.yml",
        assignments.sheet_path(name, root),
    ]


def filled(template: str, name: str, title: str) -> str:
    """A part of the scaffold with name, number and title set in.

    >>> filled("# [[title]] ([[number]], [[stem]])", "16-my-topic", "My topic")
    '# My topic (16, 16-my-topic)'
    """
    for word, value in (("stem", name), ("number", name[:2]), ("title", title.strip())):
        template = template.replace(f"[[{word}]]", value)
    return template


def listed(toc: str, name: str) -> str:
    """The table of contents with the chapter behind the last one, in the same part.

    >>> print(listed("parts:\\n  - chapters:\\n      - file: book/01-one\\n", "02-two"), end="")
    parts:
      - chapters:
          - file: book/01-one
          - file: book/02-two
    """
    last = [*LAST_CHAPTER.finditer(toc)]
    if not last:
        raise ChapterError("_toc.yml lists no chapter behind which the new one could stand")
    line = f"{last[-1]['indent']}- file: book/{name}\n"
    return toc[: last[-1].end()] + line + toc[last[-1].end() :]


def make(name: str, title: str, root: Path = book.ROOT) -> list[Path]:
    """Write the files of a chapter and list it; the paths that were written.

    Raises
    ------
    ChapterError
        As `check`; nothing is written then.
    """
    check(name, title, root)
    toc = root / "_toc.yml"
    contents = listed(toc.read_text(encoding="utf-8"), name)
    targets = files(name, root)
    for path, part in zip(targets, ("chapter.md", "selfcheck.yml", "assignment.md"), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        template = (TEMPLATES / part).read_text(encoding="utf-8")
        path.write_text(filled(template, name, title), encoding="utf-8")
    toc.write_text(contents, encoding="utf-8")
    return [*targets, toc]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when there is nothing to make."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.new_chapter",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", help="number and topic, such as 16-my-topic")
    parser.add_argument("--title", required=True, help="the chapter's title, a line of plain words")
    options = parser.parse_args(arguments)
    try:
        written = make(options.name, options.title)
    except ChapterError as error:
        print(error, file=sys.stderr)
        return 1
    os.environ.update(book.kernel_environment())
    if reference.main([options.name]):
        return 1
    for path in [*written, reference.reference_path(written[0])]:
        print(path.relative_to(book.ROOT).as_posix())
    print(f"Next: edit book/{options.name}.md, then 'make lint' and 'make book'. See CONTRIBUTING.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
