"""The search: what it finds, in its dialog and on its page, by keyboard and from a folder."""

from urllib.parse import urlsplit

import checks
import pytest
from conftest import SITE
from test_site import loaded

READY = "() => document.querySelector('#pst-search-dialog').dataset.ready === 'yes'"
GLOSSARY = "book/glossary"

# (what one types, the page, what the title of the hit begins with, within the first how many)
FOUND = [
    # terms of the glossary come first for their own name
    ("winner's curse", GLOSSARY, "winner’s curse", 1),
    ("GRIM", GLOSSARY, "GRIM", 1),
    ("Williams test", GLOSSARY, "Williams test", 1),
    ("p value", GLOSSARY, "p value", 1),
    ("power", GLOSSARY, "power", 1),
    ("missing at random", GLOSSARY, "missing at random", 1),
    ("type S error", GLOSSARY, "Type S error", 1),
    ("GRID-HAMD", GLOSSARY, "GRID-HAMD", 1),
    ("hidden cause", GLOSSARY, "hidden cause", 1),
    ("tipping point", GLOSSARY, "tipping point", 1),
    ("confidence interval", GLOSSARY, "confidence interval", 1),
    ("specification curve", GLOSSARY, "specification curve", 1),
    ("permutation test", GLOSSARY, "permutation test", 1),
    ("multiverse", GLOSSARY, "multiverse", 1),
    ("eigenvalue", GLOSSARY, "eigenvalue", 1),
    ("bootstrap", GLOSSARY, "bootstrap", 1),
    ("ensemble", GLOSSARY, "ensemble", 1),
    # written otherwise, in part, or wrongly
    ("winners curse", GLOSSARY, "winner’s curse", 1),
    ("Zou's interval", GLOSSARY, "Zou interval", 1),
    ("Hedges' g", GLOSSARY, "Hedges g", 1),
    ("holms method", GLOSSARY, "Holm’s method", 1),
    ("bonferroni", GLOSSARY, "Bonferroni’s method", 1),
    ("p-values", GLOSSARY, "p value", 1),
    ("leave one out", GLOSSARY, "leave-one-out", 1),
    ("randomisation", GLOSSARY, "randomization", 1),
    ("corelation", GLOSSARY, "Pearson correlation", 3),
    ("regresion to the mean", GLOSSARY, "regression to the mean", 1),
    ("anealing", GLOSSARY, "annealing", 1),
    ("permut", GLOSSARY, "permutation test", 2),
    ("cohens d", GLOSSARY, "standardized mean difference", 2),
    ("statistical power", GLOSSARY, "power", 1),
    # sections of the chapters
    ("winner's curse", "book/12-power", "The winner’s curse, on our own", 2),
    ("three worlds", "book/14-three-worlds", "Three worlds", 1),
    ("did the alliance grow", "book/07-alliance-growth", "Did the alliance grow?", 1),
    ("24 people", "book/12-power", "How many people would it take?", 2),
    ("which value in between", "book/05-many-trials", "Which value in between?", 1),
    ("power", "book/12-power", "Power", 3),
    ("exercise 5.2", "book/05-many-trials", "Exercise 5.2", 1),
    ("cite this book", "book/about", "How to cite it", 1),
    ("without a network", "book/run", "Without a network", 1),
    ("metropolis", "book/04-matched-data", "A match can be absurd", 2),
    # names of the helpers
    ("fisher_interval", "book/api/estimators", "fisher_interval", 1),
    ("n_from_r_p", "book/api/consistency", "n_from_r_p", 1),
    ("read_ledger", "book/api/published", "read_ledger", 1),
    ("load_ensemble", "book/api/trial", "load_ensemble", 1),
    ("slider_figure", "book/api/interactive", "slider_figure", 1),
    ("williams_test", "book/api/estimators", "williams_test", 1),
    ("zou interval", "book/api/estimators", "zou_interval", 3),
]

# (what one types, what stands in the excerpt of one of the first ten hits)
WRITTEN = [
    ("r = -.45", "−0.45"),
    ("-0.45", "−0.45"),
    ("rho", "ρ"),
    ("beta", "β"),
    ("r^2", "r²|r^2|R²|R^2"),
]


@pytest.fixture(scope="module")
def engine(site, browser):
    """A page on which the search is loaded."""
    context = browser.new_context()
    page = context.new_page()
    loaded(page, site + "search.html")
    page.evaluate("bondFind.ready.then(() => true)")
    yield page
    context.close()


