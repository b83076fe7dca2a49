"""What every project writer needs: lanes without overlaps, whole frames, levels between points, harmless names."""

from __future__ import annotations

import colorsys
import math
import os
import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

from pipeline.sound.deliver.session import Curve, Session, SessionClip, SessionTrack

# programs join points by straight lines of amplitude, of decibels or of their fader; over 1 dB these lie within
# 0.015 dB of each other: 20 lg cosh(ln 10 / 40)
STEP_DB = 1.0
# as silent as 24 bits; a lower point would only cost more steps
FLOOR_DB = -144.0
# longer names are cut: Media Composer and Windows stop near 255
NAME_LENGTH = 200
NOTE_LENGTH = 2000
# turning text around would let a name say something else than it shows (Unicode TR 9, explicit directional formatting)
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# channels closer than this look grey
GREY = 0.15
# so that identifiers depend on nothing but what they name
NAMESPACE = uuid.UUID("5a0f2a4e-6c1f-5f0e-9d53-3d5c8c1f7a10")


@dataclass(frozen=True)
class Placed:
    """A clip in whole units of a rate: frames, or samples."""

    clip: SessionClip
    start: int
    source: int
    length: int

    @property
    def end(self) -> int:
        """First unit after it."""
        return self.start + self.length


@dataclass(frozen=True)
class Lane:
    """A track of a program that cannot play two clips at once."""

    name: str
    track: SessionTrack
    clips: tuple[Placed, ...]


@dataclass(frozen=True)
class CountedRate:
    """A frame rate that programs can count: whole frames a second, or 1000/1001 of them."""

    base: int
    ntsc: bool

    @property
    def rate(self) -> Fraction:
        """Frames a second, exactly."""
        return Fraction(self.base * 1000, 1001) if self.ntsc else Fraction(self.base)


def counted_rate(frame_rate: Fraction) -> CountedRate:
    """Rate in which a timeline counts: the picture's own where it can be said, else a multiple or the nearest.

    12.5 becomes 25. Clips are placed by time, so that nothing drifts where the rates differ.
    """
    for times in (1, 2, 4):
        for counted in (
            CountedRate(round(frame_rate * times), False),
            CountedRate(_thousandth(frame_rate * times), True),
        ):
            # some files say 23.98 and mean 24000/1001, which is 1.7e-4 less
            if counted.base >= 1 and abs(counted.rate / (frame_rate * times) - 1) < Fraction(1, 4000):
                return counted
    return CountedRate(max(1, round(frame_rate)), False)


def _thousandth(rate: Fraction) -> int:
    return round(rate * 1001 / 1000)


def units(samples: int, session: Session, rate: Fraction | int) -> int:
    """Nearest whole unit of `rate` to a position in samples; halves go up."""
    return math.floor(Fraction(samples) * rate / session.sample_rate_hz + Fraction(1, 2))


def unit_at(time_s: float, rate: Fraction | int) -> int:
    """Nearest whole unit of `rate` to a time, from 0 on."""
    return max(0, math.floor(Fraction(time_s) * rate + Fraction(1, 2)))


def place(clip: SessionClip, session: Session, rate: Fraction | int) -> Placed:
    """Clip in whole units: both edges go to the nearest, so that neighbours stay neighbours; never shorter than one."""
    start = units(clip.start_samples, session, rate)
    end = units(clip.start_samples + clip.length_samples, session, rate)
    return Placed(clip, start, units(clip.source_start_samples, session, rate), max(1, end - start))


def file_units(clip: SessionClip, session: Session, rate: Fraction | int) -> int:
    """Length of a clip's file in units, the begun one included, and never less than what is used of it."""
    placed = place(clip, session, rate)
    whole = math.ceil(Fraction(clip.file_samples) * rate / session.sample_rate_hz)
    return max(whole, placed.source + placed.length)


def session_units(session: Session, rate: Fraction | int) -> int:
    """Length of the session in units: its end or its last clip's."""
    ends = [place(clip, session, rate).end for track in session.tracks for clip in track.clips]
    return max(1, units(session.length_samples, session, rate), *ends)


def lanes(session: Session, rate: Fraction | int) -> tuple[Lane, ...]:
    """Every track as lanes whose clips never overlap, in order; the first free lane takes a clip."""
    return tuple(lane for track in session.tracks for lane in _spread(track, session, rate))


def _spread(track: SessionTrack, session: Session, rate: Fraction | int) -> Iterator[Lane]:
    rows: list[list[Placed]] = [[]]
    for placed in sorted(
        (place(clip, session, rate) for clip in track.clips), key=lambda p: (p.start, p.end, p.clip.id)
    ):
        free = next((row for row in rows if not row or row[-1].end <= placed.start), None)
        if free is None:
            rows.append(free := [])
        free.append(placed)
    for number, row in enumerate(rows, 1):
        yield Lane(track.name if len(rows) == 1 else f"{track.name} {number}", track, tuple(row))


