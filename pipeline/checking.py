"""Checking: everything that can be said of where a file comes from, in one pass."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.config import AdapterSettings, CheckSettings
from pipeline.errors import CredentialError, UnreadableInput
from pipeline.foreign_marks import ForeignMarks
from pipeline.keys import Keys
from pipeline.mark_reading import Progress, silent
from pipeline.records import CheckResult, Clip, Credential, Evidence, Marks, Recovery

if TYPE_CHECKING:
    import numpy as np

    from pipeline.detect.findings import Content
    from pipeline.detect.labels import Labels
    from pipeline.detect.pictures import Thoroughness
    from pipeline.provenance.fingerprint.pictures import Pictures
    from pipeline.provenance.repository import Repository
    from pipeline.watching import Watch, Watched

Part = Literal["credentials", "mark", "container", "picture", "sound"]
PARTS: tuple[Part, ...] = ("credentials", "mark", "container", "picture", "sound")
# a manifest store that is kept elsewhere; the largest in the wild have a few megabytes
MAX_REMOTE_BYTES = 32 << 20


@dataclass(frozen=True)
class Look:
    """How a file is to be looked at."""

    keys: Keys
    parts: tuple[Part, ...] = PARTS
    on_progress: Progress = silent
    # receives a few RGB pictures, for a report
    thumbnails: list[np.ndarray] | None = None
    segments: bool = True
    adapters: Sequence[AdapterSettings] = ()
    settings: CheckSettings = CheckSettings()
    # of registered files, to find lost credentials in
    repository: Repository | None = None
    # allow this very machine as a place to fetch from
    local: bool = False
    # how much of the pictures and the sound detectors take in
    thoroughness: Thoroughness = "normal"
    # only members of detectors speak that never saw this fold of the clips that training used
    held_out: int | None = None

    @property
    def wants_recovery(self) -> bool:
        return self.repository is not None and "mark" in self.parts


@dataclass
class Seen:
    """What has been found so far; filled in as the file is looked at."""

    credential: Credential | None = None
    clip: Clip | None = None
    marks: Marks = Marks()
    content: Content | None = None
    # what marks of other makers say
    foreign: tuple[Evidence, ...] = ()
    labels: Labels | None = None
    recovery: Recovery | None = None
    # of a clip, for the search by fingerprint
    pictures: Pictures | None = None
    not_checked: list[str] = field(default_factory=list)
    unreadable: str = ""


def check(
    path: Path,
    *,
    keys: Keys,
    parts: tuple[Part, ...] = PARTS,
    on_progress: Progress = silent,
    thumbnails: list[np.ndarray] | None = None,
    segments: bool = True,
    adapters: Sequence[AdapterSettings] = (),
    settings: CheckSettings = CheckSettings(),
    repository: Repository | None = None,
    local: bool = False,
    thoroughness: Thoroughness = "normal",
    held_out: int | None = None,
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
        A list that receives a few RGB pictures, for a report; previews in the credentials are read then, too.
    settings
        Whose signatures count, and which hosts may be asked for credentials that a file only points to.
    repository
        Registered files, to find the credentials of a copy that lost them.
    local
        Allow this machine itself among the hosts, for sandboxes.
    thoroughness
        "fast" looks at the first seconds, "normal" at stretches spread over the clip, "thorough" at all of it.
    held_out
        For figures on clips that training used: only members of the detectors speak that never saw this fold.
    """
    began = time.monotonic()
    look = Look(
        keys=keys,
        parts=parts,
        on_progress=on_progress,
        thumbnails=thumbnails,
        segments=segments,
        adapters=adapters,
        settings=settings,
        repository=repository,
        local=local,
        thoroughness=thoroughness,
        held_out=held_out,
    )
    seen = Seen()
    try:
        _look_at(path, look, seen)
    except UnreadableInput as error:
        seen.unreadable = str(error)
    return replace(_judged(path, look, seen), seconds=round(time.monotonic() - began, 3))


def _look_at(path: Path, look: Look, seen: Seen) -> None:
    if "credentials" in look.parts:
        _read_credentials(path, look, seen)
    else:
        seen.not_checked.append("The credentials were not looked at, because that was not asked for.")
    if "container" in look.parts:
        # before the pictures: a file may bear a label and be of a kind whose pictures are not read here
        seen.labels = _labels(path, None)
    if set(look.parts) & {"mark", "container", "picture", "sound"}:
        _look_inside(path, look, seen)
    if "container" in look.parts and seen.clip:
        seen.labels = _labels(path, seen.clip)
    if look.wants_recovery:
        seen.recovery = _recover(path, look, seen)
    if look.adapters and look.keys.has_mark():
        seen.foreign = _foreign(path, seen.clip, ForeignMarks(look.adapters, look.keys.mark))


def _judged(path: Path, look: Look, seen: Seen) -> CheckResult:
    from pipeline.detect.findings import Content
    from pipeline.detect.verdict import judge

    content = seen.content or Content()
    credential = _tied(_own_or_recovered(seen), seen.marks)
    verdict = judge(
        credential=credential,
        marks=seen.marks,
        clip=seen.clip if "container" in look.parts else None,
        labels=seen.labels,
        content=replace(content, evidence=content.evidence + seen.foreign),
        not_checked=tuple(seen.not_checked + _never_checked(look.parts)),
        unreadable=seen.unreadable,
        looked_for=look.parts,
    )
    return CheckResult(
        path=path,
        verdict=verdict,
        credential=credential,
        marks=seen.marks,
        clip=seen.clip,
        recovery=seen.recovery,
        error=seen.unreadable,
    )


