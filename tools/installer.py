"""Add a hashed requirements file to this environment, with uv or pip.

``python -m tools.installer requirements-browser.txt``
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys


def command(requirements: str) -> list[str]:
    """The install command that this machine can run."""
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "-q", "--require-hashes", "--python", sys.executable, "-r", requirements]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    return [*pip, "--require-hashes", "-r", requirements]


def main() -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.installer", description=__doc__)
    parser.add_argument("requirements", help="a requirements file with hashes")
    return subprocess.run(command(parser.parse_args().requirements), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
