"""The book's one figure style, and the few drawings that several chapters share.

``use_style()`` at the head of a chapter sets everything: font, ground, colors,
and SVG output when a notebook is running. Colors are Okabe and Ito's (2008),
which readers with any common color vision can tell apart. Each role also has a
marker and a line style of its own, so that no figure depends on color alone.
``DARK`` gives each color its counterpart on a dark page.

Importing this module loads no plotting library; the functions do.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = [
    "COLORS",
    "DARK",
    "GRID",
    "GROUND",
    "KINDS",
    "MARK",
    "ROLE",
    "ROLE_TEXT",
    "SIZE",
    "TEXT",
    "contrast",
    "dot_interval",
    "draw_dag",
    "in_dark",
    "label_line",
    "style",
    "timeline",
    "use_style",
]

GROUND = "#fdfcf8"
"""The warm white that every figure stands on; ``DARK`` names its counterpart."""

GRID = "#dedbd2"
"""The color of grid lines and of lines between rows."""

FONT = "Bond Sans"
FONT_FOLDER = Path(__file__).parent / "fonts"
SIZE = (5.8, 3.6)
"""Width and height of a figure in inches; its text stays legible on a 320 px screen."""


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colors, from 1 to 21.

    Parameters
    ----------
    one, other
        Colors as ``#rrggbb``.

    Returns
    -------
    float
        The ratio defined by WCAG 2.2. Text needs 4.5, a mark needs 3.

    Examples
    --------
    >>> contrast("#000000", "#ffffff")
    21.0
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _channels(color: str) -> list[float]:
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def _linear(color: str) -> list[float]:
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(color)]


def _luminance(color: str) -> float:
    weights = (0.2126, 0.7152, 0.0722)
    return sum(w * c for w, c in zip(weights, _linear(color), strict=True))


def _darkened(color: str, ratio: float) -> str:
    """The color, scaled toward black until it has this contrast on the ground."""
    channels = _channels(color)
    for step in range(100, 0, -1):
        scaled = "#" + "".join(f"{round(255 * c * step / 100):02x}" for c in channels)
        if contrast(scaled, GROUND) >= ratio:
            return scaled
    return "#000000"


COLORS = {
    "ink": "#22242a",
    "blue": "#0072b2",
    "orange": "#e69f00",
    "green": "#009e73",
    "vermillion": "#d55e00",
    "sky": "#56b4e9",
    "purple": "#cc79a7",
    "yellow": "#f0e442",
    "gray": "#8c8f94",
}
"""Okabe and Ito's colors by name: for areas, which need no contrast of their own."""

MARK = {name: _darkened(color, 3.0) for name, color in COLORS.items()}
"""The same colors, darkened where they must be seen as a point or a line (3:1)."""

TEXT = {name: _darkened(color, 4.5) for name, color in COLORS.items()}
"""The same colors, darkened where they must be read (4.5:1)."""

_DARK = {  # for areas, for marks, for text
    "ink": ("#dfded9", "#dfded9", "#dfded9"),
    "blue": ("#3a8ed6", "#3a8ed6", "#3a8ed6"),
    "orange": ("#c08410", "#eeb03c", "#eeb03c"),
    "green": ("#35b48f", "#35b48f", "#45be99"),
    "vermillion": ("#e0692a", "#e0692a", "#f0854a"),
    "sky": ("#6fb2da", "#93cdf2", "#93cdf2"),
    "purple": ("#b76f98", "#dd9dc0", "#dd9dc0"),
    "yellow": ("#a89f2e", "#f0e442", "#f0e442"),
    "gray": ("#777b82", "#777b82", "#a5a9b0"),
}

DARK = {GROUND: "#16191e", GRID: "#333941"} | {
    light: dark
    for name, counterparts in _DARK.items()
    for light, dark in zip((COLORS[name], MARK[name], TEXT[name]), counterparts, strict=True)
}
"""For each color of the style its counterpart on a dark page.

A figure is drawn in its light colors only. The site's build adds the dark ones,
so that one file follows the page from light to dark.
"""


