"""How often somebody may ask: token buckets."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# callers that are remembered; the one seen longest ago is forgotten first
MAX_CALLERS = 20_000


@dataclass
class _Bucket:
    left: float
    at: float


class Buckets:
    """A bucket of `burst` requests for each caller, refilled at `per_minute`."""

    def __init__(self, per_minute: float, burst: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_minute / 60
        self.burst = burst
        self.clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str) -> float:
        """Take one request out; 0 when there was one, else the seconds until there will be."""
        now = self.clock()
        bucket = self._buckets.get(caller) or _Bucket(float(self.burst), now)
        bucket.left = min(float(self.burst), bucket.left + (now - bucket.at) * self.per_second)
        bucket.at = now
        self._buckets[caller] = bucket
        self._buckets.move_to_end(caller)
        while len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        if bucket.left >= 1:
            bucket.left -= 1
            return 0.0
        return (1 - bucket.left) / self.per_second


def address_key(address: str) -> str:
    """Who an address stands for: itself, or its /64 network, since one person has a whole one of those in IPv6."""
    import ipaddress

    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "address:?"
    if found.version == 6 and found.ipv4_mapped is None:
        return f"address:{ipaddress.ip_network((found, 64), strict=False).network_address}"
    return f"address:{found.ipv4_mapped or found}" if found.version == 6 else f"address:{found}"
