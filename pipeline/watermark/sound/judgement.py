"""Judgement: what a peak of the sync in a sound means, given how many places were tried to find it."""

from __future__ import annotations

from pipeline.records import MarkReading
from pipeline.watermark.keys import key_id
from pipeline.watermark.sound import tile
from pipeline.watermark.sound.search import Match
from pipeline.watermark.sound.tile import SoundPatterns

# Chance that an unmarked sound gets as far as a decoding: in the plain reading of its windows, in their sum, and in the
# search. The 24-bit check and the variant of the id then let one in 134 million through. Together: one wrong reading in
# some 4 thousand million sounds.
DECODE_CHANCE = 0.01
# chance to call an unmarked sound "marked" without a passed check
UNREADABLE_CHANCE = 1e-9


def judge(found: Match, patterns: SoundPatterns, *, tries: int) -> MarkReading:
    """Decode what stands out more than chance allows.

    Parameters
    ----------
    found : Match
    patterns : SoundPatterns
    tries : int
        At how many places a peak could have been found.
    """
    z, geometry = found.peak.z, found.warp.sentence
    least = tile.threshold(tries, chance=DECODE_CHANCE)
    sure = tile.threshold(tries, chance=UNREADABLE_CHANCE)
    key = key_id(patterns.key_of(found.peak.pattern))
    payload = tile.read_tile(patterns, found.tiles, found.peak) if z >= least else None
    if payload is not None:
        sentence = f"The sound carries our mark with the id {payload.hex}."
        return MarkReading("read", payload, z, geometry, sentence=sentence, needed_z=least, key_id=key)
    if z >= sure:
        sentence = "The sound carries our mark, but too little of it is left to read the id."
        return MarkReading("unreadable", None, z, geometry, sentence=sentence, needed_z=sure, key_id=key)
    sentence = "No mark made with this key was found in the sound."
    return MarkReading("none", None, z, sentence=sentence, needed_z=least)


def better(first: MarkReading, second: MarkReading) -> MarkReading:
    """The reading that says more; the first of two that say as much."""
    return max(first, second, key=lambda reading: (("none", "unreadable", "read").index(reading.state), reading.z))
