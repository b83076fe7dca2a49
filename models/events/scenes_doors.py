"""Acts of doors, drawers and lids: they open softly, are thrown shut and stop dead, or stop short of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.events import scenes_brush as brush
from models.events.scenes_stage import Act, Draw, Stage, Touch
from models.events.scenes_strokes import Rhythm, Stroke, stroke

if TYPE_CHECKING:
    from models.events.scenes_brush import View


def slam(stage: Stage) -> Act:
    """A panel slides, swings or drops against its frame."""
    random = stage.random
    shortest_s = random.uniform(0.8, 2.0)
    rhythm = Rhythm(
        shortest_s,
        shortest_s * random.uniform(1.1, 2.0),
        float(random.choice([0.0, 0.25])),
        float(random.choice([0.0, random.uniform(0.02, 0.15)])),
        random.uniform(0.1, 0.5) * shortest_s,
        random.uniform(1.0, 2.2),
    )
    course = stroke(random, rhythm, start_s=random.uniform(0.0, 0.6), end_s=stage.duration_s, swing_s=(0.15, 0.5))
    size = np.array([random.uniform(0.2, 0.5), random.uniform(0.2, 0.7)])
    corner = random.uniform(0.1, 0.9, 2) * (np.array([stage.width, stage.height]) - size)
    make = (_slides, _swings, _drops)[int(random.integers(3))]
    draw, edge, reach = make(stage, course, corner, size)
    touches = tuple(Touch(s, "contact", float(edge[0]), float(edge[1]), reach * per_s) for s, per_s in course.hits)
    return Act((draw,), touches, "room", float(corner[1] + size[1]))


def _slides(
    stage: Stage, course: Stroke, corner: np.ndarray, size: np.ndarray
) -> tuple[Draw, tuple[float, float], float]:
    """A sliding door: at full lift it stands open by nearly its width."""
    side, reach = int(stage.random.choice([-1, 1])), stage.random.uniform(0.3, 0.9) * size[0]
    skin = brush.box(stage.random, size[0], size[1], stage.step)
    frame, middle = _frame(stage, corner, size), corner + size / 2

    def draw(view: View, time_s: float) -> None:
        frame(view, time_s)
        brush.stamp(view, skin, middle - [side * reach * course.lift(time_s), 0.0])

    return draw, (float(middle[0] + side * size[0] / 2), float(middle[1])), float(reach)


def _swings(
    stage: Stage, course: Stroke, corner: np.ndarray, size: np.ndarray
) -> tuple[Draw, tuple[float, float], float]:
    """A door on hinges, seen from the front: its free edge comes nearer as it opens, and then goes in."""
    side, opens = int(stage.random.choice([-1, 1])), stage.random.uniform(0.6, 1.5)
    tone, frame = brush.colour(stage.random, 0.2, 0.9, vivid=0.7), _frame(stage, corner, size)
    hinge = corner + [0.0 if side > 0 else size[0], 0.0]

    def draw(view: View, time_s: float) -> None:
        frame(view, time_s)
        angle = opens * course.lift(time_s)
        free = hinge[0] + side * size[0] * np.cos(angle)
        # nearer things are larger
        grown = 0.12 * size[1] * np.sin(angle)
        top, low = hinge[1], hinge[1] + size[1]
        panel = np.array([[hinge[0], top], [free, top - grown], [free, low + grown], [hinge[0], low]])
        brush.polygon(view, panel, brush.shade(tone, float(1 - 0.4 * np.sin(angle))))
        knob = np.array([hinge[0] + 0.88 * (free - hinge[0]), (top + low) / 2])
        brush.disc(view, knob, 0.012, brush.shade(tone, 0.4))
        inner = panel.mean(axis=0) + (panel - panel.mean(axis=0)) * 0.75
        brush.line(view, np.concatenate([inner, inner[:1]]), 0.006, brush.shade(tone, 0.6))

    edge = (float(hinge[0] + side * size[0]), float(hinge[1] + size[1] / 2))
    return draw, edge, float(size[0] * opens)


def _drops(
    stage: Stage, course: Stroke, corner: np.ndarray, size: np.ndarray
) -> tuple[Draw, tuple[float, float], float]:
    """A lid seen from the side turns about its hinge and falls shut."""
    side, opens = int(stage.random.choice([-1, 1])), stage.random.uniform(0.4, 1.5)
    body = brush.box(stage.random, size[0], size[1], stage.step)
    lid, thick = brush.colour(stage.random, 0.2, 0.9), stage.random.uniform(0.012, 0.03)
    hinge = corner + [0.0 if side > 0 else size[0], -thick]

    def draw(view: View, time_s: float) -> None:
        angle = opens * course.lift(time_s)
        brush.stamp(view, body, corner + size / 2)
        free = hinge + size[0] * np.array([side * np.cos(angle), -np.sin(angle)])
        brush.capsule(view, hinge, free, (thick, thick), lid)

    return draw, (float(hinge[0] + side * size[0]), float(corner[1])), float(size[0] * opens)


def _frame(stage: Stage, corner: np.ndarray, size: np.ndarray) -> Draw:
    dark, rim = brush.colour(stage.random, 0.0, 0.25), brush.colour(stage.random, 0.2, 0.9, vivid=0.6)
    (left, top), (right, low) = corner, corner + size
    hole = [(left, top), (right, top), (right, low), (left, low)]
    outer = [(left - 0.03, top - 0.03), (right + 0.03, top - 0.03), (right + 0.03, low), (left - 0.03, low)]

    def draw(view: View, _time_s: float) -> None:
        brush.polygon(view, outer, rim)
        brush.polygon(view, hole, dark)

    return draw
