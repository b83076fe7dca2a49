"""Evidence in sound: what turns a spectrogram into a map of chips of equal worth, and lays it out in tiles."""

from __future__ import annotations

import numpy as np

from pipeline.watermark.audio_cells import BANDS
from pipeline.watermark.audio_tile import LENGTH

# the spectrogram is taken so many times a cell, so that its place within a cell can be searched
STEPS = 4
# steps that are summed to one cell; the frame itself already spans one
CELL_STEPS = 3
# Steps and bands of the boxes that what is slow, what is common to neighbours, and the deviation are measured in;
# chosen by the correlation left after AAC at 64 and Opus at 32 kb/s on 14 natural sounds of five seconds. Flattening
# the spectrum of the map, as the picture's reader does, only lost.
SLOW_STEPS = 65
COMMON_BANDS = 15
DEVIATION_STEPS, DEVIATION_BANDS = 41, 7
# of the mean power of all bands: beneath this a band is empty, and a codec's whims there mean nothing
FLOOR = 1e-6
# natural logarithm of power: changes smaller than this are not noise to divide by
LEAST_DEVIATION = 0.1
# deviations; onsets are no evidence
MOST = 2.5


def evidence(power: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Level changes of every band against its surroundings, in local deviations.

    Parameters
    ----------
    power : float32 [steps, bins]
    weights : float32 [bins, 32]
        `band_weights`.

    Returns
    -------
    float32 [steps, 32]
    """
    import cv2

    level = cv2.blur(power @ weights, (1, CELL_STEPS))
    log = np.log(level + FLOOR * level.mean() + np.float32(1e-20))
    quick = log - cv2.blur(log, (1, SLOW_STEPS))
    own = quick - cv2.blur(quick, (COMMON_BANDS, 1))
    variance = cv2.blur(own * own, (DEVIATION_BANDS, DEVIATION_STEPS)) + np.float32(LEAST_DEVIATION**2)
    found = np.clip(own / np.sqrt(variance), -MOST, MOST)
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
