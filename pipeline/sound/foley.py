"""One-shot sounds by recipe: impacts, footsteps, whooshes, splashes, thunder, bursts.

Every recipe is a pure function of its arguments and a seed and returns mono float32 [samples], calibrated so that the
same level sounds about equally loud whatever made it. Where the sound is heard to begin is told by `attack_sample`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.sound.modal import DECAY_60_DB, MATERIALS, Material, contact_weight, partials, ring
from pipeline.sound.noise import band, filtered, slow_curve, stream

# loudest 50 ms of a one-shot at level 0 dB, K-weighted, dBFS; and the peak it may have there
CALIBRATION_DB = -20.0
CALIBRATION_WINDOW_S = 0.05
PEAK_DB = -1.5
# an attack is heard where a sound first comes within 20 dB of its peak
ATTACK_SHARE = 0.1
# contact times of soft and hard blows (Hunt & Crossley 1975; hammers and fingers 0.3-5 ms)
_SOFT_CONTACT_S, _HARD_CONTACT_S = 0.005, 0.0003
LONGEST_S = 12.0
_LONGEST_RING_S = 5.0
_FADE_S, _CUT_FADE_S = 0.012, 0.3


@dataclass(frozen=True)
class Surface:
    """What a foot meets: a struck body, a noise of the sole, and grains that shift."""

    material: str
    size: float
    hardness: float
    # levels of the strike, the sole's noise and the grains, 0..1
    strike: float
    sole: float
    grit: float
    # band of sole and grit
    low_hz: float
    high_hz: float
    # grains in one step, and how long they go on shifting
    grains: int
    grit_s: float


# chosen by spectrogram from what steps on each surface share: a thud, a band, a density of grains
SURFACES: dict[str, Surface] = {
    "concrete": Surface("stone", 0.62, 0.62, 1.0, 0.22, 0.10, 1200, 8000, 14, 0.09),
    "wood": Surface("wood", 0.85, 0.55, 1.0, 0.12, 0.03, 500, 5000, 6, 0.06),
    "metal": Surface("metal", 0.80, 0.70, 0.8, 0.15, 0.05, 1500, 9000, 8, 0.07),
    "gravel": Surface("stone", 0.40, 0.60, 0.25, 0.25, 1.0, 900, 8500, 70, 0.22),
    "sand": Surface("earth", 0.40, 0.15, 0.5, 0.9, 0.35, 350, 4500, 120, 0.20),
    "dirt": Surface("earth", 0.45, 0.25, 1.0, 0.40, 0.25, 300, 4200, 30, 0.12),
    "grass": Surface("earth", 0.40, 0.15, 0.5, 0.7, 0.40, 700, 7000, 45, 0.17),
    "leaves": Surface("earth", 0.35, 0.15, 0.3, 0.35, 1.0, 1800, 11000, 60, 0.24),
    "snow": Surface("cloth", 0.45, 0.15, 0.4, 0.5, 1.0, 300, 3600, 150, 0.24),
    "carpet": Surface("cloth", 0.45, 0.15, 1.0, 0.4, 0.0, 200, 2200, 0, 0.05),
    "puddle": Surface("earth", 0.40, 0.25, 0.3, 0.8, 0.4, 900, 9000, 40, 0.25),
}


# usual size of each kind of burst
BURSTS = {"gun": 0.25, "firework": 0.5, "blast": 0.9}


def impact(
    material: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float | None = None,
    length_s: float | None = None,
) -> np.ndarray:
    """A blow on a body.

    Parameters
    ----------
    material : str
        A name of `MATERIALS`.
    size : float
        0 thimble .. 0.5 hand .. 1 barrel: the larger, the lower.
    hardness : float, optional
        0 soft mallet .. 1 steel; the material's own when left out. The harder, the shorter the contact, the brighter.
    length_s : float, optional
        Where the ring is faded out; by default it rings out.
    """
    body = MATERIALS[material]
    hard = body.hardness if hardness is None else float(np.clip(hardness, 0, 1))
    struck = _strike(
        body, size=size, hardness=hard, rng=stream("impact", material, seed), sample_rate_hz=sample_rate_hz
    )
    return calibrate(_trim(struck, length_s, sample_rate_hz), sample_rate_hz=sample_rate_hz)


def footstep(
    surface: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    length_s: float | None = None,
) -> np.ndarray:
    """One step on a surface of `SURFACES`: heel, roll and toe; `size` is the walker's weight, `hardness` the shoe's."""
    ground = SURFACES[surface]
    rng = stream("footstep", surface, seed)
    step = np.zeros(int(0.7 * sample_rate_hz), np.float32)
    toe_s = rng.uniform(0.07, 0.12) * (0.7 + 0.6 * size)
    for start_s, weight in ((0.0, 1.0), (toe_s, rng.uniform(0.35, 0.6))):
        contact = _contact(ground, size=size, hardness=hardness, weight=weight, rng=rng, sample_rate_hz=sample_rate_hz)
        _add(step, contact * np.float32(weight), int(start_s * sample_rate_hz))
    if surface == "puddle":
        _add(step, 0.5 * splash("water", seed=seed, sample_rate_hz=sample_rate_hz, size=0.15), 0)
    return calibrate(_trim(step, length_s, sample_rate_hz), sample_rate_hz=sample_rate_hz)


def whoosh(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    length_s: float | None = None,
) -> np.ndarray:
    """Air parted by something fast: swells through `length_s` and ends with it; it has no attack of its own.

    The band rises with the speed and falls behind the peak, as vortex tones do (f = 0.2 v / d); `size` lowers it.
    """
    length_s = 0.6 if length_s is None else length_s
    count = max(int(length_s * sample_rate_hz), 64)
    place = np.arange(count) / count
    # the swell peaks shortly before the stop and is gone at it
    swell = np.where(place < 0.8, (place / 0.8) ** 2.6, np.cos((place - 0.8) / 0.2 * np.pi / 2) ** 2)
    rng = stream("whoosh", kind, seed)
    # long enough in front for the filters to settle
    noise = rng.standard_normal(count + 2048, dtype=np.float32)
    low_hz, octaves = 220.0 * 2 ** (1.2 * (0.5 - size) * 2), 3.2 + 1.2 * hardness
    sweep = octaves * (0.25 + 0.75 * swell) + 0.3 * (slow_curve(place * length_s, 0.15, seed, "sweep") - 0.5)
    air = np.zeros(count)
    for octave in np.arange(0.0, octaves + 0.6, 0.6):
        centre_hz = low_hz * 2**octave
        part = filtered(noise, band(centre_hz * 0.8, centre_hz * 1.25, sample_rate_hz=sample_rate_hz, order=1))[2048:]
        air += part * np.exp(-(((octave - sweep) / 0.75) ** 2)) * 2 ** (-0.25 * octave)
    return calibrate((air * swell).astype(np.float32), sample_rate_hz=sample_rate_hz)


def splash(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    length_s: float | None = None,
) -> np.ndarray:
    """Something meets water: slap, spray, then bubbles (damped sines that rise, van den Doel 2005)."""
    rng = stream("splash", kind, seed)
    whole_s = 0.5 + 1.6 * size
    count = int(whole_s * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    noise = rng.standard_normal(count, dtype=np.float32)
    slap = filtered(noise, band(180, 2200 + 4000 * hardness, sample_rate_hz=sample_rate_hz)) * np.exp(
        -time_s / (0.012 + 0.03 * size)
    )
    rise = np.minimum(time_s / 0.03, 1.0) * np.exp(-time_s / (0.08 + 0.28 * size))
    spray = filtered(rng.standard_normal(count, dtype=np.float32), band(1800, 12000, sample_rate_hz=sample_rate_hz))
    water = slap + 0.35 * spray * rise * (0.4 + slow_curve(time_s, 0.012, seed, "spray"))
    water = water.astype(np.float32)
    for _ in range(int(14 + 50 * size)):
        start_s = 0.02 + rng.exponential(0.12 + 0.2 * size)
        _add(water, bubble(rng, size=size, sample_rate_hz=sample_rate_hz), int(start_s * sample_rate_hz))
    return calibrate(_trim(water, length_s, sample_rate_hz), sample_rate_hz=sample_rate_hz)


def thunder(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.6,
    length_s: float | None = None,
) -> np.ndarray:
    """A clap and its rumble: parts of one long channel reach the ear one after another; `hardness` is how near."""
    whole_s = length_s or 4.0 + 3.0 * size
    count = int(min(whole_s, LONGEST_S) * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    rng = stream("thunder", kind, seed)
    noise = rng.standard_normal(count, dtype=np.float32)
    rolls = 0.25 + slow_curve(time_s, 0.45, seed, "roll") ** 2 + 0.5 * slow_curve(time_s, 0.11, seed, "clap") ** 3
    rumble = filtered(noise, band(28, 190, sample_rate_hz=sample_rate_hz)) * rolls * np.exp(-time_s / (0.28 * whole_s))
    crack = filtered(noise, band(150, 5500, sample_rate_hz=sample_rate_hz, order=1)) * np.exp(-time_s / 0.16)
    crack = crack * (0.3 + slow_curve(time_s, 0.02, seed, "crack"))
    storm = 3.0 * rumble + 0.9 * hardness * crack
    return calibrate(_trim(storm.astype(np.float32), length_s, sample_rate_hz), sample_rate_hz=sample_rate_hz)


def burst(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float | None = None,
    hardness: float = 0.6,
    length_s: float | None = None,
) -> np.ndarray:
    """A shot, firework or explosion: shock, body of falling noise, echo; `size` is that of its kind when left out."""
    size = BURSTS[kind] if size is None else size
    whole_s = 0.5 + 3.0 * size
    count = int(whole_s * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    rng = stream("burst", kind, seed)
    noise = rng.standard_normal(count, dtype=np.float32)
    shock = filtered(noise, band(700, 12000, sample_rate_hz=sample_rate_hz, order=1)) * np.exp(
        -time_s / (0.006 + 0.012 * size)
    )
    body = filtered(noise, band(70, 1600 - 1000 * size, sample_rate_hz=sample_rate_hz, order=1)) * np.exp(
        -time_s / (0.05 + 0.35 * size)
    )
    # the gas bubble's thump falls in pitch as it grows
    fall_hz = 38 + (90 - 40 * size) * np.exp(-time_s / 0.06)
    thump = np.sin(2 * np.pi * np.cumsum(fall_hz) / sample_rate_hz) * np.exp(-time_s / (0.07 + 0.2 * size))
    echo = (
        filtered(noise, band(120, 2500, sample_rate_hz=sample_rate_hz, order=1))
        * slow_curve(time_s, 0.09, seed, "echo") ** 2
    )
    tail = 0.10 * echo * np.exp(-time_s / (0.25 * whole_s))
    blast = (1.3 * hardness + 0.4) * shock + 1.5 * body + 0.8 * size * thump + tail
    return calibrate(_trim(blast.astype(np.float32), length_s, sample_rate_hz), sample_rate_hz=sample_rate_hz)


def bubble(rng: np.random.Generator, *, size: float, sample_rate_hz: int) -> np.ndarray:
    """One bubble, peak about 0.1-0.3: Minnaert's tone (3.26 / radius Hz), damped, rising as it nears the surface."""
    radius_m = 0.0012 * np.exp(0.5 * rng.standard_normal()) * (0.6 + 1.6 * size)
    frequency_hz = float(np.clip(3.26 / radius_m, 250, 7000))
    # van den Doel 2005, eq. 4: d = 0.13 / r + 0.0072 r^-1.5
    decay = 0.13 / radius_m + 0.0072 * radius_m**-1.5
    time_s = np.arange(int(min(5.0 / decay, 0.12) * sample_rate_hz)) / sample_rate_hz
    phase = 2 * np.pi * frequency_hz * time_s * (1 + rng.uniform(0, 0.1) * decay * time_s)
    onset = np.minimum(time_s / 0.001, 1.0)
    return (rng.uniform(0.1, 0.3) * onset * np.sin(phase) * np.exp(-decay * time_s)).astype(np.float32)


