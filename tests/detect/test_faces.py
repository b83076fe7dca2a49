"""Faces: found, followed, cut, judged within their limits. A bright square stands for a face where none is needed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.faces.calibration import Calibration
from models.faces.sizes import CUT_PX, CUT_REACH
from pipeline.detect import face_boxes, faces
from pipeline.detect.face_boxes import FaceTracks, HaarFinder, cut, overlap
from pipeline.detect.face_looks import FaceLooks, look_at_still, sharpness
from pipeline.detect.faces import FaceDetector, Weights, judge_still, quality, weigh


@dataclass(frozen=True)
class Shown:
    """A picture as the detectors get it."""

    time_s: float
    pixels: np.ndarray
    starts: bool = False

    @property
    def luma(self):
        return self.pixels[..., 1]

    def gray(self, width_px):
        height_px = round(width_px * self.pixels.shape[0] / self.pixels.shape[1])
        return cv2.resize(self.luma, (width_px, height_px), interpolation=cv2.INTER_AREA)

    def rgb(self, width_px=None):
        if width_px in (None, self.pixels.shape[1]):
            return self.pixels
        return np.dstack([self.gray(width_px)] * 3)


@dataclass
class BrightSquares:
    """Takes every bright area for a face."""

    eyes: bool = True
    second: bool = True
    searches: int = 0

    def find(self, gray, smallest_px):
        self.searches += 1
        count, _, areas, _ = cv2.connectedComponentsWithStats((gray > 128).astype(np.uint8))
        return tuple(tuple(map(int, a[:4])) for a in areas[1:count] if a[2] >= smallest_px)

    def has_eyes(self, face):
        return self.eyes

    def agrees(self, gray):
        return self.second


def scene(*places, size=(360, 640), side=100, seed=0):
    """Grain with bright textured squares at (x, y)."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(20, 60, (*size, 3), dtype=np.uint8)
    for x, y in places:
        pixels[y : y + side, x : x + side] = generator.integers(180, 250, (side, side, 1), dtype=np.uint8)
    return pixels


def clip(count=20, *, rate_hz=8.0, start=(200, 100), step=(2, 0), cuts=(0,), **about):
    """A square that moves."""
    return [
        Shown(i / rate_hz, scene((start[0] + i * step[0], start[1] + i * step[1]), **about), i in cuts)
        for i in range(count)
    ]


class Nets:
    """Stands for the weights: the logit is how bright the cut is, over a level."""

    def __init__(self, level=0.0, calibration=Calibration(1.0, 0.0, 1.0, 0.0, math.log(3))):
        self.level, self.calibration = level, calibration
        self.blend_auc, self.clip_auc = 0.9, 0.55

    def logits(self, looks):
        return np.array([self.level + 0.001 * look.index for look in looks])


def detector(pictures, *, finder=None, **options):
    made = FaceDetector(finder=finder or BrightSquares(), weights=options.get("weights", Nets()))
    for one in pictures:
        made.add(one)
    return made


# ------------------------------------------------------------------ finding
def test_a_face_is_followed_and_its_box_is_right():
    looks = FaceLooks(BrightSquares(), side_px=CUT_PX, reach=CUT_REACH, most=24)
    for one in clip(20):
        looks.add(one)
    found = looks.looks()
    assert len({look.track for look in found}) == 1 and len(found) >= 5
    for look in found:
        x = (200 + 2 * 8 * look.time_s) / 640
        assert overlap(look.box, (x, 100 / 360, x + 100 / 640, 200 / 360)) > 0.85
        assert look.side_px == pytest.approx(100, abs=6)


def test_few_looks_and_fewer_searches_of_the_whole_picture():
    class Counts(BrightSquares):
        wide = 0

        def find(self, gray, smallest_px):
            self.wide += gray.shape[1] == face_boxes.SEARCH_PX
            return super().find(gray, smallest_px)

    finder = Counts()
    detector(clip(160, step=(0, 0)), finder=finder)
    assert finder.searches <= 3 * 20 + 21 and finder.wide <= 21


def test_what_comes_and_goes_or_has_no_eyes_is_no_face():
    blink = [Shown(i / 8, scene((200, 100)) if i < 4 else scene(), i == 0) for i in range(20)]
    for pictures, finder in ((blink, BrightSquares()), (clip(), BrightSquares(eyes=False)), ([], BrightSquares())):
        (found,) = detector(pictures, finder=finder).evidence()
        assert (
            not found.applicable and found.reason == faces.NO_FACE and found.llr == 0 and "not judged" in found.sentence
        )


def test_a_cut_ends_a_face_and_a_jump_makes_it_another():
    looks = FaceLooks(BrightSquares(), side_px=CUT_PX, reach=CUT_REACH, most=24)
    for one in clip(40, step=(0, 0), cuts=(0, 20)):
        looks.add(one)
    assert len({look.track for look in looks.looks()}) == 2
    assert {look.track for look in looks.looks() if look.time_s >= 2.5}.isdisjoint(
        {look.track for look in looks.looks() if look.time_s < 2.5}
    )


