"""Key pictures of H.264 and HEVC: which ones decoding can begin with, and the parameter sets it needs for that."""

from __future__ import annotations

from collections.abc import Iterator

# H.264, table 7-1: a slice of an IDR picture. HEVC, table 7-1: BLA_W_LP (16) to IDR_N_LP (20).
_H264_ANEW = frozenset((5,))
_HEVC_ANEW = frozenset(range(16, 21))
# slices: anything below is a picture's data, above are parameter sets and messages
_H264_SLICES = range(1, 6)
_HEVC_SLICES = range(32)
_H264_DELIMITER, _HEVC_DELIMITER = 9, 35
_HEVC_SETS = (32, 33, 34)
# a picture's first slice comes after at most a few messages and parameter sets
MOST_UNITS = 64


def begins_anew(packet: bytes, codec: str, extradata: bytes, *, is_key: bool) -> bool:
    """Whether decoding can begin at a packet although pictures of something else were decoded before.

    Parameters
    ----------
    packet
        One coded picture.
    codec
        libav's name of it.
    extradata
        The header of the stream, which says how long the lengths in front of units are.
    is_key
        What the container says. It is believed, except of H.264 and HEVC: there a key picture may be one that only
        the pictures shown after it can do with.
    """
    if codec not in ("h264", "hevc") or not is_key:
        return is_key
    kinds = _H264_SLICES if codec == "h264" else _HEVC_SLICES
    for kind, _ in _units(packet, codec, length_bytes(codec, extradata)):
        if kind in kinds:
            return kind in (_H264_ANEW if codec == "h264" else _HEVC_ANEW)
    return False


def parameter_sets(codec: str, extradata: bytes) -> bytes:
    """The parameter sets of a stream's header as units with their lengths in front (ISO/IEC 14496-15, 5.3.3 and 8.3.3).

    Empty when the header is of another form.
    """
    size = length_bytes(codec, extradata)
    if not size:
        return b""
    found, at = [], 5 if codec == "h264" else 22
    try:
        # H.264 has two lists, of sequences and of pictures; HEVC says how many, and of which kind each is
        lists = 2 if codec == "h264" else extradata[at]
        at += 0 if codec == "h264" else 1
        for number in range(lists):
            if codec == "h264":
                kind, count, at = 0, extradata[at] & (0x1F if number == 0 else 0xFF), at + 1
            else:
                kind, count, at = extradata[at] & 0x3F, int.from_bytes(extradata[at + 1 : at + 3], "big"), at + 3
            for _ in range(count):
                end = at + 2 + int.from_bytes(extradata[at : at + 2], "big")
                if codec == "h264" or kind in _HEVC_SETS:
                    found.append((end - at - 2).to_bytes(size, "big") + extradata[at + 2 : end])
                at = end
    except (IndexError, OverflowError):
        return b""
    return b"".join(found) if at <= len(extradata) else b""


def with_parameter_sets(packet: bytes, sets: bytes, codec: str, extradata: bytes) -> bytes:
    """A coded picture with parameter sets in front, behind the mark of its beginning where it has one."""
    delimiter = _H264_DELIMITER if codec == "h264" else _HEVC_DELIMITER
    kind, end = next(_units(packet, codec, length_bytes(codec, extradata)), (-1, 0))
    at = end if kind == delimiter else 0
    return packet[:at] + sets + packet[at:]


def length_bytes(codec: str, extradata: bytes) -> int:
    """Bytes of the length in front of each unit (ISO/IEC 14496-15); 0 when there are start codes instead."""
    at = 4 if codec == "h264" else 21
    return (extradata[at] & 3) + 1 if extradata[:1] == b"\1" and len(extradata) > at else 0


def _units(packet: bytes, codec: str, length_bytes: int) -> Iterator[tuple[int, int]]:
    """The kind of each unit, and where the next one begins."""
    at = 0
    for _ in range(MOST_UNITS):
        if length_bytes:
            body = at + length_bytes
            following = body + int.from_bytes(packet[at:body], "big")
        else:
            code = packet.find(b"\0\0\1", at)
            body = following = code + 3 if code >= 0 else len(packet)
        if body >= len(packet):
            return
        yield packet[body] & 0x1F if codec == "h264" else packet[body] >> 1 & 0x3F, following
        at = following