RECIPES: dict[str, Callable[..., np.ndarray]] = {
    "impact": impact,
    "footstep": footstep,
    "whoosh": whoosh,
    "splash": splash,
    "thunder": thunder,
    "burst": burst,
}


def attack_sample(samples: np.ndarray) -> int:
    """Where a sound is heard to begin: its first sample within 20 dB of the peak; 0 for silence."""
    level = np.abs(samples)
    peak = float(level.max(initial=0.0))
    return int(np.argmax(level >= ATTACK_SHARE * peak)) if peak > 0 else 0


def calibrate(samples: np.ndarray, *, sample_rate_hz: int) -> np.ndarray:
    """Scale a one-shot to `CALIBRATION_DB` in its loudest 50 ms (K-weighted), peaks held at `PEAK_DB`, no offset."""
    from pipeline.sound.loudness import k_weighting

    samples = filtered(samples.astype(np.float32), band(25, 0, sample_rate_hz=sample_rate_hz, order=1))
    window = max(int(CALIBRATION_WINDOW_S * sample_rate_hz), 1)
    # the loudest stretch of every recipe lies in its first two seconds, and the weighting needs no more
    power = filtered(samples[: 2 * sample_rate_hz], k_weighting(sample_rate_hz)).astype(np.float64) ** 2
    total = np.concatenate([[0.0], np.cumsum(power)])
    loudest = float((total[window:] - total[:-window]).max() if len(total) > window else total[-1]) / window
    if loudest <= 1e-18:
        return samples
    gain = 10 ** (CALIBRATION_DB / 20) / np.sqrt(loudest)
    peak_gain = 10 ** (PEAK_DB / 20) / float(np.abs(samples).max())
    return samples * np.float32(min(gain, peak_gain))


