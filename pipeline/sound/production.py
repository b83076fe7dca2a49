"""Production sound: what the clip itself brings, as the dialogue stem."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UsageError
from pipeline.records import SoundPlan, StemName

if TYPE_CHECKING:
    import numpy as np


def with_production(
    plan: SoundPlan,
    stems: Iterator[dict[StemName, np.ndarray]],
    production: Path | None,
    sample_rate_hz: int,
    block_samples: int,
) -> Iterator[dict[StemName, np.ndarray]]:
    """Blocks of a plan's stems, float32 [2, n], with the clip's own sound as DX; UsageError when it cannot be used."""
    if production is None:
        yield from stems
        return
    import numpy as np

    with _opened(production, sample_rate_hz) as source:
        total = round(plan.duration_s * sample_rate_hz)
        for start in range(0, total, block_samples):
            own = source.read(min(block_samples, total - start), dtype="float32", always_2d=True).T
            own = np.repeat(own, 2, axis=0) if len(own) == 1 else own
            own = np.pad(own, ((0, 0), (0, min(block_samples, total - start) - own.shape[1])))
            yield {"DX": own, **next(stems)}


def _opened(path: Path, sample_rate_hz: int) -> Any:
    import soundfile

    try:
        source = soundfile.SoundFile(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise UsageError(f"The clip's own sound at {path} cannot be read: {error}.") from error
    if source.samplerate != sample_rate_hz or source.channels > 2:
        source.close()
        raise UsageError(
            f"The clip's own sound must be mono or stereo at {sample_rate_hz} Hz, "
            f"not {source.channels} channels at {source.samplerate} Hz; resample it first."
        )
    return source
