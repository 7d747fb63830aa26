"""The drafts benchmark: what `kg text draft` suggests, beside the claims that were reviewed."""
