"""Spotting policy: what becomes a cue, where, how loud, and why."""

from dataclasses import replace

import numpy as np
import pytest
from seen import DURATION_S, analysis, contact

from pipeline.records import Event, Mood, Texture
from pipeline.sound.catalogue import family_of
from pipeline.sound.lexicon.scene import read_prompt
from pipeline.sound.spotting.music import choose_style
from pipeline.sound.spotting.policy import MAX_EFFECTS
from pipeline.sound.spotting.spot import spot


def effects(plan):
    return [cue for cue in plan.cues if cue.stem.startswith("FX")]


def beds(plan):
    return [cue.sound.partition("/")[2] for cue in plan.cues if cue.stem == "BG"]


def test_a_contact_becomes_a_blow_on_the_named_material_at_its_time_and_place():
    seen = analysis(contact(1.2345, x=0.0), contact(3.0, x=0.5), contact(5.0, x=1.0))
    cues = effects(spot(seen, prompt="a glass marble falls down on stone"))
    assert [cue.sound for cue in cues] == ["impact/glass"] * 3
    assert [cue.time_s for cue in cues] == pytest.approx([1.234, 3.0, 5.0], abs=0.001)
    assert [cue.pan for cue in cues] == [-0.8, 0.0, 0.8]
    assert all("falls down" in cue.why for cue in cues)
    assert cues[0].category == "GLASS"


def test_fast_is_louder_and_large_is_larger():
    seen = analysis(
        contact(1.0, speed=0.3), contact(3.0, speed=3.0), contact(5.0, extent=0.2), contact(7.0, extent=0.002)
    )
    slow, fast, large, small = effects(spot(seen, prompt="balls bouncing"))
    assert fast.level_db > slow.level_db + 3
    assert large.parameters["size"] > small.parameters["size"] + 0.3
    assert small.parameters["distance"] > large.parameters["distance"]


def test_feet_make_steps_on_the_surface_and_hands_do_not():
    seen = analysis(contact(1.0, y=0.9), contact(2.0, y=0.1))
    assert [cue.sound for cue in effects(spot(seen, prompt="a man walks on gravel"))] == ["footstep/gravel"]
    both = effects(spot(seen, prompt="a man walks on gravel and strikes a bell"))
    assert [cue.sound.split("/")[0] for cue in both] == ["footstep", "impact"]


def test_swimming_splashes():
    assert [c.sound for c in effects(spot(analysis(contact(1.0)), prompt="a girl swims in a pool"))] == ["splash/water"]


@pytest.mark.parametrize("prompt", ["a woman speaks", "Interview with a farmer", "talking head in an office"])
def test_talk_has_no_contacts_and_no_whooshes(prompt):
    seen = analysis(contact(1.0, 0.99), Event(3.0, "whoosh", 0.99, speed=3.0, extent=0.1, length_s=0.4))
    plan = spot(seen, prompt=prompt)
    assert effects(plan) == []
    assert len(beds(plan)) == 2


def test_talk_that_also_strikes_keeps_its_blows():
    assert effects(spot(analysis(contact(1.0)), prompt="a chef talks while chopping onions"))


def test_the_less_the_prompt_asks_the_surer_a_contact_must_be():
    seen = analysis(*(contact(float(i), confidence) for i, confidence in enumerate((0.25, 0.45, 0.55, 0.7), start=1)))
    counts = [
        len(effects(spot(seen, prompt=prompt)))
        for prompt in ("a hammer strikes", "a wooden box", "", "an aerial view of the coast")
    ]
    assert counts == [4, 3, 2, 1]
    sure = effects(spot(seen, prompt="a hammer strikes"))[-1]
    unsure = effects(spot(seen, prompt="an aerial view of the coast"))[-1]
    assert unsure.level_db < sure.level_db - 5


