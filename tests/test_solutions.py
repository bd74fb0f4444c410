"""One setting keeps solutions out of all that students get, and the search for leaks sees them."""

import gzip
import io
import zipfile

import pytest
from minibook import MiniBook

from tools import book, notebooks, solutions, student_site

CHAPTER = next(page for page in book.chapters() if page.stem.startswith("03"))
PAGE = """
````{exercise}
:label: ex-one
**Add.** How much is one and one?
````

```{solution-start} ex-one
:class: dropdown
```

```{code-cell} ipython3
sum_of_the_two_numbers_as_asked_for = 1 + 1
```

The two numbers make exactly two, as everyone could have guessed.

```{solution-end}
```

Here the page goes on.
"""


@pytest.fixture(autouse=True)
def setting_of_the_book(monkeypatch):
    monkeypatch.delenv(solutions.VARIABLE, raising=False)


@pytest.fixture
def minibook(tmp_path):
    return MiniBook(tmp_path / "a book")


def configured(folder, value):
    (folder / "_config.yml").write_text(f"sphinx:\n  config:\n    bond_solutions: {value}\n")
    return solutions.shown(folder)


def test_setting_is_read(tmp_path):
    assert configured(tmp_path, "true") is True
    assert configured(tmp_path, "false") is False
    (tmp_path / "_config.yml").write_text("title: None\n")
    assert solutions.shown(tmp_path) is True


def test_variable_overrides_the_setting(tmp_path, monkeypatch):
    monkeypatch.setenv(solutions.VARIABLE, "no")
    assert configured(tmp_path, "true") is False


def test_other_values_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="bond_solutions in _config.yml is true or false"):
        configured(tmp_path, "maybe")
    monkeypatch.setenv(solutions.VARIABLE, "0")
    with pytest.raises(ValueError, match="BOND_SOLUTIONS is 'yes' or 'no', not '0'"):
        solutions.shown(tmp_path)


def test_setting_runs_no_chapter_anew(tmp_path):
    digests = set()
    for value in ("true", "false"):
        configured(tmp_path, value)
        digests.add(book.digest(("_config.yml",), tmp_path))
    (tmp_path / "_config.yml").write_text("sphinx:\n  config:\n    other: 1\n")
    digests.add(book.digest(("_config.yml",), tmp_path))
    assert len(digests) == 2


def test_site_without_solutions(minibook):
    config = minibook.read("_config.yml")
    minibook.add(PAGE)
    minibook.write("_config.yml", config.replace("bond_solutions: true", "bond_solutions: false"))
    assert minibook.build().returncode == 0
    secret = ["sum_of_the_two_numbers_as_asked_for", "exactly two, as everyone"]
    names = []
    for name, content in student_site.files_in(minibook.root / "_build" / "html"):
        names.append(name)
        for words in secret:
            assert words.encode() not in content, f"{name} holds {words!r}"
    assert "html/book/one.html" in names
    assert "html/notebooks/one.zip/bond-or-drug-one/book/one.ipynb" in names
    assert "Here the page goes on." in minibook.page()
    assert "How much is one and one" in minibook.page()
    # And with them, without running anything anew.
    minibook.write("_config.yml", config)
    assert minibook.build().returncode == 0
    assert all(words in minibook.page() for words in secret)
    assert minibook.runs() == 1


def test_notebook_without_solutions(monkeypatch):
    whole = notebooks.as_shown(CHAPTER)
    monkeypatch.setenv(solutions.VARIABLE, "no")
    part = notebooks.as_shown(CHAPTER)
    text = "\n".join(cell.source for cell in part.cells)
    assert len(part.cells) < len(whole.cells)
    assert "def counts_behind" not in text
    assert "{solution" not in text
    assert "Percentages are counts in disguise" in text
    assert "```{selfcheck}" in text


def test_what_is_kept_with_solutions_is_not_taken_without(monkeypatch):
    whole = notebooks.state()
    monkeypatch.setenv(solutions.VARIABLE, "no")
    assert notebooks.state() != whole


def leaked(name, content):
    secret = {
        student_site.normal(
            "The two numbers make exactly two, as everyone could have guessed."
        ): "x"
    }
    return student_site.leaks(student_site.unpacked(name, content), secret)


def zipped(name, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


SENTENCE = "The two numbers make exactly two, as everyone could have guessed."


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "a.html",
            "<p>The <em>two</em> numbers make\nexactly two, as everyone could have guessed.</p>",
        ),
        ("a.txt", SENTENCE),
        ("a.js", SENTENCE.replace("two,", "two,\\n")),
        ("a.ipynb", SENTENCE.replace("exactly", "*exactly*")),
        ("search.json", SENTENCE.replace("m", "\\u006d")),
    ],
)
def test_leak_is_seen_in_each_kind_of_file(name, content):
    assert leaked(name, content.encode())
    assert leaked("a.zip", zipped("b.zip", zipped(name, content)))
    assert not leaked(name, content.replace("guess", "known").encode())


def test_leak_is_seen_in_a_packed_file():
    assert leaked("a.txt.gz", gzip.compress(SENTENCE.encode()))


def test_secret_lines_are_those_of_solutions_and_sheets():
    secret = student_site.secret_lines()
    sources = set(secret.values())
    assert {CHAPTER.name, f"book/assignment/{CHAPTER.name}"} <= sources
    text = student_site.normal(CHAPTER.read_text(encoding="utf-8").split("## Exercises")[0])
    assert [line for line in secret if line in text] == []


def test_switching_off_needs_the_one_line(tmp_path):
    config = tmp_path / "_config.yml"
    config.write_text("sphinx:\n  config:\n    other: 1\n")
    with pytest.raises(ValueError, match="0 lines with bond_solutions, not one"):
        student_site.switch_off(config)
    configured(tmp_path, "true")
    student_site.switch_off(config)
    assert solutions.shown(tmp_path) is False


def test_missing_folder_is_refused(capsys):
    with pytest.raises(SystemExit):
        student_site.main(["nowhere"])
    assert "there is no nowhere" in capsys.readouterr().err
