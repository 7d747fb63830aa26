"""The resolve page."""
