"""The codebook and the assumptions: read exactly, or refused with file, place and value."""

import json

import pytest
from helpers.codebook import CodebookError, read_assumptions, read_codebook
from helpers.published import LedgerError, read_ledger
from ministudy import assumptions, codebook, ledger, row

PLAIN = {
    "groups": {"drug": 6, "placebo": {"enrolled": 9, "analyzed": 5}},
    "variables": {
        "before": {"scale": [0, 40]}, "after": {"scale": [0, 40]},
        "dose": {"scale": [0, 2.5], "step": 0.1, "only": ["drug"], "title": "Dose", "unit": "mg"},
    },
}  # fmt: skip


@pytest.fixture
def rows(tmp_path):
    return ledger(tmp_path, row("mean", "before", "20.0"))


def test_the_codebook_of_the_book():
    book = read_codebook()
    assert book.groups == {"immediate": 13, "delayed": 11} and book.n == 24
    assert book.enrolled == {"immediate": 15, "delayed": 12}
    assert len(book.variables) == 15 and len(book.derived) == 10
    assert book.columns() == [*book.variables, *book.derived]
    # The threshold of the ledger cuts the scale of the ledger.
    assert book.variables["grid_hamd_baseline"].ticks() == (17, 52)
    assert book.variables["grid_hamd_4wk"].ticks() == (0, 52)
    assert book.variables["grid_hamd_wait5"].only == ("delayed",)
    assert sum(pattern.count for pattern in book.missing) == 8
    assert (book.group_column, book.id_prefix) == ("arm", "SIM")
    assert book.meanings["d_change"] == "pooled"


def test_parts_and_their_defaults(tmp_path, rows):
    book = codebook(tmp_path, PLAIN, rows)
    assert book.title == "codebook.json" and book.n == 11
    assert book.groups == {"drug": 6, "placebo": 5} and book.enrolled == {"drug": 6, "placebo": 9}
    assert book.meanings == {"d_change": "pooled", "d_growth": "pooled"}
    assert book.missing == () and book.derived == {} and book.counts == {}
    dose = book.variables["dose"]
    assert (dose.low, dose.high, dose.step, dose.ticks()) == (0, 2.5, 0.1, (0, 25))
    assert (dose.only, dose.title, dose.unit, dose.measure) == (("drug",), "Dose", "mg", "dose")
    assert book.variables["after"].title == "after"


def test_derived_columns(tmp_path, rows):
    raw = PLAIN | {
        "derived": {
            "worst": {"max_of": ["before", "after"]},
            "any": {"by_group": {"drug": "after", "placebo": "worst"}},
            "half": {"reduced_by": ["before", "any", 0.5]},
            "well": {"at_most": ["dose", 1.2]},
            "fine": {"max_of": ["well", "half"]},
        }
    }
    book = codebook(tmp_path, raw, rows)
    assert book.sources("half") == ("before", "after")
    assert book.sources("any") == ("after", "before")
    assert [book.step(name) for name in ("dose", "worst", "well", "half", "fine")] == [0.1, 1, 1, 1, 1]
    assert [book.derived[name].is_indicator for name in ("any", "half", "well")] == [False, True, True]
    assert book.derived["any"].choice == {"drug": "after", "placebo": "worst"}


def test_a_peak_of_a_peak_has_the_step_of_its_parts(tmp_path, rows):
    raw = {
        "groups": {"g": 6},
        "variables": {name: {"scale": [0, 1], "step": 0.1} for name in "abc"},
        "derived": {"ab": {"max_of": ["a", "b"]}, "abc": {"max_of": ["ab", "c"]}},
    }
    assert codebook(tmp_path, raw, rows).step("abc") == 0.1


def test_limits_come_from_the_ledger(tmp_path):
    rows = ledger(tmp_path, row("range", "mood", "0-40"), row("minimum", "mood_1", "12", op=">="))
    raw = {"groups": {"g": 6}, "variables": {"mood_1": {"family": "mood"}, "mood_2": {"family": "mood", "scale": [0, 40]}}}
    book = codebook(tmp_path, raw, rows)
    assert [book.variables[name].ticks() for name in ("mood_1", "mood_2")] == [(12, 40), (0, 40)]
    with pytest.raises(CodebookError, match=r'codebook.json, variable "mood_1": the scale differs from .* \'r0\''):
        codebook(tmp_path, {"groups": {"g": 6}, "variables": {"mood_1": {"family": "mood", "scale": [0, 50]}}}, rows)
    high = ledger(tmp_path, row("range", "mood", "0-40"), row("minimum", "mood", "40", op=">="))
    with pytest.raises(LedgerError, match=r"row 'r1': a minimum of ≥ 40 leaves nothing of the scale from 0 to 40"):
        codebook(tmp_path, {"groups": {"g": 6}, "variables": {"mood": {}}}, high)


def variable(**parts):
    return {"variables": {"before": {"scale": [0, 40]} | parts}}


def derived(**rule):
    return {"derived": {"worst": rule}}


