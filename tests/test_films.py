"""What a job knows of a reel: its scenes, their sounds on one time line, and what it was made from."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.config import IngredientSettings, SignSettings, SoundSettings
from pipeline.films import Film, composition_of, spot_film, texts_of
from pipeline.media.probe import probe
from pipeline.records import Analysis, Event, Mood, MotionCurve, Shot
from pipeline.reel.reel import Card, Part, Segment, Timeline, Title, Transition


@pytest.fixture
def film(make_clip, tmp_path) -> Film:
    """Two clips with a dissolve of half a second between them, then a card, then the first clip again."""
    first = probe(make_clip(tmp_path / "first.mp4", frames=50))
    second = probe(make_clip(tmp_path / "second.mp4", frames=50))
    dissolve = Transition("dissolve", 0.5)
    parts = (
        Part(first.path, titles=(Title("hello", start_s=0.5, length_s=1.0),)),
        Part(second.path, transition=dissolve, titles=(Title("there", start_s=1.0),)),
        Part(card=Card("the end", 1.0)),
        Part(first.path),
    )
    spans = ((0.0, 2.0), (1.5, 3.5), (3.5, 4.5), (4.5, 6.5))
    segments = tuple(
        Segment(index, part, clip, start_s, end_s, 0.0, end_s - start_s, "blur")
        for index, (part, clip, (start_s, end_s)) in enumerate(
            zip(parts, (first, second, None, first), spans, strict=True)
        )
    )
    timeline = Timeline(segments, (320, 180), Fraction(24), frames=156)
    return Film(timeline, tmp_path / "master.mp4", None, is_intermediate=True)


def analysis_of(film: Film) -> Analysis:
    times = tuple(index / 25 for index in range(162))
    edges = (0.0, *film.timeline.joins_s, film.timeline.duration_s)
    shots = tuple(Shot(a, b) for a, b in zip(edges, edges[1:], strict=False))
    blows = tuple(Event(time_s, "contact", 0.95, extent=0.2, speed=1.5) for time_s in (0.8, 2.4, 4.0, 5.4))
    still = (0.05,) * len(times)
    return Analysis(
        film.timeline.duration_s,
        shots,
        blows,
        MotionCurve(times, still, still, (0.5,) * len(times)),
        Mood(),
        (Mood(),) * len(shots),
    )


def test_scenes_meet_in_the_middle_of_their_join(film):
    assert film.joins == ((1.5, 2.0), (3.5, 3.5), (4.5, 4.5))
    assert [(start_s, end_s) for _, start_s, end_s in film.scenes] == [(0, 1.75), (1.75, 3.5), (3.5, 4.5), (4.5, 6.5)]


def test_each_scene_sounds_by_its_own_prompt_and_music_spans_the_film(film):
    prompts = ["a hammer strikes a metal anvil", "a glass falls on stone tiles", "", "a hammer strikes a metal anvil"]
    plan = spot_film(film, analysis_of(film), prompts=prompts, settings=SoundSettings())
    music = [cue for cue in plan.cues if cue.stem == "MX"]
    assert [(cue.time_s, cue.length_s) for cue in music] == [(0.0, 6.5)]
    assert plan.markers_s == film.timeline.joins_s
    blows = [cue for cue in plan.cues if cue.stem == "FX-impacts"]
    where = {cue.id.partition("-")[0] for cue in blows}
    assert where == {"clip1", "clip2", "clip4"}, "a card makes no sound"
    assert all("metal" in cue.sound for cue in blows if cue.id.startswith("clip1"))
    assert not any("metal" in cue.sound for cue in blows if cue.id.startswith("clip2"))
    assert len({cue.id for cue in plan.cues}) == len(plan.cues)
    assert len({cue.seed for cue in plan.cues}) == len(plan.cues), "the same clip twice does not sound the same twice"
    assert all(0 <= cue.time_s < 6.5 for cue in plan.cues)


def test_places_cross_in_the_join(film):
    plan = spot_film(film, analysis_of(film), prompts=["rain", "the sea", "", "rain"], settings=SoundSettings())
    beds = [
        (cue.id.partition("-")[0], cue.time_s, round(cue.time_s + cue.length_s, 3))
        for cue in plan.cues
        if cue.stem == "BG"
    ]
    assert ("clip1", 0.0, 2.0) in beds and ("clip2", 1.5, 3.75) in beds
    assert all(end_s <= 6.5 for _, _, end_s in beds)


def test_every_file_is_an_ingredient_once_with_all_its_moments(film):
    first = film.timeline.segments[0].part.clip
    told = IngredientSettings(first, author="Ada", licence="CC-BY-4.0", source_type="digitalCapture")
    other = IngredientSettings(film.master, title="logo")
    composition, settings = composition_of(film, SignSettings(ingredients=(told, other)))
    assert [one.file.name for one, _ in composition.sources] == ["first.mp4", "second.mp4"]
    assert composition.sources[0] == (told, ((0.0, 2.0), (4.5, 6.5)))
    assert composition.sources[1][0].source_type == "trainedAlgorithmicMedia"
    assert settings.ingredients == (other,)
    camera = composition_of(film, SignSettings(generated=False))[0]
    assert camera.sources[1][0].source_type == ""


def test_titles_and_cards_are_texts(film):
    assert texts_of(film.timeline) == ((0.5, 1.5), (2.5, 3.5), (3.5, 4.5))
    plain = replace(film.timeline, segments=film.timeline.segments[3:])
    assert texts_of(plain) == ()
