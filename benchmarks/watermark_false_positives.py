"""How near anything that is not marked, or is marked with another key, comes to being read as marked with ours.

    python -m benchmarks.watermark_false_positives [--clips DIR] [--keys 160] [--picture FILE.png] [--quick] [--json]

Pictures and sounds of unmarked clips are tried with random keys. Their evidence is computed once a file, and each key
is looked for in it as the reader does: a picture as it was made in all eight turns, a sound at seven speeds and tempos,
every variant at every place. A pair of file and key is accepted when the reader would call it read, or marked but
unreadable. Fewer pairs go through the complete reader with its search for a changed geometry, speed, tempo and pitch.
At last clips and sounds that do carry a mark are read with keys that are not theirs.

The table sets the best z of each pair against theory, both for that many tries: Hoeffding's bound, which the thresholds
are made from, and independent normal variables. What is measured must stay below the bound, and does not come far above
the normal variables. Without --clips it takes FOLEYMARK_CORPUS, else the samples of this project.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import watermark_clips as clips
from benchmarks.common import note, videos_below
from benchmarks.watermark_chance import Tried, draw
from pipeline import marking
from pipeline.config import load_settings
from pipeline.errors import FoleymarkError
from pipeline.media.audio import SAMPLE_RATE_HZ, iter_audio
from pipeline.media.frames import read_frames
from pipeline.media.probe import probe
from pipeline.records import Clip, MarkReading
from pipeline.watermark.keys import MarkKeys
from pipeline.watermark.payload import VARIANTS, decode_payload, new_payload, variant_of
from pipeline.watermark.picture import lays, tile
from pipeline.watermark.picture.evidence import Evidence
from pipeline.watermark.sound import judgement as audio_judgement
from pipeline.watermark.sound import search as audio_search
from pipeline.watermark.sound import tile as audio_tile
from pipeline.watermark.sound.evidence import fold
from pipeline.watermark.sound.marker import SoundMarker, choose_sound_strength, read_sound
from pipeline.watermark.sound.search import Warp, warped_evidence
from pipeline.watermark.sound.spectrogram import Spectrogram

SAMPLES = Path(__file__).parents[1] / "samples"
# pictures of a clip that are summed, and seconds of sound
FRAMES, SOUND_S = 12, 12.0
# sounds that are quieter than this say nothing
QUIETEST = 1e-3
WARPS = tuple(
    Warp(tempo, pitch)
    for tempo, pitch in ((1.0, 1.0), (0.8, 1.0), (1.25, 1.0), (1.05, 1.05), (0.95, 0.95), (1.0, 1.06), (1.0, 0.94))
)
COMPLETE_S = 2.0
# a sound of this length is sure to be read by its own key: shorter ones would show nothing with the keys of others
MARKED_S = 5.0


def main() -> None:
    arguments = _arguments()
    began = time.monotonic()
    _quiet()
    pictures, sounds = _material(arguments)
    keys = [random_key(number) for number in range(arguments.keys)]
    tried = {"picture": _picture_pairs(pictures, keys), "sound": _sound_pairs(sounds, keys)}
    complete = _complete(clips.evenly(pictures, arguments.complete), clips.evenly(sounds, arguments.complete))
    long = [sound for sound in sounds if sound.shape[1] >= MARKED_S * SAMPLE_RATE_HZ]
    wrong = _wrong_keys(clips.evenly(pictures, arguments.marked), clips.evenly(long, arguments.marked), keys)
    parts = {**{name: pairs.figures() for name, pairs in tried.items()}, "complete_reader": complete}
    figures = {
        "pairs": sum(part["pairs"] for part in parts.values()),
        "accepted": sum(part["accepted"] for part in parts.values()),
        **parts,
        "wrong_key": wrong,
        "seconds": round(time.monotonic() - began),
    }
    if arguments.picture:
        draw(tried, arguments.picture)
    print(json.dumps(figures, indent=2) if arguments.json else table(figures))
    if figures["accepted"] or wrong["accepted"]:
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, action="append", help="a folder of unmarked videos")
    parser.add_argument("--keys", type=int, default=160, help="keys that every file is tried with")
    parser.add_argument("--pictures", type=int, default=64, help="clips whose pictures are tried")
    parser.add_argument("--sounds", type=int, default=32, help="clips whose sound is tried")
    parser.add_argument("--complete", type=int, default=16, help="clips and sounds for the complete reader")
    parser.add_argument("--marked", type=int, default=5, help="clips and sounds that are marked, for wrong keys")
    parser.add_argument("--picture", type=Path, help="draw the histograms into this PNG file")
    parser.add_argument("--quick", action="store_true", help="a tenth of the pairs")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    corpus = os.environ.get("FOLEYMARK_CORPUS")
    arguments.clips = arguments.clips or [Path(corpus) if corpus else SAMPLES]
    if arguments.quick:
        arguments.keys, arguments.pictures, arguments.sounds = 60, 12, 6
        arguments.complete, arguments.marked = 3, 2
    return arguments


def _quiet() -> None:
    import cv2

    cv2.setNumThreads(1)


# --------------------------------------------------------------- material
def _material(arguments: argparse.Namespace) -> tuple[list[Clip], list[np.ndarray]]:
    """Clips for their pictures, and sounds; evenly from as many folders as there are."""
    found = [_probed(path) for folder in arguments.clips for path in videos_below([folder])]
    known = [clip for clip in found if clip]
    # many generators write tracks of silence
    sounding = clips.spread([clip for clip in known if clip.audio], 2 * arguments.sounds, source_of=_folder)
    sounds = [sound for clip in sounding if (sound := _sound(clip)).any()]
    return clips.spread(known, arguments.pictures, source_of=_folder), clips.evenly(sounds, arguments.sounds)


def random_key(number: int) -> bytes:
    """The same keys in every run, known to nobody's files."""
    return hashlib.sha256(f"benchmark stranger {number}".encode()).digest()


