"""What keeps an audit honest: floors, shuffles, one fixed threshold, the worst source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection import metrics

# a source with fewer clips gives no figure that means anything ...
FEWEST_CLIPS = 3
SHUFFLES = 20
FALSE_POSITIVES = 0.01


@dataclass(frozen=True)
class Table:
    """Labels, scores and verdicts of the same clips."""

    labels: NDArray[np.int_]
    scores: NDArray[np.float64]
    verdicts: tuple[str, ...]
    sources: tuple[str, ...]
    # what is drawn and split by: origins, or sources where the manifest names none
    origins: tuple[str, ...]


def per_source(table: Table) -> dict[str, dict[str, Any]]:
    """Each generator against all camera clips, and each camera source against all AI clips."""
    found: dict[str, dict[str, Any]] = {}
    for label, kind in ((1, "ai"), (0, "real")):
        other = table.labels != label
        for source in sorted({s for s, own in zip(table.sources, table.labels, strict=True) if own == label}):
            mine = (np.asarray(table.sources) == source) & (table.labels == label)
            rows = mine | other
            named = f"{source} ({kind})" if source in found else source
            verdicts = [verdict for verdict, own in zip(table.verdicts, mine, strict=True) if own]
            found[named] = {
                "label": kind,
                "clips": int(mine.sum()),
                "auc": metrics.auc(table.labels[rows], table.scores[rows]),
                "likely_ai": verdicts.count("likely_ai") / len(verdicts),
                "no_ai_evidence": verdicts.count("no_ai_evidence") / len(verdicts),
            }
    return found


def worst_source(sources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The generator that is hardest to tell from camera clips, and the camera source most often called AI."""
    worst = {}
    for kind, badness in (("ai", lambda s: -s["auc"]), ("real", lambda s: (s["likely_ai"], -s["auc"]))):
        mine = {name: about for name, about in sources.items() if about["label"] == kind}
        large = {name: about for name, about in mine.items() if about["clips"] >= FEWEST_CLIPS} or mine
        name = max(large, key=lambda name, bad=badness: bad(large[name]))  # type: ignore[misc]
        worst[kind] = {"source": name, **{k: large[name][k] for k in ("auc", "likely_ai", "clips")}}
    return worst


def real_against_real(table: Table) -> dict[str, Any]:
    """How well the score tells camera sources from each other, where it should not: 0.5 is none.

    Each source against the other camera clips; AUC is folded, because a source may stand on either side.
    """
    real = table.labels == 0
    names, scores = np.asarray(table.sources)[real], table.scores[real]
    found = {}
    for name in np.unique(names):
        mine = names == name
        if FEWEST_CLIPS <= mine.sum() < mine.size:
            raw = metrics.auc(mine.astype(int), scores)
            found[str(name)] = max(raw, 1 - raw)
    if not found:
        return {"mean": None, "worst": None, "per_source": {}}
    return {"mean": float(np.mean(list(found.values()))), "worst": max(found.values()), "per_source": found}


def shuffled(
    table: Table,
    score: Callable[[NDArray[np.int_]], NDArray[np.float64] | None],
    *,
    count: int = SHUFFLES,
    seed: int = 0,
) -> dict[str, Any]:
    """AUC when labels are dealt anew to whole sources: what chance alone reaches with so few sources.

    Parameters
    ----------
    score
        Gives scores for labels: a fit baseline fits to them, ours is what it is.
    """
    random = np.random.default_rng(seed)
    kinds = np.array([f"{label} {source}" for label, source in zip(table.labels, table.sources, strict=True)])
    names, place = np.unique(kinds, return_inverse=True)
    own = np.array([int(name[0]) for name in names])
    found = []
    for _ in range(count):
        labels = random.permutation(own)[place]
        scores = score(labels) if 0 < labels.sum() < labels.size else None
        if scores is not None:
            found.append(metrics.auc(labels, scores))
    if not found:
        return {"mean": None, "interval": None}
    return {"mean": float(np.mean(found)), "interval": tuple(float(q) for q in np.quantile(found, metrics.INTERVAL))}


def fixed_threshold(tables: dict[str, Table]) -> dict[str, Any]:
    """One threshold from clean copies (1 % of camera clips above), applied to every other variant as it is.

    For clean copies it is each time taken from the other origins, so that no clip helps to set what it is judged by.
    """
    clean = tables["clean"]
    threshold = metrics.threshold_at_fpr(clean.labels, clean.scores, FALSE_POSITIVES)
    found: dict[str, Any] = {"threshold": threshold, "clean": _left_out(clean)}
    for name, table in tables.items():
        if name != "clean":
            found[name] = metrics.rates_at(table.labels, table.scores, threshold)
    return found


def _left_out(table: Table) -> dict[str, float]:
    origins = np.asarray(table.origins)
    called = np.zeros(len(origins), bool)
    for origin in np.unique(origins):
        mine, rest = origins == origin, origins != origin
        if (table.labels[rest] == 0).any():
            called[mine] = table.scores[mine] > metrics.threshold_at_fpr(
                table.labels[rest], table.scores[rest], FALSE_POSITIVES
            )
    return metrics.rates_at(table.labels, called.astype(float), 0.5)


def answers(labels: NDArray[np.int_], verdicts: Sequence[str]) -> dict[str, float | None]:
    """What the verdicts are worth: `likely_ai` and `no_ai_evidence` answer, everything else abstains."""
    from benchmarks.detection.scoring import ANSWERS

    given = [(ANSWERS[verdict], label) for verdict, label in zip(verdicts, labels, strict=True) if verdict in ANSWERS]
    real = [verdict for verdict, label in zip(verdicts, labels, strict=True) if label == 0]
    return {
        "fpr_real": real.count("likely_ai") / len(real) if real else None,
        "coverage": len(given) / len(verdicts) if verdicts else None,
        "selective_accuracy": sum(said == label for said, label in given) / len(given) if given else None,
    }
