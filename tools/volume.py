"""The built site as one volume: the pages that the PDF and the EPUB are made from.

Both are made from the finished pages, not by another builder of Sphinx. What the site's
extensions do to a page is then done once, and a reader on paper gets the same words.

A volume differs from the site in four ways. Navigation and controls are gone. Hints,
solutions, the feedback of the self-checks and the tables behind interactive figures stand at
the back, with a link from where they were. A link leads to a place in the volume; one to a page
that the volume leaves out leads to the site's address, or is plain text without one. Every
``id`` is unique in the whole volume.
"""

from __future__ import annotations

import copy
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import yaml
from bs4 import BeautifulSoup, NavigableString, Tag

from tools import book, citation

SITE = book.ROOT / "_build" / "html"
STYLES = book.ROOT / "print"
FRONT = "index"
FRONT_TITLE = "Preface"
ANSWERS = "Answers and tables"
# What a reader away from the site has a use for. How to run and change the book, and the
# pages of its helpers, belong to the site: they go with files that only it has.
BACK = (
    "book/map",
    "book/plan",
    "book/your-paper",
    "book/scoreboard",
    "book/data",
    "book/glossary",
    "book/instructors",
    "book/about",
    "book/references",
)
CHAPTER = re.compile(r"book/\d\d-[a-z0-9-]+")
DROPPED_TAGS = {
    "script", "style", "template", "noscript", "dialog", "form", "button", "input", "select",
}  # fmt: skip
DROPPED_CLASSES = {
    "headerlink", "toctree-wrapper", "doors", "parts", "needs-server", "run-this",
    "slider-control", "slider-reset", "scoreboard-file", "sc-key", "take-away", "no-print",
}  # fmt: skip
DROPPED_ATTRIBUTES = (
    "tabindex", "aria-live", "loading", "decoding", "fetchpriority", "download", "hidden", "rel",
)  # fmt: skip
ID_LISTS = ("aria-labelledby", "aria-describedby", "aria-details", "headers")
ARTICLE = re.compile(r'<article class="[^"]*bd-article.*?</article>', re.S)
URL_ID = re.compile(r"url\(#([^)]+)\)")
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


class VolumeError(ValueError):
    """A site from which no volume can be made."""


@dataclass
class Leaf:
    """A chapter, or another page, of the volume.

    Attributes
    ----------
    name : str
        Its ``id``, and its file's name in an EPUB.
    number, title : str
        ``10`` and ``Four weeks against twelve months``; the number may be empty.
    part : str
        The part that it stands in, or empty.
    body : Tag
        A ``section`` that begins with an ``h1``.
    sections : list of tuple
        ``id`` and text of each section of the first level.
    """

    name: str
    number: str
    title: str
    part: str
    body: Tag
    sections: list[tuple[str, str]] = field(default_factory=list)

    @property
    def heading(self) -> str:
        """Number and title as one line."""
        return f"{self.number}. {self.title}" if self.number else self.title


@dataclass
class Volume:
    """The whole book, its leaves in reading order."""

    title: str
    subtitle: str
    facts: dict
    address: str
    leaves: list[Leaf] = field(default_factory=list)

    @property
    def authors(self) -> str:
        """Everyone who wrote it, as one line."""
        return "; ".join(citation.authors(self.facts))

    def places(self) -> dict[str, str]:
        """The leaf that holds each ``id``."""
        return {
            tag["id"]: leaf.name
            for leaf in self.leaves
            for tag in [leaf.body, *leaf.body.find_all(id=True)]
            if tag.get("id")
        }

    def parts(self) -> list[tuple[str, list[Leaf]]]:
        """Runs of leaves that stand in one part, in order."""
        runs: list[tuple[str, list[Leaf]]] = []
        for leaf in self.leaves:
            if not runs or runs[-1][0] != leaf.part or not leaf.part:
                runs.append((leaf.part, []))
            runs[-1][1].append(leaf)
        return runs


