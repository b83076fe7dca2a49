"""Every effect by name: one table of recipes, and how a cue asks it for a sound.

A recipe is a pure function of its arguments and a seed and returns mono float32 [samples], calibrated so that the same
level sounds about equally loud whatever made it. `lead_samples` tells where its sound is heard to begin.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import numpy as np

from pipeline.sound.beds.bed import Setup
from pipeline.sound.effects.animals import animal
from pipeline.sound.effects.bells import bell
from pipeline.sound.effects.breakage import shatter
from pipeline.sound.effects.bursts import BURSTS, burst
from pipeline.sound.effects.cinematic import hit, riser
from pipeline.sound.effects.clicks import click
from pipeline.sound.effects.continuous import Envelope, Maker, iter_effect
from pipeline.sound.effects.doors import door
from pipeline.sound.effects.engines import engine, running
from pipeline.sound.effects.footsteps import SURFACES, footstep
from pipeline.sound.effects.friction import scrape, scraping
from pipeline.sound.effects.impacts import impact
from pipeline.sound.effects.rolling import roll, rolling
from pipeline.sound.effects.shaping import (
    CALIBRATION_DB,
    CALIBRATION_WINDOW_S,
    LONGEST_S,
    PEAK_DB,
    attack_sample,
    calibrate,
)
from pipeline.sound.effects.thunder import thunder
from pipeline.sound.effects.water import bubble, splash
from pipeline.sound.effects.whooshes import whoosh

__all__ = [
    "BURSTS",
    "CALIBRATION_DB",
    "CALIBRATION_WINDOW_S",
    "CONTINUOUS",
    "LONGEST_S",
    "PEAK_DB",
    "RECIPES",
    "SURFACES",
    "attack_sample",
    "bubble",
    "burst",
    "calibrate",
    "footstep",
    "impact",
    "iter_continuous",
    "lead_samples",
    "make",
    "splash",
    "thunder",
    "whoosh",
]

RECIPES: dict[str, Callable[..., np.ndarray]] = {
    "impact": impact,
    "footstep": footstep,
    "whoosh": whoosh,
    "splash": splash,
    "thunder": thunder,
    "burst": burst,
    "shatter": shatter,
    "scrape": scrape,
    "roll": roll,
    "door": door,
    "click": click,
    "bell": bell,
    "engine": engine,
    "animal": animal,
    "riser": riser,
    "hit": hit,
}
# families that go on as long as their cue, to be made chunk by chunk
CONTINUOUS: dict[str, Maker] = {"scrape": scraping, "roll": rolling, "engine": running}
# sounds without an attack of their own: they begin where their cue begins
_SWELLING = frozenset({"whoosh", "riser", *CONTINUOUS})
_SWELLING_DOORS = frozenset({"door/creak", "door/slide"})


def make(
    sound: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    length_s: float | None = None,
    parameters: Mapping[str, float] | None = None,
    automation: Envelope = (),
) -> np.ndarray:
    """One effect, whole.

    Parameters
    ----------
    sound : str
        "family/name" of an effect in the catalogue.
    parameters : mapping, optional
        Of the cue; those the recipe does not know are left aside (room and distance are the renderer's).
    automation : sequence of (seconds, dB)
        Drives a continuous effect; the level itself is the renderer's.

    Returns
    -------
    float32 [samples]
    """
    family, _, name = sound.partition("/")
    known = _parameters_of(family)
    own: dict[str, object] = {key: value for key, value in (parameters or {}).items() if key in known}
    if "automation" in known:
        own["automation"] = automation
    return RECIPES[family](name, seed=seed, sample_rate_hz=sample_rate_hz, length_s=length_s, **own)


def iter_continuous(
    sound: str,
    *,
    seed: int,
    length_samples: int,
    sample_rate_hz: int = 48000,
    parameters: Mapping[str, float] | None = None,
    automation: Envelope = (),
) -> Iterator[np.ndarray]:
    """A continuous effect in chunks, mono float32 [n]; together the same samples as `make` gives, in flat memory."""
    family, _, name = sound.partition("/")
    usual = {"size": 0.5, "hardness": 0.5, "speed": 0.5}
    own = {key: value for key, value in (parameters or {}).items() if key in usual}
    setup = Setup(f"{family}/{name}", seed, sample_rate_hz, {**usual, **own})
    return iter_effect(CONTINUOUS[family], setup, length_samples=length_samples, envelope=automation)


def lead_samples(sound: str, samples: np.ndarray) -> int:
    """How many samples of an effect lie before the moment its cue means: before its attack, if it has one."""
    swells = sound.partition("/")[0] in _SWELLING or sound in _SWELLING_DOORS
    return 0 if swells else attack_sample(samples)


@cache
def _parameters_of(family: str) -> frozenset[str]:
    known = inspect.signature(RECIPES[family]).parameters
    return frozenset(known) - {"kind", "material", "surface", "seed", "sample_rate_hz", "length_s"}
