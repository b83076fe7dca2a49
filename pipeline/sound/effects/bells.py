"""Bells and gongs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sound.effects.modal import ring
from pipeline.sound.effects.shaping import LONGEST_S, add, finish, hiss
from pipeline.sound.noise import stream


@dataclass(frozen=True)
class Bell:
    """Partials of a bell: ratios to the strike note, levels, decays to -60 dB."""

    # strike note at size 0.5
    note_hz: float
    ratios: tuple[float, ...]
    levels: tuple[float, ...]
    decays_s: tuple[float, ...]
    # split of each partial into two that beat, in Hz
    beat_hz: float
    # level of the clapper's own knock
    knock: float
    # time in which a partial at ten times the note comes up (gong); 0 for at once
    build_s: float = 0.0
    # strokes of one cue, and how many a second
    strokes: int = 1
    strokes_hz: float = 0.0


# hum, prime, tierce, quint, nominal and above of a church bell; a handbell has its twelfth, tuned 1 : 3; small cups as
# rim modes; a gong's partials crowd and come up one after another (Fletcher & Rossing 1998, ch. 20-21; Rossing 2000)
BELLS: dict[str, Bell] = {
    "church": Bell(
        440,
        (0.5, 1.0, 1.2, 1.5, 2.0, 2.51, 2.66, 3.0, 4.0, 5.33, 6.7, 8.2),
        (0.6, 0.75, 0.9, 0.35, 1.0, 0.3, 0.35, 0.55, 0.4, 0.25, 0.18, 0.12),
        (16.0, 9.0, 7.0, 4.0, 4.2, 2.4, 2.2, 1.9, 1.2, 0.8, 0.55, 0.4),
        0.7,
        0.35,
    ),
    "hand": Bell(
        880,
        (1.0, 3.0, 3.02, 5.9, 6.6, 8.6, 11.2),
        (1.0, 0.55, 0.3, 0.25, 0.18, 0.12, 0.08),
        (3.6, 1.6, 1.4, 0.8, 0.7, 0.45, 0.3),
        1.4,
        0.25,
    ),
    "bicycle": Bell(
        2650,
        (1.0, 1.63, 2.35, 2.72, 3.9, 4.7),
        (1.0, 0.7, 0.6, 0.3, 0.3, 0.2),
        (0.9, 0.7, 0.55, 0.5, 0.3, 0.25),
        9.0,
        0.5,
        strokes=7,
        strokes_hz=15.0,
    ),
    "gong": Bell(
        95,
        tuple(np.round(1 + 0.42 * np.arange(90) ** 1.03, 3).tolist()),
        tuple(np.round(0.5 + 0.5 * np.exp(-np.arange(90) / 6), 3).tolist()),
        tuple(np.round(11.0 / (1 + 0.035 * np.arange(90)), 3).tolist()),
        0.9,
        0.25,
        build_s=0.8,
    ),
}


def bell(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.6,
    length_s: float | None = None,
) -> np.ndarray:
    """A bell is struck; `size` lowers it and lets it ring longer, `hardness` is the clapper's."""
    cast = BELLS[kind]
    rng = stream("bell", kind, seed)
    pitch = 2.0 ** (2.0 * (0.5 - size)) * np.exp(0.04 * rng.standard_normal())
    frequencies_hz, decays, gains = _partials(cast, pitch, hardness, rng)
    count = int(min(LONGEST_S, length_s or LONGEST_S, 1.1 * 6.9 / decays.min() + 0.6) * sample_rate_hz)
    count = max(count, 64)
    kept = frequencies_hz < 0.42 * sample_rate_hz
    parts = _struck(cast, frequencies_hz[kept], decays[kept], gains[kept], count, sample_rate_hz)
    sound = np.zeros(count, np.float32)
    for stroke in range(cast.strokes):
        # a hammer never hits twice with the same force or at even times
        start = int(stroke / max(cast.strokes_hz, 1.0) * (1 + 0.12 * rng.uniform(-1, 1)) * sample_rate_hz)
        force = np.float32(rng.uniform(0.6, 1.0) if stroke else 1.0)
        add(sound, force * parts, start)
        knock = hiss(rng, int(0.03 * sample_rate_hz), 8 * cast.note_hz**0.75, 9000, sample_rate_hz=sample_rate_hz)
        fall = np.exp(-np.arange(len(knock)) / (0.004 * sample_rate_hz)).astype(np.float32)
        add(sound, force * np.float32(0.3 * cast.knock * (0.3 + hardness)) * knock * fall, start)
    return finish(sound, length_s, sample_rate_hz)


def _partials(
    cast: Bell, pitch: float, hardness: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # each partial is a pair that beats, because no casting is perfectly round
    ratios = np.array(cast.ratios)
    spread = 0.015 if cast.build_s else 0.002
    frequencies_hz = cast.note_hz * pitch * ratios * np.exp(spread * rng.standard_normal(len(ratios)))
    split_hz = cast.beat_hz * rng.uniform(0.2, 1.0, len(ratios)) / 2
    # a soft clapper leaves the high ones out
    gains = np.array(cast.levels) * ratios ** (-1.1 * (1 - hardness)) * rng.uniform(0.8, 1.15, len(ratios))
    decays = 6.9 / np.array(cast.decays_s) * pitch**0.7 * rng.uniform(0.85, 1.2, len(ratios))
    share = rng.uniform(0.55, 0.85, len(ratios))
    return (
        np.concatenate([frequencies_hz - split_hz, frequencies_hz + split_hz]),
        np.concatenate([decays, decays]),
        np.concatenate([share * gains, (1 - share) * gains]),
    )


def _struck(
    cast: Bell, frequencies_hz: np.ndarray, decays: np.ndarray, gains: np.ndarray, count: int, sample_rate_hz: int
) -> np.ndarray:
    # peak near 1; a gong's energy wanders upwards, so its high partials come up late: 1 - exp(-t / build)
    parts = ring(frequencies_hz, decays, gains, samples=count, sample_rate_hz=sample_rate_hz)
    if cast.build_s:
        reach = np.clip(np.log10(frequencies_hz / cast.note_hz), 0, 1)
        late = gains * reach
        build = 1 / (cast.build_s * np.maximum(reach, 0.05))
        parts -= ring(frequencies_hz, decays + build, late, samples=count, sample_rate_hz=sample_rate_hz)
    return parts / np.abs(parts).max()
