"""The command as a person meets it: its own process, exit codes, one sentence per error."""

import json
import os
import subprocess
import sys

import pytest
from recordings_files import hits, rights, texture, write


@pytest.fixture
def foleymark(shared_keys):
    def call(*arguments, home=shared_keys.home, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.app.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, "FOLEYMARK_HOME": str(home), "COLUMNS": "200"},
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return call


def test_help_names_every_command(foleymark):
    text = foleymark("--help").stdout
    for name in ("run", "sound", "cues", "library", "mark", "sign", "check", "keys", "trust", "doctor"):
        assert name in text


def test_help_imports_nothing_heavy():
    heavy = {"torch", "cv2", "av", "numpy", "prefect", "c2pa", "scipy"}
    code = f"import sys, pipeline.app.cli; print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_credentials_check_imports_little(make_clip, tmp_path, shared_keys):
    clip = make_clip(tmp_path / "a.mp4")
    code = (
        "import sys; from pathlib import Path; from pipeline.keys import Keys; from pipeline.checking import check;"
        f"check(Path({str(clip)!r}), keys=Keys(Path({str(shared_keys.home)!r})), parts=('credentials',));"
        "print(sorted(set(sys.modules) & {'torch','cv2','av','numpy','prefect','scipy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["check", "none.mp4"], 3, "No such file"),
        (["sound", "none.mp4", "-o", "x.mp4"], 3, "no file"),
        (["check", "x", "--only", "magic"], 2, "no part"),
        (["sound", "none.mp4", "-o", "x.mkv"], 2, ".mp4 and .mov"),
        (["sign", "none.mp4", "-o", "x.mp4"], 3, "no file"),
        (["run", "none", "-o", "out"], 2, "no file or folder"),
        (["mark", "none.mp4", "-o", "x.mp4", "--id", "12"], 2, "16 hex digits"),
        (["run"], 2, "Missing argument"),
        (["fly"], 2, "No such command"),
    ],
)
def test_errors_have_codes_and_one_sentence(foleymark, arguments, code, words):
    done = foleymark(*arguments, code=code)
    assert words in done.stdout + done.stderr


def test_errors_as_json(foleymark):
    done = foleymark("sound", "none.mp4", "-o", "x.mp4", "--json", code=3)
    assert json.loads(done.stdout)["exit_code"] == 3


def test_missing_keys_are_said_once(foleymark, make_clip, tmp_path):
    clip = make_clip(tmp_path / "a.mp4")
    done = foleymark("mark", clip, "-o", tmp_path / "b.mp4", home=tmp_path / "nobody", code=4)
    assert "keys init" in done.stderr and not (tmp_path / "b.mp4").exists()


def test_keys_life(foleymark, tmp_path):
    home = tmp_path / "h"
    facts = json.loads(foleymark("keys", "init", "--organisation", "Studio X", "--json", home=home).stdout)
    assert facts["organisation"] == "Studio X" and facts["days_left"] > 300
    assert (home / "mark.key").stat().st_mode & 0o077 == 0
    foleymark("keys", "init", home=home, code=4)
    again = json.loads(foleymark("keys", "init", "--if-missing", "--json", home=home).stdout)
    assert again == facts
    renewed = json.loads(foleymark("keys", "renew", "--json", home=home).stdout)
    assert renewed["root_fingerprint"] == facts["root_fingerprint"]
    rotated = json.loads(foleymark("keys", "rotate", "--json", home=home).stdout)
    assert rotated["older_mark_keys"] == [facts["mark_key"]] and rotated["mark_key"] != facts["mark_key"]
    assert "still read" in foleymark("keys", "show", home=home).stdout
    studio = json.loads(foleymark("keys", "init", "--tenant", "studio", "--json", home=home).stdout)
    assert studio["mark_key"] not in (rotated["mark_key"], facts["mark_key"])
    assert studio["root_fingerprint"] == facts["root_fingerprint"]
    foleymark("keys", "show", "--tenant", "../studio", home=home, code=2)


def test_keys_stay_out_of_git_trees(foleymark, tmp_path):
    (tmp_path / ".git").mkdir()
    done = foleymark("keys", "init", home=tmp_path / "keys", code=4)
    assert "git" in done.stderr


