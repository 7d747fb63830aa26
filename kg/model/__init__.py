"""What the project is about, as values: claims, cases, questions, mappings, search. Pure."""
