"""The audit as one record: figures of each variant, rows of baselines, controls; and the same as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.detection import baselines, controls, metrics
from benchmarks.detection.canonical import RATE_HZ, VARIANTS
from benchmarks.detection.controls import Table
from benchmarks.detection.scoring import NATIVE, Plan, Scored

KEYS = (
    *("auc", "auc_interval", "balanced_accuracy", "tpr_at_1fpr", "fpr_real", "coverage", "selective_accuracy"),
    *("ece", "metadata_only_auc", "worst_source", "per_source", "seconds_per_clip"),
)
WIDTHS = {
    "temporal": baselines.TEMPORAL,
    "spectral": baselines.SPECTRAL,
    "metadata": baselines.METADATA,
    "metadata_of_copy": baselines.METADATA,
}
# the middle of a size or a rate tells more than its ends
SQUARED = frozenset({"metadata", "metadata_of_copy"})
HEADS = {"average_precision": "precision", "balanced_accuracy": "balanced acc."}
NAMES = {
    "ours": "ours",
    "temporal": "13 temporal (TemporalSpec-style)",
    "spectral": "23 spectral",
    "metadata": "metadata of the original file only",
    "metadata_of_copy": "metadata of the copy only",
}


def build(scored: Sequence[Scored], plan: Plan, *, shuffles: int = controls.SHUFFLES) -> dict[str, Any]:
    """Everything the audit found; the main figures are those of the clean copies.

    `shuffles` is how often labels are dealt anew for the baselines that are fit again each time.

    Raises
    ------
    ValueError
        When clips of one label are left by none that could be judged.
    """
    judged = [one for one in scored if not one.failed]
    tables = {variant: _table(judged, variant) for variant in plan.variants}
    fits = {name: _fit(name, judged, tables) for name in WIDTHS}
    rows = {variant: _rows(tables, fits, variant) for variant in tables if variant != NATIVE}
    metadata_auc = rows["clean"]["metadata"]["auc"] if rows["clean"]["metadata"] else None
    each = {variant: _figures(judged, tables[variant], variant, metadata_auc) for variant in tables}
    return metrics.rounded(
        {
            **each["clean"],
            **{variant: each[variant] for variant in each if variant != "clean"},
            "baselines": rows,
            "detectors": {variant: _detectors(judged, variant) for variant in tables},
            "controls": _controls(judged, tables, plan, shuffles),
            "about": _about(scored, plan),
        }
    )


def _table(judged: Sequence[Scored], variant: str) -> Table:
    return Table(
        labels=np.array([one.entry.label for one in judged], dtype=int),
        scores=np.array([one.variants[variant].score for one in judged], dtype=float),
        verdicts=tuple(one.variants[variant].verdict for one in judged),
        sources=tuple(one.entry.source for one in judged),
        origins=tuple(one.entry.origin for one in judged),
    )


def _figures(judged: Sequence[Scored], table: Table, variant: str, metadata_auc: float | None) -> dict[str, Any]:
    each = controls.per_source(table)
    figures = {
        **_quality(table),
        **controls.answers(table.labels, table.verdicts),
        "metadata_only_auc": metadata_auc,
        "worst_source": controls.worst_source(each),
        "per_source": each,
        "seconds_per_clip": float(np.mean([one.variants[variant].seconds for one in judged])),
    }
    return {key: figures[key] for key in KEYS}


def _quality(table: Table) -> dict[str, Any]:
    labels, scores = table.labels, table.scores
    return {
        "auc": metrics.auc(labels, scores),
        "auc_interval": metrics.interval(labels, scores, table.origins),
        "average_precision": metrics.average_precision(labels, scores),
        "balanced_accuracy": metrics.balanced_accuracy(labels, scores),
        "tpr_at_1fpr": metrics.tpr_at_fpr(labels, scores),
        "ece": metrics.ece(labels, metrics.probability(scores)),
    }


# -------------------------------------------------------------- baselines
def _matrix(name: str, judged: Sequence[Scored], variant: str) -> baselines.Matrix:
    return baselines.table_of([one.variants[variant].figures[name] for one in judged], WIDTHS[name])


def _fit(name: str, judged: Sequence[Scored], tables: dict[str, Table]) -> dict[str, baselines.Matrix] | None:
    """Scores of a baseline by variant: fit to clean copies of other origins, never to degraded ones."""
    clean = tables["clean"]
    matrices = {variant: _matrix(name, judged, variant) for variant in VARIANTS}
    scores = baselines.held_out_scores(
        matrices["clean"], clean.labels, clean.origins, also=[matrices["degraded"]], squares=name in SQUARED
    )
    return dict(zip(("clean", "degraded"), scores, strict=True)) if scores else None


def _rows(
    tables: dict[str, Table], fits: dict[str, dict[str, baselines.Matrix] | None], variant: str
) -> dict[str, Any]:
    table = tables[variant]
    rows: dict[str, Any] = {"ours": _quality(table)}
    for name, scores in fits.items():
        rows[name] = _quality(_with_scores(table, scores[variant])) if scores else None
    return rows


def _with_scores(table: Table, scores: baselines.Matrix) -> Table:
    return Table(table.labels, scores, table.verdicts, table.sources, table.origins)


def _detectors(judged: Sequence[Scored], variant: str) -> dict[str, Any]:
    """What each of our detectors is worth alone, on the clips that it has something to say of."""
    names = sorted({name for one in judged for name in one.variants[variant].detectors})
    found = {}
    for name in names:
        heard = [one for one in judged if name in one.variants[variant].detectors]
        labels = np.array([one.entry.label for one in heard], dtype=int)
        llrs = np.array([one.variants[variant].detectors[name] for one in heard], dtype=float)
        both = len(set(labels)) == 2
        found[name] = {"clips": len(heard), "auc": metrics.auc(labels, llrs) if both else None}
    return found


# --------------------------------------------------------------- controls
def _controls(judged: Sequence[Scored], tables: dict[str, Table], plan: Plan, count: int) -> dict[str, Any]:
    clean = tables["clean"]
    shuffles: dict[str, Any] = {"ours": controls.shuffled(clean, lambda labels: clean.scores, count=metrics.DRAWS)}
    for name in ("temporal", "spectral", "metadata"):
        matrix, squares = _matrix(name, judged, "clean"), name in SQUARED

        def refit(labels: Any, x: Any = matrix, squares: bool = squares) -> Any:
            scores = baselines.held_out_scores(x, labels, clean.origins, squares=squares)
            return scores[0] if scores else None

        shuffles[name] = controls.shuffled(clean, refit, count=count)
    return {
        "real_against_real": {name: controls.real_against_real(table) for name, table in tables.items()},
        "label_shuffle": shuffles,
        "fixed_threshold": controls.fixed_threshold(tables),
        "full_windows_only": _full_windows(judged, clean, plan),
    }


def _full_windows(judged: Sequence[Scored], clean: Table, plan: Plan) -> dict[str, Any]:
    """AUC of the clips that fill the window, so that shortness cannot have helped."""
    full = np.array([one.variants["clean"].pictures >= plan.pictures for one in judged])
    labels = clean.labels[full]
    both = len(set(labels)) == 2
    return {"clips": int(full.sum()), "auc": metrics.auc(labels, clean.scores[full]) if both else None}


def _about(scored: Sequence[Scored], plan: Plan) -> dict[str, Any]:
    judged = [one for one in scored if not one.failed]
    short = [one.entry.kind for one in judged if one.variants["clean"].pictures < plan.pictures]
    kinds = Counter(one.entry.kind for one in judged)
    return {
        "clips": dict(kinds),
        "sources": {kind: len({o.entry.source for o in judged if o.entry.kind == kind}) for kind in kinds},
        "origins": len({one.entry.origin for one in judged}),
        "window": {"pictures": plan.pictures, "seconds": plan.pictures / RATE_HZ, "shorter": dict(Counter(short))},
        # clips that training knows, or knows others of the origin of, judged by the member that does not
        "held_out": sum(one.held_out is not None for one in judged),
        "verdicts": {v: dict(Counter(one.variants[v].verdict for one in judged)) for v in plan.variants},
        "not_checked": dict(
            Counter(said for one in judged for said in one.variants["clean"].not_checked).most_common(20)
        ),
        "failed": {str(one.entry.path): one.failed for one in scored if one.failed},
    }


# ------------------------------------------------------------------ table
def as_text(found: dict[str, Any]) -> str:
    """The record as tables for a person."""
    variants = {"clean": found} | {name: found[name] for name in ("degraded", NATIVE) if name in found}
    plain = [key for key in KEYS if key not in ("per_source", "worst_source")]
    lines = [_line(("", *variants)), *(_line((key, *(_cell(v[key]) for v in variants.values()))) for key in plain)]
    for variant, rows in found["baselines"].items():
        names = ("auc", "auc_interval", "average_precision", "balanced_accuracy", "tpr_at_1fpr", "ece")
        lines += ["", _line((variant, *(HEADS.get(name, name) for name in names)))]
        lines += [_line((NAMES[name], *(_cell(row[n]) if row else "-" for n in names))) for name, row in rows.items()]
    lines += ["", _line(("our detectors, AUC (clips)", *found["detectors"]))]
    for name in sorted({name for each in found["detectors"].values() for name in each}):
        each = [by.get(name, {"auc": None, "clips": 0}) for by in found["detectors"].values()]
        lines.append(_line((name, *(f"{_cell(one['auc'])} ({one['clips']})" for one in each))))
    lines += ["", _line(("source", "label", "clips", "auc", "likely_ai", "no_ai_evid.", "auc degraded"))]
    lines += [_source_line(name, about, found) for name, about in _worst_first(found["per_source"])]
    return "\n".join([*lines, "", *_control_lines(found)])


def _worst_first(sources: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(sources.items(), key=lambda item: (item[1]["label"], item[1]["auc"]))


def _source_line(name: str, about: dict[str, Any], found: dict[str, Any]) -> str:
    cells = [_cell(about[key]) for key in ("label", "clips", "auc", "likely_ai", "no_ai_evidence")]
    return _line((name, *cells, _cell(found["degraded"]["per_source"][name]["auc"])))


def _control_lines(found: dict[str, Any]) -> list[str]:
    control, about = found["controls"], found["about"]
    floor = control["real_against_real"]["clean"]
    fixed = control["fixed_threshold"]
    moved = ", ".join(
        f"{k}: {_cell(v['tpr'])} of AI, {_cell(v['fpr'])} of real" for k, v in fixed.items() if k != "threshold"
    )
    window = about["window"]
    return [
        f"real against real (AUC)  mean {_cell(floor['mean'])}, worst {_cell(floor['worst'])}",
        *(
            f"labels shuffled, {name:<9} mean {_cell(s['mean'])}, 95 % {_cell(s['interval'])}"
            for name, s in control["label_shuffle"].items()
        ),
        f"one threshold for all    {moved}",
        f"full windows only        AUC {_cell(control['full_windows_only']['auc'])} of "
        f"{control['full_windows_only']['clips']} clips",
        f"window                   {window['pictures']} pictures ({window['seconds']} s); shorter: {window['shorter']}",
        f"clips                    {about['clips']}, {about['origins']} origins; {about['held_out']} judged by a "
        "member that has not seen their origin",
        *(f"verdicts, {name:<14} {counts}" for name, counts in about["verdicts"].items()),
        *(f"not checked, {count:>4} clips   {said}" for said, count in about["not_checked"].items()),
        *(f"failed                   {why}" for why in about["failed"].values()),
    ]


def _line(cells: Sequence[str]) -> str:
    return f"{cells[0]:<34}" + "".join(f"{cell:>15}" for cell in cells[1:])


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " - ".join(_cell(inner) for inner in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)
