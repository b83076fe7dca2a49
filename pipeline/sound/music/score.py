"""Score: a piece of music bar by bar, before any sound is made."""

from __future__ import annotations

import math
from bisect import bisect, bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import UsageError
from pipeline.records import Cue, SoundPlan
from pipeline.sound.music.feeling import Shade, shades
from pipeline.sound.music.form import Section, SectionKind, lay_form
from pipeline.sound.music.harmony import MODE_NAMES, Chord, Key
from pipeline.sound.music.progression import harmonise
from pipeline.sound.music.style import Style
from pipeline.sound.music.styles import STYLES
from pipeline.sound.music.tempo import CONSTANT_TOLERANCE_S, TempoMap, plan_tempo, usable_markers
from pipeline.sound.noise import stream

# the last chord rings for a fifth of the piece, at least this long and at most as long as the style says
MIN_RING_S = 0.7
# a cue sheet may ask for these tempos, BPM
BPM_RANGE = (40.0, 200.0)
# a cut this near to where the last chord would begin takes it, in rings
FINAL_CUT_REACH = 0.6


@dataclass(frozen=True)
class Bar:
    """One bar and everything the players need to know of it."""

    index: int
    # times of its beats and of its end, s
    times_s: tuple[float, ...]
    # position of each of these in quarter notes from the bar's start
    positions: tuple[float, ...]
    chord: Chord
    key: Key
    # what it is for, and its number within its section
    section: SectionKind
    place: int
    # 0 pad only .. 3 everything
    level: int
    # how bright and how excited it is
    shade: Shade
    # True when it begins on a cut
    on_marker: bool
    # cuts inside the bar, in quarter notes
    inner_markers: tuple[float, ...]
    # strong moments of the picture that a beat of the bar meets, in quarter notes
    accents: tuple[float, ...]
    # True when the next bar begins on a cut or is the last
    before_turn: bool
    # True when the next bar begins another section
    ends_section: bool
    # True for the chord that ends the piece
    is_last: bool

    @property
    def beats(self) -> float:
        """Length in quarter notes."""
        return self.positions[-1]

    def at(self, position: float) -> float:
        """Time in seconds of a position in quarter notes; runs on past the end at the last tempo."""
        import numpy as np

        if position > self.positions[-1]:
            rate = (self.times_s[-1] - self.times_s[-2]) / (self.positions[-1] - self.positions[-2])
            return self.times_s[-1] + (position - self.positions[-1]) * rate
        return float(np.interp(position, self.positions, self.times_s))


@dataclass(frozen=True)
class Score:
    """A piece before it sounds."""

    style: Style
    # of the piece; single bars may borrow from another mode
    key: Key
    tempo: TempoMap
    bars: tuple[Bar, ...]
    length_s: float
    seed: int
    sections: tuple[Section, ...] = ()


def compose(cue: Cue, plan: SoundPlan) -> Score:
    """Decide style, key, tempo, form and chords of a music cue.

    Parameters
    ----------
    cue : Cue
        ``sound`` is ``music/<style>``. ``parameters`` may fix ``bpm`` (40..200), ``key`` (0 C .. 11 B), ``mode`` (place
        in `MODE_NAMES`) and the centre of ``valence`` (-1..1) and ``arousal`` (0..1).
    plan : SoundPlan
        Its markers are cuts in seconds of the clip, its accents strong moments in between; its feelings, or without
        them its mood, colour mode, tempo, form and density.

    Raises
    ------
    UsageError
        When the style is not known or a parameter makes no sense.
    """
    style = _style(cue.sound)
    if not (math.isfinite(cue.length_s) and cue.length_s > 0 and math.isfinite(cue.time_s)):
        raise UsageError(f"The music cue {cue.id!r} needs a time and a length in seconds.")
    markers = usable_markers((m - cue.time_s for m in plan.markers_s), duration_s=cue.length_s)
    accents = usable_markers((a - cue.time_s for a in plan.accents_s), duration_s=cue.length_s)
    (whole,) = shades(cue, plan, [(0.0, cue.length_s)])
    tempo = plan_tempo(
        markers,
        duration_s=cue.length_s,
        base_bpm=_wished_bpm(cue, whole, style),
        accents_s=accents,
        is_fixed="bpm" in cue.parameters,
    )
    key = _key(cue, whole, style)
    spans = _bar_spans(tempo, markers, cue.length_s, longest_ring_s=style.ring_s)
    timed = [_span_times(tempo, first, last) for first, last in spans]
    on_marker = [_near(tempo.beats_s[first], markers) for first, _ in spans]
    felt = shades(cue, plan, [(max(0.0, times[0]), min(times[-1], cue.length_s)) for times, _ in timed])
    sections = lay_form(felt, on_marker, least=style.least)
    may_borrow = "mode" not in cue.parameters
    harmony = harmonise(key, style, sections, on_marker, whole=whole, seed=cue.seed, may_borrow=may_borrow)
    bars = _bars(timed, on_marker, sections, harmony, felt, markers=markers, accents=_met(accents, tempo))
    return Score(style, key, tempo, bars, cue.length_s, cue.seed, sections)


