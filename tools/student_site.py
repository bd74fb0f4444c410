"""A copy of the book without solutions, and a search for what leaked.

``python -m tools.student_site --build`` makes the copy in ``_build/student``, with
``bond_solutions: false``, builds its site, zip and EPUB there, and searches them. With folders
named it reads every file below them (a built site, assignments, archives and what lies in
them) and names each that holds a line of a solution, of a hidden check or of a wrong answer.
"""

from __future__ import annotations

import argparse
import gzip
import html
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools import assignments, book, programs, solutions

ANSWER = re.compile(r"^```\{code-cell\}[^\n]*\n:tags: \[answer\]\n(.*?)^```", re.M | re.S)
FENCE = re.compile(r"^`{3,}[^\n]*\n(:[\w-]+:[^\n]*\n)*", re.M)
COPY = book.ROOT / "_build" / "student"
COPIED = (
    "_config.yml", "_toc.yml", "_ext", "_static", "_vendor", "book", "data", "index.md", "print",
    "requirements.txt", "slides", "src", "templates", "tools", "LICENSE", "LICENSE-PROSE", "CHANGELOG.md",
    "CONTRIBUTING.md", "CITATION.cff", "budgets.toml", "pyproject.toml", "README.md",
)  # fmt: skip
LONG = 40  # letters: a shorter line may stand anywhere by chance
IN_ARCHIVE = (".zip", ".epub", ".whl")
PICTURES = (".png", ".jpg", ".ico", ".woff2", ".ttf", ".webp", ".wasm", ".map")


class LeakError(ValueError):
    """A file that cannot be searched; the message names it."""


def secret_lines(root: Path = book.ROOT) -> dict[str, str]:
    """What must not be in a student's hands: normal form of each long line, to its source.

    A line that also stands elsewhere in a chapter or in the helpers is no secret.
    """
    secret, known = {}, []
    for page in book.chapters(root):
        text = page.read_text(encoding="utf-8")
        known.append(solutions.without(text))
        for found in solutions.SOLUTION.finditer(text):
            known += [stub(code) for code in ANSWER.findall(found[0])]
            for line in lines(FENCE.sub("", found[0])):
                secret[line] = page.name
        path = assignments.sheet_path(page.stem, root)
        if path.is_file():
            sheet = assignments.read_sheet(path)
            known += [*sheet.setup, *(code for task in sheet.tasks for code in task.checks)]
            for task in sheet.tasks:
                for piece in (*task.hidden, *task.wrong):
                    for line in lines(piece.code):
                        secret[line] = path.relative_to(root).as_posix()
    known += [path.read_text(encoding="utf-8") for path in (root / "src").rglob("*.py")]
    open_text = normal("\n".join(known))
    return {line: name for line, name in secret.items() if line not in open_text}


def stub(code: str) -> str:
    """What a student sees of an answer: names and docstrings of its functions."""
    marked = assignments.marked(code, "an answer")
    return re.sub(r"### BEGIN SOLUTION\n.*?### END SOLUTION", "", marked, flags=re.S)


def lines(text: str) -> Iterator[str]:
    """The lines of a text that say enough to be known again, in normal form.

    A role is cut out, since the site sets a number or a link there: the longest rest counts.
    """
    for line in text.splitlines():
        if line.lstrip().startswith(("import ", "from ", "glue(")):
            continue
        parts = re.split(r"\{[\w:]+\}`[^`]*`|\$[^$]*\$|[*`_]", line)
        longest = max(map(normal, parts), key=len)
        if len(longest) >= LONG:
            yield longest


def normal(text: str) -> str:
    """A text without spaces and with plain quotes, as it is compared."""
    text = text.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2212: "-"})
    return re.sub(r"\s+", "", text)


def leaks(files: Iterable[tuple[str, bytes]], secret: dict[str, str]) -> list[str]:
    """One sentence for each file that holds a secret line."""
    found = []
    for name, content in files:
        text = searchable(name, content)
        hits = [line for line in secret if line in text]
        if hits:
            source = secret[hits[0]]
            found.append(
                f"{name} holds {len(hits)} lines of solutions, such as one of {source}: {hits[0][:60]}"
            )
    return found


