"""Places and times that may be glitches, each with the figures by which it is weighed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.glitches_maps import Float, Gray, Maps

Family = Literal["sudden", "boil"]
# as fractions of the picture
Box = tuple[float, float, float, float]

# candidates of each family in a run; more are never the best few of a clip
SUDDEN_PER_RUN, BOIL_PER_RUN = 8, 4
# nearer to the border than this share of the short side, things may come and go
MARGIN = 0.04
# code values that are added before levels are compared, so that noise is not divided by noise
FLOOR_LEVELS = 4.0
# code values a candidate must reach: below, compression noise does the same
SUDDEN_LEVELS, BOIL_LEVELS = 5.0, 3.0
# a region is what reaches this share of its peak
REGION_SHARE = 0.4
# steps over which texture has to keep changing; at 8 pictures a second 0.6 s
BOIL_STEPS = 5
# no two candidates of a family within so many steps and cells
APART_STEPS, APART_CELLS = 2, 8
# a piece is looked for this far around its place, px
SEARCH_PX = 20
# a piece is at least and at most this large for the comparison, px
PIECE_PX = (12, 64)


@dataclass(frozen=True)
class Candidate:
    """One place and time with its figures, in the order of its family's feature names."""

    family: Family
    # index of the last picture before it and of the picture that shows it (the last of them, for a boil)
    before: int
    after: int
    box: Box
    values: tuple[float, ...]


@dataclass(frozen=True)
class _Region:
    # boolean [gh, gw], and its bounding box in cells x0, y0, x1, y1
    mask: NDArray[np.bool_]
    box: tuple[int, int, int, int]


def candidates(grays: list[Gray], maps: Maps) -> list[Candidate]:
    """Everything in a run that may be a glitch, strongest first within each family."""
    return [*_sudden(grays, maps), *_boils(grays, maps)]


# ------------------------------------------------------------ peaks, regions
def _peaks(volume: Float, rank: Float, least: float, most: int) -> Iterator[tuple[int, _Region]]:
    """Highest ranked regions of a volume [steps, gh, gw] away from the borders and from each other, with their step."""
    left = np.stack([cv2.blur(plane, (3, 3)) for plane in rank])
    left[np.stack([cv2.blur(plane, (3, 3)) for plane in volume]) < least] = 0.0
    margin = max(1, round(MARGIN * min(volume.shape[1:])))
    for edge in (np.s_[:, :margin], np.s_[:, -margin:], np.s_[:, :, :margin], np.s_[:, :, -margin:]):
        left[edge] = 0.0
    for _ in range(most):
        step, y, x = (int(v) for v in np.unravel_index(int(left.argmax()), left.shape))
        if left[step, y, x] <= 0.0:
            return
        region = _region(volume[step], y, x)
        yield step, region
        x0, y0, x1, y1 = region.box
        rows = slice(max(0, min(y0, y - APART_CELLS)), max(y1, y + APART_CELLS))
        columns = slice(max(0, min(x0, x - APART_CELLS)), max(x1, x + APART_CELLS))
        left[max(0, step - APART_STEPS) : step + APART_STEPS + 1, rows, columns] = 0.0


def _region(plane: Float, y: int, x: int) -> _Region:
    smooth = cv2.blur(plane, (3, 3))
    reached = (smooth >= REGION_SHARE * smooth[y, x]).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(reached, connectivity=4)
    label = labels[y, x]
    x0, y0, width, height = (int(v) for v in stats[label, :4])
    return _Region(labels == label, (x0, y0, x0 + width, y0 + height))


