"""Where the triples are: memory or a directory."""
