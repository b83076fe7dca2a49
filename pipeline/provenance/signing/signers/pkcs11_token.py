"""A key in a hardware module or smart card, through PKCS #11 (OASIS PKCS #11 2.40 and 3.0).

The module's own library is loaded from the path that is named; nothing is searched for.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import CredentialError
from pipeline.provenance.signing.algorithms import der_of, digest_of
from pipeline.provenance.signing.signers.limits import needs

if TYPE_CHECKING:
    from cryptography import x509

# logging in counts for the whole process: sessions take turns
_TURN = threading.Lock()
# tokens with PINs that they refused, as hashes: a batch that went on trying would lock the token
_REFUSED: set[tuple[str, str, bytes]] = set()


@dataclass(frozen=True)
class Settings:
    """What an identity file says of it."""

    # the module's library: /usr/lib/softhsm/libsofthsm2.so
    module: str
    # label of the token
    token: str
    # the private key by label, by id (hex), or both
    key_label: str = ""
    key_id: str = ""
    # where the PIN is: a variable's name, or a private file
    pin_env: str = ""
    pin_file: str = ""

    def __post_init__(self) -> None:
        if not (self.key_label or self.key_id):
            raise ValueError("key_label or key_id says which key of the token signs")
        bytes.fromhex(self.key_id)


def open_signer(
    settings: Settings, certificate: x509.Certificate, algorithm: str, *, folder: Path
) -> Callable[[bytes], bytes]:
    """A function that has the token sign, each time in a session of its own.

    Raises
    ------
    CredentialError
        When the library cannot be loaded or the PIN is not named.
    """
    from pipeline.provenance.signing.signers.passphrases import secret_of

    pkcs11 = needs("pkcs11", "pkcs11")
    pin = secret_of(settings.pin_env, settings.pin_file, folder=folder, what="PIN of the token")
    if pin is None:
        raise CredentialError("a token asks for its PIN: name pin_env or pin_file in the identity file")
    text = pin.decode(errors="replace")
    if not Path(settings.module).is_file():
        raise CredentialError(f"there is no PKCS #11 library at {settings.module}: name the one of your module")

    attempt = (settings.module, settings.token, hashlib.sha256(pin).digest())
    wrong_pin = (pkcs11.exceptions.PinIncorrect, pkcs11.exceptions.PinInvalid, pkcs11.exceptions.PinLenRange)

    def sign(data: bytes) -> bytes:
        with _TURN:
            if attempt in _REFUSED:
                raise CredentialError(_words(settings, pkcs11.exceptions.PinIncorrect()))
            try:
                return _sign(settings, text, algorithm, data)
            except pkcs11.exceptions.PKCS11Error as error:
                if isinstance(error, wrong_pin):
                    _REFUSED.add(attempt)
                raise CredentialError(_words(settings, error)) from error

    return sign


def _sign(settings: Settings, pin: str, algorithm: str, data: bytes) -> bytes:
    import pkcs11

    try:
        library = pkcs11.lib(settings.module)
    except pkcs11.exceptions.PKCS11Error as error:
        raise CredentialError(
            f"{settings.module} cannot be loaded as a PKCS #11 library: name the one of your module"
        ) from error
    token = library.get_token(token_label=settings.token)
    with token.open(user_pin=pin) as session:
        wanted: dict[Any, Any] = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
        if settings.key_label:
            wanted[pkcs11.Attribute.LABEL] = settings.key_label
        if settings.key_id:
            wanted[pkcs11.Attribute.ID] = bytes.fromhex(settings.key_id)
        keys = list(session.get_objects(wanted))
        if len(keys) != 1:
            found = "no key" if not keys else f"{len(keys)} keys"
            raise CredentialError(f"the token has {found} of that name: give key_label and key_id as it lists them")
        return _signature(keys[0], algorithm, data)


def _signature(key: Any, algorithm: str, data: bytes) -> bytes:
    from pkcs11 import MGF, Mechanism

    if algorithm == "ed25519":
        return key.sign(data, mechanism=Mechanism.EDDSA)
    digest = digest_of(algorithm, data)
    if algorithm.startswith("es"):
        # two numbers side by side
        return der_of(key.sign(digest, mechanism=Mechanism.ECDSA))
    kind = f"SHA{algorithm[2:]}"
    parameters = (Mechanism[kind], MGF[kind], len(digest))
    return key.sign(digest, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=parameters)


def _words(settings: Settings, error: Exception) -> str:
    import pkcs11

    exceptions = pkcs11.exceptions
    if isinstance(error, exceptions.NoSuchToken):
        return f"there is no token {settings.token!r}: plug it in, or name it as its tool lists it"
    if isinstance(error, exceptions.PinLocked):
        return f"the PIN of token {settings.token!r} is locked after wrong tries: unlock it with the module's tool"
    if isinstance(error, exceptions.PinIncorrect | exceptions.PinInvalid | exceptions.PinLenRange):
        return f"the PIN does not open token {settings.token!r}: correct it before it locks"
    name = str(error) or type(error).__name__
    return f"token {settings.token!r} did not sign ({name}): check with the module's own tool that it answers"
