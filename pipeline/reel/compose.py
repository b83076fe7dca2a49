"""The film's pictures, one after another: MoviePy composes where pictures meet or words lie over them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.reel.pictures import CardPictures, ClipPictures
from pipeline.reel.plan import DipSpan, Span, Stretch, TitleSpan, stretches, titles_of
from pipeline.reel.reel import Segment, Timeline
from pipeline.reel.titles import Overlay, beside, draw_title

if TYPE_CHECKING:
    import numpy as np


def iter_pictures(timeline: Timeline, *, font: Path | None = None) -> Iterator[np.ndarray]:
    """Compose a film.

    Where a single clip is seen and nothing lies over it, its pictures are handed on as they were decoded and fitted;
    everything else is a composition of MoviePy, asked at the middle of each picture's time. Sources are read forward
    once and opened and closed as they come and go, so memory does not grow with the film.

    Parameters
    ----------
    timeline : Timeline
    font : Path, optional
        Font file for titles and cards, instead of ours.

    Yields
    ------
    uint8 [H, W, 3]
        RGB, exactly `timeline.frames` of them. The same array may come twice and must not be written to.

    Raises
    ------
    UnreadableInput
        When a source cannot be read.
    """
    open_segments = _OpenSegments(timeline, font)
    try:
        for stretch in stretches(timeline):
            yield from _composed(stretch, open_segments) if stretch.is_composed else _plain(stretch, open_segments)
    finally:
        open_segments.close()


class _OpenSegments:
    """Segments that are on the screen, opened when their first picture is asked for."""

    def __init__(self, timeline: Timeline, font: Path | None) -> None:
        self.timeline, self.font = timeline, font
        self._open: dict[int, tuple[Span, CardPictures | ClipPictures]] = {}
        self._words: dict[int, list[tuple[TitleSpan, Overlay]]] = {}

    def picture(self, span: Span, index: int) -> np.ndarray:
        """A segment's picture by its number in the film."""
        if span.segment.index not in self._open:
            self._open[span.segment.index] = (span, self._opened(span.segment))
        return self._open[span.segment.index][1].at(index - span.first)

    def titles(self, stretch: Stretch) -> list[tuple[TitleSpan, Overlay]]:
        """The drawn words of a stretch."""
        drawn = [both for span in stretch.spans for both in self._drawn(span)]
        return [(title, overlay) for title, overlay in drawn if title in stretch.titles]

    def _drawn(self, span: Span) -> list[tuple[TitleSpan, Overlay]]:
        """All words of a segment, each in the place it keeps as long as it stands."""
        if span.segment.index not in self._words:
            found: list[tuple[TitleSpan, Overlay]] = []
            for title in sorted(titles_of(span, self.timeline.frame_rate), key=lambda title: title.first):
                overlay = draw_title(title.title, self.timeline.size_px, self.font)
                if overlay is not None:
                    there = [(other.title, placed) for other, placed in found if other.end > title.first]
                    found.append((title, beside(title.title, overlay, there, self.timeline.size_px[1])))
            self._words[span.segment.index] = found
        return self._words[span.segment.index]

    def leave_before(self, index: int) -> None:
        """Close what ended before a picture of the film."""
        for key in [key for key, (span, _) in self._open.items() if span.end <= index]:
            self._open.pop(key)[1].close()
            self._words.pop(key, None)

    def close(self) -> None:
        """Close everything."""
        for _, pictures in self._open.values():
            pictures.close()

    def _opened(self, segment: Segment) -> CardPictures | ClipPictures:
        if segment.clip is None:
            return CardPictures(segment, self.timeline.size_px, self.font)
        return ClipPictures(segment, self.timeline.size_px, self.timeline.frame_rate)


def _plain(stretch: Stretch, segments: _OpenSegments) -> Iterator[np.ndarray]:
    segments.leave_before(stretch.first)
    for index in range(stretch.first, stretch.end):
        yield segments.picture(stretch.spans[0], index)


def _composed(stretch: Stretch, segments: _OpenSegments) -> Iterator[np.ndarray]:
    from pipeline.reel.transitions import Layers

    segments.leave_before(stretch.first)
    timeline = segments.timeline
    clips = [_picture_layer(span, segments) for span in stretch.spans]
    clips += [_title_layer(title, overlay, timeline) for title, overlay in segments.titles(stretch)]
    clips += [_dip_layer(dip, timeline) for dip in stretch.dips]
    film = Layers(clips, timeline.size_px)
    for index in range(stretch.first, stretch.end):
        # the middle of a picture's time: no rounding can put it into its neighbour
        yield film.get_frame(float((index + Fraction(1, 2)) / timeline.frame_rate))


def _picture_layer(span: Span, segments: _OpenSegments) -> Any:
    from moviepy import VideoClip

    from pipeline.reel.transitions import DissolveIn, WipeIn

    timeline = segments.timeline
    rate = timeline.frame_rate
    # not given to the constructor: that would ask for the first picture at once
    layer = VideoClip(duration=float((span.end - span.first) / rate))
    layer.size = timeline.size_px
    layer.frame_function = lambda t: segments.picture(span, span.first + int(t * rate))
    transition, length_s = span.segment.part.transition, float(span.overlap / rate)
    if span.overlap and transition.kind == "dissolve":
        layer = layer.with_effects([DissolveIn(length_s)])
    if span.overlap and transition.kind == "wipe":
        layer = layer.with_effects([WipeIn(length_s, transition.direction)])
    return layer.with_start(float(span.first / rate))


def _title_layer(title: TitleSpan, overlay: Overlay, timeline: Timeline) -> Any:
    from moviepy import ImageClip, vfx

    rate = timeline.frame_rate
    length_s = float((title.end - title.first) / rate)
    fade_s = min(title.title.fade_s, length_s / 2)
    words = ImageClip(overlay.rgba, transparent=True, duration=length_s)
    if fade_s > 0:
        words = words.with_effects([vfx.CrossFadeIn(fade_s), vfx.CrossFadeOut(fade_s)])
    return words.with_position((overlay.left_px, overlay.top_px)).with_start(float(title.first / rate))


def _dip_layer(span: DipSpan, timeline: Timeline) -> Any:
    from pipeline.reel.transitions import dip

    rate = timeline.frame_rate
    # less half a picture: the colour is whole in the pictures at the join
    rise, fall = (float((count - Fraction(1, 2)) / rate) if count else 0.0 for count in (span.rise, span.fall))
    return dip(
        timeline.size_px,
        span.colour,
        start_s=float(span.first / rate),
        rise_s=rise,
        fall_s=fall,
        length_s=float((span.rise + span.fall) / rate),
    )
