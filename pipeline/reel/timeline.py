"""A reel on its time line: sources measured, rate and size settled, every boundary on a whole picture of the film."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from pipeline.errors import FoleymarkError, UsageError
from pipeline.media.concat import Piece, why_not_joined
from pipeline.media.probe import probe as probe_file
from pipeline.media.splice import why_not_spliced
from pipeline.media.stills import is_still
from pipeline.records import Clip
from pipeline.reel.reel import Part, Reel, Segment, Timeline, Transition
from pipeline.reel.source import RATE_SLACK, Cut, cut_of, grid_rate, nearest, nominal_rate

logger = logging.getLogger(__name__)

HIGHEST_RATE, USUAL_RATE = Fraction(60), Fraction(30)
# Generators write 7, 8 or 12 pictures a second; a dissolve needs more, and whole multiples change no picture's time.
LOWEST_RATE = Fraction(20)
_HALF = Fraction(1, 2)
USUAL_SIZE_PX = (1920, 1080)
SIDE_PX = (16, 8192)


def lay_out(reel: Reel, *, probe: Callable[[Path], Clip] = probe_file) -> Timeline:
    """Lay a reel on its time line.

    Parameters
    ----------
    reel : Reel
    probe
        Measures a source; each file is measured once.

    Returns
    -------
    Timeline
        Segments begin and end on whole pictures of the film's rate; `notes` says what had to be shortened.

    Raises
    ------
    UsageError
        A trim, title or time code that its source does not have.
    UnreadableInput
        A source that cannot be used.
    """
    clips = _probed(reel.parts, probe)
    rate = reel.frame_rate or _film_rate([clip for clip in clips if clip is not None and not is_still(clip.path)])
    cuts = [
        _cut(number, part, clip, rate) for number, (part, clip) in enumerate(zip(reel.parts, clips, strict=True), 1)
    ]
    lengths = [cut.pictures for cut in cuts]
    parts, ending, notes = _fitted_transitions(reel, lengths, rate)
    segments, start = [], 0
    for index, (part, clip, cut) in enumerate(zip(parts, clips, cuts, strict=True)):
        overlaps = part.transition.kind in ("dissolve", "wipe")
        start -= nearest(Fraction(part.transition.length_s) * rate) if overlaps else 0
        end = start + cut.pictures
        _check_titles(index + 1, part, cut.pictures / rate)
        segments.append(
            Segment(
                index=index,
                part=part,
                clip=clip,
                start_s=float(start / rate),
                end_s=float(end / rate),
                source_start_s=cut.start_s,
                source_end_s=cut.end_s,
                fit=part.fit or reel.fit,
            )
        )
        start = end
    size_px = reel.size_px or _film_size(clips, lengths)
    for note in notes:
        logger.warning("%s", note)
    return Timeline(tuple(segments), size_px, rate, start, ending, notes)


def why_encoded(timeline: Timeline, *, suffix: str = ".mp4", spliced: bool = False) -> str:
    """Why the film's pictures have to be encoded, as a sentence; empty when they can be copied as packets.

    Parameters
    ----------
    suffix
        Of the file they would go to: .mp4 or .mov.
    spliced
        Let clips begin and end between key pictures, where `pipeline.media.splice` encodes the ends alone.
    """
    for segment in timeline.segments:
        reason = _change(segment, timeline)
        if reason:
            return f"Entry {segment.index + 1} {reason}."
    if timeline.ending.kind != "cut":
        return "The film ends with a dip."
    return (why_not_spliced if spliced else why_not_joined)(pieces_of(timeline), suffix=suffix)


def pieces_of(timeline: Timeline) -> tuple[Piece, ...]:
    """The parts of its sources that the film shows, for `pipeline.media.concat`."""
    return tuple(
        Piece(segment.clip, segment.source_start_s, segment.source_end_s, segment.length_s)
        for segment in timeline.segments
        if segment.clip is not None
    )


def _probed(parts: Sequence[Part], probe: Callable[[Path], Clip]) -> list[Clip | None]:
    known: dict[Path, Clip] = {}
    for number, part in enumerate(parts, 1):
        if part.clip is None or part.clip in known:
            continue
        try:
            known[part.clip] = probe(part.clip)
        except FoleymarkError as error:
            raise type(error)(f"Entry {number}: {error}") from error
    return [known[part.clip] if part.clip is not None else None for part in parts]


def _film_rate(clips: Sequence[Clip]) -> Fraction:
    """The highest constant rate among the clips; without one the highest that a clip is meant to have, or 30."""
    even = [nominal_rate(clip) for clip in clips if grid_rate(clip) is not None]
    rates = even or [nominal_rate(clip) for clip in clips]
    return max((_within_reach(rate) for rate in rates if rate is not None), default=USUAL_RATE)


def _within_reach(rate: Fraction) -> Fraction:
    """A whole part or multiple of a rate that is neither too high nor too low."""
    if rate > HIGHEST_RATE:
        return rate / math.ceil(rate / HIGHEST_RATE)
    return rate * math.ceil(LOWEST_RATE / rate) if rate < LOWEST_RATE else rate


def _film_size(clips: Sequence[Clip | None], lengths: Sequence[int]) -> tuple[int, int]:
    """The largest size of the shape that most of the film has."""
    sizes = [(_natural_px(clip), length) for clip, length in zip(clips, lengths, strict=True) if clip is not None]
    weights: dict[float, int] = {}
    for (width, height), length in sizes:
        shape = round(math.log2(width / height), 1)
        weights[shape] = weights.get(shape, 0) + length
    if not weights:
        return USUAL_SIZE_PX
    shape = max(weights, key=lambda shape: weights[shape])
    same = [size for size, _ in sizes if round(math.log2(size[0] / size[1]), 1) == shape]
    return max(same, key=lambda size: size[0] * size[1])


def _natural_px(clip: Clip) -> tuple[int, int]:
    """The size a clip is seen at, with even sides."""
    height = clip.video.upright_size_px[1]
    low, high = SIDE_PX
    width, height = (min(max(2 * round(side / 2), low), high) for side in (height * clip.video.display_aspect, height))
    return width, height


def _cut(number: int, part: Part, clip: Clip | None, rate: Fraction) -> Cut:
    if clip is None:
        length_s = Fraction(part.card.length_s) if part.card else Fraction(0)
        return Cut(0.0, float(length_s), max(1, nearest(length_s * rate)))
    try:
        return cut_of(part, clip, rate)
    except UsageError as error:
        raise UsageError(f"Entry {number}: {error}") from error


def _check_titles(number: int, part: Part, length_s: Fraction) -> None:
    for title in part.titles:
        if title.start_s >= length_s:
            raise UsageError(
                f"Entry {number}: the title {title.text[:40]!r} comes at {title.start_s:g} s, but the piece lasts only "
                f"{float(length_s):.2f} s; let it come earlier."
            )


def _pictures(transition: Transition, rate: Fraction, *, on_join: bool) -> int:
    """The length of a transition in pictures; that of a dip between two pieces even, so that its middle is the join."""
    if transition.kind == "cut":
        return 0
    wish = Fraction(transition.length_s) * rate
    # a half downward: two of half a second fit into one second
    return 2 * math.ceil(wish / 2 - _HALF) if transition.kind == "dip" and on_join else math.ceil(wish - _HALF)


def _fitted_transitions(
    reel: Reel, lengths: Sequence[int], rate: Fraction
) -> tuple[list[Part], Transition, tuple[str, ...]]:
    """Transitions in whole pictures, shortened where two of them would meet in a piece that is too short."""
    given = [*(part.transition for part in reel.parts), reel.ending]
    kinds, last = [transition.kind for transition in given], len(lengths)
    wishes = [_pictures(wish, rate, on_join=0 < i < last) for i, wish in enumerate(given)]
    # a dip between two pieces takes half of its length from each, at an end of the film all from one
    halves = [kinds[i] == "dip" and 0 < i < last for i in range(last + 1)]
    takes = [wish // 2 if half else wish for wish, half in zip(wishes, halves, strict=True)]
    for index, length in enumerate(lengths):
        both = takes[index] + takes[index + 1]
        if both > length:
            takes[index], takes[index + 1] = (take * length // both for take in takes[index : index + 2])
    fitted = [take * 2 if half else take for take, half in zip(takes, halves, strict=True)]
    transitions = [_shortened(wish, pictures, rate) for wish, pictures in zip(given, fitted, strict=True)]
    notes = tuple(
        _note(index, last, kinds[index], Fraction(wish) / rate, Fraction(now) / rate)
        for index, (wish, now) in enumerate(zip(wishes, fitted, strict=True))
        if now < wish - 1 or (wish and not now)
    )
    parts = [dataclasses.replace(part, transition=now) for part, now in zip(reel.parts, transitions, strict=False)]
    return parts, transitions[-1], notes


def _shortened(transition: Transition, pictures: int, rate: Fraction) -> Transition:
    if not pictures:
        return Transition()
    return dataclasses.replace(transition, length_s=float(pictures / rate))


def _note(index: int, last: int, kind: str, wish_s: Fraction, now_s: Fraction) -> str:
    where = "at the end" if index == last else f"before entry {index + 1}"
    became = f"is {float(now_s):.2f} s" if now_s else "became a cut"
    return f"The {kind} of {float(wish_s):.2f} s {where} {became}, because the pieces beside it are not longer."


def _change(segment: Segment, timeline: Timeline) -> str:
    """What is done to the pictures of a segment; empty when they stay as they are."""
    part, clip = segment.part, segment.clip
    if clip is None:
        return "is a card"
    if is_still(clip.path):
        return "is a still"
    if part.transition.kind != "cut":
        return f"comes with a {part.transition.kind}"
    if part.titles:
        return "has a title"
    if part.speed != 1:
        return f"plays at {part.speed:g} times its speed"
    if _natural_px(clip) != timeline.size_px:
        width, height = _natural_px(clip)
        return f"is {width}x{height}, and the film {timeline.size_px[0]}x{timeline.size_px[1]}"
    return _other_rate(clip, timeline)


def _other_rate(clip: Clip, timeline: Timeline) -> str:
    rate, first = nominal_rate(clip), timeline.segments[0].clip
    if rate is None:
        return "shows its pictures at uneven times"
    multiple = timeline.frame_rate / rate
    if abs(multiple / max(1, round(multiple)) - 1) > RATE_SLACK or (first and nominal_rate(first) != rate):
        return f"has {float(rate):.3f} pictures a second, and the film {float(timeline.frame_rate):.3f}"
    return ""