def hits(page, words):
    """The hits in the order of their scores, each as (page, title, text)."""
    return page.evaluate(
        """words => bondFind.find(words).pages
            .flatMap(page => page.found.map(hit => ({page: page.path, ...hit})))
            .sort((a, b) => b.score - a.score)
            .map(hit => [hit.page, hit.entry.title, hit.entry.text])""",
        words,
    )


@pytest.mark.parametrize(("words", "path", "title", "within"), FOUND)
def test_it_finds(words, path, title, within, engine):
    first = [(page, name) for page, name, _ in hits(engine, words)[:within]]
    assert any(page == path and name.startswith(title) for page, name in first), first


@pytest.mark.parametrize(("words", "written"), WRITTEN)
def test_one_thing_written_in_two_ways(words, written, engine):
    texts = [text for _, _, text in hits(engine, words)[:10]]
    assert any(form in text for text in texts for form in written.split("|"))


@pytest.mark.parametrize("words", ["", "   ", "the", "?!", "qqqqzzzz", "\\", "(", "a" * 5000])
def test_words_of_no_use_find_nothing_and_break_nothing(words, engine):
    assert len(hits(engine, words)) < 3


def test_every_hit_leads_to_a_place_that_exists(engine):
    missing = engine.evaluate(
        """async () => {
            const { pages, entries } = bondSearchIndex, missing = [];
            const read = await Promise.all(pages.map(async ([path]) => new DOMParser()
                .parseFromString(await (await fetch(path + '.html')).text(), 'text/html')));
            for (const [page, anchor, , title] of entries)
                if (!title || (anchor && !read[page].getElementById(anchor)))
                    missing.push(`${pages[page][0]}#${anchor}`);
            return missing;
        }"""
    )
    assert missing == []


# The dialog


@pytest.fixture
def dialog(site, new_page):
    """A chapter with the dialog open, ready and filled; and its recorder."""

    def open_dialog(words, path="book/05-many-trials.html", **options):
        page = new_page(**options)
        recorder = checks.Recorder(page, site)
        loaded(page, site + path)
        page.keyboard.press("/")
        page.wait_for_function(READY)
        page.keyboard.insert_text(words)
        page.wait_for_function("() => document.querySelector('.search-status').textContent !== ''")
        return page, recorder

    return open_dialog


def test_nothing_of_the_search_is_fetched_before_it_is_opened(site, new_page):
    page = new_page()
    fetched = []
    page.on("request", lambda request: fetched.append(urlsplit(request.url).path.rpartition("/")[2]))
    loaded(page, site + "book/05-many-trials.html")
    scripts = {"search.js", "search-index.js", "minisearch.min.js"}
    assert not scripts & set(fetched)
    page.keyboard.press("/")
    page.wait_for_function(READY)
    assert scripts <= set(fetched)


def test_the_dialog_is_a_combobox_with_a_list(dialog):
    page, recorder = dialog("winner's curse")
    field = page.locator("#pst-search-dialog input")
    assert field.get_attribute("role") == "combobox"
    assert field.get_attribute("aria-expanded") == "true"
    assert " places on 2 pages" in page.locator(".search-status[role=status]").inner_text()
    assert page.locator("#search-options [role=group]").count() == 2
    assert page.locator("#search-options mark").first.inner_text() == "winner’s"
    assert checks.accessibility(page) + recorder.faults == []


def test_arrows_choose_enter_opens_and_the_words_are_marked(dialog):
    page, recorder = dialog("winner's curse")
    for key, option in [("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", -1), ("ArrowDown", 0)]:
        page.keyboard.press(key)
        chosen = page.locator("#pst-search-dialog input").get_attribute("aria-activedescendant")
        last = page.locator("#search-options a").count() - 1
        assert chosen == f"search-option-{last if option < 0 else option}"
        assert page.locator("[aria-selected=true]").get_attribute("id") == chosen
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/12-power.html?**#the-winners-curse-on-our-own-numbers")
    bar = page.locator(".mark-bar")
    assert "marked" in bar.inner_text()
    assert page.evaluate("CSS.highlights.get('bond-mark').size") > 2
    assert checks.accessibility(page) == []
    page.keyboard.press("Escape")
    assert bar.count() == 0 and "mark=" not in checks.address(page)
    assert page.evaluate("CSS.highlights.has('bond-mark')") is False
    assert recorder.faults == []


