"""The `foleymark keys` commands: what signs and marks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.app.terminal import say

keys_app = typer.Typer(no_args_is_help=True, help="Keys for marking and signing.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


Tenant = Annotated[str, typer.Option(help="Whose mark key; every tenant has one of its own.")]


def _keys(tenant: str = "default") -> Any:
    from pipeline.config import home
    from pipeline.keys import Keys

    return Keys(home(), tenant)


@keys_app.command("init")
def keys_init(
    organisation: Annotated[str, typer.Option(help="What people will read as the signer.")] = "Foleymark development",
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Keep keys that are there.")] = False,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Make a mark key and a development signing authority, readable by you alone."""
    from pipeline.provenance.signing.authority import init_authority
    from pipeline.watermark.keys import create_keys

    keys = _keys(tenant)
    if not (if_missing and keys.has_mark()):
        create_keys(keys.mark_path)
    # tenants share the authority: it says who finished a file, not for whom
    shared = keys.authority_folder.exists() and (if_missing or tenant != "default")
    if not shared:
        init_authority(keys.authority_folder, organisation=organisation)
    _show_keys(keys, as_json)


@keys_app.command("show")
def keys_show(tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Which keys are there, who signs, and how long the certificate lasts."""
    _show_keys(_keys(tenant), as_json)


@keys_app.command("rotate")
def keys_rotate(tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Mark with a new key from now on; what the older ones marked is still read."""
    from pipeline.watermark.keys import rotate_keys

    keys = _keys(tenant)
    rotate_keys(keys.mark_path)
    _show_keys(keys, as_json)


@keys_app.command("renew")
def keys_renew(as_json: AsJson = False) -> None:
    """Replace the certificate of the development authority; files signed before stay as they are."""
    from pipeline.errors import CredentialError
    from pipeline.provenance.signing.authority import renew_leaf

    keys = _keys()
    if keys.identity_path.exists():
        raise CredentialError(
            f"{keys.identity_path} says who signs: ask the authority that issued that certificate for the next one"
        )
    renew_leaf(keys.authority_folder)
    _show_keys(keys, as_json)


@keys_app.command("test")
def keys_test(
    identity: Annotated[Path | None, typer.Option(help="Identity file; the home folder's when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Have the signing key sign once, to see that it can be reached and belongs to the certificate."""
    import time

    from pipeline.provenance.signing.identity import open_identity

    found = open_identity(identity or "", home=_keys().home)
    begun_s = time.monotonic()
    found.try_out()
    took_s = time.monotonic() - begun_s
    if as_json:
        print(json.dumps({"signing_key": found.place, "algorithm": found.algorithm, "seconds": round(took_s, 3)}))
        return
    say(f"{found.place} signed as {found.organisation} ({found.algorithm}) in {took_s:.2f} s; the certificate agrees.")


@keys_app.command("csr")
def keys_csr(
    output: Annotated[Path, typer.Option("-o", "--output", help="A new folder for the key and its request.")],
    organisation: Annotated[str, typer.Option(help="What people will read as the signer.")],
    country: Annotated[str, typer.Option(help="Two letters, e.g. DE.")] = "",
    common_name: Annotated[str, typer.Option(help="The organisation, when left out.")] = "",
    algorithm: Annotated[str, typer.Option(help="es256, es384, es512, ps256, ps384, ps512 or ed25519.")] = "es256",
    as_json: AsJson = False,
) -> None:
    """Make a key and ask a real authority to certify it: a request with the purposes that C2PA wants."""
    from pipeline.provenance.signing.request import CHAIN, KEY, write_request

    request = write_request(
        output, organisation=organisation, country=country, algorithm=algorithm, common_name=common_name
    )
    folder = request.parent
    if as_json:
        print(json.dumps({"request": str(request), "key": str(folder / KEY), "chain": str(folder / CHAIN)}, indent=2))
        return
    say(f"Request: {request}")
    say(f"Key:     {folder / KEY} (keep it; nobody else needs it)")
    say("Next:")
    say(f"  1. Send {request.name} to a certificate authority on the C2PA trust list.")
    say(f"  2. Put what it sends back into {folder / CHAIN}, the signing certificate first.")
    say(f"  3. foleymark keys lint {folder / CHAIN} {folder / KEY}")
    say(f"  4. foleymark sign FILE -o OUT --identity {folder / 'identity.yaml'}")


@keys_app.command("lint")
def keys_lint(
    chain: Annotated[Path, typer.Argument(help="PEM: the signing certificate first, then its intermediates.")],
    key: Annotated[Path | None, typer.Argument(help="PEM: the private key, to see whether it belongs.")] = None,
    root: Annotated[Path | None, typer.Option(help="PEM: the root that verifiers trust.")] = None,
    passphrase_env: Annotated[str, typer.Option(help="Variable that holds the key's passphrase.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say what verifiers would refuse in a certificate, and what to do. Exit code 4 when there is an error."""
    import os

    from pipeline.provenance.signing.lint import lint
    from pipeline.provenance.signing.lint_chain import without_root
    from pipeline.provenance.signing.pem_files import read_certificates, read_key

    certificates = read_certificates(chain, advice="name the PEM file of the chain")
    top = read_certificates(root, advice="name the PEM file of the root")[0] if root else without_root(certificates)[1]
    passphrase = os.environ.get(passphrase_env, "").encode() or None
    public = read_key(key, passphrase=passphrase, advice="name the PEM file of the key").public_key() if key else None
    findings = lint(certificates, public, root=top)
    if as_json:
        found = [{"level": one.level, "rule": one.rule, "message": one.message} for one in findings]
        print(json.dumps({"subject": _subject(certificates), "findings": found}, indent=2))
    else:
        _show_findings(_subject(certificates), findings)
    raise typer.Exit(4 if any(one.level == "error" for one in findings) else 0)


def _subject(certificates: list[Any]) -> str:
    from pipeline.provenance.text import clean

    return clean(certificates[0].subject.rfc4514_string(), 200)


def _show_findings(subject: str, findings: Any) -> None:
    say(f"Certificate of {subject}")
    for one in findings:
        say(f"  {one.level:<8} {one.message} [{one.rule}]")
    errors = sum(one.level == "error" for one in findings)
    if errors:
        say(f"Verifiers would refuse it ({errors} error{'s' if errors > 1 else ''}).")
    else:
        say("Fit to sign content credentials.")


def _show_keys(keys: Any, as_json: bool) -> None:
    from pipeline.watermark.keys import key_id

    identity = keys.authority()
    facts = {
        "home": str(keys.home),
        "tenant": keys.tenant,
        "mark_key": key_id(keys.mark.current),
        "older_mark_keys": [key_id(key) for key in keys.mark.keys[1:]],
        "organisation": identity.organisation,
        "signing_key": identity.place,
        "algorithm": identity.algorithm,
        "development": identity.is_development,
        "certificate_expires": identity.expires,
        "days_left": identity.days_left,
        "root_fingerprint": identity.root_fingerprint,
    }
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    say(f"Keys in {keys.home}")
    say(f"  mark key    {facts['mark_key']}{'' if keys.tenant == 'default' else f' of {keys.tenant}'}")
    if len(keys.mark.keys) > 1:
        say(f"  still read  {', '.join(key_id(key) for key in keys.mark.keys[1:])}")
    say(f"  signs as    {identity.organisation}, {identity.days_left} days left")
    _show_place(identity)


def _show_place(identity: Any) -> None:
    from pipeline.provenance.signing.lint import SOON_DAYS

    if identity.is_development:
        say("  A development certificate: other tools will say that they do not know the signer.")
        say("  `foleymark keys csr` asks a real authority for one that they know.")
    else:
        say(f"  signs with  {identity.place} ({identity.algorithm})")
    if identity.days_left < SOON_DAYS:
        renew = "run `foleymark keys renew`" if identity.is_development else "ask your authority for the next one"
        say(f"  The certificate expires on {identity.expires[:10]}: {renew}.")
