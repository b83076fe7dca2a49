"""What really happened in a clip, to score events against: labels, onsets heard in its own sound, or drawn physics."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.events.scenes import Scene

# what lies behind the last label by more than this was not labelled
LABELLED_TAIL_S = 0.3
# librosa's onset strength on 5 ms hops: its usual 10.7 ms hops date an onset 17 ms late, these 2.6 ms
HOP, RATE_HZ = 240, 48000
# an onset counts when its strength stands out of the half second around it by this share of the clip's strongest;
# librosa's usual .07 finds several a second in the noise of a street
PROMINENCE = 0.15
# and when it is at least this far from the one before, as cues are
GAP_S = 0.2


@dataclass(frozen=True)
class Truth:
    """Moments that would be heard."""

    times_s: np.ndarray
    # nothing is known of what comes later
    until_s: float
    # "labels" or "sound"
    source: str


@dataclass(frozen=True)
class Drawn:
    """A drawn picture, as `pipeline.analysis.analyser.Picture` wants it."""

    time_s: float
    # uint8 [h, w, 3]
    picture: np.ndarray

    def gray(self, width_px: int, height_px: int | None = None) -> np.ndarray:
        """Luma, uint8 [h, w]."""
        import cv2

        height_px = height_px or max(1, round(width_px * self.picture.shape[0] / self.picture.shape[1]))
        luma = cv2.cvtColor(self.picture, cv2.COLOR_RGB2GRAY)
        return cv2.resize(luma, (width_px, height_px), interpolation=cv2.INTER_AREA)

    def rgb(self, width_px: int | None = None) -> np.ndarray:
        """Colour, uint8 [h, w, 3]."""
        import cv2

        if width_px is None:
            return self.picture
        height_px = max(1, round(width_px * self.picture.shape[0] / self.picture.shape[1]))
        return cv2.resize(self.picture, (width_px, height_px), interpolation=cv2.INTER_AREA)


def drawn(scene: Scene) -> list[Drawn]:
    """All pictures of a scene."""
    return [Drawn(time_s, picture) for time_s, picture in scene.render()]


def read_labels(path: Path) -> dict[str, np.ndarray]:
    """Sorted times by clip, from a CSV with the columns path and time_s."""
    found: dict[str, list[float]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            found[row["path"]].append(float(row["time_s"]))
    return {name: np.sort(times) for name, times in found.items()}


def labels_of(clip: Path, labels: dict[str, np.ndarray]) -> np.ndarray | None:
    """The labels of a clip, found by the end of its path; None when it has none."""
    return next((times for name, times in labels.items() if clip.as_posix().endswith(name)), None)


def truth_of(clip: Path, labels: dict[str, np.ndarray]) -> Truth:
    """The clip's labels where it has any, else the onsets of its own sound."""
    times_s = labels_of(clip, labels)
    if times_s is not None:
        return Truth(times_s, float(times_s[-1]) + LABELLED_TAIL_S, "labels")
    return Truth(heard_onsets(clip), float("inf"), "sound")


def heard_onsets(clip: Path) -> np.ndarray:
    """Prominent onsets of a clip's sound in seconds; the sound that is later taken away."""
    import librosa

    from pipeline.media.audio import read_audio

    samples = read_audio(clip, sample_rate_hz=RATE_HZ, channels=1)[0]
    frames = round(GAP_S * RATE_HZ / HOP)
    around = round(0.5 * RATE_HZ / HOP)
    return librosa.onset.onset_detect(
        y=samples,
        sr=RATE_HZ,
        hop_length=HOP,
        units="time",
        delta=PROMINENCE,
        wait=frames,
        pre_max=frames // 2,
        post_max=frames // 2,
        pre_avg=around,
        post_avg=around,
    )