def test_the_marks_go_by_their_button_too(site, new_page):
    page = new_page()
    loaded(page, site + "book/12-power.html?mark=power&mark=%5B(#power")
    page.get_by_role("button", name="Clear the marks").click()
    assert page.locator(".mark-bar").count() == 0
    assert checks.address(page).endswith("12-power.html#power")


def test_a_mark_inside_a_fold_unfolds_it(site, new_page, engine):
    solution = engine.evaluate(
        "bondSearchIndex.entries.find(e => e[4] === bondSearchIndex.kinds.indexOf('solution')"
        " && bondSearchIndex.pages[e[0]][0] === 'book/05-many-trials')[1]"
    )
    page = new_page()
    loaded(page, f"{site}book/05-many-trials.html?mark=neighbor#{solution}")
    page.wait_for_function(
        "id => document.getElementById(id).closest('details').open", arg=solution
    )


def test_enter_alone_lists_all_on_the_search_page(dialog):
    page, recorder = dialog("correlation")
    assert "Enter lists all" in page.locator(".search-status").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=correlation")
    page.wait_for_selector("#search-results a")
    assert page.locator("#search-words").input_value() == "correlation"
    assert checks.accessibility(page) + recorder.faults == []


def test_escape_closes_and_the_focus_goes_back(site, new_page):
    page = new_page()
    loaded(page, site + "book/05-many-trials.html")
    link = page.locator(".chapter-opening a").first
    link.focus()
    page.keyboard.press("Control+k")
    assert page.locator("#pst-search-dialog[open] input:focus").count() == 1
    page.wait_for_function(READY)
    page.keyboard.type("bond")
    page.keyboard.press("Escape")  # once, also where words stand in the field
    page.wait_for_selector("#pst-search-dialog[open]", state="hidden")
    assert link.evaluate("link => link === document.activeElement")


def test_the_buttons_open_and_close_it(site, new_page):
    page = new_page()
    loaded(page, site + "book/05-many-trials.html")
    page.locator(".search-button__button:visible").first.click()
    page.wait_for_function(READY)
    page.get_by_role("button", name="Close").click()
    assert page.locator("#pst-search-dialog[open]").count() == 0


def test_nothing_found_is_said(dialog):
    page, _ = dialog("qqqqzzzz")
    assert "Nothing found for “qqqqzzzz”" in page.locator(".search-status").inner_text()
    assert page.locator("#pst-search-dialog input").get_attribute("aria-expanded") == "false"
    page.keyboard.press("ArrowDown")  # nowhere to go, and no error


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_dialog_fits_a_phone(theme, dialog):
    page, recorder = dialog("williams_test -.45", theme=theme, width=320)
    box = page.locator("#pst-search-dialog").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 320
    inside = page.locator(".search-found")
    assert inside.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert checks.accessibility(page) + recorder.faults == []


def test_typed_html_stays_text(dialog):
    page, _ = dialog("<img src=x onerror=alert(1)> zzzzqq")
    assert page.locator("#pst-search-dialog img").count() == 0


# The page, and a folder


def test_the_page_is_linkable_and_keeps_its_words(site, new_page):
    page = new_page()
    recorder = checks.Recorder(page, site)
    loaded(page, site + "search.html?q=eigenvalue")
    page.wait_for_selector("#search-results a")
    page.locator("#search-words").fill("bootstrap")
    page.wait_for_url("**/search.html?q=bootstrap")
    page.wait_for_function(
        "() => document.querySelector('#search-results .search-hit__title').textContent.startsWith('bootstrap')"
    )
    assert page.locator("#search-results h2").count() > 3
    assert checks.sideways(page, 320) + checks.accessibility(page) + recorder.faults == []


def test_a_folder_on_a_disk_has_the_whole_search(built, new_page):
    page = new_page()
    recorder = checks.Recorder(page, SITE.as_uri())
    loaded(page, (SITE / "book/05-many-trials.html").as_uri())
    page.keyboard.press("/")
    page.wait_for_function(READY)
    page.keyboard.insert_text("randomization")
    page.wait_for_selector("#search-options a .search-hit__text mark")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results a")
    page.locator("#search-results a.search-hit").first.click()
    page.wait_for_selector(".mark-bar")
    assert "glossary.html" in page.url
    assert recorder.faults == []


def test_without_scripts_the_page_says_so(site, browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + "search.html")
        assert "needs JavaScript" in page.locator("main").inner_text()
        page.get_by_role("link", name="the glossary").click()
        page.wait_for_url("**/book/glossary.html")
