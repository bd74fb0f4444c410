"""Sphinx extension: figures that are small, follow light and dark, and are described.

What it does with each figure that a cell draws (an SVG of matplotlib's):

1. writes it small: no metadata, short names, coordinates to a hundredth of a point;
2. gives it a stylesheet with the counterpart of each of its colors on a dark page
   (``helpers.figures.in_dark``). The drawing itself keeps its light colors: they
   hold wherever nobody asks for dark, so in print, in an e-book, in a notebook.
   A page asks through the property ``color-scheme`` of the picture, which
   ``_static/figures.css`` sets; browsers hand it on into an SVG in ``<img>``;
3. gives the picture its size, so that nothing moves when it arrives, and has the
   browser fetch it late, unless it opens the book;
4. adds the long description from the cell's metadata, ``bond: {description: ...}``,
   folded below the figure, and links the picture to it.

It warns (an error under ``-W``) about a figure that needs a description and has
none, about a color without a counterpart, and about a figure so heavy that a
bitmap would be smaller.
"""

from __future__ import annotations

import functools
import gzip
import html
import re
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
from helpers import figures  # noqa: E402  (the line above makes it importable)

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

SITES = ("html", "dirhtml")
"""The builders whose pages know dark; the others, for paper and e-books, are light."""

LONGEST_ALT = 300
"""Characters. What needs more words than this needs a description, to be read at leisure."""

HEAVIEST = 22_000
"""Bytes, compressed: what half of our figures would exceed as WebP at twice their size.

Each of them is smaller as SVG, the closest one by two fifths. ``tests/browser`` measures it.
"""

PROLOG = re.compile(r"^\s*(<\?xml[^>]*>\s*)?(<!DOCTYPE[^>]*>\s*)?", re.S)
LINE_STYLE = re.compile(
    r'<defs>\s*<style type="text/css">\*\{stroke-linejoin: round; stroke-linecap: butt\}</style>'
    r"\s*</defs>"
)
USE = re.compile(r'<use\b[^>]*\bxlink:href="#([^"]+)"[^>]*/>')
PLACE = re.compile(r' (x|y)="(-?\d*\.\d+)"')
COLOR = re.compile(r'\b(fill|stroke|stop-color|flood-color|color)="([^"]*)"')
NO_COLOR = re.compile(r"none|inherit|currentColor|transparent|url\(#.*\)")
LENGTH = re.compile(r"([\d.]+)(pt|px|)")
PIXELS = {"pt": 96 / 72, "px": 1.0, "": 1.0}
IMAGE = re.compile(r"<img\b[^>]*>")
FIGURE_OR_IMAGE = re.compile(r'<figure\b[^>]*?\bid="(?P<id>[^"]+)"[^>]*>|<img\b[^>]*>|</figure>')
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


class FigureError(ValueError):
    """A figure or its metadata cannot be used; the message says why."""


# The files


def is_drawing(svg: str) -> bool:
    """Whether a file is a drawing of matplotlib's, and not one made by hand."""
    return "Matplotlib v" in svg[:2000]


def written_small(svg: str) -> str:
    """The same drawing in fewer bytes, to within a hundredth of a point."""
    from scour import scour

    # Matplotlib's rule for all elements would outweigh the attributes that scour
    # makes of styles; on the root it is inherited and does not.
    svg, found = LINE_STYLE.subn("", svg, count=1)
    if found:
        svg = svg.replace("<svg ", '<svg stroke-linejoin="round" ', 1)
    options = scour.sanitizeOptions()
    options.digits = options.cdigits = 6
    options.strip_ids = options.shorten_ids = True
    options.remove_metadata = options.strip_comments = options.strip_xml_prolog = True
    options.style_to_xml = options.group_create = True
    options.simple_colors = False  # the dark rules look for the colors as #rrggbb
    options.newlines, options.indent_type = False, "none"
    options.quiet = True
    small = without_blanks(PROLOG.sub("", scour.scourString(svg, options)))
    return PLACE.sub(lambda match: f' {match[1]}="{_hundredth(match[2])}"', small).strip() + "\n"


def without_blanks(svg: str) -> str:
    """The drawing without uses of what it does not hold: scour drops the letter of a space.

    >>> without_blanks('<path id="a" d="M0 0"/><use xlink:href="#a"/><use x="1" xlink:href="#b"/>')
    '<path id="a" d="M0 0"/><use xlink:href="#a"/>'
    """
    held = set(re.findall(r'\bid="([^"]+)"', svg))
    return USE.sub(lambda match: match[0] if match[1] in held else "", svg)


def _hundredth(number: str) -> str:
    text = f"{float(number):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else re.sub(r"^(-?)0\.", r"\1.", text)


