"""Which part of a source is used: seconds and time codes put on the source's own pictures."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from pipeline.errors import UsageError
from pipeline.media.stills import is_still
from pipeline.records import Clip
from pipeline.reel.reel import Part

# a still that says nothing about its length
USUAL_STILL_S = 4.0
MAX_STILL_S = 3_600.0
# Averages of containers are off by less than this; NTSC rates differ from whole ones by 1e-3.
RATE_SLACK = Fraction(2, 10_000)
_USUAL_RATES = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)) + tuple(map(Fraction, range(1, 121)))
_TIMECODE = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)([:;])(\d{2,3})")


@dataclass(frozen=True)
class Cut:
    """The part of a source that is used, and how many pictures of the film it fills."""

    start_s: float
    end_s: float
    pictures: int


def nearest(value: Fraction) -> int:
    """The nearest whole number, a half upward: Python rounds halves to even ones, so equal lengths would differ."""
    return math.floor(value + Fraction(1, 2))


def grid_rate(clip: Clip) -> Fraction | None:
    """The clip's rate when its pictures lie evenly; None where they do not."""
    return None if clip.video.is_variable_rate else clip.video.frame_rate


def nominal_rate(clip: Clip) -> Fraction | None:
    """The rate a clip is meant to have: also of one that left a few pictures out; None where no rate fits."""
    rate = clip.video.frame_rate
    usual = next((usual for usual in _USUAL_RATES if abs(rate / usual - 1) < RATE_SLACK), None)
    return usual or grid_rate(clip)


def cut_of(part: Part, clip: Clip, film_rate: Fraction) -> Cut:
    """Measure what a part uses of its clip.

    Both ends are put on whole pictures of a source of constant rate; at least one picture of the film is filled.

    Raises
    ------
    UsageError
        The trim lies outside of the source, or nothing is left.
    """
    if is_still(clip.path):
        return _still(part, film_rate)
    video = clip.video
    rate = grid_rate(clip)
    # how long the last picture stays is what containers get wrong most
    whole_s = video.frames / rate if rate else Fraction(video.duration_s)
    first_s, name = Fraction(video.start_s), clip.path.name
    last_s = first_s + whole_s
    start_s = _asked_s(part.start_timecode, part.start_s, clip)
    end_s = _asked_s(part.end_timecode, part.end_s, clip)
    picture_s = 1 / video.frame_rate
    lasts = f"but {name} lasts {float(whole_s):.3f} s"
    if end_s > last_s + picture_s:
        raise UsageError(f"the end is at {float(end_s):.3f} s, {lasts}; end there or earlier.")
    if start_s >= last_s:
        raise UsageError(f"the start is at {float(start_s):.3f} s, {lasts}; begin earlier.")
    start_s, end_s = max(start_s, first_s), min(end_s, last_s) if end_s else last_s
    if rate is not None:
        start_s, end_s = (first_s + nearest((time_s - first_s) * rate) / rate for time_s in (start_s, end_s))
    if end_s <= start_s:
        raise UsageError(f"from and to leave less than a picture of {name}; let it last longer.")
    speed = Fraction(part.speed).limit_denominator(10_000)
    return Cut(float(start_s), float(end_s), max(1, nearest((end_s - start_s) / speed * film_rate)))


def _still(part: Part, film_rate: Fraction) -> Cut:
    name = part.clip.name if part.clip else ""
    if part.start_timecode or part.end_timecode or part.start_s or part.speed != 1:
        raise UsageError(f"{name} is a still: it has no from, no time codes and no speed, only seconds.")
    length_s = Fraction(part.end_s or USUAL_STILL_S)
    if length_s > MAX_STILL_S:
        raise UsageError(f"{name} would stand for {float(length_s):.0f} s; an hour is the most.")
    return Cut(0.0, float(length_s), max(1, nearest(length_s * film_rate)))


def _asked_s(timecode: str, time_s: float, clip: Clip) -> Fraction:
    return timecode_s(timecode, clip.video.frame_rate) + Fraction(clip.video.start_s) if timecode else Fraction(time_s)


def timecode_s(timecode: str, rate: Fraction) -> Fraction:
    """Seconds of a time code that counts pictures from zero (SMPTE ST 12-1; with a semicolon numbers are dropped).

    Raises
    ------
    UsageError
        A picture the rate does not have, or dropped numbers at a rate that drops none.
    """
    match = _TIMECODE.fullmatch(timecode)
    hours, minutes, seconds, pictures = (int(match[i]) for i in (1, 2, 3, 5)) if match else (0, 0, 0, 10**6)
    nominal = round(rate)
    if pictures >= nominal:
        raise UsageError(f"the time code {timecode} does not exist at {float(rate):.3f} pictures a second.")
    count = ((hours * 60 + minutes) * 60 + seconds) * nominal + pictures
    if match and match[4] == ";":
        if rate.denominator != 1001 or nominal % 30:
            raise UsageError(
                f"the time code {timecode} drops numbers, which {float(rate):.3f} a second does not; use :."
            )
        # two numbers a minute (four at 60), but not in each tenth
        count -= nominal // 15 * (hours * 60 + minutes - (hours * 60 + minutes) // 10)
    return count / rate
