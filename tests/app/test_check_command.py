"""`foleymark check`: options, addresses, exit codes, and what people and programs are told."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import checking
from pipeline.app import addresses
from pipeline.records import CheckResult
from tests.report import made_checks


@pytest.fixture
def answered(monkeypatch):
    """Stands in for the check itself: says what it was asked, and answers with a made-up result."""
    asked: list[dict] = []

    def check(path: Path, **options) -> CheckResult:
        asked.append({"path": path, "content": path.read_bytes(), **options})
        return replace(check.result, path=path, clip=None)

    check.result, check.asked = made_checks.make_measured(), asked
    monkeypatch.setattr(checking, "check", check)
    return check


@pytest.fixture
def site(tmp_path):
    """An address of a folder on this machine; what lies in it is fetched from there."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/to/"))
                self.end_headers()
            else:
                super().do_GET()

    folder = tmp_path / "site"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42 not looked into")
    return path


# -------------------------------------------------------------- addresses
def test_nothing_is_fetched_unless_allowed(foleymark, answered, site, clip):
    address, folder = site
    (folder / "b.mp4").write_bytes(clip.read_bytes())
    said = foleymark("check", clip, f"{address}/b.mp4", "--sandbox", code=2)
    assert "add --allow-network" in said and said.count(".") >= 1 and answered.asked == []


def test_a_fetched_file_is_checked_and_gone(foleymark, answered, site, clip):
    address, folder = site
    (folder / "b.mp4").write_bytes(clip.read_bytes())
    [found] = json.loads(foleymark("check", f"{address}/b.mp4?x=1", "--allow-network", "--sandbox", "--json"))
    [asked] = answered.asked
    assert asked["content"] == clip.read_bytes() and asked["path"].name == "b.mp4" and not asked["path"].exists()
    assert found["address"] == f"{address}/b.mp4?x=1" and found["path"] == "b.mp4"
    assert len(found["sha256"]) == 64


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("picture.mp4", b"\x89PNG\r\n\x1a\n....", "picture.png"),
        ("download", b"RIFF....WEBPxxxx", "download.webp"),
        ("sound.php", b"fLaCxxxx", "sound.flac"),
        ("clip.jpg", b"\0\0\0\x18ftypmp42", "clip.mp4"),
        ("strange.jpg", b"nothing known", "strange.mp4"),
        ("a.MOV", b"nothing known", "a.mov"),
        ("%2e%2e%2f%00x%1b.mp4", b"nothing known", "_x_.mp4"),
    ],
)
def test_the_content_names_the_kind(site, tmp_path, name, content, kept):
    path = tmp_path / "fetched"
    path.write_bytes(content)
    assert addresses._name(f"https://a.example/{name}", path) == kept


def test_what_cannot_be_fetched_does_not_stop_the_rest(foleymark, answered, site, clip):
    address, folder = site
    (folder / "page").write_text("\n<!DOCTYPE html><title>watch</title>")
    found = json.loads(
        foleymark(
            *("check", f"{address}/none.mp4", f"{address}/page", f"{address}/to/http://10.1.2.3/a.mp4", clip),
            *("https://192.168.0.7/a.mp4", "ftp://a.example/a.mp4", "--allow-network", "--sandbox", "--json"),
            code=3,
        )
    )
    said = ["404", "is a web page", "is not fetched", "", "private network", "only plain https"]
    assert len(found) == 6 and all(words in one["error"] for words, one in zip(said, found, strict=True))
    assert [one["verdict"]["name"] for one in found] == ["error"] * 3 + ["likely_ai"] + ["error"] * 2
    assert len(answered.asked) == 1


def test_this_machine_is_not_fetched_from_outside_a_sandbox(foleymark, answered, site):
    [found] = json.loads(foleymark("check", f"{site[0]}/a.mp4", "--allow-network", "--json", code=3))
    assert "only plain https" in found["error"] and answered.asked == []


def test_what_is_too_large_is_left_there(site, tmp_path):
    address, folder = site
    (folder / "big.mp4").write_bytes(b"x" * 5000)
    with (
        pytest.raises(addresses.UnreadableInput, match="larger than 4000 bytes"),
        addresses.fetched(f"{address}/big.mp4", local=True, max_bytes=4000),
    ):
        pass


