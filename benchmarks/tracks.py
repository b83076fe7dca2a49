"""Tracks of music with known beats, made on the spot: chords, bass, drums, sections, an ending."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RATE_HZ = 44_100
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))
_OTHER = ((2, 5, 9), (7, 11, 14), (4, 7, 11), (9, 12, 16))


@dataclass(frozen=True)
class Made:
    """A track whose truth is known."""

    # float32 [2, samples] at 44.1 kHz
    sound: np.ndarray
    beats_s: np.ndarray
    downbeats_s: np.ndarray
    name: str


def make_track(
    *,
    bpm: float,
    beats_per_bar: int = 4,
    bars: int = 32,
    kind: str = "band",
    swing: float = 0.5,
    drift: float = 0.0,
    lead_s: float = 0.37,
    seed: int = 0,
) -> Made:
    """A piece of music.

    Parameters
    ----------
    kind : str
        "click" (one click a beat, chords), "band" (kick, snare, hats on eighths, bass, chords) or "soft" (a piano).
    swing : float
        Where the second eighth of a beat lies, 0.5 straight .. 0.67 triplet.
    drift : float
        How far the tempo wanders, as a share, over a slow wave.
    lead_s : float
        Silence before the first beat.
    """
    count = bars * beats_per_bar + 1
    phase = np.arange(count) / count
    steps = 60 / bpm / (1 + drift * np.sin(2 * np.pi * 1.5 * phase))
    beats = lead_s + np.concatenate([[0], np.cumsum(steps[:-1])])
    random = np.random.default_rng([seed, round(bpm), beats_per_bar])
    canvas = np.zeros((2, round((beats[-1] + 3.0) * RATE_HZ)))
    for index, time_s in enumerate(beats):
        length_s = steps[index]
        bar, beat = divmod(index, beats_per_bar)
        _beat(canvas, time_s, length_s, bar, beat, beats_per_bar, kind, swing, random, is_end=index == count - 1)
    canvas *= 0.5 / np.abs(canvas).max()
    name = f"{kind} {bpm:g} {beats_per_bar}/4" + (" swing" if swing > 0.5 else "") + (" drift" if drift else "")
    return Made(canvas.astype(np.float32), beats, beats[::beats_per_bar], name)


def _beat(canvas, time_s, length_s, bar, beat, beats_per_bar, kind, swing, random, *, is_end) -> None:
    section = bar // 4 % 4
    chord = (_OTHER if section == 2 else _CHORDS)[bar % 4] if not is_end else _CHORDS[0]
    long_s = 2.5 if is_end else length_s * beats_per_bar
    if beat == 0:
        for step in chord:
            _tone(
                canvas, time_s, 57 + step, long_s, 0.12 if kind == "soft" else 0.2, 0.012 if kind == "soft" else 0.004
            )
        _tone(canvas, time_s, 33 + chord[0], long_s, 0.35, 0.004)
    elif kind == "soft":
        _tone(canvas, time_s, 69 + chord[beat % 3], length_s * 1.5, 0.16, 0.008)
    if kind == "click":
        _noise(canvas, time_s, 0.02, 0.4 if beat else 0.55, random)
    if kind != "band" or is_end:
        return
    if beat == 0 or (beats_per_bar == 4 and beat == 2):
        _kick(canvas, time_s, 0.9 if beat == 0 else 0.7)
    if (beats_per_bar == 4 and beat in (1, 3)) or (beats_per_bar == 3 and beat):
        _noise(canvas, time_s, 0.12, 0.35 if beats_per_bar == 4 else 0.2, random)
    if section != 0:
        _noise(canvas, time_s, 0.03, 0.12, random, is_high=True)
        _noise(canvas, time_s + swing * length_s, 0.03, 0.1, random, is_high=True)


def _add(canvas: np.ndarray, time_s: float, sound: np.ndarray, pan: float = 0.0) -> None:
    start = round(time_s * RATE_HZ)
    sound = sound[: canvas.shape[1] - start]
    canvas[0, start : start + len(sound)] += (1 - pan) * sound
    canvas[1, start : start + len(sound)] += (1 + pan) * sound


def _tone(canvas: np.ndarray, time_s: float, pitch: int, length_s: float, level: float, attack_s: float) -> None:
    time = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    hz = 440 * 2 ** ((pitch - 69) / 12)
    tone = sum(np.sin(2 * np.pi * hz * n * time) / n**1.5 for n in range(1, 6))
    shape = np.minimum(time / attack_s, 1) * np.exp(-2.2 * time) * np.clip((length_s - time) / 0.02, 0, 1)
    _add(canvas, time_s, level * tone * shape, pan=0.2 if pitch > 50 else 0.0)


def _noise(canvas: np.ndarray, time_s: float, length_s: float, level: float, random, *, is_high: bool = False) -> None:
    time = np.arange(round(4 * length_s * RATE_HZ)) / RATE_HZ
    noise = random.standard_normal(len(time) + 1)
    noise = np.diff(noise) if is_high else noise[1:]
    _add(canvas, time_s, level * noise * np.exp(-time / length_s * 3))


def _kick(canvas: np.ndarray, time_s: float, level: float) -> None:
    time = np.arange(round(0.25 * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * (50 * time + 100 * 0.03 * (1 - np.exp(-time / 0.03)))
    _add(canvas, time_s, level * np.sin(phase + 0.6) * np.exp(-time * 14))
