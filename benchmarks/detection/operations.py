"""What may happen to a file on its way without changing what it is: re-encodes, filters, and our own work on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import ffmpeg

# (file, folder for what comes of it) -> the changed file
Run = Callable[[Path, Path], Path]

X265 = ("-c:v", "libx265", "-preset", "veryfast", "-x265-params", "log-level=none:pools=none:frame-threads=1")
DEFAULT_CRF = 20
# what every encode ends with: sides are made even, samples square
ENDING = "crop=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1,format=yuv420p"
# a file is cut to its first seconds without touching its pictures, and left alone when it is hardly longer
CUT_S, LEAVE_S = 6.0, 8.0
OWN = ("own_reencode", "own_mark", "own_sound", "own_mark_and_sound")


@dataclass(frozen=True)
class Filter:
    """One pass through ffmpeg."""

    chain: str = ""
    crf: int = DEFAULT_CRF
    encoder: tuple[str, ...] = ("-c:v", "libx264", "-preset", "veryfast")

    def __call__(self, source: Path, folder: Path) -> Path:
        """Encode with one thread, without the sound."""
        target = folder / "changed.mp4"
        chain = ",".join(filter(None, (self.chain, ENDING)))
        before = ("-threads", "1", "-i", f"file:{source}", "-map", "0:v:0", "-filter_threads", "1", "-vf", chain)
        ffmpeg(*before, *self.encoder, "-crf", str(self.crf), "-threads", "1", str(target))
        return target


def _scaled(factor: float) -> Filter:
    return Filter(f"scale=trunc(iw*{factor / 2})*2:trunc(ih*{factor / 2})*2:flags=bicubic")


def _cropped(share: float) -> Filter:
    # off the middle, by no round number of pixels
    return Filter(f"crop=iw*{share}:ih*{share}:iw*{0.37 * (1 - share):.4f}:ih*{0.61 * (1 - share):.4f}")


def cut(source: Path, folder: Path, *, duration_s: float) -> Path:
    """The first seconds of a long file with its coded pictures as they are."""
    if duration_s <= LEAVE_S:
        return source
    target = folder / "cut.mkv"
    before = ("-fflags", "+genpts", "-t", str(CUT_S), "-i", f"file:{source}")
    ffmpeg(*before, "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", str(target))
    return target


# -------------------------------------------------------------- our own
def _deliver(source: Path, folder: Path, *, marks: bool, sounds: bool) -> Path:
    """What `foleymark` does with a clip: marked as with the default settings, a soundtrack of ours, or both."""
    from pipeline import marking
    from pipeline.config import load_settings
    from pipeline.media.probe import probe
    from pipeline.records import Payload
    from pipeline.watermark.keys import MarkKeys
    from pipeline.watermark.payload import VERSION

    clip, target = probe(source), folder / "changed.mp4"
    soundtrack = _soundtrack(folder, length_s=clip.duration_s) if sounds else None
    marking.deliver(
        clip,
        target,
        soundtrack=soundtrack,
        settings=load_settings(environment={}),
        keys=MarkKeys((bytes(range(32)),)) if marks else None,
        payload=Payload(VERSION, 0x5EED),
    )
    return target


def _soundtrack(folder: Path, *, length_s: float) -> Path:
    """Music, a bed and effects from our own renderer, whatever the picture shows."""
    from benchmarks.audio_material import RATE_HZ, rendered
    from pipeline.media.audio import write_wav

    path = folder / "ours.wav"
    # the renderer needs room for an effect
    sound = rendered("music/ambient", "ambience/forest", ("footstep/wood",), max(length_s, 2.0), seed=1)
    write_wav(path, iter([sound[:, : round(length_s * RATE_HZ)]]))
    return path


def _reencoded(source: Path, folder: Path) -> Path:
    from pipeline.media.mux import export
    from pipeline.media.probe import probe

    target = folder / "changed.mp4"
    export(probe(source), target, on_luma=lambda luma: luma)
    return target


OPERATIONS: dict[str, Run] = {
    **{f"crf_{crf}": Filter(crf=crf) for crf in (18, 23, 28, 33, 38)},
    "x265_crf_28": Filter(crf=28, encoder=X265),
    **{f"scale_{factor}": _scaled(factor) for factor in (0.5, 0.75, 1.25, 1.5)},
    **{f"fps_{rate}": Filter(f"fps={rate}") for rate in (12, 25)},
    **{f"crop_{share}": _cropped(share) for share in (0.9, 0.7)},
    "blur": Filter("gblur=sigma=1"),
    "noise": Filter("noise=alls=6:allf=t"),
    "own_reencode": _reencoded,
    "own_mark": lambda source, folder: _deliver(source, folder, marks=True, sounds=False),
    "own_sound": lambda source, folder: _deliver(source, folder, marks=False, sounds=True),
    "own_mark_and_sound": lambda source, folder: _deliver(source, folder, marks=True, sounds=True),
}
