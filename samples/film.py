"""From linear light to a file: tone curve, grain, and one H.264 encode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from samples.paint import blur
from samples.scene import Scene

# code 1 of ITU-T H.273 is BT.709 in each of the three tables; range 1 is limited ("tv") in libav
_BT709, _LIMITED = 1, 1


def develop(light: np.ndarray) -> np.ndarray:
    """Display values 0..1 of linear light: a shoulder that lets highlights roll off, then gamma 2.2."""
    import cv2

    light = np.maximum(light, 0.0)
    # x (1 + x / w^2) / (1 + x) maps w to 1 (Reinhard et al. 2002, eq. 4); w = 5, lifted so that 0.18 stays mid grey
    lifted = light * 1.25
    shown = lifted * (1.0 + lifted / 25.0) / (1.0 + lifted)
    # a little more saturation: the shoulder washes colours out
    grey = shown @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    shown = grey[..., None] + (shown - grey[..., None]) * 1.22
    display = cv2.pow(np.clip(shown, 0.0, 1.0).astype(np.float32), 1 / 2.2)
    # the gentle S of a print stock: deeper shadows, the middle kept
    return display + 0.45 * display * (1.0 - display) * (display - 0.42)


def grain_tiles(scene: Scene, count: int = 6) -> np.ndarray:
    """Film grain float32 [count, H, W], mean 0, deviation 1, a little clumped as silver is."""
    random = np.random.default_rng(scene.seed + 9000)
    shape = (scene.height_px, scene.width_px)
    tiles = [blur(random.standard_normal(shape).astype(np.float32), 0.8) for _ in range(count)]
    return np.stack([tile / tile.std() for tile in tiles])


def finish(display: np.ndarray, grain: np.ndarray, strength: float) -> np.ndarray:
    """Vignette, grain strongest in the middle tones, rounding to uint8 [H, W, 3]."""
    height, width = display.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    display = display * (1.0 - 0.10 * (x * x + y * y))[..., None]
    middle = 0.45 + 2.2 * display[..., 1] * (1.0 - display[..., 1])
    codes = display * 255.0 + (grain * middle * strength)[..., None]
    return np.clip(np.rint(codes), 0, 255).astype(np.uint8)


def pictures(scene: Scene) -> Iterator[np.ndarray]:
    """Every finished picture of a scene, uint8 [H, W, 3]."""
    tiles = grain_tiles(scene)
    for index in range(scene.frames):
        light = scene.picture(float(index / scene.frame_rate))
        # mirrored tiles in turn: the grain never stands still and never shows a period
        tile = tiles[index % len(tiles)][:: 1 - 2 * (index // 6 % 2), :: 1 - 2 * (index // 12 % 2)]
        yield finish(develop(light), tile, scene.grain)


def encode(scene: Scene, path: Path, on_picture: Callable[[], None]) -> None:
    """Render a scene into an MP4 (H.264, 4:2:0, tagged BT.709, no sound track)."""
    import av

    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=scene.frame_rate)
        stream.width, stream.height, stream.pix_fmt = scene.width_px, scene.height_px, "yuv420p"
        # one thread: the encode is then the same on every machine
        stream.codec_context.thread_count = 1
        stream.options = {"crf": str(scene.crf), "preset": "slow", "bf": "2"}
        tag_bt709(stream.codec_context)
        for index, picture in enumerate(pictures(scene)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            frame.pts, frame.time_base = index, 1 / scene.frame_rate
            container.mux(stream.encode(frame))
            on_picture()
        container.mux(stream.encode())


def tag_bt709(context: object) -> None:
    """Say in the stream how its code values map to colour."""
    for name in ("color_primaries", "color_trc", "colorspace"):
        setattr(context, name, _BT709)
    context.color_range = _LIMITED  # type: ignore[attr-defined]
