"""The patch network: what goes in, what comes out, where it looks, and that training teaches it."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.patches import net as nets
from models.patches import train, training
from models.traces import train as traces_training
from models.train_options import TrainOptions
from pipeline.detect import networks, patches
from pipeline.detect.crops import Crops


def noise(seed: int, count: int = 4, side: int = 128) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 190, (count, 5, side, side), np.uint8)


def doubled(seed: int, count: int = 4) -> np.ndarray:
    """The same kind of noise, but every pixel four times: what a bad up-sampler does."""
    return noise(seed, count, 64).repeat(2, axis=2).repeat(2, axis=3)


def test_residuals_do_not_know_brightness_or_contrast():
    crops = torch.from_numpy(noise(0))
    plain = nets.high_pass(crops)
    assert plain.shape == (4 * nets.STEPS, 6, 128, 128) and plain.abs().max() <= 1
    dimmed = nets.high_pass(crops.float() * 0.5 + 20)
    assert torch.allclose(plain, dimmed, atol=0.02)


def test_attention_weighs_crops():
    logits = torch.tensor([[4.0, 0.0]])
    assert nets.pool(logits, torch.tensor([[50.0, 0.0]])).item() == pytest.approx(4.0, abs=1e-4)
    assert nets.pool(logits, torch.tensor([[0.0, 0.0]])).item() == pytest.approx(2.0)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Three origins a label; AI clips are doubled noise, and camera clips also went through a decoder that doubles."""
    folder = tmp_path_factory.mktemp("material")
    rows = []
    for number in range(12):
        ai = number % 2
        name = f"c{number}"
        for variant in ("", ".clean", ".small", ".wild"):
            np.save(folder / f"{name}{variant}.npy", doubled(number) if ai else noise(number))
        if not ai:
            np.save(folder / f"{name}.plain-x.npy", noise(50 + number))
            np.save(folder / f"{name}.zoo-x.npy", doubled(50 + number))
        rows.append(
            {"clip": name, "label": "ai" if ai else "real", "source": f"s{number % 4}", "fold": str(number // 2 % 3)}
        )
    with (folder / "index.csv").open("w", newline="") as target:
        writer = csv.DictWriter(target, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_bags_and_pairs_know_what_they_are(material):
    bags = train.read_bags(material)
    assert len(bags) == 48 and sum(bag.label for bag in bags) == 24
    pairs = traces_training.read_pairs(material)
    assert len(pairs) == 6
    assert all((p.plain.label, p.decoded.label) == (0.0, 1.0) and p.plain.fold == p.decoded.fold for p in pairs)


def test_batches_hold_both_labels_alike(material):
    draws = train.Draws(train.read_bags(material), np.random.default_rng(0))
    pixels, labels = draws.batch()
    assert pixels.shape == (training.BAGS, training.BAG, 5, 128, 128) and labels.mean() == 0.5


def test_the_two_of_a_pair_are_cut_at_the_same_places():
    plain = np.arange(2 * 5 * 140 * 140, dtype=np.uint32).reshape(2, 5, 140, 140).astype(np.uint8)
    bags = [training.Bag(plain, label, "c", "s", 1) for label in (0.0, 1.0)]
    draws = traces_training.Draws([traces_training.Pair(*bags)], np.random.default_rng(3))
    pixels, labels = draws.batch()
    assert np.array_equal(pixels[0::2], pixels[1::2]) and set(labels[0::2]) == {0.0} and set(labels[1::2]) == {1.0}


@pytest.mark.parametrize("recipe", ["patches", "traces"])
def test_training_teaches_and_goes_on_where_it_stopped(material, tmp_path, monkeypatch, recipe):
    for name, value in (("BAG", 2), ("AVERAGED_STEPS", 10)):
        monkeypatch.setattr(training, name, value)
    module = train if recipe == "patches" else traces_training
    monkeypatch.setattr(module, "STEPS", 24)
    monkeypatch.setattr(module, "BAGS", 4)
    torch.set_num_threads(1)
    options = TrainOptions(material=material, out=tmp_path, threads=1)
    data = train.read_bags(material) if recipe == "patches" else traces_training.read_pairs(material)
    member = module.member(0, data, options)
    assert {bag.fold for bag in member.unseen} == {0}
    member.run(60)
    assert training.unseen_auc(member.mean, member.unseen, every=1) == 1.0
    again = module.member(0, data, replace(options, resume=True))
    assert again.step == 24
    clip = noise(3)
    assert training.score(again.mean, clip) == pytest.approx(training.score(member.mean, clip), abs=1e-5)


def test_area_under_the_curve():
    assert training.auc([(2.0, 1.0), (1.0, 0.0), (1.0, 1.0)]) == 0.75
    assert np.isnan(training.auc([(1.0, 1.0)]))


@pytest.fixture
def weights(monkeypatch):
    """Five small untrained members in place of those that ship."""
    from models import registry

    arrays = {}
    for number in range(5):
        torch.manual_seed(number)
        state = nets.PatchNet().state_dict()
        arrays |= {f"{number}.{k}": v.numpy().astype(np.float16) for k, v in state.items() if v.is_floating_point()}
    monkeypatch.setattr(registry, "load", lambda name: arrays)
    networks._nets.cache_clear()
    yield arrays
    networks._nets.cache_clear()


def crops_of(pixels: np.ndarray) -> Crops:
    count = len(pixels)
    boxes = tuple((0.1 * i, 0.2, 0.1 * i + 0.3, 0.6) for i in range(count))
    shown = (np.full((90, 160, 3), 128, np.uint8),) * 2
    return Crops(pixels, tuple(float(i // 2) for i in range(count)), boxes, tuple(i // 2 for i in range(count)), shown)


def test_members_are_averaged_and_one_speaks_for_a_fold(weights):
    pixels = noise(1, side=176)
    every = networks.see("patches", pixels)
    assert every.pooled.shape == (5,) and every.shares.sum() == pytest.approx(1.0)
    single = [networks.see("patches", pixels, held_out=fold).logit for fold in range(5)]
    assert every.logit == pytest.approx(np.mean(single)) and len(set(single)) == 5


def test_evidence_says_where_and_when(weights):
    said = patches.evidence(crops_of(noise(2, side=144)))
    assert said.applicable and said.picture.startswith("data:image/png;base64,")
    assert [t for t, _ in said.curve] == [0.0, 1.0] and all(0 <= p <= 1 for _, p in said.curve)
    assert said.box is not None and said.raw["crops"] == 4


def test_weights_of_another_network_are_refused(weights):
    weights["0.extra.weight"] = np.zeros(1, np.float16)
    with pytest.raises(ValueError, match="do not fit"):
        networks.see("patches", noise(1))


def test_nothing_to_look_at_is_said():
    none = Crops(np.zeros((0, 5, 176, 176), np.uint8), (), (), (), (), reason="the clip is too short to measure")
    said = patches.evidence(none)
    assert not said.applicable and said.gate == "failed" and "too short" in said.sentence
