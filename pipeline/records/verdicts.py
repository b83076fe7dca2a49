"""Evidence, and what is concluded from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.records.credentials import Credential
from pipeline.records.marks import Marks
from pipeline.records.media import Clip
from pipeline.records.recovery import Recovery


@dataclass(frozen=True)
class Evidence:
    """One thing a detector has to say."""

    # detector's name, e.g. "credentials", "watermark", "container", "residual"
    name: str
    # "declared" decides; "content" is fused; "hint" is shown and never counted, and so is "moment": a place to look at
    scope: Literal["declared", "hint", "content", "moment"]
    # one plain sentence
    sentence: str
    applicable: bool = True
    # why it does not apply, or what limits it
    reason: str = ""
    # whether what was looked at is good enough to measure; "low" weighs less, "failed" not at all
    gate: Literal["passed", "low", "failed"] = "passed"
    t0_s: float | None = None
    t1_s: float | None = None
    # x0, y0, x1, y1 as fractions of the picture
    box: tuple[float, float, float, float] | None = None
    # measured figures by name
    raw: dict[str, float] = field(default_factory=dict)
    # log-likelihood ratio AI : camera; 0 says nothing
    llr: float = 0.0
    # calibrated probability of AI, None when not calibrated
    probability: float | None = None
    # time in seconds and how much speaks for AI then, 0 to 1
    curve: tuple[tuple[float, float], ...] = ()
    # PNG as a data URI, or empty
    picture: str = ""


VerdictName = Literal[
    "declared_ai", "likely_ai", "inconclusive", "no_ai_evidence", "captured_signed", "not_applicable", "error"
]


@dataclass(frozen=True)
class Verdict:
    """The answer to "is this AI-made?"."""

    name: VerdictName
    # one short line
    headline: str
    # one paragraph in plain words
    explanation: str
    evidence: tuple[Evidence, ...] = ()
    # what was not looked at, and why
    not_checked: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """Everything `check` knows of one file."""

    path: Path
    verdict: Verdict
    credential: Credential | None = None
    marks: Marks = Marks()
    clip: Clip | None = None
    # what a search of the repository for lost credentials gave; None when there was none
    recovery: Recovery | None = None
    error: str = ""
    seconds: float = 0.0
    # of the file's bytes; empty when nobody asked for it or the file could not be read
    sha256: str = ""
    # where it was fetched from; empty for a file that was here
    address: str = ""
