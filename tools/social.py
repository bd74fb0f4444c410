"""The picture that a link to the book shows where it is shared: one for each chapter.

1200 by 630 pixels, as the networks ask for. It has the book's two linked rings, its font and
its colors; the chapter's number, title and question; and a dot for each chapter, the present
one filled. The same words give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import PIL
from PIL import Image, ImageDraw, ImageFont

from tools import book

SIZE = (1200, 630)
FONTS = book.ROOT / "src" / "helpers" / "fonts"
GROUND, INK, SOFT, LINE = "#fdfcf8", "#22242a", "#585b63", "#d3ccbc"
BLUE, ORANGE, WARM = "#2b86c5", "#d9660f", "#b04600"  # of the logo; the last is for text
LEFT, TOP, WIDTH, FOOT, RIGHT = 80, 72, 636, 560, 1120
RINGS, UNIT = (736, 130), 6.52  # where they stand, and the size of one unit of the logo's drawing
SIZES = range(76, 43, -2)  # of the title
TITLE, TEXT, GAP = 1.14, 1.32, 26  # the lines' distance, as a share of their size; and between
SAMPLES = 4  # the rings are drawn this much larger and scaled down, for smooth edges
COLORS = 96  # enough for smooth letters in five inks, and small


class SocialError(ValueError):
    """Words that do not fit, or that the font has no letters for."""


@dataclass(frozen=True)
class Card:
    """The words of one picture; without a number it stands for the whole book."""

    book: str
    title: str
    question: str
    number: int | None = None
    count: int = 0


@lru_cache(maxsize=64)
def font(style: str, size: int) -> ImageFont.FreeTypeFont:
    """The book's sans serif, laid out the same on every machine."""
    path = FONTS / f"BondSans-{style}.ttf"
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=8)
def letters(style: str) -> frozenset[int]:
    """The characters that the font has."""
    from fontTools.ttLib import TTFont

    return frozenset(TTFont(FONTS / f"BondSans-{style}.ttf").getBestCmap())


def wrapped(text: str, style: str, size: int, width: int) -> list[str]:
    """Lines no wider than ``width``, as far as words allow."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font(style, size).getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def check_letters(text: str, style: str) -> None:
    """Refuse a text with a character that would be drawn as an empty box."""
    for character in text:
        if ord(character) not in letters(style):
            raise SocialError(f"the picture's font has no {character!r}, which is in {text!r}")


def layout(card: Card, room: int) -> tuple[int, list[str], list[str]]:
    """The largest size of the title at which title and question fit, and the lines of both.

    Raises
    ------
    SocialError
        When they do not fit at the smallest size, or the font lacks a character.
    """
    check_letters(card.title, "Semibold")
    check_letters(card.question, "Italic")
    for size in SIZES:
        titles = wrapped(card.title, "Semibold", size, WIDTH)
        questions = wrapped(card.question, "Italic", small(size), WIDTH)
        high = len(titles) * step(size, TITLE) + GAP + len(questions) * step(small(size), TEXT)
        widths = [font("Semibold", size).getlength(line) for line in titles]
        widths += [font("Italic", small(size)).getlength(line) for line in questions]
        if high <= room and max(widths) <= WIDTH:
            return size, titles, questions
    raise SocialError(f"{card.title!r} and its question do not fit into the picture of a link")


def small(size: int) -> int:
    """The size of the question below a title."""
    return round(size * 0.36) + 12


def step(size: int, leading: float) -> int:
    """From one line to the next."""
    return round(size * leading)


def drawn(card: Card) -> Image.Image:
    """The picture."""
    image = Image.new("RGB", SIZE, GROUND)
    image.paste(rings(), RINGS)
    pen = ImageDraw.Draw(image)
    y = TOP
    if card.number is not None:
        pen.text((LEFT, y), f"Chapter {card.number}", fill=WARM, font=font("Semibold", 30))
        y += 52
    size, titles, questions = layout(card, FOOT - 56 - y)
    for line in titles:
        pen.text((LEFT, y), line, fill=INK, font=font("Semibold", size))
        y += step(size, TITLE)
    y += GAP
    for line in questions:
        pen.text((LEFT, y), line, fill=SOFT, font=font("Italic", small(size)))
        y += step(small(size), TEXT)
    if card.number is not None:
        pen.text((LEFT, FOOT), card.book, fill=INK, font=font("Semibold", 28), anchor="lm")
        dots(image, card.number, card.count)
    return image


def large(size: tuple[int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A sheet to draw on before it is scaled down."""
    image = Image.new("RGB", (size[0] * SAMPLES, size[1] * SAMPLES), GROUND)
    return image, ImageDraw.Draw(image)


def scaled(image: Image.Image) -> Image.Image:
    """The sheet at its own size."""
    size = (image.width // SAMPLES, image.height // SAMPLES)
    return image.resize(size, Image.Resampling.LANCZOS)


@lru_cache(maxsize=1)
def rings() -> Image.Image:
    """The logo without its letters: two linked rings, and a capsule in one of them."""
    image, pen = large((RIGHT - RINGS[0], 252))
    unit = UNIT * SAMPLES
    outer, middle = 19.25 * unit, image.height / 2

    def ring(x, color, start=0, end=360):
        box = (x - outer, middle - outer, x + outer, middle + outer)
        pen.arc(box, start, end, fill=color, width=round(4.5 * unit))

    left, right = outer, outer + 20 * unit
    ring(left, BLUE)
    ring(right, ORANGE)
    ring(left, BLUE, 25, 75)  # over the other at the lower crossing: a link
    tile = capsule(unit)
    corner = (round(right + 6.4 * unit - tile.width / 2), round(middle - tile.height / 2))
    image.paste(tile, corner, tile)
    return scaled(image)


def capsule(unit: float) -> Image.Image:
    """A capsule, one half filled, turned by an eighth."""
    tile = Image.new("RGBA", (round(18 * unit), round(18 * unit)), f"{ORANGE}00")
    pen = ImageDraw.Draw(tile)
    x, y = tile.width / 2, tile.height / 2
    long, thick = 7.6 * unit, 3.1 * unit
    whole = (x - long, y - thick, x + long, y + thick)
    pen.rounded_rectangle(whole, thick, outline=ORANGE, width=round(1.4 * unit))
    pen.rectangle((x, y - thick, x + long - thick, y + thick), fill=ORANGE)
    pen.ellipse((x + long - 2 * thick, y - thick, x + long, y + thick), fill=ORANGE)
    return tile.rotate(45, Image.Resampling.BICUBIC)


def dots(image: Image.Image, number: int, count: int) -> None:
    """A dot for each chapter in a row at the foot, the present one filled and larger."""
    gap, high = 26, 40
    width = gap * count
    sheet, pen = large((width, high))
    for index in range(1, count + 1):
        present = index == number
        radius = (9 if present else 5) * SAMPLES
        x, y = (index - 0.5) * gap * SAMPLES, high / 2 * SAMPLES
        color = ORANGE if present else BLUE if index < number else LINE
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    image.paste(scaled(sheet), (RIGHT - width + 8, FOOT - high // 2))


def as_png(card: Card) -> bytes:
    """The picture as a small file."""
    few = drawn(card).quantize(COLORS, dither=Image.Dither.NONE)
    file = io.BytesIO()
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


def kept(card: Card, folder: Path) -> Path:
    """The picture's file in a folder of kept ones, drawn if it is not there yet."""
    facts = f"{card!r} {PIL.__version__}".encode() + Path(__file__).read_bytes()
    path = folder / f"{hashlib.sha256(facts).hexdigest()[:20]}.png"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(as_png(card))
        unfinished.replace(path)
    return path
