"""Sound tile: the keyed patterns of cells that a sound mark repeats, finding one again and reading it."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.records import Payload
from pipeline.watermark.payload import CODE_LENGTH, VARIANTS, decode_payload, encode_payload, variant_of
from pipeline.watermark.sound.cells import BANDS

# cells in time: 3 s, so that the shortest clip we promise anything for holds every symbol
LENGTH = 120
# Amplitudes of the two superposed parts; their squares sum to one. The code word gives out at a data correlation of
# about 11 deviations, where this sync still stands at 6.3 and a decoding is tried from 4.6 on.
SYNC_PART = 0.5
DATA_PART = 0.866


@dataclass(frozen=True)
class SoundPatterns:
    """What keys decide about the tile: a pattern for each variant of each key, every array [patterns, 120, 32]."""

    keys: tuple[bytes, ...]
    # int8 of +-1: the known part, for finding the tile
    sync: np.ndarray
    # which code symbol each chip carries
    symbol: np.ndarray
    # int8 of +-1: whitens the data part
    sign: np.ndarray
    # complex64 [61, 32, patterns]: transform of the sync over time, conjugated
    sync_spectrum: np.ndarray

    def key_of(self, pattern: int) -> bytes:
        """The key that a pattern was drawn from."""
        return self.keys[pattern // VARIANTS]

    def __len__(self) -> int:
        return len(self.sync)


@dataclass(frozen=True)
class SoundPeak:
    """Where a tile lies in folded evidence, and how surely."""

    # correlation in standard deviations over random keys
    z: float
    # which of the patterns, which of the sub-cell phases, and by how many cells
    pattern: int
    phase: int
    shift: int


def sound_patterns(keys: Sequence[bytes]) -> SoundPatterns:
    """Draw sync, symbol places and signs of every variant from the keys, apart from those of the picture."""
    drawn = [_one_pattern(key, variant) for key in keys for variant in range(VARIANTS)]
    sync, symbol, sign = (np.stack(arrays) for arrays in zip(*drawn, strict=True))
    spectrum = np.conj(np.fft.rfft(sync, axis=1)).transpose(1, 2, 0)
    return SoundPatterns(tuple(keys), sync, symbol, sign, np.ascontiguousarray(spectrum, dtype=np.complex64))


def sound_tile(patterns: SoundPatterns, payload: Payload, *, key_index: int = 0) -> np.ndarray:
    """float32 [120, 32] with unit power: sync and the payload's code word superposed."""
    pattern = key_index * VARIANTS + variant_of(payload)
    symbols = encode_payload(payload, key=patterns.keys[key_index])
    data = patterns.sign[pattern] * symbols[patterns.symbol[pattern]]
    return np.float32(SYNC_PART) * patterns.sync[pattern] + np.float32(DATA_PART) * data


def find_sync(patterns: SoundPatterns, tiles: np.ndarray) -> SoundPeak:
    """Correlate folded evidence with every pattern's sync at every cyclic shift.

    The signs of a sync are independent of any sound that was not marked with its key, so a correlation is a sum of
    independent terms of known power: never more likely to exceed z than Hoeffding's bound exp(-z^2 / 2), whatever
    is heard.

    Parameters
    ----------
    tiles : float32 [phases, 120, 32]
        One folded tile for each sub-cell phase.
    """
    power = np.square(tiles, dtype=np.float64).sum(axis=(1, 2))
    spectrum = np.fft.rfft(tiles, axis=1).transpose(1, 0, 2)
    # [shifts, phases, patterns]
    correlation = np.fft.irfft(spectrum @ patterns.sync_spectrum, n=LENGTH, axis=0)
    z = correlation / np.sqrt(np.where(power > 0, power, np.inf))[:, None]
    shift, phase, pattern = np.unravel_index(int(z.argmax()), z.shape)
    return SoundPeak(float(z[shift, phase, pattern]), int(pattern), int(phase), int(shift))


def read_tile(patterns: SoundPatterns, tiles: np.ndarray, peak: SoundPeak) -> Payload | None:
    """The payload of folded evidence whose place is known, or None when its check fails."""
    payload = decode_payload(soft_symbols(patterns, tiles, peak), key=patterns.key_of(peak.pattern))
    # every id has its own variant: three more bits that chance must hit
    return payload if payload is not None and variant_of(payload) == peak.pattern % VARIANTS else None


def soft_symbols(patterns: SoundPatterns, tiles: np.ndarray, peak: SoundPeak) -> np.ndarray:
    """float [612]: the code symbols of folded evidence whose place is known."""
    sync, symbol, sign = (part[peak.pattern] for part in (patterns.sync, patterns.symbol, patterns.sign))
    placed = np.roll(tiles[peak.phase], -peak.shift, axis=0)
    # what is known of the tile must not disturb what is asked of it
    placed = placed - (placed * sync).mean() * sync
    return np.bincount(symbol.ravel(), weights=(placed * sign).ravel(), minlength=CODE_LENGTH)


def threshold(tries: int, *, chance: float) -> float:
    """The z that the best of so many tries on an unmarked sound reaches with at most this chance (Hoeffding)."""
    return math.sqrt(2 * math.log(max(tries, 1) / chance))


def _one_pattern(key: bytes, variant: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chips = LENGTH * BANDS
    sync, sign, order = (_draw(key, variant, label, chips) for label in (b"sync", b"sign", b"order"))
    symbol = np.empty(chips, dtype=np.intp)
    # a sorted draw is a uniform permutation; the same number of chips (give or take one) for every symbol
    symbol[np.argsort(order, kind="stable")] = np.arange(chips) % CODE_LENGTH
    return _square(_signs(sync)), _square(symbol), _square(_signs(sign))


def _draw(key: bytes, variant: int, label: bytes, count: int) -> np.ndarray:
    seed = hmac.new(key, b"foleymark sound tile 2 " + bytes([variant]) + label, hashlib.sha256).digest()
    return np.frombuffer(hashlib.shake_256(seed).digest(8 * count), dtype="<u8")


def _signs(draw: np.ndarray) -> np.ndarray:
    return (1 - 2 * (draw & 1).astype(np.int8)).astype(np.int8)


def _square(values: np.ndarray) -> np.ndarray:
    return values.reshape(LENGTH, BANDS)
