"""The cue sheet: what a person reads, edits and feeds back, as YAML or as CSV by the file's suffix.

Times are written to 1 ms, levels and other numbers to 0.001; whatever `spot` writes survives the round trip exactly,
and from one form into the other. A sheet from outside is hostile: sizes are capped, each value is checked.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import UsageError
from pipeline.records import SoundPlan
from pipeline.sound.cuesheet.as_csv import dump_csv, load_csv
from pipeline.sound.cuesheet.as_yaml import dump_yaml, load_yaml
from pipeline.sound.cuesheet.data import Sheet, written

MAX_BYTES = 8_000_000


def dump_cues(plan: SoundPlan | Sheet, *, suffix: str = ".yaml") -> str:
    """Write a plan that nobody has edited, or a sheet; ``.csv`` as CSV, any other suffix as YAML."""
    sheet = plan if isinstance(plan, Sheet) else written(plan)
    return dump_csv(sheet) if suffix.lower() == ".csv" else dump_yaml(sheet)


def load_cues(path: Path, *, duration_s: float) -> SoundPlan:
    """Read a cue sheet for a clip of a given length.

    Raises
    ------
    UsageError
        One sentence that names the line or the cue that is wrong.
    """
    return load_sheet(path, duration_s=duration_s).plan


def load_sheet(path: Path, *, duration_s: float | None = None) -> Sheet:
    """Read a cue sheet with its note of what Foleymark wrote; without `duration_s` it is as long as it says itself."""
    path = Path(path)
    text = _read_text(path)
    return (load_csv if path.suffix.lower() == ".csv" else load_yaml)(text, duration_s=duration_s)


def _read_text(path: Path) -> str:
    try:
        if not path.is_file():
            raise UsageError(f"There is no cue sheet at {path}.")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"The cue sheet {path} cannot be read: {error.strerror or error}.") from error
    if len(raw) > MAX_BYTES:
        raise UsageError(f"The cue sheet {path} is larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"The cue sheet {path} is not UTF-8 text; save it as UTF-8.") from error
