"""Delivery end to end: every file, its hash, its sound; complete or not at all; licences; the folder can be moved."""

import json
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
import soundfile

from pipeline import steps
from pipeline.batch import find_clips, finish_clip, plan_jobs
from pipeline.config import DELIVERY_FORMATS, load_settings
from pipeline.delivering import deliver_files
from pipeline.errors import UsageError
from pipeline.files import sha256_file
from pipeline.media.probe import probe
from pipeline.records import Cue, SoundPlan
from pipeline.sound.cuesheet.sheet import load_cues

SETTINGS = load_settings(environment={})
CUES = (
    Cue("hit", "FX-impacts", 0.5, 1.0, "WOOD", "impact/wood", level_db=-3.0),
    Cue("rain", "BG", 0.0, 2.0, "RAIN", "ambience/rain", level_db=-8.0),
)


@pytest.fixture(scope="module")
def made(make_clip, tmp_path_factory):
    """A clip with sound of its own, its plan, stems and mix."""
    folder = tmp_path_factory.mktemp("delivering")
    clip = probe(make_clip(folder / "a clip & ä.mp4", frames=48, audio_hz=48000))
    plan = SoundPlan(clip.duration_s, CUES, markers_s=(1.0,))
    stems, mix = steps.make_sound(clip, plan, folder / "work", settings=SETTINGS.sound, masters=True)
    return clip, plan, stems, mix


@pytest.fixture(scope="module")
def delivered(made, tmp_path_factory):
    """All of it, delivered."""
    folder = tmp_path_factory.mktemp("delivered") / "clip.delivery"
    return folder, deliver_files(*made, folder, settings=SETTINGS)


def test_the_manifest_lists_every_file_with_its_hash(delivered):
    folder, files = delivered
    listed = json.loads((folder / "delivery.json").read_text())["files"]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {one["path"] for one in listed} | {"delivery.json"} == there
    assert {path.relative_to(folder).as_posix() for path in files} == there
    for one in listed:
        assert sha256_file(folder / one["path"]) == one["sha256"]
        assert one["purpose"]
    # nothing else is left beside it
    assert [path.name for path in folder.parent.iterdir()] == ["clip.delivery"]


def test_the_mix_is_the_mix(made, delivered):
    folder, _ = delivered
    mix = made[3]
    whole, _ = soundfile.read(mix.path, dtype="float64")
    (pcm,) = folder.glob("*_mix_24bit.wav")
    (floating,) = folder.glob("*_mix_32float.wav")
    assert np.array_equal(soundfile.read(pcm, dtype="float64")[0], whole)
    assert np.abs(soundfile.read(floating, dtype="float64")[0] - whole).max() < 2**-22
    assert (soundfile.info(pcm).subtype, soundfile.info(floating).subtype) == ("PCM_24", "FLOAT")
    assert pcm.read_bytes()[12:16] == b"bext"


def test_stems_add_up_to_the_mix(made, delivered):
    folder, _ = delivered
    stems = sorted((folder / "stems").iterdir())
    assert [path.stem.rpartition("_")[2] for path in stems] == ["BG", "DX", "FX-impacts"]
    total = sum(soundfile.read(path, dtype="float64")[0] for path in stems)
    mix, limited = soundfile.read(made[3].path, dtype="float64")[0], made[3].loudness.limiting_db
    # where the limiter does nothing they are the mix; it never takes more than it says
    assert np.abs(mix).max() <= np.abs(total).max() + 1e-6
    assert np.abs(total - mix).max() <= np.abs(total).max() * (1 - 10 ** (-limited / 20)) + 1e-6


def test_stems_are_made_again_where_the_mix_left_none(made, tmp_path):
    clip, plan, stems, mix = made
    alone = tmp_path / "mix.wav"
    shutil.copyfile(mix.path, alone)
    files = deliver_files(
        clip, plan, stems, replace(mix, path=alone), tmp_path / "out", formats=("stems",), settings=SETTINGS
    )
    again = next(path for path in files if path.name.endswith("_BG.wav"))
    was = mix.path.with_name("final") / "BG.wav"
    assert np.array_equal(soundfile.read(again)[0], soundfile.read(was)[0])


def test_the_cue_sheet_comes_back(made, delivered):
    folder, _ = delivered
    for suffix in ("yaml", "csv"):
        (sheet,) = folder.glob(f"*_cues.{suffix}")
        assert load_cues(sheet, duration_s=made[0].duration_s).cues == tuple(sorted(CUES, key=lambda cue: cue.time_s))


def test_projects_find_their_sounds_wherever_the_folder_goes(delivered, tmp_path):
    folder, _ = delivered
    for path in folder.rglob("*"):
        if path.is_file():
            assert b".part/" not in path.read_bytes(), path.name
    (xml,) = folder.glob("*.xml")
    urls = {element.text for element in ET.parse(xml).iter("pathurl")}
    assert len(urls) >= 4
    for url in urls:
        assert Path(unquote(urlsplit(url).path)).is_file()
    moved = tmp_path / "somewhere else"
    shutil.copytree(folder, moved)
    (rpp,) = moved.glob("*.rpp")
    names = [line.split('"')[1] for line in rpp.read_text().splitlines() if line.strip().startswith("FILE ")]
    assert len(names) >= 4 and all((moved / name).is_file() and not Path(name).is_absolute() for name in names)
    (otio,) = moved.glob("*.otio")
    text = otio.read_text()
    targets = [line.split('"')[3] for line in text.splitlines() if '"target_url"' in line]
    assert len(targets) >= 4 and all((moved / unquote(target)).is_file() for target in targets)


