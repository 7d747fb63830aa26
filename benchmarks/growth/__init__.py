"""The growth benchmark: libraries of 1, 10 and 100 documents, built and served."""
