"""The way out of this machine for the addresses on the allow-list: http and https, no redirect, no proxy.

A name that stands for a private address is refused at the moment of connecting, and the connection goes to
the address that was looked at: so what a name server says later changes nothing (DNS rebinding). An address
in numbers, and `localhost`, is what the operator wrote and meant.
"""

from __future__ import annotations

import functools
import http.client
import ipaddress
import socket
import urllib.request
from collections.abc import Sequence
from typing import Any

from sparqlhost.deadline_http import with_total_deadline

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

#: addresses that hold an IPv4 address in their last 32 bits and reach it (RFC 6052, section 2.1).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddressError(OSError):
    """A name on the allow-list stands for an address of a private network."""


class RefuseRedirectHandler(urllib.request.HTTPRedirectHandler):
    """A redirect may lead to a host that the operator never named, so none is followed."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Refuse."""
        return


def build_guarded_opener(private_hosts: Sequence[str] = ()) -> urllib.request.OpenerDirector:
    """Return what opens http and https addresses and nothing else; `intranet` names may be private."""
    made = urllib.request.OpenerDirector()
    handlers = (
        urllib.request.UnknownHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        RefuseRedirectHandler,
    )
    for handler in handlers:
        made.add_handler(handler())
    made.add_handler(_PinnedHTTPHandler(private_hosts))
    made.add_handler(_PinnedHTTPSHandler(private_hosts))
    return made


def resolve_allowed_addresses(host: str, port: int, private_hosts: Sequence[str] = ()) -> list[str]:
    """Return the addresses in numbers that a connection to `host` may go to; raises PrivateAddressError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(place[4][0]) for place in found]
    if _is_literal_address(host) or host.lower() in {name.lower() for name in private_hosts}:
        return addresses
    for address in addresses:
        if not is_public_address(ipaddress.ip_address(address.partition("%")[0])):
            raise PrivateAddressError(f"the name {host} stands for an address of a private network")
    return addresses


def is_public_address(address: IpAddress) -> bool:
    """Say whether an address is of the open internet, also where it wraps one of version 4.

    >>> is_public(ipaddress.ip_address("::ffff:10.0.0.1"))
    False
    """
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public_address(wrapped)
    return address.is_global and not address.is_multicast


def _is_literal_address(host: str) -> bool:
    """Say whether the operator wrote an address and not a name that somebody else answers for."""
    if host.lower() == "localhost":
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class _PinnedConnection(http.client.HTTPConnection):
    """A connection to the address that was looked at."""

    def __init__(self, host: str, *, intranet: Sequence[str] = (), **more: Any) -> None:
        """Connect to `host` later."""
        super().__init__(host, **more)
        self._intranet = intranet

    def connect(self) -> None:
        """Look at the addresses and connect to the first of them that answers."""
        failed: OSError | None = None
        for address in resolve_allowed_addresses(self.host, self.port, self._intranet):
            try:
                self.sock = socket.create_connection((address, self.port), self.timeout)
            except OSError as error:
                failed = error
            else:
                return
        raise failed or OSError(f"the name {self.host} stands for no address")


class _PinnedTLSConnection(http.client.HTTPSConnection, _PinnedConnection):
    """The same, then TLS with the certificate of the name."""


class _PinnedHTTPHandler(urllib.request.HTTPHandler):
    """Opens http addresses."""

    def __init__(self, private_hosts: Sequence[str]) -> None:
        """Let `intranet` names be private."""
        super().__init__()
        self._connect = functools.partial(_PinnedConnection, intranet=private_hosts)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open."""
        return self.do_open(lambda host, **more: with_total_deadline(self._connect(host, **more)), req)


class _PinnedHTTPSHandler(urllib.request.HTTPSHandler):
    """Opens https addresses."""

    def __init__(self, private_hosts: Sequence[str]) -> None:
        """Let `intranet` names be private."""
        super().__init__()
        self._connect = functools.partial(_PinnedTLSConnection, intranet=private_hosts)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open."""
        return self.do_open(lambda host, **more: with_total_deadline(self._connect(host, **more)), req)
