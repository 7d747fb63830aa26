"""A self-test for a page of the application: what could leave this machine while the page is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

import psutil

from sparqlhost.settings import HostSettings, StoreKind

_OWN_SOURCES = frozenset({"'none'", "'self'", "data:"})


@dataclass(frozen=True, slots=True)
class NetworkCheck:
    """One check: what it looked at, whether nothing is wrong, and what it found."""

    name: str
    passed: bool
    detail: str


def run_network_checks(
    settings: HostSettings, content_security_policy: str, own_port: int
) -> tuple[NetworkCheck, ...]:
    """Return the checks; `content_security_policy` is that of the pages, `own_port` that of this server."""
    return (
        _check_policy(content_security_policy),
        _check_service_hosts(settings),
        _check_store_location(settings),
        _check_connections(own_port),
    )


def _check_policy(content_security_policy: str) -> NetworkCheck:
    sources = {word for directive in content_security_policy.split(";") for word in directive.split()[1:]}
    foreign = sorted(sources - _OWN_SOURCES)
    return NetworkCheck(
        "Your browser may load scripts, fonts and pictures from",
        not foreign,
        f"also {', '.join(foreign)}"
        if foreign
        else "this server's own address only (Content-Security-Policy)",
    )


def _check_service_hosts(settings: HostSettings) -> NetworkCheck:
    return NetworkCheck("Hosts a query may call (SERVICE)", True, ", ".join(settings.service_allow) or "none")


def _check_store_location(settings: HostSettings) -> NetworkCheck:
    is_remote = settings.store_kind is StoreKind.REMOTE
    return NetworkCheck(
        "The data are kept",
        True,
        f"at {settings.store}, which sees every query" if is_remote else "on this machine",
    )


def _check_connections(own_port: int) -> NetworkCheck:
    name = "Connections this process has opened to other machines"
    try:
        addresses = sorted(set(_list_outgoing_addresses(own_port)))
    except (psutil.Error, OSError):
        return NetworkCheck(name, True, "cannot be seen on this system; see the policy above")
    return NetworkCheck(name, not addresses, ", ".join(addresses) or "none")


def _list_outgoing_addresses(own_port: int) -> Iterator[str]:
    """Yield the remote ends of this process's TCP connections, without loopback and `own_port`."""
    for connection in psutil.Process().net_connections("tcp"):
        is_own = connection.laddr and connection.laddr.port == own_port
        if connection.status != psutil.CONN_ESTABLISHED or not connection.raddr or is_own:
            continue
        address = ip_address(connection.raddr.ip)
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if not address.is_loopback:
            yield str(address)
