"""Figures of motion on fields whose motion is known."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from models.motion import features as motion
from models.motion import train
from models.motion.features import BLOCK_PX, FEATURES, WEIGHED, affine, field_of, measure, predicted

SIZE_PX = (96, 128)
ROWS, COLUMNS = 6, 8
STEPS = 12


def vectors(field: np.ndarray) -> tuple[np.ndarray, ...]:
    """A field [P, R, C, 2] as an encoder exports it: one vector a macroblock, none for the first picture."""
    rows, columns = field.shape[1:3]
    y, x = np.meshgrid(np.arange(rows) * BLOCK_PX + 8, np.arange(columns) * BLOCK_PX + 8, indexing="ij")
    width = np.full((rows * columns, 1), 16.0)
    steps = [np.hstack([x.reshape(-1, 1), y.reshape(-1, 1), one.reshape(-1, 2), width]) for one in field]
    return (np.zeros((0, 5), np.float32), *(one.astype(np.float32) for one in steps))


def figures(field: np.ndarray, lumas: np.ndarray | None = None) -> dict[str, float]:
    pictures = lumas if lumas is not None else np.full((len(field) + 1, *SIZE_PX), 90, np.uint8)
    found = measure(pictures, vectors(field), np.arange(len(pictures)) / 8)
    assert found is not None
    return dict(zip(FEATURES, found, strict=True))


def pan(x_px: float = 6.0, y_px: float = 0.0) -> np.ndarray:
    return np.broadcast_to(np.array([x_px, y_px]), (STEPS, ROWS, COLUMNS, 2)).copy()


def scattered(size_px: float = 4.0) -> np.ndarray:
    return np.random.default_rng(8).normal(0, size_px, (STEPS, ROWS, COLUMNS, 2))


def test_vectors_find_their_block_and_are_averaged():
    found = np.array([[8, 8, 1, 0, 16], [20, 4, 2, 0, 16], [20, 12, 4, 0, 16], [124, 92, 0, 3, 8]], np.float32)
    field = field_of((found[:0], found), size_px=SIZE_PX)
    assert field.vector.shape == (1, ROWS, COLUMNS, 2)
    assert field.vector[0, 0, 0, 0] == 1 and field.vector[0, 0, 1, 0] == 3 and field.vector[0, 5, 7, 1] == 3
    assert field.known.sum() == 3 and field.split.sum() == 1 and field.split[0, 0, 1]


def test_a_pan_is_smooth_steady_and_all_camera():
    found = figures(pan())
    for name in ("roughness", "divergence", "curl", "off_camera", "acceleration", "turning", "direction_entropy"):
        assert found[name] == pytest.approx(0.0, abs=1e-6), name
    assert found["steadiness"] == pytest.approx(1.0) and found["camera_share"] == pytest.approx(6.0 / 6.5)
    assert found["speed"] == pytest.approx(np.log(6.1)) and found["rests"] == 0.0 and found["unpredicted"] == 0.0


def test_uneven_times_do_not_make_an_even_pan_jerk():
    """Of thirty pictures a second every third or fourth is taken."""
    taken = np.array([0, 4, 8, 12, 15, 19, 23, 27, 30, 34, 38, 42, 45]) / 30
    field = pan() * (np.diff(taken) / 0.125)[:, None, None, None]
    lumas = np.full((STEPS + 1, *SIZE_PX), 90, np.uint8)
    uneven = measure(lumas, vectors(field), taken)
    assert uneven is not None
    assert dict(zip(FEATURES, uneven, strict=True)) == pytest.approx(figures(pan()), abs=1e-4)


def test_a_zoom_spreads_and_is_camera_too():
    y, x = np.meshgrid(np.linspace(-1, 1, ROWS), np.linspace(-1, 1, COLUMNS), indexing="ij")
    field = np.broadcast_to(np.stack([7 * x, 5 * y], axis=-1), (STEPS, ROWS, COLUMNS, 2))
    found = figures(field)
    # two on either axis: 7 * 2 / 7 columns and 5 * 2 / 5 rows
    mean = np.hypot(7 * x, 5 * y).mean() + 0.5
    assert found["divergence"] == pytest.approx(4.0 / mean, rel=1e-6) and found["curl"] == pytest.approx(0.0, abs=1e-9)
    assert found["off_camera"] == pytest.approx(0.0, abs=1e-3) and found["direction_entropy"] > 0.7


def test_a_turn_curls_and_does_not_spread():
    y, x = np.meshgrid(np.arange(ROWS) - 2.5, np.arange(COLUMNS) - 3.5, indexing="ij")
    found = figures(np.broadcast_to(np.stack([-y, x], axis=-1), (STEPS, ROWS, COLUMNS, 2)))
    assert found["divergence"] == pytest.approx(0.0, abs=1e-9) and found["curl"] > 0.3


def test_motion_without_order_is_rough_and_unsteady():
    found, calm = figures(scattered()), figures(pan())
    for name in ("roughness", "off_camera", "acceleration", "turning", "direction_entropy", "speed_spread"):
        assert found[name] > calm[name] + 0.2, name
    assert found["steadiness"] < 0.3


def test_the_camera_is_found_beside_things_that_move_otherwise():
    field = pan(5.0, 1.0)
    field[:, 2:4, 2:4] = (-9.0, 4.0)
    fitted = affine(field, np.ones(field.shape[:3], bool))
    assert fitted[:, 2] == pytest.approx(np.tile([5.0, 1.0], (STEPS, 1)), abs=0.2)
    field[0, 0, 0] = 1e3
    unknown = np.ones(field.shape[:3], bool)
    unknown[0, 0, 0] = False
    assert affine(field, unknown)[0, 2] == pytest.approx([5.0, 1.0], abs=0.2)


def test_a_hand_shakes_and_a_crane_does_not():
    shaking = pan() + np.random.default_rng(1).normal(0, 2, (STEPS, 1, 1, 2))
    gliding = pan() + np.linspace(0, 3, STEPS)[:, None, None, None]
    assert figures(shaking)["camera_shake"] > figures(gliding)["camera_shake"] + 1
    assert figures(shaking)["speed_flutter"] > figures(gliding)["speed_flutter"] + 0.05


def test_a_gait_repeats():
    beat = np.tile([1.0, 5.0, 3.0, 5.0], 6)[:, None, None, None] * np.array([1.0, 0.0])
    repeated = figures(np.broadcast_to(beat, (24, ROWS, COLUMNS, 2)))
    ramp = np.linspace(1, 5, 24)[:, None, None, None] * np.array([1.0, 0.0])
    assert repeated["speed_period"] > 0.7
    assert figures(np.broadcast_to(ramp, (24, ROWS, COLUMNS, 2)))["speed_period"] < repeated["speed_period"]


def textured(steps: int, x_px: int, *, fresh: float = 0.0) -> np.ndarray:
    """Texture that moves to the right by whole pixels, with this much new noise in every picture."""
    generator = np.random.default_rng(5)
    wide = generator.integers(40, 200, (SIZE_PX[0], SIZE_PX[1] + steps * x_px))
    views = [wide[:, (steps - t) * x_px : (steps - t) * x_px + SIZE_PX[1]] for t in range(steps + 1)]
    return np.stack(
        [np.clip(np.rint(v + fresh * generator.normal(size=v.shape)), 0, 255).astype(np.uint8) for v in views]
    )


def test_the_moved_picture_explains_what_moved():
    lumas = textured(STEPS, 4)
    assert (predicted(lumas[0], pan(4.0)[0])[:, 4:] == lumas[1][:, 4:]).all()
    right, wrong = figures(pan(4.0), lumas), figures(pan(-4.0), lumas)
    assert right["left_over"] < wrong["left_over"] - 1 and right["gain"] > 1 and wrong["gain"] < 0.2
    assert right["texture_change"] < 0.05


def test_texture_that_boils_is_left_over():
    calm, boiling = figures(pan(4.0), textured(STEPS, 4)), figures(pan(4.0), textured(STEPS, 4, fresh=15.0))
    assert boiling["left_over"] > calm["left_over"] + 1 and boiling["texture_change"] > calm["texture_change"]


def test_light_that_flickers_is_seen():
    lumas = np.full((STEPS + 1, *SIZE_PX), 90, np.uint8)
    lumas[::2] += 20
    assert figures(pan(), lumas)["light_flutter"] > figures(pan())["light_flutter"] + 3


def test_pictures_without_a_past_are_left_out():
    moved = list(vectors(pan()))
    moved[5] = moved[5][:0]
    lumas = np.full((STEPS + 1, *SIZE_PX), 90, np.uint8)
    found = measure(lumas, tuple(moved), np.arange(len(lumas)) / 8)
    assert found is not None and found[FEATURES.index("steadiness")] == pytest.approx(1.0)
    empty = tuple(m[:0] for m in moved)
    assert measure(lumas, empty, np.arange(len(lumas)) / 8) is None


def test_odd_sizes_have_smaller_last_blocks():
    values = np.arange(40 * 20).reshape(40, 20).astype(np.int16)
    found = motion._blocks(values)
    assert found.shape == (3, 2) and found[2, 1] == pytest.approx(values[32:, 16:].mean())


# --------------------------------------------------------------- training
def test_what_a_scene_or_a_rate_is_does_not_count():
    assert not {"speed", "rests", "unpredicted", "camera_share", "light_flutter"} & set(WEIGHED)
    assert not {"speed_period", "left_over_flutter"} & set(WEIGHED)
    assert set(WEIGHED) < set(FEATURES)


def test_coefficients_are_what_the_shipped_table_gives():
    made, report = train.build(train.COEFFICIENTS.parent / train.TABLE)
    shipped = json.loads(train.COEFFICIENTS.read_text())
    assert [m["fold"] for m in shipped["members"]] == [m["fold"] for m in made["members"]] == [0, 1, 2, 3, 4]
    for ours, theirs in zip(made["members"], shipped["members"], strict=True):
        assert ours["weight"] == pytest.approx(theirs["weight"], abs=1e-3)
    assert report["clean"]["auc"] == pytest.approx(shipped["auc_unseen"], abs=0.002)
    assert abs(report["shuffled"] - 0.5) < 0.1 and report["unlike_anything_seen"] < 0.1


def test_folds_of_the_table_are_those_of_all_training():
    from models.folds import seen_clips

    known = seen_clips()
    with (train.COEFFICIENTS.parent / train.TABLE).open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert all(known[row["sha256"]].fold == int(row["fold"]) for row in rows)
    assert all(known[row["sha256"]].label == row["label"] for row in rows)
