"""Sound at another speed with its pitch kept: pieces of the source laid over one another where they match best (WSOLA).

After Verhelst and Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality time-scale
modification of speech", ICASSP 1993. Attacks are pinned: each one is heard once, where the time line has it, and the
pieces around it keep away from it; plain overlap-add repeats them when slowing down and swallows them when speeding up
(the problem and its remedy: Driedger and Müller, "A review of time-scale modification of music signals", 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pipeline.reel.attacks import Attacks

if TYPE_CHECKING:
    import numpy as np

# of a piece: two periods of 50 Hz, and short against a syllable
PIECE_S = 0.040
# how far a piece may lie from where it should: one period of 80 Hz
SEARCH_S = 0.0125
# before an attack, where its rise begins, and after, until it has died down enough to be laid elsewhere
LEAD_S, TAIL_S = 0.004, 0.016

Read = Callable[[int, int], "np.ndarray"]


def stretched(read: Read, *, speed: float, start: float, sample_rate_hz: int) -> Iterator[np.ndarray]:
    """Play a source at another speed, without an end.

    Parameters
    ----------
    read
        ``read(first, count)`` gives float32 [channels, count] of the source, silence outside of it; `first` rises
        from call to call but for some ten thousandths of a second.
    speed
        Source seconds a second.
    start
        Source sample that is heard first.

    Yields
    ------
    float32 [channels, n]
        Sample k of all of them is the source's at ``start + k * speed``, within `SEARCH_S`; attacks exactly.
    """

    half = round(PIECE_S * sample_rate_hz / 2)
    last = None
    for place in _places(read, speed=speed, start=start, half=half, sample_rate_hz=sample_rate_hz):
        piece = read(place, 2 * half)
        if last is not None:
            yield _crossed(last, piece[:, :half])
        last = piece[:, half:]


def _crossed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """One sound going over into another at an even level, however alike they are: noise would sag by 3 dB otherwise."""
    import numpy as np

    rise = np.sin(np.pi / 2 * (np.arange(before.shape[1], dtype=np.float32) + 0.5) / before.shape[1]) ** 2
    powers = float(np.vdot(before, before)), float(np.vdot(after, after))
    alike = float(np.vdot(before, after)) / max((powers[0] * powers[1]) ** 0.5, 1e-12)
    power = rise**2 + (1 - rise) ** 2 + 2 * max(alike, 0.0) * rise * (1 - rise)
    return (before * (1 - rise) + after * rise) / np.sqrt(power)


def _places(read: Read, *, speed: float, start: float, half: int, sample_rate_hz: int) -> Iterator[int]:
    """Where in the source each piece begins; the first one reaches half into what is heard."""
    reach = round(SEARCH_S * sample_rate_hz)
    lead, tail = round(LEAD_S * sample_rate_hz), round(TAIL_S * sample_rate_hz)
    apart = int(2 * half * max(speed, 1.0))
    attacks = Attacks(read, sample_rate_hz=sample_rate_hz, start=int(start), apart=apart)
    number, following = -1, None
    while True:
        # the middle of the piece lies exactly where the time line has it
        middle = start + (number + 1) * half * speed
        nominal = round(middle) - half
        ahead = max(nominal + reach + 2 * half + lead, int(middle + half * speed)) + 1
        # attacks up to this one are heard in this piece or before: they have come when the piece is half over
        before, after = attacks.before_and_after(middle + half * speed, until=ahead)
        heard = (before - start) / speed if before is not None else -1.0
        if before is not None and heard >= number * half:
            place = round(before - heard) + number * half
        else:
            low, high = nominal - reach, nominal + reach
            if after is not None and high > after - lead - 2 * half:
                high = after - lead - 2 * half
                low = min(low, high - 2 * reach)
            if before is not None and low < before + tail:
                low, high = before + tail, max(high, before + tail)
            place = nominal if following is None else _best(read, following, low, high, half)
        yield place
        number, following = number + 1, place + half


def _best(read: Read, following: int, low: int, high: int, half: int) -> int:
    """The place from `low` to `high` whose piece is most like what would follow on the one before."""
    import numpy as np

    if low <= following <= high:
        return following
    count = 2 * half
    wanted = read(following, count).sum(axis=0)
    there = read(low, high - low + count).sum(axis=0)
    size = 1 << (len(there) + count - 1).bit_length()
    product = np.fft.rfft(there, size) * np.conj(np.fft.rfft(wanted, size))
    alike = np.fft.irfft(product, size)[: high - low + 1]
    energy = np.concatenate([[0.0], np.cumsum(there.astype(np.float64) ** 2)])
    power = energy[count:] - energy[:-count]
    # silence is as good as silence: the middle then
    floor = 1e-9 * count
    scores = alike / np.sqrt(np.maximum(power, 0.0) + floor)
    best = int(np.argmax(scores))
    return low + (best if scores[best] > scores[(high - low) // 2] + 1e-6 else (high - low) // 2)
