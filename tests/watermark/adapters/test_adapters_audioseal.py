"""AudioSeal: a stand-in package with its calls, and the real one where it is installed.

Nobody may download weights for a test, so both run on small weights made here. What random nets mark is
noise, so the real reader's last layer is set to answer what we choose.
"""

import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.watermark.adapters.catalogue import open_adapter
from pipeline.watermark.payload import new_payload
from tests.watermark.adapters.packages import KEY, Trap, no_network, real, stand_in

__all__ = ["no_network", "stand_in"]
pytestmark = pytest.mark.usefixtures("no_network")


def sound(seconds, channels=1, rate_hz=16_000):
    return (0.1 * np.random.default_rng(0).normal(size=(channels, int(seconds * rate_hz)))).astype(np.float32)


# one tone for each bit, and one that says "marked"; the same calls and names as the real package
AUDIOSEAL_BUILDER = """
from dataclasses import dataclass
import torch

@dataclass
class AudioSealWMConfig:
    nbits: int

@dataclass
class AudioSealDetectorConfig:
    nbits: int

class Generator(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.tones = torch.nn.Parameter(torch.zeros(17, 320))

    def get_watermark(self, x, message=None):
        assert x.ndim == 3 and x.shape[1] == 1 and message.shape == (x.shape[0], 16)
        signs = torch.cat([torch.ones(x.shape[0], 1), 2.0 * message - 1], 1)
        block = signs @ self.tones
        print("working")
        return block.repeat(1, x.shape[-1] // 320 + 1)[:, None, : x.shape[-1]]

class Detector(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.tones = torch.nn.Parameter(torch.zeros(17, 320))

    def forward(self, x):
        blocks = x[:, 0, : x.shape[-1] // 320 * 320].reshape(x.shape[0], -1, 320)
        block = blocks.reshape(x.shape[0], blocks.shape[1] // 25, 25, 320).mean(2)
        answers = 50 * block @ self.tones.T / self.tones.square().sum(1)
        present = torch.sigmoid(answers[..., 0] - 25).repeat_interleave(25 * 320, 1)
        return torch.stack([1 - present, present], 1), torch.sigmoid(answers[..., 1:].mean(1))

def create_generator(config):
    return Generator()

def create_detector(config):
    return Detector()
"""
AUDIOSEAL_LOADER = """
from audioseal.builder import AudioSealWMConfig

def load_local_model_config(card):
    assert card in ("audioseal_wm_16bits", "audioseal_detector_16bits")
    return {"nbits": 16, "seanet": {}, "checkpoint": "https://example.org/weights.pth"}

def load_model_checkpoint(path, device="cpu"):
    raise AssertionError("the package would fetch or unpickle " + str(path))

def convert_state_dict_for_scriptable_model(tensors):
    return {name.replace("old_", ""): value for name, value in tensors.items()}

def load_state_dict(model, tensors):
    model.load_state_dict(tensors)

class AudioSeal:
    @staticmethod
    def parse_config(config, config_type, nbits=None):
        assert nbits == 16
        return config_type(16)
"""
# as much of omegaconf as the package's cards need
OMEGACONF = """
class DictConfig(dict): pass
class ListConfig(list): pass
class OmegaConf:
    to_container = staticmethod(dict)
"""


@pytest.fixture
def audioseal(tmp_path, stand_in):
    files = {"__init__.py": "", "builder.py": AUDIOSEAL_BUILDER, "loader.py": AUDIOSEAL_LOADER}
    stand_in("audioseal", {f"audioseal/{name}": text for name, text in files.items()})
    files = {
        "__init__.py": OMEGACONF,
        "base.py": "class ContainerMetadata: pass\nclass Metadata: pass\n",
        "nodes.py": "class AnyNode: pass\n",
    }
    stand_in("omegaconf", {f"omegaconf/{name}": text for name, text in files.items()})
    return write_tones(tmp_path / "weights")


def write_tones(folder):
    import torch

    folder.mkdir()
    time = np.arange(320)
    tones = np.array([np.sin(2 * np.pi * (6 + 5 * index) * time / 320) for index in range(17)]) * 0.004
    torch.save({"model": {"old_tones": torch.from_numpy(tones).float()}}, folder / "generator_base.pth")
    torch.save({"tones": torch.from_numpy(tones).float()}, folder / "detector_base.pth")
    return folder


