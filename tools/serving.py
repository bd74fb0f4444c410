"""The built site on a port of this machine, sent as a static host on the web sends it.

A plain file server sends no compression and no rules for the cache, so sizes and times
measured with it are not a reader's. This one does what GitHub Pages does: it compresses
text with gzip, lets a browser keep each file for ten minutes, answers ``304`` to a file
that has not changed, keeps a connection open, and shows ``404.html`` for a page that is
not there. It speaks HTTP/1.1. A host with HTTP/2 sends the same bytes and is quicker with
many small files, so times measured here are no better than a reader's.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import mimetypes
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

KEPT = "max-age=600"
TEXT = {".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".webmanifest", ".xml"}
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
LEVEL = 6  # of gzip, the usual one of a server; the highest would flatter the sizes


@lru_cache(maxsize=2048)
def compressed(path: Path, changed: int) -> bytes:
    """A file after gzip; ``changed`` makes an edited file a new one."""
    return gzip.compress(path.read_bytes(), LEVEL, mtime=0)


def media_type(path: Path) -> str:
    """What a server says that a file is."""
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    kind = kind or "application/octet-stream"
    return f"{kind}; charset=utf-8" if path.suffix in TEXT else kind


class SiteHandler(BaseHTTPRequestHandler):
    """Answers for one folder, and says nothing on the terminal."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1  # one write for head and body, not one for each line
    disable_nagle_algorithm = True

    def __init__(self, *arguments, folder: Path, delay: Callable[[str], float], **named):
        self.folder, self.delay = folder, delay
        super().__init__(*arguments, **named)

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.answer(with_body=True)

    def do_HEAD(self):
        self.answer(with_body=False)

    def answer(self, with_body: bool) -> None:
        """Send the file that the address names, or the page for a missing one."""
        address = urlsplit(self.path).path
        time.sleep(self.delay(address))
        path = self.file(address)
        status = 200 if path else 404
        path = path or self.folder / "404.html"
        if not path.is_file():
            self.send(404, {"Content-Type": "text/plain; charset=utf-8"}, b"Not found\n", with_body)
            return
        changed = path.stat().st_mtime_ns
        mark = hashlib.sha256(f"{path}{changed}".encode()).hexdigest()[:16]
        heads = {"Content-Type": media_type(path), "Cache-Control": KEPT, "ETag": f'W/"{mark}"'}
        if status == 200 and self.headers.get("If-None-Match") == heads["ETag"]:
            self.send(304, heads, b"", with_body)
        elif path.suffix in TEXT:
            heads["Vary"] = "Accept-Encoding"
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                heads["Content-Encoding"] = "gzip"
                self.send(status, heads, compressed(path, changed), with_body)
            else:
                self.send(status, heads, path.read_bytes(), with_body)
        else:
            self.send(status, heads, path.read_bytes(), with_body)

    def file(self, address: str) -> Path | None:
        """The file of an address below the folder, if there is one."""
        path = (self.folder / unquote(address).lstrip("/")).resolve()
        if not path.is_relative_to(self.folder):
            return None
        path = path / "index.html" if path.is_dir() else path
        return path if path.is_file() else None

    def send(self, status: int, heads: dict[str, str], body: bytes, with_body: bool) -> None:
        """One whole answer."""
        self.send_response(status)
        for name, value in heads.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body and status != 304:
            with contextlib.suppress(ConnectionError):  # the browser has what it wanted
                self.wfile.write(body)


class SiteServer(ThreadingHTTPServer):
    """A server that forgives a browser that hangs up."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def served(folder: Path, delay: Callable[[str], float] = lambda address: 0) -> Iterator[str]:
    """The address of a folder while it is served; ``delay`` gives seconds to wait for a path."""
    handler = partial(SiteHandler, folder=folder.resolve(), delay=delay)
    server = SiteServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
