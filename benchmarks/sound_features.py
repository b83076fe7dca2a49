"""Measure the sound detector's figures on recordings and on the same through small neural codecs: what `fit` reads.

    python -m benchmarks.sound_features --material sound --csv models/codecs/features.csv

Both members of a pair change rate alike and are delivered alike (as PCM, AAC or Opus), so that neither can be told by
that. Recordings that were processed without any net, and sound that Foleymark itself made, stand among the recordings.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.common import ffmpeg, note

Sound = NDArray[np.float32]
# encoder options and kind of file; None is no encoding
DELIVERIES: dict[str, tuple[tuple[str, ...], str] | None] = {
    "pcm": None,
    "aac_128": (("-c:a", "aac", "-b:a", "128k"), "m4a"),
    "opus_64": (("-c:a", "libopus", "-b:a", "64k"), "opus"),
    "aac_96": (("-c:a", "aac", "-b:a", "96k"), "m4a"),
    "opus_48": (("-c:a", "libopus", "-b:a", "48k"), "opus"),
    "mp3_128": (("-c:a", "libmp3lame", "-b:a", "128k"), "mp3"),
}
TRAINING_DELIVERIES = ("pcm", "aac_128", "opus_64")
# no net: a cheap change of rate (lines drawn between samples), stretching by splicing, shifting by phase vocoder
PROCESSES: dict[str, str] = {
    "linear": "aresample=16000,aresample=48000:filter_size=2:phase_shift=4:linear_interp=1:cutoff=1.0",
    "tempo": "atempo=1.1",
    "pitch": f"rubberband=pitch={2 ** (1 / 12)}",
    "denoised": "afftdn=nr=20",
}
LENGTH_S = 3.0
# of one source, so that no source rules the table
PIECES_OF_SOURCE = 12
CODECS_EACH = 3
# The recording is added to its decoded copy at these levels in turn: minutes of training make codecs whose traces
# are stronger than those of good ones, and a sum is what a better one would give.
MIXED = (0.0, 0.7, 2.0)


@dataclass(frozen=True)
class Row:
    """One sound to be measured, and what it is."""

    clip: str
    # "real" or "ai"
    label: str
    # family of the decoder that the sound, or its pair, went through; "none", "processed" or "own"
    family: str
    variant: str
    delivery: str
    source: str
    origin: str
    fold: int
    rate_hz: int
    # float32 [samples]
    sound: Sound


def load(folder: Path, labels: Sequence[str] = ("real",), limit: int = PIECES_OF_SOURCE) -> list[Row]:
    """Pieces of the material, at most `limit` of a source, LENGTH_S long."""
    found: list[Row] = []
    with (folder / "index.csv").open(newline="", encoding="utf-8") as lines:
        entries = [entry for entry in csv.DictReader(lines) if entry["label"] in labels]
    for source in sorted({entry["source"] for entry in entries}):
        mine = [entry for entry in entries if entry["source"] == source]
        for entry in mine[:: max(1, math.ceil(len(mine) / limit))]:
            rate_hz = int(entry["rate_hz"])
            sound = np.load(folder / entry["file"]).astype(np.float32)[: round(LENGTH_S * rate_hz)]
            sound = sound * np.float32(0.1 / (np.sqrt(np.mean(sound**2)) + 1e-4))
            about = (entry["clip"], entry["label"], "none", "recorded", "pcm", source, entry["origin"])
            found.append(Row(*about, int(entry["fold"]), rate_hz, sound))
    return found


def training_rows(pieces: Sequence[Row]) -> Iterator[Row]:
    """Recordings, processed recordings and pairs, each delivered in one of the ways."""
    for number, piece in enumerate(pieces):
        ways = [TRAINING_DELIVERIES[(number + k) % 3] for k in range(3)]
        yield deliver(piece, ways[0])
        process = list(PROCESSES)[number % len(PROCESSES)]
        yield deliver(processed(piece, process), ways[1])
        for turn, member in enumerate(pairs(piece, number)):
            yield deliver(member, ways[turn // 2 % 3])
    for number, piece in enumerate(own_sounds()):
        yield deliver(piece, TRAINING_DELIVERIES[number % 3])


def pairs(piece: Row, number: int, each: int = CODECS_EACH) -> Iterator[Row]:
    """The piece only changed in rate, then decoded and mixed as MIXED says, for some codecs."""
    from models.codecs.nets import CODECS, GRIFFIN_LIM

    every = (*CODECS, GRIFFIN_LIM)
    chosen = [every[(number * each + k) % len(every)] for k in range(each)]
    for turn, codec in enumerate(codec for codec in chosen if codec.rate_hz <= piece.rate_hz):
        slow = resample(piece.sound, piece.rate_hz, codec.rate_hz)
        decoded = through(codec.name, slow)
        # two steps a turn: the ways of delivery go one, so that every level meets every way
        level = MIXED[(number + 2 * turn) % len(MIXED)]
        decoded = ((decoded + level * slow) / (1 + level)).astype(np.float32)
        for variant, sound in (("through", slow), (f"decoded+{level:g}", decoded)):
            label = "real" if variant == "through" else "ai"
            back = resample(sound, codec.rate_hz, piece.rate_hz)
            yield replace(piece, label=label, family=codec.family, variant=variant, sound=back)


@lru_cache(maxsize=16)
def _net(name: str) -> Any:
    from models.codecs.nets import CODECS, griffin_lim
    from models.codecs.train import read_codec

    codec = next((codec for codec in CODECS if codec.name == name), None)
    return griffin_lim if codec is None else read_codec(codec)


def through(name: str, sound: Sound) -> Sound:
    """A sound at the codec's own rate after encoding and decoding."""
    import torch

    with torch.no_grad():
        decoded: Sound = _net(name)(torch.from_numpy(sound)[None])[0].numpy()
    return np.clip(decoded, -1, 1)


