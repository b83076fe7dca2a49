"""Adapters: the message they carry, what they say when something is missing, and VideoSeal on small weights."""

import hashlib
import subprocess
import sys
import warnings

import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.records import MarkReading, Payload, from_json, to_json
from pipeline.watermark.adapters import message
from pipeline.watermark.adapters.catalogue import CARDS, mark_record, open_adapter
from pipeline.watermark.adapters.interface import ForeignReading, ForeignTool
from pipeline.watermark.keys import key_id
from pipeline.watermark.payload import VERSION, new_payload

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
PAYLOAD = Payload(version=VERSION, id=0x0123456789ABCDE)


# ---------------------------------------------------------------- message
@pytest.mark.parametrize("bits", [204, 256, 612, 1024])
def test_coded_message_reads_with_wrong_bits(bits):
    rng = np.random.default_rng(bits)
    sent = message.coded_bits(PAYLOAD, bits, key=KEY)
    assert sent.shape == (bits,) and sent.dtype == np.uint8 and set(sent) == {0, 1}
    wrong = rng.permutation(bits)[: bits // 20]
    soft = 2.0 * sent - 1
    soft[wrong] *= -1
    assert message.decode_coded(soft, key=KEY) == PAYLOAD
    assert message.decode_coded(soft, key=OTHER_KEY) is None


def test_a_256_bit_message_stands_a_tenth_of_wrong_bits():
    rng = np.random.default_rng(1)
    read = 0
    for _ in range(20):
        payload = new_payload()
        soft = 2.0 * message.coded_bits(payload, 256, key=KEY) - 1
        soft[rng.permutation(256)[:26]] *= -1
        read += message.decode_coded(soft, key=KEY) == payload
    assert read >= 18


def test_noise_is_no_coded_message():
    rng = np.random.default_rng(2)
    assert all(message.decode_coded(rng.normal(size=256), key=KEY) is None for _ in range(50))
    assert message.decode_coded(np.zeros(256), key=KEY) is None


def test_too_few_bits_for_a_coded_message():
    with pytest.raises(ValueError, match="too few"):
        message.coded_bits(PAYLOAD, 128, key=KEY)


@pytest.mark.parametrize("bits", [75, 128])
def test_checked_message_takes_no_wrong_bit(bits):
    sent = message.checked_bits(PAYLOAD, bits, key=KEY)
    assert sent.shape == (bits,)
    assert message.decode_checked(sent, key=KEY) == PAYLOAD
    assert message.decode_checked(sent, key=OTHER_KEY) is None
    for place in range(bits):
        changed = sent.copy()
        changed[place] ^= 1
        assert message.decode_checked(changed, key=KEY) is None


def test_another_version_is_not_ours():
    stranger = Payload(version=VERSION + 1, id=5)
    assert message.decode_checked(message.checked_bits(stranger, 128, key=KEY), key=KEY) is None
    assert message.decode_coded(2.0 * message.coded_bits(stranger, 256, key=KEY) - 1, key=KEY) is None


def test_hint_is_the_end_of_the_id():
    assert message.hint_of(PAYLOAD, 16) == PAYLOAD.hex[-4:] == "bcde"


def test_every_adapter_has_a_key_of_its_own():
    keys = {message.adapter_keys([KEY], name)[0] for name in CARDS}
    assert len({key.secret for key in keys}) == len(CARDS) and KEY not in {key.secret for key in keys}
    assert {key.id for key in keys} == {key_id(KEY)} and all(len(key.secret) == 32 for key in keys)
    with pytest.raises(ValueError, match="at least one"):
        message.adapter_keys([], "videoseal")


# -------------------------------------------------------------- catalogue
def test_unknown_name_lists_the_known():
    with pytest.raises(UsageError, match="trustmark, videoseal, audioseal, audiowmark"):
        open_adapter("nothing", keys=[KEY])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("trustmark", "pip install 'trustmark"),
        ("videoseal", "y_256b_img.jit"),
        ("audioseal", "pip install audioseal"),
        ("audiowmark", "GPLv3"),
    ],
)
def test_what_is_missing_is_named(name, said, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for weights in (None, tmp_path):
        with pytest.raises(UsageError, match=said):
            open_adapter(name, keys=[KEY], weights=weights)


def test_nothing_heavy_is_imported_before_an_adapter_is_opened():
    names = ["catalogue", *CARDS]
    code = "import sys\n" + "\n".join(f"import pipeline.watermark.adapters.{name}" for name in names)
    code += "\nassert not {'torch', 'trustmark', 'audioseal', 'PIL', 'scipy', 'soundfile'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("name", CARDS)
def test_record_says_what_a_mark_carries(name):
    class Opened:
        def __init__(self):
            self.name, self.tool = name, ForeignTool(name, "1", {"file": "00"})

    record = mark_record(Opened(), PAYLOAD)
    assert CARDS[name].maker in record.sentence and record.payload == PAYLOAD
    if name == "audioseal":
        assert record.carries == "hint" and record.hint == "bcde" and "never the id" in record.sentence
        assert PAYLOAD.hex not in record.sentence
    else:
        assert record.carries == "id" and not record.hint and PAYLOAD.hex in record.sentence


def test_a_foreign_reading_is_none_of_ours_and_goes_to_json():
    reading = ForeignReading(ForeignTool("trustmark", "0.9.2"), "read", PAYLOAD, raw={"pictures": 1.0})
    assert not isinstance(reading, MarkReading)
    assert from_json(to_json(reading), ForeignReading) == reading
    with pytest.raises(ValueError, match="tool"):
        from_json(to_json(MarkReading("read", PAYLOAD)), ForeignReading)


# -------------------------------------------------------------- VideoSeal
SIDE = 64


def small_videoseal(path, *, bits=256, only_embed=False):
    """A TorchScript file with the calls of the published one: a linear mark on a small grid."""
    import torch
    from scipy.linalg import hadamard
    from torch.nn.functional import avg_pool2d, interpolate

    rows = np.random.default_rng(0).permutation(np.arange(1, SIDE * SIDE))[:bits]

    class Small(torch.nn.Module):
        def __init__(self):
            super().__init__()
            patterns = torch.from_numpy(hadamard(SIDE * SIDE)[rows]).float()
            self.register_buffer("patterns", patterns.reshape(bits, SIDE, SIDE))

        def forward(self, imgs: torch.Tensor, msgs: torch.Tensor) -> torch.Tensor:
            delta = torch.einsum("bk,khw->bhw", 2 * msgs - 1, self.patterns)[:, None]
            return interpolate(delta, size=(imgs.shape[2], imgs.shape[3]), mode="nearest")

        @torch.jit.export
        def embed(self, imgs: torch.Tensor, msgs: torch.Tensor, is_video: bool = False) -> torch.Tensor:
            return torch.clamp(imgs + 0.002 * self.forward(imgs, msgs), 0, 1)

    class SmallReader(Small):
        @torch.jit.export
        def detect(self, imgs: torch.Tensor, is_video: bool = False) -> torch.Tensor:
            small = interpolate(imgs.mean(1, keepdim=True), size=(64, 64), mode="area")
            detail = small - avg_pool2d(small, 9, 1, 4, count_include_pad=False)
            answers = torch.einsum("bchw,khw->bk", detail, self.patterns)
            return torch.cat([torch.zeros_like(answers[:, :1]), answers], 1)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(Small() if only_embed else SmallReader()).save(str(path))
    return path


def picture(width=320, height=256, seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / height
    smooth = 120 + 60 * np.sin(3 * x + seed)[..., None] * np.cos(4 * y)[..., None] * [1, 0.8, 0.6]
    return np.clip(smooth + rng.normal(0, 2, (height, width, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def videoseal_file(tmp_path_factory):
    return small_videoseal(tmp_path_factory.mktemp("videoseal") / "small.jit")


@pytest.mark.parametrize(("width", "height"), [(320, 256), (641, 479), (90, 200)])
def test_videoseal_reads_what_it_marked(videoseal_file, width, height):
    adapter = open_adapter("videoseal", keys=[KEY], weights=videoseal_file)
    original = picture(width, height)
    marked = adapter.mark(original, PAYLOAD)
    assert marked.shape == original.shape and marked.dtype == np.uint8
    assert 0 < np.abs(marked.astype(int) - original).mean() < 12
    reading = adapter.read([marked])
    assert (reading.state, reading.payload) == ("read", PAYLOAD)
    assert reading.check_bits == 28 and reading.confidence > 0.85
    assert "VideoSeal" in reading.sentence and PAYLOAD.hex in reading.sentence


def test_videoseal_reads_nothing_else(videoseal_file):
    adapter = open_adapter("videoseal", keys=[KEY], weights=videoseal_file)
    stranger = open_adapter("videoseal", keys=[OTHER_KEY], weights=videoseal_file)
    marked = adapter.mark(picture(), PAYLOAD)
    assert stranger.read([marked]).state == "none"
    assert adapter.read([picture()]).state == "none"
    assert adapter.read([]).state == "none"
    flat = np.zeros((64, 64, 3), np.uint8)
    assert adapter.read([flat]).payload is None


def test_videoseal_reads_under_an_older_key(videoseal_file):
    old = open_adapter("videoseal", keys=[KEY], weights=videoseal_file)
    both = open_adapter("videoseal", keys=[OTHER_KEY, KEY], weights=videoseal_file)
    reading = both.read([old.mark(picture(), PAYLOAD)])
    assert (reading.payload, reading.key_id) == (PAYLOAD, key_id(KEY))
    assert both.read([both.mark(picture(), PAYLOAD)]).key_id == key_id(OTHER_KEY)


def test_videoseal_sums_over_pictures(videoseal_file):
    adapter = open_adapter("videoseal", keys=[KEY], weights=videoseal_file)
    rng = np.random.default_rng(5)

    def disturbed(seed):
        # coarse noise, of the size of the small model's grid, or it would average out before it hurts
        noise = np.kron(rng.normal(0, 60, (SIDE, SIDE)), np.ones((4, 5)))[..., None]
        return np.clip(adapter.mark(picture(seed=seed), PAYLOAD) + noise, 0, 255).astype(np.uint8)

    noisy = [disturbed(seed) for seed in range(16)]
    assert sum(adapter.read([one]).payload == PAYLOAD for one in noisy) < 8
    reading = adapter.read(iter(noisy))
    assert reading.payload == PAYLOAD and reading.raw["pictures"] == 16


def test_videoseal_names_its_file_by_hash(videoseal_file):
    tool = open_adapter("videoseal", keys=[KEY], weights=videoseal_file).tool
    assert tool.weights_sha256 == {"small.jit": hashlib.sha256(videoseal_file.read_bytes()).hexdigest()}
    assert "256 bits" in tool.version


def test_videoseal_refuses_other_files(tmp_path, videoseal_file):
    import torch

    torch.save({"model": torch.zeros(3)}, tmp_path / "tensors.pth")
    (tmp_path / "text.jit").write_text("hello")
    (tmp_path / "cut.jit").write_bytes(videoseal_file.read_bytes()[:-2000])
    for name in ("tensors.pth", "text.jit", "cut.jit"):
        with pytest.raises(UsageError, match="is not a TorchScript file"):
            open_adapter("videoseal", keys=[KEY], weights=tmp_path / name)
    with pytest.raises(UsageError, match="has no detect"):
        open_adapter("videoseal", keys=[KEY], weights=small_videoseal(tmp_path / "half.jit", only_embed=True))
    with pytest.raises(UsageError, match="holds 96 bits"):
        open_adapter("videoseal", keys=[KEY], weights=small_videoseal(tmp_path / "small.jit", bits=96))


@pytest.mark.parametrize("wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_pictures_are_checked(videoseal_file, wrong):
    adapter = open_adapter("videoseal", keys=[KEY], weights=videoseal_file)
    with pytest.raises(ValueError, match="uint8"):
        adapter.mark(wrong, PAYLOAD)
    with pytest.raises(ValueError, match="uint8"):
        adapter.read([wrong])
