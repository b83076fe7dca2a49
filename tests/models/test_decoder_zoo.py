"""Crops through the zoo: same content and radial spectrum, other traces; and weights that are not ours are refused."""

import json
import shutil

import numpy as np
import pytest

from models import registry
from models.decoders import spectrum, zoo
from models.decoders.patchwise import cosine_basis, patches_of, pictures_of, principal_basis, through


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    """Two crops [2, 5, 96, 96] whose spectrum falls with frequency as that of natural pictures, drifting."""
    rng = np.random.default_rng(4)
    radius = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)) + 1 / 128
    found = []
    for drift in (1, 3):
        field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((128, 128))) / radius**1.5).real
        field = 128 + 40 * field / field.std()
        found.append([np.roll(field, drift * t, 1)[:96, :96] + rng.normal(0, 2, (96, 96)) for t in range(5)])
    return np.clip(found, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", zoo.FAMILIES)
def test_a_family_keeps_content_and_radial_spectrum(name, crops):
    before = crops.copy()
    made = zoo.apply(name, crops, seed=1)
    assert np.array_equal(crops, before)
    assert made.shape == crops.shape and made.dtype == np.uint8
    assert np.array_equal(made, zoo.apply(name, crops, seed=1))
    assert not np.array_equal(made[:1], zoo.apply(name, crops[:1], seed=2))
    assert not np.array_equal(made, crops)
    for ours, theirs in zip(made, crops, strict=True):
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.7
        off_db = 4.34 * np.abs(spectrum.radial_levels(ours) - spectrum.radial_levels(theirs))
        # 1.2 dB on average; single rings may be off by more where the spectrum falls steeply
        assert off_db[2:36].mean() < 1.2 and off_db[2:36].max() < 3.5


def test_without_blending_the_spectrum_gives_a_decoder_away(crops):
    raw = zoo.apply("pca16", crops[:1], blend=False)[0]
    assert (spectrum.radial_levels(raw) - spectrum.radial_levels(crops[0]))[15:30].mean() < -1


@pytest.mark.parametrize("name", ["f8-nearest", "f16-transposed-t2", "x2-shuffle", "dct16-t2", "pca16"])
@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (1, 2, 17, 45), (1, 4, 64, 31)])
def test_any_size_and_number_of_pictures(name, shape):
    crops = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert zoo.apply(name, crops).shape == shape


def test_flat_crops_stay_nearly_flat():
    flat = np.full((1, 2, 64, 64), 255, np.uint8)
    for name in zoo.FAMILIES:
        made = zoo.apply(name, flat).astype(int)
        assert np.abs(made - 255).max() < 20


def test_crops_of_a_batch_do_not_depend_on_each_other(crops):
    assert np.array_equal(zoo.apply("f8-bilinear", crops)[:1], zoo.apply("f8-bilinear", crops[:1]))


def test_no_crops_are_no_crops():
    assert zoo.apply("dct8", np.zeros((0, 5, 64, 64), np.uint8)).shape == (0, 5, 64, 64)


def test_unknown_families_and_other_arrays_are_refused():
    with pytest.raises(ValueError, match="unknown"):
        zoo.apply("f8-magic", np.zeros((1, 1, 16, 16), np.uint8))
    for bad in (np.zeros((1, 16, 16), np.uint8), np.zeros((1, 1, 16, 16)), np.zeros((1, 1, 8, 16), np.uint8)):
        with pytest.raises(ValueError, match="Crops must be"):
            zoo.apply("dct8", bad)


def test_held_out_families_differ_in_factor_and_upsampler():
    def traits(names):
        return {trait for name in names for trait in name.split("-")[:2]} - {"t2"}

    assert set(zoo.TRAINING) | set(zoo.HELD_OUT) == set(zoo.FAMILIES)
    assert not traits(zoo.TRAINING) & traits(zoo.HELD_OUT)


def test_weights_that_are_not_the_registered_ones_are_refused(tmp_path):
    (tmp_path / "decoders").mkdir()
    entry = registry.entries()[zoo.WEIGHTS]
    (tmp_path / "registry.json").write_text(json.dumps({zoo.WEIGHTS: entry}))
    target = tmp_path / entry["file"]
    shutil.copy(registry.weights_path(zoo.WEIGHTS), target)
    assert zoo.network("f8-nearest", tmp_path / "registry.json")
    changed = bytearray(target.read_bytes())
    changed[-1] ^= 1
    target.write_bytes(bytes(changed))
    zoo._weights.cache_clear()
    with pytest.raises(registry.UntrustedWeights, match="not the ones"):
        zoo.network("f8-nearest", tmp_path / "registry.json")
    zoo._weights.cache_clear()


def test_the_zoo_is_smaller_than_six_megabytes():
    assert registry.weights_path(zoo.WEIGHTS).stat().st_size < 6e6


def test_a_spectrum_is_matched_and_peaks_survive_it(crops):
    real = crops[0].astype(np.float32)
    grid = np.zeros((96, 96), np.float32)
    grid[:, ::8] = 6
    soft = 0.7 * (real - 128) + 128 + grid
    found = spectrum.matched(soft, real)
    assert np.abs(spectrum.radial_levels(found) - spectrum.radial_levels(real))[2:36].max() < 0.2
    assert spectrum.peaks_db(found, 8) > spectrum.peaks_db(real, 8) + 3
    # what is coarse is the original's, brightness with it
    assert abs(float(found.mean() - real.mean())) < 0.5


def test_what_is_missing_comes_from_the_original(crops):
    real = crops[0].astype(np.float32)
    nothing = np.full_like(real, 100.0)
    assert np.allclose(spectrum.matched(nothing, real), real, atol=1.5)


def test_peaks_are_found_at_their_period_only():
    noise = np.random.default_rng(2).normal(0, 5, (32, 128, 128)).astype(np.float32)
    lines = noise.copy()
    lines[:, :, ::8] += 4
    for period_px in (4, 8, 16):
        assert abs(spectrum.peaks_db(noise, period_px)) < 1.5
    assert spectrum.peaks_db(lines, 8) > 6
    assert spectrum.peaks_db(lines, 16) < 2


def test_patches_go_there_and_back():
    pictures = np.random.default_rng(1).random((4, 16, 24), np.float32)
    assert np.array_equal(pictures_of(patches_of(pictures, 8, 2), pictures.shape, 8, 2), pictures)


@pytest.mark.parametrize("depth", [1, 2])
def test_all_components_give_the_picture_back_and_few_of_them_blur(depth):
    pictures = np.random.default_rng(1).random((3, 21, 30), np.float32)
    basis = cosine_basis(8, depth, 64 * depth)
    assert np.allclose(basis @ basis.T, np.eye(len(basis)), atol=1e-5)
    assert np.allclose(through(pictures, basis, 8, depth), pictures, atol=1e-4)
    assert through(pictures, basis[:6], 8, depth).std() < 0.7 * pictures.std()


def test_principal_components_find_what_varies():
    rng = np.random.default_rng(0)
    direction = np.ones(16, np.float32) / 4
    patches = rng.normal(0, 9, (500, 1)) * direction + rng.normal(0, 0.1, (500, 16))
    basis = principal_basis(patches.astype(np.float32), 2)
    assert abs(float(basis[0] @ direction)) > 0.999
