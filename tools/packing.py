"""Files that are whole or not there, and archives that are the same bytes each time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that an archive can hold; every file in one carries it."""


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A path to write to, which takes the target's place when all went well.

    Until then, and after an error, the target stays what it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.part")
    try:
        yield unfinished
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def write(target: Path, content: bytes) -> None:
    """Write a file, whole or not at all; one that holds this already stays as it is."""
    if target.is_file() and target.read_bytes() == content:
        return
    with whole(target) as unfinished:
        unfinished.write_bytes(content)


def entry(name: str, kind: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    """A file of an archive, with a fixed time and plain rights."""
    made = zipfile.ZipInfo(name, TIME)
    made.compress_type = kind
    made.create_system = 3  # the same on every machine
    made.external_attr = 0o100644 << 16
    return made


def add(archive: zipfile.ZipFile, files: Mapping[str, bytes]) -> None:
    """Add files to an archive, in the order that they come in."""
    for name, content in files.items():
        archive.writestr(entry(name), content, compresslevel=9)


def archived(files: Mapping[str, bytes]) -> bytes:
    """An archive of files, in the order that they come in."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        add(archive, files)
    return buffer.getvalue()


def in_folder(folder: str, files: Mapping[str, bytes], first: str) -> bytes:
    """An archive that unpacks to one folder; the file to read first stands first in it."""
    names = [first, *sorted(files.keys() - {first})]
    return archived({f"{folder}/{name}": files[name] for name in names})
