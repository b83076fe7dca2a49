"""What every training run can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrainOptions:
    """Options of `python -m models.train NAME`."""

    # folder made by `python -m models.material`, or a table, as the model's card says
    material: Path
    # checkpoints and logs of an unfinished run
    out: Path
    # time that training may take on this machine, over all members
    minutes: float = 60.0
    threads: int = 2
    # "cpu" or "cuda"
    device: str = "cpu"
    seed: int = 0
    # go on from the checkpoints in `out`
    resume: bool = False
