"""The notebooks that a reader takes home: readable anywhere, and they run alone."""

import ast
import hashlib
import io
import json
import os
import re
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from tools import book, bookkeeping, notebooks, plain, reference

PAGES = {page.stem: page for page in notebooks.pages()}
# Run here. BOND_EVERY_NOTEBOOK=1 runs all; `make litecheck` does so in CI, with other versions.
RUN = ("03-published-numbers", "07-alliance-growth", "plan")
EVERY = os.environ.get("BOND_EVERY_NOTEBOOK") == "1"
LIMIT_EACH, LIMIT_ALL = 1_000_000, 15_000_000  # bytes
RAW = re.compile(r"\{[a-z:]+\}`|^\s*(?:`{3,}|:{3,})\{|^\([\w-]+\)=$|^:\w+:", re.M)


@pytest.fixture(scope="module")
def values():
    """A function that gives the computed numbers of a page, from the build or by running it."""
    found = {}

    def of(page):
        if page.stem not in found:
            found[page.stem] = notebooks.values_of(page)
        return found[page.stem]

    return of


@pytest.fixture(scope="module")
def built():
    """The archives of all pages that the build has run, by stem."""
    runs = {page: notebooks.executed(page, notebooks.latest_cache()) for page in PAGES.values()}
    missing = [page.stem for page, run in runs.items() if run is None]
    if missing:
        pytest.skip(f"not built yet: {', '.join(missing)}; run 'make book'")
    return {page.stem: notebooks.archive(page, notebooks.glued(run)) for page, run in runs.items()}


@pytest.fixture
def page():
    """What the text of chapter 3 may refer to."""
    return plain.Page("03-published-numbers", {"n": "24"}, {"fig-a": "Fig. 3.1"})


# Plain Markdown


@pytest.mark.parametrize(
    ("myst", "expected"),
    [
        ("All {glue:text}`n` came.", "All 24 came."),
        ("See {numref}`fig-a`.", "See Fig. 3.1."),
        ("A {term}`ledger` and {term}`its rows <ledger>`.", "A ledger and its rows."),
        ("Level {typed}`.05`.", "Level .05."),
        ("Read {doc}`Data <data>`, {doc}`/book/data`.", "Read *Data*, *Data and codebook*."),
        ("Found {cite}`lakens2013`.", "Found [Lakens, 2013]."),
        ("`{term}` in code", "`{term}` in code"),
        ("(cell-rise)=\n## Rise", "## Rise"),
        ("$d_z$\n: by the *changes*.\n\nNext", "- **$d_z$**: by the *changes*.\n\nNext"),
        ("```console\nls\n```", "```console\nls\n```"),
        ("```{admonition} Hint\n:class: dropdown\nTry.\n```",
         "<details><summary>Hint</summary>\n\nTry.\n\n</details>"),
        (":::{warning}\nMind.\n:::", "> **Warning**\n>\n> Mind."),
        ("A word that {term}`runs\nover <ledger>` a line.", "A word that runs\nover a line."),
    ],
)  # fmt: skip
def test_text_becomes_plain(myst, expected, page):
    assert plain.plain(myst, page) == expected


def test_an_exercise_and_its_solution_get_the_number_of_the_site(page):
    text = "````{exercise}\n:label: ex-a\n**Try.** Now.\n````\n\n```{solution-start} ex-a\n:class: dropdown\n```"
    made = plain.plain(text, page)
    assert "### Exercise 3.1\n\n**Try.** Now." in made
    assert "### Solution to exercise 3.1" in made
    assert page.in_solution
    assert plain.plain("```{solution-end}\n```", page) == ""
    assert not page.in_solution


