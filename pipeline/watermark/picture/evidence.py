"""Evidence: what the pictures of a stretch of time show of a mark, summed on every raster it is looked for on."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from pipeline.watermark.picture import geometry, grid
from pipeline.watermark.picture.geometry_words import Bars, find_bars
from pipeline.watermark.picture.whitening import GRID_REACH, OPEN_REACH, chip_evidence, flatten_spectrum

# Maps that a changed geometry is looked for in: lines over the short side, and how many chips may lie across them.
# A map twice as fine as the grid loses nothing; many more samples than chips only dilute the evidence.
OPEN_MAPS = {360: (110.0, 330.0), 150: (36.0, 120.0)}
FINEST_LINES = max(OPEN_MAPS)
# Weight of all intra pictures together, where all pictures together weigh one: of 0.1 to 1, a quarter to a half served
# best on ten moving and still clips at H.264 CRF 38 and 40 (z 16.0; without 15.0, intra pictures alone 12.5).
INTRA_SHARE = 0.35
# sums of the mean picture are not evidence, but show bars
_GRAY = 0


class Evidence:
    """Sums over pictures of one size: one map for each grid, each open map, and the pictures themselves.

    Pictures that a codec made whole (intra pictures) are summed apart as well, to be given more weight: what it
    predicts from them it moves with whatever moves, and the mark with it, until little of it lies where it was put.

    Parameters
    ----------
    display_aspect : Fraction or float
        Displayed width over height of the upright picture.
    short_px : int
        Short side of the luma.
    start_s : float
        When the first picture is shown.
    """

    def __init__(self, display_aspect: Fraction | float, short_px: int, start_s: float = 0.0) -> None:
        self.aspect, self.short_px = display_aspect, short_px
        self.start_s = self.end_s = start_s
        self.frames = 0
        self._intra: Evidence | None = None
        self._weighted: Evidence | None = None
        lines = {**{lines: lines for lines in (*grid.GRIDS, *OPEN_MAPS)}, _GRAY: FINEST_LINES}
        self._sums = {name: self._empty(count) for name, count in lines.items()}
        self._flat: dict[int, np.ndarray] = {}

    def add(self, luma: np.ndarray, *, bit_depth: int, is_intra: bool = False) -> None:
        """Take in one picture, uint8 or uint16 [H, W]."""
        gray = grid.gray_levels(luma, self._sums[FINEST_LINES].shape[::-1], bit_depth=bit_depth)
        # the others are made from the finest map where it is no finer than the picture: nothing is lost, time is saved
        source, depth = (gray, 8) if self.short_px >= FINEST_LINES else (luma, bit_depth)
        maps = {_GRAY: gray, FINEST_LINES: chip_evidence(gray, reach=OPEN_REACH)}
        for name in self._sums.keys() - maps.keys():
            scaled = grid.gray_levels(source, self._sums[name].shape[::-1], bit_depth=depth)
            maps[name] = chip_evidence(scaled, reach=OPEN_REACH if name in OPEN_MAPS else GRID_REACH)
        self._take(maps, 1)
        if is_intra:
            self._apart()._take(maps, 1)

    def merge(self, other: Evidence) -> None:
        """Add what another stretch of the same clip showed."""
        self._take(other._sums, other.frames)
        self.start_s, self.end_s = min(self.start_s, other.start_s), max(self.end_s, other.end_s)
        if other._intra is not None:
            self._apart()._take(other._intra._sums, other._intra.frames)

    def rest(self) -> None:
        """Let go of what can be made again."""
        self._flat.clear()
        self._weighted = None

    @property
    def views(self) -> tuple[Evidence, ...]:
        """All pictures alike, and where there are intra pictures among them, those with more weight."""
        if self._intra is None or self._intra.frames == self.frames:
            return (self,)
        if self._weighted is None:
            weight = np.float32(INTRA_SHARE * self.frames / self._intra.frames)
            self._weighted = Evidence(self.aspect, self.short_px)
            self._weighted._take(self._sums, self.frames)
            more = {name: chip_map * weight for name, chip_map in self._intra._sums.items()}
            # bars are seen in the plain sum
            self._weighted._take({**more, _GRAY: np.zeros_like(more[_GRAY])}, 0)
        return (self, self._weighted)

    def on_grid(self, lines: int) -> np.ndarray:
        """float32 [rows, columns]: the whitened map of a grid."""
        if lines not in self._flat:
            self._flat[lines] = flatten_spectrum(self._sums[lines])
        return self._flat[lines]

    def open_map(self, lines: int) -> np.ndarray:
        """float32 [rows, columns]: the middle of an open map, bars taken out, as `geometry.search` wants it."""
        chip_map = self._sums[lines]
        return geometry.middle(self.bars(chip_map.shape).cleared(chip_map))

    def on_open_map(self, lines: int) -> np.ndarray:
        """float32 [rows, columns]: the same, whitened."""
        if lines not in self._flat:
            self._flat[lines] = flatten_spectrum(self.open_map(lines))
        return self._flat[lines]

    def shape(self, lines: int) -> tuple[int, int]:
        """Rows and columns of a map, all of it."""
        rows, columns = self._sums[lines].shape
        return rows, columns

    def bars(self, shape: tuple[int, ...]) -> Bars:
        """Bars of the mean picture, in samples of a map of this shape."""
        return find_bars(grid.resize(self._sums[_GRAY], (shape[1], shape[0])) / max(self.frames, 1))

    def _take(self, maps: Mapping[int, np.ndarray], frames: int) -> None:
        for name, chip_map in self._sums.items():
            chip_map += maps[name]
        self.frames += frames
        self.rest()

    def _apart(self) -> Evidence:
        if self._intra is None:
            self._intra = Evidence(self.aspect, self.short_px)
        return self._intra

    def _empty(self, lines: int) -> np.ndarray:
        columns, rows = grid.grid_size(lines, self.aspect)
        return np.zeros((rows, columns), dtype=np.float32)


def joined(windows: list[Evidence]) -> list[Evidence]:
    """Windows in order of time, every second joined to the one before where they touch."""
    kept: list[Evidence] = []
    for index, window in enumerate(windows):
        if index % 2 and kept[-1].end_s == window.start_s:
            kept[-1].merge(window)
        else:
            kept.append(window)
    return kept
