"""Pictures as a screen shows them: upright RGB by the right matrix, rounded, HDR brought down to SDR.

libav's quick way to RGB cuts instead of rounding: a picture that goes to RGB and back is a whole code value darker
(46.9 dB at 1080p). Converted here it comes back with 68 dB, and no slower.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from pipeline.media.encode import is_rgb
from pipeline.media.frames import Frame, plane_view, upright
from pipeline.records import Clip

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

# Players take BT.709 for anything larger than PAL when a file does not say; libav takes BT.601 for all.
SD_WIDTH_PX, SD_HEIGHT_PX = 1279, 576
# transfer curves of HDR (ITU-R BT.2100): PQ and HLG
HDR_TRANSFERS = ("smpte2084", "arib_std_b67")
# Weights of red and blue in luma, by matrix code of ITU-T H.273.
BT709, BT601 = 1, 6
WEIGHTS = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087)}
WEIGHTS |= {9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
FULL_RANGE = 2
# 8 bit formats with three planes
_PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")


class Display:
    """Turns the pictures of one clip into RGB. Holds a converter, whose tables are dear to make."""

    def __init__(self, clip: Clip) -> None:
        from av.video.reformatter import VideoReformatter

        self._clip = clip
        self._reformatter = VideoReformatter()
        self._is_hdr = clip.video.color.transfer in HDR_TRANSFERS
        if self._is_hdr:
            logger.warning("%s is HDR; its pictures are brought down to SDR", clip.path.name)

    def rgb(self, frame: Frame, *, smooth: bool = False) -> np.ndarray:
        """One picture, uint8 [height, width, 3], upright, in stored pixels.

        Chroma samples are repeated, so that averaging gives them back; with `smooth` they are interpolated, which
        looks better enlarged.
        """
        import numpy as np

        picture = frame.picture
        planar = picture.format.name in _PLANAR and not self._is_hdr
        image = self._by_matrix(picture, smooth) if planar else self._by_libav(picture)
        return np.ascontiguousarray(upright(image, self._clip.video.rotation_deg))

    def _by_matrix(self, picture: Any, smooth: bool) -> np.ndarray:
        import cv2

        full = picture.color_range == FULL_RANGE or picture.format.name.startswith("yuvj")
        luma, *chroma = (plane_view(picture, index) for index in range(3))
        how, size = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST, luma.shape[::-1]
        # doubled and cut, not scaled: with odd sides the last sample covers one pixel
        doubled = [_doubled(plane, size, how) for plane in chroma]
        return cv2.transform(cv2.merge([luma, *doubled]), to_rgb(_matrix_code(picture), full))

    def _by_libav(self, picture: Any) -> np.ndarray:
        from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc, Interpolation

        exact = Interpolation.POINT | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
        options: dict[str, Any] = {"interpolation": exact}
        if not is_rgb(picture.format) and _matrix_code(picture) == BT709:
            options["src_colorspace"] = Colorspace.ITU709
        if self._is_hdr:
            options |= {"dst_color_trc": ColorTrc.BT709, "dst_color_primaries": ColorPrimaries.BT709}
        if not _has_alpha(picture.format):
            return self._reformatter.reformat(picture, format="rgb24", **options).to_ndarray()
        return _on_black(self._reformatter.reformat(picture, format="rgba", **options).to_ndarray())


def _has_alpha(pixel_format: Any) -> bool:
    return len(pixel_format.components) in (2, 4) or pixel_format.has_palette


def _on_black(rgba: np.ndarray) -> np.ndarray:
    """What is transparent holds any colour below; it is black in a film."""
    import cv2
    import numpy as np

    rgb, alpha = np.ascontiguousarray(rgba[..., :3]), rgba[..., 3]
    if alpha.min() == 255:
        return rgb
    return cv2.multiply(rgb, cv2.merge([alpha] * 3), scale=1 / 255)


def _doubled(plane: np.ndarray, size: tuple[int, int], how: int) -> np.ndarray:
    import cv2

    height, width = plane.shape
    across, down = (2 if width < size[0] else 1), (2 if height < size[1] else 1)
    if across == down == 1:
        return plane
    return cv2.resize(plane, (across * width, down * height), interpolation=how)[: size[1], : size[0]]


def _matrix_code(picture: Any) -> int:
    """What the picture says, or what players take when it says nothing."""
    code = int(picture.colorspace)
    if code in WEIGHTS:
        return code
    return BT709 if picture.width > SD_WIDTH_PX or picture.height > SD_HEIGHT_PX else BT601


@functools.lru_cache(maxsize=16)
def to_rgb(matrix_code: int, full_range: bool) -> np.ndarray:
    """Luma and chroma code values to RGB, float64 [3, 4], the last column added (ITU-T H.273, 8 bit)."""
    import numpy as np

    red, blue = WEIGHTS[matrix_code]
    green = 1 - red - blue
    luma, chroma, black = (1.0, 1.0, 0) if full_range else (255 / 219, 255 / 224, 16)
    to_red, to_blue = 2 * (1 - red) * chroma, 2 * (1 - blue) * chroma
    rows = np.array(
        [[luma, 0, to_red], [luma, -to_blue * blue / green, -to_red * red / green], [luma, to_blue, 0]], np.float64
    )
    return np.hstack([rows, -rows @ np.array([[black], [128], [128]])])
