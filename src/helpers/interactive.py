"""Figures with one to four sliders that work from a file, without a server and without a library.

Everything that a slider can show is worked out beforehand and embedded in the page; one
short script, ``sliders.js`` beside this module, moves the parts of an SVG drawing. Without
scripts, and on paper, the drawing stands still at its start, and a table holds the rest.

Why not a library: the seven figures of the book need a native slider and a drawing that
moves. The script is 2 KB compressed, and each figure brings 1 to 5 KB of data. The scripts
of Vega-Lite are 279 KB compressed, those of Bokeh 452 and of Plotly's smallest bundle 395;
Plotly's slider takes no keyboard focus, and Bokeh's figure stays white on a dark page.
Nor would any of them leave a drawing and a table where scripts do not run.
"""

from __future__ import annotations

import json
import math
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import _inputs, figures

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = [
    "SliderFigure",
    "SlidersFigure",
    "TwoSliderFigure",
    "slider_figure",
    "sliders_figure",
    "two_slider_figure",
]

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_COLUMNS = ("at", "line", "low", "high", "point")

# The drawing, in its own unit: 400 wide, so that its text is legible on a 320 px screen.
_WIDTH, _LEFT, _RIGHT = 400, 164, 388
_BARS_TOP, _BARS_HEIGHT = 28, 66
_LINE_HEIGHT = 26
_CHARACTER = 9  # no digit is wider
_LIGHT = {
    "ground": figures.GROUND,
    "ink": figures.COLORS["ink"],
    "soft": figures.TEXT["gray"],
    "grid": figures.GRID,
    "gray": figures.MARK["gray"],
    "sky": figures.MARK["sky"],
    "sky-area": figures.COLORS["sky"],
    "blue": figures.MARK["blue"],
    "vermilion": figures.MARK["vermillion"],
}
# Seen by screen readers alone, in a notebook too, which has none of the book's styles.
_UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"


def _color(name: str) -> str:
    """The book's color of this name, light or dark as its page; light in a notebook."""
    return f"var(--fig-{name}, {_LIGHT[name]})"


@dataclass(frozen=True)
class _Shown:
    """What a notebook and the book's pages show."""

    name: str
    html: str

    def _repr_html_(self) -> str:
        return self.html


@dataclass(frozen=True)
class _Stopped(_Shown):
    """A figure with a slider for each dimension of a grid."""

    stops: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        counts = " x ".join(str(len(stops)) for stops in self.stops)
        return f"{type(self).__name__} {self.name!r} with {counts} stops"


@dataclass(frozen=True)
class SliderFigure(_Shown):
    """A figure that a notebook and the book's pages show; see `slider_figure`.

    Attributes
    ----------
    name : str
        The figure's name, unique on its page.
    html : str
        The figure as HTML.
    stops : tuple of str
        Where the slider can stand, as it is written.

    Examples
    --------
    >>> SliderFigure("mine", "<figure></figure>", ("0.00", "0.10"))
    SliderFigure 'mine' with 2 stops from 0.00 to 0.10
    """

    stops: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"SliderFigure {self.name!r} with {len(self.stops)} stops "
            f"from {self.stops[0]} to {self.stops[-1]}"
        )


def slider_figure(
    lines: pd.DataFrame,
    sample: ArrayLike,
    *,
    name: str,
    label: str,
    caption: str,
    description: str,
    start: float | None = None,
    said: Mapping[float, str] | None = None,
    heads: tuple[str, str] = ("Trials at each value", "Given that value"),
    limits: tuple[float, float] = (-1.0, 1.0),
    meanings: tuple[str, str, str] = ("possible", "completion", "median of these trials"),
    decimals: int = 2,
    stop_decimals: int | None = None,
    counted: str = "{count} of {total} are nearest to it.",
) -> SliderFigure:
    """Draw intervals that move with a slider, below a histogram of the slider's own quantity.

    Parameters
    ----------
    lines : pandas.DataFrame
        A row for each line at each stop of the slider. Columns: ``at`` (the stop), ``line``
        (its name), ``low``, ``high`` and ``point`` (an interval and a value, in the unit of
        the axis); as needed ``middle``, a second value, NaN where there is none. Every stop
        has the same lines, and the stops are equally far apart.
    sample : array_like
        Values of the slider's quantity. Each is counted at the nearest stop.
    name : str
        Identifies the figure on its page: small letters, digits and hyphens.
    label : str
        What the slider sets.
    caption, description : str
        The words under the figure, and those that stand for it where it cannot be seen.
    start : float, optional
        The stop to begin at; the middle one by default.
    said : mapping, optional
        For each stop a sentence that is shown, and read out, last.
    heads : tuple of str
        What stands above the histogram and above the lines.
    limits : tuple of float
        Both ends of the axis.
    meanings : tuple of str
        What the interval, the value and the second value are.
    decimals : int
        Decimal places of the numbers in the table.
    stop_decimals : int, optional
        Decimal places of the stops; as many as `decimals` by default.
    counted : str
        The sentence that follows the value of a stop. In it ``{count}`` stands for how many
        of the sample are nearest to the stop, and ``{total}`` for all. Empty to leave it out.

    Returns
    -------
    SliderFigure
        It shows itself at the end of a cell.

    Raises
    ------
    ValueError
        If a column is missing, a number is not finite or lies outside the limits, a stop
        lacks a line or has it twice, the stops are fewer than two or unequally spaced, a
        value of the sample is nearest to no stop, `start` is no stop, `said` lacks a stop,
        two stops are written alike, `counted` has other braces, or a text is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> stops = pd.DataFrame({"at": [0.0, 0.5], "line": ["a × b", "a × b"],
    ...                       "low": [-0.9, -0.5], "high": [0.9, 0.9], "point": [0.0, 0.2]})
    >>> slider_figure(stops, [0.1, 0.4, 0.6], name="small", label="r of a and c",
    ...               caption="A small figure.", description="One bar.")
    SliderFigure 'small' with 2 stops from 0.00 to 0.50
    """
    _check_words(name, {"label": [label], "caption": [caption], "description": [description]})
    decimals = _inputs.whole("decimals", decimals, 0, 6)
    if stop_decimals is None:
        stop_decimals = decimals
    stop_decimals = _inputs.whole("stop_decimals", stop_decimals, 0, 6)
    if re.search("[{}]", counted.replace("{count}", "").replace("{total}", "")):
        raise ValueError(f"counted may hold {{count}} and {{total}} and no other brace, not {counted!r}")
    low, high = _limits(limits)
    stops, names, table = _table(lines, low, high)
    step = _step(stops)
    counts = _counts(sample, stops, step)
    begin = _start(start, stops, step)
    if said is not None:
        said = {_at(stops, step, key): text for key, text in said.items()}
        for i, stop in enumerate(stops):
            if i not in said:
                raise ValueError(f"said has no sentence for the stop {stop:g}")

    def place(value: float) -> float:
        return round(_LEFT + (value - low) / (high - low) * (_RIGHT - _LEFT), 1)

    written = tuple(_written(stop, stop_decimals) for stop in stops)
    _check_unlike(written, f"{stop_decimals} decimals")
    total = f"{counts.sum():,}"
    sentences = [
        counted.replace("{count}", f"{count:,}").replace("{total}", total) for count in counts
    ]
    sentences = [
        _sentence(label, written[i], sentences[i], (said or {}).get(i, ""))
        for i in range(stops.size)
    ]
    frames = [
        [place(min(max(stop, low), high)), *(_frame(numbers, place) for numbers in table[i])]
        for i, stop in enumerate(stops)
    ]
    data = {
        **_spoken([label], [written], [["", ""], []], [[sentence] for sentence in sentences]),
        "frames": frames,
        "on": _color("vermilion"),
        "off": _color("sky-area"),
    }
    ticks = {place(value): words for value, words in _ticks(low, high)}
    drawing = _drawing(name, frames, begin, names, counts, ticks, heads, meanings, description)
    behind = _table_of_lines(written, counts, table, names, meanings, decimals, label)
    html = _figure(name, "lines", drawing, data, (begin,), caption, behind)
    return SliderFigure(name, html, written)