def test_sound_cues_and_back(foleymark, make_clip, tmp_path):
    clip = make_clip(tmp_path / "a.mp4", width=320, height=240, frames=48)
    sheet, picture = tmp_path / "a.yaml", tmp_path / "a.png"
    foleymark("cues", clip, "-o", sheet, "--picture", picture, "--prompt", "rain on a street", "--no-music")
    assert "rain" in sheet.read_text() and picture.read_bytes().startswith(b"\x89PNG")
    out = tmp_path / "b.mp4"
    result = json.loads(
        foleymark("sound", clip, "--cues", sheet, "-o", out, "--stems", tmp_path / "s", "--json").stdout
    )
    assert result["cues"] >= 2 and abs(result["loudness"]["integrated_lufs"] + 14) < 0.2
    assert list((tmp_path / "s").rglob("BG.wav")) and out.exists()


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "lib"
    write(folder / "rain heavy.wav", texture(12.0))
    write(folder / "METLImpt_Anvil_AF_FORGE.wav", hits(0.2))
    write(folder / "nobody's hit.wav", hits(0.2))
    rights(folder, "rain*,CC-BY 4.0,Ada Field,Ada's rain", "METL*,CC0,,")
    return folder


def test_edits_survive_a_new_analysis_in_both_forms(foleymark, make_clip, tmp_path):
    clip = make_clip(tmp_path / "a.mp4", width=320, height=240, frames=48)
    sheet = tmp_path / "a.csv"
    first = foleymark("cues", clip, "-o", sheet, "--prompt", "rain on a street")
    assert "cues" in first.stdout and sheet.read_bytes().startswith(b"\xef\xbb\xbf# Foleymark")
    rows = [row for row in sheet.read_text("utf-8-sig").splitlines() if not row.startswith("music-")]
    rain = next(row for row in rows if row.startswith("ambience-rain"))
    rows[rows.index(rain)] = rain.replace(",0.000,", ",0.500,", 1)
    sheet.write_text("\n".join([*rows, "bell,bell/gong,1.0"]), encoding="utf-8")
    said = foleymark("cues", clip, "-o", sheet).stdout
    assert "2 kept as you left them" in said and "1 still deleted" in said
    text = sheet.read_text("utf-8-sig")
    assert (
        "bell/gong" in text and "ambience/rain,0.500" in text and "\nmusic-" not in text and "rain on a street" in text
    )
    # from one form into the other, edits and all
    foleymark("cues", clip, "--cues", sheet, "-o", tmp_path / "a.yaml")
    assert "id: bell" in (tmp_path / "a.yaml").read_text()
    foleymark("cues", clip, "--cues", sheet, "-o", tmp_path / "a.yaml", code=2)
    fresh = json.loads(foleymark("cues", clip, "-o", sheet, "--fresh", "--json").stdout)
    assert "bell/gong" not in {cue["sound"] for cue in fresh["cues"]} and "bell/gong" not in sheet.read_text(
        "utf-8-sig"
    )


@pytest.mark.parametrize(
    "name, content", [("a.yaml", "cues: ["), ("a.csv", "x,y\n1,2\n"), ("a.txt", "notes"), ("a.yaml", "")]
)
def test_what_is_no_sheet_is_not_written_over(foleymark, make_clip, tmp_path, name, content):
    clip = make_clip(tmp_path / "clip.mp4")
    (tmp_path / name).write_text(content)
    foleymark("cues", clip, "-o", tmp_path / name, code=2)
    assert (tmp_path / name).read_text() == content
    foleymark("cues", clip, "-o", clip, "--fresh", code=2)


def test_a_library_is_listed_with_what_is_refused(foleymark, recordings):
    text = " ".join(foleymark("library", recordings).stdout.split())
    assert "2 to use, 1 refused" in text and "nobody's hit.wav" in text and "no licence" in text
    assert "CC-BY-4.0 1" in text and "METAL 1" in text
    data = json.loads(foleymark("library", recordings, "--search", "metal", "--json").stdout)
    assert [one["path"] for one in data["recordings"]] == ["METLImpt_Anvil_AF_FORGE.wav"]
    assert data["refused"][0]["path"] == "nobody's hit.wav"
    foleymark("library", recordings / "none", code=2)
    foleymark("library", recordings, "--policy", "pirate", code=2)


def test_recordings_are_heard_and_asked_for(foleymark, make_clip, recordings, tmp_path):
    clip = make_clip(tmp_path / "a.mp4", width=320, height=240, frames=48)
    sheet, out = tmp_path / "a.yaml", tmp_path / "b.mp4"
    foleymark("cues", clip, "-o", sheet, "--prompt", "rain on a street", "--library", recordings, "--no-music")
    assert "sound: recording/rain heavy.wav" in sheet.read_text() and "author: Ada Field" in sheet.read_text()
    done = foleymark("sound", clip, "--cues", sheet, "-o", out, code=2)
    assert "--library" in done.stderr and not out.exists()
    foleymark("sound", clip, "--cues", sheet, "-o", out, "--library", recordings)
    assert out.exists()
    (recordings / "rain heavy.wav").unlink()
    done = foleymark("sound", clip, "--cues", sheet, "-o", out, "--library", recordings, code=2)
    assert "put it back" in done.stderr
    foleymark("sound", clip, "-o", out, "--library", tmp_path / "none", code=2)


