"""The sketch of a clip: small pictures and a print of its sound, some 60 kB, to tell a copy from a look-alike.

Codes find candidates among millions; the sketch then says whether the asked file really shows the same, cropped or
mirrored as it may be, and from when to when. Its SHA-256 stands in the signed manifest.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np

from pipeline.errors import CredentialError
from pipeline.provenance.fingerprint.pictures import GRID, Pictures

MAGIC = b"FMSKETCH1\n"
# Of the five pictures a second that are signed all are kept of a short clip, every other one of a longer one, and of
# one beyond 40 seconds so many in all.
SHORT_PICTURES, MOST_PICTURES = 48, 96
# seven bits of grey: fewer draw contours into a plain sky, and those would be compared
GREY_SHIFT = 1
# chromaprint values, eight a second: half an hour
MOST_PRINTS = 15_000
MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Sketch:
    """What a clip looks and sounds like, coarsely."""

    # float32 [n]
    times_s: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    # displayed width over height, float32 [n]
    aspects: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    # uint8 [n, GRID, GRID]: luma
    grids: np.ndarray = field(default_factory=lambda: np.zeros((0, GRID, GRID), np.uint8))
    # int32 [m]: chromaprint
    prints: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))


def sketch_of(pictures: Pictures | None, prints: np.ndarray | None = None) -> Sketch:
    """The sketch of sampled pictures, of sound, or of both; plain pictures are left out."""
    prints = np.zeros(0, np.int32) if prints is None else prints[:MOST_PRINTS].astype(np.int32)
    if pictures is None:
        return Sketch(prints=prints)
    telling = np.flatnonzero(~pictures.is_flat)
    step = 1 if len(telling) <= SHORT_PICTURES else max(2, -(-len(telling) // MOST_PICTURES))
    kept = telling[::step]
    grids = pictures.grids[kept] >> GREY_SHIFT << GREY_SHIFT
    return Sketch(pictures.times_s[kept].astype(np.float32), pictures.aspects[kept].astype(np.float32), grids, prints)


def pack(sketch: Sketch) -> bytes:
    """A sketch as bytes."""
    grids = (sketch.grids >> GREY_SHIFT).astype(np.uint8)
    # from one picture to the next little changes
    steps = np.diff(grids, axis=0, prepend=np.zeros((1, GRID, GRID), np.uint8)).astype(np.uint8)
    counts = np.array([len(sketch.times_s), len(sketch.prints)], "<u4")
    arrays = (counts, sketch.times_s.astype("<f4"), sketch.aspects.astype("<f4"), steps, sketch.prints.astype("<i4"))
    return MAGIC + zlib.compress(b"".join(one.tobytes() for one in arrays), 9)


def unpack(data: bytes) -> Sketch:
    """Read what `pack` wrote; CredentialError when it is no sketch."""
    if not data.startswith(MAGIC):
        raise CredentialError("The repository holds no sketch of this file that can be read; register the file again.")
    try:
        # bounded: a sketch may come from anybody
        body = zlib.decompressobj().decompress(data[len(MAGIC) :], MOST_BYTES)
        count, prints = (int(one) for one in np.frombuffer(body, "<u4", 2))
        if count > MOST_PICTURES or prints > MOST_PRINTS:
            raise ValueError("too long")
        ends = np.cumsum([8, 4 * count, 4 * count, count * GRID * GRID, 4 * prints])
        parts = [body[start:end] for start, end in zip(ends[:-1], ends[1:], strict=True)]
        steps = np.frombuffer(parts[2], np.uint8).reshape(count, GRID, GRID)
        times_s, aspects = (np.frombuffer(part, "<f4", count) for part in parts[:2])
        if not (np.isfinite(times_s).all() and np.isfinite(aspects).all() and (aspects > 0).all()):
            raise ValueError("no numbers")
        grids = np.cumsum(steps, axis=0, dtype=np.uint8) << GREY_SHIFT
        return Sketch(times_s, aspects, grids.astype(np.uint8), np.frombuffer(parts[3], "<i4", prints))
    except (ValueError, zlib.error) as error:
        raise CredentialError("The repository's sketch of this file is damaged; register the file again.") from error
