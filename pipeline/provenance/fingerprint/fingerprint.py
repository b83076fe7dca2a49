"""The fingerprint of a finished file: what its credentials say of its content, and the sketch kept beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.provenance.fingerprint import codes
from pipeline.provenance.fingerprint.pictures import (
    GRID,
    RATE_HZ,
    SIDE_PX,
    Pictures,
    averaged,
    is_flat,
    sample,
    without_bars,
)
from pipeline.provenance.fingerprint.sketch import pack, sketch_of
from pipeline.provenance.manifest.labels import FINGERPRINT, SKETCH
from pipeline.provenance.repository.records import CodeSegment
from pipeline.records import Clip

# in the C2PA list of soft binding algorithms
ALGORITHM = FINGERPRINT
# of our own: the value is the SHA-256 of the sketch
SKETCH_ALGORITHM = SKETCH
# long enough to tell clips apart, short enough that a trimmed copy of three seconds holds a whole one
SEGMENT_S = 2.0
# a copy cut anywhere is at most half of it off
STEP_S = 1.0
# blocks in one manifest; longer files step wider
MOST_SEGMENTS = 900
# asking is denser than what is kept: then no copy is more than this half off
ASKED_STEP_S = 0.6
# a stretch speaks when at least this share of its pictures show something
LEAST_TELLING = 0.5
# a still is shown for no time, and a stretch has to have some
STILL_S = 0.001
# what a sound has to reach somewhere to be printed; -54 dBFS
LEAST_LEVEL = 0.002

PLAIN = "Its pictures are too plain to tell it from others, so it has no fingerprint of the picture."
QUIET = "Its sound is too quiet or too short for a fingerprint."


@dataclass(frozen=True)
class Fingerprint:
    """Codes of a file's content and its sketch."""

    duration_s: float
    # value of the soft binding of the whole: the unit of its pictures, then that of its sound, as far as there are
    whole: bytes
    segments: tuple[CodeSegment, ...] = ()
    # packed; its SHA-256 stands in the signed manifest
    sketch: bytes = b""
    # what could not be fingerprinted, a sentence each
    notes: tuple[str, ...] = ()

    @property
    def blocks(self) -> tuple[tuple[float | None, float | None, str], ...]:
        """(start_s, end_s, value as hex) of each block of the soft binding, the whole first."""
        if not self.whole:
            return ()
        parts = tuple((one.start_s, one.end_s, one.code.hex()) for one in self.segments)
        return ((None, None, self.whole.hex()), *parts)

    @property
    def sketch_sha256(self) -> str:
        """What the signed manifest says of the sketch; empty without one."""
        return hashlib.sha256(self.sketch).hexdigest() if self.sketch else ""


def fingerprint_clip(clip: Clip, *, pictures: Pictures | None = None) -> Fingerprint:
    """The fingerprint of a clip, pictures and sound; decodes it unless its pictures are given.

    Raises
    ------
    UnreadableInput
        When the clip cannot be decoded or the bundled ffmpeg is missing.
    """
    from pipeline.media.frames import read_frames

    pictures = pictures or sample(read_frames(clip), aspect=float(clip.video.display_aspect))
    return fingerprint_of(pictures, clip_prints(clip) if clip.audio else None)


def fingerprint_of(pictures: Pictures, prints: np.ndarray | None) -> Fingerprint:
    """The fingerprint of sampled pictures and of a sound's chromaprint int32 [n] (None without sound)."""
    telling = ~pictures.is_flat
    whole, notes = b"", []
    if telling.any():
        whole += codes.unit("video", codes.video_code(pictures.signatures[telling]))
    else:
        notes.append(PLAIN)
    if prints is not None and len(prints):
        whole += codes.unit("audio", codes.audio_code(prints))
    elif prints is not None:
        notes.append(QUIET)
    segments = tuple(windows(pictures, step_s=STEP_S)) if telling.any() else ()
    sketch = sketch_of(pictures, prints)
    packed = pack(sketch) if len(sketch.times_s) or len(sketch.prints) else b""
    return Fingerprint(pictures.duration_s, whole, segments, packed, tuple(notes))


