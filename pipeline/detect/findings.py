"""What rules weigh, and what one of them concludes."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.detect import watermark
from pipeline.detect.agreement import Agreement
from pipeline.detect.fusion import NAME
from pipeline.detect.kinds import Kind
from pipeline.detect.quality import Quality
from pipeline.records import Credential, Evidence, Marks, VerdictName

NOT_GENUINE = "That is not evidence that it is genuine."


@dataclass(frozen=True)
class Content:
    """What was seen and heard in the file itself."""

    # of all detectors, the fused one and moments to look at among them
    evidence: tuple[Evidence, ...] = ()
    # None when the pictures were not looked at
    quality: Quality | None = None
    kind: Kind | None = None
    # None when no verdict would be given anyway
    agreement: Agreement | None = None

    @property
    def fused(self) -> Evidence | None:
        """What all detectors together say; None when nothing was fused."""
        return next((item for item in self.evidence if item.name == NAME), None)

    @property
    def shown(self) -> tuple[Evidence, ...]:
        """Everything as lines of the table of evidence."""
        last = self.agreement.evidence() if self.agreement else None
        kind = self.kind.evidence() if self.kind else ()
        quality = (self.quality.evidence(),) if self.quality else ()
        return (*self.evidence, *kind, *quality, *((last,) if last else ()))


@dataclass(frozen=True)
class Findings:
    """What `judge` weighs."""

    credential: Credential | None
    marks: Marks
    label: Evidence | None
    content: Content
    unreadable: str
    # whether credentials and labels were looked for at all
    looked_for: tuple[str, ...] = ("credentials", "container")


@dataclass(frozen=True)
class Opinion:
    """What one rule concludes."""

    name: VerdictName
    headline: str
    sentences: tuple[str, ...]


def mark_sentences(marks: Marks) -> tuple[str, ...]:
    """What our own mark says, if there is one."""
    said = watermark.evidence(marks)
    return (said.sentence,) if said.applicable else ()
