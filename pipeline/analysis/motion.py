"""Movement: optical flow with the camera taken out, and the cues that come from it.

A cue describes the turn at one picture: how the movement before it (pair "in") becomes the movement after it
(pair "out"). Speeds are in short sides of the picture per second, so that portrait and landscape agree.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.analysis.currents import CURRENT_COLUMNS, JOLT_COLUMNS, current_row, jolt_row
from pipeline.analysis.grid import CELL_PX, camera_shift_px, cell_means, grid_shape, trust, weighted_centre
from pipeline.analysis.leaps import follow_leaps
from pipeline.analysis.regions import RegionMeter
from pipeline.analysis.turns import TURN_COLUMNS, Step, turn_row
from pipeline.records import MotionCurve

if TYPE_CHECKING:
    from numpy.typing import NDArray

# 224 px wide for 16:9, 16 cells on the short side; a larger picture gains no F1 on labelled hits
SHORT_SIDE_PX = 128
# of a panorama or a banner: keeps one frame's cost bounded
LONG_SIDE_PX = 512
# steps closer than this are merged, so that 50, 60 and 120 pictures per second give the same speeds as 25 and 30
MIN_STEP_S = 0.0245
# code values: no pixel of a repeated picture differs by more, or, after lossy coding, its mean difference is a small
# share of the usual one and no pixel differs much (largest seen on clips with a 4:5 and 2:3 cadence: 17)
REPEAT_PEAK_LEVELS = (4, 20)
REPEAT_SHARE = 0.1
# a picture repeated for less than this is a frame-rate conversion, for longer a rest: 6 pictures per second
MAX_REPEAT_S = 0.17
# a longer step (a recorder that drops still pictures) tells when something moved, not how slowly
MAX_STEP_S = 0.35
# a repeat shortens some steps and stretches others: where it happened within this, steps are averaged over it
CADENCE_S = 0.3
# a pair that differs by more shows no movement but a cut, a flash or a dropout
BROKEN_LEVELS = 45.0
# the fastest thing to look for, short sides per second, and the longest leap between two pictures, short sides
LEAP_SPEED = 4.0
LEAP_REACH = 0.35
# one row per pair of pictures
PAIR_COLUMNS = (
    "start_s",
    "end_s",
    # 0 for a pair with no usable flow
    "valid",
    "energy",
    "camera",
    "centre_x",
    "centre_y",
    "fast",
    "fast_x",
    "fast_y",
    "fast_extent",
    "difference",
    *CURRENT_COLUMNS,
)
# one row per turn
MEETING_COLUMNS = (*TURN_COLUMNS, *JOLT_COLUMNS)
# one row per picture
LIGHT_COLUMNS = ("time_s", "luma", "flare", "flare_x", "flare_y", "flare_extent")


@dataclass(frozen=True)
class MotionFeatures:
    """Small statistics of a whole clip; columns by name, one value per row."""

    # PAIR_COLUMNS -> float64 [pairs]
    pairs: dict[str, NDArray[np.float64]]
    # MEETING_COLUMNS -> float64 [turns]
    turns: dict[str, NDArray[np.float64]]
    # LIGHT_COLUMNS -> float64 [pictures]
    light: dict[str, NDArray[np.float64]]
    # short side over height: speeds here times this are picture heights per second
    heights_per_short_side: float


def work_size_px(aspect: float) -> tuple[int, int]:
    """(width, height) of the grey pictures to feed `MotionMeter` for a display aspect (width over height)."""
    # whole cells only; the squeeze of at most 3 % matters to no cue
    cells = round(SHORT_SIDE_PX * max(aspect, 1 / aspect) / CELL_PX)
    long_px = min(LONG_SIDE_PX, cells * CELL_PX)
    return (long_px, SHORT_SIDE_PX) if aspect >= 1 else (SHORT_SIDE_PX, long_px)


def motion_curve(features: MotionFeatures, *, cuts_s: tuple[float, ...] = ()) -> MotionCurve:
    """Movement at every picture: that of the pair which ends there; a pair across a cut takes its neighbours'."""
    time_s, pairs = features.light["time_s"], features.pairs
    usable = (pairs["valid"] > 0) & ~spans(pairs, cuts_s)
    if not usable.any():
        still = (0.0,) * time_s.size
        return MotionCurve(tuple(time_s.tolist()), still, still, (0.5,) * time_s.size)
    # pairs tile the clip; pictures between two that were used share their pair's value
    row = np.searchsorted(pairs["end_s"][usable], time_s - 1e-9).clip(0, int(usable.sum()) - 1)
    scale = features.heights_per_short_side

    def column(name: str, factor: float) -> tuple[float, ...]:
        return tuple((pairs[name][usable][row] * factor).tolist())

    return MotionCurve(
        times_s=tuple(time_s.tolist()),
        energy=column("energy", scale),
        camera=column("camera", scale),
        centre_x=column("centre_x", 1.0),
    )


