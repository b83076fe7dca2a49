from __future__ import annotations

import csv

import numpy as np
import pytest
import torch

from models.codecs import fit, train
from models.codecs.nets import CODECS, FAMILIES, GRIFFIN_LIM, Autoencoder, griffin_lim, mel_bank
from models.train_options import TrainOptions


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("samples", [5_000, 4_096])
def test_every_codec_gives_back_as_many_samples(codec, samples):
    sound = torch.randn(2, samples, generator=torch.Generator().manual_seed(0)) * 0.1
    with torch.no_grad():
        heard = Autoencoder(codec)(sound)
    assert heard.shape == sound.shape
    assert heard.isfinite().all()


def test_every_family_is_known_and_hops_differ():
    assert {codec.family for codec in (*CODECS, GRIFFIN_LIM)} == set(FAMILIES)
    assert len({codec.hop for codec in CODECS}) >= 5


def test_griffin_lim_keeps_a_tone():
    time = torch.arange(11_025) / GRIFFIN_LIM.rate_hz
    heard = griffin_lim(0.1 * torch.sin(2 * torch.pi * 1_000 * time)[None])[0].numpy()
    spectrum = np.abs(np.fft.rfft(heard[2_000:9_000] * np.hanning(7_000)))
    assert abs(np.argmax(spectrum) * GRIFFIN_LIM.rate_hz / 7_000 - 1_000) < 40


def test_mel_bands_rise():
    centres = mel_bank(24_000, 1_024).argmax(dim=1)
    assert (centres.diff() >= 0).all()


def test_weights_survive_eight_bits():
    weights = np.random.default_rng(0).normal(0, 1, (6, 4, 3)).astype(np.float32)
    again = train.restored("w", train.squeezed("w", weights)).numpy()
    assert np.abs(again - weights).max() < 0.02


def test_training_registers_what_it_trained_and_resumes(tmp_path, monkeypatch):
    material = tmp_path / "sound"
    material.mkdir()
    sound = np.random.default_rng(0).normal(0, 0.1, 30_000).astype(np.float16)
    np.save(material / "a.npy", sound)
    (material / "index.csv").write_text("file,rate_hz\na.npy,24000\n")
    saved = {}
    monkeypatch.setattr(train, "STEPS", 3)
    monkeypatch.setattr(train, "SEGMENT_S", 0.1)
    monkeypatch.setattr(train, "CODECS", tuple(codec for codec in CODECS if codec.name == "vocoder_160"))
    monkeypatch.setattr(train, "save", lambda name, arrays, about: saved.update({name: (arrays, about)}))
    options = TrainOptions(material, tmp_path, minutes=5, threads=1)
    train.train(options)
    first = saved["codecs"][0]
    train.train(TrainOptions(material, tmp_path, minutes=5, threads=1, seed=9, resume=True))
    assert all(np.array_equal(first[key], value) for key, value in saved["codecs"][0].items())
    monkeypatch.setattr(train, "load", lambda name: first)
    assert isinstance(train.read_codec(train.CODECS[0]), Autoencoder)


def table(tmp_path, *, seed: int = 0):
    """Two figures tell decoded from recorded; the third points the wrong way."""
    random = np.random.default_rng(seed)
    path = tmp_path / "features.csv"
    with path.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow([*fit.ABOUT, *fit.USED])
        for number in range(200):
            label = number % 2
            family = ("vocoder", "nearest")[number // 2 % 2] if label else "none"
            figures = random.normal(0, 1, len(fit.USED)) + 2 * label * (np.arange(len(fit.USED)) < 2)
            figures[2] -= 3 * label
            about = ["c", ("real", "ai")[label], family, "v", "pcm", f"s{number % 3}", "o", number % 5, 20_000, 0]
            writer.writerow([*about, *figures])
    return fit.read_table(path)


def test_the_fit_separates_and_never_weighs_a_trace_backwards(tmp_path):
    coefficients, report = fit.build(table(tmp_path))
    assert report["auc_unseen"] > 0.9
    assert all(weight >= 0 for member in coefficients["weight"] for weight in member)
    assert all(member[2] == 0 for member in coefficients["weight"])
    assert len(coefficients["weight"]) == 5
    assert all(low < high for low, high in zip(coefficients["low"], coefficients["high"], strict=True))


def test_unseen_means_unseen(tmp_path):
    known = table(tmp_path)
    rows = known.family == "vocoder"
    poisoned = fit.Table(**{**vars(known), "x": np.where(rows[:, None], known.x + 1e3, known.x)})
    asked = known.take(known.fold == 3)
    before, after = (fit.score_unseen(training, asked, "vocoder") for training in (known, poisoned))
    assert np.array_equal(before, after)
    other = fit.Table(**{**vars(known), "x": np.where((known.fold == 3)[:, None], known.x + 1e3, known.x)})
    assert np.array_equal(fit.score_unseen(other, asked, "vocoder"), before)
