"""A session as an OpenTimelineIO timeline, for everything that reads `.otio`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from pipeline.files import write_atomic
from pipeline.sound.deliver.layout import (
    FLOOR_DB,
    Lane,
    Placed,
    clip_levels,
    counted_rate,
    file_units,
    identifier,
    lanes,
    nearest_colour,
    notes_of,
    plain,
    plain_lines,
    relative_url,
    rgb,
    session_units,
    umid,
    unit_at,
)
from pipeline.sound.deliver.session import Session, SessionMarker

# our part of the metadata; other programs keep what they do not know
KEY = "foleymark"
# colours a marker may have (schema Marker.2)
MARKER_COLOURS = {
    "RED": "#ff0000",
    "PINK": "#ff80c0",
    "ORANGE": "#ff8000",
    "YELLOW": "#ffe000",
    "GREEN": "#00c000",
    "CYAN": "#00d0d0",
    "BLUE": "#2060ff",
    "PURPLE": "#9060e0",
    "MAGENTA": "#ff00ff",
    "BLACK": "#000000",
    "WHITE": "#ffffff",
}


def write_otio(session: Session, path: Path) -> None:
    """Write `.otio`: everything in whole frames of the picture, the nearest to where it sounds.

    The stock adapters to FCP XML and AAF take one rate for all tracks and no samples, so the samples stand in the
    metadata, under `foleymark`, with gain and automation, for which the format has no place. Files are named relative
    to the timeline's folder.
    """
    timeline = _timeline(session, path.parent)
    write_atomic(path, timeline.to_json_string(indent=1) + "\n")


def _timeline(session: Session, folder: Path) -> Any:
    timeline = otio.schema.Timeline(
        name=plain(session.name),
        global_start_time=otio.opentime.RationalTime(0, float(_rate(session))),
        metadata={KEY: _facts(session)},
    )
    if session.picture is not None:
        timeline.tracks.append(_picture_track(session, session.picture, folder))
    for lane in lanes(session, _rate(session)):
        timeline.tracks.append(_track(lane, session, folder))
    timeline.tracks.markers.extend(_marker(marker, _rate(session)) for marker in session.markers)
    return timeline


def _facts(session: Session) -> dict[str, Any]:
    return {
        "frame_rate": str(session.frame_rate),
        "sample_rate_hz": session.sample_rate_hz,
        "size_px": list(session.size_px),
        "master_gain_db": session.master_gain_db,
        "tempo": [list(point) for point in session.tempo],
        "downbeats": [list(point) for point in session.downbeats],
        "notes": list(notes_of(session)),
    }


def _picture_track(session: Session, picture: Path, folder: Path) -> Any:
    whole = _range(0, session_units(session, _rate(session)), float(_rate(session)))
    media = otio.schema.ExternalReference(target_url=relative_url(picture, folder), available_range=whole)
    media.metadata["AAF"] = {"MobID": umid(session, "master", "picture")}
    clip = otio.schema.Clip(name=plain(picture.name), media_reference=media, source_range=whole)
    return otio.schema.Track(name="Picture", kind=otio.schema.TrackKind.Video, children=[clip])


def _track(lane: Lane, session: Session, folder: Path) -> Any:
    track = otio.schema.Track(
        name=lane.name,
        kind=otio.schema.TrackKind.Audio,
        color=_colour(lane.track.colour),
        metadata={
            KEY: {
                "stem": lane.track.name,
                "colour": lane.track.colour,
                "automation": [[time_s, max(FLOOR_DB, db)] for time_s, db in lane.track.automation],
            }
        },
    )
    rate = float(_rate(session))
    at = 0
    for placed in lane.clips:
        if placed.start > at:
            track.append(otio.schema.Gap(source_range=_range(0, placed.start - at, rate)))
        track.append(_clip(placed, lane, session, folder))
        at = placed.end
    if not lane.clips:  # adapters stumble over a track without children
        track.append(otio.schema.Gap(source_range=_range(0, session_units(session, _rate(session)), rate)))
    return track


def _clip(placed: Placed, lane: Lane, session: Session, folder: Path) -> Any:
    clip, rate = placed.clip, float(_rate(session))
    whole = _range(0, file_units(clip, session, _rate(session)), rate)
    media = otio.schema.ExternalReference(target_url=relative_url(clip.file, folder), available_range=whole)
    # the adapter to AAF asks for a mob to name
    media.metadata["AAF"] = {"MobID": umid(session, "master", clip.id)}
    media.name = plain(clip.file.name)
    return otio.schema.Clip(
        name=plain(clip.name),
        media_reference=media,
        source_range=_range(placed.source, placed.length, rate),
        color=_colour(lane.track.colour),
        metadata={KEY: _clip_facts(placed, lane, session)},
    )


def _clip_facts(placed: Placed, lane: Lane, session: Session) -> dict[str, Any]:
    clip = placed.clip
    start_s = clip.start_samples / session.sample_rate_hz
    return {
        "id": plain(clip.id),
        "guid": str(identifier(session, "clip", clip.id)),
        "start_samples": clip.start_samples,
        "source_start_samples": clip.source_start_samples,
        "length_samples": clip.length_samples,
        # JSON knows no infinity
        "gain_db": max(FLOOR_DB, clip.gain_db),
        "note": "\n".join(plain_lines(clip.note)),
        # from the clip's start, as a keyframe would be
        "levels": [[time_s - start_s, db] for time_s, db in clip_levels(clip, lane.track, session)],
    }


def _marker(marker: SessionMarker, frame_rate: Fraction) -> Any:
    rate = float(frame_rate)
    return otio.schema.Marker(
        name=plain(marker.name),
        marked_range=_range(unit_at(marker.time_s, frame_rate), 1, rate),
        color=nearest_colour(marker.colour, MARKER_COLOURS),
        metadata={KEY: {"kind": marker.kind, "time_s": marker.time_s, "colour": marker.colour}},
    )


def _rate(session: Session) -> Fraction:
    """Rate of the timeline: the picture's, where adapters can count it."""
    return counted_rate(session.frame_rate).rate


def _range(start: int, length: int, rate: float) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(start, rate), time(length, rate))


def _colour(colour: str) -> Any:
    red, green, blue = (value / 255 for value in rgb(colour))
    return otio.core.Color(red, green, blue, 1.0)
