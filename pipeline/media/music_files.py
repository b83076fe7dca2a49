"""A track of music of any usual kind as something that can be read anywhere in it, sample by sample."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import UnreadableInput
from pipeline.media.container import decode, open_input, packets
from pipeline.media.sounds import open_sound

# what libsndfile reads and seeks in to the sample; the rest is decoded once into a WAV
_SEEKABLE = frozenset((".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".aif", ".aiff"))
# rates that meet 44.1, 48 and 96 kHz on a grid coarse enough for short resampling filters
_STEP_HZ, _ODD_RATE_HZ = 25, 48_000
LONGEST_S = 3 * 3600


@contextmanager
def open_music(path: Path) -> Iterator[Any]:
    """A `soundfile.SoundFile` of WAV, FLAC, MP3, M4A/AAC or OGG that seeks to the sample.

    What cannot seek by itself is decoded into a float WAV in a temporary folder first, block by block; at most two
    channels, with the encoder's lead-in taken off as players do.

    Raises
    ------
    UnreadableInput
        It is missing, no sound, damaged, or longer than three hours.
    """
    if path.suffix.lower() in _SEEKABLE:
        with open_sound(path) as sound:
            if sound.frames > LONGEST_S * sound.samplerate:
                raise UnreadableInput(f"{path.name} is longer than three hours; cut out what is wanted.")
            if sound.samplerate % _STEP_HZ == 0:
                yield sound
                return
    with tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
        decoded = Path(folder) / "track.wav"
        _decode(path, decoded)
        with open_sound(decoded) as sound:
            yield sound


def _decode(path: Path, destination: Path) -> None:
    import av
    import soundfile

    with open_input(path) as container:
        if not container.streams.audio:
            raise UnreadableInput(f"{path.name} holds no sound; give a track of music.")
        stream = container.streams.audio[0]
        rate = stream.rate if stream.rate and stream.rate % _STEP_HZ == 0 else _ODD_RATE_HZ
        turned = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
        with soundfile.SoundFile(destination, "w", rate, 2, subtype="FLOAT", format="RF64") as target:
            early = None
            for packet in _with_flush(packets(container, stream)):
                for frame in decode(stream, packet):
                    if early is None:
                        early = _early_samples(frame, rate)
                    frame.pts = None
                    early = _write(target, turned.resample(frame), early, path)
            _write(target, turned.resample(None), early or 0, path)


def _with_flush(source: Iterator[Any]) -> Iterator[Any]:
    yield from source
    yield None


def _early_samples(frame: Any, rate_hz: int) -> int:
    # what lies before time zero is the encoder's lead-in, which players do not play
    return round(-frame.pts * frame.time_base * rate_hz) if frame.pts is not None and frame.pts < 0 else 0


def _write(target: Any, blocks: list[Any], early: int, path: Path) -> int:
    """Write blocks without what is left of the lead-in; returns what is left of it after them."""
    for block in blocks:
        samples = block.to_ndarray()
        target.write(samples[:, early:].T)
        early = max(early - samples.shape[1], 0)
    if target.tell() > LONGEST_S * target.samplerate:
        raise UnreadableInput(f"{path.name} is longer than three hours; cut out what is wanted.")
    return early
