"""The command line of the design analysis: same bytes, resumed runs, full disks, a real cluster."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from helpers import cli_design, design_analysis
from helpers.design_analysis import CHUNK, Grid, Work, analyze, main

SMALL = ["--estimator", "pearson", "bca", "--n", "8", "12", "--r", "-0.3", "--dropout", "0", "0.2", "--resamples", "99"]
GRID = Grid(("pearson", "bca"), n=(8, 12), r=-0.3, dropout=(0, 0.2), resamples=99)
CHUNKS = 24


def words(out, *more, replicates=CHUNKS * CHUNK, jobs="1"):
    return [*SMALL, "--replicates", str(replicates), "--seed", "3", "--jobs", jobs, "--quiet", "--out", str(out), *more]


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def finished(journal):
    """The chunks in a journal, in the order in which they were finished."""
    return [json.loads(line)["chunk"] for line in journal.read_bytes().splitlines()[1:]]


def script(body, arguments, **options):
    """The command in a process of its own, after some lines that tamper with it."""
    code = f"import sys\nfrom helpers import cli_design, design_analysis\n{body}\nsys.exit(cli_design.main(sys.argv[1:]))"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=300, **options)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    """What every way to the table must give, to the byte."""
    folder = tmp_path_factory.mktemp("one") / "worker"
    assert main(words(folder / "t.csv")) == 0
    return contents(folder)


@pytest.fixture
def small_tasks(monkeypatch):
    """Workers even for little work, one chunk a task."""
    monkeypatch.setattr(design_analysis, "SMALL_SECONDS", 0.0)
    monkeypatch.setattr(design_analysis, "TASK_SECONDS", 0.0)


@pytest.fixture
def counted(monkeypatch):
    """The chunks that are computed in this process."""
    seen, sums = [], Work.sums

    def count(self, chunk, size):
        seen.append(chunk)
        return sums(self, chunk, size)

    monkeypatch.setattr(Work, "sums", count)
    return seen


# --- what is written --------------------------------------------------------------------------


def test_the_command_writes_what_analyze_gives(wanted):
    assert wanted.keys() == {"t.csv", "t.csv.provenance.json"}
    from io import BytesIO

    table = pd.read_csv(BytesIO(wanted["t.csv"]), keep_default_na=False, na_values=[""]).fillna({"mechanism": ""})
    pd.testing.assert_frame_equal(table, analyze(GRID, CHUNKS * CHUNK, seed=3), check_exact=True)
    assert list(table.columns) == list(design_analysis.COLUMNS)


def test_two_workers_give_the_same_bytes(wanted, tmp_path, small_tasks):
    assert main(words(tmp_path / "t.csv", jobs="2")) == 0
    assert contents(tmp_path) == wanted


def test_another_order_of_the_chunks_gives_the_same_bytes(wanted, tmp_path, monkeypatch):
    run = design_analysis.run

    def shuffled(work, sizes, *more):
        order = np.random.default_rng(1).permutation(list(sizes)).tolist()
        assert order != sorted(order)
        yield from run(work, {c: sizes[c] for c in order}, *more)

    monkeypatch.setattr(design_analysis, "run", shuffled)
    assert main(words(tmp_path / "t.csv")) == 0
    assert contents(tmp_path) == wanted


def test_csv_and_parquet_hold_the_same_table(wanted, tmp_path):
    fastparquet = pytest.importorskip("fastparquet")
    for name in ("a", "b"):
        assert main(words(tmp_path / name / "t.parquet")) == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    file = fastparquet.ParquetFile(str(tmp_path / "a" / "t.parquet"))
    from io import BytesIO

    csv = pd.read_csv(BytesIO(wanted["t.csv"]), keep_default_na=False, na_values=[""]).fillna({"mechanism": ""})
    pd.testing.assert_frame_equal(file.to_pandas(), csv, check_exact=True, check_dtype=False)
    beside = (tmp_path / "a" / "t.parquet.provenance.json").read_text(encoding="utf-8")
    assert file.key_value_metadata["provenance"] == beside


def test_the_provenance_is_valid_and_complete(wanted, tmp_path):
    frictionless = pytest.importorskip("frictionless")
    for name, content in wanted.items():
        (tmp_path / name).write_bytes(content)
    about = json.loads(wanted["t.csv.provenance.json"])
    report = frictionless.Resource.from_descriptor(about, basepath=str(tmp_path)).validate()
    assert report.valid, report.flatten(["type", "message"])
    fields = {field["name"]: field for field in about["schema"]["fields"]}
    assert list(fields) == list(design_analysis.COLUMNS)
    assert all(field["title"] and field["description"] for field in fields.values())
    assert all("unit" in field for field in fields.values() if field["type"] != "string")
    assert about["grid"] == design_analysis.as_dict(GRID)
    assert (about["seed"], about["replicates"], about["synthetic"]) == (3, CHUNKS * CHUNK, True)
    assert about["licenses"][0]["name"] == "CC-BY-4.0"
    assert set(about["versions"]) == {"helpers", "numpy", "scipy", "pandas", "Python"}
    assert str(tmp_path) not in json.dumps(about)


def test_a_wrong_column_would_not_be_valid(wanted, tmp_path):
    frictionless = pytest.importorskip("frictionless")
    (tmp_path / "t.csv").write_bytes(wanted["t.csv"].replace(b"power,", b"might,", 1))
    about = json.loads(wanted["t.csv.provenance.json"])
    assert not frictionless.Resource.from_descriptor(about, basepath=str(tmp_path)).validate().valid


def test_the_written_command_gives_the_same_bytes(wanted, tmp_path):
    """It says what the figures hang on, and nothing else."""
    import shlex

    command = shlex.split(json.loads(wanted["t.csv.provenance.json"])["command"])
    assert command[:3] == ["python", "-m", "helpers.design_analysis"]
    subprocess.run([sys.executable, *command[1:], "--quiet", "--out", str(tmp_path / "t.csv")], check=True)
    assert contents(tmp_path) == wanted


def test_all_options_reach_the_grid(tmp_path):
    out = tmp_path / "t.csv"
    options = ["--estimator", "zou", "paired", "--n", "10:20:5", "--r", "-.5:-0.3:0.1", "0.1", "--dropout", "0:0.2:0.1",
               "--mechanism", "worse", "--second", "-0.1", "--tie", "0.4", "--d", "-1", "--level", "0.9", "--resamples", "199"]  # fmt: skip
    assert main([*options, "--replicates", "50", "--jobs", "1", "--quiet", "--out", str(out)]) == 0
    grid = json.loads((tmp_path / "t.csv.provenance.json").read_text())["grid"]
    given = Grid(("zou", "paired"), (10, 15, 20), (-0.5, -0.4, -0.3, 0.1), (0, 0.1, 0.2), "worse", -0.1, 0.4, -1, level=0.9, resamples=199)  # fmt: skip
    assert grid == design_analysis.as_dict(given)
    scores = ["--shape", "scores", "--variables", "alliance_prep", "grid_hamd_6mo"]
    assert main([*scores, "--replicates", "50", "--jobs", "1", "--quiet", "--force", "--out", str(out)]) == 0
    grid = json.loads((tmp_path / "t.csv.provenance.json").read_text())["grid"]
    assert grid == design_analysis.as_dict(Grid(shape="scores", variables=("alliance_prep", "grid_hamd_6mo")))


# --- a run that was stopped ---------------------------------------------------------------------


KILL = """
import os, signal
add, count = cli_design.Journal.add, []
def killing(self, *chunk):
    add(self, *chunk)
    count.append(chunk)
    if len(count) == 7:
        os.kill(os.getpid(), signal.SIGKILL)
