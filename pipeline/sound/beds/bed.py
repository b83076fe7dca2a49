"""Tools for beds: layers of endless sound made chunk by chunk, each chunk knowing its absolute place.

A layer is a function of a `Chunk` that must be called in order; what it carries (filter states, tails of grains) lives
in its closure. Chunks have a fixed size, so the sound does not depend on the blocks somebody reads it in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.sound.noise import Filter, band, slow_curve, stream
from pipeline.sound.space import pan_gains

# samples that are made at once; 0.7 s at 48 kHz
CHUNK_SAMPLES = 32768
# slow curves are worked out this many samples apart and joined by straight lines
_CONTROL_STEP = 128


@dataclass(frozen=True)
class Chunk:
    """A stretch of a bed."""

    index: int
    start: int
    sample_rate_hz: int

    @property
    def start_s(self) -> float:
        """Seconds since the bed's start."""
        return self.start / self.sample_rate_hz

    @property
    def time_s(self) -> np.ndarray:
        """Seconds since the bed's start of each sample, float64 [CHUNK_SAMPLES]."""
        return (self.start + np.arange(CHUNK_SAMPLES)) / self.sample_rate_hz


Layer = Callable[[Chunk], np.ndarray]


@dataclass(frozen=True)
class Setup:
    """What a bed is made with."""

    name: str
    seed: int
    sample_rate_hz: int
    parameters: dict[str, float] = field(default_factory=dict)

    def parameter(self, name: str, default: float, *, low: float = 0.0, high: float = 1.0) -> float:
        """A parameter held between two limits."""
        return float(np.clip(self.parameters.get(name, default), low, high))

    def rng(self, *names: str | int) -> np.random.Generator:
        """A random stream of this bed."""
        return stream(self.name, self.seed, *names)


def hiss(setup: Setup, name: str, low_hz: float, high_hz: float, *, order: int = 2) -> Layer:
    """Stereo noise in a band with an RMS of 1, the two sides independent; float32 [2, n]."""
    sections = band(low_hz, high_hz, sample_rate_hz=setup.sample_rate_hz, order=order)
    scale = np.float32(1.0 / np.sqrt(_mean_power(sections)))
    sieve = Filter(sections)
    # the filter's first moments are spent before the bed begins
    sieve(setup.rng(name, "lead").standard_normal((2, 8192), dtype=np.float32))

    def layer(chunk: Chunk) -> np.ndarray:
        noise = setup.rng(name, chunk.index).standard_normal((2, CHUNK_SAMPLES), dtype=np.float32)
        return sieve(noise) * scale

    return layer


def curve(setup: Setup, chunk: Chunk, period_s: float, *names: str | int) -> np.ndarray:
    """A slow random curve in 0..1 along a chunk, float32 [n]."""
    places = np.arange(0, CHUNK_SAMPLES + _CONTROL_STEP, _CONTROL_STEP)
    knots = slow_curve((chunk.start + places) / chunk.sample_rate_hz, period_s, setup.name, setup.seed, *names)
    return np.interp(np.arange(CHUNK_SAMPLES), places, knots).astype(np.float32)


