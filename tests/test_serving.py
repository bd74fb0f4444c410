"""The server that sends the site as a static host does."""

import gzip
import http.client
from urllib.parse import urlsplit

import pytest

from tools import serving


@pytest.fixture
def folder(tmp_path):
    site = tmp_path / "site"
    (site / "book").mkdir(parents=True)
    (site / "index.html").write_text("<p>Home</p>" * 200, encoding="utf-8")
    (site / "book" / "index.html").write_text("<p>Book</p>", encoding="utf-8")
    (site / "a.woff2").write_bytes(b"font")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return site


@pytest.fixture
def ask(folder):
    """A function that asks the server, all times over one connection."""
    with serving.served(folder) as address:
        wire = http.client.HTTPConnection(urlsplit(address).netloc)

        def get(path, method="GET", **heads):
            wire.request(method, path, headers={k.replace("_", "-"): v for k, v in heads.items()})
            answer = wire.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

        yield get
        wire.close()


def test_compresses_text_for_those_who_take_it(ask):
    status, heads, body = ask("/index.html", Accept_Encoding="gzip, br")
    assert (status, heads["Content-Encoding"], heads["Vary"]) == (200, "gzip", "Accept-Encoding")
    assert gzip.decompress(body).startswith(b"<p>Home") and len(body) < 100
    _, heads, body = ask("/index.html")
    assert "Content-Encoding" not in heads and body.startswith(b"<p>Home")


def test_does_not_compress_fonts(ask):
    _, heads, body = ask("/a.woff2", Accept_Encoding="gzip")
    assert (heads["Content-Type"], body) == ("font/woff2", b"font")
    assert "Content-Encoding" not in heads


def test_lets_a_browser_keep_files(ask):
    _, heads, _ = ask("/index.html")
    assert heads["Cache-Control"] == "max-age=600"
    status, _, body = ask("/index.html", If_None_Match=heads["ETag"])
    assert (status, body) == (304, b"")
    assert ask("/index.html", If_None_Match='"other"')[0] == 200


def test_changed_file_is_sent_anew(ask, folder):
    _, heads, _ = ask("/index.html", Accept_Encoding="gzip")
    (folder / "index.html").write_text("<p>New</p>", encoding="utf-8")
    status, _, body = ask("/index.html", Accept_Encoding="gzip", If_None_Match=heads["ETag"])
    assert (status, gzip.decompress(body)) == (200, b"<p>New</p>")


def test_folder_shows_its_index(ask):
    assert ask("/")[2].startswith(b"<p>Home")
    assert ask("/book/")[2] == b"<p>Book</p>"


def test_missing_page_shows_the_404_page(ask, folder):
    assert ask("/none/at/all.html")[::2] == (404, b"Not found\n")
    (folder / "404.html").write_text("<p>Lost</p>", encoding="utf-8")
    assert ask("/none/at/all.html")[::2] == (404, b"<p>Lost</p>")


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/book/../../secret.txt"])
def test_nothing_above_the_folder_is_sent(ask, path):
    status, _, body = ask(path)
    assert status == 404 and b"secret" not in body


def test_head_has_no_body(ask):
    status, heads, body = ask("/index.html", method="HEAD")
    assert (status, body) == (200, b"") and int(heads["Content-Length"]) > 1000


def test_a_browser_that_hangs_up_is_no_fault_and_any_other_is_told(capfd):
    server = serving.SiteServer(("127.0.0.1", 0), None)
    for error in (BrokenPipeError(), ConnectionResetError(), ZeroDivisionError()):
        assert capfd.readouterr().err == ""
        try:
            raise error
        except type(error):
            server.handle_error(None, ("127.0.0.1", 1))
    assert "ZeroDivisionError" in capfd.readouterr().err
    server.server_close()


def test_delay_is_asked_for_each_path(folder):
    asked = []
    with serving.served(folder, delay=lambda path: asked.append(path) or 0) as address:
        wire = http.client.HTTPConnection(urlsplit(address).netloc)
        wire.request("GET", "/a.woff2?v=1")
        assert wire.getresponse().read() == b"font"
        wire.close()
    assert asked == ["/a.woff2"]
