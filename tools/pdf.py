"""The book as one PDF: ``python -m tools.pdf`` after ``make book``.

Chromium prints one page that holds the whole volume. It knows on which page a place lies only
once it has printed, so it prints until the numbers that the contents show are those of the
file: twice, as a rule. The same site and the same Chromium give the same bytes.
"""

from __future__ import annotations

import argparse
import html
import io
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bs4 import Tag

from tools import book, packing, programs, takeaway, volume
from tools.volume import Leaf, Volume, VolumeError, new_tag

if TYPE_CHECKING:
    import pikepdf

NAME = "the-bond-or-the-drug.pdf"
TARGET = book.ROOT / "_build" / NAME
FOLDER = book.ROOT / "_build" / "print"
CHROMIUM_FLAGS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-sync"]
ROUNDS = 5
NO_BREAK = "\u00a0"
SHORT_CODE = 16
"""Code of at most so many lines stays on one page."""
SHORT_CELL = 12
"""A cell of at most so many lines of code and output stays on one page."""
WIDE_ROW = 110
"""A table with a row of more letters is set smaller."""


class PdfError(ValueError):
    """A PDF that cannot be made."""


MISSING = "{name} is missing: run 'python -m tools.installer requirements-browser.txt'"


# One HTML page.


def as_html(book_volume: Volume, numbers: dict[str, int], styles: Path) -> str:
    """The volume as one page to print.

    Parameters
    ----------
    book_volume
        The volume, prepared for paper.
    numbers
        The page of each place, as far as known; an unknown one shows as ``000``.
    styles
        The folder with the stylesheets.
    """
    heads = "\n".join(
        f"@page {leaf.name} {{ @top-left {{ content: {css_string(leaf.heading)}; }} }} "
        f"#leaf-{leaf.name} {{ page: {leaf.name}; }}"
        for leaf in book_volume.leaves
        if leaf.part != volume.ANSWERS
    )
    heads += f"\n@page answers {{ @top-left {{ content: {css_string(volume.ANSWERS)}; }} }}"
    links = "".join(
        f'<link rel="stylesheet" href="{(styles / name).resolve().as_uri()}">'
        for name in ("katex/katex.min.css", "common.css", "pdf.css")
    )
    main = "".join(
        f'<div class="leaf{" answers" if name == volume.ANSWERS and index else ""}" '
        f'id="leaf-{leaf.name}">{part_name(name, index)}{leaf.body}</div>'
        for name, leaves in book_volume.parts()
        for index, leaf in enumerate(leaves)
    )
    page = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(book_volume.title)}</title>"
        f'<meta name="author" content="{html.escape(book_volume.authors)}">'
        f"{links}<style>{heads}\n@page contents {{ @top-left {{ content: 'Contents'; }} }}</style>"
        f"</head><body>{title_page(book_volume, styles)}{contents(book_volume)}"
        f"<main>{main}</main></body></html>"
    )
    return fill_numbers(page, numbers)


