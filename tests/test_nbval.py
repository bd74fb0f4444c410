"""The harness that compares every cell with its reference, broken on purpose."""

import json
import re

import pytest
from minibook import HEADER, MiniBook

PAGE = HEADER + """# One

```{code-cell} ipython3
import pandas as pd

frame = pd.DataFrame({"a": [1.25, 2.5]})
frame["a"].sum()
```

```{code-cell} ipython3
frame.style.format("{:.1f}")
```

```{code-cell} ipython3
print("one", object())
```
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A book with a stored reference; the tests work on what it holds."""
    mini = MiniBook(tmp_path_factory.mktemp("nbval") / "a book")
    mini.write("book/one.md", PAGE)
    mini.store_reference()
    return mini


@pytest.fixture
def mini(sound):
    """The sound book, put right again after each test."""
    page, reference = sound.read("book/one.md"), sound.read("tests/reference/one.json")
    yield sound
    sound.write("book/one.md", page)
    sound.write("tests/reference/one.json", reference)


def change_reference(mini, change):
    """Change the stored reference in place."""
    reference = mini.reference()
    change(reference["cells"])
    mini.write("tests/reference/one.json", json.dumps(reference))


def assert_fails(mini, message):
    result = mini.nbval()
    assert result.returncode != 0, result.stdout
    assert message in result.stdout + result.stderr


def test_a_sound_page_passes(mini):
    result = mini.nbval()
    assert result.returncode == 0, result.stdout
    assert "3 passed" in result.stdout


def test_a_changed_number_fails(mini):
    text = mini.read("tests/reference/one.json")
    mini.write("tests/reference/one.json", text.replace("3.75", "3.76"))
    assert text != mini.read("tests/reference/one.json")
    assert_fails(mini, "Cell outputs differ")


def test_a_number_that_stands_only_in_an_html_table_is_compared(mini):
    text = mini.read("tests/reference/one.json")
    changed = re.sub(r"(?<=\s)2\.5(?=\s)", "2.6", text)
    assert changed != text
    mini.write("tests/reference/one.json", changed)
    assert_fails(mini, "Cell outputs differ")


def test_a_missing_output_fails(mini):
    change_reference(mini, lambda cells: cells[0]["outputs"].clear())
    assert_fails(mini, "Unexpected output fields")


def test_an_exception_fails(mini):
    mini.replace("book/one.md", 'frame["a"].sum()', '1 / 0')
    mini.replace("tests/reference/one.json", mini.reference()["cells"][0]["source"], new_hash(mini))
    assert_fails(mini, "ZeroDivisionError")


def new_hash(mini):
    """The hash of the first cell as it now stands."""
    from tools import book, reference

    notebook = book.read_notebook(mini.root / "book/one.md")
    return reference.source_hash(book.code_cells(notebook)[0].source)


def test_a_deleted_reference_fails(mini):
    (mini.root / "tests/reference/one.json").unlink()
    assert_fails(mini, "has no stored reference")


def test_a_new_cell_fails(mini):
    mini.add("\n```{code-cell} ipython3\n1 + 1\n```\n")
    assert_fails(mini, "has 4 code cells, its reference 3")


def test_a_changed_source_fails(mini):
    mini.replace("book/one.md", 'print("one"', 'print("two"')
    assert_fails(mini, "is not the one in its reference")


def test_a_reference_that_was_never_run_fails(mini):
    def forget(cells):
        cells[2]["execution_count"] = None
        cells[2]["outputs"] = []

    change_reference(mini, forget)
    assert_fails(mini, "the reference was never run")


@pytest.mark.parametrize("marker", ["NBVAL_SKIP", "NBVAL_IGNORE_OUTPUT"])
def test_a_cell_cannot_ask_to_be_left_out(mini, marker):
    mini.replace("book/one.md", 'frame["a"].sum()', f'# {marker}\nframe["a"].sum()')
    mini.replace("tests/reference/one.json", mini.reference()["cells"][0]["source"], new_hash(mini))
    assert_fails(mini, "asks not to be checked")


def test_the_reference_command_shows_the_difference_and_stores_it(mini):
    import sys

    mini.replace("book/one.md", "2.5]", "2.75]")
    checked = mini.run(sys.executable, "-m", "tools.reference", "--check")
    assert checked.returncode == 1
    assert "-    " in checked.stdout and "+    " in checked.stdout and "4.0" in checked.stdout
    assert "2.8" in checked.stdout  # stands only in the HTML table
    assert "4.0" not in mini.read("tests/reference/one.json")
    mini.store_reference()
    assert mini.nbval().returncode == 0
