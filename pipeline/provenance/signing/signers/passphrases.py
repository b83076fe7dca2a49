"""Passphrases, PINs and tokens: from the environment or a private file, never from a command line."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import CredentialError

# none is longer
MAX_SECRET_BYTES = 4096


def secret_of(environment_name: str, file: str, *, folder: Path, what: str) -> bytes | None:
    """A passphrase, PIN or token from the environment or a private file; None when neither is named.

    Raises
    ------
    CredentialError
        When it is named and not there, or the file can be read by others.
    """
    from pipeline.provenance.signing.pem_files import refuse_readable_by_others

    if environment_name:
        value = os.environ.get(environment_name, "")
        if not value:
            raise CredentialError(f"the environment variable {environment_name} is empty: set it to the {what}")
        return value.encode()
    if not file:
        return None
    path = folder / Path(file).expanduser()
    try:
        refuse_readable_by_others(path, path.stat().st_mode)
        value_bytes = path.read_bytes()[:MAX_SECRET_BYTES].strip()
    except OSError as error:
        raise CredentialError(f"{path} cannot be read ({error.strerror}): put the {what} there") from error
    if not value_bytes:
        raise CredentialError(f"{path} is empty: put the {what} there")
    return value_bytes
