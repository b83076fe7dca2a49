import tracemalloc
from fractions import Fraction

import cv2
import numpy as np
import pytest

from pipeline.records import MarkSegment, Payload
from pipeline.watermark.keys import key_id
from pipeline.watermark.picture import lays, tile
from pipeline.watermark.picture.evidence import Evidence, joined
from pipeline.watermark.picture.marker import PictureMarker
from pipeline.watermark.picture.reader import MOST_WAITING, PictureReader
from pipeline.watermark.picture.segments import longest_payload, merged, others
from tests.watermark.picture.clips import textured

KEYS = (b"\x11" * 32, b"\x12" * 32, b"\x13" * 32)
ONE, TWO = Payload(1, 0x1A2B3C4D5E6F701), Payload(1, 0x0FEDCBA98765432)
SIZE = WIDTH_PX, HEIGHT_PX = 640, 360
RATE_HZ = 6


def shown(seconds, *, payload=None, key=KEYS[0], seed=0, strength=1.5):
    lumas = textured(*SIZE, frames=int(seconds * RATE_HZ), seed=seed)
    if payload is None:
        return lumas
    marker = PictureMarker(*SIZE, payload=payload, key=key, strength=strength, display_aspect=Fraction(16, 9))
    return [marker(luma) for luma in lumas]


def enlarged(lumas, share):
    columns, rows = int(WIDTH_PX * share), int(HEIGHT_PX * share)
    return [cv2.resize(luma[20 : 20 + rows, 30 : 30 + columns], SIZE, interpolation=cv2.INTER_CUBIC) for luma in lumas]


def read(lumas, *, keys=KEYS[:1], segments=True, cuts_s=()):
    reader = PictureReader(*SIZE, keys=keys, display_aspect=Fraction(16, 9), segments=segments)
    for index, luma in enumerate(lumas):
        reader.add(luma, time_s=index / RATE_HZ, cut=index / RATE_HZ in cuts_s)
    return reader.reading()


def told(reading):
    return [(round(one.start_s, 2), round(one.end_s, 2), one.payload) for one in reading.segments]


# ------------------------------------------------------------------- keys
def test_any_of_several_keys_reads_and_is_named():
    for key in KEYS:
        reading = read(shown(1, payload=ONE, key=key), keys=KEYS)
        assert (reading.state, reading.payload, reading.key_id) == ("read", ONE, key_id(key))


def test_keys_are_paid_for_and_the_z_to_reach_is_told():
    marked = shown(1, payload=ONE)
    alone, among = read(marked), read(marked, keys=KEYS)
    assert 5 < alone.needed_z < among.needed_z < alone.z
    assert among.z == pytest.approx(alone.z)


def test_wrong_keys_read_nothing_and_are_not_named():
    reading = read(shown(2, payload=ONE), keys=KEYS[1:])
    assert (reading.state, reading.payload, reading.key_id) == ("none", None, "")
    assert reading.z < reading.needed_z
    assert told(reading) == [(0, 2, None)]


def test_word_in_the_pattern_of_another_variant_is_no_reading(monkeypatch):
    # the check alone would pass it; the variant must be the one that follows from the id
    from pipeline.watermark.picture import marker as video

    right = video.variant_of(ONE)
    monkeypatch.setattr(video, "variant_of", lambda payload: (right + 1) % 8)
    reading = read([*shown(2, payload=ONE), *shown(2, seed=3)])
    assert (reading.state, reading.payload) == ("unreadable", None)
    assert [(one.start_s, one.state) for one in reading.segments] == [(0, "unreadable"), (2, "none")]


# --------------------------------------------------------------- segments
def test_splice_of_two_ids_with_a_foreign_part_is_told_with_times():
    reading = read([*shown(4, payload=ONE, seed=1), *shown(4, seed=2), *shown(6, payload=TWO, seed=3)])
    assert told(reading) == [(0, 4, ONE), (4, 8, None), (8, 14, TWO)]
    assert [one.state for one in reading.segments] == ["read", "none", "read"]
    assert [one.key_id for one in reading.segments] == [key_id(KEYS[0]), "", key_id(KEYS[0])]
    # the whole is called by what most of it says
    assert (reading.state, reading.payload) == ("read", TWO)
    assert ONE.hex in reading.sentence


def test_parts_that_were_made_differently_are_each_found():
    reading = read([*shown(4, seed=4), *enlarged(shown(6, payload=ONE, seed=5), 0.7), *shown(4, payload=TWO, seed=6)])
    assert told(reading) == [(0, 4, None), (4, 10, ONE), (10, 14, TWO)]
    assert "cropped" in reading.segments[1].geometry
    assert "cropped" not in reading.segments[2].geometry


def test_cut_ends_a_window():
    lumas = [*shown(3, payload=ONE, seed=1), *shown(3, payload=TWO, seed=2)]
    assert told(read(lumas, cuts_s=(3.0,))) == [(0, 3, ONE), (3, 6, TWO)]


