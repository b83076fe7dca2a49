"""Voices of the music as tables of numbers; `synth` turns them into sound.

Physics after Fletcher & Rossing, The Physics of Musical Instruments (2nd ed., 1998), chapters in brackets below; the
frequency-dependent loss and the comb of the plucking point are those of the extended plucked-string algorithm
(Karplus & Strong 1983; Jaffe & Smith 1983, Computer Music Journal 7(2)), solved partial by partial.
"""

from __future__ import annotations

from dataclasses import dataclass

# nothing musical is lost above this, and filters get no work
TOP_HZ = 14_000.0


@dataclass(frozen=True)
class Pad:
    """A sustained voice: harmonic n has level n**-slope, shaped by resonances, spread by some cents."""

    slope: float
    spread_cents: float
    # level of even harmonics against odd ones
    even: float = 1.0
    # (centre Hz, width Hz, gain)
    resonances: tuple[tuple[float, float, float], ...] = ()
    low_pass_hz: float = TOP_HZ
    # below this a part leaves room for the bass
    low_cut_hz: float = 0.0
    # phase difference of the sides in rad; 1 still adds up to a full tone in mono
    width: float = 0.9
    # breath or bow: level of noise between 2 and 9 kHz against the first harmonic
    air: float = 0.0


@dataclass(frozen=True)
class String:
    """A plucked or struck string: partial n starts at n**-slope and falls by 60 dB in seconds / n**damping."""

    slope: float
    # time to fall by 60 dB at A3; low strings ring longer
    seconds: float
    damping: float
    # share of the length at which it is plucked or struck: partials with a node there are missing (0: none are)
    position: float = 0.0
    # partial n lies at n * sqrt(1 + stiffness * n**2) at A3; stiffer upwards (ch. 12.2)
    stiffness: float = 0.0
    attack_s: float = 0.0015
    even: float = 1.0
    # two strings or oscillators, one more to each side, this far apart
    detune_cents: float = 0.0
    # share of the energy that moves along the bridge and stays three times as long (two-stage decay, ch. 12.7)
    after: float = 0.0
    # low-pass of a soft and of a hard stroke: a soft hammer or a flat finger excites no high partials
    soft_hz: float = 3000.0
    hard_hz: float = TOP_HZ
    # hammer, pick or finger: level, low Hz, high Hz, seconds
    noise: tuple[float, float, float, float] = (0.0, 300.0, 4000.0, 0.01)
    # body: (centre Hz, width Hz, gain)
    resonances: tuple[tuple[float, float, float], ...] = ()
    low_cut_hz: float = 0.0
    width: float = 0.4


@dataclass(frozen=True)
class Modal:
    """Bars, bells, skins: (ratio, level, seconds to fall by 60 dB) of each mode at A4; lower notes ring longer."""

    modes: tuple[tuple[float, float, float], ...]
    # level of the upper modes of a soft stroke against a hard one
    soft: float = 0.4
    noise: tuple[float, float, float, float] = (0.0, 300.0, 4000.0, 0.01)
    # the pitch starts this many cents sharp and settles: the tension of a skin hit hard (ch. 18.2)
    glide_cents: float = 0.0
    width: float = 0.5


@dataclass(frozen=True)
class Tine:
    """An electric piano: a tine that decays before a magnetic pickup, whose field makes its overtones."""

    seconds: float
    # how far off the middle of the pickup the tine rests; more means more even harmonics
    offset: float
    # swing of a soft and of a hard stroke against the width of the field
    swings: tuple[float, float]
    # the tine's own second mode: ratio (clamped bar, ch. 2.15), level, seconds
    chime: tuple[float, float, float] = (6.27, 0.05, 0.35)
    noise: tuple[float, float, float, float] = (0.05, 200.0, 1500.0, 0.012)


