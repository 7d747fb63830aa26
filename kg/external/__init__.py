"""Edge: readers of outside ontologies, and remote endpoints the user named."""
