"""Edge: reading the project's own files, with line and column in every complaint."""