def resample(sound: Sound, from_hz: int, to_hz: int) -> Sound:
    """Another rate, by a polyphase filter."""
    from scipy.signal import resample_poly

    common = math.gcd(from_hz, to_hz)
    changed: Sound = resample_poly(sound, to_hz // common, from_hz // common).astype(np.float32)
    return changed


def processed(piece: Row, process: str) -> Row:
    """The piece after one of PROCESSES."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.wav", Path(folder) / "target.wav"
        soundfile.write(source, piece.sound, piece.rate_hz, subtype="FLOAT")
        ffmpeg(
            "-i", str(source), "-af", PROCESSES[process], "-ar", str(piece.rate_hz), "-c:a", "pcm_f32le", str(target)
        )
        sound, _ = soundfile.read(target, dtype="float32")
    return replace(piece, family="processed", variant=process, sound=sound)


def deliver(piece: Row, way: str) -> Row:
    """The piece after one of DELIVERIES, at the same rate."""
    options = DELIVERIES[way]
    if options is None:
        return replace(piece, delivery=way)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.wav", Path(folder) / "target.wav"
        coded = Path(folder) / f"coded.{options[1]}"
        soundfile.write(source, piece.sound, piece.rate_hz, subtype="FLOAT")
        ffmpeg("-i", str(source), *options[0], str(coded))
        ffmpeg("-i", str(coded), "-ar", str(piece.rate_hz), "-c:a", "pcm_f32le", str(target))
        sound, _ = soundfile.read(target, dtype="float32")
    return replace(piece, delivery=way, sound=sound)


def own_sounds(seed: int = 1) -> Iterator[Row]:
    """Soundtracks that Foleymark makes: synthetic, but by no net."""
    from benchmarks.audio_material import RATE_HZ, rendered
    from pipeline.sound.catalogue import families

    known = families()
    wanted: list[tuple[str, str, tuple[str, ...]]] = [(f"music/{name}", "", ()) for name in known["music"].names]
    wanted += [("", f"ambience/{name}", ()) for name in known["ambience"].names[::2]]
    wanted += [("", "", tuple(f"{kind}/{name}" for name in known[kind].names)) for kind in ("impact", "footstep")]
    for number, (music, bed, effects) in enumerate(wanted):
        sound = rendered(music, bed, effects, LENGTH_S, seed=seed + number).mean(axis=0)
        name = music or bed or effects[0]
        yield Row(name, "real", "own", "own", "pcm", "foleymark", "foleymark", number % 5, RATE_HZ, sound)


def measured(row: Row) -> dict[str, Any] | None:
    """What the table holds of a row; None where the detector's quality gate keeps it silent."""
    from pipeline.detect.sound import SoundDetector, quality

    detector = SoundDetector()
    detector.add(row.sound[None], row.rate_hz)
    combs = detector.combs()
    if combs is None or quality(combs)[0] == "failed":
        return None
    names = ("clip", "label", "family", "variant", "delivery", "source", "origin", "fold")
    about = {name: getattr(row, name) for name in names}
    return {**about, **combs.figures, "band_hz": round(combs.band_hz), "holes": round(combs.holes, 4)}


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """The rows as CSV."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w", newline="", encoding="utf-8") as target:
        names = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.DictWriter(target, fieldnames=names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    beside.replace(path)


def main() -> int:
    """Write the CSV and print how many rows it has."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--material", type=Path, required=True)
    parser.add_argument("--csv", type=Path, required=True)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for row in training_rows(load(given.material)):
        found = measured(row)
        if found:
            rows.append(found)
        if len(rows) % 50 == 0:
            note(f"{len(rows)} sounds measured")
    write_table(given.csv, rows)
    print(json.dumps({"rows": len(rows)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
