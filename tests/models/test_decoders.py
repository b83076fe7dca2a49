"""The decoders' nets: what factor, up-sampler and stride change, and that training moves them the right way."""

import csv
from itertools import pairwise

import numpy as np
import pytest
import torch

from models.decoders import losses, train, zoo
from models.decoders.nets import Autoencoder, Enlarger, Layout, build
from models.train_options import TrainOptions

TINY = (8, 8, 8, 8, 8)


def tiny(factor: int = 4, upsampler: str = "nearest", stride: int = 1) -> Autoencoder:
    torch.manual_seed(1)
    return Autoencoder(Layout(factor, upsampler, stride, TINY))


def camera(count: int, pictures: int, side_px: int, seed: int = 0) -> np.ndarray:
    """Crops [count, pictures, side, side] with texture on gradients, drifting from picture to picture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side_px, :side_px]
    crops = []
    for _ in range(count):
        tilt, period, drift = rng.normal(0, 0.4, 2), rng.uniform(5, 30), rng.uniform(0, 3)
        waves = [30 * np.sin((x + drift * t) / period) + tilt[0] * x + tilt[1] * y for t in range(pictures)]
        crops.append(np.stack(waves) + rng.normal(0, 8, (pictures, side_px, side_px)) + 128)
    return np.clip(crops, 0, 255).astype(np.uint8)


@pytest.fixture
def material(tmp_path):
    """A small folder as `python -m models.material` makes it."""
    rows = []
    for number in range(5):
        np.save(tmp_path / f"{number}.npy", camera(2, 5, 112, number))
        rows.append({"clip": number, "kind": "real" if number else "ai", "fold": number})
    with (tmp_path / "index.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, ["clip", "kind", "fold"])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


@pytest.mark.parametrize("factor", [4, 8, 16])
def test_a_latent_stands_for_a_square_of_the_factor(factor):
    net = tiny(factor)
    latents = net.encode(torch.rand(2, 3, 64, 32))
    assert latents.shape[:2] == (2, 3) and latents.shape[3:] == (64 // factor, 32 // factor)
    assert net(torch.rand(2, 3, 64, 32)).shape == (2, 3, 64, 32)


@pytest.mark.parametrize(("pictures", "latents"), [(1, 1), (2, 1), (4, 2), (5, 3)])
def test_with_stride_two_a_latent_holds_two_pictures_and_an_odd_first_one_stands_alone(pictures, latents):
    net = tiny(stride=2)
    seen = torch.rand(2, pictures, 32, 32)
    assert net.encode(seen).shape[1] == latents
    assert net(seen).shape == seen.shape


def test_pictures_of_one_latent_share_their_fate_with_stride_two_only():
    for stride, moved in ((1, [False, True]), (2, [True, True])):
        net = tiny(stride=stride).eval()
        seen = torch.rand(1, 2, 32, 32)
        changed = seen.clone()
        changed[:, 1] = torch.rand(1, 32, 32)
        with torch.no_grad():
            far = (net(seen) - net(changed)).abs().amax((0, 2, 3))
        assert [bool(f > 1e-5) for f in far] == moved


@pytest.mark.parametrize(
    ("upsampler", "flat"), [("nearest", True), ("bilinear", True), ("transposed", False), ("shuffle", False)]
)
def test_only_some_upsamplers_draw_a_pattern_of_their_own(upsampler, flat):
    net = tiny(8, upsampler).eval()
    with torch.no_grad():
        picture = net.decode(torch.full((1, 1, 6, 16, 16), 0.5), 1)[0, 0]
    middle = picture[48:-48, 48:-48]
    assert (float(middle.std()) < 1e-5) == flat
    # whatever pattern there is repeats with the factor
    assert torch.allclose(middle[:-8], middle[8:], atol=5e-3)


def test_names_say_what_a_net_is_and_others_are_refused():
    assert Layout.of("f16-transposed-t2") == Layout(16, "transposed", 2)
    assert isinstance(build("x2-shuffle"), Enlarger)
    for bad in ("f5-nearest", "f8-lanczos", "f8", "f8-nearest-t3", "../f8-nearest"):
        with pytest.raises(ValueError, match="names no decoder"):
            Layout.of(bad)


def test_the_nets_that_ship_are_small():
    sizes = [sum(p.numel() for p in build(name).parameters()) for name in zoo.NETS]
    assert min(sizes) > 30_000 and max(sizes) < 500_000


@pytest.mark.parametrize("net", [tiny(), tiny(8, "shuffle", 2), Enlarger(8)], ids=["f4", "f8-t2", "x2"])
def test_steps_lower_the_loss(net):
    learner = train.Learner.new(net)
    real = torch.from_numpy(camera(2, 3, 48)).float() / 127.5 - 1
    torch.manual_seed(0)
    far = [train.step(learner, real, 0.0) for _ in range(12)]
    assert far[-1] < 0.8 * far[0]
    assert learner.steps == 12


def test_the_critic_learns_to_tell_and_only_late():
    learner = train.Learner.new(tiny())
    real = torch.from_numpy(camera(2, 2, 48)).float() / 127.5 - 1
    before = [p.clone() for p in learner.critic.parameters()]
    train.step(learner, real, train.CRITIC_FROM - 0.01)
    assert all(torch.equal(a, b) for a, b in zip(before, learner.critic.parameters(), strict=True))
    costs = []
    for _ in range(15):
        made = learner.net(real).detach().flatten(0, 1)[:, None]
        truth = real.flatten(0, 1)[:, None]
        costs.append(float(losses.critic_loss(learner.critic(truth), learner.critic(made)).detach()))
        train.step(learner, real, 0.5)
    assert costs[-1] < costs[0] - 0.15


def test_blur_costs_more_than_detail_in_the_wrong_place():
    rng = torch.Generator().manual_seed(3)
    texture = 0.2 * torch.randn(1, 1, 64, 64, generator=rng)
    other = 0.2 * torch.randn(1, 1, 64, 64, generator=rng)
    blurred = torch.zeros_like(texture)
    pixels = [float((made - texture).abs().mean()) for made in (other, blurred)]
    amounts = [float(losses.likeness(made, texture)) for made in (other, blurred)]
    # by pixels alone blur would win
    assert pixels[1] < pixels[0] and amounts[1] > amounts[0]


def options(material, **more) -> TrainOptions:
    return TrainOptions(material=material, out=material / "out", threads=1, **more)


def test_training_is_deterministic_and_goes_on_where_it_stopped(material, monkeypatch):
    monkeypatch.setattr(train, "PICTURES", {1: (2, 1), 2: (1, 3)})
    monkeypatch.setattr(train, "build", lambda name: Autoencoder(Layout(4, "nearest", 1, TINY)))
    monkeypatch.setattr(train, "STEPS", 3)
    (material / "out").mkdir()
    once, again = (train.learn("f4-nearest", options(material), 60.0) for _ in range(2))
    for a, b in zip(once.net.parameters(), again.net.parameters(), strict=True):
        assert torch.equal(a, b)
    monkeypatch.setattr(train, "STEPS", 5)
    further = train.learn("f4-nearest", options(material, resume=True), 60.0)
    assert further.steps == 5
    finished = train.learn("f4-nearest", options(material, resume=True), 60.0)
    assert finished.steps == 5
    assert all(torch.equal(a, b) for a, b in zip(further.net.parameters(), finished.net.parameters(), strict=True))


def test_a_net_may_begin_with_what_another_learned(material, monkeypatch):
    first, second = tiny(8, "nearest"), tiny(8, "shuffle")
    torch.save({"net": first.state_dict()}, material / "first.pt")
    with torch.no_grad():
        for p in second.parameters():
            p.zero_()
    begun = train._begun(second, material / "first.pt")
    assert torch.equal(begun.together.weight, first.together.weight)
    assert not begun.up[0][1][0].weight.any()


def test_training_sees_camera_clips_outside_its_fold_only(material):
    assert len(train.seen_by("f4-nearest", material)) == 3
    with pytest.raises(ValueError, match="no camera clip"):
        (material / "index.csv").write_text("clip,kind,fold\n0,ai,0\n")
        train.seen_by("f4-nearest", material)


def test_all_weights_are_registered_together_in_half_precision(material, monkeypatch):
    saved = {}
    monkeypatch.setattr(train.registry, "save", lambda name, arrays, *, about: saved.update({name: (arrays, about)}))
    monkeypatch.setattr(train, "NETS", ("f4-nearest", "f4-shuffle-t2"))
    monkeypatch.setattr(train, "PICTURES", {1: (1, 1), 2: (1, 3)})
    monkeypatch.setattr(train, "BASIS_BATCHES", 2)
    monkeypatch.setattr(train, "STEPS", 1)
    monkeypatch.setattr(train, "STEPS_BEGUN", 1)
    train.train(options(material))
    arrays, about = saved["decoders"]
    assert {key.split("/")[0] for key in arrays} == {"f4-nearest", "f4-shuffle-t2", "pca8-t2", "pca16"}
    assert {value.dtype for value in arrays.values()} == {np.dtype(np.float16)}
    assert about["nets"]["f4-shuffle-t2"]["steps"] == 1


def test_nets_begin_only_with_nets_of_their_own_side():
    order = {name: number for number, name in enumerate(zoo.NETS)}
    for name, first in train.BEGUN_AS.items():
        assert order[first] < order[name]
        assert (name in zoo.HELD_OUT) == (first in zoo.HELD_OUT)
    assert all(a != b for a, b in pairwise(zoo.NETS))