def windows(pictures: Pictures, *, step_s: float, mirrored: bool = False) -> Iterator[CodeSegment]:
    """Codes of stretches of two seconds, the last one up to the end; plain stretches are passed over."""
    signatures = pictures.mirrored if mirrored else pictures.signatures
    count, length = len(signatures), round(SEGMENT_S * RATE_HZ)
    step = max(round(step_s * RATE_HZ), -(-count // MOST_SEGMENTS))
    starts = list(range(0, max(count - length, 0) + 1, step))
    if count > length and starts[-1] != count - length:
        starts.append(count - length)
    for start in starts:
        end = min(start + length, count)
        telling = ~pictures.is_flat[start:end]
        if telling.mean() >= LEAST_TELLING:
            code = codes.video_code(signatures[start:end][telling])
            end_s = min(end / RATE_HZ, max(pictures.duration_s, (start + 1) / RATE_HZ))
            yield CodeSegment(start / RATE_HZ, end_s, codes.unit("video", code))


def fingerprint_still(path: Path) -> Fingerprint:
    """The fingerprint of a still; errors as `pipeline.media.stills.still_luma`."""
    pictures = still_pictures(path)
    if pictures.is_flat[0]:
        return Fingerprint(0.0, b"", notes=(PLAIN,))
    grey = averaged(pictures.grids, codes.IMAGE_SIDE)[0]
    value = codes.unit("image", codes.image_code(grey))
    return Fingerprint(0.0, value, (CodeSegment(0.0, STILL_S, value),), pack(sketch_of(pictures)))


def still_pictures(path: Path) -> Pictures:
    """A still as the one picture of a clip without length; it has no signatures."""
    import cv2

    from pipeline.media.stills import still_luma

    luma = still_luma(path)
    small = cv2.resize(luma, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    inner, share = without_bars(small[None])
    grids = averaged(inner, GRID)
    aspects = np.array([luma.shape[1] / luma.shape[0] * share])
    none = np.zeros((1, 0), np.uint8)
    return Pictures(np.zeros(1), none, none, is_flat(grids), grids, aspects, 0.0)


def fingerprint_sound(path: Path) -> Fingerprint:
    """The fingerprint of a sound file; errors as `pipeline.media.sounds.iter_sound`."""
    prints, duration_s = file_prints(path)
    if not len(prints):
        return Fingerprint(duration_s, b"", notes=(QUIET,))
    value = codes.unit("audio", codes.audio_code(prints))
    sketch = pack(sketch_of(None, prints))
    return Fingerprint(duration_s, value, (CodeSegment(0.0, duration_s, value),), sketch)


def clip_prints(clip: Clip) -> np.ndarray:
    """Chromaprint int32 [n] of a clip's sound; none when it is too quiet."""
    from pipeline.media.audio import iter_audio
    from pipeline.media.frame_signatures import PRINT_RATE_HZ

    return _prints(iter_audio(clip, sample_rate_hz=PRINT_RATE_HZ, channels=1))


def file_prints(path: Path) -> tuple[np.ndarray, float]:
    """Chromaprint int32 [n] of a sound file, and its length in seconds."""
    from pipeline.media.audio import resample
    from pipeline.media.frame_signatures import PRINT_RATE_HZ
    from pipeline.media.sounds import iter_sound, open_sound

    with open_sound(path) as sound:
        rate_hz, duration_s = sound.samplerate, len(sound) / sound.samplerate
    # block by block: what is lost at their seams is far below what a print sees
    blocks = (
        resample(block.mean(axis=0, keepdims=True), from_hz=rate_hz, to_hz=PRINT_RATE_HZ) for block in iter_sound(path)
    )
    return _prints(blocks), duration_s


def _prints(blocks: Iterable[np.ndarray]) -> np.ndarray:
    from pipeline.media.frame_signatures import sound_print

    loudest = 0.0

    def watched() -> Iterator[np.ndarray]:
        nonlocal loudest
        for block in blocks:
            loudest = max(loudest, float(np.abs(block).max(initial=0.0)))
            yield block

    prints = sound_print(watched())
    return prints if loudest >= LEAST_LEVEL else prints[:0]
