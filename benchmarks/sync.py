"""Are cues where the sound is? Clips with their natural sound taken away, and rendered physics with exact truth.

    python -m benchmarks.sync --clips DIR [--labels hits.csv] [--scenes 40] [--json]

Truth is a clip's labels where there are any, else the prominent onsets of the sound that was taken away. A clip that
the event model was trained on is judged by a model that did not see it. Every baseline has its best threshold chosen on
the very clips it is scored on, ours has not.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import note, show, videos_below
from benchmarks.truth import Truth, drawn, read_labels, truth_of

WIDE_S, NARROW_S = 0.1, 0.05
SHIFT_S = 0.2
# draws of the random baseline, and of the bootstrap over clips
DRAWS, RESAMPLED = 50, 2000
THRESHOLDS = tuple(np.linspace(0.2, 3.0, 15))
SCENE_SEED = 11
# events that sound by themselves; an even pace ("footstep") only counts where words speak of walking
KINDS = ("contact", "collision", "flash")


@dataclass(frozen=True)
class Still:
    """A picture kept small: what the analysis asks of it, and when."""

    time_s: float
    grey: np.ndarray
    colour: np.ndarray

    def gray(self, width_px: int, height_px: int | None = None) -> np.ndarray:
        """Luma as it was taken, or scaled."""
        import cv2

        height_px = height_px or max(1, round(width_px * self.grey.shape[0] / self.grey.shape[1]))
        if self.grey.shape == (height_px, width_px):
            return self.grey
        return cv2.resize(self.grey, (width_px, height_px), interpolation=cv2.INTER_AREA)

    def rgb(self, width_px: int | None = None) -> np.ndarray:
        """Colour as it was taken."""
        return self.colour


def stills_of(clip: Path) -> list[Still]:
    """All pictures of a clip, no larger than the analysis looks at them; its sound is never opened."""
    from pipeline.analysis.analyser import sizes_px
    from pipeline.media.frames import read_frames
    from pipeline.media.probe import probe

    stills, sizes = [], None
    for frame in read_frames(probe(clip)):
        sizes = sizes or sizes_px(frame)
        stills.append(Still(frame.time_s, frame.gray(*sizes[:2]), frame.rgb(sizes[2])))
    return stills


def seen(pictures: list[Any], trees: Any) -> tuple[np.ndarray, Any]:
    """Times of events in order, and the motion cues behind them."""
    from pipeline.analysis.analyser import Analyser
    from pipeline.analysis.events import events

    analyser = Analyser()
    for picture in pictures:
        analyser.add(picture)
    features = analyser.features()
    found = events(features, analyser.result().shots, trees=trees)
    return np.unique([event.time_s for event in found if event.kind in KINDS]), features


def f1(found: np.ndarray, truth: Truth, window_s: float = WIDE_S) -> float:
    """F1 of a one-to-one matching within a window (mir_eval); what lies behind the last label is left out."""
    import mir_eval

    found = found[found < truth.until_s]
    if not found.size or not truth.times_s.size:
        return float(found.size == truth.times_s.size)
    return float(mir_eval.onset.f_measure(truth.times_s, found, window=window_s)[0])


def offsets_s(found: np.ndarray, truth: Truth, window_s: float = WIDE_S) -> np.ndarray:
    """Signed differences, found minus true, of matched events."""
    import mir_eval

    found = found[found < truth.until_s]
    pairs = mir_eval.util.match_events(truth.times_s, found, window_s) if found.size and truth.times_s.size else []
    return np.array([found[j] - truth.times_s[i] for i, j in pairs])


def backwards(pictures: list[Still]) -> list[Still]:
    """The same film from its end to its start, on the same clock."""
    end_s = pictures[0].time_s + pictures[-1].time_s
    return [replace(picture, time_s=end_s - picture.time_s) for picture in reversed(pictures)]


def later(pictures: list[Still]) -> list[Still]:
    """The same film behind a still start: everything happens `SHIFT_S` later."""
    first = pictures[0]
    return [first, *(replace(picture, time_s=picture.time_s + SHIFT_S) for picture in pictures)]


def left_out_model(clip: Path) -> Any:
    """The installed model, or for a clip it was trained on the one that was trained without it."""
    from models.events.left_out import trees_for
    from pipeline.analysis.fusion import load_trees

    return trees_for(f"{clip.parent.name}/{clip.name}") or load_trees()


@dataclass(frozen=True)
class Scored:
    """One clip: what was found, and what the baselines had to work with."""

    name: str
    truth: Truth
    found: np.ndarray
    reversed: np.ndarray
    shift_error_s: np.ndarray
    # (time, normalised value) of picture difference and of flow
    difference: tuple[np.ndarray, np.ndarray]
    flow: tuple[np.ndarray, np.ndarray]
    duration_s: float


def score(clip: Path, labels: dict[str, np.ndarray]) -> Scored:
    """Analyse a clip forwards, backwards and late."""
    from pipeline.analysis.events import running_rms

    trees, pictures = left_out_model(clip), stills_of(clip)
    found, features = seen(pictures, trees)
    back, _ = seen(backwards(pictures), trees)
    late, _ = seen(later(pictures), trees)
    shifted = Truth(found + SHIFT_S, float("inf"), "shift")
    pairs = features.pairs
    end_s = pairs["end_s"]
    difference, flow = (
        pairs[name] / np.maximum(running_rms(end_s, pairs[name]), 1e-6) for name in ("difference", "energy")
    )
    return Scored(
        name=f"{clip.parent.name}/{clip.name}",
        truth=truth_of(clip, labels),
        found=found,
        reversed=np.sort(pictures[0].time_s + pictures[-1].time_s - back),
        shift_error_s=offsets_s(late, shifted),
        difference=(end_s, difference),
        flow=((pairs["start_s"] + end_s) / 2, flow),
        duration_s=pictures[-1].time_s,
    )


def random_f1(clip: Scored, window_s: float = WIDE_S) -> float:
    """As many moments as we found, drawn at random; the mean of many draws."""
    random = np.random.default_rng(0)
    draws = [np.sort(random.uniform(0, clip.duration_s, clip.found.size)) for _ in range(DRAWS)]
    return float(np.mean([f1(draw, clip.truth, window_s) for draw in draws]))


def uniform_f1(clip: Scored, window_s: float = WIDE_S) -> float:
    """As many moments as we found, evenly spread."""
    count = clip.found.size
    return f1((np.arange(count) + 0.5) * clip.duration_s / max(count, 1), clip.truth, window_s)


def peaks_f1(clips: list[Scored], curve: str, window_s: float = WIDE_S) -> list[float]:
    """F1 of each clip for the peaks of a curve, at the threshold that is best over all of them."""
    from pipeline.analysis.events import MIN_GAP_S, peaks

    def at(threshold: float) -> list[float]:
        found = []
        for clip in clips:
            time_s, values = getattr(clip, curve)
            chosen = peaks(time_s, values, threshold=threshold, gap_s=MIN_GAP_S)
            found.append(f1(time_s[chosen], clip.truth, window_s))
        return found

    return max((at(threshold) for threshold in THRESHOLDS), key=np.mean)


def interval(values: list[float]) -> list[float]:
    """95 % interval of the mean by resampling clips."""
    random = np.random.default_rng(0)
    means = random.choice(np.array(values), (RESAMPLED, len(values))).mean(1)
    return [round(float(edge), 3) for edge in np.percentile(means, (2.5, 97.5))]


def figures_of(clips: list[Scored]) -> dict[str, Any]:
    """The table for clips whose truth is of one sort."""
    wide = [f1(clip.found, clip.truth) for clip in clips]
    offsets = np.concatenate([offsets_s(clip.found, clip.truth) for clip in clips])
    shifts = np.concatenate([clip.shift_error_s for clip in clips])
    back = [f1(clip.reversed, clip.truth) for clip in clips]
    return {
        "clips": len(clips),
        "f1_100ms": round(float(np.mean(wide)), 3),
        "f1_100ms_interval": interval(wide),
        "f1_50ms": round(float(np.mean([f1(clip.found, clip.truth, NARROW_S) for clip in clips])), 3),
        "median_error_ms": round(1000 * float(np.median(offsets)), 1) if offsets.size else None,
        "median_distance_ms": round(1000 * float(np.median(np.abs(offsets))), 1) if offsets.size else None,
        "random": round(float(np.mean([random_f1(clip) for clip in clips])), 3),
        "uniform": round(float(np.mean([uniform_f1(clip) for clip in clips])), 3),
        "pixel_diff": round(float(np.mean(peaks_f1(clips, "difference"))), 3),
        "pixel_diff_50ms": round(float(np.mean(peaks_f1(clips, "difference", NARROW_S))), 3),
        "av_align": round(float(np.mean(peaks_f1(clips, "flow"))), 3),
        "reversed_video": round(float(np.mean(back)), 3),
        "reversed_interval": interval(back),
        "shift_error_ms": round(1000 * float(np.median(np.abs(shifts))), 1) if shifts.size else None,
        "per_clip": {clip.name: round(value, 2) for clip, value in zip(clips, wide, strict=True)},
    }


def per_class(clips: list[Scored], path: Path) -> dict[str, dict[str, float]]:
    """Share of the labelled events of each class that were found."""
    times: dict[str, list[bool]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    for clip in clips:
        found = clip.found
        for row in rows:
            if row["path"].endswith(clip.name):
                near = found.size > 0 and float(np.abs(found - float(row["time_s"])).min()) <= WIDE_S
                times[row["label"]].append(near)
    return {
        label: {"events": len(hits), "found": round(float(np.mean(hits)), 2)} for label, hits in sorted(times.items())
    }


def physics(count: int) -> dict[str, Any]:
    """Clean rendered scenes that no model was trained on, against their exact truth."""
    from models.events.scenes import scenes

    right, wrong, missed = 0, 0, 0
    errors_s: list[float] = []
    places: list[tuple[float, float]] = []
    kinds: list[bool] = []
    for scene in scenes(count, SCENE_SEED, clean=True):
        found, pairs = _played(scene)
        losses = len(scene.truth) - len(pairs), len(found) - len(pairs)
        right, missed, wrong = right + len(pairs), missed + losses[0], wrong + losses[1]
        for i, j in pairs:
            errors_s.append(found[j].time_s - scene.truth[i].time_s)
            places.append((found[j].x, scene.truth[i].x))
            kinds.append((found[j].kind == "collision") == (scene.truth[i].kind == "collision"))
        if any(losses):
            note(f"{scene.name}: {len(pairs)} right, {losses[0]} missed, {losses[1]} wrong")
    return {
        "scenes": count,
        "events": right + missed,
        "f1_100ms": round(2 * right / (2 * right + wrong + missed), 3),
        "missed": missed,
        "wrong": wrong,
        "median_error_ms": round(1000 * float(np.median(np.abs(errors_s))), 1),
        "bias_ms": round(1000 * float(np.median(errors_s)), 1),
        "pan_correlation": round(float(np.corrcoef(np.array(places).T)[0, 1]), 3),
        "collision_told_apart": round(float(np.mean(kinds)), 3),
    }


def _played(scene: Any) -> tuple[list[Any], list[tuple[int, int]]]:
    # events of a drawn scene, and which of them match its truth, as (truth, event)
    import mir_eval

    from pipeline.analysis.analyser import Analyser

    analyser = Analyser()
    for picture in drawn(scene):
        analyser.add(picture)
    found = [event for event in analyser.result(scene.duration_s).events if event.kind in KINDS]
    truth_s = np.array([true.time_s for true in scene.truth])
    found_s = np.array([event.time_s for event in found])
    return found, mir_eval.util.match_events(truth_s, found_s, WIDE_S) if found else []


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, nargs="*", default=[])
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--scenes", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    labels = read_labels(arguments.labels) if arguments.labels else {}
    scored = []
    for path in videos_below(arguments.clips) if arguments.clips else ():
        scored.append(score(path, labels))
        note(f"{scored[-1].name}: F1 {f1(scored[-1].found, scored[-1].truth):.2f}")
    figures: dict[str, Any] = {}
    for source, name in (("labels", "labelled"), ("sound", "by_sound")):
        clips = [clip for clip in scored if clip.truth.source == source and clip.truth.times_s.size]
        if clips:
            figures[name] = figures_of(clips)
    if arguments.labels and "labelled" in figures:
        figures["labelled"]["per_class"] = per_class(scored, arguments.labels)
    if arguments.scenes:
        figures["physics"] = physics(arguments.scenes)
    # the names the issue of record asks for stand at the top, of the labelled clips where there are any
    first = figures.get("labelled") or figures.get("by_sound") or {}
    top = {name: value for name, value in first.items() if name != "per_clip"}
    show({**top, **figures} if arguments.json else _flat(figures), as_json=arguments.json)
    return 0


def _flat(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{group} {name}": value
        for group, table in figures.items()
        for name, value in table.items()
        if not isinstance(value, dict)
    }


if __name__ == "__main__":
    sys.exit(main())
