"""The ledger: read exactly, or refused with a sentence that says where and why."""

import csv
import hashlib
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import published
from helpers.published import (
    COLUMNS,
    LedgerError,
    correlations,
    data_path,
    interval,
    read_ledger,
    rounding_interval,
    select,
    value,
)

HEADER = ",".join(COLUMNS)
ROW = {
    "id": "a.r",
    "study": "some2020",
    "kind": "r",
    "x": "dose",
    "y": "mood",
    "group": "all",
    "n": "40",
    "op": "=",
    "value": "0.43",
    "decimals": "2",
    "source": "some2020",
    "locator": "Table 2",
    "checked": "true",
    "note": "",
}
MEAN = {"kind": "mean", "y": "", "value": "4.3", "decimals": "1"}


def write(folder, *changes, end="\n", start=""):
    """A ledger file with one row for each set of changed cells, and its path."""
    path = folder / "other.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(start)
        writer = csv.DictWriter(file, COLUMNS, lineterminator=end)
        writer.writeheader()
        for number, change in enumerate(changes):
            writer.writerow(ROW | {"id": f"row{number}"} | change)
    return path


@pytest.fixture(scope="module")
def ledger():
    return read_ledger()


# --- the shipped ledger ---------------------------------------------------------------


def test_every_line_of_the_shipped_file_is_a_row(ledger):
    lines = data_path("published.csv").read_text(encoding="utf-8").splitlines()
    assert len(ledger) == len(lines) - 1 == 57
    assert ledger.index.is_unique
    assert list(ledger.columns) == [*COLUMNS[1:], "low", "high", "printed"]


def test_columns_have_their_types(ledger):
    types = ledger.dtypes.astype(str)
    assert types["n"] == "Int64"
    assert types[["value", "low", "high"]].eq("float64").all()
    assert types["decimals"] == "int64"
    assert types["checked"] == "bool"
    text = ["study", "kind", "x", "y", "group", "op", "source", "locator", "note", "printed"]
    assert all(isinstance(cell, str) for name in text for cell in ledger[name])


def test_cells_equal_those_of_an_independent_reader(ledger):
    plain = pd.read_csv(data_path("published.csv"), dtype=str, keep_default_na=False)
    plain = plain.set_index("id")
    for name in ("study", "kind", "x", "y", "group", "op", "source", "locator", "note"):
        assert ledger[name].tolist() == plain[name].tolist()
    numbers = plain.index != "registry.range"
    assert ledger["value"][numbers].tolist() == plain["value"][numbers].astype(float).tolist()
    assert ledger["n"].isna().tolist() == plain["n"].eq("").tolist()
    assert ledger["checked"].tolist() == plain["checked"].eq("true").tolist()


@pytest.mark.parametrize(
    ("row", "printed", "low", "high"),
    [
        ("levin.r.prep.4wk", "-0.65", -0.655, -0.645),
        ("levin.p.prep.insight", "0.040", 0.0395, 0.0405),
        ("levin.p.insight.4wk", "< 0.001", 0.0, 0.001),
        ("release.p.mystical.12mo", "> 0.05", 0.05, 1.0),
        ("gukasyan.eligibility", "≥ 17", 17.0, np.inf),
        ("registry.range", "0-52", 0.0, 52.0),
        ("davis.week5.mean.immediate", "8.0", 7.95, 8.05),
        ("davis.completed", "24", 23.5, 24.5),
    ],
)
def test_printed_text_and_limits(ledger, row, printed, low, high):
    assert ledger.loc[row, "printed"] == printed
    assert interval(ledger, row) == (low, high)


def test_the_rows_that_were_not_read_again(ledger):
    assert list(ledger.index[~ledger["checked"]]) == [
        "davis.week5.d", "davis.week8.d", "davis.response.1wk", "davis.remission.1wk",
        "davis.response.4wk", "davis.remission.4wk",
    ]  # fmt: skip


def test_every_printed_value_lies_in_its_interval(ledger):
    numbers = ledger[ledger["kind"] != "range"]
    assert (numbers["low"] <= numbers["value"]).all()
    assert (numbers["value"] <= numbers["high"]).all()
    assert (ledger["low"] < ledger["high"]).all()


