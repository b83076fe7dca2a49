"""Decode the sound of labelled clips into the folder that the codecs are trained on and measured with.

    python -m benchmarks.sound_material --manifest index.csv --out sound

The manifest has the columns path (below its own folder), kind, source and origin; kinds named in `REAL` are taken as
recorded. Silent sounds are left out; shorts are joined to stretches of a few seconds, as in a soundtrack.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from models.folds import FOLDS, seen_clips
from pipeline.errors import UnreadableInput

REAL = ("real", "av", "talk", "sfx")
# sounds of these sources are not known to be recordings: a demo page of a foley model, and voices read to portraits
DOUBTFUL = frozenset({"foleycrafter", "sadtalker-generated"})
# long recordings are cut into pieces, so many at most
PIECE_S, PIECES = 6.0, 4
# shorter ones are joined with their neighbours of the same origin and rate
SHORT_S = 2.0
# below this a track counts as silent: -60 dBFS, see pipeline.media.audio.AUDIBLE
QUIET_RMS = 1e-3


@dataclass(frozen=True)
class Piece:
    """Up to six seconds of one sound."""

    clip: str
    kind: str
    source: str
    origin: str
    rate_hz: int
    # float32 [samples]
    sound: NDArray[np.float32]


def pieces(manifest: Path) -> Iterator[Piece]:
    """Every audible stretch of the manifest's clips."""
    with manifest.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            try:
                rate_hz, sound = mono(manifest.parent / row["path"])
            except UnreadableInput:
                continue
            whole = Piece(row["path"], row["kind"], row["source"], row["origin"], rate_hz, sound)
            yield from _cut(whole)


def mono(path: Path) -> tuple[int, NDArray[np.float32]]:
    """Rate and mean of the channels of a clip or sound file; length 0 without sound."""
    from pipeline.media.audio import iter_audio
    from pipeline.media.probe import probe
    from pipeline.media.sounds import SUFFIXES, iter_sound, open_sound

    if path.suffix.lower() in SUFFIXES:
        with open_sound(path) as sound:
            rate_hz = sound.samplerate
        blocks: Iterable[np.ndarray] = iter_sound(path)
    else:
        clip = probe(path)
        rate_hz = clip.audio.sample_rate_hz if clip.audio else 48_000
        blocks = iter_audio(clip, sample_rate_hz=rate_hz)
    parts = [block.mean(axis=0) for block in blocks]
    return rate_hz, np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


def _cut(whole: Piece) -> Iterator[Piece]:
    size = round(PIECE_S * whole.rate_hz)
    count = max(1, min(PIECES, whole.sound.size // size))
    for start in np.linspace(0, max(0, whole.sound.size - size), count).astype(int):
        part = whole.sound[start : start + size]
        if part.size and np.sqrt(np.mean(part**2)) > QUIET_RMS:
            yield replace(whole, sound=part)


def joined(found: Iterable[Piece]) -> Iterator[Piece]:
    """The same, with shorts of one origin and rate put one after the other."""
    waiting: dict[tuple[str, int], list[Piece]] = defaultdict(list)
    for piece in found:
        if piece.sound.size >= SHORT_S * piece.rate_hz:
            yield piece
            continue
        shorts = waiting[piece.origin, piece.rate_hz]
        shorts.append(piece)
        if sum(short.sound.size for short in shorts) >= 2 * SHORT_S * piece.rate_hz:
            yield _in_a_row(shorts)
            shorts.clear()
    yield from (_in_a_row(shorts) for shorts in waiting.values() if shorts)


def _in_a_row(shorts: list[Piece]) -> Piece:
    return replace(shorts[0], sound=np.concatenate([short.sound for short in shorts]))


def fold_of_origin(origin: str) -> int:
    """The fold that the table of clips names for an origin, or one that depends on its name alone."""
    known = {clip.origin: clip.fold for clip in seen_clips().values()}
    return known.get(origin, crc32(origin.encode()) % FOLDS)


def gather(manifest: Path, folder: Path) -> int:
    """Write index.csv and one float16 .npy a piece; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    found = list(joined(pieces(manifest)))
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["file", "clip", "kind", "label", "source", "origin", "fold", "rate_hz", "duration_s"])
        for number, piece in enumerate(found):
            name = f"{number:04d}.npy"
            np.save(folder / name, piece.sound.astype(np.float16))
            label = "unsure" if piece.source in DOUBTFUL else "real" if piece.kind in REAL else "ai"
            about = [name, piece.clip, piece.kind, label, piece.source, piece.origin, fold_of_origin(piece.origin)]
            writer.writerow([*about, piece.rate_hz, round(piece.sound.size / piece.rate_hz, 2)])
    return len(found)


def main() -> int:
    """Gather and print how much there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(json.dumps({"pieces": gather(given.manifest, given.out)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
