"""Rendered physics scenes with exact truth: what the event model learns from and `benchmarks/sync.py` is scored on.

Every scene is made from its kind and seed alone. The physics is solved in closed form or in steps far finer than a
picture, so the time of an event is that of the contact itself, not of a picture. Each picture is exposed around its
presentation time; an event half way between two pictures therefore has a time half way between theirs.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from models.events import scenes_balls as balls
from models.events import scenes_doors as doors
from models.events import scenes_light as light
from models.events import scenes_look as looks
from models.events import scenes_quiet as quiet
from models.events import scenes_strokes as strokes
from models.events import scenes_topple as topple
from models.events import scenes_walk as walk
from models.events import scenes_water as water
from models.events.scenes_stage import QUIET, Act, Stage, Touch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.events.scenes_look import Camera

FRAME_RATES = tuple(
    Fraction(*rate) for rate in ((12, 1), (15, 1), (16, 1), (24000, 1001), (24, 1), (25, 1), (30, 1), (50, 1), (60, 1))
)
# width to height
SHAPES = (16 / 9, 16 / 9, 9 / 16, 1.0, 4 / 3, 3 / 4, 3 / 2)
# at the ends an event lacks the pictures that show it: so many are needed on either side
EDGE_PICTURES = 2
# in clean scenes events are so far apart, and from the ends
CLEAN_GAP_S = 0.24
# and their touches are no gentler, short sides per second
CLEAN_SPEED = 0.7


@dataclass(frozen=True)
class Truth:
    """Something that would be heard."""

    # exact, between pictures
    time_s: float
    # "contact", "collision", "footstep", "flash", "splash"
    kind: str
    # where in the picture, 0..1
    x: float
    y: float
    # closing speed in short sides of the picture per second; of a flash, the share of white it adds at its middle
    strength: float


@dataclass(frozen=True)
class Scene:
    """A clip that can be drawn again and again, always the same."""

    name: str
    width_px: int
    height_px: int
    frame_rate: Fraction
    duration_s: float
    truth: tuple[Truth, ...]
    # gives (presentation time in seconds, uint8 [h, w, 3]) for each picture
    render: Callable[[], Iterator[tuple[float, NDArray[np.uint8]]]]


_ACTS: dict[str, Callable[[Stage], Act | None]] = {
    "drop": balls.drop,
    "stairs": balls.stairs,
    "wall": balls.wall,
    "collision": balls.collision,
    "billiard": balls.billiard,
    "roll": balls.roll,
    "box": balls.box,
    "strike": strokes.strike,
    "chop": strokes.chop,
    "clap": strokes.clap,
    "topple": topple.topple,
    "knock": topple.knock,
    "slam": doors.slam,
    "walk": walk.walk,
    "flash": light.flash,
    "splash": water.splash,
    "feint": strokes.feint,
    "pass": balls.pass_by,
    "lamps": light.lamps,
    "silent": quiet.silent,
}
KINDS = tuple(_ACTS)
# kinds without any event
SILENT_KINDS = ("feint", "pass", "lamps", "silent")
# what the benchmark is made of
CLEAN_KINDS = ("drop", "collision", "strike", "box")


def make_scene(kind: str, seed: int, *, clean: bool = False, duration_s: float | None = None) -> Scene:
    """One scene.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    seed : int
        The same seed makes the same scene. Clean scenes are other scenes than those with the same seed that are not.
    clean : bool
        Nothing but the physics, for the benchmark: still camera, mild noise, events at least `CLEAN_GAP_S` apart.
    duration_s : float, optional
        Length; otherwise 4 to 7 s.

    Returns
    -------
    Scene
        Short side 224 to 480 px, 12 to 60 pictures per second (24 to 60 if clean).

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind not in _ACTS:
        raise ValueError(f"There is no kind of scene called {kind}; choose one of {', '.join(KINDS)}.")
    salt = zlib.crc32(f"{kind}{' clean' * clean}".encode())
    for attempt in range(200):
        random = np.random.default_rng([salt, seed, attempt])
        scene = _played(kind, seed, random, clean=clean, duration_s=duration_s)
        if scene is not None:
            return scene
    raise RuntimeError(f"No scene {kind} came of seed {seed}; its act asks for too much.")


