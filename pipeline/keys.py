"""What a home folder holds: mark keys, the signing authority, trust lists."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import CredentialError, UsageError

if TYPE_CHECKING:
    from pipeline.provenance.signing.identity import SigningIdentity
    from pipeline.provenance.trust.lists import Policy, Trust
    from pipeline.watermark.keys import MarkKeys

# a tenant's name becomes part of a file name
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
DEFAULT_TENANT = "default"


@dataclass(frozen=True)
class Keys:
    """What a home folder holds: the tenants' mark keys, the signing authority, trust lists."""

    home: Path
    # whose mark keys; UsageError when no name can be made of it
    tenant: str = DEFAULT_TENANT

    def __post_init__(self) -> None:
        if not _TENANT.fullmatch(self.tenant):
            raise UsageError(
                f"{self.tenant!r} cannot name a tenant; use up to 40 small letters, digits, - and _, e.g. studio-north."
            )

    @property
    def authority_folder(self) -> Path:
        return self.home / "authority"

    @property
    def identity_path(self) -> Path:
        """Where a home folder says who signs, when it is not its own development authority."""
        from pipeline.provenance.signing.identity import IDENTITY_FILE

        return self.home / IDENTITY_FILE

    @property
    def mark_path(self) -> Path:
        return self.home / "mark.key" if self.tenant == DEFAULT_TENANT else self.home / "tenants" / f"{self.tenant}.key"

    @cached_property
    def mark(self) -> MarkKeys:
        """The mark's secrets, newest first; CredentialError when there are none."""
        from pipeline.watermark.keys import load_keys

        if not self.has_mark():
            tenant = "" if self.tenant == DEFAULT_TENANT else f" --tenant {self.tenant}"
            raise CredentialError(
                f"There is no mark key at {self.mark_path}; make keys with: foleymark keys init{tenant}"
            )
        return load_keys(self.mark_path)

    def has_mark(self) -> bool:
        return self.mark_path.exists()

    def authority(self) -> SigningIdentity:
        """Who signs: the home's identity file, or its development authority; CredentialError when nobody can."""
        from pipeline.provenance.signing.identity import open_identity

        return open_identity(home=self.home)

    def trust(self, policy: Policy = "open") -> Trust:
        """Trust lists of the home folder and one's own roots."""
        from pipeline.provenance.signing.authority import ROOT_CERTIFICATE
        from pipeline.provenance.trust.lists import load_trust

        trust = load_trust(self.home / "trust", own_root=self.authority_folder / ROOT_CERTIFICATE, policy=policy)
        return replace(trust, own_pem=trust.own_pem + self._identity_root())

    def _identity_root(self) -> str:
        # the development authority stays one's own when another identity takes over
        if not self.identity_path.exists():
            return ""
        from pipeline.provenance.signing.signers.loading import root_pem_of

        return root_pem_of(self.identity_path)
