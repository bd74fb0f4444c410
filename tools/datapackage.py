"""Bring the hashes and sizes in ``data/datapackage.json`` up to date.

``python -m tools.datapackage`` after a change in ``data/``; with ``--check`` it
changes nothing and says what is out of date.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from tools import book

PACKAGE = book.ROOT / "data" / "datapackage.json"


def fingerprint(path: Path) -> dict:
    """The size and hash of a file, in the form the data package uses."""
    content = path.read_bytes()
    return {"bytes": len(content), "hash": "sha256:" + hashlib.sha256(content).hexdigest()}


def outdated(package: dict) -> list[dict]:
    """The resources whose file differs from what the package says."""
    return [
        resource
        for resource in package["resources"]
        if resource | fingerprint(PACKAGE.parent / resource["path"]) != resource
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when ``--check`` finds something out of date."""
    parser = argparse.ArgumentParser(prog="python -m tools.datapackage", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args(arguments)
    package = json.loads(PACKAGE.read_text(encoding="utf-8"))
    old = outdated(package)
    for resource in old:
        resource.update(fingerprint(PACKAGE.parent / resource["path"]))
        print(f"data/{resource['path']}: {'out of date' if options.check else 'brought up to date'}")
    if old and not options.check:
        text = json.dumps(package, indent=2, ensure_ascii=False) + "\n"
        PACKAGE.write_text(text, encoding="utf-8")
    return int(bool(old) and options.check)


if __name__ == "__main__":
    sys.exit(main())
