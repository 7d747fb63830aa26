"""Edge: the stores (memory, disk, remote) and the killable query workers."""

from kg.store.opening import open_local_store, open_store
from kg.store.protocol import Solutions, Store

__all__ = ["Solutions", "Store", "open_local_store", "open_store"]
