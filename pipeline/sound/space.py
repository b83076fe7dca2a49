"""Where a sound is: constant-power pan, distance, and the place around it, open air or closed room.

A place answers every sound in it with the one response it has, and that is linear: the answers to two sounds, added up,
are what a reverb bus gives to which both are sent, each at its own level. So each sound carries its place with it: a
stem soloed or muted takes its own reverb along, stems sum to the mix, and nothing hangs on how a clip is cut into
blocks. A cue's `room` and `distance` are its send.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pipeline.sound.noise import band, filtered, stream

# rooms below this have no roof: 0 an open field, 0.05 a wood, 0.15 a street between houses
CLOSED_ROOM = 0.2
SPEED_OF_SOUND_M_S = 343.0
# levels of the direct sound and of what the place answers at distance 1 ("far"), against "near": in a diffuse field the
# answer hardly falls where the direct sound falls with the way
_FAR_DB, _FAR_ANSWER_DB = -14.0, -3.0
# energy of the answer against the near direct sound, dB: (room, dB) with straight lines between; chosen so that foley
# recorded near stays clear in a living room and is plainly in the building in a church
_ANSWER_DB = ((0.0, -34.0), (0.05, -24.0), (0.15, -17.0), (0.2, -14.0), (0.5, -10.5), (1.0, -7.0))
# share of a closed room's answer that its first reflections carry
_EARLY_SHARE = 0.45
# the first reflection leaves the attack alone: 6 ms is a wall at one metre
_FIRST_REFLECTION_S = 0.006
# reflections of up to this many walls are told apart; after those the tail takes over
_IMAGE_ORDER = 3
# bands of the tail (Hz) and their decay times against the middle one: stone halls ring longest in the bass, furniture
# and air swallow the treble (ISO 9613-1: 0.1 dB/m at 8 kHz)
_TAIL_BANDS = ((60.0, 250.0, 1.15), (250.0, 2000.0, 1.0), (2000.0, 5000.0, 0.75), (5000.0, 14000.0, 0.45))
_LN_60_DB = 6.908


def pan_gains(pan: float) -> tuple[float, float]:
    """Left and right gains of a pan position, -1 left .. 1 right; the sum of their squares is 1."""
    angle = (np.clip(pan, -1.0, 1.0) + 1.0) * np.pi / 4.0
    return float(np.cos(angle)), float(np.sin(angle))


def place(samples: np.ndarray, *, pan: float, room: float, distance: float, sample_rate_hz: int) -> np.ndarray:
    """Put a mono sound into a place.

    Parameters
    ----------
    samples : float32 [samples]
    pan : float
        -1 left .. 1 right.
    room : float
        0 open field, 0.05 wood, 0.15 street, 0.2 chamber, 0.3 living room, 0.5 large room, 0.8 hall, 1 church.
    distance : float
        0 near .. 1 far: lower, duller, more room.

    Returns
    -------
    float32 [2, samples + tail]
        The dry sound starts at sample 0; reflections follow it.
    """
    from scipy.signal import oaconvolve

    dry = samples
    if distance > 0:
        dry = filtered(dry, band(0, 16000.0 * 0.12**distance, sample_rate_hz=sample_rate_hz, order=1))
    direct = np.float32(10 ** (_FAR_DB * distance / 20))
    gains = direct * np.asarray(pan_gains(pan), np.float32)[:, None]
    if room <= 0:
        return gains * dry
    # rooms in twentieths and three ways: a handful of responses serves a whole film
    response = room_response(round(min(room, 1.0) * 20) / 20, sample_rate_hz)
    wet = oaconvolve(dry[None, :], response, axes=1).astype(np.float32)
    wet *= np.float32(10 ** (_FAR_ANSWER_DB * distance / 20))
    wet[:, : len(dry)] += gains * dry
    return wet


def decay_time_s(room: float) -> float:
    """Reverberation time (RT60, 250 Hz to 2 kHz) of a place.

    Closed rooms: 0.27 s at 0.2 (furnished chamber), 0.9 s at 0.5, 2.1 s at 0.8 (hall), 3.2 s at 1 (church); between the
    trees and houses of the open air, sound is scattered for most of a second.
    """
    return 0.8 if room < CLOSED_ROOM else 0.15 + 3.05 * room**2


def room_size_m(room: float) -> tuple[float, float, float]:
    """Length, width and height of a closed room: 3.5 x 2.7 x 2.4 m at 0.2, 42 x 32 x 15 m at 1."""
    length = 1.9 * float(np.exp(3.1 * room))
    return length, 0.76 * length, max(2.4, 0.55 * length**0.88)


@lru_cache(maxsize=64)
def room_response(room: float, sample_rate_hz: int) -> np.ndarray:
    """What a place answers to a click, without the direct sound.

    First reflections, each from a side of its own, then a tail whose bands decay at their own pace.

    Parameters
    ----------
    room : float
        Above 0; as in `place`.

    Returns
    -------
    float32 [2, samples]
        The tails of the two sides are independent. Nothing in the first 6 ms.
    """
    rng = stream("room", round(room * 1000))
    length = int(decay_time_s(room) * max(share for _, _, share in _TAIL_BANDS) * sample_rate_hz)
    if room < CLOSED_ROOM:
        early, share = _facades(room, length, rng, sample_rate_hz), min(room / 0.15, 1.0) * _EARLY_SHARE
    else:
        early, share = _walls(room, length, rng, sample_rate_hz), _EARLY_SHARE
    late = _tail(room, length, rng, sample_rate_hz)
    rooms, levels_db = np.asarray(_ANSWER_DB).T
    energy = float(10 ** (np.interp(room, rooms, levels_db) / 10))
    return _scaled(early, energy * share) + _scaled(late, energy * (1 - share))


class Convolver:
    """Convolution with a stereo response, block by block (overlap-add); as many samples come out as go in."""

    def __init__(self, response: np.ndarray, *, block_samples: int) -> None:
        from scipy.fft import next_fast_len, rfft

        self._size = next_fast_len(block_samples + response.shape[1] - 1, real=True)
        self._spectrum = rfft(response, self._size, axis=1)
        self._tail = np.zeros((2, self._size), np.float32)

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """The answer to the next block, float32 [2, n], n at most `block_samples`."""
        from scipy.fft import irfft, rfft

        count = block.shape[1]
        if block.any():
            self._tail += irfft(rfft(block, self._size, axis=1) * self._spectrum, self._size, axis=1)
        answer = self._tail[:, :count].copy()
        self._tail = np.concatenate([self._tail[:, count:], np.zeros((2, count), np.float32)], axis=1)
        return answer


def _scaled(sound: np.ndarray, energy: float) -> np.ndarray:
    # both sides together carry the energy
    return (sound * np.sqrt(energy / max(float((sound**2).sum()), 1e-12))).astype(np.float32)


def _walls(room: float, length: int, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    """First reflections of a shoebox by image sources (Allen & Berkley 1979), float32 [2, length].

    Source and ear stand where people do, off the middle; what a wall takes follows from size and decay (Sabine).
    """
    size = np.asarray(room_size_m(room))
    ear = size * (0.47, 0.40, 0.0) + (0, 0, 1.6)
    source = ear + (min(2.0, 0.3 * size[0]), 0.12 * size[1], -0.5)
    order = np.arange(-_IMAGE_ORDER, _IMAGE_ORDER + 1)
    cells = np.stack(np.meshgrid(order, order, order, indexing="ij"), axis=-1).reshape(-1, 3)
    bounces = np.abs(cells).sum(axis=1)
    cells, bounces = (
        cells[(bounces > 0) & (bounces <= _IMAGE_ORDER)],
        bounces[(bounces > 0) & (bounces <= _IMAGE_ORDER)],
    )
    # every second cell is mirrored; no real wall is so straight that its image stands exactly there
    images = cells * size + np.where(cells % 2 == 0, source, size - source)
    away = images - ear + rng.normal(0, 0.02, images.shape) * size
    way_m = np.linalg.norm(away, axis=1)
    surface = 2 * (size[0] * size[1] + size[1] * size[2] + size[0] * size[2])
    taken = np.clip(0.161 * np.prod(size) / (surface * decay_time_s(room)), 0.02, 0.9)
    level = np.sqrt(1 - taken) ** bounces / way_m
    delay_s = (way_m - np.linalg.norm(source - ear)) / SPEED_OF_SOUND_M_S
    taps = _taps(np.maximum(delay_s, _FIRST_REFLECTION_S), level, away[:, 1] / way_m, length, sample_rate_hz)
    return filtered(taps, band(0, 9000, sample_rate_hz=sample_rate_hz, order=1))


def _facades(room: float, length: int, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # slaps of two rows of houses, from side to side, each duller and later than the one before; float32 [2, length]
    width_m = rng.uniform(11.0, 14.0)
    number = np.arange(1, 6)
    way_m = number * width_m * rng.uniform(0.92, 1.08, 5)
    level = 0.6**number / number
    side = 0.85 * (-1.0) ** number
    taps = _taps(way_m / SPEED_OF_SOUND_M_S, level, side, length, sample_rate_hz)
    return filtered(taps, band(150, 3500, sample_rate_hz=sample_rate_hz, order=1))


def _taps(delay_s: np.ndarray, level: np.ndarray, side: np.ndarray, length: int, sample_rate_hz: int) -> np.ndarray:
    # reflections as single samples, panned, and later by up to 0.6 ms at the ear they come from behind
    taps = np.zeros((2, length), np.float32)
    for channel, towards in enumerate((-side, side)):
        gain = level * np.sqrt(0.5 * (1 + 0.8 * towards))
        at = np.round((delay_s + 0.0003 * (1 - towards)) * sample_rate_hz).astype(int)
        np.add.at(taps[channel], at[at < length], gain[at < length].astype(np.float32))
    return taps


def _tail(room: float, length: int, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # diffuse sound: noise in bands that die away at their own pace, float32 [2, length]
    time_s = np.arange(length) / sample_rate_hz
    decay_s = decay_time_s(room)
    start_s, build_s = _FIRST_REFLECTION_S + 0.03 * room, 0.008 + 0.05 * room
    tail = np.zeros((2, length))
    for low_hz, high_hz, share in _TAIL_BANDS:
        noise = rng.standard_normal((2, length), dtype=np.float32)
        part = filtered(noise, band(low_hz, high_hz, sample_rate_hz=sample_rate_hz))
        # treble is taken at every wall, so it also enters the tail weaker
        tail += share**2 * part * np.exp(-_LN_60_DB * time_s / (share * decay_s))
    # the density of reflections builds up; the end is faded to nothing
    tail *= np.clip((time_s - start_s) / build_s, 0, 1) * np.clip((length / sample_rate_hz - time_s) / 0.02, 0, 1)
    return tail.astype(np.float32)
