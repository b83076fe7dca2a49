"""Options that several commands share, in the same words everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Output = Annotated[Path, typer.Option("-o", "--output", help="Where the result goes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Prompt = Annotated[str | None, typer.Option(help="What the clip shows, in words.")]
Seed = Annotated[int | None, typer.Option(help="The same seed gives the same sound.")]
Config = Annotated[Path | None, typer.Option("-c", "--config", help="Settings file (YAML).")]
Preset = Annotated[str, typer.Option(help="Starting settings: web, broadcast or draft.")]
LibraryFolder = Annotated[
    str | None, typer.Option("--library", help="Folder of recordings; they take the cues they fit.")
]
LoudnessName = Annotated[
    str | None,
    typer.Option("--loudness", help="Target: web, ebu, atsc, tv-streaming, podcast, or a platform such as youtube."),
]
Deliver = Annotated[
    Path | None,
    typer.Option("--deliver", help="Also write a folder for editors: mix, stems, projects, reports, rights."),
]
Formats = Annotated[
    str | None,
    typer.Option(
        "--formats",
        help="What goes into it: all, or of wav, stems, midi, otio, xml, edl, aaf, reaper, cues, loudness, rights.",
    ),
]
Music = Annotated[bool | None, typer.Option("--music/--no-music", help="A music bed under the effects.")]
MusicStyle = Annotated[
    str | None,
    typer.Option("--style", help="ambient, cinematic, tense, playful, electronic, lo-fi, acoustic or percussion."),
]
Tempo = Annotated[float | None, typer.Option("--tempo", help="Of the music, beats a minute.")]
MusicKey = Annotated[str | None, typer.Option("--key", help='Of the music: "D minor", "Eb", "F# dorian".')]
MusicMood = Annotated[str | None, typer.Option("--mood", help="Of the music, in words: dark, calm, tense, happy, ...")]
Track = Annotated[str | None, typer.Option("--track", help="Your own music, cut to length on its bar lines.")]


def formats_named(text: str | None) -> tuple[str, ...] | None:
    """Formats of a delivery as they are typed, "wav, stems" or "wav stems"; None where nothing was."""
    return None if text is None else tuple(text.replace(",", " ").split())


def music_wishes(
    music: bool | None, style: str | None, tempo: float | None, key: str | None, mood: str | None, track: str | None
) -> dict[str, Any]:
    """What was asked of the music, as fields of the sound settings; None where nothing was."""
    return {
        "music": music,
        "music_style": style,
        "music_tempo_bpm": tempo,
        "music_key": key,
        "music_mood": mood,
        "music_track": track,
    }
