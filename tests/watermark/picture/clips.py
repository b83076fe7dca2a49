"""Synthetic pictures with known content, and a real encode to put them through."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np


def textured(width_px: int, height_px: int, *, frames: int, seed: int = 0, speed_px: float = 1.5) -> list[np.ndarray]:
    """A panning picture with soft shapes, fine texture, edges and film grain; uint8 [H, W] each."""
    random = np.random.default_rng(seed)
    margin = int(frames * speed_px) + 2
    wide = np.full((height_px, width_px + margin), 110.0, dtype=np.float32)
    for cell, gain in ((4, 4.0), (16, 12.0), (64, 35.0)):
        shape = (height_px // cell + 2, (width_px + margin) // cell + 2)
        noise = random.normal(0, gain, shape).astype(np.float32)
        wide += cv2.resize(noise, wide.shape[::-1], interpolation=cv2.INTER_CUBIC)
    for _ in range(6):
        centre = (int(random.integers(wide.shape[1])), int(random.integers(height_px)))
        cv2.circle(wide, centre, max(3, height_px // 9), float(random.integers(50, 200)), -1, cv2.LINE_AA)
    pictures = []
    for index in range(frames):
        left = int(index * speed_px)
        grain = random.normal(0, 1.5, (height_px, width_px)).astype(np.float32)
        pictures.append(np.clip(wide[:, left : left + width_px] + grain, 16, 235).astype(np.uint8))
    return pictures


def through_codec(
    lumas: Sequence[np.ndarray], path: Path, *, crf: int, size_px: tuple[int, int] | None = None
) -> list[np.ndarray]:
    """Encode with x264 (after scaling, when asked), decode again; uint8 [H, W] each."""
    height_px, width_px = lumas[0].shape
    out_width_px, out_height_px = size_px or (width_px // 2 * 2, height_px // 2 * 2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = out_width_px, out_height_px, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast"}
        for index, luma in enumerate(lumas):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), format="gray")
            frame = frame.reformat(
                width=out_width_px,
                height=out_height_px,
                format="yuv420p",
                interpolation="BICUBIC",
                src_color_range="MPEG",
                dst_color_range="MPEG",
            )
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        planes = [frame.reformat(format="yuv420p").to_ndarray() for frame in container.decode(video=0)]
    return [plane[:out_height_px] for plane in planes]
