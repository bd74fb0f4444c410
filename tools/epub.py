"""The book as an EPUB 3: ``python -m tools.epub`` after ``make book``.

Formulas are MathML, which e-readers set themselves and read aloud; there is no script and
nothing outside the file. Figures keep their light colors, on their own ground. The same site
gives the same bytes.
"""

from __future__ import annotations

import argparse
import html
import io
import re
import shutil
import subprocess
import sys
import uuid
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from bs4 import Tag

from tools import book, packing, takeaway, volume
from tools.volume import Leaf, Volume, VolumeError

NAME = "the-bond-or-the-drug.epub"
TARGET = book.ROOT / "_build" / NAME
LIGHT_COLOR = re.compile(r"var\(\s*--[\w-]+\s*,\s*([^()]+?)\s*\)")
DARK_RULES = re.compile(r"<style>@media \(prefers-color-scheme: ?dark\)\{.*?\}</style>", re.S)
# What matplotlib writes and an EPUB may not hold: an outside identifier, facts about the
# program, and marks without a path.
NOT_IN_SVG = re.compile(r"<!DOCTYPE[^>]*>\s*|<metadata>.*?</metadata>\s*", re.S)
EMPTY_PATH = re.compile(r"<path\b(?![^>]*\sd=)")
MEDIA_TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".css": "text/css",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".xhtml": "application/xhtml+xml",
}
SUMMARY = (
    "Every figure has a text that replaces it, some a longer description besides. Formulas are "
    "MathML. Headings are in order, tables have headers, and code is text. Interactive figures "
    "stand still; the tables behind them give every stop. Tested with EPUBCheck, not with "
    "screen readers."
)
FEATURES = (
    "alternativeText",
    "longDescription",
    "MathML",
    "structuralNavigation",
    "tableOfContents",
    "readingOrder",
    "displayTransformability",
    "unlocked",
)


class Package:
    """The files of an EPUB, and what its manifest says of them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.properties: dict[str, str] = {}
        self.spine: list[str] = []

    def add(self, name: str, content: str | bytes, properties: str = "", spine: bool = False) -> None:
        """Add a file below ``EPUB/``."""
        if Path(name).suffix not in MEDIA_TYPES:
            raise VolumeError(f"an EPUB here holds no files such as {name}")
        self.files[name] = content.encode() if isinstance(content, str) else content
        if properties:
            self.properties[name] = properties
        if spine:
            self.spine.append(name)

    def manifest(self) -> str:
        """The manifest's items, sorted by name."""
        return "\n".join(
            f'<item id="{item_id(name)}" href="{name}" media-type="{MEDIA_TYPES[Path(name).suffix]}"'
            + (f' properties="{self.properties[name]}"' if name in self.properties else "")
            + "/>"
            for name in sorted(self.files)
        )


def item_id(name: str) -> str:
    """An ``id`` for a file.

    >>> item_id("text/chapter-01.xhtml")
    'i-text-chapter-01-xhtml'
    """
    return "i-" + re.sub(r"[^A-Za-z0-9]+", "-", name)


def make(
    site: Path = volume.SITE, target: Path = TARGET, root: Path = book.ROOT
) -> Path:
    """Make the EPUB.

    Raises
    ------
    VolumeError
        When there is no site, or it holds what an EPUB cannot.
    """
    book_volume = volume.read(site, root)
    package = Package()
    add_styles(package)
    package.add("images/cover.png", cover(book_volume), "cover-image")
    package.add("text/cover.xhtml", cover_page(book_volume), spine=True)
    package.add("text/title.xhtml", title_page(book_volume), spine=True)
    package.add("nav.xhtml", navigation(book_volume), "nav", spine=True)
    places = book_volume.places()
    for leaf in book_volume.leaves:
        add_leaf(package, leaf, places)
    files = {f"EPUB/{name}": content for name, content in package.files.items()}
    files["META-INF/container.xml"] = CONTAINER.encode()
    files["EPUB/package.opf"] = package_document(book_volume, package).encode()
    write(files, target)
    return target


