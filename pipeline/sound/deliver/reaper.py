"""A session as a Reaper project: text blocks, positions in seconds, levels as factors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from pipeline.files import write_atomic
from pipeline.sound.deliver.layout import (
    amplitude,
    counted_rate,
    identifier,
    level_points,
    notes_of,
    plain,
    plain_lines,
    plain_path,
    relative_path,
    rgb,
)
from pipeline.sound.deliver.session import Session, SessionClip, SessionMarker, SessionTrack

# Reaper marks a colour as set by the bit above its 24
COLOUR_SET = 0x1000000
# fastest tempo Reaper takes
BPM_MAX = 960.0


def write_reaper(session: Session, path: Path) -> None:
    """Write `.rpp`: a track a stem, an item a clip at its very sample, ducking as the track's volume envelope.

    Items overlap on their track and are mixed. The envelope has no `VOLTYPE`, so Reaper joins its points by straight
    lines of amplitude; points lie at most 1 dB apart, which keeps these within 0.015 dB of straight lines of decibels.
    The picture's own sound is turned down: what is kept of it is in the DX stem.
    """
    write_atomic(path, "\n".join(_project(session, path.parent)) + "\n")


def _project(session: Session, folder: Path) -> Iterator[str]:
    counted = counted_rate(session.frame_rate)
    yield '<REAPER_PROJECT 0.1 "7.0" 0'
    yield from _indented(_notes("0 2", [session.name, *notes_of(session)]))
    yield "  AUTOXFADE 0"
    # overlapping items sound together
    yield "  ITEMMIX 1"
    yield "  PANLAW 1"
    yield f"  PROJOFFS 0 {_bar_offset(session)} 0"
    yield f"  SAMPLERATE {session.sample_rate_hz} 1 0"
    # ruler in frames, at the picture's rate; 2 says "of 1000/1001"
    yield f"  TIMEMODE 1 5 -1 {counted.base} {2 if counted.ntsc else 0} 0 -1"
    yield f"  VIDEO_CONFIG {session.size_px[0]} {session.size_px[1]} 256"
    # what is on the timeline stays at its time when the tempo changes
    yield "  TIMELOCKMODE 0"
    yield "  TEMPOENVLOCKMODE 0"
    yield f"  MASTER_VOLUME {_number(amplitude(session.master_gain_db))} 0 -1 -1 1"
    yield from _indented(_tempo(session))
    for number, marker in enumerate(session.markers, 1):
        yield f"  {_marker(number, marker, session)}"
    if session.picture is not None:
        yield from _indented(_picture(session, session.picture, folder))
    for track in session.tracks:
        yield from _indented(_track(track, session, folder))
    yield ">"


def _track(track: SessionTrack, session: Session, folder: Path) -> Iterator[str]:
    yield from _track_head(track.name, track.colour, session)
    yield from _indented(_envelope(track, session))
    for clip in sorted(track.clips, key=lambda c: (c.start_samples, c.id)):
        yield from _indented(_item(clip, track, session, folder))
    yield ">"


def _track_head(name: str, colour: str, session: Session) -> Iterator[str]:
    guid = _guid(session, "track", name)
    yield f"<TRACK {guid}"
    yield f"  NAME {_named(name)}"
    yield f"  PEAKCOL {_colour(colour)}"
    yield "  VOLPAN 1 0 -1 -1 1"
    yield "  NCHAN 2"
    yield f"  TRACKID {guid}"
    yield "  MAINSEND 1 0"


def _envelope(track: SessionTrack, session: Session) -> Iterator[str]:
    points = (
        level_points(track.automation, 0.0, max(session.length_s, track.automation[-1][0])) if track.automation else ()
    )
    if not points:
        return
    yield "<VOLENV2"
    yield f"  EGUID {_guid(session, 'envelope', track.name)}"
    yield from ("  ACT 1 -1", "  VIS 1 1 1", "  LANEHEIGHT 0 0", "  ARM 0", "  DEFSHAPE 0 -1 -1")
    for time_s, db in points:
        yield f"  PT {_number(time_s)} {_number(amplitude(db))} 0"
    yield ">"


def _item(clip: SessionClip, track: SessionTrack, session: Session, folder: Path) -> Iterator[str]:
    rate = session.sample_rate_hz
    yield "<ITEM"
    yield f"  POSITION {_number(clip.start_samples / rate)}"
    yield "  SNAPOFFS 0"
    yield f"  LENGTH {_number(clip.length_samples / rate)}"
    yield "  LOOP 0"
    # the sounds bring their own fades
    yield from ("  FADEIN 1 0 0 1 0 0 0", "  FADEOUT 1 0 0 1 0 0 0", "  MUTE 0 0")
    yield f"  COLOR {_colour(track.colour)}"
    yield f"  IGUID {_guid(session, 'item', clip.id)}"
    yield from _indented(_notes("", plain_lines(clip.note)))
    yield f"  NAME {_named(clip.name)}"
    yield f"  VOLPAN {_number(amplitude(clip.gain_db))} 0 1 -1"
    yield f"  SOFFS {_number(clip.source_start_samples / rate)}"
    yield "  PLAYRATE 1 1 0 -1 0 0.0025"
    yield "  CHANMODE 0"
    yield f"  GUID {_guid(session, 'take', clip.id)}"
    yield from ("  <SOURCE WAVE", f"    FILE {_file(clip.file, folder)}", "  >")
    yield ">"


def _picture(session: Session, picture: Path, folder: Path) -> Iterator[str]:
    yield from _track_head("Picture", "#808080", session)
    yield "  <ITEM"
    yield "    POSITION 0"
    yield f"    LENGTH {_number(session.length_s)}"
    yield "    LOOP 0"
    yield f"    IGUID {_guid(session, 'item', 'picture')}"
    yield f"    NAME {_named(picture.name)}"
    yield "    VOLPAN 0 0 1 -1"
    yield "    SOFFS 0"
    yield f"    GUID {_guid(session, 'take', 'picture')}"
    yield from ("    <SOURCE VIDEO", f"      FILE {_file(picture, folder)}", "    >", "  >", ">")


def _marker(number: int, marker: SessionMarker, session: Session) -> str:
    guid = _guid(session, "marker", number)
    name = _named(marker.name)
    return f"MARKER {number} {_number(marker.time_s)} {name} 0 {_colour(marker.colour)} 1 B {guid} 0"


def _tempo(session: Session) -> Iterator[str]:
    """Tempo as an envelope of steps, with a time signature where bars begin.

    Reaper counts bars from its first point, at 0. Time before the first downbeat is given whole bars of one beat, so
    that the downbeat begins a bar by itself.
    """
    points = _tempo_points(session)
    if not points:
        return
    yield f"TEMPO {_number(points[0][1])} {points[-1][2]} 4"
    yield "<TEMPOENVEX"
    yield f"  EGUID {_guid(session, 'tempo')}"
    yield from ("  ACT 1 -1", "  VIS 1 0 1", "  LANEHEIGHT 0 0", "  ARM 0", "  DEFSHAPE 1 -1 -1")
    beats_before = 0
    for time_s, bpm, beats in points:
        # shape 1 holds the tempo; the signature is written where it changes, denominator above numerator
        signature = f" {4 << 16 | beats} 0 1" if beats != beats_before else ""
        yield f"  PT {_number(time_s)} {_number(bpm)} 1{signature}"
        beats_before = beats
    yield ">"


def _tempo_points(session: Session) -> list[tuple[float, float, int]]:
    """(seconds, BPM, beats a bar) from 0 on; empty without music."""
    if not session.tempo:
        return []
    beats = _beats_a_bar(session)
    first_s = session.downbeats[0][0] if session.downbeats else 0.0
    before = _lead_beats(session)
    lead = [(0.0, before * 60.0 / first_s, 1)] if before else []
    start_s = first_s if before else 0.0
    held = _bpm_at(session, start_s)
    return [
        *lead,
        (start_s, held, beats),
        *((at_s, bpm, beats) for at_s, bpm in session.tempo if at_s > start_s + 1e-9),
    ]


def _lead_beats(session: Session) -> int:
    """Whole beats before the first downbeat; none where it comes too soon for any tempo."""
    first_s = session.downbeats[0][0] if session.downbeats and session.tempo else 0.0
    if first_s < 60.0 / BPM_MAX:
        return 0
    fitting = max(1, round(first_s * _bpm_at(session, first_s) / 60.0))
    return min(fitting, int(first_s * BPM_MAX / 60.0))


def _bar_offset(session: Session) -> int:
    """What Reaper adds to its count of bars so that the first downbeat has its own number."""
    return session.downbeats[0][1] - 1 - _lead_beats(session) if session.downbeats and session.tempo else 0


def _beats_a_bar(session: Session) -> int:
    """Beats between most neighbouring downbeats; four where there are no two."""
    counts = [round(_beats_between(session, a, b) / (n - m)) for (a, m), (b, n) in pairwise(session.downbeats) if n > m]
    return max(1, max(sorted(set(counts)), key=counts.count)) if counts else 4


def _beats_between(session: Session, start_s: float, end_s: float) -> float:
    edges = sorted({start_s, end_s, *(at_s for at_s, _ in session.tempo if start_s < at_s < end_s)})
    return sum((b - a) * _bpm_at(session, a) / 60.0 for a, b in pairwise(edges))


def _bpm_at(session: Session, time_s: float) -> float:
    """Tempo that holds at a time; before its first point, that point's."""
    past = [bpm for at_s, bpm in session.tempo if at_s <= time_s + 1e-9]
    return past[-1] if past else session.tempo[0][1]


def _notes(attributes: str, lines: Iterable[str]) -> Iterator[str]:
    kept = [plain(line) for line in lines]
    if kept:
        yield f"<NOTES {attributes}".rstrip()
        yield from (f"  |{line}" for line in kept)
        yield ">"


def _named(text: str) -> str:
    return _quoted(plain(text))


def _quoted(text: str) -> str:
    """Text as Reaper quotes it: by the first quote it does not contain; a backtick gives way where it has all three."""
    for quote in "\"'`":
        if quote not in text:
            return f"{quote}{text}{quote}"
    return "`" + text.replace("`", "'") + "`"


def _file(file: Path, folder: Path) -> str:
    return _quoted(plain_path(relative_path(file, folder)))


def _colour(colour: str) -> int:
    """0x1BBGGRR, as Windows has it."""
    red, green, blue = rgb(colour)
    return COLOUR_SET | blue << 16 | green << 8 | red


def _guid(session: Session, *parts: object) -> str:
    return "{" + str(identifier(session, "reaper", *parts)).upper() + "}"


def _number(value: float) -> str:
    """Digits enough for a tenth of a sample in a day, without an exponent."""
    return f"{value:.12f}".rstrip("0").rstrip(".")


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
