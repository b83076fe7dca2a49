"""The plan: everything the credentials of one file will say, before anything is signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.provenance.source_types import MADE_BY_RULES
from pipeline.records import Cue, Loudness, Verdict

# more distinct sounds than this are told as one per stem and licence; more moments than this as one span:
# coarser, never wrong, and a manifest stays far below a megabyte
MAX_SOUNDS = 64
MAX_REGIONS = 200

Training = Literal["allowed", "notAllowed", "unspecified"]


@dataclass(frozen=True)
class Parent:
    """The clip that came in."""

    title: str
    media_type: str = "video/mp4"
    # how it came to be, as a term or URI; empty when nobody knows
    digital_source_type: str = ""


@dataclass(frozen=True)
class Placement:
    """One sound at one moment."""

    # what is heard: recipe or file, the same for every use of it
    asset: str
    stem: str
    start_s: float
    end_s: float
    source: str
    licence: str
    # how the sound came to be; empty only for a recording whose maker does not say
    digital_source_type: str = ""
    # of a recording: who recorded it, and the SHA-256 of the file
    author: str = ""
    sha256: str = ""
    # of the cue; no two placements share one
    id: str = ""


@dataclass(frozen=True)
class Source:
    """Another file that the finished one was made from."""

    title: str
    media_type: str = ""
    digital_source_type: str = ""
    licence: str = ""
    author: str = ""
    # SHA-256 of the file, hex; what ties the statement to a file without credentials of its own
    sha256: str = ""
    # the file, whose own credentials are carried along where it has some
    path: Path | None = None
    # a preview, or nothing
    thumbnail_jpeg: bytes = b""
    # (start_s, end_s) of the finished file where it is seen; empty for the whole of it
    spans: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Mark:
    """An invisible mark that the file carries."""

    algorithm: str
    payload_hex: str
    # what carries it
    track: Literal["picture", "sound"] = "picture"
    # False for one that was read from the file that came in: it is bound to, and was put there by somebody before
    is_new: bool = True


@dataclass(frozen=True)
class ProvenancePlan:
    """Everything the credentials of one file will say."""

    title: str
    software_version: str
    # None for what a generator signs of its own, and for what was put together from ingredients
    parent: Parent | None = None
    # the author to name, or empty
    who: str = ""
    # under what others may use the file: an SPDX name, a web address or words; or empty
    licence: str = ""
    placements: tuple[Placement, ...] = ()
    # what else the file was made from
    ingredients: tuple[Source, ...] = ()
    # of the clip; 0 when it is not known, and times are then not held against it
    length_s: float = 0.0
    loudness: Loudness | None = None
    marks: tuple[Mark, ...] = ()
    # (start_s, end_s, value as hex) of each code of the content, io.iscc.v0; without times it stands for the whole
    fingerprint: tuple[tuple[float | None, float | None, str], ...] = ()
    # of the sketch that the repository keeps to tell the file from look-alikes; or empty
    sketch_sha256: str = ""
    # what the detectors said of the unmarked master
    findings: Verdict | None = None
    training: Training = "notAllowed"
    # the software that signs is itself the generator that made the file
    created_by_generator: bool = False
    # the file was put together from its ingredients, none of which it is a version of
    composed: bool = False
    # (start_s, end_s) of words that were put into the picture
    texts: tuple[tuple[float, float], ...] = ()
    # the model to name then, or empty
    model: str = ""
    # pixels were encoded anew
    transcoded: bool = False
    # a prompt is private: it stands in the credentials only when given here
    prompt: str = ""
    # ISO 8601, when the file was finished
    made_at: str = ""
    # urn:c2pa:<uuid> decided beforehand, or empty
    manifest_label: str = ""


def placements_of(
    cues: Iterable[Cue], *, source_types: Mapping[str, str] | None = None, length_s: float = 0.0
) -> tuple[Placement, ...]:
    """What a cue sheet places, for the plan.

    Parameters
    ----------
    cues : iterable of Cue
    source_types : mapping
        How the sounds of each source came to be (source -> term); our own synthesis is known.
    length_s : float
        Of the clip in seconds, when known: what would be heard after its end is left out, as in the mix.
    """
    known = {"foleymark": MADE_BY_RULES, **(source_types or {})}
    last = length_s or float("inf")
    return tuple(
        Placement(
            asset=cue.sound,
            stem=cue.stem,
            start_s=max(0.0, cue.time_s),
            end_s=min(last, max(0.0, cue.time_s) + cue.length_s),
            source=cue.source,
            licence=cue.licence,
            digital_source_type=known.get(cue.source, ""),
            author=cue.author,
            sha256=cue.asset_sha256,
            id=cue.id,
        )
        for cue in cues
        if cue.time_s < last
    )
