"""The scripts of the figures with several sliders: each keyboard step draws the frame it should."""

import itertools
import json
import re

import checks
import pandas as pd
import pytest
from minipage import mini_page

from helpers.interactive import sliders_figure, two_slider_figure

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


# --- one to four sliders -----------------------------------------------------------------

RELIEF, READY, RELIABLE = (0.0, 0.5, 1.0), (0.0, 0.25), (0.8, 0.9, 1.0)
STARTS = {"relief": 0.0, "ready": 0.0, "rel": 0.8}


@pytest.fixture
def ways():
    """A row for each combination; some are forbidden."""
    table = pd.DataFrame(itertools.product(RELIEF, READY, RELIABLE), columns=[*STARTS])
    table["barred"] = table["relief"] + table["ready"] > table["rel"]
    table["through"] = -0.54 * (table["relief"] + table["ready"])
    table["push"] = (table["rel"] - 0.84 - table["through"]).mask(table["barred"])
    return table


@pytest.fixture
def three(ways):
    return sliders_figure(
        ways, sliders=[*STARTS], parts=["through", "push"], strong="push",
        labels={"relief": "How much comes through relief", "ready": "How much comes through readiness",
                "rel": "Reliability of the rating", "through": "through relief and readiness",
                "push": "what a push of one SD would do"},
        limits=(-1, 1), name="ways", axis="Effect, in SDs", said="A push moves it by {push:.2f} SDs.",
        forbidden=("barred", "At a reliability of {rel:.1f} the table forbids this."), start=STARTS,
        caption="A caption.", description="Bars.", formats={"relief": ".0%", "ready": ".0%"},
    )  # fmt: skip


def bars(page):
    """What the bars, the numbers, the field and the sentence show."""
    part = {name: page.locator(f'[data-part="{name}"]') for name in ("bar", "number", "forbidden", "said")}
    spans = [[float(bar.get_attribute(key)) for key in ("x", "width")] for bar in part["bar"].all()]
    return {
        "spans": [pytest.approx((x, x + width), abs=0.11) for x, width in spans],
        "numbers": part["number"].all_text_contents(),
        "hatched": part["forbidden"].get_attribute("visibility") == "visible",
        "said": part["said"].text_content(),
    }


def meant(row, data):
    """The same from the table."""
    if row.barred:
        said = f"At a reliability of {row.rel:.1f} the table forbids this."
        return {"spans": [(data["zero"],) * 2] * 2, "numbers": ["\u2013"] * 2, "hatched": True, "said": said}
    numbers = [row.through, row.push]
    written = [f"{number:.2f}".replace("-0.00", "0.00").replace("-", "\u2212") for number in numbers]
    ends = [data["zero"] + round(number, 2) * data["unit"] for number in numbers]
    return {
        "spans": [tuple(sorted((data["zero"], end))) for end in ends], "numbers": written, "hatched": False,
        "said": f"A push moves it by {written[1]} SDs.",
    }  # fmt: skip


def test_three_sliders_draw_what_their_keys_say(three, ways, new_page):
    page = new_page(width=390)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_content(mini_page(three.html))
    data = json.loads(page.locator('[data-part="data"]').text_content())
    sliders = page.locator('[data-part="slider"]')
    page.locator("h1").click()
    page.keyboard.press("Tab")
    assert sliders.nth(0).evaluate("slider => slider === document.activeElement")
    assert page.locator('[data-part="stands"]').is_hidden()
    rows = iter(ways.itertuples())
    for i, relief in enumerate(("0%", "50%", "100%")):
        sliders.nth(1).press("Home")
        for j, ready in enumerate(("0%", "25%")):
            sliders.nth(2).press("Home")
            for rel in ("0.80", "0.90", "1.00"):
                assert bars(page) == meant(next(rows), data)
                texts = [one.get_attribute("aria-valuetext") for one in sliders.all()]
                assert texts == page.locator('[data-part="stop"]').all_text_contents() == [relief, ready, rel]
                sliders.nth(2).press("ArrowRight")
            sliders.nth(1).press("ArrowRight")
        sliders.nth(0).press("ArrowRight")
    assert next(rows, None) is None and faults == []
    page.emulate_media(media="print")
    assert page.locator('[data-part="stands"]').is_visible() and not sliders.nth(0).is_visible()
    stands = "How much comes through relief: 100%; How much comes through readiness: 25%; Reliability of the rating: 1.00."
    assert page.locator('[data-part="stands"]').text_content() == stands


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_three_sliders_are_accessible_and_fit(three, theme, new_page):
    page = new_page(theme)
    page.set_content(mini_page(three.html, theme))
    for keys in ((), ("End",)):  # the start, and a forbidden combination
        for key in keys:
            page.locator('[data-part="slider"]').first.press(key)
        checks.unfold(page)
        faults = [fault for width in (1280, 320) for fault in checks.sideways(page, width)]
        assert faults + checks.accessibility(page) == []
    fits = """() => [...document.querySelectorAll('svg text')].filter(text => {
        const box = text.getBBox(); return box.x < 0 || box.x + box.width > 400; }).map(t => t.textContent)"""
    assert page.evaluate(fits) == []


def test_three_sliders_stand_still_without_scripts(three, ways, browser):
    with browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 900}) as context:
        page = context.new_page()
        page.set_content(mini_page(three.html))
        assert [slider.is_visible() for slider in page.locator('[data-part="slider"]').all()] == [False] * 3
        assert page.locator('[data-part="stands"]').is_visible()
        data = json.loads(page.locator('[data-part="data"]').text_content())
        assert bars(page) == meant(next(ways.itertuples()), data)
