"""Edge: the stores (memory, disk, remote) and the killable query workers."""
