"""The processes of the repository's stress test: writers that publish, readers that watch for what must not be."""

from __future__ import annotations

import hashlib
import pickle
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import CredentialError
from pipeline.provenance.repository import Registration, Repository, open_repository

PICTURE = "io.foleymark.picture.1"
# every so many manifests are also hidden, or revoked
HIDE_EACH, REVOKE_EACH = 7, 11
TELL_EACH_S = 0.2
THINK_S = 0.2
SEGMENTS_AT_A_TIME = 200


@dataclass(frozen=True)
class Entry:
    """A manifest that waits to be published, with the id in its mark."""

    payload: str
    registration: Registration


@dataclass(frozen=True)
class Orders:
    """What a process is to do; small enough to be handed over at each start."""

    address: str
    # a pickle: the writer's entries, or (payload, label, sha256) of everybody's
    pool: Path
    # the process ends when this file appears
    stop: Path
    # of a writer: entries before this one are done
    first: int = 0
    # of a writer: rests up to so long between any two steps, so that a kill falls between any two
    rest_s: float = 0.0
    seed: int = 0


def write(orders: Orders, channel: Any) -> None:
    """Take entry after entry from reserved to delivered, and say of each what was acknowledged."""
    entries = pickle.loads(orders.pool.read_bytes())
    rest = _rests(orders)
    with open_repository(orders.address) as repository:
        channel.send(("ready", 0))
        for index in range(orders.first, len(entries)):
            if orders.stop.exists():
                break
            _finish(repository, entries[index], index, rest, channel.send)
    channel.close()


def _rests(orders: Orders) -> Callable[[], None]:
    chance = random.Random(orders.seed)
    return lambda: time.sleep(chance.uniform(0, orders.rest_s)) if orders.rest_s else None


def _finish(
    repository: Repository, entry: Entry, index: int, rest: Callable[[], None], tell: Callable[[tuple[str, int]], None]
) -> None:
    """One entry from where its last writer left it; what a killed one acknowledged is not done twice."""
    label = entry.registration.label
    held = repository.reservation(label)
    stored = repository.manifest(label)
    if held is None and stored is None and not repository.reserve(entry.payload, job=label):
        raise RuntimeError(f"the id {entry.payload} is taken")
    rest()
    if stored is None or stored.state != "published":
        repository.embedded(entry.payload)
        rest()
        repository.signed(entry.registration, entry.payload, ours=True)
        rest()
        repository.publish(label)
    tell(("published", index))
    rest()
    repository.delivered(entry.payload)
    if index % HIDE_EACH == 0:
        repository.set_visibility(label, "private")
        tell(("hidden", index))
    if index % REVOKE_EACH == 0:
        repository.revoke(label, "part of the test")
        tell(("revoked", index))
    tell(("done", index))


def read(orders: Orders, channel: Any) -> None:
    """Ask at random, and complain of every answer that cannot be."""
    known = pickle.loads(orders.pool.read_bytes())
    chance = random.Random(orders.seed)
    count, told, number = 0, time.monotonic(), 0
    with open_repository(orders.address) as repository:
        channel.send(("ready", 0))
        while not orders.stop.exists():
            try:
                number = _ask(repository, known, chance, number)
            except (AssertionError, CredentialError) as error:
                channel.send(("bad", str(error)))
            count += 1
            # without a rest sixteen of them only measure how Python spins on a machine of two cores
            time.sleep(chance.uniform(0, THINK_S))
            if time.monotonic() - told > TELL_EACH_S:
                channel.send(("reads", count))
                count, told = 0, time.monotonic()
    channel.close()


def _ask(repository: Repository, known: list[tuple[str, str, str]], chance: random.Random, number: int) -> int:
    payload, label, sha256 = chance.choice(known)
    asked = chance.random()
    if asked < 0.5:
        for stored in repository.by_binding(PICTURE, payload):
            whole = hashlib.sha256(stored.store).hexdigest() == sha256 and stored.state == "published"
            assert whole and stored.label == label, f"{payload} led to another manifest, or half of one"
    elif asked < 0.8:
        found = repository.manifest(label)
        assert found is None or (found.sha256 == sha256 and found.bindings), f"{label} is there in part"
    else:
        rows = repository.segments(after=number, limit=SEGMENTS_AT_A_TIME)
        expected = list(range(number + 1, number + 1 + len(rows)))
        assert [row.number for row in rows] == expected, f"segments appeared below {number}"
        # from the beginning again now and then: what was seen has to be there still
        return rows[-1].number if rows and chance.random() < 0.9 else 0
    return number
