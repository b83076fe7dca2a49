"""Tile: the keyed square of chips that is repeated over the picture, and finding it again."""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass

import numpy as np

from pipeline.watermark.payload import CODE_LENGTH, VARIANTS

# chips per side; about seven chips carry each code symbol
SIDE = 64
# Waves that make up the sync, and the band they are drawn from in cycles per tile. Few waves stand out of the spectrum
# of a picture whatever its scale, turn and crop, so geometry is found without knowing the place; but z can never
# exceed the root of twice their number. Slower waves drown in the picture, quicker ones in the codec.
WAVES = 112
SLOWEST_WAVE, QUICKEST_WAVE = 11.0, 24.0
# Amplitudes of the two superposed parts; their squares sum to one. The code word gives out at a data correlation of
# about 15 deviations, where this sync still stands at 8.6 (a z of 7.3), above what the reader accepts.
SYNC_PART = 0.5
DATA_PART = 0.866
# Cycles per tile between which the data part lies, each edge from none to all: slower changes are seen first, and both
# slower and quicker ones are the first that a codec drops. At H.264 CRF 40 nothing was left of the mark above 28.
SLOW_EDGE, QUICK_EDGE = (4.0, 7.0), (32.0, 25.0)
# places are tried to half a chip
PLACES_PER_CHIP = 2
PLACES = SIDE * PLACES_PER_CHIP
# what one look at a folded tile tries: every place, every variant
TRIES_PER_TILE = PLACES**2 * VARIANTS
# no wave counts for more than so many times the root mean square of all: a picture's own stripes are no evidence
STRONGEST_WAVE = 2.0


@dataclass(frozen=True)
class TileCode:
    """What a key decides about its tiles: one set of waves, so that geometry is searched once, and eight patterns."""

    # int [112, 2]: cycles per tile down and across, across never negative
    waves: np.ndarray
    # complex64 [8, 112]: phase of each wave, of unit size
    phases: np.ndarray
    # int [8, 64, 64]: which code symbol each chip carries
    symbol: np.ndarray
    # int8 [8, 64, 64] of +-1: whitens the data part
    sign: np.ndarray


@dataclass(frozen=True)
class SyncPeak:
    """Where a tile lies in a folded map, and how surely."""

    # correlation in standard deviations over random keys, at most the root of 224
    z: float
    # chips, in halves
    shift_y: float
    shift_x: float
    # which of the key's patterns it is
    variant: int = 0


def tile_code(key: bytes) -> TileCode:
    """Draw the sync waves of a key, and the phases, symbol places and signs of its variants."""
    band = _band()
    waves = band[np.argsort(_draw(key, b"waves", len(band)), kind="stable")[:WAVES]]
    variants = [_variant(key, number) for number in range(VARIANTS)]
    phases, symbol, sign = (np.stack(parts) for parts in zip(*variants, strict=True))
    return TileCode(waves, phases, symbol, sign)


def sync_tile(code: TileCode, variant: int) -> np.ndarray:
    """float32 [64, 64] with unit power: the known part alone."""
    sync = np.fft.irfft2(_sparse(code, code.phases[variant], SIDE), s=(SIDE, SIDE))
    return (sync / sync.std()).astype(np.float32)


def marked_tile(code: TileCode, symbols: np.ndarray, variant: int) -> np.ndarray:
    """float32 [64, 64] with unit power: sync and code symbols (int8 [612] of +-1) superposed."""
    data = _data_part(code, np.fft.rfft2(code.sign[variant] * symbols[code.symbol[variant]]))
    both = np.float32(SYNC_PART) * sync_tile(code, variant) + np.float32(DATA_PART) * data / data.std()
    return both / both.std()


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
    """Correlate a folded tile with the sync of every variant at all cyclic shifts of half a chip.

    The phases of the waves are independent of any picture that was not marked with the key, so whatever the picture
    shows, the correlation of an unmarked tile is a sum of cosines of independent uniform angles with known weights.
    Its moments stay below those of a normal variable (the Bessel function I0(t) is at most exp(t^2 / 4)): no shift
    exceeds z with a chance of more than exp(-z^2 / 2).
    """
    import scipy.fft

    found = _at_waves(code, tile)
    mean_square = float(np.square(np.abs(found), dtype=np.float64).mean())
    if mean_square <= np.finfo(np.float32).tiny:
        return SyncPeak(0.0, 0.0, 0.0)
    size = np.abs(found)
    limited = found * np.minimum(1, STRONGEST_WAVE * mean_square**0.5 / np.maximum(size, np.finfo(np.float32).tiny))
    # the sum of the squares is one: the transform then counts in standard deviations
    limited /= (float(np.square(np.abs(limited), dtype=np.float64).sum()) / 2) ** 0.5
    waves = _sparse(code, limited * np.conj(code.phases), PLACES).astype(np.complex64)
    # every wave counts twice in a real transform, and the transform divides by the number of places
    z = scipy.fft.irfft2(waves, s=(PLACES, PLACES)) * np.float32(PLACES**2 / 2)
    variant, row, column = np.unravel_index(int(z.argmax()), z.shape)
    place = float(row) / PLACES_PER_CHIP, float(column) / PLACES_PER_CHIP
    return SyncPeak(float(z[variant, row, column]), *place, int(variant))


