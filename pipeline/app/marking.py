"""The mark command's work: what kind of file it is, and what marking it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.records import MarkReport, Payload


def mark_file(file: Path, output: Path, *, mark_id: str | None, settings: Any, keys: Any, console: Any) -> MarkReport:
    """Mark a clip, a still or a sound file, by its name."""
    from pipeline import marking
    from pipeline.media import sounds, stills
    from pipeline.registering import free_ids

    check_other_file(file, output)
    with free_ids(settings.repository, keys) as reserve:
        which: dict[str, Any] = {"payload": _payload(mark_id), "reserve": reserve}
        if stills.is_still(file):
            return marking.mark_still(file, output, settings=settings.mark, keys=keys.mark, **which)
        if file.suffix.lower() in sounds.WRITABLE:
            return marking.mark_sound(file, output, settings=settings.mark, keys=keys.mark, **which)
        return _mark_clip(file, output, which, settings, keys, console)


def _mark_clip(file: Path, output: Path, which: dict[str, Any], settings: Any, keys: Any, console: Any) -> MarkReport:
    from pipeline import marking
    from pipeline.app.progress import stage_progress
    from pipeline.media.mux import check_destination
    from pipeline.media.probe import probe

    check_destination(output)
    clip = probe(file)
    with stage_progress(console, file.name) as tell:
        report = marking.deliver(
            clip, output, soundtrack=None, settings=settings, keys=keys.mark, on_progress=tell, **which
        )
    assert report  # keys were given, so a mark was made
    return report


def check_other_file(source: Path, output: Path) -> None:
    """Said before the work begins: a file is not written over itself."""
    if output.exists() and source.exists() and output.samefile(source):
        raise UsageError(f"{output} is the clip itself; choose another output.")


def _payload(mark_id: str | None) -> Payload | None:
    if mark_id is None:
        return None
    try:
        return Payload.from_hex(mark_id)
    except ValueError as error:
        raise UsageError(f"--id: {error}.") from error
