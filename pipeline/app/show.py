"""What commands print for people: short, in plain words, the answer first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.records import CheckResult, Credential, JobResult, Loudness, MarkReport, SoundPlan, VerdictName

_COLOURS: dict[VerdictName, str] = {
    "declared_ai": "magenta",
    "likely_ai": "yellow",
    "inconclusive": "cyan",
    "no_ai_evidence": "cyan",
    "captured_signed": "green",
    "not_applicable": "white",
    "error": "red",
}
_AXES = ("integrity", "signer", "time", "binding", "history")


def show_jobs(console: Console, jobs: Sequence[JobResult], page: Path | None) -> None:
    """A row per clip, then where to look."""
    from pipeline.batch import is_marked, is_signed, summary

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("clip", "", "cues", "loudness", "mark", "credentials"):
        table.add_column(heading, overflow="fold")
    for job in jobs:
        finished = job.state in ("done", "skipped")
        table.add_row(
            escape(job.source.name),
            {"failed": "[red]failed[/]", "done": "[green]done[/]"}.get(job.state, job.state),
            str(job.cues) if finished else "",
            loudness_words(job.loudness) if finished else "",
            (job.mark.payload.hex if is_marked(job) and job.mark else "none") if finished else "",
            ("signed" if is_signed(job) else "none") if finished else "",
        )
    console.print(table)
    for job in jobs:
        for note in ([job.error] if job.error else []) + list(job.warnings):
            console.print(f"[yellow]{escape(job.source.name)}[/]: {escape(note)}")
    counts = summary(jobs)
    parts = [f"{counts[name]} {name}" for name in ("done", "skipped", "failed") if counts[name]]
    console.print(f"[bold]{', '.join(parts) or 'nothing to do'}[/]")
    if page:
        console.print(f"Report: {page}")


def loudness_words(loudness: Loudness | None) -> str:
    """e.g. "-14.0 LUFS"."""
    if loudness is None:
        return "own sound"
    return "silent" if loudness.integrated_lufs is None else f"{loudness.integrated_lufs:.1f} LUFS"


def show_check(console: Console, result: CheckResult) -> None:
    """The verdict and its reasons."""
    colour = _COLOURS[result.verdict.name]
    console.print(f"[bold]{escape(str(result.path))}[/]")
    console.print(f"[bold {colour}]{escape(result.verdict.headline)}[/]")
    console.print(escape(result.verdict.explanation))
    if result.credential:
        show_credential(console, result.credential)
    if result.mark and result.mark.sentence:
        console.print(f"[dim]Mark:[/] {escape(result.mark.sentence)}")
    for evidence in result.verdict.evidence:
        if evidence.scope != "declared":
            counted = "shown, never counted" if evidence.scope == "hint" else "measured"
            console.print(f"[dim]{escape(evidence.name)} ({counted}):[/] {escape(evidence.sentence)}")
    for sentence in result.verdict.not_checked:
        console.print(f"[dim]{escape(sentence)}[/]")
    console.print()


def show_credential(console: Console, credential: Credential) -> None:
    """The five axes on one line, then sentences."""
    axes = ", ".join(f"{axis} {getattr(credential, axis)}" for axis in _AXES)
    console.print(f"[dim]Credentials:[/] {escape(axes)}")
    for sentence in credential.sentences:
        console.print(f"  {escape(sentence)}")


def show_plan(console: Console, plan: SoundPlan) -> None:
    """The cue sheet as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("time", "length", "stem", "sound", "why"):
        table.add_column(heading)
    for cue in plan.cues:
        table.add_row(f"{cue.time_s:.2f}", f"{cue.length_s:.2f}", cue.stem, escape(cue.sound), escape(cue.why))
    console.print(table)


def show_mark(console: Console, report: MarkReport) -> None:
    """What was embedded and whether it came back."""
    came_back = report.reading.payload == report.payload
    console.print(f"Mark {report.payload.hex}, {report.psnr_db:.1f} dB PSNR, z {report.reading.z:.1f}")
    console.print("[green]It reads back from the encoded file.[/]" if came_back else "[red]It does not read back.[/]")
