"""One server and one browser for all tests of the built site."""

import functools
import http.server
import io
import os
import threading
from pathlib import Path

import checks
import pytest

from tools import programs, serving

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
CHROMIUM = programs.chromium()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files, says nothing, and has every page wait for the book's fonts.

    The site leaves out a font that comes late, so on a busy machine a page would now and then
    stand in other letters, with other lengths of lines. `tools.serving` sends it as it is.
    """

    def log_message(self, *args):
        pass

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.suffix != ".css" or not path.is_file():
            return super().send_head()
        content = checks.waiting_for_fonts(path.read_text(encoding="utf-8")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/css; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", self.date_time_string(int(path.stat().st_mtime)))
        self.end_headers()
        return io.BytesIO(content)


@pytest.fixture(scope="session")
def serve():
    """A function that serves a folder and gives its address."""
    servers = []

    def start(folder):
        handler = functools.partial(QuietHandler, directory=str(folder))
        server = serving.SiteServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def built():
    """The folder of the built site."""
    if not (SITE / "index.html").is_file():
        pytest.skip("the site is not built: run 'make book'")
    return SITE


@pytest.fixture(scope="session")
def site(serve, built):
    """The address of the built site."""
    return serve(built)


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window."""
    if os.environ.get("BOND_BROWSER") == "no":
        pytest.skip("'make test' leaves Chromium to 'make browser'")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is missing: run 'make browser'"
    )
    pytest.importorskip(
        "axe_playwright_python", reason="axe is missing: run 'make browser'", exc_type=ImportError
    )
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(
            executable_path=CHROMIUM, args=checks.CHROMIUM_FLAGS, timeout=checks.PATIENCE
        )
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser):
    """A function that opens a page in a context of its own."""
    contexts = []

    def open_page(theme="light", width=1280):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, reduced_motion="reduce"
        )
        context.add_init_script(
            f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}');"
        )
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
