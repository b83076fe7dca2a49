"""What every detector of picture or sound is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pipeline.records import Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.detect.pictures import Picture


class PictureDetector(Protocol):
    """Is fed with pictures in order of time, remembers little, and says at the end what it found."""

    name: str

    def add(self, picture: Picture) -> None:
        """Look at one picture."""
        ...

    def evidence(self) -> tuple[Evidence, ...]:
        """What the pictures so far say; asking does not end the pass."""
        ...


class SoundDetector(Protocol):
    """The same for sound."""

    name: str

    def add(self, block: NDArray[Any], rate_hz: int) -> None:
        """Listen to float32 [channels, samples]."""
        ...

    def evidence(self) -> tuple[Evidence, ...]:
        """What the sound so far says."""
        ...
