"""Sphinx extension: the site with the solutions of its exercises, or without.

``bond_solutions: false`` in ``_config.yml`` takes each solution out of the page when it is
read, so that nothing made from the page can hold it. The notebooks and what is made outside
Sphinx ask `tools.solutions` for the same setting.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.errors import ConfigError
from sphinx_exercise.nodes import is_solution_node

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools import solutions  # noqa: E402  (the line above makes it importable)


def settle(app, config):
    """Find out what holds, once, for this build."""
    try:
        config.bond_solutions = solutions.shown(Path(app.srcdir))
    except ValueError as error:
        raise ConfigError(str(error)) from error


def take_out(app, doctree):
    """Drop the solutions of a page."""
    if app.config.bond_solutions:
        return
    for node in list(doctree.findall(is_solution_node)):
        node.parent.remove(node)


def setup(app):
    app.add_config_value("bond_solutions", True, "env", types=(bool,))
    app.connect("config-inited", settle)
    # Before any other extension looks at the page.
    app.connect("doctree-read", take_out, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
