"""The `foleymark serve` command and its tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.app.serve.settings import ServeSettings
    from pipeline.app.serve.tokens import TokenFile

serve_app = typer.Typer(help="Find manifests for others: the C2PA Soft Binding Resolution API.")
token_app = typer.Typer(no_args_is_help=True, help="Who may ask the server for what.")
serve_app.add_typer(token_app, name="token")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@serve_app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on; others than this machine's need --public.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8642,
    repository: Annotated[str | None, typer.Option(help="Path or address of the repository.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Yes, strangers may reach this server.")] = False,
    public_url: Annotated[str, typer.Option(help="Where the world finds it, e.g. https://c2pa.example.org")] = "",
    open_reads: Annotated[bool, typer.Option(help="Public manifests are read without a token.")] = True,
    origin: Annotated[list[str] | None, typer.Option(help="Web pages of this origin may call it.")] = None,
    signers: Annotated[str, typer.Option(help="Whose manifests are taken in: known or any.")] = "known",
    proxy: Annotated[list[str] | None, typer.Option(help="Address of a proxy that is believed about clients.")] = None,
    max_upload_mb: Annotated[int, typer.Option(min=1, max=1 << 20, help="Of a file to be recognised.")] = 1024,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Check and keep nothing: for test harnesses.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serve the repository on this machine, or with --public to the world."""
    if context.invoked_subcommand:
        return
    from pipeline.app.serve.running import given_settings, run, run_sandbox
    from pipeline.app.serve.settings import Limits

    options = given_settings(
        host=host,
        port=port,
        repository=repository,
        public=public,
        public_url=public_url,
        open_reads=open_reads,
        origins=tuple(origin or ()),
        signers=signers,
        proxies=tuple(proxy or ()),
        sandbox=sandbox,
        limits=Limits(content_bytes=max_upload_mb << 20),
    )
    begin = run_sandbox if sandbox else run
    begin(options, lambda settings, token: _announce(settings, token, as_json))


@token_app.command("add")
def token_add(
    name: Annotated[str, typer.Argument(help="For whom or what it is.")],
    scope: Annotated[list[str], typer.Option(help="read, content, write, revoke or admin; may be given again.")],
    tenant: Annotated[str, typer.Option(help="In whose place it acts.")] = "default",
    days: Annotated[int | None, typer.Option(help="How long it holds; for ever when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. Its secret is shown this once; only a hash of it is kept."""
    from pipeline.config import home
    from pipeline.keys import Keys

    # a tenant's name has rules of its own
    Keys(home(), tenant)
    secret = _tokens().add(name, scopes=tuple(scope), tenant=tenant, days=days)
    if as_json:
        print(json.dumps({"name": name, "scopes": scope, "tenant": tenant, "token": secret}))
    else:
        _print(f"{secret}\nKeep it now: it is not shown again. Send it as 'Authorization: Bearer ...'.")


@token_app.command("list")
def token_list(as_json: AsJson = False) -> None:
    """The tokens there are, without their secrets."""
    tokens = _tokens().all()
    if as_json:
        shown = [{key: value for key, value in vars(token).items() if key != "sha256"} for token in tokens]
        print(json.dumps({"tokens": shown}))
        return
    for token in tokens:
        until = f", until {token.expires}" if token.expires else ""
        over = " (expired)" if token.is_expired else ""
        _print(f"{token.name}: {', '.join(token.scopes)}, tenant {token.tenant}, since {token.created}{until}{over}")
    if not tokens:
        _print("There are no tokens; make one with: foleymark serve token add NAME --scope read")


@token_app.command("revoke")
def token_revoke(name: Annotated[str, typer.Argument(help="As it is listed.")], as_json: AsJson = False) -> None:
    """Take a token away; running servers notice at once."""
    _tokens().revoke(name)
    if as_json:
        print(json.dumps({"revoked": name}))
    else:
        _print(f"{name} is revoked.")


def _tokens() -> TokenFile:
    from pipeline.app.serve.settings import ServeSettings
    from pipeline.app.serve.tokens import TokenFile
    from pipeline.config import home

    return TokenFile(ServeSettings(home(), "").tokens_path)


def _announce(settings: ServeSettings, token: str, as_json: bool) -> None:
    api = f"{settings.address}/v1"
    if as_json:
        told: dict[str, Any] = {"address": settings.address, "api": api, "sandbox": settings.sandbox}
        print(json.dumps(told | ({"token": token} if token else {})), flush=True)
        return
    _print(f"Foleymark answers at {api}; Ctrl-C ends it.")
    if settings.sandbox:
        _print("THIS IS A SANDBOX: nothing that is handed in is checked, and all of it is forgotten at the end.")
        _print(f"Token for everything: {token}")


def _print(text: str) -> None:
    from rich.console import Console

    Console(highlight=False).print(text, markup=False, soft_wrap=True)
