"""Time stamps: against an authority of our own on loopback that gives real ones, and misbehaves."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

import pytest

from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.signing.algorithms import sign_with
from pipeline.provenance.signing.certificates import pem_of
from pipeline.provenance.signing.timestamp_relay import complaint, relaying
from pipeline.provenance.signing.timestamps import OFF, TimestampPolicy, stamped

FAULTS = {
    "nonce": "its stamp answers another request",
    "imprint": "its stamp is for other data",
    "rejected": "it refused (status 2: no more today)",
    "garbage": "what it sent is no time stamp",
    "error": "HTTP 503",
    "hang": "no answer in time",
    "drip": "the answer came too slowly",
    "huge": "the answer is far too large",
    "bulky": "does not fit into the credentials",
}


def quick(mode, *urls, **more):
    return TimestampPolicy(mode, urls, **{"attempts": 1, "timeout_s": 10.0, "wait_s": 0.01} | more)


@pytest.fixture
def sign_once(issuer, key_of, sdk_sign):
    """Signs a picture through the SDK; counts how often."""
    chain = pem_of(issuer.certify(key_of("es256").public_key()))

    def sign(url):
        import c2pa

        sign.urls.append(url)
        try:
            return sdk_sign(chain, "es256", lambda data: sign_with(key_of("es256"), "es256", data), timestamp_url=url)
        except c2pa.C2paError as error:
            raise CredentialError(str(error)) from error

    sign.urls = []
    return sign


@pytest.mark.parametrize("mode", ["required", "preferred"])
def test_stamp_is_trusted_by_those_who_know_the_authority(mode, tsa, sign_once, sdk_read, issuer):
    signed, due = stamped(quick(mode, tsa.url), sign_once)
    assert due == "" and tsa.requests == 1 and len(sign_once.urls) == 1
    assert "timeStamp.trusted" in sdk_read(signed, issuer.pem, tsa_pem=tsa.root_pem)[1]
    codes = sdk_read(signed, issuer.pem)[1]
    assert "timeStamp.untrusted" in codes and "timeStamp.trusted" not in codes


def test_off_asks_nobody(tsa, sign_once, sdk_read, issuer):
    signed, due = stamped(OFF, sign_once)
    assert (due, tsa.requests, sign_once.urls) == ("", 0, [""])
    assert not any(code.startswith("timeStamp") for code in sdk_read(signed, issuer.pem)[1])


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_answers_are_named(fault, tsa, sign_once, sdk_read, issuer, caplog):
    tsa.fault = fault
    # generous where no clock decides: the machine may be busy
    patience = {"timeout_s": 0.5 if fault in ("hang", "drip") else 10.0}
    with pytest.raises(CredentialError) as caught:
        stamped(quick("required", tsa.url, **patience), sign_once)
    assert (
        "127.0.0.1: " in str(caught.value)
        and FAULTS[fault] in str(caught.value)
        and "name another one" in str(caught.value)
    )
    with caplog.at_level(logging.WARNING):
        signed, due = stamped(quick("preferred", tsa.url, **patience), sign_once)
    assert FAULTS[fault] in due and "foleymark stamp" in caplog.text
    assert sdk_read(signed, issuer.pem)[0] == "Trusted"


def test_what_only_the_sdk_finds_wrong(tsa, sign_once):
    tsa.fault = "no-certificate"
    with pytest.raises(CredentialError, match="contains no certificates.*name another one"):
        stamped(quick("required", tsa.url), sign_once)
    assert "contains no certificates" in stamped(quick("preferred", tsa.url), sign_once)[1]


def test_nobody_listens(sign_once):
    with pytest.raises(CredentialError, match="nobody listens there"):
        stamped(quick("required", "http://127.0.0.1:9/tsa"), sign_once)


def test_asked_again_and_elsewhere_while_signing_once(tsa, sign_once):
    tsa.fault, tsa.faults_left = "error", 2
    policy = quick("required", "http://127.0.0.1:9/tsa", tsa.url, attempts=3)
    assert stamped(policy, sign_once)[1] == ""
    assert tsa.requests == 3 and len(sign_once.urls) == 1


def test_a_key_that_refuses_is_not_blamed_on_the_authority(tsa, issuer, key_of, sdk_sign):
    chain = pem_of(issuer.certify(key_of("es256").public_key()))
    calls = []

    def sign(url):
        calls.append(url)
        raise CredentialError("the token is locked")

    for mode in ("required", "preferred"):
        with pytest.raises(CredentialError, match="^the token is locked$"):
            stamped(quick(mode, tsa.url), sign)
    assert len(calls) == 2 and tsa.requests == 0 and chain


def test_relay_answers_nobody_else(tsa):
    import urllib.error
    import urllib.request

    with relaying(quick("required", tsa.url)) as relay:
        for url, body in ((relay.url[:-1], b"x"), (relay.url, b"x" * 5000)):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(url, data=body, timeout=5)
            caught.value.close()
    assert tsa.requests == 0


def test_a_proxy_is_not_asked_for_the_relay(tsa, sign_once, monkeypatch):
    # nobody listens at the proxy: whoever asked it would fail
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "intranet.example")
    assert stamped(quick("required", tsa.url), sign_once)[1] == ""


@pytest.mark.parametrize(
    "answer", [b"", b"\x30", b"\x30\x82", b"\x30\x03\x02\x01\x00", b"\x02\x01\x00", b"\x30\x80" * 9]
)
def test_cut_answers(answer):
    from asn1crypto import tsp

    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
    query = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "nonce": 99}).dump()
    assert complaint(query, answer) == "what it sent is no time stamp"


def test_damaged_answers_are_judged_and_nothing_breaks(tsa):
    import random

    from asn1crypto import tsp

    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(range(32))}
    query = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "nonce": 0x1234567890ABCDEF}).dump()
    answer, chance = tsa._answer(query, ""), random.Random(3)
    assert complaint(query, answer) == ""
    verdicts = set()
    for _ in range(3000):
        data = bytearray(answer[: chance.randint(1, len(answer))] if chance.random() < 0.2 else answer)
        for _ in range(chance.randint(0, 4)):
            # mostly where the structure is
            data[chance.randrange(min(len(data), 200))] = chance.randrange(256)
        verdicts.add(complaint(query, bytes(data)).partition(" (")[0])
    assert {"", "it refused", "its stamp is for other data", "what it sent is no time stamp"} <= verdicts


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "required"},
        {"mode": "preferred", "urls": ("ftp://a/b",)},
        {"mode": "off", "urls": ("http://",)},
        {"mode": "off", "urls": ("https://[bad",)},
        {"attempts": 0},
        {"timeout_s": 1e9},
    ],
)
def test_policies_that_cannot_be(wrong):
    with pytest.raises(UsageError):
        TimestampPolicy(**wrong)


def test_expired_certificate_with_a_stamp_from_before_stays_trusted(
    issuer, key_of, sdk_sign, sdk_read, tsa, short_lived
):
    """The SDK signs with no expired certificate and asks the clock: this one lasts three seconds."""
    key, leaf = key_of("es256"), short_lived(key_of("es256").public_key(), lasts_s=3.0)

    def sign(url):
        return sdk_sign(pem_of(leaf), "es256", lambda data: sign_with(key, "es256", data), timestamp_url=url)

    stamped_file, plain_file = sign(tsa.url), sign("")
    assert sdk_read(plain_file, issuer.pem)[0] == "Trusted"
    time.sleep(max((leaf.not_valid_after_utc - datetime.now(UTC)).total_seconds() + 1.1, 0))
    state, codes = sdk_read(stamped_file, issuer.pem, tsa_pem=tsa.root_pem)
    assert state == "Trusted" and "timeStamp.trusted" in codes
    # a stamp of somebody unknown proves nothing, and neither does none
    for signed in (stamped_file, plain_file):
        state, codes = sdk_read(signed, issuer.pem)
        assert state == "Invalid" and "signingCredential.expired" in codes
