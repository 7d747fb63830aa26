"""A SPARQL 1.1 service that can be left running; README.md has an example and the flow of a query.

The names below are the public interface. They are imported at first use, so that `import sparqlhost` is cheap
and no module with metrics is imported before a server has decided where its processes collect them
(sparqlhost/ops/run_server.py).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparqlhost.errors import UserError
    from sparqlhost.folder import open_folder, serve_folder, start_folder_server
    from sparqlhost.host_app import make_host_app
    from sparqlhost.hosting import AfterWrite, HostedApplication, HostedData, open_store
    from sparqlhost.ops.run_server import run_server
    from sparqlhost.protocol.app_context import HostedPages
    from sparqlhost.settings import HostSettings, StoreKind
    from sparqlhost.store.interface import Solutions, Store

__all__ = [
    "AfterWrite",
    "HostSettings",
    "HostedApplication",
    "HostedData",
    "HostedPages",
    "Solutions",
    "Store",
    "StoreKind",
    "UserError",
    "make_host_app",
    "open_folder",
    "open_store",
    "run_server",
    "serve_folder",
    "start_folder_server",
]

_MODULES = {
    "errors": ("UserError",),
    "folder": ("open_folder", "serve_folder", "start_folder_server"),
    "host_app": ("make_host_app",),
    "hosting": ("AfterWrite", "HostedApplication", "HostedData", "open_store"),
    "ops.run_server": ("run_server",),
    "protocol.app_context": ("HostedPages",),
    "settings": ("HostSettings", "StoreKind"),
    "store.interface": ("Solutions", "Store"),
}
_MODULE_OF_NAME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF_NAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF_NAME[name]}"), name)
