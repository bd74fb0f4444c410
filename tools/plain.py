"""The Markdown of a page without what only the site can draw.

Jupyter shows a notebook's Markdown as it is: a directive or a role of MyST would stand
there raw. `plain` turns each into headings, quotes, lists and words, with the computed
numbers set in. A directive or role that it does not know is an error, so that a new one
is not shown raw by chance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path

from tools import book, chapter_map, claims, opening, selfcheck

FENCE = re.compile(r"(?P<fence>`{3,}|:{3,})(?:\{(?P<name>[\w-]+)\}\s*(?P<argument>.*)|[\w-]+)?")
OPTION = re.compile(r":(?P<key>[\w-]+):\s*(?P<value>.*)")
LABEL = re.compile(r"\([\w-]+\)=\s*")
ROLE = re.compile(r"\{(?P<name>[a-z]+(?::[a-z]+)?)\}`(?P<text>[^`]+)`")
EXPLICIT = re.compile(r"(?P<words>.+?)\s*<(?P<target>[^<>]+)>", re.S)
LINK_TO_ROW = re.compile(r"<a [^>]*><code>(.*?)</code></a>")
BOXES = ("admonition", "attention", "caution", "hint", "important", "note", "tip", "warning")


class PlainError(ValueError):
    """Markdown that has no plain form; the message says what, and on which page."""


@dataclass
class Page:
    """What the Markdown of one page refers to."""

    name: str
    glued: Mapping[str, str]
    figures: Mapping[str, str]
    root: Path = book.ROOT
    link: Callable[[str], str | None] = lambda stem: None
    cited: list[str] = field(default_factory=list)
    exercises: dict[str, str] = field(default_factory=dict)
    in_solution: bool = False

    @property
    def chapter(self) -> int | None:
        """The chapter's number; None for a page around the book."""
        return int(self.name[:2]) if self.name[:2].isdigit() else None

    def numbered(self, number: int) -> str:
        """A number as the site prints it: with the chapter's before it."""
        return f"{self.chapter}.{number}" if self.chapter else f"{number}"

    def wrong(self, what: str) -> PlainError:
        """An error that names the page."""
        return PlainError(f"{self.name}: {what}")


def plain(markdown: str, page: Page) -> str:
    """The same text in Markdown that any notebook viewer can show.

    Parameters
    ----------
    markdown : str
        One cell's text, in MyST.
    page : Page
        The page it stands on; takes note of citations, exercises and solutions.

    Raises
    ------
    PlainError
        At an unknown directive, role, number, figure or page.
    """
    lines, out, at = markdown.splitlines(), [], 0
    while at < len(lines):
        line = lines[at]
        opened = FENCE.fullmatch(line.strip())
        if opened:
            end = closing(lines, at, opened["fence"], page)
            if opened["name"]:
                body = lines[at + 1 : end]
                out += ["", directive(opened["name"], opened["argument"], body, page), ""]
            else:
                out += lines[at : end + 1]
            at = end + 1
        elif LABEL.fullmatch(line) or line.startswith("% "):  # a target, a note to authors
            at += 1
        elif line.strip() and at + 1 < len(lines) and lines[at + 1].startswith(": "):
            entry, at = definition(lines, at + 1)
            out.append(f"- **{inline(line, page)}**: {plain(entry, page)}".replace("\n", "\n  "))
        else:
            paragraph = [line]
            at += 1
            # A role may run over a line's end: take the paragraph as one piece.
            while line.strip() and at < len(lines) and lines[at].strip() and not special(lines, at):
                paragraph.append(lines[at])
                at += 1
            out.append(inline("\n".join(paragraph), page))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n")


def definition(lines: list[str], at: int) -> tuple[str, int]:
    """The text of a definition that begins at a line, and the line behind it."""
    entry, at = [lines[at][2:]], at + 1
    while at < len(lines):
        following = next((line for line in lines[at:] if line.strip()), "")
        if not following.startswith("  "):
            break
        entry.append(lines[at].removeprefix("  "))
        at += 1
    return "\n".join(entry), at


