"""Requests for real authorities, and home folders that say who signs."""

from __future__ import annotations

import stat

import pytest
from cryptography import x509

from pipeline.errors import CredentialError, UsageError
from pipeline.keys import Keys
from pipeline.provenance.signing.algorithms import ALGORITHMS
from pipeline.provenance.signing.authority import init_authority
from pipeline.provenance.signing.certificates import CLAIM_SIGNING_OID, pem_of
from pipeline.provenance.signing.identity import open_identity
from pipeline.provenance.signing.request import write_request


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_answer_to_a_request_signs(algorithm, tmp_path, issuer):
    path = write_request(tmp_path / "studio", organisation="Studio North", country="de", algorithm=algorithm)
    request = x509.load_pem_x509_csr(path.read_bytes())
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=Studio North,O=Studio North,C=DE"
    purposes = request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert CLAIM_SIGNING_OID in {one.dotted_string for one in purposes}
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}
    # what an authority sends back makes it work, without another step
    (path.parent / "chain.pem").write_text(pem_of(issuer.certify(request.public_key())))
    identity = open_identity(path.parent / "identity.yaml", home=tmp_path)
    assert identity.algorithm == algorithm and identity.sign(b"claim")


def test_requests_that_cannot_be(tmp_path):
    for wrong, said in (
        ({"organisation": " "}, "Name the organisation"),
        ({"organisation": "x" * 65}, "too long"),
        ({"organisation": "S", "country": "Germany"}, "no country code"),
        ({"organisation": "S", "algorithm": "rsa"}, "no algorithm"),
    ):
        with pytest.raises(UsageError, match=said):
            write_request(tmp_path / "new", **wrong)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "letter").touch()
    with pytest.raises(CredentialError, match="is in use"):
        write_request(tmp_path / "used", organisation="S")
    (tmp_path / ".git").mkdir()
    with pytest.raises(CredentialError, match="git work tree"):
        write_request(tmp_path / "new", organisation="S")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".git", "used"]


def test_both_roots_are_ones_own(tmp_path, issuer):
    home = tmp_path / "home"
    development = init_authority(home / "authority", organisation="Dev")
    assert Keys(home).trust().own_pem == development.root_pem
    folder = write_request(tmp_path / "studio", organisation="Studio").parent
    request = x509.load_pem_x509_csr((folder / "request.csr").read_bytes())
    (home / "chain.pem").write_text(pem_of(issuer.certify(request.public_key())) + issuer.pem)
    (home / "identity.yaml").write_text(f"signer: files\nchain: chain.pem\nkey: {folder / 'signing-key.pem'}\n")
    assert Keys(home).trust().own_pem == development.root_pem + issuer.pem
    assert Keys(home).authority().organisation == "Test Studio"
