"""Timecode of a moment, as broadcasters write it (SMPTE ST 12-1)."""

from __future__ import annotations

from fractions import Fraction

# rates that are counted with dropped numbers, so that the clock on the screen stays with the one on the wall
_DROP = {Fraction(30000, 1001): 2, Fraction(60000, 1001): 4}


def timecode(time_s: float, frame_rate: Fraction) -> str:
    """hh:mm:ss:ff of the frame that is on at a moment; a semicolon before the frames says that numbers are dropped."""
    counted = round(frame_rate)
    # a moment that was rounded to a millisecond still belongs to the frame it begins
    frame = int(time_s * frame_rate + Fraction(1, 20))
    dropped = _DROP.get(frame_rate, 0)
    if dropped:
        frame = _with_gaps(frame, counted, dropped)
    seconds, frames = divmod(frame, counted)
    mark = ";" if dropped else ":"
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{frames:02d}"


def _with_gaps(frame: int, counted: int, dropped: int) -> int:
    # the first numbers of each minute are left out, but not in every tenth
    ten_minutes = 600 * counted - 9 * dropped
    tens, rest = divmod(frame, ten_minutes)
    minutes = max(rest - dropped, 0) // (60 * counted - dropped)
    return frame + dropped * (9 * tens + minutes)
