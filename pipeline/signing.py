"""Signing what was finished: the plan of its credentials from what the stages report."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import SignSettings
from pipeline.records import Credential, MarkReport, Mix, SoundPlan, Verdict

if TYPE_CHECKING:
    import numpy as np

    from pipeline.provenance.manifest import Mark
    from pipeline.provenance.signing.authority import Authority


def sign(
    path: Path,
    *,
    original: Path,
    authority: Authority,
    settings: SignSettings,
    plan: SoundPlan | None = None,
    mix: Mix | None = None,
    mark: MarkReport | None = None,
    findings: Verdict | None = None,
    transcoded: bool = False,
    thumbnail: np.ndarray | None = None,
) -> Credential:
    """Sign a finished file in place; its credentials tell what was placed, mixed, marked and found.

    `original` is the file that came in: its own credentials, where it has some, are carried on.
    """
    from pipeline.provenance.formats import media_type
    from pipeline.provenance.manifest import Parent, ProvenancePlan, placements_of
    from pipeline.provenance.signing.sign import sign_file

    manifest = ProvenancePlan(
        title=settings.title or path.name,
        software_version=version("foleymark"),
        parent=Parent(
            title=original.name,
            media_type=media_type(original),
            digital_source_type="trainedAlgorithmicMedia" if settings.generated else "",
        ),
        who=settings.author,
        placements=placements_of(plan.cues) if plan else (),
        loudness=mix.loudness if mix else None,
        marks=_claimed(mark) if mark else (),
        findings=findings,
        training=settings.ai_training,
        transcoded=transcoded,
    )
    return sign_file(
        path,
        path,
        plan=manifest,
        authority=authority,
        parent=original,
        thumbnail_jpeg=_jpeg(thumbnail) if thumbnail is not None else b"",
    )


def _claimed(report: MarkReport) -> tuple[Mark, ...]:
    """What the credentials may say of marks: only what was read back from the finished file."""
    from pipeline.provenance.manifest import PICTURE_MARK, SOUND_MARK, Mark

    tracks = ((PICTURE_MARK, report.marks.picture), (SOUND_MARK, report.marks.sound))
    return tuple(
        Mark(name, report.payload.hex) for name, reading in tracks if reading and reading.payload == report.payload
    )


def _jpeg(rgb: np.ndarray) -> bytes:
    import cv2

    return cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
