"""The sample clips: files that fit together, truth that is true, a renderer that repeats itself."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from samples import gait
from samples.bouncing import GRAVITY, Kind, Segment, play
from samples.render import ORDERS, Order, build, main
from samples.scene import Scene

FOLDER = Path(__file__).parent.parent / "samples"
LIMIT_BYTES = 12_000_000
CLIPS = sorted(ORDERS)


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def pictures(name: str) -> tuple[np.ndarray, np.ndarray]:
    """(presentation times, small grey pictures [N, h, w]) of a sample clip."""
    import av

    times, greys = [], []
    with av.open(str(FOLDER / f"{name}.mp4")) as container:
        for frame in container.decode(video=0):
            times.append(frame.time)
            greys.append(frame.reformat(width=96, height=96, format="gray").to_ndarray())
    return np.array(times), np.stack(greys).astype(np.float32)


@cache
def small_balls() -> Scene:
    return build("balls", Order(320, 180, seed=ORDERS["balls"].seed))


@pytest.mark.parametrize("name", CLIPS)
def test_sidecar_says_prompt_model_and_seed(name: str) -> None:
    sidecar = read(f"{name}.json")
    assert len(sidecar["prompt"].split()) > 8
    assert sidecar["model"] == "foleymark-samples/render.py"
    assert sidecar["seed"] == ORDERS[name].seed


@pytest.mark.parametrize("name", CLIPS)
def test_clip_is_a_tagged_silent_video_of_the_ordered_size(name: str) -> None:
    import av

    with av.open(str(FOLDER / f"{name}.mp4")) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert not container.streams.audio
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.width, context.height) == (ORDERS[name].width_px, ORDERS[name].height_px)
        # 1 is BT.709 in each table of ITU-T H.273, and limited range in libav
        assert {context.color_primaries, context.color_trc, context.colorspace, context.color_range} == {1}
    times, _ = pictures(name)
    assert 5.0 <= times[-1] <= 12.0


@pytest.mark.parametrize("name", CLIPS)
def test_truth_lies_inside_the_clip(name: str) -> None:
    truth = read(f"{name}.truth.json")
    times, _ = pictures(name)
    end_s = times[-1] + (times[-1] - times[-2])
    moments = [entry["time_s"] for key in ("contacts", "passes", "footsteps") for entry in truth.get(key, [])]
    moments += [entry[key] for entry in truth.get("passes", []) for key in ("enters_s", "leaves_s")]
    moments += truth["cuts_s"] + truth.get("mouth", {}).get("times_s", []) + truth.get("blinks_s", [])
    assert all(0 <= moment < end_s for moment in moments)
    for entry in truth["contacts"]:
        assert set(entry) >= {"time_s", "x", "y", "material", "strength", "with"}
        assert 0 <= entry["x"] <= 1 and 0 <= entry["y"] <= 1 and 0 <= entry["strength"] <= 1
    assert [e["time_s"] for e in truth["contacts"]] == sorted(e["time_s"] for e in truth["contacts"])


def test_each_scene_has_the_truth_it_is_there_for() -> None:
    balls = read("balls.truth.json")["contacts"]
    assert sum("ball" in entry["with"] for entry in balls) >= 5
    assert {entry["material"] for entry in balls} >= {"wood", "glass", "rubber"}
    assert len(read("walker.truth.json")["footsteps"]) >= 10
    assert len(read("rain_street.truth.json")["passes"]) == 1
    assert len(read("anvil.truth.json")["strikes_s"]) >= 6
    assert len(read("reel_vertical.truth.json")["cuts_s"]) >= 4
    mouth = read("talking_head.truth.json")["mouth"]
    assert len(mouth["times_s"]) == len(mouth["opening"])
    assert min(mouth["opening"]) == 0 and 0.8 < max(mouth["opening"]) <= 1


def test_all_clips_together_stay_small() -> None:
    assert sum((FOLDER / f"{name}.mp4").stat().st_size for name in CLIPS) < LIMIT_BYTES


def test_cuts_of_the_reel_are_where_the_picture_changes() -> None:
    times, greys = pictures("reel_vertical")
    change = np.abs(np.diff(greys, axis=0)).mean(axis=(1, 2))
    cuts = read("reel_vertical.truth.json")["cuts_s"]
    found = times[1:][np.sort(np.argsort(change)[-len(cuts) :])]
    assert found == pytest.approx(np.array(cuts), abs=1e-3)


def test_anvil_flashes_with_the_strikes() -> None:
    times, greys = pictures("anvil")
    bright = greys.mean(axis=(1, 2))
    heavy = [e["time_s"] for e in read("anvil.truth.json")["contacts"] if e["strength"] > 0.5]
    for strike_s in heavy:
        # the first picture after the blow against the last one before it
        after = int(np.searchsorted(times, strike_s))
        assert bright[after] > bright[after - 1] + 1.0


def test_car_is_in_the_middle_when_it_passes() -> None:
    times, greys = pictures("rain_street")
    passing = read("rain_street.truth.json")["passes"][0]
    empty = np.median(greys[times > passing["leaves_s"] + 0.5], axis=0)
    now = greys[np.argmin(np.abs(times - passing["time_s"]))]
    # the car's body darkens the lit shops behind it
    covered = np.clip(empty - now - 12, 0, None)[40:70]
    centre = (covered.sum(axis=0) * (np.arange(96) + 0.5) / 96).sum() / covered.sum()
    assert centre == pytest.approx(passing["x"], abs=0.05)


def test_the_same_seed_gives_the_same_picture() -> None:
    again = build("balls", Order(320, 180, seed=ORDERS["balls"].seed))
    other = build("balls", Order(320, 180, seed=ORDERS["balls"].seed + 1))
    first = small_balls().picture(1.0)
    assert np.array_equal(first, again.picture(1.0))
    assert again.truth == small_balls().truth
    assert not np.array_equal(first, other.picture(1.0))


def test_a_ball_touches_the_floor_where_and_when_the_truth_says() -> None:
    scene = small_balls()
    hit = next(e for e in scene.truth["contacts"] if e["material"] == "rubber" and "floor" in e["with"])
    rows, columns = red_pixels(scene.picture(hit["time_s"]))
    assert columns.mean() / scene.width_px == pytest.approx(hit["x"], abs=0.02)
    # the reflection in the floor is too faint to count
    assert np.percentile(rows, 99) / scene.height_px == pytest.approx(hit["y"], abs=0.03)
    earlier, _ = red_pixels(scene.picture(hit["time_s"] - 0.1))
    assert np.percentile(earlier, 99) / scene.height_px < hit["y"] - 0.12


def red_pixels(light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the red rubber ball."""
    rows, columns = np.nonzero((light[..., 0] > 0.05) & (light[..., 0] > 3.5 * light[..., 1]))
    return rows, columns


