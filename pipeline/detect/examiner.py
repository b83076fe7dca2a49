"""One pass over the pictures for all detectors, and what it comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config import CheckSettings
from pipeline.detect.agreement import Agreement, agree
from pipeline.detect.content_rules import may_decide
from pipeline.detect.detectors import PICTURE_DETECTORS, STILL_DETECTORS, Guarded, expected, of_the_user
from pipeline.detect.findings import Content
from pipeline.detect.fusion import fuse, silent
from pipeline.detect.kinds import KindMeter
from pipeline.detect.pictures import CanonicalPictures, Thoroughness, stretches
from pipeline.detect.quality import Quality, QualityMeter
from pipeline.records import Clip, Evidence

if TYPE_CHECKING:
    from pipeline.detect.pictures import Picture
    from pipeline.media.frames import Frame

STILL = "they were calibrated on moving pictures, and this is a still"


class Examiner:
    """Fed with all decoded pictures of a clip in order; looks at those that `CanonicalPictures` picks.

    Parameters
    ----------
    clip : Clip or None
        None for a still.
    thoroughness : "fast", "normal" or "thorough"
    held_out : int, optional
        For figures on clips that training used: only members speak that never saw this fold.
    settings : CheckSettings
        Name detectors of the user's own.
    """

    def __init__(
        self,
        clip: Clip | None,
        *,
        thoroughness: Thoroughness = "normal",
        held_out: int | None = None,
        settings: CheckSettings = CheckSettings(),
    ) -> None:
        self._clip = clip
        self._held_out = held_out
        duration_s = clip.duration_s if clip else 0.0
        self.spans = stretches(duration_s, thoroughness)
        self._chosen = CanonicalPictures(duration_s, thoroughness)
        self._quality, self._kind = QualityMeter(), KindMeter()
        more = of_the_user(settings, held_out=held_out) if clip else ()
        self._detectors = Guarded(PICTURE_DETECTORS if clip else STILL_DETECTORS, held_out=held_out, more=more)

    def add(self, frame: Frame) -> None:
        """Take one decoded picture."""
        picture = self._chosen.take(frame)
        if picture is not None:
            self.look(picture)

    def look(self, picture: Picture) -> None:
        """Look at one picture that was picked already."""
        self._quality.add(picture)
        self._kind.add(picture)
        self._detectors.add(picture)

    @property
    def complaints(self) -> tuple[str, ...]:
        """Detectors that failed, a sentence each."""
        return tuple(self._detectors.complaints)

    def content(self, heard: tuple[Evidence, ...] = ()) -> Content:
        """What everything comes to; `heard` is what the sound detectors said."""
        quality, kind = self._quality.quality(self._clip), self._kind.kind()
        evidence = (*self._detectors.evidence(), *heard)
        if self._clip is None:
            return Content((*evidence, silent(STILL)), quality, None)
        fused = fuse(evidence, quality=quality, held_out=self._held_out)
        content = Content((*evidence, fused), quality, kind)
        if not may_decide(content):
            return content
        return Content(content.evidence, quality, kind, self._agreement(fused, evidence, quality))

    def _agreement(self, fused: Evidence, evidence: tuple[Evidence, ...], quality: Quality) -> Agreement:
        source = self._detectors.crops
        if source is None:
            return Agreement()
        try:
            pixels, scorers = source.crops().pixels, source.scorers()
            return agree(fused, evidence, pixels, scorers, quality=quality, held_out=self._held_out)
        except expected() as error:
            self._detectors.complaints.append(f"Whether the answer holds could not be tried: {str(error).rstrip('.')}.")
            return Agreement()
