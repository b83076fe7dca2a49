"""Glitches: places where things pop in or out, texture boils or a shape jumps. Moments to look at, with their pictures.

What is found is shown ranked; how much it says of where a clip comes from was measured, and models/glitches/README.md
tells. Footage has glitches of its own, so a single one proves nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.glitches.matching import Event
    from models.glitches.scoring import Coefficients
    from pipeline.detect.glitches_events import Candidate
    from pipeline.detect.pictures import Picture

# pictures that are compared at once; at 8 a second three seconds, what training saw
RUN = 24
# of a full run so many begin the next, so that no step falls between
OVERLAP = 3
# shorter runs say too little of a clip
LEAST_RUN = 12
# a step needs the steps before and after it, and those need pictures
LEAST_PICTURES = 4
# smaller pictures have no room for a flow
LEAST_SIDE_PX = 64
# moments a reader is asked to look at
MOST = 6
# code values; a picture in which less than this changes hardly moves, and cannot show a glitch
STILL_LEVELS = 0.6
# as loud as a single weak detector may be: twice as likely or half as likely
MAX_LLR = math.log(2.0)
# of pictures with more pixels than this no colour is kept for the run, since its memory would grow with them
COLOUR_PIXELS = 2_400_000
# points of the curve over time: one for so long, and not more than so many
CURVE_STEP_S = 0.5
CURVE_POINTS = 600


@dataclass(frozen=True)
class _Small:
    # what a run keeps of a picture: gray uint8 [h, w], and the picture itself for the few that are shown
    time_s: float
    gray: NDArray[np.uint8]
    picture: Picture | None

    def rgb(self) -> NDArray[np.uint8]:
        """RGB uint8 [h, w, 3], gray where the colour was not kept."""
        import cv2

        width = self.gray.shape[1]
        return self.picture.rgb(width) if self.picture else cv2.cvtColor(self.gray, cv2.COLOR_GRAY2RGB)  # type: ignore[return-value]


@dataclass(frozen=True)
class _Found:
    event: Event
    candidate: Candidate
    # the event's surroundings just before and when it shows
    crops: tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True)
class _RunResult:
    # all events, strongest first, and those that may be shown
    events: tuple[Event, ...] = ()
    found: tuple[_Found, ...] = ()
    figures: dict[str, float] | None = None
    # typical change of a place from picture to picture, code values
    change: float = 0.0


@dataclass(frozen=True)
class _Tally:
    # what all runs so far come to
    found: tuple[_Found, ...] = ()
    sums: tuple[tuple[str, float], ...] = ()
    runs: int = 0
    change: float = 0.0

    def plus(self, result: _RunResult) -> _Tally:
        """With one run more; of the events only those stay that may be shown."""
        found, change = tuple(_strongest([*self.found, *result.found])), max(self.change, result.change)
        if result.figures is None:
            return replace(self, found=found, change=change)
        before = dict(self.sums)
        sums = tuple((name, before.get(name, 0.0) + value) for name, value in result.figures.items())
        return _Tally(found, sums, self.runs + 1, change)

    @property
    def figures(self) -> dict[str, float]:
        """The mean over runs, so that the length of a clip does not speak."""
        return {name: value / self.runs for name, value in self.sums}


class GlitchDetector:
    """Looks at runs of pictures of one shot; remembers the strongest events and a few sums.

    Parameters
    ----------
    held_out
        Fold of a clip that training knows; then only the member speaks that never saw it.
    """

    name = "glitches"

    def __init__(self, *, held_out: int | None = None) -> None:
        self._held_out = held_out
        self._run: list[_Small] = []
        self._tally = _Tally()
        self._curve: dict[int, float] = {}
        self._too_small = ""

    def add(self, picture: Picture) -> None:
        """Take the next picture."""
        small = self._small(picture)
        if small is None:
            return
        if picture.starts or (self._run and self._run[-1].gray.shape != small.gray.shape):
            self._close()
            self._run = []
        from pipeline.detect.glitches_maps import is_repeat

        if self._run and is_repeat(self._run[-1].gray, small.gray):
            return
        self._run.append(small)
        _raise_to(self._curve, small.time_s, 0.0)
        if len(self._run) == RUN:
            self._close()
            self._run = self._run[-OVERLAP:]

    def evidence(self) -> tuple[Evidence, ...]:
        """One statement on the clip, then the moments to look at; asking does not end the pass."""
        from models.glitches.scoring import load_coefficients

        coefficients = load_coefficients()
        last = look(self._run, held_out=self._held_out)
        tally, curve = self._tally.plus(last), dict(self._curve)
        _mark(curve, last)
        whole = _whole(
            tally, coefficients, held_out=self._held_out, moments=len(tally.found), too_small=self._too_small
        )
        return (
            replace(whole, curve=_points(curve)),
            *(_moment(one, rank) for rank, one in enumerate(tally.found, start=1)),
        )

    def _small(self, picture: Picture) -> _Small | None:
        from pipeline.detect.glitches_maps import LONG_SIDE_PX

        height, width = picture.luma.shape
        if min(height, width) < LEAST_SIDE_PX:
            self._too_small = f"the picture ({width}x{height}) is smaller than {LEAST_SIDE_PX} pixels"
            return None
        wide = LONG_SIDE_PX if width >= height else max(1, round(LONG_SIDE_PX * width / height))
        gray = picture.gray(wide)
        if min(gray.shape) < LEAST_SIDE_PX // 2:
            self._too_small = f"the picture ({width}x{height}) is too narrow"
            return None
        return _Small(picture.time_s, gray, picture if height * width <= COLOUR_PIXELS else None)

    def _close(self) -> None:
        result = look(self._run, held_out=self._held_out)
        _mark(self._curve, result)
        self._tally = self._tally.plus(result)


def look(run: list[_Small], *, held_out: int | None = None) -> _RunResult:
    """Events of one run of pictures, strongest first, and the figures they come to."""
    if len(run) < LEAST_PICTURES:
        return _RunResult()
    import numpy as np

    from models.glitches.scoring import FAMILIES, clip_figures, load_coefficients
    from pipeline.detect.glitches_events import candidates
    from pipeline.detect.glitches_maps import measure
    from pipeline.detect.pictures import RATE_HZ

    grays = [small.gray for small in run]
    maps = measure(grays)
    change = float(np.quantile(maps.smooth_residual, 0.9))
    pairs = _weighed(run, candidates(grays, maps), held_out)
    events = tuple(event for event, _ in pairs)
    above = load_coefficients().show_above
    found = tuple(_Found(event, one, _crops(run, one)) for event, one in pairs if event.log_odds > above)
    if len(run) < LEAST_RUN:
        return _RunResult(events, found, None, change)
    odds = {family: [event.log_odds for event in events if event.family == family] for family in FAMILIES}
    # the last picture lasts, too
    seconds = run[-1].time_s - run[0].time_s + 1 / RATE_HZ
    return _RunResult(events, found, clip_figures(odds["sudden"], odds["boil"], seconds=seconds), change)


def _weighed(run: list[_Small], found: list[Candidate], held_out: int | None) -> list[tuple[Event, Candidate]]:
    import numpy as np

    from models.glitches.matching import Event, strongest
    from models.glitches.scoring import FAMILIES, load_trees, log_odds

    by_event: dict[Event, Candidate] = {}
    for family in FAMILIES:
        mine = [one for one in found if one.family == family]
        values = np.array([one.values for one in mine], np.float32)
        odds = log_odds(family, values, held_out=held_out, trees=load_trees())
        for one, value in zip(mine, odds, strict=True):
            times = run[one.before].time_s, run[one.after].time_s
            by_event[Event(family, *times, one.box, float(value))] = one
    return [(event, by_event[event]) for event in strongest(list(by_event), MOST)]


def _crops(run: list[_Small], one: Candidate) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Copies of the surroundings before the event and when it shows."""
    from pipeline.detect.glitches_pictures import surroundings

    # texture that boils is compared with itself a moment later
    after = one.before + 1 if one.family == "sudden" else one.before + 2
    return surroundings(run[one.before].rgb(), one.box), surroundings(run[after].rgb(), one.box)


