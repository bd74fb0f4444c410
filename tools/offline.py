"""One zip of the built site, to carry to a place without a network.

``python -m tools.offline`` after ``make book``. What works only on a server stays out: the
folder ``lite/``, files for search engines and servers, and each element of a page that has the
class ``needs-server``. A page that still links a file that is not there is an error. The same
site gives the same bytes: files are sorted, and all carry one time.
"""

from __future__ import annotations

import argparse
import posixpath
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools import book, packing

SITE = book.ROOT / "_build" / "html"
FOLDER = "the-bond-or-the-drug"
TARGET = book.ROOT / "_build" / f"{FOLDER}.zip"
FIRST = "READ-ME-FIRST.txt"
WORDS = """The Bond or the Drug?

Unpack this archive, then open index.html in a browser. Math, figures with sliders,
self-checks and search work without a network; nothing is loaded from elsewhere.

"Download the notebook" in a chapter gives a zip that runs with Python on your own
machine; the first time it needs a network, for the packages. To run Python in the
browser you need the site on a web server. "Slides" opens slides for teaching, with
speaker notes.
"""
# Of no use to a reader, or only to a server.
LEFT_OUT = {
    ".buildinfo", ".nojekyll", "objects.inv", "404.html", "sitemap.xml", "robots.txt",
    "manifest.webmanifest", "webpack-macros.html", "sbt-webpack-macros.html",
}  # fmt: skip
SERVER_FOLDERS = {"lite"}
SERVER_CLASS = "needs-server"
LINKS = {"href", "src", "data", "poster"}
VOID = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
}  # fmt: skip


class OfflineError(ValueError):
    """A site that is not there, or that does not hold together without a server."""


class PageReader(HTMLParser):
    """Finds what needs a server on a page, and the links of the rest.

    Attributes
    ----------
    cuts : list of tuple
        Start and end of each element of the class ``needs-server``.
    links : list of str
        The addresses that the rest of the page asks for.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.cuts: list[tuple[int, int]] = []
        self.links: list[str] = []
        self._text = text
        self._lines = [0]
        for line in text.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self._start = self._depth = 0
        self._name = ""
        self.feed(text)
        self.close()
        if self._name:
            raise OfflineError(f"an element {self._name} that needs a server is not closed")

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a cut, go deeper into one, or note a link."""
        if self._name:
            self._depth += tag == self._name
            return
        facts = dict(attrs)
        if SERVER_CLASS in (facts.get("class") or "").split():
            start = self._offset()
            if tag in VOID:
                self.cuts.append((start, start + len(self.get_starttag_text() or "")))
            else:
                self._start, self._name, self._depth = start, tag, 1
            return
        if tag == "link" and facts.get("rel") in {"canonical", "search", "manifest"}:
            return
        self.links += [value for key, value in attrs if key in LINKS and value]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of SVG without content, or a void one."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """End a cut when its element ends."""
        if self._name and tag == self._name:
            self._depth -= 1
            if self._depth == 0:
                end = self._text.index(">", self._offset()) + 1
                self.cuts.append((self._start, end))
                self._name = ""


def files(site: Path) -> list[Path]:
    """What goes into the archive, sorted by path."""
    found = [
        path
        for path in site.rglob("*")
        if path.is_file()
        and path.name not in LEFT_OUT
        and path.relative_to(site).parts[0] not in SERVER_FOLDERS
    ]
    return sorted(found, key=lambda path: path.relative_to(site).as_posix())


def without_server(text: str) -> tuple[str, list[str]]:
    """A page without what needs a server, and the addresses that it links.

    >>> without_server('<p>A<b class="needs-server">B</b><a href="c.html">C</a></p>')
    ('<p>A<a href="c.html">C</a></p>', ['c.html'])
    """
    reader = PageReader(text)
    for start, end in reversed(reader.cuts):
        text = text[:start] + text[end:]
    return text, reader.links


def dead_links(page: str, links: list[str], names: set[str]) -> list[str]:
    """The addresses of a page that lead to no file of the archive."""
    dead = []
    for link in links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or not parts.path:
            continue
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
        if target not in names:
            dead.append(link)
    return dead


def contents(site: Path) -> dict[str, bytes]:
    """Name and content of each file of the archive.

    Raises
    ------
    OfflineError
        When a page links a file that is not among them.
    """
    found = {path.relative_to(site).as_posix(): path.read_bytes() for path in files(site)}
    names, faults = set(found), []
    for name in found:
        if name.endswith(".html"):
            try:
                text, links = without_server(found[name].decode())
            except OfflineError as error:
                raise OfflineError(f"{name}: {error}") from error
            found[name] = text.encode()
            faults += [f"{name} links {link}" for link in dead_links(name, links, names)]
    if faults:
        listed = "\n  ".join(sorted(set(faults)))
        raise OfflineError(
            f"the folder would have dead links; what needs a server wants the class "
            f"{SERVER_CLASS}:\n  {listed}"
        )
    return found


def bundle(site: Path = SITE, target: Path = TARGET) -> Path:
    """Write the archive, whole or not at all.

    Raises
    ------
    OfflineError
        When the site has not been built, or would have dead links.
    """
    if not (site / "index.html").is_file():
        raise OfflineError("the site is not built: run 'make book'")
    found = contents(site)
    held = {FIRST: WORDS.encode()} | found
    with packing.whole(target) as unfinished, zipfile.ZipFile(unfinished, "w") as archive:
        packing.add(archive, {f"{FOLDER}/{name}": content for name, content in held.items()})
    return target


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when there is no site, or one with dead links."""
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
