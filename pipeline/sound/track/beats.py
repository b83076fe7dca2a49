"""Beats and bars of a track: level of the pulse, time of each beat to the millisecond, metre and downbeats."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.sound.track.features import ATTACK_S, COLOUR_S, FRAME_S, Features

# beats are looked for at these tempos; most music lies around the centre, an octave away is less usual
BPM_RANGE = (45.0, 210.0)
BPM_CENTRE, BPM_OCTAVES = 108.0, 1.0
CANDIDATES = 6
METRES = (4, 3)
# an attack belongs to a beat when it is at most this far from where the tracker put it
REACH_S = 0.04
# an attack of a level (natural logarithm) that rises by this in 4 ms is faint, and by this is one that anybody hears
FAINT_RISE, LEAST_RISE = 0.1, 0.3
# a fit that misses the attacks by less than this on average is stiff enough; ears hardly tell less apart
STIFF_MISS_S = 0.004
STIFFNESS = (math.inf, 3e5, 3e4, 3e3, 300.0, 30.0)
# below this the onsets are no steadier than those of noise and speech
STEADY = 0.35
# and at least this share of the beats has an attack of its own, this near: speech has onsets, but no grid holds them
HELD, HELD_S = 0.5, 0.015
FEWEST_BEATS = 6


@dataclass(frozen=True)
class Beats:
    """The grid of a track."""

    times_s: np.ndarray
    # beats in a bar, and the index of the first beat that begins one
    metre: int
    first_downbeat: int
    # 0..1: how much more happens on the beats than elsewhere
    steadiness: float
    # share of the beats with an attack of their own
    held: float

    @property
    def bpm(self) -> float:
        """The usual tempo."""
        return 60 / float(np.median(np.diff(self.times_s)))

    @property
    def phases(self) -> np.ndarray:
        """Place of each beat in its bar, 0 for a downbeat."""
        return (np.arange(len(self.times_s)) - self.first_downbeat) % self.metre

    @property
    def downbeats_s(self) -> np.ndarray:
        """Where bars begin."""
        return self.times_s[self.phases == 0]


def find_beats(features: Features) -> Beats | None:
    """The beats of a track, or None where there is no steady beat.

    Tempos that repeat (autocorrelation) are tracked by dynamic programming (librosa); each beat is then moved to the
    attack that it belongs to, and a curve as stiff as the attacks allow is laid through them, so that a constant tempo
    comes out constant and a drifting one is followed. Level of the pulse, metre and place of the downbeats are chosen
    together: bass, a change of harmony and of colour stand on downbeats.
    """
    if len(features.flux) * FRAME_S < 2.0 or features.loudness_lufs is None:
        return None
    onsets = _levelled(features.flux) + _levelled(features.beat_flux)
    tried = [_try(features, onsets, bpm) for bpm in _tempos(onsets)]
    found = [one for one in tried if one is not None]
    if not found:
        return None
    _, beats = max(found, key=lambda pair: pair[0])
    return beats if beats.steadiness >= STEADY and beats.held >= HELD else None


def _try(features: Features, onsets: np.ndarray, bpm: float) -> tuple[float, Beats] | None:
    times = _track(onsets, bpm)
    times = _within_sound(times, features)
    if len(times) < FEWEST_BEATS:
        return None
    times = _extended(_fitted(times, features), onsets)
    metre, first, contrast = _metre(times, features)
    strength = _at(onsets, times)
    steadiness = _steadiness(onsets, times)
    octaves = math.log2(60 / np.median(np.diff(times)) / BPM_CENTRE)
    usual = math.exp(-0.5 * (octaves / BPM_OCTAVES) ** 2)
    # beats of which every other one is weak are half beats: the root mean counts them less than a mean would
    evenly = float(np.sqrt(strength).mean()) ** 2
    score = evenly * math.sqrt(len(times)) * usual * (1 + min(contrast, 2.0))
    attacks, weights = _attacks(times, features)
    held = float(np.mean((np.abs(attacks - times) <= HELD_S) & (weights > LEAST_RISE)))
    return score, Beats(times, metre, first, steadiness, held)


# ------------------------------------------------------------------ tempo
def _levelled(flux: np.ndarray) -> np.ndarray:
    # against the usual level of some seconds around, so that a loud chorus does not count more than a quiet verse
    from scipy.ndimage import gaussian_filter1d

    local = gaussian_filter1d(flux, 4.0 / FRAME_S / 2, mode="nearest")
    return np.minimum(flux / (local + 0.1 * flux.mean() + 1e-9), 12.0)


def _tempos(onsets: np.ndarray) -> list[float]:
    """Tempos worth trying: periods at which the onsets repeat, with their halves, doubles and thirds."""
    from scipy.signal import find_peaks

    centred = onsets - onsets.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(centred, size)) ** 2
    repeats = np.fft.irfft(spectrum)[: len(centred)]
    repeats = repeats / (repeats[0] + 1e-12)
    lags = np.arange(1, min(round(60 / BPM_RANGE[0] / FRAME_S) + 2, len(repeats) // 2))
    bpm = 60 / (lags * FRAME_S)
    usual = np.exp(-0.5 * (np.log2(bpm / BPM_CENTRE) / (1.5 * BPM_OCTAVES)) ** 2)
    rated = np.where(bpm <= BPM_RANGE[1], repeats[lags] * usual, 0)
    peaks, _ = find_peaks(np.maximum(rated, 0))
    best = bpm[sorted(peaks, key=lambda index: -rated[index])[:CANDIDATES]]
    wanted: list[float] = []
    for tempo in (factor * one for one in best for factor in (1, 2, 0.5, 1.5, 3, 1 / 3)):
        if BPM_RANGE[0] <= tempo <= BPM_RANGE[1] and all(abs(tempo / other - 1) > 0.03 for other in wanted):
            wanted.append(float(tempo))
    return wanted[: 2 * CANDIDATES]


def _track(onsets: np.ndarray, bpm: float) -> np.ndarray:
    import librosa

    # ten milliseconds are enough for the tracker: what it finds is moved to the attacks anyway
    halved = onsets[: len(onsets) // 2 * 2].reshape(-1, 2).max(axis=1)
    _, frames = librosa.beat.beat_track(
        onset_envelope=halved.astype(np.float32),
        sr=round(1 / FRAME_S) * 100,
        hop_length=200,
        bpm=bpm,
        tightness=400,
        trim=False,
    )
    return frames * 2 * FRAME_S


def _within_sound(times: np.ndarray, features: Features) -> np.ndarray:
    # the tracker runs on through silence at both ends
    loud = np.flatnonzero(features.flux > 0.05 * features.flux.max())
    if not len(loud):
        return times[:0]
    return times[(times >= loud[0] * FRAME_S - 0.06) & (times <= loud[-1] * FRAME_S + 0.06)]


# ----------------------------------------------------------------- attacks
def _fitted(times: np.ndarray, features: Features) -> np.ndarray:
    """Beats on a smooth curve through the attacks near them, s."""
    attacks, weights = _attacks(times, features)
    if (weights > 0).sum() < 4:
        return times
    for stiffness in STIFFNESS:
        fitted = _smooth(attacks, weights, stiffness)
        miss = np.abs(fitted - attacks)
        if np.average(miss, weights=weights) <= STIFF_MISS_S or _median(miss, weights) <= STIFF_MISS_S / 2:
            break
    return fitted


def _extended(times: np.ndarray, onsets: np.ndarray) -> np.ndarray:
    """The grid led on at both ends as long as something is struck there: the tracker loses first and last beats."""
    least = 0.5 * float(np.median(_at(onsets, times)))
    grid = list(times)
    for end, step in ((-1, times[-1] - times[-2]), (0, times[0] - times[1])):
        while (
            -0.02 <= grid[end] + step < len(onsets) * FRAME_S and _at(onsets, np.array([grid[end] + step]))[0] > least
        ):
            grid.insert(len(grid) if end else 0, grid[end] + step)
    return np.array(grid)


def _attacks(times: np.ndarray, features: Features) -> tuple[np.ndarray, np.ndarray]:
    """Time of the sharpest rise near each beat, s, and how much it weighs."""
    from scipy.ndimage import uniform_filter1d

    level = np.log(uniform_filter1d(features.attack, 3) + 0.01 * features.attack.max() + 1e-9)
    rise = np.zeros_like(level)
    rise[2:-2] = np.maximum(level[4:] - level[:-4], 0)
    reach = round(REACH_S / ATTACK_S)
    places = np.round(times / ATTACK_S).astype(int)
    found, weights = times.copy(), np.zeros(len(times))
    for index, place in enumerate(places):
        first = max(place - reach, 0)
        near = rise[first : place + reach + 1]
        if len(near) and near.max() > FAINT_RISE:
            peak = int(near.argmax())
            # of equal rises the first one is found, half a step before their middle
            found[index], weights[index] = (first + peak + 1.0) * ATTACK_S, near[peak]
    return found, weights


def _smooth(attacks: np.ndarray, weights: np.ndarray, stiffness: float) -> np.ndarray:
    """Least squares with a penalty on changes of tempo (second differences), attacks far off losing their weight."""
    index = np.arange(len(attacks), dtype=float)
    current = weights.copy()
    fitted = attacks
    for _ in range(8):
        fitted = (
            np.polyval(np.polyfit(index, attacks, 1, w=np.sqrt(current + 1e-9)), index)
            if math.isinf(stiffness)
            else _penalised(attacks, current, stiffness)
        )
        miss = np.abs(fitted - attacks)
        scale = max(1.5 * _median(miss, weights), 0.002)
        current = weights / (1 + (miss / scale) ** 2) ** 2
    return fitted


def _penalised(attacks: np.ndarray, weights: np.ndarray, stiffness: float) -> np.ndarray:
    from scipy.linalg import solveh_banded

    count = len(attacks)
    bands = np.zeros((3, count))
    kernel = np.array([1.0, -2.0, 1.0])
    for offset in range(3):
        for row in range(3 - offset):
            # column row+offset of the product of the second-difference matrix with itself
            start = row + offset
            bands[2 - offset, start : start + count - 2] += stiffness * kernel[row] * kernel[start]
    bands[2] += weights + 1e-9
    return solveh_banded(bands, weights * attacks + 1e-9 * attacks)


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


# ------------------------------------------------------------------ metre
def _at(curve: np.ndarray, times: np.ndarray, reach: int = 4) -> np.ndarray:
    # the largest value within 20 ms of each time
    places = np.round(times / FRAME_S).astype(int)
    around = np.clip(places[:, None] + np.arange(-reach, reach + 1), 0, len(curve) - 1)
    return curve[around].max(axis=1)


def _steadiness(onsets: np.ndarray, times: np.ndarray) -> float:
    """How much of what happens lies on beats, against times drawn between them; 0..1."""
    spans = np.diff(times)
    between = np.concatenate([times[:-1] + share * spans for share in (0.2, 0.37, 0.63, 0.8)])
    on, off = float(np.median(_at(onsets, times))), float(np.median(_at(onsets, between)))
    return max(0.0, (on - off) / (on + off + 1e-9))


def beat_colours(times: np.ndarray, features: Features) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Harmony [n, 12], colour [n, 40] and level in dB [n] from each beat to the next."""
    last = len(features.power) - 1
    edges = np.clip(np.round(times / COLOUR_S).astype(int), 0, last)
    usual = max(round(float(np.median(np.diff(times))) / COLOUR_S), 1)
    ends = np.maximum(np.append(edges[1:], edges[-1] + usual), edges + 1)
    rows = [slice(first, end) for first, end in zip(edges, ends, strict=True)]
    chroma = np.stack([features.chroma[row].mean(axis=0) for row in rows])
    chroma /= np.linalg.norm(chroma, axis=1, keepdims=True) + 1e-9
    colour = np.stack([features.colour[row].mean(axis=0) for row in rows])
    level = np.array([10 * math.log10(features.power[row].mean() + 1e-9) for row in rows])
    return chroma, colour, level


