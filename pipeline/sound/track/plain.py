"""A track without a steady beat: from its first sound on, blended into itself where it is too short, faded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.sound.track.splice import Reader

BLEND_S = 2.0
FADE_IN_S, FADE_OUT_S = 0.02, 3.0


def iter_plain(read: Reader, first_s: float, last_s: float, total: int, rate_hz: int) -> Iterator[np.ndarray]:
    """Pieces of a second, float32 [2, n], `total` samples in all.

    A track that is a little longer than what is wanted keeps its own end; a longer one is faded.
    """
    first, last = round(first_s * rate_hz), max(round(last_s * rate_hz), round(first_s * rate_hz) + 1)
    length = last - first
    blend = min(round(BLEND_S * rate_hz), length // 4)
    for start in range(0, total, rate_hz):
        count = min(rate_hz, total - start)
        place = start + np.arange(count)
        sound = np.zeros((2, count), np.float32)
        step = max(length - blend, 1)
        for turn in range(max((start - blend) // step, 0), (start + count) // step + 1):
            at = start - turn * step
            if at + count > 0 and at < length:
                sound += read(first + at, count) * _gain(at + np.arange(count), length, blend, is_first=turn == 0)
        rise = np.clip((place + 1) / (FADE_IN_S * rate_hz), 0, 1)
        fall = np.clip((total - 1 - place) / max(min(FADE_OUT_S * rate_hz, total / 3), 1), 0, 1)
        yield sound * (rise * np.sin(0.5 * np.pi * fall) ** 2).astype(np.float32)


def _gain(place: np.ndarray, length: int, blend: int, *, is_first: bool) -> np.ndarray:
    # two stretches of one piece are hardly alike: equal power
    rise = np.ones(len(place)) if is_first else np.clip((place + 0.5) / max(blend, 1), 0, 1)
    fall = np.clip((length - place - 0.5) / max(blend, 1), 0, 1)
    inside = (place >= 0) & (place < length)
    return (inside * np.sin(0.5 * np.pi * np.minimum(rise, fall))).astype(np.float32)
