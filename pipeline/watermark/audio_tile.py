"""Sound tile: the keyed pattern of cells that a sound mark repeats, and finding it again."""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass

import numpy as np

from pipeline.watermark.audio_cells import BANDS
from pipeline.watermark.payload import CODE_LENGTH

# cells in time: 3 s, so that the shortest clip we promise anything for holds every symbol
LENGTH = 120
# Amplitudes of the two superposed parts; their squares sum to one. The code word gives out at a data correlation of
# about 11 deviations, where this sync still stands at 6.3 and a decoding is tried from 4.6 on.
SYNC_PART = 0.5
DATA_PART = 0.866


@dataclass(frozen=True)
class SoundTileCode:
    """What a key decides about the tile; every array is [120, 32]."""

    # int8 of +-1: the known part, for finding the tile
    sync: np.ndarray
    # which code symbol each chip carries
    symbol: np.ndarray
    # int8 of +-1: whitens the data part
    sign: np.ndarray


@dataclass(frozen=True)
class SoundPeak:
    """Where a tile lies in folded evidence, and how surely."""

    # correlation in standard deviations over random keys
    z: float
    # which of the sub-cell phases, and by how many cells
    phase: int
    shift: int


def sound_tile_code(key: bytes) -> SoundTileCode:
    """Draw sync, symbol places and signs from a key, apart from those of the picture."""
    chips = LENGTH * BANDS
    sync, sign, order = (_draw(key, label, chips) for label in (b"sync", b"sign", b"order"))
    symbol = np.empty(chips, dtype=np.intp)
    # a sorted draw is a uniform permutation; the same number of chips (give or take one) for every symbol
    symbol[np.argsort(order, kind="stable")] = np.arange(chips) % CODE_LENGTH
    return SoundTileCode(_square(_signs(sync)), _square(symbol), _square(_signs(sign)))


def sound_tile(code: SoundTileCode, symbols: np.ndarray) -> np.ndarray:
    """float32 [120, 32] with unit power: sync and code symbols (int8 [612] of +-1) superposed."""
    return np.float32(SYNC_PART) * code.sync + np.float32(DATA_PART) * (code.sign * symbols[code.symbol])


def find_sync(code: SoundTileCode, tiles: np.ndarray) -> SoundPeak:
    """Correlate folded evidence with the sync at every cyclic shift.

    The signs of the sync are independent of any sound that was not marked with the key, so a correlation is a sum of
    independent terms of known power: never more likely to exceed z than Hoeffding's bound exp(-z^2 / 2), whatever
    is heard.

    Parameters
    ----------
    tiles : float [phases, 120, 32]
        One folded tile for each sub-cell phase.
    """
    power = np.square(tiles, dtype=np.float64).sum(axis=(1, 2))
    spectrum = np.fft.rfft(tiles, axis=1) * np.conj(_sync_spectrum(code))
    correlation = np.fft.irfft(spectrum.sum(axis=2), n=LENGTH, axis=1)
    z = correlation / np.sqrt(np.where(power > 0, power, np.inf))[:, None]
    phase, shift = np.unravel_index(int(z.argmax()), z.shape)
    return SoundPeak(float(z[phase, shift]), int(phase), int(shift))


def soft_symbols(code: SoundTileCode, tiles: np.ndarray, peak: SoundPeak) -> np.ndarray:
    """float [612]: the code symbols of folded evidence whose place is known."""
    placed = np.roll(tiles[peak.phase], -peak.shift, axis=0)
    # what is known of the tile must not disturb what is asked of it
    placed = placed - (placed * code.sync).mean() * code.sync
    return np.bincount(code.symbol.ravel(), weights=(placed * code.sign).ravel(), minlength=CODE_LENGTH)


def threshold(tries: int, *, chance: float) -> float:
    """The z that the best of so many tries on an unmarked sound reaches with at most this chance (Hoeffding)."""
    return math.sqrt(2 * math.log(max(tries, 1) / chance))


def _sync_spectrum(code: SoundTileCode) -> np.ndarray:
    return np.fft.rfft(code.sync, axis=0)


def _draw(key: bytes, label: bytes, count: int) -> np.ndarray:
    seed = hmac.new(key, b"foleymark sound tile 1 " + label, hashlib.sha256).digest()
    return np.frombuffer(hashlib.shake_256(seed).digest(8 * count), dtype="<u8")


def _signs(draw: np.ndarray) -> np.ndarray:
    return (1 - 2 * (draw & 1).astype(np.int8)).astype(np.int8)


def _square(values: np.ndarray) -> np.ndarray:
    return values.reshape(LENGTH, BANDS)
