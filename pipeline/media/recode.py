"""Encoding a few luma pictures in memory and decoding them again, with the encoder's motion vectors if asked."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# chroma of a picture without colour
NEUTRAL_CHROMA = 128


def recode(
    lumas: NDArray[np.uint8], *, crf: int, rate_hz: int = 8, preset: str = "veryfast", codec: str = "libx264"
) -> NDArray[np.uint8]:
    """Pictures as they come back from a lossy encoder.

    Parameters
    ----------
    lumas : uint8 [T, H, W]
        H and W even.
    crf : int
        Rate factor of the encoder.
    codec : str
        "libx264" or "libx265".

    Returns
    -------
    uint8 [T, H, W]

    Raises
    ------
    ValueError
        When a side is odd, or as many pictures do not come back as went in.
    """
    return _through(lumas, crf=crf, rate_hz=rate_hz, preset=preset, codec=codec, vectors=False)[0]


def recode_with_vectors(
    lumas: NDArray[np.uint8], *, crf: int = 23, rate_hz: int = 8, preset: str = "veryfast"
) -> tuple[NDArray[np.uint8], tuple[NDArray[np.float32], ...]]:
    """The same with x264, and the motion vectors of every picture.

    Returns
    -------
    uint8 [T, H, W], and per picture float32 [blocks, 5]: centre x, centre y in pixels of the picture, motion x, motion
    y in pixels from the place in the picture before to here, width of the block in pixels. Intra blocks have none.
    """
    # one reference and no B pictures, so that every vector spans exactly one step of time
    return _through(lumas, crf=crf, rate_hz=rate_hz, preset=preset, codec="libx264", vectors=True)


def _through(
    lumas: NDArray[np.uint8], *, crf: int, rate_hz: int, preset: str, codec: str, vectors: bool
) -> tuple[NDArray[np.uint8], tuple[NDArray[np.float32], ...]]:
    import av
    import numpy as np

    if lumas.shape[1] % 2 or lumas.shape[2] % 2:
        raise ValueError(f"pictures of {lumas.shape[2]}x{lumas.shape[1]} have an odd side; cut them to even sides")
    memory = io.BytesIO()
    options = {"crf": str(crf), "preset": preset, "threads": "1"}
    if codec == "libx265":
        options["x265-params"] = "log-level=none:pools=none:frame-threads=1"
    elif vectors:
        options |= {"bf": "0", "refs": "1"}
    target: Any
    source: Any
    with av.open(memory, "w", format="matroska") as target:
        stream: Any = target.add_stream(codec, rate=rate_hz, options=options)
        stream.height, stream.width, stream.pix_fmt = lumas.shape[1], lumas.shape[2], "yuv420p"
        for luma in lumas:
            target.mux(stream.encode(_picture(luma)))
        target.mux(stream.encode(None))
    memory.seek(0)
    found, moved = [], []
    with av.open(memory) as source:
        stream = source.streams.video[0]
        stream.thread_count = 1
        if vectors:
            stream.codec_context.options = {"flags2": "+export_mvs"}
        for picture in source.decode(stream):
            found.append(_luma(picture))
            if vectors:
                moved.append(_vectors(picture))
    if len(found) != len(lumas):
        raise ValueError(f"{len(lumas)} pictures went into the encoder and {len(found)} came back")
    return np.stack(found), tuple(moved)


def _picture(luma: NDArray[np.uint8]) -> Any:
    import av

    from pipeline.media.frames import plane_view

    picture = av.VideoFrame(luma.shape[1], luma.shape[0], "yuv420p")
    plane_view(picture, 0)[:] = luma
    for index in (1, 2):
        plane_view(picture, index)[:] = NEUTRAL_CHROMA
    return picture


def _luma(picture: Any) -> NDArray[np.uint8]:
    from pipeline.media.frames import plane_view

    return plane_view(picture, 0).copy()


def _vectors(picture: Any) -> NDArray[np.float32]:
    import numpy as np
    from av.sidedata.sidedata import Type

    side = picture.side_data.get(Type.MOTION_VECTORS)
    if side is None:
        return np.zeros((0, 5), np.float32)
    rows = side.to_ndarray()
    scale = np.maximum(rows["motion_scale"].astype(np.float32), 1.0)
    # libav points from here back to where the block came from
    back = [rows[f"motion_{axis}"].astype(np.float32) / scale for axis in ("x", "y")]
    return np.stack(
        [rows["dst_x"], rows["dst_y"], -back[0], -back[1], rows["w"]], axis=1, dtype=np.float32, casting="unsafe"
    )
