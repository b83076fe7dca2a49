"""A session as Final Cut Pro 7 XML (xmeml 5), which Premiere, Resolve and many others read."""

from __future__ import annotations

import logging
import os
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from pipeline.files import write_atomic
from pipeline.records import StemName
from pipeline.sound.deliver.layout import (
    CountedRate,
    Lane,
    Placed,
    amplitude,
    clip_levels,
    counted_rate,
    file_units,
    identifier,
    lanes,
    notes_of,
    plain,
    plain_lines,
    rgb,
    session_units,
    unit_at,
)
from pipeline.sound.deliver.session import Session, SessionMarker

logger = logging.getLogger(__name__)

# largest level of the format's fader, +12 dB (Apple, XML Interchange Format: Audio Levels)
LEVEL_MAX = 3.98109
# Premiere's names of label colours, the nearest to each stem's own
LABELS: dict[StemName, str] = {
    "DX": "Iris",
    "FX-impacts": "Mango",
    "FX-foley": "Yellow",
    "BG": "Forest",
    "MX": "Violet",
}


def write_fcp_xml(session: Session, path: Path) -> None:
    """Write `.xml`: stereo clips as linked pairs of channels, levels with keyframes, whole frames.

    Own writer, because the stock adapter drops levels, labels and the pairing of channels. The format knows no
    samples: edges go to the nearest frame, so a clip starts up to half a frame off. Gain of clip, master and ducking
    are one level, at most +12 dB. Media are absolute `file://localhost` addresses, since no reader takes others.
    """
    counted = counted_rate(session.frame_rate)
    root = ET.Element("xmeml", version="5")
    _sequence(root, session, counted)
    ET.indent(root, " ")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n'
    write_atomic(path, head + ET.tostring(root, encoding="unicode") + "\n")


def _sequence(root: ET.Element, session: Session, counted: CountedRate) -> None:
    sequence = ET.SubElement(root, "sequence", id="sequence-1", explodedTracks="true")
    length = session_units(session, counted.rate)
    _add(sequence, "uuid", identifier(session, "fcp"))
    _add(sequence, "name", plain(session.name))
    _add(sequence, "duration", length)
    _rate(sequence, counted)
    _timecode(sequence, counted)
    media = ET.SubElement(sequence, "media")
    _video(media, session, counted, length)
    _audio(media, session, counted)
    for marker in session.markers:
        _marker(sequence, marker, counted)
    _comments(sequence, notes_of(session))


def _video(media: ET.Element, session: Session, counted: CountedRate, length: int) -> None:
    video = ET.SubElement(media, "video")
    _picture_format(ET.SubElement(video, "format"), session, counted)
    track = ET.SubElement(video, "track", {"MZ.TrackName": "Picture"})
    if session.picture is not None:
        item = ET.SubElement(track, "clipitem", id="clipitem-picture")
        _add(item, "name", plain(session.picture.name))
        _span(item, (0, length), (0, length), length, counted)
        file = _file(item, "file-picture", session.picture, length, counted)
        _picture_format(ET.SubElement(ET.SubElement(file, "media"), "video"), session, counted)
    _switches(track)


def _picture_format(parent: ET.Element, session: Session, counted: CountedRate) -> None:
    format_ = ET.SubElement(parent, "samplecharacteristics")
    _rate(format_, counted)
    _add(format_, "width", session.size_px[0])
    _add(format_, "height", session.size_px[1])
    _add(format_, "anamorphic", "FALSE")
    _add(format_, "pixelaspectratio", "square")
    _add(format_, "fielddominance", "none")


