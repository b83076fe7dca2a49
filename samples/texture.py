"""Procedural surfaces: noise, wood, planks, stone, asphalt. All tile without a seam."""

from __future__ import annotations

import numpy as np

from samples.paint import blur, color, mix, sample, smoothstep


def noise(size_px: int, cells: int, random: np.random.Generator, *, cells_y: int = 0) -> np.ndarray:
    """Smooth value noise in 0..1, float32 [size, size], `cells` bumps across."""
    import cv2

    rows = cells_y or cells
    grid = random.random((rows, cells), dtype=np.float32)
    # a border of wrapped cells keeps the cubic interpolation seamless
    padded = np.pad(grid, 2, mode="wrap")
    step_x, step_y = size_px / cells, size_px / rows
    wide = cv2.resize(padded, (round((cells + 4) * step_x), round((rows + 4) * step_y)), interpolation=cv2.INTER_CUBIC)
    top, left = round(2 * step_y), round(2 * step_x)
    return wide[top : top + size_px, left : left + size_px]


def fractal(
    size_px: int, cells: int, random: np.random.Generator, *, octaves: int = 5, gain: float = 0.5, cells_y: int = 0
) -> np.ndarray:
    """Sum of octaves of `noise`, scaled to mean 0 and standard deviation 1."""
    rows = cells_y or cells
    total = np.zeros((size_px, size_px), np.float32)
    for octave in range(octaves):
        if min(cells, rows) << octave > size_px // 2:
            break
        total += gain**octave * noise(size_px, cells << octave, random, cells_y=rows << octave)
    return (total - total.mean()) / max(float(total.std()), 1e-6)


def planks(size_px: int, rows: int, random: np.random.Generator) -> np.ndarray:
    """Oiled oak floor boards running along x, albedo float32 [size, size, 3]."""
    y = np.arange(size_px, dtype=np.float32)[:, None] * np.float32(rows / size_px)
    x = np.arange(size_px, dtype=np.float32)[None, :] / np.float32(size_px)
    board = np.minimum(np.floor(y), rows - 1).astype(int)
    tone, shift = random.random(rows)[board], random.random(rows)[board]
    grain = fractal(size_px, 3, random, octaves=6, cells_y=48)
    # each board shows another part of the tree
    columns = np.broadcast_to((x + shift) * size_px, grain.shape)
    lines = np.broadcast_to(np.arange(size_px)[:, None] + 0.0, grain.shape) + shift * size_px
    grain = sample(grain, columns, lines, wrap=True)
    figure = np.sin(grain * 5.0 + y * 9.0) * 0.5 + 0.5
    wood = mix(color(0.21, 0.105, 0.046), color(0.40, 0.225, 0.105), (0.55 * tone + 0.3 * figure)[..., None])
    wood *= (1.0 + 0.10 * grain)[..., None]
    gap = np.minimum(y - board, 1 - (y - board)) * size_px / rows
    joint = np.abs(np.mod(x * 2 + shift, 1.0) - 0.5) * size_px / 2
    seam = smoothstep(0.6, 3.0, gap) * smoothstep(0.6, 3.0, joint)
    return (wood * (0.22 + 0.78 * seam)[..., None]).astype(np.float32)


def wood_rings(size_px: int, random: np.random.Generator) -> np.ndarray:
    """Light turned wood (beech), albedo float32 [size, size, 3]."""
    warp = fractal(size_px, 3, random, octaves=4, cells_y=6)
    y = np.arange(size_px, dtype=np.float32)[:, None] / size_px
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (7 * y) + warp * 1.3)
    fine = fractal(size_px, 4, random, octaves=5, cells_y=64)
    wood = mix(color(0.52, 0.27, 0.10), color(0.78, 0.50, 0.24), (rings**1.5)[..., None])
    return (wood * (1 + 0.05 * fine)[..., None]).astype(np.float32)


def stone(size_px: int, random: np.random.Generator, tint: np.ndarray) -> np.ndarray:
    """Weathered stone, albedo float32 [size, size, 3]."""
    broad, fine = fractal(size_px, 5, random), fractal(size_px, 64, random, octaves=3)
    return (tint * np.clip(1 + 0.14 * broad + 0.09 * fine, 0.2, 2.0)[..., None]).astype(np.float32)


def asphalt(size_px: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(bumps, puddles): fine roughness with mean 0, and 0..1 where water stands; float32 [size, size]."""
    bumps = blur(random.standard_normal((size_px, size_px)).astype(np.float32), 1.2)
    puddles = smoothstep(0.1, 0.9, fractal(size_px, 5, random, octaves=4))
    return bumps / bumps.std(), puddles