cli_design.Journal.add = killing
"""


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """The journal of a run that was killed after seven chunks."""
    folder = tmp_path_factory.mktemp("killed")
    done = script(KILL, words(folder / "t.csv"))
    assert done.returncode == -signal.SIGKILL
    assert contents(folder).keys() == {"t.csv.journal"}
    assert len(finished(folder / "t.csv.journal")) == 7
    return (folder / "t.csv.journal").read_bytes()


@pytest.fixture
def stopped(left, tmp_path):
    """A folder in which a run was killed after seven chunks."""
    (tmp_path / "t.csv.journal").write_bytes(left)
    return tmp_path


def test_a_killed_run_goes_on_with_nothing_lost_and_nothing_twice(stopped, wanted, counted, capsys):
    before = finished(stopped / "t.csv.journal")
    assert main([w for w in words(stopped / "t.csv") if w != "--quiet"]) == 0
    assert sorted(before + counted) == list(range(CHUNKS))
    assert contents(stopped) == wanted
    assert f"Going on after {7 * CHUNK} of {CHUNKS * CHUNK} replicates" in capsys.readouterr().err


@pytest.mark.parametrize("torn", [b'{"chunk":23,"replica', b"\0" * 40, b'{"chunk":23,"replicates":500,"sums":[[1]]}\n', b"\xff\n"])
def test_a_torn_line_is_cut_off(stopped, wanted, counted, torn):
    journal = stopped / "t.csv.journal"
    with open(journal, "ab") as file:
        file.write(torn)
    assert main(words(stopped / "t.csv")) == 0
    assert len(counted) == CHUNKS - 7
    assert contents(stopped) == wanted


def test_a_torn_line_leaves_nothing_behind(stopped, left, capsys, monkeypatch):
    """Stopped again after one more chunk: the journal holds eight lines and no rest."""
    with open(stopped / "t.csv.journal", "ab") as file:
        file.write(b"\0" * 100_000)
    add = cli_design.Journal.add

    def stop(self, *chunk):
        add(self, *chunk)
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_design.Journal, "add", stop)
    assert main(words(stopped / "t.csv")) == 130
    journal = stopped / "t.csv.journal"
    assert len(finished(journal)) == 8
    assert journal.read_bytes().startswith(left)


def test_a_line_torn_in_the_middle_costs_only_what_follows(stopped, wanted, counted):
    journal = stopped / "t.csv.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[4] = lines[4][:30] + b"\n"
    journal.write_bytes(b"".join(lines))
    assert main(words(stopped / "t.csv")) == 0
    assert len(counted) == CHUNKS - 3
    assert contents(stopped) == wanted


@pytest.mark.parametrize("begun", [b"", b'{"fo', b'{"format":1,"grid":{"estim'])
def test_a_journal_that_had_hardly_begun_is_no_obstacle(tmp_path, wanted, begun):
    (tmp_path / "t.csv.journal").write_bytes(begun)
    assert main(words(tmp_path / "t.csv")) == 0
    assert contents(tmp_path) == wanted


@pytest.mark.parametrize(
    ("more", "said"),
    [(["--seed", "4"], "another seed"), (["--n", "8", "13"], "(--n)"), (["--level", "0.9", "--seed", "4"], "(--level, --seed)")],
)
def test_the_journal_of_another_run_is_refused_and_can_be_thrown_away(stopped, counted, capsys, more, said):
    before = contents(stopped)
    assert main(words(stopped / "t.csv", *more)) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "--restart" in err
    assert contents(stopped) == before
    assert counted == []
    assert main(words(stopped / "t.csv", *more, "--restart")) == 0
    assert sorted(counted) == list(range(CHUNKS))


def test_a_journal_of_other_software_or_no_journal_is_refused(stopped, capsys, monkeypatch):
    monkeypatch.setattr(design_analysis, "fingerprint", lambda: {"helpers": "9"})
    assert main(words(stopped / "t.csv")) == 2
    assert "other versions of the software" in capsys.readouterr().err
    (stopped / "t.csv.journal").write_text("dear diary\n")
    assert main(words(stopped / "t.csv")) == 2
    assert "is no journal" in capsys.readouterr().err
    assert (stopped / "t.csv.journal").read_text() == "dear diary\n"


def test_more_replicates_later_take_what_is_there(stopped, tmp_path, counted):
    assert main(words(stopped / "t.csv", replicates=CHUNKS * CHUNK + 200)) == 0
    assert len(counted) == CHUNKS + 1 - 7
    table = pd.read_csv(stopped / "t.csv").fillna({"mechanism": ""})
    pd.testing.assert_frame_equal(table, analyze(GRID, CHUNKS * CHUNK + 200, seed=3), check_exact=True)


def test_a_part_of_a_chunk_is_not_taken_for_the_whole(tmp_path, counted, wanted):
    body = KILL.replace("== 7", "== 3")
    script(body, words(tmp_path / "t.csv", replicates=2 * CHUNK + 100))
    assert finished(tmp_path / "t.csv.journal") == [0, 1, 2]
    assert main(words(tmp_path / "t.csv")) == 0
    assert sorted(counted) == list(range(2, CHUNKS))
    assert contents(tmp_path) == wanted


def test_two_runs_at_once_are_noticed(stopped, capsys):
    pytest.importorskip("fcntl")
    before = contents(stopped)
    with cli_design.Journal(stopped / "t.csv", Work.of(GRID, 3)):
        assert main(words(stopped / "t.csv")) == 2
        assert main(words(stopped / "t.csv", "--restart", "--force")) == 2
    assert "another run writes t.csv now" in capsys.readouterr().err
    assert contents(stopped) == before


def test_a_stop_from_the_keyboard_keeps_what_is_done(tmp_path, wanted, counted, capsys, monkeypatch):
    add = cli_design.Journal.add

    def stop(self, *chunk):
        add(self, *chunk)
        if len(self.found) == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(cli_design.Journal, "add", stop)
        assert main(words(tmp_path / "t.csv")) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert main(words(tmp_path / "t.csv")) == 0
    assert sorted(counted) == list(range(CHUNKS))
    assert contents(tmp_path) == wanted


def test_a_real_interrupt_with_workers_ends_at_once_and_quietly(tmp_path):
    """As a terminal sends it: to the command and to its workers."""
    body = """
