"""What a page costs a reader, measured in Chromium: bytes, requests, shifts of the layout."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 60  # seconds for what a page has asked for
FONTS_LATE = 0.4  # seconds; longer than any browser waits before it shows text in another font
WATCH = """
window.bondShifts = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) bondShifts.push([entry.startTime, entry.value,
      entry.sources.map(source => source.node && (source.node.id ? '#' + source.node.id
        : (source.node.localName || source.node.nodeName) + '.' + (source.node.className || '')))]);
  }
}).observe({ type: 'layout-shift', buffered: true });
"""
# A step of scrolling must be painted before the next, or no lazy image is asked for.
SCROLL = """async () => {
  const painted = () => new Promise(done =>
    requestAnimationFrame(() => requestAnimationFrame(done)));
  await document.fonts.ready;
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
    scrollTo({ top: y, behavior: 'instant' });
    await painted();
  }
  await Promise.all([...document.images].filter(image => image.offsetParent !== null)
    .map(image => image.complete || new Promise(done => {
      image.addEventListener('load', done); image.addEventListener('error', done); })));
  await document.fonts.ready;
  await painted();
}"""


@dataclass
class Cost:
    """What one visit asked for; ``files`` is filled before scrolling, ``later`` after it."""

    files: dict[str, int] = field(default_factory=dict)
    later: dict[str, int] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    shifts: list[tuple[float, float, list[str]]] = field(default_factory=list)

    @property
    def shift(self) -> float:
        """The layout's shift as browsers report it."""
        return worst_window([(start, value) for start, value, _ in self.shifts])

    def shifted(self) -> str:
        """What moved most."""
        worst = max(self.shifts, key=lambda entry: entry[1], default=(0, 0, []))
        return ", ".join(str(node) for node in worst[2])


def late_fonts(address: str) -> float:
    """Seconds to wait before an answer: a slow line, for fonts alone."""
    return FONTS_LATE if Path(address).suffix == ".woff2" else 0


def visit(context, address: str, origin: str, scroll: bool = True) -> Cost:
    """Open an address in a context and read it to its end."""
    cost, names, waiting = Cost(), {}, set()
    page = context.new_page()
    wire = context.new_cdp_session(page)

    def asked(event):
        url = event["request"]["url"]
        if url.startswith(origin):
            names[event["requestId"]] = url.removeprefix(origin)
            waiting.add(event["requestId"])
        elif urlsplit(url).scheme not in {"data", "blob"}:
            cost.foreign.append(url)

    def came(event):
        if name := names.get(event["requestId"]):
            files = cost.later if scrolled else cost.files
            files[name] = files.get(name, 0) + round(event["encodedDataLength"])
            ended(event)

    def ended(event):
        waiting.discard(event["requestId"])

    def settle():
        """Wait until every request that was asked for has come or failed."""
        page.wait_for_load_state("networkidle")
        end = time.monotonic() + PATIENCE
        while waiting:
            missing = sorted(names[request] for request in waiting)
            assert time.monotonic() < end, f"{address} still waits for {', '.join(missing)}"
            page.wait_for_timeout(50)

    scrolled = False
    wire.on("Network.requestWillBeSent", asked)
    wire.on("Network.loadingFinished", came)
    wire.on("Network.loadingFailed", ended)
    wire.send("Network.enable")
    page.add_init_script(WATCH)
    page.goto(address, wait_until="load")
    page.evaluate("document.fonts.ready.then(() => true)")
    settle()
    if scroll:
        scrolled = True
        page.evaluate(SCROLL)
        settle()
    cost.shifts = page.evaluate("bondShifts")
    page.close()
    return cost


def worst_window(shifts: list[tuple[float, float]]) -> float:
    """Cumulative layout shift: the worst burst of at most 5 s, its gaps under 1 s.

    >>> worst_window([(0, 0.25), (900, 0.25), (3000, 0.125)])
    0.5
    >>> worst_window([(t, 0.125) for t in range(0, 6000, 500)])
    1.25
    >>> worst_window([])
    0.0
    """
    worst = total = 0.0
    start = last = float("-inf")
    for at, value in sorted(shifts):
        if at - last > 1000 or at - start >= 5000:
            start, total = at, 0.0
        last, total = at, total + value
        worst = max(worst, total)
    return worst


def over_budget(cost: Cost, cached: set[str], limits: dict) -> list[str]:
    """A sentence for each limit that a first visit breaks; ``cached`` comes from another page."""
    first = sum(cost.files.values())
    following = sum(size for name, size in cost.files.items() if name not in cached)
    heaviest = sorted(cost.files, key=cost.files.get, reverse=True)[:3]
    faults = [f"request to a third party: {url}" for url in cost.foreign]
    for what, value, limit in (
        ("bytes of a first page", first, limits["bytes"]["first_page"]),
        ("bytes of a next page", following, limits["bytes"]["next_page"]),
        ("requests", len(cost.files), limits["requests"]["first_page"]),
    ):
        if value > limit:
            faults.append(f"{value:,} {what}, over {limit:,}; the largest: {', '.join(heaviest)}")
    return faults + shift_fault(cost, limits)


def shift_fault(cost: Cost, limits: dict) -> list[str]:
    """A sentence when the layout shifts too much."""
    limit = limits["layout"]["shift"]
    if cost.shift < limit:
        return []
    return [f"the layout shifts by {cost.shift:.3f}, not under {limit}: {cost.shifted()}"]
