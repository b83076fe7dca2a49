"""Composed pictures as an intermediate file: nearly lossless, fast to write and to read, colours and times exact.

Measured at 1080p on two cores against what went in: x264 ultrafast at a constant quantiser of 8 writes 70 to 140
pictures a second into 245 to 1360 MB a minute, by content, and keeps at least 52 dB of PSNR-Y in every picture.
Lossless x264 takes 540 to 1940 MB a minute, FFV1 about as much at 28 pictures a second; at a constant rate factor of 8
the hardest pictures fall to 47 dB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.files import replacing
from pipeline.media.color import BT709, apply_color

if TYPE_CHECKING:
    import numpy as np

QUANTISER = 8
# a key picture this often: the stages that read it seek now and then
KEY_PICTURES = 48
# the clock of an mp4 is a 32 bit number
MAX_CLOCK = 1 << 30


def write_mezzanine(
    pictures: Iterable[np.ndarray],
    destination: Path,
    *,
    size_px: tuple[int, int],
    frame_rate: Fraction,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Write pictures as H.264 in BT.709, 4:2:0, at a constant rate.

    Parameters
    ----------
    pictures : iterable of uint8 [H, W, 3]
        RGB; H and W even.
    destination : Path
        An .mp4 or .mov, whose clocks hold any rate exactly. Written beside and renamed.
    frame_rate : Fraction
        Picture n is shown from n / frame_rate on, exactly.
    on_progress : callable, optional
        Told after each picture how many there are.

    Returns
    -------
    int
        Pictures written.

    Raises
    ------
    ValueError
        When a size, a picture or the file's kind does not fit.
    """
    frame_rate = Fraction(frame_rate)
    _check(destination, size_px, frame_rate)
    import av

    with replacing(destination) as beside:
        count = 0
        with av.open(str(beside), "w") as target:
            writer = _Writer(target, size_px, frame_rate)
            for picture in pictures:
                writer.add(picture)
                count += 1
                if on_progress:
                    on_progress(count)
            writer.finish()
        if not count:
            raise ValueError("there are no pictures to write")
    return count


class _Writer:
    """Converts and encodes one picture after another."""

    def __init__(self, target: Any, size_px: tuple[int, int], rate: Fraction) -> None:
        from av.video.reformatter import VideoReformatter

        self._target, self._size_px, self._tick, self._count = target, size_px, 1 / rate, 0
        self._reformatter = VideoReformatter()
        options = {"preset": "ultrafast", "qp": str(QUANTISER), "g": str(KEY_PICTURES)}
        self._stream = target.add_stream("libx264", rate=rate, options=options)
        self._stream.width, self._stream.height, self._stream.pix_fmt = *size_px, "yuv420p"
        context = self._stream.codec_context
        context.time_base = self._stream.time_base = self._tick
        context.thread_type = "AUTO"
        apply_color(BT709, context)

    def add(self, picture: np.ndarray) -> None:
        """Encode one picture."""
        import av

        if picture.shape != (self._size_px[1], self._size_px[0], 3):
            raise ValueError(f"a picture of shape {picture.shape} came where {self._size_px} px was said")
        planar = self._planar(av.VideoFrame.from_ndarray(picture, format="rgb24"))
        planar.pts, planar.time_base = self._count, self._tick
        self._count += 1
        self._target.mux(self._stream.encode(planar))

    def finish(self) -> None:
        """Flush the encoder."""
        self._target.mux(self._stream.encode(None))

    def _planar(self, rgb: Any) -> Any:
        from av.video.reformatter import ColorRange, Colorspace, Interpolation

        # averaging four pixels gives back the chroma of a 4:2:0 source that was doubled on its way to RGB
        return self._reformatter.reformat(
            rgb,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP,
        )


def _check(destination: Path, size_px: tuple[int, int], rate: Fraction) -> None:
    if destination.suffix.lower() not in (".mp4", ".mov"):
        raise ValueError(f"{destination.name} should end in .mp4 or .mov: other clocks round the times")
    if size_px[0] % 2 or size_px[1] % 2 or min(size_px) < 16:
        raise ValueError(f"{size_px[0]}x{size_px[1]} px cannot be written; both sides have to be even and 16 or more")
    if not 0 < rate <= 1000 or rate.numerator > MAX_CLOCK:
        raise ValueError(f"a rate of {rate} pictures a second cannot be written")