import os, signal
from joblib.externals.loky.backend import resource_tracker
design_analysis.SMALL_SECONDS = design_analysis.TASK_SECONDS = 0.0
add = cli_design.Journal.add
def stop(self, *chunk):
    add(self, *chunk)
    if len(self.found) == 5:
        # On a busy machine a file may be gone before joblib's tracker of files looks.
        resource_tracker.register("gone before it looks", "folder")
        os.killpg(0, signal.SIGINT)
cli_design.Journal.add = stop
"""
    done = script(body, words(tmp_path / "t.csv", jobs="2"), start_new_session=True)
    assert done.returncode == 130, done.stderr
    assert done.stderr.count("\n") == 1
    assert 5 <= len(finished(tmp_path / "t.csv.journal")) < CHUNKS


# --- disks --------------------------------------------------------------------------------------


LIMIT = """
import resource
def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
"""


def test_too_little_room_is_refused_before_the_work(tmp_path, capsys, monkeypatch, counted):
    done = script(LIMIT + "limit(9000)", words(tmp_path / "t.csv"))
    assert done.returncode == 2, done.stderr
    assert "not enough room" in done.stderr
    assert "Nothing was computed" in done.stderr
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
    assert main(words(tmp_path / "t.csv")) == 2
    assert "not enough room" in capsys.readouterr().err
    assert counted == []
    assert contents(tmp_path) == {}


def test_a_disk_that_fills_up_keeps_what_is_done(tmp_path, wanted, counted):
    body = LIMIT + """
