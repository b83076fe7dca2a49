"""Attacks of a sound: samples where it rises out of what was before within a few milliseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Energy of the slope is compared in steps this long, with its mean over the time before.
STEP_S, BEFORE_S = 0.0025, 0.030
# A rise to so many times that mean is an attack. Pulses of a voice stay under 5, steady noise under 2.
RISE = 10.0
# rms of the slope at 48 kHz below which nothing is heard as an attack: a 1 kHz tone at -66 dBFS
LEAST = 5e-5
# the attack begins where the slope first reaches this share of its highest in the step
FOOT = 0.3


class Attacks:
    """Attacks in order, found as far as they are asked for.

    Parameters
    ----------
    read
        ``read(first, count)`` gives float32 [channels, count] of the source.
    apart
        Samples between two attacks; one that follows sooner is left out.
    """

    def __init__(self, read: Callable[[int, int], np.ndarray], *, sample_rate_hz: int, start: int, apart: int) -> None:
        self._read, self._apart = read, apart
        self._step = round(STEP_S * sample_rate_hz)
        self._energies: deque[float] = deque(maxlen=round(BEFORE_S / STEP_S))
        self._next = start - round(BEFORE_S / STEP_S) * self._step
        self._found: list[int] = []

    def before_and_after(self, sample: float, *, until: int) -> tuple[int | None, int | None]:
        """The last attack up to a sample and the first one after it, looking ahead to `until`."""
        while self._next < until + self._step:
            self._look()
        place = bisect_right(self._found, sample)
        # what lies far back is never asked for again
        if place > 8:
            del self._found[: place - 2]
            place = 2
        return (
            self._found[place - 1] if place else None,
            self._found[place] if place < len(self._found) else None,
        )

    def _look(self) -> None:
        import numpy as np

        samples = self._read(self._next - 1, self._step + 1).sum(axis=0)
        slope = np.abs(np.diff(samples))
        energy = float(np.mean(slope**2))
        usual = sum(self._energies) / len(self._energies) if self._energies else energy
        full = len(self._energies) == self._energies.maxlen
        if full and energy > max(RISE * usual, LEAST**2):
            at = self._next + int(np.argmax(slope >= FOOT * slope.max()))
            if not self._found or at - self._found[-1] >= self._apart:
                self._found.append(at)
        self._energies.append(energy)
        self._next += self._step
