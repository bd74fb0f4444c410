"""Where a chapter can run besides on the reader's machine, from two settings of the book.

``bond_repository`` in ``_config.yml`` is empty, or the GitHub address of the book:
``https://github.com/OWNER/NAME``, with ``/tree/BRANCH`` for another branch than the default
one. Only then do links to Binder and Colab exist. Binder builds from that branch; Colab opens
the notebooks of the site, which must be on the branch ``gh-pages``.

``bond_runtime`` is the folder from which the in-browser notebooks fetch Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

SITE_BRANCH = "gh-pages"
FOLDER = "notebooks"
"""The folder of the site with the archives, and with the notebooks that Colab opens."""

REPOSITORY = re.compile(
    r"https://github\.com/(?P<owner>[A-Za-z0-9][A-Za-z0-9-]*)/(?P<name>[\w.-]+?)(?:\.git)?"
    r"(?:/tree/(?P<branch>[\w./-]+))?/?"
)

COLAB_SETUP = """# Run this cell first: it fetches the helpers and the data.
import io
import os
import sys
import urllib.request
import zipfile

address = "{address}"
with urllib.request.urlopen(address) as answer:
    zipfile.ZipFile(io.BytesIO(answer.read())).extractall("/content")
os.chdir("/content/{folder}/book")
sys.path.insert(0, "../src")"""


class SettingError(ValueError):
    """A setting that leads nowhere; the message names it and says what it takes."""


@dataclass(frozen=True)
class Repository:
    """The book on GitHub."""

    owner: str
    name: str
    branch: str | None = None

    def binder(self, stem: str) -> str:
        """The address that starts a page on Binder."""
        path = quote(f"lab/tree/book/{stem}.ipynb", safe="")
        branch = quote(self.branch or "HEAD", safe="")
        return f"https://mybinder.org/v2/gh/{self.owner}/{self.name}/{branch}?urlpath={path}"

    def colab(self, stem: str) -> str:
        """The address that opens a page of the published site in Colab."""
        return (
            f"https://colab.research.google.com/github/{self.owner}/{self.name}"
            f"/blob/{SITE_BRANCH}/{FOLDER}/{stem}.ipynb"
        )

    def colab_setup(self, stem: str, folder: str) -> str:
        """The first cell of a notebook in Colab."""
        address = (
            f"https://raw.githubusercontent.com/{self.owner}/{self.name}"
            f"/{SITE_BRANCH}/{FOLDER}/{stem}.zip"
        )
        return COLAB_SETUP.format(address=address, folder=folder)


def repository(setting: str | None) -> Repository | None:
    """The repository that the setting names, or None when it is empty.

    >>> repository("")
    >>> repository("https://github.com/some/book/tree/main").branch
    'main'
    """
    if not setting:
        return None
    found = REPOSITORY.fullmatch(setting) if isinstance(setting, str) else None
    if not found or (found["branch"] or "").startswith("/") or ".." in (found["branch"] or ""):
        raise SettingError(
            f"bond_repository in _config.yml is {setting!r}; it takes "
            "https://github.com/OWNER/NAME, with /tree/BRANCH if need be, or nothing"
        )
    branch = (found["branch"] or "").strip("/") or None
    return Repository(found["owner"], found["name"], branch)


def runtime(setting: str | None) -> str:
    """The runtime's folder, with a slash at its end.

    >>> runtime("https://example.org/pyodide")
    'https://example.org/pyodide/'
    """
    try:
        parts = urlsplit(setting) if isinstance(setting, str) else None
    except ValueError:  # such as a bracket without its fellow
        parts = None
    local = parts and parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    plain = parts and re.fullmatch(r"[\w.:-]+", parts.netloc) and not parts.query + parts.fragment
    spaced = parts and re.search(r"\s", setting)
    if not parts or not plain or spaced or not (parts.scheme == "https" or local):
        raise SettingError(
            f"bond_runtime in _config.yml is {setting!r}; it takes the https address of the "
            "folder that holds pyodide.mjs"
        )
    return setting.rstrip("/") + "/"


def origin(address: str) -> str:
    """The origin of an address, as a content security policy names it.

    >>> origin("https://example.org/a/b/")
    'https://example.org'
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
