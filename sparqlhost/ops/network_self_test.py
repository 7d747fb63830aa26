"""The network self-test of the about page: what could leave this machine, at the moment it is made."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from sparqlhost.settings import HostSettings

_EXTERNAL_LOAD = re.compile(r"""(?:src=["']|@import\s+["']|url\(["']?)(?:https?:)?//""")
_OWN_SOURCES = frozenset({"'none'", "'self'", "data:"})
_TCP_ESTABLISHED = "01"  # Linux include/net/tcp_states.h


@dataclass(frozen=True, slots=True)
class NetworkCheck:
    """One look: what was looked at, whether it is fine, and what was found."""

    name: str
    passed: bool
    detail: str


def run_network_checks(
    settings: HostSettings, content_security_policy: str, assets_folder: Path, own_port: int
) -> tuple[NetworkCheck, ...]:
    """Return the checks; `folder` holds templates and static files, `own_port` is that of this server."""
    return (
        _check_policy(content_security_policy),
        _check_files(assets_folder),
        _check_service_hosts(settings),
        _check_store_location(settings),
        _check_connections(own_port),
    )


def _check_policy(content_security_policy: str) -> NetworkCheck:
    sources = {word for directive in content_security_policy.split(";") for word in directive.split()[1:]}
    foreign = sorted(sources - _OWN_SOURCES)
    return NetworkCheck(
        "Your browser may load from",
        not foreign,
        f"also {', '.join(foreign)}"
        if foreign
        else "this server's own address only (Content-Security-Policy)",
    )


def _check_files(assets_folder: Path) -> NetworkCheck:
    pages = [*assets_folder.glob("templates/**/*.html"), *assets_folder.glob("static/*.css")]
    naming = [path.name for path in pages if _EXTERNAL_LOAD.search(path.read_text("utf-8"))]
    found = f"loaded by {', '.join(naming)}" if naming else f"none in {len(pages)} templates and style sheets"
    return NetworkCheck("Scripts, fonts, pictures or beacons from elsewhere", not naming, found)


def _check_service_hosts(settings: HostSettings) -> NetworkCheck:
    allowed = settings.service_allow
    return NetworkCheck("Hosts a query may call (SERVICE)", True, ", ".join(allowed) if allowed else "none")


def _check_store_location(settings: HostSettings) -> NetworkCheck:
    remote = settings.store.startswith(("http://", "https://"))
    return NetworkCheck(
        "The data are kept",
        True,
        f"at {settings.store}, which sees every query" if remote else "on this machine",
    )


def _check_connections(own_port: int) -> NetworkCheck:
    name = "Connections this process has opened to other machines"
    try:
        found = sorted(set(_list_outgoing_addresses(own_port)))
    except OSError:
        return NetworkCheck(name, True, "cannot be seen on this system; see the policy above")
    return NetworkCheck(name, not found, ", ".join(found) if found else "none")


def _list_outgoing_addresses(own_port: int) -> Iterator[str]:
    """Yield the far ends of this process's own connections, from /proc (proc_pid_fd(5), proc_pid_net(5))."""
    sockets = set(_list_own_sockets())
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/self/net/{table}").read_text("ascii").splitlines()[1:]:
            fields = line.split()
            local, remote, state, inode = fields[1], fields[2], fields[3], fields[9]
            if state == _TCP_ESTABLISHED and inode in sockets and int(local.split(":")[1], 16) != own_port:
                address = _decode_address(remote.split(":")[0])
                if not ip_address(address).is_loopback:
                    yield address


def _list_own_sockets() -> Iterable[str]:
    for entry in os.scandir("/proc/self/fd"):
        try:
            target = os.readlink(entry.path)
        except OSError:
            continue  # closed meanwhile
        if target.startswith("socket:["):
            yield target[8:-1]


def _decode_address(digits: str) -> str:
    """Return an address from the kernel's notation: 32-bit words in the machine's (little-endian) order."""
    words = [bytes.fromhex(digits[i : i + 8])[::-1] for i in range(0, len(digits), 8)]
    address = ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