def _audio(media: ET.Element, session: Session, counted: CountedRate) -> None:
    audio = ET.SubElement(media, "audio")
    _add(audio, "numOutputChannels", 2)
    _sound_format(ET.SubElement(audio, "format"), session)
    outputs = ET.SubElement(audio, "outputs")
    for channel in (1, 2):
        group = ET.SubElement(outputs, "group")
        _add(group, "index", channel)
        _add(group, "numchannels", 1)
        _add(group, "downmix", 0)
        _add(ET.SubElement(group, "channel"), "index", channel)
    clamped: Counter[str] = Counter()
    for number, lane in enumerate(lanes(session, counted.rate)):
        for channel in (1, 2):
            _track(audio, lane, number, channel, session, counted, clamped)
    if clamped:
        logger.warning("%d clips are louder than the +12 dB this format can say and were set to +12 dB", len(clamped))


def _sound_format(parent: ET.Element, session: Session) -> None:
    format_ = ET.SubElement(parent, "samplecharacteristics")
    # of the timeline, not of the files: the format has 8 and 16 only
    _add(format_, "depth", 16)
    _add(format_, "samplerate", session.sample_rate_hz)


def _track(
    audio: ET.Element,
    lane: Lane,
    number: int,
    channel: int,
    session: Session,
    counted: CountedRate,
    clamped: Counter[str],
) -> None:
    """One channel of a lane; Premiere joins the two by the attributes, others by the links of their clips."""
    pair = {"currentExplodedTrackIndex": str(channel - 1), "totalExplodedTrackCount": "2"}
    name = {"MZ.TrackName": lane.name, "premiereTrackType": "Stereo"}
    track = ET.SubElement(audio, "track", name | pair)
    # not in Apple's list of elements, but read where names are wanted
    _add(track, "name", lane.name)
    for place, placed in enumerate(lane.clips, 1):
        item = ET.SubElement(track, "clipitem", id=_item_id(placed, channel, session), premiereChannelType="stereo")
        _clip(item, placed, channel, session, counted)
        _level(item, placed, lane, session, counted, clamped)
        for other in (1, 2):
            _link(item, _item_id(placed, other, session), 2 * number + other, place)
        _comments(item, plain_lines(placed.clip.note))
        _add(ET.SubElement(item, "labels"), "label2", LABELS[lane.track.name])
    _switches(track)
    _add(track, "outputchannelindex", channel)


def _clip(item: ET.Element, placed: Placed, channel: int, session: Session, counted: CountedRate) -> None:
    length = file_units(placed.clip, session, counted.rate)
    _add(item, "name", plain(placed.clip.name))
    _span(item, (placed.start, placed.end), (placed.source, placed.source + placed.length), length, counted)
    file_id = f"file-{identifier(session, 'file', placed.clip.id)}"
    if channel == 1:
        file = _file(item, file_id, placed.clip.file, length, counted)
        sound = ET.SubElement(ET.SubElement(file, "media"), "audio")
        _sound_format(sound, session)
        _add(sound, "channelcount", 2)
    else:  # told once, then named
        ET.SubElement(item, "file", id=file_id)
    source = ET.SubElement(item, "sourcetrack")
    _add(source, "mediatype", "audio")
    _add(source, "trackindex", channel)


def _span(
    item: ET.Element, timeline: tuple[int, int], source: tuple[int, int], length: int, counted: CountedRate
) -> None:
    _add(item, "enabled", "TRUE")
    _add(item, "duration", length)
    _rate(item, counted)
    for tag, value in zip(("start", "end", "in", "out"), (*timeline, *source), strict=True):
        _add(item, tag, value)


def _file(item: ET.Element, file_id: str, path: Path, length: int, counted: CountedRate) -> ET.Element:
    file = ET.SubElement(item, "file", id=file_id)
    _add(file, "name", plain(path.name))
    _add(file, "pathurl", "file://localhost" + _encoded(path))
    _rate(file, counted)
    _add(file, "duration", length)
    _timecode(file, counted)
    return file


def _encoded(path: Path) -> str:
    """Absolute path as in an address: `/C:/x%20y`, a drive's colon kept."""
    absolute = path.absolute()
    encoded = quote(os.fsencode(absolute.as_posix()), safe="/:" if absolute.drive else "/")
    return encoded if encoded.startswith("/") else f"/{encoded}"


