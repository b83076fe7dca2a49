"""Lays: the ways a tile may lie over a picture, and looking for a mark in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.records import Payload
from pipeline.watermark.payload import decode_payload, encode_payload, variant_of
from pipeline.watermark.picture import geometry, grid, tile
from pipeline.watermark.picture.evidence import OPEN_MAPS, Evidence
from pipeline.watermark.picture.geometry_words import describe

# Chance that an unmarked clip gets as far as a decoding. The 24-bit check then lets one in 16.8 million through, and
# the variant, which follows from the id, one in 8: one wrong reading in some thousand million clips.
DECODE_CHANCE = 0.1
# chance to call an unmarked clip "marked" without a passed check; a reading as sure as this is not lost by reading on
SURE_CHANCE = 1e-9
# a peak this high is worth being climbed
PROMISING_Z = 5.0
# Places within reach of a climb, in steps that matter, beside those really looked at: it goes where chance was kindest.
# Four elements of a map, two steps either way at most, of which a half is within the width of a peak.
CLIMB_REACH = 81

Turn = Callable[[np.ndarray], np.ndarray]
# ways a copy can be turned; a tile turns with the picture, and its place is searched anyway
TURNS: tuple[tuple[str, Turn], ...] = (
    ("", lambda square: square),
    (", mirrored", np.fliplr),
    (", turned by 180 degrees", lambda square: np.rot90(square, 2)),
    (", turned by 90 degrees", lambda square: np.rot90(square, 1)),
    (", turned by 270 degrees", lambda square: np.rot90(square, 3)),
    (", upside down", np.flipud),
    (", mirrored and turned by 90 degrees", lambda square: np.fliplr(np.rot90(square, 1))),
    (", mirrored and turned by 270 degrees", lambda square: np.fliplr(np.rot90(square, 3))),
)


@dataclass(frozen=True)
class GridLay:
    """The whole picture as it was made, plainly resized or turned by quarters."""

    lines: int
    # columns, rows
    size: tuple[int, int]
    turn: int = 0

    def fold(self, evidence: Evidence) -> np.ndarray:
        """The tile of this lay, float32 [64, 64]."""
        flat = evidence.on_grid(self.lines)
        return TURNS[self.turn][1](tile.fold(flat if self.size == flat.shape[::-1] else _stretch(flat, self.size)))

    def words(self, evidence: Evidence) -> str:
        """What was done to the picture."""
        name = f"grid {self.lines}{TURNS[self.turn][0]}"
        return ", ".join(filter(None, (name, evidence.bars(evidence.shape(self.lines)).words)))


@dataclass(frozen=True)
class OpenLay:
    """A picture that was cropped, squeezed, rotated or set into a frame."""

    lines: int
    # (chips down, chips across) from (samples down, samples across), row by row
    linear: tuple[float, float, float, float]

    @classmethod
    def of(cls, lines: int, linear: np.ndarray) -> OpenLay:
        """From a matrix [2, 2]."""
        return cls(lines, tuple(linear.ravel().tolist()))

    @property
    def matrix(self) -> np.ndarray:
        """float64 [2, 2]."""
        return np.array(self.linear).reshape(2, 2)

    def fold(self, evidence: Evidence) -> np.ndarray:
        """The tile of this lay, float32 [64, 64]."""
        return tile.fold(geometry.rectify(evidence.on_open_map(self.lines), self.matrix))

    def words(self, evidence: Evidence) -> str:
        """What was done to the picture."""
        shape = evidence.shape(self.lines)
        bars = evidence.bars(shape)
        return ", ".join(filter(None, (describe(self.matrix, shape, bars), bars.words)))


Lay = GridLay | OpenLay


@dataclass(frozen=True)
class Found:
    """What one look gave."""

    z: float = 0.0
    # that had to be reached for a decoding
    needed_z: float = 0.0
    lay: Lay | None = None
    peak: tile.SyncPeak = tile.SyncPeak(0.0, 0.0, 0.0)
    # index of the key
    key: int = 0
    payload: Payload | None = None
    # whether chance is ruled out even without the check
    is_sure: bool = False

    @property
    def rank(self) -> tuple[bool, float]:
        """Greater is better."""
        return self.payload is not None, self.z


class Looker:
    """Looks for the marks of several keys, and keeps count of the looks, which the thresholds pay for."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)
        self._codes = tuple(tile.tile_code(key) for key in keys)
        self._tiles = 0

    def again(self, evidence: Evidence, lays: Sequence[Lay]) -> Found:
        """The best of a few lays."""
        return self._first_read(self._look(evidence, lay) for lay in lays)

    def as_made(self, evidence: Evidence, *, thorough: bool) -> Found:
        """Whole pictures: no search, and the best there is; `thorough` looks at every size and turn in question."""
        return self._first_read(self._look(evidence, lay) for lay in grid_lays(evidence, thorough=thorough))

    def changed(self, evidence: Evidence, *, thorough: bool) -> Found:
        """The best of the lays that a search for crops, or `thorough` for any changed geometry, proposes."""
        return self._first_read(self._proposed(evidence, thorough))

    def same(self, evidence: Evidence, known: Sequence[Found]) -> Found:
        """Which of the known ids lies at its known place: this takes much less evidence than reading it."""
        return self._first_read(self._same(evidence, found) for found in known)

    def _same(self, evidence: Evidence, found: Found) -> Found:
        assert found.lay is not None and found.payload is not None
        code, symbols = self._codes[found.key], encode_payload(found.payload, key=self._keys[found.key])
        squares = [found.lay.fold(view) for view in evidence.views]
        self._tiles += len(squares)
        z = max(tile.match_word(code, square, found.peak, symbols) for square in squares)
        return replace(found, z=z) if z >= tile.threshold(self._tiles, chance=SURE_CHANCE) else Found()

    def _first_read(self, looks: Iterator[Found]) -> Found:
        best = Found()
        for found in looks:
            best = max(best, found, key=lambda one: one.rank)
            if found.payload is not None:
                break
        return best

    def _look(self, evidence: Evidence, lay: Lay) -> Found:
        squares = [lay.fold(view) for view in evidence.views]
        self._tiles += len(squares) * len(self._keys)
        tried = (self._try(square, lay, index) for square in squares for index in range(len(self._keys)))
        return max(tried, key=lambda one: one.rank)

    def _try(self, square: np.ndarray, lay: Lay, index: int) -> Found:
        code = self._codes[index]
        peak = tile.find_sync(code, square)
        tries = self._tiles * tile.TRIES_PER_TILE
        needed_z = tile.threshold(tries, chance=DECODE_CHANCE)
        found = Found(peak.z, needed_z, lay, peak, index, is_sure=peak.z >= tile.threshold(tries, chance=SURE_CHANCE))
        if peak.z < needed_z:
            return found
        payload = decode_payload(tile.soft_symbols(code, square, peak), key=self._keys[index])
        return found if payload is None or variant_of(payload) != peak.variant else replace(found, payload=payload)

    def _proposed(self, evidence: Evidence, thorough: bool) -> Iterator[Found]:
        """Looks at plain crops first, which are likeliest, then at all that can be done to a picture."""
        spectra = [(lines, chips, *_spectrum(evidence, lines)) for lines, chips in OPEN_MAPS.items()]
        for lines, chips, spectrum, shape in spectra:
            for code in self._codes:
                for lay in geometry.plain(code, spectrum, shape, chips):
                    yield self._climbed(evidence, self._look(evidence, OpenLay.of(lines, lay.linear)))
        for lines, chips, spectrum, shape in spectra if thorough else ():
            for code in self._codes:
                for lay in geometry.search(code, spectrum, shape, chips):
                    yield self._climbed(evidence, self._either_way(evidence, OpenLay.of(lines, lay.linear)))

    def _either_way(self, evidence: Evidence, lay: OpenLay) -> Found:
        """The better of a lay and its half turn, which the search cannot tell apart."""
        return self.again(evidence, (lay, OpenLay.of(lay.lines, -lay.matrix)))

    def _climbed(self, evidence: Evidence, found: Found) -> Found:
        """A lay moved to where the peak is highest: its place is known now, which tells more than power alone."""
        if found.payload is not None or found.z < PROMISING_Z or not isinstance(found.lay, OpenLay):
            return found
        self._tiles += CLIMB_REACH
        steps = 0.5 / np.array(evidence.on_open_map(found.lay.lines).shape)
        for size in (1.0, 0.5):
            for row, column in np.ndindex(2, 2):
                for sign in (-1, 1):
                    moved = found.lay.matrix
                    moved[row, column] += sign * size * steps[column]
                    found = max(
                        found, self._look(evidence, OpenLay.of(found.lay.lines, moved)), key=lambda one: one.rank
                    )
                    if found.payload is not None:
                        return found
        return found


def grid_lays(evidence: Evidence, *, thorough: bool) -> Iterator[GridLay]:
    """Lays of whole pictures, likeliest first."""
    short_px = evidence.short_px
    likeliest = grid.lines_for(short_px, short_px)
    for lines in sorted(grid.GRIDS, key=lambda lines: lines != likeliest):
        sizes = grid.nearby_sizes(lines, evidence.aspect, short_px=short_px)
        for size in sizes if thorough else sizes[:1]:
            for turn in range(len(TURNS)) if thorough else (0,):
                yield GridLay(lines, size, turn)


def _stretch(chip_map: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    import cv2

    return cv2.resize(chip_map, size, interpolation=cv2.INTER_CUBIC)


def _spectrum(evidence: Evidence, lines: int) -> tuple[geometry.LineSpectrum, tuple[int, int]]:
    chip_map = evidence.open_map(lines)
    rows, columns = chip_map.shape
    return geometry.line_spectrum(chip_map), (rows, columns)
