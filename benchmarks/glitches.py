"""Does the glitch detector find glitches, on real clips that set nothing?

    python -m benchmarks.glitches --manifest index.csv [--json]

The manifest has the columns path (below its own folder), kind, source and origin. Into every real clip of folds 3 and 4
(thresholds were set on the others; every clip is judged by the member that never saw its fold) one glitch of each kind
is put, and the result encoded again. An event is right when its time is within 0.3 s of the glitch's and it overlaps
its box by an IoU of 0.1 or has its centre inside. Beside it: peaks of the plain difference between pictures, and
places by chance. Then the region the detector marked is replaced by how it looked before, carried along, and looked
at again; and untouched and disturbed clips show how often it calls something that nobody put in.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import note, show
from benchmarks.glitch_features import LEAST_PICTURES, RATE_HZ, Source, look, read, small, sources, variants
from models.glitches.masking import masked
from models.glitches.matching import Event, average_precision, is_right, strongest
from models.glitches.scoring import FAMILIES, load_coefficients, load_trees, log_odds
from models.glitches.synthesis import KINDS, Glitch

REPORTING = (3, 4)
MOST = 6
Pictures = NDArray[np.uint8]
Finder = Callable[[Pictures, Source], list[Event]]


def detected(pictures: Pictures, source: Source) -> list[Event]:
    """The detector's events, strongest first."""
    rows, kept = look(pictures)
    found = []
    for family in FAMILIES:
        mine = [row for row in rows if row.family == family]
        odds = log_odds(
            family, np.array([row.values for row in mine], np.float32), held_out=source.fold, trees=load_trees()
        )
        for row, value in zip(mine, odds, strict=True):
            times = kept[row.before] / RATE_HZ, kept[row.after] / RATE_HZ
            found.append(Event(family, *times, row.box, float(value)))
    return strongest(found, MOST)


def differing(pictures: Pictures, source: Source) -> list[Event]:
    """The baseline: where a picture differs most from the one before."""
    grays = [gray.astype(np.float32) for gray in small(pictures)]
    found = []
    for i, (before, after) in enumerate(zip(grays, grays[1:], strict=False)):
        change = cv2.blur(np.abs(after - before), (31, 31))
        y, x = np.unravel_index(int(change.argmax()), change.shape)
        found.append(_square("difference", i, float(x), float(y), change.shape, float(change.max())))
    return strongest(found, MOST)


def by_chance(pictures: Pictures, source: Source) -> list[Event]:
    """The floor: six places anywhere."""
    generator = np.random.default_rng(source.seed)
    height, width = small(pictures)[0].shape
    return [
        _square(
            "chance",
            int(generator.integers(len(pictures) - 1)),
            generator.uniform(0, width),
            generator.uniform(0, height),
            (height, width),
            generator.uniform(),
        )
        for _ in range(MOST)
    ]


def _square(family: str, step: int, x: float, y: float, shape: tuple[int, ...], score: float) -> Event:
    # as large as a glitch is in the mean: a quarter of the short side
    half, (height, width) = min(shape) / 8, shape
    box = ((x - half) / width, (y - half) / height, (x + half) / width, (y + half) / height)
    return Event(family, step / RATE_HZ, (step + 1) / RATE_HZ, box, score)


FINDERS: dict[str, Finder] = {"detector": detected, "frame_difference": differing, "chance": by_chance}


@dataclass
class Tally:
    """What the run has given so far."""

    # finder -> kind -> (score, right) of each event
    found: dict[str, dict[str, list[tuple[float, bool]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    glitches: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    shown: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    pictures: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    # whether masking lowered the score, of glitches that were found and shown
    lowered: list[bool] = field(default_factory=list)
    seconds: float = 0.0
    looked_at: int = 0


def run(chosen: Sequence[Source]) -> Tally:
    """Everything over all clips."""
    cv2.setNumThreads(1)
    tally = Tally()
    for number, source in enumerate(chosen, start=1):
        note(f"{number} of {len(chosen)} {source.name}")
        pictures = read(source.path)
        if len(pictures) < LEAST_PICTURES:
            continue
        for name, made, truth in variants(source, pictures):
            if truth is None:
                _count_false(tally, source, name, made)
            else:
                _count_right(tally, source, made, truth)
    return tally


def _count_false(tally: Tally, source: Source, name: str, pictures: Pictures) -> None:
    key = name if source.label == "real" else f"{name}, ai"
    above = load_coefficients().show_above
    began = time.process_time()
    events = detected(pictures, source)
    tally.seconds += time.process_time() - began
    tally.looked_at += len(pictures)
    tally.shown[key] += sum(event.log_odds > above for event in events)
    tally.pictures[key] += len(pictures)


def _count_right(tally: Tally, source: Source, pictures: Pictures, truth: Glitch) -> None:
    tally.glitches[truth.kind] += 1
    where: dict[str, Any] = {"t0_s": (truth.first - 1) / RATE_HZ, "t1_s": truth.last / RATE_HZ, "box": truth.box}
    for finder, find in FINDERS.items():
        events, done = find(pictures, source), False
        for event in events:
            hit = not done and is_right(event, **where)
            done |= hit
            tally.found[finder][truth.kind].append((event.log_odds, hit))
            if hit and finder == "detector" and event.log_odds > load_coefficients().show_above:
                tally.lowered.append(masking_lowers(pictures, source, event, events))


def masking_lowers(pictures: Pictures, source: Source, event: Event, events: Sequence[Event]) -> bool:
    """Whether the clip's summed chances fall once the marked region is carried on from before the event."""
    first = round(event.t0_s * RATE_HZ)
    again = detected(masked(pictures, box=event.box, before=first), source)
    return _score(again) < _score(events)


def _score(events: Sequence[Event]) -> float:
    return float(sum(1.0 / (1.0 + np.exp(-event.log_odds)) for event in events))


def figures(tally: Tally) -> dict[str, Any]:
    """The tally as figures."""
    result: dict[str, Any] = {"glitches": sum(tally.glitches.values())}
    for finder, kinds in tally.found.items():
        for kind in KINDS:
            result[f"ap_{finder}_{kind}"] = round(average_precision(kinds[kind], tally.glitches[kind]), 3)
        everything = [item for kind in KINDS for item in kinds[kind]]
        result[f"ap_{finder}_all"] = round(average_precision(everything, result["glitches"]), 3)
    for name, count in sorted(tally.shown.items()):
        result[f"shown_per_minute_{name}"] = round(count * RATE_HZ * 60 / tally.pictures[name], 2)
    result["masked"] = len(tally.lowered)
    result["masking_lowers_share"] = round(float(np.mean(tally.lowered)), 3) if tally.lowered else 0.0
    result["seconds_per_160_pictures"] = round(160 * tally.seconds / max(tally.looked_at, 1), 3)
    return result


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--limit", type=int, help="only so many clips")
    arguments = parser.parse_args()
    chosen = sources(arguments.manifest, folds=REPORTING)
    show(figures(run(chosen[: arguments.limit])), as_json=arguments.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
