"""Slides for each chapter, made from the chapter's built page, for reveal.js.

``python -m tools.slides`` after ``jupyter-book build`` writes ``slides/NN-name.html`` into the
site for each sheet ``book/slides/NN-name.yml``. Headings, sentences, figures, tables, formulas
and code come from the page; the sheet says which. What a section says beyond its slide becomes
the speaker notes. The first and the last slides of each deck are the same for all chapters.
``--list NN-name`` shows what a sheet can name. The same page and sheet give the same bytes, and
a deck whose page and sheet did not change is left alone.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import math
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bs4 import BeautifulSoup, NavigableString, Tag

from tools import book, packing
from tools import slide_source as source
from tools.slide_source import Chapter, Piece, SlidesError

SITE = book.ROOT / "_build" / "html"
FOLDER = "slides"
STAMPS = book.ROOT / "_build" / ".slides.json"
STYLES = book.ROOT / "slides"
REVEAL = STYLES / "reveal"  # not in _vendor: each script there would be put on every page
KATEX = book.ROOT / "_vendor" / "katex" / "katex.min.css"
FEWEST, MOST = 10, 15

# The slide, in pixels: what is free for text below a heading of one line.
WIDE, TALL = 1136, 540
BESIDE = "<!--heading-->"
"""Where a slide's heading goes when it does not stand above all the rest."""
HEADING_LINE, HEADING_LETTERS = 54, 52
SIZES = (40, 36, 32, 30, 28, 26, 25)
SMALL_SIZES = (32, 30, 28, 26, 25)
CODE_SIZES = (30, 28, 26, 24)
CONTROL = 64
"""The height of a slider with its label."""
TABLE_SIZES = (30, 28, 26, 24)
SIDE_WIDTH = 790
FULL_TALL, FULL_WIDTH = 636, 700
"""For a figure that takes the height of the slide, with the heading beside it."""
SMALLEST = 1.1
"""A figure is at least so many times as large as on the page, if its shape allows."""
SLIDER_WIDTH, SAID = 640, 25
FORMULA = 110
GAP = 28
LETTER, MONO = 0.44, 0.603
"""Width of a letter, as a share of the size of its font."""
LINE, CODE_LINE, TABLE_LINE = 1.3, 1.4, 1.95

SHEET_HELP = """How a sheet works:

  slides:                    the slides between the objectives and what we found
    - section: the-ledger    the id of a section of the chapter; its heading is the slide's
      heading: Another one   or own words instead
      take: [first words]    sentences, in the order of the slide
      say: [own words]       short bullets, where no sentence of the chapter will do
      figure: fig-timeline   a figure by its name
      table: first words     the first table after that sentence; so too output, code, math
      rows: 4                the first rows of the table
      layout: side           side, stack or full; without it, the one with the largest figure
      ask: A question?       to the room, in the notes; every fourth slide needs one
      notes: [first words]   instead of what the section says after the slide's first piece
  found: [first words]       from "What we found"
  not_shown: [first words]   from "What it does not show"
  check: name                a question of the self-check

First words may hold the sign … for words that may change; a digit is refused everywhere.
"""
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
EARLY = re.compile(r'(<script src="[^"]*early\.js[^"]*" data-fonts=")[^"]*("></script>)')
FIRST_FONTS = "BondSans-Regular BondSans-Semibold BondSerif-Italic"
SLIDERS = re.compile(r'<script defer src="[^"]*/sliders\.js[^"]*"></script>')
TITLE = re.compile(r"<title>(.*?) — (.*?)</title>")
FACE = re.compile(r"@font-face\{[^}]*\}")
KEPT_ATTRIBUTES = {"class", "style", "src", "alt", "width", "height", "scope", "colspan", "rowspan"}


@dataclass
class Slide:
    """One slide: its heading, what stands below it, and what the speaker may say."""

    heading: str
    body: str
    notes: str
    kind: str = ""


@dataclass
class Shown:
    """What a slide of the sheet takes from the chapter."""

    sheet: dict
    where: str
    pieces: list[Piece]
    taken: list[Piece]
    things: list[Piece]
    rest: list[Piece] = field(default_factory=list)


# A deck.