def scenes(count: int, seed: int, *, clean: bool = False) -> Iterator[Scene]:
    """`count` scenes of all kinds in turn (if clean, those of `CLEAN_KINDS`); another seed gives other scenes."""
    kinds = CLEAN_KINDS if clean else KINDS
    for n in range(count):
        yield make_scene(kinds[n % len(kinds)], seed * 100_003 + n, clean=clean)


def _played(
    kind: str, seed: int, random: np.random.Generator, *, clean: bool, duration_s: float | None
) -> Scene | None:
    """One try; None where the act does not work out."""
    stage, frame_rate = _stage(random, clean=clean, duration_s=duration_s)
    act = _ACTS[kind](stage)
    if act is None:
        return None
    act = act if clean else _dressed(stage, act)
    seen, taste = looks.camera(stage, random, act), looks.look(stage, random)
    truth = _truth(stage, seen, act, edge_s=EDGE_PICTURES / float(frame_rate))
    if not _fits(truth, act, stage, kind):
        return None
    noise_seed = int(random.integers(2**31))
    return Scene(
        name=f"{kind}-{seed}{'-clean' * clean}",
        width_px=round(stage.width * stage.short_px),
        height_px=round(stage.height * stage.short_px),
        frame_rate=frame_rate,
        duration_s=stage.duration_s,
        truth=truth,
        render=lambda: looks.film(stage, act, seen, taste, frame_rate=frame_rate, seed=noise_seed),
    )


def _stage(random: np.random.Generator, *, clean: bool, duration_s: float | None) -> tuple[Stage, Fraction]:
    short_px = 8 * int(random.integers(28, 61))
    shape = float(random.choice(SHAPES))
    long_px = 2 * round(short_px * max(shape, 1 / shape) / 2)
    width, height = (long_px / short_px, 1.0) if shape >= 1 else (1.0, long_px / short_px)
    rates = FRAME_RATES[3:] if clean else FRAME_RATES
    frame_rate = rates[int(random.integers(len(rates)))]
    length_s = duration_s if duration_s is not None else random.uniform(4.0, 7.0)
    # whole pictures
    length_s = float(max(round(length_s * frame_rate), 1) / frame_rate)
    return Stage(random, width, height, short_px, length_s, clean), frame_rate


def _dressed(stage: Stage, act: Act) -> Act:
    """With silent movement behind and before it, and now and then something in the way."""
    behind, before = quiet.distractors(stage), quiet.distractors(stage, before=True)
    if act.touches and stage.random.random() < 0.1:
        touch = act.touches[int(stage.random.integers(len(act.touches)))]
        before = (*before, quiet.occluder(stage, touch.x))
    return replace(act, draw=(*behind, *act.draw, *before))


def _truth(stage: Stage, seen: Camera, act: Act, *, edge_s: float) -> tuple[Truth, ...]:
    """The touches as the camera sees them: those in the picture, audible, and not across the ends."""
    found = []
    for touch in act.touches:
        matrix = seen.matrix(touch.time_s, stage.short_px)
        x, y = matrix @ [touch.x, touch.y, 1.0] + 0.5
        x, y = x / (stage.width * stage.short_px), y / (stage.height * stage.short_px)
        inside = 0 <= x <= 1 and 0 <= y <= 1 and edge_s <= touch.time_s <= stage.duration_s - edge_s
        if inside and _heard(touch):
            found.append(Truth(touch.time_s, touch.kind, float(x), float(y), touch.strength))
    return tuple(sorted(found, key=lambda truth: truth.time_s))


def _heard(touch: Touch) -> bool:
    # a step or a shot is heard however small it is in the picture
    return touch.strength >= QUIET or touch.kind in ("footstep", "flash")


def _fits(truth: tuple[Truth, ...], act: Act, stage: Stage, kind: str) -> bool:
    if kind in SILENT_KINDS:
        return not truth
    if not stage.clean:
        return True
    times = [0.0, *(touch.time_s for touch in act.touches if _heard(touch)), stage.duration_s]
    loud = all(touch.strength >= CLEAN_SPEED for touch in truth)
    # a clean scene shows everything that happens in it
    return loud and len(truth) == len(times) - 2 > 0 and min(np.diff(sorted(times))) >= CLEAN_GAP_S
