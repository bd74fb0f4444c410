"""The files of the figures, their place on a page, and their descriptions."""

import re
import sys
import xml.etree.ElementTree as ElementTree

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from docutils import nodes
from docutils.utils import new_document
from drawing import drawn
from helpers import figures
from minibook import MiniBook

from tools import book

sys.path.insert(0, str(book.ROOT / "_ext"))
import bond_figures as bond
from bond_figures import FigureError, Size

BUILT = sorted((book.ROOT / "_build" / "html" / "_images").glob("*.svg"))


@pytest.fixture(scope="module")
def svg():
    return drawn()


@pytest.fixture(scope="module")
def small(svg):
    return bond.written_small(svg)


# Small


def test_a_figure_gets_smaller_and_stays_a_whole_drawing(svg, small):
    assert bond.weight(small) < 0.75 * bond.weight(svg)
    assert "metadata" not in small and "<!" not in small and "<?" not in small
    count = [len(re.findall("<use ", text)) for text in (svg, small)]
    spaces = len(re.findall(r'href="#[^"]*-20"', svg))  # a letter that draws nothing
    assert count[0] - spaces == count[1]
    root = ElementTree.fromstring(small)
    before = ElementTree.fromstring(svg)
    assert [root.get(name) for name in ("width", "height", "viewBox")] == [
        before.get(name) for name in ("width", "height", "viewBox")
    ]
    assert root.get("stroke-linejoin") == "round"


def test_the_same_drawing_gives_the_same_bytes(svg, small):
    assert bond.written_small(svg) == small
    assert bond.following_the_page(small) == bond.following_the_page(small)


def test_places_are_kept_to_a_hundredth(svg, small):
    def places(text):
        return [float(x) for x in re.findall(r'<use [^>]*?\bx="(-?[\d.]+)"', text)]

    assert len(places(svg)) > 300
    assert np.allclose(sorted(places(svg)), sorted(places(small)), atol=0.0051)
    assert max(len(x) for x in re.findall(r'<use [^>]*?\bx="(-?[\d.]+)"', small)) <= 6


@pytest.mark.parametrize(
    ("number", "text"), [("12.3456", "12.35"), ("0.5", ".5"), ("-0.25", "-.25"), ("-0.001", "0"), ("7.00", "7")]
)
def test_a_number_is_written_short(number, text):
    assert bond._hundredth(number) == text


def test_only_drawings_of_matplotlib_are_touched(svg):
    assert bond.is_drawing(svg)
    assert not bond.is_drawing((book.ROOT / "_static" / "logo.svg").read_text(encoding="utf-8"))


# Dark


def dark_rules(text):
    """The stylesheet of a figure, as {(attribute, light): dark}."""
    (style,) = re.findall(r"<style>@media \(prefers-color-scheme:dark\)\{(.*?)\}</style>", text)
    return {(m[1], m[2]): m[4] for m in re.finditer(r'\[(\w+)="(#\w+)"\]\{(\w+):(#\w+)\}', style)}


def unmapped(text):
    """The colors of a figure that no rule turns dark."""
    rules = dark_rules(text)
    return [pair for pair in bond.colors(text) if rules.get(pair) != figures.in_dark(pair[1])]


def test_every_color_has_its_rule_and_the_drawing_stays_light(small):
    both = bond.following_the_page(small)
    assert unmapped(both) == [] and len(dark_rules(both)) >= 6
    assert f"svg{{fill:{figures.in_dark('#000000')}}}" in both  # for what names no color
    assert re.sub("<style>.*?</style>", "", both) == small
    assert dark_rules(both)["fill", figures.GROUND] == "#16191e"
    ElementTree.fromstring(both)


def test_a_bitmap_in_a_drawing_is_turned_as_a_whole():
    both = bond.following_the_page(bond.written_small(drawn(rasterized=True)))
    assert "<image" in both and "image{filter:invert(1) hue-rotate(180deg)}" in both


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ('<path fill="red" d="M0 0"/>', "'red' is no color of the form #rrggbb"),
        ('<path stroke="#fff" d="M0 0"/>', "'#fff' is no color"),
        ('<path style="opacity: 1; fill: #ffffff" d="M0 0"/>', "a style attribute sets a color"),
    ],
)
def test_a_color_that_no_rule_can_reach_is_a_fault(part, fault):
    with pytest.raises(FigureError, match=fault):
        bond.following_the_page(f"<svg>{part}</svg>")


