"""The referees of the music benchmark know a key, an attack and an edit when they meet one."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import music


def chords(roots, thirds, *, seconds=1.0):
    t = np.arange(int(seconds * music.RATE_HZ)) / music.RATE_HZ
    parts = []
    for root, third in zip(roots, thirds, strict=True):
        pitches = (root, root + third, root + 7)
        parts.append(sum(np.sin(2 * np.pi * 440 * 2 ** ((p - 69) / 12) * t) for p in pitches))
    return np.concatenate(parts).astype(np.float32)


@pytest.mark.parametrize("tonic", [0, 5, 9])
def test_a_cadence_is_heard_in_its_key(tonic):
    major = chords([60 + tonic, 65 + tonic, 67 + tonic, 60 + tonic], [4, 4, 4, 4])
    minor = chords([60 + tonic, 65 + tonic, 67 + tonic, 60 + tonic], [3, 3, 4, 3])
    assert music.estimate_key(major) == (tonic, "ionian")
    assert music.estimate_key(minor) == (tonic, "aeolian")


def test_related_keys_are_told_apart():
    asked = (0, "ionian")
    found = {(0, "ionian"): "same", (9, "aeolian"): "relative", (0, "aeolian"): "parallel", (7, "ionian"): "fifth"}
    assert {key: music.key_relation(key, asked) for key in found} == found
    assert music.key_relation((0, "ionian"), (9, "aeolian")) == "relative"
    assert music.key_relation((6, "ionian"), asked) == "other"


def test_an_attack_is_found_where_it_is():
    rng = np.random.default_rng(0)
    mono = 1e-3 * rng.standard_normal(2 * music.RATE_HZ)
    for late_ms, moment in ((0, 0.5), (20, 1.0), (-12, 1.5)):
        start = round((moment + late_ms / 1000) * music.RATE_HZ)
        mono[start : start + 2400] += rng.standard_normal(2400) * np.exp(-np.arange(2400) / 500)
    errors = music._attack_errors_ms(mono, [0.5, 1.0, 1.5])
    assert errors == pytest.approx([0, 20, -12], abs=2.1)


def test_edits_are_the_same_each_time_and_their_cuts_lie_on_pictures():
    edits = music.random_edits(6)
    assert edits == music.random_edits(6)
    assert len({edit.cue.sound for edit in edits}) == 6
    for edit in edits:
        assert 7.9 < edit.plan.duration_s < 181 and edit.plan.markers_s
        assert edit.plan.feelings[-1].end_s == pytest.approx(edit.plan.duration_s)


def test_maps_are_scored_beside_their_baselines():
    figures = music._maps(music.random_edits(4))
    assert figures["cuts"] == sum(len(edit.plan.markers_s) for edit in music.random_edits(4))
    assert figures["cut_error_ms_max"] < 1 < figures["best_constant"] < figures["fixed_120"]
    on = [figures[f"cuts_on_{place}"] for place in ("bar", "beat", "split_beat")]
    assert sum(on) == pytest.approx(1)