def _strike(
    body: Material, *, size: float, hardness: float, rng: np.random.Generator, sample_rate_hz: int
) -> np.ndarray:
    # partials with the blow's spectrum, rounded on by the contact, over a burst of the surface's noise; peak near 1
    # a heavier body stays in contact longer (Hertz: with the mass to the 2/5)
    contact_s = _SOFT_CONTACT_S * (_HARD_CONTACT_S / _SOFT_CONTACT_S) ** hardness * 2.0 ** (size - 0.5)
    frequencies_hz, decays, amplitudes = partials(body, size=size, rng=rng, sample_rate_hz=sample_rate_hz)
    amplitudes = amplitudes * contact_weight(frequencies_hz, contact_s=contact_s)
    audible = decays[amplitudes > 0.03 * amplitudes.max()]
    count = int(min(DECAY_60_DB / audible.min() + 2 * body.noise_s + _FADE_S, _LONGEST_RING_S) * sample_rate_hz)
    struck = ring(frequencies_hz, decays, amplitudes, samples=count, sample_rate_hz=sample_rate_hz)
    struck /= np.abs(struck).max()
    burst_count = min(count, int(2 * body.noise_s * sample_rate_hz))
    noise = rng.standard_normal(burst_count, dtype=np.float32)
    # a small thing scrapes higher, and a soft contact lets no treble through
    pitch = 2.0 ** (0.5 - size)
    low_hz, high_hz = pitch * body.noise_low_hz, min(pitch * body.noise_high_hz, 0.7 / contact_s + 400)
    noise = filtered(noise, band(low_hz, max(high_hz, 2 * low_hz), sample_rate_hz=sample_rate_hz, order=1))
    noise *= np.exp(-DECAY_60_DB / body.noise_s * np.arange(burst_count) / sample_rate_hz).astype(np.float32)
    struck *= np.float32(1 - 0.5 * body.noise)
    struck[:burst_count] += np.float32(body.noise) * noise / max(float(np.abs(noise).max()), 1e-9)
    rise = min(max(int(0.5 * contact_s * sample_rate_hz), 2), count)
    struck[:rise] *= (0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)).astype(np.float32)
    return struck


