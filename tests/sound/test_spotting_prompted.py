"""Sounds the prompt names: what they are, where the picture puts them, and what happens when it gives no clue."""

import math

import numpy as np
import pytest
from seen import DURATION_S, analysis, contact

from pipeline.records import Event
from pipeline.sound.spotting.spot import spot


def sounds(plan, family=""):
    return [cue for cue in plan.cues if cue.stem.startswith("FX") and cue.sound.startswith(family)]


def whoosh(time_s, **fields):
    return Event(time_s, "whoosh", **{"confidence": 0.9, "speed": 2.0, "extent": 0.1, "length_s": 0.4, **fields})


def flash(time_s, confidence=0.9, **fields):
    return Event(time_s, "flash", confidence, **fields)


def jerk(*times_s):
    """Stillness that is broken at some times."""
    return lambda t: 0.5 if any(0 <= t - start_s < 0.8 for start_s in times_s) else 0.002


SMALL, LARGE = {"extent": 0.005}, {"extent": 0.3}

# the prompt, what is seen, and the sounds that must be heard at which times (None: anywhere)
NAMED = {
    "door at the largest contact": (
        "a door slams shut",
        analysis(contact(2.0, **SMALL), contact(5.0, **LARGE)),
        [("door/close", 5.0)],
    ),
    "door opens at the first": ("she opens the door", analysis(contact(2.0), contact(6.0)), [("door/open", 2.0)]),
    "glass at the strongest": (
        "a wine glass shatters on the floor",
        analysis(contact(2.0, 0.4, speed=0.3), contact(6.0, 0.95, speed=3.0)),
        [("shatter/glass", 6.0)],
    ),
    "bark where something begins": (
        "a dog barks at the gate",
        analysis(energy=jerk(3.0)),
        [("animal/dog", 3.0)],
    ),
    "bark at an appearance": (
        "a barking dog",
        analysis(Event(4.0, "appearance", 0.9, x=0.9, extent=0.05)),
        [("animal/dog", 4.0)],
    ),
    "camera at its flash": ("a photographer takes a photo", analysis(flash(3.3)), [("click/camera", 3.3)]),
    "gong at the strongest contact": ("a monk strikes a gong", analysis(contact(4.2)), [("bell/gong", 4.2)]),
    "shots at flashes": (
        "gunfire at night",
        analysis(flash(2.0), flash(4.0)),
        [("burst/gun", 2.0), ("burst/gun", 4.0)],
    ),
    "explosion without a flash": ("an explosion", analysis(contact(3.0)), [("burst/blast", 3.0)]),
    "splash that looks like one": (
        "a lake in summer",
        analysis(contact(3.0, 0.7, guess="splash")),
        [("splash/water", 3.0)],
    ),
    "scrape as long as it is seen": (
        "dragging a wooden crate",
        analysis(Event(2.0, "slide", 0.5, extent=0.1, speed=0.5, length_s=1.5)),
        [("scrape/wood", 2.0)],
    ),
    "roll where it rolls": (
        "a marble rolling over a table",
        analysis(Event(2.0, "slide", 0.5, extent=0.02, speed=0.5, length_s=1.5, guess="roll")),
        [("roll/glass", 2.0)],
    ),
}


@pytest.mark.parametrize("case", NAMED)
def test_the_prompt_says_what_and_the_picture_when(case):
    prompt, seen, expected = NAMED[case]
    plan = spot(seen, prompt=prompt)
    for sound, time_s in expected:
        found = [cue for cue in sounds(plan) if cue.sound == sound]
        assert found, (case, [cue.sound for cue in sounds(plan)])
        assert min(abs(cue.time_s - time_s) for cue in found) < 0.13, case


@pytest.mark.parametrize(
    ("prompt", "sound"),
    [
        ("a dog barks", "animal/dog"),
        ("a church bell rings", "bell/church"),
        ("a door slams shut", "door/close"),
        ("a cat meows", "animal/cat"),
        ("a vase shatters", "shatter/ceramic"),
        ("thunder rolls", "thunder/clap"),
        ("fireworks", "burst/firework"),
        ("she is typing on a keyboard", "click/key"),
    ],
)
def test_without_a_clue_it_is_heard_all_the_same_but_said_to_be_unsure(prompt, sound):
    found = sounds(spot(analysis(), prompt=prompt), sound)
    assert found
    assert all(cue.confidence <= 0.3 for cue in found)
    assert all(0 <= cue.time_s < DURATION_S for cue in found)
    assert any(word in found[0].why for word in ("nothing in the picture", "free time", "times are free", "plausible"))


