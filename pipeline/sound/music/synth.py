"""Tones of the music: each is computed once, soft and hard, and mixed anew for every stroke.

Four ways to make a tone, all known from the literature: a seamless loop whose harmonics are spread into narrow noise
bands with random phases (Paul Nasca's PADsynth), strings and bars as sums of decaying partials (see `voices`), and a
tine before a pickup. Between the soft and the hard tone of a pitch every strength is a blend, since their partials have
the same phases; the noise of hammer, pick or finger is another one at each stroke, so no two strokes are alike.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.sound.music.harmony import pitch_hz
from pipeline.sound.music.modes import LN_60_DB, ring
from pipeline.sound.music.voices import MODAL, PADS, STRINGS, TINES, TOP_HZ, Modal, Pad, String, Tine
from pipeline.sound.noise import band, stream

if TYPE_CHECKING:
    import numpy as np

# long enough that the ear does not hear the loop, and a whole number of samples at every usual rate
LOOP_S = 2.72
MAX_HARMONICS = 60
# where the breath of a pad lies
AIR_HZ = (2200.0, 8000.0)
# partials this far below the strongest are left out
FAINTEST = 10 ** (-66 / 20)
FADE_OUT_S = 0.03
# level of a tone over its first quarter of a second
RMS, RMS_S = 0.12, 0.25
# no chord is held longer than this without being struck again
LONGEST_TINE_S = 4.0
# bytes of sounds kept at a time
KEPT_BYTES = 96 << 20
# ways in which the noise of a stroke may sound
NOISES = 5
# strength that sounds all soft, and that sounds all hard
SOFT, HARD = 0.35, 0.98


class Voices:
    """Tones by voice and pitch, each computed once; those not used for longest are forgotten."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._kept: OrderedDict[tuple[str, int], np.ndarray] = OrderedDict()
        self._bytes = 0
        self._strokes: Counter[tuple[str, int]] = Counter()

    def held(self, name: str, pitch: int) -> np.ndarray:
        """Loop of a sustained voice, float32 [2, LOOP_S long], RMS 0.1."""
        return self.keep(name, pitch, lambda: pad_loop(PADS[name], pitch, sample_rate_hz=self.sample_rate_hz))

    def struck(self, name: str, pitch: int, *, strength: float) -> np.ndarray:
        """A whole decaying note, float32 [2, samples]; no two strokes of a pitch are alike.

        Parameters
        ----------
        strength : float
            0..1: harder is brighter. The level does not follow it.
        """
        layers = self.keep(name, pitch, lambda: note(name, pitch, sample_rate_hz=self.sample_rate_hz))
        rng = stream("stroke", name, pitch, self.count(name, pitch))
        sound = blend(layers, strength + float(rng.uniform(-0.06, 0.06)))
        level, low_hz, high_hz, seconds = noise_of(name)
        if level > 0:
            number = int(rng.integers(NOISES))
            noise = self.keep(
                f"{name} noise",
                number,
                lambda: strike_noise(name, number, (low_hz, high_hz), seconds, sample_rate_hz=self.sample_rate_hz),
            )
            count = min(noise.shape[1], sound.shape[1])
            loud = level * (0.35 + 0.65 * strength) * float(rng.uniform(0.7, 1.2)) * float(rng.choice((-1, 1)))
            sound[:, :count] += loud * noise[:, :count]
        return sound

    def count(self, name: str, pitch: int) -> int:
        """How many strokes of this sound came before."""
        self._strokes[name, pitch] += 1
        return self._strokes[name, pitch] - 1

    def keep(self, name: str, pitch: int, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The sound of this name and pitch, made when it is not there."""
        key = (name, pitch)
        if key not in self._kept:
            self._kept[key] = make()
            self._bytes += self._kept[key].nbytes
            while self._bytes > KEPT_BYTES and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
        self._kept.move_to_end(key)
        return self._kept[key]


def note(name: str, pitch: int, *, sample_rate_hz: int) -> np.ndarray:
    """The soft and the hard tone of a struck voice, without the noise of the stroke, float32 [2 layers, 2, samples].

    Raises
    ------
    KeyError
        When there is no such voice.
    """
    if name in STRINGS:
        return string_note(STRINGS[name], pitch, sample_rate_hz=sample_rate_hz)
    if name in TINES:
        return tine_note(TINES[name], pitch, sample_rate_hz=sample_rate_hz)
    return modal_note(MODAL[name], pitch, sample_rate_hz=sample_rate_hz)


def noise_of(name: str) -> tuple[float, float, float, float]:
    """Level, low Hz, high Hz and seconds of the noise with which a voice is struck."""
    return (STRINGS.get(name) or TINES.get(name) or MODAL[name]).noise


def blend(layers: np.ndarray, strength: float) -> np.ndarray:
    """Mix a soft and a hard sound, float32 [2 layers, 2, samples] -> [2, samples]."""
    hard = min(1.0, max(0.0, (strength - SOFT) / (HARD - SOFT)))
    return layers[0] * (1 - hard) + layers[1] * hard


def pad_loop(pad: Pad, pitch: int, *, sample_rate_hz: int) -> np.ndarray:
    """A seamless stereo loop of a sustained tone, the same at every rate, float32 [2, samples], RMS 0.1."""
    import numpy as np

    samples = round(LOOP_S * sample_rate_hz)
    bin_hz = sample_rate_hz / samples
    level = np.zeros(samples // 2 + 1)
    base = pitch_hz(pitch)
    for number in range(1, MAX_HARMONICS + 1):
        centre = base * number
        if centre > min(TOP_HZ, 0.45 * sample_rate_hz):
            break
        width = max(centre * (2 ** (pad.spread_cents / 1200) - 1) / 2, bin_hz)
        low, high = int((centre - 4 * width) / bin_hz), int((centre + 4 * width) / bin_hz) + 2
        bins = np.arange(max(low, 1), min(high, len(level)))
        peak = number**-pad.slope * (pad.even if number % 2 == 0 else 1.0)
        peak *= float(_body(pad.resonances, centre) * _passed(centre, pad.low_cut_hz, pad.low_pass_hz))
        # equal energy, whatever the width
        level[bins] += peak * np.exp(-0.5 * ((bins * bin_hz - centre) / width) ** 2) / np.sqrt(width)
    if pad.air:
        grid = np.arange(len(level)) * bin_hz
        level += pad.air / np.sqrt(AIR_HZ[1] - AIR_HZ[0]) * _passed(grid, *AIR_HZ)
    phase = stream("pad", pitch, str(pad.slope)).uniform(0, 2 * np.pi, len(level))
    apart = pad.width * stream("pad width", pitch, str(pad.slope)).standard_normal(len(level))
    # lows in the middle, width above
    width_rad = np.clip((np.arange(len(level)) * bin_hz - 120) / 400, 0, 1) * apart
    phases = np.stack([phase - width_rad / 2, phase + width_rad / 2])
    loop = np.fft.irfft(level * np.exp(1j * phases), n=samples, axis=1)
    return (0.1 * loop / np.sqrt(np.mean(loop**2))).astype(np.float32)


def string_note(voice: String, pitch: int, *, sample_rate_hz: int) -> np.ndarray:
    """A plucked or struck string, soft and hard, float32 [2 layers, 2, samples]."""
    import numpy as np

    base = pitch_hz(pitch)
    number, frequency, level = _partials(voice, base, sample_rate_hz)
    seconds = voice.seconds * min(2.0, max(0.5, (220.0 / base) ** 0.35))
    decay = seconds / number**voice.damping
    rng = stream("string", str(voice.slope), pitch)
    cents, share, time, which = _shares(voice, number)
    all_hz, all_s = frequency[which] * 2 ** (cents / 1200), decay[which] * time
    turn = (rng.uniform(-0.5, 0.5, len(number)) * voice.width)[which]
    # each string leans to its own side
    lean = 1 + 0.35 * np.sign(cents)
    layers = [one[which] * share * side for one in level for side in (lean, 2 - lean)]
    sides = np.stack([turn, -turn])
    # what is left at the end is 54 dB down
    count = int(0.9 * float(all_s.max()) * sample_rate_hz)
    sound = ring(
        all_hz, all_s, np.stack(layers), phase=np.tile(sides, (2, 1)), count=count, sample_rate_hz=sample_rate_hz
    )
    return finished(sound.reshape(2, 2, -1), attack_s=voice.attack_s, sample_rate_hz=sample_rate_hz)


def _shares(voice: String, number: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    # (cents, level, decay, place in `number`) of what every partial consists of: two strings, each with its
    # after-sound; high partials are over too soon for either to be heard
    import numpy as np

    strings = (-0.5, 0.5) if voice.detune_cents else (0.0,)
    stages = ((1 - voice.after, 0.6), (voice.after, 1.4)) if voice.after else ((1.0, 1.0),)
    rows = [
        (side * voice.detune_cents, share, time, place)
        for place, n in enumerate(number)
        for side in (strings if n <= 16 else (0.0,))
        for share, time in (stages if n <= 6 else ((1.0, 0.8),))
    ]
    cents, share, time, which = np.array(rows, dtype=np.float64).T
    return cents, share / np.where(cents == 0, 1, len(strings)), time, which.astype(np.intp)


def _partials(voice: String, base: float, sample_rate_hz: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # numbers, frequencies and levels [2 layers, partials] of a string
    import numpy as np

    number = np.arange(1, MAX_HARMONICS + 1)
    stiffness = voice.stiffness * max(0.3, base / 220.0)
    frequency = base * number * np.sqrt((1 + stiffness * number**2) / (1 + stiffness))
    level = number**-voice.slope * np.where(number % 2 == 0, voice.even, 1.0)
    if voice.position:
        level = level * (0.08 + 0.92 * np.abs(np.sin(np.pi * number * voice.position)))
    level = level * _body(voice.resonances, frequency)
    layers = np.stack([level * _passed(frequency, voice.low_cut_hz, top) for top in (voice.soft_hz, voice.hard_hz)])
    is_heard = (frequency < min(TOP_HZ, 0.45 * sample_rate_hz)) & (layers[1] > FAINTEST * layers[1].max())
    is_heard[0] = True
    return number[is_heard], frequency[is_heard], layers[:, is_heard]


def modal_note(voice: Modal, pitch: int, *, sample_rate_hz: int) -> np.ndarray:
    """A bar, a bell or a tuned skin, soft and hard, float32 [2 layers, 2, samples]."""
    import numpy as np

    base = pitch_hz(pitch)
    scale = min(2.0, max(0.4, (440.0 / base) ** 0.5))
    ratio, level, seconds = np.array(voice.modes, dtype=np.float64).T
    is_heard = base * ratio < 0.45 * sample_rate_hz
    is_heard[0] = True
    ratio, level, seconds = ratio[is_heard], level[is_heard], scale * seconds[is_heard]
    upper = np.where(ratio > 1.01, voice.soft, 1.0)
    turns = stream("modal", str(voice.modes[-1])).uniform(0, 1, (2, len(voice.modes)))[:, is_heard] * voice.width
    levels = np.stack([level * upper, level * upper, level, level])
    count = int(float(seconds.max()) * sample_rate_hz)
    phase = np.tile(turns, (2, 1))
    sound = ring(base * ratio, seconds, levels, phase=phase, count=count, sample_rate_hz=sample_rate_hz)
    if voice.glide_cents:
        sound = _settled(sound, voice.glide_cents, sample_rate_hz)
    return finished(sound.reshape(2, 2, -1), attack_s=0.001, sample_rate_hz=sample_rate_hz)


def _settled(sound: np.ndarray, cents: float, sample_rate_hz: int) -> np.ndarray:
    # read the start faster: sharp at first, in tune after 80 ms
    import numpy as np

    place = np.arange(sound.shape[1])
    fall = 0.025 * sample_rate_hz
    early = place + (2 ** (cents / 1200) - 1) * fall * (1 - np.exp(-place / fall))
    return np.stack([np.interp(early, place, side) for side in sound])


def tine_note(voice: Tine, pitch: int, *, sample_rate_hz: int) -> np.ndarray:
    """An electric piano, soft and hard, float32 [2 layers, 2, samples]."""
    import numpy as np

    base = pitch_hz(pitch)
    seconds = voice.seconds * min(1.6, max(0.4, (220.0 / base) ** 0.45))
    time = np.arange(int(min(seconds, LONGEST_TINE_S) * sample_rate_hz)) / sample_rate_hz
    fall = np.exp(-LN_60_DB * time / seconds)
    ratio, chime, chime_s = voice.chime
    sine = np.sin(2 * np.pi * base * time)
    short = time[: int(1.2 * chime_s * sample_rate_hz)]
    top = chime * np.exp(-LN_60_DB * short / chime_s) * np.sin(2 * np.pi * ratio * base * short)
    layers = []
    for swing, bright in zip(voice.swings, (0.15, 1.0), strict=True):
        field = np.exp(-(((swing * fall * sine - voice.offset) / 0.55) ** 2))
        # the coil hears the change of the field; the lowest note as loud as the highest
        tone = np.gradient(field, 2 * np.pi * base / sample_rate_hz) / swing
        if base * ratio < 0.4 * sample_rate_hz:
            tone[: len(top)] += bright * top[: len(tone)]
        layers.append(tone)
    # the instrument is mono; its tremolo makes it wide
    sound = np.repeat(np.stack(layers)[:, None], 2, axis=1)
    return finished(sound, attack_s=0.002, sample_rate_hz=sample_rate_hz)


def strike_noise(
    name: str, number: int, edges_hz: tuple[float, float], seconds: float, *, sample_rate_hz: int
) -> np.ndarray:
    """Noise of hammer, pick or finger, float32 [2, samples], peak 0.5."""
    import numpy as np
    from scipy.signal import sosfilt

    count = int(6 * seconds * sample_rate_hz)
    raw = stream("strike", name, number).standard_normal((2, count))
    # hands are in one place: both sides share most of it
    raw = raw + 1.5 * raw[::-1]
    shape = np.exp(-np.arange(count) / (seconds * sample_rate_hz))
    soft = sosfilt(band(*edges_hz, sample_rate_hz=sample_rate_hz), raw, axis=1) * shape
    fade = max(1, count // 4)
    soft[:, -fade:] *= np.linspace(1, 0, fade)
    return (0.5 * soft / np.abs(soft).max()).astype(np.float32)


def finished(layers: np.ndarray, *, attack_s: float, sample_rate_hz: int) -> np.ndarray:
    """Level, attack and end of a tone, float32 [2 layers, 2, samples]; every layer equally loud at first."""
    import numpy as np

    count = layers.shape[2]
    early = layers[:, :, : max(1, int(RMS_S * sample_rate_hz))]
    layers = layers * (RMS / np.maximum(np.sqrt((early**2).mean(axis=(1, 2), keepdims=True)), 1e-9))
    rise = min(max(1, int(attack_s * sample_rate_hz)), count)
    fall = min(max(1, int(FADE_OUT_S * sample_rate_hz)), count)
    layers[:, :, :rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    layers[:, :, -fall:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fall + 1) / fall)
    return layers.astype(np.float32)


def _body(resonances: tuple[tuple[float, float, float], ...], frequency_hz):
    # gain of a body at some frequencies
    import numpy as np

    return 1.0 + sum(gain * np.exp(-(((frequency_hz - centre) / width) ** 2)) for centre, width, gain in resonances)


def _passed(frequency_hz, low_cut_hz: float, low_pass_hz: float):
    # gain of a second-order high-pass and a fourth-order low-pass
    rise = (frequency_hz / low_cut_hz) ** 2 if low_cut_hz else 1.0
    low = rise / (1 + rise) if low_cut_hz else 1.0
    return low / (1 + (frequency_hz / low_pass_hz) ** 4)
