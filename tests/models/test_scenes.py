"""Rendered physics scenes: the truth is what is drawn, and what is drawn is physics."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from models.events import scenes_strokes as strokes
from models.events import scenes_topple as topple
from models.events import scenes_walk as walks
from models.events.scenes import CLEAN_GAP_S, CLEAN_KINDS, KINDS, SILENT_KINDS, make_scene, scenes
from models.events.scenes_bodies import Body, Room, along_floor, play, start
from models.events.scenes_brush import View, disc
from models.events.scenes_stage import Stage

FLOOR = Room(8.0, ((np.inf, 0.9),))


def ball(radius: float = 0.05, *, restitution: float = 0.8, mass: float = 1.0) -> Body:
    return Body((radius, radius), mass, restitution)


def stage(seed: int = 0) -> Stage:
    return Stage(np.random.default_rng(seed), 4 / 3, 1.0, 240, 5.0)


def changed(scene, threshold: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """(times, bool [n, h, w]): what differs from the first picture."""
    times, pictures = zip(*scene.render(), strict=True)
    first = pictures[0].astype(int)
    return np.array(times), np.array([np.abs(picture - first).max(axis=2) > threshold for picture in pictures])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_renders_in_its_size_and_rate(kind):
    scene = make_scene(kind, 3, duration_s=0.5)
    pictures = list(scene.render())
    assert len(pictures) == round(scene.duration_s * scene.frame_rate) > 0
    assert min(scene.width_px, scene.height_px) in range(224, 481)
    assert 12 <= scene.frame_rate <= 60
    for n, (time_s, picture) in enumerate(pictures):
        assert time_s == float(Fraction(n) / scene.frame_rate)
        assert picture.shape == (scene.height_px, scene.width_px, 3)
        assert picture.dtype == np.uint8


@pytest.mark.parametrize("kind", ["drop", "strike", "walk", "silent"])
def test_a_seed_makes_the_same_scene_and_another_makes_another(kind):
    one, again, other = (make_scene(kind, seed, duration_s=0.5) for seed in (5, 5, 6))
    assert one.truth == again.truth
    pictures = [picture for _, picture in one.render()]
    # drawn a second time, and drawn from a second scene
    for same in (one, again):
        assert all(np.array_equal(a, b) for a, (_, b) in zip(pictures, same.render(), strict=True))
    shapes = [(scene.width_px, scene.height_px, scene.frame_rate) for scene in (one, other)]
    assert shapes[0] != shapes[1] or not np.array_equal(pictures[0], next(iter(other.render()))[1])


@pytest.mark.parametrize("kind", KINDS)
def test_truth_lies_in_the_picture_and_in_the_clip(kind):
    made = [make_scene(kind, seed) for seed in range(8)]
    for scene in made:
        times = [truth.time_s for truth in scene.truth]
        assert times == sorted(times)
        assert all(0 < time_s < scene.duration_s for time_s in times)
        assert all(0 <= truth.x <= 1 and 0 <= truth.y <= 1 and truth.strength > 0 for truth in scene.truth)
    # silent kinds have none at all, the others have some
    assert any(scene.truth for scene in made) == (kind not in SILENT_KINDS)


def test_truth_names_what_happens():
    named = {"collision": "collision", "walk": "footstep", "flash": "flash", "splash": "splash", "strike": "contact"}
    for kind, name in named.items():
        found = {truth.kind for seed in range(6) for truth in make_scene(kind, seed).truth}
        assert name in found
        assert found <= {name, "contact"}


def test_times_are_not_those_of_pictures():
    phases = [float(truth.time_s * scene.frame_rate) % 1 for scene in scenes(40, 1) for truth in scene.truth]
    # evenly spread between pictures: each quarter of the time has about its share
    share = np.histogram(phases, 4, (0, 1))[0] / len(phases)
    assert len(phases) > 60
    assert np.all(share > 0.15)


def test_clean_scenes_are_other_scenes_with_events_well_apart():
    for scene in scenes(24, 2, clean=True):
        ends = [0.0, *(truth.time_s for truth in scene.truth), scene.duration_s]
        assert scene.truth
        assert min(np.diff(ends)) >= CLEAN_GAP_S
        assert 23 <= scene.frame_rate <= 60
    names = [{s.name for s in scenes(8, seed, clean=clean)} for seed, clean in ((0, True), (1, True), (0, False))]
    assert all(a.isdisjoint(b) for a, b in itertools.combinations(names, 2))
    assert make_scene("drop", 1).truth != make_scene("drop", 1, clean=True).truth
    assert set(CLEAN_KINDS) <= set(KINDS)


def test_unknown_kind_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match="no kind of scene called earthquake"):
        make_scene("earthquake", 0)


def test_a_dropped_ball_is_lowest_at_the_truth():
    checked = 0
    for seed in range(2):
        scene = make_scene("drop", seed, clean=True)
        times, masks = changed(scene)
        # the ball's top is not blurred by its shadow
        top = np.array([np.flatnonzero(mask.any(axis=1)).min(initial=scene.height_px) for mask in masks], float)
        for truth in scene.truth:
            near = np.flatnonzero(np.abs(times - truth.time_s) < 3.5 / scene.frame_rate)
            seen = near[top[near] < scene.height_px]
            lowest = seen[top[seen] == top[seen].max()]
            # rows are whole pixels: a ball that stays may sink its last one a picture later
            assert np.abs(times[lowest] - truth.time_s).min() <= 1.5 / scene.frame_rate
            checked += 1
    assert checked >= 2


def test_a_sliding_box_reaches_the_wall_at_the_truth():
    made = (make_scene("box", seed, clean=True) for seed in range(20))
    for scene in itertools.islice((s for s in made if [truth.kind for truth in s.truth] == ["contact"]), 3):
        times, masks = changed(scene)
        at = scene.truth[0]
        hit = int(np.argmin(np.abs(times - at.time_s)))
        columns = np.flatnonzero(masks[hit].any(axis=0)) / scene.width_px
        # within the blur of a picture the box's edge is where the wall is
        assert np.abs(columns - at.x).min() < 0.03
        before = np.flatnonzero(masks[hit - 4].any(axis=0)) / scene.width_px
        assert before.size == 0 or np.abs(before - at.x).min() > np.abs(columns - at.x).min()


def test_lightning_lights_the_picture_at_the_truth():
    rises = []
    for seed in range(5):
        scene = make_scene("flash", seed)
        times, pictures = zip(*scene.render(), strict=True)
        luma = np.array([picture.mean() for picture in pictures])
        for truth in scene.truth:
            n = int(np.searchsorted(times, truth.time_s))
            rises.append(luma[min(n + 1, len(luma) - 1)] - luma[n - 1] > 0 or luma[n] > luma[n - 1])
    assert len(rises) > 5
    assert np.mean(rises) > 0.9


def test_a_ball_falls_and_bounces_by_the_book():
    body, height = ball(restitution=0.7), 0.5
    record = play((body,), (start(1.0, (0.5, 0.85 - height), (0.0, 0.0), FLOOR),), FLOOR, until_s=5.0)
    first, second = record.touches[:2]
    fall_s = np.sqrt(2 * height / FLOOR.gravity)
    assert first.time_s == pytest.approx(1.0 + fall_s, abs=1e-9)
    assert first.strength == pytest.approx(FLOOR.gravity * fall_s)
    assert second.time_s - first.time_s == pytest.approx(2 * 0.7 * fall_s, abs=1e-9)
    assert (first.x, first.y) == pytest.approx((0.5, 0.9))
    assert record.at(0, first.time_s)[0][1] + body.half[1] == pytest.approx(0.9, abs=1e-9)
    # before it is let go it waits
    assert record.at(0, 0.3)[0][1] == pytest.approx(0.85 - height)
    # and in the end it lies
    assert record.at(0, 4.9)[0] == pytest.approx(record.at(0, 5.0)[0])


def test_colliding_bodies_touch_and_keep_their_momentum():
    bodies = (ball(0.05, mass=1.0), ball(0.1, mass=3.0))
    starts = (along_floor(0.0, 0.2, 1.0, bodies[0], FLOOR), along_floor(0.0, 0.9, -0.2, bodies[1], FLOOR))
    record = play(bodies, starts, FLOOR, until_s=3.0)
    hit = record.touches[0]
    assert hit.kind == "collision"
    gap = [np.hypot(*(record.at(0, t)[0] - record.at(1, t)[0])) for t in (hit.time_s - 0.01, hit.time_s)]
    assert gap[1] == pytest.approx(0.15, abs=1e-9)
    assert gap[0] > 0.15

    def momentum(time_s: float) -> float:
        moves = [record.at(n, time_s + 1e-6)[0][0] - record.at(n, time_s)[0][0] for n in (0, 1)]
        return (moves[0] * 1.0 + moves[1] * 3.0) / 1e-6

    # the floor takes up what is pushed down; nothing goes to the side
    assert momentum(hit.time_s - 1e-4) == pytest.approx(momentum(hit.time_s), abs=0.01)


def test_a_ball_rolls_over_the_edge_and_falls():
    room = Room(8.0, ((0.5, 0.4), (np.inf, 0.9)))
    body = Body((0.05, 0.05), 1.0, 0.5, friction=0.0)
    record = play((body,), (along_floor(0.0, 0.1, 0.8, body, room),), room, until_s=3.0)
    assert record.touches[0].time_s == pytest.approx(0.5 + np.sqrt(2 * 0.5 / 8.0), abs=1e-6)
    assert record.touches[0].y == pytest.approx(0.9)


def test_balls_that_rattle_for_ever_are_given_up():
    body = ball(restitution=1.0)
    room = Room(0.0, ((np.inf, 0.9),), 0.0, 0.102, 0.0)
    assert play((body,), (start(0.0, (0.051, 0.5), (9.0, 0.0), room),), room, until_s=9.0) is None


def test_a_stroke_touches_at_its_hits_and_nowhere_else():
    rhythm = strokes.Rhythm(0.4, 0.8, 0.3, 0.3, 0.05)
    course = strokes.stroke(np.random.default_rng(1), rhythm, start_s=0.2, end_s=9.0)
    assert len(course.hits) > 5
    for time_s, per_s in course.hits:
        assert course.lift(time_s) == pytest.approx(0.0, abs=1e-6)
        assert (course.lift(time_s - 1e-4) - course.lift(time_s)) / 1e-4 == pytest.approx(per_s, rel=0.02)
    away = [t for t in np.arange(0.0, 9.0, 0.001) if all(abs(t - hit) > 0.02 for hit, _ in course.hits)]
    assert min(course.lift(t) for t in away) > 0.01


def test_a_feint_never_touches():
    rhythm = strokes.Rhythm(0.4, 0.8, 1.0, 0.3, 0.05)
    course = strokes.stroke(np.random.default_rng(2), rhythm, start_s=0.0, end_s=9.0)
    assert course.hits == ()
    lifts = [course.lift(t) for t in np.arange(0.0, 9.0, 0.005)]
    assert min(lifts) > 0.1
    assert max(lifts) - min(lifts) > 0.3


@pytest.mark.parametrize("style", ["stick", "hammer", "knife", "fist", "mallet"])
def test_a_tool_touches_its_target_and_comes_from_above(style):
    tool = strokes.replace(strokes.some_tool(stage(4)), style=style)
    assert tool.pose(0.0)[1] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert tool.pose(0.1)[1][1] < 0 > tool.pose(1.0)[1][1]
    assert tool.speed(5.0) == pytest.approx(5 * tool.speed(1.0))


def test_what_is_dropped_falls_freely_and_then_lies():
    outline = np.array([[-0.05, 0.1], [-0.05, -0.1], [0.05, -0.1], [0.05, 0.1]])
    thing = topple.Thing(outline, 0.004, 0.3, 0.5)
    path = topple.tumble(thing, (0.5, 0.3, 0.4), (0.0, 0.0, 2.0), gravity=8.0, floor=0.9, start_s=1.0, end_s=6.0)
    first = path.touches[0]
    x, y, angle = path.at(first.time_s)
    # until then nothing but gravity and an even turn
    since = first.time_s - 1.0
    assert y == pytest.approx(0.3 + 4.0 * since**2, abs=0.005)
    assert angle == pytest.approx(0.4 + 2.0 * since, abs=0.02)
    x, y, angle = path.at(6.0)
    corners = outline @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + [x, y]
    assert corners[:, 1].max() == pytest.approx(0.9, abs=0.003)
    # it lies on a face: two corners are down
    assert np.sort(corners[:, 1])[-2] == pytest.approx(0.9, abs=0.01)
    assert path.at(5.9) == pytest.approx(path.at(6.0), abs=1e-3)


def test_things_standing_tip_over_once_pushed():
    for seed in range(8):
        random = np.random.default_rng(seed)
        thing = topple._thing(random)
        state, speed = topple._tipped(thing, random, 0.5, 0.9, 6.0)
        path = topple.tumble(thing, state, speed, gravity=6.0, floor=0.9, start_s=0.0, end_s=5.0)
        assert path.touches
        assert abs(path.at(5.0)[2]) > 0.1


def test_feet_stay_where_they_are_put():
    way = walks.gait(np.random.default_rng(3), start_s=0.0, end_s=6.0)
    for n in range(2, 6):
        strike_s, step_s = way.times_s[n], way.times_s[n + 1] - way.times_s[n]
        heel, up, _ = walks.foot(way, n % 2, float(strike_s))
        assert heel == pytest.approx(way.forward_m[n], abs=1e-6)
        assert up == pytest.approx(0.0, abs=1e-6)
        # in the air just before, and coming down
        before = [walks.foot(way, n % 2, float(strike_s - late))[1] for late in (0.04, 0.02)]
        assert before[0] > before[1] > 0
        flat = walks.foot(way, n % 2, float(strike_s + 0.3 * min(way.planted, 1.0) * step_s))
        assert flat[0] == pytest.approx(heel, abs=0.002)


def test_shapes_are_drawn_between_pixels():
    centres = []
    for x in (20.0, 20.25, 20.5):
        canvas = np.zeros((40, 40, 3), np.uint8)
        disc(View(canvas, np.array([[1.0, 0, 0], [0, 1.0, 0]])), (x, 20.0), 6.0, (255, 255, 255))
        weight = canvas[..., 0].astype(float)
        centres.append((weight.sum(axis=0) @ np.arange(40)) / weight.sum())
    assert centres == pytest.approx([20.0, 20.25, 20.5], abs=0.04)


@pytest.mark.parametrize("style", ["stick", "hammer", "fist", "mallet"])
def test_a_drawn_tool_comes_down_to_its_target(style):
    tool = strokes.replace(strokes.some_tool(stage(7)), style=style, slope=0.0, tone=(255.0,) * 3, sleeve=(255.0,) * 3)
    course = strokes.Stroke((strokes.Part(0.0, 1.0, 1.0, 0.0),), ((1.0, 1.0),))
    place = np.array([0.8, 0.6])
    scene = strokes.Stage(np.random.default_rng(0), 4 / 3, 1.0, 240, 5.0, clean=True)
    draw = strokes.arm(scene, tool, course, lambda t: place, side=1, tilt=0.0)
    lowest = []
    for time_s in (0.5, 1.0):
        canvas = np.zeros((240, 320, 3), np.uint8)
        draw(View(canvas, np.array([[240.0, 0, -0.5], [0, 240.0, -0.5]])), time_s)
        # about the place only: the elbow may hang lower
        lowest.append(np.flatnonzero(canvas[:, 184:200].any(axis=(1, 2))).max(initial=0))
    assert lowest[0] < lowest[1] - 5
    assert lowest[1] == pytest.approx(0.6 * 240 - 0.5, abs=1.6)
