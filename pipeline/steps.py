"""The functions that chain stages: look and add sound; marking, signing and checking have modules of their own."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import SoundSettings
from pipeline.errors import FoleymarkError
from pipeline.mark_reading import Progress, silent
from pipeline.marking import STRENGTH_RUN_PICTURES, STRENGTH_RUNS
from pipeline.records import (
    Analysis,
    Clip,
    Mix,
    SoundPlan,
    Stems,
)

if TYPE_CHECKING:
    import numpy as np

    from pipeline.detect.findings import Content
    from pipeline.films import Film
    from pipeline.signing import Spans
    from pipeline.sound.cuesheet.merge import Merged
    from pipeline.sound.recordings.library import Library

logger = logging.getLogger(__name__)

# pictures kept from the first pass: enough for a filmstrip, and for judging how strong a mark may be
THUMBNAILS = 8
THUMBNAIL_WIDTH_PX = 320
# beside a mix: the folder of the stems as they are in it, and the mix as float
FINAL_STEMS, FLOAT_MIX = "final", "mix_32float.wav"


@dataclass(frozen=True)
class Seen:
    """What one pass over the pictures gave."""

    analysis: Analysis
    # what the detectors make of the pictures; empty when they were not asked
    content: Content
    # RGB uint8 [height, width, 3], evenly spread in time
    thumbnails: tuple[np.ndarray, ...] = field(repr=False, default=())
    # native luma planes for judging the mark's strength
    lumas: tuple[np.ndarray, ...] = field(repr=False, default=())


# ------------------------------------------------------------------- look
def look(clip: Clip, *, detect: bool = True, joins: Spans = (), on_progress: Progress = silent) -> Seen:
    """Analyse a clip and run the picture detectors on its head, in one decode; `joins` are known changes of scene."""
    from pipeline.analysis.analyser import Analyser
    from pipeline.detect.examiner import Examiner
    from pipeline.detect.findings import Content
    from pipeline.media.frames import read_frames

    analyser = Analyser(joins)
    # what becomes of a master is known; the detectors' look at it is a second opinion and may not cost much
    examiner = Examiner(clip, thoroughness="fast") if detect else None
    thumbnails = Sampler(clip.duration_s, THUMBNAILS)
    lumas = Sampler(clip.duration_s, STRENGTH_RUNS, run=STRENGTH_RUN_PICTURES)
    for frame in read_frames(clip):
        analyser.add(frame)
        if examiner:
            examiner.add(frame)
        if thumbnails.is_due(frame.time_s):
            thumbnails.taken.append(frame.rgb(THUMBNAIL_WIDTH_PX))
        if lumas.is_due(frame.time_s):
            lumas.taken.append(frame.luma.copy())
        on_progress("look", frame.time_s / clip.duration_s if clip.duration_s else 1.0)
    return Seen(
        analysis=analyser.result(clip.duration_s),
        content=examiner.content() if examiner else Content(),
        thumbnails=tuple(thumbnails.taken),
        lumas=tuple(lumas.taken),
    )


class Sampler:
    """Says which pictures to take: runs of neighbours at `count` places over a duration, the first one among them."""

    def __init__(self, duration_s: float, count: int, *, run: int = 1) -> None:
        self.taken: list[np.ndarray] = []
        self._starts_s = [duration_s * index / count for index in range(count)]
        self._run = run
        self._due = 0

    def is_due(self, time_s: float) -> bool:
        """Whether to take the picture of this time; asked once for each, in order."""
        if not self._due and self._starts_s and (time_s >= self._starts_s[0] or not self.taken):
            self._starts_s = [start_s for start_s in self._starts_s[1:] if start_s > time_s]
            self._due = self._run
        if not self._due:
            return False
        self._due -= 1
        return True


# ------------------------------------------------------------------ sound
def check_sound(settings: SoundSettings) -> None:
    """Refuse wishes that no clip could meet, once and before the work begins; UsageError names the wish."""
    from pipeline.sound.mix.presets import preset_named
    from pipeline.sound.spotting.music import read_wishes

    preset_named(settings.loudness)
    read_wishes(settings)


def plan_sound(
    clip: Clip,
    analysis: Analysis,
    *,
    settings: SoundSettings,
    cues: Path | None = None,
    film: Film | None = None,
    on_progress: Progress = silent,
) -> SoundPlan:
    """The cue sheet: read from `cues` when given, else spotted from picture and prompt, recordings where they fit.

    That of a `film` is spotted clip by clip.
    """
    from pipeline.films import spot_film
    from pipeline.media.audio import has_sound
    from pipeline.sound.cuesheet.sheet import load_cues
    from pipeline.sound.recordings.library import settle, take
    from pipeline.sound.spotting.music import read_wishes
    from pipeline.sound.spotting.spot import spot

    library = open_recordings(settings, on_progress=on_progress)
    if cues:
        return _allowed(_with_track(settle(load_cues(cues, duration_s=clip.duration_s), library), settings), settings)
    if film:
        plan = spot_film(film, analysis, prompts=_prompts(film, settings), settings=settings)
    else:
        prompt = _find_prompt(clip, settings)
        plan = spot(
            analysis,
            prompt=prompt,
            seed=settings.seed,
            music=settings.music,
            music_wishes=read_wishes(settings),
            existing_sound=has_sound(clip),
        )
    plan = _with_track(plan, settings)
    return take(plan, library) if library else plan


def _allowed(plan: SoundPlan, settings: SoundSettings) -> SoundPlan:
    # a licence that somebody wrote into a sheet has to fit, too
    from pipeline.sound.deliver.rights import refuse_unfit

    refuse_unfit(plan, policy=settings.licence_policy)
    return plan


def _with_track(plan: SoundPlan, settings: SoundSettings) -> SoundPlan:
    # the person's own track in place of our music
    if settings.track_file is None or not settings.music:
        return plan
    from pipeline.sound.track.cue import with_track

    return with_track(
        plan,
        settings.track_file,
        start_s=settings.music_start_s,
        length_s=settings.music_length_s,
        policy=settings.licence_policy,
    )


def _prompts(film: Film, settings: SoundSettings) -> list[str]:
    # one said for the whole reel is about its music; a clip's own says what is seen in it
    own = replace(settings, prompt="")
    return [
        segment.part.prompt or (_find_prompt(segment.clip, own) if segment.clip else "")
        for segment in film.timeline.segments
    ]


def _find_prompt(clip: Clip, settings: SoundSettings) -> str:
    # what was given, sidecar, container tags, and then what the clip's own credentials say
    from pipeline.prompts import find_prompt
    from pipeline.provenance.prompts import read_prompts

    stated = () if settings.prompt else read_prompts(clip.path)
    prompt, where = find_prompt(clip, given=settings.prompt, stated=stated)
    logger.info("prompt of %s: %s", clip.path.name, where or "none found")
    return prompt


def open_recordings(settings: SoundSettings, *, on_progress: Progress = silent) -> Library | None:
    """The library of recordings that the settings name, or None."""
    from pipeline.sound.recordings.library import open_library

    folder = settings.library_folder
    if folder is None:
        return None
    return open_library(
        folder, policy=settings.licence_policy, on_progress=lambda _name, share: on_progress("library", share)
    )


def renew_sheet(
    clip: Clip,
    analysis: Analysis,
    sheet: Path,
    *,
    settings: SoundSettings,
    film: Film | None = None,
    keep_prompt: bool = True,
    on_progress: Progress = silent,
) -> Merged:
    """The new analysis merged into a sheet on disk, which is not touched; what a person edited in it stays.

    A prompt or seed in the settings counts; else the sheet's does. Without `keep_prompt` the sheet's prompt counts only
    where a person changed it or where nothing beside the clip or in it says another.
    """
    from pipeline.prompts import find_prompt
    from pipeline.sound.cuesheet.merge import merge
    from pipeline.sound.cuesheet.sheet import load_sheet
    from pipeline.sound.recordings.library import settle

    old = load_sheet(sheet, duration_s=clip.duration_s)
    # a film's prompt is put together from those of its clips
    theirs = old.prompt_is_edited or (film is None and (keep_prompt or not find_prompt(clip)[0]))
    given = settings.prompt or (old.plan.prompt if theirs else "")
    settings = replace(settings, prompt=given, seed=settings.seed or old.plan.seed)
    merged = merge(old, plan_sound(clip, analysis, settings=settings, film=film, on_progress=on_progress))
    library = open_recordings(settings)
    plan = settle(merged.sheet.plan, library) if library else merged.sheet.plan
    return replace(merged, sheet=replace(merged.sheet, plan=plan))


def make_sound(
    clip: Clip,
    plan: SoundPlan,
    folder: Path,
    *,
    settings: SoundSettings,
    film: Film | None = None,
    masters: bool = False,
    on_progress: Progress = silent,
) -> tuple[Stems, Mix]:
    """Render a cue sheet and the clip's own sound (that of a film's clips) to stems and a finished mix in `folder`.

    With `masters` also what a delivery wants beside the mix: stems as they are in it, and itself as float.
    """
    from pipeline.sound.mix.mixer import mix
    from pipeline.sound.render import render_stems

    check_sound(settings)
    _allowed(plan, settings)
    rate_hz = settings.sample_rate_hz
    production = _write_production(clip, film, folder / "production.wav", sample_rate_hz=rate_hz)
    on_progress("sound", 0.1)
    stems = render_stems(
        plan,
        folder / "stems",
        sample_rate_hz=rate_hz,
        production=production,
        library=settings.library_folder,
        track=settings.track_file,
        soundfont=settings.soundfont_file,
    )
    on_progress("sound", 0.7)
    more = {"final_stems": folder / FINAL_STEMS, "float_copy": folder / FLOAT_MIX} if masters else {}
    finished = mix(stems, folder / "mix.wav", preset=settings.loudness, **more)
    on_progress("sound", 1.0)
    return stems, finished


def _write_production(clip: Clip, film: Film | None, path: Path, *, sample_rate_hz: int) -> Path | None:
    """The clip's own sound at its anchor level, or what was made of those of a film's clips; None without any."""
    from pipeline.media.audio import has_sound, iter_audio, write_wav
    from pipeline.sound.mix.anchor import anchor_gain_db

    if film:
        return film.production
    if not has_sound(clip):
        return None
    gain_db = anchor_gain_db(iter_audio(clip, sample_rate_hz=sample_rate_hz), sample_rate_hz=sample_rate_hz)
    gained = (block * 10 ** (gain_db / 20) for block in iter_audio(clip, sample_rate_hz=sample_rate_hz))
    write_wav(path, gained, sample_rate_hz=sample_rate_hz)
    return path


@contextmanager
def timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    """Add the wall seconds of a stage to a table."""
    began = time.monotonic()
    try:
        yield
    finally:
        timings[stage] = round(timings.get(stage, 0.0) + time.monotonic() - began, 3)


def explain(error: BaseException) -> str:
    """One sentence for a person: our own errors speak for themselves, others are named as what they are."""
    if isinstance(error, FoleymarkError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'A file'}: {error.strerror}."
    return f"Something unexpected happened ({type(error).__name__}: {error}); please report it with the log."


def draw_cues(clip: Clip, seen: Seen, plan: SoundPlan, *, settings: SoundSettings) -> bytes:
    """A PNG with filmstrip, events, motion, cues and the waveform they make, on one time axis."""
    import tempfile

    from pipeline.media.audio import read_wav
    from pipeline.report.plots import cue_picture

    with tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
        _, mix = make_sound(clip, plan, Path(folder), settings=settings)
        return cue_picture(list(seen.thumbnails), seen.analysis, plan, read_wav(mix.path))
