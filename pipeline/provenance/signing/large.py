"""Large videos: how their media are laid out decides how much memory signing and checking takes.

The SDK hashes a stretch of a file in blocks of up to 256 MiB and holds two of them: 525 MiB for a video of
500 MB, for whoever signs or checks it. Hashed in small leaves (`bmff-hash-map` with `fixedBlockSize`) it takes 51.
The SDK counts leaves from byte 16 of the media box, an independent verifier from the end of its header: they agree
where that header is the long one of 16 bytes, and only there are leaves used. Most writers reserve the room
for it in front of the box; it is then filled in, and no sample moves.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from pipeline.provenance.formats import BOXED

# below this the two blocks are small, and a plain hash is what everybody can check
LARGE_BYTES = 100_000_000
# small enough to hash in little memory, and 500 MB come to 120 leaves of 32 bytes
LEAF_KIB = 4096
# what writers put in front of a media box to be able to make its header a long one
_RESERVED = (b"free", b"skip", b"wide")
MAX_BOXES = 10_000

Patches = dict[int, bytes]


def leaf_patches(path: Path) -> Patches | None:
    """What has to be written where so that a file can be hashed in leaves.

    Returns
    -------
    dict of int to bytes, or None
        Position to bytes, empty when nothing has to change; None when the file is small or not laid out for it,
        and is to be hashed whole.
    """
    if path.suffix.lower() not in BOXED or path.stat().st_size < LARGE_BYTES:
        return None
    patches: Patches = {}
    before: tuple[bytes, int] = (b"", 0)
    has_media = False
    for start, header, size, kind in _boxes(path):
        # SDK 0.91.3 does not read back what it hashed of two media boxes
        if kind == b"moof" or (kind == b"mdat" and has_media):
            return None
        if kind == b"mdat" and header == 8:
            if before[0] not in _RESERVED or before[1] != 8:
                return None
            patches[start - 8] = struct.pack(">I4sQ", 1, b"mdat", size + 8)
        has_media = has_media or kind == b"mdat"
        before = (kind, size)
    return patches if has_media else None


def _boxes(path: Path) -> Iterator[tuple[int, int, int, bytes]]:
    """Start, header length, whole length and kind of each box at the top of a file."""
    end = path.stat().st_size
    with path.open("rb") as file:
        start = 0
        for _ in range(MAX_BOXES):
            file.seek(start)
            head = file.read(16)
            if len(head) < 8:
                return
            size, kind = struct.unpack(">I4s", head[:8])
            header = 8
            if size == 1 and len(head) == 16:
                size, header = struct.unpack(">Q", head[8:])[0], 16
            # length 0 means up to the end of the file
            size = size or end - start
            yield start, header, size, kind
            if size < header:
                return
            start += size
