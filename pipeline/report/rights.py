"""The rights of a soundtrack as a page: every sound with licence and author, totals, and the music cue sheet."""

from __future__ import annotations

from pipeline.report.html import render_page
from pipeline.sound.deliver.rights import RightsSheet, music_rows
from pipeline.sound.deliver.timecode import timecode

# uses of one sound that a page lists; the CSV beside it has all of them
_MOST_USES = 8


def render_rights(sheet: RightsSheet) -> str:
    """The page, one HTML document with everything inside it."""
    assets = [
        {
            "asset": asset,
            "seconds": f"{asset.seconds:.1f} s",
            "uses": [
                f"{timecode(use.start_s, sheet.frame_rate)} - {timecode(use.end_s, sheet.frame_rate)}"
                for use in asset.uses[:_MOST_USES]
            ],
            "more": max(len(asset.uses) - _MOST_USES, 0),
            "stems": ", ".join(dict.fromkeys(use.stem for use in asset.uses)),
        }
        for asset in sheet.assets
    ]
    return render_page(
        "rights.html.j2",
        sheet=sheet,
        assets=assets,
        totals=[(licence, row) for licence, row in sheet.totals().items()],
        music=music_rows(sheet),
    )