def along(chunk: Chunk, shape: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """A slow function of time worked out at control steps and joined by lines, float32 [n]."""
    places = np.arange(0, CHUNK_SAMPLES + _CONTROL_STEP, _CONTROL_STEP)
    return np.interp(np.arange(CHUNK_SAMPLES), places, shape((chunk.start + places) / chunk.sample_rate_hz)).astype(
        np.float32
    )


def patter(setup: Setup, name: str, bands_hz: Sequence[tuple[float, float]], *, per_s: float) -> Layer:
    """Thousands of tiny blows too dense to be made one by one; RMS about 1, each blow in a place of its own.

    Parameters
    ----------
    bands_hz : sequence of (low, high)
        What the blows excite; each blow falls into one of the bands.
    per_s : float
        Blows a second, in all bands together.

    Returns
    -------
    layer of float32 [2, n]
        Sparse impulses of exponential strength through the bands: between a hiss (many) and single drops (few).
    """
    per_band = per_s / len(bands_hz)
    sieves = [_patter_band(setup, low, high, per_band) for low, high in bands_hz]

    def layer(chunk: Chunk) -> np.ndarray:
        sound = np.zeros((2, CHUNK_SAMPLES), np.float32)
        for number, (sieve, scale) in enumerate(sieves):
            blows = np.zeros((2, CHUNK_SAMPLES), np.float32)
            rng = setup.rng(name, number, chunk.index)
            count = rng.poisson(per_band * CHUNK_SAMPLES / setup.sample_rate_hz)
            strength = rng.exponential(1.0, count) * rng.choice((-1.0, 1.0), count)
            angle = rng.uniform(0, np.pi / 2, count)
            place = rng.integers(CHUNK_SAMPLES, size=count)
            np.add.at(blows[0], place, strength * np.cos(angle))
            np.add.at(blows[1], place, strength * np.sin(angle))
            sound += sieve(blows) * scale
        return sound / np.float32(np.sqrt(len(sieves)))

    return layer


def _patter_band(setup: Setup, low_hz: float, high_hz: float, per_s: float) -> tuple[Filter, np.float32]:
    # a band's filter, and the scale that gives its blows an RMS of 1
    sections = band(low_hz, high_hz, sample_rate_hz=setup.sample_rate_hz, order=1)
    # an exponential strength has a mean square of 2, and each side takes half of it
    density = per_s / setup.sample_rate_hz
    return Filter(sections), np.float32(1.0 / np.sqrt(density * _mean_power(sections)))


def _mean_power(sections: np.ndarray) -> float:
    # power a filter leaves of white noise
    from scipy.signal import sosfreqz

    return float(np.mean(np.abs(sosfreqz(sections, worN=16384)[1]) ** 2))


class Scatter:
    """Short sounds dropped into a chunk; what rings past its end goes on in the next."""

    def __init__(self) -> None:
        self._sound = np.zeros((2, 2 * CHUNK_SAMPLES), np.float32)

    def add(self, grain: np.ndarray, start: int, *, pan: float = 0.0, gain: float = 1.0) -> None:
        """Drop a sound at a sample of the chunk in hand; mono [n] is panned, stereo [2, n] kept as it is.

        Of a sound that starts before the chunk, only what lies in it is heard.
        """
        grain = grain[..., max(-start, 0) :]
        start = max(start, 0)
        end = start + grain.shape[-1]
        if end > self._sound.shape[1]:
            self._sound = np.pad(self._sound, ((0, 0), (0, end - self._sound.shape[1])))
        gains = np.asarray(pan_gains(pan) if grain.ndim == 1 else (1.0, 1.0)) * gain
        self._sound[:, start:end] += gains.astype(np.float32)[:, None] * grain

    def take(self) -> np.ndarray:
        """The chunk in hand, float32 [2, n]; moves on to the next."""
        done = self._sound[:, :CHUNK_SAMPLES].copy()
        # what a long sound needed is given back, so that memory stays flat
        width = max(2 * CHUNK_SAMPLES, self._sound.shape[1] - CHUNK_SAMPLES)
        left = self._sound[:, CHUNK_SAMPLES:]
        self._sound = np.pad(left, ((0, 0), (0, width - left.shape[1])))
        return done


def visits(chunk: Chunk, period_s: float) -> np.ndarray:
    """Numbers of the recurring events (waves, cars) whose slot lies within two periods of a chunk, int64."""
    first = int(np.floor(chunk.start_s / period_s)) - 2
    last = int(np.ceil((chunk.start_s + CHUNK_SAMPLES / chunk.sample_rate_hz) / period_s)) + 2
    return np.arange(first, last + 1)


def slots(chunk: Chunk, period_s: float) -> range:
    """Numbers of the slots of `period_s` that begin inside a chunk."""
    first = int(np.ceil(chunk.start_s / period_s))
    end_s = (chunk.start + CHUNK_SAMPLES) / chunk.sample_rate_hz
    return range(first, int(np.ceil(end_s / period_s)))


def happenings(
    setup: Setup, chunk: Chunk, period_s: float, name: str, *, share: float = 1.0, before_s: float = 0.0
) -> Iterator[tuple[int, np.random.Generator]]:
    """Rare things that begin in a chunk: (sample of the chunk, a random stream of its own) for each.

    One may happen in every slot of `period_s`, anywhere in it, with a chance of `share`. The first chunk also gets
    those that began up to `before_s` earlier, at negative samples, so that no bed begins with nothing on its way.
    """
    numbers = slots(chunk, period_s)
    if chunk.index == 0:
        numbers = range(-int(np.ceil(before_s / period_s)), numbers.stop)
    for number in numbers:
        rng = setup.rng(name, number)
        if rng.random() < share:
            yield round((number + rng.random()) * period_s * setup.sample_rate_hz) - chunk.start, rng
