"""The shipped trial and ensemble, recomputed from the files alone.

The first half reads the CSV files with pandas and works every row of the ledger out again.
It does not use the helpers that made the trials, nor those that check them.
"""

import gzip
import json
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tools import book, data

FOLDER = book.ROOT / "data"
DEPRESSION = [f"grid_hamd_{visit}" for visit in ("baseline", "wait5", "wait8", "1wk", "4wk", "3mo", "6mo", "12mo")]
WAITING = ["grid_hamd_wait5", "grid_hamd_wait8"]
ALLIANCE = ["alliance_prep", "alliance_post1", "alliance_post2"]
MYSTICAL = ["mystical_1", "mystical_2"]
INSIGHT = ["insight_1", "insight_2"]
MEASURED = [*DEPRESSION, *ALLIANCE, *MYSTICAL, *INSIGHT]
RANDOMIZED = {"immediate": 15, "delayed": 12}
COMPLETED = {"immediate": 13, "delayed": 11}


# --- an independent reading of the files ------------------------------------------------


def arrays(frame):
    """Each column as (trials, completers), and the arm of each completer."""
    done = frame[frame["completed"]]
    trials = done["trial"].nunique()
    scores = {name: done[name].to_numpy(float).reshape(trials, -1) for name in MEASURED}
    arms = done["arm"].to_numpy().reshape(trials, -1)
    assert (arms == arms[0]).all()
    return with_derived(scores, arms[0]), arms[0]


def with_derived(scores, arm):
    """The columns that follow: peaks, week 5 and 8 of the trial, response, remission."""
    scores = dict(scores)
    for name in ("mystical", "insight"):
        one, two = scores[f"{name}_1"], scores[f"{name}_2"]
        scores[f"{name}_peak"] = np.where(one > two, one, two)
        scores[f"{name}_peak"][np.isnan(one) | np.isnan(two)] = np.nan
    treated = arm == "immediate"
    scores["grid_hamd_week5"] = np.where(treated, scores["grid_hamd_1wk"], scores["grid_hamd_wait5"])
    scores["grid_hamd_week8"] = np.where(treated, scores["grid_hamd_4wk"], scores["grid_hamd_wait8"])
    for visit in ("1wk", "4wk", "12mo"):
        after, before = scores[f"grid_hamd_{visit}"], scores["grid_hamd_baseline"]
        scores[f"response_{visit}"] = (2 * after <= before).astype(float)
        scores[f"remission_{visit}"] = (after <= 7).astype(float)
    return scores


def mean(x):
    return np.nanmean(x, axis=-1)


def var(x):
    n = np.sum(~np.isnan(x), axis=-1)
    return np.nansum((x - mean(x)[:, None]) ** 2, axis=-1) / (n - 1)


def correlation(x, y):
    """Pearson's r over the pairs that are there, and their number."""
    there = ~np.isnan(x) & ~np.isnan(y)
    x, y = np.where(there, x, np.nan), np.where(there, y, np.nan)
    n = there.sum(-1)
    xy = np.nansum((x - mean(x)[:, None]) * (y - mean(y)[:, None]), axis=-1) / (n - 1)
    return xy / np.sqrt(var(x) * var(y)), n


def two_sided(t, df):
    return 2 * stats.t.sf(np.abs(t), df)


def number(row, scores, arm):
    """One row of the ledger, recomputed in every trial; "range" and people counts apart."""
    kind, x = row["kind"], scores[row["x"]]
    if kind == "d_between":
        first, second = (x[:, arm == name] for name in row["group"].split("-"))
        n, m = first.shape[1], second.shape[1]
        pooled = ((n - 1) * var(first) + (m - 1) * var(second)) / (n + m - 2)
        return (mean(first) - mean(second)) / np.sqrt(pooled)
    if row["group"] != "all":
        x = x[:, arm == row["group"]]
    if kind == "mean":
        return mean(x)
    if kind == "sd":
        return np.sqrt(var(x))
    if kind == "minimum":
        return x.min(axis=-1)
    if kind == "count":
        return x.sum(axis=-1)
    if kind == "percent":
        return 100 * mean(x)
    y = scores[row["y"]]
    if kind == "r":
        return correlation(x, y)[0]
    there = ~np.isnan(x) & ~np.isnan(y)
    x, y = np.where(there, x, np.nan), np.where(there, y, np.nan)
    if kind in ("d_change", "d_growth"):
        rise = mean(y) - mean(x)
        return (rise if kind == "d_growth" else -rise) / np.sqrt((var(x) + var(y)) / 2)
    assert kind == "p"
    if row["id"] == "levin.growth.p":  # the abstract calls it a paired comparison
        n = there.sum(-1)
        return two_sided(mean(y - x) / np.sqrt(var(y - x) / n), n - 1)
    r, n = correlation(x, y)
    return two_sided(r * np.sqrt((n - 2) / (1 - r**2)), n - 2)


