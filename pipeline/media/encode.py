"""Encoding pictures: one pass, the source's own times, colour and shape kept."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pipeline.config import EncodeSettings
from pipeline.media.color import BT709, apply_color, color_tags
from pipeline.media.container import decode
from pipeline.media.frames import plane_view, upright, working_format
from pipeline.records import Clip

if TYPE_CHECKING:
    import numpy as np

# Clocks this coarse (Matroska, FLV, GIF) round a picture's time; a constant rate is put back on its exact grid.
COARSE_TICK = Fraction(1, 1000)


class PictureEncoder:
    """Decodes packets of one stream, lets `on_luma` change each picture, and encodes it.

    8 bit becomes H.264, deeper becomes 10-bit HEVC, both 4:2:0. The rotation flag is applied to the pixels;
    odd sides grow by one repeated line, because 4:2:0 has none. Times, sample aspect and colour tags stay.
    """

    def __init__(
        self,
        target: Any,
        stream: Any,
        clip: Clip,
        settings: EncodeSettings,
        on_luma: Callable[[np.ndarray], np.ndarray] | None,
    ) -> None:
        self.count = 0
        self._target = target
        self._source = stream
        self._clip = clip
        self._settings = settings
        self._on_luma = on_luma
        self._last_tick = -1
        self._time_base, self._snap = _clock(clip)
        # opened before the first packet of any stream is written: the header lists all streams
        self._out = self._open()

    def add(self, packet: Any | None) -> None:
        """Decode a packet and encode the pictures that come out of it."""
        for picture in decode(self._source, packet):
            if picture.pts is not None:
                self._encode(picture)

    def finish(self) -> None:
        """Flush decoder and encoder."""
        self.add(None)
        self._target.mux(self._out.encode(None))

    def _encode(self, picture: Any) -> None:
        planar = planar_picture(picture)
        frame = self._prepared(planar)
        time_s = picture.pts * self._source.time_base - self._clip.origin_s
        # equal or falling times occur in damaged files and would stop the encoder
        tick = max(round(time_s / self._time_base), self._last_tick + 1)
        frame.pts, frame.time_base, self._last_tick = tick, self._time_base, tick
        frame.duration = self._ticks_shown(picture)
        self.count += 1
        self._target.mux(self._out.encode(frame))

    def _ticks_shown(self, picture: Any) -> int:
        if self._snap:
            return 1
        return round((picture.duration or 0) * self._source.time_base / self._time_base)

    def _prepared(self, planar: Any) -> Any:
        """A fresh frame, upright, even-sided, marked; the decoder's own pictures must not be written to."""
        import av

        frame = av.VideoFrame(self._out.width, self._out.height, planar.format.name)
        turn = self._clip.video.rotation_deg
        for index in range(3):
            plane = upright(plane_view(planar, index), turn)
            if index == 0 and self._on_luma:
                plane = self._on_luma(plane)
            _fill(plane_view(frame, index), plane)
        return frame

    def _open(self) -> Any:
        import av

        video = self._clip.video
        source = av.VideoFormat(video.pixel_format)
        pixel_format = working_format(source)
        deep = pixel_format == "yuv420p10le"
        options = {"crf": str(self._settings.crf), "preset": self._settings.preset}
        if deep:
            options["x265-params"] = "log-level=none"
        rate = video.frame_rate.limit_denominator(1 << 16)
        out = self._target.add_stream("libx265" if deep else "libx264", rate=rate, options=options)
        width, height = video.upright_size_px
        out.width, out.height, out.pix_fmt = width + width % 2, height + height % 2, pixel_format
        context = out.codec_context
        context.time_base = out.time_base = self._time_base
        context.thread_type = "AUTO"
        turned = video.rotation_deg in (90, 270)
        context.sample_aspect_ratio = 1 / video.sample_aspect if turned else video.sample_aspect
        if deep:
            context.codec_tag = "hvc1"  # what Apple's players ask for
        apply_color(BT709 if is_rgb(source) else video.color, context)
        return out


def planar_picture(picture: Any) -> Any:
    """The picture as planar 4:2:0 with 8 or 10 bits; its colour range and matrix stay, RGB becomes BT.709."""
    from av.video.reformatter import ColorRange, Colorspace

    name = working_format(picture.format)
    if picture.format.name in (name, "yuvj420p"):
        return picture
    if is_rgb(picture.format):
        return picture.reformat(format=name, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
    span = ColorRange.JPEG if color_tags(picture).range == "pc" else ColorRange.MPEG
    return picture.reformat(format=name, src_color_range=span, dst_color_range=span)


def is_rgb(pixel_format: Any) -> bool:
    """True for RGB and palette formats, which carry no luma."""
    return pixel_format.is_rgb or pixel_format.has_palette


def _clock(clip: Clip) -> tuple[Fraction, bool]:
    """The encoder's tick, and whether times are put back on the grid of a constant rate."""
    video = clip.video
    if video.time_base >= COARSE_TICK and not video.is_variable_rate and video.frames > 2:
        return 1 / video.frame_rate, True
    return video.time_base, False


def _fill(target: np.ndarray, plane: np.ndarray) -> None:
    height, width = plane.shape
    target[:height, :width] = plane
    if target.shape[0] > height:
        target[height:, :width] = plane[-1:]
    if target.shape[1] > width:
        target[:, width:] = target[:, width - 1 : width]


def has_encoder(name: str) -> bool:
    """Whether this build of libav can encode with `name`."""
    import av

    try:
        av.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True
