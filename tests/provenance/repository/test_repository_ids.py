"""Ids are reserved before they are embedded, one file each, and found again by the job that was interrupted."""

from __future__ import annotations

import secrets
import threading
import time

import pytest

from pipeline.errors import CredentialError
from pipeline.provenance.repository import Reserved


def test_an_id_belongs_to_one_job(repository, payload):
    assert repository.reserve(payload, job="a")
    assert repository.reserve(payload, job="a")
    assert not repository.reserve(payload, job="b")
    assert repository.reserved_for("a") == payload
    assert repository.reserved_for("b") is None


@pytest.mark.parametrize(("wrong", "job"), [("12", "a"), ("A" * 16, "a"), ("0" * 16, ""), ("0" * 16, "j" * 201)])
def test_what_is_no_id_is_refused(repository, wrong, job):
    with pytest.raises(ValueError, match="16 hex digits"):
        repository.reserve(wrong, job=job)


def test_the_way_of_an_id(repository, registered, payload):
    one = registered(payload)
    repository.reserve(payload, job="a")
    repository.embedded(payload)
    assert repository.reservation("a") == Reserved(payload, "embedded", "")
    repository.signed(one, payload)
    assert repository.reservation("a") == Reserved(payload, "signed", one.label)
    assert repository.by_binding("io.foleymark.picture.1", payload) == ()
    with pytest.raises(CredentialError, match="before its manifest is published"):
        repository.delivered(payload)
    repository.publish(one.label)
    assert repository.reservation("a") == Reserved(payload, "published", one.label)
    repository.delivered(payload)
    repository.delivered(payload)
    assert repository.reservation("a") is None
    # used up for ever
    assert not repository.reserve(payload, job="a")
    with pytest.raises(CredentialError, match="published with"):
        repository.embedded(payload)


def test_an_id_in_a_manifest_from_elsewhere_is_taken(repository, registered, payload):
    repository.register(registered(payload))
    assert not repository.reserve(payload, job="a")


def test_a_job_that_begins_again_leaves_nothing_of_its_first_attempt(repository, registered, payload):
    first, second = registered(payload), registered(payload)
    repository.reserve(payload, job="a")
    repository.signed(first, payload)
    repository.embedded(payload)
    repository.signed(second, payload)
    assert repository.manifest(first.label) is None
    repository.publish(second.label)
    with pytest.raises(CredentialError, match="published with"):
        repository.signed(registered(payload), payload)
    with pytest.raises(CredentialError, match="sweep may have cleared it"):
        repository.publish(first.label)
    assert repository.verify_receipts().problems == ()


def test_one_of_many_gets_the_id(repository, payload):
    gained: list[bool] = []

    def reserve(job: str) -> None:
        gained.append(repository.reserve(payload, job=job))

    threads = [threading.Thread(target=reserve, args=(f"job {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(gained) == [False] * 7 + [True]


def test_a_sweep_releases_what_nobody_resumed(repository, registered, monkeypatch):
    now, offset_s = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: now() + offset_s[0])
    reserved, embedded, signed, published, delivered, fresh = (secrets.token_hex(8) for _ in range(6))
    one, two, three, loose = registered(signed), registered(published), registered(delivered), registered()
    for name in (reserved, embedded, signed, published, delivered):
        repository.reserve(name, job=name)
    repository.embedded(embedded)
    for registration, name in ((one, signed), (two, published), (three, delivered)):
        repository.signed(registration, name)
    repository.signed(loose)
    repository.publish(two.label)
    repository.publish(three.label)
    repository.delivered(delivered)
    offset_s[0] = 7200.0
    repository.reserve(fresh, job="alive")
    swept = repository.sweep(3600)
    assert (swept.reservations, swept.manifests, swept.undelivered) == (3, 2, (two.label,))
    assert repository.reserved_for("alive") == fresh
    assert [repository.reserved_for(name) for name in (reserved, embedded, signed, published)] == [None] * 4
    assert repository.manifest(one.label) is None and repository.manifest(loose.label) is None
    withdrawn = repository.manifest(two.label)
    assert withdrawn.is_revoked and withdrawn.revoked_reason == "Its file was never delivered."
    assert not repository.manifest(three.label).is_revoked
    with pytest.raises(CredentialError, match="no longer reserved"):
        repository.embedded(embedded)
    assert repository.sweep(3600) == type(swept)(0, 0, ())
    assert repository.verify_receipts().problems == ()
