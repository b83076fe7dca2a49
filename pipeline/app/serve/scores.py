"""How strong a match is, as a number from 0 to 100.

The specification leaves the scale open. Ours has three bands, so that a client can tell them apart: 90 and more,
marks, fingerprint and the signed manifest agree; 50 to 89, the content is alike; below 50, a mark says so alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.app.serve.values import FINGERPRINTS, WATERMARKS
from pipeline.records import RecoveryMatch

EXACT = 100
RECOVERED, ALIKE, MARK_ALONE = 90, 50, 40
# codes of 256 bits; those of unrelated content differ in half of them
UNRELATED_BITS = 128
# what a recovery calls the ways it found something by
WAYS = dict(zip(("picture", "sound", "fingerprint"), (*WATERMARKS, *FINGERPRINTS), strict=True))


def answerable(found: Iterable[RecoveryMatch], algorithm: str | None) -> list[tuple[str, int]]:
    """Labels and scores of what may be answered, likeliest first; of one algorithm when it is named."""
    scored = [(one, match_score(one)) for one in found]
    wanted = [one for one in scored if algorithm is None or algorithm in map(WAYS.get, one[0].found_by)]
    return [(match.label, score) for match, score in wanted if score is not None]


def match_score(match: RecoveryMatch) -> int | None:
    """The score of what a recovery found; None when it must not be answered at all."""
    if match.revoked or match.state == "transplant":
        return None
    if match.state == "unsure":
        return MARK_ALONE
    likeness = match.similarity if match.similarity is not None else _likeness(match.distance)
    if match.state == "recovered":
        return RECOVERED + round(10 * _within(likeness))
    return ALIKE + round(39 * _within(likeness))


def code_score(distance_bits: int) -> int:
    """The score of a fingerprint code that differs by so many bits of 256."""
    return EXACT if distance_bits == 0 else ALIKE + round(39 * _within(_likeness(distance_bits)))


def _likeness(distance_bits: int | None) -> float:
    return 0.0 if distance_bits is None else 1 - distance_bits / UNRELATED_BITS


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))
