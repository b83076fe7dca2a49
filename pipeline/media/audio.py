"""Sound of a clip as float32 [channels, samples], aligned with the clip's time zero; WAV files in and out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UnreadableInput
from pipeline.files import replacing
from pipeline.media.container import decode, open_input, packets
from pipeline.media.probe import probe
from pipeline.records import Clip

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

SAMPLE_RATE_HZ = 48_000
BLOCK_SAMPLES = 65_536
# Timestamps jitter by less than this; a larger step is a real gap (a dropped packet) and becomes silence.
GAP_S = 0.02
# -60 dBFS: below the noise of any microphone, above dither and the residue of codecs
AUDIBLE = 1e-3


def iter_audio(source: Path | Clip, *, sample_rate_hz: int = SAMPLE_RATE_HZ, channels: int = 2) -> Iterator[np.ndarray]:
    """Decode the first sound track block by block.

    Yields
    ------
    numpy.ndarray
        float32 [channels, n]; sample 0 lies at the clip's time zero, gaps are silence. Nothing for a clip
        without sound. Surround is folded as ITU-R BS.775 has it: the centre, where people speak, and the sides
        come in at -3 dB, the LFE stays out; nothing is clipped, so samples may exceed 1.
    """
    clip = source if isinstance(source, Clip) else probe(source)
    if clip.audio is None:
        return
    with open_input(clip.path) as container:
        stream = container.streams.audio[0]
        position = 0
        for start_s, block in _resampled(container, stream, sample_rate_hz, channels):
            wanted = round(float(start_s - clip.origin_s) * sample_rate_hz)
            yield from _silence(wanted - position, channels, sample_rate_hz)
            position = max(position, wanted) if wanted - position > GAP_S * sample_rate_hz else position
            if wanted < position - GAP_S * sample_rate_hz:
                block = block[:, position - wanted :]  # sound before the clip's zero, or an overlap
            position += block.shape[1]
            if block.shape[1]:
                yield block


def read_audio(source: Path | Clip, *, sample_rate_hz: int = SAMPLE_RATE_HZ, channels: int = 2) -> np.ndarray:
    """All of a clip's sound, float32 [channels, samples]; [channels, 0] when it has none."""
    import numpy as np

    blocks = list(iter_audio(source, sample_rate_hz=sample_rate_hz, channels=channels))
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((channels, 0), np.float32)


def has_sound(clip: Clip) -> bool:
    """Whether anything can be heard: many generators write a sound track that is silent from end to end."""
    return any(abs(block).max() > AUDIBLE for block in iter_audio(clip, channels=1))


def write_wav(
    destination: Path, blocks: Iterator[np.ndarray], *, sample_rate_hz: int = SAMPLE_RATE_HZ, channels: int = 2
) -> None:
    """Write float32 [channels, n] blocks as a float WAV (RF64 beyond 4 GB), whole or not at all."""
    import soundfile

    with (
        replacing(destination) as beside,
        soundfile.SoundFile(beside, "w", sample_rate_hz, channels, subtype="FLOAT", format="RF64") as target,
    ):
        for block in blocks:
            target.write(block.T)


def iter_wav(
    path: Path, *, block_samples: int = BLOCK_SAMPLES, sample_rate_hz: int | None = None
) -> Iterator[np.ndarray]:
    """Read a WAV in blocks, float32 [channels, n], at its own rate or at another that is asked for."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as source:
            blocks = (block.T for block in source.blocks(block_samples, dtype="float32", always_2d=True))
            if sample_rate_hz in (None, source.samplerate):
                yield from blocks
            else:
                yield from _turned(blocks, source, sample_rate_hz)
    except soundfile.LibsndfileError as error:
        raise UnreadableInput(f"{path.name} is not a sound file that can be read: {error}.") from error


def _turned(blocks: Iterator[np.ndarray], source: Any, sample_rate_hz: int) -> Iterator[np.ndarray]:
    # another rate, block by block; a sample keeps its time, and there are as many as the length wants
    import av
    import numpy as np

    layout = {1: "mono", 2: "stereo"}.get(source.channels)
    if layout is None:
        raise UnreadableInput(f"{Path(source.name).name} has {source.channels} channels; fold it to stereo first.")
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=sample_rate_hz)
    left = round(Fraction(source.frames * sample_rate_hz, source.samplerate))
    for block in _with_flush(blocks):
        frame = None
        if block is not None:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = source.samplerate, None
        for turned in resampler.resample(frame):
            array = turned.to_ndarray()[:, :left]
            left -= array.shape[1]
            yield array
    if left:
        yield np.zeros((source.channels, left), np.float32)


def read_wav(path: Path) -> np.ndarray:
    """A whole WAV, float32 [channels, samples]."""
    import numpy as np

    blocks = list(iter_wav(path))
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((2, 0), np.float32)


def resample(samples: np.ndarray, *, from_hz: int, to_hz: int) -> np.ndarray:
    """Change the rate of a whole signal, float32 [channels, samples], by torchaudio's windowed sinc.

    Source: torchaudio.functional.resample (Kaiser window of 64 zero crossings: flat to 0.95 of Nyquist).
    """
    import numpy as np
    import torch

    from pipeline.media.torchaudio_import import torchaudio

    if from_hz == to_hz:
        return samples
    audio, _ = torchaudio()
    tensor = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
    turned = audio.functional.resample(
        tensor, from_hz, to_hz, lowpass_filter_width=64, rolloff=0.95, resampling_method="sinc_interp_kaiser"
    )
    return turned.numpy()


def _resampled(container: Any, stream: Any, sample_rate_hz: int, channels: int) -> Iterator[tuple[Fraction, Any]]:
    """Decoded blocks with the start time of each on the container's clock."""
    import av

    layout = {1: "mono", 2: "stereo"}[channels]
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=sample_rate_hz)
    start: Fraction | None = None
    given = 0  # samples since `start`
    for packet in _with_flush(packets(container, stream)):
        for frame in decode(stream, packet):
            begins = frame.pts * frame.time_base if frame.pts is not None else None
            if begins is not None and (start is None or abs(float(begins - start) - given / sample_rate_hz) > GAP_S):
                start, given = Fraction(begins), 0
            frame.pts = None  # the resampler would otherwise drop what does not follow on exactly
            for block in resampler.resample(frame):
                array = block.to_ndarray()
                yield (start or Fraction(0)) + Fraction(given, sample_rate_hz), array
                given += array.shape[1]
    for block in resampler.resample(None):
        array = block.to_ndarray()
        yield (start or Fraction(0)) + Fraction(given, sample_rate_hz), array
        given += array.shape[1]


def _with_flush(source: Iterator[Any]) -> Iterator[Any]:
    yield from source
    yield None


def _silence(samples: int, channels: int, sample_rate_hz: int) -> Iterator[np.ndarray]:
    import numpy as np

    if samples <= GAP_S * sample_rate_hz:
        return
    while samples > 0:
        count = min(samples, BLOCK_SAMPLES)
        yield np.zeros((channels, count), np.float32)
        samples -= count