def missing(**parts):
    return {"missing": [{"count": 1, "variables": ["after"]} | parts]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, '"colour" is not a known part'),
        ({"groups": {}}, '"groups" names no group'),
        ({"groups": ["drug"]}, '"groups": must be an object'),
        ({"groups": {"all": 6}}, 'group "all": a group needs a name'),
        ({"groups": {"a-b": 6}}, 'group "a-b": a group needs a name'),
        ({"groups": {"": 6}}, 'group "": a group needs a name'),
        ({"groups": {"drug": 0}}, 'group "drug": must be a whole number of at least 1, not 0'),
        ({"groups": {"drug": 6.0}}, "not 6.0"),
        ({"groups": {"drug": True}}, "not True"),
        ({"groups": {"drug": "6"}}, "not '6'"),
        ({"groups": {"drug": {"analyzed": 6}}}, 'group "drug": must give "enrolled" and "analyzed"'),
        ({"groups": {"drug": {"enrolled": 5, "analyzed": 6}}}, 'group "drug": must be a whole number of at least 6, not 5'),
        ({"groups": {"drug": 2}}, "fewer than 3 participants"),
        ({"counts": {"people": "all"}}, 'count "people": must be "enrolled" or "analyzed", not \'all\''),
        ({"variables": {}}, '"variables" names no variable'),
        ({"variables": {"before": 3}}, 'variable "before": must be an object'),
        ({"variables": {"": {"scale": [0, 1]}}}, 'variable "": must have another name'),
        ({"variables": {"trial": {"scale": [0, 1]}}}, 'variable "trial": must have another name'),
        ({"variables": {"completed": {"scale": [0, 1]}}}, 'variable "completed": must have another name'),
        (variable(scala=[0, 1]), 'variable "before": "scala" is not known'),
        ({"variables": {"before": {}}}, 'variable "before": no scale'),
        (variable(scale=[0]), 'variable "before": the scale must be a list of two numbers'),
        (variable(scale=["0", 1]), "variable \"before\": must be a number, not '0'"),
        (variable(scale=[0, 10**400]), 'variable "before": must be a number, not 1000'),
        (variable(scale=[0, float("inf")]), 'variable "before": must be a number, not inf'),
        (variable(scale=[5, 5]), 'variable "before": the scale from 5 to 5 has no width'),
        (variable(scale=[5, 2]), 'variable "before": the scale from 5 to 2 has no width'),
        (variable(step=0), 'variable "before": the step must be above 0, not 0'),
        (variable(step=True), 'variable "before": must be a number, not True'),
        (variable(step=3), 'variable "before": the end 40 is no multiple of the step 3'),
        (variable(step=1e-6), 'variable "before": the scale has more than a million steps'),
        (variable(only=["nobody"]), 'variable "before": "only" names the unknown group "nobody"'),
        (variable(only="drug"), "variable \"before\": \"only\" must be a list of names, not 'drug'"),
        (variable(only=3), 'variable "before": "only" must be a list of names, not 3'),
        (variable(family=["mood"]), 'variable "before": the family must be a text'),
        ({"derived": {"before": {"max_of": ["before", "after"]}}}, 'derived column "before": is a variable too'),
        ({"derived": {"group": {"max_of": ["before", "after"]}}}, 'derived column "group": must have another name'),
        (derived(), 'derived column "worst": must have exactly one of max_of'),
        (derived(max_of=["before", "after"], at_most=["before", 3]), "must have exactly one of"),
        (derived(max_of=["before", "after"], titel="x"), 'derived column "worst": "titel" is not known'),
        (derived(max_of=["before"]), 'derived column "worst": max_of must be a list of 2 things'),
        (derived(max_of=["before", "nothing"]), 'derived column "worst": follows from the unknown column "nothing"'),
        (derived(max_of=["before", "dose"]), 'derived column "worst": its parts have different steps'),
        (derived(by_group={"drug": "before"}), 'derived column "worst": by_group must name one column for each group'),
        (derived(by_group={"drug": "before", "placebo": ["after"]}), 'derived column "worst": by_group must be a list of names'),
        (derived(at_most=["before", "3"]), "derived column \"worst\": must be a number, not '3'"),
        (derived(reduced_by=["before", "after", 1]), 'derived column "worst": the share must lie between 0 and 1, not 1'),
        (missing(count=0), "missing pattern 1: must be a whole number of at least 1, not 0"),
        ({"missing": [{"count": 1}]}, 'missing pattern 1: must give "count" and "variables"'),
        (missing(variables="after"), 'missing pattern 1: "variables" must be a list of names'),
        (missing(variables=["nothing"]), 'missing pattern 1: names the unknown variable "nothing"'),
        (missing(group="nobody"), 'missing pattern 1: names the unknown group "nobody"'),
        (missing(group=["drug"]), "missing pattern 1: the group must be a text"),
        (missing(who="x"), 'missing pattern 1: "who" is not known'),
        (missing(count=7, group="drug"), 'the missing patterns take 7 participants of group "drug", which has 6'),
        (missing(count=12), "the missing patterns take more participants than there are"),
        ({"missing": {}}, '"missing": must be a list'),
        ({"meanings": {"p": "paired"}}, 'meaning of "p": is neither d_change nor d_growth nor a row'),
        ({"meanings": {"d_change": "hedges"}}, 'meaning of "d_change": must be one of pooled'),
        ({"group_column": "before"}, "\"group_column\": must be a plain name of its own, not 'before'"),
        ({"group_column": "participant"}, "\"group_column\": must be a plain name of its own, not 'participant'"),
        ({"id_prefix": "1st"}, "\"id_prefix\": must be a plain name of its own, not '1st'"),
        ({"title": 3}, '"title": must be a text'),
    ],
)
def test_bad_codebooks_are_refused(tmp_path, rows, change, message):
    with pytest.raises(CodebookError) as caught:
        codebook(tmp_path, PLAIN | change, rows)
    assert str(caught.value).startswith("codebook.json")
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("part", ["groups", "variables"])
def test_a_needed_part_that_is_missing(tmp_path, rows, part):
    with pytest.raises(CodebookError, match=f'codebook.json: the part "{part}" is missing'):
        codebook(tmp_path, {name: raw for name, raw in PLAIN.items() if name != part}, rows)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{\n'groups'}", "other.json, line 2: not JSON"),
        (b"[1]", "other.json: the file must hold one JSON object"),
        (b"\xff\xfe", "other.json is not UTF-8 text"),
        (b"", "other.json, line 1: not JSON"),
        (None, "there is no codebook file"),
    ],
)
def test_files_that_are_no_codebook(tmp_path, rows, content, message):
    path = tmp_path / "other.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CodebookError, match=message):
        read_codebook(path, ledger=rows)
    with pytest.raises(CodebookError, match="cannot be read"):
        read_codebook(tmp_path, ledger=rows)


