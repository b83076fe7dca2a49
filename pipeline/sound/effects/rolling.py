"""Rolling: a ball, wheel or barrel on its way, as long as the cue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Setup, curve
from pipeline.sound.effects.continuous import Layer, Ringing, body_response, impulses, random_instants, recipe
from pipeline.sound.effects.modal import MATERIALS
from pipeline.sound.noise import Filter, band


@dataclass(frozen=True)
class Roll:
    """How a body of a material rolls."""

    # small impacts in a second at usual speed, and their level against the rumble
    bumps_hz: float
    bump: float
    # top of the rumble at usual size
    rumble_hz: float
    # contact time of a bump: the softer, the longer
    contact_s: float
    # depth of the beat of each turn
    wobble: float


# micro-impacts through the modes of the rolling body, their strength beating with the turn of an uneven one
# (van den Doel, Kry & Pai 2001; Rath & Rocchesso 2005); figures by spectrogram
ROLLS: dict[str, Roll] = {
    "wood": Roll(130, 1.0, 700, 0.0012, 0.45),
    "metal": Roll(220, 1.0, 900, 0.0005, 0.35),
    "stone": Roll(90, 1.4, 500, 0.0010, 0.50),
    "glass": Roll(200, 0.9, 1300, 0.0004, 0.30),
    "plastic": Roll(160, 0.8, 900, 0.0012, 0.40),
    "rubber": Roll(80, 0.25, 260, 0.0040, 0.30),
}
_DAMPING = 1.6


def rolling(setup: Setup) -> Layer:
    kind = setup.name.partition("/")[2]
    roll, rate_hz = ROLLS[kind], setup.sample_rate_hz
    speed, size, hardness = (setup.parameter(name, 0.5) for name in ("speed", "size", "hardness"))
    rng = setup.rng("body")
    # a faster bump is a shorter one
    contact_s = roll.contact_s * 2 ** (1.5 - 3 * hardness) * 2 ** (size - 0.5) * 2 ** (1.0 - 2.0 * speed)
    body = Ringing(
        body_response(
            MATERIALS[kind], size=size, contact_s=contact_s, damping=_DAMPING, rng=rng, sample_rate_hz=rate_hz
        )
    )
    top_hz = roll.rumble_hz * 2 ** (1.5 * (0.5 - size)) * (0.6 + 0.8 * speed)
    rumble = Filter(band(0, top_hz, sample_rate_hz=rate_hz, order=2))
    # a wheel of half a metre at a metre a second turns 0.6 times; a marble sixty
    turns_hz = (0.5 + 3.0 * speed) * 2 ** (2.0 * (0.5 - size)) * rng.uniform(0.85, 1.2)
    turned = rng.uniform()

    def layer(chunk: Chunk, drive: np.ndarray) -> np.ndarray:
        nonlocal turned
        pace = (0.3 + 1.4 * speed) * (0.15 + 0.85 * drive) * (0.85 + 0.3 * curve(setup, chunk, 0.5, "pace"))
        turn = turned + np.cumsum(turns_hz * pace / (0.3 + 1.4 * speed)) / rate_hz
        turned = float(turn[-1])
        # no turn is quite like the next, but each has its heavy side
        beat = 1 + roll.wobble * (np.sin(2 * np.pi * turn) + 0.4 * np.sin(4 * np.pi * turn + 1.0))
        noise = setup.rng("rumble", chunk.index)
        bumps = random_instants(noise, roll.bumps_hz * pace, rate_hz)
        heights = np.minimum(np.exp(0.8 * noise.standard_normal(len(bumps))), 4.0)
        bed = noise.standard_normal(CHUNK_SAMPLES) * (0.5 + curve(setup, chunk, 0.03, "ground"))
        touch = roll.bump * np.sqrt(rate_hz / roll.bumps_hz) * impulses(bumps, heights, CHUNK_SAMPLES)
        touch = (0.7 * touch + 0.25 * bed) * np.maximum(beat, 0.05)
        low = rumble(bed * np.maximum(beat, 0.05)) * np.sqrt(0.25 * rate_hz / top_hz)
        return (body(touch) + 0.5 * low) * pace

    return layer


roll = recipe("roll", rolling)
