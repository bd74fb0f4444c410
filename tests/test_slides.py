"""The slides: what a chapter is taken apart into, what a sheet may say, and what comes out."""

import os
import re
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from tests.minisite import KATEX
from tools import book, contract, slides
from tools import slide_source as source

SHEETS = sorted(source.SHEETS.glob("*.yml"))
STEM = "01-one"
PAGE = f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<script src="../_static/early.js?v=1" data-fonts="A"></script><title>One — A book</title></head><body>
<article class="bd-article"><section id="one"><h1><span class="section-number">1. </span>One<a
class="headerlink" href="#one">#</a></h1>
<div class="chapter-opening"><p class="question">Is it <em>one</em>?</p><ul class="objectives"><li><p>count</p></li>
<li><p>compare</p></li><li><p>stop</p></li></ul><dl class="facts"><dt>You need</dt><dd><p>Nothing.</p></dd>
<dt>Time</dt><dd><p>about 20 minutes</p></dd><dt>Data</dt><dd><p>A table</p></dd></dl></div>
<nav class="run-this"><a href="../notebooks/01-one.zip">Download</a></nav>
<p>We begin.
We go on.</p>
<section id="look"><h2><span class="section-number">1.1. </span>Look<a class="headerlink" href="#look">#</a></h2>
<p>There are <span class="pasted-text">24</span> people, says <a href="map.html">the <em>map</em></a>.
The formula is {KATEX} here.
A third sentence &amp; its sign.</p>
<dl><dt>Arm</dt><dd><p>is a group.</p></dd></dl>
<p>Here is the code.</p>
<div class="cell"><div class="cell_input"><div class="highlight"><pre><span class="k">print</span>(1)
</pre></div></div><div class="cell_output"><div class="output"><pre>1
</pre></div></div></div>
<p>Here is the table.</p>
<table class="dataframe"><thead><tr><td></td><th scope="col">n</th></tr></thead><tbody><tr><th scope="row">a</th>
<td class="number">1</td></tr><tr><th scope="row">b</th><td class="number">2</td></tr></tbody></table>
<p>As <b>Fig. 1.1</b> shows.</p>
<figure id="fig-one"><img alt="A line &quot;that&quot; rises." src="../_images/one.svg" width="557" height="346"
loading="lazy" aria-details="long"><figcaption><p><span class="caption-number">Fig. 1.1 </span><span
class="caption-text">A line.</span></p></figcaption></figure>
<details class="figure-description" id="long"><summary>Description</summary><p>From left to right.</p></details>
<p>After the figure.</p></section>
<section id="what-we-found"><h2>What we found</h2><ul><li><p>It is 1.</p></li><li><p>It stays.</p></li></ul></section>
<section id="what-it-does-not-show"><h2>What it does not show</h2><p>It does not show two.
Nor three.</p></section>
<section id="exercises"><h2>Exercises</h2><div class="exercise" id="ex-1"><p class="admonition-title"><span
class="caption-number">Exercise 1.1 </span></p><section><p><strong>Count it.</strong> How many?</p></section></div>
<details class="solution"><summary>Solution</summary><p>SECRET forty-two.</p></details></section>
<section id="self-check"><h2>Self-check</h2><div class="selfcheck"><div class="sc-question" id="quiz-01-way">
<p><strong>1. </strong>Which way?</p><details class="sc-option"><summary><span class="sc-text">A. Up.</span></summary>
<div class="sc-feedback wrong"><p><strong>No. </strong>Not up.</p></div></details><details class="sc-option"><summary>
<span class="sc-text">B. Down.</span></summary><div class="sc-feedback correct"><p><strong>Yes. </strong>Gravity
pulls.</p></div></details></div></div></section></section></article></body></html>"""
SLIDES = [
    {"section": "look", "take": ["There are … people", "The formula is"], "ask": "How many?"},
    {"section": "look", "take": ["A third sentence"], "figure": "fig-one"},
    {
        "section": "look",
        "code": "Here is the code.",
        "output": "Here is the code.",
        "ask": "What will it print?",
    },
    {"section": "look", "heading": "A table", "table": "Here is the table."},
]
SHEET = {
    "slides": SLIDES,
    "found": ["It is", "It stays."],
    "not_shown": ["Nor three."],
    "check": "way",
}


class Mini:
    """A site of one chapter and its sheet below a temporary folder."""

    def __init__(self, folder):
        self.site, self.sheets = folder / "site", folder / "sheets"
        self.sheet = yaml.safe_load(yaml.safe_dump(SHEET))
        self.html = PAGE
        (self.site / "book").mkdir(parents=True)
        self.sheets.mkdir()
        (self.site / "index.html").write_text("")
        self.stamps = folder / "stamps.json"

    def make(self):
        """Write page and sheet, and make the slides; the names of those made anew."""
        page, sheet = self.site / "book" / f"{STEM}.html", self.sheets / f"{STEM}.yml"
        for path, text in (
            (page, self.html),
            (sheet, yaml.safe_dump(self.sheet, allow_unicode=True)),
        ):
            if not path.is_file() or path.read_text() != text:
                path.write_text(text)
        return slides.make(self.site, self.sheets, self.stamps)[0]

    def slides(self):
        """The slides as elements."""
        self.make()
        text = (self.site / "slides" / f"{STEM}.html").read_text()
        return BeautifulSoup(text, "html.parser").select(".slides > section")

    def fails(self, words):
        """Expect an error that holds some words."""
        with pytest.raises(source.SlidesError, match=words) as found:
            self.make()
        return str(found.value)


@pytest.fixture
def mini(tmp_path):
    """A site of one chapter."""
    return Mini(tmp_path)


def visible(slide):
    """The words of a slide without its notes."""
    copy = BeautifulSoup(str(slide), "html.parser")
    for notes in copy.select(".notes"):
        notes.decompose()
    return source.words_of(copy)


# What comes out.


def test_a_deck_has_the_fixed_slides_around_those_of_the_sheet(mini):
    headings = [source.words_of(slide.h2) for slide in mini.slides()]
    assert headings == [
        "One", "Objectives", "Look", "Look", "Look", "A table", "What we found",
        "What it does not show", "What do you think?", "Exercises",
    ]  # fmt: skip


def test_a_slide_shows_the_sentences_as_the_page_has_them(mini):
    slide = mini.slides()[2]
    first, second = slide.select(".words li")
    assert str(first) == "<li>There are 24 people, says the <em>map</em>.</li>"
    assert second.select_one(".katex .katex-html") and "$n = 2$" in source.words_of(second)
    assert not slide.select("a")


def test_a_changed_number_changes_the_slide(mini):
    mini.make()
    mini.html = mini.html.replace(">24<", ">25<")
    assert "There are 25 people" in visible(mini.slides()[2])


def test_what_a_section_says_beyond_its_slides_is_in_the_notes_once(mini):
    notes = [source.words_of(slide.select_one(".notes")) for slide in mini.slides()]
    said = " ".join(notes)
    for sentence in (
        "We begin. We go on.",
        "Arm is a group.",
        "As Fig. 1.1 shows.",
        "After the figure.",
        "It does not show two.",
    ):
        assert said.count(sentence) == 1
    assert "There are 24 people" not in said
    assert "Arm is a group." in notes[3]  # it follows what that slide takes
    assert notes[2].startswith("Speaker notesAsk: How many?")


def test_chosen_notes_take_the_place_of_the_rest(mini):
    mini.sheet["slides"][0]["notes"] = ["After the figure."]
    notes = source.words_of(mini.slides()[2].select_one(".notes"))
    assert notes == "Speaker notesAsk: How many?After the figure."


def test_a_figure_keeps_its_words_and_grows(mini):
    slide = mini.slides()[3]
    image = slide.img
    assert image["alt"] == 'A line "that" rises.'
    assert int(image["width"]) > 1.1 * 557
    assert not image.get("loading") and not image.get("aria-details")
    notes = source.words_of(slide.select_one(".notes"))
    assert "The figure: A line." in notes and "In words: From left to right." in notes


def test_code_output_and_table_keep_their_marks(mini):
    code, output = mini.slides()[4].select("pre")
    assert code.select_one(".k").get_text() == "print" and output.get_text() == "1"
    table = mini.slides()[5].table
    assert [cell.get("scope") for cell in table.select("th")] == ["col", "row", "row"]


def test_a_table_may_be_cut(mini):
    mini.sheet["slides"][3]["rows"] = 1
    assert len(mini.slides()[5].select("tbody tr")) == 1


def test_the_answer_stands_in_the_notes_alone_and_solutions_nowhere(mini):
    found = mini.slides()
    assert "Answer: B. Down. Yes. Gravity pulls." in source.words_of(
        found[8].select_one(".notes")
    ).replace("Down.Yes", "Down. Yes")
    assert "Gravity" not in visible(found[8]) and "A. Up" not in visible(found[8])
    assert "1.1 Count it" in visible(found[9])
    text = (mini.site / "slides" / f"{STEM}.html").read_text()
    assert "SECRET" not in text and "Not up" not in text


def test_own_bullets_are_escaped(mini):
    mini.sheet["slides"][3]["say"] = ["a < b & c"]
    assert "a &lt; b &amp; c" in str(mini.slides()[5])


def test_the_page_has_the_policy_of_its_chapter_and_no_inline_script(mini):
    mini.make()
    text = (mini.site / "slides" / f"{STEM}.html").read_text()
    assert slides.POLICY.search(text)[0] == slides.POLICY.search(PAGE)[0]
    assert not re.search(r"<script(?![^>]*\bsrc=)", text) and "<style" not in text
    assert "<title>Slides: One — A book</title>" in text


def test_the_same_page_and_sheet_give_the_same_bytes(tmp_path):
    made = []
    for name in ("a", "b"):
        mini = Mini(tmp_path / name)
        mini.make()
        files = sorted(path for path in (mini.site / "slides").rglob("*") if path.is_file())
        made.append({path.relative_to(mini.site): path.read_bytes() for path in files})
    assert made[0] == made[1] and len(made[0]) == 6


def test_only_a_change_makes_a_deck_anew(mini):
    assert mini.make() == [STEM]
    target = mini.site / "slides" / f"{STEM}.html"
    os.utime(target, (1, 1))
    assert mini.make() == [] and target.stat().st_mtime == 1
    mini.sheet["slides"][0]["ask"] = "How few?"
    assert mini.make() == [STEM]
    target.unlink()
    assert mini.make() == [STEM]


def test_a_deck_without_a_sheet_goes(mini):
    mini.make()
    left = mini.site / "slides" / "02-two.html"
    left.write_text("")
    mini.make()
    assert not left.exists()


# What stops.


def test_a_sentence_that_is_gone_names_sheet_slide_and_chapter(mini):
    mini.html = mini.html.replace("A third sentence", "A fourth sentence")
    said = mini.fails("no sentence")
    assert (
        said.startswith("01-one.yml, slide 2 (look): chapter 01-one")
        and "'A third sentence'" in said
    )


@pytest.mark.parametrize("words", ["Here is", "… is"])
def test_first_words_of_several_sentences_are_refused(mini, words):
    mini.sheet["slides"][0]["take"] = [words]
    mini.fails("2 sentences|3 sentences|4 sentences")


@pytest.mark.parametrize(
    ("slide", "words"),
    [
        ({"take": ["There are 24 people"]}, "holds a digit"),
        ({"say": ["Only 3 of them"]}, "holds a digit"),
        ({"heading": "The 4 numbers", "take": ["There are"]}, "holds a digit"),
        ({"ask": "Why 5?", "take": ["There are"]}, "holds a digit"),
        ({"take": [3]}, "no text"),
        ({"take": ["As Fig."]}, "number of a figure"),
        ({"figure": "fig-two"}, "no figure 'fig-two'"),
        ({"table": "There are"}, "no table after"),
        ({"math": "After the figure."}, "no math after"),
        ({"shows": "x", "take": ["There are"]}, "unknown key 'shows'"),
        ({"layout": "round", "take": ["There are"]}, "layout is one of"),
        ({"heading": "Nothing"}, "shows nothing"),
        ({"say": ["so many words " * 200]}, "too many for a slide"),
        ({"say": ["so many words " * 40], "figure": "fig-one"}, "fewer or shorter|too much text"),
    ],
)
def test_a_bad_slide_is_an_error_that_names_it(mini, slide, words):
    mini.sheet["slides"][0] = {"section": "look", "ask": "How many?", **slide}
    assert "slide 1 (look)" in mini.fails(words)


def test_an_unknown_section_lists_those_there_are(mini):
    mini.sheet["slides"][0]["section"] = "lok"
    mini.fails("no section 'lok'; it has look")


def test_long_code_is_refused(mini):
    mini.html = mini.html.replace("</span>(1)\n", "</span>(1)\n" + "x\n" * 10)
    mini.fails("code: 11 lines, more than 10")


def test_too_long_without_a_question_is_refused(mini):
    for slide in mini.sheet["slides"]:
        slide.pop("ask", None)
    mini.fails("too long without a question")


@pytest.mark.parametrize("count", [3, 10])
def test_a_deck_has_ten_to_fifteen_slides(mini, count):
    slide = {"section": "look", "take": ["There are"], "ask": "How many?"}
    mini.sheet["slides"] = [slide] * count
    mini.fails(f"{count + 6} slides, not 10 to 15")


@pytest.mark.parametrize("key", ["found", "not_shown", "check", "slides"])
def test_a_sheet_lacks_nothing(mini, key):
    del mini.sheet[key]
    mini.fails(f"no (list )?'{key}'")


def test_an_unknown_question_lists_those_there_are(mini):
    mini.sheet["check"] = "where"
    mini.fails("no question 'where' in its self-check; it has way")


def test_a_chapter_that_is_not_built_is_named(mini):
    mini.make()
    (mini.sheets / "02-two.yml").write_text("")
    mini.fails("no book/02-two.html")


def test_the_command_says_what_is_wrong(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(slides, "SITE", tmp_path)
    monkeypatch.setattr(
        slides.make, "__defaults__", (tmp_path, source.SHEETS, tmp_path / "s", None)
    )
    assert slides.main([]) == 1
    assert capsys.readouterr().err == "the site is not built: run 'make book'\n"


# The book's own sheets.


@pytest.fixture(scope="module")
def site():
    """The built site."""
    path = book.ROOT / "_build" / "html"
    if not (path / "index.html").is_file():
        pytest.skip("the site is not built: run 'make book'")
    return path


def test_every_chapter_has_a_sheet():
    finished = [path.stem for path in book.chapters() if path.stem not in contract.drafts()]
    assert [path.stem for path in SHEETS] == finished


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_the_sheet_resolves(path, site):
    chapter = source.read_chapter(site, path.stem)
    sheet = source.read_sheet(path)
    found = slides.deck(chapter, sheet, path.name)
    assert 10 <= len(found) <= 15
    assert all(slide.heading and slide.notes for slide in found)
    figures = sum("<figure" in slide.body for slide in found)
    there = {piece.text for piece in chapter.pieces if piece.kind == "figure"}
    assert figures >= min(2, len(there))
    assert len(re.findall(r'class="ask"', "".join(slide.notes for slide in found))) >= 4
    # Each figure once: an id or a picture that comes twice would be a slip.
    named = [slide["figure"] for slide in sheet["slides"] if "figure" in slide]
    assert len(named) == len(set(named))


def test_no_solution_is_on_a_slide(site):
    for path in SHEETS:
        page = BeautifulSoup(
            (site / "book" / f"{path.stem}.html").read_text(encoding="utf-8"), "html.parser"
        )
        chapter = source.read_chapter(site, path.stem)
        text = "".join(
            slide.body + slide.notes
            for slide in slides.deck(chapter, source.read_sheet(path), path.name)
        )
        deck = source.words_of(BeautifulSoup(text, "html.parser"))
        for solution in page.select("details.solution p"):
            words = source.words_of(solution)
            assert len(words) < 40 or words not in deck


def test_the_shared_files_hold_the_colors_of_the_book(site):
    css = slides.assets(site)["slides.css"].decode()
    assert "--bond-ground: #16191e" in css and "--fig-blue: #3a8ed6" in css
    for path in re.findall(r"url\(\.\./\.\./([^)\"']+)\)", css):
        assert (site / path).is_file()


def test_reveal_is_the_vendored_one_with_its_license():
    assert (
        Path(slides.REVEAL / "reveal.js")
        .read_text(encoding="utf-8")
        .startswith("/*!\n * reveal.js 5.")
    )
    assert "Hakim El Hattab" in (slides.REVEAL / "LICENSE").read_text(encoding="utf-8")
