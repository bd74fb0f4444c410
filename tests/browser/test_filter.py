"""The scoreboard's filter: it narrows, says how many, gives way to a link, and harms nobody."""

import re

import checks
import pytest
from minipage import mini_page

from tools import scoreboard

ROW = "#row-levin-r-prep-12mo"


@pytest.fixture(scope="module")
def board():
    return scoreboard.table()


@pytest.fixture(scope="module")
def address(board, serve, tmp_path_factory):
    """A served page with the table and its filter, in both colors."""
    folder = tmp_path_factory.mktemp("scoreboard")
    for theme in ("light", "dark"):
        page = mini_page(scoreboard.as_html(board), theme, ("book.js", "scoreboard.js"))
        (folder / f"{theme}.html").write_text(page, encoding="utf-8")
    (folder / scoreboard.FILE).write_text(scoreboard.as_csv(board), encoding="utf-8")
    return serve(folder)


@pytest.fixture
def opened(address, new_page):
    """A function that opens the page."""

    def at(query="", theme="light"):
        page = new_page(theme)
        page.goto(f"{address}{theme}.html{query}")
        return page

    return at


def seen(page):
    """The ids of the rows that are to be seen."""
    return [row.get_attribute("id") for row in page.locator("table.scoreboard tr[id]").all() if row.is_visible()]


def meant(board, **wanted):
    """The rows that a filter should leave."""
    ledger = board.ledger.assign(kind=board.ledger["kind"].map(scoreboard.kind_of))
    for name, value in wanted.items():
        ledger = ledger[ledger[name] == value]
    return ["row-" + id.replace(".", "-") for id in ledger.index]


def said(page):
    return page.locator(".scoreboard-filter output").text_content()


def test_it_begins_with_every_row(opened, board):
    page = opened()
    assert page.locator(".scoreboard-filter").is_visible()
    assert seen(page) == meant(board)
    assert said(page) == f"{len(board.rows)} of {len(board.rows)} rows."


def test_each_choice_narrows_and_the_count_tells(opened, board):
    page = opened()
    total = len(board.rows)
    page.select_option("#scoreboard-study", "davis2021")
    assert seen(page) == meant(board, study="davis2021")
    page.select_option("#scoreboard-kind", "d")
    rows = meant(board, study="davis2021", kind="d")
    assert seen(page) == rows and said(page) == f"{len(rows)} of {total} rows."
    assert page.locator("tr.study").evaluate_all("all => all.filter(one => one.checkVisibility()).length") == 1
    page.select_option("#scoreboard-checked", "yes")
    rows = meant(board, study="davis2021", kind="d", checked=True)
    assert seen(page) == rows and said(page) == f"{len(rows)} of {total} rows."
    page.select_option("#scoreboard-study", "release2024")
    assert seen(page) == [] and said(page) == f"0 of {total} rows."
    page.get_by_role("button", name="Show all rows").click()
    assert seen(page) == meant(board) and said(page) == f"{total} of {total} rows."
    assert [page.locator(f"#scoreboard-{name}").input_value() for name in ("study", "kind", "checked", "words")] == [""] * 4


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("levin.r.prep.12mo", 1),
        ("12MO  levin.r", 2),
        ("insight  Alliance", None),
        ("-0.54", None),
        ("\u22120.54", None),
        ("no such thing", 0),
        (" ", 57),
    ],
)
def test_words_are_found_in_any_order_and_with_any_minus(words, count, opened, board):
    page = opened()
    page.fill("#scoreboard-words", words)
    rows = seen(page)
    table = page.locator("table.scoreboard tr[id]").evaluate_all(
        "rows => rows.map(row => [row.id, row.cells[0].textContent + ' ' + row.cells[2].textContent + ' ' + row.cells[3].textContent])"
    )
    plain = words.lower().replace("\u2212", "-").split()
    assert rows == [id for id, text in table if all(word in text.lower().replace("\u2212", "-") for word in plain)]
    assert count is None or len(rows) == count
    assert rows or words == "no such thing"
    assert said(page).startswith(f"{len(rows)} of ")


def test_it_works_with_the_keyboard_alone(opened, board):
    page = opened()
    page.locator(".scoreboard-file a").focus()
    page.keyboard.press("Tab")
    for _ in range(4):  # to the fourth study; letters would count only when they come fast
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.locator("#scoreboard-words").evaluate("field => field === document.activeElement")
    page.keyboard.type("analyzed")
    page.keyboard.press("Enter")  # does not send a form anywhere
    assert page.locator("#scoreboard-study").input_value() == "levin2024"
    assert page.locator("#scoreboard-kind").input_value() == "count"
    assert seen(page) == [] and "light.html" in checks.address(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="Show all rows").evaluate("one => one === document.activeElement")
    assert seen(page) == meant(board)


