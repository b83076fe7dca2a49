"""Does the mixer know speech from other sound: on clips of talking and of anything else, and in noise at known times.

    python -m benchmarks.voice --talk DIR --other DIR [DIR ..] [--json]

Beside it: a rule of level alone, which the mixer went by before, and WebRTC's detector where `webrtcvad` is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import note, show, videos_below
from pipeline.media.audio import read_audio, resample
from pipeline.media.sounds import SUFFIXES, iter_sound, open_sound
from pipeline.sound.mix.activity import HOP_S, find_activity, level_envelope

RATE_HZ = 16_000
# speech against noise, dB
RATIOS_DB = (20, 10, 5, 0)
# a stretch of noise, in which somebody speaks from a known moment on
TEST_S, SPOKEN_FROM_S, SPOKEN_S = 12.0, 4.0, 5.0
# the rule before: within 25 dB of the loud passages, and above -50 dBFS
_WITHIN_DB, _FLOOR_DB = 25.0, -50.0
# quieter than this is no sound (RMS)
_SILENT = 1e-3

Detector = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    arguments = _arguments()
    note("reading ...")
    talk, other = _sounds([arguments.talk]), _sounds(arguments.other)
    figures: dict[str, Any] = {"talk_clips": len(talk), "other_sounds": len(other)}
    for name, detector in _detectors().items():
        note(f"{name} ...")
        figures |= {f"{name}_{key}": value for key, value in _figures(detector, talk, other).items()}
    show(figures, as_json=arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--talk", type=Path, required=True, help="clips in which somebody speaks throughout")
    parser.add_argument("--other", type=Path, nargs="+", required=True, help="clips and sounds without speech")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _sounds(folders: list[Path]) -> list[np.ndarray]:
    # mono, float32 [samples] at 16 kHz
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]
    sounds = [_read(path) for path in files]
    clips = [folder for folder in folders if not any(path.is_relative_to(folder) for path in files)]
    if clips:
        sounds += [read_audio(path, sample_rate_hz=RATE_HZ, channels=1)[0] for path in videos_below(clips)]
    return [sound for sound in sounds if len(sound) > RATE_HZ // 4 and np.std(sound) > _SILENT]


def _read(path: Path) -> np.ndarray:
    with open_sound(path) as sound:
        rate_hz = sound.samplerate
    whole = np.concatenate(list(iter_sound(path)), axis=1).mean(axis=0, keepdims=True)
    return resample(whole, from_hz=rate_hz, to_hz=RATE_HZ)[0]


# -------------------------------------------------------------- detectors
def _detectors() -> dict[str, Detector]:
    found: dict[str, Detector] = {"ours": _ours, "level": _level}
    if importlib.util.find_spec("webrtcvad"):
        found["webrtc"] = _webrtc
    return found


def _ours(sound: np.ndarray) -> np.ndarray:
    return find_activity([sound[None]], sample_rate_hz=RATE_HZ).speech


def _level(sound: np.ndarray) -> np.ndarray:
    level_db = level_envelope([sound[None]], sample_rate_hz=RATE_HZ)
    heard = level_db[level_db > _FLOOR_DB]
    loud_db = float(np.quantile(heard, 0.95)) if len(heard) else 0.0
    active: np.ndarray = level_db > max(_FLOOR_DB, loud_db - _WITHIN_DB)
    return active


def _webrtc(sound: np.ndarray) -> np.ndarray:
    import webrtcvad

    # its strictest setting
    detector, size = webrtcvad.Vad(3), round(HOP_S * RATE_HZ)
    whole = np.round(np.clip(sound, -1, 1) * 32_767).astype("<i2")
    hops = [whole[at : at + size].tobytes() for at in range(0, len(whole) - size + 1, size)]
    return np.asarray([detector.is_speech(hop, RATE_HZ) for hop in hops], dtype=bool)


# ---------------------------------------------------------------- figures
def _figures(detector: Detector, talk: list[np.ndarray], other: list[np.ndarray]) -> dict[str, Any]:
    began = time.process_time()
    in_talk, in_other = _share(detector, talk), _share(detector, other)
    length_s = sum(map(len, talk + other)) / RATE_HZ
    spent = (time.process_time() - began) / length_s
    noisy: dict[str, float] = {}
    for ratio_db in RATIOS_DB:
        found, false = _in_noise(detector, talk, other, ratio_db)
        noisy |= {f"at_{ratio_db}_db_found": found, f"at_{ratio_db}_db_false": false}
    return {"talk_found": in_talk, "other_found": in_other, **noisy, "real_time_factor": spent}


def _share(detector: Detector, sounds: list[np.ndarray]) -> float:
    # of the time
    marked = [detector(sound) for sound in sounds]
    return float(sum(hops.sum() for hops in marked) / sum(map(len, marked)))


def _in_noise(
    detector: Detector, talk: list[np.ndarray], other: list[np.ndarray], ratio_db: float
) -> tuple[float, float]:
    # every voice over four of the longer sounds, from a known moment on: share found, and found where nobody speaks
    first, last = round(SPOKEN_FROM_S / HOP_S), round((SPOKEN_FROM_S + SPOKEN_S) / HOP_S)
    long = sorted(other, key=len, reverse=True)
    found, false = [], []
    for number, said in enumerate(talk):
        for turn in range(4):
            noise = np.resize(long[(5 * number + 3 * turn) % min(20, len(long))], round(TEST_S * RATE_HZ))
            spoken = said[: round(SPOKEN_S * RATE_HZ)]
            at = round(SPOKEN_FROM_S * RATE_HZ)
            sound = noise * (np.std(spoken) / np.std(noise) * 10 ** (-ratio_db / 20))
            sound[at : at + len(spoken)] += spoken
            hops = detector((0.08 * sound / np.std(spoken)).astype(np.float32))
            found.append(hops[first : min(last, first + round(len(spoken) / RATE_HZ / HOP_S))].mean())
            # the detector may begin early and the words die away
            false.append(np.concatenate([hops[: first - 30], hops[last + 30 :]]).mean())
    return float(np.mean(found)), float(np.mean(false))


if __name__ == "__main__":
    main()
