"""The volume that the PDF and the EPUB are made from, and the EPUB itself."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from xml.etree import ElementTree

import pytest

from tests.minisite import KATEX, MiniSite
from tools import book, epub, packing, pdf, programs, takeaway, volume


@pytest.fixture
def mini(tmp_path):
    """A site of a few pages."""
    return MiniSite(tmp_path)


@pytest.fixture
def made(mini, tmp_path):
    """The files of an EPUB of the small site."""
    archive = zipfile.ZipFile(epub.make(mini.site, tmp_path / "out.epub", mini.root))
    return {name: archive.read(name) for name in archive.namelist()}


# The volume.


def test_the_leaves_come_in_reading_order_with_the_answers_before_the_back(mini):
    names = [leaf.name for leaf in mini.volume().leaves]
    assert names[:4] == ["index", "chapter-01", "chapter-01-answers", "map"]
    assert names[-1] == "references"
    assert "run" not in names


def test_every_id_stands_once(mini):
    found = [
        tag["id"]
        for leaf in mini.volume().leaves
        for tag in [leaf.body, *leaf.body.find_all(id=True)]
    ]
    assert len(found) == len(set(found))


def test_every_inner_link_leads_to_a_place(mini):
    made = mini.volume()
    places = made.places()
    links = [link["href"] for leaf in made.leaves for link in leaf.body.find_all("a", href=True)]
    inner = [href for href in links if href.startswith("#")]
    assert "#map--what" in inner and "#glossary--term-arm" in inner
    assert [href for href in inner if href[1:] not in places] == []
    assert [href for href in links if not href.startswith("#")] == ["https://example.org/paper"]


def test_controls_navigation_and_what_needs_a_server_are_gone(mini):
    body = str(mini.leaf("chapter-01").body)
    assert not re.search("<(script|input|output|button|nav)|needs-server|run-this|headerlink|data-part", body)
    assert "how to run\nit" in body and "run.html" not in body


def test_with_an_address_a_page_that_is_left_out_is_linked_on_the_web(mini):
    mini.configure("https://example.org/bond/")
    body = str(mini.leaf("chapter-01").body)
    assert '<a href="https://example.org/bond/book/run.html">' in body


def test_hints_solutions_feedback_and_tables_stand_at_the_back(mini):
    chapter, answers = (mini.leaf(name).body.get_text() for name in ("chapter-01", "chapter-01-answers"))
    for words in ("Think of a line.", "It rises.", "So it is."):
        assert words not in chapter
        assert words in answers
    assert mini.leaf("chapter-01-answers").body.find("table") is not None
    assert "x stands at 2." in chapter


def test_an_exercise_and_its_answer_link_each_other(mini):
    exercise = mini.leaf("chapter-01").body.select_one(".exercise")
    answer = mini.leaf("chapter-01-answers").body.select_one(".answer")
    link = exercise.select_one(".to-answer a")
    assert (link.get_text(), link["href"]) == ("Hint and solution", f"#{answer['id']}")
    assert answer.select_one(".answer-title a")["href"] == f"#{exercise['id']}"


def test_an_option_keeps_its_letter_once(mini):
    options = [li.get_text() for li in mini.leaf("chapter-01").body.select(".options li")]
    assert options == ["A Up.", "B Down."]


def test_code_keeps_every_line_and_the_dress_of_each_piece(mini):
    body = mini.leaf("chapter-01").body
    volume.set_lines(body)
    lines = body.select("pre .line")
    assert [line.get_text() for line in lines[1:]] == ['"one', 'two"']
    assert [line.find("span")["class"] for line in lines[1:]] == [["s"], ["s"]]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sc-feedback correct", "sc-feedback wrong", "question 1 of the self-check"),
        ("_images/one.svg", "_images/two.svg", "two.svg, which is not there"),
        ("map.html#what", "map.html#where", "map.html#where, which is not there"),
        ('class="bd-article"', 'class="article"', "has no article"),
        ("<h1>", "<h4>", "no section with a heading"),
    ],
)
def test_a_bad_page_is_an_error_that_names_it(mini, old, new, words):
    mini.replace(old, new)
    with pytest.raises(volume.VolumeError, match=re.escape(words)):
        mini.volume()


def test_a_page_that_the_table_of_contents_lost_is_an_error(mini):
    toc = mini.root / "_toc.yml"
    toc.write_text(toc.read_text().replace("file: book/glossary", "file: book/other"))
    with pytest.raises(volume.VolumeError, match="book/glossary"):
        mini.volume()


@pytest.mark.parametrize("tool", ["pdf", "epub"])
def test_without_a_site_the_command_says_so(tool, tmp_path):
    if tool == "pdf" and not programs.chromium():
        pytest.skip("there is no Chromium here")
    if tool == "pdf":
        pytest.importorskip("pikepdf", reason="pikepdf is missing: run 'make browser'")
    code = (
        "from pathlib import Path; from tools import volume, pdf, epub; "
        f"make = {tool}.make; {tool}.make = lambda **_: make(Path('nowhere')); "
        f"raise SystemExit({tool}.main([]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=book.ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (1, "the site is not built: run 'make book'\n")


def test_the_book_itself_has_every_page_that_a_volume_wants():
    names = [name for name, _ in volume.pages(book.ROOT)]
    assert names[0] == "index"
    assert set(volume.BACK) < set(names)
    assert len([name for name in names if volume.CHAPTER.fullmatch(name)]) == len(book.chapters())


# The page to print.


def test_numbers_fill_their_slots_and_unknown_ones_show():
    page = pdf.page_of("a") + pdf.page_of("b")
    assert pdf.fill_numbers(page, {"a": 7}) == (
        '<span class="page-of">7</span><span class="page-of">000</span>'
    )


def test_headings_go_one_level_down_within_a_part(mini):
    made = mini.volume()
    pdf.prepare(made)
    chapter, preface = made.leaves[1].body, made.leaves[0].body
    assert chapter.find("h1") is None and chapter.find("h2").get_text() == "1. One & two"
    assert preface.find("h1") is not None


def test_the_page_to_print_names_its_formulas_and_addresses(mini, tmp_path):
    made = mini.volume()
    pdf.prepare(made)
    page = pdf.as_html(made, {}, tmp_path)
    assert 'aria-label="n = 2"' in page
    assert "(example.org/paper)" in page
    assert "It rises from left to right." not in page
    assert '@page chapter-01 { @top-left { content: "1. One & two"; } }' in page
    assert "Part I: A &amp; B" in page


def test_a_running_head_cannot_end_the_style():
    assert pdf.css_string('a "b" </style>') == '"a \\"b\\" \\3c /style>"'


def test_no_chromium_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(pdf.PdfError, match="no Chromium here"):
        pdf.make()


# The EPUB.


def test_the_first_file_says_what_it_is(mini, tmp_path):
    path = epub.make(mini.site, tmp_path / "out.epub", mini.root)
    first = zipfile.ZipFile(path).infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert path.read_bytes()[38:58] == b"application/epub+zip"


def test_the_same_site_gives_the_same_epub(mini, tmp_path):
    one = epub.make(mini.site, tmp_path / "one.epub", mini.root).read_bytes()
    for path in mini.site.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    assert epub.make(mini.site, tmp_path / "two.epub", mini.root).read_bytes() == one
    mini.replace("Try it.", "Try again.")
    assert epub.make(mini.site, tmp_path / "three.epub", mini.root).read_bytes() != one


def test_each_file_is_in_the_manifest_and_each_page_in_the_spine(made):
    opf = made["EPUB/package.opf"].decode()
    listed = set(re.findall(r'<item id="[^"]+" href="([^"]+)"', opf))
    assert listed == {
        name.removeprefix("EPUB/")
        for name in made
        if name.startswith("EPUB/") and not name.endswith(".opf")
    }
    pages = [name for name in listed if name.endswith(".xhtml")]
    assert len(re.findall("<itemref", opf)) == len(pages)
    for wanted in ("accessibilitySummary", "accessMode", "dcterms:modified", "<dc:language>en"):
        assert wanted in opf


def test_formulas_are_mathml_and_nothing_of_katex_is_left(made):
    chapter = made["EPUB/text/chapter-01.xhtml"].decode()
    assert KATEX.count("<math") == chapter.count("<math")
    assert 'alttext="n = 2"' in chapter
    assert "katex" not in chapter and "annotation" not in chapter
    assert 'properties="mathml svg"' in made["EPUB/package.opf"].decode()


def test_every_page_is_xml_with_links_that_hold(made):
    ids = {}
    for name, content in made.items():
        if name.endswith(".xhtml"):
            root = ElementTree.fromstring(content)
            ids[name.removeprefix("EPUB/")] = {tag.get("id") for tag in root.iter()}, root
    for name, (own, root) in ids.items():
        for tag in root.iter():
            href = tag.get("href") or ""
            if not href or href.startswith(("http", "styles/", "../styles/")):
                continue
            path, _, place = href.partition("#")
            path = path if not path or path.startswith("text/") or name == "nav.xhtml" else f"text/{path}"
            there = ids[path][0] if path else own
            assert not place or place in there, f"{name} links {href}"


def test_pictures_are_light_and_small_in_kind(made):
    svg = made["EPUB/images/one.svg"].decode()
    assert "prefers-color-scheme" not in svg and "DOCTYPE" not in svg and "metadata" not in svg
    assert '<path d="" stroke' in svg
    chapter = made["EPUB/text/chapter-01.xhtml"].decode()
    assert 'fill="#fdfcf8"' in chapter and "var(--" not in chapter
    assert 'viewBox="0 0 40 20"' in chapter
    assert "It rises from left to right." in chapter


def test_no_script_and_nothing_from_outside(made):
    for name, content in made.items():
        if name.endswith((".xhtml", ".css")):
            text = content.decode()
            assert "<script" not in text
            assert not re.search(r'(src|url\()="?https?:', text), name


def test_the_cover_is_a_picture_of_fair_size(made):
    cover = made["EPUB/images/cover.png"]
    assert cover.startswith(b"\x89PNG") and len(cover) < 120_000


@pytest.mark.skipif(not (shutil.which("epubcheck") and shutil.which("java")), reason="EPUBCheck is not here")
def test_epubcheck_finds_no_fault_and_sees_a_fault(mini, tmp_path):
    path = epub.make(mini.site, tmp_path / "out.epub", mini.root)
    assert epub.check(path) == "EPUBCheck finds no fault"
    mini.replace("<p>Try it.</p>", "<p>Try <font color='red'>it</font>.</p>")
    with pytest.raises(volume.VolumeError, match="EPUBCheck refuses"):
        epub.check(epub.make(mini.site, path, mini.root))


# The files on the site.


def test_a_made_file_is_linked_and_a_new_build_takes_it_out(mini, tmp_path):
    plain = f"<div>{takeaway.paragraph({})}</div>"
    mini.page("book/run", "Run", plain)
    page = mini.site / "book" / "run.html"
    before = page.read_text()
    file = tmp_path / "the-bond-or-the-drug.pdf"
    file.write_bytes(b"x" * 1_500_000)
    assert takeaway.offer(file, mini.site)
    assert '<a href="../_downloads/the-bond-or-the-drug.pdf">PDF</a> (1.5 MB); ' in page.read_text()
    assert (mini.site / "_downloads" / file.name).is_file()
    takeaway.withdraw(mini.site)
    assert page.read_text() == before
    assert not (mini.site / "_downloads" / file.name).exists()


def test_a_book_that_epubcheck_refuses_leaves_the_last_one(tmp_path, monkeypatch, capsys):
    def refuse(path):
        raise volume.VolumeError(f"EPUBCheck refuses {path.name}")

    last = tmp_path / epub.NAME
    last.write_bytes(b"the last one")
    monkeypatch.setattr(epub, "TARGET", last)
    monkeypatch.setattr(epub, "make", lambda target: target.write_bytes(b"a new one"))
    monkeypatch.setattr(epub, "check", refuse)
    assert epub.main([]) == 1
    assert last.read_bytes() == b"the last one"
    assert capsys.readouterr().err == f"EPUBCheck refuses unchecked-{epub.NAME}\n"


def test_a_file_is_whole_or_stays_what_it_was(tmp_path):
    file = tmp_path / "folder" / "a.zip"
    with packing.whole(file) as unfinished:
        unfinished.write_bytes(b"one")
    with pytest.raises(RuntimeError), packing.whole(file) as unfinished:
        unfinished.write_bytes(b"tw")
        raise RuntimeError
    assert file.read_bytes() == b"one"
    assert list(file.parent.iterdir()) == [file]


def test_files_of_one_stem_do_not_meet_before_they_are_whole(tmp_path):
    with packing.whole(tmp_path / "a.pdf") as one, packing.whole(tmp_path / "a.epub") as other:
        assert one != other
        one.touch()
        other.touch()


def test_a_file_that_nobody_asks_for_or_that_is_too_large_stays_out(mini, tmp_path):
    file = tmp_path / "the-bond-or-the-drug.pdf"
    file.write_bytes(b"x")
    assert not takeaway.offer(file, mini.site)
    mini.page("book/run", "Run", takeaway.paragraph({}))
    file.write_bytes(b"x" * (takeaway.LARGEST + 1))
    assert not takeaway.offer(file, mini.site)
    assert not (mini.site / "_downloads").exists()


# What make and CI do.


@pytest.mark.parametrize("name", ["pdf", "epub"])
def test_make_lists_it_and_ci_runs_it(name):
    makefile = (book.ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"\n{name}: book ## " in makefile
    assert name in makefile.split(".PHONY:")[1].split("\n")[0].split()
    script = (book.ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert any(name in line.split() for line in script.splitlines() if line.startswith("  make "))
