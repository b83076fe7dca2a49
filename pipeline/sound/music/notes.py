"""Note: one sound of one player."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """One sound of one player."""

    time_s: float
    # how long it is held; struck and plucked voices ring on by themselves
    length_s: float
    # MIDI note number; 0 for drums
    pitch: int
    # 0..1
    velocity: float
    voice: str
    # part it belongs to: pad, bass, comp, arp, lead, drums, accent
    part: str
    pan: float = 0.0
    # attack of a held voice, s
    attack_s: float = 0.0
