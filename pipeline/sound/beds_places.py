"""Beds of places and machines: city, crowd, room, machine, engine, space."""

from __future__ import annotations

from functools import partial

import numpy as np

from pipeline.sound.beds import CHUNK_SAMPLES, Chunk, Layer, Setup, along, curve, hiss, visits
from pipeline.sound.noise import Filter, band, uniform_at

_CAR_S = 5.0
_VOICES = 9
# centres of a neutral vowel's first three formants (after Peterson & Barney 1952); gains make up for the buzz's fall
_FORMANTS = ((550.0, 1.0), (1550.0, 0.9), (2500.0, 0.7))


def city(setup: Setup) -> Layer:
    """A town's rumble and cars that pass from side to side; `intensity` is the traffic."""
    intensity = setup.parameter("intensity", 0.5)
    rumble, hum = hiss(setup, "rumble", 35, 220), hiss(setup, "hum", 180, 1300, order=1)
    tyres, motor = hiss(setup, "tyres", 500, 3200, order=1), hiss(setup, "motor", 70, 320)

    def layer(chunk: Chunk) -> np.ndarray:
        passing = np.stack([along(chunk, partial(_cars, setup, chunk, side=side)) for side in (0, 1)])
        far = rumble(chunk) * (0.7 + 0.5 * curve(setup, chunk, 4.0, "rumble")) + 0.3 * hum(chunk)
        return 0.6 * far + (0.25 + 0.9 * intensity) * passing * (0.5 * tyres(chunk) + 0.7 * motor(chunk))

    return layer


def crowd(setup: Setup) -> Layer:
    """The murmur of many voices; no word can be understood, for none is said."""
    base = hiss(setup, "base", 250, 1800, order=1)
    voices = [_voice(setup, number) for number in range(_VOICES)]

    def layer(chunk: Chunk) -> np.ndarray:
        return sum((voice(chunk) for voice in voices), start=0.03 * base(chunk))

    return layer


def room(setup: Setup) -> Layer:
    """An indoor silence: slow air, a trace of ventilation."""
    air, duct, top = (
        hiss(setup, "air", 45, 260, order=1),
        hiss(setup, "duct", 200, 1100, order=1),
        hiss(setup, "top", 1500, 7000, order=1),
    )

    def layer(chunk: Chunk) -> np.ndarray:
        breath = 0.85 + 0.3 * curve(setup, chunk, 4.0, "breath")
        return (
            air(chunk) * breath
            + 0.30 * duct(chunk) * (0.8 + 0.4 * curve(setup, chunk, 2.5, "duct"))
            + 0.05 * top(chunk)
        )

    return layer


def machine(setup: Setup) -> Layer:
    """Something that runs: hum with slow beats, and a rattle once a turn; `pitch` is how fast."""
    rng = setup.rng("machine")
    turn_hz = 24.0 * 2 ** (setup.parameter("pitch", 0.5) - 0.5) * rng.uniform(0.95, 1.05)
    lines = [
        (turn_hz * n * (1 + rng.normal(0, 5e-4)), 0.9 / n**1.1 * rng.uniform(0.4, 1), rng.uniform(0, 6.28))
        for n in range(2, 16)
    ]
    rattle, whirr = hiss(setup, "rattle", 700, 4200, order=1), hiss(setup, "whirr", 120, 700)

    def layer(chunk: Chunk) -> np.ndarray:
        time_s = chunk.time_s
        hum = np.zeros(CHUNK_SAMPLES)
        for number, (frequency_hz, level, phase) in enumerate(lines):
            hum += (
                level
                * (0.5 + curve(setup, chunk, 1.7, "beat", number))
                * np.sin(2 * np.pi * frequency_hz * time_s + phase)
            )
        turn = np.clip(np.sin(2 * np.pi * turn_hz / 3 * time_s), 0, 1).astype(np.float32) ** 3
        noise = 0.35 * whirr(chunk) + rattle(chunk) * (0.10 + 0.30 * turn * curve(setup, chunk, 0.9, "rattle"))
        # the hum stands in the middle, a little wider above
        return noise + 0.55 * hum.astype(np.float32)

    return layer


