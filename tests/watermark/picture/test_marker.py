import math
from fractions import Fraction

import cv2
import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.records import Payload
from pipeline.watermark.payload import new_payload
from pipeline.watermark.picture.marker import PROFILES, STEP_UP, PictureMarker, PictureReader, choose_strength
from tests.watermark.picture.clips import textured, through_codec

KEY = b"\x01" * 32
PAYLOAD = Payload(1, 0xABCDEF0123456)


def mark_all(lumas, *, strength=None, aspect=None, bit_depth=8, payload=PAYLOAD):
    height_px, width_px = lumas[0].shape
    marker = PictureMarker(
        width_px,
        height_px,
        payload=payload,
        key=KEY,
        strength=strength or choose_strength(lumas, display_aspect=aspect, bit_depth=bit_depth),
        display_aspect=aspect or Fraction(width_px, height_px),
        bit_depth=bit_depth,
    )
    return [marker(luma) for luma in lumas], marker


def read_all(lumas, *, key=KEY, aspect=None):
    height_px, width_px = lumas[0].shape
    reader = PictureReader(width_px, height_px, keys=[key], display_aspect=aspect or Fraction(width_px, height_px))
    for luma in lumas:
        reader.add(luma)
    return reader.reading()


@pytest.fixture(scope="module")
def hd():
    return textured(1280, 720, frames=12, seed=1)


@pytest.fixture(scope="module")
def marked_hd(hd):
    return mark_all(hd)[0]


@pytest.mark.parametrize(("crf", "size_px"), [(28, None), (18, (640, 360)), (23, (960, 540))])
def test_id_survives_a_real_encode(marked_hd, tmp_path, crf, size_px):
    reading = read_all(through_codec(marked_hd, tmp_path / "copy.mp4", crf=crf, size_px=size_px))
    assert reading.state == "read"
    assert reading.payload == PAYLOAD
    assert reading.geometry == "grid 180"
    assert reading.frames == 12
    assert PAYLOAD.hex in reading.sentence


@pytest.mark.parametrize("size", [(768, 432), (432, 768), (641, 481), (333, 257), (256, 256)])
def test_small_odd_and_portrait_pictures_read_after_our_own_encode(size, tmp_path):
    marked, _ = mark_all(textured(*size, frames=12, seed=2))
    reading = read_all(through_codec(marked, tmp_path / "own.mp4", crf=18))
    assert reading.payload == PAYLOAD
    assert reading.geometry == "grid 108"


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (3, 200), (2000, 16), (65, 63)])
def test_any_size_is_marked_and_looked_at(size):
    lumas = textured(*size, frames=2)
    marked, marker = mark_all(lumas)
    assert [one.shape for one in marked] == [one.shape for one in lumas]
    assert read_all(marked).state in ("read", "unreadable", "none")
    assert marker.psnr_db > 20


def test_tiny_picture_reads_before_the_codec():
    marked, _ = mark_all(textured(64, 64, frames=24, seed=3), strength=4.0)
    assert read_all(marked).payload == PAYLOAD


def test_half_size_of_a_coarse_picture_reads(tmp_path):
    marked, _ = mark_all(textured(768, 432, frames=12, seed=4))
    assert read_all(through_codec(marked, tmp_path / "half.mp4", crf=18, size_px=(384, 216))).payload == PAYLOAD


def test_fine_grid_is_read_from_a_small_copy_and_coarse_from_a_large_one(marked_hd):
    small = [cv2.resize(luma, (896, 504), interpolation=cv2.INTER_AREA) for luma in marked_hd]
    assert read_all(small).geometry == "grid 180"
    marked, _ = mark_all(textured(960, 540, frames=6, seed=5))
    large = [cv2.resize(luma, (1920, 1080), interpolation=cv2.INTER_CUBIC) for luma in marked]
    assert read_all(large).geometry == "grid 108"


def test_copy_with_sides_made_even_reads():
    # 314 lines halve to 157, encoders make it 156: two columns of the grid more than the original had
    marked, _ = mark_all(textured(640, 314, frames=8, seed=6))
    squeezed = [cv2.resize(luma, (320, 156), interpolation=cv2.INTER_AREA) for luma in marked]
    assert read_all(squeezed).payload == PAYLOAD