def colors(svg: str) -> list[tuple[str, str]]:
    """Each color of a drawing once, with the attribute that sets it, in order."""
    return sorted({(m[1], m[2]) for m in COLOR.finditer(svg) if not NO_COLOR.fullmatch(m[2])})


def following_the_page(svg: str) -> str:
    """The drawing with a stylesheet for dark pages.

    Raises
    ------
    FigureError
        When a color is not written as ``#rrggbb``, so that it has no counterpart.
    """
    rules = []
    for attribute, color in colors(svg):
        try:
            dark = figures.in_dark(color)
        except ValueError as error:
            raise FigureError(str(error)) from error
        rules.append(f'[{attribute}="{color}"]{{{attribute}:{dark}}}')
    if re.search(r'style="[^"]*(fill|stroke|color)\s*:', svg):
        raise FigureError("a style attribute sets a color, which no rule can reach")
    # What names no color is black. A bitmap in the drawing is turned as a whole.
    rules.insert(0, f"svg{{fill:{figures.in_dark('#000000')}}}")
    if "<image" in svg:
        rules.append("image{filter:invert(1) hue-rotate(180deg)}")
    style = f"<style>@media (prefers-color-scheme:dark){{{''.join(rules)}}}</style>"
    return re.sub(r"(<svg\b[^>]*>)", lambda match: match[1] + style, svg, count=1)


def weight(svg: str) -> int:
    """Bytes of a file as a server sends it, compressed."""
    return len(gzip.compress(svg.encode(), 9, mtime=0))


class Size(NamedTuple):
    """Width and height in CSS pixels."""

    width: int
    height: int


@functools.cache
def size_of(path: Path) -> Size | None:
    """The size at which a picture is shown; None where the file does not say."""
    if path.suffix != ".svg":
        from sphinx.util.images import get_image_size

        found = get_image_size(str(path))
        return None if found is None else Size(*found)
    opening = re.search(r"<svg\b[^>]*>", path.read_text(encoding="utf-8"))
    attributes = dict(ATTRIBUTE.findall(opening[0])) if opening else {}
    sides = [LENGTH.fullmatch(attributes.get(side, "")) for side in ("width", "height")]
    if all(sides):
        return Size(*(round(float(side[1]) * PIXELS[side[2]]) for side in sides))
    box = attributes.get("viewBox", "").split()
    return Size(round(float(box[2])), round(float(box[3]))) if len(box) == 4 else None


def write_figures_after_copying(app):
    """Put the small, two-colored figures in the place of the copied ones."""
    builder = app.builder
    if builder.format != "html":
        return
    copy = builder.copy_image_files

    def copy_and_write():
        copy()
        for source, name in builder.images.items():
            if source.endswith(".svg"):
                target = Path(builder.outdir, builder.imagedir, name)
                write_figure(app, Path(app.srcdir, source), target)

    builder.copy_image_files = copy_and_write


def write_figure(app, source: Path, target: Path):
    """Write one figure, and warn about what is wrong with it."""
    svg = source.read_text(encoding="utf-8")
    if not is_drawing(svg):
        return
    svg = written_small(svg)
    if app.builder.name in SITES:
        try:
            svg = following_the_page(svg)
        except FigureError as error:
            logger.warning("figure %s: %s", target.name, error, type="bond", subtype="color")
    if weight(svg) > HEAVIEST:
        logger.warning(
            "figure %s has %s bytes compressed, more than %s: draw its marks with rasterized=True",
            target.name,
            weight(svg),
            HEAVIEST,
            type="bond",
            subtype="weight",
        )
    target.write_text(svg, encoding="utf-8")


# The pages


def mend_pictures(app, pagename, templatename, context, doctree):
    """Size, late loading and description of each picture of a page."""
    if app.builder.name not in SITES or not context.get("body"):
        return
    sources = {name: Path(app.srcdir, source) for source, name in app.builder.images.items()}
    context["body"] = with_attributes(
        context["body"],
        {name: size_of(path) for name, path in sources.items() if path.is_file()},
        opens_the_book=pagename == app.config.root_doc,
    )


