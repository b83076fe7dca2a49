"""What happens to a marked clip on its way: every attack the watermark is measured against, by name.

An attack takes the delivered file and gives the file that is read. Sizes are of the picture it gets: a crop of 0.55
keeps that share of either side. Unless its name says otherwise it is encoded once more by x264 veryfast at CRF 23, the
resized ones at CRF 20; what is named after an encoder is that and nothing else. x264 runs at its preset medium where
the CRF is the attack, x265 at veryfast, libvpx and SVT-AV1 at the presets of live services: slower ones keep more.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import ffmpeg

# (delivered file, folder for what comes of it) -> the file to read
Run = Callable[[Path, Path], Path]

X264 = ("-c:v", "libx264", "-preset", "veryfast")
X264_MEDIUM = ("-c:v", "libx264", "-preset", "medium")
X265 = ("-c:v", "libx265", "-preset", "veryfast", "-x265-params", "log-level=none:pools=none:frame-threads=1")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "6", "-b:v", "600k")
AV1 = {
    "libsvtav1": ("-c:v", "libsvtav1", "-preset", "9", "-crf", "35", "-svtav1-params", "lp=1"),
    "libaom-av1": ("-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "35", "-b:v", "0"),
}
DEFAULT_CRF, RESIZED_CRF = 23, 20
JPEG_QUALITY = 40
# what every encode ends with: sides are made even, samples square
ENDING = "crop=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1"

CAPTION = "drawbox=x=0:y=ih*0.78:w=iw:h=ih*0.14:color=black:t=fill"
LOGO = "drawbox=x=iw*0.72:y=ih*0.06:w=iw*0.22:h=ih*0.16:color=white:t=fill"
# a bar above and one below, each an eighth of the picture's height
LETTERBOX = "pad=iw:ih*1.25:0:(oh-ih)/2"
# copies of one clip that are averaged, picture by picture
COLLUDERS = {"collusion_2": 2, "collusion_5": 5, "collusion_20": 20}


@dataclass(frozen=True)
class Attack:
    """One thing that happens to a clip."""

    run: Run
    # any one of these encoders will do
    encoders: tuple[str, ...] = ("libx264",)


@dataclass(frozen=True)
class Generation:
    """One pass through ffmpeg."""

    filters: str = ""
    encoder: tuple[str, ...] = (*X264, "-crf", str(DEFAULT_CRF))
    suffix: str = "mp4"
    # options before the input
    cut: tuple[str, ...] = ()


def encode(source: Path, target: Path, generation: Generation) -> Path:
    """Pass a file through ffmpeg as 8-bit 4:2:0, with one thread."""
    chain = ",".join(filter(None, ("format=yuv420p", generation.filters, ENDING)))
    before = ("-threads", "1", *generation.cut, "-i", f"file:{source}", "-an", "-filter_threads", "1", "-vf", chain)
    ffmpeg(*before, *generation.encoder, "-threads", "1", str(target))
    return target


def reason_to_skip(name: str, available: frozenset[str]) -> str:
    """Why an attack cannot run with these encoders; empty when it can."""
    wanted = ATTACKS[name].encoders if name in ATTACKS else ("libx264",)
    if any(encoder in available for encoder in wanted):
        return ""
    return f"this ffmpeg has no encoder {' or '.join(wanted)}"


@functools.cache
def encoders() -> frozenset[str]:
    """Names of the encoders that ffmpeg has."""
    lines = ffmpeg("-encoders").stdout.decode().splitlines()
    return frozenset(parts[1] for line in lines if len(parts := line.split()) > 2 and parts[0].startswith("V"))


# ------------------------------------------------------------ kinds of attack
def _untouched(marked: Path, _folder: Path) -> Path:
    return marked


def _through(*generations: Generation) -> Run:
    def run(marked: Path, folder: Path) -> Path:
        for number, generation in enumerate(generations):
            marked = encode(marked, folder / f"copy{number}.{generation.suffix}", generation)
        return marked

    return run


def _filtered(chain: str, *, crf: int = DEFAULT_CRF) -> Attack:
    return Attack(_through(Generation(chain, (*X264, "-crf", str(crf)))))


def _h264(crf: int) -> Attack:
    return Attack(_through(Generation(encoder=(*X264_MEDIUM, "-crf", str(crf)))))


def _h265(crf: int) -> Attack:
    return Attack(_through(Generation(encoder=(*X265, "-crf", str(crf)))), ("libx265",))


def _trimmed(length_s: float) -> Attack:
    # not from its first picture, which is a key picture
    return Attack(_through(Generation(cut=("-ss", "0.3", "-t", str(length_s)))))


def _cropped(share: float) -> str:
    # off the middle, by no round number of pixels
    return f"crop=iw*{share}:ih*{share}:iw*{0.37 * (1 - share):.4f}:ih*{0.61 * (1 - share):.4f}"


def _brightness(factor: float) -> str:
    chroma = f"128+(val-128)*{factor}"
    return f"lutyuv=y='clip(16+(val-16)*{factor},16,235)':u='clip({chroma},16,240)':v='clip({chroma},16,240)'"


def _contrast(factor: float) -> str:
    return f"lutyuv=y='clip(126+(val-126)*{factor},16,235)'"


def _short_side(lines: int) -> str:
    """Scale down to so many lines over the short side, never up."""
    return f"scale='if(gt(iw,ih),-2,min(iw,{lines}))':'if(gt(iw,ih),min(ih,{lines}),-2)'"


def _chain() -> Run:
    """Uploaded, downloaded, sent on: ends at 480 lines and 700 kb/s."""
    return _through(
        Generation(),
        Generation(_short_side(720), (*X264, "-crf", "28")),
        Generation(_short_side(480), (*X264_MEDIUM, "-b:v", "700k", "-maxrate", "1050k", "-bufsize", "1400k")),
    )


def _av1(marked: Path, folder: Path) -> Path:
    encoder = next(name for name in AV1 if name in encoders())
    return encode(marked, folder / "copy.mp4", Generation(encoder=AV1[encoder]))


def _single_frame(marked: Path, folder: Path) -> Path:
    target = folder / "copy.png"
    ffmpeg("-threads", "1", "-ss", "0.6", "-i", f"file:{marked}", "-frames:v", "1", str(target))
    return target


def _jpeg_frames(marked: Path, folder: Path) -> Path:
    """Every picture as a JPEG file of quality 40; ffmpeg's own quality scale is another one."""
    import cv2

    from pipeline.media.frames import read_frames

    for number, frame in enumerate(read_frames(marked)):
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        cv2.imwrite(str(folder / f"picture{number:05}.jpg"), frame.rgb()[..., ::-1], quality)
    target = folder / "copy.mkv"
    ffmpeg("-framerate", "25", "-i", str(folder / "picture%05d.jpg"), "-c", "copy", str(target))
    for picture in folder.glob("picture*.jpg"):
        picture.unlink()
    return target


