"""The process that reads strangers' credentials: no network, no programs, no files to write, bounded memory.

Run by `worker` as ``python child.py ROOT``. One JSON line asks, four bytes of length and JSON answer. Nothing
comes back but the record; native code that writes to stdout or stderr writes into nothing.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import sys
from typing import Any

# of address space: the SDK maps little, and a file of 500 MB was read within 400 MB
MEMORY_BYTES = 3 << 30
# processor seconds on top of the wall clock's budget: threads count together
CPU_FACTOR = 4
OPEN_FILES = 64


# trust by its key, with the SDK's context for it: parsing a hundred certificates takes longer than reading a file
_KEPT: dict[str, tuple[Any, Any]] = {}


def main() -> None:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    import c2pa  # noqa: F401  before the limits: a shared library is mapped

    from pipeline.provenance.reading import here  # noqa: F401
    from pipeline.provenance.reading.lockdown import lock_down

    lock_down(memory_bytes=MEMORY_BYTES, open_files=OPEN_FILES)
    # an empty answer: from now on time counts
    answers.write(bytes(4))
    answers.flush()
    for line in sys.stdin.buffer:
        answer = json.dumps(_answer(json.loads(line)), default=_text).encode()
        answers.write(len(answer).to_bytes(4, "big") + answer)
        answers.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from pipeline.errors import FoleymarkError
    from pipeline.provenance.reading.lockdown import limit_cpu

    limit_cpu(request["budget_s"] * CPU_FACTOR)
    try:
        credential = _read(request)
    except FoleymarkError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except (MemoryError, RecursionError) as error:
        return {"stopped": type(error).__name__}
    return {"credential": dataclasses.asdict(credential) if credential else None}


def _read(request: dict[str, Any]) -> Any:
    from pathlib import Path

    from pipeline.provenance.reading import here

    if "trust" in request:
        _keep(request["trust_key"], request["trust"])
    trust, context = _KEPT[request["trust_key"]]
    if isinstance(context, Exception):
        raise context
    wanted = here.Wanted(trust, request["thumbnails"], request["sidecar"], request["address"], context)
    store = base64.b64decode(request["store"])
    if not request["path"]:
        return here.read_store(store, wanted)
    path = Path(os.fsdecode(base64.b64decode(request["path"])))
    if store:
        return here.read_with_store(path, store, wanted, origin="remote")
    return here.read_file(path, wanted)


def _keep(key: str, trust: dict[str, Any]) -> None:
    from pipeline.errors import CredentialError
    from pipeline.provenance.reading import here
    from pipeline.provenance.trust.lists import Trust, TrustList

    lists = tuple(TrustList(**one) for one in trust["lists"])
    made = Trust(own_pem=trust["own_pem"], lists=lists, policy=trust["policy"])
    try:
        _KEPT[key] = (made, here.context_of(made))
    except CredentialError as error:
        # it is told only once: the next file needs the same answer
        _KEPT[key] = (made, error)


def _text(value: Any) -> str:
    # previews
    return base64.b64encode(value).decode("ascii")


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    main()
