"""The zip of the site: the same bytes each time, and nothing left out."""

import os
import subprocess
import sys
import zipfile

import pytest

from tools import book, offline


@pytest.fixture
def site(tmp_path):
    """A site of a few files, made in no order."""
    folder = tmp_path / "a site"
    for name in ("index.html", "_static/book.css", "book/b.html", "book/a.html", ".buildinfo"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"This is {name}.", encoding="utf-8")
    return folder


def test_every_file_of_the_site_is_in_one_folder_of_the_archive(site, tmp_path):
    archive = zipfile.ZipFile(offline.bundle(site, tmp_path / "out.zip"))
    archive.extractall(tmp_path / "un packed")
    unpacked = tmp_path / "un packed" / offline.FOLDER
    assert os.listdir(tmp_path / "un packed") == [offline.FOLDER]
    found = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert found == {"index.html", "_static/book.css", "book/a.html", "book/b.html", offline.FIRST}
    assert (unpacked / "book" / "a.html").read_text() == "This is book/a.html."
    assert "open index.html" in (unpacked / offline.FIRST).read_text()


def test_the_same_site_gives_the_same_bytes(site, tmp_path):
    first = offline.bundle(site, tmp_path / "first.zip").read_bytes()
    for path in site.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
        path.chmod(0o755)
    assert offline.bundle(site, tmp_path / "second.zip").read_bytes() == first
    (site / "index.html").write_text("Another page.")
    assert offline.bundle(site, tmp_path / "third.zip").read_bytes() != first


def test_the_entries_are_sorted(site, tmp_path):
    names = zipfile.ZipFile(offline.bundle(site, tmp_path / "out.zip")).namelist()
    assert names[0] == f"{offline.FOLDER}/{offline.FIRST}"
    assert names[1:] == sorted(names[1:])


SERVED = """<!doctype html>
<p class="a needs-server b">Run <span>it</span> <a href="lite/index.html">here</a><br><img src=x.png></p>
<p>Stay <img class="needs-server" src="lite/logo.png"> <a href="book/a.html?q=1#top">A</a></p>
<div class="needs-server"><div>in <div>deep</div></div></div><svg><g class="needs-server"/></svg>
<a href="https://example.org/">out</a> <a href="#here">here</a> <a class="needs-server-no">kept</a>
"""


def test_what_needs_a_server_stays_out(site, tmp_path):
    (site / "index.html").write_text(SERVED)
    (site / "lite").mkdir()
    (site / "lite" / "index.html").write_text('<a href="gone.html">')
    for name in ("404.html", "sitemap.xml"):
        (site / name).write_text("For a server.")
    archive = zipfile.ZipFile(offline.bundle(site, tmp_path / "out.zip"))
    assert not [name for name in archive.namelist() if "lite" in name or "404" in name or "sitemap" in name]
    assert archive.read(f"{offline.FOLDER}/index.html").decode() == """<!doctype html>

<p>Stay  <a href="book/a.html?q=1#top">A</a></p>
<svg></svg>
<a href="https://example.org/">out</a> <a href="#here">here</a> <a class="needs-server-no">kept</a>
"""


def test_a_dead_link_is_an_error_that_names_it_and_leaves_no_archive(site, tmp_path):
    (site / "book" / "a.html").write_text('<a href="../lite/index.html">Run it</a> <img src="b%20c.png">')
    with pytest.raises(offline.OfflineError) as error:
        offline.bundle(site, tmp_path / "out.zip")
    assert "book/a.html links ../lite/index.html" in str(error.value)
    assert "book/a.html links b%20c.png" in str(error.value)
    assert not (tmp_path / "out.zip").exists()
    (site / "book" / "b c.png").write_bytes(b"x")
    (site / "book" / "a.html").write_text('<img src="b%20c.png">')
    offline.bundle(site, tmp_path / "out.zip")


def test_an_element_that_never_ends_is_an_error(site, tmp_path):
    (site / "index.html").write_text('<div class="needs-server"><div>Run</div>')
    with pytest.raises(offline.OfflineError, match="index.html: an element div .* not closed"):
        offline.bundle(site, tmp_path / "out.zip")


def test_no_site_no_archive(tmp_path):
    with pytest.raises(offline.OfflineError, match="make book"):
        offline.bundle(tmp_path, tmp_path / "out.zip")
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_is_missing(tmp_path):
    code = "from pathlib import Path; from tools import offline; offline.bundle.__defaults__ = (Path('x'), Path('y')); raise SystemExit(offline.main([]))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=book.ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr == "the site is not built: run 'make book'\n"


def test_make_lists_it():
    makefile = (book.ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\noffline: book ## " in makefile
    assert "offline" in makefile.split(".PHONY:")[1].split("\n")[0].split()
