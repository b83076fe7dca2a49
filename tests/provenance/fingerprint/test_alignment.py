"""Sketch and alignment: the same pictures are known cropped, mirrored and in part; others are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.errors import CredentialError
from pipeline.provenance.fingerprint.alignment import align
from pipeline.provenance.fingerprint.fingerprint import fingerprint_of, windows
from pipeline.provenance.fingerprint.pictures import Pictures, PictureSampler, without_bars
from pipeline.provenance.fingerprint.sketch import MAGIC, MOST_PICTURES, pack, sketch_of, unpack
from pipeline.provenance.fingerprint.sound_match import sound_similarity
from tests.recovery_files import scene


class Shot:
    """A picture as the decoder hands it over."""

    def __init__(self, luma: np.ndarray, time_s: float) -> None:
        self.luma, self.time_s = luma, time_s

    def gray(self, width: int, height: int) -> np.ndarray:
        return cv2.resize(self.luma, (width, height), interpolation=cv2.INTER_AREA)


def sampled(pictures: list[np.ndarray], *, rate_hz: float = 15.0, mirrored: bool = False) -> Pictures:
    sampler = PictureSampler(mirrored=mirrored)
    for index, luma in enumerate(pictures):
        sampler.add(Shot(luma, index / rate_hz), aspect=luma.shape[1] / luma.shape[0])
    return sampler.pictures()


@pytest.fixture(scope="module")
def shown() -> list[np.ndarray]:
    return scene(1, frames=75)


@pytest.fixture(scope="module")
def sketch(shown):
    return unpack(pack(sketch_of(sampled(shown))))


def cropped(pictures, share):
    height, width = pictures[0].shape
    top, left = round(0.6 * (1 - share) * height), round(0.3 * (1 - share) * width)
    return [one[top : top + round(share * height), left : left + round(share * width)] for one in pictures]


def test_five_pictures_a_second_are_drawn(shown):
    taken = sampled(shown)
    assert len(taken.times_s) == 25 and taken.duration_s == pytest.approx(5.0)
    assert taken.signatures.shape == (25, 380) and len(taken.mirrored) == 0
    slow = sampled(shown[:6], rate_hz=2.0)
    assert len(slow.times_s) == pytest.approx(15, abs=1)


def test_a_copy_agrees_from_end_to_end(shown, sketch):
    found = align(sampled(shown), sketch)
    assert found.similarity > 0.95 and found.crop.is_whole and not found.crop.is_mirrored
    (span,) = found.spans
    assert span.start_s == 0 and span.end_s == pytest.approx(5.0, abs=0.3)


@pytest.mark.parametrize("share", [0.9, 0.7])
def test_a_cropped_copy_is_known_with_its_crop(share, shown, sketch):
    found = align(sampled(cropped(shown, share)), sketch)
    assert found.similarity > 0.62 and len(found.spans) == 1
    assert found.crop.width == pytest.approx(share, abs=0.04)
    assert found.crop.top == pytest.approx(0.6 * (1 - share), abs=0.04)


def test_a_mirrored_part_is_known_with_its_times(shown, sketch):
    part = [one[:, ::-1] for one in shown[30:]]
    found = align(sampled(part), sketch)
    (span,) = found.spans
    assert found.crop.is_mirrored and found.similarity > 0.8
    assert span.registered_start_s - span.start_s == pytest.approx(2.0, abs=0.21)


def test_what_was_put_into_another_film_is_told_apart(shown, sketch):
    film = scene(2, frames=60)
    found = align(sampled([*film[:30], *shown[15:60], *film[30:]]), sketch)
    (span,) = found.spans
    assert span.start_s == pytest.approx(2.0, abs=0.41) and span.end_s == pytest.approx(5.0, abs=0.41)
    assert span.registered_start_s == pytest.approx(1.0, abs=0.41)


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_other_pictures_do_not_agree(seed, sketch):
    found = align(sampled(scene(seed, frames=45)), sketch)
    assert not found.spans and found.similarity < 0.3 and found.is_telling


def test_plain_pictures_say_nothing(sketch):
    black = sampled([np.full((240, 320), 16, np.uint8)] * 30)
    assert black.is_flat.all()
    assert not align(black, sketch).is_telling
    found = fingerprint_of(black, None)
    assert found.whole == b"" and found.segments == () and "too plain" in found.notes[0] and found.blocks == ()


def test_bars_are_cut_off_before_signing(shown):
    boxed = [cv2.copyMakeBorder(one, 30, 30, 0, 0, cv2.BORDER_CONSTANT, value=16) for one in shown[:30]]
    plain, barred = (list(windows(sampled(one), step_s=1.0))[0].code for one in (shown[:30], boxed))
    assert (int.from_bytes(plain) ^ int.from_bytes(barred)).bit_count() < 20
    inner, share = without_bars(np.stack([Shot(one, 0).gray(128, 128) for one in boxed]))
    assert inner.shape[1:] == (128, 128) and share == pytest.approx(300 / 240, abs=0.06)


def test_mirrored_codes_find_a_flipped_copy(shown):
    registered = [one.code for one in windows(sampled(shown), step_s=1.0)]
    flipped = sampled([one[:, ::-1] for one in shown], mirrored=True)
    as_it_lies = [one.code for one in windows(flipped, step_s=1.0)]
    turned_back = [one.code for one in windows(flipped, step_s=1.0, mirrored=True)]
    assert turned_back == registered
    assert (int.from_bytes(as_it_lies[0]) ^ int.from_bytes(registered[0])).bit_count() > 60


def test_long_clips_have_sketches_of_bounded_size(shown):
    taken = sampled(shown * 8)
    kept = sketch_of(taken)
    assert len(kept.times_s) <= MOST_PICTURES and kept.times_s[-1] > 39


@pytest.mark.parametrize("data", [b"", b"junk", MAGIC + b"junk", MAGIC])
def test_damaged_sketches_are_refused(data):
    with pytest.raises(CredentialError, match="sketch"):
        unpack(data)


def test_a_sketch_that_blows_up_is_refused():
    import zlib

    with pytest.raises(CredentialError, match="sketch"):
        unpack(MAGIC + zlib.compress(b"\xff" * 50_000_000))


def test_sounds_agree_along_the_right_shift():
    random = np.random.default_rng(4)
    registered, other = (random.integers(-(2**31), 2**31, 120).astype(np.int32) for _ in range(2))
    assert sound_similarity(registered[40:90], registered) == 1.0
    unlike = sound_similarity(other, registered)
    assert unlike is not None and unlike < 0.6
    assert sound_similarity(other[:10], registered) is None
    hum = np.full(120, 5, np.int32)
    assert sound_similarity(hum, hum) is None


def test_a_picture_that_is_shown_for_a_day_ends_somewhere(shown, monkeypatch):
    from pipeline.provenance.fingerprint import pictures

    monkeypatch.setattr(pictures, "MOST_PICTURES", 40)
    sampler = PictureSampler()
    for time_s in (0.0, 86_400.0):
        sampler.add(Shot(shown[0], time_s), aspect=4 / 3)
    assert len(sampler.pictures().times_s) <= 41