# --- assumptions ------------------------------------------------------------------------


def test_the_assumptions_of_the_book():
    table, book = read_assumptions(), read_codebook()
    assert set(table["kind"]) == {"mean", "sd", "r", "n"}
    assert table["value"].dtype == float
    assert set(table["x"]) <= set(book.columns())
    assert (table["reason"].str.len() > 10).all()
    # What is printed needs no assumption: no row repeats the ledger.
    printed = read_ledger()
    for kind, x, group in zip(table["kind"], table["x"], table["group"], strict=True):
        assert printed[(printed["kind"] == kind) & (printed["x"] == x) & (printed["group"] == (group or "all")) & (kind != "r")].empty


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "median"}, 'line 2: kind "median" is not one of mean, sd, r, n'),
        ({"x": "nothing"}, 'line 2: the codebook has no variable "nothing"'),
        ({"kind": "r", "y": "nothing", "value": "0.5"}, 'line 2: the codebook has no variable "nothing"'),
        ({"kind": "r", "value": "0.5"}, 'line 2: the codebook has no variable ""'),
        ({"y": "after"}, 'line 2: y must be empty for the kind "mean", not "after"'),
        ({"group": "nobody"}, 'line 2: the codebook has no group "nobody"'),
        ({"value": "many"}, 'line 2: the value "many" is not a number'),
        ({"value": "inf"}, 'line 2: the value "inf" is not a number'),
        ({"value": ""}, 'line 2: the value "" is not a number'),
        ({"kind": "r", "y": "after", "value": "1"}, "line 2: a correlation must lie between -1 and 1, not 1"),
        ({"kind": "sd", "value": "0"}, "line 2: an SD must be above 0, not 0"),
        ({"reason": "  "}, "line 2: the reason is missing"),
    ],
)
def test_bad_assumptions_are_refused(tmp_path, rows, change, message):
    book = codebook(tmp_path, PLAIN, rows)
    with pytest.raises(CodebookError) as caught:
        assumptions(tmp_path, book, {"kind": "mean", "x": "before", "value": "20"} | change)
    assert str(caught.value) == f"assumptions.csv, {message}"


def test_assumptions_with_one_id_twice_or_other_columns(tmp_path, rows):
    book = codebook(tmp_path, PLAIN, rows)
    good = {"kind": "mean", "x": "before", "value": "20", "id": "m"}
    assert assumptions(tmp_path, book, good).loc["m", "value"] == 20
    with pytest.raises(CodebookError, match='assumptions.csv: the id "m" is there twice'):
        assumptions(tmp_path, book, good, good)
    (tmp_path / "a.csv").write_text("id,kind\n")
    with pytest.raises(CodebookError, match="a.csv, line 1: the columns are id, kind; expected id, kind, x"):
        read_assumptions(tmp_path / "a.csv", codebook=book)
    with pytest.raises(CodebookError, match="there is no file of assumptions"):
        read_assumptions(tmp_path / "none.csv", codebook=book)
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(CodebookError, match="a.csv cannot be read as CSV"):
        read_assumptions(tmp_path / "a.csv", codebook=book)


def test_codebooks_are_frozen():
    with pytest.raises(AttributeError):
        read_codebook().title = "another"


def test_the_shipped_codebook_names_no_part_twice(root):
    def once(pairs):
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), names
        return dict(pairs)

    json.loads((root / "data" / "codebook.json").read_text(), object_pairs_hook=once)
