"""The desk: levels, places and sends of the players, and what the kick does to the others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipeline.sound.music.parts import Note
from pipeline.sound.music.score import Score
from pipeline.sound.music.style import Style

if TYPE_CHECKING:
    import numpy as np

# dB of single voices against their part: a tick of 50 ms carries far less energy than a drum of the same peak
VOICE_DB = {
    "tick": 5.0,
    "rim": 3.0,
    "woodblock": 1.0,
    "hat": -7.0,
    "open-hat": -9.0,
    "shaker": -8.0,
    "tambourine": -8.0,
    "brush": -4.0,
    "clap": -3.0,
    "conga-slap": -2.0,
    "snare": -1.0,
}
ACCENT_DB = {"boom": -5.0, "taiko": -4.0, "cymbal": -15.0, "bell": 0.0, "riser": -16.0}
# how much of each part is sent to the hall, against the style's own amount
SEND_DB = {
    "pad": 0.0,
    "bass": -16.0,
    "comp": -1.0,
    "arp": 3.0,
    "lead": 4.0,
    "drums": -4.0,
    "accent": 1.0,
}
# low drums stay dry, or the hall would rumble
DRY_DB = {"kick": -12.0, "soft-kick": -12.0, "boom": -8.0, "cajon": -5.0}
# calm bars are played softer as well as by fewer players, dB by intensity
LEVEL_DB = (-3.0, -2.0, -0.8, 0.0)
# a pad that is far below this for the sake of the others comes up to it where it is alone, and half way in calm bars
ALONE_DB, ALONE_SHARE = -12.0, (1.0, 0.5, 0.0, 0.0)
# wished loudness (half a LU more comes together where parts meet: measured); how far under a calm bar the last chord is
# on average; bars this far below the loudest do not count
LEVEL_LUFS, RING_DB, GATE_LU = -20.5, 4.0, 10.0
# a kick pushes the others down at once and lets them go over this time (mixers call it pumping)
PUMP_RISE_S, PUMP_FALL_S, PUMP_LASTS_S = 0.004, 0.11, 0.7
PUMPED = ("pad", "bass", "comp", "arp")
KICKS = ("kick", "soft-kick")


def make_up_db(score: Score) -> float:
    """What brings a piece to about -20 LUFS, dB: from how loud its bars are by themselves, weighed as a meter does."""
    loud = score.style.loud_lufs
    spans = [(loud[bar.level], min(bar.times_s[-1], score.length_s) - max(bar.times_s[0], 0.0)) for bar in score.bars]
    if len(spans) > 1:
        # the last chord dies away
        spans[-1] = (loud[1] - RING_DB, spans[-1][1])
    top = max(lufs for lufs, _ in spans)
    heard = [(10 ** (lufs / 10), span) for lufs, span in spans if lufs > top - GATE_LU and span > 0]
    if not heard:
        return LEVEL_LUFS - top
    power = sum(power * span for power, span in heard) / sum(span for _, span in heard)
    return LEVEL_LUFS - 10 * math.log10(power)


def gain(note: Note, style: Style, *, level: int, made_up_db: float) -> float:
    """Amplitude of a note against its voice's own; `level` is the intensity of its bar, `made_up_db` of the piece."""
    own_db = (ACCENT_DB if note.part == "accent" else VOICE_DB).get(note.voice, 0.0)
    if note.part == "accent":
        # a calm piece is lifted, but what marks its cuts is not: it marks them gently
        made_up_db = min(made_up_db, LEVEL_LUFS - style.loud_lufs[3])
    part_db = style.levels_db.get(note.part, -8.0)
    soft_db = LEVEL_DB[level] if note.part != "accent" else 0.0
    if note.part == "pad":
        soft_db += ALONE_SHARE[level] * max(0.0, ALONE_DB - part_db)
    return float(10 ** ((part_db + own_db + soft_db + made_up_db) / 20) * note.velocity**1.5)


def send(note: Note, style: Style) -> float:
    """Share of a note that goes to the hall."""
    return float(10 ** ((style.room_db + SEND_DB.get(note.part, 0.0) + DRY_DB.get(note.voice, 0.0)) / 20))


def sides(note: Note) -> tuple[float, float]:
    """Gains of left and right: constant power, unity in the middle."""
    pan = note.pan
    if note.part == "pad" and not pan:
        # the voices of a chord sit beside each other
        pan = 0.3 * (note.pitch * 7 % 5 - 2) / 2
    angle = (pan + 1) * math.pi / 4
    return math.sqrt(2) * math.cos(angle), math.sqrt(2) * math.sin(angle)


def pumped(
    kicks: list[tuple[int, float]], *, start: int, count: int, depth_db: float, sample_rate_hz: int
) -> np.ndarray:
    """Gain of what is pushed down by kicks, float32 [count].

    Parameters
    ----------
    kicks : list of (int, float)
        Absolute sample and velocity of each.
    """
    import numpy as np

    depth = np.zeros(count)
    lasts = int(PUMP_LASTS_S * sample_rate_hz)
    for at, velocity in kicks:
        first, last = max(0, at - start), min(count, at - start + lasts)
        if first < last:
            since = (np.arange(first, last) + start - at) / sample_rate_hz
            dip = np.minimum(since / PUMP_RISE_S, 1) * np.exp(-since / PUMP_FALL_S) * velocity
            depth[first:last] = np.maximum(depth[first:last], dip)
    return (10 ** (-depth_db * depth / 20)).astype(np.float32)
