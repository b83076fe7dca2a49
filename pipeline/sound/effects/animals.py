"""Animals: one call each, a voiced source through formants that move (source-filter model, Fant 1960; Fitch 2006)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sound.effects.shaping import add, clock, finish
from pipeline.sound.noise import band, filtered, slow_curve, stream

# contours are worked out this often and joined by lines
_CONTROL_S = 0.002
# a harmonic this weak is not worth making: 70 dB under the strongest
_INAUDIBLE = 3e-4
# points along a call: place 0..1, value
Contour = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Voice:
    """One syllable of an animal of middle size."""

    length_s: float
    # pitch in Hz, level 0..1
    pitch: Contour
    level: Contour
    # each formant's middle in Hz along the call, and its width and level
    formants: tuple[tuple[Contour, float, float], ...]
    # fall of the source, dB per octave
    tilt_db: float = -9.0
    # breath beside the voice, 0..1, and its band
    breath: float = 0.1
    breath_hz: tuple[float, float] = (800.0, 8000.0)
    # unevenness of the pitch (share), and half-rate roughness of the level 0..1
    jitter: float = 0.01
    rough: float = 0.0
    # tremolo: rate, depth of pitch (share), depth of level
    trill_hz: float = 0.0
    trill_pitch: float = 0.0
    trill_level: float = 0.0
    # how many syllables, and from one's start to the next one's
    syllables: tuple[int, int] = (1, 1)
    gap_s: float = 0.0
    # how unlike the songs of two animals of the kind are: in tempo and in bends of pitch, octaves
    variety: float = 0.0


def _flat(value: float) -> Contour:
    return ((0.0, value),)


# pitches, formants and lengths within the published ranges: dogs (Yin & McCowan 2004), cats (Schoetz et al. 2011),
# horses (Briefer et al. 2015), cattle (de la Torre et al. 2015), sheep (Sebe et al. 2010), crows (Mates et al. 2015)
ANIMALS: dict[str, Voice] = {
    "dog": Voice(
        0.20, ((0, 330), (0.2, 560), (0.55, 470), (1, 240)), ((0, 0), (0.05, 1), (0.4, 0.8), (1, 0)),
        ((((0, 480), (0.35, 950), (1, 560)), 170, 1.0), (((0, 1300), (0.35, 1750), (1, 1250)), 230, 0.7),
         (_flat(2900), 380, 0.35), (_flat(4200), 600, 0.15)),
        tilt_db=-6, breath=0.35, breath_hz=(500, 6500), jitter=0.03, rough=0.5, syllables=(1, 2), gap_s=0.34,
    ),
    "cat": Voice(
        0.85, ((0, 480), (0.3, 720), (0.55, 690), (1, 430)), ((0, 0), (0.12, 0.5), (0.35, 1), (0.7, 0.75), (1, 0)),
        ((((0, 450), (0.35, 1350), (0.6, 1150), (1, 650)), 190, 1.0),
         (((0, 2100), (0.3, 2700), (0.65, 1700), (1, 1150)), 260, 0.6), (_flat(4100), 480, 0.22)),
        tilt_db=-7, breath=0.08, breath_hz=(1500, 9000), jitter=0.008, trill_hz=5.5, trill_pitch=0.012,
    ),
    "horse": Voice(
        1.7, ((0, 620), (0.08, 1150), (0.35, 1020), (0.7, 680), (1, 300)),
        ((0, 0), (0.03, 0.7), (0.15, 1), (0.6, 0.75), (0.9, 0.3), (1, 0)),
        ((((0, 700), (0.3, 1250), (1, 650)), 260, 1.0), (((0, 1900), (0.5, 2300), (1, 1500)), 360, 0.7),
         (_flat(3600), 520, 0.4)),
        tilt_db=-5, breath=0.35, breath_hz=(700, 7000), jitter=0.02, rough=0.35,
        trill_hz=11, trill_pitch=0.06, trill_level=0.55,
    ),
    "cow": Voice(
        1.7, ((0, 95), (0.25, 135), (0.7, 150), (1, 105)), ((0, 0), (0.06, 0.4), (0.35, 0.9), (0.75, 1), (1, 0)),
        ((((0, 230), (0.35, 420), (0.75, 560), (1, 360)), 80, 1.0),
         (((0, 700), (0.4, 950), (0.8, 1150), (1, 850)), 130, 0.55), (_flat(2000), 300, 0.2), (_flat(3000), 400, 0.1)),
        tilt_db=-7, breath=0.10, breath_hz=(300, 3000), jitter=0.012, rough=0.2,
    ),
    "sheep": Voice(
        0.85, ((0, 270), (0.2, 330), (0.7, 310), (1, 250)), ((0, 0), (0.06, 0.9), (0.6, 1), (1, 0)),
        ((((0, 480), (0.2, 850), (1, 700)), 160, 1.0), (_flat(1750), 230, 0.75), (_flat(2800), 320, 0.5),
         (_flat(3900), 500, 0.2)),
        tilt_db=-4, breath=0.15, breath_hz=(900, 6000), jitter=0.015, rough=0.15,
        trill_hz=8.0, trill_pitch=0.035, trill_level=0.6,
    ),
    "crow": Voice(
        0.34, ((0, 430), (0.25, 540), (0.8, 490), (1, 400)), ((0, 0), (0.06, 1), (0.75, 0.85), (1, 0)),
        ((((0, 1150), (0.4, 1500), (1, 1250)), 320, 1.0), (_flat(2500), 500, 0.6), (_flat(4200), 900, 0.3)),
        tilt_db=-3, breath=0.55, breath_hz=(900, 6500), jitter=0.06, rough=0.75, syllables=(2, 3), gap_s=0.55,
    ),
    # pulses of a vocal sac, some thirty a second, each with the sac's tone
    "frog": Voice(
        0.36, ((0, 34), (0.6, 46), (1, 62)), ((0, 0.3), (0.15, 0.6), (0.8, 1), (1, 0)),
        ((((0, 520), (1, 900)), 110, 1.0), (((0, 1500), (1, 2100)), 200, 0.7), (_flat(3100), 500, 0.15)),
        tilt_db=-0.5, breath=0.05, breath_hz=(600, 4000), jitter=0.02, syllables=(1, 2), gap_s=0.55,
    ),
    # a syrinx whistles: one partial, no formant to speak of
    "bird": Voice(
        0.11, ((0, 3200), (0.5, 4800), (1, 3600)), ((0, 0), (0.15, 1), (0.7, 0.8), (1, 0)),
        ((_flat(4000), 6000, 1.0),), tilt_db=-26, breath=0.01, breath_hz=(3000, 9000), jitter=0.002,
        syllables=(3, 9), gap_s=0.17, variety=1.0,
    ),
}  # fmt: skip


def animal(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    length_s: float | None = None,
) -> np.ndarray:
    """One call of an animal; `size` is the body's (larger is lower), `hardness` how forceful and rough the call is."""
    voice = ANIMALS[kind]
    rng = stream("animal", kind, seed)
    count = int(rng.integers(voice.syllables[0], voice.syllables[1] + 1))
    pace = rng.uniform(0.85, 1.2)
    shape = _Character(voice, size, hardness, rng)
    whole_s = (voice.length_s + count * voice.gap_s) * 1.5 * pace * shape.tempo
    sound = np.zeros(int(whole_s * sample_rate_hz), np.float32)
    start_s = 0.0
    for number in range(count):
        part = _syllable(voice, shape, number, pace * shape.tempo, rng, sample_rate_hz)
        add(sound, np.float32(rng.uniform(0.75, 1.0)) * part, int(start_s * sample_rate_hz))
        start_s += voice.gap_s * pace * shape.tempo * rng.uniform(0.9, 1.15)
    # nothing follows the last breath
    heard = np.flatnonzero(np.abs(sound) > 0)
    return finish(sound[: heard[-1] + 1] if len(heard) else sound, length_s, sample_rate_hz)


