"""A pinhole camera that looks level or down at a world with y up, in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """Where the eye is and how points of the world fall on the picture."""

    eye: np.ndarray
    # float64 [3, 3]; rows: right, up, forward
    axes: np.ndarray
    # pixels per unit of slope
    focal_px: float
    width_px: int
    height_px: int

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(pixels [..., 2], depth [...]) of world points [..., 3]."""
        local = (np.asarray(points, np.float64) - self.eye) @ self.axes.T
        depth = local[..., 2]
        x = self.width_px / 2 - 0.5 + self.focal_px * local[..., 0] / depth
        y = self.height_px / 2 - 0.5 - self.focal_px * local[..., 1] / depth
        return np.stack([x, y], axis=-1), depth

    def fraction(self, point: tuple[float, float, float]) -> tuple[float, float]:
        """A world point as fractions of the picture."""
        pixel, _ = self.project(np.array(point))
        return (pixel[0] + 0.5) / self.width_px, (pixel[1] + 0.5) / self.height_px

    def rays(self, x_px: np.ndarray, y_px: np.ndarray) -> np.ndarray:
        """Directions float32 [h, w, 3] through columns x [w] and rows y [h]; depth along forward is 1."""
        u = ((x_px - (self.width_px / 2 - 0.5)) / self.focal_px).astype(np.float32)[None, :, None]
        v = (((self.height_px / 2 - 0.5) - y_px) / self.focal_px).astype(np.float32)[:, None, None]
        right, up, forward = self.axes.astype(np.float32)
        return forward + u * right + v * up


def aim(
    eye: tuple[float, float, float],
    target: tuple[float, float, float],
    *,
    field_deg: float,
    width_px: int,
    height_px: int,
) -> Camera:
    """A camera at `eye` that looks at `target`; `field_deg` spans the longer side of the picture."""
    forward = np.subtract(target, eye)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    focal_px = max(width_px, height_px) / 2 / np.tan(np.radians(field_deg / 2))
    axes = np.stack([right, np.cross(right, forward), forward])
    return Camera(np.array(eye, np.float64), axes, float(focal_px), width_px, height_px)
