"""A reader's own copy of a source text against the claims: anchors and coverage."""
