"""C2: what a small network sees in native-scale crops, where in the picture, and when."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipeline.detect.networks import Seen, see
from pipeline.records import Evidence

if TYPE_CHECKING:
    from pipeline.detect.crops import Crops

NAME = "patches"
# pictures with a heat-map in a report
SHOWN = 3


def evidence(crops: Crops, *, held_out: int | None = None) -> Evidence:
    """What the network says of a clip, with a heat-map and a curve over time."""
    if not len(crops):
        return Evidence(
            name=NAME,
            scope="content",
            sentence=f"The network could not look at the picture: {crops.reason}.",
            applicable=False,
            reason=crops.reason,
            gate="failed",
        )
    seen = see(NAME, crops.pixels, held_out=held_out)
    strongest = int((seen.shares * seen.logits).argmax())
    return Evidence(
        name=NAME,
        scope="content",
        sentence=_sentence(seen.logit),
        raw={"logit": round(seen.logit, 4), "crops": float(len(crops))},
        t0_s=round(crops.times_s[strongest], 3),
        box=crops.boxes[strongest],
        curve=curve(crops, seen),
        picture=heat_maps(crops, seen),
    )


def _sentence(logit: float) -> str:
    if abs(logit) < 0.4:
        return "A network that compares small pieces of the picture sees as much of a camera as of a generator."
    if logit > 0:
        return "A network that compares small pieces of the picture finds them more like generated clips."
    return "A network that compares small pieces of the picture finds them more like camera footage."


def curve(crops: Crops, seen: Seen) -> tuple[tuple[float, float], ...]:
    """Time and mean probability of every moment."""
    points = []
    for moment in sorted(set(crops.moments)):
        rows = [i for i, m in enumerate(crops.moments) if m == moment]
        points.append((round(crops.times_s[rows[0]], 3), round(_sigmoid(float(seen.logits[rows].mean())), 4)))
    return tuple(points)


def heat_maps(crops: Crops, seen: Seen) -> str:
    """The moments that speak loudest for AI beside each other, tinted, as a PNG data URI."""
    import numpy as np

    from pipeline.detect.drawing import heat, png_uri

    loudness = {m: max(seen.logits[i] for i, n in enumerate(crops.moments) if n == m) for m in set(crops.moments)}
    chosen = sorted(sorted(loudness, key=lambda m: -loudness[m])[:SHOWN])
    maps = []
    for moment in chosen:
        rows = [i for i, m in enumerate(crops.moments) if m == moment]
        scores = [_sigmoid(float(seen.logits[i])) for i in rows]
        maps.append(heat(crops.shown[moment], [crops.boxes[i] for i in rows], scores))
    return png_uri(np.concatenate(maps, axis=1))


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, x))))
