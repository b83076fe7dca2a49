"""Draws what the mark does to pictures: original, marked, and the difference twenty times as strong.

    python -m docs.draw_mark [FOLDER]

Writes FOLDER/mark.webp; FOLDER is docs when left out. Crops of the pictures are shown at 200 %, as large as the pattern
that the mark is made of. Strengths are those that `foleymark mark` would choose under "balanced".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.media.frames import read_frames
from pipeline.media.probe import probe
from pipeline.records import Payload
from pipeline.watermark.picture.marker import PictureMarker, choose_strength

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
# of the files in samples: heading, time, and left top corner of the crop as shares of width and height
CLIPS = {
    "talking_head": ("Face", 2.0, (0.37, 0.22)),
    "sea_sunset": ("Sky and sea", 2.0, (0.30, 0.25)),
    "walker": ("Texture", 2.0, (0.40, 0.62)),
    "anvil": ("Dark scene", 2.0, (0.57, 0.42)),
}
CROP_PX = (320, 176)
ZOOM = 2
AMPLIFIED = 20
# any mark will do: the drawing must come out the same every time
KEY, PAYLOAD = bytes(range(32)), Payload(version=1, id=0x0123456789ABCDE)
SIZE_PX = (1920, 1080)
# neighbouring pictures that the strength is chosen by
RUN = 3


@dataclass(frozen=True)
class Shown:
    """One row of the sheet."""

    heading: str
    # RGB uint8 [H, W, 3] crops
    original: np.ndarray = field(repr=False)
    marked: np.ndarray = field(repr=False)
    # of luma, 8-bit levels
    difference: np.ndarray = field(repr=False)
    strength: float
    psnr_db: float


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    folder.mkdir(parents=True, exist_ok=True)
    _sheet([*_rendered(), *_filmed()], folder / "mark.webp")


def _rendered() -> Iterator[Shown]:
    for heading, luma, corner in (
        ("Gradient", _gradient(), (0.4, 0.3)),
        ("Text", _text(), (0.02, 0.05)),
    ):
        yield _shown(heading, [luma] * RUN, _gray_rgb(luma), corner)


def _filmed() -> Iterator[Shown]:
    for name, (heading, start_s, corner) in CLIPS.items():
        clip = probe(SAMPLES / f"{name}.mp4")
        frames = [frame for frame, _ in zip(read_frames(clip, start_s=start_s), range(RUN), strict=False)]
        lumas = [frame.luma.copy() for frame in frames]
        rgb = frames[0].picture.to_ndarray(format="rgb24")
        yield _shown(heading, lumas, rgb, corner)


def _shown(heading: str, lumas: list[np.ndarray], rgb: np.ndarray, corner: tuple[float, float]) -> Shown:
    height_px, width_px = lumas[0].shape
    aspect = width_px / height_px
    strength = choose_strength(lumas, display_aspect=aspect)
    marker = PictureMarker(width_px, height_px, payload=PAYLOAD, key=KEY, strength=strength, display_aspect=aspect)
    difference = marker(lumas[0]).astype(np.int16) - lumas[0]
    left, top = int(corner[0] * width_px), int(corner[1] * height_px)
    rows, columns = slice(top, top + CROP_PX[1]), slice(left, left + CROP_PX[0])
    original, change = rgb[rows, columns], difference[rows, columns]
    # 219 levels of luma span 255 levels of red, green and blue
    marked = np.clip(original + np.round(change * (255 / 219))[..., None], 0, 255).astype(np.uint8)
    return Shown(heading, original, marked, change, strength, marker.psnr_db)


def _gradient() -> np.ndarray:
    width_px, height_px = SIZE_PX
    level = np.linspace(150, 215, height_px)[:, None] + np.zeros((1, width_px))
    return np.round(level).astype(np.uint8)


def _text() -> np.ndarray:
    import cv2

    page = np.full(SIZE_PX[::-1], 225, np.uint8)
    words = "Whatever is written here stays as sharp as it was before the mark was added"
    for line in range(12):
        place = (48, 110 + 80 * line)
        cv2.putText(page, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.7 + 0.06 * line, 30, 1 + line // 6, cv2.LINE_AA)
    return page


def _gray_rgb(luma: np.ndarray) -> np.ndarray:
    level = np.clip((luma.astype(np.float32) - 16) * (255 / 219), 0, 255)
    return np.repeat(level.astype(np.uint8)[..., None], 3, axis=2)


def _sheet(rows: list[Shown], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    inch_px, head_px = 100, 26
    width_px, row_px = 3 * CROP_PX[0] * ZOOM, CROP_PX[1] * ZOOM + head_px
    figure = pyplot.figure(figsize=(width_px / inch_px, len(rows) * row_px / inch_px), dpi=inch_px)
    for index, shown in enumerate(rows):
        amplified = np.clip(128 + AMPLIFIED * shown.difference, 0, 255).astype(np.uint8)
        words = (shown.heading, f"marked, {shown.psnr_db:.1f} dB", f"difference x{AMPLIFIED}")
        for column, picture in enumerate((shown.original, shown.marked, amplified)):
            bottom = 1 - ((index + 1) * row_px) / (len(rows) * row_px)
            box = (column / 3, bottom, 1 / 3 - 0.002, CROP_PX[1] * ZOOM / (len(rows) * row_px))
            axes = figure.add_axes(box)
            axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="auto")
            axes.set_axis_off()
            axes.set_title(words[column], fontsize=10, loc="left", pad=4)
    figure.savefig(path, pil_kwargs={"quality": 88, "method": 6})
    pyplot.close(figure)


if __name__ == "__main__":
    main()
