"""The shipped trial as it is loaded: every broken file is refused with file, person and column."""

import gzip

import numpy as np
import pandas as pd
import pytest
from helpers.codebook import read_codebook
from helpers.published import data_path
from helpers.trial import TrialError, add_derived, check_trial, load_ensemble, load_trial, to_long
from ministudy import codebook, ledger, row


@pytest.fixture(scope="module")
def everyone():
    return load_trial(everyone=True)


def test_wide_form(everyone):
    book = read_codebook()
    assert everyone.columns.tolist() == ["participant", "arm", "completed", *book.columns()]
    assert everyone.groupby("arm").size().to_dict() == {"delayed": 12, "immediate": 15}
    trial = load_trial()
    assert len(trial) == 24 and trial["completed"].all()
    assert trial.index.tolist() == list(range(24))
    pd.testing.assert_frame_equal(trial, everyone[everyone["completed"]].reset_index(drop=True))
    assert set(trial["response_4wk"]) == {0, 1}


def test_long_form():
    trial, long = load_trial(), load_trial("long")
    assert long.columns.tolist() == ["participant", "arm", "measure", "visit", "score"]
    assert long["visit"].cat.ordered
    assert len(long) == trial[list(read_codebook().variables)].notna().sum().sum()
    assert not long["score"].isna().any()
    assert set(long["measure"]) == {"depression", "alliance", "mystical", "insight"}
    # Each score where it was: back to wide gives the same.
    depression = long[long["measure"] == "depression"].pivot(index="participant", columns="visit", values="score")
    wide = trial.set_index("participant")
    assert (depression["4 weeks"] == wide["grid_hamd_4wk"]).all()
    assert (depression["12 months"] == wide["grid_hamd_12mo"]).all()
    assert depression["waiting, week 5"].count() == 11
    order = ["baseline", "waiting, week 5", "waiting, week 8", "preparation", "session 1", "after session 1"]
    assert long["visit"].cat.categories.tolist()[:6] == order
    assert not load_trial("long", everyone=True)["participant"].isin(
        load_trial(everyone=True).query("~completed")["participant"]
    ).any()


def test_long_form_of_several_trials_keeps_them_apart():
    frame = load_ensemble().query("trial < 2")
    long = to_long(frame)
    assert long.columns.tolist()[:2] == ["trial", "participant"]
    assert long.groupby("trial").size().tolist() == [len(to_long(load_trial()))] * 2


def test_form_must_be_one_of_two():
    with pytest.raises(ValueError, match="form must be \"wide\" or \"long\", not 'tall'"):
        load_trial("tall")


def test_the_ensemble():
    frame = load_ensemble()
    book = read_codebook()
    assert frame.columns.tolist() == ["trial", "participant", "arm", "completed", *book.columns()]
    assert frame.shape[0] == 24_000 and frame["completed"].all()
    assert frame["trial"].unique().tolist() == list(range(1000))
    pd.testing.assert_frame_equal(add_derived(frame), frame, check_dtype=False)


# --- derived columns ----------------------------------------------------------------------------


def test_derived_columns_of_a_table(tmp_path):
    rows = ledger(tmp_path, row("mean", "a", "5"))
    raw = {
        "groups": {"g": 2, "h": 2},
        "variables": {name: {"scale": [0, 10], "step": 0.1} for name in "ab"},
        "derived": {
            "peak": {"max_of": ["a", "b"]}, "own": {"by_group": {"g": "a", "h": "b"}},
            "low": {"at_most": ["own", 0.7]}, "fell": {"reduced_by": ["a", "b", 0.8]},
        },
    }  # fmt: skip
    book = codebook(tmp_path, raw, rows)
    nan = np.nan
    table = pd.DataFrame({"group": ["g", "g", "h", "h"], "a": [0.7, 10, 1, nan], "b": [3, 2, 0.3, 0.8]})
    full = add_derived(table, book)
    assert full.columns.tolist() == ["group", "a", "b", "peak", "own", "low", "fell"]
    expected = {"peak": [3, 10, 1, nan], "own": [0.7, 10, 0.3, 0.8], "low": [1, 0, 1, 0], "fell": [0, 1, 0, nan]}
    for name, values in expected.items():
        assert np.array_equal(full[name], values, equal_nan=True), name
    assert "peak" not in table  # a copy