# --- other ledgers --------------------------------------------------------------------


def test_another_study_needs_no_change_to_the_code(tmp_path):
    path = write(
        tmp_path,
        {"note": 'said "so", twice'},
        MEAN | {"group": "arm_a", "n": ""},
        {"kind": "d_between", "y": "", "group": "arm_a-arm_b", "value": "-1.2"},
        {"kind": "p", "y": "", "group": "arm_a-arm_b", "op": "<", "value": "0.05"},
        {"kind": "range", "y": "", "value": "-10-10", "decimals": "0"},
        {"kind": "range", "y": "", "value": "-1.5--0.5", "decimals": "1"},
        {"kind": "percent", "y": "", "value": "58", "decimals": "1"},
        {"value": "-1.00"},
        {"kind": "p", "value": "0.000", "decimals": "3"},
    )
    other = read_ledger(path)
    assert other["printed"].tolist() == [
        "0.43", "4.3", "-1.20", "< 0.05", "-10-10", "-1.5--0.5", "58.0", "-1.00", "0.000",
    ]  # fmt: skip
    assert other["note"].iloc[0] == 'said "so", twice'
    assert pd.isna(other["n"].iloc[1])
    # What rounds to a value never passes the end of its scale.
    assert interval(other, "row7") == (-1.0, -0.995)
    assert interval(other, "row8") == (0.0, 0.0005)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_do_not_matter(tmp_path, end, start):
    plain = read_ledger(write(tmp_path, {}, MEAN))
    other = read_ledger(write(tmp_path, {}, MEAN, end=end, start=start))
    pd.testing.assert_frame_equal(other, plain)


def test_columns_may_stand_in_any_order(tmp_path, ledger):
    turned = tmp_path / "turned.csv"
    plain = pd.read_csv(data_path("published.csv"), dtype=str, keep_default_na=False)
    plain[plain.columns[::-1]].to_csv(turned, index=False)
    pd.testing.assert_frame_equal(read_ledger(turned), ledger)


def test_names_are_checked_where_they_are_given(tmp_path):
    path = write(tmp_path, {})
    read_ledger(path, sources=["some2020"], studies=["some2020"], groups=["all"])
    with pytest.raises(LedgerError, match=r'line 2, column "source": "some2020" is not a known'):
        read_ledger(path, sources=["other1999"])
    with pytest.raises(LedgerError, match=r'column "y": "mood" is not a known variable'):
        read_ledger(path, variables=["dose"])


def test_the_shipped_ledger_is_checked_against_its_codebook(tmp_path, monkeypatch):
    for name in ("published.csv", "datapackage.json"):
        (tmp_path / name).write_bytes(data_path(name).read_bytes())
    monkeypatch.setenv("BOND_DATA", str(tmp_path))
    assert len(read_ledger()) == 57
    path = tmp_path / "published.csv"
    path.write_text(path.read_text().replace(",release2024,", ",release2023,", 1))
    with pytest.raises(LedgerError, match=r'line 58, column "study": "release2023" is not a known'):
        read_ledger()


# --- bad input ------------------------------------------------------------------------

