"""VMAF of luma against its source, by the real ffmpeg; None where there is none."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from pipeline.media import quality
from pipeline.media.quality import vmaf


def pictures(width=320, height=240, *, count=4, levels=1, depth=8) -> list[np.ndarray]:
    y, x = np.mgrid[0:height, 0:width]
    shapes = [110 + 40 * np.sin((x + 3 * index) / 9) + 30 * np.cos(y / 7) for index in range(count)]
    kind = np.uint8 if depth == 8 else np.uint16
    return [np.clip(shape * levels, 0, 255 * levels).astype(kind) for shape in shapes]


def disturbed(source: list[np.ndarray], amplitude: float) -> list[np.ndarray]:
    noise = np.random.default_rng(1).normal(0, amplitude, source[0].shape)
    return [np.clip(picture + noise, 0, np.iinfo(picture.dtype).max).astype(picture.dtype) for picture in source]


@pytest.fixture(autouse=True)
def _measurable():
    if vmaf(pictures(), pictures()) is None:
        pytest.skip("the ffmpeg of imageio-ffmpeg has no libvmaf here")


def test_more_noise_is_worse():
    source = pictures()
    same, little, much = (vmaf(source, disturbed(source, amplitude)) for amplitude in (0, 2, 9))
    assert same > 97 and same > little > much


def test_ten_bits_and_odd_and_large_pictures_are_measured():
    eight, ten = pictures(321, 243), pictures(321, 243, levels=4, depth=10)
    assert vmaf(ten, disturbed(ten, 12), bit_depth=10) == pytest.approx(vmaf(eight, disturbed(eight, 3)), abs=3)
    large = pictures(2560, 1440, count=2)
    assert vmaf(large, large) > 97
    assert vmaf(large, disturbed(large, 12)) < vmaf(large, disturbed(large, 4))


def test_what_cannot_be_measured_is_none(monkeypatch):
    assert vmaf([], []) is None
    assert vmaf(pictures(40, 40), pictures(40, 40)) is None
    monkeypatch.setattr(quality, "_ffmpeg", lambda: None)
    assert vmaf(pictures(), pictures()) is None


def test_a_program_that_fails_is_none(monkeypatch):
    monkeypatch.setattr(quality, "_ffmpeg", lambda: "/bin/false")
    assert vmaf(pictures(), pictures()) is None


def test_a_program_that_hangs_is_stopped(monkeypatch):
    def hang(*_arguments, **_options):
        raise subprocess.TimeoutExpired("ffmpeg", 1)

    source = pictures()
    monkeypatch.setattr(subprocess, "run", hang)
    assert vmaf(source, source) is None
