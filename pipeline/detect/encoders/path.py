"""A path of feature vectors over time, one at a time: its steps, how they change, and where it bends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# a vector shorter than this has no direction
TINY = 1e-9


class FeaturePath:
    """Remembers two vectors and a few numbers a step, however long the vectors are.

    Attributes
    ----------
    steps : list of float
        Euclidean length of every step.
    cosines : list of float
        Cosine distance of every step, 1 minus the cosine of the two vectors; 0 to 2.
    step_changes, cosine_changes : list of float
        Difference of neighbouring steps: the second difference in time.
    bends_deg : list of float
        Angle between neighbouring steps: 0 goes straight on, 180 turns back.
    """

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.cosines: list[float] = []
        self.step_changes: list[float] = []
        self.cosine_changes: list[float] = []
        self.bends_deg: list[float] = []
        self._before: NDArray[np.float32] | None = None
        self._step: NDArray[np.float32] | None = None

    def add(self, vector: NDArray[np.float32], *, starts: bool = False) -> None:
        """Take the next vector [features]; `starts` when it does not continue the one before."""
        if starts:
            self._before = self._step = None
        before, self._before = self._before, vector
        if before is not None:
            self._walk(before, vector)

    def _walk(self, before: NDArray[np.float32], vector: NDArray[np.float32]) -> None:
        import numpy as np

        step, last = vector - before, self._step
        length = float(np.linalg.norm(step))
        cosine = 1.0 - _cosine(before, vector)
        if last is not None:
            # the step before exists, so its figures are the last of the lists
            self.step_changes.append(length - self.steps[-1])
            self.cosine_changes.append(cosine - self.cosines[-1])
            if length > TINY and self.steps[-1] > TINY:
                self.bends_deg.append(float(np.degrees(np.arccos(_cosine(last, step)))))
        self.steps.append(length)
        self.cosines.append(cosine)
        self._step = step


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Cosine between two vectors, -1 to 1; 1 when one of them has no direction."""
    import numpy as np

    size = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    if size <= TINY:
        return 1.0
    return float(np.clip(np.dot(a.astype(np.float64), b.astype(np.float64)) / size, -1.0, 1.0))