# Each case: what is changed in the second row (line 3), the column and the value that the
# message must name, and some words of it.
BAD_CELLS = [
    ({"id": ""}, "id", "", "is missing"),
    ({"id": "row0"}, "id", "row0", "already the id of line 2"),
    ({"id": "Row 1"}, "id", "Row 1", "is not an id"),
    ({"study": ""}, "study", "", "is missing"),
    ({"study": "Some et al."}, "study", "Some et al.", "is not a key"),
    ({"kind": "meen"}, "kind", "meen", "not a known kind; expected one of count, mean"),
    ({"kind": ""}, "kind", "", "not a known kind"),
    ({"kind": "R"}, "kind", "R", "not a known kind"),
    ({"x": ""}, "x", "", "is missing"),
    ({"x": "Dose (mg)"}, "x", "Dose (mg)", "is not a variable name"),
    ({"y": ""}, "y", "", "kind r needs two variables"),
    ({"kind": "d_change", "y": ""}, "y", "", "kind d_change needs two variables"),
    ({"kind": "d_growth", "y": ""}, "y", "", "kind d_growth needs two variables"),
    ({"kind": "p", "y": ""}, "y", "", "kind p needs two variables"),
    ({"kind": "mean"}, "y", "mood", "must be empty"),
    ({"y": "dose"}, "y", "dose", "same variable as x"),
    ({"group": ""}, "group", "", "is missing"),
    ({"group": "a-b-c"}, "group", "a-b-c", "is not a group"),
    ({"kind": "d_between", "y": ""}, "group", "all", "must name two groups"),
    ({"n": "1"}, "n", "1", "whole number of at least 2"),
    ({"n": "24.0"}, "n", "24.0", "whole number of at least 2"),
    ({"n": "-24"}, "n", "-24", "whole number of at least 2"),
    ({"n": "about 24"}, "n", "about 24", "whole number of at least 2"),
    ({"n": "NA"}, "n", "NA", "whole number of at least 2"),
    ({"op": "=="}, "op", "==", "not a known operator; expected one of =, <, >, <=, >="),
    ({"op": ""}, "op", "", "not a known operator"),
    ({"op": "≤"}, "op", "≤", "not a known operator"),
    ({"value": ""}, "value", "", "is missing"),
    ({"value": "high"}, "value", "high", "not a plain decimal number"),
    ({"value": "nan"}, "value", "nan", "not a plain decimal number"),
    ({"value": "inf"}, "value", "inf", "not a plain decimal number"),
    ({"value": " 0.43 "}, "value", " 0.43 ", "has a space before or after"),
    ({"value": "0,43"}, "value", "0,43", "not a plain decimal number"),
    ({"value": "1e-2"}, "value", "1e-2", "not a plain decimal number"),
    ({"value": "٣"}, "value", "٣", "not a plain decimal number"),
    ({"value": "\u22120.43"}, "value", "\u22120.43", "not a plain decimal number"),
    ({"value": "-.43"}, "value", "-.43", "not a plain decimal number"),
    ({"value": "+0.43"}, "value", "+0.43", "not a plain decimal number"),
    ({"value": "0_1"}, "value", "0_1", "not a plain decimal number"),
    ({"value": "00.43"}, "value", "00.43", "not a plain decimal number"),
    ({"value": "0.434"}, "value", "0.434", "more decimal places than decimals = 2"),
    ({"value": "0." + "1" * 30}, "value", "0." + "1" * 30, "too many digits"),
    ({"value": "1.01"}, "value", "1.01", "the kind r goes from -1 to 1"),
    ({"value": "-1.01"}, "value", "-1.01", "the kind r goes from -1 to 1"),
    ({"kind": "p", "value": "1.01"}, "value", "1.01", "the kind p goes from 0 to 1"),
    ({"kind": "p", "value": "-0.01"}, "value", "-0.01", "the kind p goes from 0 to 1"),
    ({"kind": "p", "op": "<", "value": "0"}, "value", "0", "leaves nothing"),
    ({"kind": "p", "op": ">", "value": "1"}, "value", "1", "leaves nothing"),
    ({"kind": "sd", "y": "", "value": "-3.6"}, "value", "-3.6", "the kind sd is at least 0"),
    ({"kind": "percent", "y": "", "value": "101"}, "value", "101", "goes from 0 to 100"),
    ({"kind": "percent", "y": "", "value": "-1"}, "value", "-1", "goes from 0 to 100"),
    ({"kind": "count", "y": "", "value": "2.5"}, "value", "2.5", "not a whole number"),
    ({"kind": "count", "y": "", "value": "-2"}, "value", "-2", "the kind count is at least 0"),
    ({"kind": "count", "y": "", "value": "41"}, "value", "41", "a count larger than n = 40"),
    ({"kind": "range", "y": "", "value": "0 to 52"}, "value", "0 to 52", "not a range"),
    ({"kind": "range", "y": "", "value": "0–52"}, "value", "0–52", "not a range"),
    ({"kind": "range", "y": "", "value": "52"}, "value", "52", "not a range"),
    ({"kind": "range", "y": "", "value": "52-0"}, "value", "52-0", "first end is not the lower"),
    ({"kind": "range", "y": "", "value": "5-5"}, "value", "5-5", "first end is not the lower"),
    ({"kind": "range", "y": "", "value": "0-1.555"}, "value", "0-1.555", "more decimal places"),
    ({"kind": "range", "y": "", "value": "0-52", "op": "<"}, "op", "<", 'must be "="'),
    ({"kind": "mean", "y": "", "value": "0-52"}, "value", "0-52", "not a plain decimal number"),
    ({"decimals": ""}, "decimals", "", "not a whole number from 0 to 12"),
    ({"decimals": "-1"}, "decimals", "-1", "not a whole number from 0 to 12"),
    ({"decimals": "1.5"}, "decimals", "1.5", "not a whole number from 0 to 12"),
    ({"decimals": "99"}, "decimals", "99", "not a whole number from 0 to 12"),
    ({"source": ""}, "source", "", "is missing"),
    ({"source": "https://x.org"}, "source", "https://x.org", "is not a key"),
    ({"locator": ""}, "locator", "", "is missing"),
    ({"checked": ""}, "checked", "", "is neither true nor false"),
    ({"checked": "True"}, "checked", "True", "is neither true nor false"),
    ({"checked": "1"}, "checked", "1", "is neither true nor false"),
    ({"note": "two\nlines"}, "note", r"two\nlines", "a line break or another control"),
    ({"note": "a\x00b"}, "note", r"a\x00b", "a line break or another control"),
    ({"locator": "Table\u00a02 "}, "locator", r"Table\xa02 ", "control character"),
]


