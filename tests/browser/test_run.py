"""Running a page from the built site: the bar, the download, the browser's notebooks."""

import io
import time
import zipfile
from urllib.parse import urlsplit

import checks
import pytest
from conftest import SITE

from tools import elsewhere, lite

PAGE = "book/03-published-numbers.html"
LITE_PAGE = "lite/notebooks/index.html?path=book/03-published-numbers.ipynb"


@pytest.fixture
def asked(new_page):
    """A page, and a list that gathers the addresses it asks for."""
    page = new_page()
    seen = []
    page.context.on("request", lambda request: seen.append(request.url))
    return page, seen


def foreign(seen, site):
    """The origins among addresses that are not the site's."""
    addresses = [url for url in seen if url.startswith(("http:", "https:"))]
    return {elsewhere.origin(url) for url in addresses} - {elsewhere.origin(site)}


@pytest.fixture(scope="module")
def has_lite():
    """Skip without the folder of JupyterLite."""
    if not (SITE / "lite" / "index.html").is_file():
        pytest.skip("there is no JupyterLite in the site: run 'make book'")


def test_the_notebook_comes_as_a_whole_zip_without_a_script(site, browser):
    context = browser.new_context(java_script_enabled=False, accept_downloads=True)
    page = context.new_page()
    page.goto(site + PAGE)
    link = page.get_by_role("navigation", name="Run this chapter").get_by_role("link", name="Download the notebook")
    with page.expect_download() as waiting:
        link.click()
    content = waiting.value.path().read_bytes()
    assert waiting.value.suggested_filename == "03-published-numbers.zip"
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    context.close()


@pytest.mark.parametrize("width", [1280, 320])
def test_the_bar_is_reached_by_keyboard_and_fits(site, new_page, width):
    page = new_page(width=width)
    page.goto(site + PAGE)
    links = page.locator("nav.run-this a")
    assert links.count() == 3  # with the slides; no Binder and no Colab without a repository
    for number in range(3):
        link = links.nth(number)
        link.focus()
        assert link.evaluate("(one) => one === document.activeElement")
        box = link.bounding_box()
        assert box["height"] >= 24 and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_foreign_is_asked_for_before_a_reader_starts_a_notebook(site, asked):
    page, seen = asked
    page.goto(site + PAGE)
    page.locator("nav.run-this").get_by_role("link", name="In your browser").click()
    page.wait_for_url("**/in-browser.html?page=03-published-numbers")
    start = page.locator(".run-start")
    assert start.inner_text() == "Fetch Python and open “3. The published numbers”"
    assert page.locator(".run-fetched").inner_text().count(urlsplit(lite.configured_runtime()).netloc) == 2
    assert foreign(seen, site) == set()
    assert start.get_attribute("href") == f"../{LITE_PAGE}"


def test_every_notebook_of_the_list_is_there(site, new_page, has_lite):
    page = new_page()
    page.goto(site + "book/in-browser.html")
    assert page.locator(".run-chosen").is_hidden()
    links = page.locator(".run-list a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    assert len(links) == 17
    for link in links:
        assert (SITE / "lite" / "files" / link.partition("path=")[2]).is_file()


def test_from_a_folder_no_link_leads_nowhere(built, browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto((SITE / PAGE).as_uri())
    assert page.get_by_role("link", name="Download the notebook").is_visible()
    assert page.locator("nav.run-this .needs-server").is_hidden()
    page.goto((SITE / "book" / "in-browser.html").as_uri())
    assert page.locator(".run-folder").is_visible()
    assert page.locator(".run-list").is_hidden()
    context.close()


def test_a_notebook_opens_and_asks_the_configured_server_alone(site, asked, has_lite):
    page, seen = asked
    runtime = elsewhere.origin(lite.configured_runtime())
    # The test needs no network: the runtime's server answers that it has nothing.
    page.context.route(f"{runtime}/**", lambda route: route.fulfill(status=404, body=""))
    page.goto(site + LITE_PAGE, timeout=checks.PATIENCE)
    heading = page.get_by_role("heading", name="The published numbers")
    heading.wait_for(timeout=checks.PATIENCE)
    end = time.monotonic() + checks.PATIENCE / 1000
    while not any(url.startswith(lite.configured_runtime()) for url in seen):
        assert time.monotonic() < end, "the runtime was not asked for"
        page.wait_for_timeout(100)
    page.wait_for_timeout(1_000)  # for what else it might ask
    assert foreign(seen, site) <= {runtime}


def test_the_notebooks_policy_stops_other_addresses_and_inline_scripts(site, asked, has_lite):
    page, seen = asked
    page.goto(site + "lite/notebooks/index.html?path=data/design.csv", timeout=checks.PATIENCE)
    outcome = page.evaluate(
        "fetch('https://elsewhere.example/x').then(() => 'came', () => 'stopped')"
    )
    assert outcome == "stopped"
    assert "https://elsewhere.example" not in foreign(seen, site)
    page.evaluate(
        "document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.slipped = 1'}))"
    )
    assert page.evaluate("window.slipped") is None
