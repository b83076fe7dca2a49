from fractions import Fraction

import cv2
import numpy as np
import pytest

from pipeline.records import Payload
from pipeline.watermark.payload import encode_payload, variant_of
from pipeline.watermark.picture import geometry, tile
from pipeline.watermark.picture.geometry_words import WAYS, Bars, describe, find_bars
from pipeline.watermark.picture.marker import PictureMarker, PictureReader
from tests.watermark.picture.clips import textured, through_codec

KEY = b"\x05" * 32
PAYLOAD = Payload(1, 0x13579BDF02468)
CODE = tile.tile_code(KEY)


def turned(angle_deg, scale=1.0):
    angle = np.radians(angle_deg)
    return scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def evidence(linear, shape, *, noise=3.0, seed=0):
    """A map of evidence [rows, columns] whose samples lie on the chips by a linear map, in strong noise."""
    chips = tile.spread(tile.marked_tile(CODE, encode_payload(PAYLOAD, key=KEY), variant_of(PAYLOAD)), 1024, 1024)
    down, across = np.mgrid[: shape[0], : shape[1]]
    places = np.einsum("ij,jyx->iyx", linear, np.array([down, across], dtype=float)) + 400
    clean = cv2.remap(chips, places[1].astype(np.float32), places[0].astype(np.float32), cv2.INTER_CUBIC)
    return clean + np.random.default_rng(seed).normal(0, noise, shape).astype(np.float32)


@pytest.mark.parametrize(
    "linear",
    [
        turned(0, 0.5),
        turned(7.3, 0.45),
        turned(-14, 0.62),
        np.diag([0.5, 0.42]),
        np.diag([0.4, 0.5]),
        np.diag([0.5, -0.5]),
        turned(4, 0.5) @ np.array([[0.0, 1.0], [-1.0, 0.0]]),
    ],
)
def test_linear_map_is_found_to_a_chip_without_its_place(linear):
    shape = (360, 480)
    chip_map = evidence(linear, shape)
    best, *others = geometry.search(CODE, geometry.line_spectrum(chip_map), shape, (110, 330))
    # power alone does not tell a half turn
    off = min(np.abs((best.linear - way) @ shape).max() for way in (linear, -linear))
    assert off < 1.0
    assert best.score > 10
    assert all(other.score <= best.score for other in others)


@pytest.mark.parametrize("way", [np.eye(2), np.diag([1.0, -1.0])])
def test_plain_crop_in_deeper_noise_is_among_the_few_likeliest(way):
    shape = (360, 480)
    linear = 0.437 * way
    spectrum = geometry.line_spectrum(evidence(linear, shape, noise=5.0))
    lays = geometry.plain(CODE, spectrum, shape, (110, 330))
    assert len(lays) <= geometry.PLAIN_CANDIDATES
    # a climb starts within a chip, and a half turn is not asked for
    assert min(np.abs((lay.linear - linear) @ shape).max() for lay in lays) < 1.0


def test_map_without_a_mark_has_no_lay_that_stands_out():
    noise = np.random.default_rng(1).normal(0, 1, (150, 200)).astype(np.float32)
    lays = geometry.search(CODE, geometry.line_spectrum(noise), noise.shape, (36, 120))
    assert max(lay.score for lay in lays) < 7


def test_empty_map_has_no_lay():
    empty = np.zeros((150, 200), dtype=np.float32)
    assert geometry.search(CODE, geometry.line_spectrum(empty), empty.shape, (36, 120)) == []
    assert geometry.plain(CODE, geometry.line_spectrum(empty), empty.shape, (36, 120)) == []


def test_rectified_map_folds_to_the_tile():
    linear = turned(6, 0.5)
    flat = geometry.rectify(evidence(linear, (360, 480), noise=0.5), linear)
    assert tile.find_sync(CODE, tile.fold(flat)).z > 12


def test_middle_of_a_long_map_is_kept():
    assert geometry.middle(np.zeros((100, 1000))).shape == (100, 250)
    assert geometry.middle(np.zeros((200, 100))).shape == (200, 100)


# ------------------------------------------------------------------ words
@pytest.mark.parametrize(("name", "way"), WAYS)
def test_every_way_a_picture_lies_has_its_words(name, way):
    said = describe(np.array(way) @ turned(3, 0.5), (360, 640), Bars())
    assert said == ", ".join(filter(None, ("grid 180", name, "rotated by 3.0 degrees")))


@pytest.mark.parametrize(
    ("linear", "bars", "said"),
    [
        (np.eye(2) * 0.5, Bars(), "grid 180"),
        (np.eye(2) * 0.3, Bars(), "grid 108"),
        (np.eye(2) * 0.355, Bars(), "grid 180, cropped to 71% of the short side"),
        (np.eye(2) * 0.2, Bars(), "cropped"),
        (np.diag([0.45, 0.5]), Bars(), "grid 180, cropped to 90% of the short side, squeezed to 0.90 in width"),
        (np.eye(2) * 0.75, Bars(top=60, bottom=60), "grid 180"),
        (np.eye(2) * 0.6, Bars(), "grid 180, set into a frame 1.20 times as large"),
    ],
)
def test_what_was_done_is_said(linear, bars, said):
    assert describe(linear, (360, 640), bars) == said


