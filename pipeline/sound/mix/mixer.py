"""Mix: stems with ducking, summed, brought to a loudness target and kept under a true-peak ceiling.

The order of things: clip gain, pan and the answer of the place (`render`, `space`), ducking and the dip under speech,
the sum, one static gain, the limiter; then everything is measured again on what came out.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.records import Loudness, Mix, Stems
from pipeline.sound.mix.buses import (
    CHANNELS,
    ducked_stems,
    listen,
    open_wav,
    plan_ducking,
    read_stem,
    summed,
    write_final_stems,
)
from pipeline.sound.mix.ducking import Automation
from pipeline.sound.mix.limiter import Limiter
from pipeline.sound.mix.loudness import STEPS_PER_BLOCK, STEPS_PER_SECOND, LoudnessMeter
from pipeline.sound.mix.presets import Preset, preset_named

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ducked_stems", "mix", "plan_ducking", "read_stem"]

log = logging.getLogger(__name__)

# deeper limiting is heard as pumping and dullness; the mix is delivered quieter instead (design: sound.md)
MAX_LIMITING_DB = 3.0
# true-peak meters differ by up to a tenth of a dB: aim a little lower than the ceiling
PEAK_MARGIN_DB = 0.1
# more would lift noise that was meant to be quiet
MAX_GAIN_DB = 24.0
# good enough to stop trying
LOUDNESS_TOLERANCE_LU, PEAK_TOLERANCE_DB = 0.02, 0.02
ATTEMPTS = 4
# further than this from the target, and the person is told
TOLD_LU = 0.1
GATING_BLOCK_S = STEPS_PER_BLOCK / STEPS_PER_SECOND
# sides that have nothing in common lose 3 LU in mono, give or take what chance does in a few seconds; more is cancelled
MONO_LOSS_LU = 3.3


@dataclass(frozen=True)
class _Goal:
    """What a mix is to reach."""

    preset: Preset
    target_lufs: float
    # steps of 100 ms with speech in them, bool; None when the whole programme counts
    speech: np.ndarray | None

    def lufs(self, meter: LoudnessMeter) -> float | None:
        """The figure that has to meet the target."""
        return meter.integrated_lufs if self.speech is None else meter.lufs_of(self.speech)


def mix(
    stems: Stems,
    destination: Path,
    *,
    preset: str = "web",
    final_stems: Path | None = None,
    float_copy: Path | None = None,
) -> Mix:
    """Sum stems into the finished soundtrack, a 24-bit WAV.

    Music and ambience are ducked under the clip's own sound by automation, more under speech than under anything else;
    where what is said would still drown in them, the clip's own sound is raised, by 12 dB at most. The sum gets one
    static gain towards the target loudness, and a look-ahead limiter holds the true peak. Where the target would need
    more than 3 dB of limiting (a few loud hits in silence), or more than 24 dB of gain, the mix is delivered quieter
    and `Loudness.warning` says so. A mix with nothing above -70 LUFS keeps its level. A clip shorter than 0.4 s is
    measured as one block.

    Parameters
    ----------
    stems : Stems
        Float WAV files; a silent stem is left out.
    destination : Path
        Where the mix goes; written beside and renamed when complete.
    preset : str
        A delivery target or platform that `preset_named` knows. A target over the dialogue is measured where somebody
        speaks in the clip's own sound, and over the programme when nobody does; the warning says so then.
    final_stems : Path, optional
        Folder for the stems after ducking and gain, float WAV; their sum is the mix before its limiter.
    float_copy : Path, optional
        Where the mix goes once more, as 32-bit float WAV.

    Raises
    ------
    UsageError
        When the preset is not known.
    UnreadableInput
        When a stem is missing, does not fit the others, or holds values that are not numbers.
    """
    wanted = preset_named(preset)
    activity, ducking = listen(stems)
    speech = activity.speech_steps(1 / STEPS_PER_SECOND) if activity else None
    goal = _goal(wanted, speech, stems)
    before = _measure(stems, ducking)
    gain_db, limit_db = _first_gain(before, goal)
    with ExitStack() as stack:
        sinks = [open_wav(stack, destination, stems, subtype="PCM_24")]
        if float_copy:
            sinks.append(open_wav(stack, float_copy, stems, subtype="FLOAT"))
        gain_db, after, limiting_db = _approach(stems, ducking, sinks, goal=goal, gain_db=gain_db, limit_db=limit_db)
        if final_stems:
            write_final_stems(stems, ducking, final_stems, gain_db=gain_db)
    log.debug("mixed %s: %.2f dB of gain, %s LUFS", destination.name, gain_db, after.integrated_lufs)
    return Mix(
        path=destination,
        loudness=Loudness(
            integrated_lufs=after.integrated_lufs,
            true_peak_dbtp=after.true_peak_dbtp,
            target_lufs=goal.target_lufs,
            warning=_warning(stems, goal, before=before, after=after, limit_db=limit_db),
            range_lu=after.range_lu,
            momentary_max_lufs=after.momentary_max_lufs,
            short_term_max_lufs=after.short_term_max_lufs,
            dialogue_lufs=after.lufs_of(speech) if speech is not None else None,
            gate="programme" if goal.speech is None else "dialogue",
            mono_loss_lu=after.mono_loss_lu,
            limiting_db=limiting_db,
        ),
        gain_db=gain_db,
        sample_rate_hz=stems.sample_rate_hz,
        samples=stems.samples,
    )


# --------------------------------------------------------------- mastering
def _goal(preset: Preset, speech: np.ndarray | None, stems: Stems) -> _Goal:
    steps = 0 if speech is None else int(speech.sum())
    whole = max(1.0, stems.samples / stems.sample_rate_hz * STEPS_PER_SECOND)
    enough = steps >= STEPS_PER_BLOCK and steps / whole >= preset.least_speech
    if preset.gate == "dialogue" and enough:
        return _Goal(preset, preset.target_lufs, speech)
    speechless = preset.speechless_lufs if preset.gate == "dialogue" else None
    return _Goal(preset, preset.target_lufs if speechless is None else speechless, None)


def _measure(stems: Stems, ducking: Automation | None) -> LoudnessMeter:
    meter = LoudnessMeter(stems.sample_rate_hz, CHANNELS)
    for block in summed(stems, ducking):
        meter.add(block)
    return meter


def _first_gain(before: LoudnessMeter, goal: _Goal) -> tuple[float, float]:
    """Gain to begin with and the largest gain allowed, dB; a mix without loudness or peak keeps its level."""
    loudness, peak = goal.lufs(before), before.true_peak_dbtp
    if peak is None:
        return 0.0, 0.0
    most = goal.preset.ceiling_dbtp - PEAK_MARGIN_DB + MAX_LIMITING_DB - peak
    if loudness is None:
        return 0.0, max(0.0, most)
    largest = min(most, MAX_GAIN_DB)
    return min(goal.target_lufs - loudness, largest), largest


def _approach(
    stems: Stems, ducking: Automation | None, sinks: list, *, goal: _Goal, gain_db: float, limit_db: float
) -> tuple[float, LoudnessMeter, float]:
    # limiting takes a little loudness away: measure what came out and correct the gain
    ceiling_db = goal.preset.ceiling_dbtp - PEAK_MARGIN_DB
    for attempt in range(1, ATTEMPTS + 1):
        after, limiting_db = _write(stems, ducking, sinks, gain_db=gain_db, ceiling_db=ceiling_db)
        loudness, peak = goal.lufs(after), after.true_peak_dbtp
        if loudness is None or peak is None:
            break
        step_db = min(goal.target_lufs - loudness, limit_db - gain_db)
        over_db = peak - goal.preset.ceiling_dbtp
        if (abs(step_db) <= LOUDNESS_TOLERANCE_LU and over_db <= PEAK_TOLERANCE_DB) or attempt == ATTEMPTS:
            break
        gain_db += step_db
        ceiling_db -= max(0.0, over_db)
    return gain_db, after, limiting_db


def _write(
    stems: Stems, ducking: Automation | None, sinks: list, *, gain_db: float, ceiling_db: float
) -> tuple[LoudnessMeter, float]:
    meter = LoudnessMeter(stems.sample_rate_hz, CHANNELS)
    limiter = Limiter(stems.sample_rate_hz, CHANNELS, ceiling_db=ceiling_db)

    def take(block: np.ndarray) -> None:
        meter.add(block)
        for sink in sinks:
            sink.write(block.T)

    for sink in sinks:
        sink.seek(0)
    for block in summed(stems, ducking, gain=10 ** (gain_db / 20)):
        take(limiter.add(block))
    take(limiter.flush())
    return meter, limiter.reduction_db


# ---------------------------------------------------------------- warnings
def _warning(stems: Stems, goal: _Goal, *, before: LoudnessMeter, after: LoudnessMeter, limit_db: float) -> str:
    if after.true_peak_dbtp is None:
        return "The mix is silent, so no loudness target applies."
    if before.integrated_lufs is None or goal.lufs(after) is None:
        return "Everything in the mix is quieter than -70 LUFS, so its level was left as it is."
    found = [_about_target(stems, goal, goal.lufs(after), limit_db), _about_speech(goal), _about_mono(after)]
    return " ".join(filter(None, found))


def _about_target(stems: Stems, goal: _Goal, loudness: float | None, limit_db: float) -> str:
    if loudness is None or abs(loudness - goal.target_lufs) <= TOLD_LU:
        short = stems.samples < GATING_BLOCK_S * stems.sample_rate_hz
        return "The clip is shorter than 0.4 s, so its loudness was measured over its whole length." if short else ""
    what = "The mix" if goal.speech is None else "What is said in the mix"
    if limit_db >= MAX_GAIN_DB:
        reason = f"it is so quiet that more than {MAX_GAIN_DB:.0f} dB of gain would be needed"
    else:
        reason = f"its loudest peaks would need more than {MAX_LIMITING_DB:.0f} dB of limiting"
    return f"{what} is at {loudness:.1f} LUFS instead of {goal.target_lufs:.0f}: {reason}."


def _about_speech(goal: _Goal) -> str:
    if goal.preset.gate == "programme" or goal.speech is not None:
        return ""
    share = f"less than {goal.preset.least_speech:.0%} of the clip is speech" if goal.preset.least_speech else ""
    reason = share or "nobody speaks in the clip"
    return f"The target is meant for dialogue, but {reason}: the whole mix was brought to {goal.target_lufs:.0f} LUFS."


def _about_mono(after: LoudnessMeter) -> str:
    loss_lu = after.mono_loss_lu
    if loss_lu is None or loss_lu <= MONO_LOSS_LU:
        return ""
    return f"The mix loses {loss_lu:.1f} LU when its two sides are played as one: something in it cancels."
