"""The figures with sliders: their parts, their words, their data, and what they refuse."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from helpers import figures, interactive
from helpers.interactive import slider_figure, sliders_figure, two_slider_figure

WORDS = {"name": "mine", "label": "r of a and c", "caption": "A caption.", "description": "Bars."}


def lines(stops=(-0.5, 0.0, 0.5), names=("a × b", "b × c"), **more):
    rows = [
        {"at": at, "line": line, "low": -0.8 + at / 4, "high": 0.8, "point": at / 2, "middle": 0.1}
        for at in stops
        for line in names
    ]
    return pd.DataFrame(rows).assign(**more)


def drawn(table=None, sample=(-0.4, 0.1, 0.2, 0.6), **more):
    return slider_figure(lines() if table is None else table, sample, **(WORDS | more))


def soup(figure):
    return BeautifulSoup(figure._repr_html_(), "html.parser")


def parts(page, name):
    return page.find_all(attrs={"data-part": name})


def embedded(page):
    return json.loads(parts(page, "data")[0].string)


def sentences(page):
    """The sentence of each frame, put together as the script does it."""
    data = embedded(page)
    result = []
    for frame, fields in zip(data["frames"], data["fields"], strict=True):
        words = data["said"][0 if frame else 1]
        texts = [*(data["texts"][i] for i in fields), *[""] * (len(words) - len(fields))]
        result.append("".join(word + text for word, text in zip(words, texts, strict=True)))
    return result


def color(name, light):
    return f"var(--fig-{name}, {light})"


SKY = color("sky", figures.MARK["sky"])
SKY_AREA = color("sky-area", figures.COLORS["sky"])
VERMILION = color("vermilion", figures.MARK["vermillion"])


def test_it_shows_itself_and_says_what_it_is():
    figure = drawn()
    assert repr(figure) == "SliderFigure 'mine' with 3 stops from \u22120.50 to 0.50"
    assert figure._repr_html_().startswith('<figure class="slider-figure" id="mine" data-kind="lines">')


def test_a_figure_carries_its_script_once_and_no_page_has_to():
    page = soup(drawn())
    (script,) = parts(page, "script")
    path = Path(interactive.__file__).with_name("sliders.js")
    assert script.string == path.read_text(encoding="utf-8")
    assert "</" not in script.string  # no HTML parser ends it early


@pytest.mark.parametrize("kind", ["lines", "histogram", "bars"])
def test_every_color_follows_its_page_and_is_light_in_a_notebook(kind):
    drawing = str(soup({"lines": drawn, "histogram": two, "bars": many}[kind]()).find("svg"))
    colors = re.findall(r"#[0-9a-f]{6}", drawing)
    assert len(colors) == len(re.findall(r"var\(--fig-[a-z-]+, #[0-9a-f]{6}\)", drawing)) > 5


def test_a_short_table_is_marked_for_paper():
    def behind(figure):
        return soup(figure).find("details")["class"]

    assert behind(drawn()) == ["slider-data", "short"]
    stops = np.linspace(-0.6, 0.6, 13)
    assert behind(drawn(lines(stops=stops))) == ["slider-data"]


def test_the_same_call_gives_the_same_bytes():
    assert drawn().html == drawn().html


def test_ids_are_unique_and_carry_the_name():
    both = BeautifulSoup(drawn().html + drawn(name="other").html, "html.parser")
    ids = [element["id"] for element in both.find_all(id=True)]
    assert len(ids) == len(set(ids)) == 8
    assert all(re.match("mine|other", one) for one in ids)
    for label in both.find_all("label"):
        assert both.find(id=label["for"])["type"] == "range"
    for output in both.find_all("output"):
        assert both.find(id=output["for"]) is not None


def test_the_drawing_has_a_name_and_a_description():
    page = soup(drawn())
    drawing = page.find("svg")
    assert drawing["role"] == "img"
    said = [page.find(id=one).get_text() for one in drawing["aria-labelledby"].split()]
    assert said == ["Trials at each value; Given that value", "Bars."]
    assert page.find("figcaption").get_text() == "A caption."


def test_without_scripts_there_is_no_dead_slider_but_a_drawing_a_sentence_and_a_table():
    page = soup(drawn())
    assert all(control.has_attr("hidden") for control in parts(page, "control"))
    for part in ("slider", "reset"):
        assert parts(page, part)[0].find_parent(attrs={"data-part": "control"}) is not None
    assert parts(page, "slider")[0]["aria-valuetext"] == "0.00"
    assert parts(page, "slider")[0].find_parent(attrs={"data-part": "control"}) is not None
    spoken = parts(page, "spoken")[0]
    assert spoken.name == "output" and spoken.get_text() == ""  # a status: read out when it changes
    said = parts(page, "said")[0]
    assert said.find_parent(attrs={"data-part": "control"}) is None
    assert said.get_text() == "r of a and c: 0.00. 2 of 4 are nearest to it."
    assert len(page.find("tbody").find_all("tr")) == 3


def test_it_asks_nothing_of_anybody():
    html = drawn().html.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in html and "src=" not in html and "import" not in html


def test_the_drawing_stands_where_the_data_say():
    page = soup(drawn(start=0.5))
    needle, *drawn_lines = embedded(page)["frames"][2]
    assert parts(page, "slider")[0]["value"] == "2"
    assert parts(page, "said")[0].get_text() == sentences(page)[2]
    assert parts(page, "needle")[0]["transform"] == f"translate({needle} 0)"
    for bar, line in zip(parts(page, "range"), drawn_lines, strict=True):
        assert [float(bar["x"]), float(bar["width"])] == line[:2]
    for place, kind in enumerate(("point", "middle"), start=2):
        for mark, line in zip(parts(page, kind), drawn_lines, strict=True):
            assert mark["transform"] == f"translate({line[place]} 0)"
    fills = [bar["fill"] for bar in parts(page, "bar")]
    assert fills == [SKY_AREA] * 2 + [VERMILION] == [embedded(page)["off"]] * 2 + [embedded(page)["on"]]


def test_places_follow_the_numbers():
    frames = embedded(soup(drawn()))["frames"]
    unit = (388 - 164) / 2  # of the drawing, for one unit of the axis

    def place(value):
        return pytest.approx(164 + (1 + value) * unit, abs=0.06)

    assert [frame[0] for frame in frames] == [place(-0.5), place(0.0), place(0.5)]
    left, width, point, middle = frames[0][2]
    assert (left, point, middle) == (place(-0.925), place(-0.25), place(0.1))
    assert left + width == pytest.approx(164 + 1.8 * unit, abs=0.11)


def test_counts_go_to_the_nearest_stop():
    page = soup(drawn(sample=[-0.74, -0.26, -0.25, 0.24, 0.25, 0.7]))
    counts = [row.find("td").get_text() for row in page.find("tbody").find_all("tr")]
    assert counts == ["2", "2", "2"]
    heights = [float(bar["height"]) for bar in parts(page, "bar")]
    assert len(set(heights)) == 1 and heights[0] > 0


def test_a_sample_of_nothing_is_drawn():
    page = soup(drawn(sample=[]))
    assert {bar["height"] for bar in parts(page, "bar")} == {"0.0"}


def test_the_table_holds_every_number_and_its_headers_have_a_scope():
    table = soup(drawn()).find("table")
    assert all(cell.get("scope") in {"col", "row"} for cell in table.find_all("th"))
    heads = [cell.get_text() for cell in table.find("thead").find_all("th")]
    assert heads == ["r of a and c", "count", "a × b", "b × c"]
    assert "possible; completion; median" in table.find("caption").get_text()
    first = [cell.get_text() for cell in table.find("tbody").find("tr").find_all(["th", "td"])]
    assert first[:3] == ["\u22120.50", "1", "\u22120.93 to 0.80; \u22120.25; 0.10"]


def test_a_missing_middle_is_hidden_and_said():
    table = lines()
    table.loc[table["at"] == 0, "middle"] = np.nan
    page = soup(drawn(table))
    assert all(mark["visibility"] == "hidden" for mark in parts(page, "middle"))
    assert embedded(page)["frames"][1][1][3] is None
    assert page.find("tbody").find_all("tr")[1].find_all("td")[1].get_text().endswith("; none")


def test_no_middle_at_all_leaves_no_mark():
    page = soup(drawn(lines().drop(columns="middle")))
    assert parts(page, "middle") == []
    assert "median" not in page.get_text()


def test_words_are_escaped_everywhere():
    bad = '</script><b id="x">&"'
    figure = drawn(
        lines(names=(bad, "b")), label=bad, caption=bad, description=bad, heads=(bad, bad),
        meanings=(bad, bad, bad), said={-0.5: bad, 0: bad, 0.5: bad},
    )  # fmt: skip
    page = soup(figure)
    assert page.find(id="x") is None and page.find("b") is None
    assert page.find("figcaption").get_text() == bad
    assert sentences(page)[0].endswith(bad)
    assert figure.html.count("</script>") == 2  # the data and the script


def test_sentences_belong_to_their_stops():
    page = soup(drawn(said={-0.5: "low", 0.0: "middle", 0.5: "high"}))
    assert [sentence.split()[-1] for sentence in sentences(page)] == ["low", "middle", "high"]


def test_the_count_can_be_said_otherwise_or_not_at_all():
    said = {-0.5: "Low.", 0.0: "Middle.", 0.5: "High."}
    figure = drawn(counted="At it: {count} ({total} in all).", said=said)
    assert sentences(soup(figure))[1] == "r of a and c: 0.00. At it: 2 (4 in all). Middle."
    figure = drawn(counted="", said=said)
    assert sentences(soup(figure))[2] == "r of a and c: 0.50. High."
    assert parts(soup(drawn(counted=" ")), "said")[0].get_text() == "r of a and c: 0.00."


def test_stops_have_decimals_of_their_own():
    figure = drawn(lines(stops=(1.0, 2.0), low=0.0), [1, 2, 2], stop_decimals=0, limits=(0, 2))
    assert figure.stops == ("1", "2")
    page = soup(figure)
    assert embedded(page)["stops"] == [["1", "2"]]
    row = page.find("tbody").find("tr").find_all(["th", "td"])
    assert [cell.get_text() for cell in row][:3] == ["1", "1", "0.00 to 0.80; 0.50; 0.10"]


@pytest.mark.parametrize(
    ("limits", "ticks"),
    [
        ((-1, 1), ["\u22121.0", "\u22120.5", "0.0", "0.5", "1.0"]),
        ((-2, 40), ["0", "20", "40"]),
        ((0, 40), ["0", "10", "20", "30", "40"]),
        ((0, 1), ["0.00", "0.25", "0.50", "0.75", "1.00"]),
        ((-0.03, 0.9), ["0.00", "0.25", "0.50", "0.75"]),
        ((-7, 1000), ["0", "500", "1000"]),
    ],
)
def test_ticks_are_round_and_stay_in_the_drawing(limits, ticks):
    table = lines(stops=(0.0, 0.5), low=0.0)
    page = soup(drawn(table, [0.1], limits=limits))
    texts = page.find("svg").find_all("text")
    shown = [text for text in texts if text.get_text() in ticks]
    assert [text.get_text() for text in shown] == ticks
    for text in shown:
        wide = 9 * len(text.get_text())
        end = float(text["x"]) + {"middle": wide / 2, "end": 0}[text["text-anchor"]]
        assert end <= 398
    places = [float(text["x"]) for text in shown if text["text-anchor"] == "middle"]
    value = [float(text.get_text().replace("\u2212", "-")) for text in shown][: len(places)]
    unit = (388 - 164) / (limits[1] - limits[0])
    assert places == pytest.approx([164 + (one - limits[0]) * unit for one in value], abs=0.06)


def test_colors_stand_out_on_the_ground():
    for color in (figures.MARK["vermillion"], figures.MARK["blue"], figures.TEXT["gray"]):
        assert figures.contrast(color, figures.GROUND) >= 3


@pytest.mark.parametrize(
    ("table", "more", "message"),
    [
        (lines().drop(columns="high"), {}, "lines has no column 'high'"),
        (lines(high=np.nan), {}, "high must be finite, not nan"),
        (lines(high=1.5), {}, "high must be from -1 to 1, not 1.5"),
        (lines(middle=-1.5), {}, "middle must be from -1 to 1, not -1.5"),
        (lines(low=0.9), {}, "low must not be above high"),
        (lines()[:-1], {}, "lines has no 'b × c' at 0.5"),
        (pd.concat([lines(), lines()[:1]]), {}, "lines has 'a × b' twice at -0.5"),
        (lines(stops=(0.0,)), {}, "lines must hold at least two stops"),
        (lines(stops=(0.0, 0.1, 0.5)), {}, "equally far apart, not 0.1 to 0.4"),
        (None, {"sample": [0.0, 0.9]}, "sample holds 0.9, which no stop is near to"),
        (None, {"sample": [0.0, np.nan]}, "sample must be finite, not nan"),
        (None, {"start": 0.1}, "start must be one of the stops, not 0.1"),
        (None, {"said": {0.0: "only"}}, "said has no sentence for the stop -0.5"),
        (None, {"name": "Two words"}, "name must be small letters, digits and hyphens, not 'Two words'"),
        (None, {"caption": " "}, "caption must not be empty"),
        (None, {"limits": (1, -1)}, "limits must rise, not 1 to -1"),
        (None, {"decimals": 9}, "decimals must be at most 6, not 9"),
        (None, {"stop_decimals": 9}, "stop_decimals must be at most 6, not 9"),
        (None, {"stop_decimals": 0}, "with 0 decimals two stops are written 0"),
        (None, {"counted": "{n} of {total}"}, "counted may hold {count} and {total} and no other brace"),
    ],
)
def test_faults_are_named(table, more, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        drawn(table, **more)


# --- two sliders -------------------------------------------------------------------------

EDGES = (-1.0, -0.5, 0.0, 0.5, 1.0)
TWO = {
    "by": ("n", "r"), "labels": ("people", "true r"), "name": "pair", "head": "What studies find",
    "said": "{n} people at {r:.2f}: {power:.0%}.", "caption": "A caption.", "description": "Bars.",
    "meanings": ("found", "not found", "truth", "mean of the found"), "table": ("{power:.0%}; {mark:.2f}", "In each cell: power."),
}  # fmt: skip


def pairs(ns=(16, 24, 30), rs=(-0.5, 0.0, 0.5), **more):
    rows = [
        {"n": n, "r": r, "low": -6 / n, "high": 6 / n, "mark": r / 2 + 0.5, "power": n / 100}
        for n in ns
        for r in rs
    ]
    return pd.DataFrame(rows).assign(**more)


def heights(table):
    return [[1, 2 + i, 8, 4] for i in range(len(table))]


def two(frame=None, shares=None, edges=EDGES, **more):
    frame = pairs() if frame is None else frame
    return two_slider_figure(frame, heights(frame) if shares is None else shares, edges, **(TWO | more))


def outline(page, name="all"):
    """The heights of the bars that are drawn, from the path, and where each ends."""
    path = re.findall(r"V([\d.]+)H([\d.]+)", parts(page, name)[0]["d"])
    return [165 - float(y) for y, _ in path], [float(x) for _, x in path]


def heights_of(frame):
    return [1.5 * (ord(level) - ord("#")) for level in frame[0]]


def test_two_sliders_show_themselves_and_say_what_they_are():
    figure = two()
    assert repr(figure) == "TwoSliderFigure 'pair' with 3 x 3 stops"
    assert figure.stops == (("16", "24", "30"), ("\u22120.50", "0.00", "0.50"))
    assert figure._repr_html_().startswith('<figure class="slider-figure" id="pair" data-kind="histogram">')
    assert figure.html == two().html


def test_two_figures_share_a_page_with_the_other_kind():
    both = BeautifulSoup(two().html + two(name="other").html + drawn().html, "html.parser")
    ids = [element["id"] for element in both.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for label in both.find_all("label"):
        assert both.find(id=label["for"])["type"] == "range"
    for output in both.find_all("output"):
        assert all(both.find(id=one)["type"] == "range" for one in output["for"])


def test_two_sliders_ask_nothing_of_anybody():
    html = two().html.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in html and "src=" not in html and "import" not in html


def test_without_scripts_two_sliders_are_hidden_and_everything_else_stands():
    page = soup(two(start=(16, 0.5)))
    assert all(control.has_attr("hidden") for control in parts(page, "control"))
    assert parts(page, "said")[0].get_text() == "16 people at 0.50: 16%."
    assert page.find("figcaption").get_text() == "A caption."
    drawing = page.find("svg")
    said = [page.find(id=one).get_text() for one in drawing["aria-labelledby"].split()]
    assert said == ["What studies find", "Bars."]
    table = page.find("table")
    heads = [cell.get_text() for cell in table.find("thead").find_all("th")]
    assert heads == ["true r", "people 16", "people 24", "people 30"]
    last = [cell.get_text() for cell in table.find_all("tr")[-1].find_all(["th", "td"])]
    assert last == ["0.50", "16%; 0.75", "24%; 0.75", "30%; 0.75"]
    assert all(cell.get("scope") in {"col", "row"} for cell in table.find_all("th"))


def test_two_sliders_begin_in_the_middle():
    page = soup(two())
    assert [slider["value"] for slider in parts(page, "slider")] == ["1", "1"]
    assert parts(page, "said")[0].get_text() == "24 people at 0.00: 24%."


def test_the_drawing_of_two_sliders_stands_where_the_data_say():
    page = soup(two(start=(30, 0.5)))
    data = embedded(page)
    frame = data["frames"][8]
    _, low, high, mark = frame
    assert outline(page) == (heights_of(frame), data["x"][1:])
    # Two pieces: up to the band, which holds the inner bars in part, and from it on.
    assert parts(page, "beyond")[0]["d"].count("M") == 2
    first, second, third, fourth = heights_of(frame)
    edges = data["x"]
    assert outline(page, "beyond") == ([first, second, third, fourth], [edges[1], low, edges[3], edges[4]])
    band = parts(page, "band")[0]
    assert (float(band["x"]), float(band["width"])) == (low, pytest.approx(high - low, abs=0.06))
    assert parts(page, "needle")[0]["transform"] == f"translate({data['at'][2]} 0)"
    assert parts(page, "mark")[0]["transform"] == f"translate({mark} 0)"
    assert sentences(page)[8] == parts(page, "said")[0].get_text() == "30 people at 0.50: 30%."


def test_the_places_of_two_sliders_follow_the_numbers():
    data = embedded(soup(two()))

    def place(value):
        return pytest.approx(14 + (1 + value) * 186, abs=0.06)

    assert data["x"] == [place(edge) for edge in EDGES]
    assert data["at"] == [place(-0.5), place(0.0), place(0.5)]
    for i, n in enumerate((16, 24, 30)):
        for j, r in enumerate((-0.5, 0.0, 0.5)):
            assert data["frames"][3 * i + j][1:4] == [place(-6 / n), place(6 / n), place(r / 2 + 0.5)]


def test_the_numbers_of_the_axis_stay_inside_the_drawing():
    low = soup(two()).find("svg").find("text", string="\u22121.0")
    high = soup(two()).find("svg").find("text", string="1.0")
    assert (low["text-anchor"], float(low["x"])) == ("start", 2)
    assert (high["text-anchor"], float(high["x"])) == ("end", 398)


def test_each_histogram_is_as_high_as_its_highest_bar():
    frames = embedded(soup(two(shares=[[0, 1, 2, 3]] * 8 + [[0.0, 0, 0, 0]])))["frames"]
    assert heights_of(frames[0]) == [0, 45, 90, 135]
    assert heights_of(frames[8]) == [0, 0, 0, 0]


def test_the_order_of_the_rows_does_not_matter():
    table, shares = pairs(), np.array(heights(pairs()))
    turned = np.arange(len(table))[::-1]
    assert two(table.iloc[turned], shares[turned]).html == two(table, shares).html


def test_a_missing_mark_is_hidden():
    table = pairs()
    table.loc[4, "mark"] = np.nan
    page = soup(two(table, table=("{power:.0%}", "Power.")))
    assert parts(page, "mark")[0]["visibility"] == "hidden"
    assert embedded(page)["frames"][4][3] is None


def test_the_words_of_two_sliders_are_escaped_everywhere():
    bad = '</script><b id="x">&"'
    figure = two(
        labels=(bad, bad), head=bad, said=bad, caption=bad, description=bad, meanings=(bad,) * 4, table=(bad, bad)
    )
    page = soup(figure)
    assert page.find(id="x") is None and page.find("b") is None
    assert embedded(page)["said"] == [[bad], []]
    assert figure.html.count("</script>") == 2  # the data and the script


def test_a_text_may_begin_with_a_field_and_end_with_one():
    page = soup(two(said="{power:.0%} of {n}"))
    assert embedded(page)["said"][0] == ["", " of "]
    assert parts(page, "said")[0].get_text() == "24% of 24"


def test_a_doubled_brace_in_a_text_is_a_brace():
    page = soup(two(said="{{x}} {n} is {{{power:.0%}}}."))
    assert embedded(page)["said"][0] == ["{x} ", " is {", "}."]
    assert parts(page, "said")[0].get_text() == "{x} 24 is {24%}."


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (-0.001, ".2f", "0.00"),
        (-0.001, ".0%", "0%"),
        (-0.25, ".2f", "\u22120.25"),
        (np.nan, ".2f", "\u2013"),
        (-np.inf, ".1f", "\u2212inf"),
        (np.int64(-3), "", "\u22123"),
        ("week-long", "", "week-long"),
    ],
)
def test_values_in_texts_are_written_as_elsewhere(value, spec, text):
    table = pairs().assign(value=value)
    page = soup(two(table, said=f"{{value:{spec}}}", table=(f"{{value:{spec}}}", "Values.")))
    assert parts(page, "said")[0].get_text() == text
    assert {cell.get_text() for cell in page.find_all("td")} == {text}


@pytest.mark.parametrize(
    ("table", "more", "message"),
    [
        (pairs().drop(columns="mark"), {}, "cells has no column 'mark'"),
        (pairs().drop(columns="n"), {}, "cells has no column 'n'"),
        (pairs(), {"said": "{size}"}, "cells has no column 'size', which a text names"),
        (pairs()[:-1], {}, "cells has no row for n 30 and r 0.5"),
        (pd.concat([pairs(), pairs()[:1]]), {}, "cells has n 16 and r -0.5 twice"),
        (pairs(ns=(16,)), {}, "n must have at least two stops"),
        (pairs(rs=(0.0, 1.5)), {}, "r must be from -1 to 1, not 1.5"),
        (pairs(low=-2), {}, "low must be from -1 to 1, not -2"),
        (pairs(low=0.9), {}, "low must not be above high"),
        (pairs(mark=3), {}, "mark must be from -1 to 1, not 3"),
        (pairs(high=np.nan), {}, "high must be finite, not nan"),
        (None, {"edges": (-1, 1, 1)}, "edges must be at least two rising numbers"),
        (None, {"shares": [[1, 2, 3, 4]]}, "shares must have the shape (9, 4), not (1, 4)"),
        (None, {"shares": [[1, 2, 3, -4]] * 9}, "shares must be at least 0, not -4"),
        (None, {"start": (16, 0.1)}, "start must be one of the stops, not 0.1"),
        (None, {"decimals": (0, 0)}, "with 0 decimals two stops are written 0"),
        (None, {"decimals": (0, 9)}, "decimals must be at most 6, not 9"),
        (None, {"name": "Two words"}, "name must be small letters, digits and hyphens"),
        (None, {"said": " "}, "said must not be empty"),
        (None, {"labels": ("people", " ")}, "labels must not be empty"),
        (None, {"meanings": ("a", "b", "c", "")}, "meanings must not be empty"),
        (None, {"table": ("{power}", "")}, "table must not be empty"),
        (None, {"labels": ("people",)}, "labels must be 2 texts, not 1"),
        (None, {"meanings": ("a", "b", "c")}, "meanings must be 4 texts, not 3"),
        (None, {"start": (16,)}, "start must be 2 stops, not 1"),
    ],
)
def test_faults_of_two_sliders_are_named(table, more, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        two(table, **more)


# --- one to four sliders -----------------------------------------------------------------

WAYS = {
    "sliders": ["relief", "ready", "rel"], "parts": ["through", "push"], "strong": "push",
    "labels": {"relief": "share of relief", "ready": "share of readiness", "rel": "reliability",
               "through": "through both", "push": "what a push does"},
    "limits": (-1, 0.5), "name": "ways", "axis": "Effect, in SDs", "said": "A push moves it by {push:.2f}; {note}.",
    "caption": "A caption.", "description": "Bars.", "formats": {"relief": ".0%", "ready": ".0%"},
    "forbidden": ("barred", "At a reliability of {rel:.1f} the table forbids this."),
}  # fmt: skip


def ways(relief=(0.0, 0.5, 1.0), ready=(0.0, 0.5), rel=(0.8, 0.9, 1.0), **more):
    table = pd.DataFrame(itertools.product(relief, ready, rel), columns=["relief", "ready", "rel"])
    table["barred"] = table["relief"] + table["ready"] > table["rel"]
    table["through"] = (-0.54 * (table["relief"] + table["ready"])).mask(table["barred"])
    table["push"] = (0.3 - table["rel"] - table["through"]).mask(table["barred"])
    table["note"] = np.where(table["push"] > 0, "up", "down")
    return table.assign(**more)


def many(frame=None, **more):
    return sliders_figure(ways() if frame is None else frame, **(WAYS | more))


def bars(page):
    """Where each bar begins and ends."""
    both = [(float(bar["x"]), float(bar["width"])) for bar in parts(page, "bar")]
    return [(x, pytest.approx(x + width, abs=0.11)) for x, width in both]


def numbers(page):
    return [mark.get_text() for mark in parts(page, "number")]


def test_many_sliders_show_themselves_and_say_what_they_are():
    figure = many()
    assert repr(figure) == "SlidersFigure 'ways' with 3 x 2 x 3 stops"
    assert figure.stops == (("0%", "50%", "100%"), ("0%", "50%"), ("0.80", "0.90", "1.00"))
    assert figure._repr_html_().startswith('<figure class="slider-figure" id="ways" data-kind="bars">')
    assert figure.html == many().html
    assert "http" not in figure.html.replace("http://www.w3.org/2000/svg", "")


def test_all_kinds_of_figure_share_a_page():
    page = BeautifulSoup(many().html + many(name="other").html + two().html + drawn().html, "html.parser")
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for label in page.find_all("label"):
        assert page.find(id=label["for"])["type"] == "range"
    for output in page.find_all("output"):
        assert all(page.find(id=one)["type"] == "range" for one in output.get_attribute_list("for"))
    for field in page.find_all(fill=re.compile("url")):
        assert page.find(id=re.search(r"#([a-z-]+)", field["fill"]).group(1)).name == "pattern"


def test_many_sliders_begin_in_the_middle_or_where_they_should():
    assert [one["value"] for one in parts(soup(many()), "slider")] == ["1", "1", "1"]
    page = soup(many(start={"rel": 1.0, "ready": 0}))
    assert [one["value"] for one in parts(page, "slider")] == ["1", "0", "2"]
    assert [one.get_text() for one in parts(page, "stop")] == ["50%", "0%", "1.00"]
    assert all(one["aria-hidden"] == "true" for one in parts(page, "stop"))  # the slider says it


def test_without_scripts_many_sliders_are_hidden_and_the_page_says_where_they_stand():
    page = soup(many(start={"ready": 0}))
    assert [control.has_attr("hidden") for control in parts(page, "control")] == [True] * 4
    stands = parts(page, "stands")[0]
    assert not stands.has_attr("hidden") and stands.find_parent(attrs={"data-part": "control"}) is None
    assert stands.get_text() == "share of relief: 50%; share of readiness: 0%; reliability: 0.90."
    assert parts(page, "said")[0].get_text() == "A push moves it by \u22120.33; down."
    assert numbers(page) == ["\u22120.27", "\u22120.33"]
    assert parts(page, "forbidden")[0]["visibility"] == "hidden"
    drawing = page.find("svg")
    texts = [page.find(id=one).get_text() for one in drawing["aria-labelledby"].split()]
    assert texts == ["Effect, in SDs", "Bars."]
    assert {"through both", "what a push does", "Effect, in SDs"} <= {text.get_text() for text in drawing.find_all("text")}


def test_bars_lie_between_zero_and_their_numbers():
    page = soup(many(start={"relief": 0, "ready": 0, "rel": 0.8}))
    right = 400 - 14 - 9 * len("\u22121.00")
    zero = 24 + (right - 24) / 1.5
    assert bars(page) == [(pytest.approx(zero, abs=0.06), zero), (pytest.approx(zero - 0.5 * (right - 24) / 1.5, abs=0.11), zero)]
    page = soup(many(ways(through=0.25, push=-0.001), forbidden=None))
    assert bars(page)[0] == (pytest.approx(zero, abs=0.06), zero + 0.25 * (right - 24) / 1.5)
    assert (numbers(page)[1], bars(page)[1][0]) == ("0.00", pytest.approx(zero, abs=0.06))


def test_the_part_that_stands_out_does_not_by_color_alone():
    page = soup(many())
    fills = [bar["fill"] for bar in parts(page, "bar")]
    assert fills == [SKY, VERMILION]
    weights = [page.find("svg").find("text", string=words).get("font-weight") for words in ("through both", "what a push does")]
    assert weights == [None, "600"]
    assert {bar["fill"] for bar in parts(soup(many(strong=())), "bar")} == {SKY}
    assert {bar["fill"] for bar in parts(soup(many(strong=["push", "through"])), "bar")} == {VERMILION}


def test_a_forbidden_combination_is_hatched_and_said():
    page = soup(many(start={"relief": 1, "rel": 0.8}))
    assert parts(page, "said")[0].get_text() == "At a reliability of 0.8 the table forbids this."
    assert numbers(page) == ["\u2013", "\u2013"]
    assert {bar["width"] for bar in parts(page, "bar")} == {"0.0"}
    field = parts(page, "forbidden")[0]
    assert field["visibility"] == "visible"
    assert {rect["fill"] for rect in field.find_all("rect")} == {"url(#ways-hatch)"}
    assert page.find(id="ways-hatch").name == "pattern"


def test_what_is_forbidden_is_not_drawn_even_if_it_has_numbers():
    assert numbers(soup(many(ways(through=9.0, push=9.0, barred=True)))) == ["\u2013", "\u2013"]


def test_the_data_hold_every_combination_in_the_order_of_the_stops():
    table = ways()
    data = embedded(soup(many(table.sample(frac=1, random_state=1))))
    assert [len(data[key]) for key in ("frames", "fields")] == [18, 18]
    for row, given, fields in zip(table.itertuples(), data["frames"], data["fields"], strict=True):
        texts = [data["texts"][i] for i in fields]
        if row.barred:
            assert given is None and texts == [f"{row.rel:.1f}"]
        else:
            assert given == [round(100 * row.through), round(100 * row.push)]
            assert texts == [f"{row.push:.2f}".replace("-", "\u2212"), row.note]
    assert (data["labels"], data["decimals"]) == (["share of relief", "share of readiness", "reliability"], 2)


def test_a_number_has_the_digits_that_a_sentence_gives_it():
    value = 0.615  # as a float a little less: 0.61, while 100 times it is 61.5
    page = soup(many(ways(push=value, through=-value, barred=False), limits=(-1, 1)))
    assert numbers(page) == ["\u22120.61", "0.61"]
    assert parts(page, "said")[0].get_text() == "A push moves it by 0.61; down."


def test_the_table_moves_each_slider_in_turn_from_the_start():
    page = soup(many(start={"relief": 0.5, "ready": 0.5, "rel": 1.0}))
    table = page.find("table")
    assert all(cell.get("scope") in {"col", "row", "rowgroup"} for cell in table.find_all("th"))
    assert [cell.get_text() for cell in table.find("thead").find_all("th")] == ["stands at", "through both", "what a push does"]
    assert table.find("caption").get_text() == (
        "Effect, in SDs. Each slider moves in turn; the others stay there: "
        "share of relief: 50%; share of readiness: 50%; reliability: 1.00."
    )
    groups = [[[cell.get_text() for cell in row.find_all(["th", "td"])] for row in body.find_all("tr")] for body in table.find_all("tbody")]
    forbidden = "the table forbids this."
    assert groups == [
        [["share of relief"], ["0%", "\u22120.27", "\u22120.43"], ["50%", "\u22120.54", "\u22120.16"],
         ["100%", f"At a reliability of 1.0 {forbidden}"]],
        [["share of readiness"], ["0%", "\u22120.27", "\u22120.43"], ["50%", "\u22120.54", "\u22120.16"]],
        [["reliability"], ["0.80", f"At a reliability of 0.8 {forbidden}"],
         ["0.90", f"At a reliability of 0.9 {forbidden}"], ["1.00", "\u22120.54", "\u22120.16"]],
    ]  # fmt: skip


def test_one_slider_and_four():
    one = pd.DataFrame({"relief": [0.0, 1.0], "push": [-0.5, 0.0]})
    page = soup(many(one, sliders=["relief"], parts=["push"], said="{push:.2f}", forbidden=None, formats=None))
    assert page.find("caption").get_text() == "Effect, in SDs."
    assert numbers(page) == ["0.00"]
    four = ways().merge(pd.DataFrame({"more": [1, 2]}), how="cross")
    labels = WAYS["labels"] | {"more": "one more"}
    figure = many(four, sliders=[*WAYS["sliders"], "more"], labels=labels, formats={"more": ".0f"})
    assert repr(figure) == "SlidersFigure 'ways' with 3 x 2 x 3 x 2 stops"
    assert len(embedded(soup(figure))["frames"]) == 36


def test_three_sliders_of_nine_stops_stay_small():
    steps = np.linspace(0, 1, 9)
    rows = pd.DataFrame(itertools.product(steps, steps, 0.8 + steps / 5), columns=["relief", "ready", "rel"])
    rows["push"] = -0.538 * (1 - rows["relief"]) * (1 - rows["ready"]) / rows["rel"]
    rows["through"] = -0.538 - rows["push"]
    rows["barred"] = rows["relief"] + rows["ready"] > 1.5
    said = "With {relief:.0%} and {ready:.0%} a push moves it by {push:.2f} and {through:.2f} are no effect."
    assert len(many(rows, said=said).html.encode()) < 40_000


def test_the_words_of_many_sliders_are_escaped_everywhere():
    bad = '</script><b id="x">&"'
    figure = many(
        ways(note=bad), axis=bad, caption=bad, description=bad, said=bad + "{note}", forbidden=("barred", bad),
        labels=dict.fromkeys(WAYS["labels"], bad), start={"rel": 0.8, "ready": 0.5},
    )  # fmt: skip
    page = soup(figure)
    assert page.find(id="x") is None and page.find("b") is None
    assert page.find("figcaption").get_text() == bad
    assert figure.html.count("</script>") == 2  # the data and the script


@pytest.mark.parametrize(
    ("table", "more", "message"),
    [
        (ways().drop(columns="rel"), {}, "cells has no column 'rel'"),
        (ways().drop(columns="push"), {}, "cells has no column 'push'"),
        (ways().drop(columns="barred"), {}, "cells has no column 'barred'"),
        (ways().drop(columns="note"), {}, "cells has no column 'note', which a text names"),
        (ways()[:-1], {}, "cells has no row for relief 1, ready 0.5 and rel 1"),
        (pd.concat([ways(), ways()[:1]]), {}, "cells has relief 0, ready 0 and rel 0.8 twice"),
        (ways(rel=(1.0,)), {}, "rel must have at least two stops"),
        (None, {"forbidden": None}, "through has no number for relief 0.5, ready 0.5 and rel 0.8"),
        (ways(push=np.inf), {}, "push must be finite, not inf"),
        (ways(push=-1.5), {}, "push must be from -1 to 0.5, not -1.5"),
        (ways(barred=0.0), {}, "barred must be True or False in every row"),
        (None, {"forbidden": ("barred",)}, "forbidden must be a column and a sentence, not 1 texts"),
        (None, {"forbidden": ("barred", " ")}, "forbidden must not be empty"),
        (None, {"sliders": []}, "sliders must be one to four columns, not 0"),
        (None, {"sliders": ["relief"] * 5}, "sliders must be one to four columns, not 5"),
        (None, {"parts": []}, "parts must be at least one column"),
        (None, {"parts": ["push", "rel"]}, "'rel' must be one slider or one part"),
        (None, {"labels": {"relief": "x"}}, "labels has no words for 'ready'"),
        (None, {"labels": WAYS["labels"] | {"rel": " "}}, "labels must not be empty"),
        (None, {"labels": WAYS["labels"] | {"push": "x" * 49}}, "the drawing has room for 48 characters, not for 'xxx"),
        (None, {"axis": "x" * 49}, "the drawing has room for 48 characters"),
        (None, {"axis": ""}, "axis must not be empty"),
        (None, {"said": " "}, "said must not be empty"),
        (None, {"name": "Two words"}, "name must be small letters, digits and hyphens"),
        (None, {"limits": (0.1, 1)}, "limits must hold zero, not 0.1 to 1"),
        (None, {"limits": (1, -1)}, "limits must rise, not 1 to -1"),
        (None, {"start": {"rel": 0.85}}, "start must be one of the stops, not 0.85"),
        (None, {"start": {"push": 0}}, "start names 'push', which is not among relief, ready, rel"),
        (None, {"formats": {"push": ".1f"}}, "formats names 'push', which is not among relief, ready, rel"),
        (None, {"strong": "rel"}, "strong names 'rel', which is not among through, push"),
        (None, {"formats": {"rel": ".0f"}}, "with the format '.0f' two stops are written 1"),
        (None, {"decimals": 9}, "decimals must be at most 6, not 9"),
    ],
)
def test_faults_of_many_sliders_are_named(table, more, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        many(table, **more)
