"""The loudness report as a page: the result, each rule with what was measured and what is allowed, and the curve."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.report.html import render_page
from pipeline.report.pictures import data_uri
from pipeline.report.timeline import INK, LINE, SOFT
from pipeline.sound.deliver.reports import LoudnessReport, Rule, Series, verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE_INCHES, _HIGH_INCHES, _DPI = 12.0, 3.9, 150
_SHORT_TERM, _MOMENTARY, _WHOLE, _ALLOWED = "#0f5f73", "#9cc3cf", "#b3541e", "#1c6e3f"
# what a listener hears as quiet; below, a curve says no more than "silence"
_FLOOR_LUFS = -60.0
_TONES = {"PASS": "good", "FAIL": "bad", "ADVICE": "caution", "N/A": "neutral"}


def render_loudness(report: LoudnessReport) -> str:
    """The page, one HTML document with everything inside it."""
    return render_page(
        "loudness.html.j2",
        report=report,
        rules=[_rule_view(rule) for rule in report.rules],
        facts=_facts(report),
        picture=data_uri(draw_loudness(report)),
        target=_target(report),
        result=_result(report),
    )


def draw_loudness(report: LoudnessReport) -> bytes:
    """Short-term and momentary loudness over time with the target and the whole, a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDE_INCHES, _HIGH_INCHES), dpi=_DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.add_subplot()
    _draw_curves(ax, report)
    _draw_lines(ax, report)
    _dress(ax, report)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw_curves(ax: Axes, report: LoudnessReport) -> None:
    times_s, momentary = _points(report.series, report.series.momentary_lufs)
    ax.fill_between(
        times_s, _FLOOR_LUFS, momentary, color=_MOMENTARY, alpha=0.45, linewidth=0, label="momentary (0.4 s)"
    )
    times_s, short_term = _points(report.series, report.series.short_term_lufs)
    if any(map(math.isfinite, short_term)):
        ax.plot(times_s, short_term, color=_SHORT_TERM, linewidth=2, label="short-term (3 s)")


def _points(series: Series, values: Sequence[float | None]) -> tuple[list[float], list[float]]:
    # times at which stretches end, and the loudest in each; not a number where there is silence
    times_s = [(index + 1) * series.step_s for index in range(len(values))]
    return times_s, [math.nan if value is None else value for value in values]


def _draw_lines(ax: Axes, report: LoudnessReport) -> None:
    figures = report.figures
    if figures.target_lufs is not None:
        ax.axhline(figures.target_lufs, color=_ALLOWED, linewidth=1.4, linestyle=(0, (6, 4)), label="target")
    whole = figures.dialogue_lufs if figures.gate == "dialogue" else figures.integrated_lufs
    if whole is not None:
        name = "dialogue" if figures.gate == "dialogue" else "integrated"
        ax.axhline(whole, color=_WHOLE, linewidth=1.4, label=f"{name}, {whole:.1f} LUFS")


def _dress(ax: Axes, report: LoudnessReport) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

    values = [v for v in (*report.series.momentary_lufs, report.figures.target_lufs) if v is not None]
    low = max(_FLOOR_LUFS, 5 * math.floor(min(values, default=-30.0) / 5) - 5)
    ax.set_ylim(low, max(0.0 if not values else 5 * math.ceil(max(values) / 5) + 2.5, low + 10))
    ax.yaxis.set_major_locator(MultipleLocator(5 if low > -45 else 10))
    ax.set_xlim(0, max(report.duration_s, 0.1))
    ax.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 3, 5, 6, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda at_s, _: _clock(at_s, report.duration_s)))
    ax.set_ylabel("LUFS", color=SOFT)
    ax.grid(axis="y", color=LINE, linewidth=0.7)
    ax.set_axisbelow(True)
    ax.tick_params(colors=SOFT, length=0, labelsize=11)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(LINE)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False, fontsize=11, labelcolor=INK)


def _clock(at_s: float, duration_s: float) -> str:
    if duration_s < 60:
        return f"{at_s:g} s"
    whole = round(at_s)
    return (
        f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
        if duration_s >= 3600
        else f"{whole // 60}:{whole % 60:02d}"
    )


# ------------------------------------------------------------------- words
def _rule_view(rule: Rule) -> dict[str, Any]:
    said = verdict(rule)
    return {"rule": rule, "verdict": said, "tone": _TONES[said]}


def _result(report: LoudnessReport) -> dict[str, str]:
    if not report.passed:
        return {"tone": "bad", "word": "Fail", "headline": "The mix breaks a rule that is required"}
    if all(rule.passed is not False for rule in report.rules):
        return {"tone": "good", "word": "Pass", "headline": "The mix keeps every rule"}
    return {
        "tone": "caution",
        "word": "Pass",
        "headline": "The mix keeps what is required, and not all that is advised",
    }


def _target(report: LoudnessReport) -> str:
    return report.preset if report.preset == report.target else f"{report.preset} (rules of {report.target})"


def _facts(report: LoudnessReport) -> list[tuple[str, str]]:
    figures = report.figures
    rows = (
        ("Integrated", figures.integrated_lufs, "LUFS"),
        ("Loudness range", figures.range_lu, "LU"),
        ("True peak", figures.true_peak_dbtp, "dBTP"),
        ("Loudest 3 s", figures.short_term_max_lufs, "LUFS"),
        ("Loudest 0.4 s", figures.momentary_max_lufs, "LUFS"),
        ("Dialogue", figures.dialogue_lufs, "LUFS"),
        ("Lost in mono", figures.mono_loss_lu, "LU"),
        ("Limiter at most", figures.limiting_db, "dB"),
        ("Gain of the whole", report.gain_db, "dB"),
    )
    found = [
        (name, "none" if name == "Dialogue" and value is None else _value(value, unit)) for name, value, unit in rows
    ]
    return [
        *found,
        ("Length", f"{report.duration_s:.2f} s"),
        ("Format", f"{report.sample_rate_hz / 1000:g} kHz, stereo"),
    ]


def _value(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:.1f} {unit}".replace("-0.0 ", "0.0 ")
