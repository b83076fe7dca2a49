"""Time stamps (RFC 3161): whether a signature must have one, whom to ask, and what to do when nobody answers.

The SDK asks the authority while it signs, waits as long as the other side likes, and fails without a
reason. It is therefore given a relay on this machine, which asks with limits and keeps the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.text import clean

LOG = logging.getLogger(__name__)

Signed = TypeVar("Signed")


@dataclass(frozen=True)
class TimestampPolicy:
    """Whether and where to have signatures stamped; `stamped` follows it."""

    # required: no file without one; preferred: sign anyway and say that one is due; off: ask nobody
    mode: Literal["required", "preferred", "off"] = "off"
    # authorities in the order to try them, http or https
    urls: tuple[str, ...] = ()
    # rounds through all of them
    attempts: int = 2
    # for one answer of one authority
    timeout_s: float = 10.0
    # before the second round; doubled before each further one
    wait_s: float = 1.0

    def __post_init__(self) -> None:
        for url in self.urls:
            host_of(url)
        if self.mode != "off" and not self.urls:
            raise UsageError("time stamps are asked for, but no authority is named: give its address (https://...)")
        if not (1 <= self.attempts <= 10 and 0 < self.timeout_s <= 120 and 0 <= self.wait_s <= 60):
            raise UsageError("time stamps take 1 to 10 attempts of up to 120 seconds, with up to 60 seconds between")


OFF = TimestampPolicy()


def host_of(url: str) -> str:
    """The host of an authority's address; UsageError when it is none."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{clean(url, 80)!r} is no address of a time stamp authority: it begins with https://")
    return parts.hostname


def stamped(policy: TimestampPolicy, sign_once: Callable[[str], Signed]) -> tuple[Signed, str]:
    """Sign as a policy asks.

    Parameters
    ----------
    policy
    sign_once
        Signs a file. Its argument goes to the SDK as the address of the time stamp authority (allow its
        `host_of` in ``core.allowed_network_hosts``); an empty one means none. It may be called twice.

    Returns
    -------
    result, due
        What `sign_once` returned, and why a later stamp is due; empty when there is a stamp or none is wanted.

    Raises
    ------
    CredentialError
        When a stamp is required and nobody gave one, with each authority's reason.
    """
    from pipeline.provenance.signing.timestamp_relay import relaying

    if policy.mode == "off":
        return sign_once(""), ""
    with relaying(policy) as relay:
        try:
            return sign_once(relay.url), ""
        except CredentialError as error:
            # a key that refuses is not the authority's fault; a token that only the SDK finds wrong is
            if not relay.failures and not relay.answered:
                raise
            reasons = "; ".join(dict.fromkeys(relay.failures)) or clean(str(error), 200)
            if policy.mode == "required":
                raise CredentialError(
                    f"no time stamp authority gave a stamp ({reasons}): try again later, or name another one"
                ) from error
    LOG.warning("signed without a time stamp (%s); add one later with `foleymark stamp`", reasons)
    return sign_once(""), reasons
