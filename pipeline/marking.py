"""Marking: one id into the picture and the sound of a file, read back before it counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import MarkSettings, Settings
from pipeline.errors import UsageError
from pipeline.foreign_marks import ForeignMarks
from pipeline.mark_reading import Progress, read_picture, read_sound_file, read_sound_track, read_still, silent
from pipeline.records import Clip, MarkReading, MarkReport, Marks, Payload

if TYPE_CHECKING:
    import numpy as np

    from pipeline.watermark.keys import MarkKeys
    from pipeline.watermark.payload import Reserve

# neighbouring pictures, because what changes between them tells how much movement hides the mark
STRENGTH_RUNS = 5
STRENGTH_RUN_PICTURES = 3
# how often the cost of a strength is measured, and the strength lowered when it is too high
MEASUREMENTS = 2
# how often a mark that does not read back is made stronger: each try is a whole encode
MAX_ATTEMPTS = 3
# sound is marked in these; more channels are kept as they are
MOST_CHANNELS = 2

NOT_READ_BACK = "The mark in the {track} could not be read back after {attempts} tries, so it is not relied on."
SILENT = "The sound is silent from end to end and carries no mark."
SURROUND = "The sound has {channels} channels and was kept as it is, without a mark; mark a stereo version."


@dataclass(frozen=True)
class _Tried:
    """The last of some tries to mark a track."""

    count: int
    strength: float
    marker: Any
    reading: MarkReading


def _until_read(
    write_and_read: Callable[[float], tuple[Any, MarkReading]], payload: Payload, *, strength: float, step: float
) -> _Tried:
    """Mark with growing strength until the mark reads back, at most `MAX_ATTEMPTS` times."""
    for count in range(1, MAX_ATTEMPTS + 1):
        marker, reading = write_and_read(strength)
        if reading.payload == payload or count == MAX_ATTEMPTS:
            break
        strength *= step
    return _Tried(count, strength, marker, reading)


def _notes(tried: _Tried, payload: Payload, *, track: str) -> tuple[str, ...]:
    return () if tried.reading.payload == payload else (NOT_READ_BACK.format(track=track, attempts=tried.count),)


# ---------------------------------------------------------------- deliver
def deliver(
    clip: Clip,
    destination: Path,
    *,
    soundtrack: Path | None,
    settings: Settings,
    keys: MarkKeys | None = None,
    payload: Payload | None = None,
    reserve: Reserve | None = None,
    lumas: Iterable[np.ndarray] = (),
    encode: bool = False,
    on_progress: Progress = silent,
) -> MarkReport | None:
    """Write the finished file: packets copied, or picture and sound marked and encoded once.

    The encoded file is read back; a track whose mark does not come out is made one notch stronger and encoded again,
    at most `MAX_ATTEMPTS` times. Sound alone is encoded again without touching the pictures.

    Parameters
    ----------
    soundtrack : Path or None
        A finished mix; None keeps the clip's own sound.
    keys : MarkKeys or None
        Without keys nothing is marked.
    payload : Payload or None
        The id to embed; None draws one.
    reserve : callable or None
        A registry's way to reserve the id before it is embedded.
    lumas : iterable of uint8 or uint16 [H, W]
        Pictures to judge the strength by; drawn from the clip when there are none.
    encode : bool
        Encode pictures that are not marked too: the clip is an intermediate file.

    Returns
    -------
    MarkReport or None
        None when no mark was asked for.

    Raises
    ------
    UsageError
        The registry knows the given id for another file.
    """
    from pipeline.media.mux import export

    def write(source: Clip, **changes: Any) -> None:
        export(
            source,
            destination,
            settings=settings.encode,
            on_progress=lambda share: on_progress("encode", share),
            **changes,
        )

    if keys is None or not settings.mark.enabled:
        write(clip, soundtrack=soundtrack, encode=encode)
        return None
    payload = _id(payload, reserve)
    foreign = ForeignMarks(settings.mark.adapters, keys)
    with foreign.soundtrack(clip, soundtrack, payload) as track:
        sound = _SoundTrack(clip, track, settings.mark, payload, keys)
        report = _deliver_picture(clip, write, destination, sound, settings.mark, tuple(lumas), on_progress)
        report = sound.deliver(report, write, destination)
        return replace(report, beside=foreign.said(payload, picture=False, sound=track is not soundtrack))


def _id(payload: Payload | None, reserve: Reserve | None) -> Payload:
    from pipeline.watermark.payload import new_payload

    if payload is None:
        return new_payload(reserve)
    if reserve is not None and not reserve(payload):
        raise UsageError(f"The id {payload.hex} belongs to another file; leave --id away to draw a new one.")
    return payload


def _deliver_picture(
    clip: Clip,
    write: Callable[..., None],
    destination: Path,
    sound: _SoundTrack,
    settings: MarkSettings,
    lumas: tuple[np.ndarray, ...],
    on_progress: Progress,
) -> MarkReport:
    from pipeline.watermark.picture.marker import STEP_UP, PictureMarker, choose_strength

    width, height = clip.video.upright_size_px
    aspect, depth = clip.video.display_aspect, 10 if clip.video.bit_depth > 8 else 8
    key, payload = sound.keys.current, sound.payload

    def marker_for(strength: float) -> PictureMarker:
        return PictureMarker(
            width, height, payload=payload, key=key, strength=strength, display_aspect=aspect, bit_depth=depth
        )

    def write_and_read(strength: float) -> tuple[Any, MarkReading]:
        marker = marker_for(strength)
        write(clip, on_luma=marker, **sound.export_options())
        return marker, read_picture(destination, keys=[key], on_progress=on_progress)

    samples = lumas or tuple(sample_lumas(clip))
    model = choose_strength(samples, profile=settings.profile, display_aspect=aspect, bit_depth=depth)
    chosen = _affordable(model, samples, marker_for, profile=settings.profile, bit_depth=depth)
    tried = _until_read(write_and_read, payload, strength=chosen, step=STEP_UP)
    return MarkReport(
        payload=payload,
        strength=tried.strength,
        psnr_db=_finite(tried.marker.psnr_db),
        attempts=tried.count,
        marks=Marks.of(tried.reading, None),
        notes=_notes(tried, payload, track="picture"),
    )


def _affordable(
    strength: float,
    samples: tuple[np.ndarray, ...],
    marker_for: Callable[[float], Any],
    *,
    profile: str,
    bit_depth: int,
) -> float:
    """The model's strength, lowered where it is measured to cost a clip more than the profile allows."""
    from pipeline.media.quality import vmaf
    from pipeline.watermark.picture.masking import PROFILES, lowered

    for _ in range(MEASUREMENTS):
        marker = marker_for(strength)
        quality = vmaf(samples, [marker(luma) for luma in samples], bit_depth=bit_depth)
        allowed = strength if quality is None else lowered(strength, quality, profile=PROFILES[profile])
        if allowed == strength:
            break
        strength = allowed
    return strength


