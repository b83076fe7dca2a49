import numpy as np
import pytest

from pipeline.watermark.picture import masking


def flat(level, shape=(180, 320)):
    return np.full(shape, level, np.float32)


def noisy(deviation, level=120.0, shape=(180, 320), seed=1):
    return np.clip(flat(level, shape) + np.random.default_rng(seed).normal(0, deviation, shape), 0, 255).astype(
        np.float32
    )


def test_flat_fields_take_little_more_however_strong_the_mark():
    weak, strong = (float(masking.amplitude(flat(120), strength).mean()) for strength in (0.7, 3.0))
    assert weak == pytest.approx(0.7, abs=0.01)
    assert weak < strong < 1.6 * weak


def test_amplitude_rises_with_detail_and_falls_where_the_picture_drowns_the_mark():
    smooth, textured, rough = (float(masking.amplitude(noisy(deviation), 2.0).mean()) for deviation in (1, 9, 50))
    assert smooth < textured
    assert rough < textured


def test_flat_field_beside_a_lone_edge_stays_as_it_was():
    edge = flat(60)
    edge[:, 160:] = 160
    plain, beside = masking.amplitude(flat(60), 2.5), masking.amplitude(edge, 2.5)
    # four chips off; the pattern there would show as a halo
    assert beside[90, 154] == pytest.approx(plain[90, 154], rel=0.02)
    assert beside[90, 158] <= 2.5


def test_near_black_and_white_take_less_than_the_middle():
    black, middle, white = (float(masking.amplitude(flat(level), 1.0).mean()) for level in (16, 110, 235))
    assert black < middle
    assert white < middle


@pytest.mark.parametrize("level", [0, 255])
def test_amplitude_is_finite_everywhere(level):
    for shape in ((1, 1), (1, 7), (180, 2880)):
        amplitude = masking.amplitude(flat(level, shape), 3.0)
        assert amplitude.shape == shape
        assert np.isfinite(amplitude).all()
        assert (amplitude > 0).all()


def test_static_scene_does_not_flicker():
    # the mask of a still scene under film grain: its change is far below a level from picture to picture
    scene = noisy(6, seed=2)
    grain = np.random.default_rng(3)
    masks = [masking.amplitude(scene + grain.normal(0, 0.4, scene.shape).astype(np.float32), 2.0) for _ in range(2)]
    assert np.abs(masks[1] - masks[0]).mean() < 0.05
    assert np.abs(masks[1] - masks[0]).max() < 0.5


def test_motion_is_the_median_change_and_none_for_one_picture():
    assert masking.motion_levels([flat(100)]) == 0
    # one cut among steps of two levels does not count
    assert masking.motion_levels([flat(level) for level in (100, 102, 104, 200, 202, 204)]) == pytest.approx(2)


def test_strength_grows_with_motion_and_hiding_room_within_its_limits():
    profile = masking.PROFILES["balanced"]
    still, moving = [noisy(5)] * 3, [noisy(5, level) for level in (100, 104, 108)]
    strengths = [masking.strength_for(grays, profile=profile, short_px=720) for grays in (still, moving)]
    assert strengths[0] < strengths[1]
    # rough pictures drown much of the mark, so the rest may be stronger
    assert masking.strength_for([noisy(40)] * 3, profile=profile, short_px=720) > strengths[0]
    for grays in ([flat(0)] * 2, [flat(0), flat(255)], [noisy(80, seed=seed) for seed in range(3)]):
        assert profile.least <= masking.strength_for(grays, profile=profile, short_px=720) <= profile.most


def test_small_pictures_and_stills_take_more():
    profile = masking.PROFILES["balanced"]
    assert masking.strength_for([noisy(5)], profile=profile, short_px=216) > masking.strength_for(
        [noisy(5)], profile=profile, short_px=720
    )
    assert masking.strength_for_still(profile=profile, short_px=1) == pytest.approx(1.5 * profile.still)
    assert masking.strength_for_still(profile=profile, short_px=1080) == profile.still


def test_a_strength_that_costs_too_much_is_lowered_and_never_raised():
    profile = masking.PROFILES["balanced"]
    assert (
        masking.lowered(2.0, 99.0, profile=profile) == masking.lowered(2.0, profile.least_vmaf, profile=profile) == 2.0
    )
    dear, dearer = (masking.lowered(2.0, vmaf, profile=profile) for vmaf in (92.0, 88.0))
    assert 2.0 > dear > dearer >= profile.least
    assert masking.lowered(0.7, 20.0, profile=profile) == profile.least
