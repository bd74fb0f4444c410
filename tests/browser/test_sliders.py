"""The script of the figures with sliders: each step draws the frame it should, and is read out once.

A page of the book, a notebook with several copies, a broken figure, paper, dark, forced colors.
"""

import itertools
import json
import re

import checks
import pandas as pd
import pytest
from minipage import STATIC, mini_page

from helpers import interactive
from helpers.interactive import slider_figure, sliders_figure, two_slider_figure

STYLES = ("book.css", "sliders.css", *(["figures.css"] if (STATIC / "figures.css").is_file() else []))
PAUSE = 400
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


def path(x, tall, start, end):
    """The path of the bars between two places."""
    bars = [
        f"V{165 - high:g}H{min(right, end):g}"
        for high, left, right in zip(tall, x, x[1:], strict=False)
        if right > start and left < end
    ]
    return f"M{start:g} 165{''.join(bars)}V165Z"


def drawn(page):
    """What the drawing shows."""
    part = {name: page.locator(f'[data-part="{name}"]') for name in
            ("all", "beyond", "band", "needle", "mark", "said")}  # fmt: skip

    def number(name, key):
        return float(part[name].get_attribute(key))

    def shift(name):
        return float(re.search(r"[\d.]+", part[name].get_attribute("transform")).group())

    return {
        "all": part["all"].get_attribute("d"),
        "beyond": part["beyond"].get_attribute("d"),
        "band": (number("band", "x"), pytest.approx(number("band", "x") + number("band", "width"))),
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
    first, second = page.locator("#pair-slider-1"), page.locator("#pair-slider-2")
    assert first.is_visible() and second.is_visible()
    for i, n in enumerate(PEOPLE):
        second.press("Home")
        for j, r in enumerate(TRUTHS):
            levels, low, high, mark = data["frames"][3 * i + j]
            tall, x = [1.5 * (ord(level) - 35) for level in levels], data["x"]
            assert drawn(page) == {
                "all": path(x, tall, x[0], x[-1]),
                "beyond": path(x, tall, x[0], low) + path(x, tall, high, x[-1]),
                "band": (low, high), "at": data["at"][j], "mark": mark,
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
    page.set_content(mini_page(three.html, styles=STYLES))
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
    page.set_content(mini_page(three.html, theme, styles=STYLES))
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


# --- one script for all ------------------------------------------------------------------


@pytest.fixture
def one():
    """A figure with one slider of three stops."""
    rows = [
        {"at": at, "line": line, "low": -0.8 + at / 4, "high": 0.8, "point": at / 2}
        for at in (-0.5, 0.0, 0.5)
        for line in ("a", "b")
    ]
    rows[-1]["middle"] = 0.3
    return slider_figure(
        pd.DataFrame(rows), [-0.4, 0.1, 0.2, 0.6], name="mine", label="r of a and c",
        caption="A caption.", description="Bars.",
    )  # fmt: skip


def watched(page):
    """Errors and warnings of a page, as they come."""
    faults = []
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("console", lambda message: message.type in ("error", "warning") and faults.append(message.text))
    return faults


def part(page, name):
    return page.locator(f'[data-part="{name}"]')


def without_script(html):
    return re.sub(r'<script data-part="script">.*?</script>', "", html, flags=re.S)


def test_one_slider_draws_what_its_keys_say(one, new_page):
    page = new_page()
    faults = watched(page)
    page.set_content(mini_page(one.html, styles=STYLES))
    data = json.loads(part(page, "data").text_content())
    slider = part(page, "slider")
    slider.press("Home")
    for i, stop in enumerate(one.stops):
        needle, *lines = data["frames"][i]
        assert part(page, "needle").get_attribute("transform") == f"translate({needle:g} 0)"
        for k, (left, width, point, middle) in enumerate(lines):
            bar = part(page, "range").nth(k)
            assert [float(bar.get_attribute(key)) for key in ("x", "width")] == [left, width]
            assert part(page, "point").nth(k).get_attribute("transform") == f"translate({point:g} 0)"
            shown = part(page, "middle").nth(k).get_attribute("visibility")
            assert shown == ("hidden" if middle is None else "visible")
        fills = [bar.get_attribute("fill") for bar in part(page, "bar").all()]
        assert fills == [data["on"] if k == i else data["off"] for k in range(3)]
        assert slider.get_attribute("aria-valuetext") == part(page, "stop").text_content() == stop
        assert part(page, "said").text_content().startswith(f"r of a and c: {stop}.")
        slider.press("ArrowRight")
    assert faults == []


def count_spoken(page):
    """Let the page count how often the first figure is read out."""
    page.evaluate("""() => {
        window.changes = 0;
        const count = (records) => { changes += records.length; };
        new MutationObserver(count).observe(document.querySelector('[data-part="spoken"]'), {childList: true});
    }""")


@pytest.fixture
def timed(new_page):
    """A page whose time stands still: it passes on demand alone."""
    page = new_page()
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    return page


def test_the_sentence_is_read_out_once_after_a_pause(one, timed):
    page = timed
    page.set_content(mini_page(one.html, styles=STYLES))
    spoken, said, slider = part(page, "spoken"), part(page, "said"), part(page, "slider")
    assert spoken.evaluate("output => output.tagName") == "OUTPUT"
    count_spoken(page)
    for key in ("Home", "End", "ArrowLeft"):
        slider.press(key)
        page.clock.run_for(PAUSE - 1)
    assert spoken.text_content() == "" and said.text_content().startswith("r of a and c: 0.00.")
    page.clock.run_for(1)
    assert spoken.text_content() == said.text_content()
    assert page.evaluate("changes") == 1
    page.locator("summary").focus()
    assert spoken.text_content() == ""  # whoever reads on meets the sentence once
    box = spoken.bounding_box()
    assert box["width"] <= 1 and box["height"] <= 1


def test_a_button_leads_back_to_the_start(three, new_page):
    page = new_page()
    page.set_content(mini_page(three.html, styles=STYLES))
    before = part(page, "number").all_text_contents()
    for slider in part(page, "slider").all():
        slider.press("End")
    assert part(page, "number").all_text_contents() != before
    page.keyboard.press("Tab")
    assert part(page, "reset").evaluate("button => button === document.activeElement")
    page.keyboard.press("Enter")
    assert part(page, "number").all_text_contents() == before
    assert [slider.input_value() for slider in part(page, "slider").all()] == ["0", "0", "0"]


def test_every_control_is_large_enough_to_touch(three, new_page):
    page = new_page(width=320)
    page.set_content(mini_page(three.html, styles=STYLES))
    for control in [*part(page, "slider").all(), part(page, "reset")]:
        assert control.bounding_box()["height"] >= 24


def test_the_script_may_run_twice(one, three, timed):
    page = timed
    faults = watched(page)
    page.set_content(mini_page(one.html + three.html, styles=STYLES))  # two copies of the script
    page.evaluate(interactive._script())
    count_spoken(page)
    page.locator("#mine-slider-1").press("Home")
    page.clock.run_for(2 * PAUSE)
    assert page.evaluate("changes") == 1  # once, by one of the copies
    page.locator("#mine-slider-1").press("ArrowRight")
    page.locator("#ways-slider-3").press("ArrowRight")
    assert part(page, "stop").all_text_contents() == ["0.00", "0%", "0%", "0.90"]
    page.evaluate("document.querySelectorAll('.slider-figure')[0].remove()")
    page.evaluate(interactive._script())
    assert faults == []


def test_a_figure_may_stand_twice(figure, new_page):
    """A notebook can show one output in two places."""
    page = new_page()
    faults = watched(page)
    page.set_content(mini_page(figure.html * 2, styles=STYLES))
    before = part(page, "beyond").nth(0).get_attribute("d")
    part(page, "slider").nth(3).press("End")
    assert part(page, "said").all_text_contents() == ["16 people at \u22120.50: 16%.", "16 people at 0.50: 16%."]
    assert part(page, "beyond").nth(0).get_attribute("d") == before
    assert faults == []


def test_a_page_of_the_book_loads_the_script_as_a_file(one, new_page, serve, tmp_path):
    """No copy in the page, and a policy that allows no inline script."""
    script = interactive._script()
    (tmp_path / "sliders.js").write_text(script, encoding="utf-8")
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; script-src 'self'; style-src-attr 'unsafe-inline'\">"
    html = f"<!doctype html><html lang='en'><head><meta charset='utf-8'>{policy}<script defer src='sliders.js'></script>"
    (tmp_path / "page.html").write_text(f"{html}</head><body>{without_script(one.html)}</body></html>", encoding="utf-8")
    for address in (f"{serve(tmp_path)}page.html", (tmp_path / "page.html").as_uri()):
        page = new_page()
        faults = watched(page)
        page.goto(address)
        part(page, "slider").press("End")
        assert part(page, "stop").text_content() == "0.50"
        assert [fault for fault in faults if "favicon" not in fault and "404" not in fault] == []


def with_data(html, change):
    """The figure with its data changed."""
    data = json.loads(re.search(r'data-part="data">(.*?)</script>', html)[1])
    change(data)
    block = r'(data-part="data">).*?(</script>)'
    return re.sub(block, lambda match: match[1] + json.dumps(data) + match[2], html, count=1)


BROKEN = {
    "no data": lambda html: re.sub(r'<script type="application/json".*?</script>', "", html, flags=re.S),
    "no JSON": lambda html: html.replace('data-part="data">{', 'data-part="data">{{'),
    "a kind that is not known": lambda html: html.replace('data-kind="lines"', 'data-kind="pie"'),
    "a frame too few": lambda html: with_data(html, lambda data: data["frames"].pop()),
    "no sentences": lambda html: html.replace('"said":', '"sad":'),
    "a part of the drawing is missing": lambda html: html.replace('data-part="needle"', ""),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_figure_keeps_its_drawing_and_hurts_no_other(one, three, fault, new_page):
    page = new_page()
    faults = watched(page)
    broken = BROKEN[fault](one.html)
    assert broken != one.html
    page.set_content(mini_page(broken + three.html, styles=STYLES))
    mine = page.locator("#mine")
    assert not mine.locator("input").is_visible() and not mine.locator("button").is_visible()
    assert mine.locator("svg").is_visible() and mine.locator("summary").is_visible()
    assert mine.locator('[data-part="said"]').text_content() == "r of a and c: 0.00. 2 of 4 are nearest to it."
    page.locator("#ways-slider-1").press("ArrowRight")
    assert page.locator("#ways [data-part='stop']").first.text_content() == "50%"
    assert len(faults) == 1 and faults[0].startswith("The sliders of the figure mine do not work")


def test_a_figure_that_breaks_later_goes_back_to_its_start(one, new_page):
    page = new_page()
    faults = watched(page)
    broken = with_data(one.html, lambda data: data["frames"].__setitem__(2, 7))
    page.set_content(mini_page(broken, styles=STYLES))
    part(page, "slider").press("End")
    assert not part(page, "slider").is_visible()
    assert part(page, "said").text_content() == "r of a and c: 0.00. 2 of 4 are nearest to it."
    assert len(faults) == 1 and faults[0].startswith("The sliders")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colors_follow_the_page(one, theme, new_page):
    page = new_page(theme)
    page.set_content(mini_page(one.html, theme, styles=STYLES))
    page.add_style_tag(content='html[data-theme="dark"] { --fig-ground: #16191e; --fig-ink: #dfded9; }')
    ground = page.locator("#mine svg > rect").first.evaluate("rect => getComputedStyle(rect).fill")
    ink = page.locator("#mine svg text").first.evaluate("text => getComputedStyle(text).fill")
    expected = {"light": ("rgb(253, 252, 248)", "rgb(34, 36, 42)"), "dark": ("rgb(22, 25, 30)", "rgb(223, 222, 217)")}
    assert (ground, ink) == expected[theme]
    assert page.locator("#mine svg").evaluate("svg => getComputedStyle(svg).filter") == "none"


def test_forced_colors_reach_the_drawing(one, new_page):
    page = new_page()
    page.emulate_media(forced_colors="active", color_scheme="dark")
    page.set_content(mini_page(one.html, styles=STYLES))
    ground = page.locator("#mine svg > rect").first.evaluate("rect => getComputedStyle(rect).fill")
    ink = page.locator("#mine svg text").first.evaluate("text => getComputedStyle(text).fill")
    assert (ground, ink) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)")


def test_on_paper_the_figure_stands_still(three, one, new_page):
    page = new_page()
    page.set_content(mini_page(three.html + one.html, styles=STYLES))
    page.locator("#ways-slider-3").press("ArrowRight")
    page.emulate_media(media="print")
    for name in ("slider", "reset", "stop"):
        assert not any(element.is_visible() for element in part(page, name).all())
    assert part(page, "stands").is_visible() and part(page, "said").first.is_visible()
    assert page.locator("#mine table").is_visible()  # three rows
