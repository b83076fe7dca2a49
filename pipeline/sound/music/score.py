"""Score: the form of a piece of music, bar by bar, before any sound is made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import UsageError
from pipeline.records import Cue, Mood, SoundPlan
from pipeline.sound.music.harmony import Chord, Key, lead_voices
from pipeline.sound.music.styles import STYLES, Style
from pipeline.sound.music.tempo import TempoMap, plan_tempo, usable_markers
from pipeline.sound.noise import stream

# the last chord rings for a fifth of the piece, at least this long and at most as long as the style says
MIN_RING_S = 0.7
# a cue sheet may ask for these tempos, BPM
BPM_RANGE = (40.0, 200.0)
# cuts a minute at which an edit counts as frantic
FAST_CUTS_PER_MINUTE = 30.0
BARS_PER_PHRASE = 4


@dataclass(frozen=True)
class Bar:
    """One bar and everything the players need to know of it."""

    index: int
    # times of its beats and of its end, s
    times_s: tuple[float, ...]
    # position of each of these in quarter notes from the bar's start
    positions: tuple[float, ...]
    chord: Chord
    # 0 pad only .. 3 everything
    level: int
    # True when it begins on a cut
    on_marker: bool
    # cuts inside the bar, in quarter notes
    inner_markers: tuple[float, ...]
    # True when the next bar begins on a cut or is the last
    before_turn: bool
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
    key: Key
    tempo: TempoMap
    bars: tuple[Bar, ...]
    length_s: float
    seed: int


def compose(cue: Cue, plan: SoundPlan) -> Score:
    """Decide style, key, tempo, chords and form of a music cue.

    Parameters
    ----------
    cue : Cue
        ``sound`` is ``music/<style>``; ``parameters`` may fix ``bpm`` (40..200) and ``key`` (0 C .. 11 B).
    plan : SoundPlan
        Its markers are cuts in seconds of the clip, its mood colours mode, tempo and density.

    Raises
    ------
    UsageError
        When the style is not known or a parameter makes no sense.
    """
    style = _style(cue.sound)
    if not (math.isfinite(cue.length_s) and cue.length_s > 0 and math.isfinite(cue.time_s)):
        raise UsageError(f"The music cue {cue.id!r} needs a time and a length in seconds.")
    markers = usable_markers((m - cue.time_s for m in plan.markers_s), duration_s=cue.length_s)
    tempo = plan_tempo(markers, duration_s=cue.length_s, base_bpm=_wished_bpm(cue, plan.mood, style))
    key = _key(cue, plan.mood, style)
    spans = _bar_spans(tempo, cue.length_s, longest_ring_s=style.ring_s)
    starts = {round(tempo.beats_s[first], 6) for first, _ in spans}
    on_marker = [_near(tempo.beats_s[first], markers) for first, _ in spans]
    inner = [m for m in markers if round(m, 6) not in starts]
    chords = _harmonise(key, style, on_marker, mood=plan.mood, seed=cue.seed)
    levels = _levels(on_marker, style, mood=plan.mood)
    bars = []
    for index, (first, last) in enumerate(spans):
        times, positions = _span_times(tempo, first, last)
        bars.append(
            Bar(
                index=index,
                times_s=times,
                positions=positions,
                chord=chords[index],
                level=levels[index],
                on_marker=on_marker[index],
                inner_markers=_positions_of(inner, times, positions),
                before_turn=index + 2 >= len(spans) or on_marker[index + 1],
                is_last=index + 1 == len(spans),
            )
        )
    return Score(style=style, key=key, tempo=tempo, bars=tuple(bars), length_s=cue.length_s, seed=cue.seed)


def valence(mood: Mood) -> float:
    """How bright the music should feel, -1 dark .. 1 bright."""
    light = 1.1 * (mood.brightness - 0.5) + 0.5 * (mood.saturation - 0.5) + 0.35 * mood.warmth
    return max(-1.0, min(1.0, light))


def energy(mood: Mood) -> float:
    """How much should happen in the music, 0..1."""
    # movement or a fast edit alone are enough, and each adds to the other
    pace = 0.6 * max(0.0, min(1.0, mood.cuts_per_minute / FAST_CUTS_PER_MINUTE))
    movement = 0.85 * max(0.0, min(1.0, mood.motion))
    return 1 - (1 - movement) * (1 - pace)


# ---------------------------------------------------------------- choices
def _style(sound: str) -> Style:
    kind, _, name = sound.partition("/")
    if kind != "music" or name not in STYLES:
        raise UsageError(f"There is no music style {sound!r}; choose one of: music/{', music/'.join(STYLES)}.")
    return STYLES[name]


def _wished_bpm(cue: Cue, mood: Mood, style: Style) -> float:
    low, high = style.bpm
    bpm = cue.parameters.get("bpm", low + (high - low) * energy(mood))
    if not BPM_RANGE[0] <= bpm <= BPM_RANGE[1]:
        raise UsageError(f"The music cue {cue.id!r} asks for {bpm} BPM; choose 40 to 200.")
    return float(bpm)


def _key(cue: Cue, mood: Mood, style: Style) -> Key:
    tonic = cue.parameters.get("key", stream(cue.seed, "key").integers(12))
    if not 0 <= tonic <= 11:
        raise UsageError(f"The music cue {cue.id!r} asks for key {tonic}; choose 0 (C) to 11 (B).")
    place = (valence(mood) + 1) / 2 * len(style.modes)
    return Key(tonic=48 + int(tonic), mode=style.modes[min(int(place), len(style.modes) - 1)])


def _harmonise(key: Key, style: Style, on_marker: Sequence[bool], *, mood: Mood, seed: int) -> list[Chord]:
    """A chord per bar: phrases of four chords, a step on at every cut, a cadence at the end."""
    rng = stream(seed, "harmony")
    is_dark = key.mode in ("aeolian", "phrygian", "dorian")
    pool = style.dark if is_dark else style.bright
    first, second = (pool[i] for i in rng.permutation(len(pool))[:2])
    # A A B A, as songs do
    phrases = (first, first, second, first)
    degrees, place, held = [], 0, 0
    for index, turn in enumerate(on_marker):
        if index and (turn or held >= style.chord_bars):
            place, held = place + 1, 0
        degrees.append(phrases[place // 4 % 4][place % 4])
        held += 1
    degrees[-1] = 0
    if len(degrees) > 2:
        # a dominant or its modal stand-in leads home
        degrees[-2] = {"phrygian": 1, "aeolian": 6, "dorian": 6}.get(key.mode, 4)
    colours = [style.colours[0 if d == 0 else int(rng.integers(len(style.colours)))] for d in degrees]
    colours[-1] = (0, 2, 4)
    return lead_voices(key, degrees, colours=colours)


def _levels(on_marker: Sequence[bool], style: Style, *, mood: Mood) -> list[int]:
    """Intensity of each bar: an arch that changes only where a phrase or a cut begins."""
    count = len(on_marker)
    top = max(style.least, round(3 * energy(mood)), 1)
    levels: list[int] = []
    since = 0
    for index, turn in enumerate(on_marker):
        since += 1
        # nobody waits through four bars of an empty intro
        patience = BARS_PER_PHRASE if index and levels[-1] else BARS_PER_PHRASE // 2
        if index and not turn and since < patience and index + 2 != count:
            levels.append(levels[-1])
            continue
        since = 0
        share = index / max(1, count - 1)
        below = 1 if (share < 0.2 and count > 2) or (count > 6 and (share < 0.35 or index + 2 == count)) else 0
        below += 1 if count > 10 and share < 0.12 else 0
        levels.append(max(0 if count > 4 else 1, top - below))
    levels[-1] = 1
    return levels


# -------------------------------------------------------------------- bars
def _bar_spans(tempo: TempoMap, length_s: float, *, longest_ring_s: float) -> list[tuple[int, int]]:
    """(first beat, beat after the last) of each bar; the last bar holds the final chord until the end."""
    final = _final_beat(tempo, length_s, ring_s=min(max(0.2 * length_s, MIN_RING_S), longest_ring_s))
    turns = [d for d in tempo.downbeats if d < final]
    if turns and final - turns[-1] == 1 and len(turns) > 1:
        turns.pop()
    return [*zip(turns, [*turns[1:], final], strict=False), (final, len(tempo.beats_s) - 1)]


def _final_beat(tempo: TempoMap, length_s: float, *, ring_s: float) -> int:
    # a beat that leaves the ring its time, a downbeat where one is near
    inside = [i for i, t in enumerate(tempo.beats_s[:-1]) if t <= length_s - 0.6 * ring_s] or [0]
    near = [d for d in tempo.downbeats if d in inside and tempo.beats_s[d] >= length_s - 2.2 * ring_s]
    return min(near or inside, key=lambda i: abs(tempo.beats_s[i] - (length_s - ring_s)))


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
    from bisect import bisect

    index = bisect(markers, time_s)
    return any(abs(m - time_s) < 1e-4 for m in markers[max(0, index - 1) : index + 1])


def _positions_of(markers: Sequence[float], times: Sequence[float], positions: Sequence[float]) -> tuple[float, ...]:
    import numpy as np

    inside = [m for m in markers if times[0] < m < times[-1]]
    return tuple(float(np.interp(m, times, positions)) for m in inside)
