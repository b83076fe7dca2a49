"""Sessions with known truth, as every project writer gets them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.sound.deliver.session import STEM_COLOURS, Session, SessionClip, SessionMarker, SessionTrack

RATE_HZ = 48000
# what people, other programs and attackers call things
HOSTILE = (
    "Tür schlägt zu",
    '雨 und 🌧️ im "Hof"',
    'it\'s `odd` "here"',
    "two\nlines\tand\x00more\x1b[31m",
    "x" * 700,
    "</name><b>&amp;'%20 <ITEM",
    "* FROM CLIP NAME: forged",
    "\u202egnp.exe\u2028> |",
    "",
)


@dataclass
class Sessions:
    """Makes sessions; all files lie in `folder`/media."""

    folder: Path
    rate: Fraction = Fraction(25)
    made: int = field(default=0)

    def clip(self, start_s: float, length_s: float, **changes: object) -> SessionClip:
        """A clip whose every number differs from its neighbours'."""
        self.made += 1
        length = max(1, round(length_s * RATE_HZ))
        values: dict = {
            "id": f"cue{self.made:04d}",
            "name": f"sound {self.made}",
            "file": self.folder / "media" / f"cue {self.made:04d} ä.wav",
            "start_samples": round(start_s * RATE_HZ),
            "source_start_samples": 0,
            "length_samples": length,
            "gain_db": -0.5 * (self.made % 13),
            "note": f"why {self.made}\nCC0 by someone",
        }
        values |= changes
        values.setdefault("file_samples", values["source_start_samples"] + values["length_samples"] + 137 * self.made)
        return SessionClip(**values)

    def session(self, tracks: dict[str, list[SessionClip]], **changes: object) -> Session:
        """A session of these tracks, ducked where it has DX, with markers, tempo and notes."""
        duck = ((1.0, 0.0), (1.2, -10.0), (2.5, -10.0), (3.1, 0.0))
        values: dict = {
            "name": 'Film "ä" 1',
            "frame_rate": self.rate,
            "sample_rate_hz": RATE_HZ,
            "length_samples": 10 * RATE_HZ,
            "size_px": (1280, 720),
            "tracks": tuple(
                SessionTrack(
                    stem, STEM_COLOURS[stem], tuple(tracks.get(stem, ())), duck if stem in ("BG", "MX") else ()
                )
                for stem in STEM_COLOURS
            ),
            "markers": (
                SessionMarker(0.0, "start"),
                SessionMarker(2.04, "cut ‘two’", "cut", "#d04a4a"),
                SessionMarker(7.77, "hit & <run>", "accent", "#40a0e0"),
            ),
            "picture": self.folder / "clip #1 100%.mp4",
            "master_gain_db": 2.5,
            "tempo": ((0.25, 118.0), (4.2525, 121.5)),
            "downbeats": ((0.25, 1), (2.284, 2), (4.318, 3)),
            "notes": {"loudness": "-14.0 LUFS"},
        }
        return Session(**(values | changes))

    def usual(self, **changes: object) -> Session:
        """Every stem, overlaps in two of them, one stem empty, neighbours that touch, offsets into files."""
        clip = self.clip
        tracks = {
            "FX-impacts": [clip(1.0, 1.5), clip(1.3, 2.0, source_start_samples=4800), clip(1.31, 0.2), clip(3.0, 0.6)],
            "FX-foley": [clip(0.371 * k, 0.3) for k in range(12)],
            "BG": [clip(0.0, 5.0, gain_db=-18.0), clip(5.0, 5.0, gain_db=6.0)],
            "MX": [clip(0.25, 9.5, gain_db=-6.02)],
        }
        return self.session(tracks, **changes)

    def hostile(self) -> Session:
        """Names and notes as nobody should write them."""
        named = [self.clip(k, 0.8, name=name, note=name) for k, name in enumerate(HOSTILE)]
        markers = tuple(SessionMarker(float(k), name, "accent") for k, name in enumerate(HOSTILE))
        return self.session(
            {"FX-impacts": named},
            markers=markers,
            name=HOSTILE[3],
            notes={"a\nb": HOSTILE[5]},
            picture=self.folder / HOSTILE[1],
        )

    def many(self, count: int = 300) -> Session:
        """An hour with hundreds of clips on two stems."""
        length_s = 3600.0
        clips = [self.clip(k * length_s / count, 4.0 + k % 17) for k in range(count)]
        tracks = {"FX-foley": clips[: count // 2], "FX-impacts": clips[count // 2 :]}
        return self.session(tracks, length_samples=round(length_s * RATE_HZ))


@pytest.fixture
def sessions(tmp_path) -> Sessions:
    """Factory of sessions at 25 frames a second."""
    return Sessions(tmp_path)


@pytest.fixture(
    params=["24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "25/2"],
)
def any_rate(request, tmp_path) -> Sessions:
    """The same at every rate that clips have."""
    return Sessions(tmp_path, Fraction(request.param))
