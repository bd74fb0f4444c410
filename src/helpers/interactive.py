"""A figure with a slider that works from a file, without a server and without a library.

Everything that the slider can show is worked out beforehand and embedded in the page; a
short script moves the parts of an SVG drawing. Without scripts, and on paper, the drawing
stands still at its start, and a table holds the rest.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import _inputs, figures

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = ["SliderFigure", "slider_figure"]

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_COLUMNS = ("at", "line", "low", "high", "point")

# The drawing, in its own unit: 400 wide, so that its text is legible on a 320 px screen.
_WIDTH, _LEFT, _RIGHT = 400, 164, 388
_BARS_TOP, _BARS_HEIGHT = 28, 66
_LINE_HEIGHT = 26
_CHARACTER = 9  # no digit is wider

_SCRIPT = """
(() => {
  const figure = document.getElementById("%s");
  const part = (name) => [...figure.querySelectorAll(`[data-part="${name}"]`)];
  const [data] = part("data"), [slider] = part("slider"), [said] = part("said");
  const { stops, on, off } = JSON.parse(data.textContent);
  const move = (mark, x) => {
    mark.setAttribute("visibility", x === null ? "hidden" : "visible");
    if (x !== null) mark.setAttribute("transform", `translate(${x} 0)`);
  };
  const show = () => {
    const stop = stops[slider.value];
    slider.setAttribute("aria-valuetext", stop.value);
    said.textContent = stop.said;
    move(part("needle")[0], stop.x);
    part("bar").forEach((bar, i) => bar.setAttribute("fill", i == slider.value ? on : off));
    part("range").forEach((bar, i) => {
      bar.setAttribute("x", stop.lines[i].x);
      bar.setAttribute("width", stop.lines[i].width);
    });
    part("point").forEach((mark, i) => move(mark, stop.lines[i].point));
    part("middle").forEach((mark, i) => move(mark, stop.lines[i].middle));
  };
  part("control")[0].hidden = false;
  slider.addEventListener("input", show);
  show();
})();
"""


@dataclass(frozen=True)
class SliderFigure:
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

    name: str
    html: str
    stops: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"SliderFigure {self.name!r} with {len(self.stops)} stops "
            f"from {self.stops[0]} to {self.stops[-1]}"
        )

    def _repr_html_(self) -> str:
        return self.html


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
    texts = {"label": label, "caption": caption, "description": description}
    for what, text in texts.items():
        if not str(text).strip():
            raise ValueError(f"{what} must not be empty")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"name must be small letters, digits and hyphens, not {name!r}")
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
    for one, other in zip(written, written[1:], strict=False):
        if one == other:
            raise ValueError(f"with {stop_decimals} decimals two stops are written {one}")
    total = f"{counts.sum():,}"
    sentences = [
        counted.replace("{count}", f"{count:,}").replace("{total}", total) for count in counts
    ]
    frames = [
        {
            "value": written[i],
            "said": _sentence(label, written[i], sentences[i], (said or {}).get(i, "")),
            "x": place(min(max(stop, low), high)),
            "lines": [_frame(table[i, j], place) for j in range(len(names))],
        }
        for i, stop in enumerate(stops)
    ]
    ticks = {place(value): words for value, words in _ticks(low, high)}
    drawing = _drawing(name, frames, begin, names, counts, ticks, heads, meanings, description)
    data = _data(name, written, counts, table, names, meanings, decimals, label)
    html = _html(name, drawing, data, frames, begin, label, caption)
    return SliderFigure(name, html, written)


# --- what is given -----------------------------------------------------------------------


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


def _frame(numbers: np.ndarray, place: Any) -> dict[str, Any]:
    """One line at one stop, in the unit of the drawing."""
    low, high, point, middle = numbers
    return {
        "x": place(low),
        "width": round(max(place(high) - place(low), 1.0), 1),
        "point": place(point),
        "middle": None if math.isnan(middle) else place(middle),
    }


def _embedded(value: Any) -> str:
    """JSON that no HTML parser can take for the end of its script element."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


# --- what is drawn -----------------------------------------------------------------------


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "") -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{bold}>{escape(words)}</text>'


def _shown(x: float | None) -> str:
    return 'visibility="hidden"' if x is None else f'transform="translate({x} 0)"'


def _bar() -> str:
    return f'fill="{figures.COLORS["sky"]}" fill-opacity="0.45" stroke="{figures.MARK["blue"]}"'


def _diamond(y: float) -> str:
    return f'd="M0 {y - 6.5}L6.5 {y}L0 {y + 6.5}L-6.5 {y}Z" fill="{figures.MARK["vermillion"]}"'


