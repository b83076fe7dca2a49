"""Beds of creatures: birds, crickets at night, insects by day, jungle.

Each function takes a `Setup` and returns the layer that makes the bed; parameters are 0..1.
"""

from __future__ import annotations

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Layer, Scatter, Setup, curve, happenings, hiss, slots
from pipeline.sound.effects.water import bubble
from pipeline.sound.noise import band, filtered
from pipeline.sound.space import Convolver, room_response

_SONG_SLOT_S = 0.9
# a wood answers its birds for most of a second
_WOOD_ROOM = 0.05


def birds(setup: Setup) -> Layer:
    """Birds, each with a song, a distance and a place of its own, over still air; `intensity` is how many."""
    song = singers(setup, count=3 + round(6 * setup.parameter("intensity", 0.5)))
    air = hiss(setup, "air", 120, 1500, order=1)

    def layer(chunk: Chunk) -> np.ndarray:
        return song(chunk) + 0.015 * air(chunk) * (0.6 + 0.8 * curve(setup, chunk, 4.0, "air"))

    return layer


def night(setup: Setup) -> Layer:
    """Crickets near and far that fall silent and begin again, over dark air; `intensity` is how many."""
    intensity = setup.parameter("intensity", 0.5)
    chorus = _crickets(setup, count=3 + round(7 * intensity), low_hz=3900, high_hz=5000)
    tree = _tree_cricket(setup)
    air, low = hiss(setup, "air", 300, 3000, order=1), hiss(setup, "low", 60, 300)

    def layer(chunk: Chunk) -> np.ndarray:
        sound = chorus(chunk) + 0.07 * tree(chunk)
        return sound + 0.015 * air(chunk) + 0.02 * low(chunk) * (0.6 + 0.8 * curve(setup, chunk, 4.0, "low"))

    return layer


def insects(setup: Setup) -> Layer:
    """A warm meadow: grasshoppers that rasp, a cicada that swells and stops, flies that pass; `intensity`: how many."""
    intensity = setup.parameter("intensity", 0.5)
    cicada = _cicada(setup, "cicada", 4600, 7800)
    rasps, flies = Scatter(), Scatter()
    hoppers = [setup.rng("hopper", number) for number in range(3 + round(5 * intensity))]
    habits = [
        (rng.uniform(5500, 8500), rng.uniform(14, 26), rng.uniform(-0.9, 0.9), rng.uniform(0.1, 0.5)) for rng in hoppers
    ]
    air = hiss(setup, "air", 120, 1200, order=1)

    def layer(chunk: Chunk) -> np.ndarray:
        for number, (low_hz, strokes_hz, pan, gain) in enumerate(habits):
            for start, rng in happenings(setup, chunk, 2.8, f"rasp{number}", share=0.7, before_s=2.8):
                rasps.add(_rasp(rng, low_hz, strokes_hz, setup.sample_rate_hz), start, pan=pan, gain=gain)
        for start, rng in happenings(setup, chunk, 3.5, "fly", share=0.3 + 0.5 * intensity, before_s=3.0):
            flies.add(_fly(rng, setup.sample_rate_hz), start, gain=rng.uniform(0.15, 0.6))
        return 0.6 * rasps.take() + 0.5 * flies.take() + (0.05 + 0.2 * intensity) * cicada(chunk) + 0.02 * air(chunk)

    return layer


