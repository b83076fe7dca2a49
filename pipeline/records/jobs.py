"""What became of the clips of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.records.marks import MarkReport
from pipeline.records.sound import Loudness
from pipeline.records.verdicts import CheckResult, Verdict

JobState = Literal["done", "skipped", "failed", "planned"]


@dataclass(frozen=True)
class JobResult:
    """What became of one clip of a batch."""

    source: Path
    state: JobState
    output: Path | None = None
    sha256_source: str = ""
    sha256_output: str = ""
    # settings and version that made the output; a change of it makes the clip run again
    settings_hash: str = ""
    cues: int = 0
    loudness: Loudness | None = None
    mark: MarkReport | None = None
    # of its manifest, and the receipt of its publication; empty when it is not registered
    manifest_label: str = ""
    receipt: str = ""
    # of the unmarked master
    master_verdict: Verdict | None = None
    # of the finished file
    check: CheckResult | None = None
    warnings: tuple[str, ...] = ()
    error: str = ""
    # seconds by stage
    timings: dict[str, float] = field(default_factory=dict)
