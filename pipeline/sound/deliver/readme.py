"""The README of a delivery: what each file is and how to open it, in plain words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from pipeline.records import STEM_NAMES, Loudness
from pipeline.sound.deliver.folder import MANIFEST, Entry

WIDTH = 100
STEM_WORDS = {
    "DX": "dialogue and the clip's own sound",
    "FX-impacts": "impacts and other events",
    "FX-foley": "steps, handling, movement",
    "BG": "ambiences (backgrounds)",
    "MX": "music",
}
# by suffix of the project file: how to open it
_OPENING = {
    ".rpp": "Reaper: File > Open project. Tracks, gains, ducking as volume envelopes, markers and tempo map are there.",
    ".xml": "Premiere Pro: File > Import. Resolve: File > Import > Timeline. Choose the file that ends in .xml; when "
    "the program asks where the sounds are, point it at the folder media.",
    ".otio": "Resolve 18.5 or newer: File > Import > Timeline. Premiere Pro 25 or newer: File > Import. Files are "
    "named relative to the timeline.",
    ".aaf": "Pro Tools: File > Import > Session data. Media Composer: File > Input > Import media. Resolve: File > "
    "Import > Timeline. Every clip lies at its very sample.",
    ".edl": "Any program that reads CMX 3600: one list for the picture, one for each lane of sound, since such a list "
    "cannot hold overlapping sounds. Levels stand in its comments.",
    ".mid": "Any sequencer or notation program: drag it in, and let the program take over its tempo map.",
}


def readme_text(
    *, title: str, version: str, entries: Sequence[Entry], loudness: Loudness, length: str, rate: str, is_ducked: bool
) -> str:
    """The whole README."""
    level = "silent" if loudness.integrated_lufs is None else f"{loudness.integrated_lufs:.1f} LUFS"
    parts = [
        f"Soundtrack of {title}",
        f"Made by Foleymark {version}. {length} at {rate} frames a second; {level}.",
        loudness.warning,
        "This folder can be moved and renamed: the programs look for the sounds relative to it, and where one asks, "
        "they are in the folder media.",
        _heading("What is here"),
        *_listing(entries),
        _heading("How to open it"),
        *_opening(entries),
        *_stems(entries),
        *_mixing(entries, is_ducked=is_ducked),
        _heading("Whether it arrived whole"),
        f"{MANIFEST} lists every file with its size and SHA-256.",
    ]
    return "\n\n".join(_filled(part) for part in parts if part) + "\n"


def _heading(text: str) -> str:
    return f"{text.upper()}\n{'-' * len(text)}"


def _filled(part: str) -> str:
    return part if "\n" in part else textwrap.fill(part, WIDTH)


def _listing(entries: Sequence[Entry]) -> list[str]:
    shown = [entry for entry in entries if not entry.path.startswith("media/")]
    width = max((len(entry.path) for entry in shown), default=0)
    lines = [f"{entry.path:<{width}}  {entry.purpose}" for entry in shown]
    sounds = len(entries) - len(shown)
    if sounds:
        lines.append(f"{'media/':<{width}}  the picture, and {sounds - 1} sounds, one a cue, which the projects play")
    return ["\n".join(lines)]


def _opening(entries: Sequence[Entry]) -> list[str]:
    there = {f".{entry.path.rpartition('.')[2]}" for entry in entries}
    known = [f"{suffix[1:]}: {words}" for suffix, words in _OPENING.items() if suffix in there]
    return known or ["Everything here opens with a double click: sounds in any player, pages in any browser."]


def _stems(entries: Sequence[Entry]) -> list[str]:
    found = [name for name in STEM_NAMES if any(entry.path.endswith(f"_{name}.wav") for entry in entries)]
    if not found:
        return []
    lines = "\n".join(f"{name:<12}{STEM_WORDS[name]}" for name in found)
    return [
        _heading("Stems"),
        lines,
        "They are as loud as in the mix, with its ducking: laid one over the other they give the mix before its "
        "limiter.",
    ]


def _mixing(entries: Sequence[Entry], *, is_ducked: bool) -> list[str]:
    if not any(entry.path.startswith("media/") for entry in entries):
        return []
    words = (
        "Each sound in media is as it was made, with its place left or right and its room, but without its level. The "
        "level is the gain of its clip in the project, so it can be turned there. The gain towards the loudness target "
        "is the master's in Reaper, and part of every clip's level elsewhere."
    )
    if is_ducked:
        words += (
            " The ducking under the clip's own sound is the volume envelope of each track in Reaper, and keyframes of "
            "the clips elsewhere. A slight dip of music and ambience at 2 to 4 kHz under speech is in the stems and in "
            "the mix; no project file can carry it."
        )
    return [_heading("Turning sounds up and down"), words]