def in_dark(color: str) -> str:
    """What a color of a figure becomes on a dark page.

    Parameters
    ----------
    color
        A color as ``#rrggbb``.

    Returns
    -------
    str
        Its counterpart in ``DARK``. Any other color keeps its hue, and its
        lightness is turned around: the light ground becomes the dark one, black
        becomes nearly white.

    Raises
    ------
    ValueError
        When the color is not written as ``#rrggbb``.

    Examples
    --------
    >>> in_dark(GROUND)
    '#16191e'
    >>> in_dark("#000000")
    '#eeeeee'
    """
    color = color.lower()
    if not re.fullmatch("#[0-9a-f]{6}", color):
        raise ValueError(f"{color!r} is no color of the form #rrggbb")
    if color in DARK:
        return DARK[color]
    lightness, a, b = _to_oklab(color)
    top, bottom = _to_oklab(GROUND)[0], _to_oklab(DARK[GROUND])[0]
    turned = _BLACK_IN_DARK - (_BLACK_IN_DARK - bottom) * lightness / top
    for percent in range(100, -1, -2):  # less chroma, until the screen can show it
        channels = _from_oklab(turned, a * percent / 100, b * percent / 100)
        if all(-1e-3 <= channel <= 1 + 1e-3 for channel in channels):
            break
    return "#" + "".join(f"{round(255 * min(max(c, 0), 1)):02x}" for c in channels)


_BLACK_IN_DARK = 0.95
"""The lightness, from 0 to 1, that black gets on a dark page."""

# Ottosson's OKLab (2020): a color's lightness apart from its hue.
_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_ROOTS = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_RGB = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)