def test_calls_without_a_clue_are_few_and_uneven_and_follow_the_seed():
    long = analysis(duration_s=60.0)
    first, again, other = (sounds(spot(long, prompt="a dog barks", seed=seed), "animal") for seed in (1, 1, 2))
    assert [cue.time_s for cue in first] == [cue.time_s for cue in again]
    assert [cue.time_s for cue in first] != [cue.time_s for cue in other]
    assert 10 <= len(first) <= 60
    assert np.std(np.diff([cue.time_s for cue in first])) > 0.3


def test_bells_toll_evenly():
    gaps_s = np.diff([cue.time_s for cue in sounds(spot(analysis(duration_s=30.0), prompt="church bells"), "bell")])
    assert len(gaps_s) > 5
    assert gaps_s.std() < 0.1 * gaps_s.mean()


def test_an_animal_that_is_only_there_is_heard_less_than_one_that_calls():
    seen = analysis(energy=jerk(1.0, 3.0, 5.0, 7.0))
    there, calls = (sounds(spot(seen, prompt=p), "animal") for p in ("a dog on a lawn", "a dog barks on a lawn"))
    assert len(there) < len(calls)
    assert max(cue.level_db for cue in there) < max(cue.level_db for cue in calls)
    assert not sounds(spot(analysis(), prompt="a dog on a lawn"), "animal")
    assert not sounds(spot(seen, prompt="birds over a lake"), "animal")


def test_what_a_named_sound_takes_makes_no_second_sound():
    plan = spot(analysis(contact(5.0, **LARGE)), prompt="a door slams shut")
    assert [cue.sound for cue in sounds(plan)] == ["door/close"]
    photo = spot(analysis(flash(3.0)), prompt="a photographer takes a photo in a storm, lightning")
    assert [cue.sound for cue in sounds(photo)].count("click/camera") == 1
    assert not [cue for cue in sounds(photo, "thunder") if abs(cue.time_s - 3.0) < 0.2]


def test_small_contacts_are_keys_and_the_rest_is_a_rhythm():
    prompt = "typing on a keyboard"
    seen = [
        cue.time_s for cue in sounds(spot(analysis(*(contact(1 + 0.3 * i, **SMALL) for i in range(25))), prompt=prompt))
    ]
    assert seen == pytest.approx([1 + 0.3 * i for i in range(25)], abs=0.001)
    moving = spot(analysis(energy=lambda t: 0.1 if 2 < t < 6 else 0.0), prompt=prompt)
    keys = sounds(moving, "click/key")
    assert 6 < len(keys) < 4 * 7
    assert all(2 <= cue.time_s <= 6.1 for cue in keys)
    assert {cue.sound for cue in sounds(moving)} == {"click/key"}


def test_blows_that_are_asked_for_and_not_seen_fall_where_movement_ends():
    struck = sounds(spot(analysis(energy=jerk(2.0, 5.0)), prompt="a hammer strikes an anvil"), "impact")
    assert [cue.time_s for cue in struck] == pytest.approx([2.8, 5.8], abs=0.13)
    assert all(cue.confidence <= 0.3 and "no contact is seen" in cue.why for cue in struck)
    assert not sounds(spot(analysis(energy=jerk(2.0)), prompt="a wooden box"), "impact")
    both = sounds(spot(analysis(contact(7.0), energy=jerk(2.0, 5.0)), prompt="a hammer strikes an anvil"), "impact")
    assert [cue.time_s for cue in both] == [7.0]


