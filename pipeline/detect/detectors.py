"""Which detectors there are, and how the pictures get to them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.config import CheckSettings
from pipeline.errors import FoleymarkError
from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.detect.agreement import Score
    from pipeline.detect.crops import Crops
    from pipeline.detect.detector import PictureDetector, SoundDetector
    from pipeline.detect.pictures import Picture

logger = logging.getLogger(__name__)
T = TypeVar("T")


class CropDetectors:
    """The detectors that measure native-scale crops; they share them.

    Parameters
    ----------
    held_out : int, optional
        Only members speak that never saw this fold.
    still : bool
        One picture is enough.
    """

    name = "crops"

    def __init__(self, *, held_out: int | None = None, still: bool = False) -> None:
        from pipeline.detect.crops import CropSampler

        self._held_out = held_out
        self._sampler = CropSampler(still=still)
        # of those that could not run, a sentence each
        self.not_checked: list[str] = []

    def add(self, picture: Picture) -> None:
        """Look at one picture."""
        self._sampler.add(picture)

    def crops(self) -> Crops:
        """What was kept of the pictures so far."""
        return self._sampler.crops()

    def evidence(self) -> tuple[Evidence, ...]:
        """What each of them says; one that cannot run does not stop the other."""
        from pipeline.detect import patches, residual

        crops = self.crops()
        return tuple(detector.evidence(crops, held_out=self._held_out) for detector in (residual, patches))

    def scorers(self) -> Mapping[str, Score]:
        """How each of them scores other crops, for seeing whether a verdict holds."""
        from pipeline.detect.networks import see
        from pipeline.detect.residual import score

        def by_patches(pixels: NDArray[np.uint8]) -> float:
            return see("patches", pixels, held_out=self._held_out).logit

        return {"residual": partial(score, held_out=self._held_out), "patches": by_patches}


def _crops(held_out: int | None) -> PictureDetector:
    return CropDetectors(held_out=held_out)


def _colour(held_out: int | None) -> PictureDetector:
    from pipeline.detect.colour import ColourDetector

    return ColourDetector(held_out=held_out)


def _motion(held_out: int | None) -> PictureDetector:
    from pipeline.detect.motion import MotionDetector

    return MotionDetector(held_out=held_out)


def _glitches(held_out: int | None) -> PictureDetector:
    from pipeline.detect.glitches import GlitchDetector

    return GlitchDetector(held_out=held_out)


def _faces(held_out: int | None) -> PictureDetector:
    from pipeline.detect.faces import FaceDetector

    return FaceDetector(held_out=held_out)


class StillFaces:
    """Faces in the one picture of a still."""

    name = "faces"

    def __init__(self, held_out: int | None) -> None:
        self._held_out = held_out
        self._found: tuple[Evidence, ...] = ()

    def add(self, picture: Picture) -> None:
        """Look for faces."""
        from pipeline.detect.faces import judge_still

        self._found = judge_still(picture.rgb(), self._held_out)

    def evidence(self) -> tuple[Evidence, ...]:
        """What they say."""
        return self._found


def _sound(held_out: int | None) -> SoundDetector:
    from pipeline.detect.sound import SoundDetector as Detector

    return Detector(held_out=held_out)


# name for people -> what makes it, given the fold that must not have been seen
PICTURE_DETECTORS: Mapping[str, Callable[[int | None], PictureDetector]] = {
    "picture detail": _crops,
    "colour": _colour,
    "motion": _motion,
    "glitches": _glitches,
    "faces": _faces,
}
SOUND_DETECTORS: Mapping[str, Callable[[int | None], SoundDetector]] = {"sound": _sound}
# those that have something to say of a single picture
STILL_DETECTORS: Mapping[str, Callable[[int | None], PictureDetector]] = {
    "picture detail": lambda held_out: CropDetectors(held_out=held_out, still=True),
    "faces": StillFaces,
}


def of_the_user(settings: CheckSettings, *, held_out: int | None = None) -> tuple[PictureDetector, ...]:
    """Detectors that the user's settings name: plug-ins, and measures of an encoder of their own.

    Raises
    ------
    UsageError
        One that the settings name is not there.
    """
    found: list[PictureDetector] = []
    if settings.plugins:
        from pipeline.detect.plugins import open_plugins

        found += open_plugins(settings.plugins, settings.detectors)
    if settings.encoder.path is not None:
        from pipeline.detect.encoders.detector import open_encoder

        encoder = open_encoder(settings.encoder, held_out=held_out)
        found += [encoder] if encoder else []
    return tuple(found)


class Guarded:
    """Detectors of which one may fail without stopping the others; what failed is said.

    Attributes
    ----------
    complaints : list of str
        One sentence for each detector that failed.

    Parameters
    ----------
    makers : what makes each, by a name for people
    more : detectors that are there already
    """

    def __init__(
        self,
        makers: Mapping[str, Callable[[int | None], Any]],
        *,
        held_out: int | None = None,
        more: tuple[Any, ...] = (),
    ) -> None:
        self.complaints: list[str] = []
        self._running: dict[str, Any] = {}
        for name, make in makers.items():
            made = self._tried(name, lambda make=make: make(held_out))  # type: ignore[misc]
            if made is not None:
                self._running[name] = made
        self._running |= {detector.name: detector for detector in more}

    def add(self, *given: Any) -> None:
        """Hand a picture, or a block of sound with its rate, to each."""
        for name, detector in list(self._running.items()):
            self._tried(name, lambda detector=detector: detector.add(*given))  # type: ignore[misc]

    def evidence(self) -> tuple[Evidence, ...]:
        """What all of them say."""
        found: tuple[Evidence, ...] = ()
        for name, detector in list(self._running.items()):
            found += self._tried(name, detector.evidence) or ()
            # a plug-in catches its own failures and tells them
            self.complaints += [said for said in getattr(detector, "not_checked", ()) if said not in self.complaints]
        return found

    @property
    def crops(self) -> CropDetectors | None:
        """The one that keeps crops, where it runs."""
        return next((found for found in self._running.values() if isinstance(found, CropDetectors)), None)

    def _tried(self, name: str, do: Callable[[], T]) -> T | None:
        try:
            return do()
        except expected() as error:
            self.complaints.append(complaint(name, error))
            self._running.pop(name, None)
            return None


def complaint(name: str, error: Exception) -> str:
    """What a person is told of a detector that could not run; the log knows more."""
    logger.warning("the detector for %s failed: %s", name, error)
    logger.debug("how it came to that", exc_info=error)
    return f"The detector for {name} did not run: {str(error).rstrip('.') or type(error).__name__}."


def expected() -> tuple[type[Exception], ...]:
    """What missing weights, damaged pictures and libraries raise; a mistake in the code is none of them."""
    import cv2

    from models.registry import UntrustedWeights

    return (
        FoleymarkError,
        UntrustedWeights,
        cv2.error,
        ImportError,
        OSError,
        RuntimeError,
        ValueError,
        ArithmeticError,
    )
