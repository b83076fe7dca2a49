"""What is measured of a track, in one pass: onsets, bass onsets, colour, harmony and level; memory holds no sound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from pipeline.sound.mix.loudness import LoudnessMeter
from pipeline.sound.recordings.play import read_resampled

RATE_HZ = 24_000
# onsets every 5 ms, attacks every 1 ms, colour and harmony every 100 ms
HOP, ATTACK_HOP, COLOUR_FRAMES = 120, 24, 20
FRAME_S, ATTACK_S, COLOUR_S = HOP / RATE_HZ, ATTACK_HOP / RATE_HZ, HOP * COLOUR_FRAMES / RATE_HZ
WINDOW, CHROMA_WINDOW = 1024, 4096
BANDS = 40
# frames worked on at a time, 10 s
CHUNK_FRAMES = 2_000
# of a difference of log spectra: far enough apart that the window has taken the attack in
LAG_FRAMES = 3
BASS_HZ, BEAT_HZ = 160.0, 5_000.0
HARMONY_HZ = (80.0, 2_000.0)


@dataclass(frozen=True)
class Features:
    """Measurements of a whole track."""

    duration_s: float
    # spectral flux every 5 ms: of all bands, of those below 5 kHz, of the bass
    flux: np.ndarray
    beat_flux: np.ndarray
    bass_flux: np.ndarray
    # level of the rising sound every 1 ms, for the time of an attack
    attack: np.ndarray
    # every 100 ms: log band energies [n, 40], pitch classes [n, 12], power [n]
    colour: np.ndarray
    chroma: np.ndarray
    power: np.ndarray
    # None for a silent track
    loudness_lufs: float | None


def measure(sound: Any, *, on_progress: Callable[[float], None] | None = None) -> Features:
    """Measure an open track (`soundfile.SoundFile`) in chunks of ten seconds."""
    frames = max(int(sound.frames / sound.samplerate / FRAME_S), 1)
    meter = LoudnessMeter(RATE_HZ, 2)
    parts: list[tuple[np.ndarray, ...]] = []
    before = np.zeros((LAG_FRAMES, BANDS))
    for first in range(0, frames, CHUNK_FRAMES):
        count = min(CHUNK_FRAMES, frames - first)
        margin = CHROMA_WINDOW // 2
        stereo = read_resampled(sound, first * HOP - margin, count * HOP + 2 * margin, sound.samplerate, RATE_HZ)
        meter.add(stereo[:, margin:-margin])
        part, before = _chunk(stereo.mean(axis=0), count, margin, before)
        parts.append(part)
        if on_progress:
            on_progress((first + count) / frames)
    flux, beat_flux, bass_flux, attack, colour, chroma, power = (
        np.concatenate(one) for one in zip(*parts, strict=True)
    )
    return Features(
        duration_s=sound.frames / sound.samplerate,
        flux=flux,
        beat_flux=beat_flux,
        bass_flux=bass_flux,
        attack=attack,
        colour=colour,
        chroma=chroma,
        power=power,
        loudness_lufs=meter.integrated_lufs,
    )


def _chunk(mono: np.ndarray, count: int, margin: int, before: np.ndarray) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    spectra = _magnitudes(mono[margin - WINDOW // 2 :], WINDOW, HOP, count)
    bands = np.log1p(1_000 * (spectra @ _mel().T))
    joined = np.concatenate([before, bands])
    rise = np.maximum(joined[LAG_FRAMES:] - joined[:-LAG_FRAMES], 0)
    centres = _centres_hz()
    groups = (rise, rise[:, centres < BEAT_HZ], rise[:, centres < BASS_HZ])
    flux = tuple(group.mean(axis=1) for group in groups)
    # high frequencies rise first and sharpest
    body = np.diff(mono[margin - 1 : margin + count * HOP]) + 0.05 * mono[margin : margin + count * HOP]
    attack = np.sqrt((body.reshape(-1, ATTACK_HOP) ** 2).mean(axis=1))
    coarse = math.ceil(count / COLOUR_FRAMES)
    colour = _averaged(bands, coarse)
    power = _averaged((spectra**2).sum(axis=1)[:, None], coarse)[:, 0]
    chroma = _magnitudes(mono, CHROMA_WINDOW, HOP * COLOUR_FRAMES, coarse) @ _pitch_classes().T
    return (*flux, attack, colour, chroma, power), joined[-LAG_FRAMES:]


def _magnitudes(mono: np.ndarray, window: int, hop: int, count: int) -> np.ndarray:
    # [count, window // 2 + 1]; silence where the sound has ended
    mono = np.pad(mono, (0, max((count - 1) * hop + window - len(mono), 0)))
    views = np.lib.stride_tricks.sliding_window_view(mono, window)[::hop][:count]
    return np.abs(np.fft.rfft(views * np.hanning(window).astype(np.float32), axis=1)) * (2 / window)


def _averaged(values: np.ndarray, groups: int) -> np.ndarray:
    # the last group may be short
    edges = np.arange(groups) * COLOUR_FRAMES
    counts = np.diff([*edges, len(values)])
    return np.add.reduceat(values, edges, axis=0) / counts[:, None]


@cache
def _mel() -> np.ndarray:
    import librosa

    return librosa.filters.mel(sr=RATE_HZ, n_fft=WINDOW, n_mels=BANDS, fmin=30.0)


@cache
def _centres_hz() -> np.ndarray:
    import librosa

    return librosa.mel_frequencies(n_mels=BANDS + 2, fmin=30.0, fmax=RATE_HZ / 2)[1:-1]


@cache
def _pitch_classes() -> np.ndarray:
    # [12, bins]: each bin to the class of its pitch (A 440)
    hz = np.arange(1, CHROMA_WINDOW // 2 + 1) * RATE_HZ / CHROMA_WINDOW
    classes = np.round(69 + 12 * np.log2(hz / 440)).astype(int) % 12
    is_heard = (hz >= HARMONY_HZ[0]) & (hz <= HARMONY_HZ[1])
    table = (classes[None, :] == np.arange(12)[:, None]) & is_heard
    return np.concatenate([np.zeros((12, 1)), table], axis=1)
