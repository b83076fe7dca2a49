"""Music: a bed that belongs to the picture, rendered block by block from a cue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.records import Cue, SoundPlan
from pipeline.sound.music.desk import KICKS, PUMP_LASTS_S, PUMPED, gain, make_up_db, pumped, send, sides
from pipeline.sound.music.drums import DRUMS, VARIANTS, drum, riser
from pipeline.sound.music.hall import Hall
from pipeline.sound.music.parts import Note, play
from pipeline.sound.music.sampler import Sampler
from pipeline.sound.music.score import Score, compose
from pipeline.sound.music.soundfont import SoundFont, read_soundfont
from pipeline.sound.music.synth import Voices, blend
from pipeline.sound.music.tape import Tape
from pipeline.sound.music.voices import PADS, TREMOLOS
from pipeline.sound.noise import stream

if TYPE_CHECKING:
    import numpy as np

CHANNELS = 2
# the hall works on blocks of this length, whatever the caller asks for
HALL_BLOCK = 1 << 16
# a held voice falls away over this time after its note; the next chord fades in meanwhile
RELEASE_S = {"pad": 0.45, "bass": 0.06}
SHORT_RELEASE_S = 0.05
# struck voices that are stopped when their note ends, and how quickly; all others ring on
DAMP_S = {"bass": 0.06, "comp": 0.14}
# the rare peak above the knee (-4.4 dBFS) is rounded; nothing passes the ceiling (-1 dBFS)
KNEE, CEILING = 0.6, 0.89
# buses of the desk
BUSES, DRY, PUSHED, HALL = 3, 0, 1, 2
FADE_IN_S = 0.02
# the end: the last chord is let go over this share of its ring
FADE_OUT_SHARE, FADE_OUT_S = 0.7, 2.5


def iter_music(
    cue: Cue, plan: SoundPlan, *, sample_rate_hz: int, block_samples: int, soundfont: Path | None = None
) -> Iterator[np.ndarray]:
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
    soundfont : Path, optional
        An .sf2 file that plays the notes instead of our own voices; what it lacks, they play.

    Yields
    ------
    float32 [2, n]
        Blocks of `block_samples` (the last may be shorter), together ``round(length_s * sample_rate_hz)`` samples
        that begin at ``cue.time_s``.

    Raises
    ------
    UsageError
        When the style is not known, a parameter makes no sense or there is no such SoundFont.
    UnreadableInput
        When the SoundFont is damaged.
    """
    font = read_soundfont(soundfont) if soundfont else None
    score = compose(cue, plan)
    samples = round(score.length_s * sample_rate_hz)
    finished = _finish(_perform(score, sample_rate_hz, font), score, samples=samples, sample_rate_hz=sample_rate_hz)
    yield from _in_blocks(finished, block_samples, samples=samples)


@dataclass
class _Tracks:
    """What has been played and may still grow: dry sound, what a kick pushes down, and what goes to the hall."""

    # float32 [3 buses, 2 channels, samples], from `start` on
    sound: np.ndarray
    voices: Voices = field(kw_only=True)
    pump_db: float = field(kw_only=True)
    start: int = 0
    # absolute sample and velocity of the kicks that are still felt
    kicks: list[tuple[int, float]] = field(default_factory=list)

    def add(self, note: Note, sound: np.ndarray, start: int, *, gain: float, send: float) -> None:
        """Mix a sound, float32 [2, n], in at an absolute sample."""
        import numpy as np

        place, count = start - self.start, sound.shape[1]
        more = place + count - self.sound.shape[2]
        if more > 0:
            self.sound = np.concatenate([self.sound, np.zeros((BUSES, CHANNELS, more), dtype=np.float32)], axis=2)
        panned = sound * np.float32(gain) * np.asarray(sides(note), dtype=np.float32)[:, None]
        bus = PUSHED if self.pump_db and note.part in PUMPED else DRY
        self.sound[bus, :, place : place + count] += panned
        self.sound[HALL, :, place : place + count] += np.float32(send) * panned
        if self.pump_db and note.voice in KICKS:
            self.kicks.append((start, note.velocity))

    def take(self, end: int) -> np.ndarray:
        """Everything before an absolute sample, float32 [dry and hall, 2, n]; it is final."""
        import numpy as np

        count, rate = end - self.start, self.voices.sample_rate_hz
        if count > self.sound.shape[2]:
            pad = count - self.sound.shape[2]
            self.sound = np.pad(self.sound, ((0, 0), (0, 0), (0, pad)))
        ready, self.sound = self.sound[:, :, :count], self.sound[:, :, count:].copy()
        if self.pump_db:
            ready[PUSHED] *= pumped(
                self.kicks, start=self.start, count=count, depth_db=self.pump_db, sample_rate_hz=rate
            )
            self.kicks = [kick for kick in self.kicks if kick[0] > end - PUMP_LASTS_S * rate]
        self.start = end
        return np.stack([ready[DRY] + ready[PUSHED], ready[HALL]])


