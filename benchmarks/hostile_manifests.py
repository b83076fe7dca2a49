"""Manifests that are signed as they should be, with hostile words in every field that takes some."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.provenance.signing.identity import SigningIdentity

# what a page says when a script in it ran
OWNED = "OWNED"
NAME_BYTES = 60
SCRIPT = f"document.title='{OWNED}'"


def hostile_texts(address: str) -> dict[str, str]:
    """What strangers might write, by kind; `address` is one that nobody may visit."""
    return {
        "script": f"<script>{SCRIPT}</script>",
        "event": f'<img src=x onerror="{SCRIPT}"><svg/onload="{SCRIPT}">',
        "attribute": f"\"><img src='{address}' onerror={SCRIPT}>' onmouseover='{SCRIPT}' x=\"",
        "closing": f"</title></style></textarea></pre>--><script>{SCRIPT}</script><!--",
        "loaded": f"<img src={address}><link rel=stylesheet href={address}><iframe src={address}></iframe>",
        "address": f"javascript:{SCRIPT}//{address}",
        "style": f"x;}} body{{background:url({address})}} </style><style>@import '{address}';",
        "template": "{{7*7}}{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}${7*7}#{7*7}",
        "terminal": "\x1b]0;OWNED\x07\x1b[2J\x1b[31mred\x1b]8;;http://x\x1b\\link\x9b31m\x90q\x9c",
        "control": "".join(map(chr, range(1, 32))) + "\x7f\x80\x85\u2028\u2029\ufeff",
        "zero": "before\x00after",
        "bidirectional": "\u202egnp.exe\u2066\u2069\u200f\u200b\u061c real.mp4",
        "markup": "[red]warning[/red][link=file:///etc/passwd]x[/link][/][bold",
        "path": "../../../../../../etc/passwd\x00.mp4",
        "device": "file:///dev/zero|/dev/tty;C:\\CON\\aux",
        "statement": '\'; DROP TABLE manifest; -- " OR "1"="1',
        "shell": "$(touch owned)`touch owned`; touch owned | touch owned & touch owned",
        "format": "%s%n%x{0}{0.__class__}{}%(x)s",
        "lines": "one\r\ntwo\n\nSigner: the official C2PA trust list\r",
        "number": "NaN Infinity 1e999999 -0",
        "empty": "",
        "space": " \t\u00a0\u3000 ",
        "wide": "\U0001f9d1\u200d\U0001f680" * 60,
        "combining": "Z" + "\u0310\u0323" * 3000,
        # the SDK takes definitions of up to a megabyte
        "very long": "A" * 900_000,
        "very much markup": f"<b>{SCRIPT}</b>" * 12_000,
    }


def definitions(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Manifests with a text in one field each, and one with the text in all of them; what may refuse it comes along."""
    fields = (
        "title",
        "generator",
        "action",
        "agent",
        "ingredient",
        "metadata",
        "label",
        "binding",
        "training",
        "region",
    )
    for field in (*fields, "everything"):
        # SDK 0.91.3 ends the whole process when it signs some labels that are not ASCII: broken files try those
        if field == "label" and not text.isascii():
            continue
        chosen = fields if field == "everything" else (field,)
        yield field, _definition({name: text for name in chosen if name != "label" or field == "label"})


