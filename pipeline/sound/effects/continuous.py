"""Effects that go on as long as their cue (friction, rolling, engines): made chunk by chunk, in memory that stays flat.

A maker takes a `Setup` and returns a layer: a function of a chunk and of the drive along it, called in order. What it
carries from chunk to chunk (filter states, phases, tails) lives in its closure, so a sound of any length has no seam.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Setup
from pipeline.sound.effects.modal import Material, contact_weight, partials, ring
from pipeline.sound.effects.shaping import PEAK_DB, level_gain
from pipeline.sound.noise import Filter, band

# a mono stretch [CHUNK_SAMPLES] of an effect, and how hard it is driven there, 0..1 [CHUNK_SAMPLES]
Layer = Callable[[Chunk, np.ndarray], np.ndarray]
Maker = Callable[[Setup], Layer]
# points of a level curve: seconds from the cue's start, dB
Envelope = Sequence[tuple[float, float]]

# nothing starts or stops at once: an engine comes up and a hand slows down; at most a third of a short sound each
_RISE_S, _FALL_S = 0.03, 0.12
_USUAL_LENGTH_S = 1.5
# the level is set by this many chunks at full drive (1.4 s)
_REFERENCE_CHUNKS = 2
# peaks beyond this share of the highest level are bent, so that no rare grain clips
_KNEE = 0.7


def iter_effect(maker: Maker, setup: Setup, *, length_samples: int, envelope: Envelope = ()) -> Iterator[np.ndarray]:
    """Make an effect chunk by chunk.

    Parameters
    ----------
    envelope : sequence of (seconds, dB)
        The cue's automation. It is not applied as a level (the renderer does that) but drives the sound: what gets
        louder also moves faster.

    Yields
    ------
    float32 [n]
        Mono; `CHUNK_SAMPLES` each, the last one shorter.
    """
    layer, gain = maker(setup), _gain(maker, setup.name, setup.seed, setup.sample_rate_hz, _key(setup))
    steady = Filter(band(25, 0, sample_rate_hz=setup.sample_rate_hz, order=1))
    for index in range(-(-length_samples // CHUNK_SAMPLES)):
        chunk = Chunk(index, index * CHUNK_SAMPLES, setup.sample_rate_hz)
        sound = steady(layer(chunk, _drive(chunk, envelope))) * gain
        shaped = _bent(sound) * _ends(chunk, length_samples)
        yield shaped[: length_samples - chunk.start].astype(np.float32)


def recipe(family: str, maker: Maker) -> Callable[..., np.ndarray]:
    """The whole of a continuous effect at once, called as every recipe of `foley.RECIPES` is; mono float32."""

    def whole(
        kind: str,
        *,
        seed: int,
        sample_rate_hz: int = 48000,
        size: float = 0.5,
        hardness: float = 0.5,
        speed: float = 0.5,
        length_s: float | None = None,
        automation: Envelope = (),
    ) -> np.ndarray:
        setup = Setup(f"{family}/{kind}", seed, sample_rate_hz, {"size": size, "hardness": hardness, "speed": speed})
        length = max(int((_USUAL_LENGTH_S if length_s is None else length_s) * sample_rate_hz), 64)
        return np.concatenate(list(iter_effect(maker, setup, length_samples=length, envelope=automation)))

    return whole


class Pulses:
    """Instants of a rhythm whose rate changes; the phase goes on from chunk to chunk."""

    def __init__(self, phase: float = 0.0) -> None:
        self._phase = phase

    def __call__(self, rate_hz: np.ndarray, sample_rate_hz: int) -> tuple[np.ndarray, np.ndarray]:
        """Samples (with fractions) at which the phase passes a whole number, and those numbers."""
        phase = self._phase + np.cumsum(rate_hz) / sample_rate_hz
        numbers = np.arange(np.floor(self._phase) + 1, np.floor(phase[-1]) + 1)
        at = np.interp(numbers, phase, np.arange(len(phase)))
        self._phase = float(phase[-1])
        return at, numbers.astype(np.int64)


class Ringing:
    """Convolution with a response, whose tail goes on in the next chunk."""

    def __init__(self, response: np.ndarray) -> None:
        self._response = response
        self._tail = np.zeros(len(response) - 1)

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        from scipy.signal import oaconvolve

        sound = oaconvolve(samples, self._response)
        sound[: len(self._tail)] += self._tail
        self._tail = sound[len(samples) :].copy()
        return sound[: len(samples)]


def impulses(at: np.ndarray, heights: np.ndarray, count: int) -> np.ndarray:
    """A train of impulses at samples with fractions, each shared by the two samples beside it; float64 [count]."""
    first = np.clip(at.astype(np.int64), 0, count - 2)
    part = np.clip(at - first, 0, 1)
    places = np.concatenate([first, first + 1])
    return np.bincount(places, np.concatenate([heights * (1 - part), heights * part]), minlength=count)[:count]


def random_instants(rng: np.random.Generator, rate_hz: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Samples of events that come by chance at a rate that changes (Poisson), float64 [events]."""
    expected = np.cumsum(rate_hz) / sample_rate_hz
    chances = np.sort(rng.uniform(0, expected[-1], rng.poisson(expected[-1])))
    return np.interp(chances, expected, np.arange(len(rate_hz)))


