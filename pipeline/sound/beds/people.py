"""Beds of people: crowd, café. Many voices and not one word: each talker says random syllables.

Each function takes a `Setup` and returns the layer that makes the bed; parameters are 0..1.
"""

from __future__ import annotations

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Layer, Scatter, Setup, happenings, hiss
from pipeline.sound.noise import band, filtered
from pipeline.sound.space import Convolver, room_response

# first three formants of ten vowels, men's means, Hz (Peterson & Barney 1952)
_VOWELS_HZ = (
    (270, 2290, 3010),
    (390, 1990, 2550),
    (530, 1840, 2480),
    (660, 1720, 2410),
    (730, 1090, 2440),
    (570, 840, 2410),
    (440, 1020, 2240),
    (300, 870, 2240),
    (640, 1190, 2390),
    (490, 1350, 1690),
)
# their bandwidths, and a fourth formant that hardly moves (Klatt 1980)
_WIDTHS_HZ = (70.0, 100.0, 140.0, 250.0)
_FOURTH_HZ = 3400.0
# where the second formant points to while lips, tongue tip or tongue back close (Delattre et al. 1955)
_LOCI_HZ = ((250, 800, 2200), (250, 1800, 2600), (250, 2300, 2700))
# bands of s, sh and f
_FRICATIVES_HZ = ((4200.0, 9000.0), (2000.0, 5500.0), (1500.0, 9000.0))


def crowd(setup: Setup) -> Layer:
    """The murmur of many voices; no word can be understood, for none is said; `intensity` is how many."""
    intensity = setup.parameter("intensity", 0.5)
    murmur = babble(setup, count=round(10 + 16 * intensity), room=0.4, near=0.35)
    base, air = hiss(setup, "base", 220, 1500, order=1), hiss(setup, "air", 60, 300, order=1)

    def layer(chunk: Chunk) -> np.ndarray:
        return murmur(chunk) + 0.010 * base(chunk) + 0.004 * air(chunk)

    return layer


def cafe(setup: Setup) -> Layer:
    """Talk at small tables, cups and spoons, a chair, the machine's steam now and then; `intensity`: how full it is."""
    intensity = setup.parameter("intensity", 0.5)
    talk = babble(setup, count=round(7 + 10 * intensity), room=0.4, near=0.45)
    hum, air = hiss(setup, "hum", 90, 240), hiss(setup, "air", 60, 900, order=1)
    table = Scatter()
    room = Convolver(room_response(0.4, setup.sample_rate_hz), block_samples=CHUNK_SAMPLES)
    share, rate = 0.35 + 0.5 * intensity, setup.sample_rate_hz

    def layer(chunk: Chunk) -> np.ndarray:
        for start, rng in happenings(setup, chunk, 0.9, "clink", share=share):
            table.add(_clink(rng, rate), start, pan=rng.uniform(-0.9, 0.9), gain=0.14 * rng.uniform(0.15, 1.0) ** 1.5)
        for start, rng in happenings(setup, chunk, 9.0, "chair", share=share):
            table.add(_chair(rng, rate), start, pan=rng.uniform(-0.8, 0.8), gain=0.1 * rng.uniform(0.3, 1.0))
        for start, rng in happenings(setup, chunk, 21.0, "steam", share=0.8, before_s=4.0):
            table.add(_steam(rng, rate), start, pan=0.5, gain=0.03 * rng.uniform(0.4, 1.0))
        things = table.take()
        return talk(chunk) + things + 1.5 * room(things) + 0.004 * hum(chunk) + 0.004 * air(chunk)

    return layer


def babble(setup: Setup, *, count: int, room: float, near: float) -> Layer:
    """Talkers who take turns in a place, RMS about 0.04.

    Parameters
    ----------
    room : float
        As in `space.place`.
    near : float
        How much of the direct voice is heard against what the place answers, 0..1; kept low, so that nobody stands out.

    Returns
    -------
    layer of float32 [2, n]
    """
    talkers = [_Talker(setup, number) for number in range(count)]
    direct, spread = Scatter(), Scatter()
    answer = Convolver(room_response(room, setup.sample_rate_hz), block_samples=CHUNK_SAMPLES)
    loud = np.float32(1.0 / np.sqrt(count))

    def layer(chunk: Chunk) -> np.ndarray:
        for talker in talkers:
            for start, phrase in talker.phrases(chunk):
                direct.add(phrase, start, pan=talker.pan, gain=talker.gain * near)
                spread.add(phrase, start, pan=talker.pan, gain=talker.gain)
        return loud * (direct.take() + 3.5 * answer(spread.take()))

    return layer


