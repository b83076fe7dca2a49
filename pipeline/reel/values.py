"""Single values of a reel as people write them: times, rates, sizes, colours, levels, texts."""

from __future__ import annotations

import math
import re
import unicodedata
from fractions import Fraction

from pipeline.reel.tree import Node

# what fits the codecs and the memory; coded chroma needs even sides
SIDE_PX = (16, 8192)
RATE_HZ = (1, 120)
# rates that are written rounded: NTSC's are 1000/1001 of a whole number
_NTSC = {f"{nominal * 1000 / 1001:.{digits}f}": nominal for nominal in (24, 30, 48, 60, 120) for digits in (2, 3)}
# frames by what people call them; sizes are what the platforms show at their best without scaling
FORMATS = {
    "16:9": (1920, 1080),
    "9:16": (1080, 1920),
    "1:1": (1080, 1080),
    "4:5": (1080, 1350),
    "4:3": (1440, 1080),
    "21:9": (2520, 1080),
    "youtube": (1920, 1080),
    "tiktok": (1080, 1920),
    "reels": (1080, 1920),
    "shorts": (1080, 1920),
    "instagram": (1080, 1350),
    "square": (1080, 1080),
}
OFF, ON = ("off", "no", "false", "none", "mute"), ("on", "yes", "true")
LEVEL_DB = (-60.0, 12.0)
# characters that turn the direction of writing, and marks that show as nothing (Unicode Cf), can hide what is written
_KEPT_FORMATS = "\u200c\u200d"  # joiners, without which some scripts and emoji fall apart
_TIMECODE = re.compile(r"\d{1,3}:[0-5]\d:[0-5]\d[:;]\d{2,3}")


def text(node: Node, key: str, *, most: int, lines: int = 1) -> str:
    """Words without control characters; several lines where that makes sense."""
    found = word(node, key)
    kept = "".join(
        char if char == "\n" or _shows(char) else " " if char.isspace() else ""
        for char in found.replace("\r\n", "\n").replace("\r", "\n")
    ).strip()
    if not kept:
        node.refuse(f"{key} is empty")
    if len(kept) > most:
        node.refuse(f"{key} has {len(kept)} characters; at most {most} fit")
    if kept.count("\n") >= lines:
        node.refuse(f"{key} has {kept.count(chr(10)) + 1} lines; at most {lines} fit")
    return kept


def _shows(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") or char in _KEPT_FORMATS


def word(node: Node, key: str) -> str:
    """What stands behind a key, which has to be a plain value."""
    if node.items is not None or node.fields is not None:
        node.refuse(f"{key} has to be a single value")
    if node.word is None:
        hint = ' (a # begins a comment: write "#ffffff" in quotes)' if key in ("colour", "background") else ""
        node.refuse(f"{key} has no value; write one or leave the line out{hint}")
    return node.word.strip()


def choice(node: Node, key: str, allowed: tuple[str, ...]) -> str:
    """One of a few words."""
    found = word(node, key).lower()
    if found not in allowed:
        node.refuse(f"{key} is {found[:40]!r}; choose one of {', '.join(allowed)}")
    return found


def number(node: Node, key: str, low: float, high: float, *, found: str | None = None) -> float:
    """A plain number within limits."""
    written = word(node, key) if found is None else found
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        hint = " with a point, not a comma" if re.fullmatch(r"[+-]?\d+,\d+", written) else ""
        node.refuse(f"{key} is {written[:40]!r}; write a number from {low:g} to {high:g}{hint}")
    return value


def seconds(node: Node, key: str, low: float, high: float, *, found: str | None = None) -> float:
    """Seconds: 1.5, 1.5 s, 500 ms, 0:01.5 or 1:02:03.5."""
    written = word(node, key) if found is None else found
    if re.fullmatch(r"(\d{1,3}:)?\d{1,4}:[0-5]?\d(\.\d*)?", written):
        parts = [float(part) for part in written.split(":")]
        return number(node, key, low, high, found=repr(sum(p * 60**i for i, p in enumerate(reversed(parts)))))
    match = re.fullmatch(r"(.*?)\s*(ms|s|sec|seconds?)", written)
    if match and match[2] == "ms":
        return number(node, key, low * 1000, high * 1000, found=match[1]) / 1000
    return number(node, key, low, high, found=match[1] if match else written)


def is_timecode(written: str) -> bool:
    """Whether this is HH:MM:SS:FF, or with a semicolon where numbers are dropped."""
    return _TIMECODE.fullmatch(written) is not None


def rate(node: Node, key: str) -> Fraction:
    """Pictures a second, exact: 25, 23.976, 30000/1001."""
    written = word(node, key).lower().removesuffix("fps").strip()
    if written in _NTSC:
        return Fraction(_NTSC[written] * 1000, 1001)
    if re.fullmatch(r"\d{1,6}/\d{1,5}", written) and not written.endswith("/0"):
        above, below = map(int, written.split("/"))
        if below and RATE_HZ[0] <= Fraction(above, below) <= RATE_HZ[1]:
            return Fraction(above, below)
    return Fraction(str(round(number(node, key, *RATE_HZ, found=written), 3)))


def size(node: Node, key: str) -> tuple[int, int]:
    """1920x1080."""
    written = word(node, key)
    match = re.fullmatch(r"(\d{1,5})\s*[x×X*]\s*(\d{1,5})", written)
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(SIDE_PX[0] <= side <= SIDE_PX[1] and side % 2 == 0 for side in sides):
        node.refuse(f"{key} is {written[:40]!r}; write WIDTHxHEIGHT with even sides from {SIDE_PX[0]} to {SIDE_PX[1]}")
    return sides


def frame(node: Node, key: str) -> tuple[int, int]:
    """A format by name or shape, or a size."""
    written = word(node, key).lower()
    if re.fullmatch(r"\d+\s*[x×*]\s*\d+", written):
        return size(node, key)
    if written not in FORMATS:
        node.refuse(f"{key} is {written[:40]!r}; choose one of {', '.join(FORMATS)}, or write a size as 1920x1080")
    return FORMATS[written]


def speed(node: Node, key: str) -> float:
    """2, 2x, 50 %."""
    written = word(node, key).lower()
    if written.endswith("%"):
        return number(node, key, 10, 1000, found=written[:-1].strip()) / 100
    return number(node, key, 0.1, 10, found=written.removesuffix("x").strip())


def colour(node: Node, key: str, *, found: str | None = None) -> str:
    """#rrggbb of a colour by name or by number."""
    from PIL import ImageColor

    written = (word(node, key) if found is None else found).lower()
    named = ImageColor.colormap.get(written, written)
    code = named[1:] if isinstance(named, str) else ""
    if not isinstance(named, str) or not re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", named):
        node.refuse(f'{key} is {written[:40]!r}; write a name such as black or navy, or "#rrggbb"')
    return "#" + (code if len(code) == 6 else "".join(2 * char for char in code))


def level_db(node: Node, key: str) -> float | None:
    """-6 dB, -6, on or off; None for off."""
    written = word(node, key).lower()
    if written in OFF:
        return None
    return 0.0 if written in ON else number(node, key, *LEVEL_DB, found=written.removesuffix("db").strip())