# ------------------------------------------------------------- performance
def _perform(score: Score, sample_rate_hz: int, font: SoundFont | None) -> Iterator[np.ndarray]:
    """Play bar after bar; what lies before the next bar is final, float32 [dry and hall, 2, n]."""
    import numpy as np

    end = round(score.length_s * sample_rate_hz)
    nothing = np.zeros((BUSES, CHANNELS, 0), dtype=np.float32)
    tracks = _Tracks(nothing, voices=Voices(sample_rate_hz), pump_db=score.style.pump_db)
    sampler = Sampler(font, tracks.voices) if font else None
    made_up_db = make_up_db(score)
    for bar, notes in zip(score.bars, play(score), strict=True):
        yield tracks.take(min(end, max(0, int(bar.times_s[0] * sample_rate_hz))))
        for note in notes:
            start = max(0, round(note.time_s * sample_rate_hz))
            sampled = sampler.play(note) if sampler else None
            sound = (_sound(note, tracks.voices, start=start) if sampled is None else sampled)[:, : end - start]
            if sound.shape[1]:
                loud = gain(note, score.style, level=bar.level, made_up_db=made_up_db)
                tracks.add(note, sound, start, gain=loud, send=send(note, score.style))
    yield tracks.take(end)


def _sound(note: Note, voices: Voices, *, start: int) -> np.ndarray:
    rate = voices.sample_rate_hz
    if note.voice == "riser":
        return riser(note.length_s, sample_rate_hz=rate)
    if note.voice in DRUMS:
        return _hit(note, voices)
    if note.voice in PADS:
        return _held(note, voices, start=start)
    sound = voices.struck(note.voice, note.pitch, strength=note.velocity)
    sound = _damped(sound, note, rate) if note.part in DAMP_S else sound
    return _wavering(sound, note.voice, start=start, sample_rate_hz=rate)


def _hit(note: Note, voices: Voices) -> np.ndarray:
    # another way of striking each time, never the same twice in a row
    rng = stream("hit", note.voice, voices.count(note.voice, 0))
    variant = voices.count(f"{note.voice} way", 0) % VARIANTS
    layers = voices.keep(
        note.voice, variant, lambda: drum(note.voice, sample_rate_hz=voices.sample_rate_hz, variant=variant)
    )
    return blend(layers, note.velocity + float(rng.uniform(-0.08, 0.08)))


def _held(note: Note, voices: Voices, *, start: int) -> np.ndarray:
    """Cut a sustained note out of its loop and shape it, float32 [2, samples]."""
    import numpy as np

    rate = voices.sample_rate_hz
    loop = voices.held(note.voice, note.pitch)
    is_short = note.length_s < 0.4
    release = SHORT_RELEASE_S if is_short else RELEASE_S.get(note.part, SHORT_RELEASE_S)
    body, tail = max(1, round(note.length_s * rate)), max(1, round(release * rate))
    # the loop runs on in absolute time, so that a gated tone stays one tone
    rise = min(body, max(1, round((note.attack_s or 0.03) * rate)))
    shape = np.ones(body + tail, dtype=np.float32)
    shape[:rise] = np.sin(0.5 * np.pi * np.arange(rise) / rise)
    shape[body:] = np.cos(0.5 * np.pi * np.arange(1, tail + 1) / tail)
    first = start % loop.shape[1]
    turns = -(-(first + body + tail) // loop.shape[1])
    return np.tile(loop, turns)[:, first : first + body + tail] * shape


def _damped(sound: np.ndarray, note: Note, rate: int) -> np.ndarray:
    # a bass string is stopped when its note ends, a hand lifts from the keys
    import numpy as np

    body, tail = max(1, round(note.length_s * rate)), round(DAMP_S[note.part] * rate)
    if body + tail >= sound.shape[1]:
        return sound
    stopped = sound[:, : body + tail]
    stopped[:, body:] *= (0.5 + 0.5 * np.cos(np.pi * np.arange(1, tail + 1) / tail)).astype(np.float32)
    return stopped


def _wavering(sound: np.ndarray, voice: str, *, start: int, sample_rate_hz: int) -> np.ndarray:
    # one tremolo for all notes of an instrument: it runs on in absolute time
    import numpy as np

    if voice not in TREMOLOS:
        return sound
    rate_hz, depth, is_across = TREMOLOS[voice]
    wave = np.sin(2 * np.pi * rate_hz * (start + np.arange(sound.shape[1])) / sample_rate_hz).astype(np.float32)
    return sound * (1 + depth * np.stack([wave, -wave if is_across else wave]))


# --------------------------------------------------------------- finishing
def _finish(pieces: Iterable[np.ndarray], score: Score, *, samples: int, sample_rate_hz: int) -> Iterator[np.ndarray]:
    """Add the hall, take rumble out, fade both ends; float32 [2, n]."""
    import numpy as np
    from scipy.signal import butter, sosfilt

    hall = Hall(score.style.room_s, sample_rate_hz=sample_rate_hz, block_samples=HALL_BLOCK)
    rumble = butter(2, 28.0, "highpass", fs=sample_rate_hz, output="sos")
    state = np.zeros((1, CHANNELS, 2))
    tape = Tape(score.seed, sample_rate_hz=sample_rate_hz) if score.style.tape else None
    done = 0
    for piece in _in_blocks(pieces, HALL_BLOCK, samples=samples):
        sound = piece[0] + hall.add(piece[1])
        clean, state = sosfilt(rumble, sound.astype(np.float64), axis=1, zi=state)
        shape = _fades(score, start=done, count=clean.shape[1], samples=samples, sample_rate_hz=sample_rate_hz)
        worn = clean if tape is None else tape.add(clean.astype(np.float32))
        yield (_held_in(worn) * shape).astype(np.float32)
        done += clean.shape[1]


def _held_in(sound: np.ndarray) -> np.ndarray:
    """Bend peaks above the knee so that none reaches full scale; what lies below is left as it is."""
    import numpy as np

    loud = np.abs(sound)
    over = np.maximum(loud - KNEE, 0) / (CEILING - KNEE)
    return np.where(loud > KNEE, np.sign(sound) * (KNEE + (CEILING - KNEE) * np.tanh(over)), sound)


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
