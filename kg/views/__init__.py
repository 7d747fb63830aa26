"""Use case: one frozen dataclass a page."""
