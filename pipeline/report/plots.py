"""Pictures for reports: a filmstrip, and everything that is seen and heard on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.records import Analysis, SoundPlan
from pipeline.report import timeline
from pipeline.report.cue_lanes import cue_strip
from pipeline.report.timeline import LEFT, LINE, MIDDLE, RIGHT, SOFT, Strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Picture = NDArray[np.uint8]

# space between the pictures of a strip, the tallest strip that is still a strip, the tallest single picture
_GAP_PX = 4
_MAX_STRIP_ASPECT = 0.3
_MAX_PICTURE_ASPECT = 2.2
# width of the time axis in a figure 16 inches wide, and the empty space left and right of it
_WIDE_INCHES = 16
_LEFT, _RIGHT = 0.095, 0.982
_AXES_INCHES = _WIDE_INCHES * (_RIGHT - _LEFT)
_HEAD_INCHES, _FOOT_INCHES, _GAP_INCHES = 0.4, 0.62, 0.1


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
    """Pictures, shots, events, movement, surfaces, cues and the finished sound on one time axis.

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
    strips = _strips(frames, analysis, plan, audio, duration_s)
    inches = _HEAD_INCHES + _FOOT_INCHES + sum(strip.inches + _GAP_INCHES for strip in strips)
    figure = Figure(figsize=(_WIDE_INCHES, inches), dpi=width_px / _WIDE_INCHES, facecolor="white")
    FigureCanvasAgg(figure)
    axes = _stack(figure, strips, inches)
    _draw_time(axes, analysis, duration_s)
    figure.text(_LEFT, 1 - 0.27 / inches, _headline(analysis, plan), fontsize=12, color=SOFT, va="baseline")
    _draw_legend(figure, axes)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _strips(
    frames: Sequence[Picture],
    analysis: Analysis,
    plan: SoundPlan,
    audio: NDArray[np.float32] | None,
    duration_s: float,
) -> list[Strip]:
    strips = [_picture_strip(frames, duration_s)]
    if len(analysis.shots) > 1:
        strips.append(timeline.shot_strip(analysis.shots, duration_s))
    strips += [timeline.event_strip(analysis.events), timeline.motion_strip(analysis.motion, duration_s)]
    if analysis.regions:
        strips.append(timeline.region_strip(analysis.regions, duration_s))
    if analysis.textures:
        strips.append(timeline.texture_strip(analysis.textures, duration_s))
    strips.append(cue_strip(plan.cues, duration_s))
    if audio is not None:
        strips.append(timeline.sound_strip(audio, duration_s))
    return strips


def _stack(figure: Figure, strips: Sequence[Strip], inches: float) -> list[Axes]:
    axes: list[Axes] = []
    top = inches - _HEAD_INCHES
    for strip in strips:
        box = (_LEFT, (top - strip.inches) / inches, _RIGHT - _LEFT, strip.inches / inches)
        axes.append(figure.add_axes(box, sharex=axes[0] if axes else None))
        strip.draw(axes[-1])
        top -= strip.inches + _GAP_INCHES
    return axes


def _picture_strip(frames: Sequence[Picture], duration_s: float) -> Strip:
    # inches that show whole pictures side by side over the width of the axes, within reason
    height, width = frames[0].shape[:2] if frames else (0, 1)
    inches = float(np.clip(_AXES_INCHES / len(frames) * height / width, 0.8, 2.6)) if frames else 0.6

    def draw(ax: Axes) -> None:
        timeline.name(ax, "picture")
        if frames:
            tile_px = max(timeline.COLUMNS // len(frames), 1)
            height_px = round(inches * timeline.COLUMNS / _AXES_INCHES)
            strip = np.concatenate([_cover(frame, tile_px, height_px) for frame in frames], axis=1)
            ax.imshow(strip, extent=(0, duration_s, 0, 1), aspect="auto", interpolation="antialiased")

    return Strip(inches, draw)


def _draw_time(axes: Sequence[Axes], analysis: Analysis, duration_s: float) -> None:
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    cuts_s = [shot.start_s for shot in analysis.shots[1:]]
    for ax in axes:
        ax.set_xlim(0, duration_s)
        for side in ("top", "right", "left"):
            ax.spines[side].set_visible(False)
        ax.spines["bottom"].set_color(LINE)
        ax.tick_params(axis="x", bottom=False, labelbottom=False)
        ax.xaxis.set_major_locator(MultipleLocator(_tick_s(duration_s)))
    for ax in axes[1:]:
        ax.set_axisbelow(True)
        ax.grid(axis="x", color="#eceae4", linewidth=0.8)
        ax.vlines(
            cuts_s, 0, 1, transform=ax.get_xaxis_transform(), color=MIDDLE, zorder=0.5, linestyle=(0, (4, 3)),
            linewidth=1 if len(cuts_s) < 20 else 0.5,
        )  # fmt: skip
    last = axes[-1]
    last.tick_params(axis="x", bottom=True, labelbottom=True, labelsize=12, colors=SOFT)
    if duration_s >= 120:
        last.xaxis.set_major_formatter(FuncFormatter(lambda at_s, _: _minutes(at_s)))
    last.set_xlabel("minutes" if duration_s >= 120 else "seconds", loc="left", fontsize=12, color=SOFT)


def _tick_s(duration_s: float) -> float:
    # a round number of seconds, of minutes or of hours, at most 16 times
    for tick_s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800):
        if duration_s <= 16 * tick_s:
            return float(tick_s)
    return 3600.0 * max(1, round(duration_s / 3600 / 16))


def _minutes(at_s: float) -> str:
    whole_s = round(at_s)
    return f"{whole_s // 60}:{whole_s % 60:02d}"


def _headline(analysis: Analysis, plan: SoundPlan) -> str:
    mood = analysis.mood
    events = sum(event.kind != "cut" for event in analysis.events)
    place = "a room" if mood.indoor >= 0.65 else "open air" if mood.indoor <= 0.35 else ""
    parts = [
        f"{analysis.duration_s:.1f} s" if analysis.duration_s < 120 else f"{_minutes(analysis.duration_s)} min",
        _count(len(analysis.shots), "shot"),
        _count(events, "event"),
        _count(len(plan.cues), "cue"),
        f"looks like {place}" if place else "",
        "at night" if mood.night >= 0.5 else "",
    ]
    return "  \u00b7  ".join(part for part in parts if part)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _draw_legend(figure: Figure, axes: Sequence[Axes]) -> None:
    from matplotlib.lines import Line2D

    handles: list[Any] = []
    labels: list[str] = []
    for text, colour in (("left", LEFT), ("middle", MIDDLE), ("right", RIGHT)):
        handles.append(Line2D([], [], marker="o", linestyle="", color=colour))
        labels.append(text)
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.append(handle)
            labels.append(label)
    # under the time axis, where it can hide nothing
    figure.legend(
        handles, labels, loc="lower right", ncols=6, fontsize=11, frameon=False, labelcolor=SOFT, borderaxespad=0.2,
        columnspacing=1.4, handletextpad=0.5,
    )  # fmt: skip