def _contact(
    ground: Surface, *, size: float, hardness: float, weight: float, rng: np.random.Generator, sample_rate_hz: int
) -> np.ndarray:
    # heel or toe: the floor's thud, the sole's noise, shifting grains
    count = int((0.12 + 2 * ground.grit_s) * sample_rate_hz)
    time_s = np.arange(count) / sample_rate_hz
    hard = np.clip(ground.hardness + 0.5 * (hardness - 0.5) - 0.15 * (1 - weight), 0, 1)
    body = MATERIALS[ground.material]
    floor_size = np.clip(ground.size + 0.3 * (size - 0.5), 0, 1)
    thud = _strike(body, size=floor_size, hardness=hard, rng=rng, sample_rate_hz=sample_rate_hz)[:count]
    # a standing foot damps what it stands on
    contact = np.zeros(count, np.float32)
    contact[: len(thud)] = ground.strike * thud * np.exp(-time_s[: len(thud)] / 0.06)
    sections = band(ground.low_hz, ground.high_hz, sample_rate_hz=sample_rate_hz)
    sole = filtered(rng.standard_normal(count, dtype=np.float32), sections) * np.exp(
        -time_s / (0.25 * ground.grit_s + 0.01)
    )
    contact += (ground.sole * sole * np.minimum(time_s / 0.002, 1)).astype(np.float32) * 0.8
    if ground.grains:
        grains = _grit(ground.grains, ground.grit_s, count=count, rng=rng, sample_rate_hz=sample_rate_hz)
        contact += ground.grit * filtered(grains, sections) * np.float32(1.2)
    return _trim(contact, None, sample_rate_hz)


