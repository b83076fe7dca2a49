"""The ReStraV measures: lengths and bends of the path of features (Internò et al., NeurIPS 2025, arXiv 2507.00583)."""

from __future__ import annotations

import statistics

from pipeline.detect.encoders.path import FeaturePath

NAMES = tuple(f"{what}_{how}" for what in ("step", "bend") for how in ("mean", "min", "max", "variance"))
# fewer bends than this say nothing
MIN_BENDS = 6


def figures(path: FeaturePath) -> dict[str, float]:
    """Mean, least, largest and variance of step lengths and of bends in degrees.

    The paper also feeds its classifier the first seven steps and six bends one by one; where in a clip something
    happens depends on the cut, so these are left out. It takes 12 pictures a second, we take 8.

    Returns
    -------
    By name from `NAMES`; empty when the path is too short or hardly moves.
    """
    if len(path.bends_deg) < MIN_BENDS:
        return {}
    rows = {"step": path.steps, "bend": path.bends_deg}
    return {
        f"{what}_{how}": measure(values)
        for what, values in rows.items()
        for how, measure in (
            ("mean", statistics.fmean),
            ("min", min),
            ("max", max),
            ("variance", statistics.pvariance),
        )
    }
