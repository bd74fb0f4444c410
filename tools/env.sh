#!/bin/sh
# Make or update the virtual environment that every make target uses.
# Usage: PYTHON=python3 sh tools/env.sh .venv
set -eu
venv=$1
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null 2>&1; then
  echo "No $python here. Install Python 3.11 or newer, or say PYTHON=/path/to/python." >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "$("$python" --version) is too old: the book needs Python 3.11 or newer." >&2
  exit 1
fi

if command -v uv >/dev/null 2>&1; then
  [ -x "$venv/bin/python" ] || uv venv --quiet --python "$python" "$venv"
  echo "Installing the locked requirements with uv ..."
  uv pip sync --quiet --require-hashes --python "$venv/bin/python" requirements.txt
  uv pip install --quiet --no-deps --no-build-isolation --python "$venv/bin/python" -e .
else
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    "$python" -m venv "$venv" || {
      echo "Could not make $venv. On Debian and Ubuntu: apt install python3-venv." >&2
      exit 1
    }
  fi
  echo "Installing the locked requirements with pip (about a minute) ..."
  export PIP_DISABLE_PIP_VERSION_CHECK=1
  "$venv/bin/python" -m pip install --quiet --require-hashes -r requirements.txt
  "$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation -e .
fi
