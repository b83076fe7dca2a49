"""An upright edit for a phone: seven shots of the other scenes, hard cuts at uneven times."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from samples.scene import Scene, Truth

RATE = Fraction(30)
PROMPT = (
    "Vertical montage for social media: a street in the rain at night, a blacksmith's hammer throwing sparks, the sea "
    "at sunset, balls dropping onto a wooden floor, a woman walking through an autumn park, a man talking to the "
    "camera, the hammer again. Hard cuts, warm colours."
)

# keys of an entry that are times of the clip
TIMES = ("time_s", "enters_s", "leaves_s")


@dataclass(frozen=True)
class Take:
    """One shot: which scene, from which of its seconds, for how many pictures."""

    scene: str
    seed: int
    from_s: float
    pictures: int


TAKES = (
    Take("rain_street", 133, 3.05, 43),
    Take("anvil", 155, 0.35, 32),
    Take("sea_sunset", 144, 1.0, 51),
    Take("balls", 177, 2.8, 57),
    Take("walker", 122, 2.1, 38),
    Take("talking_head", 177, 0.7, 35),
    Take("anvil", 155, 3.72, 44),
)


@dataclass(frozen=True)
class Shot:
    """A take in its place."""

    scene: Scene
    from_s: float
    start_s: float
    end_s: float
    name: str


def build(width_px: int, height_px: int, *, seed: int) -> Scene:
    """The edit; contacts keep their places and move to the edit's times."""
    shots, built, start = [], {}, 0
    for take in TAKES:
        key = (take.scene, take.seed)
        if key not in built:
            module = importlib.import_module(f"samples.scenes.{take.scene}")
            built[key] = module.build(width_px, height_px, seed=take.seed + seed)
        end = start + take.pictures
        shots.append(Shot(built[key], take.from_s, float(start / RATE), float(end / RATE), take.scene))
        start = end
    duration_s = float(start / RATE)
    return Scene(
        width_px,
        height_px,
        RATE,
        duration_s,
        PROMPT,
        seed,
        partial(_picture, shots=shots),
        _truth(shots),
        grain=1.7,
        crf=27,
    )


def _picture(time_s: float, *, shots: list[Shot]) -> np.ndarray:
    # half a thousandth: a picture that falls on a cut belongs to the new shot whatever the rounding
    shot = next((s for s in shots if time_s < s.end_s - 5e-4), shots[-1])
    return shot.scene.picture(time_s - shot.start_s + shot.from_s)


def _truth(shots: list[Shot]) -> Truth:
    truth: dict[str, Any] = {"contacts": [], "cuts_s": [round(shot.end_s, 5) for shot in shots[:-1]]}
    truth["shots"] = [{"scene": s.name, "start_s": round(s.start_s, 5), "end_s": round(s.end_s, 5)} for s in shots]
    for shot in shots:
        for key in ("contacts", "footsteps", "passes"):
            entries = _moved(shot.scene.truth.get(key, []), shot)
            if entries:
                truth.setdefault(key, []).extend(entries)
    return truth


def _moved(entries: list[dict[str, Any]], shot: Shot) -> list[dict[str, Any]]:
    """What happens inside the shot, at the edit's times."""
    shift = shot.start_s - shot.from_s
    kept = [entry for entry in entries if shot.start_s <= entry["time_s"] + shift < shot.end_s]
    return [entry | {key: _inside(entry[key] + shift, shot) for key in TIMES if key in entry} for entry in kept]


def _inside(time_s: float, shot: Shot) -> float:
    """A time no earlier and no later than the shot: a car may have come before the cut."""
    return round(min(max(time_s, shot.start_s), shot.end_s), 5)
