"""The loudness report: what was measured, over time and against each rule of the delivery target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UnreadableInput
from pipeline.records import Loudness, Mix
from pipeline.sound.deliver.timecode import timecode
from pipeline.sound.mix.mixer import MONO_LOSS_LU

if TYPE_CHECKING:
    import numpy as np

BLOCK_SAMPLES = 1 << 16
CHANNELS = 2
# the meter works in steps of 100 ms; a curve of more points than this cannot be told from a finer one
METER_STEP_S = 0.1
MOST_POINTS = 1500
# what two meters may differ by (EBU Tech 3341 allows 0.1 LU; true peak ITU-R BS.1770-4, annex 2)
METER_LU, METER_DB = 0.1, 0.1
# how far from the target a programme may be, and who says so
TOLERANCE_LU = {"ebu": 0.5, "atsc": 2.0, "tv-streaming": 2.0, "podcast": 1.0, "web": 1.0}
SOURCES = {
    "ebu": "EBU R 128",
    "atsc": "ATSC A/85",
    "tv-streaming": "Netflix and Amazon, delivery specifications",
    "podcast": "Apple Podcasts, audio requirements",
    "web": "advice: platforms turn down what is louder and refuse nothing",
}
# programmes of broadcasters
_TELEVISION = ("ebu", "atsc", "tv-streaming")
# up to this length a programme is short-form, and its loudest three seconds are limited too
SHORT_FORM_S, SHORT_FORM_LUFS = 30.0, -18.0
RANGE_LU = (4.0, 18.0)
# of a shorter programme a range says nothing (EBU Tech 3342)
RANGE_LEAST_S = 60.0


@dataclass(frozen=True)
class Rule:
    """One line of a quality check."""

    name: str
    measured: str
    allowed: str
    # None where it does not apply, e.g. to silence
    passed: bool | None
    # False for advice that nobody refuses a programme for
    is_required: bool
    source: str


@dataclass(frozen=True)
class Series:
    """Loudness over time, LUFS; None where it is below -70 or not measured yet."""

    step_s: float
    # loudest within each step
    momentary_lufs: tuple[float | None, ...]
    short_term_lufs: tuple[float | None, ...]


@dataclass(frozen=True)
class LoudnessReport:
    """Everything that a report says of a mix."""

    title: str
    # as asked for, and the target behind it
    preset: str
    target: str
    # who asks for it
    source: str
    ceiling_dbtp: float
    figures: Loudness
    gain_db: float
    sample_rate_hz: int
    duration_s: float
    series: Series
    rules: tuple[Rule, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing that is required fails."""
        return all(rule.passed is not False for rule in self.rules if rule.is_required)


def report_of(mix: Mix, *, title: str, preset: str, picture_s: float, frame_rate: Fraction) -> LoudnessReport:
    """Measure a finished mix over time and hold it against its target.

    Parameters
    ----------
    mix : Mix
        Its file is read once, block by block.
    preset : str
        Name of a target, or a platform that asks for one.
    picture_s, frame_rate
        Length and rate of the picture; the sound must be as long.

    Raises
    ------
    UsageError
        The preset is not known.
    UnreadableInput
        The mix cannot be read.
    """
    from pipeline.sound.mix.presets import preset_named

    target = preset_named(preset)
    name = canonical(preset)
    duration_s = mix.samples / mix.sample_rate_hz
    return LoudnessReport(
        title=title,
        preset=preset,
        target=name,
        source=target.source,
        ceiling_dbtp=target.ceiling_dbtp,
        figures=mix.loudness,
        gain_db=mix.gain_db,
        sample_rate_hz=mix.sample_rate_hz,
        duration_s=duration_s,
        series=_series(mix),
        rules=(
            _loudness_rule(name, mix.loudness, target.target_lufs),
            _peak_rule(name, mix.loudness, target.ceiling_dbtp),
            *_short_form_rules(name, mix.loudness, duration_s),
            *_range_rules(name, mix.loudness, duration_s),
            _mono_rule(mix.loudness),
            _length_rule(duration_s, picture_s, frame_rate),
            *_rate_rules(name, mix.sample_rate_hz),
        ),
    )


def canonical(preset: str) -> str:
    """The name of the target behind a platform's name."""
    from pipeline.sound.mix.presets import PRESETS, preset_named

    wanted = preset_named(preset)
    alike = (wanted.target_lufs, wanted.ceiling_dbtp)
    return next(name for name, one in PRESETS.items() if (one.target_lufs, one.ceiling_dbtp) == alike)


# ------------------------------------------------------------------- rules
def _loudness_rule(name: str, figures: Loudness, target_lufs: float) -> Rule:
    tolerance = TOLERANCE_LU[name]
    by_dialogue = figures.gate == "dialogue"
    measured = figures.dialogue_lufs if by_dialogue else figures.integrated_lufs
    aim = target_lufs if figures.target_lufs is None else figures.target_lufs
    return Rule(
        "Dialogue loudness" if by_dialogue else "Integrated loudness",
        _words(measured, "LUFS"),
        f"{aim:.1f} LUFS ± {tolerance:.1f} LU",
        None if measured is None else abs(measured - aim) <= tolerance + METER_LU,
        is_required=name != "web",
        source=SOURCES[name],
    )


def _peak_rule(name: str, figures: Loudness, ceiling_dbtp: float) -> Rule:
    peak = figures.true_peak_dbtp
    source = "ours: lossy encoders overshoot" if name == "web" else SOURCES[name]
    passed = None if peak is None else peak <= ceiling_dbtp + METER_DB
    return Rule("True peak", _words(peak, "dBTP"), f"at most {ceiling_dbtp:.1f} dBTP", passed, True, source)