def test_the_count_is_announced(opened):
    page = opened()
    output = page.locator(".scoreboard-filter output")
    page.fill("#scoreboard-words", "davis")
    snapshot = page.locator(".scoreboard-filter").aria_snapshot()
    assert re.search(r"- status: \d+ of \d+ rows\.", snapshot)
    assert output.is_visible() and '- searchbox "Words in the row": davis' in snapshot


def test_a_linked_row_is_seen_whatever_is_filtered(opened, board):
    page = opened(f"?study=davis2021{ROW}")
    assert seen(page) == [*meant(board, study="davis2021"), ROW[1:]]
    assert said(page) == f"{len(meant(board, study='davis2021'))} of {len(board.rows)} rows, and the linked row."
    assert page.locator("tr.study").evaluate_all("all => all.filter(one => one.checkVisibility()).length") == 2
    page.select_option("#scoreboard-study", "levin2024")
    assert seen(page) == meant(board, study="levin2024")
    assert said(page).endswith("rows.") and checks.address(page).endswith(f"?study=levin2024{ROW}")


def test_a_link_that_is_followed_later_brings_its_row_into_sight(opened):
    page = opened("?kind=count")
    page.set_viewport_size({"width": 1280, "height": 300})
    # Chromium scrolls to a row that comes late; other browsers do not, so it may not know here.
    page.evaluate(f"history.replaceState(null, '', '{ROW}'); dispatchEvent(new HashChangeEvent('hashchange'))")
    page.wait_for_function(f"() => document.querySelector('{ROW}').checkVisibility()")
    page.wait_for_function(
        f"() => {{ const box = document.querySelector('{ROW}').getBoundingClientRect();"
        " return box.top >= 0 && box.bottom <= innerHeight; }"
    )


def test_the_address_keeps_the_filter(opened, board):
    page = opened()
    page.select_option("#scoreboard-kind", "r")
    page.fill("#scoreboard-words", "12 months")
    rows = seen(page)
    page.reload()
    assert seen(page) == rows and 0 < len(rows) < len(meant(board, kind="r"))
    page.get_by_role("button", name="Show all rows").click()
    assert "?" not in checks.address(page)
    page = opened("?study=nobody&kind=r&other=1")
    assert seen(page) == meant(board, kind="r")
    assert page.locator("#scoreboard-study").evaluate("field => field.selectedIndex") == 0
    page.select_option("#scoreboard-kind", "")
    assert checks.address(page).endswith("light.html?other=1")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible_and_fits(theme, opened):
    page = opened("", theme)
    faults = []
    for words in ("", "depression", "no such thing"):
        page.fill("#scoreboard-words", words)
        faults += [fault for width in (1280, 390, 320) for fault in checks.sideways(page, width)]
        faults += checks.accessibility(page)
    assert faults == []


def test_paper_shows_what_is_filtered_and_no_control(opened, board):
    page = opened()
    page.select_option("#scoreboard-kind", "d")
    page.emulate_media(media="print")
    assert seen(page) == meant(board, kind="d")
    assert page.locator(".scoreboard-filter output").is_visible()
    controls = page.locator(".scoreboard-filter :is(label, select, input, button)").all()
    assert controls and not any(control.is_visible() for control in controls)


def test_without_scripts_the_whole_table_stands(address, browser, board):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}light.html?study=davis2021")
        assert not page.locator(".scoreboard-filter").is_visible()
        assert seen(page) == meant(board)


def test_the_file_comes_down(opened, board):
    page = opened()
    with page.expect_download() as download:
        page.locator(".scoreboard-file a").click()
    assert download.value.suggested_filename == "scoreboard.csv"
    assert download.value.path().read_bytes().decode() == scoreboard.as_csv(board)


def test_the_built_page_filters_from_a_folder_too(site, new_page):
    from conftest import SITE

    page = new_page()
    recorder = checks.Recorder(page, SITE.as_uri())
    page.goto((SITE / "book" / "scoreboard.html").as_uri() + ROW)
    page.select_option("#scoreboard-kind", "d")
    count = int(said(page).split()[0])
    assert len(seen(page)) == count + 1 and ROW[1:] in seen(page)
    assert (SITE / "book" / page.locator(".scoreboard-file a").get_attribute("href")).is_file()
    assert recorder.faults == []
