"""Every kind of file we sign: inside, beside, at an address; large ones; and what a full disk leaves behind."""

from __future__ import annotations

import errno
import io
import json
import os
import resource
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import CredentialError, UnreadableInput, UsageError
from pipeline.provenance.formats import SIGNABLE, UNSIGNABLE, media_type
from pipeline.provenance.manifest import Parent, ProvenancePlan, Source
from pipeline.provenance.reading.reader import read_here
from pipeline.provenance.rubric import evaluate
from pipeline.provenance.signing import large
from pipeline.provenance.signing.algorithms import ALGORITHMS, sign_with
from pipeline.provenance.signing.identity import make_identity
from pipeline.provenance.signing.sidecar import check_remote, sidecar_path
from pipeline.provenance.signing.sign import sign_media
from pipeline.provenance.signing.streams import WatchedFile
from pipeline.provenance.signing.timestamps import TimestampPolicy
from pipeline.provenance.signing.verify import rubric_faults
from pipeline.provenance.signing.writing import real_destination, write_error

URL = "https://credentials.example.com/a.c2pa"


# ------------------------------------------------------------- factories
def write_pdf(path: Path) -> None:
    bodies = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << >> >>",
    )
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(data)
    path.write_bytes(data + b"xref\n0 4\n0000000000 65535 f \n" + table + end)


def write_picture(path: Path) -> None:
    import numpy as np
    from PIL import Image

    kind = {".heic": "avif", ".heif": "avif", ".dng": "tiff"}.get(path.suffix)
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8))
    picture.save(path, format=kind)
    if path.suffix in (".heic", ".heif"):
        # the same boxes under another brand
        path.write_bytes(path.read_bytes().replace(b"ftypavif", b"ftypheic", 1))


