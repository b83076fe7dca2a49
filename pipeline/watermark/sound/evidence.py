"""Evidence in sound: what turns a spectrogram into a map of chips of equal worth, and lays it out in tiles."""

from __future__ import annotations

import numpy as np

from pipeline.watermark.sound.cells import BANDS
from pipeline.watermark.sound.masking import largest_gain_db
from pipeline.watermark.sound.tile import LENGTH

# the spectrogram is taken so many times a cell, so that its place within a cell can be searched
STEPS = 4
# steps that are summed to one cell; the frame itself already spans one
CELL_STEPS = 3
# Deviations in steps and bands of the bells (Gaussian weights) within which what is slow, what is common to neighbours,
# and the local deviation are measured; chosen by the correlation left after MP3 at 48, AAC at 64 and Opus at 32 kb/s on
# 25 sounds of five seconds. Boxes of the same reach gave 5 % less, flattening the spectrum of the map only lost.
SLOW_STEPS = 9.0
COMMON_BANDS = 5.0
DEVIATION_STEPS, DEVIATION_BANDS = 6.0, 0.8
# of the mean power of all bands: beneath this a band is empty, and a codec's whims there mean nothing
FLOOR = 1e-7
# natural logarithm of power: changes smaller than this are not noise to divide by
LEAST_DEVIATION = 0.1
# deviations; onsets are no evidence
MOST = 2.5
# dB: the mark is made no deeper than about this where more would stay masked
DEEPEST_DB = 1.6


def evidence(power: np.ndarray, weights: np.ndarray, *, frame_samples: int) -> np.ndarray:
    """Level changes of every band against its surroundings, in local deviations, by how deep a mark may be there.

    Parameters
    ----------
    power : float32 [steps, bins]
    weights : float32 [bins, 32]
        `band_weights`.
    frame_samples : int

    Returns
    -------
    float32 [steps, 32]
    """
    import cv2

    level = cv2.blur(power @ weights, (1, CELL_STEPS))
    log = np.log(level + FLOOR * level.mean() + np.float32(1e-20))
    quick = log - _bell(log, steps=SLOW_STEPS)
    own = quick - _bell(quick, bands=COMMON_BANDS)
    variance = _bell(own * own, steps=DEVIATION_STEPS, bands=DEVIATION_BANDS) + np.float32(LEAST_DEVIATION**2)
    found = np.clip(own / np.sqrt(variance), -MOST, MOST)
    # what the maker of the mark allowed itself can be told from the copy: the filter that is matched to the mark
    depth_db = np.minimum(largest_gain_db(power, weights, frame_samples=frame_samples), DEEPEST_DB)
    found *= cv2.blur(depth_db, (1, CELL_STEPS))
    found[:, ~weights.any(axis=0)] = 0
    return found


def fold(found: np.ndarray, tempo: float = 1.0) -> np.ndarray:
    """Lay evidence out in cells and sum it into one tile for each phase within a cell.

    Parameters
    ----------
    found : float32 [steps, 32]
    tempo : float
        How much faster the sound runs than when it was marked.

    Returns
    -------
    float32 [4, 120, 32]
    """
    count = int(len(found) * tempo)
    if tempo != 1.0:
        found = found[np.minimum(np.rint(np.arange(count) / tempo).astype(int), len(found) - 1)]
    padded = np.zeros((-(-max(count, 1) // (LENGTH * STEPS)) * LENGTH * STEPS, BANDS), dtype=np.float32)
    padded[:count] = found
    # [tiles, cells, phases, bands]
    return padded.reshape(-1, LENGTH, STEPS, BANDS).sum(axis=0).transpose(1, 0, 2)


def _bell(values: np.ndarray, *, steps: float = 0.0, bands: float = 0.0) -> np.ndarray:
    """Mean under a Gaussian of these deviations; 0 leaves a direction as it is."""
    import cv2

    size = (2 * round(3 * bands) + 1, 2 * round(3 * steps) + 1)
    return cv2.GaussianBlur(values, size, sigmaX=max(bands, 1e-3), sigmaY=max(steps, 1e-3))
