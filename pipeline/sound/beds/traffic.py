"""Beds of traffic: city, roadside, and a motor from within.

Each function takes a `Setup` and returns the layer that makes the bed; parameters are 0..1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Layer, Scatter, Setup, curve, happenings, hiss
from pipeline.sound.beds.people import babble
from pipeline.sound.noise import Filter, band, filtered
from pipeline.sound.space import SPEED_OF_SOUND_M_S, Convolver, room_response

_STREET_ROOM = 0.15
# how long before its nearest point a vehicle is first heard
_APPROACH_S = 6.0
# exhaust and body of a motor: bands that its bangs excite, Hz
_PIPE_HZ = ((38.0, 90.0), (90.0, 190.0), (190.0, 420.0), (420.0, 950.0), (950.0, 2600.0))
_CYLINDERS = 4


def city(setup: Setup) -> Layer:
    """A town: far rumble, cars that pass slowly, a horn or brakes streets away, people; `intensity` is how busy."""
    intensity = setup.parameter("intensity", 0.5)
    rumble, hum = hiss(setup, "rumble", 35, 200, order=1), hiss(setup, "hum", 180, 1100, order=1)
    cars = _vehicles(setup, period_s=4.0, share=0.4 + 0.6 * intensity, slow_m_s=6.0, fast_m_s=11.0, near_m=8.0)
    people = babble(setup, count=5, room=_STREET_ROOM, near=0.15)
    far = Scatter()
    street = Convolver(room_response(_STREET_ROOM, setup.sample_rate_hz), block_samples=CHUNK_SAMPLES)

    def layer(chunk: Chunk) -> np.ndarray:
        for start, rng in happenings(setup, chunk, 12.0, "horn", share=0.3 + 0.5 * intensity):
            far.add(_horn(rng, setup.sample_rate_hz), start, pan=rng.uniform(-0.9, 0.9), gain=rng.uniform(0.1, 0.5))
        for start, rng in happenings(setup, chunk, 17.0, "brakes", share=0.6):
            far.add(_brakes(rng, setup.sample_rate_hz), start, pan=rng.uniform(-0.9, 0.9), gain=rng.uniform(0.03, 0.12))
        things = far.take()
        distant = rumble(chunk) * (0.7 + 0.5 * curve(setup, chunk, 4.0, "rumble")) + 0.30 * hum(chunk)
        return 0.16 * distant + 0.2 * cars(chunk) + things + 5.0 * street(things) + 1.6 * people(chunk)

    return layer


def traffic(setup: Setup) -> Layer:
    """The edge of a road: one vehicle after another from side to side; `intensity` is how many and how fast."""
    intensity = setup.parameter("intensity", 0.5)
    road = hiss(setup, "road", 50, 420, order=1)
    tyres = hiss(setup, "tyres", 350, 1800, order=1)
    period_s, fast_m_s = 3.6 - 2.2 * intensity, 14.0 + 12.0 * intensity
    cars = _vehicles(setup, period_s=period_s, share=0.85, slow_m_s=0.6 * fast_m_s, fast_m_s=fast_m_s, near_m=8.0)

    def layer(chunk: Chunk) -> np.ndarray:
        far = road(chunk) * (0.6 + 0.6 * curve(setup, chunk, 5.0, "road"))
        return 0.09 * far + 0.05 * tyres(chunk) * (0.5 + curve(setup, chunk, 3.0, "tyres")) + 1.3 * cars(chunk)

    return layer


def engine(setup: Setup) -> Layer:
    """A motor from inside: bangs of uneven cylinders through the pipe, valves, and the road; `pitch` is the pace."""
    pace_hz = 34.0 * 2 ** (2.0 * (setup.parameter("pitch", 0.5) - 0.5))
    bangs, pipe = _firing(setup, pace_hz), _pipe(setup)
    road, breath = hiss(setup, "road", 40, 420, order=1), hiss(setup, "breath", 300, 2600, order=1)
    valves = hiss(setup, "valves", 2200, 6500, order=1)
    # gas rushes for a few milliseconds after each bang, the valve gear clicks for one
    rush, click = _fall(0.006, setup.sample_rate_hz), _fall(0.0012, setup.sample_rate_hz)

    def layer(chunk: Chunk) -> np.ndarray:
        fired = bangs(chunk)
        gas, tick = rush(fired), click(fired)
        noise = 0.9 * breath(chunk) * gas + 0.25 * valves(chunk) * tick
        load = 0.8 + 0.4 * curve(setup, chunk, 3.0, "load")
        return (
            pipe(fired) * load
            + 0.15 * noise * load
            + 0.05 * road(chunk) * (0.7 + 0.6 * curve(setup, chunk, 1.4, "road"))
        )

    return layer


def _firing(setup: Setup, pace_hz: float) -> Layer:
    # an impulse at every bang, float32 [n]; cylinders differ, and no two bangs are alike
    rng = setup.rng("cylinders")
    strength, early = rng.uniform(0.75, 1.15, _CYLINDERS), rng.normal(0, 0.02, _CYLINDERS)
    turned = [0.0]

    def layer(chunk: Chunk) -> np.ndarray:
        drift = 1 + 0.08 * (curve(setup, chunk, 2.6, "pace") - 0.5) + 0.006 * (curve(setup, chunk, 0.09, "rough") - 0.5)
        turns = turned[0] + np.cumsum(pace_hz * drift.astype(np.float64)) / setup.sample_rate_hz
        first = int(np.floor(turned[0])) + 1
        turned[0] = float(turns[-1])
        number = np.arange(first, int(np.floor(turns[-1])) + 1)
        luck = setup.rng("bangs", chunk.index)
        place = np.searchsorted(turns, number) + early[number % _CYLINDERS] * setup.sample_rate_hz / pace_hz
        loud = strength[number % _CYLINDERS] * luck.normal(1.0, 0.12, len(number))
        fired = np.zeros(CHUNK_SAMPLES, np.float32)
        np.add.at(fired, np.clip(np.round(place), 0, CHUNK_SAMPLES - 1).astype(int), loud.astype(np.float32))
        return fired

    return layer


def _pipe(setup: Setup) -> Callable[[np.ndarray], np.ndarray]:
    # what pipe, block and cabin make of the bangs, the two ears hearing it a little differently; float32 [2, n]
    rng = setup.rng("pipe")
    bands = [Filter(band(low, high, sample_rate_hz=setup.sample_rate_hz, order=1)) for low, high in _PIPE_HZ]
    weights = rng.uniform(0.6, 1.4, (len(bands), 2, 1)) * (20.0 * 0.42 ** np.arange(len(bands)))[:, None, None]

    def layer(fired: np.ndarray) -> np.ndarray:
        return sum(weight.astype(np.float32) * sieve(fired) for weight, sieve in zip(weights, bands, strict=True))

    return layer


def _fall(fall_s: float, sample_rate_hz: int) -> Filter:
    # turns an impulse into an exponential fall of the same height
    return Filter(np.asarray([[1.0, 0.0, 0.0, 1.0, -np.exp(-1.0 / (fall_s * sample_rate_hz)), 0.0]]))


def _vehicles(setup: Setup, *, period_s: float, share: float, slow_m_s: float, fast_m_s: float, near_m: float) -> Layer:
    passing = Scatter()

    def layer(chunk: Chunk) -> np.ndarray:
        for start, rng in happenings(setup, chunk, period_s, "vehicle", share=share, before_s=2 * _APPROACH_S):
            sound = _vehicle(rng, rng.uniform(slow_m_s, fast_m_s), near_m * rng.uniform(0.8, 2.4), setup.sample_rate_hz)
            passing.add(sound, start)
        return passing.take()

    return layer


def _vehicle(rng: np.random.Generator, speed_m_s: float, near_m: float, sample_rate_hz: int) -> np.ndarray:
    """Something that drives by, float32 [2, n], RMS about 0.3 where it is nearest.

    Level goes with 1 / way, the side with the direction, the motor's pitch with the way's change (Doppler); tyres are
    loudest about 1 kHz (Sandberg 2003) and their treble is heard only from near.
    """
    count = int(2 * _APPROACH_S * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz - _APPROACH_S
    along_m = speed_m_s * time_s * (1.0 if rng.random() < 0.5 else -1.0)
    way_m = np.hypot(along_m, near_m)
    near = near_m / way_m
    heavy = rng.random() ** 3
    # four wheels and the ground between: wide, and never the same at both ears
    noise = rng.standard_normal((2, count), dtype=np.float32)
    noise[1] = 0.5 * noise[0] + 0.87 * noise[1]
    dull = filtered(noise, band(90, 700 - 300 * heavy, sample_rate_hz=sample_rate_hz, order=1))
    tyres = filtered(noise, band(600, 1500, sample_rate_hz=sample_rate_hz, order=1))
    bright = filtered(noise, band(1800, 6000, sample_rate_hz=sample_rate_hz, order=1))
    turns = (38 + 55 * rng.random() * (1 - 0.5 * heavy)) * (time_s - way_m / SPEED_OF_SOUND_M_S)
    motor = sum(np.sin(2 * np.pi * n * turns + n * n) / n for n in (1, 2, 3, 4, 6))
    sound = (1.0 + heavy) * dull + 1.5 * tyres * near**0.5 + 0.8 * bright * near**1.5 + (0.12 + 0.25 * heavy) * motor
    side = along_m / way_m
    ends = np.clip((_APPROACH_S - np.abs(time_s)) / 2.0, 0, 1) ** 2
    level = 4.0 * near * ends * rng.uniform(0.5, 1.0) * (6.0 / near_m) ** 0.7
    return (sound * level * np.sqrt(0.5 * np.stack([1 - 0.9 * side, 1 + 0.9 * side]))).astype(np.float32)


def _horn(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # two reeds a third apart, streets away, once or twice
    low_hz, one_s = rng.uniform(330, 430), rng.uniform(0.15, 0.7)
    time_s = np.arange(int(one_s * sample_rate_hz)) / sample_rate_hz
    reeds = sum(np.sin(2 * np.pi * n * hz * time_s) / n**0.7 for hz in (low_hz, 1.24 * low_hz) for n in range(1, 7))
    reeds *= np.clip(np.minimum(time_s / 0.02, (one_s - time_s) / 0.04), 0, 1)
    if rng.random() < 0.4:
        reeds = np.concatenate([reeds, np.zeros(int(0.12 * sample_rate_hz)), reeds])
    return filtered((0.2 * reeds).astype(np.float32), band(250, 1400, sample_rate_hz=sample_rate_hz, order=1))


def _brakes(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a bus that stops: a thin squeal that sinks, then air let out
    length_s = rng.uniform(0.8, 1.6)
    time_s = np.arange(int(length_s * sample_rate_hz)) / sample_rate_hz
    sink = rng.uniform(1900, 2900) * (1 - 0.12 * time_s / length_s)
    squeal = np.sin(2 * np.pi * np.cumsum(sink) / sample_rate_hz) * np.sin(np.pi * time_s / length_s) ** 2
    hiss_s = np.arange(int(0.6 * sample_rate_hz)) / sample_rate_hz
    noise = rng.standard_normal(len(hiss_s), dtype=np.float32)
    air = filtered(noise, band(1200, 6000, sample_rate_hz=sample_rate_hz, order=1)) * np.exp(-hiss_s / 0.12)
    return np.concatenate([0.5 * squeal, 1.5 * air * np.minimum(hiss_s / 0.01, 1)]).astype(np.float32)