def spans(pairs: dict[str, NDArray[np.float64]], cuts_s: tuple[float, ...]) -> NDArray[Any]:
    """Which pairs of pictures cross a cut, bool [pairs]."""
    cuts = np.sort(np.asarray(cuts_s, dtype=np.float64))
    # half-open: the picture at the cut belongs to the new shot, so the pair that ends there crosses it
    return np.searchsorted(cuts, pairs["end_s"] + 1e-6) > np.searchsorted(cuts, pairs["start_s"] + 1e-6)


class MotionMeter:
    """Measures movement over a stream of grey pictures; keeps two pictures and a row of numbers per picture."""

    def __init__(self) -> None:
        import cv2

        # The ultrafast preset scores as well on labelled hits as the finer ones, at a third of the cost. Spatial
        # propagation drowns small fast things in their background, and so does the normalisation of each patch's
        # mean, whose place the matched brightness takes: rendered drops at 16 pictures per second missed by more
        # than 60 ms went from 6 of 12 to 1.
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setUseSpatialPropagation(False)
        self._flow.setUseMeanNormalization(False)
        self._pairs, self._turns, self._light = array("d"), array("d"), array("d")
        self._size_px = (0, 0)
        # last picture that was used, and when it was first and last seen
        self._picture: NDArray[Any] | None = None
        self._first_s = self._last_s = 0.0
        self._before: Step | None = None
        # of the pictures used, running mean of the difference
        self._usual_levels = 0.0
        # (end, length, holds a repeat) of the latest steps
        self._steps: list[tuple[float, float, bool]] = []
        self._luma: NDArray[Any] | None = None
        # movement of each part of the picture, for `pipeline.analysis.regions`
        self.regions = RegionMeter()

    def add(self, time_s: float, gray: NDArray[Any]) -> None:
        """Take the next picture, uint8 [H, W], all of one size (see `work_size_px`), in order of time."""
        import cv2

        self._light.extend((time_s, *self._measure_light(gray)))
        if self._picture is None:
            self._size_px = (gray.shape[1], gray.shape[0])
            self._keep(time_s, gray)
            return
        difference = cv2.norm(gray, self._picture, cv2.NORM_L1) / gray.size
        if self._repeats(gray, difference):
            self._last_s = time_s
            return
        start_s = self._first_s
        if self._last_s - self._first_s > MAX_REPEAT_S:
            self._rest()
            start_s = self._first_s
        elif time_s - self._first_s < MIN_STEP_S:
            return
        self._advance(start_s, time_s, gray, difference)
        self._keep(time_s, gray)

    def features(self) -> MotionFeatures:
        """Everything measured so far."""
        if self._last_s > self._first_s:
            self._rest()
        width_px, height_px = self._size_px
        return MotionFeatures(
            pairs=_columns(self._pairs, PAIR_COLUMNS),
            turns=_columns(self._turns, MEETING_COLUMNS),
            light=_columns(self._light, LIGHT_COLUMNS),
            heights_per_short_side=min(width_px, height_px) / height_px if height_px else 1.0,
        )

    def _repeats(self, gray: NDArray[Any], difference: float) -> bool:
        import cv2

        assert self._picture is not None
        peak = cv2.norm(gray, self._picture, cv2.NORM_INF)
        exact, coded = REPEAT_PEAK_LEVELS
        return peak <= exact or (difference < REPEAT_SHARE * self._usual_levels and peak <= coded)

    def _step_s(self, start_s: float, time_s: float) -> float:
        # length of a step of the movement itself, which a repeated picture hides
        held = self._last_s > start_s
        self._steps = [step for step in self._steps if time_s - step[0] < CADENCE_S]
        self._steps.append((time_s, time_s - start_s, held))
        if not any(step[2] for step in self._steps):
            return min(time_s - start_s, MAX_STEP_S)
        return sum(step[1] for step in self._steps) / len(self._steps)

    def _keep(self, time_s: float, gray: NDArray[Any]) -> None:
        self._picture = gray
        self._first_s = self._last_s = time_s

    def _rest(self) -> None:
        # the picture stood still from _first_s to _last_s: what moved before has stopped
        rows, columns = grid_shape(self._size_px)
        still = np.zeros((rows, columns, 2), np.float32)
        self._record(Step(self._first_s, self._last_s, still, still), np.zeros(2), 0.0, still[..., 0])
        self._first_s = self._last_s
        self._steps = []

    def _advance(self, start_s: float, time_s: float, gray: NDArray[Any], difference: float) -> None:
        import cv2

        assert self._picture is not None
        if difference > BROKEN_LEVELS:
            self._before = None
            self._steps = []
            nothing = (0.0,) * len(CURRENT_COLUMNS)
            self._pairs.extend((start_s, time_s, 0, 0, 0, 0.5, 0.5, 0, 0.5, 0.5, 0, difference, *nothing))
            return
        self._usual_levels += (difference - self._usual_levels) / 8
        after = _matched(gray, self._picture)
        flow = self._flow.calc(self._picture, after, None)  # type: ignore[call-overload]
        step_s = self._step_s(start_s, time_s)
        reach_px = round(SHORT_SIDE_PX * min(LEAP_SPEED * step_s, LEAP_REACH))
        shift_px = follow_leaps(self._picture, after, flow, shift_px=cell_means(flow), reach_px=reach_px)
        camera_px = camera_shift_px(shift_px)
        scale = 1 / (SHORT_SIDE_PX * step_s)
        velocity = (shift_px - camera_px) * (scale * trust(self._picture))[..., None]
        camera = camera_px.reshape(-1, 2).mean(0) * scale
        change = cell_means(cv2.absdiff(gray, self._picture))
        self._record(Step(start_s, time_s, shift_px, velocity), camera, difference, change)

    def _record(self, step: Step, camera: NDArray[Any], difference: float, change: NDArray[Any]) -> None:
        self.regions.add(step)
        currents = current_row(step.velocity, change)
        self._pairs.extend((step.start_s, step.end_s, 1, *_pair_row(step, camera), difference, *currents))
        if self._before is not None:
            jolts = jolt_row(self._before.velocity, step.velocity)
            self._turns.extend((step.start_s, *turn_row(self._before, step), *jolts))
        self._before = step

    def _measure_light(self, gray: NDArray[Any]) -> tuple[float, ...]:
        luma = cell_means(gray)
        before, self._luma = self._luma, luma
        if before is None:
            return (float(luma.mean()), 0.0, 0.5, 0.5, 0.0)
        rise = np.maximum(luma - before, 0)
        x, y = weighted_centre(rise * rise)
        return (float(luma.mean()), float(rise.mean()), x, y, float((rise > 0.5 * rise.max()).mean()))


def _matched(gray: NDArray[Any], reference: NDArray[Any]) -> NDArray[Any]:
    # brought to the reference's mean, so that flicker and fades do not look like movement
    import cv2

    gain = max(cv2.mean(reference)[0], 1.0) / max(cv2.mean(gray)[0], 1.0)
    return cv2.convertScaleAbs(gray, alpha=min(max(gain, 0.5), 2.0))


def _pair_row(step: Step, camera: NDArray[Any]) -> tuple[float, ...]:
    speed = np.hypot(step.velocity[..., 0], step.velocity[..., 1])
    x, y = weighted_centre(speed * speed)
    fast = float(np.percentile(speed, 99))
    fast_x, fast_y = weighted_centre(np.where(speed >= fast, speed, 0))
    extent = float((speed > 0.5 * fast).mean()) if fast > 0 else 0.0
    return (float(speed.mean()), float(np.hypot(*camera)), x, y, fast, fast_x, fast_y, extent)


def _columns(values: array[float], names: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
    table = np.array(values, dtype=np.float64).reshape(-1, len(names))
    return {name: table[:, i] for i, name in enumerate(names)}
