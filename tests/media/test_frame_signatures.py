"""Signatures by the bundled ffmpeg: of small pictures as of whole ones, and of sound."""

from __future__ import annotations

import re
import subprocess

import cv2
import imageio_ffmpeg
import numpy as np
import pytest

from pipeline.errors import UnreadableInput
from pipeline.media.frame_signatures import DIMENSIONS, PRINT_RATE_HZ, PRINT_STEP_S, frame_signatures, sound_print
from tests.recovery_files import scene, write


def test_small_pictures_are_signed_as_whole_ones(tmp_path):
    # the reference: ffmpeg's own decode of the whole pictures, as iscc-sdk has it done
    pictures = scene(1, frames=10, width=640, height=360)
    path = write(tmp_path / "a.mp4", pictures, crf=0, rate=5)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(path)]
    command += ["-vf", "signature=format=xml:filename=sig.xml", "-f", "null", "-"]
    subprocess.run(command, cwd=tmp_path, check=True)
    found = re.findall(r"<FrameSignature>([012 \s]+)<", (tmp_path / "sig.xml").read_text())
    reference = np.array([one.split() for one in found], dtype=np.uint8)

    small = np.stack([cv2.resize(one, (128, 128), interpolation=cv2.INTER_AREA) for one in pictures])
    signed = frame_signatures(small)

    assert signed.shape == reference.shape == (10, DIMENSIONS)
    assert (signed != reference).mean() < 0.05
    assert (frame_signatures(small[:, ::-1]) != reference).mean() > 0.3


def test_no_pictures_have_no_signatures():
    assert frame_signatures(np.zeros((0, 128, 128), np.uint8)).shape == (0, DIMENSIONS)


def test_a_sound_is_printed_eight_times_a_second():
    noise = np.random.default_rng(2).normal(0, 0.1, (1, 10 * PRINT_RATE_HZ)).astype(np.float32)
    prints = sound_print([noise[:, :50_000], noise[:, 50_000:]])
    assert len(prints) == pytest.approx(10 / PRINT_STEP_S, abs=25)
    louder = sound_print([0.5 * noise])
    assert np.bitwise_count(prints ^ louder).mean() < 3
    assert len(sound_print([noise[:, :1000]])) == 0


def test_a_missing_ffmpeg_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    with pytest.raises(UnreadableInput, match="bundled ffmpeg"):
        frame_signatures(np.zeros((1, 128, 128), np.uint8))