def searchable(name: str, content: bytes) -> str:
    """A file's text in normal form, without marks of HTML and escapes of JSON."""
    text = content.decode("utf-8", errors="replace")
    if name.endswith((".html", ".xhtml")):
        text = html.unescape(re.sub(r"<[^>]*>", "", text))
    elif name.endswith((".ipynb", ".json", ".js")):
        text = re.sub(r'\\n",\s*"|\\n', "\n", text).replace('\\"', '"')
        text = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
    # Notebooks and the search keep marks of emphasis and code that the lines do not have.
    return normal(re.sub(r"[*`_]", "", text)) + "\n" + normal(text)


def files_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, and in the archives there, by name; pictures left out."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
        if path.is_file():
            yield from unpacked(path.relative_to(folder.parent).as_posix(), path.read_bytes())


def unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """A file, or all that an archive holds."""
    if name.endswith(PICTURES):
        return
    if name.endswith(IN_ARCHIVE):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for inner in archive.namelist():
                yield from unpacked(f"{name}/{inner}", archive.read(inner))
    elif name.endswith(".gz"):
        yield name, gzip.decompress(content)
    elif name.endswith(".pdf"):
        program = shutil.which("pdftotext")
        if program is None:
            raise LeakError(f"{name}: pdftotext, which reads a PDF, is not installed")
        run = subprocess.run([program, "-", "-"], input=content, capture_output=True, check=True)
        yield name, run.stdout
    else:
        yield name, content


def build(root: Path = book.ROOT, target: Path = COPY) -> Path:
    """A copy of the book without solutions, built: site, zip and EPUB; the folder of its site.

    What the book's own build has executed is taken from there.
    """
    keep = target / "_build"
    for path in target.iterdir() if target.is_dir() else []:
        if path != keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    target.mkdir(parents=True, exist_ok=True)
    unwanted = shutil.ignore_patterns(*book.IGNORED_PARTS, "*.egg-info")
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=unwanted)
        elif source.is_file():
            shutil.copy2(source, target / name)
    switch_off(target / "_config.yml")
    for name in (".jupyter_cache", "lite"):
        if (root / "_build" / name).is_dir():
            shutil.copytree(root / "_build" / name, keep / name, dirs_exist_ok=True)
    python = [sys.executable, "-m"]
    environment = os.environ | {"PYTHONPATH": str(target / "src")}
    environment.pop(solutions.VARIABLE, None)
    for command in (
        [*programs.jupyter_book(), "build", ".", "-W", "-n", "--keep-going", "-q"],
        [*python, "tools.lite"],
        [*python, "tools.slides"],
        [*python, "tools.offline"],
        [*python, "tools.epub"],
    ):
        subprocess.run(command, cwd=target, env=environment, check=True)
    return keep / "html"


def switch_off(config: Path) -> None:
    """Put the setting to false, as an instructor does by hand."""
    text = config.read_text(encoding="utf-8")
    changed, number = re.subn(
        rf"^(\s+{solutions.SETTING}): (true|false)$", r"\1: false", text, flags=re.M
    )
    if number != 1:
        raise ValueError(f"{config.name} has {number} lines with {solutions.SETTING}, not one")
    config.write_text(changed, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when something leaked."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.student_site",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="where to search")
    parser.add_argument("--build", action="store_true", help="build the copy for students first")
    options = parser.parse_args(arguments)
    folders = list(options.folders)
    try:
        if options.build:
            site = build()
            folders += [
                site,
                *sorted(site.parent.glob("*.zip")),
                *sorted(site.parent.glob("*.epub")),
            ]
        if not folders:
            parser.error("name a folder, or --build")
        if missing := [str(path) for path in folders if not path.exists()]:
            parser.error(f"there is no {missing[0]}")
        secret, found, number = secret_lines(), [], 0
        for folder in folders:
            for file in files_in(folder):  # one at a time: a site with its archives is large
                number += 1
                found += leaks([file], secret)
    except subprocess.CalledProcessError as error:
        print(f"the copy for students is not built: {' '.join(error.cmd)} failed", file=sys.stderr)
        return 1
    except (LeakError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        "\n".join(found)
        or f"no line of a solution in {number} files ({len(secret)} lines looked for)"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
