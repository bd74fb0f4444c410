"""The KaTeX server: slow to listen, dead on arrival, and never left behind."""

import importlib.util
import sys

import pytest
from sphinxcontrib import katex

from tools import book

# A server whose socket exists well before it listens.
SLOW = """
import socket, sys, time
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
time.sleep({wait})
server.listen(1)
time.sleep(3)
"""


@pytest.fixture
def bond_katex():
    path = book.ROOT / "_ext" / "bond_katex.py"
    spec = importlib.util.spec_from_file_location("bond_katex", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def server(code):
    """A KaTeX server class whose process runs some Python instead of node."""

    class Server(katex.KaTeXServer):
        @classmethod
        def build_command(cls, socket=None, port=None):
            return [sys.executable, "-c", code, str(socket)]

    return Server


def test_a_server_that_does_not_listen_yet_is_waited_for(bond_katex, tmp_path):
    slow = server(SLOW.format(wait=0.7))
    process, connection = bond_katex.start_server_process(slow, tmp_path, 60)
    connection.close()
    process.kill()
    process.wait()


@pytest.fixture
def started(monkeypatch, bond_katex):
    """The processes that were started; none is left behind."""
    processes = []

    def noted(module):
        real = module.Popen
        monkeypatch.setattr(
            module, "Popen", lambda *a, **k: processes.append(real(*a, **k)) or processes[-1]
        )

    noted(katex)
    noted(bond_katex)
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def test_the_library_alone_gives_up(tmp_path, started):
    """If this fails, the library was mended and ``bond_katex`` can go."""
    slow = server(SLOW.format(wait=60))
    start = katex.KaTeXServer.__dict__["start_server_process"].__func__
    with pytest.raises(ConnectionRefusedError):
        start(slow, tmp_path, 60)


def test_a_server_that_ends_is_reported_at_once(bond_katex, tmp_path):
    # At the end of the patience it would say that it timed out.
    with pytest.raises(katex.KaTeXError, match="ended with status 3"):
        bond_katex.start_server_process(server("raise SystemExit(3)"), tmp_path, 60)


def test_a_server_that_never_listens_is_stopped(bond_katex, tmp_path, started):
    with pytest.raises(katex.KaTeXError):
        bond_katex.start_server_process(server(SLOW.format(wait=30)), tmp_path, 1)
    assert started[0].poll() is not None
