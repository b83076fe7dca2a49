"""What a picture shows, made by hand: analyses and contacts for tests."""

import numpy as np

from pipeline.records import Analysis, Event, Mood, MotionCurve, Shot

DURATION_S = 10.0


def analysis(*events, cuts_s=(), mood=None, duration_s=DURATION_S, energy=None):
    edges = (0.0, *cuts_s, duration_s)
    times_s = tuple(np.arange(0, duration_s, 0.04).tolist())
    curve = tuple(energy(t) for t in times_s) if energy else (0.0,) * len(times_s)
    zeros = (0.0,) * len(times_s)
    return Analysis(
        duration_s=duration_s,
        shots=tuple(Shot(a, b) for a, b in zip(edges, edges[1:], strict=False)),
        events=tuple(sorted(events, key=lambda event: event.time_s)),
        motion=MotionCurve(times_s, curve, zeros, zeros),
        mood=mood or Mood(),
    )


def contact(time_s, confidence=0.9, **fields):
    return Event(time_s, "contact", confidence, **{"y": 0.8, "extent": 0.02, "speed": 1.0, **fields})
