"""Sphinx extension: the pages of the helpers, from their docstrings.

``{api} MODULE``
    every public name of ``helpers.MODULE``, in source order, by autodoc;
``{api-index}``
    a line for each module;
``{command-help} MODULE``
    what a command prints for ``--help``.

The docstrings are numpydoc, with names in single backticks, as in Markdown. Here such a
name is a link if it is a public name of the helpers, and code otherwise.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from bond_teach import BondDirective
from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxRole

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
from tools import api  # noqa: E402  (the line above makes it importable)


class Api(BondDirective):
    """The public names of one module."""

    required_arguments = 1

    def run(self):
        module = self.arguments[0]
        if module not in api.modules():
            raise self.error(f"there is no public module helpers.{module}")
        self.depend_on(api.HELPERS / f"{module}.py")
        return self.markdown(api.as_markdown(module))


class ApiIndex(BondDirective):
    """A line for each module."""

    def run(self):
        for module in api.modules():
            self.depend_on(api.HELPERS / f"{module}.py")
        return self.markdown(api.index_markdown())


class CommandHelp(BondDirective):
    """What a command prints for ``--help``."""

    required_arguments = 1

    def run(self):
        self.depend_on(api.HELPERS / f"{self.arguments[0]}.py")
        text = api.command_help(self.arguments[0])
        return [nodes.literal_block(text, text, language="text")]


class Name(SphinxRole):
    """A name in single backticks in a docstring."""

    names: dict[str, str] = {}

    def run(self):
        plain = self.text.removesuffix("()")
        code = nodes.literal(self.rawtext, self.text)
        if plain.removeprefix("helpers.") in api.modules() and plain.startswith("helpers."):
            page = f"/book/api/{plain.removeprefix('helpers.')}"
            link = {"refdomain": "std", "reftype": "doc", "reftarget": page}
        elif plain in self.names:
            link = {"refdomain": "py", "reftype": "obj", "reftarget": self.names[plain]}
        else:
            return [code], []
        options = {"refdoc": self.env.docname, "refexplicit": True, "refwarn": True}
        return [addnodes.pending_xref(self.rawtext, code, **link, **options)], []


def skip(app, what, name, thing, skipped, options):
    """Leave out the fields of a named tuple, which its docstring explains."""
    return True if str(getattr(thing, "__doc__", "")).startswith("Alias for field") else None


COLON = "\ue000"
ATTRIBUTES = re.compile(r"^(\w+(?:, \w+)+)((?: : .*)?(?:\n    .*)+)", re.M)


def before_napoleon(app, what, name, thing, options, lines):
    """Keep napoleon from misreading what numpydoc allows.

    It takes the words before a constant's first colon for its type, and "low, high" among
    a class's attributes for one name.
    """
    if what == "data":
        lines[:] = [line.replace(":", COLON) for line in lines]
    if what == "class" and "Attributes" in lines:
        start = lines.index("Attributes") + 2
        lines[start:] = ATTRIBUTES.sub(one_by_one, "\n".join(lines[start:])).split("\n")


def one_by_one(match):
    """An entry for each of several attributes that share one.

    >>> ATTRIBUTES.sub(one_by_one, "low, high : float\\n    The ends.")
    'low : float\\n    The ends.\\nhigh : float\\n    The ends.'
    """
    return "\n".join(f"{name}{match[2]}" for name in match[1].split(", "))


def show_colons(app, what, name, thing, options, lines):
    """Put the colons back."""
    lines[:] = [line.replace(COLON, ":") for line in lines]


def adopt(app, doctree):
    """Tie every node to its page.

    Those of a docstring still know the document that it was parsed into, and by that the whole
    environment. Sphinx would store it with each page, 5 MB, and read it again in every build.
    """
    for node in doctree.findall():
        if node.document is not doctree:
            node.document = doctree


def setup(app):
    for name in ("sphinx.ext.autodoc", "sphinx.ext.napoleon"):
        app.setup_extension(name)
    Name.names = api.known_names()
    app.add_directive("api", Api)
    app.add_directive("api-index", ApiIndex)
    app.add_directive("command-help", CommandHelp)
    app.add_role("helper-name", Name())
    app.connect("doctree-read", adopt)
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", show_colons, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
