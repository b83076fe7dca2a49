"""TrustMark: a stand-in package with its calls, and the real one where it is installed.

Nobody may download weights for a test, so both run on small weights made here. What random nets mark is
noise, so the real reader's last layer is set to answer what we choose.
"""

import numpy as np
import pytest
import yaml

from pipeline.errors import UsageError
from pipeline.records import Payload
from pipeline.watermark.adapters import message
from pipeline.watermark.adapters.catalogue import open_adapter
from pipeline.watermark.keys import key_id
from pipeline.watermark.payload import new_payload
from tests.watermark.adapters.packages import KEY, OTHER_KEY, Trap, no_network, real, stand_in

__all__ = ["no_network", "stand_in"]
pytestmark = pytest.mark.usefixtures("no_network")


def picture(height=120, width=160, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


MODEL_FILE = {
    "target": "trustmark.model.TrustMark_Arch",
    "params": {
        "cover_key": "image",
        "secret_key": "secret",
        "secret_len": 100,
        "resolution": 256,
        "secret_encoder_config": {
            "target": "trustmark.unet.Unet1",
            "params": {"width": 8, "ndown": 4, "nmiddle": 1, "activ": "silu", "secret_len": 100, "resolution": 256},
        },
        "secret_decoder_config": {
            "target": "trustmark.unet.SecretDecoder",
            "params": {"arch": "resnet18", "secret_len": 100, "resolution": 224},
        },
        "discriminator_config": {"target": "trustmark.munit.MsDCDisGP", "params": {}},
        "loss_config": {"target": "trustmark.loss.ImageSecretLoss", "params": {}},
        "noise_config": {"target": "trustmark.utils.transformations2.TransformNet", "params": {}},
    },
}
# keeps the message in the lowest bits of the first row; loads its files as the real class does
TRUSTMARK = """
import os, pathlib
import numpy as np, torch
from PIL import Image

class TrustMark:
    class Encoding:
        BCH_SUPER, BCH_3, BCH_4, BCH_5 = 0, 3, 2, 1

    def __init__(self, use_ECC=True, verbose=True, secret_len=100, device="", model_type="Q", encoding_type=1,
                 concentrate_wm_region=1.0, loadRemover=True, loadBBoxDetector=False):
        print("Initializing TrustMark watermarking")
        assert encoding_type == 3 and device == "cpu" and not loadRemover and not loadBBoxDetector
        models = pathlib.Path(__file__).parent.resolve() / "models"
        config = os.path.join(models, f"trustmark_{model_type}.yaml")
        self.decoder = self.load_model(config, os.path.join(models, f"decoder_{model_type}.ckpt"), device, 100,
                                       part="decoder")
        self.encoder = self.load_model(config, os.path.join(models, f"encoder_{model_type}.ckpt"), device, 100,
                                       part="encoder")

    def check_and_download(self, filename):
        raise AssertionError("the package would fetch " + filename)

    def load_model(self, config_path, weight_path, device, secret_len, part="all"):
        self.check_and_download(config_path)
        self.check_and_download(weight_path)
        assert "trustmark.model" in open(config_path).read()
        state = torch.load(weight_path, map_location="cpu")
        model = torch.nn.ModuleDict({part: torch.nn.Linear(2, 3)})
        model.load_state_dict(state.get("state_dict", state), strict=False)
        print("Global step: 1")
        return model

    def encode(self, image, secret, MODE="text"):
        assert MODE == "binary" and len(secret) == 75
        levels = np.array(image)
        levels[0, :75, 0] = levels[0, :75, 0] & 0xF8 | 4 | np.array([int(bit) for bit in secret])
        return Image.fromarray(levels)

    def decode(self, image, MODE="text"):
        levels = np.array(image)[0, :75, 0]
        schema = {4: 3, 2: 1}.get(int(levels[0] & 6), -1)
        if schema < 0 or not np.all(levels & 6 == levels[0] & 6):
            return "", False, -1
        return "".join(str(bit) for bit in (levels & 1)[: 75 if schema == 3 else 61]), True, schema
"""


def write_trustmark(folder, *, model=MODEL_FILE, encoder=None, decoder=None, letter="Q"):
    import torch

    folder.mkdir(exist_ok=True)
    (folder / f"trustmark_{letter}.yaml").write_text(yaml.safe_dump({"model": model}))
    plain = torch.nn.Linear(2, 3).state_dict()
    for part, tensors in (("encoder", encoder), ("decoder", decoder)):
        named = {f"{part}.{name}": value for name, value in (tensors or plain).items()}
        torch.save({"state_dict": named, "global_step": 1, "epoch": 1}, folder / f"{part}_{letter}.ckpt")
    return folder


@pytest.fixture
def trustmark(tmp_path, stand_in):
    stand_in("trustmark", {"trustmark/__init__.py": "", "trustmark/trustmark.py": TRUSTMARK})
    return write_trustmark(tmp_path / "weights")


def test_trustmark_uses_the_given_folder_and_says_nothing(trustmark, capfd):
    adapter = open_adapter("trustmark", keys=[KEY], weights=trustmark)
    payload, original = new_payload(), picture()
    marked = adapter.mark(original, payload)
    assert marked.shape == original.shape and marked.dtype == np.uint8
    reading = adapter.read([marked, picture(seed=1), adapter.mark(picture(seed=2), payload)])
    assert (reading.state, reading.payload, reading.check_bits) == ("read", payload, 15)
    assert reading.confidence == pytest.approx(2 / 3) and "2 of 3 pictures" in reading.sentence
    assert adapter.tool.version == "0.9.2"
    assert sorted(adapter.tool.weights_sha256) == ["decoder_Q.ckpt", "encoder_Q.ckpt", "trustmark_Q.yaml"]
    assert capfd.readouterr().out == ""


def test_trustmark_of_others_is_not_ours(trustmark):
    adapter = open_adapter("trustmark", keys=[KEY], weights=trustmark)
    # a fixed id: with 11 keyed bits one in two thousand also passes under another key
    marked = adapter.mark(picture(), Payload(1, 77))
    stranger = open_adapter("trustmark", keys=[OTHER_KEY], weights=trustmark)
    assert (stranger.read([marked]).state, stranger.read([marked]).payload) == ("none", None)
    theirs = picture()
    theirs[0, :75, 0] = theirs[0, :75, 0] & 0xF8 | 2
    reading = adapter.read([theirs])
    assert (reading.state, reading.payload) == ("other", None) and "not one of ours (BCH_5" in reading.sentence
    # one picture of three may well be chance
    assert adapter.read([theirs, picture(seed=1), picture(seed=2)]).state == "none"
    assert adapter.read([picture(seed=1)]).state == adapter.read([]).state == "none"


def test_trustmark_reads_under_an_older_key(trustmark):
    marked = open_adapter("trustmark", keys=[KEY], weights=trustmark).mark(picture(), Payload(1, 77))
    assert open_adapter("trustmark", keys=[OTHER_KEY, KEY], weights=trustmark).read([marked]).key_id == key_id(KEY)


def test_trustmark_of_an_old_version_is_refused(trustmark, tmp_path):
    package = tmp_path / "site" / "trustmark" / "trustmark.py"
    package.write_text(TRUSTMARK.replace(", loadBBoxDetector=False)", ")").replace(" and not loadBBoxDetector", ""))
    with pytest.raises(UsageError, match=r"takes other options.*trustmark>=0\.9"):
        open_adapter("trustmark", keys=[KEY], weights=trustmark)


def test_trustmark_names_the_missing_file(trustmark):
    (trustmark / "decoder_Q.ckpt").unlink()
    with pytest.raises(UsageError, match=r"no decoder_Q\.ckpt in .*nothing is downloaded"):
        open_adapter("trustmark", keys=[KEY], weights=trustmark)


def test_trustmark_takes_the_model_that_is_there(trustmark, tmp_path):
    tool = open_adapter("trustmark", keys=[KEY], weights=write_trustmark(tmp_path / "b", letter="B")).tool
    assert "encoder_B.ckpt" in tool.weights_sha256
    with pytest.raises(UsageError, match="models Q and P; keep one"):
        open_adapter("trustmark", keys=[KEY], weights=write_trustmark(trustmark, letter="P"))


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.update(target="os.system"),
        lambda model: model["params"]["secret_encoder_config"].update(target="subprocess.run"),
        lambda model: model["params"]["secret_decoder_config"].update(target="${oc.env:HOME}"),
        lambda model: model["params"]["secret_decoder_config"]["params"].update(arch="vgg"),
        lambda model: model["params"].update(ckpt_path="/somewhere.ckpt"),
        lambda model: model.pop("params"),
        lambda model: model["params"].update(secret_decoder_config=None),
    ],
)
def test_trustmark_model_file_may_name_nothing_else(trustmark, change):
    model = yaml.safe_load(yaml.safe_dump(MODEL_FILE))
    change(model)
    write_trustmark(trustmark, model=model)
    with pytest.raises(UsageError, match="the makers publish"):
        open_adapter("trustmark", keys=[KEY], weights=trustmark)


