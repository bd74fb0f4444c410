"""What slides are made from: a chapter as it was built, taken apart, and the sheet that chooses.

A chapter is read from its finished page, so every number in it is computed and every formula
is set. It becomes a run of pieces: a sentence, a figure, a table, a block of code or of output,
a formula. A sheet, ``book/slides/NN-name.yml``, says which pieces go on which slide. It names a
sentence by its first words, with ``…`` for words that may change, such as a computed number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from bs4 import BeautifulSoup, NavigableString, Tag

from tools import book

SHEETS = book.ROOT / "book" / "slides"
ARTICLE = re.compile(r'<article class="[^"]*bd-article.*?</article>', re.S)
# No text for slides: controls, answers, and what the fixed slides show.
PASSED_OVER = (
    "nav", "details", ".chapter-opening", ".exercise", ".selfcheck", ".headerlink", "script",
    "#key-terms", "#exercises", "#self-check",
)  # fmt: skip
GAP = "…"
DIGIT = re.compile(r"\d")
LONGEST_CODE = 10
"""Lines. More cannot be read from the last row."""
MOST_WITHOUT_QUESTION = 3
"""Slides of a sheet that may follow each other without a question to ask."""

TEXT_KEYS = ("heading", "say", "ask")
THINGS = ("figure", "table", "output", "code", "math")
SLIDE_KEYS = {"section", "take", "notes", "layout", "rows", *TEXT_KEYS, *THINGS}
SHEET_KEYS = {"slides", "found", "not_shown", "check"}
LAYOUTS = ("side", "stack", "full")


class SlidesError(ValueError):
    """A sheet, or a chapter, from which no slides can be made."""


@dataclass
class Piece:
    """A part of a chapter that can stand on a slide.

    Attributes
    ----------
    kind : str
        ``sentence``, or one of ``THINGS``.
    text : str
        The words of a sentence; the ``id`` of a figure; else the words before it.
    html : Tag
        The element; that of a sentence is a ``span`` of its own.
    sections : tuple of str
        The ``id`` of each section that it stands in, the outermost first.
    block : int
        Sentences with one number stand in one paragraph.
    """

    kind: str
    text: str
    html: Tag
    sections: tuple[str, ...]
    block: int


@dataclass
class Question:
    """A question of the self-check: its words, its options, and which is right and why."""

    name: str
    words: list[Tag]
    options: list[Tag]
    right: int
    reasons: list[Tag]


@dataclass
class Chapter:
    """A built chapter, taken apart.

    Attributes
    ----------
    stem, number, title : str
        ``03-published-numbers``, ``3`` and ``The published numbers``.
    opening : dict of str to Tag
        The elements of its opening: ``question``, ``objectives``, ``You need``, ``Time``, ``Data``.
    headings : dict of str to Tag
        The heading of each section, by the section's ``id``.
    pieces : list of Piece
        In the order of the page.
    questions : list of Question
        Those of the self-check.
    exercises : list of tuple
        The number, the name and the statement of each exercise.
    descriptions : dict of str to Tag
        What a figure shows, in words, by the figure's ``id``.
    """

    stem: str
    number: str
    title: str
    opening: dict[str, Tag]
    headings: dict[str, Tag]
    pieces: list[Piece]
    questions: list[Question]
    exercises: list[tuple[str, str, Tag]]
    descriptions: dict[str, Tag] = field(default_factory=dict)


# The chapter.


def read_chapter(site: Path, stem: str) -> Chapter:
    """The parts of a built chapter.

    Raises
    ------
    SlidesError
        When the chapter is not built, or lacks what the fixed slides need.
    """
    path = site / "book" / f"{stem}.html"
    if not path.is_file():
        raise SlidesError(f"the site has no book/{stem}.html: run 'make book'")
    found = ARTICLE.search(path.read_text(encoding="utf-8"))
    if found is None:
        raise SlidesError(f"book/{stem}.html has no article")
    return take_apart(found[0], stem)


def take_apart(article: str, stem: str) -> Chapter:
    """The parts of a chapter's article."""
    body = BeautifulSoup(article, "html.parser").article.section
    opening = body.select_one(".chapter-opening")
    if opening is None:
        raise SlidesError(f"chapter {stem} has no opening")
    facts = {
        "question": opening.select_one(".question"),
        "objectives": opening.select_one(".objectives"),
    }
    for term in opening.select(".facts > dt"):
        facts[words_of(term)] = term.find_next_sibling("dd")
    heading = body.h1
    number = words_of(heading.select_one(".section-number")).rstrip(".")
    questions = [read_question(box, stem) for box in body.select(".selfcheck .sc-question")]
    exercises = [read_exercise(box, stem) for box in body.select(".exercise")]
    chapter = Chapter(stem, number, "", facts, {}, [], questions, exercises)
    for details in body.select("details.figure-description"):
        figure = details.find_parent("figure") or details.find_previous("figure")
        chapter.descriptions[figure["id"]] = details.p
    for tag in body.select(", ".join(PASSED_OVER)):
        if tag.decomposed or tag.find_parent("figure"):
            continue  # the table of an interactive figure stays with it
        tag.extract()
    for tag in body.select(".headerlink"):
        tag.decompose()
    for tag in body.select(".section-number"):
        tag.decompose()
    chapter.title = words_of(heading)
    for section in body.find_all("section", id=True):
        head = section.find(["h2", "h3", "h4"])
        if head is not None:
            chapter.headings[section["id"]] = head
    chapter.pieces = list(pieces_of(body))
    return chapter


