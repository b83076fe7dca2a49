"""One pass over a clip's pictures: every meter is fed once, only small statistics stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pipeline.analysis.events import events
from pipeline.analysis.mood import MoodMeter
from pipeline.analysis.motion import MotionFeatures, MotionMeter, motion_curve, work_size_px
from pipeline.analysis.shots import ShotDetector
from pipeline.analysis.textures import TextureMeter
from pipeline.records import Analysis

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from pipeline.records import Clip, Event, Texture

# shots and mood need colour, not detail
COLOR_SHORT_SIDE_PX = 72
# of a water texture; below .4 a fifth of them were something else on the corpus
SURE_WATER = 0.5


class Picture(Protocol):
    """What the analysis needs of a `pipeline.media.frames.Frame`."""

    @property
    def time_s(self) -> float:
        """Presentation time from the start of the clip."""

    def gray(self, width_px: int, height_px: int | None = None) -> NDArray[np.uint8]:
        """Luma, uint8 [h, w], upright; display aspect when no height is given."""

    def rgb(self, width_px: int | None = None) -> NDArray[np.uint8]:
        """Colour, uint8 [h, w, 3], upright, display aspect."""


class Analyser:
    """Watches a clip picture by picture; memory does not grow with size, and by some 500 bytes per picture.

    `joins` are the spans in which one scene is known to give way to the next.
    """

    def __init__(self, joins: Sequence[tuple[float, float]] = ()) -> None:
        self._shots = ShotDetector(joins)
        self._motion = MotionMeter()
        self._mood = MoodMeter()
        self._textures = TextureMeter()
        # grey (width, height) and colour width, fixed by the first picture
        self._sizes_px: tuple[int, int, int] | None = None
        self._last_s = 0.0

    def add(self, frame: Picture) -> None:
        """Take the next picture, in order of presentation time."""
        width_px, height_px, color_px = self._sizes_px = self._sizes_px or sizes_px(frame)
        rgb = frame.rgb(color_px)
        self._shots.add(frame.time_s, rgb)
        self._mood.add(frame.time_s, rgb)
        gray = frame.gray(width_px, height_px)
        self._motion.add(frame.time_s, gray)
        self._textures.add(frame.time_s, rgb, gray)
        self._last_s = frame.time_s

    def features(self) -> MotionFeatures:
        """The cues behind the events, for models and pictures of them."""
        return self._motion.features()

    def result(self, duration_s: float | None = None) -> Analysis:
        """What was seen.

        Parameters
        ----------
        duration_s : float, optional
            Length of the clip in seconds; without it, or if shorter, the time of the last picture counts.
        """
        duration_s = max(duration_s or 0.0, self._last_s)
        shots = self._shots.shots(duration_s)
        features = self._motion.features()
        textures = self._textures.textures()
        cuts_s = tuple(shot.start_s for shot in shots[1:])
        scale = features.heights_per_short_side
        curve = motion_curve(features, cuts_s=cuts_s)
        return Analysis(
            duration_s=duration_s,
            shots=shots,
            events=_in_water(events(features, shots), textures),
            motion=curve,
            mood=self._mood.mood(end_s=duration_s, motion=curve, cuts=len(shots) - 1),
            shot_moods=self._mood.shot_moods(shots, curve),
            textures=textures,
            regions=self._motion.regions.regions(heights_per_short_side=scale, cuts_s=cuts_s),
        )


def analyse(source: Path | Clip) -> Analysis:
    """Decode and analyse a clip.

    Raises
    ------
    UnreadableInput
        When the file cannot be opened or holds no picture.
    """
    from pipeline.media.frames import read_frames
    from pipeline.media.probe import probe
    from pipeline.records import Clip

    clip: Any = source if isinstance(source, Clip) else probe(source)
    analyser = Analyser()
    for frame in read_frames(clip):
        analyser.add(frame)
    return analyser.result(clip.video.duration_s)


def _in_water(found: tuple[Event, ...], textures: tuple[Texture, ...]) -> tuple[Event, ...]:
    # what lands where water is seen goes in with a splash
    waters = [texture for texture in textures if texture.kind == "water" and texture.confidence >= SURE_WATER]

    def wet(event: Event) -> bool:
        return any(
            abs(event.x - water.x) <= 0.5 * water.extent**0.5 and abs(event.y - water.y) <= 0.5 * water.extent**0.5
            for water in waters
        )

    blows = ("contact", "collision")
    return tuple(replace(event, guess="splash") if event.kind in blows and wet(event) else event for event in found)


def sizes_px(frame: Picture) -> tuple[int, int, int]:
    """Grey (width, height) and colour width to look at a picture with."""
    height_px, width_px = frame.gray(256).shape
    aspect = width_px / height_px
    return (*work_size_px(aspect), max(1, round(COLOR_SHORT_SIDE_PX * max(1.0, aspect))))
