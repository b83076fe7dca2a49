"""Strips of a timeline: shots, events, movement, surfaces and sound, each drawn on the same time axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.records import Event, MotionCurve, Region, Shot, Texture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

INK, SOFT, LINE = "#1c1e22", "#585e68", "#d9d5cb"
# as many values over the clip as a person can tell apart
COLUMNS = 1480
_TEXTURE_COLOURS = {
    "rain": "#1f6f9e",
    "snow": "#6f86a8",
    "fire": "#c2481d",
    "water": "#1f8a8a",
    "smoke": "#77726a",
    "leaves": "#2f7d4f",
    "crowd": "#7a4fd0",
}
# where an event is across the picture: left blue, middle grey, right orange
LEFT, MIDDLE, RIGHT = "#1f6f9e", "#8a8f98", "#c2681d"
# how the movement of a part of the picture is shaded, from none to the most
_SHADES = ("#ffffff", "#a9c8dc", "#1f6f9e", "#0b2f47")
# height of a lane
_EVENT_INCHES, _TEXTURE_INCHES = 0.34, 0.36
_NAME_SIZE = 12


@dataclass(frozen=True)
class Strip:
    """One part of the picture, from the top to the bottom."""

    inches: float
    draw: Callable[[Axes], None]


def name(ax: Axes, text: str) -> None:
    """Write what a strip shows beside it."""
    ax.set_yticks([])
    ax.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=_NAME_SIZE, color=INK, labelpad=10)


def names(ax: Axes, at: Sequence[float], texts: Sequence[str], *, size: float = _NAME_SIZE) -> None:
    """Write what each lane of a strip shows beside it."""
    ax.set_yticks(list(at), list(texts), fontsize=size, color=INK)
    ax.tick_params(axis="y", length=0, pad=8)


def shot_strip(shots: Sequence[Shot], duration_s: float) -> Strip:
    """Numbered shots, light and dark in turn."""

    def draw(ax: Axes) -> None:
        name(ax, "shots")
        ax.set_ylim(0, 1)
        for number, shot in enumerate(shots, 1):
            length_s = shot.end_s - shot.start_s
            ax.barh(0.5, length_s, left=shot.start_s, height=1, color="#e8e4da" if number % 2 else "#f4f2ec")
            if length_s > 0.02 * duration_s:
                ax.text(shot.start_s + 0.5 * length_s, 0.46, str(number), ha="center", va="center", color=SOFT)

    return Strip(0.24, draw)


def event_strip(events: Sequence[Event]) -> Strip:
    """A lane per kind: a stalk as high as the event is sure, a head coloured by where it is."""
    kinds = list(dict.fromkeys(event.kind for event in sorted(events, key=lambda e: e.time_s) if event.kind != "cut"))

    def draw(ax: Axes) -> None:
        if not kinds:
            name(ax, "events")
            ax.text(0.5, 0.5, "no events were seen", transform=ax.transAxes, ha="center", va="center", color=SOFT)
            return
        ax.set_ylim(len(kinds), 0)
        counts = [sum(event.kind == kind for event in events) for kind in kinds]
        names(
            ax,
            [lane + 0.5 for lane in range(len(kinds))],
            [f"{kind}  {count}" for kind, count in zip(kinds, counts, strict=True)],
        )
        for lane, kind in enumerate(kinds):
            _draw_events(ax, [event for event in events if event.kind == kind], lane + 0.95)
            ax.axhline(lane + 1, color=LINE, linewidth=0.8)

    return Strip(_EVENT_INCHES * max(1, len(kinds)) + 0.1, draw)


def _draw_events(ax: Axes, events: Sequence[Event], floor: float) -> None:
    times_s = np.array([event.time_s for event in events])
    # half sure is half as high: a tenth is kept, so that none vanishes
    tops = floor - 0.72 * np.clip([event.confidence for event in events], 0.1, 1)
    colours = [_across(event.x) for event in events]
    lengths_s = [event.length_s for event in events]
    ax.barh(np.full(len(events), floor - 0.06), lengths_s, left=times_s, height=0.12, color=colours, alpha=0.5)
    ax.vlines(times_s, floor, tops, color=colours, linewidth=1.4)
    ax.scatter(times_s, tops, s=26 if len(events) < 200 else 10, color=colours, zorder=3)


def _across(x: float) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    x = float(np.clip(x, 0, 1))
    near, far, share = (LEFT, MIDDLE, 2 * x) if x < 0.5 else (MIDDLE, RIGHT, 2 * x - 1)
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(to_rgb(near), to_rgb(far), strict=True))
    return red, green, blue


def motion_strip(motion: MotionCurve, duration_s: float) -> Strip:
    """Movement of things, filled, and of the camera, a line."""

    def draw(ax: Axes) -> None:
        name(ax, "movement")
        if not motion.times_s:
            return
        top = max(max(motion.energy), max(motion.camera, default=0.0), 1e-6)
        times_s, energy = in_columns(motion.times_s, motion.energy, duration_s)
        ax.fill_between(times_s, energy / top, color="#1f6f9e", alpha=0.35, linewidth=0, label="moving things")
        times_s, camera = in_columns(motion.times_s, motion.camera, duration_s)
        ax.plot(times_s, camera / top, color=SOFT, linewidth=1.1, label="moving camera")
        ax.set_ylim(0, 1.08)

    return Strip(0.9, draw)


def region_strip(regions: Sequence[Region], duration_s: float) -> Strip:
    """How much each part of the picture moves, as shades; parts from left to right, upper before lower."""
    from matplotlib.colors import LinearSegmentedColormap

    shading = LinearSegmentedColormap.from_list("movement", _SHADES)
    ordered = sorted(regions, key=lambda region: (region.box[0], region.box[1]))

    def draw(ax: Axes) -> None:
        grid_s = (np.arange(COLUMNS // 2) + 0.5) * duration_s / (COLUMNS // 2)
        rows = np.array([_at(grid_s, region.times_s, region.energy) for region in ordered])
        # the root shows small movements beside large ones
        top = max(float(np.percentile(rows, 99.5)), 0.02)
        shades = np.sqrt(np.clip(rows / top, 0, 1))
        ax.imshow(
            shades, extent=(0, duration_s, len(ordered), 0), aspect="auto", cmap=shading, vmin=0, vmax=1,
            interpolation="nearest",
        )  # fmt: skip
        names(ax, [row + 0.5 for row in range(len(ordered))], [_place(region) for region in ordered], size=9)
        for row in range(2, len(ordered), 2):
            ax.axhline(row, color="white", linewidth=2)

    return Strip(0.16 * len(ordered), draw)


def _place(region: Region) -> str:
    x, y = (region.box[0] + region.box[2]) / 2, (region.box[1] + region.box[3]) / 2
    side = "left" if x < 1 / 3 else "right" if x > 2 / 3 else "middle"
    return f"{side}, {'upper' if y < 0.5 else 'lower'}"


def texture_strip(textures: Sequence[Texture], duration_s: float) -> Strip:
    """A lane per surface: its strength over time, and how sure it is."""

    def draw(ax: Axes) -> None:
        ax.set_ylim(len(textures), 0)
        names(
            ax,
            [lane + 0.5 for lane in range(len(textures))],
            [f"{texture.kind}  {100 * texture.confidence:.0f} %" for texture in textures],
        )
        for lane, texture in enumerate(textures):
            if texture.times_s:
                times_s, strength = in_columns(texture.times_s, texture.strength, duration_s)
                colour = _TEXTURE_COLOURS.get(texture.kind, SOFT)
                ax.fill_between(
                    times_s, lane + 0.95 - 0.85 * np.clip(strength, 0, 1), lane + 0.95, color=colour, alpha=0.55,
                    linewidth=0,
                )  # fmt: skip
            ax.axhline(lane + 1, color=LINE, linewidth=0.8)

    return Strip(_TEXTURE_INCHES * len(textures), draw)


def in_columns(
    times_s: Sequence[float], values: Sequence[float], duration_s: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Times and values, of which only the largest stays where many would fall on one column of the picture."""
    at, level = np.asarray(times_s, float), np.nan_to_num(np.asarray(values, float))
    column = np.clip(at / duration_s * COLUMNS, 0, COLUMNS - 1).astype(np.int64)
    first = np.flatnonzero(np.diff(column, prepend=-1))
    return at[first], np.maximum.reduceat(level, first)


