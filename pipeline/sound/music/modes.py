"""Decaying partials: the sum of many damped sines as one product of two matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# natural logarithm of 60 dB
LN_60_DB = 6.908
# samples in a row of the product; the work is least where rows and columns are alike
_ROW = 256
# a partial this far down (nepers) is left at that, so that no number gets too small to be quick
_DEEPEST = 40.0
# in each of these stretches only the partials take part that are still heard (decay times after which one is not)
_STRETCHES = (0.0, 0.03, 0.06, 0.1, 0.15, 0.22, 0.3, 0.42, 0.55, 0.75, 1.0)
_HEARD = 1.2
# products of this size are worked out by one thread (OpenBLAS): more would cost more than they save, and one thread
# always adds in the same order
_PRODUCT = 1 << 18


def ring(
    frequency_hz: np.ndarray,
    decay_s: np.ndarray,
    level: np.ndarray,
    *,
    phase: np.ndarray,
    count: int,
    sample_rate_hz: int,
) -> np.ndarray:
    """Sum damped sines.

    A damped sine over ``a * row + b`` samples is a power over `a` times a power over `b`, so the whole sum is a matrix
    product and needs two exponentials per partial and row instead of one per sample.

    Parameters
    ----------
    frequency_hz, decay_s : float [partials]
        Decay is the time to fall by 60 dB.
    level, phase : float [sounds, partials]
        Amplitude and phase in rad at the first sample.
    count : int
        Samples.

    Returns
    -------
    float32 [sounds, count]
    """
    import numpy as np

    step = np.arange(_ROW) / sample_rate_hz
    fine = np.exp((2j * np.pi * frequency_hz - LN_60_DB / decay_s)[:, None] * step)  # [partials, row]
    starts = level * np.exp(1j * phase)
    result = np.zeros((len(level), -(-count // _ROW) * _ROW), dtype=np.float32)
    edges = sorted({int(share * result.shape[1]) // _ROW for share in _STRETCHES})
    for first, last in zip(edges, edges[1:], strict=False):
        time = np.arange(first, last)[:, None] * _ROW / sample_rate_hz
        alive = decay_s * _HEARD > time[0, 0]
        fall = np.minimum(LN_60_DB * time / decay_s[alive], _DEEPEST)
        coarse = np.exp(-fall + 2j * np.pi * ((frequency_hz[alive] * time) % 1.0))  # [rows, partials]
        left = np.concatenate([coarse.real, -coarse.imag], axis=1).astype(np.float32)
        bunch = max(1, _PRODUCT // (left.shape[1] * _ROW))
        for sound, start in zip(result, starts[:, alive], strict=True):
            right = start[:, None] * fine[alive]
            # the imaginary part: a sine that starts at its phase
            turned = np.concatenate([right.imag, -right.real]).astype(np.float32)
            for top in range(0, last - first, bunch):
                place = (first + top) * _ROW
                piece = (left[top : top + bunch] @ turned).ravel()
                sound[place : place + len(piece)] = piece
    return result[:, :count]