def pieces_of(body: Tag) -> Iterator[Piece]:
    """The pieces of a page, in order."""
    said, block = "", 0
    wanted = body.find_all(is_wanted)
    for tag in wanted:
        if any(parent in wanted for parent in tag.parents if parent.name in ("figure", "li")):
            if tag.name != "p":
                continue
            if tag.find_parent("figure"):
                continue
        sections = tuple(
            section["id"] for section in reversed(tag.find_parents("section")) if section.get("id")
        )[1:]
        kind = kind_of(tag)
        block += 1
        if kind == "sentence":
            term = defined(tag)
            for sentence in sentences(tag):
                if term is not None:
                    sentence.insert(0, " ")
                    sentence.insert(0, term)
                    term = None
                said = words_of(sentence)
                yield Piece(kind, said, sentence, sections, block)
        else:
            yield Piece(kind, tag["id"] if kind == "figure" else said, tag, sections, block)


def is_wanted(tag: Tag) -> bool:
    """Whether an element is a piece, or a paragraph of sentences."""
    return bool(kind_of(tag))


def kind_of(tag: Tag) -> str:
    """Which kind of piece an element is; empty when it is none."""
    classes = tag.get("class") or ()
    if tag.name == "figure" and tag.get("id"):
        return "figure"
    if tag.find_parent("figure") is not None:
        return ""
    if tag.name == "p" and "admonition-title" not in classes:
        return "sentence"
    if tag.name == "table":
        return "table"
    if tag.name == "div" and "math" in classes:
        return "math"
    if tag.name == "pre":
        return "code" if tag.find_parent(class_="cell_input") else "output"
    return ""


def sentences(paragraph: Tag) -> Iterator[Tag]:
    """The sentences of a paragraph: the source has one a line, and the page keeps its lines."""
    sentence = new_tag()
    for child in list(paragraph.children):
        if not isinstance(child, NavigableString):
            sentence.append(child.__copy__())
            continue
        first, *rest = str(child).split("\n")
        sentence.append(NavigableString(first))
        for line in rest:
            if words_of(sentence):
                yield sentence
            sentence = new_tag()
            sentence.append(NavigableString(line))
    if words_of(sentence):
        yield sentence


def defined(paragraph: Tag) -> Tag | None:
    """The term of which a paragraph is the first of its definition."""
    parent = paragraph.parent
    if parent.name != "dd" or parent.find("p") is not paragraph:
        return None
    term = parent.find_previous_sibling("dt").__copy__()
    term.name = "b"
    return term


def new_tag(name: str = "span", classes: str = "") -> Tag:
    """An empty element that stands nowhere."""
    return Tag(name=name, attrs={"class": classes.split()} if classes else {})


def words_of(tag: Tag) -> str:
    """The words of an element on one line, plain quotes, a formula as its TeX.

    >>> words_of(BeautifulSoup("<p>It’s <b>so</b>.</p>", "html.parser").p)
    "It's so."
    """
    if tag.select_one(".katex"):
        tag = tag.__copy__()
        for formula in tag.select(".katex"):
            source = formula.find("annotation")
            formula.replace_with(f"${source.get_text().strip()}$" if source else "")
    text = " ".join(tag.get_text().split())
    return text.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xA0: " "})


def read_question(box: Tag, stem: str) -> Question:
    """A question of the self-check."""
    options = box.select(".sc-option")
    right = [i for i, option in enumerate(options) if option.select_one(".sc-feedback.correct")]
    if len(right) != 1:
        raise SlidesError(f"chapter {stem}: question {box.get('id')} has not one right option")
    words = [tag for tag in box.find_all("p", recursive=False)]
    for lead in words[0].find_all("strong", recursive=False)[:1]:
        lead.extract()
    reasons = options[right[0]].select(".sc-feedback > p:not(.sc-reread)")
    name = box["id"].removeprefix(f"quiz-{stem[:2]}-")
    texts = [option.select_one(".sc-text") for option in options]
    for text, letter in zip(texts, "ABCDEF", strict=False):
        first = text.find(string=True)
        if str(first).lstrip().startswith(f"{letter}."):
            first.replace_with(NavigableString(str(first).lstrip()[2:].lstrip()))
    return Question(name, words, texts, right[0], reasons)


def read_exercise(box: Tag, stem: str) -> tuple[str, str, Tag]:
    """Number, name and statement of an exercise."""
    number = words_of(box.select_one(".caption-number")).removeprefix("Exercise").strip()
    statement = box.find("section")
    name = statement.find("strong") if statement else None
    if name is None:
        raise SlidesError(f"chapter {stem}: exercise {number} has no name in bold")
    return number, words_of(name).rstrip("."), statement


# The sheet.