@pytest.mark.parametrize(
    ("myst", "sentence"),
    [
        ("{glue:text}`gone`", "the computed value 'gone' is not known"),
        ("{numref}`fig-gone`", "the figure 'fig-gone' is not known"),
        ("{doc}`gone`", "there is no page 'gone'"),
        ("{cite}`gone1999`", "the reference 'gone1999' is not known"),
        ("{kbd}`Ctrl`", "no plain form is known for the role 'kbd'"),
        ("```{mermaid}\ngraph\n```", "no plain form is known for the directive 'mermaid'"),
        ("```{note}\nNever closed", "nothing closes '```{note}'"),
        ("```{solution-start} ex-gone\n```", "the solution 'ex-gone' has no exercise above it"),
    ],
)
def test_what_has_no_plain_form_is_an_error_that_names_page_and_cause(myst, sentence, page):
    with pytest.raises(plain.PlainError) as error:
        plain.plain(myst, page)
    assert str(error.value) == f"03-published-numbers: {sentence}"


# Cells


@pytest.mark.parametrize(
    ("unseen", "kept"),
    [
        ("glue('a', str(a))", ""),
        ("from myst_nb import glue\nb = a + 1\nglue('b', b)", ""),
        ("c = a + 1  # needed below", "c = a + 1"),
        ("b = 2\nc = b", "b = 2\nc = b"),
        ("assert a\nc = 3", "c = 3"),
        ("for c in (1, 2):\n    glue(f'c{c}', c)", ""),
        ("c = []\nfor i in (1, 2):\n    glue('i', i)\n    c.append(i)",
         "c = []\nfor i in (1, 2):\n    c.append(i)"),
        ("if a:\n    assert a\nelse:\n    c = 3", "if a:\n    pass\nelse:\n    c = 3"),
        ("@str\ndef c():\n    return 1", "@str\ndef c():\n    return 1"),
        ("def c():\n    assert True\n    return 1", "def c():\n    assert True\n    return 1"),
    ],
)  # fmt: skip
def test_of_an_unseen_cell_only_what_a_later_cell_needs_is_kept(unseen, kept):
    assert bookkeeping.without(["a = 1", unseen, "print(c)"], [1]) == ["a = 1", kept, "print(c)"]


def test_a_name_that_a_later_cell_sets_itself_is_not_needed():
    codes = ["row = 1", "for row in range(3):\n    print(row)", "row = 2\nprint(row)"]
    assert bookkeeping.without(codes, [0])[0] == ""


@pytest.mark.parametrize("stem", PAGES)
def test_a_notebook_has_nothing_that_only_the_site_can_draw(stem, built):
    made = json.loads(zipfile.ZipFile(io.BytesIO(built[stem])).read(f"bond-or-drug-{stem}/book/{stem}.ipynb"))
    nbformat.validate(nbformat.from_dict(made))
    ids = [cell["id"] for cell in made["cells"]]
    assert len(set(ids)) == len(ids)
    assert made["cells"][1]["id"] == "setup"
    for cell in made["cells"]:
        if cell["cell_type"] == "markdown":
            assert not RAW.search(cell["source"]), cell["source"]
        else:
            assert not cell["outputs"]
            assert "glue" not in cell["source"]
            ast.parse(cell["source"])


def test_a_solution_is_folded_and_a_figure_has_its_caption_and_words(values):
    page = PAGES["03-published-numbers"]
    made = notebooks.notebook(page, values(page))
    folded = [cell for cell in book.code_cells(made) if cell.metadata.get("jupyter")]
    assert len(folded) >= 4
    captions = [cell.source for cell in made.cells if cell.id.startswith("caption-")]
    assert captions[0].startswith("**Fig. 3.1.** Sample sizes that fit")
    assert "The figure in words" in captions[0]
    assert made.cells[-1].source.startswith("## References\n\n- ")


# Archives


def test_an_archive_holds_what_its_page_reads_and_no_more(built):
    names = {
        stem: {name.split("/", 1)[1] for name in zipfile.ZipFile(io.BytesIO(content)).namelist()}
        for stem, content in built.items()
    }
    for stem, held in names.items():
        assert {"READ-ME-FIRST.txt", "LICENSE", "LICENSE-PROSE", "requirements.txt"} <= held
        assert {f"book/{stem}.ipynb", "data/datapackage.json", "src/helpers/published.py"} <= held
        assert not [name for name in held if "__pycache__" in name or "egg-info" in name]
    assert "data/ensemble.csv.gz" in names["05-many-trials"]
    assert "data/ensemble.csv.gz" not in names["03-published-numbers"]
    assert "data/worked/sleep/ledger.csv" in names["your-paper"]


