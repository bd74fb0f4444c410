"""The cells of a page without what only hands numbers to its text.

A page's unseen cells call `glue` and check the text's claims. A reader's notebook has the
numbers in its text already, so it needs of these cells only what a later cell uses.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable


def without(codes: list[str], unseen: Iterable[int]) -> list[str]:
    """The cells' code; of an unseen cell, the statements that a later cell needs.

    An unseen cell that no later cell needs becomes empty.

    >>> without(["a = 1", "b = a\\nc = 2\\nglue('b', b)", "print(c)"], unseen=[1])
    ['a = 1', 'c = 2', 'print(c)']
    """
    kept, needed = list(codes), set()
    unseen, modules = set(unseen), set().union(*map(imported, codes))
    for number in range(len(codes) - 1, -1, -1):
        statements = ast.parse(codes[number]).body
        if number in unseen:
            statements, needed = needed_part(statements, needed, modules)
            kept[number] = "\n".join(text_of(codes[number], one) for one in statements)
        else:
            needed = needed_before(statements, needed)
    return kept


def imported(code: str) -> set[str]:
    """The names of modules that a piece of code imports."""
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import)]
    return set().union(*map(changed, imports))


def needed_part(
    statements: list[ast.stmt], needed: set[str], modules: set[str]
) -> tuple[list[ast.stmt], set[str]]:
    """The statements that give or change a needed name, and what they need in turn.

    To call a function of a module does not change the module.
    """
    parts = []
    for statement in reversed(statements):
        stripped = NoBookkeeping().visit(statement)
        own = needed - modules if isinstance(statement, ast.Expr) else needed
        if stripped is not None and own & changed(stripped):
            parts.insert(0, stripped)
            needed = needed_before([stripped], needed)
    return parts, needed


def needed_before(statements: list[ast.stmt], needed: set[str]) -> set[str]:
    """The names that must have a value before these statements run."""
    defined: set[str] = set()
    read = names_read(statements, defined)
    return (needed - defined) | read


def text_of(code: str, statement: ast.stmt) -> str:
    """A statement as it was written; written anew when something was taken out of it."""
    if getattr(statement, "was_stripped", False):
        return ast.unparse(statement)
    if decorators := getattr(statement, "decorator_list", []):  # they stand above its first line
        return "\n".join(code.splitlines()[decorators[0].lineno - 1 : statement.end_lineno])
    return ast.get_source_segment(code, statement, padded=True) or ast.unparse(statement)


class NoBookkeeping(ast.NodeTransformer):
    """Takes the calls of `glue` and the checks out of a statement; None when nothing is left."""

    def visit_ImportFrom(self, node):
        return None if node.module == "myst_nb" else node

    def visit_Expr(self, node):
        call = node.value
        is_glue = isinstance(call, ast.Call) and getattr(call.func, "id", "") == "glue"
        return None if is_glue else node

    def visit_Assert(self, node):
        return None

    def visit_FunctionDef(self, node):
        return node  # what a function checks is its own affair

    def generic_visit(self, node):
        before = ast.dump(node) if isinstance(node, ast.stmt) else ""
        super().generic_visit(node)
        if isinstance(node, ast.stmt) and ast.dump(node) != before:
            node.was_stripped = True
            if not getattr(node, "body", True):
                if not getattr(node, "orelse", []):
                    return None
                node.body = [ast.Pass()]
        return node


def names_read(statements: list[ast.stmt], defined: set[str]) -> set[str]:
    """The names read before they have a value here; adds to `defined` what surely gets one."""
    read: set[str] = set()
    for statement in statements:
        if isinstance(statement, ast.For):
            read |= loads(statement.iter) - defined
            defined |= stores(statement.target)
            read |= names_read(statement.body, defined) | names_read(statement.orelse, defined)
        elif isinstance(statement, ast.With):
            for item in statement.items:
                read |= loads(item.context_expr) - defined
                defined |= stores(item.optional_vars) if item.optional_vars else set()
            read |= names_read(statement.body, defined)
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            read |= loads(statement) - defined
            defined.add(statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            defined |= changed(statement)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            read |= loads(statement) - defined
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            defined |= set().union(*map(stores, targets))
        elif isinstance(statement, ast.AugAssign):
            read |= (loads(statement) | stores(statement.target)) - defined
        else:  # a branch may not run: what it gives a value stays needed
            read |= loads(statement) - defined
    return read


def loads(node: ast.AST) -> set[str]:
    """The names that a node reads, without those that it binds for itself."""
    own: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.comprehension):
            own |= stores(part.target)
        elif isinstance(part, ast.arguments):
            every = [*part.posonlyargs, *part.args, *part.kwonlyargs, part.vararg, part.kwarg]
            own |= {argument.arg for argument in every if argument}
    if isinstance(node, ast.FunctionDef):
        own |= set().union(set(), *(stores(part) for part in node.body))
    read = {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    }
    return read - own


def stores(node: ast.AST) -> set[str]:
    """The plain names that a node gives a value."""
    return {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def changed(statement: ast.AST) -> set[str]:
    """The names that a statement gives a value, or whose value it may change."""
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            names.add(base_name(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value  # rows.append(1) changes rows, and shuffle(rows) too
            names |= {base_name(call.func)} | {base_name(argument) for argument in call.args}
    return names - {""}


def base_name(node: ast.AST) -> str:
    """The name before the first dot or bracket."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return getattr(node, "id", "")