def test_a_dropped_ball_lands_when_newton_says() -> None:
    kind = Kind("wood", 0.1, 700, 0.6)
    start = Segment(0.0, np.array([0.0, 1.1]), np.zeros(2), np.array([0.0, -GRAVITY]), 0.0, 0.0)
    first, second = play([kind], [start], 1.2).hits[:2]
    fall_s = np.sqrt(2 * 1.0 / GRAVITY)
    assert first.time_s == pytest.approx(fall_s, abs=1e-9)
    # it leaves with 0.6 of its speed and is in the air for twice 0.6 of the fall
    assert second.time_s - first.time_s == pytest.approx(1.2 * fall_s, abs=1e-9)


def test_colliding_balls_touch_and_keep_their_momentum() -> None:
    kinds = [Kind("steel", 0.1, 7800, 0.6), Kind("wood", 0.15, 700, 0.6)]
    fall = np.array([0.0, -GRAVITY])
    starts = [
        Segment(0.0, np.array([-1.0, 3.0]), np.array([2.0, 0.0]), fall, 0.0, 0.0),
        Segment(0.0, np.array([1.0, 3.05]), np.array([-1.0, 0.2]), fall, 0.0, 0.0),
    ]
    table = play(kinds, starts, 0.7)
    hit = table.hits[0]
    assert hit.other is not None
    places = [table.where(ball, hit.time_s)[0] for ball in (0, 1)]
    assert np.linalg.norm(places[0] - places[1]) == pytest.approx(0.25, abs=1e-9)
    before = sum(kind.mass * start.moved(hit.time_s).velocity for kind, start in zip(kinds, starts, strict=True))
    after = sum(kind.mass * path[1].velocity for kind, path in zip(kinds, table.paths, strict=True))
    assert np.asarray(after) == pytest.approx(np.asarray(before), abs=1e-9)


def test_feet_stand_still_while_they_carry() -> None:
    walk = gait.plan(np.random.default_rng(3), start_s=0.0, end_s=4.0)
    strike, following = walk.times_s[2], walk.times_s[3]
    step_s = following - strike
    planted = [gait.foot(walk, 0, strike + share * step_s) for share in (0.0, 0.2, 0.5, 0.7)]
    assert np.allclose([foot.heel for foot in planted], [walk.x_m[2], 0.0], atol=1e-9)
    just_before = gait.foot(walk, 0, strike - 0.02)
    assert 0.0 < just_before.heel[1] < 0.05


def test_an_unknown_name_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["marbles"])
    assert stop.value.code == 2
    assert "no scene called marbles" in capsys.readouterr().err