# --- what is given -----------------------------------------------------------------------


def _check_words(name: str, texts: Mapping[str, Sequence[str]]) -> None:
    for what, given in texts.items():
        if not all(str(text).strip() for text in given):
            raise ValueError(f"{what} must not be empty")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"name must be small letters, digits and hyphens, not {name!r}")


def _limits(limits: Sequence[float]) -> tuple[float, float]:
    low, high = (float(end) for end in _inputs.numbers("limits", limits))
    if not low < high:
        raise ValueError(f"limits must rise, not {low:g} to {high:g}")
    return low, high


def _table(lines: pd.DataFrame, low: float, high: float) -> tuple[np.ndarray, list[str], np.ndarray]:
    """The stops, the names of the lines, and (stop, line, low-high-point-middle)."""
    for column in _COLUMNS:
        if column not in lines.columns:
            raise ValueError(f"lines has no column {column!r}")
    stops = np.unique(_inputs.numbers("at", lines["at"]))
    names = list(dict.fromkeys(map(str, lines["line"])))
    table = np.full((stops.size, len(names), 4), np.nan)
    rows = np.searchsorted(stops, lines["at"].to_numpy(dtype=float))
    columns = [names.index(str(line)) for line in lines["line"]]
    seen = set()
    for number, (i, j) in enumerate(zip(rows, columns, strict=True)):
        if (i, j) in seen:
            raise ValueError(f"lines has {names[j]!r} twice at {stops[i]:g}")
        seen.add((i, j))
        row = lines.iloc[number]
        table[i, j, :3] = [row["low"], row["high"], row["point"]]
        table[i, j, 3] = row["middle"] if "middle" in lines.columns else np.nan
    for i, j in np.ndindex(table.shape[:2]):
        if (i, j) not in seen:
            raise ValueError(f"lines has no {names[j]!r} at {stops[i]:g}")
    for k, column in enumerate(("low", "high", "point")):
        _inputs.numbers(column, table[:, :, k], low, high)
    middle = table[:, :, 3]
    _inputs.numbers("middle", middle[~np.isnan(middle)], low, high)
    if np.any(table[:, :, 0] > table[:, :, 1]):
        raise ValueError("low must not be above high")
    return stops, names, table


def _step(stops: np.ndarray) -> float:
    if stops.size < 2:
        raise ValueError("lines must hold at least two stops")
    steps = np.diff(stops)
    if np.ptp(steps) > 1e-6 * steps.max():
        raise ValueError(f"the stops must be equally far apart, not {steps.min():g} to {steps.max():g}")
    return float(steps.mean())


def _counts(sample: ArrayLike, stops: np.ndarray, step: float) -> np.ndarray:
    """How many values are nearest to each stop."""
    values = np.ravel(_inputs.numbers("sample", sample))
    nearest = np.floor((values - stops[0]) / step + 0.5).astype(int)
    outside = (nearest < 0) | (nearest >= stops.size)
    if outside.any():
        raise ValueError(f"sample holds {values[outside][0]:g}, which no stop is near to")
    return np.bincount(nearest, minlength=stops.size)


def _at(stops: np.ndarray, step: float, value: float) -> int | None:
    """The number of the stop that a value is, or None."""
    i = int(np.abs(stops - value).argmin())
    return i if abs(stops[i] - value) <= 1e-6 * step else None


def _start(start: float | None, stops: np.ndarray, step: float) -> int:
    if start is None:
        return stops.size // 2
    found = _at(stops, step, float(start))
    if found is None:
        raise ValueError(f"start must be one of the stops, not {start:g}")
    return found


# --- what is written ---------------------------------------------------------------------


def _check_unlike(written: Sequence[str], form: str) -> None:
    for one, other in zip(written, written[1:], strict=False):
        if one == other:
            raise ValueError(f"with {form} two stops are written {one}")


