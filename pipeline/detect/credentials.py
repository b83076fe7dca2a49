"""What content credentials (C2PA) declare, and how far the declaration carries."""

from __future__ import annotations

from pipeline.detect.source_types import AI, WHOLLY_AI, short_name
from pipeline.detect.wording import day, plain
from pipeline.records import Credential, Evidence, Ingredient

NO_CREDENTIALS = (
    "The file carries no content credentials. That says nothing either way: "
    "most files carry none, and they are easily removed."
)


def evidence(credential: Credential | None) -> tuple[Evidence, ...]:
    """One declared statement per plain sentence of the credentials; a single one when there are none."""
    if credential is None or not is_present(credential):
        elsewhere = credential.sentences if credential else ()
        reason = "absence is not evidence"
        return tuple(_declared(text, applicable=False, reason=reason) for text in (NO_CREDENTIALS, *elsewhere))
    sentences = credential.sentences or (_summary(credential),)
    if is_reliable(credential):
        figures = {"declares_ai": float(credential.declares_ai), "declares_capture": float(credential.declares_capture)}
        return tuple(_declared(sentence, raw=figures) for sentence in sentences)
    reason = "the credentials do not fit this file, so what they say does not count"
    return tuple(_declared(sentence, applicable=False, reason=reason) for sentence in sentences)


def _declared(
    sentence: str, *, applicable: bool = True, reason: str = "", raw: dict[str, float] | None = None
) -> Evidence:
    text = plain(sentence, limit=600)
    return Evidence("credentials", "declared", text, applicable=applicable, reason=reason, raw=raw or {})


def is_present(credential: Credential | None) -> bool:
    """True when the file carries credentials, whatever their state."""
    return credential is not None and credential.integrity != "none"


def is_reliable(credential: Credential | None) -> bool:
    """True when the signature fits this very file (or was recovered for it), whoever signed."""
    return (
        credential is not None
        and credential.integrity in ("exact", "recovered")
        and credential.signer not in ("mismatch", "none")
    )


def declares_ai(credential: Credential | None) -> bool:
    """True when credentials that fit this file say that AI made it or parts of it."""
    return credential is not None and is_reliable(credential) and credential.declares_ai


def is_wholly_ai(credential: Credential) -> bool:
    """True when the pictures as a whole are declared AI-made, not only a part such as an added sound.

    The record lists the steps of the last maker and the tree of what went in. A wholly-AI type that none of those
    explains was declared by whoever made the work this one was made from.
    """
    behind = tuple(credential.every_ingredient())
    steps = [(a.digital_source_type, a.action == "c2pa.created") for a in credential.actions]
    steps += [(i.digital_source_type, i.relationship == "parentOf") for i in behind]
    steps += [(a.digital_source_type, a.action == "c2pa.created") for i in _parents(credential) for a in i.actions]
    found = {whole for kind, whole in steps if short_name(kind) in WHOLLY_AI}
    signed_parts = any(i.relationship != "parentOf" and i.has_credentials for i in behind)
    if found or signed_parts:
        return True in found
    return any(short_name(kind) in WHOLLY_AI for kind in credential.digital_source_types)


def ai_tool(credential: Credential) -> str:
    """The program named for the AI-made creation, cleaned; empty when the history names none."""
    steps = [*credential.actions, *(action for parent in _parents(credential) for action in parent.actions)]
    created = (a for a in steps if a.action == "c2pa.created" and short_name(a.digital_source_type) in AI)
    return plain(next((action.software for action in created if action.software), ""), limit=60)


def _parents(credential: Credential) -> list[Ingredient]:
    """The work this was made from, what that was made from, and so on: no parts."""
    found: list[Ingredient] = []
    level = [one for one in credential.ingredients if one.relationship == "parentOf"]
    while level:
        found += level
        level = [below for one in level for below in one.ingredients if below.relationship == "parentOf"]
    return found


def is_trusted_capture(credential: Credential | None) -> bool:
    """True only for an unchanged file of a trusted signer, declared captured, without AI, its history whole."""
    return (
        credential is not None
        and credential.integrity == "exact"
        and credential.signer == "trusted"
        and credential.history == "complete"
        and credential.declares_capture
        and not credential.declares_ai
    )


def signer(credential: Credential) -> str:
    """The name in the signing certificate, cleaned, or words for its absence."""
    return plain(credential.signer_name, limit=80) or "an unnamed signer"


def trust_caveats(credential: Credential) -> tuple[str, ...]:
    """How far the signature can be trusted, one plain sentence each, most important first."""
    return (*_certificate_caveats(credential), *_time_caveats(credential))


def is_expired(credential: Credential) -> bool:
    """True when the certificate has expired and no trusted timestamp makes up for it."""
    return credential.signer == "expired" or "signingCredential.expired" in credential.codes


def is_unlisted(credential: Credential) -> bool:
    """True when no list that was consulted vouches for the signer."""
    listed = credential.signer in ("trusted", "own")
    return credential.signer == "unknown" or (not listed and "signingCredential.untrusted" in credential.codes)


def _certificate_caveats(credential: Credential) -> list[str]:
    found = []
    if credential.signer == "trusted":
        found.append(
            f"The signing certificate is on the trust list that was consulted{_in_brackets(credential.trust_list)}."
        )
    if credential.signer == "own":
        found.append("It was signed with a certificate of your own, which no public list vouches for.")
    if credential.signer == "revoked":
        found.append("The signing certificate has been withdrawn by its issuer, so somebody else may have used it.")
    if is_expired(credential):
        when = f" on {day(credential.certificate_expires)}" if credential.certificate_expires else ""
        gap = " without a trusted timestamp" if credential.time != "trusted" else ""
        found.append(f"The signing certificate has expired{when}{gap}.")
    if is_unlisted(credential):
        missing = (
            f"The certificate is on no trust list that was consulted{_in_brackets(credential.trust_list)}"
            if credential.trust_list
            else "No trust list was consulted"
        )
        found.append(f"{missing}, so nobody vouches for the name it bears.")
    return found


def _time_caveats(credential: Credential) -> list[str]:
    if not credential.signed_at:
        return []
    if credential.time == "trusted":
        return [f"A trusted time authority{_in_brackets(credential.time_authority)} confirms the date."]
    if credential.time == "untrusted":
        by = _in_brackets(credential.time_authority)
        return [f"A timestamp confirms the date, but no list that was consulted vouches for its authority{by}."]
    return ["The date is the signer's own statement."]


def _in_brackets(text: str) -> str:
    return f" ({plain(text, limit=200)})" if text else ""


def _summary(credential: Credential) -> str:
    if credential.integrity == "altered":
        return "The file was changed after its credentials were signed."
    if credential.integrity == "broken":
        return "The credentials in the file are damaged and cannot be checked."
    return f"The file carries content credentials signed in the name of {signer(credential)}."
