"""SoundFont 2: reads a user's .sf2 into zones; the samples stay in the file.

After the SoundFont Technical Specification 2.04 (E-mu Systems 1999/2006). Everything in a file is hostile: sizes,
indices and numbers are checked or bounded before they are used, and Python alone reads them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UnreadableInput, UsageError

if TYPE_CHECKING:
    import numpy as np

# bank of percussion (General MIDI)
DRUM_BANK = 128
# records of the lists in chunk pdta: name -> (bytes, numpy fields)
_RECORDS: dict[bytes, tuple[tuple[str, str], ...]] = {
    b"phdr": (("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")),
    b"pbag": (("gen", "<u2"), ("mod", "<u2")),
    b"pgen": (("oper", "<u2"), ("amount", "<i2")),
    b"inst": (("name", "S20"), ("bag", "<u2")),
    b"ibag": (("gen", "<u2"), ("mod", "<u2")),
    b"igen": (("oper", "<u2"), ("amount", "<i2")),
    b"shdr": (
        ("name", "S20"),
        ("start", "<u4"),
        ("end", "<u4"),
        ("loop", "<u4"),
        ("loop_end", "<u4"),
        ("rate", "<u4"),
        ("root", "u1"),
        ("cents", "i1"),
        ("link", "<u2"),
        ("kind", "<u2"),
    ),
}
# no list of a real file is longer; a hostile one could make us read for hours
_MOST_RECORDS = 1_000_000
# zones of a preset and of all presets; a piano of 88 keys in 16 strengths and stereo has 2816
_MOST_ZONES, _MOST_ZONES_IN_ALL = 10_000, 300_000
# a sample in the ROM of a sound card, and one that is compressed (SF3)
_ROM, _COMPRESSED = 0x8000, 0x10
# generators by number (spec 8.1.3)
INSTRUMENT, KEYS, VELOCITIES, SAMPLE = 41, 43, 44, 53
# their values where a zone says nothing (spec 8.1.3); those not named are 0
DEFAULTS = {8: 13500, 33: -12000, 34: -12000, 35: -12000, 36: -12000, 38: -12000, 46: -1, 47: -1, 56: 100, 58: -1}
# these belong to instruments alone; a preset cannot add to them (spec 8.5)
_INSTRUMENT_ONLY = {0, 1, 2, 3, 4, 12, 45, 46, 47, 50, 54, 57, 58}
_ALL = (0, 127)


@dataclass(frozen=True)
class Sample:
    """Where a recording lies in the file, in samples, and how it was made."""

    start: int
    end: int
    loop: int
    loop_end: int
    rate_hz: int
    # MIDI key that plays it as it is, and a correction in cents
    root: int
    cents: int


@dataclass(frozen=True)
class Zone:
    """A sample for a range of keys and velocities, and the generators that shape it."""

    sample: Sample
    keys: tuple[int, int]
    velocities: tuple[int, int]
    values: dict[int, int]

    def value(self, generator: int) -> int:
        """Value of a generator in the units of the specification."""
        return self.values.get(generator, DEFAULTS.get(generator, 0))


@dataclass(frozen=True)
class SoundFont:
    """Zones of every preset by (bank, program), and the recordings."""

    presets: dict[tuple[int, int], tuple[Zone, ...]]
    # int16 [samples], mapped from the file
    pcm: np.ndarray

    def zones(self, bank: int, program: int, *, key: int, velocity: int) -> tuple[Zone, ...]:
        """What sounds for a key struck at a velocity; empty when the preset or the key is missing."""
        found = (
            zone
            for zone in self.presets.get((bank, program), ())
            if zone.keys[0] <= key <= zone.keys[1] and zone.velocities[0] <= velocity <= zone.velocities[1]
        )
        # a real preset layers a few; a broken one must not play thousands
        return tuple(zone for zone, _ in zip(found, range(8), strict=False))


def read_soundfont(path: Path) -> SoundFont:
    """Read presets, instruments and sample headers of an .sf2 file.

    Raises
    ------
    UsageError
        There is no such file.
    UnreadableInput
        It is no SoundFont 2 file, is damaged, or its samples are compressed (SF3).
    """
    if not path.is_file():
        raise UsageError(f"There is no SoundFont {path}; check the setting soundfont.")
    try:
        lists, pcm = _chunks(path)
        presets = _presets(lists, len(pcm))
    except (struct.error, IndexError, ValueError, KeyError, OSError) as error:
        raise UnreadableInput(f"The SoundFont {path.name} is damaged ({error}); choose another .sf2 file.") from error
    if not presets:
        raise UnreadableInput(f"The SoundFont {path.name} has nothing that can be played; choose another .sf2 file.")
    return SoundFont(presets, pcm)


def _chunks(path: Path) -> tuple[dict[bytes, np.ndarray], np.ndarray]:
    """Lists of chunk pdta as record arrays, and the samples, mapped."""
    import numpy as np

    size = path.stat().st_size
    lists: dict[bytes, np.ndarray] = {}
    pcm = np.zeros(0, np.int16)
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise ValueError("it does not begin as one")
        for kind, start, length in _children(file, 12, size):
            if kind != b"LIST":
                continue
            file.seek(start)
            inside = file.read(4)
            for name, place, count in _children(file, start + 4, start + length):
                if inside == b"sdta" and name == b"smpl":
                    pcm = np.memmap(path, dtype="<i2", mode="r", offset=place, shape=(count // 2,))
                elif inside == b"pdta" and name in _RECORDS:
                    lists[name] = _records(file, name, place, count)
    missing = [name.decode() for name in _RECORDS if name not in lists]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    if not len(pcm):
        raise ValueError("it holds no samples")
    for name, field in ((b"phdr", "bag"), (b"inst", "bag"), (b"pbag", "gen"), (b"ibag", "gen")):
        if (np.diff(lists[name][field].astype(np.int64)) < 0).any():
            raise ValueError(f"{name.decode()} is out of order")
    return lists, pcm


def _children(file, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    # (name, first byte, length) of the chunks in a stretch of the file
    while start + 8 <= end:
        file.seek(start)
        name, length = struct.unpack("<4sI", file.read(8))
        if start + 8 + length > end:
            raise ValueError(f"{name.decode('ascii', 'replace')!r} is longer than the file")
        yield name, start + 8, length
        start += 8 + length + length % 2


def _records(file, name: bytes, start: int, length: int) -> np.ndarray:
    import numpy as np

    kind = np.dtype(list(_RECORDS[name]))
    count = length // kind.itemsize
    if not 1 <= count <= _MOST_RECORDS:
        raise ValueError(f"{name.decode()} has {count} records")
    file.seek(start)
    return np.frombuffer(file.read(count * kind.itemsize), dtype=kind)


# ----------------------------------------------------------------- presets
def _presets(lists: dict[bytes, np.ndarray], frames: int) -> dict[tuple[int, int], tuple[Zone, ...]]:
    samples = [_sample(record, frames) for record in lists[b"shdr"][:-1]]
    instruments = [
        _instrument(lists, first, end, samples) for first, end in _spans(lists[b"inst"]["bag"], len(lists[b"ibag"]))
    ]
    presets: dict[tuple[int, int], tuple[Zone, ...]] = {}
    heads, total = lists[b"phdr"], 0
    for head, (first, end) in zip(heads, _spans(heads["bag"], len(lists[b"pbag"])), strict=False):
        zones: list[Zone] = []
        for keys, velocities, values in _zones(lists[b"pbag"]["gen"], lists[b"pgen"], first, end, last=INSTRUMENT):
            for zone in instruments[values[INSTRUMENT]] if values[INSTRUMENT] < len(instruments) else ():
                zones += _added(zone, keys, velocities, values)
            if len(zones) > _MOST_ZONES or total + len(zones) > _MOST_ZONES_IN_ALL:
                raise ValueError("it has more zones than any instrument needs")
        total += len(zones)
        if zones:
            presets.setdefault((int(head["bank"]), int(head["program"])), tuple(zones))
    return presets


def _sample(record, frames: int) -> Sample | None:
    # None for one that cannot be played
    start, end = int(record["start"]), int(record["end"])
    kind, rate = int(record["kind"]), int(record["rate"])
    if kind & _COMPRESSED:
        raise ValueError("its samples are compressed")
    if kind & _ROM or not 0 <= start < end <= frames or not 400 <= rate <= 384_000:
        return None
    loop, loop_end = int(record["loop"]), int(record["loop_end"])
    if not start <= loop < loop_end <= end:
        loop, loop_end = start, start
    root = int(record["root"])
    return Sample(start, end, loop, loop_end, rate, root if root <= 127 else 60, int(record["cents"]))


def _spans(bags: np.ndarray, count: int) -> list[tuple[int, int]]:
    # first bag and the one behind the last of each header but the last, which only ends the list
    places = [min(int(bag), count - 1) for bag in bags]
    return [(first, max(first, end)) for first, end in zip(places, places[1:], strict=False)]


def _instrument(lists: dict[bytes, np.ndarray], first: int, end: int, samples: list[Sample | None]) -> tuple[Zone, ...]:
    zones = []
    for keys, velocities, values in _zones(lists[b"ibag"]["gen"], lists[b"igen"], first, end, last=SAMPLE):
        sample = samples[values[SAMPLE]] if values[SAMPLE] < len(samples) else None
        if sample is not None:
            zones.append(Zone(sample, keys, velocities, values))
    return tuple(zones)


def _zones(
    starts: np.ndarray, generators: np.ndarray, first: int, end: int, *, last: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int], dict[int, int]]]:
    """(keys, velocities, values) of the zones that end with generator `last`; a first one without is for all."""
    shared: dict[int, int] = {}
    for bag in range(first, end):
        span = generators[int(starts[bag]) : int(starts[bag + 1])]
        values = {int(oper): int(amount) for oper, amount in span}
        if last in values:
            whole = {**shared, **values}
            # indices have no sign
            whole[last] &= 0xFFFF
            yield _range(whole.get(KEYS)), _range(whole.get(VELOCITIES)), whole
        elif bag == first:
            shared = values


def _range(amount: int | None) -> tuple[int, int]:
    # two bytes: lowest and highest
    return _ALL if amount is None else (amount & 0xFF, amount >> 8 & 0xFF)


def _added(zone: Zone, keys: tuple[int, int], velocities: tuple[int, int], values: dict[int, int]) -> list[Zone]:
    # what a preset says is added to what its instrument says
    inner = {KEYS, VELOCITIES, INSTRUMENT, SAMPLE} | _INSTRUMENT_ONLY
    whole = dict(zone.values)
    for generator, amount in values.items():
        if generator not in inner:
            whole[generator] = zone.value(generator) + amount
    low, high = max(zone.keys[0], keys[0]), min(zone.keys[1], keys[1])
    soft, hard = max(zone.velocities[0], velocities[0]), min(zone.velocities[1], velocities[1])
    return [Zone(zone.sample, (low, high), (soft, hard), whole)] if low <= high and soft <= hard else []
