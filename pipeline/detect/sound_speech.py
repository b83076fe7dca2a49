"""Is anybody speaking, and when? Voiced parts are then asked for the traces of a vocoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

if TYPE_CHECKING:
    from numpy.typing import NDArray

# voices are found in a narrow copy: pitch and the first formants lie below 4 kHz
VOICE_RATE_HZ = 8_000
FRAME, HOP = 320, 80
# from a low man's voice to a child's (Baken and Orlikoff 2000)
PITCH_HZ = (70, 400)
# rumble looks pitched; the harmonics of a voice reach well above it
RUMBLE_HZ = 250.0
# autocorrelation at the pitch, corrected for the window (Boersma 1993 calls frames above .45 voiced)
VOICED = 0.55
# quieter frames are background
BELOW_LOUDEST_DB = 30.0
# A held note moves less than this in 10 ms, a leap between notes more; a voice glides in between.
GLIDE_SEMITONES = (0.04, 0.9)
# of a quarter of a second, so much has to be voiced, and so much of its pitch has to glide
VOICED_SHARE, GLIDING_SHARE = 0.30, 0.5
# levels within a window of speech vary; a drone does not
LEVEL_SPREAD_DB = 2.0
# as little as this is a bird, a squeaking door or chance
MIN_VOICE_SHARE, MIN_VOICE_WINDOWS = 0.30, 4


@dataclass(frozen=True)
class Voice:
    """Where somebody speaks."""

    # bool [windows]
    speaking: NDArray[np.bool_]
    # median pitch of the voiced frames there, 0 without
    pitch_hz: float

    @property
    def share(self) -> float:
        return float(self.speaking.mean()) if self.speaking.size else 0.0

    @property
    def present(self) -> bool:
        return self.share >= MIN_VOICE_SHARE and int(self.speaking.sum()) >= MIN_VOICE_WINDOWS


def find_voice(windows: NDArray[np.float32], rate_hz: int) -> Voice:
    """Tell which windows, float32 [n, samples], hold speech: a pitch that glides, comes and goes.

    Notes
    -----
    A rule, not a model: single singers may pass, choirs and speech under loud music are missed.
    """
    narrow = _narrowed(windows, rate_hz)
    starts = range(0, narrow.shape[1] - FRAME + 1, HOP)
    frames = np.stack([narrow[:, start : start + FRAME] for start in starts], axis=1)
    level = 10 * np.log10(np.mean(frames**2, axis=2) + 1e-10)
    strength, pitch = _pitches(frames)
    voiced = (strength > VOICED) & (level > np.quantile(level, 0.98) - BELOW_LOUDEST_DB)
    semitones = 12 * np.log2(pitch)
    step = np.abs(np.diff(semitones, axis=1))
    both = voiced[:, 1:] & voiced[:, :-1]
    gliding = both & (step > GLIDE_SEMITONES[0]) & (step < GLIDE_SEMITONES[1])
    glides = gliding.sum(axis=1) >= GLIDING_SHARE * np.maximum(both.sum(axis=1), 1)
    speaking = (voiced.mean(axis=1) > VOICED_SHARE) & glides & (level.std(axis=1) > LEVEL_SPREAD_DB)
    there = pitch[speaking][voiced[speaking]]
    return Voice(speaking, float(np.median(there)) if there.size else 0.0)


def _narrowed(windows: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """The same at 8 kHz, [n, samples]."""
    size = round(windows.shape[1] * VOICE_RATE_HZ / rate_hz)
    spectra = fft.rfft(windows, axis=1)
    wanted = np.zeros((len(windows), size // 2 + 1), np.complex64)
    shared = min(wanted.shape[1], spectra.shape[1])
    wanted[:, :shared] = spectra[:, :shared]
    hz = np.arange(wanted.shape[1]) * rate_hz / windows.shape[1]
    wanted[:, hz < RUMBLE_HZ] = 0
    narrow: NDArray[np.float32] = fft.irfft(wanted, size, axis=1) * np.float32(size / windows.shape[1])
    return narrow


def _pitches(frames: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Strength (0 to 1) and pitch in Hz of each frame [windows, frames, samples]."""
    window = np.hanning(FRAME).astype(np.float32)
    first, last = VOICE_RATE_HZ // PITCH_HZ[1], VOICE_RATE_HZ // PITCH_HZ[0]
    shape = fft.irfft(np.abs(fft.rfft(window, 2 * FRAME)) ** 2)[: last + 2]
    centred = (frames - frames.mean(axis=2, keepdims=True)) * window
    likeness = fft.irfft(np.abs(fft.rfft(centred, 2 * FRAME, axis=2)) ** 2, axis=2)[..., : last + 2] / shape
    likeness = likeness / np.maximum(likeness[..., :1], 1e-12)
    inside = likeness[..., first : last + 1]
    best = inside.argmax(axis=2)
    middle, before, after = (
        np.take_along_axis(likeness, (best + first + shift)[..., None], axis=2)[..., 0] for shift in (0, -1, 1)
    )
    # a parabola through three points gives fractions of a sample
    bend = before - 2 * middle + after
    offset = np.clip(0.5 * (before - after) / np.where(np.abs(bend) < 1e-9, -1e-9, bend), -0.5, 0.5)
    # a peak at the end of the range is no peak
    peak = (middle >= before) & (middle >= after)
    return np.where(peak, middle, 0.0), VOICE_RATE_HZ / (best + first + offset)
