"""The script of the figure with two sliders: each keyboard step draws the frame it should."""

import json
import re

import pandas as pd
import pytest

from helpers.interactive import two_slider_figure

PEOPLE, TRUTHS = (16, 24, 30), (-0.5, 0.0, 0.5)
EDGES = (-1.0, -0.5, 0.0, 0.5, 1.0)


@pytest.fixture
def figure():
    """A figure whose frames all differ, the last one without a mark."""
    cells = pd.DataFrame(
        [(n, r, -6 / n, 7 / n, r / 2 + 0.1 + n / 300, n / 100) for n in PEOPLE for r in TRUTHS],
        columns=["n", "r", "low", "high", "mark", "power"],
    )
    cells.loc[cells.index[-1], "mark"] = None
    bars = [[1, 2 + i, 12, 4 + i] for i in range(len(cells))]
    return two_slider_figure(
        cells, bars, EDGES, by=("n", "r"), labels=("people", "true r"), name="pair",
        head="Studies", said="{n} people at {r:.2f}: {power:.0%}.", caption="A caption.",
        description="Bars.", meanings=("found", "not found", "truth", "mean of the found"),
        table=("{power:.0%}", "Power."), start=(16, -0.5),
    )  # fmt: skip


def drawn(page):
    """What the drawing shows, in the form of a frame."""
    part = {name: page.locator(f'[data-part="{name}"]') for name in
            ("all", "beyond", "band", "left", "right", "needle", "mark", "said")}  # fmt: skip

    def number(name, key):
        return float(part[name].get_attribute(key))

    def shift(name):
        return float(re.search(r"[\d.]+", part[name].get_attribute("transform")).group())

    outline = part["all"].get_attribute("d")
    assert part["beyond"].get_attribute("d") == outline
    low, high = number("band", "x"), number("band", "x") + number("band", "width")
    assert number("left", "x") + number("left", "width") == pytest.approx(low)
    assert number("right", "x") == pytest.approx(high)
    return {
        "tall": [162 - int(y) for y in re.findall(r"V(\d+)H", outline)],
        "band": pytest.approx((low, high)),
        "at": shift("needle"),
        "mark": None if part["mark"].get_attribute("visibility") == "hidden" else shift("mark"),
        "said": part["said"].text_content(),
    }


def test_two_sliders_draw_what_their_keys_say(figure, new_page):
    page = new_page(width=390)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_content(figure.html)
    data = json.loads(page.locator('[data-part="data"]').text_content())
    first, second = page.locator("#pair-first"), page.locator("#pair-second")
    assert first.is_visible() and second.is_visible()
    for i, n in enumerate(PEOPLE):
        second.press("Home")
        for j, r in enumerate(TRUTHS):
            tall, low, high, mark, _ = data["frames"][i][j]
            assert drawn(page) == {
                "tall": tall, "band": (low, high), "at": data["at"][j], "mark": mark,
                "said": f"{n} people at {r:.2f}: {n}%.".replace("-", "\u2212"),
            }  # fmt: skip
            assert first.get_attribute("aria-valuetext") == str(n)
            assert second.get_attribute("aria-valuetext") == f"{r:.2f}".replace("-", "\u2212")
            second.press("ArrowRight")
        first.press("ArrowRight")
    assert faults == []