def allowed(row):
    """The ends of what a printed number allows, by exact decimal arithmetic."""
    number, half = Decimal(row["value"]), Decimal(1).scaleb(-int(row["decimals"])) / 2
    if row["op"] == "=":
        return float(number - half), float(number + half)
    return (-math.inf, float(number)) if row["op"] in ("<", "<=") else (float(number), math.inf)


def matched(frame, ledger):
    """For each row of the ledger, whether each trial of a frame reproduces it."""
    scores, arm = arrays(frame)
    trials = frame["trial"].nunique()
    answers = {}
    for row in ledger.to_dict("records"):
        if row["kind"] == "range":
            low, high = map(float, row["value"].split("-"))
            family = np.concatenate([scores[name] for name in DEPRESSION], axis=1)
            answer = (np.nanmin(family, axis=1) >= low) & (np.nanmax(family, axis=1) <= high)
        elif row["x"] in ("randomised", "completed"):
            people = frame if row["x"] == "randomised" else frame[frame["completed"]]
            if row["group"] != "all":
                people = people[people["arm"] == row["group"]]
            answer = people.groupby("trial").size().to_numpy() == int(row["value"])
            answer = answer if answer.size else np.zeros(trials, dtype=bool)
        else:
            low, high = allowed(row)
            value = number(row, scores, arm)
            answer = (low - 1e-9 <= value) & (value <= high + 1e-9)
        assert answer.shape == (trials,)
        answers[row["id"]] = answer
    return pd.DataFrame(answers)