PADS: dict[str, Pad] = {
    "warm": Pad(slope=1.65, spread_cents=24, even=0.7, low_pass_hz=2800, low_cut_hz=120, width=0.7, air=0.03),
    "strings": Pad(
        slope=1.15,
        spread_cents=30,
        resonances=((480, 300, 0.6), (1100, 500, 0.6), (2700, 900, 0.2)),
        low_pass_hz=4600,
        low_cut_hz=160,
        width=0.8,
        air=0.02,
    ),
    "dark": Pad(slope=1.35, spread_cents=40, resonances=((420, 200, 0.7),), low_pass_hz=1700, low_cut_hz=170),
    "reed": Pad(slope=1.2, spread_cents=14, even=0.25, resonances=((900, 500, 0.8),), low_pass_hz=2800, low_cut_hz=200),
    "saws": Pad(slope=1.05, spread_cents=22, low_pass_hz=3600, low_cut_hz=200, width=0.8),
    "drone": Pad(slope=1.5, spread_cents=16, even=0.8, low_pass_hz=1400, low_cut_hz=120),
    "low-strings": Pad(
        slope=1.2, spread_cents=18, resonances=((250, 200, 0.4), (700, 400, 0.6)), low_pass_hz=1800, width=0.3
    ),
    "sub": Pad(slope=1.9, spread_cents=5, low_pass_hz=400, width=0.2),
}
STRINGS: dict[str, String] = {
    # an upright with felt between hammers and strings; the real instrument's B at A3 is about 2e-4 (ch. 12.2)
    "felt": String(
        slope=1.25,
        seconds=3.0,
        damping=0.6,
        position=0.12,
        stiffness=2.5e-4,
        attack_s=0.004,
        detune_cents=1.2,
        after=0.22,
        soft_hz=1300,
        hard_hz=2600,
        noise=(0.10, 120.0, 1600.0, 0.014),
        low_cut_hz=120,
    ),
    "piano": String(
        slope=1.05,
        seconds=3.0,
        damping=0.55,
        position=0.12,
        stiffness=2.0e-4,
        attack_s=0.0015,
        detune_cents=1.0,
        after=0.2,
        soft_hz=1800,
        hard_hz=4800,
        noise=(0.06, 150.0, 2400.0, 0.012),
        low_cut_hz=120,
    ),
    # nylon strings over a wooden body: air resonance near 110 Hz, plate near 210 and 400 Hz (ch. 9.4)
    "guitar": String(
        slope=1.1,
        seconds=2.2,
        damping=0.55,
        position=0.19,
        stiffness=4e-5,
        attack_s=0.001,
        detune_cents=0.6,
        after=0.25,
        soft_hz=1700,
        hard_hz=4200,
        noise=(0.12, 700.0, 5000.0, 0.006),
        resonances=((210, 50, 0.35), (410, 90, 0.5), (2300, 500, 0.2)),
        low_cut_hz=130,
    ),
    "steel": String(
        slope=0.95,
        seconds=2.4,
        damping=0.62,
        position=0.14,
        stiffness=8e-5,
        attack_s=0.0008,
        detune_cents=0.9,
        after=0.25,
        soft_hz=2200,
        hard_hz=5600,
        noise=(0.14, 1200.0, 7000.0, 0.005),
        resonances=((220, 60, 0.25), (450, 120, 0.4)),
        low_cut_hz=160,
    ),
    "dulcimer": String(
        slope=0.9, seconds=1.6, damping=0.5, position=0.1, stiffness=1e-4, detune_cents=4, soft_hz=2500, hard_hz=5200,
        noise=(0.08, 1000.0, 6000.0, 0.005), low_cut_hz=200,
    ),
    "pluck": String(slope=1.0, seconds=0.9, damping=0.85, detune_cents=7, soft_hz=2600, hard_hz=7000, low_cut_hz=200),
    "pizzicato": String(
        slope=1.0, seconds=0.55, damping=0.65, position=0.22, soft_hz=2000, hard_hz=4200, detune_cents=3,
        noise=(0.2, 300.0, 3500.0, 0.007), resonances=((300, 120, 0.4), (520, 150, 0.4)), low_cut_hz=130,
    ),
    "spiccato": String(
        slope=1.0, seconds=0.42, damping=0.25, attack_s=0.012, detune_cents=9, soft_hz=2000, hard_hz=3800,
        noise=(0.1, 800.0, 5000.0, 0.02), resonances=((480, 250, 0.5),), low_cut_hz=160, width=0.8,
    ),
    "upright": String(
        slope=1.25, seconds=1.3, damping=0.7, position=0.22, attack_s=0.003, after=0.15, soft_hz=700, hard_hz=1500,
        noise=(0.12, 300.0, 1800.0, 0.012), resonances=((110, 50, 0.3), (240, 80, 0.3)), low_cut_hz=38, width=0.1,
    ),
    "round-bass": String(
        slope=1.5, seconds=3.6, damping=0.6, position=0.3, attack_s=0.004, soft_hz=420, hard_hz=800,
        noise=(0.05, 200.0, 900.0, 0.012), low_cut_hz=36, width=0.0,
    ),
    "pulse": String(
        slope=1.0, seconds=0.5, damping=0.8, even=0.5, attack_s=0.003, soft_hz=700, hard_hz=1600,
        low_cut_hz=62, width=0.1,
    ),
    "saw-bass": String(
        slope=1.0, seconds=1.6, damping=0.9, attack_s=0.003, soft_hz=1000, hard_hz=2400, low_cut_hz=38, width=0.15
    ),
}  # fmt: skip
MODAL: dict[str, Modal] = {
    # a tuned bar: second mode at the double octave (ch. 19.3)
    "marimba": Modal(((1, 1, 0.7), (3.98, 0.26, 0.22), (9.2, 0.08, 0.08)), noise=(0.10, 300.0, 2500.0, 0.006)),
    "vibes": Modal(((1, 1, 2.6), (4.0, 0.12, 0.8), (10.1, 0.04, 0.2)), noise=(0.03, 400.0, 3000.0, 0.005)),
    "bell": Modal(((1, 1, 3.0), (2.0, 0.3, 2.0), (2.76, 0.22, 1.3), (5.4, 0.10, 0.6), (8.93, 0.04, 0.3))),
    "glass": Modal(((1, 1, 2.4), (2.32, 0.35, 1.6), (4.25, 0.16, 1), (6.63, 0.06, 0.6)), noise=(0.03, 2e3, 7e3, 0.004)),
    # a tongue clamped at one end: 1 : 6.27 : 17.5 (ch. 2.15)
    "kalimba": Modal(((1, 1, 1.1), (2.0, 0.05, 0.5), (6.27, 0.10, 0.16)), noise=(0.08, 500.0, 3500.0, 0.004)),
    # a hammered note field is tuned to its octave and twelfth (ch. 20, the hang)
    "hang": Modal(((1, 1, 1.5), (2.0, 0.42, 1.1), (3.0, 0.2, 0.7), (5.2, 0.05, 0.2)), noise=(0.07, 400.0, 3e3, 0.006)),
    "log-drum": Modal(((1, 1, 0.34), (2.7, 0.3, 0.12), (5.1, 0.12, 0.05)), noise=(0.16, 300.0, 2500.0, 0.006)),
    # a loaded skin, whose lowest modes come near to whole numbers (ch. 18.5)
    "tuned-drum": Modal(
        ((1, 1, 0.42), (2.02, 0.35, 0.2), (3.05, 0.14, 0.11), (4.1, 0.06, 0.06)),
        soft=0.5, noise=(0.3, 250.0, 2600.0, 0.008), glide_cents=60, width=0.2,
    ),
}  # fmt: skip
TINES: dict[str, Tine] = {"electric-piano": Tine(seconds=5.0, offset=0.42, swings=(0.3, 0.8))}
# rate in Hz and depth of the level, against each other on the two sides where the third is True
TREMOLOS: dict[str, tuple[float, float, bool]] = {
    "electric-piano": (4.4, 0.28, True),
    "vibes": (5.1, 0.22, False),
}