def write(files: dict[str, bytes], target: Path) -> None:
    """Write the archive, whole or not at all; its first file says what it is."""
    with packing.whole(target) as unfinished, zipfile.ZipFile(unfinished, "w") as archive:
        archive.writestr(packing.entry("mimetype", zipfile.ZIP_STORED), b"application/epub+zip")
        packing.add(archive, dict(sorted(files.items())))


def add_styles(package: Package) -> None:
    """The stylesheets and the fonts that they name."""
    import matplotlib

    css = "".join((volume.STYLES / name).read_text(encoding="utf-8") for name in ("common.css", "epub.css"))
    package.add("styles/book.css", css)
    fonts = {path.name: path for path in (book.ROOT / "_static" / "fonts").glob("*.woff2")}
    mono = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"
    fonts[mono.name] = mono
    for name in sorted(set(re.findall(r"url\(fonts/([\w.-]+)\)", css))):
        package.add(f"styles/fonts/{name}", fonts[name].read_bytes())


# Pages.


def page(title: str, body: str, depth: str = "../", body_type: str = "bodymatter") -> str:
    """An XHTML file around a body."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
        f'lang="en" xml:lang="en">\n<head><title>{html.escape(title)}</title>'
        f'<link rel="stylesheet" type="text/css" href="{depth}styles/book.css"/></head>\n'
        f'<body epub:type="{body_type}">{body}</body>\n</html>\n'
    )


def add_leaf(package: Package, leaf: Leaf, places: dict[str, str]) -> None:
    """Add a leaf and the pictures that it shows."""
    body = leaf.body
    volume.set_lines(body)
    for katex in body.find_all("span", class_="katex"):
        replace_formula(katex)
    for slot in body.find_all("span", class_="page-of"):
        slot.decompose()
    for image in body.find_all("img"):
        path = Path(url2pathname(unquote(urlsplit(image["src"]).path)))
        name = f"images/{path.name}"
        if name not in package.files:
            package.add(name, picture(path))
        image["src"] = f"../{name}"
    for link in body.find_all("a", href=True):
        if link["href"].startswith("#"):
            place = link["href"][1:]
            is_here = places[place] == leaf.name and place != leaf.name
            link["href"] = link["href"] if is_here else file_of(place, places)
    for tag in body.find_all(["td", "th", "col", "table", "tr"]):
        for key in ("align", "halign", "valign", "width", "border"):
            del tag[key]
    is_chapter = bool(leaf.number)
    body["epub:type"] = "chapter" if is_chapter else "backmatter"
    if is_chapter:
        body["role"] = "doc-chapter"
    else:
        del body["epub:type"]
    for drawing in body.find_all("svg"):
        drawing["xmlns"] = "http://www.w3.org/2000/svg"
    properties = [name for name in ("math", "svg") if body.find(name)]
    if "math" in properties:
        properties[properties.index("math")] = "mathml"
    text = LIGHT_COLOR.sub(r"\1", body.decode(formatter="minimal"))
    package.add(
        f"text/{leaf.name}.xhtml", page(leaf.heading, text), " ".join(properties), spine=True
    )


def file_of(place: str, places: dict[str, str]) -> str:
    """Where a place lies, seen from another leaf."""
    leaf = places[place]
    return f"{leaf}.xhtml" if place == leaf else f"{leaf}.xhtml#{place}"


def replace_formula(katex: Tag) -> None:
    """Put MathML in the place of what KaTeX drew, with the TeX as its text."""
    math = katex.find("math")
    if math is None:
        raise VolumeError(f"a formula has no MathML: {katex.get_text()[:60]}")
    math["alttext"] = katex.get("aria-label") or volume.tex_of(katex)
    if (annotation := math.find("annotation")) is not None:
        annotation.decompose()
    if (semantics := math.find("semantics")) is not None:
        semantics.unwrap()
    katex.replace_with(math.extract())


def picture(path: Path) -> bytes:
    """A picture in its light colors: the page around it does not follow the reader's dark mode."""
    if path.suffix != ".svg":
        return path.read_bytes()
    svg = NOT_IN_SVG.sub("", DARK_RULES.sub("", path.read_text(encoding="utf-8")))
    return EMPTY_PATH.sub('<path d=""', LIGHT_COLOR.sub(r"\1", svg)).encode()


