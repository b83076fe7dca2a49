"""Codecs that need little or no training: patches that keep only their first components, and doubled resolution."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def cosine_basis(side_px: int, pictures: int, count: int) -> NDArray[np.float32]:
    """The first cosines [count, pictures * side * side] of a patch, the smoothest first, orthonormal."""
    from scipy.fft import idctn

    shape = (pictures, side_px, side_px)
    # a whole pair's difference counts as much as a half wave over the patch
    order = np.lexsort((np.arange(np.prod(shape)), np.indices(shape).sum(0).ravel()))[:count]
    units = np.zeros((count, *shape))
    units.reshape(count, -1)[np.arange(count), order] = 1
    return idctn(units, axes=(1, 2, 3), norm="ortho").reshape(count, -1).astype(np.float32)


def principal_basis(patches: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The `count` strongest components [count, values] of patches [n, values] around grey, orthonormal."""
    moments = patches.T.astype(np.float64) @ patches / len(patches)
    return np.linalg.eigh(moments)[1][:, ::-1].T[:count].astype(np.float32)


def patches_of(pictures: NDArray[np.float32], side_px: int, depth: int) -> NDArray[np.float32]:
    """[T, height, width], all divisible, -> [patches, depth * side * side]."""
    shape = _grid(pictures.shape, side_px, depth)
    return pictures.reshape(shape).transpose(0, 2, 4, 1, 3, 5).reshape(-1, depth * side_px * side_px)


def pictures_of(patches: NDArray[np.float32], shape: tuple[int, ...], side_px: int, depth: int) -> NDArray[np.float32]:
    """The way back to [T, height, width]."""
    tall, high, wide = _grid(shape, side_px, depth)[::2]
    split = patches.reshape(tall, high, wide, depth, side_px, side_px)
    return split.transpose(0, 3, 1, 4, 2, 5).reshape(shape)


def through(pictures: NDArray[np.float32], basis: NDArray[np.float32], side_px: int, depth: int) -> NDArray[np.float32]:
    """Pictures [T, height, width] rebuilt from the components of their patches that `basis` keeps.

    Four grids, each shifted by half a patch, are blended with a tent over each patch, as decoders that work on tiles
    do: seams vanish and leave a faint pattern of that period.
    """
    count, height, width = pictures.shape
    half = side_px // 2
    edges = ((count % depth, 0), (half, half + -height % side_px), (half, half + -width % side_px))
    # whole patches at any of the shifts
    padded = np.pad(pictures, edges, mode="edge")
    tent = 1 - np.abs((np.arange(side_px) + 0.5) / half - 1)
    weights = np.outer(tent, tent)
    total = np.zeros_like(padded)
    for rows, columns in _grids(padded.shape, half):
        tile = padded[:, rows, columns]
        flat = patches_of(tile, side_px, depth)
        rebuilt = pictures_of(((flat @ basis.T) @ basis).astype(np.float32), tile.shape, side_px, depth)
        total[:, rows, columns] += rebuilt * np.tile(weights, (tile.shape[1] // side_px, tile.shape[2] // side_px))
    return total[count % depth :, half : half + height, half : half + width]


def _grids(shape: tuple[int, ...], half: int) -> Iterator[tuple[slice, slice]]:
    # the padded sides are odd multiples of half a patch or even ones; a grid covers what whole patches cover
    for top in (0, half):
        for left in (0, half):
            yield (
                slice(top, top + (shape[1] - top) // (2 * half) * 2 * half),
                slice(left, left + (shape[2] - left) // (2 * half) * 2 * half),
            )


def _grid(shape: tuple[int, ...], side_px: int, depth: int) -> tuple[int, ...]:
    return (shape[0] // depth, depth, shape[1] // side_px, side_px, shape[2] // side_px, side_px)
