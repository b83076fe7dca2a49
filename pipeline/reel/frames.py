"""Which picture of a source is on the screen at a time; the source is read forward once."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from pipeline.errors import UnreadableInput
from pipeline.media.encode import COARSE_TICK
from pipeline.media.frames import Frame, read_frames
from pipeline.records import Clip

# Times written to the millisecond are up to half of one early; without slack such a start shows the picture before.
SLACK_S = 0.0006
# How far before the start reading begins at first, to find the picture that is on the screen there.
LEAD_S = 0.5


class SourcePictures:
    """Pictures of a clip by time. The one on the screen is the last whose presentation time has come.

    Parameters
    ----------
    clip : Clip
    start_s, end_s : float
        The part that is used, source seconds. No picture from `end_s` on is ever shown: the last one before it stays.
    """

    def __init__(self, clip: Clip, start_s: float, end_s: float | None = None) -> None:
        self._clip = clip
        self._end_s = None if end_s is None else end_s - SLACK_S
        self._frames, self._shown = self._open(start_s)
        self._next = next(self._frames, None)

    def at(self, time_s: float | Fraction) -> Frame:
        """The picture on the screen at a source time; times may only rise from call to call."""
        limit = float(time_s) + SLACK_S
        while self._next is not None and shown_from_s(self._next, self._clip) <= limit:
            self._shown, self._next = self._next, next(self._frames, None)
        return self._shown

    def close(self) -> None:
        """Let go of the file."""
        self._next = None
        self._frames.close()  # type: ignore[attr-defined]

    def _open(self, start_s: float) -> tuple[Iterator[Frame], Frame]:
        lead_s = LEAD_S
        while True:
            begin_s = max(start_s - lead_s, 0.0)
            frames = read_frames(self._clip, start_s=begin_s, end_s=self._end_s)
            first = next(frames, None)
            if first is not None and (begin_s == 0 or shown_from_s(first, self._clip) <= start_s + SLACK_S):
                return frames, first
            if begin_s == 0:
                raise UnreadableInput(
                    f"{self._clip.path.name} has no picture up to {start_s:.3f} s; start later or export it again."
                )
            # a picture may stay for minutes in a recorded screen
            lead_s *= 8


def shown_from_s(frame: Frame, clip: Clip) -> float:
    """When a picture comes, put back on the grid of a constant rate where a coarse clock rounded it."""
    video = clip.video
    if video.time_base < COARSE_TICK or video.is_variable_rate or video.frames < 3:
        return frame.time_s
    step_s = float(1 / video.frame_rate)
    return video.start_s + round((frame.time_s - video.start_s) / step_s) * step_s
