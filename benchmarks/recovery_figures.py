"""Figures of the recovery benchmark: what was asked and what came back, and what a query and a fingerprint cost."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import recovery_cases as cases

MILLION = 1_000_000
# never registered, by how they resemble what was
STRANGERS = ("unrelated", "neighbours", "regenerated", "versions")
# where the plain code of a whole file is called a match; copies differ by 1-30 bits, other clips by 103 and more
PLAIN_WITHIN = 64


@dataclass
class Outcome:
    """What one file gave."""

    kind: str
    # the label that is right; empty when none is
    right: str = ""
    first: str = ""
    state: str = ""
    # state of the match with the label that a transplant carries
    carried: str = ""
    similarity: float = 0.0
    plain_first: str = ""
    plain_distance: int = 256
    by_mark: tuple[str, ...] = ()
    print_first: str = ""
    print_state: str = ""
    iou: float | None = None
    seconds: float = 0.0
    name: str = ""
    error: str = ""


def summary(outcomes: Sequence[Outcome], *, registered: int) -> dict[str, Any]:
    """Figures of all outcomes."""
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        if not one.error:
            kinds[one.kind].append(one)
    copies = [one for name in cases.TRANSFORMATIONS for one in kinds[name]]
    strangers = [one for name in STRANGERS for one in kinds[name]]
    false = [one for one in strangers if one.state == "recovered" or (one.kind == "unrelated" and one.first)]
    wrong = [one for one in copies if one.state == "recovered" and one.first != one.right]
    moved = [one for one in kinds["transplants"] if one.by_mark]
    return {
        "top1": _share(copies, lambda one: one.first == one.right),
        "recovered": _share(copies, lambda one: one.first == one.right and one.state == "recovered"),
        "false_hits": len(false) + len(wrong),
        "false_names": sorted({f"{one.kind}: {one.name} ({one.state} {one.similarity:.2f})" for one in false + wrong}),
        "clips": registered,
        "copies": len(copies),
        "never_registered": {name: len(kinds[name]) for name in STRANGERS},
        "look_alikes": {name: sum(one.state == "similar" for one in kinds[name]) for name in STRANGERS},
        "per_transformation": {name: _row(kinds[name]) for name in cases.TRANSFORMATIONS if kinds[name]},
        "span_iou": _median([one.iou for one in kinds["splice"] if one.iou is not None]),
        "transplants": {
            "made": len(kinds["transplants"]),
            "mark_reads": len(moved),
            "called": _share(moved, lambda one: one.carried == "transplant"),
            "unsure": _share(moved, lambda one: one.carried == "unsure"),
            "accepted": sum(one.carried == "recovered" for one in moved),
        },
        "baselines": _baselines(copies, kinds, moved),
        "missed": sorted(f"{one.kind}: {one.name} ({one.state or 'none'})" for one in copies if one.first != one.right),
        "errors": sorted({f"{one.kind}: {one.name}: {one.error}" for one in outcomes if one.error}),
        "seconds_per_query": _median([one.seconds for one in copies]),
    }


def _row(outcomes: Sequence[Outcome]) -> dict[str, float]:
    return {
        "top1": _share(outcomes, lambda one: one.first == one.right),
        "recovered": _share(outcomes, lambda one: one.first == one.right and one.state == "recovered"),
        "fingerprint_alone": _share(outcomes, lambda one: one.print_first == one.right),
        "plain_iscc": _share(outcomes, _is_plain_hit),
        "watermark_alone": _share(outcomes, lambda one: one.by_mark[:1] == (one.right,)),
        "plain_bits": _median([float(one.plain_distance) for one in outcomes if one.plain_first == one.right]),
    }


def _is_plain_hit(one: Outcome) -> bool:
    return one.plain_first == one.right and one.plain_distance <= PLAIN_WITHIN


def _baselines(
    copies: Sequence[Outcome], kinds: dict[str, list[Outcome]], moved: Sequence[Outcome]
) -> dict[str, dict[str, float]]:
    unrelated = kinds["unrelated"]
    return {
        "plain_iscc": {
            "top1": _share(copies, _is_plain_hit),
            "false_hits": sum(one.plain_distance <= PLAIN_WITHIN for one in unrelated),
        },
        "watermark_alone": {
            "top1": _share(copies, lambda one: one.by_mark[:1] == (one.right,)),
            "false_hits": sum(bool(one.by_mark) for one in unrelated),
            "transplants_accepted": len(moved),
        },
        "fingerprint_alone": {
            "top1": _share(copies, lambda one: one.print_first == one.right),
            "false_hits": sum(bool(one.print_first) for one in unrelated),
        },
    }


def _share(outcomes: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> float:
    return round(sum(map(holds, outcomes)) / len(outcomes), 4) if outcomes else 0.0


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3) if values else 0.0


def index_figures(rows: int = MILLION) -> dict[str, float]:
    """Milliseconds of a query over so many segments: one code, and all stretches of a clip of ten seconds.

    Stored codes are random; the asked ones are stored ones with 20 of 256 bits changed.
    """
    import numpy as np

    from pipeline.provenance.fingerprint import codes
    from pipeline.provenance.fingerprint.fingerprint import ASKED_STEP_S, SEGMENT_S
    from pipeline.provenance.fingerprint.index import SegmentIndex
    from pipeline.provenance.repository.records import SegmentRow
    from pipeline.recovering import WITHIN_BITS

    random = np.random.default_rng(1)
    index = SegmentIndex("video")
    header = codes.header("video")
    for start in range(0, rows, 100_000):
        made = random.integers(0, 256, (min(100_000, rows - start), codes.CODE_BYTES), dtype=np.uint8)
        units = [header + one.tobytes() for one in made]
        index.add([SegmentRow(n, f"urn:{n // 10}", 0.0, 2.0, unit) for n, unit in enumerate(units, start + 1)])
    last = [np.unpackbits(one) for one in made[:50]]
    for bits in last:
        bits[random.choice(codes.BITS, 20, replace=False)] ^= 1
    asked = [np.packbits(bits).tobytes() for bits in last]
    windows = int((10 - SEGMENT_S) / ASKED_STEP_S) + 1
    figures = {"segments": float(len(index)), "memory_mb": round(index.size_bytes / 1e6, 1), "windows": float(windows)}
    for name, count in (("one_code_ms", 1), ("clip_10s_ms", windows)):
        index.nearest(asked[:count], within=WITHIN_BITS)
        times = []
        for _ in range(7):
            began = time.perf_counter()
            hits = index.nearest(asked[:count], within=WITHIN_BITS)
            times.append(1000 * (time.perf_counter() - began))
        figures[name] = round(statistics.median(times), 1)
        figures[name.replace("_ms", "_found")] = float(len({hit.asked for hit in hits}))
    return figures


def cost_figures(registered: Sequence[cases.Registered]) -> dict[str, float]:
    """CPU seconds of a fingerprint per second of clip, beyond decoding and with it; bytes of the sketch."""
    from pipeline.media.frames import read_frames
    from pipeline.media.probe import probe
    from pipeline.provenance.fingerprint import fingerprint_clip

    whole, decoding, sketches = [], [], []
    for one in [one for one in registered if one.delivered.exists()][:8]:
        clip = probe(one.delivered)
        began = time.monotonic()
        for frame in read_frames(clip):
            _ = frame.luma[0, 0]
        decoded = time.monotonic()
        found = fingerprint_clip(clip)
        whole.append((time.monotonic() - decoded) / clip.duration_s)
        decoding.append((decoded - began) / clip.duration_s)
        sketches.append(len(found.sketch) / clip.duration_s)
    return {
        "fingerprint_s_per_s": _median(whole),
        "of_it_decoding": _median(decoding),
        "sketch_kb_per_s": _median([one / 1000 for one in sketches]),
    }


def table(figures: dict[str, Any]) -> str:
    """Figures for a person."""
    lines = [f"{'':12} {'top1':>6} {'recov.':>7} {'print':>6} {'plain':>6} {'mark':>6} {'bits':>6}"]
    for name, row in figures["per_transformation"].items():
        lines.append(
            f"{name:12} {row['top1']:6.3f} {row['recovered']:7.3f} {row['fingerprint_alone']:6.3f} "
            f"{row['plain_iscc']:6.3f} {row['watermark_alone']:6.3f} {row['plain_bits']:6.1f}"
        )
    plain = {name: value for name, value in figures.items() if name != "per_transformation"}
    return "\n".join([*lines, *(f"{name}: {value}" for name, value in plain.items())])
