"""Fitting fusion: few numbers, strongly held, because there are few clips."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from models.fusion.form import NEVER, Calibrator, Fusion, Member, Points, Scale
from models.fusion.table import FOLDS, Floats, Table, balance, clip_weights

# a detector that orders fewer pairs of clips than this rightly has no voice
LEAST_AUC = 0.55
# detectors look at the same pictures: half of what independence would give is where the weights are held, and firmly:
# slopes and weights that were fitted freely followed the four folds at hand and lost .03 of area on the fifth
WEIGHT_PRIOR, WEIGHT_RIDGE = 0.5, 5.0
# where a detector is silent says a lot of the collection and little of the clip
ABSENT_RIDGE = 1.0
# whether there is a face or a sound is a matter of the file: its absence must not count at all
NOT_INDICATED = frozenset({"faces", "sound", "speech"})
# a detector needs so many clips of each kind, or its scale is chance
LEAST_CLIPS = 12
# where temperatures are held, and how firmly, in rows: fitted freely on four folds they came out between 1.1 and 1.9
TEMPERATURE, TEMPERATURE_PRIOR = 1.5, 300.0
BINS = ("good", "fair", "poor")
RISK = 0.05
# camera clips wrongly called AI-made
FALSE_ALARMS = 0.01
# generated clips among those of which no sign was found, at even odds
MISSES = 0.05
# below so many clips a share says nothing
LEAST_BELOW = 8.0


def logistic(z: Floats) -> Floats:
    """1 / (1 + exp(-z)) without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def fit_linear(x: Floats, y: Floats, weight: Floats, *, prior: Floats, ridge: Floats, least: Floats) -> Floats:
    """Weighted logistic regression with bounds, each number held to its prior.

    Parameters
    ----------
    x : [rows, columns]
        With a column of ones where an intercept is wanted.
    y : [rows]
        0 or 1.
    weight : [rows]
    prior, ridge, least : [columns]
        Where each number is held, how strongly (per row), and the least it may be.

    Returns
    -------
    [columns]
    """
    from scipy.optimize import minimize

    total = weight.sum()

    def cost(beta: Floats) -> tuple[float, Floats]:
        z = x @ beta
        away = beta - prior
        value = float(np.sum(weight * (np.logaddexp(0.0, z) - y * z)) / total + 0.5 * np.sum(ridge * away**2))
        return value, x.T @ (weight * (logistic(z) - y)) / total + ridge * away

    bounds = [(low if np.isfinite(low) else None, None) for low in least]
    found = minimize(cost, np.maximum(prior, least), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)


def fit_scale(scores: Floats, y: Floats, weight: Floats) -> Scale:
    """Slope and offset of one detector: its spread becomes one, the middle between the labels nought.

    A detector that does not tell the labels apart gets a slope of nought. The labels decide no more than that: how sure
    the sum may be is found for all detectors together.
    """
    numbers = (0.0, 0.0, float(scores.min()), float(scores.max()))
    spread = float(scores.std())
    if spread > 0 and _auc(scores, y, weight) >= LEAST_AUC:
        middle = 0.5 * sum(float(np.average(scores[y == kind], weights=weight[y == kind])) for kind in (0.0, 1.0))
        numbers = (1.0 / spread, -middle / spread, *numbers[2:])
    return Scale(*(round(number, 6) for number in numbers))


def _auc(scores: Floats, y: Floats, weight: Floats) -> float:
    ai, camera = y == 1, y == 0
    above = (scores[ai][:, None] > scores[camera]) + 0.5 * (scores[ai][:, None] == scores[camera])
    pairs = weight[ai][:, None] * weight[camera]
    return float((above * pairs).sum() / pairs.sum())


def fit_member(table: Table) -> Member:
    """Scales, weights and temperatures from the rows of a table.

    How sure it may be is taken from logits of folds left out once more: on what it was fitted on it looks surer.
    """
    plain = _fit_weights(table)
    inner = np.zeros(len(table.y))
    for fold in np.unique(table.fold):
        left_out = table.fold == fold
        without = _fit_weights(table.take(~left_out))
        inner[left_out] = [without.logit(table.row(int(i)), "") for i in np.flatnonzero(left_out)]
    return replace(plain, temperature=fit_temperatures(inner, table, balance(table)))


def _fit_weights(table: Table) -> Member:
    weight = balance(table)
    scales = {name: s for i, name in enumerate(table.detectors) if (s := _scale(table, i, weight)) is not None}
    if not scales:
        return Member({}, {}, {}, 0.0, dict.fromkeys(BINS, 1.0))
    columns = [table.detectors.index(name) for name in scales]
    rows = table.scores[:, columns]
    llrs = np.array([[_llr(s, score) for s, score in zip(scales.values(), row, strict=True)] for row in rows])
    missing = np.isnan(llrs)
    count = len(scales)
    x = np.column_stack([np.nan_to_num(llrs), missing.astype(float), np.ones(len(llrs))])
    silent = np.array([1e6 if name in NOT_INDICATED else ABSENT_RIDGE for name in scales])
    beta = fit_linear(
        x,
        table.y,
        weight,
        prior=np.concatenate([np.full(count, WEIGHT_PRIOR), np.zeros(count + 1)]),
        ridge=np.concatenate([np.full(count, WEIGHT_RIDGE), silent, [WEIGHT_RIDGE]]),
        least=np.concatenate([np.zeros(count), np.full(count + 1, -np.inf)]),
    )
    weights = {name: round(float(b), 4) for name, b in zip(scales, beta[:count], strict=True)}
    absent = {name: round(float(b), 4) for name, b in zip(scales, beta[count:], strict=False)}
    return Member(scales, weights, absent, round(float(beta[-1]), 4), dict.fromkeys(BINS, 1.0))


