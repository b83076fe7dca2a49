"""Draws what the sound mark changes: spectrograms of sounds, of their marked copies, and of the difference, amplified.

    python -m docs.draw_mark_sound [FILE]

Writes docs/mark_sound.webp when FILE is left out. The sounds are rendered here; each title tells what the reader says.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmarks.audio_material import RATE_HZ, rendered, talker
from pipeline.records import Payload
from pipeline.watermark.sound.marker import SoundMarker, choose_sound_strength, read_sound

LENGTH_S = 4.0
# by how much the difference is raised
RAISED_DB = 20
HIGHEST_HZ = 9_000
FLOOR_DB, CEILING_DB = -90, 0
KEY = bytes(range(32))
PAYLOAD = Payload(1, 0x123456789ABCDEF)


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "mark_sound.webp"
    draw(_sounds(), path)


def draw(sounds: dict[str, np.ndarray], path: Path) -> None:
    """Write a sheet with a row for each sound, float32 [channels, samples]."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, rows = pyplot.subplots(len(sounds), 3, figsize=(12, 1.9 * len(sounds)), sharex=True, sharey=True)
    for row, (name, sound) in zip(rows, sounds.items(), strict=True):
        marker = SoundMarker(RATE_HZ, len(sound), payload=PAYLOAD, key=KEY, strength=choose_sound_strength(LENGTH_S))
        marked = np.concatenate([marker(sound), marker.flush()], axis=1)
        titles = (name, f"marked: {_said(marked)}", _difference(marker))
        for axis, title, part in zip(row, titles, (sound, marked, _raised(marked - sound)), strict=True):
            extent = (0.0, LENGTH_S, 0.0, HIGHEST_HZ / 1000)
            axis.imshow(
                _spectrogram_db(part[0]),
                origin="lower",
                aspect="auto",
                extent=extent,
                vmin=FLOOR_DB,
                vmax=CEILING_DB,
                cmap="magma",
            )
            axis.set_title(title, fontsize=9)
        row[0].set_ylabel("kHz")
    for axis in rows[-1]:
        axis.set_xlabel("s")
    figure.tight_layout()
    figure.savefig(path, dpi=90, pil_kwargs={"quality": 70, "method": 6})
    pyplot.close(figure)


def _sounds() -> dict[str, np.ndarray]:
    samples = round(LENGTH_S * RATE_HZ)
    time_s = np.arange(samples) / RATE_HZ
    partials = [(hz * number, 0.05 / number) for hz in (220, 277.18, 329.63) for number in range(1, 13)]
    chord = sum(size * np.sin(2 * np.pi * hz * time_s + hz) for hz, size in partials)
    return {
        "speech": talker(LENGTH_S, seed=1),
        "music": rendered("music/cinematic", "", (), LENGTH_S, seed=0)[:, :samples],
        "rain": rendered("", "ambience/rain", (), LENGTH_S, seed=3)[:, :samples],
        "single hits, silence between": _hits(samples),
        "steady chord": np.asarray(chord, dtype=np.float32)[None],
    }


def _hits(samples: int) -> np.ndarray:
    random = np.random.default_rng(0)
    sound = np.zeros((1, samples), dtype=np.float32)
    for start_s in (0.5, 1.7, 2.9):
        start = round(start_s * RATE_HZ)
        count = min(RATE_HZ // 2, samples - start)
        sound[0, start : start + count] = random.normal(0, 0.2, count) * np.exp(-np.arange(count) / (0.04 * RATE_HZ))
    return sound


def _said(marked: np.ndarray) -> str:
    reading = read_sound(marked, RATE_HZ, keys=[KEY])
    words = {"read": "reads", "unreadable": "is seen, does not read", "none": "too little to read"}
    return f"{words[reading.state]}, z {reading.z:.1f}"


def _difference(marker: SoundMarker) -> str:
    return f"difference, {RAISED_DB} dB louder ({marker.snr_db:.0f} dB under the sound)"


def _raised(change: np.ndarray) -> np.ndarray:
    return change * np.float32(10 ** (RAISED_DB / 20))


def _spectrogram_db(sound: np.ndarray) -> np.ndarray:
    """Level against a full-scale sine, float [bins, frames]."""
    size, hop = 1024, 480
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop] * np.hanning(size)
    spectrum = np.abs(np.fft.rfft(frames))[:, : round(HIGHEST_HZ * size / RATE_HZ)].T
    return 20 * np.log10(spectrum / (size / 4) + 1e-7)


if __name__ == "__main__":
    main()
