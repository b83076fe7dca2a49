"""Reader: finds our mark in the pictures of a clip and reads its id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from pipeline.records import MarkReading, Payload
from pipeline.watermark import geometry, grid, tile
from pipeline.watermark.geometry_words import Bars, describe, find_bars
from pipeline.watermark.payload import decode_payload
from pipeline.watermark.whitening import chip_evidence, flatten_spectrum

# On a clip some 1.5 million places of the tile are tried with the picture as it was made (grids, sizes, quarter turns,
# 16,384 places each), and some 60 million within reach of a search for a changed geometry. Each reaches z by chance at
# most once in exp(z^2 / 2), and a passed check is chance once in 2^24: with these z, an unmarked clip reads at most
# once in a thousand million, either way.
ACCEPT_Z = 6.1
ACCEPT_CHANGED_Z = 6.7
# without a passed check we say "marked" only from here on, for the same chance
UNREADABLE_Z = 8.8
# a mark that reads with this margin will not be lost by reading on
SETTLED_Z = 8.8
FIRST_LOOK_FRAMES = 4
# so many pictures carry enough evidence to look for a changed geometry before the end
SEARCH_FRAMES = 16
# Maps that a changed geometry is looked for in: lines over the short side, and how many chips may lie across them.
# A map twice as fine as the grid loses nothing; many more samples than chips only dilute the evidence.
OPEN_MAPS = ((360, (110.0, 330.0)), (150, (36.0, 120.0)))
# a peak this high is worth being climbed
PROMISING_Z = 5.0

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
        self._open_maps = {lines: self._empty_map(lines) for lines, _ in OPEN_MAPS}
        # sum of the pictures, which shows bars
        self._gray = self._empty_map(OPEN_MAPS[0][0])
        self._frames = 0
        self._next_look = FIRST_LOOK_FRAMES
        self._searched = False
        # what settled the matter
        self._found: Candidate | None = None

    def add(self, luma: np.ndarray, *, bit_depth: int | None = None) -> None:
        """Take in one picture, uint8 or uint16 [H, W]; uint16 counts as 10 bit unless told otherwise."""
        depth = bit_depth or (8 if luma.dtype == np.uint8 else 10)
        finest = self._open_maps[OPEN_MAPS[0][0]]
        gray = grid.gray_levels(luma, finest.shape[::-1], bit_depth=depth)
        finest += chip_evidence(gray)
        self._gray += gray
        # the grids are made from the finest map where it is no finer than the picture: nothing is lost, time is saved
        source, depth = (gray, 8) if self._short_px >= OPEN_MAPS[0][0] else (luma, depth)
        for chip_map in (*self._maps.values(), *list(self._open_maps.values())[1:]):
            chip_map += chip_evidence(grid.gray_levels(source, chip_map.shape[::-1], bit_depth=depth))
        self._frames += 1

    @property
    def settled(self) -> bool:
        """Whether the mark is read so clearly that more pictures cannot change it; looks at 4, 8, 16.. pictures."""
        if self._found is None and self._frames >= self._next_look:
            self._next_look = 2 * self._frames
            # a changed geometry costs the better part of a second, so it is looked for once before the end
            found = self._best(thorough=self._frames >= SEARCH_FRAMES and not self._searched)
            self._found = found if found.payload is not None and found.z >= SETTLED_Z else None
        return self._found is not None

    def reading(self) -> MarkReading:
        """What the pictures so far say."""
        if not self._frames:
            return MarkReading(state="none", sentence="There was no picture to look for a mark in.")
        found = self._found or self._best(thorough=True)
        words = ", ".join(filter(None, (found.geometry, self._bars(self._gray.shape).words)))
        if found.payload is not None:
            sentence = f"The picture carries our mark with the id {found.payload.hex}."
            return MarkReading("read", found.payload, found.z, words, self._frames, sentence)
        if found.z >= UNREADABLE_Z:
            sentence = "The picture carries our mark, but too little of it is left to read the id."
            return MarkReading("unreadable", None, found.z, words, self._frames, sentence)
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
        yield from self._as_made(thorough=thorough)
        if thorough:
            self._searched = True
            for lines, chips in OPEN_MAPS:
                yield from self._changed(self._open_maps[lines], chips)

    def _as_made(self, *, thorough: bool) -> Iterator[Candidate]:
        """Whole pictures, plainly resized or turned by quarters: no search, and the best there is."""
        for lines, chip_map in self._maps.items():
            flat = flatten_spectrum(chip_map)
            sizes = grid.nearby_sizes(lines, self._aspect, short_px=self._short_px)
            for size in sizes if thorough else sizes[:1]:
                folded = tile.fold(flat if size == flat.shape[::-1] else _stretch(flat, size))
                for name, turn in TURNS if thorough else TURNS[:1]:
                    yield self._try(turn(folded), f"grid {lines}{name}")

    def _changed(self, chip_map: np.ndarray, chips: tuple[float, float]) -> Iterator[Candidate]:
        """Pictures that were cropped, squeezed, rotated or set into a frame."""
        bars = self._bars(chip_map.shape)
        middle = geometry.middle(bars.cleared(chip_map))
        flat = flatten_spectrum(middle)
        for lay in geometry.search(self._code, geometry.line_spectrum(middle), flat.shape, chips):
            found, linear = self._laid(flat, lay.linear)
            if found.payload is None and found.z >= PROMISING_Z:
                found, linear = self._climbed(flat, linear, found)
            yield replace(found, geometry=describe(linear, chip_map.shape, bars))

    def _laid(self, flat: np.ndarray, linear: np.ndarray) -> tuple[Candidate, np.ndarray]:
        """The better of a lay and its half turn, which the search cannot tell apart."""
        folded = tile.fold(geometry.rectify(flat, linear))
        ways = ((folded, linear), (np.rot90(folded, 2), -linear))
        tried = [(self._try(square, needed_z=ACCEPT_CHANGED_Z), way) for square, way in ways]
        return max(tried, key=lambda pair: (pair[0].payload is not None, pair[0].z))

    def _climbed(self, flat: np.ndarray, linear: np.ndarray, found: Candidate) -> tuple[Candidate, np.ndarray]:
        """A lay moved to where the peak is highest: its place is known now, which tells more than power alone."""
        steps = 0.5 / np.array(flat.shape)
        for _ in range(2):
            for row, column in np.ndindex(2, 2):
                for sign in (-1, 1):
                    moved = linear.copy()
                    moved[row, column] += sign * steps[column]
                    tried = self._try(tile.fold(geometry.rectify(flat, moved)), needed_z=ACCEPT_CHANGED_Z)
                    if tried.payload is not None:
                        return tried, moved
                    if tried.z > found.z:
                        found, linear = tried, moved
            steps = steps / 2
        return found, linear

    def _bars(self, shape: tuple[int, ...]) -> Bars:
        return find_bars(grid.resize(self._gray, (shape[1], shape[0])) / self._frames)

    def _try(self, square: np.ndarray, words: str = "", *, needed_z: float = ACCEPT_Z) -> Candidate:
        peak = tile.find_sync(self._code, square)
        if peak.z < needed_z:
            return Candidate(peak.z, words)
        symbols = tile.soft_symbols(self._code, square, peak)
        return Candidate(peak.z, words, decode_payload(symbols, key=self._key))


def _stretch(chip_map: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    import cv2

    return cv2.resize(chip_map, size, interpolation=cv2.INTER_CUBIC)