@pytest.mark.parametrize("share", [0.2, 0.25, 0.3, 0.5, 0.75, 0.8, 0.9])
@pytest.mark.parametrize("step", [1, 0.1, 0.01])
def test_a_fall_by_exactly_the_share_counts(tmp_path, share, step):
    # 10 to 2 is a fall by 80 %, although 1 - 0.8 is a little less than 0.2 in floats.
    rows = ledger(tmp_path, row("mean", "a", "5"))
    raw = {
        "groups": {"g": 101},
        "variables": {name: {"scale": [0, 100 * step], "step": step} for name in "ab"},
        "derived": {"fell": {"reduced_by": ["a", "b", share]}},
    }
    book = codebook(tmp_path, raw, rows)
    before, after = (part.ravel() for part in np.meshgrid(np.arange(101), np.arange(101)))
    table = pd.DataFrame({"group": "g", "a": np.round(before * step, 8), "b": np.round(after * step, 8)})
    exact = 100 * after <= round(100 * (1 - share)) * before
    assert (add_derived(table, book)["fell"] == exact).all()


# --- broken files -----------------------------------------------------------------------------------


def cell(participant, column, value):
    def change(frame):
        frame[column] = frame[column].astype(object)
        frame.loc[frame["participant"] == participant, column] = value
        return frame

    return change