def _screen_capture(marked: Path, folder: Path) -> Path:
    """Filmed off a screen: held at a slant, moiré of the two rasters, another gamma, a soft lens, a noisy sensor."""
    import cv2

    from pipeline.media.probe import probe

    width, height = probe(marked).video.upright_size_px
    cv2.imwrite(str(folder / "moire.png"), moire(width, height))
    # corners of what the camera sees, in shares of the screen
    corners = ((0.012, 0.020), (0.985, 0.004), (0.004, 0.988), (0.994, 0.975))
    slant = ":".join(f"x{index}={x}*W:y{index}={y}*H" for index, (x, y) in enumerate(corners))
    camera = (
        f"perspective={slant}:interpolation=cubic,lutyuv=y='16+219*pow(clip((val-16)/219,0,1),1.2)',gblur=sigma=0.7"
    )
    graph = (
        f"[0:v]format=yuv420p,{camera}[seen];[1:v]format=yuv420p[rings];"
        f"[seen][rings]blend=c0_mode=multiply:shortest=1,noise=c0s=5:c0f=t,{ENDING}"
    )
    target = folder / "copy.mp4"
    inputs = ("-threads", "1", "-i", f"file:{marked}", "-loop", "1", "-i", str(folder / "moire.png"), "-an")
    threads = ("-filter_complex_threads", "1", "-threads", "1")
    ffmpeg(*inputs, "-filter_complex", graph, *X264, "-crf", str(DEFAULT_CRF), *threads, str(target))
    return target