def special(lines: list[str], at: int) -> bool:
    """Whether a line begins something else than more of a paragraph."""
    following = lines[at + 1] if at + 1 < len(lines) else ""
    return bool(
        FENCE.fullmatch(lines[at].strip()) or LABEL.fullmatch(lines[at]) or following.startswith(": ")
    )


def closing(lines: list[str], start: int, fence: str, page: Page) -> int:
    """The line that closes a fence."""
    for at in range(start + 1, len(lines)):
        mark = lines[at].strip()
        if len(mark) >= len(fence) and set(mark) == {fence[0]}:
            return at
    raise page.wrong(f"nothing closes {lines[start]!r}")


def options_of(body: list[str]) -> tuple[dict[str, str], str]:
    """A directive's options, and the text below them."""
    options, at = {}, 0
    while at < len(body) and (found := OPTION.fullmatch(body[at].strip())):
        options[found["key"]] = found["value"]
        at += 1
    return options, "\n".join(body[at:]).strip("\n")


def directive(name: str, argument: str, body: list[str], page: Page) -> str:
    """The plain form of one directive."""
    if name == "chapter-opening":
        return opening_box("\n".join(body), page)
    if name == "selfcheck":
        return quiz(argument, page)
    if name == "claims-table":
        return plain(LINK_TO_ROW.sub(r"`\1`", claims.as_markdown(page.root / "data")).replace("<wbr>", ""), page)
    options, text = options_of(body)
    if name == "div":
        return plain(text, page)
    if name == "exercise":
        number = page.numbered(len(page.exercises) + 1)
        page.exercises[options.get("label", number)] = number
        return f"### Exercise {number}\n\n{plain(text, page)}"
    if name == "solution-start":
        if argument not in page.exercises:
            raise page.wrong(f"the solution {argument!r} has no exercise above it")
        page.in_solution = True
        return f"### Solution to exercise {page.exercises[argument]}"
    if name == "solution-end":
        page.in_solution = False
        return ""
    if name in BOXES:
        title = argument if name == "admonition" else argument or name.capitalize()
        return box(inline(title, page), plain(text, page), "dropdown" in options.get("class", ""))
    raise page.wrong(f"no plain form is known for the directive {name!r}")


def box(title: str, text: str, folded: bool) -> str:
    """A quote with a title; or, folded, one that opens at a click."""
    if folded:
        return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
    return quoted(f"**{title}**\n\n{text}")