def test_cuts_at_every_picture_do_not_cut_it_to_pieces():
    lumas = shown(4, payload=ONE)
    every = [index / RATE_HZ for index in range(len(lumas))]
    assert told(read(lumas, cuts_s=every)) == [(0, 4, ONE)]


def test_weak_windows_read_together():
    # too little in two seconds, enough in ten
    random = np.random.default_rng(7)
    marked = shown(10, payload=ONE, seed=7, strength=0.6)
    noisy = [np.clip(luma + random.normal(0, 45, luma.shape), 0, 255).astype(np.uint8) for luma in marked]
    assert read(noisy[: 2 * RATE_HZ]).payload is None
    reading = read(noisy)
    assert reading.payload == ONE
    assert reading.segments[0].start_s == 0
    assert reading.segments[-1].end_s == pytest.approx(10)


def test_reader_of_segments_looks_to_the_end_and_another_stops_early():
    marked = shown(4, payload=ONE)
    for segments, seen in ((True, len(marked)), (False, 4)):
        reader = PictureReader(*SIZE, keys=KEYS, display_aspect=Fraction(16, 9), segments=segments)
        count = 0
        while not reader.settled and count < len(marked):
            reader.add(marked[count])
            count += 1
        assert count == seen
        assert reader.reading().payload == ONE
        assert bool(reader.reading().segments) == segments


def test_memory_is_flat():
    reader = PictureReader(*SIZE, keys=KEYS[:1], display_aspect=Fraction(16, 9), segments=True)
    lumas = shown(2, seed=8)

    def watch(seconds, from_s):
        # one picture a window: as many windows as in a clip fifty times as long
        for index in range(seconds // 2):
            reader.add(lumas[index % len(lumas)], time_s=from_s + index * 2.0)

    watch(4 * MOST_WAITING, 0)
    tracemalloc.start()
    watch(2 * MOST_WAITING, 4 * MOST_WAITING)
    first = tracemalloc.get_traced_memory()[0]
    watch(6 * MOST_WAITING, 6 * MOST_WAITING)
    grown = tracemalloc.get_traced_memory()[0] - first
    tracemalloc.stop()
    assert grown < 3_000_000 * MOST_WAITING / 4
    assert len(reader._waiting) <= MOST_WAITING
    reading = reader.reading()
    assert [(one.start_s, one.state) for one in reading.segments] == [(0, "none")]


# ----------------------------------------------------------------- intra
def test_intra_pictures_read_where_the_others_carry_the_mark_away():
    lumas = shown(4, payload=ONE, seed=9)
    # predicted pictures: the first one, moved, and no mark where it belongs
    drifting = [lumas[0], *(np.roll(luma, 37 * index, axis=1) for index, luma in enumerate(shown(4, seed=9)[1:], 1))]
    assert read(drifting).payload == ONE
    evidence = Evidence(Fraction(16, 9), HEIGHT_PX)
    for luma in drifting:
        evidence.add(luma, bit_depth=8)
    assert len(evidence.views) == 1
    evidence.rest()
    assert lays.Looker(KEYS[:1]).as_made(evidence, thorough=True).payload is None


# ------------------------------------------------------------------ pure
def test_neighbours_that_say_the_same_are_one():
    parts = [
        MarkSegment(2, 4, "read", ONE, 9.0, "b", "k"),
        MarkSegment(0, 2, "read", ONE, 7.0, "a", "k"),
        MarkSegment(4, 6, "none"),
        MarkSegment(6, 9, "read", TWO, 8.0, "c", "k"),
    ]
    assert merged(parts) == (MarkSegment(0, 4, "read", ONE, 9.0, "b", "k"), parts[2], parts[3])
    assert longest_payload(parts) == ONE
    assert others(parts, ONE) == f"; other parts of it say {TWO.hex}"
    assert others(parts[:3], ONE) == ""
    assert longest_payload(parts[2:3]) is None


def test_only_windows_that_touch_are_joined():
    windows = [Evidence(1.0, 64, start_s) for start_s in (0.0, 2.0, 4.0, 8.0)]
    for window, end_s in zip(windows, (2.0, 4.0, 6.0, 10.0), strict=True):
        window.end_s = end_s
    assert [(one.start_s, one.end_s) for one in joined(windows)] == [(0, 4), (4, 6), (8, 10)]


def test_later_looks_need_more():
    looker = lays.Looker(KEYS[:1])
    evidence = Evidence(Fraction(16, 9), HEIGHT_PX)
    for luma in shown(1, seed=10):
        evidence.add(luma, bit_depth=8)
    first, later = looker.as_made(evidence, thorough=False), looker.as_made(evidence, thorough=True)
    assert first.needed_z < later.needed_z
    assert later.needed_z > tile.threshold(tile.TRIES_PER_TILE, chance=lays.DECODE_CHANCE)