def _at(grid_s: NDArray[Any], times_s: Sequence[float], values: Sequence[float]) -> NDArray[Any]:
    if not len(times_s):
        return np.zeros_like(grid_s)
    at, level = in_columns(times_s, values, float(grid_s[-1] + grid_s[0]))
    return np.interp(grid_s, at, level)


def sound_strip(audio: NDArray[np.float32], duration_s: float) -> Strip:
    """The waveform of the finished sound, scaled to its peak, which is written beside it."""

    def draw(ax: Axes) -> None:
        low, high = _envelope(audio, columns=COLUMNS)
        peak = max(float(np.abs(low).max()), float(np.abs(high).max())) if low.size else 0.0
        name(ax, f"sound\npeak {20 * math.log10(peak):.1f} dB" if peak > 1e-5 else "sound\nsilent")
        top = max(peak, 0.05)
        ax.set_ylim(-1.05 * top, 1.05 * top)
        if low.size:
            times_s = (np.arange(low.size) + 0.5) * duration_s / low.size
            ax.fill_between(times_s, low, high, color="#1f6f9e", alpha=0.75, linewidth=0)
            ax.axhline(0, color="#1f6f9e", linewidth=0.6)

    return Strip(1.1, draw)


def _envelope(audio: NDArray[np.float32], *, columns: int) -> tuple[NDArray[Any], NDArray[Any]]:
    # lowest and highest sample over all channels in each column
    samples = audio.shape[-1]
    if samples == 0:
        return np.zeros(0), np.zeros(0)
    starts = np.unique(np.linspace(0, samples, min(columns, samples), endpoint=False).astype(np.int64))
    finite = np.nan_to_num(np.atleast_2d(audio), posinf=1.0, neginf=-1.0)
    return np.minimum.reduceat(finite.min(axis=0), starts), np.maximum.reduceat(finite.max(axis=0), starts)