def test_a_cut_between_two_looks_is_not_missed():
    tracks = FaceLooks(BrightSquares(), side_px=CUT_PX, reach=CUT_REACH, most=24)
    for one in clip(12, step=(0, 0), cuts=(0, 7)):
        tracks.add(one)
    assert len(tracks.tracks.confirmed) == 1 + (12 - 7 > 2 * 3)


def test_small_faces_and_small_pictures_are_not_searched_for():
    (found,) = detector(clip(side=50)).evidence()
    assert not found.applicable
    (found,) = detector([Shown(i / 8, scene(size=(50, 50)), i == 0) for i in range(9)]).evidence()
    assert not found.applicable


def test_the_largest_two_of_a_crowd():
    tracks = FaceTracks(BrightSquares())
    crowd = scene((10, 10), (10, 200), size=(800, 800), side=120)
    crowd[300:500, 300:500] = 220
    gray = cv2.resize(crowd[..., 1], (320, 320), interpolation=cv2.INTER_AREA)
    seen = tracks.look(gray, 0.0, native_width_px=800, starts=True)
    assert len(seen) == 2 and seen[0].box == pytest.approx((0.375, 0.375, 0.625, 0.625), abs=0.01)


@pytest.mark.parametrize("size", [(640, 360), (361, 641), (1080, 1920)])
def test_boxes_are_fractions_whatever_the_shape(size):
    side = 200
    looks = FaceLooks(BrightSquares(), side_px=CUT_PX, reach=CUT_REACH, most=24)
    for i in range(9):
        looks.add(Shown(i / 8, scene((50, 80), size=size, side=side), i == 0))
    wanted = (50 / size[1], 80 / size[0], 250 / size[1], 280 / size[0])
    assert looks.looks()[0].box == pytest.approx(wanted, abs=0.02)


def test_memory_and_number_of_looks_stay_bounded():
    looks = FaceLooks(BrightSquares(), side_px=16, reach=CUT_REACH, most=24)
    shown = clip(1, step=(0, 0))[0].pixels
    for i in range(4000):
        looks.add(Shown(i / 8, shown, i % 20 == 0))
        assert len(looks._looks) <= 24 and len(looks.tracks.open) <= 2
    times = [look.time_s for look in looks.looks()]
    assert len(times) >= 12 and min(times) < 60 and max(times) > 430


# ------------------------------------------------------------------- cutting
def test_a_cut_has_the_face_in_its_middle_and_repeats_the_edge():
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[50:110, 100:160] = 200
    taken = cut(pixels, (100 / 300, 50 / 200, 160 / 300, 110 / 200), side_px=144, reach=1.8)
    rows = np.flatnonzero(taken[:, 72, 0] > 100)
    assert taken.shape == (144, 144, 3)
    assert rows[0] == pytest.approx(32, abs=2) and rows[-1] == pytest.approx(111, abs=2)
    pixels[:, 0] = 90
    beyond = cut(pixels, (-0.05, 0.4, 0.1, 0.6), side_px=64, reach=1.8)
    assert beyond.shape == (64, 64, 3) and abs(int(beyond[32, 2, 0]) - 90) < 8


def test_sharpness_falls_with_blur_and_flat_is_zero():
    sharp = np.random.default_rng(0).integers(0, 255, (144, 144, 3), dtype=np.uint8)
    assert sharpness(cv2.GaussianBlur(sharp, (0, 0), 3)) < 0.3 * sharpness(sharp)
    assert sharpness(np.full((144, 144, 3), 90, np.uint8)) == 0.0


# ------------------------------------------------------------------- judging
def test_evidence_says_where_when_and_how_likely():
    whole, moment = detector(clip(20), weights=Nets(level=1.0)).evidence()
    assert whole.scope == "content" and whole.applicable and whole.gate == "passed" and whole.llr > 0
    assert whole.probability == pytest.approx(1 / (1 + math.exp(-whole.llr)), abs=2e-3)
    assert all(0 <= score <= 1 for _, score in whole.curve)
    assert [t for t, _ in whole.curve] == sorted({t for t, _ in whole.curve})
    assert moment.scope == "moment" and moment.picture.startswith("data:image/png;base64,")
    assert moment.t0_s is not None and moment.t1_s is not None and moment.t0_s < moment.t1_s
    assert moment.t0_s == max(whole.curve, key=lambda p: p[1])[0] or moment.raw["score"] == pytest.approx(
        max(s for _, s in whole.curve), abs=0.01
    )
    assert moment.box is not None and moment.box[0] < moment.box[2] <= 1


def test_nothing_suspicious_shows_no_moment():
    (whole,) = detector(clip(20), weights=Nets(level=-3.0)).evidence()
    assert whole.llr < 0 and "no seam" in whole.sentence


