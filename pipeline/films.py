"""Films: what a job knows of a reel beyond its pictures - its joins, what its clips show, what it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import IngredientSettings, SignSettings, SoundSettings
from pipeline.records import Analysis, Cue, SoundPlan
from pipeline.signing import Composition, Spans
from pipeline.sound.deliver.rights import Production

if TYPE_CHECKING:
    from pipeline.reel.reel import Segment, Timeline

# beds go on so long beyond a join, where they cross as they do at a cut within a clip
OVERLAP_S = 0.25


@dataclass(frozen=True)
class Film:
    """A reel whose pictures have been put together."""

    timeline: Timeline
    # its pictures, without sound
    master: Path
    # the clips' own sound along the film; None when nothing is heard
    production: Path | None
    # the master is an intermediate file, from which the delivered one is encoded
    is_intermediate: bool

    @property
    def joins(self) -> Spans:
        """When one segment gives way to the next."""
        segments = self.timeline.segments
        pairs = zip(segments, segments[1:], strict=False)
        return tuple((min(one.end_s, two.start_s), max(one.end_s, two.start_s)) for one, two in pairs)

    @property
    def scenes(self) -> tuple[tuple[Segment, float, float], ...]:
        """Each segment with its share of the film, from the middle of one join to the middle of the next."""
        edges = (0.0, *self.timeline.joins_s, self.timeline.duration_s)
        return tuple(zip(self.timeline.segments, edges, edges[1:], strict=False))


# ------------------------------------------------------------------ sound
def spot_film(film: Film, analysis: Analysis, *, prompts: Sequence[str], settings: SoundSettings) -> SoundPlan:
    """The cue sheet of a film: effects and places by segment and its own prompt, the music as one piece.

    `prompts` has one for each segment.
    """
    from pipeline.sound.spotting.music import read_wishes
    from pipeline.sound.spotting.spot import spot

    said = list(dict.fromkeys(filter(None, [settings.prompt, *prompts])))
    # one clip with sound of its own is no reason to leave the film without music
    whole = spot(
        analysis,
        prompt=" ".join(said),
        seed=settings.seed,
        music=settings.music,
        music_wishes=read_wishes(settings),
    )
    cues = [cue for cue in whole.cues if cue.stem == "MX"]
    for (segment, start_s, end_s), prompt in zip(film.scenes, prompts, strict=True):
        if segment.clip is not None:
            cues += _spot_scene(segment, analysis, (start_s, end_s), prompt=prompt, seed=settings.seed)
    return replace(whole, cues=tuple(sorted(cues, key=lambda cue: (cue.time_s, cue.stem, cue.id))))


def _spot_scene(
    segment: Segment, analysis: Analysis, span: tuple[float, float], *, prompt: str, seed: int
) -> list[Cue]:
    from pipeline.analysis.slicing import slice_analysis
    from pipeline.sound.spotting.spot import spot

    start_s, end_s = span[0], min(span[1], analysis.duration_s)
    plan = spot(
        slice_analysis(analysis, start_s, end_s),
        prompt=prompt,
        seed=seed,
        music=False,
        existing_sound=has_own_sound(segment),
    )
    return [_moved(cue, segment.index, (start_s, end_s), film_s=analysis.duration_s, seed=seed) for cue in plan.cues]


def _moved(cue: Cue, index: int, span: tuple[float, float], *, film_s: float, seed: int) -> Cue:
    """A cue of a segment on the film's time line, with an id of its own."""
    from pipeline.sound.noise import key_of

    start_s, end_s = span
    begins_s, ends_s = start_s + cue.time_s, min(film_s, start_s + cue.time_s + cue.length_s)
    shift_s = 0.0
    if cue.stem == "BG":
        if cue.time_s == 0:
            shift_s = min(begins_s, OVERLAP_S)
        if ends_s >= end_s - 1e-3:
            ends_s = min(film_s, ends_s + OVERLAP_S)
    name = f"clip{index + 1}-{cue.id}"
    return replace(
        cue,
        id=name,
        seed=key_of(seed, name) & 0x7FFFFFFF,
        time_s=round(begins_s - shift_s, 3),
        length_s=round(ends_s - begins_s + shift_s, 3),
        automation=tuple((time_s + shift_s, level_db) for time_s, level_db in cue.automation),
        pan_automation=tuple((time_s + shift_s, pan) for time_s, pan in cue.pan_automation),
    )


def has_own_sound(segment: Segment) -> bool:
    """Whether a segment brings sound that stays."""
    from pipeline.media.audio import has_sound

    return segment.clip is not None and segment.part.sound_db is not None and has_sound(segment.clip)


# ------------------------------------------------------------- credentials
def composition_of(film: Film, settings: SignSettings) -> tuple[Composition, SignSettings]:
    """What the film was put together from, and the settings without the ingredients that are among it.

    What the settings say of a clip (author, licence, how it came to be) counts for it.
    """
    told = {one.file.resolve(): one for one in settings.ingredients}
    seen: dict[Path, list[tuple[float, float]]] = {}
    for segment in film.timeline.segments:
        if segment.part.clip is not None:
            seen.setdefault(segment.part.clip.resolve(), []).append((segment.start_s, segment.end_s))
    usual = settings.digital_source_type
    sources = tuple(
        (told.get(path) or IngredientSettings(file=path, source_type=usual), tuple(spans))
        for path, spans in seen.items()
    )
    others = tuple(one for path, one in told.items() if path not in seen)
    return Composition(sources, texts_of(film.timeline)), replace(settings, ingredients=others)


def texts_of(timeline: Timeline) -> Spans:
    """When titles and cards are seen."""
    spans = []
    for segment in timeline.segments:
        if segment.part.card is not None:
            spans.append((segment.start_s, segment.end_s))
        for title in segment.part.titles:
            start_s = segment.start_s + title.start_s
            spans.append((start_s, min(segment.end_s, start_s + title.length_s) if title.length_s else segment.end_s))
    return tuple(spans)


def own_sound_of(film: Film) -> tuple[Production, ...]:
    """The clips whose own sound is heard in a film, for its rights sheet."""
    return tuple(
        Production(segment.clip.path.name, segment.clip.sha256, start_s=segment.start_s, end_s=segment.end_s)
        for segment in film.timeline.segments
        if segment.clip is not None and has_own_sound(segment)
    )