def deck(chapter: Chapter, sheet: dict, name: str) -> list[Slide]:
    """The slides of a chapter.

    Raises
    ------
    SlidesError
        When the sheet names what the chapter does not have, or a slide holds too much.
    """
    found = found_slide(chapter, sheet, "found", "what-we-found", name)
    limits = found_slide(chapter, sheet, "not_shown", "what-it-does-not-show", name)
    slides = [
        title_slide(chapter),
        objectives_slide(chapter),
        *[content_slide(chapter, shown) for shown in shown_by(chapter, sheet, name)],
        found,
        limits,
        question_slide(chapter, sheet, name),
        exercises_slide(chapter),
    ]
    if not FEWEST <= len(slides) <= MOST:
        raise SlidesError(f"{name}: {len(slides)} slides, not {FEWEST} to {MOST}")
    for number, slide in enumerate(slides, start=1):
        if not slide.notes:
            raise SlidesError(f"{name}: slide {number} of the deck, {slide.heading}, has no notes")
    return slides


def shown_by(chapter: Chapter, sheet: dict, name: str) -> list[Shown]:
    """What each slide of a sheet takes, and the rest of its section for the notes."""
    found, stem = [], chapter.stem
    for number, slide in enumerate(sheet["slides"], start=1):
        where = f"{name}, slide {number} ({slide['section']})"
        pieces = source.within(chapter, slide["section"], where)
        taken = [
            source.find_sentence(pieces, words, where, stem)
            for words in source.as_list(slide.get("take"))
        ]
        for piece in taken:
            check_taken(piece, slide, where)
        things = [
            source.find_thing(pieces, kind, slide[kind], where, stem)
            for kind in slide
            if kind in source.THINGS
        ]
        found.append(Shown(slide, where, pieces, taken, things))
    share_rest(chapter, found)
    return found


def check_taken(piece: Piece, slide: dict, where: str) -> None:
    """Stop at a sentence that points to what its slide does not show."""
    if "Fig. " in piece.text:
        raise SlidesError(f"{where} takes a sentence with the number of a figure: {piece.text!r}")
    if piece.text.endswith(":") and not slide.keys() & set(source.THINGS):
        raise SlidesError(f"{where} takes a sentence that announces something: {piece.text!r}")


def share_rest(chapter: Chapter, shown: list[Shown]) -> None:
    """Give each slide the sentences of its section that stand behind what it shows.

    What stands before the first slide of a section goes to that one.
    """
    place = {id(piece): number for number, piece in enumerate(chapter.pieces)}
    used = {id(piece) for slide in shown for piece in (*slide.taken, *slide.things)}
    starts: dict[str, list[tuple[int, Shown]]] = {}
    for slide in shown:
        pieces = slide.taken + slide.things or slide.pieces[:1]
        if not pieces:
            continue
        start = min(place[id(piece)] for piece in pieces)
        starts.setdefault(pieces[0].sections[0], []).append((start, slide))
    for section, slides in starts.items():
        slides.sort(key=lambda pair: pair[0])
        for number, piece in enumerate(chapter.pieces):
            if piece.kind not in ("sentence", "math") or piece.sections[:1] != (section,):
                continue
            if id(piece) not in used:
                before = [slide for start, slide in slides if start <= number]
                (before[-1] if before else slides[0][1]).rest.append(piece)


def title_slide(chapter: Chapter) -> Slide:
    """The question, the minutes, and what one needs."""
    facts = "".join(
        f"<dt>{term}</dt><dd>{inner(plain(chapter.opening[term].p))}</dd>"
        for term in ("Time", "You need")
    )
    body = (
        f'<p class="question">{inner(plain(chapter.opening["question"]))}</p>'
        f'<dl class="facts">{facts}</dl>'
    )
    intro = [piece for piece in chapter.pieces if not piece.sections]
    notes = ask("What would you answer, before you know more?") + paragraphs(intro)
    return Slide(html.escape(chapter.title), body, notes, "title")


def objectives_slide(chapter: Chapter) -> Slide:
    """What one can do after the chapter."""
    items = chapter.opening["objectives"].find_all("li")
    texts = [source.words_of(item) for item in items]
    size = fitting(texts, WIDE - 40, TALL - 60, SIZES, "the objectives")
    listed = "".join(f"<li>{inner(plain(item.p or item))}</li>" for item in items)
    body = (
        f'<div class="words size-{size}"><p>After this chapter you can</p><ul>{listed}</ul></div>'
    )
    notes = f"<p>The data: {inner(plain(chapter.opening['Data'].p))}.</p>".replace("..<", ".<")
    return Slide("Objectives", body, notes)


