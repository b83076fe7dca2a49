"""The watermark's benchmarks: what is attacked, drawn, counted and compared with theory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import watermark as bench
from benchmarks import watermark_attacks as attacks
from benchmarks import watermark_clips as clips
from benchmarks.common import ffmpeg
from benchmarks.watermark_chance import Tried, histogram, theory
from benchmarks.watermark_schemes import Read, judged
from pipeline.media.frames import read_frames
from pipeline.media.probe import probe
from pipeline.records import Payload
from tests.watermark.picture.clips import textured, through_codec

# every attack that the claims name
CLAIMED = {
    *("none", "single_frame", "h264_crf18", "h264_crf23", "h264_crf28", "h264_crf33", "h264_crf38", "h264_crf40"),
    *("h264_crf45", "h265_crf28", "h265_crf32", "h265_crf36", "vp9_600k", "av1", "resize_1_2", "resize_1_3"),
    *("resize_09_11", "crop_071", "crop_055", "crop_040", "crop_9_16", "rotate_2", "rotate_5", "rotate_10", "flip"),
    *("brightness_05", "brightness_15", "contrast_05", "contrast_15", "saturation", "hue", "blur", "noise", "sharpen"),
    *("jpeg_40", "fps_30", "fps_15", "trim_1s", "trim_2s", "trim_4s", "speed_125", "letterbox", "caption_bar", "logo"),
    *("chain", "combined", "screen_capture", "collusion_2", "collusion_5", "collusion_20"),
}


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 192x128, 50 pictures at 25 a second."""
    path = tmp_path_factory.mktemp("attacked") / "marked.mp4"
    through_codec(textured(192, 128, frames=50), path, crf=20)
    return path


# ---------------------------------------------------------------- attacks
def test_every_claimed_attack_is_there() -> None:
    assert set(attacks.NAMES) >= CLAIMED
    assert len(set(attacks.NAMES)) == len(attacks.NAMES)
    assert set(attacks.QUICK) <= set(attacks.NAMES)


def test_an_attack_without_its_encoder_is_skipped_with_a_reason() -> None:
    none: frozenset[str] = frozenset()
    assert "libx265" in attacks.reason_to_skip("h265_crf28", none)
    assert attacks.reason_to_skip("av1", frozenset({"libaom-av1"})) == ""
    assert attacks.reason_to_skip("collusion_2", frozenset({"libx264"})) == ""


@pytest.mark.parametrize(
    ("name", "size_px", "frames"),
    [
        ("h264_crf40", (192, 128), 50),
        ("resize_09_11", (172, 140), 50),
        ("crop_055", (106, 70), 50),
        ("crop_9_16", (72, 128), 50),
        ("rotate_90", (128, 192), 50),
        ("letterbox", (192, 160), 50),
        ("brightness_05", (192, 128), 50),
        ("fps_15", (192, 128), 30),
        ("trim_1s", (192, 128), 25),
        ("jpeg_40", (192, 128), 50),
        ("chain", (192, 128), 50),
        ("screen_capture", (192, 128), 50),
        ("single_frame", (192, 128), 1),
    ],
)
def test_attacks_do_what_their_name_says(
    marked: Path, tmp_path: Path, name: str, size_px: tuple[int, int], frames: int
) -> None:
    video = probe(attacks.ATTACKS[name].run(marked, tmp_path)).video
    assert video.upright_size_px == size_px
    # what is cut at a time that falls between two pictures may have one more or less
    assert abs(video.frames - frames) <= 1


def test_brightness_halves_the_light(marked: Path, tmp_path: Path) -> None:
    before, after = (
        np.mean([frame.luma.mean() for frame in read_frames(path)])
        for path in (marked, attacks.ATTACKS["brightness_05"].run(marked, tmp_path))
    )
    assert after - 16 == pytest.approx((before - 16) / 2, abs=1.5)


def test_moire_takes_up_to_a_fifth_of_the_light() -> None:
    light = attacks.moire(320, 180)
    assert light.shape == (180, 320)
    assert 0.79 * 255 < light.min() < 0.85 * 255 < 0.95 * 255 < light.max() <= 255


# ------------------------------------------------------------------ clips
def test_as_many_sources_as_possible_are_drawn() -> None:
    items = [("a", number) for number in range(90)] + [("b", 0), ("c", 0), ("c", 1), ("d", 0)]
    drawn = clips.spread(items, 8, source_of=lambda item: str(item[0]))
    assert len(drawn) == len(set(drawn)) == 8
    assert {source: sum(item[0] == source for item in drawn) for source in "abcd"} == {"a": 4, "b": 1, "c": 2, "d": 1}
    # evenly from the many
    assert [number for source, number in drawn if source == "a"] == [11, 33, 56, 78]


def test_more_sources_than_clips_are_drawn_from_evenly() -> None:
    drawn = clips.spread([str(number) for number in range(100, 200)], 4, source_of=str)
    assert drawn == ["112", "137", "162", "187"]


def test_fewer_clips_than_asked_are_all_drawn() -> None:
    assert clips.spread(["x1", "x2", "y1"], 10, source_of=lambda name: name[0]) == ["x1", "x2", "y1"]


