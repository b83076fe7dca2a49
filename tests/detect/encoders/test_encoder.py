"""The user's encoder: tiny ones with random weights, saved the way real ones are."""

from __future__ import annotations

import json
import math
import socket

import numpy as np
import pytest

from models import linear
from models.encoders import train
from pipeline.config import EncoderSettings
from pipeline.detect.encoders import second_order, straightness
from pipeline.detect.encoders.detector import EncoderDetector, open_encoder
from pipeline.detect.encoders.encoder import load_encoder
from pipeline.errors import UsageError
from pipeline.media.torchaudio_import import torchaudio

torchaudio()
transformers = pytest.importorskip("transformers", reason="the extra 'encoders' is not installed")
SIZES = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder of each kind."""
    import torch

    made = {}
    models = {
        "dinov2": (transformers.Dinov2Config, transformers.Dinov2Model),
        "clip": (transformers.CLIPVisionConfig, transformers.CLIPVisionModel),
    }
    for kind, (config, model) in models.items():
        torch.manual_seed(4)
        made[kind] = tmp_path_factory.mktemp(kind)
        model(config(**SIZES)).save_pretrained(made[kind])
    return made


class Picture:
    """A square of light at a place."""

    def __init__(self, index: int, size: tuple[int, int] = (90, 160), *, starts: bool = False) -> None:
        self.time_s, self.starts = index / 8, starts or index == 0
        self.luma = np.full(size, 60, np.uint8)
        left = (index * 7 + (index % 3) * 5) % (size[1] - 40)
        self.luma[20:60, left : left + 40] = 220

    def rgb(self, width_px=None):
        import cv2

        height, width = self.luma.shape
        small = cv2.resize(self.luma, (width_px, round(width_px * height / width)), interpolation=cv2.INTER_AREA)
        return np.repeat(small[:, :, None], 3, axis=2)


def shown(detector: EncoderDetector, count: int = 20, **options) -> EncoderDetector:
    for index in range(count):
        detector.add(Picture(index, **options))
    return detector


@pytest.mark.parametrize("kind", ["dinov2", "clip"])
def test_measures_are_shown_and_do_not_count(folders, kind):
    detector = open_encoder(EncoderSettings(folders[kind], kind))
    assert detector is not None
    (found,) = shown(detector).evidence()
    assert found.scope == "hint" and found.applicable and found.llr == 0.0 and found.probability is None
    assert set(found.raw) == {*second_order.NAMES, *straightness.NAMES}
    assert 0.0 <= found.raw["bend_min"] <= found.raw["bend_mean"] <= found.raw["bend_max"] <= 180.0
    assert kind in found.sentence and "nothing follows" in found.sentence


@pytest.mark.parametrize("kind", ["dinov2", "clip"])
def test_batches_do_not_show(folders, kind):
    """The same figures as from one picture at a time through the model itself."""
    import torch

    encoder = load_encoder(folders[kind], kind)
    detector = shown(EncoderDetector(encoder), 19)
    pixels = [encoder.square(Picture(i).rgb(50)) for i in range(19)]
    single = [encoder.encode(p[None]) for p in pixels]
    steps = np.linalg.norm(np.diff(np.concatenate([f.tokens for f in single]), axis=0), axis=1)
    assert detector.figures()["step_mean"] == pytest.approx(float(steps.mean()), rel=1e-4)
    assert not any(p.requires_grad and p.grad is not None for p in encoder._model.parameters())
    assert torch.is_inference_mode_enabled() is False


def test_no_network_is_touched(folders, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert load_encoder(folders["dinov2"], "dinov2").side_px == 28


def test_portrait_and_landscape_show_their_middle(folders):
    encoder = load_encoder(folders["dinov2"], "dinov2")
    wide = np.zeros((40, 100, 3), np.uint8)
    wide[:, 30:70] = 200
    assert encoder.square(wide).shape == (28, 28, 3) and encoder.square(wide).min() == 200
    assert encoder.square(wide.transpose(1, 0, 2)).min() == 200


def test_rest_and_short_clips_are_not_measured(folders):
    encoder = load_encoder(folders["dinov2"], "dinov2")
    (short,) = shown(EncoderDetector(encoder), 4).evidence()
    still = EncoderDetector(encoder)
    for _ in range(20):
        still.add(Picture(0))
    (rest,) = still.evidence()
    assert not short.applicable and not rest.applicable and rest.llr == 0.0 and rest.gate == "failed"


def test_folders_that_hold_no_encoder_are_named(folders, tmp_path):
    def folder(name: str, config: object, weights: str = "model.safetensors"):
        made = tmp_path / name
        made.mkdir()
        (made / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
        (made / weights).write_bytes(b"nothing")
        return made

    good = json.loads((folders["dinov2"] / "config.json").read_text())
    cases = [
        (tmp_path / "none", "config.json"),
        (folder("list", []), "no encoder"),
        (folder("broken", "{"), "valid JSON"),
        (folder("deep", "[" * 100_000), "valid JSON"),
        (folder("other", {"model_type": "llama"}), "model_type dinov2"),
        (folder("own_code", {"model_type": "mine", "auto_map": {"AutoModel": "evil.Model"}}), "model_type dinov2"),
        (folder("pickled", good, "pytorch_model.bin"), "safetensors"),
        (folder("damaged", good), "cannot be loaded"),
    ]
    for path, word in cases:
        with pytest.raises(UsageError) as caught:
            load_encoder(path, "dinov2")
        assert word in str(caught.value) and "\n" not in str(caught.value)


def test_without_a_folder_nothing_is_loaded():
    assert open_encoder(EncoderSettings()) is None


# ------------------------------------------------------------- calibration
def measured(clips: int = 60) -> tuple[list[dict[str, str]], list[dict[str, float]]]:
    """Rows of ten origins whose bends are larger for AI."""
    generator = np.random.default_rng(6)
    rows, figures = [], []
    for index in range(clips):
        kind = "ai" if index % 2 else "real"
        rows.append({"path": f"{index}.mp4", "kind": kind, "origin": f"o{index % 10}"})
        values = {name: float(generator.normal(10.0)) for name in second_order.NAMES + straightness.NAMES}
        figures.append({**values, "bend_mean": values["bend_mean"] + 3.0 * (kind == "ai")})
    return rows, figures


def test_calibrated_it_counts(folders, tmp_path):
    encoder = load_encoder(folders["dinov2"], "dinov2")
    calibration, report = train.calibrate(*train.table_of(*measured()), encoder.identity)
    assert report["auc"] > 0.9 and report["each_figure"]["bend_mean"][1] == 1.0
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(calibration))
    detector = open_encoder(EncoderSettings(folders["dinov2"], "dinov2", path))
    assert detector is not None
    (found,) = shown(detector).evidence()
    # a random encoder's figures are nothing like those it was calibrated on
    assert not found.applicable and "unlike" in found.reason and found.llr == 0.0
    detector.figures = lambda: {**dict.fromkeys(second_order.NAMES + straightness.NAMES, 10.0), "bend_mean": 13.0}
    (found,) = detector.evidence()
    assert found.scope == "content" and 0.3 < found.llr <= math.log(4.0) + 1e-3 and "generated" in found.sentence


def test_a_calibration_holds_for_its_own_encoder_alone(folders, tmp_path):
    calibration, _ = train.calibrate(*train.table_of(*measured()), "dinov2:28:other")
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(calibration))
    with pytest.raises(UsageError, match="another encoder"):
        open_encoder(EncoderSettings(folders["dinov2"], "dinov2", path))


def test_too_little_to_calibrate_is_said():
    rows, figures = measured()
    with pytest.raises(UsageError, match="10 clips of 5 origins"):
        train.table_of(rows[:6], figures[:6])
    with pytest.raises(UsageError, match="no figure in common"):
        train.table_of(rows, [{str(i): 1.0} for i in range(60)])
    lonely = [{**row, "kind": "ai" if row["origin"] == "o1" else "real"} for row in rows]
    with pytest.raises(UsageError, match="too few origins"):
        train.table_of(lonely, figures)


def test_the_command_measures_clips_and_writes_a_calibration(folders, tmp_path, make_clip, capsys):
    lines = ["path,kind,origin"]
    for index in range(12):
        make_clip(tmp_path / f"{index}.mp4", frames=16, rate=8, width=64, height=48 + 2 * index)
        lines.append(f"{index}.mp4,{'ai' if index % 2 else 'real'},o{index // 2}")
    (tmp_path / "clips.csv").write_text("\n".join(lines) + "\n")
    out = tmp_path / "calibration.json"
    given = ["--manifest", str(tmp_path / "clips.csv"), "--encoder", str(folders["dinov2"]), "--out", str(out)]
    assert train.main(given) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["clips"] == [6, 6] and 0.0 <= report["auc"] <= 1.0
    assert open_encoder(EncoderSettings(folders["dinov2"], "dinov2", out)) is not None
    (tmp_path / "clips.csv").write_text("path,kind\na.mp4,ai\n")
    assert train.main(given) == 2 and "origin" in capsys.readouterr().err


def test_folds_leave_both_kinds_over():
    table, _ = train.table_of(*measured())
    assert set(table.fold) == set(range(5))
    assert np.isfinite(linear.unseen(table, linear.train_members(table))).all()