@pytest.mark.parametrize(("change", "column", "shown", "words"), BAD_CELLS)
def test_a_bad_cell_is_refused_by_name(tmp_path, change, column, shown, words):
    path = write(tmp_path, {}, change, {})
    with pytest.raises(LedgerError) as caught:
        read_ledger(path)
    message = str(caught.value)
    assert message.startswith(f'other.csv, line 3, column "{column}": "{shown}" ')
    assert words in message
    assert "\n" not in message


def test_there_are_enough_bad_cells_and_each_column_has_one():
    assert len(BAD_CELLS) >= 30
    assert {column for _, column, *_ in BAD_CELLS} == set(COLUMNS)


GOOD = ",".join(ROW.values())
BAD_FILES = [
    ("", "line 1: the file is empty"),
    ("\n \n", "line 1: the file is empty"),
    (f"{HEADER}\n", "line 1: the file has column names but no rows"),
    (f"{HEADER.replace('decimals,', '')}\n{GOOD}\n", 'line 1: the column "decimals" is missing'),
    (f"{HEADER},extra\n{GOOD},\n", 'line 1: "extra" is not a known column'),
    (f"{HEADER},note\n{GOOD},\n", 'line 1: the column "note" is there twice'),
    (f"{HEADER.replace('locator', 'place')}\n{GOOD}\n", '"locator" is missing; "place" is not'),
    (f"{HEADER.replace('value', 'Value')}\n{GOOD}\n", '"value" is missing; "Value" is not'),
    (f"{HEADER}\n{GOOD}\n{GOOD},\n", "line 3: the row has 15 cells, but there are 14 columns"),
    (f"{HEADER}\n{GOOD}\na.r,b\n", "line 3: the row has 2 cells, but there are 14 columns"),
    (f"{HEADER}\n\n{GOOD}\n", "line 2: the line is blank"),
    (f'{HEADER}\n{GOOD}\n{GOOD}"unfinished\n', "line 3"),
    (f'{HEADER}\n{GOOD}\n"unfinished\n', "line 3: the row is not CSV"),
    (f"{HEADER};\n{GOOD}\n".replace(",", ";"), 'column "id" is missing'),
]


@pytest.mark.parametrize(("text", "words"), BAD_FILES)
def test_a_bad_file_is_refused(tmp_path, text, words):
    path = tmp_path / "other.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LedgerError) as caught:
        read_ledger(path)
    assert str(caught.value).startswith("other.csv, line ")
    assert words in str(caught.value)


