"""The figure style and the shared drawings."""

import itertools
import re
import subprocess
import sys

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from helpers import figures
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from tools import book


@pytest.fixture
def ax():
    with matplotlib.rc_context():
        figures.use_style()
        figure, ax = plt.subplots()
        yield ax
        plt.close(figure)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_import_loads_no_plotting_library():
    code = "import sys, helpers.figures; print({'matplotlib', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_contrast_is_that_of_the_standard():
    assert figures.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("name", figures.COLORS)
def test_marks_and_labels_stand_out(name):
    assert figures.contrast(figures.MARK[name], figures.GROUND) >= 3
    assert figures.contrast(figures.TEXT[name], figures.GROUND) >= 4.5


def test_roles_differ_by_more_than_color():
    roles = ("alliance_prep", "alliance_post2", "mystical", "insight")
    assert len({figures.style(role)["marker"] for role in roles}) == 4
    assert len({figures.ROLE[role] for role in roles}) == 4


def test_style_takes_further_keywords_and_names_an_unknown_role():
    assert figures.style("insight", marker="x")["marker"] == "x"
    with pytest.raises(KeyError, match="no role 'mystic'; there are alliance_prep"):
        figures.style("mystic")


def test_fonts_hold_what_the_book_writes():
    needed = set(map(ord, "\u2212≤≥×±≈≠αβγδηρσΔΣμ–—’“”…éöÅ→"))
    paths = sorted(figures.FONT_FOLDER.glob("*.ttf"))
    assert len(paths) == 3
    for path in paths:
        assert needed <= set(FT2Font(str(path)).get_charmap())
    assert (figures.FONT_FOLDER / "OFL.txt").is_file()


@pytest.mark.parametrize("weight", ["normal", "medium", "semibold", "bold"])
@pytest.mark.parametrize("slant", ["normal", "italic"])
def test_every_weight_finds_the_bundled_font(weight, slant, caplog):
    figures.use_style()
    properties = font_manager.FontProperties(family=figures.FONT, weight=weight, style=slant)
    path = font_manager.findfont(properties, fallback_to_default=False)
    assert path.startswith(str(figures.FONT_FOLDER))
    assert caplog.text == ""


def test_drawing_is_silent_and_the_same_each_time(ax, tmp_path, caplog, capsys):
    ax.set_title("$r_{12}$, $\\rho$, \\bar x and **bold**", fontweight="bold")
    ax.plot([1, 2], [-1, 3])
    files = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for file in files:
        ax.figure.savefig(file, metadata={"Date": None})
    assert files[0].read_bytes() == files[1].read_bytes()
    assert "<text" not in files[0].read_text()
    assert caplog.text == "" and capsys.readouterr().err == ""


def test_use_style_twice_registers_the_fonts_once():
    figures.use_style()
    before = len(font_manager.fontManager.ttflist)
    figures.use_style()
    assert len(font_manager.fontManager.ttflist) == before


