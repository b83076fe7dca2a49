"""Sound mark: keyed gains, too small to hear, on cells of time and frequency."""

from __future__ import annotations

import math

import numpy as np

from pipeline.errors import UsageError
from pipeline.records import Payload
from pipeline.watermark.sound import cells, masking, tile
from pipeline.watermark.sound.reader import SoundReader, read_sound
from pipeline.watermark.sound.steadiness import Wandering

__all__ = ["PROFILES", "STEP_UP", "SoundMarker", "SoundReader", "choose_sound_strength", "read_sound"]

# root mean square gain of a cell in dB, where the sound masks it
PROFILES = {"subtle": 0.8, "balanced": 1.2, "strong": 1.7}
# short clips have less of the mark to sum up
SHORT_S, SHORT_GAIN_MOST = 9.0, 1.35
# factor to the next stronger notch when an encoded file does not read back
STEP_UP = 1.3
# how many frames are worked on at a time
BATCH_FRAMES = 512


def choose_sound_strength(duration_s: float, *, profile: str = "balanced") -> float:
    """Strength in dB for a clip of this length; UsageError when there is no such profile."""
    if profile not in PROFILES:
        raise UsageError(f"There is no mark profile {profile!r}; use one of {', '.join(PROFILES)}.")
    short = min(SHORT_GAIN_MOST, max(1.0, (SHORT_S / max(duration_s, 0.1)) ** 0.5))
    return PROFILES[profile] * short


class SoundMarker:
    """Adds one mark to a sound, block by block.

    Parameters
    ----------
    sample_rate_hz : int
        4,000 to 768,000; the mark is made at this rate, nothing is resampled.
    channels : int
        All carry the same mark, each under its own masking.
    payload, key
        What the mark says, and the mark key.
    strength : float
        Root mean square gain of a cell in dB; see `choose_sound_strength`.

    Raises
    ------
    ValueError
        When rate, channels or payload are impossible.
    """

    def __init__(self, sample_rate_hz: int, channels: int, *, payload: Payload, key: bytes, strength: float) -> None:
        if channels < 1:
            raise ValueError(f"a sound has at least one channel, not {channels}")
        self._rate_hz = cells.validate_rate(sample_rate_hz)
        self._chips = tile.sound_tile(tile.sound_patterns([key]), payload)
        self._strength = strength
        self._frame_samples = cells.frame_samples(sample_rate_hz)
        self._window = cells.hann_root(self._frame_samples)
        weights = cells.band_weights(sample_rate_hz)
        # above the highest band there is nothing to compute
        self._bins = int(np.flatnonzero(weights.any(axis=1)).max()) + 1
        self._weights = weights[: self._bins]
        self._hop = cells.CELL_S / 2 * sample_rate_hz
        self._wandering = Wandering(channels, cells.BANDS)
        # sound from the start of the next frame on, and the change that earlier frames made to it; the first frame
        # begins half a frame before the sound, so that its first samples are covered twice like all others
        self._waiting = np.zeros((channels, self._frame_samples // 2), dtype=np.float32)
        self._change = np.zeros_like(self._waiting)
        self._start = -(self._frame_samples // 2)
        self._next_frame = 0
        self._sound_energy = self._change_energy = 0.0

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """Mark the next block.

        Parameters
        ----------
        block : float32 [channels, samples]
            Any number of samples; left as it is.

        Returns
        -------
        float32 [channels, samples]
            What is finished, which lags behind by up to 20 ms; `flush` gives the rest.
        """
        if block.ndim != 2 or len(block) != len(self._waiting):
            raise ValueError(f"the marker takes [{len(self._waiting)}, samples], not {list(block.shape)}")
        self._take(block)
        return self._give(self._mark_frames())

    def flush(self) -> np.ndarray:
        """The last samples; together as many come out as went in. The marker is used up."""
        rest = self._waiting.shape[1]
        self._take(np.zeros((len(self._waiting), 2 * self._frame_samples), dtype=np.float32))
        self._mark_frames()
        return self._give(rest)

    @property
    def snr_db(self) -> float:
        """Of all that was given out so far, sound over change; infinite when nothing was changed."""
        if not self._change_energy:
            return math.inf
        return 10 * math.log10(max(self._sound_energy, 1e-30) / self._change_energy)

    def _take(self, block: np.ndarray) -> None:
        self._waiting = np.concatenate([self._waiting, block], axis=1)
        self._change = np.pad(self._change, ((0, 0), (0, block.shape[1])))

    def _mark_frames(self) -> int:
        """Add the change of every complete frame; how many samples no later frame reaches."""
        last = self._start + self._waiting.shape[1] - self._frame_samples
        # rates like 22,050 Hz have no whole hop: frames are placed at the nearest sample
        until = max(self._next_frame, math.floor((last + self._frame_samples // 2 + 0.5) / self._hop) + 1)
        while until > self._next_frame and self._place(until - 1) > last:
            until -= 1
        clean = cells.usable(self._waiting)
        for first in range(self._next_frame, until, BATCH_FRAMES):
            self._add_frames(clean, np.arange(first, min(until, first + BATCH_FRAMES)))
        self._next_frame = until
        return max(0, min(self._place(until) - self._start, self._waiting.shape[1]))

    def _place(self, frame: int) -> int:
        """First sample of a frame, counted from the first sample of the sound."""
        return round(frame * self._hop) - self._frame_samples // 2

    def _add_frames(self, clean: np.ndarray, numbers: np.ndarray) -> None:
        starts = np.rint(numbers * self._hop).astype(int) - self._frame_samples // 2 - self._start
        places = starts[:, None] + np.arange(self._frame_samples)
        # [channels, frames, samples]
        frames = clean[:, places]
        spectrum = np.fft.rfft(frames * self._window)[..., : self._bins].astype(np.complex64)
        change = np.fft.irfft(spectrum * self._gains(frames, spectrum, numbers), n=self._frame_samples)
        change = (change * self._window).astype(np.float32)
        # every second frame: those do not overlap, so fancy indexing adds each sample once
        for half in (0, 1):
            self._change[:, places[half::2]] += change[:, half::2]

    def _gains(self, frames: np.ndarray, spectrum: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Gain less one of every bin that is kept, float32 [channels, frames, bins]."""
        chips = self._chips[numbers // 2 % tile.LENGTH]
        wanted_db = np.float32(self._strength) * masking.attack_share(frames, self._rate_hz)[..., None] * chips
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        most_db = masking.largest_gain_db(power, self._weights, frame_samples=self._frame_samples)
        most_db = np.minimum(most_db, self._wandering(cells.in_bands(power, self._weights)))
        gain_db = np.clip(wanted_db, -most_db, most_db)
        return np.expm1(cells.in_bands(gain_db, self._weights.T) * np.float32(math.log(10) / 20))

    def _give(self, samples: int) -> np.ndarray:
        sound, change = self._waiting[:, :samples], self._change[:, :samples]
        # nothing is pushed over full scale that was not there before
        limit = np.maximum(1, np.abs(sound))
        marked = np.where(np.isfinite(sound), np.clip(sound + change, -limit, limit), sound)
        usable = cells.usable(sound)
        self._sound_energy += float(np.square(usable, dtype=np.float64).sum())
        self._change_energy += float(np.square(cells.usable(marked) - usable, dtype=np.float64).sum())
        hidden = max(0, min(samples, -self._start))
        self._waiting, self._change = self._waiting[:, samples:].copy(), self._change[:, samples:].copy()
        self._start += samples
        return marked[:, hidden:].astype(np.float32)
