"""A person's own track as a music cue: analysed once, cut to the film on its bar lines, played block by block."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from pipeline.errors import UnreadableInput
from pipeline.media.music_files import open_music
from pipeline.records import Cue, SoundPlan
from pipeline.sound.music.tempo import usable_markers
from pipeline.sound.track.beats import Beats, find_beats
from pipeline.sound.track.features import COLOUR_S, Features, measure
from pipeline.sound.track.joins import choose_beats, join_costs
from pipeline.sound.track.plain import iter_plain
from pipeline.sound.track.rhythm import plan_rhythm, times_of
from pipeline.sound.track.splice import BLEND_S, GUARD_S, Reader, align, beat_of_length, join

logger = logging.getLogger(__name__)

# a bed of music has this at 0 dB, see `pipeline.sound.music.music.iter_music`
LOUDNESS_LUFS = -20.0
# more gain would only lift noise
MAX_GAIN_DB = 30.0
# what lies this far below the loudest tenth of a second is silence; an ending is this far below the usual level
SILENT_DB, ENDED_DB = -50.0, -22.0
# a last bar much quieter than the rest belongs to a fade, not to an ending
FADED_DB = -12.0
LEAST_RING_S = 0.4
# music without an ending fades over about this, from a bar line
FADE_S = 3.0
ATTACK_FADE_S = 0.002


@dataclass(frozen=True)
class Analysed:
    """What is known of a track."""

    duration_s: float
    # between these there is sound
    first_s: float
    last_s: float
    gain: float
    # None where there is no steady beat
    beats: Beats | None
    # of each beat to each, see `joins.join_costs`
    costs: np.ndarray | None
    # the downbeat of the track's own ending, and how long it rings; None for a track that just stops or fades
    ending: int | None
    ring_s: float | None


@dataclass(frozen=True)
class Cut:
    """A track cut to a length."""

    # where each beat lies in the film's music, s, and the end of the last
    times_s: np.ndarray
    # which beat of the track is played there, and how much of it
    beats: tuple[int, ...]
    shares: tuple[float, ...]
    # beats whose time must be met to the sample
    fixed: frozenset[int]
    # False when it fades
    ends: bool
    # cuts that a downbeat meets
    met_s: tuple[float, ...]

    @property
    def joins(self) -> tuple[int, ...]:
        """Beats that do not follow on the one before as in the track."""
        pairs = zip(self.beats, self.beats[1:], self.shares, strict=False)
        return tuple(k for k, (a, b, share) in enumerate(pairs, 1) if b != a + 1 or share < 1)


def analyse(file: Path) -> Analysed:
    """Measure a track and find its beats; remembered as long as the file does not change.

    Raises
    ------
    UnreadableInput
        It cannot be read, or is silent.
    """
    try:
        facts = file.stat()
    except OSError as error:
        raise UnreadableInput(f"The track {file} cannot be read: {error.strerror}; name another.") from error
    return _analyse(file, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=4)
def _analyse(file: Path, _size: int, _mtime_ns: int) -> Analysed:
    with open_music(file) as sound:
        features = measure(sound)
    if features.loudness_lufs is None:
        raise UnreadableInput(f"The track {file.name} is silent; name another.")
    heard = np.flatnonzero(features.power > features.power.max() * 10 ** (SILENT_DB / 10))
    last_s = min((heard[-1] + 1) * COLOUR_S, features.duration_s)
    beats = find_beats(features)
    ending = _ending(beats, features, last_s) if beats else None
    return Analysed(
        duration_s=features.duration_s,
        first_s=heard[0] * COLOUR_S,
        last_s=last_s,
        gain=10 ** (min(LOUDNESS_LUFS - features.loudness_lufs, MAX_GAIN_DB) / 20),
        beats=beats,
        costs=join_costs(beats, features) if beats else None,
        ending=ending,
        ring_s=last_s - float(beats.times_s[ending]) if beats and ending is not None else None,
    )


def _ending(beats: Beats, features: Features, last_s: float) -> int | None:
    downbeats = np.flatnonzero(beats.phases == 0)
    last = int(downbeats[-1])
    time_s = float(beats.times_s[last])
    if last_s - time_s < LEAST_RING_S or len(downbeats) < 2:
        return None
    usual = float(np.median(features.power))
    final = features.power[max(round(last_s / COLOUR_S) - 2, 0) : round(last_s / COLOUR_S)].mean()
    struck = features.power[round(time_s / COLOUR_S) :][:4].max()
    has_ended = final < usual * 10 ** (ENDED_DB / 10) and struck > usual * 10 ** (FADED_DB / 10)
    return last if has_ended else None


def plan_cut(track: Analysed, markers_s: tuple[float, ...], length_s: float) -> Cut | None:
    """Cut a track to a length so that its downbeats meet the markers; None for a track without a steady beat."""
    beats, costs = track.beats, track.costs
    if beats is None or costs is None:
        return None
    markers = usable_markers(markers_s, duration_s=length_s)
    beat_s = float(np.median(np.diff(beats.times_s)))
    rhythm = plan_rhythm(markers, length_s=length_s, beat_s=beat_s, metre=beats.metre, ring_s=track.ring_s)
    chosen, _ = choose_beats(rhythm.phases, beats, costs, ending=track.ending if rhythm.ends else None)
    spans = np.append(np.diff(beats.times_s), beat_s)
    times = times_of(rhythm, spans[chosen])
    met = tuple(rhythm.fixed_s[k] for k in sorted(rhythm.fixed_s) if rhythm.fixed_s[k] in markers)
    return Cut(times, tuple(chosen), rhythm.shares, frozenset(rhythm.fixed_s), rhythm.ends, met)


def iter_track(
    cue: Cue, plan: SoundPlan, *, file: Path, sample_rate_hz: int, block_samples: int
) -> Iterator[np.ndarray]:
    """Play a person's own track as a music cue; memory does not grow with its length or the track's.

    A track with a steady beat is cut on its bar lines: the beats of a cue are laid so that downbeats meet the plan's
    markers, and bars of the track fill them with joins where what follows sounds like what would have followed. It ends
    with its own ending, or fades from a bar line. A track without one plays from its first sound and fades.
    Level and pan of the cue are left to the caller; at 0 dB it has -20 LUFS, as the beds of our own.

    Parameters
    ----------
    file : Path
        WAV, FLAC, MP3, M4A or OGG.

    Yields
    ------
    float32 [2, n]
        Blocks of `block_samples` (the last may be shorter), together ``round(length_s * sample_rate_hz)`` samples.

    Raises
    ------
    UnreadableInput
        The track cannot be read, or is silent.
    """
    track = analyse(file)
    total = round(cue.length_s * sample_rate_hz)
    cut = plan_cut(track, tuple(marker - cue.time_s for marker in plan.markers_s), cue.length_s)
    with open_music(file) as sound:
        read = Reader(sound, sample_rate_hz)
        if cut is None or track.beats is None:
            logger.warning("%s has no steady beat, so it is not cut on bars: it plays on and fades.", file.name)
            pieces = iter_plain(read, track.first_s, track.last_s, total, sample_rate_hz)
        else:
            logger.info("%s: %s", file.name, describe(track))
            shaped = _played(cut, track.beats, read, sample_rate_hz)
            pieces = _faded(shaped, _fade_from(cut, track.beats, cue.length_s), total, sample_rate_hz)
        yield from _blocks(pieces, np.float32(track.gain), total, block_samples)


def describe(track: Analysed) -> str:
    """Tempo and metre in words."""
    if track.beats is None:
        return "no steady beat"
    return f"{track.beats.bpm:.1f} BPM in {track.beats.metre}/4"


def _played(cut: Cut, beats: Beats, read: Reader, rate_hz: int) -> Iterator[np.ndarray]:
    """Beat after beat from time zero on, float32 [2, n]."""
    own = np.append(beats.times_s, beats.times_s[-1] + np.median(np.diff(beats.times_s)))
    places = np.round(cut.times_s * rate_hz).astype(int)
    position = round(float(own[cut.beats[0]]) * rate_hz)
    yield _before(read, position, int(places[0]), rate_hz)
    moved, joins = 0, frozenset(cut.joins)
    for step, beat in enumerate(cut.beats):
        count = int(places[step + 1] - places[step])
        is_last = step + 1 == len(cut.beats)
        if is_last and cut.ends:
            # the last sound rings on as long as it is asked for
            yield from _rest(read, position, rate_hz)
            return
        span = cut.shares[step] * (own[beat + 1] - own[beat])
        end = round(float(own[beat] + span) * rate_hz) + moved
        is_joined = step + 1 in joins
        excess = count - (end - position)
        if is_joined and excess <= 0:
            # what is left over falls away with the rest of the bar
            sound = read(position, count)
        else:
            exact = is_last or (step + 1 in cut.fixed and not is_joined)
            sound, position = beat_of_length(read, position, count, excess, exact=exact, rate_hz=rate_hz)
        if is_joined:
            following = round(float(own[cut.beats[step + 1]]) * rate_hz)
            moved = align(read, round(float(own[beat + 1]) * rate_hz) + moved, following, rate_hz=rate_hz)
            position = following + moved
            sound = join(sound, read, position, rate_hz=rate_hz)
        yield sound
    yield from _rest(read, position, rate_hz)


def _before(read: Reader, position: int, count: int, rate_hz: int) -> np.ndarray:
    # silence up to the first beat; its attack begins a little before it
    sound = np.zeros((2, count), np.float32)
    lead = min(count, round((BLEND_S + GUARD_S) * rate_hz))
    if lead:
        sound[:, count - lead :] = read(position - lead, lead) * np.linspace(0, 1, lead, dtype=np.float32)
    return sound


def _rest(read: Reader, position: int, rate_hz: int) -> Iterator[np.ndarray]:
    while True:
        yield read(position, rate_hz)
        position += rate_hz


def _fade_from(cut: Cut, beats: Beats, length_s: float) -> float:
    """Where music without an ending begins to fade, s: on a bar line; the end itself where the track ends by itself."""
    if cut.ends:
        # only what still rings is let go
        return max(float(cut.times_s[-2]), length_s - FADE_S / 2)
    wanted = length_s - min(FADE_S, length_s / 3)
    phases = beats.phases[list(cut.beats)]
    lines = [float(time) for time, phase in zip(cut.times_s, phases, strict=False) if phase == 0 and time < length_s]
    return min(lines, key=lambda time: abs(time - wanted), default=wanted)


def _faded(pieces: Iterator[np.ndarray], from_s: float, total: int, rate_hz: int) -> Iterator[np.ndarray]:
    begin = min(round(from_s * rate_hz), max(total - 1, 0))
    done = 0
    attack = max(round(ATTACK_FADE_S * rate_hz), 1)
    for piece in pieces:
        place = done + np.arange(piece.shape[1])
        left = np.clip((total - 1 - place) / max(total - 1 - begin, 1), 0, 1)
        shape = np.sin(0.5 * math.pi * left) ** 2 * np.clip((place + 1) / attack, 0, 1)
        yield piece * shape.astype(np.float32)
        done += piece.shape[1]


def _blocks(pieces: Iterator[np.ndarray], gain: np.float32, total: int, size: int) -> Iterator[np.ndarray]:
    """Pieces cut anew into blocks, `total` samples in all."""
    held = np.zeros((2, 0), np.float32)
    given = 0
    while given < total:
        wanted = min(size, total - given)
        parts, have = [held], held.shape[1]
        while have < wanted:
            piece = next(pieces, None)
            piece = np.zeros((2, wanted - have), np.float32) if piece is None else piece
            parts.append(piece)
            have += piece.shape[1]
        joined = np.concatenate(parts, axis=1)
        held = joined[:, wanted:]
        yield gain * joined[:, :wanted]
        given += wanted
