"""Small recordings with known truth: hits at known samples, tags by hand, lists of rights."""

import struct

import numpy as np
import soundfile

RATE_HZ = 48_000


def hits(*times_s, length_s=2.0, rate_hz=RATE_HZ, tone_hz=900.0, decay_s=0.05, noise=0.0, seed=0):
    """Mono float32 [samples]: damped tones that begin at their sample, over noise."""
    rng = np.random.default_rng(seed)
    sound = noise * rng.standard_normal(round(length_s * rate_hz))
    for time_s in times_s:
        at = round(time_s * rate_hz)
        ring_s = np.arange(len(sound) - at) / rate_hz
        # a cosine is there at once, as a blow is
        sound[at:] += 0.5 * np.cos(2 * np.pi * tone_hz * ring_s) * np.exp(-ring_s / decay_s)
    return sound.astype(np.float32)


def texture(length_s, *, rate_hz=RATE_HZ, channels=2, level=0.1, seed=0):
    """Steady noise, float32 [samples, channels]."""
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((round(length_s * rate_hz), channels))).astype(np.float32)


def swell(rise_s, fall_s, *, rate_hz=RATE_HZ, seed=0):
    """Noise that rises to its loudest moment and falls again."""
    time_s = np.arange(round((rise_s + fall_s) * rate_hz)) / rate_hz
    shape = np.where(time_s < rise_s, (time_s / rise_s) ** 2, np.maximum(1 - (time_s - rise_s) / fall_s, 0) ** 2)
    return (0.3 * shape * np.random.default_rng(seed).standard_normal(len(time_s))).astype(np.float32)


def write(path, sound, *, rate_hz=RATE_HZ, **tags):
    """A sound file with libsndfile's own tags (title, artist, license, ...)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = np.asarray(sound)
    with soundfile.SoundFile(path, "w", rate_hz, 1 if sound.ndim == 1 else sound.shape[1]) as target:
        for name, value in tags.items():
            setattr(target, name, value)
        target.write(sound)
    return path


def add_chunk(path, name, content):
    """Append a RIFF chunk to a WAV."""
    data = path.read_bytes() + name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])


def bext(description="", originator=""):
    """Content of a Broadcast Wave chunk."""
    return description.encode().ljust(256, b"\0") + originator.encode().ljust(32, b"\0") + bytes(602 - 288)


def rights(folder, *rows, header="file,licence,author,source"):
    """A list of rights in a folder."""
    (folder / "rights.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
