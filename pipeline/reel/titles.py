"""Words over the picture and on cards: cleaned, wrapped, sized to the safe area, legible on any ground."""

from __future__ import annotations

import logging
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.reel.fonts import drawable, font_for
from pipeline.reel.reel import Card, Title

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

logger = logging.getLogger(__name__)

# More than can be read; a title longer than this is a mistake or an attack.
MAX_CHARS, MAX_LINES = 1000, 20
# Title-safe area: 80 % of either side (SMPTE RP 218 of old; EBU R 95 allows 90 % for 16:9). Upright formats are shown
# under a platform's own words and buttons, which take about 15 % at the top and at the bottom.
MARGIN, UPRIGHT_MARGIN = 0.1, 0.15
# Words over the picture take at most this share of its height, and on upright pictures a line counts against this many
# widths instead of the height: what reads well across would fill an upright picture with three words.
TITLE_SHARE, UPRIGHT_WIDTHS = 0.3, 1.2
# Of a line's height.
LEADING, OUTLINE, SHADOW_BLUR, SHADOW_DROP = 1.2, 0.05, 0.14, 0.06
# Words on a card: no larger than this share of the picture's shorter side.
CARD_LINE = 0.12
# A word is shrunk to fit, not below this share of the height: nobody could read it.
SMALLEST = 0.022
# Over-written marks: more than this many on one letter climb out of the line.
MAX_MARKS = 3
# directional overrides and isolates: they let a text look like another
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Overlay:
    """Drawn words."""

    # uint8 [h, w, 4], RGB not multiplied by alpha
    rgba: np.ndarray
    left_px: int
    top_px: int


def beside(title: Title, overlay: Overlay, others: Iterable[tuple[Title, Overlay]], height_px: int) -> Overlay:
    """The words moved above (at the bottom) or below others that stand in the same place, so that none lie on them."""
    top, height = overlay.top_px, overlay.rgba.shape[0]
    for other, there in others:
        if other.position == title.position == "bottom":
            top = min(top, there.top_px - height)
        elif other.position == title.position:
            top = max(top, there.top_px + there.rgba.shape[0])
    return replace(overlay, top_px=min(max(top, 0), max(0, height_px - height)))


@dataclass(frozen=True)
class _Block:
    """Lines as they will be drawn."""

    lines: tuple[str, ...]
    font: Any
    line_px: int


def clean_text(text: str) -> str:
    """A text from outside as it may be drawn: no control characters, no towers of marks, bounded length."""
    text = unicodedata.normalize("NFC", _DIRECTIONS.sub("", text[: 4 * MAX_CHARS]))
    kept, marks = [], 0
    for letter in text.replace("\r\n", "\n").replace("\t", " "):
        marks = marks + 1 if unicodedata.combining(letter) else 0
        category = unicodedata.category(letter)
        if letter == "\n" or (category not in ("Cc", "Cs", "Cn", "Co") and marks <= MAX_MARKS):
            kept.append(letter)
    lines = [re.sub(r"\s+", " ", line).strip() for line in "".join(kept).strip().split("\n")[:MAX_LINES]]
    joined = "\n".join(lines)
    if len(joined) > MAX_CHARS:
        logger.warning("a title of %d characters was cut to %d", len(joined), MAX_CHARS)
        joined = joined[: MAX_CHARS - 1].rstrip() + "…"
    return joined


