"""The index: finds what is near, grows by rows, comes back from disk only whole and only for its own repository."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import CredentialError
from pipeline.provenance.fingerprint import codes
from pipeline.provenance.fingerprint.index import SegmentIndex
from pipeline.provenance.repository import SegmentRow


class Shelf:
    """What an index asks of a repository."""

    def __init__(self, rows: list[SegmentRow]) -> None:
        self.rows = rows

    def segments(self, after: int = 0, limit: int = 10_000) -> tuple[SegmentRow, ...]:
        return tuple([row for row in self.rows if row.number > after][:limit])


def row(number: int, code: bytes, *, label: str = "", kind: codes.Kind = "video") -> SegmentRow:
    return SegmentRow(number, label or f"urn:{number}", float(number), number + 2.0, codes.unit(kind, code))


def changed(code: bytes, bits: int, *, seed: int = 0) -> bytes:
    every = np.unpackbits(np.frombuffer(code, np.uint8))
    every[np.random.default_rng(seed).choice(256, bits, replace=False)] ^= 1
    return np.packbits(every).tobytes()


@pytest.fixture(scope="module")
def stored() -> list[bytes]:
    return [one.tobytes() for one in np.random.default_rng(3).integers(0, 256, (70_000, 32), dtype=np.uint8)]


def test_near_codes_are_found_wherever_they_stand(stored):
    index = SegmentIndex()
    index.add([row(number, code) for number, code in enumerate(stored, 1)])
    asked = [changed(stored[at], bits) for at, bits in ((0, 0), (32_767, 10), (69_999, 25))]
    hits = index.nearest(asked, within=40)
    assert [(hit.asked, hit.label, hit.distance) for hit in hits] == [
        (0, "urn:1", 0),
        (1, "urn:32768", 10),
        (2, "urn:70000", 25),
    ]
    assert (hits[1].start_s, hits[1].end_s) == (32768.0, 32770.0)
    assert index.nearest([changed(stored[0], 41)], within=40) == []
    assert index.nearest([], within=40) == []
    assert index.size_bytes < 90 * len(index)


def test_only_codes_of_its_kind_are_taken_in(stored):
    shelf = Shelf([row(1, stored[0], kind="image"), row(2, stored[1]), row(3, stored[2], kind="audio")])
    index = SegmentIndex("video")
    assert index.update(shelf) == 3
    assert len(index) == 1 and index.last == 3
    assert index.nearest([stored[0]], within=40) == []
    shelf.rows.append(row(4, stored[3]))
    assert index.update(shelf) == 1 and len(index) == 2


def test_a_saved_index_goes_on_where_it_was(stored, tmp_path):
    shelf = Shelf([row(number, code) for number, code in enumerate(stored[:50], 1)])
    index = SegmentIndex()
    index.update(shelf)
    index.save(tmp_path / "index.npz")
    again = SegmentIndex.load(tmp_path / "index.npz")
    assert again.fits(shelf) and again.last == 50
    shelf.rows.append(row(51, stored[60]))
    again.update(shelf)
    assert [hit.label for hit in again.nearest([stored[7], stored[60]], within=9)] == ["urn:8", "urn:51"]
    assert not again.fits(Shelf([row(number, code) for number, code in enumerate(stored[50:90], 1)]))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", None])
def test_a_damaged_index_is_said_to_be(damage, stored, tmp_path):
    path = tmp_path / "index.npz"
    index = SegmentIndex()
    index.add([row(1, stored[0])])
    index.save(path)
    path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
    with pytest.raises(CredentialError, match="damaged"):
        SegmentIndex.load(path)
