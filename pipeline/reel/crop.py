"""A window that follows what matters in a picture of another shape, as a camera operator would: calm, and never late.

A first cheap pass looks at small pictures five times a second: what moves, where faces are, what stands out.
Dynamic programming then finds, shot by shot, the path that keeps most of it in view for the least travel, and a
Gaussian takes the corners off. A cut starts a new path.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.media.frames import Frame, read_frames
from pipeline.records import Clip
from pipeline.reel.fitting import Window

if TYPE_CHECKING:
    import numpy as np

SAMPLE_S = 0.2
SMALL_PX = 192
# faces are looked for in pictures this wide; the detector wants about 24 pixels a face
FACE_PX = 320
# Places on the free way that are tried.
PLACES = 65
# Change below this many code values between two samples is noise and compression.
NOISE = 8.0
# Share of the picture that has to move before movement counts in full.
MOVING_SHARE = 0.004
# What faces, and what stands out without moving, weigh against movement, which weighs 1.
FACE_WEIGHT, STILL_WEIGHT = 1.0, 0.4
# What standing in the middle is worth: people frame what matters there.
MIDDLE_WEIGHT = 0.3
# Travelling the whole way costs as much as missing everything for this many samples (0.8 s).
TRAVEL_COST = 4.0
# Fastest travel, in widths of the source a second; also the corner rounding (standard deviation, s).
SPEED_LIMIT, SMOOTH_S = 0.6, 0.45
# The path is smoothed on this grid.
FINE_S = 0.04
# A picture that differs by so many code values, and by so many times what is usual here, begins a shot.
CUT_LEVEL, CUT_TIMES, CUT_MEMORY = 14.0, 4.0, 12


@dataclass(frozen=True)
class Shot:
    """The path through one shot."""

    start_s: float
    # every FINE_S from start_s: place on the free way, 0 to 1
    places: np.ndarray

    def at(self, time_s: float) -> float:
        """Place at a source time; the ends hold."""
        step = (time_s - self.start_s) / FINE_S
        low = min(max(int(step), 0), len(self.places) - 1)
        high = min(low + 1, len(self.places) - 1)
        part = min(max(step - low, 0.0), 1.0)
        return float(self.places[low] * (1 - part) + self.places[high] * part)


@dataclass(frozen=True)
class Camera:
    """Where the window stands when."""

    shots: tuple[Shot, ...]

    def at(self, time_s: float) -> float:
        """Place on the free way, 0 to 1, for the picture with this presentation time."""
        index = bisect_right([shot.start_s for shot in self.shots], time_s + 1e-9) - 1
        return self.shots[max(index, 0)].at(time_s)


@dataclass
class _Seen:
    """What the first pass keeps of a source: a few numbers a picture, and two rows of scores a sample."""

    times_s: list[float]
    changes: list[float]
    sample_times_s: list[float]
    # gains of every place, float32 [PLACES]
    moving: list[np.ndarray]
    standing: list[np.ndarray]


def follow(clip: Clip, window: Window, *, start_s: float = 0.0, end_s: float | None = None) -> Camera:
    """Find the window's path through a part of a clip.

    Parameters
    ----------
    clip : Clip
    window : Window
        Of the film's shape, from `fitting.window_in`.
    start_s, end_s : float
        The part that is used, source seconds.
    """
    seen = _look(clip, window, start_s, end_s)
    cuts = [seen.times_s[0] if seen.times_s else start_s, *_cuts(seen)]
    ends = [*cuts[1:], float("inf")]
    speed = _fastest(clip, window)
    free_px = window.free_x_px or window.free_y_px
    return Camera(tuple(_shot(seen, begin, end, speed, free_px) for begin, end in zip(cuts, ends, strict=True)))


def _fastest(clip: Clip, window: Window) -> int:
    """Places the window may move from one sample to the next."""
    width, height = clip.video.upright_size_px
    way = window.free_x_px / width if window.free_x_px else window.free_y_px / height
    return max(1, round(SPEED_LIMIT * SAMPLE_S / max(way, 0.01) * (PLACES - 1)))


def _look(clip: Clip, window: Window, start_s: float, end_s: float | None) -> _Seen:
    import numpy as np

    seen = _Seen([], [], [], [], [])
    faces, before, last = _face_finder(), None, None
    views = _views(clip, window)
    for frame in read_frames(clip, start_s=max(start_s - SAMPLE_S, 0.0), end_s=end_s):
        small = frame.gray(SMALL_PX).astype(np.float32)
        seen.changes.append(0.0 if before is None else float(np.abs(small - before).mean()))
        seen.times_s.append(frame.time_s)
        before = small
        if seen.sample_times_s and frame.time_s < seen.sample_times_s[-1] + SAMPLE_S - 0.005:
            continue
        seen.sample_times_s.append(frame.time_s)
        seen.moving.append(views.gains(_movement(small, last)))
        seen.standing.append(views.gains(_standing_out(small, frame) + _faces(frame, faces, small.shape)))
        last = small
    return seen


def _movement(small: np.ndarray, last: np.ndarray | None) -> np.ndarray:
    """What changed, as shares float32 [h, w] that sum to at most 1; a pan changes all and says nothing."""
    import cv2
    import numpy as np

    if last is None:
        return np.zeros_like(small)
    soft = cv2.GaussianBlur(np.abs(small - last), (0, 0), 1.5)
    change = np.maximum(soft - NOISE - np.median(soft), 0.0)
    strength = min(1.0, float((change > 0).mean()) / MOVING_SHARE)
    # a root, so that a bright thing does not outweigh a large one
    change = np.sqrt(change)
    total = float(change.sum())
    return change * np.float32(strength / total) if total else change


def _standing_out(small: np.ndarray, frame: Frame) -> np.ndarray:
    """What draws the eye without moving, unlike its surroundings in form or colour; shares that sum to STILL_WEIGHT."""
    import cv2
    import numpy as np

    size = small.shape[::-1]
    colours = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32) for plane in frame.chroma]
    strange = np.hypot(*(plane - np.median(plane) for plane in colours))
    found = np.zeros_like(small)
    for what in (_spectral_residual(small), cv2.GaussianBlur(strange, (0, 0), 2.0)):
        what = np.maximum(what - 1.5 * np.median(what), 0.0)
        total = float(what.sum())
        found += what * np.float32(0.5 * STILL_WEIGHT / total) if total else 0.0
    return found


def _spectral_residual(small: np.ndarray) -> np.ndarray:
    """Saliency by what is left of the log spectrum after its own average (Hou and Zhang, CVPR 2007)."""
    import cv2
    import numpy as np

    tiny = cv2.resize(small, (64, max(8, round(64 * small.shape[0] / small.shape[1]))), interpolation=cv2.INTER_AREA)
    if np.ptp(tiny) < 1:
        return np.zeros_like(small)
    spectrum = np.fft.fft2(tiny)
    strength = np.log(np.abs(spectrum) + 1e-3).astype(np.float32)
    residual = strength - cv2.blur(strength, (3, 3))
    salient = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    soft = cv2.GaussianBlur(salient.astype(np.float32), (0, 0), 2.5)
    return cv2.resize(soft, small.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _face_finder() -> Any:
    from pathlib import Path

    import cv2

    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))


def _faces(frame: Frame, finder: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Faces as shares that sum to FACE_WEIGHT, by their area."""
    import cv2
    import numpy as np

    picture = cv2.equalizeHist(frame.gray(FACE_PX))
    scale = shape[1] / picture.shape[1]
    found = finder.detectMultiScale(picture, scaleFactor=1.15, minNeighbors=6, minSize=(22, 22))
    shares = np.zeros(shape, np.float32)
    for box in found:
        x, y, wide, high = (round(float(n) * scale) for n in box)
        shares[y : y + high, x : x + wide] += 1
    total = float(shares.sum())
    return shares * np.float32(FACE_WEIGHT / total) if total else shares