def test_steps_take_surface_and_shoe_and_keep_a_pace_where_no_foot_is_seen():
    steps = [Event(t, "footstep", 0.6, y=0.9, extent=0.02, speed=1.0) for t in np.arange(1.0, 9.0, 0.5).tolist()]
    heels = sounds(spot(analysis(*steps), prompt="a woman in high heels walks on gravel in the rain"), "footstep")
    assert {cue.sound for cue in heels} == {"footstep/gravel"}
    assert len(heels) == len(steps)
    assert heels[0].parameters["shoe"] > 0.8
    assert heels[0].parameters["wet"] > 0.5
    moving = {"energy": lambda t: 0.1}
    walk, run = (sounds(spot(analysis(**moving), prompt=p), "footstep") for p in ("a man walks", "a man runs"))
    assert np.diff([cue.time_s for cue in walk]) == pytest.approx(0.54, rel=0.06)
    assert np.diff([cue.time_s for cue in run]) == pytest.approx(0.34, rel=0.06)
    assert all("no foot" in cue.why or "hardly a foot" in cue.why for cue in walk)
    assert walk[0].level_db < -5
    assert not sounds(spot(analysis(), prompt="a man walks"), "footstep")


def test_flashes_need_a_word_or_a_look_that_can_hardly_be_anything_else():
    likely, sure = (analysis(flash(3.0, confidence, guess="lightning")) for confidence in (0.6, 0.9))
    assert not sounds(spot(likely))
    (clap,) = sounds(spot(sure))
    assert clap.sound == "thunder/clap"
    assert "looks like lightning" in clap.why
    shot = analysis(flash(3.0, 0.95, guess="gun"))
    assert [cue.sound for cue in sounds(spot(shot))] == ["burst/gun"]
    assert not sounds(spot(shot, prompt="a welder at work"), "burst")


@pytest.mark.parametrize(
    ("prompt", "accents"),
    [
        ("epic movie trailer, warriors fight", True),
        ("a calm lake, epic light", False),
        ("warriors fight", False),
        ("a busy kitchen", False),
    ],
)
def test_risers_and_hits_are_for_trailers(prompt, accents):
    from dataclasses import replace

    from pipeline.records import Mood

    lively = replace(analysis(cuts_s=(3.0, 6.0), energy=lambda t: 0.3), mood=Mood(motion=0.6))
    found = [cue for cue in sounds(spot(lively, prompt=prompt)) if cue.sound in ("hit/deep", "riser/air")]
    assert bool(found) == accents
    for cue in found:
        at_s = cue.time_s + (cue.length_s if cue.sound == "riser/air" else 0.0)
        assert at_s in (pytest.approx(3.0, abs=0.002), pytest.approx(6.0, abs=0.002))
    still = replace(lively, mood=Mood(motion=0.02))
    assert not [cue for cue in sounds(spot(still, prompt=prompt)) if cue.sound in ("hit/deep", "riser/air")]


def test_a_large_thing_moves_heavy_air():
    small, large = (sounds(spot(analysis(whoosh(4.0, extent=extent)))) for extent in (0.05, 0.4))
    assert [cue.sound for cue in small + large] == ["whoosh/air", "whoosh/heavy"]


def test_beside_real_sound_nothing_is_invented():
    seen = analysis(contact(2.0, 0.9, **LARGE), energy=jerk(3.0, 6.0))
    for prompt in ("a dog barks", "a church bell", "typing", "a man walks", "a car drives by", "thunder", "fireworks"):
        plan = spot(seen, prompt=prompt, existing_sound=True)
        assert not [cue for cue in sounds(plan) if cue.confidence < 0.65], prompt
        assert not [cue for cue in sounds(plan) if cue.sound.split("/")[0] in ("animal", "engine", "thunder")], prompt


def test_every_sentence_is_one_and_every_number_is_finite():
    events = [contact(1.0), flash(2.0), whoosh(4.0), Event(5.0, "slide", 0.9, extent=0.1, speed=0.5, length_s=1.0)]
    seen = analysis(*events, Event(6.0, "collision", 0.9, speed=2.0, extent=0.1), energy=jerk(3.0, 7.0), cuts_s=(5.0,))
    for prompt in ("", "a dog barks while a car drives by and a door slams", "typing", "epic trailer, glass shatters"):
        for cue in spot(seen, prompt=prompt).cues:
            assert cue.why and "\n" not in cue.why and not cue.why.endswith(".")
            assert all(math.isfinite(v) for v in (cue.time_s, cue.length_s, cue.pan, cue.level_db))
            assert -40 < cue.level_db < 12
            assert all(0 <= value <= 1 for value in cue.parameters.values()), cue
