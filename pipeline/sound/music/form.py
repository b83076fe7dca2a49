"""Form: which bars belong together, what each section is for, and how much plays in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.sound.music.feeling import Shade

SectionKind = Literal["intro", "theme", "lift", "breakdown", "ending"]
# two scenes that differ by more get music of their own
TURN = 0.16
# nobody hears fewer bars as a section; more than this without a change are boring
SHORTEST_BARS, LONGEST_BARS = 2, 8
# a section this much calmer or livelier than the piece plays a level less or more
STEP = 0.12
# after this many full sections in a row the music breathes
TIRING = 3
# most that may play, 0 pad alone .. 3 everything
TOP = 3


@dataclass(frozen=True)
class Section:
    """Bars that belong together."""

    kind: SectionKind
    # first bar and the one behind the last
    first: int
    end: int
    shade: Shade
    # 0 pad alone .. 3 everything
    level: int


def lay_form(shades: Sequence[Shade], on_marker: Sequence[bool], *, least: int) -> tuple[Section, ...]:
    """Sections of a piece; the last bar is the ending.

    Sections begin where the feeling of the picture turns, at cuts where there are some; long ones are divided at a cut
    near their middle. The calmer ones break down, the livelier lift. Where the picture says nothing, the piece makes
    an arch of its own: intro, theme, lift, breakdown, lift.

    Parameters
    ----------
    shades : sequence of Shade
        Of each bar.
    on_marker : sequence of bool
        Whether each bar begins on a cut.
    least : int
        What plays at the least in the main sections, 0..3 (of the style).
    """
    body = len(shades) - 1
    ending = Section("ending", max(body, 0), body + 1, shades[-1], 1)
    if body < 1:
        return (ending,)
    edges = _divided(_turns(shades, on_marker, body), on_marker, body)
    spans = list(zip(edges, [*edges[1:], body], strict=True))
    means = [_mean(shades[first:end]) for first, end in spans]
    whole = _mean(shades[:body])
    steps = _steps(spans, means, whole)
    top = min(max(least, round(TOP * whole.arousal), 1), TOP)
    sections: list[Section] = []
    for index, ((first, end), mean, step) in enumerate(zip(spans, means, steps, strict=True)):
        is_intro = index == 0 and len(spans) > 1
        # a short piece has no time for an empty beginning, and nobody wants two empty sections in a row
        was_full = not sections or sections[-1].level > 1
        level = min(max(top + step, 0 if body > 8 and was_full else 1), TOP)
        if level >= 2 and index + 1 < len(spans) and [s.level for s in sections[-TIRING:]] == [level] * TIRING:
            step, level = -1, level - 1
        kind: SectionKind = "intro" if is_intro else "breakdown" if step < 0 else "lift" if level > top - 1 else "theme"
        if kind == "lift" and index == 1 and len(spans) > 2 and step == 0:
            kind = "theme"
        sections.append(Section(kind, first, end, mean, level))
    return (*sections, ending)


def _turns(shades: Sequence[Shade], on_marker: Sequence[bool], body: int) -> list[int]:
    # bars where the feeling turns; on the cut next to it where there is one
    edges = [0]
    for bar in range(1, body):
        if bar <= edges[-1] or shades[bar].away(_mean(shades[edges[-1] : bar])) < TURN:
            continue
        # a bar over a change of scene has a shade in between: the next one, when it begins on the cut, is the turn
        near = [b for b in (bar, bar + 1) if b < body and on_marker[b]]
        edge = near[0] if near else bar
        if edge - edges[-1] >= SHORTEST_BARS and body - edge >= SHORTEST_BARS:
            edges.append(edge)
    return edges


def _divided(edges: list[int], on_marker: Sequence[bool], body: int) -> list[int]:
    # an intro in front, and no section longer than eight bars
    if len(edges) == 1 or edges[1] > LONGEST_BARS // 2:
        intro = 4 if body >= 12 else 2 if body >= 5 else 0
        if intro:
            edges = [0, _near_cut(intro, on_marker, 2, body - SHORTEST_BARS), *edges[1:]]
    result: list[int] = []
    for first, end in zip(edges, [*edges[1:], body], strict=True):
        result.append(first)
        while end - result[-1] > LONGEST_BARS:
            # eight bars, or half of what is left when that is less than two sections
            left = end - result[-1]
            aim = result[-1] + (LONGEST_BARS if left >= 2 * LONGEST_BARS else (left + 1) // 2)
            result.append(_near_cut(aim, on_marker, result[-1] + SHORTEST_BARS, end - SHORTEST_BARS))
    return sorted(set(result))


def _near_cut(aim: int, on_marker: Sequence[bool], low: int, high: int) -> int:
    aim = min(max(aim, low), max(high, low))
    near = [b for b in (aim, aim - 1, aim + 1) if low <= b <= high and on_marker[b]]
    return near[0] if near else aim


def _steps(spans: Sequence[tuple[int, int]], means: Sequence[Shade], whole: Shade) -> list[int]:
    # how many levels each section plays above or below the piece
    excess = [mean.arousal - whole.arousal for mean in means]
    steps = [max(-2, min(1, int(e / STEP))) for e in excess]
    count = len(spans)
    if count > 1 and steps[0] >= 0:
        steps[0] = -1
    if count >= 5 and not any(steps[1:]):
        # the picture stays as it is: breathe in once, before the last third
        steps[round(0.6 * count)] = -1
    return steps


def _mean(shades: Sequence[Shade]) -> Shade:
    count = len(shades)
    return Shade(sum(s.valence for s in shades) / count, sum(s.arousal for s in shades) / count)
