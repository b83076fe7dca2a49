"""How well the sound detector tells decoded sound from recordings, on decoders and recordings it never learnt from.

    python -m benchmarks.sound_detection --manifest index.csv [--limit 3] [--table CSV] [--json]

The manifest has the columns path, kind, source and origin. Its recordings (`benchmarks.sound_material` says which kinds
are) are decoded by every codec in `models/codecs`, and delivered in ways that training partly never saw. Figures of
"unseen" families come from regressions fitted without that family; every sound is judged by the member that never saw
its fold. The baseline is the same regression on flatness, centroid and bandwidth. Clips that are really AI-made are
listed one by one when they have sound; there are too few for a figure.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import note, show
from benchmarks.sound_features import (
    LENGTH_S,
    Row,
    deliver,
    load,
    measured,
    own_sounds,
    pairs,
    processed,
    write_table,
)
from models.codecs import fit
from models.codecs.nets import FAMILIES

MODELS = Path(__file__).parents[1] / "models" / "codecs"
WAYS = ("pcm", "aac_96", "opus_48", "mp3_128")
# a verdict is moved when the evidence crosses two to one
SPEAKS = float(np.log(2))
PLAIN = ("flatness", "centroid", "width")
ABOUT = ("clip", "label", "family", "variant", "delivery", "source", "fold")

# a sound that was measured: ABOUT, figures where the gate let it pass, PLAIN
Entry = dict[str, Any]


def sounds(folder: Path, limit: int) -> Iterator[Row]:
    """Everything that is measured: recordings and their decoded copies in every way of delivery, and the rest."""
    pieces = load(folder, limit=limit)
    for number, piece in enumerate(pieces):
        note(f"{number + 1} of {len(pieces)} recordings")
        yield processed(piece, "pitch")
        for index, row in enumerate((piece, *pairs(piece, number, each=2))):
            # every sound as it is, and in one more way
            yield from (deliver(row, way) for way in (WAYS[0], WAYS[1 + (number + index) % 3]))
        yield from marked(piece) if number % 2 == 0 else ()
    for row in own_sounds(seed=1000):
        yield from (deliver(row, way) for way in WAYS[:2])
    for row in load(folder, labels=("ai", "unsure"), limit=100):
        yield replace(row, family="genuine")


def marked(piece: Row) -> Iterator[Row]:
    """The piece before and after Foleymark's sound watermark."""
    from pipeline.watermark.payload import new_payload
    from pipeline.watermark.sound.marker import SoundMarker, choose_sound_strength

    strength = choose_sound_strength(LENGTH_S)
    marker = SoundMarker(piece.rate_hz, 1, payload=new_payload(), key=bytes(range(32)), strength=strength)
    sound = np.concatenate([marker(piece.sound[None]), marker.flush()], axis=1)[0]
    yield replace(piece, family="mark", variant="before")
    yield replace(piece, family="mark", variant="after", sound=sound)


def entry(row: Row) -> Entry:
    """Measure one sound."""
    about = {name: getattr(row, name) for name in ABOUT}
    return about | (measured(row) or dict.fromkeys(fit.USED, "")) | dict(zip(PLAIN, plain(row), strict=True))


def plain(row: Row) -> tuple[float, ...]:
    """Spectral flatness, centroid and 85 % bandwidth, logarithmic: what any classifier of sounds begins with."""
    size = 2048
    count = max(1, row.sound.size // size)
    frames = np.resize(row.sound, (count, size)) * np.hanning(size)
    power = np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0)[1:] + 1e-12
    hz = np.fft.rfftfreq(size, 1 / row.rate_hz)[1:]
    total = np.cumsum(power) / power.sum()
    flatness = np.mean(np.log(power)) - np.log(power.mean())
    return float(flatness), float(np.log(hz @ power / power.sum())), float(np.log(hz[np.searchsorted(total, 0.85)]))


def llr_of(one: Entry) -> float | None:
    """What the shipped detector says, by the member that never saw the fold; None where it abstains."""
    from pipeline.detect.sound import coefficients

    if one["comb"] == "":
        return None
    figures = {name: float(one[name]) for name in fit.USED}
    known = coefficients()
    return None if known.outside(figures) else known.llr(figures, int(one["fold"]))


def score_of(one: Entry) -> float:
    """The unlimited score of the shipped detector, by the member that never saw the fold."""
    from pipeline.detect.sound import coefficients

    return coefficients().score({name: float(one[name]) for name in fit.USED}, int(one["fold"]))