def read(site: Path = SITE, root: Path = book.ROOT) -> Volume:
    """The volume of a built site.

    Raises
    ------
    VolumeError
        When the site is not built, or a page is not what a volume needs.
    """
    if not (site / "index.html").is_file():
        raise VolumeError("the site is not built: run 'make book'")
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    facts = citation.read(root / "CITATION.cff")
    title = config["title"]
    address = (config["sphinx"]["config"].get("bond_address") or "").rstrip("/")
    volume = Volume(title, facts["title"].removeprefix(title).strip(), facts, address)
    ids: dict[str, dict[str, str]] = {}
    answers = []
    for page, part in pages(root):
        article = article_of(site, page)
        ids[page] = rename_ids(article, leaf_name(page))
        body = first_section(article, page)
        clean(body)
        leaf = leaf_of(page, part, body)
        leaf.sections = [
            (head.parent["id"], text_of(head))
            for head in body.find_all("h2")
            if head.parent.get("id")
        ]
        if gathered := gather(leaf):
            answers.append(gathered)
        volume.leaves.append(leaf)
    after_chapters = sum(1 for leaf in volume.leaves if leaf.number) + 1
    volume.leaves[after_chapters:after_chapters] = answers
    set_links(volume, ids, site)
    return volume


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """The pages of the volume and the part that each stands in, in reading order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    yield toc["root"], ""
    found = []
    for part in toc["parts"]:
        for chapter in part["chapters"]:
            name = chapter["file"]
            if CHAPTER.fullmatch(name) or name in BACK:
                found.append(name)
                yield name, part["caption"]
    if missing := set(BACK) - set(found):
        raise VolumeError(f"_toc.yml has no page {', '.join(sorted(missing))}")


def leaf_name(page: str) -> str:
    """A name for a page that can be an ``id`` and a file's name.

    >>> leaf_name("book/10-four-weeks-twelve-months")
    'chapter-10'
    >>> leaf_name("book/map")
    'map'
    """
    stem = page.rpartition("/")[2]
    return f"chapter-{stem[:2]}" if CHAPTER.fullmatch(page) else stem


def article_of(site: Path, page: str) -> Tag:
    """The text of a page, without what surrounds it."""
    path = site / f"{page}.html"
    if not path.is_file():
        raise VolumeError(f"the site has no {page}.html: run 'make book'")
    found = ARTICLE.search(path.read_text(encoding="utf-8"))
    if found is None:
        raise VolumeError(f"{page}.html has no article")
    return BeautifulSoup(found[0], "html5lib").article


def first_section(article: Tag, page: str) -> Tag:
    """The section that holds the whole page."""
    section = article.find("section")
    if section is None or section.find("h1") is None:
        raise VolumeError(f"{page}.html has no section with a heading")
    return section


def rename_ids(article: Tag, name: str) -> dict[str, str]:
    """Make every ``id`` unique in the volume; the new name of each.

    An ``id`` that a page gives twice is kept where it stands first.
    """
    new: dict[str, str] = {}
    for tag in article.find_all(id=True):
        old = tag["id"]
        if old in new:
            del tag["id"]
        else:
            new[old] = tag["id"] = f"{name}--{re.sub(r'[^A-Za-z0-9_-]', '-', old)}"
    for tag in article.find_all(True):
        for key, value in list(tag.attrs.items()):
            if key in ID_LISTS:
                tag[key] = " ".join(new.get(one, one) for one in str(value).split())
            elif isinstance(value, str) and "url(#" in value:
                tag[key] = URL_ID.sub(lambda match: f"url(#{new.get(match[1], match[1])})", value)
    return new


def clean(body: Tag) -> None:
    """Take out what only a screen with a site around it can use."""
    for tag in body.find_all(True):
        if tag.decomposed:
            continue
        if tag.name in DROPPED_TAGS or not DROPPED_CLASSES.isdisjoint(tag.get("class", ())):
            tag.decompose()
    for comment in body.find_all(string=lambda text: type(text) is not NavigableString):
        comment.extract()
    for tag in body.find_all(True):
        for key in [key for key in tag.attrs if key in DROPPED_ATTRIBUTES or key.startswith("data-")]:
            del tag[key]
    for term in body.find_all("span", class_="std-term"):
        term.parent["class"] = [*term.parent.get("class", []), "term"]
    for section in body.find_all("section"):
        if not section.find(lambda tag: tag.name not in HEADINGS and tag.name != "span"):
            section.decompose()  # nothing but its heading is left


def leaf_of(page: str, part: str, body: Tag) -> Leaf:
    """A leaf, its number and title read from its heading."""
    head = body.find("h1")
    number = head.find(class_="section-number")
    digits = "" if number is None else number.get_text(strip=True).rstrip(".")
    if number is not None:
        number.extract()
    title = text_of(head)
    if page == FRONT:
        title = FRONT_TITLE
        head.string = title
    name = leaf_name(page)
    body["id"] = name
    if number is not None:
        head.insert(0, number)
    return Leaf(name, digits, title, part, body)


def text_of(tag: Tag) -> str:
    """The words of an element on one line."""
    return " ".join(tag.get_text().split())


# What stands at the back.


def gather(leaf: Leaf) -> Leaf | None:
    """Move a chapter's answers and tables into a leaf of their own."""
    body = new_tag("section", id=f"{leaf.name}-answers")
    body.append(new_tag("h1", f"Chapter {leaf.number}: {leaf.title}"))
    tables = slider_tables(leaf)  # first, since a solution may hold such a figure
    groups = (
        ("Exercises", "exercises", exercise_answers(leaf)),
        ("Self-check", "self-check", selfcheck_answers(leaf)),
        ("Behind the figures", "figures", tables),
    )
    for title, name, blocks in groups:
        if blocks:
            section = new_tag("section", id=f"{leaf.name}-answers-{name}")
            section.append(new_tag("h2", title))
            section.extend(blocks)
            body.append(section)
    for text in (leaf.body, body):
        put_captions_last(text)
        unfold(text)
    return Leaf(body["id"], "", text_of(body.h1), ANSWERS, body) if body.find("h2") else None


