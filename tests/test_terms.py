"""Every term has an entry, and a link where a reader meets it first."""

import pytest
from minibook import HEADER, MiniBook

from tools import book, contract, terms

GLOSSARY = terms.read_glossary()
NAMES = [entry.term for entry in GLOSSARY]
FOUR = ["arm", "bootstrap", "p value", "size"]


def uses(pages):
    """The mentions of four terms in each page."""
    finder = terms.Finder(FOUR)
    return {page: finder.mentions(text, page) for page, text in pages.items()}


def late(**texts):
    """What is late in pages that are given by name."""
    pages = {f"{name}.md": text for name, text in texts.items()}
    return terms.late_links(pages, uses(pages))


def test_the_book_links_each_term_where_it_is_first_used():
    """All rules at once, for every page that the table of contents names."""
    assert terms.faults() == []


def test_the_glossary_is_worth_reading():
    assert len(GLOSSARY) >= 80
    assert NAMES == sorted(NAMES, key=terms.sort_key)
    assert all(1 <= terms.sentences(entry.definition) <= 3 for entry in GLOSSARY)
    assert all(entry.definition[0].isupper() or entry.definition[0] == "{" for entry in GLOSSARY)


def test_what_is_looked_for_says_why():
    assert all(reason for _, reason in terms.EVERYDAY.values())
    assert not {*terms.VARIANTS} & {*terms.EVERYDAY}
    # a term's own name is one of its forms, apart from everyday words
    finder = terms.Finder(NAMES)
    for name in {*NAMES} - {*terms.EVERYDAY}:
        text = {"p value": "A *p* value", "Hedges g": "Hedges' *g*"}.get(name, name)
        assert [mention.term for mention in finder.mentions(text, "")] == [name]


def test_a_late_link_is_found_where_the_word_comes_first():
    text = "# Two arms\n\nTwo\narms, then an {term}`arm`.\n\nThe arms again.\n"
    assert late(one=text) == ["one.md, line 4: 'arms' is the first use of 'arm' and no link"]
    assert late(one="An {term}`arm`, two arms.\n", two="Arms.\n") == []
    assert late(one="{term}`Both arms\n<arm>` and arms.\n") == []


def test_a_link_in_the_exercises_does_not_serve_the_text():
    exercise = "Text.\n\n## Exercises\n\nAn {term}`arm`.\n"
    assert late(one=exercise, two="Two arms.\n") == [
        "two.md, line 1: 'arms' is the first use of 'arm' and no link"
    ]
    assert late(one=exercise.replace("{term}`arm`", "arm"), two="Two {term}`arms <arm>`.\n") == [
        "one.md, line 5: 'arm' is the first use of 'arm' and no link"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "```{chapter-opening}\nquestion: Which arm?\n```\n",
        "```{code-cell} ipython3\n---\nmystnb:\n  image:\n    alt: Two arms.\n---\narm = 1\n```\n",
        "## The arm\n",
        "`arm` and $arm$ and {doc}`the arm <arm>`\n",
        "```python\narm = 1\n```\n",
        "## Key terms\n\nAn arm.\n\n## Next\n",
        "alarm, army, arm-in-arm\n",
        "The size of the samples is of some size.\n",
    ],
)
def test_what_is_no_running_text_is_not_looked_at(text):
    assert late(one=text) == []


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("A *p* of one.", "p value"),
        ("Bootstrapping it.", "bootstrap"),
        ("The size of *the*\ntest.", "size"),
        ("Two *arms*.", "arm"),
        ("| a | arms |\n|---|---|\n", "arm"),
        ("- each arm\n", "arm"),
        (":::{note}\nAn arm.\n:::\n", "arm"),
    ],
)
def test_running_text_is_looked_at(text, term):
    assert [fault.split("'")[3] for fault in late(one=text)] == [term]


def test_the_longest_name_wins_and_capitals_do_not_matter():
    finder = terms.Finder(["power", "observed power", "Type M error"])
    found = finder.mentions("Observed power, {term}`Power`, a type-M error.", "one.md")
    assert [(mention.term, mention.linked) for mention in found] == [
        ("observed power", False),
        ("power", True),
        ("Type M error", False),
    ]
    found = terms.Finder(["wave", "wave length"]).mentions("Each wave length.", "one.md")
    assert [mention.term for mention in found] == ["wave length"]


