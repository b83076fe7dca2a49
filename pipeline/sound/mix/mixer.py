"""Mix: stems with ducking, summed, brought to a loudness target and kept under a true-peak ceiling."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UnreadableInput, UsageError
from pipeline.files import replacing
from pipeline.records import STEM_NAMES, Loudness, Mix, StemName, Stems
from pipeline.sound.mix.ducking import DEPTH_DB, Automation, active_hops, automate, level_envelope
from pipeline.sound.mix.limiter import limit
from pipeline.sound.mix.loudness import PRESETS, LoudnessMeter, Preset

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

BLOCK_SAMPLES = 1 << 16
CHANNELS = 2
# deeper limiting is heard as pumping and dullness; the mix is delivered quieter instead (design: sound.md)
MAX_LIMITING_DB = 3.0
# true-peak meters differ by up to a tenth of a dB: aim a little lower than the ceiling
PEAK_MARGIN_DB = 0.1
# more would lift noise that was meant to be quiet
MAX_GAIN_DB = 24.0
# good enough to stop trying
LOUDNESS_TOLERANCE_LU, PEAK_TOLERANCE_DB = 0.02, 0.02
ATTEMPTS = 4
GATING_BLOCK_S = 0.4
# plain WAV counts its bytes in 32 bits
MAX_WAV_BYTES = 4_000_000_000


def mix(stems: Stems, destination: Path, *, preset: str = "web") -> Mix:
    """Sum stems into the finished soundtrack, a 24-bit WAV.

    Music and ambience are ducked under dialogue by automation, the sum gets one static gain towards the target
    loudness, and a look-ahead limiter holds the true peak. Where the target would need more than 3 dB of limiting
    (a few loud hits in silence), or more than 24 dB of gain, the mix is delivered quieter and `Loudness.warning` says
    so. A mix with nothing above -70 LUFS keeps its level. A clip shorter than 0.4 s is measured as one block.

    Parameters
    ----------
    stems : Stems
        Float WAV files; a silent stem is left out.
    destination : Path
        Where the mix goes; written beside and renamed when complete.
    preset : str
        Name of a delivery target in `PRESETS`.

    Raises
    ------
    UsageError
        When the preset is not known.
    UnreadableInput
        When a stem is missing, does not fit the others, or holds values that are not numbers.
    """
    if preset not in PRESETS:
        raise UsageError(f"There is no loudness preset {preset!r}; choose one of: {', '.join(PRESETS)}.")
    target = PRESETS[preset]
    ducking = plan_ducking(stems)
    before = _measure(stems, ducking)
    gain_db, limit_db = _first_gain(before, target)
    with replacing(destination) as beside:
        gain_db, after = _approach(stems, ducking, beside, target=target, gain_db=gain_db, limit_db=limit_db)
    log.debug("mixed %s: %.2f dB of gain, %s LUFS", destination.name, gain_db, after.integrated_lufs)
    return Mix(
        path=destination,
        loudness=Loudness(
            integrated_lufs=after.integrated_lufs,
            true_peak_dbtp=after.true_peak_dbtp,
            target_lufs=target.target_lufs,
            warning=_warning(stems, target, before=before, after=after, limit_db=limit_db),
        ),
        gain_db=gain_db,
        sample_rate_hz=stems.sample_rate_hz,
        samples=stems.samples,
    )


def plan_ducking(stems: Stems) -> Automation | None:
    """The automation that dialogue asks for, or None when there is no dialogue stem."""
    if "DX" not in stems.files:
        return None
    level = level_envelope(read_stem(stems, "DX"), sample_rate_hz=stems.sample_rate_hz)
    return automate(active_hops(level))


def ducked_stems(stems: Stems, ducking: Automation | None) -> Iterator[dict[StemName, np.ndarray]]:
    """Blocks of each stem with its automation, float64 [2, n]; their sum is the mix before gain and limiter."""
    readers = {name: read_stem(stems, name) for name in STEM_NAMES if name in stems.files}
    for start in range(0, stems.samples, BLOCK_SAMPLES):
        count = min(BLOCK_SAMPLES, stems.samples - start)
        blocks = {name: next(reader) for name, reader in readers.items()}
        if ducking is not None:
            for name, depth_db in DEPTH_DB.items():
                if name in blocks:
                    blocks[name] *= ducking.gain(
                        depth_db, start=start, samples=count, sample_rate_hz=stems.sample_rate_hz
                    )
        yield blocks


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


# --------------------------------------------------------------- mastering
def _premaster(stems: Stems, ducking: Automation | None, *, gain: float = 1.0) -> Iterator[np.ndarray]:
    import numpy as np

    for index, blocks in enumerate(ducked_stems(stems, ducking)):
        samples = min(BLOCK_SAMPLES, stems.samples - index * BLOCK_SAMPLES)
        yield gain * sum(blocks.values(), start=np.zeros((CHANNELS, samples)))


def _measure(stems: Stems, ducking: Automation | None) -> LoudnessMeter:
    meter = LoudnessMeter(stems.sample_rate_hz, CHANNELS)
    for block in _premaster(stems, ducking):
        meter.add(block)
    return meter


def _first_gain(before: LoudnessMeter, target: Preset) -> tuple[float, float]:
    """Gain to begin with and the largest gain allowed, dB; a mix without loudness or peak keeps its level."""
    loudness, peak = before.integrated_lufs, before.true_peak_dbtp
    if peak is None:
        return 0.0, 0.0
    if loudness is None:
        return 0.0, max(0.0, target.ceiling_dbtp + MAX_LIMITING_DB - peak)
    largest = min(target.ceiling_dbtp + MAX_LIMITING_DB - peak, MAX_GAIN_DB)
    return min(target.target_lufs - loudness, largest), largest


def _approach(
    stems: Stems, ducking: Automation | None, path: Path, *, target: Preset, gain_db: float, limit_db: float
) -> tuple[float, LoudnessMeter]:
    # limiting takes a little loudness away: measure what came out and correct the gain
    ceiling_db = target.ceiling_dbtp - PEAK_MARGIN_DB
    for attempt in range(1, ATTEMPTS + 1):
        after = _write(stems, ducking, path, gain_db=gain_db, ceiling_db=ceiling_db)
        loudness, peak = after.integrated_lufs, after.true_peak_dbtp
        if loudness is None or peak is None:
            break
        step_db = min(target.target_lufs - loudness, limit_db - gain_db)
        over_db = peak - target.ceiling_dbtp
        if (abs(step_db) <= LOUDNESS_TOLERANCE_LU and over_db <= PEAK_TOLERANCE_DB) or attempt == ATTEMPTS:
            break
        gain_db += step_db
        ceiling_db -= max(0.0, over_db)
    return gain_db, after


def _write(stems: Stems, ducking: Automation | None, path: Path, *, gain_db: float, ceiling_db: float) -> LoudnessMeter:
    import soundfile

    meter = LoudnessMeter(stems.sample_rate_hz, CHANNELS)
    blocks = limit(
        _premaster(stems, ducking, gain=10 ** (gain_db / 20)),
        sample_rate_hz=stems.sample_rate_hz,
        channels=CHANNELS,
        ceiling_db=ceiling_db,
    )
    kind = "RF64" if stems.samples * CHANNELS * 3 > MAX_WAV_BYTES else "WAV"
    with soundfile.SoundFile(path, "w", stems.sample_rate_hz, CHANNELS, subtype="PCM_24", format=kind) as sink:
        for block in blocks:
            meter.add(block)
            sink.write(block.T)
    return meter


def _warning(stems: Stems, target: Preset, *, before: LoudnessMeter, after: LoudnessMeter, limit_db: float) -> str:
    loudness = after.integrated_lufs
    if after.true_peak_dbtp is None:
        return "The mix is silent, so no loudness target applies."
    if before.integrated_lufs is None or loudness is None:
        return "Everything in the mix is quieter than -70 LUFS, so its level was left as it is."
    if abs(loudness - target.target_lufs) <= 0.1:
        short = stems.samples < GATING_BLOCK_S * stems.sample_rate_hz
        return "The clip is shorter than 0.4 s, so its loudness was measured over its whole length." if short else ""
    reason = (
        f"it is so quiet that more than {MAX_GAIN_DB:.0f} dB of gain would be needed"
        if limit_db >= MAX_GAIN_DB
        else f"its loudest peaks would need more than {MAX_LIMITING_DB:.0f} dB of limiting"
    )
    return f"The mix is at {loudness:.1f} LUFS instead of {target.target_lufs:.0f}: {reason}."
