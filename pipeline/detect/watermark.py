"""What our own mark says: that Foleymark finished this file. It does not say who or what made the pictures."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.records import Evidence, MarkReading, Marks, MarkSegment

ABSENT = "No Foleymark watermark was found. Only files finished with Foleymark carry one."
FINISHED = (
    "this file was finished with Foleymark, which adds sound to video. By itself that does not show who or what made "
    "the pictures."
)
# more stretches than a reader would follow
MOST_STRETCHES = 6


def evidence(marks: Marks) -> Evidence:
    """The statement of what both tracks carry; not applicable when no mark was found."""
    readings = _readings(marks)
    if not readings:
        return _silence("The file was not searched for Foleymark's watermark.", reason="not looked for")
    raw = {f"{track}_z": round(reading.z, 3) for track, reading in readings.items()}
    sentence, reason = _statement(marks)
    if sentence:
        return Evidence("watermark", "declared", " ".join((sentence, *stretches(marks))), reason=reason, raw=raw)
    if all(reading.state == "error" for reading in readings.values()):
        return _silence("The file could not be searched for Foleymark's watermark.", reason="the search failed")
    return Evidence("watermark", "declared", ABSENT, applicable=False, reason="absence is not evidence", raw=raw)


def is_read(marks: Marks) -> bool:
    """True when one id was read, and no other beside it."""
    return marks.payload is not None


def stretches(marks: Marks) -> tuple[str, ...]:
    """A sentence for each track of which only parts carry the mark, or parts carry different ones."""
    return tuple(_parts(track, reading) for track, reading in _readings(marks).items() if _is_mixed(reading))


def _statement(marks: Marks) -> tuple[str, str]:
    """Sentence and reason; empty without any mark."""
    if marks.agreement == "conflict":
        text = f"Foleymark's watermark was read with more than one id ({_all_ids(marks)}): "
        return text + "the file was put together from several that were finished with Foleymark.", "the ids differ"
    if marks.payload:
        where = {"both": "in picture and sound", "picture only": "in the picture", "sound only": "in the sound"}
        text = f"Foleymark's watermark was read {where[marks.agreement]} (id {marks.payload.hex}): {FINISHED}"
        return f"{text} {_other_track(marks)}".rstrip(), "a mark shows processing, not origin"
    damaged = [track for track, reading in _readings(marks).items() if reading.state == "unreadable"]
    if damaged:
        text = f"Foleymark's watermark is in the {' and the '.join(damaged)}, but too damaged to read: "
        return text + "the file was finished with Foleymark and changed since.", "the id could not be read"
    return "", ""


def _other_track(marks: Marks) -> str:
    """What it means when only one of two tracks carries the mark."""
    if marks.agreement == "picture only" and marks.sound and marks.sound.state == "none":
        return "Its sound carries none: it may have been replaced, or be too quiet or short for a mark."
    if marks.agreement == "sound only" and marks.picture and marks.picture.state == "none":
        return "Its picture carries none: the sound may come from another file."
    return ""


def _is_mixed(reading: MarkReading) -> bool:
    carried = {segment.payload for segment in reading.segments if segment.state in ("read", "none")}
    return bool(reading.payload) and len(carried) > 1


def _parts(track: str, reading: MarkReading) -> str:
    parts = [_stretch(segment) for segment in reading.segments[:MOST_STRETCHES]]
    more = len(reading.segments) - MOST_STRETCHES
    return f"In the {track}: {', '.join(parts)}{f', and {more} more stretches' if more > 0 else ''}."


def _stretch(segment: MarkSegment) -> str:
    says = {"read": segment.payload.hex if segment.payload else "", "unreadable": "a mark too damaged to read"}
    return f"{clock(segment.start_s)} to {clock(segment.end_s)} {says.get(segment.state, 'no mark')}"


def clock(time_s: float) -> str:
    """e.g. "0:03.5" or "1:02:09"."""
    minutes, seconds = divmod(round(time_s, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{seconds:04.1f}".removesuffix(".0")
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"


def _all_ids(marks: Marks) -> str:
    found = [reading.payload.hex for reading in _readings(marks).values() if reading.payload]
    found += [segment.payload.hex for segment in _segments(marks) if segment.payload]
    return ", ".join(dict.fromkeys(found))


def _segments(marks: Marks) -> Iterator[MarkSegment]:
    for reading in _readings(marks).values():
        yield from reading.segments


def _readings(marks: Marks) -> dict[str, MarkReading]:
    tracks = {"picture": marks.picture, "sound": marks.sound}
    return {track: reading for track, reading in tracks.items() if reading is not None}


def _silence(text: str, *, reason: str) -> Evidence:
    return Evidence("watermark", "declared", text, applicable=False, reason=reason)
