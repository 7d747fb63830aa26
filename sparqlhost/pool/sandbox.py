"""Walls of the operating system around the query processes: no network, bounded memory, no orphan.

Linux only; elsewhere each wall reports that it does not stand (`False`) and the lexer's refusals remain.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import faulthandler
import os
import platform
import resource
import signal
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 1, 22, 38, 2
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
#: machine -> (AUDIT_ARCH, number of socket(2)), from linux/audit.h and the syscall tables.
_ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_X32_BIT = 0x40000000  # x32 calls share the architecture of x86-64 under other numbers


class _SocketFilterProgram(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def forbid_network() -> bool:
    """Let this process and its children make no socket but Unix ones, for good; say whether it holds.

    SERVICE and LOAD of the engine then fail in the kernel, whatever the text of the query does.
    """
    if platform.system() != "Linux" or platform.machine() not in _ARCHITECTURES:
        return False
    architecture, number = _ARCHITECTURES[platform.machine()]
    code = _build_socket_filter(architecture, number)
    program = _SocketFilterProgram(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _build_socket_filter(architecture: int, socket_call: int) -> bytes:
    """Return the BPF program: another architecture dies, socket() of a domain but AF_UNIX is EACCES."""
    steps = (  # code, jump if true, jump if false, operand; jumps count from the next step
        (_LOAD, 0, 0, 4),  # seccomp_data.arch
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # seccomp_data.nr
        (_AT_LEAST, 4, 0, _X32_BIT),
        (_EQUAL, 0, 2, socket_call),
        (_LOAD, 0, 0, 16),  # low half of the first argument, the domain
        (_EQUAL, 0, 1, int(socket.AF_UNIX)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | errno.EACCES),
    )
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def limit_memory(mebibytes: int) -> None:
    """Let this process take at most so much address space beyond what it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        ceiling = pages * os.sysconf("SC_PAGE_SIZE") + mebibytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def detach_inherited_descriptors(needed: Iterable[int]) -> None:
    """Turn every descriptor that came along with the fork into /dev/null, but for 0 to 2 and `kept`.

    A pipe that a long-lived child holds open never reaches its end for its reader. The numbers stay taken,
    so that a finalizer of an inherited object cannot close what this process opens later.
    """
    spared = {0, 1, 2, *needed}
    nowhere = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        if int(name) not in spared:
            with contextlib.suppress(OSError):  # the listing's own descriptor is gone by now
                os.fstat(int(name))
                os.dup2(nowhere, int(name))


def silence_stderr() -> None:
    """Print nothing when the engine aborts: its backtraces tell an operator nothing."""
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent ends; end now when it has ended already."""
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
