"""Anchor: the level of the clip's own sound, by which everything else is placed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipeline.sound.mix.loudness import LoudnessMeter

if TYPE_CHECKING:
    import numpy as np

# programme level of EBU R 128: speech there stands 12 dB over music at 0 dB once that is ducked. Without it a clip that
# was normalised to full scale would bury music and places by 15 dB
ANCHOR_LUFS = -23.0
# what is faint was meant to be, or is noise
MOST_RAISED_DB = 6.0


def anchor_gain_db(blocks: Iterable[np.ndarray], *, sample_rate_hz: int) -> float:
    """Gain that brings a clip's own sound to the anchor.

    Parameters
    ----------
    blocks : iterable of float [channels, samples]

    Returns
    -------
    float
        dB, at most `MOST_RAISED_DB`; 0 for silence.
    """
    meter: LoudnessMeter | None = None
    for block in blocks:
        meter = meter or LoudnessMeter(sample_rate_hz, block.shape[0], peaks=False)
        meter.add(block)
    loudness = meter.integrated_lufs if meter else None
    return 0.0 if loudness is None else round(min(MOST_RAISED_DB, ANCHOR_LUFS - loudness), 2)
