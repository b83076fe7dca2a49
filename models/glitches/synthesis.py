"""Put glitches with known place and time into real pictures: things that pop in or out, boil, or jump in shape.

The four kinds are what people describe when they look closely at generated video. Every glitch follows the movement of
what it sits on, so that only the glitch itself is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Kind = Literal["appear", "vanish", "boil", "jump"]
KINDS: tuple[Kind, ...] = ("appear", "vanish", "boil", "jump")
Pictures = NDArray[np.uint8]
Float = NDArray[np.float32]

# the radius of a glitch as a share of the short side: the size of a hand to the size of a head and shoulders
RADIUS = (0.07, 0.17)
# kept away from the picture's borders by this share, where things may come and go
MARGIN = 0.04
# pictures that stay untouched before and after the moment of the glitch
LEAD = 4
# a boil lasts this many pictures
BOIL = (6, 10)
# a glitch that changes the picture by less than this many code values inside its mask would not be seen
VISIBLE_LEVELS = 9.0
# places that are tried for a glitch that can be seen
TRIES = 12
# width at which movement is followed
FLOW_WIDTH_PX = 320


@dataclass(frozen=True)
class Glitch:
    """What was put in, and where."""

    kind: Kind
    # first picture that shows it, and the last one in which something is still wrong with it
    first: int
    last: int
    # x0, y0, x1, y1 as fractions of the picture
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class _Place:
    # centre at picture `first`, and where it is in every picture, px
    centres: NDArray[np.float64]
    radius_px: float
    first: int
    last: int
    # soft mask [2R+1, 2R+1] about the centre
    mask: Float


def add_glitch(
    pictures: Pictures, kind: Kind, *, seed: int, donor: Pictures | None = None
) -> tuple[Pictures, Glitch] | None:
    """A copy of the pictures with one glitch.

    Parameters
    ----------
    pictures : uint8 [T, H, W] or [T, H, W, 3]
        Of one shot; T at least 12.
    kind
        "appear": a piece of another picture is there from one moment on; "vanish": a textured piece is filled in from
        its surroundings (Telea 2004) from one moment on; "boil": texture keeps its spectrum and changes its phases in
        every picture; "jump": the shape is warped from one moment on.
    seed : int
        The same pictures and seed give the same glitch.
    donor : uint8 of the same rank
        Where a thing that appears is taken from; the same pictures when None.

    Returns
    -------
    The pictures and what was put in; None when no place was found where the glitch can be seen.

    Raises
    ------
    ValueError
        When there are too few pictures.
    """
    if len(pictures) < 2 * LEAD + 4:
        raise ValueError(f"{len(pictures)} pictures are too few for a glitch; give at least {2 * LEAD + 4}")
    generator = np.random.default_rng([seed, KINDS.index(kind)])
    steps = movement(pictures)
    for _ in range(TRIES):
        place = _choose(pictures, steps, kind, generator)
        if place is None:
            continue
        made = _MAKERS[kind](pictures, donor if donor is not None else pictures, place, generator)
        if made is not None and _change(pictures, made, place) >= VISIBLE_LEVELS:
            return made, Glitch(kind, place.first, place.last, _box(place, pictures.shape[1:3]))
    return None


# ---------------------------------------------------------------- places
def _luma(picture: Pictures) -> Pictures:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture  # type: ignore[return-value]


def movement(pictures: Pictures) -> list[Float]:
    """Flow from every picture to the next, float32 [h, w, 2] in px of a picture `FLOW_WIDTH_PX` wide."""
    height, width = pictures.shape[1:3]
    size = (FLOW_WIDTH_PX, max(16, round(height * FLOW_WIDTH_PX / width)))
    small = [cv2.resize(_luma(picture), size, interpolation=cv2.INTER_AREA) for picture in pictures]
    flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return [flow.calc(a, b, None) for a, b in zip(small, small[1:], strict=False)]


def _choose(pictures: Pictures, steps: list[Float], kind: Kind, generator: np.random.Generator) -> _Place | None:
    count, (height, width) = len(pictures), pictures.shape[1:3]
    short = min(height, width)
    radius_px = float(generator.uniform(*RADIUS)) * short
    first = int(generator.integers(LEAD, count - LEAD))
    last = min(count - 1, first + int(generator.integers(*BOIL))) if kind == "boil" else first
    edge = radius_px * 1.3 + MARGIN * short
    x, y = generator.uniform(edge, width - edge), generator.uniform(edge, height - edge)
    centres = carry(steps, (x, y), first=first, reach_px=radius_px, width=width)
    inside = centres[first - 1 : last + 2]
    if (inside < edge * 0.8).any() or (inside > np.array([width, height]) - edge * 0.8).any():
        return None
    return _Place(centres, radius_px, first, last, _soft_mask(radius_px, generator))


def carry(
    steps: list[Float], start: tuple[float, float], *, first: int, reach_px: float, width: int
) -> NDArray[np.float64]:
    """Where a square about `start` in picture `first` is in every picture, by the median flow inside; [T, 2] px.

    `steps` are those of `movement`, of pictures `width` px wide.
    """
    scale = width / FLOW_WIDTH_PX
    centres = np.tile(np.array(start, float), (len(steps) + 1, 1))
    for i in range(first, len(steps)):
        centres[i + 1] = centres[i] + _median(steps[i], centres[i] / scale, reach_px / scale) * scale
    for i in range(first - 1, -1, -1):
        centres[i] = centres[i + 1] - _median(steps[i], centres[i + 1] / scale, reach_px / scale) * scale
    return centres


def _median(flow: Float, centre: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    height, width = flow.shape[:2]
    x, y = np.clip(centre, 0, [width - 1, height - 1])
    rows = slice(max(0, int(y - radius)), int(y + radius) + 1)
    columns = slice(max(0, int(x - radius)), int(x + radius) + 1)
    return np.median(flow[rows, columns].reshape(-1, 2), axis=0).astype(np.float64)


def _soft_mask(radius_px: float, generator: np.random.Generator) -> Float:
    """An irregular blob with a soft edge, 0 to 1."""
    reach = int(np.ceil(radius_px * 1.3))
    grid = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    angle = np.arctan2(grid[0], grid[1])
    outline = 1.0 + sum(
        float(generator.uniform(-0.12, 0.12)) * np.cos(n * angle + generator.uniform(0, 6.3)) for n in (1, 2, 3, 5)
    )
    squash = float(generator.uniform(0.75, 1.3))
    distance = np.hypot(grid[0] * squash, grid[1] / squash) / (radius_px * outline * 0.85)
    soft = np.clip((1.0 - distance) / 0.15 + 0.5, 0.0, 1.0)
    return cv2.GaussianBlur(soft.astype(np.float32), (0, 0), max(0.6, radius_px * 0.03))  # type: ignore[return-value]


def _box(place: _Place, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    ys, xs = np.nonzero(place.mask > 0.5)
    reach = place.mask.shape[0] // 2
    seen = place.centres[place.first : place.last + 1]
    low = seen.min(axis=0) + [xs.min() - reach, ys.min() - reach]
    high = seen.max(axis=0) + [xs.max() - reach + 1, ys.max() - reach + 1]
    size = np.array([shape[1], shape[0]])
    x0, y0, x1, y1 = np.clip(np.concatenate([low / size, high / size]), 0.0, 1.0)
    return float(x0), float(y0), float(x1), float(y1)


# ---------------------------------------------------------------- pieces
def cut(picture: Pictures, centre: NDArray[np.float64], reach: int) -> Pictures:
    """The square [2R+1, 2R+1] about a centre, between pixels where it has to be."""
    size = (2 * reach + 1, 2 * reach + 1)
    return cv2.getRectSubPix(picture, size, (float(centre[0]), float(centre[1])))  # type: ignore[return-value]


def put(picture: Pictures, piece: NDArray[Any], mask: Float, centre: NDArray[np.float64]) -> None:
    """Blend a square piece into a picture about a centre, in place."""
    height, width = picture.shape[:2]
    reach = mask.shape[0] // 2
    corner = np.floor(centre).astype(int) - reach
    shift = np.array([[1, 0, centre[0] % 1], [0, 1, centre[1] % 1]], np.float32)
    size = mask.shape[::-1]
    piece = cv2.warpAffine(piece, shift, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    soft = cv2.warpAffine(mask, shift, size)
    x0, y0 = np.maximum(corner, 0)
    x1, y1 = min(width, corner[0] + size[0]), min(height, corner[1] + size[1])
    if x0 >= x1 or y0 >= y1:
        return
    part = (slice(y0 - corner[1], y1 - corner[1]), slice(x0 - corner[0], x1 - corner[0]))
    under = picture[y0:y1, x0:x1]
    share = soft[part][..., None] if picture.ndim == 3 else soft[part]
    blend = share * piece[part] + (1 - share) * under
    picture[y0:y1, x0:x1] = np.clip(np.rint(blend), 0, 255).astype(np.uint8)


def _change(before: Pictures, after: Pictures, place: _Place) -> float:
    """Mean change inside the mask at the moment of the glitch, code values."""
    reach = place.mask.shape[0] // 2
    centre = place.centres[place.first]
    old, new = (_luma(cut(p[place.first], centre, reach)).astype(np.float32) for p in (before, after))
    return float((np.abs(old - new) * place.mask).sum() / place.mask.sum())


# ----------------------------------------------------------------- kinds
def _appear(pictures: Pictures, donor: Pictures, place: _Place, generator: np.random.Generator) -> Pictures | None:
    reach = place.mask.shape[0] // 2
    height, width = donor.shape[1:3]
    if min(height, width) <= 2 * reach + 2:
        return None
    where = np.array([generator.uniform(reach, width - reach - 1), generator.uniform(reach, height - reach - 1)])
    piece = cut(donor[int(generator.integers(len(donor)))], where, reach)
    made = pictures.copy()
    for i in range(place.first, len(made)):
        put(made[i], piece, place.mask, place.centres[i])
    return made


def _vanish(pictures: Pictures, donor: Pictures, place: _Place, generator: np.random.Generator) -> Pictures | None:
    made = pictures.copy()
    reach = place.mask.shape[0] // 2
    wide = reach + max(8, reach // 2)
    hole = np.zeros((2 * wide + 1, 2 * wide + 1), np.uint8)
    hole[wide - reach : wide + reach + 1, wide - reach : wide + reach + 1] = (place.mask > 0.02).astype(np.uint8)
    for i in range(place.first, len(made)):
        around = cut(made[i], place.centres[i], wide)
        filled = cv2.inpaint(around, hole, 4, cv2.INPAINT_TELEA)
        piece = filled[wide - reach : wide + reach + 1, wide - reach : wide + reach + 1]
        put(made[i], piece, place.mask, place.centres[i])
    return made


def _boil(pictures: Pictures, donor: Pictures, place: _Place, generator: np.random.Generator) -> Pictures | None:
    made = pictures.copy()
    reach = place.mask.shape[0] // 2
    strength, fineness = float(generator.uniform(0.7, 1.0)), float(generator.uniform(0.15, 0.4))
    for i in range(place.first, place.last + 1):
        piece = cut(made[i], place.centres[i], reach).astype(np.float32)
        smooth = cv2.GaussianBlur(piece, (0, 0), max(1.5, reach * fineness))
        other = _scrambled(piece - smooth, generator)
        put(made[i], smooth + (1 - strength) * (piece - smooth) + strength * other, place.mask, place.centres[i])
    return made


def _scrambled(texture: Float, generator: np.random.Generator) -> Float:
    """Texture of the same spectrum with other phases: the same look, another pattern."""
    window = np.hanning(texture.shape[0] + 2)[1:-1]
    window = (window[:, None] * window[None, :]).astype(np.float32)
    phases = np.fft.fft2(generator.normal(size=texture.shape[:2]))
    phases /= np.abs(phases) + 1e-9
    planes = texture[..., None] if texture.ndim == 2 else texture
    made = [np.fft.ifft2(np.abs(np.fft.fft2(plane * window)) * phases).real for plane in np.moveaxis(planes, -1, 0)]
    # windowing takes energy away
    scale = 1.0 / np.sqrt((window**2).mean())
    return np.squeeze(np.stack(made, axis=-1) * scale).astype(np.float32)


def _jump(pictures: Pictures, donor: Pictures, place: _Place, generator: np.random.Generator) -> Pictures | None:
    reach = place.mask.shape[0] // 2
    grid = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    dome = np.clip(1.0 - (grid[0] ** 2 + grid[1] ** 2) / place.radius_px**2, 0.0, 1.0) ** 1.5
    shift, angle = generator.uniform(0.25, 0.5) * place.radius_px, generator.uniform(0, 2 * np.pi)
    swell = generator.choice([-1.0, 1.0]) * generator.uniform(0.3, 0.6)
    map_x = grid[1] + dome * (shift * np.cos(angle) + swell * grid[1]) + reach
    map_y = grid[0] + dome * (shift * np.sin(angle) + swell * grid[0]) + reach
    made = pictures.copy()
    for i in range(place.first, len(made)):
        piece = cut(made[i], place.centres[i], reach)
        warped = cv2.remap(
            piece, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        put(made[i], warped, place.mask, place.centres[i])
    return made


_Maker = Callable[[Pictures, Pictures, _Place, np.random.Generator], Pictures | None]
_MAKERS: dict[Kind, _Maker] = {"appear": _appear, "vanish": _vanish, "boil": _boil, "jump": _jump}
