"""The certificate lint beside the SDK: each rule with a certificate that breaks it and nothing else.

`refused` says what the SDK itself does with it: where it is laxer than the profile, the lint is the only guard.
"""

from __future__ import annotations

import pytest
from certificate_recipes import DOCUMENTS, EMAIL, Recipe, rules
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from pipeline.errors import CredentialError
from pipeline.provenance.signing.algorithms import sign_with
from pipeline.provenance.signing.certificates import CLAIM_SIGNING_OID, extension_of, pem_of
from pipeline.provenance.signing.lint import lint, require_signable

UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\x05\x00")
WRONG_LEAVES = {
    "expired": ({"days": (-90, -1)}, True),
    "not-yet-valid": ({"days": (2, 90)}, True),
    "unknown-critical": ({"extra": ((UNKNOWN, True),)}, True),
    "authority": ({"ca": True, "usages": ("digital_signature", "key_cert_sign")}, True),
    "key-usage": ({"usages": ("key_encipherment",)}, True),
    # allowed by the profile's words only to authorities
    "certifies": ({"usages": ("digital_signature", "key_cert_sign")}, True),
    "any-purpose": ({"purposes": (CLAIM_SIGNING_OID, "2.5.29.37.0")}, True),
    "other-purpose": ({"purposes": (CLAIM_SIGNING_OID, "1.3.6.1.5.5.7.3.8")}, True),
    "purpose": ({"purposes": ("1.3.6.1.5.5.7.3.1",)}, True),
    "authority-key-id": ({"skip": frozenset({"aki"})}, True),
    # the SDK is laxer: nobody could read who signed
    "organisation": ({"organisation": ""}, False),
}


@pytest.mark.parametrize("rule", WRONG_LEAVES)
def test_error_of_the_leaf_is_named_alone(rule, root, sdk_trusts):
    changes, refused = WRONG_LEAVES[rule]
    leaf = Recipe(**changes).issue(root)
    found = lint([leaf.certificate], leaf.key.public_key(), root=root.certificate)
    assert rules(found) == {rule}
    with pytest.raises(CredentialError) as caught:
        require_signable([leaf.certificate], root=root.certificate)
    assert str(caught.value) == found[0].message
    assert sdk_trusts([leaf.certificate], leaf.key, root.certificate) is not refused


@pytest.mark.parametrize(
    ("changes", "rule", "refused"),
    [
        ({"purposes": ()}, "purpose", True),
        ({"skip": frozenset({"ku"})}, "key-usage", True),
        ({"purposes": ("1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9")}, "other-purpose", True),
        ({"purposes": ("1.3.6.1.5.5.7.3.9", EMAIL)}, "other-purpose", True),
        # one purpose alone that is not signing: the SDK takes it
        ({"purposes": ("1.3.6.1.5.5.7.3.8",)}, "other-purpose", False),
        ({"organisation": "  "}, "organisation", False),
        # the SDK counts the signature for contracts (content commitment) as well
        ({"usages": ("content_commitment",)}, "key-usage", False),
    ],
)
def test_other_ways_to_break_a_rule(changes, rule, refused, root, sdk_trusts):
    leaf = Recipe(**changes).issue(root)
    assert rules(lint([leaf.certificate], root=root.certificate)) == {rule}
    assert sdk_trusts([leaf.certificate], leaf.key, root.certificate) is not refused


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"days": (-1, 20)}, "expires-soon"),
        ({"ca": None}, "no-constraints"),
        ({"usage_critical": False}, "usage-not-critical"),
        ({"purposes": (EMAIL,)}, "no-claim-signing"),
        ({"skip": frozenset({"ski"})}, "subject-key-id"),
    ],
)
def test_weakness_that_works_is_a_warning(changes, rule, root, sdk_trusts):
    leaf = Recipe(**changes).issue(root)
    found = lint([leaf.certificate], root=root.certificate)
    assert (rules(found), rules(found, "warning")) == (set(), {rule})
    require_signable([leaf.certificate], root=root.certificate)
    assert sdk_trusts([leaf.certificate], leaf.key, root.certificate)


@pytest.mark.parametrize("purpose", [CLAIM_SIGNING_OID, DOCUMENTS])
def test_purposes_that_the_sdk_takes_only_when_told(purpose, root, sdk_sign, sdk_read, sdk_trusts):
    leaf = Recipe(purposes=(purpose,)).issue(root)
    assert "no-email-protection" in rules(lint([leaf.certificate], root=root.certificate), "warning")
    assert not sdk_trusts([leaf.certificate], leaf.key, root.certificate)
    chain, told = pem_of(leaf.certificate), {"trust_config": f"{purpose}\n"}
    signed = sdk_sign(chain, "es256", lambda data: sign_with(leaf.key, "es256", data), trust=told)
    assert sdk_read(signed, pem_of(root.certificate), trust=told)[0] == "Trusted"


def test_right_one_has_no_finding(root, sdk_trusts):
    leaf = Recipe().issue(root)
    assert lint([leaf.certificate], leaf.key.public_key(), root=root.certificate, algorithm="es256") == ()
    assert sdk_trusts([leaf.certificate], leaf.key, root.certificate)


# ------------------------------------------------------------------- keys
@pytest.mark.parametrize(("bits", "rule"), [(1024, {"key-size"}), (4096, set()), (4160, {"key-size"})])
def test_size_of_an_rsa_key(bits, rule, root, sdk_trusts):
    leaf = Recipe(key=rsa.generate_private_key(65537, bits)).issue(root)
    assert rules(lint([leaf.certificate], root=root.certificate)) == rule
    assert sdk_trusts([leaf.certificate], leaf.key, root.certificate, "ps256") is (not rule)


