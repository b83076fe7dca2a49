"""`foleymark reel`: several clips with transitions and titles, scored as one film."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.app import options
from pipeline.app.terminal import console as _console
from pipeline.app.terminal import print_json, visible

if TYPE_CHECKING:
    from pipeline.config import Settings
    from pipeline.records import JobResult
    from pipeline.reel.reel import Timeline


@options.asking_what_is_heard
def reel(
    heard: dict[str, Any],
    source: Annotated[Path, typer.Argument(metavar="REEL", help="The reel's text, a YAML file: see docs/reels.md.")],
    output: options.Output,
    frame: Annotated[
        str | None, typer.Option("--format", help="16:9, 9:16, 1:1, 4:5 or a platform; stands over the reel's own.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is seen when, and make nothing.")] = False,
    sound: Annotated[bool | None, typer.Option("--sound/--no-sound", help="Add sound.")] = None,
    loudness: options.LoudnessName = None,
    mark: Annotated[bool | None, typer.Option("--mark/--no-mark", help="Mark picture and sound.")] = None,
    sign: Annotated[bool | None, typer.Option("--sign/--no-sign", help="Sign credentials.")] = None,
    generated: Annotated[
        bool | None, typer.Option("--generated/--not-generated", help="The clips come from a generator.")
    ] = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Put clips, titles and cards together, score them as one film, mark and sign it."""
    from pipeline.config import load_settings
    from pipeline.reel.reading import read_reel
    from pipeline.reel.timeline import lay_out

    written = read_reel(source, format=frame)
    timeline = lay_out(written)
    settings = load_settings(
        file=config,
        beside=({"sound": written.sound}, str(source)) if written.sound else None,
        arguments={
            "sound": {"enabled": sound, "loudness": loudness, **heard},
            "mark": {"enabled": mark},
            "sign": {"enabled": sign, "generated": generated, "title": written.title or None},
        },
    )
    console = _console(as_json)
    if dry_run:
        _show_timeline(console, timeline, as_json=as_json)
        return
    result = _made(source, timeline, output, settings, console)
    if as_json:
        print_json(result)
    else:
        _show_result(console, timeline, result)


def _made(source: Path, timeline: Timeline, output: Path, settings: Settings, console: Any) -> JobResult:
    from pipeline.app.progress import stage_progress
    from pipeline.config import home
    from pipeline.keys import Keys
    from pipeline.media.mux import check_destination
    from pipeline.reeling import make_reel, refuse_own_clip
    from pipeline.signing import identity_of
    from pipeline.steps import check_sound

    # said before the work begins, not after it
    check_destination(output)
    check_sound(settings.sound)
    refuse_own_clip(timeline, output)
    keys = Keys(home(), settings.mark.tenant)
    if settings.mark.enabled:
        _ = keys.mark
    if settings.sign.enabled:
        identity_of(settings.sign, keys).try_out()
    with stage_progress(console, output.name) as tell:
        return make_reel(source, timeline, output, settings=settings, keys=keys, on_progress=tell)


def _show_timeline(console: Any, timeline: Timeline, *, as_json: bool) -> None:
    from pipeline.app.show import reel_rows
    from pipeline.reel.timeline import why_encoded

    rows = reel_rows(timeline)
    reason = why_encoded(timeline, spliced=True)
    if as_json:
        size = {"width": timeline.size_px[0], "height": timeline.size_px[1]}
        rate = str(timeline.frame_rate)
        print_json({"duration_s": timeline.duration_s, "frame_rate": rate, **size, "encoded": reason, "parts": rows})
        return
    from rich.table import Table

    table = Table("from", "to", "what", "source", "joined by", "own sound", box=None)
    for row in rows:
        table.add_row(*(visible(str(value)) for value in row.values()))
    console.print(table)
    width, height = timeline.size_px
    how = f"encoded: {reason}" if reason else "packets copied"
    console.print(f"{timeline.duration_s:.2f} s, {width}x{height}, {float(timeline.frame_rate):.3f} a second; {how}")
    for note in timeline.notes:
        console.print(note, style="yellow", markup=False)


def _show_result(console: Any, timeline: Timeline, result: JobResult) -> None:
    from pipeline.app.show import loudness_words

    parts = f"{len(timeline.segments)} parts, {timeline.duration_s:.2f} s, {result.cues} sounds"
    loud = f", {loudness_words(result.loudness)}" if result.loudness else ""
    console.print(f"{result.output}: {parts}{loud}", markup=False)
    for warning in result.warnings:
        console.print(warning, style="yellow", markup=False)
