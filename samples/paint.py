"""Brush strokes: the few OpenCV calls the scenes are painted with. Images are float32, linear light."""

from __future__ import annotations

import numpy as np

# cv2 draws between pixels when coordinates carry this many binary places
_SUBPIXEL_BITS = 4


def smoothstep(low: float | np.ndarray, high: float | np.ndarray, value: np.ndarray | float) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between; `low` may be the larger one."""
    t = np.clip((np.asarray(value, np.float32) - low) / (np.asarray(high, np.float32) - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def mix(first: np.ndarray, second: np.ndarray, weight: np.ndarray | np.floating | float) -> np.ndarray:
    """`first` where weight is 0, `second` where it is 1."""
    return first + (second - first) * weight


def color(red: float, green: float, blue: float) -> np.ndarray:
    """A colour as float32 [3]."""
    return np.array([red, green, blue], np.float32)


def blur(image: np.ndarray, sigma_px: float, sigma_y_px: float = 0.0) -> np.ndarray:
    """Gaussian blur, separable sigmas; wide ones work on a reduced picture."""
    import cv2

    if sigma_px < 0.2 and sigma_y_px < 0.2:
        return image
    smallest = min(sigma_px, sigma_y_px or sigma_px)
    if smallest < 8.0:
        return cv2.GaussianBlur(image, (0, 0), max(sigma_px, 0.1), sigmaY=sigma_y_px)
    # beyond 8 px nothing is lost at a quarter of the size
    height, width = image.shape[:2]
    small = resize(image, max(width // 4, 1), max(height // 4, 1))
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / 4.0, sigmaY=sigma_y_px / 4.0)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def resize(image: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
    """Resample: area average when smaller, cubic when larger."""
    import cv2

    smaller = width_px * height_px < image.shape[0] * image.shape[1]
    return cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def sample(image: np.ndarray, x_px: np.ndarray, y_px: np.ndarray, *, wrap: bool = False) -> np.ndarray:
    """Bilinear look-up at pixel positions [N] or [H, W]; outside repeats the edge, or the whole image with `wrap`."""
    import cv2

    if x_px.ndim == 1:
        # OpenCV takes no rows of 32768 and more
        short = -len(x_px) % 4096
        x_rows, y_rows = (np.pad(axis, (0, short)).reshape(-1, 4096) for axis in (x_px, y_px))
        found = sample(image, x_rows, y_rows, wrap=wrap)
        return found.reshape(-1, *image.shape[2:])[: len(x_px)]
    if wrap:
        # OpenCV coordinates are 16 bit inside, so a far position has to be folded first
        x_px, y_px = np.mod(x_px, image.shape[1]), np.mod(y_px, image.shape[0])
    border = cv2.BORDER_WRAP if wrap else cv2.BORDER_REPLICATE
    return cv2.remap(
        image, x_px.astype(np.float32), y_px.astype(np.float32), interpolation=cv2.INTER_LINEAR, borderMode=border
    )


def warp(image: np.ndarray, matrix: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
    """Affine warp; `matrix` float [2, 3] takes source pixels to target pixels, outside is 0."""
    import cv2

    return cv2.warpAffine(image, np.asarray(matrix, np.float64), (width_px, height_px), flags=cv2.INTER_LINEAR)


def polygon(height_px: int, width_px: int, points_px: np.ndarray, *, oversample: int = 2) -> np.ndarray:
    """Mask float32 [H, W] of a filled polygon (points float [N, 2]) with soft edges."""
    import cv2

    mask = np.zeros((height_px * oversample, width_px * oversample), np.uint8)
    # pixel n of the coarse grid is centred at n, of the fine grid at (n + 0.5) * oversample - 0.5
    fine = (np.asarray(points_px, np.float64) + 0.5) * oversample - 0.5
    fixed = np.round(fine * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS)
    soft = cv2.resize(mask, (width_px, height_px), interpolation=cv2.INTER_AREA)
    return soft.astype(np.float32) / 255.0


def rounded(outline: np.ndarray) -> np.ndarray:
    """A closed outline [N, 2] with its corners rounded off: Chaikin's corner cutting, three times."""
    for _ in range(3):
        following = np.roll(outline, -1, axis=0)
        pair = np.stack([0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following], axis=1)
        outline = pair.reshape(-1, 2)
    return outline


