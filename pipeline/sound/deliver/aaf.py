"""A session as an AAF composition, for Media Composer, Pro Tools, Resolve and Premiere."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import aaf2

from pipeline.errors import UnreadableInput
from pipeline.files import replacing
from pipeline.sound.deliver.layout import (
    Lane,
    Placed,
    amplitude,
    clip_levels,
    counted_rate,
    identifier,
    lanes,
    nearest_colour,
    notes_of,
    plain,
    plain_lines,
    relative_path,
    relative_url,
    rgb,
    session_units,
    umid,
    unit_at,
)
from pipeline.sound.deliver.session import Curve, Session, SessionClip, SessionMarker

# definitions of the AAF Edit Protocol; the combiner is what programs write for clips of several channels
MONO_AUDIO_GAIN = aaf2.auid.AUID("9d2ea894-0968-11d3-8a38-0050040ef7d2")
CHANNEL_COMBINER = aaf2.auid.AUID("6b46dd7a-132d-4856-ab22-8b751d8462ec")
AMPLITUDE = aaf2.auid.AUID("e4962321-2267-11d3-8a4c-0050040ef7d2")
# the same session gives the same file; a true time would not
WRITTEN = datetime(2000, 1, 1)
PICTURE_SLOT, MARKER_SLOT = 2, 1000
# colours Media Composer gives markers
MARKER_COLOURS = {
    "Red": "#ff0000",
    "Green": "#00c000",
    "Blue": "#2060ff",
    "Cyan": "#00d0d0",
    "Magenta": "#c000c0",
    "Yellow": "#ffe000",
    "Black": "#000000",
    "White": "#ffffff",
}
# (format tag, bits) of WAV by libsndfile's names
WAV_FORMATS = {"PCM_16": (1, 16), "PCM_24": (1, 24), "PCM_32": (1, 32), "FLOAT": (3, 32), "DOUBLE": (3, 64)}


def write_aaf(session: Session, path: Path, *, home: Path | None = None) -> None:
    """Write `.aaf`: sound slots count samples, so every clip lies at its very sample; picture and markers count frames.

    A clip is, from outside in: varying gain (ducking), constant gain (clip and master), combiner of two channels, a
    source clip a channel, master mob, file mob with its locators (absolute, then relative). Nothing is rounded for
    sound; markers go to the nearest frame, and the picture ends with the nearest frame to the session's end. Programs
    that edit sound in frames round by themselves. `home` is the folder where the file will stand, when that is not
    the one where it is written.
    """
    with replacing(path) as beside, aaf2.open(str(beside), "w") as file:
        _Writer(file, session, path.parent, home or path.parent).write()


class _Writer:
    """One file while it is written: what is defined once is kept here."""

    def __init__(self, file: Any, session: Session, here: Path, home: Path) -> None:
        self.file, self.session, self.here, self.home = file, session, here, home
        self.frames = counted_rate(session.frame_rate)
        _stamp_file(file, session)
        self.amplitude = self._parameter(AMPLITUDE, "Amplitude")
        self.gain = self._operation(MONO_AUDIO_GAIN, "Mono Audio Gain", 1)
        self.combiner = self._operation(CHANNEL_COMBINER, "Audio Channel Combiner", -1)
        self.linear = file.create.InterpolationDef(
            aaf2.misc.LinearInterp, "LinearInterp", "Linear keyframe interpolation"
        )
        file.dictionary.register_def(self.linear)

    def write(self) -> None:
        session = self.session
        composition = self._mob("CompositionMob", session.name, "composition")
        composition.usage = "Usage_TopLevel"
        _comment(composition, notes_of(session))
        self._timecode(composition)
        self._picture(composition)
        for number, lane in enumerate(lanes(session, session.sample_rate_hz), 1):
            self._lane(composition, lane, number)
        if session.markers:
            self._markers(composition)

    def _timecode(self, composition: Any) -> None:
        counted = self.frames
        length = session_units(self.session, counted.rate)
        slot = _slot(composition, "Timecode", 1, counted.rate, 1)
        slot.segment = self.file.create.Timecode(
            fps=counted.base, drop=counted.ntsc and counted.base in (30, 60), length=length
        )

    def _picture(self, composition: Any) -> None:
        """Slot of the picture, empty where there is none: markers are attached to it."""
        rate = self.frames.rate
        length = session_units(self.session, rate)
        sequence = self._sequence(_slot(composition, "Picture", PICTURE_SLOT, rate, 1), "picture", length)
        if self.session.picture is None:
            sequence.components.append(self.file.create.Filler("picture", length))
            return
        source = self._mob("SourceMob", self.session.picture.name, "file", "picture")
        source.descriptor = self._picture_descriptor(self.session.picture, length)
        _slot(source, "", 1, rate, 1).segment = self._source(None, "picture", 0, length)
        master = self._mob("MasterMob", self.session.picture.name, "master", "picture")
        _slot(master, "", 1, rate, 1).segment = self._source((source, 1), "picture", 0, length)
        sequence.components.append(self._source((master, 1), "picture", 0, length))

    def _picture_descriptor(self, picture: Path, length: int) -> Any:
        width, height = self.session.size_px
        descriptor = self.file.create.CDCIDescriptor()
        values: dict[str, Any] = {
            "ComponentWidth": 8,
            "HorizontalSubsampling": 2,
            "StoredWidth": width,
            "StoredHeight": height,
        }
        values |= {"FrameLayout": "FullFrame", "VideoLineMap": [42, 0], "Length": length}
        values |= {"ImageAspectRatio": _ratio(Fraction(width, height)), "SampleRate": _ratio(self.frames.rate)}
        for name, value in values.items():
            descriptor[name].value = value
        self._locate(descriptor, picture)
        return descriptor

    def _lane(self, composition: Any, lane: Lane, number: int) -> None:
        rate = self.session.sample_rate_hz
        length = session_units(self.session, rate)
        slot = _slot(composition, lane.name, PICTURE_SLOT + number, rate, number)
        sequence = self._sequence(slot, "sound", length)
        at = 0
        for placed in lane.clips:
            if placed.start > at:
                sequence.components.append(self.file.create.Filler("sound", placed.start - at))
            sequence.components.append(self._clip(placed, lane))
            at = placed.end
        if at < length:
            sequence.components.append(self.file.create.Filler("sound", length - at))

    def _clip(self, placed: Placed, lane: Lane) -> Any:
        master = self._master(placed.clip, lane)
        sources = [self._source((master, channel), "sound", placed.source, placed.length) for channel in (1, 2)]
        segment = self._group(self.combiner, sources, placed.length)
        fixed_db = placed.clip.gain_db + self.session.master_gain_db
        # a gain of 1 says nothing, and some readers show it as a setting
        if abs(fixed_db) > 1e-9:
            gain = self.file.create.ConstantValue(self.amplitude, _factor(fixed_db))
            segment = self._group(self.gain, [segment], placed.length, gain)
        points = clip_levels(placed.clip, lane.track, self.session)
        if points:
            segment = self._group(self.gain, [segment], placed.length, self._varying(points))
        segment["ComponentAttributeList"].value = self._colour_tags(lane.track.colour)
        return segment

    def _varying(self, points: Curve) -> Any:
        """Ducking over a clip; times are shares of its length, and lines between points are straight in amplitude."""
        varying = self.file.create.VaryingValue(self.amplitude, self.linear)
        start_s, end_s = points[0][0], points[-1][0]
        # a ten-millionth of the clip is finer than a sample of three minutes, and keeps the numbers small
        for share, db in {round((at_s - start_s) / (end_s - start_s) * 10**7): db for at_s, db in points}.items():
            point = self.file.create.ControlPoint()
            point["Time"].value = aaf2.rational.AAFRational(share, 10**7)
            point["Value"].add_pid_entry()
            point["Value"].data = point["Value"].typedef.encode(_factor(db), varying.typedef)
            point["Value"].mark_modified()
            point["EditHint"].value = "Proportional"
            varying.pointlist.append(point)
        return varying

    def _master(self, clip: SessionClip, lane: Lane) -> Any:
        rate = self.session.sample_rate_hz
        length = max(clip.file_samples, clip.source_start_samples + clip.length_samples)
        master = self._mob("MasterMob", clip.name, "master", clip.id)
        master["MobAttributeList"].value = self._colour_tags(lane.track.colour)
        _comment(master, plain_lines(clip.note))
        summary = _wave_summary(self.here / relative_path(clip.file, self.home), rate, length)
        for channel in (1, 2):
            # one file mob a channel, both naming the same stereo file: as Resolve writes them
            source = self._mob("SourceMob", clip.file.name, "file", clip.id, channel)
            source.descriptor = self._wave_descriptor(clip.file, summary, length)
            _slot(source, "", 1, rate, channel).segment = self._source(None, "sound", 0, length)
            _slot(master, "", channel, rate, channel).segment = self._source((source, 1), "sound", 0, length)
        return master

    def _wave_descriptor(self, path: Path, summary: bytes, length: int) -> Any:
        descriptor = self.file.create.WAVEDescriptor()
        descriptor["SampleRate"].value = _ratio(self.session.sample_rate_hz)
        descriptor["Length"].value = length
        descriptor["Summary"].value = bytearray(summary)
        self._locate(descriptor, path)
        return descriptor

    def _locate(self, descriptor: Any, path: Path) -> None:
        for url in (path.absolute().as_uri(), relative_url(path, self.home)):
            locator = self.file.create.NetworkLocator()
            locator["URLString"].value = url
            descriptor["Locator"].append(locator)

    def _markers(self, composition: Any) -> None:
        rate = self.frames.rate
        slot = self.file.create.EventMobSlot(MARKER_SLOT, "Markers")
        slot.edit_rate = _ratio(rate)
        slot["PhysicalTrackNumber"].value = 1
        composition.slots.append(slot)
        sequence = self.file.create.Sequence(media_kind="DescriptiveMetadata")
        slot.segment = sequence
        for number, marker in enumerate(sorted(self.session.markers, key=lambda m: m.time_s)):
            sequence.components.append(self._marker(marker, number, unit_at(marker.time_s, rate)))

    def _marker(self, marker: SessionMarker, number: int, frame: int) -> Any:
        element = self.file.create.DescriptiveMarker()
        name = plain(marker.name)
        element["Position"].value = frame
        element["Length"].value = 1
        element["Comment"].value = name
        element["CommentMarkerColor"].value = dict(zip(("red", "green", "blue"), _wide(marker.colour), strict=True))
        element["DescribedSlots"].value = {PICTURE_SLOT}
        colour = nearest_colour(marker.colour, MARKER_COLOURS)
        tags = {"_ATN_CRM_COLOR": colour, "_ATN_CRM_COLOR_EXTENDED": colour, "_ATN_CRM_COM": name, "_ATN_CRM_LENGTH": 1}
        tags |= {"_ATN_CRM_USER": marker.kind, "_ATN_CRM_ID": identifier(self.session, "marker", number).hex}
        element["CommentMarkerAttributeList"].value = self._tags(tags)
        return element

    def _mob(self, kind: str, name: str, *parts: object) -> Any:
        mob = getattr(self.file.create, kind)(plain(name))
        mob.mob_id = aaf2.mobid.MobID(umid(self.session, *parts))
        mob["CreationTime"].value = mob["LastModified"].value = WRITTEN
        self.file.content.mobs.append(mob)
        return mob

    def _source(self, of: tuple[Any, int] | None, kind: str, start: int, length: int) -> Any:
        """Reference to a slot of a mob, or, for a file, to nothing further."""
        mob_id, slot_id = (of[0].mob_id, of[1]) if of else (None, None)
        return self.file.create.SourceClip(start, length, mob_id, slot_id, kind)

    def _sequence(self, slot: Any, kind: str, length: int) -> Any:
        sequence = self.file.create.Sequence(media_kind=kind, length=length)
        slot.segment = sequence
        return sequence

    def _group(self, operation: Any, segments: Iterable[Any], length: int, parameter: Any = None) -> Any:
        group = self.file.create.OperationGroup(operation, length, "sound")
        group.segments.extend(segments)
        if parameter is not None:
            group.parameters.append(parameter)
        return group

    def _operation(self, auid: Any, name: str, inputs: int) -> Any:
        operation = self.file.create.OperationDef(auid, name, name)
        operation.media_kind = "sound"
        operation["IsTimeWarp"].value = False
        operation["Bypass"].value = 0
        operation["NumberInputs"].value = inputs
        operation["OperationCategory"].value = "OperationCategory_Effect"
        if inputs == 1:
            operation["ParametersDefined"].append(self.amplitude)
        self.file.dictionary.register_def(operation)
        return operation

    def _parameter(self, auid: Any, name: str) -> Any:
        rational = self.file.dictionary.lookup_typedef("Rational")
        self.file.dictionary.register_def(self.file.create.ParameterDef(auid, name, name, rational))
        return self.file.dictionary.lookup_parameterdef(name)

    def _colour_tags(self, colour: str) -> list[Any]:
        """Colour of a clip as Media Composer keeps it, 16 bits a channel."""
        return self._tags(dict(zip(("_COLOR_R", "_COLOR_G", "_COLOR_B"), _wide(colour), strict=True)))

    def _tags(self, values: dict[str, Any]) -> list[Any]:
        return [self.file.create.TaggedValue(name, value) for name, value in values.items()]


def _slot(mob: Any, name: str, slot_id: int, rate: Fraction | int, number: int) -> Any:
    slot = mob.create_timeline_slot(_ratio(rate), slot_id)
    slot.name = plain(name)
    slot["PhysicalTrackNumber"].value = number
    return slot


def _comment(mob: Any, lines: Iterable[str]) -> None:
    """Text in the column "Comments" of a bin."""
    text = "\n".join(lines)
    if text:
        mob.comments["Comments"] = text


def _stamp_file(file: Any, session: Session) -> None:
    """Say who wrote it, and nothing that differs from one writing to the next."""
    written = file.header["IdentificationList"].value[0]
    for name, value in (("CompanyName", "Foleymark"), ("ProductName", "Foleymark"), ("ProductVersionString", "1")):
        written[name].value = value
    written["Date"].value = WRITTEN
    written["Platform"].value = "any"
    written["GenerationAUID"].value = identifier(session, "aaf")
    file.header["LastModified"].value = WRITTEN


def _wave_summary(path: Path, sample_rate_hz: int, length: int) -> bytes:
    """Header of a stereo WAV file up to its samples, as the descriptor repeats it."""
    tag, bits = _wave_format(path)
    frame = 2 * bits // 8
    format_ = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, 2, sample_rate_hz, sample_rate_hz * frame, frame, bits)
    # a file over 4 GiB says as much as fits, as RF64 does
    data = min(length * frame, 0xFFFFFFFF - 36)
    return struct.pack("<4sI4s", b"RIFF", 36 + data, b"WAVE") + format_ + struct.pack("<4sI", b"data", data)


def _wave_format(path: Path) -> tuple[int, int]:
    """(format tag, bits) of a file; of 24-bit PCM where there is none yet."""
    import soundfile

    if not path.is_file():
        return WAV_FORMATS["PCM_24"]
    try:
        return WAV_FORMATS.get(soundfile.info(path).subtype, WAV_FORMATS["PCM_24"])
    except soundfile.LibsndfileError as error:
        raise UnreadableInput(f"{path} is no sound file; render the delivery again.") from error


def _wide(colour: str) -> tuple[int, ...]:
    return tuple(value * 257 for value in rgb(colour))


def _factor(level_db: float) -> Any:
    """Gain as a ratio of 32-bit numbers."""
    return aaf2.rational.AAFRational(min(round(amplitude(level_db) * 10**6), 2**31 - 1), 10**6)


def _ratio(value: Fraction | int) -> Any:
    return aaf2.rational.AAFRational(value)
