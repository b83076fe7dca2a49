"""The process that opens a stranger's file. It reads a task as JSON and answers in JSON; nothing else is trusted."""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.records import RecoveryMatch

# of what it writes beside the upload
MAX_FILE_BYTES = 4 << 30


def main() -> None:
    """Do the one task on standard input."""
    task = json.load(sys.stdin)
    confine(memory_bytes=task["memory_bytes"], cpu_s=task["cpu_s"])
    # libraries that print must not spoil the answer
    answer, sys.stdout = sys.stdout, sys.stderr
    answer.write(json.dumps(outcome(task)))


def outcome(task: dict[str, Any]) -> dict[str, Any]:
    """What became of a task: ``found``, or ``unreadable`` or ``failed`` with the reason."""
    from pipeline.errors import FoleymarkError, UnreadableInput
    from pipeline.records import to_data

    try:
        return {"found": to_data(_matches(task))}
    except UnreadableInput as error:
        return {"unreadable": str(error)}
    except FoleymarkError as error:
        # the file is not to blame: a key, a trust list or the repository is
        return {"failed": str(error)}


def confine(*, memory_bytes: int, cpu_s: int) -> None:
    """Bound what this process may use; the kernel ends it when it wants more."""
    bounds = (
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, value in bounds:
        _, hard = resource.getrlimit(kind)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (allowed, allowed))


def _matches(task: dict[str, Any]) -> list[RecoveryMatch]:
    from pipeline.keys import Keys
    from pipeline.provenance.repository import open_repository
    from pipeline.recovering import look_for, open_index, search

    home = Path(task["home"])
    keys = Keys(home, task["tenant"])
    asked = look_for(Path(task["path"]), keys=keys)
    with open_repository(task["repository"], create=False) as repository:
        # kept on disk between files; it is looked at whether it still fits
        index = open_index(repository, asked.kind, cache=home / "serve" / f"{asked.kind}.index")
        found = search(asked, keys=keys, repository=repository, index=index)
    # what the manifests say is fetched from the repository, not from here
    return [replace(one, credential=None, spans=()) for one in found.matches]


if __name__ == "__main__":
    main()
