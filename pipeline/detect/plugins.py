"""Detectors that others install: loaded only when the settings name them, and believed in nothing.

A plug-in is a program of the user's choice and runs as one. What it returns is checked as if a stranger had sent it,
and nothing that goes wrong inside it stops a check.
"""

from __future__ import annotations

import base64
import binascii
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipeline.config import DetectorSettings
from pipeline.detect.linear import LinearModel, confidence, read_model, weigh
from pipeline.detect.wording import plain
from pipeline.errors import UsageError
from pipeline.records import Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.detect.pictures import Picture

logger = logging.getLogger(__name__)

GROUP = "foleymark.detectors"
# one plug-in may say so many things, with so many figures, points and bytes of picture
MAX_PIECES = 16
MAX_FIGURES = 64
MAX_POINTS = 2000
MAX_PICTURE_BYTES = 2_000_000
MAX_SENTENCE = 300
# ten times as likely is the most that anything a stranger wrote may say
MAX_LLR = math.log(10.0)
PNG_URI, PNG_HEAD = "data:image/png;base64,", b"\x89PNG\r\n\x1a\n"


class SeenByPlugin:
    """A picture that a plug-in may look at and not write to: the decoder still predicts from it."""

    def __init__(self, picture: Picture) -> None:
        self.time_s = picture.time_s
        self.starts = picture.starts
        self._picture = picture

    @property
    def luma(self) -> NDArray[Any]:
        """Luma uint8 [H, W] at native scale."""
        return _locked(self._picture.luma)

    def gray(self, width_px: int) -> NDArray[Any]:
        """Luma scaled to a width, uint8 [h, w]."""
        return _locked(self._picture.gray(width_px))

    def rgb(self, width_px: int | None = None) -> NDArray[Any]:
        """RGB uint8 [h, w, 3], scaled when a width is given."""
        return _locked(self._picture.rgb(width_px))


def _locked(pixels: NDArray[Any]) -> NDArray[Any]:
    view = pixels.view()
    view.flags.writeable = False
    return view


class PluginDetector:
    """One plug-in behind glass: a detector that never raises.

    Attributes
    ----------
    name : str
        "plugin:" and the name it was installed under.
    failure : str
        What went wrong, one sentence; empty as long as nothing did.
    """

    def __init__(self, entry: EntryPoint, model: LinearModel | None = None) -> None:
        self.name = f"plugin:{plain(entry.name, limit=64)}"
        self.failure = ""
        self._model = model
        self._inner: Any = None
        try:
            self._inner = entry.load()()
        except (Exception, SystemExit) as error:
            self._fail("could not be loaded", error)

    def add(self, picture: Picture) -> None:
        """Show it one picture."""
        if self.failure:
            return
        try:
            self._inner.add(SeenByPlugin(picture))
        except (Exception, SystemExit) as error:
            self._fail("stopped at a picture", error)

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, cleaned; or that it failed."""
        found: tuple[Evidence, ...] = ()
        if not self.failure:
            try:
                found = self._cleaned(self._inner.evidence())
            except (Exception, SystemExit) as error:
                self._fail("gave no usable result", error)
        return found if not self.failure else (self._failed(),)

    @property
    def not_checked(self) -> tuple[str, ...]:
        """A sentence for the list of what was not looked at; empty when all went well."""
        return (self.failure,) if self.failure else ()

    def _fail(self, what: str, error: BaseException) -> None:
        logger.warning("%s %s", self.name, what, exc_info=error)
        told = _told(error)
        why = f"{type(error).__name__}: {told}" if told else type(error).__name__
        self.failure = (
            f"The plug-in {self.name.removeprefix('plugin:')} {what} ({why}); what it looks for was not checked."
        )

    def _failed(self) -> Evidence:
        return Evidence(self.name, "hint", self.failure, applicable=False, reason="the plug-in failed", gate="failed")

    def _cleaned(self, said: object) -> tuple[Evidence, ...]:
        if not isinstance(said, Iterable) or isinstance(said, str | bytes | Mapping):
            raise TypeError("evidence() did not return Evidence records")
        pieces = tuple(cleaned(one, name=self.name) for one in islice(said, MAX_PIECES))
        # what is measured once counts once
        chosen = next((i for i, one in enumerate(pieces) if self._model and _has(one, self._model)), None)
        if self._model is None or chosen is None:
            return pieces
        return (*pieces[:chosen], counted(pieces[chosen], self._model), *pieces[chosen + 1 :])


def _told(error: BaseException) -> str:
    """The message of an error; a stranger's class may fail even at that."""
    try:
        return plain(error, limit=160).rstrip(".")
    except Exception:
        logger.debug("an error of a plug-in has no readable message", exc_info=True)
        return ""


