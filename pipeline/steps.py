"""The functions that chain stages: look, add sound, sign, check; marking has a module of its own."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.config import AdapterSettings, SignSettings, SoundSettings
from pipeline.errors import CredentialError, FoleymarkError, UnreadableInput, UsageError
from pipeline.foreign_marks import ForeignMarks
from pipeline.mark_reading import Progress, picture_reader, read_marks, read_sound_track, silent
from pipeline.marking import STRENGTH_RUN_PICTURES, STRENGTH_RUNS
from pipeline.records import (
    Analysis,
    CheckResult,
    Clip,
    Credential,
    Evidence,
    MarkReading,
    MarkReport,
    Marks,
    Mix,
    SoundPlan,
    Stems,
    Verdict,
)

if TYPE_CHECKING:
    import numpy as np

    from pipeline.provenance.authority import Authority
    from pipeline.provenance.manifest import Mark
    from pipeline.provenance.trust import Trust
    from pipeline.sound.cuesheet.merge import Merged
    from pipeline.sound.recordings.library import Library
    from pipeline.watermark.keys import MarkKeys

logger = logging.getLogger(__name__)

Part = Literal["credentials", "mark", "container", "picture"]
PARTS: tuple[Part, ...] = ("credentials", "mark", "container", "picture")

# pictures kept from the first pass: enough for a filmstrip, and for judging how strong a mark may be
THUMBNAILS = 8
THUMBNAIL_WIDTH_PX = 320
# a tenant's name becomes part of a file name
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
DEFAULT_TENANT = "default"


@dataclass(frozen=True)
class Keys:
    """What a home folder holds: the tenants' mark keys, the signing authority, trust lists."""

    home: Path
    # whose mark keys; UsageError when no name can be made of it
    tenant: str = DEFAULT_TENANT

    def __post_init__(self) -> None:
        if not _TENANT.fullmatch(self.tenant):
            raise UsageError(
                f"{self.tenant!r} cannot name a tenant; use up to 40 small letters, digits, - and _, e.g. studio-north."
            )

    @property
    def authority_folder(self) -> Path:
        return self.home / "authority"

    @property
    def mark_path(self) -> Path:
        return self.home / "mark.key" if self.tenant == DEFAULT_TENANT else self.home / "tenants" / f"{self.tenant}.key"

    @cached_property
    def mark(self) -> MarkKeys:
        """The mark's secrets, newest first; CredentialError when there are none."""
        from pipeline.watermark.keys import load_keys

        if not self.has_mark():
            tenant = "" if self.tenant == DEFAULT_TENANT else f" --tenant {self.tenant}"
            raise CredentialError(
                f"There is no mark key at {self.mark_path}; make keys with: foleymark keys init{tenant}"
            )
        return load_keys(self.mark_path)

    def has_mark(self) -> bool:
        return self.mark_path.exists()

    def authority(self) -> Authority:
        """The signing authority; CredentialError when there is none or it has expired."""
        from pipeline.provenance.authority import load_authority

        if not self.authority_folder.exists():
            raise CredentialError(f"There is no signing authority in {self.home}; make keys with: foleymark keys init")
        return load_authority(self.authority_folder)

    def trust(self) -> Trust:
        """Trust lists of the home folder and one's own root."""
        from pipeline.provenance.authority import ROOT_CERTIFICATE
        from pipeline.provenance.trust import load_trust

        return load_trust(self.home / "trust", own_root=self.authority_folder / ROOT_CERTIFICATE)


@dataclass(frozen=True)
class Seen:
    """What one pass over the pictures gave."""

    analysis: Analysis
    evidence: tuple[Evidence, ...]
    # RGB uint8 [height, width, 3], evenly spread in time
    thumbnails: tuple[np.ndarray, ...] = field(repr=False, default=())
    # native luma planes for judging the mark's strength
    lumas: tuple[np.ndarray, ...] = field(repr=False, default=())