def cover_page(book_volume: Volume) -> str:
    """The cover as a page."""
    title = html.escape(f"{book_volume.title} {book_volume.subtitle}")
    body = (
        f'<section class="cover" epub:type="cover">'
        f'<img src="../images/cover.png" alt="{title}"/></section>'
    )
    return page(book_volume.title, body, body_type="frontmatter")


def title_page(book_volume: Volume) -> str:
    """Title and imprint."""
    facts = book_volume.facts
    address = html.escape(book_volume.address)
    where = f'<p>On the web: <a href="{address}/">{address}</a></p>' if address else ""
    body = (
        f'<section class="title-page" epub:type="titlepage">'
        f'<h1>{html.escape(book_volume.title)}</h1><p class="book-subtitle">'
        f"{html.escape(book_volume.subtitle)}</p><p>{html.escape(book_volume.authors)}</p>"
        f'<p>Version {facts["version"]}, {facts["date-released"]}.</p>{where}'
        f"<p>Code is under the MIT license. Prose, figures and data are under CC BY 4.0.</p>"
        f"<p>Every participant in this book is made up. It is about evidence; it is not medical "
        f"advice.</p><p>Interactive figures stand as they open on the site. Hints, solutions, the "
        f"feedback of the self-checks and the tables behind interactive figures stand near the "
        f"end, under <i>{html.escape(volume.ANSWERS)}</i>.</p></section>"
    )
    return page(book_volume.title, body, body_type="frontmatter")


def navigation(book_volume: Volume) -> str:
    """The table of contents: parts, leaves, and the sections of each chapter."""
    rows = []
    for part, leaves in book_volume.parts():
        entries = "".join(entry(leaf) for leaf in leaves)
        rows.append(
            f'<li><a href="text/{leaves[0].name}.xhtml">{html.escape(part)}</a><ol>{entries}</ol></li>'
            if part
            else entries
        )
    first = next(leaf for leaf in book_volume.leaves if leaf.number)
    body = (
        f'<nav epub:type="toc" role="doc-toc" id="toc"><h1>Contents</h1><ol>{"".join(rows)}</ol></nav>'
        f'<nav epub:type="landmarks" hidden=""><h2>Landmarks</h2><ol>'
        f'<li><a epub:type="cover" href="text/cover.xhtml">Cover</a></li>'
        f'<li><a epub:type="toc" href="#toc">Contents</a></li>'
        f'<li><a epub:type="bodymatter" href="text/{first.name}.xhtml">Start of the text</a></li>'
        f"</ol></nav>"
    )
    return page("Contents", body, depth="", body_type="frontmatter")


def entry(leaf: Leaf) -> str:
    """A leaf's line in the contents, with the sections of a chapter below it."""
    file = f"text/{leaf.name}.xhtml"
    below = "".join(
        f'<li><a href="{file}#{place}">{html.escape(text)}</a></li>' for place, text in leaf.sections
    )
    below = f"<ol>{below}</ol>" if below and leaf.number else ""
    return f'<li><a href="{file}">{html.escape(leaf.heading)}</a>{below}</li>'


# The package.

CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""


def package_document(book_volume: Volume, package: Package) -> str:
    """Metadata, manifest and reading order. The date is the release's, so that bytes repeat."""
    facts = book_volume.facts
    identifier = uuid.uuid5(uuid.NAMESPACE_URL, f"{facts['title']} {facts['version']}")
    creators = "".join(
        f'<dc:creator id="creator-{number}">{html.escape(name)}</dc:creator>'
        for number, name in enumerate(book_volume.authors.split("; "), start=1)
    )
    features = "\n".join(
        f'<meta property="schema:accessibilityFeature">{name}</meta>' for name in FEATURES
    )
    subjects = "".join(f"<dc:subject>{html.escape(word)}</dc:subject>" for word in facts.get("keywords", []))
    spine = "\n".join(f'<itemref idref="{item_id(name)}"/>' for name in package.spine)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package version="3.0" xmlns="http://www.idpf.org/2007/opf" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>
