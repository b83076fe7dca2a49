"""What fusion consists of, and how it is applied; plain numbers, so that nothing heavy is loaded to read them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

# no single detector may say more than one to thirty: with some 130 clips of each kind, more cannot be known
MOST_LLR = math.log(30.0)
# a logit that nothing reaches: no verdict is given on that side
NEVER = 1e9
# a score this far beyond what calibration saw, in widths of what it saw, tells nothing
SUPPORT_MARGIN = 0.5


@dataclass(frozen=True)
class Scale:
    """How one detector's score becomes a log-likelihood ratio (Platt 1999)."""

    slope: float
    offset: float
    # range of the score in calibration
    low: float
    high: float

    def llr(self, score: float) -> float | None:
        """Log-likelihood ratio AI : camera; None when calibration saw nothing like it."""
        margin = SUPPORT_MARGIN * (self.high - self.low)
        if not self.low - margin <= score <= self.high + margin:
            return None
        return max(-MOST_LLR, min(MOST_LLR, self.slope * score + self.offset))


@dataclass(frozen=True)
class Member:
    """Fusion as fitted without one fold."""

    scales: Mapping[str, Scale]
    # of each log-likelihood ratio, never negative
    weights: Mapping[str, float]
    # added where a detector has nothing to say
    absent: Mapping[str, float]
    intercept: float
    # divisor of the logit, by quality
    temperature: Mapping[str, float]

    def parts(self, scores: Mapping[str, float]) -> dict[str, float]:
        """What each detector adds to the logit; scores outside of what calibration saw count as absent."""
        found = {}
        for name, scale in self.scales.items():
            llr = scale.llr(scores[name]) if name in scores else None
            found[name] = self.absent[name] if llr is None else self.weights[name] * llr
        return found

    def logit(self, scores: Mapping[str, float], quality: str) -> float:
        """The calibrated logit of AI at even odds."""
        return (self.intercept + sum(self.parts(scores).values())) / self.temperature.get(quality, 1.0)


@dataclass(frozen=True)
class Calibrator:
    """A clip's held-out logit, for conformal prediction."""

    logit: float
    fold: int
    # clips weigh one each, whatever the number of their variants
    weight: float


@dataclass(frozen=True)
class Points:
    """From where on a verdict is given; fitted without one fold, or on all."""

    # logit above which fewer than 1 % of camera clips are expected; `NEVER` when there are too few clips to say
    ai: float
    # logit below which the share of generated clips among those below it is small; -`NEVER` when nowhere
    camera: float


@dataclass(frozen=True)
class Fusion:
    """Everything that ships."""

    members: tuple[Member, ...]
    calibration_ai: tuple[Calibrator, ...]
    calibration_camera: tuple[Calibrator, ...]
    # of a class left out of the conformal set although it is the true one
    risk: float
    points: Points
    # the same without each fold
    points_without: tuple[Points, ...]
    # measured on origins left out: variant -> name of the figure -> value
    figures: Mapping[str, Mapping[str, float]]

    def logit(self, scores: Mapping[str, float], quality: str, *, held_out: int | None = None) -> float:
        """Mean over the members that may speak."""
        speaking = self._speaking(held_out)
        return sum(member.logit(scores, quality) for member in speaking) / len(speaking)

    def parts(self, scores: Mapping[str, float], *, held_out: int | None = None) -> dict[str, float]:
        """What each detector adds to the logit, before the temperature."""
        speaking = self._speaking(held_out)
        found = [member.parts(scores) for member in speaking]
        return {name: sum(parts[name] for parts in found) / len(found) for name in found[0]}

    def inside(self, scores: Mapping[str, float], *, held_out: int | None = None) -> tuple[str, ...]:
        """Detectors that have a voice and gave a score of the kind that calibration saw."""
        first = self._speaking(held_out)[0]
        voices = {name: scale for name, scale in first.scales.items() if scale.slope > 0 and name in scores}
        return tuple(name for name, scale in voices.items() if scale.llr(scores[name]) is not None)

    def p_values(self, logit: float, *, held_out: int | None = None) -> tuple[float, float]:
        """How unusual a logit is among AI clips (on the low side) and among camera clips (on the high side)."""
        ai = _p_value([(c.logit <= logit, c.weight) for c in self.calibration_ai if c.fold != held_out])
        camera = _p_value([(c.logit >= logit, c.weight) for c in self.calibration_camera if c.fold != held_out])
        return ai, camera

    def points_for(self, held_out: int | None) -> Points:
        """The operating points that know nothing of a fold."""
        return self.points if held_out is None else self.points_without[held_out]

    def _speaking(self, held_out: int | None) -> tuple[Member, ...]:
        return self.members if held_out is None else (self.members[held_out],)


def _p_value(ranked: list[tuple[bool, float]]) -> float:
    """Split-conformal p-value within one class (Vovk, Gammerman and Shafer 2005, 4.5: Mondrian predictors)."""
    beyond = sum(weight for is_beyond, weight in ranked if is_beyond)
    return (beyond + 1.0) / (sum(weight for _, weight in ranked) + 1.0)