# ------------------------------------------------------------------- look
def look(clip: Clip, *, detect: bool = True, on_progress: Progress = silent) -> Seen:
    """Analyse a clip and run the content detectors on it, in one decode."""
    from pipeline.analysis.analyser import Analyser
    from pipeline.detect.residual import ResidualDetector
    from pipeline.media.frames import read_frames

    analyser = Analyser()
    detector = ResidualDetector() if detect else None
    thumbnails = _Sampler(clip.duration_s, THUMBNAILS)
    lumas = _Sampler(clip.duration_s, STRENGTH_RUNS, run=STRENGTH_RUN_PICTURES)
    for frame in read_frames(clip):
        analyser.add(frame)
        if detector:
            detector.add(frame)
        if thumbnails.is_due(frame.time_s):
            thumbnails.taken.append(frame.rgb(THUMBNAIL_WIDTH_PX))
        if lumas.is_due(frame.time_s):
            lumas.taken.append(frame.luma.copy())
        on_progress("look", frame.time_s / clip.duration_s if clip.duration_s else 1.0)
    return Seen(
        analysis=analyser.result(clip.duration_s),
        evidence=(detector.evidence(),) if detector else (),
        thumbnails=tuple(thumbnails.taken),
        lumas=tuple(lumas.taken),
    )


class _Sampler:
    """Says which pictures to take: runs of neighbours at `count` places over a duration, the first one among them."""

    def __init__(self, duration_s: float, count: int, *, run: int = 1) -> None:
        self.taken: list[np.ndarray] = []
        self._starts_s = [duration_s * index / count for index in range(count)]
        self._run = run
        self._due = 0

    def is_due(self, time_s: float) -> bool:
        """Whether to take the picture of this time; asked once for each, in order."""
        if not self._due and self._starts_s and (time_s >= self._starts_s[0] or not self.taken):
            self._starts_s = [start_s for start_s in self._starts_s[1:] if start_s > time_s]
            self._due = self._run
        if not self._due:
            return False
        self._due -= 1
        return True


# ------------------------------------------------------------------ sound
def plan_sound(
    clip: Clip,
    analysis: Analysis,
    *,
    settings: SoundSettings,
    cues: Path | None = None,
    on_progress: Progress = silent,
) -> SoundPlan:
    """The cue sheet: read from `cues` when given, else spotted from picture and prompt, recordings where they fit."""
    from pipeline.media.audio import has_sound
    from pipeline.sound.cuesheet.sheet import load_cues
    from pipeline.sound.recordings.library import settle, take
    from pipeline.sound.spotting.spot import spot

    library = open_recordings(settings, on_progress=on_progress)
    if cues:
        return settle(load_cues(cues, duration_s=clip.duration_s), library)
    prompt, where = _find_prompt(clip, settings)
    logger.info("prompt: %s", where or "none found")
    plan = spot(analysis, prompt=prompt, seed=settings.seed, music=settings.music, existing_sound=has_sound(clip))
    return take(plan, library) if library else plan


def _find_prompt(clip: Clip, settings: SoundSettings) -> tuple[str, str]:
    # what was given, sidecar, container tags, and then what the clip's own credentials say
    from pipeline.prompts import find_prompt
    from pipeline.provenance.prompts import read_prompts

    stated = () if settings.prompt else read_prompts(clip.path)
    return find_prompt(clip, given=settings.prompt, stated=stated)


def open_recordings(settings: SoundSettings, *, on_progress: Progress = silent) -> Library | None:
    """The library of recordings that the settings name, or None."""
    from pipeline.sound.recordings.library import open_library

    folder = settings.library_folder
    if folder is None:
        return None
    return open_library(
        folder, policy=settings.licence_policy, on_progress=lambda _name, share: on_progress("library", share)
    )


