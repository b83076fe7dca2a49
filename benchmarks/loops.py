"""A detector of loops: does a sound repeat itself exactly, whatever its swells and rhythms do?"""

from __future__ import annotations

import numpy as np

HOP_S = 0.010
_WINDOW = 2048
_BANDS = 64
_LOW_HZ, _HIGH_HZ = 60.0, 16000.0
# swells slower than this are taken out: waves and gusts come again without being the same
_DETAIL_S = 0.5
# a repeat is looked for from here on, and as long as a quarter of the sound is left to compare
_SHORTEST_S = 1.0
_LONGEST_SHARE = 0.75
# fine structure that is a copy correlates at 0.8 and more, independent noise at 0.02 (both measured beside every run)
FOUND = 0.5


def repetition(sound: np.ndarray, *, sample_rate_hz: int = 48000) -> tuple[float, float]:
    """How much a sound is a copy of itself at the lag where it is most.

    Parameters
    ----------
    sound : float32 [samples]

    Returns
    -------
    correlation : float
        Of the fine structure of its log-mel spectrogram with itself, -1..1; above `FOUND` it is a loop.
    lag_s : float
    """
    detail = _detail(_log_mel(sound, sample_rate_hz))
    frames = detail.shape[1]
    size = 1 << int(np.ceil(np.log2(2 * frames)))
    spectrum = np.fft.rfft(detail, size, axis=1)
    match = np.fft.irfft((np.abs(spectrum) ** 2).sum(axis=0), size)[:frames]
    # energy of the two overlapping parts at each lag
    energy = np.concatenate([[0.0], np.cumsum((detail**2).sum(axis=0))])
    lag = np.arange(frames)
    head, tail = energy[frames - lag], energy[frames] - energy[lag]
    share = match / np.sqrt(np.maximum(head * tail, 1e-12))
    first, last = round(_SHORTEST_S / HOP_S), round(_LONGEST_SHARE * frames)
    best = first + int(np.argmax(share[first:last]))
    return float(share[best]), best * HOP_S


def _log_mel(sound: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    # dB in bands evenly spaced in mel, [bands, frames]
    hop = round(HOP_S * sample_rate_hz)
    frames = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW).astype(np.float32), axis=1)) ** 2
    low, high = 2595 * np.log10(1 + np.asarray((_LOW_HZ, _HIGH_HZ)) / 700)
    mel = np.linspace(low, high, _BANDS + 1)
    edges = np.round(700 * (10 ** (mel / 2595) - 1) / sample_rate_hz * _WINDOW).astype(int)
    starts = np.minimum(edges[:-1], power.shape[1] - 1)
    bands = np.add.reduceat(power, starts, axis=1)
    return 10 * np.log10(bands.T + 1e-9)


def _detail(levels_db: np.ndarray) -> np.ndarray:
    # what changes fast, each band at the same weight, [bands, frames]
    from scipy.ndimage import uniform_filter1d

    detail = levels_db - uniform_filter1d(levels_db, round(_DETAIL_S / HOP_S), axis=1, mode="nearest")
    return detail / np.maximum(detail.std(axis=1, keepdims=True), 1e-6)
