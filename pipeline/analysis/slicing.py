"""Slicing: the analysis of a stretch of a film, as if the stretch were a clip of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

import numpy as np

from pipeline.records import Analysis, Mood, MotionCurve, Region, Shot, Texture

# a surface that is hardly seen in a stretch belongs to another
SEEN = 0.1


def slice_analysis(analysis: Analysis, start_s: float, end_s: float) -> Analysis:
    """What is seen from `start_s` to `end_s`, with times counted from `start_s`.

    Raises
    ------
    ValueError
        The stretch has no length or lies outside the film.
    """
    if not 0 <= start_s < end_s <= analysis.duration_s + 1e-6:
        raise ValueError(f"there is no stretch from {start_s} to {end_s} s in {analysis.duration_s} s")
    inside = [
        (Shot(max(shot.start_s, start_s) - start_s, min(shot.end_s, end_s) - start_s), mood)
        for shot, mood in zip(analysis.shots, _shot_moods(analysis), strict=True)
        if shot.start_s < end_s and shot.end_s > start_s
    ]
    shots = tuple(shot for shot, _ in inside)
    moods = tuple(mood for _, mood in inside)
    textures = (_texture(texture, start_s, end_s) for texture in analysis.textures)
    return Analysis(
        duration_s=end_s - start_s,
        shots=shots,
        events=tuple(
            replace(event, time_s=event.time_s - start_s)
            for event in analysis.events
            if start_s <= event.time_s < end_s
        ),
        motion=_motion(analysis.motion, start_s, end_s),
        mood=_mean(moods, [shot.end_s - shot.start_s for shot in shots]) if moods else analysis.mood,
        shot_moods=moods,
        # one without a curve may be anywhere
        textures=tuple(texture for texture in textures if max(texture.strength, default=1.0) >= SEEN),
        regions=tuple(_region(region, start_s, end_s) for region in analysis.regions),
    )


def _shot_moods(analysis: Analysis) -> Sequence[Mood]:
    return analysis.shot_moods or (analysis.mood,) * len(analysis.shots)


def _mean(moods: Sequence[Mood], lengths_s: Sequence[float]) -> Mood:
    names = [field.name for field in fields(Mood)]
    table = np.array([[getattr(mood, name) for name in names] for mood in moods])
    weights = np.maximum(lengths_s, 1e-6)
    return Mood(**dict(zip(names, (float(value) for value in weights @ table / weights.sum()), strict=True)))


def _motion(curve: MotionCurve, start_s: float, end_s: float) -> MotionCurve:
    times, columns = _cut(curve.times_s, (curve.energy, curve.camera, curve.centre_x), start_s, end_s)
    return MotionCurve(times, *columns)


def _texture(texture: Texture, start_s: float, end_s: float) -> Texture:
    times, (strength,) = _cut(texture.times_s, (texture.strength,), start_s, end_s)
    return replace(texture, times_s=times, strength=strength)


def _region(region: Region, start_s: float, end_s: float) -> Region:
    times, columns = _cut(region.times_s, (region.energy, region.velocity_x, region.velocity_y), start_s, end_s)
    energy, velocity_x, velocity_y = columns
    return Region(region.box, times, energy, velocity_x, velocity_y)


def _cut(
    times_s: tuple[float, ...], columns: Iterable[tuple[float, ...]], start_s: float, end_s: float
) -> tuple[tuple[float, ...], list[tuple[float, ...]]]:
    """The part of curves that lies in a stretch, with times from its start."""
    first, last = np.searchsorted(times_s, (start_s, end_s))
    return tuple(time_s - start_s for time_s in times_s[first:last]), [column[first:last] for column in columns]
