"""Surfaces that sound as a whole, in films made to a recipe, and silence about everything else."""

from __future__ import annotations

import numpy as np
import pytest
import surface_films as films

from pipeline.analysis.bursts import MAPS, BurstMeter, grid_shape
from pipeline.analysis.surfaces import RULES, ramp
from pipeline.analysis.textures import KINDS, TextureMeter

WALL = films.still(films.wall())
SURFACES = {
    "rain": films.rain(WALL),
    "snow": films.snow(WALL),
    "fire": films.fire(WALL),
    "water": films.waves(),
    "leaves": films.leaves(),
}
OTHERS = {
    "a wall": WALL,
    "a pan": films.pan(),
    "balls": films.bouncing(),
    "grain": films.grain(films.wall(3)),
    "grain on grey": films.grain(np.full((128, 224, 3), 90, np.uint8)),
    "a flickering lamp": films.flicker(films.wall(4)),
}


@pytest.mark.parametrize("kind", SURFACES)
@pytest.mark.parametrize("rate_hz", [12.0, 24.0, 60.0])
def test_a_surface_is_seen_for_what_it_is_at_any_rate(kind, rate_hz):
    found = films.seen(SURFACES[kind], rate_hz=rate_hz)
    assert next(iter(found)) == kind
    assert found[kind].confidence > 0.5
    assert all(other.confidence < 0.45 for name, other in found.items() if name != kind)


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_is_seen_in_ordinary_pictures(name):
    assert films.seen(OTHERS[name]) == {}


def test_rain_before_a_moving_camera():
    assert films.seen(films.rain(films.pan(25.0)))["rain"].confidence > 0.5


def test_place_and_extent():
    fire = films.seen(SURFACES["fire"])["fire"]
    assert fire.x == pytest.approx(0.5, abs=0.1)
    assert fire.y > 0.6
    assert 0.02 < fire.extent < 0.4
    sea = films.seen(films.waves(horizon=0.5))["water"]
    assert sea.y == pytest.approx(0.75, abs=0.08)
    assert sea.extent == pytest.approx(0.5, abs=0.15)


def test_strength_follows_when_it_rains():
    shower = films.rain(WALL)
    rain = films.seen(lambda t: shower(t) if 3 < t < 6 else films.wall(), duration_s=9.0)["rain"]
    times_s, strength = np.array(rain.times_s), np.array(rain.strength)
    assert len(times_s) == len(strength)
    assert np.diff(times_s).min() > 0.15
    assert strength[times_s < 2.9].max(initial=0.0) < 0.1
    assert strength[(times_s > 4) & (times_s < 5.9)].min() > 0.3
    assert strength[times_s > 8].max(initial=0.0) < 0.15


def test_more_rain_is_stronger():
    drizzle, shower = (films.seen(films.rain(WALL, streaks=count))["rain"] for count in (150, 500))
    assert np.mean(shower.strength) > np.mean(drizzle.strength)


def test_one_shot_of_a_long_film_is_enough():
    fire = SURFACES["fire"]
    found = films.seen(lambda t: fire(t) if 8 < t < 11 else films.wall(), duration_s=16.0)
    assert found["fire"].confidence > 0.5


def test_a_cut_forgets_what_was_held():
    sea = films.waves()
    water = films.seen(lambda t: sea(t) if t < 3 else films.wall(5) // 6, duration_s=5.0)["water"]
    assert max(s for t, s in zip(water.times_s, water.strength, strict=True) if t < 3) > 0.2
    assert max((s for t, s in zip(water.times_s, water.strength, strict=True) if t > 3.2), default=0.0) == 0.0


def test_repeated_pictures_are_not_a_pause():
    shower = films.rain(WALL)
    # 12 pictures per second in a file of 24
    twice = films.seen(lambda t: shower(int(t * 12 + 1e-6) / 12))
    assert twice["rain"].confidence > 0.5


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_too_few_pictures_show_nothing(count):
    meter = TextureMeter()
    for index in range(count):
        films.show(meter, index / 24, SURFACES["rain"](index / 24))
    assert meter.textures() == ()


def test_memory_is_a_few_numbers_a_burst():
    meter, shower = TextureMeter(), films.rain(WALL, streaks=40)
    pictures = [shower(index / 24) for index in range(24)]
    for index in range(24 * 20):
        films.show(meter, index / 24, pictures[index % 24])
    assert len(meter._times_s) <= 5 * 20
    assert len(meter._rows) == 4 * len(KINDS) * len(meter._times_s)
    assert len(meter._pictures) == 3


def test_a_burst_measures_every_map_on_one_grid():
    pictures = [SURFACES["leaves"](index / 24)[..., 1] for index in range(3)]
    maps = BurstMeter()((pictures[0], pictures[1], pictures[2]), films.wall(), step_s=1 / 24)
    assert set(maps) == set(MAPS)
    assert all(values.shape == grid_shape((224, 128)) == (8, 14) for values in maps.values())
    assert all(np.isfinite(values).all() for values in maps.values())


def test_what_moves_steadily_leaves_nothing():
    draw = films.pan(48.0)
    grays = [draw(index / 24).mean(-1).astype(np.uint8) for index in range(3)]
    maps = BurstMeter()((grays[0], grays[1], grays[2]), draw(1 / 24), step_s=1 / 24)
    inside = np.s_[1:-1, 1:-1]
    assert maps["left"][inside].mean() < 0.5 * maps["change"][inside].mean()
    # 48 px a second are 0.375 short sides a second, to the left
    assert np.median(maps["speed_x"]) == pytest.approx(-0.375, abs=0.05)
    assert np.median(maps["speed_y"]) == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_answers_between_none_and_full(kind):
    generator = np.random.default_rng(4)
    maps = {name: generator.uniform(-1, 60, (8, 14)).astype(np.float32) for name in MAPS}
    maps = {name: values if name.startswith("speed") else np.abs(values) for name, values in maps.items()}
    evidence = RULES[kind].evidence(maps)
    assert evidence.shape == (8, 14)
    assert evidence.min() >= 0 and evidence.max() <= 1


def test_ramps_go_up_and_down():
    assert ramp(np.array([0.0, 1.5, 3.0]), 1, 2).tolist() == [0.0, 0.5, 1.0]
    assert ramp(np.array([0.0, 1.5, 3.0]), 2, 1).tolist() == [1.0, 0.5, 0.0]
