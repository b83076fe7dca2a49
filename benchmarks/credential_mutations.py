"""Broken files by chance: bytes, stretches, lengths, counts and depths of signed files and of their stores."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.credential_tampering import BMFF_SUFFIXES, SignedFile, boxes_of, place_of

# what lengths and counts are set to: nothing, all, just beside, and where signs and sums wrap around
LENGTHS = (0, 1, 7, 8, 9, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF)
# heads of CBOR items (RFC 8949) that promise far more than follows, or open without an end
HUGE_ITEMS = (
    b"\x9b" + b"\xff" * 8,
    b"\xbb" + b"\x00\x00\x00\x01" + b"\x00" * 4,
    b"\x9a\xff\xff\xff\xff",
    b"\x5b" + b"\x7f" + b"\xff" * 7,
    b"\x7a\xff\xff\xff\xf0",
    b"\x9f" * 12,
)
MAX_DEPTH = 4000
LABELS = (
    *(b"c2pa.signature", b"c2pa.claim.v2", b"c2pa.ingredient.v3", b"c2pa.actions.v2__99999999999", b"<script>", b""),
    *(b"../../x", b"\xff" * 40, b"__" * 20, b".v", b"c2pa.", "\U0001f9d1\u200d\U0001f680".encode() * 20),
    # SDK 0.91.3 ends the process over a last part that begins with such a letter
    *(
        "c2pa.actions.v\u0663".encode(),
        "org.\U0001f9d1".encode(),
        b"urn:c2pa:",
        b"urn:c2pa:x:y:z:1:2_3",
        b"self#jumbf=/c2pa/x",
    ),
)
# what is this large already need not grow again
MAX_STORE_BYTES = 200_000


@dataclass(frozen=True)
class Mutation:
    """One broken file, and how it was broken."""

    kind: str
    file: SignedFile


def mutate(file: SignedFile, other: SignedFile, rng: random.Random) -> Mutation:
    """Break a file in one to three ways that are drawn.

    Parameters
    ----------
    file : SignedFile
    other : SignedFile
        Where foreign bytes come from.
    rng : random.Random
    """
    kind = rng.choice(tuple(STORE_WAYS) + tuple(FILE_WAYS))
    for _ in range(rng.choice((1, 1, 2, 3))):
        if kind in STORE_WAYS:
            file = _in_store(file, STORE_WAYS[kind](file.store, other.store, rng))
            if len(file.store) > MAX_STORE_BYTES:
                break
        else:
            file = SignedFile(file.suffix, FILE_WAYS[kind](file.data, other.data, rng), file.store, file.is_beside)
            # what holds the store may be gone now
            break
    return Mutation(kind, file)


def _in_store(file: SignedFile, store: bytes) -> SignedFile:
    """The file with a broken store, which need not have the length of the old one."""
    if file.is_beside:
        return SignedFile(file.suffix, file.data, store, True)
    start, end, encode = place_of(file)
    held = encode(store)
    data = file.data[:start] + held + file.data[end:]
    if file.suffix in BMFF_SUFFIXES and len(held) != end - start:
        data = _resized(data, start, len(held) - (end - start))
    return SignedFile(file.suffix, data, store)


def _resized(data: bytes, start: int, by: int) -> bytes:
    """Correct the length of the box that holds a store, so that a parser gets as far as the store."""
    at = data.rfind(b"uuid", 0, start) - 4
    size = struct.unpack(">I", data[at : at + 4])[0] + by
    return data[:at] + struct.pack(">I", size & 0xFFFFFFFF) + data[at + 4 :]


# ------------------------------------------------------------------- ways
def _flip_bits(data: bytes, other: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 8, 64))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _random_bytes(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at, count = rng.randrange(len(data)), rng.choice((1, 4, 16, 200))
    return data[:at] + rng.randbytes(count) + data[at + count :]


def _splice(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A stretch of the other file, over or into this one."""
    at, start, count = rng.randrange(len(data)), rng.randrange(len(other)), rng.choice((4, 32, 500, 4000))
    return data[:at] + other[start : start + count] + data[at + (count if rng.random() < 0.6 else 0) :]