def test_the_description_covers_just_the_files_of_the_archive(built):
    archive = zipfile.ZipFile(io.BytesIO(built["02-study"]))
    package = json.loads(archive.read("bond-or-drug-02-study/data/datapackage.json"))
    listed = {resource["path"] for resource in package["resources"]}
    held = {name.split("/data/")[1] for name in archive.namelist() if "/data/" in name}
    assert listed == held - {"datapackage.json"}


def test_archives_are_small_and_the_same_each_time(built, values):
    sizes = {stem: len(content) for stem, content in built.items()}
    assert max(sizes.values()) < LIMIT_EACH, sizes
    assert sum(sizes.values()) < LIMIT_ALL, sizes
    page = PAGES["03-published-numbers"]
    again = notebooks.archive(page, values(page))
    assert {one.date_time for one in zipfile.ZipFile(io.BytesIO(again)).infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert hashlib.sha256(again).digest() == hashlib.sha256(built[page.stem]).digest()


def test_the_requirements_name_what_cells_and_helpers_import():
    lines = notebooks.requirements().splitlines()
    named = {re.split(r"[=><; ]", line)[0] for line in lines}
    texts = [path.read_text(encoding="utf-8") for path in PAGES.values()]
    line = re.compile(r"^(?:import ([a-z_]\w*)|from ([a-z_]\w*)[\w.]* import )", re.M)
    found = {one or other for text in texts for one, other in line.findall(text)}
    needed = found - set(sys.stdlib_module_names) - {"helpers", "myst_nb"}
    assert needed <= named, needed - named
    assert {"numpy", "scipy"} <= {name for name in named if f"{name}==" in "\n".join(lines)}


@pytest.mark.parametrize(
    "stem",
    [
        pytest.param(
            stem,
            marks=pytest.mark.skipif(not (EVERY or stem in RUN), reason="BOND_EVERY_NOTEBOOK is not 1"),
        )
        for stem in PAGES
    ],
)
def test_an_unpacked_archive_runs_alone_and_prints_what_the_page_prints(stem, values, tmp_path, monkeypatch):
    from nbclient import NotebookClient

    page = PAGES[stem]
    zipfile.ZipFile(io.BytesIO(notebooks.archive(page, values(page)))).extractall(tmp_path)
    path = tmp_path / notebooks.folder_of(page) / "book" / f"{stem}.ipynb"
    made = nbformat.read(path, as_version=4)
    probe = "import helpers.published\nprint(helpers.__file__)\nprint(helpers.published.DATA)"
    made.cells.append(nbformat.v4.new_code_cell(probe, id="probe"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    for name, value in book.kernel_environment().items():
        monkeypatch.setenv(name, value)
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(made, timeout=300, resources=where, coalesce_streams=True).execute()
    seen = made.cells[-1].outputs[0].text.split()
    # Neither the helpers nor the data of the repository were used.
    assert all(Path(one).is_relative_to(tmp_path) for one in seen), seen
    stored = json.loads(reference.reference_path(page).read_text(encoding="utf-8"))["cells"]
    for cell in book.code_cells(made):
        found = re.fullmatch(r"code-(\d+)", cell.id)
        outputs = [part for part in map(reference.comparable, cell.outputs) if part]
        if found and outputs:
            assert outputs == stored[int(found[1])]["outputs"], cell.source


# The command


def test_the_command_writes_notebooks_and_names_an_unknown_page(tmp_path, capsys):
    assert notebooks.main(["--to", str(tmp_path / "out"), "plan"]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["plan.ipynb"]
    with pytest.raises(SystemExit):
        notebooks.main(["--to", str(tmp_path), "99-none"])
    assert "no page with cells is called 99-none" in capsys.readouterr().err


def test_binder_makes_the_notebooks_with_it():
    script = (book.ROOT / ".binder" / "postBuild").read_text(encoding="utf-8")
    assert "python -m tools.notebooks --to book\n" in script
    assert "python -m tools.notebooks --to book\n" in (book.ROOT / "book" / "run.md").read_text(encoding="utf-8")