def jungle(setup: Setup) -> Layer:
    """Rain forest: choirs of cicadas, frogs, strange birds that echo, drips; `birds` 0 leaves the birds out."""
    intensity, share = setup.parameter("intensity", 0.5), setup.parameter("birds", 0.7)
    choirs = [_cicada(setup, f"choir{n}", low_hz, 1.5 * low_hz) for n, low_hz in enumerate((3100, 5200, 8200))]
    chorus = _crickets(setup, count=4 + round(4 * intensity), low_hz=2600, high_hz=6200)
    frogs, song = _frogs(setup), singers(setup, count=6, low_hz=650, high_hz=2900)
    drips = Scatter()
    air = hiss(setup, "air", 100, 700, order=1)
    wood = Convolver(room_response(0.1, setup.sample_rate_hz), block_samples=CHUNK_SAMPLES)

    def layer(chunk: Chunk) -> np.ndarray:
        for start, rng in happenings(setup, chunk, 0.5, "drip", share=0.6):
            drips.add(
                bubble(rng, size=0.3, sample_rate_hz=setup.sample_rate_hz), start, pan=rng.uniform(-1, 1), gain=0.5
            )
        calls = 1.4 * share * song(chunk) + 0.5 * frogs(chunk) + 0.4 * drips.take()
        insects_ = 0.6 * chorus(chunk) + (0.015 + 0.05 * intensity) * sum(choir(chunk) for choir in choirs)
        return calls + 2.5 * wood(calls) + insects_ + 0.02 * air(chunk)

    return layer


def singers(setup: Setup, *, count: int, low_hz: float = 2300, high_hz: float = 5600) -> Layer:
    """Some birds at different distances, with what the wood answers; near ones peak about 0.5."""
    flock = [_Bird(setup, number, low_hz, high_hz) for number in range(count)]
    near, far = Scatter(), Scatter()
    wood = Convolver(room_response(_WOOD_ROOM, setup.sample_rate_hz), block_samples=CHUNK_SAMPLES)

    def layer(chunk: Chunk) -> np.ndarray:
        for slot in slots(chunk, _SONG_SLOT_S):
            for bird in flock:
                phrase = bird.phrase(slot)
                if phrase is not None:
                    start = round(slot * _SONG_SLOT_S * setup.sample_rate_hz) - chunk.start
                    near.add(phrase, start, pan=bird.pan, gain=bird.gain * (1 - bird.away))
                    far.add(phrase, start, pan=bird.pan, gain=bird.gain)
        return near.take() + 4.0 * wood(far.take())

    return layer


class _Bird:
    """One bird: its song, its place, and when it sings."""

    def __init__(self, setup: Setup, number: int, low_hz: float, high_hz: float) -> None:
        rng = setup.rng("bird", number)
        self._setup, self._number = setup, number
        self._pitch_hz = low_hz * (high_hz / low_hz) ** rng.random()
        # a repertoire of notes: length, sweep and arch in octaves, pitch ratio, trill (Hz, 0 for none), pause
        self._notes = [
            (
                rng.uniform(0.04, 0.20),
                rng.normal(0, 0.3),
                rng.normal(0, 0.25),
                2 ** rng.normal(0, 0.25),
                rng.uniform(18, 45) if rng.random() < 0.25 else 0.0,
                rng.uniform(0.02, 0.12),
            )
            for _ in range(rng.integers(2, 6))
        ]
        # some say one thing over and over, some never the same twice
        self._repeats = rng.random() < 0.4
        self._habit = rng.uniform(0.1, 0.25)
        self.pan, self.away = rng.uniform(-0.9, 0.9), rng.random() ** 0.7
        self.gain = rng.uniform(0.25, 0.6) * (1 - 0.6 * self.away)

    def phrase(self, slot: int) -> np.ndarray | None:
        """Its song in a slot, float32 [samples], or None when it is silent."""
        rng = self._setup.rng("song", self._number, slot)
        if rng.random() > self._habit:
            return None
        rate = self._setup.sample_rate_hz
        count = int(rng.integers(3, 9))
        if self._repeats:
            motif = self._notes[: rng.integers(1, 3)]
            notes = [motif[k % len(motif)] for k in range(count)]
        else:
            notes = [self._notes[k] for k in rng.integers(len(self._notes), size=count)]
        parts = [np.zeros(int(rng.uniform(0, 0.5) * rate), np.float32)]
        for length_s, sweep, arch, ratio, trill_hz, pause_s in notes:
            place = np.linspace(0, 1, int(length_s * rng.uniform(0.9, 1.1) * rate))
            octave = sweep * (place - 0.5) + arch * (1 - (2 * place - 1) ** 2)
            turns = np.cumsum(self._pitch_hz * ratio * rng.uniform(0.98, 1.02) * 2**octave) / rate
            tone = np.sin(2 * np.pi * turns) + 0.08 * np.sin(4 * np.pi * turns)
            tone *= np.sin(np.pi * place) ** 0.8 * rng.uniform(0.6, 1.0)
            if trill_hz:
                tone *= 0.5 - 0.5 * np.cos(2 * np.pi * trill_hz * length_s * place)
            parts += [tone.astype(np.float32), np.zeros(int(pause_s * rate), np.float32)]
        return np.concatenate(parts)


