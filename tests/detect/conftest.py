"""Made-up records for detectors and verdicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.detect.quality import Quality
from pipeline.records import Action, Clip, Credential, MarkReading, Marks, Payload, VideoStream

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
AI = IPTC + "trainedAlgorithmicMedia"
CAMERA = IPTC + "digitalCapture"


@pytest.fixture
def clip() -> Any:
    """Make a Clip; keyword arguments change the clip or its video stream."""

    def make(*, video: dict[str, Any] | None = None, **changes: Any) -> Clip:
        stream = VideoStream("h264", 1912, 1074, "yuv420p", 8, Fraction(30), Fraction(1, 15360), 150, 0.0, 5.0)
        made = Clip(Path("a.mp4"), "00" * 32, 1000, "mov,mp4", 5.0, replace(stream, **(video or {})))
        return replace(made, **changes)

    return make


@pytest.fixture
def sora() -> Credential:
    """What is known of an untouched clip of OpenAI's generator."""
    return Credential(
        integrity="exact",
        signer="expired",
        time="untrusted",
        binding="hard",
        history="complete",
        signer_name="OpenAI",
        trust_list="C2PA trust list 2026-10-01",
        signed_at="2025-05-26T19:22:58+00:00",
        certificate_expires="2026-04-15T00:00:00+00:00",
        digital_source_types=(AI,),
        declares_ai=True,
        actions=(Action("c2pa.created", software="Sora", digital_source_type=AI),),
        codes=("signingCredential.untrusted", "signingCredential.expired"),
        sentences=("The credentials are intact.", "Signed in the name of OpenAI on 26 May 2025."),
    )


@pytest.fixture
def camera() -> Credential:
    """A trusted camera's signature."""
    return Credential(
        integrity="exact",
        signer="trusted",
        time="trusted",
        binding="hard",
        history="complete",
        signer_name="A Camera Maker",
        trust_list="C2PA trust list 2026-10-01",
        signed_at="2026-02-03T10:00:00Z",
        digital_source_types=(CAMERA,),
        declares_capture=True,
        actions=(Action("c2pa.created", digital_source_type=CAMERA),),
        sentences=("The credentials are intact.",),
    )


@pytest.fixture
def marks() -> Marks:
    """A mark that was read in picture and sound."""
    reading = MarkReading("read", Payload(1, 0xABCDEF), z=30.0, frames=90)
    return Marks.of(reading, reading)


@dataclass(frozen=True)
class Picture:
    """A frame as detectors see it."""

    time_s: float
    luma: np.ndarray
    bit_depth: int = 8


def noise_pictures(
    count: int, *, rate_hz: float = 24.0, size: tuple[int, int] = (240, 320), seed: int = 5
) -> list[Picture]:
    """Smoothed noise that drifts: texture with a falling spectrum, a little fresh grain on each picture."""
    import cv2

    generator = np.random.default_rng(seed)
    base = cv2.GaussianBlur(generator.normal(0, 60, (size[0], size[1] + 4 * count)), (0, 0), 1.6)
    pictures = []
    for index in range(count):
        view = 128 + 2 * base[:, 2 * index : 2 * index + size[1]] + generator.normal(0, 1.5, size)
        pictures.append(Picture(index / rate_hz, view.clip(0, 255).astype(np.uint8)))
    return pictures


@pytest.fixture
def pictures() -> Any:
    """The maker of noise pictures."""
    return noise_pictures


@pytest.fixture
def picture() -> type[Picture]:
    """The frame class."""
    return Picture


@pytest.fixture
def quality() -> Any:
    """Make a Quality; keyword arguments change it."""

    def make(**changes: Any) -> Quality:
        return replace(Quality("good", "passed", "", 1280, 720, 5.0, 0.0, 1.0, 0.0, 0.1), **changes)

    return make
