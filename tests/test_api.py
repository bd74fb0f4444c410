"""The pages of the helpers: nothing public is missing, and names in backticks are links."""

import importlib

import pytest
import yaml
from bs4 import BeautifulSoup
from minibook import MiniBook

from tools import api, book

MODULES = api.modules()


def test_every_public_module_has_a_page_in_the_contents():
    pages = [name for name in book.toc_pages() if name.startswith("book/api/")]
    assert sorted(pages) == sorted(f"book/api/{name}" for name in [*MODULES, "commands"])
    for name in MODULES:
        assert f"```{{api}} {name}\n" in book.page_path(f"book/api/{name}").read_text(encoding="utf-8")


def test_the_commands_are_on_a_page_of_their_own():
    page = book.page_path("book/api/commands").read_text(encoding="utf-8")
    for module, command in api.COMMANDS.items():
        assert f"{{command-help}} {module}" in page
        assert command in api.command_help(module)
        assert max(map(len, api.command_help(module).splitlines())) <= 90


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_all_stands_on_the_page(module):
    loaded = importlib.import_module(f"helpers.{module}")
    text = api.as_markdown(module)
    assert sorted(api.in_source_order(module)) == sorted(loaded.__all__)
    for name in loaded.__all__:
        assert any(f".. auto{kind}:: {name}\n" in text for kind in ("function", "class", "data")), name


@pytest.mark.parametrize("module", [*MODULES, *api.COMMANDS])
def test_all_holds_what_the_module_defines_in_public(module):
    """A public function or class outside ``__all__`` would stand on no page."""
    loaded = importlib.import_module(f"helpers.{module}")
    own = {
        name
        for name, thing in vars(loaded).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == loaded.__name__
    }
    assert set(api.public_names(module)) == set(loaded.__all__)
    assert own - set(loaded.__all__) <= INTERNAL.get(module, set())


# Named without an underscore, and used by other modules of the package alone.
INTERNAL = {
    "cli_design": {"parser", "Journal", "command", "provenance"},
    "cli_matching": {"parser"},
    "design_analysis": {
        "Answers", "Cell", "Work", "as_dict", "bar", "chunk_sizes", "fingerprint", "jobs", "main",
        "run", "step_correlation", "tabulate",
    },
    "matching": {"main"},
    "report": {"Study", "places_of"},
}  # fmt: skip


def test_a_module_without_all_is_refused(tmp_path):
    (tmp_path / "bare.py").write_text('"""Nothing."""\n\ndef f():\n    pass\n')
    with pytest.raises(ValueError, match="helpers.bare has no __all__"):
        api.public_names("bare", tmp_path)


def test_names_that_two_modules_share_or_that_are_plain_words_are_not_guessed():
    names = api.known_names()
    assert names["read_ledger"] == "helpers.published.read_ledger"
    assert names["published.value"] == "helpers.published.value"
    assert "value" not in names and "CHUNK" not in names
    assert names["replicates.CHUNK"] == "helpers.replicates.CHUNK"


def test_only_names_from_outside_the_helpers_may_stay_without_a_link():
    config = yaml.safe_load((book.ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
    assert config["nitpick_ignore_regex"] == [["py:.*", "(?!helpers[.]).*"]]
    assert "nitpick_ignore" not in config


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A book with one page of helpers, among them a new one."""
    mini = MiniBook(tmp_path_factory.mktemp("api") / "a book")
    contents = ["book/api", *(f"book/api/{name}" for name in MODULES)]
    lines = "".join(f"  - file: {name}\n" for name in contents)
    mini.write("_toc.yml", f"format: jb-book\nroot: index\nchapters:\n{lines}")
    (mini.root / "book" / "one.md").unlink()
    mini.write("book/api.md", "# The helpers\n\n```{api-index}\n```\n\n{py:func}`~helpers.scoreboard.rebuild`\n")
    for name in MODULES:
        mini.write(f"book/api/{name}.md", f"# {name}\n\n```{{api}} {name}\n```\n")
    mini.replace("src/helpers/scoreboard.py", '__all__ = ["rebuild"', '__all__ = ["fresh", "rebuild"')
    mini.add(
        '\n\ndef fresh(low=1):\n    """A new helper; see `rebuild`, `read_ledger` and `low`.\n\n'
        "    Examples\n    --------\n    >>> fresh()\n    \"\"\"\n",
        "src/helpers/scoreboard.py",
    )
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    return mini


def test_the_pages_build_and_show_every_name(built):
    for module in MODULES:
        page = built.read(f"_build/html/book/api/{module}.html")
        for name in api.public_names(module, built.root / "src" / "helpers"):
            assert f'id="helpers.{module}.{name}"' in page, name


def test_a_stored_page_does_not_hold_the_whole_environment(built):
    stored = sorted((built.root / "_build" / ".doctrees" / "book" / "api").glob("*.doctree"))
    assert stored
    assert [path.name for path in stored if b"BuildEnvironment" in path.read_bytes()] == []


def test_the_index_names_every_module(built):
    page = BeautifulSoup(built.read("_build/html/book/api.html"), "html.parser").article
    links = [link["href"] for link in page.find_all("a", class_="internal")]
    assert [f"api/{module}.html" for module in MODULES] == [to for to in links if "#" not in to]


def test_a_new_helper_is_shown_with_its_links_and_example(built):
    page = built.read("_build/html/book/api/scoreboard.html")
    entry = page.split('id="helpers.scoreboard.fresh"')[1].split("</dl>")[0]
    assert 'href="published.html#helpers.published.read_ledger"' in entry
    assert "<code" in entry and "low</span></code>" in entry
    assert 'class="gp">&gt;&gt;&gt; ' in entry


def test_no_page_names_a_place_of_the_machine(built):
    for module in MODULES:
        page = built.read(f"_build/html/book/api/{module}.html")
        assert "PosixPath" not in page and str(built.root) not in page


def test_several_attributes_of_one_entry_are_told_apart(built):
    page = built.read("_build/html/book/api/completion.html")
    entry = page.split('id="helpers.completion.Incomplete"')[1].split("classmethod")[0]
    assert "<strong>low</strong>" in entry and "<strong>high</strong>" in entry
    assert "low,</em>" not in entry


def test_the_build_stops_at_a_link_to_a_helper_that_is_not_there(built):
    built.add("\n{py:func}`~helpers.scoreboard.nothing`\n", "book/api.md")
    result = built.build()
    assert result.returncode != 0
    assert "helpers.scoreboard.nothing" in result.stdout + result.stderr
