"""Real manifests, signed and small: a tiny picture with the soft bindings one asks for."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

from pipeline.provenance.signing.identity import SigningIdentity

# value as hex and (start, end) in milliseconds or None for the whole
Block = tuple[str, tuple[int, int] | None]
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def new_label() -> str:
    """A manifest label that nobody has."""
    return f"urn:c2pa:{uuid.uuid4()}"


def signed_store(
    identity: SigningIdentity, *, label: str, bindings: dict[str, Sequence[Block]], title: str = "still.jpg"
) -> bytes:
    """The manifest store of a signed picture; one soft binding assertion an algorithm."""
    import c2pa

    created = {"action": "c2pa.created", "digitalSourceType": GENERATED}
    assertions = [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}]
    assertions += [_soft_binding(algorithm, blocks) for algorithm, blocks in bindings.items()]
    definition = {
        "claim_version": 2,
        "claim_generator_info": [{"name": "Foleymark benchmark", "version": "1"}],
        "label": label,
        "title": title,
        "assertions": assertions,
    }
    settings = {"version": 1, "verify": {"verify_after_sign": False}, "builder": {"thumbnail": {"enabled": False}}}
    algorithm = c2pa.C2paSigningAlg[identity.algorithm.upper()]
    context = c2pa.Context(c2pa.Settings.from_dict(settings))
    with (
        c2pa.Builder(definition, context=context) as builder,
        c2pa.Signer.from_callback(identity.sign, algorithm, identity.chain_pem, None) as signer,
    ):
        return bytes(builder.sign(signer, "image/jpeg", io.BytesIO(_picture()), io.BytesIO()))


def _soft_binding(algorithm: str, blocks: Sequence[Block]) -> dict[str, Any]:
    made = []
    for value_hex, span in blocks:
        scope = {"timespan": {"start": span[0], "end": span[1]}} if span else {}
        # the SDK writes no byte strings into this assertion
        made.append({"scope": scope, "value": list(bytes.fromhex(value_hex))})
    return {"label": "c2pa.soft-binding", "data": {"alg": algorithm, "blocks": made}}


@cache
def _picture() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (32, 32), (90, 120, 150)).save(out, "JPEG")
    return out.getvalue()