def _written(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.replace("-", "\u2212") if float(text) else text.lstrip("-")


def _sentence(label: str, value: str, *more: str) -> str:
    return " ".join(part.strip() for part in (f"{label}: {value}.", *more) if part.strip())


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """At most five round values on the axis, with the decimals that they need."""
    size = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(size * k for k in (1, 2, 2.5, 5, 10) if size * k * 4 >= (high - low) * (1 - 1e-9))
    values = [step * k for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    decimals = next(d for d in range(20) if abs(round(step, d) - step) < 1e-9 * step)
    return [(value, _written(value, decimals)) for value in values]


def _frame(numbers: np.ndarray, place: Any) -> list[float | None]:
    """One line at one stop, in the unit of the drawing: begin, width, point and middle."""
    low, high, point, middle = numbers
    width = round(max(place(high) - place(low), 1.0), 1)
    return [place(low), width, place(point), None if math.isnan(middle) else place(middle)]


def _spoken(
    labels: Sequence[str],
    stops: Sequence[Sequence[str]],
    said: Sequence[Sequence[str]],
    fields: Sequence[Sequence[str]],
) -> dict[str, Any]:
    """The words of a figure: of its stops, and of the sentence for each frame.

    A sentence is the words of `said` around the fields of its frame: the first list of
    words, or the second where the frame is None. Fields repeat themselves, so each text
    is kept once.
    """
    texts = list(dict.fromkeys(text for row in fields for text in row))
    number = {text: i for i, text in enumerate(texts)}
    return {
        "labels": list(labels),
        "stops": [list(axis) for axis in stops],
        "said": [list(words) for words in said],
        "texts": texts,
        "fields": [[number[text] for text in row] for row in fields],
    }


def _sentence_at(data: Mapping[str, Any], at: int) -> str:
    """The sentence of one frame."""
    words = data["said"][0 if data["frames"][at] else 1]
    return _joined(words, [data["texts"][i] for i in data["fields"][at]])


def _embedded(value: Any) -> str:
    """JSON that no HTML parser can take for the end of its script element."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


# --- what is drawn -----------------------------------------------------------------------


def _svg(name: str, height: int, title: str, description: str) -> str:
    """How every drawing begins."""
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'aria-labelledby="{name}-title {name}-description" '
        f"font-family=\"'Bond Sans', 'Segoe UI', system-ui, sans-serif\" font-size=\"15\" "
        f'fill="{_color("ink")}"><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>'
    )


def _ground(height: int) -> str:
    return f'<rect width="{_WIDTH}" height="{height}" fill="{_color("ground")}"/>'


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "") -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{bold}>{escape(words)}</text>'


def _shown(x: float | None) -> str:
    return 'visibility="hidden"' if x is None else f'transform="translate({x} 0)"'


def _bar() -> str:
    return f'fill="{_color("sky-area")}" fill-opacity="0.45" stroke="{_color("blue")}"'


def _diamond(y: float) -> str:
    return f'd="M0 {y - 6.5}L6.5 {y}L0 {y + 6.5}L-6.5 {y}Z" fill="{_color("vermilion")}"'


def _circle(y: float) -> str:
    return f'cy="{y}" r="3.6" fill="{_color("ground")}" stroke="{_color("ink")}" stroke-width="2"'


def _drawing(name, frames, begin, names, counts, ticks, heads, meanings, description) -> str:
    soft, line = _color("soft"), _color("grid")
    on, off = _color("vermilion"), _color("sky-area")
    base = _BARS_TOP + _BARS_HEIGHT
    top = base + 50
    foot = top + _LINE_HEIGHT * len(names)
    has_middle = any(part[3] is not None for frame in frames for part in frame[1:])
    height = foot + 30 + 22 * (2 + has_middle)
    first = frames[begin]
    out = [
        _svg(name, height, f"{heads[0]}; {heads[1]}", description),
        _ground(height),
        _text(4, 15, heads[0], weight="600"),
    ]
    width = round(max(frames[1][0] - frames[0][0] - 1, 1), 1)
    for i, count in enumerate(counts):
        tall = round(_BARS_HEIGHT * int(count) / max(int(counts.max()), 1), 1)
        x = round(frames[i][0] - width / 2, 1)
        color = on if i == begin else off
        out.append(
            f'<rect data-part="bar" x="{x}" y="{round(base - tall, 1)}" width="{width}" '
            f'height="{tall}" fill="{color}"/>'
        )
    out.append(f'<path d="M{_LEFT} {base}H{_RIGHT}" stroke="{soft}" fill="none"/>')
    reach = round(frames[-1][0] - frames[0][0], 1)
    out.append(f'<rect x="{frames[0][0]}" y="{base + 1}" width="{reach}" height="8" {_bar()}/>')
    out.append(_text(4, base, f"highest bar: {int(counts.max()):,}"))
    out.append(_text(4, top - 18, heads[1], weight="600"))
    for x, words in ticks.items():
        out.append(f'<path d="M{x} {top - 8}V{foot}" stroke="{line}" fill="none"/>')
        wide = _CHARACTER * len(words)
        if x + wide / 2 > _WIDTH - 2:  # its end would lie beyond the drawing's
            out.append(_text(_WIDTH - 2, foot + 17, words, anchor="end"))
        else:
            out.append(_text(x, foot + 17, words, anchor="middle"))
    # The slider's position: a stroke through the histogram with a foot in the bar of its reach.
    out.append(
        f'<path data-part="needle" {_shown(first[0])} d="M0 {_BARS_TOP - 4}V{base}M-6 {base + 9}L0 {base + 1}L6 {base + 9}Z" '
        f'stroke="{on}" stroke-width="1.5" fill="{on}"/>'
    )
    for j, words in enumerate(names):
        y = top + _LINE_HEIGHT * j + 11
        left, wide, point, middle = first[1 + j]
        out.append(_text(4, y + 5, words))
        out.append(
            f'<rect data-part="range" x="{left}" y="{y - 5}" width="{wide}" '
            f'height="10" {_bar()}/>'
        )
        out.append(f'<path data-part="point" {_shown(point)} {_diamond(y)}/>')
        if has_middle:
            out.append(f'<circle data-part="middle" {_shown(middle)} {_circle(y)}/>')
    y = foot + 38
    key = f'transform="translate({_LEFT + 11} 0)"'
    out.append(f'<rect x="{_LEFT}" y="{y - 5}" width="22" height="10" {_bar()}/>')
    out.append(f"<path {key} {_diamond(y + 22)}/>")
    if has_middle:
        out.append(f"<circle {key} {_circle(y + 44)}/>")
    for row, words in enumerate(meanings[: 2 + has_middle]):
        out.append(_text(_LEFT + 30, y + 5 + 22 * row, words))
    return "".join(out) + "</svg>"


def _table_of_lines(written, counts, table, names, meanings, decimals, label) -> str:
    """Every number of the figure as a table."""
    has_middle = not np.isnan(table[:, :, 3]).all()
    head = "".join(f'<th scope="col">{escape(words)}</th>' for words in (label, "count", *names))
    rows = []
    for i, value in enumerate(written):
        cells = []
        for numbers in table[i]:
            low, high, point = (_written(number, decimals) for number in numbers[:3])
            middle = "none" if math.isnan(numbers[3]) else _written(numbers[3], decimals)
            cells.append(f"{low} to {high}; {point}" + (f"; {middle}" if has_middle else ""))
        tail = "".join(f"<td>{cell}</td>" for cell in cells)
        rows.append(f'<tr><th scope="row">{value}</th><td>{int(counts[i]):,}</td>{tail}</tr>')
    order = "; ".join(meanings[: 3 if has_middle else 2])
    return _behind(f"In each cell: {order}.", head, f"<tbody>{''.join(rows)}</tbody>")


_SHORT = 12  # rows of a table that is printed


def _behind(caption: str, head: str, bodies: str) -> str:
    """The table behind a figure, folded; a short one is printed."""
    short = " short" if bodies.count("<tr>") <= _SHORT else ""
    return (
        f'<details class="slider-data{short}"><summary>The numbers behind the figure</summary>'
        f'<div class="table-scroll"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead>{bodies}</table></div></details>"
    )


def _control(id_: str, label: str, stops: Sequence[str], at: int) -> str:
    return (
        f'<div class="slider-control" data-part="control" hidden>'
        f'<label for="{id_}">{escape(label)}</label>'
        f' <span data-part="stop" aria-hidden="true">{escape(stops[at])}</span>'
        f'<input type="range" id="{id_}" data-part="slider" min="0" max="{len(stops) - 1}" '
        f'step="1" value="{at}" aria-valuetext="{escape(stops[at])}" autocomplete="off" '
        f'style="width: 100%"></div>'
    )


def _figure(
    name: str,
    kind: str,
    drawing: str,
    data: Mapping[str, Any],
    begin: Sequence[int],
    caption: str,
    behind: str,
    stands: str = "",
) -> str:
    """Drawing, sliders, what is said, caption, table, data and script: the whole figure."""
    shape = [len(stops) for stops in data["stops"]]
    said = _sentence_at(data, int(np.ravel_multi_index(tuple(begin), shape)))
    ids = [f"{name}-slider-{k + 1}" for k in range(len(begin))]
    controls = "".join(
        _control(id_, label, stops, i)
        for id_, label, stops, i in zip(ids, data["labels"], data["stops"], begin, strict=True)
    )
    return (
        f'<figure class="slider-figure" id="{name}" data-kind="{kind}">{drawing}{controls}{stands}'
        f'<p class="slider-said" data-part="said">{escape(said)}</p>'
        f'<p class="slider-reset" data-part="control" hidden>'
        f'<button type="button" data-part="reset">Back to the start</button></p>'
        f'<output for="{" ".join(ids)}" data-part="spoken" style="{_UNSEEN}"></output>'
        f"<figcaption>{escape(caption)}</figcaption>{behind}"
        f'<script type="application/json" data-part="data">{_embedded(data)}</script>'
        f'<script data-part="script">{_script()}</script></figure>'
    )


@cache
def _script() -> str:
    """The script below each figure, for a page that does not load the file itself."""
    return Path(__file__).with_name("sliders.js").read_text(encoding="utf-8")


# --- two sliders -------------------------------------------------------------------------

_SIDE, _TOP = 14, 30  # where the histogram of two sliders stands
# A bar's height is one of these steps, kept as one character, the lowest of them "#".
_STEPS, _STEP, _LOWEST = 90, 1.5, ord("#")
_TALL = _STEPS * _STEP


class TwoSliderFigure(_Stopped):
    """A figure with two sliders that a notebook and the book's pages show; see `two_slider_figure`.

    Attributes
    ----------
    name : str
        The figure's name, unique on its page.
    html : str
        The figure as HTML.
    stops : tuple of tuple of str
        Where each slider can stand, as it is written.

    Examples
    --------
    >>> TwoSliderFigure("mine", "<figure></figure>", (("16", "24"), ("0.00", "0.10", "0.20")))
    TwoSliderFigure 'mine' with 2 x 3 stops
    """


def two_slider_figure(
    cells: pd.DataFrame,
    shares: ArrayLike,
    edges: ArrayLike,
    *,
    by: tuple[str, str],
    labels: tuple[str, str],
    name: str,
    head: str,
    said: str,
    caption: str,
    description: str,
    meanings: tuple[str, str, str, str],
    table: tuple[str, str],
    start: tuple[float, float] | None = None,
    decimals: tuple[int, int] = (0, 2),
) -> TwoSliderFigure:
    """Draw a histogram that two sliders change, with a band, a line and a mark on it.

    Parameters
    ----------
    cells : pandas.DataFrame
        A row for each pair of stops, every pair once. Columns: the two of `by`; ``low`` and
        ``high`` (both ends of the band) and ``mark`` (NaN where there is none), in the unit
        of the axis; and whatever `said` names.
    shares : array_like
        A row for each row of `cells`: how high each bar is. Only the shape is drawn, as high
        as its highest bar.
    edges : array_like
        Where the bars begin and end, rising: one number more than there are bars.
    by : tuple of str
        The columns that the two sliders set. A line stands at the value of the second.
    labels : tuple of str
        What the sliders set, in words.
    name : str
        Identifies the figure on its page: small letters, digits and hyphens.
    head : str
        What stands above the drawing.
    said : str
        The sentence that is shown, and read out, for each pair of stops. A column's name in
        braces stands for its value, with a format as in `str.format`: ``{power:.0%}``. A
        missing number is written as a dash.
    caption, description : str
        The words under the figure, and those that stand for it where it cannot be seen.
    meanings : tuple of str
        What the bars outside the band, those inside, the line and the mark are.
    table : tuple of str
        What a cell of the table behind the figure says, in the form of `said`; and the
        table's caption.
    start : tuple of float, optional
        The stops to begin at; the middle ones by default.
    decimals : tuple of int
        Decimal places of the stops.

    Returns
    -------
    TwoSliderFigure
        It shows itself at the end of a cell.

    Raises
    ------
    ValueError
        If a column is missing, a number is not finite or lies beyond the edges, a pair of
        stops is missing or stands twice, a slider has fewer than two stops, the shape of
        `shares` does not fit, `start` is no stop, two stops are written alike, or a text is
        empty or lacks its fellows.

    Examples
    --------
    >>> import pandas as pd
    >>> pairs = pd.DataFrame({"n": [16, 16, 24, 24], "r": [0.0, 0.5, 0.0, 0.5],
    ...                       "low": -0.4, "high": 0.4, "mark": 0.5, "power": 0.3})
    >>> two_slider_figure(pairs, [[1, 2, 1]] * 4, [-1, -0.4, 0.4, 1], by=("n", "r"),
    ...                   labels=("people", "true r"), name="small", head="Studies",
    ...                   said="{power:.0%} are significant.", caption="Small.",
    ...                   description="Bars.", meanings=("yes", "no", "true r", "mean"),
    ...                   table=("{power:.0%}", "Power."))
    TwoSliderFigure 'small' with 2 x 2 stops
    """
    texts = {"head": [head], "said": [said], "caption": [caption], "description": [description]}
    several = {"by": (by, 2), "labels": (labels, 2), "meanings": (meanings, 4), "table": (table, 2)}
    for what, (given, count) in several.items():
        if len(given) != count:
            raise ValueError(f"{what} must be {count} texts, not {len(given)}")
        texts[what] = list(given)
    _check_words(name, texts)
    edges = _inputs.numbers("edges", edges)
    if edges.ndim != 1 or edges.size < 2 or np.any(np.diff(edges) <= 0):
        raise ValueError("edges must be at least two rising numbers")
    axes, order = _pairs(cells, by, edges[0], edges[-1])
    bars = _inputs.numbers("shares", shares, 0)
    if bars.shape != (len(cells), edges.size - 1):
        raise ValueError(f"shares must have the shape {(len(cells), edges.size - 1)}, not {bars.shape}")
    places = [_inputs.whole("decimals", count, 0, 6) for count in decimals]
    written = tuple(_stops(axis, count) for axis, count in zip(axes, places, strict=True))
    begin = tuple(axis.size // 2 for axis in axes)
    if start is not None:
        if len(start) != 2:
            raise ValueError(f"start must be 2 stops, not {len(start)}")
        begin = tuple(_stop(axis, value) for axis, value in zip(axes, start, strict=True))

    def place(value: float) -> float:
        x = _SIDE + (value - edges[0]) / (edges[-1] - edges[0]) * (_WIDTH - 2 * _SIDE)
        return round(float(x), 1)

    words, fields = _filled(said, cells)
    highest = np.maximum(bars.max(axis=1, keepdims=True), np.finfo(float).tiny)
    steps = np.rint(_STEPS * bars / highest).astype(int)
    frames = [
        [
            "".join(chr(_LOWEST + step) for step in steps[row]),
            place(cells["low"].iloc[row]),
            place(cells["high"].iloc[row]),
            None if math.isnan(cells["mark"].iloc[row]) else place(cells["mark"].iloc[row]),
        ]
        for row in order.flat
    ]
    data = {
        **_spoken(labels, written, [words, []], [fields[row] for row in order.flat]),
        "at": [place(value) for value in axes[1]],
        "x": [place(value) for value in edges],
        "base": _TOP + _TALL,
        "zero": _LOWEST,
        "unit": _STEP,
        "frames": frames,
    }
    ticks = {place(value): text for value, text in _ticks(edges[0], edges[-1])}
    drawing = _two_drawing(name, data, begin, ticks, head, meanings, description)
    cell_words, cell_fields = _filled(table[0], cells)
    behind = _two_table(written, labels, order, cell_words, cell_fields, table[1])
    html = _figure(name, "histogram", drawing, data, begin, caption, behind)
    return TwoSliderFigure(name, html, written)


def _pairs(cells: pd.DataFrame, by: tuple[str, str], low: float, high: float) -> tuple[list[np.ndarray], np.ndarray]:
    """The stops of both sliders, and the row of `cells` that belongs to each pair."""
    _check_columns(cells, (*by, "low", "high", "mark"))
    axes = _axes(cells, by)
    _inputs.numbers(by[1], axes[1], low, high)
    for column in ("low", "high"):
        _inputs.numbers(column, cells[column], low, high)
    marks = cells["mark"].to_numpy(dtype=float)
    _inputs.numbers("mark", marks[~np.isnan(marks)], low, high)
    if (cells["low"] > cells["high"]).any():
        raise ValueError("low must not be above high")
    return axes, _order(cells, by, axes)


def _check_columns(cells: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in cells.columns:
            raise ValueError(f"cells has no column {column!r}")


def _axes(cells: pd.DataFrame, by: Sequence[str]) -> list[np.ndarray]:
    """The stops of each slider."""
    axes = [np.unique(_inputs.numbers(column, cells[column])) for column in by]
    for column, axis in zip(by, axes, strict=True):
        if axis.size < 2:
            raise ValueError(f"{column} must have at least two stops")
    return axes


def _order(cells: pd.DataFrame, by: Sequence[str], axes: Sequence[np.ndarray]) -> np.ndarray:
    """The row of `cells` that belongs to each combination of stops."""
    order = np.full([axis.size for axis in axes], -1)
    places = [np.searchsorted(axis, cells[column]) for axis, column in zip(axes, by, strict=True)]
    for row, place in enumerate(zip(*places, strict=True)):
        if order[place] >= 0:
            raise ValueError(f"cells has {_combination(by, axes, place)} twice")
        order[place] = row
    for place in np.argwhere(order < 0):
        raise ValueError(f"cells has no row for {_combination(by, axes, place)}")
    return order


def _combination(by: Sequence[str], axes: Sequence[np.ndarray], place: Sequence[int]) -> str:
    texts = [f"{column} {axis[i]:g}" for column, axis, i in zip(by, axes, place, strict=True)]
    return " and ".join([part for part in (", ".join(texts[:-1]), texts[-1]) if part])


def _stops(axis: np.ndarray, decimals: int) -> tuple[str, ...]:
    written = tuple(_written(value, decimals) for value in axis)
    _check_unlike(written, f"{decimals} decimals")
    return written


def _stop(axis: np.ndarray, value: float) -> int:
    found = int(np.abs(axis - value).argmin())
    if abs(axis[found] - value) > 1e-6 * np.diff(axis).min():
        raise ValueError(f"start must be one of the stops, not {value:g}")
    return found


def _filled(template: str, cells: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """The words of a template around its fields, and the fields' values for each row."""
    words, columns = [], []
    after_brace = False  # a doubled brace ends a piece of the template, but no words
    for word, column, spec, _ in string.Formatter().parse(template):
        if after_brace:
            words[-1] += word
        else:
            words.append(word)
        after_brace = column is None
        if column is not None:
            if column not in cells.columns:
                raise ValueError(f"cells has no column {column!r}, which a text names")
            columns.append([_formatted(value, spec or "") for value in cells[column]])
    return words, [list(row) for row in zip(*columns, strict=True)] or [[] for _ in range(len(cells))]


def _formatted(value: Any, spec: str) -> str:
    """A value as `format` writes it, with a true minus, and none before a zero."""
    if isinstance(value, str):
        return format(value, spec)
    if math.isnan(value):
        return "\u2013"
    text = format(value, spec)
    if text.startswith("-") and not re.search("[1-9]|inf", text):
        text = text[1:]
    return text.replace("-", "\u2212")


def _joined(words: Sequence[str], fields: Sequence[str]) -> str:
    fields = [*fields, *[""] * (len(words) - len(fields))]
    return "".join(word + field for word, field in zip(words, fields, strict=True))


def _outline(data: Mapping[str, Any], tall: Sequence[float], start: float, end: float) -> str:
    """The bars between two places of the axis, as a path."""
    x, base = data["x"], data["base"]
    steps = "".join(
        f"V{base - high:g}H{min(right, end):g}"
        for high, left, right in zip(tall, x, x[1:], strict=False)
        if right > start and left < end
    )
    return f"M{start:g} {base:g}{steps}V{base:g}Z"


def _two_drawing(name, data, begin, ticks, head, meanings, description) -> str:
    ink, soft = _color("ink"), _color("soft")
    strong, weak = _color("vermilion"), _color("sky-area")
    x, base = data["x"], int(data["base"])
    levels, low, high, mark = data["frames"][begin[0] * len(data["at"]) + begin[1]]
    tall = [(ord(level) - _LOWEST) * _STEP for level in levels]
    whole = _outline(data, tall, x[0], x[-1])
    beyond = _outline(data, tall, x[0], low) + _outline(data, tall, high, x[-1])
    key = base + 48
    height = key + 22 * len(meanings) - 4
    band = f'fill="{_color("grid")}" stroke="{_color("gray")}" stroke-dasharray="4 3"'
    needle = f'stroke="{ink}" stroke-width="2" fill="{ink}"'
    out = [
        _svg(name, height, head, description),
        _ground(height),
        _text(4, 15, head, weight="600"),
        f'<rect data-part="band" x="{low}" y="{_TOP - 6}" width="{round(high - low, 1)}" height="{_TALL + 6:g}" {band}/>',
    ]
    for tick, words in ticks.items():
        out.append(f'<path d="M{tick} {base}V{base + 5}" stroke="{soft}" fill="none"/>')
        anchor = "end" if tick + _CHARACTER * len(words) / 2 > _WIDTH - 2 else "middle"
        anchor = "start" if tick - _CHARACTER * len(words) / 2 < 2 else anchor
        at = {"start": 2, "middle": tick, "end": _WIDTH - 2}[anchor]
        out.append(_text(at, base + 21, words, anchor=anchor))
    out += [
        f'<path data-part="all" d="{whole}" fill="{weak}"/>',
        f'<path data-part="beyond" d="{beyond}" fill="{strong}"/>',
        f'<path d="M{x[0]} {base}H{x[-1]}" stroke="{soft}" fill="none"/>',
        f'<path data-part="needle" {_shown(data["at"][begin[1]])} d="M0 {_TOP - 6}V{base}" {needle}/>',
        f'<path data-part="mark" {_shown(mark)} {_diamond(base)} stroke="{_color("ground")}" stroke-width="1.5"/>',
    ]
    middle = f'transform="translate({_SIDE + 11} 0)"'
    samples = [
        f'<rect x="{_SIDE}" y="{key - 6}" width="22" height="12" fill="{strong}"/>',
        f'<rect x="{_SIDE}" y="{key + 16}" width="22" height="12" {band}/>'
        f'<rect x="{_SIDE + 5}" y="{key + 19}" width="12" height="9" fill="{weak}"/>',
        f'<path {middle} d="M0 {key + 37}V{key + 51}" {needle}/>',
        f'<path {middle} {_diamond(key + 66)} stroke="{_color("ground")}" stroke-width="1.5"/>',
    ]
    for row, (sample, words) in enumerate(zip(samples, meanings, strict=True)):
        out += [sample, _text(_SIDE + 32, key + 5 + 22 * row, words)]
    return "".join(out) + "</svg>"


def _two_table(written, labels, order, words, fields, caption) -> str:
    """A row for each stop of the second slider, a column for each of the first."""
    head = "".join(f'<th scope="col">{escape(labels[0])} {value}</th>' for value in written[0])
    rows = []
    for j, value in enumerate(written[1]):
        cells = "".join(f"<td>{escape(_joined(words, fields[row]))}</td>" for row in order[:, j])
        rows.append(f'<tr><th scope="row">{value}</th>{cells}</tr>')
    head = f'<th scope="col">{escape(labels[1])}</th>{head}'
    return _behind(caption, head, f"<tbody>{''.join(rows)}</tbody>")


# --- one to four sliders -----------------------------------------------------------------

_ROW, _THICK, _EDGE = 46, 16, 24  # height of a bar with its label, and alone; where bars may begin
_LONGEST = 48  # characters that fit on a line of the drawing



class SlidersFigure(_Stopped):
    """A figure with one to four sliders; see `sliders_figure`.

    Attributes
    ----------
    name : str
        The figure's name, unique on its page.
    html : str
        The figure as HTML.
    stops : tuple of tuple of str
        Where each slider can stand, as it is written.

    Examples
    --------
    >>> SlidersFigure("mine", "<figure></figure>", (("0", "1"), ("0", "1"), ("0.8", "0.9", "1.0")))
    SlidersFigure 'mine' with 2 x 2 x 3 stops
    """


def sliders_figure(
    cells: pd.DataFrame,
    *,
    sliders: Sequence[str],
    parts: Sequence[str],
    labels: Mapping[str, str],
    limits: tuple[float, float],
    name: str,
    axis: str,
    said: str,
    caption: str,
    description: str,
    forbidden: tuple[str, str] | None = None,
    strong: str | Sequence[str] = (),
    start: Mapping[str, float] | None = None,
    formats: Mapping[str, str] | None = None,
    decimals: int = 2,
) -> SlidersFigure:
    """Draw horizontal bars, each a signed number, that one to four sliders change.

    The table behind the figure does not hold every combination. It moves each slider in turn
    through all its stops, while the others stay where they start.

    Parameters
    ----------
    cells : pandas.DataFrame
        A row for each combination of stops, every combination once. Columns: those of
        `sliders` and `parts`, and whatever the texts name.
    sliders : sequence of str
        The columns that the sliders set, one to four.
    parts : sequence of str
        The columns that the bars show, from the top to the bottom.
    labels : mapping
        The words for each of these columns.
    limits : tuple of float
        Both ends of the axis, with zero between them or at one of them.
    name : str
        Identifies the figure on its page: small letters, digits and hyphens.
    axis : str
        What the bars measure, with its unit. It stands above the drawing.
    said : str
        The sentence that is shown, and read out, for each combination. A column's name in
        braces stands for its value, with a format as in `str.format`: ``{effect:.2f}``. A
        missing number is written as a dash.
    caption, description : str
        The words under the figure, and those that stand for it where it cannot be seen.
    forbidden : tuple of str, optional
        A column of true and false, and the sentence that takes the place of `said` where it
        is true, in the same form. There the bars give way to a hatched field and the numbers
        to dashes, and only there a part may be NaN.
    strong : str or sequence of str, optional
        Parts that stand out from the others: bars of another color, under bold words.
    start : mapping, optional
        The stop to begin at, for each slider; the middle one where it is not given.
    formats : mapping, optional
        How the stops of a slider are written, as in `format`; ``.2f`` where it is not given.
    decimals : int
        Decimal places of the numbers. A bar is as long as its number says.

    Returns
    -------
    SlidersFigure
        It shows itself at the end of a cell.

    Raises
    ------
    ValueError
        If a column or its label is missing, a column is both slider and part, there are no
        sliders or more than four, a slider has fewer than two stops, a combination is missing
        or stands twice, a number is not finite or lies outside the limits, the limits do not
        hold zero, `start` is no stop, two stops are written alike, or a text is empty or too
        long for the drawing.

    Examples
    --------
    >>> import itertools
    >>> import pandas as pd
    >>> both = pd.DataFrame(itertools.product([0.0, 0.5, 1.0], [0.8, 1.0]), columns=["share", "rel"])
    >>> both["relief"] = -0.54 * both["share"]
    >>> both["push"] = -0.54 - both["relief"]
    >>> sliders_figure(both, sliders=["share", "rel"], parts=["relief", "push"], strong="push",
    ...                labels={"share": "share of relief", "rel": "reliability",
    ...                        "relief": "through relief", "push": "what a push does"},
    ...                limits=(-1, 0), name="ways", axis="Correlation or effect, in SDs",
    ...                said="A push changes depression by {push:.2f} SDs.",
    ...                caption="Two ways.", description="Two bars.", formats={"share": ".0%"})
    SlidersFigure 'ways' with 3 x 2 stops
    """
    sliders, parts = tuple(sliders), tuple(parts)
    strong = (strong,) if isinstance(strong, str) else tuple(strong)
    start, formats = dict(start or {}), dict(formats or {})
    if forbidden is not None and len(forbidden) != 2:
        raise ValueError(f"forbidden must be a column and a sentence, not {len(forbidden)} texts")
    _check_columns(cells, (*sliders, *parts, *(forbidden or ())[:1]))
    _check_roles(sliders, parts, labels)
    for what, named, known in (
        ("start", start, sliders),
        ("formats", formats, sliders),
        ("strong", strong, parts),
    ):
        for column in named:
            if column not in known:
                raise ValueError(f"{what} names {column!r}, which is not among {', '.join(known)}")
    texts = {"axis": [axis], "said": [said], "caption": [caption], "description": [description]}
    texts["labels"] = [labels[column] for column in (*sliders, *parts)]
    texts["forbidden"] = list(forbidden or ())
    _check_words(name, texts)
    for words in (axis, *(labels[part] for part in parts)):
        if len(words) > _LONGEST:
            raise ValueError(f"the drawing has room for {_LONGEST} characters, not for {words!r}")
    decimals = _inputs.whole("decimals", decimals, 0, 6)
    low, high = _limits(limits)
    if not low <= 0 <= high:
        raise ValueError(f"limits must hold zero, not {low:g} to {high:g}")
    axes = _axes(cells, sliders)
    order = _order(cells, sliders, axes)
    barred = cells[forbidden[0]].to_numpy() if forbidden else np.zeros(len(cells), dtype=bool)
    if barred.dtype != bool:
        raise ValueError(f"{forbidden[0]} must be True or False in every row")
    for part in parts:
        for place in np.argwhere((cells[part].isna().to_numpy() & ~barred)[order]):
            raise ValueError(f"{part} has no number for {_combination(sliders, axes, place)}")
        _inputs.numbers(part, cells[part][~barred], low, high)
    formats = [formats.get(column, ".2f") for column in sliders]
    written = tuple(
        tuple(_formatted(stop, form) for stop in stops)
        for stops, form in zip(axes, formats, strict=True)
    )
    for stops, form in zip(written, formats, strict=True):
        _check_unlike(stops, f"the format {form!r}")
    begin = tuple(
        _stop(stops, start[column]) if column in start else stops.size // 2
        for column, stops in zip(sliders, axes, strict=True)
    )
    words, fields = _filled(said, cells)
    barred_words, barred_fields = _filled(forbidden[1] if forbidden else "", cells)
    fields = [barred_fields[row] if bar else fields[row] for row, bar in enumerate(barred)]
    frames = [
        None if barred[row] else [_scaled(cells[part].iloc[row], decimals) for part in parts]
        for row in order.flat
    ]
    longest = max(len(_written(end, decimals)) for end in (low, high))
    right = _WIDTH - 14 - _CHARACTER * longest
    unit = (right - _EDGE) / (high - low)
    data = {
        **_spoken(
            [labels[column] for column in sliders],
            written,
            [words, barred_words],
            [fields[row] for row in order.flat],
        ),
        "frames": frames,
        "decimals": decimals,
        "zero": round(_EDGE - low * unit, 1),
        "unit": round(unit, 4),
    }
    rows = [(labels[part], part in strong) for part in parts]
    at = int(np.ravel_multi_index(begin, order.shape))
    drawing = _many_drawing(name, data, at, rows, (low, high), axis, description)
    behind = _many_table(data, begin, order.shape, [words for words, _ in rows], axis)
    stands = f'<div class="slider-stands" data-part="stands">{escape(_stands(data, begin))}</div>'
    html = _figure(name, "bars", drawing, data, begin, caption, behind, stands)
    return SlidersFigure(name, html, written)


def _check_roles(sliders: Sequence[str], parts: Sequence[str], labels: Mapping[str, str]) -> None:
    """One to four sliders and some parts, each column once and with words."""
    if not 1 <= len(sliders) <= 4:
        raise ValueError(f"sliders must be one to four columns, not {len(sliders)}")
    if not parts:
        raise ValueError("parts must be at least one column")
    for column in (*sliders, *parts):
        if (sliders + parts).count(column) > 1:
            raise ValueError(f"{column!r} must be one slider or one part")
        if column not in labels:
            raise ValueError(f"labels has no words for {column!r}")


def _scaled(value: float, decimals: int) -> int:
    """The digits of a number as it is written: 0.25 with two decimals is 25."""
    return int(f"{value:.{decimals}f}".replace(".", ""))


def _many_numbers(data: Mapping[str, Any], at: int) -> list[float] | None:
    numbers = data["frames"][at]
    return numbers and [number / 10 ** data["decimals"] for number in numbers]


def _many_drawing(name, data, at, rows, limits, axis, description) -> str:
    ink, soft = _color("ink"), _color("soft")
    zero, unit = data["zero"], data["unit"]
    right = round(zero + limits[1] * unit, 1)
    foot = 30 + _ROW * len(rows)
    tops = [30 + _ROW * (k + 1) - _THICK - 6 for k in range(len(rows))]
    height = foot + 30
    numbers = _many_numbers(data, at)
    out = [
        _svg(name, height, axis, description),
        f'<pattern id="{name}-hatch" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<path d="M-2 2L2 -2M0 8L8 0M6 10L10 6" stroke="{soft}" stroke-width="1.5"/></pattern>',
        _ground(height),
        _text(4, 15, axis, weight="600"),
    ]
    for value, words in _ticks(*limits):
        x = round(zero + value * unit, 1)
        lines = "".join(f"M{x} {y - 3}V{y + _THICK + 3}" for y in tops)
        zeroth = abs(value) < 1e-9 * (limits[1] - limits[0])
        color, wide = (soft, 2) if zeroth else (_color("grid"), 1)
        out.append(
            f'<path d="{lines}M{x} {foot}V{foot + 5}" stroke="{color}" stroke-width="{wide}" fill="none"/>'
        )
        out.append(_text(x, foot + 21, words, anchor="middle"))
    out.append(f'<path d="M{_EDGE} {foot}H{right}" stroke="{soft}" fill="none"/>')
    for k, (y, (words, strong)) in enumerate(zip(tops, rows, strict=True)):
        long = round(numbers[k] * unit, 1) if numbers else 0.0
        text = _written(numbers[k], data["decimals"]) if numbers else "\u2013"
        color = _color("vermilion" if strong else "sky")
        out += [
            _text(4, y - 7, words, weight="600" if strong else ""),
            f'<rect data-part="bar" x="{zero + min(long, 0):.1f}" y="{y}" '
            f'width="{abs(long):.1f}" height="{_THICK}" fill="{color}"/>',
            f'<text data-part="number" x="{_WIDTH - 4}" y="{y + 13}" text-anchor="end">{text}</text>',
        ]
    hatched = "".join(
        f'<rect x="{_EDGE}" y="{y}" width="{round(right - _EDGE, 1)}" height="{_THICK}" '
        f'fill="url(#{name}-hatch)" stroke="{ink}"/>'
        for y in tops
    )
    shown = "hidden" if numbers else "visible"
    out.append(f'<g data-part="forbidden" visibility="{shown}">{hatched}</g>')
    return "".join(out) + "</svg>"


def _many_table(data, begin, shape, parts, axis) -> str:
    """Each slider in turn through all its stops, the others where they start."""
    head = "".join(f'<th scope="col">{escape(words)}</th>' for words in ("stands at", *parts))
    bodies = []
    for k, label in enumerate(data["labels"]):
        rows = [f'<tr><th scope="rowgroup" colspan="{len(parts) + 1}">{escape(label)}</th></tr>']
        for i, stop in enumerate(data["stops"][k]):
            at = int(np.ravel_multi_index((*begin[:k], i, *begin[k + 1 :]), shape))
            numbers = _many_numbers(data, at)
            if numbers is None:
                cells = f'<td colspan="{len(parts)}">{escape(_sentence_at(data, at))}</td>'
            else:
                cells = "".join(f"<td>{_written(number, data['decimals'])}</td>" for number in numbers)
            rows.append(f'<tr><th scope="row">{escape(stop)}</th>{cells}</tr>')
        bodies.append(f"<tbody>{''.join(rows)}</tbody>")
    stays = "" if len(begin) == 1 else f" Each slider moves in turn; the others stay there: {_stands(data, begin)}"
    return _behind(f"{axis}.{stays}", head, "".join(bodies))


def _stands(data: Mapping[str, Any], begin: Sequence[int]) -> str:
    """Where the sliders stand, in one line."""
    pairs = zip(data["labels"], data["stops"], begin, strict=True)
    return "; ".join(f"{label}: {stops[i]}" for label, stops, i in pairs) + "."
