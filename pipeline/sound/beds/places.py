"""Beds of rooms and machines: room, office, hall, machine, space.

Each function takes a `Setup` and returns the layer that makes the bed; parameters are 0..1.
"""

from __future__ import annotations

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Layer, Scatter, Setup, curve, happenings, hiss
from pipeline.sound.beds.people import babble
from pipeline.sound.noise import band, filtered
from pipeline.sound.space import Convolver, room_response

_OFFICE_ROOM, _HALL_ROOM = 0.35, 0.9


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


def office(setup: Setup) -> Layer:
    """People at work: ventilation, keys and mice under several hands, paper, talk behind a wall; `intensity`: life."""
    intensity = setup.parameter("intensity", 0.5)
    air, duct = hiss(setup, "air", 60, 400, order=1), hiss(setup, "duct", 300, 1400, order=1)
    talk = babble(setup, count=3, room=0.3, near=0.05)
    desks = Scatter()
    room_ = Convolver(room_response(_OFFICE_ROOM, setup.sample_rate_hz), block_samples=CHUNK_SAMPLES)
    count = 2 + round(4 * intensity)
    places = [(setup.rng("desk", n).uniform(-0.9, 0.9), 0.5 * 0.7**n) for n in range(count)]

    def layer(chunk: Chunk) -> np.ndarray:
        for number, (pan, gain) in enumerate(places):
            for start, rng in happenings(setup, chunk, 3.2, f"desk{number}", share=0.55, before_s=3.0):
                desks.add(_desk_work(rng, setup.sample_rate_hz), start, pan=pan, gain=gain)
        things = desks.take()
        hum = 0.0015 * np.sin(2 * np.pi * 100.0 * chunk.time_s) + 0.0008 * np.sin(2 * np.pi * 200.0 * chunk.time_s + 1)
        still = 0.016 * air(chunk) * (0.85 + 0.3 * curve(setup, chunk, 4.0, "air")) + 0.008 * duct(chunk)
        return 0.5 * things + 1.6 * room_(things) + still + hum.astype(np.float32) + 0.5 * talk(chunk)

    return layer


def hall(setup: Setup) -> Layer:
    """The stillness of a large stone room: air that booms softly, and far knocks that ring out; `intensity` is life."""
    intensity = setup.parameter("intensity", 0.3)
    deep, body = hiss(setup, "deep", 35, 160, order=1), hiss(setup, "body", 160, 700, order=1)
    sounds = Scatter()
    walls = Convolver(room_response(_HALL_ROOM, setup.sample_rate_hz), block_samples=CHUNK_SAMPLES)

    def layer(chunk: Chunk) -> np.ndarray:
        for start, rng in happenings(setup, chunk, 6.0, "knock", share=0.15 + 0.8 * intensity):
            sounds.add(_knock(rng, setup.sample_rate_hz), start, pan=rng.uniform(-0.8, 0.8), gain=rng.uniform(0.7, 2.5))
        breath = 0.6 + 0.8 * curve(setup, chunk, 4.0, "breath")
        # only the walls' answer is heard: everything is far
        inside = 0.03 * body(chunk) * (0.5 + curve(setup, chunk, 0.8, "stir")) + sounds.take()
        return 0.05 * deep(chunk) * breath + 3.0 * walls(inside)

    return layer