@pytest.mark.parametrize(
    ("rate_hz", "channels", "seconds"), [(48_000, 2, 3), (16_000, 1, 2), (44_100, 1, 3), (8_000, 1, 4)]
)
def test_audioseal_gives_a_hint_and_never_an_id(audioseal, capfd, rate_hz, channels, seconds):
    adapter = open_adapter("audioseal", keys=[KEY], weights=audioseal)
    payload, original = new_payload(), sound(seconds, channels, rate_hz) / 10
    marked = adapter.mark(original, rate_hz, payload)
    assert marked.shape == original.shape and marked.dtype == np.float32
    assert 0 < np.abs(marked - original).max() < 0.08
    reading = adapter.read(marked, rate_hz)
    assert reading.state == "hint" and reading.payload is None and reading.check_bits == 0
    if rate_hz >= 16_000:
        assert reading.hint == payload.hex[-4:]
    assert "never an id" in reading.sentence and adapter.tool.version == "0.9.2"
    assert adapter.read(original, rate_hz).state == "none"
    assert capfd.readouterr().out == ""


def test_audioseal_marks_a_long_sound_in_pieces_without_seams(audioseal):
    adapter = open_adapter("audioseal", keys=[KEY], weights=audioseal)
    payload = new_payload()
    mark = adapter.mark(np.zeros((1, 65 * 16_000), np.float32), 16_000, payload)[0]
    # the stand-in's mark repeats every 320 samples and pieces begin at multiples of that
    assert np.allclose(mark, np.tile(mark[:320], mark.size // 320), atol=1e-6)
    reading = adapter.read(mark[None], 16_000)
    assert reading.hint == payload.hex[-4:] and reading.confidence > 0.95


def test_audioseal_very_short_sound_is_padded(audioseal):
    adapter = open_adapter("audioseal", keys=[KEY], weights=audioseal)
    original = sound(0.05)
    assert adapter.mark(original, 16_000, new_payload()).shape == original.shape
    assert adapter.read(original, 16_000).state == "none"


def test_audioseal_weights_with_code_or_of_another_model_are_refused(audioseal, tmp_path):
    import torch

    trap = tmp_path / "sprung"
    torch.save({"model": Trap(trap)}, audioseal / "detector_base.pth")
    with pytest.raises(UsageError, match="is not a checkpoint of tensors alone"):
        open_adapter("audioseal", keys=[KEY], weights=audioseal)
    assert not trap.exists()
    torch.save({"model": {"others": torch.zeros(2)}}, audioseal / "detector_base.pth")
    with pytest.raises(UsageError, match="does not fit audioseal_detector_16bits"):
        open_adapter("audioseal", keys=[KEY], weights=audioseal)
    (audioseal / "generator_base.pth").unlink()
    with pytest.raises(UsageError, match=r"no generator_base\.pth"):
        open_adapter("audioseal", keys=[KEY], weights=audioseal)


def test_the_real_audioseal_on_random_weights(tmp_path):
    """The makers' nets in full size with random tensors; the detector's last layer says "marked, 5555"."""
    real("audioseal")
    import torch
    from audioseal import builder, loader
    from omegaconf import OmegaConf

    for name, card, kind, create in (
        ("generator_base.pth", "audioseal_wm_16bits", builder.AudioSealWMConfig, builder.create_generator),
        ("detector_base.pth", "audioseal_detector_16bits", builder.AudioSealDetectorConfig, builder.create_detector),
    ):
        settings = OmegaConf.to_container(loader.load_local_model_config(card))
        tensors = create(loader.AudioSeal.parse_config(settings, config_type=kind, nbits=16)).state_dict()
        if name == "detector_base.pth":
            tensors["detector.1.weight"].zero_()
            tensors["detector.1.bias"].copy_(torch.tensor([-3.0, 3.0] + [-1.0, 1.0] * 8))
            # published files have the names of the package's older architecture
            tensors = {key.replace(".inner_conv.", "."): value for key, value in tensors.items()}
        torch.save({"xp.cfg": OmegaConf.create(settings), "model": tensors}, tmp_path / name)
    adapter = open_adapter("audioseal", keys=[KEY], weights=tmp_path)
    payload, original = new_payload(), sound(1.5, 2, 48_000)
    marked = adapter.mark(original, 48_000, payload)
    assert marked.shape == original.shape and np.any(marked != original)
    assert np.any(marked != adapter.mark(original, 48_000, new_payload()))
    reading = adapter.read(marked, 48_000)
    assert (reading.state, reading.hint, reading.payload) == ("hint", "5555", None)
