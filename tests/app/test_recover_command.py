"""The recover command: plain words, times, JSON, and a sidecar that is never written over something else."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from pipeline.app.cli import app
from pipeline.app.recovering import shape_words, write_manifest
from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.reading.reader import read_manifest_bytes
from pipeline.provenance.repository import open_repository
from pipeline.records import Recovery, RecoveryMatch
from tests.recovery_files import Studio, lumas, scene, write


@pytest.fixture(scope="module")
def studio(shared_keys, tmp_path_factory):
    folder = tmp_path_factory.mktemp("studio")
    with open_repository(str(folder / "repository.db")) as repository:
        yield Studio(folder, shared_keys, repository)


@pytest.fixture(scope="module")
def registered(studio):
    path, report = studio.mark(scene(1, frames=45), "sea")
    return path, studio.register(path, report)


@pytest.fixture
def copy(registered, tmp_path):
    return write(tmp_path / "copy.mp4", lumas(registered[0]), crf=26)


@pytest.fixture
def run(studio, monkeypatch):
    monkeypatch.setenv("FOLEYMARK_HOME", str(studio.keys.home))

    def command(*arguments):
        return CliRunner().invoke(
            app, ["recover", *map(str, arguments), "--repository", str(studio.folder / "repository.db")]
        )

    return command


def test_it_says_what_was_found_and_when(copy, run, registered):
    done = run(copy)
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "Watermark, fingerprint and signed manifest agree" in said and registered[1] in said
    assert "0.0 to 3.0 s here are 0.0 to 3.0 s of the registered file" in said


def test_json_is_json(copy, run, registered):
    done = run(copy, "--json")
    data = json.loads(done.stdout)
    assert data["matches"][0]["label"] == registered[1] and data["matches"][0]["state"] == "recovered"
    assert data["matches"][0]["spans"][0]["start_s"] == 0.0


def test_the_manifest_is_written_as_a_sidecar(copy, run, registered):
    assert run(copy, "--sidecar").exit_code == 0
    written = copy.with_suffix(".c2pa").read_bytes()
    assert read_manifest_bytes(written).manifest_label == registered[1]
    # the same again is no harm, another file is
    assert run(copy, "--sidecar").exit_code == 0
    copy.with_suffix(".c2pa").write_bytes(b"mine")
    refused = run(copy, "--sidecar")
    assert isinstance(refused.exception, UsageError) and "--force" in str(refused.exception)
    assert copy.with_suffix(".c2pa").read_bytes() == b"mine"
    assert run(copy, "--sidecar", "--force").exit_code == 0
    assert copy.with_suffix(".c2pa").read_bytes() == written


def test_nothing_is_written_for_a_stranger(run, tmp_path):
    stranger = write(tmp_path / "else.mp4", scene(9, frames=30))
    assert run(stranger).exit_code == 1
    refused = run(stranger, "-o", tmp_path / "else.c2pa")
    assert isinstance(refused.exception, CredentialError) and not (tmp_path / "else.c2pa").exists()


@pytest.mark.parametrize("arguments", [["-o", "a.mp4"], ["-o", "a.c2pa", "--sidecar"]])
def test_a_wrong_output_is_refused_before_the_search(arguments, copy, run):
    assert isinstance(run(copy, *arguments).exception, UsageError)


def test_revoked_credentials_are_not_written(studio, tmp_path):
    match = RecoveryMatch("urn:c2pa:a", "recovered", "said", revoked="on 2026-11-20: sold")
    with pytest.raises(CredentialError):
        write_manifest(tmp_path / "a.c2pa", Recovery(matches=(match,)), studio.repository)


def test_shape_in_words():
    match = RecoveryMatch("a", "similar", "said", is_mirrored=True, crop=(0.7, 0.69), similarity=0.81, distance=55)
    assert shape_words(match) == (
        "mirrored, cropped to 70% of the width and 69% of the height, pictures agree by 0.81, "
        "nearest code 55 of 256 bits off"
    )
