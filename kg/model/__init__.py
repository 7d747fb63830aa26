"""What the project is about, as values: graphs, documents, claims, cases, questions, mappings, search."""
