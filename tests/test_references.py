"""The references: complete, each cited, each found by its DOI, none twice."""

import json
import re
import unicodedata
from datetime import date

import pytest
from pybtex.backends.html import Backend
from pybtex.database import parse_string
from pybtex.style.formatting.unsrt import Style

from tools import book, datapackage, prose

BIB = book.ROOT / "book" / "references.bib"
NEEDED = {
    "article": {"author", "title", "journal", "year", "volume", "pages"},
    "book": {"author", "title", "publisher", "address", "year"},
    "misc": {"author", "title", "year"},
}
DOI = re.compile(r"10\.\d{4,9}/[^\s\"{}]+")
# The keys of these say what the source is, not who wrote it.
NAMED_AFTER_THE_SOURCE = {"nct03181529", "release2024"}


def entries():
    return parse_string(BIB.read_text(encoding="utf-8"), "bibtex").entries


ENTRIES = entries()


def cited(text):
    """Every key of a page's citations; one role may hold several."""
    roles = re.findall(r"\{cite(?::\w+)?\}`([^`]*)`", text)
    return {key.strip() for role in roles for key in role.split(",")}


def in_plain_letters(text):
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()


def surname(entry):
    """The first author's name as a key writes it: no braces, accents or blanks."""
    person = entry.persons["author"][0]
    name = "".join(person.rich_prelast_names and map(str, person.rich_prelast_names) or [])
    name += "".join(map(str, person.rich_last_names))
    return re.sub("[^a-z]", "", in_plain_letters(name))


def unprotected_capitals(title):
    """Capitals that the style would make small: neither first, nor after a colon, nor in braces."""
    while re.search(r"\{[^{}]*\}", title):
        title = re.sub(r"\\?.?\{[^{}]*\}", "", title)
    title = re.sub(r"(?:^|: )\W*\w", "", title)
    return re.findall(r"[A-Z]\w*", title)


def test_the_helpers_of_these_tests_read_what_they_should():
    assert cited("So {cite}`a1999`, and {cite:t}`b2000, c2001`; no {doc}`d`.") == {"a1999", "b2000", "c2001"}
    assert unprotected_capitals("The {GRIM} test: A simple `{S}tudent' test") == []
    assert unprotected_capitals("Why a Student test beats {ANOVA}s: An essay") == ["Student"]


def test_every_source_of_the_data_has_a_reference():
    package = json.loads(datapackage.PACKAGE.read_text(encoding="utf-8"))
    assert {source["name"] for source in package["sources"]} <= ENTRIES.keys()


def test_every_reference_is_cited_and_every_citation_has_a_reference():
    used = set().union(*map(cited, prose.pages().values()))
    # the registry is the source of a ledger row and is cited nowhere else
    assert sorted(ENTRIES.keys() - used - {"nct03181529"}) == []
    assert sorted(used - ENTRIES.keys()) == []


@pytest.mark.parametrize("key", ENTRIES)
def test_a_reference_is_complete(key):
    entry = ENTRIES[key]
    fields = {*entry.fields, *entry.persons}
    assert sorted(NEEDED[entry.type] - fields) == []
    if entry.type == "article":
        assert "doi" in entry.fields
    if "doi" in entry.fields:
        assert DOI.fullmatch(entry.fields["doi"])
        assert "url" not in entry.fields
    if "pages" in entry.fields:
        first, _, last = entry.fields["pages"].partition("--")
        assert re.fullmatch(r"[eg]?\d+", first), "pages, or the number of an article"
        assert not last or int(first) < int(last)


@pytest.mark.parametrize("key", ENTRIES)
def test_a_key_tells_the_author_and_the_year(key):
    entry = ENTRIES[key]
    year = int(entry.fields["year"])
    assert 1850 <= year <= date.today().year
    if key not in NAMED_AFTER_THE_SOURCE:
        name, in_key = re.fullmatch(r"([a-z]+)(\d{4})", key).groups()
        assert name == surname(entry)
        # a later version may say in its note when the work first came out
        assert in_key == str(year) or in_key in entry.fields.get("note", "")


@pytest.mark.parametrize("key", ENTRIES)
def test_no_name_in_a_title_loses_its_capital(key):
    entry = ENTRIES[key]
    if entry.type != "book":  # a book's title is shown as it stands
        assert unprotected_capitals(entry.fields["title"]) == []


def test_no_work_is_listed_twice():
    titles = [re.sub("[^a-z]", "", in_plain_letters(entry.fields["title"])) for entry in ENTRIES.values()]
    dois = [entry.fields["doi"].casefold() for entry in ENTRIES.values() if "doi" in entry.fields]
    for values in (titles, dois):
        assert sorted({value for value in values if values.count(value) > 1}) == []
    keys = re.findall(r"^@\w+\{([^,]+),", BIB.read_text(encoding="utf-8"), re.M)
    assert len(keys) == len(ENTRIES)  # the parser would have dropped a key's second entry


@pytest.mark.parametrize("key", [key for key, entry in ENTRIES.items() if {"doi", "url"} & {*entry.fields}])
def test_a_reference_links_the_work(key):
    """In the style of the references page each DOI is a link, and so is each address."""
    entry = ENTRIES[key]
    shown = next(iter(Style().format_entries([entry]))).text.render(Backend())
    address = f"https://doi.org/{entry.fields['doi']}" if "doi" in entry.fields else entry.fields["url"]
    escaped = address.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f'href="{address}"' in shown or f'href="{escaped}"' in shown