def _short_form_rules(name: str, figures: Loudness, duration_s: float) -> Iterator[Rule]:
    if name == "ebu" and duration_s <= SHORT_FORM_S:
        most = figures.short_term_max_lufs
        yield Rule(
            "Loudest 3 s (short-form)",
            _words(most, "LUFS"),
            f"at most {SHORT_FORM_LUFS:.1f} LUFS",
            None if most is None else most <= SHORT_FORM_LUFS + METER_LU,
            is_required=True,
            source="EBU R 128 s1",
        )


def _range_rules(name: str, figures: Loudness, duration_s: float) -> Iterator[Rule]:
    if name == "tv-streaming" and duration_s >= RANGE_LEAST_S:
        least, most = RANGE_LU
        width = figures.range_lu
        yield Rule(
            "Loudness range",
            _words(width, "LU"),
            f"{least:.0f} to {most:.0f} LU",
            None if width is None else least <= width <= most,
            is_required=False,
            source="advice of the Netflix Sound Mix Specifications",
        )


def _mono_rule(figures: Loudness) -> Rule:
    loss = figures.mono_loss_lu
    passed = None if loss is None else loss <= MONO_LOSS_LU
    return Rule(
        "Loss in mono",
        _words(loss, "LU"),
        f"at most {MONO_LOSS_LU:.1f} LU",
        passed,
        False,
        "advice: more means that something cancels",
    )


def _length_rule(duration_s: float, picture_s: float, frame_rate: Fraction) -> Rule:
    frame_s = float(1 / frame_rate)
    return Rule(
        "Length",
        f"{duration_s:.3f} s",
        f"{picture_s:.3f} s, to a frame",
        abs(duration_s - picture_s) <= frame_s,
        is_required=True,
        source="the picture",
    )


def _rate_rules(name: str, sample_rate_hz: int) -> Iterator[Rule]:
    if name in _TELEVISION:
        yield Rule(
            "Sample rate",
            f"{sample_rate_hz / 1000:g} kHz, 24 bit",
            "48 kHz, 24 bit",
            sample_rate_hz == 48_000,
            is_required=True,
            source="delivery terms of broadcasters (EBU R 85)",
        )


def _words(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:.1f} {unit}"


# ------------------------------------------------------------------ series
def _series(mix: Mix) -> Series:
    from pipeline.sound.mix.loudness import STEPS_PER_BLOCK, STEPS_PER_SHORT_TERM, LoudnessMeter

    meter = LoudnessMeter(mix.sample_rate_hz, CHANNELS)
    for block in _blocks(mix.path):
        meter.add(block)
    momentary, short_term = (meter.series_lufs(steps) for steps in (STEPS_PER_BLOCK, STEPS_PER_SHORT_TERM))
    per_step = max(1, -(-len(momentary) // MOST_POINTS))
    return Series(round(per_step * METER_STEP_S, 1), _loudest(momentary, per_step), _loudest(short_term, per_step))


def _loudest(values: np.ndarray, per_step: int) -> tuple[float | None, ...]:
    """The loudest of each stretch; `values` float [n], every 100 ms, each at the end of its window."""
    from pipeline.sound.mix.loudness import ABSOLUTE_GATE_LUFS

    found: list[float | None] = []
    for start in range(0, len(values), per_step):
        part = values[start : start + per_step]
        part = part[part > ABSOLUTE_GATE_LUFS]
        found.append(round(float(part.max()), 2) if len(part) else None)
    return tuple(found)


def _blocks(path: Path) -> Iterator[np.ndarray]:
    import soundfile

    try:
        with soundfile.SoundFile(path) as source:
            for block in source.blocks(BLOCK_SAMPLES, dtype="float64", always_2d=True):
                yield block.T
    except (OSError, soundfile.LibsndfileError) as error:
        raise UnreadableInput(f"The mix {path.name} cannot be read; make it again.") from error


# ------------------------------------------------------------------- words
def report_data(report: LoudnessReport) -> dict[str, Any]:
    """The report as plain data, for JSON."""
    from pipeline.records import to_data

    return {
        "title": report.title,
        "passed": report.passed,
        "preset": report.preset,
        "target": report.target,
        "source": report.source,
        "ceiling_dbtp": report.ceiling_dbtp,
        "duration_s": round(report.duration_s, 3),
        "sample_rate_hz": report.sample_rate_hz,
        "master_gain_db": round(report.gain_db, 2),
        "measured": to_data(report.figures),
        "rules": [to_data(rule) for rule in report.rules],
        "series": to_data(report.series),
    }


def report_text(report: LoudnessReport, *, frame_rate: Fraction) -> str:
    """The report as lines of text, for a mail to whoever checks the quality."""
    width = max(len(rule.name) for rule in report.rules)
    measured = max(len(rule.measured) for rule in report.rules)
    lines = [
        f"LOUDNESS REPORT  {report.title}",
        f"Target           {report.preset} ({report.source})",
        f"Length           {timecode(report.duration_s, frame_rate)}",
        f"Result           {'PASS' if report.passed else 'FAIL'}",
        "",
    ]
    lines += [
        f"{verdict(rule):<7} {rule.name:<{width}}  {rule.measured:<{measured}}  allowed: {rule.allowed} ({rule.source})"
        for rule in report.rules
    ]
    if report.figures.warning:
        lines += ["", report.figures.warning]
    return "\n".join(lines) + "\n"


def verdict(rule: Rule) -> str:
    """PASS, FAIL, ADVICE for a failed rule that nobody refuses a programme for, or N/A."""
    if rule.passed is None:
        return "N/A"
    return "PASS" if rule.passed else "FAIL" if rule.is_required else "ADVICE"
