"""Reeling: a reel from its text to the finished film."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
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
    import numpy as np

    from pipeline.records import Clip
    from pipeline.reel.reel import Segment, Timeline

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


def levelled(timeline: Timeline) -> Timeline:
    """The time line with each clip's own sound brought to the anchor, so that none drowns the others.

    Levels that were asked for count from there.
    """
    return replace(timeline, segments=tuple(_levelled(segment) for segment in timeline.segments))


def _levelled(segment: Segment) -> Segment:
    from pipeline.media.audio import SAMPLE_RATE_HZ
    from pipeline.sound.mix.anchor import anchor_gain_db

    level_db = segment.part.sound_db
    if level_db is None or segment.clip is None or segment.clip.audio is None:
        return segment
    gain_db = anchor_gain_db(_heard(segment, segment.clip), sample_rate_hz=SAMPLE_RATE_HZ)
    return replace(segment, part=replace(segment.part, sound_db=level_db + gain_db))


def _heard(segment: Segment, clip: Clip) -> Iterator[np.ndarray]:
    """The part of a clip's sound that the film takes, float32 [2, n]."""
    from pipeline.media.audio import SAMPLE_RATE_HZ, iter_audio

    first, last = (round(time_s * SAMPLE_RATE_HZ) for time_s in (segment.source_start_s, segment.source_end_s))
    done = 0
    for block in iter_audio(clip):
        yield block[:, max(first - done, 0) : max(last - done, 0)]
        done += block.shape[1]
        if done >= last:
            break


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
    is_heard = write_production(levelled(timeline), production, sample_rate_hz=settings.sound.sample_rate_hz)
    return Film(timeline, master, production if is_heard else None, is_intermediate=bool(reason))


def _wanted(timeline: Timeline, settings: Settings) -> str:
    # of all that decides how the film looks and sounds, the clips' contents among it
    return fingerprint(settings, version("foleymark"), to_data(timeline))
