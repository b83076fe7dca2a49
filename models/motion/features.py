"""Figures of motion: the vectors of a re-encode, how they hang together in space and time, and what they leave over.

Pictures come at about eight a second and at about one width, whatever the clip's own rate and size. About: of thirty
pictures a second every third or fourth is taken, so that an even pan seems to jerk. Every motion is therefore divided
by the time it really took, or the rate of the clip would speak through its unevenness.
Shares are 0 to 1; speeds are pixels of a 320 pixel wide picture per eighth of a second; whatever depends on how fast a
scene moves is divided by its speed.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# side of a macroblock (H.264, ITU-T H.264 6.3)
BLOCK_PX = 16
# speeds are said per this time
STEP_S = 0.125
# slower than this a block rests: vectors come in quarters of a pixel
RESTS_PX = 0.3
# added to a speed before dividing by it, so that rest does not divide by zero
FLOOR_PX = 0.5
# added to a grey level difference for the same reason: half the noise of a re-encode
FLOOR_LUMA = 1.0
# a picture with fewer predicted blocks than this starts something new and has no motion
MIN_KNOWN = 0.2
# rounds of reweighting after which a robust fit has settled
ROUNDS = 3
# fewer steps of time than this say nothing about acceleration
MIN_STEPS = 6
# bins of direction
BINS = 8

FEATURES = (
    "speed",
    "speed_spread",
    "rests",
    "unpredicted",
    "split",
    "roughness",
    "divergence",
    "curl",
    "off_camera",
    "off_camera_tail",
    "direction_entropy",
    "turning",
    "acceleration",
    "acceleration_tail",
    "steadiness",
    "speed_flutter",
    "speed_period",
    "camera_shake",
    "camera_share",
    "left_over",
    "left_over_tail",
    "left_over_flutter",
    "gain",
    "texture_change",
    "texture_bias",
    "light_flutter",
)

# How fast a scene is, how much of it rests and how its light changes is the scene's own affair: left out of the model,
# or it would learn which collection films parked cars.
OF_THE_SCENE = {"speed", "rests", "unpredicted", "camera_share", "light_flutter"}
# What repeats or wavers from step to step still feels that the steps of some rates are uneven.
OF_THE_RATE = {"speed_period", "left_over_flutter"}
WEIGHED = tuple(name for name in FEATURES if name not in OF_THE_SCENE | OF_THE_RATE)


@dataclass(frozen=True)
class Field:
    """Motion of every macroblock in every step of time.

    Attributes
    ----------
    vector : float64 [P, R, C, 2]
        Motion x, y in pixels from the picture before to this one; 0 where not known.
    known : bool [P, R, C]
        Whether the block was predicted from the picture before.
    split : bool [P, R, C]
        Whether the encoder needed more than one vector for it.
    """

    vector: Array
    known: NDArray[np.bool_]
    split: NDArray[np.bool_]


def field_of(moved: tuple[NDArray[np.float32], ...], *, size_px: tuple[int, int]) -> Field:
    """Put the vectors of pictures 1.. onto the grid of macroblocks; vectors of one block are averaged.

    Parameters
    ----------
    moved : per picture float32 [n, 5]
        Centre x, centre y, motion x, motion y, width; see `pipeline.media.recode.recode_with_vectors`.
    size_px : height and width of the pictures
    """
    rows, columns = (-(-side // BLOCK_PX) for side in size_px)
    shape = (len(moved) - 1, rows * columns)
    count, total = np.zeros(shape), np.zeros((*shape, 2))
    for step, found in enumerate(moved[1:]):
        row = np.clip(found[:, 1] // BLOCK_PX, 0, rows - 1)
        column = np.clip(found[:, 0] // BLOCK_PX, 0, columns - 1)
        place = (row * columns + column).astype(np.int64)
        count[step] = np.bincount(place, minlength=rows * columns)
        for axis in (0, 1):
            total[step, :, axis] = np.bincount(place, weights=found[:, 2 + axis], minlength=rows * columns)
    grid = (shape[0], rows, columns)
    vector = total / np.maximum(count, 1.0)[..., None]
    return Field(vector.reshape(*grid, 2), (count > 0).reshape(grid), (count > 1).reshape(grid))


def even(field: Field, times_s: Array) -> Field:
    """The same field with every motion divided by the time it took, times `STEP_S`; times_s [P + 1]."""
    took_s = np.maximum(np.diff(times_s), 1e-3)
    return replace(field, vector=field.vector * (STEP_S / took_s)[:, None, None, None])


def measure(lumas: NDArray[np.uint8], moved: tuple[NDArray[np.float32], ...], times_s: Array) -> Array | None:
    """The figures of one run of pictures.

    Parameters
    ----------
    lumas : uint8 [T, H, W]
        About eight a second, without a cut between them.
    moved : per picture float32 [n, 5]
        The vectors of their re-encode.
    times_s : float64 [T]
        When each picture is shown.

    Returns
    -------
    float64 [FEATURES], or None when too few pictures are predicted from the one before.
    """
    field = field_of(moved, size_px=(lumas.shape[1], lumas.shape[2]))
    good = field.known.mean(axis=(1, 2)) >= MIN_KNOWN
    if good.sum() < MIN_STEPS:
        return None
    with warnings.catch_warnings():
        # a step in which no block is known gives an empty mean, which is left out below
        warnings.simplefilter("ignore", RuntimeWarning)
        speed = even(field, times_s)
        named = {**_space(speed, good), **_camera(speed, good), **_time(field, speed, good)}
        named |= _left_over(lumas, field, good)
    named["unpredicted"] = float(1.0 - field.known[good].mean())
    values = np.array([named[name] for name in FEATURES], np.float64)
    return values if np.isfinite(values).all() else None


# ------------------------------------------------------------------ space
def _space(field: Field, good: NDArray[np.bool_]) -> dict[str, float]:
    vector, known = _masked(field, good)
    speed = np.hypot(vector[..., 0], vector[..., 1])
    mean = np.nanmean(speed, axis=(1, 2))
    across, down = np.diff(vector, axis=2), np.diff(vector, axis=1)
    rough = (_mean(np.hypot(*np.moveaxis(across, -1, 0))) + _mean(np.hypot(*np.moveaxis(down, -1, 0)))) / 2
    gx, gy = across[:, :-1], down[:, :, :-1]
    divergence, curl = gx[..., 0] + gy[..., 1], gx[..., 1] - gy[..., 0]
    scale = mean + FLOOR_PX
    return {
        "speed": float(np.log(mean + 0.1).mean()),
        "speed_spread": float((np.nanstd(speed, axis=(1, 2)) / scale).mean()),
        "rests": float(np.nanmean(speed < RESTS_PX, where=known)),
        "split": float(field.split[good][field.known[good]].mean()),
        "roughness": float((rough / scale).mean()),
        "divergence": float(np.nanmean(_mean(np.abs(divergence)) / scale)),
        "curl": float(np.nanmean(_mean(np.abs(curl)) / scale)),
        "direction_entropy": _direction_entropy(vector, speed),
    }


def _masked(field: Field, good: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """Vectors of the good steps with NaN where nothing is known."""
    known = field.known[good]
    return np.where(known[..., None], field.vector[good], np.nan), known


def _mean(values: Array) -> Array:
    """Mean of every step over its places; NaN counts as missing."""
    return np.asarray(np.nanmean(values, axis=tuple(range(1, values.ndim))))


def _direction_entropy(vector: Array, speed: Array) -> float:
    """How evenly motion points everywhere, 0 to 1, weighted by speed; the mean over steps that move."""
    angle = np.arctan2(vector[..., 1], vector[..., 0])
    found = []
    for angles, speeds in zip(angle, speed, strict=True):
        moves = speeds >= RESTS_PX
        if moves.sum() < BINS:
            continue
        share = np.histogram(angles[moves], BINS, (-np.pi, np.pi), weights=speeds[moves])[0]
        share = share / share.sum()
        found.append(-(share * np.log(np.maximum(share, 1e-12))).sum() / np.log(BINS))
    return float(np.mean(found)) if found else 0.0


# ----------------------------------------------------------------- camera
def affine(vector: Array, known: NDArray[np.bool_]) -> Array:
    """Least squares motion of the camera in every step, outliers weighed down (Huber 1981, in three rounds).

    Parameters
    ----------
    vector : float64 [P, R, C, 2]; known : bool [P, R, C]

    Returns
    -------
    float64 [P, 3, 2]: for x, y (each -1 to 1 across the picture) and 1, the motion they add.
    """
    steps, rows, columns = known.shape
    y, x = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    basis = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3)
    flat = vector.reshape(steps, -1, 2)
    weight = known.reshape(steps, -1).astype(np.float64)
    base = weight.copy()
    for _ in range(ROUNDS):
        normal = np.einsum("pn,ni,nj->pij", weight, basis, basis) + 1e-6 * np.eye(3)
        fitted = np.linalg.solve(normal, np.einsum("pn,ni,pna->pia", weight, basis, flat))
        off = np.linalg.norm(flat - basis @ fitted, axis=-1)
        weight = base / np.maximum(1.0, off / RESTS_PX)
    return np.asarray(fitted)


def _camera(field: Field, good: NDArray[np.bool_]) -> dict[str, float]:
    known, vector = field.known[good], field.vector[good]
    fitted = affine(vector, known)
    rows, columns = known.shape[1:]
    y, x = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    model = np.einsum("rci,pia->prca", np.stack([x, y, np.ones_like(x)], axis=-1), fitted)
    off = np.where(known, np.linalg.norm(vector - model, axis=-1), np.nan)
    speed = np.where(known, np.linalg.norm(vector, axis=-1), np.nan)
    scale = _mean(speed) + FLOOR_PX
    pan = fitted[:, 2]
    # a hand trembles, a crane and a generator glide: change of the pan's change, beside the pan
    shake = np.linalg.norm(np.diff(pan, n=2, axis=0), axis=-1).mean()
    return {
        "off_camera": float((_mean(off) / scale).mean()),
        "off_camera_tail": float((np.nanquantile(off, 0.95, axis=(1, 2)) / scale).mean()),
        "camera_shake": float(np.log(shake + RESTS_PX)),
        "camera_share": float((np.linalg.norm(pan, axis=-1) / scale).mean()),
    }


# ------------------------------------------------------------------- time
def _time(moved: Field, field: Field, good: NDArray[np.bool_]) -> dict[str, float]:
    """Change along the way of each block: its speed now, beside the speed where it came from."""
    before, now = _followed(moved, field, good)
    change = np.linalg.norm(now - before, axis=-1)
    pace = (np.linalg.norm(now, axis=-1) + np.linalg.norm(before, axis=-1)) / 2
    moves = pace >= 2 * RESTS_PX
    along = (now * before).sum(axis=-1) / np.maximum(pace**2, RESTS_PX**2)
    relative = change / (pace + FLOOR_PX)
    speed = _mean(np.where(field.known[good], np.linalg.norm(field.vector[good], axis=-1), np.nan))
    return {
        "turning": float(np.mean(along[moves] < 0)) if moves.any() else 0.0,
        "steadiness": float(np.clip(along[moves], -1, 1).mean()) if moves.any() else 0.0,
        "acceleration": float(relative.mean()) if relative.size else 0.0,
        "acceleration_tail": float(np.quantile(relative, 0.95)) if relative.size else 0.0,
        "speed_flutter": float(np.abs(np.diff(speed, n=2)).mean() / (speed.mean() + FLOOR_PX)),
        "speed_period": _period(speed),
    }


def _followed(moved: Field, field: Field, good: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Speeds [n, 2] of the blocks before, and of the blocks that came from there, over all good neighbours in time."""
    rows, columns = field.known.shape[1:]
    y, x = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    before, now = [], []
    for step in np.flatnonzero(good[1:] & good[:-1]) + 1:
        way = moved.vector[step]
        row = np.clip(np.rint(y - way[..., 1] / BLOCK_PX), 0, rows - 1).astype(np.int64)
        column = np.clip(np.rint(x - way[..., 0] / BLOCK_PX), 0, columns - 1).astype(np.int64)
        both = field.known[step] & field.known[step - 1][row, column]
        before.append(field.vector[step - 1][row, column][both])
        now.append(field.vector[step][both])
    if not now:
        return np.zeros((0, 2)), np.zeros((0, 2))
    return np.concatenate(before), np.concatenate(now)


