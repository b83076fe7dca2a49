"""Controls, records, memory and programs of the audit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.common import ffmpeg
from benchmarks.detection import controls, hard_material, not_ai, operations, report, scoring, sweep
from benchmarks.detection.controls import Table
from benchmarks.detection.manifest import Entry
from benchmarks.detection.scoring import Judged, Plan, Scored
from pipeline.media.probe import probe


def table(scores: list[float], labels: list[int], sources: list[str], verdicts: list[str] | None = None) -> Table:
    names = tuple(sources)
    return Table(np.array(labels), np.array(scores), tuple(verdicts or ["inconclusive"] * len(names)), names, names)


# --------------------------------------------------------------- controls
def test_each_source_stands_against_all_of_the_other_label() -> None:
    verdicts = ["likely_ai", "inconclusive", "no_ai_evidence", "no_ai_evidence", "likely_ai", "no_ai_evidence"]
    found = controls.per_source(
        table([3, 1, 0, 2, 2, -1], [1, 1, 1, 0, 0, 0], ["a", "a", "b", "r", "r", "s"], verdicts)
    )
    assert found["a"]["auc"] == pytest.approx(4 / 6)
    assert found["b"]["auc"] == pytest.approx(1 / 3)
    assert found["a"]["likely_ai"] == 0.5 and found["r"]["likely_ai"] == 0.5
    worst = controls.worst_source(found)
    # sources of fewer than three clips count only where there are no others
    assert (worst["ai"]["source"], worst["real"]["source"]) == ("b", "r")


def test_a_source_of_few_clips_is_not_the_worst() -> None:
    found = controls.per_source(table([1, 1, 1, -9, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0], list("aaabrrr")))
    assert controls.worst_source(found)["ai"]["source"] == "a"


def test_a_name_on_both_sides_is_two_sources() -> None:
    found = controls.per_source(table([1, 0, 2, 0], [1, 0, 1, 0], ["x", "x", "y", "z"]))
    assert {(name, about["label"]) for name, about in found.items()} == {
        ("x", "ai"),
        ("x (real)", "real"),
        ("y", "ai"),
        ("z", "real"),
    }


def test_real_against_real_is_folded_and_blind_to_ai() -> None:
    real = [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]
    found = controls.real_against_real(table([*real, 9.0], [0] * 6 + [1], [*"aaabbb", "x"]))
    assert found["per_source"] == {"a": 1.0, "b": 1.0}
    even = controls.real_against_real(table([0.0] * 6, [0] * 6, [*"aaabbb"]))
    assert even["mean"] == even["worst"] == 0.5
    assert controls.real_against_real(table([0.0, 1.0], [0, 1], ["a", "b"]))["mean"] is None


def test_shuffled_labels_give_chance_and_a_wider_band_with_fewer_sources() -> None:
    random = np.random.default_rng(0)
    scores = random.normal(0, 1, 240)
    few = table(list(scores + np.repeat(random.normal(0, 3, 6), 40)), [0, 1] * 120, [f"s{n // 40}" for n in range(240)])
    many = table(list(scores), [0, 1] * 120, [f"s{n // 2}" for n in range(240)])
    wide, narrow = (controls.shuffled(case, lambda _labels, s=case.scores: s, count=300) for case in (few, many))
    assert wide["mean"] == pytest.approx(0.5, abs=0.04) and narrow["mean"] == pytest.approx(0.5, abs=0.02)
    assert np.diff(wide["interval"]) > 2 * np.diff(narrow["interval"])


def test_one_threshold_comes_from_clean_copies_alone() -> None:
    clean = table([2, 3, 0, 1], [1, 1, 0, 0], list("abrs"))
    low = replace(clean, scores=clean.scores - 10)
    found = controls.fixed_threshold({"clean": clean, "degraded": low})
    assert found["threshold"] == 1.0
    assert found["degraded"] == {"tpr": 0.0, "fpr": 0.0}
    # each camera clip is judged by the threshold of the other one, so the higher is called
    assert found["clean"] == {"tpr": 1.0, "fpr": 0.5}


def test_answers_count_only_verdicts_that_answer() -> None:
    verdicts = ["likely_ai", "no_ai_evidence", "no_ai_evidence", "likely_ai", "inconclusive", "error"]
    found = controls.answers(np.array([1, 1, 0, 0, 0, 0]), verdicts)
    assert found == {"fpr_real": 0.25, "coverage": pytest.approx(4 / 6), "selective_accuracy": 0.5}
    assert controls.answers(np.array([1, 0]), ["inconclusive"] * 2)["selective_accuracy"] is None


# ----------------------------------------------------------------- record
def scored_clips(count: int = 24) -> list[Scored]:
    random = np.random.default_rng(5)
    found = []
    for number in range(count):
        label = number % 2
        variants = {}
        for variant, strength in (("clean", 3.0), ("degraded", 1.0), ("native", 3.0)):
            score = float(random.normal(strength * (label - 0.5), 1))
            figures = {name: list(random.normal(label, 1, width)) for name, width in report.WIDTHS.items()}
            verdict = "likely_ai" if score > 2 else "no_ai_evidence" if score < -2 else "inconclusive"
            variants[variant] = Judged(score, verdict, 0.5, {"patches": score}, ["It was dark."], figures, 16)
        entry = Entry(Path(f"{number}.mp4"), label, f"source {number // 4}", f"origin {number // 4}")
        found.append(Scored(entry, "", 1 if number < 4 else None, variants))
    return found


@pytest.fixture(scope="module")
def record() -> dict:
    broken = replace(scored_clips(1)[0], variants={}, failed="0.mp4 cannot be re-encoded.")
    return report.build([*scored_clips(), broken], Plan(16, ("clean", "degraded", "native")), shuffles=1)


def test_the_record_has_the_agreed_keys_in_every_variant(record: dict) -> None:
    for figures in (record, record["degraded"], record["native"]):
        assert set(report.KEYS) <= set(figures)
        low, high = figures["auc_interval"]
        assert low <= figures["auc"] <= high
        assert figures["metadata_only_auc"] == record["baselines"]["clean"]["metadata"]["auc"]
    assert set(record["degraded"]) == set(report.KEYS)
    assert record["auc"] > record["degraded"]["auc"]
    assert record["detectors"]["clean"]["patches"] == {"clips": 24, "auc": record["auc"]}
    assert record["about"]["held_out"] == 4 and record["about"]["clips"] == {"real": 12, "ai": 12}
    assert record["about"]["failed"] == {"0.mp4": "0.mp4 cannot be re-encoded."}
    assert record["about"]["not_checked"] == {"It was dark.": 24}
    json.dumps(record, allow_nan=False)


def test_the_table_shows_rows_controls_and_what_failed(record: dict) -> None:
    text = report.as_text(record)
    for part in (
        "23 spectral",
        "TemporalSpec-style",
        "metadata",
        "labels shuffled",
        "source 0",
        "cannot be re-encoded",
    ):
        assert part in text


# ----------------------------------------------------------------- memory
def test_folds_are_known_by_file_and_by_origin() -> None:
    from models.folds import seen_clips

    clip = next(iter(seen_clips().values()))
    assert scoring.fold_for(clip.sha256, "nowhere") == clip.fold
    assert scoring.fold_for("0" * 64, clip.origin) == clip.fold
    assert scoring.fold_for("0" * 64, "nowhere") is None


def test_a_judgement_is_remembered_under_its_key(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> Judged:
        made.append(1)
        return Judged(1.5, "likely_ai", 0.2, {"motion": 1.0}, [], {"temporal": None}, 16)

    first = scoring.recalled(tmp_path, "one", make)
    assert scoring.recalled(tmp_path, "one", make) == first and len(made) == 1
    scoring.recalled(tmp_path, "two", make)
    scoring.recalled(None, "one", make)
    assert len(made) == 3


def test_changed_code_and_weights_are_another_version(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    weights = tmp_path / "models" / "net.safetensors"
    weights.write_bytes(b"1")
    before = scoring.code_version(["models"], tmp_path)
    (tmp_path / "models" / "README.md").write_text("words")
    assert scoring.code_version(["models"], tmp_path) == before
    weights.write_bytes(b"2")
    assert scoring.code_version(["models"], tmp_path) != before


def test_what_cannot_be_read_is_told_and_ends_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 999)
    scored = scoring.score_clip(Entry(broken, 1, "s", "o"), plan=Plan(16, ("clean",)), versions=("a", "b"))
    assert "broken.mp4" in scored.failed and not scored.variants


# ------------------------------------------------------------------ sweep
def swept(label: int, before: str, **after: tuple[str, float]) -> sweep.Swept:
    entry = Entry(Path(f"{label}{before}.mp4"), label, "s", "o")
    judged = {name: Judged(score, verdict, 0.1) for name, (verdict, score) in after.items()}
    return sweep.Swept(entry, Judged(1.0, before, 0.1), judged)


def test_flips_are_accusations_that_come_or_go() -> None:
    clips = [
        swept(1, "likely_ai", own_mark=("inconclusive", 0.0), blur=("likely_ai", 2.0)),
        swept(0, "no_ai_evidence", own_mark=("inconclusive", 1.0), blur=("likely_ai", 3.0)),
    ]
    found = sweep.summary(clips, ("own_mark", "blur"))
    mark, blur = found["operations"]["own_mark"], found["operations"]["blur"]
    assert (mark["flips"], mark["flip_rate"], mark["changed"]) == (1, 0.5, 2)
    assert mark["shift"] == {"ai": -1.0, "real": 0.0} and mark["moved"] == 0.5
    assert (blur["flips"], blur["moved"]) == (1, 1.5)
    # of our own operations alone
    assert found["own_flip_rate"] == 0.5
    assert "own_mark" in sweep.as_text(found)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("operations") / "clip.mp4"
    sound = ("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=192x128:r=25:d=1", *sound, "-pix_fmt", "yuv420p", str(path))
    return path


@pytest.mark.parametrize(
    ("name", "size_px", "frames", "codec"),
    [
        ("scale_1.5", (288, 192), 25, "h264"),
        ("crop_0.7", (134, 90), 25, "h264"),
        ("fps_12", (192, 128), 12, "h264"),
        ("x265_crf_28", (192, 128), 25, "hevc"),
        ("own_reencode", (192, 128), 25, "h264"),
    ],
)
def test_operations_do_what_their_name_says(
    clip: Path, tmp_path: Path, name: str, size_px: tuple[int, int], frames: int, codec: str
) -> None:
    video = probe(operations.OPERATIONS[name](clip, tmp_path)).video
    assert (video.upright_size_px, video.frames, video.codec) == (size_px, frames, codec)


def test_our_sound_leaves_the_pictures_as_they_are_and_our_mark_does_not(clip: Path, tmp_path: Path) -> None:
    from pipeline.media.frames import read_frames

    def first(path: Path) -> np.ndarray:
        return next(iter(read_frames(path))).luma.copy()

    before = first(clip)
    sounded = operations.OPERATIONS["own_sound"](clip, tmp_path)
    assert probe(sounded).audio is not None
    assert np.array_equal(first(sounded), before)
    assert not np.array_equal(first(operations.OPERATIONS["own_mark"](clip, tmp_path)), before)


def test_only_long_files_are_cut_and_their_pictures_stay(clip: Path, tmp_path: Path) -> None:
    assert operations.cut(clip, tmp_path, duration_s=1.0) == clip
    long = tmp_path / "long.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=9", str(long))
    short = probe(operations.cut(long, tmp_path, duration_s=9.0))
    assert short.duration_s == pytest.approx(6.0, abs=0.6) and short.video.codec == "h264"


def test_an_unknown_operation_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep.main(["--manifest", str(tmp_path / "none.csv"), "--operations", "melt"]) == 2
    assert "There is no operation melt" in capsys.readouterr().err


# -------------------------------------------------------------- hard material
def test_every_material_is_pictures_of_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(6)

    def photo(seed: int, *, width_px: int = 1920, height_px: int = 1080) -> np.ndarray:
        return random.integers(0, 255, (height_px, width_px, 3), np.uint8)

    monkeypatch.setattr(hard_material, "photo", photo)
    for name, maker in hard_material.MAKERS.items():
        pictures = maker()
        first, second = next(pictures), next(pictures)
        assert first.shape == second.shape == (720, 1280, 3) and first.dtype == np.uint8, name
        assert np.array_equal(first, second) == (name in ("still", "black", "text cards", "cartoon")), name


def test_a_photograph_is_the_same_for_a_seed_and_full_of_detail() -> None:
    one, two, other = (hard_material.photo(seed, width_px=320, height_px=180) for seed in (1, 1, 2))
    assert np.array_equal(one, two) and not np.array_equal(one, other)
    assert one.std() > 25


def test_material_is_written_as_a_clip(tmp_path: Path) -> None:
    pictures = (np.full((48, 64, 3), 20 * number, np.uint8) for number in range(6))
    written = probe(hard_material.write(pictures, tmp_path / "clip.mp4")).video
    assert (written.upright_size_px, written.frames, written.frame_rate) == ((64, 48), 6, 24)


def test_an_accusation_of_what_is_not_ai_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {"black": hard_material.MAKERS["black"]}
    monkeypatch.setattr(not_ai.hard_material, "MAKERS", plain)
    monkeypatch.setattr(not_ai.hard_material, "write", lambda pictures, target: target)
    monkeypatch.setattr(not_ai, "_seconds", lambda folder: 1.0)
    for verdict, code in (("likely_ai", 1), ("inconclusive", 0)):
        monkeypatch.setattr(not_ai, "judge", lambda path, v=verdict: Judged(0.0, v, 0.1))
        assert not_ai.main(["--keep", str(tmp_path), "--json"]) == code
