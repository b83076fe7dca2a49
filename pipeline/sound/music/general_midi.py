"""General MIDI stand-ins for the voices: programs and drum keys (MIDI Association, General MIDI Level 1 and 2)."""

from __future__ import annotations

# programs count from 0, as they are sent
PROGRAMS: dict[str, int] = {
    "warm": 89,
    "strings": 48,
    "dark": 95,
    "reed": 20,
    "saws": 90,
    "low-strings": 43,
    "sub": 38,
    "drone": 97,
    "felt": 0,
    "piano": 0,
    "electric-piano": 4,
    "vibes": 11,
    "guitar": 24,
    "steel": 25,
    "dulcimer": 15,
    "round-bass": 33,
    "pluck": 80,
    "pizzicato": 45,
    "spiccato": 44,
    "upright": 32,
    "pulse": 38,
    "saw-bass": 39,
    "marimba": 12,
    "bell": 14,
    "glass": 92,
    "kalimba": 108,
    "hang": 114,
    "log-drum": 115,
    "tuned-drum": 117,
}
# a swell has no pitch; the reversed cymbal is the nearest thing
RISER_PROGRAM = 119
# keys of the percussion channel
DRUM_KEYS: dict[str, int] = {
    "kick": 36,
    "soft-kick": 35,
    "boom": 35,
    "taiko": 41,
    "tom": 47,
    "snare": 38,
    "dusty-snare": 40,
    "brush": 40,
    "rim": 37,
    "clap": 39,
    "hat": 42,
    "open-hat": 46,
    "shaker": 82,
    "tambourine": 54,
    "tick": 76,
    "cymbal": 49,
    "conga-low": 64,
    "conga-high": 63,
    "conga-slap": 62,
    "cajon": 41,
    "cajon-slap": 40,
    "frame-drum": 45,
    "woodblock": 76,
    "riser": 55,
}
# percussion has a channel of its own; channels count from 0
DRUM_CHANNEL = 9


def program_of(voice: str) -> int:
    """Program of a pitched voice; a piano for one that has none."""
    return RISER_PROGRAM if voice == "riser" else PROGRAMS.get(voice, 0)


def drum_key_of(voice: str) -> int | None:
    """Percussion key of an unpitched voice, None for a pitched one."""
    return DRUM_KEYS.get(voice)
