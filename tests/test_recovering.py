"""Recovering from the real repository: marked, signed and registered clips, and what became of copies of them."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from pipeline import marking, recovering
from pipeline.checking import check
from pipeline.config import EncodeSettings
from pipeline.keys import Keys
from pipeline.media.mux import export
from pipeline.media.probe import probe
from pipeline.provenance.fingerprint import fingerprint_sound, fingerprint_still
from pipeline.provenance.manifest import PICTURE_MARK, SOUND_MARK, Mark, Parent, ProvenancePlan
from pipeline.provenance.repository import open_repository
from pipeline.provenance.repository.claims import registration_of
from pipeline.provenance.signing.sign import sign_media
from tests.recovery_files import Studio, lumas, scene, write


@pytest.fixture(scope="module")
def studio(shared_keys, tmp_path_factory):
    folder = tmp_path_factory.mktemp("studio")
    with open_repository(str(folder / "repository.db")) as repository:
        yield Studio(folder, shared_keys, repository)


@pytest.fixture(scope="module")
def sea(studio):
    """A registered clip: (its file, its report, its label)."""
    path, report = studio.mark(scene(1), "sea")
    return path, report, studio.register(path, report)


@pytest.fixture(scope="module")
def sky(studio):
    """Another one, registered without a mark."""
    path, report = studio.mark(scene(2), "sky")
    plain = write(studio.folder / "sky-plain.mp4", scene(2))
    return plain, studio.register(plain, studio.unmarked(report))


def recover(path, studio):
    return recovering.recover(path, keys=studio.keys, repository=studio.repository)


def test_a_copy_without_metadata_is_recovered(sea, sky, studio, tmp_path):
    path, _, label = sea
    copy = write(tmp_path / "copy.mp4", lumas(path), crf=26)
    found = recover(copy, studio)
    assert found.embedded is None and found.recovered is not None
    match = found.recovered
    assert match.label == label and match.found_by == ("picture", "fingerprint") and match.distance < 30
    assert match.spans[0].end_s == pytest.approx(4.0, abs=0.3)
    assert match.credential.signer == "own" and match.credential.integrity == "recovered"
    assert len(found.matches) == 1


def test_the_file_itself_shows_that_both_are_the_same(sea, studio):
    found = recover(sea[0], studio)
    assert found.embedded is not None and found.embedded.manifest_label == sea[2]
    assert "The credentials in the file are the same." in found.sentences


def test_a_mirrored_part_is_recovered_with_its_times(sea, studio, tmp_path):
    part = [np.ascontiguousarray(one[:, ::-1]) for one in lumas(sea[0])[15:]]
    match = recover(write(tmp_path / "part.mp4", part), studio).recovered
    assert match is not None and match.is_mirrored
    assert match.spans[0].registered_start_s - match.spans[0].start_s == pytest.approx(1.0, abs=0.21)


def test_unmarked_pictures_are_only_similar(sky, studio, tmp_path):
    copy = write(tmp_path / "copy.mp4", [one[:, 12:-12] for one in lumas(sky[0])], crf=30)
    found = recover(copy, studio)
    assert found.recovered is None
    assert [(match.label, match.state) for match in found.matches] == [(sky[1], "similar")]
    assert found.matches[0].credential.binding == "fingerprint"


def test_a_transplanted_mark_is_called_one(sea, studio, tmp_path):
    _, report, label = sea
    target = tmp_path / "other.mp4"
    marking.deliver(
        probe(write(tmp_path / "plain.mp4", scene(7))),
        target,
        soundtrack=None,
        settings=_quick(),
        keys=studio.keys.mark,
        payload=report.payload,
    )
    found = recover(target, studio)
    assert found.recovered is None
    assert [(match.label, match.state) for match in found.matches] == [(label, "transplant")]


def test_a_mark_on_another_registered_clip_names_both(sea, sky, studio, tmp_path):
    target = tmp_path / "sky.mp4"
    marking.deliver(
        probe(sky[0]), target, soundtrack=None, settings=_quick(), keys=studio.keys.mark, payload=sea[1].payload
    )
    states = {match.label: match.state for match in recover(target, studio).matches}
    assert states == {sky[1]: "similar", sea[2]: "transplant"}


def test_a_stranger_finds_nothing(sea, sky, studio, tmp_path):
    found = recover(write(tmp_path / "else.mp4", scene(9)), studio)
    assert found.matches == () and found.recovered is None


def test_without_a_mark_key_nothing_is_called_recovered(sea, studio, tmp_path):
    copy = write(tmp_path / "copy.mp4", lumas(sea[0]), crf=26)
    found = recovering.recover(copy, keys=Keys(tmp_path / "nobody"), repository=studio.repository)
    assert [match.state for match in found.matches] == ["similar"]
    assert "no mark key" in found.sentences[-1]


def test_black_pictures_abstain(sea, studio, tmp_path):
    found = recover(write(tmp_path / "black.mp4", [np.full((240, 320), 16, np.uint8)] * 30), studio)
    assert found.matches == () and "too plain" in found.not_checked[0]


def test_check_tells_the_same(sea, studio, tmp_path):
    copy = write(tmp_path / "copy.mp4", lumas(sea[0]), crf=26)
    result = check(copy, keys=studio.keys, repository=studio.repository)
    assert result.recovery.recovered.label == sea[2]
    assert result.credential.integrity == "recovered"


def test_a_revoked_manifest_is_said_to_be(studio, tmp_path):
    path, report = studio.mark(scene(3), "gone")
    label = studio.register(path, report)
    studio.repository.revoke(label, "sold to another house")
    found = recover(write(tmp_path / "copy.mp4", lumas(path), crf=24), studio)
    assert found.recovered is None and found.matches[0].label == label
    assert "sold to another house" in found.sentences[1]


def test_a_sketch_that_nobody_signed_is_not_believed(sea, studio, monkeypatch, tmp_path):
    forged = studio.repository.sketch(sea[2]) + b" "
    monkeypatch.setattr(type(studio.repository), "sketch", lambda self, label: forged)
    found = recover(write(tmp_path / "copy.mp4", lumas(sea[0]), crf=24), studio)
    # the signed codes speak instead
    assert found.recovered is not None and found.recovered.similarity is None and found.recovered.distance < 30


def test_an_index_on_disk_is_used_when_it_fits(sea, studio, monkeypatch, tmp_path):
    monkeypatch.setattr(recovering, "CACHED_AFTER_ROWS", 1)
    cache = tmp_path / "index.npz"
    first = recovering.open_index(studio.repository, "video", cache=cache)
    assert cache.exists() and len(first)
    cache.write_bytes(b"rubbish")
    assert len(recovering.open_index(studio.repository, "video", cache=cache)) == len(first)
    assert len(recovering.open_index(studio.repository, "video", cache=cache)) == len(first)


# ------------------------------------------------------- stills and sounds
def test_a_still_is_recovered_and_its_transplant_is_not(studio, make_still, tmp_path):
    from PIL import Image

    marked = tmp_path / "still.png"
    source = make_still(tmp_path / "source.png", width=640, height=480)
    report = marking.mark_still(source, marked, settings=_quick().mark, keys=studio.keys.mark)
    label = _registered(studio, marked, fingerprint_still(marked), Mark(PICTURE_MARK, report.payload.hex), "image/png")
    copy = tmp_path / "copy.jpg"
    Image.open(marked).convert("RGB").save(copy, quality=85)
    found = recover(copy, studio)
    assert found.recovered is not None and found.recovered.label == label and found.recovered.distance < 40

    other, moved = tmp_path / "other.png", tmp_path / "moved.png"
    Image.fromarray(scene(8, frames=1, width=640, height=480)[0]).convert("RGB").save(other)
    marking.mark_still(other, moved, settings=_quick().mark, keys=studio.keys.mark, payload=report.payload)
    assert [match.state for match in recover(moved, studio).matches] == ["transplant"]


def test_a_sound_is_recovered_by_its_mark_and_its_print(studio, tmp_path):
    random = np.random.default_rng(5)
    seconds, rate = 12, 48_000
    tones = sum(
        np.sin(2 * np.pi * hz * np.arange(seconds * rate) / rate) * np.repeat(random.random(seconds * 5), rate // 5)
        for hz in (220, 330, 523, 784, 1175, 1760)
    )
    sound = (0.05 * tones + 0.02 * random.normal(0, 1, len(tones))).astype(np.float32)
    soundfile.write(tmp_path / "song.wav", sound, rate)
    marked = tmp_path / "marked.wav"
    report = marking.mark_sound(tmp_path / "song.wav", marked, settings=_quick().mark, keys=studio.keys.mark)
    assert report.came_back
    label = _registered(
        studio, marked, fingerprint_sound(marked), Mark(SOUND_MARK, report.payload.hex, "sound"), "audio/wav"
    )
    copy = tmp_path / "copy.ogg"
    heard, _ = soundfile.read(marked, dtype="float32")
    soundfile.write(copy, heard[rate:], rate)
    found = recover(copy, studio)
    assert found.recovered is not None and found.recovered.label == label
    assert found.recovered.sound_similarity > 0.75


def _quick():
    from tests.recovery_files import QUICK

    return QUICK


def _registered(studio, path, fingerprint, mark, media_type):
    plan = ProvenancePlan(
        title=path.name,
        software_version="1",
        parent=Parent(path.name, media_type=media_type),
        marks=(mark,),
        fingerprint=fingerprint.blocks,
        sketch_sha256=fingerprint.sketch_sha256,
    )
    signed = sign_media(path, path, plan=plan, authority=studio.keys.authority())
    given = registration_of(signed.store, media_type=media_type, title=path.name, sketch=fingerprint.sketch)
    studio.repository.register(given)
    return given.label


def test_pictures_that_are_exported_anew_are_still_found(sea, studio, tmp_path):
    target = tmp_path / "export.mp4"
    export(probe(sea[0]), target, settings=EncodeSettings(preset="ultrafast", crf=28), on_luma=lambda luma: luma)
    assert recover(target, studio).recovered is not None