def put_captions_last(body: Tag) -> None:
    """Move what follows a caption out of its figure, where HTML does not allow it."""
    for caption in body.find_all("figcaption"):
        after = [tag.extract() for tag in caption.find_next_siblings()]
        caption.parent.insert_after(*after)


def exercise_answers(leaf: Leaf) -> list[Tag]:
    """The hints and the solution of each exercise, taken out of the chapter."""
    found = []
    for exercise in leaf.body.select("div.exercise"):
        folds = []
        while (fold := next_tag(exercise)) is not None and is_fold(fold):
            folds.append(fold.extract())
        if not folds:
            continue
        title = text_of(exercise.find(class_="admonition-title"))
        block = new_tag("div", id=f"{leaf.name}-answer-{len(found) + 1}", class_="answer")
        block.append(back_link(title, exercise))
        names = []
        for fold in folds:
            is_solution = "solution" in fold["class"]
            names.append("solution" if is_solution else text_of(fold.summary).lower())
            fold.summary.string = "Solution" if is_solution else text_of(fold.summary)
            block.append(opened(fold))
        exercise.append(forward_link(" and ".join(names).capitalize(), block["id"]))
        found.append(block)
    return found


def is_fold(tag: Tag) -> bool:
    """Whether an element is a folded hint or solution."""
    return tag.name == "details" and "fold" in tag.get("class", [])


def next_tag(tag: Tag) -> Tag | None:
    """The next element, if no words stand between."""
    for sibling in tag.next_siblings:
        if isinstance(sibling, Tag):
            return sibling
        if sibling.strip():
            return None
    return None


def selfcheck_answers(leaf: Leaf) -> list[Tag]:
    """Which option is right and why; the questions stay, with their options as a list."""
    found: list[Tag] = []
    for number, question in enumerate(leaf.body.select(".selfcheck .sc-question"), start=1):
        options = question.select(".sc-option")
        feedback = [option.select_one(".sc-feedback") for option in options]
        right = [text for text in feedback if text is not None and "correct" in text["class"]]
        if None in feedback or len(right) != 1:
            raise VolumeError(f"{leaf.name}: question {number} of the self-check has no one answer")
        question["id"] = question.get("id") or f"{leaf.name}-question-{number}"
        block = new_tag("div", id=f"{leaf.name}-check-{number}", class_="answer check")
        block.append(back_link(f"Question {number}", question))
        choices = new_tag("ol", class_="options")
        reread = [line.extract() for text in feedback for line in text.select(".sc-reread")]
        for letter, option, reasons in zip("ABCDEF", options, feedback, strict=False):
            reasons.extract()
            words = option.select_one(".sc-text")
            strip_letter(words, letter)
            choice = new_tag("li")
            choice.extend([new_tag("span", f"{letter} ", class_="letter"), words.extract()])
            choices.append(choice)
            lead = reasons.find("p")
            lead.insert(0, new_tag("span", f"{letter} ", class_="letter"))
            block.append(reasons.extract())
        block.extend(reread[:1])
        for option in options:
            option.decompose()
        question.append(choices)
        found.append(block)
    if found:
        box = leaf.body.select_one(".selfcheck")
        box.append(forward_link("Answers", f"{leaf.name}-answers-self-check"))
    return found


def strip_letter(words: Tag, letter: str) -> None:
    """Take ``A.`` off an option; the list sets letters of its own."""
    first = words.find(string=True)
    if first is not None and first.lstrip().startswith(f"{letter}."):
        first.replace_with(NavigableString(first.lstrip()[2:].lstrip()))


def slider_tables(leaf: Leaf) -> list[Tag]:
    """The table behind each interactive figure; the figure stays as it was drawn."""
    found = []
    for figure in leaf.body.select("figure.slider-figure"):
        for output in figure.find_all("output"):
            if text_of(output):
                output.parent["class"] = ["state"]
                output.unwrap()
            else:
                output.decompose()  # it speaks to a screen reader while a slider moves
        for said in figure.find_all(class_="slider-said"):
            said["class"] = ["state"]
        for data in figure.select("details.slider-data"):
            data.summary.decompose()
            block = new_tag("div", id=f"{figure['id']}-numbers", class_="answer numbers")
            title = text_of(figure.select_one("svg title") or figure.find("figcaption"))
            block.append(back_link(title, figure))
            block.extend(list(data.contents))
            data.replace_with(forward_link("The numbers for every stop", block["id"]))
            found.append(block)
    return found