def _strongest(found: list[_Found]) -> list[_Found]:
    from models.glitches.matching import strongest

    by_event = {one.event: one for one in found}
    return [by_event[event] for event in strongest(list(by_event), MOST)]


# ------------------------------------------------------------------ curve
def _mark(curve: dict[int, float], result: _RunResult) -> None:
    for event in result.events:
        _raise_to(curve, event.t1_s, _chance(event.log_odds))


def _raise_to(curve: dict[int, float], time_s: float, score: float) -> None:
    at = int(time_s / CURVE_STEP_S)
    curve[at] = max(curve.get(at, 0.0), score)


def _points(curve: dict[int, float]) -> tuple[tuple[float, float], ...]:
    """The curve as time and score, thinned to the strongest of neighbours where it is long."""
    ordered = sorted(curve.items())
    share = max(1, math.ceil(len(ordered) / CURVE_POINTS))
    groups = [ordered[i : i + share] for i in range(0, len(ordered), share)]
    best = [max(group, key=lambda item: item[1]) for group in groups]
    return tuple((round(at * CURVE_STEP_S, 2), round(score, 3)) for at, score in best)


def _chance(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))


# --------------------------------------------------------------- evidence
def _whole(
    tally: _Tally, coefficients: Coefficients, *, held_out: int | None, moments: int, too_small: str
) -> Evidence:
    if not tally.runs:
        return _silent(too_small or "the clip is too short, or its pictures repeat each other")
    if tally.change < STILL_LEVELS:
        return _silent("hardly anything moves in it")
    figures = tally.figures
    logit = coefficients.logit(figures, held_out=held_out)
    llr = max(-MAX_LLR, min(MAX_LLR, logit))
    return Evidence(
        name="glitches",
        scope="content",
        sentence=_summary(moments),
        reason=_limits(coefficients),
        raw={"moments": float(moments), **{name: round(value, 4) for name, value in figures.items()}},
        llr=round(llr, 3),
    )


