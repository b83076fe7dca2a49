"""What commands print for people: short, in plain words, the answer first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.app.terminal import visible
from pipeline.detect.watermark import clock
from pipeline.records import (
    CheckResult,
    Credential,
    Evidence,
    Ingredient,
    JobResult,
    Loudness,
    MarkReading,
    MarkReport,
    Marks,
    MarkSegment,
    Recovery,
    SoundPlan,
    VerdictName,
)

if TYPE_CHECKING:
    from pipeline.reel.reel import Segment, Timeline
    from pipeline.report.evidence import Row

_COLOURS: dict[VerdictName, str] = {
    "declared_ai": "magenta",
    "likely_ai": "yellow",
    "inconclusive": "cyan",
    "no_ai_evidence": "cyan",
    "captured_signed": "green",
    "not_applicable": "white",
    "error": "red",
}
_STATES = {
    "holds": "[green]holds[/]",
    "bad": "[red]does not hold[/]",
    "unsigned": "no credentials",
    "repeated": "told above",
}
# ingredients beside each other, and matches
_MOST_SHOWN = 8
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
            escape(visible(job.source.name)),
            {"failed": "[red]failed[/]", "done": "[green]done[/]"}.get(job.state, job.state),
            str(job.cues) if finished else "",
            loudness_words(job.loudness) if finished else "",
            (job.mark.payload.hex if is_marked(job) and job.mark else "none") if finished else "",
            ("signed" if is_signed(job) else "none") if finished else "",
        )
    console.print(table)
    for job in jobs:
        for note in ([job.error] if job.error else []) + list(job.warnings):
            console.print(f"[yellow]{escape(visible(job.source.name))}[/]: {escape(visible(note))}")
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


def show_check(console: Console, result: CheckResult, *, explain: bool = False) -> None:
    """The verdict and its reasons; with `explain` also how the mark was found."""
    colour = _COLOURS[result.verdict.name]
    console.print(f"[bold]{_safe(result.address or str(result.path))}[/]")
    console.print(f"[bold {colour}]{_safe(result.verdict.headline)}[/]  [dim]{result.verdict.name}[/]")
    console.print(_safe(result.verdict.explanation))
    if result.credential:
        show_credential(console, result.credential)
    if result.recovery:
        show_recovery(console, result.recovery)
    for track, reading in (("picture", result.marks.picture), ("sound", result.marks.sound)):
        if reading and reading.sentence:
            console.print(f"[dim]Mark in the {track}:[/] {_safe(reading.sentence)}")
    if explain and not result.error:
        show_readings(console, result.marks)
    show_evidence(console, result.verdict.evidence)
    show_moments(console, result.verdict.evidence)
    if result.verdict.not_checked:
        console.print("[dim]Not checked:[/]")
    for sentence in result.verdict.not_checked:
        console.print(f"  {_safe(sentence)}")
    console.print()


def show_evidence(console: Console, found: Sequence[Evidence]) -> None:
    """What was measured: how strongly it speaks, whether it counts, what it says; then hints."""
    from pipeline.report.evidence import rows

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading, width in (("measured", 26), ("how strongly", 22), ("counts", 14)):
        table.add_column(heading, max_width=width)
    table.add_column("what it says", ratio=1)
    for row in rows(found):
        table.add_row(*map(_safe, _evidence_cells(row)))
    if table.row_count:
        console.print(table)
    _show_hints(console, found)


def _evidence_cells(row: Row) -> tuple[str, ...]:
    from pipeline.report.evidence import odds

    one = row.evidence
    why = "" if one.applicable or one.reason in one.sentence else f" ({one.reason})"
    strength = (odds(row.pull) or "says nothing") if row.leans else ""
    return row.name, strength, row.standing.short, one.sentence + why


def _show_hints(console: Console, found: Sequence[Evidence]) -> None:
    from pipeline.report.evidence import name_of

    for one in found:
        if one.scope == "hint":
            name = "" if one.name == "container" else f"{name_of(one)}: "
            console.print(f"[dim]Hint, never counted:[/] {_safe(name + one.sentence)}")


def show_moments(console: Console, found: Sequence[Evidence]) -> None:
    """Where a person should look; none of it counted."""
    from pipeline.report.moments import moments_view

    moments = moments_view(tuple(found))
    if moments:
        console.print("[dim]Worth a look (shown, never counted):[/]")
    for one in moments:
        where = f", {one['where']}" if one["where"] else ""
        console.print(f"  {one['number']}. {one['when']}{where}: {_safe(one['sentence'])}")


def _safe(text: str) -> str:
    # neither markup nor control characters of a stranger
    return escape(visible(text))


def show_credential(console: Console, credential: Credential) -> None:
    """The five axes on one line, then sentences."""
    axes = ", ".join(f"{axis} {getattr(credential, axis)}" for axis in _AXES)
    console.print(f"[dim]Credentials:[/] {escape(axes)}")
    for sentence in credential.sentences:
        console.print(f"  {escape(sentence)}")
    if any(one.has_credentials or one.ingredients for one in credential.ingredients):
        from rich.tree import Tree

        tree = Tree("[dim]Made from:[/]", guide_style="dim")
        _grow(tree, credential.ingredients)
        console.print(tree)


def _grow(tree: Any, ingredients: Sequence[Ingredient]) -> None:
    for one in ingredients[:_MOST_SHOWN]:
        by = f", {escape(one.signer_name)} ({one.signer})" if one.signer_name else ""
        branch = tree.add(f"{escape(one.title or 'without a title')}: {_STATES[one.state]}{by}")
        _grow(branch, one.ingredients)
    if len(ingredients) > _MOST_SHOWN:
        tree.add(f"and {len(ingredients) - _MOST_SHOWN} more")


def show_recovery(console: Console, recovery: Recovery) -> None:
    """What a search for lost credentials gave, likeliest first."""
    for sentence in recovery.sentences:
        console.print(f"[dim]Registered files:[/] {escape(sentence)}")
    for match in recovery.matches[:_MOST_SHOWN]:
        console.print(f"  {escape(match.title or match.label)}: {match.words}")


def show_plan(console: Console, plan: SoundPlan) -> None:
    """The cue sheet as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("time", "length", "stem", "sound", "why"):
        table.add_column(heading)
    for cue in plan.cues:
        table.add_row(f"{cue.time_s:.2f}", f"{cue.length_s:.2f}", cue.stem, escape(cue.sound), escape(cue.why))
    console.print(table)