import os
add = cli_design.Journal.add
def filling(self, *chunk):
    if len(self.found) == 6:
        limit(self.file.tell() + 50)
    add(self, *chunk)
cli_design.Journal.add = filling
"""
    done = script(body, words(tmp_path / "t.csv"))
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("\n") == 1
    assert "the disk is full" in done.stderr
    assert "6 finished chunks" in done.stderr
    assert len(finished(tmp_path / "t.csv.journal")) == 6
    assert main(words(tmp_path / "t.csv")) == 0
    assert len(counted) == CHUNKS - 6
    assert contents(tmp_path) == wanted


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_disk_that_fills_up_at_the_end_keeps_everything(tmp_path, counted, suffix):
    body = LIMIT + """
write = cli_design._write
def filling(*arguments):
    limit(300)
    write(*arguments)
cli_design._write = filling
"""
    out = tmp_path / f"t.{suffix}"
    done = script(body, words(out))
    assert done.returncode == 3, done.stderr
    assert "the disk is full" in done.stderr
    assert contents(tmp_path).keys() == {f"t.{suffix}.journal"}
    assert main(words(out)) == 0
    assert counted == []
    assert contents(tmp_path).keys() == {f"t.{suffix}", f"t.{suffix}.provenance.json"}


def test_a_stop_between_the_two_files_is_no_obstacle(tmp_path, wanted, counted):
    body = """
