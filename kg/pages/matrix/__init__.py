"""The matrix: things against situations."""