@pytest.mark.parametrize(
    ("turn", "geometry"),
    [
        (np.fliplr, "grid 180, mirrored"),
        (np.flipud, "grid 180, upside down"),
        (lambda luma: np.rot90(luma, 2), "grid 180, turned by 180 degrees"),
        (np.rot90, "turned by"),
        (lambda luma: np.fliplr(np.rot90(luma)), "mirrored and turned by"),
    ],
)
def test_turned_and_mirrored_copies_read(marked_hd, turn, geometry):
    reading = read_all([np.ascontiguousarray(turn(luma)) for luma in marked_hd[:6]])
    assert reading.payload == PAYLOAD
    assert geometry in reading.geometry


def test_sample_aspect_is_honoured():
    # 720x576 shown as 16:9, then scaled by a platform to square samples
    marked, _ = mark_all(textured(720, 576, frames=8, seed=7), aspect=Fraction(16, 9))
    assert read_all(marked, aspect=Fraction(16, 9)).payload == PAYLOAD
    square = [cv2.resize(luma, (1024, 576), interpolation=cv2.INTER_CUBIC) for luma in marked]
    assert read_all(square).payload == PAYLOAD


def test_unmarked_pictures_and_wrong_keys_never_read(hd, marked_hd):
    random = np.random.default_rng(8)
    assert read_all(hd).state == "none"
    for _ in range(10):
        reading = read_all(marked_hd[:3], key=random.bytes(32))
        assert (reading.state, reading.payload) == ("none", None)
        assert reading.z < 6.5


@pytest.mark.parametrize("level", [0, 16, 128, 235, 255])
def test_blank_pictures_have_no_mark(level):
    assert read_all([np.full((360, 640), level, np.uint8)] * 3).state == "none"


def test_reader_without_pictures_says_so():
    reading = PictureReader(640, 360, keys=[KEY], display_aspect=Fraction(16, 9)).reading()
    assert (reading.state, reading.frames) == ("none", 0)


def test_damaged_mark_is_called_unreadable():
    # the sync part alone: surely ours, but no code word in it
    from pipeline.watermark.picture import grid, tile

    sync = tile.spread(tile.sync_tile(tile.tile_code(KEY), 0), 180, 320)
    change = grid.resize(sync * 2, (1280, 720))
    lumas = [np.clip(luma + change, 0, 255).astype(np.uint8) for luma in textured(1280, 720, frames=4, seed=9)]
    reading = read_all(lumas)
    assert (reading.state, reading.payload) == ("unreadable", None)
    assert reading.z >= 8


def test_reader_settles_early_on_a_clear_mark_only(hd, marked_hd):
    for lumas, settles in ((marked_hd, True), (hd, False)):
        reader = PictureReader(1280, 720, keys=[KEY], display_aspect=Fraction(16, 9))
        assert not reader.settled
        seen = 0
        for luma in lumas:
            reader.add(luma)
            seen += 1
            if reader.settled:
                break
        assert reader.settled == settles
        assert seen == (4 if settles else 12)


def test_ten_bit_round_trip(hd):
    deep = [luma.astype(np.uint16) * 4 + 2 for luma in hd[:6]]
    # strong enough that rounding to 8 bits hardly counts
    marked, marker = mark_all(deep, strength=2.0, bit_depth=10)
    assert marked[0].dtype == np.uint16
    assert read_all(marked).payload == PAYLOAD
    eight_bit = [(luma >> 2).astype(np.uint8) for luma in marked]
    assert read_all(eight_bit).payload == PAYLOAD
    assert marker.psnr_db == pytest.approx(mark_all(hd[:6], strength=2.0)[1].psnr_db, abs=0.5)


@pytest.mark.parametrize(("depth", "kind"), [(8, np.uint8), (10, np.uint16)])
def test_nothing_leaves_the_legal_range_that_was_inside(depth, kind):
    scale = 1 << (depth - 8)
    random = np.random.default_rng(10)
    dark = random.integers(12 * scale, 24 * scale, (360, 640)).astype(kind)
    bright = random.integers(228 * scale, 240 * scale, (360, 640)).astype(kind)
    for luma in (dark, bright):
        (marked,), _ = mark_all([luma], strength=6.0, bit_depth=depth)
        assert not np.array_equal(marked, luma)
        assert (marked >= np.minimum(luma, 16 * scale)).all()
        assert (marked <= np.maximum(luma, 235 * scale)).all()


