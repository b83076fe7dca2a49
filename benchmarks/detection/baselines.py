"""What ours is compared with, in the same run and on the same copies: three small sets of figures, each with a fit.

temporal   13 statistics of how codec motion vectors change over time, the idea of TemporalSpec (VidAudit 2026).
spectral   23 statistics of the spatial spectrum and of the noise.
metadata   what the container says: rate, height, width, length, bit rate. Not a detector: it shows what a detector
           could learn instead of looking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.metrics import auc
from pipeline.media.frames import read_frames
from pipeline.media.recode import recode_with_vectors
from pipeline.records import Clip

Matrix = NDArray[np.float64]

# vectors are measured at this width, so that the size of a clip does not speak through their length
VECTOR_WIDTH_PX = 480
GRID = 4
# fewer steps in time have no spectrum to speak of
FEWEST_STEPS = 7
PATCH_PX = 96
RINGS = 12
# pictures that the spectral figures are measured on, spread over the copy, each with the one after it
PAIRS = 6
# penalties to choose from, per clip
RIDGES = (0.5, 0.05, 0.005)
INNER_FOLDS = 3
TEMPORAL, SPECTRAL, METADATA = 13, 23, 5


def figures_of(copy: Path) -> dict[str, list[float] | None]:
    """Temporal and spectral figures of one canonical copy; None where they cannot be measured."""
    small, pairs = [], []
    count = sum(1 for _ in read_frames(copy))
    wanted = set(np.linspace(0, max(count - 2, 0), min(PAIRS, max(count - 1, 1))).astype(int).tolist())
    before: NDArray[np.uint8] | None = None
    for number, frame in enumerate(read_frames(copy)):
        small.append(_even(frame.gray(VECTOR_WIDTH_PX)))
        if before is not None:
            pairs.append((before, frame.luma.copy()))
        before = frame.luma.copy() if number in wanted else None
    return {"temporal": temporal(np.stack(small)), "spectral": spectral(pairs)}


def _even(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return gray[: gray.shape[0] // 2 * 2]


def metadata_of(clip: Clip) -> list[float] | None:
    """Rate, height, width, length and bit rate as logarithms."""
    width, height = clip.video.upright_size_px
    rate = clip.video.bit_rate or 8 * clip.size_bytes / max(clip.duration_s, 1e-3)
    values = (float(clip.video.frame_rate), height, width, clip.duration_s, rate)
    return [float(np.log(max(value, 1e-3))) for value in values]


# --------------------------------------------------------------- temporal
def temporal(grays: NDArray[np.uint8]) -> list[float] | None:
    """Statistics of motion-vector lengths over time.

    Parameters
    ----------
    grays : uint8 [T, H, W]
        H and W even.

    Returns
    -------
    list of 13 floats or None
        Mean length, share of still area, variance and mean step of the length; over a grid of regions, median and
        interquartile range of slope and flatness of the temporal power spectrum and of the correlation time, and median
        first zero of the autocorrelation, kurtosis and skewness of the second difference. None for too few pictures.
    """
    _, vectors = recode_with_vectors(grays, crf=20)
    maps = [_lengths(rows, grays.shape[1:]) for rows in vectors if len(rows)]
    if len(maps) < FEWEST_STEPS:
        return None
    lengths = np.stack(maps)
    whole = lengths.mean(axis=(1, 2))
    still = float(np.mean(lengths == 0))
    overall = [float(whole.mean()), still, float(whole.var()), float(np.abs(np.diff(whole)).mean())]
    rows = np.array([_course(series) for series in _regions(lengths) if series.std() > 1e-9])
    if not len(rows):
        return [*overall, *[0.0] * (TEMPORAL - len(overall))]
    low, median, high = np.quantile(rows, [0.25, 0.5, 0.75], axis=0)
    spread = high - low
    pairs = [value for i in range(3) for value in (median[i], spread[i])]
    return [float(value) for value in (*overall, *pairs, *median[3:])]


def _lengths(rows: NDArray[np.float32], size: tuple[int, ...]) -> Matrix:
    # vector lengths in pixels on a map of one cell per 16 px
    cells = np.zeros((-(-size[0] // 16), -(-size[1] // 16)))
    y = np.clip(rows[:, 1] // 16, 0, cells.shape[0] - 1).astype(int)
    x = np.clip(rows[:, 0] // 16, 0, cells.shape[1] - 1).astype(int)
    weights = np.zeros_like(cells)
    np.add.at(cells, (y, x), np.hypot(rows[:, 2], rows[:, 3]))
    np.add.at(weights, (y, x), 1.0)
    found: Matrix = cells / np.maximum(weights, 1.0)
    return found


def _regions(lengths: Matrix) -> list[Matrix]:
    bands = [part for part in np.array_split(lengths, GRID, axis=1) if part.size]
    return [part.mean(axis=(1, 2)) for band in bands for part in np.array_split(band, GRID, axis=2) if part.size]


def _course(series: Matrix) -> tuple[float, ...]:
    """Slope, flatness, correlation time, first zero of the autocorrelation, kurtosis and skewness of one region."""
    centred = series - series.mean()
    power = np.abs(np.fft.rfft(centred * np.hanning(centred.size)))[1:] ** 2 + 1e-12
    frequency = np.arange(1, power.size + 1) / centred.size
    slope = -np.polyfit(np.log10(frequency), np.log10(power), 1)[0]
    flatness = np.exp(np.mean(np.log(power))) / power.mean()
    correlation = np.correlate(centred, centred, mode="full")[centred.size - 1 :] / np.sum(centred**2)
    half = correlation[: centred.size // 2 + 1]
    zeros = np.flatnonzero(half <= 0)
    first_zero = float(zeros[0]) if zeros.size else float(half.size)
    # integral of the positive part: as a fitted decay, but defined for every series
    correlation_time = float(half[: int(first_zero)].sum())
    bend = np.diff(series, n=2)
    spread = bend.std()
    unit = (bend - bend.mean()) / spread if spread > 1e-9 else np.zeros_like(bend)
    return slope, flatness, correlation_time, first_zero, float(np.mean(unit**4)), float(np.mean(unit**3))


# --------------------------------------------------------------- spectral
def spectral(pairs: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> list[float] | None:
    """Statistics of spectrum and noise.

    Parameters
    ----------
    pairs : of luma uint8 [H, W]
        Neighbouring pictures at native scale.

    Returns
    -------
    list of 23 floats or None
        12 rings of the log power spectrum less their mean, slope and what a straight line leaves, log spread, log
        kurtosis and skewness of the high-pass residual, its correlation at one and two pixels, height of the spectrum
        at periods of four and two pixels, and how the residual and the picture live on to the next picture. None when
        pictures are smaller than a patch or plain.
    """
    rows = [row for before, after in pairs for row in _pair_rows(before / 255.0, after / 255.0)]
    return [float(value) for value in np.mean(rows, axis=0)] if rows else None


def _pair_rows(before: Matrix, after: Matrix) -> list[list[float]]:
    height, width = before.shape
    if min(height, width) < PATCH_PX:
        return []
    rows = []
    for y in (0.2, 0.5, 0.8):
        for x in (0.2, 0.5, 0.8):
            top, left = round(y * (height - PATCH_PX)), round(x * (width - PATCH_PX))
            patch, later = (image[top : top + PATCH_PX, left : left + PATCH_PX] for image in (before, after))
            if patch.std() > 2 / 255:
                rows.append([*_spectrum(patch), *_noise(patch, later)])
    return rows


def _spectrum(patch: Matrix) -> list[float]:
    window = np.hanning(PATCH_PX)
    power = np.log10(np.abs(np.fft.fft2((patch - patch.mean()) * window[:, None] * window)) ** 2 + 1e-6)
    steps = np.fft.fftfreq(PATCH_PX)
    radius = np.hypot(steps[:, None], steps[None, :])
    edges = np.linspace(0.02, 0.5, RINGS + 1)
    rings = np.array([power[(radius >= a) & (radius < b)].mean() for a, b in zip(edges, edges[1:], strict=False)])
    line = np.polyfit(np.log10((edges[1:] + edges[:-1]) / 2), rings, 1)
    left = np.std(rings - np.polyval(line, np.log10((edges[1:] + edges[:-1]) / 2)))
    heights = []
    for period in (4, 2):
        at = PATCH_PX // period
        around = [power[at + d, 0] for d in (-3, -2, 2, 3)] + [power[0, at + d] for d in (-3, -2, 2, 3)]
        heights.append((power[at, 0] + power[0, at]) / 2 - np.mean(around))
    return [*(rings - rings.mean()), line[0], float(left), *heights]


def _noise(patch: Matrix, later: Matrix) -> list[float]:
    residual, next_residual = _high_pass(patch), _high_pass(later)
    spread = residual.std() + 1e-9
    unit = residual / spread
    lags = [(np.mean(unit[:, k:] * unit[:, :-k]) + np.mean(unit[k:] * unit[:-k])) / 2 for k in (1, 2)]
    hold = np.mean(residual * next_residual) / (spread * (next_residual.std() + 1e-9))
    change = np.log10(np.mean((later - patch) ** 2) / spread**2 + 1e-3)
    return [np.log10(spread), np.log10(np.mean(unit**4) + 1e-9), np.mean(unit**3), *lags, hold, change]


def _high_pass(patch: Matrix) -> Matrix:
    around = (patch[:-2, 1:-1] + patch[2:, 1:-1] + patch[1:-1, :-2] + patch[1:-1, 2:]) / 4
    residual: Matrix = patch[1:-1, 1:-1] - around
    return residual - residual.mean()


# -------------------------------------------------------------------- fit
def held_out_scores(
    x: Matrix, labels: NDArray[np.int_], groups: Sequence[str], *, also: Sequence[Matrix] = (), squares: bool = False
) -> list[Matrix] | None:
    """Log-odds of each clip from a fit that has seen no clip of its group.

    Parameters
    ----------
    x : float64 [clips, figures]
        NaN where nothing was measured.
    also
        Other measurements of the same clips, e.g. degraded, that the same fits are asked about and never fit to.
    squares
        Add squares and products, for figures whose middle matters.

    Returns
    -------
    One float64 [clips] for x and for each of `also`; None with fewer than two groups of either label.
    """
    names = np.asarray(groups)
    if min(len(set(names[labels == label])) for label in (0, 1)) < 2:
        return None
    scores = [np.zeros(len(labels)) for _ in range(1 + len(also))]
    for name in np.unique(names):
        rest, mine = names != name, names == name
        model = _fit(x[rest], labels[rest], names[rest], squares=squares)
        for score, table in zip(scores, (x, *also), strict=True):
            score[mine] = model.logits(table[mine])
    return scores


@dataclass(frozen=True)
class Fit:
    """A logistic regression over standardised figures."""

    mean: Matrix
    scale: Matrix
    squares: bool
    # of the squares and products, so that they weigh what the figures weigh
    wide_mean: Matrix
    wide_scale: Matrix
    beta: Matrix

    def logits(self, x: Matrix) -> Matrix:
        """Log-odds of each row; what was not measured counts as usual."""
        standard = _standard(x, self.mean, self.scale)
        wide = (_wide(standard, self.squares) - self.wide_mean) / self.wide_scale
        found: Matrix = wide @ self.beta[:-1] + self.beta[-1]
        return found


def _standard(x: Matrix, mean: Matrix, scale: Matrix) -> Matrix:
    found: Matrix = np.where(np.isfinite(x), (x - mean) / scale, 0.0)
    return found


def _wide(standard: Matrix, squares: bool) -> Matrix:
    if not squares:
        return standard
    first, second = np.triu_indices(standard.shape[1])
    return np.column_stack([standard, standard[:, first] * standard[:, second]])


def _fit(x: Matrix, labels: NDArray[np.int_], groups: NDArray[np.str_], *, squares: bool) -> Fit:
    """Logistic regression whose ridge is chosen on groups held out within what it may see."""
    inner = _inner_folds(labels, groups)
    held = [inner == fold for fold in range(INNER_FOLDS)]
    good = [rows for rows in held if all(0 < labels[part].sum() < part.sum() for part in (rows, ~rows))]

    def quality(ridge: float) -> float:
        fits = ((_regression(x[~rows], labels[~rows], ridge, squares), rows) for rows in good)
        return float(np.mean([auc(labels[rows], model.logits(x[rows])) for model, rows in fits]))

    best = max(RIDGES, key=quality) if good else RIDGES[1]
    return _regression(x, labels, best, squares)


def _inner_folds(labels: NDArray[np.int_], groups: NDArray[np.str_]) -> NDArray[np.int_]:
    # groups go in turn to the folds, those with AI clips and those without apart, so that each fold has both
    found = np.zeros(len(groups), dtype=int)
    turns = [0, 0]
    for name in np.unique(groups):
        rows = groups == name
        kind = int(labels[rows].any())
        found[rows] = turns[kind] % INNER_FOLDS
        turns[kind] += 1
    return found


def _regression(x: Matrix, labels: NDArray[np.int_], ridge: float, squares: bool) -> Fit:
    from models.linear import fit

    known = np.isfinite(x)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, x, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (x - mean) ** 2, 0.0).sum(axis=0) / count)
    scale = np.where(spread > 1e-9, spread, 1.0)
    wide = _wide(_standard(x, mean, scale), squares)
    wide_mean, wide_scale = wide.mean(axis=0), np.maximum(wide.std(axis=0), 1e-9)
    # both labels weigh the same, however many clips they have
    weight = np.where(labels == 1, 0.5 / labels.mean(), 0.5 / (1 - labels.mean()))
    beta = fit((wide - wide_mean) / wide_scale, labels.astype(float), weight, ridge=ridge)
    return Fit(mean, scale, squares, wide_mean, wide_scale, beta)


def table_of(figures: Sequence[list[float] | None], width: int) -> Matrix:
    """Figures of every clip as rows; those that could not be measured are NaN."""
    return np.array([row if row is not None else [np.nan] * width for row in figures], dtype=float)