CHAPTER = """An arm.

The {term}`arm`.

## What we found

It.

## Key terms

{term}`arm`

## Exercises
"""


def test_a_key_term_is_linked_in_the_paragraph_of_its_first_use():
    def faults(*texts):
        pages = {f"{n}.md": text for n, text in enumerate(texts, start=1)}
        return terms.key_term_faults(pages, uses(pages))

    assert faults(CHAPTER) == ["1.md, line 1: the key term 'arm' is used and not linked"]
    assert faults(CHAPTER.replace("\n\nThe {term}", "\nThe {term}")) == []
    assert faults(CHAPTER.replace("An arm", "A {term}`arm`"), CHAPTER) == []
    never = CHAPTER.replace("An arm", "Now").replace("The {term}`arm`", "Then")
    assert faults(never) == ["1.md: the key term 'arm' is not used before the closings"]


def test_a_definition_links_the_terms_it_uses():
    own = terms.Entry("arm", "An arm is an arm.")
    other = terms.Entry("size", "How often the size of the test says so, by its *p* value.")
    linked = terms.Entry("bootstrap", "Each {term}`arm` anew, both arms.")
    glossary = [own, terms.Entry("p value", "A share."), other, linked]
    assert terms.unlinked_definitions(glossary, terms.Finder(FOUR)) == [
        "'size' is defined by '<p> value', and 'p value' is not linked"
    ]


def test_the_first_page_is_a_chapter_s_text_before_anything_else():
    first = terms.first_pages()
    assert first["grid-hamd"] == "book/01-headline.md"
    assert {*first} == {name.casefold() for name in NAMES}
    for chapter in book.chapters():
        for term in terms.key_terms(chapter.read_text(encoding="utf-8")):
            assert first[term.casefold()] <= chapter.relative_to(book.ROOT).as_posix()
    assert all(contract.section(text, "Key terms") for text in terms.chapter_pages().values())


CELL = "\n```{code-cell} ipython3\n1 + 1\n```\n"


def test_the_built_glossary_says_which_chapter_comes_first(tmp_path):
    mini = MiniBook(tmp_path / "a book")
    mini.write(
        "_toc.yml",
        "format: jb-book\nroot: index\nchapters:\n  - file: book/one\n  - file: book/02-two\n"
        "  - file: book/03-three\n  - file: book/glossary\n",
    )
    exercises = "\n## Exercises\n\nAn {term}`arm`.\n"
    mini.write("book/02-two.md", HEADER + "# Two\n\nNo {term}`wave`.\n" + CELL + exercises)
    mini.write("book/03-three.md", HEADER + "# Three\n\nTwo {term}`Arms <arm>`.\n" + CELL)
    mini.add("\nA {term}`tie`, a {term}`wave`.\n")
    mini.write(
        "book/glossary.md",
        "# Glossary\n\n```{glossary}\narm\n  A group.\n\ntie\n  A link.\n\nwave\n  A time.\n```\n",
    )
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    page = mini.read("_build/html/book/glossary.html")
    said = page.split('<dl class="simple glossary">')[-1].split('class="first-use"')[1:]
    links = [
        ('href="03-three.html"', "chapter 3"),
        ('href="one.html"', "the page one"),
        ('href="02-two.html"', "chapter 2"),
    ]
    assert len(said) == len(links)
    for sentence, (address, name) in zip(said, links, strict=True):
        sentence = sentence.split("</p>")[0]
        assert sentence.startswith(">First in <a ") and sentence.endswith("</a>.")
        assert address in sentence and name in sentence

    # the link moves to the text of another chapter: the glossary follows
    mini.replace("book/02-two.md", "No {term}`wave`.", "No {term}`wave`, an {term}`arm`.")
    assert mini.build().returncode == 0
    page = mini.read("_build/html/book/glossary.html")
    assert 'href="02-two.html"' in page.split('class="first-use"')[1]
