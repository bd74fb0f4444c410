"""The notebooks in the browser, and the settings that say where a page can run."""

import io
import json
import re
import subprocess
import sys
import zipfile

import pytest
import yaml
from minibook import MiniBook

from tools import book, elsewhere, lite, pyodide_check

RUNTIME = "https://runtime.example/pyodide/"
HELD = {"book/one.ipynb": b"{}", "data/a.csv": b"x\n1\n", "data/more/b.csv": b"y\n"}

# Settings


@pytest.mark.parametrize(
    ("setting", "branch"),
    [
        ("https://github.com/some-one/a.book", None),
        ("https://github.com/some-one/a.book.git", None),
        ("https://github.com/some-one/a.book/", None),
        ("https://github.com/some-one/a.book/tree/main", "main"),
        ("https://github.com/some-one/a.book/tree/main/", "main"),
        ("https://github.com/some-one/a.book/tree/next/one", "next/one"),
    ],
)
def test_a_repository_is_read_from_its_address(setting, branch):
    assert elsewhere.repository(setting) == elsewhere.Repository("some-one", "a.book", branch)


@pytest.mark.parametrize(
    "setting",
    [
        "some-one/a.book", "http://github.com/a/b", "https://gitlab.com/a/b", "https://github.com/a",
        "https://github.com/a/b/blob/main/x", "https://github.com/a/b/tree/../c", True, ["x"],
        "https://github.com/a/b?x=1", 'https://github.com/a/b" onclick="x',
    ],
)  # fmt: skip
def test_a_malformed_repository_is_named_with_what_it_takes(setting):
    with pytest.raises(elsewhere.SettingError, match="bond_repository in _config.yml is .*OWNER/NAME"):
        elsewhere.repository(setting)


def test_no_repository_no_links():
    assert elsewhere.repository("") is None
    assert elsewhere.repository(None) is None


@pytest.mark.parametrize(
    "setting",
    ["", None, 3, "cdn.example/x", "http://cdn.example/x", "ftp://cdn.example/", "https://a b/x",
     "https://cdn.example/x?y", "https://cdn.example/x#y", "https://;script-src *", "https://[cdn", "https://cdn.example/x "],
)  # fmt: skip
def test_a_malformed_runtime_is_named(setting):
    with pytest.raises(elsewhere.SettingError, match="bond_runtime in _config.yml is"):
        elsewhere.runtime(setting)


def test_the_addresses_of_a_page():
    place = elsewhere.Repository("o", "n", "a/b")
    assert place.binder("03-x") == "https://mybinder.org/v2/gh/o/n/a%2Fb?urlpath=lab%2Ftree%2Fbook%2F03-x.ipynb"
    assert place.colab("03-x") == "https://colab.research.google.com/github/o/n/blob/gh-pages/notebooks/03-x.ipynb"
    cell = place.colab_setup("03-x", "bond-or-drug-03-x")
    compile(cell, "cell", "exec")
    assert "https://raw.githubusercontent.com/o/n/gh-pages/notebooks/03-x.zip" in cell


def test_the_configured_runtime_is_the_one_that_jupyterlite_names():
    from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_VERSION

    settings = yaml.safe_load((book.ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
    assert settings["bond_runtime"] == f"{PYODIDE_CDN_URL}/"
    assert settings["bond_repository"] == ""
    assert pyodide_check.locked()["pyodide"] == PYODIDE_VERSION


def test_every_package_that_the_browser_needs_is_in_its_lock_or_shipped():
    lock = pyodide_check.locked()["packages"]
    for name in lite.FETCHED:
        assert name in lock or name in lite.EXTRA_WHEELS or name == lite.HELPERS
    assert not set(lite.EXTRA_WHEELS) & lock.keys()  # shipped for nothing


def test_the_kernel_finds_all_that_it_needs_without_a_package_index():
    folder = lite.extension_folder() / "static" / "pypi"
    brought = {name.replace("_", "-") for name in json.loads((folder / "all.json").read_text())}
    there = brought | pyodide_check.locked()["packages"].keys() | set(lite.EXTRA_WHEELS)
    needed = set()
    for path in folder.glob("*.whl"):
        archive = zipfile.ZipFile(path)
        about = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(about).decode().splitlines()
        needed |= {line.split()[1] for line in lines if line.startswith("Requires-Dist:") and "extra" not in line}
    assert "comm" in needed
    assert {re.split(r"[<>=!~;(]", name)[0] for name in needed} <= there


# Wheels


def test_the_helpers_wheel_installs_and_works(tmp_path):
    name, content = lite.helpers_wheel(book.ROOT)
    assert (name, content) == lite.helpers_wheel(book.ROOT)
    (tmp_path / name).write_bytes(content)
    target = tmp_path / "target"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*command, target, tmp_path / name], check=True)
    code = "import helpers.consistency as c; print(c.__file__, c.n_from_r_p(-.65, .002, r_decimals=2, p_decimals=3))"
    run = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(target)}, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith(str(target))
    assert "20" in run.stdout


