"""The film in stretches of whole pictures: where one clip is plainly seen, and where something is composed."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from pipeline.reel.reel import Segment, Timeline, Title


@dataclass(frozen=True)
class Span:
    """A segment in pictures of the film."""

    segment: Segment
    first: int
    # the picture after its last
    end: int
    # pictures at its beginning in which the segment before is seen too
    overlap: int
    # pictures in which it alone is seen: after coming in, before the next one comes
    alone: tuple[int, int]


@dataclass(frozen=True)
class TitleSpan:
    """A title in pictures of the film."""

    title: Title
    first: int
    end: int


@dataclass(frozen=True)
class DipSpan:
    """A dip in pictures of the film: so many going into the colour, so many coming out."""

    first: int
    rise: int
    fall: int
    colour: str

    @property
    def end(self) -> int:
        """The picture after its last."""
        return self.first + self.rise + self.fall


@dataclass(frozen=True)
class Stretch:
    """Pictures of the film that are made in the same way."""

    first: int
    end: int
    # from the lowest layer up
    spans: tuple[Span, ...]
    titles: tuple[TitleSpan, ...] = ()
    dips: tuple[DipSpan, ...] = ()

    @property
    def is_composed(self) -> bool:
        """Whether anything but one segment's own picture is seen."""
        return len(self.spans) != 1 or bool(self.titles or self.dips)


def stretches(timeline: Timeline) -> tuple[Stretch, ...]:
    """Cut the film into stretches, in order and without gaps."""
    spans = spans_of(timeline)
    titles = tuple(title for span in spans for title in titles_of(span, timeline.frame_rate))
    dips = dips_of(spans, timeline)
    edges = {0, timeline.frames}
    edges |= {edge for span in spans for edge in (span.first, span.first + span.overlap, span.end)}
    edges |= {edge for title in titles for edge in (title.first, title.end)}
    edges |= {edge for dip in dips for edge in (dip.first, dip.end)}
    marks = sorted(edge for edge in edges if 0 <= edge <= timeline.frames)
    cells = [_cell(first, end, spans, titles, dips) for first, end in zip(marks, marks[1:], strict=False)]
    return _joined(cells)


def _cell(
    first: int, end: int, spans: tuple[Span, ...], titles: tuple[TitleSpan, ...], dips: tuple[DipSpan, ...]
) -> Stretch:
    # segments come in order: only those about this place are looked at
    last = bisect_right(spans, first, key=lambda span: span.first)
    seen = tuple(span for span in spans[max(0, last - 8) : last] if span.end > first)
    # a segment that is wholly in hides the one below
    if seen and first >= seen[-1].first + seen[-1].overlap:
        seen = seen[-1:]
    return Stretch(
        first,
        end,
        seen,
        tuple(title for title in titles if title.first <= first < title.end),
        tuple(dip for dip in dips if dip.first <= first < dip.end),
    )


def _joined(cells: list[Stretch]) -> tuple[Stretch, ...]:
    """Neighbours with the same layers as one."""
    joined: list[Stretch] = []
    for cell in cells:
        same = joined and (joined[-1].spans, joined[-1].titles, joined[-1].dips) == (cell.spans, cell.titles, cell.dips)
        if same:
            cell = Stretch(joined.pop().first, cell.end, cell.spans, cell.titles, cell.dips)
        joined.append(cell)
    return tuple(joined)


def spans_of(timeline: Timeline) -> tuple[Span, ...]:
    """Segments in whole pictures."""
    rate = timeline.frame_rate
    firsts = [picture_at(segment.start_s, rate) for segment in timeline.segments]
    ends = [picture_at(segment.end_s, rate) for segment in timeline.segments]
    # what is seen at the end of the film must not run out by a rounding
    ends = [*ends[:-1], max(ends[-1], timeline.frames)] if ends else ends
    spans = []
    for index, segment in enumerate(timeline.segments):
        overlap = max(0, ends[index - 1] - firsts[index]) if index else 0
        overlap = min(overlap, ends[index] - firsts[index])
        until = min(ends[index], firsts[index + 1]) if index + 1 < len(firsts) else ends[index]
        alone = (firsts[index] + overlap, until)
        spans.append(Span(segment, firsts[index], ends[index], overlap, alone))
    return tuple(spans)


def titles_of(span: Span, rate: Fraction) -> tuple[TitleSpan, ...]:
    """A segment's titles. None is seen during a transition: two over one another cannot be read."""
    low, high = span.alone if span.alone[1] > span.alone[0] else (span.first, span.end)
    found = []
    for title in span.segment.part.titles:
        first = max(low, span.first + picture_at(title.start_s, rate))
        end = first + picture_at(title.length_s, rate) if title.length_s else high
        if min(end, high) > first:
            found.append(TitleSpan(title, first, min(end, high)))
    return tuple(found)


def dips_of(spans: tuple[Span, ...], timeline: Timeline) -> tuple[DipSpan, ...]:
    """Dips at the joins, half before and half after; at the film's ends the whole length lies inside."""
    rate, found = timeline.frame_rate, []
    for index, span in enumerate(spans):
        transition = span.segment.part.transition
        length = picture_at(transition.length_s, rate)
        if transition.kind != "dip" or not length:
            continue
        rise = min(length // 2, (span.first - spans[index - 1].first) // 2) if index else 0
        fall = min(length - length // 2 if index else length, (span.end - span.first) // 2)
        found.append(DipSpan(span.first - rise, rise, fall, transition.colour))
    length = min(picture_at(timeline.ending.length_s, rate), timeline.frames)
    if timeline.ending.kind == "dip" and length:
        found.append(DipSpan(timeline.frames - length, length, 0, timeline.ending.colour))
    return tuple(found)


def picture_at(time_s: float, rate: Fraction) -> int:
    """The number of the picture nearest to a time of the film."""
    return math.floor(Fraction(time_s) * rate + Fraction(1, 2))
