"""Progress on the terminal: a bar for the batch and a line for each clip in work; nothing when nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from pipeline.app.terminal import visible

Listener = Callable[[Path, str, float], None]
# what a finished clip's last message says
_FINAL = ("done", "skipped", "failed")


@contextmanager
def clip_progress(console: Console, total: int | None) -> Iterator[Listener]:
    """Yield a callback ``(clip, stage, share)`` that draws on `console`; safe to call from threads."""
    columns = (
        TextColumn("{task.description}", table_column=None),
        BarColumn(bar_width=28),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        overall = bars.add_task("[bold]All clips", total=total, stage=f"0/{total or '?'}")
        rows: dict[Path, TaskID] = {}
        finished = 0

        def tell(clip: Path, stage: str, share: float) -> None:
            nonlocal finished
            if stage in _FINAL:
                if clip in rows:
                    bars.remove_task(rows.pop(clip))
                finished += 1
                bars.update(overall, completed=finished, stage=f"{finished}/{total or '?'}")
                return
            if clip not in rows:
                rows[clip] = bars.add_task(escape(visible(clip.name[:40])), total=1.0, stage=stage)
            bars.update(rows[clip], completed=share, stage=stage)

        yield tell


@contextmanager
def stage_progress(console: Console, name: str) -> Iterator[Callable[[str, float], None]]:
    """Yield a callback ``(stage, share)`` for a command that works on one file."""
    with clip_progress(console, 1) as tell:
        yield lambda stage, share: tell(Path(name), stage, share)
