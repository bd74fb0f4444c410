"""Sphinx extension: start the KaTeX server so that a busy machine cannot break a build.

``sphinxcontrib.katex`` waits until the server's socket exists and connects once.
The socket exists a moment before the server listens, so on a busy machine the
connection is refused, the build fails, and the server is left behind, holding
the build's output open. Here the connection is tried until it is accepted, and a
server that cannot be reached is stopped.
"""

from __future__ import annotations

import socket
import time
from subprocess import DEVNULL, PIPE, Popen

from sphinxcontrib import katex

PATIENCE = 60.0  # seconds; node alone takes a third of one on an idle machine
PAUSE = 0.01


def start_server_process(server, rundir, timeout):
    """Start the KaTeX server and connect to it; (process, socket).

    Raises
    ------
    KaTeXError
        When the server ends at once, or does not listen within the time.
    """
    path = rundir / "katex.sock"
    command = server.build_command(socket=path)
    process = Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=rundir)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise katex.KaTeXError(f"the KaTeX server ended with status {process.returncode}")
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
            return process, connection
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            time.sleep(PAUSE)
    process.kill()
    process.wait()
    raise server.timeout_error(timeout)


def setup(app):
    katex.STARTUP_TIMEOUT = PATIENCE
    katex.KaTeXServer.start_server_process = classmethod(start_server_process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
