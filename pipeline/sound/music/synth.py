"""Voices of the music: each note is computed once and kept.

Three ways to make a tone, all known from the literature: a seamless loop whose harmonics are spread into narrow noise
bands with random phases (Paul Nasca's PADsynth), a wavetable whose harmonics each decay at their own rate, and a sum
of a few decaying modes for bars and bells.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.sound.music.harmony import pitch_hz
from pipeline.sound.noise import stream

if TYPE_CHECKING:
    import numpy as np

# about 2.7 s at 48 kHz: long enough that the ear does not hear the loop
LOOP_SAMPLES = 1 << 17
# samples of one period and steps of decay in a wavetable
TABLE_SAMPLES, TABLE_STEPS = 1024, 40
MAX_HARMONICS = 60
# nothing musical is lost above this, and filters get no work
TOP_HZ = 14_000.0
FADE_IN_S, FADE_OUT_S = 0.0015, 0.03
# sounds kept at a time; a note of 3 s in stereo is 1.2 MB
KEPT_SOUNDS = 96


@dataclass(frozen=True)
class Pad:
    """A sustained voice: harmonic n has level n**-slope, shaped by resonances, spread by some cents."""

    slope: float
    spread_cents: float
    # level of even harmonics against odd ones
    even: float = 1.0
    # (centre Hz, width Hz, gain)
    resonances: tuple[tuple[float, float, float], ...] = ()
    low_pass_hz: float = TOP_HZ


@dataclass(frozen=True)
class Struck:
    """A voice that decays: harmonic n starts at n**-slope and falls by 60 dB in seconds / n**damping."""

    slope: float
    seconds: float
    damping: float
    attack_s: float = 0.002
    even: float = 1.0
    # two strings or oscillators, one to each side, this far apart
    detune_cents: float = 0.0
    # breath, hammer or pick: level of a short noise at the start
    noise: float = 0.0
    low_pass_hz: float = TOP_HZ


@dataclass(frozen=True)
class Modal:
    """Bars and bells: (ratio, level, seconds to fall by 60 dB) of each mode, for A4; lower notes ring longer."""

    modes: tuple[tuple[float, float, float], ...]
    noise: float = 0.0


PADS: dict[str, Pad] = {
    "warm": Pad(slope=1.7, spread_cents=28, even=0.7, low_pass_hz=2600),
    "strings": Pad(
        slope=1.15, spread_cents=34, resonances=((480, 300, 0.8), (1100, 500, 0.6), (2800, 1200, 0.5)), low_pass_hz=5200
    ),
    "dark": Pad(slope=1.35, spread_cents=45, resonances=((300, 200, 1.0),), low_pass_hz=1500),
    "reed": Pad(slope=1.2, spread_cents=14, even=0.25, resonances=((900, 500, 0.8),), low_pass_hz=3200),
    "saws": Pad(slope=1.05, spread_cents=24, low_pass_hz=3800),
    "low-strings": Pad(slope=1.2, spread_cents=22, resonances=((250, 200, 0.8), (700, 400, 0.5)), low_pass_hz=1800),
    "sub": Pad(slope=1.9, spread_cents=5, low_pass_hz=400),
}
STRUCK: dict[str, Struck] = {
    "felt": Struck(
        slope=1.5, seconds=3.2, damping=0.75, attack_s=0.004, detune_cents=1.6, noise=0.10, low_pass_hz=4200
    ),
    "pluck": Struck(slope=1.0, seconds=0.9, damping=0.85, detune_cents=7, low_pass_hz=9000),
    "pizzicato": Struck(slope=1.1, seconds=0.55, damping=0.7, even=0.8, noise=0.25, low_pass_hz=5200),
    "spiccato": Struck(
        slope=1.05, seconds=0.42, damping=0.25, attack_s=0.012, detune_cents=9, noise=0.12, low_pass_hz=4600
    ),
    "upright": Struck(slope=1.45, seconds=1.1, damping=0.7, attack_s=0.003, noise=0.15, low_pass_hz=2200),
    "pulse": Struck(slope=1.1, seconds=0.5, damping=0.8, even=0.5, attack_s=0.003, low_pass_hz=1400),
    "saw-bass": Struck(slope=1.0, seconds=1.6, damping=0.9, attack_s=0.003, low_pass_hz=2600),
}
MODAL: dict[str, Modal] = {
    # a tuned bar: second mode at the double octave (Fletcher and Rossing, ch. 19)
    "marimba": Modal(((1, 1, 0.7), (3.98, 0.28, 0.22), (9.2, 0.1, 0.08)), noise=0.12),
    "bell": Modal(((1, 1, 3.2), (2.0, 0.35, 2.2), (2.76, 0.28, 1.4), (5.4, 0.16, 0.7), (8.93, 0.07, 0.35))),
    "glass": Modal(((1, 1, 2.6), (2.32, 0.4, 1.8), (4.25, 0.22, 1.1), (6.63, 0.12, 0.7)), noise=0.04),
}


class Voices:
    """Tones by voice and pitch, each computed once; the least used are forgotten."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._kept: OrderedDict[tuple[str, int], np.ndarray] = OrderedDict()

    def held(self, name: str, pitch: int) -> np.ndarray:
        """Loop of a sustained voice, float32 [2, LOOP_SAMPLES], RMS 0.1."""
        return self.keep(name, pitch, lambda: pad_loop(PADS[name], pitch, sample_rate_hz=self.sample_rate_hz))

    def struck(self, name: str, pitch: int) -> np.ndarray:
        """A whole decaying note, float32 [2, samples], peak 0.5."""
        if name in STRUCK:
            return self.keep(name, pitch, lambda: struck_note(STRUCK[name], pitch, sample_rate_hz=self.sample_rate_hz))
        return self.keep(name, pitch, lambda: modal_note(MODAL[name], pitch, sample_rate_hz=self.sample_rate_hz))

    def keep(self, name: str, pitch: int, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The sound of this name and pitch, made when it is not there."""
        key = (name, pitch)
        if key not in self._kept:
            self._kept[key] = make()
            if len(self._kept) > KEPT_SOUNDS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def pad_loop(pad: Pad, pitch: int, *, sample_rate_hz: int) -> np.ndarray:
    """A seamless stereo loop of a sustained tone, float32 [2, LOOP_SAMPLES], RMS 0.1."""
    import numpy as np

    bin_hz = sample_rate_hz / LOOP_SAMPLES
    level = np.zeros(LOOP_SAMPLES // 2 + 1)
    base = pitch_hz(pitch)
    for number in range(1, MAX_HARMONICS + 1):
        centre = base * number
        if centre > min(TOP_HZ, 0.45 * sample_rate_hz):
            break
        width = max(centre * (2 ** (pad.spread_cents / 1200) - 1) / 2, bin_hz)
        low, high = int((centre - 4 * width) / bin_hz), int((centre + 4 * width) / bin_hz) + 2
        bins = np.arange(max(low, 1), high)
        peak = number**-pad.slope * (pad.even if number % 2 == 0 else 1.0) * _resonance(pad, centre)
        # equal energy, whatever the width
        level[bins] += peak * np.exp(-0.5 * ((bins * bin_hz - centre) / width) ** 2) / np.sqrt(width)
    rng = stream("pad", pitch, str(pad.slope))
    phase = rng.uniform(0, 2 * np.pi, len(level))
    # lows in the middle, width above; at 1 rad the sides still add up to a full tone in mono
    width_rad = np.clip((np.arange(len(level)) * bin_hz - 120) / 400, 0, 1) * rng.standard_normal(len(level))
    phases = np.stack([phase - width_rad / 2, phase + width_rad / 2])
    loop = np.fft.irfft(level * np.exp(1j * phases), n=LOOP_SAMPLES, axis=1)
    return (0.1 * loop / np.sqrt(np.mean(loop**2))).astype(np.float32)


def _resonance(pad: Pad, frequency_hz: float) -> float:
    import math

    body = 1.0 + sum(g * math.exp(-(((frequency_hz - c) / w) ** 2)) for c, w, g in pad.resonances)
    return body / (1 + (frequency_hz / pad.low_pass_hz) ** 4)


def struck_note(voice: Struck, pitch: int, *, sample_rate_hz: int) -> np.ndarray:
    """A decaying harmonic tone, float32 [2, samples], peak 0.5."""
    import numpy as np

    base = pitch_hz(pitch)
    # low strings ring longer
    seconds = voice.seconds * min(2.0, max(0.5, (220.0 / base) ** 0.35))
    top = min(TOP_HZ, 0.45 * sample_rate_hz)
    number = np.arange(1, max(2, min(MAX_HARMONICS, int(top / base)) + 1))
    level = number**-voice.slope / (1 + (number * base / voice.low_pass_hz) ** 4)
    level[1::2] *= voice.even
    moments = seconds * np.linspace(0, 1, TABLE_STEPS) ** 2
    decay = np.exp(-6.908 * moments[:, None] * number**voice.damping / seconds)
    phases = stream("struck", str(voice.slope)).uniform(0, 2 * np.pi, len(number))
    spectrum = np.zeros((TABLE_STEPS, TABLE_SAMPLES // 2 + 1), dtype=complex)
    spectrum[:, number] = level * decay * np.exp(1j * phases)
    table = np.fft.irfft(spectrum, axis=1) * TABLE_SAMPLES
    time = np.arange(int(seconds * sample_rate_hz)) / sample_rate_hz
    step = np.sqrt(time / seconds) * (TABLE_STEPS - 1)
    detune = 2 ** (np.array([-0.5, 0.5]) * voice.detune_cents / 1200)
    sides = [_scan(table, time * base * ratio, step) for ratio in (detune if voice.detune_cents else detune[:1])]
    tone = np.stack([sides[0], sides[-1]])
    tone += _strike_noise(voice.noise, tone, sample_rate_hz=sample_rate_hz)
    return _finished(tone, attack_s=voice.attack_s, sample_rate_hz=sample_rate_hz)


def modal_note(voice: Modal, pitch: int, *, sample_rate_hz: int) -> np.ndarray:
    """A sum of decaying modes, float32 [2, samples], peak 0.5."""
    import numpy as np

    base = pitch_hz(pitch)
    scale = min(2.0, max(0.4, (440.0 / base) ** 0.5))
    longest = scale * max(seconds for _, _, seconds in voice.modes)
    time = np.arange(int(longest * sample_rate_hz)) / sample_rate_hz
    tone = np.zeros((2, len(time)))
    rng = stream("modal", str(voice.modes[-1]))
    for ratio, level, seconds in voice.modes:
        if base * ratio < 0.45 * sample_rate_hz:
            length = int(scale * seconds * sample_rate_hz)
            phase = 2 * np.pi * base * ratio * time[:length]
            decay = level * np.exp(-6.908 * time[:length] / (scale * seconds))
            # a little phase between the sides gives the body a width
            for side, turn in enumerate(rng.uniform(0, 0.9, 2)):
                tone[side, :length] += decay * np.sin(phase + turn)
    tone += _strike_noise(voice.noise, tone, sample_rate_hz=sample_rate_hz)
    return _finished(tone, attack_s=FADE_IN_S, sample_rate_hz=sample_rate_hz)


def _scan(table: np.ndarray, turns: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Read a table [steps, period] at a phase in turns and a fractional step, linear both ways, float64 [samples]."""
    import numpy as np

    steps, period = table.shape
    place = (turns % 1.0) * period
    column = place.astype(np.intp)
    part = place - column
    row = np.minimum(step.astype(np.intp), steps - 2)
    # one more column saves the wrap-around
    flat = np.concatenate([table, table[:, :1]], axis=1).ravel()
    index = row * (period + 1) + column
    upper = flat[index] * (1 - part) + flat[index + 1] * part
    index += period + 1
    lower = flat[index] * (1 - part) + flat[index + 1] * part
    return upper + (lower - upper) * (step - row)


def _strike_noise(level: float, tone: np.ndarray, *, sample_rate_hz: int) -> np.ndarray:
    # hammer, finger or bow: 15 ms of noise, softened
    import numpy as np

    result = np.zeros_like(tone)
    if level > 0:
        count = min(int(0.06 * sample_rate_hz), tone.shape[1])
        raw = stream("strike", count).standard_normal((2, count))
        soft = np.cumsum(raw - raw.mean(axis=1, keepdims=True), axis=1)
        soft = 0.5 * raw + soft / np.abs(soft).max()
        fall = np.exp(-np.arange(count) / (0.008 * sample_rate_hz))
        result[:, :count] = level * np.abs(tone).max() * 0.5 * soft * fall
    return result


def _finished(tone: np.ndarray, *, attack_s: float, sample_rate_hz: int) -> np.ndarray:
    import numpy as np

    tone = tone * (0.5 / max(float(np.abs(tone).max()), 1e-9))
    rise = min(max(1, int(attack_s * sample_rate_hz)), tone.shape[1])
    fall = min(max(1, int(FADE_OUT_S * sample_rate_hz)), tone.shape[1])
    tone[:, :rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    tone[:, -fall:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fall + 1) / fall)
    return tone.astype(np.float32)
