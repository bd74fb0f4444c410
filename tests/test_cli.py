"""The command line, end to end, on studies whose true data are known."""

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from helpers import cli_matching, report
from helpers.codebook import read_assumptions, read_codebook
from helpers.matching import Matcher, MatchError, main
from helpers.published import read_ledger
from helpers.scoreboard import scoreboard

from tools import book, worked

STUDIES = ("sleep", "teaching")
TRUE = {"sleep": worked.sleep, "teaching": worked.teaching}


def paths(study):
    folder = worked.FOLDER / study
    return [str(folder / name) for name in ("ledger.csv", "codebook.json", "assumptions.csv")]


def words(study, out, *more):
    """The command line of a worked study."""
    ledger, codebook, assumptions = paths(study)
    return [ledger, "--codebook", codebook, "--assumptions", assumptions, "--quiet", "--out", str(out), *more]


def read(study):
    ledger, codebook, assumptions = paths(study)
    rows = read_ledger(ledger)
    made = read_codebook(codebook, ledger=rows)
    return rows, made, read_assumptions(assumptions, codebook=made)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def beside(folder):
    """Everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


# --- the worked ledgers --------------------------------------------------------------------


@pytest.mark.parametrize("name", worked.made())
def test_a_worked_file_equals_what_the_true_data_give(name):
    assert (worked.FOLDER / name).read_text(encoding="utf-8") == worked.made()[name]


def test_student_s_own_statistics_come_out():
    """Means of Student (1908), and the paired t that every textbook prints: 4.06 with 9 df."""
    ledger = read_ledger(paths("sleep")[0])
    assert ledger.loc[["sleep.drug_1.mean", "sleep.drug_2.mean"], "value"].tolist() == [0.75, 2.33]
    from helpers.consistency import t_from_p

    assert t_from_p(ledger.loc["sleep.rise.p", "value"], 9) == pytest.approx(4.06, abs=0.01)


@pytest.mark.parametrize("study", STUDIES)
def test_the_true_data_meet_every_row_and_every_target(study):
    ledger, codebook, assumptions = read(study)
    board = scoreboard(TRUE[study](), ledger, codebook)
    assert board["matches"].all(), board[~board["matches"]]
    together = report.board(TRUE[study]().assign(trial=0), ledger, codebook)
    assert together["matches"].all()
    # The engine's own sums, on the true data.
    matcher = Matcher(ledger, codebook, assumptions, compiled=False)
    import numpy as np

    state = matcher.start(np.random.default_rng(0))
    order = [g for g in codebook.groups]
    data = TRUE[study]().sort_values("group", key=lambda g: g.map(order.index), kind="stable")
    for column, name in enumerate(matcher.columns):
        state["x"][:, column] = (data[name] / codebook.step(name)).round().astype(int)
    matcher._sum(state)
    assert matcher.missed(state).empty


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("format", ["markdown", "html"])
def test_the_command_runs_end_to_end(study, format, tmp_path):
    out = tmp_path / "matched"
    assert main(words(study, out, "--trials", "4", "--format", format)) == 0
    ledger, codebook, _ = read(study)
    name = "report.md" if format == "markdown" else "report.html"
    assert beside(tmp_path) == ["matched"]
    assert set(contents(out)) == {"trials.csv", name, "datapackage.json"}
    trials = pd.read_csv(out / "trials.csv")
    assert trials["trial"].nunique() == 4
    for _, trial in trials.groupby("trial"):
        assert scoreboard(trial, ledger, codebook)["matches"].all()
    text = (out / name).read_text(encoding="utf-8")
    assert "synthetic" in text
    for id in ledger.index:
        assert id in text
    assert text.count("✓ matches") == len(ledger)
    assert not re.search(r"(?<![\w.])/(?:home|usr|var)/|" + re.escape(str(tmp_path)), text)


# --- what is written -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    out = tmp_path_factory.mktemp("cli") / "a"
    assert main(words("teaching", out, "--trials", "6", "--seed", "7")) == 0
    return out


@pytest.mark.parametrize("jobs", ["2", "-1"])
def test_the_same_seed_gives_the_same_bytes_for_any_number_of_workers(matched, tmp_path, jobs):
    assert main(words("teaching", tmp_path / "b", "--trials", "6", "--seed", "7", "--jobs", jobs)) == 0
    assert contents(tmp_path / "b") == contents(matched)


def test_another_seed_gives_other_trials(matched, tmp_path):
    assert main(words("teaching", tmp_path / "b", "--trials", "6", "--seed", "8")) == 0
    assert contents(tmp_path / "b")["trials.csv"] != contents(matched)["trials.csv"]


def test_scores_are_written_as_they_were_recorded(matched):
    lines = (matched / "trials.csv").read_text().splitlines()
    assert lines[0] == "trial,participant,group,completed,gpa,tuce,improved"
    assert all(re.fullmatch(r"\d,SIM-\d\d,(usual|psi),True,\d\.\d\d,\d\d,[01]", line) for line in lines[1:])


def test_missing_scores_are_empty_and_whole_scores_have_no_point(tmp_path):
    data = book.ROOT / "data"
    arguments = [str(data / "published.csv"), "--codebook", str(data / "codebook.json"), "--quiet",
                 "--assumptions", str(data / "assumptions.csv"), "--trials", "1", "--out", str(tmp_path / "o")]  # fmt: skip
    assert main(arguments) == 0
    text = (tmp_path / "o" / "trials.csv").read_text()
    assert ".0" not in text
    frame = pd.read_csv(tmp_path / "o" / "trials.csv")
    assert len(frame) == 27
    assert frame["alliance_prep"].count() == 20
    assert "†" in (tmp_path / "o" / "report.md").read_text()


def test_the_data_package_is_valid_and_says_what_the_data_are(matched):
    package = json.loads((matched / "datapackage.json").read_text(encoding="utf-8"))
    assert "synthetic" in package["description"]
    assert package["synthetic"] is True
    assert package["seed"] == 7
    assert "--seed 7" in package["command"]
    for resource in package["resources"]:
        content = (matched / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
    fields = {f["name"]: f for f in package["resources"][0]["schema"]["fields"]}
    assert fields["gpa"]["constraints"] == {"minimum": 2.06, "maximum": 4.0}
    assert fields["tuce"]["type"] == "integer"
    assert all(field["title"] and field["description"] for field in fields.values())
    assert package["resources"][0]["schema"]["missingValues"] == [""]


def test_frictionless_accepts_the_data_package(matched):
    frictionless = pytest.importorskip("frictionless")
    made = frictionless.Package(str(matched / "datapackage.json")).validate()
    assert made.valid, made.flatten(["type", "message"])


def test_the_html_report_stands_alone_and_can_be_heard(tmp_path):
    assert main(words("teaching", tmp_path / "o", "--trials", "1", "--format", "html")) == 0
    soup = BeautifulSoup((tmp_path / "o" / "report.html").read_text(encoding="utf-8"), "html.parser")
    assert soup.html["lang"] == "en"
    assert soup.title.get_text()
    assert not soup.select("script, link, img, [src]")
    assert "url(" not in soup.style.get_text()
    assert all(cell["scope"] in ("row", "col") for cell in soup.find_all("th"))
    assert all(table.caption.get_text() for table in soup.find_all("table"))
    assert {"Published beside rebuilt", "Numbers that nobody printed"} <= {c.get_text() for c in soup.find_all("caption")}


def test_a_title_cannot_break_the_report(tmp_path):
    codebook = json.loads(Path(paths("sleep")[1]).read_text())
    codebook["title"] = "A | B <script>x</script> `c` *d*"
    (tmp_path / "codebook.json").write_text(json.dumps(codebook))
    for format, name in (("markdown", "report.md"), ("html", "report.html")):
        arguments = words("sleep", tmp_path / format, "--trials", "1", "--format", format)
        arguments[2] = str(tmp_path / "codebook.json")
        assert main(arguments) == 0
        text = (tmp_path / format / name).read_text(encoding="utf-8")
        assert "<script>" not in text
    assert r"A \| B" in (tmp_path / "markdown" / "report.md").read_text()


def test_the_range_is_over_all_trials(matched):
    """Every end of a range is reached by some trial, and no trial lies beyond."""
    ledger, codebook, _ = read("teaching")
    trials = pd.read_csv(matched / "trials.csv")
    sds = trials[trials["group"] == "psi"].groupby("trial")["tuce"].std()
    table = report.board(trials, ledger, codebook)
    assert table.loc["teaching.tuce.sd.psi", "over_all"].split(" to ")[0] == f"{sds.min():.4f}"
    assert table.loc["teaching.tuce.sd.psi", "over_all"].split(" to ")[-1] == f"{sds.max():.4f}"


# --- refusals ------------------------------------------------------------------------------


@pytest.fixture
def bad(tmp_path):
    """A ledger whose r and p disagree and whose d contradicts the means."""
    text = Path(paths("sleep")[0]).read_text()
    text = text.replace(",0.006,3,", ",0.016,3,").replace(",0.83,2,", ",1.83,2,")
    path = tmp_path / "bad.csv"
    path.write_text(text)
    return path


def test_an_impossible_ledger_is_refused_with_every_fault(bad, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Matcher, "trials", lambda *a, **k: pytest.fail("searched"))
    arguments = words("sleep", tmp_path / "o")
    arguments[0] = str(bad)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "  1. " in err
    assert "  2. " in err
    for id in ("sleep.drug_1.drug_2.r", "sleep.drug_1.drug_2.p", "sleep.rise.d"):
        assert id in err
    assert beside(tmp_path) == ["bad.csv"]


def test_check_reads_and_writes_nothing(bad, tmp_path, capsys):
    ledger, codebook, _ = paths("sleep")
    assert main([ledger, "--codebook", codebook, "--check"]) == 0
    assert "Nothing speaks against the ledger: 9 rows, 7 statistics" in capsys.readouterr().out
    assert main([str(bad), "--codebook", codebook, "--check"]) == 2
    assert "cannot both be right" in capsys.readouterr().err


def test_correlations_that_contradict_are_refused(tmp_path, capsys):
    text = Path(paths("teaching")[0]).read_text()
    lines = [line for line in text.splitlines() if not re.match(r"teaching\.\w+\.\w+\.p,", line)]
    text = "\n".join(lines) + "\n"
    for old, new in ((",=,0.39,", ",=,0.90,"), (",=,0.50,", ",=,0.85,"), (",=,0.30,", ",=,-0.80,")):
        text = text.replace(old, new)
    (tmp_path / "ledger.csv").write_text(text)
    arguments = words("teaching", tmp_path / "o")
    arguments[0] = str(tmp_path / "ledger.csv")
    assert main(arguments) == 2
    assert "teaching.tuce.improved.r" in capsys.readouterr().err


def test_what_the_assumptions_lack_is_said_line_by_line(tmp_path, capsys):
    ledger, codebook, _ = paths("teaching")
    arguments = [ledger, "--codebook", codebook]
    assert main([*arguments, "--out", str(tmp_path / "o")]) == 2
    err = capsys.readouterr().err
    assert "sd.improved.usual,sd,improved,,usual,VALUE,REASON" in err
    assert "sd.improved.psi,sd,improved,,psi,VALUE,REASON" in err
    assert main([*arguments, "--check"]) == 0
    assert "sd.improved.psi" in capsys.readouterr().out
    assert beside(tmp_path) == []


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        (0, "id,study\n", "column"),
        (0, None, "no ledger file"),
        (2, "{", "not JSON"),
        (2, None, "no codebook file"),
        (2, '{"groups": {"patients": 10}}', "variables"),
        (4, "id,kind,x,y,group,value,reason\na,mean,drug_9,,,1,why\n", "drug_9"),
        (4, "id,kind,x,y,group,value,reason\na,mean,drug_1,,,1,\n", "reason is missing"),
        (4, None, "no file of assumptions"),
    ],
)
def test_a_faulty_file_is_refused_with_one_sentence(place, text, said, tmp_path, capsys):
    path = tmp_path / "faulty"
    if text is not None:
        path.write_text(text)
    arguments = words("sleep", tmp_path / "o")
    arguments[place] = str(path)
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "o").exists()


def test_no_match_has_a_code_of_its_own(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Matcher, "anneal", lambda self, state, *more, **kinds: 0)
    assert main(words("sleep", tmp_path / "o")) == 3
    err = capsys.readouterr().err
    assert "No match was found; nothing was written" in err
    assert "sleep." in err
    assert beside(tmp_path) == []
    assert issubclass(MatchError, RuntimeError)


def test_a_wrong_result_is_never_written(tmp_path, capsys, monkeypatch):
    """The report's own arithmetic stands between the search and the disk."""
    made = Matcher.trials

    def wrong(self, *arguments, **options):
        trials = made(self, *arguments, **options)
        return trials.assign(drug_1=trials["drug_1"] + 1)

    monkeypatch.setattr(Matcher, "trials", wrong)
    assert main(words("sleep", tmp_path / "o", "--trials", "1")) == 3
    assert "sleep.drug_1.mean" in capsys.readouterr().err
    assert beside(tmp_path) == []


