"""Which addresses a host name may stand for: none of a private network, unless the operator says so.

A text that strangers send may name any host on the allow-list, and whoever runs its name server decides
which machine that is. So the addresses are checked, and `sparqlhost.http` connects to exactly those (no
second look-up).
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

#: the only range of IPv6 that is assigned to the open internet (RFC 4291, section 2.4).
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
#: IPv6 addresses that hold an IPv4 address in their last 32 bits and reach it (RFC 6052, section 2.1).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddressError(OSError):
    """A host name resolves to an address that is not of the open internet."""


def resolve_host(host: str, port: int, private_hosts: tuple[str, ...] | None = ()) -> list[Any]:
    """Return what getaddrinfo says of `host`; raises PrivateAddressError for a name of a private address.

    The caller connects to these addresses and asks no name server again, so a second answer (DNS rebinding)
    changes nothing. An address in numbers, and `localhost`, is what the operator wrote and meant.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if private_hosts is None or _is_literal_address(host):
        return found
    if host.lower() in {name.lower() for name in private_hosts}:
        return found
    for entry in found:
        # An IPv6 address may carry its zone behind a percent sign.
        if not is_public_address(ipaddress.ip_address(str(entry[4][0]).partition("%")[0])):
            raise PrivateAddressError(f"the name {host} stands for an address of a private network")
    return found


def is_public_address(address: IpAddress) -> bool:
    """Return whether an address is of the open internet, also where IPv6 wraps an IPv4 address.

    >>> is_public_address(ipaddress.ip_address("::ffff:10.0.0.1"))
    False
    """
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public_address(wrapped)
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast


def _is_literal_address(host: str) -> bool:
    """Return whether `host` is an address and not a name that a name server answers for."""
    if host.lower() == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