def draw_title(title: Title, size_px: tuple[int, int], font: Path | None = None) -> Overlay | None:
    """Draw a title for a frame, outlined and shadowed.

    Returns
    -------
    Overlay, or None where nothing of the text can be drawn.
    """
    left, top, right, bottom = safe_area(size_px)
    room_px = (right - left, min(bottom - top, round(TITLE_SHARE * size_px[1])))
    line_px = title.size * min(size_px[1], UPRIGHT_WIDTHS * size_px[0])
    block = _laid_out(title.text, room_px, line_px, size_px, font)
    if block is None:
        return None
    rgba = _drawn(block, title.colour, shadow=True)
    if not rgba[..., 3].any():
        return None
    height, width = rgba.shape[:2]
    middle = (size_px[1] - height) // 2
    places = {"top": top - _margin(block), "middle": middle, "bottom": bottom - height + _margin(block)}
    return Overlay(rgba, (size_px[0] - width) // 2, min(max(places[title.position], 0), size_px[1] - height))


def draw_card(card: Card, size_px: tuple[int, int], font: Path | None = None) -> np.ndarray:
    """Draw a card, uint8 [H, W, 3]: its text as large as fits the safe area, in the middle."""
    import numpy as np
    from PIL import Image, ImageColor

    left, top, right, bottom = safe_area(size_px)
    ground = Image.new("RGB", size_px, ImageColor.getrgb(card.background)[:3])
    block = _laid_out(card.text, (right - left, bottom - top), CARD_LINE * min(size_px), size_px, font)
    if block is not None:
        words = Image.fromarray(_drawn(block, card.colour, shadow=False))
        ground.paste(words, ((size_px[0] - words.width) // 2, (size_px[1] - words.height) // 2), words)
    return np.asarray(ground)


def safe_area(size_px: tuple[int, int]) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) within which words stay, px."""
    width, height = size_px
    across, down = round(MARGIN * width), round((UPRIGHT_MARGIN if height > width else MARGIN) * height)
    return across, down, width - across, height - down


def _laid_out(
    text: str, room_px: tuple[int, int], line_px: float, size_px: tuple[int, int], chosen: Path | None
) -> _Block | None:
    from PIL import ImageFont

    cleaned = clean_text(text)
    if not cleaned:
        return None
    path = font_for(cleaned, chosen)
    cleaned = clean_text(drawable(cleaned, path))
    if not cleaned:
        return None
    # `line_px` is the height of a line; a font's size is its em, a little less
    line_px = min(max(line_px, 8.0), float(room_px[1]))
    smallest = min(line_px, max(8.0, SMALLEST * size_px[1]))
    # the longest word says at once how small the letters have to be
    font = ImageFont.truetype(str(path), round(line_px / LEADING))
    widest_px = max(font.getlength(word) for word in _words(cleaned))
    line_px = max(smallest, line_px * min(1.0, room_px[0] / widest_px / 1.02)) if widest_px else line_px
    while True:
        font = ImageFont.truetype(str(path), round(line_px / LEADING))
        lines = _wrapped(cleaned, font, room_px[0] - 4 * OUTLINE * line_px)
        if _fits(lines, font, line_px, room_px) or line_px <= smallest:
            return _Block(_cut_off(lines, line_px, room_px[1]), font, round(line_px))
        line_px = max(smallest, line_px * 0.93)


def _fits(lines: list[str], font: Any, line_px: float, room_px: tuple[int, int]) -> bool:
    # a word broken in two means that the letters are too large
    whole = all(font.getlength(line) <= room_px[0] for line in lines) and not any(
        line.endswith("\u00ad") for line in lines
    )
    return whole and len(lines) * line_px <= room_px[1]


def _cut_off(lines: list[str], line_px: float, room_px: int) -> tuple[str, ...]:
    most = max(1, int(room_px / line_px))
    clean = [line.removesuffix("\u00ad") for line in lines]
    if len(clean) > most:
        logger.warning("a title does not fit the picture even in small letters; its end is left out")
        clean = [*clean[: most - 1], clean[most - 1].rstrip() + "…"]
    return tuple(clean)


def _wrapped(text: str, font: Any, width_px: float) -> list[str]:
    """Break into lines of at most this width, and of about the same width where a paragraph takes several."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        broken = _broken(paragraph, font, width_px)
        if len(broken) > 1 and not any(line.endswith("\u00ad") for line in broken):
            low, high = width_px / 2, width_px
            while high - low > width_px / 50:
                middle = (low + high) / 2
                tried = _broken(paragraph, font, middle)
                same = len(tried) == len(broken) and not any(line.endswith("\u00ad") for line in tried)
                low, high = (low, middle) if same else (middle, high)
            broken = _broken(paragraph, font, high)
        lines += broken
    return lines


def _broken(paragraph: str, font: Any, width_px: float) -> list[str]:
    """Greedy lines. A soft hyphen at the end marks a word that had to be broken."""
    lines, line = [], ""
    for word in _words(paragraph):
        if font.getlength((line + word).strip()) <= width_px:
            line += word
            continue
        if line.strip():
            lines.append(line.strip())
        line = word.lstrip()
        while len(line) > 1 and font.getlength(line) > width_px:
            # the longest beginning that fits; at least one letter
            size = max(1, bisect_right(range(1, len(line)), width_px, key=lambda n: font.getlength(line[:n])))
            lines.append(line[:size] + "\u00ad")
            line = line[size:]
    return [*lines, line.strip()] if line.strip() or not lines else lines


def _words(paragraph: str) -> list[str]:
    """Pieces a line may be broken between: words with the space before them; in scripts without spaces, letters."""
    return re.findall(
        r"\s*(?:[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f]|[^\s\u3040-\u30ff\u3400-\u9fff]+)", paragraph
    )


def _margin(block: _Block) -> int:
    return round(block.line_px * (2 * SHADOW_BLUR + SHADOW_DROP + OUTLINE)) + 2


def _drawn(block: _Block, colour: str, *, shadow: bool) -> np.ndarray:
    """uint8 [h, w, 4]"""
    import numpy as np
    from PIL import ImageChops, ImageColor, ImageFilter

    ink = ImageColor.getrgb(colour)[:3]
    margin = _margin(block)
    width = round(max(block.font.getlength(line) for line in block.lines)) + 2 * margin
    size = (width, len(block.lines) * block.line_px + 2 * margin)
    letters = _letters(block, size, margin, 0)
    if not shadow:
        return np.dstack([np.full((size[1], size[0], 3), ink, np.uint8), np.asarray(letters)])
    # dark words get a light edge
    edge = (0, 0, 0) if _light(ink) > 96 else (255, 255, 255)
    outline = _letters(block, size, margin, max(1, round(OUTLINE * block.line_px)))
    drop = ImageChops.offset(outline, 0, round(SHADOW_DROP * block.line_px))
    blur = drop.filter(ImageFilter.GaussianBlur(SHADOW_BLUR * block.line_px / 2)).point(
        lambda v: min(255, int(v * 0.75))
    )
    behind = ImageChops.lighter(blur, outline.point(lambda v: int(v * 0.85)))
    return _over_edge(np.asarray(letters), np.asarray(behind), ink, edge)


def _over_edge(letters: np.ndarray, behind: np.ndarray, ink: tuple[int, ...], edge: tuple[int, ...]) -> np.ndarray:
    """Letters over their edge as one layer: colours mixed by their share, uint8 [h, w, 4]."""
    import numpy as np

    front, back = letters.astype(np.float32) / 255, behind.astype(np.float32) / 255
    alpha = front + back * (1 - front)
    share = np.divide(front, alpha, out=np.zeros_like(front), where=alpha > 0)[..., None]
    rgb = share * np.asarray(ink, np.float32) + (1 - share) * np.asarray(edge, np.float32)
    return np.dstack([np.round(rgb), np.round(255 * alpha)]).astype(np.uint8)


def _letters(block: _Block, size: tuple[int, int], margin: int, stroke_px: int) -> Image.Image:
    """Coverage of the letters, each line in the middle."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    for index, line in enumerate(block.lines):
        centre = margin + (index + 0.5) * block.line_px
        draw.text((size[0] / 2, centre), line, font=block.font, fill=255, anchor="mm", stroke_width=stroke_px)
    return mask


def _light(ink: tuple[int, ...]) -> float:
    return 0.2126 * ink[0] + 0.7152 * ink[1] + 0.0722 * ink[2]
