"""Cue lanes: what is heard as bars with names on a time axis, a band of lanes per stem."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from pipeline.detect.wording import plain
from pipeline.records import STEM_NAMES, Cue
from pipeline.report.timeline import INK, LINE, SOFT, Strip, name, names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEM_COLOURS = {"DX": "#7a4fd0", "FX-impacts": "#c2481d", "FX-foley": "#b07c10", "BG": "#2f7d4f", "MX": "#1f6f9e"}
_STEM_LABELS = {"DX": "speech", "FX-impacts": "impacts", "FX-foley": "foley", "BG": "ambience", "MX": "music"}
_LABELLED_LANES = 3
# characters of 11 pt over the clip, at 16 inches
_CHARACTERS = 145
_LANE_INCHES = 0.4


def cue_strip(cues: Sequence[Cue], duration_s: float) -> Strip:
    """Cues as bars with their names, a band of lanes per stem."""
    stems: dict[str, list[Cue]] = {stem: own for stem in STEM_NAMES if (own := [c for c in cues if c.stem == stem])}
    placed = {stem: spread(own, duration_s) for stem, own in stems.items()}
    lanes = {stem: 1 + max(lane for _, lane, _ in entries) for stem, entries in placed.items()}

    def draw(ax: Axes) -> None:
        if not placed:
            name(ax, "cues")
            ax.text(0.5, 0.5, "no sounds were placed", transform=ax.transAxes, ha="center", va="center", color=SOFT)
            return
        top, at = 0, []
        for stem, entries in placed.items():
            at.append(top + lanes[stem] / 2)
            _draw_stem(ax, entries, top=top, colour=_STEM_COLOURS[stem], duration_s=duration_s)
            top += lanes[stem]
            ax.axhline(top, color=LINE, linewidth=0.8)
        ax.set_ylim(top, 0)
        names(ax, at, [f"{_STEM_LABELS[stem]}  {len(own)}" for stem, own in stems.items()])

    return Strip(_LANE_INCHES * max(1, sum(lanes.values())) + 0.1, draw)


def spread(cues: Sequence[Cue], duration_s: float) -> list[tuple[Cue, int, str]]:
    """Give each cue of a stem a lane where neither bar nor label overlaps another; a label without room goes."""
    second_per_character = duration_s / _CHARACTERS
    ends: list[float] = []
    placed = []
    for cue in sorted(cues, key=lambda c: c.time_s):
        label = _drawable(cue.description or cue.sound)
        start_s = _label_start_s(cue, label, duration_s)
        room = max(cue.time_s + cue.length_s, start_s + (len(label) + 2) * second_per_character)
        lane = next((i for i, end in enumerate(ends) if end <= start_s), len(ends))
        if lane >= _LABELLED_LANES:
            # more than one can read: further cues share one lane, where bars may overlap and nothing is written
            lane, label, room = _LABELLED_LANES, "", math.inf
        if lane == len(ends):
            ends.append(0.0)
        ends[lane] = max(ends[lane], room)
        placed.append((cue, lane, label))
    return placed


def _label_start_s(cue: Cue, label: str, duration_s: float) -> float:
    # at the sound, or so far before that the end of the clip does not cut the name
    return max(0.0, min(cue.time_s, duration_s * (1 - (len(label) + 1) / _CHARACTERS)))


def _draw_stem(ax: Axes, entries: Sequence[tuple[Cue, int, str]], *, top: int, colour: str, duration_s: float) -> None:
    times_s = [cue.time_s for cue, _, _ in entries]
    middle = np.array([top + lane + 0.5 for _, lane, _ in entries])
    lengths_s = [cue.length_s for cue, _, _ in entries]
    ax.barh(middle, lengths_s, left=times_s, height=0.78, color=colour, alpha=0.2, linewidth=0)
    ax.vlines(times_s, middle - 0.39, middle + 0.39, color=colour, linewidth=2.2 if len(entries) < 100 else 1.0)
    for (cue, lane, label), y in zip(entries, middle, strict=True):
        if lane < _LABELLED_LANES:
            _draw_levels(ax, cue, y, colour)
        if label:
            # a cue sheet may hold dollar signs, which are not formulas
            ax.annotate(
                label, (_label_start_s(cue, label, duration_s), y), xytext=(5, 0), textcoords="offset points",
                va="center", fontsize=11, color=INK, parse_math=False, annotation_clip=True, clip_on=True,
            )  # fmt: skip


def _draw_levels(ax: Axes, cue: Cue, y: float, colour: str) -> None:
    # how the level moves along a sound: 30 dB from the foot of its bar to the top
    if len(cue.automation) < 2:
        return
    at_s, level_db = np.array(cue.automation).T
    height = np.clip(1 + (level_db - max(level_db.max(), 0.0)) / 30, 0, 1)
    ax.fill_between(cue.time_s + at_s, y + 0.39, y + 0.39 - 0.78 * height, color=colour, alpha=0.22, linewidth=0)


def _drawable(text: str) -> str:
    # characters the bundled typeface lacks would be drawn as boxes, with a warning each
    known = _known_characters()
    return "".join(c if ord(c) in known else "?" for c in plain(text, limit=40))


@lru_cache(maxsize=1)
def _known_characters() -> frozenset[int]:
    from matplotlib import font_manager, ft2font

    return frozenset(ft2font.FT2Font(font_manager.findfont("DejaVu Sans")).get_charmap())