def _probed(path: Path) -> Clip | None:
    try:
        return probe(path)
    except FoleymarkError as error:
        note(f"left out: {error}")
        return None


def _folder(clip: Clip) -> str:
    return str(clip.path.parent)


def _evidence(clip: Clip) -> Evidence:
    """What the first pictures show; of a still too."""
    width, height = clip.video.upright_size_px
    evidence = Evidence(clip.video.display_aspect, min(width, height), 0.0)
    for frame in islice(read_frames(clip), FRAMES):
        evidence.add(frame.luma, bit_depth=frame.bit_depth)
    return evidence


def _sound(clip: Clip) -> np.ndarray:
    """float32 [2, samples]: the beginning of a clip's sound; zeros when it is silent."""
    blocks, seconds = [], 0.0
    for block in iter_audio(clip):
        blocks.append(block)
        seconds += block.shape[1] / SAMPLE_RATE_HZ
        if seconds >= SOUND_S:
            break
    sound = (
        np.concatenate(blocks, axis=1)[:, : round(SOUND_S * SAMPLE_RATE_HZ)] if blocks else np.zeros((2, 0), np.float32)
    )
    return sound if sound.size and np.sqrt(np.mean(sound**2)) > QUIETEST else np.zeros((2, 1), np.float32)


# ------------------------------------------------------------------ pairs
def _picture_pairs(pictures: Sequence[Clip], keys: Sequence[bytes]) -> Tried:
    note(f"{len(pictures)} clips x {len(keys)} keys ...")
    tried = Tried(tile.TRIES_PER_TILE * len(lays.TURNS), lays.DECODE_CHANCE)
    for clip in pictures:
        tried.files += 1
        squares = _squares(_evidence(clip))
        for key in keys:
            tried.add(**_look_at_squares(squares, key))
    return tried


def _squares(evidence: Evidence) -> list[np.ndarray]:
    """The tile of a whole picture as it was made, in every turn."""
    likeliest = next(iter(lays.grid_lays(evidence, thorough=False)))
    return [lays.GridLay(likeliest.lines, likeliest.size, turn).fold(evidence) for turn in range(len(lays.TURNS))]


