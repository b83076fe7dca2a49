"""The lint on chains beside the SDK: order, gaps, roots and the issuers themselves."""

from __future__ import annotations

import pytest
from certificate_recipes import AUTHORITY, Recipe, rules
from cryptography.hazmat.primitives import hashes

from pipeline.provenance.signing.algorithms import sign_with
from pipeline.provenance.signing.certificates import pem_of
from pipeline.provenance.signing.lint import lint


@pytest.fixture(scope="session")
def middle(root):
    return Recipe(common="middle", **AUTHORITY).issue(root)


def test_chain_with_an_intermediate(root, middle, sdk_trusts):
    leaf = Recipe().issue(middle)
    chain = [leaf.certificate, middle.certificate]
    assert lint(chain, leaf.key.public_key(), root=root.certificate) == ()
    assert rules(lint(chain), "warning") == {"root-unknown"}
    assert sdk_trusts(chain, leaf.key, root.certificate)


def test_missing_intermediate(root, middle, sdk_trusts):
    leaf = Recipe().issue(middle)
    found = lint([leaf.certificate], root=root.certificate)
    assert rules(found) == {"wrong-root"} and "'middle' is missing" in found[0].message
    assert not sdk_trusts([leaf.certificate], leaf.key, root.certificate)


def test_gap_in_the_middle(root, middle):
    low = Recipe(common="low", **AUTHORITY).issue(middle)
    leaf = Recipe().issue(low)
    other = Recipe(common="other", **AUTHORITY).issue(root)
    assert rules(lint([leaf.certificate, other.certificate], root=root.certificate)) == {"gap"}


def test_chain_out_of_order(root, middle):
    low = Recipe(common="low", **AUTHORITY).issue(middle)
    leaf = Recipe().issue(low)
    shuffled = [leaf.certificate, middle.certificate, low.certificate]
    assert rules(lint(shuffled, root=root.certificate)) == {"order"}
    assert "authority" in rules(lint([low.certificate, leaf.certificate], root=root.certificate))


def test_root_in_the_chain(root, sdk_trusts):
    leaf = Recipe().issue(root)
    for given in (root.certificate, None):
        found = lint([leaf.certificate, root.certificate], root=given)
        assert (rules(found), rules(found, "warning")) == (set(), {"root-included"})
    assert sdk_trusts([leaf.certificate, root.certificate], leaf.key, root.certificate)


def test_foreign_root(root, rsa_root):
    leaf = Recipe().issue(root)
    assert rules(lint([leaf.certificate], root=rsa_root.certificate)) == {"wrong-root"}


def test_self_signed_leaf(sdk_trusts, sdk_sign, sdk_read):
    leaf = Recipe().issue()
    found = lint([leaf.certificate], leaf.key.public_key())
    assert (rules(found), rules(found, "warning")) == (set(), {"self-signed"})
    signed = sdk_sign(pem_of(leaf.certificate), "es256", lambda data: sign_with(leaf.key, "es256", data))
    state, codes = sdk_read(signed, "")
    assert state == "Valid" and "signingCredential.untrusted" in codes


@pytest.mark.parametrize(
    ("changes", "rule", "refused"),
    [
        ({"ca": False}, "issuer-not-authority", True),
        ({"usages": ("crl_sign",)}, "issuer-not-authority", True),
        ({"days": (-90, -1)}, "issuer-expired", True),
        ({"hash": hashes.SHA224()}, "signature-hash", True),
    ],
)
def test_wrong_intermediate(changes, rule, refused, rsa_root, sdk_trusts):
    middle = Recipe(**{"common": "middle"} | AUTHORITY | changes).issue(rsa_root)
    leaf = Recipe().issue(middle)
    chain = [leaf.certificate, middle.certificate]
    assert rules(lint(chain, root=rsa_root.certificate)) == {rule}
    assert sdk_trusts(chain, leaf.key, rsa_root.certificate) is not refused


def test_intermediate_that_does_not_name_its_key(rsa_root, sdk_trusts):
    middle = Recipe(**{"common": "middle", "skip": frozenset({"ski"})} | AUTHORITY).issue(rsa_root)
    leaf = Recipe().issue(middle)
    chain = [leaf.certificate, middle.certificate]
    found = lint(chain, root=rsa_root.certificate)
    assert (rules(found), rules(found, "warning")) == (set(), {"issuer-key-id"})
    assert sdk_trusts(chain, leaf.key, rsa_root.certificate)


def test_path_length(root):
    top = Recipe(**{"common": "top", "path_length": 0} | AUTHORITY).issue(root)
    low = Recipe(common="low", **AUTHORITY).issue(top)
    leaf = Recipe().issue(low)
    chain = [leaf.certificate, low.certificate, top.certificate]
    assert rules(lint(chain, root=root.certificate)) == {"path-length"}
