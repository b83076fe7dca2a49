"""Checking: everything that can be said of where a file comes from, in one pass."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.config import AdapterSettings
from pipeline.errors import UnreadableInput
from pipeline.foreign_marks import ForeignMarks
from pipeline.keys import Keys
from pipeline.mark_reading import Progress, picture_reader, read_marks, read_sound_track, silent
from pipeline.records import CheckResult, Clip, Evidence, MarkReading, Marks
from pipeline.steps import THUMBNAIL_WIDTH_PX, THUMBNAILS, Sampler

if TYPE_CHECKING:
    import numpy as np

Part = Literal["credentials", "mark", "container", "picture"]
PARTS: tuple[Part, ...] = ("credentials", "mark", "container", "picture")


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
    from pipeline.provenance.reading.reader import read_credential

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
    sampler = Sampler(clip.duration_s, THUMBNAILS) if thumbnails is not None else None
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