@pytest.mark.skipif(not BUILT, reason="the site is not built: run 'make book'")
def test_no_color_of_a_built_figure_is_without_a_counterpart():
    faults = {path.name: unmapped(path.read_text(encoding="utf-8")) for path in BUILT}
    assert {name: colors for name, colors in faults.items() if colors} == {}


@pytest.mark.skipif(not BUILT, reason="the site is not built: run 'make book'")
def test_the_words_in_a_built_figure_can_be_read_in_both_modes():
    faults = []
    for path in BUILT:
        text = path.read_text(encoding="utf-8")
        for color in set(re.findall(r'<g transform="translate\([^"]*scale\([^"]*" fill="(#\w{6})">', text)):
            light = figures.contrast(color, figures.GROUND)
            dark = figures.contrast(figures.in_dark(color), figures.DARK[figures.GROUND])
            if min(light, dark) < 4.5:
                faults.append(f"{path.name}: {color}, {light:.1f} on light and {dark:.1f} on dark")
    assert faults == []


@pytest.mark.skipif(not BUILT, reason="the site is not built: run 'make book'")
def test_no_built_figure_is_heavy():
    assert max(bond.weight(path.read_text(encoding="utf-8")) for path in BUILT) <= bond.HEAVIEST


@pytest.mark.skipif(not BUILT, reason="the site is not built: run 'make book'")
def test_a_built_figure_holds_what_it_draws():
    for path in BUILT:
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r'href="#([^"]+)"', text)) <= set(re.findall(r'\bid="([^"]+)"', text))


# The pages


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ('<svg width="417.6pt" height="216pt">', Size(557, 288)),
        ('<svg width="20" height="10px">', Size(20, 10)),
        ('<svg viewBox="0 0 68 44">', Size(68, 44)),
        ('<svg width="100%" height="5em">', None),
        ("no drawing", None),
    ],
)
def test_the_size_of_a_drawing(tmp_path, text, size):
    path = tmp_path / "a.svg"
    path.write_text(text, encoding="utf-8")
    assert bond.size_of(path) == size


def test_the_size_of_a_bitmap(tmp_path):
    plt.imsave(tmp_path / "a.png", np.zeros((3, 7)))
    assert bond.size_of(tmp_path / "a.png") == Size(7, 3)


BODY = """<figure class="align-default" id="fig-one">
<img alt="a &gt; b" src="../_images/one.svg" />
<figcaption>One</figcaption></figure>
<details class="figure-description" id="fig-one-description"><summary>Description</summary></details>
<img src="raw.png" width="3" loading="eager"><figure id="fig-two"><img src="_images/two.svg"/></figure>"""
SIZES = {"one.svg": Size(20, 10), "raw.png": Size(9, 9), "two.svg": None}


def test_pictures_get_size_late_loading_and_their_description():
    body = bond.with_attributes(BODY, SIZES, opens_the_book=False)
    one, raw, two = re.findall("<img[^>]*>", body)
    assert one == (
        '<img alt="a &gt; b" src="../_images/one.svg" width="20" height="10" loading="lazy" '
        'decoding="async" aria-details="fig-one-description" />'
    )
    assert raw == '<img src="raw.png" width="3" loading="eager" decoding="async">'
    assert two == '<img src="_images/two.svg" loading="lazy" decoding="async"/>'
    assert re.sub("<img[^>]*>", "", body) == re.sub("<img[^>]*>", "", BODY)


def test_the_picture_that_opens_the_book_comes_first():
    one, raw, two = re.findall("<img[^>]*>", bond.with_attributes(BODY, SIZES, opens_the_book=True))
    assert 'fetchpriority="high"' in one and "loading" not in one
    assert 'loading="lazy"' in two and "fetchpriority" not in raw + two


# The descriptions


