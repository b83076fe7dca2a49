"""Recordings as files: what one is, and any part of it as float32 [channels, samples] at its own rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UnreadableInput, UsageError
from pipeline.files import replacing

if TYPE_CHECKING:
    import numpy as np

# kinds that are written without loss
WRITABLE = {".wav": "WAV", ".flac": "FLAC"}
BLOCK_SAMPLES = 65_536
SUFFIXES = frozenset((".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".mp3", ".aif", ".aiff"))
RATES_HZ = (4_000, 384_000)
MAX_CHANNELS = 64
# a day: longer is a damaged header
MAX_DURATION_S = 86_400


@contextmanager
def open_sound(path: Path) -> Iterator[Any]:
    """A `soundfile.SoundFile` for reading.

    Raises
    ------
    UnreadableInput
        It is missing or empty, no sound, or of a rate, length or number of channels that no recording has.
    """
    import soundfile

    try:
        sound = soundfile.SoundFile(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise UnreadableInput(f"{path.name} is no sound file that can be read; convert it to WAV or FLAC.") from error
    with sound:
        rate, channels, frames = sound.samplerate, sound.channels, sound.frames
        if not RATES_HZ[0] <= rate <= RATES_HZ[1] or channels > MAX_CHANNELS or frames > MAX_DURATION_S * rate:
            raise UnreadableInput(f"{path.name} has an impossible rate, length or channel count; convert it anew.")
        if frames <= 0:
            raise UnreadableInput(f"{path.name} holds no sound.")
        yield sound


def read_part(sound: Any, start: int, count: int) -> np.ndarray:
    """Samples of an open sound, float32 [channels, count]; silence where it has none.

    Raises
    ------
    UnreadableInput
        The file is cut off or damaged there, or holds values that are not numbers.
    """
    import numpy as np
    import soundfile

    first, last = min(max(start, 0), sound.frames), min(max(start + count, 0), sound.frames)
    if first == last:
        return np.zeros((sound.channels, count), np.float32)
    try:
        sound.seek(first)
        part = sound.read(last - first, dtype="float32", always_2d=True).T
    except soundfile.LibsndfileError as error:
        raise UnreadableInput(f"{Path(sound.name).name} is damaged; copy or download it again.") from error
    if part.shape[1] < last - first:
        raise UnreadableInput(f"{Path(sound.name).name} is cut off; copy or download it again.")
    if not np.isfinite(part).all():
        raise UnreadableInput(f"{Path(sound.name).name} holds values that are not numbers; export it again.")
    return np.pad(part, ((0, 0), (first - start, start + count - last))) if last - first < count else part


def iter_sound(path: Path) -> Iterator[np.ndarray]:
    """A sound file block by block at its own rate, float32 [channels, n]; errors as `open_sound`."""
    with open_sound(path) as sound:
        for start in range(0, sound.frames, BLOCK_SAMPLES):
            yield read_part(sound, start, min(BLOCK_SAMPLES, sound.frames - start))


def change_sound(
    source: Path, destination: Path, *, change: Callable[[Iterator[np.ndarray]], Iterator[np.ndarray]]
) -> None:
    """Write a sound file anew with its rate, channels and depth.

    Parameters
    ----------
    destination
        .wav or .flac, whole or not at all.
    change
        Gets the blocks, float32 [channels, n], and yields the changed ones.

    Raises
    ------
    UnreadableInput
        As `open_sound`.
    UsageError
        A destination of another kind.
    """
    import soundfile

    suffix = destination.suffix.lower()
    if suffix not in WRITABLE:
        raise UsageError(f"A sound is written as .wav or .flac, not {suffix or 'a file without a suffix'!r}.")
    with open_sound(source) as sound:
        rate_hz, channels, depth, tags = sound.samplerate, sound.channels, sound.subtype, sound.copy_metadata()
    kind = WRITABLE[suffix]
    depth = depth if soundfile.check_format(kind, depth) else "PCM_24"
    with (
        replacing(destination) as beside,
        soundfile.SoundFile(beside, "w", rate_hz, channels, subtype=depth, format=kind) as target,
    ):
        for name, text in tags.items():
            setattr(target, name, text)
        for block in change(iter_sound(source)):
            target.write(block.T)
