"""Search: the speeds, tempos and pitches a copy may have been given, tried on its spectrogram."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipeline.watermark.sound import cells
from pipeline.watermark.sound.evidence import STEPS, evidence, fold
from pipeline.watermark.sound.tile import LENGTH, SoundPatterns, SoundPeak, find_sync

# factors that players and editors offer without ruining the sound
SPEEDS = (0.9, 1.1)
TEMPOS = (0.8, 1.25)
PITCHES = (2 ** (-2 / 12), 2 ** (2 / 12))
# Half of this is the most that a searched pitch is off; at 6.9 kHz it moves a band by a sixth of its width.
PITCH_STEP = 0.01
# cells by which neighbouring tempos differ at the end of the sound
TEMPO_STEP_CELLS = 0.7
# a tempo this near to one is named so
LEAST_TEMPO_CHANGE = 0.002
# hypotheses that are looked at more closely
FINALISTS = 3


@dataclass(frozen=True)
class Warp:
    """What was done to a sound's time and frequency; factors."""

    tempo: float = 1.0
    pitch: float = 1.0

    @property
    def sentence(self) -> str:
        """In words, e.g. "speed 1.05" or "pitch -1.0 semitones"."""
        semitones = round(12 * math.log2(self.pitch), 1)
        same_tempo = abs(self.tempo - 1) < LEAST_TEMPO_CHANGE
        if not same_tempo and abs(self.tempo / self.pitch - 1) <= PITCH_STEP / 2:
            return f"speed {self.tempo:.3f}"
        parts = [] if same_tempo else [f"tempo {self.tempo:.3f}"]
        parts += [f"pitch {semitones:+.1f} semitones"] if semitones else []
        return ", ".join(parts) or "as marked"


@dataclass(frozen=True)
class Match:
    """One warp undone, and what was found."""

    warp: Warp
    peak: SoundPeak
    # float32 [4, 120, 32]
    tiles: np.ndarray


# places in the tile that every pattern is tried at in a fold
TRIES_PER_FOLD = STEPS * LENGTH


def search(power: np.ndarray, patterns: SoundPatterns, sample_rate_hz: int) -> tuple[list[Match], int]:
    """Undo every warp and look for the sync.

    Parameters
    ----------
    power : float32 [steps, bins]
        `Spectrogram`.

    Returns
    -------
    list of Match
        The likeliest warps, best first.
    int
        How many places were tried in all; the threshold pays for each.
    """
    step = TEMPO_STEP_CELLS * STEPS / max(len(power), 1)
    pitches = _geometric(PITCHES, PITCH_STEP)
    best: list[tuple[float, int, Warp]] = []
    folds = 0
    for pitch in pitches:
        found = warped_evidence(power, sample_rate_hz, Warp(pitch=pitch))
        for tempo in _tempos(pitch, step):
            peak = find_sync(patterns, fold(found, tempo))
            folds += 1
            entry = (peak.z, folds, Warp(tempo, pitch))
            (heapq.heappush if len(best) < FINALISTS else heapq.heappushpop)(best, entry)
    finals = [warp for _, _, warp in sorted(best, reverse=True)]
    matches = []
    for warp in finals:
        tried = list(_closer(warp, power, patterns, sample_rate_hz, step))
        folds += len(tried)
        matches.append(max(tried, key=lambda match: match.peak.z))
    return sorted(matches, key=lambda match: -match.peak.z), folds * TRIES_PER_FOLD * len(patterns)


def warped_evidence(power: np.ndarray, sample_rate_hz: int, warp: Warp) -> np.ndarray:
    """`evidence` of bands that lie where the warp's pitch put them; its tempo is left to `fold`."""
    weights = cells.band_weights(sample_rate_hz, warp.pitch)[: power.shape[1]]
    return evidence(power, weights, frame_samples=cells.frame_samples(sample_rate_hz))


def match(power: np.ndarray, patterns: SoundPatterns, sample_rate_hz: int, warp: Warp) -> Match:
    """One warp undone."""
    tiles = fold(warped_evidence(power, sample_rate_hz, warp), warp.tempo)
    return Match(warp, find_sync(patterns, tiles), tiles)


def _tempos(pitch: float, step: float) -> list[float]:
    """Tempos that go with a pitch: the pitch alone, the speed that gives this pitch, and at pitch 1 any tempo."""
    if pitch == 1:
        return _geometric(TEMPOS, step)
    tempos = [math.exp(off * step) for off in (-1, 0, 1)]
    if SPEEDS[0] * (1 - PITCH_STEP) < pitch < SPEEDS[1] * (1 + PITCH_STEP):
        tempos += [pitch * ratio for ratio in _geometric((1 - PITCH_STEP / 2, 1 + PITCH_STEP / 2), step)]
    return tempos


def _closer(
    warp: Warp, power: np.ndarray, patterns: SoundPatterns, sample_rate_hz: int, step: float
) -> Iterator[Match]:
    """The neighbourhood of a warp at half the steps; two turns, since pitch and tempo do not disturb each other."""
    around = [replace(warp, pitch=warp.pitch * ratio) for ratio in (1 - PITCH_STEP / 2, 1 - PITCH_STEP / 4, 1)]
    around += [replace(warp, pitch=warp.pitch * ratio) for ratio in (1 + PITCH_STEP / 4, 1 + PITCH_STEP / 2)]
    tried = [match(power, patterns, sample_rate_hz, one) for one in around]
    best = max(tried, key=lambda one: one.peak.z).warp
    found = warped_evidence(power, sample_rate_hz, best)
    for off in (-0.75, -0.5, -0.25, 0.25, 0.5, 0.75):
        tiles = fold(found, best.tempo * math.exp(off * step))
        tried.append(Match(replace(best, tempo=best.tempo * math.exp(off * step)), find_sync(patterns, tiles), tiles))
    yield from tried


def _geometric(limits: tuple[float, float], step: float) -> list[float]:
    """Factors from low to high, one of them 1, each exp(step) times the one before."""
    low, high = (math.log(limit) / step for limit in limits)
    return [math.exp(index * step) for index in range(math.floor(low), math.ceil(high) + 1)]
