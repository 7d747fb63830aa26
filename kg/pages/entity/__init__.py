"""The entity page."""
