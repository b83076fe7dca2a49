"""A reel from its text to the signed film."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.checking import check
from pipeline.config import EncodeSettings, Settings
from pipeline.errors import UsageError
from pipeline.media.audio import read_audio
from pipeline.media.frames import read_frames
from pipeline.media.probe import probe
from pipeline.reel.reading import read_reel
from pipeline.reel.timeline import lay_out
from pipeline.reeling import levelled, make_reel, refuse_own_clip

REEL = """
title: Two scenes
format: 16:9
size: 320x180
clips:
  - clip: first.mp4
    prompt: a hammer strikes a metal anvil
    title: hello
  - clip: second.mp4
    transition: dissolve 0.5
  - card: the end
    seconds: 1
"""
FAST = EncodeSettings(crf=23, preset="ultrafast")


@pytest.fixture
def text(make_clip, tmp_path) -> Path:
    make_clip(tmp_path / "first.mp4", width=320, height=180, frames=48, audio_hz=48_000)
    make_clip(tmp_path / "second.mp4", width=180, height=320, frames=48)
    path = tmp_path / "reel.yaml"
    path.write_text(REEL.replace("size: 320x180\n", ""))
    return path


@pytest.fixture
def finished(text, tmp_path, shared_keys):
    timeline = replace(lay_out(read_reel(text)), size_px=(320, 180))
    output = tmp_path / "out" / "film.mp4"
    output.parent.mkdir()
    result = make_reel(text, timeline, output, settings=Settings(encode=FAST), keys=shared_keys)
    return timeline, output, result


def test_the_film_is_whole_marked_and_signed_and_names_its_clips(finished, shared_keys, tmp_path):
    timeline, output, result = finished
    film = probe(output)
    assert result.state == "done" and result.output == output
    assert film.video.frames == timeline.frames and film.video.upright_size_px == (320, 180)
    assert film.duration_s == pytest.approx(timeline.duration_s, abs=0.05)
    assert result.check is not None and result.check.marks.payload == result.mark.payload
    credential = check(output, keys=shared_keys, parts=("credentials",)).credential
    assert credential.integrity == "exact" and credential.title == "film.mp4"
    clips = [one.title for one in credential.ingredients if one.relationship == "componentOf"]
    assert {"first.mp4", "second.mp4"} < set(clips)
    assert not [one for one in credential.ingredients if one.relationship == "parentOf"]
    names = [action.action for action in credential.actions]
    assert names[0] == "c2pa.created" and "c2pa.addedText" in names and names.count("c2pa.placed") >= 3
    assert credential.declares_ai
    assert not list(output.parent.glob(".*")), "what it was made with is gone"


def test_sound_of_the_clips_stays_and_music_goes_on_to_the_end(finished):

    timeline, output, result = finished
    sound = read_audio(output)
    assert sound.shape[1] == pytest.approx(timeline.duration_s * 48_000, abs=2 * 1024)
    levels = np.sqrt(np.mean(sound[:, : sound.shape[1] // 9 * 9].reshape(2, 9, -1) ** 2, axis=(0, 2)))
    assert (levels[:-1] > 1e-3).all()
    sheet = output.with_suffix(".cues.yaml").read_text()
    assert "clip1-" in sheet and "music/" in sheet


def test_edits_in_the_sheet_of_a_film_stay(text, tmp_path, shared_keys):
    timeline = replace(lay_out(read_reel(text)), size_px=(320, 180))
    output = tmp_path / "film.mp4"
    settings = replace(
        Settings(encode=FAST),
        mark=replace(Settings().mark, enabled=False),
        sign=replace(Settings().sign, enabled=False),
    )
    make_reel(text, timeline, output, settings=settings, keys=shared_keys)
    sheet = output.with_suffix(".cues.yaml")
    prompt = [line for line in sheet.read_text().splitlines() if line.startswith("prompt")]
    sheet.write_text(
        sheet.read_text().replace("level_db: -5.0", "level_db: -7.5").replace("level_db: -12.0", "level_db: -7.5")
    )
    make_reel(text, timeline, output, settings=settings, keys=shared_keys)
    assert "level_db: -7.5" in sheet.read_text()
    assert [line for line in sheet.read_text().splitlines() if line.startswith("prompt")] == prompt


def test_pictures_are_copied_where_nothing_changes_them(make_clip, tmp_path, shared_keys):
    for name in ("a.mp4", "b.mp4"):
        make_clip(tmp_path / name, frames=24)
    path = tmp_path / "reel.yaml"
    path.write_text("clips:\n  - clip: a.mp4\n  - clip: b.mp4\n")
    settings = Settings()
    settings = replace(settings, mark=replace(settings.mark, enabled=False), sign=replace(settings.sign, enabled=False))
    output = tmp_path / "film.mp4"
    make_reel(path, lay_out(read_reel(path)), output, settings=settings, keys=shared_keys)
    shown = [frame.rgb() for frame in read_frames(output)]
    source = [frame.rgb() for name in ("a.mp4", "b.mp4") for frame in read_frames(tmp_path / name)]
    assert len(shown) == 48 and all(np.array_equal(a, b) for a, b in zip(shown, source, strict=True))


def test_a_film_is_not_written_over_its_clips(text):
    with pytest.raises(UsageError, match="one of the reel's clips"):
        refuse_own_clip(lay_out(read_reel(text)), text.parent / "first.mp4")


def test_without_our_sound_the_clips_own_sound_stays(text, tmp_path, shared_keys):

    timeline = replace(lay_out(read_reel(text)), size_px=(320, 180))
    settings = Settings(encode=FAST)
    settings = replace(
        settings,
        sound=replace(settings.sound, enabled=False),
        mark=replace(settings.mark, enabled=False),
        sign=replace(settings.sign, enabled=False),
    )
    output = tmp_path / "film.mp4"
    result = make_reel(text, timeline, output, settings=settings, keys=shared_keys)
    sound = read_audio(output)
    assert result.cues == 0 and np.abs(sound[:, :48_000]).max() > 0.01
    assert np.abs(sound[:, 110_000:140_000]).max() < 1e-3, "the second clip and the card are silent"


def test_no_clip_drowns_the_others(make_clip, tmp_path):
    from pipeline.media.audio import write_wav
    from pipeline.media.mux import export
    from pipeline.sound.mix.loudness import LoudnessMeter

    rng = np.random.default_rng(4)
    picture = probe(make_clip(tmp_path / "p.mp4", frames=72))
    for name, level in (("loud", 0.5), ("soft", 0.02), ("faint", 0.001)):
        noise = (level * rng.standard_normal((2, 144_000))).clip(-1, 1).astype(np.float32)
        write_wav(tmp_path / "s.wav", iter([noise]))
        export(picture, tmp_path / f"{name}.mp4", soundtrack=tmp_path / "s.wav")
    path = tmp_path / "reel.yaml"
    path.write_text(
        "clips: [{clip: loud.mp4, from: 1, sound: -3 dB}, soft.mp4, faint.mp4, {clip: p.mp4, sound: off}]\n"
    )
    loud, soft, faint, off = levelled(lay_out(read_reel(path))).segments
    assert off.part.sound_db is None and faint.part.sound_db == 6.0
    for segment, wanted in ((loud, -26.0), (soft, -23.0)):
        meter = LoudnessMeter(48_000)
        meter.add(read_audio(segment.clip))
        assert meter.integrated_lufs + segment.part.sound_db == pytest.approx(wanted, abs=0.2)


def test_a_film_killed_before_it_had_its_name_is_taken_up(text, tmp_path, shared_keys, monkeypatch):
    from pipeline import finishing

    class Killed(BaseException):
        pass

    def die(_staged, _output):
        raise Killed

    timeline = replace(lay_out(read_reel(text)), size_px=(320, 180))
    output = tmp_path / "film.mp4"
    with monkeypatch.context() as broken, pytest.raises(Killed):
        broken.setattr(finishing, "put_out", die)
        make_reel(text, timeline, output, settings=Settings(encode=FAST), keys=shared_keys)
    assert not output.exists()
    left = json.loads((tmp_path / ".film.mp4.work" / "pending.json").read_text())
    done = make_reel(text, timeline, output, settings=Settings(encode=FAST), keys=shared_keys)
    assert done.manifest_label == left["manifest_label"] and done.sha256_output == left["sha256_output"]
    assert output.exists() and not (tmp_path / ".film.mp4.work").exists()