def test_bars_are_found_and_named():
    picture = np.random.default_rng(2).uniform(40, 200, (90, 160)).astype(np.float32)
    assert find_bars(picture) == Bars()
    boxed = picture.copy()
    boxed[:12] = boxed[-10:] = 16
    assert find_bars(boxed) == Bars(top=12, bottom=10)
    assert find_bars(boxed).words == "letterboxed"
    assert find_bars(boxed.T).words == "pillarboxed"
    boxed[:, :20] = boxed[:, -20:] = 16
    assert find_bars(boxed) == Bars(12, 10, 20, 20)
    assert find_bars(boxed).words == "in a border"
    cleared = find_bars(boxed).cleared(np.ones((90, 160)))
    assert cleared.sum() == (90 - 22 - 6) * (160 - 40 - 6)


@pytest.mark.parametrize("shape", [(1, 1), (90, 160)])
def test_plain_picture_has_no_bars(shape):
    assert find_bars(np.full(shape, 16, np.float32)) == Bars()


# ------------------------------------------------------- through the reader
def cropped(luma, share):
    rows, columns = (int(side * share) // 2 * 2 for side in luma.shape)
    top, left = (int((side - size) * 0.37) for side, size in zip(luma.shape, (rows, columns), strict=True))
    return luma[top : top + rows, left : left + columns]


def rotated(luma, angle_deg):
    size = luma.shape[::-1]
    matrix = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), angle_deg, 1)
    return cv2.warpAffine(luma, matrix, size, flags=cv2.INTER_LINEAR)


def boxed(luma, up, side):
    small = cv2.resize(luma, (960, 540), interpolation=cv2.INTER_AREA)
    return cv2.copyMakeBorder(small, up, up, side, side, cv2.BORDER_CONSTANT, value=16)


CHANGES = {
    "crop 0.71": (lambda luma: cropped(luma, 0.71), "grid 180, cropped to 71%"),
    "crop 0.55": (lambda luma: cropped(luma, 0.55), "cropped"),
    "crop 0.40": (lambda luma: cropped(luma, 0.4), "cropped"),
    "crop 9:16": (lambda luma: luma[:, 437:841], "cropped"),
    "squeeze": (lambda luma: cv2.resize(luma, (1152, 792)), "squeezed to 0.82 in width"),
    "half and crop": (lambda luma: cv2.resize(cropped(luma, 0.8), (512, 288)), "grid 180, cropped to 80%"),
    "enlarged crop": (lambda luma: cv2.resize(cropped(luma, 0.5), (1280, 720)), "cropped"),
    "rotation 2": (lambda luma: rotated(luma, 2), "rotated by 2.0 degrees"),
    "rotation -10": (lambda luma: rotated(luma, -10), "rotated by 10.0 degrees"),
    "rotation 14": (lambda luma: rotated(luma, 14), "rotated by 14.0 degrees"),
    "mirror and crop": (lambda luma: np.fliplr(cropped(luma, 0.71)), "mirrored"),
    "half turn and crop": (lambda luma: np.rot90(cropped(luma, 0.71), 2), "turned by 180 degrees"),
    "quarter turn and crop": (lambda luma: np.rot90(cropped(luma, 0.71)), "turned by 270 degrees"),
    "letterbox": (lambda luma: boxed(luma, 120, 0), "grid 180, letterboxed"),
    "pillarbox": (lambda luma: boxed(luma, 0, 200), "grid 180, pillarboxed"),
    "border": (lambda luma: boxed(luma, 60, 60), "grid 180, in a border"),
}


@pytest.fixture(scope="module")
def marked():
    lumas = textured(1280, 720, frames=10, seed=1)
    marker = PictureMarker(1280, 720, payload=PAYLOAD, key=KEY, strength=1.8, display_aspect=Fraction(16, 9))
    return [marker(luma) for luma in lumas]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_read_and_say_what_was_done(marked, change, tmp_path):
    act, words = CHANGES[change]
    lumas = through_codec([np.ascontiguousarray(act(luma)) for luma in marked], tmp_path / "copy.mp4", crf=20)
    height_px, width_px = lumas[0].shape
    reader = PictureReader(width_px, height_px, keys=[KEY], display_aspect=Fraction(width_px, height_px))
    for luma in lumas:
        reader.add(luma)
    reading = reader.reading()
    assert reading.payload == PAYLOAD
    assert words in reading.geometry


def test_changed_geometry_settles_before_the_end(marked):
    reader = PictureReader(908, 510, keys=[KEY], display_aspect=Fraction(908, 510))
    seen = 0
    while not reader.settled and seen < 80:
        reader.add(cropped(marked[seen % len(marked)], 0.71))
        seen += 1
    # the first window of two seconds, searched as it ends
    assert seen == 51


def test_wrong_keys_find_nothing_in_a_changed_copy(marked):
    reader = PictureReader(908, 510, keys=[bytes(32)], display_aspect=Fraction(908, 510))
    for luma in marked[:4]:
        reader.add(cropped(luma, 0.71))
    reading = reader.reading()
    assert (reading.state, reading.payload, reading.geometry) == ("none", None, "")
