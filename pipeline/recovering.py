"""Recovering: the credentials of a file that lost them, by its marks and by what it shows and sounds like."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.errors import CredentialError
from pipeline.keys import Keys
from pipeline.mark_reading import Progress, picture_reader, read_sound_file, read_sound_track, read_still, silent
from pipeline.records import Clip, Credential, MarkReading, Marks, MatchSpan, Recovery

if TYPE_CHECKING:
    import numpy as np

    from pipeline.provenance.fingerprint.codes import Kind
    from pipeline.provenance.fingerprint.index import Hit, SegmentIndex
    from pipeline.provenance.fingerprint.pictures import Pictures
    from pipeline.provenance.recovery import Candidate
    from pipeline.provenance.repository import Repository, StoredManifest

LOG = logging.getLogger(__name__)

# Bits of 256 within which a stored stretch is looked at closer: copies cropped by a tenth stay below 56, stretches of
# other films above 77
WITHIN_BITS = 64
# as many registered files are compared with the asked one
MOST_COMPARED = 8
# manifests that may claim one id
MOST_CLAIMS = 4
# an index on disk is written anew when so much has come since
CACHED_AFTER_ROWS = 5_000


@dataclass(frozen=True)
class Asked:
    """What was read from a file to search by."""

    kind: Literal["video", "image", "audio"]
    marks: Marks = Marks()
    # with mirrored signatures; of a still it is one picture
    pictures: Pictures | None = None
    # chromaprint int32 [n] of its sound
    prints: np.ndarray | None = None
    looked_for_marks: bool = True


@dataclass(frozen=True)
class _Near:
    """A stored stretch near an asked one."""

    hit: Hit
    # the asked one
    start_s: float
    code: bytes
    is_mirrored: bool


def recover(
    path: Path,
    *,
    keys: Keys,
    repository: Repository,
    index: SegmentIndex | None = None,
    on_progress: Progress = silent,
) -> Recovery:
    """Find the credentials of a file in a repository: embedded ones are read, marks and fingerprint searched by.

    Parameters
    ----------
    path : Path
        A clip, a still or a sound file.
    keys : Keys
        Mark keys and trust lists.
    repository : Repository
    index : SegmentIndex, optional
        Kept by whoever asks often; made from the repository when left out.

    Raises
    ------
    UnreadableInput
        When the file cannot be read.
    """
    from pipeline.provenance.reading.reader import read_credential

    began = time.monotonic()
    embedded = read_credential(path, trust=keys.trust())
    asked = look_for(path, keys=keys, on_progress=on_progress)
    found = search(asked, keys=keys, repository=repository, index=index, embedded=embedded)
    return replace(found, seconds=round(time.monotonic() - began, 3))


# ------------------------------------------------------------------- look
def look_for(path: Path, *, keys: Keys, on_progress: Progress = silent) -> Asked:
    """Read marks and fingerprint of a file, its pictures in one decode."""
    from pipeline.media.probe import probe
    from pipeline.media.sounds import SUFFIXES
    from pipeline.media.stills import is_still

    if is_still(path):
        return _look_at_still(path, keys)
    if path.suffix.lower() in SUFFIXES:
        return _listen(path, keys)
    return _look_at_clip(probe(path), keys, on_progress)


def _look_at_clip(clip: Clip, keys: Keys, on_progress: Progress) -> Asked:
    from pipeline.media.frames import read_frames
    from pipeline.provenance.fingerprint.pictures import PictureSampler

    marked = keys.has_mark()
    reader = picture_reader(clip, keys=keys.mark.keys, segments=True) if marked else None
    sampler = PictureSampler(mirrored=True)
    for frame in read_frames(clip):
        if reader:
            reader.add(frame.luma, time_s=frame.time_s, is_intra=frame.is_intra)
        sampler.add(frame, aspect=float(clip.video.display_aspect))
        on_progress("recover", frame.time_s / clip.duration_s if clip.duration_s else 1.0)
    sound: MarkReading | None = read_sound_track(clip, keys=keys.mark.keys, segments=True) if marked else None
    marks = Marks.of(reader.reading() if reader else None, sound)
    return asked_clip(clip, marks, sampler.pictures(), looked_for_marks=marked)


def asked_clip(clip: Clip, marks: Marks, pictures: Pictures, *, looked_for_marks: bool = True) -> Asked:
    """What a clip is searched by, for whoever has read its marks and sampled its pictures already."""
    from pipeline.provenance.fingerprint.fingerprint import clip_prints

    return Asked("video", marks, pictures, clip_prints(clip) if clip.audio else None, looked_for_marks)


def _look_at_still(path: Path, keys: Keys) -> Asked:
    from pipeline.provenance.fingerprint.fingerprint import still_pictures

    marked = keys.has_mark()
    marks = Marks.of(read_still(path, keys=keys.mark.keys), None) if marked else Marks()
    return Asked("image", marks, still_pictures(path), None, marked)


def _listen(path: Path, keys: Keys) -> Asked:
    from pipeline.provenance.fingerprint.fingerprint import file_prints

    marked = keys.has_mark()
    marks = Marks.of(None, read_sound_file(path, keys=keys.mark.keys, segments=True)) if marked else Marks()
    return Asked("audio", marks, None, file_prints(path)[0], marked)


# ----------------------------------------------------------------- search
def search(
    asked: Asked,
    *,
    keys: Keys,
    repository: Repository,
    index: SegmentIndex | None = None,
    embedded: Credential | None = None,
) -> Recovery:
    """Search a repository by what was read from a file."""
    from pipeline.provenance.recovery import judge

    began = time.monotonic()
    index = index or open_index(repository, asked.kind)
    index.update(repository)
    claims = _claims(asked.marks, repository)
    hits = _near(asked, index)
    labels = list(dict.fromkeys([*claims, *_likeliest(hits)]))[: MOST_COMPARED + len(claims)]
    candidates = [
        candidate
        for label in labels
        if (candidate := _candidate(label, asked, claims.get(label, {}), hits.get(label, []), repository, keys))
    ]
    found = judge(
        candidates, embedded=embedded, looked_for_marks=asked.looked_for_marks, not_checked=_not_compared(asked)
    )
    return replace(found, seconds=round(time.monotonic() - began, 3))


def open_index(repository: Repository, kind: Kind, *, cache: Path | None = None) -> SegmentIndex:
    """The index of a repository, from a file kept of it where there is one that still fits."""
    from pipeline.provenance.fingerprint.index import SegmentIndex

    index = SegmentIndex(kind)
    if cache is not None and cache.exists():
        try:
            kept = SegmentIndex.load(cache)
            # the same number has to be the same stretch still, or it is of another repository
            index = kept if kept.kind == kind and kept.fits(repository) else index
        except CredentialError as error:
            LOG.info("%s", error)
    if index.update(repository) >= CACHED_AFTER_ROWS and cache is not None:
        index.save(cache)
    return index


def index_file(home: Path, repository_name: str, kind: Kind) -> Path:
    """Where a home folder keeps the index of a repository."""
    name = hashlib.sha256(repository_name.encode()).hexdigest()[:16]
    return home / "fingerprints" / f"{name}.{kind}.npz"


def _claims(marks: Marks, repository: Repository) -> dict[str, dict[str, StoredManifest]]:
    """Manifests that name an id read from a track: label -> track -> manifest."""
    from pipeline.provenance.manifest import PICTURE_MARK, SOUND_MARK

    found: dict[str, dict[str, StoredManifest]] = defaultdict(dict)
    for track, algorithm, reading in (("picture", PICTURE_MARK, marks.picture), ("sound", SOUND_MARK, marks.sound)):
        for payload_hex in _ids(reading):
            for stored in repository.by_binding(algorithm, payload_hex, limit=MOST_CLAIMS):
                found[stored.label][track] = stored
    return dict(found)


def _ids(reading: MarkReading | None) -> tuple[str, ...]:
    """The ids a track carries, the main one first."""
    if reading is None:
        return ()
    payloads = [reading.payload, *(segment.payload for segment in reading.segments)]
    return tuple(dict.fromkeys(payload.hex for payload in payloads if payload))


def _near(asked: Asked, index: SegmentIndex) -> dict[str, list[_Near]]:
    """Stored stretches near to asked ones by label."""
    found: dict[str, list[_Near]] = defaultdict(list)
    for is_mirrored in (False, True):
        spans = _asked_codes(asked, is_mirrored=is_mirrored)
        hits = index.nearest([code for _, code in spans], within=WITHIN_BITS)
        for hit in hits:
            found[hit.label].append(_Near(hit, *spans[hit.asked], is_mirrored))
        if hits:
            break  # a clip that is near as it lies is not looked for mirrored
    return dict(found)


def _asked_codes(asked: Asked, *, is_mirrored: bool) -> list[tuple[float, bytes]]:
    """(start_s, code) to ask the index for."""
    from pipeline.provenance.fingerprint import codes
    from pipeline.provenance.fingerprint.fingerprint import ASKED_STEP_S, windows
    from pipeline.provenance.fingerprint.pictures import averaged

    if asked.kind == "audio":
        return [(0.0, codes.audio_code(asked.prints))] if asked.prints is not None and len(asked.prints) else []
    assert asked.pictures is not None
    if asked.kind == "image":
        grids = asked.pictures.grids[:, :, ::-1] if is_mirrored else asked.pictures.grids
        return [(0.0, codes.image_code(averaged(one[None], codes.IMAGE_SIDE)[0])) for one in grids[:1]]
    stretches = windows(asked.pictures, step_s=ASKED_STEP_S, mirrored=is_mirrored)
    return [(one.start_s, codes.split_units(one.code)["video"]) for one in stretches]


def _likeliest(near: dict[str, list[_Near]]) -> list[str]:
    """Labels by how many asked stretches are near to theirs, and how near."""

    def weight(label: str) -> int:
        best: dict[int, int] = {}
        for one in near[label]:
            best[one.hit.asked] = max(best.get(one.hit.asked, 0), WITHIN_BITS + 1 - one.hit.distance)
        return sum(best.values())

    return sorted(near, key=weight, reverse=True)


def _not_compared(asked: Asked) -> tuple[str, ...]:
    from pipeline.provenance.fingerprint.fingerprint import PLAIN, QUIET

    if asked.pictures is not None and asked.pictures.is_flat.all():
        return (PLAIN,)
    return (QUIET,) if asked.kind == "audio" and not len(asked.prints if asked.prints is not None else ()) else ()


# ---------------------------------------------------------------- compare
def _candidate(
    label: str,
    asked: Asked,
    claims: dict[str, StoredManifest],
    near: Sequence[_Near],
    repository: Repository,
    keys: Keys,
) -> Candidate | None:
    """One registered manifest with everything that speaks for and against it."""
    from pipeline.provenance.reading.reader import read_manifest_bytes
    from pipeline.provenance.recovery import Candidate

    stored = next(iter(claims.values()), None) or repository.manifest(label)
    if stored is None or stored.state != "published":
        return None
    credential = read_manifest_bytes(stored.store, trust=keys.trust())
    nearest = min(near, key=lambda one: one.hit.distance, default=None)
    candidate = Candidate(
        label=label,
        credential=credential,
        title=stored.title,
        media_type=stored.media_type,
        marks=tuple(claims),
        mark_is_signed=_names_mark(credential, asked.marks),
        is_contested=any(one.contested for one in claims.values()),
        distance=nearest.hit.distance if nearest else None,
        code_is_signed=bool(nearest and _names_code(credential, nearest, asked.kind)),
        near=_near_spans(near),
        is_mirrored=bool(nearest and nearest.is_mirrored),
        revoked=f"on {stored.revoked_at[:10]}: {stored.revoked_reason}" if stored.is_revoked else "",
        is_private=stored.visibility == "private",
        is_still=asked.kind == "image",
    )
    return _compared(candidate, asked, repository.sketch(label))


def _compared(candidate: Candidate, asked: Asked, packed: bytes) -> Candidate:
    """The same with the sketch compared, when it is the one that was signed."""
    from pipeline.provenance.fingerprint.alignment import align
    from pipeline.provenance.fingerprint.sketch import unpack
    from pipeline.provenance.fingerprint.sound_match import sound_similarity

    if not packed or not _names_sketch(candidate.credential, packed):
        return candidate
    try:
        sketch = unpack(packed)
    except CredentialError as error:
        LOG.warning("%s: %s", candidate.label, error)
        return candidate
    alignment = align(asked.pictures, sketch) if asked.pictures is not None and len(sketch.times_s) else None
    sound = sound_similarity(asked.prints, sketch.prints) if asked.prints is not None else None
    return replace(candidate, alignment=alignment, sound=sound)


def _names_mark(credential: Credential | None, marks: Marks) -> bool:
    from pipeline.provenance.manifest import PICTURE_MARK, SOUND_MARK

    read = {(PICTURE_MARK, one) for one in _ids(marks.picture)} | {(SOUND_MARK, one) for one in _ids(marks.sound)}
    return any((one.algorithm, one.value_hex) in read for one in (credential.soft_bindings if credential else ()))


def _names_code(credential: Credential | None, near: _Near, kind: Kind) -> bool:
    """Whether a code as near as the stored one stands in the signed manifest."""
    from pipeline.provenance.fingerprint import ALGORITHM, codes

    named = (one for one in (credential.soft_bindings if credential else ()) if one.algorithm == ALGORITHM)
    signed = (codes.split_units(bytes.fromhex(one.value_hex)).get(kind) for one in named)
    return any(code is not None and codes.distance(code, near.code) <= near.hit.distance for code in signed)


def _names_sketch(credential: Credential | None, packed: bytes) -> bool:
    from pipeline.provenance.fingerprint import SKETCH_ALGORITHM

    digest = hashlib.sha256(packed).hexdigest()
    named = credential.soft_bindings if credential else ()
    return any((one.algorithm, one.value_hex) == (SKETCH_ALGORITHM, digest) for one in named)


def _near_spans(near: Sequence[_Near]) -> tuple[MatchSpan, ...]:
    """Where codes are near: one span from the first to the last asked stretch that lies as the nearest does."""
    if not near:
        return ()
    best = min(near, key=lambda one: one.hit.distance)
    shift_s, length_s = best.hit.start_s - best.start_s, best.hit.end_s - best.hit.start_s
    starts = [one.start_s for one in near if abs(one.hit.start_s - one.start_s - shift_s) <= 1.0]
    first_s, last_s = min(starts), max(starts) + length_s
    return (MatchSpan(first_s, last_s, max(0.0, first_s + shift_s), last_s + shift_s),)
