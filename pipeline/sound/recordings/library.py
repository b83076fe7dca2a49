"""A library of recordings: a person's own folder, searched for what a cue asks; what has no licence is refused."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from pipeline.errors import UsageError
from pipeline.files import sha256_file
from pipeline.records import Cue, SoundPlan
from pipeline.sound.noise import key_of
from pipeline.sound.recordings.index import Measured, Progress, inside, read_index
from pipeline.sound.recordings.licences import known, normalise, why_not
from pipeline.sound.recordings.match import GOOD_ENOUGH, SWELLING, score
from pipeline.sound.recordings.names import read_ucs_name, word_tables, words_of
from pipeline.sound.recordings.play import PREFIX, file_of, hit_of, is_recording, pitch_ratio
from pipeline.sound.recordings.rights import Rights, read_lists, read_sidecar
from pipeline.sound.recordings.shape import Hit

Policy = Literal["commercial", "any"]
# recordings this near to the best one take turns
_AS_GOOD = 0.05
# tags in which people write a licence among other things
_MAYBE_LICENCE = ("copyright", "comment", "comments", "description")
# where a whoosh is loudest, as share of its cue: shortly before the stop that it leads to
_SWELL_PEAK = 0.8
_opening = threading.Lock()


@dataclass(frozen=True)
class Recording:
    """A recording that may be used."""

    # inside the library, with forward slashes
    path: str
    sha256: str
    duration_s: float
    hits: tuple[Hit, ...]
    licence: str
    author: str
    # where it comes from
    source: str
    # UCS category, where the name or a list gives one
    category: str
    description: str
    # of file name and category
    title: frozenset[str]
    # of everything that is said of it
    words: frozenset[str]


@dataclass(frozen=True)
class Refusal:
    """A recording that may not or cannot be used."""

    path: str
    # one sentence
    reason: str


@dataclass(frozen=True)
class Library:
    """The recordings of a folder."""

    folder: Path
    recordings: tuple[Recording, ...]
    refused: tuple[Refusal, ...]
    # lists that cannot be used, a sentence each
    problems: tuple[str, ...] = ()

    def counts(self, field: Literal["category", "licence"]) -> dict[str, int]:
        """How many recordings there are of each category or licence, most first."""
        return dict(Counter(getattr(one, field) or "(none)" for one in self.recordings).most_common())

    def search(self, text: str) -> list[Recording]:
        """Recordings that have all the words of a text, those with the fewest other words first."""
        asked = words_of(text)
        found = [one for one in self.recordings if asked <= one.words]
        return sorted(found, key=lambda one: (len(one.words), one.path))

    def matches(self, cue: Cue) -> list[tuple[float, Recording]]:
        """Recordings good enough for a cue of ours with their scores, best first."""
        rated = (
            (score(cue, title=one.title, words=one.words, hits=one.hits, duration_s=one.duration_s), one)
            for one in self.recordings
        )
        return sorted((pair for pair in rated if pair[0] >= GOOD_ENOUGH), key=lambda pair: (-pair[0], pair[1].path))

    def get(self, path: str) -> Recording:
        """The recording of a path; UsageError with the reason when it cannot be used."""
        for one in self.recordings:
            if one.path == path:
                return one
        for refusal in self.refused:
            if refusal.path == path:
                raise UsageError(f"The recording {path} cannot be used: {refusal.reason}")
        inside(self.folder, path)
        raise UsageError(f"The recording {path} is not in the library; list it with: foleymark library {self.folder}")


def open_library(folder: Path, *, policy: Policy = "commercial", on_progress: Progress | None = None) -> Library:
    """Read a folder of recordings with its lists, sidecars and tags; files that did not change are not opened again.

    Parameters
    ----------
    policy : str
        "commercial" refuses recordings whose licence forbids commercial use.

    Raises
    ------
    UsageError
        The folder is not there or may not be read.
    """
    with _opening:  # clips of a batch wait for one index instead of each making it
        index, is_new = read_index(Path(folder), on_progress=on_progress)
        rights = read_lists(index.folder, index.lists)
        known_texts = len(index.words)
        recordings: list[Recording] = []
        refused: list[Refusal] = []
        texts: list[str] = []
        for path, measured in index.files.items():
            try:
                said = rights.of(path) if measured.problem else _said_of(index.folder, path, measured, rights.of(path))
            except ValueError as error:
                refused.append(Refusal(path, f"Not used, because {error}."))
                continue
            reason = measured.problem or _refusal(said, measured, policy)
            if reason:
                refused.append(Refusal(path, reason))
                continue
            title, told = _texts(path, measured, said)
            texts += (title, told)
            words = index.words_of(title), index.words_of(told)
            recordings.append(_recording(path, measured, said, title=words[0], words=words[0] | words[1]))
        if is_new or len(index.words) != known_texts:
            index.save(texts)
    return Library(index.folder, tuple(recordings), tuple(refused), rights.problems)


# ------------------------------------------------------------- cues
def take(plan: SoundPlan, library: Library) -> SoundPlan:
    """Let recordings take the cues they fit; where none fits well, the synthesised sound stays.

    Cues of one sound keep to takes of one recording session, as far as there are several alike, and vary among them.
    Locked cues, music, and cues that play a recording already are left alone.
    """
    found: dict[tuple[str, float], list[tuple[float, Recording]]] = {}
    last: dict[str, int] = {}
    cues = []
    for cue in plan.cues:
        if not cue.locked and cue.source == "foleymark":
            key = (cue.sound, cue.length_s)
            if key not in found:
                # the sound chooses the session, whatever the cue's own words; so all steps sound of one pair of shoes
                found[key] = _session(library.matches(replace(cue, description="")), key_of(plan.seed, cue.sound))
            if found[key]:
                takes = found[key]
                choice = key_of(cue.seed) % len(takes)
                # the same take twice in a row is heard as a machine
                choice = (choice + (choice == last.get(cue.sound))) % len(takes)
                last[cue.sound] = choice
                cue = _placed(cue, *takes[choice])
        cues.append(cue)
    return replace(plan, cues=tuple(sorted(cues, key=lambda cue: cue.time_s)))


def settle(plan: SoundPlan, library: Library | None) -> SoundPlan:
    """Fill in what a hand-written cue leaves out of its recording: licence, author, source and content hash.

    Raises
    ------
    UsageError
        There is no library, or the recording is not in it, has no licence, or has changed since the cue was written.
    """
    if not any(is_recording(cue) for cue in plan.cues):
        return plan
    if library is None:
        cue = next(cue for cue in plan.cues if is_recording(cue))
        raise UsageError(f"Cue {cue.id!r} plays a recording; say where the recordings are with --library FOLDER.")
    return replace(plan, cues=tuple(_settled(cue, library) if is_recording(cue) else cue for cue in plan.cues))


def _settled(cue: Cue, library: Library) -> Cue:
    path = cue.sound.removeprefix(PREFIX)
    one = next((one for one in library.recordings if one.path == path), None)
    if one is None and not cue.licence:
        one = library.get(path)
    # with a licence in the cue itself its writer vouches for the file, which need only be there
    sha256 = cue.asset_sha256 or (one.sha256 if one else sha256_file(inside(library.folder, path)))
    file_of(replace(cue, asset_sha256=sha256), library.folder)
    return replace(
        cue,
        asset_sha256=sha256,
        licence=cue.licence or (one.licence if one else ""),
        author=cue.author or (one.author if one else ""),
        source=cue.source if cue.source not in ("", "foleymark") else (one.source if one else library.folder.name),
        category=cue.category or (one.category if one else ""),
    )


def _session(matches: list[tuple[float, Recording]], seed: int) -> list[tuple[float, Recording]]:
    # the best matches that are numbered takes of one thing; which thing is decided by the seed among equals
    best = [pair for pair in matches if pair[0] >= matches[0][0] - _AS_GOOD]
    groups: dict[str, list[tuple[float, Recording]]] = {}
    for pair in best:
        groups.setdefault(_without_number(pair[1].path), []).append(pair)
    if not groups:
        return []
    most = max(map(len, groups.values()))
    largest = [group for group in groups.values() if len(group) == most]
    return largest[seed % len(largest)]


def _without_number(path: str) -> str:
    return re.sub(r"[\W\d_]+$", "", str(PurePosixPath(path).with_suffix(""))).lower()


def _placed(cue: Cue, fit: float, one: Recording) -> Cue:
    family = cue.sound.partition("/")[0]
    taken = replace(
        cue,
        sound=PREFIX + one.path,
        source=one.source,
        licence=one.licence,
        author=one.author,
        asset_sha256=one.sha256,
        why=f"{cue.why}; {one.path} fits {cue.sound} ({fit:.2f})".lstrip("; "),
    )
    return _ending(taken, family, one) if family in SWELLING else taken


def _ending(cue: Cue, family: str, one: Recording) -> Cue:
    # a swell leads to a moment: it begins so much earlier that its loudest point falls there
    hit, ratio = hit_of(cue, one.hits), pitch_ratio(cue)
    peak_s = cue.time_s + cue.length_s * (1.0 if family == "riser" else _SWELL_PEAK)
    time_s = max(peak_s - (hit.peak_s - hit.heard_s) / ratio, 0.0)
    # what rings on behind a riser is cut with the picture
    end_s = peak_s if family == "riser" else peak_s + (hit.end_s - hit.peak_s) / ratio
    return replace(cue, time_s=round(time_s, 3), length_s=round(max(end_s - time_s, 0.05), 3))


# ------------------------------------------------------------- rights
def _said_of(folder: Path, path: str, measured: Measured, listed: Rights) -> Rights:
    # a row of a list stands over a sidecar, which stands over the file's own tags and name
    return listed.over(read_sidecar(folder / path)).over(_own_words(path, measured, folder))


def _own_words(path: str, measured: Measured, folder: Path) -> Rights:
    tags, name = measured.tags, read_ucs_name(PurePosixPath(path).stem)

    def first(*keys: str) -> str:
        return next((tags[key] for key in keys if tags.get(key)), "")

    licence = first("license", "licence", "rights")
    if not licence:
        # other texts count only where they name a licence that is known: "(c) 2020 Ada" permits nothing
        licence = next(filter(None, (known(tags.get(key, "")) for key in _MAYBE_LICENCE)), "")
    return Rights(
        licence=licence,
        author=first("artist", "originator", "bwf_originator", "designer") or (name.creator if name else ""),
        source=first("library", "url", "source", "album") or (name.source if name else "") or folder.name,
        category=(name.category if name else "") or first("catid", "category"),
        description=first("description", "bwf_description", "title", "subject", "comment"),
    )


def _refusal(said: Rights, measured: Measured, policy: Policy) -> str:
    licence = normalise(said.licence)
    reason = why_not(licence, commercial=policy == "commercial")
    if reason and not licence and "all rights reserved" in measured.tags.get("copyright", "").lower():
        reason = f'its copyright tag says "{measured.tags["copyright"][:100]}"'
    advice = "" if licence else ": add it to a CSV list in the folder (file, licence, author, source)"
    return f"Not used, because {reason}{advice}." if reason else ""


def _texts(path: str, measured: Measured, said: Rights) -> tuple[str, str]:
    # what the name and the category say, and what is told besides
    stem = PurePosixPath(path).stem
    name, listed = read_ucs_name(stem), read_ucs_name(said.category + "_")
    called = f"{name.words} {name.fx_name}" if name else stem
    category = listed.words if listed else said.category
    tags = measured.tags
    told = (said.description, tags.get("title", ""), tags.get("keywords", ""))
    return f"{called} . {category}", " . ".join(filter(None, told))


def _recording(
    path: str, measured: Measured, said: Rights, *, title: frozenset[str], words: frozenset[str]
) -> Recording:
    listed = read_ucs_name(said.category + "_")
    upper = said.category.upper()
    category = listed.category if listed else upper if upper in word_tables()["categories"].values() else ""
    return Recording(
        path=path,
        sha256=measured.sha256,
        duration_s=measured.duration_s,
        hits=measured.hits,
        licence=normalise(said.licence),
        author=said.author,
        source=said.source,
        category=category,
        description=said.description,
        title=title,
        words=words,
    )
