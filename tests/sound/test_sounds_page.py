"""The page of sounds names every sound there is, and its pictures are there."""

import re
from pathlib import Path

from pipeline.sound.catalogue import families

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_names_every_sound():
    named = set(re.findall(r"`([a-z]+/[a-z-]+)`", (DOCS / "sounds.md").read_text(encoding="utf-8")))
    made = {f"{family}/{name}" for family, known in families().items() for name in known.names}
    assert made == {sound for sound in named if sound != "family/name"}, "run python -m docs.draw_sounds"


def test_the_page_shows_its_pictures():
    pictures = re.findall(r"\]\((\S+\.webp)\)", (DOCS / "sounds.md").read_text(encoding="utf-8"))
    assert len(pictures) >= 8
    assert all((DOCS / picture).stat().st_size > 5000 for picture in pictures)
    assert sum((DOCS / picture).stat().st_size for picture in pictures) < 3_000_000
