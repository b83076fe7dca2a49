"""The music of a plan as a MIDI file of type 1: tempo map, time signatures, markers and a named track for each part."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.files import replacing
from pipeline.records import Cue, SoundPlan
from pipeline.sound.music.general_midi import DRUM_CHANNEL, drum_key_of, program_of
from pipeline.sound.music.harmony import MINOR_MODES
from pipeline.sound.music.key_names import key_name
from pipeline.sound.music.notes import Note
from pipeline.sound.music.parts import play
from pipeline.sound.music.score import Score, compose
from pipeline.sound.track.cue import is_track, track_of

# what every sequencer reads; half a millisecond at 120 BPM, and sixteenths and triplets are whole
TICKS_PER_QUARTER = 960
# a tempo stands in whole microseconds: it is set anew as soon as their sum would be off by more than this
MOST_OFF_S = 0.0001
# Standard MIDI File: three bytes
TEMPO_US = (1, 0xFFFFFF)
USUAL_BPM = 120.0
SHORTEST_NOTE_S = 0.05
# channel volume of the loudest part; General MIDI level 2: 40 log10 (value / 127) dB
VOLUME, VOLUME_DB = 100, 40.0
_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
MAX_TEXT = 200
_MINOR_KEYS = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
_MAJOR_KEYS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True)
class GridPoint:
    """A beat of the file."""

    time_s: float
    # quarter notes to the next
    quarters: float
    is_downbeat: bool


@dataclass(frozen=True)
class TickMap:
    """Where moments lie in the file, with the tempos as they are written."""

    # of each grid point and of the end
    ticks: tuple[int, ...]
    times_s: tuple[float, ...]
    # (tick, microseconds a quarter note) where it changes
    tempos: tuple[tuple[int, int], ...]

    def tick(self, time_s: float) -> int:
        """The tick nearest to a moment."""
        index = min(max(bisect_right(self.times_s, time_s) - 1, 0), len(self.ticks) - 2)
        begin, end = self.times_s[index], self.times_s[index + 1]
        share = (time_s - begin) / (end - begin)
        return max(self.ticks[index] + round(share * (self.ticks[index + 1] - self.ticks[index])), 0)


@dataclass
class _Part:
    """Notes of one player, in ticks: (start, end, key, velocity)."""

    name: str
    channel: int
    program: int | None
    notes: list[tuple[int, int, int, int]] = field(default_factory=list)
    # controllers: (tick, number, value)
    controls: list[tuple[int, int, int]] = field(default_factory=list)


def write_midi(plan: SoundPlan, path: Path, *, track: Path | None = None) -> None:
    """Write all music cues of a plan into one MIDI file, whole or not at all.

    Tick 0 is the clip's time zero. Beats, bars and short bars of the music are those of the file; between cues the
    time is filled with bars at the tempo of the next one. A person's own track gives tempo map and markers only, and
    without the file only markers.

    Parameters
    ----------
    track : Path, optional
        The person's own track, where the plan plays one.
    """
    import mido

    scores = [(cue, compose(cue, plan)) for cue in _music(plan) if not is_track(cue)]
    grid = lay_grid(plan, scores, track=track)
    ticks = map_ticks(grid)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset="latin-1")
    file.tracks.append(_conductor(plan, grid, ticks, scores))
    file.tracks += [_written(part) for part in _parts(scores, ticks)]
    with replacing(path) as beside:
        file.save(beside)


def _music(plan: SoundPlan) -> list[Cue]:
    found = [cue for cue in plan.cues if cue.sound.startswith("music/") or is_track(cue)]
    return sorted(found, key=lambda cue: (cue.time_s, cue.id))


# ------------------------------------------------------------------- grid
def lay_grid(plan: SoundPlan, scores: Sequence[tuple[Cue, Score]], *, track: Path | None) -> list[GridPoint]:
    """The beats of the whole file; the last point is its end and counts nothing."""
    known = {cue.id: _beats_of(score) for cue, score in scores}
    cues = _music(plan)
    points: list[GridPoint] = []
    for index, cue in enumerate(cues):
        until_s = cues[index + 1].time_s if index + 1 < len(cues) else math.inf
        own = known[cue.id] if cue.id in known else _beats_of_track(cue, plan, track)
        own = [replace(one, time_s=one.time_s + cue.time_s) for one in own]
        own = _from_zero([one for one in own if one.time_s < until_s - 1e-6])
        if own and points:
            while points and points[-1].time_s > own[0].time_s - 0.02:
                points.pop()
        if own:
            points = [*_filled(points, own[0].time_s, _bpm(own)), *own]
    end_s = max(plan.duration_s, points[-1].time_s + 0.02 if points else 0.0)
    return _filled(points, end_s, _bpm(points))


def _beats_of(score: Score) -> list[GridPoint]:
    tempo = score.tempo
    starts = set(tempo.downbeats)
    quarters = (*tempo.units, 1.0)
    return [GridPoint(t, q, k in starts) for k, (t, q) in enumerate(zip(tempo.beats_s, quarters, strict=True))]


def _beats_of_track(cue: Cue, plan: SoundPlan, track: Path | None) -> list[GridPoint]:
    from pipeline.sound.track.track import analyse, plan_cut

    if track is None:
        return []
    analysed = analyse(track_of(cue, track))
    cut = plan_cut(analysed, tuple(marker - cue.time_s for marker in plan.markers_s), cue.length_s)
    if cut is None or analysed.beats is None:
        return []
    phases = analysed.beats.phases[list(cut.beats)]
    times = cut.times_s[:-1]
    return [GridPoint(float(t), q, int(p) == 0) for t, q, p in zip(times, cut.shares, phases, strict=True)]


def _from_zero(points: list[GridPoint]) -> list[GridPoint]:
    # a beat that begins before the clip does is played shorter, so that bars stay whole
    while len(points) > 1 and points[1].time_s <= 1e-6:
        points = points[1:]
    return [replace(points[0], time_s=max(points[0].time_s, 0.0)), *points[1:]] if points else []


def _bpm(points: Sequence[GridPoint]) -> float:
    spans = [b.time_s - a.time_s for a, b in zip(points, points[1:], strict=False) if a.quarters == 1]
    return min(max(60 / sorted(spans)[len(spans) // 2], 30.0), 300.0) if spans else USUAL_BPM


def _filled(points: list[GridPoint], until_s: float, bpm: float) -> list[GridPoint]:
    """Points with whole beats laid up to a moment, which becomes a point as well where there is none."""
    begin_s = points[-1].time_s if points else 0.0
    gap_s = until_s - begin_s
    if gap_s <= 1e-6:
        return points[:-1]
    beats = max(round(gap_s * bpm / 60), 1)
    # the last point of what is there begins the first of these beats
    had = points[-1].is_downbeat if points else True
    made = [GridPoint(begin_s + gap_s * n / beats, 1.0, n % 4 == 0 if n else had) for n in range(beats)]
    return [*points[:-1], *made]


def map_ticks(points: Sequence[GridPoint], end_s: float | None = None) -> TickMap:
    """Tempos in whole microseconds for a grid, chosen by what the ones before them really add up to.

    Rounding is never handed on: a tempo stays as long as the next beat is hit within 0.1 ms, else a new one is set that
    hits it.
    """
    if end_s is None:
        end_s = points[-1].time_s + (points[-1].time_s - points[-2].time_s if len(points) > 1 else 0.5)
    targets = [*(point.time_s for point in points[1:]), end_s]
    ticks, times = [0], [0.0]
    tempos: list[tuple[int, int]] = []
    current = 0
    for point, target_s in zip(points, targets, strict=True):
        wanted = min(max(round((target_s - times[-1]) * 1e6 / point.quarters), TEMPO_US[0]), TEMPO_US[1])
        if not current or abs(current - wanted) * point.quarters > MOST_OFF_S * 1e6:
            current = wanted
            tempos.append((ticks[-1], current))
        ticks.append(ticks[-1] + round(point.quarters * TICKS_PER_QUARTER))
        times.append(times[-1] + current * point.quarters / 1e6)
    return TickMap(tuple(ticks), tuple(times), tuple(tempos))


# -------------------------------------------------------------- conductor
def _conductor(plan: SoundPlan, grid: list[GridPoint], ticks: TickMap, scores: Sequence[tuple[Cue, Score]]) -> Any:
    from mido import MetaMessage

    events: list[tuple[int, Any]] = [(0, MetaMessage("track_name", name="Foleymark music"))]
    events += [(tick, MetaMessage("set_tempo", tempo=tempo)) for tick, tempo in ticks.tempos]
    events += [
        (tick, MetaMessage("time_signature", numerator=above, denominator=below))
        for tick, above, below in _signatures(grid, ticks)
    ]
    for cue, score in scores:
        tick = ticks.tick(cue.time_s)
        name = f"{cue.sound.partition('/')[2]}, {key_name(score.key.tonic, score.key.mode)}"
        events.append((tick, MetaMessage("key_signature", key=_key_of(score))))
        events.append((tick, MetaMessage("text", text=_latin(name))))
        for section in score.sections:
            first_s = max(score.bars[section.first].times_s[0], 0.0) + cue.time_s
            events.append((ticks.tick(first_s), MetaMessage("marker", text=section.kind)))
    cuts = [marker for marker in plan.markers_s if 0 <= marker <= plan.duration_s]
    events += [(ticks.tick(time_s), MetaMessage("marker", text=f"cut {n}")) for n, time_s in enumerate(cuts, 1)]
    for cue in (cue for cue in _music(plan) if is_track(cue)):
        events.append((ticks.tick(cue.time_s), MetaMessage("marker", text=_latin(cue.sound))))
    return _track(events, end=ticks.ticks[-1])


def _signatures(grid: list[GridPoint], ticks: TickMap) -> list[tuple[int, int, int]]:
    """(tick, numerator, denominator) wherever it changes."""
    starts = [index for index, point in enumerate(grid) if point.is_downbeat or index == 0]
    found: list[tuple[int, int, int]] = []
    for first, last in zip(starts, [*starts[1:], len(grid)], strict=True):
        quarters = sum(point.quarters for point in grid[first:last])
        above, below = next(
            ((round(quarters * part), 4 * part) for part in (1, 2, 4) if abs(quarters * part % 1 - 0.5) > 0.49),
            (max(round(quarters * 8), 1), 32),
        )
        is_rest = last == len(grid)
        if not found or ((above, below) != found[-1][1:] and not is_rest):
            found.append((ticks.ticks[first], min(above, 255), below))
    return found


def _key_of(score: Score) -> str:
    names = _MINOR_KEYS if score.key.mode in MINOR_MODES else _MAJOR_KEYS
    return names[score.key.tonic % 12]


# ------------------------------------------------------------------ parts
def _parts(scores: Sequence[tuple[Cue, Score]], ticks: TickMap) -> list[_Part]:
    """A part for each player and voice; percussion shares channel 10."""
    parts: dict[str, _Part] = {}
    for cue, score in scores:
        levels = score.style.levels_db
        loudest = max(levels.values(), default=0.0)
        pans: dict[str, list[float]] = {}
        for note in (note for bar in play(score) for note in bar):
            part = _part_of(note, parts)
            pans.setdefault(part.name, []).append(note.pan)
            if len(pans[part.name]) == 1:
                level_db = levels.get(note.part, loudest) - loudest + min(cue.level_db, 0.0)
                part.controls.append((ticks.tick(cue.time_s), 7, _volume(part, level_db)))
            part.notes.append(_in_ticks(note, cue, ticks))
        for name, found in pans.items():
            pan = 0.0 if parts[name].channel == DRUM_CHANNEL else sum(found) / len(found) + cue.pan
            parts[name].controls.append((ticks.tick(cue.time_s), 10, min(max(round(64 + 63 * pan), 0), 127)))
    return list(parts.values())


def _volume(part: _Part, level_db: float) -> int:
    # drums and accents share a channel, which has one volume
    share = 10 ** (level_db / VOLUME_DB) if part.channel != DRUM_CHANNEL else 1.0
    return max(1, round(VOLUME * min(share, 1.0)))


def _part_of(note: Note, parts: dict[str, _Part]) -> _Part:
    is_drum = drum_key_of(note.voice) is not None
    name = f"{'Accents' if note.part == 'accent' else 'Drums'}" if is_drum else f"{note.part.title()} ({note.voice})"
    if name not in parts:
        pitched = sum(part.channel != DRUM_CHANNEL for part in parts.values())
        channel = DRUM_CHANNEL if is_drum else _CHANNELS[pitched % len(_CHANNELS)]
        parts[name] = _Part(name, channel, None if is_drum else program_of(note.voice))
    return parts[name]


def _in_ticks(note: Note, cue: Cue, ticks: TickMap) -> tuple[int, int, int, int]:
    start_s = cue.time_s + max(note.time_s, 0.0)
    start, end = ticks.tick(start_s), ticks.tick(start_s + max(note.length_s, SHORTEST_NOTE_S))
    drum = drum_key_of(note.voice)
    key = drum if drum is not None else min(max(note.pitch, 0), 127)
    return start, max(end, start + 1), key, min(max(round(127 * note.velocity), 1), 127)


def _written(part: _Part) -> Any:
    from mido import Message, MetaMessage

    channel = part.channel
    events: list[tuple[int, Any]] = [(0, MetaMessage("track_name", name=_latin(part.name)))]
    if part.program is not None:
        events.append((0, Message("program_change", channel=channel, program=part.program)))
    events += [
        (tick, Message("control_change", channel=channel, control=number, value=value))
        for tick, number, value in part.controls
    ]
    for start, end, key, velocity in _without_overlaps(part.notes):
        events.append((start, Message("note_on", channel=channel, note=key, velocity=velocity)))
        events.append((end, Message("note_off", channel=channel, note=key)))
    return _track(events)


def _without_overlaps(notes: Iterable[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    # a key that is struck again is let go first; of two at the same moment the stronger one stays
    kept: dict[int, list[tuple[int, int, int, int]]] = {}
    for start, end, key, velocity in sorted(notes, key=lambda note: (note[0], note[3])):
        row = kept.setdefault(key, [])
        if row and row[-1][0] == start:
            end = max(end, row.pop()[1])
        elif row and row[-1][1] > start:
            row[-1] = (row[-1][0], start, *row[-1][2:])
        row.append((start, end, key, velocity))
    return sorted(note for row in kept.values() for note in row)


def _track(events: list[tuple[int, Any]], *, end: int | None = None) -> Any:
    """A track from messages at absolute ticks."""
    from mido import MetaMessage, MidiTrack

    made, now = MidiTrack(), 0
    for tick, message in sorted(events, key=lambda event: (event[0], _order(event[1]))):
        made.append(message.copy(time=tick - now))
        now = tick
    made.append(MetaMessage("end_of_track", time=max((end or now) - now, 0)))
    return made


def _order(message: Any) -> int:
    # a name stands first, a note is let go before it is struck again
    return {"track_name": 0, "time_signature": 1, "set_tempo": 2, "note_off": 4, "note_on": 5}.get(message.type, 3)


def _latin(text: str) -> str:
    # the file format knows no other letters
    return (
        "".join(sign if sign.isprintable() else " " for sign in text)
        .encode("latin-1", "replace")
        .decode("latin-1")[:MAX_TEXT]
    )
