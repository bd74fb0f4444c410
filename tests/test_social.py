"""The pictures that links to the book show: size, words, and the same bytes each time."""

import io

import pytest
from PIL import Image

from tools import book, chapter_map, opening, social

WORDS = ("The Bond or the Drug?", "Did depression improve?", "How far did depression fall?")
LARGEST = 60_000  # bytes of one picture


def card(title=WORDS[1], question=WORDS[2], number=6, count=15):
    return social.Card(WORDS[0], title, question, number, count)


@pytest.fixture(scope="module")
def picture():
    return Image.open(io.BytesIO(social.as_png(card())))


def test_size_and_ground(picture):
    assert picture.size == (1200, 630)
    assert picture.convert("RGB").getpixel((5, 5)) == (0xFD, 0xFC, 0xF8)


def test_words_stay_clear_of_rings_and_edges(picture):
    ink = picture.convert("L").point(lambda level: 255 * (level < 240)).getbbox()
    assert ink[0] >= social.LEFT - 2 and ink[2] <= social.RIGHT + 8
    for area in ((0, 0, 1200, 60), (0, 590, 1200, 630), (720, 60, 732, 530)):
        few = picture.convert("L").crop(area)
        assert few.getextrema()[0] > 240, f"something is drawn in {area}"


def test_every_chapter_fits():
    cards = []
    for path in book.chapters():
        text = path.read_text(encoding="utf-8")
        question = opening.from_page(text, path.name)["question"].replace("'", "’")
        cards.append(card(chapter_map.title_of(text), question, int(path.name[:2])))
    assert len(cards) >= 15
    longest = max(cards, key=lambda one: len(one.title) + len(one.question))
    assert len(social.as_png(longest)) < LARGEST
    for one in cards:
        social.layout(one, 380)


def test_longer_words_are_set_smaller():
    short, long = card("Power"), card("Power, and the errors that significance makes of it")
    assert social.layout(short, 380)[0] > social.layout(long, 380)[0]


@pytest.mark.parametrize(
    "words", [{"title": "word " * 80}, {"question": "word " * 200}, {"title": "m" * 40}]
)
def test_words_that_do_not_fit_are_refused(words):
    with pytest.raises(social.SocialError, match="do not fit into the picture"):
        social.drawn(card(**words))


def test_a_letter_that_the_font_lacks_is_refused():
    with pytest.raises(social.SocialError, match="the picture's font has no '漢'"):
        social.drawn(card(title="漢"))


def test_the_same_words_give_the_same_bytes():
    assert social.as_png(card()) == social.as_png(card()) != social.as_png(card(number=7))


def test_a_picture_is_kept(tmp_path, monkeypatch):
    path = social.kept(card(), tmp_path)
    monkeypatch.setattr(social, "as_png", lambda one: pytest.fail("drawn again"))
    assert social.kept(card(), tmp_path) == path
