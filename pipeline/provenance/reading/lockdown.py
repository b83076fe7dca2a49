"""Limits that a process puts on itself and can never lift again: memory, files, and on Linux no network at all."""

from __future__ import annotations

import ctypes
import logging
import os
import struct
import sys

LOG = logging.getLogger(__name__)

# system calls by number, kernel tables of 6.x: socket, execve, execveat, ptrace, process_vm_readv, process_vm_writev,
# io_uring_setup (which opens sockets too)
FORBIDDEN = {
    "x86_64": (0xC000003E, (41, 59, 322, 101, 310, 311, 425)),
    "aarch64": (0xC00000B7, (198, 221, 281, 117, 270, 271, 425)),
}
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE = 38, 4
# classic BPF: load a word, jump if equal, jump if at least, return
LOAD, IF_EQUAL, IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 1
# numbers above are the x32 calls of x86_64: the same calls by another door
X32_BIT = 0x40000000


def lock_down(*, memory_bytes: int, open_files: int) -> bool:
    """Limit this process for good; True when the kernel also refuses it the network and other programs."""
    try:
        import resource
    except ImportError:
        # Windows has none of this: the time-out of the parent and its own process are what is left
        return False
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        try:
            resource.setrlimit(kind, (allowed, allowed))
        except (ValueError, OSError) as error:
            # macOS knows no limit of address space
            LOG.info("limit %s is not taken: %s", kind, error)
    return _refuse_calls()


def limit_cpu(seconds: float) -> None:
    """End this process when it uses that much more processor time."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _refuse_calls() -> bool:
    if not sys.platform.startswith("linux") or os.uname().machine not in FORBIDDEN:
        return False
    architecture, calls = FORBIDDEN[os.uname().machine]
    program = _filter(architecture, calls)
    libc = ctypes.CDLL(None, use_errno=True)

    class Program(ctypes.Structure):
        _fields_ = [("count", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    filled = Program(len(program) // 8, program)
    zero = ctypes.c_ulong(0)
    libc.prctl(PR_SET_DUMPABLE, zero, zero, zero, zero)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero):
        return False
    refused = libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(filled), zero, zero)
    if refused:
        LOG.info("the kernel takes no filter (error %s): limits alone hold", ctypes.get_errno())
    return not refused


def _filter(architecture: int, calls: tuple[int, ...]) -> bytes:
    """The BPF program: another architecture or a forbidden call is refused, everything else allowed."""
    # the lines: 0 load architecture, 1 compare, 2 load number, 3 compare, one for each call, allow, refuse
    refuse_at = 4 + len(calls) + 1

    def to_refuse(line: int) -> int:
        # jumps count from the line after
        return refuse_at - line - 1

    # in seccomp_data the number of the call stands at 0 and the architecture at 4
    lines = [(LOAD, 0, 0, 4), (IF_EQUAL, 0, to_refuse(1), architecture), (LOAD, 0, 0, 0)]
    lines.append((IF_AT_LEAST, to_refuse(3), 0, X32_BIT))
    lines += [(IF_EQUAL, to_refuse(4 + number), 0, call) for number, call in enumerate(calls)]
    lines += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
    return b"".join(struct.pack("<HBBI", *line) for line in lines)