def _ring(region: _Region) -> NDArray[np.bool_]:
    inner = cv2.dilate(region.mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    outer = cv2.dilate(inner, np.ones((7, 7), np.uint8))
    ring = (outer > 0) & (inner == 0)
    return ring if ring.any() else ~region.mask


def _as_fractions(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> Box:
    height, width = shape
    return box[0] / width, box[1] / height, box[2] / width, box[3] / height


def _border(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> float:
    """Least distance of a box to the border, as a share of the short side."""
    height, width = shape
    return min(box[0], box[1], width - box[2], height - box[3]) / min(shape)


# --------------------------------------------------------------- comparison
def _likeness(piece_of: Gray, where_in: Gray, box: Box, search_px: int) -> float:
    """Best normalised correlation of a box's content within another picture about the same place, -1 to 1."""
    height, width = piece_of.shape
    x0, x1 = _span(box[0] * width, box[2] * width, width)
    y0, y1 = _span(box[1] * height, box[3] * height, height)
    piece = piece_of[y0:y1, x0:x1]
    around = where_in[max(0, y0 - search_px) : y1 + search_px, max(0, x0 - search_px) : x1 + search_px]
    if piece.std() < 1.0:
        # a plain piece is like any other plain piece and like nothing else
        return 1.0 if around.std() < 1.0 else 0.0
    return float(np.nan_to_num(cv2.matchTemplate(around, piece, cv2.TM_CCOEFF_NORMED)).max())


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    length = int(min(max(high - low, PIECE_PX[0]), PIECE_PX[1], size))
    start = int(np.clip(round((low + high - length) / 2), 0, size - length))
    return start, start + length


# ------------------------------------------------------------------- sudden
def _sudden(grays: list[Gray], maps: Maps) -> list[Candidate]:
    steps = len(maps.residual)
    if steps < 3:
        return []
    both = np.maximum(maps.impulse, maps.smooth_impulse)
    usual = float(np.quantile(maps.residual, 0.9))
    found = []
    # where much changes all the time, a change is no surprise
    rank = both / (FLOOR_LEVELS + np.median(maps.residual, axis=0) + np.maximum(maps.residual - maps.impulse, 0.0))
    for step, region in _peaks(both, rank, SUDDEN_LEVELS, SUDDEN_PER_RUN):
        values = (*_sudden_maps(maps, step, region, usual), *_sudden_pieces(grays, maps, step, region))
        box = _as_fractions(region.box, region.mask.shape)
        found.append(Candidate("sudden", step, step + 1, box, values))
    return found


def _sudden_maps(maps: Maps, step: int, region: _Region, usual: float) -> tuple[float, ...]:
    mask, shape, ring = region.mask, region.mask.shape, _ring(region)
    residual, smooth = (float(plane[step][mask].mean()) for plane in (maps.residual, maps.smooth_residual))
    nearby = [float(maps.residual[i][mask].mean()) for i in (step - 1, step + 1)]
    smooth_nearby = [float(maps.smooth_residual[i][mask].mean()) for i in (step - 1, step + 1)]
    impulse = maps.impulse[step]
    medians = [float(np.median(maps.residual[i])) for i in (step - 1, step, step + 1)]
    box = region.box
    bump = maps.flow[step] - (maps.flow[step - 1] + maps.flow[step + 1]) / 2
    bump = np.linalg.norm(bump - np.median(bump[ring], axis=0), axis=-1)
    return (
        np.log1p(impulse[mask].max()),
        np.log1p(maps.smooth_impulse[step][mask].max()),
        np.log1p(residual),
        np.log1p(max(nearby)),
        np.log1p(residual) - np.log1p(max(nearby)),
        np.log1p(smooth) - np.log1p(max(smooth_nearby)),
        np.log1p(usual),
        float((impulse > 0.5 * impulse[mask].max()).mean()),
        np.log1p(medians[1]),
        np.log1p(max(medians[0], medians[2])),
        np.log(mask.mean()),
        float(mask.sum()) / ((box[2] - box[0]) * (box[3] - box[1])),
        _border(box, shape),
        np.log1p(float(np.linalg.norm(maps.smooth_flow[step][mask], axis=-1).mean())),
        np.log1p(float(bump[mask].mean())),
        np.log1p(float(maps.residual[step][ring].mean())),
    )


def _sudden_pieces(grays: list[Gray], maps: Maps, step: int, region: _Region) -> tuple[float, ...]:
    box = _as_fractions(region.box, region.mask.shape)
    before, after = grays[step], grays[step + 1]
    later = grays[min(step + 3, len(grays) - 1)]
    return (
        _likeness(after, before, box, 2),
        _likeness(after, before, box, SEARCH_PX),
        _likeness(before, after, box, SEARCH_PX),
        _likeness(after, grays[step + 2], box, SEARCH_PX // 2),
        _likeness(before, grays[step - 1], box, SEARCH_PX // 2),
        _likeness(before, later, box, SEARCH_PX // 2),
        np.log1p(float(maps.texture[step][region.mask].mean())),
        np.log1p(float(maps.texture[step + 1][region.mask].mean())),
    )


# --------------------------------------------------------------------- boil
def _boils(grays: list[Gray], maps: Maps) -> list[Candidate]:
    steps = len(maps.residual)
    if steps < BOIL_STEPS:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(maps.residual, BOIL_STEPS, axis=0)
    # the second lowest of five: texture that really changes in every step
    level = np.ascontiguousarray(np.partition(windows, 1, axis=-1)[..., 1])
    # water and leaves change everywhere; what changes more than its surroundings stands out
    around = np.stack([cv2.blur(plane, (25, 25)) for plane in level])
    odd = np.maximum(level - around, 0.0)
    usual = float(np.quantile(maps.residual, 0.9))
    found = []
    rank = odd / (FLOOR_LEVELS + maps.texture[BOIL_STEPS // 2 : BOIL_STEPS // 2 + len(odd)])
    for step, region in _peaks(odd, rank, BOIL_LEVELS, BOIL_PER_RUN):
        values = (*_boil_maps(maps, level[step], step, region, usual), *_boil_pieces(grays, maps, step, region))
        box = _as_fractions(region.box, region.mask.shape)
        found.append(Candidate("boil", step, step + BOIL_STEPS, box, values))
    return found


def _boil_maps(maps: Maps, level: Float, step: int, region: _Region, usual: float) -> tuple[float, ...]:
    mask, ring, box = region.mask, _ring(region), region.box
    during = slice(step, step + BOIL_STEPS)
    each = maps.residual[during][:, mask].mean(axis=1)
    texture = maps.texture[step : step + BOIL_STEPS + 1].mean(axis=0)
    inside, outside = float(level[mask].mean()), float(level[ring].mean())
    jitter = np.linalg.norm(np.diff(maps.flow[during], axis=0), axis=-1).mean(axis=0)
    return (
        np.log1p(inside),
        np.log1p(outside),
        np.log1p(inside) - np.log1p(outside),
        float(each.std() / (each.mean() + 1e-6)),
        np.log1p(float(texture[mask].mean())),
        np.log1p(float(texture[ring].mean())),
        inside / (2.0 + float(texture[mask].mean())),
        outside / (2.0 + float(texture[ring].mean())),
        np.log1p(usual),
        float((level > 0.5 * inside).mean()),
        np.log(mask.mean()),
        float(mask.sum()) / ((box[2] - box[0]) * (box[3] - box[1])),
        _border(box, mask.shape),
        np.log1p(float(np.linalg.norm(maps.smooth_flow[during][:, mask], axis=-1).mean())),
        np.log1p(float(jitter[mask].mean())),
        np.log1p(float(jitter[ring].mean())),
    )


def _boil_pieces(grays: list[Gray], maps: Maps, step: int, region: _Region) -> tuple[float, ...]:
    box = _as_fractions(region.box, region.mask.shape)
    middle = step + BOIL_STEPS // 2
    outside = [
        maps.residual[i][region.mask].mean() for i in (step - 2, step + BOIL_STEPS + 1) if 0 <= i < len(maps.residual)
    ]
    during = float(maps.residual[middle][region.mask].mean())
    return (
        _likeness(grays[middle], grays[middle + 1], box, SEARCH_PX // 2),
        _likeness(grays[step], grays[step + BOIL_STEPS], box, SEARCH_PX // 2),
        np.log1p(during) - np.log1p(float(min(outside))) if outside else 0.0,
    )
