"""What can go wrong, one class per exit code. A message is one sentence that says what to do."""

from __future__ import annotations


class FoleymarkError(Exception):
    """Base of all errors a person can do something about; exit code 1."""

    exit_code = 1


class UsageError(FoleymarkError):
    """The request itself is wrong: an option, a settings file, a cue sheet."""

    exit_code = 2


class UnreadableInput(FoleymarkError):
    """A media file cannot be used."""

    exit_code = 3


class CredentialError(FoleymarkError):
    """A key, certificate or credential is missing, wrong or refused."""

    exit_code = 4


class QuotaExceeded(FoleymarkError):
    """A limit the user set on cost or amount is reached."""

    exit_code = 5