def _look_at_squares(squares: Sequence[np.ndarray], key: bytes) -> dict[str, Any]:
    code = _code(key)
    peaks = [tile.find_sync(code, square) for square in squares]
    tries = tile.TRIES_PER_TILE * len(squares)
    least = tile.threshold(tries, chance=lays.DECODE_CHANCE)
    sure = tile.threshold(tries, chance=lays.SURE_CHANCE)
    reached = [(peak, square) for peak, square in zip(peaks, squares, strict=True) if peak.z >= least]
    words = ((decode_payload(tile.soft_symbols(code, square, peak), key=key), peak) for peak, square in reached)
    read = any(payload is not None and variant_of(payload) == peak.variant for payload, peak in words)
    z = max(peak.z for peak in peaks)
    return {"z": z, "decoded": bool(reached), "accepted": read or z >= sure}


def _sound_pairs(sounds: Sequence[np.ndarray], keys: Sequence[bytes]) -> Tried:
    note(f"{len(sounds)} sounds x {len(keys)} keys ...")
    tried = Tried(audio_search.TRIES_PER_FOLD * VARIANTS * len(WARPS), audio_judgement.DECODE_CHANCE)
    for sound in sounds:
        tried.files += 1
        folds = _folds(sound)
        for key in keys:
            tried.add(**_look_at_folds(folds, key))
    return tried


def _folds(sound: np.ndarray) -> list[np.ndarray]:
    """The tiles of a sound with each warp undone."""
    power = Spectrogram(SAMPLE_RATE_HZ)(sound)
    return [fold(warped_evidence(power, SAMPLE_RATE_HZ, Warp(pitch=warp.pitch)), warp.tempo) for warp in WARPS]


def _look_at_folds(folds: Sequence[np.ndarray], key: bytes) -> dict[str, Any]:
    patterns = _patterns(key)
    peaks = [audio_tile.find_sync(patterns, tiles) for tiles in folds]
    tries = audio_search.TRIES_PER_FOLD * len(patterns) * len(folds)
    least = audio_tile.threshold(tries, chance=audio_judgement.DECODE_CHANCE)
    matches = [audio_search.Match(*found) for found in zip(WARPS, peaks, folds, strict=True)]
    readings = [audio_judgement.judge(match, patterns, tries=tries) for match in matches]
    z = max(peak.z for peak in peaks)
    return {"z": z, "decoded": z >= least, "accepted": any(reading.state != "none" for reading in readings)}


# the same keys are tried with every file, and drawing what follows from one takes longer than a look
_code = functools.lru_cache(maxsize=None)(tile.tile_code)


@functools.cache
def _patterns(key: bytes) -> audio_tile.SoundPatterns:
    return audio_tile.sound_patterns([key])


# -------------------------------------------------------- complete reader
def _complete(pictures: Sequence[Clip], sounds: Sequence[np.ndarray]) -> dict[str, Any]:
    """Readings by two keys at once, as after a rotation."""
    note(f"{len(pictures)} clips and {len(sounds)} sounds through the complete reader ...")
    keys = [random_key(-1), random_key(-2)]
    readings = [*_each_cut(pictures, lambda path: marking.read_picture(path, keys=keys))]
    heard = [read_sound(sound, SAMPLE_RATE_HZ, keys=keys) for sound in sounds]
    return {
        "pairs": len(keys) * (len(readings) + len(heard)),
        "accepted": sum(reading.state != "none" for reading in [*readings, *heard]),
        "picture": _nearest(readings),
        "sound": _nearest(heard),
    }


def _each_cut(pictures: Sequence[Clip], measure: Callable[[Path], Any]) -> Iterator[Any]:
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        for clip in pictures:
            yield measure(clips.cut(clip, Path(folder) / "cut.mp4", longest_s=COMPLETE_S))


