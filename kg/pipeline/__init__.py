"""Use case: load -> validate -> reason -> publish."""
