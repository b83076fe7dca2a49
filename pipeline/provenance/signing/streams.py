"""Files as the SDK reads and writes them: it swallows what a file raises, and the reason is kept here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO


class WatchedFile:
    """A file that remembers its first failure and may show other bytes in a few places than it holds.

    Parameters
    ----------
    file : BinaryIO
    patches : mapping of int to bytes
        What is read at which position instead of what stands there.
    """

    def __init__(self, file: BinaryIO, patches: Mapping[int, bytes] | None = None) -> None:
        self._file = file
        self._patches = patches or {}
        # why the disk refused, or None
        self.failure: OSError | None = None

    def read(self, size: int = -1) -> bytes:
        """Read on from the current position."""
        start = self._file.tell() if self._patches else 0
        try:
            data = self._file.read(size)
        except OSError as error:
            raise self._keep(error) from error
        return self._patched(start, data) if self._patches else data

    def write(self, data: bytes) -> int:
        """Write at the current position."""
        try:
            return self._file.write(data)
        except OSError as error:
            raise self._keep(error) from error

    def flush(self) -> None:
        """Hand everything written to the system."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._keep(error) from error

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position."""
        # a buffered file writes what it holds before it moves
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            raise self._keep(error) from error

    def tell(self) -> int:
        """The current position."""
        return self._file.tell()

    def _keep(self, error: OSError) -> OSError:
        self.failure = self.failure or error
        return error

    def _patched(self, start: int, data: bytes) -> bytes:
        shown = None
        for at, patch in self._patches.items():
            low, high = max(at, start), min(at + len(patch), start + len(data))
            if low < high:
                shown = shown if shown is not None else bytearray(data)
                shown[low - start : high - start] = patch[low - at : high - at]
        return data if shown is None else bytes(shown)
