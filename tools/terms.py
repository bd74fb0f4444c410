"""The glossary's terms: where a reader meets each one first, and whether a link is there.

A term is used by its own words, in the singular or the plural, or by one of its
``VARIANTS``. Everyday words that are terms of this book as well are looked for only in
their technical form (``EVERYDAY``). Not looked at: the opening and the headings of a
chapter, code, captions and alt texts, formulas, quizzes, and the list of key terms.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tools import book, contract, prose

GLOSSARY = "book/glossary"
LONGEST_DEFINITION = 3  # sentences

# Other words for a term. A single letter in italics is written <p>; a
# blank fits a hyphen too.
VARIANTS = {
    "acute experience": r"acute (?:experience|effect)s?|mystical experiences?",
    "analysis of covariance": r"analys[ei]s of covariance|ANCOVA",
    "annealing": r"anneal\w*",
    "attenuation": r"attenuat\w+",
    "BCa interval": r"BCa(?: intervals?)?",
    "Bonferroni’s method": r"Bonferroni(?:'s(?: (?:method|way))?)?",
    "bootstrap": r"bootstrap\w*",
    "Brier score": r"Brier(?: scores?)?",
    "confounder": r"confound\w+",
    "cross-lagged model": r"cross lagged(?: panel)?(?: models?)?",
    "critical value": r"critical (?:value|correlation)s?",
    "degrees of freedom": r"degrees? of freedom",
    "equivalence test": r"equivalence test(?:s|ing)?",
    "family-wise error rate": r"family-?wise errors?(?: rates?)?",
    "Fisher interval": r"Fisher(?:'s)? intervals?",
    "Hedges g": r"Hedges'? <g>",
    "Holm’s method": r"Holm(?:'s(?: method)?)?",
    "leave-one-out": r"leav(?:e|es|ing) one out",
    "Mahalanobis distance": r"Mahalanobis(?: distances?)?",
    "missing at random": r"missing (?:completely |not )?at random",
    "Monte Carlo error": r"Monte Carlo (?:standard )?errors?",
    "multiple imputation": r"multiple imputations?|multiply imputed",
    "null hypothesis": r"null hypothes[ei]s",
    "p value": r"<p>(?: values?)?|p values?",
    "Pearson correlation": r"Pearson(?:'s(?: <r>)?)?(?: correlations?)?",
    "raincloud plot": r"rainclouds?(?: plots?)?",
    "randomization": r"randomi[sz]\w+",
    "reliability": r"reliabilit(?:y|ies)",
    "robust standard error": r"robust standard errors?|HC3",
    "significant": r"significan(?:t|ce)|(?:usual|conventional) level",
    "Spearman correlation": r"Spearman(?:'s)?(?: correlations?)?|rank correlations?",
    "standardized mean difference": r"standardi[sz]ed mean differences?|Cohen's <d>|<d>(?:'s)?",
    "synthetic data": r"synthetic (?:data|trials?|participants?|people)",
    "therapeutic alliance": r"(?:therapeutic )?alliances?",
    "variance inflation factor": r"variance inflation(?: factors?)?|VIFs?",
    "waiting list": r"wait(?:ing)? lists?",
    "Welch test": r"Welch(?:'s(?: <t>)?)?(?: tests?)?",
    "Williams test": r"Williams'?(?: tests?)?",
    "Wilson interval": r"Wilson(?:'s)? intervals?",
    "Zou interval": r"Zou(?:'s)? intervals?",
}  # fmt: skip

# Terms that are everyday words too, the form in which they are looked for, and why.
EVERYDAY = {
    "comparison": (r"claims? of comparison", "comparing is what half of the sentences do"),
    "completion": (r"completions?(?= of (?:the|a) table)", "participants complete a study"),
    "description": (r"claims? of description", "a figure is described as well"),
    "energy": (r"the energy|an energy", "a person has some too"),
    "peak": (r"<peak>|(?:mean|median) peaks?|peak ratings?", "curves have peaks"),
    "power": (r"power(?! of)|power of the (?:test|study)", "ten to the power of three"),
    "replicate": (r"replicates?(?= of)|<replicate>", "a study may replicate"),
    "response": (r"response (?:rates?|and remission)|responders", "every answer is a response"),
    "size": (r"size of (?:a|the|this|that|each) test|size and power", "samples and effects have sizes"),
    "tie": (r"the tie\b(?! in)", "ranks are tied, and people have ties"),
}  # fmt: skip


class Entry(NamedTuple):
    """One entry of the glossary."""

    term: str
    definition: str


class Mention(NamedTuple):
    """A term where a page uses it: by a link, or in plain words."""

    term: str
    page: str
    line: int
    paragraph: int
    linked: bool
    said: str

    @property
    def place(self) -> str:
        """Where it stands, for a message."""
        return f"{self.page}, line {self.line}"


def entries(text: str) -> list[Entry]:
    """The entries of the glossary page, in its order.

    >>> entries("```{glossary}\\narm\\n  A group.\\n\\nwave\\n  A time.\\n```\\n")
    [Entry(term='arm', definition='A group.'), Entry(term='wave', definition='A time.')]
    """
    body = re.search(r"^```\{glossary\}\n(.*?)^```", text, re.M | re.S)
    if not body:
        raise ValueError("the glossary page has no {glossary} block")
    found = re.findall(r"^(\S.*)\n((?:[ \t]+\S.*\n|\n(?=[ \t]))+)", body[1], re.M)
    return [Entry(term.strip(), " ".join(words.split())) for term, words in found]


def read_glossary(root: Path = book.ROOT) -> list[Entry]:
    """The entries of the book's glossary."""
    return entries(book.page_path(GLOSSARY, root).read_text(encoding="utf-8"))


