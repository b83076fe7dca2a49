"""A second opinion on timing: librosa hears our blows where the cue sheet puts them."""

import warnings

import numpy as np

from pipeline.records import Cue, SoundPlan
from pipeline.sound.render import iter_stems

RATE_HZ = 48_000
# one hop of the referee, plus its bias of +2.6 ms at this hop (measured)
TOLERANCE_S = 240 / RATE_HZ + 0.0026


def test_librosa_hears_blows_at_their_cues():
    times_s = [0.5, 1.13, 1.9, 2.41, 3.2]
    cues = tuple(
        Cue(id=f"c{i}", stem="FX-impacts", time_s=t, length_s=0.5, category="WOOD", sound="impact/wood", seed=i)
        for i, t in enumerate(times_s)
    )
    blocks = [block["FX-impacts"] for block in iter_stems(SoundPlan(duration_s=4.0, cues=cues))]
    mono = np.concatenate(blocks, axis=1).mean(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of numba, inside librosa
        import librosa

        heard = librosa.onset.onset_detect(y=mono, sr=RATE_HZ, hop_length=240, units="time", backtrack=False)
    for time_s in times_s:
        assert np.abs(heard - time_s).min() <= TOLERANCE_S
    assert len(heard) == len(times_s)
