"""Restricts the query processes with the operating system: no network, bounded memory, no orphans.

Linux only. On other systems `forbid_network` returns False and only the lexer's check for SERVICE and LOAD
(sparqlhost/sparql/lexer.py) applies.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import faulthandler
import os
import platform
import resource
import select
import signal
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 1, 22, 38, 2
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
#: machine -> (AUDIT_ARCH, number of socket(2)), from linux/audit.h and the syscall tables.
_ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
#: BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_JMP|BPF_JGE|BPF_K, BPF_RET|BPF_K of linux/bpf_common.h
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_X32_BIT = 0x40000000  # x32 calls share the architecture of x86-64 under other numbers


class _SocketFilterProgram(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def forbid_network() -> bool:
    """Forbid sockets other than Unix ones to this process and its children, for good; say whether it worked.

    SERVICE and LOAD then fail in the kernel, whatever the text of the query is.
    """
    if platform.system() != "Linux" or platform.machine() not in _ARCHITECTURES:
        return False
    architecture, number = _ARCHITECTURES[platform.machine()]
    code = _build_socket_filter(architecture, number)
    program = _SocketFilterProgram(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    # Without no_new_privs the kernel lets only root install a filter: a setuid child could be misled by it.
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _build_socket_filter(architecture: int, socket_call: int) -> bytes:
    """Return the classic BPF program, 8 bytes a step, that the kernel runs at each system call (seccomp(2)).

    The architecture is checked first, because a call number means another call under another architecture;
    for the same reason x32 numbers are refused. socket(2) is the only way to make a socket that reaches a
    network (socketpair(2) makes Unix ones), so refusing it for every domain but AF_UNIX is enough.
    """
    steps = (  # code, steps to skip if true, steps to skip if false, operand
        (_LOAD, 0, 0, 4),  # seccomp_data.arch
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # seccomp_data.nr
        (_AT_LEAST, 4, 0, _X32_BIT),  # to EACCES
        (_EQUAL, 0, 2, socket_call),  # another call: to ALLOW
        (_LOAD, 0, 0, 16),  # low half of the first argument, the domain
        (_EQUAL, 0, 1, int(socket.AF_UNIX)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | errno.EACCES),
    )
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def limit_memory(mebibytes: int) -> None:
    """Let this process take at most `mebibytes` of address space beyond what it has now, for good.

    RLIMIT_AS counts address space, not pages in use. After a fork both are the parent's, shared copy on
    write, so the limit is set relative to that: a large store must not use up the allowance of a query.
    Beyond the limit mmap(2) fails; the engine's allocator then aborts (SIGABRT) and Python raises
    MemoryError. A lower limit of the operator stays, and no core is dumped.
    """
    ceiling = _find_memory_ceiling(mebibytes)
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextlib.contextmanager
def hold_memory_limit(mebibytes: int) -> Iterator[None]:
    """Do what `limit_memory` does until the block ends."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_find_memory_ceiling(mebibytes), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _find_memory_ceiling(mebibytes: int) -> int:
    """Return the address space of this process and `mebibytes` more, or the operator's limit if lower."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    wanted = pages * os.sysconf("SC_PAGE_SIZE") + mebibytes * 1024 * 1024 if pages else hard
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def detach_inherited_descriptors(needed: Iterable[int]) -> None:
    """Point every inherited descriptor except 0 to 2 and `needed` to /dev/null.

    A pipe that a long-lived child holds open never reaches its end for its reader. The numbers stay in use on
    purpose: a finalizer of an inherited object that closes "its" number must not close a file opened later.
    """
    spared = {0, 1, 2, *needed}
    null_device = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        if int(name) not in spared:
            with contextlib.suppress(OSError):  # the listing's own descriptor is closed by now
                os.fstat(int(name))
                os.dup2(null_device, int(name))


def silence_stderr() -> None:
    """Discard stderr: the backtrace that an aborting engine prints says nothing to an operator."""
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


class LimitedChild:
    """A forked child that does one piece of work within a memory limit, and may die of it.

    It is a session of its own, so Ctrl-C in a terminal reaches the caller only, who passes it on.
    """

    def __init__(self, work: Callable[[], bytes], mebibytes: int) -> None:
        """Start `work` in a child that may take `mebibytes` more than this process has."""
        parent = os.getpid()
        self._receiver, sender = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(sender)
            return
        try:  # every path ends in os._exit: the cleanup of the parent must not run twice
            os.setsid()
            signal.set_wakeup_fd(-1)
            die_with_parent(parent)
            silence_stderr()
            limit_memory(mebibytes)
            with os.fdopen(sender, "wb") as pipe:
                pipe.write(work())
        except MemoryError:
            os.kill(os.getpid(), signal.SIGABRT)  # the same end as for allocations of the engine
        except BaseException:
            os._exit(1)
        os._exit(0)

    def wait(self, on_wait: Callable[[], None] = lambda: None) -> tuple[bytes, int]:
        """Return what the work returned, and 0 or the signal that killed the child.

        `on_wait` is called about 20 times a second.
        """
        received = []
        try:
            while True:
                if select.select([self._receiver], [], [], 0.05)[0]:
                    block = os.read(self._receiver, 1 << 16)
                    if not block:
                        break
                    received.append(block)
                on_wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGINT)
            raise
        finally:
            os.close(self._receiver)
            status = os.waitpid(self.pid, 0)[1]
        return b"".join(received), os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def list_other_threads() -> list[Path]:
    """Return what Linux says of each other thread of this process, those of libraries too; elsewhere none."""
    return [task for task in Path("/proc/self/task").glob("*") if task.name != str(os.getpid())]


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; exit now if process `parent` has ended already.

    prctl(2) takes effect from the call on, so a parent that died between fork and call is found by
    getppid(2).
    """
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