def content_slide(chapter: Chapter, shown: Shown) -> Slide:
    """A slide of the sheet."""
    sheet = shown.sheet
    heading = (
        html.escape(sheet["heading"])
        if "heading" in sheet
        else inner(plain(chapter.headings[sheet["section"]]))
    )
    lines = 1 + (len(text_in(heading)) - 1) // HEADING_LETTERS
    tall = TALL - (lines - 1) * HEADING_LINE
    said = [(source.words_of(piece.html), inner(plain(piece.html))) for piece in shown.taken]
    said += [(words, html.escape(words)) for words in source.as_list(sheet.get("say"))]
    body = laid_out(said, shown, tall)
    chosen = shown.rest
    if "notes" in sheet:
        names = source.as_list(sheet["notes"])
        chosen = [
            source.find_sentence(shown.pieces, words, shown.where, chapter.stem) for words in names
        ]
    notes = "".join(ask(words) for words in source.as_list(sheet.get("ask")))
    notes += "".join(
        figure_notes(chapter, piece) for piece in shown.things if piece.kind == "figure"
    )
    return Slide(
        heading, body, notes + paragraphs(chosen), shown.things[0].kind if shown.things else ""
    )


def found_slide(chapter: Chapter, sheet: dict, key: str, section: str, name: str) -> Slide:
    """What the chapter found, or what it does not show: all of it, or what the sheet chooses."""
    where = f"{name}, {key!r}"
    pieces = source.within(chapter, section, where)
    sentences = [piece for piece in pieces if piece.kind == "sentence"]
    words = source.as_list(sheet[key])
    taken = [source.find_sentence(sentences, first, where, chapter.stem) for first in words]
    texts = [piece.text for piece in taken]
    size = fitting(texts, WIDE - 40, TALL, SIZES, where)
    rest = [piece for piece in sentences if piece not in taken]
    body = f'<div class="words size-{size}">{listed([inner(plain(p.html)) for p in taken])}</div>'
    lead = "<p>Read each line aloud, and ask which step of the chapter it rests on.</p>"
    if key == "not_shown":
        lead = "<p>Ask which of these limits a new study could lift, and which no data could.</p>"
    return Slide(inner(plain(chapter.headings[section])), body, lead + paragraphs(rest))


def question_slide(chapter: Chapter, sheet: dict, name: str) -> Slide:
    """A question of the self-check; the answer stands in the notes."""
    named = {question.name: question for question in chapter.questions}
    if sheet["check"] not in named:
        raise SlidesError(
            f"{name}: chapter {chapter.stem} has no question {sheet['check']!r} in its self-check; "
            f"it has {', '.join(named)}"
        )
    question = named[sheet["check"]]
    words = "".join(f"<p>{inner(plain(tag))}</p>" for tag in question.words)
    options = "".join(f"<li>{inner(plain(option))}</li>" for option in question.options)
    texts = [source.words_of(tag) for tag in (*question.words, *question.options)]
    size = fitting(texts, WIDE - 60, TALL, SIZES[1:], f"{name}, 'check'")
    letter = "ABCDEF"[question.right]
    reasons = " ".join(inner(plain(tag)) for tag in question.reasons)
    answer = inner(plain(question.options[question.right]))
    notes = (
        "<p>Let everyone choose before anyone speaks, then ask for reasons.</p>"
        f"<p><b>Answer: {letter}.</b> {answer}</p><p>{reasons}</p>"
    )
    body = f'<div class="words size-{size}">{words}<ol class="options">{options}</ol></div>'
    return Slide("What do you think?", body, notes, "check")


