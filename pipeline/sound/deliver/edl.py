"""A session as CMX 3600 edit decision lists, the oldest common language of editing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from pipeline.files import write_atomic
from pipeline.sound.deliver.layout import (
    CountedRate,
    Lane,
    Placed,
    clip_levels,
    counted_rate,
    lanes,
    nearest_colour,
    notes_of,
    plain,
    plain_lines,
    plain_path,
    relative_path,
    session_units,
    unit_at,
)
from pipeline.sound.deliver.session import Session, SessionMarker
from pipeline.sound.deliver.timecode import timecode

# colours of locators in Media Composer's lists
LOCATOR_COLOURS = {
    "RED": "#ff0000",
    "GREEN": "#00c000",
    "BLUE": "#2060ff",
    "CYAN": "#00d0d0",
    "MAGENTA": "#c000c0",
    "YELLOW": "#ffe000",
    "BLACK": "#000000",
    "WHITE": "#ffffff",
}
# two digits hold the frames of a second up to here in every reader
MOST_FRAMES = 60
# what a list says in a line of its own is cut here, as other programs cut it
COMMENT_LENGTH = 240


def write_edl(session: Session, path: Path) -> None:
    """Write the lists of a session: the picture at `path`, and one list a lane of sound beside it.

    A CMX 3600 list has four channels of sound, and clips of a channel cannot overlap. So every lane gets its own
    stereo list, `name.FX-impacts-2.edl` (`edl_files` says which). Times are the nearest frames; 29.97 and 59.94 count
    with dropped frames; above 60 a list counts every second or third frame. Gains, ducking, notes and markers are
    comments, for which there is no place else; the picture's list has the markers.
    """
    counted = _counted(session)
    files = edl_files(session, path)
    write_atomic(files[0], "\n".join(_picture_list(session, path.parent, counted)) + "\n")
    for lane, file in zip(_lanes(session, counted), files[1:], strict=True):
        write_atomic(file, "\n".join(_lane_list(lane, session, path.parent, counted)) + "\n")


def edl_files(session: Session, path: Path) -> tuple[Path, ...]:
    """What `write_edl` writes: `path` itself, then a list for every lane that has clips."""
    names = (lane.name.replace(" ", "-") for lane in _lanes(session, _counted(session)))
    return (path, *(path.with_name(f"{path.stem}.{name}.edl") for name in names))


def _lanes(session: Session, counted: CountedRate) -> tuple[Lane, ...]:
    return tuple(lane for lane in lanes(session, counted.rate) if lane.clips)


def _counted(session: Session) -> CountedRate:
    """Rate the list counts in, at most 60 frames a second."""
    counted = counted_rate(session.frame_rate)
    parts = math.ceil(Fraction(counted.base, MOST_FRAMES))
    return CountedRate(max(1, round(counted.base / parts)), counted.ntsc)


def _head(title: str, counted: CountedRate) -> Iterator[str]:
    yield f"TITLE: {plain(title, 70)}"
    yield f"FCM: {'DROP FRAME' if _drops(counted) else 'NON-DROP FRAME'}"


def _picture_list(session: Session, folder: Path, counted: CountedRate) -> Iterator[str]:
    yield from _head(session.name, counted)
    length = session_units(session, counted.rate)
    # BL is black: something has to carry the markers
    yield _event(1, "V", (0, length), (0, length), counted, source="AX" if session.picture else "BL")
    if session.picture:
        yield _comment(f"FROM CLIP NAME: {session.picture.name}")
        yield _source_file(session.picture, folder)
    # readers take comments for the event above them, and stumble where there is none
    yield from map(_comment, notes_of(session))
    if session.master_gain_db:
        yield _comment(f"MASTER GAIN {session.master_gain_db:.2f} DB IS IN THE CLIPS' AUDIO LEVELS")
    for marker in session.markers:
        yield _locator(marker, counted)


def _lane_list(lane: Lane, session: Session, folder: Path, counted: CountedRate) -> Iterator[str]:
    yield from _head(f"{session.name} {lane.name}", counted)
    for number, placed in enumerate(lane.clips, 1):
        source = (placed.source, placed.source + placed.length)
        yield _event(number, "AA", source, (placed.start, placed.end), counted)
        yield _comment(f"FROM CLIP NAME: {placed.clip.name}")
        yield _source_file(placed.clip.file, folder)
        yield from _levels(placed, lane, session, counted)
        yield from (_comment(f"NOTE: {line}") for line in plain_lines(placed.clip.note))


def _event(
    number: int,
    channels: str,
    source_frames: tuple[int, int],
    record_frames: tuple[int, int],
    counted: CountedRate,
    *,
    source: str = "AX",
) -> str:
    """One line of the list; AX is the source that is not a tape but the file named below."""
    codes = " ".join(code_of(frame, counted) for frame in (*source_frames, *record_frames))
    return f"{number:03d}  {source:<8} {channels:<5} C        {codes}"


def _levels(placed: Placed, lane: Lane, session: Session, counted: CountedRate) -> Iterator[str]:
    """Levels as Media Composer's lists have them: gain of clip and master with the ducking on top, at record times."""
    fixed_db = placed.clip.gain_db + session.master_gain_db
    points = clip_levels(placed.clip, lane.track, session)
    frames = {unit_at(time_s, counted.rate): db for time_s, db in points} or {placed.start: 0.0}
    for frame, db in frames.items():
        yield f"* AUDIO LEVEL AT {code_of(frame, counted)} IS {fixed_db + db:.2f} DB  (REEL AX A1 A2)"


def _locator(marker: SessionMarker, counted: CountedRate) -> str:
    frame = unit_at(marker.time_s, counted.rate)
    colour = nearest_colour(marker.colour, LOCATOR_COLOURS)
    return f"* LOC: {code_of(frame, counted)} {colour:<7} {plain(marker.name, COMMENT_LENGTH)}"


def _source_file(file: Path, folder: Path) -> str:
    return f"* SOURCE FILE: {plain_path(relative_path(file, folder))}"


def _comment(text: str) -> str:
    return f"* {plain(text, COMMENT_LENGTH)}"


def _drops(counted: CountedRate) -> bool:
    """Whether frame numbers are dropped to keep up with the clock: defined for 29.97 and 59.94 (SMPTE ST 12-1)."""
    return counted.ntsc and counted.base in (30, 60)


def code_of(frame: int, counted: CountedRate) -> str:
    """Timecode of a whole frame."""
    return timecode(float(frame / counted.rate), counted.rate)
