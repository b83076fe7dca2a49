"""Manifests go in only as they were signed, and come out with who has the better right first."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from benchmarks.small_manifests import new_label, signed_store
from pipeline.errors import CredentialError
from pipeline.provenance.repository import Binding, CodeSegment, open_repository
from pipeline.provenance.repository.claims import FINGERPRINT, MAX_SKETCH_BYTES, SKETCH, registration_of
from pipeline.provenance.signing.authority import init_authority, renew_leaf

PICTURE = "io.foleymark.picture.1"


def test_a_published_manifest_comes_back(repository, registered, payload):
    one = registered(payload, segments=3)
    receipt = repository.register(one)
    found = repository.by_binding(PICTURE, payload.upper())
    assert [(m.label, m.store, m.bindings, m.contested) for m in found] == [(one.label, one.store, one.bindings, False)]
    [stored] = found
    assert (stored.state, stored.visibility, stored.published_at) == ("published", "public", receipt.at)
    assert repository.manifest(one.label) == stored
    assert repository.sketch(one.label) == one.sketch
    rows = repository.segments_of(one.label)
    assert [(r.start_s, r.end_s, r.code) for r in rows] == [(s.start_s, s.end_s, s.code) for s in one.segments]
    assert repository.manifest("urn:c2pa:none") is None and repository.sketch("urn:c2pa:none") == b""


def test_nothing_is_found_before_it_is_published(repository, registered, payload):
    one = registered(payload)
    repository.signed(one)
    assert repository.by_binding(PICTURE, payload) == ()
    assert repository.segments() == repository.segments_of(one.label) == ()
    assert repository.sketch(one.label) == b""
    assert repository.manifest(one.label).state == "signed"
    assert repository.publish(one.label) == repository.publish(one.label)
    assert len(repository.segments()) == 2


def test_segments_are_numbered_in_the_order_of_publication(repository, registered):
    first, second = registered(segments=3), registered(segments=2)
    repository.signed(first)
    repository.register(second)
    seen = repository.segments()
    assert [(row.number, row.label) for row in seen] == [(1, second.label), (2, second.label)]
    repository.publish(first.label)
    assert [(row.number, row.label) for row in repository.segments(after=2)] == [(n, first.label) for n in (3, 4, 5)]
    assert [row.number for row in repository.segments(limit=4)] == [1, 2, 3, 4]


# --------------------------------------------------------------- poisoning
def _claims(one):
    segment = one.segments[0]
    return {
        "another mark": replace(one, bindings=(*one.bindings, Binding(PICTURE, "00" * 8))),
        "a mark's value under another name": replace(
            one, bindings=(Binding("io.foleymark.sound.1", one.bindings[0].value_hex),)
        ),
        "a stretch for the whole": replace(one, bindings=(replace(one.bindings[0], start_s=0.0, end_s=9.0),)),
        "another fingerprint": replace(one, segments=(CodeSegment(segment.start_s, segment.end_s, b"12345678"),)),
        "a fingerprint elsewhere": replace(one, segments=(replace(segment, start_s=1.0),)),
    }


@pytest.mark.parametrize("claim", range(5))
def test_what_does_not_stand_in_the_signed_manifest_is_refused(repository, registered, payload, claim):
    one = registered(payload)
    name, poisoned = list(_claims(one).items())[claim]
    with pytest.raises(CredentialError, match="register only what stands in its signed soft bindings"):
        repository.register(poisoned)
    assert repository.manifest(one.label) is None, name


def test_a_sketch_has_to_be_the_signed_one(repository, identity):
    label, sketch = new_label(), b"what it looks like"
    bindings = {SKETCH: [(hashlib.sha256(sketch).hexdigest(), None)]}
    one = registration_of(signed_store(identity, label=label, bindings=bindings), media_type="image/jpeg")
    with pytest.raises(CredentialError, match="not the signed one"):
        repository.register(replace(one, sketch=b"another"))
    repository.register(replace(one, sketch=sketch))
    assert repository.sketch(label) == sketch


def test_a_damaged_manifest_is_refused(repository, registered, payload):
    one = registered(payload)
    assert one.store.count(PICTURE.encode()) == one.store.count(b"still.jpg") == 1
    for damaged in (
        one.store.replace(PICTURE.encode(), b"io.foleymark.picture.2"),
        one.store.replace(b"still.jpg", b"other.jpg"),
        one.store[:-40],
        b"",
        b"\x00" * 1000,
    ):
        with pytest.raises(CredentialError, match="signature is not intact|cannot be told"):
            repository.register(replace(one, store=damaged))
    assert repository.manifests() == ()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"label": "urn:c2pa:00000000-0000-4000-8000-000000000000"}, "The store holds the manifest"),
        ({"label": "two words"}, "label"),
        ({"media_type": "<b>"}, "media type"),
        ({"tenant": "../x"}, "tenant"),
        ({"visibility": "secret"}, "visibility"),
        ({"bindings": (Binding(PICTURE, "XY"),)}, "small hex"),
        ({"bindings": (Binding("a b", "00"),)}, "algorithm"),
        ({"bindings": (Binding(PICTURE, "00", float("nan"), None),)}, "outside of any film"),
        ({"bindings": (Binding(PICTURE, "00"),) * 1001}, "more than 1000"),
        ({"segments": (CodeSegment(0, 1, b"x"),) * 20_001}, "more than 20000"),
        ({"sketch": bytes(MAX_SKETCH_BYTES + 1)}, "sketch"),
        ({"store": bytes(16_000_001)}, "over 16 MB"),
    ],
)
def test_limits(repository, registered, change, complaint):
    with pytest.raises(CredentialError, match=complaint):
        repository.register(replace(registered(), **change))


def test_a_label_never_gets_other_bytes(repository, registered, payload):
    one = registered(payload)
    other = registered(payload, label=one.label)
    repository.register(one)
    with pytest.raises(CredentialError, match="known with other bytes"):
        repository.register(other)
    assert repository.manifest(one.label).store == one.store
    assert repository.register(one).sequence == 1


# ------------------------------------------------------------ better right
def test_who_comes_later_never_stands_before_the_holder(repository, registered, imitator, payload):
    mine = registered(payload)
    repository.register(mine)
    borrowed = [registered(payload, by=imitator) for _ in range(3)]
    for one in borrowed:
        repository.register(one)
    again = registered(payload)
    repository.register(again)
    found = repository.by_binding(PICTURE, payload)
    assert [m.label for m in found] == [again.label, mine.label, *(one.label for one in borrowed)]
    assert [m.contested for m in found] == [False, False, True, True, True]
    assert [m.label for m in repository.by_binding(PICTURE, payload, limit=1)] == [again.label]


def test_a_revoked_holder_is_not_replaced(repository, registered, imitator, payload):
    mine = registered(payload)
    repository.register(mine)
    repository.revoke(mine.label, "The clip was withdrawn.")
    repository.register(registered(payload, by=imitator))
    first, second = repository.by_binding(PICTURE, payload)
    assert (first.label, first.is_revoked, first.contested) == (mine.label, True, False)
    assert second.contested


def test_who_reserved_an_id_holds_it_even_when_another_publishes_first(repository, registered, imitator, payload):
    repository.reserve(payload, job="a")
    hasty = registered(payload, by=imitator)
    repository.register(hasty)
    mine = registered(payload)
    repository.embedded(payload)
    repository.signed(mine, payload)
    repository.publish(mine.label)
    assert [m.label for m in repository.by_binding(PICTURE, payload)] == [mine.label, hasty.label]


def test_a_renewed_certificate_is_the_same_signer_where_its_root_is_known(address, registered, tmp_path, payload):
    before = init_authority(tmp_path / "keys", organisation="Studio West")
    after = renew_leaf(tmp_path / "keys")
    stores = registered(payload, by=before), registered(payload, by=after)
    with open_repository(address, issuers=(before.root_pem.encode(),)) as repository:
        for one in stores:
            repository.register(one)
        found = repository.by_binding(PICTURE, payload)
    assert [m.contested for m in found] == [False, False]
    assert found[0].signer == found[1].signer


# -------------------------------------------------------------- visibility
def test_revoking_and_hiding_leave_receipts(repository, registered):
    one = registered()
    published = repository.register(one)
    hidden = repository.set_visibility(one.label, "private")
    revoked = repository.revoke(one.label, "wrong\u202e clip")
    assert repository.revoke(one.label, "another reason") == revoked
    assert repository.set_visibility(one.label, "private") == hidden
    assert list(repository.receipts(one.label)) == [published, hidden, revoked]
    stored = repository.manifest(one.label)
    assert (stored.visibility, stored.is_revoked, stored.revoked_reason) == ("private", True, "wrong clip")
    for act in (lambda: repository.revoke("none", "x"), lambda: repository.set_visibility("none", "public")):
        with pytest.raises(CredentialError, match="no published manifest"):
            act()


def test_the_list(repository, registered):
    ones = sorted((replace(registered(), tenant=name) for name in ("a", "b", "a")), key=lambda one: one.label)
    for one in ones:
        repository.register(one)
    assert [m.label for m in repository.manifests()] == [one.label for one in ones]
    assert [m.label for m in repository.manifests(after=ones[0].label, limit=1)] == [ones[1].label]
    assert len(repository.manifests(tenant="a")) == 2
    assert {m.store for m in repository.manifests()} == {b""}


def test_registration_of_takes_all_that_is_signed(registered, payload):
    one = registered(payload, segments=4)
    made = registration_of(one.store, media_type="image/jpeg")
    assert [b.algorithm for b in made.bindings] == [PICTURE, FINGERPRINT]
    assert [(s.start_s, s.end_s) for s in made.segments] == [(0, 2), (2, 4), (4, 6), (6, 8)]
    assert made.label == one.label and made.title == "still.jpg"
    with pytest.raises(CredentialError, match="no C2PA manifest store"):
        registration_of(b"no store", media_type="image/jpeg")
