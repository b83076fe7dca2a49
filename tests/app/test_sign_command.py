"""The sign command: one file, a folder, a list; what it says and the code it ends with."""

from __future__ import annotations

import json
import sys

import pytest

from pipeline.app.sign_jobs import plan_jobs
from pipeline.config import SignSettings, load_settings
from pipeline.errors import UsageError
from pipeline.provenance.reading.reader import read_here


@pytest.fixture
def foleymark(shared_keys, monkeypatch, capsys):
    """Call the command; gives (exit code, stdout, stderr)."""

    def call(*arguments, home=shared_keys.home):
        from pipeline.app import cli

        monkeypatch.setenv("FOLEYMARK_HOME", str(home))
        monkeypatch.setenv("COLUMNS", "400")
        monkeypatch.setattr(sys, "argv", ["foleymark", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code or 0
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


@pytest.fixture
def own(shared_keys):
    return shared_keys.trust()


@pytest.fixture
def folder(make_clip, make_still, tmp_path):
    """Five files in a tree: three good ones, one broken, one that is no media."""
    inside = tmp_path / "exports" / "day one"
    inside.mkdir(parents=True)
    make_clip(tmp_path / "exports" / "a.mp4", frames=6)
    make_clip(inside / "b.mkv", frames=6)
    make_still(inside / "c.jpg", width=64, height=48)
    (inside / "broken.mp4").write_bytes(b"no film")
    (inside / "notes.txt").write_text("words")
    (inside / ".hidden.mp4").write_bytes(b"no film")
    return tmp_path / "exports"


def test_everything_one_can_say(foleymark, make_clip, make_still, own, tmp_path):
    clip, art = make_clip(tmp_path / "a.mp4", frames=6), make_still(tmp_path / "art.png", width=64, height=48)
    foleymark("sign", clip, "-o", tmp_path / "shot.mp4", "--generated")
    code, out, _ = foleymark(
        *("sign", clip, "-o", tmp_path / "out" / "b.mp4", "--title", "Forge [bold]", "--author", "Ada"),
        *("--licence", "CC-BY-4.0", "--ai-training", "yes", "--source-type", "digitalCapture"),
        *("--ingredient", tmp_path / "shot.mp4", "--ingredient", art),
    )
    assert code == 0 and "Signed: " in out and "integrity exact" in out
    read = read_here(tmp_path / "out" / "b.mp4", trust=own, thumbnails=True)
    assert (read.title, read.authors, read.licence) == ("Forge [bold]", ("Ada",), "CC-BY-4.0")
    assert {one.wish for one in read.training} == {"allowed"} and read.thumbnail[:2] == b"\xff\xd8"
    parts = {one.title: one for one in read.ingredients}
    assert parts["a.mp4"].digital_source_type.endswith("digitalCapture") and parts["shot.mp4"].has_credentials
    assert parts["art.png"].relationship == "componentOf"


def test_nothing_is_declared_unless_somebody_says_so(foleymark, make_clip, own, tmp_path):
    clip = make_clip(tmp_path / "a.mp4", frames=6)
    code, out, _ = foleymark("sign", clip, "-o", tmp_path / "b.mp4", "--json")
    told = json.loads(out)
    assert code == 0 and told["output"] == str(tmp_path / "b.mp4") and told["sidecar"] is None
    assert not told["declares_ai"] and not told["declares_capture"]
    # its own credentials are carried on
    code, out, _ = foleymark("sign", tmp_path / "b.mp4", "-o", tmp_path / "b.mp4", "--generated", "--json")
    assert code == 0 and json.loads(out)["ingredients"][0]["has_credentials"]


def test_model_of_ones_own(foleymark, make_clip, own, tmp_path):
    clip = make_clip(tmp_path / "a.mp4", frames=6)
    assert foleymark("sign", clip, "-o", tmp_path / "b.mp4", "--model", "toy-1")[0] == 0
    read = read_here(tmp_path / "b.mp4", trust=own)
    assert read.actions[0].action == "c2pa.created" and read.ai_model == "toy-1" and read.ingredients == ()


def test_folder_keeps_its_tree_and_goes_on_after_a_bad_file(foleymark, folder, own, tmp_path):
    code, out, err = foleymark("sign", folder, "-o", tmp_path / "signed", "--author", "Ada")
    assert code == 1 and "3 signed, 1 failed" in out and err == ""
    assert "broken.mp4 could not be signed" in out and ".mkv files have no place" in out
    written = sorted(str(path.relative_to(tmp_path / "signed")) for path in (tmp_path / "signed").rglob("*.*"))
    assert written == ["a.mp4", "day one/b.c2pa", "day one/b.mkv", "day one/c.jpg"]
    for name in ("a.mp4", "day one/b.mkv", "day one/c.jpg"):
        assert read_here(tmp_path / "signed" / name, trust=own).integrity == "exact"
    code, out, _ = foleymark("sign", folder, "-o", tmp_path / "again", "--json")
    told = json.loads(out)
    assert code == 1 and (told["files"], told["signed"], told["failed"]) == (4, 3, 1)
    assert [bool(row["error"]) for row in told["results"]] == [False, False, True, False]


def test_list_of_many(foleymark, folder, make_still, own, tmp_path):
    (tmp_path / "list.yaml").write_text(
        """
author: Ada
ai_training: no
files:
  - {file: exports/a.mp4, output: one/a.mp4, title: One, source_type: digitalCapture,
     ingredients: [exports/day one/c.jpg]}
  - {file: exports/a.mp4, output: two.mp4, ai_training: yes, generated: yes, sidecar: yes, licence: CC0-1.0}
  - exports/gone.mp4
"""
    )
    code, out, _ = foleymark("sign", tmp_path / "list.yaml", "-o", tmp_path / "done")
    assert code == 1 and "2 signed, 1 failed" in out and "There is no file" in out
    one = read_here(tmp_path / "done" / "one" / "a.mp4", trust=own)
    assert (one.title, one.authors, one.origin) == ("One", ("Ada",), "embedded")
    assert {wish.wish for wish in one.training} == {"notAllowed"} and len(one.ingredients) == 2
    two = read_here(tmp_path / "done" / "two.mp4", trust=own)
    assert (two.origin, two.licence, two.declares_ai) == ("sidecar", "CC0-1.0", True)
    assert {wish.wish for wish in two.training} == {"allowed"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("files: [{file: a.mp4, output: ../../b.mp4}]", "lies outside of"),
        ("files: [{file: a.mp4, output: /etc/b.mp4}]", "lies outside of"),
        ("files: [{file: a.mp4, ouput: b.mp4}]", "there is no 'ouput'"),
        ("files: [{file: a.mp4, identity: x.yaml}]", "there is no 'identity'"),
        ("files: [{output: b.mp4}]", "file is missing"),
        ("files: [{file: [1]}]", "file is missing or no text"),
        ("files: [7]", "must be a name"),
        ("files: []", "must list what to sign"),
        ("files: {a: b}", "must list what to sign"),
        ("wrong: 1\nfiles: [a.mp4]", "there is no 'wrong'"),
        ("files: [{file: a.mp4, title: [1]}]", "does not fit"),
        ("files: [{file: a.mp4, sidecar: maybe}]", "sidecar is yes or no"),
        ("files: [{file: a.mp4, source_type: magic}]", "no digital source type: use one of"),
        ("files: [{file: a.mp4, ingredients: x}]", "ingredients is a list"),
        ("files: [{file: a.mp4, ingredients: [{file: b, colour: red}]}]", "there is no 'colour'"),
        ("files: [a.mp4, a.mp4]", "Two files would be written"),
        ("files: [{file: a.mp4, output: x.mp4, sidecar: yes}, {file: a.mkv, output: x.mkv}]", "Two files would be"),
        ("files: &a [*a]", "aliases"),
        ("files: [!!python/object:os.system {}]", "not valid YAML"),
        ("- a", "'name: value'"),
    ],
)
def test_hostile_lists_are_refused(text, words, tmp_path):
    path = tmp_path / "list.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        plan_jobs([path], None, settings=SignSettings())
    assert [one.name for one in tmp_path.iterdir()] == ["list.yaml"]


def test_what_goes_where(tmp_path):
    settings = SignSettings()
    file, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    file.touch()
    other.touch()

    def places(what, output):
        return [job.output for job in plan_jobs(what, output, settings=settings)]

    out = tmp_path / "out"
    out.mkdir()
    assert places([file], out) == [out / "a.mp4"] and places([file], tmp_path / "c.mp4") == [tmp_path / "c.mp4"]
    assert places([file, other], out) == [out / "a.mp4", out / "b.mp4"]
    # what was signed before is not signed again
    (out / "a.mp4").touch()
    assert places([tmp_path], out) == [out / "a.mp4", out / "b.mp4"]
    for what, output, words in (
        ([file], None, "Name it with -o"),
        ([file, other], file, "need a folder"),
        ([tmp_path], tmp_path, "the folder itself"),
        ([out.parent / "out"], tmp_path / "x", None),
    ):
        if words is None:
            assert places(what, output) == [tmp_path / "x" / "a.mp4"]
            continue
        with pytest.raises(UsageError, match=words):
            places(what, output)
    with pytest.raises(UsageError, match="--remote names the credentials of one file"):
        plan_jobs([file, other], out, settings=settings, remote_url="https://a.example/b")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.mp4", "-o", "x.mp4"], 3, "no file"),
        (["{clip}"], 2, "Name it with -o"),
        (["{clip}", "-o", "{tmp}/x.mov"], 4, "does not convert"),
        (["{clip}", "-o", "{tmp}/x.mp4", "--ingredient", "gone.wav"], 3, "no ingredient gone.wav"),
        (["{clip}", "-o", "{tmp}/x.mp4", "--source-type", "magic"], 2, "use one of algorithmicMedia"),
        (["{clip}", "-o", "{tmp}/x.mp4", "--ai-training", "perhaps"], 2, "--ai-training takes yes, no"),
        (["{clip}", "-o", "{tmp}/x.mp4", "--remote", "http://a.example"], 2, "begins with https"),
        (["{clip}", "-o", "{tmp}/x.mp4", "--timestamp-policy", "often"], 2, "required, preferred, off"),
        (["{clip}", "-o", "{tmp}/x.mp4", "--timestamp-policy", "required"], 2, "name an authority"),
        (["{clip}", "-o", "{tmp}/x.mp4", "--identity", "{tmp}/gone.yaml"], (2, 4), "gone.yaml"),
        (["{tmp}/list.txt", "-o", "{tmp}/x.txt"], 4, "are not media"),
    ],
)
def test_sentences_and_codes(foleymark, make_clip, tmp_path, arguments, code, words):
    clip = make_clip(tmp_path / "a.mp4", frames=6)
    (tmp_path / "list.txt").write_text("words")
    filled = [one.format(clip=clip, tmp=tmp_path) for one in arguments]
    ended, out, err = foleymark("sign", *filled)
    assert ended in (code if isinstance(code, tuple) else (code,)) and words in err and out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "list.txt"]


