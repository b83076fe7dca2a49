"""Beds: what is seen to sound, changes of place, and stepping back under effects."""

from dataclasses import replace

import numpy as np
import pytest
from seen import DURATION_S, analysis, contact

from pipeline.records import Mood, Texture
from pipeline.sound.spotting.spot import spot

INDOORS, OUTDOORS = Mood(indoor=0.9), Mood(indoor=0.1, foliage=0.5)


def beds(plan):
    return [cue for cue in plan.cues if cue.stem == "BG"]


def names(plan):
    return [cue.sound.partition("/")[2] for cue in sorted(beds(plan), key=lambda cue: -cue.level_db)]


def texture(kind, confidence=0.7, *, strength=lambda t: 0.5, x=0.5, extent=0.3):
    times_s = np.arange(0, DURATION_S, 0.2).tolist()
    return Texture(kind, confidence, x, 0.5, extent, tuple(times_s), tuple(strength(t) for t in times_s))


def shows(*textures, mood=None, **fields):
    return replace(analysis(mood=mood, **fields), textures=textures)


def shots(*moods_and_ends):
    """Shots with their moods: (mood, end_s)."""
    ends_s = [end_s for _, end_s in moods_and_ends]
    seen = analysis(cuts_s=tuple(ends_s[:-1]), duration_s=ends_s[-1])
    return replace(seen, shot_moods=tuple(mood for mood, _ in moods_and_ends))


@pytest.mark.parametrize(
    ("kind", "bed"),
    [
        ("rain", "rain"),
        ("snow", "snow"),
        ("fire", "fire"),
        ("water", "stream"),
        ("leaves", "leaves"),
        ("crowd", "crowd"),
    ],
)
def test_what_is_seen_to_sound_leads_where_no_word_does(kind, bed):
    plan = spot(shows(texture(kind)))
    assert names(plan)[0] == bed
    assert "picture shows" in beds(plan)[0].why or "picture shows" in beds(plan)[1].why


@pytest.mark.parametrize(
    ("shown", "mood", "bed"),
    [
        (texture("water", extent=0.6), Mood(), "sea"),
        (texture("water"), Mood(sky=0.5), "sea"),
        (texture("rain"), INDOORS, "rain-window"),
    ],
)
def test_how_a_texture_sounds_depends_on_the_picture(shown, mood, bed):
    assert bed in names(spot(shows(shown, mood=mood)))


@pytest.mark.parametrize(
    ("prompt", "bed"),
    [
        ("rain in a city street", "rain"),
        ("rain in a forest", "rain-leaves"),
        ("heavy rain on the roof", "rain-roof"),
        ("a quiet library, it rains", "rain-window"),
    ],
)
def test_rain_sounds_like_what_it_falls_on(prompt, bed):
    assert bed in names(spot(analysis(), prompt=prompt))


def test_what_only_comes_along_never_leads():
    (air,) = [cue for cue in beds(spot(analysis(), prompt="a train")) if cue.sound == "ambience/air"]
    (wind,) = [cue for cue in beds(spot(analysis(), prompt="a windy day")) if cue.sound == "ambience/wind"]
    assert air.level_db <= wind.level_db - 5


def test_one_water_is_not_heard_twice():
    plan = spot(shows(texture("water"), mood=Mood(water=0.8, indoor=0.1)))
    assert {"sea", "stream"} & set(names(plan)) == {"sea"}
    assert "stream" not in names(spot(shows(texture("water", 0.9)), prompt="the sea"))


def test_smoke_is_silent_and_snow_stays_outside():
    assert names(spot(shows(texture("smoke", 0.95)))) == names(spot(analysis()))
    assert "snow" not in names(spot(shows(texture("snow", 0.95), mood=INDOORS)))


def test_doubtful_textures_are_left_out_and_words_ask_for_more():
    assert "fire" not in names(spot(shows(texture("fire", 0.3))))
    assert "fire" in names(spot(shows(texture("fire", 0.5))))
    assert "fire" not in names(spot(shows(texture("fire", 0.5)), prompt="a beach"))
    assert names(spot(shows(texture("fire", 0.9)), prompt="a beach"))[2:] == ["fire"]
    assert "rain" not in names(spot(shows(texture("rain", 0.9)), prompt="a street, no rain"))


def test_a_bed_follows_the_strength_of_what_is_seen_also_when_it_is_named():
    rising = shows(texture("fire", strength=lambda t: 0.05 + 0.09 * t, x=0.9, extent=0.1))
    for prompt in ("", "a campfire"):
        (fire,) = [cue for cue in beds(spot(rising, prompt=prompt)) if cue.sound == "ambience/fire"]
        levels = [level for _, level in fire.automation]
        assert levels[-1] > levels[0] + 4
        assert 0 < fire.pan < 0.4
        assert "follows what is seen" in fire.why
    (steady,) = [cue for cue in beds(spot(shows(texture("fire")))) if cue.sound == "ambience/fire"]
    assert not steady.automation


