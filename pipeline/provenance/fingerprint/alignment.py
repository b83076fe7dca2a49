"""Alignment: whether two clips show the same, how one was cropped or mirrored, and which stretches of them match.

Pictures are compared as 64 x 64 grids of local contrast, which a caption, a codec or a change of brightness leaves
alone; unrelated pictures correlate by about 0, the same ones by 0.6 and more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.provenance.fingerprint.movement import movement_agreement, pairs_of
from pipeline.provenance.fingerprint.pictures import GRID, RATE_HZ, Pictures
from pipeline.provenance.fingerprint.sketch import Sketch

# cells over which local contrast is taken, levels of contrast that still count as some, and the most one cell counts
FINE_CELLS, COARSE_CELLS, CONTRAST_LEVELS, MOST_CONTRAST = 3.0, 2.0, 2.0, 2.5
# a picture speaks when so large a share of its cells differs by so many levels from its surroundings: a plain sky with
# a speck in it fits any other
LEAST_TEXTURE, TEXTURE_LEVELS = 0.08, 2.0
# crops are looked for down to this share of a side, first on coarse pictures, a few of the asked file's
SMALLEST_CROP, COARSE, LEAST_CELLS = 0.45, 32, 14
CROP_PICTURES = 3
# how many finds are looked at closer, and how many of those are compared throughout
REFINED, CROPS_TRIED = 6, 3
# pictures of the registered clip that a crop is looked for in
MOST_TRIED = 24
# correlation of a whole picture from which crops need not be looked for
SURELY_WHOLE = 0.75
# a picture that correlates by so much is the same
SAME = 0.45
# stretches that are told, and what they have to last (in pictures of the asked file)
MOST_SPANS = 4
LEAST_PICTURES = 3
# pictures that are correlated at a time
A_PART = 500


@dataclass(frozen=True)
class Crop:
    """Which part of the registered picture the asked one shows; shares of its sides."""

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0
    is_mirrored: bool = False

    @property
    def is_whole(self) -> bool:
        return min(self.width, self.height) > 0.97


@dataclass(frozen=True)
class Span:
    """A stretch of the asked file and the same in the registered one."""

    start_s: float
    end_s: float
    registered_start_s: float
    registered_end_s: float
    # mean correlation of its pictures
    similarity: float


@dataclass(frozen=True)
class Alignment:
    """How well a clip fits a sketch."""

    # mean correlation over the spans; where there is none, over the best stretch that was tried
    similarity: float
    crop: Crop = Crop()
    spans: tuple[Span, ...] = ()
    # whether there was enough to compare
    is_telling: bool = True
    # whether what changes over time in the spans is the same, -1 to 1; None where too little moves
    movement: float | None = None


def align(asked: Pictures, sketch: Sketch) -> Alignment:
    """Compare a clip with a registered one.

    Parameters
    ----------
    asked : Pictures
        Its `mirrored` may be empty.
    sketch : Sketch

    Returns
    -------
    Alignment
        With spans where pictures agree; `is_telling` False when either has too few pictures that show something.
    """
    found = _looks(asked, sketch)
    return replace(found, movement=_movement(asked, sketch, found))


def _looks(asked: Pictures, sketch: Sketch) -> Alignment:
    telling = np.flatnonzero(~asked.is_flat & has_texture(asked.grids))
    known = np.flatnonzero(has_texture(sketch.grids))
    if not len(telling) or not len(known):
        return Alignment(0.0, is_telling=False)
    grids, times_s = asked.grids[telling], asked.times_s[telling]
    registered, registered_s = sketch.grids[known].astype(np.float32), sketch.times_s[known]
    best = _aligned(grids, times_s, registered, registered_s, Crop())
    for crop in (Crop(is_mirrored=True), None):
        if best.similarity >= SURELY_WHOLE and best.spans:
            return best
        # the search for crops takes ten times as long as both of these
        found = [crop] if crop else _crops(grids, asked.aspects[telling], registered, sketch.aspects[known])
        tried = [_aligned(grids, times_s, registered, registered_s, one) for one in found]
        best = max([best, *tried], key=_rank)
    return best


def _movement(asked: Pictures, sketch: Sketch, found: Alignment) -> float | None:
    spans = [(span.start_s, span.end_s, span.registered_start_s - span.start_s) for span in found.spans]
    pairs = pairs_of(asked.times_s, sketch.times_s, spans)
    if not pairs:
        return None
    mine, theirs = (list(one) for one in zip(*pairs, strict=True))
    shown = _part(sketch.grids[theirs].astype(np.float32), found.crop)
    return movement_agreement(asked.grids[mine].astype(np.float32), shown)


def has_texture(grids: np.ndarray) -> np.ndarray:
    """Which pictures uint8 [n, h, w] show enough detail to be compared, bool [n]."""
    import cv2

    shares = [
        (np.abs(one - cv2.GaussianBlur(one, (0, 0), FINE_CELLS)) > TEXTURE_LEVELS).mean()
        for one in grids.astype(np.float32)
    ]
    return np.array(shares) >= LEAST_TEXTURE


def _rank(one: Alignment) -> tuple[float, float]:
    length_s = sum(span.end_s - span.start_s for span in one.spans)
    return (one.similarity * min(1.0, length_s), one.similarity)


# ------------------------------------------------------------------ space
@dataclass(frozen=True)
class _Fit:
    """A crop and where it was found."""

    score: float
    crop: Crop
    # which of the picked pictures, and in which of the registered ones
    asked: int = 0
    registered: int = 0


def _crops(
    grids: np.ndarray, aspects: np.ndarray, registered: np.ndarray, registered_aspects: np.ndarray
) -> list[Crop]:
    """The crop that fits best, upright and mirrored, from a search on a few pictures."""
    picked = _evenly(len(grids), CROP_PICTURES)
    against = _evenly(len(registered), MOST_TRIED)
    coarse = [_contrast(_resized(registered[index], COARSE, COARSE), COARSE_CELLS) for index in against]
    found = []
    for is_mirrored in (False, True):
        fits: list[_Fit] = []
        for index in picked:
            grid = grids[index][:, ::-1] if is_mirrored else grids[index]
            squeeze = float(aspects[index] / registered_aspects[against[0]])
            fits += _search(grid, coarse, squeeze, _Fit(0.0, Crop(is_mirrored=is_mirrored), index))
        best = sorted(fits, key=lambda fit: fit.score, reverse=True)[:REFINED]
        found += [_refined(fit, grids, registered[against[fit.registered]]) for fit in best]
    return [fit.crop for fit in sorted(found, key=lambda fit: fit.score, reverse=True)[:CROPS_TRIED]]


def _search(grid: np.ndarray, fields: list[np.ndarray], squeeze: float, start: _Fit) -> list[_Fit]:
    """The best place for each size."""
    import cv2

    fits = []
    for cells in range(COARSE, int(SMALLEST_CROP * COARSE) - 1, -1):
        # uniform scale on the screen: the side that is cropped more follows from the aspects
        width, height = (cells, round(cells / squeeze)) if squeeze > 1 else (round(cells * squeeze), cells)
        if min(width, height) < LEAST_CELLS or (width, height) == (COARSE, COARSE):
            continue
        template = _contrast(_resized(grid, width, height), COARSE_CELLS)
        best = start
        for number, one in enumerate(fields):
            _, score, _, (left, top) = cv2.minMaxLoc(cv2.matchTemplate(one, template, cv2.TM_CCOEFF_NORMED))
            if score > best.score:
                crop = Crop(left / COARSE, top / COARSE, width / COARSE, height / COARSE, start.crop.is_mirrored)
                best = _Fit(score, crop, start.asked, number)
        fits.append(best)
    return fits


def _refined(fit: _Fit, grids: np.ndarray, registered: np.ndarray) -> _Fit:
    """The same to half a cell."""
    import cv2

    crop = fit.crop
    grid = grids[fit.asked][:, ::-1] if crop.is_mirrored else grids[fit.asked]
    field = _contrast(registered, FINE_CELLS)
    best = _Fit(-1.0, crop, fit.asked, fit.registered)
    for change in (-2, -1, 0, 1, 2):
        width = min(GRID, round(crop.width * GRID) + change)
        height = min(GRID, round(crop.height * GRID * width / (crop.width * GRID)))
        template = _contrast(_resized(grid, width, height), FINE_CELLS)
        _, score, _, (left, top) = cv2.minMaxLoc(cv2.matchTemplate(field, template, cv2.TM_CCOEFF_NORMED))
        if score > best.score:
            found = Crop(left / GRID, top / GRID, width / GRID, height / GRID, crop.is_mirrored)
            best = _Fit(score, found, fit.asked, fit.registered)
    return best


def _resized(grid: np.ndarray, width: int, height: int) -> np.ndarray:
    import cv2

    smaller = width <= grid.shape[1] and height <= grid.shape[0]
    kind = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(grid), (width, height), interpolation=kind))


def _part(registered: np.ndarray, crop: Crop) -> np.ndarray:
    """What a crop shows of pictures float32 [n, GRID, GRID], as [n, GRID, GRID]."""
    import cv2

    if (crop.width, crop.height) != (1.0, 1.0):
        centres = np.arange(GRID) + 0.5
        across, down = np.meshgrid(
            (crop.left * GRID + centres * crop.width - 0.5).astype(np.float32),
            (crop.top * GRID + centres * crop.height - 0.5).astype(np.float32),
        )
        registered = np.stack(
            [cv2.remap(one, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for one in registered]
        )
    return registered[:, :, ::-1] if crop.is_mirrored else registered


def _contrast(grid: np.ndarray, cells: float) -> np.ndarray:
    """Local contrast of luma float32 [h, w]: deviation from the surroundings over their deviation, bounded."""
    import cv2

    smooth = np.ascontiguousarray(grid, np.float32)
    rest = smooth - cv2.GaussianBlur(smooth, (0, 0), cells)
    power = cv2.GaussianBlur(rest * rest, (0, 0), cells)
    return np.clip(rest / np.sqrt(power + CONTRAST_LEVELS**2), -MOST_CONTRAST, MOST_CONTRAST)


# ------------------------------------------------------------------- time
def _aligned(
    grids: np.ndarray, times_s: np.ndarray, registered: np.ndarray, registered_s: np.ndarray, crop: Crop
) -> Alignment:
    """Spans of agreement under one crop."""
    table = _correlations(grids, _part(registered, crop))
    shifts = np.rint((times_s[:, None] - registered_s[None, :]) * RATE_HZ).astype(np.int64)
    shifts -= shifts.min()
    spans: list[Span] = []
    best = -1.0
    free = np.ones(len(times_s), bool)
    while len(spans) < MOST_SPANS:
        places = _best_shift(table, shifts, free)
        if not len(places):
            break
        scores = table[places[:, 0], places[:, 1]]
        best = float(scores.mean()) if not spans else best
        span = _longest(scores, times_s[places[:, 0]], registered_s[places[:, 1]], least=_least(table))
        if span is None:
            break
        spans.append(span)
        free &= (times_s < span.start_s) | (times_s >= span.end_s)
    if not spans:
        return Alignment(best, crop)
    lengths = [span.end_s - span.start_s for span in spans]
    similarity = float(np.average([span.similarity for span in spans], weights=lengths))
    return Alignment(similarity, crop, tuple(sorted(spans, key=lambda span: span.start_s)))


def _correlations(grids: np.ndarray, registered: np.ndarray) -> np.ndarray:
    """Correlation of each asked with each registered picture, float32 [asked, registered]."""

    def vectors(pictures: np.ndarray) -> np.ndarray:
        rows = np.stack([_contrast(one, FINE_CELLS) for one in pictures]).reshape(len(pictures), -1)
        rows -= rows.mean(axis=1, keepdims=True)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)

    known = vectors(registered).T
    # in parts: the pictures of an hour would take 300 MB
    return np.concatenate([vectors(grids[at : at + A_PART]) @ known for at in range(0, len(grids), A_PART)])


def _best_shift(table: np.ndarray, shifts: np.ndarray, free: np.ndarray) -> np.ndarray:
    """(asked, registered) pictures [n, 2] along the shift in time that agrees most, in order of time."""
    if not free.any():
        return np.zeros((0, 2), int)
    # what agrees counts for a shift, the rest not against it: only a stretch may be from there
    held, scores = shifts[free].ravel(), table[free].ravel()
    totals = np.bincount(held, np.maximum(scores - SAME, 0))
    counts = np.bincount(held)
    means = np.where(counts >= _least(table), np.bincount(held, scores) / np.maximum(counts, 1), -1.0)
    best = int(totals.argmax()) if totals.max() > 0 else int(means.argmax())
    if counts[best] < _least(table):
        best = int(means.argmax())
    return np.argwhere((shifts == best) & free[:, None]) if counts[best] >= _least(table) else np.zeros((0, 2), int)


def _least(table: np.ndarray) -> int:
    """How many pictures have to agree: fewer where there are not as many."""
    return min(LEAST_PICTURES, *table.shape)


def _longest(scores: np.ndarray, asked_s: np.ndarray, registered_s: np.ndarray, *, least: int) -> Span | None:
    """The longest run of pictures that are the same; single ones that are not are passed over."""
    good = np.flatnonzero(scores >= SAME)
    if not len(good):
        return None
    usual_s = float(np.median(np.diff(asked_s))) if len(asked_s) > 1 else 0.0
    gaps = np.flatnonzero(np.diff(asked_s[good]) > max(3 / RATE_HZ, 1.5 * usual_s) + 1e-6) + 1
    run = max(np.split(good, gaps), key=len)
    if len(run) < least:
        return None
    first, last, end_s = run[0], run[-1], 1 / RATE_HZ
    return Span(
        float(asked_s[first]),
        float(asked_s[last]) + end_s,
        float(registered_s[first]),
        float(registered_s[last]) + end_s,
        float(scores[run].mean()),
    )


def _evenly(count: int, most: int) -> list[int]:
    return sorted({round(place) for place in np.linspace(0, count - 1, min(most, count))})
