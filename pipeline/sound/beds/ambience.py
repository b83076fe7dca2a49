"""Ambiences: endless stereo beds by name, seeded, without a loop, in blocks of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipeline.sound.beds import creatures as beds_creatures
from pipeline.sound.beds import people as beds_people
from pipeline.sound.beds import places as beds_places
from pipeline.sound.beds import traffic as beds_traffic
from pipeline.sound.beds import water as beds_water
from pipeline.sound.beds import weather as beds_weather
from pipeline.sound.beds import wild as beds_wild
from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Layer, Setup
from pipeline.sound.noise import Filter, band

# loudness of every bed at level 0 dB
CALIBRATION_LUFS = -26.0
FADE_IN_S = 0.25
FADE_OUT_S = 0.5

# two microphones a hand apart hear the bass alike (sin x / x of a diffuse field), and so do the ears
_WIDE_FROM_HZ = 120.0

# the bed, and the gain in dB that brings it to the calibration (measured: 60 s at default parameters, mean of 3 seeds)
_BEDS: dict[str, tuple[Callable[[Setup], Layer], float]] = {
    "rain": (beds_weather.rain, -30.9),
    "rain-roof": (beds_weather.rain_roof, -27.9),
    "rain-leaves": (beds_weather.rain_leaves, -24.5),
    "rain-window": (beds_weather.rain_window, -22.0),
    "storm": (beds_weather.storm, -32.0),
    "wind": (beds_weather.wind, -26.9),
    "snow": (beds_weather.snow, -28.4),
    "sea": (beds_water.sea, -27.3),
    "stream": (beds_water.stream_water, -13.6),
    "waterfall": (beds_water.waterfall, -32.0),
    "underwater": (beds_water.underwater, -26.4),
    "fire": (beds_wild.fire, -16.8),
    "forest": (beds_wild.forest, -19.2),
    "leaves": (beds_wild.leaves, -25.4),
    "air": (beds_wild.air, -29.0),
    "birds": (beds_creatures.birds, -4.8),
    "night": (beds_creatures.night, -6.4),
    "insects": (beds_creatures.insects, -10.7),
    "jungle": (beds_creatures.jungle, -6.6),
    "crowd": (beds_people.crowd, 1.9),
    "cafe": (beds_people.cafe, 1.8),
    "city": (beds_traffic.city, -15.5),
    "traffic": (beds_traffic.traffic, -29.7),
    "engine": (beds_traffic.engine, -7.1),
    "room": (beds_places.room, -28.3),
    "office": (beds_places.office, 4.2),
    "hall": (beds_places.hall, -8.1),
    "machine": (beds_places.machine, -20.9),
    "space": (beds_places.space, -24.0),
}
AMBIENCES = tuple(_BEDS)


def bed_of(name: str) -> Callable[[Setup], Layer]:
    """The recipe of an ambience."""
    return _BEDS[name][0]


# points of a level curve: seconds from the bed's start, dB
Envelope = Sequence[tuple[float, float]]


def iter_ambience(
    name: str,
    *,
    seed: int,
    length_samples: int,
    sample_rate_hz: int = 48000,
    block_samples: int = 48000,
    parameters: dict[str, float] | None = None,
    envelope: Envelope | None = None,
) -> Iterator[np.ndarray]:
    """Make an ambience block by block, in memory that does not grow with its length.

    Parameters
    ----------
    name : str
        One of `AMBIENCES`.
    parameters : dict, optional
        Of the bed, 0..1: "intensity", for some "birds" or "pitch".
    envelope : sequence of (seconds, dB), optional
        Level along the bed, straight lines between the points; held before the first and behind the last.

    Yields
    ------
    float32 [2, n]
        `block_samples` each, the last one shorter; the same samples whatever the block size. About -26 LUFS.
    """
    ready = np.zeros((2, 0), np.float32)
    for chunk in _chunks(name, seed, length_samples, sample_rate_hz, parameters or {}, envelope):
        ready = np.concatenate([ready, chunk], axis=1)
        while ready.shape[1] >= block_samples:
            yield ready[:, :block_samples]
            ready = ready[:, block_samples:]
    if ready.shape[1]:
        yield ready


def _chunks(
    name: str, seed: int, length: int, sample_rate_hz: int, parameters: dict[str, float], envelope: Envelope | None
) -> Iterator[np.ndarray]:
    bed, gain_db = _BEDS[name]
    layer = bed(Setup(name, seed, sample_rate_hz, parameters))
    # grains may lean to one side of zero; nothing below hearing belongs into a bed
    steady = Filter(band(20, 0, sample_rate_hz=sample_rate_hz, order=1))
    narrow = Filter(band(_WIDE_FROM_HZ, 0, sample_rate_hz=sample_rate_hz, order=1))
    for index in range(-(-length // CHUNK_SAMPLES)):
        chunk = Chunk(index, index * CHUNK_SAMPLES, sample_rate_hz)
        gain = _fades(chunk, length) * np.float32(10 ** (gain_db / 20))
        if envelope:
            times_s, levels_db = np.asarray(envelope, float).T
            gain = gain * (10 ** (np.interp(chunk.time_s, times_s, levels_db) / 20)).astype(np.float32)
        sound = steady(np.asarray(layer(chunk), np.float32))
        middle, side = 0.5 * (sound[0] + sound[1]), narrow(0.5 * (sound[0] - sound[1]))
        yield (np.stack([middle + side, middle - side]) * gain)[:, : length - chunk.start]


def _fades(chunk: Chunk, length: int) -> np.ndarray:
    # raised-cosine ends, at most a quarter of a short bed each
    place = chunk.start + np.arange(CHUNK_SAMPLES)
    rise = max(min(FADE_IN_S * chunk.sample_rate_hz, length / 4), 1.0)
    fall = max(min(FADE_OUT_S * chunk.sample_rate_hz, length / 4), 1.0)
    part = np.clip(np.minimum(place / rise, (length - 1 - place) / fall), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * part)).astype(np.float32)