class _Views:
    """What each place of the window shows of a row of shares."""

    def __init__(self, weights: np.ndarray, axis: int) -> None:
        # float32 [PLACES, length]
        self._weights = weights
        self._axis = axis

    def gains(self, shares: np.ndarray) -> np.ndarray:
        """float32 [PLACES]: how much of the shares a place keeps in view, less and less towards its edges."""
        return self._weights @ shares.sum(axis=self._axis)


def _views(clip: Clip, window: Window) -> _Views:
    import numpy as np

    width, height = clip.video.upright_size_px
    across = bool(window.free_x_px)
    small = (SMALL_PX, max(1, round(SMALL_PX / clip.video.display_aspect)))
    length, share = (small[0], window.width_px / width) if across else (small[1], window.height_px / height)
    centres = share / 2 + np.linspace(0, 1, PLACES) * (1 - share)
    # distance of every column from every place's centre, in half windows
    off = np.abs((np.arange(length) + 0.5) / length - centres[:, None]) / (share / 2)
    weights = np.where(off < 1, 1 - np.clip((off - 0.2) / 0.8, 0, 1) ** 2, 0.0)
    return _Views(weights.astype(np.float32), 0 if across else 1)


def _cuts(seen: _Seen) -> list[float]:
    """Times of pictures that begin a shot."""
    import numpy as np

    changes, found = np.asarray(seen.changes), []
    for index in np.flatnonzero(changes > CUT_LEVEL).tolist():
        # the picture's own neighbourhood, itself left out; a flash changes twice and is none
        near = np.delete(changes[max(0, index - CUT_MEMORY) : index + CUT_MEMORY], min(index, CUT_MEMORY))
        usual = float(np.median(near)) if len(near) else 0.0
        after = changes[index + 1] if index + 1 < len(changes) else 0.0
        before = changes[index - 1]
        if changes[index] > CUT_TIMES * max(usual, 1.0) and max(after, before) < 0.6 * changes[index]:
            found.append(seen.times_s[index])
    return found


