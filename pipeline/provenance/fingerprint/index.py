"""The index: which of millions of codes are near to some, by comparing all of them, a word at a time.

Codes of related and unrelated stretches lie too close together for hashing to help (a cropped copy differs by 50 bits
of 256, other films by 78 and more), and a processor counts bits fast: a million codes are one pass over 8 MB.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import CredentialError
from pipeline.files import replacing
from pipeline.provenance.fingerprint import codes
from pipeline.provenance.repository.records import SegmentRow

WORDS = codes.CODE_BYTES // 8
# rows that are compared at a time, so that they stay in the processor's cache
BLOCK_ROWS = 1 << 15
# of the first 64 bits; near ones (52 of 256) have 13 +- 4 there, and few others so few
FIRST_WORD_BITS = 20
PAGE_ROWS = 10_000
VERSION = 1


@dataclass(frozen=True)
class Hit:
    """A stored stretch near an asked one."""

    # which of the asked codes
    asked: int
    label: str
    start_s: float
    end_s: float
    # bits of 256 that differ
    distance: int


class SegmentIndex:
    """Codes of one kind in memory, 44 bytes each; grows by `add`."""

    def __init__(self, kind: codes.Kind = "video") -> None:
        self.kind = kind
        # number of the last row taken in, of whatever kind
        self.last = 0
        # of the last row of this kind
        self._last_number = 0
        self._labels: list[str] = []
        self._numbers: dict[str, int] = {}
        self._count = 0
        # columns, so that the first words lie together
        self._words = np.zeros((WORDS, 0), np.uint64)
        self._owners = np.zeros(0, np.int32)
        self._spans_s = np.zeros((0, 2), np.float32)

    def __len__(self) -> int:
        return self._count

    @property
    def size_bytes(self) -> int:
        """Memory of the codes, without the labels."""
        return self._words.nbytes + self._owners.nbytes + self._spans_s.nbytes

    def update(self, repository: Any) -> int:
        """Take in what a repository has published since the last time; returns how many rows."""
        taken = 0
        while rows := repository.segments(self.last, PAGE_ROWS):
            self.add(rows)
            taken += len(rows)
        return taken

    def add(self, rows: Sequence[SegmentRow]) -> None:
        """Take in rows, those of another kind as seen."""
        ours = [(row, code) for row in rows if (code := codes.split_units(row.code).get(self.kind))]
        if ours:
            self._reserve(self._count + len(ours))
            here = slice(self._count, self._count + len(ours))
            joined = b"".join(code for _, code in ours)
            self._words[:, here] = np.frombuffer(joined, np.uint64).reshape(-1, WORDS).T
            self._owners[here] = [self._number(row.label) for row, _ in ours]
            self._spans_s[here] = [(row.start_s, row.end_s) for row, _ in ours]
            self._count += len(ours)
            self._last_number = ours[-1][0].number
        self.last = max([self.last, *(row.number for row in rows)])

    def nearest(self, asked: Sequence[bytes], *, within: int, limit: int = 200) -> list[Hit]:
        """Stored stretches that differ from asked codes (32 bytes each) by at most `within` bits, nearest first.

        One whose first 64 bits differ by more than `FIRST_WORD_BITS` is passed over.
        """
        if not asked or not self._count:
            return []
        wanted = np.frombuffer(b"".join(asked), np.uint64).reshape(-1, WORDS)
        found = [part for start in range(0, self._count, BLOCK_ROWS) for part in self._block(start, wanted, within)]
        if not found:
            return []
        which, rows, distances = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(distances, kind="stable")[:limit]
        return [self._hit(int(which[at]), int(rows[at]), int(distances[at])) for at in order]

    def _block(self, start: int, wanted: np.ndarray, within: int) -> Iterable[tuple[np.ndarray, ...]]:
        words = self._words[:, start : min(start + BLOCK_ROWS, self._count)]
        differing = np.empty(words.shape[1], np.uint64)
        bits = np.empty(words.shape[1], np.uint8)
        for number, code in enumerate(wanted):
            np.bitwise_count(np.bitwise_xor(words[0], code[0], out=differing), out=bits)
            rows = np.flatnonzero(bits <= min(within, FIRST_WORD_BITS))
            if not len(rows):
                continue
            total = bits[rows].astype(np.uint16)
            for word in range(1, WORDS):
                total += np.bitwise_count(words[word, rows] ^ code[word])
            near = total <= within
            if near.any():
                yield np.full(int(near.sum()), number), start + rows[near], total[near]

    def _hit(self, asked: int, row: int, distance: int) -> Hit:
        start_s, end_s = (float(one) for one in self._spans_s[row])
        return Hit(asked, self._labels[self._owners[row]], start_s, end_s, distance)

    def _number(self, label: str) -> int:
        if label not in self._numbers:
            self._numbers[label] = len(self._labels)
            self._labels.append(label)
        return self._numbers[label]

    def _reserve(self, rows: int) -> None:
        held = len(self._owners)
        if rows <= held:
            return
        # by half as much again, so that growing costs little in the long run
        more = max(rows, held + held // 2, 1024) - held
        self._words = np.concatenate([self._words, np.zeros((WORDS, more), np.uint64)], axis=1)
        self._owners = np.concatenate([self._owners, np.zeros(more, np.int32)])
        self._spans_s = np.concatenate([self._spans_s, np.zeros((more, 2), np.float32)])

    def fits(self, repository: Any) -> bool:
        """Whether the last row taken in is still what it was, or the index is of another repository."""
        if not self._count:
            return False
        rows = repository.segments(self._last_number - 1, 1)
        label, (start_s, end_s) = self._labels[self._owners[self._count - 1]], self._spans_s[self._count - 1]
        same = [(row.number, row.label, np.float32(row.start_s), np.float32(row.end_s)) for row in rows]
        return same == [(self._last_number, label, start_s, end_s)]

    # ---------------------------------------------------------------- disk
    def save(self, path: Path) -> None:
        """Write the index to a file, whole or not at all."""
        count = self._count
        with replacing(path) as beside:
            arrays = {
                "head": np.array([VERSION, self.last, self._last_number]),
                "kind": np.array(self.kind),
                "labels": np.array(self._labels or [""]),
                "words": self._words[:, :count],
                "owners": self._owners[:count],
                "spans_s": self._spans_s[:count],
            }
            with open(beside, "wb") as stream:
                np.savez(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> SegmentIndex:
        """Read what `save` wrote; CredentialError when it is damaged."""
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as data:
                index = cls(str(data["kind"]))  # type: ignore[arg-type]
                version, index.last, index._last_number = (int(one) for one in data["head"])
                index._labels = [str(one) for one in data["labels"]]
                index._words, index._owners, index._spans_s = data["words"], data["owners"], data["spans_s"]
            index._count = len(index._owners)
            whole = index._words.shape == (WORDS, index._count) and index._spans_s.shape == (index._count, 2)
            if version != VERSION or not whole or (index._owners >= len(index._labels)).any():
                raise ValueError("parts do not fit")
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise CredentialError(f"The fingerprint index {path} is damaged; delete it, it is made anew.") from error
        index._numbers = {label: number for number, label in enumerate(index._labels)}
        return index