def _repeat(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at, count = rng.randrange(len(data)), rng.choice((1, 16, 300))
    return data[:at] + data[at : at + count] * rng.choice((2, 5, 400)) + data[at + count :]


def _cut_out(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at, count = rng.randrange(len(data)), rng.choice((1, 3, 100, 5000))
    return (data[:at] + data[at + count :]) or b"\0"


def _truncate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def _file_length(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Four bytes near the beginning of a structure: where containers keep lengths."""
    at = rng.choice((0, 4, 8, 12, 16, rng.randrange(len(data)), max(0, len(data) - rng.randrange(8, 64))))
    order = rng.choice((">I", "<I"))
    return data[:at] + struct.pack(order, rng.choice(LENGTHS)) + data[at + 4 :]


def _box_length(store: bytes, other: bytes, rng: random.Random) -> bytes:
    box = rng.choice(_safe_boxes(store))
    at = rng.choice((box.start, box.start + 8, box.content)) if box.content + 4 <= len(store) else box.start
    size = rng.choice((*LENGTHS, box.end - box.start + rng.choice((-8, -1, 1, 8, 100))))
    return store[:at] + struct.pack(">I", size & 0xFFFFFFFF) + store[at + 4 :]


def _box_type(store: bytes, other: bytes, rng: random.Random) -> bytes:
    box = rng.choice(_safe_boxes(store))
    at = rng.choice((box.start + 4, box.start + 12, box.start + 16))
    return store[:at] + rng.choice((b"jumb", b"jumd", b"cbor", b"json", b"bfdb", b"\0\0\0\0")) + store[at + 4 :]


def _label(store: bytes, other: bytes, rng: random.Random) -> bytes:
    box = rng.choice(_safe_boxes(store))
    at = box.start + 33
    length = max(1, box.content - at - 1)
    new = rng.choice(LABELS).ljust(length, rng.choice((b"_", b"\0", b".")))
    return store[:at] + new[:length] + store[at + length :]


def _renamed(store: bytes, other: bytes, rng: random.Random) -> bytes:
    """Another name for a box and for every reference to it."""
    old = rng.choice(_safe_boxes(store)).label.encode("utf-8", "replace") or b"c2pa"
    new = rng.choice(LABELS).ljust(len(old), rng.choice((b"_", b"x", b".")))
    return store.replace(old, new[: len(old)])


def _exchange_boxes(store: bytes, other: bytes, rng: random.Random) -> bytes:
    one, two = rng.choice(_safe_boxes(store)), rng.choice(_safe_boxes(other))
    return store[: one.start] + other[two.start : two.end] + store[one.end :]


def _deep_boxes(store: bytes, other: bytes, rng: random.Random) -> bytes:
    """Superboxes in superboxes, with right lengths all the way down."""
    box = rng.choice(_safe_boxes(store))
    description = store[box.start + 8 : box.content]
    inner, depth = store[box.start : box.end], rng.choice((20, 200, MAX_DEPTH))
    heads = []
    size = len(inner)
    for _ in range(depth):
        size += 8 + len(description)
        heads.append(struct.pack(">I", size & 0xFFFFFFFF) + b"jumb" + description)
    nested = b"".join(reversed(heads)) + inner
    return _grown(store[: box.start] + nested + store[box.end :], len(nested) - len(inner), box.start)


def _grown(store: bytes, by: int, inside: int) -> bytes:
    """Correct the lengths of all boxes around a place that grew."""
    changed = bytearray(store)
    at, end = 0, len(store)
    while at < inside and at + 16 <= end and changed[at + 4 : at + 8] == b"jumb":
        size = struct.unpack(">I", changed[at : at + 4])[0]
        if at + size <= inside:
            at += max(8, size)
            continue
        changed[at : at + 4] = struct.pack(">I", (size + by) & 0xFFFFFFFF)
        at += 8 + struct.unpack(">I", changed[at + 8 : at + 12])[0]
    return bytes(changed)


def _huge_count(store: bytes, other: bytes, rng: random.Random) -> bytes:
    box = rng.choice(_safe_boxes(store))
    at = min(box.content + 8 + rng.randrange(64), len(store) - 1)
    item = rng.choice(HUGE_ITEMS)
    return store[:at] + item + store[at + len(item) :]


def _deep_data(store: bytes, other: bytes, rng: random.Random) -> bytes:
    """CBOR arrays in arrays: one byte a level."""
    boxes = _safe_boxes(store)
    box = max(boxes[1:] or boxes, key=lambda one: one.end - one.content)
    at = min(box.content + 8, len(store) - 1)
    opened = rng.choice((b"\x81", b"\xa1\x61a", b"\xc6", b"\x9f")) * MAX_DEPTH
    return store[:at] + opened[: max(1, box.end - at)] + store[at + len(opened[: max(1, box.end - at)]) :]


def _safe_boxes(store: bytes) -> list:
    from benchmarks.credential_tampering import Box

    found = [box for box in boxes_of(store) if box.content - box.start >= 33 and box.content < len(store)]
    # after other ways nothing need be left that looks like a box
    return found or [Box("", ("",), 0, min(40, len(store) - 1), len(store))]


Way = Callable[[bytes, bytes, random.Random], bytes]
STORE_WAYS: dict[str, Way] = {
    "bits of the store": _flip_bits,
    "bytes of the store": _random_bytes,
    "foreign stretch in the store": _splice,
    "store cut": _cut_out,
    "box lengths": _box_length,
    "box types": _box_type,
    "labels": _label,
    "labels and references": _renamed,
    "boxes exchanged": _exchange_boxes,
    "boxes in boxes": _deep_boxes,
    "huge counts": _huge_count,
    "deep data": _deep_data,
    "store repeated": _repeat,
}
FILE_WAYS: dict[str, Way] = {
    "bits of the file": _flip_bits,
    "bytes of the file": _random_bytes,
    "foreign stretch in the file": _splice,
    "file cut": _cut_out,
    "file truncated": _truncate,
    "lengths of the container": _file_length,
    "file repeated": _repeat,
}