def quoted(text: str) -> str:
    """A text as a Markdown quote."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def opening_box(text: str, page: Page) -> str:
    """The box at the head of a chapter."""
    facts = opening.parse(text)
    lines = [f"**{facts['question']}**", "", "After this chapter you can", ""]
    lines += [f"- {objective}" for objective in facts["objectives"]] + [""]
    rows = opening.fact_rows(facts, titles(page.root))
    lines += [f"- **{term}**: {words}" for term, words in rows]
    return quoted(inline("\n".join(lines), page))


def quiz(name: str, page: Page) -> str:
    """A quiz whose options unfold to their feedback."""
    path = page.root / "book" / "selfcheck" / f"{name}.yml"
    parts = []
    for number, question in enumerate(selfcheck.load(path), start=1):
        parts.append(f"**{number}.** {inline(question['question'], page)}")
        for letter, option in zip("ABCDEF", question["options"], strict=False):
            word = "Yes." if option["correct"] else "No."
            text = f"**{word}** {inline(option['feedback'], page)}"
            parts.append(box(f"{letter}. {in_html(inline(option['text'], page))}", text, folded=True))
    return "\n\n".join(parts)


def in_html(text: str) -> str:
    """A short text with its emphasis and code as HTML: a summary takes no Markdown."""
    text = escape(text, quote=False)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    text = re.sub(r"\*(.+?)\*", r"<i>\1</i>", text)
    return re.sub(r"`(.+?)`", r"<code>\1</code>", text)


def inline(text: str, page: Page) -> str:
    """A text with each role replaced by words."""
    return ROLE.sub(lambda found: role(found["name"], found["text"], page), text)


def role(name: str, text: str, page: Page) -> str:
    """The words that stand for one role."""
    explicit = EXPLICIT.fullmatch(text)
    words, target = (explicit["words"], explicit["target"]) if explicit else (None, text)
    if name == "glue:text":
        return looked_up(page.glued, text, "the computed value", page)
    if name == "typed":
        return text
    if name == "term":
        return words or text
    if name == "ref" and words:
        return words  # a place on another page
    if name == "numref":
        return looked_up(page.figures, target, "the figure", page)
    if name == "doc":
        return page_link(target, words, page)
    if name == "cite":
        return cited(text, page)
    if name.startswith("py:"):
        return f"`{words or target.split('.')[-1] if target.startswith('~') else words or target}`"
    raise page.wrong(f"no plain form is known for the role {name!r}")


def looked_up(table: Mapping[str, str], key: str, what: str, page: Page) -> str:
    """An entry of a table; an error that says what is missing."""
    if key not in table:
        raise page.wrong(f"{what} {key!r} is not known")
    return table[key]


def page_link(target: str, words: str | None, page: Page) -> str:
    """A link to a page where there is one to link, else its title."""
    path = page.root / (target.strip("/") if target.startswith("/") else f"book/{target}")
    source = path.with_name(f"{path.name}.md")
    if not source.is_file():
        raise page.wrong(f"there is no page {target!r}")
    title = words or chapter_map.title_of(source.read_text(encoding="utf-8"))
    address = page.link(path.name)
    return f"[{title}]({address})" if address else f"*{title}*"


def cited(text: str, page: Page) -> str:
    """Authors and year, in brackets; the page takes note for its list of references."""
    labels = []
    for key in re.split(r"\s*,\s*", text.strip()):
        labels.append(looked_up(citation_labels(page.root), key, "the reference", page))
        if key not in page.cited:
            page.cited.append(key)
    return f"[{'; '.join(labels)}]"


@cache
def citation_labels(root: Path) -> dict[str, str]:
    """Each reference as the text calls it: authors and year."""
    from pybtex.database import parse_file
    from pylatexenc.latex2text import LatexNodes2Text

    labels = {}
    for key, entry in parse_file(str(root / "book" / "references.bib")).entries.items():
        people = entry.persons.get("author") or entry.persons.get("editor") or []
        names = [" ".join(person.prelast_names + person.last_names) for person in people]
        names = [LatexNodes2Text().latex_to_text(name) for name in names]
        who = " and ".join(names) if len(names) < 3 else f"{names[0]} *et al.*"
        labels[key] = f"{who}, {entry.fields['year']}"
    return labels


def references(page: Page) -> str:
    """The works that a page cites, as a list under a heading; empty where it cites none."""
    from pybtex import PybtexEngine

    if not page.cited:
        return ""
    listed = PybtexEngine().format_from_files(
        [str(page.root / "book" / "references.bib")],
        style="plain",
        output_backend="markdown",
        citations=page.cited,
    )
    entries = re.split(r"(?m)^\[\d+\] ", listed.strip())[1:]
    lines = [re.sub(r"\\([-.()])", r"\1", " ".join(entry.split())) for entry in entries]
    return "## References\n\n" + "\n".join(f"- {line}" for line in lines)


@cache
def titles(root: Path) -> dict[str, str]:
    """The titles of the chapters, by stem."""
    return {
        path.stem: chapter_map.title_of(path.read_text(encoding="utf-8"))
        for path in book.chapters(root)
    }


def caption(metadata: Mapping, page: Page) -> str:
    """What stands below the figure of a cell: number, caption, and the figure in words."""
    settings = metadata.get("mystnb", {})
    figure = settings.get("figure", {})
    if not figure.get("caption"):
        return ""
    number = page.figures.get(figure.get("name", ""), "")
    text = inline(" ".join(figure["caption"].split()), page)
    words = inline(" ".join(settings.get("image", {}).get("alt", "").split()), page)
    head = f"**{number}.** {text}" if number else text
    return head + ("\n\n" + box("The figure in words", words, folded=True) if words else "")
