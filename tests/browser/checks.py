"""What a built page must be like, as functions that list what is wrong with it.

Each takes a page of Playwright's and gives a list of sentences, empty when all
is well. ``test_checks.py`` shows each of them a bad page and expects a fault.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
LOCAL_SCHEMES = {"data", "blob", "about"}
MEASURE = (60, 75)
PATIENCE = 120_000
"""Milliseconds for what is slow even on an idle machine. Playwright's own 30 s do for the rest."""


class Recorder:
    """Watches a page: every foreign request is stopped, and everything amiss noted."""

    def __init__(self, page, origin: str):
        self.origin = origin
        self.faults: list[str] = []
        page.route("**/*", self._route)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("requestfailed", lambda request: self.faults.append(f"failed: {request.url}"))
        page.on("response", self._response)

    def _route(self, route):
        if self._is_local(route.request.url):
            route.continue_()
        else:
            self.faults.append(f"request to a third party: {route.request.url}")
            route.abort()

    def _is_local(self, url):
        return url.startswith(self.origin) or urlsplit(url).scheme in LOCAL_SCHEMES

    def _console(self, message):
        if message.type in {"error", "warning"}:
            self.faults.append(f"console {message.type}: {message.text}")

    def _response(self, response):
        if response.status >= 400:
            self.faults.append(f"status {response.status}: {response.url}")


def axe_source() -> str:
    """The script of axe-core, from the Python package that carries it."""
    import axe_playwright_python

    folder = Path(axe_playwright_python.__file__).parent
    return (folder / "axe.min.js").read_text(encoding="utf-8")


def painted(page) -> None:
    """Wait until the page is painted, with what scripts do before a picture of it."""
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def address(page) -> str:
    """The address as the page has it; Playwright's own hears of a change a moment later."""
    return page.evaluate("location.href")


def unfold(page) -> None:
    """Open everything that is folded, so that it is checked too."""
    page.evaluate(
        """() => {
            document.querySelectorAll('details').forEach(d => {
                d.removeAttribute('name'); d.open = true;
            });
            document.querySelectorAll('.toggle-hidden').forEach(
                e => e.classList.remove('toggle-hidden'));
        }"""
    )
    painted(page)  # the scripts hear of it a moment later