class _Character:
    """What the syllables of one animal share."""

    def __init__(self, voice: Voice, size: float, hardness: float, rng: np.random.Generator) -> None:
        body = 2.0 ** (1.2 * (0.5 - size))
        self.pitch = body * np.exp(0.07 * rng.standard_normal())
        # a body's resonances lie closer together than its pitches
        self.formant = body**0.6 * np.exp(0.04 * rng.standard_normal())
        self.tilt_db = voice.tilt_db + 3.0 * (hardness - 0.5)
        self.rough = voice.rough * (0.4 + 1.2 * hardness)
        self.bend = rng.uniform(0.88, 1.14, 8)
        self.trill_hz = voice.trill_hz * rng.uniform(0.85, 1.15)
        # a bird repeats its motif: how fast, and how far each syllable climbs or falls
        self.tempo = 2.0 ** (voice.variety * rng.uniform(-1.3, 0.5))
        self.climb = voice.variety * rng.uniform(-0.9, 0.9)
        self.step = voice.variety * rng.uniform(-0.12, 0.12)


def _syllable(
    voice: Voice, shape: _Character, number: int, pace: float, rng: np.random.Generator, sample_rate_hz: int
) -> np.ndarray:
    length_s = voice.length_s * pace * rng.uniform(0.85, 1.15)
    time_s = clock(length_s, sample_rate_hz)
    knots_s = np.arange(0.0, length_s + _CONTROL_S, _CONTROL_S)
    place = knots_s / length_s
    seed = int(rng.integers(1 << 31))
    pitch_hz = shape.pitch * _along(voice.pitch, place, shape.bend)
    pitch_hz *= 2.0 ** (shape.step * number + (shape.climb + 0.3 * voice.variety * rng.uniform(-1, 1)) * (place - 0.5))
    pitch_hz *= 1 + 4 * voice.jitter * (slow_curve(knots_s, 0.012, seed, "jitter") - 0.5)
    trill = np.sin(2 * np.pi * shape.trill_hz * knots_s + rng.uniform(0, 6.28))
    pitch_hz *= 1 + voice.trill_pitch * trill
    level = np.maximum(_along(voice.level, place, np.ones(8)), 0) * (1 - voice.trill_level * (0.5 + 0.5 * trill))
    voiced = _harmonics(voice, shape, place, knots_s, pitch_hz, time_s, rng, sample_rate_hz)
    turning = np.cumsum(np.interp(time_s, knots_s, pitch_hz)) / sample_rate_hz
    # a strained fold swings unevenly: every second period weaker, and noise in step
    voiced *= 1 - 0.5 * min(shape.rough, 1.0) * (0.5 + 0.5 * np.sin(np.pi * turning)) * _bursts(time_s, seed)
    breath = _breath(voice, shape, place, len(time_s), rng, sample_rate_hz)
    breath *= 1 + 0.6 * np.sin(2 * np.pi * turning)
    sound = (voiced + voice.breath * (0.5 + shape.rough) * breath) * np.interp(time_s, knots_s, level)
    edge = np.minimum(np.minimum(time_s / 0.004, (time_s[-1] - time_s) / 0.012), 1)
    return (sound * np.clip(edge, 0, 1)).astype(np.float32)


