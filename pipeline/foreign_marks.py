"""Marks of other makers, beside ours and only when the settings name them: put in, and read as hints."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import AdapterSettings
from pipeline.records import Clip, Evidence, Payload

if TYPE_CHECKING:
    import numpy as np

    from pipeline.watermark.keys import MarkKeys

# pictures of a clip, and seconds of its sound, that the slow readers of others are given
READ_PICTURES = 8
READ_SOUND_S = 120.0
# these marks need the whole sound in memory: 0.4 MB a second
MOST_SOUND_S = 3600.0


class ForeignMarks:
    """The adapters that the settings name, opened; empty settings make an empty one.

    Raises
    ------
    UsageError
        An adapter is unknown, or what it needs is missing.
    """

    def __init__(self, settings: Sequence[AdapterSettings], keys: MarkKeys) -> None:
        from pipeline.watermark.adapters.catalogue import CARDS, open_adapter

        opened = [
            open_adapter(
                one.name,
                keys=keys.keys,
                weights=one.weights.expanduser() if one.weights else None,
                program=one.program.expanduser() if one.program else None,
            )
            for one in settings
        ]
        self._pictures: list[Any] = [one for one in opened if CARDS[one.name].medium == "picture"]
        self._sounds: list[Any] = [one for one in opened if CARDS[one.name].medium == "sound"]

    # -------------------------------------------------------------- marking
    def mark_picture(self, rgb: np.ndarray, payload: Payload) -> np.ndarray:
        """A still, uint8 [H, W, 3], with every picture adapter's mark."""
        for adapter in self._pictures:
            rgb = adapter.mark(rgb, payload)
        return rgb

    def mark_sound(self, blocks: Iterator[np.ndarray], sample_rate_hz: int, payload: Payload) -> Iterator[np.ndarray]:
        """A sound's blocks with every sound adapter's mark; untouched without any."""
        import numpy as np

        if not self._sounds:
            yield from blocks
            return
        sound = np.concatenate(list(blocks), axis=1)
        for adapter in self._sounds:
            sound = adapter.mark(sound, sample_rate_hz, payload)
        yield sound

    @contextmanager
    def soundtrack(self, clip: Clip, soundtrack: Path | None, payload: Payload) -> Iterator[Path | None]:
        """The soundtrack of a clip with the sound adapters' marks: a temporary WAV, or what was given without any."""
        from pipeline.media.audio import SAMPLE_RATE_HZ, iter_audio, iter_wav, write_wav

        if not self._sounds or not self._fits(clip, soundtrack):
            yield soundtrack
            return
        blocks = iter_wav(soundtrack, sample_rate_hz=SAMPLE_RATE_HZ) if soundtrack else iter_audio(clip)
        with tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
            marked = Path(folder) / "marked.wav"
            write_wav(marked, self.mark_sound(blocks, SAMPLE_RATE_HZ, payload))
            yield marked

    def _fits(self, clip: Clip, soundtrack: Path | None) -> bool:
        from pipeline.media.audio import has_sound

        if clip.duration_s > MOST_SOUND_S:
            return False
        return soundtrack is not None or (clip.audio is not None and clip.audio.channels <= 2 and has_sound(clip))

    def said(self, payload: Payload, *, picture: bool, sound: bool) -> tuple[str, ...]:
        """A sentence for each adapter that marked, and for each that could not."""
        from pipeline.watermark.adapters.catalogue import mark_record

        notes = []
        for adapters, marked, medium in ((self._pictures, picture, "stills"), (self._sounds, sound, "sound")):
            for adapter in adapters:
                left_out = f"{adapter.name} marks {medium} only and left this file alone."
                notes.append(mark_record(adapter, payload).sentence if marked else left_out)
        return tuple(notes)

    # -------------------------------------------------------------- reading
    def read_clip(self, clip: Clip) -> tuple[Evidence, ...]:
        """What the adapters find in a clip: hints, never counted as our mark."""
        from pipeline.media.audio import SAMPLE_RATE_HZ, iter_audio

        pictures = self._sampled(clip) if self._pictures else []
        found = [_evidence(adapter.read(pictures)) for adapter in self._pictures if pictures]
        return (*found, *self.read_blocks(iter_audio(clip), SAMPLE_RATE_HZ))

    def read_still(self, rgb: np.ndarray) -> tuple[Evidence, ...]:
        """As `read_clip`, of one picture, uint8 [H, W, 3]."""
        return tuple(_evidence(adapter.read([rgb])) for adapter in self._pictures)

    def read_blocks(self, blocks: Iterator[np.ndarray], sample_rate_hz: int) -> tuple[Evidence, ...]:
        """As `read_clip`, of the beginning of a sound."""
        import numpy as np

        if not self._sounds:
            return ()
        taken, samples = [], 0
        for block in blocks:
            taken.append(block)
            samples += block.shape[1]
            if samples >= READ_SOUND_S * sample_rate_hz:
                break
        if not samples:
            return ()
        sound = np.concatenate(taken, axis=1)
        return tuple(_evidence(adapter.read(sound, sample_rate_hz)) for adapter in self._sounds)

    def _sampled(self, clip: Clip) -> list[np.ndarray]:
        from pipeline.media.frames import read_frames

        starts_s = [clip.duration_s * index / READ_PICTURES for index in range(READ_PICTURES)]
        return [frame.rgb() for start_s in starts_s for frame in islice(read_frames(clip, start_s=start_s), 1)]


def _evidence(reading: Any) -> Evidence:
    raw = {**reading.raw, "confidence": reading.confidence, "check_bits": float(reading.check_bits)}
    return Evidence(
        f"watermark:{reading.tool.name}",
        "hint",
        reading.sentence,
        applicable=reading.state != "none",
        reason=f"{reading.tool.name} {reading.tool.version}; another maker's mark, never counted as Foleymark's",
        raw=raw,
    )
