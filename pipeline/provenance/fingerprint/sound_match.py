"""Whether two sounds are the same, by the bits of their chromaprints along the shift that agrees best.

Source of the measure: Haitsma and Kalker, A Highly Robust Audio Fingerprinting System (ISMIR 2002): unrelated sounds
agree in half of their bits, copies in three quarters and more.
"""

from __future__ import annotations

import numpy as np

# values that have to overlap: three seconds
LEAST_PRINTS = 24
# of the asked sound; its middle, so that long files stay cheap
MOST_ASKED = 400
BITS = 32


def sound_similarity(asked: np.ndarray, registered: np.ndarray) -> float | None:
    """Share of bits that agree, int32 [n] and [m] -> 0.5 (others) .. 1.0 (the same); None when too short to tell."""
    start = max(0, (len(asked) - MOST_ASKED) // 2)
    asked = asked[start : start + MOST_ASKED]
    if min(len(asked), len(registered)) < LEAST_PRINTS:
        return None
    if len(np.unique(asked)) < LEAST_PRINTS // 4 or len(np.unique(registered)) < LEAST_PRINTS // 4:
        return None  # a steady tone or hum: its prints hardly change, and any shift would do
    best = 0.0
    for shift in range(LEAST_PRINTS - len(asked), len(registered) - LEAST_PRINTS + 1):
        first = max(0, -shift)
        part = registered[max(0, shift) : shift + len(asked)]
        other = asked[first : first + len(part)]
        differing = int(np.bitwise_count((part[: len(other)] ^ other).view(np.uint32)).sum())
        best = max(best, 1 - differing / (BITS * len(other)))
    return best
