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
class Feeling:
    """What a stretch of the picture feels like, for the form of the music."""

    start_s: float
    end_s: float
    # -1 dark, sad .. 1 bright, happy
    valence: float = 0.0
    # 0 calm .. 1 excited
    arousal: float = 0.5


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
    # strong moments inside shots that a beat should meet where that costs the music little
    accents_s: tuple[float, ...] = ()
    # in order, without gaps; empty when nobody looked
    feelings: tuple[Feeling, ...] = ()


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
    # EBU Tech 3342, LU; None for what is too short or silent
    range_lu: float | None = None
    # loudest 400 ms and loudest 3 s
    momentary_max_lufs: float | None = None
    short_term_max_lufs: float | None = None
    # of the stretches where somebody speaks; None without speech
    dialogue_lufs: float | None = None
    # what the target was measured on
    gate: Literal["programme", "dialogue"] = "programme"
    # how much louder the stereo mix is than its mono sum, LU; more than 3 means that something cancels
    mono_loss_lu: float | None = None
    # largest reduction by the limiter, dB
    limiting_db: float = 0.0


@dataclass(frozen=True)
class Mix:
    """The finished soundtrack."""

    path: Path
    loudness: Loudness
    # static gain that was applied to the summed stems
    gain_db: float
    sample_rate_hz: int
    samples: int
