"""Use case: the graph in the forms other tools read."""
