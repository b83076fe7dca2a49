"""Scores over time as lines of an SVG: where in a clip which detector leans which way. Pure, no HTML."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from pipeline.records import Evidence
from pipeline.report.evidence import LONGEST_S, clock, name_of

Curve = tuple[tuple[float, float], ...]

# the drawing is this wide and high; the page stretches it
WIDTH, HEIGHT = 1000, 100
# above and below the lines there is room for what the ends of the scale are called
_TOP, _BOTTOM = 16, 84
# more points than this cannot be told apart; then neighbours are averaged
MOST_POINTS = 400
# as many lines as there are colours
MOST_CURVES = 6
# a step so many times the usual one is a stretch that nobody looked at: the line is broken there
_GAP_STEPS = 3.0
_TICK_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
# so many labels still fit under a drawing on a telephone
_MOST_TICKS = 7


def curves_view(
    found: Sequence[Evidence], moments: Sequence[dict[str, Any]], duration_s: float = 0.0
) -> dict[str, Any] | None:
    """Lines, axis and marked moments; None when no detector that was looked at has a curve.

    Parameters
    ----------
    found : evidence of a file
    moments : as `moments.moments_view` gives them
    duration_s : of the clip; 0 takes the last time there is

    Returns
    -------
    Positions along the time axis are percentages, paths are in WIDTH x HEIGHT.
    """
    drawn = [one for one in found if one.curve and _is_measured(one)][:MOST_CURVES]
    if not drawn:
        return None
    length_s = min(max(duration_s, *(one.curve[-1][0] for one in drawn), 0.1), LONGEST_S)
    return {
        "lines": [_line(one, number, length_s) for number, one in enumerate(drawn, start=1)],
        "ticks": ticks(length_s),
        "marks": [
            {"number": one["number"], "left": _percent(one["at_s"], length_s)}
            for one in moments
            if one["at_s"] is not None
        ],
    }


def _is_measured(evidence: Evidence) -> bool:
    return evidence.scope in ("content", "hint") and evidence.applicable and evidence.gate != "failed"


def _line(evidence: Evidence, number: int, length_s: float) -> dict[str, Any]:
    name = name_of(evidence)
    pieces = [thinned(piece, MOST_POINTS) for piece in unbroken(evidence.curve)]
    return {
        "number": number,
        "name": name,
        "path": " ".join(_path(piece, length_s) for piece in pieces),
        "words": f"{name}: {_extremes(evidence.curve)}",
    }


def _extremes(curve: Curve) -> str:
    low, high = min(curve, key=lambda one: one[1]), max(curve, key=lambda one: one[1])
    return f"lowest {low[1]:.2g} at {clock(low[0])}, highest {high[1]:.2g} at {clock(high[0])}"


def unbroken(curve: Curve) -> list[Curve]:
    """A curve cut where time jumps: nothing was looked at there, and no line may claim to know."""
    steps = [after[0] - before[0] for before, after in zip(curve, curve[1:], strict=False)]
    if not steps:
        return [curve]
    longest = _GAP_STEPS * statistics.median(steps)
    ends = [number for number, step in enumerate(steps, start=1) if step > longest]
    return [curve[first:last] for first, last in zip([0, *ends], [*ends, len(curve)], strict=True)]


def thinned(curve: Curve, most: int) -> Curve:
    """At most so many points; each is the mean of its neighbours."""
    if len(curve) <= most:
        return curve
    edges = [round(number * len(curve) / most) for number in range(most + 1)]
    parts = [curve[first:last] for first, last in zip(edges, edges[1:], strict=False)]
    return tuple((statistics.fmean(t for t, _ in part), statistics.fmean(v for _, v in part)) for part in parts)


def _path(curve: Curve, length_s: float) -> str:
    # a single point is drawn as a line to itself: with round ends that is a dot
    points = curve if len(curve) > 1 else curve * 2
    where = (f"{WIDTH * _share(t / length_s):.1f} {_BOTTOM + (_TOP - _BOTTOM) * _share(v):.1f}" for t, v in points)
    return "M" + " L".join(where)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


def _percent(at_s: float, length_s: float) -> str:
    return f"{100 * _share(at_s / length_s):.2f}"


def ticks(length_s: float) -> list[dict[str, str]]:
    """Round times along the axis and where they stand, in percent."""
    fits = (step for step in _TICK_STEPS_S if length_s / step < _MOST_TICKS)
    step_s = next(fits, 3600.0 * max(1, round(length_s / 3600 / (_MOST_TICKS - 1))))
    count = int(length_s / step_s + 1e-9) + 1
    return [
        {"words": _tick_words(number * step_s, step_s, length_s), "left": _percent(number * step_s, length_s)}
        for number in range(count)
    ]


def _tick_words(at_s: float, step_s: float, length_s: float) -> str:
    # one form along the whole axis
    if length_s < 60:
        return f"{at_s:.0f} s" if step_s >= 1 else f"{at_s:.1f} s"
    minutes, seconds = divmod(round(at_s), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if length_s >= 3600 else f"{minutes}:{seconds:02d}"
