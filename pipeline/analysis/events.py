"""Onsets seen in the picture: contacts, footsteps, whooshes, flashes and cuts, by rules on the cues of `motion`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.analysis.footsteps import footsteps
from pipeline.analysis.motion import spans
from pipeline.records import Event

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.analysis.motion import MotionFeatures
    from pipeline.records import Shot

# a cue counts against its own running root mean square over this long
RUNNING_S = 4.0
# hits closer than this are one; the closest two of 290 labelled drumstick hits are 0.2 s apart
MIN_GAP_S = 0.2
# best F1 of the labelled hits lies flat between 0.85 and 1.0 running RMS
CONTACT_RATIO = 1.0
# what moves slower than this when it stops makes no sound worth a cue, short sides per second
CONTACT_FLOOR = 0.2
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
# a contact this near to a flash is what made it
SPARK_S = 0.1
# what `turns` keeps of each cue's place, in the order of `turns.TURN_COLUMNS`
_PLACED = ("x", "y", "extent", "speed")


def events(features: MotionFeatures, shots: tuple[Shot, ...]) -> tuple[Event, ...]:
    """All events of a clip in order of time."""
    cuts_s = tuple(shot.start_s for shot in shots[1:])
    lit = flashes(features, cuts_s=cuts_s)
    touched = _at_flashes(contacts(features, cuts_s=cuts_s), lit)
    found = (
        *touched,
        *whooshes(features, cuts_s=cuts_s, touched=touched),
        *(step for shot in shots for step in footsteps(features, start_s=shot.start_s, end_s=shot.end_s)),
        *lit,
        *(Event(time_s=time_s, kind="cut", confidence=1.0, extent=1.0) for time_s in cuts_s),
    )
    return tuple(sorted(found, key=lambda event: (event.time_s, event.kind)))


def contacts(features: MotionFeatures, *, cuts_s: tuple[float, ...] = ()) -> tuple[Event, ...]:
    """Moments at which something that moved stops or turns against something else.

    Parameters
    ----------
    features : MotionFeatures
        Cues of the clip.
    cuts_s : tuple of float
        First presentation time of each shot but the first; no contact is seen across a cut.

    Returns
    -------
    tuple of Event
        In order of time, at turns at least `MIN_GAP_S` apart. On labelled hits the turning picture is unbiased (median
        error 0 ms), so no constant is added; the centroid of the cue around it gives the part of a frame.
    """
    turns = features.turns
    time_s = turns["time_s"]
    if time_s.size == 0:
        return ()
    strength, cue = _contact_strength(turns)
    strength = np.where(_across(features.pairs, time_s, cuts_s), 0.0, strength)
    ratio = strength / np.maximum(running_rms(time_s, strength), CONTACT_FLOOR)
    ratio[strength < CONTACT_FLOOR] = 0
    at_s = _centroid(time_s, strength)
    chosen = peaks(time_s, ratio, threshold=CONTACT_RATIO, gap_s=MIN_GAP_S)
    return tuple(
        Event(
            time_s=float(at_s[i]),
            kind="contact",
            confidence=_contact_confidence(float(ratio[i]), float(strength[i])),
            **_place(turns, str(cue[i]), i, features.heights_per_short_side),
        )
        for i in chosen
    )


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
        )
        for i in chosen
        if _dies_away(time_s, luma, int(i))
    )


def running_rms(time_s: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square within `RUNNING_S` around each time, float64 of the same length; any spacing of times.

    Where rows are missing because nothing moved, stillness counts as zeros.
    """
    first = np.searchsorted(time_s, time_s - RUNNING_S / 2)
    last = np.searchsorted(time_s, time_s + RUNNING_S / 2, side="right")
    total = np.concatenate([[0.0], np.cumsum(values * values)])
    step_s = max(float(np.median(np.diff(time_s))), 1e-3) if time_s.size > 1 else 1.0
    span_s = np.minimum(time_s + RUNNING_S / 2, time_s[-1]) - np.maximum(time_s - RUNNING_S / 2, time_s[0])
    count = np.maximum(last - first, span_s / step_s)
    return np.sqrt(np.maximum(total[last] - total[first], 0) / np.maximum(count, 1))


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


def _contact_confidence(ratio: float, strength: float) -> float:
    # near the share that labelled hits confirm: 0.35 of those at 0.25, 0.48 at 0.45, 0.62 at 0.65
    return ratio / (ratio + 2.0) * strength / (strength + CONTACT_FLOOR)


def _place(turns: dict[str, NDArray[np.float64]], cue: str, i: int, heights_per_short_side: float) -> dict[str, float]:
    x, y, extent, speed = (float(turns[f"{cue}_{name}"][i]) for name in _PLACED)
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
