"""How often the exact id comes back from a sound after what happens to it on its way.

    python -m benchmarks.audio_watermark [--clips DIR] [--limit 8] [--quick] [--json]

Sounds are soundtracks rendered by Foleymark itself (music, beds, effects) and a synthetic talker; with `--clips` also
the sound of the videos below the folder. Each is cut to every length, marked, put through every attack by ffmpeg and
read. The rate is of sounds whose exact id reads; z is the median of the synchronisation peak. Where the program
audiowmark is installed, the same sounds go through the same attacks with its mark. Unmarked sounds are read with random
keys: plainly with many, with the whole search for speed, tempo and pitch with some.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.audio_attacks import ATTACKS, QUICK_ATTACKS, attacked
from benchmarks.audio_material import RATE_HZ, rendered, talker
from benchmarks.common import note, show, videos_below
from pipeline.errors import UsageError
from pipeline.marking import MAX_ATTEMPTS
from pipeline.media.audio import read_audio
from pipeline.records import MarkReading, Payload
from pipeline.watermark.adapters.audiowmark import AudiowmarkAdapter
from pipeline.watermark.payload import VARIANTS, new_payload
from pipeline.watermark.sound import search, tile
from pipeline.watermark.sound.evidence import fold
from pipeline.watermark.sound.judgement import DECODE_CHANCE
from pipeline.watermark.sound.marker import STEP_UP, SoundMarker, choose_sound_strength, read_sound
from pipeline.watermark.sound.masking import noise_to_mask_db
from pipeline.watermark.sound.spectrogram import Spectrogram

LENGTHS_S = (3, 5, 10, 15, 30)
QUICK_LENGTHS_S = (5, 10)
KEY = bytes(range(32))

# of a marked sound: its id when it reads, and a figure of how surely
Read = Callable[[np.ndarray, int], tuple[Payload | None, float]]
Mark = Callable[[np.ndarray, Payload], np.ndarray]


@dataclass(frozen=True)
class Scheme:
    """A way to mark and to read."""

    mark: Mark
    read: Read


@dataclass
class Tally:
    """What came back of one length."""

    read: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    wrong: int = 0
    z: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    seconds: list[float] = field(default_factory=list)
    quality: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    # sounds by the attacks that they did not survive
    lost: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def figures(self) -> dict[str, Any]:
        return {
            "sounds": len(next(iter(self.read.values()), [])),
            "exact_id": {attack: round(statistics.mean(hits), 3) for attack, hits in self.read.items()},
            "z": {attack: round(statistics.median(values), 1) for attack, values in self.z.items()},
            "lost": dict(self.lost),
            "wrong_ids": self.wrong,
            "read_s_median": round(statistics.median(self.seconds), 2),
            "read_s_max": round(max(self.seconds), 2),
            **{name: round(statistics.mean(values), 2) for name, values in self.quality.items()},
        }


def main() -> None:
    arguments = _arguments()
    sounds = dict(_sounds(arguments))
    lengths = arguments.lengths or (QUICK_LENGTHS_S if arguments.quick else LENGTHS_S)
    attacks = arguments.attacks or (QUICK_ATTACKS if arguments.quick else tuple(ATTACKS))
    figures: dict[str, Any] = {**_measured(OURS, sounds, lengths, attacks), "peers": {}}
    try:
        beside = dict(list(sounds.items())[:: max(1, len(sounds) // arguments.peer_limit)])
        figures["peers"]["audiowmark"] = _measured(_audiowmark(), beside, lengths, attacks)
    except UsageError as error:
        note(f"Nothing is measured beside it: {error}")
    figures["unmarked"] = _unmarked(list(sounds.values()), keys=arguments.keys, searched=1 if arguments.quick else 4)
    show(figures if arguments.json else _flat(figures), as_json=arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, action="append", default=[])
    parser.add_argument("--limit", type=int, default=8, help="sounds to draw from each folder of clips")
    parser.add_argument("--attacks", nargs="+", choices=tuple(ATTACKS))
    parser.add_argument("--lengths", nargs="+", type=int, help="seconds")
    parser.add_argument("--keys", type=int, default=400, help="keys that every unmarked sound is read with")
    parser.add_argument("--peer-limit", type=int, default=5, help="sounds that audiowmark is measured on")
    parser.add_argument("--quick", action="store_true", help="few attacks, two lengths, few sounds")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


# --------------------------------------------------------------- material
SCENES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("music/cinematic", "ambience/city", ("impact/metal", "whoosh/air")),
    ("", "ambience/forest", ("footstep/gravel", "animal/dog")),
    ("music/electronic", "", ()),
    ("", "ambience/rain", ("thunder/clap", "splash/water")),
    ("music/ambient", "ambience/sea", ()),
    ("", "ambience/room", ("door/close", "shatter/glass", "click/switch", "footstep/wood")),
)


def _sounds(arguments: argparse.Namespace) -> Iterator[tuple[str, np.ndarray]]:
    length_s = 10.0 if arguments.quick else 30.0
    for seed, (music, bed, effects) in enumerate(SCENES[:3] if arguments.quick else SCENES):
        yield f"rendered {music or bed}", rendered(music, bed, effects, length_s, seed=seed)
    yield "talker", talker(length_s, seed=1)
    for folder in arguments.clips:
        yield from _clip_sounds(folder, arguments.limit)


def _clip_sounds(folder: Path, limit: int) -> Iterator[tuple[str, np.ndarray]]:
    """The first sounds of a folder's clips that can be measured, evenly drawn from all."""
    paths = videos_below([folder])
    # every n-th first, so that neighbours in name, often of one recording, come last
    step = max(1, len(paths) // limit)
    drawn = 0
    for path in sorted(paths, key=lambda path: paths.index(path) % step):
        sound = read_audio(path)[:, : 30 * RATE_HZ]
        # a track of silence carries no mark, and says nothing about one
        if sound.shape[1] >= 3 * RATE_HZ and np.sqrt(np.mean(sound**2)) > 1e-3:
            yield path.name, sound
            drawn += 1
        if drawn >= limit:
            return


# ---------------------------------------------------------------- schemes
def _mark(sound: np.ndarray, payload: Payload) -> np.ndarray:
    """As `foleymark mark` does it: what does not read back at once is made stronger, three times at most."""
    strength = choose_sound_strength(sound.shape[1] / RATE_HZ)
    for _ in range(MAX_ATTEMPTS):
        marker = SoundMarker(RATE_HZ, len(sound), payload=payload, key=KEY, strength=strength)
        marked = np.concatenate([marker(sound), marker.flush()], axis=1)
        if read_sound(marked, RATE_HZ, keys=[KEY]).payload == payload:
            break
        strength *= STEP_UP
    return marked


def _read(sound: np.ndarray, rate_hz: int) -> tuple[Payload | None, float]:
    reading = read_sound(sound, rate_hz, keys=[KEY])
    return reading.payload, reading.z


OURS = Scheme(_mark, _read)


def _audiowmark() -> Scheme:
    """The external program; UsageError when it is not installed."""
    adapter = AudiowmarkAdapter(keys=[KEY])

    def read(sound: np.ndarray, rate_hz: int) -> tuple[Payload | None, float]:
        reading = adapter.read(sound, rate_hz)
        return reading.payload, reading.raw.get("best_quality", 0.0)

    return Scheme(lambda sound, payload: adapter.mark(sound, RATE_HZ, payload), read)


# -------------------------------------------------------------- measuring
def _measured(
    scheme: Scheme, sounds: dict[str, np.ndarray], lengths: Sequence[int], attacks: Sequence[str]
) -> dict[str, Any]:
    over = rendered("music/electronic", "", (), float(max(lengths)), seed=99)
    figures = {}
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        for length_s in lengths:
            tally = Tally()
            for name, sound in sounds.items():
                if sound.shape[1] >= length_s * RATE_HZ:
                    note(f"{length_s} s: {name}")
                    cut = sound[:, : round(length_s * RATE_HZ)]
                    _measure(scheme, name, cut, Path(folder), attacks, over, tally)
            if tally.read:
                figures[f"{length_s} s"] = tally.figures()
    return figures


def _measure(
    scheme: Scheme,
    name: str,
    sound: np.ndarray,
    folder: Path,
    attacks: Sequence[str],
    over: np.ndarray,
    tally: Tally,
) -> None:
    payload = new_payload()
    began = _cpu_s()
    marked = scheme.mark(sound, payload)
    tally.quality["embed_times_real_time"].append(sound.shape[1] / RATE_HZ / (_cpu_s() - began))
    for measure, value in _quality(sound, marked).items():
        tally.quality[measure].append(value)
    for attack in attacks:
        copy, rate_hz = attacked(marked, attack, folder, over)
        began = _cpu_s()
        found, z = scheme.read(copy, rate_hz)
        tally.seconds.append(_cpu_s() - began)
        tally.read[attack].append(found == payload)
        tally.wrong += found not in (None, payload)
        tally.z[attack].append(z)
        if found != payload:
            tally.lost[attack].append(name)


def _cpu_s() -> float:
    """Processor time of this process and of those it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _quality(sound: np.ndarray, marked: np.ndarray) -> dict[str, float]:
    """What the mark costs, in dB: whole and per 30 ms against the signal, and against what is masked."""
    change = marked - sound
    size = round(0.03 * RATE_HZ)
    count = sound.shape[1] // size
    powers = [np.square(x[:, : count * size].reshape(-1, count, size)).mean(axis=(0, 2)) for x in (sound, change)]
    heard = (powers[0] > 1e-8) & (powers[1] > 0)
    segments_db = 10 * np.log10(powers[0][heard] / powers[1][heard])
    ratio_db = noise_to_mask_db(sound[0], marked[0], RATE_HZ)
    ratio_db = ratio_db[ratio_db > -99]
    return {
        "snr_db": float(10 * np.log10(np.mean(sound**2) / np.mean(change**2))),
        "segmental_snr_db": float(np.clip(segments_db, -10, 60).mean()),
        "noise_to_mask_db_median": float(np.median(ratio_db)),
        "noise_to_mask_db_p95": float(np.percentile(ratio_db, 95)),
        "cells_over_mask": float(np.mean(ratio_db > 0)),
    }


# --------------------------------------------------------------- unmarked
def unmarked_pairs(sounds: Iterable[np.ndarray], keys: Sequence[bytes]) -> list[float]:
    """Peaks of sounds that carry no mark of these keys.

    Parameters
    ----------
    sounds : iterable of float32 [channels, samples]
        At 48 kHz.
    keys : sequence of bytes
        Each is tried alone.

    Returns
    -------
    list of float
        The z of every pair, sound by sound.
    """
    patterns = [tile.sound_patterns([key]) for key in keys]
    peaks = []
    for sound in sounds:
        tiles = fold(search.warped_evidence(Spectrogram(RATE_HZ)(sound), RATE_HZ, search.Warp()))
        peaks += [tile.find_sync(one, tiles).z for one in patterns]
    return peaks


def _unmarked(sounds: Sequence[np.ndarray], *, keys: int, searched: int) -> dict[str, Any]:
    """Unmarked sounds under random keys."""
    note("unmarked sounds ...")
    peaks = unmarked_pairs(sounds, [os.urandom(32) for _ in range(keys)])
    began = time.process_time()
    readings: list[MarkReading] = []
    for sound in sounds:
        readings += [read_sound(sound[:, : 15 * RATE_HZ], RATE_HZ, keys=[os.urandom(32)]) for _ in range(searched)]
    seconds = (time.process_time() - began) / len(readings)
    least = tile.threshold(search.TRIES_PER_FOLD * VARIANTS, chance=DECODE_CHANCE)
    return {
        "pairs": len(peaks),
        "z_median": round(statistics.median(peaks), 2),
        "z_p99": round(float(np.percentile(peaks, 99)), 2),
        "z_max": round(max(peaks), 2),
        "decoded_share": float(np.mean(np.array(peaks) >= least)),
        "decoded_share_allowed": DECODE_CHANCE,
        "searched_pairs": len(readings),
        "searched_z_max": round(max(reading.z for reading in readings), 2),
        "searched_s_for_15_s": round(seconds, 2),
        "accepted": sum(reading.state != "none" for reading in readings),
    }


def _flat(figures: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Rows for a person."""
    rows: dict[str, Any] = {}
    for name, group in figures.get("peers", {}).items():
        rows |= _flat(group, f"{name}, ")
    for group, values in figures.items():
        if group != "peers":
            heading = f"{prefix}{group}"
            rows |= {f"{heading}: {name}": value for name, value in values.items() if not isinstance(value, dict)}
            for attack, rate in values.get("exact_id", {}).items():
                lost = ", ".join(values["lost"].get(attack, []))
                rows[f"{heading}: {attack}"] = f"{rate:.0%}  z {values['z'][attack]}  {lost}".rstrip()
    return rows


if __name__ == "__main__":
    main()
