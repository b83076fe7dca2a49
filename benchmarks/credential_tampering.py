"""Ways to tamper with a signed file: in its media, and in every part of its credentials.

What a store is made of: superboxes (``jumb``) with a description (``jumd``) that names them, one in another
(ISO/IEC 19566-5). Every change keeps the length of the store, so that nothing but the change itself can be found.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# an ES256 signature ends the signature box (RFC 9052)
SIGNATURE_BYTES = 64
# whatever a container puts around the store is shorter
HEADER_BYTES = 96
BMFF_SUFFIXES = (".mp4", ".m4v", ".mov", ".m4a", ".avif", ".heic", ".heif")
# store, manifest, assertions, assertion; databoxes and credentials have no more
MAX_LEVELS = 8
# object id of the curve P-256, in front of a public key (RFC 5480)
CURVE = bytes.fromhex("2a8648ce3d030107")


@dataclass(frozen=True)
class SignedFile:
    """A signed file and the store that it carries, or that stands beside it."""

    suffix: str
    data: bytes
    store: bytes
    is_beside: bool = False

    @property
    def place(self) -> tuple[int, int]:
        """Where the store stands in the file; behind its end when it is beside the file."""
        if self.is_beside:
            return len(self.data) + HEADER_BYTES, len(self.data) + HEADER_BYTES
        return place_of(self)[:2]

    def with_store(self, store: bytes) -> SignedFile:
        """The same file with another store of the same length."""
        assert len(store) == len(self.store)
        if self.is_beside:
            return SignedFile(self.suffix, self.data, store, True)
        start, end, encode = place_of(self)
        return SignedFile(self.suffix, self.data[:start] + encode(store) + self.data[end:], store)

    def with_data(self, data: bytes) -> SignedFile:
        """The same store with another file around it."""
        return SignedFile(self.suffix, data, self.store, self.is_beside)


@dataclass(frozen=True)
class Tampering:
    """One changed file."""

    kind: str
    name: str
    file: SignedFile
    # false: the specification leaves this out of every hash, so that nobody can see it
    is_covered: bool = True


def place_of(file: SignedFile) -> tuple[int, int, Callable[[bytes], bytes]]:
    """Where a file holds its store, from and to, and how it writes one."""
    for encode in (bytes, _sub_blocks, base64.b64encode):
        held = encode(file.store)
        start = file.data.find(held)
        if start >= 0:
            return start, start + len(held), encode
    raise LookupError(f"the store is not in the {file.suffix} file in one piece")


def _sub_blocks(store: bytes) -> bytes:
    """As a GIF holds data: in blocks of up to 255 bytes, each after its length."""
    blocks = [store[at : at + 255] for at in range(0, len(store), 255)]
    return b"".join(bytes([len(block)]) + block for block in blocks)


# ------------------------------------------------------------------ boxes
@dataclass(frozen=True)
class Box:
    """A named box: where it lies in its store."""

    label: str
    # labels from the store down to this box
    path: tuple[str, ...]
    start: int
    # behind the description: where its content begins
    content: int
    end: int


def boxes_of(store: bytes) -> list[Box]:
    """Every named box of a store, the store itself first."""
    return list(_boxes(store, 0, len(store), ()))


def _boxes(data: bytes, at: int, end: int, above: tuple[str, ...]) -> Iterator[Box]:
    while at + 16 <= end and len(above) < MAX_LEVELS:
        size = _size(data, at)
        if data[at + 4 : at + 8] == b"jumb":
            content = at + 8 + _size(data, at + 8)
            # 16 bytes of type and one of flags stand before the name
            label = data[at + 33 : content].partition(b"\0")[0].decode("utf-8", "replace")
            box = Box(label, (*above, label), at, content, min(at + size, end))
            yield box
            yield from _boxes(data, content, box.end, box.path)
        at += max(8, size)


def _size(data: bytes, at: int) -> int:
    return struct.unpack(">I", data[at : at + 4])[0]


def manifests_of(boxes: list[Box]) -> list[Box]:
    """The manifests of a store; the last one speaks for the file, the others came with ingredients."""
    return [box for box in boxes if len(box.path) == 2]


def parts_of(boxes: list[Box], manifest: Box) -> list[Box]:
    """Claim, signature and every assertion of a manifest."""
    inside = [box for box in boxes if box.path[1:2] == (manifest.label,)]
    return [box for box in inside if len(box.path) == 4 or (len(box.path) == 3 and box.label != "c2pa.assertions")]


# ------------------------------------------------------------- tamperings
def tamperings(file: SignedFile) -> Iterator[Tampering]:
    """Every change to one signed file that needs nothing but the file."""
    yield from _media(file)
    yield from _parts(file)
    yield from _structure(file)
    yield from _frame(file)
    yield from _container(file)


def flip(data: bytes, at: int, mask: int = 1) -> bytes:
    """The same bytes with one of them changed."""
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def _overwrite(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _media(file: SignedFile) -> Iterator[Tampering]:
    start, end = file.place
    free = [*range(64, start - HEADER_BYTES), *range(end + HEADER_BYTES, len(file.data) - 8)]
    for part in (0.1, 0.4, 0.7, 0.97):
        at = free[int(part * len(free))]
        yield Tampering("media", f"bit at {part:.0%}", file.with_data(flip(file.data, at, 0x10)))
    middle = free[len(free) // 2]
    inverted = bytes(one ^ 0x3F for one in file.data[middle : middle + 16])
    yield Tampering("media", "16 bytes", file.with_data(_overwrite(file.data, middle, inverted)))


def _parts(file: SignedFile) -> Iterator[Tampering]:
    store, boxes = file.store, boxes_of(file.store)
    for box in parts_of(boxes, manifests_of(boxes)[-1]):
        if box.label.startswith("c2pa.claim"):
            for part in (0.2, 0.5, 0.8):
                at = box.content + int(part * (box.end - box.content))
                yield Tampering("claim", f"bit at {part:.0%}", file.with_store(flip(store, at)))
        elif box.label == "c2pa.signature":
            yield from _signature(file, box)
        else:
            middle = (box.content + 8 + box.end) // 2
            yield Tampering("assertion", box.label, file.with_store(flip(store, middle)))


def _signature(file: SignedFile, box: Box) -> Iterator[Tampering]:
    store, start = file.store, box.end - SIGNATURE_BYTES
    yield Tampering("signature", "first byte", file.with_store(flip(store, start)))
    yield Tampering("signature", "last byte", file.with_store(flip(store, box.end - 1)))
    yield Tampering("signature", "all zero", file.with_store(_overwrite(store, start, bytes(SIGNATURE_BYTES))))
    key = store.index(CURVE, box.content) + len(CURVE) + 12
    yield Tampering("certificate", "key of the signer", file.with_store(flip(store, key)))
    # the organisation (2.5.4.10) of issuer and subject
    name = store.index(bytes.fromhex("060355040a"), box.content) + 9
    yield Tampering("certificate", "name of the signer", file.with_store(flip(store, name)))
    yield Tampering("certificate", "its own signature", file.with_store(flip(store, _chain_end(store, key))))
    padding = store.index(bytes(64), key) + 32
    yield Tampering("padding", "of the signature", file.with_store(flip(store, padding)), is_covered=False)


def _chain_end(store: bytes, key: int) -> int:
    # ecdsa-with-SHA384 (1.2.840.10045.4.3.3) stands in front of the root's signature
    return store.index(bytes.fromhex("2a8648ce3d040303"), key) + 24


def _structure(file: SignedFile) -> Iterator[Tampering]:
    store, boxes = file.store, boxes_of(file.store)
    parts = parts_of(boxes, manifests_of(boxes)[-1])
    one, other = [box for box in parts if len(box.path) == 4][:2]
    claim = next(box for box in parts if box.label.startswith("c2pa.claim"))
    name = store.index(one.label.encode(), one.start)
    swapped = store[: one.start] + store[other.start : other.end] + store[one.start : one.end] + store[other.end :]
    for said, changed in (
        (f"{one.label} removed", _overwrite(store, one.start + 4, b"free")),
        (f"{one.label} renamed", _overwrite(store, name, b"x")),
        ("claim removed", _overwrite(store, claim.start + 4, b"free")),
        ("length of the store", _overwrite(store, 0, b"\x00\x00\x00\x20")),
        ("all zero", bytes(len(store))),
    ):
        yield Tampering("boxes", said, file.with_store(changed))
    yield Tampering("order", "of two assertions", file.with_store(swapped), is_covered=False)


def _frame(file: SignedFile) -> Iterator[Tampering]:
    """Names of the boxes around what is signed: in no hash, because all that is in them is hashed or signed itself."""
    boxes = boxes_of(file.store)
    around = ("c2pa", "c2pa.assertions", "c2pa.claim.v2", "c2pa.signature")
    for box in boxes:
        if box.label in around:
            at = box.start + 33 + len(box.label) - 1
            yield Tampering("frame", f"name of {box.label}", file.with_store(flip(file.store, at)), is_covered=False)


def _container(file: SignedFile) -> Iterator[Tampering]:
    data = file.data
    yield Tampering("truncated", "the last byte", file.with_data(data[:-1]))
    yield Tampering("truncated", "the last tenth", file.with_data(data[: -len(data) // 10]))
    if file.suffix in BMFF_SUFFIXES:
        # a box for padding is no part of the hash of an ISO base media file
        free = file.with_data(data + struct.pack(">I", 40) + b"free" + bytes(32))
        yield Tampering("appended", "a free box", free, is_covered=False)
        yield Tampering("appended", "a media box", file.with_data(data + struct.pack(">I", 40) + b"mdat" + bytes(32)))
    else:
        yield Tampering("appended", "32 bytes", file.with_data(data + bytes(32)))


def ingredient_tamperings(file: SignedFile) -> Iterator[Tampering]:
    """Changes to the manifest that came with an ingredient, in a file that is itself as it was signed."""
    store, boxes = file.store, boxes_of(file.store)
    for box in parts_of(boxes, manifests_of(boxes)[0]):
        at = box.end - 1 if box.label == "c2pa.signature" else (box.content + 8 + box.end) // 2
        yield Tampering("ingredient", box.label, file.with_store(flip(store, at)))


def exchanges(one: SignedFile, other: SignedFile) -> Iterator[Tampering]:
    """The store of one file with the media of another; both have to have stores of one length."""
    yield Tampering("moved", "manifest of another file", other.with_store(one.store))
