"""Codes of the International Standard Content Code (ISO 24138:2024), 256 bits each, as bytes of whole units.

A unit is a header of two bytes, which says of what kind of content the code is, and the code. Soft bindings of
io.iscc.v0 hold units one after the other (ISCC enhancement proposal 20).
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np

Kind = Literal["video", "image", "audio"]
BITS = 256
CODE_BYTES = BITS // 8
HEADER_BYTES = 2
UNIT_BYTES = HEADER_BYTES + CODE_BYTES
# what an image code is made of
IMAGE_SIDE = 32


def video_code(signatures: np.ndarray) -> bytes:
    """ISCC video code of frame signatures uint8 [n, 380], as `iscc_core.soft_hash_video_v0` makes it (32 bytes)."""
    # like the standard: each different picture counts once, however long it is shown
    total = np.unique(signatures, axis=0).sum(axis=0, dtype=np.int64)
    first, second = _pairs()
    return np.packbits(total[first] < total[second]).tobytes()


def image_code(grey: np.ndarray) -> bytes:
    """ISCC image code of uint8 [32, 32] (32 bytes)."""
    import iscc_core

    return bytes(iscc_core.soft_hash_image_v0(grey.ravel().tolist(), bits=BITS))


def audio_code(prints: np.ndarray) -> bytes:
    """ISCC audio code of a chromaprint int32 [n] (32 bytes)."""
    import iscc_core

    return bytes(iscc_core.soft_hash_audio_v0(prints.tolist(), bits=BITS))


def unit(kind: Kind, code: bytes) -> bytes:
    """A code with the header that says what it is of."""
    return header(kind) + code


def split_units(value: bytes) -> dict[Kind, bytes]:
    """The codes in the value of a soft binding by kind; what is none of ours is passed over."""
    known = {header(kind): kind for kind in ("video", "image", "audio")}
    found: dict[Kind, bytes] = {}
    for at in range(0, len(value) - UNIT_BYTES + 1, UNIT_BYTES):
        kind = known.get(value[at : at + HEADER_BYTES])
        if kind:
            found.setdefault(kind, value[at + HEADER_BYTES : at + UNIT_BYTES])  # type: ignore[arg-type]
    return found


@cache
def header(kind: str) -> bytes:
    """The two bytes before a code of 256 bits."""
    import iscc_core as iscc

    subtype = {"video": iscc.ST_CC.VIDEO, "image": iscc.ST_CC.IMAGE, "audio": iscc.ST_CC.AUDIO}[kind]
    length = iscc.encode_length(iscc.MT.CONTENT, BITS)
    return bytes(iscc.encode_header(iscc.MT.CONTENT, subtype, iscc.VS.V0, length))


def iscc_text(kind: Kind, code: bytes) -> str:
    """The code as people write it: ISCC:..."""
    import iscc_core as iscc

    return f"ISCC:{iscc.encode_base32(unit(kind, code))}"


def distance(one: bytes, other: bytes) -> int:
    """How many of the 256 bits differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


@cache
def _pairs() -> tuple[np.ndarray, np.ndarray]:
    """Which two sums of a signature each bit compares."""
    from iscc_core.wtahash import WTA_VIDEO_ID_PERMUTATIONS

    pairs = np.array(WTA_VIDEO_ID_PERMUTATIONS[:BITS])
    return pairs[:, 0], pairs[:, 1]