def renew_sheet(
    clip: Clip,
    analysis: Analysis,
    sheet: Path,
    *,
    settings: SoundSettings,
    keep_prompt: bool = True,
    on_progress: Progress = silent,
) -> Merged:
    """The new analysis merged into a sheet on disk, which is not touched; what a person edited in it stays.

    A prompt or seed in the settings counts; else the sheet's does. Without `keep_prompt` the sheet's prompt counts only
    where a person changed it or where nothing beside the clip or in it says another.
    """
    from pipeline.prompts import find_prompt
    from pipeline.sound.cuesheet.merge import merge
    from pipeline.sound.cuesheet.sheet import load_sheet
    from pipeline.sound.recordings.library import settle

    old = load_sheet(sheet, duration_s=clip.duration_s)
    theirs = keep_prompt or old.prompt_is_edited or not find_prompt(clip)[0]
    given = settings.prompt or (old.plan.prompt if theirs else "")
    settings = replace(settings, prompt=given, seed=settings.seed or old.plan.seed)
    merged = merge(old, plan_sound(clip, analysis, settings=settings, on_progress=on_progress))
    library = open_recordings(settings)
    plan = settle(merged.sheet.plan, library) if library else merged.sheet.plan
    return replace(merged, sheet=replace(merged.sheet, plan=plan))


def make_sound(
    clip: Clip,
    plan: SoundPlan,
    folder: Path,
    *,
    loudness: str,
    library: Path | None = None,
    on_progress: Progress = silent,
) -> tuple[Stems, Mix]:
    """Render a cue sheet and the clip's own sound to stems and a finished mix in `folder`."""
    from pipeline.media.audio import extract_audio, has_sound
    from pipeline.sound.mix.mixer import mix
    from pipeline.sound.render import render_stems

    production = None
    if has_sound(clip):
        production = folder / "production.wav"
        extract_audio(clip, production)
    on_progress("sound", 0.1)
    stems = render_stems(plan, folder / "stems", production=production, library=library)
    on_progress("sound", 0.7)
    finished = mix(stems, folder / "mix.wav", preset=loudness)
    on_progress("sound", 1.0)
    return stems, finished


# ------------------------------------------------------------------- sign
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
    from pipeline.provenance.signing import sign_file

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


# ------------------------------------------------------------------ check
def check(
    path: Path,
    *,
    keys: Keys,
    parts: tuple[Part, ...] = PARTS,
    on_progress: Progress = silent,
    thumbnails: list[np.ndarray] | None = None,
    segments: bool = True,
    adapters: Sequence[AdapterSettings] = (),
) -> CheckResult:
    """Everything that can be said of where a file comes from.

    Parameters
    ----------
    parts
        What to look at. Credentials alone take a fraction of a second; the picture is decoded for the rest.
    segments
        Tell which stretches carry which mark; without, a mark that reads clearly ends the search for it.
    adapters
        Marks of other makers to look for as well; what they say is shown as a hint.
    thumbnails
        A list that receives a few RGB pictures, for a report.
    """
    from pipeline.detect.verdict import judge
    from pipeline.provenance.reader import read_credential

    began = time.monotonic()
    not_checked: list[str] = []
    credential = clip = None
    marks = Marks()
    content: tuple[Evidence, ...] = ()
    unreadable = ""
    try:
        if "credentials" in parts:
            credential = read_credential(path, trust=keys.trust())
        else:
            not_checked.append("The credentials were not looked at, because that was not asked for.")
        if set(parts) & {"mark", "container", "picture"}:
            clip, marks, content = _look_inside(path, keys, parts, not_checked, on_progress, thumbnails, segments)
        if adapters and keys.has_mark():
            content += _foreign(path, clip, ForeignMarks(adapters, keys.mark))
    except UnreadableInput as error:
        unreadable = str(error)
    verdict = judge(
        credential=credential,
        marks=marks,
        clip=clip if "container" in parts else None,
        content=content,
        not_checked=tuple(not_checked + _never_checked(parts)),
        unreadable=unreadable,
        looked_for=parts,
    )
    return CheckResult(
        path=path,
        verdict=verdict,
        credential=credential,
        marks=marks,
        clip=clip,
        error=unreadable,
        seconds=round(time.monotonic() - began, 3),
    )


