"""Rights: what is heard, from whom and under which licence, and the gate through which every cue sheet has to go."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pipeline.errors import UsageError
from pipeline.records import Cue, SoundPlan, StemName
from pipeline.sound.deliver.names import one_line
from pipeline.sound.deliver.timecode import timecode
from pipeline.sound.recordings.licences import normalise, why_not

Kind = Literal["synthesised", "recording", "own track", "production sound"]
Policy = Literal["commercial", "any"]

RECORDING, TRACK = "recording/", "track/"
OURS = "foleymark"
# what collecting societies call music that nobody in the picture plays or hears
BACKGROUND = "BI (background instrumental)"
COMPOSER = "Foleymark (generated)"
# how a track is marked of which nobody said anything
_USER = {"user": "(own; whoever named the file answers for it)"}
_OF_SOUNDFONT = "(that of the SoundFont; whoever named it answers for it)"
# what makes a spreadsheet compute (OWASP, CSV injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
USE_COLUMNS = (
    *("in", "out", "in_s", "out_s", "seconds", "stem", "title", "kind", "licence", "author", "source"),
    *("sha256", "cue"),
)
MUSIC_COLUMNS = ("number", "title", "composer", "publisher", "usage", "in", "out", "duration", "licence", "source")


@dataclass(frozen=True)
class Use:
    """One time that an asset is heard."""

    cue: str
    stem: StemName
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Asset:
    """One sound, however often it is used."""

    title: str
    kind: Kind
    licence: str
    author: str
    source: str
    # of the file it comes from; empty for what was synthesised
    sha256: str
    uses: tuple[Use, ...]

    @property
    def seconds(self) -> float:
        """How long it is heard, overlapping uses once."""
        return _covered((use.start_s, use.end_s) for use in self.uses)


@dataclass(frozen=True)
class Production:
    """The own sound of a clip: of the one that is delivered, or of one that a film was cut from."""

    title: str
    sha256: str = ""
    licence: str = ""
    author: str = ""
    # where it is heard; to the end when None
    start_s: float = 0.0
    end_s: float | None = None


@dataclass(frozen=True)
class RightsSheet:
    """Everything that is heard in a clip."""

    title: str
    duration_s: float
    frame_rate: Fraction
    policy: Policy
    assets: tuple[Asset, ...]

    def totals(self) -> dict[str, dict[str, float]]:
        """By licence: assets, uses, and seconds in which any of them is heard."""
        found: dict[str, list[Asset]] = {}
        for asset in self.assets:
            found.setdefault(asset.licence, []).append(asset)
        return {
            licence: {
                "assets": len(assets),
                "uses": sum(len(asset.uses) for asset in assets),
                "seconds": round(_covered((u.start_s, u.end_s) for asset in assets for u in asset.uses), 3),
            }
            for licence, assets in sorted(found.items())
        }


# -------------------------------------------------------------------- gate
def refuse_unfit(plan: SoundPlan, *, policy: Policy) -> None:
    """Let a plan pass, or say which asset does not fit the licence policy.

    Each plan goes through here, whether it was spotted, filled from a library or written by a person, and again when
    it is delivered. Our own synthesis needs no licence to be given.

    Raises
    ------
    UsageError
        One sentence that names the first asset that may not be used, and the clause.
    """
    for cue in plan.cues:
        reason = _why_not(cue, policy)
        if reason:
            raise UsageError(f"{_named(cue)} (cue {one_line(cue.id, limit=80)!r}) cannot be used: {reason}.")


def _why_not(cue: Cue, policy: Policy) -> str:
    licence = normalise(cue.licence)
    if not licence and _kind(cue) == "synthesised":
        return ""
    return why_not(licence, commercial=policy == "commercial")


def _named(cue: Cue) -> str:
    what = {"recording": "The recording", "own track": "The track", "synthesised": "The sound"}[_kind(cue)]
    return f"{what} {one_line(_title(cue), limit=120)}"


def _kind(cue: Cue) -> Literal["recording", "own track", "synthesised"]:
    return "recording" if cue.sound.startswith(RECORDING) else "own track" if _is_track(cue) else "synthesised"


def _is_track(cue: Cue) -> bool:
    return cue.sound.startswith(TRACK)


def _title(cue: Cue) -> str:
    return cue.sound.removeprefix(RECORDING).removeprefix(TRACK)


# ------------------------------------------------------------------- sheet
def rights_of(
    plan: SoundPlan,
    *,
    title: str,
    frame_rate: Fraction,
    policy: Policy,
    production: Sequence[Production] = (),
    soundfont: Path | None = None,
) -> RightsSheet:
    """The rights sheet of a plan: clips' own sound first, then what was added, as it is first heard."""
    uses: dict[tuple[str, Kind, str, str, str, str], list[Use]] = {}
    for own in production:
        end_s = plan.duration_s if own.end_s is None else min(own.end_s, plan.duration_s)
        uses.setdefault(_own_key(own), []).append(Use("production", "DX", own.start_s, end_s))
    for cue in sorted(plan.cues, key=lambda cue: cue.time_s):
        use = Use(cue.id, cue.stem, cue.time_s, min(cue.time_s + cue.length_s, plan.duration_s))
        uses.setdefault(_asset_key(cue, soundfont), []).append(use)
    assets = tuple(Asset(*key, tuple(found)) for key, found in uses.items())
    return RightsSheet(one_line(title), plan.duration_s, frame_rate, policy, assets)


