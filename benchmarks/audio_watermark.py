"""How often the exact id comes back from a sound after what happens to it on its way.

    python -m benchmarks.audio_watermark [--clips DIR] [--limit 8] [--quick] [--json]

Sounds are soundtracks rendered by Foleymark itself (music, beds, effects) and a synthetic talker; with `--clips` also
the sound of the videos below the folder. Each is cut to every length, marked, put through every attack by ffmpeg and
read. The rate is of sounds whose exact id reads; z is the median of the synchronisation peak. Unmarked sounds are read
with random keys: plainly with many, with the whole search for speed, tempo and pitch with some.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.audio_material import RATE_HZ, rendered, talker
from benchmarks.common import ffmpeg, note, show, videos_below
from pipeline.media.audio import read_audio
from pipeline.records import MarkReading
from pipeline.watermark import audio_cells, audio_search, audio_tile
from pipeline.watermark.audio import SoundMarker, choose_sound_strength, read_sound
from pipeline.watermark.audio_evidence import evidence, fold
from pipeline.watermark.audio_masking import noise_to_mask_db
from pipeline.watermark.audio_reader import DECODE_CHANCE
from pipeline.watermark.audio_spectrogram import Spectrogram
from pipeline.watermark.payload import new_payload

LENGTHS_S = (3, 5, 10, 15, 30)
QUICK_LENGTHS_S = (5, 10)
KEY = bytes(range(32))


@dataclass(frozen=True)
class Attack:
    """What ffmpeg does: options of the encode, and the kind of file."""

    options: tuple[str, ...] = ()
    suffix: str = "wav"


def _codec(name: str, rate: str, suffix: str) -> Attack:
    return Attack(("-c:a", name, "-b:a", rate), suffix)


def _filter(text: str) -> Attack:
    return Attack(("-af", text))


def _speed(factor: float) -> Attack:
    return _filter(f"asetrate={round(RATE_HZ * factor)},aresample={RATE_HZ}")


ATTACKS: dict[str, Attack] = {
    "none": Attack(),
    "mp3_128": _codec("libmp3lame", "128k", "mp3"),
    "mp3_64": _codec("libmp3lame", "64k", "mp3"),
    "mp3_48": _codec("libmp3lame", "48k", "mp3"),
    "aac_128": _codec("aac", "128k", "m4a"),
    "aac_64": _codec("aac", "64k", "m4a"),
    "opus_64": _codec("libopus", "64k", "opus"),
    "opus_32": _codec("libopus", "32k", "opus"),
    "rate_8k": Attack(("-ar", "8000")),
    "rate_16k": Attack(("-ar", "16000")),
    "rate_22k": Attack(("-ar", "22050")),
    "mono": Attack(("-ac", "1")),
    "echo": _filter("aecho=0.8:0.7:60:0.4"),
    "noise_20db": Attack(),
    "noise_10db": Attack(),
    "low_pass_4k": _filter("lowpass=f=4000,lowpass=f=4000"),
    "compressor": _filter("acompressor=threshold=-30dB:ratio=6:attack=5:release=80:makeup=4"),
    "music_over_-6db": Attack(),
    "speed_0.9": _speed(0.9),
    "speed_0.97": _speed(0.97),
    "speed_1.05": _speed(1.05),
    "speed_1.1": _speed(1.1),
    "tempo_0.8": _filter("atempo=0.8"),
    "tempo_1.1": _filter("atempo=1.1"),
    "tempo_1.25": _filter("atempo=1.25"),
    "pitch_-2": _filter(f"rubberband=pitch={2 ** (-2 / 12)}"),
    "pitch_-1": _filter(f"rubberband=pitch={2 ** (-1 / 12)}"),
    "pitch_+1": _filter(f"rubberband=pitch={2 ** (1 / 12)}"),
    "pitch_+2": _filter(f"rubberband=pitch={2 ** (2 / 12)}"),
}
QUICK_ATTACKS = ("none", "mp3_64", "aac_64", "opus_32", "rate_8k", "noise_20db", "speed_1.05", "tempo_1.1", "pitch_+1")
# dB under the sound that something else is mixed in with
ADDED_DB = {"noise_20db": -20.0, "noise_10db": -10.0, "music_over_-6db": -6.0}


@dataclass
class Tally:
    """What came back of one length."""

    read: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    wrong: int = 0
    z: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    seconds: list[float] = field(default_factory=list)
    quality: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def figures(self) -> dict[str, Any]:
        return {
            "sounds": len(next(iter(self.read.values()), [])),
            "exact_id": {attack: round(statistics.mean(hits), 3) for attack, hits in self.read.items()},
            "z": {attack: round(statistics.median(values), 1) for attack, values in self.z.items()},
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
    over = rendered("music/electronic", "", (), 30.0, seed=99)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        for length_s in lengths:
            tally = Tally()
            for name, sound in sounds.items():
                if sound.shape[1] >= length_s * RATE_HZ:
                    note(f"{length_s} s: {name}")
                    _measure(sound[:, : round(length_s * RATE_HZ)], Path(folder), attacks, over, tally)
            if tally.read:
                figures[f"{length_s} s"] = tally.figures()
    figures["unmarked"] = _unmarked(sounds, keys=arguments.keys, searched_keys=1 if arguments.quick else 4)
    show(figures if arguments.json else _flat(figures), as_json=arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, action="append", default=[])
    parser.add_argument("--limit", type=int, default=8, help="sounds to draw from the clips")
    parser.add_argument("--attacks", nargs="+", choices=tuple(ATTACKS))
    parser.add_argument("--lengths", nargs="+", type=int, help="seconds")
    parser.add_argument("--keys", type=int, default=400, help="keys that every unmarked sound is read with")
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
    if not arguments.clips:
        return
    paths = videos_below(arguments.clips)
    drawn = 0
    for path in paths:
        sound = read_audio(path)[:, : 30 * RATE_HZ]
        # a track of silence carries no mark, and says nothing about one
        if sound.shape[1] >= 3 * RATE_HZ and np.sqrt(np.mean(sound**2)) > 1e-3:
            yield path.name, sound
            drawn += 1
        if drawn >= arguments.limit:
            return


# ---------------------------------------------------------------- reading
def _measure(sound: np.ndarray, folder: Path, attacks: tuple[str, ...], over: np.ndarray, tally: Tally) -> None:
    payload = new_payload()
    strength = choose_sound_strength(sound.shape[1] / RATE_HZ)
    began = time.process_time()
    marker = SoundMarker(RATE_HZ, len(sound), payload=payload, key=KEY, strength=strength)
    marked = np.concatenate([marker(sound), marker.flush()], axis=1)
    tally.quality["embed_times_real_time"].append(sound.shape[1] / RATE_HZ / (time.process_time() - began))
    for name, value in _quality(sound, marked).items():
        tally.quality[name].append(value)
    for name in attacks:
        copy, rate_hz = _attacked(marked, name, folder, over)
        began = time.process_time()
        reading = read_sound(copy, rate_hz, key=KEY)
        tally.seconds.append(time.process_time() - began)
        tally.read[name].append(reading.payload == payload)
        tally.wrong += reading.payload not in (None, payload)
        tally.z[name].append(reading.z)


def _attacked(sound: np.ndarray, name: str, folder: Path, over: np.ndarray) -> tuple[np.ndarray, int]:
    attack = ATTACKS[name]
    if name in ADDED_DB:
        random = np.random.default_rng(0)
        other = over[:, : sound.shape[1]] if "music" in name else random.normal(0, 1, sound.shape)
        gain = 10 ** (ADDED_DB[name] / 20) * np.sqrt(np.mean(sound**2) / np.mean(other**2))
        return (sound + gain * other).astype(np.float32), RATE_HZ
    source, copy, heard = folder / "marked.wav", folder / f"copy.{attack.suffix}", folder / "heard.wav"
    soundfile.write(source, sound.T, RATE_HZ, subtype="FLOAT")
    ffmpeg("-i", str(source), *attack.options, *(("-c:a", "pcm_s16le") if attack.suffix == "wav" else ()), str(copy))
    ffmpeg("-i", str(copy), "-c:a", "pcm_f32le", str(heard))
    data, rate_hz = soundfile.read(heard, dtype="float32", always_2d=True)
    return data.T, rate_hz


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
def _unmarked(sounds: dict[str, np.ndarray], *, keys: int, searched_keys: int) -> dict[str, Any]:
    """Unmarked sounds under random keys."""
    note("unmarked sounds ...")
    peaks: list[float] = []
    searched: list[MarkReading] = []
    for sound in sounds.values():
        power = Spectrogram(RATE_HZ)(sound)
        tiles = fold(evidence(power, audio_cells.band_weights(RATE_HZ)[: power.shape[1]]))
        peaks += [audio_tile.find_sync(audio_tile.sound_tile_code(os.urandom(32)), tiles).z for _ in range(keys)]
        searched += [read_sound(sound[:, : 15 * RATE_HZ], RATE_HZ, key=os.urandom(32)) for _ in range(searched_keys)]
    least = audio_tile.threshold(audio_search.TRIES_PER_FOLD, chance=DECODE_CHANCE)
    return {
        "pairs": len(peaks),
        "z_median": round(statistics.median(peaks), 2),
        "z_p99": round(float(np.percentile(peaks, 99)), 2),
        "z_max": round(max(peaks), 2),
        "decoded_share": float(np.mean(np.array(peaks) >= least)),
        "decoded_share_allowed": DECODE_CHANCE,
        "searched_pairs": len(searched),
        "searched_z_max": round(max(reading.z for reading in searched), 2),
        "accepted": sum(reading.state != "none" for reading in searched),
    }


def _flat(figures: dict[str, Any]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for group, values in figures.items():
        rows |= {f"{group}: {name}": value for name, value in values.items() if not isinstance(value, dict)}
        for attack, rate in values.get("exact_id", {}).items():
            rows[f"{group}: {attack}"] = f"{rate:.0%}  z {values['z'][attack]}"
    return rows


if __name__ == "__main__":
    main()
