"""What a page must be like for readers who use a keyboard, a screen reader or large text.

As in ``checks.py``, each function takes a page of Playwright's and gives a list
of sentences, empty when all is well. The looking is done inside the page, by
``checks_a11y.js``; a policy that forbids inline scripts does not stop it, since
nothing is added to the page. ``test_checks_a11y.py`` shows each check a bad page.
"""

from __future__ import annotations

import io
from pathlib import Path

import checks
import numpy as np
from PIL import Image

SOURCE = Path(__file__).with_name("checks_a11y.js").read_text(encoding="utf-8")
LEAST_CONTRAST = 3.0  # of a mark that is no text
LEAST_COVER = 0.55  # a line that falls between the pixels has soft edges
MARGIN = 8  # pixels around an element in which its mark of focus is looked for


def ask(page, question: str):
    """The answer of one of the functions in the page."""
    if not page.evaluate("typeof window.bondA11y === 'object'"):
        page.evaluate(SOURCE)
    return page.evaluate(f"bondA11y.{question}()")


def settled(page) -> None:
    """Wait for the layout, and end what is still moving."""
    checks.painted(page)
    ask(page, "settle")


def resized(page, width: int, height: int = 900) -> None:
    """Give the window another size, and wait."""
    page.set_viewport_size({"width": width, "height": height})
    settled(page)


def structure(page) -> list[str]:
    """Headings, landmarks, ids, names of links, headers of tables, captions, permalinks."""
    return ask(page, "structure")


def order(page) -> list[str]:
    """Where the order of the Tab key is not that of reading."""
    return ask(page, "order")


def focus_marks(page) -> list[str]:
    """What takes the focus and cannot be seen then, or shows no mark of it."""
    page.keyboard.press("Tab")  # from here on, the browser shows the keyboard's focus
    return ask(page, "focusMarks")


def link_looks(page) -> list[str]:
    """Links in a sentence that only their color tells from text."""
    return ask(page, "linkLooks")


def targets(page) -> list[str]:
    """Things to press that are smaller than 24 by 24 pixels, and crowded."""
    return ask(page, "targets")


def contrasts(page) -> list[str]:
    """Faint code, visited links, selections, hints in fields, edges, icons, drawings."""
    asked = ("codeContrast", "rareContrast", "markContrast", "drawings")
    return [fault for question in asked for fault in ask(page, question)]


def lost(page) -> list[str]:
    """Text that is cut off or lies over other text."""
    return ask(page, "lost")


def set_letters(page, pixels: int) -> None:
    """Let the browser's own letters be this large, as a reader can in its settings (16 is usual)."""
    session = page.context.new_cdp_session(page)
    session.send(
        "Page.setFontSizes", {"fontSizes": {"standard": pixels, "fixed": pixels * 13 // 16}}
    )
    session.detach()
    settled(page)


def space_text(page) -> None:
    """Set the text as wide as WCAG 1.4.12 wants it to bear."""
    ask(page, "spaceText")
    settled(page)


def motion(page) -> list[str]:
    """What moves; to be asked with ``reduced_motion="reduce"``."""
    return ask(page, "motion")


def formulas(page) -> list[str]:
    """Formulas without MathML, or read twice."""
    return ask(page, "formulas")


def forced(page) -> list[str]:
    """Icons and drawings that are lost; to be asked with ``forced_colors="active"``."""
    return ask(page, "forced")


def tab_walk(page) -> list[str]:
    """Press Tab from the top of a fresh page to its end; what went wrong on the way."""
    for _ in range(ask(page, "startWalk")):
        page.keyboard.press("Tab")
    return ask(page, "endWalk")


def focus_pixels(page) -> list[str]:
    """Marks of focus that are too small or too faint in the picture itself.

    One element of each kind is taken with and without the focus. Of the pixels
    that a line of 2 px around it has, most must change by a contrast of 3.
    """
    names = ask(page, "markKinds")
    faults = []
    page.keyboard.press("Tab")
    for number, name in enumerate(names):
        element = page.locator(f'[data-kind="{number}"]')
        element.evaluate("e => { e.focus(); bondA11y.settle(); }")
        box = element.bounding_box()
        if box is None:
            faults.append(f"{name} has no size")
            continue
        with_focus = _picture(page, box)
        element.evaluate("e => { e.blur(); bondA11y.settle(); }")
        changed = int((_contrast(with_focus, _picture(page, box)) >= LEAST_CONTRAST).sum())
        around = element.evaluate(  # a link may be broken over several lines
            "e => Math.max(...[...e.getClientRects()].map(b => 2 * (Math.min(b.width, innerWidth)"
            " + Math.min(b.height, innerHeight))))"
        )
        needed = 2 * around * LEAST_COVER
        if changed < needed:
            faults.append(f"{name}: {changed} pixels show the focus, not {needed:.0f}")
    return faults


def _seen(page, box):
    """The part of a box that is inside the window."""
    size = page.viewport_size
    left, top = max(box["x"], 0), max(box["y"], 0)
    right = min(box["x"] + box["width"], size["width"])
    bottom = min(box["y"] + box["height"], size["height"])
    return {"x": left, "y": top, "width": max(right - left, 1), "height": max(bottom - top, 1)}


def _picture(page, box):
    """The pixels around a box, as far as the window shows them."""
    wide = {
        "x": box["x"] - MARGIN,
        "y": box["y"] - MARGIN,
        "width": box["width"] + 2 * MARGIN,
        "height": box["height"] + 2 * MARGIN,
    }
    shot = page.screenshot(clip=_seen(page, wide))
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=float) / 255


def _contrast(one, other):
    """The contrast of each pixel of a picture with the same pixel of another."""
    lights = [_luminance(picture) + 0.05 for picture in (one, other)]
    return np.maximum(*lights) / np.minimum(*lights)


def _luminance(picture):
    linear = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def spoken_math(page) -> list[str]:
    """Formulas that the browser does not hand to a screen reader as math, or hands on twice."""
    drawn = page.locator(".katex:visible").count()  # not those of a quiz's hidden answers
    if drawn == 0:
        return []
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    exposed = [node for node in nodes if not node.get("ignored")]
    roles = [node["role"]["value"] for node in exposed]
    faults = []
    if roles.count("MathMLMath") != drawn:
        faults.append(f"{drawn} formulas, of which {roles.count('MathMLMath')} are exposed as math")
    by_id = {node["nodeId"]: node for node in nodes}
    for node in exposed:
        if node["role"]["value"] == "MathMLMath" and not _words(node, by_id).strip():
            faults.append("a formula is exposed as math without any content")
    texts = [node["name"]["value"] for node in exposed if node["role"]["value"] == "StaticText"]
    sources = page.evaluate("[...document.querySelectorAll('annotation')].map(e => e.textContent)")
    faults += [f"the source {s[:40]!r} is read aloud" for s in sources if "\\" in s and s in texts]
    return faults


def _words(node, by_id):
    """The text below a node of the accessibility tree."""
    if node["role"]["value"] == "StaticText":
        return node["name"]["value"]
    return "".join(_words(by_id[i], by_id) for i in node.get("childIds", []) if i in by_id)