class _SoundTrack:
    """The sound a clip is delivered with: which, whether it can carry a mark, and how strong that is."""

    def __init__(
        self, clip: Clip, soundtrack: Path | None, settings: MarkSettings, payload: Payload, keys: MarkKeys
    ) -> None:
        from pipeline.watermark.sound.marker import choose_sound_strength

        self.payload, self.keys = payload, keys
        self._source: Path | Clip | None = soundtrack or (clip if clip.audio else None)
        self._note = _why_unmarked(clip, soundtrack) if settings.sound else ""
        self._is_marked = bool(settings.sound and self._source and not self._note)
        self._strength_db = choose_sound_strength(clip.duration_s, profile=settings.profile)
        self._marker: Any = None

    def export_options(self) -> dict[str, Any]:
        """What `export` is told of the sound; the marker among it is new and used once."""
        from pipeline.media.audio import SAMPLE_RATE_HZ
        from pipeline.watermark.sound.marker import SoundMarker

        if not self._is_marked:
            return {"soundtrack": self._source if isinstance(self._source, Path) else None}
        self._marker = SoundMarker(
            SAMPLE_RATE_HZ,
            MOST_CHANNELS,
            payload=self.payload,
            key=self.keys.current,
            strength=self._strength_db,
        )
        return {"soundtrack": self._source, "on_sound": self._marker}

    def deliver(self, report: MarkReport, write: Callable[..., None], destination: Path) -> MarkReport:
        """Read the sound of a file back and encode it anew while it does not read; pictures go over as packets."""
        from pipeline.media.probe import probe
        from pipeline.watermark.sound.marker import STEP_UP

        if not self._is_marked:
            return replace(report, notes=(*report.notes, *([self._note] if self._note else [])))

        def write_and_read(strength_db: float) -> tuple[Any, MarkReading]:
            if strength_db != self._strength_db:
                self._strength_db = strength_db
                write(probe(destination), **self.export_options())
            reading = read_sound_track(destination, keys=self.keys.keys[:1])
            return self._marker, reading or MarkReading("none")

        tried = _until_read(write_and_read, self.payload, strength=self._strength_db, step=STEP_UP)
        return replace(
            report,
            marks=Marks.of(report.marks.picture, tried.reading),
            sound_strength_db=tried.strength,
            sound_snr_db=_finite(tried.marker.snr_db),
            notes=(*report.notes, *_notes(tried, self.payload, track="sound")),
        )


