"""Fonts that hold only the characters that a site shows.

``subset`` makes a small copy of a ``woff2`` font: the characters asked for, with the
kerning, ligatures, and figures that the book's style uses. The same font and
characters give the same bytes.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

FEATURES = ("ccmp", "kern", "liga", "lnum", "mark", "tnum")
ASCII = frozenset(map(chr, range(0x20, 0x7F)))  # what a reader types, or a script writes
UNSHOWN = frozenset({"Cc", "Cn", "Co", "Cs"})  # control characters, and what is no character
TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.S)
CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})")


def characters(pages: Iterable[str], scripts: Iterable[str] = (), css: str = "") -> set[str]:
    """Every character that a site can show: in its pages, scripts, and generated content.

    >>> sorted(characters(["<p title='x'>&eacute;</p>"], css='a{content:"\\\\2713"}') - ASCII)
    ['é', '✓']
    """
    found = set(ASCII)
    for page in pages:
        found.update(html.unescape(TAG.sub("", page)))
    for script in scripts:
        found.update(script)
    found.update(css)
    found.update(chr(int(code, 16)) for code in CSS_ESCAPE.findall(css))
    return {character for character in found if unicodedata.category(character) not in UNSHOWN}


def subset(font: bytes, shown: set[str]) -> bytes:
    """A copy of a ``woff2`` font with the glyphs for some characters only."""
    from fontTools import subset as tool

    options = tool.Options(
        flavor="woff2", layout_features=list(FEATURES), hinting=False, notdef_outline=True
    )
    loaded = tool.load_font(io.BytesIO(font), options)
    subsetter = tool.Subsetter(options)
    subsetter.populate(unicodes=[ord(character) for character in shown])
    subsetter.subset(loaded)
    target = io.BytesIO()
    tool.save_font(loaded, target, options)
    return target.getvalue()


def subset_files(paths: Iterable[Path], shown: set[str], cache: Path) -> None:
    """Replace fonts by their subsets; those made before come from the cache.

    A font that is a subset already, since an earlier build wrote it, is in the
    cache under its own name and is left alone.
    """
    import fontTools

    cache.mkdir(parents=True, exist_ok=True)
    signs = f"{fontTools.version} {FEATURES} {''.join(sorted(shown))}".encode()
    wanted = set()
    for path in sorted(paths):
        font = path.read_bytes()
        made = cache / f"{hashlib.sha256(font).hexdigest()}.made"
        if made.exists():  # the bytes of a subset, not of a source
            wanted.add(made)
            continue
        kept = cache / f"{hashlib.sha256(signs + font).hexdigest()}.woff2"
        if not kept.exists():
            unfinished = kept.with_suffix(".part")
            unfinished.write_bytes(subset(font, shown))
            unfinished.replace(kept)
        small = kept.read_bytes()
        path.write_bytes(small)
        made = cache / f"{hashlib.sha256(small).hexdigest()}.made"
        made.touch()
        wanted |= {kept, made}
    for old in set(cache.iterdir()) - wanted:
        old.unlink()