<dc:title>{html.escape(facts["title"])}</dc:title>
{creators}
<dc:language>en</dc:language>
<dc:date>{facts["date-released"]}</dc:date>
<dc:description>{html.escape(" ".join(facts["abstract"].split()))}</dc:description>
<dc:rights>Prose, figures and data: CC BY 4.0. Code: MIT license.</dc:rights>
{subjects}
<meta property="dcterms:modified">{facts["date-released"]}T00:00:00Z</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
{features}
<meta property="schema:accessibilityHazard">none</meta>
<meta property="schema:accessibilitySummary">{html.escape(SUMMARY)}</meta>
</metadata>
<manifest>
{package.manifest()}
</manifest>
<spine>
{spine}
</spine>
</package>
"""


def cover(book_volume: Volume) -> bytes:
    """The cover: the book's sign, its title and its question, as a PNG."""
    from PIL import Image, ImageDraw, ImageFont

    from helpers import figures

    wide, tall, fine = 1600, 2400, 2
    image = Image.new("RGB", (wide * fine, tall * fine), "#fdfcf8")
    draw = ImageDraw.Draw(image)

    def font(name: str, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(figures.FONT_FOLDER / f"BondSans-{name}.ttf", size * fine)

    def ring(x: int, color: str, start: int = 0, end: int = 360) -> None:
        radius, y = 351, 760
        box = [(x - radius) * fine, (y - radius) * fine, (x + radius) * fine, (y + radius) * fine]
        draw.arc(box, start, end, fill=color, width=82 * fine)

    ring(610, "#2b86c5")
    ring(975, "#d9660f")
    ring(610, "#2b86c5", 20, 90)  # it passes over the other ring at the lower crossing
    capsule = Image.new("RGBA", (276 * fine, 276 * fine))
    shape = ImageDraw.Draw(capsule)
    box = [12 * fine, 82 * fine, 264 * fine, 194 * fine]
    shape.rounded_rectangle(box, 56 * fine, outline="#d9660f", width=25 * fine)
    shape.rounded_rectangle([138 * fine, *box[1:]], 56 * fine, fill="#d9660f")
    shape.rectangle([138 * fine, box[1], 200 * fine, box[3]], fill="#d9660f")
    capsule = capsule.rotate(45, Image.Resampling.BICUBIC)
    image.paste(capsule, (968 * fine, 622 * fine), capsule)
    lines = {"Semibold": book_volume.title.replace(" or ", "\nor "), "Regular": book_volume.subtitle}
    draw.multiline_text(
        (140 * fine, 1300 * fine), lines["Semibold"], "#22242a", font("Semibold", 172), spacing=24 * fine
    )
    subtitle = wrapped(lines["Regular"], font("Regular", 68), draw, 1320 * fine)
    draw.multiline_text((146 * fine, 1800 * fine), subtitle, "#585b63", font("Regular", 68), spacing=20 * fine)
    image = image.resize((wide, tall), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.quantize(64, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def wrapped(text: str, font: Any, draw: Any, width: float) -> str:
    """Text broken into lines that fit a width."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def check(path: Path) -> str | None:
    """What EPUBCheck finds, or ``None`` when it is not installed.

    Raises
    ------
    VolumeError
        When it finds an error or a warning.
    """
    program, java = shutil.which("epubcheck"), shutil.which("java")
    if program is None or java is None:
        return None
    # Debian's command is the archive itself, which not every shell can start.
    is_archive = Path(program).resolve().suffix == ".jar"
    command = [java, "-jar", str(Path(program).resolve())] if is_archive else [program]
    run = subprocess.run(
        [*command, "--failonwarnings", str(path)], capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        raise VolumeError(f"EPUBCheck refuses {path.name}:\n{run.stdout}{run.stderr}")
    return "EPUBCheck finds no fault"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when the EPUB cannot be made or is not valid."""
    argparse.ArgumentParser(prog="python -m tools.epub", description=__doc__).parse_args(arguments)
    unchecked = TARGET.with_name(f"unchecked-{NAME}")
    try:
        make(target=unchecked)
        verdict = check(unchecked)
    except VolumeError as error:
        print(error, file=sys.stderr)
        return 1
    unchecked.replace(TARGET)
    print(takeaway.finish(TARGET, volume.SITE), verdict or "EPUBCheck is not here", sep="; ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