def exercises_slide(chapter: Chapter) -> Slide:
    """The names of the exercises, and the way to the chapter."""
    items = "".join(
        f'<li><span class="number">{number}</span> {html.escape(name)}</li>'
        for number, name, _ in chapter.exercises
    )
    texts = [f"{number} {name}" for number, name, _ in chapter.exercises]
    size = fitting(texts, WIDE - 40, TALL - 90, SIZES, "the exercises")
    link = f"../book/{chapter.stem}.html"
    body = (
        f'<div class="words size-{size}"><ul class="exercises">{items}</ul></div>'
        f'<p class="chapter-link"><a href="{link}#exercises">Chapter {chapter.number}, '
        f"{html.escape(chapter.title)}</a></p>"
    )
    notes = "".join(
        f"<p>{number} {' '.join(inner(plain(p)) for p in statement.find_all('p'))}</p>"
        for number, _, statement in chapter.exercises
    )
    return Slide("Exercises", body, notes, "last")


# What stands on a slide.


def laid_out(said: list[tuple[str, str]], shown: Shown, tall: int) -> str:
    """Sentences, and the things beside or below them."""
    texts = [text for text, _ in said]
    markup = [code for _, code in said]
    if not shown.things:
        size = fitting(texts, WIDE - 40 * (len(said) > 1), tall, SIZES, shown.where)
        return f'<div class="words size-{size}">{listed(markup)}</div>'
    if len(shown.things) == 1 and shown.things[0].kind == "figure":
        return with_figure(texts, markup, shown, tall)
    for size in SIZES[1:]:
        left = tall - text_height(texts, WIDE, size) - GAP
        try:
            each = [thing_in(piece, shown, left) for piece in shown.things]
        except SlidesError:
            if size == SIZES[-1]:
                raise
            continue
        words = f'<div class="words size-{size}">{listed(markup)}</div>' if said else ""
        return f'<div class="stack">{words}{"".join(each)}</div>'
    raise AssertionError("the last size either fits or raises")


def with_figure(texts: list[str], markup: list[str], shown: Shown, tall: int) -> str:
    """A figure as large as its slide lets it be, beside its sentences or below them."""
    piece = shown.things[0]
    if piece.html.find("img") is None:
        return with_sliders(texts, markup, shown, tall)
    width, height = size_of(piece)
    layouts = [shown.sheet["layout"]] if "layout" in shown.sheet else source.LAYOUTS
    plans = [plan for layout in layouts for plan in plans_of(layout, texts, width, height, tall)]
    if not plans:
        raise SlidesError(f"{shown.where} has too much text beside its figure")
    # A heading that stands above is what the eye expects: it gives way to a clear gain only.
    scale, size, layout = max(plans, key=lambda plan: plan[0] * (0.93 if plan[2] == "full" else 1))
    if scale < min(SMALLEST, FULL_WIDTH / width, FULL_TALL / height) - 0.01:
        raise SlidesError(
            f"{shown.where}: the text leaves its figure {scale:.2f} of the size on the page, less "
            f"than {SMALLEST}; take fewer or shorter sentences"
        )
    figure = figure_html(piece, int(scale * width), int(scale * height))
    words = f'<div class="words size-{size}">{listed(markup)}</div>' if texts else ""
    if layout == "full":
        words = f"<div>{BESIDE}{words}</div>"
    return f'<div class="{layout}">{words}{figure}</div>'


def plans_of(
    layout: str, texts: list[str], width: float, height: float, tall: int
) -> list[tuple[float, int, str]]:
    """Scale of the figure and size of the text in each way in which a layout is possible."""
    if layout == "stack":
        plans = []
        for size in SMALL_SIZES:
            free = tall - text_height(texts, WIDE, size) - (GAP if texts else 0)
            if free > 0.4 * tall:
                plans.append((round(min(WIDE / width, free / height), 2), size, layout))
        return plans
    if layout == "full":
        scale = round(min(FULL_WIDTH / width, FULL_TALL / height), 2)
        tall = FULL_TALL - 3 * HEADING_LINE
    else:
        scale = round(min(SIDE_WIDTH / width, tall / height), 2)
    room = WIDE - 2 * GAP - int(scale * width)
    fits = [size for size in SMALL_SIZES if text_height(texts, room, size) <= tall]
    return [(scale, fits[0], layout)] if texts and fits else []


def size_of(piece: Piece) -> tuple[float, float]:
    """Width and height of a picture, as the page has it."""
    image = piece.html.find("img")
    return float(image["width"]), float(image["height"])