def _metre(times: np.ndarray, features: Features) -> tuple[int, int, float]:
    """Beats in a bar, first downbeat, and how clearly bars stand out."""
    chroma, colour, _ = beat_colours(times, features)
    turns = np.concatenate([[0], 1 - (chroma[1:] * chroma[:-1]).sum(axis=1)])
    changes = np.concatenate([[0], np.abs(np.diff(colour, axis=0)).mean(axis=1)])
    marks = _rated(_at(features.bass_flux, times)) + 1.5 * _rated(turns) + 0.5 * _rated(changes)
    marks += 0.5 * _rated(_at(features.flux, times))
    best = (-math.inf, METRES[0], 0)
    for metre in METRES:
        for first in range(metre):
            on = marks[first::metre]
            off = np.delete(marks, np.s_[first::metre])
            # the error of the mean of few bars is large: a difference counts by its certainty
            spread = math.sqrt(marks.var() * (1 / len(on) + 1 / len(off))) + 1e-9
            best = max(best, ((on.mean() - off.mean()) / spread / math.sqrt(len(marks)), metre, first))
    return best[1], best[2], best[0]


def _rated(values: np.ndarray) -> np.ndarray:
    # few outliers shall not decide: 0..2
    return np.minimum(values / (values.mean() + 1e-9), 4.0) / 2
