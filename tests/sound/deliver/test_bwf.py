"""Broadcast Wave: the samples untouched, the chunk as other programs read it."""

import struct
from datetime import UTC, datetime

import av
import numpy as np
import pytest
import soundfile

from pipeline.errors import UnreadableInput
from pipeline.records import Loudness
from pipeline.sound.deliver import bwf
from pipeline.sound.deliver.bwf import Broadcast, bext_chunk, write_bwf

FIGURES = Loudness(-23.04, -1.26, range_lu=6.5, momentary_max_lufs=-17.0, short_term_max_lufs=None)
SAID = Broadcast(
    "Ein Löwe\nbrüllt \u202e",
    reference="abc123",
    made_at=datetime(2026, 11, 21, 18, 5, 9, tzinfo=UTC),
    time_reference=2**33 + 5,
    loudness=FIGURES,
    history=("A=PCM,F=48000,W=24,M=stereo,T=Foleymark",),
)


def write(path, subtype, *, form="WAV", samples=4801):
    sound = np.random.default_rng(3).uniform(-0.9, 0.9, (samples, 2))
    soundfile.write(path, sound, 48000, subtype=subtype, format=form)
    return path


@pytest.mark.parametrize(
    ("subtype", "form"), [("PCM_24", "WAV"), ("FLOAT", "WAV"), ("FLOAT", "RF64"), ("PCM_16", "WAV")]
)
def test_the_samples_are_the_same(tmp_path, subtype, form):
    source = write(tmp_path / "in.wav", subtype, form=form)
    write_bwf(source, tmp_path / "out.wav", broadcast=SAID)
    was, now = soundfile.read(source, dtype="float64")[0], soundfile.read(tmp_path / "out.wav", dtype="float64")[0]
    assert np.array_equal(was, now)
    assert soundfile.info(tmp_path / "out.wav").subtype == subtype


def test_another_reader_finds_what_was_said(tmp_path):
    write_bwf(write(tmp_path / "in.wav", "PCM_24"), tmp_path / "out.wav", broadcast=SAID)
    with av.open(str(tmp_path / "out.wav")) as file:
        said = file.metadata
    assert said["comment"] == "Ein Lowe brullt"
    assert said["encoded_by"] == "Foleymark"
    assert said["originator_reference"] == "abc123"
    assert (said["date"], said["creation_time"]) == ("2026-11-21", "18:05:09")
    assert said["time_reference"] == str(2**33 + 5)
    assert said["coding_history"].strip() == "A=PCM,F=48000,W=24,M=stereo,T=Foleymark"


def test_loudness_stands_where_version_2_has_it():
    chunk = bext_chunk(SAID)
    assert struct.unpack_from("<H", chunk, 346) == (2,)
    assert struct.unpack_from("<5h", chunk, 412) == (-2304, 650, -126, -1700, 0x7FFF)
    assert struct.unpack_from("<5h", bext_chunk(Broadcast("x")), 412) == (0x7FFF,) * 5
    assert len(bext_chunk(Broadcast("x"))) == 602


def test_long_and_odd_text_keeps_to_its_field():
    chunk = bext_chunk(Broadcast("ä" * 9000, originator="o" * 99, reference="日本語"))
    assert chunk[:256] == b"a" * 256
    assert chunk[256:288] == b"o" * 32
    assert chunk[288:320] == bytes(32)


def test_beyond_four_gigabytes_it_is_rf64(tmp_path, monkeypatch):
    # the border is lowered: nobody wants to write four gigabytes here
    monkeypatch.setattr(bwf, "_MOST_BYTES", 10_000)
    source = write(tmp_path / "in.wav", "FLOAT")
    write_bwf(source, tmp_path / "out.wav", broadcast=SAID)
    assert (tmp_path / "out.wav").read_bytes()[:4] == b"RF64"
    assert soundfile.info(tmp_path / "out.wav").frames == 4801
    assert np.array_equal(soundfile.read(source)[0], soundfile.read(tmp_path / "out.wav")[0])
    with av.open(str(tmp_path / "out.wav")) as file:
        assert file.metadata["encoded_by"] == "Foleymark"


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\x04\0\0\0WAVE", b"RIFF\x0c\0\0\0WAVEdata\0\0\0\0", b"x" * 99])
def test_what_is_no_wav_is_refused_and_leaves_nothing(tmp_path, content):
    (tmp_path / "in.wav").write_bytes(content)
    with pytest.raises(UnreadableInput):
        write_bwf(tmp_path / "in.wav", tmp_path / "out.wav", broadcast=SAID)
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


def test_a_truncated_file_is_refused(tmp_path):
    whole = write(tmp_path / "in.wav", "PCM_24").read_bytes()
    (tmp_path / "in.wav").write_bytes(whole[:-100])
    with pytest.raises(UnreadableInput, match="ends before"):
        write_bwf(tmp_path / "in.wav", tmp_path / "out.wav", broadcast=SAID)
