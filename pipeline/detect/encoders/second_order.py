"""The D3 measure: how much the distance from picture to picture changes (Zheng et al., ICCV 2025, arXiv 2508.00701)."""

from __future__ import annotations

import statistics

from pipeline.detect.encoders.path import FeaturePath

NAMES = ("d3_euclid", "d3_cosine")
# fewer second differences than this say nothing
MIN_CHANGES = 8


def figures(path: FeaturePath) -> dict[str, float]:
    """Standard deviation of the second difference of feature distances, Euclidean and cosine.

    The paper finds it larger for camera footage than for generated clips; it takes 8 pictures a second, as here.

    Returns
    -------
    By name from `NAMES`; empty when the path is too short.
    """
    if len(path.step_changes) < MIN_CHANGES:
        return {}
    return {
        "d3_euclid": statistics.pstdev(path.step_changes),
        "d3_cosine": statistics.pstdev(path.cosine_changes),
    }
