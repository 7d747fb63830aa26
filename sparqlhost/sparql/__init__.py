"""The text of a query: tokens, dataset clauses, syntax errors."""
