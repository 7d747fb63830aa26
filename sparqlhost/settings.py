"""The settings of the host: one frozen dataclass; each field has a default and a line of help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Self

from sparqlhost.errors import BadData


class StoreKind(Enum):
    """Where the triples are: in this machine's memory, in a directory of it, or on another server."""

    MEMORY = "memory"
    DIRECTORY = "directory"
    REMOTE = "remote"


def declare_setting(default: Any, help: str) -> Any:
    """Return a dataclass field with its default and its line of help."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True, slots=True)
class HostSettings:
    """The settings of the host; an application adds fields of its own in a subclass.

    With the prefix `KG_`, the environment variable of `query_deadline` is `KG_QUERY_DEADLINE`.
    """

    #: begins the name of every environment variable
    PREFIX: ClassVar[str] = "SPARQLHOST_"
    #: names the service to others: in the User-Agent of outgoing requests, in file names
    PRODUCT: ClassVar[str] = "sparqlhost"

    store: str = declare_setting(
        "memory:", "memory: | a directory | the https:// address of a SPARQL 1.1 server"
    )
    host: str = declare_setting("127.0.0.1", "address to listen on")
    port: int = declare_setting(8000, "port to listen on; 0 takes a free one")
    workers: int = declare_setting(2, "server processes")
    update_token: str = declare_setting(
        "", "token that allows writes, or several as NAME:TOKEN, blank-separated; empty: writing is off"
    )
    update_token_file: Path | None = declare_setting(
        None, "file that holds the tokens, instead of the variable; read at each write"
    )
    query_deadline: float = declare_setting(30.0, "seconds a query may run before it is stopped")
    query_memory: int = declare_setting(2048, "MiB a query may use before it is stopped")
    query_rows: int = declare_setting(1_000_000, "rows an answer may have; a longer one is cut and marked")
    query_size: int = declare_setting(200_000, "bytes a query or update may have")
    body_size: int = declare_setting(64_000_000, "bytes a graph store body may have")
    body_patience: float = declare_setting(
        30.0, "seconds in which each 64 kB of a request's body must arrive; else 408 and the connection ends"
    )
    query_slots: int = declare_setting(8, "queries that run at a time")
    query_queue: int = declare_setting(32, "queries that may wait; beyond: 503 with Retry-After")
    answer_rate: int = declare_setting(
        100_000, "bytes a second that a client must read of its answer while other queries wait for its place"
    )
    client_queries: int = declare_setting(
        3, "queries of one client at a time in a server process; more wait 5 seconds, then 429; 0: no limit"
    )
    trusted_proxies: tuple[str, ...] = declare_setting(
        (), "addresses of proxies whose X-Forwarded-For names the client, blank-separated"
    )
    allowed_hosts: tuple[str, ...] = declare_setting(
        (), "host names that requests may be sent to, blank-separated; none: any"
    )
    header_size: int = declare_setting(
        32_000, "bytes that the headers of a request may have; longer ones get 431"
    )
    term_size: int = declare_setting(
        8_000_000, "bytes that one literal or IRI of a write may have; no reader takes more than 16 MiB"
    )
    service_allow: tuple[str, ...] = declare_setting(
        (), "exact addresses that SERVICE may call and LOAD may read, blank-separated"
    )
    private_hosts: tuple[str, ...] = declare_setting(
        (), "host names on that list that may resolve to private addresses, blank-separated"
    )
    cache_bytes: int = declare_setting(64_000_000, "bytes of answers kept; 0 switches the cache off")
    remote_update: str = declare_setting(
        "", "update address of a remote store; empty: its query address with /update for /query"
    )
    remote_default_graph: str = declare_setting(
        "", "graph of a remote store to use as its default graph, if it has none (Virtuoso)"
    )
    remote_freshness: float = declare_setting(
        5.0, "seconds for which answers of a remote store may be cached, since others may change it"
    )
    slow_query: float = declare_setting(1.0, "seconds from which a query enters the slow-query log")

    @property
    def store_kind(self) -> StoreKind:
        """The kind of store that `store` names."""
        if self.store in ("", "memory:"):
            return StoreKind.MEMORY
        return StoreKind.REMOTE if self.store.startswith(("http://", "https://")) else StoreKind.DIRECTORY

    @classmethod
    def name_variable(cls, name: str) -> str:
        """Return the environment variable of a field."""
        return cls.PREFIX + name.upper()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], **overrides: Any) -> Self:
        """Return settings from environment variables; keyword arguments that are not None win.

        Raises BadData when a variable does not hold a value of the setting's type.
        """
        read = cls.read_environment(environment)
        return replace(
            cls(), **(read | {name: value for name, value in overrides.items() if value is not None})
        )

    @classmethod
    def read_environment(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        """Return the fields whose environment variable is set; raises BadData for an invalid value."""
        return {
            f.name: cls._parse(f.name, environment[variable], str(f.type))
            for f in fields(cls)
            if (variable := cls.name_variable(f.name)) in environment
        }

    @classmethod
    def _parse(cls, name: str, text: str, kind: str) -> Any:
        """Return `text` as a value of the field type `kind`."""
        try:
            return _PARSERS[kind](text)
        except ValueError as error:
            raise BadData(
                f"{cls.name_variable(name)}={text!r} is not a value of type {kind}.",
                hint="Correct the value or unset the variable.",
            ) from error


def _parse_boolean(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


_PARSERS: dict[str, Any] = {
    "Path": Path,
    "Path | None": lambda text: Path(text) if text else None,
    "str": str,
    "bool": _parse_boolean,
    "int": int,
    "float": float,
    # an address may stand in angle brackets, as in a query
    "tuple[str, ...]": lambda text: tuple(word.removeprefix("<").removesuffix(">") for word in text.split()),
}
