"""Small linear models that say how much measured figures speak for AI; `models.linear` trains and writes them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.records import Evidence

# as in training: beyond so many spreads a figure says no more than at them
CLIP = 3.0
# a factor beyond this was not found by training
MAX_SHRINK = 2.0
# a file above this is no model
MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class LinearMember:
    """One regression, trained without one fold of origins."""

    fold: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    intercept: float
    # factor on the logit that fits scores on unseen origins
    shrink: float
    # range of each feature in training
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class LinearModel:
    """Members over the same features, and how well they did on origins they had not seen."""

    features: tuple[str, ...]
    members: tuple[LinearMember, ...]
    # area under the ROC curve, clean and after re-delivery; None where that was not measured
    auc_unseen: float
    auc_unseen_degraded: float | None = None
    # AI and real clips it was made from
    clips: tuple[int, ...] = ()
    # what measured the features, for models a user made: settings that must fit
    measured_by: str = ""


@dataclass(frozen=True)
class Weighed:
    """What a model says of one clip's figures."""

    # log-likelihood ratio AI : camera; 0 when nothing can be said
    llr: float
    # features beyond anything seen in training
    outside: tuple[str, ...] = ()


def parse_model(text: str, *, name: str) -> LinearModel:
    """A model from JSON that a stranger may have written.

    Raises
    ------
    UsageError
        When it is no such model, or holds numbers that are none.
    """
    from pipeline.records import from_data

    try:
        model = from_data(json.loads(text), LinearModel)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not a calibration that Foleymark's training wrote; make it again.") from error
    flaw = _flaw(model)
    if flaw:
        raise UsageError(f"The calibration {name} cannot be used: {flaw}; make it again.")
    return model


def read_model(path: Path) -> LinearModel:
    """The same from a file."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"The calibration {path} cannot be read: {error.strerror}.") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path} is too large to be a calibration; give the file that training wrote.")
    return parse_model(data.decode("utf-8", errors="replace"), name=path.name)


def _flaw(model: LinearModel) -> str:
    if not model.features or not model.members:
        return "it holds no features or no members"
    if not 0.0 <= model.auc_unseen <= 1.0:
        return "its quality is not between 0 and 1"
    width = len(model.features)
    for member in model.members:
        rows = (member.mean, member.scale, member.weight, member.low, member.high)
        if any(len(row) != width for row in rows):
            return "its members do not fit its features"
        numbers = [value for row in rows for value in row] + [member.intercept, member.shrink]
        if not all(math.isfinite(value) for value in numbers) or min(member.scale) <= 0.0:
            return "it holds numbers that are none"
        if not 0.0 <= member.shrink <= MAX_SHRINK:
            return "its factor is out of range"
    return ""


def weigh(figures: Mapping[str, float], model: LinearModel, *, limit: float, held_out: int | None = None) -> Weighed:
    """Turn measured figures into a log-likelihood ratio.

    Parameters
    ----------
    figures : one value per feature name
    limit : no score goes further than this in either direction
    held_out : fold that must not have been seen; then only the member without it speaks

    Returns
    -------
    Weighed
        A ratio of 0 and the names when figures lie outside what most of the members saw in training.

    Raises
    ------
    UsageError
        A fold was held out that no member left out.
    """
    members = [m for m in model.members if held_out is None or m.fold == held_out]
    if not members:
        raise UsageError(f"No member of the model was trained without fold {held_out}; train it again.")
    outside = [_outside(figures, model.features, member) for member in members]
    if 2 * sum(bool(names) for names in outside) > len(members):
        return Weighed(0.0, tuple(sorted({name for names in outside for name in names})))
    mean = sum(_score(figures, model.features, member) for member in members) / len(members)
    return Weighed(max(-limit, min(limit, mean)))


def _outside(figures: Mapping[str, float], names: tuple[str, ...], member: LinearMember) -> list[str]:
    parts = zip(names, member.low, member.high, strict=True)
    return [name for name, low, high in parts if not low <= figures[name] <= high]


def _score(figures: Mapping[str, float], names: tuple[str, ...], member: LinearMember) -> float:
    logit = member.intercept
    for name, mean, scale, weight in zip(names, member.mean, member.scale, member.weight, strict=True):
        logit += weight * max(-CLIP, min(CLIP, (figures[name] - mean) / scale))
    return member.shrink * logit


def confidence(model: LinearModel) -> str:
    """How far to trust the model, in measured figures."""
    clean = round(100 * model.auc_unseen)
    after = model.auc_unseen_degraded
    degraded = "" if after is None else f" ({round(100 * after)} after shrinking and heavier compression)"
    return (
        f"Given one generated and one camera clip from sources it has not seen, it picks the right one {clean} times "
        f"in 100{degraded}; guessing gives 50."
    )


@lru_cache(maxsize=8)
def shipped_model(name: str) -> LinearModel:
    """The coefficients that ship in models/NAME."""
    text = (files(f"models.{name}") / "coefficients.json").read_text(encoding="utf-8")
    return parse_model(text, name=f"models/{name}/coefficients.json")


@dataclass(frozen=True)
class Voice:
    """How a detector that is a linear model puts what it found."""

    # of the detector and of the folder below models
    name: str
    # what could not be judged, as a sentence begins
    subject: str
    # no score goes further than this in either direction: a weak detector may not shout
    limit: float
    # less than this is no leaning worth a word
    leans: float
    # what is said when it leans to neither side, to AI, to a camera
    even: str
    towards_ai: str
    towards_camera: str

    def model(self) -> LinearModel:
        """The coefficients that ship with Foleymark."""
        return shipped_model(self.name)

    def silent(self, reason: str, raw: dict[str, float] | None = None) -> Evidence:
        """What is said when nothing can be."""
        sentence = f"{self.subject} could not be judged: {reason}."
        return Evidence(self.name, "content", sentence, applicable=False, reason=reason, gate="failed", raw=raw or {})

    def judge(self, found: dict[str, float], model: LinearModel, *, held_out: int | None = None) -> Evidence:
        """Turn measured figures into evidence of scope "content"; silent outside the range seen in training."""
        raw = {name: round(value, 4) for name, value in found.items()}
        weighed = weigh(found, model, limit=self.limit, held_out=held_out)
        if weighed.outside:
            return self.silent("it is unlike that of the clips the detector was trained on", raw)
        sentence = f"{self._leaning(weighed.llr)} This is weak evidence."
        llr = round(weighed.llr, 3)
        return Evidence(self.name, "content", sentence, reason=confidence(model), raw=raw, llr=llr)

    def _leaning(self, llr: float) -> str:
        if abs(llr) < self.leans:
            return self.even
        return self.towards_ai if llr > 0 else self.towards_camera