def _look_inside(
    path: Path,
    keys: Keys,
    parts: tuple[Part, ...],
    not_checked: list[str],
    on_progress: Progress,
    thumbnails: list[np.ndarray] | None,
    segments: bool,
) -> tuple[Clip | None, Marks, tuple[Evidence, ...]]:
    from pipeline.detect.residual import ResidualDetector
    from pipeline.media.frames import read_frames
    from pipeline.media.probe import probe
    from pipeline.media.sounds import SUFFIXES
    from pipeline.media.stills import is_still

    wants_mark = "mark" in parts and keys.has_mark()
    if "mark" in parts and not wants_mark:
        not_checked.append("Foleymark's own mark was not looked for: there is no mark key (foleymark keys init).")
    if is_still(path):
        not_checked.append("It is a still: the detectors of this version measure moving pictures.")
        return None, _look_at_still(path, keys if wants_mark else None, thumbnails), ()
    if path.suffix.lower() in SUFFIXES:
        not_checked.append("It is a sound file, so there are no pictures to look at.")
        return None, read_marks(path, keys=keys.mark, segments=segments) if wants_mark else Marks(), ()
    clip = probe(path)
    reader = picture_reader(clip, keys=keys.mark.keys, segments=segments) if wants_mark else None
    detector = ResidualDetector() if "picture" in parts else None
    sampler = _Sampler(clip.duration_s, THUMBNAILS) if thumbnails is not None else None
    for frame in read_frames(clip) if reader or detector or sampler else ():
        if reader and not reader.settled:
            reader.add(frame.luma, time_s=frame.time_s, is_intra=frame.is_intra)
        if detector:
            detector.add(frame)
        if sampler and sampler.is_due(frame.time_s):
            sampler.taken.append(frame.rgb(THUMBNAIL_WIDTH_PX))
        on_progress("check", frame.time_s / clip.duration_s if clip.duration_s else 1.0)
        if not detector and not sampler and reader and reader.settled:
            break
    if thumbnails is not None and sampler:
        thumbnails.extend(sampler.taken)
    sound: MarkReading | None = read_sound_track(clip, keys=keys.mark.keys, segments=segments) if wants_mark else None
    marks = Marks.of(reader.reading() if reader else None, sound)
    return clip, marks, (detector.evidence(),) if detector else ()


def _foreign(path: Path, clip: Clip | None, foreign: ForeignMarks) -> tuple[Evidence, ...]:
    from pipeline.media.sounds import iter_sound, open_sound
    from pipeline.media.stills import is_still, still_rgb

    if clip is not None:
        return foreign.read_clip(clip)
    if is_still(path):
        return foreign.read_still(still_rgb(path))
    with open_sound(path) as sound:
        rate_hz = sound.samplerate
    return foreign.read_blocks(iter_sound(path), rate_hz)


def _look_at_still(path: Path, keys: Keys | None, thumbnails: list[np.ndarray] | None) -> Marks:
    from pipeline.media.stills import still_rgb

    if thumbnails is not None:
        thumbnails.append(still_rgb(path, width_px=THUMBNAIL_WIDTH_PX))
    return read_marks(path, keys=keys.mark) if keys else Marks()


def _never_checked(parts: tuple[Part, ...]) -> list[str]:
    reasons = {
        "mark": "Foleymark's own mark was not looked for, because that was not asked for.",
        "container": "Container and encoder tags were not looked at, because that was not asked for.",
        "picture": "The pictures themselves were not measured, because that was not asked for.",
    }
    skipped = [sentence for part, sentence in reasons.items() if part not in parts]
    return [*skipped, "The sound was not measured for signs of AI: this version has no detector for it."]


@contextmanager
def timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    """Add the wall seconds of a stage to a table."""
    began = time.monotonic()
    try:
        yield
    finally:
        timings[stage] = round(timings.get(stage, 0.0) + time.monotonic() - began, 3)


def explain(error: BaseException) -> str:
    """One sentence for a person: our own errors speak for themselves, others are named as what they are."""
    if isinstance(error, FoleymarkError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'A file'}: {error.strerror}."
    return f"Something unexpected happened ({type(error).__name__}: {error}); please report it with the log."


def draw_cues(clip: Clip, seen: Seen, plan: SoundPlan, *, library: Path | None = None) -> bytes:
    """A PNG with filmstrip, events, motion, cues and the waveform they make, on one time axis."""
    import tempfile

    from pipeline.media.audio import read_wav
    from pipeline.report.plots import cue_picture

    with tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
        _, mix = make_sound(clip, plan, Path(folder), loudness="web", library=library)
        return cue_picture(list(seen.thumbnails), seen.analysis, plan, read_wav(mix.path))
