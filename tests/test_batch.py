from dataclasses import replace
from pathlib import Path

import pytest
from recordings_files import hits, rights, write

from pipeline import batch, checking, mark_reading
from pipeline.config import EncodeSettings, MarkSettings, Settings, SoundSettings
from pipeline.errors import UsageError
from pipeline.media.probe import probe
from pipeline.records import JobResult, from_json

# fast: these tests are about the job, not about quality
QUICK = Settings(encode=EncodeSettings(preset="veryfast"), sound=SoundSettings(music=False))


def test_find_clips_looks_through_folders_but_not_at_the_output(tmp_path):
    for name in ("a.mp4", "sub/b.MOV", "sub/c.txt", "out/d.mp4", ".hidden.mp4"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = batch.find_clips([tmp_path], output=tmp_path / "out")
    assert [p.name for p in found] == ["a.mp4", "b.MOV"]
    with pytest.raises(UsageError, match="no file"):
        batch.find_clips([tmp_path / "none"], output=tmp_path / "out")
    with pytest.raises(UsageError, match="No video"):
        batch.find_clips([tmp_path / "out"], output=tmp_path / "out")


def test_equal_names_are_told_apart():
    clips = [Path("/x/a/clip.mp4"), Path("/x/b/clip.mp4"), Path("/x/b/clip.mov"), Path("/x/b/clip.mkv")]
    jobs = batch.plan_jobs(clips, output=Path("/o"), container=".mp4")
    outputs = [str(job.output) for job in jobs]
    assert len(set(outputs)) == 4
    assert outputs[:2] == ["/o/a/clip.mp4", "/o/b/clip.mp4"]
    kept = batch.plan_jobs(clips, output=Path("/o"), container="")
    assert [job.output.suffix for job in kept] == [".mp4", ".mp4", ".mov", ".mkv"]


@pytest.fixture(scope="module")
def finished(make_clip, shared_keys, tmp_path_factory):
    folder = tmp_path_factory.mktemp("batch")
    (folder / "in").mkdir()
    source = make_clip(folder / "in" / "ball.mp4", width=320, height=240, frames=48)
    (folder / "in" / "ball.json").write_text('{"prompt": "a steel ball bounces on a stone floor in a hall"}')
    [job] = batch.plan_jobs([source], output=folder / "out", container=".mp4")
    return job, batch.finish_clip(job, settings=QUICK, keys=shared_keys)


def test_a_finished_clip_has_everything(finished, shared_keys):
    job, result = finished
    assert (result.state, result.error) == ("done", "")
    clip = probe(job.output)
    assert clip.audio and clip.video.frames == 48
    assert batch.is_signed(result) and batch.is_marked(result)
    credential = result.check.credential
    assert {"c2pa.opened", "c2pa.placed", "c2pa.mixed", "c2pa.watermarked.bound"} <= {
        a.action for a in credential.actions
    }
    assert credential.soft_bindings[0].value_hex.endswith(result.mark.payload.hex)
    # a rendered pattern is no camera footage and no generator's: only that something is said of it is asserted
    assert result.master_verdict.name in ("inconclusive", "likely_ai")
    assert any(item.name == "fused" and item.applicable for item in result.master_verdict.evidence)
    assert (job.output.with_suffix(".cues.yaml")).read_text().startswith("#")
    assert {p.name for p in job.records.iterdir()} == {
        "analysis.json",
        "clip.json",
        "filmstrip.webp",
        "job.json",
        "plan.json",
    }
    marks = mark_reading.read_marks(job.output, keys=shared_keys.mark)
    assert marks.agreement == "both" and marks.payload == result.mark.payload


def test_the_finished_file_is_declared_ai(finished, shared_keys):
    job, _ = finished
    result = checking.check(job.output, keys=shared_keys)
    assert result.verdict.name == "declared_ai"
    assert result.marks.agreement == "both"


def test_running_again_skips_until_something_changes(finished, shared_keys):
    job, first = finished
    again = batch.finish_clip(job, settings=QUICK, keys=shared_keys)
    assert again.state == "skipped" and again.mark == first.mark
    assert from_json((job.records / "job.json").read_bytes(), JobResult).state == "done"
    # a title changes nothing in the file, a seed does
    wanted = batch._settings_hash(job, QUICK, shared_keys)
    assert batch._settings_hash(job, Settings(**{**QUICK.__dict__, "title": "x"}), shared_keys) == wanted
    other = Settings(**{**QUICK.__dict__, "sound": SoundSettings(music=False, seed=1)})
    assert batch._settings_hash(job, other, shared_keys) != wanted


def test_an_edited_sheet_makes_the_clip_again_and_stays(make_clip, tmp_path, shared_keys, monkeypatch):
    (tmp_path / "in").mkdir()
    source = make_clip(tmp_path / "in" / "ball.mp4", width=192, height=128, frames=24)
    [job] = batch.plan_jobs([source], output=tmp_path / "out", container=".mp4")
    settings = replace(QUICK, mark=MarkSettings(enabled=False))
    assert batch.finish_clip(job, settings=settings, keys=shared_keys).state == "done"
    sheet = job.output.with_suffix(".cues.yaml")
    mine = "cues:\n- sound: bell/gong\n  time_s: 0.5\n  id: mine\n  level_db: 3\n"
    sheet.write_text(sheet.read_text().replace("cues:\n", mine, 1))
    first = job.output.read_bytes()
    again = batch.finish_clip(job, settings=settings, keys=shared_keys)
    assert (again.state, again.error) == ("done", "") and job.output.read_bytes() != first
    assert "id: mine" in sheet.read_text() and "level_db: 3.000" in sheet.read_text()
    assert batch.finish_clip(job, settings=settings, keys=shared_keys).state == "skipped"
    sheet.write_text("cues: [")
    broken = batch.finish_clip(job, settings=settings, keys=shared_keys)
    assert broken.state == "failed" and "cue sheet" in broken.error and sheet.read_text() == "cues: ["


def test_a_changed_library_makes_the_clip_again(finished, shared_keys, home, tmp_path):
    job, _ = finished
    write(tmp_path / "metal hit.wav", hits(0.2))
    settings = replace(QUICK, sound=replace(QUICK.sound, library=str(tmp_path)))
    refused = batch._settings_hash(job, settings, shared_keys)
    rights(tmp_path, "*,CC0,,")
    licensed = batch._settings_hash(job, settings, shared_keys)
    write(tmp_path / "metal hit.wav", hits(0.3))
    assert len({refused, licensed, batch._settings_hash(job, settings, shared_keys)}) == 3


def test_a_damaged_output_is_made_again(finished, shared_keys, monkeypatch):
    job, first = finished
    whole = job.output.read_bytes()
    job.output.write_bytes(whole[:-1])
    ran = []
    monkeypatch.setattr(batch, "finish", lambda *a, **how: ran.append(a) or first)
    assert batch.finish_clip(job, settings=QUICK, keys=shared_keys).state == "done" and ran
    job.output.write_bytes(whole)


def test_a_bad_clip_is_a_result(tmp_path, shared_keys):
    (tmp_path / "bad.mp4").write_bytes(b"no video" * 100)
    [job] = batch.plan_jobs([tmp_path / "bad.mp4"], output=tmp_path / "out", container=".mp4")
    result = batch.finish_clip(job, settings=QUICK, keys=shared_keys)
    assert result.state == "failed" and "not a video" in result.error
    assert not job.output.exists() and not (job.records / "work").exists()


def test_report_and_summary(finished, tmp_path):
    job, result = finished
    bad = JobResult(source=Path("bad.mp4"), state="failed", error="bad.mp4 is empty.")
    page = batch.write_report([result, bad], output=job.output.parent, title="Two <clips>")
    html = page.read_text()
    assert "Two &lt;clips&gt;" in html and "bad.mp4 is empty." in html and "data:image/webp" in html
    assert batch.summary([result, bad]) == {"clips": 2, "done": 1, "skipped": 0, "failed": 1, "signed": 1, "marked": 1}


def test_sign_only_changes_nothing_else(make_clip, tmp_path, shared_keys):
    source = make_clip(tmp_path / "a.mp4", audio_hz=48_000)
    [job] = batch.plan_jobs([source], output=tmp_path / "out", container="")
    result = batch.sign_only(job, settings=Settings(), keys=shared_keys)
    assert result.state == "done" and batch.is_signed(result)
    before, after = probe(source), probe(job.output)
    assert (before.video, before.audio) == (after.video, after.audio)