def test_bytes_that_are_not_utf8_are_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_bytes(f"{HEADER}\n{GOOD}caf".encode() + b"\xe9\n")
    with pytest.raises(LedgerError, match=r"other\.csv, line 2: the byte 0xe9 is not UTF-8"):
        read_ledger(path)


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    with pytest.raises(LedgerError, match=r"there is no ledger file .*nothing\.csv"):
        read_ledger(tmp_path / "nothing.csv")
    with pytest.raises(LedgerError, match="cannot be read"):
        read_ledger(tmp_path)
    monkeypatch.setenv("BOND_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"no file 'published\.csv' in the data folder"):
        read_ledger()
    monkeypatch.setenv("BOND_DATA", str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError, match="BOND_DATA does not exist"):
        data_path()


@given(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=8), min_size=1, max_size=3))
def test_any_text_is_read_or_refused_with_a_ledger_error(tmp_path_factory, change):
    path = tmp_path_factory.getbasetemp() / "other.csv"
    try:
        text = ",".join(
            '"' + cell.replace('"', '""') + '"' for cell in (ROW | change).values()
        )
        path.write_text(f"{HEADER}\n{text}\n", encoding="utf-8", newline="")
    except UnicodeEncodeError:
        return
    try:
        frame = read_ledger(path)
    except LedgerError as error:
        assert str(error).startswith("other.csv, line ")
    else:
        assert (frame["low"] <= frame["high"]).all()


# --- questions to a ledger ------------------------------------------------------------


def test_select_by_each_condition(ledger):
    assert len(select(ledger)) == len(ledger)
    assert set(select(ledger, kind=["mean", "sd"])["kind"]) == {"mean", "sd"}
    assert len(select(ledger, kind="r", variable="grid_hamd_4wk")) == 4
    either = select(ledger, variable="alliance_post2")
    assert set(either["x"]) == {"alliance_prep", "alliance_post2"}
    # The study of a row and the text that it was read in may differ.
    assert list(select(ledger, study="davis2021", source="levin2024").index) == [
        "davis.completed.immediate", "davis.completed.delayed",
    ]  # fmt: skip


def test_select_never_returns_nothing(ledger):
    with pytest.raises(LedgerError, match=r"no row .* kind 'meen'; there are: count, d_between"):
        select(ledger, kind="meen")
    with pytest.raises(LedgerError, match=r"variable 'alliance'; there are: alliance_post2"):
        select(ledger, kind="r", variable="alliance")
    with pytest.raises(LedgerError, match=r"all of: kind 'r'; group 'immediate'"):
        select(ledger, kind="r", group="immediate")


def test_value_and_interval_of_a_row(ledger):
    assert value(ledger, "levin.growth.p") == 0.03
    with pytest.raises(LedgerError, match=r"no row 'levin.growth.q'; did you mean 'levin.growth"):
        value(ledger, "levin.growth.q")
    with pytest.raises(LedgerError, match=r"no row 'zzz'; it has 57 rows"):
        interval(ledger, "zzz")
    with pytest.raises(LedgerError, match=r"is a range \(0-52\)"):
        value(ledger, "registry.range")


def test_every_correlation_has_its_own_p(ledger):
    table = correlations(ledger)
    assert list(table.index) == list(ledger.index[ledger["kind"] == "r"])
    for id, row in table.iterrows():
        p = ledger.loc[id.replace(".r.", ".p.")]
        assert (row["x"], row["y"]) == (p["x"], p["y"])
        assert (row["p"], row["p_op"], row["p_decimals"]) == (p["value"], p["op"], p["decimals"])


def test_a_p_of_the_swapped_pair_or_none_at_all(tmp_path):
    path = write(
        tmp_path,
        {},
        {"kind": "p", "x": "mood", "y": "dose", "value": "0.01", "checked": "false"},
        {"y": "sleep"},
    )
    table = correlations(read_ledger(path))
    assert table["p"].tolist() == pytest.approx([0.01, np.nan], nan_ok=True)
    assert table["p_op"].tolist() == ["=", ""]
    assert table["checked"].tolist() == [False, True]
    assert pd.isna(table["p_decimals"].iloc[1])


