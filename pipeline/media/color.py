"""Colour tags between libav's code points (ITU-T H.273) and the names in records."""

from __future__ import annotations

from typing import Any

from pipeline.records import ColorTags

# what a picture converted from RGB carries from then on
BT709 = ColorTags(primaries="bt709", transfer="bt709", matrix="itu709", range="tv")
# H.273 code point of primaries, transfer and matrix that nobody stated; PyAV has no name for it among matrices
UNSPECIFIED = 2
_NAMES = {"unspecified": "unknown", "mpeg": "tv", "jpeg": "pc"}
_CODES = {name: code for code, name in _NAMES.items()}


def color_tags(picture: Any) -> ColorTags:
    """The tags of a decoded picture."""
    primaries, transfer, matrix, span = _kinds()
    full = picture.format.name.startswith("yuvj")
    return ColorTags(
        primaries=_name(primaries, picture.color_primaries),
        transfer=_name(transfer, picture.color_trc),
        matrix=_name(matrix, picture.colorspace),
        range="pc" if full else _name(span, picture.color_range),
    )


def apply_color(tags: ColorTags, context: Any) -> None:
    """Put tags on an encoder before it is opened."""
    primaries, transfer, matrix, span = _kinds()
    context.color_primaries = _code(primaries, tags.primaries)
    context.color_trc = _code(transfer, tags.transfer)
    context.colorspace = _code(matrix, tags.matrix)
    context.color_range = _code(span, tags.range)


def _kinds() -> tuple[Any, Any, Any, Any]:
    from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

    return ColorPrimaries, ColorTrc, Colorspace, ColorRange


def _name(kind: Any, value: int) -> str:
    member = next((m for m in kind if int(m) == int(value)), None)
    # a code point that libav has no name for is as good as none
    return _NAMES.get(member.name.lower(), member.name.lower()) if member else "unknown"


def _code(kind: Any, name: str) -> int:
    wanted = _CODES.get(name, name)
    return next((int(m) for m in kind if m.name.lower() == wanted), UNSPECIFIED)
