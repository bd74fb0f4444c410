"""What the audit makes of Lighthouse's reports; Lighthouse itself is not run here."""

import json
import subprocess

import pytest

from tools import audit

LIMITS = audit.budgets()


def report(performance=0.97, accessibility=1.0, shift=0.001, crawlable=1, files=None):
    """A report as Lighthouse gives it, as far as it is read."""
    files = files or {"index.html": 6000, "_static/book.css": 30_000}
    button = {"selector": "main > button", "snippet": '<button class="copy">'}
    good = {"score": 1, "title": "Fine"}
    audits = {
        "first-contentful-paint": {"score": 0.95, "title": "FCP", "numericValue": 1500.0},
        "largest-contentful-paint": {"score": 0.8, "title": "LCP", "numericValue": 2600.0},
        "total-blocking-time": {"score": 1, "title": "TBT", "numericValue": 12.0},
        "cumulative-layout-shift": {"score": 0.5, "title": "CLS", "numericValue": shift},
        "layout-shifts": good
        | {"details": {"items": [{"node": {"snippet": "<dl>"}, "score": 0.2}]}},
        "network-requests": good
        | {
            "details": {
                "items": [
                    *(
                        {"url": f"http://127.0.0.1:9/{k}", "transferSize": v}
                        for k, v in files.items()
                    ),
                    {"url": "data:image/svg+xml,x"},
                ]
            }
        },
        "render-blocking-insight": good
        | {"details": {"items": [{"url": "http://127.0.0.1:9/_static/book.css"}]}},
        "button-name": {
            "score": 0,
            "title": "Buttons have names",
            "details": {"items": 5 * [{"node": button}]},
        },
        "is-crawlable": good | {"score": crawlable},
        "informative": {"score": None, "title": "A note"},
        "insight": {"score": 0, "title": "Weighs nothing"},
    }
    for name, entry in audits.items():
        entry["id"] = name

    def category(score, *names):
        weights = {"insight": 0}
        return {
            "score": score,
            "auditRefs": [{"id": n, "weight": weights.get(n, 1)} for n in names],
        }

    return {
        "finalDisplayedUrl": "http://127.0.0.1:9/index.html",
        "audits": audits,
        "categories": {
            "performance": category(performance, *audit.TIMES.values(), "insight"),
            "accessibility": category(accessibility, "button-name", "informative"),
            "best-practices": category(1),
            "seo": category(1.0 if crawlable else 0.6, "is-crawlable"),
            "agentic-browsing": category(0.5),
        },
    }


def verdict(*reports, cached=(), **named):
    """The verdict on runs with these reports."""
    runs = [audit.read_report(one) for one in reports]
    return audit.judged("index.html", runs, set(cached), LIMITS, **named)


def test_report_is_read():
    run = audit.read_report(report())
    assert run.scores == {
        "performance": 97,
        "accessibility": 100,
        "best-practices": 100,
        "seo": 100,
    }
    assert run.files == {"index.html": 6000, "_static/book.css": 30_000}
    assert run.blocking == ["_static/book.css"]
    assert run.times["lcp"] == 2600


def test_a_report_without_a_time_or_a_score_is_refused():
    found = report()
    found["audits"]["largest-contentful-paint"] = {"errorMessage": "NO_LCP"}
    with pytest.raises(audit.AuditError, match="largest-contentful-paint was not measured: NO_LCP"):
        audit.read_report(found)
    found = report()
    found["categories"]["performance"]["score"] = None
    with pytest.raises(audit.AuditError, match="no score for performance"):
        audit.read_report(found)


def test_failing_audits_name_their_elements():
    failing = audit.read_report(report()).failing
    assert failing[0] == "performance: largest-contentful-paint (LCP)"
    assert failing[1] == "performance: cumulative-layout-shift (CLS)\n      <dl>"
    head, *lines = failing[2].splitlines()
    assert head == "accessibility: button-name (Buttons have names)"
    assert lines == 3 * ['      main > button <button class="copy">'] + ["      and 2 more"]
    assert len(failing) == 3  # what has no score or weighs nothing stays out


def test_good_page_breaks_nothing():
    assert verdict(report()).broken == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"performance": 0.9}, "performance 90, not 95"),
        ({"accessibility": 0.99}, "accessibility 99, not 100"),
        ({"shift": 0.021}, "layout shift 0.021, over 0.02"),
        ({"files": {"a": 400_001}}, "first page, bytes 400001, over 400000"),
        ({"files": {str(n): 1 for n in range(31)}}, "requests 31, over 30"),
    ],
)
def test_each_limit_can_be_broken(change, sentence):
    assert sentence in verdict(report(**change)).broken


def test_next_page_costs_what_the_landing_page_did_not_bring():
    heavy = report(files={"book/a.html": 50_000, "big.js": 100_000})
    assert verdict(heavy).broken == ["next page, bytes 150000, over 120000"]
    assert verdict(heavy, cached=["big.js"]).broken == []
    assert verdict(heavy, cached=["big.js"]).next_bytes == 50_000


def test_performance_is_the_median_of_the_runs():
    runs = [report(performance=score) for score in (0.6, 0.97, 0.96)]
    assert verdict(*runs).scores["performance"] == 96