def decaying(time_s: float, sample_rate_hz: int) -> Filter:
    """A filter that makes each impulse fall to 1/e in a time."""
    keep = np.exp(-1.0 / (time_s * sample_rate_hz))
    return Filter(np.array([[1.0, 0.0, 0.0, 1.0, -keep, 0.0]]))


def body_response(
    material: Material, *, size: float, contact_s: float, damping: float, rng: np.random.Generator, sample_rate_hz: int
) -> np.ndarray:
    """Response of a body to an impulse, its energy 1; `damping` times as much damped as one that rings freely."""
    frequencies_hz, decays, amplitudes = partials(material, size=size, rng=rng, sample_rate_hz=sample_rate_hz)
    # an ongoing touch wanders over the body, so no mode is left out and none stands alone
    amplitudes = np.sqrt(amplitudes * contact_weight(frequencies_hz, contact_s=contact_s))
    decays = decays * damping + 8.0
    count = int(min(6.9 / decays.min(), 0.6) * sample_rate_hz)
    response = ring(frequencies_hz, decays, amplitudes, samples=count, sample_rate_hz=sample_rate_hz)
    return response / np.sqrt(np.sum(response.astype(float) ** 2))


def _key(setup: Setup) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(setup.parameters.items()))


@lru_cache(maxsize=64)
def _gain(maker: Maker, name: str, seed: int, sample_rate_hz: int, parameters: tuple[tuple[str, float], ...]) -> float:
    # the start of the sound at full drive is measured once; the same gain then holds for all of it
    layer = maker(Setup(name, seed, sample_rate_hz, dict(parameters)))
    full = np.ones(CHUNK_SAMPLES)
    starts = [Chunk(index, index * CHUNK_SAMPLES, sample_rate_hz) for index in range(_REFERENCE_CHUNKS)]
    sound = np.concatenate([layer(chunk, full) for chunk in starts])
    steady = Filter(band(25, 0, sample_rate_hz=sample_rate_hz, order=1))
    return level_gain(steady(sound), sample_rate_hz=sample_rate_hz)


def _drive(chunk: Chunk, envelope: Envelope) -> np.ndarray:
    if not envelope:
        return np.ones(CHUNK_SAMPLES)
    times_s, levels_db = np.asarray(envelope, float).T
    # half of a change of level is heard as a change of pace
    paces = 10 ** ((levels_db - levels_db.max()) / 40)
    return np.interp(chunk.time_s, times_s, paces)


def _bent(sound: np.ndarray) -> np.ndarray:
    highest = 10 ** (PEAK_DB / 20)
    knee = _KNEE * highest
    over = np.maximum(np.abs(sound) - knee, 0.0)
    return np.where(over > 0, np.sign(sound) * (knee + (highest - knee) * np.tanh(over / (highest - knee))), sound)


def _ends(chunk: Chunk, length: int) -> np.ndarray:
    place = chunk.start + np.arange(CHUNK_SAMPLES)
    rise = max(min(_RISE_S * chunk.sample_rate_hz, length / 3), 1.0)
    fall = max(min(_FALL_S * chunk.sample_rate_hz, length / 3), 1.0)
    part = np.clip(np.minimum(place / rise, (length - 1 - place) / fall), 0, 1)
    return 0.5 - 0.5 * np.cos(np.pi * part)
