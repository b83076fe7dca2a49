"""Music: a bed that belongs to the picture, rendered block by block from a cue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.records import Cue, SoundPlan
from pipeline.sound.music.drums import DRUMS, drum, riser
from pipeline.sound.music.hall import Hall
from pipeline.sound.music.parts import Note, play
from pipeline.sound.music.score import Score, compose
from pipeline.sound.music.synth import LOOP_SAMPLES, PADS, Voices

if TYPE_CHECKING:
    import numpy as np

CHANNELS = 2
# the hall works on blocks of this length, whatever the caller asks for
HALL_BLOCK = 1 << 16
# a held voice falls away over this time after its note; the next chord fades in meanwhile
RELEASE_S = {"pad": 0.45, "bass": 0.06}
SHORT_RELEASE_S = 0.05
ACCENT_DB = {"boom": -5.0, "taiko": -4.0, "cymbal": -15.0, "bell": -9.0, "riser": -15.0}
# a tick of 50 ms carries far less energy than a drum of the same peak
DRUM_DB = {"tick": 7.0}
# how much of each part is sent to the hall, against the style's own amount
SEND_DB = {"pad": 0.0, "bass": -14.0, "arp": 3.0, "lead": 4.0, "drums": -3.0, "accent": 2.0}
FADE_IN_S = 0.02
# the end: the last chord is let go over this share of its ring
FADE_OUT_SHARE, FADE_OUT_S = 0.7, 2.5


def iter_music(cue: Cue, plan: SoundPlan, *, sample_rate_hz: int, block_samples: int) -> Iterator[np.ndarray]:
    """Render a music cue; memory does not grow with its length.

    The same cue, plan and rate give the same samples, whatever the block length. Level and pan of the cue are left to
    the caller; at 0 dB a bed has about -20 LUFS.

    Parameters
    ----------
    cue : Cue
        ``sound`` names the style, e.g. ``music/cinematic``; ``seed`` decides all that is left to chance.
    plan : SoundPlan
        Its markers are met by beats, its mood colours the music.
    sample_rate_hz, block_samples : int

    Yields
    ------
    float32 [2, n]
        Blocks of `block_samples` (the last may be shorter), together ``round(length_s * sample_rate_hz)`` samples
        that begin at ``cue.time_s``.

    Raises
    ------
    UsageError
        When the style is not known or a parameter makes no sense.
    """
    score = compose(cue, plan)
    samples = round(score.length_s * sample_rate_hz)
    finished = _finish(_perform(score, sample_rate_hz), score, samples=samples, sample_rate_hz=sample_rate_hz)
    yield from _in_blocks(finished, block_samples, samples=samples)


@dataclass
class _Tracks:
    """What has been played and may still grow: dry sound and what goes to the hall."""

    # float32 [2 buses, 2 channels, samples], from `start` on
    sound: np.ndarray
    start: int = 0
    voices: Voices = field(kw_only=True)

    def add(self, note: np.ndarray, start: int, *, gains: tuple[float, float], send: float) -> None:
        """Mix a sound, float32 [2, n], in at an absolute sample."""
        import numpy as np

        place = start - self.start
        if place + note.shape[1] > self.sound.shape[2]:
            more = place + note.shape[1] - self.sound.shape[2]
            self.sound = np.concatenate([self.sound, np.zeros((2, CHANNELS, more), dtype=np.float32)], axis=2)
        panned = note * np.asarray(gains, dtype=np.float32)[:, None]
        self.sound[0, :, place : place + note.shape[1]] += panned
        self.sound[1, :, place : place + note.shape[1]] += np.float32(send) * panned

    def take(self, end: int) -> np.ndarray:
        """Everything before an absolute sample, float32 [2 buses, 2, n]; it is final."""
        import numpy as np

        count = end - self.start
        if count > self.sound.shape[2]:
            pad = count - self.sound.shape[2]
            self.sound = np.pad(self.sound, ((0, 0), (0, 0), (0, pad)))
        ready, rest = self.sound[:, :, :count], self.sound[:, :, count:].copy()
        self.sound, self.start = rest, end
        return ready


# ------------------------------------------------------------- performance
def _perform(score: Score, sample_rate_hz: int) -> Iterator[np.ndarray]:
    """Play bar after bar; what lies before the next bar is final, float32 [2 buses, 2, n]."""
    import numpy as np

    end = round(score.length_s * sample_rate_hz)
    tracks = _Tracks(np.zeros((2, CHANNELS, 0), dtype=np.float32), voices=Voices(sample_rate_hz))
    for bar, notes in zip(score.bars, play(score), strict=True):
        yield tracks.take(min(end, max(0, int(bar.times_s[0] * sample_rate_hz))))
        for note in notes:
            start = max(0, round(note.time_s * sample_rate_hz))
            sound = _sound(note, tracks.voices, start=start)[:, : end - start]
            if sound.shape[1]:
                gain = _gain(note, score)
                left, right = _sides(note.pan)
                tracks.add(sound, start, gains=(gain * left, gain * right), send=_send(note, score))
    yield tracks.take(end)


def _sound(note: Note, voices: Voices, *, start: int) -> np.ndarray:
    rate = voices.sample_rate_hz
    if note.voice == "riser":
        return riser(note.length_s, sample_rate_hz=rate)
    if note.voice in DRUMS:
        return voices.keep(note.voice, 0, lambda: drum(note.voice, sample_rate_hz=rate))
    if note.voice in PADS:
        return _held(note, voices, start=start)
    sound = voices.struck(note.voice, note.pitch)
    return _damped(sound, note, rate) if note.part == "bass" else sound


def _held(note: Note, voices: Voices, *, start: int) -> np.ndarray:
    """Cut a sustained note out of its loop and shape it, float32 [2, samples]."""
    import numpy as np

    rate = voices.sample_rate_hz
    loop = voices.held(note.voice, note.pitch)
    is_short = note.length_s < 0.4
    release = SHORT_RELEASE_S if is_short else RELEASE_S.get(note.part, SHORT_RELEASE_S)
    body, tail = max(1, round(note.length_s * rate)), max(1, round(release * rate))
    # the loop runs on in absolute time, so that a gated tone stays one tone
    place = (start + np.arange(body + tail)) % LOOP_SAMPLES
    rise = min(body, max(1, round((note.attack_s or 0.03) * rate)))
    shape = np.ones(body + tail, dtype=np.float32)
    shape[:rise] = np.sin(0.5 * np.pi * np.arange(rise) / rise)
    shape[body:] = np.cos(0.5 * np.pi * np.arange(1, tail + 1) / tail)
    return loop[:, place] * shape


def _damped(sound: np.ndarray, note: Note, rate: int) -> np.ndarray:
    # a bass string is stopped when its note ends
    import numpy as np

    body, tail = max(1, round(note.length_s * rate)), round(SHORT_RELEASE_S * rate)
    if body + tail >= sound.shape[1]:
        return sound
    stopped = sound[:, : body + tail].copy()
    stopped[:, body:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, tail + 1) / tail)
    return stopped


def _gain(note: Note, score: Score) -> float:
    style = score.style
    own_db = (ACCENT_DB if note.part == "accent" else DRUM_DB).get(note.voice, 0.0)
    level_db = style.levels_db[note.part] + own_db
    return float(10 ** ((level_db + style.trim_db) / 20) * note.velocity**1.5)


def _send(note: Note, score: Score) -> float:
    return float(10 ** ((score.style.room_db + SEND_DB[note.part]) / 20))


def _sides(pan: float) -> tuple[float, float]:
    # constant power, unity in the middle
    import math

    angle = (pan + 1) * math.pi / 4
    return math.sqrt(2) * math.cos(angle), math.sqrt(2) * math.sin(angle)


# --------------------------------------------------------------- finishing
def _finish(pieces: Iterable[np.ndarray], score: Score, *, samples: int, sample_rate_hz: int) -> Iterator[np.ndarray]:
    """Add the hall, take rumble out, fade both ends; float32 [2, n]."""
    import numpy as np
    from scipy.signal import butter, sosfilt

    hall = Hall(score.style.room_s, sample_rate_hz=sample_rate_hz, block_samples=HALL_BLOCK)
    rumble = butter(2, 28.0, "highpass", fs=sample_rate_hz, output="sos")
    state = np.zeros((1, CHANNELS, 2))
    done = 0
    for piece in _in_blocks(pieces, HALL_BLOCK, samples=samples):
        sound = piece[0] + hall.add(piece[1])
        clean, state = sosfilt(rumble, sound.astype(np.float64), axis=1, zi=state)
        shape = _fades(score, start=done, count=clean.shape[1], samples=samples, sample_rate_hz=sample_rate_hz)
        yield (clean * shape).astype(np.float32)
        done += clean.shape[1]


def _fades(score: Score, *, start: int, count: int, samples: int, sample_rate_hz: int) -> np.ndarray:
    import numpy as np

    place = np.arange(start, start + count)
    ring_s = score.length_s - max(0.0, score.bars[-1].times_s[0])
    fade = max(1.0, min(FADE_OUT_SHARE * ring_s, FADE_OUT_S) * sample_rate_hz)
    rise = max(1.0, min(FADE_IN_S, 0.1 * score.length_s) * sample_rate_hz)
    into = np.clip(place / rise, 0, 1)
    out = np.clip((samples - 1 - place) / fade, 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * into)) * (0.5 - 0.5 * np.cos(np.pi * out))


def _in_blocks(pieces: Iterable[np.ndarray], size: int, *, samples: int) -> Iterator[np.ndarray]:
    # pieces of any length along the last axis, cut anew
    import numpy as np

    waiting: list[np.ndarray] = []
    held = 0
    for piece in pieces:
        waiting.append(piece)
        held += piece.shape[-1]
        if held >= size:
            joined = np.concatenate(waiting, axis=-1)
            for start in range(0, held - held % size, size):
                yield joined[..., start : start + size]
            waiting = [joined[..., held - held % size :]]
            held %= size
    if held:
        yield np.concatenate(waiting, axis=-1)