def _period(speed: Array) -> float:
    """Highest autocorrelation of the speed two to eight steps apart; steps, gait and loops repeat."""
    centred = speed - speed.mean()
    power = float((centred**2).sum())
    if power < 1e-6:
        return 0.0
    lags = range(2, min(8, speed.size // 2) + 1)
    return max(float((centred[lag:] * centred[:-lag]).sum()) / power for lag in lags)


# -------------------------------------------------------------- left over
def predicted(before: NDArray[np.uint8], vector: Array) -> NDArray[np.uint8]:
    """A picture [H, W] moved block by block by whole pixels; vector [R, C, 2]."""
    height, width = before.shape
    margin = int(min(np.abs(vector).max(initial=0.0) + 1, max(height, width)))
    wide = np.pad(before, margin, mode="edge")
    whole = np.clip(np.rint(vector), -margin, margin).astype(np.int32)
    # one offset a block into the flat padded picture: several times faster than clipping an index for each axis
    offset = whole[..., 1] * wide.shape[1] + whole[..., 0]
    offset = offset.repeat(BLOCK_PX, axis=0)[:height].repeat(BLOCK_PX, axis=1)[:, :width]
    y, x = np.arange(height, dtype=np.int32)[:, None] + margin, np.arange(width, dtype=np.int32) + margin
    return np.asarray(wide.ravel().take(y * wide.shape[1] + x - offset))


def _left_over(lumas: NDArray[np.uint8], field: Field, good: NDArray[np.bool_]) -> dict[str, float]:
    """What the moved picture before does not explain, beside the detail there is to explain."""
    error, still, detail, change = [], [], [], []
    for step in np.flatnonzero(good):
        now, was = lumas[step + 1].astype(np.int16), lumas[step].astype(np.int16)
        guess = predicted(lumas[step], field.vector[step]).astype(np.int16)
        known = field.known[step]
        error.append(_blocks(np.abs(now - guess))[known])
        still.append(_blocks(np.abs(now - was))[known])
        fine, fine_before = _blocks(_detail(now)), _blocks(_detail(guess))
        detail.append(fine[known])
        textured = known & (fine > FLOOR_LUMA)
        ratio = np.log((fine + FLOOR_LUMA) / (fine_before + FLOOR_LUMA))[textured]
        change.append((np.abs(ratio).mean(), ratio.mean()) if ratio.size else (0.0, 0.0))
    level = np.array([e.mean() / (d.mean() + FLOOR_LUMA) for e, d in zip(error, detail, strict=True)])
    tail = [np.quantile(e, 0.95) / (e.mean() + FLOOR_LUMA) for e in error]
    gain = [(s.mean() + FLOOR_LUMA) / (e.mean() + FLOOR_LUMA) for s, e in zip(still, error, strict=True)]
    light = lumas.mean(axis=(1, 2))
    return {
        "left_over": float(np.log(level.mean() + 0.05)),
        "left_over_tail": float(np.mean(tail)),
        "left_over_flutter": float(level.std() / (level.mean() + 0.05)),
        "gain": float(np.log(gain).mean()),
        "texture_change": float(np.mean([c[0] for c in change])),
        "texture_bias": float(np.mean([c[1] for c in change])),
        "light_flutter": float(np.log(np.abs(np.diff(light, n=2)).mean() + 0.05)),
    }


def _detail(luma: NDArray[np.int16]) -> NDArray[np.int16]:
    """Size of the step to the right neighbour, [H, W]."""
    return np.abs(np.diff(luma, axis=1, append=luma[:, -1:]))


def _blocks(values: NDArray[np.int16]) -> Array:
    """Mean of every macroblock, [R, C]; the last ones may be smaller."""
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], BLOCK_PX), axis=0, dtype=np.float64)
    sums = np.add.reduceat(rows, np.arange(0, values.shape[1], BLOCK_PX), axis=1)
    size = [np.minimum(BLOCK_PX, side - np.arange(0, side, BLOCK_PX)) for side in values.shape]
    return np.asarray(sums / np.outer(*size))