def test_an_installed_package_becomes_a_wheel_again():
    name, content = lite.installed_wheel("seaborn")
    held = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert name.startswith("seaborn-") and name.endswith("-py3-none-any.whl")
    assert "seaborn/__init__.py" in held
    assert not [one for one in held if "__pycache__" in one or one.startswith(("..", "/"))]


def test_a_compiled_package_is_refused():
    with pytest.raises(lite.LiteError, match="numpy holds compiled code"):
        lite.installed_wheel("numpy")


# The folder


def test_a_folder_is_listed_as_the_server_would():
    assert lite.below("", HELD) == ["book", "data"]
    assert lite.below("data", HELD) == ["data/a.csv", "data/more"]
    assert lite.model("data/more", HELD)["type"] == "directory"
    assert lite.model("book/one.ipynb", HELD)["type"] == "notebook"
    assert lite.model("data/a.csv", HELD)["size"] == 4


def test_a_page_gets_its_policy_first_and_keeps_no_inline_script(tmp_path):
    page = tmp_path / "index.html"
    page.write_text("<html><head><title>x</title><script>one();</script>"
                    '<script id="data" type="application/json">{}</script>'
                    '<script type="module">await two();</script></head></html>')
    lite.guard(page, RUNTIME)
    text = page.read_text()
    assert text.index("Content-Security-Policy") < text.index("<title>")
    assert not re.findall(r"<script(?![^>]*(?:src=|application/json))", text)
    assert sorted(path.read_text() for path in tmp_path.glob("start-*.js")) == ["await two();\n", "one();\n"]


