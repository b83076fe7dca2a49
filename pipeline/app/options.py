"""Options that several commands share, in the same words everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
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


# of what is heard, by the field of the sound settings that they set
_HEARD: dict[str, Any] = {
    "music": Music,
    "music_style": MusicStyle,
    "music_tempo_bpm": Tempo,
    "music_key": MusicKey,
    "music_mood": MusicMood,
    "music_track": Track,
    "library": LibraryFolder,
    "seed": Seed,
}
# those that a cue sheet answers already
MUSIC_WISHES = ("music", "music_style", "music_tempo_bpm", "music_key", "music_mood")


def asking_what_is_heard(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of what is heard, before its last one.

    They come to it together as `heard`: fields of the sound settings, None where nothing was asked.
    """
    own = [one for one in inspect.signature(command, eval_str=True).parameters.values() if one.name != "heard"]
    asked = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=option)
        for name, option in _HEARD.items()
    ]

    @wraps(command)
    def called(**given: Any) -> None:
        command(heard={name: given.pop(name) for name in _HEARD}, **given)

    parameters = [*own[:-1], *asked, own[-1]]
    # what the command line is built from
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in parameters}
    return called
