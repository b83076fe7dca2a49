"""The content detector for sound: combs of neural decoders, in all of it and in voices; it abstains often."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.detect.sound_combs import Combs

# windows that are kept; for longer sounds every second one, every fourth, ...
MAX_WINDOWS = 128
# fewer audible windows (they overlap by half) are less than a second
MIN_AUDIBLE_S = 1.0
# -60 dBFS, see pipeline.media.audio.AUDIBLE
AUDIBLE_RMS = 1e-3
# a channel mean this much under the channels' own power means that they cancel
CANCELLED = 0.01
# narrower sound (a telephone's 3.4 kHz, anything sampled at 11 kHz) has no room for the combs; 16 kHz just passes
MIN_BAND_HZ = 7_000.0
# a coder that empties more of the spectrum leaves too little to measure; a tenth of it is worth a warning
MAX_HOLES, MANY_HOLES = 0.25, 0.10
# figures that may lie outside what training saw before the model keeps silent
MAX_OUTSIDE = 0
# trained on codecs of our own only: four to one is all it may say until it has met more
MAX_LLR = math.log(4.0)


@dataclass(frozen=True)
class Coefficients:
    """Five logistic regressions with what is known of their quality; see models/codecs/README.md."""

    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    # a row of weights for each member; member k never saw fold k
    weight: tuple[tuple[float, ...], ...]
    intercept: tuple[float, ...]
    # factor on the logit that fits scores on unseen families of decoders (Platt 1999, slope only)
    shrink: float
    # range of each feature in training
    low: tuple[float, ...]
    high: tuple[float, ...]
    # area under the ROC curve on families and origins left out of training
    auc_unseen: float

    def score(self, figures: dict[str, float], held_out: int | None = None) -> float:
        """Logit, decoder against recording, on the codecs of training; mean over the members that may speak."""
        from models.folds import members

        x = [(figures[name] - m) / s for name, m, s in zip(self.features, self.mean, self.scale, strict=True)]
        speaking = members(held_out)
        logits = [self.intercept[k] + sum(w * v for w, v in zip(self.weight[k], x, strict=True)) for k in speaking]
        return self.shrink * sum(logits) / len(logits)

    def llr(self, figures: dict[str, float], held_out: int | None = None) -> float:
        """Log-likelihood ratio, 0 to MAX_LLR: traces speak for a decoder, but good decoders leave none."""
        return max(0.0, min(MAX_LLR, self.score(figures, held_out)))

    def outside(self, figures: dict[str, float]) -> tuple[str, ...]:
        """Names of the figures that lie outside what training saw."""
        ranges = zip(self.features, self.low, self.high, strict=True)
        return tuple(name for name, low, high in ranges if not low <= figures[name] <= high)


@lru_cache(maxsize=1)
def coefficients() -> Coefficients:
    """The coefficients that ship with the package."""
    text = (files("models") / "codecs" / "coefficients.json").read_text(encoding="utf-8")
    return Coefficients(**{name: _frozen(value) for name, value in json.loads(text).items()})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


class SoundDetector:
    """Listens to any length of sound and says at the end whether a neural decoder may have made it."""

    name = "sound"

    def __init__(self, held_out: int | None = None) -> None:
        self._held_out = held_out
        self._rate_hz = 0
        self._waiting: list[NDArray[np.float32]] = []
        self._held = 0
        self._index = 0
        self._every = 1
        self._kept: list[tuple[int, NDArray[np.float32]]] = []

    def add(self, block: NDArray[Any], rate_hz: int) -> None:
        """Listen to float32 [channels, samples]; ValueError when the rate changes on the way or is none."""
        from pipeline.detect.sound_combs import window_samples

        if not self._rate_hz and rate_hz > 0:
            self._rate_hz = rate_hz
        if rate_hz != self._rate_hz or rate_hz <= 0:
            raise ValueError(f"the sound began at {self._rate_hz} Hz and goes on at {rate_hz} Hz")
        size = window_samples(rate_hz)
        # in slices, so that a whole song at once takes no more memory than its blocks
        for start in range(0, block.shape[-1], 8 * size):
            mono = _mono(block[..., start : start + 8 * size])
            self._waiting.append(mono)
            self._held += mono.size
            if self._held >= size:
                self._take(size)

    def _take(self, size: int) -> None:
        """Cut what waits into windows that overlap by half, and keep those whose turn it is."""
        import numpy as np

        waiting = np.concatenate(self._waiting)
        start = 0
        while start + size <= waiting.size:
            if self._index % self._every == 0:
                self._keep(waiting[start : start + size])
            self._index += 1
            start += size // 2
        self._waiting = [waiting[start:].copy()]
        self._held = waiting.size - start

    def _keep(self, window: NDArray[np.float32]) -> None:
        import numpy as np

        if np.sqrt(np.mean(window**2)) < AUDIBLE_RMS:
            return
        self._kept.append((self._index, window.copy()))
        if len(self._kept) > MAX_WINDOWS:
            self._every *= 2
            self._kept = [kept for kept in self._kept if kept[0] % self._every == 0]

    def combs(self) -> Combs | None:
        """What was measured so far; None for less than a second of audible sound."""
        windows = self._windows()
        return self._measured(windows) if windows is not None else None

    def _windows(self) -> NDArray[np.float32] | None:
        import numpy as np

        if not self._kept:
            return None
        windows = np.stack([window for _, window in self._kept])
        audible_s = windows.shape[1] * (1 + 0.5 * self._every * (len(windows) - 1)) / self._rate_hz
        return windows if len(windows) > 1 and audible_s >= MIN_AUDIBLE_S else None

    def _measured(self, windows: NDArray[np.float32]) -> Combs:
        from pipeline.detect.sound_combs import measure

        # loudness says nothing: all sounds are brought to the same
        level = max(float((windows**2).mean() ** 0.5), 1e-6)
        return measure(windows / level * windows.dtype.type(0.1), self._rate_hz)

    def evidence(self) -> tuple[Evidence, ...]:
        """ "sound" and "speech"; asking does not end the pass."""
        windows = self._windows()
        if windows is None:
            reason = "there is less than a second of audible sound" if self._rate_hz else "there is no sound"
            return _silent("sound", reason), _silent("speech", reason)
        return judged(self._measured(windows), held_out=self._held_out), self._speech(windows)

    def _speech(self, windows: NDArray[np.float32]) -> Evidence:
        """The evidence "speech": what the voiced windows alone say."""
        from pipeline.detect.sound_speech import find_voice

        voice = find_voice(windows, self._rate_hz)
        raw = {"voice_share": round(voice.share, 3), "pitch_hz": round(voice.pitch_hz, 1)}
        if not voice.present:
            return replace(_silent("speech", "no speaking voice was heard"), gate="passed", raw=raw)
        judgement = judged(self._measured(windows[voice.speaking]), held_out=self._held_out)
        sentence = f"Somebody speaks in {voice.share:.0%} of the sound. {judgement.sentence}"
        return replace(judgement, name="speech", sentence=sentence, raw={**judgement.raw, **raw})


def judged(combs: Combs, *, held_out: int | None = None) -> Evidence:
    """The evidence "sound" of measured combs."""
    raw = {**combs.figures, "band_hz": combs.band_hz, "holes": round(combs.holes, 4)}
    gate, why = quality(combs)
    if gate == "failed":
        return replace(_silent("sound", why), gate=gate, raw=raw)
    known = coefficients()
    outside = known.outside(combs.figures)
    if len(outside) > MAX_OUTSIDE:
        reason = f"it is unlike anything the detector has learnt from ({', '.join(outside)})"
        return replace(_silent("sound", reason), gate=gate, raw=raw)
    llr = round(known.llr(combs.figures, held_out), 3)
    raw["score"] = round(known.score(combs.figures, held_out), 3)
    return Evidence(
        name="sound", scope="content", sentence=_sentence(llr, combs), reason=why, gate=gate, raw=raw, llr=llr
    )


def quality(combs: Combs) -> tuple[Literal["passed", "low", "failed"], str]:
    """Whether the sound is good enough to be measured, and what is wrong with it."""
    if combs.band_hz < MIN_BAND_HZ:
        return "failed", f"the sound ends at {combs.band_hz / 1000:.1f} kHz, which is too narrow to measure"
    if combs.holes > MAX_HOLES:
        return "failed", f"a coder has emptied {combs.holes:.0%} of the sound's spectrum"
    if combs.holes > MANY_HOLES:
        return "low", f"a coder has emptied {combs.holes:.0%} of the sound's spectrum"
    return "passed", ""


def _silent(name: str, reason: str) -> Evidence:
    sentence = f"The {name} was not judged: {reason}."
    return Evidence(name=name, scope="content", sentence=sentence, applicable=False, reason=reason, gate="failed")


def _sentence(llr: float, combs: Combs) -> str:
    if llr > 0.5:
        lines = f"lines {combs.comb_hz:.0f} Hz apart and pulsing at {combs.pulse_hz:.0f} Hz stand out most"
        return f"The sound repeats itself in the regular way of neural decoders; {lines}."
    return "The sound shows no regular traces of a neural decoder; good decoders leave none, so this says nothing."


def _mono(block: NDArray[Any]) -> NDArray[np.float32]:
    """Mean of the channels, float32 [samples]; the first alone where they cancel; what is no number becomes silence."""
    import numpy as np

    sound = np.nan_to_num(np.asarray(block, np.float32), nan=0.0, posinf=0.0, neginf=0.0).clip(-8, 8)
    sound = sound.reshape(-1, sound.shape[-1])
    mono: NDArray[np.float32] = sound.mean(axis=0, dtype=np.float32) if len(sound) else np.zeros(0, np.float32)
    if len(sound) > 1 and np.mean(mono**2) < CANCELLED * np.mean(sound**2):
        return sound[0]
    return mono
