"""What people and cameras do to real footage. None of it makes a picture generated; detectors have to learn that."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_Crop = NDArray[np.uint8]
_Rng = np.random.Generator


def apply(name: str, crops: NDArray[np.uint8], *, seed: int = 0) -> NDArray[np.uint8]:
    """Work on crops as an editor, a phone or a platform would.

    Parameters
    ----------
    name
        One of PROCESSES.
    crops : uint8 [N, T, height, width]
        Luma; pictures of a crop follow each other. Sides from 16 pixels.
    seed
        For the strength, drawn for each crop: from hardly visible to what an unskilled hand would do.

    Returns
    -------
    uint8 of the same shape, deterministic, never the same array. Its label stays what it was.

    Raises
    ------
    ValueError
        For an unknown process or arrays that are not crops.
    """
    if name not in _PROCESSES:
        raise ValueError(f"{name!r} is no process; take one of {', '.join(PROCESSES)}.")
    if crops.dtype != np.uint8 or crops.ndim != 4 or min(crops.shape[2:], default=0) < 16:
        raise ValueError(f"Crops must be uint8 [N, T, rows, columns] from 16 pixels, not {crops.dtype} {crops.shape}.")
    work = _PROCESSES[name]
    done = np.empty_like(crops)
    for number, crop in enumerate(crops):
        done[number] = work(crop, np.random.default_rng((seed, number)))
    return done


def _each(crop: _Crop, work: Callable[[_Crop], NDArray]) -> _Crop:  # type: ignore[type-arg]
    return np.stack([_grey(work(picture)) for picture in crop])


def _grey(values: NDArray) -> _Crop:  # type: ignore[type-arg]
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _denoise_patches(crop: _Crop, rng: _Rng) -> _Crop:
    import cv2

    strength = float(rng.uniform(3, 9))
    # as phones do, with a small search for speed
    return _each(crop, lambda picture: cv2.fastNlMeansDenoising(picture, None, strength, 5, 13))


def _denoise_edges(crop: _Crop, rng: _Rng) -> _Crop:
    import cv2

    colour, space = float(rng.uniform(8, 30)), float(rng.uniform(1, 2.5))
    return _each(crop, lambda picture: cv2.bilateralFilter(picture, 7, colour, space))


def _denoise_time(crop: _Crop, rng: _Rng) -> _Crop:
    """Running mean where little changes, as cameras' temporal filters do."""
    keep, still = rng.uniform(0.4, 0.8), rng.uniform(6, 16)
    done = [crop[0].astype(np.float32)]
    for picture in crop[1:]:
        change = picture.astype(np.float32) - done[-1]
        done.append(picture - keep * change * np.exp(-np.square(change / still)))
    return _grey(np.stack(done))


def _smooth_skin(crop: _Crop, rng: _Rng) -> _Crop:
    """A beauty filter: texture softened, edges kept, some of the former picture mixed in."""
    import cv2

    colour, share = float(rng.uniform(25, 60)), rng.uniform(0.5, 0.9)
    return _each(crop, lambda picture: share * cv2.bilateralFilter(picture, 11, colour, 4.0) + (1 - share) * picture)


def _sharpen(crop: _Crop, rng: _Rng) -> _Crop:
    import cv2

    amount, size = rng.uniform(0.3, 1.8), float(rng.uniform(0.7, 2.5))
    return _each(crop, lambda picture: picture + amount * (picture - cv2.GaussianBlur(_float(picture), (0, 0), size)))


def _upscale(crop: _Crop, rng: _Rng) -> _Crop:
    """As if the footage were smaller and had been blown up."""
    import cv2

    scale, smooth = rng.uniform(0.5, 0.75), (cv2.INTER_LANCZOS4, cv2.INTER_CUBIC)[rng.integers(2)]
    height, width = crop.shape[1:]
    size = (max(8, round(width * scale)), max(8, round(height * scale)))

    def work(picture: _Crop) -> NDArray[np.float32]:
        small = cv2.resize(_float(picture), size, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (width, height), interpolation=smooth))

    return _each(crop, work)


def _stabilise(crop: _Crop, rng: _Rng) -> _Crop:
    """Shifted by parts of a pixel, turned and scaled a little, otherwise in every picture."""
    import cv2

    height, width = crop.shape[1:]
    path = np.cumsum(rng.normal(0, 0.7, (len(crop), 2)), axis=0)
    angles, scale = rng.normal(0, 0.15, len(crop)), rng.uniform(1.0, 1.04)
    done = []
    for picture, (dx, dy), angle_deg in zip(crop, path, angles, strict=True):
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(angle_deg), float(scale))
        turn[:, 2] += (dx, dy)
        done.append(
            cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        )
    return np.stack(done)


def _blend_pictures(crop: _Crop, rng: _Rng) -> _Crop:
    """24 to 30 pictures a second by blending: of five pictures four are mixtures of two neighbours."""
    spare = 0.2 * (len(crop) - 1)
    times = 0.8 * np.arange(len(crop)) + rng.uniform(0, spare)
    before = np.floor(times).astype(int)
    after = np.minimum(before + 1, len(crop) - 1)
    share = (times - before)[:, None, None]
    return _grey((1 - share) * crop[before] + share * crop[after])


def _add_grain(crop: _Crop, rng: _Rng) -> _Crop:
    """Film grain: coarser than a sensor's noise, strongest in the middle tones, new in every picture."""
    import cv2

    strength, size = rng.uniform(2, 9), float(rng.uniform(0.4, 1.1))

    def work(picture: _Crop) -> NDArray[np.float32]:
        grain = cv2.GaussianBlur(rng.standard_normal(picture.shape, np.float32), (0, 0), size)
        tone = _float(picture) / 255
        return _float(picture) + strength * grain / grain.std() * (0.4 + 2.4 * tone * (1 - tone))

    return _each(crop, work)


def _grade(crop: _Crop, rng: _Rng) -> _Crop:
    """Gamma, contrast and brightness."""
    gamma, contrast, light = np.exp(rng.normal(0, 0.25)), rng.uniform(0.75, 1.3), rng.uniform(-15, 15)
    tones = 255 * (np.arange(256) / 255) ** gamma
    return _grey((tones - 128) * contrast + 128 + light)[crop]


def _float(picture: _Crop) -> NDArray[np.float32]:
    return picture.astype(np.float32)


_PROCESSES: dict[str, Callable[[_Crop, _Rng], _Crop]] = {
    "denoise-patches": _denoise_patches,
    "denoise-edges": _denoise_edges,
    "denoise-time": _denoise_time,
    "smooth-skin": _smooth_skin,
    "sharpen": _sharpen,
    "upscale": _upscale,
    "stabilise": _stabilise,
    "blend-pictures": _blend_pictures,
    "grain": _add_grain,
    "grade": _grade,
}
PROCESSES = tuple(_PROCESSES)
