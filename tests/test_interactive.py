"""The figure with a slider: its parts, its words, its data, and what it refuses."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from helpers import figures
from helpers.interactive import slider_figure

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


def test_it_shows_itself_and_says_what_it_is():
    figure = drawn()
    assert repr(figure) == "SliderFigure 'mine' with 3 stops from \u22120.50 to 0.50"
    assert figure._repr_html_().startswith('<figure class="slider-figure" id="mine">')


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
    assert parts(page, "control")[0].has_attr("hidden")
    assert parts(page, "slider")[0].find_parent(attrs={"data-part": "control"}) is not None
    said = parts(page, "said")[0]
    assert said["aria-live"] == "polite"
    assert said.find_parent(attrs={"data-part": "control"}) is None
    assert said.get_text() == "r of a and c: 0.00. 2 of 4 are nearest to it."
    assert len(page.find("tbody").find_all("tr")) == 3


def test_it_asks_nothing_of_anybody():
    html = drawn().html.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in html and "src=" not in html and "import" not in html


def test_the_drawing_stands_where_the_data_say():
    page = soup(drawn(start=0.5))
    stop = embedded(page)["stops"][2]
    assert parts(page, "slider")[0]["value"] == "2"
    assert parts(page, "said")[0].get_text() == stop["said"]
    assert parts(page, "needle")[0]["transform"] == f"translate({stop['x']} 0)"
    for bar, line in zip(parts(page, "range"), stop["lines"], strict=True):
        assert (float(bar["x"]), float(bar["width"])) == (line["x"], line["width"])
    for kind in ("point", "middle"):
        for mark, line in zip(parts(page, kind), stop["lines"], strict=True):
            assert mark["transform"] == f"translate({line[kind]} 0)"
    fills = [bar["fill"] for bar in parts(page, "bar")]
    assert fills == [figures.COLORS["sky"]] * 2 + [figures.MARK["vermillion"]]


def test_places_follow_the_numbers():
    stops = embedded(soup(drawn()))["stops"]
    unit = (388 - 164) / 2  # of the drawing, for one unit of the axis

    def place(value):
        return pytest.approx(164 + (1 + value) * unit, abs=0.06)

    assert [stop["x"] for stop in stops] == [place(-0.5), place(0.0), place(0.5)]
    line = stops[0]["lines"][1]
    assert (line["x"], line["point"], line["middle"]) == (place(-0.925), place(-0.25), place(0.1))
    assert line["x"] + line["width"] == pytest.approx(164 + 1.8 * unit, abs=0.11)


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
    assert embedded(page)["stops"][1]["lines"][0]["middle"] is None
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
    assert embedded(page)["stops"][0]["said"].endswith(bad)
    assert figure.html.count("</script>") == 2


def test_sentences_belong_to_their_stops():
    page = soup(drawn(said={-0.5: "low", 0.0: "middle", 0.5: "high"}))
    assert [stop["said"].split()[-1] for stop in embedded(page)["stops"]] == ["low", "middle", "high"]


def test_the_count_can_be_said_otherwise_or_not_at_all():
    said = {-0.5: "Low.", 0.0: "Middle.", 0.5: "High."}
    figure = drawn(counted="At it: {count} ({total} in all).", said=said)
    assert embedded(soup(figure))["stops"][1]["said"] == "r of a and c: 0.00. At it: 2 (4 in all). Middle."
    figure = drawn(counted="", said=said)
    assert embedded(soup(figure))["stops"][2]["said"] == "r of a and c: 0.50. High."
    assert parts(soup(drawn(counted=" ")), "said")[0].get_text() == "r of a and c: 0.00."


def test_stops_have_decimals_of_their_own():
    figure = drawn(lines(stops=(1.0, 2.0), low=0.0), [1, 2, 2], stop_decimals=0, limits=(0, 2))
    assert figure.stops == ("1", "2")
    page = soup(figure)
    assert [stop["value"] for stop in embedded(page)["stops"]] == ["1", "2"]
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
