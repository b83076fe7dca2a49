"""Tile: the keyed square of chips that is repeated over the picture, and finding it again."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import numpy as np

from pipeline.watermark.payload import CODE_LENGTH

# chips per side; about seven chips carry each code symbol
SIDE = 64
# Amplitudes of the two superposed parts; their squares sum to one. The code word gives out at a data correlation of
# about 15 deviations, where this sync still stands at 8.6, well above what the reader accepts.
SYNC_PART = 0.5
DATA_PART = 0.866
# chips; slower changes than this are seen first and read last, so the pattern has none
SLOWEST_SIGMA = 2.0


@dataclass(frozen=True)
class TileCode:
    """What a key decides about the tile."""

    # int8 [64, 64] of +-1: the known part, for finding the tile
    sync: np.ndarray
    # int [64, 64]: which code symbol each chip carries
    symbol: np.ndarray
    # int8 [64, 64] of +-1: whitens the data part
    sign: np.ndarray


@dataclass(frozen=True)
class SyncPeak:
    """Where a tile lies in a folded map, and how surely."""

    # correlation in standard deviations over random keys
    z: float
    shift_y: int
    shift_x: int


def tile_code(key: bytes) -> TileCode:
    """Draw the tile's sync, symbol places and signs from a key."""
    chips = SIDE * SIDE
    sync, sign, order = (_draw(key, label, chips) for label in (b"sync", b"sign", b"order"))
    symbol = np.empty(chips, dtype=np.intp)
    # a sorted draw is a uniform permutation; the same number of chips (give or take one) for every symbol
    symbol[np.argsort(order, kind="stable")] = np.arange(chips) % CODE_LENGTH
    return TileCode(_square(_signs(sync)), _square(symbol), _square(_signs(sign)))


def marked_tile(code: TileCode, symbols: np.ndarray) -> np.ndarray:
    """float32 [64, 64] with unit power: sync and code symbols (int8 [612] of +-1) superposed, high-passed."""
    import cv2

    chips = np.float32(SYNC_PART) * code.sync + np.float32(DATA_PART) * (code.sign * symbols[code.symbol])
    # neighbouring tiles are alike, so the blur must wrap round
    slow = cv2.GaussianBlur(np.tile(chips, (3, 3)), (0, 0), SLOWEST_SIGMA)[SIDE : 2 * SIDE, SIDE : 2 * SIDE]
    quick = chips - slow
    return quick / quick.std()


def spread(tile: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Repeat a tile over a map of the given size, from its top left corner."""
    return np.tile(tile, (-(-rows // SIDE), -(-columns // SIDE)))[:rows, :columns]


def fold(chip_map: np.ndarray) -> np.ndarray:
    """Sum a map [rows, columns] into one zero-mean tile, float32 [64, 64]."""
    rows, columns = chip_map.shape
    padded = np.pad(chip_map, ((0, -rows % SIDE), (0, -columns % SIDE)))
    tile = padded.reshape(padded.shape[0] // SIDE, SIDE, -1, SIDE).sum(axis=(0, 2))
    return (tile - tile.mean()).astype(np.float32)


def find_sync(code: TileCode, tile: np.ndarray) -> SyncPeak:
    """Correlate a folded tile with the sync at all 4096 cyclic shifts.

    The signs of the sync are independent of any picture that was not marked with the key, so the correlation of an
    unmarked tile is a sum of independent terms of known power: z is close to normal, and never more likely to be
    large than Hoeffding's bound exp(-z^2 / 2) a shift, whatever the picture shows.
    """
    power = float(np.square(tile, dtype=np.float64).sum())
    if power <= 0:
        return SyncPeak(0.0, 0, 0)
    product = np.fft.rfft2(tile) * np.conj(np.fft.rfft2(code.sync))
    correlation = np.fft.irfft2(product, s=tile.shape)
    shift_y, shift_x = np.unravel_index(int(correlation.argmax()), correlation.shape)
    return SyncPeak(float(correlation.max()) / power**0.5, int(shift_y), int(shift_x))


def soft_symbols(code: TileCode, tile: np.ndarray, peak: SyncPeak) -> np.ndarray:
    """float [612]: the code symbols of a folded tile whose place is known."""
    placed = np.roll(tile, (-peak.shift_y, -peak.shift_x), axis=(0, 1))
    # what is known of the tile must not disturb what is asked of it
    placed = placed - (placed * code.sync).mean() * code.sync
    return np.bincount(code.symbol.ravel(), weights=(placed * code.sign).ravel(), minlength=CODE_LENGTH)


def _draw(key: bytes, label: bytes, count: int) -> np.ndarray:
    seed = hmac.new(key, b"foleymark picture tile 1 " + label, hashlib.sha256).digest()
    return np.frombuffer(hashlib.shake_256(seed).digest(8 * count), dtype="<u8")


def _signs(draw: np.ndarray) -> np.ndarray:
    return (1 - 2 * (draw & 1).astype(np.int8)).astype(np.int8)


def _square(values: np.ndarray) -> np.ndarray:
    return values.reshape(SIDE, SIDE)
