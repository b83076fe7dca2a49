"""Another meter than ours: ffmpeg's `ebur128`, and its `loudnorm` as somebody would use it in one pass."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

# fltp frames of this length go in, as a decoder would give them
_FRAME_SAMPLES = 4096


@dataclass(frozen=True)
class Reading:
    """What ffmpeg says of a sound."""

    # None below its floor of -70 LUFS
    integrated_lufs: float | None
    range_lu: float
    true_peak_db: float
    momentary_max_lufs: float
    short_term_max_lufs: float
    # momentary loudness at the end of each 100 ms
    momentary_lufs: np.ndarray


def read(sound: np.ndarray, sample_rate_hz: int) -> Reading:
    """Measure float [channels, samples], one channel or two."""
    return _reading(sound, sample_rate_hz, "")


def read_after_loudnorm(sound: np.ndarray, sample_rate_hz: int, *, target_lufs: float, ceiling_dbtp: float) -> Reading:
    """Measure what one pass of `loudnorm` makes of a sound, at its own rate again."""
    wish = f"loudnorm=I={target_lufs}:TP={ceiling_dbtp}:LRA=11,aresample={sample_rate_hz},"
    return _reading(sound, sample_rate_hz, wish)


def _reading(sound: np.ndarray, sample_rate_hz: int, before: str) -> Reading:
    last: dict[str, str] = {}
    momentary, short_term, peak = [], [], 0.0
    for said in _metadata(sound, sample_rate_hz, before):
        last = said
        momentary.append(float(said["lavfi.r128.M"]))
        short_term.append(float(said["lavfi.r128.S"]))
        peak = max(peak, float(said["lavfi.r128.true_peak"]))
    if not last:
        raise ValueError("ffmpeg's meter says nothing of less than 0.1 s")
    integrated = float(last["lavfi.r128.I"])
    return Reading(
        integrated_lufs=integrated if integrated > -70 else None,
        range_lu=float(last["lavfi.r128.LRA"]),
        true_peak_db=20 * math.log10(peak) if peak else -math.inf,
        momentary_max_lufs=max(momentary),
        short_term_max_lufs=max(short_term),
        momentary_lufs=np.asarray(momentary),
    )


def _metadata(sound: np.ndarray, sample_rate_hz: int, before: str) -> Iterable[dict[str, str]]:
    import av
    from av.filter import Graph

    layout = {1: "mono", 2: "stereo"}[len(sound)]
    graph = Graph()
    source = graph.add_abuffer(sample_rate=sample_rate_hz, format="fltp", layout=layout)
    links = [source, *_filters(graph, f"{before}ebur128=peak=true:metadata=1:framelog=quiet"), graph.add("abuffersink")]
    graph.link_nodes(*links).configure()
    # the filter reads to a tenth of a second: the rest of it is silence
    whole = np.pad(sound, ((0, 0), (0, -sound.shape[1] % (sample_rate_hz // 10)))).astype(np.float32)
    for start in range(0, whole.shape[1], _FRAME_SAMPLES):
        part = np.ascontiguousarray(whole[:, start : start + _FRAME_SAMPLES])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = sample_rate_hz, start
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _filters(graph: Any, chain: str) -> list[Any]:
    # "a=x,b=y" as nodes of a graph
    return [graph.add(*one.split("=", 1)) for one in chain.split(",")]


def _pulled(graph: Any) -> Iterable[dict[str, str]]:
    import av

    while True:
        try:
            said = graph.pull().metadata
        except (av.BlockingIOError, av.EOFError):
            return
        if "lavfi.r128.M" in said:
            yield dict(said)
