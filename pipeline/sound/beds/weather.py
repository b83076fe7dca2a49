"""Beds of weather: rain in the open, on a roof, on leaves, on a window; storm, wind, snow.

Each function takes a `Setup` and returns the layer that makes the bed; parameters are 0..1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Layer, Scatter, Setup, curve, happenings, hiss, patter
from pipeline.sound.effects.water import bubble
from pipeline.sound.noise import band, filtered, slow_curve
from pipeline.sound.space import Convolver, room_response

_WIND_BANDS_HZ = (60.0, 110.0, 200.0, 360.0, 650.0, 1200.0, 2200.0)
# a gust reaches one ear this much before the other
_GUST_LAG_S = 0.35
_THUNDER_SLOT_S = 11.0

Drop = Callable[[np.random.Generator, int], np.ndarray]


def rain(setup: Setup) -> Layer:
    """Many far drops as a broad hiss, nearer ones as patter, near ones one by one; `intensity` is how hard it rains."""
    intensity = setup.parameter("intensity", 0.55)
    far, low = hiss(setup, "far", 900, 11000, order=1), hiss(setup, "low", 180, 900, order=1)
    near = patter(setup, "near", ((900, 1900), (2200, 4200), (4500, 9000)), per_s=600 + 2200 * intensity)
    drops = _drops(setup, _ground_drop, per_s=20 + 110 * intensity)

    def layer(chunk: Chunk) -> np.ndarray:
        swell = 0.75 + 0.5 * curve(setup, chunk, 2.5, "swell")
        body = far(chunk) + 0.45 * low(chunk) + 0.55 * near(chunk)
        return (0.30 + 0.70 * intensity) * body * swell + 2.4 * drops(chunk)

    return layer


def rain_roof(setup: Setup) -> Layer:
    """Rain heard from under a roof: drumming on boards and tin, the hiss outside dulled, a gutter that runs."""
    intensity = setup.parameter("intensity", 0.55)
    outside = hiss(setup, "outside", 120, 1100, order=1)
    # boards answer low, tin between, and what comes through of the ticks
    drum = patter(setup, "drum", ((140, 260), (300, 520), (620, 1100), (1500, 3200)), per_s=260 + 900 * intensity)
    drops = _drops(setup, _roof_drop, per_s=14 + 60 * intensity)
    gutter = _trickle(setup, per_s=6 + 30 * intensity)
    room = Convolver(room_response(0.3, setup.sample_rate_hz), block_samples=CHUNK_SAMPLES)

    def layer(chunk: Chunk) -> np.ndarray:
        swell = 0.7 + 0.6 * curve(setup, chunk, 2.2, "swell")
        sound = (0.35 + 0.65 * intensity) * (0.5 * outside(chunk) + 0.6 * drum(chunk)) * swell
        sound = sound + 2.2 * drops(chunk) * swell
        return sound + 1.5 * room(sound) + 0.5 * gutter(chunk)

    return layer


def rain_leaves(setup: Setup) -> Layer:
    """Rain in a wood: soft pats on leaves high above, heavy drips that gather and fall, air between the trees."""
    intensity = setup.parameter("intensity", 0.5)
    canopy = hiss(setup, "canopy", 1800, 9000, order=1)
    air = hiss(setup, "air", 150, 900, order=1)
    pats = patter(setup, "pats", ((500, 1000), (1200, 2400), (2800, 6000)), per_s=350 + 1200 * intensity)
    drips = _drops(setup, _leaf_drop, per_s=10 + 40 * intensity)
    wood = Convolver(room_response(0.05, setup.sample_rate_hz), block_samples=CHUNK_SAMPLES)

    def layer(chunk: Chunk) -> np.ndarray:
        # showers wander through the canopy
        shower = 0.55 + 0.9 * curve(setup, chunk, 3.0, "shower") * (0.6 + 0.4 * curve(setup, chunk, 0.8, "shake"))
        body = (0.25 + 0.75 * intensity) * (0.35 * canopy(chunk) + 0.65 * pats(chunk)) * shower
        fallen = drips(chunk)
        return body + 0.10 * air(chunk) + 1.4 * fallen + 3.0 * wood(fallen)

    return layer


def rain_window(setup: Setup) -> Layer:
    """Rain against a pane, from inside: ticks of glass in gusts, the street dulled behind it, water that runs down."""
    intensity = setup.parameter("intensity", 0.5)
    outside, air = hiss(setup, "outside", 90, 700, order=1), hiss(setup, "air", 50, 250, order=1)
    ticks = patter(setup, "ticks", ((700, 1300), (1700, 2900), (3300, 5600)), per_s=120 + 500 * intensity)
    drops = _drops(setup, _pane_drop, per_s=12 + 50 * intensity, wander_s=1.1)
    runs = _trickle(setup, per_s=2 + 10 * intensity)
    room = Convolver(room_response(0.25, setup.sample_rate_hz), block_samples=CHUNK_SAMPLES)

    def layer(chunk: Chunk) -> np.ndarray:
        gust = 0.15 + 1.3 * curve(setup, chunk, 2.4, "gust") ** 2 * (0.5 + 0.5 * curve(setup, chunk, 0.5, "thrown"))
        pane = 0.55 * ticks(chunk) * gust + 2.6 * drops(chunk)
        street = (0.4 + 0.6 * intensity) * outside(chunk) * (0.5 + 0.6 * gust) + 0.25 * air(chunk)
        return (0.4 + 0.6 * intensity) * pane + 1.2 * room(pane) + 0.45 * street + 0.25 * runs(chunk)

    return layer


def storm(setup: Setup) -> Layer:
    """Wind and lashing rain with thunder that rolls far off; `intensity` is how near the storm is."""
    intensity = setup.parameter("intensity", 0.6)
    gusts, lash = _gusts(setup, intensity=0.6 + 0.4 * intensity), rain(setup)
    rolls = Scatter()
    share = 0.35 + 0.5 * intensity

    def layer(chunk: Chunk) -> np.ndarray:
        for start, rng in happenings(setup, chunk, _THUNDER_SLOT_S, "thunder", share=share, before_s=8.0):
            far = rng.uniform(0.0, 1.0 - 0.6 * intensity)
            rolls.add(_far_thunder(rng, far, setup.sample_rate_hz), start, gain=0.9 + 2.2 * (1 - far))
        driven = 0.5 + 0.9 * curve(setup, chunk, 2.8, "gust")
        return 0.7 * gusts(chunk) + 1.0 * lash(chunk) * driven + rolls.take()

    return layer


def wind(setup: Setup) -> Layer:
    """Gusts that brighten as they grow and pass from side to side, and an edge that whistles now and then."""
    return _gusts(setup, intensity=setup.parameter("intensity", 0.5))


def snow(setup: Setup) -> Layer:
    """Air over fresh snow, which swallows everything above a murmur; `intensity` is how thick the flakes fall."""
    intensity = setup.parameter("intensity", 0.4)
    still, breath = hiss(setup, "still", 40, 220, order=1), hiss(setup, "breath", 180, 520, order=1)
    # flakes that touch a collar: ticks at the edge of hearing
    flakes = patter(setup, "flakes", ((4500, 7000), (8000, 12000)), per_s=30 + 260 * intensity)

    def layer(chunk: Chunk) -> np.ndarray:
        puff = curve(setup, chunk, 4.5, "puff") ** 2
        air = still(chunk) * (0.7 + 0.5 * curve(setup, chunk, 6.0, "still")) + breath(chunk) * (0.15 + 0.9 * puff)
        return air + (0.02 + 0.05 * intensity) * flakes(chunk) * (0.5 + puff)

    return layer


def _gusts(setup: Setup, *, intensity: float) -> Layer:
    bands = [(np.log2(hz), hiss(setup, f"band{hz:.0f}", 0.7 * hz, 1.4 * hz)) for hz in _WIND_BANDS_HZ]
    whistle_hz = 520 * 2 ** (0.9 * setup.rng("whistle").random())
    whistle = hiss(setup, "whistle", 0.97 * whistle_hz, 1.03 * whistle_hz, order=1)

    def strength(chunk: Chunk) -> np.ndarray:
        # two sides of one gust, float32 [2, n]
        lagged = Chunk(chunk.index, chunk.start + round(_GUST_LAG_S * chunk.sample_rate_hz), chunk.sample_rate_hz)
        return np.stack(
            [0.65 * curve(setup, c, 2.8, "gust") + 0.35 * curve(setup, c, 0.7, "flutter") for c in (chunk, lagged)]
        )

    def layer(chunk: Chunk) -> np.ndarray:
        gust = strength(chunk)
        centre = np.log2(140.0) + (1.2 + 1.9 * intensity) * gust
        air = sum(hissing(chunk) * _weight(octave - centre) for octave, hissing in bands)
        song = np.clip(gust - 0.55, 0, None) ** 2 * curve(setup, chunk, 5.0, "song")
        return air * (0.25 + 0.9 * gust**1.5) + 2.5 * intensity * whistle(chunk) * song

    return layer


def _weight(octaves: np.ndarray) -> np.ndarray:
    # a gust brings treble and takes little of the bass away
    return np.exp(-((octaves / np.where(octaves > 0, 1.1, 2.4)) ** 2)).astype(np.float32)


def _drops(setup: Setup, make: Drop, *, per_s: float, wander_s: float = 0.0) -> Layer:
    # single drops, each with a place; with `wander_s` they come in bursts
    scatter = Scatter()
    per_chunk = per_s * CHUNK_SAMPLES / setup.sample_rate_hz

    def layer(chunk: Chunk) -> np.ndarray:
        rng = setup.rng("drops", chunk.index)
        share = 2.0 * float(curve(setup, chunk, wander_s, "bursts")[0]) ** 2 if wander_s else 1.0
        for _ in range(rng.poisson(per_chunk * share)):
            drop = make(rng, setup.sample_rate_hz)
            scatter.add(
                drop, int(rng.integers(CHUNK_SAMPLES)), pan=rng.uniform(-1, 1), gain=min(rng.exponential(0.5), 2.0)
            )
        return scatter.take()

    return layer


def _trickle(setup: Setup, *, per_s: float) -> Layer:
    # water that runs off, to one side
    scatter = Scatter()
    pan = setup.rng("trickle").uniform(-0.8, 0.8)

    def layer(chunk: Chunk) -> np.ndarray:
        rng = setup.rng("trickle", chunk.index)
        for _ in range(rng.poisson(per_s * CHUNK_SAMPLES / setup.sample_rate_hz)):
            grain = bubble(rng, size=0.35, sample_rate_hz=setup.sample_rate_hz)
            scatter.add(
                grain, int(rng.integers(CHUNK_SAMPLES)), pan=pan + rng.normal(0, 0.1), gain=rng.uniform(0.4, 1.0)
            )
        return scatter.take()

    return layer


def _tap(frequency_hz: float, fall_s: float, sample_rate_hz: int, *, rise_s: float = 0.0004) -> np.ndarray:
    # a damped tone, the body of every drop
    time_s = np.arange(int(6 * fall_s * sample_rate_hz)) / sample_rate_hz
    fall = np.exp(-time_s / fall_s) * np.minimum(time_s / rise_s, 1)
    return (np.sin(2 * np.pi * frequency_hz * time_s) * fall).astype(np.float32)


def _ground_drop(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # mostly a tick, sometimes a deeper tap
    if rng.random() < 0.12:
        return _tap(rng.uniform(350, 900), rng.uniform(0.008, 0.02), sample_rate_hz)
    return _tap(rng.uniform(1500, 6500), rng.uniform(0.0015, 0.006), sample_rate_hz)


def _roof_drop(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a board's thud with a tick on top
    thud = _tap(rng.uniform(120, 420), rng.uniform(0.012, 0.03), sample_rate_hz, rise_s=0.001)
    tick = _tap(rng.uniform(900, 2600), rng.uniform(0.003, 0.008), sample_rate_hz)
    thud[: len(tick)] += 0.35 * tick[: len(thud)]
    return thud


def _leaf_drop(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a limp pat: noise, soon over, with the leaf's dull body
    fall_s = rng.uniform(0.004, 0.012)
    count = int(6 * fall_s * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    slap = rng.standard_normal(count).astype(np.float32) * np.exp(-time_s / (0.4 * fall_s)).astype(np.float32)
    slap = filtered(slap, band(700, 5000, sample_rate_hz=sample_rate_hz, order=1))
    body = _tap(rng.uniform(280, 800), fall_s, sample_rate_hz, rise_s=0.001)[:count]
    return 0.8 * slap[: len(body)] + 0.7 * body


def _pane_drop(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # the pane's few low modes and a tick of glass
    pane = _tap(rng.uniform(420, 900), rng.uniform(0.006, 0.014), sample_rate_hz)
    tick = _tap(rng.uniform(1900, 5200), rng.uniform(0.002, 0.006), sample_rate_hz)
    pane[: len(tick)] += 0.8 * tick[: len(pane)]
    return pane


def _far_thunder(rng: np.random.Generator, far: float, sample_rate_hz: int) -> np.ndarray:
    """Thunder from `far` (0 a mile .. 1 behind the hills), float32 [2, n], RMS about 0.3 at its loudest.

    Parts of a long channel arrive one after another, so it rolls; air and way leave only the bass (Few 1969).
    """
    length_s = rng.uniform(5.0, 8.5)
    count = int(length_s * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    name = int(rng.integers(1 << 32))
    rolls = 0.12 + slow_curve(time_s, 0.5, name, "roll") ** 3 + 0.35 * slow_curve(time_s, 0.13, name, "clap") ** 4
    rolls *= np.minimum(time_s / (0.05 + 0.8 * far), 1.0) * np.exp(-time_s / (0.28 * length_s))
    rolls *= np.clip((length_s - time_s) / 0.8, 0, 1)
    noise = rng.standard_normal((2, count), dtype=np.float32)
    # the two sides share most of a sound from so far away
    noise[1] = 0.7 * noise[0] + 0.7 * noise[1]
    sound = filtered(noise, band(28, 110 + 260 * (1 - far), sample_rate_hz=sample_rate_hz, order=1))
    return (12.0 * sound * rolls).astype(np.float32)