def areas(found: Sequence[Entry]) -> dict[str, Any]:
    """AUC by family and delivery: by regressions that never saw the family, as shipped, and of the baseline."""
    heard = [one for one in found if one["comb"] != ""]
    training, table = fit.read_table(MODELS / "features.csv"), fit.as_table(heard)
    base = fit.as_table(heard, PLAIN)
    shipped = np.array([score_of(one) for one in heard])
    result: dict[str, Any] = {}
    for family in FAMILIES:
        unseen = fit.score_unseen(training, table, family)
        guessed = fit.score_unseen(base, base, family)
        rows = (table.family == family) | (table.family == "none")
        for way in ("pcm", "coded"):
            of_way = rows & ((table.delivery == "pcm") == (way == "pcm"))
            named = {"unseen": unseen, "shipped": shipped, "plain": guessed}
            areas_of = {name: round(fit.auc(values[of_way], table.y[of_way]), 3) for name, values in named.items()}
            result[f"{family}, {way}"] = areas_of | {"decoded": int(table.y[of_way].sum())}
    return result


def alarms(found: Sequence[Entry]) -> dict[str, Any]:
    """Share of recordings that lean to AI two to one or more, and of those not judged, by source or processing."""
    by_source: dict[str, list[Entry]] = defaultdict(list)
    for one in found:
        if one["label"] == "real" and one["variant"] != "after":
            by_source[one["family"] if one["family"] in ("own", "processed") else one["source"]].append(one)
    every = {"all but own": [one for name, members in by_source.items() if name != "own" for one in members]}
    return {source: alarm(members) for source, members in sorted((by_source | every).items())}


def alarm(members: Sequence[Entry]) -> dict[str, float]:
    """How many there are, lean to AI, and are not judged."""
    llrs = [llr_of(one) for one in members]
    return {
        "sounds": len(members),
        "leaning_to_ai": round(sum(llr is not None and llr > SPEAKS for llr in llrs) / max(1, len(llrs)), 3),
        "abstained": round(sum(llr is None for llr in llrs) / max(1, len(llrs)), 3),
    }


def own_mark(found: Sequence[Entry]) -> dict[str, float]:
    """How Foleymark's sound watermark moves the evidence on recordings."""
    before, after = ([llr_of(one) for one in found if one["variant"] == when] for when in ("before", "after"))
    both = [(a, b) for a, b in zip(before, after, strict=True) if a is not None and b is not None]
    changes = [abs(b - a) for a, b in both] or [0.0]
    flips = sum((a > SPEAKS) != (b > SPEAKS) for a, b in both)
    return {"sounds": len(both), "flips": flips, "median_change": round(statistics.median(changes), 3)}


def genuine(found: Sequence[Entry]) -> list[dict[str, Any]]:
    """What is said of clips that a generator made with sound, and of those whose sound is of unknown making."""
    members = [one for one in found if one["family"] == "genuine"]
    names = ("clip", "source", "label", "comb", "pulse_comb", "mirror")
    scores = [None if one["comb"] == "" else round(score_of(one), 2) for one in members]
    return [{name: one[name] for name in names} | {"score": s} for one, s in zip(members, scores, strict=True)]


def speed(length_s: int = 60) -> float:
    """Seconds of processor for a minute of 48 kHz stereo, fed in blocks, everything included."""
    from pipeline.detect.sound import SoundDetector

    blocks = np.random.default_rng(0).normal(0, 0.1, (length_s, 2, 48_000)).astype(np.float32)
    detector = SoundDetector()
    began = time.process_time()
    for block in blocks:
        detector.add(block, 48_000)
    detector.evidence()
    return round(time.process_time() - began, 2)


def measure(manifest: Path, limit: int) -> list[Entry]:
    """Decode the manifest's sound and measure everything."""
    from benchmarks.sound_material import gather

    with tempfile.TemporaryDirectory() as folder:
        gather(manifest, Path(folder))
        return [entry(row) for row in sounds(Path(folder), limit)]


def main() -> int:
    """Measure and print."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=3, help="recordings of one source")
    parser.add_argument("--table", type=Path, help="keep the measured figures here, and use them when they are there")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.table and given.table.exists():
        with given.table.open(newline="", encoding="utf-8") as lines:
            found: list[Entry] = list(csv.DictReader(lines))
    else:
        found = measure(given.manifest, given.limit)
        if given.table:
            write_table(given.table, found)
    figures = {
        "auc": areas(found),
        "recordings": alarms(found),
        "decoded": alarm([one for one in found if one["label"] == "ai" and one["family"] != "genuine"]),
        "own_mark": own_mark(found),
        "genuine": genuine(found),
        "seconds_per_minute": speed(),
    }
    show(figures, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
