"""Edge: readers of outside ontologies and tables, downloads on request, and remote SPARQL endpoints."""
