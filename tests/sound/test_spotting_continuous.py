"""Sounds that go on: engines, friction and clothes, their levels and places along the way."""

from dataclasses import replace

import numpy as np
import pytest
from seen import analysis, contact

from pipeline.records import Event, Region, Texture
from pipeline.sound.spotting.spot import spot


def effects(plan, family=""):
    return [cue for cue in plan.cues if cue.stem.startswith("FX") and cue.sound.startswith(family)]


def slide(time_s=2.0, confidence=0.9, **fields):
    return Event(time_s, "slide", confidence, **{"extent": 0.05, "speed": 0.5, "length_s": 1.5, **fields})


def passing():
    """A vehicle from left to right that is nearest in the middle of ten seconds."""
    seen = analysis(energy=lambda t: 0.02 + 0.4 * np.exp(-(((t - 5) / 1.5) ** 2)))
    centre = tuple(0.1 + 0.08 * t for t in seen.motion.times_s)
    return replace(seen, motion=replace(seen.motion, centre_x=centre))


def test_an_engine_swells_and_crosses_with_its_vehicle():
    (engine,) = effects(spot(passing(), prompt="a car drives by"), "engine")
    assert (engine.sound, engine.stem) == ("engine/car", "FX-foley")
    assert (engine.time_s, engine.length_s) == (0.0, 10.0)
    times_s, levels_db = np.array(engine.automation).T
    assert levels_db[np.abs(times_s - 5).argmin()] > max(levels_db[0], levels_db[-1]) + 6
    pans = np.array(engine.pan_automation)[:, 1]
    assert pans[0] < -0.5 and pans[-1] > 0.5
    assert np.all(np.diff(pans) > -0.05)
    assert "level and place follow the movement" in engine.why


def test_each_shot_has_its_engine_and_short_shots_share():
    seen = replace(passing(), shots=analysis(cuts_s=(4.0, 4.5, 8.0)).shots)
    engines = effects(spot(seen, prompt="a motorcycle speeds along"), "engine")
    assert [(cue.time_s, round(cue.length_s, 3)) for cue in engines] == [(0.0, 4.5), (4.5, 3.5), (8.0, 2.0)]


def test_the_bed_leaves_the_engine_to_the_effect_unless_we_sit_inside():
    outside, inside = (spot(passing(), prompt=p) for p in ("a car drives by", "a truck, inside a car"))
    assert "ambience/engine" not in [cue.sound for cue in outside.cues]
    assert "ambience/engine" in [cue.sound for cue in inside.cues]
    assert not effects(inside, "engine")


def test_a_vehicle_that_stands_only_ticks_over():
    (engine,) = effects(spot(analysis(), prompt="a car"), "engine")
    moving = effects(spot(passing(), prompt="a car"), "engine")[0]
    assert engine.level_db < moving.level_db
    assert not engine.automation and not engine.pan_automation
    assert engine.confidence < moving.confidence


def test_friction_is_as_long_as_the_slide_and_follows_its_part_of_the_picture():
    times_s = tuple(np.arange(0, 10, 0.08).tolist())
    still = (0.0,) * len(times_s)
    boxes = [(i / 3, j / 2, (i + 1) / 3, (j + 1) / 2) for j in range(2) for i in range(3)]
    swell = tuple(0.5 if 2.7 < t < 3.3 else 0.02 for t in times_s)
    regions = [Region(box, times_s, swell if i == 5 else still, still, still) for i, box in enumerate(boxes)]
    seen = replace(analysis(slide(x=0.9, y=0.9)), regions=tuple(regions))
    (cue,) = effects(spot(seen, prompt="a stone block is dragged"))
    assert (cue.sound, cue.time_s, cue.length_s) == ("scrape/stone", 2.0, 1.5)
    assert cue.pan == pytest.approx(0.64)
    levels = dict(cue.automation)
    assert levels[1.0] > levels[0.2] + 6
    (elsewhere,) = effects(spot(replace(seen, events=(slide(x=0.1, y=0.1),)), prompt="a stone block is dragged"))
    assert not elsewhere.automation


@pytest.mark.parametrize(
    ("prompt", "guess", "sound"),
    [
        ("a rubber tire rolls down the hill", "", "roll/rubber"),
        ("a ceramic cup slides over the table", "", "scrape/ceramic"),
        ("a metal barrel", "roll", "roll/metal"),
        ("", "", "scrape/wood"),
        ("", "roll", "roll/wood"),
        ("a leather bag is dragged", "", "scrape/cloth"),
    ],
)
def test_material_and_way_of_friction(prompt, guess, sound):
    assert [cue.sound for cue in effects(spot(analysis(slide(guess=guess)), prompt=prompt))] == [sound]


def test_the_less_the_prompt_asks_the_surer_friction_must_be():
    seen = analysis(*(slide(2.0 * i, c, length_s=0.5) for i, c in enumerate((0.25, 0.45, 0.55, 0.8), start=1)))
    prompts = ("dragging a crate", "a wooden crate", "", "an aerial view of the coast")
    counts = [len(effects(spot(seen, prompt=prompt))) for prompt in prompts]
    assert counts == [4, 3, 2, 1]
    assert not effects(spot(seen, prompt="a woman speaks"))
    assert len(effects(spot(seen, existing_sound=True))) == 1


def test_friction_that_is_asked_for_and_not_found_follows_the_movement():
    seen = analysis(energy=lambda t: 0.2 if 3 < t < 5 else 0.0)
    (cue,) = effects(spot(seen, prompt="dragging a metal chair"))
    assert cue.sound == "scrape/metal"
    assert cue.time_s == pytest.approx(3.0, abs=0.1)
    assert cue.time_s + cue.length_s == pytest.approx(5.0, abs=0.1)
    assert cue.confidence <= 0.3 and "no single slide" in cue.why


def test_clothes_rustle_far_below_everything_where_people_move():
    seen = analysis(contact(2.0), energy=lambda t: 0.3 if t > 1 else 0.0)
    plan = spot(seen, prompt="two men fight")
    (moves,) = effects(plan, "scrape/cloth")
    blow = effects(plan, "impact")[0]
    assert moves.level_db < blow.level_db - 8
    assert not effects(spot(analysis(), prompt="two men fight"), "scrape")
    assert not effects(spot(seen, prompt="a man walks and talks"), "scrape")
    assert not effects(spot(seen, prompt="a cat walking"), "scrape")


def test_without_words_what_moves_rustles_softly_unless_it_sounds_by_itself():
    seen = analysis(energy=lambda t: 0.3 if t > 1 else 0.0)
    (moves,) = effects(spot(seen))
    assert moves.sound == "scrape/cloth" and moves.level_db <= -15 and moves.confidence <= 0.25
    flames = Texture("fire", 0.8, 0.5, 0.5, 0.3, (0.0, 5.0), (0.5, 0.5))
    assert not effects(spot(replace(seen, textures=(flames,))))
    assert not effects(spot(seen, prompt="the sea"))
