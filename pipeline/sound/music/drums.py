"""Drums and swells of the music, made from skins, knocks and rattles; each in several ways, soft and hard.

Modes of skins and bars after Fletcher & Rossing, The Physics of Musical Instruments (2nd ed., 1998), ch. 18 and 19.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.sound.music.modes import LN_60_DB, ring
from pipeline.sound.noise import band, stream

if TYPE_CHECKING:
    import numpy as np

# ways in which each drum can be struck, taken in turn
VARIANTS = 4
# peak of a hit
PEAK = 0.5
FADE_OUT_S = 0.03


@dataclass(frozen=True)
class Skin:
    """A membrane: a sine that falls in pitch, overtones that die sooner, the stick, and wires or air that rattle."""

    start_hz: float
    end_hz: float
    # seconds of the fall in pitch, and to fall by 60 dB
    glide_s: float
    decay_s: float
    # (level, low Hz, high Hz, seconds) of stick or hand
    stick: tuple[float, float, float, float]
    # (ratio, level, share of the decay); the modes of an ideal membrane lie at 1.59, 2.14, 2.30, 2.65 (ch. 3.3)
    overtones: tuple[tuple[float, float, float], ...] = ((1.59, 0.3, 0.35), (2.14, 0.12, 0.2))
    # (level, low Hz, high Hz, seconds to fall by 60 dB) of snares, brushes or the air in a box
    wires: tuple[float, float, float, float] = (0.0, 1000.0, 8000.0, 0.2)
    # soft saturation gives the beater its weight on small speakers
    drive: float = 1.2


@dataclass(frozen=True)
class Rattle:
    """Noise in a band: shakers, claps, cymbals; `metal` is the share of clear high modes."""

    low_hz: float
    high_hz: float
    decay_s: float
    attack_s: float
    metal: float = 0.0
    # delays of several hands or rows of jingles, s
    again_s: tuple[float, ...] = (0.0,)


@dataclass(frozen=True)
class Knock:
    """Wood on wood: a few short modes, (Hz, level, seconds to fall by 60 dB), and a click."""

    modes: tuple[tuple[float, float, float], ...]
    click: tuple[float, float, float, float]


SKINS: dict[str, Skin] = {
    "kick": Skin(170.0, 50.0, 0.030, 0.40, (0.5, 900.0, 5000.0, 0.004), drive=1.8),
    # a lo-fi kick: round, with little of the beater
    "soft-kick": Skin(115.0, 52.0, 0.035, 0.30, (0.22, 400.0, 1800.0, 0.006), drive=1.4),
    "taiko": Skin(112.0, 64.0, 0.055, 0.90, (0.75, 300.0, 2600.0, 0.010)),
    "tom": Skin(180.0, 106.0, 0.045, 0.60, (0.6, 400.0, 3500.0, 0.006)),
    "boom": Skin(74.0, 37.0, 0.150, 2.40, (0.16, 200.0, 1500.0, 0.02)),
    "snare": Skin(
        260.0, 185.0, 0.012, 0.16, (0.8, 1200.0, 6500.0, 0.003), wires=(0.75, 1300.0, 7500.0, 0.22), drive=1.5
    ),
    "dusty-snare": Skin(
        230.0, 170.0, 0.014, 0.15, (0.5, 800.0, 3500.0, 0.005), wires=(0.6, 700.0, 4200.0, 0.17), drive=1.8
    ),
    "conga-low": Skin(232.0, 196.0, 0.018, 0.42, (0.7, 350.0, 2600.0, 0.006), ((1.59, 0.28, 0.3), (2.2, 0.16, 0.18))),
    "conga-high": Skin(330.0, 287.0, 0.014, 0.34, (0.8, 500.0, 3200.0, 0.005), ((1.59, 0.25, 0.3), (2.2, 0.16, 0.18))),
    "conga-slap": Skin(
        420.0, 330.0, 0.008, 0.13, (1.6, 900.0, 4200.0, 0.006), ((1.7, 0.6, 0.5), (2.9, 0.5, 0.4)), drive=1.6
    ),
    "cajon": Skin(118.0, 82.0, 0.022, 0.24, (0.55, 250.0, 1800.0, 0.008), wires=(0.10, 500.0, 3000.0, 0.09), drive=1.3),
    "cajon-slap": Skin(
        240.0, 205.0, 0.010, 0.10, (0.9, 700.0, 4200.0, 0.005), wires=(0.55, 1200.0, 6000.0, 0.12), drive=1.4
    ),
    "frame-drum": Skin(
        128.0, 92.0, 0.040, 0.70, (0.5, 250.0, 2200.0, 0.010), ((1.59, 0.4, 0.4), (2.14, 0.25, 0.3), (2.65, 0.15, 0.2))
    ),
}
RATTLES: dict[str, Rattle] = {
    "hat": Rattle(6500.0, 14000.0, 0.085, 0.0006, metal=0.5),
    "open-hat": Rattle(6000.0, 13000.0, 0.42, 0.0008, metal=0.6),
    "shaker": Rattle(4500.0, 11000.0, 0.10, 0.016),
    "tambourine": Rattle(5500.0, 12000.0, 0.16, 0.002, metal=0.6, again_s=(0.0, 0.006, 0.013)),
    "brush": Rattle(1200.0, 7000.0, 0.19, 0.010),
    "clap": Rattle(900.0, 4500.0, 0.16, 0.0008, again_s=(0.0, 0.009, 0.019)),
    "cymbal": Rattle(2600.0, 12500.0, 2.2, 0.004, metal=0.4),
}
KNOCKS: dict[str, Knock] = {
    "rim": Knock(((430.0, 0.5, 0.06), (1060.0, 1.0, 0.05), (1720.0, 0.6, 0.035)), (0.8, 1500.0, 6000.0, 0.002)),
    "tick": Knock(((1900.0, 1.0, 0.035), (3100.0, 0.45, 0.02)), (0.5, 2200.0, 5200.0, 0.004)),
    "woodblock": Knock(((780.0, 1.0, 0.09), (1490.0, 0.5, 0.05), (2380.0, 0.3, 0.03)), (0.4, 1000.0, 5000.0, 0.002)),
}
DRUMS = (*SKINS, *RATTLES, *KNOCKS)


def drum(name: str, *, sample_rate_hz: int, variant: int = 0) -> np.ndarray:
    """One hit, soft and hard, float32 [2 layers, 2, samples], peak 0.5.

    Parameters
    ----------
    variant : int
        0..VARIANTS - 1: another place on the skin, another bit of noise.

    Raises
    ------
    KeyError
        When there is no such drum.
    """
    rng = stream("drum", name, variant)
    if name in SKINS:
        return _finished(_skin(SKINS[name], rng, sample_rate_hz), sample_rate_hz)
    if name in KNOCKS:
        return _finished(_knock(KNOCKS[name], rng, sample_rate_hz), sample_rate_hz)
    return _finished(_rattle(RATTLES[name], rng, sample_rate_hz), sample_rate_hz)


def riser(length_s: float, *, sample_rate_hz: int) -> np.ndarray:
    """Noise that swells and brightens for `length_s` and stops within 8 ms, float32 [2, samples], peak 0.5."""
    import numpy as np
    from scipy.signal import sosfilt

    count = max(2, int(length_s * sample_rate_hz))
    share = np.arange(count) / count
    raw = stream("riser").standard_normal((2, count))
    raw += 0.6 * raw[::-1]
    swell = np.zeros((2, count))
    # three bands that come in one after the other
    for low, high, power in ((250, 900, 2.0), (900, 3000, 3.5), (3000, 9000, 6.0)):
        swell += sosfilt(band(low, high, sample_rate_hz=sample_rate_hz), raw, axis=1) * share**power
    end = min(count, int(0.008 * sample_rate_hz))
    swell[:, -end:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, end + 1) / end)
    return (PEAK * swell / max(np.abs(swell).max(), 1e-9)).astype(np.float32)


def _skin(skin: Skin, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    import numpy as np

    tuning = 2 ** (rng.uniform(-14, 14) / 1200)
    longest = max(skin.decay_s, skin.wires[3] if skin.wires[0] else 0.0)
    time = np.arange(int(longest * sample_rate_hz)) / sample_rate_hz
    wires = _burst(skin.wires, time, rng, sample_rate_hz) if skin.wires[0] else np.zeros((2, len(time)))
    level, low_hz, high_hz, seconds = skin.stick
    stick = _burst((level, low_hz, high_hz, LN_60_DB * seconds), time, rng, sample_rate_hz)
    places = rng.uniform(0.75, 1.25, len(skin.overtones))
    layers = []
    # a soft stroke bends the skin less, excites fewer overtones and hardly a click
    for hard, bend in ((0.35, 0.45), (1.0, 1.0)):
        glide = (skin.start_hz - skin.end_hz) * bend * np.exp(-time / skin.glide_s)
        phase = 2 * np.pi * np.cumsum(tuning * (skin.end_hz + glide)) / sample_rate_hz
        body = np.sin(phase) * np.exp(-LN_60_DB * time / skin.decay_s)
        for (ratio, strength, share), place in zip(skin.overtones, places, strict=True):
            fall = np.exp(-LN_60_DB * time / (share * skin.decay_s))
            body += strength * place * (0.4 + 0.6 * hard) * np.sin(ratio * phase) * fall
        layers.append(np.tanh(skin.drive * (body + hard * stick)) + (0.5 + 0.5 * hard) * wires)
    return np.stack(layers)


def _rattle(rattle: Rattle, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    import numpy as np

    length_s = rattle.decay_s + rattle.attack_s + rattle.again_s[-1]
    time = np.arange(int(length_s * sample_rate_hz)) / sample_rate_hz
    shape = np.zeros(len(time))
    for late in rattle.again_s:
        since = time - late
        # all hands but the last are over at once
        decay_s = rattle.decay_s if late == rattle.again_s[-1] else min(0.02, rattle.decay_s)
        rise = np.clip(since / rattle.attack_s, 0, 1)
        shape += rise * np.exp(-LN_60_DB * np.maximum(since - rattle.attack_s, 0) / decay_s)
    top = 0.45 * sample_rate_hz
    layers = []
    noise = _noise(len(time), rng)
    for hard in (0.6, 1.0):
        edges = (rattle.low_hz * (0.8 + 0.2 * hard), min(rattle.high_hz * hard, top))
        hiss = _filtered(noise, edges, sample_rate_hz)
        layers.append(hiss / np.abs(hiss).max() * shape)
    if rattle.metal:
        layers = [(1 - rattle.metal) * layer for layer in layers]
        bright = _metal(rattle, rng, len(time), sample_rate_hz) * np.clip(time / rattle.attack_s, 0, 1)
        layers = [layer + rattle.metal * share * bright for layer, share in zip(layers, (0.7, 1.0), strict=True)]
    return np.stack(layers)


def _metal(rattle: Rattle, rng: np.random.Generator, count: int, sample_rate_hz: int) -> np.ndarray:
    # plates have many modes, dense and out of tune with each other; float64 [2, count], peak 1
    import numpy as np

    frequency = np.sort(rng.uniform(rattle.low_hz, min(rattle.high_hz, 0.44 * sample_rate_hz), 48))
    decay = rattle.decay_s * rng.uniform(0.5, 1.2, 48)
    level = rng.uniform(0.3, 1.0, (1, 48)) * (1 + 0.25 * rng.standard_normal((2, 48)))
    phase = rng.uniform(0, 2 * np.pi, 48) + 0.5 * rng.standard_normal((2, 48))
    sound = ring(frequency, decay, level, phase=phase, count=count, sample_rate_hz=sample_rate_hz)
    return sound / np.abs(sound).max()


def _knock(knock: Knock, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    import numpy as np

    frequency, level, decay = np.array(knock.modes).T
    frequency = frequency * 2 ** (rng.uniform(-12, 12) / 1200)
    time = np.arange(int(1.1 * decay.max() * sample_rate_hz)) / sample_rate_hz
    strength = level * rng.uniform(0.8, 1.2, len(level))
    soft = strength / np.arange(1, len(level) + 1)
    levels, phase = np.stack([soft, soft, strength, strength]), np.tile(rng.uniform(0, 0.5, (2, len(level))), (2, 1))
    tone = ring(frequency, decay, levels, phase=phase, count=len(time), sample_rate_hz=sample_rate_hz).reshape(2, 2, -1)
    level_db, low_hz, high_hz, seconds = knock.click
    click = _burst((level_db, low_hz, high_hz, LN_60_DB * seconds), time, rng, sample_rate_hz)
    return tone + np.array([0.4, 1.0])[:, None, None] * click


def _burst(
    burst: tuple[float, float, float, float], time: np.ndarray, rng: np.random.Generator, sample_rate_hz: int
) -> np.ndarray:
    # noise of a level in a band that falls by 60 dB in some seconds, float64 [2, samples]
    import numpy as np

    level, low_hz, high_hz, seconds = burst
    noise = _filtered(_noise(len(time), rng), (low_hz, high_hz), sample_rate_hz) * np.exp(-LN_60_DB * time / seconds)
    return level * noise / np.abs(noise).max()


def _noise(count: int, rng: np.random.Generator) -> np.ndarray:
    # the sides share more than half: wide, and whole in mono
    raw = rng.standard_normal((2, count))
    return raw + 0.5 * raw[::-1]


def _filtered(noise: np.ndarray, edges_hz: tuple[float, float], sample_rate_hz: int) -> np.ndarray:
    from scipy.signal import sosfilt

    return sosfilt(band(*edges_hz, sample_rate_hz=sample_rate_hz), noise, axis=1)


def _finished(hit: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    import numpy as np

    if hit.shape[1] == 1 or hit.ndim == 2:
        hit = np.repeat(hit.reshape(2, 1, -1), 2, axis=1)
    rise, fall = int(0.0006 * sample_rate_hz) + 1, min(int(FADE_OUT_S * sample_rate_hz), hit.shape[2] // 3)
    hit[:, :, :rise] *= np.arange(rise) / rise
    hit[:, :, -fall:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fall + 1) / fall)
    return (hit * (PEAK / np.abs(hit).max(axis=(1, 2), keepdims=True))).astype(np.float32)
