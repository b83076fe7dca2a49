"""Synthetic sounds with known content, what may happen to them, and a real encode to put them through."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np


def band(seconds: float, *, rate_hz: int = 16_000, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Struck notes over a soft pink hiss; float32 [channels, samples]."""
    random = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    # the square root of the frequency makes white noise pink
    spectrum = np.fft.rfft(random.normal(0, 1, (channels, count)))
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.shape[1]), 50))
    sound = np.fft.irfft(spectrum, n=count)
    sound *= 0.03 / sound.std()
    for start in np.arange(0, seconds - 0.05, 0.25):
        first = int(start * rate_hz)
        time = np.arange(min(count - first, rate_hz)) / rate_hz
        pitch_hz = 110 * 2 ** (random.integers(0, 36) / 12)
        for partial in range(1, 9):
            if partial * pitch_hz < rate_hz / 2:
                tone = np.sin(2 * np.pi * partial * pitch_hz * time) * np.exp(-5 * time * partial**0.5)
                sound[:, first : first + len(time)] += 0.1 / partial * tone
    return sound.astype(np.float32)


def faster(sound: np.ndarray, speed: float) -> np.ndarray:
    """As a tape that runs faster: time and pitch together."""
    places = np.arange(0, sound.shape[1] - 1, speed)
    return np.stack([np.interp(places, np.arange(len(one)), one) for one in sound]).astype(np.float32)


def shorter(sound: np.ndarray, tempo: float, *, rate_hz: int) -> np.ndarray:
    """As a player that keeps the pitch: grains of 60 ms laid closer together, each where it fits the last."""
    grain, slack = round(0.06 * rate_hz) // 2 * 2, round(0.008 * rate_hz)
    hop = grain // 2
    window = np.sin(np.pi * np.arange(grain) / grain) ** 2
    count = int((sound.shape[1] / tempo - grain) / hop)
    result = np.zeros((len(sound), (count + 1) * hop), dtype=np.float32)
    previous = 0
    for index in range(count):
        at = int(index * hop * tempo)
        if index:
            wanted = sound[0, previous + hop : previous + hop + grain]
            places = [place for place in range(max(0, at - slack), at + slack, 2) if place + grain <= sound.shape[1]]
            if len(wanted) == grain and places:
                at = max(places, key=lambda place: float(wanted @ sound[0, place : place + grain]))
        if at + grain <= sound.shape[1]:
            result[:, index * hop : index * hop + grain] += sound[:, at : at + grain] * window
            previous = at
    return result


def through_codec(sound: np.ndarray, path: Path, *, codec: str, bit_rate: int, rate_hz: int) -> np.ndarray:
    """Encode, decode again; float32 [channels, samples]."""
    layout = "stereo" if len(sound) == 2 else "mono"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout)
        stream.bit_rate = bit_rate
        resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate_hz)
        whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout=layout)
        whole.sample_rate = rate_hz
        for frame in [*resampler.resample(whole), *resampler.resample(None)]:
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate_hz)
        blocks = [part.to_ndarray() for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(blocks, axis=1)