def cell(metadata, *names, alt="A line.", uri="no.svg"):
    """A cell as myst-nb makes it, in a document."""
    document = new_document("book/one.md")
    node = nodes.container(nb_element="cell_code", cell_metadata=metadata, classes=["cell"])
    output = nodes.container(classes=["cell_output"])
    node += output
    for name in names or ("fig-one",):
        figure = nodes.figure("", nodes.image(uri=uri, alt=alt), names=[name] * bool(name), ids=[name] * bool(name))
        output += figure
    document += node
    return node


def test_a_description_stands_below_its_figure():
    node = cell({"bond": {"description": "Two panels.\nThe left one\trises.\n"}})
    bond.add_description(node)
    (description,) = node.findall(bond.figure_description)
    assert node.index(description) == 1 and description["ids"] == ["fig-one-description"]
    assert [p.astext() for p in description] == ["Two panels.", "The left one rises."]


@pytest.mark.parametrize(
    ("metadata", "names", "fault"),
    [
        ({"bond": {"descripton": "x"}}, ["a"], "know 'description' only, not 'descripton'"),
        ({"bond": "x"}, ["a"], "know 'description' only, not 'x'"),
        ({"bond": {"description": " "}}, ["a"], "is empty"),
        ({"bond": {"description": 3}}, ["a"], "is empty"),
        ({"bond": {"description": "x"}}, ["a", "b"], "2 figures with a name"),
        ({"bond": {"description": "x"}}, [""], "0 figures with a name"),
    ],
)
def test_metadata_that_cannot_be_used_are_named(metadata, names, fault):
    with pytest.raises(FigureError, match=fault):
        bond.add_description(cell(metadata, *names))


def test_no_metadata_no_description():
    node = cell({"tags": []})
    bond.add_description(node)
    assert len(node) == 1


@pytest.mark.parametrize(
    ("alt", "panels", "reason"),
    [
        ("A line.", 1, ""),
        ("A line.", 2, "has 2 panels"),
        ("x" * 300, 1, ""),
        ("x " * 160, 1, "has an alt text of 319 characters (more than 300)"),
    ],
)
def test_what_needs_a_description(tmp_path, alt, panels, reason):
    (tmp_path / "a.svg").write_text(drawn(panels=panels), encoding="utf-8")
    (image,) = cell({}, alt=alt, uri="a.svg").findall(nodes.image)
    assert bond.reason_for_description(image, tmp_path) == reason


FIGURE = """
```{{code-cell}} ipython3
---
mystnb:
  image:
    alt: Two lines that rise.
  figure:
    caption: Two lines.
    name: fig-lines
{more}---
import matplotlib.pyplot as plt
from helpers import figures

figures.use_style()
figure, axes = plt.subplots(1, 2)
axes[1].axhline(1, color={color!r})
plt.show()
```
"""
DESCRIPTION = 'bond:\n  description: >-\n    Both lines "rise".\n\n    Nothing falls.\n'


def test_the_build_adds_the_description_and_asks_for_a_missing_one(tmp_path):
    mini = MiniBook(tmp_path)
    mini.add(FIGURE.format(more=DESCRIPTION, color="#0072b2"))
    result = mini.build()
    assert result.returncode == 0, result.stdout + result.stderr
    page = mini.page()
    assert re.search(
        r'<details class="figure-description" id="fig-lines-description"><summary>Description of '
        r"(the )?figure[ \d.]*</summary>\s*<p>Both lines “rise”.</p>\s*<p>Nothing falls.</p>\s*</details>",
        page,
    )
    assert re.search(r'<img [^>]*width="557" height="346" [^>]*aria-details="fig-lines-description"', page)
    (file,) = (mini.root / "_build/html/_images").glob("*.svg")
    first = file.read_text(encoding="utf-8")
    assert unmapped(first) == []

    mini.replace("book/one.md", DESCRIPTION, "")
    result = mini.build()
    assert result.returncode != 0
    assert "a figure has 2 panels, and its cell has no 'bond: {description: ...}'" in result.stdout + result.stderr
    assert file.read_text(encoding="utf-8") == first
