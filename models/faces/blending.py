"""A face blended with itself: what a pasted or re-made face leaves behind, made from real pictures only.

The idea is that of self-blended images (Shiohara and Yamasaki 2022): both sides of the seam come from one picture, so
that nothing but the blending tells them apart. Here the mask is an ellipse bent at random about where the face box
puts a face; no landmarks are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Cut = NDArray[np.uint8]
Plane = NDArray[np.float32]

# where a frontal cascade's box puts things, as fractions of its side from its middle: centre (x, y), half axes (x, y).
# Judged by eye on public-domain portraits; each is varied by a fifth.
PARTS = {
    "face": (0.0, 0.08, 0.40, 0.52),
    "inner": (0.0, 0.06, 0.30, 0.36),
    "mouth": (0.0, 0.27, 0.22, 0.15),
    "eyes": (0.0, -0.12, 0.34, 0.13),
    "head": (0.0, 0.0, 0.52, 0.66),
}
# how often each part is blended: most forgeries replace the whole face
WEIGHTS = (0.45, 0.2, 0.15, 0.08, 0.12)
VARIATION = 0.2
# how strongly the blended part covers what was there
OPACITIES = (1.0, 1.0, 1.0, 0.75)
# height of the bends of the mask's outline, over its radius
BEND = 0.12


@dataclass(frozen=True)
class Delivery:
    """What both members of a pair go through alike."""

    # share of the side that is left before it is enlarged again
    shrink: float
    # JPEG quality; 0 leaves it out
    quality: int
    # standard deviation of grain, in code values
    grain: float
    mirrored: bool
    # shift of what is cropped, in pixels
    shift: tuple[int, int]


def mask(side_px: int, box_px: float, generator: np.random.Generator) -> Plane:
    """Where the blended part covers: float32 [side_px, side_px], 0..1, soft at the edge.

    Parameters
    ----------
    side_px : int
        Side of the square, with the face box in its middle.
    box_px : float
        Side of the face box.
    """
    x, y, wide, high = PARTS[str(generator.choice(list(PARTS), p=WEIGHTS))]
    middle = side_px / 2 + box_px * (np.array([x, y]) + generator.normal(0, 0.03, 2))
    radii = box_px * np.array([wide, high]) * generator.uniform(1 - VARIATION, 1 + VARIATION, 2)
    turn = generator.normal(0, 0.1)
    # outlines are smooth, so a quarter of the points will do
    half = (side_px + 1) // 2
    down, across = 2 * np.mgrid[:half, :half].astype(np.float32) + 1.0
    dx, dy = across - np.float32(middle[0]), down - np.float32(middle[1])
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    u, v = (dx * cos + dy * sin) / np.float32(radii[0]), (dy * cos - dx * sin) / np.float32(radii[1])
    angle = np.arctan2(v, u)
    bends = [(k, BEND / k * generator.normal(), generator.uniform(0, 2 * np.pi)) for k in range(2, 6)]
    edge = 1.0 + sum(np.float32(high) * np.cos(k * angle + np.float32(phase)) for k, high, phase in bends)
    # distance to the edge in pixels, roughly; softness as forgeries have it, from hard to very soft
    distance = (edge - np.hypot(u, v)) * np.float32(radii.min())
    fine = cv2.resize(distance.astype(np.float32), (2 * half, 2 * half), interpolation=cv2.INTER_LINEAR)
    softness = np.exp(generator.uniform(np.log(1.0), np.log(0.2 * box_px)))
    covered = np.clip(fine[:side_px, :side_px] / softness + 0.5, 0, 1) * generator.choice(OPACITIES)
    return covered.astype(np.float32)


def changed(cut: Cut, generator: np.random.Generator, *, moved: bool) -> Cut:
    """The same face as from another source: other colour, other sharpness, a little shifted and scaled."""
    image = cut
    if moved:
        side = cut.shape[0]
        turned = cv2.getRotationMatrix2D(
            (side / 2, side / 2), float(generator.normal(0, 1.5)), float(generator.uniform(0.94, 1.06))
        )
        turned[:, 2] += generator.uniform(-0.02, 0.02, 2) * side
        how = int(generator.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4]))
        image = cv2.warpAffine(image, turned, (side, side), flags=how, borderMode=cv2.BORDER_REFLECT).astype(np.uint8)
    image = _finer_or_coarser(image, generator)
    return _recoloured(image, generator)


def _finer_or_coarser(image: Cut, generator: np.random.Generator) -> Cut:
    side, kind = image.shape[0], int(generator.choice(4, p=(0.3, 0.2, 0.4, 0.1)))
    if kind == 0:
        return cv2.GaussianBlur(image, (0, 0), float(generator.uniform(0.5, 1.8))).astype(np.uint8, copy=False)
    if kind == 1:
        soft, more = cv2.GaussianBlur(image, (0, 0), 1.0), float(generator.uniform(0.4, 1.2))
        return cv2.addWeighted(image, 1.0 + more, soft, -more, 0).astype(np.uint8, copy=False)
    if kind == 2:
        small = max(16, round(side * float(generator.uniform(0.3, 0.85))))
        how = int(generator.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST], p=(0.45, 0.45, 0.1)))
        shrunk = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        return cv2.resize(shrunk, (side, side), interpolation=how).astype(np.uint8, copy=False)
    return image


def _recoloured(image: Cut, generator: np.random.Generator) -> Cut:
    gain, offset = generator.uniform(0.86, 1.14, 3), generator.uniform((-16, -8, -8), (16, 8, 8))
    levels = np.arange(256.0)[:, None] - 128.0
    table = np.clip(levels * gain + offset + 128.0, 0, 255).astype(np.uint8)
    return cv2.LUT(image, table.reshape(256, 1, 3)).astype(np.uint8, copy=False)


def blend(cut: Cut, box_px: float, generator: np.random.Generator) -> tuple[Cut, Cut]:
    """A picture and the same with its face blended in again.

    Parameters
    ----------
    cut : uint8 [side, side, 3] as YCrCb, a face box of side `box_px` in its middle

    Returns
    -------
    untouched and blended, uint8 [side, side, 3]; outside the mask they are equal
    """
    covered = mask(cut.shape[0], box_px, generator)[..., None]
    # now and then it is the surroundings that were worked on, so that neither state by itself gives it away
    if generator.random() < 0.3:
        below, above = changed(cut, generator, moved=False), cut
        return below, _mixed(below, above, covered)
    return cut, _mixed(cut, changed(cut, generator, moved=True), covered)


def _mixed(below: Cut, above: Cut, covered: Plane) -> Cut:
    mixed = below + covered * (above.astype(np.float32) - below)
    return np.rint(mixed).astype(np.uint8)


def draw_delivery(generator: np.random.Generator, *, most_shift: int) -> Delivery:
    """A way of delivery at random."""
    return Delivery(
        shrink=float(generator.uniform(0.55, 1.0)) if generator.random() < 0.4 else 1.0,
        quality=int(generator.integers(50, 98)) if generator.random() < 0.8 else 0,
        grain=float(generator.uniform(0, 4)) if generator.random() < 0.3 else 0.0,
        mirrored=bool(generator.random() < 0.5),
        shift=(
            int(generator.integers(-most_shift, most_shift + 1)),
            int(generator.integers(-most_shift, most_shift + 1)),
        ),
    )


def deliver(cut: Cut, way: Delivery, *, crop_px: int, grain: Plane) -> Cut:
    """Send a cut on its way and crop it; uint8 [side, side, 3] -> [crop_px, crop_px, 3].

    `grain`, float32 [side, side], is the same for both members of a pair.
    """
    side, image = cut.shape[0], cut
    if way.grain:
        noisy = image[..., 0] + way.grain * grain
        image = np.dstack([np.clip(noisy, 0, 255).astype(np.uint8), image[..., 1:]])
    if way.shrink < 1.0:
        small = round(way.shrink * side)
        shrunk = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = _jpeg(shrunk.astype(np.uint8), way.quality)
        image = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    else:
        image = _jpeg(image, way.quality)
    top, left = ((side - crop_px) // 2 + move for move in way.shift)
    image = image[top : top + crop_px, left : left + crop_px]
    return np.ascontiguousarray(image[:, ::-1] if way.mirrored else image)


def _jpeg(image: Cut, quality: int) -> Cut:
    if not quality:
        return image
    bgr = cv2.cvtColor(image, cv2.COLOR_YCrCb2BGR)
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2YCrCb).astype(np.uint8)


def pair(cut: Cut, box_px: float, crop_px: int, generator: np.random.Generator) -> tuple[Cut, Cut]:
    """Untouched and blended, delivered alike: two crops uint8 [crop_px, crop_px, 3]."""
    untouched, blended = blend(cut, box_px, generator)
    way = draw_delivery(generator, most_shift=(cut.shape[0] - crop_px) // 4)
    grain = generator.standard_normal(cut.shape[:2]).astype(np.float32)
    return (
        deliver(untouched, way, crop_px=crop_px, grain=grain),
        deliver(blended, way, crop_px=crop_px, grain=grain),
    )