@pytest.mark.parametrize("more", [["--trials", "0"], ["--trials", "x"], ["--seed", "-1"], ["--jobs", "0"], ["--format", "pdf"]])
def test_an_option_out_of_range_is_refused(more, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words("sleep", tmp_path / "o", *more))
    assert stop.value.code == 2
    assert more[0] in capsys.readouterr().err


def test_a_folder_must_be_named(capsys):
    with pytest.raises(SystemExit) as stop:
        main(words("sleep", "x")[:-2])
    assert stop.value.code == 2
    assert "--out FOLDER" in capsys.readouterr().err


# --- the folder ----------------------------------------------------------------------------


def test_an_empty_folder_is_used_and_a_full_one_refused(tmp_path, capsys):
    out = tmp_path / "o"
    out.mkdir()
    assert main(words("sleep", out, "--trials", "1")) == 0
    before = contents(out)
    assert main(words("sleep", out, "--trials", "2")) == 2
    assert "not empty" in capsys.readouterr().err
    assert contents(out) == before
    assert main(words("sleep", out, "--trials", "2", "--force", "--format", "html")) == 0
    assert set(contents(out)) == {"trials.csv", "report.html", "datapackage.json"}
    assert beside(tmp_path) == ["o"]


def test_force_never_removes_the_files_of_others(tmp_path, capsys):
    out = tmp_path / "o"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    assert main(words("sleep", out, "--force")) == 2
    assert "thesis.txt" in capsys.readouterr().err
    assert contents(out) == {"thesis.txt": b"years of work"}


