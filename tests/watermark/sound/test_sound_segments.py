import numpy as np
import pytest

from pipeline.records import MarkReading, MarkSegment, Payload
from pipeline.watermark.sound import segments
from pipeline.watermark.sound.marker import SoundMarker, read_sound
from pipeline.watermark.sound.reader import SoundReader
from tests.watermark.sound.sounds import band, faster

KEY = b"s" * 32
ONE, TWO = Payload(1, 11), Payload(1, 22)
RATE_HZ = 16_000


def mark(seconds, payload, *, seed=0):
    marker = SoundMarker(RATE_HZ, 1, payload=payload, key=KEY, strength=1.4)
    return np.concatenate([marker(band(seconds, seed=seed)), marker.flush()], axis=1)


def read(*parts, rate_hz=RATE_HZ):
    return read_sound(np.concatenate(parts, axis=1), rate_hz, keys=[KEY], segments=True)


def summary(reading):
    return [(round(one.start_s), round(one.end_s), one.payload) for one in reading.segments]


def test_whole_marked_sound_is_one_segment():
    reading = read(mark(10.5, ONE))
    assert reading.payload == ONE
    assert [(one.start_s, one.end_s, one.state) for one in reading.segments] == [(0.0, 10.5, "read")]
    assert reading.segments[0].key_id == reading.key_id


def test_unmarked_sound_is_one_segment_without():
    reading = read(band(8))
    assert reading.state == "none"
    assert summary(reading) == [(0, 8, None)]


def test_splice_of_two_ids_shows_with_its_time():
    reading = read(mark(9, ONE), mark(7, TWO, seed=1))
    assert reading.payload == ONE
    assert "2 ids" in reading.sentence
    (first, second) = reading.segments
    assert (first.payload, second.payload) == (ONE, TWO)
    assert first.end_s == second.start_s == pytest.approx(9, abs=1)


def test_foreign_insert_shows_in_any_window_of_a_long_sound():
    marked = mark(70, ONE)
    marked[:, 40 * RATE_HZ : 46 * RATE_HZ] = band(6, seed=3)
    reader = SoundReader(RATE_HZ, keys=[KEY], segments=True)
    for start in range(0, marked.shape[1], 8_000):
        reader.add(marked[:, start : start + 8_000])
        assert not reader.settled
    reading = reader.reading()
    assert [one.payload for one in reading.segments] == [ONE, None, ONE]
    assert reading.segments[1].start_s == pytest.approx(40, abs=1)
    assert reading.segments[1].end_s == pytest.approx(46, abs=1)
    assert (reading.segments[0].start_s, reading.segments[-1].end_s) == (0, 70)


def test_segments_of_a_faster_copy_have_its_times():
    sound = np.concatenate([mark(9, ONE), band(6, seed=4)], axis=1)
    reading = read(faster(sound, 1.05))
    assert [one.payload for one in reading.segments] == [ONE, None]
    assert reading.segments[0].end_s == pytest.approx(9 / 1.05, abs=1)
    assert reading.segments[0].geometry.startswith("speed")


def test_block_that_scores_low_by_chance_is_no_gap():
    scores = np.full(20, 3.0)
    scores[9] = 0.0
    lay = segments.Lay(MarkReading("read", ONE), scores, 3.0)
    heard = np.zeros(20, dtype=bool)
    assert segments.label([lay], heard) == [lay.reading] * 20
    scores[6:13] = 0.0
    assert segments.label([lay], heard) == [lay.reading] * 6 + [None] * 7 + [lay.reading] * 7


def test_silence_inside_a_marked_sound_is_no_gap():
    marked = mark(16, ONE)
    marked[:, 6 * RATE_HZ : 11 * RATE_HZ] = 0
    assert summary(read(marked)) == [(0, 16, ONE)]


def test_neighbours_that_agree_are_joined():
    parts = [MarkSegment(0, 1, "read", ONE, 5), MarkSegment(1, 2, "read", ONE, 7), MarkSegment(2, 3, "none")]
    assert segments.join(parts) == (MarkSegment(0, 2, "read", ONE, 7), MarkSegment(2, 3, "none"))
