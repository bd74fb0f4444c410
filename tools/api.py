"""The pages of the helpers: what is public, in source order, as Sphinx is to show it."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

from tools import book

HELPERS = book.ROOT / "src" / "helpers"
#: Modules that are the commands of another; their help stands on a page of its own.
COMMANDS = {
    "cli_matching": "python -m helpers.matching",
    "cli_design": "python -m helpers.design_analysis",
}


def modules(folder: Path = HELPERS) -> list[str]:
    """The public modules of the package, by name, without the commands."""
    names = (path.stem for path in sorted(folder.glob("*.py")))
    return [name for name in names if not name.startswith("_") and name not in COMMANDS]


def tree(module: str, folder: Path = HELPERS) -> ast.Module:
    """The source of a module, parsed."""
    return ast.parse((folder / f"{module}.py").read_text(encoding="utf-8"))


def public_names(module: str, folder: Path = HELPERS) -> list[str]:
    """What ``__all__`` of a module holds, read without importing it.

    >>> "read_ledger" in public_names("published")
    True
    """
    for node in tree(module, folder).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return list(ast.literal_eval(node.value))
    raise ValueError(f"helpers.{module} has no __all__")


def in_source_order(module: str, folder: Path = HELPERS) -> list[str]:
    """The public names of a module in the order of their definitions."""
    public = set(public_names(module, folder))
    found = [name for node in tree(module, folder).body for name in _defined(node) if name in public]
    return list(dict.fromkeys(found))


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def summary(module: str, folder: Path = HELPERS) -> str:
    """The first sentence of a module's docstring."""
    return ast.get_docstring(tree(module, folder)).split("\n\n")[0].replace("\n", " ")


def as_markdown(module: str) -> str:
    """The body of a module's page: a block for autodoc with each public name."""
    loaded = importlib.import_module(f"helpers.{module}")
    lines = ["```python", f"from helpers import {module}", "```", "", "```{eval-rst}", f".. py:currentmodule:: helpers.{module}", "", loaded.__doc__.strip(), ""]
    for name in in_source_order(module):
        thing = getattr(loaded, name)
        if isinstance(thing, type):
            kind = ["   :show-inheritance:"] if issubclass(thing, Exception) else []
            lines += [f".. autoclass:: {name}", "   :members:", *kind, ""]
        elif callable(thing):
            lines += [f".. autofunction:: {name}", ""]
        else:
            lines += [f".. autodata:: {name}", "   :no-value:", ""]
    return "\n".join([*lines, "```"])


def index_markdown() -> str:
    """A line for each module, with a link to its page."""
    lines = []
    for module in modules():
        lines += [f"{{doc}}`helpers.{module} <api/{module}>`", f": {summary(module)}", ""]
    return "\n".join(lines)


def command_help(module: str) -> str:
    """What a command prints for ``--help``, 72 columns wide."""
    import os

    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "72"
    try:
        return importlib.import_module(f"helpers.{module}").parser().format_help()
    finally:
        os.environ.pop("COLUMNS") if before is None else os.environ.update(COLUMNS=before)


def known_names() -> dict[str, str]:
    """Names that a docstring may mean: plain name and full name to the full name.

    A plain word such as `value` is more often a parameter than the function of that name,
    so only names with a capital or an underscore are known without their module.
    """
    names: dict[str, str] = {}
    twice = set()
    for module in modules():
        for name in public_names(module):
            full = f"helpers.{module}.{name}"
            names[full] = names[f"{module}.{name}"] = full
            if "_" in name or name != name.lower():
                twice |= {name} & names.keys()
                names[name] = full
    return {name: full for name, full in names.items() if name not in twice}
