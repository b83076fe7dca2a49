"""The glitch detector: finds what was put in, is not fooled by what footage suffers, and knows what it cannot judge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest

from models.glitches import scoring
from models.glitches.disturbances import disturb
from models.glitches.figures import FEATURES
from models.glitches.matching import Event, is_right
from models.glitches.synthesis import add_glitch
from pipeline.detect.glitches import CURVE_POINTS, MOST, GlitchDetector
from pipeline.detect.glitches_events import candidates
from pipeline.detect.glitches_maps import is_repeat, measure
from pipeline.detect.glitches_pictures import HEIGHT_PX, side_by_side, surroundings
from pipeline.detect.glitches_wording import SENTENCES, look_of

RATE_HZ = 8


def scene(*, count: int = 24, step_px: float = 1.5, noise: float = 1.0, seed: int = 5) -> np.ndarray:
    """A textured wall that slides evenly under a little noise, uint8 [T, 180, 320]."""
    rng = np.random.default_rng(seed)
    ground = rng.normal(size=(240, 420)).astype(np.float32)
    wall = sum(cv2.GaussianBlur(ground, (0, 0), s) * s * g for s, g in ((2.0, 40.0), (7.0, 60.0)))
    shown = [cv2.getRectSubPix(wall, (320, 180), (165 + step_px * i, 120)) for i in range(count)]
    return np.clip(np.stack(shown) + 128 + rng.normal(0, noise, (count, 180, 320)), 0, 255).astype(np.uint8)


def stripes():
    """One picture that is like nothing in the scene."""
    return np.tile(np.where(np.arange(320) % 12 < 6, 245, 15).astype(np.uint8), (1, 180, 1))


def with_a_ball(pictures):
    """The pictures with a striped ball that is there from one moment on, and the truth."""
    return add_glitch(pictures, "appear", seed=11, donor=stripes())


@dataclass(frozen=True)
class FakePicture:
    """What the detector needs of a picture."""

    time_s: float
    luma: np.ndarray
    starts: bool = False

    def gray(self, width_px):
        height = round(self.luma.shape[0] * width_px / self.luma.shape[1])
        return cv2.resize(self.luma, (width_px, height), interpolation=cv2.INTER_AREA)

    def rgb(self, width_px=None):
        return cv2.cvtColor(self.gray(width_px), cv2.COLOR_GRAY2RGB)


@pytest.fixture
def eager(monkeypatch):
    """Show what is only half likely, so that the test does not hang on where training put the threshold."""
    fitted = replace(scoring.load_coefficients(), show_above=-2.5)
    monkeypatch.setattr(scoring, "load_coefficients", lambda: fitted)


def evidence_of(pictures, *, starts=(0,), held_out=None):
    detector = GlitchDetector(held_out=held_out)
    for i, luma in enumerate(pictures):
        detector.add(FakePicture(i / RATE_HZ, luma, i in starts))
    return detector.evidence()


def found_in(pictures, truth):
    """Candidates of the truth's own family that are right."""
    grays = list(pictures)
    family = "boil" if truth.kind == "boil" else "sudden"
    events = [
        (one, Event(one.family, one.before / 8, one.after / 8, one.box, 0.0))
        for one in candidates(grays, measure(grays))
    ]
    where = {"t0_s": (truth.first - 1) / 8, "t1_s": truth.last / 8, "box": truth.box}
    return [one for one, event in events if one.family == family and is_right(event, **where)]


@pytest.mark.parametrize("kind", ["appear", "vanish", "boil", "jump"])
def test_every_kind_becomes_a_candidate(kind):
    made, truth = add_glitch(scene(), kind, seed=11)
    (one, *_) = found_in(made, truth)
    assert len(one.values) == len(FEATURES[one.family])
    assert np.isfinite(one.values).all()


def test_even_movement_has_no_sudden_candidate():
    grays = list(scene())
    assert [one for one in candidates(grays, measure(grays)) if one.family == "sudden"] == []


