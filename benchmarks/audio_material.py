"""Sounds for benchmarks: soundtracks that Foleymark renders, and a synthetic talker."""

from __future__ import annotations

import numpy as np

from pipeline.records import Cue, SoundPlan
from pipeline.sound.catalogue import family_of
from pipeline.sound.render import iter_stems

RATE_HZ = 48_000
# loud enough that nothing drowns in 16 bits
PEAK = 0.7
EFFECT_EVERY_S = 0.9
# formants of five vowels, after Peterson and Barney (1952)
FORMANTS_HZ = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
SYLLABLE_S = 0.22


def rendered(music: str, bed: str, effects: tuple[str, ...], length_s: float, *, seed: int) -> np.ndarray:
    """A soundtrack, float32 [2, samples]; empty names are left out."""
    random = np.random.default_rng(seed)
    cues = [_cue("MX", music, 0.0, length_s, seed)] if music else []
    cues += [_cue("BG", bed, 0.0, length_s, seed)] if bed else []
    for index, time_s in enumerate(np.arange(0.4, length_s - 0.5, EFFECT_EVERY_S)) if effects else ():
        effect = effects[index % len(effects)]
        family = family_of(effect)
        assert family, effect
        at = float(time_s + random.uniform(0, 0.3))
        cues.append(_cue(family.stems[0], effect, at, 1.5, seed + index, pan=float(random.uniform(-0.6, 0.6))))
    cues = [Cue(**{**vars(cue), "id": f"c{index}"}) for index, cue in enumerate(cues)]
    plan = SoundPlan(duration_s=length_s, cues=tuple(cues), seed=seed)
    sound = np.concatenate([sum(blocks.values()) for blocks in iter_stems(plan, sample_rate_hz=RATE_HZ)], axis=1)
    return (sound * (PEAK / np.abs(sound).max())).astype(np.float32)


def talker(length_s: float, *, seed: int) -> np.ndarray:
    """Something like speech: voiced vowels with gliding pitch, fricatives, pauses; float32 [2, samples], both alike."""
    random = np.random.default_rng(seed)
    voice = np.zeros(round(length_s * RATE_HZ))
    size = round(SYLLABLE_S * RATE_HZ)
    for index, start in enumerate(range(0, len(voice) - size, size)):
        # every seventh place is a pause, as after a phrase
        if index % 7 != 6:
            voice[start : start + size] = _syllable(size, random)
    # the microphone is in a room
    voice += random.normal(0, 1e-3 * np.abs(voice).max(), len(voice))
    return np.stack([voice * (PEAK / np.abs(voice).max())] * 2).astype(np.float32)


def _syllable(size: int, random: np.random.Generator) -> np.ndarray:
    from scipy.signal import lfilter

    time = np.arange(size) / RATE_HZ
    pitch_hz = random.uniform(95, 180) * (1 + random.uniform(-0.15, 0.15) * time / SYLLABLE_S)
    turns = np.cumsum(pitch_hz) / RATE_HZ
    pulses = np.diff(np.floor(turns), prepend=0.0) + random.normal(0, 0.004, size)
    sound = lfilter([1], [1, -0.96], pulses)
    for hz in FORMANTS_HZ[random.integers(len(FORMANTS_HZ))]:
        radius = np.exp(-np.pi * 90 / RATE_HZ)
        sound = lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * hz / RATE_HZ), radius**2], sound)
    sound *= np.sin(np.pi * time / SYLLABLE_S) / np.abs(sound).max()
    hiss = lfilter([1, -0.9], [1], random.normal(0, 0.05, size))
    onset = min(size, round(random.uniform(0.02, 0.07) * RATE_HZ))
    hiss[onset:] = 0
    return sound + hiss


def _cue(stem: str, sound: str, time_s: float, length_s: float, seed: int, *, pan: float = 0.0) -> Cue:
    return Cue("", stem, time_s, length_s, "", sound, seed=seed, pan=pan)  # type: ignore[arg-type]
