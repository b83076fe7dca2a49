"""Sampler: plays the music's notes on a SoundFont, in step and in level with our own voices."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pipeline.sound.music.drums import PEAK
from pipeline.sound.music.general_midi import drum_key_of, program_of
from pipeline.sound.music.notes import Note
from pipeline.sound.music.soundfont import DRUM_BANK, SoundFont, Zone
from pipeline.sound.music.synth import RMS, Voices
from pipeline.sound.noise import band

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)
# players that are stopped at the end of their notes; the others let them ring at least this long
STOPPED, RINGS_S = ("pad", "bass", "comp"), 1.6
# no note is longer, whatever the file says of its release
LONGEST_TAIL_S, LONGEST_DRUM_S = 2.0, 4.0
# steps of velocity that are told apart
VELOCITY_STEP = 16
# the release ends here; the specification's runs to -100 dB (8.1.3, generator 38)
SILENT_DB = 100.0
# dB of a unit of attenuation: a tenth by the letter; the hardware that files were tuned on took 0.4 of it
ATTENUATION_DB = 0.04
FADE_OUT_S = 0.01
# share of the rate up to which a sample is kept when it is read faster than it was recorded
_KEPT_BAND = 0.45


class Sampler:
    """Notes from a SoundFont; what it lacks is left to our own voices."""

    def __init__(self, font: SoundFont, voices: Voices) -> None:
        self._font, self._voices = font, voices
        self._factors: dict[str, float] = {}
        self._absent: set[str] = set()

    def play(self, note: Note) -> np.ndarray | None:
        """A whole note, float32 [2, samples], as loud as our own voice of that name; None where the file has none."""
        velocity = min(127, max(1, round(note.velocity * 127 / VELOCITY_STEP) * VELOCITY_STEP))
        key = drum_key_of(note.voice)
        is_drum = key is not None
        pitch = key if key is not None else note.pitch
        bank, program = (DRUM_BANK, 0) if is_drum else (0, program_of(note.voice))
        zones = self._zones(bank, program, pitch, velocity)
        if not zones or note.voice == "riser":
            self._miss(note.voice)
            return None
        held_s = LONGEST_DRUM_S if is_drum else _held_s(note)
        name = f"sf {note.voice} {velocity} {round(1000 * held_s)}"
        sound = self._voices.keep(name, pitch, lambda: self._sound(zones, pitch, velocity, held_s))
        if not sound.any():
            self._miss(note.voice)
            return None
        return sound * np_float32(self._factor(note.voice, sound, is_drum=is_drum))

    def _zones(self, bank: int, program: int, key: int, velocity: int) -> tuple[Zone, ...]:
        # another instrument of the same family is better than none (General MIDI: eight to a family)
        family = [program, *range(program - program % 8, program - program % 8 + 8)] if bank != DRUM_BANK else [program]
        for wished in family:
            if found := self._font.zones(bank, wished, key=key, velocity=velocity):
                return found
        return ()

    def _sound(self, zones: tuple[Zone, ...], key: int, velocity: int, held_s: float) -> np.ndarray:
        import numpy as np

        rate = self._voices.sample_rate_hz
        sides = [play_zone(z, self._font.pcm, key, velocity, held_s=held_s, sample_rate_hz=rate) for z in zones]
        whole = np.zeros((2, max(side.shape[1] for side in sides)), np.float32)
        for side in sides:
            whole[:, : side.shape[1]] += side
        return whole

    def _factor(self, voice: str, sound: np.ndarray, *, is_drum: bool) -> float:
        # the first note of a voice sets its level: ours have an RMS at the start, drums a peak
        import numpy as np

        if voice not in self._factors:
            frame = max(1, int(0.05 * self._voices.sample_rate_hz))
            early = sound[:, : 20 * frame]
            pieces = np.array_split(early, max(1, early.shape[1] // frame), axis=1)
            loudest = max(float(np.sqrt((piece**2).mean())) for piece in pieces)
            peak = float(np.abs(sound).max())
            factor = PEAK / peak if is_drum else RMS / max(loudest, 1e-9)
            # a note that is all spike must not run over
            self._factors[voice] = min(factor, 1.0 / peak)
        return self._factors[voice]

    def _miss(self, voice: str) -> None:
        if voice not in self._absent:
            self._absent.add(voice)
            log.info("the SoundFont has nothing for %s; our own voice plays it", voice)


def np_float32(value: float) -> np.float32:
    """A number that keeps float32 sound what it is."""
    import numpy as np

    return np.float32(value)


def _held_s(note: Note) -> float:
    return note.length_s if note.part in STOPPED else max(note.length_s, RINGS_S)


def play_zone(
    zone: Zone, pcm: np.ndarray, key: int, velocity: int, *, held_s: float, sample_rate_hz: int
) -> np.ndarray:
    """One sample at a pitch, with its volume envelope, filter, attenuation and pan, float32 [2, samples]."""
    import numpy as np

    ratio = _ratio(zone, key, sample_rate_hz)
    release_s = min(_seconds(zone.value(38)), LONGEST_TAIL_S)
    count = max(1, round((held_s + release_s) * sample_rate_hz))
    sound = _read(zone, pcm, ratio, count, sample_rate_hz)
    time = np.arange(len(sound)) / sample_rate_hz
    sound = sound * _envelope(zone, time, held_s)
    cutoff_hz = 8.176 * 2 ** ((min(13500, zone.value(8)) - 2400 * (1 - velocity / 127)) / 1200)
    if cutoff_hz < 0.4 * sample_rate_hz:
        from scipy.signal import sosfilt

        sound = sosfilt(band(0, max(60.0, cutoff_hz), sample_rate_hz=sample_rate_hz), sound)
    fade = min(len(sound), max(1, int(FADE_OUT_S * sample_rate_hz)))
    sound[-fade:] *= np.linspace(1, 0, fade)
    gain = 10 ** (-ATTENUATION_DB * min(1440, max(0, zone.value(48))) / 20) / 32768
    angle = (min(500, max(-500, zone.value(17))) / 500 + 1) * np.pi / 4
    return (gain * np.stack([np.cos(angle) * sound, np.sin(angle) * sound])).astype(np.float32)


def _ratio(zone: Zone, key: int, sample_rate_hz: int) -> float:
    # samples of the file for each of ours
    root = zone.value(58) if 0 <= zone.value(58) <= 127 else zone.sample.root
    fixed = zone.value(46)
    played = fixed if 0 <= fixed <= 127 else key
    cents = (played - root) * min(1200, max(0, zone.value(56))) + 100 * zone.value(51) + zone.value(52)
    cents = min(6000, max(-6000, cents + zone.sample.cents))
    return 2 ** (cents / 1200) * zone.sample.rate_hz / sample_rate_hz


def _read(zone: Zone, pcm: np.ndarray, ratio: float, count: int, sample_rate_hz: int) -> np.ndarray:
    """Read a sample at a pitch, over its loop where it has one, cubic between samples, float64 [count or fewer]."""
    import numpy as np

    sample = zone.sample
    start = min(max(sample.start + zone.value(0) + 32768 * zone.value(4), 0), sample.end - 1)
    end = min(max(sample.end + zone.value(1) + 32768 * zone.value(12), start + 1), len(pcm))
    loop = sample.loop + zone.value(2) + 32768 * zone.value(45)
    loop_end = sample.loop_end + zone.value(3) + 32768 * zone.value(50)
    place = np.arange(count) * ratio
    is_looped = zone.value(54) & 1 and start <= loop < loop_end <= end
    if is_looped:
        over = place >= loop_end - start
        place[over] = loop - start + (place[over] - (loop - start)) % (loop_end - loop)
    else:
        place = place[place < end - start]
    raw = _source(pcm, start, min(end, start + int(place.max(initial=0)) + 4), ratio)
    index = place.astype(np.intp)
    part = place - index
    top = len(raw) - 1
    beyond = np.minimum(index + 1, top)
    if is_looped:
        # the sample behind the end of the loop is its first
        beyond = np.where(index + 1 >= loop_end - start, loop - start, beyond)
    further = np.where(beyond > index, np.minimum(index + 2, top), np.minimum(beyond + 1, top))
    before, here, there, far = raw[np.maximum(index - 1, 0)], raw[index], raw[beyond], raw[further]
    bend = 2 * before - 5 * here + 4 * there - far + part * (3 * (here - there) + far - before)
    return here + 0.5 * part * (there - before + part * bend)


def _source(pcm: np.ndarray, start: int, end: int, ratio: float) -> np.ndarray:
    # what would fold over when it is read faster is taken out first
    import numpy as np

    raw = np.asarray(pcm[start:end], dtype=np.float64)
    if ratio > 1.3 and len(raw) > 64:
        from scipy.signal import butter, sosfiltfilt

        raw = sosfiltfilt(butter(3, 2 * _KEPT_BAND / ratio, output="sos"), raw)
    return raw


def _envelope(zone: Zone, time: np.ndarray, held_s: float) -> np.ndarray:
    """Gain over time: delay, attack (straight), hold, decay to sustain and release (straight in dB)."""
    import numpy as np

    delay, attack, hold = (_seconds(zone.value(g)) for g in (33, 34, 35))
    decay, release = _seconds(zone.value(36)), max(_seconds(zone.value(38)), 0.005)
    sustain_db = min(1440, max(0, zone.value(37))) / 10
    after = time - delay - attack - hold
    # the decay time is that of a fall by 100 dB (8.1.3, generator 36)
    level_db = -np.minimum(np.maximum(after, 0) * SILENT_DB / decay, sustain_db)
    level_db -= np.maximum(time - held_s, 0) * SILENT_DB / min(release, LONGEST_TAIL_S)
    rise = np.clip((time - delay) / attack, 0, 1)
    return rise * 10 ** (np.maximum(level_db, -144) / 20)


def _seconds(timecents: int) -> float:
    return float(2 ** (min(8000, max(-12000, timecents)) / 1200))