def plain(text: str) -> str:
    """Text as the patterns see it, of the same length: straight apostrophes, no emphasis.

    >>> plain("a *p* of the *whole* set, the winner\u2019s curse")
    "a <p> of the  whole  set, the winner's curse"
    """
    text = text.replace("\u2019", "'")
    text = re.sub(r"(?<![*\w])\*(\w|peak|replicate)\*(?![*\w])", r"<\1>", text)
    return text.replace("*", " ")


class Finder:
    """Finds the terms of a glossary in running text."""

    def __init__(self, terms: Iterable[str]):
        # where several fit at one place, the longest name wins
        self.terms = sorted(terms, key=lambda term: (-len(term), term))
        self.names = {term.casefold(): term for term in self.terms}
        choices = "|".join(f"({self.pattern(term)})" for term in self.terms)
        self.regex = re.compile(rf"(?<![\w<-])(?:{choices})(?![\w>-])", re.I)

    @staticmethod
    def pattern(term: str) -> str:
        """The form in which a term is looked for; a blank fits any white space or a hyphen."""
        own = plain(term).replace("-", " ")
        form = EVERYDAY[term][0] if term in EVERYDAY else VARIANTS.get(term, f"{own}s?")
        return form.replace(" ", r"[\s-]+")

    def mentions(self, text: str, page: str) -> list[Mention]:
        """Every use of a term in a page, in reading order."""
        found = []
        shown = reader_text(text)
        numbers = paragraph_numbers(shown)
        linked = list(LINK.finditer(shown))
        for link in linked:
            said, target = link_parts(link[1])
            found.append((link.start(), self.names.get(target.casefold(), target), True, said))
        words = plain(LINK.sub(prose.blank, shown))
        for match in self.regex.finditer(words):
            found.append((match.start(), self.terms[match.lastindex - 1], False, match[0]))
        return [
            Mention(
                term=term,
                page=page,
                line=shown.count("\n", 0, at) + 1,
                paragraph=numbers[at],
                linked=is_link,
                said=" ".join(said.split()),
            )
            for at, term, is_link, said in sorted(found)
        ]


LINK = re.compile(r"\x02([^\x03]*)\x03")