def css_string(text: str) -> str:
    """A text as a string of CSS within a ``style`` element."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\3c ")
    return f'"{escaped}"'


def part_name(name: str, index: int) -> str:
    """The heading of a part, above the title of its first leaf."""
    return f'<h1 class="part-name">{html.escape(name)}</h1>' if name and index == 0 else ""


def title_page(book_volume: Volume, styles: Path) -> str:
    """Title page and imprint."""
    facts, address = book_volume.facts, html.escape(book_volume.address)
    logo = (styles / "logo.svg").resolve().as_uri()
    where = (
        f'<p>On the web: <a href="{address}/">{address}</a></p>' if address else ""
    )
    return (
        f'<section class="title-page"><img src="{logo}" alt="">'
        f'<p class="book-title">{html.escape(book_volume.title)}</p>'
        f'<p class="book-subtitle">{html.escape(book_volume.subtitle)}</p>'
        f'<p class="book-authors">{html.escape(book_volume.authors)}</p></section>'
        f'<section class="imprint"><p>Version {facts["version"]}, {facts["date-released"]}.</p>{where}'
        f"<p>Code is under the MIT license. Prose, figures and data are under CC BY 4.0.</p>"
        f"<p>Every participant in this book is made up. It is about evidence; "
        f"it is not medical advice.</p>"
        f"<p>Interactive figures stand as they open on the site. Hints, solutions, the feedback of "
        f"the self-checks and the tables behind interactive figures stand near the end, under "
        f"<i>{html.escape(volume.ANSWERS)}</i>. In code, ↪ marks a line that goes on.</p></section>"
    )


def contents(book_volume: Volume) -> str:
    """The table of contents: parts, chapters, and the sections of each as a run of text."""
    rows = []
    for part, leaves in book_volume.parts():
        if part:
            rows.append(f'<p class="part">{html.escape(part)}</p>')
        for leaf in leaves:
            light = "" if leaf.number or not part else " light"
            rows.append(
                f'<p class="entry{light}"><a href="#{leaf.name}">{html.escape(leaf.heading)}</a>'
                f'<span class="dots"></span>{page_of(leaf.name)}</p>'
            )
            if leaf.number:
                run = " ".join(
                    f'<span class="item"><a href="#{place}">'
                    f"{html.escape(text.replace(' ', NO_BREAK, 1))}</a>{NO_BREAK}{page_of(place)}</span>"
                    for place, text in leaf.sections
                )
                rows.append(f'<p class="run">{run}</p>')
    return (
        f'<nav class="contents" aria-label="Contents"><p class="contents-title">Contents</p>'
        f"{''.join(rows)}</nav>"
    )


def page_of(place: str) -> str:
    """An empty slot for the page of a place."""
    return f'<span class="page-of" data-target="{place}"></span>'


def fill_numbers(page: str, numbers: dict[str, int]) -> str:
    """Write the page of each place into the slots that ask for it."""
    pieces = page.split('<span class="page-of" data-target="')
    filled = [pieces[0]]
    for piece in pieces[1:]:
        place, rest = piece.split('">', 1)
        filled.append(f'<span class="page-of">{numbers.get(place, "000")}{rest}')
    return "".join(filled)


# What paper asks of a leaf.


def prepare(book_volume: Volume) -> None:
    """Set code in lines, headings one level down, and mark what must stay whole."""
    for leaf in book_volume.leaves:
        for tag in leaf.body.select("details.figure-description"):
            tag.decompose()
        volume.set_lines(leaf.body)
        keep_whole(leaf.body)
        for katex in leaf.body.find_all("span", class_="katex"):
            name_formula(katex)
        for table in leaf.body.find_all("table"):
            if widest_row(table) > WIDE_ROW:
                table.parent["class"] = [*table.parent.get("class", []), "wide"]
        show_addresses(leaf.body)
        shift_headings(leaf)


def keep_whole(body: Tag) -> None:
    """Mark code that stays on one page, and a cell that does with what it prints."""
    for pre in body.find_all("pre"):
        if len(pre.find_all("span", class_="line")) <= SHORT_CODE:
            pre["class"] = [*pre.get("class", []), "whole"]
    for cell in body.find_all("div", class_="cell"):
        lines = cell.find_all("span", class_="line")
        if len(lines) + len(cell.find_all("tr")) <= SHORT_CELL and not cell.find("figure"):
            cell["class"] = [*cell["class"], "whole"]


def name_formula(katex: Tag) -> None:
    """Give a formula a name that can be spoken: the visible one is made of loose signs."""
    if not katex.get("aria-label"):
        katex["aria-label"] = volume.tex_of(katex)
    katex["role"] = "img"


def widest_row(table: Tag) -> int:
    """How many letters the longest row has, with room between the cells."""
    return max(
        (
            sum(len(cell.get_text(strip=True)) + 3 for cell in row.find_all(["td", "th"]))
            for row in table.find_all("tr")
        ),
        default=0,
    )


def show_addresses(body: Tag) -> None:
    """Write the address of an outside link beside it, unless its words are one."""
    for link in body.find_all("a", href=True):
        href = link["href"]
        words = link.get_text()
        if href.startswith("http") and "://" not in words and not words.startswith("doi:"):
            link.insert_after(
                new_tag("span", f" ({href.split('://')[1].rstrip('/')})", class_="paper-address")
            )


def shift_headings(leaf: Leaf) -> None:
    """One level down within a part, since the part's name is the heading above."""
    titles = {"h1": "leaf-title", "h2": "section-title", "h3": "subsection-title"}
    for head in leaf.body.find_all(volume.HEADINGS):
        old = head.name
        head["class"] = [titles[old]] if old in titles else []
        if leaf.part:
            head.name = f"h{min(int(old[1]) + 1, 6)}"


# Printing.


def find_chromium() -> str:
    """Chromium's path, or a sentence on what is missing."""
    path = programs.chromium()
    if path is None:
        raise PdfError("there is no Chromium here: install it, it prints the PDF")
    return path


@contextmanager
def printer() -> Iterator[Callable[[Path], bytes]]:
    """A function that prints an HTML file."""
    path = find_chromium()
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise PdfError(MISSING.format(name="playwright")) from error
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        page = browser.new_context(color_scheme="light", offline=True).new_page()

        def print_file(file: Path) -> bytes:
            page.goto(file.resolve().as_uri(), wait_until="load", timeout=120_000)
            page.evaluate("document.fonts.ready.then(() => true)")
            return page.pdf(
                prefer_css_page_size=True, print_background=True, outline=True, tagged=True
            )

        try:
            yield print_file
        except Error as error:
            raise PdfError(f"Chromium could not print the book: {error}") from error
        browser.close()


def page_numbers(pdf: pikepdf.Pdf) -> dict[str, int]:
    """The page of each named place, counted from one."""
    index = {page.obj.objgen: number for number, page in enumerate(pdf.pages, start=1)}
    return {name: index[place[0].objgen] for name, place in named_places(pdf)}


