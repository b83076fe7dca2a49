"""From an act to pictures: backdrop, camera, shutter, and what a camera and an encoder do to a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from models.events.scenes_brush import View, colour, fractal, surface
from models.events.scenes_stage import ease, wander

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.events.scenes_stage import Act, Stage

# the backdrop goes on for so many short sides beyond the picture, and then on as its own mirror image
MARGIN = 0.25


@dataclass(frozen=True)
class Camera:
    """How the camera moves: its zoom, its roll in radians, its shift in short sides."""

    width: float
    height: float
    zoom: Callable[[float], float]
    roll: Callable[[float], float]
    shift_x: Callable[[float], float]
    shift_y: Callable[[float], float]

    def matrix(self, time_s: float, short_px: int) -> NDArray[np.float64]:
        """World to pixel centres, float64 [2, 3]."""
        angle, size = self.roll(time_s), self.zoom(time_s) * short_px
        turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        middle = np.array([self.width, self.height]) / 2
        shift = np.array([self.shift_x(time_s), self.shift_y(time_s)])
        # pixel n is centred at n, and covers n - 0.5 to n + 0.5
        return np.column_stack([turn, middle * short_px - turn @ (middle + shift) - 0.5])


@dataclass(frozen=True)
class Look:
    """What the shutter, the sensor, the light and the encoder do."""

    # pictures averaged over the open shutter
    exposures: int
    # share of the time between two pictures that the shutter is open; it is open around the presentation time
    shutter: float
    # noise's deviation in code values
    noise: float
    # JPEG quality, 0 for none
    quality: int
    # of a Gaussian, in pixels
    blur: float
    # added to every code value
    lift: float
    light: Callable[[float], float]
    # each picture is shown so many times
    hold: int = 1


def steady(stage: Stage) -> Camera:
    """A camera on a tripod."""
    return Camera(stage.width, stage.height, lambda t: 1.0, lambda t: 0.0, lambda t: 0.0, lambda t: 0.0)


def camera(stage: Stage, random: np.random.Generator, act: Act) -> Camera:
    """Some camera: on a tripod, in the hand, drifting, panning, zooming, or going along with somebody."""
    style = "tripod" if stage.clean else str(random.choice(_CAMERAS, p=_SHARES))
    still = steady(stage)
    shake = random.uniform(0.001, 0.012) if style == "hand" else random.uniform(0, 0.002) * (style != "tripod")
    shift_x, shift_y = (wander(random, shake, slowest_hz=0.3, fastest_hz=5.0) for _ in "xy")
    roll = wander(random, shake * 0.6, slowest_hz=0.3, fastest_hz=3.0)
    way = random.uniform(-0.05, 0.05, 2) if style == "drift" else np.array([random.uniform(-0.2, 0.2), 0.0])
    way = way * (style in ("drift", "pan")) / stage.duration_s
    growth = random.uniform(-0.16, 0.16) / stage.duration_s * (style == "zoom")
    follow = act.follow or (lambda t: (0.0, 0.0))
    middle_s = stage.duration_s / 2
    if style == "tripod" and act.follow is None:
        return still
    return Camera(
        stage.width,
        stage.height,
        lambda t: 1.0 + growth * (t - middle_s),
        roll,
        lambda t: shift_x(t) + way[0] * (t - middle_s) + follow(t)[0],
        lambda t: shift_y(t) + way[1] * (t - middle_s) + follow(t)[1],
    )


_CAMERAS = ("tripod", "hand", "drift", "pan", "zoom")
_SHARES = (0.4, 0.25, 0.12, 0.12, 0.11)


def look(stage: Stage, random: np.random.Generator) -> Look:
    """Some picture quality; a clean stage gets mild noise and no more."""
    if stage.clean:
        return Look(int(random.integers(1, 4)), random.uniform(0.1, 0.5), random.uniform(0.5, 2.5), 0, 0.0, 0.0, _lit)
    return Look(
        exposures=int(random.choice([1, 2, 3, 4], p=[0.4, 0.2, 0.25, 0.15])),
        shutter=random.uniform(0.1, 0.95),
        noise=random.choice([0.0, random.uniform(0.5, 3), random.uniform(3, 9)], p=[0.2, 0.55, 0.25]),
        quality=int(random.random() < 0.4) * int(random.integers(25, 90)),
        blur=float(random.choice([0.0, random.uniform(0.5, 1.6)], p=[0.6, 0.4])),
        lift=random.uniform(-20, 15),
        light=_lighting(stage, random),
        hold=int(random.choice([1, 2], p=[0.95, 0.05])),
    )


def _lit(_time_s: float) -> float:
    return 1.0


def _lighting(stage: Stage, random: np.random.Generator) -> Callable[[float], float]:
    style = str(random.choice(["even", "drift", "flicker", "mains", "auto"], p=[0.5, 0.15, 0.12, 0.13, 0.1]))
    gain = random.uniform(0.7, 1.15)
    if style == "drift":
        slow = wander(random, 0.08, slowest_hz=0.05, fastest_hz=0.4)
        return lambda t: gain * (1 + slow(t))
    if style == "flicker":
        fast = wander(random, random.uniform(0.01, 0.03), slowest_hz=3.0, fastest_hz=12.0)
        return lambda t: gain * (1 + fast(t))
    if style == "mains":
        # lamps at twice the mains frequency beat with the pictures
        rate_hz, size = random.choice([100.0, 120.0]) * random.uniform(0.999, 1.001), random.uniform(0.005, 0.04)
        return lambda t: gain * (1 + size * np.sin(2 * np.pi * rate_hz * t))
    if style == "auto":
        # the exposure finds another value softly
        at_s, change = random.uniform(0, stage.duration_s), random.uniform(-0.25, 0.25)
        return lambda t: gain * (1 + change * ease((t - at_s) / 0.8))
    return lambda t: gain


def backdrop(stage: Stage, random: np.random.Generator, act: Act) -> NDArray[Any]:
    """What is behind everything, uint8 [h, w, 3], `MARGIN` wider than the picture on each side."""
    import cv2

    height, width = (round((size + 2 * MARGIN) * stage.short_px) for size in (stage.height, stage.width))
    if act.backdrop == "table":
        return surface(random, height, width)
    if act.backdrop in ("dark", "sky"):
        return _sky(random, height, width, dark=act.backdrop == "dark")
    picture: NDArray[Any] = surface(random, height, width)
    _clutter(picture, random)
    if random.random() < 0.4:
        # out of focus
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(1.0, 4.0))
    # the floor begins behind what stands on it
    edge = round((act.horizon - (random.random() < 0.5) * random.uniform(0.02, 0.2) + MARGIN) * stage.short_px)
    if 0 < edge < height:
        picture[edge:] = surface(random, height - edge, width)
        picture[edge : edge + 2] = np.array(colour(random, 0.0, 0.4), np.uint8)
    # what moves in a clean scene is pale
    return picture // 2 if stage.clean else picture


def _sky(random: np.random.Generator, height: int, width: int, *, dark: bool) -> NDArray[Any]:
    low, high = (0.02, 0.25) if dark else (0.4, 0.95)
    top, bottom = np.array(colour(random, low, high)), np.array(colour(random, low, high))
    share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    clouds = 1 + random.uniform(0.02, 0.12) * fractal(random, height, width, (3, 3))[..., None]
    return np.clip((top * (1 - share) + bottom * share) * clouds, 0, 255).astype(np.uint8)


def _clutter(picture: NDArray[Any], random: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    for _ in range(int(random.integers(0, 6))):
        high, wide = (int(random.uniform(0.05, 0.35) * size) for size in (height, width))
        top, left = int(random.integers(0, height - high)), int(random.integers(0, width - wide))
        part = picture[top : top + high, left : left + wide]
        part[:] = np.array(colour(random, 0.1, 0.9, vivid=0.6), np.uint8) if random.random() < 0.5 else part // 2


def film(
    stage: Stage, act: Act, seen: Camera, taste: Look, *, frame_rate: Fraction, seed: int
) -> Iterator[tuple[float, NDArray[Any]]]:
    """All pictures with their presentation times; each is exposed around its time, so that times are not biased."""
    random = np.random.default_rng(seed)
    size = (round(stage.height * stage.short_px), round(stage.width * stage.short_px))
    behind = backdrop(stage, random, act)
    grain = np.round(random.normal(0, taste.noise, (size[0] + 32, size[1] + 32, 3))).astype(np.int16)
    shown = None
    for n in range(int(stage.duration_s * frame_rate)):
        time_s = float(n / frame_rate)
        if shown is None or n % taste.hold == 0:
            shown = _exposed(stage, act, seen, taste, behind, time_s=time_s, open_s=taste.shutter / float(frame_rate))
        yield time_s, _developed(shown, taste, grain, random, n=n, time_s=time_s)


def _exposed(
    stage: Stage,
    act: Act,
    seen: Camera,
    taste: Look,
    behind: NDArray[Any],
    *,
    time_s: float,
    open_s: float,
) -> NDArray[Any]:
    import cv2

    moments = time_s + open_s * ((np.arange(taste.exposures) + 0.5) / taste.exposures - 0.5)
    first = _drawn(stage, act, seen, behind, float(moments[0]))
    if len(moments) == 1:
        return first
    total = first.astype(np.float32)
    for moment in moments[1:]:
        cv2.accumulate(_drawn(stage, act, seen, behind, float(moment)), total)
    return cv2.convertScaleAbs(total, alpha=1 / len(moments))


def _drawn(stage: Stage, act: Act, seen: Camera, behind: NDArray[Any], time_s: float) -> NDArray[Any]:
    import cv2

    matrix = seen.matrix(time_s, stage.short_px)
    # backdrop pixel to picture pixel
    corner = 0.5 / stage.short_px - MARGIN
    place = np.column_stack([matrix[:, :2] / stage.short_px, matrix @ [corner, corner, 1.0]])
    height, width = round(stage.height * stage.short_px), round(stage.width * stage.short_px)
    canvas = cv2.warpAffine(behind, place, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    view = View(canvas, matrix)
    for draw in act.draw:
        draw(view, time_s)
    return canvas


def _developed(
    picture: NDArray[Any],
    taste: Look,
    grain: NDArray[np.int16],
    random: np.random.Generator,
    *,
    n: int,
    time_s: float,
) -> NDArray[Any]:
    import cv2

    height, width = picture.shape[:2]
    if taste.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), taste.blur)
    picture = cv2.addWeighted(picture, taste.light(time_s), picture, 0.0, taste.lift)
    if taste.noise:
        top, left = random.integers(0, 33, 2)
        picture = cv2.add(picture, grain[top : top + height, left : left + width], dtype=cv2.CV_8U)
    if taste.quality:
        # key pictures look better than those between
        quality = taste.quality + 8 * (n % 24 == 0)
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
    return picture