def test_the_readme_names_what_is_there_and_nothing_else(delivered):
    folder, _ = delivered
    text = (folder / "README.txt").read_text()
    for path in folder.iterdir():
        if path.is_file() and path.name != "README.txt":
            assert path.name in text
    assert "Reaper" in text and "Pro Tools" in text


def test_silence_can_be_delivered_too(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "quiet.mp4", frames=12))
    plan = SoundPlan(clip.duration_s, ())
    stems, mix = steps.make_sound(clip, plan, tmp_path / "work", settings=SETTINGS.sound, masters=True)
    files = deliver_files(clip, plan, stems, mix, tmp_path / "out", settings=SETTINGS)
    assert all(path.is_file() for path in files)
    assert "silent" in (tmp_path / "out" / "README.txt").read_text()


def test_a_batch_passes_over_the_pictures_of_deliveries(delivered, tmp_path):
    folder, _ = delivered
    here = tmp_path / "work"
    shutil.copytree(folder, here / "clip.delivery")
    (here / "media").mkdir()
    (picture,) = (folder / "media").glob("*.mp4")
    shutil.copyfile(picture, here / "media" / "mine.mp4")
    assert find_clips([here], output=tmp_path / "out") == [here / "media" / "mine.mp4"]


def test_the_working_folder_by_its_short_name(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = deliver_files(*made, Path("deep/../here"), formats=("cues",), settings=SETTINGS)
    assert all(path.is_file() for path in files) and files[0].parent == tmp_path / "here"
    with pytest.raises(UsageError, match="no delivery of Foleymark"):
        deliver_files(*made, Path(), formats=("cues",), settings=SETTINGS)


def test_chosen_formats_only(made, tmp_path):
    files = deliver_files(*made, tmp_path / "out", formats=("cues", "rights"), settings=SETTINGS)
    suffixes = {path.name.rpartition("_")[2] for path in files}
    assert suffixes == {
        "README.txt",
        "delivery.json",
        "cues.yaml",
        "cues.csv",
        "rights.html",
        "rights.csv",
        "rights.yaml",
    }
    assert not (tmp_path / "out" / "media").exists()
    assert "Reaper" not in (tmp_path / "out" / "README.txt").read_text()


def test_a_failure_leaves_nothing(made, tmp_path):
    clip, plan, stems, mix = made
    broken = replace(mix, path=tmp_path / "gone.wav")
    with pytest.raises(OSError):
        deliver_files(clip, plan, stems, broken, tmp_path / "out" / "x", formats=("cues", "wav"), settings=SETTINGS)
    assert list((tmp_path / "out").iterdir()) == []


def test_licences_are_looked_at_again(made, tmp_path):
    clip, plan, stems, mix = made
    cue = Cue("c", "BG", 0.0, 1.0, "X", "recording/door.wav", licence="CC-BY-NC-4.0")
    with pytest.raises(UsageError, match=r"door\.wav .*forbids commercial use"):
        deliver_files(clip, replace(plan, cues=(cue,)), stems, mix, tmp_path / "out", settings=SETTINGS)
    with pytest.raises(UsageError, match="forbids commercial use"):
        steps.make_sound(clip, replace(plan, cues=(cue,)), tmp_path / "w", settings=SETTINGS.sound)
    assert not (tmp_path / "out").exists()


def test_unknown_formats_are_named(made, tmp_path):
    with pytest.raises(UsageError, match="'protools'"):
        deliver_files(*made, tmp_path / "out", formats=("protools",), settings=SETTINGS)
    with pytest.raises(UsageError, match="'protools'"):
        load_settings(environment={}, arguments={"deliver": {"formats": ["protools"]}})


def test_settings():
    assert SETTINGS.deliver.wanted == ()
    every = load_settings(environment={}, arguments={"deliver": {"formats": ["all"]}})
    assert every.deliver.wanted == DELIVERY_FORMATS
    some = load_settings(environment={}, arguments={"deliver": {"formats": ["rights", "wav"]}})
    assert some.deliver.wanted == ("wav", "rights")
    with pytest.raises(UsageError, match=r"sound\.enabled"):
        load_settings(environment={}, arguments={"deliver": {"formats": ["wav"]}, "sound": {"enabled": False}})


def test_a_batch_delivers_beside_each_clip_and_never_over_edits(make_clip, shared_keys, tmp_path):
    clip = make_clip(tmp_path / "a.mp4", frames=12)
    off = {"enabled": False}
    asked = {"deliver": {"formats": ["cues", "rights"]}, "sound": {"music": False}}
    settings = load_settings(environment={}, arguments=asked | {"mark": off, "sign": off, "repository": off})
    (job,) = plan_jobs([clip], output=tmp_path / "out", container=".mp4")
    assert finish_clip(job, settings=settings, keys=shared_keys).state == "done"
    folder = tmp_path / "out" / "a.delivery"
    assert (folder / "a_rights.csv").is_file() and (folder / "a_cues.yaml").is_file()
    assert finish_clip(job, settings=settings, keys=shared_keys).state == "skipped"
    (folder / "a_rights.csv").write_text("corrected by hand")
    other = replace(settings, sound=replace(settings.sound, seed=7))
    refused = finish_clip(job, settings=other, keys=shared_keys)
    assert refused.state == "failed" and "a_rights.csv" in refused.error
    assert (folder / "a_rights.csv").read_text() == "corrected by hand"
