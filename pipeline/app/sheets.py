"""Commands about what is heard: the cue sheet of a clip, and a folder of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.config import SoundSettings
    from pipeline.records import SoundPlan
    from pipeline.sound.recordings.library import Library, Recording

SUFFIXES = (".yaml", ".yml", ".csv")
# more rows than this nobody reads on a terminal; --json has them all
MAX_ROWS = 200
# of files that are refused for the same reason
MAX_NAMED = 5


def sheet_to_start_from(clip: Path, output: Path | None, *, edited: Path | None, fresh: bool) -> Path | None:
    """The sheet whose edits stay: the given one, else the one that will be written over; None to start afresh.

    Raises
    ------
    UsageError
        What would be written over is not a sheet, or holds edits that would be lost.
    """
    if output is None or not output.exists():
        return edited
    if output.suffix.lower() not in SUFFIXES or (clip.exists() and output.samefile(clip)):
        raise UsageError(f"{output} is there and is no cue sheet; choose a name that ends in .yaml or .csv.")
    if fresh:
        return edited
    if edited is not None and not (edited.exists() and edited.samefile(output)):
        raise UsageError(f"{output} is there already; leave out --cues to renew it, or add --fresh to replace it.")
    return output


def write_cues(
    clip: Path,
    *,
    base: Path | None,
    output: Path | None,
    picture: Path | None,
    settings: SoundSettings,
    console: Console,
) -> tuple[SoundPlan, str]:
    """Look at a clip and write sheet and picture; returns the plan and the line that says what became of the sheet."""
    from pipeline import steps
    from pipeline.app.progress import stage_progress
    from pipeline.files import write_atomic
    from pipeline.media.probe import probe
    from pipeline.sound.cuesheet.data import written
    from pipeline.sound.cuesheet.sheet import dump_cues, load_sheet

    source = probe(clip)
    if base is not None:
        load_sheet(base, duration_s=source.duration_s)  # said before the work begins, not after it
    with stage_progress(console, clip.name) as tell:
        seen = steps.look(source, detect=False, on_progress=tell)
        if base is None:
            plan = steps.plan_sound(source, seen.analysis, settings=settings, on_progress=tell)
            sheet, said = written(plan), f"{len(plan.cues)} cues"
        else:
            merged = steps.renew_sheet(source, seen.analysis, base, settings=settings, on_progress=tell)
            sheet, said = merged.sheet, str(merged)
    if output:
        write_atomic(output, dump_cues(sheet, suffix=output.suffix))
    if picture:
        write_atomic(picture, steps.draw_cues(source, seen, sheet.plan, settings=settings))
    return sheet.plan, f"{output}: {said}" if output else said if base else ""


def open_folder(folder: Path, *, policy: str, console: Console) -> Library:
    """Read a folder of recordings with progress."""
    from pipeline.app.progress import stage_progress
    from pipeline.sound.recordings.library import Policy, open_library

    known: dict[str, Policy] = {name: name for name in get_args(Policy)}
    if policy not in known:
        raise UsageError(f"--policy takes {' or '.join(known)}, not {policy!r}.")
    with stage_progress(console, folder.name) as tell:
        return open_library(folder, policy=known[policy], on_progress=tell)


def library_data(library: Library, *, search: str | None) -> dict[str, Any]:
    """Everything about a library for programs."""
    return {
        "folder": library.folder,
        "recordings": [_facts(one) for one in _chosen(library, search)],
        "refused": library.refused,
        "problems": library.problems,
        "licences": library.counts("licence"),
        "categories": library.counts("category"),
    }


def show_library(console: Console, library: Library, *, search: str | None) -> None:
    """A table of what is there, then what is refused, then counts."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("recording", "length", "hits", "category", "licence", "author"):
        table.add_column(heading, overflow="fold")
    chosen = _chosen(library, search)
    for one in chosen[:MAX_ROWS]:
        cells = (one.path, f"{one.duration_s:.2f}", str(len(one.hits)), one.category, one.licence, one.author)
        table.add_row(*map(escape, cells))
    console.print(table)
    if len(chosen) > MAX_ROWS:
        console.print(f"... and {len(chosen) - MAX_ROWS} more; --json lists all of them")
    for reason, paths in _by_reason(library).items():
        named = ", ".join(paths[:MAX_NAMED]) + (f" and {len(paths) - MAX_NAMED} more" if len(paths) > MAX_NAMED else "")
        console.print(f"[yellow]{escape(named)}[/]: {escape(reason)}")
    for problem in library.problems:
        console.print(f"[yellow]{escape(problem)}[/]")
    console.print(f"[bold]{len(library.recordings)} to use, {len(library.refused)} refused[/]")
    for what in ("licence", "category"):
        counts = ", ".join(f"{name} {count}" for name, count in library.counts(what).items())
        console.print(f"by {what}: {escape(counts) or 'none'}")


def _chosen(library: Library, search: str | None) -> list[Recording]:
    return library.search(search) if search else list(library.recordings)


def _by_reason(library: Library) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for refusal in library.refused:
        reasons.setdefault(refusal.reason, []).append(refusal.path)
    return reasons


def _facts(one: Recording) -> dict[str, Any]:
    return {
        "path": one.path,
        "duration_s": one.duration_s,
        "hits": len(one.hits),
        "category": one.category,
        "licence": one.licence,
        "author": one.author,
        "source": one.source,
        "description": one.description,
        "sha256": one.sha256,
    }