def _nearest(readings: Sequence[MarkReading]) -> dict[str, Any]:
    """The highest z, and how far the nearest reading stayed under the z it had to reach."""
    return {
        "readings": len(readings),
        "z_max": round(max((reading.z for reading in readings), default=0.0), 2),
        "margin_least": round(min((reading.needed_z - reading.z for reading in readings), default=0.0), 2),
    }


# -------------------------------------------------------------- wrong key
def _wrong_keys(pictures: Sequence[Clip], sounds: Sequence[np.ndarray], keys: Sequence[bytes]) -> dict[str, Any]:
    """Marked clips and sounds: read by their own key, tried with others."""
    note(f"{len(pictures)} marked clips and {len(sounds)} marked sounds with keys of others ...")
    own = random_key(-3)
    others = [random_key(-4), random_key(-5)]
    seen = [*_each_cut(pictures, lambda path: _marked_picture(path, own, others, keys))]
    heard = [_marked_sound(sound, own, others, keys) for sound in sounds]
    tried = [pair for _, _, pairs in (*seen, *heard) for pair in pairs]
    searched = [reading for _, reading, _ in (*seen, *heard)]
    return {
        "read_by_their_own": sum(own_reads for own_reads, _, _ in (*seen, *heard)),
        "marked": len(seen) + len(heard),
        "pairs": len(tried) + len(others) * len(searched),
        "accepted": sum(pair["accepted"] for pair in tried) + sum(reading.state != "none" for reading in searched),
        "z_max": round(max([pair["z"] for pair in tried] + [reading.z for reading in searched], default=0.0), 2),
    }


def _marked_picture(
    source: Path, own: bytes, others: Sequence[bytes], keys: Sequence[bytes]
) -> tuple[bool, MarkReading, list[dict[str, Any]]]:
    marked = source.with_name("marked.mp4")
    settings = load_settings(environment={})
    report = marking.deliver(probe(source), marked, soundtrack=None, settings=settings, keys=MarkKeys((own,)))
    assert report
    squares = _squares(_evidence(probe(marked)))
    pairs = [_look_at_squares(squares, key) for key in keys]
    return report.came_back, marking.read_picture(marked, keys=others), pairs


def _marked_sound(
    sound: np.ndarray, own: bytes, others: Sequence[bytes], keys: Sequence[bytes]
) -> tuple[bool, MarkReading, list[dict[str, Any]]]:
    payload = new_payload()
    strength = choose_sound_strength(sound.shape[1] / SAMPLE_RATE_HZ)
    marker = SoundMarker(SAMPLE_RATE_HZ, len(sound), payload=payload, key=own, strength=strength)
    marked = np.concatenate([marker(sound), marker.flush()], axis=1)
    came_back = read_sound(marked, SAMPLE_RATE_HZ, keys=[own]).payload == payload
    pairs = [_look_at_folds(_folds(marked), key) for key in keys]
    return came_back, read_sound(marked, SAMPLE_RATE_HZ, keys=others), pairs


def table(figures: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{figures['pairs']} pairs, {figures['accepted']} accepted, {figures['seconds']} s"]
    for name in ("picture", "sound"):
        part = figures[name]
        lines.append(f"\n{name}: {part['pairs']} pairs of {part['files']} files, {part['accepted']} accepted")
        if part["pairs"]:
            lines.append(
                f"decoded {part['decoded_share']:.4%} of pairs; {part['decoded_share_allowed']:.0%} are allowed"
            )
            lines.append("z at least   measured      bound     normal")
            lines += [
                f"{row['z']:<10} {row['measured']:>10.5f} {row['bound']:>10.3g} {row['normal']:>10.3g}"
                for row in part["histogram"]
            ]
    complete, wrong = figures["complete_reader"], figures["wrong_key"]
    lines.append(f"\ncomplete reader: {complete['pairs']} pairs, {complete['accepted']} accepted")
    lines += [f"  {name}: {complete[name]}" for name in ("picture", "sound")]
    lines.append(f"wrong keys: {wrong['pairs']} pairs, {wrong['accepted']} accepted, highest z {wrong['z_max']};")
    lines.append(f"  their own key reads {wrong['read_by_their_own']} of {wrong['marked']}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