def accessibility(page, colors: bool = True) -> list[str]:
    """The violations that axe finds, one sentence for each element.

    Contrasts take three quarters of its time; without `colors` they are left out.
    """
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(axe_source())
    result = page.evaluate(
        """colors => axe.run(document, {
            resultTypes: ['violations'],
            selectors: false,  // a fault is shown by its HTML; a path to it takes time to find
            preload: false,  // else axe asks for @import files at wrong addresses
            rules: {
                'label-content-name-mismatch': {enabled: true},
                'color-contrast': {enabled: colors},
            },
        })""",
        colors,
    )
    return [
        f"axe {violation['id']}: {node['html'][:160]} ({_first_message(node)})"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def _first_message(node):
    checks = node["any"] + node["all"] + node["none"]
    return checks[0]["message"] if checks else ""


def sideways(page, width: int) -> list[str]:
    """What makes the page scroll sideways, or sticks out of it unreachably."""
    page.set_viewport_size({"width": width, "height": 900})
    painted(page)
    return page.evaluate(
        """width => {
            const faults = [];
            const root = document.scrollingElement;
            if (root.scrollWidth > root.clientWidth)
                faults.push(`${width} px: page is ${root.scrollWidth} wide`);
            const scrolls = e => /auto|scroll/.test(getComputedStyle(e).overflowX);
            const held = e => {
                for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
                    if (scrolls(p)) return true;
                return false;
            };
            const name = e => e.tagName.toLowerCase() + '.' + [...e.classList].join('.');
            for (const e of document.querySelectorAll('main article *')) {
                const box = e.getBoundingClientRect();
                const seen = e.checkVisibility({visibilityProperty: true});
                if (!seen || box.width < 2 || box.height < 2) continue;
                if (e.closest('.katex-mathml, svg, .visually-hidden')) continue;
                if ((box.right > root.clientWidth + 1 || box.left < -1) && !held(e))
                    faults.push(`${width} px: ${name(e)} from ${Math.round(box.left)}`
                                + ` to ${Math.round(box.right)}`);
                const moves = scrolls(e) && e.scrollWidth > e.clientWidth + 1;
                if (moves && e.tabIndex < 0)
                    faults.push(`${width} px: ${name(e)} scrolls but takes no focus`);
                if (moves
                    && !e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby'))
                    faults.push(`${width} px: ${name(e)} scrolls but has no name`);
            }
            return faults.slice(0, 12);
        }""",
        width,
    )


def images(page) -> list[str]:
    """Pictures without words, with a file's name for words, or broken."""
    return page.evaluate(
        r"""() => [...document.querySelectorAll('img')].flatMap(img => {
            const alt = img.getAttribute('alt'), src = img.getAttribute('src');
            const decorative = alt === '' && ['presentation', 'none'].includes(
                img.getAttribute('role'));
            const faults = [];
            if (!decorative && !(alt || '').trim()) faults.push(`no alt text: ${src}`);
            if (/\.(png|svg|jpe?g|webp|gif)$/i.test(alt || '') || /_images\//.test(alt || ''))
                faults.push(`alt text is a path: ${alt}`);
            if (img.complete && img.naturalWidth === 0) faults.push(`broken picture: ${src}`);
            return faults;
        })"""
    )


def line_lengths(page) -> list[int]:
    """Characters in each full line of the body's plain paragraphs."""
    return page.evaluate(
        """() => {
            const lengths = [];
            const plain = p => !p.closest('.admonition, .chapter-opening, figure, blockquote,'
                + ' .selfcheck, .sd-card, table, li, dd')
                && !p.querySelector('.math, img, br, code');
            for (const p of [...document.querySelectorAll('main article p')].filter(plain)) {
                const lines = new Map();
                const walker = document.createTreeWalker(p, NodeFilter.SHOW_TEXT);
                for (let node; (node = walker.nextNode());)
                    for (let i = 0; i < node.length; i++) {
                        const range = document.createRange();
                        range.setStart(node, i); range.setEnd(node, i + 1);
                        const box = range.getClientRects()[0];
                        if (!box) continue;
                        const line = Math.round((box.top + box.bottom) / 2 / 8);
                        lines.set(line, (lines.get(line) || 0) + 1);
                    }
                const counts = [...lines.values()];
                if (counts.length > 2) lengths.push(...counts.slice(0, -1));
            }
            return lengths;
        }"""
    )


def measure(page) -> list[str]:
    """A body whose usual line is shorter or longer than reads well."""
    lengths = sorted(line_lengths(page))
    if len(lengths) < 5:
        return []  # not a page of prose
    usual = lengths[len(lengths) // 2]
    low, high = MEASURE
    return [] if low <= usual <= high else [f"{usual} characters a line, not {low} to {high}"]


def fonts(page) -> list[str]:
    """Text set in anything but the book's own fonts, asked of the browser itself.

    The site leaves out a font that comes late. So a page with other fonts is opened again,
    told to wait for its own.
    """
    if not foreign_fonts(page):
        return []
    with page.context.new_page() as other:
        other.route(re.compile(r"\.css"), _send_waiting)
        other.goto(page.url, wait_until="load")
        other.evaluate("document.fonts.ready.then(() => true)")
        return foreign_fonts(other)


def waiting_for_fonts(css: str) -> str:
    """A stylesheet under which a page waits for fonts, where it would leave out late ones."""
    return re.sub(r"font-display:\s*optional", "font-display: block", css)


def _send_waiting(route):
    answer = route.fetch()
    route.fulfill(response=answer, body=waiting_for_fonts(answer.text()))


def foreign_fonts(page) -> list[str]:
    """Text of the page as it stands that is set in anything but the book's own fonts."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    top = session.send("DOM.getDocument")["root"]["nodeId"]
    faults = []
    for selector, family in (("main article p", "Bond Serif"), ("main article h1", "Bond Sans")):
        node = session.send("DOM.querySelector", {"nodeId": top, "selector": selector})["nodeId"]
        if not node:
            continue
        used = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        most = max(used, key=lambda font: font["glyphCount"], default=None)
        if most and not (most["isCustomFont"] and most["familyName"].startswith(family)):
            faults.append(f"{selector} is set in {most['familyName']}, not in {family}")
    session.detach()
    return faults


def icons(page) -> list[str]:
    """Icons of the theme for which the stylesheet has no picture."""
    return page.evaluate(
        """() => [...document.querySelectorAll('[class*="fa-"]')]
            .filter(e => getComputedStyle(e).maskImage === 'none')
            .map(e => `no picture for the icon ${e.className}`)"""
    )
