"""What each chapter builds on: checked, drawn, and as a table.

The chapters' openings name their direct needs (``builds_on``). Everything else on the
map page follows from them: what comes first in all, the minutes, and the drawing.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from tools import book, opening


class Chapter(NamedTuple):
    """One chapter of the map."""

    stem: str
    title: str
    part: str
    minutes: int
    needs: str
    builds_on: tuple[str, ...]

    @property
    def number(self) -> int:
        """Its number in the book."""
        return int(self.stem[:2])


class MapError(ValueError):
    """Chapters whose needs do not fit the order of the book."""


def title_of(text: str) -> str:
    """The title of a page: its first heading."""
    return re.search(r"^# (.+)$", text, re.M).group(1).strip()


def titles(root: Path = book.ROOT) -> dict[str, str]:
    """The title of each chapter."""
    return {p.stem: title_of(p.read_text(encoding="utf-8")) for p in book.chapters(root)}


def parts(root: Path = book.ROOT) -> dict[str, str]:
    """The part of the book in which each page stands."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return {
        Path(entry["file"]).name: part["caption"]
        for part in toc.get("parts", [])
        for entry in part["chapters"]
    }


def chapters(root: Path = book.ROOT) -> list[Chapter]:
    """Every chapter in reading order, its needs checked.

    Raises
    ------
    MapError
        When the needs of a chapter do not fit the order of the book.
    """
    found, part = [], parts(root)
    for path in book.chapters(root):
        text = path.read_text(encoding="utf-8")
        facts = opening.from_page(text, path.name)
        found.append(
            Chapter(
                path.stem,
                title_of(text),
                part.get(path.stem, ""),
                facts["minutes"],
                facts["needs"],
                tuple(facts["builds_on"]),
            )
        )
    if wrong := faults(found):
        raise MapError("; ".join(wrong))
    return found


def faults(found: Sequence[Chapter]) -> list[str]:
    """A sentence for each need that is no earlier chapter, or that another need brings along."""
    wrong, first = [], {}
    for chapter in found:
        unknown = [name for name in chapter.builds_on if name not in first]
        wrong += [f"{chapter.stem} builds on {name}, which is no earlier chapter" for name in unknown]
        known = [name for name in chapter.builds_on if name in first]
        implied = set().union(*(first[name] for name in known))
        wrong += [
            f"{chapter.stem} need not name {name}: another chapter that it builds on does"
            for name in known
            if name in implied
        ]
        first[chapter.stem] = implied.union(known)
    return wrong


def everything_first(found: Sequence[Chapter]) -> dict[str, list[Chapter]]:
    """For each chapter, all that has to be read before it, in reading order."""
    first: dict[str, set[str]] = {}
    for chapter in found:
        first[chapter.stem] = set(chapter.builds_on).union(*(first[n] for n in chapter.builds_on))
    return {stem: [c for c in found if c.stem in names] for stem, names in first.items()}


def numbers(found: Sequence[Chapter]) -> str:
    """Chapter numbers in words, runs of three or more joined.

    >>> numbers([Chapter(f"{n:02}-x", "", "", 1, "", ()) for n in (2, 3, 4, 5, 8, 10)])
    '2 to 5, 8 and 10'
    >>> numbers([])
    ''
    """
    runs: list[list[int]] = []
    for number in (chapter.number for chapter in found):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = []
    for run in runs:
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(number) for number in run]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def in_words(found: Sequence[Chapter]) -> str:
    """What the drawing shows, as sentences."""
    by_stem = {chapter.stem: chapter for chapter in found}
    alone = [chapter for chapter in found if not chapter.builds_on]
    said = [f"The {len(found)} chapters in reading order, an arrow from each to those that build on it."]
    if alone:
        said.append(f"{_chapters(alone)} {'builds' if len(alone) == 1 else 'build'} on no other.")
    said += [
        f"Chapter {chapter.number} builds on {numbers([by_stem[n] for n in chapter.builds_on])}."
        for chapter in found
        if chapter.builds_on
    ]
    return " ".join(said)


def _chapters(found: Sequence[Chapter]) -> str:
    return f"Chapter{'s' if len(found) > 1 else ''} {numbers(found)}"


# The drawing, in units of about one CSS pixel on a narrow phone.
WIDTH, ROW, HEAD, LANE, RADIUS, BEND, TIP = 320, 46, 34, 23, 10.5, 9, 6
TEXT_SIZE, LINE, CHARACTER = 14, 17, 7.0


def lanes(found: Sequence[Chapter]) -> dict[str, int]:
    """The column of each chapter's dot.

    A chapter keeps its column down to the last one that builds on it, which may take the
    column over; so no line runs through a dot.
    """
    last = {name: chapter.stem for chapter in found for name in chapter.builds_on}
    lane: dict[str, int] = {}
    holder: list[str | None] = []
    for chapter in found:
        free = [
            i
            for i, owner in enumerate(holder)
            if owner is None or (owner in chapter.builds_on and last[owner] == chapter.stem)
        ]
        if not free:
            free = [len(holder)]
            holder.append(None)
        inherited = [i for i in free if holder[i] is not None]
        lane[chapter.stem] = place = (inherited or free)[0]
        for i in inherited:
            holder[i] = None
        holder[place] = chapter.stem if chapter.stem in last else None
    return lane