def link_parts(inside: str) -> tuple[str, str]:
    """What a term link shows, and the term it leads to.

    >>> link_parts("arms <arm>")
    ('arms', 'arm')
    >>> link_parts("wave")
    ('wave', 'wave')
    """
    match = re.fullmatch(r"(.*?)\s*<([^<>]+)>", inside, re.S)
    said, target = match.groups() if match else (inside, inside)
    return " ".join(said.split()), " ".join(target.split())


def reader_text(text: str) -> str:
    """A page of the same length with all but its running text blanked out.

    A term link stays, between two marks.
    """
    text = re.sub(r"^## Key terms\n.*?(?=^## |\Z)", prose.blank, text, flags=re.M | re.S)
    blocks = r"^```\{(?:chapter-opening|code-cell)\}.*?^```"
    text = re.sub(blocks, prose.blank, text, flags=re.S | re.M)
    text = re.sub(r"^:(?:alt|caption):.*$|^#+ .*$", prose.blank, text, flags=re.M)
    text = re.sub(r"\{term\}`([^`]*)`", lambda link: f"\x02{link[1]}\x03" + 6 * " ", text)
    text = re.sub(r"\$[^$]+\$", prose.blank, prose.prose_only(text))
    return text


def paragraph_numbers(text: str) -> list[int]:
    """For each character the number of its paragraph."""
    numbers, current, end = [], 0, 0
    for gap in re.finditer(r"\n[ \t]*\n\s*|\Z", text):
        numbers += [current] * (gap.end() - end)
        current, end = current + 1, gap.end()
    return [*numbers, current]


def main_text(text: str) -> str:
    """A chapter up to its exercises."""
    return text.split("\n## Exercises\n")[0]


def before_closings(text: str) -> str:
    """A chapter up to what it found."""
    return text.split(f"\n## {contract.CLOSING[0]}\n")[0]


def key_terms(text: str) -> list[str]:
    """The terms that a chapter lists as its own."""
    links = re.findall(r"\{term\}`([^`]*)`", contract.section(text, "Key terms"))
    return [link_parts(link)[1] for link in links]


def up_to(mentions: list[Mention], text: str) -> list[Mention]:
    """The mentions in the beginning of a page."""
    last = text.count("\n") + 1
    return [mention for mention in mentions if mention.line <= last]


def late_links(pages: Mapping[str, str], uses: Mapping[str, list[Mention]]) -> list[str]:
    """A sentence for each term whose first use in a run of pages is no link.

    The exercises may be skipped, so a link there does not serve the text: the pages are
    read once without them, and once with them. ``uses`` has the mentions of each page.
    """
    found = {}
    for cut in (main_text, str):
        met = set()
        for page, text in pages.items():
            for mention in up_to(uses[page], cut(text)):
                if mention.term not in met and not mention.linked:
                    said = f"{mention.said!r} is the first use of {mention.term!r} and no link"
                    found[mention] = f"{mention.place}: {said}"
                met.add(mention.term)
    return list(found.values())


def key_term_faults(pages: Mapping[str, str], uses: Mapping[str, list[Mention]]) -> list[str]:
    """A sentence for each key term that its chapter does not link where it first uses it.

    A term that an earlier chapter has linked need not be linked again.
    """
    found, earlier = [], set()
    for page, text in pages.items():
        before = up_to(uses[page], before_closings(text))
        for term in key_terms(text):
            own = [use for use in before if use.term.casefold() == term.casefold()]
            if term.casefold() in earlier:
                continue
            if not own:
                found.append(f"{page}: the key term {term!r} is not used before the closings")
            elif not any(use.linked for use in own if use.paragraph == own[0].paragraph):
                found.append(f"{own[0].place}: the key term {term!r} is used and not linked")
        earlier |= {use.term.casefold() for use in up_to(uses[page], main_text(text)) if use.linked}
    return found


def unlinked_definitions(glossary: Iterable[Entry], finder: Finder) -> list[str]:
    """A sentence for each definition that uses another term without a link to it."""
    found = []
    for term, definition in glossary:
        linked = {term}
        for mention in finder.mentions(definition, "glossary"):
            if mention.linked:
                linked.add(mention.term)
            elif mention.term not in linked:
                said = f"{mention.said!r}, and {mention.term!r} is not linked"
                found.append(f"{term!r} is defined by {said}")
                linked.add(mention.term)
    return found


