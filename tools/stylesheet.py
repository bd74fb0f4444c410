"""One small stylesheet from many: only the rules that some page can use.

A theme brings rules for everything that a site might hold. ``bundle`` keeps a
rule when each class, id, tag, and attribute that its selector asks for occurs
in a page or in a script. It also drops custom properties that no kept rule
reads, animations that none starts, and fonts that none names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import rcssmin
import tinycss2

TAG = re.compile(r"""<([a-zA-Z][\w:-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
ATTRIBUTE = re.compile(r"""([\w:@.-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?""")
WORD = re.compile(r"[A-Za-z_][\w-]*")
DATASET = re.compile(r"\bdataset\.(\w+)")
PROPERTY = re.compile(r"--[\w-]+")
READ_PROPERTY = re.compile(r"var\(\s*(--[\w-]+)")
LOCAL_URL = re.compile(r"""url\(\s*(["']?)(?!["']?(?:data:|https?:|/|#))([^"')]+)\1\s*\)""")
ALWAYS_THERE = frozenset({"html", "body", "root"})
GROUPS = frozenset({"media", "supports", "layer", "container"})
ONE_OF = frozenset({"is", "where", "has", "matches", "-webkit-any", "-moz-any"})


class StylesheetError(ValueError):
    """A stylesheet that cannot be bundled."""


@dataclass(frozen=True)
class Use:
    """What pages and scripts name: words for selectors, and custom properties."""

    words: frozenset[str]
    properties: frozenset[str]


@dataclass
class Rule:
    """Selectors, or an at-rule such as ``font-face``, with declarations."""

    prelude: str
    declarations: list[tuple[str, str]]


@dataclass
class Group:
    """Rules under a condition such as ``@media print``."""

    prelude: str
    rules: list[Rule | Group | Raw] = field(default_factory=list)


@dataclass
class Raw:
    """An at-rule that is kept as it stands, such as ``@keyframes``."""

    keyword: str
    name: str
    text: str


Node = Rule | Group | Raw
Kind = TypeVar("Kind", Rule, Raw)


def use_of(pages: Iterable[str], scripts: Iterable[str]) -> Use:
    """Everything that a selector could match, in pages as written or after a script ran."""
    words: set[str] = set(ALWAYS_THERE)
    properties: set[str] = set()
    tags: set[tuple[str, str]] = set()
    for page in pages:
        tags.update(TAG.findall(page))
        properties.update(PROPERTY.findall(page))
    for tag, attributes in tags:
        words.add(tag.lower())
        for name, *values in ATTRIBUTE.findall(attributes):
            words.add(name.lower())
            if name in ("class", "id"):
                words.update("".join(values).split())
    for script in scripts:
        words.update(WORD.findall(script))
        words.update(f"data-{kebab(name)}" for name in DATASET.findall(script))
        properties.update(PROPERTY.findall(script))
    return Use(frozenset(words), frozenset(properties))


def kebab(name: str) -> str:
    """The name of a data attribute as HTML writes it.

    >>> kebab("bsToggle")
    'bs-toggle'
    """
    return re.sub(r"[A-Z]", lambda match: f"-{match[0].lower()}", name)


def bundle(
    paths: Iterable[str],
    read: Callable[[str], str],
    use: Use,
    replaced_fonts: tuple[str, ...] = (),
) -> str:
    """Join stylesheets, and keep what is used.

    Parameters
    ----------
    paths
        In the order in which a page loads them. Addresses inside are rewritten
        to be relative to the folder from which the paths are counted.
    read
        Gives the text of a stylesheet.
    use
        What the pages and scripts name.
    replaced_fonts
        Beginnings of the names of families whose faces go in any case.

    Returns
    -------
    str
        The small stylesheet.

    Raises
    ------
    StylesheetError
        When a stylesheet has a fault, or something that cannot be bundled.
    """
    rules = [rule for path in paths for rule in sheet_rules(path, read, use)]
    rules = without_unread_properties(rules, use)
    rules = without_idle_animations(rules)
    rules = without_unnamed_fonts(rules, replaced_fonts)
    return rcssmin.cssmin("".join(written(rule) for rule in rules))


def sheet_rules(path: str, read: Callable[[str], str], use: Use) -> list[Node]:
    """The kept rules of a stylesheet, with those of the stylesheets that it imports."""
    parsed = tinycss2.parse_stylesheet(read(path), skip_comments=True, skip_whitespace=True)
    found: list[Node] = []
    for rule in parsed:
        if rule.type == "at-rule" and rule.lower_at_keyword == "import":
            names = [token.value for token in rule.prelude if token.type in ("string", "url")]
            kinds = {token.type for token in rule.prelude}
            if len(names) != 1 or kinds - {"string", "url", "whitespace"}:
                raise StylesheetError(f"{path}: an @import with a condition is not bundled")
            imported = posixpath.normpath(posixpath.join(posixpath.dirname(path), names[0]))
            found += sheet_rules(imported, read, use)
        else:
            found += kept_rules([rule], use, path)
    return found


def kept_rules(rules: Iterable, use: Use, path: str) -> list[Node]:
    """The rules of one stylesheet, or of one group in it, that something can match."""
    found: list[Node] = []
    for rule in rules:
        if rule.type == "error":
            raise StylesheetError(f"{path}, line {rule.source_line}: {rule.message}")
        if rule.type == "qualified-rule":
            for token in rule.prelude:
                if token.type == "error":
                    raise StylesheetError(f"{path}, line {token.source_line}: {token.message}")
            selectors = used_selectors(rule.prelude, use.words)
            if selectors:
                found.append(Rule(",".join(selectors), declarations(rule.content, path)))
        elif rule.type == "at-rule":
            found += kept_at_rule(rule, use, path)
    return found


def kept_at_rule(rule, use: Use, path: str) -> list[Node]:
    """An at-rule, when something of it is left."""
    keyword = rule.lower_at_keyword
    prelude = tinycss2.serialize(rule.prelude).strip()
    if keyword == "charset":
        return []  # the bundle is UTF-8, as HTML assumes
    if keyword in GROUPS and rule.content is not None:
        inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        rules = kept_rules(inner, use, path)
        return [Group(f"@{keyword} {prelude}", rules)] if rules else []
    if keyword == "font-face":
        return [Rule("@font-face", declarations(rule.content, path))]
    text = f"@{rule.at_keyword} {prelude}"
    text += ";" if rule.content is None else f"{{{tinycss2.serialize(rule.content)}}}"
    return [Raw(keyword, prelude, text)]


def used_selectors(prelude, words: frozenset[str]) -> list[str]:
    """Those selectors of a list that something can match."""
    return [tinycss2.serialize(part).strip() for part in parts(prelude) if matches(part, words)]


def parts(tokens) -> Iterator[list]:
    """The tokens of a selector list, cut at its commas."""
    part: list = []
    for token in tokens:
        if token == ",":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def matches(selector, words: frozenset[str]) -> bool:
    """Whether everything that a selector asks for occurs somewhere."""
    before = ""
    for token in selector:
        if token.type == "ident" and before != ":":
            name = token.value if before == "." else token.value.lower()
            if name not in words:
                return False
        elif token.type == "hash":
            if token.value not in words:
                return False
        elif token.type == "[] block":
            names = [inner.lower_value for inner in token.content if inner.type == "ident"]
            if names and names[0] not in words:
                return False
        elif token.type == "function" and token.lower_name in ONE_OF:
            if not any(matches(part, words) for part in parts(token.arguments)):
                return False
        before = token.value if token.type == "literal" else ""
    return True


def declarations(content, path: str) -> list[tuple[str, str]]:
    """(name, value) of each declaration, with addresses that hold from the bundle."""
    found = []
    folder = posixpath.dirname(path)
    for item in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if item.type == "error":
            raise StylesheetError(f"{path}, line {item.source_line}: {item.message}")
        if item.type != "declaration":
            raise StylesheetError(f"{path}, line {item.source_line}: nested rules are not bundled")
        value = tinycss2.serialize(item.value).strip()
        value = LOCAL_URL.sub(lambda match: moved_url(match, folder), value)
        found.append((item.name, value + (" !important" if item.important else "")))
    return found


def moved_url(match: re.Match, folder: str) -> str:
    """An address as seen from the folder of the bundle, without a query that changes."""
    target = re.sub(r"\?(?=#|$|v=|digest=).*?(?=#|$)", "", match[2])
    return f'url("{posixpath.normpath(posixpath.join(folder, target))}")'


def every(kind: type[Kind], rules: Iterable[Node]) -> Iterator[Kind]:
    """All rules of one kind, plain or kept as they stand, also those in groups."""
    for rule in rules:
        if isinstance(rule, kind):
            yield rule
        elif isinstance(rule, Group):
            yield from every(kind, rule.rules)


def filtered(rules: Iterable[Node], keep: Callable[[Node], bool]) -> list[Node]:
    """The rules to keep, without rules and groups that hold nothing."""
    found: list[Node] = []
    for rule in rules:
        if isinstance(rule, Group):
            inner = filtered(rule.rules, keep)
            if inner:
                found.append(Group(rule.prelude, inner))
        elif keep(rule) and not (isinstance(rule, Rule) and not rule.declarations):
            found.append(rule)
    return found


def without_unread_properties(rules: list[Node], use: Use) -> list[Node]:
    """Drop custom properties that nothing reads, not even another property that is read."""
    readers: dict[str, set[str]] = {}
    read = set(use.properties)
    for raw in every(Raw, rules):
        read.update(READ_PROPERTY.findall(raw.text))
    for rule in every(Rule, rules):
        for name, value in rule.declarations:
            names = set(READ_PROPERTY.findall(value))
            if name.startswith("--"):
                readers.setdefault(name, set()).update(names)
            else:
                read |= names
    waiting = list(read)
    while waiting:
        new = readers.get(waiting.pop(), set()) - read
        read |= new
        waiting += new
    for rule in every(Rule, rules):
        rule.declarations = [
            (name, value)
            for name, value in rule.declarations
            if not name.startswith("--") or name in read
        ]
    return filtered(rules, lambda rule: True)


def without_idle_animations(rules: list[Node]) -> list[Node]:
    """Drop keyframes that no rule starts."""
    started: set[str] = set()
    for rule in every(Rule, rules):
        for name, value in rule.declarations:
            if "animation" in name or name.startswith("--"):
                started.update(WORD.findall(value))
    return filtered(
        rules,
        lambda rule: not (
            isinstance(rule, Raw) and "keyframes" in rule.keyword and rule.name not in started
        ),
    )


def without_unnamed_fonts(rules: list[Node], replaced: tuple[str, ...]) -> list[Node]:
    """Drop the faces of families that no rule names."""
    values = [
        value
        for rule in every(Rule, rules)
        if rule.prelude != "@font-face"
        for name, value in rule.declarations
        if name in ("font", "font-family") or name.startswith("--")
    ]
    named = "\n".join(values)

    def is_named(rule: Node) -> bool:
        if not isinstance(rule, Rule) or rule.prelude != "@font-face":
            return True
        family = dict(rule.declarations).get("font-family", "").strip("\"'")
        return family in named and not family.startswith(replaced)

    return filtered(rules, is_named)


def written(rule: Node) -> str:
    """A rule as CSS."""
    if isinstance(rule, Raw):
        return rule.text
    if isinstance(rule, Group):
        return f"{rule.prelude}{{{''.join(written(inner) for inner in rule.rules)}}}"
    body = ";".join(f"{name}:{value}" for name, value in rule.declarations)
    return f"{rule.prelude}{{{body}}}"