def read_sheet(path: Path) -> dict:
    """A sheet, its form checked.

    Raises
    ------
    SlidesError
        When a key is missing or unknown, when own words hold a digit, or when too many slides
        follow each other without a question to ask.
    """
    name = path.name
    try:
        sheet = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SlidesError(f"{name} is not YAML: {error}") from error
    if not isinstance(sheet, dict) or not isinstance(sheet.get("slides"), list):
        raise SlidesError(f"{name} has no list 'slides'")
    for key in sorted(sheet.keys() - SHEET_KEYS):
        raise SlidesError(f"{name} has an unknown key {key!r}")
    for key in ("found", "not_shown", "check"):
        if key not in sheet:
            raise SlidesError(f"{name} has no {key!r}")
    for number, slide in enumerate(sheet["slides"], start=1):
        check_slide(slide, f"{name}, slide {number}")
    check_words(sheet, ("found", "not_shown"), name)
    check_asking(sheet["slides"], name)
    return sheet


def check_slide(slide: object, where: str) -> None:
    """Stop at a slide of the wrong form."""
    if not isinstance(slide, dict) or not isinstance(slide.get("section"), str):
        raise SlidesError(f"{where} has no 'section'")
    where = f"{where} ({slide['section']})"
    for key in sorted(slide.keys() - SLIDE_KEYS):
        raise SlidesError(f"{where} has an unknown key {key!r}")
    if slide.get("layout", "side") not in LAYOUTS:
        raise SlidesError(f"{where}: the layout is one of {', '.join(LAYOUTS)}")
    if sum(thing in slide for thing in THINGS) > 2:
        raise SlidesError(f"{where} shows more than two things")
    if not slide.keys() & {"take", "say", *THINGS}:
        raise SlidesError(f"{where} shows nothing")
    check_words(slide, ("take", "notes", *TEXT_KEYS, *THINGS[1:]), where)


def check_words(record: Mapping, keys: tuple[str, ...], where: str) -> None:
    """Stop at words with a digit: numbers come from the chapter, never from a sheet."""
    for key in keys:
        for words in as_list(record.get(key)):
            if not isinstance(words, str):
                raise SlidesError(f"{where}: {key!r} holds {words!r}, which is no text")
            if DIGIT.search(words):
                raise SlidesError(
                    f"{where}: {key!r} holds a digit, {words!r}; in first words write "
                    f"{GAP} for a number, and leave numbers to the chapter elsewhere"
                )


def check_asking(slides: list[dict], name: str) -> None:
    """Stop where nobody would be asked anything for too long.

    The title slide asks, and so does the one with the question of the self-check; the
    objectives stand behind the one, the findings and their limits before the other.
    """
    asks = [False, *(bool(slide.get("ask")) for slide in slides), False, False]
    run = 0
    for number, asked in enumerate(asks):
        run = 0 if asked else run + 1
        if run > MOST_WITHOUT_QUESTION:
            last = min(number, len(slides))
            raise SlidesError(
                f"{name}: too long without a question to ask, up to slide {last}; every fourth "
                f"slide of a deck needs an 'ask'"
            )


def as_list(value: object) -> list:
    """A list, be it of one or of none."""
    return [] if value is None else value if isinstance(value, list) else [value]


# Finding what a sheet names.


def pattern_of(words: str) -> re.Pattern:
    """What first words stand for; a gap stands for anything.

    >>> bool(pattern_of("With … people").match("With 24 people we stop."))
    True
    """
    parts = [re.escape(" ".join(part.split())) for part in words.split(GAP)]
    return re.compile(r"\s*.*?\s*".join(parts))


def within(chapter: Chapter, section: str, where: str) -> list[Piece]:
    """The pieces of a section."""
    if section not in chapter.headings:
        raise SlidesError(
            f"{where}: chapter {chapter.stem} has no section {section!r}; it has "
            f"{', '.join(chapter.headings)}"
        )
    return [piece for piece in chapter.pieces if section in piece.sections]


def find_sentence(pieces: list[Piece], words: str, where: str, stem: str) -> Piece:
    """The one sentence that begins with some words."""
    pattern = pattern_of(words)
    found = [piece for piece in pieces if piece.kind == "sentence" and pattern.match(piece.text)]
    if len(found) != 1:
        count = "no sentence" if not found else f"{len(found)} sentences"
        raise SlidesError(f"{where}: chapter {stem} has {count} there beginning with {words!r}")
    return found[0]


def find_thing(pieces: list[Piece], kind: str, words: str, where: str, stem: str) -> Piece:
    """A figure by its ``id``; another thing by the first words of the sentence before it."""
    if kind == "figure":
        found = [piece for piece in pieces if piece.kind == kind and piece.text == words]
        if not found:
            raise SlidesError(f"{where}: chapter {stem} has no figure {words!r} there")
        return found[0]
    anchor = find_sentence(pieces, words, where, stem)
    for piece in pieces[pieces.index(anchor) + 1 :]:
        if piece.kind == kind:
            return piece
        if piece.kind == "sentence" and piece.block != anchor.block:
            break
    raise SlidesError(f"{where}: chapter {stem} has no {kind} after the sentence {words!r}")
