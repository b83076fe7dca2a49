"""Tags of sound files: own chunks, container tags, and chunks made to hurt."""

import struct

import numpy as np
import pytest
import soundfile
from recordings_files import add_chunk, bext, hits, write

from pipeline.errors import UnreadableInput
from pipeline.media.sounds import open_sound, read_part
from pipeline.media.tags import MAX_TEXT, read_tags


def test_broadcast_wave_info_and_ixml(tmp_path):
    path = write(tmp_path / "a.wav", hits(0.1), title="Anvil", artist="Ada", copyright="CC BY 4.0")
    add_chunk(path, b"bext", bext("hammer on anvil", "Recorder 9"))
    add_chunk(path, b"iXML", b"<X><USER><CATID>METLImpt</CATID><LIBRARY>Forge &amp; Co</LIBRARY></USER></X>")
    tags = read_tags(path)
    assert (tags["title"], tags["artist"], tags["copyright"]) == ("Anvil", "Ada", "CC BY 4.0")
    assert (tags["description"], tags["originator"]) == ("hammer on anvil", "Recorder 9")
    assert (tags["catid"], tags["library"]) == ("METLImpt", "Forge & Co")


@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_vorbis_comments(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}", hits(0.1), artist="Ada", license="CC0")
    assert read_tags(path)["artist"] == "Ada"
    assert read_tags(path)["license"] == "CC0"


def test_aiff_texts(tmp_path):
    tags = read_tags(write(tmp_path / "a.aiff", hits(0.1), title="Bell", artist="Ada"))
    assert (tags["title"], tags["artist"]) == ("Bell", "Ada")


def test_id3(tmp_path):
    text = b"\x03Ada"
    frame = b"TPE1" + struct.pack(">IH", len(text), 0) + text
    head = b"ID3\x03\0\0" + bytes([0, 0, 0, len(frame)])
    path = write(tmp_path / "a.mp3", hits(0.1))
    path.write_bytes(head + frame + path.read_bytes())
    assert read_tags(path)["artist"] == "Ada"


def test_hostile_chunks_are_read_in_bounds(tmp_path):
    path = write(tmp_path / "a.wav", hits(0.1))
    add_chunk(path, b"bext", b"x" * 10)
    add_chunk(path, b"LIST", b"INFO" + b"INAM" + struct.pack("<I", 2**31) + b"cut off\x07")
    add_chunk(path, b"iXML", b"<!DOCTYPE a [<!ENTITY b 'c'>]><TITLE>&b;</TITLE><DESCRIPTION>" + b"y" * 10_000)
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 0xFFFFFFF0) + b"INFO")
    tags = read_tags(path)
    assert tags["title"] == "cut off"
    assert all(len(text) <= MAX_TEXT and text.isprintable() for text in tags.values())


def test_no_tags_is_no_tags(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (tmp_path / "b.flac").write_bytes(b"nothing at all")
    assert read_tags(tmp_path / "a.wav") == {} == read_tags(tmp_path / "b.flac")


def test_parts_of_a_sound_are_padded_with_silence(tmp_path):
    path = write(tmp_path / "a.wav", np.full(1000, 0.5, np.float32))
    with open_sound(path) as sound:
        part = read_part(sound, -10, 1020)
    assert part.shape == (1, 1020)
    assert not part[:, :10].any() and not part[:, 1010:].any()
    assert np.allclose(part[:, 10:1010], 0.5, atol=1e-4)


def test_what_is_no_sound_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "text.wav").write_text("not sound")
    (tmp_path / "empty.wav").write_bytes(b"")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 48_000)
    soundfile.write(tmp_path / "slow.wav", np.zeros(100), 1_000)
    for name in ("text.wav", "empty.wav", "none.wav", "slow.wav", "missing.wav"):
        with pytest.raises(UnreadableInput, match=name), open_sound(tmp_path / name):
            pass


def test_damage_inside_is_found(tmp_path):
    path = write(tmp_path / "a.flac", np.random.default_rng(1).uniform(-0.5, 0.5, 96_000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableInput, match="a.flac"), open_sound(path) as sound:
        read_part(sound, 0, 96_000)
    soundfile.write(tmp_path / "nan.wav", np.full(100, np.nan), 48_000, subtype="FLOAT")
    with pytest.raises(UnreadableInput, match="not numbers"), open_sound(tmp_path / "nan.wav") as sound:
        read_part(sound, 0, 100)
