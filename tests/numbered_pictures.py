"""Pictures that carry their number as bars, and segments and films made of them by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from pipeline.media.probe import probe
from pipeline.reel.reel import Card, Part, Segment, Timeline, Title, Transition

BITS = 10


def numbered(index: int, width: int, height: int) -> np.ndarray:
    """The number as ten bars across the lower half, over two plain colours, so that turns and colours are seen too."""
    image = np.full((height, width, 3), (180, 60, 60), np.uint8)
    image[:, width // 2 :] = (60, 90, 170)
    for bit in range(BITS):
        bar = slice(bit * width // BITS, (bit + 1) * width // BITS)
        image[height // 2 :, bar] = 225 if index >> bit & 1 else 25
    return image


def number_of(picture: np.ndarray) -> int:
    """The number a picture carries."""
    height, width = picture.shape[:2]
    row = picture[height * 3 // 4].mean(axis=1)
    places = [int((bit + 0.5) * width / BITS) for bit in range(BITS)]
    return sum(1 << bit for bit, x in enumerate(places) if row[x] > 125)


def segment(source, start_s, end_s, *, index=0, speed=1.0, source_start_s=0.0, fit="fit", titles=(), transition=None):
    """A piece of a film by hand: a clip's path, or a card."""
    transition = transition or Transition()
    length_s = float(end_s - start_s)
    if isinstance(source, Card):
        part = Part(card=source, titles=titles, transition=transition)
        return Segment(index, part, None, float(start_s), float(end_s), 0.0, length_s, fit)
    part = Part(clip=source, speed=speed, titles=titles, transition=transition)
    source_end_s = source_start_s + length_s * speed
    return Segment(index, part, probe(source), float(start_s), float(end_s), source_start_s, source_end_s, fit)


def film(*segments, size_px=(192, 128), rate=24, ending=None) -> Timeline:
    """The film of these segments."""
    rate = Fraction(rate)
    return Timeline(segments, size_px, rate, round(Fraction(segments[-1].end_s) * rate), ending or Transition())


def title(text="WORDS", **more) -> Title:
    """A title without fades, so that each of its pictures shows it whole."""
    return Title(text, **{"fade_s": 0.0, **more})