import os, signal
replace = os.replace
def killing(*paths):
    replace(*paths)
    os.kill(os.getpid(), signal.SIGKILL)
os.replace = killing
"""
    script(body, words(tmp_path / "t.csv"))
    assert contents(tmp_path).keys() == {"t.csv.journal", "t.csv.provenance.json"}
    assert main(words(tmp_path / "t.csv")) == 0
    assert counted == []
    assert contents(tmp_path) == wanted


# --- refusals -----------------------------------------------------------------------------------


def test_an_output_is_never_replaced_unasked(tmp_path, wanted, counted, capsys):
    for name in ("t.csv", "t.csv.provenance.json"):
        (tmp_path / name).write_text("years of work")
        assert main(words(tmp_path / "t.csv")) == 2
        assert "--force" in capsys.readouterr().err
        assert contents(tmp_path) == {name: b"years of work"}
        (tmp_path / name).unlink()
    assert counted == []
    (tmp_path / "t.csv").write_text("old")
    assert main(words(tmp_path / "t.csv", "--force")) == 0
    assert contents(tmp_path) == wanted


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("folder", "is a folder"), ("new/", "is a folder"), ("t.xlsx", ".csv or .parquet"), ("t", ".csv or .parquet"),
        ("file/t.csv", "cannot be made"), ("file/below/t.csv", "cannot be made"), ("n" * 300 + ".csv", "nothing can be written"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_hold_the_output_is_refused(tmp_path, counted, capsys, out, said):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    assert main(words(f"{tmp_path}/{out}")) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert counted == []
    assert contents_of(tmp_path) == ["file", "folder"]


def contents_of(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_without_rights_is_refused(tmp_path, counted, capsys, monkeypatch):
    def no(path, *more, **most):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", no)
    assert main(words(tmp_path / "t.csv")) == 2
    assert "Permission denied" in capsys.readouterr().err
    assert counted == []


def test_parquet_without_fastparquet_is_refused(tmp_path, counted, capsys, monkeypatch):
    monkeypatch.setattr(cli_design.importlib.util, "find_spec", lambda name: None)
    assert main(words(tmp_path / "t.parquet")) == 2
    assert "bond-or-drug-helpers[parquet]" in capsys.readouterr().err
    assert counted == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--estimator", "kendall"], "not 'kendall'"),
        (["--n", "3"], "at least 4"),
        (["--n", "24", "24"], "twice"),
        (["--n", "10:20"], "first:last:step"),
        (["--n", "10:20:-5"], "no step of -5"),
        (["--n", "10:20:0"], "no step of 0"),
        (["--n", "10.5"], "whole number"),
        (["--n", "x"], "'x'"),
        (["--r", "-0.5:0.5:0.00001"], "at most 10000"),
        (["--r", "1"], "strictly between"),
        (["--r", "nan"], "'nan'"),
        (["--dropout", "0.6", "--mechanism", "worse"], "0 to 0.5"),
        (["--estimator", "zou"], "second"),
        (["--level", "95"], "level must be"),
        (["--replicates", "0"], "replicates"),
        (["--replicates", "many"], "'many'"),
        (["--seed", "-1"], "seed"),
        (["--seed", "1.5"], "whole number"),
        (["--jobs", "0"], "n_jobs"),
        (["--scheduler", "localhost"], "tcp://HOST:8786"),
        (["--shape", "scores", "--variables", "mood", "sleep"], "'mood'"),
    ],
)
def test_a_faulty_option_is_refused_with_one_sentence(tmp_path, counted, capsys, more, said):
    assert main(words(tmp_path / "t.csv", *more)) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert counted == []
    assert contents(tmp_path) == {}


def test_the_help_says_everything():
    done = subprocess.run([sys.executable, "-m", "helpers.design_analysis", "--help"], capture_output=True, text=True, check=True)
    assert "Warning" not in done.stderr
    for option in ("estimator", "n", "r", "dropout", "mechanism", "second", "tie", "d", "shape", "variables", "level",
                   "resamples", "replicates", "seed", "jobs", "scheduler", "out", "force", "restart", "quiet"):  # fmt: skip
        assert f"--{option} " in done.stdout
    for name in design_analysis.ESTIMATORS:
        assert f"\n  {name} " in done.stdout
    for part in ("exit codes:", "examples:", "10:100:10", "tcp://"):
        assert part in done.stdout


def test_the_command_itself_with_progress_and_closing_words(tmp_path):
    options = ["--n", "5", "--dropout", "0.5", "--replicates", "1200", "--out", str(tmp_path / "t.csv")]
    done = subprocess.run([sys.executable, "-m", "helpers.design_analysis", *options], capture_output=True, text=True, check=True)
    assert "t.csv: 1 cells, 1200 replicates in each" in done.stdout
    assert "some trials had no answer" in done.stdout
    assert "1.20k/1.20k" in done.stderr
    assert "Warning" not in done.stderr


# --- a cluster, on the loopback -------------------------------------------------------------------


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.file = folder / "scheduler.json"
        self.scheduler = self.start("scheduler", "--port", "0", "--scheduler-file", str(self.file))
        until(lambda: self.file.exists() and self.file.read_text().strip().endswith("}"))
        self.address = json.loads(self.file.read_text())["address"]

    def start(self, role, *more):
        with open(self.folder / f"{role}{len(self.processes)}.log", "wb") as log:
            made = subprocess.Popen(
                [sys.executable, "-m", "dask", role, "--host", "127.0.0.1", "--no-dashboard", *more],
                stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip
        self.processes.append(made)
        return made

    def worker(self, *more):
        name = f"w{len(self.processes)}"
        options = ["--no-nanny", "--nthreads", "1", "--name", name, "--local-directory", str(self.folder / name)]
        return self.start("worker", self.address, *options, *more)

    def client(self):
        from distributed import Client

        return Client(self.address, timeout=60, set_as_default=False)

    def wait(self, count):
        """Until there are so many workers and no others."""
        with self.client() as client:
            until(lambda: len(client.scheduler_info(n_workers=-1)["workers"]) == count)

    def end(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def until(true, seconds=90):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


@contextlib.contextmanager
def a_cluster(folder, workers, *more):
    made = Cluster(folder)
    try:
        for _ in range(workers):
            made.worker(*more)
        if workers:
            made.wait(workers)
        yield made
    finally:
        made.end()


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A busy machine answers late, and is no missing scheduler."""
    monkeypatch.setattr(design_analysis, "CONNECT_SECONDS", 60.0)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    pytest.importorskip("distributed")
    with a_cluster(tmp_path_factory.mktemp("cluster"), 2) as made:
        yield made