def test_no_second_is_overfull_and_the_strongest_stay():
    seen = analysis(*(contact(2 + 0.01 * i, 0.3 + 0.006 * i) for i in range(100)))
    cues = effects(spot(seen, prompt="balls bouncing"))
    times_s = np.array([cue.time_s for cue in cues])
    assert np.diff(times_s).min() >= 0.07 - 1e-9
    assert max(((times_s >= t) & (times_s < t + 0.5)).sum() for t in times_s) <= 7
    assert times_s[-1] == pytest.approx(2.99)


def test_a_whoosh_ends_with_its_movement_or_in_the_cut():
    moves = [Event(t, "whoosh", 0.9, speed=2.0, extent=0.1, length_s=0.4) for t in (2.0, 5.0)]
    first, second = effects(spot(analysis(*moves, cuts_s=(5.3,)), prompt="a dancer"))
    assert first.time_s + first.length_s == pytest.approx(2.2, abs=0.002)
    assert second.time_s + second.length_s == pytest.approx(5.3, abs=0.002)
    assert "cut" in second.why
    assert first.stem == "FX-foley"


def test_flashes_sound_only_where_the_prompt_says_so():
    seen = analysis(Event(2.0, "flash", 0.9), Event(6.0, "flash", 0.9))
    assert effects(spot(seen)) == []
    assert [c.sound for c in effects(spot(seen, prompt="lightning over the sea"))] == ["thunder/clap"] * 2
    assert [c.sound for c in effects(spot(seen, prompt="fireworks"))] == ["burst/firework"] * 2


def test_two_ambiences_always():
    for prompt in ("", "rain on a street", "a beach", "underwater", "no wind, no rain", "a church"):
        for mood in (Mood(), Mood(foliage=0.6, sky=0.4), Mood(brightness=0.05), Mood(water=0.7)):
            names = beds(spot(analysis(mood=mood), prompt=prompt))
            assert len(set(names)) == 2, (prompt, mood)
    assert beds(spot(analysis(), prompt="rain on a street"))[0:2] == ["city", "rain"]


def test_the_picture_chooses_where_the_prompt_is_silent():
    assert "forest" in beds(spot(analysis(mood=Mood(foliage=0.6))))
    moving = replace(analysis(mood=Mood(water=0.6)), textures=(Texture("water", 0.3, 0.5, 0.8, 0.3),))
    assert "sea" in beds(spot(moving))
    assert "sea" not in beds(spot(analysis(mood=Mood(water=0.6))))
    assert "room" in beds(spot(analysis()))
    named = spot(analysis(mood=Mood(foliage=0.6)), prompt="a city street")
    assert max((cue for cue in named.cues if cue.stem == "BG"), key=lambda cue: cue.level_db).sound == "ambience/city"


def test_refused_sounds_stay_away():
    seen = analysis(contact(1.0), mood=Mood(sky=0.8))
    assert "wind" not in beds(spot(seen, prompt="a desert, no wind"))
    assert not [cue for cue in spot(seen, prompt="a drum, no music").cues if cue.stem == "MX"]
    assert effects(spot(seen, prompt="balls bouncing, no sound effects")) == []
    quiet = spot(seen, prompt="a ball bounces, without ambience")
    assert beds(quiet) == ["room"]
    assert quiet.cues[0].level_db < -15


def test_music_is_one_bed_over_everything_with_the_cuts_as_markers():
    plan = spot(analysis(cuts_s=(3.0, 7.5)), prompt="a playful puppy")
    (music,) = [cue for cue in plan.cues if cue.stem == "MX"]
    assert (music.sound, music.time_s, music.length_s) == ("music/playful", 0.0, DURATION_S)
    assert plan.markers_s == (3.0, 7.5)
    assert not [cue for cue in spot(analysis(), music=False).cues if cue.stem == "MX"]