class _Talker:
    """Somebody who says phrases of random syllables and listens between them."""

    def __init__(self, setup: Setup, number: int) -> None:
        rng = setup.rng("talker", number)
        self._rng, self._rate = rng, setup.sample_rate_hz
        is_high = rng.random() < 0.5
        # speaking pitch and length of the throat of women and men
        self._pitch_hz = rng.uniform(165, 245) if is_high else rng.uniform(88, 145)
        self._tract = rng.uniform(1.10, 1.22) if is_high else rng.uniform(0.94, 1.06)
        self._syllable_s = rng.uniform(0.15, 0.23)
        self.pan, self.gain = rng.uniform(-0.95, 0.95), rng.uniform(0.5, 1.0)
        # a bed begins in the middle of talk
        self._due_s = rng.uniform(-2.0, 2.5)

    def phrases(self, chunk: Chunk) -> list[tuple[int, np.ndarray]]:
        """Phrases that begin in a chunk: (sample of the chunk, mono float32)."""
        begun = []
        while self._due_s * self._rate < chunk.start + CHUNK_SAMPLES:
            phrase = self._phrase()
            begun.append((round(self._due_s * self._rate) - chunk.start, phrase))
            self._due_s += len(phrase) / self._rate + 0.25 + self._rng.exponential(1.1)
        return begun

    def _phrase(self) -> np.ndarray:
        rng, count = self._rng, int(self._rng.integers(3, 13))
        sound = np.zeros(int((count * 0.45 + 0.5) * self._rate), np.float32)
        at = 0
        for number in range(count):
            # speech falls in pitch through a phrase and lingers on its end
            last = number == count - 1
            length_s = self._syllable_s * rng.lognormal(0, 0.25) * (1.5 if last else 1.0)
            fall = 1.12 - 0.25 * number / count - 0.08 * last
            syllable = self._syllable(min(length_s, 0.4), self._pitch_hz * fall * rng.lognormal(0, 0.07))
            end = min(at + len(syllable), len(sound))
            sound[at:end] += np.float32(rng.uniform(0.5, 1.0)) * syllable[: end - at]
            # neighbours run into each other
            at = min(at + int(0.85 * len(syllable)), len(sound) - 1)
        return sound[:end]

    def _syllable(self, length_s: float, pitch_hz: float) -> np.ndarray:
        rng, rate = self._rng, self._rate
        count = int(length_s * rate)
        place = np.arange(count) / count
        source = _glottis(pitch_hz * (1 + rng.normal(0, 0.08) * (place - 0.4)), rng, rate)
        onset, vowel, close = (
            _LOCI_HZ[rng.integers(len(_LOCI_HZ))],
            _VOWELS_HZ[rng.integers(len(_VOWELS_HZ))],
            _VOWELS_HZ[rng.integers(len(_VOWELS_HZ))],
        )
        # the tract moves from the consonant into the vowel and on towards another
        heads = [filtered(source, _tract(target, self._tract, rate)) for target in (onset, vowel, close)]
        rise, glide = np.clip(place / 0.3, 0, 1), 0.7 * np.clip((place - 0.45) / 0.55, 0, 1)
        voice = (1 - rise) * heads[0] + rise * ((1 - glide) * heads[1] + glide * heads[2])
        voice *= np.clip(place / 0.18, 0, 1) * np.clip((1 - place) / 0.25, 0, 1) ** 0.7
        if rng.random() < 0.45:
            voice = voice + self._consonant(count)
        return voice.astype(np.float32)

    def _consonant(self, count: int) -> np.ndarray:
        # a hiss or a burst in front of the vowel
        rng, rate = self._rng, self._rate
        low_hz, high_hz = _FRICATIVES_HZ[rng.integers(len(_FRICATIVES_HZ))]
        length_s = rng.uniform(0.05, 0.1) if rng.random() < 0.5 else rng.uniform(0.008, 0.02)
        time_s = np.arange(count) / rate
        shape = np.sin(np.pi * np.clip(time_s / length_s, 0, 1)) ** 0.7
        noise = rng.standard_normal(count, dtype=np.float32)
        return 0.05 * shape * filtered(noise, band(low_hz, high_hz, sample_rate_hz=rate, order=1))


