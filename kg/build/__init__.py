"""From the files of a project to a published build: load, validate, reason, publish."""