def _definition(words: dict[str, str]) -> dict[str, Any]:
    """A whole manifest in which some words are hostile and the others are not."""

    def say(field: str, otherwise: str) -> str:
        return words.get(field, otherwise)

    created = {
        "action": "c2pa.created",
        "digitalSourceType": say("region", "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"),
        "description": say("action", "made"),
        "softwareAgent": {"name": say("agent", "Agent"), "version": say("agent", "1")},
        "when": "2026-01-01T00:00:00Z",
    }
    edited = {
        "action": "org.example." + say("action", "edited"),
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia",
        "reason": say("action", "because"),
        "parameters": {"description": say("action", "x"), "org.example.more": say("action", "x")},
        "changes": [{"description": say("region", "x"), "region": [{"type": "textual", "name": say("region", "x")}]}],
    }
    creative = {
        "@context": "https://schema.org",
        "@type": "CreativeWork",
        "author": [{"@type": "Person", "name": say("metadata", "Ann"), "url": say("metadata", "https://example.org")}],
    }
    dublin = {
        "@context": {"dc": "http://purl.org/dc/elements/1.1/"},
        "dc:creator": [say("metadata", "Ann")],
        "dc:rights": say("metadata", "none"),
    }
    return {
        "title": say("title", "a title"),
        "claim_generator_info": [{"name": say("generator", "Generator"), "version": say("generator", "1")}],
        "ingredients": [
            {
                "title": say("ingredient", "a part"),
                "format": "image/jpeg",
                "relationship": "componentOf",
                "description": say("ingredient", "a part"),
                "informational_URI": say("ingredient", "https://example.org"),
            }
        ],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created, edited], "allActionsIncluded": True}},
            {"label": "stds.schema-org.CreativeWork", "data": creative, "kind": "Json"},
            {"label": "cawg.metadata", "data": dublin, "kind": "Json"},
            {"label": "org.example." + say("label", "own"), "data": {"said": say("metadata", "x")}},
            {
                "label": "cawg.training-mining",
                "data": {"entries": {"cawg.ai_training": {"use": say("training", "notAllowed")}}},
            },
            {
                "label": "c2pa.soft-binding",
                "data": {"alg": say("binding", "org.example.x"), "blocks": [{"scope": {}, "value": [1, 2, 3]}]},
            },
        ],
    }


def deep_definition(depth: int) -> dict[str, Any]:
    """Data in data."""
    inner: dict[str, Any] = {"end": 1}
    for _ in range(depth):
        inner = {"down": [inner]}
    definition = _definition({})
    definition["assertions"].append({"label": "org.example.deep", "data": inner})
    return definition


def many_definition(count: int) -> dict[str, Any]:
    """Very many of everything."""
    definition = _definition({})
    actions = definition["assertions"][0]["data"]["actions"]
    actions += [{"action": f"org.example.step{number}"} for number in range(count)]
    part = {"title": "part", "format": "image/jpeg", "relationship": "componentOf"}
    definition["ingredients"] += [part | {"title": f"part {number}"} for number in range(count // 10)]
    definition["assertions"] += [
        {"label": f"org.example.more{number}", "data": {"x": 1}} for number in range(count // 10)
    ]
    return definition


def hostile_identity(text: str, address: str) -> SigningIdentity:
    """A signer whose certificate carries a text in its names, and addresses to ask about it that nobody may visit."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    from pipeline.provenance.signing.certificates import CLAIM_SIGNING_OID, key_usage, make_root, pem_of
    from pipeline.provenance.signing.identity import SigningIdentity

    now = datetime.now(UTC)
    name = text.encode()[:NAME_BYTES].decode("utf-8", "ignore")
    root_key, root = make_root("Hostile", now=now)
    key = ec.generate_private_key(ec.SECP256R1())
    # upper bound of both names (RFC 5280, appendix A)
    names = [x509.NameAttribute(oid, name) for oid in (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME)]
    where = [
        x509.AccessDescription(kind, x509.UniformResourceIdentifier(address))
        for kind in (x509.AuthorityInformationAccessOID.OCSP, x509.AuthorityInformationAccessOID.CA_ISSUERS)
    ]
    lists = x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(certify=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage(
                [x509.ObjectIdentifier(CLAIM_SIGNING_OID), x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]
            ),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .add_extension(x509.AuthorityInformationAccess(where), critical=False)
        .add_extension(x509.CRLDistributionPoints([lists]), critical=False)
    )
    leaf = builder.sign(root_key, hashes.SHA384())
    return SigningIdentity(
        organisation=text,
        algorithm="es256",
        chain_pem=pem_of(leaf),
        root_pem=pem_of(root),
        expires=(now + timedelta(days=30)).isoformat(),
        days_left=30,
        place="a test",
        sign=lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())),
    )
