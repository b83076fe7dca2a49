"""The table of scores that fusion is fitted on."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks import detection_scores as table
from models.fusion.table import read_table
from pipeline.detect import detectors
from pipeline.records import Evidence


class Fixed:
    """A detector that always says the same."""

    name = "residual"

    def __init__(self, held_out: int | None) -> None:
        self.held_out = held_out

    def add(self, *_given: object) -> None:
        """Nothing to remember."""

    def evidence(self) -> tuple[Evidence, ...]:
        score = 0.5 if self.held_out is None else float(self.held_out)
        moment = Evidence("residual", "moment", "Look here.", raw={"logit": 9.0})
        return Evidence("residual", "content", "x.", raw={"logit": score}), moment


@pytest.fixture
def manifest(tmp_path, make_clip) -> Path:
    """One clip of each kind, and a sound that is none of the table's."""
    for name, frames in (("a", 24), ("b", 26)):
        make_clip(tmp_path / f"{name}.mp4", frames=frames, rate=8, width=320, height=240)
    lines = ["path,kind,source,origin", "a.mp4,ai,gen,o1", "b.mp4,talk,cam,o2", "c.wav,sfx,x,o3"]
    (tmp_path / "index.csv").write_text("\n".join(lines))
    return tmp_path / "index.csv"


@pytest.fixture(autouse=True)
def fixed(monkeypatch):
    monkeypatch.setattr(detectors, "PICTURE_DETECTORS", {"detail": Fixed})
    monkeypatch.setattr(detectors, "SOUND_DETECTORS", {})


def test_every_clip_in_every_variant(manifest):
    tasks = table.tasks_of(manifest, only=(), limit=0, copies=None)
    assert [(t.about["path"], t.about["label"], t.variant) for t in tasks[::3]] == [
        ("a.mp4", "ai", "native"),
        ("b.mp4", "real", "native"),
    ]
    assert {t.variant for t in tasks} == {"native", "clean", "degraded"}


def test_rows_hold_what_fusion_reads(manifest, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "fold_for", lambda _sha256, origin: {"o1": 3}.get(origin))
    tasks = table.tasks_of(manifest, only=(), limit=0, copies=tmp_path)
    rows = {(t.about["path"], t.variant): table.score(t, pictures=16) for t in tasks}
    row = rows["a.mp4", "clean"]
    assert (row["label"], row["fold"], row["residual.logit"], row["residual.applicable"]) == ("ai", 3, 3.0, 1)
    # a clip that training knows nothing of is judged by all members, and left out of fitting
    assert (rows["b.mp4", "native"]["residual.logit"], rows["b.mp4", "native"]["fold"]) == (0.5, "")
    assert {row["gate"] for row in rows.values()} <= {"passed", "low"}
    assert len(list(tmp_path.glob("*-clean-16.mp4"))) == 2
    table.write_rows(tmp_path / "scores.csv", rows)
    assert table.known_rows(tmp_path / "scores.csv").keys() == rows.keys()
    with pytest.raises(ValueError, match="both labels"):
        read_table(tmp_path / "scores.csv")


def test_a_detector_done_again_leaves_the_others_alone(tmp_path):
    path = tmp_path / "scores.csv"
    old = {"path": "a", "variant": "clean", "residual.logit": "1.5", "residual.applicable": "1"}
    table.write_rows(path, {("a", "clean"): old})
    [(key, row)] = table.known_rows(path).items()
    table.write_rows(path, {key: row | {"motion.logit": -0.25, "motion.applicable": 1}})
    with path.open(newline="") as lines:
        [again] = list(csv.DictReader(lines))
    assert (again["residual.logit"], again["motion.logit"]) == ("1.5", "-0.25")


def test_a_file_that_cannot_be_read_is_a_row_that_fitting_leaves_out(manifest, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    task = table.tasks_of(manifest, only=(), limit=0, copies=None)[0]
    assert table.score(task, pictures=16)["gate"] == "failed"
