"""Pictures for reports: a filmstrip, and everything that is seen and heard on one time axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.wording import plain
from pipeline.records import STEM_NAMES, Analysis, Cue, SoundPlan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Picture = NDArray[np.uint8]

# space between the pictures of a strip, the tallest strip that is still a strip, the tallest single picture
_GAP_PX = 4
_MAX_STRIP_ASPECT = 0.3
_MAX_PICTURE_ASPECT = 2.2
_STEM_COLOURS = {"DX": "#7a4fd0", "FX-impacts": "#c2481d", "FX-foley": "#b07c10", "BG": "#2f7d4f", "MX": "#1f6f9e"}
_STEM_LABELS = {"DX": "speech", "FX-impacts": "impacts", "FX-foley": "foley", "BG": "ambience", "MX": "music"}
_EVENT_STYLES = {
    "contact": ("v", "#c2481d"),
    "footstep": ("2", "#2f7d4f"),
    "whoosh": (">", "#b07c10"),
    "flash": ("*", "#7a4fd0"),
    "cut": ("|", "#444444"),
}
# width of the time axis in a figure 16 inches wide
_AXES_INCHES = 14.56
_LABELLED_LANES = 3
_INK, _SOFT, _LINE = "#1c1e22", "#585e68", "#d9d5cb"


def filmstrip(frames: Sequence[Picture], width_px: int) -> bytes:
    """Pictures side by side as a WebP of the given width: a page of hundreds of clips stays a few megabytes.

    Parameters
    ----------
    frames : sequence of uint8 [H, W, 3]
        RGB, in order of time, any sizes; each fills its place, cut where it does not fit.
    width_px : int

    Returns
    -------
    bytes of a WebP

    Raises
    ------
    ValueError
        When there is no picture, or no room for the pictures.
    """
    return _webp(strip_pixels(frames, width_px))


def strip_pixels(frames: Sequence[Picture], width_px: int) -> Picture:
    """The pixels of a filmstrip, uint8 [H, width_px, 4] RGBA; the gaps are transparent."""
    count = len(frames)
    tile_width = (width_px - _GAP_PX * (count - 1)) // max(count, 1)
    if count == 0 or tile_width < 8:
        raise ValueError(f"a filmstrip of {width_px} pixels needs between 1 and {width_px // 12} pictures, not {count}")
    height, width = frames[0].shape[:2]
    # a single picture is shown whole: it is a thumbnail
    tallest = round(width_px * (_MAX_STRIP_ASPECT if count > 1 else _MAX_PICTURE_ASPECT))
    tile_height = int(np.clip(round(tile_width * height / width), 8, max(8, tallest)))
    strip = np.zeros((tile_height, width_px, 4), np.uint8)
    for index, frame in enumerate(frames):
        # spread the rounding, so that the last picture ends at the edge
        left = round(index * (width_px - tile_width) / max(count - 1, 1))
        strip[:, left : left + tile_width, :3] = _cover(frame, tile_width, tile_height)
        strip[:, left : left + tile_width, 3] = 255
    return strip


def _cover(frame: Picture, width_px: int, height_px: int) -> Picture:
    # scale until both sides are filled, cut the middle
    import cv2

    height, width = frame.shape[:2]
    scale = max(width_px / width, height_px / height)
    size = (max(width_px, round(width * scale)), max(height_px, round(height * scale)))
    scaled = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size[0] - width_px) // 2, (size[1] - height_px) // 2
    return np.asarray(scaled[top : top + height_px, left : left + width_px], np.uint8)


def _webp(pixels: Picture) -> bytes:
    import cv2

    done, data = cv2.imencode(".webp", cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_WEBP_QUALITY, 82])
    if not done:
        raise ValueError(f"a picture of shape {pixels.shape} cannot be written as WebP")
    return data.tobytes()


def cue_picture(
    frames: Sequence[Picture],
    analysis: Analysis,
    plan: SoundPlan,
    audio: NDArray[np.float32] | None = None,
    *,
    width_px: int = 1600,
) -> bytes:
    """Pictures, events, movement, cues and the finished sound above one another on one time axis.

    Parameters
    ----------
    frames : sequence of uint8 [H, W, 3]
        RGB pictures spread evenly over the clip.
    analysis : Analysis
    plan : SoundPlan
    audio : float32 [channels, samples], optional
        The finished soundtrack; its length is that of the clip.
    width_px : int

    Returns
    -------
    bytes of a PNG
    """
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    duration_s = max(analysis.duration_s, plan.duration_s, 0.1)
    lanes: dict[str, list[Cue]] = {
        stem: cues for stem in STEM_NAMES if (cues := [c for c in plan.cues if c.stem == stem])
    }
    placed = {stem: _spread(cues, duration_s) for stem, cues in lanes.items()}
    rows = sum(1 + max(lane for _, lane, _ in entries) for entries in placed.values()) if placed else 1
    heights = [_strip_height(frames), 0.5, 1.0, 0.42 * rows + 0.3, *([1.1] if audio is not None else [])]
    figure = Figure(figsize=(16, sum(heights) + 0.9), dpi=width_px / 16, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(heights), 1, sharex=True, gridspec_kw={"height_ratios": heights, "hspace": 0.1})
    _draw_frames(axes[0], frames, duration_s)
    _draw_events(axes[1], analysis)
    _draw_motion(axes[2], analysis)
    _draw_cues(axes[3], placed)
    if audio is not None:
        _draw_sound(axes[4], audio, duration_s)
    _finish(figure, axes, analysis, duration_s)
    figure.subplots_adjust(left=0.075, right=0.985, top=0.985, bottom=0.55 / (sum(heights) + 0.9))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _strip_height(frames: Sequence[Picture]) -> float:
    # inches that show whole pictures side by side over the width of the axes, within reason
    if not frames:
        return 0.6
    height, width = frames[0].shape[:2]
    return float(np.clip(_AXES_INCHES / len(frames) * height / width, 0.8, 2.6))


def _finish(figure: Figure, axes: Sequence[Axes], analysis: Analysis, duration_s: float) -> None:
    cuts = [shot.start_s for shot in analysis.shots[1:]]
    for ax in axes:
        ax.set_xlim(0, duration_s)
        for side in ("top", "right", "left"):
            ax.spines[side].set_visible(False)
        ax.spines["bottom"].set_color(_LINE)
        ax.tick_params(axis="x", bottom=False, labelbottom=False)
        for cut in cuts:
            ax.axvline(cut, color="#8a8f98", linewidth=1, linestyle=(0, (4, 3)), zorder=0.5)
    last = axes[-1]
    last.tick_params(axis="x", bottom=True, labelbottom=True, labelsize=12, colors=_SOFT)
    last.set_xlabel("seconds", loc="left", fontsize=12, color=_SOFT)
    handles, labels = [], []
    for ax in axes[1:3]:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.append(handle)
            labels.append(label)
    # under the time axis, where it can hide nothing
    figure.legend(
        handles, labels, loc="lower right", ncols=6, fontsize=11, frameon=False, labelcolor=_SOFT, borderaxespad=0.4
    )


def _title(ax: Axes, text: str) -> None:
    ax.set_yticks([])
    ax.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=12.5, color=_INK, labelpad=10)


def _draw_frames(ax: Axes, frames: Sequence[Picture], duration_s: float) -> None:
    _title(ax, "picture")
    if frames:
        tile = max(1480 // len(frames), 1)
        height = round(_strip_height(frames) * 1480 / _AXES_INCHES)
        strip = np.concatenate([_cover(frame, tile, height) for frame in frames], axis=1)
        ax.imshow(strip, extent=(0, duration_s, 0, 1), aspect="auto", interpolation="antialiased")


def _draw_events(ax: Axes, analysis: Analysis) -> None:
    _title(ax, "seen")
    ax.set_ylim(0, 1)
    for kind, (marker, colour) in _EVENT_STYLES.items():
        events = [e for e in analysis.events if e.kind == kind]
        if events:
            sizes = [40 + 110 * float(np.clip(e.confidence, 0, 1)) for e in events]
            ax.scatter(
                [e.time_s for e in events], [0.5] * len(events), s=sizes, marker=marker, color=colour, label=kind
            )


def _draw_motion(ax: Axes, analysis: Analysis) -> None:
    _title(ax, "movement")
    motion = analysis.motion
    if not motion.times_s:
        return
    top = max(max(motion.energy), max(motion.camera, default=0.0), 1e-6)
    ax.fill_between(
        motion.times_s, np.divide(motion.energy, top), color="#1f6f9e", alpha=0.35, linewidth=0, label="moving things"
    )
    ax.plot(motion.times_s, np.divide(motion.camera, top), color="#585e68", linewidth=1.2, label="moving camera")
    ax.set_ylim(0, 1.08)


def _spread(cues: Sequence[Cue], duration_s: float) -> list[tuple[Cue, int, str]]:
    """Give each cue of a stem a lane where neither bar nor label overlaps another; a label without room goes."""
    # at 1600 px about 145 characters of 11 pt fit over the clip
    second_per_character = duration_s / 145
    ends: list[float] = []
    placed = []
    for cue in sorted(cues, key=lambda c: c.time_s):
        label = _drawable(cue.description or cue.sound)
        room = cue.time_s + max(cue.length_s, (len(label) + 2) * second_per_character)
        lane = next((i for i, end in enumerate(ends) if end <= cue.time_s), len(ends))
        if lane >= _LABELLED_LANES:
            # more than one can read: further cues share one lane, where bars may overlap and nothing is written
            lane, label, room = _LABELLED_LANES, "", math.inf
        if lane == len(ends):
            ends.append(0.0)
        ends[lane] = max(ends[lane], room)
        placed.append((cue, lane, label))
    return placed


def _draw_cues(ax: Axes, placed: dict[str, list[tuple[Cue, int, str]]]) -> None:
    ax.set_yticks([])
    top, ticks = 0.0, []
    for stem, entries in placed.items():
        lanes = 1 + max(lane for _, lane, _ in entries)
        ticks.append((top + lanes / 2, _STEM_LABELS[stem]))
        for cue, lane, label in entries:
            _draw_cue(ax, cue, top + lane + 0.5, label, _STEM_COLOURS[stem])
        top += lanes
        ax.axhline(top, color=_LINE, linewidth=0.8)
    ax.set_ylim(max(top, 1.0), 0)
    ax.set_yticks([at for at, _ in ticks], [text for _, text in ticks], fontsize=12.5, color=_INK)
    ax.tick_params(axis="y", length=0, pad=10)
    if not placed:
        _title(ax, "cues")
        ax.text(
            0.5,
            0.5,
            "no sounds were placed",
            transform=ax.transAxes,
            ha="center",
            va="center",
            color=_SOFT,
            fontsize=12,
        )


def _draw_cue(ax: Axes, cue: Cue, y: float, label: str, colour: str) -> None:
    ax.barh(y, cue.length_s, left=cue.time_s, height=0.78, color=colour, alpha=0.22, linewidth=0)
    ax.plot([cue.time_s, cue.time_s], [y - 0.39, y + 0.39], color=colour, linewidth=2.4, solid_capstyle="butt")
    # a cue sheet may hold dollar signs, which are not formulas
    ax.annotate(
        label, (cue.time_s, y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=11, color=_INK,
        parse_math=False, annotation_clip=True, clip_on=True,
    )  # fmt: skip


def _drawable(text: str) -> str:
    # characters the bundled typeface lacks would be drawn as boxes, with a warning each
    known = _known_characters()
    return "".join(c if ord(c) in known else "?" for c in plain(text, limit=40))


@lru_cache(maxsize=1)
def _known_characters() -> frozenset[int]:
    from matplotlib import font_manager, ft2font

    return frozenset(ft2font.FT2Font(font_manager.findfont("DejaVu Sans")).get_charmap())


def _draw_sound(ax: Axes, audio: NDArray[np.float32], duration_s: float) -> None:
    _title(ax, "sound")
    ax.set_ylim(-1.05, 1.05)
    low, high = _envelope(audio, columns=1480)
    if low.size == 0:
        return
    times = (np.arange(low.size) + 0.5) * duration_s / low.size
    ax.fill_between(times, low, high, color="#1f6f9e", alpha=0.75, linewidth=0)
    ax.axhline(0, color="#1f6f9e", linewidth=0.6)


def _envelope(audio: NDArray[np.float32], *, columns: int) -> tuple[NDArray[Any], NDArray[Any]]:
    # lowest and highest sample over all channels in each column
    samples = audio.shape[-1]
    if samples == 0:
        return np.zeros(0), np.zeros(0)
    starts = np.unique(np.linspace(0, samples, min(columns, samples), endpoint=False).astype(np.int64))
    finite = np.nan_to_num(np.atleast_2d(audio), posinf=1.0, neginf=-1.0)
    return np.minimum.reduceat(finite.min(axis=0), starts), np.maximum.reduceat(finite.max(axis=0), starts)