def streaks(
    canvas: np.ndarray, starts_px: np.ndarray, ends_px: np.ndarray, colors: np.ndarray, thickness_px: int = 1
) -> None:
    """Draw lines onto `canvas` float32 [H, W, 3] in place; dimmer ones first."""
    import cv2

    # antialiased lines exist for 8 bit only: draw one 8-bit layer and scale it by its brightest value
    peak = float(colors.max(initial=1e-6))
    layer = np.zeros(canvas.shape, np.uint8)
    scale = 1 << _SUBPIXEL_BITS
    first = np.round(np.asarray(starts_px) * scale).astype(int)
    last = np.round(np.asarray(ends_px) * scale).astype(int)
    # a square root spreads the 256 steps over the dark end, where lines would band
    codes = np.sqrt(np.clip(colors / peak, 0.0, 1.0)) * 255.0
    for index in np.argsort(colors.sum(axis=1)):
        a, b = tuple(map(int, first[index])), tuple(map(int, last[index]))
        cv2.line(layer, a, b, tuple(map(float, codes[index])), thickness_px, cv2.LINE_AA, _SUBPIXEL_BITS)
    light = layer.astype(np.float32) / 255.0
    canvas += light * light * peak


def depth_inside(mask: np.ndarray) -> np.ndarray:
    """Distance in pixels of each point of a shape to its edge, float32 [H, W]."""
    import cv2

    return cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)


def relief(height: np.ndarray) -> np.ndarray:
    """Unit normals float32 [H, W, 3] (x right, y up, z to the eye) of a height field in pixels."""
    import cv2

    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    normals = np.dstack([-slope_x, slope_y, np.ones_like(height)])
    return unit(normals)


def inflate(mask: np.ndarray, bevel_px: float, *, soften_px: float = 1.5) -> np.ndarray:
    """Normals of a flat shape whose edge is rounded off over `bevel_px`."""
    rim = np.clip(depth_inside(mask) / bevel_px, 0.0, 1.0)
    height = np.sqrt(np.maximum(1.0 - (1.0 - rim) ** 2, 0.0)) * bevel_px
    return relief(blur(height.astype(np.float32), soften_px))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length one along the last axis."""
    return vectors / np.maximum(np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True)), 1e-6)


def facing(normals: np.ndarray, direction: tuple[float, float, float]) -> np.ndarray:
    """Lambert's cosine of normals [..., 3] to a direction, never negative."""
    light = np.asarray(direction, np.float32)
    return np.maximum(normals @ (light / np.linalg.norm(light)), 0.0)


def shine(normals: np.ndarray, direction: tuple[float, float, float], power: float) -> np.ndarray:
    """Blinn highlight for an eye straight ahead (+z)."""
    light = np.asarray(direction, np.float32)
    half = light / np.linalg.norm(light) + np.array([0.0, 0.0, 1.0], np.float32)
    return np.maximum(normals @ (half / np.linalg.norm(half)), 0.0) ** power


def over(base: np.ndarray, layer: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Composite a layer (not premultiplied) over the base; alpha [H, W]."""
    return base + (layer - base) * alpha[..., None]


def glow(height_px: int, width_px: int, centre_px: tuple[float, float], radius_px: float) -> np.ndarray:
    """A soft round light float32 [H, W] that falls off like a lamp in haze."""
    x = np.arange(width_px, dtype=np.float32) - np.float32(centre_px[0])
    y = np.arange(height_px, dtype=np.float32)[:, None] - np.float32(centre_px[1])
    return 1.0 / (1.0 + (x * x + y * y) / np.float32(radius_px * radius_px)) ** 1.5