# ---------------------------------------------------------------- options
@pytest.mark.parametrize(("options", "asked"), [((), "normal"), (("--fast",), "fast"), (("--thorough",), "thorough")])
def test_how_thoroughly(foleymark, answered, clip, options, asked):
    foleymark("check", clip, *options)
    assert answered.asked[0]["thoroughness"] == asked


def test_fast_and_thorough_exclude_each_other(foleymark, answered, clip):
    assert "exclude each other" in foleymark("check", clip, "--fast", "--thorough", code=2)


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [
        *(("ai", 10), ("likely_ai", 10), ("declared_ai, likely-ai", 10), ("inconclusive,likely_ai", 10)),
        *(("declared_ai", 0), ("inconclusive", 0), ("fake", 2), ("", 2), ("ai,", 2)),
    ],
)
def test_fail_on_verdicts(foleymark, answered, clip, fail_on, code):
    said = foleymark("check", clip, "--fail-on", fail_on, code=code)
    assert code != 2 or "likely_ai" in said


def test_an_unreadable_neighbour_does_not_hide_what_was_found(foleymark, answered, clip):
    foleymark("check", clip, "ftp://a.example/a.mp4", "--allow-network", "--fail-on", "ai", code=10)
    foleymark("check", clip, "ftp://a.example/a.mp4", "--allow-network", "--fail-on", "error", code=10)
    foleymark("check", clip, "ftp://a.example/a.mp4", "--allow-network", code=3)


# ----------------------------------------------------------- what is said
def test_json_holds_everything_but_pictures(foleymark, answered, clip):
    [found] = json.loads(foleymark("check", clip, "--json"))
    by_name = {(one["name"], one["scope"]): one for one in found["verdict"]["evidence"]}
    assert len(by_name["patches", "content"]["curve"]) == 40 and by_name["faces", "moment"]["raw"] == {"score": 0.62}
    assert not any(one["picture"] for one in by_name.values())
    [found] = json.loads(foleymark("check", clip, "--json", "--pictures"))
    assert sum(one["picture"].startswith("data:image/png") for one in found["verdict"]["evidence"]) == 4


def test_people_are_told_in_lines(foleymark, answered, clip, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    text = " ".join(foleymark("check", clip).split())
    for part in (
        *("likely_ai", "This is an estimate and can be wrong", "7.1 to 1 for generated yes", "less (quality)"),
        *("does not apply Faces were not judged", "sets limits", "Hint, never counted: dinov2 (your encoder)"),
        *("Worth a look", "1. from 1.6 s to 2.1 s, lower right", "Not checked: The sound was not measured"),
    ):
        assert part in text, part


def test_hostile_words_do_not_act_on_the_terminal(foleymark, answered, clip):
    bad = "\x1b[2J[red]x[/]\u202e"
    verdict = answered.result.verdict
    evidence = tuple(replace(one, name=bad, sentence=bad, reason=bad) for one in verdict.evidence)
    verdict = replace(verdict, headline=bad, explanation=bad, evidence=evidence, not_checked=(bad,))
    answered.result = replace(answered.result, verdict=verdict)
    text = foleymark("check", clip)
    assert "\x1b" not in text and "\u202e" not in text and "[red]" in text


def test_the_page_is_written_whole(foleymark, answered, site, clip, tmp_path):
    address, folder = site
    (folder / "b.mp4").write_bytes(clip.read_bytes())
    page = tmp_path / "out" / "page.html"
    foleymark("check", clip, f"{address}/b.mp4", "--allow-network", "--sandbox", "--html", page)
    text = page.read_text()
    assert text.count("<article") == 2 and f"{address}/b.mp4" in text and "Likely AI-made" in text


def test_a_folder_gives_its_media(foleymark, answered, tmp_path):
    for name in ("a.mp4", "b.png", "c.wav", "notes.txt", ".hidden.mp4"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"x")
    foleymark("check", tmp_path / "in")
    assert [one["path"].name for one in answered.asked] == ["a.mp4", "b.png", "c.wav"]
    (tmp_path / "empty").mkdir()
    assert "No video, still or sound" in foleymark("check", tmp_path / "empty", code=2)