def _times(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> list[float]:
    return [sum(w * v for w, v in zip(row, vector, strict=True)) for row in matrix]


def _to_oklab(color: str) -> list[float]:
    return _times(_LAB, [value ** (1 / 3) for value in _times(_LMS, _linear(color))])


def _from_oklab(lightness: float, a: float, b: float) -> list[float]:
    """Channels of the screen, outside 0 to 1 where it cannot show the color."""
    linear = _times(_RGB, [root**3 for root in _times(_ROOTS, (lightness, a, b))])
    return [12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in linear]


_ROLES = {
    "alliance_prep": ("blue", "o", "-"),
    "alliance_post2": ("sky", "s", "--"),
    "mystical": ("vermillion", "D", "-"),
    "insight": ("green", "^", "-."),
    "depression": ("ink", "o", "-"),
    "immediate": ("blue", "o", "-"),
    "delayed": ("orange", "s", "--"),
    "published": ("ink", "D", "-"),
    "rebuilt": ("vermillion", "o", "--"),
    "reference": ("gray", "|", ":"),
}

ROLE = {role: MARK[name] for role, (name, _, _) in _ROLES.items()}
"""The color of each thing that several figures show."""

ROLE_TEXT = {role: TEXT[name] for role, (name, _, _) in _ROLES.items()}
"""The color of its label."""


def style(role: str, **more: Any) -> dict[str, Any]:
    """Keywords for ``ax.plot`` that draw a role the same way in every figure.

    Parameters
    ----------
    role
        A key of ``ROLE``, such as ``"mystical"``.
    **more
        Further keywords; they win over the role's own.

    Returns
    -------
    dict
        ``color``, ``marker``, ``linestyle`` and ``more``.

    Raises
    ------
    KeyError
        When no role has this name; the message lists the names.

    Examples
    --------
    >>> style("mystical", linestyle="none")
    {'color': '#d55e00', 'marker': 'D', 'linestyle': 'none'}
    """
    if role not in _ROLES:
        raise KeyError(f"no role {role!r}; there are {', '.join(_ROLES)}")
    _, marker, line = _ROLES[role]
    return {"color": ROLE[role], "marker": marker, "linestyle": line} | more


def use_style() -> None:
    """Set the book's style for every figure drawn after this call.

    In a notebook figures also become SVG with the same bytes in each run.
    Calling it twice does no harm.

    Examples
    --------
    >>> use_style()
    >>> import matplotlib
    >>> matplotlib.rcParams["font.sans-serif"][0]
    'Bond Sans'
    """
    import matplotlib
    from cycler import cycler

    _register_fonts()
    ink, gray = COLORS["ink"], TEXT["gray"]
    order = ["blue", "vermillion", "green", "orange", "purple", "sky"]
    dashes = ["-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (1, 1))]
    matplotlib.rcParams.update(
        {
            "font.family": "sans-serif",
            "font.sans-serif": [FONT, "DejaVu Sans"],
            "font.size": 12,
            "mathtext.fontset": "custom",
            "mathtext.rm": FONT,
            "mathtext.it": f"{FONT}:italic",
            "mathtext.bf": f"{FONT}:bold",
            "mathtext.bfit": f"{FONT}:italic:bold",
            "mathtext.cal": f"{FONT}:italic",
            "mathtext.sf": FONT,
            "mathtext.tt": FONT,
            "mathtext.fallback": "stixsans",
            "text.color": ink,
            "figure.figsize": SIZE,
            "figure.facecolor": GROUND,
            "figure.constrained_layout.use": True,
            "savefig.facecolor": GROUND,
            "axes.facecolor": GROUND,
            "axes.edgecolor": gray,
            "axes.linewidth": 0.8,
            "axes.labelcolor": ink,
            "axes.labelsize": 12,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 13,
            "axes.titleweight": "semibold",
            "axes.titlepad": 10,
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=[MARK[name] for name in order])
            + cycler(linestyle=dashes),
            "grid.color": GRID,
            "grid.linewidth": 0.7,
            "lines.linewidth": 1.8,
            "lines.markersize": 6.5,
            "scatter.edgecolors": GROUND,
            "patch.edgecolor": GROUND,
            "legend.frameon": False,
            "legend.fontsize": 11.5,
            "xtick.color": gray,
            "ytick.color": gray,
            "xtick.labelcolor": ink,
            "ytick.labelcolor": ink,
            "xtick.labelsize": 11.5,
            "ytick.labelsize": 11.5,
            "svg.fonttype": "path",  # an SVG in <img> cannot use the page's fonts
            "svg.hashsalt": "the bond or the drug",
        }
    )
    _use_svg_in_notebooks()


_WEIGHTS = {"Regular": (400, 500), "Semibold": (600, 700), "Italic": (400, 500, 600, 700)}


def _register_fonts() -> None:
    """Make the bundled font known, each file for every weight that it stands in for.

    Without the stand-ins matplotlib warns when a figure asks for bold, and a
    warning stops the build.
    """
    from dataclasses import replace

    from matplotlib.font_manager import fontManager

    if any(entry.name == FONT for entry in fontManager.ttflist):
        return
    for path in sorted(FONT_FOLDER.glob("*.ttf")):
        fontManager.addfont(path)
        entry = next(e for e in fontManager.ttflist if e.fname == str(path))
        fontManager.ttflist = [e for e in fontManager.ttflist if e.fname != str(path)]
        fontManager.ttflist += [
            replace(entry, name=FONT, weight=weight)
            for weight in _WEIGHTS[path.stem.removeprefix("BondSans-")]
        ]


def _use_svg_in_notebooks() -> None:
    """Have a running notebook show SVG, without the date that changes its bytes."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("svg", bbox_inches=None, metadata={"Date": None})


def dot_interval(
    ax: Axes,
    estimates: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    labels: Sequence[str],
    *,
    colors: str | Sequence[str] = MARK["blue"],
    markers: str | Sequence[str] = "o",
    reference: float | None = 0.0,
    values: str | None = "{estimate:.2f} [{low:.2f}, {high:.2f}]",
) -> None:
    """Draw estimates with their intervals as rows, the first on top.

    Parameters
    ----------
    ax
        Where to draw.
    estimates, lows, highs
        One number a row, all in the unit of the x axis. A missing bound
        (``nan``) leaves the point without a line.
    labels
        One name a row, written at the left.
    colors, markers
        One for all rows or one a row.
    reference
        Where to draw a thin vertical line; ``None`` draws none.
    values
        How to write each row's numbers at the right; ``None`` writes none.

    Raises
    ------
    ValueError
        When the sequences differ in length.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> dot_interval(ax, [0.2, -0.5], [-0.1, -0.8], [0.5, -0.1], ["A", "B"])
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['A', 'B']
    >>> plt.close(figure)
    """
    count = len(labels)
    for name, given in (("estimates", estimates), ("lows", lows), ("highs", highs)):
        if len(given) != count:
            raise ValueError(f"{name} has {len(given)} rows, labels has {count}")
    colors = [colors] * count if isinstance(colors, str) else colors
    markers = [markers] * count if isinstance(markers, str) else markers
    if reference is not None:
        ax.axvline(reference, color=MARK["gray"], linewidth=1, zorder=0)
    rows = zip(estimates, lows, highs, colors, markers, strict=True)
    for row, (estimate, low, high, color, marker) in enumerate(rows):
        ax.plot([low, high], [row, row], color=color, linestyle="-", linewidth=2.2)
        ax.plot([estimate], [row], color=color, marker=marker, linestyle="none", markersize=8)
        if values is not None:
            text = _minus(values.format(estimate=estimate, low=low, high=high))
            ax.annotate(
                text,
                (1.02, row),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize="small",
            )
    ax.set_yticks(range(count), labels)
    ax.set_ylim(count - 0.4, -0.6)
    ax.tick_params(axis="y", length=0, pad=10)
    ax.spines["left"].set_visible(False)


def _minus(text: str) -> str:
    """A typeset minus sign for each hyphen."""
    return text.replace("-", "\u2212")


def label_line(
    ax: Axes,
    line: Line2D,
    text: str | None = None,
    *,
    at: float | None = None,
    offset: tuple[float, float] = (6.0, 0.0),
    **more: Any,
) -> Artist:
    """Write a line's name beside it, in its own color made readable.

    Parameters
    ----------
    ax
        The axes of the line.
    line
        What ``ax.plot`` gave.
    text
        The label; without it, the line's own ``label``.
    at
        The x of the point to label (the nearest one is used); without it, the
        last point.
    offset
        Distance from that point, in typographic points (right, up).
    **more
        Further keywords for ``ax.annotate``.

    Returns
    -------
    matplotlib.text.Annotation
        The label.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> (line,) = ax.plot([0, 1], [0, 2], color=COLORS["orange"], label="mean")
    >>> label_line(ax, line).get_text()
    'mean'
    >>> plt.close(figure)
    """
    from matplotlib.colors import to_hex

    xs, ys = line.get_xdata(), line.get_ydata()
    index = len(xs) - 1
    if at is not None:
        index = min(range(len(xs)), key=lambda i: abs(xs[i] - at))
    keywords = {
        "va": "center",
        "color": _darkened(to_hex(line.get_color()), 4.5),
        "annotation_clip": False,
    }
    return ax.annotate(
        line.get_label() if text is None else text,
        (xs[index], ys[index]),
        xytext=offset,
        textcoords="offset points",
        **(keywords | more),
    )


_NODE_STYLES = {
    "box": {"boxstyle": "round,pad=0.45,rounding_size=0.25", "linestyle": "-"},
    "ellipse": {"boxstyle": "ellipse,pad=0.3", "linestyle": "-"},
    "unmeasured": {"boxstyle": "ellipse,pad=0.3", "linestyle": (0, (4, 2.5))},
}
_EDGE_STYLES = {"solid": "-", "dashed": (0, (4, 2.5))}


def draw_dag(
    ax: Axes,
    nodes: Mapping[str, tuple[float, float] | Mapping[str, Any]],
    edges: Iterable[Sequence[Any]],
    *,
    wrap: int = 14,
) -> dict[str, Artist]:
    """Draw a causal diagram: what is assumed to act on what.

    Parameters
    ----------
    ax
        Where to draw; its frame is taken away.
    nodes
        For each name a place ``(x, y)``, or a mapping with ``at`` (the place)
        and, as needed, ``label``, ``color`` (a name in ``COLORS``) and
        ``style``: ``"box"`` (measured), ``"ellipse"``, or ``"unmeasured"`` (a
        dashed ellipse). Only the places' relation matters, not their unit.
    edges
        Arrows as ``(a, b)``, ``(a, b, style)`` or ``(a, b, style, bend)``.
        ``"solid"`` is an assumed effect, ``"dashed"`` one through something
        unmeasured. A bend of 0.2 curves the arrow gently; its sign gives the
        side.
    wrap
        Characters in a line of a label. A label with a line break is kept.

    Returns
    -------
    dict
        The text of each node, by name.

    Raises
    ------
    ValueError
        When an edge names a node that is not there, or a style is unknown.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> drawn = draw_dag(ax, {"alliance": (0, 0), "depression": (1, 0)},
    ...                  [("alliance", "depression")])
    >>> sorted(drawn)
    ['alliance', 'depression']
    >>> plt.close(figure)
    """
    specs = {
        name: dict(spec) if hasattr(spec, "keys") else {"at": spec} for name, spec in nodes.items()
    }
    drawn = {}
    for name, spec in specs.items():
        kind = spec.get("style", "box")
        if kind not in _NODE_STYLES:
            raise ValueError(f"node {name!r}: no style {kind!r}; use {', '.join(_NODE_STYLES)}")
        label = spec.get("label", name)
        if "\n" not in label:
            label = "\n".join(textwrap.wrap(label, wrap, break_long_words=False))
        color = spec.get("color", "ink")
        drawn[name] = ax.text(
            *spec["at"],
            label,
            ha="center",
            va="center",
            linespacing=0.95,
            color=TEXT[color],
            in_layout=False,  # the limits below make room, not the layout
            bbox={"facecolor": GROUND, "edgecolor": MARK[color], "linewidth": 1.4}
            | _NODE_STYLES[kind],
        )
    for edge in edges:
        _draw_edge(ax, drawn, *edge)
    ax.set_axis_off()
    _fit_limits(ax, drawn.values())
    return drawn


def _fit_limits(ax, texts):
    """Set the limits so that every box of text lies within the axes."""
    ax.figure.draw_without_rendering()  # now the boxes have a size
    boxes = [text.get_bbox_patch().get_window_extent() for text in texts]
    frame = ax.get_window_extent()
    for axis, room in ((0, frame.width), (1, frame.height)):
        places = [text.get_position()[axis] for text in texts]
        sizes = [(box.width, box.height)[axis] + 4 for box in boxes]
        low, high = min(places), max(places)
        before = max(s for p, s in zip(places, sizes, strict=True) if p == low) / 2
        after = max(s for p, s in zip(places, sizes, strict=True) if p == high) / 2
        unit = ((high - low) or 1.0) / max(room - before - after, 0.2 * room)
        set_limits = (ax.set_xlim, ax.set_ylim)[axis]
        if low == high:
            set_limits(low - 1, high + 1)
        else:
            set_limits(low - before * unit, high + after * unit)


def _draw_edge(ax, drawn, start, end, kind="solid", bend=0.0):
    """One arrow, from border to border."""
    for name in (start, end):
        if name not in drawn:
            raise ValueError(f"edge {start!r} to {end!r}: there is no node {name!r}")
    if kind not in _EDGE_STYLES:
        raise ValueError(f"edge {start!r} to {end!r}: no style {kind!r}; use solid or dashed")
    ax.annotate(
        "",
        xy=drawn[end].get_position(),
        xytext=drawn[start].get_position(),
        arrowprops={
            "arrowstyle": "-|>,head_length=0.55,head_width=0.24",
            "connectionstyle": f"arc3,rad={bend}",
            "linestyle": _EDGE_STYLES[kind],
            "color": TEXT["gray"],
            "linewidth": 1.5,
            "patchA": drawn[start].get_bbox_patch(),
            "patchB": drawn[end].get_bbox_patch(),
            "shrinkA": 2,
            "shrinkB": 2,
        },
    )


KINDS = {
    "dose": ("vermillion", "D", "Psilocybin dose"),
    "depression": ("ink", "o", "Depression rating"),
    "alliance": ("blue", "s", "Alliance rating"),
    "acute": ("green", "^", "Acute effects rating"),
    "randomized": ("purple", "v", "Randomization"),
}
"""How ``timeline`` marks each kind of event: color, marker, name in the key."""


def timeline(
    ax: Axes,
    events: pd.DataFrame,
    *,
    breaks: Sequence[float] = (),
    xlabel: str = "Weeks since enrollment",
) -> None:
    """Draw what happened to each arm, and when.

    Each arm is a lane, its first row on top. Within a lane each kind of event
    has a line of its own, so that marks never hide one another.

    Parameters
    ----------
    ax
        Where to draw.
    events
        One row an event, with the columns ``arm``, ``kind`` and ``week``.
        Optional columns: ``position``, the place on the x axis where it is not
        the week itself (for a long follow-up); ``end``, the place where a span
        ends; ``label``, the words in a span. A row with ``end`` is drawn
        as a band behind the marks, whatever its kind. Kinds are the keys of
        ``KINDS``; another kind gets a gray ring and its own name.
    breaks
        Positions at which the axis is cut, shown by two strokes.
    xlabel
        The label of the x axis.

    Raises
    ------
    ValueError
        When a column is missing or a row has no place in time.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> events = pd.DataFrame({"arm": ["immediate"] * 2, "kind": ["dose"] * 2, "week": [3, 5]})
    >>> figure, ax = plt.subplots()
    >>> timeline(ax, events)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['immediate']
    >>> plt.close(figure)
    """
    if missing := {"arm", "kind", "week"} - set(events.columns):
        raise ValueError(f"events lacks the column {sorted(missing)[0]!r}")
    rows = [_timeline_row(index, row) for index, row in events.iterrows()]
    marks = [row for row in rows if row["end"] is None]
    lanes = {arm: lane for lane, arm in enumerate(events["arm"].unique())}
    present = list(dict.fromkeys(row["kind"] for row in marks))
    kinds = [kind for kind in KINDS if kind in present]
    kinds += [kind for kind in present if kind not in KINDS]
    step = 0.62 / max(len(kinds), 1)
    height = {kind: (i - (len(kinds) - 1) / 2) * step for i, kind in enumerate(kinds)}

    for row in rows:
        if row["end"] is not None:
            _draw_span(ax, row, lanes[row["arm"]])
    for kind in kinds:
        color, marker, name = KINDS.get(kind, ("gray", "$\u25cb$", kind))
        of_kind = [row for row in marks if row["kind"] == kind]
        ax.plot(
            [row["position"] for row in of_kind],
            [lanes[row["arm"]] + height[kind] for row in of_kind],
            linestyle="none",
            marker=marker,
            color=MARK[color],
            markeredgecolor=GROUND,
            markersize=9,
            label=name,
            clip_on=False,
        )
    ticks = _spaced_ticks(rows)
    ax.set_xticks(list(ticks), list(ticks.values()))
    ax.set_xlabel(xlabel)
    ax.set_yticks(list(lanes.values()), list(lanes))
    ax.set_ylim(len(lanes) - 0.5, -0.55)
    ax.tick_params(axis="y", length=0, pad=10)
    ax.spines["left"].set_visible(False)
    for lane in range(1, len(lanes)):
        ax.axhline(lane - 0.5, color=GRID, linewidth=0.8, zorder=0)
    for place in breaks:
        _draw_break(ax, place)
    if kinds:
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=min(len(kinds), 2),
            borderaxespad=0.2,
            handletextpad=0.2,
            columnspacing=1.2,
        )


def _timeline_row(index, row):
    """One event with its place, its end (None for a mark) and its words."""

    def given(column):
        value = row.get(column)
        return None if value is None or value != value else value

    if given("week") is None:
        raise ValueError(f"events, row {index}: no week")
    return {
        "arm": row["arm"],
        "kind": row["kind"],
        "week": given("week"),
        "position": float(given("week") if given("position") is None else given("position")),
        "end": given("end"),
        "label": given("label"),
    }


def _spaced_ticks(rows, least=0.045):
    """Tick texts by position, the depression ratings' first, none too near another."""
    span = max(r["end"] or r["position"] for r in rows) - min(r["position"] for r in rows)
    ticks = {}
    for row in sorted(rows, key=lambda r: (r["kind"] != "depression", r["position"])):
        if all(abs(row["position"] - other) >= least * span for other in ticks):
            ticks[row["position"]] = f"{row['week']:g}"
    return dict(sorted(ticks.items()))


def _draw_span(ax, row, lane):
    """A band behind a lane, its words in the middle."""
    color, _, _ = KINDS.get(row["kind"], ("gray", "", ""))
    ax.barh(
        lane,
        row["end"] - row["position"],
        left=row["position"],
        height=0.84,
        color=COLORS[color],
        alpha=0.16,
        edgecolor="none",
        zorder=0.5,
    )
    if row["label"]:
        ax.annotate(
            row["label"],
            ((row["position"] + row["end"]) / 2, lane),
            ha="center",
            va="center",
            zorder=1,
        )


def _draw_break(ax, place):
    """Two short strokes across the x axis."""
    ax.annotate(
        "/ /",
        (place, 0),
        xycoords=ax.get_xaxis_transform(),
        ha="center",
        va="center",
        color=TEXT["gray"],
        fontsize="small",
        bbox={"facecolor": GROUND, "edgecolor": "none", "pad": 0.5},
        annotation_clip=False,
    )
