"""The little of DER (ITU-T X.690) that is needed to look into a structure."""

from __future__ import annotations


def element(der: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows of the first element; ValueError when it is cut short."""
    if len(der) < 2:
        raise ValueError("cut short")
    length, start = der[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(der[2 : 2 + count], "big"), 2 + count
    if len(der) < start + length:
        raise ValueError("cut short")
    return der[0], der[start : start + length], der[start + length :]