@pytest.fixture(scope="module")
def ledger():
    return pd.read_csv(FOLDER / "published.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def trial():
    return pd.read_csv(FOLDER / "trial.csv").assign(trial=0)


@pytest.fixture(scope="module")
def ensemble():
    return pd.read_csv(FOLDER / "ensemble.csv.gz")


# --- every row -----------------------------------------------------------------------------


def test_the_trial_reproduces_every_row(trial, ledger):
    answers = matched(trial, ledger)
    assert answers.shape == (1, len(ledger)) and len(ledger) == 57
    assert answers.all(axis=None), answers.columns[~answers.all()].tolist()


def test_every_trial_of_the_ensemble_reproduces_every_row(ensemble, ledger):
    answers = matched(ensemble, ledger)
    assert answers.shape == (1000, 57)
    assert answers.all(axis=None), answers.columns[~answers.all()].tolist()


def test_scipy_agrees_with_the_arithmetic_of_this_file(ensemble, trial, ledger):
    for frame in (trial, ensemble[ensemble["trial"] == 7], ensemble[ensemble["trial"] == 999]):
        scores, arm = arrays(frame)
        rows = {row["id"]: row for row in ledger.to_dict("records")}

        def both(id, rows=rows, scores=scores):
            x, y = (scores[rows[id][key]][0] for key in "xy")
            there = ~np.isnan(x) & ~np.isnan(y)
            return x[there], y[there]

        for id in ("levin.r.prep.insight", "levin.r.post2.6mo", "levin.r.mystical.4wk"):
            answer = stats.pearsonr(*both(id))
            assert number(rows[id], scores, arm)[0] == pytest.approx(answer.statistic, abs=1e-12)
            p = rows[id.replace(".r.", ".p.")]
            assert number(p, scores, arm)[0] == pytest.approx(answer.pvalue, rel=1e-9)
        growth = stats.ttest_rel(*both("levin.growth.p")).pvalue
        assert number(rows["levin.growth.p"], scores, arm)[0] == pytest.approx(growth, rel=1e-9)
        x = scores["grid_hamd_week5"][0]
        t = stats.ttest_ind(x[arm == "delayed"], x[arm == "immediate"]).statistic
        d = number(rows["davis.week5.d"], scores, arm)[0]
        assert d == pytest.approx(t * math.sqrt(1 / 11 + 1 / 13), abs=1e-12)


@pytest.mark.parametrize(
    ("column", "change", "row"),
    [
        ("grid_hamd_4wk", 3, "davis.week8.mean.immediate"),
        ("grid_hamd_baseline", -8, "gukasyan.eligibility"),
        ("grid_hamd_6mo", 50, "registry.range"),
        ("alliance_prep", -25, "levin.r.prep.4wk"),
        ("grid_hamd_12mo", 20, "gukasyan.d.12mo"),
        ("mystical_2", 40, "levin.r.prep.mystical"),
    ],
)
def test_a_changed_score_is_noticed(trial, ledger, column, change, row):
    other = trial.copy()
    whose = other.index[other["completed"] & (other["arm"] == "immediate") & other[column].notna()]
    other.loc[whose[0], column] += change
    assert not matched(other, ledger)[row].item()


def test_the_trials_use_the_room_that_rounding_leaves(ensemble, ledger):
    # A printed number allows an interval; the thousand trials fill it rather than sit on one
    # value or at an end. SDs of 11 or 13 whole scores can take a few values only.
    scores, arm = arrays(ensemble)
    rows = {row["id"]: row for row in ledger.to_dict("records")}
    filled = [id for id in rows if rows[id]["kind"] in ("d_change", "d_growth")]
    # A correlation whose p says less than the printed r does.
    filled += ["levin.r.insight.4wk", "levin.r.post2.4wk", "levin.r.post2.6mo"]
    for least, ids in ((0.95, filled), (0.6, [id for id in rows if rows[id]["kind"] == "sd"])):
        assert len(ids) >= 6
        for id in ids:
            low, high = allowed(rows[id])
            value = number(rows[id], scores, arm)
            assert np.ptp(value) > least * (high - low), id
            assert 0.4 < (value.mean() - low) / (high - low) < 0.6, id


# --- the form of the files --------------------------------------------------------------------


def test_everyone_is_there_once(ensemble, trial):
    for frame in (ensemble, trial):
        ids = [f"SIM-{i:02d}" for i in range(1, 28)]
        for part in (frame.groupby("trial")["participant"].agg(list), [frame["participant"].tolist()[:27]]):
            assert all(people == ids for people in part)
        for arm, size in RANDOMIZED.items():
            mine = frame[frame["arm"] == arm].groupby("trial")["completed"].agg(["size", "sum"])
            assert set(map(tuple, mine.to_numpy())) == {(size, COMPLETED[arm])}
        assert frame[~frame["completed"]][MEASURED].isna().all(axis=None)


def test_scores_are_whole_and_on_their_scales(ensemble, trial):
    for frame in (ensemble, trial):
        scores = frame[MEASURED]
        assert (scores.isna() | (scores % 1 == 0)).all(axis=None)
        assert scores.min().min() >= 0
        assert scores[DEPRESSION].max().max() <= 52
        assert scores.max().max() <= 100
        assert frame["grid_hamd_baseline"].min() >= 17


def test_who_lacks_what(ensemble, trial):
    for frame in (ensemble, trial):
        done = frame[frame["completed"]]
        lacking = done[MEASURED].isna()
        assert (lacking[WAITING[0]] == (done["arm"] == "immediate")).all()
        assert (lacking[WAITING[1]] == (done["arm"] == "immediate")).all()
        always = [name for name in DEPRESSION if name not in WAITING] + ["alliance_post1", "alliance_post2"]
        assert not lacking[always].any(axis=None)
        for pair in (MYSTICAL, INSIGHT):
            assert (lacking[pair[0]] == lacking[pair[1]]).all()
        kinds = pd.DataFrame(
            {
                "prep": ~lacking["alliance_prep"],
                "mystical": ~lacking["mystical_1"],
                "insight": ~lacking["insight_1"],
                "trial": done["trial"],
            }
        )
        counts = kinds.groupby("trial")[["prep", "mystical", "insight"]].sum()
        assert (counts == [20, 23, 19]).all(axis=None)
        both = kinds.assign(both=kinds["prep"] & kinds["insight"]).groupby("trial")["both"].sum()
        assert (both == 16).all()  # the n of the correlation with insight
        assert (kinds[~kinds["mystical"]][["prep", "insight"]] == [False, False]).all(axis=None)
        assert (kinds[~kinds["mystical"]].groupby("trial").size() == 1).all()


def test_gaps_fall_on_anyone(ensemble):
    # 4 of 24 lack preparation: everyone in about a sixth of the trials, SE 0.012.
    done = ensemble[ensemble["completed"]]
    shares = done["alliance_prep"].isna().groupby(done["participant"]).mean()
    assert abs(shares - 1 / 6).max() < 4.5 * math.sqrt(1 / 6 * 5 / 6 / 1000)


def test_derived_columns_of_the_trial_follow(trial):
    scores, _ = arrays(trial)
    shown = trial[trial["completed"]]
    for name in [column for column in trial.columns if column not in ("participant", "arm", "completed", "trial")]:
        assert np.array_equal(shown[name].to_numpy(float), scores[name][0], equal_nan=True), name


def test_the_trials_are_all_different(ensemble):
    rows = ensemble[MEASURED].fillna(-1).to_numpy().reshape(1000, -1)
    assert len(np.unique(rows, axis=0)) == 1000
    # Not copies with a few scores moved either: of 331 scores most differ in any two.
    there = (rows[0] >= 0) & (rows[1] >= 0)
    assert np.mean((rows[0] != rows[1])[there]) > 0.5


def ranks(x, y):
    """The ranks of x among the pairs that are there, ties sharing theirs."""
    there = ~np.isnan(x) & ~np.isnan(y)
    return np.where(there, stats.rankdata(np.where(there, x, np.inf), axis=1), np.nan)


def test_the_trial_is_the_member_that_the_rule_names(ensemble, trial):
    # Nearest to the average in Pearson and rank correlations, and in mean, SD and skewness.
    scores, _ = arrays(ensemble)
    names = [name for name in MEASURED if name not in WAITING] + ["mystical_peak", "insight_peak"]
    pairs = [(scores[a], scores[b]) for i, a in enumerate(names) for b in names[:i]]
    columns = [scores[name] for name in names]
    parts = [
        [correlation(x, y)[0] for x, y in pairs],
        [correlation(ranks(x, y), ranks(y, x))[0] for x, y in pairs],
        [mean(x) for x in columns] + [np.sqrt(var(x)) for x in columns]
        + [stats.skew(x, axis=1, bias=False, nan_policy="omit") for x in columns],
    ]  # fmt: skip
    distance = np.zeros(1000)
    for part in parts:
        r = np.array(part, dtype=float).T
        distance += (((r - r.mean(0)) / np.maximum(r.std(0), 0.05)) ** 2).mean(1)
    typical = int(distance.argmin())
    assert np.partition(distance, 1)[1] - distance[typical] > 1e-4  # no tie that rounding decides
    member = ensemble[ensemble["trial"] == typical].reset_index(drop=True)
    columns = ["participant", "arm", "completed", *MEASURED]
    pd.testing.assert_frame_equal(member[columns], trial[columns], check_dtype=False)


# --- made again ----------------------------------------------------------------------------


def test_the_files_are_made_again_byte_for_byte():
    files = data.made(jobs=1)
    assert files["trial.csv"] == (FOLDER / "trial.csv").read_bytes()
    assert files["ensemble.csv"] == gzip.decompress((FOLDER / "ensemble.csv.gz").read_bytes())


def test_two_workers_make_the_same_trials_as_one():
    one, two = data.made(trials=12, jobs=1), data.made(trials=12, jobs=2)
    assert one == two
    shipped = gzip.decompress((FOLDER / "ensemble.csv.gz").read_bytes())
    assert shipped.startswith(one["ensemble.csv"])  # trial k does not depend on how many follow


def test_the_gzip_file_carries_no_time_and_no_name():
    head = (FOLDER / "ensemble.csv.gz").read_bytes()[:10]
    assert head[3] == 0 and head[4:8] == bytes(4)
    assert data.compressed(b"scores") == data.compressed(b"scores")


# --- what the made-up numbers have to do with it ------------------------------------------------


@pytest.fixture(scope="module")
def parts():
    from helpers.codebook import read_assumptions, read_codebook
    from helpers.published import read_ledger

    return read_ledger(), read_codebook(), read_assumptions()


slopes, shifts = st.floats(0.01, 100), st.floats(-1000, 1000)


@settings(max_examples=25)
@given(st.tuples(slopes, slopes, slopes), st.tuples(shifts, shifts, shifts))
def test_the_units_of_the_ratings_change_no_printed_number(slope, shift):
    # Whatever positive slope and whatever shift, the same for every wave of one measure:
    # no statistic of the ledger notices. So the assumed scales of the three ratings, their
    # means and their SDs (apart from the rise of alliance in SDs) are free.
    ledger = pd.read_csv(FOLDER / "published.csv", dtype=str, keep_default_na=False)
    trial = pd.read_csv(FOLDER / "trial.csv").assign(trial=0)
    other = trial.copy()
    for columns, a, b in zip((ALLIANCE, MYSTICAL, INSIGHT), slope, shift, strict=True):
        other[columns] = a * trial[columns] + b
    (here, arm), (there, _) = arrays(trial), arrays(other)
    compared = 0
    for row in ledger.to_dict("records"):
        if row["kind"] == "range" or row["x"] in ("randomised", "completed"):
            continue
        one, two = number(row, here, arm)[0], number(row, there, arm)[0]
        assert two == pytest.approx(one, abs=1e-10), row["id"]
        compared += 1
    assert compared == 50


def test_a_shift_of_one_wave_alone_is_noticed(trial, ledger):
    other = trial.assign(alliance_post2=trial["alliance_post2"] + 10)
    assert not matched(other, ledger)["levin.growth.d"].item()


@pytest.mark.parametrize(
    ("level", "spread"), [((50, 50, 50), (10, 10, 10)), ((30, 25, 60), (18, 15, 9)), ((60, 70, 35), (8, 12, 25))]
)
def test_other_assumed_levels_can_be_matched_too(parts, ledger, level, spread):
    from helpers.matching import matched_trials

    rows, codebook, assumed = parts
    assumed = assumed.copy()
    for measure, mean, sd in zip(("alliance", "mystical", "insight"), level, spread, strict=True):
        for id in [id for id in assumed.index if id.startswith(("mean." + measure, "sd." + measure))]:
            assumed.loc[id, "value"] = sd if id.startswith("sd") else mean
    assumed.loc["mean.alliance_post2", "value"] = level[0] + 0.43 * spread[0]
    trials = matched_trials(rows, 2, np.random.default_rng(3), codebook=codebook, assumptions=assumed)
    assert matched(trials, ledger).all(axis=None)
    ratings = trials[MYSTICAL].to_numpy()
    # The mean of two trials lies within 4 SE (r between sessions 0.6) of the new level.
    assert abs(np.nanmean(ratings) - level[1]) < 4 * spread[1] * math.sqrt(0.8 / 46)


def test_another_scale_of_the_ratings_can_be_matched_too(parts, ledger, tmp_path):
    from helpers.codebook import read_codebook
    from helpers.matching import matched_trials

    rows, _, assumed = parts
    raw = json.loads((FOLDER / "codebook.json").read_text())
    assumed = assumed.copy()
    for name in ALLIANCE:  # 12 to 84 instead of 0 to 100
        raw["variables"][name]["scale"] = [12, 84]
        assumed.loc[f"mean.{name}", "value"] = 12 + 0.72 * assumed.loc[f"mean.{name}", "value"]
        assumed.loc[f"sd.{name}", "value"] *= 0.72
    for name in MYSTICAL:  # 0 to 5 in steps of 0.1
        raw["variables"][name] |= {"scale": [0, 5], "step": 0.1}
        assumed.loc[[f"mean.{name}", f"sd.{name}"], "value"] *= 0.05
    path = tmp_path / "other.json"
    path.write_text(json.dumps(raw))
    trials = matched_trials(
        rows, 2, np.random.default_rng(4), codebook=read_codebook(path), assumptions=assumed
    )
    assert matched(trials, ledger).all(axis=None)
    assert trials[MYSTICAL].max().max() <= 5 and trials[ALLIANCE].max().max() <= 84


# --- plausible, not merely possible ---------------------------------------------------------


@pytest.fixture(scope="module")
def matcher(parts):
    from helpers.matching import Matcher

    return Matcher(*parts)


@pytest.fixture(scope="module")
def plain(matcher):
    """Draws from the population, before anything is matched: as many as the ensemble has."""
    states = [matcher.start(np.random.default_rng([7, k])) for k in range(1000)]
    return matcher.frame([(state["x"], state["has"]) for state in states])


@pytest.fixture(scope="module")
def correlations(ensemble, plain):
    """Each pair's correlation in every trial of the ensemble, and in plain draws."""
    found = {}
    for key, frame in (("ensemble", ensemble), ("plain", plain)):
        scores, _ = arrays(frame)
        names = [name for name in MEASURED if name not in WAITING] + ["mystical_peak", "insight_peak"]
        found[key] = {
            frozenset((a, b)): correlation(scores[a], scores[b])[0] for i, a in enumerate(names) for b in names[:i]
        }
    return found


def test_free_correlations_stay_within_their_exact_bounds(parts, correlations):
    from helpers.completion import bounds
    from helpers.population import correlation_problem

    ledger, codebook, assumed = parts
    names = [
        "alliance_prep", "alliance_post2", "grid_hamd_4wk", "grid_hamd_3mo", "grid_hamd_6mo",
        "grid_hamd_12mo", "mystical_peak", "insight_peak",
    ]  # fmt: skip
    problem = correlation_problem(ledger, codebook, assumed[assumed["kind"] != "r"], variables=names)
    # All 28 pairs less 11 printed ones and the one that d and p of the rise imply.
    table = bounds(problem)
    assert len(table) == 16
    for row in table.itertuples():
        r = correlations["ensemble"][frozenset((row.x, row.y))]
        # The p that was only called not significant counts to its level, ends included.
        assert row.low - 1e-6 <= r.min() and r.max() <= row.high + 1e-6, (row.x, row.y)


def touched(pair):
    """Whether a printed number is about this pair, or about the peak of a session in it."""
    printed = [
        {"alliance_prep", "grid_hamd_4wk"}, {"alliance_prep", "grid_hamd_6mo"}, {"alliance_prep", "grid_hamd_12mo"},
        {"alliance_prep", "mystical"}, {"alliance_prep", "insight"}, {"mystical", "grid_hamd_4wk"},
        {"insight", "grid_hamd_4wk"}, {"mystical", "grid_hamd_12mo"}, {"alliance_prep", "alliance_post2"},
        *({"alliance_post2", f"grid_hamd_{visit}"} for visit in ("4wk", "3mo", "6mo", "12mo")),
    ]  # fmt: skip
    return {name.split("_")[0] if name.startswith(("mystical", "insight")) else name for name in pair} in printed


def test_correlations_that_nobody_printed_vary(correlations):
    # In plain draws an unprinted correlation has an SD of 0.06 to 0.24. Matching must not
    # freeze it: the least ratio of SDs that was measured is 0.52 (post-2 alliance and peak
    # insight, each tied to depression at 4 weeks by a printed r). A printed r has 0.04 or less.
    free = 0
    for pair, drawn in correlations["plain"].items():
        ratio = correlations["ensemble"][pair].std() / np.nanstd(drawn)
        if touched(pair):
            continue
        free += 1
        assert 0.5 < ratio < 1.15, (sorted(pair), ratio)
    assert free == 82
    frozen = frozenset(("alliance_prep", "grid_hamd_4wk"))
    assert correlations["ensemble"][frozen].std() < 0.05 * correlations["plain"][frozen].std()


def normal_scores(frame, population):
    """Each score as the normal quantile of the middle of its share of the population."""
    z = np.full((len(frame), len(population.names)), np.nan)
    arm = frame["arm"].to_numpy()
    for column, name in enumerate(population.names):
        for group in COMPLETED:
            if (name, group) in population.margins:
                margin = population.margins[name, group]
                rows = (arm == group) & frame[name].notna().to_numpy()
                z[rows, column] = margin.z[frame[name].to_numpy()[rows].astype(int) - margin.low]
    return z


def distances(frame, population):
    """Squared Mahalanobis distance of each completer's normal scores, and its degrees of freedom."""
    frame = frame[frame["completed"]]
    z = normal_scores(frame, population)
    kinds = np.isnan(z) @ (1 << np.arange(z.shape[1]))
    distance, df = np.empty(len(z)), np.empty(len(z))
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        seen = np.flatnonzero(~np.isnan(z[rows[0]]))
        part = z[np.ix_(rows, seen)]
        inverse = np.linalg.inv(population.correlation[np.ix_(seen, seen)])
        distance[rows], df[rows] = np.einsum("ij,jk,ik->i", part, inverse, part), seen.size
    return distance.reshape(-1, 24), df.reshape(-1, 24)


@pytest.mark.parametrize("which", ["ensemble", "plain"])
def test_no_participant_is_a_freak(which, matcher, ensemble, plain):
    distance, df = distances({"ensemble": ensemble, "plain": plain}[which], matcher.population)
    # Participants of one trial are not independent; trials are. Measured: 0.953 in the
    # ensemble, 0.984 in plain draws, each with a standard error of 0.002.
    ratio = distance.sum(1) / df.sum(1)
    error = ratio.std(ddof=1) / math.sqrt(len(ratio))
    assert error < 0.003
    assert 0.93 < ratio.mean() - 4 * error and ratio.mean() + 4 * error < 1.01
    # Chi-square would have 1 in 100 above its 99 % point. Scores are whole, so the share is
    # lower: 0.007 in plain draws, 0.003 in the ensemble, standard errors 0.0006 and 0.0004.
    above = (distance > stats.chi2.ppf(0.99, df)).mean(1)
    assert above.mean() < 0.01 + 3 * above.std(ddof=1) / math.sqrt(len(above))
    assert above.mean() > 0.001
    assert (distance < stats.chi2.ppf(1 - 1e-7, df)).all()


def distribution_gaps(frame, population):
    """How far a pooled distribution function lies from the population's; and at the limits."""
    frame = frame[frame["completed"]]
    rows = {}
    for (name, group), margin in population.margins.items():
        ticks = frame.loc[frame["arm"] == group, name].dropna().to_numpy().astype(int) - margin.low
        share = np.bincount(ticks, minlength=margin.mass.size) / len(ticks)
        gap = np.abs(np.cumsum(share) - np.cumsum(margin.mass))
        rows[name, group] = {
            "mean": gap @ margin.mass, "largest": gap.max(),
            "floor": share[0] - margin.mass[0], "ceiling": share[-1] - margin.mass[-1],
        }  # fmt: skip
    return pd.DataFrame(rows).T


def test_plain_draws_have_the_margins_of_the_population(matcher, plain):
    # 11,000 scores or 13,000: Kolmogorov's distance exceeds 2.2 / sqrt(8,000) once in ten
    # thousand; 8,000 is about the least number of scores (insight of the delayed arm).
    gaps = distribution_gaps(plain, matcher.population)
    assert len(gaps) == 28
    assert gaps["largest"].max() < 2.2 / math.sqrt(8000)


def test_matching_bends_the_margins_little(matcher, ensemble):
    # The printed rows pull at what is assumed, most at 4 weeks, where counts of response and
    # remission stand beside an assumed mean. Measured: mean gap at most 0.043, largest 0.111.
    # One trial's 11 to 13 scores lie 0.2 from their own population on average, so no reader of
    # one trial could see a gap below 0.15.
    gaps = distribution_gaps(ensemble, matcher.population)
    assert gaps["mean"].max() < 0.05 and gaps["mean"].mean() < 0.015
    assert gaps["largest"].max() < 0.15 and gaps["largest"].median() < 0.025


def test_scores_do_not_pile_up_at_the_ends_of_a_scale(matcher, ensemble):
    # Zero depression is likely after treatment in the population itself (up to 0.11); the
    # rows add at most 0.022 to it. At the top of a scale nothing is added.
    gaps = distribution_gaps(ensemble, matcher.population)
    assert gaps["floor"].max() < 0.035
    assert gaps["ceiling"].max() < 0.003