def test_a_cluster_gives_the_same_bytes(cluster, wanted, tmp_path, counted):
    assert main(words(tmp_path / "t.csv", "--scheduler", cluster.address)) == 0
    assert contents(tmp_path) == wanted
    assert counted == [0]  # the first one tells how long they take; the workers did the others


def test_a_worker_killed_in_mid_run_costs_nothing(cluster, wanted, tmp_path, small_tasks, monkeypatch):
    victim = cluster.worker()
    cluster.wait(3)
    add, left = cli_design.Journal.add, []
    with cluster.client() as client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        address = next(a for a, w in workers.items() if w["name"] == f"w{cluster.processes.index(victim)}")

        def killing(self, *chunk):
            add(self, *chunk)
            if len(self.found) == 1:  # before it is given any, so that it holds those it gets
                os.kill(victim.pid, signal.SIGSTOP)
            # While it has tasks of ours, so that some are lost.
            if not left and len(self.found) >= 3 and client.processing()[address]:
                os.kill(victim.pid, signal.SIGKILL)
                left.append(CHUNKS - len(self.found))

        monkeypatch.setattr(cli_design.Journal, "add", killing)
        assert main(words(tmp_path / "t.csv", "--scheduler", cluster.address)) == 0
    assert left and left[0] > 0
    assert victim.wait() == -signal.SIGKILL
    assert contents(tmp_path) == wanted
    cluster.wait(2)