def sort_key(term: str) -> str:
    """Where a term stands in the alphabet: letters count, case and marks do not.

    >>> sorted(["p value", "Pearson correlation", "partial correlation"], key=sort_key)
    ['p value', 'partial correlation', 'Pearson correlation']
    """
    return re.sub(r"[^a-z0-9 ]", "", plain(term).replace("-", " ").casefold())


def sentences(definition: str) -> int:
    """How many sentences a definition has.

    >>> sentences("What *p* is. Whose? Student's, in {term}`a test <test>`.")
    3
    """
    return len(re.findall(r"[.?!](?=\s|$)", definition))


def chapter_pages(root: Path = book.ROOT) -> dict[str, str]:
    """The chapters' texts by their path."""
    return texts(book.chapters(root), root)


def texts(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """What stands in some files, by their path below the top folder."""
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def other_pages(root: Path = book.ROOT) -> dict[str, str]:
    """The pages around the book that come after its chapters, in reading order.

    The front page is left out: it invites, and explains nothing yet.
    """
    skipped = {book.page_path(GLOSSARY, root), book.page_path("index", root), *book.chapters(root)}
    paths = [book.page_path(name, root) for name in book.toc_pages(root)]
    return texts((path for path in paths if path not in skipped and path.is_file()), root)


def first_pages(root: Path = book.ROOT) -> dict[str, str]:
    """For each term, in small letters, the path of the page that links it first.

    The chapters come first, without their exercises; then the rest.
    """
    found: dict[str, str] = {}
    for cut in (main_text, str):
        for page, text in {**chapter_pages(root), **other_pages(root)}.items():
            for link in LINK.findall(reader_text(cut(text))):
                found.setdefault(link_parts(link)[1].casefold(), page)
    return found


def page_name(page: str) -> str:
    """How a sentence calls a page.

    >>> page_name("book/03-published-numbers.md")
    'chapter 3'
    >>> page_name("book/your-paper.md")
    'the page your-paper'
    """
    number = re.match(r"book/(\d\d)-", page)
    return f"chapter {int(number[1])}" if number else f"the page {Path(page).stem}"


def faults(root: Path = book.ROOT) -> list[str]:
    """Every breach of the rules for terms in the book."""
    glossary = read_glossary(root)
    finder = Finder(entry.term for entry in glossary)
    chapters = chapter_pages(root)
    pages = chapters | other_pages(root)
    uses = {page: finder.mentions(text, page) for page, text in pages.items()}
    found = late_links(pages, uses) + key_term_faults(chapters, uses)
    found += [
        f"{use.place}: {use.term!r} is no term"
        for use in chain(*uses.values())
        if use.term not in finder.terms
    ]
    linked = first_pages(root)
    found += [f"{term!r} is linked nowhere" for term in finder.terms if term.casefold() not in linked]
    patterns = {*VARIANTS, *EVERYDAY} - {*finder.terms}
    found += [f"{name!r} has a pattern and is no term" for name in sorted(patterns)]
    return found + glossary_faults(glossary, finder)


def glossary_faults(glossary: list[Entry], finder: Finder) -> list[str]:
    """A sentence for each fault of the glossary itself: its order, lengths and links."""
    found = [
        f"{after.term!r} stands after {term!r}"
        for (term, _), after in zip(glossary, glossary[1:], strict=False)
        if sort_key(term) >= sort_key(after.term)
    ]
    found += [
        f"{term!r} is not defined in one to three sentences"
        for term, definition in glossary
        if not 1 <= sentences(definition) <= LONGEST_DEFINITION
    ]
    return found + unlinked_definitions(glossary, finder)


def main() -> int:
    """Print every breach; 1 when there is one."""
    found = faults()
    print("\n".join(found) or f"{len(read_glossary())} terms, each linked where it is first used")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
