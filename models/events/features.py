"""What the event model looks at: the cues around each turn of the movement, on a clock that knows no frame rate.

Takes tables of columns by name and nothing else, so that training needs no video and no other part of the project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Columns = Mapping[str, Vector]

# seconds before and after the turn at which each cue is read
OFFSETS_S = tuple(round(0.04 * step, 2) for step in range(-6, 7))
NEAR_S = (-0.08, 0.0, 0.08)
# cues are taken against their own root mean square over this long, so that near and far, calm and wild clips agree
RUNNING_S = 4.0
# cues of pairs of pictures: those of a size, those with a sign, those that are places or shares
PAIR_CUES = (
    *("energy", "fast", "difference", "down", "up", "left", "right", "down_top", "up_top", "left_top", "right_top"),
    *("speed_top", "speed_broad", "change_top", "shear_top"),
)
PAIR_SIGNED = ("drift_x", "drift_y")
PAIR_PLACES = ("camera", "fast_extent", "centre_x", "centre_y", "fast_y", "change_median")
# cues of turns
TURN_CUES = (
    *("landing", "halt", "stop", "reversal"),
    *("jolt", "lift", "landed", "lift_mean", "sink_mean", "transfer"),
)
TURN_PLACES = tuple(f"{cue}_{part}" for cue in TURN_CUES[:4] for part in ("x", "y", "extent", "speed"))
# cues of pictures
LIGHT_CUES = ("flare",)
# rows worked on at once: an hour of video would otherwise need hundreds of megabytes
CHUNK_ROWS = 4096


def feature_names() -> tuple[str, ...]:
    """Names of the columns that `context` gives, in order."""
    sized = [f"{cue}@{offset:+.2f}" for cue in _SIZED for offset in OFFSETS_S]
    levels = [f"{cue} {part}" for cue in _SIZED for part in ("level", "usual")]
    moved = [f"{cue}@{offset:+.2f}" for cue in (*PAIR_SIGNED, "lowest") for offset in OFFSETS_S]
    places = [f"{cue}@{offset:+.2f}" for cue in (*PAIR_PLACES, *TURN_PLACES) for offset in NEAR_S]
    return (*sized, *levels, *moved, *places)


def context(pairs: Columns, turns: Columns, light: Columns) -> Iterator[tuple[Vector, NDArray[np.float32]]]:
    """Features of every turn, in chunks.

    Parameters
    ----------
    pairs, turns, light : columns by name
        One row per pair of pictures (start_s, end_s, ...), per turn (time_s, ...) and per picture (time_s, ...).

    Yields
    ------
    (times_s [n], float32 [n, features])
        In order of time; nothing for a clip without turns.
    """
    time_s = turns["time_s"]
    if not time_s.size:
        return
    middle_s = (pairs["start_s"] + pairs["end_s"]) / 2
    series = {
        **{name: (middle_s, pairs[name]) for name in (*PAIR_CUES, *PAIR_SIGNED, *PAIR_PLACES, "lowest")},
        **{name: (time_s, turns[name]) for name in (*TURN_CUES, *TURN_PLACES)},
        **{name: (light["time_s"], light[name]) for name in LIGHT_CUES},
    }
    usual = {name: running_rms(*series[name]) for name in (*_SIZED, *PAIR_SIGNED)}
    for first in range(0, time_s.size, CHUNK_ROWS):
        at_s = time_s[first : first + CHUNK_ROWS]
        yield at_s, _rows(at_s, series, usual)


def running_rms(time_s: Vector, values: Vector) -> Vector:
    """Root mean square within `RUNNING_S` around each time, float64 of the same length; any spacing of times.

    Where rows are missing because nothing moved, stillness counts as zeros.
    """
    first = np.searchsorted(time_s, time_s - RUNNING_S / 2)
    last = np.searchsorted(time_s, time_s + RUNNING_S / 2, side="right")
    total = np.concatenate([[0.0], np.cumsum(values * values)])
    step_s = max(float(np.median(np.diff(time_s))), 1e-3) if time_s.size > 1 else 1.0
    span_s = np.minimum(time_s + RUNNING_S / 2, time_s[-1]) - np.maximum(time_s - RUNNING_S / 2, time_s[0])
    count = np.maximum(last - first, span_s / step_s)
    return np.sqrt(np.maximum(total[last] - total[first], 0) / np.maximum(count, 1))


_SIZED = (*PAIR_CUES, *TURN_CUES, *LIGHT_CUES)


def _rows(
    at_s: Vector, series: Mapping[str, tuple[Vector, Vector]], usual: Mapping[str, Vector]
) -> NDArray[np.float32]:
    columns: list[Vector] = []
    for name in _SIZED:
        times_s, values = series[name]
        share = values / np.maximum(usual[name], 1e-6)
        columns += [np.interp(at_s + offset, times_s, share) for offset in OFFSETS_S]
    for name in _SIZED:
        times_s, values = series[name]
        columns += [np.log(np.interp(at_s, times_s, level) + 1e-3) for level in (values, usual[name])]
    for name in (*PAIR_SIGNED, "lowest"):
        times_s, values = series[name]
        share = values / np.maximum(usual[name], 1e-6) if name in usual else values
        columns += [np.interp(at_s + offset, times_s, share) for offset in OFFSETS_S]
    for name in (*PAIR_PLACES, *TURN_PLACES):
        columns += [np.interp(at_s + offset, *series[name]) for offset in NEAR_S]
    return np.stack(columns, axis=1).astype(np.float32)