def cleaned(said: object, *, name: str) -> Evidence:
    """A record that is fit to be shown, made from what a plug-in returned.

    The name is the plug-in's own, the scope a hint, sentences are single visible lines, figures finite, the score
    within `MAX_LLR`; whatever else is not well-formed is left out.

    Raises
    ------
    TypeError, ValueError
        When it is no Evidence, has no sentence, or its score is no number.
    """
    if type(said) is not Evidence:
        raise TypeError("evidence() must return records of pipeline.records.Evidence")
    sentence = plain(said.sentence, limit=MAX_SENTENCE) if isinstance(said.sentence, str) else ""
    if not sentence:
        raise ValueError("a piece of evidence has no sentence")
    llr = _number(said.llr)
    if llr is None:
        raise ValueError("a score is not a finite number")
    usable = said.applicable is True and said.gate in ("passed", "low")
    return Evidence(
        name,
        "hint",
        sentence,
        applicable=usable,
        reason=plain(said.reason, limit=MAX_SENTENCE) if isinstance(said.reason, str) else "",
        gate=said.gate if usable else "failed",
        **_span(said.t0_s, said.t1_s),
        box=_box(said.box),
        raw=_figures(said.raw),
        llr=max(-MAX_LLR, min(MAX_LLR, llr)) if usable else 0.0,
        curve=_curve(said.curve),
        picture=_picture(said.picture),
    )


def counted(piece: Evidence, model: LinearModel) -> Evidence:
    """The same as evidence that counts, its score taken from the user's calibration and not from the plug-in."""
    if not piece.applicable:
        return piece
    found = weigh(piece.raw, model, limit=MAX_LLR)
    if found.outside:
        reason = f"outside the range of the calibration: {', '.join(found.outside)}"
        return replace(piece, scope="content", applicable=False, reason=reason, gate="failed", llr=0.0)
    return replace(piece, scope="content", llr=round(found.llr, 3), reason=confidence(model))


def _has(piece: Evidence, model: LinearModel) -> bool:
    return all(name in piece.raw for name in model.features)


def _number(value: object) -> float | None:
    """A finite float, or None; numpy's numbers count."""
    if isinstance(value, bool | str | bytes) or value is None:
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _figures(raw: object) -> dict[str, float]:
    if not isinstance(raw, Mapping):
        return {}
    pairs = ((plain(name, limit=40), _number(value)) for name, value in islice(raw.items(), MAX_FIGURES))
    return {name: value for name, value in pairs if name and value is not None}


def _span(t0_s: object, t1_s: object) -> dict[str, Any]:
    start, end = _number(t0_s), _number(t1_s)
    if start is None or start < 0 or (end is not None and end < start):
        return {"t0_s": None, "t1_s": None}
    return {"t0_s": start, "t1_s": end}


def _box(box: object) -> tuple[float, float, float, float] | None:
    if not isinstance(box, Sequence) or isinstance(box, str) or len(box) != 4:
        return None
    sides = [_number(side) for side in box]
    x0, y0, x1, y1 = (side if side is not None else -1.0 for side in sides)
    return (x0, y0, x1, y1) if 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1 else None


def _curve(curve: object) -> tuple[tuple[float, float], ...]:
    if not isinstance(curve, Sequence) or isinstance(curve, str):
        return ()
    points = []
    for point in islice(curve, MAX_POINTS):
        pair = [_number(value) for value in point] if isinstance(point, Sequence) and not isinstance(point, str) else []
        if len(pair) == 2 and pair[0] is not None and pair[1] is not None:
            points.append((pair[0], max(0.0, min(1.0, pair[1]))))
    return tuple(points)


def _picture(uri: object) -> str:
    """A PNG as a data URI as it came, or nothing: no address, no SVG, no markup gets into a report."""
    if not isinstance(uri, str) or not uri.startswith(PNG_URI) or len(uri) > MAX_PICTURE_BYTES:
        return ""
    try:
        data = base64.b64decode(uri.removeprefix(PNG_URI), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return uri if data.startswith(PNG_HEAD) else ""


# ---------------------------------------------------------------- loading
def installed() -> dict[str, EntryPoint]:
    """Every plug-in that is installed, by name; looking does not load one."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def open_plugins(names: Sequence[str], calibrated: Sequence[DetectorSettings] = ()) -> tuple[PluginDetector, ...]:
    """Load the plug-ins that the settings name.

    Parameters
    ----------
    names : `check.plugins`
    calibrated : `check.detectors`; these count, by the calibration given

    Raises
    ------
    UsageError
        A name is not installed, or a calibration is none. A plug-in that fails to load raises nothing: it says so.
    """
    if not names:
        return ()
    found = installed()
    missing = next((name for name in names if name not in found), None)
    if missing is not None:
        known = f"; installed: {', '.join(sorted(found))}" if found else ", and none is installed"
        raise UsageError(f"There is no detector plug-in {plain(missing, limit=64)!r}{known}.")
    models = {one.name: _calibration(one, found[one.name]) for one in calibrated if one.name in names}
    return tuple(PluginDetector(found[name], models.get(name)) for name in names)


def identity(entry: EntryPoint) -> str:
    """Name and version: a calibration holds for these alone."""
    return f"plugin:{entry.name} {entry.dist.version if entry.dist else ''}".strip()


def _calibration(settings: DetectorSettings, entry: EntryPoint) -> LinearModel:
    model = read_model(settings.calibration.expanduser())
    if model.measured_by != identity(entry):
        raise UsageError(f"{settings.calibration} was not made with {identity(entry)}; make it again.")
    return model
