"""A SPARQL 1.1 service that can be left running."""
