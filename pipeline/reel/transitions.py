"""How pictures give way to each other: MoviePy effects and layers, each exact to the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moviepy import Clip, ColorClip, CompositeVideoClip, Effect, ImageClip, VideoClip, vfx

from pipeline.reel.reel import Direction

if TYPE_CHECKING:
    import numpy as np

# Width of a wipe's soft edge against the side it crosses.
SOFT_EDGE = 0.08


@dataclass
class DissolveIn(Effect):
    """The clip comes linearly in code values over `duration` seconds, as editing programs do it.

    The mask is a single number a picture, not a picture: every pixel weighs the same.
    """

    duration: float

    def apply(self, clip: Clip) -> Clip:
        """Give the clip its mask."""
        even = ColorClip((1, 1), color=1.0, is_mask=True, duration=clip.duration)
        return clip.with_mask(even).with_effects([vfx.CrossFadeIn(self.duration)])


@dataclass
class WipeIn(Effect):
    """The clip comes behind a soft edge that crosses the frame."""

    duration: float
    direction: Direction

    def apply(self, clip: Clip) -> Clip:
        """Give the clip a mask of one row or column."""
        mask = VideoClip(is_mask=True, duration=clip.duration)
        mask.size = clip.size
        mask.frame_function = lambda t: wipe_mask(clip.size, t / self.duration, self.direction)
        return clip.with_mask(mask)


def wipe_mask(size_px: tuple[int, int], done: float, direction: Direction) -> np.ndarray:
    """Share of the new picture, float32 [H or 1, 1 or W], when `done` (0 to 1) of the way is covered."""
    import numpy as np

    length = size_px[0] if direction in ("left", "right") else size_px[1]
    place = (np.arange(length, dtype=np.float32) + 0.5) / length
    if direction in ("left", "up"):
        place = 1 - place
    share = np.clip((done * (1 + SOFT_EDGE) - place) / SOFT_EDGE, 0, 1)
    return share[None, :] if direction in ("left", "right") else share[:, None]


def dip(size_px: tuple[int, int], colour: str, *, start_s: float, rise_s: float, fall_s: float, length_s: float) -> Any:
    """A layer of colour that comes and goes; 0 leaves a side out."""
    layer = plain_ground(size_px, colour).with_duration(length_s)
    even = ColorClip((1, 1), color=1.0, is_mask=True, duration=length_s)
    effects = [vfx.CrossFadeIn(rise_s)] * bool(rise_s) + [vfx.CrossFadeOut(fall_s)] * bool(fall_s)
    return layer.with_mask(even).with_effects(effects).with_start(start_s)


def plain_ground(size_px: tuple[int, int], colour: str) -> ImageClip:
    """A picture of one colour. MoviePy's own ColorClip holds it in 64 bit numbers."""
    import numpy as np
    from PIL import ImageColor

    return ImageClip(np.full((size_px[1], size_px[0], 3), ImageColor.getrgb(colour)[:3], np.uint8))


class Layers(CompositeVideoClip):
    """MoviePy's layers, places, times and masks; the pixels are mixed by OpenCV, and only where a layer lies.

    MoviePy mixes whole pictures in RGBA by Pillow, which took 32 ms for a dissolve at 1080p where this takes 1 ms,
    and cuts masks to whole steps of 1/255 downward.
    """

    def __init__(self, clips: list[VideoClip], size_px: tuple[int, int]) -> None:
        ground = plain_ground(size_px, "#000000")
        super().__init__([ground, *(clips or [ground])], size=size_px, use_bgclip=True)

    def frame_function(self, t: float) -> np.ndarray:
        """The picture at a time, uint8 [H, W, 3]; it may be the lowest layer's own, so it must not be written to."""
        picture = None
        for clip in self.playing_clips(t):
            picture = over(picture if picture is not None else self.bg.get_frame(0), clip, t)
        return self.bg.get_frame(0) if picture is None else picture


def over(picture: np.ndarray, clip: VideoClip, t: float) -> np.ndarray:
    """A clip's picture over another, by its mask, at its place."""
    import cv2
    import numpy as np

    own_t = t - clip.start
    layer = clip.get_frame(own_t)
    if clip.mask is None:
        return layer
    mask = np.asarray(clip.mask.get_frame(own_t), np.float32)
    if mask.size == 1:
        share = float(mask.flat[0])
        return layer if share >= 1 else cv2.addWeighted(layer, share, picture, 1 - share, 0)
    left, top = (int(n) for n in clip.pos(own_t))
    height, width = layer.shape[:2]
    mask = np.ascontiguousarray(np.broadcast_to(mask, (height, width)))
    below = picture[top : top + height, left : left + width]
    mixed = cv2.blendLinear(np.ascontiguousarray(layer), np.ascontiguousarray(below), mask, 1 - mask)
    if (height, width) == picture.shape[:2]:
        return mixed
    result = picture.copy()
    result[top : top + height, left : left + width] = mixed
    return result
