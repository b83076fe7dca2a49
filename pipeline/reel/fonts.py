"""A font for a text: ours, the user's, or one of the system's that has the characters."""

from __future__ import annotations

import functools
import logging
import unicodedata
from pathlib import Path

logger = logging.getLogger(__name__)

# Fonts of the system that are looked into at most; a designer's machine holds thousands.
MAX_FONTS = 400


def font_for(text: str, chosen: Path | None = None) -> Path:
    """The first font with every character of the text: the chosen one, ours, then the system's.

    Where none has all, the one with most; the log then names what cannot be shown.
    """
    wanted = frozenset(ord(letter) for letter in text if not _invisible(letter))
    first = [path for path in (chosen, own_font()) if path is not None and _letters(path)]
    for path in first:
        if wanted <= _letters(path):
            return path
    best = max([*first, *_system_fonts()], key=lambda path: len(wanted & _letters(path)))
    missing = "".join(sorted(chr(code) for code in wanted - _letters(best)))
    if missing:
        logger.warning("no font here can show %r; install one that has them, such as Noto", missing[:40])
    return best


def drawable(text: str, font: Path) -> str:
    """The text without what the font has no shape for, which would be drawn as boxes."""
    known = _letters(font)
    return "".join(letter for letter in text if _invisible(letter) or ord(letter) in known)


def own_font() -> Path:
    """DejaVu Sans Bold, which comes with matplotlib (Bitstream Vera licence)."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"


def _invisible(letter: str) -> bool:
    # spaces, joiners and variation selectors need no shape of their own
    return letter.isspace() or unicodedata.category(letter) == "Cf" or "\ufe00" <= letter <= "\ufe0f"


@functools.lru_cache(maxsize=MAX_FONTS + 8)
def _letters(path: Path) -> frozenset[int]:
    """Code points a font has shapes for; none when it is no font that can be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError, ValueError) as error:
        logger.warning("the font %s cannot be read: %s", path.name, error)
        return frozenset()


@functools.lru_cache(maxsize=1)
def _system_fonts() -> tuple[Path, ...]:
    from matplotlib import font_manager

    found = sorted(Path(name) for name in font_manager.findSystemFonts() if not name.lower().endswith((".pfb", ".afm")))
    # bitmap fonts of emoji cannot be drawn at any size; upright sans faces look best over pictures
    outline = [path for path in found if "coloremoji" not in path.name.lower()]
    plain = sorted(outline, key=lambda path: ("sans" not in path.name.lower(), "bold" not in path.name.lower(), path))
    return tuple(plain[:MAX_FONTS])
