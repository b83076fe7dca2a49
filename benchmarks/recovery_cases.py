"""Cases of the recovery benchmark: finished and registered clips, what happens to them, and marks moved elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import watermark_attacks as attacks
from benchmarks.common import ffmpeg
from pipeline.keys import Keys
from pipeline.records import Clip, Payload

# cut shorter than the corpus has them, so that 40 clips times 15 copies stay below half an hour on two cores
LONGEST_S = 5.0
# a platform's sound, where the clip has some
SOUND = ("-c:a", "aac", "-b:a", "96k")
OPUS = ("-c:a", "libopus", "-b:a", "64k")
SPLICE_S = 3.0


@dataclass(frozen=True)
class Registered:
    """A finished clip whose manifest is in the repository."""

    label: str
    # cut without loss, as it was before the mark
    original: Path
    delivered: Path
    payload_hex: str
    source: Path
    start_s: float
    duration_s: float
    marked: bool


def cut(clip: Clip, target: Path, *, start_s: float | None = None) -> tuple[Path, float]:
    """Write a part of a clip, its middle if not told, without loss of pictures; returns it and where it starts."""
    length_s = min(clip.duration_s, LONGEST_S)
    start_s = max(0.0, (clip.duration_s - length_s) / 2) if start_s is None else start_s
    chain = "scale=trunc(iw*sar/2)*2:trunc(ih/2)*2,setsar=1,format=yuv420p"
    where = ("-threads", "1", "-ss", f"{start_s:.3f}", "-t", f"{length_s:.3f}", "-i", f"file:{clip.path}")
    encoder = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-threads", "1", "-c:a", "aac", "-b:a", "192k")
    ffmpeg(*where, "-map", "0:v:0", "-map", "0:a:0?", "-vf", chain, *encoder, str(target))
    return target, start_s


def beginning(clip: Clip, folder: Path) -> Path:
    """The first seconds of a clip as its maker encoded them."""
    target = folder / f"beginning{clip.path.suffix}"
    ffmpeg(
        "-i", f"file:{clip.path}", "-t", str(LONGEST_S), "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", str(target)
    )
    return target


def finish(original: Path, folder: Path, *, keys: Keys, payload: Payload | None = None) -> tuple[Path, Any]:
    """Mark a clip as `foleymark mark` does; returns the file and the report."""
    from pipeline import marking
    from pipeline.config import Settings
    from pipeline.media.probe import probe

    target = folder / f"{original.stem}.mp4"
    report = marking.deliver(
        probe(original), target, soundtrack=None, settings=Settings(), keys=keys.mark, payload=payload
    )
    return target, report


def register(delivered: Path, report: Any, *, original: Path, keys: Keys, repository: Any) -> str:
    """Sign a finished clip and register it, as a batch does; returns its label."""
    from pipeline.media.probe import probe
    from pipeline.provenance.fingerprint import fingerprint_clip
    from pipeline.provenance.manifest import PICTURE_MARK, SOUND_MARK, Mark, Parent, ProvenancePlan
    from pipeline.provenance.repository.claims import registration_of
    from pipeline.provenance.signing.sign import sign_media

    found = fingerprint_clip(probe(delivered))
    tracks = ((PICTURE_MARK, report.marks.picture, "picture"), (SOUND_MARK, report.marks.sound, "sound"))
    marks = tuple(
        Mark(name, report.payload.hex, track)  # type: ignore[arg-type]
        for name, reading, track in tracks
        if reading and reading.payload == report.payload
    )
    plan = ProvenancePlan(
        title=delivered.name,
        software_version=version("foleymark"),
        parent=Parent(original.name),
        marks=marks,
        fingerprint=found.blocks,
        sketch_sha256=found.sketch_sha256,
        transcoded=True,
    )
    signed = sign_media(delivered, delivered, plan=plan, authority=keys.authority(), parent=original)
    given = registration_of(signed.store, media_type="video/mp4", title=delivered.name, sketch=found.sketch)
    repository.register(given)
    return given.label


# --------------------------------------------------------- what happens
def _copied(*options: str, suffix: str = "mp4") -> Callable[[Registered, Path, Path], Path]:
    def run(clip: Registered, folder: Path, _other: Path) -> Path:
        target = folder / f"copy.{suffix}"
        ffmpeg("-i", str(clip.delivered), "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", *options, str(target))
        return target

    return run


def _encoded(
    filters: str = "",
    encoder: tuple[str, ...] = (*attacks.X264, "-crf", "23"),
    *,
    suffix: str = "mp4",
    before: tuple[str, ...] = (),
    sound: tuple[str, ...] = SOUND,
) -> Callable[[Registered, Path, Path], Path]:
    def run(clip: Registered, folder: Path, _other: Path) -> Path:
        target = folder / f"copy.{suffix}"
        chain = ",".join(filter(None, ("format=yuv420p", filters, attacks.ENDING)))
        source = ("-threads", "1", *before, "-i", str(clip.delivered), "-map", "0:v:0", "-map", "0:a:0?")
        ffmpeg(*source, "-vf", chain, *encoder, *sound, "-threads", "1", str(target))
        return target

    return run


def _x264(crf: int) -> tuple[str, ...]:
    return (*attacks.X264, "-crf", str(crf))


def _spliced(clip: Registered, folder: Path, other: Path) -> Path:
    """Three seconds of the clip in the middle of another film, at that film's size, in its own shape."""
    from pipeline.media.probe import probe

    width, height = (side // 2 * 2 for side in probe(other).video.upright_size_px)
    fitted = (
        f"scale={width}:{height}:force_original_aspect_ratio=decrease,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,"
        "setsar=1,fps=25,format=yuv420p"
    )
    insert = min(SPLICE_S, clip.duration_s)
    cuts = (("0:v", 0.0, 2.5), ("1:v", 0.4, 0.4 + insert), ("0:v", 2.5, 5.0))
    graph = ";".join(
        f"[{stream}]trim={start}:{end},setpts=PTS-STARTPTS,{fitted}[part{number}]"
        for number, (stream, start, end) in enumerate(cuts)
    )
    target = folder / "copy.mp4"
    ffmpeg(
        *("-i", str(other), "-i", str(clip.delivered), "-filter_complex_threads", "1", "-filter_complex"),
        f"{graph};[part0][part1][part2]concat=n=3:v=1:a=0[film]",
        *("-map", "[film]", *_x264(23), "-threads", "1", str(target)),
    )
    return target


TRANSFORMATIONS: Mapping[str, Callable[[Registered, Path, Path], Path]] = {
    "strip": _copied("-map_metadata", "-1", "-fflags", "+bitexact"),
    "remux": _copied(suffix="mkv"),
    "crf_28": _encoded(encoder=_x264(28)),
    "crf_35": _encoded(encoder=_x264(35)),
    "480p": _encoded(attacks._short_side(480)),
    "240p": _encoded(attacks._short_side(240)),
    "fps": _encoded("fps=15"),
    "webm": _encoded(encoder=attacks.VP9, suffix="webm", sound=OPUS),
    "trim_3s": _encoded(before=("-ss", "0.7", "-t", "3")),
    "crop_10": _encoded(attacks._cropped(0.9)),
    "crop_30": _encoded(attacks._cropped(0.7)),
    "flip": _encoded("hflip"),
    "brightness": _encoded(attacks._brightness(1.3)),
    "caption": _encoded(attacks.CAPTION),
    "splice": _spliced,
}


# ----------------------------------------------------------- transplants
def transplanted(clip: Registered, onto: Path, folder: Path) -> Path:
    """Another clip with the mark of this one: what marking changed in each picture is added to the other's.

    What the encoder lost of the marked file goes along, as it does for anybody who has only the two files.
    """
    from pipeline.config import EncodeSettings
    from pipeline.media.mux import export
    from pipeline.media.probe import probe

    width, height = probe(clip.original).video.upright_size_px
    fitted = folder / "onto.mp4"
    rate = probe(clip.original).video.frame_rate
    chain = f"scale={width}:{height}:flags=area,setsar=1,fps={rate},format=yuv420p"
    ffmpeg("-threads", "1", "-t", f"{clip.duration_s:.3f}", "-i", str(onto), "-an", "-vf", chain,
           "-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", str(fitted))  # fmt: skip
    target = folder / "transplant.mp4"
    export(probe(fitted), target, settings=EncodeSettings(), on_luma=_Residual(clip), soundtrack=None)
    return target


class _Residual:
    """Adds to each picture what marking changed in the clip's picture at that place."""

    def __init__(self, clip: Registered) -> None:
        self._steps = self._read(clip)

    def __call__(self, luma: Any) -> Any:
        import numpy as np

        step = next(self._steps, None)
        return luma if step is None else np.clip(luma.astype(np.int16) + step, 0, 255).astype(np.uint8)

    @staticmethod
    def _read(clip: Registered) -> Iterator[Any]:
        import numpy as np

        from pipeline.media.frames import read_frames

        for before, after in zip(read_frames(clip.original), read_frames(clip.delivered), strict=False):
            yield after.luma.astype(np.int16) - before.luma.astype(np.int16)