def test_a_p_that_could_be_of_another_number_needs_a_telling_id(tmp_path):
    rows = [
        {"id": "s.r.one"},
        {"id": "s.d.one", "kind": "d_growth"},
        {"id": "s.p", "kind": "p", "value": "0.03"},
    ]
    with pytest.raises(LedgerError, match=r"not clear which p .*'s\.p'.*the id 's\.p\.one'"):
        correlations(read_ledger(write(tmp_path, *rows)))
    rows.append({"id": "s.p.one", "kind": "p", "value": "0.01"})
    assert correlations(read_ledger(write(tmp_path, *rows)))["p"].tolist() == [0.01]


# --- rounding -------------------------------------------------------------------------


@given(st.integers(-(10**6), 10**6), st.integers(0, 6), st.floats(-0.4999, 0.4999))
def test_the_rounding_interval_holds_what_rounds_to_the_value(units, decimals, off):
    printed = units / 10**decimals
    low, high = rounding_interval(printed, decimals)
    assert low < printed < high
    assert low <= (units + off) / 10**decimals <= high
    assert not low <= (units + 0.5001) / 10**decimals <= high
    assert f"{(low + high) / 2:.{decimals}f}" == f"{printed:.{decimals}f}"


@pytest.mark.parametrize(
    ("bad", "decimals", "words"),
    [
        (0.434, 2, "more decimal places"),
        (float("nan"), 2, "value must be finite"),
        (float("inf"), 2, "value must be finite"),
        ("0.43", 2, "value must be a number"),
        (0.43, -1, "decimals must be from 0 to 12"),
        (0.43, 2.0, "decimals must be a whole number"),
        (0.43, True, "decimals must be a whole number"),
    ],
)
def test_rounding_interval_refuses(bad, decimals, words):
    with pytest.raises(ValueError, match=words):
        rounding_interval(bad, decimals)


# --- the data package -----------------------------------------------------------------


@pytest.fixture(scope="module")
def package():
    return json.loads(data_path("datapackage.json").read_text(encoding="utf-8"))


def test_frictionless_finds_the_package_valid():
    frictionless = pytest.importorskip("frictionless", reason="frictionless is not installed")
    report = frictionless.validate(str(data_path("datapackage.json")))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "message"])


def test_every_data_file_is_a_resource_with_its_checksum(package):
    folder = data_path()
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    files.discard("datapackage.json")
    resources = {resource["path"]: resource for resource in package["resources"]}
    assert files == set(resources)
    for name, resource in resources.items():
        raw = (folder / name).read_bytes()
        assert resource["bytes"] == len(raw), name
        assert resource["hash"] == f"sha256:{hashlib.sha256(raw).hexdigest()}", name


def published_resource(package):
    return next(part for part in package["resources"] if part["name"] == "published")


def test_the_codebook_describes_what_the_reader_enforces(package):
    resource = published_resource(package)
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    assert tuple(fields) == COLUMNS
    assert all(field["title"] and field["description"] for field in fields.values())
    assert fields["kind"]["constraints"]["enum"] == list(published.KINDS)
    assert set(fields["op"]["constraints"]["enum"]) == set(published.OPERATORS)
    named = {name: [entry["name"] for entry in entries]
             for name, entries in resource["vocabularies"].items()}  # fmt: skip
    assert named["kind"] == list(published.KINDS)
    assert set(named["op"]) == set(published.OPERATORS)
    keys = [source["name"] for source in package["sources"]]
    assert fields["source"]["constraints"]["enum"] == fields["study"]["constraints"]["enum"] == keys
    assert all(source["path"].startswith("https://") for source in package["sources"])


def test_the_codebook_has_each_variable_of_the_ledger_and_no_other(package, ledger):
    variables = published_resource(package)["variables"]
    assert len({entry["name"] for entry in variables}) == len(variables)
    assert {entry["name"] for entry in variables} == (set(ledger["x"]) | set(ledger["y"])) - {""}
    for entry in variables:
        assert entry["title"] and entry["description"] and entry["unit"]
        if entry["name"].startswith("grid_hamd"):
            assert (entry["low"], entry["high"]) == interval(ledger, "registry.range")


def test_importing_the_ledger_module_is_cheap():
    code = (
        "import sys, helpers.published, helpers.consistency, helpers.estimators;"
        "print([name for name in ('scipy', 'statsmodels', 'matplotlib') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