def test_curve_that_is_not_allowed(root, sdk_trusts):
    leaf = Recipe(key=ec.generate_private_key(ec.SECP256K1())).issue(root)
    assert rules(lint([leaf.certificate], root=root.certificate)) == {"key-kind"}
    assert not sdk_trusts([leaf.certificate], leaf.key, root.certificate)


def test_algorithm_that_the_key_does_not_have(root):
    leaf = Recipe().issue(root)
    assert rules(lint([leaf.certificate], root=root.certificate, algorithm="es384")) == {"key-kind"}


def test_key_of_another_certificate(root, sdk_trusts):
    leaf, other = Recipe().issue(root), Recipe().issue(root)
    assert rules(lint([leaf.certificate], other.key.public_key(), root=root.certificate)) == {"key-mismatch"}
    assert not sdk_trusts([leaf.certificate], other.key, root.certificate)


# --------------------------------------------------------- how it was signed
def test_old_hash(rsa_root, sdk_trusts):
    leaf = Recipe(hash=hashes.SHA224()).issue(rsa_root)
    found = lint([leaf.certificate], root=rsa_root.certificate)
    assert rules(found) == {"signature-hash"} and "sha224" in found[0].message
    assert not sdk_trusts([leaf.certificate], leaf.key, rsa_root.certificate)


@pytest.mark.parametrize(("mask", "rule"), [(hashes.SHA256(), set()), (hashes.SHA384(), {"signature-hash"})])
def test_rsa_pss_signature_of_the_certificate(mask, rule, rsa_root, sdk_trusts):
    leaf = Recipe(pss=padding.PSS(padding.MGF1(mask), 32)).issue(rsa_root)
    assert rules(lint([leaf.certificate], root=rsa_root.certificate)) == rule
    assert sdk_trusts([leaf.certificate], leaf.key, rsa_root.certificate) is (not rule)


def rebuilt(certificate, key, change):
    """A certificate with changes that the library would not make, signed anew."""
    from asn1crypto import x509 as asn1
    from cryptography.hazmat.primitives.serialization import Encoding

    raw = asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
    change(raw["tbs_certificate"])
    body = raw["tbs_certificate"].dump(force=True)
    raw["signature_value"] = key.sign(body, ec.ECDSA(hashes.SHA256()))
    return x509.load_der_x509_certificate(raw.dump(force=True))


def test_unique_ids(root, sdk_trusts):
    leaf = Recipe().issue(root)
    odd = rebuilt(leaf.certificate, root.key, lambda body: body.__setitem__("subject_unique_id", b"\x01\x02\x03"))
    assert rules(lint([odd], root=root.certificate)) == {"unique-id"}
    assert not sdk_trusts([odd], leaf.key, root.certificate)


def test_version_1(root, sdk_trusts):
    def to_v1(body):
        body["version"] = "v1"
        body["extensions"] = None

    leaf = Recipe().issue(root)
    old = rebuilt(leaf.certificate, root.key, to_v1)
    assert "version" in rules(lint([old], root=root.certificate))
    assert not sdk_trusts([old], leaf.key, root.certificate)


def test_several_errors_are_counted(root):
    leaf = Recipe(organisation="", days=(-9, -1), purposes=()).issue(root)
    with pytest.raises(CredentialError, match=r"expired on .* \(and 2 more: see `foleymark keys lint`\)"):
        require_signable([leaf.certificate], root=root.certificate)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_damaged_certificates_are_judged_and_nothing_breaks(root):
    import random

    from cryptography.hazmat.primitives.serialization import Encoding

    leaf = Recipe().issue(root).certificate
    whole, chance = leaf.public_bytes(Encoding.DER), random.Random(7)
    judged = passed = 0
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            damaged = x509.load_der_x509_certificate(bytes(data))
        except (ValueError, x509.InvalidVersion):
            continue
        judged += 1
        passed += damaged != leaf and not rules(lint([damaged], root=root.certificate))
    # the root's signature covers all but a bit or two of the encoding around it
    assert judged > 500 and passed <= 2


def test_nothing_at_all():
    assert rules(lint([])) == {"empty"}


def test_our_own_authority_is_right(authority):
    certificate = x509.load_pem_x509_certificate(authority.chain_pem.encode())
    root = x509.load_pem_x509_certificate(authority.root_pem.encode())
    assert lint([certificate], root=root) == ()
    assert extension_of(certificate, x509.SubjectKeyIdentifier) is not None


@pytest.mark.parametrize("purpose", [CLAIM_SIGNING_OID, DOCUMENTS])
def test_certificate_for_one_purpose_reads_as_trusted(purpose, clip, plan, root, tmp_path):
    from pipeline.provenance.reading.reader import read_credential
    from pipeline.provenance.signing.algorithms import sign_with
    from pipeline.provenance.signing.identity import make_identity
    from pipeline.provenance.signing.sign import sign_file
    from pipeline.provenance.trust.lists import Trust

    leaf = Recipe(purposes=(purpose,)).issue(root)
    identity = make_identity(
        [leaf.certificate], lambda data: sign_with(leaf.key, "es256", data), place="test", root=root.certificate
    )
    sign_file(clip, tmp_path / "signed.mp4", plan=plan, authority=identity)
    trust = Trust(own_pem=pem_of(root.certificate))
    assert read_credential(tmp_path / "signed.mp4", trust=trust).signer == "own"
