"""Who signed is told by key; what could be read in two ways is not read at all."""

from __future__ import annotations

import pytest

from pipeline.errors import CredentialError
from pipeline.provenance.repository.signers import _cbor, _chain, signer_of


def test_an_organisations_name_is_not_who_signed(registered, identity, imitator):
    mine, also_mine, his = registered(), registered(), registered(by=imitator)
    assert identity.organisation == imitator.organisation
    one, two, three = (signer_of(r.store, r.label) for r in (mine, also_mine, his))
    assert one == two != three


def test_a_root_counts_only_for_what_it_issued(registered, identity, imitator):
    one = registered()
    own, other = identity.root_pem.encode(), imitator.root_pem.encode()
    alone = signer_of(one.store, one.label)
    assert signer_of(one.store, one.label, issuers=(other,)) == alone
    assert signer_of(one.store, one.label, issuers=(other + own,)) != alone


def test_another_label_or_half_a_store_tells_nothing(registered):
    one = registered()
    for store, label in ((one.store, "urn:c2pa:none"), (one.store[:200], one.label), (b"", one.label), (b"jumb", "x")):
        with pytest.raises(CredentialError, match="cannot be told"):
            signer_of(store, label)


def test_two_manifests_of_one_name_tell_nothing(registered):
    one = registered()
    size = 8 + int.from_bytes(one.store[8:12], "big")
    inside = one.store[size:]
    doubled = one.store[8:size] + inside + inside
    with pytest.raises(CredentialError, match="2 manifests"):
        signer_of((8 + len(doubled)).to_bytes(4, "big") + b"jumb" + doubled, one.label)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\xa2\x01\x02\x01\x03", "given twice"),
        (b"\x9f\x01\xff", "no stated length"),
        (b"\x5a\x7f\xff\xff\xff", "cut off"),
        (b"\x9a\x7f\xff\xff\xff", "cut off"),
        (b"\x58", "cut off"),
        (b"\x81" * 40 + b"\x00", "not plain"),
    ],
)
def test_hostile_cbor(data, complaint):
    with pytest.raises(ValueError, match=complaint):
        _cbor(data, 0)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        # a chain in both headers: which one is read depends on the reader
        (b"\x84\x44\xa1\x18\x21\x40\xa1\x18\x21\x40\xf6\x40", "2 certificate chains"),
        (b"\x84\x40\xa0\xf6\x40", "0 certificate chains"),
        (b"\x84\x44\xa1\x18\x21\x80\xa0\xf6\x40", "are not there"),
        (b"\x84\x40\xa0\xf6\x40\x00", "no COSE"),
        (b"\x01", "no COSE"),
    ],
)
def test_ambiguous_signatures(message, complaint):
    with pytest.raises(ValueError, match=complaint):
        _chain(message)
