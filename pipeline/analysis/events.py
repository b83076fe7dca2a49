"""Everything seen that would be heard: contacts by a model or by rules on the cues of `motion`, the rest by rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.events.features import running_rms
from pipeline.analysis.footsteps import footsteps
from pipeline.analysis.fusion import event_probability, load_trees
from pipeline.analysis.motion import spans
from pipeline.analysis.passages import appearances, slides
from pipeline.records import Event

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.events.trees import Trees
    from pipeline.analysis.motion import MotionFeatures
    from pipeline.records import EventKind, Shot

    Vector = NDArray[np.float64]

# hits closer than this are one; the closest two of 290 labelled drumstick hits are 0.2 s apart
MIN_GAP_S = 0.2
# best F1 of the labelled hits lies flat between 0.85 and 1.0 running RMS
CONTACT_RATIO = 1.0
# what moves slower than this when it stops makes no sound worth a cue, short sides per second
CONTACT_FLOOR = 0.2
# of the model; where F1 of labelled clips that it was not trained on is best
MODEL_THRESHOLD = 0.18
# as `CONTACT_FLOOR`, for a model that knows the clip's own measure of things: F1 of labelled hits is flat up to here
MODEL_FLOOR = 0.1
# turns this near show the same event
BESIDE_S = 0.05
# share of the speed lost that something else takes up; rendered contacts with what stands fast stay below .45, of
# collisions a quarter reach it: the others are heard alike, as contacts
COLLISION_SHARE = 0.5
# one contact's change of speed is spread over so much on either side, and at least over one turn
SHARED_S = 0.07
# stops and reversals that are not landings count half: hands that draw back stop too, and make no sound
SIDEWAYS_WEIGHT = 0.5
# short sides per second; a hand's swing, not a walk
WHOOSH_FLOOR = 1.0
WHOOSH_RATIO = 1.4
WHOOSH_LENGTH_S = (0.1, 2.0)
# a whip pan needs more than an object, for the whole picture takes part
CAMERA_WEIGHT = 0.7
# of mean luma, code values: a video encoder's pumping at key pictures stays below
FLASH_LEVELS = 4.0
FLASH_RATIO = 4.0
# a flash has lost half its light by then; a lamp that is switched on has not
FLASH_LENGTH_S = 0.35
# share of the picture that lights up: nearly all of it, or a spot
WIDE_FLASH, SMALL_FLASH = 0.4, 0.05
# a contact this near to a flash is what made it
SPARK_S = 0.1


def events(features: MotionFeatures, shots: tuple[Shot, ...], *, trees: Trees | None = None) -> tuple[Event, ...]:
    """All events of a clip in order of time, by the given or else the installed model."""
    trees = trees or load_trees()
    cuts_s = tuple(shot.start_s for shot in shots[1:])
    lit = flashes(features, cuts_s=cuts_s)
    touched = _at_flashes(contacts(features, cuts_s=cuts_s, trees=trees), lit)
    found = (
        *touched,
        *whooshes(features, cuts_s=cuts_s, touched=touched),
        *(step for shot in shots for step in footsteps(features, start_s=shot.start_s, end_s=shot.end_s)),
        *slides(features, cuts_s=cuts_s),
        *appearances(features, cuts_s=cuts_s),
        *lit,
        *(Event(time_s=time_s, kind="cut", confidence=1.0, extent=1.0) for time_s in cuts_s),
    )
    return tuple(sorted(found, key=lambda event: (event.time_s, event.kind)))


def contacts(
    features: MotionFeatures, *, cuts_s: tuple[float, ...] = (), trees: Trees | None = None
) -> tuple[Event, ...]:
    """Moments at which something that moved stops, turns or passes its movement on.

    Parameters
    ----------
    features : MotionFeatures
        Cues of the clip.
    cuts_s : tuple of float
        First presentation time of each shot but the first; no contact is seen across a cut.
    trees : Trees, optional
        The model that weighs the cues; without it rules do.

    Returns
    -------
    tuple of Event
        Kinds "contact" and "collision", in order of time, at turns at least `MIN_GAP_S` apart. On labelled hits the
        turning picture is unbiased (median error 0 ms), so no constant is added; the centroid of the cue around it
        gives the part of a frame.
    """
    turns = features.turns
    time_s = turns["time_s"]
    if time_s.size == 0:
        return ()
    strength, cue = _contact_strength(turns)
    strength = np.where(_across(features.pairs, time_s, cuts_s), 0.0, strength)
    chosen, confidence = _by_rules(time_s, strength) if trees is None else _by_model(features, strength, trees)
    at_s = _centroid(time_s, strength)
    found = []
    for i, sure in zip(chosen, confidence, strict=True):
        # the model may prefer a turn beside the one that shows place and speed best
        near = np.flatnonzero(np.abs(time_s - time_s[i]) <= BESIDE_S)
        best = int(i) if trees is None else int(near[strength[near].argmax()])
        place = _place(turns, str(cue[best]), best, features.heights_per_short_side)
        # what falls lands on something that stays; only sideways movement is passed on
        passed = cue[best] != "landing" and _passes_on(turns, near, float(strength[best]))
        kind: EventKind = "collision" if passed else "contact"
        found.append(Event(time_s=float(at_s[i]), kind=kind, confidence=float(sure), **place))
    return tuple(found)


def _by_rules(time_s: Vector, strength: Vector) -> tuple[NDArray[np.intp], Vector]:
    # turns whose strength stands out, and how sure they are
    ratio = strength / np.maximum(running_rms(time_s, strength), CONTACT_FLOOR)
    ratio[strength < CONTACT_FLOOR] = 0
    chosen = peaks(time_s, ratio, threshold=CONTACT_RATIO, gap_s=MIN_GAP_S)
    # near the share that labelled hits confirm: 0.35 of those at 0.25, 0.48 at 0.45, 0.62 at 0.65
    return chosen, (ratio / (ratio + 2.0) * strength / (strength + CONTACT_FLOOR))[chosen]


def _by_model(features: MotionFeatures, strength: Vector, trees: Trees) -> tuple[NDArray[np.intp], Vector]:
    time_s = features.turns["time_s"]
    # what hardly moves makes no sound, whatever its rhythm
    probability = np.where(strength >= MODEL_FLOOR, event_probability(features, trees), 0.0)
    chosen = peaks(time_s, probability, threshold=MODEL_THRESHOLD, gap_s=MIN_GAP_S)
    return chosen, probability[chosen]


def _passes_on(turns: dict[str, Vector], near: NDArray[np.intp], strength: float) -> bool:
    return strength > 0 and float(turns["transfer"][near].max()) >= COLLISION_SHARE * strength


def whooshes(
    features: MotionFeatures, *, cuts_s: tuple[float, ...] = (), touched: tuple[Event, ...] = ()
) -> tuple[Event, ...]:
    """Fast movement, of a thing or of the whole picture, that does not end in a contact.

    The event is at the fastest moment; `length_s` is how long the speed stays above half of its peak.
    """
    pairs = features.pairs
    if pairs["start_s"].size < 2:
        return ()
    middle_s = (pairs["start_s"] + pairs["end_s"]) / 2
    camera = CAMERA_WEIGHT * pairs["camera"]
    speed = np.where(spans(pairs, cuts_s), 0.0, np.maximum(pairs["fast"], camera))
    ratio = speed / np.maximum(running_rms(middle_s, speed), 1e-6)
    ratio[speed < WHOOSH_FLOOR] = 0
    found = []
    for i in peaks(middle_s, ratio, threshold=WHOOSH_RATIO, gap_s=MIN_GAP_S):
        run = _run(speed > 0.5 * speed[i], int(i))
        start_s, end_s = pairs["start_s"][run[0]], pairs["end_s"][run[1]]
        # a hit that ends the movement makes the sound; a slight one on the way does not
        fast = 0.5 * speed[i] * features.heights_per_short_side
        ends_in_contact = any(
            middle_s[i] <= event.time_s <= end_s + MIN_GAP_S and event.speed >= fast for event in touched
        )
        if WHOOSH_LENGTH_S[0] <= end_s - start_s <= WHOOSH_LENGTH_S[1] and not ends_in_contact:
            found.append(_whoosh(features, int(i), float(middle_s[i]), float(end_s - start_s)))
    return tuple(_apart(found))


def flashes(features: MotionFeatures, *, cuts_s: tuple[float, ...] = ()) -> tuple[Event, ...]:
    """Sudden light that goes again: a shot, a lightning stroke, a firework."""
    light = features.light
    time_s, luma = light["time_s"], light["luma"]
    if time_s.size < 3:
        return ()
    rise = np.diff(luma, prepend=luma[0])
    # what only moves darkens as much as it lights, so the mean hardly rises
    rise[(rise < 0.7 * light["flare"]) | _at(time_s, cuts_s)] = 0
    rise = np.maximum(rise, 0)
    ratio = rise / np.maximum(running_rms(time_s, rise), 1e-6)
    ratio[rise < FLASH_LEVELS] = 0
    chosen = peaks(time_s, ratio, threshold=FLASH_RATIO, gap_s=MIN_GAP_S)
    return tuple(
        Event(
            time_s=float(time_s[i]),
            kind="flash",
            confidence=float(rise[i] / (rise[i] + 2 * FLASH_LEVELS)),
            x=float(light["flare_x"][i]),
            y=float(light["flare_y"][i]),
            extent=float(light["flare_extent"][i]),
            guess=_guess_flash(light, int(i)),
        )
        for i in chosen
        if _dies_away(time_s, luma, int(i))
    )


def peaks(
    time_s: NDArray[np.float64], values: NDArray[np.float64], *, threshold: float, gap_s: float
) -> NDArray[np.intp]:
    """Indices, in order of time, of the largest values at or above a threshold and at least `gap_s` apart."""
    free = values >= threshold
    chosen = []
    for i in np.argsort(-values, kind="stable"):
        if values[i] < threshold:
            break
        if free[i]:
            chosen.append(i)
            # times are rounded to a stream's clock: a microsecond of slack keeps exact gaps
            near = slice(
                np.searchsorted(time_s, time_s[i] - gap_s + 1e-6), np.searchsorted(time_s, time_s[i] + gap_s - 1e-6)
            )
            free[near] = False
    return np.sort(np.array(chosen, dtype=np.intp))


def _at_flashes(touched: tuple[Event, ...], lit: tuple[Event, ...]) -> tuple[Event, ...]:
    # sparks show the very picture of a blow, while their glare blurs the movement that is measured around it
    moved: dict[float, Event] = {}
    for event in touched:
        flash = min(lit, key=lambda flash: abs(flash.time_s - event.time_s), default=None)
        if flash is not None and abs(flash.time_s - event.time_s) <= SPARK_S:
            event = replace(event, time_s=flash.time_s, confidence=max(event.confidence, flash.confidence))
        other = moved.get(event.time_s)
        moved[event.time_s] = event if other is None or event.confidence > other.confidence else other
    return tuple(moved[time_s] for time_s in sorted(moved))


def _contact_strength(turns: dict[str, NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    # strength in short sides per second, and the cue whose place is to be used
    sideways = SIDEWAYS_WEIGHT * (turns["halt"] + turns["reversal"])
    cue = np.where(
        turns["landing"] >= sideways,
        "landing",
        np.where(turns["reversal"] > turns["halt"], "reversal", "halt"),
    )
    return np.maximum(turns["landing"], sideways), cue


def _place(turns: dict[str, Vector], cue: str, i: int, heights_per_short_side: float) -> dict[str, Any]:
    place = "halt_front" if cue == "halt" else cue
    x, y = float(turns[f"{place}_x"][i]), float(turns[f"{place}_y"][i])
    extent, speed = float(turns[f"{cue}_extent"][i]), float(turns[f"{cue}_speed"][i])
    return {"x": x, "y": y, "extent": extent, "speed": speed * heights_per_short_side}


def _whoosh(features: MotionFeatures, i: int, time_s: float, length_s: float) -> Event:
    pairs = features.pairs
    speed, camera = float(pairs["fast"][i]), float(pairs["camera"][i])
    is_camera = CAMERA_WEIGHT * camera > speed
    peak = CAMERA_WEIGHT * camera if is_camera else speed
    return Event(
        time_s=time_s,
        kind="whoosh",
        confidence=peak / (peak + 2 * WHOOSH_FLOOR),
        x=0.5 if is_camera else float(pairs["fast_x"][i]),
        y=0.5 if is_camera else float(pairs["fast_y"][i]),
        extent=1.0 if is_camera else float(pairs["fast_extent"][i]),
        speed=(camera if is_camera else speed) * features.heights_per_short_side,
        length_s=length_s,
    )


def _centroid(time_s: NDArray[np.float64], strength: NDArray[np.float64]) -> NDArray[np.float64]:
    # when the contact falls inside a pair, its change of speed is shared out between the turns on either side
    index = np.arange(time_s.size)
    first = np.minimum(np.searchsorted(time_s, time_s - SHARED_S), (index - 1).clip(0))
    last = np.maximum(np.searchsorted(time_s, time_s + SHARED_S, side="right"), (index + 2).clip(max=time_s.size))
    weight = np.concatenate([[0.0], np.cumsum(strength)])
    moment = np.concatenate([[0.0], np.cumsum(strength * time_s)])
    total = weight[last] - weight[first]
    return np.where(total > 1e-9, (moment[last] - moment[first]) / np.maximum(total, 1e-9), time_s)


def _across(
    pairs: dict[str, NDArray[np.float64]], time_s: NDArray[np.float64], cuts_s: tuple[float, ...]
) -> NDArray[np.bool_]:
    # turns that lean on a pair across a cut
    crossing = spans(pairs, cuts_s)
    edges = np.concatenate([pairs["start_s"][crossing], pairs["end_s"][crossing]])
    return _at(time_s, tuple(edges))


def _at(time_s: NDArray[np.float64], moments_s: tuple[float, ...]) -> NDArray[np.bool_]:
    if not moments_s:
        return np.zeros(time_s.shape, bool)
    moments = np.sort(moments_s)
    after = np.searchsorted(moments, time_s).clip(0, moments.size - 1)
    before = (after - 1).clip(0)
    return np.minimum(np.abs(moments[after] - time_s), np.abs(moments[before] - time_s)) < 1e-6


def _run(mask: NDArray[np.bool_], i: int) -> tuple[int, int]:
    first = last = i
    while first > 0 and mask[first - 1]:
        first -= 1
    while last + 1 < mask.size and mask[last + 1]:
        last += 1
    return first, last


def _guess_flash(light: dict[str, Vector], i: int) -> str:
    # lightning lights everything, a gun a spot; what lies between may be a firework, a camera or a lamp
    if light["flare_extent"][i] >= WIDE_FLASH:
        return "lightning"
    return "gun" if light["flare_extent"][i] <= SMALL_FLASH else ""


def _apart(found: list[Event]) -> list[Event]:
    # of whooshes that overlap, the surest
    kept: list[Event] = []
    for event in sorted(found, key=lambda event: -event.confidence):
        if all(abs(event.time_s - other.time_s) > (event.length_s + other.length_s) / 2 for other in kept):
            kept.append(event)
    return sorted(kept, key=lambda event: event.time_s)


def _dies_away(time_s: NDArray[np.float64], luma: NDArray[np.float64], i: int) -> bool:
    # the light may take two pictures to rise, and is measured from what it rose from
    end = np.searchsorted(time_s, time_s[i] + FLASH_LENGTH_S, side="right")
    peak = luma[i : i + 2].max()
    floor = luma[max(0, i - 1)]
    return bool(luma[i + 1 : end].min(initial=np.inf) <= peak - 0.5 * (peak - floor))
