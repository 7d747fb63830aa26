"""The ontology page."""
