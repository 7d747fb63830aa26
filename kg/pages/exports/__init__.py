"""The exports page."""
