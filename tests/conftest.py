"""Factories: small media files with known truth, and a home folder with keys."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real clips beside the project, when they are there."""
    folder = Path(os.environ.get("FOLEYMARK_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip("needs the corpus of real clips (FOLEYMARK_CORPUS)")
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A FOLEYMARK_HOME of this test's own, without keys."""
    folder = tmp_path / "home"
    monkeypatch.setenv("FOLEYMARK_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared_keys(tmp_path_factory):
    """Keys and authority made once for all tests that only use them."""
    from pipeline.keys import Keys
    from pipeline.provenance.signing.authority import init_authority
    from pipeline.watermark.keys import create_keys

    keys = Keys(tmp_path_factory.mktemp("keys") / "home")
    create_keys(keys.mark_path)
    init_authority(keys.authority_folder, organisation="Test Studio")
    return keys


def textured(index: int, width: int, height: int) -> np.ndarray:
    """RGB picture [height, width, 3]: soft texture, a moving disc, and the index as a grey level top left."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    base = 110 + 30 * np.sin(x / 17 + index / 9) + 25 * np.cos(y / 11) + 12 * np.sin((x + y) / 3.7)
    noise = np.random.default_rng(5).normal(0, 6, (height, width))
    image = np.stack([base + noise, base * 0.9 + noise, base * 0.8 + noise + 15], axis=2)
    disc = (x - width * (0.2 + 0.6 * ((index * 3) % 100) / 100)) ** 2 + (y - height / 2) ** 2 < (height / 6) ** 2
    image[disc] = (225, 180, 60)
    corner = max(4, min(width, height) // 8)
    image[:corner, :corner] = 20 + (index * 4) % 200
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def make_still():
    """A function that writes a picture with soft texture, of the kind its name says."""
    from PIL import Image

    def make(path: Path, *, width: int = 1280, height: int = 720, index: int = 3) -> Path:
        Image.fromarray(textured(index, width, height)).save(path, quality=92)
        return path

    return make


@pytest.fixture(scope="session")
def make_clip():
    """A function that writes a small video; see its arguments."""

    def make(
        path: Path,
        *,
        width: int = 192,
        height: int = 128,
        frames: int = 24,
        rate: Fraction | int = 24,
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        ticks: list[int] | None = None,
        time_base: Fraction | None = None,
        rotation: int = 0,
        sample_aspect: Fraction = Fraction(1),
        color: tuple[int, int, int, int] | None = None,
        audio_hz: int = 0,
        audio_codec: str = "aac",
        audio_click_s: float | None = None,
        options: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        picture=textured,
    ) -> Path:
        import av

        with av.open(str(path), "w", options={"movflags": "use_metadata_tags"} if tags else {}) as target:
            target.metadata.update(tags or {})
            stream = target.add_stream(codec, rate=rate, options=options or {})
            stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
            stream.codec_context.sample_aspect_ratio = sample_aspect
            base = time_base or 1 / Fraction(rate)
            stream.codec_context.time_base = stream.time_base = base
            if color:
                context = stream.codec_context
                context.color_primaries, context.color_trc, context.colorspace, context.color_range = color
            if rotation:
                stream.set_display_rotation(-rotation)
            sound = target.add_stream(audio_codec, rate=audio_hz) if audio_hz else None
            if sound:
                sound.layout = "stereo"
                sound.time_base = sound.codec_context.time_base = Fraction(1, audio_hz)
            for index in range(frames):
                frame = av.VideoFrame.from_ndarray(picture(index, width, height), format="rgb24")
                frame.pts, frame.time_base = ticks[index] if ticks else index, base
                target.mux(stream.encode(frame))
            target.mux(stream.encode(None))
            if sound:
                _write_sound(target, sound, audio_hz, frames / rate, audio_click_s)
        return path

    return make


def _write_sound(target, sound, rate_hz: int, length_s, click_s: float | None) -> None:
    import av

    samples = np.zeros((2, int(length_s * rate_hz)), np.float32)
    if click_s is None:
        samples[:] = 0.2 * np.sin(2 * np.pi * 440 * np.arange(samples.shape[1]) / rate_hz)
    else:
        samples[:, round(click_s * rate_hz)] = 0.9
    planar = sound.format.name.endswith("p")
    layout = samples if planar else samples.T.reshape(1, -1)
    if sound.format.name.startswith("s16"):
        layout = (layout * 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(layout), format=sound.format.name, layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
    target.mux(sound.encode(frame))
    target.mux(sound.encode(None))
