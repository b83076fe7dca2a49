"""Reader: finds our mark in the pictures of a clip and reads its id, as a whole and stretch by stretch."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from pipeline.records import MarkReading, MarkSegment, MarkState, Payload
from pipeline.watermark.keys import key_id
from pipeline.watermark.picture.evidence import Evidence, joined
from pipeline.watermark.picture.lays import Found, Looker
from pipeline.watermark.picture.segments import longest_payload, merged, others

# A clip is judged window by window: long enough to read after a platform's re-encode, short enough to place an insert.
WINDOW_S = 2.0
# a cut ends a window that is at least this long
SHORTEST_WINDOW_S = 0.5
# pictures a second where nobody tells the time
USUAL_RATE_HZ = 25
# a clear mark is looked for after so many pictures, and whenever they have doubled
FIRST_LOOK_FRAMES = 4
# A search for a changed geometry costs half a second, so it is made when the windows that did not read become 5, 25,
# 125 and so on, and at the end; crops are looked for when the first has not read.
SEARCH_GROWTH = 5
# Windows that wait for a lay to be found; when they become more, neighbours are joined. Memory stays flat.
MOST_WAITING = 12
# lays that are tried again on the next window: two shots of different making may take turns
KNOWN_LAYS = 2


class PictureReader:
    """Sums the evidence of a clip's pictures and reads the mark.

    Parameters
    ----------
    width_px, height_px : int
        Size of the upright luma.
    keys : sequence of bytes
        The mark keys that may have made the mark, likeliest first; each costs time and a little margin.
    display_aspect : Fraction or float
        Displayed width over height of the upright picture, sample aspect applied.
    segments : bool
        Whether the reading is to say what each stretch carries; then no clip is settled before its end.
    """

    def __init__(
        self,
        width_px: int,
        height_px: int,
        *,
        keys: Sequence[bytes],
        display_aspect: Fraction | float,
        segments: bool = False,
    ) -> None:
        self._size = display_aspect, min(width_px, height_px)
        self._key_ids = tuple(key_id(key) for key in keys)
        self._looker = Looker(keys)
        self._in_segments = segments
        self._frames = 0
        self._first_s = 0.0
        self._next_look = FIRST_LOOK_FRAMES
        self._window = Evidence(*self._size, 0.0)
        # windows that did not read, their sum, and how many they have been
        self._waiting: list[Evidence] = []
        self._pending = Evidence(*self._size, 0.0)
        self._unread = 0
        self._searched = 0
        # the last that read, newest first, and the best of each id; what came nearest where none read
        self._known: list[Found] = []
        self._read: dict[Payload, tuple[Found, str]] = {}
        self._nearest = Found()
        self._nearest_words = ""
        self._segments: list[MarkSegment] = []
        self._answer: MarkReading | None = None

    def add(
        self,
        luma: np.ndarray,
        *,
        bit_depth: int | None = None,
        time_s: float | None = None,
        cut: bool = False,
        is_intra: bool = False,
    ) -> None:
        """Take in one picture.

        Parameters
        ----------
        luma : uint8 or uint16 [H, W]
        bit_depth : int or None
            None counts uint16 as 10 bit.
        time_s : float or None
            When it is shown; None counts on at 25 pictures a second.
        cut : bool
            Whether a new shot begins with it.
        is_intra : bool
            Whether it was coded by itself; the first of a clip and of a shot always are.
        """
        now_s = self._frames / USUAL_RATE_HZ if time_s is None else time_s
        window = self._window
        if window.frames and now_s - window.start_s >= (SHORTEST_WINDOW_S if cut else WINDOW_S):
            self._close(now_s)
        if not self._window.frames:
            self._window.start_s = now_s
        depth = bit_depth or (8 if luma.dtype == np.uint8 else 10)
        self._window.add(luma, bit_depth=depth, is_intra=is_intra or cut or not self._frames)
        self._frames += 1
        # how long the last picture is shown is not told: as long as the others, on average
        if self._frames == 1:
            self._first_s = now_s
        usual_s = (now_s - self._first_s) / (self._frames - 1) if self._frames > 1 else 1 / USUAL_RATE_HZ
        self._window.end_s = now_s + usual_s

    @property
    def settled(self) -> bool:
        """Whether the mark is read so clearly that more pictures cannot change it; looks at 4, 8, 16.. pictures."""
        if self._in_segments:
            return False
        if not self._read and self._frames >= self._next_look:
            self._next_look = 2 * self._frames
            self._note(self._looker.as_made(self._window, thorough=False), self._window)
        return any(found.is_sure for found, _ in self._read.values())

    def reading(self) -> MarkReading:
        """What the pictures say; no more can be added after it."""
        if not self._frames:
            return MarkReading(state="none", sentence="There was no picture to look for a mark in.")
        if self._answer is None:
            if not self.settled:
                self._finish()
            self._answer = self._said(merged(self._segments))
        return self._answer

    def _finish(self) -> None:
        """Judge what is left; in segments, parts that were made differently are searched one after the other."""
        if self._window.frames:
            self._close(self._window.end_s, is_last=True)
        while self._unread and self._search(thorough=True) and self._in_segments:
            pass
        unreadable = [self._nearest.lay] if self._nearest.is_sure and self._nearest.lay else []
        for window in self._waiting:
            self._tell(window, self._looker.again(window, unreadable))

    def _close(self, end_s: float, *, is_last: bool = False) -> None:
        """Judge the window that ends now: as the last ones lay, as it was made, and from time to time by a search."""
        window, self._window = self._window, Evidence(*self._size, end_s)
        window.end_s = end_s
        found = self._looker.again(window, [known.lay for known in self._known if known.lay])
        if found.payload is None:
            found = max(found, self._looker.as_made(window, thorough=False), key=lambda one: one.rank)
        self._note(found, window)
        if found.payload is None:
            found = self._looker.same(window, self._known)
        if found.payload is not None:
            self._tell(window, found)
            return
        self._wait(window)
        if not is_last and self._unread >= max(1, SEARCH_GROWTH * self._searched):
            self._search(thorough=self._unread > 1)

    def _wait(self, window: Evidence) -> None:
        if not self._unread:
            self._pending.start_s = window.start_s
        self._pending.merge(window)
        self._unread += 1
        window.rest()
        self._waiting.append(window)
        if len(self._waiting) > MOST_WAITING:
            self._waiting = joined(self._waiting)
        # those that touch no other cannot be joined: the oldest has waited long enough
        while len(self._waiting) > MOST_WAITING:
            self._tell(self._waiting.pop(0))

    def _search(self, *, thorough: bool) -> bool:
        """Look for a changed geometry in the sum of all that did not read, then for its id in each window.

        Returns whether an id was read; then at least one window less waits.
        """
        self._searched = self._unread
        found = self._looker.as_made(self._pending, thorough=True)
        if found.payload is None:
            found = max(found, self._looker.changed(self._pending, thorough=thorough), key=lambda one: one.rank)
        self._note(found, self._pending)
        if found.payload is None:
            return False
        waiting, self._waiting = self._waiting, []
        self._pending = Evidence(*self._size, self._window.start_s)
        self._unread = self._searched = 0
        same = [self._looker.same(window, [found]) for window in waiting]
        # where no window tells it alone, all of them did together
        alone = any(one.payload is not None for one in same)
        for window, one in zip(waiting, same, strict=True):
            if alone and one.payload is None:
                self._wait(window)
            else:
                self._tell(window, one if alone else found)
        return True

    def _note(self, found: Found, evidence: Evidence) -> None:
        """Keep what read, or came nearest."""
        if found.lay is None:
            return
        if found.payload is None:
            if found.z > self._nearest.z:
                self._nearest, self._nearest_words = found, found.lay.words(evidence)
            return
        self._known = [found, *(known for known in self._known if known.lay != found.lay)][:KNOWN_LAYS]
        if found.payload not in self._read or found.z > self._read[found.payload][0].z:
            self._read[found.payload] = (found, found.lay.words(evidence))

    def _tell(self, window: Evidence, found: Found | None = None) -> None:
        """Write down what a window carries."""
        start_s, end_s = window.start_s, window.end_s
        if found is None or found.lay is None or (found.payload is None and not found.is_sure):
            self._segments.append(MarkSegment(start_s, end_s, "none"))
            return
        state: MarkState = "unreadable" if found.payload is None else "read"
        words = found.lay.words(window)
        segment = MarkSegment(start_s, end_s, state, found.payload, found.z, words, self._key_ids[found.key])
        self._segments.append(segment)

    def _said(self, segments: tuple[MarkSegment, ...]) -> MarkReading:
        told = segments if self._in_segments else ()
        if self._read:
            payload = longest_payload(segments) or next(iter(self._read))
            found, words = self._read[payload]
            sentence = f"The picture carries our mark with the id {payload.hex}{others(segments, payload)}."
            return self._reading("read", found, words, sentence, told)
        if self._nearest.is_sure:
            sentence = "The picture carries our mark, but too little of it is left to read the id."
            return self._reading("unreadable", self._nearest, self._nearest_words, sentence, told)
        return self._reading("none", self._nearest, "", "No mark made with this key was found in the picture.", told)

    def _reading(
        self, state: MarkState, found: Found, words: str, sentence: str, segments: tuple[MarkSegment, ...]
    ) -> MarkReading:
        key = "" if state == "none" else self._key_ids[found.key]
        return MarkReading(state, found.payload, found.z, words, self._frames, sentence, found.needed_z, key, segments)
