"""Reader: finds our mark in the pictures of a clip and reads its id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from pipeline.records import MarkReading, Payload
from pipeline.watermark import grid, tile
from pipeline.watermark.payload import decode_payload
from pipeline.watermark.whitening import chip_evidence, flatten_spectrum

# A sync peak this high is hardly chance: some 300,000 places, sizes and turns are tried, so an unmarked clip reaches
# it once in about 80,000, and then the 24-bit check still stands in the way.
ACCEPT_Z = 6.5
# without a passed check we say "marked" only from here on; chance: below one clip in a thousand million
UNREADABLE_Z = 8.0
# a mark that reads with this margin will not be lost by reading on
SETTLED_Z = 10.0
FIRST_LOOK_FRAMES = 4

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
class Candidate:
    """One way to lay the tile over the picture, and what it gave."""

    z: float
    geometry: str
    payload: Payload | None = None


class PictureReader:
    """Sums the evidence of a clip's pictures and reads the mark.

    Parameters
    ----------
    width_px, height_px : int
        Size of the upright luma.
    key : bytes
        The mark key.
    display_aspect : Fraction or float
        Displayed width over height of the upright picture, sample aspect applied.
    """

    def __init__(self, width_px: int, height_px: int, *, key: bytes, display_aspect: Fraction | float) -> None:
        self._key = key
        self._code = tile.tile_code(key)
        self._aspect = display_aspect
        self._short_px = min(width_px, height_px)
        first = grid.lines_for(width_px, height_px)
        self._maps = {lines: self._empty_map(lines) for lines in sorted(grid.GRIDS, key=lambda lines: lines != first)}
        self._frames = 0
        self._next_look = FIRST_LOOK_FRAMES
        self._settled = False

    def add(self, luma: np.ndarray, *, bit_depth: int | None = None) -> None:
        """Take in one picture, uint8 or uint16 [H, W]; uint16 counts as 10 bit unless told otherwise."""
        depth = bit_depth or (8 if luma.dtype == np.uint8 else 10)
        for chip_map in self._maps.values():
            gray = grid.gray_levels(luma, chip_map.shape[::-1], bit_depth=depth)
            chip_map += chip_evidence(gray)
        self._frames += 1

    @property
    def settled(self) -> bool:
        """Whether the mark is read so clearly that more pictures cannot change it; looks at 4, 8, 16.. pictures."""
        if not self._settled and self._frames >= self._next_look:
            self._next_look = 2 * self._frames
            found = self._best(thorough=False)
            self._settled = found.payload is not None and found.z >= SETTLED_Z
        return self._settled

    def reading(self) -> MarkReading:
        """What the pictures so far say."""
        if not self._frames:
            return MarkReading(state="none", sentence="There was no picture to look for a mark in.")
        found = self._best(thorough=True)
        if found.payload is not None:
            sentence = f"The picture carries our mark with the id {found.payload.hex}."
            return MarkReading("read", found.payload, found.z, found.geometry, self._frames, sentence)
        if found.z >= UNREADABLE_Z:
            sentence = "The picture carries our mark, but too little of it is left to read the id."
            return MarkReading("unreadable", None, found.z, found.geometry, self._frames, sentence)
        sentence = "No mark made with this key was found in the picture."
        return MarkReading("none", None, found.z, "", self._frames, sentence)

    def _empty_map(self, lines: int) -> np.ndarray:
        columns, rows = grid.grid_size(lines, self._aspect)
        return np.zeros((rows, columns), dtype=np.float32)

    def _best(self, *, thorough: bool) -> Candidate:
        """The first candidate that reads, else the one with the highest peak."""
        best = Candidate(0.0, "")
        for found in self._candidates(thorough=thorough):
            if found.payload is not None:
                return found
            best = max(best, found, key=lambda candidate: candidate.z)
        return best

    def _candidates(self, *, thorough: bool) -> Iterator[Candidate]:
        for lines, chip_map in self._maps.items():
            flat = flatten_spectrum(chip_map)
            sizes = grid.nearby_sizes(lines, self._aspect, short_px=self._short_px)
            for size in sizes if thorough else sizes[:1]:
                folded = tile.fold(flat if size == flat.shape[::-1] else _stretch(flat, size))
                for name, turn in TURNS if thorough else TURNS[:1]:
                    yield self._try(turn(folded), f"grid {lines}{name}")

    def _try(self, square: np.ndarray, geometry: str) -> Candidate:
        peak = tile.find_sync(self._code, square)
        if peak.z < ACCEPT_Z:
            return Candidate(peak.z, geometry)
        symbols = tile.soft_symbols(self._code, square, peak)
        return Candidate(peak.z, geometry, decode_payload(symbols, key=self._key))


def _stretch(chip_map: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    import cv2

    return cv2.resize(chip_map, size, interpolation=cv2.INTER_CUBIC)