def engine(setup: Setup) -> Layer:
    """A motor heard from inside or near: firing pulses whose pace drifts, and the road; `pitch` is the pace."""
    pace_hz = 34.0 * 2 ** (2.0 * (setup.parameter("pitch", 0.5) - 0.5))
    road, breath = hiss(setup, "road", 40, 420, order=1), hiss(setup, "breath", 300, 2600, order=1)
    turned = [0.0]

    def layer(chunk: Chunk) -> np.ndarray:
        drift = 1 + 0.10 * (curve(setup, chunk, 2.2, "pace") - 0.5) + 0.02 * (curve(setup, chunk, 0.08, "rough") - 0.5)
        turns = turned[0] + np.cumsum(pace_hz * drift.astype(np.float64)) / setup.sample_rate_hz
        turned[0] = float(turns[-1] % 1.0)
        phase = 2 * np.pi * turns
        firing = sum(np.sin(n * phase + 0.7 * n * n) / n**0.9 for n in range(1, 9))
        pulse = (0.5 + 0.5 * np.sin(2 * phase)).astype(np.float32) ** 2
        return 0.45 * firing.astype(np.float32) + 0.5 * road(chunk) + 0.16 * breath(chunk) * (0.4 + pulse)

    return layer


def space(setup: Setup) -> Layer:
    """The inside of nowhere: a deep swell and hollow resonances excited by noise; no pitch that would be music."""
    rng = setup.rng("space")
    deep = hiss(setup, "deep", 26, 95)
    tones_hz = 90.0 * 2 ** np.sort(rng.uniform(0, 3.2, 5))
    hollows = [hiss(setup, f"hollow{n}", 0.93 * hz, 1.07 * hz, order=1) for n, hz in enumerate(tones_hz)]

    def layer(chunk: Chunk) -> np.ndarray:
        sound = deep(chunk) * (0.5 + 0.8 * curve(setup, chunk, 6.0, "deep"))
        for number, hollow in enumerate(hollows):
            sound += 0.35 * hollow(chunk) * curve(setup, chunk, 4.5, "hollow", number) ** 2
        return sound

    return layer


def _voice(setup: Setup, number: int) -> Layer:
    # one talker: a buzz with a wandering pitch through formants, in syllables and pauses
    rng = setup.rng("voice", number)
    rate = setup.sample_rate_hz
    pitch_hz, pan, gain = rng.uniform(95, 230), rng.uniform(-0.9, 0.9), rng.uniform(0.35, 1.0)
    scale = rng.uniform(0.88, 1.18)
    tracts = [
        (Filter(band(0.85 * hz * scale, 1.18 * hz * scale, sample_rate_hz=rate, order=1)), level, part)
        for part, (hz, level) in enumerate(_FORMANTS)
    ]
    syllable_s = rng.uniform(0.11, 0.19)
    turned = [rng.random()]

    def layer(chunk: Chunk) -> np.ndarray:
        pitch = pitch_hz * (0.85 + 0.35 * curve(setup, chunk, 0.6, "pitch", number).astype(np.float64))
        turns = turned[0] + np.cumsum(pitch) / rate
        turned[0] = float(turns[-1] % 1.0)
        # a soft sawtooth, bent so that its corner does not alias much
        saw = turns % 1.0
        buzz = (2 * saw - 1 - 2.0 * np.exp(-14 * (1 - saw)) + 0.13).astype(np.float32)
        spoken = np.clip(1.6 * curve(setup, chunk, syllable_s, "syllable", number) - 0.45, 0, 1)
        spoken *= np.clip(3.0 * curve(setup, chunk, 2.4, "turn", number) - 0.9, 0, 1)
        voice = sum(
            level * tract(buzz) * (0.3 + curve(setup, chunk, 0.16, "vowel", number, part))
            for tract, level, part in tracts
        )
        voice = (gain * voice * spoken).astype(np.float32)
        return np.stack([voice * np.float32(0.5 - 0.45 * pan), voice * np.float32(0.5 + 0.45 * pan)])

    return layer


def _cars(setup: Setup, chunk: Chunk, time_s: np.ndarray, *, side: int) -> np.ndarray:
    # loudness of all cars near on one side; each drives from one side to the other
    numbers = visits(chunk, _CAR_S)
    jitter, level, way = (uniform_at(numbers, setup.seed, what) for what in ("when", "level", "way"))
    since_s = time_s[:, None] - (numbers + 0.9 * jitter)[None, :] * _CAR_S
    width_s = 1.0 + 1.4 * level
    direction = np.where(way > 0.5, 1.0, -1.0)
    pan = np.tanh(since_s / width_s) * direction
    weight = np.sqrt(0.5 * (1 + (pan if side else -pan)))
    return (weight * (0.15 + level**2) * np.exp(-((since_s / width_s) ** 2))).sum(axis=1)