def test_water_and_wind_sway_with_what_moves_everywhere_in_their_half():
    from pipeline.records import Region

    times_s = tuple(np.arange(0, DURATION_S, 0.08).tolist())
    still, swell = (0.0,) * len(times_s), tuple(0.05 + 0.045 * np.sin(t) for t in times_s)
    boxes = [(i / 3, j / 2, (i + 1) / 3, (j + 1) / 2) for j in range(2) for i in range(3)]

    def seen(moving):
        regions = tuple(Region(b, times_s, swell if i in moving else still, still, still) for i, b in enumerate(boxes))
        return replace(analysis(), regions=regions)

    def sea(moving):
        return next(cue for cue in beds(spot(seen(moving), prompt="the sea")) if cue.sound == "ambience/sea")

    levels = dict(sea((3, 4, 5)).automation)
    assert levels[1.5] > levels[4.5] + 2
    # one who crosses is no wave, and the sky no water
    assert not sea((4,)).automation
    assert not sea((0, 1, 2)).automation


def test_what_takes_up_little_of_the_picture_is_softer():
    near, far = (beds(spot(shows(texture("fire", extent=extent))))[0] for extent in (0.4, 0.05))
    assert far.level_db < near.level_db - 3


def test_one_set_of_beds_where_the_place_stays():
    for moods in ((OUTDOORS, OUTDOORS), (Mood(indoor=0.5), INDOORS), (INDOORS, Mood(indoor=0.55))):
        plan = spot(shots((moods[0], 5.0), (moods[1], 10.0)))
        assert all((cue.time_s, cue.length_s) == (0.0, 10.0) for cue in beds(plan)), moods


def test_places_that_differ_clearly_have_beds_of_their_own_that_cross_in_the_cut():
    plan = spot(shots((INDOORS, 5.0), (OUTDOORS, 10.0)))
    first = [cue for cue in beds(plan) if cue.time_s == 0 and cue.length_s < 6]
    second = [cue for cue in beds(plan) if cue.time_s > 0]
    assert "ambience/room" in [cue.sound for cue in first]
    assert "ambience/forest" in [cue.sound for cue in second]
    assert all(5.0 < cue.time_s + cue.length_s < 5.5 for cue in first)
    assert all(4.5 < cue.time_s < 5.0 for cue in second)
    assert all(cue.time_s + cue.length_s == pytest.approx(10.0) for cue in second)
    # at no moment is there less than one bed
    for time_s in np.arange(0.0, 10.0, 0.1):
        assert any(cue.time_s <= time_s < cue.time_s + cue.length_s for cue in beds(plan))


def test_a_cutaway_keeps_the_bed():
    plan = spot(shots((INDOORS, 5.0), (OUTDOORS, 6.0), (INDOORS, 12.0)))
    assert all((cue.time_s, cue.length_s) == (0.0, 12.0) for cue in beds(plan))


def test_a_prompt_that_names_one_place_is_believed_before_the_picture():
    seen = shots((INDOORS, 5.0), (OUTDOORS, 10.0))
    assert all(cue.length_s == 10.0 for cue in beds(spot(seen, prompt="a forest")))
    both = spot(seen, prompt="an office, then a beach")
    assert [cue.sound for cue in beds(both) if cue.time_s == 0][0] == "ambience/office"
    assert "ambience/sea" in [cue.sound for cue in beds(both) if cue.time_s > 4]
    assert "ambience/sea" not in [cue.sound for cue in beds(both) if cue.time_s == 0]


def test_indoors_and_night_by_the_picture():
    assert names(spot(analysis(mood=Mood(indoor=0.9, foliage=0.6))))[0] == "room"
    assert "air" in names(spot(analysis(mood=Mood(indoor=0.1))))
    night = names(spot(analysis(mood=Mood(indoor=0.1, foliage=0.6, night=0.9))))
    assert set(night) == {"forest", "night"}


def test_beds_step_back_under_dense_or_loud_effects():
    dense = [contact(5 + 0.11 * i, speed=1.0) for i in range(9)]
    plan = spot(analysis(*dense), prompt="a hammer strikes on an anvil in a forest")
    for bed in beds(plan):
        levels = dict(bed.automation)
        assert levels[5.5] <= levels[1.0] - 2.5
        assert levels[9.0] == levels[1.0]
    calm = spot(analysis(contact(5.0)), prompt="a hammer strikes on an anvil in a forest")
    assert all(not bed.automation for bed in beds(calm))


def test_a_texture_of_one_scene_is_not_heard_in_the_other():
    early = texture("fire", 0.9, strength=lambda t: 0.8 if t < 5 else 0.0)
    seen = replace(shots((INDOORS, 5.0), (OUTDOORS, 10.0)), textures=(early,))
    fires = [cue for cue in beds(spot(seen)) if cue.sound == "ambience/fire"]
    assert [cue.time_s for cue in fires] == [0.0]
    assert fires[0].length_s < 6
