"""Cost by the number of documents, as counted work."""