def _circle(y: float) -> str:
    return f'cy="{y}" r="3.6" fill="{figures.GROUND}" stroke="{figures.COLORS["ink"]}" stroke-width="2"'


def _drawing(name, frames, begin, names, counts, ticks, heads, meanings, description) -> str:
    ink, soft, line = figures.COLORS["ink"], figures.TEXT["gray"], "#dedbd2"
    on, off = figures.MARK["vermillion"], figures.COLORS["sky"]
    base = _BARS_TOP + _BARS_HEIGHT
    top = base + 50
    foot = top + _LINE_HEIGHT * len(names)
    has_middle = any(part["middle"] is not None for frame in frames for part in frame["lines"])
    height = foot + 30 + 22 * (2 + has_middle)
    first = frames[begin]
    out = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'aria-labelledby="{name}-title {name}-description" '
        f'font-family="\'Bond Sans\', \'Segoe UI\', system-ui, sans-serif" font-size="15" fill="{ink}">',
        f'<title id="{name}-title">{escape(heads[0])}; {escape(heads[1])}</title>',
        f'<desc id="{name}-description">{escape(description)}</desc>',
        f'<rect width="{_WIDTH}" height="{height}" fill="{figures.GROUND}"/>',
        _text(4, 15, heads[0], weight="600"),
    ]
    width = round(max(frames[1]["x"] - frames[0]["x"] - 1, 1), 1)
    for i, count in enumerate(counts):
        tall = round(_BARS_HEIGHT * int(count) / max(int(counts.max()), 1), 1)
        x = round(frames[i]["x"] - width / 2, 1)
        color = on if i == begin else off
        out.append(
            f'<rect data-part="bar" x="{x}" y="{round(base - tall, 1)}" width="{width}" '
            f'height="{tall}" fill="{color}"/>'
        )
    out.append(f'<path d="M{_LEFT} {base}H{_RIGHT}" stroke="{soft}" fill="none"/>')
    reach = round(frames[-1]["x"] - frames[0]["x"], 1)
    out.append(f'<rect x="{frames[0]["x"]}" y="{base + 1}" width="{reach}" height="8" {_bar()}/>')
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
        f'<path data-part="needle" {_shown(first["x"])} d="M0 {_BARS_TOP - 4}V{base}M-6 {base + 9}L0 {base + 1}L6 {base + 9}Z" '
        f'stroke="{on}" stroke-width="1.5" fill="{on}"/>'
    )
    for j, words in enumerate(names):
        y = top + _LINE_HEIGHT * j + 11
        part = first["lines"][j]
        out.append(_text(4, y + 5, words))
        out.append(
            f'<rect data-part="range" x="{part["x"]}" y="{y - 5}" width="{part["width"]}" '
            f'height="10" {_bar()}/>'
        )
        out.append(f'<path data-part="point" {_shown(part["point"])} {_diamond(y)}/>')
        if has_middle:
            out.append(f'<circle data-part="middle" {_shown(part["middle"])} {_circle(y)}/>')
    y = foot + 38
    key = f'transform="translate({_LEFT + 11} 0)"'
    out.append(f'<rect x="{_LEFT}" y="{y - 5}" width="22" height="10" {_bar()}/>')
    out.append(f"<path {key} {_diamond(y + 22)}/>")
    if has_middle:
        out.append(f"<circle {key} {_circle(y + 44)}/>")
    for row, words in enumerate(meanings[: 2 + has_middle]):
        out.append(_text(_LEFT + 30, y + 5 + 22 * row, words))
    return "".join(out) + "</svg>"


def _data(name, written, counts, table, names, meanings, decimals, label) -> str:
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
    return (
        f'<details class="slider-data"><summary>The numbers behind the figure</summary>'
        f'<div class="table-scroll"><table><caption>In each cell: {escape(order)}.</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _html(name, drawing, data, frames, begin, label, caption) -> str:
    embedded = _embedded({"stops": frames, "on": figures.MARK["vermillion"], "off": figures.COLORS["sky"]})
    return (
        f'<figure class="slider-figure" id="{name}">{drawing}'
        f'<div class="slider-control" data-part="control" hidden>'
        f'<label for="{name}-slider">{escape(label)}</label>'
        f'<input type="range" id="{name}-slider" data-part="slider" min="0" max="{len(frames) - 1}" '
        f'step="1" value="{begin}" autocomplete="off" style="width: 100%"></div>'
        f'<p><output for="{name}-slider" aria-live="polite" data-part="said">'
        f"{escape(frames[begin]['said'])}</output></p>"
        f"<figcaption>{escape(caption)}</figcaption>{data}"
        f'<script type="application/json" data-part="data">{embedded}</script>'
        f"<script>{_SCRIPT % name}</script></figure>"
    )
