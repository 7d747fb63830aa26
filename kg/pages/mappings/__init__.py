"""The mappings page."""
