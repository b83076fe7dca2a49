import numpy as np
import pytest

from pipeline.media.probe import probe
from pipeline.reel.crop import Camera, Shot, follow
from pipeline.reel.fitting import window_in

SIZE = (384, 216)


def ground(width, height):
    """A still scene with detail everywhere."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return 105 + 25 * np.sin(x / 9) * np.cos(y / 7) + 15 * np.sin((x + 2 * y) / 23)


def scene(paths):
    """Pictures with a disc whose centre (share of the width) is given per picture, and none where it is None."""

    def draw(index, width, height):
        image = np.repeat(ground(width, height)[..., None], 3, axis=2)
        place = paths[index]
        if place is not None:
            y, x = np.mgrid[0:height, 0:width]
            image[(x - place * width) ** 2 + (y - height * 0.55) ** 2 < (height / 10) ** 2] = (235, 200, 60)
        return np.clip(image, 0, 255).astype(np.uint8)

    return draw


def camera_for(make_clip, path, paths, rate=24, **part):
    make_clip(path, width=SIZE[0], height=SIZE[1], frames=len(paths), rate=rate, picture=scene(paths))
    clip = probe(path)
    window = window_in(clip, (216, 384))
    return follow(clip, window, **part), window


def share_inside(camera, window, paths, rate=24, radius=SIZE[1] / 10):
    """Share of pictures in which the whole disc is within the window."""
    lefts = np.array([camera.at(index / rate) for index in range(len(paths))]) * window.free_x_px
    centres = np.array(paths) * SIZE[0]
    return float(np.mean((centres - radius >= lefts) & (centres + radius <= lefts + window.width_px)))


@pytest.mark.parametrize(
    "path",
    [
        np.linspace(0.12, 0.88, 120),
        np.linspace(0.85, 0.15, 96),
        0.5 + 0.35 * np.sin(np.arange(168) / 24 * 1.1),
        # stands, walks over, stands
        np.concatenate([np.full(36, 0.2), np.linspace(0.2, 0.8, 60), np.full(36, 0.8)])
        + 0.004 * np.sin(np.arange(132)),
    ],
    ids=["right", "left", "to and fro", "from place to place"],
)
def test_what_moves_stays_in_the_window_and_the_camera_is_calm(make_clip, tmp_path, path):
    camera, window = camera_for(make_clip, tmp_path / "a.mp4", list(path))
    assert share_inside(camera, window, path) > 0.95
    steps = np.diff([camera.at(index / 24) for index in range(len(path))]) * window.free_x_px / SIZE[0] * 24
    # widths a second, and its change from one picture to the next: no jerk, no tremble
    assert np.abs(steps).max() < 0.7 and np.abs(np.diff(steps)).max() < 0.08


def test_a_still_scene_is_not_panned(make_clip, tmp_path):
    camera, window = camera_for(make_clip, tmp_path / "a.mp4", [None] * 72)
    places = {camera.at(index / 24) for index in range(72)}
    assert len(places) == 1
    # on a whole pixel, where nothing is interpolated
    assert places.pop() * window.free_x_px == pytest.approx(round(camera.at(0) * window.free_x_px), abs=1e-6)


def test_noise_is_no_movement(make_clip, tmp_path):
    def noisy(index, width, height):
        noise = np.random.default_rng(index).normal(0, 5, (height, width, 3))
        return np.clip(ground(width, height)[..., None] + noise, 0, 255).astype(np.uint8)

    path = make_clip(tmp_path / "a.mp4", width=SIZE[0], height=SIZE[1], frames=72, rate=24, picture=noisy)
    clip = probe(path)
    camera = follow(clip, window_in(clip, (216, 384)))
    assert len({camera.at(index / 24) for index in range(72)}) == 1


def test_a_cut_starts_a_new_path_on_its_own_picture(make_clip, tmp_path):
    def draw(index, width, height):
        wobble = 0.03 * np.sin(index)
        second = index >= 41
        image = scene([0.8 + wobble if second else 0.2 + wobble] * 100)(index, width, height)
        return 255 - image if second else image

    path = make_clip(tmp_path / "a.mp4", width=SIZE[0], height=SIZE[1], frames=84, rate=24, picture=draw)
    clip = probe(path)
    camera = follow(clip, window_in(clip, (216, 384)))
    places = np.array([camera.at(index / 24) for index in range(84)])
    assert [shot.start_s for shot in camera.shots] == pytest.approx([0, 41 / 24])
    assert places[:41].max() < 0.3 and places[41:].min() > 0.7


def test_a_flash_is_no_cut(make_clip, tmp_path):
    def draw(index, width, height):
        image = scene([0.5] * 60)(index, width, height)
        return np.minimum(image, 155) + 100 if index == 30 else image

    path = make_clip(tmp_path / "a.mp4", width=SIZE[0], height=SIZE[1], frames=60, rate=24, picture=draw)
    clip = probe(path)
    assert len(follow(clip, window_in(clip, (216, 384))).shots) == 1


def test_upright_sources_are_followed_up_and_down(make_clip, tmp_path):
    def draw(index, width, height):
        image = np.repeat(ground(width, height)[..., None], 3, axis=2)
        y, x = np.mgrid[0:height, 0:width]
        image[(x - width / 2) ** 2 + (y - height * (0.2 + 0.6 * index / 95)) ** 2 < (width / 10) ** 2] = 240
        return np.clip(image, 0, 255).astype(np.uint8)

    path = make_clip(tmp_path / "a.mp4", width=216, height=384, frames=96, rate=24, picture=draw)
    clip = probe(path)
    window = window_in(clip, (384, 216))
    camera = follow(clip, window)
    tops = np.array([camera.at(index / 24) for index in range(96)]) * window.free_y_px
    centres = 384 * (0.2 + 0.6 * np.arange(96) / 95)
    assert np.mean((centres - 22 >= tops) & (centres + 22 <= tops + window.height_px)) > 0.95


def test_only_the_part_that_is_used_counts(make_clip, tmp_path):
    path = [0.15] * 48 + list(0.8 + 0.03 * np.sin(np.arange(48)))
    camera, window = camera_for(make_clip, tmp_path / "a.mp4", path, start_s=2.5, end_s=3.5)
    assert share_inside(camera, window, path[60:84]) == 0 or camera.at(3.0) > 0.7
    assert camera.at(3.0) > 0.7


def test_places_between_and_beyond_the_grid():
    camera = Camera((Shot(1.0, np.array([0.0, 1.0])), Shot(2.0, np.array([0.5]))))
    assert [camera.at(time) for time in (0.0, 1.0, 1.02, 1.5, 2.0, 9.0)] == pytest.approx([0, 0, 0.5, 1, 0.5, 0.5])