def _pulses(carrier_hz: float, count: int, period_s: float, width: float, sample_rate_hz: int) -> np.ndarray:
    # wing strokes or throat beats of one call: `count` soft pulses of a tone, each `width` of its period, growing
    time_s = np.arange(int(count * period_s * sample_rate_hz)) / sample_rate_hz
    beat = time_s / period_s
    stroke = np.clip(np.sin(np.pi * np.clip((beat % 1.0) / width, 0, 1)), 0, 1) ** 1.5
    growth = 0.55 + 0.45 * np.minimum(beat / 2, 1)
    # the file on the wing slows towards its end, and the tone with it
    glide_hz = carrier_hz * (1.01 - 0.02 * (beat % 1.0))
    return (stroke * growth * np.sin(2 * np.pi * np.cumsum(glide_hz) / sample_rate_hz)).astype(np.float32)


def _crickets(setup: Setup, *, count: int, low_hz: float, high_hz: float) -> Layer:
    # each chirps at its own steady pace, near the others' (warmth sets it), rests, and begins again
    rng = setup.rng("crickets")
    pace_hz = rng.uniform(1.7, 2.6)
    crowd = [
        (
            rng.uniform(low_hz, high_hz),
            pace_hz * rng.uniform(0.85, 1.15),
            int(rng.integers(3, 6)),
            rng.uniform(-0.95, 0.95),
        )
        for _ in range(count)
    ]
    loud = [rng.uniform(0.05, 1.0) ** 1.5 * 0.5 for _ in crowd]
    due_s = [rng.uniform(0.0, 0.6) for _ in crowd]
    chirps = Scatter()

    def layer(chunk: Chunk) -> np.ndarray:
        luck = setup.rng("chirps", chunk.index)
        end_s = (chunk.start + CHUNK_SAMPLES) / chunk.sample_rate_hz
        for number, (carrier_hz, own_hz, pulses, pan) in enumerate(crowd):
            awake = np.clip(3.0 * curve(setup, chunk, 6.0, "awake", number) - 0.7, 0, 1)
            while due_s[number] < end_s:
                start = round(due_s[number] * chunk.sample_rate_hz) - chunk.start
                chirp = _pulses(carrier_hz, pulses, luck.uniform(0.027, 0.031), 0.65, chunk.sample_rate_hz)
                gain = loud[number] * float(awake[max(start, 0)]) * luck.uniform(0.8, 1.0)
                chirps.add(chirp, start, pan=pan, gain=gain)
                due_s[number] += luck.normal(1.0, 0.05) / own_hz
        return chirps.take()

    return layer


def _tree_cricket(setup: Setup) -> Layer:
    # one long trill, some way off to a side
    rng = setup.rng("tree")
    carrier_hz, beat_hz, pan = rng.uniform(2500, 3300), rng.uniform(38, 52), rng.uniform(-0.8, 0.8)
    turned = [0.0]

    def layer(chunk: Chunk) -> np.ndarray:
        pace = beat_hz * (0.97 + 0.06 * curve(setup, chunk, 1.3, "tree pace").astype(np.float64))
        beat = turned[0] + np.cumsum(pace) / chunk.sample_rate_hz
        turned[0] = float(beat[-1] % 1.0)
        stroke = np.clip(np.sin(2 * np.pi * beat), 0, 1) ** 1.5
        tone = (
            stroke
            * np.sin(2 * np.pi * carrier_hz * chunk.time_s)
            * np.clip(2.0 * curve(setup, chunk, 5.0, "tree") - 0.6, 0, 1)
        )
        left, right = np.sqrt(0.5 * (1 - pan)), np.sqrt(0.5 * (1 + pan))
        return np.stack([left * tone, right * tone]).astype(np.float32)

    return layer