def _shot(seen: _Seen, begin_s: float, end_s: float, speed: int, free_px: int) -> Shot:
    import numpy as np

    inside = [index for index, time in enumerate(seen.sample_times_s) if begin_s - 1e-9 <= time < end_s]
    if not inside:
        return Shot(begin_s, np.full(1, 0.5))
    moving = [seen.moving[index] for index in inside]
    # the first one was compared with the shot before
    moving[0] = moving[1] if len(moving) > 1 else np.zeros_like(moving[0])
    gains = np.stack(moving) + np.stack([seen.standing[index] for index in inside])
    path = _best_path(gains, speed) / (PLACES - 1)
    if np.ptp(path) == 0:
        # at rest on a whole pixel, where nothing has to be interpolated
        return Shot(begin_s, np.round(path[:1] * free_px) / max(free_px, 1))
    # what moved was seen between two samples
    times_s = [seen.sample_times_s[index] - SAMPLE_S / 2 for index in inside]
    return Shot(begin_s, _smooth(path, times_s, begin_s))


def _best_path(gains: np.ndarray, speed: int) -> np.ndarray:
    """The places, int [T], with the highest sum of gains less the cost of travel, at most `speed` places a step."""
    import numpy as np

    places = np.arange(PLACES)
    steps = np.abs(places[:, None] - places[None, :])
    travel = np.where(steps <= speed, steps * (TRAVEL_COST / (PLACES - 1)), np.inf)
    middle = MIDDLE_WEIGHT * (1 - (2 * places / (PLACES - 1) - 1) ** 2)
    best, back = gains[0] + middle, np.zeros(gains.shape, np.uint8)
    for index in range(1, len(gains)):
        # [to, from]
        reached = best[None, :] - travel
        back[index] = reached.argmax(axis=1)
        best = reached.max(axis=1) + gains[index] + middle
    path = np.zeros(len(gains), np.int64)
    path[-1] = best.argmax()
    for index in range(len(gains) - 1, 0, -1):
        path[index - 1] = back[index, path[index]]
    return path


def _smooth(path: np.ndarray, times_s: list[float], begin_s: float) -> np.ndarray:
    """The path on the fine grid with its corners rounded."""
    import numpy as np
    from scipy.ndimage import gaussian_filter1d

    grid = np.arange(0.0, times_s[-1] - begin_s + FINE_S, FINE_S)
    fine = np.interp(grid, np.asarray(times_s) - begin_s, path)
    return np.clip(gaussian_filter1d(fine, SMOOTH_S / FINE_S, mode="nearest"), 0.0, 1.0)
