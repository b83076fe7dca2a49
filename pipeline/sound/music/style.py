"""Style: the table of choices that a kind of music is.

A bar of four beats has sixteen steps. In a drum lane ``x`` is a hit and ``o`` a soft one; a bass lane has ``R`` root,
``5`` fifth, ``8`` octave, ``-`` held, ``.`` silence; a chord lane ``x`` a stroke, ``o`` a soft one, ``u`` one upwards;
an arpeggio lane names chord tones from the lowest, ``0`` up. Where there are several lanes, each phrase takes one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# lanes by drum
Kit = dict[str, str]
# where drums sit, as the drummer sees them
DRUM_PANS = {
    "hat": 0.25,
    "open-hat": 0.25,
    "shaker": -0.3,
    "tambourine": 0.35,
    "tom": 0.3,
    "tick": -0.2,
    "taiko": -0.1,
    "brush": 0.1,
    "rim": -0.15,
    "conga-low": -0.3,
    "conga-high": -0.18,
    "conga-slap": -0.18,
    "cajon-slap": 0.05,
    "frame-drum": 0.28,
    "woodblock": 0.42,
}


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
    # lanes to choose from, for each intensity from 1 on
    bass_lanes: tuple[tuple[str, ...], ...]
    arp: str
    arp_lanes: tuple[str, ...]
    lead: str
    # who plays chords in rhythm ("" for nobody), on which lanes from intensity 1 on, from which intensity
    comp: str = ""
    comp_lanes: tuple[tuple[str, ...], ...] = ()
    comp_from: int = 1
    # time from one string to the next
    comp_spread_s: float = 0.012
    # kits to choose from, for each intensity from `drums_from` on
    drums: tuple[tuple[Kit, ...], ...] = ()
    drums_from: int = 2
    # what drummers play in the last half of a bar before a turn; sixteen steps, the first eight silent
    fills: tuple[Kit, ...] = ()
    # what marks a cut, and what leads up to it
    accents: tuple[str, ...] = ()
    riser: bool = False
    # steps of a bar on which the pad is let through; "" for a pad that is held
    gate: str = ""
    # levels of the parts in dB: pad, bass, comp, arp, lead, drums, accent
    levels_db: dict[str, float] = field(default_factory=dict)
    room_s: float = 1.8
    room_db: float = -12.0
    # how loud bars of each intensity are before the desk makes up for it, LUFS: measured over seeds and moods
    loud_lufs: tuple[float, float, float, float] = (-20.0, -20.0, -20.0, -20.0)
    # lateness and unevenness of a player, s
    looseness_s: float = 0.004
    # how late every second sixteenth is, as a share of a sixteenth; 0.33 is a triplet
    swing: float = 0.0
    # how far a kick pushes the others down
    pump_db: float = 0.0
    # played back from a worn tape
    tape: bool = False
    # 0..3: the intensity that a piece reaches at the least, whatever the mood
    least: int = 1
    # intensity from which the arpeggio plays
    arp_from: int = 1
    # longest ring of the last chord, s
    ring_s: float = 4.0