def _tied(credential: Credential | None, marks: Marks) -> Credential | None:
    if not (marks.picture or marks.sound):
        return credential
    from pipeline.detect.tie import tied
    from pipeline.provenance.manifest import PICTURE_MARK, SOUND_MARK

    return tied(credential, marks, algorithms=(PICTURE_MARK, SOUND_MARK))


def _own_or_recovered(seen: Seen) -> Credential | None:
    """The file's own credentials; where it has none, those that were recovered for it."""
    if seen.credential is not None and seen.credential.integrity != "none":
        return seen.credential
    found = seen.recovery.recovered if seen.recovery else None
    if found is None or found.credential is None:
        return seen.credential
    from pipeline.provenance.reading.wording import recovered_sentences

    return replace(found.credential, sentences=recovered_sentences(found.credential))


# ------------------------------------------------------------ credentials
def _read_credentials(path: Path, look: Look, seen: Seen) -> None:
    from pipeline.provenance.reading.reader import read_credential

    trust = look.keys.trust(look.settings.policy)
    previews = look.thumbnails is not None
    seen.credential = read_credential(path, trust=trust, thumbnails=previews)
    address = seen.credential.remote_url if seen.credential and seen.credential.integrity == "none" else ""
    if address and look.settings.fetch_hosts:
        try:
            seen.credential = _fetched(path, address, look)
        except CredentialError as error:
            seen.not_checked.append(f"The credentials that the file points to were not read: {error}.")


def _fetched(path: Path, address: str, look: Look) -> Credential:
    """The credentials that a file points to, from one of the hosts that may be asked."""
    from pipeline.provenance.fetching import fetch
    from pipeline.provenance.reading.reader import read_with_manifest

    store = fetch(address, max_bytes=MAX_REMOTE_BYTES, hosts=look.settings.fetch_hosts, local=look.local)
    trust = look.keys.trust(look.settings.policy)
    found = read_with_manifest(path, store, trust=trust, thumbnails=look.thumbnails is not None, address=address)
    if found is None:
        raise CredentialError("what is kept there is no manifest")
    return found


def _labels(path: Path, clip: Clip | None) -> Labels:
    """What the file says of itself unsigned: container tags, XMP, EXIF."""
    from pipeline.detect.labels import labels_of
    from pipeline.media.packets import read_packets
    from pipeline.media.sounds import SUFFIXES
    from pipeline.media.tags import read_tags

    tags = dict(clip.metadata) if clip else {}
    if clip is None and path.suffix.lower() in SUFFIXES:
        tags |= read_tags(path)
    packets = read_packets(path)
    return labels_of(tags | dict(packets.texts), packets.xmp, packets.exif)


def _recover(path: Path, look: Look, seen: Seen) -> Recovery | None:
    from pipeline import recovering

    assert look.repository is not None
    if seen.clip is not None and seen.pictures is not None:
        asked = recovering.asked_clip(seen.clip, seen.marks, seen.pictures, looked_for_marks=look.keys.has_mark())
    else:
        asked = recovering.look_for(path, keys=look.keys)
    return recovering.search(asked, keys=look.keys, repository=look.repository, embedded=seen.credential)


# ----------------------------------------------------------------- inside
def _look_inside(path: Path, look: Look, seen: Seen) -> None:
    from pipeline import watching
    from pipeline.media.probe import probe
    from pipeline.media.sounds import SUFFIXES
    from pipeline.media.stills import is_still

    watch = _watch(look)
    if "mark" in look.parts and watch.mark_keys is None:
        seen.not_checked.append("Foleymark's own mark was not looked for: there is no mark key (foleymark keys init).")
    if is_still(path):
        _keep(watching.watch_still(path, watch), look, seen)
    elif path.suffix.lower() in SUFFIXES:
        _keep(watching.watch_sound(path, watch), look, seen)
    else:
        seen.clip = probe(path)
        _keep(watching.watch_clip(seen.clip, watch), look, seen)


def _watch(look: Look) -> Watch:
    from pipeline.watching import Watch

    return Watch(
        mark_keys=look.keys.mark if "mark" in look.parts and look.keys.has_mark() else None,
        segments=look.segments,
        pictures="picture" in look.parts,
        sound="sound" in look.parts,
        thoroughness=look.thoroughness,
        held_out=look.held_out,
        thumbnails=look.thumbnails is not None,
        fingerprint=look.wants_recovery,
        on_progress=look.on_progress,
        settings=look.settings,
    )


def _keep(watched: Watched, look: Look, seen: Seen) -> None:
    seen.marks, seen.content, seen.pictures = watched.marks, watched.content, watched.pictures
    seen.not_checked += watched.not_checked
    if look.thumbnails is not None:
        look.thumbnails.extend(watched.thumbnails)


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


def _never_checked(parts: tuple[Part, ...]) -> list[str]:
    reasons = {
        "mark": "Foleymark's own mark was not looked for, because that was not asked for.",
        "container": "Container and encoder tags were not looked at, because that was not asked for.",
        "picture": "The pictures themselves were not measured, because that was not asked for.",
        "sound": "The sound was not measured for signs of AI, because that was not asked for.",
    }
    return [sentence for part, sentence in reasons.items() if part not in parts]
