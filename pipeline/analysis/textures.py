"""Textures: rain, snow, flames, water, smoke, leaves and crowds over time, by how a surface as a whole moves.

What looks like one of them (see `pipeline.analysis.surfaces`) for about a second in the same part of the picture
counts; a thing that passes does not.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from pipeline.analysis.bursts import BurstMeter
from pipeline.analysis.surfaces import RULES, ramp
from pipeline.records import Texture, TextureKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS: tuple[TextureKind, ...] = get_args(TextureKind)
# five bursts a second: levels of beds change no faster
STEP_S = 0.2
# pictures of a burst are at least this far apart, so that 50 and 60 pictures per second look like 25 and 30
MIN_GAP_S = 0.03
# a picture that differs by less is a repeat, for at most this long; after that the scene is truly still
REPEAT_LEVELS, MAX_REPEAT_S = 0.05, 0.17
# pictures that differ by more have a cut, a flash or a dropout between them
BROKEN_LEVELS = 40.0
# a camera that swings faster blurs everything, short sides per second
FAST_CAMERA = 0.7
# how long a cell is remembered
HOLD_S = 1.0
# the surest stretch of this length decides whether a kind is there
PROOF_S = 2.0
# what is less sure than this is not reported
FLOOR = 0.2


class TextureMeter:
    """Watches for surfaces that sound as a whole; keeps three pictures, one small map and 28 numbers per burst."""

    def __init__(self) -> None:
        self._measure = BurstMeter()
        self._pictures: list[tuple[float, NDArray[Any], NDArray[Any]]] = []
        self._next_s = float("-inf")
        self._last_s = 0.0
        # [kinds, rows, columns], recent evidence
        self._held: NDArray[Any] | None = None
        self._times_s = array("d")
        # per burst and kind: share of the picture, strength, x, y
        self._rows = array("f")

    def add(self, time_s: float, rgb: NDArray[Any], gray: NDArray[Any]) -> None:
        """Take the next picture, in order of time: uint8 [h, w, 3] and uint8 [H, W], each of one size for the clip."""
        import cv2

        if self._pictures:
            last_s, last = self._pictures[-1][0], self._pictures[-1][2]
            if time_s - last_s < MIN_GAP_S - 1e-6:
                return
            difference = cv2.norm(gray, last, cv2.NORM_L1) / gray.size
            if difference < REPEAT_LEVELS and time_s - last_s < MAX_REPEAT_S:
                return
            if difference > BROKEN_LEVELS:
                self._pictures, self._held = [], None
        self._pictures = [*self._pictures[-2:], (time_s, rgb, gray)]
        if len(self._pictures) == 3 and self._pictures[1][0] >= self._next_s:
            self._burst()

    def textures(self) -> tuple[Texture, ...]:
        """What was seen, surest first; kinds that are not there are left out."""
        times_s = np.array(self._times_s)
        table = np.array(self._rows, np.float64).reshape(-1, len(KINDS), 4)
        found = [
            texture
            for i, kind in enumerate(KINDS)
            if (texture := _texture(kind, times_s, table[:, i])).confidence >= FLOOR
        ]
        return tuple(sorted(found, key=lambda texture: -texture.confidence))

    def _burst(self) -> None:
        (first_s, _, before), (time_s, rgb, now), (last_s, _, after) = self._pictures
        self._next_s = time_s + STEP_S - 1e-6
        maps = self._measure((before, now, after), rgb, step_s=(last_s - first_s) / 2)
        if np.median(np.hypot(maps["speed_x"], maps["speed_y"])) > FAST_CAMERA:
            return
        evidence = np.stack([RULES[kind].evidence(maps) for kind in KINDS])
        if self._held is None:
            # a first look proves little
            self._held = 0.3 * evidence
        else:
            self._held += (evidence - self._held) * (1 - np.exp(-(time_s - self._last_s) / HOLD_S))
        self._last_s = time_s
        self._times_s.append(time_s)
        for kind, held in zip(KINDS, self._held, strict=True):
            self._rows.extend(_summary(held, maps["left"], RULES[kind].vigour_levels))


def _summary(held: NDArray[Any], left: NDArray[Any], vigour_levels: float) -> tuple[float, ...]:
    # (share, strength, x, y) of one kind now
    there = ramp(held, 0.25, 0.6)
    share = float(there.mean())
    if share <= 0:
        return (0.0, 0.0, 0.5, 0.5)
    rows, columns = there.shape
    x = float(there.sum(0) @ (np.arange(columns) + 0.5)) / (share * there.size * columns)
    y = float(there.sum(1) @ (np.arange(rows) + 0.5)) / (share * there.size * rows)
    strength = float((there * left / (left + vigour_levels)).mean()) ** 0.5
    return (share, strength, x, y)


def _texture(kind: TextureKind, times_s: NDArray[Any], table: NDArray[Any]) -> Texture:
    share, strength, x, y = table.T
    if not len(times_s) or share.max() <= 0:
        return Texture(kind, 0.0, 0.5, 0.5, 0.0)
    rule = RULES[kind]
    # the surest stretch: a surface may be seen in one shot of many
    count = min(len(share), round(PROOF_S / STEP_S))
    best = float(np.convolve(share, np.full(count, 1 / count), "valid").max())
    weight = share / share.sum()
    return Texture(
        kind=kind,
        confidence=round(float(rule.most * ramp(best, *rule.share)), 3),
        x=round(float(weight @ x), 3),
        y=round(float(weight @ y), 3),
        extent=round(best, 3),
        times_s=tuple(np.round(times_s, 3).tolist()),
        strength=tuple(np.round(strength, 3).tolist()),
    )