def soft_symbols(code: TileCode, tile: np.ndarray, peak: SyncPeak) -> np.ndarray:
    """float [612]: the code symbols of a folded tile whose place is known."""
    signed = _placed(code, tile, peak) * code.sign[peak.variant]
    return np.bincount(code.symbol[peak.variant].ravel(), weights=signed.ravel(), minlength=CODE_LENGTH)


def match_word(code: TileCode, tile: np.ndarray, peak: SyncPeak, symbols: np.ndarray) -> float:
    """z of a known code word (int8 [612] of +-1) in a folded tile whose place is known.

    The signs of the chips are independent of any picture that was not marked with the key, so that Hoeffding's bound
    holds here too: z is exceeded by chance at most once in exp(z^2 / 2).
    """
    placed = _placed(code, tile, peak)
    word = code.sign[peak.variant] * symbols[code.symbol[peak.variant]]
    power = float(np.square(placed, dtype=np.float64).sum())
    return float((placed * word).sum()) / power**0.5 if power > 0 else 0.0


def threshold(tries: float, *, chance: float) -> float:
    """The z that the best of so many tries on an unmarked picture reaches with at most this chance (Hoeffding)."""
    return math.sqrt(2 * math.log(max(tries, 1) / chance))


def _placed(code: TileCode, tile: np.ndarray, peak: SyncPeak) -> np.ndarray:
    """float32 [64, 64]: the data part of a folded tile, moved to its place."""
    # a tile repeats, so it moves by parts of a chip without any loss
    down, across = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    turn = np.exp(2j * np.pi * (down * peak.shift_y + across * peak.shift_x))
    return _data_part(code, np.fft.rfft2(tile) * turn)


def _data_part(code: TileCode, spectrum: np.ndarray) -> np.ndarray:
    """float32 [64, 64]: what a half spectrum holds in the data's band, the waves of the sync taken out.

    Making and reading share this, as a filter and the one matched to it.
    """
    radius = np.hypot(np.fft.fftfreq(SIDE, 1 / SIDE)[:, None], np.fft.rfftfreq(SIDE, 1 / SIDE)[None])
    share = np.clip((radius - SLOW_EDGE[0]) / (SLOW_EDGE[1] - SLOW_EDGE[0]), 0, 1)
    share *= np.clip((radius - QUICK_EDGE[0]) / (QUICK_EDGE[1] - QUICK_EDGE[0]), 0, 1)
    share[_sparse(code, np.ones(len(code.waves)), SIDE) != 0] = 0
    return np.fft.irfft2(spectrum * share, s=(SIDE, SIDE)).astype(np.float32)


def _at_waves(code: TileCode, tile: np.ndarray) -> np.ndarray:
    return np.fft.rfft2(tile)[code.waves[:, 0], code.waves[:, 1]]


def _sparse(code: TileCode, values: np.ndarray, side: int) -> np.ndarray:
    """Half spectra, complex [..., side, side // 2 + 1], with values [..., 112] at the waves only."""
    spectrum = np.zeros((*values.shape[:-1], side, side // 2 + 1), dtype=np.complex128)
    spectrum[..., code.waves[:, 0], code.waves[:, 1]] = values
    upright = code.waves[:, 1] == 0
    spectrum[..., -code.waves[upright, 0], 0] = np.conj(values[..., upright])
    return spectrum


def _variant(key: bytes, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Phases, symbol places and signs of one variant."""
    chips = SIDE * SIDE
    angles, sign, order = (
        _draw(key, label + b" %d" % number, count)
        for label, count in ((b"phases", WAVES), (b"sign", chips), (b"order", chips))
    )
    symbol = np.empty(chips, dtype=np.intp)
    # a sorted draw is a uniform permutation; the same number of chips (give or take one) for every symbol
    symbol[np.argsort(order, kind="stable")] = np.arange(chips) % CODE_LENGTH
    signs = (1 - 2 * (sign & 1).astype(np.int8)).astype(np.int8)
    return np.exp(1j * angles * (2 * np.pi / 2.0**64)).astype(np.complex64), _square(symbol), _square(signs)


def _band() -> np.ndarray:
    """int [n, 2]: all waves a sync may have, one of each pair of opposite ones."""
    widest = int(QUICKEST_WAVE)
    down, across = np.mgrid[-widest : widest + 1, 0 : widest + 1].reshape(2, -1)
    radius = np.hypot(down, across)
    inside = (radius >= SLOWEST_WAVE) & (radius <= QUICKEST_WAVE) & ((across > 0) | (down > 0))
    return np.stack([down[inside], across[inside]], axis=1)


def _draw(key: bytes, label: bytes, count: int) -> np.ndarray:
    seed = hmac.new(key, b"foleymark picture tile 2 " + label, hashlib.sha256).digest()
    return np.frombuffer(hashlib.shake_256(seed).digest(8 * count), dtype="<u8")


def _square(values: np.ndarray) -> np.ndarray:
    return values.reshape(SIDE, SIDE)
