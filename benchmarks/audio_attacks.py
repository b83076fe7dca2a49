"""What happens to a sound on its way: codecs, rates, rooms, noise, changes of speed, tempo and pitch, by ffmpeg."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.audio_material import RATE_HZ
from benchmarks.common import ffmpeg


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


def attacked(sound: np.ndarray, name: str, folder: Path, over: np.ndarray) -> tuple[np.ndarray, int]:
    """What is left of a sound.

    Parameters
    ----------
    sound : float32 [channels, samples]
        At 48 kHz.
    name : str
        One of `ATTACKS`.
    folder : Path
        For files in between.
    over : float32 [2, samples]
        Music that is mixed over, at least as long.

    Returns
    -------
    float32 [channels, samples]
    int
        Its rate in Hz.
    """
    attack = ATTACKS[name]
    if name in ADDED_DB:
        random = np.random.default_rng(0)
        other = over[:, : sound.shape[1]] if "music" in name else random.normal(0, 1, sound.shape)
        gain = 10 ** (ADDED_DB[name] / 20) * np.sqrt(np.mean(sound**2) / np.mean(other**2))
        return (sound + gain * other).astype(np.float32), RATE_HZ
    source, copy, heard = folder / "marked.wav", folder / f"copy.{attack.suffix}", folder / "heard.wav"
    soundfile.write(source, sound.T, RATE_HZ, subtype="FLOAT")
    plain = attack.suffix == "wav"
    ffmpeg("-i", str(source), *attack.options, *(("-c:a", "pcm_s16le") if plain else ()), str(copy))
    if not plain:
        ffmpeg("-i", str(copy), "-c:a", "pcm_f32le", str(heard))
    data, rate_hz = soundfile.read(copy if plain else heard, dtype="float32", always_2d=True)
    return data.T, rate_hz