def moire(width: int, height: int) -> Any:
    """uint8 [height, width]: what light two slightly bent gratings let through, 80 to 100 %."""
    import numpy as np

    y, x = np.mgrid[:height, :width].astype(np.float32) / np.float32(min(width, height))
    # waves over the short side and their direction in degrees; a hand-held camera gives some tens
    light = np.ones_like(x)
    for waves, angle_deg in ((71.0, 8.0), (27.0, 97.0)):
        angle = np.deg2rad(angle_deg)
        along = np.cos(angle) * x + np.sin(angle) * y + 0.03 * (x - y) ** 2
        light *= 0.95 + 0.05 * np.sin(2 * np.pi * waves * along)
    return np.rint(255 * light).astype(np.uint8)


ATTACKS: Mapping[str, Attack] = {
    "none": Attack(_untouched),
    "single_frame": Attack(_single_frame),
    **{f"h264_crf{crf}": _h264(crf) for crf in (18, 23, 28, 33, 38, 40, 45)},
    **{f"h265_crf{crf}": _h265(crf) for crf in (28, 32, 36)},
    "vp9_600k": Attack(_through(Generation(encoder=VP9, suffix="webm")), ("libvpx-vp9",)),
    "av1": Attack(_av1, tuple(AV1)),
    "resize_1_2": _filtered("scale=iw/2:ih/2", crf=RESIZED_CRF),
    "resize_1_3": _filtered("scale=iw/3:ih/3", crf=RESIZED_CRF),
    "resize_09_11": _filtered("scale=iw*0.9:ih*1.1"),
    "crop_071": _filtered(_cropped(0.71)),
    "crop_055": _filtered(_cropped(0.55)),
    "crop_040": _filtered(_cropped(0.40)),
    "crop_9_16": _filtered("crop=min(iw\\,ih*9/16):ih"),
    "rotate_2": _filtered("rotate=2*PI/180"),
    "rotate_5": _filtered("rotate=5*PI/180"),
    "rotate_10": _filtered("rotate=-10*PI/180"),
    "rotate_90": _filtered("transpose=1"),
    "flip": _filtered("hflip"),
    "brightness_05": _filtered(_brightness(0.5)),
    "brightness_15": _filtered(_brightness(1.5)),
    "contrast_05": _filtered(_contrast(0.5)),
    "contrast_15": _filtered(_contrast(1.5)),
    "saturation": _filtered("hue=s=2"),
    "hue": _filtered("hue=h=60"),
    "blur": _filtered("gblur=sigma=1.5"),
    "noise": _filtered("noise=c0s=12:c0f=t"),
    "sharpen": _filtered("unsharp=5:5:1.5"),
    "jpeg_40": Attack(_jpeg_frames),
    "fps_30": _filtered("fps=30"),
    "fps_15": _filtered("fps=15"),
    "trim_1s": _trimmed(1.0),
    "trim_2s": _trimmed(2.0),
    "trim_4s": _trimmed(4.0),
    "speed_125": _filtered("setpts=PTS/1.25"),
    "letterbox": _filtered(LETTERBOX),
    "pillarbox_1_2": _filtered("scale=trunc(iw/4)*2:trunc(ih/4)*2,pad=iw*1.6:ih:(ow-iw)/2:0", crf=RESIZED_CRF),
    "caption_bar": _filtered(CAPTION),
    "logo": _filtered(LOGO),
    "chain": Attack(_chain()),
    "combined": Attack(
        _through(Generation(f"{_cropped(0.71)},{_brightness(0.5)}", (*X264_MEDIUM, "-crf", "30"))),
    ),
    "screen_capture": Attack(_screen_capture),
}
NAMES = (*ATTACKS, *COLLUDERS)
# what tells most for the least time
QUICK = (
    *("none", "h264_crf28", "h264_crf40", "h265_crf32", "resize_1_3", "resize_09_11", "crop_055", "rotate_5", "flip"),
    *("letterbox", "trim_1s", "chain", "combined", "screen_capture", "collusion_2"),
)
