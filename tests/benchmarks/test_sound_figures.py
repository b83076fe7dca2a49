from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from benchmarks import sound_detection, sound_features, sound_material
from benchmarks.sound_features import Row
from models.codecs import fit
from models.codecs.nets import CODECS

RATE_HZ = 24_000


def piece(length_s: float = 2.0, *, source: str = "s", origin: str = "o") -> Row:
    sound = np.random.default_rng(0).normal(0, 0.1, round(length_s * RATE_HZ)).astype(np.float32)
    return Row("c", "real", "none", "recorded", "pcm", source, origin, 1, RATE_HZ, sound)


def test_material_cuts_joins_and_leaves_out_silence(tmp_path):
    random = np.random.default_rng(0)
    lengths = {"long": 30.0, "short_a": 1.0, "short_b": 1.5, "short_c": 1.8, "silent": 3.0}
    for name, length_s in lengths.items():
        level = 0.0 if name == "silent" else 0.1
        soundfile.write(tmp_path / f"{name}.wav", random.normal(0, level, round(length_s * 8_000)), 8_000)
    manifest = tmp_path / "index.csv"
    rows = [f"{name}.wav,sfx,src,{'x' if name == 'long' else 'y'}" for name in lengths]
    manifest.write_text("\n".join(["path,kind,source,origin", *rows]) + "\n")
    sound_material.gather(manifest, tmp_path / "out")
    with (tmp_path / "out" / "index.csv").open() as lines:
        found = list(csv.DictReader(lines))
    assert [row["clip"] for row in found] == ["long.wav"] * sound_material.PIECES + ["short_a.wav"]
    assert float(found[-1]["duration_s"]) == pytest.approx(4.3, abs=0.01)
    assert len({row["fold"] for row in found if row["origin"] == "y"}) == 1


def test_pairs_differ_only_in_the_decoder(monkeypatch):
    asked = []
    monkeypatch.setattr(sound_features, "through", lambda name, sound: asked.append(name) or -sound)
    members = list(sound_features.pairs(piece(), 0, each=len(CODECS) + 1))
    slow_enough = {codec.name for codec in CODECS if codec.rate_hz <= RATE_HZ} | {"griffin_lim_256"}
    assert set(asked) == slow_enough
    assert [row.label for row in members] == ["real", "ai"] * (len(members) // 2)
    for real, decoded in zip(members[::2], members[1::2], strict=True):
        assert (real.family, real.rate_hz, real.sound.shape) == (decoded.family, decoded.rate_hz, decoded.sound.shape)
        level = float(decoded.variant.removeprefix("decoded+"))
        assert decoded.sound == pytest.approx(real.sound * (level - 1) / (level + 1), abs=1e-5)


@pytest.mark.parametrize("way", ["pcm", "aac_96", "opus_48", "mp3_128"])
def test_delivery_keeps_rate_and_about_the_length(way):
    before = piece()
    after = sound_features.deliver(before, way)
    assert (after.delivery, after.rate_hz) == (way, RATE_HZ)
    assert abs(after.sound.size - before.sound.size) < 0.1 * RATE_HZ
    assert np.sqrt(np.mean(after.sound**2)) == pytest.approx(0.1, rel=0.4)


def said(llr: float | None, **about: str) -> dict[str, object]:
    """A table row with this evidence."""
    figures = dict.fromkeys(fit.USED, "" if llr is None else llr)
    return {"label": "real", "variant": "recorded", "family": "none", "source": "s", "fold": 0} | figures | about


def test_alarms_and_silence_are_counted_apart(monkeypatch):
    monkeypatch.setattr(sound_detection, "llr_of", lambda one: one["comb"] if one["comb"] != "" else None)
    rows = [said(llr) for llr in (1.0, 0.5, -1.0, None)] + [said(2.0, family="own"), said(2.0, label="ai")]
    found = sound_detection.alarms(rows)
    assert found["s"] == {"sounds": 4, "leaning_to_ai": 0.25, "abstained": 0.25}
    assert found["own"] == {"sounds": 1, "leaning_to_ai": 1.0, "abstained": 0.0}
    assert found["all but own"] == found["s"]


def test_the_mark_is_compared_sound_by_sound(monkeypatch):
    monkeypatch.setattr(sound_detection, "llr_of", lambda one: one["comb"] if one["comb"] != "" else None)
    pairs = ((0.0, 0.1), (0.5, 0.9), (None, 1.0))
    rows = [said(llr, variant=when) for pair in pairs for when, llr in zip(("before", "after"), pair, strict=True)]
    assert sound_detection.own_mark(rows) == {"sounds": 2, "flips": 1, "median_change": 0.25}


def test_plain_figures_know_a_tone_from_noise():
    time = np.arange(2 * RATE_HZ) / RATE_HZ
    sine = np.sin(2 * np.pi * 1_000 * time).astype(np.float32)
    tone = sound_detection.plain(replace(piece(), sound=sine))
    noisy = sound_detection.plain(piece())
    assert tone[0] < noisy[0] - 3
    assert np.exp(tone[1]) == pytest.approx(1_000, rel=0.05)