def _grit(grains: int, spread_s: float, *, count: int, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # noise that flares up at random instants, dense at first: small hard things giving way
    from scipy.signal import lfilter

    flares = np.zeros(count)
    instants_s = np.minimum(rng.gamma(1.6, 0.22 * spread_s, grains), spread_s * rng.uniform(0.5, 1.2, grains))
    instants_s[0] = 0.0
    force = 0.5 * np.exp(0.6 * rng.standard_normal(grains) - 1.2 * instants_s / spread_s)
    np.add.at(flares, np.minimum(instants_s * sample_rate_hz, count - 1).astype(int), force)
    fall = np.exp(-1.0 / (rng.uniform(0.0012, 0.0025) * sample_rate_hz))
    return rng.standard_normal(count, dtype=np.float32) * lfilter([1.0], [1.0, -fall], flares).astype(np.float32)


def _add(sound: np.ndarray, part: np.ndarray, start: int) -> None:
    # add a part in place; what runs past the end is left out
    end = min(start + len(part), len(sound))
    if end > start:
        sound[start:end] += part[: end - start]


def _trim(samples: np.ndarray, length_s: float | None, sample_rate_hz: int) -> np.ndarray:
    # cut to a length and fade the end, longer where a ring is cut short
    fade_s = _FADE_S
    if length_s is not None and length_s * sample_rate_hz < len(samples):
        samples = samples[: max(int(length_s * sample_rate_hz), 64)]
        fade_s = min(0.3 * length_s, _CUT_FADE_S)
    fade = min(max(int(fade_s * sample_rate_hz), 1), len(samples))
    samples = samples.copy()
    samples[len(samples) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32) ** 2
    return samples