def _glottis(pitch_hz: np.ndarray, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a rounded sawtooth (12 dB an octave after the lips) with some breath, float32 [n]
    turns = rng.random() + np.cumsum(pitch_hz * (1 + 0.01 * rng.standard_normal(len(pitch_hz)))) / sample_rate_hz
    saw = turns % 1.0
    pulse = 2 * saw - 1 - 2.0 * np.exp(-14 * (1 - saw)) + 0.13
    breath = 0.10 * rng.standard_normal(len(saw)) * saw
    # lips radiate the change of the flow
    flow = pulse + breath
    return (0.9 * np.diff(flow, prepend=flow[0]) + 0.05 * flow).astype(np.float32)


def _tract(formants_hz: tuple[int, int, int], scale: float, sample_rate_hz: int) -> np.ndarray:
    # resonators one behind the other, each 1 at 0 Hz (Klatt 1980); second-order sections [4, 6]
    centres_hz = np.asarray([*formants_hz, _FOURTH_HZ]) * scale
    radius = np.exp(-np.pi * np.asarray(_WIDTHS_HZ) / sample_rate_hz)
    first, second = -2 * radius * np.cos(2 * np.pi * centres_hz / sample_rate_hz), radius**2
    zeros, ones = np.zeros(4), np.ones(4)
    return np.stack([1 + first + second, zeros, zeros, ones, first, second], axis=1)


def _clink(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a cup on a saucer or a spoon in a glass: a few split shell modes, struck once to four times
    lowest_hz, fall_s = (rng.uniform(1900, 2900), 0.03) if rng.random() < 0.6 else (rng.uniform(2800, 4600), 0.09)
    modes_hz = lowest_hz * np.asarray([1.0, 1.01, 1.78, 2.61, 3.4]) * rng.uniform(0.97, 1.03, 5)
    time_s = np.arange(int(0.35 * sample_rate_hz)) / sample_rate_hz
    falls_s = fall_s * rng.uniform(0.5, 1.2, 5) * lowest_hz / modes_hz
    ring = (
        rng.uniform(0.3, 1.0, 5)[:, None]
        * np.exp(-time_s / falls_s[:, None])
        * np.sin(6.2832 * modes_hz[:, None] * time_s)
    ).sum(axis=0)
    ring *= np.minimum(time_s / 0.0003, 1.0)
    sound = np.zeros(int(1.2 * sample_rate_hz))
    at = 0
    for _ in range(rng.integers(1, 5)):
        if at + len(ring) < len(sound):
            sound[at : at + len(ring)] += rng.uniform(0.3, 1.0) * ring
        at += int(rng.uniform(0.05, 0.25) * sample_rate_hz)
    return sound.astype(np.float32)


def _chair(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # legs that stick and slip over a floor, some sixty times a second, in a wooden seat
    count = int(rng.uniform(0.25, 0.6) * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    slips = (
        np.cumsum(rng.uniform(45, 110) * (1 + 0.3 * np.sin(2 * np.pi * rng.uniform(1, 3) * time_s))) / sample_rate_hz
    )
    jerk = np.diff(np.floor(slips), prepend=0.0) * rng.uniform(0.3, 1.0, count)
    seat = filtered(jerk.astype(np.float32), band(220, 1600, sample_rate_hz=sample_rate_hz, order=1))
    return (14 * seat * np.sin(np.pi * np.linspace(0, 0.999, count)) ** 0.5).astype(np.float32)


def _steam(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # milk under steam: a hiss that sinks as the milk swirls
    length_s = rng.uniform(2.0, 5.0)
    time_s = np.arange(int(length_s * sample_rate_hz)) / sample_rate_hz
    noise = rng.standard_normal(len(time_s), dtype=np.float32)
    high = filtered(noise, band(3000, 11000, sample_rate_hz=sample_rate_hz, order=1))
    low = filtered(noise, band(500, 2200, sample_rate_hz=sample_rate_hz, order=1))
    sunk = np.clip(time_s / length_s * 2 - 0.3, 0, 1)
    ends = np.clip(np.minimum(time_s / 0.08, (length_s - time_s) / 0.15), 0, 1)
    return ((high * (1 - 0.7 * sunk) + low * sunk) * ends).astype(np.float32)