def as_svg(found: Sequence[Chapter]) -> str:
    """The chapters from top to bottom, with an arrow for each direct need."""
    lane = lanes(found)
    x = {stem: 14 + LANE * i for stem, i in lane.items()}
    left = max(x.values(), default=0) + RADIUS + 12
    y, heads, down = {}, [], 4
    for before, chapter in zip([None, *found], found, strict=False):
        if before is None or before.part != chapter.part:
            heads.append((down + HEAD - 14, chapter.part))
            down += HEAD
        y[chapter.stem] = down + ROW / 2
        down += ROW
    drawn = [
        f'<svg class="chapter-map" viewBox="0 0 {WIDTH} {down + 4:g}" role="img" '
        f'aria-label="{html.escape(in_words(found))}">'
    ]
    for at, part in heads:
        drawn += [f'<text class="part" x="{left:g}" y="{at:g}">{html.escape(_short(part))}</text>']
    trunks, branches, tips = [], [], []
    for chapter in found:
        to_x, to_y = x[chapter.stem], y[chapter.stem]
        for name in chapter.builds_on:
            from_x, from_y = x[name], y[name] + RADIUS
            if from_x == to_x:
                trunks.append(f"M{from_x:g} {from_y:g}V{to_y - RADIUS - TIP:g}")
                tips.append((to_x, to_y - RADIUS, 0, -1))
                continue
            side = 1 if to_x > from_x else -1
            trunks.append(f"M{from_x:g} {from_y:g}V{to_y - BEND:g}")
            bend, end = f"{from_x:g} {to_y - BEND:g}q0 {BEND} {side * BEND} {BEND}", to_x - side * (RADIUS + TIP)
            branches.append((f"M{from_x + side * BEND:g} {to_y:g}H{end:g}", f"M{bend}H{end:g}"))
            tips.append((to_x - side * RADIUS, to_y, -side, 0))
    drawn += [f'<path class="line" d="{"".join(trunks)}"/>'] if trunks else []
    drawn += [f'<path class="gap" d="{a}"/><path class="line" d="{b}"/>' for a, b in branches]
    for tip_x, tip_y, dx, dy in tips:
        base_x, base_y, half = tip_x + dx * TIP * 1.3, tip_y + dy * TIP * 1.3, TIP * 0.75
        drawn.append(
            f'<path class="tip" d="M{tip_x:g} {tip_y:g}L{base_x + dy * half:g} {base_y + dx * half:g}'
            f'L{base_x - dy * half:g} {base_y - dx * half:g}z"/>'
        )
    for chapter in found:
        at_x, at_y = x[chapter.stem], y[chapter.stem]
        drawn.append(f'<circle class="dot" cx="{at_x:g}" cy="{at_y:g}" r="{RADIUS}"/>')
        if not chapter.builds_on:
            drawn.append(f'<circle class="ring" cx="{at_x:g}" cy="{at_y:g}" r="{RADIUS + 3:g}"/>')
        drawn.append(f'<text class="number" x="{at_x:g}" y="{at_y + 4.2:g}">{chapter.number}</text>')
        lines = textwrap.wrap(chapter.title, int((WIDTH - left) / CHARACTER))
        top = at_y + 5 - LINE * (len(lines) - 1) / 2
        for i, line in enumerate(lines):
            drawn.append(f'<text x="{left:g}" y="{top + LINE * i:g}">{html.escape(line)}</text>')
    return "\n".join([*drawn, "</svg>"])


def _short(part: str) -> str:
    """A part's name, short enough for the drawing: "Part I: The claim" is "I · The claim"."""
    return part.removeprefix("Part ").replace(": ", " · ", 1)


def as_html(found: Sequence[Chapter]) -> str:
    """The drawing as a figure with its caption."""
    return (
        f'<figure class="chapter-map">\n{as_svg(found)}\n'
        "<figcaption><p>An arrow leads from a chapter to one that cannot be followed without it. "
        "Chapters with a double ring build on no other. Only direct needs are drawn: "
        "who follows the arrows back finds the rest.</p></figcaption>\n</figure>"
    )


def as_table(found: Sequence[Chapter]) -> str:
    """The same facts as a table, with what has to be read first in all."""
    first = everything_first(found)
    by_stem = {chapter.stem: chapter for chapter in found}
    rows = []
    for chapter in found:
        direct = numbers([by_stem[name] for name in chapter.builds_on]) or "none"
        before = first[chapter.stem]
        minutes = sum(one.minutes for one in before)
        whole = f"{numbers(before)}; {minutes} minutes" if before else "nothing"
        alone = "yes" if not before else f"after {_count(len(before))}"
        rows.append(
            f'<tr><th scope="row"><a class="reference internal" href="{chapter.stem}.html">'
            f"{chapter.number} {html.escape(chapter.title)}</a></th>"
            f'<td class="number">{chapter.minutes}</td><td>{direct}</td><td>{whole}</td><td>{alone}</td></tr>'
        )
    head = "".join(
        f'<th scope="col"{kind}>{text}</th>'
        for text, kind in (
            ("Chapter", ""), ("Minutes", ' class="number"'), ("Builds on", ""), ("To read first, in all", ""), ("Alone?", ""),
        )
    )  # fmt: skip
    return (
        '<div class="table-scroll"><table class="chapter-map">'
        "<caption>Each chapter, what it builds on, and what that builds on in turn</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )


def _count(number: int) -> str:
    return "1 chapter" if number == 1 else f"{number} chapters"