def _silent(reason: str) -> Evidence:
    return Evidence(
        name="glitches",
        scope="content",
        sentence=f"Things that pop in or out, boil or jump could not be looked for: {reason}.",
        applicable=False,
        reason=reason,
        gate="failed",
    )


def _summary(moments: int) -> str:
    if moments == 0:
        return "Nothing was found that pops in or out, boils or jumps in shape; generated clips can be without it, too."
    count = "One moment" if moments == 1 else f"{moments} moments"
    verb = "looks" if moments == 1 else "look"
    return f"{count} {verb} like something popping in or out, boiling or jumping in shape; see for yourself."


def _limits(coefficients: Coefficients) -> str:
    """How far to trust it, in measured figures."""
    share = round(100 * coefficients.auc_unseen)
    told = (
        f"given one generated and one camera clip from sources it has not seen, its figures pick the right one {share} "
        "times in 100; guessing gives 50"
    )
    if coefficients.shrink == 0.0:
        return f"For looking, not for counting: {told}, so that it adds nothing to the verdict."
    return f"Weak: {told}."


def _moment(one: _Found, rank: int) -> Evidence:
    from pipeline.detect.drawing import png_uri
    from pipeline.detect.glitches_pictures import side_by_side
    from pipeline.detect.glitches_wording import figures_of, sentence_of

    event = one.event
    return Evidence(
        name="glitch",
        scope="moment",
        sentence=sentence_of(one.candidate),
        reason="Footage has moments like this as well: a cut, a lost packet, something quick.",
        t0_s=round(event.t0_s, 3),
        t1_s=round(event.t1_s, 3),
        box=tuple(round(v, 4) for v in event.box),  # type: ignore[arg-type]
        raw={"score": round(_chance(event.log_odds), 4), "rank": float(rank), **figures_of(one.candidate)},
        picture=png_uri(side_by_side(*one.crops)),
    )
