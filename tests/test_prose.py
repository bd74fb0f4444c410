"""The prose lint finds what it must find, and lets the rest pass."""

import pytest

from tools import prose

TYPED = {
    "The bond went with depression (r = -.65).": "a statistic",
    "It was significant, p < .05.": "a statistic",
    "A sample of n = 24 is small.": "a statistic",
    "We write $r = -0.65$ in math.": "a statistic",
    "Here $d_z = 0.43$ fits.": "a statistic",
    "The power was 80%.": "a percentage",
    "About 75 percent responded.": "a percentage",
    "The correlation rose to 0.61 in the end.": "a decimal number",
    "The correlation fell to \u2212.61 in the end.": "a decimal number",
    "The mean was 22 points.": "a mean",
    "There were 24 participants.": "a count",
    "There were 24 adult participants.": "a count",
    "All twenty-four participants completed.": "a count",
    "They had 11 hours of therapy.": "a count",
    "```{note}\nIt was p = .03.\n```": "a statistic",
    ":::{note}\nIt was p = .03.\n:::": "a statistic",
    "| a | b |\n| - | - |\n| r | 0.65 |": "a decimal number",
    "```{code-cell} ipython3\n---\nmystnb:\n  figure:\n    caption: It is 0.65.\n---\n1\n```": (
        "a decimal number"
    ),
    "```{code-cell} ipython3\n---\nmystnb:\n  image:\n    alt: >-\n      Falls to 71%.\n---\n1\n```": (
        "a percentage"
    ),
    "```{figure} a.svg\n:alt: It is 0.65.\n```": "a decimal number",
    "```{note}\nFine.\n```\n\nIt was p = .03.\n\n```{note}\nFine.\n```": "a statistic",
    "````{exercise}\n```python\n1\n```\nIt was p = .03.\n````": "a statistic",
}

FINE = (
    "The bond went with depression ({glue:text}`r_prep`).",
    "A made-up {typed}`r = .30` in an exercise.",
    "A 95% confidence interval says more.",
    "Depression fell within 12 months, at week 8.",
    "With $n - 2$ degrees of freedom.",
    "If $r = 0$ in the population.",
    "Code such as `r = .65` is not prose.",
    "```{code-cell} ipython3\nr = 0.65\n```",
    "```python\nr = 0.65\n```",
    "See {cite}`levin2024`, [a page](https://example.org/10.1371) and chapter 3.",
    "You need Python 3.11 or newer.",
    "---\nversion: 0.13\n---\n\nText.",
)


@pytest.mark.parametrize("text", TYPED)
def test_a_typed_statistic_is_found(text):
    found = prose.findings("First line.\n\n" + text, "page.md")
    assert [one.kind for one in found][:1] == [TYPED[text]]
    assert found[0].line >= 3
    assert "page.md, line" in str(found[0])


@pytest.mark.parametrize("text", FINE)
def test_other_numbers_pass(text):
    assert prose.findings(text, "page.md") == []


def test_a_typed_role_needs_a_reviewed_row():
    pages = {"book/a.md": "Say {typed}`r = .30`."}
    row = {"page": "book/a.md", "text": "r = .30", "reason": "made up"}
    assert prose.unreviewed(pages, [row]) == []
    assert "not reviewed" in prose.unreviewed(pages, [])[0]
    assert "not reviewed" in prose.unreviewed(pages, [row | {"reason": " "}])[0]
    assert "stands nowhere" in prose.unreviewed({"book/a.md": "Nothing."}, [row])[0]
