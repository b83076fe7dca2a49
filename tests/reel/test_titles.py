import logging

import numpy as np
import pytest

from pipeline.reel.fonts import drawable, font_for, own_font
from pipeline.reel.reel import Card, Title
from pipeline.reel.titles import MAX_CHARS, beside, clean_text, draw_card, draw_title, safe_area

WIDE, TALL = (1280, 720), (720, 1280)


def ink(overlay):
    """(left, top, right, bottom) of what is nearly opaque, in the frame."""
    rows, columns = np.nonzero(overlay.rgba[..., 3] > 200)
    return (
        overlay.left_px + columns.min(),
        overlay.top_px + rows.min(),
        overlay.left_px + columns.max(),
        overlay.top_px + rows.max(),
    )


@pytest.mark.parametrize("size", [WIDE, TALL, (720, 720), (320, 180)])
@pytest.mark.parametrize("position", ["top", "middle", "bottom"])
@pytest.mark.parametrize("text", ["Gg", "One line of words", "words " * 60, "A" * 90, "first\nsecond\nthird"])
def test_words_stay_in_the_safe_area(size, position, text):
    box, safe = ink(draw_title(Title(text, position=position), size)), safe_area(size)
    slack = 2
    assert box[0] >= safe[0] - slack and box[2] <= safe[2] + slack
    assert box[1] >= safe[1] - slack and box[3] <= safe[3] + slack
    middle = {"top": box[1] < size[1] / 2, "bottom": box[3] > size[1] / 2, "middle": True}
    assert middle[position] and abs((box[0] + box[2]) / 2 - size[0] / 2) < 0.02 * size[0] + 3


def test_upright_formats_leave_room_for_the_platform():
    assert safe_area(TALL) == (72, 192, 648, 1088) and safe_area(WIDE) == (128, 72, 1152, 648)


def test_size_is_the_height_of_a_line():
    one, two = (ink(draw_title(Title(text, size=0.1), WIDE)) for text in ("HH", "HH\nHH"))
    assert (two[3] - two[1]) - (one[3] - one[1]) == pytest.approx(72, abs=2)


@pytest.mark.parametrize("position", ["top", "middle", "bottom"])
def test_words_in_the_same_place_do_not_lie_over_one_another(position):
    titles = [Title(text, position=position) for text in ("one", "two\nlines", "three")]
    placed = []
    for title in titles:
        placed.append((title, beside(title, draw_title(title, WIDE), placed, WIDE[1])))
    boxes = sorted(ink(overlay)[1::2] for _, overlay in placed)
    assert all(above[1] < below[0] for above, below in zip(boxes, boxes[1:], strict=False))
    elsewhere = Title("elsewhere", position="top" if position != "top" else "bottom")
    drawn = draw_title(elsewhere, WIDE)
    assert beside(elsewhere, drawn, placed, WIDE[1]).top_px == drawn.top_px


def test_a_size_beyond_the_picture_is_shrunk():
    assert draw_title(Title("word", size=1e9), (320, 180)).rgba.shape[0] <= 180


def test_lines_are_about_equally_long():
    overlay = draw_title(Title("a title whose words would leave one alone on its second line", size=0.06), WIDE)
    rows = overlay.rgba[..., 3] > 128
    half = rows.shape[0] // 2
    widths = [np.ptp(np.nonzero(part.any(axis=0))[0]) for part in (rows[:half], rows[half:])]
    assert min(widths) > 0.75 * max(widths)


@pytest.mark.parametrize("ground", [0, 90, 128, 190, 255])
@pytest.mark.parametrize("colour", ["#ffffff", "#101010", "#ffe060"])
def test_legible_on_any_ground(ground, colour):
    overlay = draw_title(Title("HIM", size=0.15, colour=colour), WIDE)
    alpha = overlay.rgba[..., 3:] / 255
    seen = (overlay.rgba[..., :3] * alpha + ground * (1 - alpha)) @ (0.2126, 0.7152, 0.0722)
    row = seen[seen.shape[0] // 2]
    # across a letter's edge there is a step, whatever lies below
    assert row.max() - row.min() > 100


def test_control_characters_and_towers_of_marks_go():
    assert clean_text("a\x00b\x1b[31mc\u202ed\ud800e\r\nf\t g ") == "ab[31mcde\nf g"
    assert len(clean_text("Z" + "\u0335\u0336\u0337\u0338" * 20)) <= 5
    assert clean_text(" \n\x07 ") == ""
    assert len(clean_text("x" * 100_000)) == MAX_CHARS
    assert clean_text("\n".join("abcdefghijklmnopqrstuvwxyz")).count("\n") < 20


def test_a_text_without_a_visible_letter_is_no_title():
    assert draw_title(Title("\x00 \u200b"), WIDE) is None
    assert draw_card(Card("\x00", 1.0, background="#204060"), (64, 48)).reshape(-1, 3).tolist() == [[32, 64, 96]] * 3072


def test_what_no_font_has_is_named_and_left_out(caplog):
    with caplog.at_level(logging.WARNING):
        text = "ok \U000107ff\U0001f9ff"
        font = font_for(text)
        assert drawable("ok", font) == "ok"
    if not drawable("\U000107ff", font):
        assert "no font here can show" in caplog.text


def test_a_chosen_font_is_taken_and_a_broken_one_is_not(tmp_path, caplog):
    other = own_font().with_name("DejaVuSerif.ttf")
    assert font_for("words", other) == other
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font at all")
    with caplog.at_level(logging.WARNING):
        assert font_for("words", broken) == own_font()
    assert "broken.ttf cannot be read" in caplog.text


def test_right_to_left_is_shaped():
    from PIL import features

    if not features.check("raqm"):
        pytest.skip("Pillow was built without Raqm")
    # joined letters are narrower than four letters that stand alone
    joined, apart = (ink(draw_title(Title(text, size=0.1), WIDE)) for text in ("بببب", "ب\u200cب\u200cب\u200cب"))
    assert joined[2] - joined[0] < 0.9 * (apart[2] - apart[0])


def test_a_card_fills_its_ground_and_centres_its_words():
    card = draw_card(Card("The end", 2.0, background="#102030", colour="#ffffff"), (640, 360))
    assert card.shape == (360, 640, 3) and tuple(card[0, 0]) == (16, 32, 48)
    rows, columns = np.nonzero(card[..., 0] > 200)
    assert abs(columns.mean() - 320) < 6 and abs(rows.mean() - 180) < 8
    long = draw_card(Card("word " * 70, 2.0), (640, 360))
    rows, columns = np.nonzero(long[..., 0] > 200)
    assert rows.min() >= 34 and rows.max() <= 326 and columns.min() >= 62 and columns.max() <= 578
