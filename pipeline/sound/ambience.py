"""Ambiences: endless stereo beds by name, seeded, without a loop, in blocks of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipeline.sound import beds_nature, beds_places
from pipeline.sound.beds import CHUNK_SAMPLES, Chunk, Layer, Setup
from pipeline.sound.noise import Filter, band

# loudness of every bed at level 0 dB
CALIBRATION_LUFS = -26.0
FADE_IN_S = 0.25
FADE_OUT_S = 0.5

# the bed, and the gain in dB that brings it to the calibration (measured: 60 s at default parameters, mean of 3 seeds)
_BEDS: dict[str, tuple[Callable[[Setup], Layer], float]] = {
    "rain": (beds_nature.rain, -30.8),
    "wind": (beds_nature.wind, -25.2),
    "sea": (beds_nature.sea, -27.3),
    "stream": (beds_nature.stream_water, -14.3),
    "fire": (beds_nature.fire, -21.1),
    "forest": (beds_nature.forest, -22.8),
    "birds": (beds_nature.birds, -10.8),
    "night": (beds_nature.night, -16.9),
    "air": (beds_nature.air, -29.3),
    "underwater": (beds_nature.underwater, -27.3),
    "city": (beds_places.city, -23.8),
    "crowd": (beds_places.crowd, -3.8),
    "room": (beds_places.room, -28.7),
    "machine": (beds_places.machine, -21.0),
    "engine": (beds_places.engine, -24.1),
    "space": (beds_places.space, -25.2),
}
AMBIENCES = tuple(_BEDS)

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
    for index in range(-(-length // CHUNK_SAMPLES)):
        chunk = Chunk(index, index * CHUNK_SAMPLES, sample_rate_hz)
        gain = _fades(chunk, length) * np.float32(10 ** (gain_db / 20))
        if envelope:
            times_s, levels_db = np.asarray(envelope, float).T
            gain = gain * (10 ** (np.interp(chunk.time_s, times_s, levels_db) / 20)).astype(np.float32)
        yield (steady(np.asarray(layer(chunk), np.float32)) * gain)[:, : length - chunk.start]


def _fades(chunk: Chunk, length: int) -> np.ndarray:
    # raised-cosine ends, at most a quarter of a short bed each
    place = chunk.start + np.arange(CHUNK_SAMPLES)
    rise = max(min(FADE_IN_S * chunk.sample_rate_hz, length / 4), 1.0)
    fall = max(min(FADE_OUT_S * chunk.sample_rate_hz, length / 4), 1.0)
    part = np.clip(np.minimum(place / rise, (length - 1 - place) / fall), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * part)).astype(np.float32)
