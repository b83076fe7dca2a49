import pytest

from pipeline.media.container import open_input, packets, video_stream
from pipeline.media.key_pictures import begins_anew, length_bytes, parameter_sets, with_parameter_sets

# avcC of one SPS (3 bytes) and two PPS (2 bytes each), lengths of 4 bytes
AVCC = bytes.fromhex("0142c01effe1000367aabb02000268cc000268dd")


def unit(kind, body=b"\x88"):
    return (1 + len(body)).to_bytes(4, "big") + bytes([kind]) + body


def test_lengths_and_sets_of_a_header():
    assert length_bytes("h264", AVCC) == 4
    assert parameter_sets("h264", AVCC) == bytes.fromhex("0000000367aabb0000000268cc0000000268dd")
    for cut in range(len(AVCC)):
        parameter_sets("h264", AVCC[:cut])
    # start codes are no header with lengths
    assert length_bytes("h264", b"\0\0\0\1\x67") == 0 and parameter_sets("h264", b"\0\0\0\1\x67") == b""


def test_idr_pictures_begin_anew():
    assert begins_anew(unit(9) + unit(6) + unit(0x65), "h264", AVCC, is_key=True)
    assert not begins_anew(unit(9) + unit(6) + unit(0x41), "h264", AVCC, is_key=True)
    assert not begins_anew(unit(0x65), "h264", AVCC, is_key=False)
    assert begins_anew(b"\0\0\0\1\x67\1\0\0\1\x65\x88", "h264", b"", is_key=True)
    assert not begins_anew(b"\0\0\0\1\x67\1\0\0\1\x41\x88", "h264", b"", is_key=True)
    # HEVC: IDR_W_RADL (19) yes, CRA (21) no
    assert begins_anew(b"\0\0\1\x40\1\0\0\1\x26\1", "hevc", b"", is_key=True)
    assert not begins_anew(b"\0\0\1\x40\1\0\0\1\x2a\1", "hevc", b"", is_key=True)
    # others are believed
    assert begins_anew(b"", "vp9", b"", is_key=True) and not begins_anew(b"", "vp9", b"", is_key=False)


@pytest.mark.parametrize("packet", [b"", b"\0", b"\xff" * 8, b"\0\0\0\0" * 9, b"\0\0\1"])
def test_damage_is_no_key_picture(packet):
    assert not begins_anew(packet, "h264", AVCC, is_key=True)


def test_sets_go_behind_the_delimiter():
    assert with_parameter_sets(unit(9) + unit(0x65), b"SETS", "h264", AVCC) == unit(9) + b"SETS" + unit(0x65)
    assert with_parameter_sets(unit(0x65), b"SETS", "h264", AVCC) == b"SETS" + unit(0x65)


@pytest.mark.parametrize("codec, kinds", [("libx264", [7, 8]), ("libx265", [32, 33, 34])])
def test_sets_of_real_encoders(make_clip, tmp_path, codec, kinds):
    options = {"x265-params": "log-level=none:pools=none:frame-threads=1"} if codec == "libx265" else {}
    path = make_clip(tmp_path / "a.mp4", codec=codec, frames=3, options=options)
    with open_input(path) as container:
        stream = video_stream(container, path)
        name, extradata = stream.codec_context.name, stream.codec_context.extradata
        first = bytes(next(packets(container, stream)))
    sets, found, at = parameter_sets(name, extradata), [], 0
    while at < len(sets):
        found.append(sets[at + 4] & 0x1F if name == "h264" else sets[at + 4] >> 1 & 0x3F)
        at += 4 + int.from_bytes(sets[at : at + 4], "big")
    assert found == kinds and at == len(sets)
    assert begins_anew(first, name, extradata, is_key=True)
