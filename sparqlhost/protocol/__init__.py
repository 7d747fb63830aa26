"""The SPARQL protocols over HTTP."""
