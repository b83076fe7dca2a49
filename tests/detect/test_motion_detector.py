"""The motion detector: how it streams, and that it knows its limits."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from models.motion.features import FEATURES
from pipeline.detect import motion
from pipeline.detect.motion import MAX_LLR, RUN, MotionDetector, judge, load_model
from pipeline.detect.pictures import CanonicalPictures

GENERATOR = np.random.default_rng(9)
WORLD = cv2.GaussianBlur(GENERATOR.integers(0, 256, (500, 1400)).astype(np.uint8), (0, 0), 2.0)
WORLD = cv2.normalize(WORLD, None, 20, 235, cv2.NORM_MINMAX)


class Frame:
    """A view of a textured world that the camera moves over."""

    bit_depth = 8

    def __init__(self, time_s: float, left: float = 0.0, size: tuple[int, int] = (180, 320)) -> None:
        self.time_s = time_s
        shift = np.array([[1, 0, -left], [0, 1, -20.0]], np.float32)
        self.luma = cv2.warpAffine(WORLD, shift, size[::-1])

    def gray(self, width_px: int) -> np.ndarray:
        height, width = self.luma.shape
        return cv2.resize(self.luma, (width_px, round(height * width_px / width)), interpolation=cv2.INTER_AREA)


def shown(frames: list[Frame], thoroughness="thorough") -> MotionDetector:
    detector, pictures = MotionDetector(), CanonicalPictures(0.0, thoroughness)
    for frame in frames:
        picture = pictures.take(frame)
        if picture is not None:
            detector.add(picture)
    return detector


def panned(seconds: float = 3.0, rate_hz: float = 8.0, speed: float = 48.0, size=(180, 320)) -> list[Frame]:
    return [Frame(i / rate_hz, 10 + speed * i / rate_hz, size) for i in range(int(seconds * rate_hz))]


def test_a_pan_is_measured_as_one():
    found = shown(panned()).figures()
    assert found["speed"] == pytest.approx(math.log(6.1), abs=0.2)
    assert found["steadiness"] > 0.9 and found["off_camera"] < 0.2 and found["gain"] > 0.5


@pytest.mark.parametrize("rate_hz", [24.0, 30.0, 60.0])
def test_the_rate_of_the_clip_does_not_make_an_even_pan_jerk(rate_hz):
    """Of thirty and sixty pictures a second the detector gets uneven steps."""
    slow, fast = shown(panned(speed=43.0)).figures(), shown(panned(speed=43.0, rate_hz=rate_hz)).figures()
    for name in ("speed", "steadiness", "speed_flutter", "camera_shake", "acceleration", "off_camera", "turning"):
        assert fast[name] == pytest.approx(slow[name], abs=0.06), name


def test_asking_does_not_end_the_pass():
    frames = panned(6.0)
    detector, asked = MotionDetector(), MotionDetector()
    for picture in filter(None, map(CanonicalPictures(0.0, "thorough").take, frames)):
        detector.add(picture)
        asked.add(picture)
        if len(asked._run) == RUN:
            asked.evidence()
    assert detector.evidence() == asked.evidence()


def test_memory_holds_one_run():
    detector = shown(panned(12.0, speed=30.0))
    kept = [v for v in vars(detector).values() if isinstance(v, list)]
    assert len(kept) == 1 and len(kept[0]) <= RUN


def test_every_step_is_measured_once_and_none_across_a_start(monkeypatch):
    runs = []
    monkeypatch.setattr(motion, "measure_run", lambda run: runs.append(len(run)) or (np.ones(len(FEATURES)), len(run)))
    detector = MotionDetector()
    pictures = list(filter(None, map(CanonicalPictures(0.0, "thorough").take, panned(6.0))))
    for index, picture in enumerate(pictures):
        picture.starts = index in (0, 30)
        detector.add(picture)
    detector.figures()
    # 48 pictures, a cut before the 31st: 20 and 11 that share one, then 18
    assert runs == [20, 11, 18]


@pytest.mark.parametrize("size", [(320, 180), (240, 240), (181, 323)])
def test_upright_square_and_odd_pictures_are_measured(size):
    assert shown(panned(size=size)).figures()["steadiness"] > 0.9


def test_small_short_and_resting_pictures_are_not_judged():
    cases = {
        "smaller than": panned(size=(100, 200)),
        "long enough": panned(0.5),
        "hardly anything moves": [Frame(i / 8, 10) for i in range(24)],
    }
    for reason, frames in cases.items():
        (found,) = shown(frames).evidence()
        assert not found.applicable and reason in found.reason and found.llr == 0 and found.gate == "failed"


def typical() -> dict[str, float]:
    model = load_model()
    known = {name: float(np.mean([m.mean[i] for m in model.members])) for i, name in enumerate(model.features)}
    return {**dict.fromkeys(FEATURES, 0.0), **known}


def test_leans_both_ways_and_never_far():
    model = load_model()
    weight = np.mean([m.weight for m in model.members], axis=0)
    spread = np.min([m.scale for m in model.members], axis=0)
    for sign, words in ((1.0, "like generated clips than"), (-1.0, "like camera footage than")):
        step = dict(zip(model.features, sign * np.sign(weight) * spread, strict=True))
        found = judge({name: value + step.get(name, 0.0) for name, value in typical().items()}, model)
        assert found.applicable and found.scope == "content" and 0.15 < sign * found.llr <= MAX_LLR + 1e-3
        assert words in found.sentence and "weak" in found.sentence
        assert f"{round(100 * model.auc_unseen)} times in 100" in found.reason


def test_unlike_anything_seen_is_not_judged():
    found = judge({**typical(), "off_camera": 1e3}, load_model())
    assert not found.applicable and found.llr == 0 and "unlike" in found.sentence


def test_a_fold_is_judged_by_the_member_that_never_saw_it():
    found = {judge({**typical(), "split": 0.3}, load_model(), held_out=k).llr for k in range(5)}
    assert len(found) > 1
