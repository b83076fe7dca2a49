"""Geometry: how a copy was scaled, squeezed and turned, read from the waves of the sync without knowing their place.

A tile that repeats has a spectrum of lines. Cropping and shifting a picture change the phases of the lines only, and
a linear map of the picture moves them by the inverse transposed map, so laying the 112 known waves over the power
spectrum of the evidence for every map in question costs 112 looks each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.watermark.picture.tile import SIDE, TileCode

# The spectrum is taken of a map padded to twice its size, so that no line falls between two bins.
PADDING = 2
# sides, in bins of the padded spectrum, of the box in which the power of the picture is judged
NOISE_BOX = 25
# a wave counts at most so many times the power around it: stripes in a picture are no evidence
STRONGEST_LINE = 8.0
# degrees either way, and the step of the squeeze
LARGEST_TURN_DEG = 15.0
LARGEST_SQUEEZE = 1.3
# bins of the padded spectrum that the outermost wave may be off between two tried maps
STEP_BINS = 1.0
# the work grows with the cube of a map's length, and past this nothing is gained
LONGEST_ASPECT = 2.5
# one wave in so many is looked at first, and one lay in so many then by all waves
FEWER_WAVES, WORTH_A_LOOK = 3, 8
# the same for pictures that were only cropped, of which there are few
PLAIN_STEP_BINS, PLAIN_CANDIDATES = 0.4, 12
# what leaves the search, and how often each is moved nearer to its peak
CANDIDATES = 6
REFINEMENTS = 5
# the four ways a picture lies that its power spectrum tells apart (half a turn changes phases only)
WAYS = (
    ((1, 0), (0, 1)),
    ((1, 0), (0, -1)),
    ((0, 1), (1, 0)),
    ((0, 1), (-1, 0)),
)


@dataclass(frozen=True)
class Lay:
    """A linear map from samples of a map to chips, and how well the waves agree with it."""

    # float64 [2, 2]: (chips down, chips across) from (samples down, samples across)
    linear: np.ndarray
    # deviations of a spectrum without waves
    score: float


@dataclass(frozen=True)
class LineSpectrum:
    """Power of a map around zero frequency, over the power around each bin."""

    # float32 [bins down, bins across], both odd: zero frequency in the middle, the outermost bins empty
    power: np.ndarray
    # bins per cycle per sample, down and across
    bins: tuple[int, int]

    def look(self, waves: np.ndarray) -> np.ndarray:
        """Power at frequencies [..., 2] (down, across) in cycles per sample, to the nearest bin; 0 outside."""
        rows, columns = self.power.shape
        # the outermost bins are empty and stand for all beyond them
        place = np.clip(np.rint(waves[..., 0] * np.float32(self.bins[0])), -(rows // 2), rows // 2)
        place *= columns
        place += np.clip(np.rint(waves[..., 1] * np.float32(self.bins[1])), -(columns // 2), columns // 2)
        return np.take(self.power.ravel(), place.astype(np.int32) + (rows // 2 * columns + columns // 2))

    def look_between(self, waves: np.ndarray) -> np.ndarray:
        """As `look`, interpolated between bins."""
        import cv2

        rows, columns = self.power.shape
        down = (waves[..., 0] * self.bins[0] + rows // 2).astype(np.float32)
        across = (waves[..., 1] * self.bins[1] + columns // 2).astype(np.float32)
        return cv2.remap(self.power, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def line_spectrum(chip_map: np.ndarray) -> LineSpectrum:
    """Spectrum of a map of evidence [rows, columns], for `search`."""
    import cv2
    import scipy.fft

    rows, columns = (scipy.fft.next_fast_len(PADDING * side, real=True) for side in chip_map.shape)
    half = scipy.fft.rfft2((chip_map - chip_map.mean()).astype(np.float32), s=(rows, columns))
    right = np.fft.fftshift(np.square(half.real) + np.square(half.imag), axes=0)
    # a real map has the same power at opposite frequencies; odd sizes keep the middle in the middle
    right = right[1:] if rows % 2 == 0 else right
    right = right[:, : (columns - 1) // 2 + 1]
    power = np.hstack([right[::-1, :0:-1], right])
    around = cv2.blur(power, (NOISE_BOX, NOISE_BOX))
    power = power / (around + np.float32(1e-6 * power.mean() + np.finfo(np.float32).tiny))
    power = np.minimum(power, np.float32(STRONGEST_LINE))
    power[[0, -1]] = power[:, [0, -1]] = 0
    return LineSpectrum(power, (rows, columns))


def middle(chip_map: np.ndarray) -> np.ndarray:
    """At most the middle 5:2 of a very long map: the work grows with the cube of the length."""
    most = LONGEST_ASPECT * min(chip_map.shape)
    first = [max(0, int(side - most) // 2) for side in chip_map.shape]
    return chip_map[first[0] : chip_map.shape[0] - first[0], first[1] : chip_map.shape[1] - first[1]]


def search(code: TileCode, spectrum: LineSpectrum, shape: tuple[int, int], chips: tuple[float, float]) -> list[Lay]:
    """The lays that the waves agree with best, best first.

    Parameters
    ----------
    code : TileCode
    spectrum : LineSpectrum
        Of a map of the shape [rows, columns].
    chips : (float, float)
        Fewest and most chips over the short side of the map.
    """
    expected, deviation = _statistics(spectrum)
    if not deviation:
        return []
    frequencies = (code.waves / SIDE).astype(np.float32)
    reach = float(np.hypot(*frequencies.T).max())
    found: list[Lay] = []
    for every in _lays(shape, chips, reach, spectrum.bins):
        # a third of the waves, which were drawn in no order, rules most lays out
        few = spectrum.look(frequencies[::FEWER_WAVES] @ every).sum(axis=-1)
        linears = every[np.argpartition(few, -(len(every) // WORTH_A_LOOK))[-(len(every) // WORTH_A_LOOK) :]]
        scores = spectrum.look(frequencies @ linears).sum(axis=-1)
        scores = (scores / len(frequencies) - expected) / deviation
        found += [Lay(linears[index].astype(float), float(scores[index])) for index in np.argpartition(scores, -2)[-2:]]
    best = _distinct(sorted(found, key=lambda lay: -lay.score), shape, 4 * CANDIDATES)
    refined = [_refined(lay, frequencies, spectrum, expected, deviation, reach) for lay in best]
    return _distinct(sorted(refined, key=lambda lay: -lay.score), shape, CANDIDATES)


def plain(code: TileCode, spectrum: LineSpectrum, shape: tuple[int, int], chips: tuple[float, float]) -> list[Lay]:
    """The likeliest lays of a picture that was cropped or set into a frame and no more, upright or mirrored.

    They are so few that the best dozen may be looked at with phases, which tells more than power: as `search`, and
    good for marks a decibel weaker.
    """
    expected, deviation = _statistics(spectrum)
    if not deviation:
        return []
    frequencies = code.waves / SIDE
    step = PLAIN_STEP_BINS / (float(np.hypot(*frequencies.T).max()) * max(spectrum.bins))
    scales = np.arange(chips[0], chips[1], step * min(shape)) / min(shape)
    linears = (scales[:, None, None, None] * np.array(WAYS[:2], dtype=float)).reshape(-1, 2, 2)
    scores = (spectrum.look_between(frequencies @ linears).mean(axis=-1) - expected) / deviation
    lays = [Lay(linears[index], float(scores[index])) for index in np.argsort(-scores)[: 16 * PLAIN_CANDIDATES]]
    return _distinct(lays, shape, PLAIN_CANDIDATES)


def rectify(chip_map: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """Lay a map of evidence out in chips, float32 [rows, columns], all of it kept."""
    import cv2

    corners = np.array([(y, x) for y in (0, chip_map.shape[0]) for x in (0, chip_map.shape[1])]) @ linear.T
    low = corners.min(axis=0)
    rows, columns = (max(1, math.ceil(extent)) for extent in np.ptp(corners, axis=0))
    # twice as fine first: where the map is finer than the chips, every sample of it has its say
    matrix = 2 * np.array([[linear[1, 1], linear[1, 0], -low[1]], [linear[0, 1], linear[0, 0], -low[0]]])
    fine = cv2.warpAffine(chip_map, matrix, (2 * columns, 2 * rows), flags=cv2.INTER_LINEAR)
    return cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA)


def _lays(
    shape: tuple[int, int], chips: tuple[float, float], reach: float, bins: tuple[int, int]
) -> Iterator[np.ndarray]:
    """Stacks [n, 2, 2] of maps from samples to chips: every scale with every turn, then with every squeeze."""
    short, longest = min(shape), max(bins)
    step = STEP_BINS / (reach * longest)
    scales = np.arange(chips[0], chips[1], step * short) / short
    ways = np.array(WAYS, dtype=float)
    limit = math.radians(LARGEST_TURN_DEG)
    for scale in scales:
        turns = np.linspace(-limit, limit, 2 * math.ceil(limit * scale / step) + 1)
        cos, sin = np.cos(turns), np.sin(turns)
        turned = scale * np.stack([cos, -sin, sin, cos], axis=-1).reshape(-1, 2, 2)
        half = math.ceil(math.log(LARGEST_SQUEEZE) / 2 * scale / (2 * step)) * 2
        ratios = np.exp(np.linspace(-1, 1, 2 * half + 1) * math.log(LARGEST_SQUEEZE) / 2)
        squeezed = np.zeros((len(ratios), 2, 2))
        squeezed[:, 0, 0], squeezed[:, 1, 1] = scale * ratios, scale / ratios
        every = np.concatenate([turned, squeezed])
        yield (ways[:, None] @ every[None]).reshape(-1, 2, 2).astype(np.float32)


def _statistics(spectrum: LineSpectrum) -> tuple[float, float]:
    """Mean of the spectrum, and the deviation of a mean of as many bins as there are waves."""
    from pipeline.watermark.picture.tile import WAVES

    return float(spectrum.power.mean()), float(spectrum.power.std()) / WAVES**0.5


def _distinct(lays: list[Lay], shape: tuple[int, int], most: int) -> list[Lay]:
    """The first of every group of lays that would put no corner a chip apart."""
    kept: list[Lay] = []
    size = np.array(shape)
    for lay in lays:
        if all(np.abs((lay.linear - other.linear) * size).max() > 1.0 for other in kept):
            kept.append(lay)
        if len(kept) == most:
            break
    return kept


def _refined(
    lay: Lay, frequencies: np.ndarray, spectrum: LineSpectrum, expected: float, deviation: float, reach: float
) -> Lay:
    """Climb to the nearest peak, one element of the map at a time in ever smaller steps."""
    linear = lay.linear
    best = float(spectrum.look_between(frequencies @ linear).mean())
    steps = STEP_BINS / (reach * np.array(spectrum.bins))
    for _ in range(REFINEMENTS):
        for row, column in np.ndindex(2, 2):
            for sign in (-1, 1):
                tried = linear.copy()
                tried[row, column] += sign * steps[column]
                score = float(spectrum.look_between(frequencies @ tried).mean())
                if score > best:
                    best, linear = score, tried
        steps = steps * 0.6
    return Lay(linear, (best - expected) / deviation)
