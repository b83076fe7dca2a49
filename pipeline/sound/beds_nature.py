"""Beds of nature: rain, wind, sea, stream, fire, leaves, birds, night, open air, under water.

Each function takes a `Setup` and returns the layer that makes the bed; parameters are 0..1.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from pipeline.sound.beds import CHUNK_SAMPLES, Chunk, Layer, Scatter, Setup, along, curve, hiss, slots, visits
from pipeline.sound.foley import bubble
from pipeline.sound.noise import uniform_at

_WIND_BANDS_HZ = (90.0, 170.0, 320.0, 600.0, 1100.0)
_WAVE_S = 8.5
_SONG_SLOT_S = 0.9


def rain(setup: Setup) -> Layer:
    """Many far drops as noise, near ones one by one; `intensity` is how hard it rains."""
    intensity = setup.parameter("intensity", 0.55)
    far, low = hiss(setup, "far", 1100, 9000, order=1), hiss(setup, "low", 180, 900)
    drops = Scatter()
    per_chunk = (30 + 170 * intensity) * CHUNK_SAMPLES / setup.sample_rate_hz

    def layer(chunk: Chunk) -> np.ndarray:
        rng = setup.rng("drops", chunk.index)
        for _ in range(rng.poisson(per_chunk)):
            drops.add(_drop(rng, setup.sample_rate_hz), int(rng.integers(CHUNK_SAMPLES)), pan=rng.uniform(-1, 1))
        swell = 0.75 + 0.5 * curve(setup, chunk, 2.5, "swell")
        return (0.35 + 0.65 * intensity) * (far(chunk) + 0.35 * low(chunk)) * swell + 2.8 * drops.take()

    return layer


def wind(setup: Setup) -> Layer:
    """Gusts that brighten as they grow, and an edge that whistles now and then."""
    intensity = setup.parameter("intensity", 0.5)
    bands = [(np.log2(hz), hiss(setup, f"band{hz:.0f}", 0.7 * hz, 1.4 * hz)) for hz in _WIND_BANDS_HZ]
    whistle_hz = 520 * 2 ** (0.9 * setup.rng("whistle").random())
    whistle = hiss(setup, "whistle", 0.97 * whistle_hz, 1.03 * whistle_hz, order=1)

    def layer(chunk: Chunk) -> np.ndarray:
        gust = 0.65 * curve(setup, chunk, 2.8, "gust") + 0.35 * curve(setup, chunk, 0.7, "flutter")
        strength = 0.25 + 0.9 * gust**1.5
        centre = np.log2(140.0) + (1.2 + 1.6 * intensity) * gust
        air = sum(band(chunk) * np.exp(-(((octave - centre) / 1.1) ** 2)) for octave, band in bands)
        song = np.clip(gust - 0.55, 0, None) ** 2 * curve(setup, chunk, 5.0, "song")
        return air * strength + 2.5 * intensity * whistle(chunk) * song

    return layer


def sea(setup: Setup) -> Layer:
    """Waves that swell, break and draw back, two trains from two sides over a far roar."""
    intensity = setup.parameter("intensity", 0.5)
    roar, far = hiss(setup, "roar", 45, 420), hiss(setup, "far", 200, 1800, order=1)
    surf, foam = hiss(setup, "surf", 350, 5200, order=1), hiss(setup, "foam", 2200, 11000)

    def layer(chunk: Chunk) -> np.ndarray:
        swell, crash, wash = (along(chunk, partial(_waves, setup, chunk, part=part)) for part in range(3))
        # a second train arrives between the first one's waves, nearer the other side
        crash_2 = along(chunk, partial(_waves, setup, chunk, part=1, ahead_s=0.45 * _WAVE_S))
        sides = np.stack([crash + 0.5 * crash_2, 0.6 * crash + crash_2])
        body = roar(chunk) * (0.35 + 1.1 * swell) + 0.22 * far(chunk)
        return body + (0.5 + 0.6 * intensity) * surf(chunk) * sides + 0.45 * foam(chunk) * wash

    return layer


def stream_water(setup: Setup) -> Layer:
    """A brook: hundreds of small bubbles over moving water."""
    intensity = setup.parameter("intensity", 0.5)
    rush, low = hiss(setup, "rush", 500, 4200, order=1), hiss(setup, "low", 120, 500)
    bubbles = Scatter()
    per_chunk = (40 + 120 * intensity) * CHUNK_SAMPLES / setup.sample_rate_hz

    def layer(chunk: Chunk) -> np.ndarray:
        rng = setup.rng("bubbles", chunk.index)
        for _ in range(rng.poisson(per_chunk)):
            grain = bubble(rng, size=0.25, sample_rate_hz=setup.sample_rate_hz)
            bubbles.add(
                grain, int(rng.integers(CHUNK_SAMPLES)), pan=rng.normal(0, 0.5), gain=min(rng.exponential(1.0), 2.5)
            )
        flow = 0.7 + 0.6 * curve(setup, chunk, 0.35, "flow")
        return (0.04 + 0.12 * intensity) * (rush(chunk) * flow + 0.5 * low(chunk)) + 1.3 * bubbles.take()

    return layer


def fire(setup: Setup) -> Layer:
    """Flames that lap, embers that hiss, wood that cracks in clusters."""
    intensity = setup.parameter("intensity", 0.5)
    lap, ember = hiss(setup, "lap", 35, 260), hiss(setup, "ember", 900, 7000, order=1)
    cracks = Scatter()

    def layer(chunk: Chunk) -> np.ndarray:
        rng = setup.rng("cracks", chunk.index)
        liveliness = float(curve(setup, chunk, 1.6, "lively")[0])
        for _ in range(
            rng.poisson((3 + 22 * liveliness**2) * (0.5 + intensity) * CHUNK_SAMPLES / setup.sample_rate_hz)
        ):
            start, pan = int(rng.integers(CHUNK_SAMPLES)), rng.normal(0, 0.3)
            cracks.add(_crack(rng, setup.sample_rate_hz), start, pan=pan, gain=min(0.35 * rng.pareto(1.8) + 0.1, 1.6))
        flicker = 0.35 + curve(setup, chunk, 0.13, "flicker") * (0.5 + curve(setup, chunk, 0.9, "breath"))
        return 0.5 * lap(chunk) * flicker + 0.05 * ember(chunk) * (0.4 + flicker) + 1.4 * cracks.take()

    return layer


def forest(setup: Setup) -> Layer:
    """Wind in leaves, and birds (`birds` 0 takes them away)."""
    near, far = hiss(setup, "near", 1600, 9000, order=1), hiss(setup, "far", 200, 1400, order=1)
    singers = birds(setup)
    share = setup.parameter("birds", 0.7)

    def layer(chunk: Chunk) -> np.ndarray:
        rustle = 0.25 + 0.9 * curve(setup, chunk, 3.2, "rustle") ** 2 + 0.15 * curve(setup, chunk, 0.25, "leaf")
        return 0.35 * near(chunk) * rustle + 0.35 * far(chunk) * (0.6 + 0.4 * rustle) + 2.2 * share * singers(chunk)

    return layer


def birds(setup: Setup) -> Layer:
    """Five birds, each with a song and a place of its own, over still air."""
    singers = [_Bird(setup, number) for number in range(5)]
    air = hiss(setup, "air", 150, 2500, order=1)
    song = Scatter()

    def layer(chunk: Chunk) -> np.ndarray:
        for slot in slots(chunk, _SONG_SLOT_S):
            for bird in singers:
                phrase = bird.phrase(slot)
                if phrase is not None:
                    start = round(slot * _SONG_SLOT_S * setup.sample_rate_hz) - chunk.start
                    song.add(phrase, max(start, 0), pan=bird.pan, gain=bird.gain)
        return song.take() + 0.08 * air(chunk)

    return layer


def night(setup: Setup) -> Layer:
    """Crickets that come and go over dark air."""
    rng = setup.rng("crickets")
    crickets = [
        (
            rng.uniform(3700, 5200),
            rng.uniform(26, 38),
            rng.uniform(1.4, 2.8),
            rng.uniform(-0.9, 0.9),
            rng.uniform(0.3, 1.0),
        )
        for _ in range(5)
    ]
    air, low = hiss(setup, "air", 300, 4000, order=1), hiss(setup, "low", 60, 300)

    def layer(chunk: Chunk) -> np.ndarray:
        time_s = chunk.time_s
        sound = 0.16 * air(chunk) + 0.12 * low(chunk)
        for number, (carrier_hz, pulse_hz, chirp_hz, pan, gain) in enumerate(crickets):
            chirp = np.clip(np.sin(2 * np.pi * chirp_hz * time_s + number), 0, None) ** 0.5
            pulse = (0.5 - 0.5 * np.cos(2 * np.pi * pulse_hz * time_s)) ** 2
            awake = np.clip(2.2 * curve(setup, chunk, 6.0, "awake", number) - 0.6, 0, 1)
            tone = (0.5 * gain * awake * chirp * pulse * np.sin(2 * np.pi * carrier_hz * time_s)).astype(np.float32)
            sound += np.stack([tone * np.float32(0.5 - 0.45 * pan), tone * np.float32(0.5 + 0.45 * pan)])
        return sound

    return layer


def air(setup: Setup) -> Layer:
    """The open air on a quiet day: what is left when nothing happens."""
    low, high = hiss(setup, "low", 70, 600, order=1), hiss(setup, "high", 900, 6000, order=1)

    def layer(chunk: Chunk) -> np.ndarray:
        breath = 0.6 + 0.8 * curve(setup, chunk, 3.5, "breath")
        return low(chunk) * breath + 0.14 * high(chunk) * (0.6 + 0.8 * curve(setup, chunk, 5.0, "high"))

    return layer


def underwater(setup: Setup) -> Layer:
    """Pressure, a slow surge, and bubbles that pass."""
    deep, body = hiss(setup, "deep", 28, 140), hiss(setup, "body", 120, 520)
    bubbles = Scatter()

    def layer(chunk: Chunk) -> np.ndarray:
        rng = setup.rng("bubbles", chunk.index)
        cluster = float(curve(setup, chunk, 2.0, "cluster")[0])
        for _ in range(rng.poisson(26 * cluster**2 * CHUNK_SAMPLES / setup.sample_rate_hz)):
            grain = bubble(rng, size=1.0, sample_rate_hz=setup.sample_rate_hz)
            bubbles.add(grain, int(rng.integers(CHUNK_SAMPLES)), pan=rng.normal(0, 0.35))
        surge = 0.5 + curve(setup, chunk, 3.0, "surge")
        return (deep(chunk) + 0.35 * body(chunk)) * surge + 0.5 * bubbles.take()

    return layer


class _Bird:
    """One bird: its pitch, its phrase, its place, and when it sings."""

    def __init__(self, setup: Setup, number: int) -> None:
        rng = setup.rng("bird", number)
        self._setup, self._number = setup, number
        self._pitch_hz = rng.uniform(2300, 5600)
        self._syllables = [
            (rng.uniform(0.04, 0.16), rng.uniform(-0.5, 0.5), rng.uniform(0.8, 1.25), rng.uniform(0.03, 0.1))
            for _ in range(rng.integers(2, 7))
        ]
        self._habit = rng.uniform(0.06, 0.22)
        self.pan = rng.uniform(-0.9, 0.9)
        self.gain = rng.uniform(0.15, 0.5)

    def phrase(self, slot: int) -> np.ndarray | None:
        """Its song in a slot, float32 [samples], or None when it is silent."""
        rng = self._setup.rng("song", self._number, slot)
        if rng.random() > self._habit:
            return None
        rate = self._setup.sample_rate_hz
        parts = [np.zeros(int(rng.uniform(0, 0.5) * rate), np.float32)]
        for length_s, sweep, ratio, pause_s in self._syllables[: rng.integers(2, len(self._syllables) + 1)]:
            place = np.linspace(0, 1, int(length_s * rng.uniform(0.9, 1.1) * rate))
            frequency_hz = self._pitch_hz * ratio * rng.uniform(0.97, 1.03) * 2 ** (sweep * (place - 0.5))
            tone = np.sin(2 * np.pi * np.cumsum(frequency_hz) / rate) * np.sin(np.pi * place) ** 1.2
            parts += [tone.astype(np.float32), np.zeros(int(pause_s * rate), np.float32)]
        return np.concatenate(parts)


def _drop(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a drop on something: mostly a tick, sometimes a deeper tap
    deep = rng.random() < 0.12
    frequency_hz = rng.uniform(350, 900) if deep else rng.uniform(1500, 6500)
    fall_s = rng.uniform(0.008, 0.02) if deep else rng.uniform(0.0015, 0.006)
    time_s = np.arange(int(6 * fall_s * sample_rate_hz)) / sample_rate_hz
    tick = np.sin(2 * np.pi * frequency_hz * time_s) * np.exp(-time_s / fall_s) * np.minimum(time_s / 0.0004, 1)
    return (min(rng.exponential(0.5), 2.5) * tick).astype(np.float32)


def _crack(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # wood fibres giving way: a tick of noise with a little body
    fall_s = rng.uniform(0.0006, 0.004)
    time_s = np.arange(int(7 * fall_s * sample_rate_hz)) / sample_rate_hz
    noise = rng.standard_normal(len(time_s)) + 1.5 * np.sin(2 * np.pi * rng.uniform(700, 2600) * time_s)
    return (noise * np.exp(-time_s / fall_s)).astype(np.float32)


def _waves(setup: Setup, chunk: Chunk, time_s: np.ndarray, *, part: int, ahead_s: float = 0.0) -> np.ndarray:
    # envelope of one part of all waves near: 0 the swell before, 1 the break, 2 the water drawing back
    numbers = visits(chunk, _WAVE_S)
    jitter = uniform_at(numbers, setup.seed, "when")
    height = 0.45 + 0.75 * uniform_at(numbers, setup.seed, "height")
    since_s = (time_s + ahead_s)[:, None] - (numbers + 0.6 * jitter)[None, :] * _WAVE_S
    if part == 0:
        shape = np.exp(-(((since_s + 0.6) / 1.7) ** 2))
    elif part == 1:
        shape = np.where(since_s < 0, np.exp(since_s / 0.45), np.exp(-since_s / 1.1))
    else:
        late_s = np.clip(since_s - 0.4, 0, None)
        shape = (late_s / 1.2) * np.exp(1 - late_s / 1.2)
    return (shape * height[None, :]).sum(axis=1)
