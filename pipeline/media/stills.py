"""Stills: PNG, JPEG and WebP pictures whose brightness is changed and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UnreadableInput, UsageError
from pipeline.files import replacing

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp"))
# larger ones are headers that lie, or scans that need another tool
MOST_PIXELS = 200_000_000
# luma of full-range RGB as JPEG has it (ITU-T T.871)
LUMA = (0.299, 0.587, 0.114)
# what a picture is written with where the source does not say
JPEG_QUALITY, WEBP_QUALITY = 95, 92

OnLuma = Callable[["np.ndarray"], "np.ndarray"]
OnRgb = Callable[["np.ndarray"], "np.ndarray"]


def is_still(path: Path) -> bool:
    """Whether a file is a still by its name."""
    return path.suffix.lower() in SUFFIXES


def still_size_px(path: Path) -> tuple[int, int]:
    """(width, height) of a still, without decoding it; UnreadableInput when it is none."""
    with _open(path) as picture:
        width, height = picture.size
    return width, height


def change_still(source: Path, destination: Path, *, on_luma: OnLuma, on_rgb: OnRgb | None = None) -> None:
    """Write a still with another luma; colour, transparency, profile and tags stay.

    Parameters
    ----------
    source, destination
        .png, .jpg, .jpeg or .webp; a JPEG from a JPEG keeps its quantisation and sampling.
    on_luma
        Gets luma uint8 [height, width] as it is stored and returns the changed one.
    on_rgb
        Gets uint8 [height, width, 3] before that and returns the changed one; grey pictures become colour then.

    Raises
    ------
    UnreadableInput
        No picture, too large, or an animation.
    UsageError
        A destination of another kind.
    """
    suffix = destination.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"A still is written as .png, .jpg or .webp, not {suffix or 'a file without a suffix'!r}.")
    with _open(source) as picture:
        decoded = _decoded(picture, source)
        options = _save_options(decoded, suffix)
        changed = _changed(decoded, on_luma, on_rgb, keeps_alpha=suffix not in (".jpg", ".jpeg"))
    with replacing(destination) as beside:
        changed.save(beside, **options)


def still_luma(path: Path) -> np.ndarray:
    """Luma of a still, uint8 [height, width]; errors as `change_still`."""
    import numpy as np

    with _open(path) as picture:
        return np.asarray(_colour(_decoded(picture, path)).convert("YCbCr").getchannel(0))


def still_rgb(path: Path, *, width_px: int | None = None) -> np.ndarray:
    """RGB uint8 [height, width, 3], scaled down to at most `width_px` across if given; errors as `change_still`."""
    import numpy as np

    with _open(path) as picture:
        small = _colour(_decoded(picture, path))
        if width_px:
            small.thumbnail((width_px, 4 * width_px))
        return np.asarray(small)


def _open(path: Path) -> Any:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow warns from 90 megapixels on; ours is the limit that counts
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(path, formats=("PNG", "JPEG", "WEBP"))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableInput(
            f"{path.name} is no PNG, JPEG or WebP picture that can be read; export it anew."
        ) from error
    complaint = _complaint(picture)
    if complaint:
        picture.close()
        raise UnreadableInput(f"{path.name} {complaint}")
    return picture


def _complaint(picture: Any) -> str:
    """Why a picture cannot be marked as a still; empty when it can."""
    if getattr(picture, "is_animated", False):
        return "is an animation; convert it to a video and mark that."
    if picture.width * picture.height > MOST_PIXELS:
        return f"has more than {MOST_PIXELS // 10**6} megapixels; scale it down first."
    if picture.mode in ("CMYK", "LAB") or picture.mode.startswith(("I", "F")):
        return f"has {picture.mode} samples; convert it to RGB with 8 bits a channel first."
    return ""


def _decoded(picture: Any, path: Path) -> Any:
    try:
        picture.load()
    except (OSError, ValueError, SyntaxError) as error:
        raise UnreadableInput(f"{path.name} is damaged or cut off; ask for a complete copy.") from error
    return picture


def _colour(picture: Any) -> Any:
    """RGB, transparent parts as they are stored."""
    return (
        picture.convert("RGBA").convert("RGB") if picture.mode in ("P", "PA", "LA", "RGBA") else picture.convert("RGB")
    )


def _changed(picture: Any, on_luma: OnLuma, on_rgb: OnRgb | None, *, keeps_alpha: bool) -> Any:
    import numpy as np
    from PIL import Image

    if picture.mode in ("L", "1") and on_rgb is None:
        return Image.fromarray(on_luma(np.asarray(picture.convert("L"))))
    has_alpha = picture.mode in ("PA", "LA", "RGBA") or "transparency" in picture.info
    alpha = picture.convert("RGBA").getchannel("A") if keeps_alpha and has_alpha else None
    colour = np.asarray(_colour(picture))
    rgb = (on_rgb(colour) if on_rgb else colour).astype(np.int16)
    luma = np.clip(np.rint(rgb @ np.array(LUMA)), 0, 255).astype(np.uint8)
    # the same step in all three channels moves luma by that step and chroma not at all
    step = on_luma(luma).astype(np.int16) - luma
    marked = Image.fromarray(np.clip(rgb + step[:, :, None], 0, 255).astype(np.uint8))
    if alpha is not None:
        marked.putalpha(alpha)
    return marked


def _save_options(picture: Any, suffix: str) -> dict[str, Any]:
    """What is carried over from the source, and how the picture is coded."""
    kept = {name: picture.info[name] for name in ("icc_profile", "dpi", "xmp") if picture.info.get(name)}
    exif = picture.getexif().tobytes()
    if exif:
        kept["exif"] = exif
    if suffix == ".webp":
        lossless = picture.format == "PNG"
        kept.pop("dpi", None)
        return kept | {"format": "WEBP", "lossless": lossless, "quality": 80 if lossless else WEBP_QUALITY, "method": 4}
    if suffix == ".png":
        kept.pop("xmp", None)
        return kept | {"format": "PNG", "pnginfo": _texts(picture)}
    if picture.format == "JPEG" and picture.mode in ("RGB", "L"):
        from PIL import JpegImagePlugin

        sampling = JpegImagePlugin.get_sampling(picture)
        tables = {"qtables": picture.quantization} | ({"subsampling": sampling} if sampling >= 0 else {})
        return kept | {"format": "JPEG", "optimize": True} | tables
    return kept | {"format": "JPEG", "quality": JPEG_QUALITY, "subsampling": 0, "optimize": True}


def _texts(picture: Any) -> Any:
    """Text chunks for a PNG: those of a PNG, or the XMP of another kind in the place PNG has for it."""
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    for name, text in getattr(picture, "text", {}).items():
        texts.add_itxt(name, str(text))
    xmp = picture.info.get("xmp")
    if xmp and "XML:com.adobe.xmp" not in getattr(picture, "text", {}):
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode(errors="replace") if isinstance(xmp, bytes) else str(xmp))
    return texts