def _why_unmarked(clip: Clip, soundtrack: Path | None) -> str:
    from pipeline.media.audio import has_sound

    if soundtrack is not None or clip.audio is None:
        return ""
    if clip.audio.channels > MOST_CHANNELS:
        return SURROUND.format(channels=clip.audio.channels)
    return "" if has_sound(clip) else SILENT


def _finite(value_db: float) -> float:
    """JSON has no infinity: a track that was not changed at all says so by 200 dB."""
    return value_db if math.isfinite(value_db) else 200.0


def sample_lumas(clip: Clip) -> list[np.ndarray]:
    """A few runs of neighbouring luma planes spread over a clip, by seeking."""
    from pipeline.media.frames import read_frames

    starts_s = [clip.duration_s * index / STRENGTH_RUNS for index in range(STRENGTH_RUNS)]
    runs = (islice(read_frames(clip, start_s=start_s), STRENGTH_RUN_PICTURES) for start_s in starts_s)
    return [frame.luma.copy() for run in runs for frame in run]


# ------------------------------------------------------ stills and sounds
def mark_still(
    source: Path,
    destination: Path,
    *,
    settings: MarkSettings,
    keys: MarkKeys,
    payload: Payload | None = None,
    reserve: Reserve | None = None,
) -> MarkReport:
    """Write a still with the mark in it; it is read back and made stronger as a clip is."""
    from pipeline.media.stills import change_still, still_luma, still_size_px
    from pipeline.watermark.picture.marker import STEP_UP, PictureMarker, choose_strength

    payload = _id(payload, reserve)
    foreign = ForeignMarks(settings.adapters, keys)
    on_rgb = partial(foreign.mark_picture, payload=payload)
    width, height = still_size_px(source)
    aspect = Fraction(width, height)

    def write_and_read(strength: float) -> tuple[Any, MarkReading]:
        marker = PictureMarker(
            width, height, payload=payload, key=keys.current, strength=strength, display_aspect=aspect
        )
        change_still(source, destination, on_luma=marker, on_rgb=on_rgb if settings.adapters else None)
        return marker, read_still(destination, keys=keys.keys[:1])

    chosen = choose_strength([still_luma(source)], profile=settings.profile, display_aspect=aspect, still=True)
    tried = _until_read(write_and_read, payload, strength=chosen, step=STEP_UP)
    return MarkReport(
        payload=payload,
        strength=tried.strength,
        psnr_db=_finite(tried.marker.psnr_db),
        attempts=tried.count,
        marks=Marks.of(tried.reading, None),
        notes=_notes(tried, payload, track="picture"),
        beside=foreign.said(payload, picture=True, sound=False),
    )


def mark_sound(
    source: Path,
    destination: Path,
    *,
    settings: MarkSettings,
    keys: MarkKeys,
    payload: Payload | None = None,
    reserve: Reserve | None = None,
) -> MarkReport:
    """Write a sound file with the mark in it, at its own rate, channels and depth."""
    from pipeline.media.sounds import change_sound, open_sound
    from pipeline.watermark.sound.marker import STEP_UP, SoundMarker, choose_sound_strength

    payload = _id(payload, reserve)
    foreign = ForeignMarks(settings.adapters, keys)
    with open_sound(source) as sound:
        rate_hz, channels, duration_s = sound.samplerate, sound.channels, sound.frames / sound.samplerate

    def write_and_read(strength_db: float) -> tuple[Any, MarkReading]:
        marker = SoundMarker(rate_hz, channels, payload=payload, key=keys.current, strength=strength_db)
        change_sound(
            source,
            destination,
            change=lambda blocks: _through(marker, foreign.mark_sound(blocks, rate_hz, payload)),
        )
        return marker, read_sound_file(destination, keys=keys.keys[:1])

    chosen_db = choose_sound_strength(duration_s, profile=settings.profile)
    tried = _until_read(write_and_read, payload, strength=chosen_db, step=STEP_UP)
    return MarkReport(
        payload=payload,
        strength=0.0,
        psnr_db=0.0,
        attempts=tried.count,
        marks=Marks.of(None, tried.reading),
        sound_strength_db=tried.strength,
        sound_snr_db=_finite(tried.marker.snr_db),
        notes=_notes(tried, payload, track="sound"),
        beside=foreign.said(payload, picture=False, sound=True),
    )


def _through(marker: Any, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    for block in blocks:
        yield marker(block)
    yield marker.flush()
