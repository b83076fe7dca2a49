"""Movement: whether two clips that look alike also move alike.

Generators that are given the same first picture, and cameras on one scene, make clips of the same look. What changes
from picture to picture is then another; in a copy it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.provenance.fingerprint.pictures import RATE_HZ

# levels (8 bit) by which a cell varies that moves; a codec alone stays below
MOVING_LEVELS = 4.0
# with less of the picture moving, or in fewer pictures, nothing can be told
LEAST_MOVING, LEAST_PICTURES = 0.005, 5
# cells that are smoothed over: sampling in time and place is never quite the same
SMOOTH_CELLS = 1.0
PAIR_S = 0.55 / RATE_HZ


def pairs_of(
    asked_s: np.ndarray, registered_s: np.ndarray, spans: Sequence[tuple[float, float, float]]
) -> list[tuple[int, int]]:
    """Which pictures show the same moment: (asked, registered) indices; a span is (start_s, end_s, later_by_s)."""
    found = []
    for start_s, end_s, later_by_s in spans:
        for asked in np.flatnonzero((asked_s >= start_s - 1e-6) & (asked_s < end_s - 1e-6)):
            distances = np.abs(registered_s - (asked_s[asked] + later_by_s))
            if len(distances) and distances.min() <= PAIR_S:
                found.append((int(asked), int(distances.argmin())))
    return found


def movement_agreement(asked: np.ndarray, registered: np.ndarray) -> float | None:
    """Correlation of what changes over time in two series of pictures of the same moments.

    Parameters
    ----------
    asked, registered : float32 [n, h, w]
        Luma of the same part of the picture.

    Returns
    -------
    float or None
        1 for the same movement, about 0 for another; None when too little moves. Copies (CRF 35, 240 lines at 12
        pictures a second, captions, crops, cut anywhere) gave 0.59 to 1, clips that generators made of one picture
        -0.2 to 0.46.
    """
    if len(asked) < LEAST_PICTURES:
        return None
    ours, theirs = _levelled(asked), _levelled(registered)
    # brightness and contrast may have been changed
    ours *= (ours * theirs).sum() / max(float((ours * ours).sum()), 1e-6)
    ours, theirs = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    moves = np.maximum(ours.std(axis=0), theirs.std(axis=0)) > MOVING_LEVELS
    if moves.mean() < LEAST_MOVING:
        return None
    ours, theirs = ours[:, moves], theirs[:, moves]
    power = float(np.sqrt((ours * ours).sum() * (theirs * theirs).sum()))
    return float((ours * theirs).sum()) / max(power, 1e-6)


def _levelled(pictures: np.ndarray) -> np.ndarray:
    """Smoothed pictures around a mean of zero each: a flash or a fade is no movement."""
    import cv2

    smooth = np.stack([cv2.GaussianBlur(np.ascontiguousarray(one), (0, 0), SMOOTH_CELLS) for one in pictures])
    return np.asarray(smooth - smooth.mean(axis=(1, 2), keepdims=True))
