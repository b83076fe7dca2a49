"""The command as a person meets it: its own process, exit codes, one sentence per error."""

import json
import os
import subprocess
import sys

import pytest


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
    for name in ("run", "sound", "cues", "mark", "sign", "check", "keys", "trust", "doctor"):
        assert name in text


def test_help_imports_nothing_heavy():
    heavy = {"torch", "cv2", "av", "numpy", "prefect", "c2pa", "scipy"}
    code = f"import sys, pipeline.app.cli; print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_credentials_check_imports_little(make_clip, tmp_path, shared_keys):
    clip = make_clip(tmp_path / "a.mp4")
    code = (
        "import sys; from pathlib import Path; from pipeline.steps import Keys, check;"
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


def test_mark_and_check(foleymark, make_clip, tmp_path):
    clip = make_clip(tmp_path / "a.mp4", width=480, height=480, frames=24)
    out = tmp_path / "b.mp4"
    report = json.loads(foleymark("mark", clip, "-o", out, "--id", "1000000000abcdef", "--json").stdout)
    assert report["psnr_db"] > 38
    [result] = json.loads(foleymark("check", out, "--json", "--html", tmp_path / "c.html").stdout)
    assert result["mark"]["payload"]["id"] == 0xABCDEF
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
