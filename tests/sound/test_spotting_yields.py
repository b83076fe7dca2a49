"""What yields to what, how dense a sheet may become, and what stays the same."""

import numpy as np
import pytest
from seen import analysis, contact

from pipeline.records import Cue, Event, Mood
from pipeline.sound.spotting.policy import DENSITIES
from pipeline.sound.spotting.spot import spot
from pipeline.sound.spotting.yields import settle


def cue(sound, time_s, *, stem="FX-impacts", level_db=0.0, confidence=0.9):
    return Cue(
        id="", stem=stem, time_s=time_s, length_s=1.0, category="OBJECTS", sound=sound, level_db=level_db,
        confidence=confidence,
    )  # fmt: skip


def effects(plan):
    return [cue for cue in plan.cues if cue.stem.startswith("FX")]


def test_of_two_at_once_the_stronger_stays():
    kept = settle([cue("impact/wood", 1.0, level_db=-9.0), cue("burst/gun", 1.02), cue("impact/wood", 2.0)])
    assert [c.sound for c in kept] == ["burst/gun", "impact/wood"]
    sure = settle([cue("splash/water", 1.0, confidence=0.2), cue("impact/wood", 1.03, confidence=0.9)])
    assert [c.sound for c in sure] == ["impact/wood"]


def test_layers_of_one_thing_stay_together():
    assert len(settle([cue("shatter/glass", 1.0), cue("impact/glass", 1.0)])) == 2


def test_foley_steps_back_beside_a_blow():
    step = cue("footstep/wood", 1.1, stem="FX-foley", level_db=-2.0)
    assert settle([cue("impact/wood", 1.0), step])[1].level_db < -5
    assert settle([cue("impact/wood", 3.0), step])[0].level_db == -2.0
    assert settle([cue("impact/wood", 1.0, level_db=-9.0), step])[1].level_db == -2.0


def test_an_engine_and_a_call_yield_to_nothing_but_their_own():
    kept = settle(
        [
            cue("engine/car", 1.0, stem="FX-foley", level_db=-8.0),
            cue("impact/metal", 1.0),
            cue("animal/dog", 1.0, stem="FX-foley"),
            cue("animal/cat", 1.05, stem="FX-foley"),
            cue("animal/dog", 1.1, stem="FX-foley", level_db=-3.0),
        ]
    )
    assert sorted(c.sound for c in kept) == ["animal/cat", "animal/dog", "engine/car", "impact/metal"]


def test_without_words_a_storm_of_contacts_stays_playable():
    seen = analysis(*(contact(0.1 * i, 0.5 + 0.004 * (i * 37 % 100)) for i in range(1, 99)))
    for prompt, most in (("", 2), ("an aerial view of the coast", 1), ("a wooden box", 4), ("balls bouncing", 7)):
        times_s = np.array([c.time_s for c in effects(spot(seen, prompt=prompt))])
        assert times_s.size
        assert max(((times_s > t - 0.5) & (times_s < t + 0.5)).sum() for t in times_s) <= 2 * most, prompt
        assert times_s.size <= 1.6 * most * 10, prompt


def test_a_prompt_that_says_nothing_about_things_is_as_good_as_none():
    seen = analysis(contact(2.0, 0.55), contact(4.0, 0.7))
    assert len(effects(spot(seen, prompt="epic, happy, xyzzy"))) == len(effects(spot(seen))) == 2
    assert len(effects(spot(seen, prompt="a forest"))) == 1


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "a dog barks while a car drives by in the rain and a door slams",
        "epic movie trailer: warriors run and fight, glass shatters, thunder",
        "she walks in heels through an office, typing, a phone camera takes a photo, church bells",
    ],
)
def test_a_sheet_survives_its_own_file(prompt, tmp_path):
    from pipeline.sound.cuesheet.sheet import dump_cues, load_cues

    events = [
        contact(1.2),
        Event(2.0, "flash", 0.9, guess="lightning"),
        Event(3.0, "slide", 0.9, extent=0.1, speed=0.4, length_s=1.0, guess="roll"),
        Event(5.5, "whoosh", 0.9, extent=0.4, speed=2.0, length_s=0.4),
        Event(6.0, "appearance", 0.9, extent=0.1),
        Event(8.0, "collision", 0.9, extent=0.1, speed=2.0),
    ]
    seen = analysis(*events, cuts_s=(4.0, 7.0), energy=lambda t: 0.3 * (t % 1.5), mood=Mood(motion=0.6))
    plan = spot(seen, prompt=prompt, seed=7)
    path = tmp_path / "cues.yaml"
    path.write_text(dump_cues(plan), "utf-8")
    assert load_cues(path, duration_s=plan.duration_s) == plan


def test_every_family_has_its_density():
    from pipeline.sound.catalogue import families

    assert set(families()) - {"ambience", "music"} == set(DENSITIES)


def test_the_same_picture_gives_the_same_sheet():
    seen = analysis(contact(1.0), Event(3.0, "slide", 0.9, length_s=1.0, extent=0.1, speed=0.4), energy=lambda t: t % 1)
    prompt = "a dog barks, a car drives by, typing, a bell rings"
    assert spot(seen, prompt=prompt, seed=3) == spot(seen, prompt=prompt, seed=3)
    first, second = ({c.id for c in spot(seen, prompt=prompt, seed=3, music=m).cues} for m in (True, False))
    assert second < first


def test_collisions_are_harder_than_contacts():
    touch, crash = (
        effects(spot(analysis(Event(2.0, kind, 0.9, y=0.5, extent=0.02, speed=1.0)), prompt="two balls collide"))[0]
        for kind in ("contact", "collision")
    )
    assert crash.level_db > touch.level_db
    assert "collision seen" in crash.why


def test_sure_steps_are_heard_without_words_and_softly_on_the_likeliest_ground():
    steps = [Event(t, "footstep", 0.8, y=0.9, extent=0.02, speed=1.0) for t in (1.0, 1.5, 2.0)]
    inside, outside = (effects(spot(analysis(*steps, mood=Mood(indoor=i)))) for i in (0.9, 0.1))
    assert [c.sound for c in inside] == ["footstep/wood"] * 3
    assert [c.sound for c in outside] == ["footstep/dirt"] * 3
    doubtful = [Event(t, "footstep", 0.5, y=0.9, extent=0.02, speed=1.0) for t in (1.0, 1.5)]
    assert not effects(spot(analysis(*doubtful)))