def figure_html(piece: Piece, width: int, height: int) -> str:
    """A picture without its caption, which goes to the notes."""
    image = piece.html.find("img")
    alt = html.escape(image["alt"], quote=True)
    return (
        f'<figure><img src="{image["src"]}" alt="{alt}" width="{width}" height="{height}"></figure>'
    )


def with_sliders(texts: list[str], markup: list[str], shown: Shown, tall: int) -> str:
    """An interactive figure: the drawing on the left, words and sliders on the right."""
    figure = shown.things[0].html.__copy__()
    drawing = figure.svg
    *_, width, height = map(float, drawing["viewbox"].split())
    scale = min(SLIDER_WIDTH / width, tall / height)
    room = WIDE - 2 * GAP - int(scale * width)
    said = source.words_of(figure.select_one(".slider-said"))
    controls = CONTROL * len(figure.select("input[type=range]"))
    left = tall - controls - text_height([said], room, SAID) - 2 * SAID * LINE
    sizes = [size for size in SMALL_SIZES if text_height(texts, room, size) <= left]
    if not sizes:
        raise SlidesError(f"{shown.where} has too much text beside its sliders")
    drawing["width"], drawing["height"] = str(int(scale * width)), str(int(scale * height))
    for name in ("figcaption", ".slider-reset", ".slider-stands", ".slider-data"):
        for tag in figure.select(name):
            if name == "figcaption":
                tag.decompose()  # the notes have it
            else:
                tag["class"] = [*tag.get("class", []), "unseen"]
    beside = source.new_tag("div", "beside")
    caption = source.new_tag("figcaption", f"words size-{sizes[0]}")
    caption.append(BeautifulSoup(listed(markup), "html.parser"))
    beside.append(caption)
    beside.extend([tag.extract() for tag in drawing.find_next_siblings()])
    drawing.insert_after(beside)
    return serialized(figure)


def thing_in(piece: Piece, shown: Shown, tall: float) -> str:
    """A table, code, output or a formula in the height that is left for all of them."""
    where = f"{shown.where}, {piece.kind}"
    if piece.kind == "math":
        if tall < FORMULA * len(shown.things):
            raise SlidesError(f"{where}: no room is left for a formula")
        return f'<div class="math">{inner(piece.html)}</div>'
    if piece.kind == "table":
        return table_html(piece, shown.sheet.get("rows"), where, tall / len(shown.things))
    text = piece.html.get_text().rstrip("\n")
    lines = text.split("\n")
    if len(lines) > source.LONGEST_CODE:
        raise SlidesError(f"{where}: {len(lines)} lines, more than {source.LONGEST_CODE}")
    longest = max(len(line) for line in lines)
    share = (
        tall
        * (len(lines) + 1)
        / sum(
            len(thing.html.get_text().rstrip("\n").split("\n")) + 1
            for thing in shown.things
            if thing.kind in ("code", "output")
        )
    )
    for size in CODE_SIZES:
        fits = len(lines) * size * CODE_LINE + 40 <= share and longest * size * MONO + 48 <= WIDE
        if fits:
            code = inner(plain(piece.html))
            return f'<pre class="{piece.kind} size-{size}"><code>{code}</code></pre>'
    raise SlidesError(f"{where}: {len(lines)} lines of up to {longest} letters do not fit")


def table_html(piece: Piece, most: int | None, where: str, tall: float) -> str:
    """A table, cut to its first rows where the sheet says so."""
    table = plain(piece.html)
    if most is not None:
        for row in table.tbody.find_all("tr")[most:]:
            row.decompose()
    rows = table.find_all("tr")
    texts = [[source.words_of(cell) for cell in row.find_all(["td", "th"])] for row in rows]
    columns = max(len(row) for row in texts)
    widest = sum(
        max(len(row[column]) for row in texts if column < len(row)) for column in range(columns)
    )
    for size in TABLE_SIZES:
        across = widest * size * 0.53 + columns * 32
        if across <= WIDE and len(rows) * size * TABLE_LINE <= tall:
            table["class"] = [f"size-{size}"]
            return serialized(table)
    raise SlidesError(f"{where}: {len(rows)} rows of {widest} letters do not fit")