def with_attributes(body: str, sizes: Mapping[str, Size | None], *, opens_the_book: bool) -> str:
    """A page's HTML, its pictures with size, loading and a link to their description.

    >>> with_attributes('<img src="a/b.svg">', {"b.svg": Size(20, 10)}, opens_the_book=False)
    '<img src="a/b.svg" width="20" height="10" loading="lazy" decoding="async">'
    """
    described = set(re.findall(r'<details class="figure-description" id="([^"]+)"', body))
    figure, first = "", True

    def mended(match):
        nonlocal figure, first
        if not match[0].startswith("<img"):
            figure = match["id"] or ""
            return match[0]
        has = dict(ATTRIBUTE.findall(match[0]))
        wanted = {}
        size = sizes.get(PurePosixPath(html.unescape(has.get("src", ""))).name)
        if size is not None and "width" not in has and "height" not in has:
            wanted |= {"width": str(size.width), "height": str(size.height)}
        if opens_the_book and first:
            wanted["fetchpriority"] = "high"
        else:
            wanted |= {"loading": "lazy", "decoding": "async"}
        if figure and description_id(figure) in described:
            wanted["aria-details"] = description_id(figure)
        first = False
        more = "".join(f' {name}="{value}"' for name, value in wanted.items() if name not in has)
        end = re.search(r"\s*/?>$", match[0])
        return match[0][: end.start()] + more + end[0]

    return FIGURE_OR_IMAGE.sub(mended, body)


# The descriptions


class figure_description(nodes.General, nodes.Element):  # noqa: N801  (docutils' own style)
    """What a figure shows, in words, folded."""


def description_id(figure_id: str) -> str:
    """The id of the description of a figure."""
    return f"{figure_id}-description"


class AddDescriptions(SphinxTransform):
    """Put the description from a cell's metadata below the cell's figure."""

    default_priority = 300  # before the quotation marks become typographic

    def apply(self):
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("nb_element") == "cell_code":
                try:
                    add_description(cell)
                except FigureError as error:
                    logger.warning(str(error), location=cell, type="bond", subtype="description")


def add_description(cell):
    """Add the description that a cell's metadata hold, if they do."""
    given = cell.get("cell_metadata", {}).get("bond", {})
    unknown = [] if not isinstance(given, dict) else sorted(set(given) - {"description"})
    if not isinstance(given, dict) or unknown:
        found = unknown[0] if unknown else given
        raise FigureError(f"bond: a cell's metadata know 'description' only, not {found!r}")
    if "description" not in given:
        return
    text = given["description"]
    if not isinstance(text, str) or not text.strip():
        raise FigureError("bond: the description of a figure is empty")
    named = [figure for figure in cell.findall(nodes.figure) if figure["ids"] or figure["names"]]
    if len(named) != 1:
        raise FigureError(
            f"bond: the cell has a description and {len(named)} figures with a name; it needs one"
        )
    figure_id = (named[0]["ids"] or [nodes.make_id(named[0]["names"][0])])[0]
    description = figure_description("", ids=[description_id(figure_id)], figure=figure_id)
    for paragraph in text.split("\n"):  # what a folded block of YAML makes of an empty line
        if paragraph.strip():
            description += nodes.paragraph(text=" ".join(paragraph.split()))
    description.source, description.line = cell.source, cell.line
    cell += description


def check_descriptions(app, doctree):
    """Warn about a figure that its alt text alone cannot convey."""
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") != "cell_code" or any(cell.findall(figure_description)):
            continue
        for image in cell.findall(nodes.image):
            reason = reason_for_description(image, Path(app.srcdir))
            if reason:
                logger.warning(
                    "a figure %s, and its cell has no 'bond: {description: ...}'",
                    reason,
                    location=image,
                    type="bond",
                    subtype="description",
                )


def reason_for_description(image, root: Path) -> str:
    """Why a figure needs a description; empty when it needs none."""
    length = len(" ".join((image.get("alt") or "").split()))
    if length > LONGEST_ALT:
        return f"has an alt text of {length} characters (more than {LONGEST_ALT})"
    path = root / image["uri"]
    if path.suffix == ".svg" and path.is_file():
        panels = len(re.findall(r'<g id="axes_\d+"', path.read_text(encoding="utf-8")))
        if panels > 1:
            return f"has {panels} panels"
    return ""


def visit_description(translator, node):
    numbers = translator.builder.fignumbers.get("figure", {}).get(node["figure"])
    which = f"figure {'.'.join(map(str, numbers))}" if numbers else "the figure"
    translator.body.append(
        f'<details class="figure-description" id="{node["ids"][0]}">'
        f"<summary>Description of {which}</summary>\n"
    )


def depart_description(translator, node):
    translator.body.append("</details>\n")


def skip(translator, node):
    raise nodes.SkipNode


def setup(app):
    app.add_node(
        figure_description,
        html=(visit_description, depart_description),
        singlehtml=(skip, None),  # the book on paper, where nothing unfolds
        latex=(skip, None),
        text=(skip, None),
        man=(skip, None),
        texinfo=(skip, None),
    )
    app.add_transform(AddDescriptions)
    app.connect("builder-inited", write_figures_after_copying)
    app.connect("doctree-read", check_descriptions)
    app.connect("html-page-context", mend_pictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