def test_trustmark_weights_with_code_are_refused(trustmark, tmp_path):
    import torch

    trap = tmp_path / "sprung"
    torch.save({"state_dict": Trap(trap)}, trustmark / "encoder_Q.ckpt")
    with pytest.raises(UsageError, match="is not a checkpoint of tensors alone"):
        open_adapter("trustmark", keys=[KEY], weights=trustmark)
    assert not trap.exists()


def test_trustmark_half_a_model_is_refused(trustmark):
    import torch

    torch.save({"state_dict": {"encoder.weight": torch.zeros(3, 2)}}, trustmark / "encoder_Q.ckpt")
    with pytest.raises(UsageError, match="lacks 1 tensors of the encoder"):
        open_adapter("trustmark", keys=[KEY], weights=trustmark)


def test_the_real_trustmark_on_small_weights(tmp_path):
    """The makers' package, their nets and their BCH code; the reader's last layer holds a word with three errors."""
    real("trustmark.trustmark")
    import torch
    from trustmark.datalayer import DataLayer
    from trustmark.unet import SecretDecoder, Unet1

    payload = new_payload()
    bits = message.checked_bits(payload, 75, key=message.adapter_keys([KEY], "trustmark")[0].secret)
    word = DataLayer(100, False, 3).encode_binary(["".join(map(str, bits))])[0]
    word[[2, 30, 61]] = 1 - word[[2, 30, 61]]
    encoder, decoder = Unet1(256, 100, width=8, ndown=4, nmiddle=1, activ="silu"), SecretDecoder("resnet18", 224, 100)
    with torch.no_grad():
        decoder.decoder.fc.weight.zero_()
        decoder.decoder.fc.bias.copy_(torch.from_numpy(word) * 2 - 1)
    folder = write_trustmark(tmp_path / "w", encoder=encoder.state_dict(), decoder=decoder.state_dict())
    adapter = open_adapter("trustmark", keys=[KEY], weights=folder)
    for height, width in ((96, 128), (90, 301)):
        marked = adapter.mark(picture(height, width), payload)
        assert marked.shape == (height, width, 3) and marked.dtype == np.uint8
        assert np.any(marked != adapter.mark(picture(height, width), new_payload()))
    assert (adapter.read([marked]).state, adapter.read([marked]).payload) == ("read", payload)
    assert open_adapter("trustmark", keys=[OTHER_KEY], weights=folder).read([marked]).payload is None