def test_source_picture_is_left_alone_and_views_are_taken(hd):
    before = hd[0].copy()
    wide = np.zeros((720, 1312), np.uint8)
    wide[:, :1280] = hd[0]
    view = wide[:, :1280]
    (from_view,), _ = mark_all([view], strength=1.0)
    (from_copy,), _ = mark_all([hd[0]], strength=1.0)
    assert np.array_equal(from_view, from_copy)
    assert np.array_equal(hd[0], before)


def test_psnr_is_what_it_says(hd):
    marked, marker = mark_all(hd[:3], strength=1.5)
    error = np.mean([np.square(new.astype(float) - old).mean() for new, old in zip(marked, hd, strict=False)])
    assert marker.psnr_db == pytest.approx(10 * math.log10(255**2 / error), abs=1e-6)
    assert PictureMarker(64, 64, payload=PAYLOAD, key=KEY, strength=1, display_aspect=1).psnr_db == math.inf


@pytest.mark.parametrize("target_db", [40.0, 44.5, 48.0])
@pytest.mark.parametrize(("width_px", "height_px", "depth"), [(1280, 720, 8), (320, 240, 8), (640, 480, 10)])
def test_psnr_comes_out_as_asked(target_db, width_px, height_px, depth):
    lumas = textured(width_px, height_px, frames=8, seed=11)
    if depth == 10:
        lumas = [luma.astype(np.uint16) * 4 for luma in lumas]
    strength = choose_strength(lumas, target_psnr_db=target_db, bit_depth=depth)
    assert mark_all(lumas, strength=strength, bit_depth=depth)[1].psnr_db == pytest.approx(target_db, abs=0.5)


def test_profiles_are_ordered_and_motion_allows_more(hd):
    subtle, balanced, strong = (choose_strength(hd, profile=profile) for profile in PROFILES)
    assert subtle < balanced < strong
    still = choose_strength([hd[0]] * 6)
    assert still < balanced
    assert STEP_UP > 1


@pytest.mark.parametrize(("width_px", "height_px"), [(1280, 720), (500, 380)])
@pytest.mark.parametrize("quality", [90, 75, 50])
def test_still_reads_from_its_one_picture_after_jpeg(width_px, height_px, quality):
    still = textured(width_px, height_px, frames=1, seed=12)[0]
    strength = choose_strength([still], still=True)
    assert strength > choose_strength([still])
    (marked,), marker = mark_all([still], strength=strength)
    assert marker.psnr_db > 42
    coded = cv2.imencode(".jpg", marked, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    assert read_all([cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)]).payload == PAYLOAD


@pytest.mark.parametrize("size_px", [(1, 1), (2, 1), (1, 9), (7, 300), (300, 7), (33, 35)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_any_size_can_be_marked(size_px, kind):
    luma = np.random.default_rng(13).integers(16, 235, size_px[::-1]).astype(kind)
    depth = 8 if kind == np.uint8 else 10
    strength = choose_strength([luma] * 2, bit_depth=depth)
    (marked,), _ = mark_all([luma], strength=strength, bit_depth=depth)
    assert (marked.shape, marked.dtype) == (luma.shape, luma.dtype)


def test_choose_strength_draws_few_frames_and_accepts_none(hd):
    drawn = []

    def endless():
        while True:
            drawn.append(1)
            yield hd[0]

    assert choose_strength(endless()) > 0
    assert len(drawn) <= 25
    assert choose_strength([]) > 0
    with pytest.raises(UsageError, match="subtle, balanced, strong"):
        choose_strength(hd, profile="loud")


def test_wrong_pictures_are_refused(hd):
    marker = PictureMarker(64, 64, payload=new_payload(), key=KEY, strength=1, display_aspect=1)
    for luma in (hd[0], np.zeros((64, 64), np.uint16)):
        with pytest.raises(ValueError, match="the marker takes"):
            marker(luma)


def test_two_marks_of_one_clip_say_their_own_id(hd):
    for _ in range(2):
        payload = new_payload()
        assert read_all(mark_all(hd[:4], payload=payload)[0]).payload == payload
