"""Fit the glitch detector: trees that weigh single places, and what a clip's glitches say of where it comes from.

    python -m benchmarks.glitch_features --manifest index.csv --out events.jsonl.gz
    python -m models.train glitches --material events.jsonl.gz

Five members, member k without any clip of fold k. Deterministic; about a minute on one core.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import registry
from models.events.train import flatten
from models.events.trees import Trees
from models.folds import FOLDS
from models.glitches.figures import FEATURES
from models.glitches.matching import Event, average_precision, is_right, strongest
from models.glitches.scoring import CLIP_FIGURES, FAMILIES, clip_figures, log_odds, pack
from models.glitches.synthesis import KINDS
from models.linear import RIDGE, Table, auc, balance, fit, interval
from models.train_options import TrainOptions

Case = Mapping[str, Any]
Vector = NDArray[np.float64]

RATE_HZ = 8
# few leaves and much shrinkage: some five hundred glitches on a hundred clips
TREES = {
    "max_iter": 120,
    "learning_rate": 0.06,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 20,
    "l2_regularization": 5.0,
    "max_features": 0.4,
    "early_stopping": False,
}
# what may only speak for a glitch (1) or against it (-1), whatever a few clips say: a glitch is sudden, stays, was not
# there before and does not go back; boiling goes on evenly and more than around it
MONOTONE = {
    "sudden": {
        "impulse": 1,
        "around_in_time": -1,
        "ratio": 1,
        "smooth_ratio": 1,
        "share_of_picture": -1,
        "border": 1,
        "stays": 1,
        "was_there": 1,
        "comes_back": -1,
    },
    "boil": {
        "level": 1,
        "ratio": 1,
        "steadiness": -1,
        "relative": 1,
        "relative_ring": -1,
        "share_of_picture": -1,
        "border": 1,
        "likeness": -1,
        "likeness_later": -1,
    },
}
# folds that the threshold for showing is set on, and those that figures are reported on
SETTING, REPORTING = (0, 1, 2), (3, 4)
# false events on untouched real clips that a reader may be asked to look at
FALSE_PER_MINUTE = 2.0
# events of one run that count, as in the detector
MOST = 6


def read_cases(path: Path) -> list[Case]:
    """Lines of `benchmarks.glitch_features`."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def train(options: TrainOptions) -> None:
    """Fit, write the weights and coefficients, print the report."""
    cases = read_cases(options.material)
    trees = {family: _grow(cases, family, seed=options.seed) for family in FAMILIES}
    events = [scored(case, trees) for case in cases]
    registry.save("glitches", pack(trees), about={"cases": len(cases), "seed": options.seed})
    coefficients, clips = _weigh_clips(cases, events)
    show_above = threshold(cases, events)
    report = {
        "clips": clips,
        "localisation": {_name(folds): localisation(cases, events, folds) for folds in (SETTING, REPORTING)},
        "false_per_minute": {
            _name(folds): false_events(cases, events, folds, show_above) for folds in (SETTING, REPORTING)
        },
    }
    coefficients["show_above"] = round(show_above, 3)
    coefficients["false_events_per_minute"] = report["false_per_minute"][_name(REPORTING)].get("untouched", 0.0)
    path = Path(__file__).parent / "coefficients.json"
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(coefficients, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)
    text = json.dumps(report, indent=1)
    (options.out / "report.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def _name(folds: Iterable[int]) -> str:
    return "folds " + ", ".join(map(str, folds))


# ----------------------------------------------------------------- events
def _truth(case: Case) -> dict[str, Any] | None:
    truth = case["truth"]
    if truth is None:
        return None
    # between the last picture without it and the last that shows it
    times = {"t0_s": (truth["first"] - 1) / RATE_HZ, "t1_s": truth["last"] / RATE_HZ}
    return {**times, "box": tuple(truth["box"])}


def _event(row: Mapping[str, Any], value: float) -> Event:
    return Event(row["family"], row["before"] / RATE_HZ, row["after"] / RATE_HZ, tuple(row["box"]), float(value))


def right(case: Case, event: Event) -> bool:
    """Whether an event of a case is what was put into it."""
    truth = _truth(case)
    return truth is not None and is_right(event, **truth)


def _grow(cases: Sequence[Case], family: str, *, seed: int) -> tuple[Trees, ...]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = [(case, row) for case in cases if case["label"] == "real" for row in case["candidates"]]
    rows = [(case, row) for case, row in rows if row["family"] == family]
    x = np.array([row["values"] for _, row in rows], np.float32)
    y = np.array([right(case, _event(row, 0.0)) for case, row in rows])
    fold = np.array([case["fold"] for case, _ in rows])
    signs = [MONOTONE[family].get(name, 0) for name in FEATURES[family]]
    grower = HistGradientBoostingClassifier(**TREES, monotonic_cst=signs, random_state=seed)
    return tuple(flatten(grower.fit(x[fold != k], y[fold != k])) for k in range(FOLDS))


def scored(case: Case, trees: Mapping[str, Sequence[Trees]]) -> list[Event]:
    """The strongest events of a case, weighed by the member that saw no clip of its fold."""
    found = []
    for family in FAMILIES:
        rows = [row for row in case["candidates"] if row["family"] == family]
        values = np.array([row["values"] for row in rows], np.float32)
        odds = log_odds(family, values, held_out=case["fold"], trees=trees)
        found += [_event(row, value) for row, value in zip(rows, odds, strict=True)]
    return strongest(found, MOST)


def judged(case: Case, events: Sequence[Event]) -> list[tuple[float, bool]]:
    """Score of each event and whether it is right; what is found twice is right once."""
    found, done = [], False
    for event in events:
        hit = not done and right(case, event)
        done |= hit
        found.append((event.log_odds, hit))
    return found


def localisation(cases: Sequence[Case], events: Sequence[Sequence[Event]], folds: Sequence[int]) -> dict[str, float]:
    """Average precision per kind of glitch and over all."""
    pairs = [(c, e) for c, e in zip(cases, events, strict=True) if c["fold"] in folds and c["truth"]]
    result = {}
    for kind in (*KINDS, "all"):
        chosen = [(c, e) for c, e in pairs if kind in ("all", c["variant"])]
        found = [item for c, e in chosen for item in judged(c, e)]
        result[kind] = round(average_precision(found, len(chosen)), 3)
    return {**result, "glitches": len(pairs)}


def _minutes(cases: Sequence[Case]) -> float:
    return float(sum(case["pictures"] for case in cases)) / RATE_HZ / 60


def threshold(cases: Sequence[Case], events: Sequence[Sequence[Event]]) -> float:
    """Log-odds above which untouched real clips of the folds for setting show `FALSE_PER_MINUTE`."""
    pairs = [(c, e) for c, e in zip(cases, events, strict=True) if c["label"] == "real" and c["fold"] in SETTING]
    pairs = [(c, e) for c, e in pairs if c["variant"] == "untouched"]
    odds = np.sort([event.log_odds for _, each in pairs for event in each])[::-1]
    allowed = int(FALSE_PER_MINUTE * _minutes([c for c, _ in pairs]))
    return float(odds[min(allowed, odds.size - 1)]) if odds.size else 0.0


def false_events(
    cases: Sequence[Case], events: Sequence[Sequence[Event]], folds: Sequence[int], above: float
) -> dict[str, float]:
    """Events a minute that would be shown on real clips without a glitch, per variant."""
    result = {}
    for variant in sorted({case["variant"] for case in cases if case["truth"] is None}):
        for label in ("real", "ai"):
            pairs = [(c, e) for c, e in zip(cases, events, strict=True) if c["variant"] == variant]
            pairs = [(c, e) for c, e in pairs if c["label"] == label and c["fold"] in folds]
            if pairs:
                shown = sum(event.log_odds > above for _, each in pairs for event in each)
                name = variant if label == "real" else f"{variant}, ai"
                result[name] = round(shown / _minutes([c for c, _ in pairs]), 2)
    return result


# ------------------------------------------------------------------ clips
def _weigh_clips(cases: Sequence[Case], events: Sequence[Sequence[Event]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Coefficients of the regression over untouched clips, and how well it does on folds it did not see."""
    pairs = [(c, e) for c, e in zip(cases, events, strict=True) if c["variant"] == "untouched"]
    table = _table(pairs)
    x, y, fold, weight = table.x, table.y, table.fold, balance(table)
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = (x - mean) / scale
    members = [fit(z[fold != k], y[fold != k], weight[fold != k], ridge=RIDGE) for k in range(FOLDS)]
    held_out = np.array([row @ members[k][:-1] + members[k][-1] for row, k in zip(z, fold, strict=True)])
    low, high = interval(held_out, table)
    slope = float(fit(held_out[:, None], y, weight, ridge=1e-4)[0])
    coefficients = {
        "mean": _round(mean),
        "scale": _round(scale),
        "weight": [_round(member[:-1]) for member in members],
        "intercept": _round([member[-1] for member in members]),
        # what is not told apart from chance may not speak
        "shrink": round(min(1.0, max(0.0, slope)), 3) if low > 0.5 else 0.0,
        "auc_unseen": round(auc(held_out, y), 3),
        "auc_interval": [low, high],
    }
    each = {name: round(auc(x[:, i], y), 3) for i, name in enumerate(CLIP_FIGURES)}
    report = {"auc": coefficients["auc_unseen"], "interval": [low, high], "slope": round(slope, 3)}
    return coefficients, {**report, "figures": each, "clips": [int(y.sum()), int((1 - y).sum())]}


def _figures(case: Case, events: Sequence[Event]) -> list[float]:
    parts = {family: [event.log_odds for event in events if event.family == family] for family in FAMILIES}
    figures = clip_figures(parts["sudden"], parts["boil"], seconds=case["pictures"] / RATE_HZ)
    return [figures[name] for name in CLIP_FIGURES]


def _table(pairs: Sequence[tuple[Case, Sequence[Event]]]) -> Table:
    names = {key: np.array([case[key] for case, _ in pairs]) for key in ("origin", "source", "fold")}
    y = np.array([float(case["label"] == "ai") for case, _ in pairs])
    return Table(np.array([_figures(case, events) for case, events in pairs]), y, **names)


def _round(values: Iterable[float]) -> list[float]:
    return [round(float(value), 5) for value in values]
