"""Stems on their way to the mix: read, ducked under the clip's own sound, summed or written as they go in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UnreadableInput
from pipeline.files import replacing
from pipeline.records import STEM_NAMES, StemName, Stems
from pipeline.sound.mix.activity import Activity, find_activity
from pipeline.sound.mix.dip import Dip
from pipeline.sound.mix.ducking import DEPTH_DB, Automation, automate
from pipeline.sound.mix.loudness import STEPS_PER_SECOND, LoudnessMeter

if TYPE_CHECKING:
    import numpy as np

# what is said stays this far over the music and ambience under it, by loudness; chosen, as there is no norm
CLEAR_LU = 7.0
# a voice is not raised further than this: the noise of its recording comes up too
MAX_LIFT_DB = 12.0
BLOCK_SAMPLES = 1 << 16
CHANNELS = 2
# plain WAV counts its bytes in 32 bits
MAX_WAV_BYTES = 4_000_000_000
BYTES_PER_SAMPLE = {"PCM_24": 3, "FLOAT": 4}


def listen(stems: Stems) -> tuple[Activity | None, Automation | None]:
    """What goes on in the clip's own sound, and the automation that it asks for; nothing when it has none."""
    if "DX" not in stems.files:
        return None, None
    activity = find_activity(read_stem(stems, "DX"), sample_rate_hz=stems.sample_rate_hz)
    automation = automate(activity)
    return activity, replace(automation, lift_db=_lift_db(stems, activity, automation))


def plan_ducking(stems: Stems) -> Automation | None:
    """The automation that the clip's own sound asks for, or None when it has none."""
    return listen(stems)[1]


def _lift_db(stems: Stems, activity: Activity, automation: Automation) -> float:
    # a voice recorded far away would drown even in ducked music: how much is missing, dB
    import numpy as np

    files: dict[str, str] = {name: file for name, file in stems.files.items() if name == "DX" or name in DEPTH_DB}
    if len(files) < 2 or not activity.speech.any():
        return 0.0
    said, beds = (LoudnessMeter(stems.sample_rate_hz, CHANNELS, peaks=False) for _ in range(2))
    for blocks in ducked_stems(replace(stems, files=files), automation):
        said.add(blocks.pop("DX"))
        beds.add(sum(blocks.values(), start=np.zeros(1)))
    steps = activity.speech_steps(1 / STEPS_PER_SECOND)
    voice_lufs, beds_lufs = said.lufs_of(steps), beds.lufs_of(steps)
    if voice_lufs is None or beds_lufs is None:
        return 0.0
    return min(max(beds_lufs + CLEAR_LU - voice_lufs, 0.0), MAX_LIFT_DB)


def ducked_stems(stems: Stems, ducking: Automation | None) -> Iterator[dict[StemName, np.ndarray]]:
    """Blocks of each stem with its automation, float64 [2, n]; their sum is the mix before gain and limiter."""
    readers = {name: read_stem(stems, name) for name in STEM_NAMES if name in stems.files}
    moved = [
        name for name in readers if ducking is not None and (name in DEPTH_DB or (name == "DX" and ducking.lift_db))
    ]
    rate = stems.sample_rate_hz
    # without speech there is nothing to fade in, and the filter need not run
    dips = {name: Dip(rate, CHANNELS) for name in moved if name in DEPTH_DB and ducking and ducking.amount.any()}
    for start in range(0, stems.samples, BLOCK_SAMPLES):
        count = min(BLOCK_SAMPLES, stems.samples - start)
        blocks = {name: next(reader) for name, reader in readers.items()}
        for name in moved:
            assert ducking is not None
            if name in dips:
                amount = ducking.dip(start=start, samples=count, sample_rate_hz=rate)
                blocks[name] = dips[name](blocks[name], amount)
            blocks[name] = blocks[name] * ducking.gain(name, start=start, samples=count, sample_rate_hz=rate)
        yield blocks


def summed(stems: Stems, ducking: Automation | None, *, gain: float = 1.0) -> Iterator[np.ndarray]:
    """The mix before its limiter, float64 [2, n]."""
    import numpy as np

    for index, blocks in enumerate(ducked_stems(stems, ducking)):
        samples = min(BLOCK_SAMPLES, stems.samples - index * BLOCK_SAMPLES)
        yield gain * sum(blocks.values(), start=np.zeros((CHANNELS, samples)))


def write_final_stems(stems: Stems, ducking: Automation | None, folder: Path, *, gain_db: float) -> None:
    """Write stems as they are in the mix, float WAV: their sum is the mix before its limiter.

    Files of stems that are not there any more are taken away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    gain = 10 ** (gain_db / 20)
    for name in STEM_NAMES:
        if name not in stems.files:
            (folder / f"{name}.wav").unlink(missing_ok=True)
    with ExitStack() as stack:
        sinks = {
            name: open_wav(stack, folder / f"{name}.wav", stems, subtype="FLOAT")
            for name in STEM_NAMES
            if name in stems.files
        }
        for blocks in ducked_stems(stems, ducking):
            for name, block in blocks.items():
                sinks[name].write((gain * block).T)


def open_wav(stack: ExitStack, path: Path, stems: Stems, *, subtype: str) -> Any:
    """A stereo WAV as long as the stems, written beside and renamed when the stack is left without an error."""
    import soundfile

    beside = stack.enter_context(replacing(path))
    kind = "RF64" if stems.samples * CHANNELS * BYTES_PER_SAMPLE[subtype] > MAX_WAV_BYTES else "WAV"
    sink = soundfile.SoundFile(beside, "w", stems.sample_rate_hz, CHANNELS, subtype=subtype, format=kind)
    return stack.enter_context(sink)


def read_stem(stems: Stems, name: StemName) -> Iterator[np.ndarray]:
    """Blocks of one stem, float64 [2, n], after checking that the file is what the record says."""
    import numpy as np
    import soundfile

    path = stems.folder / stems.files[name]
    try:
        source = soundfile.SoundFile(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise UnreadableInput(f"The stem {name} cannot be read from {path}; render the stems again.") from error
    with source:
        if (source.samplerate, source.frames) != (stems.sample_rate_hz, stems.samples) or source.channels > CHANNELS:
            raise UnreadableInput(
                f"The stem {name} has another length, rate or channel count than the rest; render the stems again."
            )
        for block in source.blocks(BLOCK_SAMPLES, dtype="float64", always_2d=True):
            if not np.isfinite(block).all():
                raise UnreadableInput(f"The stem {name} holds values that are not numbers; render the stems again.")
            yield np.repeat(block.T, CHANNELS // source.channels, axis=0)
