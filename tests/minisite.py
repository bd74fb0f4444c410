"""A site of a few small pages, as a build would leave it, for tests of the PDF and the EPUB."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from tools import book, volume

CHAPTER = "book/01-one"
KATEX = (
    '<span class="math"><span class="katex"><span class="katex-mathml">'
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mi>n</mi><mo>=</mo>'
    '<mn>2</mn></mrow><annotation encoding="application/x-tex">n = 2</annotation></semantics>'
    '</math></span><span class="katex-html" aria-hidden="true"><span class="base">'
    '<span class="mord mathnormal">n</span></span></span></span></span>'
)
LONG = "a_name = " + " + ".join(["another_long_name"] * 9)
BODY = f"""
<p>A formula, {KATEX}, a link to <a href="map.html#what">the map</a>, to <a href="run.html">how to run
it</a>, to <a href="https://example.org/paper">a paper</a> and to a
<a href="glossary.html#term-arm"><span class="std-term">arm</span></a>.</p>
<div class="run-this"><a href="01-one.zip">Download</a></div>
<p class="needs-server"><a href="../lite/index.html">Run it here</a></p>
<section id="look"><h2><span class="section-number">1.1. </span>Look<a class="headerlink" href="#look">#</a></h2>
<div class="cell"><div class="cell_input"><div class="highlight"><pre><span class="n">{LONG}</span>
<span class="s">"one
two"</span>
</pre></div></div>
<div class="cell_output"><figure id="fig-one"><img alt="A line that rises." src="../_images/one.svg"
loading="lazy" aria-details="long"><figcaption><p>A line.</p></figcaption><details id="long"
class="figure-description"><summary>Description</summary><p>It rises from left to right.</p></details></figure></div></div>
<figure class="slider-figure" id="slide"><svg viewBox="0 0 40 20" role="img" xmlns="http://www.w3.org/2000/svg"
aria-labelledby="slide-title"><title id="slide-title">A slide</title><rect width="40" height="20"
fill="var(--fig-ground, #fdfcf8)"/></svg><div class="slider-control" hidden><label for="s">x</label>
<input type="range" id="s"></div><p class="slider-said" data-part="said">x stands at 2.</p>
<output for="s"></output><figcaption>It slides.</figcaption><details class="slider-data"><summary>The
numbers</summary><div class="table-scroll"><table><caption>x</caption><thead><tr><th scope="col">x</th>
</tr></thead><tbody><tr><td>2</td></tr></tbody></table></div></details></figure>
</section>
<section id="exercises"><h2><span class="section-number">1.2. </span>Exercises</h2>
<div class="exercise admonition" id="ex-1"><p class="admonition-title">Exercise 1.1</p>
<section id="exercise-content"><p>Try it.</p></section></div>
<details class="admonition fold"><summary class="admonition-title">Hint</summary><p>Think of a line.</p></details>
<details class="solution admonition fold" id="{CHAPTER}-solution-1"><summary class="admonition-title">Solution to
Exercise 1.1</summary><section id="exercise-content"><p>It rises.</p></section></details></section>
<section id="self-check"><h2><span class="section-number">1.3. </span>Self-check</h2>
<div class="selfcheck"><div class="sc-question"><p><strong>1. </strong>Which way?</p>
<details class="sc-option"><summary><span class="sc-text">A. Up.</span></summary><div class="sc-feedback correct">
<p><strong>Yes. </strong>So it is.</p></div></details><details class="sc-option"><summary><span
class="sc-text">B. Down.</span></summary><div class="sc-feedback wrong"><p><strong>No. </strong>It rises.</p>
</div></details></div></div></section>
<script>alert(1)</script>
"""
SVG = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><metadata><a/></metadata><style>@media \
(prefers-color-scheme:dark){svg{fill:#fff}[fill="#000000"]{fill:#ffffff}}</style><path stroke="#000000"/>
<path d="M0 20L40 0" stroke="#000000"/></svg>
"""


class MiniSite:
    """A site and the files beside it that a volume reads, below a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.site = folder / "_build" / "html"
        (self.site / "book").mkdir(parents=True)
        (self.site / "_images").mkdir()
        (self.site / "_images" / "one.svg").write_text(SVG)
        shutil.copy(book.ROOT / "CITATION.cff", folder)
        self.configure("")
        parts = [
            {"caption": "Part I: A & B", "chapters": [{"file": CHAPTER}]},
            {"caption": "Around the book", "chapters": [{"file": name} for name in (*volume.BACK, "book/run")]},
        ]
        toc = {"format": "jb-book", "root": "index", "parts": parts}
        (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
        self.page("index", "A book", "<p>Begin here.</p>")
        self.page(CHAPTER, '<span class="section-number">1. </span>One & two', BODY.replace("&", "&amp;"))
        for name in volume.BACK:
            self.page(name, name.rpartition("/")[2].title(), '<p id="what">What.</p><p id="term-arm">Arm.</p>')

    def configure(self, address: str) -> None:
        """Set the address of the site."""
        config = {"title": "The Bond or the Drug?", "sphinx": {"config": {"bond_address": address}}}
        (self.root / "_config.yml").write_text(yaml.safe_dump(config))

    def page(self, name: str, title: str, body: str) -> None:
        """Write a page as the theme would."""
        (self.site / f"{name}.html").write_text(
            f'<!doctype html><html><body><nav>Contents</nav><main><article class="bd-article">'
            f'<section id="top"><h1>{title}<a class="headerlink" href="#top">#</a></h1>{body}</section>'
            f"</article></main></body></html>",
            encoding="utf-8",
        )

    def replace(self, old: str, new: str, name: str = CHAPTER) -> None:
        """Replace text of a page that must be there."""
        path = self.site / f"{name}.html"
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} does not hold {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def volume(self) -> volume.Volume:
        """The volume of the site."""
        return volume.read(self.site, self.root)

    def leaf(self, name: str) -> volume.Leaf:
        """One of its leaves."""
        return next(leaf for leaf in self.volume().leaves if leaf.name == name)