def level_db(curve: Curve, time_s: float) -> float:
    """Level of a curve at a time, dB; 0 where it has no points."""
    if not curve or time_s < curve[0][0]:
        return max(FLOOR_DB, curve[0][1]) if curve else 0.0
    for (from_s, from_db), (to_s, to_db) in pairwise(curve):
        if from_s <= time_s < to_s:
            share = (time_s - from_s) / (to_s - from_s)
            return max(FLOOR_DB, from_db) * (1 - share) + max(FLOOR_DB, to_db) * share
    return max(FLOOR_DB, curve[-1][1])


def level_points(curve: Curve, start_s: float, end_s: float) -> Curve:
    """A curve's points from start to end, both included, so close that any way of joining them sounds the same."""
    if not curve:
        return ()
    inner = [(time_s, max(FLOOR_DB, db)) for time_s, db in curve if start_s < time_s < end_s]
    corners = [(start_s, level_db(curve, start_s)), *inner, (end_s, level_db(curve, end_s))]
    points = [corners[0]]
    for (from_s, from_db), (to_s, to_db) in pairwise(corners):
        steps = max(1, math.ceil(abs(to_db - from_db) / STEP_DB))
        points += [
            (from_s + (to_s - from_s) * k / steps, from_db + (to_db - from_db) * k / steps) for k in range(1, steps)
        ]
        points.append((to_s, to_db))
    return tuple(points)


def clip_levels(clip: SessionClip, track: SessionTrack, session: Session) -> Curve:
    """Its track's automation over a clip; empty where the level stays at 0 dB."""
    start_s = clip.start_samples / session.sample_rate_hz
    points = level_points(track.automation, start_s, start_s + clip.length_samples / session.sample_rate_hz)
    return points if any(abs(db) > 1e-6 for _, db in points) else ()


def amplitude(level_db: float) -> float:
    """Decibels as a factor."""
    return 10 ** (level_db / 20)


def plain(text: str, limit: int = NAME_LENGTH) -> str:
    """Text on one line without anything a format, a terminal or an eye could stumble over; cut to `limit`."""
    kept = " ".join("".join(map(_harmless, text)).split())
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def plain_path(path: str) -> str:
    """Path on one line; all that can be in a path and in a line stays."""
    return "".join("\ufffd" if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in path)


def plain_lines(text: str, limit: int = NOTE_LENGTH) -> tuple[str, ...]:
    """Lines of a note, each as `plain` has it, without empty ones."""
    return tuple(kept for line in text[:limit].splitlines() if (kept := plain(line, limit)))


def _harmless(letter: str) -> str:
    if letter in BIDI or unicodedata.category(letter) in ("Cs", "Cn", "Co"):
        return ""
    return " " if unicodedata.category(letter) == "Cc" else letter


def notes_of(session: Session) -> tuple[str, ...]:
    """What is to be known of the whole, a line each."""
    return tuple(plain(f"{key}: {value}", NOTE_LENGTH) for key, value in session.notes.items())


def rgb(colour: str) -> tuple[int, int, int]:
    """`#rrggbb` as numbers from 0 to 255."""
    value = int(colour.removeprefix("#"), 16)
    return value >> 16 & 255, value >> 8 & 255, value & 255


def nearest_colour(colour: str, palette: dict[str, str]) -> str:
    """Name in a palette of names and `#rrggbb` that people would call a colour: by hue, greys by lightness."""
    return min(palette, key=lambda name: _distance(colour, palette[name]))


def _distance(colour: str, other: str) -> float:
    (hue, light, chroma), (other_hue, other_light, other_chroma) = _shade(colour), _shade(other)
    # a grey and a colour are further apart than any two colours
    if (chroma < GREY) != (other_chroma < GREY):
        return 2.0
    turn = abs(hue - other_hue)
    return abs(light - other_light) if chroma < GREY else min(turn, 1 - turn)


def _shade(colour: str) -> tuple[float, float, float]:
    """Hue, lightness and difference of the strongest and weakest channel, each 0 to 1."""
    red, green, blue = (value / 255 for value in rgb(colour))
    hue, light, _ = colorsys.rgb_to_hls(red, green, blue)
    return hue, light, max(red, green, blue) - min(red, green, blue)


def relative_path(file: Path, folder: Path) -> str:
    """Path as a file in `folder` names it, with forward slashes; absolute where no way leads there."""
    try:
        return Path(os.path.relpath(file.absolute(), folder.absolute())).as_posix()
    except ValueError:  # another drive on Windows
        return file.absolute().as_posix()


def relative_url(file: Path, folder: Path) -> str:
    """The same, percent-encoded."""
    path = relative_path(file, folder)
    return file.absolute().as_uri() if Path(path).is_absolute() else quote(os.fsencode(path))


def identifier(session: Session, *parts: object) -> uuid.UUID:
    """Identifier that is the same whenever the same thing of the same session is written."""
    return uuid.uuid5(NAMESPACE, "\x00".join(map(repr, (session.name, session.length_samples, *parts))))


def umid(session: Session, *parts: object) -> str:
    """The same as a SMPTE ST 330 material identifier, as AAF names its mobs."""
    material = identifier(session, "mob", *parts).hex
    # 0f: kind of material not said; 20: numbers made by the UUID method; 13: a basic identifier's length
    words = ("060a2b34", "01010105", "01010f20", "13000000", *(material[k : k + 8] for k in range(0, 32, 8)))
    return "urn:smpte:umid:" + ".".join(words)
