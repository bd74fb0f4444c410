"""Check, match and build a paper's folder that ``python -m tools.new_paper`` began.

``python -m tools.build_paper DIR`` does three things, and stops at the first that fails:

1. it checks the ledger: can these numbers hold together?
2. it makes synthetic trials that have all of them, in ``DIR/data/matched``, unless those
   that are there were made from the same files;
3. it builds ``DIR/book/paper.md`` into ``DIR/site`` with the look of the book and all its
   checks. ``DIR/site/index.html`` opens in any browser and needs no network.

What it needs in between lies in ``DIR/_build`` and may be deleted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from helpers import matching

from tools import book, programs
from tools.new_paper import PaperError

STUDY = ("data/ledger.csv", "data/codebook.json", "data/assumptions.csv")
PAGE = ("book/paper.md", "book/references.bib")
MACHINERY = ("_ext", "_static", "_vendor", "src", "tools", "requirements.txt", "pyproject.toml")
WHAT = {
    "data/ledger.csv": "The printed numbers, one a row.",
    "data/codebook.json": "Groups, scales and visits of the study.",
    "data/assumptions.csv": "What nobody printed and the search needs, with reasons.",
    "data/matched/trials.csv": "The synthetic trials that have all printed numbers.",
    "data/matched/datapackage.json": "The description of the synthetic trials.",
    "data/matched/report.md": "Each printed number beside the rebuilt one.",
}
TOC = "format: jb-book\nroot: index\nchapters:\n  - file: book/paper\n  - file: book/references\n"
REFERENCES = "# References\n\n```{bibliography}\n:style: unsrt\n```\n"
INDEX = """# About this page

{doc}`book/paper` takes the printed numbers of one paper and looks at what data behind them can look like.

```{admonition} Synthetic data
:class: important
All participants are synthetic: they were made so that the printed numbers come out.
```

It was built with the tools of *The Bond or the Drug?*.
"""


def check_folder(folder: Path) -> None:
    """Stop when a file that the author writes is not there."""
    for name in (*STUDY, *PAGE):
        if not (folder / name).is_file():
            raise PaperError(
                f"{folder / name} is missing; 'python -m tools.new_paper' begins a folder that has it"
            )


def study_arguments(folder: Path) -> list[str]:
    """The study's files, as the matching command takes them."""
    ledger, codebook, assumptions = (str(folder / name) for name in STUDY)
    return [ledger, "--codebook", codebook, "--assumptions", assumptions]


def check_ledger(folder: Path) -> None:
    """Stop at a ledger whose numbers cannot hold together; the command has said why."""
    if matching.main([*study_arguments(folder), "--check"]):
        raise PaperError("the ledger is not ready; nothing was made")


def match(folder: Path, trials: int, seed: int) -> None:
    """Make the trials, unless those that are there came from the same files and numbers."""
    total = hashlib.sha256(f"{trials} {seed}".encode())
    for path in [folder / name for name in STUDY] + book.files_below(("src/helpers",)):
        total.update(path.read_bytes())
    stamp = folder / "_build" / "matched.txt"
    made = folder / "data" / "matched"
    if (made / "trials.csv").is_file() and stamp.is_file() and stamp.read_text() == total.hexdigest():
        print(f"{made}: made from the same files before")
        return
    stamp.unlink(missing_ok=True)
    wanted = ["--trials", str(trials), "--seed", str(seed), "--out", str(made), "--force"]
    if matching.main([*study_arguments(folder), *wanted]):
        raise PaperError("no trials were made, so no page was built")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(total.hexdigest())


def title_of(folder: Path) -> str:
    """The title of the page."""
    found = re.search(r"^# (.+)$", (folder / "book" / "paper.md").read_text(encoding="utf-8"), re.M)
    if not found:
        raise PaperError(f"{folder / 'book' / 'paper.md'} has no title, a line that begins with '# '")
    return found[1].strip()


def stage(folder: Path) -> Path:
    """A small book of this one page, with a copy of the machinery of the big one."""
    to = folder / "_build" / "book"
    for name in MACHINERY:
        source, target = book.ROOT / name, to / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for name in ("data", "book"):
        shutil.rmtree(to / name, ignore_errors=True)
        shutil.copytree(folder / name, to / name, ignore=shutil.ignore_patterns(".*", "*.ipynb"))
    config = yaml.safe_load((book.ROOT / "_config.yml").read_text(encoding="utf-8"))
    config |= {"title": title_of(folder), "author": ""}
    config["sphinx"]["config"] |= {"bond_address": "", "bond_repository": ""}
    (to / "_config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    (to / "_toc.yml").write_text(TOC, encoding="utf-8")
    (to / "book" / "references.md").write_text(REFERENCES, encoding="utf-8")
    (to / "index.md").write_text(INDEX, encoding="utf-8")
    (to / "data" / "datapackage.json").write_text(package(to, folder), encoding="utf-8")
    return to


def package(to: Path, folder: Path) -> str:
    """The description of every data file of the small book."""
    made = json.loads((folder / "data" / "matched" / "datapackage.json").read_text(encoding="utf-8"))
    schema = made["resources"][0].get("schema", {})
    resources = []
    for path in book.files_below(("data",), to):
        name = path.relative_to(to).as_posix()
        if name == "data/datapackage.json":
            continue
        entry = {"path": name.removeprefix("data/"), "description": WHAT.get(name, "Added by the author.")}
        resources.append(entry | ({"schema": schema} if name.endswith("trials.csv") else {}))
    facts = {"name": "own-paper", "title": title_of(folder), "synthetic": True, "resources": resources}
    return json.dumps(facts, indent=2) + "\n"


def build(folder: Path) -> Path:
    """Build the page; the file to open."""
    staged = stage(folder)
    command = [*programs.jupyter_book(), "build", ".", "-W", "-n", "--keep-going"]
    environment = os.environ | {"PYTHONPATH": str(staged / "src")}
    done = subprocess.run(
        command, cwd=staged, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PaperError(faults((done.stdout + done.stderr).replace(f"{staged}{os.sep}", "")))
    site = folder / "site"
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(staged / "_build" / "html", site, ignore=shutil.ignore_patterns(".*"))
    return site / "index.html"


def faults(log: str) -> str:
    """What the build said was wrong, without the rest of its log."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    said = [line for line in plain.splitlines() if re.search(r"WARNING|ERROR|Error:|error:", line)]
    return "\n".join(["the page was not built:", *dict.fromkeys(said or plain.splitlines()[-20:])])


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when a step fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.build_paper",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that tools.new_paper began")
    parser.add_argument("--trials", type=int, default=20, metavar="N", help="how many trials (default: 20)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="same seed, same trials (default: 1)")
    options = parser.parse_args(arguments)
    folder = options.folder.resolve()
    try:
        check_folder(folder)
        check_ledger(folder)
        match(folder, options.trials, options.seed)
        print(f"The page is built: open {build(folder)}")
    except PaperError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