@pytest.mark.parametrize(
    ("path", "source"),
    [("/c/ai/sora/onions_1.mp4", "ai/sora"), ("/c/kling-16-cat.mp4", "kling"), ("/c/Veo3 dog.mp4", "veo")],
)
def test_a_source_is_the_folder_or_the_start_of_the_name(path: str, source: str) -> None:
    assert clips.source_of(Path(path), Path("/c")) == source


def test_a_cut_keeps_the_pictures_as_they_are(marked: Path, tmp_path: Path) -> None:
    cut = clips.cut(probe(marked), tmp_path / "cut.mp4", longest_s=1.0)
    pictures = [frame.luma.copy() for frame in read_frames(cut)]
    whole = [frame.luma.copy() for frame in read_frames(marked)]
    assert 24 <= len(pictures) <= 26
    starts = [start for start, luma in enumerate(whole) if np.array_equal(luma, pictures[0])]
    assert starts and abs(starts[0] - 12) <= 1
    assert all(np.array_equal(one, other) for one, other in zip(pictures, whole[starts[0] :], strict=False))


# ---------------------------------------------------------------- scoring
def test_of_colluders_any_one_may_be_named_and_nobody_else() -> None:
    colluders = [Payload(1, 10), Payload(1, 11)]
    assert judged(Payload(1, 11), colluders, z=9.0) == Read(exact=True, wrong=False, z=9.0)
    assert judged(Payload(1, 12), colluders, z=9.0) == Read(exact=False, wrong=True, z=9.0)
    assert judged(None, colluders, z=3.0) == Read(exact=False, wrong=False, z=3.0)


def test_rates_count_clips_and_wrong_ids_stand_apart(marked: Path) -> None:
    clip = probe(marked)
    costs = dict.fromkeys(
        ("psnr", "psnr_yuv", "vmaf", "ssim", "size_change", "embed_cpu_ms_1080p", "vmaf_delivered", "attempts"), 2.0
    )
    found = []
    for number, read in enumerate((Read(True, False, 12.0), Read(False, True, 6.0), Read(False, False, 4.0))):
        named = bench.Job("large", "foleymark", replace(clip, path=Path(f"{number}.mp4")), ("flip",), 5.0)
        found.append(bench.Measured(named, dict(costs), {"flip": read}, [0.5]))
    figures = bench.summary(found)
    assert figures["clips"] == 3
    assert figures["exact_id"] == {"flip": 0.333}
    assert figures["z"] == {"flip": 6.0}
    assert figures["wrong_ids"] == 1
    assert figures["missed"] == {"flip": ["1.mp4", "2.mp4"]}
    assert figures["read_s_per_clip"] == 0.5


def test_a_clip_that_could_not_be_marked_is_told_and_counts_nowhere(marked: Path) -> None:
    job = bench.Job("large", "foleymark", probe(marked), ("flip",), 5.0)
    figures = bench.summary([bench.Measured(job, errors={"marking": "no picture"})])
    assert figures["clips"] == 0 and figures["psnr"] is None and figures["exact_id"] == {}
    assert figures["errors"] == {"marked.mp4": {"marking": "no picture"}}


def test_colour_tags_are_no_loss(marked: Path, tmp_path: Path) -> None:
    tags = ("-bsf:v", "h264_metadata=matrix_coefficients=1:colour_primaries=1")
    ffmpeg("-i", str(marked), "-c", "copy", *tags, str(tmp_path / "tagged.mp4"))
    compared = bench._compared(tmp_path / "tagged.mp4", marked)
    # what libvmaf calls the same
    assert compared["psnr_y"] == compared["psnr_cb"] == 60.0
    assert bench._psnr_yuv(compared) == pytest.approx(60.0)


def test_a_clip_goes_all_the_way(marked: Path) -> None:
    measured = bench.measure(bench.Job("small", "foleymark", probe(marked), ("none", "flip", "collusion_2"), 2.0))
    assert not measured.errors
    assert measured.reads["none"].exact
    assert not any(read.wrong for read in measured.reads.values())
    assert measured.figures["psnr"] > 35 and measured.figures["ssim"] > 0.95
    assert measured.figures["embed_cpu_ms_1080p"] > 0


# ----------------------------------------------------------------- chance
def test_the_bound_lies_above_the_normal_variables() -> None:
    bound, normal = theory(np.array([3.0, 4.0, 5.0, 6.0]), 1000)
    assert (bound >= normal).all()
    assert bound[-1] == pytest.approx(1000 * np.exp(-18), rel=1e-6)
    # the union of small chances
    assert normal[-1] == pytest.approx(1000 * 9.866e-10, rel=1e-3)


def test_the_best_of_normal_tries_lies_where_theory_says() -> None:
    random = np.random.default_rng(3)
    best = random.normal(size=(4000, 500)).max(axis=1)
    for row in histogram(best.tolist(), 500):
        assert abs(row["measured"] - row["normal"]) < 0.04
        assert row["measured"] <= row["bound"] + 0.01


def test_pairs_are_counted() -> None:
    tried = Tried(1000, 0.1, files=1)
    tried.add(4.0, decoded=False, accepted=False)
    tried.add(9.0, decoded=True, accepted=True)
    figures = tried.figures()
    assert (figures["pairs"], figures["accepted"], figures["decoded_share"]) == (2, 1, 0.5)
    assert figures["histogram"][-1]["z"] == 9.0