def test_a_place_that_cannot_hold_a_folder_is_refused(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("")
    assert main(words("sleep", tmp_path / "file")) == 2
    assert main(words("sleep", tmp_path / "no" / "such")) == 2
    monkeypatch.chdir(tmp_path)
    assert main(words("sleep", ".")) == 2
    assert main(words("sleep", "..")) == 2
    said = capsys.readouterr().err
    for part in ("is a file", "does not exist", "current folder"):
        assert part in said
    assert beside(tmp_path) == ["file"]


def test_an_unwritable_place_is_refused_before_the_search(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Matcher, "trials", lambda *a, **k: pytest.fail("searched"))

    def refuse(self, *arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert main(words("sleep", tmp_path / "o")) == 2
    assert "Permission denied" in capsys.readouterr().err


def test_too_small_a_disk_is_refused_before_the_search(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Matcher, "trials", lambda *a, **k: pytest.fail("searched"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
    assert main(words("sleep", tmp_path / "o")) == 2
    assert "not enough room" in capsys.readouterr().err


@pytest.mark.parametrize("force", [False, True])
def test_a_disk_that_fills_up_loses_nothing(tmp_path, capsys, monkeypatch, force):
    out = tmp_path / "o"
    if force:
        assert main(words("sleep", out, "--trials", "1")) == 0
    before = contents(out) if force else None

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert main(words("sleep", out, *(["--force"] if force else []))) == 4
    assert "the disk is full" in capsys.readouterr().err
    assert beside(tmp_path) == (["o"] if force else [])
    if force:
        assert contents(out) == before


def test_a_move_that_fails_puts_the_old_folder_back(tmp_path, capsys, monkeypatch):
    out = tmp_path / "o"
    assert main(words("sleep", out, "--trials", "1")) == 0
    before, rename = contents(out), Path.rename

    def fail(self, target):
        if self.name.endswith(".part"):
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    assert main(words("sleep", out, "--force")) == 4
    assert contents(out) == before
    assert beside(tmp_path) == ["o"]


def test_a_stop_from_the_keyboard_leaves_nothing(tmp_path, capsys, monkeypatch):
    def stop(self, *arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Matcher, "trials", stop)
    assert main(words("sleep", tmp_path / "o")) == 130
    assert "nothing was written" in capsys.readouterr().err
    assert beside(tmp_path) == []


# --- as a command --------------------------------------------------------------------------


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "helpers.matching", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_itself_with_a_progress_bar_and_closing_words(tmp_path):
    arguments = [word for word in words("sleep", tmp_path / "o", "--trials", "2") if word != "--quiet"]
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "2 synthetic trials match all 9 rows of ledger.csv" in done.stdout
    assert "matched trials: 100%" in done.stderr
    assert "Warning" not in done.stderr


def test_quiet_says_nothing_and_help_says_everything(tmp_path):
    done = run(*words("sleep", tmp_path / "o", "--trials", "1"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    shown = run("--help").stdout
    for option in ("--codebook", "--assumptions", "--trials", "--seed", "--out", "--jobs", "--format", "--quiet", "--force", "--check"):
        assert option in shown
    assert "exit codes" in shown
    assert "python -m helpers.matching data/worked/sleep/ledger.csv" in shown


def test_the_written_folder_can_be_read_by_others(tmp_path):
    assert main(words("sleep", tmp_path / "o", "--trials", "1")) == 0
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "o").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_may_be_written_is_what_is_written():
    assert cli_matching.WRITTEN == {"trials.csv", "report.md", "report.html", "datapackage.json"}