def test_dot_interval(ax):
    figures.dot_interval(ax, [0.2, -0.5], [-0.1, -0.8], [0.5, -0.1], ["A", "B"], markers=["o", "s"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "B"]
    assert texts(ax) == ["0.20 [\u22120.10, 0.50]", "\u22120.50 [\u22120.80, \u22120.10]"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row is on top


def test_dot_interval_may_lack_a_bound_and_the_numbers(ax):
    figures.dot_interval(ax, [0.2], [np.nan], [0.4], ["A"], reference=None, values=None)
    assert texts(ax) == [] and len(ax.lines) == 2


def test_dot_interval_names_what_is_too_short(ax):
    with pytest.raises(ValueError, match="lows has 1 rows, labels has 2"):
        figures.dot_interval(ax, [1, 2], [0], [2, 3], ["A", "B"])


def test_label_line_stands_at_the_line_in_a_readable_color(ax):
    (line,) = ax.plot([0, 1, 2], [5, 6, 7], color=figures.COLORS["yellow"], label="mean")
    end, middle = figures.label_line(ax, line), figures.label_line(ax, line, "here", at=0.9)
    assert (end.get_text(), end.xy) == ("mean", (2, 7))
    assert (middle.get_text(), middle.xy) == ("here", (1, 6))
    assert figures.contrast(end.get_color(), figures.GROUND) >= 4.5


NODES = {
    "a": {"at": (0, 0), "label": "A node with a long name", "color": "blue"},
    "b": (2, 0),
    "u": {"at": (1, 1), "style": "unmeasured"},
}


def test_draw_dag_keeps_every_box_inside_and_wraps_labels(ax):
    edges = [("a", "b"), ("u", "a", "dashed"), ("u", "b", "dashed", 0.2)]
    drawn = figures.draw_dag(ax, NODES, edges)
    assert drawn["a"].get_text() == "A node with a\nlong name"
    ax.figure.canvas.draw()
    width, height = ax.figure.canvas.get_width_height()
    for text in drawn.values():
        box = text.get_bbox_patch().get_window_extent()
        assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height


def test_draw_dag_arrows_end_at_the_border(ax):
    drawn = figures.draw_dag(ax, {"a": (0, 0), "b": (1, 0)}, [("a", "b")])
    ax.figure.canvas.draw()
    (arrow,) = [text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None)]
    path = arrow.get_path().transformed(arrow.get_transform())
    across = path.vertices[path.codes != path.CLOSEPOLY, 0]
    left = drawn["a"].get_bbox_patch().get_window_extent().x1
    right = drawn["b"].get_bbox_patch().get_window_extent().x0
    assert left <= across.min() <= left + 8
    assert right - 8 <= across.max() <= right


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        ({"a": (0, 0)}, [("a", "b")], "there is no node 'b'"),
        ({"a": (0, 0), "b": (1, 0)}, [("a", "b", "dots")], "no style 'dots'; use solid or dashed"),
        ({"a": {"at": (0, 0), "style": "star"}}, [], "node 'a': no style 'star'"),
    ],
)
def test_draw_dag_names_what_is_wrong(ax, nodes, edges, message):
    with pytest.raises(ValueError, match=message):
        figures.draw_dag(ax, nodes, edges)


EVENTS = pd.DataFrame(
    [
        ("immediate", "depression", 0, 0, np.nan, None),
        ("immediate", "dose", 3, 3, np.nan, None),
        ("immediate", "depression", 52, 12, np.nan, None),
        ("delayed", "wait", 0, 0, 8, "waiting"),
        ("delayed", "depression", 8, 8, np.nan, None),
    ],
    columns=["arm", "kind", "week", "position", "end", "label"],
)


def test_timeline(ax):
    figures.timeline(ax, EVENTS, breaks=[10])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["immediate", "delayed"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "3", "8", "52"]
    assert list(ax.get_xticks()) == [0, 3, 8, 12]
    assert {"waiting", "/ /"} <= set(texts(ax))
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["Psilocybin dose", "Depression rating"]


def test_timeline_hides_no_mark_behind_another(ax):
    same_week = EVENTS.assign(week=1, position=1.0, end=np.nan)
    figures.timeline(ax, same_week)
    marked = [line for line in ax.lines if line.get_marker() != "None"]
    places = [tuple(point) for line in marked for point in line.get_xydata()]
    assert len(set(places)) == len(set(same_week.groupby(["arm", "kind"]).groups))


def test_timeline_takes_another_kind(ax):
    figures.timeline(ax, EVENTS.assign(kind="interview", end=np.nan))
    assert ax.get_legend().get_texts()[0].get_text() == "interview"


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (EVENTS.drop(columns="kind"), "events lacks the column 'kind'"),
        (EVENTS.assign(week=[0, np.nan, 2, 3, 4]), "events, row 1: no week"),
    ],
)
def test_timeline_names_what_is_wrong(ax, events, message):
    with pytest.raises(ValueError, match=message):
        figures.timeline(ax, events)


def test_notebook_output_becomes_svg_without_a_date(monkeypatch):
    calls = []
    inline = pytest.importorskip("matplotlib_inline.backend_inline")
    monkeypatch.setattr(inline, "set_matplotlib_formats", lambda *a, **k: calls.append((a, k)))
    import IPython

    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    figures.use_style()
    assert calls == [(("svg",), {"bbox_inches": None, "metadata": {"Date": None}})]


