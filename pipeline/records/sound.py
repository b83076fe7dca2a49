"""Cues, stems and mixes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.records.analysis import Mood

StemName = Literal["DX", "FX-impacts", "FX-foley", "BG", "MX"]
STEM_NAMES: tuple[StemName, ...] = ("DX", "FX-impacts", "FX-foley", "BG", "MX")


@dataclass(frozen=True)
class Cue:
    """One sound to be placed; a row of the cue sheet, meant to be edited by a person."""

    id: str
    stem: StemName
    # where the sound's attack (its audible onset) belongs; a whoosh or bed has none and begins here
    time_s: float
    length_s: float
    # Universal Category System (UCS) category, e.g. "IMPACTS", "WATER", "AMBIENCE", "MUSICAL"
    category: str
    # the recipe or file that makes it, e.g. "impact/metal", "ambience/rain", "whoosh", "music/cinematic"
    sound: str
    # in plain words, e.g. "metal ball on stone"
    description: str = ""
    confidence: float = 1.0
    # -1 left .. 1 right
    pan: float = 0.0
    level_db: float = 0.0
    seed: int = 0
    # recipe parameters by name, e.g. {"size": 0.4, "hardness": 0.7}
    parameters: dict[str, float] = field(default_factory=dict)
    # level along the sound on top of level_db: (seconds from time_s, dB), straight lines between
    automation: tuple[tuple[float, float], ...] = ()
    # pan along the sound in place of `pan`: (seconds from time_s, -1..1), straight lines between; effects only
    pan_automation: tuple[tuple[float, float], ...] = ()
    # who made the sound: "foleymark" for our own synthesis; for a recording, where it comes from
    source: str = "foleymark"
    licence: str = "CC0-1.0"
    # of a recording: who recorded it, and the SHA-256 of the file
    author: str = ""
    asset_sha256: str = ""
    # the reason this cue exists, for the person who edits it
    why: str = ""
    # a locked cue is never moved or dropped by a new analysis
    locked: bool = False


@dataclass(frozen=True)
class SoundPlan:
    """A cue sheet: everything that will be heard, in order of time."""

    duration_s: float
    cues: tuple[Cue, ...]
    prompt: str = ""
    seed: int = 0
    # cuts and other moments that music wants to land on
    markers_s: tuple[float, ...] = ()
    mood: Mood = Mood()


@dataclass(frozen=True)
class Stems:
    """Rendered stems as files (float WAV, 48 kHz stereo), all of the same length."""

    folder: Path
    # stem name -> file name inside folder; a silent stem is left out
    files: dict[str, str]
    sample_rate_hz: int
    samples: int


@dataclass(frozen=True)
class Loudness:
    """ITU-R BS.1770-4 figures of a programme."""

    # both None for silence (nothing above the absolute gate, no peak)
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    # target that was asked for
    target_lufs: float | None = None
    # the sentence to print when the target was not reached
    warning: str = ""


@dataclass(frozen=True)
class Mix:
    """The finished soundtrack."""

    path: Path
    loudness: Loudness
    # static gain that was applied to the summed stems
    gain_db: float
    sample_rate_hz: int
    samples: int
