"""Delivery targets: what a place wants of loudness and true peak, and who says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from pipeline.errors import UsageError


@dataclass(frozen=True)
class Preset:
    """A delivery target."""

    target_lufs: float
    ceiling_dbtp: float
    # who asks for it
    source: str
    # what has to be at the target: the programme, or its speech where there is some
    gate: Literal["programme", "dialogue"] = "programme"
    # gated by dialogue: with a smaller share of speech than this, and in any case without, the programme counts,
    least_speech: float = 0.0
    # and has this target then; the same when None
    speechless_lufs: float | None = None


PRESETS: dict[str, Preset] = {
    "web": Preset(-14.0, -1.0, "level to which large video and music platforms turn down what is louder"),
    "podcast": Preset(-16.0, -1.0, "Apple Podcasts, audio requirements: -16 LKFS, +-1 dB, true peak up to -1 dBFS"),
    "ebu": Preset(-23.0, -1.0, "EBU R 128: -23 LUFS, true peak up to -1 dBTP"),
    "atsc": Preset(-24.0, -2.0, "ATSC A/85: -24 LKFS, true peak up to -2 dBTP"),
    "tv-streaming": Preset(
        -27.0,
        -2.0,
        "delivery specifications of Netflix and Amazon: -27 LKFS +-2 LU over the dialogue, true peak up to -2 dBTP",
        gate="dialogue",
    ),
}

# names that people say: which preset it is, and where the figure comes from
ALIASES: dict[str, tuple[str, str]] = {
    "youtube": ("web", "turns down what is above -14 LUFS, as its statistics for nerds show; publishes no figure"),
    "tiktok": ("web", "publishes no figure; measurements lie between -16 and -14 LUFS"),
    "instagram": ("web", "levels by loudness (Meta Engineering, xHE-AAC, 2023) and publishes no figure"),
    "spotify": ("web", "Spotify for Artists, loudness normalization: -14 LUFS, true peak below -1 dBTP"),
    "apple-podcasts": ("podcast", PRESETS["podcast"].source),
    "amazon": ("tv-streaming", "Amazon Studios, Delivery QC: -27 LKFS +-2 LU with dialogue gating, -2 dBTP"),
    "broadcast-eu": ("ebu", PRESETS["ebu"].source),
    "broadcast-us": ("atsc", PRESETS["atsc"].source),
}
# the one platform with a rule of its own for programmes in which hardly anybody speaks
PLATFORMS: dict[str, Preset] = {
    "netflix": Preset(
        -27.0,
        -2.0,
        "Netflix Sound Mix Specifications v1.4: -27 LKFS +-2 LU over the dialogue, -2 dBTP; "
        "with less than 15 % dialogue -24 LKFS +-2 LU over the programme",
        gate="dialogue",
        least_speech=0.15,
        speechless_lufs=-24.0,
    ),
}


def preset_named(name: str) -> Preset:
    """The delivery target of a preset or of a platform, whose own source it then names.

    Raises
    ------
    UsageError
        Nobody knows the name.
    """
    known = name.strip().lower().replace("_", "-").replace(" ", "-")
    if known in PRESETS:
        return PRESETS[known]
    if known in PLATFORMS:
        return PLATFORMS[known]
    if known in ALIASES:
        preset, source = ALIASES[known]
        return replace(PRESETS[preset], source=source)
    raise UsageError(f"There is no loudness preset {name!r}; choose one of: {', '.join(preset_names())}.")


def preset_names() -> tuple[str, ...]:
    """Everything `preset_named` knows, targets first."""
    return (*PRESETS, *sorted((*PLATFORMS, *ALIASES)))