def _bars(
    timed: Sequence[tuple[tuple[float, ...], tuple[float, ...]]],
    on_marker: Sequence[bool],
    sections: Sequence[Section],
    harmony: Sequence[tuple[Key, Chord]],
    felt: Sequence[Shade],
    *,
    markers: Sequence[float],
    accents: Sequence[float],
) -> tuple[Bar, ...]:
    count = len(timed)
    owner = [section for section in sections for _ in range(section.first, section.end)]
    bars = []
    for index, ((times, positions), (key, chord)) in enumerate(zip(timed, harmony, strict=True)):
        section = owner[index]
        bars.append(
            Bar(
                index=index,
                times_s=times,
                positions=positions,
                chord=chord,
                key=key,
                section=section.kind,
                place=index - section.first,
                level=section.level,
                shade=felt[index],
                on_marker=on_marker[index],
                inner_markers=tuple(p for p in _positions_of(markers, times, positions) if p > 1e-4),
                accents=_positions_of(accents, times, positions),
                before_turn=index + 2 >= count or on_marker[index + 1],
                ends_section=index + 1 == section.end,
                is_last=index + 1 == count,
            )
        )
    return tuple(bars)


# ---------------------------------------------------------------- choices
def _style(sound: str) -> Style:
    kind, _, name = sound.partition("/")
    if kind != "music" or name not in STYLES:
        raise UsageError(f"There is no music style {sound!r}; choose one of: music/{', music/'.join(STYLES)}.")
    return STYLES[name]


def _wished_bpm(cue: Cue, whole: Shade, style: Style) -> float:
    low, high = style.bpm
    bpm = cue.parameters.get("bpm", low + (high - low) * whole.arousal)
    if not BPM_RANGE[0] <= bpm <= BPM_RANGE[1]:
        raise UsageError(f"The music cue {cue.id!r} asks for {bpm} BPM; choose 40 to 200.")
    return float(bpm)


def _key(cue: Cue, whole: Shade, style: Style) -> Key:
    tonic = cue.parameters.get("key", stream(cue.seed, "key").integers(12))
    if not 0 <= tonic <= 11:
        raise UsageError(f"The music cue {cue.id!r} asks for key {tonic}; choose 0 (C) to 11 (B).")
    place = (whole.valence + 1) / 2 * len(style.modes)
    mode = style.modes[min(int(place), len(style.modes) - 1)]
    if "mode" in cue.parameters:
        asked = cue.parameters["mode"]
        if not 0 <= asked <= len(MODE_NAMES) - 1:
            raise UsageError(f"The music cue {cue.id!r} asks for mode {asked}; choose 0 to {len(MODE_NAMES) - 1}.")
        mode = MODE_NAMES[int(asked)]
    return Key(tonic=48 + int(tonic), mode=mode)


# -------------------------------------------------------------------- bars
def _bar_spans(
    tempo: TempoMap, markers: Sequence[float], length_s: float, *, longest_ring_s: float
) -> list[tuple[int, int]]:
    """(first beat, beat after the last) of each bar; the last bar holds the final chord until the end."""
    ring_s = min(max(0.2 * length_s, MIN_RING_S), longest_ring_s)
    final = _final_beat(tempo, markers, length_s, ring_s=ring_s)
    turns = [d for d in tempo.downbeats if d < final]
    if len(turns) > 1 and sum(tempo.units[turns[-1] : final]) < 1.5:
        turns.pop()
    return [*zip(turns, [*turns[1:], final], strict=False), (final, len(tempo.beats_s) - 1)]


def _final_beat(tempo: TempoMap, markers: Sequence[float], length_s: float, *, ring_s: float) -> int:
    # a beat that leaves the ring its time, a downbeat where one is near, and before all the last cut
    inside = [i for i, t in enumerate(tempo.beats_s[:-1]) if t <= length_s - 0.6 * ring_s] or [0]
    downs = set(tempo.downbeats)
    near = [i for i in inside if i in downs and tempo.beats_s[i] >= length_s - 2.2 * ring_s]

    def away(index: int) -> float:
        time_s = tempo.beats_s[index]
        return abs(time_s - (length_s - ring_s)) - (FINAL_CUT_REACH * ring_s if _near(time_s, markers) else 0.0)

    return min(near or inside, key=away)


def _span_times(tempo: TempoMap, first: int, last: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    import numpy as np

    last = max(last, first + 1)
    positions = np.concatenate([[0.0], np.cumsum(tempo.units[first:last])])
    times = list(tempo.beats_s[first : last + 1])
    if times[0] < 0 and times[1] > 0.5 * 60 / tempo.base_bpm:
        # a first beat that would come just before the start is played at the start
        times[0] = 0.0
    return tuple(times), tuple(float(p) for p in positions)


def _near(time_s: float, markers: Sequence[float]) -> bool:
    index = bisect(markers, time_s)
    return any(abs(m - time_s) < 1e-4 for m in markers[max(0, index - 1) : index + 1])


def _met(accents: Sequence[float], tempo: TempoMap) -> list[float]:
    # the beats on which strong moments lie; where no beat is near, the music lets them pass
    beats = []
    for accent in accents:
        index = bisect(tempo.beats_s, accent)
        beats.append(min(tempo.beats_s[max(0, index - 1) : index + 1], key=lambda beat: abs(beat - accent)))
    return [b for a, b in zip(accents, beats, strict=True) if abs(a - b) <= CONSTANT_TOLERANCE_S]


def _positions_of(moments: Sequence[float], times: Sequence[float], positions: Sequence[float]) -> tuple[float, ...]:
    import numpy as np

    first, end = bisect_left(moments, times[0] - 1e-4), bisect_left(moments, times[-1] - 1e-4)
    return tuple(float(np.interp(m, times, positions)) for m in moments[first:end])
