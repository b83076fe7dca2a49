"""Draws the page of sounds: every sound of the catalogue with its waveform and spectrogram.

    python -m docs.draw_sounds [FOLDER]

Writes FOLDER/sounds.md and its pictures (WebP); FOLDER is docs when left out. Everything on the page comes from the
catalogue and the recipes themselves, so it is enough to run this again when a sound is added.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.records import Cue, SoundPlan
from pipeline.sound.beds.ambience import bed_of
from pipeline.sound.beds.bed import Setup
from pipeline.sound.catalogue import PARAMETERS, Family, families
from pipeline.sound.effects.foley import RECIPES
from pipeline.sound.render import iter_stems

RATE_HZ = 48000
# which families share a heading and a picture; families that are not named here come last, under one of their own
GROUPS = {
    "Impacts": ("impact",),
    "Footsteps": ("footstep",),
    "Bursts and breakage": ("burst", "thunder", "shatter", "hit"),
    "Water and air": ("splash", "whoosh", "riser"),
    "Friction, rolling, motors": ("scrape", "roll", "engine"),
    "Doors, clicks, bells": ("door", "click", "bell"),
    "Animals": ("animal",),
    "Ambiences": ("ambience",),
    "Music": ("music",),
}
# what the renderer does to every effect
PLACED = ("room", "distance")
_BED_S, _MUSIC_S = 12.0, 16.0
_TILE_INCHES, _DPI, _COLUMNS = (3.0, 1.75), 80, 4
_LOW_HZ, _HIGH_HZ, _ROWS = 40.0, 18000.0, 120
_FLOOR_DB = 75.0


@dataclass(frozen=True)
class Drawn:
    """One sound as it is shown."""

    name: str
    samples: np.ndarray = field(repr=False)

    @property
    def length_s(self) -> float:
        return len(self.samples) / RATE_HZ

    @property
    def peak_db(self) -> float:
        return 20 * float(np.log10(np.abs(self.samples).max() + 1e-9))

    @property
    def centre_hz(self) -> float:
        """Frequency with half the energy on either side."""
        power = np.cumsum(np.abs(np.fft.rfft(self.samples)) ** 2)
        return float(np.searchsorted(power, 0.5 * power[-1])) * RATE_HZ / len(self.samples)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    page = [
        "# Sounds",
        "",
        "Every sound Foleymark makes itself, at default parameters, seed 1, without room: waveform above, spectrogram",
        "below (40 Hz to 18 kHz, 75 dB). A cue names it as `family/name`; parameters are 0..1. Loudness is the same",
        "for all effects (-20 dB in the loudest 50 ms, K-weighted) and for all ambiences (-26 LUFS). This page and its",
        "pictures are made by `python -m docs.draw_sounds`.",
    ]
    for title, names in _groups():
        page += ["", *_section(title, names, folder)]
    (folder / "sounds.md").write_text("\n".join(page) + "\n", encoding="utf-8")


def _groups() -> Iterator[tuple[str, tuple[str, ...]]]:
    left = dict(families())
    for title, names in GROUPS.items():
        known = tuple(name for name in names if left.pop(name, None))
        if known:
            yield title, known
    if left:
        yield "Others", tuple(left)


def _section(title: str, names: tuple[str, ...], folder: Path) -> list[str]:
    drawn = [Drawn(f"{name}/{sound}", _samples(name, sound)) for name in names for sound in families()[name].names]
    file = f"sounds-{title.split()[0].lower().rstrip(',')}.webp"
    _sheet(drawn, folder / file)
    lines = [f"## {title}", ""]
    if names == ("ambience",):
        lines += ["All: `ambience/NAME`, without end and without a loop.", ""]
    else:
        lines += [f"- **{name}**: {_recipe(name)}" for name in names] + [""]
    lines += [f"![{title}]({file})", ""]
    if names == ("ambience",):
        return lines + _ambience_table(drawn)
    return lines + _effect_table(drawn)


def _effect_table(drawn: list[Drawn]) -> list[str]:
    rows = [f"| `{d.name}` | {d.length_s:.2f} | {d.peak_db:.1f} | {d.centre_hz:.0f} |" for d in drawn]
    return ["| sound | s to -60 dB | peak dB | middle Hz |", "|---|---|---|---|", *rows]


def _ambience_table(drawn: list[Drawn]) -> list[str]:
    rows = []
    for sound in drawn:
        name = sound.name.partition("/")[2]
        asked = ", ".join(f"{key} {usual:g}" for key, usual in _bed_parameters(name).items()) or "-"
        rows.append(f"| `{sound.name}` | {_first_line(bed_of(name))} | {asked} | {sound.centre_hz:.0f} |")
    return ["| sound | what is in it | parameters | middle Hz |", "|---|---|---|---|", *rows]


def _recipe(family: str) -> str:
    """One line on a family: what its recipe says of itself, and what it can be asked."""
    if family not in RECIPES:
        return "written by the composer to the cuts and the mood of the picture; one row a style."
    asked = [name for name in inspect.signature(RECIPES[family]).parameters if name in PARAMETERS]
    return f"{_first_line(RECIPES[family])} Parameters: {', '.join((*asked, *PLACED))}."


def _first_line(recipe: object) -> str:
    """First sentence of a docstring, as prose."""
    text = " ".join((inspect.getdoc(recipe) or "").split("\n\n")[0].split())
    return text.replace("|", "/")


class _Listening(Setup):
    """A setup that notes what a bed asks for."""

    def parameter(self, name: str, default: float, *, low: float = 0.0, high: float = 1.0) -> float:
        self.parameters[name] = default
        return super().parameter(name, default, low=low, high=high)


def _bed_parameters(name: str) -> dict[str, float]:
    setup = _Listening(name, 1, RATE_HZ, {})
    bed_of(name)(setup)
    return dict(sorted(setup.parameters.items()))


def _samples(family: str, name: str) -> np.ndarray:
    # mono float32, cut where it has died away
    known = families()[family]
    cue = _cue(family, name, known)
    plan = SoundPlan(duration_s=cue.time_s + _plan_s(known, cue), cues=(cue,))
    mono = np.concatenate([block[cue.stem] for block in iter_stems(plan)], axis=1).mean(axis=0)
    loud = np.flatnonzero(np.abs(mono) > 1e-3 * np.abs(mono).max())
    return mono[loud[0] : loud[-1] + 1]


def _cue(family: str, name: str, known: Family) -> Cue:
    length_s = _MUSIC_S if family == "music" else known.length_s or _BED_S
    cue = Cue(
        id="c",
        stem=known.stems[0],
        time_s=0.3,
        length_s=length_s,
        category=known.category,
        sound=f"{family}/{name}",
        seed=1,
    )
    return replace(cue, time_s=0.0) if known.length_s == 0 else cue


def _plan_s(known: Family, cue: Cue) -> float:
    # a bed ends with its cue, a blow rings out
    return cue.length_s if known.length_s == 0 else max(cue.length_s, 6.0)


def _sheet(drawn: list[Drawn], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = -(-len(drawn) // _COLUMNS)
    width, height = _TILE_INCHES
    figure = pyplot.figure(figsize=(width * _COLUMNS, height * rows), dpi=_DPI, facecolor="white")
    grid = figure.add_gridspec(rows, _COLUMNS, hspace=0.42, wspace=0.08, left=0.01, right=0.99)
    grid.update(top=1 - 0.25 / (height * rows), bottom=0.2 / (height * rows))
    for number, sound in enumerate(drawn):
        _tile(figure, grid[number], sound)
    figure.savefig(path, pil_kwargs={"quality": 80, "method": 6})
    pyplot.close(figure)


def _tile(figure, cell, sound: Drawn) -> None:
    parts = cell.subgridspec(2, 1, height_ratios=(1, 3), hspace=0.0)
    wave, picture = figure.add_subplot(parts[0]), figure.add_subplot(parts[1])
    wave.set_title(sound.name, fontsize=8, pad=2)
    steps = np.array_split(sound.samples, 500)
    wave.fill_between(range(500), [s.min() for s in steps], [s.max() for s in steps], color="#334", linewidth=0)
    peak = float(np.abs(sound.samples).max())
    wave.set(xlim=(0, 499), ylim=(-peak, peak), xticks=[], yticks=[])
    picture.imshow(
        _spectrogram(sound.samples),
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=-_FLOOR_DB,
        vmax=0,
        extent=(0, sound.length_s, 0, _ROWS),
    )
    marks_hz = (100, 1000, 10000)
    places = [_ROWS * np.log(hz / _LOW_HZ) / np.log(_HIGH_HZ / _LOW_HZ) for hz in marks_hz]
    picture.set_yticks(places, [""] * 3)
    for place, text in zip(places, ("100", "1k", "10k"), strict=True):
        picture.text(0, place, text, fontsize=5, color="white", va="center")
    picture.tick_params(labelsize=6, pad=1, length=2)


def _spectrogram(samples: np.ndarray) -> np.ndarray:
    # dB under the loudest, [rows evenly spaced in octaves, columns]
    from scipy.ndimage import map_coordinates
    from scipy.signal import stft

    # short sounds are looked at with finer time
    window = int(np.clip(2 ** np.round(np.log2(len(samples) / 60)), 512, 2048))
    hop = max(len(samples) // 400, 1)
    # half a window of silence on either side puts the first column at the first sample
    padded = np.pad(samples, window // 2)
    spectrum = stft(padded, RATE_HZ, nperseg=window, noverlap=window - hop, boundary=None, padded=False)[2]
    level_db = 20 * np.log10(np.abs(spectrum) + 1e-7)
    row = np.geomspace(_LOW_HZ, _HIGH_HZ, _ROWS) * window / RATE_HZ
    column = np.arange(level_db.shape[1])
    drawn = map_coordinates(level_db, np.meshgrid(row, column, indexing="ij"), order=1)
    return drawn - np.percentile(drawn, 99.8)


if __name__ == "__main__":
    main()