def _rows(table: Table) -> range:
    return range(len(table.y))


def _scale(table: Table, column: int, weight: Floats) -> Scale | None:
    """The scale of one detector, None where it judged too few clips of either kind."""
    given = np.isfinite(table.scores[:, column])
    for kind in (0.0, 1.0):
        if len(set(table.clip[given & (table.y == kind)])) < LEAST_CLIPS:
            return None
    return fit_scale(table.scores[given, column], table.y[given], weight[given])


def _llr(scale: Scale, score: float) -> float:
    found = scale.llr(float(score)) if np.isfinite(score) else None
    return np.nan if found is None else found


def fit_temperatures(z: Floats, table: Table, weight: Floats) -> dict[str, float]:
    """A divisor of the logit for each quality that makes it as sure as it is right (Guo et al. 2017).

    One for all is found first, and those of the qualities are held to it: a few clips must not tear them apart.
    """
    whole = _log_temperature(z, table.y, weight, held_to=math.log(TEMPERATURE))
    found = {}
    for name in BINS:
        rows = table.quality == name
        log_t = _log_temperature(z[rows], table.y[rows], weight[rows], held_to=whole)
        found[name] = round(float(np.exp(log_t)), 3)
    return found


def _log_temperature(z: Floats, y: Floats, weight: Floats, *, held_to: float) -> float:
    from scipy.optimize import minimize_scalar

    def cost(log_t: float) -> float:
        scaled = z / np.exp(log_t)
        nll = np.sum(weight * (np.logaddexp(0.0, scaled) - y * scaled))
        return float(nll + TEMPERATURE_PRIOR * (log_t - held_to) ** 2)

    return float(minimize_scalar(cost, bounds=(-1.0, 1.5), method="bounded").x)


def held_out_logits(table: Table, members: tuple[Member, ...]) -> Floats:
    """Every row's logit by the member that was fitted without its fold."""
    return np.array([members[table.fold[i]].logit(table.row(i), table.quality[i]) for i in _rows(table)])


def calibrators(table: Table, logits: Floats, kind: float) -> tuple[Calibrator, ...]:
    """The held-out logits of one kind in order."""
    weight = clip_weights(table.clip)
    rows = np.flatnonzero(table.y == kind)
    found = [Calibrator(round(float(logits[i]), 4), int(table.fold[i]), round(float(weight[i]), 4)) for i in rows]
    return tuple(sorted(found, key=lambda c: (c.logit, c.fold, c.weight)))


def find_points(ai: tuple[Calibrator, ...], camera: tuple[Calibrator, ...], *, without: int | None = None) -> Points:
    """Where verdicts begin: few camera clips above, few generated clips below.

    The upper point is a conformal quantile, so that of clips like those of the calibration fewer than `FALSE_ALARMS`
    are expected above it; with n clips that cannot be promised for less than 1 / (n + 1).
    """
    ai, camera = (tuple(c for c in kind if c.fold != without) for kind in (ai, camera))
    return Points(round(_upper(camera), 4), round(_lower(ai, camera), 4))


def _upper(camera: tuple[Calibrator, ...]) -> float:
    total = sum(c.weight for c in camera)
    if 1.0 / (total + 1.0) > FALSE_ALARMS:
        return NEVER
    above = 0.0
    for c in sorted(camera, key=lambda c: -c.logit):
        above += c.weight
        if (above + 1.0) / (total + 1.0) > FALSE_ALARMS:
            return c.logit
    return -NEVER


def _lower(ai: tuple[Calibrator, ...], camera: tuple[Calibrator, ...]) -> float:
    """The highest logit below which, with one generated clip more than was seen, misses are few."""
    n_ai, n_camera = sum(c.weight for c in ai), sum(c.weight for c in camera)
    best, missed, right = -NEVER, 0.0, 0.0
    merged = sorted([(c.logit, c.weight, True) for c in ai] + [(c.logit, c.weight, False) for c in camera])
    for logit, weight, is_ai in merged:
        share_ai, share_camera = (missed + 1.0) / (n_ai + 1.0), right / n_camera
        if right >= LEAST_BELOW and share_ai / (share_ai + share_camera) <= MISSES and logit < 0:
            best = logit
        missed, right = (missed + weight, right) if is_ai else (missed, right + weight)
    return best


def fit(table: Table, figures: Mapping[str, Mapping[str, float]] | None = None) -> tuple[Fusion, Floats]:
    """Fusion from a table, and the held-out logit of every row."""
    members = tuple(fit_member(table.take(table.fold != k)) for k in range(FOLDS))
    logits = held_out_logits(table, members)
    ai, camera = calibrators(table, logits, 1.0), calibrators(table, logits, 0.0)
    without = tuple(find_points(ai, camera, without=k) for k in range(FOLDS))
    return Fusion(members, ai, camera, RISK, find_points(ai, camera), without, figures or {}), logits