def write_sound(path: Path) -> None:
    import av
    import numpy as np

    codec = {".m4a": "aac", ".mp3": "libmp3lame", ".flac": "flac", ".ogg": "libopus"}.get(path.suffix, "pcm_s16le")
    with av.open(str(path), "w", format="mp4" if path.suffix == ".m4a" else None) as container:
        stream = container.add_stream(codec, rate=48000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 9600), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 48000
        resampler = av.AudioResampler(stream.format, "stereo", 48000, stream.codec_context.frame_size or 1024)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def write_video(path: Path, **options: str) -> None:
    import av
    import numpy as np

    with av.open(str(path), "w", format="mp4" if path.suffix == ".m4v" else None, options=options) as container:
        stream = container.add_stream("libvpx" if path.suffix == ".webm" else "libx264", rate=12)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for picture in np.random.default_rng(7).integers(0, 255, (6, 64, 64, 3), dtype=np.uint8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture
def make_media():
    def make(path: Path) -> Path:
        kind = media_type(path).partition("/")[0]
        if path.suffix == ".pdf":
            write_pdf(path)
        elif path.suffix == ".svg":
            path.write_text('<svg xmlns="http://www.w3.org/2000/svg"><rect width="5" height="5"/></svg>')
        else:
            {"video": write_video, "audio": write_sound, "image": write_picture}[kind](path)
        return path

    return make


@pytest.fixture
def rich(simple) -> ProvenancePlan:
    """A plan with a mark's worth of everything that any file can have."""
    codes = ((None, None, "0a" * 32), (0.0, 2.5, "0b" * 8))
    return replace(simple, who="Ann Author", licence="CC-BY-4.0", fingerprint=codes)


def verdict(data: bytes, kind: str, authority, store: bytes | None = None) -> tuple[str, str]:
    """What the independent verifier says: state and hard binding."""
    verifier = pytest.importorskip("encypher_c2pa")
    found = verifier.verify(
        data,
        kind,
        manifest_store=store,
        trust_pem=authority.root_pem,
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    return found["validation_state"], found["hard_binding"]


def report_of(path: Path, store: bytes | None = None) -> dict:
    import c2pa

    with path.open("rb") as file, c2pa.Reader(media_type(path), file, store) as reader:
        return json.loads(reader.crjson())


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---------------------------------------------------------------- formats
@pytest.mark.parametrize("suffix", sorted(set(SIGNABLE) - {".jpeg", ".tif"}))
def test_every_format_inside(suffix, make_media, rich, authority, own, tmp_path):
    source = make_media(tmp_path / f"in{suffix}")
    signed = sign_media(source, tmp_path / f"out{suffix}", plan=rich, authority=authority)
    assert signed.sidecar is None and signed.notes == ()
    assert signed.credential.integrity == "exact" and signed.credential.licence == "CC-BY-4.0"
    assert [(one.start_s, one.end_s) for one in signed.credential.soft_bindings] == [(None, None), (0.0, 2.5)]
    assert verdict(signed.path.read_bytes(), media_type(source), authority) == ("Trusted", "match")
    results = evaluate(report_of(signed.path))
    assert len(results) == 31 and [one for one in results if not one.passed] == []
    assert names_in(tmp_path) == [f"in{suffix}", f"out{suffix}"]


def test_fragmented_film(rich, authority, tmp_path):
    source = tmp_path / "in.mp4"
    write_video(source, movflags="frag_keyframe+empty_moov")
    assert b"moof" in source.read_bytes()
    signed = sign_media(source, tmp_path / "out.mp4", plan=rich, authority=authority)
    assert verdict(signed.path.read_bytes(), "video/mp4", authority) == ("Trusted", "match")


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".ts", ".ogg", ".aiff", ".bmp"])
def test_formats_without_a_place_get_a_sidecar(suffix, make_media, rich, authority, own, tmp_path):
    assert suffix in UNSIGNABLE
    source = make_media(tmp_path / f"in{suffix}")
    signed = sign_media(source, tmp_path / f"out{suffix}", plan=rich, authority=authority)
    assert signed.path.read_bytes() == source.read_bytes()
    assert signed.sidecar == tmp_path / "out.c2pa" and signed.sidecar.read_bytes() == signed.store
    assert f"{suffix} files have no place for content credentials" in signed.notes[0]
    read = read_here(signed.path, trust=own)
    assert read is not None and (read.integrity, read.origin) == ("exact", "sidecar")
    assert all(one.passed for one in evaluate(report_of(signed.path, signed.store)))
    # every byte is covered
    for at in (3, signed.path.stat().st_size // 2, signed.path.stat().st_size - 1):
        data = bytearray(source.read_bytes())
        data[at] ^= 1
        signed.path.write_bytes(data)
        changed = read_here(signed.path, trust=own)
        assert changed is not None and changed.integrity == "altered", at


def test_sidecar_on_request_leaves_the_file_alone(clip, rich, authority, own, tmp_path):
    signed = sign_media(clip, tmp_path / "out.mp4", plan=rich, authority=authority, sidecar=True)
    assert signed.path.read_bytes() == clip.read_bytes() and signed.notes == ()
    assert verdict(clip.read_bytes(), "video/mp4", authority, signed.store) == ("Trusted", "match")
    tampered = bytearray(clip.read_bytes())
    tampered[tampered.index(b"mdat") + 700] ^= 1
    assert verdict(bytes(tampered), "video/mp4", authority, signed.store) == ("Invalid", "mismatch")
    # in place: the file is not even written anew
    before = signed.path.stat()
    again = sign_media(signed.path, signed.path, plan=rich, authority=authority, sidecar=True)
    after = signed.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert again.store == sidecar_path(signed.path).read_bytes() != signed.store
    assert any("lie beside it" in note for note in again.notes)


def test_credentials_inside_move_into_the_sidecar(clip, rich, authority, own, tmp_path):
    # those inside would be found first, and speak for a file that has others now
    path = sign_media(clip, tmp_path / "a.mp4", plan=rich, authority=authority).path
    moved = sign_media(path, path, plan=replace(rich, title="second"), authority=authority, sidecar=True)
    assert b"jumdc2pa" not in path.read_bytes() and packets_of(path) == packets_of(clip)
    read = read_here(path, trust=own)
    assert read is not None and (read.integrity, read.origin, read.title) == ("exact", "sidecar", "second")
    assert read.ingredients[0].has_credentials and moved.credential.history == read.history
    assert verdict(path.read_bytes(), "video/mp4", authority, moved.store) == ("Trusted", "match")


@pytest.mark.parametrize("suffix", [".mp4", ".jpg", ".wav", ".pdf"])
def test_address_of_the_credentials(suffix, make_media, rich, authority, own, tmp_path):
    source = make_media(tmp_path / f"in{suffix}")
    both = sign_media(source, tmp_path / f"both{suffix}", plan=rich, authority=authority, remote_url=URL)
    assert both.credential.integrity == "exact" and both.sidecar is None and URL.encode() in both.path.read_bytes()
    away = sign_media(source, tmp_path / f"away{suffix}", plan=rich, authority=authority, remote_url=URL, sidecar=True)
    assert URL.encode() in away.path.read_bytes() and b"jumdc2pa" not in away.path.read_bytes()
    assert verdict(away.path.read_bytes(), media_type(source), authority, away.store) == ("Trusted", "match")
    sidecar_path(away.path).unlink()
    # nobody is asked at that address
    alone = read_here(away.path, trust=own)
    assert alone is not None and alone.integrity == "none" and alone.remote_url == URL
    again = sign_media(away.path, tmp_path / f"again{suffix}", plan=rich, authority=authority)
    assert again.credential.integrity == "exact" and any(URL in note for note in again.notes)


@pytest.mark.parametrize("url", ["http://a.example", "ftp://a", "https://", "https://a b", 'https://a"', "", "x" * 900])
def test_addresses_that_nobody_could_follow(url):
    with pytest.raises(UsageError, match="is no address for credentials"):
        check_remote(url, Path("a.mp4"))


def test_no_place_for_an_address(make_media, simple, authority, tmp_path):
    source = make_media(tmp_path / "in.mkv")
    with pytest.raises(CredentialError, match="no place for the address"):
        sign_media(source, tmp_path / "out.mkv", plan=simple, authority=authority, remote_url=URL)
    assert names_in(tmp_path) == ["in.mkv"]


def test_film_under_another_name(simple, authority, tmp_path):
    write_video(tmp_path / "film.webm")
    named = (tmp_path / "film.webm").rename(tmp_path / "film.mp4")
    with pytest.raises(CredentialError, match=r"film\.mp4 is a Matroska or WebM film under another name"):
        sign_media(named, tmp_path / "out.mp4", plan=simple, authority=authority)
    assert names_in(tmp_path) == ["film.mp4"]


# ------------------------------------------------------------ ingredients
def test_ingredients_bring_their_credentials(clip, make_media, plan, simple, authority, tmp_path):
    shot, song = tmp_path / "shot.mp4", make_media(tmp_path / "song.wav")
    preview = make_media(tmp_path / "small.jpg").read_bytes()
    made = replace(simple, title="shot", parent=None, created_by_generator=True, model="toy-1")
    sign_media(clip, shot, plan=made, authority=authority)
    told = replace(
        plan,
        ingredients=(
            Source("shot.mp4", path=shot, thumbnail_jpeg=preview),
            Source("song.wav", licence="CC-BY-4.0", path=song, thumbnail_jpeg=preview),
        ),
        parent=Parent("clip.mp4", digital_source_type="digitalCapture"),
    )
    signed = sign_media(clip, tmp_path / "out.mp4", plan=told, authority=authority)
    parts = {one.title: one for one in signed.credential.ingredients if one.relationship == "componentOf"}
    assert parts["shot.mp4"].has_credentials and not parts["song.wav"].has_credentials
    # a part made by AI makes the mix one with AI
    mixed = next(one for one in signed.credential.actions if one.action == "c2pa.mixed")
    assert mixed.digital_source_type.endswith("compositeWithTrainedAlgorithmicMedia")
    assert verdict(signed.path.read_bytes(), "video/mp4", authority) == ("Trusted", "match")
    manifest = report_of(signed.path)["manifests"][0]["assertions"]
    # the same preview twice is kept once or twice; it hangs on both
    assert sum("thumbnail" in body for name, body in manifest.items() if name.startswith("c2pa.ingredient")) == 2
    described = [body.get("description", "") for name, body in manifest.items() if "ingredient" in name]
    assert any("licence CC-BY-4.0, sha256" in text for text in described)


def test_ingredient_that_is_missing(clip, simple, authority, tmp_path):
    plan = replace(simple, ingredients=(Source("gone.wav", path=tmp_path / "gone.wav"),))
    with pytest.raises(UnreadableInput, match="gone.wav cannot be opened"):
        sign_media(clip, tmp_path / "out.mp4", plan=plan, authority=authority)
    assert names_in(tmp_path) == []


def test_camera_and_ai_do_not_go_together(clip, simple, authority, tmp_path):
    made = replace(simple, parent=None, created_by_generator=True)
    sign_media(clip, tmp_path / "made.mp4", plan=made, authority=authority)
    claimed = replace(simple, parent=Parent("made.mp4", digital_source_type="digitalCapture"))
    with pytest.raises(CredentialError, match="which the source type 'digitalCapture' contradicts"):
        sign_media(tmp_path / "made.mp4", tmp_path / "out.mp4", plan=claimed, authority=authority)


def test_a_generator_does_not_disown_what_there_was(clip, simple, authority, tmp_path):
    path = sign_media(clip, tmp_path / "a.mp4", plan=simple, authority=authority).path
    made = replace(simple, parent=None, created_by_generator=True, model="toy-1")
    with pytest.raises(CredentialError, match="has credentials already, so it was not made just now"):
        sign_media(path, tmp_path / "b.mp4", plan=made, authority=authority)
    assert names_in(tmp_path) == ["a.mp4"]


def test_what_would_not_pass_the_rubric_is_found(clip, simple, authority, own, tmp_path, monkeypatch):
    from pipeline.provenance.manifest import render as module
    from pipeline.provenance.signing import sign as signing

    def careless(plan, **kwargs):
        definition = module(plan, **kwargs)
        definition["assertions"][0]["data"]["actions"].append({"action": "c2pa.cropped"})
        return definition

    good = sign_media(clip, tmp_path / "good.mp4", plan=simple, authority=authority)
    assert rubric_faults(good.store, own) == []
    monkeypatch.setattr(signing, "render", careless)
    with pytest.raises(CredentialError, match=r"conformance rubric .*mandatory_dst_for_perceptible.*c2pa\.cropped"):
        sign_media(clip, tmp_path / "out.mp4", plan=simple, authority=authority)
    assert names_in(tmp_path) == ["good.mp4"]


# ------------------------------------------------------------------ large
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_large_film_is_hashed_in_leaves(suffix, clip, simple, authority, tmp_path, monkeypatch):
    monkeypatch.setattr(large, "LARGE_BYTES", 1000)
    source = tmp_path / f"in{suffix}"
    write_video(source)
    assert large.leaf_patches(source)
    signed = sign_media(source, tmp_path / f"out{suffix}", plan=simple, authority=authority)
    binding = report_of(signed.path)["manifests"][0]["assertions"]["c2pa.hash.bmff.v3"]
    assert binding["merkle"][0]["fixedBlockSize"] == large.LEAF_KIB * 1024
    data = signed.path.read_bytes()
    assert verdict(data, media_type(source), authority) == ("Trusted", "match")
    tampered = bytearray(data)
    # the word also stands in the manifest, which names the box
    tampered[data.index(b"\0\0\0\1mdat") + 900] ^= 1
    assert verdict(bytes(tampered), media_type(source), authority) == ("Invalid", "mismatch")
    assert packets_of(signed.path) == packets_of(source)


def packets_of(path: Path) -> list[bytes]:
    import av

    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux() if packet.size]