def test_a_run_on_a_cluster_that_was_killed_goes_on_there(cluster, wanted, tmp_path, counted):
    body = "design_analysis.TASK_SECONDS, design_analysis.CONNECT_SECONDS = 0.0, 60.0\n" + KILL
    assert script(body, words(tmp_path / "t.csv", "--scheduler", cluster.address)).returncode == -signal.SIGKILL
    before = finished(tmp_path / "t.csv.journal")
    assert len(before) == 7
    assert main(words(tmp_path / "t.csv", "--scheduler", cluster.address)) == 0
    assert len(counted) == 1
    assert counted[0] not in before
    assert contents(tmp_path) == wanted


def test_a_scheduler_without_workers_is_refused(tmp_path, counted, capsys):
    pytest.importorskip("distributed")
    (tmp_path / "cluster").mkdir()
    with a_cluster(tmp_path / "cluster", 0) as empty:
        assert main(words(tmp_path / "t.csv", "--scheduler", empty.address)) == 2
    assert "has no workers" in capsys.readouterr().err
    assert counted == []
    assert contents_of(tmp_path) == ["cluster"]


@pytest.mark.parametrize(
    ("preload", "said"),
    [
        ("import helpers; helpers.__version__ = '0.0.9'", "helpers 0.0.9"),
        ("import sys; sys.modules['helpers'] = None", "cannot load this package"),
    ],
)
def test_workers_with_another_version_or_none_are_refused(tmp_path, counted, capsys, preload, said):
    pytest.importorskip("distributed")
    (tmp_path / "cluster").mkdir()
    with a_cluster(tmp_path / "cluster", 1, "--preload", preload) as other:
        assert main(words(tmp_path / "t.csv", "--scheduler", other.address)) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "every worker needs the same version" in err
    assert counted == []
    assert contents_of(tmp_path) == ["cluster"]


def test_a_cluster_that_is_lost_keeps_what_is_done(tmp_path, wanted):
    pytest.importorskip("distributed")
    (tmp_path / "cluster").mkdir()
    (tmp_path / "out").mkdir()
    out = tmp_path / "out" / "t.csv"
    with a_cluster(tmp_path / "cluster", 1) as lost:
        body = f"""
import os, signal
from distributed import Client
design_analysis.TASK_SECONDS, design_analysis.CONNECT_SECONDS = 0.0, 60.0
add = cli_design.Journal.add
def killing(self, *chunk):
    add(self, *chunk)
    if len(self.found) == 4:
        for client in Client._instances:
            client._timeout = 2.0  # nobody will answer: patience was for the first connection
        os.kill({lost.scheduler.pid}, signal.SIGKILL)
cli_design.Journal.add = killing
"""
        done = script(body, words(out, "--scheduler", lost.address))
    assert done.returncode == 3, done.stderr
    assert "scheduler was lost" in done.stderr
    assert "the same command goes on" in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(finished(tmp_path / "out" / "t.csv.journal")) >= 4
    assert main(words(out)) == 0
    assert contents(tmp_path / "out") == wanted


def test_workers_that_are_all_gone_end_the_run(tmp_path, capsys, small_tasks, monkeypatch):
    pytest.importorskip("distributed")
    (tmp_path / "cluster").mkdir()
    monkeypatch.setattr(design_analysis, "LOST_SECONDS", 1.0)
    add = cli_design.Journal.add
    with a_cluster(tmp_path / "cluster", 1) as gone:

        def killing(self, *chunk):
            add(self, *chunk)
            if len(self.found) == 4:
                gone.processes[-1].kill()

        monkeypatch.setattr(cli_design.Journal, "add", killing)
        assert main(words(tmp_path / "t.csv", "--scheduler", gone.address)) == 3
    assert "all workers have been gone" in capsys.readouterr().err
    assert len(finished(tmp_path / "t.csv.journal")) >= 4


def test_no_scheduler_is_refused_at_once(tmp_path, counted, capsys, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(design_analysis, "CONNECT_SECONDS", 0.5)
    assert main(words(tmp_path / "t.csv", "--scheduler", "tcp://127.0.0.1:9")) == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
    assert counted == []
    assert contents(tmp_path) == {}
