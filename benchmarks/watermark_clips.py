"""Clips: which are drawn for the watermark's benchmarks, and how they are cut."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.common import ffmpeg, note, videos_below
from pipeline.errors import FoleymarkError
from pipeline.media.probe import probe
from pipeline.records import Clip

LARGE_LINES, LARGE_S = 432, 3.0
# A clip is cut to the middle part that is shorter than this and holds no more samples of luma than five seconds of
# 1080p at 30 pictures a second, but three seconds at least; shorter ones stay whole.
LONGEST_S, SHORTEST_S = 5.0, 3.0
MOST_SAMPLES = 1920 * 1080 * 150

Item = TypeVar("Item")


def drawn(folders: list[Path], *, large: int, small: int) -> tuple[list[Clip], list[Clip]]:
    """Clips of at least 432 lines and 3 s, and others, each evenly from as many sources as there are."""
    paths = [(path, source_of(path, folder)) for folder in folders for path in videos_below([folder])]
    groups: dict[str, list[tuple[Clip, str]]] = {"large": [], "small": [], "short": []}
    for path, source in paths:
        try:
            clip = probe(path)
        except FoleymarkError as error:
            note(f"left out: {error}")
            continue
        groups[group_of(clip)].append((clip, source))
    large_ones, small_ones = (
        [clip for clip, _ in spread(groups[name], limit, source_of=lambda pair: pair[1])]
        for name, limit in (("large", large), ("small", small))
    )
    more = spread(groups["short"], small - len(small_ones), source_of=lambda pair: pair[1])
    return large_ones, small_ones + [clip for clip, _ in more]


def group_of(clip: Clip) -> str:
    """ "large" for the clips that the claims are about, else "small", or "short" when it only lacks seconds."""
    if min(clip.video.upright_size_px) < LARGE_LINES:
        return "small"
    return "large" if clip.duration_s >= LARGE_S else "short"


def source_of(path: Path, root: Path) -> str:
    """Where a clip comes from: its folder below the root, or else what its name starts with."""
    folder = path.parent.relative_to(root)
    return str(folder) if folder.parts else re.split(r"[-_. \d]", path.stem, maxsplit=1)[0].lower()


def spread(items: Sequence[Item], limit: int, *, source_of: Callable[[Item], str]) -> list[Item]:
    """At most so many items from as many sources as possible, evenly from each."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[source_of(item)].append(item)
    names = evenly(sorted(groups), limit)
    quota = dict.fromkeys(names, 0)
    while sum(quota.values()) < min(limit, sum(len(groups[name]) for name in names)):
        for name in names:
            if quota[name] < len(groups[name]) and sum(quota.values()) < limit:
                quota[name] += 1
    return [item for name in names for item in evenly(groups[name], quota[name])]


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """So many items from a sequence, at even distances; all of them when there are no more."""
    if count >= len(items):
        return list(items)
    return [items[(2 * index + 1) * len(items) // (2 * count)] for index in range(count)]


def seconds_of(clip: Clip, *, longest_s: float = LONGEST_S) -> float:
    """How much of a clip is measured."""
    width, height = clip.video.upright_size_px
    affordable_s = MOST_SAMPLES / (width * height * float(clip.video.frame_rate))
    return min(clip.duration_s, longest_s, max(SHORTEST_S, affordable_s))


def samples_of(clip: Clip, *, longest_s: float = LONGEST_S) -> float:
    """Samples of luma in what is measured of a clip, in millions; what it costs goes with them."""
    width, height = clip.video.upright_size_px
    return width * height * float(clip.video.frame_rate) * seconds_of(clip, longest_s=longest_s) / 1e6


def cut(clip: Clip, target: Path, *, longest_s: float = LONGEST_S, plain: bool = False) -> Path:
    """Write the middle part of a clip without loss, without sound, with even sides and square samples.

    A `plain` one has 8 bits and no colour tags, so that a scheme that works on RGB pictures cannot mistake them.
    """
    length_s = seconds_of(clip, longest_s=longest_s)
    start_s = max(0.0, (clip.duration_s - length_s) / 2)
    chain = ["scale=trunc(iw*sar/2)*2:trunc(ih/2)*2", "setsar=1"]
    chain.append("format=yuv420p10le" if clip.video.bit_depth > 8 and not plain else "format=yuv420p")
    if plain:
        chain.append("setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown")
    where = ("-threads", "1", "-ss", f"{start_s:.3f}", "-t", f"{length_s:.3f}", "-i", f"file:{clip.path}", "-an")
    encoder = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-threads", "1")
    ffmpeg(*where, "-vf", ",".join(chain), *encoder, str(target))
    return target
