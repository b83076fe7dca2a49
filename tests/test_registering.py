"""What is delivered is published, and what is published is delivered, wherever a job is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import batch, registering
from pipeline.config import RepositorySettings, Settings, SignSettings
from pipeline.errors import CredentialError, UsageError
from pipeline.keys import Keys
from pipeline.provenance.reading.reader import read_credential
from pipeline.provenance.signing.authority import init_authority
from pipeline.registering import job_of, open_registry, sign_registered
from pipeline.signing import identity_of
from pipeline.watermark.keys import create_keys

ON = RepositorySettings()
STEPS = ["reserved", "embedded", "signed file", "written down", "signed", "published", "named", "delivered"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> Keys:
    made = Keys(tmp_path_factory.mktemp("registering") / "home")
    create_keys(made.mark_path)
    init_authority(made.authority_folder, organisation="Test Studio")
    return made


@pytest.fixture(scope="module")
def killed(make_clip, keys, tmp_path_factory):
    """A clip finished once for each step, killed after it and taken up again."""
    folder = tmp_path_factory.mktemp("killed")
    clip = make_clip(folder / "clip.mp4", width=128, height=96, frames=12)
    (folder / "out").mkdir()
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("killed_jobs.py")),
            str(keys.home),
            str(clip),
            str(folder / "out"),
        ],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "out", json.loads(done.stdout)


@pytest.mark.parametrize("step", STEPS)
def test_a_job_killed_after_any_step_is_finished_by_the_next(killed, keys, step):
    folder, became = killed
    one, output = became[step], folder / f"{step}.mp4"
    assert (one["killed"], one["state"]) == (-signal.SIGKILL, "done"), one["error"]
    # a name is given only to what is published
    assert one["delivered_by_then"] == (step in ("named", "delivered"))
    with open_registry(ON, keys) as repository:
        credential = read_credential(output, trust=keys.trust())
        assert credential.integrity == "exact" and credential.manifest_label == one["label"]
        stored = repository.manifest(one["label"])
        assert (stored.state, stored.is_revoked) == ("published", False)
        assert [r.entry_hash for r in repository.receipts(one["label"])] == [one["receipt"]]
        assert repository.reservation(job_of(output)) is None
        if one["payload"]:
            [found] = repository.by_binding("io.foleymark.picture.1", one["payload"])
            assert found.label == one["label"]
    left = {path.name for path in (folder / "records" / step).iterdir()}
    assert left == {"analysis.json", "clip.json", "filmstrip.webp", "job.json"}


def test_nothing_dangles_after_all_these_kills(killed, keys):
    _, became = killed
    with open_registry(ON, keys) as repository:
        # each job came to one manifest, and none was published for nothing
        mine = {one["label"] for one in became.values()}
        assert mine <= {one.label for one in repository.manifests()}
        swept = repository.sweep(0)
        assert (swept.reservations, swept.manifests, swept.undelivered) == (0, 0, ())
        assert repository.verify_receipts().problems == ()


def test_a_batch_clip_can_be_found_again(killed, keys):
    folder, became = killed
    with open_registry(ON, keys) as repository:
        stored = repository.manifest(became["published"]["label"])
        assert {b.algorithm for b in stored.bindings} >= {"io.iscc.v0"}
        assert repository.sketch(stored.label)
        assert repository.segments_of(stored.label)


# ----------------------------------------------------------------- exports
def signed_copy(source: Path, output: Path, keys: Keys, repository: RepositorySettings = ON):
    settings = SignSettings(generated=False)
    return sign_registered(
        source, output, settings=settings, repository=repository, keys=keys, identity=identity_of(settings, keys)
    )


def test_an_export_is_signed_and_registered(make_still, keys, tmp_path):
    source = make_still(tmp_path / "still.jpg", width=320, height=200)
    signed = signed_copy(source, tmp_path / "out.jpg", keys)
    assert signed.path == tmp_path / "out.jpg" and signed.path.exists()
    with open_registry(ON, keys) as repository:
        stored = repository.manifest(signed.credential.manifest_label)
    assert (stored.state, stored.store, stored.media_type) == ("published", signed.store, "image/jpeg")
    assert {one.name for one in tmp_path.iterdir()} == {"still.jpg", "out.jpg"}


def test_an_export_without_repository_is_only_signed(make_still, tmp_path):
    own = Keys(tmp_path / "home")
    init_authority(own.authority_folder, organisation="Test Studio")
    source = make_still(tmp_path / "still.jpg", width=64, height=48)
    signed = signed_copy(source, source, own, RepositorySettings(enabled=False))
    assert signed.credential.integrity == "exact" and not signed.credential.soft_bindings
    assert not (own.home / registering.FILE_NAME).exists()


def test_an_export_that_cannot_be_put_in_place_is_revoked(make_still, keys, tmp_path, monkeypatch):
    source, output = make_still(tmp_path / "still.jpg", width=64, height=48), tmp_path / "out.jpg"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr(registering, "put_out", full)
        signed_copy(source, output, keys)
    assert not output.exists()
    with open_registry(ON, keys) as repository:
        assert repository.reservation(job_of(output)) is None
        newest = list(repository.receipts())[-1]
        assert (newest.action, newest.detail) == ("revoke", "Its file was never delivered.")
    assert signed_copy(source, output, keys).path == output


@pytest.mark.parametrize("named", [False, True])
def test_an_export_killed_after_publication(make_still, keys, tmp_path, monkeypatch, named):
    source, output = make_still(tmp_path / "still.jpg", width=64, height=48), tmp_path / "out.jpg"

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    # a BaseException passes by everything that would tidy up after an error, as a kill does
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(registering.Registrar, "delivered", die) if named else patched.setattr(
            registering, "put_out", die
        )
        signed_copy(source, output, keys)
    assert output.exists() == named
    with open_registry(ON, keys) as repository:
        first = repository.reservation(job_of(output)).label
        second = signed_copy(source, output, keys).credential.manifest_label
        # the one whose file had its name stays, the other is revoked
        assert repository.manifest(first).is_revoked == (not named)
        assert not repository.manifest(second).is_revoked and repository.reservation(job_of(output)) is None


# ------------------------------------------------------------------ batches
def test_changed_settings_withdraw_what_was_published_and_not_delivered(make_clip, keys, tmp_path, monkeypatch):
    from killed_jobs import QUICK

    source = make_clip(tmp_path / "a.mp4", width=128, height=96, frames=12)
    [job] = batch.plan_jobs([source], output=tmp_path / "out", container=".mp4")
    with monkeypatch.context() as patched:
        patched.setattr("pipeline.finishing.put_out", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        assert batch.finish_clip(job, settings=QUICK, keys=keys).state == "failed"
    with open_registry(ON, keys) as repository:
        first = repository.reservation(job_of(job.output)).label
        other = replace(QUICK, sign=SignSettings(author="Somebody else"))
        result = batch.finish_clip(job, settings=other, keys=keys)
        assert result.state == "done" and result.manifest_label != first
        assert repository.manifest(first).revoked_reason == "Its file was never delivered."


def test_a_repository_that_cannot_be_used_fails_the_clip_and_not_the_batch(make_clip, keys, tmp_path):
    source = make_clip(tmp_path / "a.mp4", width=128, height=96, frames=4)
    (tmp_path / "no.db").write_text("this is not a database" * 40)
    settings = Settings(repository=RepositorySettings(url=str(tmp_path / "no.db")))
    [job] = batch.plan_jobs([source], output=tmp_path / "out", container=".mp4")
    result = batch.finish_clip(job, settings=settings, keys=keys)
    assert result.state == "failed" and "repository" in result.error and not job.output.exists()
    with pytest.raises(CredentialError, match="not a database"):
        open_registry(settings.repository, keys)


def test_a_link_stays_and_what_it_leads_to_is_signed(make_still, keys, tmp_path):
    real = make_still(tmp_path / "real.jpg", width=64, height=48)
    (tmp_path / "link.jpg").symlink_to(real)
    signed = signed_copy(tmp_path / "link.jpg", tmp_path / "link.jpg", keys)
    assert (tmp_path / "link.jpg").is_symlink() and signed.path == real
    assert read_credential(real).manifest_label == signed.credential.manifest_label


def test_a_file_without_place_for_credentials_gets_them_beside_it(make_clip, keys, tmp_path):
    source = make_clip(tmp_path / "in.mkv", width=128, height=96, frames=12)
    signed = signed_copy(source, tmp_path / "out.mkv", keys)
    assert signed.sidecar == tmp_path / "out.c2pa" and signed.sidecar.read_bytes() == signed.store
    assert (tmp_path / "out.mkv").read_bytes() == source.read_bytes()
    with open_registry(ON, keys) as repository:
        stored = repository.manifest(signed.credential.manifest_label)
    assert stored.state == "published" and {b.algorithm for b in stored.bindings} >= {"io.iscc.v0"}


# --------------------------------------------------------------------- marks
def test_an_id_that_another_file_carries_is_not_embedded_again(killed, keys, make_still, tmp_path):
    from pipeline.app.marking import mark_file

    source = make_still(tmp_path / "still.png", width=320, height=240)
    taken = killed[1]["embedded"]["payload"]
    for mark_id, refused in ((taken, True), ("1000000012345678", False)):
        how = {"mark_id": mark_id, "settings": Settings(), "keys": keys, "console": None}
        if refused:
            with pytest.raises(UsageError, match="belongs to another file"):
                mark_file(source, tmp_path / "out.png", **how)
        else:
            assert mark_file(source, tmp_path / "out.png", **how).payload.hex == mark_id


def test_an_export_that_was_marked_before_is_found_by_its_mark(make_clip, keys, tmp_path):
    from pipeline.config import MarkSettings, Settings
    from pipeline.marking import deliver
    from pipeline.media.probe import probe
    from pipeline.provenance.manifest import PICTURE_MARK

    clip = make_clip(tmp_path / "clip.mp4", width=480, height=480, frames=24)
    report = deliver(
        probe(clip), tmp_path / "marked.mp4", soundtrack=None, settings=Settings(mark=MarkSettings()), keys=keys.mark
    )
    assert report.came_back
    signed = signed_copy(tmp_path / "marked.mp4", tmp_path / "signed.mp4", keys)
    assert any(
        (one.algorithm, one.value_hex) == (PICTURE_MARK, report.payload.hex) for one in signed.credential.soft_bindings
    )
    # it was put there before this file was opened
    assert not any("watermarked" in action.action for action in signed.credential.actions)
    with open_registry(ON, keys) as repository:
        (found,) = repository.by_binding(PICTURE_MARK, report.payload.hex)
    assert found.label == signed.credential.manifest_label
