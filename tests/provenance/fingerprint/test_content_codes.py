"""Codes: those of the standard's own library, in units that name their kind."""

from __future__ import annotations

import iscc_core
import numpy as np
import pytest

from pipeline.provenance.fingerprint import codes


@pytest.fixture(scope="module")
def signatures() -> np.ndarray:
    found = np.random.default_rng(1).integers(0, 3, (12, 380), dtype=np.uint8)
    found[5] = found[4]  # a picture that is shown twice counts once
    return found


def test_video_codes_are_those_of_iscc_core(signatures):
    rows = [tuple(int(one) for one in row) for row in signatures]
    code = codes.video_code(signatures)
    assert code == iscc_core.soft_hash_video_v0(rows, 256)
    assert codes.iscc_text("video", code) == iscc_core.gen_video_code_v0(rows, 256)["iscc"]


def test_image_and_audio_codes_are_those_of_iscc_core():
    random = np.random.default_rng(2)
    grey = random.integers(0, 256, (32, 32), dtype=np.uint8)
    prints = random.integers(-(2**31), 2**31, 90).astype(np.int32)
    image = iscc_core.gen_image_code_v0(grey.ravel().tolist(), 256)["iscc"]
    audio = iscc_core.gen_audio_code_v0(prints.tolist(), 256)["iscc"]
    assert codes.iscc_text("image", codes.image_code(grey)) == image
    assert codes.iscc_text("audio", codes.audio_code(prints)) == audio


def test_units_come_apart_again_and_strange_ones_are_passed_over(signatures):
    video, audio = codes.video_code(signatures), bytes(range(32))
    value = codes.unit("video", video) + codes.unit("audio", audio)
    assert codes.split_units(value) == {"video": video, "audio": audio}
    assert codes.split_units(b"\x10\x07" + bytes(32)) == {}
    assert codes.split_units(value[:40]) == {"video": video}


def test_distance_counts_bits():
    assert codes.distance(bytes(32), b"\x81" + bytes(30) + b"\xff") == 10
