"""Taking one manifest out of a C2PA manifest store (JUMBF boxes, ISO/IEC 19566-5)."""

from __future__ import annotations

from collections.abc import Iterator

SUPERBOX = b"jumb"
DESCRIPTION = b"jumd"
# of a description box: 16 bytes of type, one of switches; bit 1 says that a label follows
TYPE_BYTES = 16
HAS_LABEL = 0x02


def single_manifest(store: bytes, label: str) -> bytes | None:
    """A manifest store that holds only the manifest `label`, its bytes untouched; None when there is none.

    Its signature still holds, because a claim's hashes cover the boxes of its own manifest; what its ingredients'
    manifests said is gone.
    """
    outer = next(iter(_boxes(store)), None)
    if outer is None or outer[0] != SUPERBOX:
        return None
    children = list(_boxes(outer[1]))
    if not children or children[0][0] != DESCRIPTION:
        return None
    for kind, content, whole in children[1:]:
        if kind == SUPERBOX and _label(content) == label:
            body = children[0][2] + whole
            return (len(body) + 8).to_bytes(4, "big") + SUPERBOX + body
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Type, content and whole of each box; it ends where the bytes stop making sense."""
    at = 0
    while at + 8 <= len(data):
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < head or at + size > len(data):
            return
        yield data[at + 4 : at + 8], data[at + head : at + size], data[at : at + size]
        at += size


def _label(content: bytes) -> str:
    kind, described, _ = next(iter(_boxes(content)), (b"", b"", b""))
    if kind != DESCRIPTION or len(described) <= TYPE_BYTES or not described[TYPE_BYTES] & HAS_LABEL:
        return ""
    return described[TYPE_BYTES + 1 :].partition(b"\0")[0].decode("utf-8", "replace")