def test_credentials_are_kept_unless_told_not_to(foleymark, make_clip, shared_keys, tmp_path):
    from pipeline.config import RepositorySettings
    from pipeline.registering import open_registry

    clip = make_clip(tmp_path / "a.mp4", frames=48)
    code, out, _ = foleymark("sign", clip, "-o", tmp_path / "b.mp4", "--json")
    kept = json.loads(out)
    code, out, _ = foleymark("sign", clip, "-o", tmp_path / "c.mp4", "--json", "--no-register")
    loose = json.loads(out)
    with open_registry(RepositorySettings(), shared_keys) as repository:
        assert repository.manifest(kept["manifest_label"]).title == "b.mp4"
        assert repository.manifest(loose["manifest_label"]) is None
    # the fingerprint is signed only where somebody could look it up
    assert "io.iscc.v0" in {one["algorithm"] for one in kept["soft_bindings"]} and loose["soft_bindings"] == []


def test_no_keys_is_said_once(foleymark, folder, tmp_path):
    code, out, err = foleymark("sign", folder, "-o", tmp_path / "signed", home=tmp_path / "empty")
    assert code == 4 and "keys init" in err and out == "" and not (tmp_path / "signed").exists()


def test_wishes_in_settings(tmp_path):
    def training(text: str) -> str:
        (tmp_path / "s.yaml").write_text(text)
        return load_settings(file=tmp_path / "s.yaml", environment={}).sign.ai_training

    assert training("sign: {ai_training: no}") == "notAllowed" and training("sign: {ai_training: yes}") == "allowed"
    assert training("sign: {ai_training: 'no'}") == "notAllowed"
    assert training("sign: {ai_training: unspecified}") == "unspecified"
    assert SignSettings().digital_source_type == "trainedAlgorithmicMedia"
    assert SignSettings(source_type="print").digital_source_type == "print"
    assert SignSettings(generated=False).digital_source_type == ""


def test_names_cannot_write_on_the_terminal(foleymark, make_still, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(2):
        make_still(folder / f"\x1b]0;x\x07\u202e{number}.jpg", width=64, height=48)
    for form in ((), ("--json",)):
        code, out, _ = foleymark("sign", folder, "-o", tmp_path / f"out{len(form)}", *form)
        assert code == 0 and out
        assert not set(out) & {"\x1b", "\x07", "\u202e"}