def _asset_key(cue: Cue, soundfont: Path | None) -> tuple[str, Kind, str, str, str, str]:
    kind = _kind(cue)
    licence = (
        _USER.get(cue.licence) or normalise(cue.licence) or ("CC0-1.0" if kind == "synthesised" else "(none given)")
    )
    author = COMPOSER if kind == "synthesised" and not cue.author else cue.author
    source = "" if cue.source == OURS and kind != "synthesised" else cue.source
    if soundfont is not None and cue.sound.startswith("music/"):
        # the notes are ours, the sound of the voices is not
        licence, source = _OF_SOUNDFONT, f"played with {soundfont.name}"
    return one_line(_title(cue)), kind, licence, one_line(author), one_line(source), cue.asset_sha256


def _own_key(own: Production) -> tuple[str, Kind, str, str, str, str]:
    licence = normalise(own.licence) or "(as the clip)"
    return one_line(own.title), "production sound", licence, one_line(own.author), "the clip itself", own.sha256


def _covered(spans: Iterable[tuple[float, float]]) -> float:
    total, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(end - max(start, until), 0.0)
        until = max(until, end)
    return total


# ------------------------------------------------------------------- files
def rights_data(sheet: RightsSheet) -> dict[str, Any]:
    """The sheet as plain data, for YAML and JSON."""
    return {
        "title": sheet.title,
        "duration_s": round(sheet.duration_s, 3),
        "frame_rate": str(sheet.frame_rate),
        "licence_policy": sheet.policy,
        "totals": sheet.totals(),
        "assets": [_asset_data(asset, sheet) for asset in sheet.assets],
        "music": music_rows(sheet),
    }


def _asset_data(asset: Asset, sheet: RightsSheet) -> dict[str, Any]:
    return {
        "title": asset.title,
        "kind": asset.kind,
        "licence": asset.licence,
        "author": asset.author,
        "source": asset.source,
        "sha256": asset.sha256,
        "seconds": round(asset.seconds, 3),
        "uses": [
            {
                "cue": use.cue,
                "stem": use.stem,
                "in": timecode(use.start_s, sheet.frame_rate),
                "out": timecode(use.end_s, sheet.frame_rate),
                "in_s": round(use.start_s, 3),
                "out_s": round(use.end_s, 3),
            }
            for use in asset.uses
        ],
    }


def use_rows(sheet: RightsSheet) -> list[dict[str, Any]]:
    """A row a use, in order of time."""
    pairs = [(use, asset) for asset in sheet.assets for use in asset.uses]
    return [
        {
            "in": timecode(use.start_s, sheet.frame_rate),
            "out": timecode(use.end_s, sheet.frame_rate),
            "in_s": f"{use.start_s:.3f}",
            "out_s": f"{use.end_s:.3f}",
            "seconds": f"{use.end_s - use.start_s:.3f}",
            "stem": use.stem,
            "title": asset.title,
            "kind": asset.kind,
            "licence": asset.licence,
            "author": asset.author,
            "source": asset.source,
            "sha256": asset.sha256,
            "cue": one_line(use.cue),
        }
        for use, asset in sorted(pairs, key=lambda pair: pair[0].start_s)
    ]


def music_rows(sheet: RightsSheet) -> list[dict[str, str]]:
    """The music cue sheet as collecting societies ask for it: a row a use, in order of time."""
    pairs = sorted(
        ((use, asset) for asset in sheet.assets for use in asset.uses if use.stem == "MX"),
        key=lambda pair: pair[0].start_s,
    )
    return [
        {
            "number": str(number),
            "title": _music_title(asset, sheet),
            "composer": COMPOSER if asset.kind == "synthesised" else asset.author or "(not stated)",
            "publisher": "none" if asset.kind == "synthesised" else "(not stated)",
            "usage": BACKGROUND,
            "in": timecode(use.start_s, sheet.frame_rate),
            "out": timecode(use.end_s, sheet.frame_rate),
            "duration": _minutes(use.end_s - use.start_s),
            "licence": asset.licence,
            "source": _music_source(asset),
        }
        for number, (use, asset) in enumerate(pairs, 1)
    ]


def _music_source(asset: Asset) -> str:
    if asset.kind != "synthesised":
        return asset.source or "own"
    return "generated for this clip" + ("" if asset.source == OURS else f", {asset.source}")


def _music_title(asset: Asset, sheet: RightsSheet) -> str:
    if asset.kind == "synthesised":
        return f"{sheet.title}: {asset.title.removeprefix('music/')}"
    return PurePosixPath(asset.title).stem


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}"


def as_csv(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Rows as CSV that a spreadsheet opens without computing anything; begins with a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)
    return "\ufeff" + text.getvalue()


def as_yaml(sheet: RightsSheet) -> str:
    """The sheet as YAML."""
    import yaml

    return yaml.safe_dump(rights_data(sheet), sort_keys=False, allow_unicode=True, width=120)


def _cell(value: Any) -> str:
    text = str(value)
    return "'" + text if text.startswith(_FORMULA) else text
