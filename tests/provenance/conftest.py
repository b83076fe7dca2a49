"""Factories: a small authority, small media files, and plans."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.provenance.manifest import PICTURE_MARK, Mark, Parent, ProvenancePlan, placements_of
from pipeline.provenance.signing.authority import init_authority
from pipeline.provenance.signing.identity import SigningIdentity
from pipeline.provenance.trust.lists import Trust
from pipeline.records import Cue, Evidence, Loudness, Verdict


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> SigningIdentity:
    return init_authority(tmp_path_factory.mktemp("authority") / "keys", organisation="Test Studio")


@pytest.fixture(scope="session")
def own(authority) -> Trust:
    return Trust(own_pem=authority.root_pem)


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """A second of noise in an .mp4 of some 60 kB."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(path)
    return path


@pytest.fixture
def make_clip() -> Callable[[Path], Path]:
    return write_clip


def write_clip(path: Path, *, frames: int = 12, size_px: int = 64) -> Path:
    import av
    import numpy as np

    pictures = np.random.default_rng(7).integers(0, 255, (frames, size_px, size_px, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12, options={"preset": "ultrafast"})
        stream.width = stream.height = size_px
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture
def cues() -> tuple[Cue, ...]:
    def cue(number: int, stem, sound: str, time_s: float, length_s: float) -> Cue:
        return Cue(id=f"c{number}", stem=stem, time_s=time_s, length_s=length_s, category="X", sound=sound)

    return (
        cue(1, "FX-impacts", "impact/metal", 0.5, 0.25),
        cue(2, "FX-impacts", "impact/metal", 0.9, 0.25),
        cue(3, "BG", "ambience/rain", 0.0, 1.0),
        cue(4, "MX", "music/cinematic", 0.0, 1.0),
    )


@pytest.fixture
def plan(cues) -> ProvenancePlan:
    """What a finished clip of an AI generator would say."""
    return ProvenancePlan(
        title="finished.mp4",
        software_version="0.1.0",
        parent=Parent("clip.mp4", digital_source_type="trainedAlgorithmicMedia"),
        who="Ann Author",
        placements=placements_of(cues),
        loudness=Loudness(integrated_lufs=-14.01, true_peak_dbtp=-1.2),
        marks=(Mark(PICTURE_MARK, "10000000deadbeef"),),
        findings=Verdict("inconclusive", "line", "words", (Evidence("residual", "content", "its prompt: a secret"),)),
        transcoded=True,
    )


@pytest.fixture
def simple() -> ProvenancePlan:
    """A plan for any single file that came from somewhere unknown."""
    return ProvenancePlan(title="file", software_version="0.1.0", parent=Parent("original"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real clips, where there is one."""
    default = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
    folder = Path(os.environ.get("FOLEYMARK_CORPUS", default))
    if not (folder / "ai" / "sora").is_dir():
        pytest.skip("no corpus of real clips here")
    return folder
