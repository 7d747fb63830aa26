"""The claim page."""