def first_with(frame, column, there=True):
    return frame.loc[frame["completed"] & (frame[column].notna() == there), "participant"].iloc[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cell("SIM-01", "grid_hamd_4wk", 53), 'participant SIM-01, column "grid_hamd_4wk": 53.0 lies outside 0 to 52'),
        (cell("SIM-01", "grid_hamd_4wk", -1), "-1.0 lies outside 0 to 52"),
        (cell("SIM-02", "grid_hamd_baseline", 16), 'participant SIM-02, column "grid_hamd_baseline": 16.0 lies outside 17 to 52'),
        (cell("SIM-03", "alliance_post1", 70.5), 'participant SIM-03, column "alliance_post1": 70.5 is no multiple of 1'),
        (cell("SIM-03", "alliance_post1", "seventy"), 'participant SIM-03, column "alliance_post1": seventy is not a number'),
        (cell("SIM-03", "alliance_post1", "inf"), 'column "alliance_post1": inf lies outside 0 to 100'),
        (cell("SIM-01", "grid_hamd_wait5", 20), 'participant SIM-01, column "grid_hamd_wait5": 20.0 belongs to a group without'),
        (cell("SIM-04", "mystical_peak", 1), 'participant SIM-04, column "mystical_peak": 1.0 does not follow from the other columns'),
        (cell("SIM-04", "response_4wk", 0), 'column "response_4wk": 0.0 does not follow from the other columns'),
        (cell("SIM-01", "remission_1wk", "yes"), 'column "remission_1wk": yes is not a number'),
        (cell("SIM-01", "grid_hamd_3mo", None), 'column "grid_hamd_3mo": 23 scores, not 24'),
        (cell("SIM-01", "arm", "placebo"), "column \"arm\": 'placebo' is not a group"),
        (cell("SIM-01", "arm", "delayed"), 'group "immediate" does not have 15 participants, 13 of them completed'),
        (cell("SIM-01", "arm", None), "column \"arm\": 'nan' is not a group"),
        (cell("SIM-01", "completed", "perhaps"), 'column "completed": the values must be True or False'),
        (cell("SIM-01", "completed", False), 'group "immediate" does not have 15 participants, 13 of them completed'),
        (cell("SIM-02", "participant", "SIM-01"), 'the participant "SIM-01" is there twice'),
        (cell("SIM-02", "participant", None), 'column "participant": an id is missing'),
        (lambda f: f.drop(columns="insight_2"), 'the column "insight_2" is missing'),
        (lambda f: f.drop(columns="arm"), 'the column "arm" is missing'),
        (lambda f: f.drop(columns="completed"), 'the column "completed" is missing'),
        (lambda f: f.drop(columns="participant"), 'the column "participant" is missing'),
        (lambda f: f.assign(age=40), '"age" is not a column of the codebook'),
        (lambda f: f[f["arm"] == "immediate"], 'group "delayed" does not have 12 participants'),
        (lambda f: f.iloc[1:], 'group "immediate" does not have 15 participants'),
        (lambda f: cell(first_with(f, "alliance_prep", False), "alliance_prep", 60)(f), 'column "alliance_prep": 21 scores, not 20'),
        (lambda f: cell(f.loc[~f["completed"], "participant"].iloc[0], "grid_hamd_6mo", 3)(f), "3.0 belongs to nobody who completed"),
        (lambda f: f.iloc[:0], "the values must be True or False"),
    ],
)  # fmt: skip
def test_broken_trials_are_refused(tmp_path, everyone, change, message):
    path = tmp_path / "broken.csv"
    change(everyone.copy()).to_csv(path, index=False)
    with pytest.raises(TrialError) as caught:
        load_trial(path=path)
    assert str(caught.value).startswith("broken.csv")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="trial"), 'the column "trial" is missing'),
        (lambda f: f.drop(columns="mystical_1"), 'the column "mystical_1" is missing'),
        (lambda f: f.drop(columns="arm"), 'the column "arm" is missing'),
        (lambda f: f.drop(columns="participant"), 'the column "participant" is missing'),
        (lambda f: f[f["arm"] == "delayed"], 'group "immediate" does not have 15 participants'),
        (lambda f: f.assign(trial=0), 'the participant "SIM-01" is there twice'),
        (lambda f: f.assign(mystical_1=f["mystical_1"].where(f["trial"] != 1)), 'column "mystical_1": 0 scores, not 23'),
        (cell("SIM-05", "insight_2", "low"), 'participant SIM-05, column "insight_2": low is not a number'),
        (cell("SIM-05", "grid_hamd_4wk", 60), 'participant SIM-05, column "grid_hamd_4wk": 60.0 lies outside 0 to 52'),
    ],
)
def test_broken_ensembles_are_refused(tmp_path, change, message):
    frame = pd.read_csv(data_path("ensemble.csv.gz"), nrows=3 * 27)
    path = tmp_path / "broken.csv.gz"
    change(frame).to_csv(path, index=False)
    with pytest.raises(TrialError) as caught:
        load_ensemble(path)
    assert str(caught.value).startswith("broken.csv.gz")
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'a,b\n"1,2\n3'])
def test_files_that_are_no_table(tmp_path, content):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(TrialError, match=r"broken.csv cannot be read|broken.csv: the column"):
        load_trial(path=path)
    with pytest.raises(TrialError, match="there is no trial file"):
        load_trial(path=tmp_path / "none.csv")
    with pytest.raises(TrialError, match="cannot be read"):
        load_trial(path=tmp_path)


def test_files_that_are_no_gzip(tmp_path):
    path = tmp_path / "broken.csv.gz"
    path.write_bytes(b"trial,participant\n")
    with pytest.raises(TrialError, match="broken.csv.gz cannot be read"):
        load_ensemble(path)
    whole = gzip.compress(b"trial,participant\n" * 1000)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrialError, match="broken.csv.gz cannot be read"):
        load_ensemble(path)


def test_a_good_table_passes(everyone):
    check_trial(everyone)
    check_trial(everyone[everyone["completed"]])
    check_trial(load_ensemble().query("trial < 3"), by="trial")