def _cicada(setup: Setup, name: str, low_hz: float, high_hz: float) -> Layer:
    # a drumming membrane: noise in a band, clicked some 150 times a second, that swells and dies away
    rng = setup.rng(name)
    band_noise = hiss(setup, f"{name} noise", low_hz, high_hz)
    click_hz = rng.uniform(110, 190)
    turned = [0.0]

    def layer(chunk: Chunk) -> np.ndarray:
        pace = click_hz * (0.95 + 0.10 * curve(setup, chunk, 0.9, f"{name} pace").astype(np.float64))
        beat = turned[0] + np.cumsum(pace) / chunk.sample_rate_hz
        turned[0] = float(beat[-1] % 1.0)
        click = (0.35 + (0.5 + 0.5 * np.cos(2 * np.pi * beat)) ** 3).astype(np.float32)
        swell = np.clip(1.7 * curve(setup, chunk, 4.5, f"{name} swell") - 0.35, 0.03, 1)
        return band_noise(chunk) * click * swell

    return layer


def _frogs(setup: Setup) -> Layer:
    # three frogs that call in bouts
    rng = setup.rng("frogs")
    frogs = [
        (rng.uniform(650, 1900), int(rng.integers(4, 12)), rng.uniform(0.02, 0.05), rng.uniform(-0.8, 0.8))
        for _ in range(3)
    ]
    calls = Scatter()

    def layer(chunk: Chunk) -> np.ndarray:
        for number, (carrier_hz, pulses, period_s, pan) in enumerate(frogs):
            awake = float(curve(setup, chunk, 5.0, "frog", number)[0])
            for start, luck in happenings(setup, chunk, 1.1, f"frog{number}", share=1.6 * awake - 0.5):
                call = _pulses(carrier_hz, pulses, period_s, 0.8, setup.sample_rate_hz)
                calls.add(call, start, pan=pan, gain=luck.uniform(0.15, 0.4))
        return calls.take()

    return layer


def _rasp(rng: np.random.Generator, low_hz: float, strokes_hz: float, sample_rate_hz: int) -> np.ndarray:
    # a grasshopper's legs: bursts of treble, stroke by stroke
    count = int(rng.uniform(0.6, 2.2) * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    beat = strokes_hz * time_s * (1 + 0.04 * np.sin(2 * np.pi * rng.uniform(0.5, 1.5) * time_s))
    stroke = (beat % 1.0) ** 0.6 * np.minimum((1 - beat % 1.0) / 0.15, 1.0)
    ends = np.clip(np.minimum(time_s / 0.25, (time_s[-1] - time_s) / 0.08), 0, 1)
    noise = rng.standard_normal(count, dtype=np.float32)
    treble = filtered(noise, band(low_hz, 1.7 * low_hz, sample_rate_hz=sample_rate_hz))
    return (treble * stroke * ends).astype(np.float32)


def _fly(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # wings that beat some 200 times a second go by, float32 [2, n]
    length_s = rng.uniform(0.8, 2.6)
    time_s = np.arange(int(length_s * sample_rate_hz)) / sample_rate_hz
    wander = 0.03 * np.sin(2 * np.pi * rng.uniform(1, 3) * time_s + 6.28 * rng.random()) + 0.05 * (
        0.5 - time_s / length_s
    )
    turns = 2 * np.pi * np.cumsum(rng.uniform(140, 260) * (1 + wander)) / sample_rate_hz
    buzz = sum(np.sin(n * turns + n * n) / n**0.6 for n in range(1, 15))
    near = np.sin(np.pi * time_s / length_s) ** 2 * (0.7 + 0.3 * np.sin(2 * np.pi * rng.uniform(5, 9) * time_s))
    side = np.clip(rng.uniform(-1, 1) + rng.uniform(-1.5, 1.5) * (time_s / length_s - 0.5), -1, 1)
    return (buzz * near * np.sqrt(0.5 * np.stack([1 - side, 1 + side]))).astype(np.float32)