def reel_rows(timeline: Timeline) -> list[dict[str, Any]]:
    """What is seen when, a row for each part of a reel."""
    return [
        {
            "start_s": round(segment.start_s, 3),
            "end_s": round(segment.end_s, 3),
            "part": segment.part.clip.name if segment.part.clip else f'"{_card_text(segment)}"',
            "source": f"{segment.source_start_s:.2f}-{segment.source_end_s:.2f} s" if segment.clip else "",
            "transition": _join_words(segment),
            "sound": _own_sound_words(segment),
        }
        for segment in timeline.segments
    ]


def _card_text(segment: Segment) -> str:
    return segment.part.card.text if segment.part.card else ""


def _join_words(segment: Segment) -> str:
    transition = segment.part.transition
    return transition.kind if transition.kind == "cut" else f"{transition.kind} {transition.length_s:g} s"


def _own_sound_words(segment: Segment) -> str:
    if segment.clip is None or segment.clip.audio is None:
        return "none"
    return "off" if segment.part.sound_db is None else f"{segment.part.sound_db:+.0f} dB"


def show_mark(console: Console, report: MarkReport) -> None:
    """What was embedded and whether it came back."""
    costs = [f"{report.psnr_db:.1f} dB PSNR"] if report.strength else []
    costs += [f"sound {report.sound_snr_db:.1f} dB over its mark"] if report.sound_strength_db else []
    console.print(f"Mark {report.payload.hex}, {', '.join(costs)}")
    for track, reading in (("picture", report.marks.picture), ("sound", report.marks.sound)):
        if reading and reading.payload == report.payload:
            margin = f"z {reading.z:.1f}, {reading.needed_z:.1f} needed"
            console.print(f"[green]It reads back from the {track} of the finished file[/] ({margin}).")
    for sentence in report.beside:
        console.print(escape(sentence))
    for note in report.notes:
        console.print(f"[yellow]{escape(note)}[/]")


def show_readings(console: Console, marks: Marks) -> None:
    """What was found where in picture and sound, and by what margin."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("track", "from", "to", "mark", "z", "needed", "key", "how it lies"):
        table.add_column(heading)
    for track, reading in (("picture", marks.picture), ("sound", marks.sound)):
        if reading is None:
            table.add_row(track, "", "", "not there")
            continue
        table.add_row(track, "whole", "", *_reading_cells(reading, f"{reading.needed_z:.1f}"))
        for part in reading.segments if len(reading.segments) > 1 else ():
            table.add_row("", clock(part.start_s), clock(part.end_s), *_reading_cells(part, ""))
    console.print(table)


def _reading_cells(found: MarkReading | MarkSegment, needed: str) -> tuple[str, ...]:
    what = {"read": found.payload.hex if found.payload else "", "unreadable": "ours, id not readable"}
    return (
        what.get(found.state, found.state),
        f"{found.z:.1f}",
        needed,
        found.key_id,
        escape(found.geometry),
    )