def machine(setup: Setup) -> Layer:
    """Something that runs: hum with slow beats and a pace that wanders, a rattle once a turn; `pitch` is how fast."""
    rng = setup.rng("machine")
    turn_hz = 24.0 * 2 ** (setup.parameter("pitch", 0.5) - 0.5) * rng.uniform(0.95, 1.05)
    lines = [
        (n * (1 + rng.normal(0, 5e-4)), 0.9 / n**1.1 * rng.uniform(0.4, 1), rng.uniform(0, 6.28)) for n in range(2, 16)
    ]
    rattle, whirr = hiss(setup, "rattle", 700, 4200, order=1), hiss(setup, "whirr", 120, 700)
    turned = [0.0]

    def layer(chunk: Chunk) -> np.ndarray:
        # load and mains are never quite steady
        pace = turn_hz * (1 + 0.012 * (curve(setup, chunk, 1.9, "pace").astype(np.float64) - 0.5))
        turns = turned[0] + np.cumsum(pace) / setup.sample_rate_hz
        turned[0] = float(turns[-1])
        hum = np.zeros(CHUNK_SAMPLES)
        for number, (ratio, level, phase) in enumerate(lines):
            beat = 0.5 + curve(setup, chunk, 1.7, "beat", number)
            hum += level * beat * np.sin(2 * np.pi * ratio * turns + phase)
        turn = np.clip(np.sin(2 * np.pi * turns / 3), 0, 1).astype(np.float32) ** 3
        noise = 0.35 * whirr(chunk) + rattle(chunk) * (0.10 + 0.30 * turn * curve(setup, chunk, 0.9, "rattle"))
        # the hum stands in the middle, a little wider above
        return noise + 0.55 * hum.astype(np.float32)

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


def _desk_work(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a bout of typing, or a few mouse clicks, or a sheet turned
    kind = rng.random()
    if kind < 0.12:
        return _sheet(rng, sample_rate_hz)
    strokes = int(rng.integers(2, 5)) if kind < 0.35 else int(rng.integers(6, 22))
    # fingers follow each other in 0.08-0.25 s
    starts_s = np.cumsum(rng.lognormal(np.log(0.13 if strokes > 5 else 0.3), 0.4, strokes))
    sound = np.zeros(int((starts_s[-1] + 0.15) * sample_rate_hz), np.float32)
    for start_s in starts_s:
        # down and up, a plastic click each
        for late_s, weight in ((0.0, rng.uniform(0.5, 1.0)), (rng.uniform(0.05, 0.09), rng.uniform(0.15, 0.4))):
            stroke = _click(rng, sample_rate_hz)
            at = int((start_s + late_s) * sample_rate_hz)
            part = stroke[: max(len(sound) - at, 0)]
            sound[at : at + len(part)] += np.float32(weight) * part
    return sound


def _click(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    time_s = np.arange(int(0.03 * sample_rate_hz)) / sample_rate_hz
    noise = rng.standard_normal(len(time_s)) * np.exp(-time_s / 0.0012)
    body = np.sin(2 * np.pi * rng.uniform(450, 900) * time_s) + 0.7 * np.sin(
        2 * np.pi * rng.uniform(1600, 3200) * time_s
    )
    return (0.3 * noise + 0.5 * body * np.exp(-time_s / 0.004)).astype(np.float32)


def _sheet(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # paper: treble in crumbs
    count = int(rng.uniform(0.3, 0.8) * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    crumbs = rng.standard_normal(count) * (rng.random(count) < 0.02)
    treble = filtered(crumbs.astype(np.float32), band(1800, 9000, sample_rate_hz=sample_rate_hz, order=1))
    return (1.6 * treble * np.sin(np.pi * time_s / time_s[-1])).astype(np.float32)


def _knock(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a door, a step, a bench, rooms away: a dull tap, once or in steps
    time_s = np.arange(int(0.25 * sample_rate_hz)) / sample_rate_hz
    tone_hz = rng.uniform(90, 320)
    tap = np.sin(2 * np.pi * tone_hz * time_s) * np.exp(-time_s / 0.03) * np.minimum(time_s / 0.002, 1)
    tap += 0.3 * rng.standard_normal(len(time_s)) * np.exp(-time_s / 0.006)
    count, step_s = (1, 0.0) if rng.random() < 0.5 else (int(rng.integers(3, 8)), rng.uniform(0.5, 0.65))
    sound = np.zeros(int((0.3 + count * step_s) * sample_rate_hz), np.float32)
    for number in range(count):
        at = int(number * step_s * rng.uniform(0.97, 1.03) * sample_rate_hz)
        part = tap[: max(len(sound) - at, 0)]
        sound[at : at + len(part)] += (rng.uniform(0.6, 1.0) * part).astype(np.float32)
    return filtered(sound, band(0, 2500, sample_rate_hz=sample_rate_hz, order=1))