@pytest.mark.parametrize(
    ("mood", "style"),
    [
        (Mood(cuts_per_minute=40, motion=0.6), "electronic"),
        (Mood(brightness=0.1, motion=0.5), "tense"),
        (Mood(brightness=0.1, motion=0.1), "ambient"),
        (Mood(brightness=0.7, saturation=0.7, motion=0.5), "playful"),
        (Mood(motion=0.4), "cinematic"),
    ],
)
def test_mood_chooses_the_style(mood, style):
    assert choose_style(read_prompt(""), mood)[0] == style


def test_production_sound_stays_in_front():
    seen = analysis(
        contact(1.0, 0.9), contact(3.0, 0.5), Event(5.0, "whoosh", 0.9, speed=2.0, extent=0.1, length_s=0.4)
    )
    alone = spot(seen, prompt="a hammer strikes")
    beside = spot(seen, prompt="a hammer strikes", existing_sound=True)
    assert len(effects(alone)) == 3
    (kept,) = effects(beside)
    assert kept.level_db == pytest.approx(effects(alone)[0].level_db - 9)
    assert not [cue for cue in beside.cues if cue.stem == "MX"]
    assert beside.cues[0].level_db == pytest.approx(alone.cues[0].level_db - 12)
    asked = spot(seen, prompt="a hammer strikes, epic music", existing_sound=True)
    assert [cue for cue in asked.cues if cue.stem == "MX"]


def test_a_driven_bed_follows_the_movement():
    seen = analysis(energy=lambda t: 1.0 if t > 5 else 0.01)
    (machine,) = [cue for cue in spot(seen, prompt="a machine").cues if cue.sound == "ambience/machine"]
    levels = dict(machine.automation)
    assert levels[8.0] > levels[2.0] + 5
    still = spot(analysis(), prompt="a machine")
    assert all(not cue.automation for cue in still.cues)


def test_ids_and_seeds_survive_a_change_elsewhere():
    first = spot(analysis(contact(1.0), contact(4.0)), prompt="a hammer strikes", seed=5)
    second = spot(analysis(contact(1.0), contact(2.0), contact(4.0)), prompt="a hammer strikes", seed=5)
    before, after = ({cue.id: cue.seed for cue in plan.cues} for plan in (first, second))
    assert before.items() <= after.items()
    assert len({cue.id for cue in second.cues}) == len(second.cues)
    other = spot(analysis(contact(1.0), contact(4.0)), prompt="a hammer strikes", seed=6)
    assert {cue.seed for cue in other.cues}.isdisjoint(before.values())


def test_every_cue_is_known_explained_and_in_order():
    seen = analysis(contact(1.0), Event(2.0, "flash", 0.9), Event(4.0, "whoosh", 0.9, length_s=0.4, speed=2.0))
    cues = spot(seen, prompt="a man runs past explosions in a storm").cues
    assert [cue.time_s for cue in cues] == sorted(cue.time_s for cue in cues)
    for cue in cues:
        assert cue.why
        assert cue.id
        assert cue.stem in family_of(cue.sound).stems


def test_hours_stay_bounded():
    seen = analysis(*(contact(0.2 * i) for i in range(50_000)), duration_s=10_000.0)
    assert len(effects(spot(seen, prompt="walking"))) <= MAX_EFFECTS


def test_an_even_pace_takes_the_place_of_low_contacts_where_somebody_walks():
    from pipeline.records import Event

    steps = [Event(time_s=t, kind="footstep", confidence=0.4, y=0.8, extent=0.02, speed=1.0) for t in (1.0, 1.5, 2.0)]
    seen = analysis(*steps, contact(1.25), contact(1.75))
    walked = [cue for cue in spot(seen, prompt="a man walks on gravel").cues if cue.sound.startswith("footstep")]
    assert [cue.time_s for cue in walked] == [1.0, 1.5, 2.0]
    assert walked[0].sound == "footstep/gravel" and "step seen" in walked[0].why
    # nobody walks: the pace says nothing
    struck = [cue for cue in spot(seen, prompt="a hammer hits a nail").cues if cue.stem.startswith("FX")]
    assert [cue.time_s for cue in struck] == [1.25, 1.75]