def test_what_appears_is_shown_first_with_place_time_and_picture(eager):
    made, truth = with_a_ball(scene())
    whole, first, *_ = evidence_of(made)
    assert (whole.name, whole.scope, first.name, first.scope) == ("glitches", "content", "glitch", "moment")
    assert whole.raw["moments"] >= 1
    event = Event("sudden", first.t0_s, first.t1_s, first.box, 0.0)
    assert is_right(event, t0_s=(truth.first - 1) / 8, t1_s=truth.first / 8, box=truth.box)
    assert first.sentence in SENTENCES.values()
    assert first.picture.startswith("data:image/png;base64,")
    assert 0.0 < first.raw["score"] < 1.0
    peak_s = max(whole.curve, key=lambda point: point[1])[0]
    assert abs(peak_s - truth.first / 8) <= 0.5


def test_moments_are_few_ranked_and_apart(eager):
    pictures = scene(count=72)
    for i, seed in enumerate((3, 4, 5)):
        part = slice(24 * i, 24 * i + 24)
        pictures[part] = add_glitch(pictures[part], "appear", seed=seed, donor=stripes())[0]
    _, *moments = evidence_of(pictures)
    scores = [one.raw["score"] for one in moments]
    assert 2 <= len(moments) <= MOST
    assert scores == sorted(scores, reverse=True)
    assert [one.raw["rank"] for one in moments] == list(range(1, len(moments) + 1))


def test_a_cut_that_is_told_is_no_glitch():
    joined = np.concatenate([scene(count=16), scene(count=16, seed=9)])
    _, *moments = evidence_of(joined, starts=(0, 16))
    assert moments == []


@pytest.mark.parametrize("kind", ["dropped", "flash", "interlaced", "shaky"])
def test_what_footage_suffers_is_no_glitch(kind):
    _, *moments = evidence_of(disturb(scene(), kind, seed=2))
    assert moments == []


def test_asking_does_not_end_the_pass():
    made, _ = with_a_ball(scene(count=16))
    asked, silent = GlitchDetector(), GlitchDetector()
    for i, luma in enumerate(made):
        asked.add(FakePicture(i / RATE_HZ, luma, i == 0))
        silent.add(FakePicture(i / RATE_HZ, luma, i == 0))
        if i == 9:
            asked.evidence()
    assert asked.evidence() == silent.evidence()


def test_repeated_pictures_are_skipped():
    pictures = scene(count=12)
    assert is_repeat(pictures[0], pictures[0])
    assert not is_repeat(pictures[0], pictures[1])
    _, *moments = evidence_of(np.repeat(pictures, 2, axis=0))
    assert moments == []


@pytest.mark.parametrize(
    ("pictures", "reason"),
    [
        (scene(count=3), "too short"),
        (np.repeat(scene(count=1), 24, axis=0), "repeat"),
        (np.full((24, 40, 320), 80, np.uint8), "smaller"),
        (np.full((24, 1200, 100), 80, np.uint8), "narrow"),
        (np.stack([np.full((180, 320), 60 + i % 2, np.uint8) for i in range(24)]), "moves"),
    ],
)
def test_what_cannot_be_judged_says_so(pictures, reason):
    (whole,) = evidence_of(pictures)
    assert not whole.applicable
    assert whole.gate == "failed"
    assert whole.llr == 0.0
    assert reason in whole.reason


def test_a_long_clip_keeps_a_short_curve_and_speaks_no_louder():
    detector = GlitchDetector()
    pictures = scene(count=13)
    for i in range(13 * 4):
        detector.add(FakePicture(100.0 * i, pictures[i % 13], i % 13 == 0))
    whole, *_ = detector.evidence()
    assert len(whole.curve) <= CURVE_POINTS
    once, *_ = evidence_of(pictures)
    assert whole.raw["strongest_sudden"] == pytest.approx(once.raw["strongest_sudden"])


def test_pictures_of_a_moment():
    rgb = np.zeros((180, 320, 3), np.uint8)
    crop = surroundings(rgb, (0.9, 0.9, 1.0, 1.0))
    assert crop.shape == (54, 96, 3)
    assert crop.max() == 255
    assert rgb.max() == 0
    assert side_by_side(crop, crop).shape[0] == HEIGHT_PX


def test_kinds_are_told_by_their_figures():
    made, truth = add_glitch(scene(), "boil", seed=11)
    assert look_of(found_in(made, truth)[0]) == "boils"
