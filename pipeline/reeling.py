"""Reeling: a reel from its text to the finished film."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import Settings
from pipeline.errors import UsageError
from pipeline.files import ensure_folder
from pipeline.films import Film
from pipeline.finishing import Job, finish
from pipeline.keys import Keys
from pipeline.mark_reading import Progress, silent
from pipeline.records import JobResult, to_data
from pipeline.store import fingerprint

if TYPE_CHECKING:
    from pipeline.reel.reel import Timeline

logger = logging.getLogger(__name__)


def make_reel(
    source: Path, timeline: Timeline, output: Path, *, settings: Settings, keys: Keys, on_progress: Progress = silent
) -> JobResult:
    """Put a reel's pictures together, score it as one film, mark, sign and register it.

    `source` is the reel's text. What a killed attempt left is taken up or withdrawn, as for any clip.

    Raises
    ------
    FoleymarkError
        What is wrong, in one sentence; then nothing has the output's name.
    """
    work = output.with_name(f".{output.name}.work")
    ensure_folder(work)
    film = _compose(timeline, work / "film", output.suffix.lower(), settings, on_progress)
    job = Job(source, output, work, film)
    done = finish(job, settings=settings, keys=keys, wanted=_wanted(timeline, settings), on_progress=on_progress)
    shutil.rmtree(work, ignore_errors=True)
    return replace(done, warnings=timeline.notes + done.warnings)


def refuse_own_clip(timeline: Timeline, output: Path) -> None:
    """UsageError when the film would be written over one of its clips."""
    for segment in timeline.segments:
        clip = segment.part.clip
        if clip is not None and output.exists() and clip.exists() and output.samefile(clip):
            raise UsageError(f"{output} is one of the reel's clips; choose another output.")


def _compose(timeline: Timeline, folder: Path, suffix: str, settings: Settings, on_progress: Progress) -> Film:
    from pipeline.media.mezzanine import write_mezzanine
    from pipeline.media.splice import splice
    from pipeline.reel.compose import iter_pictures
    from pipeline.reel.sound import write_production
    from pipeline.reel.timeline import pieces_of, why_encoded

    shutil.rmtree(folder, ignore_errors=True)
    ensure_folder(folder)
    master = folder / f"master{suffix}"

    def tell(share: float) -> None:
        on_progress("compose", share)

    reason = why_encoded(timeline, suffix=suffix, spliced=True) or splice(
        pieces_of(timeline), master, settings=settings.encode, on_progress=tell
    )
    if reason:
        logger.info("the reel is composed: %s", reason)
        write_mezzanine(
            iter_pictures(timeline),
            master,
            size_px=timeline.size_px,
            frame_rate=timeline.frame_rate,
            on_progress=lambda pictures: tell(pictures / timeline.frames),
        )
    production = folder / "production.wav"
    is_heard = write_production(timeline, production, sample_rate_hz=settings.sound.sample_rate_hz)
    return Film(timeline, master, production if is_heard else None, is_intermediate=bool(reason))


def _wanted(timeline: Timeline, settings: Settings) -> str:
    # of all that decides how the film looks and sounds, the clips' contents among it
    return fingerprint(settings, version("foleymark"), to_data(timeline))
