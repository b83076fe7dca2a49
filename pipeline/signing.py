"""Signing what was finished, here or in any editor: the plan of its credentials, and who signs when."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import IngredientSettings, SignSettings
from pipeline.errors import CredentialError, FoleymarkError, UnreadableInput
from pipeline.records import MarkReport, Marks, Mix, SoundPlan, Verdict

if TYPE_CHECKING:
    import numpy as np

    from pipeline.keys import Keys
    from pipeline.provenance.manifest import Mark, Parent, ProvenancePlan, Source
    from pipeline.provenance.signing.identity import SigningIdentity
    from pipeline.provenance.signing.sign import Signed
    from pipeline.provenance.signing.timestamps import TimestampPolicy

# of the preview in the credentials
THUMBNAIL_WIDTH_PX = 320

# when something is seen or heard in a finished file, in seconds
Spans = tuple[tuple[float, float], ...]
# codes of the content: start and end in seconds (None for the whole) and the value as hex
Fingerprint = tuple[tuple[float | None, float | None, str], ...]


@dataclass(frozen=True)
class Composition:
    """What a film was put together from."""

    # each file once, with when it is seen
    sources: tuple[tuple[IngredientSettings, Spans], ...]
    # when words are seen
    texts: Spans = ()


def sign_in_place(
    path: Path,
    *,
    original: Path | Composition,
    authority: SigningIdentity,
    settings: SignSettings,
    plan: SoundPlan | None = None,
    mix: Mix | None = None,
    mark: MarkReport | None = None,
    findings: Verdict | None = None,
    transcoded: bool = False,
    thumbnail: np.ndarray | None = None,
    fingerprint: Fingerprint = (),
    sketch_sha256: str = "",
    label: str = "",
) -> Signed:
    """Sign a finished file in place; its credentials tell what was placed, mixed, marked and found.

    `original` is the file that came in: its own credentials, where it has some, are carried on, and so are those of
    the files that a film was put together from. `label` is the manifest's, when it was decided beforehand. The result
    brings the manifest store along, to be registered.
    """
    from dataclasses import replace

    from pipeline.provenance.formats import has_place
    from pipeline.provenance.manifest import placements_of
    from pipeline.provenance.signing.sign import sign_media

    if not has_place(path):
        raise CredentialError(
            f"content credentials have no place in {path.suffix.lower() or 'files without a suffix'}: write an .mp4 "
            "or .mov file instead, or put them beside it with `foleymark sign`"
        )
    length_s = plan.duration_s if plan else 0.0
    manifest = replace(
        _plan(settings, title=path.name, original=original, label=label),
        placements=placements_of(plan.cues, length_s=length_s) if plan else (),
        length_s=length_s,
        loudness=mix.loudness if mix else None,
        marks=_claimed(mark) if mark else (),
        fingerprint=fingerprint,
        sketch_sha256=sketch_sha256,
        findings=findings,
        transcoded=transcoded,
    )
    return sign_media(
        path,
        path,
        plan=manifest,
        authority=authority,
        parent=original if isinstance(original, Path) else None,
        thumbnail_jpeg=_jpeg(thumbnail) if thumbnail is not None else b"",
        timestamps=timestamps_of(settings),
    )


def sign_export(
    source: Path,
    output: Path,
    *,
    settings: SignSettings,
    identity: SigningIdentity,
    sidecar: bool = False,
    remote_url: str = "",
    marks: Marks = Marks(),
    fingerprint: Fingerprint = (),
    sketch_sha256: str = "",
    label: str = "",
) -> Signed:
    """Write a signed copy of a file from any editor; nothing else in it changes. `output` may be the file itself.

    `marks` are those that the file carries already: its credentials are then found by them.

    Raises
    ------
    FoleymarkError
        What is wrong with the file, its ingredients, the identity or the output, in one sentence.
    """
    from dataclasses import replace

    from pipeline.files import ensure_folder
    from pipeline.provenance.formats import signable_type
    from pipeline.provenance.signing.sign import sign_media

    if not source.is_file():
        raise UnreadableInput(f"There is no file {source}.")
    signable_type(source)
    ensure_folder(output.parent)
    plan = _plan(settings, title=output.name, original=source, label=label)
    return sign_media(
        source,
        output,
        plan=replace(plan, marks=_carried(marks), fingerprint=fingerprint, sketch_sha256=sketch_sha256),
        authority=identity,
        thumbnail_jpeg=_preview(source),
        timestamps=timestamps_of(settings),
        sidecar=sidecar,
        remote_url=remote_url,
    )


def identity_of(settings: SignSettings, keys: Keys) -> SigningIdentity:
    """Who signs; CredentialError when nobody can."""
    from pipeline.provenance.signing.identity import open_identity

    return open_identity(settings.identity, home=keys.home)


def timestamps_of(settings: SignSettings) -> TimestampPolicy:
    """Whether and where signatures are stamped."""
    from pipeline.provenance.signing.timestamps import TimestampPolicy

    return TimestampPolicy(settings.timestamps, tuple(settings.timestamp_urls))


# ------------------------------------------------------------- the plan
def _plan(settings: SignSettings, *, title: str, original: Path | Composition, label: str) -> ProvenancePlan:
    from pipeline.provenance.manifest import ProvenancePlan

    begun: dict[str, Any]
    if isinstance(original, Composition):
        begun = {"composed": True, "texts": original.texts}
    elif settings.model:
        begun = {"created_by_generator": True, "model": settings.model}
    else:
        begun = {"parent": _parent(original, settings)}
    placed = original.sources if isinstance(original, Composition) else ()
    return ProvenancePlan(
        **begun,
        title=settings.title or title,
        software_version=version("foleymark"),
        who=settings.author,
        licence=settings.licence,
        ingredients=(*(_source(one, spans) for one, spans in placed), *map(_source, settings.ingredients)),
        training=settings.ai_training,
        manifest_label=label,
    )


def _parent(original: Path, settings: SignSettings) -> Parent:
    from pipeline.provenance.formats import media_type
    from pipeline.provenance.manifest import Parent

    return Parent(
        title=original.name, media_type=media_type(original), digital_source_type=settings.digital_source_type
    )


def _source(one: IngredientSettings, spans: Spans = ()) -> Source:
    from pipeline.provenance.formats import media_type
    from pipeline.provenance.manifest import Source

    if not one.file.is_file():
        raise UnreadableInput(f"There is no ingredient {one.file}; correct its name or leave it out.")
    return Source(
        title=one.title or one.file.name,
        media_type=media_type(one.file),
        digital_source_type=one.source_type,
        licence=one.licence,
        author=one.author,
        path=one.file,
        spans=spans,
        thumbnail_jpeg=_preview(one.file),
    )


def _claimed(report: MarkReport) -> tuple[Mark, ...]:
    """What the credentials may say of marks: only what was read back from the finished file."""
    from pipeline.provenance.manifest import PICTURE_MARK, SOUND_MARK, Mark

    found = (
        Mark(PICTURE_MARK, report.payload.hex, "picture") if _came_back(report, report.marks.picture) else None,
        Mark(SOUND_MARK, report.payload.hex, "sound") if _came_back(report, report.marks.sound) else None,
    )
    return tuple(mark for mark in found if mark)


def _carried(marks: Marks) -> tuple[Mark, ...]:
    """The marks of a file that came in; none of one that carries two ids, which was put together."""
    from pipeline.provenance.manifest import PICTURE_MARK, SOUND_MARK, Mark

    if marks.payload is None:
        return ()
    readings = {PICTURE_MARK: ("picture", marks.picture), SOUND_MARK: ("sound", marks.sound)}
    return tuple(
        Mark(algorithm, marks.payload.hex, track, is_new=False)  # type: ignore[arg-type]
        for algorithm, (track, reading) in readings.items()
        if reading and reading.payload
    )


def _came_back(report: MarkReport, reading: object) -> bool:
    return reading is not None and getattr(reading, "payload", None) == report.payload


# ---------------------------------------------------------- the preview
def _preview(path: Path) -> bytes:
    """A small picture of a video or still; nothing for sound, or where none can be had."""
    from pipeline.media.frames import read_frames
    from pipeline.media.probe import probe
    from pipeline.media.stills import is_still, still_rgb
    from pipeline.provenance.formats import media_type

    try:
        if is_still(path):
            return _jpeg(still_rgb(path, width_px=THUMBNAIL_WIDTH_PX))
        if not media_type(path).startswith("video/"):
            return b""
        clip = probe(path)
        frames = read_frames(clip, start_s=clip.duration_s / 2)
        return next((_jpeg(frame.rgb(THUMBNAIL_WIDTH_PX)) for frame in frames), b"")
    except FoleymarkError:
        # what cannot be decoded here can still be signed, and signing says what is wrong with a damaged file
        return b""


def _jpeg(rgb: np.ndarray) -> bytes:
    import cv2

    return cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