def test_mark_and_check(foleymark, make_clip, tmp_path):
    clip = make_clip(tmp_path / "a.mp4", width=480, height=480, frames=24)
    out = tmp_path / "b.mp4"
    report = json.loads(foleymark("mark", clip, "-o", out, "--id", "1000000000abcdef", "--json").stdout)
    assert report["psnr_db"] > 38
    [result] = json.loads(foleymark("check", out, "--json", "--html", tmp_path / "c.html").stdout)
    assert result["marks"]["payload"]["id"] == 0xABCDEF
    assert "<script" not in (tmp_path / "c.html").read_text()


def test_outputs_never_overwrite_the_source(foleymark, make_clip, tmp_path):
    clip = make_clip(tmp_path / "a.mp4")
    before = clip.read_bytes()
    foleymark("sound", clip, "-o", clip, code=2)
    foleymark("mark", clip, "-o", clip, code=2)
    assert clip.read_bytes() == before


def test_sign_then_fail_on_ai(foleymark, make_clip, tmp_path):
    clip = make_clip(tmp_path / "a.mp4")
    foleymark("sign", clip, "-o", tmp_path / "b.mp4", "--generated", "--title", "Ball", "--author", "Ada")
    foleymark("check", tmp_path / "b.mp4", "--only", "credentials", "--fail-on", "ai", code=10)
    foleymark("check", clip, "--only", "credentials", "--fail-on", "ai", code=0)


def test_sounds_and_stills_are_signed_too(foleymark, tmp_path):
    import cv2
    import numpy as np
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.zeros(4800), 48000)
    cv2.imwrite(str(tmp_path / "b.png"), np.zeros((32, 32, 3), np.uint8))
    for name in ("a.wav", "b.png"):
        out = tmp_path / f"signed-{name}"
        foleymark("sign", tmp_path / name, "-o", out)
        [result] = json.loads(foleymark("check", out, "--only", "credentials", "--json").stdout)
        assert result["credential"]["integrity"] == "exact"


def test_mark_and_explain(foleymark, make_clip, tmp_path):
    clip, out = make_clip(tmp_path / "a.mp4", width=320, height=240, frames=24), tmp_path / "b.mp4"
    said = foleymark("mark", clip, "-o", out, "--id", "1000000000000abc").stdout
    assert "1000000000000abc" in said and "reads back from the picture" in said
    page = tmp_path / "page.html"
    text = foleymark("check", out, "--only", "mark", "--explain", "--html", page).stdout
    assert "needed" in text and "1000000000000abc" in text and "grid" in text
    assert "1000000000000abc" in page.read_text()
    [result] = json.loads(foleymark("check", out, "--only", "mark", "--json").stdout)
    assert result["marks"]["agreement"] == "picture only" and result["marks"]["picture"]["state"] == "read"


def test_mark_a_still(foleymark, make_still, tmp_path):
    still, out = make_still(tmp_path / "a.png"), tmp_path / "b.jpg"
    assert "reads back from the picture" in foleymark("mark", still, "-o", out).stdout
    assert "Foleymark's watermark was read" in foleymark("check", out, "--only", "mark").stdout
    foleymark("mark", still, "-o", still, code=2)


def test_trust_lists(foleymark, tmp_path, shared_keys):
    home = tmp_path / "h"
    foleymark("keys", "init", home=home)
    foleymark("trust", "add", shared_keys.authority_folder / "root.pem", home=home)
    assert "root" in foleymark("trust", "list", home=home).stdout.lower()
    (tmp_path / "x.pem").write_text("nothing")
    foleymark("trust", "add", tmp_path / "x.pem", home=home, code=4)


def test_doctor(foleymark):
    findings = json.loads(foleymark("doctor", "--json").stdout)
    assert all(finding["ok"] for finding in findings)


def test_an_original_sora_clip_in_plain_words(foleymark, corpus):
    clip = corpus / "ai" / "sora" / "examples_onions_sora_2_t2v.mp4"
    text = " ".join(foleymark("check", clip, "--only", "credentials").stdout.split())
    for words in ("Declared AI-made by OpenAI", "intact", "26 May 2025", "expired on 15 April 2026", "trusted"):
        assert words in text
    assert "invalid" not in text.lower()