def _harmonics(
    voice: Voice,
    shape: _Character,
    place: np.ndarray,
    knots_s: np.ndarray,
    pitch_hz: np.ndarray,
    time_s: np.ndarray,
    rng: np.random.Generator,
    sample_rate_hz: int,
) -> np.ndarray:
    # every harmonic at the level the moving formants give it: a time-varying filter without a filter; RMS 1
    turns = np.cumsum(np.interp(time_s, knots_s, pitch_hz)) / sample_rate_hz
    top_hz = min(0.42 * sample_rate_hz, 9000.0)
    phasor = np.exp(2j * np.pi * turns)
    power = np.ones_like(phasor)
    voiced = np.zeros(len(time_s))
    for number in range(1, max(int(top_hz / pitch_hz.min()), 1) + 1):
        power *= phasor
        heard_hz = number * pitch_hz
        gain = number ** (shape.tilt_db / 6.02) * _formants(voice, shape, place, heard_hz) * (heard_hz < top_hz)
        if gain.max() < _INAUDIBLE:
            continue
        voiced += (power * np.exp(1j * rng.uniform(0, 0.6))).imag * np.interp(time_s, knots_s, gain)
    return voiced / max(float(voiced.std()), 1e-9)


def _formants(voice: Voice, shape: _Character, place: np.ndarray, heard_hz: np.ndarray) -> np.ndarray:
    # sum of resonance curves; at least a little of everything comes through
    through = np.full(len(place), 0.02)
    for number, (contour, width_hz, level) in enumerate(voice.formants):
        middle_hz = shape.formant * _along(contour, place, shape.bend[number:])
        through += level / (1 + ((heard_hz - middle_hz) / (0.5 * width_hz)) ** 2)
    return through


def _breath(
    voice: Voice, shape: _Character, place: np.ndarray, count: int, rng: np.random.Generator, sample_rate_hz: int
) -> np.ndarray:
    # noise through the formants at the middle of the call; RMS 1
    noise = rng.standard_normal(count, dtype=np.float32)
    low_hz, high_hz = (shape.formant * edge for edge in voice.breath_hz)
    breath = 0.35 * filtered(noise, band(low_hz, high_hz, sample_rate_hz=sample_rate_hz, order=1))
    for contour, width_hz, level in voice.formants[:3]:
        middle_hz = shape.formant * float(_along(contour, np.array([0.5]), np.ones(1))[0])
        wide_hz = min(1.5 * width_hz, 0.8 * middle_hz)
        edges = band(middle_hz - wide_hz / 2, middle_hz + wide_hz / 2, sample_rate_hz=sample_rate_hz, order=1)
        breath = breath + level * filtered(noise, edges)
    return breath / max(float(breath.std()), 1e-9)


def _bursts(time_s: np.ndarray, seed: int) -> np.ndarray:
    return 0.4 + 1.2 * slow_curve(time_s, 0.02, seed, "rough")


def _along(contour: Contour, place: np.ndarray, bend: np.ndarray) -> np.ndarray:
    # a contour whose points lie a little higher or lower with each animal
    places, values = np.array(contour, float).T
    bent = values * np.resize(bend, len(values))
    # no throat moves in straight lines
    knot = np.clip(np.searchsorted(places, place, "right") - 1, 0, max(len(places) - 2, 0))
    if len(places) == 1:
        return np.full(len(place), bent[0])
    part = np.clip((place - places[knot]) / (places[knot + 1] - places[knot]), 0, 1)
    return bent[knot] + (bent[knot + 1] - bent[knot]) * part * part * (3 - 2 * part)
