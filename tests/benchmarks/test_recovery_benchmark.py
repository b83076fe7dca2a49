"""The recovery benchmark: what it counts, and its own forgery of a mark."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import recovery, recovery_cases
from benchmarks.recovery_figures import Outcome, index_figures, summary, table
from pipeline.mark_reading import read_picture
from pipeline.media.probe import probe
from pipeline.provenance.repository import open_repository
from tests.recovery_files import Studio, lumas, scene, write


def outcome(kind, first="", state="", right="a", **more):
    return Outcome(kind, right, first, state, **more)


def test_shares_and_false_hits():
    outcomes = [
        outcome("flip", "a", "recovered", plain_first="b", by_mark=("a",)),
        outcome("flip", "b", "similar", plain_first="a", plain_distance=12),
        outcome("crop_30", "b", "recovered"),
        outcome("unrelated", "b", "similar", right=""),
        outcome("unrelated", right=""),
        outcome("neighbours", "b", "similar", right=""),
        outcome("regenerated", "b", "similar", right=""),
        outcome("versions", "b", "recovered", right=""),
        outcome("transplants", "c", "transplant", right="", carried="transplant", by_mark=("c",)),
        outcome("transplants", right=""),
    ]
    found = summary(outcomes, registered=3)
    assert found["top1"] == round(1 / 3, 4) and found["recovered"] == round(1 / 3, 4)
    # the crop that was taken for another, the unrelated one with a name, and the version
    assert found["false_hits"] == 3
    assert found["look_alikes"] == {"unrelated": 1, "neighbours": 1, "regenerated": 1, "versions": 0}
    assert found["per_transformation"]["flip"]["plain_iscc"] == 0.5
    assert found["transplants"] == {"made": 2, "mark_reads": 1, "called": 1.0, "unsure": 0.0, "accepted": 0}
    assert "flip" in table(found | {"index": {}, "cost": {}})


def test_the_index_is_timed_over_what_it_finds():
    found = index_figures(rows=20_000)
    assert found["segments"] == 20_000 and found["clip_10s_found"] == found["windows"] == 14


def test_a_transplant_carries_what_marking_changed(shared_keys, tmp_path):
    with open_repository(str(tmp_path / "repository.db")) as repository:
        studio = Studio(tmp_path, shared_keys, repository)
        delivered, report = studio.mark(scene(1, frames=40), "sea")
    clip = recovery_cases.Registered(
        "urn:a", tmp_path / "sea-source.mp4", delivered, report.payload.hex, delivered, 0.0, 40 / 15, True
    )
    onto = write(tmp_path / "another.mp4", scene(2, frames=40))
    moved = recovery_cases.transplanted(clip, onto, tmp_path)
    assert read_picture(moved, keys=[shared_keys.mark.current]).payload == report.payload
    before, after = (np.stack(lumas(one)[:5]).astype(float) for one in (onto, moved))
    assert np.abs(before - after).mean() < 6


def test_registered_clips_are_not_asked_for_as_strangers(tmp_path):
    for number in range(3):
        write(tmp_path / f"s{number}-a.mp4", scene(number, frames=30))
    pool = recovery.drawn([tmp_path], [tmp_path], limit=2, most_others=9)
    assert len(pool.registered) == 2 and len(pool.others) == 1
    assert probe(pool.others[0].path).sha256 not in {clip.sha256 for clip in pool.registered}


@pytest.mark.parametrize("name", ["trim_3s", "flip", "remux"])
def test_transformations_write_what_they_say(name, tmp_path):
    source = write(tmp_path / "a.mp4", scene(1, frames=60))
    clip = recovery_cases.Registered("urn:a", source, source, "", source, 0.0, 4.0, True)
    made = probe(recovery_cases.TRANSFORMATIONS[name](clip, tmp_path, source))
    assert made.duration_s == pytest.approx(3.0 if name == "trim_3s" else 4.0, abs=0.15)
    assert made.path.suffix == (".mkv" if name == "remux" else ".mp4")
