"""The listening socket, opened once by the main process and shared by the server processes.

One socket, so one queue of waiting connections: a process that ends leaves them to the others.
"""

from __future__ import annotations

import errno
import resource
import socket

from kg.errors import StoreUnavailable

LISTEN_BACKLOG = 4096
#: connections a server process holds; idle ones wait here for up to 30 seconds and keep nobody out.
MAX_CONNECTIONS = 8192
_RESERVED_DESCRIPTORS = 512  # descriptors a server process needs besides, with every thread at work


def raise_connection_limit() -> int:
    """Return how many connections a process may hold; lets it open as many files as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _RESERVED_DESCRIPTORS
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < ceiling:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
    return max(min(ceiling - _RESERVED_DESCRIPTORS, MAX_CONNECTIONS), 128)


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port` (0: a free one).

    Raises StoreUnavailable with what to do when the address is taken or not ours.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(LISTEN_BACKLOG)
    except (OSError, OverflowError) as error:
        raise _make_listen_error(host, port, error) from error
    listener.set_inheritable(True)
    return listener


def _make_listen_error(host: str, port: int, error: OSError | OverflowError) -> StoreUnavailable:
    """Return the sentence for an address that could not be had."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        what = f"Port {port} of {host} is in use by another program."
    elif number == errno.EACCES:
        what = f"Port {port} may only be opened by an administrator."
    else:
        what = f"Cannot listen on {host} port {port}: {getattr(error, 'strerror', None) or error}."
    return StoreUnavailable(what, hint="Choose another with --port or PORT; --port 0 takes a free one.")


def get_listener_url(listener: socket.socket) -> str:
    """Return the address a browser takes, with the port really used."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
