"""One server and one browser for all tests of the built site."""

import functools
import http.server
import os
import threading
from pathlib import Path

import pytest

from tools import programs

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
CHROMIUM = programs.chromium()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def serve():
    """A function that serves a folder and gives its address."""
    servers = []

    def start(folder):
        handler = functools.partial(QuietHandler, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()


@pytest.fixture(scope="session")
def site(serve):
    """The address of the built site."""
    if not (SITE / "index.html").is_file():
        pytest.skip("the site is not built: run 'make book'")
    return serve(SITE)


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
    from checks import CHROMIUM_FLAGS

    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
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