def boxes(*parts: tuple[bytes, int]) -> bytes:
    return b"".join(struct.pack(">I4s", size, kind) + bytes(size - 8) for kind, size in parts)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (boxes((b"ftyp", 16), (b"free", 8), (b"mdat", 900)), {16: struct.pack(">I4sQ", 1, b"mdat", 908)}),
        (boxes((b"ftyp", 16), (b"wide", 8), (b"mdat", 900)), {16: struct.pack(">I4sQ", 1, b"mdat", 908)}),
        # nothing reserved, or not enough, or something else
        (boxes((b"ftyp", 16), (b"mdat", 900)), None),
        (boxes((b"ftyp", 16), (b"free", 12), (b"mdat", 900)), None),
        (boxes((b"ftyp", 16), (b"uuid", 8), (b"mdat", 900)), None),
        # long already
        (boxes((b"ftyp", 16)) + struct.pack(">I4sQ", 1, b"mdat", 900) + bytes(884), {}),
        # up to the end of the file
        (boxes((b"free", 8)) + struct.pack(">I4s", 0, b"mdat") + bytes(92), {0: struct.pack(">I4sQ", 1, b"mdat", 108)}),
        # two of them
        (boxes((b"free", 8), (b"mdat", 100), (b"free", 8), (b"mdat", 100)), None),
        # in fragments; broken off; boxes that claim to be shorter than their head
        (boxes((b"ftyp", 16), (b"moof", 100), (b"free", 8), (b"mdat", 900)), None),
        (b"\0\0", None),
        (struct.pack(">I4s", 3, b"ftyp") + bytes(50), None),
        (b"\x1aE\xdf\xa3" + bytes(90), None),
    ],
)
def test_room_for_the_long_header(data, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(large, "LARGE_BYTES", 0)
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert large.leaf_patches(path) == expected
    assert large.leaf_patches(path.rename(tmp_path / "a.avi")) is None


def test_patched_file_reads_the_same_in_any_pieces():
    data, patches = bytes(range(40)), {3: b"AAAA", 38: b"BBBB"}
    whole = WatchedFile(io.BytesIO(data), patches).read()
    assert whole == data[:3] + b"AAAA" + data[7:38] + b"BB"
    for size in (1, 3, 7, 39):
        file = WatchedFile(io.BytesIO(data), patches)
        assert b"".join(iter(lambda f=file, n=size: f.read(n), b"")) == whole
        assert file.seek(4) == 4 and file.read(2) == b"AA" and file.tell() == 6


# ------------------------------------------------------------------ disks
@pytest.fixture
def little_room():
    """No file may grow beyond some 30 kB: what a full disk looks like from inside a program."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_leaves_everything_as_it_was(clip, simple, authority, tmp_path, little_room):
    target = tmp_path / "out.mp4"
    target.write_bytes(b"what was there before")
    assert clip.stat().st_size > 30_000
    with pytest.raises(UsageError, match=r"there is no room for .*out\.mp4 .*nothing was changed"):
        sign_media(clip, target, plan=simple, authority=authority)
    assert names_in(tmp_path) == ["out.mp4"] and target.read_bytes() == b"what was there before"


def test_links_stay_and_lead_to_the_signed_file(clip, simple, authority, tmp_path):
    real = tmp_path / "real.mp4"
    real.write_bytes(clip.read_bytes())
    link = tmp_path / "link.mp4"
    link.symlink_to(real)
    signed = sign_media(link, link, plan=simple, authority=authority)
    assert link.is_symlink() and signed.path == real and b"jumdc2pa" in real.read_bytes()
    loop = tmp_path / "loop.mp4"
    loop.symlink_to(loop)
    with pytest.raises(UsageError, match="leads nowhere|cannot be written"):
        sign_media(clip, loop, plan=simple, authority=authority)
    assert names_in(tmp_path) == ["link.mp4", "loop.mp4", "real.mp4"]


def test_places_that_are_no_files(clip, simple, authority, tmp_path):
    folder = tmp_path / "folder.mp4"
    folder.mkdir()
    with pytest.raises(UsageError, match="not a plain file"):
        sign_media(clip, folder, plan=simple, authority=authority)
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(UsageError, match="not a plain file"):
        real_destination(tmp_path / "pipe.mp4")
    assert names_in(tmp_path) == ["folder.mp4", "pipe.mp4"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written(clip, simple, authority, tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UsageError, match="cannot be written .*nothing was changed"):
            sign_media(clip, tmp_path / "out.mp4", plan=simple, authority=authority)
    finally:
        tmp_path.chmod(0o700)
    assert names_in(tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system that takes no files")
def test_place_that_takes_no_files(clip, simple, authority):
    with pytest.raises(UsageError, match=r"/proc/out\.mp4 cannot be written .*nothing was changed"):
        sign_media(clip, Path("/proc/out.mp4"), plan=simple, authority=authority)


def test_name_that_no_disk_takes(clip, simple, authority, tmp_path):
    with pytest.raises(UsageError, match="cannot be written .*nothing was changed"):
        sign_media(clip, tmp_path / f"{'a' * 300}.mp4", plan=simple, authority=authority)
    assert names_in(tmp_path) == []


def test_sentences_of_the_disk():
    path = Path("out.mp4")
    assert "no room" in str(write_error(path, OSError(errno.ENOSPC, "No space left on device")))
    assert "cannot be written (Read-only" in str(write_error(path, OSError(errno.EROFS, "Read-only file system")))


@pytest.mark.parametrize("mode", [0o444, 0o640])
def test_copy_has_the_rights_of_its_source(mode, clip, simple, authority, tmp_path):
    source = tmp_path / "in.mp4"
    source.write_bytes(clip.read_bytes())
    source.chmod(mode)
    signed = sign_media(source, tmp_path / "out.mp4", plan=simple, authority=authority)
    assert signed.path.stat().st_mode & 0o777 == mode


# ---------------------------------------------------------------- signers
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("with_root", [True, False])
def test_every_algorithm(algorithm, with_root, clip, rich, issuer, key_of, tmp_path):
    key = key_of(algorithm)
    identity = make_identity(
        [issuer.certify(key.public_key())],
        lambda data: sign_with(key, algorithm, data),
        place="a test",
        root=issuer.certificate if with_root else None,
        algorithm=algorithm,
    )
    signed = sign_media(clip, tmp_path / "out.mp4", plan=rich, authority=identity)
    # without its root nobody can be led to it, and the signature holds all the same
    assert signed.credential.signer == ("own" if with_root else "unknown")
    if with_root:
        assert verdict(signed.path.read_bytes(), "video/mp4", identity) == ("Trusted", "match")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_time_stamp_is_in_the_file(suffix, make_media, simple, authority, tsa, tmp_path):
    source = make_media(tmp_path / f"in{suffix}")
    policy = TimestampPolicy("required", (tsa.url,))
    signed = sign_media(source, tmp_path / f"out{suffix}", plan=simple, authority=authority, timestamps=policy)
    # the local authority is on no list
    assert signed.credential.time == "untrusted" and signed.credential.time_authority
    assert [note for note in signed.notes if "stamp" in note] == []