# Dark


DARK_GROUND = figures.DARK[figures.GROUND]
# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "common": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip


def seen(color, vision):
    """A color in OKLab, as an eye of this kind sees it."""
    linear = np.clip(VISION[vision] @ figures._linear(color), 0, 1)
    return np.array(figures._LAB) @ np.cbrt(np.array(figures._LMS) @ linear)


def nearest(colors, vision):
    """The smallest distance of two colors; 0.02 is about what an eye can just tell apart."""
    return min(
        np.linalg.norm(seen(one, vision) - seen(other, vision))
        for one, other in itertools.combinations(colors, 2)
    )


@pytest.mark.parametrize("name", figures.COLORS)
def test_marks_and_labels_stand_out_in_the_dark(name):
    assert figures.contrast(figures.in_dark(figures.COLORS[name]), DARK_GROUND) >= 3
    assert figures.contrast(figures.in_dark(figures.MARK[name]), DARK_GROUND) >= 3
    assert figures.contrast(figures.in_dark(figures.TEXT[name]), DARK_GROUND) >= 4.5


def test_each_color_of_the_style_has_one_counterpart():
    names = [figures.COLORS, figures.MARK, figures.TEXT]
    assert set(figures._DARK) == set(figures.COLORS)
    for name, counterparts in figures._DARK.items():
        for palette, dark in zip(names, counterparts, strict=True):
            assert figures.in_dark(palette[name]) == dark  # two roles of one color agree


@pytest.mark.parametrize("vision", VISION)
def test_the_dark_colors_are_told_apart_as_well_as_the_light_ones(vision):
    dark = [figures.in_dark(color) for color in figures.MARK.values()]
    assert nearest(dark, vision) >= max(0.04, nearest(figures.MARK.values(), vision))


def test_another_color_keeps_its_hue_and_turns_its_lightness_around():
    pale, deep = figures.in_dark("#fde725"), figures.in_dark("#440154")
    assert figures._luminance(pale) < figures._luminance(deep)
    assert figures.contrast(deep, DARK_GROUND) > 4.5
    before, after = (np.arctan2(*figures._to_oklab(c)[1:]) for c in ("#440154", deep))
    assert after == pytest.approx(before, abs=0.1)
    grays = [f"#{level:02x}{level:02x}{level:02x}" for level in range(0, 256, 5)]
    turned = [figures._luminance(figures.in_dark(gray)) for gray in grays]
    assert turned == sorted(turned, reverse=True)


@pytest.mark.parametrize("color", ["red", "#fff", "#12345g", ""])
def test_what_is_no_color_has_no_counterpart(color):
    with pytest.raises(ValueError, match="is no color of the form #rrggbb"):
        figures.in_dark(color)


def test_the_stylesheet_has_the_same_colors():
    text = (book.ROOT / "_static" / "figures.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--fig-([\w-]+): (#[0-9a-f]{6});", part))
        for part in text.split("@media screen", 2)[:2]
    )
    wanted = {
        "ground": figures.GROUND, "ink": figures.COLORS["ink"], "soft": figures.TEXT["gray"],
        "line": figures.MARK["gray"], "grid": figures.GRID,
    }  # fmt: skip
    for name in set(figures.COLORS) - {"ink"}:
        short = name.replace("ll", "l") if name == "vermillion" else name
        wanted |= {short: figures.MARK[name], f"{short}-text": figures.TEXT[name]}
        wanted |= {f"{short}-area": figures.COLORS[name]}
    assert light == wanted
    assert dark == {name: figures.in_dark(color) for name, color in wanted.items()}
    page = (book.ROOT / "_static" / "book.css").read_text(encoding="utf-8")
    grounds = set(re.findall(r"--bond-ground: (#[0-9a-f]{6});", page))
    assert {figures.GROUND, DARK_GROUND} <= grounds  # a figure stands on the page, not on a plate
