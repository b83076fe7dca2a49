"""Marking files: the same id in both tracks, read back, made stronger where it does not read, and honest notes."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest
import soundfile

from pipeline import checking, mark_reading, marking, signing
from pipeline.config import EncodeSettings, MarkSettings, Settings, SignSettings
from pipeline.errors import UsageError
from pipeline.media import quality
from pipeline.media.audio import read_audio
from pipeline.media.probe import probe
from pipeline.records import MarkReading, Marks, Payload
from pipeline.watermark.keys import MarkKeys
from pipeline.watermark.picture.marker import STEP_UP

QUICK = Settings(encode=EncodeSettings(preset="ultrafast"))
PAYLOAD = Payload(version=1, id=77)
OTHER_KEYS = MarkKeys((b"\x05" * 32,))


def music(seconds: float, *, rate_hz: int = 48_000, seed: int = 1) -> np.ndarray:
    """Noise that swells and fades in bands, as a street does; float32 [1, samples]."""
    random = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    spectrum = np.fft.rfft(random.normal(0, 1, count))
    hz = np.fft.rfftfreq(count, 1 / rate_hz)
    sound = np.fft.irfft(spectrum / np.sqrt(1 + (hz / 400) ** 2), n=count)
    swell = 1 + 0.4 * np.sin(np.arange(count) / rate_hz * 2.1)
    return (0.3 * sound * swell / np.abs(sound * swell).max()).astype(np.float32)[None]


def with_sound(clip_path, target, sound: np.ndarray, *, layout: str = "stereo"):
    """The clip with PCM sound beside its pictures."""
    wav = target.with_suffix(".wav")
    channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    soundfile.write(wav, np.repeat(sound, channels, axis=0).T, 48_000)
    with av.open(str(clip_path)) as pictures, av.open(str(wav)) as sounds, av.open(str(target), "w") as out:
        video = out.add_stream_from_template(pictures.streams.video[0])
        audio = out.add_stream("aac", rate=48_000, layout=layout)
        packets = [packet for packet in pictures.demux(video=0) if packet.dts is not None]
        for packet in packets:
            packet.stream = video
            out.mux(packet)
        for frame in sounds.decode(audio=0):
            out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
    return probe(target)


@pytest.fixture(scope="module")
def silent_clip(make_clip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("silent")
    return probe(make_clip(folder / "a.mp4", width=320, height=240, frames=16))


@pytest.fixture(scope="module")
def clip(make_clip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip")
    source = make_clip(folder / "a.mp4", width=320, height=240, frames=144)
    return with_sound(source, folder / "b.mp4", music(6.0))


@pytest.fixture(scope="module")
def delivered(clip, shared_keys, tmp_path_factory):
    """A clip with pictures and sound, marked; the report and the file."""
    path = tmp_path_factory.mktemp("delivered") / "out.mp4"
    report = marking.deliver(clip, path, soundtrack=None, settings=QUICK, keys=shared_keys.mark, payload=PAYLOAD)
    return report, path


def test_both_tracks_carry_the_id(delivered, shared_keys):
    report, path = delivered
    assert report.came_back and report.marks.agreement == "both" and report.notes == ()
    assert report.sound_strength_db > 0 and report.sound_snr_db > 10 and report.psnr_db > 35
    for reading in (report.marks.picture, report.marks.sound):
        assert reading.payload == PAYLOAD and reading.z > reading.needed_z > 4
    marks = mark_reading.read_marks(path, keys=shared_keys.mark)
    assert marks.payload == PAYLOAD and marks.agreement == "both"


def test_another_key_reads_nothing(delivered):
    _, path = delivered
    marks = mark_reading.read_marks(path, keys=OTHER_KEYS)
    assert marks.agreement == "none" and {marks.picture.state, marks.sound.state} == {"none"}


def test_a_rotated_key_still_reads_and_is_named(delivered, shared_keys):
    from pipeline.watermark.keys import key_id

    _, path = delivered
    rotated = MarkKeys((b"\x06" * 32, *shared_keys.mark.keys))
    marks = mark_reading.read_marks(path, keys=rotated)
    assert marks.payload == PAYLOAD
    assert {marks.picture.key_id, marks.sound.key_id} == {key_id(shared_keys.mark.current)}


def test_credentials_claim_both_marks(delivered, clip, shared_keys, tmp_path):
    import shutil

    report, path = delivered
    copy = tmp_path / "signed.mp4"
    shutil.copy(path, copy)
    credential = signing.sign_in_place(
        copy,
        original=clip.path,
        authority=shared_keys.authority(),
        settings=SignSettings(),
        mark=report,
        transcoded=True,
    ).credential
    algorithms = [binding.algorithm for binding in credential.soft_bindings]
    assert algorithms == ["io.foleymark.picture.1", "io.foleymark.sound.1"]


def test_sound_can_be_left_alone(clip, shared_keys, tmp_path):
    settings = replace(QUICK, mark=MarkSettings(sound=False))
    report = marking.deliver(
        clip, tmp_path / "out.mp4", soundtrack=None, settings=settings, keys=shared_keys.mark, payload=PAYLOAD
    )
    assert report.came_back and report.marks.sound is None and report.notes == ()
    assert np.array_equal(read_audio(tmp_path / "out.mp4"), read_audio(clip))


def test_a_new_soundtrack_is_marked_too(silent_clip, shared_keys, tmp_path):
    track = tmp_path / "mix.wav"
    soundfile.write(track, np.repeat(music(4.0), 2, axis=0).T, 48_000, subtype="FLOAT")
    report = marking.deliver(
        silent_clip, tmp_path / "out.mp4", soundtrack=track, settings=QUICK, keys=shared_keys.mark, payload=PAYLOAD
    )
    assert report.marks.agreement == "both"


@pytest.mark.parametrize(("layout", "words"), [("5.1", "6 channels"), ("mono", "silent from end to end")])
def test_sound_that_cannot_be_marked_is_kept_and_told(make_clip, shared_keys, tmp_path, layout, words):
    source = make_clip(tmp_path / "a.mp4", width=320, height=240, frames=24)
    sound = music(1.0) if layout == "5.1" else np.zeros((1, 48_000), np.float32)
    clip = with_sound(source, tmp_path / "b.mp4", sound, layout=layout)
    report = marking.deliver(
        clip, tmp_path / "out.mp4", soundtrack=None, settings=QUICK, keys=shared_keys.mark, payload=PAYLOAD
    )
    assert report.came_back and report.marks.agreement == "picture only" and words in report.notes[0]
    assert probe(tmp_path / "out.mp4").audio.channels == clip.audio.channels


def test_an_id_is_reserved_before_it_is_embedded(silent_clip, shared_keys, tmp_path):
    taken: set[Payload] = set()

    def reserve(payload: Payload) -> bool:
        assert not (tmp_path / "out.mp4").exists()
        return payload not in taken and not taken.add(payload)

    options = {"soundtrack": None, "settings": QUICK, "keys": shared_keys.mark, "reserve": reserve}
    report = marking.deliver(silent_clip, tmp_path / "out.mp4", **options)
    assert taken == {report.payload}
    with pytest.raises(UsageError, match="belongs to another file"):
        marking.deliver(
            silent_clip, tmp_path / "b.mp4", payload=report.payload, **{**options, "reserve": lambda _: False}
        )
    assert not (tmp_path / "b.mp4").exists()


# ----------------------------------------------------- when it does not read
def with_readings(monkeypatch, clip, path, keys, readings):
    """Deliver with a picture reader that gives these readings in turn; the report and the strengths used."""
    import pipeline.watermark.picture.marker as video

    strengths, original, left = [], video.PictureMarker, iter(readings)

    def marker(*arguments, **options):
        strengths.append(options["strength"])
        return original(*arguments, **options)

    monkeypatch.setattr(video, "PictureMarker", marker)
    # measuring makes markers of its own
    monkeypatch.setattr(marking, "_affordable", lambda strength, *_arguments, **_options: strength)
    monkeypatch.setattr(marking, "read_picture", lambda *_a, **_k: next(left))
    report = marking.deliver(clip, path, soundtrack=None, settings=QUICK, keys=keys.mark, payload=PAYLOAD)
    return report, strengths


def test_a_mark_that_does_not_read_is_made_stronger(silent_clip, tmp_path, shared_keys, monkeypatch):
    readings = [MarkReading("none"), MarkReading("read", Payload(1, 5)), MarkReading("read", PAYLOAD, z=20)]
    report, strengths = with_readings(monkeypatch, silent_clip, tmp_path / "o.mp4", shared_keys, readings)
    assert report.attempts == 3 and report.came_back
    assert [b / a for a, b in zip(strengths, strengths[1:], strict=False)] == pytest.approx([STEP_UP, STEP_UP])


def test_it_gives_up_and_then_claims_no_mark(silent_clip, tmp_path, shared_keys, monkeypatch):
    path = tmp_path / "o.mp4"
    report, strengths = with_readings(monkeypatch, silent_clip, path, shared_keys, [MarkReading("none")] * 9)
    assert report.attempts == len(strengths) == marking.MAX_ATTEMPTS
    assert not report.came_back and "could not be read back after 3" in report.notes[0]
    credential = signing.sign_in_place(
        path,
        original=silent_clip.path,
        authority=shared_keys.authority(),
        settings=SignSettings(),
        mark=report,
        transcoded=True,
    ).credential
    assert credential.soft_bindings == ()
    assert "c2pa.watermarked.bound" not in {action.action for action in credential.actions}


def test_sound_alone_is_encoded_again_and_the_pictures_stay(clip, tmp_path, shared_keys, monkeypatch):
    path, pictures, left = tmp_path / "o.mp4", [], [MarkReading("none"), MarkReading("read", PAYLOAD, z=9)]

    def read(source, **_options):
        pictures.append(_packets(path))
        return left.pop(0)

    monkeypatch.setattr(marking, "read_sound_track", read)
    report = marking.deliver(clip, path, soundtrack=None, settings=QUICK, keys=shared_keys.mark, payload=PAYLOAD)
    assert report.came_back and report.attempts == 1
    assert pictures[0] == pictures[1]
    assert probe(path).audio and abs(probe(path).duration_s - clip.duration_s) < 0.05


def _packets(path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0)]


# ------------------------------------------------------------------- check
def test_another_sound_under_the_picture_is_a_conflict(delivered, clip, shared_keys, tmp_path):
    from pipeline.media.mux import export

    _, path = delivered
    marking.deliver(
        clip, tmp_path / "b.mp4", soundtrack=None, settings=QUICK, keys=shared_keys.mark, payload=Payload(1, 99)
    )
    export(probe(path), tmp_path / "c.mp4", soundtrack=probe(tmp_path / "b.mp4"))
    result = checking.check(tmp_path / "c.mp4", keys=shared_keys, parts=("mark",))
    assert result.marks.agreement == "conflict" and result.marks.payload is None
    assert "put together" in result.verdict.explanation


def test_nothing_is_found_in_an_unmarked_file(clip, shared_keys):
    marks = mark_reading.read_marks(clip, keys=shared_keys.mark, segments=True)
    assert marks.agreement == "none" and marks.picture.z < marks.picture.needed_z


# ------------------------------------------------------ stills and sounds
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_still_carries_the_mark(make_still, shared_keys, tmp_path, suffix):
    source, target = make_still(tmp_path / f"a{suffix}"), tmp_path / f"b{suffix}"
    report = marking.mark_still(source, target, settings=MarkSettings(), keys=shared_keys.mark, payload=PAYLOAD)
    assert report.came_back and report.psnr_db > 35
    assert mark_reading.read_still(target, keys=shared_keys.mark.keys).payload == PAYLOAD
    assert mark_reading.read_still(source, keys=shared_keys.mark.keys).state == "none"
    assert mark_reading.read_marks(target, keys=shared_keys.mark).payload == PAYLOAD
    result = checking.check(target, keys=shared_keys, parts=("mark",))
    assert result.marks.payload == PAYLOAD


@pytest.mark.parametrize(
    ("suffix", "rate_hz", "channels", "depth"),
    [
        (".wav", 48_000, 2, "PCM_24"),
        (".flac", 44_100, 1, "PCM_16"),
        (".wav", 96_000, 6, "FLOAT"),
        (".wav", 8_000, 1, "PCM_16"),
    ],
)
def test_a_sound_file_carries_the_mark(shared_keys, tmp_path, suffix, rate_hz, channels, depth):
    source, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    sound = np.repeat(music(8.0, rate_hz=rate_hz), channels, axis=0)
    soundfile.write(source, sound.T, rate_hz, subtype=depth)
    report = marking.mark_sound(source, target, settings=MarkSettings(), keys=shared_keys.mark, payload=PAYLOAD)
    assert report.came_back and report.marks.agreement == "sound only"
    before, after = soundfile.info(source), soundfile.info(target)
    assert (after.samplerate, after.channels, after.frames, after.subtype) == (
        before.samplerate,
        before.channels,
        before.frames,
        before.subtype,
    )
    assert mark_reading.read_sound_file(target, keys=OTHER_KEYS.keys).state == "none"
    result = checking.check(target, keys=shared_keys, parts=("mark",))
    assert result.marks == Marks.of(None, result.marks.sound) and result.marks.payload == PAYLOAD


# ----------------------------------------------------------------- adapters
class Louder:
    """A sound adapter whose mark can be seen without any weights: it makes the sound louder."""

    name, capacity_bits = "audiowmark", 128

    def __init__(self):
        from pipeline.watermark.adapters.interface import ForeignTool

        self.tool = ForeignTool("audiowmark", "9")

    def mark(self, sound, sample_rate_hz, payload):
        return (sound * 1.5).astype(np.float32)

    def read(self, sound, sample_rate_hz):
        from pipeline.watermark.adapters.interface import ForeignReading

        return ForeignReading(self.tool, "read", PAYLOAD, confidence=1.0, sentence="audiowmark carries the id.")


def test_another_makers_mark_goes_in_beside_ours_and_is_read_as_a_hint(clip, shared_keys, tmp_path, monkeypatch):
    from pipeline.config import AdapterSettings
    from pipeline.watermark.adapters import catalogue

    monkeypatch.setattr(catalogue, "open_adapter", lambda _name, **_options: Louder())
    named = (AdapterSettings("audiowmark"),)
    settings = replace(QUICK, mark=MarkSettings(adapters=named))
    path = tmp_path / "out.mp4"
    report = marking.deliver(clip, path, soundtrack=None, settings=settings, keys=shared_keys.mark, payload=PAYLOAD)
    assert report.marks.agreement == "both" and "audiowmark" in report.beside[0]
    before, after = read_audio(clip), read_audio(path)
    assert np.sqrt(np.mean(after**2) / np.mean(before**2)) == pytest.approx(1.5, abs=0.1)
    result = checking.check(path, keys=shared_keys, parts=("mark",), adapters=named)
    [hint] = [one for one in result.verdict.evidence if one.name == "watermark:audiowmark"]
    assert hint.scope == "hint" and "never counted" in hint.reason
    plain = checking.check(path, keys=shared_keys, parts=("mark",))
    assert result.verdict.explanation == plain.verdict.explanation


def test_an_adapter_that_is_not_there_is_told_before_the_work(clip, shared_keys, tmp_path):
    from pipeline.config import AdapterSettings

    settings = replace(QUICK, mark=MarkSettings(adapters=(AdapterSettings("videoseal"),)))
    with pytest.raises(UsageError, match="videoseal|VideoSeal"):
        marking.deliver(clip, tmp_path / "o.mp4", soundtrack=None, settings=settings, keys=shared_keys.mark)
    assert not (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize(("measured", "lowers"), [([99.0], 0), ([88.0, 95.0], 1), ([80.0, 90.0], 2), ([None], 0)])
def test_strength_follows_what_it_is_measured_to_cost(
    silent_clip, shared_keys, tmp_path, monkeypatch, measured, lowers
):
    left = list(measured)
    monkeypatch.setattr(quality, "vmaf", lambda *_arguments, **_options: left.pop(0))
    options = {"soundtrack": None, "settings": QUICK, "keys": shared_keys.mark, "payload": PAYLOAD}
    report = marking.deliver(silent_clip, tmp_path / "a.mp4", **options)
    monkeypatch.setattr(quality, "vmaf", lambda *_arguments, **_options: 100.0)
    plain = marking.deliver(silent_clip, tmp_path / "b.mp4", **options)
    assert not left and (report.strength < plain.strength) == (lowers > 0)
