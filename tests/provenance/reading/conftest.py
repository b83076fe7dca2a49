"""Manifests as anybody may write them: any definition, signed by the test's authority."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Definition = dict[str, Any]


def jpeg(size_px: tuple[int, int] = (640, 360), *, format: str = "JPEG") -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.linear_gradient("L").resize(size_px).convert("RGB").save(out, format)
    return out.getvalue()


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Bytes of a small gradient."""
    return jpeg


@pytest.fixture(scope="session")
def sign_as(authority) -> Callable[..., bytes]:
    """Sign a definition with the SDK alone; returns the manifest store."""

    def sign(
        source: Path,
        target: Path,
        definition: Definition,
        *,
        resources: dict[str, bytes] | None = None,
        ingredients: list[tuple[Definition, Path]] | None = None,
        update: bool = False,
        embed: bool = True,
        remote_url: str = "",
        kind: str = "video/mp4",
    ) -> bytes:
        import c2pa

        settings = {
            "version": 1,
            "core": {"allowed_network_hosts": []},
            "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
            "trust": {"anchors": [{"trust_anchors": authority.root_pem, "trust_uri": "t", "trust_kind": "manifest"}]},
            "builder": {"thumbnail": {"enabled": False}},
        }
        whole = {"claim_generator_info": [{"name": "Anyware", "version": "2"}], **definition}
        signer = c2pa.Signer.from_callback(authority.sign, c2pa.C2paSigningAlg.ES256, authority.chain_pem, None)
        with c2pa.Builder(whole, context=c2pa.Context(c2pa.Settings.from_dict(settings))) as builder, signer:
            if update:
                builder.set_intent(c2pa.C2paBuilderIntent.UPDATE)
            if not embed:
                builder.set_no_embed()
            if remote_url:
                builder.set_remote_url(remote_url)
            for name, data in (resources or {}).items():
                builder.add_resource(name, io.BytesIO(data))
            for ingredient, path in ingredients or []:
                with path.open("rb") as file:
                    builder.add_ingredient(ingredient, kind, file)
            with source.open("rb") as unsigned, target.open("w+b") as signed:
                return builder.sign(signer, kind, unsigned, signed)

    return sign


@pytest.fixture
def opened() -> Callable[..., Definition]:
    """An actions assertion that opens an ingredient and then does what is given."""

    def make(*steps: Definition, parent: str = "parent") -> Definition:
        first = {"action": "c2pa.opened", "parameters": {"ingredientIds": [parent]}}
        return {"label": "c2pa.actions.v2", "data": {"actions": [first, *steps]}}

    return make


@pytest.fixture
def created() -> Definition:
    """An actions assertion of a generator."""
    kind = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    step = {"action": "c2pa.created", "digitalSourceType": kind, "softwareAgent": {"name": "Sora"}}
    return {"label": "c2pa.actions.v2", "data": {"actions": [step]}}
