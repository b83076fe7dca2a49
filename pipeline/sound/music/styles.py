"""Styles of music: what plays, how fast, in which modes, on which patterns.

A bar of four beats has sixteen steps. In a drum lane ``x`` is a hit and ``o`` a soft one; a bass lane has ``R`` root,
``5`` fifth, ``8`` octave, ``-`` held, ``.`` silence; an arpeggio lane names chord tones from the lowest, ``0`` up.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TRIAD = (0, 2, 4)
SEVENTH = (0, 2, 4, 6)
NINTH = (0, 2, 4, 8)
SUSPENDED = (0, 1, 4)
SIXTH = (0, 2, 4, 5)


@dataclass(frozen=True)
class Style:
    """A style as a table of choices; the composer picks by mood and seed."""

    # tempo of a still picture and of a frantic one
    bpm: tuple[float, float]
    # modes from dark to bright
    modes: tuple[str, ...]
    # chord roots as scale steps, four to a phrase
    bright: tuple[tuple[int, ...], ...]
    dark: tuple[tuple[int, ...], ...]
    colours: tuple[tuple[int, ...], ...]
    # bars a chord lasts
    chord_bars: int
    pad: str
    pad_attack_s: float
    bass: str
    bass_lanes: tuple[str, ...]
    arp: str
    arp_lanes: tuple[str, ...]
    lead: str
    # lanes by drum for each level of intensity that has drums: (calm, full)
    drums: tuple[dict[str, str], dict[str, str]] = ({}, {})
    # what marks a cut, and what leads up to it
    accents: tuple[str, ...] = ()
    riser: bool = False
    # steps of a bar on which the pad is let through; "" for a pad that is held
    gate: str = ""
    # levels of the parts in dB: pad, bass, arp, lead, drums, accent
    levels_db: dict[str, float] = field(default_factory=dict)
    room_s: float = 1.8
    room_db: float = -12.0
    # brings the style to about -20 LUFS, measured over many seeds
    trim_db: float = 0.0
    # lateness and unevenness of a player, s
    looseness_s: float = 0.004
    # 0..3: the intensity that a piece reaches at the least, whatever the mood
    least: int = 1
    # intensity from which the arpeggio plays
    arp_from: int = 1
    # longest ring of the last chord, s
    ring_s: float = 4.0


STYLES: dict[str, Style] = {
    "ambient": Style(
        bpm=(62, 84),
        modes=("aeolian", "dorian", "mixolydian", "lydian"),
        bright=((0, 4, 5, 3), (0, 1, 5, 4), (0, 3, 5, 4)),
        dark=((0, 5, 2, 6), (0, 3, 5, 6), (0, 6, 5, 3)),
        colours=(NINTH, SEVENTH),
        chord_bars=1,
        pad="warm",
        pad_attack_s=0.9,
        bass="sub",
        bass_lanes=("R---------------",),
        arp="bell",
        arp_lanes=("......2.....4...", "....1.......3...", "..3.......2.....", "....4.....1....."),
        lead="felt",
        accents=("bell",),
        levels_db={"pad": -11.5, "bass": -3.5, "arp": -7.5, "lead": -6.5, "drums": -8, "accent": -2.5},
        trim_db=-1.7,
        room_s=3.0,
        room_db=-5.0,
        looseness_s=0.012,
    ),
    "cinematic": Style(
        bpm=(72, 104),
        modes=("aeolian", "aeolian", "ionian", "lydian"),
        bright=((0, 4, 5, 3), (0, 3, 5, 4), (5, 3, 0, 4)),
        dark=((0, 5, 2, 6), (0, 5, 3, 6), (0, 2, 5, 6)),
        colours=(TRIAD, NINTH),
        chord_bars=1,
        pad="strings",
        pad_attack_s=0.22,
        bass="low-strings",
        bass_lanes=("R---------------", "R-------R---5---"),
        arp="spiccato",
        arp_lanes=("0.1.2.1.0.1.2.1.", "0.2.1.2.0.2.1.2.", "0.0.1.0.2.0.1.0."),
        lead="felt",
        drums=(
            {"taiko": "x...........o..."},
            {"taiko": "x.....x.o...x.o.", "tom": "......o...x.....", "shaker": "o.o.o.o.o.o.o.o."},
        ),
        accents=("boom", "taiko", "cymbal"),
        riser=True,
        levels_db={"pad": -11, "bass": -4, "arp": -3.5, "lead": -7, "drums": -5, "accent": -1},
        trim_db=-0.9,
        room_s=2.4,
        room_db=-8.0,
        least=2,
        arp_from=2,
    ),
    "tense": Style(
        bpm=(84, 116),
        modes=("phrygian", "phrygian", "aeolian", "aeolian"),
        bright=((0, 5, 0, 6), (0, 3, 5, 0)),
        dark=((0, 0, 1, 0), (0, 5, 1, 0), (0, 1, 0, 6)),
        colours=(SUSPENDED, TRIAD),
        chord_bars=2,
        pad="dark",
        pad_attack_s=0.5,
        bass="pulse",
        bass_lanes=("R.R.R.R.R.R.R.R.", "R.R.R.RRR.R.R.R."),
        arp="spiccato",
        arp_lanes=("............2.1.", "......2.......1.", "0...1...0...2..."),
        lead="glass",
        drums=(
            {"tick": "x...o...x...o..."},
            {"tick": "x.o.o.o.x.o.o.o.", "taiko": "x.........x.o...", "tom": "..............o."},
        ),
        accents=("boom", "taiko"),
        riser=True,
        levels_db={"pad": -11, "bass": 0, "arp": -1, "lead": -7.5, "drums": -4, "accent": -1},
        room_s=2.2,
        room_db=-8.0,
        looseness_s=0.003,
        least=2,
        arp_from=2,
        ring_s=3.0,
    ),
    "playful": Style(
        bpm=(100, 132),
        modes=("dorian", "mixolydian", "ionian", "ionian"),
        bright=((0, 5, 1, 4), (0, 3, 0, 4), (0, 3, 4, 3)),
        dark=((0, 3, 0, 6), (0, 2, 3, 6)),
        colours=(TRIAD, SIXTH),
        chord_bars=1,
        pad="reed",
        pad_attack_s=0.12,
        bass="upright",
        bass_lanes=("R.......5.......", "R.....5.R...5..."),
        arp="pizzicato",
        arp_lanes=("..1...2...1...2.", "0.2.1.2.0.2.1.3.", "..1.2...1...2.1."),
        lead="marimba",
        drums=(
            {"shaker": "o.x.o.x.o.x.o.x."},
            {"shaker": "o.x.o.x.o.x.o.x.", "clap": "....x.......x...", "kick": "x.......x.o....."},
        ),
        accents=("bell",),
        levels_db={"pad": -16.5, "bass": -3.5, "arp": 1, "lead": -0.5, "drums": -2, "accent": -1},
        room_s=1.1,
        room_db=-14.0,
        looseness_s=0.006,
        least=2,
        arp_from=0,
        ring_s=1.8,
    ),
    "electronic": Style(
        bpm=(104, 128),
        modes=("aeolian", "dorian", "dorian", "mixolydian"),
        bright=((0, 4, 5, 3), (3, 4, 0, 5), (0, 3, 5, 4)),
        dark=((0, 5, 2, 6), (5, 6, 0, 0), (0, 3, 5, 6)),
        colours=(SEVENTH, NINTH),
        chord_bars=1,
        pad="saws",
        pad_attack_s=0.03,
        bass="saw-bass",
        bass_lanes=("..R-..R-..R-..R-", "R.RR..R.R.RR..8."),
        arp="pluck",
        arp_lanes=("0.2.1.3.2.1.3.1.", "0.1.2.3.1.2.3.2.", "0..2..1..3..2.1."),
        lead="pluck",
        drums=(
            {"kick": "x...x...x...x...", "hat": "..o...o...o...o."},
            {
                "kick": "x...x...x...x...",
                "hat": "..x...x...x...xo",
                "clap": "....x.......x...",
                "shaker": "o.oo.oo.o.oo.oo.",
            },
        ),
        accents=("cymbal", "boom"),
        riser=True,
        gate="..xx.xxx..xx.xxx",
        levels_db={"pad": -12.5, "bass": -4.5, "arp": -5.5, "lead": -2, "drums": -4.5, "accent": -2},
        trim_db=-1.1,
        room_s=1.5,
        room_db=-13.0,
        looseness_s=0.0,
        least=3,
        ring_s=2.6,
    ),
}