def back_link(title: str, target: Tag) -> Tag:
    """The title of an answer, which leads back to where it was asked."""
    line = new_tag("p", class_="answer-title")
    line.append(new_tag("a", title, href=f"#{target['id']}"))
    return line


def forward_link(words: str, target: str) -> Tag:
    """A line that leads to the back of the volume."""
    line = new_tag("p", class_="to-answer")
    link = new_tag("a", words, href=f"#{target}")
    page = new_tag("span", class_="page-of")
    page["data-target"] = target
    line.extend([link, page])
    return line


def opened(fold: Tag) -> Tag:
    """A folded block as an open one with its title."""
    box = new_tag("div", class_="unfolded")
    if fold.get("id"):
        box["id"] = fold["id"]
    if fold.summary is not None:
        title = fold.summary.extract()
        title.name = "p"
        title.attrs = {"class": ["unfolded-title"]}
        box.append(title)
    box.extend(list(fold.contents))
    return box


def unfold(body: Tag) -> None:
    """Open what is still folded. A figure's description stays, for each format to decide."""
    for fold in body.find_all("details"):
        if "figure-description" not in fold.get("class", []):
            fold.replace_with(opened(fold))


def new_tag(name: str, text: str = "", class_: str = "", **attributes: str) -> Tag:
    """An element that stands nowhere yet."""
    tag = Tag(name=name, attrs=attributes)
    if class_:
        tag["class"] = class_.split()
    if text:
        tag.string = text
    return tag


# Links and pictures.


def set_links(volume: Volume, ids: dict[str, dict[str, str]], site: Path) -> None:
    """Let every link lead somewhere, and every picture name its file."""
    places = volume.places()
    names = {page: leaf_name(page) for page in ids}
    pages_of = {leaf_name(page): page for page in ids}
    for leaf in volume.leaves:
        page = pages_of[leaf.name.removesuffix("-answers")]
        for link in leaf.body.find_all("a", href=True):
            if link["href"].removeprefix("#") in places and not has_old(ids[page], link["href"]):
                continue  # made above
            href = new_href(link["href"], page, ids, names, places, volume.address)
            if href is None:
                link.unwrap()
            else:
                link["href"] = href
        for image in leaf.body.find_all("img"):
            path = site / posixpath.normpath(posixpath.join(posixpath.dirname(page), image["src"]))
            if not path.is_file():
                raise VolumeError(f"{page}.html shows {image['src']}, which is not there")
            image["src"] = path.resolve().as_uri()


def has_old(ids: dict[str, str], href: str) -> bool:
    """Whether a link names an ``id`` that its page had on the site."""
    return href.removeprefix("#") in ids


def new_href(
    href: str,
    page: str,
    ids: dict[str, dict[str, str]],
    names: dict[str, str],
    places: dict[str, str],
    address: str,
) -> str | None:
    """Where a link of a page leads in the volume; ``None`` when nowhere."""
    parts = urlsplit(href)
    if parts.scheme or parts.netloc:
        return quote(href, safe="%/:?#[]@!$&'()*+,;=")
    path = unquote(parts.path)
    target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
    target = target.removesuffix(".html")
    fragment = unquote(parts.fragment)
    if target not in names:
        if not address or target.startswith(".."):
            return None
        kept = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        return f"{address}/{kept}" + (f"#{parts.fragment}" if fragment else "")
    if not fragment:
        return f"#{names[target]}"
    if fragment not in ids[target]:
        raise VolumeError(f"{page}.html links {href}, which is not there")
    new = ids[target][fragment]
    return f"#{new}" if new in places else f"#{names[target]}"


# Code.


def set_lines(body: Tag) -> None:
    """Put each line of code into an element, so that a style can mark where it wraps."""
    for pre in body.find_all("pre"):
        lines: list[Tag] = [new_tag("span", class_="line")]
        for text in list(pre.find_all(string=True)):
            owner = text.parent
            first, *rest = str(text).split("\n")
            for index, piece in enumerate([first, *rest]):
                if index:
                    lines.append(new_tag("span", class_="line"))
                if piece:
                    lines[-1].append(same_dress(owner, pre, piece))
        while len(lines) > 1 and not lines[-1].contents:
            lines.pop()
        pre.clear()
        pre.extend(lines)


def same_dress(owner: Tag, pre: Tag, text: str) -> Tag | NavigableString:
    """A piece of code in the element that it stood in."""
    if owner is pre or not (owner.get("class") or owner.name == "a"):
        return NavigableString(text)
    shell = copy.copy(owner)
    shell.clear()
    shell.string = text
    shell.attrs.pop("id", None)
    return shell


def tex_of(katex: Tag) -> str:
    """The TeX of a formula that KaTeX has set."""
    source = katex.find("annotation")
    return "" if source is None else " ".join(source.get_text().split())