def test_the_policy_allows_the_site_and_the_runtime_alone():
    policy = lite.policy(RUNTIME)
    assert set(re.findall(r"https?://[^\s;]+", policy)) == {"https://runtime.example"}
    scripts = re.search(r"script-src ([^;]+)", policy)[1]
    assert "'unsafe-inline'" not in scripts
    assert "*" not in policy


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder from a few files, made twice."""
    top = tmp_path_factory.mktemp("lite")
    for name in ("one", "two"):
        lite.assemble(top / name, HELD, {}, RUNTIME)
    return top


def test_jupyterlite_is_small_and_names_no_other_address(made):
    files = [path for path in (made / "one").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 20e6
    assert not [path for path in files if path.suffix == ".map"]
    for page in (made / "one").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "Content-Security-Policy" in text
        assert not re.findall(r"<script(?![^>]*(?:src=|application/json))", text)
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    config = json.loads((made / "one" / "jupyter-lite.json").read_text())["jupyter-config-data"]
    kernel = config["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    assert kernel["pyodideUrl"] == f"{RUNTIME}pyodide.mjs"
    assert kernel["disablePyPIFallback"] is True
    assert [one["name"] for one in config["federated_extensions"]] == ["@jupyterlite/pyodide-kernel-extension"]
    assert (made / "one" / "files" / "data" / "more" / "b.csv").read_bytes() == b"y\n"


def test_the_same_inputs_give_the_same_bytes(made):
    def content(folder):
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    one, two = content(made / "one"), content(made / "two")
    assert sorted(one) == sorted(two)
    assert [name for name in one if one[name] != two[name]] == []


def test_no_site_no_folder(tmp_path, capsys):
    assert lite.main(["--site", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "the site is not built: run 'make book'\n"


def test_an_unchanged_folder_is_not_copied_again(tmp_path):
    source, site = tmp_path / "made", tmp_path / "site"
    (source / "book").mkdir(parents=True)
    (source / "book" / "x").write_text("1")
    site.mkdir()
    lite.put(source, site, "mark")
    (site / "lite" / "left").write_text("")
    assert (lite.put(source, site, "mark") / "left").exists()
    assert not (lite.put(source, site, "other mark") / "left").exists()


# The bar of a page


def test_a_page_offers_its_notebook_and_other_places_only_when_set(tmp_path):
    mini = MiniBook(tmp_path / "a book")
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    page = mini.page()
    assert '<nav class="run-this" aria-label="Run this page">' in page
    assert '<a href="../notebooks/one.zip" download>' in page
    assert "in-browser.html" not in page  # this book has no such page
    for word in ("mybinder", "colab", "rel=\"noreferrer\""):
        assert word not in page.lower()
    folder = mini.root / "_build" / "html" / "notebooks"
    assert [path.name for path in folder.iterdir()] == ["one.zip"]

    mini.replace("_config.yml", 'bond_repository: ""', 'bond_repository: "https://github.com/o/n"')
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    page = mini.page()
    assert re.findall(r'<a href="(https://mybinder.org/v2/gh/o/n/HEAD[^"]*)" rel="noreferrer">Binder', page)
    assert re.findall(r'<a href="(https://colab[^"]*/one.ipynb)" rel="noreferrer">Colab', page)
    assert page.count("(leaves this site)") == 2
    notebook = json.loads((folder / "one.ipynb").read_text(encoding="utf-8"))
    assert "raw.githubusercontent.com/o/n/gh-pages/notebooks/one.zip" in "".join(notebook["cells"][1]["source"])

    mini.replace("_config.yml", "github.com/o/n", "example.org/o/n")
    result = mini.build()
    assert result.returncode != 0
    assert "bond_repository in _config.yml is 'https://example.org/o/n'" in result.stdout + result.stderr


# The browser's versions


def test_a_python_is_found_that_is_not_newer_than_the_browsers():
    version, path = pyodide_check.nearest_python("3.14.2")
    assert (3, 11) <= version <= (3, 14)
    run = subprocess.run([path, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=True)
    assert tuple(map(int, run.stdout.split())) == version


def test_without_a_python_the_check_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(pyodide_check, "pythons", lambda: iter([((3, 10), "old")]))
    assert pyodide_check.main([]) == 1
    assert "apt install python3-venv" in capsys.readouterr().err


def test_python_311_gets_the_scipy_of_the_book(tmp_path, monkeypatch):
    lock = pyodide_check.locked()
    monkeypatch.setattr(pyodide_check, "pythons", lambda: iter([((3, 11), sys.executable)]))
    asked = []

    def run(command, **_):
        asked.extend(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    pyodide_check.environment(lock, tmp_path / "env")
    scipy = [one for one in asked if one.startswith("scipy")]
    assert scipy and f"scipy=={lock['packages']['scipy']}" not in scipy
    assert f"numpy=={lock['packages']['numpy']}" in asked


def test_a_changed_number_is_a_difference():
    page = book.page_path("book/03-published-numbers")
    from tools import reference

    made = reference.joined(page)
    for number, cell in enumerate(book.code_cells(made)):
        cell["id"] = f"code-{number}"
    assert pyodide_check.difference(page, made) == ("", [])
    stream = next(c for c in book.code_cells(made) if c.outputs and c.outputs[0].output_type == "stream")
    name, printed = stream["id"][5:], stream.outputs[0].text
    stream.outputs[0].text = f"in other words {printed}"
    fault, lines = pyodide_check.difference(page, made)
    assert (fault, lines[0]) == ("", f"cell {name}")
    stream.outputs[0].text = "-0.656 -0.645\n"
    fault, lines = pyodide_check.difference(page, made)
    assert fault == f"NUMBERS DIFFER in cell {name}"
    assert "+    -0.656 -0.645" in lines


def test_every_reason_belongs_to_a_page():
    assert pyodide_check.DIFFERENT.keys() <= {page.stem for page in book.notebooks()}
