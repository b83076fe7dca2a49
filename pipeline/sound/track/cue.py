"""The cue of a person's own track: what it says of itself, whose it is, and under what licence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.files import sha256_file
from pipeline.media.tags import read_tags
from pipeline.records import Cue, SoundPlan
from pipeline.sound.recordings.licences import known, normalise, why_not
from pipeline.sound.recordings.rights import Rights, read_lists, read_sidecar
from pipeline.sound.spotting.policy import MUSIC_DB, MUSIC_UNDER_EFFECTS_DB
from pipeline.sound.track.track import analyse, describe, plan_cut

# a cue's sound is this and the name of the file
PREFIX = "track/"
# nothing is said of the licence: the person who named the file answers for it
USER_LICENCE = "user"
# tags in which a licence is written among other things
_MAYBE_LICENCE = ("copyright", "comment", "description")
_MOST_LISTS = 20


def is_track(cue: Cue) -> bool:
    """Whether a cue plays a person's own track."""
    return cue.sound.startswith(PREFIX)


def track_cue(path: Path, *, start_s: float, length_s: float, policy: str = "commercial") -> Cue:
    """A music cue that plays a file, with its hash, author and licence.

    A sidecar (``song.json`` or ``song.mp3.json``) stands over a CSV list in the file's folder, which stands over the
    file's tags. Where nobody says anything the licence is "user": provided by the person who named the file.

    Parameters
    ----------
    policy : str
        "commercial" refuses a track whose stated licence forbids commercial use.

    Raises
    ------
    UnreadableInput
        The track cannot be read, or is silent.
    UsageError
        Its stated licence does not allow this use.
    """
    track = analyse(path)
    said = _said_of(path)
    licence = normalise(said.licence) or USER_LICENCE
    reason = why_not(licence, commercial=policy == "commercial")
    if reason:
        raise UsageError(
            f"The track {path.name} is not used, because {reason}; if you hold another licence, say so in "
            f'{path.name}.json beside it: {{"licence": "..."}}.'
        )
    return Cue(
        id="music-track",
        stem="MX",
        time_s=start_s,
        length_s=length_s,
        category="MUSICAL",
        sound=PREFIX + path.name,
        description=said.description,
        source=path.name,
        licence=licence,
        author=said.author,
        asset_sha256=_sha256(path, path.stat().st_size, path.stat().st_mtime_ns),
        why=f"your own track, {describe(track)}",
    )


def with_track(plan: SoundPlan, path: Path, *, start_s: float, length_s: float, policy: str) -> SoundPlan:
    """A plan in which a person's own track plays in place of our music; locked cues stay.

    Without music in the plan it plays from `start_s` for `length_s`, 0 to the end.
    """
    ours = [cue for cue in plan.cues if cue.sound.startswith("music/") and not cue.locked]
    if any(is_track(cue) for cue in plan.cues):
        return replace(plan, cues=tuple(_settled(cue, path, policy) if is_track(cue) else cue for cue in plan.cues))
    end_s = start_s + length_s if length_s else plan.duration_s
    lasts_s = min(end_s, plan.duration_s) - start_s
    if not ours and lasts_s <= 0:
        raise UsageError(f"The music is to begin at {start_s:g} s, and the clip lasts {plan.duration_s:.3f} s.")
    made = track_cue(path, start_s=start_s, length_s=lasts_s, policy=policy)
    has_effects = any(cue.stem.startswith("FX") for cue in plan.cues)
    made = replace(made, level_db=MUSIC_UNDER_EFFECTS_DB if has_effects else MUSIC_DB)
    places: Sequence[Cue] = ours or (made,)
    cues = [
        replace(
            made,
            id=made.id if index == 0 else f"{made.id}-{index + 1}",
            **{name: getattr(cue, name) for name in ("time_s", "length_s", "level_db", "pan", "automation", "seed")},
        )
        for index, cue in enumerate(places)
    ]
    kept = [cue for cue in plan.cues if cue not in ours]
    cues = [replace(cue, why=f"{cue.why}{_met(cue, plan, path)}") for cue in cues]
    return replace(plan, cues=tuple(sorted([*kept, *cues], key=lambda cue: cue.time_s)))


def _met(cue: Cue, plan: SoundPlan, path: Path) -> str:
    # how well the track suits the edit, for the person who may choose another
    markers = tuple(marker - cue.time_s for marker in plan.markers_s if 0 < marker - cue.time_s < cue.length_s)
    cut = plan_cut(analyse(path), markers, cue.length_s)
    return f"; {len(cut.met_s)} of {len(markers)} cuts on a downbeat" if cut is not None and markers else ""


def _settled(cue: Cue, path: Path, policy: str) -> Cue:
    # what a cue written by hand leaves out
    if cue.asset_sha256:
        return cue
    made = track_cue(path, start_s=cue.time_s, length_s=cue.length_s, policy=policy)
    licence = made.licence if cue.licence in ("", USER_LICENCE) else cue.licence
    return replace(cue, asset_sha256=made.asset_sha256, licence=licence, author=cue.author or made.author)


def track_of(cue: Cue, track: Path | None) -> Path:
    """The file that a cue plays.

    Raises
    ------
    UsageError
        None is given, or it is another than the cue's.
    """
    name = cue.sound.removeprefix(PREFIX)
    if track is None:
        raise UsageError(f"Cue {cue.id!r} plays your own track {name}; say where it is with --track FILE.")
    if not track.is_file():
        raise UsageError(f"There is no track at {track}; name another with --track FILE.")
    facts = track.stat()
    if cue.asset_sha256 and _sha256(track, facts.st_size, facts.st_mtime_ns) != cue.asset_sha256:
        raise UsageError(
            f"{track.name} is not the track that cue {cue.id!r} was written for ({name}); "
            "empty the cue's asset_sha256 to play it all the same."
        )
    return track


def _said_of(path: Path) -> Rights:
    lists = sorted(one.name for one in path.parent.glob("*.csv") if one.is_file())[:_MOST_LISTS]
    listed = read_lists(path.parent, lists).of(path.name)
    tags = read_tags(path)
    licence = next((tags[key] for key in ("license", "licence", "rights") if tags.get(key)), "")
    # "(c) 2020 Ada" is no licence; only one that is known by name counts
    licence = licence or next(filter(None, (known(tags.get(key, "")) for key in _MAYBE_LICENCE)), "")
    author = next((tags[key] for key in ("artist", "album_artist", "composer") if tags.get(key)), "")
    own = Rights(licence=licence, author=author, description=tags.get("title", ""))
    try:
        beside = read_sidecar(path)
    except ValueError as error:
        raise UsageError(f"What is said of the track {path.name} cannot be read: {error}.") from error
    return beside.over(listed).over(own)


@lru_cache(maxsize=16)
def _sha256(path: Path, _size: int, _mtime_ns: int) -> str:
    return sha256_file(path)