def named_places(pdf: pikepdf.Pdf) -> Iterator[tuple[str, Any]]:
    """Name and place of each destination, from either form that a PDF may keep them in."""
    import pikepdf

    if "/Dests" in pdf.Root:
        for name, place in pdf.Root.Dests.items():
            yield name.removeprefix("/"), place
    elif "/Names" in pdf.Root and "/Dests" in pdf.Root.Names:
        for name, place in pikepdf.NameTree(pdf.Root.Names.Dests).items():
            yield name, place.D if isinstance(place, pikepdf.Dictionary) else place


def finish(pdf: pikepdf.Pdf, book_volume: Volume, target: Path) -> None:
    """Write the file with its title, closed bookmarks, and nothing of this day or machine."""
    import pikepdf

    facts = book_volume.facts
    with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
        metadata["dc:title"] = facts["title"]
        metadata["dc:creator"] = facts_authors(book_volume)
        metadata["dc:language"] = ["en"]
        metadata["dc:rights"] = "Prose, figures and data: CC BY 4.0. Code: MIT license."
    for key in list(pdf.docinfo.keys()):
        del pdf.docinfo[key]  # the day, and the versions of what made it
    pdf.docinfo["/Title"] = facts["title"]
    pdf.docinfo["/Author"] = book_volume.authors
    pdf.Root.PageMode = pikepdf.Name.UseOutlines
    pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
    with pdf.open_outline() as outline:
        name_bookmarks(list(bookmarks(outline.root)), headings(book_volume))
    with packing.whole(target) as unfinished:
        pdf.save(
            unfinished,
            compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
        )


def bookmarks(items: list[Any]) -> Iterator[Any]:
    """Each bookmark in the order of the text."""
    for item in items:
        yield item
        yield from bookmarks(item.children)


def headings(book_volume: Volume) -> list[str]:
    """The words of each heading that is printed, in order."""
    found = []
    for part, leaves in book_volume.parts():
        found += [part] if part else []
        for leaf in leaves:
            found += [volume.text_of(head) for head in leaf.body.find_all(volume.HEADINGS)]
    return found


def name_bookmarks(items: list[Any], names: list[str]) -> None:
    """Close the bookmarks, and name each by its heading: Chromium writes some names twice.

    Raises
    ------
    PdfError
        When there are not as many bookmarks as headings.
    """
    if len(items) != len(names):
        raise PdfError(f"the PDF has {len(items)} bookmarks for {len(names)} headings")
    for item, name in zip(items, names, strict=True):
        item.title = name
        item.is_closed = True


def facts_authors(book_volume: Volume) -> list[str]:
    """The authors one by one, as metadata want them."""
    return [name.strip() for name in book_volume.authors.split(";")]


def copy_styles(folder: Path, site: Path) -> Path:
    """Put the stylesheets, fonts and logo beside the page to print."""
    import matplotlib

    styles = folder / "styles"
    shutil.rmtree(styles, ignore_errors=True)
    shutil.copytree(volume.STYLES, styles)
    shutil.copytree(book.ROOT / "_static" / "fonts", styles / "fonts")
    shutil.copytree(book.ROOT / "_vendor" / "katex", styles / "katex")
    shutil.copy(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf", styles / "fonts")
    shutil.copy(book.ROOT / "_static" / "logo.svg", styles)
    return styles


def make(
    site: Path = volume.SITE, target: Path = TARGET, folder: Path = FOLDER, root: Path = book.ROOT
) -> int:
    """Make the PDF; its number of pages.

    Raises
    ------
    VolumeError, PdfError
        When there is no site, no Chromium, a package is missing, or the page numbers do
        not settle.
    """
    find_chromium()
    try:
        import pikepdf
    except ImportError as error:
        raise PdfError(MISSING.format(name="pikepdf")) from error
    book_volume = volume.read(site, root)
    prepare(book_volume)
    folder.mkdir(parents=True, exist_ok=True)
    styles = copy_styles(folder, site)
    numbers: dict[str, int] = {}
    with printer() as print_file:
        for _ in range(ROUNDS):
            page = folder / "book.html"
            page.write_text(as_html(book_volume, numbers, styles), encoding="utf-8")
            pdf = pikepdf.open(io.BytesIO(print_file(page)))
            if (found := page_numbers(pdf)) == numbers:
                break
            numbers = found
        else:
            raise PdfError(f"the page numbers did not settle in {ROUNDS} rounds")
    finish(pdf, book_volume, target)
    return len(pdf.pages)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when the PDF cannot be made."""
    argparse.ArgumentParser(prog="python -m tools.pdf", description=__doc__).parse_args(arguments)
    try:
        pages = make()
    except (VolumeError, PdfError) as error:
        print(error, file=sys.stderr)
        return 1
    print(takeaway.finish(TARGET, volume.SITE), f"{pages} pages", sep="; ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
