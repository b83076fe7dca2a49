"""The table of motion figures: every clip twice, treated alike, its fold kept by origin."""

from __future__ import annotations

from benchmarks import motion_features
from models.motion.features import FEATURES


def test_every_clip_is_measured_clean_and_degraded(make_clip, tmp_path):
    for name in ("a", "b"):
        make_clip(tmp_path / f"{name}.mp4", width=320, height=180, frames=30, rate=24)
    manifest = tmp_path / "index.csv"
    manifest.write_text(
        "path,kind,source,origin\na.mp4,ai,sora,page\nb.mp4,talk,liveportrait-driving-real,page\nc.wav,sfx,x,y\n"
    )
    rows = list(motion_features.rows(manifest))
    assert [(row["label"], row["variant"]) for row in rows] == [
        ("ai", "clean"),
        ("ai", "degraded"),
        ("real", "clean"),
        ("real", "degraded"),
    ]
    assert len({row["fold"] for row in rows}) == 1 and set(FEATURES) < set(rows[0])
