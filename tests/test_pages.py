"""The pages around the book: run, about, data, changelog, and the files behind them."""

import csv
import gzip
import json
import os
import re
import subprocess
import tomllib

import helpers
from minibook import MiniBook

from tools import book, citation, codebook, datapackage

AROUND = (
    "map", "plan", "your-paper", "your-chapter", "scoreboard", "run", "in-browser", "data", "api", "glossary",
    "students", "accessibility", "instructors", "courses", "grading", "teaching-notes",
    "contributing", "style-guide", "changelog", "about", "references",
)  # fmt: skip


def read(name):
    """The text of a file of the project."""
    return (book.ROOT / name).read_text(encoding="utf-8")


def test_the_pages_around_the_book_stand_in_order():
    pages = [name for name in book.toc_pages() if not name.startswith("book/api/")]
    assert pages[-len(AROUND) :] == [f"book/{name}" for name in AROUND]


def test_the_landing_page_leads_to_what_readers_look_for():
    links = re.findall(r"(?:\{doc\}`|:link: )book/([\w-]+)", read("index.md"))
    by_others = {
        "changelog": "about", "in-browser": "run", "your-chapter": "your-paper", "style-guide": "contributing",
        "courses": "instructors", "grading": "instructors", "teaching-notes": "instructors",
    }  # fmt: skip
    assert set(AROUND) - set(links) == set(by_others)
    for name, page in by_others.items():
        assert f"{{doc}}`{name}`" in read(f"book/{page}.md")


# How to cite


def test_the_citation_holds_what_the_file_says_and_no_page_types_it():
    facts = citation.read()
    text = citation.as_markdown()
    for key in ("title", "version"):
        assert text.count(str(facts[key])) == 2  # in the sentence and in the entry
        assert str(facts[key]) not in read("book/about.md")
    assert str(facts["date-released"])[:4] in text
    assert all(name in text for name in citation.authors(facts))


def test_the_version_is_the_same_everywhere():
    version = str(citation.read()["version"])
    assert version == helpers.__version__ == tomllib.loads(read("pyproject.toml"))["project"]["version"]


def test_a_citation_of_several_people_with_an_address(tmp_path):
    file = tmp_path / "CITATION.cff"
    file.write_text(
        "title: A book\nversion: 2\ndate-released: 2027-01-02\nurl: https://example.org\nauthors:\n"
        "  - {given-names: Ada, family-names: Lovelace}\n  - name: Others\n"
    )
    text = citation.as_markdown(file)
    assert "Ada Lovelace; Others (2027). *A book*. Version 2. <https://example.org>" in text
    assert "author = {{Ada Lovelace} and {Others}}" in text


# The codebook


def test_the_codebook_page_names_every_file_and_column():
    text = codebook.as_markdown(datapackage.PACKAGE)
    package = json.loads(datapackage.PACKAGE.read_text(encoding="utf-8"))
    tables = {part["path"]: part for part in package["resources"]}
    files = [path for path in (book.ROOT / "data").rglob("*") if path.is_file()]
    for path in files:
        name = path.relative_to(book.ROOT / "data").as_posix()
        if name == "datapackage.json":
            continue
        assert f"## `data/{name}`" in text
        if ".csv" not in path.suffixes:
            continue
        part = text.split(f"## `data/{name}`")[1].split("\n## ")[0]
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
        assert re.findall(r"^\* - `([^`]+)`\n  - \w", part, re.M)[: len(columns)] == columns
        fields = tables[name]["schema"]["fields"]
        assert [field["name"] for field in fields] == columns
        assert all(len(field["description"]) > 10 for field in fields)


# Run it yourself


def commands(page):
    """The lines of the code blocks of a page, and of no directive."""
    blocks = re.findall(r"^```(.*)\n((?:.*\n)*?)```$", read(page), re.M)
    code = [block for kind, block in blocks if kind in ("", "ipython3", "python")]
    return [line for block in code for line in block.splitlines()]


def test_every_make_target_and_file_that_the_page_names_is_there():
    makefile = read("Makefile")
    targets = {line.split()[1] for line in commands("book/run.md") if line.startswith("make ")}
    assert {"book", "test", "offline", "browser"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M)
    for path in re.findall(r"book/[\w-]+\.md", read("book/run.md")):
        assert (book.ROOT / path).is_file()


def test_the_plain_commands_are_those_of_the_makefile_and_the_script():
    typed = commands("book/run.md")
    script = read("tools/env.sh")
    assert 'm pip install --quiet --require-hashes -r requirements.txt' in script
    assert ".venv/bin/python -m pip install --require-hashes -r requirements.txt" in typed
    assert 'm pip install --quiet --no-deps --no-build-isolation -e .' in script
    assert ".venv/bin/python -m pip install --no-deps --no-build-isolation -e ." in typed
    assert '"$(BIN)/jupyter-book" build . -W -n --keep-going' in read("Makefile")
    assert ".venv/bin/jupyter-book build . -W -n --keep-going" in typed


def test_a_notebook_beside_its_chapter_does_not_get_into_the_book(tmp_path):
    mini = MiniBook(tmp_path / "a book")
    mini.write("book/one.ipynb", json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "<h1>One" in mini.page()
    assert "*.ipynb" in read(".gitignore").splitlines()


# Binder


def test_binder_finds_what_it_asks_for():
    folder = book.ROOT / ".binder"
    supported = tomllib.loads(read("pyproject.toml"))["project"]["classifiers"]
    version = re.fullmatch(r"python-(3\.\d+)\n", read(".binder/runtime.txt"))[1]
    assert any(line.endswith(f":: {version}") for line in supported)
    included = re.findall(r"^-r (\S+)$", read(".binder/requirements.txt"), re.M)
    assert [(folder / name).resolve() for name in included] == [book.ROOT / "requirements.txt"]
    script = folder / "postBuild"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