def listed(markup: list[str]) -> str:
    """One sentence as a paragraph, several as a list."""
    if len(markup) == 1:
        return f"<p>{markup[0]}</p>"
    return "<ul>" + "".join(f"<li>{code}</li>" for code in markup) + "</ul>"


def text_height(texts: list[str], width: float, size: int) -> float:
    """How tall a list of sentences will be, by a count of letters."""
    if not texts:
        return 0
    # A line ends before the word that does not fit: some letters of each are lost.
    per_line = max((width - 34 * (len(texts) > 1)) / (LETTER * size) - 2.5, 1)
    lines = sum(math.ceil(len(spoken(text)) / per_line) for text in texts)
    return lines * size * LINE + (len(texts) - 1) * size * 0.5


def spoken(text: str) -> str:
    """A sentence with its formulas about as long as they look."""
    return re.sub(r"\$.*?\$", lambda match: "m" * (len(match[0]) // 3 + 1), text)


def fitting(texts: list[str], width: float, tall: float, sizes: tuple[int, ...], where: str) -> int:
    """The largest font in which sentences fit.

    Raises
    ------
    SlidesError
        When they fit in none.
    """
    for size in sizes:
        if text_height(texts, width, size) <= tall:
            return size
    letters = sum(map(len, texts))
    raise SlidesError(f"{where}: {letters} letters are too many for a slide")


# Notes.


def ask(words: str) -> str:
    """A question for the room."""
    return f'<p class="ask"><b>Ask:</b> {html.escape(words)}</p>'


def figure_notes(chapter: Chapter, piece: Piece) -> str:
    """The caption of a figure, and its long description."""
    caption = piece.html.find("figcaption")
    text = caption.select_one(".caption-text") or caption.p or caption if caption else None
    notes = f"<p><b>The figure:</b> {inner(plain(text))}</p>" if text is not None else ""
    if piece.text in chapter.descriptions:
        notes += f"<p><b>In words:</b> {inner(plain(chapter.descriptions[piece.text]))}</p>"
    return notes


def paragraphs(pieces: list[Piece]) -> str:
    """Sentences for the speaker, in the paragraphs of the chapter."""
    parts: list[str] = []
    last = None
    for piece in pieces:
        if piece.kind == "math":
            parts.append(f'<div class="math">{inner(piece.html)}</div>')
        elif piece.block == last:
            parts[-1] = parts[-1].removesuffix("</p>") + f" {inner(plain(piece.html))}</p>"
        else:
            parts.append(f"<p>{inner(plain(piece.html))}</p>")
        last = piece.block
    return "".join(parts)


# HTML.


def plain(tag: Tag) -> Tag:
    """A copy without links, places and marks of the site; formulas stay as they are."""
    made = tag.__copy__()
    for link in made.find_all("a"):
        link.unwrap()
    for inner_tag in [made, *made.find_all(True)]:
        if inner_tag.find_parent(class_="katex") or "katex" in inner_tag.get("class", ()):
            continue
        keep = "highlight" in " ".join(inner_tag.get("class", ()))
        code = inner_tag.find_parent(["pre"]) is not None or made.name == "pre"
        for key in list(inner_tag.attrs):
            if key not in KEPT_ATTRIBUTES or (
                key == "class" and not (keep or code or is_number(inner_tag))
            ):
                del inner_tag[key]
    for span in made.find_all("span"):
        if not span.attrs and not span.find_parent(class_="katex") and span is not made:
            span.unwrap()
    return made


def is_number(tag: Tag) -> bool:
    """Whether an element is a cell whose class sets its number to the right."""
    return tag.name in ("td", "th")


def inner(tag: Tag) -> str:
    """What stands within an element, without white space around it."""
    return "".join(serialized(child) for child in tag.contents).strip()


def serialized(node: Tag | NavigableString) -> str:
    """HTML of a node; the parser's lower case for SVG is put right."""
    text = (
        node.decode(formatter="minimal")
        if isinstance(node, Tag)
        else html.escape(str(node), quote=False)
    )
    return text.replace("viewbox=", "viewBox=")


def text_in(markup: str) -> str:
    """The words of a heading."""
    return source.words_of(BeautifulSoup(f"<p>{markup}</p>", "html.parser").p)


# Files.


def page(chapter: Chapter, slides: list[Slide], chapter_page: str, version: str) -> str:
    """The HTML of a deck. Policy and colors are those of the chapter's page."""
    title = TITLE.search(chapter_page)
    policy, early = POLICY.search(chapter_page), EARLY.search(chapter_page)
    if title is None or policy is None or early is None:
        raise SlidesError(f"book/{chapter.stem}.html has no title, policy or early script")
    scripts = [
        f'<script defer src="{FOLDER_ASSETS}/{name}?v={version}"></script>' for name in SCRIPTS
    ]
    if any("slider-figure" in slide.body for slide in slides):
        sliders = SLIDERS.search(chapter_page)
        if sliders is None:
            raise SlidesError(f"book/{chapter.stem}.html has a slider but not its script")
        scripts.append(sliders[0])
    sections = "\n".join(
        section(slide, number, len(slides), chapter) for number, slide in enumerate(slides, start=1)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{policy[0]}\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n'
        f"{early[1]}{FIRST_FONTS}{early[2]}\n"
        f"<title>Slides: {title[1]} — {title[2]}</title>\n"
        f'<link rel="stylesheet" href="{FOLDER_ASSETS}/slides.css?v={version}">\n'
        f'<link rel="stylesheet" href="{FOLDER_ASSETS}/reveal.css?v={version}" media="not all" '
        'id="reveal-style">\n'
        '<link rel="icon" href="../_static/favicon.svg">\n'
        + "\n".join(scripts)
        + "\n</head>\n<body>\n<main>\n"
        f'<h1 class="unseen-title">Slides for chapter {chapter.number}: '
        f"{html.escape(chapter.title)}</h1>\n"
        '<div class="reveal">\n<div class="slides">\n'
        f"{sections}\n</div>\n</div>\n</main>\n</body>\n</html>\n"
    )


def section(slide: Slide, number: int, count: int, chapter: Chapter) -> str:
    """The HTML of one slide."""
    kind = f" {slide.kind}" if slide.kind else ""
    heading = f'<h2 id="heading-{number}">{slide.heading}</h2>'
    body = f"{heading}\n{slide.body}"
    if BESIDE in slide.body:
        body = slide.body.replace(BESIDE, heading)
    above = f'<p class="above">Chapter {chapter.number}</p>' if slide.kind == "title" else ""
    return (
        f'<section id="slide-{number}" class="slide{kind}" aria-labelledby="heading-{number}">'
        f"{above}"
        f"{body}\n"
        f'<p class="foot"><span class="foot-title">{chapter.number}. '
        f"{html.escape(chapter.title)}</span> "
        f'<span class="foot-number">{number}<span class="of"> of {count}</span></span></p>\n'
        f'<details class="notes"><summary>Speaker notes</summary>{slide.notes}</details></section>'
    )


FOLDER_ASSETS = "assets"
SCRIPTS = ("reveal.js", "slides.js")


def assets(site: Path) -> dict[str, bytes]:
    """The files that all decks share, by name.

    Raises
    ------
    SlidesError
        When the book's stylesheets have no part that is needed here.
    """
    colors = part_of("book.css", "/* Colors.", "/* The page */")
    figures = part_of("figures.css", "/* Figures:", "/* A figure's file")
    own = (STYLES / "slides.css").read_text(encoding="utf-8")
    css = "\n".join((colors, figures, formulas(site), own))
    return {
        "slides.css": css.encode(),
        "slides.js": (STYLES / "slides.js").read_bytes(),
        "reveal.js": (REVEAL / "reveal.js").read_bytes(),
        "reveal.css": (REVEAL / "reveal.css").read_bytes(),
        "LICENSE-reveal.txt": (REVEAL / "LICENSE").read_bytes(),
    }


def part_of(name: str, first: str, last: str) -> str:
    """The part of a stylesheet of the book between two of its comments."""
    text = (book.ROOT / "_static" / name).read_text(encoding="utf-8")
    if first not in text or last not in text:
        raise SlidesError(f"_static/{name} has no comment {first!r} or {last!r}")
    return text[text.index(first) : text.index(last)]


def formulas(site: Path) -> str:
    """The style of formulas, with the fonts that the site kept."""
    fonts = site / "_static" / "katex" / "fonts"
    css = KATEX.read_text(encoding="utf-8")

    def face(match: re.Match) -> str:
        name = re.search(r"url\(fonts/([^)]+)\)", match[0])[1]
        if not (fonts / name).is_file():
            return ""
        rule = match[0].replace("url(fonts/", "url(../../_static/katex/fonts/")
        return rule.replace("}", ";font-display:swap}")

    return FACE.sub(face, css)


def make(
    site: Path = SITE,
    sheets: Path = source.SHEETS,
    stamps: Path = STAMPS,
    only: list[str] | None = None,
) -> tuple[list[str], int]:
    """Write the decks; the names of those that were made anew, and how many there are.

    Raises
    ------
    SlidesError
        When the site is not built, or a sheet does not fit its chapter.
    """
    if not (site / "index.html").is_file():
        raise SlidesError("the site is not built: run 'make book'")
    folder = site / FOLDER
    shared = assets(site)
    version = digest(*shared.values())[:8]
    paths = sorted(sheets.glob("*.yml"))
    if only and (unknown := sorted(set(only) - {path.stem for path in paths})):
        raise SlidesError(f"there is no sheet book/slides/{unknown[0]}.yml")
    old = json.loads(stamps.read_text()) if stamps.is_file() else {}
    engine = [Path(source.__file__).read_bytes(), Path(__file__).read_bytes(), version.encode()]
    new, made = {}, []
    for path in paths:
        target = folder / f"{path.stem}.html"
        built = site / "book" / f"{path.stem}.html"
        if not built.is_file():
            raise SlidesError(f"the site has no book/{path.stem}.html for the sheet {path.name}")
        stamp = digest(path.read_bytes(), built.read_bytes(), *engine)
        if (only and path.stem not in only) or (old.get(path.stem) == stamp and target.is_file()):
            new[path.stem] = old.get(path.stem, "")
            continue
        chapter = source.read_chapter(site, path.stem)
        slides = deck(chapter, source.read_sheet(path), path.name)
        text = page(chapter, slides, built.read_text(encoding="utf-8"), version)
        packing.write(target, text.encode())
        new[path.stem] = stamp
        made.append(path.stem)
    for name, content in shared.items():
        packing.write(folder / FOLDER_ASSETS / name, content)
    for left in folder.glob("*.html"):
        if left.stem not in new:
            left.unlink()
    packing.write(stamps, json.dumps(new, indent=1, sort_keys=True).encode())
    return made, len(paths)


def digest(*contents: bytes) -> str:
    """A hash of several contents."""
    total = hashlib.sha256()
    for content in contents:
        total.update(len(content).to_bytes(8, "big") + content)
    return total.hexdigest()


def listing(chapter: Chapter) -> str:
    """What a sheet can name: sections, first words, figures, questions."""
    lines, sections, block = [f"{chapter.stem}: {chapter.title}"], None, None
    for piece in chapter.pieces:
        if piece.sections != sections:
            sections = piece.sections
            lines += ["", f"section: {sections[-1] if sections else '(before the first)'}"]
        if piece.kind == "sentence":
            lines.append(f"  {'  ' if piece.block == block else '- '}{piece.text}")
            block = piece.block
        elif piece.kind == "figure":
            lines.append(f"    [figure: {piece.text}]")
        else:
            rows = len(piece.html.find_all("tr")) or len(piece.html.get_text().strip().split("\n"))
            lines.append(f"    [{piece.kind} of {rows} lines]")
    lines += ["", "check:"]
    lines += [f"  {q.name}: {' '.join(map(source.words_of, q.words))}" for q in chapter.questions]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when the slides cannot be made."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.slides",
        description=f"{__doc__}\n{SHEET_HELP}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "chapters", nargs="*", metavar="NN-name", help="only these (all by default)"
    )
    parser.add_argument("--list", action="store_true", help="show what a sheet can name, and stop")
    options = parser.parse_args(arguments)
    try:
        if options.list:
            for stem in options.chapters:
                print(listing(source.read_chapter(SITE, stem)))
            return 0
        made, count = make(only=options.chapters)
    except SlidesError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"_build/html/{FOLDER}: {count} decks, {len(made)} made anew")
    return 0


if __name__ == "__main__":
    sys.exit(main())