def test_score_can_be_shown_without_a_limit():
    assert verdict(report(performance=0.5), only_reported=["performance"]).broken == []


def test_page_that_asks_not_to_be_indexed_needs_no_score_for_search_engines():
    assert verdict(report(crawlable=0)).broken == []


def test_table_and_list():
    bad, good = verdict(report(accessibility=0.9)), verdict(report())
    rows = audit.table([bad, good]).splitlines()
    assert rows[0].split()[:5] == ["page", "perf", "a11y", "best", "SEO"]
    assert rows[1].split() == "index 97 90 100 100 1.5 2.6 12 0.001 36 36 2 1 OVER".split()
    assert not rows[2].endswith("OVER")
    assert "over the limit: accessibility 90, not 100" in audit.explained([bad])


def test_a_run_is_kept(tmp_path):
    made = []

    def make():
        made.append(1)
        return audit.read_report(report())

    first = audit.kept_run(tmp_path, "book/a.html", 0, make)
    assert audit.kept_run(tmp_path, "book/a.html", 0, make) == first and len(made) == 1
    audit.kept_run(tmp_path, "book/a.html", 1, make)
    assert len(made) == 2


def test_changed_site_has_another_key(tmp_path):
    (tmp_path / "index.html").write_text("a")
    before = audit.site_key(tmp_path)
    (tmp_path / "index.html").write_text("b")
    assert audit.site_key(tmp_path) != before


def test_pages_of_a_site(tmp_path):
    for name in ("index.html", "book/b.html", "a.html", "_static/x.html", "lite/lab/index.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert audit.pages(tmp_path) == ["index.html", "a.html", "book/b.html"]


def test_no_site_is_a_clear_error(tmp_path):
    with pytest.raises(audit.AuditError, match="the site is not built: run 'make book'"):
        audit.pages(tmp_path)


def test_unknown_page_is_a_clear_error():
    with pytest.raises(audit.AuditError, match="there is no page book/nine.html"):
        audit.chosen(["book/nine"], ["index.html"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("shift = 0.02", "", r"\[layout\] needs 'shift' as a number"),
        ("shift = 0.02", "shift = 'small'", r"\[layout\] needs 'shift' as a number"),
        ("shift = 0.02", "shift = true", r"\[layout\] needs 'shift' as a number"),
        ("shift = 0.02", "shift = 0.02\nshfit = 1", r"\[layout\] has an unknown limit 'shfit'"),
        ("shift = 0.02", "shift = ", "budgets.toml cannot be read"),
    ],
)
def test_bad_budgets_are_a_clear_error(tmp_path, old, new, message):
    text = audit.BUDGETS.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "budgets.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(audit.AuditError, match=message):
        audit.budgets(path)


def answer(monkeypatch, stdout="", stderr="", code=0):
    """Let every command end at once with this output."""
    done = subprocess.CompletedProcess([], code, stdout, stderr)
    monkeypatch.setattr(audit.subprocess, "run", lambda *arguments, **named: done)
    monkeypatch.setattr(audit, "chromium", lambda: "chromium")


def test_no_report_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(audit, "installed", lambda: "index.js")
    answer(monkeypatch, stderr="Unable to connect to Chrome", code=1)
    with pytest.raises(audit.AuditError, match="no report of http://a/:\nUnable to connect"):
        audit.lighthouse("http://a/", audit.CATEGORIES)


def test_page_that_does_not_load_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(audit, "installed", lambda: "index.js")
    answer(monkeypatch, stdout=json.dumps({"runtimeError": {"message": "Status 404"}}))
    with pytest.raises(audit.AuditError, match="http://a/: Status 404"):
        audit.lighthouse("http://a/", audit.CATEGORIES)


def test_failed_install_is_a_clear_error_and_is_tried_again(monkeypatch, tmp_path):
    answer(monkeypatch, stderr="npm error network", code=1)
    folder = tmp_path / "lighthouse"
    for _ in range(2):
        with pytest.raises(
            audit.AuditError, match="npm could not install Lighthouse:\nnpm error network"
        ):
            audit.installed(folder)


def test_lock_pins_what_the_package_file_asks_for():
    wanted = json.loads((audit.LOCK / "package.json").read_text(encoding="utf-8"))["dependencies"]
    lock = json.loads((audit.LOCK / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert lock[""]["dependencies"] == wanted
    for name, version in wanted.items():
        assert lock[f"node_modules/{name}"]["version"] == version
    assert all("integrity" in entry for name, entry in lock.items() if name)


def test_command_says_what_is_missing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(audit.audit, "__defaults__", (tmp_path,))
    assert audit.main([]) == 2
    assert capsys.readouterr().err == "the site is not built: run 'make book'\n"


def test_command_writes_its_results(monkeypatch, tmp_path, capsys):
    verdicts = [verdict(report()), verdict(report(accessibility=0.9))]
    monkeypatch.setattr(audit, "audit", lambda *arguments: verdicts)
    out = tmp_path / "new" / "audit.json"
    assert audit.main(["--out", str(out)]) == 1
    assert [one["broken"] for one in json.loads(out.read_text())] == [
        [],
        ["accessibility 90, not 100"],
    ]
    assert "OVER" in capsys.readouterr().out


def test_command_wants_a_run():
    with pytest.raises(SystemExit):
        audit.main(["--runs", "0"])
