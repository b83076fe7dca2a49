"""Pictures for the fingerprint: five a second, small, without bars, signed as they are and mirrored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.media.frame_signatures import DIMENSIONS, frame_signatures

if TYPE_CHECKING:
    from pipeline.media.frames import Frame

# as iscc-sdk samples, so that codes compare with those of others
RATE_HZ = 5
# averaging to this keeps the signature: 0-13 of 256 bits from the whole picture, most of it from which picture is drawn
SIDE_PX = 128
# of the grids that the sketch is made of
GRID = 64
# pictures that wait to be signed together; bounds memory
MOST_WAITING = 600
# three hours; a file may claim that one picture is shown for a day
MOST_PICTURES = 3 * 3600 * RATE_HZ
# 8-bit levels: what deviates less over the whole picture (black, a fade, a plain card) says nothing and is not signed
FLAT_LEVELS = 3.0
# mean difference of two pictures that begin a new piece, where bars may be others
CUT_LEVELS = 25.0
# a bar varies no more than this over its row and over time; a pair of them is nearly of one size
BAR_LEVELS = 2.0
SMALLEST_BAR, LARGEST_BAR, UNEVEN_BARS = 3, 48, 3


@dataclass(frozen=True)
class Pictures:
    """What the fingerprint keeps of the pictures of a clip; n pictures in order of time."""

    # float64 [n]
    times_s: np.ndarray
    # uint8 [n, 380]
    signatures: np.ndarray
    # the same of the mirrored pictures; empty when nobody asked
    mirrored: np.ndarray
    # bool [n]: too plain to tell anything
    is_flat: np.ndarray
    # uint8 [n, GRID, GRID]: luma without bars, whatever the aspect
    grids: np.ndarray
    # displayed width over height of what the grids show, float64 [n]
    aspects: np.ndarray
    duration_s: float


class PictureSampler:
    """Draws five pictures a second, each the nearest in time, and signs them.

    Parameters
    ----------
    mirrored : bool
        Sign mirrored pictures as well, to ask for a clip that may be flipped.
    """

    def __init__(self, *, mirrored: bool = False) -> None:
        self._mirrored = mirrored
        self._last: Frame | None = None
        self._count = 0
        self._end_s = 0.0
        self._aspect = 1.0
        self._waiting: list[np.ndarray] = []
        self._done: list[tuple[np.ndarray, ...]] = []

    def add(self, frame: Frame, *, aspect: float) -> None:
        """Take in a picture in order of time; `aspect` is its displayed width over height."""
        self._aspect = aspect
        while self._last is not None and self._count < MOST_PICTURES and self._count / RATE_HZ <= frame.time_s:
            due_s = self._count / RATE_HZ
            nearer = self._last if due_s - self._last.time_s <= frame.time_s - due_s else frame
            self._take(nearer)
        if self._last is not None:
            step_s = frame.time_s - self._last.time_s
            self._end_s = frame.time_s + step_s
        self._last = frame

    def pictures(self) -> Pictures:
        """Everything taken; nothing can be added after it."""
        if self._last is not None and (not self._count or self._count / RATE_HZ < self._end_s - 0.5 / RATE_HZ):
            self._take(self._last)
        self._sign()
        signatures, mirrored, flat, grids, aspects = (
            np.concatenate(parts) for parts in zip(*(self._done or [_nothing()]), strict=True)
        )
        times_s = np.arange(len(signatures)) / RATE_HZ
        return Pictures(times_s, signatures, mirrored, flat, grids, aspects, max(self._end_s, 1 / RATE_HZ))

    def _take(self, frame: Frame) -> None:
        self._waiting.append(frame.gray(SIDE_PX, SIDE_PX))
        self._count += 1
        if len(self._waiting) == MOST_WAITING:
            self._sign()

    def _sign(self) -> None:
        if not self._waiting:
            return
        shown, aspects = [], []
        for piece in pieces(np.stack(self._waiting)):
            inner, share = without_bars(piece)
            shown.append(inner)
            aspects.append(np.full(len(piece), self._aspect * share))
        self._waiting = []
        pictures = np.concatenate(shown)
        signatures = frame_signatures(np.concatenate([pictures, pictures[:, :, ::-1]]) if self._mirrored else pictures)
        own, mirrored = signatures[: len(pictures)], signatures[len(pictures) :]
        grids = averaged(pictures, GRID)
        self._done.append((own, mirrored, is_flat(grids), grids, np.concatenate(aspects)))


def pieces(pictures: np.ndarray) -> list[np.ndarray]:
    """Pictures uint8 [n, h, w] parted where one differs much from the one before."""
    small = averaged(pictures, SIDE_PX // 4).astype(np.int16)
    steps = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2))
    return np.split(pictures, np.flatnonzero(steps > CUT_LEVELS) + 1)


def without_bars(pictures: np.ndarray) -> tuple[np.ndarray, float]:
    """Pictures uint8 [n, side, side] without pairs of bars at their edges, and how much wider what is left is."""
    import cv2

    high, low = pictures.max(axis=0).astype(np.int16), pictures.min(axis=0).astype(np.int16)
    top, bottom = _bars(high, low)
    left, right = _bars(high.T, low.T)
    if not (top or left):
        return pictures, 1.0
    inner = pictures[:, top : SIDE_PX - bottom, left : SIDE_PX - right]
    share = inner.shape[2] / inner.shape[1]
    size = (SIDE_PX, SIDE_PX)
    # linear, not area: it grows
    return np.stack([cv2.resize(one, size, interpolation=cv2.INTER_LINEAR) for one in inner]), share


def is_flat(grids: np.ndarray) -> np.ndarray:
    """Which pictures uint8 [n, h, w] are too plain to tell anything, bool [n]."""
    return np.asarray(grids.reshape(len(grids), -1).std(axis=1) < FLAT_LEVELS)


def averaged(pictures: np.ndarray, side: int) -> np.ndarray:
    """Pictures uint8 [n, h, w] averaged to [n, side, side]; sides are multiples of `side`."""
    count, height, width = pictures.shape
    blocks = pictures.reshape(count, side, height // side, side, width // side)
    return np.rint(blocks.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)


def _bars(high: np.ndarray, low: np.ndarray) -> tuple[int, int]:
    """How many rows the bars above and below take; none unless there are two of about one size."""
    sizes = [_bar(high, low), _bar(high[::-1], low[::-1])]
    if min(sizes) < SMALLEST_BAR or max(sizes) > LARGEST_BAR or abs(sizes[0] - sizes[1]) > UNEVEN_BARS:
        return 0, 0
    # the row beside a bar may hold a part of it
    return sizes[0] + 1, sizes[1] + 1


def _bar(high: np.ndarray, low: np.ndarray) -> int:
    """Rows from the top that show one level, always."""
    steady = (high.max(axis=1) - low.min(axis=1) <= 3 * BAR_LEVELS) & (high.std(axis=1) <= BAR_LEVELS)
    steady &= np.abs(high.mean(axis=1) - high[0].mean()) <= BAR_LEVELS
    return int(steady.argmin()) if not steady.all() else 0


def _nothing() -> tuple[np.ndarray, ...]:
    none = np.zeros((0, DIMENSIONS), np.uint8)
    return none, none, np.zeros(0, bool), np.zeros((0, GRID, GRID), np.uint8), np.zeros(0)


def sample(frames: Iterable[Frame], *, aspect: float, mirrored: bool = False) -> Pictures:
    """Sample the frames of a clip, all of them."""
    sampler = PictureSampler(mirrored=mirrored)
    for frame in frames:
        sampler.add(frame, aspect=aspect)
    return sampler.pictures()