def _level(
    item: ET.Element,
    placed: Placed,
    lane: Lane,
    session: Session,
    counted: CountedRate,
    clamped: Counter[str],
) -> None:
    """Filter `Audio Levels`: a factor, and keyframes at frames of the file where the level moves."""
    effect = ET.SubElement(ET.SubElement(item, "filter"), "effect")
    for tag, text in (("name", "Audio Levels"), ("effectid", "audiolevels"), ("effectcategory", "audiolevels")):
        _add(effect, tag, text)
    _add(effect, "effecttype", "audiolevels")
    _add(effect, "mediatype", "audio")
    parameter = ET.SubElement(effect, "parameter")
    _add(parameter, "parameterid", "level")
    _add(parameter, "name", "Level")
    _add(parameter, "valuemin", 0)
    _add(parameter, "valuemax", LEVEL_MAX)
    points = _keyframes(placed, lane, session, counted)
    fixed_db = placed.clip.gain_db + session.master_gain_db
    if any(amplitude(fixed_db + db) > LEVEL_MAX for db in (*points.values(), *(() if points else (0.0,)))):
        clamped[placed.clip.id] += 1
    _add(parameter, "value", _factor(fixed_db + (next(iter(points.values())) if points else 0.0)))
    for frame, db in points.items():
        keyframe = ET.SubElement(parameter, "keyframe")
        _add(keyframe, "when", frame)
        _add(keyframe, "value", _factor(fixed_db + db))


def _keyframes(placed: Placed, lane: Lane, session: Session, counted: CountedRate) -> dict[int, float]:
    """Ducking over a clip, dB by frame of its file; the last of what falls on one frame."""
    shift = placed.source - placed.start
    last = placed.source + placed.length
    points = clip_levels(placed.clip, lane.track, session)
    return {min(max(unit_at(at_s, counted.rate) + shift, placed.source), last): db for at_s, db in points}


def _factor(level_db: float) -> str:
    return f"{min(amplitude(level_db), LEVEL_MAX):.6f}"


def _link(item: ET.Element, reference: str, track: int, place: int) -> None:
    link = ET.SubElement(item, "link")
    _add(link, "linkclipref", reference)
    _add(link, "mediatype", "audio")
    _add(link, "trackindex", track)
    _add(link, "clipindex", place)
    _add(link, "groupindex", 1)


def _marker(sequence: ET.Element, marker: SessionMarker, counted: CountedRate) -> None:
    element = ET.SubElement(sequence, "marker")
    _add(element, "name", plain(marker.name))
    _add(element, "comment", marker.kind)
    _add(element, "in", unit_at(marker.time_s, counted.rate))
    _add(element, "out", -1)
    colour = ET.SubElement(element, "color")
    _add(colour, "alpha", 0)
    for tag, value in zip(("red", "green", "blue"), rgb(marker.colour), strict=True):
        _add(colour, tag, value)


def _comments(parent: ET.Element, lines: Iterable[str]) -> None:
    text = "\n".join(lines)
    if text:
        _add(ET.SubElement(parent, "comments"), "mastercomment1", text)


def _item_id(placed: Placed, channel: int, session: Session) -> str:
    return f"clipitem-{identifier(session, 'clip', placed.clip.id)}-{channel}"


def _switches(track: ET.Element) -> None:
    _add(track, "enabled", "TRUE")
    _add(track, "locked", "FALSE")


def _rate(parent: ET.Element, counted: CountedRate) -> None:
    rate = ET.SubElement(parent, "rate")
    _add(rate, "timebase", counted.base)
    _add(rate, "ntsc", "TRUE" if counted.ntsc else "FALSE")


def _timecode(parent: ET.Element, counted: CountedRate) -> None:
    code = ET.SubElement(parent, "timecode")
    _rate(code, counted)
    _add(code, "string", "00:00:00:00")
    _add(code, "frame", 0)
    _add(code, "displayformat", "NDF")


def _add(parent: ET.Element, tag: str, text: object) -> None:
    ET.SubElement(parent, tag).text = str(text)
