"""Named questions over a store: the library of a project, its answers, and the situations nearby."""