def test_a_calibration_that_is_silent_says_so_and_counts_nothing():
    silent = Nets(level=2.0, calibration=Calibration(1.0, 0.0, 0.0, 0.0, 0.0))
    whole, moment = detector(clip(20), weights=silent).evidence()
    assert whole.llr == 0.0 and whole.probability == 0.5 and "does not count" in whole.sentence
    assert moment.raw["score"] > 0.5
    assert "90 of 100" in whole.reason and "55 of 100" in whole.reason


def test_never_louder_than_measured():
    calibration = Calibration(1.0, 0.0, 1.0, 0.0, math.log(3))
    assert calibration.llr(1e9) == pytest.approx(math.log(3)) and calibration.llr(-1e9) == pytest.approx(-math.log(3))
    assert 0.0 < calibration.probability(-1e9) < 1e-9 and calibration.probability(1e9) <= 1.0


def test_gates():
    assert quality(120, 0.3)[0] == "passed"
    assert quality(60, 0.3)[0] == "low" and "60 pixels" in quality(60, 0.3)[1]
    assert quality(120, faces.SOFT - 1e-3)[0] == "low"
    assert quality(120, faces.BLURRED - 1e-3) == ("failed", "the faces are too blurred to judge")


def test_blurred_faces_are_not_judged_and_small_ones_half():
    looks = FaceLooks(BrightSquares(), side_px=CUT_PX, reach=CUT_REACH, most=24)
    for one in clip(20, side=60):
        looks.add(one)
    nets = Nets(level=0.2)
    (low, *_) = weigh(looks.looks(), nets)
    assert low.gate == "low" and low.llr == pytest.approx(0.5 * nets.calibration.llr(low.raw["logit"]), abs=2e-3)
    soft = [Shown(p.time_s, cv2.GaussianBlur(p.pixels, (0, 0), 12), p.starts) for p in clip(20, side=180)]
    (failed,) = detector(soft, weights=nets).evidence()
    assert not failed.applicable and failed.gate == "failed" and "blurred" in failed.reason and failed.raw["looks"] >= 3


def test_asking_does_not_end_the_pass():
    made, straight = FaceDetector(finder=BrightSquares(), weights=Nets()), detector(clip(20))
    for one in clip(20):
        made.add(one)
        made.evidence()
    assert made.evidence() == straight.evidence()


def test_stills_need_both_cascades_and_have_no_times():
    pixels = scene((200, 100), side=150)
    found = judge_still(pixels, finder=BrightSquares(), weights=Nets(level=1.0))
    assert [one.scope for one in found] == ["content", "moment"]
    assert all(one.t0_s is None and one.curve == () for one in found)
    (none,) = judge_still(pixels, finder=BrightSquares(second=False), weights=Nets())
    assert not none.applicable
    (none,) = judge_still(pixels[:40, :40], finder=BrightSquares(), weights=Nets())
    assert not none.applicable


# ------------------------------------------------------- a real face, shipped weights
@pytest.fixture(scope="module")
def portrait():
    """A public-domain portrait (US Navy) that comes with matplotlib."""
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    bgr = cv2.imread(str(path))
    assert bgr is not None
    return np.ascontiguousarray(bgr[..., ::-1])


def test_a_portrait_is_found_and_judged_by_the_shipped_nets(portrait):
    first = judge_still(portrait)
    assert first[0].applicable and first[0].raw["faces"] == 1
    assert first == judge_still(portrait)
    assert abs(first[0].llr) <= math.log(3) + 1e-3
    rolled = judge_still(np.ascontiguousarray(portrait[::-1]))
    assert not rolled[0].applicable


def test_noise_and_plain_pictures_hold_no_face():
    finder = HaarFinder()
    noise = np.random.default_rng(0).integers(0, 255, (360, 640), dtype=np.uint8)
    for gray in (noise, np.zeros((360, 640), np.uint8), np.full((1, 1), 9, np.uint8)):
        assert finder.find(gray, 24) == ()


def test_held_out_leaves_one_net_speaking(portrait):
    alone = faces.load_weights(2)
    assert isinstance(alone, Weights) and len(alone.nets) == 1 and len(faces.load_weights().nets) == 5
    assert judge_still(portrait, 2)[0].raw["logit"] != judge_still(portrait)[0].raw["logit"]


def test_a_portrait_blended_with_itself_scores_higher(portrait):
    from models.faces.blending import changed, mask

    (look, *_) = look_at_still(portrait, HaarFinder(), side_px=CUT_PX, reach=CUT_REACH)
    luma_first = cv2.cvtColor(look.cut, cv2.COLOR_RGB2YCrCb)
    blended = []
    for seed in range(24):
        generator = np.random.default_rng(seed)
        covered = mask(CUT_PX, CUT_PX / CUT_REACH, generator)[..., None]
        other = changed(luma_first, generator, moved=True).astype(np.float32)
        mixed = np.rint(luma_first + covered * (other - luma_first)).astype(np.uint8)
        blended.append(replace(look, cut=cv2.cvtColor(mixed, cv2.COLOR_YCrCb2RGB)))
    weights = faces.load_weights()
    assert weights.logits(tuple(blended)).mean() > weights.logits((look,))[0]
